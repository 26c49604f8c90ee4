/* SPDX-License-Identifier: Apache-2.0 */
/* What runs, as a picture (DOT) or as per-node statistics (JSON lines). */
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/worker.h>

#include "runtime.h"

static void put_node(FILE *f, const struct rte_node *node)
{
	for (rte_edge_t e = 0; e < node->nb_edges; e++) {
		const struct rte_node *to = node->nodes[e];
		if (to && e > 0) /* edge 0 is drop everywhere: drawing it hides the rest */
			fprintf(f, "  \"%s\" -> \"%s\";\n", node->name, to->name);
	}
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
