/* SPDX-License-Identifier: Apache-2.0 */
/* Peers on the management thread: life, allowed IPs, endpoint, keypairs, timers, staged packets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_malloc.h>

#include <nf/clock.h>
#include <nf/pkt.h>

#include "wg.h"

static struct rte_hash *by_key; /* public key → struct wg_peer * */

static void retire_node(void *node)
{
	nf_rcu_defer(free, node);
}

int peers_init(void)
{
	struct rte_hash_parameters p = {.name = "wg-peers",
					.entries = wg.limits.max_peers,
					.key_len = WG_KEY_BYTES,
					.hash_func = rte_jhash,
					.socket_id = (int)SOCKET_ID_ANY,
					.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE};
	wg.allowed.retire = retire_node;
	by_key = rte_hash_create(&p);
	return by_key ? nf_table_init(&wg.peers, wg.limits.max_peers) : -ENOMEM;
}

struct wg_peer *peer_by_key(const uint8_t key[WG_KEY_BYTES])
{
	void *p;
	return rte_hash_lookup_data(by_key, key, &p) >= 0 ? p : NULL;
}

uint64_t peer_jitter(void)
{
	uint32_t r;
	wg_random(&r, sizeof(r));
	return r % WG_JITTER_MAX_NS;
}

/* The current session is over; one that the peer has yet to confirm is not. */
static void peer_end_current(struct wg_peer *p)
{
	struct wg_keypair *current = p->current;
	__atomic_store_n(&p->current, NULL, __ATOMIC_RELEASE);
	keypair_retire(current);
	keypair_retire(p->previous);
	p->previous = NULL;
}

/* A keypair that its peer never used, and the one before the current, end by their own age. */
static uint64_t oldest_spare(const struct wg_peer *p)
{
	uint64_t a = p->previous ? p->previous->receive_until_ns : UINT64_MAX;
	uint64_t b = p->next ? p->next->receive_until_ns : UINT64_MAX;
	return a < b ? a : b;
}

static void retire_spares(struct wg_peer *p, uint64_t now)
{
	struct wg_keypair **spares[] = {&p->previous, &p->next};
	for (unsigned int i = 0; i < 2; i++)
		if (*spares[i] && now >= (*spares[i])->receive_until_ns) {
			keypair_retire(*spares[i]);
			*spares[i] = NULL;
		}
}

static void on_timer(struct nf_timer *t, uint64_t now)
{
	struct wg_peer *p = (struct wg_peer *)((char *)t - offsetof(struct wg_peer, timer));
	struct wg_seen seen = peer_seen(p);
	retire_spares(p, now);
	wg_timers_seen(&p->timers, &seen);
	uint32_t actions = wg_timers_tick(&p->timers, now);
	if (actions & WG_DO_GIVE_UP) {
		peer_flush_staged(p, false);
		peer_event(p, NF_PEER_GAVE_UP);
	}
	if (actions & WG_DO_END_SESSION) {
		peer_end_current(p);
		peer_event(p, NF_PEER_EXPIRED);
	}
	if (actions & WG_DO_FAIL)
		peer_event(p, NF_PEER_FAILED);
	if (actions & WG_DO_KEEPALIVE)
		peer_send_empty(p);
	if (actions & WG_DO_INITIATE)
		peer_initiate(p, now);
	peer_rearm(p, now);
}

struct wg_peer *peer_create(const uint8_t key[WG_KEY_BYTES])
{
	size_t bytes = sizeof(struct wg_peer) + wg.limits.workers * sizeof(struct wg_line);
	struct wg_peer *p = rte_zmalloc("wg-peer", bytes, RTE_CACHE_LINE_SIZE);
	if (!p)
		return NULL;
	memcpy(p->public_key, key, WG_KEY_BYTES);
	p->timer.fn = on_timer;
	p->handle = nf_table_insert(&wg.peers, p);
	if (p->handle && rte_hash_add_key_data(by_key, key, p) == 0)
		return p;
	if (p->handle) {
		nf_table_unhook(&wg.peers, p->handle);
		nf_table_release(&wg.peers, p->handle);
	}
	rte_free(p);
	return NULL;
}

static void wipe_and_free(void *arg)
{
	struct wg_peer *p = arg;
	nf_table_release(&wg.peers, p->handle);
	rte_free(p->endpoint);
	free(p->allowed);
	wg_wipe(p, sizeof(*p));
	rte_free(p);
}

/* unhook → grace period → wipe and free */
void peer_destroy(struct wg_peer *p)
{
	peer_set_allowed(p, NULL, 0);
	peer_flush_staged(p, false);
	peer_end_sessions(p);
	nf_timer_cancel(&p->timer);
	closing_peer_gone(p);
	handshaker_forget(p->handle);
	rte_hash_del_key(by_key, p->public_key);
	nf_table_unhook(&wg.peers, p->handle);
	nf_rcu_defer(wipe_and_free, p);
}

static bool in_list(const struct nf_addr *list, uint16_t n, const struct nf_addr *a)
{
	for (uint16_t i = 0; i < n; i++)
		if (list[i].family == a->family && list[i].prefix_len == a->prefix_len && memcmp(list[i].addr, a->addr, 16) == 0)
			return true;
	return false;
}

/* By difference: a prefix that stays is never missing from the table. */
int peer_set_allowed(struct wg_peer *p, const struct nf_addr *allowed, uint16_t n)
{
	struct nf_addr *copy = n ? malloc(n * sizeof(*copy)) : NULL;
	if (n && !copy)
		return -ENOMEM;
	if (n)
		memcpy(copy, allowed, n * sizeof(*copy));
	for (uint16_t i = 0; i < n; i++)
		if (wg_allowed_insert(&wg.allowed, allowed[i].family, allowed[i].addr, allowed[i].prefix_len, p->handle) != 0) {
			free(copy);
			return -ENOMEM;
		}
	for (uint16_t i = 0; i < p->n_allowed; i++)
		if (!in_list(allowed, n, &p->allowed[i]))
			wg_allowed_remove(&wg.allowed, p->allowed[i].family, p->allowed[i].addr, p->allowed[i].prefix_len, p->handle);
	free(p->allowed);
	p->allowed = copy;
	p->n_allowed = n;
	return 0;
}

void peer_set_endpoint(struct wg_peer *p, const struct wg_endpoint *e)
{
	struct wg_endpoint *old = p->endpoint, *new = NULL;
	if (e && old && memcmp(e, old, sizeof(*e)) == 0)
		return;
	if (e) {
		new = rte_malloc("wg-endpoint", sizeof(*new), RTE_CACHE_LINE_SIZE);
		if (!new)
			return;
		*new = *e;
	}
	__atomic_store_n(&p->endpoint, new, __ATOMIC_RELEASE);
	if (old)
		nf_rcu_defer(rte_free, old);
}

void peer_rearm(struct wg_peer *p, uint64_t now)
{
	enum wg_timer_why why;
	uint64_t at = wg_timers_deadline(&p->timers, &why), spare = oldest_spare(p);
	(void)now;
	if (at || spare != UINT64_MAX)
		nf_timer_arm(&p->timer, at && at < spare ? at : spare);
	else
		nf_timer_cancel(&p->timer);
}

void peer_initiate(struct wg_peer *p, uint64_t now)
{
	if (!p->endpoint || p->operator_closed)
		return;
	handshaker_initiate(p->handle, p->endpoint);
	wg_timers_initiated(&p->timers, now, peer_jitter());
	peer_rearm(p, now);
}

bool peer_can_send(const struct wg_peer *p, uint64_t now)
{
	return p->current && now < p->current->send_until_ns && p->endpoint;
}

static struct wg_keypair *keypair_new(const struct wg_peer *p, const struct wg_session_keys *keys, uint64_t now)
{
	struct wg_keypair *k = rte_zmalloc("wg-keypair", sizeof(*k), RTE_CACHE_LINE_SIZE);
	if (!k)
		return NULL;
	memcpy(k->send, keys->send, WG_KEY_BYTES);
	memcpy(k->receive, keys->receive, WG_KEY_BYTES);
	k->local_index = keys->local_index;
	k->remote_index = keys->remote_index;
	k->initiator = keys->initiator;
	k->peer = p->handle;
	k->born_ns = now;
	k->send_until_ns = now + wg_timers_send_limit((enum wg_profile)p->timer_profile, keys->initiator);
	k->receive_until_ns = now + WG_REJECT_AFTER_NS;
	k->heard = keys->initiator; /* the response has proven the far end already */
	rte_spinlock_init(&k->lock);
	return k;
}

/*
 * Both ends may have initiated at once. Then the far end may send with the keypair that we answered, for
 * good: that one must stay good for receiving, and the older current one makes room.
 */
static void make_current(struct wg_peer *p, struct wg_keypair *k, uint64_t now)
{
	struct wg_keypair *old = p->current, *answered = p->next != k ? p->next : NULL;
	__atomic_store_n(&p->current, k, __ATOMIC_RELEASE);
	keypair_retire(p->previous);
	p->previous = answered ? answered : old;
	if (answered)
		keypair_retire(old);
	p->next = NULL;
	p->had_session = true;
	p->handshakes++;
	p->last_handshake_ns = now;
	wg_timers_session_began(&p->timers, now, k->initiator);
	closing_session_ready(p, now);
	peer_event(p, NF_PEER_SESSION);
	peer_rearm(p, now);
}

void peer_install(struct wg_peer *p, const struct wg_session_keys *keys, uint64_t now)
{
	struct wg_keypair *k = keypair_new(p, keys, now);
	if (!k) {
		handshaker_index_free(keys->local_index);
		return;
	}
	keypair_publish(k);
	if (!keys->initiator) {
		keypair_retire(p->next);
		p->next = k;
		peer_rearm(p, now);
		return;
	}
	make_current(p, k, now);
	/* a data packet confirms the session as well as a keepalive does */
	if (p->n_staged)
		peer_flush_staged(p, true);
	else
		peer_send_empty(p);
}

void peer_confirm(struct wg_peer *p, uint32_t local_index, uint64_t now)
{
	struct wg_keypair *k = p->next;
	if (!k || k->local_index != local_index)
		return;
	make_current(p, k, now);
	peer_flush_staged(p, true);
}

void peer_end_sessions(struct wg_peer *p)
{
	peer_end_current(p);
	keypair_retire(p->next);
	p->next = NULL;
}

void peer_flush_staged(struct wg_peer *p, bool send)
{
	for (uint16_t i = 0; i < p->n_staged; i++) {
		if (send) {
			nf_inject_on(p->staged[i], wg.edge_encap, nf_pkt(p->staged[i])->worker);
			continue;
		}
		rte_pktmbuf_free(p->staged[i]);
		nf_count_shared(wg.c.staged_expired, 1);
	}
	wg.n_staged_all -= p->n_staged;
	p->n_staged = 0;
}

bool peer_send_inner(struct wg_peer *p, const void *packet, uint16_t bytes, uint32_t close_token)
{
	struct rte_mbuf *m = nf_pkt_alloc();
	if (!m)
		return false;
	if (bytes)
		memcpy(rte_pktmbuf_append(m, bytes), packet, bytes);
	nf_pkt(m)->peer = p->handle;
	nf_pkt(m)->flags = NF_PKT_CONTROL;
	nf_pkt(m)->close_token = close_token;
	return nf_inject(m, wg.edge_encap);
}

void peer_send_empty(struct wg_peer *p)
{
	if (peer_can_send(p, nf_clock_ns()))
		peer_send_inner(p, NULL, 0, 0);
}

static struct nf_addr addr_of(const struct wg_endpoint *e)
{
	struct nf_addr a = {0};
	if (!e)
		return a;
	a.family = e->family;
	a.port = e->remote_port;
	memcpy(a.addr, e->remote, sizeof(a.addr));
	return a;
}

void peer_event(const struct wg_peer *p, enum nf_peer_event event)
{
	struct nf_peer_event_body body = {.event = (uint32_t)event, .endpoint = addr_of(p->endpoint)};
	memcpy(body.public_key, p->public_key, WG_KEY_BYTES);
	body.initiator = p->current && p->current->initiator;
	nf_event(NF_MSG_PEER_EVENT, &body, sizeof(body), NULL, 0);
}

struct wg_line peer_totals(const struct wg_peer *p)
{
	struct wg_line sum = {0};
	for (uint32_t w = 0; w < wg.limits.workers; w++) {
		const struct wg_line *l = &p->lines[w];
		sum.rx_packets += l->rx_packets;
		sum.rx_bytes += l->rx_bytes;
		sum.tx_packets += l->tx_packets;
		sum.tx_bytes += l->tx_bytes;
		for (int k = 0; k < WG_SEEN_KINDS; k++)
			sum.seen[k] = RTE_MAX(sum.seen[k], l->seen[k]);
	}
	return sum;
}

struct wg_seen peer_seen(const struct wg_peer *p)
{
	struct wg_line t = peer_totals(p);
	return (struct wg_seen){.data_sent = t.seen[WG_SEEN_DATA_SENT],
				.data_received = t.seen[WG_SEEN_DATA_RECEIVED],
				.any_sent = t.seen[WG_SEEN_ANY_SENT],
				.any_received = t.seen[WG_SEEN_ANY_RECEIVED]};
}

void peers_each(void (*fn)(struct wg_peer *p, void *arg), void *arg)
{
	for (uint32_t i = 1; i <= wg.peers.capacity; i++)
		if (wg.peers.slots[i].entry)
			fn(wg.peers.slots[i].entry, arg);
}

static void destroy(struct wg_peer *p, void *arg)
{
	(void)arg;
	peer_destroy(p);
}

void peers_fini(void)
{
	if (!by_key)
		return;
	peers_each(destroy, NULL);
	rte_hash_free(by_key);
	by_key = NULL;
}
