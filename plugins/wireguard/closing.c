/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peer close on the management thread (close.h has the rules): refuse encapsulation → grace period →
 * goodbyes while lingering → flush → unhook → grace period → wipe → report. What the report says of
 * goodbyes is what the drivers took, not what was asked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nf/clock.h>
#include <nf/pkt.h>

#include "wg.h"

#define LINGER_DEFAULT_MS 1000
#define FLUSH_POLL_NS     (10 * NF_NS_PER_MS)

_Static_assert(NF_PORT_MAX <= 32, "goodbye_ports is a mask");

static uint32_t n_closing;

uint32_t closing_count(void)
{
	return n_closing;
}

/* W, inside its walk: the peer that is found stays until the walk ends. */
static void goodbye_left(uint32_t close_token, uint16_t port)
{
	struct wg_peer *p = wg_peer_get(close_token);
	if (!p)
		return;
	__atomic_fetch_or(&p->goodbye_ports, 1u << port, __ATOMIC_RELAXED);
	__atomic_fetch_add(&p->goodbyes_left, 1, __ATOMIC_RELAXED);
}

/* Of the ports that a goodbye left by. */
static enum nf_tx_state tx_state(const struct wg_peer *p)
{
	uint32_t mask = __atomic_load_n(&p->goodbye_ports, __ATOMIC_RELAXED);
	enum nf_tx_state worst = NF_TX_SENT;
	for (uint16_t i = 0; i < nf_port_count(); i++) {
		enum nf_tx_state s = mask & 1u << i ? nf_port_tx_state(i) : NF_TX_SENT;
		if (s == NF_TX_PENDING)
			return s;
		if (s == NF_TX_ACCEPTED)
			worst = s;
	}
	return worst;
}

static enum nf_close_outcome outcome_of(const struct wg_closing *c, uint32_t left)
{
	if (c->machine.acked)
		return NF_CLOSED_ACKED;
	if (left)
		return tx_state(c->peer) == NF_TX_SENT ? NF_CLOSED_SENT : NF_CLOSED_ACCEPTED;
	if (c->tried)
		return NF_CLOSED_FAILED;
	return c->peer->had_session ? NF_CLOSED_UNREACHABLE : NF_CLOSED_NO_SESSION;
}

static struct nf_peer_closed report_of(const struct wg_closing *c, uint64_t now)
{
	const struct wg_peer *p = c->peer;
	struct wg_line totals = peer_totals(p);
	uint64_t last = totals.seen[WG_SEEN_ANY_RECEIVED];
	uint32_t left = __atomic_load_n(&p->goodbyes_left, __ATOMIC_RELAXED);
	struct nf_peer_closed r = {
		.reason = c->reason,
		.outcome = (uint16_t)outcome_of(c, left),
		.goodbyes = (uint16_t)left,
		.acked = c->machine.acked,
		.linger_rx_packets = totals.rx_packets - c->rx_before,
		.last_rx_ago_ns = last && last <= now ? now - last : last ? 0 : UINT64_MAX,
		.took_ns = now - c->asked_ns,
	};
	memcpy(r.public_key, p->public_key, WG_KEY_BYTES);
	memcpy(r.name, p->name, NF_NAME_BYTES);
	return r;
}

/* What stays of a peer that was not destroyed: the operator's word, or a peer without a past. */
static void keep(struct wg_peer *p, const struct wg_closing *c, uint64_t now)
{
	p->close = NULL;
	p->had_session = false;
	p->operator_closed = !c->again;
	if (!c->again)
		return;
	handshaker_peer(p->handle, p->public_key, p->preshared_key);
	__atomic_store_n(&p->closing, false, __ATOMIC_RELEASE);
	if (c->again_at.family)
		peer_set_endpoint(p, &c->again_at);
	if ((p->flags & NF_PEER_INITIATE) && p->endpoint)
		wg_timers_session_wanted(&p->timers, now);
	peer_rearm(p, now);
}

/* After the grace period: no worker reads the keys, which were wiped just before; the peer itself is still there. */
static void report(void *arg)
{
	struct wg_closing *c = arg;
	uint64_t now = nf_clock_ns();
	struct nf_peer_closed r = report_of(c, now);
	nf_event(NF_MSG_PEER_CLOSED, &r, sizeof(r), NULL, 0);
	nf_log(NF_DEBUG, "peer_closed", "name=%s outcome=%u goodbyes=%u acked=%u linger_rx=%lu", r.name, r.outcome, r.goodbyes,
	       r.acked, (unsigned long)r.linger_rx_packets);
	if (c->peer->close == c)
		keep(c->peer, c, now);
	if (--n_closing == 0)
		nf_on_goodbye_left(NULL);
	if (c->in_batch)
		closing_all_ended(&r);
	free(c);
}

static void shut_and_keep(struct wg_peer *p)
{
	struct wg_closing *c = p->close;
	c->shut = true;
	peer_end_sessions(p);
	peer_flush_staged(p, false);
	peer_set_endpoint(p, NULL);
	handshaker_suspend(p->handle);
	wg_timers_init(&p->timers, (enum wg_profile)p->timer_profile, p->keepalive_s);
	nf_timer_cancel(&p->timer);
	if (!c->again)
		wg_wipe(p->preshared_key, sizeof(p->preshared_key));
	nf_rcu_defer(report, c);
}

void closing_peer_gone(struct wg_peer *p)
{
	struct wg_closing *c = p->close;
	p->close = NULL;
	if (!c || c->shut)
		return;
	c->shut = true;
	nf_timer_cancel(&c->timer);
	nf_rcu_defer(report, c);
}

static void shut(struct wg_peer *p)
{
	if (p->close->again || p->close->reason == NF_CLOSE_OPERATOR)
		shut_and_keep(p);
	else
		peer_destroy(p); /* which comes by closing_peer_gone() */
}

/* The flush barrier; a driver that cannot say is not waited for. */
static void flush(struct wg_peer *p, uint64_t now)
{
	struct wg_closing *c = p->close;
	if (tx_state(p) == NF_TX_PENDING && wg_close_keep_flushing(&c->machine, now))
		nf_timer_arm(&c->timer, now + FLUSH_POLL_NS);
	else
		shut(p);
}

static void rearm(struct wg_closing *c)
{
	uint64_t at = wg_close_deadline(&c->machine);
	if (at)
		nf_timer_arm(&c->timer, at);
}

static bool say_goodbye(struct wg_peer *p)
{
	struct wg_closing *c = p->close;
	c->tried = true;
	return peer_send_inner(p, c->goodbye, c->goodbye_bytes, p->handle);
}

static void step(struct wg_peer *p, uint64_t now)
{
	struct wg_closing *c = p->close;
	uint32_t actions = wg_close_tick(&c->machine, now);
	if (actions & WG_CLOSE_START_HANDSHAKE)
		peer_initiate(p, now);
	if ((actions & WG_CLOSE_SEND_GOODBYE) && !say_goodbye(p))
		wg_close_not_sent(&c->machine, now);
	if (actions & WG_CLOSE_FINISHED)
		flush(p, now);
	else
		rearm(c);
}

static void on_timer(struct nf_timer *t, uint64_t now)
{
	const struct wg_closing *c = (const struct wg_closing *)((char *)t - offsetof(struct wg_closing, timer));
	if (c->machine.finished)
		flush(c->peer, now);
	else
		step(c->peer, now);
}

/* A known endpoint is tried even if there never was a session: the far end may have one of this node's last life. */
static enum wg_close_carrier carrier_of(const struct wg_peer *p, uint64_t now)
{
	if (peer_can_send(p, now))
		return WG_CARRIER_SESSION;
	if (p->endpoint)
		return WG_CARRIER_INITIATE;
	return p->had_session ? WG_CARRIER_WAIT : WG_CARRIER_NEVER;
}

/* After the grace period: what any worker had in hand for the peer has left. */
static void after_grace(void *arg)
{
	struct wg_peer *p = wg_peer_get((uint32_t)(uintptr_t)arg);
	uint64_t now = nf_clock_ns();
	if (!p || !p->close)
		return;
	wg_close_begin(&p->close->machine, now, p->close->linger_ns, carrier_of(p, now));
	step(p, now);
}

static struct wg_closing *closing_new(struct wg_peer *p, const void *goodbye, uint16_t bytes)
{
	struct wg_closing *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->peer = p;
	c->timer.fn = on_timer;
	c->asked_ns = nf_clock_ns();
	c->rx_before = peer_totals(p).rx_packets;
	c->goodbye_bytes = bytes ? bytes : WG_CONTROL_BYTES;
	if (bytes)
		memcpy(c->goodbye, goodbye, bytes);
	else
		wg_control_build(c->goodbye, WG_CONTROL_GOODBYE);
	return c;
}

int closing_begin(struct wg_peer *p, uint16_t reason, uint32_t linger_ms, const void *goodbye, uint16_t bytes)
{
	if (p->close)
		return -EALREADY;
	if (bytes > NF_GOODBYE_MAX)
		return -EMSGSIZE;
	struct wg_closing *c = closing_new(p, goodbye, bytes);
	if (!c)
		return -ENOMEM;
	c->reason = reason;
	c->linger_ns = (linger_ms ? linger_ms : LINGER_DEFAULT_MS) * NF_NS_PER_MS;
	if (n_closing++ == 0)
		nf_on_goodbye_left(goodbye_left);
	p->close = c;
	p->goodbyes_left = p->goodbye_ports = 0;
	__atomic_store_n(&p->closing, true, __ATOMIC_RELEASE);
	peer_flush_staged(p, false);
	nf_rcu_defer(after_grace, (void *)(uintptr_t)p->handle);
	return 0;
}

bool closing_holds(const struct wg_peer *p, bool reopen)
{
	return !reopen && (p->operator_closed || (p->close && p->close->reason == NF_CLOSE_OPERATOR));
}

void closing_begin_anew(struct wg_peer *p, const struct wg_endpoint *at)
{
	p->close->again = true;
	p->close->again_at = *at;
}

bool closing_is_shut(const struct wg_peer *p)
{
	return p->operator_closed || (p->close && p->close->shut);
}

void closing_session_ready(struct wg_peer *p, uint64_t now)
{
	if (!p->close || p->close->machine.finished || !p->close->machine.session_by_ns)
		return;
	wg_close_session_ready(&p->close->machine, now);
	rearm(p->close);
}

void closing_acked(struct wg_peer *p, uint64_t now)
{
	if (!p->close || p->close->machine.finished)
		return;
	wg_close_acked(&p->close->machine, now);
	rearm(p->close);
}

void closing_data_received(struct wg_peer *p, uint64_t now)
{
	if (p->close && wg_close_data_received(&p->close->machine, now))
		say_goodbye(p);
}
