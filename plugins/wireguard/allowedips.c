/* SPDX-License-Identifier: Apache-2.0 */
#include "allowedips.h"
#include "hosts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 *          10.0.0.0/8 (peer 3)            a node without peer only forks: it always has two children
 *            0 /      \ 1
 *   10.1.0.0/16        10.128.0.0/9 ...
 */
struct wg_allowed_node {
	struct wg_allowed_node *child[2]; /* release/acquire */
	uint32_t peer;                    /* 0: a fork */
	uint8_t len;
	uint8_t addr[16];
};

static unsigned int bit_at(const uint8_t *addr, unsigned int bit)
{
	return addr[bit / 8] >> (7 - bit % 8) & 1;
}

static unsigned int common_bits(const uint8_t *a, const uint8_t *b, unsigned int most)
{
	for (unsigned int bit = 0; bit < most; bit += 8) {
		uint8_t diff = a[bit / 8] ^ b[bit / 8];
		if (diff) {
			unsigned int n = bit + (unsigned int)__builtin_clz(diff) - 24;
			return n < most ? n : most;
		}
	}
	return most;
}

static struct wg_allowed_node *load(struct wg_allowed_node *const *slot)
{
	return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static void store(struct wg_allowed_node **slot, struct wg_allowed_node *n)
{
	__atomic_store_n(slot, n, __ATOMIC_RELEASE);
}

static struct wg_allowed_node *node_new(const uint8_t *addr, unsigned int bytes, unsigned int len, uint32_t peer)
{
	struct wg_allowed_node *n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->len = (uint8_t)len;
	n->peer = peer;
	for (unsigned int i = 0; i < bytes; i++) {
		unsigned int bits = len > 8 * i ? len - 8 * i : 0;
		n->addr[i] = bits >= 8 ? addr[i] : (uint8_t)(addr[i] & (0xff00u >> bits));
	}
	return n;
}

static int trie_insert(struct wg_allowedips *t, uint8_t family, const uint8_t *addr, uint8_t len, uint32_t peer)
{
	struct wg_allowed_node **slot = family == 4 ? &t->root4 : &t->root6, *at;
	unsigned int bytes = family == 4 ? 4 : 16, same = 0;
	while ((at = *slot)) {
		same = common_bits(addr, at->addr, at->len < len ? at->len : len);
		if (same < at->len || at->len == len)
			break;
		slot = &at->child[bit_at(addr, at->len)];
	}
	if (at && at->len == len && same == len) {
		t->prefixes += at->peer == 0;
		__atomic_store_n(&at->peer, peer, __ATOMIC_RELAXED);
		return 0;
	}
	struct wg_allowed_node *n = node_new(addr, bytes, len, peer);
	if (!n)
		return -ENOMEM;
	if (at && same == len) { /* the new prefix covers what is here */
		n->child[bit_at(at->addr, len)] = at;
	} else if (at) {
		struct wg_allowed_node *fork = node_new(addr, bytes, same, 0);
		if (!fork) {
			free(n);
			return -ENOMEM;
		}
		fork->child[bit_at(addr, same)] = n;
		fork->child[bit_at(at->addr, same)] = at;
		n = fork;
	}
	t->prefixes++;
	store(slot, n);
	return 0;
}

/* A node without peer and with fewer than two children is replaced by its only child, or nothing. */
static void shrink(struct wg_allowedips *t, struct wg_allowed_node **slot)
{
	struct wg_allowed_node *n = *slot;
	if (!n || n->peer || (n->child[0] && n->child[1]))
		return;
	store(slot, n->child[0] ? n->child[0] : n->child[1]);
	t->retire(n);
}

static void trie_remove(struct wg_allowedips *t, uint8_t family, const uint8_t *addr, uint8_t len, uint32_t peer)
{
	struct wg_allowed_node **slot = family == 4 ? &t->root4 : &t->root6, **parent = NULL, *at;
	while ((at = *slot) && at->len < len && common_bits(addr, at->addr, at->len) == at->len) {
		parent = slot;
		slot = &at->child[bit_at(addr, at->len)];
	}
	if (!at || at->len != len || common_bits(addr, at->addr, len) != len || at->peer != peer)
		return;
	t->prefixes--;
	__atomic_store_n(&at->peer, 0, __ATOMIC_RELAXED);
	shrink(t, slot);
	if (parent)
		shrink(t, parent);
}

static uint32_t trie_lookup(const struct wg_allowedips *t, uint8_t family, const uint8_t *addr)
{
	const struct wg_allowed_node *n = load(family == 4 ? &t->root4 : &t->root6);
	unsigned int most = family == 4 ? 32 : 128;
	uint32_t best = 0;
	while (n && common_bits(addr, n->addr, n->len) == n->len) {
		uint32_t peer = __atomic_load_n(&n->peer, __ATOMIC_RELAXED);
		best = peer ? peer : best;
		if (n->len == most)
			break;
		n = load(&n->child[bit_at(addr, n->len)]);
	}
	return best;
}

static bool is_host(uint8_t family, uint8_t len)
{
	return len == (family == 4 ? 32 : 128);
}

int wg_allowed_insert(struct wg_allowedips *t, uint8_t family, const uint8_t *addr, uint8_t len, uint32_t peer)
{
	int rc = trie_insert(t, family, addr, len, peer);
	if (rc == 0 && is_host(family, len))
		wg_hosts_set(&t->hosts, t->retire, family, addr, peer);
	return rc;
}

void wg_allowed_remove(struct wg_allowedips *t, uint8_t family, const uint8_t *addr, uint8_t len, uint32_t peer)
{
	if (is_host(family, len) && wg_hosts_get(t->hosts, family, addr) == peer)
		wg_hosts_set(&t->hosts, t->retire, family, addr, 0);
	trie_remove(t, family, addr, len, peer);
}

uint32_t wg_allowed_lookup(const struct wg_allowedips *t, uint8_t family, const uint8_t *addr)
{
	uint32_t peer = wg_hosts_get(__atomic_load_n(&t->hosts, __ATOMIC_ACQUIRE), family, addr);
	return peer ? peer : trie_lookup(t, family, addr);
}

void wg_allowed_prefetch(const struct wg_allowedips *t, uint8_t family, const uint8_t *addr)
{
	wg_hosts_prefetch(__atomic_load_n(&t->hosts, __ATOMIC_ACQUIRE), family, addr);
}

uint32_t wg_allowed_find(const struct wg_allowedips *t, uint8_t family, const uint8_t *addr, uint8_t len)
{
	const struct wg_allowed_node *n = family == 4 ? t->root4 : t->root6;
	while (n && n->len <= len && common_bits(addr, n->addr, n->len) == n->len) {
		if (n->len == len)
			return n->peer;
		n = n->child[bit_at(addr, n->len)];
	}
	return 0;
}

/* The depth is at most 128: one node per bit. */
static void free_all(struct wg_allowed_node *n)
{
	if (!n)
		return;
	free_all(n->child[0]);
	free_all(n->child[1]);
	free(n);
}

void wg_allowed_fini(struct wg_allowedips *t)
{
	free_all(t->root4);
	free_all(t->root6);
	free(t->hosts);
	t->hosts = NULL;
	t->root4 = t->root6 = NULL;
	t->prefixes = 0;
}
