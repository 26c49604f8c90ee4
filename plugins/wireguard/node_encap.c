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
#include "outer.h"
#include "wg.h"

#define EDGES(X)                \
	X(WG_ENCAP_DROP, "drop") \
	X(WG_ENCAP_ROUTE, "ip_route")
enum { EDGES(NF_EDGE_ENUM) };

/* A peer as the packets of a burst find it: looked at once for a run of them. */
struct seen {
	uint32_t handle;      /* 0: none was looked at yet */
	struct wg_peer *peer; /* NULL: gone */
	struct wg_keypair *keypair; /* NULL: none that may send */
	bool closing, pads;
	uint32_t inner_mtu;
};

struct burst {
	struct wg_aead_op ops[WG_CHUNK];
	struct wg_keypair *keys[WG_CHUNK];
	struct wg_peer *peers[WG_CHUNK];
	uint16_t at[WG_CHUNK];
	uint16_t inner_bytes[WG_CHUNK];
	uint8_t ecn[WG_CHUNK];
	uint32_t sums[WG_CHUNK]; /* of what the engine wrote */
	unsigned int n;
	struct seen seen;       /* of the packet before */
	struct outer_path path; /* likewise: a burst often goes one way */
};

#define TAKEN ((rte_edge_t)~0) /* no edge: it is somebody else's now */

/* The packet goes to mgmt, which keeps it until there is a session. */
static __rte_noinline rte_edge_t stage(struct rte_mbuf *m, struct nf_pkt *p, const struct wg_peer *peer)
{
	struct wg_event e = {.peer = peer->handle, .kind = WG_EV_STAGE, .p = m};
	p->worker = (uint8_t)nf_worker()->id; /* where its flow goes on, and where it must come back to keep its order */
	if (wg_event_send(&e))
		return TAKEN;
	p->drop = wg.c.event_ring_full;
	return WG_ENCAP_DROP;
}

static inline void look_at(struct seen *s, uint32_t handle, uint64_t now)
{
	s->handle = handle;
	s->keypair = NULL;
	s->peer = wg_peer_get(handle);
	if (!s->peer)
		return;
	struct wg_keypair *k = __atomic_load_n(&s->peer->current, __ATOMIC_ACQUIRE);
	s->keypair = k && now < k->send_until_ns ? k : NULL;
	s->closing = s->peer->closing;
	s->pads = s->peer->padding == NF_PADDING_16;
	s->inner_mtu = s->peer->inner_mtu;
}

/*
 * Length with padding, which is zeros: 16 of them, so that nothing depends on how many are needed. What they write beyond
 * is where the tag goes.
 */
static inline uint32_t pad(uint8_t *data, uint32_t len, const struct seen *s)
{
	uint32_t padded = (len + 15u) & ~15u;
	if (!s->pads)
		return len;
	memset(data + len, 0, 16);
	return likely(padded <= s->inner_mtu) ? padded : RTE_MAX(len, s->inner_mtu);
}

static inline void collect(struct rte_mbuf *m, const struct nf_pkt *p, struct burst *b, uint16_t i)
{
	unsigned int n = b->n++;
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = m->pkt_len;
	b->inner_bytes[n] = (uint16_t)len;
	b->ecn[n] = len && !(p->flags & NF_PKT_CONTROL) ? ip_ecn(data) : 0;
	b->keys[n] = b->seen.keypair;
	b->peers[n] = b->seen.peer;
	b->at[n] = i;
	b->ops[n].key = b->seen.keypair->send;
	b->ops[n].data = data;
	b->ops[n].bytes = pad(data, len, &b->seen);
}

/* True: the packet is in the burst. Otherwise *ret_edge says where it goes. */
static inline bool admit(struct rte_mbuf *m, struct burst *b, uint16_t i, uint64_t now, rte_edge_t *ret_edge)
{
	struct nf_pkt *p = nf_pkt(m);
	struct seen *s = &b->seen;
	if (p->peer != s->handle)
		look_at(s, p->peer, now);
	if (unlikely(!s->peer || (s->closing && !(p->flags & NF_PKT_CONTROL)))) {
		p->drop = wg.c.closing;
		*ret_edge = WG_ENCAP_DROP;
		return false;
	}
	if (unlikely(!s->keypair)) {
		*ret_edge = stage(m, p, s->peer);
		return false;
	}
	collect(m, p, b, i);
	return true;
}

static inline unsigned int run_of(const struct burst *b, unsigned int from)
{
	unsigned int end = from + 1;
	while (end < b->n && b->keys[end] == b->keys[from])
		end++;
	return end;
}

/* One fetch_add per run of packets of the same keypair: counters stay in the order of the packets. */
static inline void reserve_counters(struct burst *b)
{
	for (unsigned int i = 0, end; i < b->n;) {
		end = run_of(b, i);
		uint64_t first = __atomic_fetch_add(&b->keys[i]->next_counter, end - i, __ATOMIC_RELAXED);
		for (; i < end; i++)
			b->ops[i].counter = first++;
	}
}

/* Type and receiver, as they lie in memory: the same for all messages of a keypair. */
static inline uint64_t message_front(const struct wg_keypair *k)
{
	return rte_cpu_to_le_64(WG_DATA | (uint64_t)k->remote_index << 32);
}

/* Halves of words are as good as words (head.h). */
static inline uint64_t sum_of_word(uint64_t word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

/* What the engine wrote, before the headers around it are written: of a run, which is of one path. */
static inline void sum_run(struct burst *b, unsigned int from, unsigned int end)
{
	bool ours = b->path.head.sums_udp; /* and not the port's */
	for (unsigned int i = from; i < end; i++)
		b->sums[i] = ours ? nf_sum16(b->ops[i].data, b->ops[i].bytes + WG_TAG_BYTES, 0) : 0;
}

/* Headers in front of what the engine wrote. */
static inline rte_edge_t finish(struct rte_mbuf *m, const struct burst *b, unsigned int i, uint64_t front)
{
	const struct wg_aead_op *op = &b->ops[i];
	uint64_t counter = rte_cpu_to_le_64(op->counter), sum = b->sums[i] + sum_of_word(front) + sum_of_word(counter);
	uint8_t *message = op->data - WG_DATA_HEADER;
	if (unlikely(op->counter >= WG_REJECT_AFTER_MESSAGES)) {
		nf_pkt(m)->drop = wg.c.counter_exhausted;
		return WG_ENCAP_DROP;
	}
	if (unlikely(!outer_push(m, &b->path, message, op->bytes + WG_DATA_OVERHEAD, b->ecn[i], sum))) {
		nf_pkt(m)->drop = wg.c.no_endpoint;
		return WG_ENCAP_DROP;
	}
	memcpy(message, &front, 8);
	memcpy(message + 8, &counter, 8);
	return WG_ENCAP_ROUTE;
}

/* Packets of one keypair, and what they add up to. */
struct run {
	unsigned int from, end; /* of the burst */
	uint64_t packets, bytes, empty;
};

static inline void count(const struct run *r, struct wg_peer *peer, uint64_t now)
{
	struct wg_line *line = &peer->lines[nf_worker()->id];
	if (r->packets + r->empty == 0)
		return;
	line->tx_packets += r->packets;
	line->tx_bytes += r->bytes;
	wg_seen_now(peer, 1 << WG_SEEN_ANY_SENT | (r->packets ? 1 << WG_SEEN_DATA_SENT : 0), now);
}

static inline void finish_run(void **objs, struct burst *b, struct run *r, rte_edge_t *ret_next)
{
	uint64_t front = message_front(b->keys[r->from]);
	for (unsigned int i = r->from; i < r->end; i++) {
		rte_edge_t edge = finish(objs[b->at[i]], b, i, front);
		ret_next[b->at[i]] = edge;
		if (unlikely(edge != WG_ENCAP_ROUTE))
			continue;
		r->bytes += b->inner_bytes[i];
		r->empty += b->inner_bytes[i] == 0;
		r->packets++;
	}
	r->packets -= r->empty;
}

static inline void send_run(void **objs, struct burst *b, struct run r, rte_edge_t *ret_next, uint64_t now)
{
	struct wg_peer *peer = b->peers[r.from];
	const struct wg_endpoint *e = __atomic_load_n(&peer->endpoint, __ATOMIC_ACQUIRE);
	if (e != b->path.to || !e)
		outer_path_find(&b->path, e);
	sum_run(b, r.from, r.end);
	finish_run(objs, b, &r, ret_next);
	count(&r, peer, now);
}

/* Everything that the passes below read of a peer, on its way before they begin. */
static inline void fetch_ahead(void **objs, uint16_t n)
{
	uint32_t id = nf_worker()->id;
	for (uint16_t i = 0; i < n; i++) {
		const struct wg_peer *peer = wg_peer_get(nf_pkt(objs[i])->peer);
		const struct wg_keypair *k = peer ? __atomic_load_n(&peer->current, __ATOMIC_ACQUIRE) : NULL;
		const struct wg_endpoint *e = peer ? __atomic_load_n(&peer->endpoint, __ATOMIC_ACQUIRE) : NULL;
		if (!k || !e)
			continue;
		nf_fetch(&peer->lines[id]);
		nf_fetch(e);
		nf_fetch(k->send);
		nf_fetch(&k->next_counter);
	}
}

/* False: some packets are not here any more. */
static inline bool seal_chunk(void **objs, uint16_t n, rte_edge_t *ret_next, struct burst *b, uint64_t now)
{
	bool whole = true;
	b->n = 0;
	if (wg_peers_are_many())
		fetch_ahead(objs, n);
	for (uint16_t i = 0; i < n; i++)
		if (!admit(objs[i], b, i, now, &ret_next[i]))
			whole &= ret_next[i] != TAKEN;
	reserve_counters(b);
	wg.aead->seal(b->ops, b->n);
	for (unsigned int i = 0, end; i < b->n; i = end) {
		end = run_of(b, i);
		send_run(objs, b, (struct run){.from = i, .end = end}, ret_next, now);
	}
	return whole;
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	uint64_t now = nf_worker_now();
	rte_edge_t next[NF_BURST_MAX];
	bool whole = true;
	struct burst b;
	b.path.to = NULL;
	b.seen = (struct seen){.handle = 0};
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
