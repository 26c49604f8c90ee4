/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include <rte_malloc.h>

#include <nf/table.h>

#define GEN_MASK ((1u << (32 - NF_HANDLE_INDEX_BITS)) - 1u)

int nf_table_init(struct nf_table *t, uint32_t capacity)
{
	if (capacity == 0 || capacity >= 1u << NF_HANDLE_INDEX_BITS)
		return -EINVAL;
	t->slots = rte_zmalloc("handles", (capacity + 1u) * sizeof(*t->slots), RTE_CACHE_LINE_SIZE);
	if (!t->slots)
		return -ENOMEM;
	t->capacity = capacity;
	t->used = 0;
	t->free_head = 1;
	for (uint32_t i = 1; i <= capacity; i++)
		t->slots[i].next_free = i < capacity ? i + 1 : 0;
	return 0;
}

void nf_table_fini(struct nf_table *t)
{
	rte_free(t->slots);
	t->slots = NULL;
}

/* The generation lives on in `handle`'s upper bits while the slot is free: next_free holds index and generation. */
uint32_t nf_table_insert(struct nf_table *t, void *entry)
{
	uint32_t i = NF_HANDLE_INDEX(t->free_head);
	if (i == 0)
		return 0;
	struct nf_table_slot *s = &t->slots[i];
	uint32_t gen = NF_HANDLE_GEN(t->free_head);
	uint32_t handle = (gen << NF_HANDLE_INDEX_BITS) | i;
	t->free_head = s->next_free;
	t->used++;
	__atomic_store_n(&s->handle, handle, __ATOMIC_RELAXED);
	__atomic_store_n(&s->entry, entry, __ATOMIC_RELEASE);
	return handle;
}

void nf_table_unhook(struct nf_table *t, uint32_t handle)
{
	if (!nf_table_get(t, handle))
		return;
	__atomic_store_n(&t->slots[NF_HANDLE_INDEX(handle)].entry, NULL, __ATOMIC_RELEASE);
}

void nf_table_release(struct nf_table *t, uint32_t handle)
{
	uint32_t i = NF_HANDLE_INDEX(handle);
	struct nf_table_slot *s = &t->slots[i];
	if (s->handle != handle)
		return;
	__atomic_store_n(&s->handle, 0, __ATOMIC_RELEASE);
	s->next_free = t->free_head;
	t->free_head = (((NF_HANDLE_GEN(handle) + 1) & GEN_MASK) << NF_HANDLE_INDEX_BITS) | i;
	t->used--;
}
