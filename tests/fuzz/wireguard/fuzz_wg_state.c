/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a history of one peer: handshakes of both ends with messages lost, late and repeated, data with
 * counters in any order, timers, close, and the time that passes. Each step is an opcode with arguments;
 * after each, what must always hold is asserted.
 */
#include <stdbool.h>

#include "../target.h"
#include "close.h"
#include "message.h"
#include "noise.h"
#include "replay.h"
#include "timers.h"

#define HANDSHAKES_MAX 6 /* X25519 is slow, most of all under sanitizers */
#define STEPS_MAX      512
#define SEEN_MAX       256

struct world {
	struct wg_identity a, b;
	struct wg_remote a_of_b, b_of_a;
	uint64_t stamp, now;
	unsigned int handshakes, index;
	struct wg_initiation initiation[2]; /* the last two */
	struct wg_response response[2];
	struct wg_session_keys a_keys, b_keys[2];
	struct wg_replay replay;
	uint64_t seen[SEEN_MAX]; /* counters that were accepted */
	unsigned int n_seen;
	struct wg_timers timers;
	struct wg_close close;
	bool closing;
	uint32_t goodbyes;
};

static void world_init(struct world *w, uint8_t profile)
{
	uint8_t key[32];
	memset(w, 0, sizeof(*w));
	wg_identity_set(&w->a, memset(key, 1, 32));
	wg_identity_set(&w->b, memset(key, 2, 32));
	memset(key, 3, 32);
	assert(wg_remote_init(&w->a_of_b, &w->a, w->b.public_key, key));
	assert(wg_remote_init(&w->b_of_a, &w->b, w->a.public_key, key));
	wg_timers_init(&w->timers, profile & 1 ? WG_PROFILE_STOCK : WG_PROFILE_PAPER, profile & 2 ? 25 : 0);
	w->now = WG_S;
}

static void initiate(struct world *w)
{
	uint8_t stamp[WG_TIMESTAMP_BYTES], ephemeral[32] = {(uint8_t)++w->index, 1};
	if (w->handshakes++ >= HANDSHAKES_MAX)
		return;
	w->initiation[1] = w->initiation[0];
	wg_timestamp(stamp, w->now, &w->stamp);
	assert(wg_initiation_create(&w->a, &w->a_of_b, w->index, ephemeral, stamp, &w->initiation[0]));
	wg_timers_initiated(&w->timers, w->now, w->index * 1000);
}

static void answer(struct world *w, unsigned int which)
{
	struct wg_consumed c;
	struct wg_response r;
	struct wg_session_keys keys;
	uint8_t ephemeral[32] = {(uint8_t)++w->index, 2};
	if (w->handshakes++ >= HANDSHAKES_MAX || !wg_initiation_open(&w->b, &w->initiation[which], &c))
		return;
	if (!wg_initiation_finish(&w->b_of_a, &w->initiation[which], &c))
		return;
	assert(!wg_initiation_open(&w->b, &w->initiation[which], &c) ||
	       !wg_initiation_finish(&w->b_of_a, &w->initiation[which], &c)); /* never twice */
	if (!wg_response_create(&w->b_of_a, w->index, ephemeral, &r, &keys))
		return;
	w->response[1] = w->response[0];
	w->b_keys[1] = w->b_keys[0];
	w->response[0] = r;
	w->b_keys[0] = keys;
}

static void conclude(struct world *w, unsigned int which)
{
	if (!wg_response_consume(&w->a, &w->a_of_b, &w->response[which], &w->a_keys))
		return;
	assert(memcmp(w->a_keys.send, w->b_keys[which].receive, 32) == 0);
	assert(memcmp(w->a_keys.receive, w->b_keys[which].send, 32) == 0);
	assert(!wg_response_consume(&w->a, &w->a_of_b, &w->response[which], &w->a_keys)); /* never twice */
	memset(&w->replay, 0, sizeof(w->replay));
	w->n_seen = 0;
	wg_timers_session_began(&w->timers, w->now, true);
	if (w->closing)
		wg_close_session_ready(&w->close, w->now);
}

static void receive(struct world *w, uint64_t counter)
{
	if (!wg_replay_accept(&w->replay, counter))
		return;
	for (unsigned int i = 0; i < w->n_seen; i++)
		assert(w->seen[i] != counter);
	if (w->n_seen < SEEN_MAX)
		w->seen[w->n_seen++] = counter;
	assert(!wg_replay_accept(&w->replay, counter));
	assert(counter < WG_REJECT_AFTER_MESSAGES);
	wg_timers_data_received(&w->timers, w->now);
	if (w->closing && wg_close_data_received(&w->close, w->now))
		w->goodbyes++;
}

static void tick_timers(struct world *w)
{
	enum wg_timer_why why;
	uint32_t actions = wg_timers_tick(&w->timers, w->now);
	uint64_t deadline = wg_timers_deadline(&w->timers, &why);
	assert(deadline == 0 || deadline > w->now);
	assert((deadline == 0) == (why == WG_WHY_NOTHING));
	assert(!(actions & WG_DO_KEEPALIVE) || w->timers.session_ns);
	assert(!(actions & WG_DO_GIVE_UP) || !(actions & WG_DO_INITIATE) || w->timers.attempt_ns == w->now);
	if (actions & WG_DO_INITIATE)
		wg_timers_initiated(&w->timers, w->now, 0);
}

static void tick_close(struct world *w)
{
	uint32_t actions = wg_close_tick(&w->close, w->now);
	uint64_t deadline = wg_close_deadline(&w->close);
	w->goodbyes += (actions & WG_CLOSE_SEND_GOODBYE) != 0;
	assert(deadline == 0 || deadline > w->now);
	assert((deadline == 0) == w->close.finished);
	assert(w->close.goodbyes == w->goodbyes);
	assert(w->close.scheduled <= 5);
}

/* Nothing that a peer does may keep a close from ending. */
static void run_out(struct world *w)
{
	for (unsigned int i = 0; i < 1000 && !w->close.finished; i++) {
		w->now = wg_close_deadline(&w->close);
		tick_close(w);
	}
	assert(w->close.finished);
}

static void step(struct world *w, struct bytes *b)
{
	uint8_t op = take(b);
	switch (op & 15) {
	case 0:
		w->now += take32(b) % 1000000 * 1000;
		break;
	case 1:
		w->now += take(b) * WG_S;
		break;
	case 2:
		initiate(w);
		break;
	case 3:
		answer(w, op >> 4 & 1);
		break;
	case 4:
		conclude(w, op >> 4 & 1);
		break;
	case 5:
		receive(w, take32(b));
		break;
	case 6:
		receive(w, w->replay.next + take(b) - 64);
		break;
	case 7:
		receive(w, w->replay.next - WG_REPLAY_WINDOW + take(b) - 64);
		break;
	case 8:
		wg_timers_data_sent(&w->timers, w->now, take(b) * 1000000ull);
		break;
	case 9:
		wg_timers_session_wanted(&w->timers, w->now);
		break;
	case 10:
		wg_timers_session_began(&w->timers, w->now, op >> 4 & 1);
		break;
	case 11: {
		uint64_t at = w->now - take(b) * 10000000ull % WG_S;
		struct wg_seen seen = {.any_sent = at, .any_received = at, .data_received = op & 16 ? at : 0};
		wg_timers_seen(&w->timers, &seen);
		break;
	}
	case 12:
		if (w->closing)
			break;
		w->closing = true;
		w->goodbyes = 0;
		wg_close_begin(&w->close, w->now, take(b) * 10000000ull, (enum wg_close_carrier)(op >> 4 & 3));
		break;
	case 13:
		if (w->closing)
			wg_close_acked(&w->close, w->now);
		break;
	case 14:
		if (w->closing)
			wg_close_session_ready(&w->close, w->now);
		break;
	default:
		receive(w, UINT64_MAX - take32(b) % 20000);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct bytes b = {data, size};
	struct world w;
	if (!ready)
		assert(wg_crypto_init() == 0);
	ready = true;
	world_init(&w, take(&b));
	for (unsigned int i = 0; b.left && i < STEPS_MAX; i++) {
		step(&w, &b);
		tick_timers(&w);
		if (w.closing)
			tick_close(&w);
	}
	if (w.closing)
		run_out(&w);
	return 0;
}
