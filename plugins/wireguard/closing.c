/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peer close on the management thread (close.h has the rules): refuse encapsulation → grace period →
 * goodbyes while lingering → unhook → grace period → wipe → report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nf/clock.h>

#include "wg.h"

#define LINGER_DEFAULT_MS 1000
#define PACE_MIN_PER_S    200
#define PACE_WITHIN_S     2

/* PEER_CLOSE_ALL in progress. */
static struct {
	bool active;
	uint16_t reason, goodbye_bytes;
	uint32_t linger_ms, open;
	uint64_t began_ns, pause_ns;
	uint32_t *todo, n_todo, at; /* handles */
	struct nf_timer timer;
	struct nf_close_all_done sum;
	uint8_t goodbye[NF_GOODBYE_MAX];
} batch;

static void batch_check_done(void)
{
	if (!batch.active || batch.open || batch.at < batch.n_todo)
		return;
	batch.active = false;
	batch.sum.took_ns = nf_clock_ns() - batch.began_ns;
	free(batch.todo);
	batch.todo = NULL;
	nf_event(NF_MSG_CLOSE_ALL_DONE, &batch.sum, sizeof(batch.sum), NULL, 0);
	nf_log(NF_INFO, "peers_closed", "peers=%u acked=%u sent=%u accepted=%u unreachable=%u no_session=%u goodbyes=%u",
	       batch.sum.peers, batch.sum.acked, batch.sum.sent, batch.sum.accepted, batch.sum.unreachable,
	       batch.sum.no_session, batch.sum.goodbyes);
}

static void batch_add(const struct nf_peer_closed *r)
{
	uint32_t *const by_outcome[] = {NULL, &batch.sum.acked, &batch.sum.sent, &batch.sum.accepted,
					&batch.sum.unreachable, &batch.sum.no_session, &batch.sum.failed};
	(*by_outcome[r->outcome])++;
	batch.sum.goodbyes += r->goodbyes;
	batch.sum.linger_rx_packets += r->linger_rx_packets;
	batch.open--;
	batch_check_done();
}

/* Worst of all ports: which one a goodbye left by is not tracked. */
static enum nf_close_outcome sent_or_accepted(void)
{
	enum nf_close_outcome o = NF_CLOSED_SENT;
	for (uint16_t i = 0; i < nf_port_count(); i++)
		if (!nf_port(i)->is_host && nf_port_tx_state(i) != NF_TX_SENT)
			o = NF_CLOSED_ACCEPTED;
	return o;
}

static enum nf_close_outcome outcome_of(const struct wg_peer *p)
{
	const struct wg_close *m = &p->close->machine;
	if (m->acked)
		return NF_CLOSED_ACKED;
	if (!wg_close_is_unreachable(m))
		return sent_or_accepted();
	return p->had_session ? NF_CLOSED_UNREACHABLE : NF_CLOSED_NO_SESSION;
}

static void finish(struct wg_peer *p, uint64_t now)
{
	struct wg_closing *c = p->close;
	struct wg_line totals = peer_totals(p);
	uint64_t last = totals.seen[WG_SEEN_ANY_RECEIVED];
	struct nf_peer_closed r = {
		.reason = c->reason,
		.outcome = (uint16_t)outcome_of(p),
		.goodbyes = c->machine.goodbyes,
		.acked = c->machine.acked,
		.linger_rx_packets = totals.rx_packets - c->rx_before,
		.last_rx_ago_ns = last ? now - last : UINT64_MAX,
		.took_ns = now - c->asked_ns,
	};
	bool in_batch = c->in_batch;
	memcpy(r.public_key, p->public_key, WG_KEY_BYTES);
	memcpy(r.name, p->name, NF_NAME_BYTES);
	nf_event(NF_MSG_PEER_CLOSED, &r, sizeof(r), NULL, 0);
	nf_log(NF_INFO, "peer_closed", "name=%s outcome=%u goodbyes=%u acked=%u linger_rx=%lu", p->name, r.outcome, r.goodbyes,
	       r.acked, (unsigned long)r.linger_rx_packets);
	if (c->reason == NF_CLOSE_OPERATOR) { /* remembered, so that a sync does not bring it back */
		closing_free(p);
		peer_end_sessions(p);
		peer_set_endpoint(p, NULL);
		p->operator_closed = true;
		handshaker_forget(p->handle);
	} else {
		peer_destroy(p);
	}
	if (in_batch)
		batch_add(&r);
}

static void rearm(struct wg_closing *c)
{
	uint64_t at = wg_close_deadline(&c->machine);
	if (at)
		nf_timer_arm(&c->timer, at);
}

static void step(struct wg_peer *p, uint64_t now)
{
	struct wg_closing *c = p->close;
	uint32_t actions = wg_close_tick(&c->machine, now);
	if (actions & WG_CLOSE_START_HANDSHAKE)
		peer_initiate(p, now);
	if (actions & WG_CLOSE_SEND_GOODBYE)
		peer_send_inner(p, c->goodbye, c->goodbye_bytes);
	if (actions & WG_CLOSE_FINISHED)
		finish(p, now);
	else
		rearm(c);
}

static void on_timer(struct nf_timer *t, uint64_t now)
{
	const struct wg_closing *c = (const struct wg_closing *)((char *)t - offsetof(struct wg_closing, timer));
	struct wg_peer *p = wg_peer_get(c->peer);
	if (p)
		step(p, now);
}

static enum wg_close_carrier carrier_of(const struct wg_peer *p, uint64_t now)
{
	if (peer_can_send(p, now))
		return WG_CARRIER_SESSION;
	if (!p->had_session)
		return WG_CARRIER_NEVER;
	return p->endpoint ? WG_CARRIER_INITIATE : WG_CARRIER_WAIT;
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

int closing_begin(struct wg_peer *p, uint16_t reason, uint32_t linger_ms, const void *goodbye, uint16_t bytes)
{
	if (p->close)
		return -EALREADY;
	struct wg_closing *c = calloc(1, sizeof(*c));
	if (!c || bytes > sizeof(c->goodbye)) {
		free(c);
		return c ? -EMSGSIZE : -ENOMEM;
	}
	c->peer = p->handle;
	c->reason = reason;
	c->asked_ns = nf_clock_ns();
	c->rx_before = peer_totals(p).rx_packets;
	c->linger_ns = (linger_ms ? linger_ms : LINGER_DEFAULT_MS) * NF_NS_PER_MS;
	c->timer.fn = on_timer;
	c->goodbye_bytes = bytes ? bytes : WG_CONTROL_BYTES;
	if (bytes)
		memcpy(c->goodbye, goodbye, bytes);
	else
		wg_control_build(c->goodbye, WG_CONTROL_GOODBYE);
	p->close = c;
	peer_flush_staged(p, false);
	__atomic_store_n(&p->closing, true, __ATOMIC_RELEASE);
	nf_rcu_defer(after_grace, (void *)(uintptr_t)p->handle);
	return 0;
}

static void batch_next(struct nf_timer *t, uint64_t now)
{
	struct wg_peer *p = NULL;
	(void)t;
	while (batch.at < batch.n_todo && !p)
		p = wg_peer_get(batch.todo[batch.at++]);
	if (p && closing_begin(p, batch.reason, batch.linger_ms, batch.goodbye, batch.goodbye_bytes) == 0) {
		p->close->in_batch = true;
		batch.open++;
	}
	if (batch.at < batch.n_todo)
		nf_timer_arm(&batch.timer, now + batch.pause_ns);
	batch_check_done();
}

static void collect(struct wg_peer *p, void *arg)
{
	(void)arg;
	if (!p->operator_closed && !p->close)
		batch.todo[batch.n_todo++] = p->handle;
}

int closing_begin_all(uint16_t reason, uint32_t linger_ms, const void *goodbye, uint16_t bytes, uint32_t per_s)
{
	uint64_t now = nf_clock_ns();
	if (batch.active)
		return -EALREADY;
	memset(&batch, 0, sizeof(batch));
	batch.todo = calloc(wg.peers.used + 1, sizeof(*batch.todo));
	if (!batch.todo || bytes > sizeof(batch.goodbye))
		return batch.todo ? -EMSGSIZE : -ENOMEM;
	batch.active = true;
	batch.reason = reason;
	batch.linger_ms = linger_ms;
	batch.goodbye_bytes = bytes;
	if (bytes)
		memcpy(batch.goodbye, goodbye, bytes);
	peers_each(collect, NULL);
	batch.sum.peers = batch.n_todo;
	batch.began_ns = now;
	if (!per_s)
		per_s = RTE_MAX(batch.n_todo / PACE_WITHIN_S, (uint32_t)PACE_MIN_PER_S);
	batch.pause_ns = NF_NS_PER_S / per_s;
	batch.timer.fn = batch_next;
	batch_next(&batch.timer, now);
	return 0;
}

void closing_session_ready(struct wg_peer *p, uint64_t now)
{
	if (!p->close)
		return;
	wg_close_session_ready(&p->close->machine, now);
	rearm(p->close);
}

void closing_acked(struct wg_peer *p, uint64_t now)
{
	if (p->close)
		wg_close_acked(&p->close->machine, now);
}

void closing_data_received(struct wg_peer *p, uint64_t now)
{
	if (p->close && wg_close_data_received(&p->close->machine, now))
		peer_send_inner(p, p->close->goodbye, p->close->goodbye_bytes);
}

void closing_free(struct wg_peer *p)
{
	if (!p->close)
		return;
	nf_timer_cancel(&p->close->timer);
	free(p->close);
	p->close = NULL;
}

bool closing_is_idle(void)
{
	return !batch.active;
}

/*
 * A static peer's sessions end and its endpoint is forgotten, it may come again; any other peer is gone.
 * The acknowledgement leaves in the dying session, so sessions end one grace period later.
 */
static void end_after_ack(void *arg)
{
	struct wg_peer *p = wg_peer_get((uint32_t)(uintptr_t)arg);
	if (!p || p->close)
		return;
	if (!(p->flags & NF_PEER_STATIC)) {
		peer_destroy(p);
		return;
	}
	peer_end_sessions(p);
	peer_flush_staged(p, false);
	peer_set_endpoint(p, NULL);
	wg_timers_init(&p->timers, (enum wg_profile)p->timer_profile, p->keepalive_s);
	peer_rearm(p, nf_clock_ns());
}

static void after_injected(void *arg)
{
	nf_rcu_defer(end_after_ack, arg);
}

void goodbye_received(struct wg_peer *p, uint64_t now)
{
	uint8_t ack[WG_CONTROL_BYTES];
	(void)now;
	wg_control_build(ack, WG_CONTROL_BYE_ACK);
	if (p->current && p->current->send_until_ns)
		peer_send_inner(p, ack, sizeof(ack));
	peer_event(p, NF_PEER_GOODBYE);
	nf_rcu_defer(after_injected, (void *)(uintptr_t)p->handle);
}
