/* SPDX-License-Identifier: Apache-2.0 */
/* One output of the connections becomes a message to the NF, a word to the portal, or a line of the log. */
#ifndef CP_PATHS_CARRY_OUT_H
#define CP_PATHS_CARRY_OUT_H

#include "paths/paths.h"

/* The NF knows the tunnel, and what is told with it has changed. */
void carry_out_tunnel(struct cp_paths *p, struct paths_tunnel *t, cp_time now);
void carry_out(struct cp_paths *p, const struct conn_out *o, cp_time now);

#endif
