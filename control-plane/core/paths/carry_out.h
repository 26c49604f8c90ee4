/* SPDX-License-Identifier: Apache-2.0 */
/* One output of the connections becomes a message to the NF, a word to the portal, or a line of the log. */
#ifndef CP_PATHS_CARRY_OUT_H
#define CP_PATHS_CARRY_OUT_H

#include "paths/paths.h"

void carry_out(struct cp_paths *p, const struct conn_out *o, cp_time now);
/* May one more output be carried out? */
bool paths_has_room(const struct cp_paths *p);

#endif
