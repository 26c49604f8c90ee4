/* SPDX-License-Identifier: Apache-2.0 */
/* inner_check: start of the outbound arc; a decapsulated packet must be one that may be forwarded at all. */
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/node.h>

#include "inner.h"
#include "ip.h"

#define EDGES(X)              \
	X(INNER_DROP, "drop")  \
	X(INNER_NEXT, "arc:outbound")
enum { EDGES(NF_EDGE_ENUM) };

static inline rte_edge_t refuse(struct nf_pkt *p, uint16_t counter)
{
	p->drop = counter;
	return INNER_DROP;
}

static inline rte_edge_t check_one(struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	if (unlikely(!ip_inner_is_sound(ip, m->pkt_len)))
		return refuse(nf_pkt(m), ip_inner_is_control(ip, m->pkt_len) ? ip_c.inner_control : ip_c.inner_malformed);
	if (unlikely(ip[0] >> 4 == 6 && ip_inner_is_control(ip, m->pkt_len)))
		return refuse(nf_pkt(m), ip_c.inner_control);
	return INNER_NEXT;
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	rte_edge_t next[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++)
		next[i] = check_one(objs[i]);
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register inner_check_node = {
	.name = "inner_check",
	.process = process,
	.nb_edges = 2,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(inner_check_node)
