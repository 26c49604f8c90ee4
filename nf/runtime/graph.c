/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the graph: collects what plugins ask for during init, wires edges, creates one rte_graph per
 * worker from its source nodes; everything reachable follows. Mgmt, before the workers run.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_graph.h>
#include <rte_malloc.h>

#include "nodes/nodes.h"
#include "runtime.h"

#define ARC_MAX      8
#define ARC_NODE_MAX 16
#define SOURCE_MAX   (NF_PORT_MAX * NF_WORKER_MAX + 2)

struct arc {
	char name[16];
	const char *start, *end;
	unsigned int n;
	struct {
		const char *node;
		int order;
	} at[ARC_NODE_MAX];
};

static struct {
	struct arc arcs[ARC_MAX];
	const char *class_node[NF_CLASS_MAX];
	uint16_t inject_edges;
	struct rte_graph *graphs[NF_WORKER_MAX];
	rte_graph_t ids[NF_WORKER_MAX];
	char names[NF_WORKER_MAX][RTE_GRAPH_NAMESIZE];
	uint32_t n_graphs;
} g;

uint16_t nf_source_burst = RTE_GRAPH_BURST_SIZE;

static struct arc *arc_named(const char *name)
{
	for (unsigned int i = 0; i < ARC_MAX; i++) {
		if (g.arcs[i].name[0] == 0)
			snprintf(g.arcs[i].name, sizeof(g.arcs[i].name), "%s", name);
		if (strcmp(g.arcs[i].name, name) == 0)
			return &g.arcs[i];
	}
	return NULL;
}

int nf_arc_start(const char *name, const char *node)
{
	struct arc *arc = arc_named(name);
	if (!arc)
		return -ENOSPC;
	if (arc->start)
		return -EBUSY;
	arc->start = node;
	return 0;
}

int nf_arc_end(const char *name, const char *node)
{
	struct arc *arc = arc_named(name);
	if (!arc)
		return -ENOSPC;
	if (arc->end)
		return -EBUSY;
	arc->end = node;
	return 0;
}

int nf_arc_join(const char *name, const char *node, int order)
{
	struct arc *arc = arc_named(name);
	if (!arc || arc->n == ARC_NODE_MAX)
		return -ENOSPC;
	unsigned int i = arc->n++;
	for (; i > 0 && arc->at[i - 1].order > order; i--)
		arc->at[i] = arc->at[i - 1];
	arc->at[i].node = node;
	arc->at[i].order = order;
	return 0;
}

int nf_classify_udp(const struct nf_match_udp *match)
{
	struct nf_classify_table *t = &nf_classify_table;
	if (t->n_matches == NF_MATCH_MAX)
		return -ENOSPC;
	unsigned int i = t->n_matches++;
	for (; i > 0 && t->match[i - 1].priority > match->priority; i--)
		t->match[i] = t->match[i - 1];
	t->match[i] = *match;
	return 0;
}

int nf_classify_class(enum nf_class class, const char *node)
{
	if (g.class_node[class])
		return -EBUSY;
	g.class_node[class] = node;
	return 0;
}

/* Adds an edge at the end of a node's list; its index, or -errno. */
static int add_edge(const char *from, const char *to)
{
	rte_node_t id = rte_node_from_name(from);
	if (id == RTE_NODE_ID_INVALID || rte_node_from_name(to) == RTE_NODE_ID_INVALID) {
		nf_log(NF_ERR, "graph_node_missing", "from=%s to=%s", from, to);
		return -ENOENT;
	}
	int index = (int)rte_node_edge_count(id);
	if (rte_node_edge_update(id, RTE_EDGE_ID_INVALID, &to, 1) == 0)
		return -rte_errno;
	return index;
}

uint16_t nf_inject_edge(const char *node)
{
	int index = add_edge("inject", node);
	if (index < 0)
		abort(); /* start-up only: the plugin names a node that it did not register */
	return (uint16_t)index;
}

/* classify and handoff_rx have the same list of edges, so a hand-off resumes where classify had decided. */
static int classify_edge(const char *node, rte_edge_t *ret_edge)
{
	int a = add_edge("classify", node), b = add_edge("handoff_rx", node);
	if (a < 0 || b < 0)
		return a < 0 ? a : b;
	if (a != b)
		return -EINVAL;
	*ret_edge = (rte_edge_t)a;
	return 0;
}

static int wire_classify(void)
{
	struct nf_classify_table *t = &nf_classify_table;
	int rc = 0;
	/* handoff_rx: edge 1 is never used there, but keeps the lists parallel */
	if (add_edge("handoff_rx", "drop") != CLASSIFY_HANDOFF)
		return -EINVAL;
	for (unsigned int i = 0; rc == 0 && i < t->n_matches; i++)
		rc = classify_edge(t->match[i].node, &t->match_edge[i]);
	for (unsigned int i = 0; rc == 0 && i < NF_CLASS_MAX; i++)
		if (g.class_node[i])
			rc = classify_edge(g.class_node[i], &t->class_edge[i]);
	struct arc *host = arc_named("host"), *inbound = arc_named("inbound");
	if (rc == 0 && host->start)
		rc = classify_edge(host->start, &t->host_arc_edge);
	const char *first = inbound->n ? inbound->at[0].node : inbound->end;
	if (rc == 0 && first)
		rc = classify_edge(first, &t->inbound_arc_edge);
	return rc;
}

/* Points the edge "arc:<name>" of `from` at `to`. */
static int wire_step(const struct arc *arc, const char *from, const char *to)
{
	char placeholder[RTE_NODE_NAMESIZE];
	char *names[64];
	rte_node_t id = rte_node_from_name(from);
	snprintf(placeholder, sizeof(placeholder), "arc:%s", arc->name);
	if (id == RTE_NODE_ID_INVALID || rte_node_from_name(to) == RTE_NODE_ID_INVALID)
		return -ENOENT;
	rte_node_t n = rte_node_edge_get(id, names);
	for (rte_edge_t i = 0; i < n; i++)
		if (strcmp(names[i], placeholder) == 0)
			return rte_node_edge_update(id, i, &to, 1) == 0 ? -rte_errno : 0;
	nf_log(NF_ERR, "arc_edge_missing", "arc=%s node=%s", arc->name, from);
	return -ENOENT;
}

static int wire_arc(const struct arc *arc)
{
	int rc = 0;
	const char *from = arc->start;
	if (arc->name[0] == 0 || (!arc->start && arc->n == 0))
		return 0;
	if (!arc->end) {
		nf_log(NF_ERR, "arc_has_no_end", "arc=%s", arc->name);
		return -ENOENT;
	}
	for (unsigned int i = 0; rc == 0 && i < arc->n; i++) {
		if (from)
			rc = wire_step(arc, from, arc->at[i].node);
		from = arc->at[i].node;
	}
	return rc ? rc : wire_step(arc, from, arc->end);
}

int graph_wire(void)
{
	int rc = wire_classify();
	for (unsigned int i = 0; rc == 0 && i < ARC_MAX; i++)
		rc = wire_arc(&g.arcs[i]);
	return rc;
}

/* Rx queue q of a port belongs to worker q modulo workers; ports without RSS go round from the last worker. */
static bool polls(uint32_t worker, uint32_t workers, uint16_t port, uint16_t queue)
{
	if (nf_port(port)->rss)
		return queue % workers == worker;
	return (port + queue) % workers == worker;
}

static int create_one(uint32_t worker, uint32_t workers)
{
	static char names[SOURCE_MAX][RTE_NODE_NAMESIZE];
	const char *patterns[SOURCE_MAX];
	uint16_t n = 0;
	for (uint16_t p = 0; p < nf_port_count(); p++)
		for (uint16_t q = 0; q < nf_port(p)->rx_queues; q++)
			if (polls(worker, workers, p, q)) {
				snprintf(names[n], RTE_NODE_NAMESIZE, "nf_rx-%u-%u", p, q);
				patterns[n] = names[n];
				n++;
			}
	patterns[n++] = "inject";
	patterns[n++] = "handoff_rx";
	if (nf_source_burst > NF_BURST_MAX / n)
		nf_source_burst = NF_BURST_MAX / n;
	struct rte_graph_param param = {.socket_id = SOCKET_ID_ANY, .nb_node_patterns = n, .node_patterns = patterns};
	snprintf(g.names[worker], RTE_GRAPH_NAMESIZE, "worker-%u", worker);
	g.ids[worker] = rte_graph_create(g.names[worker], &param);
	if (g.ids[worker] == RTE_GRAPH_ID_INVALID) {
		nf_log(NF_ERR, "graph_create_failed", "worker=%u error=\"%s\"", worker, rte_strerror(rte_errno));
		return -rte_errno;
	}
	g.graphs[worker] = rte_graph_lookup(g.names[worker]);
	return 0;
}

int graph_create(uint32_t workers)
{
	for (uint32_t w = 0; w < workers; w++) {
		int rc = create_one(w, workers);
		if (rc != 0)
			return rc;
		g.n_graphs++;
	}
	return 0;
}

void graph_destroy(void)
{
	while (g.n_graphs > 0)
		rte_graph_destroy(g.ids[--g.n_graphs]);
}

struct rte_graph *graph_of(uint32_t worker)
{
	return g.graphs[worker];
}

const char *graph_name(uint32_t worker)
{
	return g.names[worker];
}
