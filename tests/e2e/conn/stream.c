/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered packets at a rate, counted at the far end by the way they came; and bare lines for agents without WireGuard. */
#include <string.h>

#include "conn_peer.h"

#define INNER_HEADER 28u /* IPv4 and UDP */
#define STREAM_MIN   (INNER_HEADER + 8u)
#define BURST_MAX    64u
#define RAW_INDEX    0xffffffffu /* receiver of a data message that is nobody's */

void stream_start(struct peer *p, uint32_t pps, uint32_t bytes)
{
	struct stream *s = &p->stream;
	s->pps = pps;
	s->bytes = bytes < STREAM_MIN ? STREAM_MIN : bytes > 1280 ? 1280 : bytes;
	s->began_ns = me.now;
	s->base = s->sent + s->unsent;
}

static uint64_t due(const struct stream *s)
{
	return s->pps ? s->base + (me.now - s->began_ns) * s->pps / CP_S : 0;
}

static void send_one(struct peer *p)
{
	uint8_t inner[1280] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, [20] = 0, 9, 0, 9};
	struct stream *s = &p->stream;
	inner[2] = (uint8_t)(s->bytes >> 8);
	inner[3] = (uint8_t)s->bytes;
	wg_put64(inner + INNER_HEADER, s->sent);
	if (session_send(p, inner, s->bytes))
		s->sent++;
	else
		s->unsent++;
}

void stream_tick(struct peer *p)
{
	uint64_t want = due(&p->stream);
	for (unsigned int i = 0; i < BURST_MAX && p->stream.sent + p->stream.unsent < want; i++)
		send_one(p);
}

uint64_t stream_deadline(const struct peer *p)
{
	const struct stream *s = &p->stream;
	if (!s->pps)
		return 0;
	uint64_t next = s->sent + s->unsent + 1 - s->base;
	return s->began_ns + (next * CP_S + s->pps - 1) / s->pps;
}

static void count_route(struct stream *s, const struct arrival *a)
{
	for (unsigned int i = 0; i < ROUTES_MAX; i++) {
		bool relayed = a->relay.family != CP_NONE;
		if (s->routes[i].packets && (!cp_addr_equal(&s->routes[i].from, &a->from) || s->routes[i].through_relay != relayed))
			continue;
		s->routes[i].from = a->from;
		s->routes[i].through_relay = relayed;
		s->routes[i].packets++;
		return;
	}
}

void stream_in(struct peer *p, const struct arrival *a, const uint8_t *inner, size_t bytes)
{
	struct stream *s = &p->stream;
	if (bytes < STREAM_MIN || inner[0] != 0x45)
		return;
	uint64_t number = wg_get64(inner + INNER_HEADER);
	s->backwards += s->received && number < s->highest;
	s->highest = number > s->highest ? number : s->highest;
	if (s->last_ns && me.now - s->last_ns > s->worst_gap_ns)
		s->worst_gap_ns = me.now - s->last_ns;
	s->last_ns = me.now;
	s->received++;
	count_route(s, a);
}

/* A line in the shape of a data message: every demultiplexer lets it through, no session opens it. */
void raw_send(struct peer *p, const char *text)
{
	uint8_t out[WG_DATA_OVERHEAD + 512] = {WG_DATA};
	size_t n = strlen(text);
	if (n > 512)
		return;
	wg_put32(out + 4, RAW_INDEX);
	memcpy(out + WG_DATA_OVERHEAD, text, n);
	peer_send_on_path(p, out, WG_DATA_OVERHEAD + n);
}

bool is_raw(const struct arrival *a)
{
	return wg_message_type(a->data, a->bytes) == WG_DATA && wg_get32(a->data + 4) == RAW_INDEX;
}

void raw_in(const struct arrival *a)
{
	char text[513] = "";
	size_t n = a->bytes - WG_DATA_OVERHEAD;
	if (n < sizeof(text))
		memcpy(text, a->data + WG_DATA_OVERHEAD, n);
	say("raw", "aas", "from", &a->from, "relay", &a->relay, "text", text);
}
