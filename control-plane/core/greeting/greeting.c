/* SPDX-License-Identifier: Apache-2.0 */
#include "greeting/greeting.h"

#include <string.h>

#define HELLO_EVENT  0xe0
#define HEADER_BYTES 48 /* IPv6 header, event, seven reserved bytes (tunnel.md §2.1) */
#define AGAIN_NS     (60ull * 1000000000ull)

static const char hello_body[] = "{\"v\":1,\"features\":[\"ack\"]}";

static void say(struct cp_outq *out, struct cp_peer *peer, cp_time now)
{
	uint8_t packet[HEADER_BYTES + sizeof(hello_body) - 1] = {0x60};
	struct nf_inject inject = {.kind = NF_PUNT_CONTROL, .data_bytes = sizeof(packet)};
	struct nf_msg_hdr hdr = {.type = NF_MSG_INJECT};
	packet[5] = (uint8_t)(sizeof(packet) - 40);
	packet[6] = 0xff;
	packet[40] = HELLO_EVENT;
	memcpy(packet + HEADER_BYTES, hello_body, sizeof(hello_body) - 1);
	memcpy(inject.public_key, peer->upsert.public_key, NF_KEY_BYTES);
	cp_outq_message(out, (struct cp_out){.kind = CP_OUT_PUNT_SEND}, hdr, &inject, sizeof(inject), packet, sizeof(packet));
	peer->greeted = now;
}

void greet(struct cp_outq *out, struct cp_peer *peer, cp_time now)
{
	if (!peer->greeted)
		say(out, peer, now);
}

void greeting_punted(struct cp_outq *out, struct cp_peers *peers, const void *msg, size_t bytes, cp_time now)
{
	struct nf_msg_hdr hdr;
	struct nf_punt punt;
	const uint8_t *data = (const uint8_t *)msg + sizeof(hdr) + sizeof(punt);
	if (bytes < sizeof(hdr) + sizeof(punt) + HEADER_BYTES)
		return;
	memcpy(&hdr, msg, sizeof(hdr));
	memcpy(&punt, (const uint8_t *)msg + sizeof(hdr), sizeof(punt));
	if (hdr.type != NF_MSG_PUNT || punt.kind != NF_PUNT_CONTROL || data[40] != HELLO_EVENT)
		return;
	struct cp_peer *p = cp_peers_find(peers, punt.public_key);
	if (p && (!p->greeted || now - p->greeted > AGAIN_NS))
		say(out, p, now);
}
