/* SPDX-License-Identifier: Apache-2.0 */
/* From receiver index to keypair: an array that workers read without a lock. */
#include <errno.h>

#include <rte_malloc.h>
#include <rte_prefetch.h>

#include "wg.h"

#define SLOTS_PER_PEER 4 /* previous, current, next, and one handshake under way */
#define SLOTS_MIN      1024u

struct slot {
	struct wg_keypair *keypair; /* writer: M, release; readers: W, acquire */
};

static struct {
	struct slot *at;
	uint32_t mask;
} table;

int keypairs_init(uint32_t max_peers)
{
	uint32_t n = SLOTS_MIN;
	while (n < max_peers * SLOTS_PER_PEER)
		n *= 2;
	table.at = rte_zmalloc("wg-indices", n * sizeof(*table.at), RTE_CACHE_LINE_SIZE);
	table.mask = n - 1;
	return table.at ? 0 : -ENOMEM;
}

void keypairs_fini(void)
{
	rte_free(table.at);
	table.at = NULL;
}

uint32_t keypairs_slots(void)
{
	return table.mask + 1;
}

void keypair_prefetch(uint32_t local_index)
{
	rte_prefetch0(&table.at[local_index & table.mask]);
}

void keypair_prefetch_found(uint32_t local_index)
{
	const struct wg_keypair *k = __atomic_load_n(&table.at[local_index & table.mask].keypair, __ATOMIC_ACQUIRE);
	if (!k)
		return;
	rte_prefetch0(k->receive);
	rte_prefetch0(&k->lock);
}

struct wg_keypair *keypair_of_index(uint32_t local_index)
{
	struct wg_keypair *k = __atomic_load_n(&table.at[local_index & table.mask].keypair, __ATOMIC_ACQUIRE);
	return k && k->local_index == local_index ? k : NULL;
}

void keypair_publish(struct wg_keypair *k)
{
	__atomic_store_n(&table.at[k->local_index & table.mask].keypair, k, __ATOMIC_RELEASE);
}

static void wipe_and_free(void *arg)
{
	struct wg_keypair *k = arg;
	handshaker_index_free(k->local_index);
	wg_wipe(k, sizeof(*k));
	rte_free(k);
}

void keypair_retire(struct wg_keypair *k)
{
	if (!k)
		return;
	__atomic_store_n(&table.at[k->local_index & table.mask].keypair, NULL, __ATOMIC_RELEASE);
	nf_rcu_defer(wipe_and_free, k);
}
