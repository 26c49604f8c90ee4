/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wg_decap: data packets of the tunnel. First pass: find each packet's keypair; then one AEAD call for
 * the burst; second pass: replay window, control packets, source check, and off to inner_check.
 */
#include <string.h>

#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/node.h>
#include <nf/pkt.h>

#include "inner.h"
#include "nodes.h"
#include "wg.h"

#define EDGES(X)                \
	X(WG_DECAP_DROP, "drop") \
	X(WG_DECAP_INNER, "inner_check")
enum { EDGES(NF_EDGE_ENUM) };

#define TELL_CLOSING_NS 20000000ull

struct burst {
	struct wg_aead_op ops[WG_CHUNK];
	struct wg_keypair *keys[WG_CHUNK];
	struct wg_peer *peers[WG_CHUNK];
	bool fresh[WG_CHUNK];  /* opened, and its counter is new */
	uint16_t at[WG_CHUNK]; /* packet of an op */
	unsigned int n;
};

static inline rte_edge_t drop(struct nf_pkt *p, uint16_t counter)
{
	p->drop = counter;
	return WG_DECAP_DROP;
}

static inline bool collect(struct rte_mbuf *m, struct nf_pkt *p, struct burst *b, uint16_t i, uint64_t now)
{
	uint8_t *payload = rte_pktmbuf_mtod_offset(m, uint8_t *, p->payload_off);
	const struct wg_data *h = (const struct wg_data *)payload;
	struct wg_keypair *k = keypair_of_index(wg_get32(h->receiver));
	if (!k)
		return drop(p, wg.c.no_session_index), false;
	if (now >= k->receive_until_ns)
		return drop(p, wg.c.expired), false;
	b->keys[b->n] = k;
	b->at[b->n] = i;
	b->ops[b->n] = (struct wg_aead_op){.key = k->receive,
					   .counter = wg_get64(h->counter),
					   .data = payload + WG_DATA_HEADER,
					   .bytes = p->payload_len - WG_DATA_OVERHEAD};
	rte_prefetch0(&wg.peers.slots[NF_HANDLE_INDEX(k->peer)]);
	rte_prefetch0(&k->replay.words[wg_get64(h->counter) / 64 % (WG_REPLAY_BITS / 64)]);
	b->n++;
	return true;
}

/* Tells mgmt of a keypair's first packet, so that a responder begins to use it. */
static inline void first_heard(struct wg_keypair *k)
{
	struct wg_event e = {.peer = k->peer, .kind = WG_EV_CONFIRMED, .arg = k->local_index};
	k->heard = wg_event_send(&e);
}

static inline bool accept_counter(struct wg_keypair *k, uint64_t counter)
{
	bool fresh = wg_replay_accept(&k->replay, counter);
	if (unlikely(fresh && !k->heard))
		first_heard(k);
	return fresh;
}

/* The lock is taken once per run of packets of one keypair. */
static inline void accept_counters(struct burst *b)
{
	for (unsigned int i = 0; i < b->n;) {
		struct wg_keypair *k = b->keys[i];
		rte_spinlock_lock(&k->lock);
		for (; i < b->n && b->keys[i] == k; i++)
			b->fresh[i] = b->ops[i].ok && accept_counter(k, b->ops[i].counter);
		rte_spinlock_unlock(&k->lock);
	}
}

static inline void roam(struct wg_peer *peer, const struct rte_mbuf *m, const struct nf_pkt *p)
{
	struct wg_endpoint from;
	const struct wg_endpoint *known = __atomic_load_n(&peer->endpoint, __ATOMIC_ACQUIRE);
	wg_endpoint_of(m, p, &from);
	if (likely(known && memcmp(known, &from, sizeof(from)) == 0))
		return;
	struct wg_endpoint *e = peer->roaming || !known ? wg_event_endpoint_alloc() : NULL;
	if (!e)
		return;
	*e = from;
	struct wg_event ev = {.peer = peer->handle, .kind = WG_EV_ROAMED, .p = e};
	wg_event_send(&ev);
}

/* Strips everything up to the inner packet; outer CE marks an ECN-capable inner packet (connectivity §1.3). */
static inline uint8_t *strip(struct rte_mbuf *m, struct nf_pkt *p, uint32_t inner_bytes)
{
	uint8_t outer_ecn = ip_ecn(rte_pktmbuf_mtod(m, const uint8_t *));
	uint8_t *inner = (uint8_t *)rte_pktmbuf_adj(m, (uint16_t)(p->payload_off + WG_DATA_HEADER));
	rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - inner_bytes));
	if (unlikely(outer_ecn == WG_ECN_CE))
		wg_inner_mark_ce(inner, inner_bytes);
	return inner;
}

static inline rte_edge_t control(struct rte_mbuf *m, struct nf_pkt *p, struct wg_peer *peer, const struct wg_keypair *k)
{
	struct wg_control_from from = {.session_ns = k->born_ns};
	memcpy(p->opaque, &from, sizeof(from));
	struct wg_event e = {.peer = peer->handle, .kind = WG_EV_CONTROL, .p = m};
	rte_mbuf_refcnt_update(m, 1); /* one for mgmt, one for the count of its end here */
	if (!wg_event_send(&e))
		rte_mbuf_refcnt_update(m, -1);
	return drop(p, wg.c.control);
}

/* Answers are fewer than ten a second: a flood of data must not become a flood of events. */
static inline void tell_closing(struct wg_peer *peer, uint64_t now)
{
	struct wg_event e = {.peer = peer->handle, .kind = WG_EV_CLOSING_RX};
	if (now - __atomic_load_n(&peer->told_ns, __ATOMIC_RELAXED) < TELL_CLOSING_NS)
		return;
	__atomic_store_n(&peer->told_ns, now, __ATOMIC_RELAXED);
	wg_event_send(&e);
}

static inline rte_edge_t finish(struct rte_mbuf *m, const struct burst *b, unsigned int i, uint64_t now)
{
	struct nf_pkt *p = nf_pkt(m);
	const struct wg_aead_op *op = &b->ops[i];
	struct wg_peer *peer = b->peers[i];
	if (!op->ok)
		return drop(p, wg.c.bad_tag);
	if (!b->fresh[i])
		return drop(p, wg.c.replayed);
	if (!peer)
		return drop(p, wg.c.no_session_index);
	roam(peer, m, p);
	wg_seen_now(peer, 1 << WG_SEEN_ANY_RECEIVED | (op->bytes ? 1 << WG_SEEN_DATA_RECEIVED : 0), now);
	if (op->bytes == 0)
		return drop(p, wg.c.keepalive);
	uint8_t *inner = strip(m, p, op->bytes);
	uint32_t len = wg_inner_length(inner, op->bytes);
	if (len == 0)
		return drop(p, wg.c.inner_malformed);
	rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - len));
	if (unlikely(wg_control_event(inner, len) >= 0))
		return control(m, p, peer, b->keys[i]);
	p->ip_version = inner[0] >> 4;
	if (wg_allowed_lookup(&wg.allowed, p->ip_version, inner + (p->ip_version == 4 ? 12 : 8)) != peer->handle)
		return drop(p, wg.c.source_not_allowed);
	struct wg_line *line = &peer->lines[nf_worker()->id];
	line->rx_packets++;
	line->rx_bytes += len;
	p->peer = peer->handle;
	p->flags |= NF_PKT_DECAPPED;
	p->payload_len = 0;
	if (unlikely(peer->closing))
		tell_closing(peer, now);
	return WG_DECAP_INNER;
}

static inline uint32_t receiver(struct rte_mbuf *m)
{
	return wg_get32(rte_pktmbuf_mtod_offset(m, const struct wg_data *, nf_pkt(m)->payload_off)->receiver);
}

/* Index → keypair: for the whole burst before the first pass reads it. */
static inline void fetch_keypairs(void **objs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		keypair_prefetch(receiver(objs[i]));
	for (uint16_t i = 0; i < n; i++)
		keypair_prefetch_found(receiver(objs[i]));
}

/* Slot → peer → endpoint, own line: on their way while the AEAD works. */
static inline void fetch_peers(struct burst *b)
{
	uint32_t id = nf_worker()->id;
	for (unsigned int i = 0; i < b->n; i++) {
		b->peers[i] = wg_peer_get(b->keys[i]->peer);
		rte_prefetch0(b->peers[i]);
	}
	for (unsigned int i = 0; wg_peers_are_many() && i < b->n; i++) {
		if (!b->peers[i])
			continue;
		rte_prefetch0(__atomic_load_n(&b->peers[i]->endpoint, __ATOMIC_ACQUIRE));
		rte_prefetch0(&b->peers[i]->lines[id]);
	}
}

/* The entry of the source address, which is known only now. */
static inline void fetch_sources(const struct burst *b)
{
	for (unsigned int i = 0; i < b->n; i++) {
		const uint8_t *inner = b->ops[i].data;
		if (b->ops[i].ok && b->ops[i].bytes >= 20)
			wg_allowed_prefetch(&wg.allowed, inner[0] >> 4, inner + (inner[0] >> 4 == 4 ? 12 : 8));
	}
}

static inline void open_chunk(void **objs, uint16_t n, rte_edge_t *ret_next, uint64_t now)
{
	struct burst b;
	b.n = 0;
	if (wg_peers_are_many())
		fetch_keypairs(objs, n);
	for (uint16_t i = 0; i < n; i++)
		if (!collect(objs[i], nf_pkt(objs[i]), &b, i, now))
			ret_next[i] = WG_DECAP_DROP;
	fetch_peers(&b);
	wg.aead->open(b.ops, b.n);
	if (wg_peers_are_many())
		fetch_sources(&b);
	accept_counters(&b);
	for (unsigned int k = 0; k < b.n; k++)
		ret_next[b.at[k]] = finish(objs[b.at[k]], &b, k, now);
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	rte_edge_t next[NF_BURST_MAX];
	uint64_t now = nf_worker_now();
	for (uint16_t i = 0; i < n; i += WG_CHUNK)
		open_chunk(objs + i, (uint16_t)RTE_MIN(WG_CHUNK, n - i), next + i, now);
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register wg_decap_node = {
	.name = "wg_decap",
	.process = process,
	.nb_edges = 2,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(wg_decap_node)
