/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "format.h"
#include "portal.h"

struct taker {
	const struct portal_list *list;
	struct table table;
	json_t *rows; /* NULL: text */
	size_t n;
	int64_t unix_now;
};

static void take(void *arg, json_t *row)
{
	struct taker *t = arg;
	t->n++;
	if (t->rows)
		json_array_append(t->rows, row);
	else
		t->list->add(&t->table, row, t->unix_now);
}

enum ctl_exit portal_show_list(struct portal_ctl *ctl)
{
	const struct portal_list *list = portal_list_of(ctl->args.command);
	struct taker t = {.list = list, .rows = ctl->args.json ? json_array() : NULL, .unix_now = ctl->unix_now};
	json_t *result = NULL;
	table_begin(&t.table, list->n_columns, list->headers);
	enum ctl_exit code = portal_talk_ask(&ctl->talk, json_pack("{s:s}", "do", list->name), take, &t, &result);
	bool prints = code == CTL_OK && !t.rows && t.n > 0;
	table_end(&t.table, prints ? ctl->out : NULL, ctl->colour);
	if (code == CTL_OK && t.rows)
		portal_print_json(ctl, json_pack("{s:O}", list->name, t.rows));
	else if (code == CTL_OK && t.n == 0)
		fprintf(ctl->out, "%s\n", list->none);
	json_decref(t.rows);
	json_decref(result);
	return code;
}

static void print_line(struct portal_ctl *ctl, const char *name, const char *text)
{
	portal_print_line(ctl, TONE_PLAIN, "  %-15s %s", name, text);
}

static void print_of(struct portal_ctl *ctl, const json_t *s, const char *what, const char *online)
{
	char text[2 * FMT_BYTES + 16], a[FMT_BYTES], b[FMT_BYTES];
	snprintf(text, sizeof(text), "%s, %s online", fmt_count(a, (uint64_t)portal_number(s, what)),
		 fmt_count(b, (uint64_t)portal_number(s, online)));
	print_line(ctl, what, text);
}

static void print_count(struct portal_ctl *ctl, const char *name, int64_t n)
{
	char text[FMT_BYTES];
	print_line(ctl, name, fmt_count(text, (uint64_t)n));
}

/* Those that are not zero, in the order of the portal. */
static void print_counters(struct portal_ctl *ctl, const json_t *counters, const char *title)
{
	const char *name;
	json_t *value;
	char text[FMT_BYTES];
	bool any = false;
	json_object_foreach((json_t *)(uintptr_t)counters, name, value)
	{
		if (json_integer_value(value) == 0)
			continue;
		if (!any)
			fprintf(ctl->out, "  %s\n", title);
		any = true;
		portal_print_line(ctl, TONE_PLAIN, "    %-32s %s", name, fmt_count(text, (uint64_t)json_integer_value(value)));
	}
}

static void print_status(struct portal_ctl *ctl, const json_t *s)
{
	char text[FMT_BYTES];
	bool ready = json_is_true(json_object_get(s, "ready"));
	portal_print_line(ctl, TONE_BOLD, "sluice-portal %s", portal_text(s, "version", "?"));
	print_line(ctl, "up for", portal_while(text, portal_number(s, "uptime_s")));
	print_line(ctl, "file", portal_text(s, "config", "-"));
	print_line(ctl, "database", portal_text(s, "database", "-"));
	print_of(ctl, s, "gateways", "gateways_online");
	print_of(ctl, s, "clients", "clients_online");
	print_count(ctl, "relays", portal_number(s, "relays_online"));
	print_count(ctl, "connections", portal_number(s, "connections"));
	print_count(ctl, "authorizations", portal_number(s, "authorizations"));
	print_count(ctl, "requests", portal_number(s, "requests"));
	print_count(ctl, "busiest second", portal_number(s, "busiest_second"));
	if (!ready)
		portal_print_line(ctl, TONE_WARN, "  so soon after the start nobody is rescued");
	if (portal_text(s, "store_error", NULL))
		portal_print_line(ctl, TONE_BAD, "  %" PRId64 " rows wait for the database: %s", portal_number(s, "store_waiting"),
				  portal_text(s, "store_error", ""));
	print_counters(ctl, json_object_get(s, "counters"), "since the start");
	print_counters(ctl, json_object_get(s, "refusals"), "turned away since the start");
}

enum ctl_exit portal_show_status(struct portal_ctl *ctl)
{
	json_t *status = NULL;
	enum ctl_exit code = portal_ask(ctl, json_pack("{s:s}", "do", "status"), &status);
	if (code == CTL_OK && ctl->args.json)
		portal_print_json(ctl, status);
	else if (code == CTL_OK)
		print_status(ctl, status);
	if (code != CTL_OK || !ctl->args.json)
		json_decref(status);
	return code;
}
