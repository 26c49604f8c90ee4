/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

static void pulsed(struct event *e)
{
	struct flow *f = (struct flow *)((char *)e - offsetof(struct flow, pulse));
	clock_after(f->host->clock, e, f->every);
	f->wanted++;
	struct wg_peer *p = host_peer(f->host, f->id);
	if (p)
		wg_packet_out(p);
	else {
		f->unsent++;
		host_wants(f->host, f->id);
	}
}

struct flow *flow_of(struct host *h, const uint8_t id[CONN_ID_BYTES])
{
	struct flow *f = h->flows;
	while (f && memcmp(f->id, id, sizeof(f->id)) != 0)
		f = f->next;
	if (!f) {
		f = calloc(1, sizeof(*f));
		assert(f);
		f->host = h;
		memcpy(f->id, id, sizeof(f->id));
		f->pulse.fire = pulsed;
		f->next = h->flows;
		h->flows = f;
	}
	return f;
}

void flow_start(struct flow *f, cp_time every)
{
	f->every = every;
	clock_after(f->host->clock, &f->pulse, 0);
}

void flow_stop(struct flow *f)
{
	f->every = 0;
	clock_cancel(f->host->clock, &f->pulse);
}

void flow_receive(struct flow *f, uint64_t sequence, cp_time now)
{
	uint8_t bit = (uint8_t)(1u << sequence % 8);
	if (sequence >= FLOW_PACKETS_MAX)
		return;
	if (f->seen[sequence / 8] & bit) {
		f->repeated++;
		return;
	}
	f->seen[sequence / 8] |= bit;
	f->received++;
	if (f->last && now - f->last > f->longest_gap)
		f->longest_gap = now - f->last;
	f->last = now;
}

uint64_t flow_lost(const struct flow *sender, const struct flow *receiver)
{
	return sender->sent - receiver->received;
}

void flows_free(struct host *h)
{
	while (h->flows) {
		struct flow *f = h->flows;
		h->flows = f->next;
		clock_cancel(h->clock, &f->pulse);
		free(f);
	}
}
