/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "format.h"
#include "json.h"
#include "table.h"

struct listing {
	bool all;
	json_t *list; /* with --json */
	struct table table;
	unsigned int n;
};

static const char *kind_of(const struct nf_counter_info *c)
{
	return c->kind == NF_COUNTER_DROP ? "drop" : "event";
}

static void add_row(struct table *t, const struct nf_counter_info *c)
{
	char owner[NF_NAME_BYTES], name[NF_NAME_BYTES], value[FMT_BYTES], help[NF_TEXT_BYTES];
	memcpy(help, c->help, sizeof(help));
	help[sizeof(help) - 1] = 0;
	table_add(t, c->kind != NF_COUNTER_DROP || !c->value ? TONE_FAINT : TONE_WARN, "%s", kind_of(c));
	table_add(t, TONE_PLAIN, "%s/%s", fmt_name(owner, c->owner), fmt_name(name, c->name));
	table_add(t, TONE_PLAIN, "%s", fmt_count(value, c->value));
	table_add(t, TONE_FAINT, "%s", fmt_harmless(help));
}

static json_t *to_json(const struct nf_counter_info *c)
{
	char help[NF_TEXT_BYTES];
	memcpy(help, c->help, sizeof(help));
	help[sizeof(help) - 1] = 0;
	return json_pack("{s:o, s:o, s:s, s:o, s:o}", "owner", json_of_name(c->owner), "name",
			 json_of_name(c->name), "kind", kind_of(c), "value", json_of_uint(c->value), "help",
			 json_of_text(help));
}

static void take(void *arg, const void *body, const void *tail, size_t tail_bytes)
{
	struct listing *l = arg;
	struct nf_counter_info c;
	memcpy(&c, body, sizeof(c));
	if (!c.value && !l->all)
		return;
	l->n++;
	if (l->list)
		json_array_append_new(l->list, to_json(&c));
	else
		add_row(&l->table, &c);
}

enum ctl_exit show_drops(struct ctl *ctl)
{
	static const char *const headers[] = {"kind", "counter", ">value", "why"};
	struct nf_empty empty = {0};
	struct listing l = {.all = ctl->args.all, .list = ctl->args.json ? json_array() : NULL};
	table_begin(&l.table, sizeof(headers) / sizeof(headers[0]), headers);
	enum ctl_exit code = link_request(&ctl->link, NF_MSG_DROPS_GET, &empty, sizeof(empty), take, &l,
					  sizeof(struct nf_counter_info));
	if (code == CTL_OK && l.list)
		json_print(ctl, json_pack("{s:o, s:O}", "via", json_via(ctl), "counters", l.list));
	else if (code == CTL_OK && l.n == 0)
		fprintf(ctl->out, "nothing was dropped\n");
	json_decref(l.list);
	table_end(&l.table, code == CTL_OK && !ctl->args.json && l.n ? ctl->out : NULL, ctl->colour);
	return code;
}
