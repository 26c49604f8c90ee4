/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is freed at once: all that a configuration holds. It may hold secrets, so it is wiped first. */
#ifndef PORTAL_ARENA_H
#define PORTAL_ARENA_H

#include <stddef.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *chunks; /* owned; the newest first */
};

/* Zeroed, aligned for any type; NULL: memory is short. 0 bytes are fine. */
void *arena_take(struct arena *a, size_t bytes);
/* A copy of the text. */
const char *arena_text(struct arena *a, const char *text);
void arena_fini(struct arena *a);

#endif
