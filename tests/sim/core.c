/* SPDX-License-Identifier: Apache-2.0 */
/* Drives a host's core, and holds it to what it promises: outputs only after inputs, deadlines that move on. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "portal.h"
#include "trace.h"
#include "world.h"

/* --- what comes out --- */

static void hash_bytes(struct host *h, const void *data, size_t bytes)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < bytes; i++)
		h->count.hash = (h->count.hash ^ p[i]) * 0x100000001b3u;
}

static void hash_text(struct host *h, const char *text)
{
	if (text)
		hash_bytes(h, text, strlen(text) + 1);
}

static void hash(struct host *h, const struct conn_out *o)
{
	h->count.outputs++;
	hash_bytes(h, &h->clock->now, sizeof(h->clock->now));
	hash_bytes(h, &o->kind, sizeof(o->kind));
	hash_bytes(h, o->id, sizeof(o->id));
	hash_bytes(h, &o->from, sizeof(o->from));
	hash_bytes(h, &o->to, sizeof(o->to));
	hash_bytes(h, &o->path.handle, sizeof(o->path.handle));
	if (o->data)
		hash_bytes(h, o->data, o->bytes);
	hash_text(h, o->text);
}

static struct checks_of_pair *checks_of(struct host *h, const struct conn_out *o)
{
	for (unsigned int i = 0; i < h->n_checks; i++)
		if (cp_addr_equal(&h->checks[i].from, &o->from) && cp_addr_equal(&h->checks[i].to, &o->to))
			return &h->checks[i];
	if (h->n_checks == HOST_CHECKS_MAX)
		return NULL;
	h->checks[h->n_checks] = (struct checks_of_pair){.from = o->from, .to = o->to, .first = h->clock->now};
	return &h->checks[h->n_checks++];
}

static void count_check(struct host *h, const struct conn_out *o)
{
	struct stun_message m;
	if (o->from.family == CP_NONE || stun_parse(o->data, o->bytes, &m) != 0 || m.type != STUN_BINDING)
		return;
	struct checks_of_pair *c = checks_of(h, o);
	if (!c)
		return;
	if (c->sent < HOST_TIMES_MAX)
		c->times[c->sent] = h->clock->now;
	c->sent++;
	c->nominating += m.use_candidate;
	c->last = h->clock->now;
}

static void failed(struct host *h, const struct conn_out *o)
{
	h->count.failed++;
	h->count.failures[o->failure]++;
	h->count.last_failed = h->clock->now;
	trace_note(h->world->net.trace, h->clock->now, h->name, NULL, "connection failed (%d)", o->failure);
}

static void established(struct host *h, const struct conn_out *o)
{
	h->count.established++;
	h->count.last_established = h->clock->now;
	trace_note(h->world->net.trace, h->clock->now, h->name, NULL, "connection established");
}

static void output(struct host *h, const struct conn_out *o)
{
	switch (o->kind) {
	case CONN_OUT_SEND:
		count_check(h, o);
		if (!host_send(h, &o->from, &o->to, o->data, o->bytes) && o->from.family != CP_NONE)
			h->count.wrong_source++;
		break;
	case CONN_OUT_CANDIDATE:
	case CONN_OUT_INVALIDATE:
		portal_candidate(&h->world->portal, h, o->id, o->text, o->kind == CONN_OUT_CANDIDATE);
		break;
	case CONN_OUT_ESTABLISHED:
		established(h, o);
		break;
	case CONN_OUT_FAILED:
		failed(h, o);
		break;
	case CONN_OUT_CLOSED:
		h->count.closed++;
		break;
	case CONN_OUT_NO_RELAYS:
		h->count.no_relays++;
		portal_no_relays(&h->world->portal, h);
		break;
	case CONN_OUT_ROTATE_KEY:
		h->count.rotate++;
		break;
	case CONN_OUT_RELEASED:
		h->count.released++;
		break;
	case CONN_OUT_LOG:
		trace_note(h->world->net.trace, h->clock->now, h->name, NULL, "log %s %s", o->event, o->text ? o->text : "");
		break;
	default:
		nf_output(h, o);
	}
}

static void arm(struct host *h)
{
	struct conn_deadline d = conn_deadline(h->core);
	if (d.at == CP_NEVER)
		clock_cancel(h->clock, &h->tick);
	else
		clock_at(h->clock, &h->tick, d.at);
}

void core_drain(struct host *h)
{
	struct conn_out o;
	if (h->draining)
		return;
	h->draining = true;
	while (conn_next(h->core, h->clock->now, &o)) {
		hash(h, &o);
		output(h, &o);
	}
	h->draining = false;
	arm(h);
}

/* --- what goes in --- */

/* Nothing may be left over from before: whoever had an input has drained it. */
static void expect_drained(struct host *h)
{
	struct conn_out o;
	if (!h->draining && conn_next(h->core, h->clock->now, &o))
		world_violation(h->world, "%s: output %d without an input", h->name, o.kind);
}

static void ticked(struct event *e)
{
	struct host *h = (struct host *)((char *)e - offsetof(struct host, tick));
	expect_drained(h);
	conn_tick(h->core, h->clock->now);
	core_drain(h);
	struct conn_deadline d = conn_deadline(h->core);
	if (d.at <= h->clock->now)
		world_violation(h->world, "%s: after the tick the deadline (%s) is not later", h->name, d.why);
}

void core_datagram(struct host *h, const struct cp_addr *at, const struct cp_addr *from, const uint8_t *data, size_t bytes)
{
	struct conn_inner inner;
	struct stun_channel_data d;
	if (!h->core)
		return;
	expect_drained(h);
	enum conn_taken taken = conn_udp_in(h->core, at, from, data, bytes, h->clock->now, &inner);
	if (taken == CONN_WIREGUARD) {
		struct way back = {.from = inner.at, .to = inner.from};
		if (stun_channel_parse(data, bytes, &d)) {
			back.relay = *from;
			back.channel = d.channel;
		}
		nf_wireguard(h, &back, inner.data, inner.bytes);
	}
	core_drain(h);
}

void host_report(struct host *h, const struct conn_report *r)
{
	if (!h->core)
		return;
	conn_report_in(h->core, r, h->clock->now);
	core_drain(h);
}

/* --- life --- */

static void tell_addresses(struct host *h)
{
	struct cp_addr addrs[HOST_ADDRS_MAX];
	for (unsigned int i = 0; i < h->n_addrs; i++)
		addrs[i] = h->addrs[i].addr;
	conn_addresses(h->core, addrs, h->n_addrs, h->clock->now);
}

static void boot(struct host *h)
{
	struct conn_settings s = {.role = h->s.role};
	for (unsigned int i = 0; i < sizeof(s.seed); i++)
		s.seed[i] = (uint8_t)dice_u64(&h->dice);
	h->core = conn_node_new(&s, h->clock->now);
	assert(h->core);
	h->tick.fire = ticked;
	tell_addresses(h);
}

void core_start(struct host *h)
{
	boot(h);
	core_drain(h);
	portal_hello(&h->world->portal, h);
}

void core_kill(struct host *h)
{
	clock_cancel(h->clock, &h->tick);
	conn_node_free(h->core);
	h->core = NULL;
	trace_note(h->world->net.trace, h->clock->now, h->name, NULL, "core killed");
}

void core_restore(struct host *h)
{
	boot(h);
	trace_note(h->world->net.trace, h->clock->now, h->name, NULL, "core started with what the stash holds");
	for (const struct stashed *s = h->stash; s; s = s->next)
		if (conn_restore(h->core, &s->key, s->data, s->bytes, h->clock->now) != 0)
			world_violation(h->world, "%s: stash record %d/%u of %zu bytes is not accepted", h->name, s->key.kind, s->key.part,
					s->bytes);
	conn_restored(h->core, h->clock->now);
	core_drain(h);
	portal_hello(&h->world->portal, h);
}

void host_addresses_changed(struct host *h)
{
	if (!h->core)
		return;
	tell_addresses(h);
	core_drain(h);
}
