/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what a file says can be said to peers of both dialects, and is read by them as it was meant. */
#ifndef PORTAL_CONFIG_WRITTEN_H
#define PORTAL_CONFIG_WRITTEN_H

#include "portal_config.h"

/* The first thing wrong with it, a static text; NULL: nothing. */
const char *world_mistake(const struct broker_world *w);

#endif
