/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in the graph. Nodes are ordinary rte_graph nodes registered by constructor
 * (RTE_NODE_REGISTER) with edge 0 = "drop". During init a plugin says where its nodes belong; the
 * runtime wires the edges before it creates one graph per worker. All functions here: mgmt, during init.
 *
 * Nodes of nf/nodes:
 *   nf_rx-<port>-<queue>  → classify          nf_tx-<port>   ← neigh        drop
 *   classify   L2, VLAN → interface, L3 checks; own address or not; sends to the matches below
 *   inject     packets from mgmt              handoff, handoff_rx-<worker>
 */
#ifndef NF_NODE_H
#define NF_NODE_H

#include <stdint.h>
#include <string.h>

#include <rte_graph_worker.h>

/* Declares edge enum and names together: #define EDGES(X) X(FOO_DROP, "drop") X(FOO_NEXT, "bar") */
#define NF_EDGE_ENUM(id, name) id,
#define NF_EDGE_NAME(id, name) name,

/*
 * What `classify` recognises, and who gets it. UDP datagrams to an own address and `port` are matched
 * in order of `priority` (low first): (first 8 payload bytes as big-endian u64 & mask) == value, and
 * min_len <= length <= max_len. A datagram to a tunnel port that nobody matches is dropped as
 * "tunnel_port_unknown"; other ports go to the host.
 */
struct nf_match_udp {
	const char *node;
	uint16_t port; /* host byte order */
	uint16_t priority;
	uint16_t min_len, max_len;
	uint64_t mask, value;
};
int nf_classify_udp(const struct nf_match_udp *match); /* -ENOSPC: more than 32 */

enum nf_class {
	NF_CLASS_ARP,     /* mtod: ARP header */
	NF_CLASS_ND,      /* neighbour discovery types 133-137, hop limit 255 checked: mtod: IPv6 header */
	NF_CLASS_HOST,    /* to an own address and nobody's above */
	NF_CLASS_FORWARD, /* from lan to elsewhere: start of the inbound arc */
	NF_CLASS_TRANSIT, /* from wan to elsewhere, not ours */
	NF_CLASS_MAX
};
int nf_classify_class(enum nf_class class, const char *node); /* -EBUSY: somebody has it already */

/*
 * Arcs: ordered lists of nodes that plugins ask to join. A node on an arc has an edge named
 * "arc:<arc>"; the runtime points it at the next node of the arc. The start of the arc has such an edge
 * too (nf_arc_start), and the node that ends it takes all that is left (nf_arc_end).
 *   outbound  after decapsulation → … → ip_route          inbound  from lan → … → wg_peer_lookup
 *   host      from the host TAP → … → ip_route
 */
int nf_arc_start(const char *arc, const char *node);
int nf_arc_join(const char *arc, const char *node, int order); /* lower order first */
int nf_arc_end(const char *arc, const char *node);

/* How many of next[from..n-1] in a row are the same edge. Four at a time: most bursts go one way. */
static inline uint16_t nf_dispatch_run(const rte_edge_t *next, uint16_t from, uint16_t n)
{
	uint64_t same = next[from] * 0x0001000100010001ull, four;
	uint16_t end = from;
	for (; end + 4 <= n; end = (uint16_t)(end + 4)) {
		memcpy(&four, next + end, sizeof(four));
		if (four != same)
			break;
	}
	while (end < n && next[end] == next[from])
		end++;
	return (uint16_t)(end - from);
}

/* Sends objs[i] to edge next[i], which are not all the same. */
static inline void nf_dispatch_runs(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n,
				    const rte_edge_t *next)
{
	for (uint16_t i = 0, run; i < n; i = (uint16_t)(i + run)) {
		run = nf_dispatch_run(next, i, n);
		if (run == 1)
			rte_node_enqueue_x1(graph, node, next[i], objs[i]);
		else
			rte_node_enqueue(graph, node, next[i], objs + i, run);
	}
}

/*
 * Sends objs[i] to edge next[i]. A burst that goes one way is moved as a whole; objs must be the node's
 * own array. Workers only.
 */
static inline void nf_dispatch(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n,
			       const rte_edge_t *next)
{
	if (unlikely(n == 0))
		return;
	if (likely(nf_dispatch_run(next, 0, n) == n))
		rte_node_next_stream_move(graph, node, next[0]);
	else
		nf_dispatch_runs(graph, node, objs, n, next);
}

/* The same for a node that gave some of its n packets away: k of them are kept, in their order. */
static inline void nf_dispatch_kept(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n, void **kept,
				    uint16_t k, const rte_edge_t *next)
{
	if (likely(k == n))
		nf_dispatch(graph, node, objs, n, next);
	else
		nf_dispatch_runs(graph, node, kept, k, next);
}

#endif
