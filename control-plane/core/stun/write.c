/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "stun/bytes.h"
#include "stun/crc32.h"
#include "stun/credentials.h"
#include "stun/stun.h"

/* Room for an attribute at the end of the message, its header written and its padding zero; NULL: there is none. */
static uint8_t *attribute(struct stun_writer *w, uint16_t type, size_t bytes)
{
	size_t padded = (bytes + 3) & ~(size_t)3;
	if (w->overflow || padded > UINT16_MAX || 4 + padded > (size_t)(w->room - w->bytes)) {
		w->overflow = true;
		return NULL;
	}
	uint8_t *p = w->p + w->bytes;
	put_be16(p, type);
	put_be16(p + 2, (uint16_t)bytes);
	memset(p + 4 + bytes, 0, padded - bytes);
	w->bytes = (uint16_t)(w->bytes + 4 + padded);
	return p + 4;
}

void stun_begin(struct stun_writer *w, void *buffer, size_t room, uint16_t type, const uint8_t txid[STUN_TXID_BYTES])
{
	room = room < STUN_MESSAGE_MAX ? room : STUN_MESSAGE_MAX;
	*w = (struct stun_writer){.p = buffer, .room = (uint16_t)room, .overflow = room < STUN_HEADER_BYTES};
	if (w->overflow)
		return;
	w->bytes = STUN_HEADER_BYTES;
	put_be16(w->p, type);
	put_be16(w->p + 2, 0);
	put_be32(w->p + 4, STUN_COOKIE);
	memcpy(w->p + 8, txid, STUN_TXID_BYTES);
}

void stun_put(struct stun_writer *w, uint16_t type, const void *value, size_t bytes)
{
	uint8_t *p = attribute(w, type, bytes);
	if (p && bytes > 0)
		memcpy(p, value, bytes);
}

void stun_put_u32(struct stun_writer *w, uint16_t type, uint32_t value)
{
	uint8_t *p = attribute(w, type, 4);
	if (p)
		put_be32(p, value);
}

void stun_put_u64(struct stun_writer *w, uint16_t type, uint64_t value)
{
	uint8_t *p = attribute(w, type, 8);
	if (p)
		put_be64(p, value);
}

void stun_put_text(struct stun_writer *w, uint16_t type, const char *text)
{
	stun_put(w, type, text, strlen(text));
}

void stun_put_address(struct stun_writer *w, uint16_t type, const struct cp_addr *a)
{
	uint8_t *p = attribute(w, type, 4 + cp_ip_bytes(a));
	if (!p)
		return;
	const uint8_t *mask = w->p + 4;
	p[0] = 0;
	p[1] = a->family == CP_V4 ? 1 : 2;
	put_be16(p + 2, a->port ^ get_be16(mask));
	for (size_t i = 0; i < cp_ip_bytes(a); i++)
		p[4 + i] = a->ip[i] ^ mask[i];
}

void stun_put_error(struct stun_writer *w, uint16_t code, const char *reason)
{
	uint8_t *p = attribute(w, STUN_ERROR_CODE, 4 + strlen(reason));
	if (!p)
		return;
	p[0] = p[1] = 0;
	p[2] = (uint8_t)(code / 100);
	p[3] = (uint8_t)(code % 100);
	memcpy(p + 4, reason, strlen(reason));
}

void stun_put_integrity(struct stun_writer *w, const void *key, size_t key_bytes)
{
	uint16_t at = w->bytes;
	uint8_t *p = attribute(w, STUN_MESSAGE_INTEGRITY, CP_SHA1_BYTES);
	if (p)
		stun_mac(w->p, at, key, key_bytes, p);
}

void stun_put_fingerprint(struct stun_writer *w)
{
	uint16_t at = w->bytes;
	uint8_t *p = attribute(w, STUN_FINGERPRINT, 4);
	if (!p)
		return;
	stun_finish(w); /* the CRC covers the final length */
	put_be32(p, crc32_of(w->p, at) ^ STUN_FINGERPRINT_XOR);
}

uint16_t stun_finish(struct stun_writer *w)
{
	if (w->overflow)
		return 0;
	put_be16(w->p + 2, (uint16_t)(w->bytes - STUN_HEADER_BYTES));
	return w->bytes;
}
