/* SPDX-License-Identifier: Apache-2.0 */
/* The push and strip table, as the core filled it. */
#include <string.h>

#include "conn_peer.h"
#include "stun/stun.h"

static struct {
	struct cp_addr relay, from, to; /* from: our relayed address */
	uint16_t channel; /* 0: unused */
	uint64_t heard_ns;
} table[CHANNELS_MAX];

void channel_set(const struct conn_out *o)
{
	unsigned int free_at = CHANNELS_MAX;
	for (unsigned int i = 0; i < CHANNELS_MAX; i++) {
		bool same = table[i].channel == o->channel && cp_addr_equal(&table[i].relay, &o->relay);
		if (same)
			memset(&table[i], 0, sizeof(table[i]));
		if (!table[i].channel && i < free_at)
			free_at = i;
	}
	if (!o->up || free_at == CHANNELS_MAX)
		return;
	table[free_at].relay = o->relay;
	table[free_at].from = o->from;
	table[free_at].to = o->to;
	table[free_at].channel = o->channel;
}

uint16_t channel_towards(const struct cp_addr *relay, const struct cp_addr *to)
{
	for (unsigned int i = 0; i < CHANNELS_MAX; i++)
		if (table[i].channel && cp_addr_equal(&table[i].relay, relay) && cp_addr_equal(&table[i].to, to))
			return table[i].channel;
	return 0;
}

static void heard(unsigned int i)
{
	struct conn_report r = {.kind = CONN_REPORT_CHANNEL, .relay = table[i].relay, .channel = table[i].channel, .received = true};
	if (!me.node || (table[i].heard_ns && me.now - table[i].heard_ns < CP_S))
		return;
	table[i].heard_ns = me.now;
	conn_report_in(me.node, &r, me.now);
}

bool channel_strip(struct arrival *a)
{
	struct stun_channel_data d;
	if (!stun_channel_parse(a->data, a->bytes, &d))
		return false;
	for (unsigned int i = 0; i < CHANNELS_MAX; i++) {
		if (table[i].channel != d.channel || !cp_addr_equal(&table[i].relay, &a->from))
			continue;
		a->relay = a->from;
		a->channel = d.channel;
		a->at = table[i].from;
		a->from = table[i].to;
		a->data = d.payload;
		a->bytes = d.bytes;
		heard(i);
		return true;
	}
	return false;
}
