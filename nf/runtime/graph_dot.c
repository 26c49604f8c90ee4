/* SPDX-License-Identifier: Apache-2.0 */
/* What runs, as a picture (DOT) or as per-node statistics (JSON lines). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/worker.h>

#include "runtime.h"

static bool drawn_before(const struct rte_node *node, rte_edge_t edge)
{
	for (rte_edge_t e = 1; e < edge; e++)
		if (node->nodes[e] == node->nodes[edge])
			return true;
	return false;
}

/* What packets of this node's own making take is dashed, so that the way through stands out. */
static const char *style_of(const struct rte_node *node)
{
	static const char *const own[] = {"inject", "handoff_rx", "icmp_error"};
	for (unsigned int i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(node->name, own[i]) == 0)
			return " [style=dashed color=gray]";
	return "";
}

static void put_node(FILE *f, const struct rte_node *node)
{
	for (rte_edge_t e = 1; e < node->nb_edges; e++) /* edge 0 is drop everywhere: drawing it hides the rest */
		if (node->nodes[e] && !drawn_before(node, e))
			fprintf(f, "  \"%s\" -> \"%s\"%s;\n", node->name, node->nodes[e]->name, style_of(node));
}

/* Every worker walks the same nodes but for its sources: those of the first are drawn, and the others' own. */
static bool is_shared(uint32_t worker, const struct rte_node *node)
{
	return worker > 0 && rte_graph_node_get_by_name(graph_name(0), node->name) != NULL;
}

char *graph_dot(void)
{
	char *text = NULL;
	size_t bytes;
	rte_graph_off_t off;
	rte_node_t count;
	struct rte_node *node;
	FILE *f = open_memstream(&text, &bytes);
	if (!f)
		return NULL;
	fprintf(f, "digraph sluice {\n  rankdir=LR;\n  node [fontname=\"sans-serif\" shape=box];\n");
	for (uint32_t w = 0; w < nf_worker_count(); w++) {
		struct rte_graph *graph = graph_of(w);
		fprintf(f, "  // %s\n", graph_name(w));
		rte_graph_foreach_node(count, off, graph, node)
			if (!is_shared(w, node))
				put_node(f, node);
	}
	fprintf(f, "}\n");
	fclose(f);
	return text;
}

static void put_stats(FILE *f, uint32_t worker, const struct rte_node *node)
{
	double per_packet = node->total_objs ? (double)node->total_cycles / (double)node->total_objs : 0;
	fprintf(f,
		"{\"worker\":%u,\"node\":\"%s\",\"calls\":%lu,\"packets\":%lu,\"cycles\":%lu,"
		"\"cycles_per_packet\":%.1f}\n",
		worker, node->name, (unsigned long)node->total_calls, (unsigned long)node->total_objs,
		(unsigned long)node->total_cycles, per_packet);
}

char *graph_stats_json(void)
{
	char *text = NULL;
	size_t bytes;
	rte_graph_off_t off;
	rte_node_t count;
	struct rte_node *node;
	FILE *f = open_memstream(&text, &bytes);
	if (!f)
		return NULL;
	for (uint32_t w = 0; w < nf_worker_count(); w++)
		rte_graph_foreach_node(count, off, graph_of(w), node)
			put_stats(f, w, node);
	fclose(f);
	return text;
}
