/* SPDX-License-Identifier: Apache-2.0 */
/* sluicectl portal cordon, uncordon, drain */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "format.h"
#include "portal.h"

#define LOOK_EVERY_MS 200
#define PATIENCE_S    600
#define SEC           1000000000ull

struct progress {
	struct timespec begin;
	int64_t left, at_first; /* clients to move */
	bool on_terminal;       /* the line is written over itself */
};

static uint64_t since(const struct timespec *begin)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)(now.tv_sec - begin->tv_sec) * SEC + (uint64_t)now.tv_nsec - (uint64_t)begin->tv_nsec;
}

static void print_gateway(struct portal_ctl *ctl, const json_t *row)
{
	int64_t clients = portal_number(row, "clients"), to_move = portal_number(row, "to_move");
	char more[64] = "";
	if (to_move)
		snprintf(more, sizeof(more), ", %" PRId64 " to be moved", to_move);
	portal_print_line(ctl, portal_state_tone(row), "gateway %s of %s: %s%s, %" PRId64 " client%s%s",
			  portal_text(row, "name", "?"), portal_text(row, "site", "?"), portal_text(row, "state", "?"),
			  portal_state_more(row), clients, clients == 1 ? "" : "s", more);
}

static void print_left(struct portal_ctl *ctl, struct progress *p, int64_t left)
{
	if (ctl->args.json || left == p->left)
		return;
	p->left = left;
	fprintf(ctl->out, "%s  %" PRId64 " left to move%s", p->on_terminal ? "\r\033[K" : "", left, p->on_terminal ? "" : "\n");
	fflush(ctl->out);
}

/* Looks until nobody is left; *row is replaced. CTL_PARTLY: the time is over. */
static enum ctl_exit wait_for(struct portal_ctl *ctl, struct progress *p, json_t **row)
{
	uint64_t patience = (ctl->args.timeout_s ? ctl->args.timeout_s : PATIENCE_S) * SEC;
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000l};
	char *id = strdup(portal_text(*row, "id", ""));
	enum ctl_exit code = id ? CTL_OK : CTL_FAILED;
	while (code == CTL_OK && portal_number(*row, "to_move") > 0) {
		print_left(ctl, p, portal_number(*row, "to_move"));
		if (since(&p->begin) > patience) {
			code = CTL_PARTLY;
			break;
		}
		nanosleep(&pause, NULL);
		json_decref(*row);
		*row = NULL;
		code = portal_ask(ctl, json_pack("{s:s, s:s}", "do", "gateway", "gateway", id), row);
	}
	free(id);
	if (p->on_terminal && p->left >= 0)
		fprintf(ctl->out, "\r\033[K");
	return code;
}

static enum ctl_exit drain_to_the_end(struct portal_ctl *ctl, json_t **row)
{
	struct progress p = {.left = -1, .on_terminal = isatty(fileno(ctl->out))};
	char took[FMT_BYTES];
	clock_gettime(CLOCK_MONOTONIC, &p.begin);
	if (!ctl->args.json)
		print_gateway(ctl, *row);
	enum ctl_exit code = wait_for(ctl, &p, row);
	if (code != CTL_OK && code != CTL_PARTLY)
		return code;
	json_object_set_new(*row, "took_s", json_real((double)since(&p.begin) / (double)SEC));
	if (ctl->args.json)
		return code;
	fmt_duration(took, since(&p.begin));
	if (code == CTL_PARTLY)
		portal_print_line(ctl, TONE_BAD, "%" PRId64 " left after %s; the drain goes on", portal_number(*row, "to_move"), took);
	else
		portal_print_line(ctl, TONE_GOOD, "nobody is left to move, after %s", took);
	return code;
}

enum ctl_exit portal_do_gateway(struct portal_ctl *ctl)
{
	static const char *const verbs[PORTAL_CTL_COMMANDS] = {
	    [PORTAL_CTL_CORDON] = "cordon", [PORTAL_CTL_UNCORDON] = "uncordon", [PORTAL_CTL_DRAIN] = "drain"};
	json_t *row = NULL;
	enum ctl_exit code = portal_ask(
	    ctl, json_pack("{s:s, s:s}", "do", verbs[ctl->args.command], "gateway", ctl->args.gateway), &row);
	if (code == CTL_OK && ctl->args.wait)
		code = drain_to_the_end(ctl, &row);
	else if (code == CTL_OK && !ctl->args.json)
		print_gateway(ctl, row);
	if ((code == CTL_OK || code == CTL_PARTLY) && ctl->args.json)
		portal_print_json(ctl, json_incref(row));
	json_decref(row);
	return code;
}
