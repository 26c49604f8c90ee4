/* SPDX-License-Identifier: Apache-2.0 */
#include "drain/drain.h"

#include <inttypes.h>
#include <stdio.h>

#define MS         1000000ull
#define RELEASE_MS 1000u /* for the NF to hang up after RELEASE */

static void finish(struct cp_drain *d, struct cp_link *l)
{
	bool exits = d->exits;
	*d = (struct cp_drain){0};
	if (exits)
		cp_outq_put(l->out, (struct cp_out){.kind = CP_OUT_EXIT, .code = 0});
}

static void report(struct cp_drain *d, struct cp_link *l, const struct nf_close_all_done *r, const char *outcome, cp_time now)
{
	char text[512];
	snprintf(text, sizeof(text),
		 "{\"event\":\"stopped\",\"outcome\":\"%s\",\"peers\":%u,\"acked\":%u,\"sent\":%u,\"accepted\":%u,"
		 "\"unreachable\":%u,\"no_session\":%u,\"failed\":%u,\"goodbyes\":%u,\"linger_rx_packets\":%" PRIu64
		 ",\"duration_ms\":%" PRIu64 "}",
		 outcome, r->peers, r->acked, r->sent, r->accepted, r->unreachable, r->no_session, r->failed, r->goodbyes,
		 r->linger_rx_packets, (uint64_t)((now - d->began) / MS));
	if (!d->reported)
		cp_outq_report(l->out, text);
	d->reported = true;
}

static void ask(struct cp_drain *d, struct cp_link *l, cp_time now)
{
	struct nf_peer_close_all all = {.reason = NF_CLOSE_DRAIN,
					.linger_ms = l->settings->linger_ms,
					.peers_per_s = l->settings->close_peers_per_s};
	if (!d->asked)
		d->asked = link_request(l, NF_MSG_PEER_CLOSE_ALL, &all, sizeof(all), NULL, 0, now) != 0;
}

/* within_ms: what the NF has left to tell the peers that were not told; 0: there are none, or there is no time. */
static void release(struct cp_drain *d, struct cp_link *l, uint32_t within_ms, cp_time now)
{
	struct nf_stop body = {.signal = (uint32_t)d->signo, .deadline_ms = within_ms};
	d->state = DRAIN_RELEASING;
	d->deadline = now + RELEASE_MS * MS;
	d->release_seq = link_request(l, NF_MSG_RELEASE, &body, sizeof(body), NULL, 0, now);
	if (!d->release_seq)
		finish(d, l);
}

void drain_peer_closed(struct cp_drain *d, const struct nf_peer_closed *r)
{
	struct nf_close_all_done *s = &d->so_far;
	uint32_t *const by_outcome[] = {NULL, &s->acked, &s->sent, &s->accepted, &s->unreachable, &s->no_session, &s->failed};
	if (d->state != DRAIN_CLOSING || r->outcome < NF_CLOSED_ACKED || r->outcome > NF_CLOSED_FAILED)
		return;
	(*by_outcome[r->outcome])++;
	s->goodbyes += r->goodbyes;
	s->linger_rx_packets += r->linger_rx_packets;
}

/* What is known when the end does not come as it should: the peers that nobody reported are the difference. */
static const struct nf_close_all_done *so_far(struct cp_drain *d, const struct cp_link *l)
{
	d->so_far.peers = l->peers->n;
	return &d->so_far;
}

void drain_begin(struct cp_drain *d, struct cp_link *l, bool exits, int signo, cp_time now)
{
	bool second = d->state != DRAIN_RUNNING && d->exits && exits;
	if (second) {
		report(d, l, so_far(d, l), "interrupted", now);
		release(d, l, d->state == DRAIN_CLOSING && now < d->deadline ? (uint32_t)((d->deadline - now) / MS) : 0, now);
		cp_outq_put(l->out, (struct cp_out){.kind = CP_OUT_EXIT, .code = 0});
		return;
	}
	d->exits = d->exits || exits;
	if (d->state != DRAIN_RUNNING)
		return;
	cp_outq_log(l->out, CP_INFO, "stopping", "signalled=%s peers=%u", exits ? "control_plane" : "network_function", l->peers->n);
	d->state = DRAIN_CLOSING;
	d->signo = signo;
	d->began = now;
	d->deadline = now + l->settings->stop_deadline_ms * MS;
	if (l->state >= LINK_HELLO) {
		ask(d, l, now);
		return;
	}
	/* No NF: one that was signalled too has told its peers by itself, one that died cannot. */
	report(d, l, so_far(d, l), "no_network_function", now);
	finish(d, l);
}

void drain_link_ready(struct cp_drain *d, struct cp_link *l, cp_time now)
{
	if (d->state == DRAIN_CLOSING)
		ask(d, l, now);
}

void drain_link_down(struct cp_drain *d, struct cp_link *l, cp_time now)
{
	if (d->state == DRAIN_CLOSING)
		report(d, l, so_far(d, l), "network_function_lost", now);
	if (d->state != DRAIN_RUNNING)
		finish(d, l);
}

void drain_close_all_done(struct cp_drain *d, struct cp_link *l, const struct nf_close_all_done *done, cp_time now)
{
	if (d->state != DRAIN_CLOSING || !d->asked)
		return;
	report(d, l, done, "complete", now);
	release(d, l, 0, now);
}

void drain_refused(struct cp_drain *d, struct cp_link *l, cp_time now)
{
	(void)l;
	(void)now;
	d->asked = false; /* an operator's CLOSE_ALL is under way: asked again when it is done */
}

void drain_tick(struct cp_drain *d, struct cp_link *l, cp_time now)
{
	if (d->state == DRAIN_RUNNING || now < d->deadline)
		return;
	if (d->state == DRAIN_RELEASING) {
		finish(d, l);
		return;
	}
	report(d, l, so_far(d, l), "deadline", now);
	release(d, l, 0, now);
}

cp_time drain_deadline(const struct cp_drain *d)
{
	return d->state == DRAIN_RUNNING ? 0 : d->deadline;
}
