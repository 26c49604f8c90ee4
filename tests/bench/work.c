/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sample on one worker: packets are made ready in the worker's own ring (untimed), one graph walk
 * carries them from the rx node to the tx node (timed), and they come back from the tx ring to be made
 * ready again. Whatever did not come back is counted as lost.
 *
 * A ring port's queue is one ring for both directions; what tx puts there is taken before the next walk.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>
#include <rte_ip.h>
#include <rte_ring.h>
#include <rte_udp.h>

#include <nf/pkt.h>

#include "bench.h"
#include "runtime.h"

#define BURST_MAX 256
#define WALKS_MAX 65536u
#define L2        RTE_ETHER_HDR_LEN

/* writer: that worker */
static struct seat {
	struct rte_ring *wan, *lan;
	struct rte_mbuf *pkts[BURST_MAX];
	struct wg_aead_op ops[BURST_MAX];
	uint32_t random;
	uint32_t walks[WALKS_MAX]; /* cycles of each */
} seats[BENCH_WORKERS_MAX];

static const uint8_t neighbour_mac[6] = {2, 0, 0, 0, 0, 0x77};

int work_init(void)
{
	char name[RTE_RING_NAMESIZE];
	for (uint32_t w = 0; w < rig.workers; w++) {
		struct seat *s = &seats[w];
		snprintf(name, sizeof(name), "ETH_RXTX%u_net_ring_wan", w);
		s->wan = rte_ring_lookup(name);
		snprintf(name, sizeof(name), "ETH_RXTX%u_net_ring_lan", w);
		s->lan = rte_ring_lookup(name);
		s->random = 2463534242u + w;
		if (!s->wan || !s->lan || rte_pktmbuf_alloc_bulk(ports_pool(), s->pkts, BURST_MAX) != 0)
			return -ENOENT;
	}
	return 0;
}

static uint32_t random_peer(struct seat *s, const struct bench_job *job, uint32_t worker)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 17;
	s->random ^= s->random << 5;
	uint32_t i = (uint32_t)((uint64_t)s->random * job->peers >> 32);
	if (job->stride < 2)
		return i;
	i = i - i % job->stride + worker;
	return i < job->peers ? i : worker % job->peers;
}

/* An empty frame for a port, mtod at its Ethernet header. */
static uint8_t *reset(struct rte_mbuf *m, uint16_t port, uint16_t type, uint32_t bytes)
{
	rte_pktmbuf_reset(m);
	uint8_t *e = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)bytes);
	memcpy(e, nf_port(port)->mac, 6);
	memcpy(e + 6, neighbour_mac, 6);
	e[12] = (uint8_t)(type >> 8);
	e[13] = (uint8_t)type;
	return e + L2;
}

static void put_ipv4(uint8_t *at, uint32_t bytes, uint32_t src, uint32_t dst)
{
	struct rte_ipv4_hdr ip = {.version_ihl = RTE_IPV4_VHL_DEF, .total_length = htons((uint16_t)bytes), .time_to_live = 64,
				  .next_proto_id = IPPROTO_UDP, .src_addr = src, .dst_addr = dst};
	ip.hdr_checksum = nf_sum16_finish(nf_sum16(&ip, sizeof(ip), 0));
	memcpy(at, &ip, sizeof(ip));
}

static void put_udp(uint8_t *at, uint32_t bytes, uint16_t src, uint16_t dst)
{
	struct rte_udp_hdr udp = {.src_port = htons(src), .dst_port = htons(dst), .dgram_len = htons((uint16_t)bytes)};
	memcpy(at, &udp, sizeof(udp));
}

static void put_inner(uint8_t *at, uint32_t bytes, uint32_t src, uint32_t dst)
{
	put_ipv4(at, bytes, src, dst);
	put_udp(at + 20, bytes - 20, 1234, 5678);
}

static void ready_encap(struct seat *s, const struct bench_job *job, uint32_t worker)
{
	for (uint32_t i = 0; i < job->burst; i++) {
		uint8_t *ip = reset(s->pkts[i], 1, RTE_ETHER_TYPE_IPV4, L2 + job->inner);
		put_inner(ip, job->inner, htonl(RIG_LAN_HOST), rig_inner_of(random_peer(s, job, worker)));
	}
}

static uint32_t padded(uint32_t inner)
{
	uint32_t n = (inner + 15u) & ~15u;
	return n <= 1420 ? n : inner > 1420 ? inner : 1420;
}

static void put_message(uint8_t *at, struct wg_aead_op *op, const struct wg_keypair *k, uint64_t counter, uint32_t bytes)
{
	struct wg_data *h = (struct wg_data *)at;
	wg_put32(h->type, WG_DATA);
	wg_put32(h->receiver, k->local_index);
	wg_put64(h->counter, counter);
	*op = (struct wg_aead_op){.key = k->receive, .counter = counter, .data = at + WG_DATA_HEADER, .bytes = bytes};
}

static void ready_decap(struct seat *s, const struct bench_job *job, uint32_t worker)
{
	uint32_t bytes = padded(job->inner), datagram = 8 + WG_DATA_OVERHEAD + bytes;
	for (uint32_t i = 0; i < job->burst; i++) {
		uint32_t peer = random_peer(s, job, worker), remote;
		struct wg_endpoint e;
		rig_endpoint_of(peer, &e);
		memcpy(&remote, e.remote, 4);
		uint8_t *ip = reset(s->pkts[i], 0, RTE_ETHER_TYPE_IPV4, L2 + 20 + datagram);
		put_ipv4(ip, 20 + datagram, remote, htonl(RIG_WAN_ADDR));
		put_udp(ip + 20, datagram, e.remote_port, RIG_PORT);
		put_inner(ip + 28 + WG_DATA_HEADER, job->inner, rig_inner_of(peer), htonl(RIG_LAN_HOST));
		put_message(ip + 28, &s->ops[i], rig.keypairs[peer], rig.counters[peer]++, bytes);
	}
	rig.wg->aead->seal(s->ops, job->burst);
}

/* The engine alone gets what the nodes give it: one key after the other, packets in mbufs. */
static void ready_bare(struct seat *s, const struct bench_job *job, uint32_t worker)
{
	static uint64_t counter[BENCH_WORKERS_MAX]; /* of an engine that is no session */
	const struct wg_keypair *k = rig.keypairs[0];
	for (uint32_t i = 0; i < job->burst; i++) {
		uint8_t *at = reset(s->pkts[i], 0, RTE_ETHER_TYPE_IPV4, L2 + 28 + WG_DATA_OVERHEAD + padded(job->inner)) + 28;
		if (job->inner > 1420) /* no packet of a tunnel, but a size that engines are compared at */
			at = rte_pktmbuf_mtod_offset(s->pkts[i], uint8_t *, 64);
		put_message(at, &s->ops[i], k, counter[worker]++, job->inner > 1420 ? job->inner : padded(job->inner));
	}
	if (job->what == BENCH_OPEN)
		rig.wg->aead->seal(s->ops, job->burst);
}

static uint64_t time_bare(struct seat *s, struct bench_job *job)
{
	uint64_t start = rte_rdtsc_precise();
	if (job->what == BENCH_SEAL)
		rig.wg->aead->seal(s->ops, job->burst);
	else
		rig.wg->aead->open(s->ops, job->burst);
	uint64_t end = rte_rdtsc_precise();
	for (uint32_t i = 0; job->what == BENCH_OPEN && i < job->burst; i++)
		job->lost += !s->ops[i].ok;
	return end - start;
}

static void collect(struct seat *s, struct rte_ring *from, struct bench_job *job)
{
	struct rte_mbuf *extra;
	unsigned int n = rte_ring_dequeue_burst(from, (void **)s->pkts, job->burst, NULL);
	job->lost += job->burst - n;
	while (rte_ring_dequeue(from, (void **)&extra) == 0) /* what the node itself had to say */
		rte_pktmbuf_free(extra);
	for (; n < job->burst; n++)
		if (!(s->pkts[n] = rte_pktmbuf_alloc(ports_pool())))
			abort(); /* our own mistake: packets leak */
}

static uint64_t time_walk(struct seat *s, struct nf_worker *w, struct bench_job *job)
{
	struct rte_ring *in = job->what == BENCH_ENCAP ? s->lan : s->wan, *out = job->what == BENCH_ENCAP ? s->wan : s->lan;
	rte_ring_enqueue_bulk(in, (void **)s->pkts, job->burst, NULL);
	uint64_t start = rte_rdtsc_precise();
	worker_walk(w);
	uint64_t end = rte_rdtsc_precise();
	collect(s, out, job);
	return end - start;
}

/* Says who has the gateway's and the host's addresses, so that nobody needs to ask. */
static void announce(struct seat *s, struct nf_worker *w)
{
	for (uint16_t port = 0; port < 2; port++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(ports_pool());
		uint32_t from = htonl(port ? RIG_LAN_HOST : RIG_WAN_GW), to = htonl(port ? RIG_LAN_ADDR : RIG_WAN_ADDR);
		uint8_t *arp = reset(m, port, RTE_ETHER_TYPE_ARP, L2 + 46);
		static const uint8_t head[8] = {0, 1, 8, 0, 6, 4, 0, 1};
		memcpy(arp, head, 8);
		memcpy(arp + 8, neighbour_mac, 6);
		memcpy(arp + 14, &from, 4);
		memset(arp + 18, 0, 6);
		memcpy(arp + 24, &to, 4);
		rte_ring_enqueue(port ? s->lan : s->wan, m);
	}
	worker_walk(w);
	struct bench_job none = {0};
	collect(s, s->wan, &none); /* the answers */
	collect(s, s->lan, &none);
}

static void note_nodes(struct nf_worker *w, struct bench_job *job, int sign)
{
	struct rte_graph *graph = graph_of(w->id);
	struct rte_node *node;
	rte_node_t count;
	rte_graph_off_t off;
	job->n_nodes = 0;
	rte_graph_foreach_node(count, off, graph, node)
	{
		if (job->n_nodes == BENCH_NODES_MAX)
			break;
		struct bench_node *n = &job->nodes[job->n_nodes++];
		snprintf(n->name, sizeof(n->name), "%s", node->name);
		n->cycles = sign < 0 ? node->total_cycles : node->total_cycles - n->cycles;
		n->objs = sign < 0 ? node->total_objs : node->total_objs - n->objs;
	}
}

static uint64_t turn(struct seat *s, struct nf_worker *w, struct bench_job *job)
{
	if (job->what == BENCH_SEAL || job->what == BENCH_OPEN) {
		ready_bare(s, job, w->id);
		return time_bare(s, job);
	}
	if (job->what == BENCH_ENCAP)
		ready_encap(s, job, w->id);
	else
		ready_decap(s, job, w->id);
	return time_walk(s, w, job);
}

static int ascending(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

void work_run(struct nf_worker *w, struct bench_job *job)
{
	struct seat *s = &seats[w->id];
	announce(s, w);
	if (job->what == BENCH_FRAMES)
		return;
	for (int warm = 0; warm < 4; warm++)
		turn(s, w, job);
	job->lost = 0;
	note_nodes(w, job, -1);
	uint32_t n = 0;
	for (uint64_t spent = 0; n < WALKS_MAX && spent < job->budget_cycles; n++) {
		uint64_t cycles = turn(s, w, job);
		spent += cycles;
		s->walks[n] = (uint32_t)RTE_MIN(cycles, UINT32_MAX);
		job->packets += job->burst;
	}
	note_nodes(w, job, 1);
	qsort(s->walks, n, sizeof(s->walks[0]), ascending);
	job->cycles_per_packet = (double)s->walks[n / 2] / job->burst;
}
