/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands, one a line: words. ID: 32 hex digits, KEY: 64.
 *   upsert ID PUBLIC-KEY PSK LOCAL-UFRAG LOCAL-PWD REMOTE-UFRAG REMOTE-PWD
 *   candidate ID TEXT…    invalidate ID TEXT…    close ID    remove ID    info ID
 *   relays [remove ID]… [add ID IP4:PORT|- [IP6]:PORT|- USER PASSWORD REALM]…
 *   addresses [ADDRESS]…  (bare; none: look at the interfaces)
 *   stream ID PPS BYTES   activity ID   raw ID TEXT…
 *   core stop|start       sweep   reset   close-all   release   stats   quit
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn_peer.h"

#define WORDS_MAX      128
#define LINE_MAX_BYTES 4096u

static bool hex(const char *text, uint8_t *ret, size_t bytes)
{
	if (!text || strlen(text) != 2 * bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		if (sscanf(text + 2 * i, "%2hhx", &ret[i]) != 1)
			return false;
	return true;
}

/* "192.0.2.1:3478", "[2001:db8::1]:3478"; "-": none. */
static bool transport_address(const char *text, struct cp_addr *ret)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	memset(ret, 0, sizeof(*ret));
	if (!colon)
		return text && strcmp(text, "-") == 0;
	bool bracket = text[0] == '[';
	if (!cp_ip_parse(text + bracket, (size_t)(colon - text) - 2u * bracket, ret))
		return false;
	ret->port = (uint16_t)strtoul(colon + 1, NULL, 10);
	return true;
}

static void upsert(char **w, int n)
{
	struct conn_peer p = {0};
	if (n != 8 || !hex(w[1], p.id, sizeof(p.id)) || !hex(w[2], p.public_key, sizeof(p.public_key)) ||
	    !hex(w[3], p.preshared_key, sizeof(p.preshared_key))) {
		say("refused", "s", "command", "upsert");
		return;
	}
	snprintf(p.local.ufrag, sizeof(p.local.ufrag), "%s", w[4]);
	snprintf(p.local.pwd, sizeof(p.local.pwd), "%s", w[5]);
	snprintf(p.remote.ufrag, sizeof(p.remote.ufrag), "%s", w[6]);
	snprintf(p.remote.pwd, sizeof(p.remote.pwd), "%s", w[7]);
	int result = conn_upsert(me.node, &p, me.now);
	wg_wipe(&p.preshared_key, sizeof(p.preshared_key));
	say("upserted", "id", "id", p.id, "result", (double)result);
}

static bool read_relay(char **w, struct conn_relay *r)
{
	r->turn = (struct turn_settings){.username = w[3], .password = w[4], .realm = w[5], .software = me.options.software};
	return hex(w[0], r->id, sizeof(r->id)) && transport_address(w[1], &r->turn.server[0]) && transport_address(w[2], &r->turn.server[1]);
}

static void relays(char **w, int n)
{
	uint8_t gone[CONN_RELAYS_MAX][CONN_ID_BYTES];
	struct conn_relay add[CONN_RELAYS_MAX];
	unsigned int n_gone = 0, n_add = 0;
	for (int i = 1; i < n;) {
		if (strcmp(w[i], "remove") == 0 && i + 1 < n && n_gone < CONN_RELAYS_MAX && hex(w[i + 1], gone[n_gone], CONN_ID_BYTES)) {
			n_gone++;
			i += 2;
		} else if (strcmp(w[i], "add") == 0 && i + 6 < n && n_add < CONN_RELAYS_MAX && read_relay(w + i + 1, &add[n_add])) {
			n_add++;
			i += 7;
		} else {
			say("refused", "s", "command", "relays");
			return;
		}
	}
	int result = conn_relays_update(me.node, gone, n_gone, add, n_add, me.now);
	say("relays", "d", "result", (double)result);
}

static void addresses(char **w, int n)
{
	unsigned int count = 0;
	for (int i = 1; i < n && count < 16; i++) {
		struct cp_addr a;
		if (!cp_ip_parse(w[i], strlen(w[i]), &a))
			continue;
		a.port = me.options.port;
		me.options.addresses[count++] = a;
	}
	me.options.n_addresses = n > 1 ? count : own_addresses(me.options.addresses, 16);
	if (me.node)
		conn_addresses(me.node, me.options.addresses, me.options.n_addresses, me.now);
}

static void say_stream(const struct peer *p)
{
	const struct stream *s = &p->stream;
	say_begin("peer");
	say_more("iuuuuuduuu", "id", p->id, "sent", s->sent, "unsent", s->unsent, "received", s->received, "highest", s->highest, "backwards",
		 s->backwards, "gap_ms", (double)s->worst_gap_ns / 1e6, "handshakes", p->handshakes, "no_path", p->no_path, "rejected",
		 p->rejected);
	for (unsigned int i = 0; i < ROUTES_MAX && s->routes[i].packets; i++) {
		char name[CP_ADDR_TEXT + 16] = "via ";
		cp_addr_format(&s->routes[i].from, name + strlen(name));
		say_more("u", strcat(name, s->routes[i].through_relay ? " relayed" : ""), s->routes[i].packets);
	}
	say_end();
}

static void stats(void)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (me.peers[i].used)
			say_stream(&me.peers[i]);
	static const struct conn_counters none;
	const struct conn_counters *c = me.node ? conn_counters(me.node) : &none;
	say("stats", "uuuuuuuuuuuuuuuuu", "datagrams", c->datagrams, "conns", (uint64_t)(me.node ? conn_count(me.node) : 0), "checks", c->ice.checks, "requests",
	    c->ice.requests, "reported", c->ice.requests_reported, "responses", c->ice.responses, "followed", c->ice.followed, "selections",
	    c->ice.selections, "pairs_timed_out", c->ice.pairs_timed_out, "paths", c->paths, "handshakes_asked", c->handshakes_asked,
	    "established", c->established, "failed", c->failed, "restored", c->restored, "restore_malformed", c->restore_malformed,
	    "answered", responder_answered(), "sent_to_nowhere", me.sent_to_nowhere);
}

static void info(const uint8_t id[CONN_ID_BYTES])
{
	struct conn_info i = {0};
	static const char *const states[] = {"none", "connecting", "connected", "idle"};
	bool is = conn_info(me.node, id, &i);
	say("info", "ibssuaai", "id", id, "known", (int)is, "state", states[is ? i.state : 0], "ice", is ? ice_state_name(i.ice) : "none",
	    "pairs", (uint64_t)i.pairs, "from", &i.path.from, "to", &i.path.to, "relay_id", i.relay_id);
}

/* Those with a peer's id, and a text that may hold spaces. */
static bool about_peer(const char *name, const char *id_text, const char *text, char **w, int n)
{
	uint8_t id[CONN_ID_BYTES];
	if (!hex(id_text, id, sizeof(id)))
		return false;
	struct peer *p = peer_by_id(id);
	if (strcmp(name, "candidate") == 0)
		conn_candidate_add(me.node, id, text, strlen(text), me.now);
	else if (strcmp(name, "invalidate") == 0)
		conn_candidate_remove(me.node, id, text, strlen(text), me.now);
	else if (strcmp(name, "close") == 0)
		conn_close(me.node, id, me.now);
	else if (strcmp(name, "remove") == 0)
		conn_remove(me.node, id, me.now);
	else if (strcmp(name, "info") == 0)
		info(id);
	else if (strcmp(name, "stream") == 0 && p && n == 4)
		stream_start(p, (uint32_t)strtoul(w[2], NULL, 10), (uint32_t)strtoul(w[3], NULL, 10));
	else if (strcmp(name, "activity") == 0 && p)
		report(p, CONN_REPORT_ACTIVITY, NULL, false);
	else if (strcmp(name, "raw") == 0 && p)
		raw_send(p, text);
	else
		return false;
	return true;
}

static bool about_core(const char *name)
{
	if (strcmp(name, "sweep") == 0)
		conn_sweep(me.node, me.now);
	else if (strcmp(name, "reset") == 0)
		conn_reset(me.node, me.now);
	else if (strcmp(name, "close-all") == 0)
		conn_close_all(me.node, me.now);
	else if (strcmp(name, "release") == 0)
		conn_release(me.node, me.now);
	else
		return false;
	return true;
}

static bool alone(char **w, int n)
{
	if (strcmp(w[0], "quit") == 0)
		me.quitting = true;
	else if (strcmp(w[0], "core") == 0 && n == 2)
		(strcmp(w[1], "start") == 0 ? core_start : core_stop)();
	else if (strcmp(w[0], "stats") == 0)
		stats();
	else if (strcmp(w[0], "addresses") == 0)
		addresses(w, n);
	else
		return false;
	return true;
}

static void command(char *line)
{
	char copy[LINE_MAX_BYTES], *w[WORDS_MAX], *rest = NULL;
	size_t bytes = strlen(line) + 1;
	int n = 0;
	if (bytes > sizeof(copy))
		return;
	memcpy(copy, line, bytes);
	for (char *t = strtok_r(copy, " \t", &rest); t && n < WORDS_MAX; t = strtok_r(NULL, " \t", &rest))
		w[n++] = t;
	if (!n || alone(w, n))
		return;
	if (!me.node && strcmp(w[0], "stream") != 0) {
		say("refused", "s", "command", line);
		return;
	}
	const char *text = n > 2 ? line + (w[2] - copy) : "";
	if (strcmp(w[0], "upsert") == 0)
		upsert(w, n);
	else if (strcmp(w[0], "relays") == 0)
		relays(w, n);
	else if (!about_core(w[0]) && !about_peer(w[0], n > 1 ? w[1] : NULL, text, w, n))
		say("refused", "s", "command", line);
	wg_wipe(copy, sizeof(copy));
}

void commands_read(void)
{
	static char buffer[65536];
	static size_t filled;
	ssize_t n = read(STDIN_FILENO, buffer + filled, sizeof(buffer) - 1 - filled);
	if (n <= 0) {
		me.quitting = true;
		return;
	}
	filled += (size_t)n;
	char *end;
	while ((end = memchr(buffer, '\n', filled))) {
		*end = 0;
		command(buffer);
		core_drain();
		filled -= (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, filled);
	}
	if (filled == sizeof(buffer) - 1)
		filled = 0; /* a line of that length is none */
}
