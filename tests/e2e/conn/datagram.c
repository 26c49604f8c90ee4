/* SPDX-License-Identifier: Apache-2.0 */
/* Which way a datagram goes: to the responder, to WireGuard, to the core. And how one leaves. */
#include <string.h>

#include "conn_peer.h"
#include "stun/stun.h"

static void to_core(const struct cp_addr *at, const struct cp_addr *from, const uint8_t *data, size_t bytes)
{
	struct conn_inner inner;
	struct stun_channel_data d;
	if (conn_udp_in(me.node, at, from, data, bytes, me.now, &inner) != CONN_WIREGUARD)
		return;
	struct arrival a = {.at = inner.at, .from = inner.from, .data = inner.data, .bytes = inner.bytes};
	if (inner.data != data && stun_channel_parse(data, bytes, &d)) {
		a.relay = *from;
		a.channel = d.channel;
	}
	wireguard_in(&a);
}

/* Alone: the core is away, or the data plane does its part by itself and reports. */
static bool handled_alone(const struct cp_addr *at, const struct cp_addr *from, const uint8_t *data, size_t bytes)
{
	struct arrival a = {.at = *at, .from = *from, .data = data, .bytes = bytes};
	bool stripped = channel_strip(&a);
	if (stun_looks_like(a.data, a.bytes))
		return responder_in(&a);
	if (wg_message_type(a.data, a.bytes) == WG_NONE)
		return false;
	if (stripped || !me.node) {
		wireguard_in(&a);
		return true;
	}
	return false;
}

void datagram_in(const struct cp_addr *at, const struct cp_addr *from, const uint8_t *data, size_t bytes)
{
	if ((me.options.responder || !me.node) && handled_alone(at, from, data, bytes))
		return;
	if (me.node)
		to_core(at, from, data, bytes);
	core_drain();
}

void route_send(const struct route *r, const void *data, size_t bytes)
{
	static const struct cp_addr any;
	uint8_t framed[STUN_CHANNEL_HEADER + DATAGRAM_MAX];
	if (r->relay.family == CP_NONE) {
		datagram_send(&r->from, &r->to, data, bytes);
		return;
	}
	if (bytes > DATAGRAM_MAX)
		return;
	stun_channel_header(framed, r->channel, (uint16_t)bytes);
	memcpy(framed + STUN_CHANNEL_HEADER, data, bytes);
	datagram_send(&any, &r->relay, framed, STUN_CHANNEL_HEADER + bytes);
}
