/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wg_encap: first pass: peer, keypair, padding, one reservation of counters per run of a keypair; then
 * one AEAD call for the burst; second pass: message header and outer headers, and off to ip_route.
 */
#include <string.h>

#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/node.h>
#include <nf/pkt.h>

#include "nodes.h"
#include "wg.h"

#define EDGES(X)                \
	X(WG_ENCAP_DROP, "drop") \
	X(WG_ENCAP_ROUTE, "ip_route")
enum { EDGES(NF_EDGE_ENUM) };

struct burst {
	struct wg_aead_op ops[WG_CHUNK];
	struct wg_keypair *keys[WG_CHUNK];
	struct wg_peer *peers[WG_CHUNK];
	uint16_t at[WG_CHUNK];
	uint32_t inner_bytes[WG_CHUNK];
	uint8_t ecn[WG_CHUNK];
	unsigned int n;
	struct outer_path path; /* of the packet before: a burst often goes one way */
};

#define TAKEN ((rte_edge_t)~0) /* no edge: it is somebody else's now */

/* The packet goes to mgmt, which keeps it until there is a session. */
static inline rte_edge_t stage(struct rte_mbuf *m, struct nf_pkt *p, struct wg_peer *peer, bool *ret_taken)
{
	struct wg_event e = {.peer = peer->handle, .kind = WG_EV_STAGE, .p = m};
	p->worker = (uint8_t)nf_worker()->id; /* where its flow goes on, and where it must come back to keep its order */
	*ret_taken = wg_event_send(&e);
	p->drop = wg.c.event_ring_full;
	return WG_ENCAP_DROP;
}

static inline void pad(struct rte_mbuf *m, const struct wg_peer *peer)
{
	uint32_t len = m->pkt_len, padded = (len + 15u) & ~15u;
	if (peer->padding != NF_PADDING_16)
		return;
	if (padded > peer->inner_mtu)
		padded = len > peer->inner_mtu ? len : peer->inner_mtu;
	if (padded > len)
		memset(rte_pktmbuf_append(m, (uint16_t)(padded - len)), 0, padded - len);
}

/* True: the packet is in the burst. Otherwise *ret_edge says where it goes, unless it was taken. */
static inline bool collect(struct rte_mbuf *m, struct burst *b, uint16_t i, uint64_t now, rte_edge_t *ret_edge, bool *ret_taken)
{
	struct nf_pkt *p = nf_pkt(m);
	struct wg_peer *peer = wg_peer_get(p->peer);
	*ret_edge = WG_ENCAP_DROP;
	*ret_taken = false;
	p->drop = wg.c.closing;
	if (!peer || (peer->closing && !(p->flags & NF_PKT_CONTROL)))
		return false;
	struct wg_keypair *k = __atomic_load_n(&peer->current, __ATOMIC_ACQUIRE);
	if (!k || now >= k->send_until_ns) {
		*ret_edge = stage(m, p, peer, ret_taken);
		return false;
	}
	b->inner_bytes[b->n] = m->pkt_len;
	b->ecn[b->n] = m->pkt_len && !(p->flags & NF_PKT_CONTROL) ? ip_ecn(rte_pktmbuf_mtod(m, const uint8_t *)) : 0;
	pad(m, peer);
	b->keys[b->n] = k;
	b->peers[b->n] = peer;
	b->at[b->n] = i;
	b->ops[b->n] = (struct wg_aead_op){.key = k->send, .data = rte_pktmbuf_mtod(m, uint8_t *), .bytes = m->pkt_len};
	rte_pktmbuf_append(m, WG_TAG_BYTES);
	b->n++;
	return true;
}

/* One fetch_add per run of packets of the same keypair: counters stay in the order of the packets. */
static inline void reserve_counters(struct burst *b)
{
	for (unsigned int i = 0; i < b->n;) {
		unsigned int run = 1;
		while (i + run < b->n && b->keys[i + run] == b->keys[i])
			run++;
		uint64_t first = __atomic_fetch_add(&b->keys[i]->next_counter, run, __ATOMIC_RELAXED);
		for (; run > 0; run--)
			b->ops[i++].counter = first++;
	}
}

static inline rte_edge_t finish(struct rte_mbuf *m, struct burst *b, unsigned int i, uint64_t now)
{
	struct nf_pkt *p = nf_pkt(m);
	struct wg_peer *peer = b->peers[i];
	const struct wg_endpoint *e = __atomic_load_n(&peer->endpoint, __ATOMIC_ACQUIRE);
	struct wg_data *h = (struct wg_data *)rte_pktmbuf_prepend(m, sizeof(*h));
	if (unlikely(b->ops[i].counter >= WG_REJECT_AFTER_MESSAGES)) {
		p->drop = wg.c.counter_exhausted;
		return WG_ENCAP_DROP;
	}
	wg_put32(h->type, WG_DATA);
	wg_put32(h->receiver, b->keys[i]->remote_index);
	wg_put64(h->counter, b->ops[i].counter);
	if (e != b->path.to && e)
		outer_path_find(&b->path, e);
	if (unlikely(!e || !outer_build(m, &b->path, b->ecn[i]))) {
		p->drop = wg.c.no_endpoint;
		return WG_ENCAP_DROP;
	}
	struct wg_line *line = &peer->lines[nf_worker()->id];
	if (b->inner_bytes[i]) {
		line->tx_packets++;
		line->tx_bytes += b->inner_bytes[i];
	}
	wg_seen_now(peer, 1 << WG_SEEN_ANY_SENT | (b->inner_bytes[i] ? 1 << WG_SEEN_DATA_SENT : 0), now);
	return WG_ENCAP_ROUTE;
}

/* Everything that the passes below read of a peer, on its way before they begin. */
static inline void fetch_ahead(void **objs, uint16_t n)
{
	uint32_t id = nf_worker()->id;
	for (uint16_t i = 0; i < n; i++) {
		const struct wg_peer *peer = wg_peer_get(nf_pkt(objs[i])->peer);
		if (!peer)
			continue;
		const struct wg_keypair *k = __atomic_load_n(&peer->current, __ATOMIC_ACQUIRE);
		rte_prefetch0(k);
		rte_prefetch0(k ? &k->local_index : NULL);
		rte_prefetch0(k ? &k->next_counter : NULL);
		rte_prefetch0(__atomic_load_n(&peer->endpoint, __ATOMIC_ACQUIRE));
		rte_prefetch0(&peer->lines[id]);
	}
}

/* False: some packets are not here any more. */
static inline bool seal_chunk(void **objs, uint16_t n, rte_edge_t *ret_next, struct burst *b, uint64_t now)
{
	bool taken, whole = true;
	b->n = 0;
	if (wg_peers_are_many())
		fetch_ahead(objs, n);
	for (uint16_t i = 0; i < n; i++)
		if (!collect(objs[i], b, i, now, &ret_next[i], &taken) && taken) {
			ret_next[i] = TAKEN;
			whole = false;
		}
	reserve_counters(b);
	wg.aead->seal(b->ops, b->n);
	for (unsigned int k = 0; k < b->n; k++)
		ret_next[b->at[k]] = finish(objs[b->at[k]], b, k, now);
	return whole;
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	uint64_t now = nf_worker_now();
	rte_edge_t next[NF_BURST_MAX];
	bool whole = true;
	struct burst b;
	b.path.to = NULL;
	for (uint16_t i = 0; i < n; i += WG_CHUNK)
		whole &= seal_chunk(objs + i, (uint16_t)RTE_MIN(WG_CHUNK, n - i), next + i, &b, now);
	if (likely(whole)) {
		nf_dispatch(graph, node, objs, n, next);
		return n;
	}
	for (uint16_t i = 0; i < n; i++)
		if (next[i] != TAKEN)
			rte_node_enqueue_x1(graph, node, next[i], objs[i]);
	return n;
}

static struct rte_node_register wg_encap_node = {
	.name = "wg_encap",
	.process = process,
	.nb_edges = 2,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(wg_encap_node)
