/* SPDX-License-Identifier: Apache-2.0 */
#include "timers.h"

#include <string.h>

#define REKEY_AFTER      (120 * WG_S)
#define REKEY_ON_RECEIVE (165 * WG_S)
#define REKEY_TIMEOUT    (5 * WG_S)
#define KEEPALIVE        (10 * WG_S)
#define NO_REPLY         (15 * WG_S) /* keepalive + rekey timeout */
#define ATTEMPT_PAPER    (90 * WG_S)
#define ATTEMPT_STOCK    (15 * WG_S)
#define ZERO_AFTER       (540 * WG_S)
#define STOCK_SEND_LIMIT (170 * WG_S)

void wg_timers_init(struct wg_timers *t, enum wg_profile profile, uint16_t persistent_s)
{
	memset(t, 0, sizeof(*t));
	t->profile = profile;
	t->persistent_s = persistent_s;
}

uint64_t wg_timers_send_limit(enum wg_profile profile, bool initiator)
{
	return profile == WG_PROFILE_STOCK && initiator ? STOCK_SEND_LIMIT : WG_REJECT_AFTER_NS;
}

static bool attempting(const struct wg_timers *t)
{
	return t->attempt_ns || t->want || t->want_at;
}

void wg_timers_session_wanted(struct wg_timers *t, uint64_t now)
{
	(void)now;
	if (!attempting(t))
		t->want = true;
}

static uint64_t attempt_ends(const struct wg_timers *t)
{
	return t->attempt_ns ? t->attempt_ns + (t->profile == WG_PROFILE_STOCK ? ATTEMPT_STOCK : ATTEMPT_PAPER) : 0;
}

/* Stock's initiator renews an idle session too: at 120 s if it sent data on it, at 165 s if data came. */
static uint64_t renewal(const struct wg_timers *t)
{
	if (t->profile != WG_PROFILE_STOCK || !t->initiator || !t->session_ns || attempting(t))
		return 0;
	if (t->seen.data_sent > t->session_ns)
		return t->session_ns + REKEY_AFTER + t->jitter_ns;
	return t->seen.data_received > t->session_ns ? t->session_ns + REKEY_ON_RECEIVE + t->jitter_ns : 0;
}

/* The paper's §6.2: only the initiator renews, so that both do not at once. */
static void renew_if_old(struct wg_timers *t, uint64_t at, uint64_t age)
{
	if (t->session_ns && t->initiator && at >= t->session_ns + age)
		wg_timers_session_wanted(t, at);
}

void wg_timers_any_sent(struct wg_timers *t, uint64_t at)
{
	t->keepalive_at = 0;
	if (t->persistent_s)
		t->persistent_at = at + t->persistent_s * WG_S;
}

void wg_timers_any_received(struct wg_timers *t, uint64_t at)
{
	t->no_reply_at = 0;
	if (t->persistent_s)
		t->persistent_at = at + t->persistent_s * WG_S;
}

void wg_timers_data_sent(struct wg_timers *t, uint64_t at, uint64_t jitter_ns)
{
	wg_timers_any_sent(t, at);
	t->seen.data_sent = at;
	if (!t->no_reply_at) {
		t->no_reply_at = at + NO_REPLY + jitter_ns;
		t->no_reply_from = at;
	}
	renew_if_old(t, at, REKEY_AFTER);
}

void wg_timers_data_received(struct wg_timers *t, uint64_t at)
{
	wg_timers_any_received(t, at);
	t->seen.data_received = at;
	if (!t->keepalive_at) {
		t->keepalive_at = at + KEEPALIVE;
		t->keepalive_from = at;
	}
	renew_if_old(t, at, REKEY_ON_RECEIVE);
}

void wg_timers_initiated(struct wg_timers *t, uint64_t at, uint64_t jitter_ns)
{
	t->want = false;
	t->want_at = 0;
	t->jitter_ns = jitter_ns;
	t->initiated_ns = at;
	if (!t->attempt_ns)
		t->attempt_ns = at;
	if (!t->born_ns)
		t->born_ns = at;
	t->retry_at = at + REKEY_TIMEOUT + jitter_ns;
}

void wg_timers_session_began(struct wg_timers *t, uint64_t at, bool initiator)
{
	t->session_ns = t->born_ns = at;
	t->initiator = initiator;
	t->want = false;
	t->attempt_ns = t->retry_at = t->no_reply_at = t->want_at = 0;
	if (t->persistent_s)
		t->persistent_at = at + t->persistent_s * WG_S;
}

void wg_timers_seen(struct wg_timers *t, const struct wg_seen *seen)
{
	t->seen = *seen;
	if (t->no_reply_at && seen->any_received > t->no_reply_from)
		t->no_reply_at = 0;
	if (t->keepalive_at && seen->any_sent > t->keepalive_from)
		t->keepalive_at = 0;
	uint64_t last = seen->any_sent > seen->any_received ? seen->any_sent : seen->any_received;
	if (t->persistent_at && last + t->persistent_s * WG_S > t->persistent_at)
		t->persistent_at = last + t->persistent_s * WG_S;
}

static uint32_t tick_attempt(struct wg_timers *t, uint64_t now)
{
	if (!t->attempt_ns)
		return 0;
	if (now < attempt_ends(t))
		return now >= t->retry_at ? WG_DO_INITIATE : 0u;
	t->attempt_ns = t->retry_at = 0;
	return WG_DO_GIVE_UP | (t->profile == WG_PROFILE_STOCK ? WG_DO_FAIL : 0u);
}

static uint32_t tick_session(struct wg_timers *t, uint64_t now)
{
	uint32_t actions = 0;
	if (t->session_ns && now >= t->session_ns + WG_REJECT_AFTER_NS) {
		bool renew = t->profile == WG_PROFILE_STOCK && t->initiator && !attempting(t);
		t->session_ns = 0;
		t->want_at = renew ? now + t->jitter_ns : t->want_at;
		actions |= WG_DO_END_SESSION;
	}
	if (t->born_ns && now >= t->born_ns + ZERO_AFTER) {
		t->born_ns = 0;
		if (t->profile == WG_PROFILE_STOCK)
			actions |= WG_DO_FAIL;
	}
	return actions;
}

uint32_t wg_timers_tick(struct wg_timers *t, uint64_t now)
{
	uint64_t renew_at = renewal(t);
	uint32_t actions = tick_attempt(t, now) | tick_session(t, now);
	if (t->want || (renew_at && now >= renew_at) || (t->want_at && now >= t->want_at))
		actions |= WG_DO_INITIATE;
	if (t->no_reply_at && now >= t->no_reply_at) {
		t->no_reply_at = 0;
		if (!attempting(t))
			actions |= WG_DO_INITIATE;
	}
	if (t->keepalive_at && now >= t->keepalive_at) {
		t->keepalive_at = 0;
		if (t->session_ns)
			actions |= WG_DO_KEEPALIVE;
		if (t->seen.data_received > t->keepalive_from && now - t->seen.data_received < KEEPALIVE)
			t->keepalive_at = t->seen.data_received + KEEPALIVE, t->keepalive_from = now;
	}
	if (t->persistent_at && now >= t->persistent_at) {
		t->persistent_at = now + t->persistent_s * WG_S;
		actions |= t->session_ns ? WG_DO_KEEPALIVE : attempting(t) ? 0u : WG_DO_INITIATE;
	}
	/* The caller initiates and says so; until then nothing else is due for it. */
	if (actions & WG_DO_INITIATE) {
		t->want = false;
		t->want_at = 0;
		if (!t->attempt_ns)
			t->attempt_ns = now;
		t->retry_at = now + REKEY_TIMEOUT;
	}
	return actions;
}

static void earlier(uint64_t *best, enum wg_timer_why *why, uint64_t at, enum wg_timer_why reason)
{
	if (!at || (*best && *best <= at))
		return;
	*best = at;
	*why = reason;
}

uint64_t wg_timers_deadline(const struct wg_timers *t, enum wg_timer_why *ret_why)
{
	uint64_t best = 0;
	*ret_why = WG_WHY_NOTHING;
	if (t->want)
		earlier(&best, ret_why, 1, WG_WHY_RETRY);
	earlier(&best, ret_why, t->want_at, WG_WHY_RENEWAL);
	earlier(&best, ret_why, renewal(t), WG_WHY_RENEWAL);
	earlier(&best, ret_why, t->retry_at, WG_WHY_RETRY);
	earlier(&best, ret_why, attempt_ends(t), WG_WHY_RETRY);
	earlier(&best, ret_why, t->keepalive_at, WG_WHY_KEEPALIVE);
	earlier(&best, ret_why, t->no_reply_at, WG_WHY_NO_REPLY);
	earlier(&best, ret_why, t->persistent_at, WG_WHY_PERSISTENT);
	earlier(&best, ret_why, t->session_ns ? t->session_ns + WG_REJECT_AFTER_NS : 0, WG_WHY_EXPIRY);
	earlier(&best, ret_why, t->born_ns ? t->born_ns + ZERO_AFTER : 0, WG_WHY_FAILURE);
	return best;
}
