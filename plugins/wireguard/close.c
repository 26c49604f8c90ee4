/* SPDX-License-Identifier: Apache-2.0 */
#include "close.h"

#include <string.h>

#define MS           1000000ull
#define GOODBYES     5
#define ANSWER_PAUSE (100 * MS)
#define SESSION_WAIT (500 * MS)
#define FLUSH_WAIT   (500 * MS)
#define SEND_AGAIN   (5 * MS)
#define UPSERT_FRESH (30000 * MS)
#define PACE_MIN     200u
#define LAST_WORD    (100 * MS)
#define S            (1000 * MS)

static const uint64_t schedule[GOODBYES] = {0, 50 * MS, 150 * MS, 350 * MS, 700 * MS};

/* Schedule and linger run from the moment a session can carry a goodbye; the linger lasts at least as long. */
static void carry_from(struct wg_close *c, uint64_t now)
{
	c->session_by_ns = 0;
	c->next_ns = now;
	c->ends_ns += now - c->began_ns;
	c->began_ns = now;
}

void wg_close_begin(struct wg_close *c, uint64_t now, uint64_t linger_ns, enum wg_close_carrier carrier)
{
	memset(c, 0, sizeof(*c));
	c->began_ns = now;
	c->ends_ns = now + linger_ns;
	if (carrier == WG_CARRIER_SESSION)
		carry_from(c, now);
	else if (carrier == WG_CARRIER_NEVER)
		c->ends_ns = now;
	else
		c->session_by_ns = now + SESSION_WAIT;
	c->started_handshake = carrier != WG_CARRIER_INITIATE;
}

void wg_close_session_ready(struct wg_close *c, uint64_t now)
{
	if (c->session_by_ns && !c->finished)
		carry_from(c, now);
}

void wg_close_acked(struct wg_close *c, uint64_t now)
{
	(void)now;
	if (c->goodbyes == 0)
		return;
	c->acked = true;
	c->next_ns = 0;
}

void wg_close_not_sent(struct wg_close *c, uint64_t now)
{
	c->goodbyes--;
	c->scheduled--;
	c->last_ns = 0;
	c->next_ns = now < c->ends_ns ? now + SEND_AGAIN : 0;
}

bool wg_close_keep_flushing(struct wg_close *c, uint64_t now)
{
	if (!c->flush_by_ns)
		c->flush_by_ns = now + FLUSH_WAIT;
	return now < c->flush_by_ns;
}

bool wg_close_data_received(struct wg_close *c, uint64_t now)
{
	if (c->finished || c->acked || c->goodbyes == 0 || now < c->answer_ok_ns)
		return false;
	c->answer_ok_ns = now + ANSWER_PAUSE;
	c->goodbyes++;
	return true;
}

static uint32_t tick_schedule(struct wg_close *c, uint64_t now)
{
	uint32_t actions = 0;
	if (c->next_ns && now >= c->next_ns) {
		actions = WG_CLOSE_SEND_GOODBYE;
		c->goodbyes++;
		c->answer_ok_ns = now + ANSWER_PAUSE;
		c->scheduled++;
		c->last_ns = now;
		c->next_ns = c->scheduled < GOODBYES ? c->began_ns + schedule[c->scheduled] : 0;
		if (c->next_ns && c->next_ns <= now)
			c->next_ns = now + 1;
	}
	return actions;
}

/* The last goodbye has to leave, and may be answered. */
static uint64_t end_of(const struct wg_close *c)
{
	return c->last_ns && c->last_ns + LAST_WORD > c->ends_ns ? c->last_ns + LAST_WORD : c->ends_ns;
}

uint32_t wg_close_tick(struct wg_close *c, uint64_t now)
{
	uint32_t actions = 0;
	if (c->finished)
		return 0;
	if (!c->started_handshake) {
		c->started_handshake = true;
		actions |= WG_CLOSE_START_HANDSHAKE;
	}
	actions |= tick_schedule(c, now);
	bool hopeless = c->session_by_ns && now >= c->session_by_ns;
	if (hopeless || (now >= end_of(c) && !c->session_by_ns && !c->next_ns)) {
		c->finished = true;
		actions |= WG_CLOSE_FINISHED;
	}
	return actions;
}

uint64_t wg_close_deadline(const struct wg_close *c)
{
	if (c->finished)
		return 0;
	if (!c->started_handshake)
		return c->began_ns;
	if (c->session_by_ns)
		return c->session_by_ns;
	if (c->next_ns)
		return c->next_ns;
	return end_of(c);
}

bool wg_close_is_unreachable(const struct wg_close *c)
{
	return c->goodbyes == 0;
}

bool wg_goodbye_is_current(uint64_t session_ns, uint64_t upsert_ns, uint64_t now)
{
	return session_ns > upsert_ns || now - upsert_ns >= UPSERT_FRESH;
}

uint32_t wg_close_pace(uint32_t n, uint64_t within_ns)
{
	uint64_t per_s = within_ns ? n * S / within_ns : UINT32_MAX;
	if (per_s > UINT32_MAX)
		per_s = UINT32_MAX;
	return per_s < PACE_MIN ? PACE_MIN : (uint32_t)per_s;
}

uint32_t wg_close_due(uint32_t n, uint32_t per_s, uint64_t elapsed_ns)
{
	/* whole seconds apart, so that the product cannot overflow */
	uint64_t due = 1 + elapsed_ns / S * per_s + elapsed_ns % S * per_s / S;
	return due < n ? (uint32_t)due : n;
}
