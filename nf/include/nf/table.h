/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handle tables: what rings and packets carry instead of pointers. A handle is {index, generation};
 * 0 is never valid. writer: mgmt; readers: workers (RCU), lock-free. An entry that was removed stays
 * readable until the grace period; its index is reused only afterwards (nf_table_release).
 */
#ifndef NF_TABLE_H
#define NF_TABLE_H

#include <stdint.h>

#define NF_HANDLE_INDEX_BITS 20u
#define NF_HANDLE_INDEX(h)   ((h) & ((1u << NF_HANDLE_INDEX_BITS) - 1u))
#define NF_HANDLE_GEN(h)     ((h) >> NF_HANDLE_INDEX_BITS)

struct nf_table_slot {
	void *entry;     /* release/acquire */
	uint32_t handle; /* current; 0 while free */
	uint32_t next_free;
};

struct nf_table {
	uint32_t capacity; /* indices 1..capacity are used */
	uint32_t free_head;
	uint32_t used;
	struct nf_table_slot *slots;
};

int nf_table_init(struct nf_table *t, uint32_t capacity); /* -ENOMEM, -EINVAL */
void nf_table_fini(struct nf_table *t);

/* Publishes entry; 0 when full. */
uint32_t nf_table_insert(struct nf_table *t, void *entry);
/* New readers no longer find it. */
void nf_table_unhook(struct nf_table *t, uint32_t handle);
/* After the grace period: the index may be used again, under another generation. */
void nf_table_release(struct nf_table *t, uint32_t handle);

/* NULL if the handle is stale. Any reader. */
static inline void *nf_table_get(const struct nf_table *t, uint32_t handle)
{
	uint32_t i = NF_HANDLE_INDEX(handle);
	if (handle == 0 || i > t->capacity)
		return 0;
	const struct nf_table_slot *s = &t->slots[i];
	void *entry = __atomic_load_n(&s->entry, __ATOMIC_ACQUIRE);
	return __atomic_load_n(&s->handle, __ATOMIC_RELAXED) == handle ? entry : 0;
}

#endif
