/* SPDX-License-Identifier: Apache-2.0 */
/* wg_handshake: hands initiations, responses and cookie replies to the handshake thread; the packet ends here. */
#include <string.h>

#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/node.h>
#include <nf/pkt.h>

#include "wg.h"
#include "nodes.h"

#define EDGES(X) X(WG_HANDSHAKE_DROP, "drop")
enum { EDGES(NF_EDGE_ENUM) };

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	rte_edge_t next[NF_BURST_MAX];
	struct wg_endpoint from;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct nf_pkt *p = nf_pkt(m);
		wg_endpoint_of(m, p, &from);
		const uint8_t *message = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->payload_off);
		p->drop = handshaker_offer(message, p->payload_len, &from) ? wg.c.handshake_taken : wg.c.handshake_queue_full;
		next[i] = WG_HANDSHAKE_DROP;
	}
	nf_wake(NF_WAKE_HANDSHAKE);
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register wg_handshake_node = {
	.name = "wg_handshake",
	.process = process,
	.nb_edges = 1,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(wg_handshake_node)
