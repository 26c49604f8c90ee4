/* SPDX-License-Identifier: Apache-2.0 */
/* What a message that was read owns: blocks that are filled in order and go, wiped, all at once. */
#ifndef CP_PORTAL_MEMORY_H
#define CP_PORTAL_MEMORY_H

#include <stddef.h>

struct portal_memory;

struct portal_memory *portal_memory_create(void);
/* Zeroed, aligned for any type, valid until portal_memory_free(); NULL: memory is short. */
void *portal_memory_get(struct portal_memory *m, size_t bytes);
/* NULL is fine. */
void portal_memory_free(struct portal_memory *m);

#endif
