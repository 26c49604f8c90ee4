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

/* A session as the packets of a burst find it: looked for once for a run of them. */
struct seen {
	uint32_t index;             /* receiver of the packet before */
	bool looked;                /* index is one */
	struct wg_keypair *keypair; /* NULL: none may receive */
	uint16_t drop;              /* then: why */
};

/* Whose an address is; asked once for a run of packets from it. */
struct source {
	uint8_t version; /* 0: nobody asked yet */
	uint8_t addr[16];
	uint32_t peer;
};

struct burst {
	struct wg_aead_op ops[WG_CHUNK];
	struct wg_keypair *keys[WG_CHUNK];
	bool fresh[WG_CHUNK];  /* opened, and its counter is new */
	uint16_t at[WG_CHUNK]; /* packet of an op */
	unsigned int n;
	struct seen seen;      /* both of the packet before */
	struct source source;
};

/* A run of packets of one keypair, and what they add up to. */
struct run {
	struct wg_peer *peer;       /* NULL: gone */
	const struct wg_keypair *keypair;
	bool may_roam;              /* it matters where its packets come from */
	struct wg_wire_endpoint at; /* where the peer is known to be */
	uint64_t packets, bytes;
	uint32_t heard;             /* mask of 1 << wg_seen_kind */
	uint64_t now;
};

static inline rte_edge_t drop(struct nf_pkt *p, uint16_t counter)
{
	p->drop = counter;
	return WG_DECAP_DROP;
}

static inline void look_for(struct seen *s, uint32_t index, uint64_t now)
{
	struct wg_keypair *k = keypair_of_index(index);
	s->index = index;
	s->looked = true;
	s->keypair = k && now < k->receive_until_ns ? k : NULL;
	s->drop = k ? wg.c.expired : wg.c.no_session_index;
}

static inline bool collect(struct rte_mbuf *m, struct nf_pkt *p, struct burst *b, uint16_t i, uint64_t now)
{
	uint8_t *payload = rte_pktmbuf_mtod_offset(m, uint8_t *, p->payload_off);
	const struct wg_data *h = (const struct wg_data *)payload;
	uint32_t index = wg_get32(h->receiver);
	unsigned int n = b->n;
	if (index != b->seen.index || !b->seen.looked)
		look_for(&b->seen, index, now);
	struct wg_keypair *k = b->seen.keypair;
	if (unlikely(!k))
		return drop(p, b->seen.drop), false;
	b->keys[n] = k;
	b->at[n] = i;
	b->ops[n].key = k->receive;
	b->ops[n].counter = wg_get64(h->counter);
	b->ops[n].data = payload + WG_DATA_HEADER;
	b->ops[n].bytes = p->payload_len - WG_DATA_OVERHEAD;
	b->n = n + 1;
	return true;
}

static inline unsigned int run_of(const struct burst *b, unsigned int from)
{
	unsigned int end = from + 1;
	while (end < b->n && b->keys[end] == b->keys[from])
		end++;
	return end;
}

/* Tells mgmt of a keypair's first packet, so that a responder begins to use it. */
static __rte_noinline void first_heard(struct wg_keypair *k)
{
	struct wg_event e = {.peer = k->peer, .kind = WG_EV_CONFIRMED, .arg = k->local_index};
	k->heard = wg_event_send(&e);
}

/* The lock is taken once per run. */
static inline void accept_counters(struct burst *b, unsigned int from, unsigned int end)
{
	struct wg_keypair *k = b->keys[from];
	bool any = false;
	rte_spinlock_lock(&k->lock);
	for (unsigned int i = from; i < end; i++) {
		b->fresh[i] = b->ops[i].ok && wg_replay_accept_next(&k->replay, b->ops[i].counter);
		any |= b->fresh[i];
	}
	if (unlikely(any && !k->heard))
		first_heard(k);
	rte_spinlock_unlock(&k->lock);
}

/* The packet came from elsewhere than its peer is known to be. */
static __rte_noinline void roam(struct wg_peer *peer, const struct rte_mbuf *m, const struct nf_pkt *p)
{
	struct wg_endpoint from;
	const struct wg_endpoint *known = __atomic_load_n(&peer->endpoint, __ATOMIC_ACQUIRE);
	wg_endpoint_of(m, p, &from);
	if (known && memcmp(known, &from, sizeof(from)) == 0)
		return;
	struct wg_endpoint *e = peer->roaming || !known ? wg_event_endpoint_alloc() : NULL;
	if (!e)
		return;
	*e = from;
	struct wg_event ev = {.peer = peer->handle, .kind = WG_EV_ROAMED, .p = e};
	wg_event_send(&ev);
}

static __rte_noinline rte_edge_t control(struct rte_mbuf *m, struct nf_pkt *p, const struct run *r)
{
	struct wg_control_from from = {.session_ns = r->keypair->born_ns};
	memcpy(p->opaque, &from, sizeof(from));
	struct wg_event e = {.peer = r->peer->handle, .kind = WG_EV_CONTROL, .p = m};
	rte_mbuf_refcnt_update(m, 1); /* one for mgmt, one for the count of its end here */
	if (!wg_event_send(&e))
		rte_mbuf_refcnt_update(m, -1);
	return drop(p, wg.c.control);
}

/* Answers are fewer than ten a second: a flood of data must not become a flood of events. */
static __rte_noinline void tell_closing(struct wg_peer *peer, uint64_t now)
{
	struct wg_event e = {.peer = peer->handle, .kind = WG_EV_CLOSING_RX};
	if (now - __atomic_load_n(&peer->told_ns, __ATOMIC_RELAXED) < TELL_CLOSING_NS)
		return;
	__atomic_store_n(&peer->told_ns, now, __ATOMIC_RELAXED);
	wg_event_send(&e);
}

/* m becomes its inner packet; padding behind it is cut off. */
static inline void strip(struct rte_mbuf *m, const uint8_t *inner, uint32_t bytes)
{
	m->data_off = (uint16_t)(inner - (const uint8_t *)m->buf_addr);
	m->data_len = (uint16_t)bytes;
	m->pkt_len = bytes;
}

static inline uint32_t owner_of(struct source *s, uint8_t version, const uint8_t *addr)
{
	if (s->version == version && wg_same_address(s->addr, addr, version))
		return s->peer;
	s->version = version;
	memcpy(s->addr, addr, version == 4 ? 4 : 16);
	return s->peer = wg_allowed_lookup(&wg.allowed, version, addr);
}

/* Of a peer that is there, and a packet that is genuine and new. */
static inline rte_edge_t take(struct rte_mbuf *m, struct nf_pkt *p, const struct wg_aead_op *op, struct run *r, struct source *s)
{
	uint8_t *inner = op->data;
	uint32_t len = wg_inner_length(inner, op->bytes);
	if (r->may_roam && unlikely(!wg_comes_from(m, p, &r->at)))
		roam(r->peer, m, p);
	r->heard |= 1 << WG_SEEN_ANY_RECEIVED;
	if (unlikely(op->bytes == 0))
		return drop(p, wg.c.keepalive);
	r->heard |= 1 << WG_SEEN_DATA_RECEIVED;
	/* outer CE marks an ECN-capable inner packet (connectivity §1.3) */
	if (unlikely(ip_ecn(rte_pktmbuf_mtod(m, const uint8_t *)) == WG_ECN_CE))
		wg_inner_mark_ce(inner, op->bytes);
	if (unlikely(len == 0))
		return drop(p, wg.c.inner_malformed);
	strip(m, inner, len);
	uint8_t version = inner[0] >> 4;
	if (version == 6 && unlikely(wg_control_event(inner, len) >= 0))
		return control(m, p, r);
	p->ip_version = version;
	if (unlikely(owner_of(s, version, inner + (version == 4 ? 12 : 8)) != r->peer->handle))
		return drop(p, wg.c.source_not_allowed);
	p->peer = r->peer->handle;
	p->flags |= NF_PKT_DECAPPED;
	p->payload_len = 0;
	r->packets++;
	r->bytes += len;
	return WG_DECAP_INNER;
}

static inline rte_edge_t finish(struct rte_mbuf *m, struct burst *b, unsigned int i, struct run *r)
{
	struct nf_pkt *p = nf_pkt(m);
	if (unlikely(!b->ops[i].ok))
		return drop(p, wg.c.bad_tag);
	if (unlikely(!b->fresh[i]))
		return drop(p, wg.c.replayed);
	if (unlikely(!r->peer))
		return drop(p, wg.c.no_session_index);
	return take(m, p, &b->ops[i], r, &b->source);
}

static inline void count(const struct run *r)
{
	struct wg_line *line = &r->peer->lines[nf_worker()->id];
	line->rx_packets += r->packets;
	line->rx_bytes += r->bytes;
	wg_seen_now(r->peer, r->heard, r->now);
	if (unlikely(r->packets && r->peer->closing))
		tell_closing(r->peer, r->now);
}

/* Packets from..end-1, which are of one keypair. */
static inline void finish_run(void **objs, struct burst *b, unsigned int from, unsigned int end, rte_edge_t *ret_next, uint64_t now)
{
	struct run r = {.keypair = b->keys[from], .peer = wg_peer_get(b->keys[from]->peer), .now = now};
	if (r.peer) {
		const struct wg_endpoint *known = __atomic_load_n(&r.peer->endpoint, __ATOMIC_ACQUIRE);
		r.may_roam = r.peer->roaming || !known;
		wg_wire_endpoint(known, &r.at);
	}
	for (unsigned int i = from; i < end; i++)
		ret_next[b->at[i]] = finish(objs[b->at[i]], b, i, &r);
	if (r.heard)
		count(&r);
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

/* Slot → peer → endpoint, own line, and the words of the windows: each step for all before the next, and the AEAD last. */
static inline void fetch_peers(const struct burst *b)
{
	const struct wg_peer *peers[WG_CHUNK];
	uint32_t id = nf_worker()->id;
	for (unsigned int i = 0; i < b->n; i++) {
		rte_prefetch0(&b->keys[i]->replay.words[b->ops[i].counter / 64 % (WG_REPLAY_BITS / 64)]);
		rte_prefetch0(&wg.peers.slots[NF_HANDLE_INDEX(b->keys[i]->peer)]);
	}
	for (unsigned int i = 0; i < b->n; i++) {
		peers[i] = wg_peer_get(b->keys[i]->peer);
		rte_prefetch0(peers[i]);
		rte_prefetch0(peers[i] ? &peers[i]->lines[id] : NULL);
	}
	for (unsigned int i = 0; i < b->n; i++)
		rte_prefetch0(peers[i] ? __atomic_load_n(&peers[i]->endpoint, __ATOMIC_ACQUIRE) : NULL);
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

static inline void open_chunk(void **objs, uint16_t n, rte_edge_t *ret_next, struct burst *b, uint64_t now)
{
	bool many = wg_peers_are_many();
	b->n = 0;
	if (many)
		fetch_keypairs(objs, n);
	for (uint16_t i = 0; i < n; i++)
		if (!collect(objs[i], nf_pkt(objs[i]), b, i, now))
			ret_next[i] = WG_DECAP_DROP;
	if (many)
		fetch_peers(b);
	wg.aead->open(b->ops, b->n);
	if (many)
		fetch_sources(b);
	for (unsigned int i = 0, end; i < b->n; i = end) {
		end = run_of(b, i);
		accept_counters(b, i, end);
		finish_run(objs, b, i, end, ret_next, now);
	}
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	rte_edge_t next[NF_BURST_MAX];
	uint64_t now = nf_worker_now();
	struct burst b;
	b.seen.looked = false;
	b.source.version = 0;
	for (uint16_t i = 0; i < n; i += WG_CHUNK)
		open_chunk(objs + i, (uint16_t)RTE_MIN(WG_CHUNK, n - i), next + i, &b, now);
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
