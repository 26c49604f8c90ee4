/* SPDX-License-Identifier: Apache-2.0 */
/*
 * icmp_error: the offending packet ends here, charged to the counter its sender chose; if it deserves an
 * answer and the rate allows, an error goes back to its source.
 */
#include <string.h>

#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/clock.h>
#include <nf/icmp_error.h>
#include <nf/node.h>

#include "icmp.h"
#include "ip.h"

#define EDGES(X)             \
	X(ICMP_DROP, "drop")  \
	X(ICMP_ROUTE, "ip_route")
enum { EDGES(NF_EDGE_ENUM) };

/* Per worker, so that no line is shared: each may send its part of the rate. */
struct bucket {
	uint64_t second;
	uint32_t sent;
} __rte_cache_aligned;
static struct bucket buckets[NF_WORKER_MAX];

static inline bool rate_allows(void)
{
	struct bucket *b = &buckets[nf_worker()->id];
	uint64_t second = nf_worker_now() / NF_NS_PER_S;
	if (b->second != second)
		*b = (struct bucket){.second = second};
	return b->sent++ < ip_icmp_per_s / nf_worker_count() + 1;
}

/* Our address on the interface the offender came by: it is the router it knows. */
static inline struct nf_ip source_for(const struct nf_pkt *p, const uint8_t *ip)
{
	const struct nf_net *net = nf_net();
	const struct nf_iface *iface = &net->iface[p->iface];
	struct nf_ip to = {.family = p->ip_version};
	memcpy(to.v6, ip + (p->ip_version == 4 ? 12 : 8), p->ip_version == 4 ? 4 : 16);
	struct nf_ip source = nf_iface_source(iface->in_use && !(p->flags & NF_PKT_DECAPPED) ? iface : &net->iface[NF_IFACE_LAN], &to);
	return source.family ? source : nf_iface_source(&net->iface[NF_IFACE_WAN], &to);
}

static inline struct rte_mbuf *answer_to(struct rte_mbuf *m, struct nf_pkt *p)
{
	struct nf_icmp_want want;
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint8_t error[ICMP_ERROR_MAX];
	memcpy(&want, p->opaque, sizeof(want));
	struct nf_ip source = source_for(p, ip);
	if (!source.family || (p->flags & NF_PKT_L2_BROADCAST) || !icmp_may_answer(ip, m->pkt_len)) {
		nf_count(ip_c.icmp_unanswerable, 1);
		return NULL;
	}
	if (!rate_allows()) {
		nf_count(ip_c.icmp_rate_limited, 1);
		return NULL;
	}
	struct rte_mbuf *out = nf_pkt_alloc();
	if (!out)
		return NULL;
	size_t n = icmp_error_build(error, ip, m->pkt_len, source.v6, (enum icmp_error)want.what, want.mtu);
	memcpy(rte_pktmbuf_append(out, (uint16_t)n), error, n);
	nf_pkt(out)->ip_version = p->ip_version;
	nf_pkt(out)->flags = NF_PKT_LOCAL;
	nf_count(ip_c.icmp_sent, 1);
	return out;
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct nf_pkt *p = nf_pkt(objs[i]);
		struct rte_mbuf *out = p->flags & NF_PKT_TUNNEL_OUT ? NULL : answer_to(objs[i], p);
		if (out)
			rte_node_enqueue_x1(graph, node, ICMP_ROUTE, out);
		rte_node_enqueue_x1(graph, node, ICMP_DROP, objs[i]);
	}
	return n;
}

static struct rte_node_register icmp_error_node = {
	.name = "icmp_error",
	.process = process,
	.nb_edges = 2,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(icmp_error_node)
