/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "json.h"
#include "table.h"

static void take(void *arg, const void *body, const void *tail, size_t tail_bytes)
{
	struct nf_text piece;
	memcpy(&piece, body, sizeof(piece));
	fwrite(tail, 1, piece.text_bytes < tail_bytes ? piece.text_bytes : tail_bytes, arg);
}

/* The daemon sends one JSON object a line. */
static json_t *nodes_of(const char *text)
{
	json_t *list = json_array();
	while (*text) {
		size_t n = strcspn(text, "\n");
		json_t *node = json_loadb(text, n, 0, NULL);
		if (node)
			json_array_append_new(list, node);
		text += n + (text[n] == '\n');
	}
	return list;
}

static json_int_t integer(const json_t *node, const char *key)
{
	return json_integer_value(json_object_get(node, key));
}

static double share(const json_t *node, double all)
{
	return all > 0 ? 100.0 * (double)integer(node, "cycles") / all : 0;
}

static void add_row(struct table *t, const json_t *node, double all)
{
	char text[FMT_BYTES];
	json_int_t calls = integer(node, "calls"), packets = integer(node, "packets");
	const char *name = json_string_value(json_object_get(node, "node"));
	enum tone tone = packets ? TONE_PLAIN : TONE_FAINT;
	table_add(t, tone, "%d", (int)integer(node, "worker"));
	table_add(t, tone, "%s", name ? name : "?");
	table_add(t, tone, "%s", fmt_count(text, (uint64_t)calls));
	table_add(t, tone, "%s", fmt_count(text, (uint64_t)packets));
	table_add(t, tone, "%.1f", calls ? (double)packets / (double)calls : 0);
	table_add(t, tone, "%.1f", packets ? (double)integer(node, "cycles") / (double)packets : 0);
	table_add(t, tone, "%.1f %%", share(node, all));
}

static void print_stats(struct ctl *ctl, const json_t *nodes)
{
	static const char *const headers[] = {">worker",   "node",           ">calls",        ">packets",
					      ">per call", ">cycles/packet", ">of all cycles"};
	struct table t;
	size_t i;
	double all = 0;
	json_t *node;
	table_begin(&t, sizeof(headers) / sizeof(headers[0]), headers);
	json_array_foreach (nodes, i, node)
		all += (double)integer(node, "cycles");
	json_array_foreach (nodes, i, node)
		add_row(&t, node, all);
	table_end(&t, ctl->out, ctl->colour);
}

static void print(struct ctl *ctl, char *text)
{
	json_t *nodes = ctl->args.stats ? nodes_of(text) : NULL;
	if (ctl->args.json && nodes)
		json_print(ctl, json_pack("{s:o, s:O}", "via", json_via(ctl), "nodes", nodes));
	else if (ctl->args.json)
		json_print(ctl, json_pack("{s:o, s:o}", "via", json_via(ctl), "dot", json_string(text)));
	else if (nodes)
		print_stats(ctl, nodes);
	else
		fputs(fmt_harmless(text), ctl->out);
	json_decref(nodes);
}

enum ctl_exit show_graph(struct ctl *ctl)
{
	struct nf_text want = {.flags = ctl->args.stats ? 1 : 0};
	char *text = NULL;
	size_t bytes;
	FILE *whole = open_memstream(&text, &bytes);
	if (!whole)
		abort();
	enum ctl_exit code =
	    link_request(&ctl->link, NF_MSG_GRAPH_GET, &want, sizeof(want), take, whole, sizeof(want));
	fclose(whole);
	if (code == CTL_OK)
		print(ctl, text);
	free(text);
	return code;
}
