/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A history of one channel: dialling, frames, loss, time, requests. Nothing is sent without a connection, the first
 * frame of each is the join, until its answer only heartbeats follow, what is due lies ahead, and what ended stays so.
 */
#include <stdio.h>

#include "portal/channel.h"
#include "tests/fuzz/target.h"

struct world {
	struct portal_channel *c;
	cp_time now;
	bool connected, ended, has_joined; /* has_joined: this connection sent its join */
	bool dialling;
};

static void text_out(struct world *w, const struct portal_text *t)
{
	bool join = strstr(t->text, "\"phx_join\"") != NULL, beat = strstr(t->text, "\"heartbeat\"") != NULL;
	assert(w->connected && !w->ended);
	assert(w->has_joined || join);
	w->has_joined = true;
	if (portal_channel_state(w->c) == PORTAL_CHANNEL_JOINING)
		assert(join || beat);
}

static void out(struct world *w, struct portal_channel_out *o)
{
	switch (o->kind) {
	case PORTAL_OUT_DIAL:
		assert(!w->connected && !w->ended);
		w->dialling = true;
		break;
	case PORTAL_OUT_CLOSE:
		assert(w->connected || w->dialling);
		w->connected = w->dialling = false;
		break;
	case PORTAL_OUT_TEXT:
		text_out(w, &o->text);
		break;
	case PORTAL_OUT_ENDED:
		assert(!w->ended);
		w->ended = true;
		break;
	default:
		break;
	}
	portal_text_free(&o->text);
	portal_message_free(&o->message);
}

static void drain(struct world *w)
{
	struct portal_channel_out o;
	unsigned int n = 0;
	while (portal_channel_next(w->c, &o)) {
		out(w, &o);
		n++;
		assert(n <= PORTAL_QUEUE_MAX + 8);
	}
	enum portal_channel_state s = portal_channel_state(w->c);
	struct portal_channel_deadline d = portal_channel_deadline(w->c);
	assert((s == PORTAL_CHANNEL_ENDED) == w->ended);
	assert((d.at == CP_NEVER) == (s == PORTAL_CHANNEL_IDLE || s == PORTAL_CHANNEL_ENDED));
}

static void tick(struct world *w, cp_time step)
{
	w->now += step;
	portal_channel_tick(w->c, w->now);
	drain(w);
	assert(portal_channel_deadline(w->c).at > w->now);
}

static void frame(struct world *w, struct bytes *b)
{
	static const char *const texts[] = {
		"{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":%u,\"payload\":{\"status\":\"ok\",\"response\":{}}}",
		"{\"topic\":\"phoenix\",\"event\":\"phx_reply\",\"ref\":%u,\"payload\":{\"status\":\"ok\",\"response\":{}}}",
		"{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":%u,\"payload\":{\"status\":\"error\",\"response\":{\"reason\":\"unmatched topic\"}}}",
		"{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":%u,\"payload\":{\"status\":\"error\",\"response\":{\"reason\":\"x\"}}}",
		"{\"topic\":\"gateway\",\"event\":\"phx_error\",\"ref\":null,\"payload\":{}}",
		"{\"topic\":\"gateway\",\"event\":\"phx_close\",\"ref\":null,\"payload\":{}}",
		"{\"topic\":\"gateway\",\"event\":\"disconnect\",\"ref\":null,\"payload\":{\"reason\":\"token_expired\"}}",
		"{\"topic\":\"gateway\",\"event\":\"relays_presence\",\"ref\":null,\"payload\":{\"disconnected_ids\":[],\"connected\":[]}}",
		"{\"topic\":\"gateway\",\"event\":\"full_moon\",\"ref\":null,\"payload\":{}}",
		"{\"topic\":",
	};
	char text[256];
	unsigned int which = take(b) % (sizeof(texts) / sizeof(texts[0]));
	int n = snprintf(text, sizeof(text), "%s", texts[which]);
	char *ref = strstr(text, "%u");
	if (ref) {
		char rest[256];
		snprintf(rest, sizeof(rest), "%s", ref + 2);
		n = (int)(ref - text) + snprintf(ref, sizeof(text) - (size_t)(ref - text), "%u%s", take(b), rest);
	}
	portal_channel_frame(w->c, text, (size_t)n, w->now);
}

static void send_something(struct world *w, struct bytes *b)
{
	char ref[2] = {(char)('a' + take(b) % 4), 0};
	const struct portal_message m = {.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = ref};
	uint64_t got;
	int err = portal_channel_send(w->c, &m, &got, w->now);
	assert(err >= 0 || w->ended || portal_channel_state(w->c) == PORTAL_CHANNEL_LEAVING);
}

static void connected(struct world *w)
{
	if (w->dialling)
		w->connected = true, w->has_joined = w->dialling = false;
	portal_channel_connected(w->c, w->now);
}

static void lost(struct world *w)
{
	w->connected = false;
	portal_channel_lost(w->c, w->now);
}

static void dial_failed(struct world *w, struct bytes *b)
{
	static const unsigned int statuses[] = {0, 401, 404, 429, 500, 503};
	w->dialling = false;
	portal_channel_dial_failed(w->c, statuses[take(b) % 6], take(b) * CP_S, w->now);
}

static void step(struct world *w, struct bytes *b)
{
	cp_time due = portal_channel_deadline(w->c).at;
	switch (take(b) % 10) {
	case 0:
		portal_channel_start(w->c, w->now);
		break;
	case 1:
		connected(w);
		break;
	case 2:
		dial_failed(w, b);
		break;
	case 3:
		lost(w);
		break;
	case 4:
	case 5:
		frame(w, b);
		break;
	case 6:
		send_something(w, b);
		break;
	case 7:
		tick(w, due == CP_NEVER || due <= w->now ? 1 : due - w->now);
		break;
	case 8:
		tick(w, (take(b) + 1) * CP_S / 4);
		break;
	default:
		if (take(b) % 4)
			portal_channel_reconnect(w->c, w->now);
		else
			portal_channel_leave(w->c, w->now);
	}
	drain(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size};
	uint8_t kind = take(&b);
	const struct portal_channel_config config = {
		.link = {PORTAL_GATEWAY, kind & 1 ? PORTAL_V2 : PORTAL_V1},
		.habits = kind & 1 ? &portal_habits_newer : &portal_habits_older,
		.budget = kind & 2 ? 900 * CP_S : CP_NEVER,
		.seed = {kind},
	};
	struct world w = {.now = CP_S, .c = portal_channel_create(&config)};
	assert(w.c);
	while (b.left > 0)
		step(&w, &b);
	portal_channel_free(w.c);
	return 0;
}
