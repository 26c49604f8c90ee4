/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: frame, then attribute by attribute from one table of what each must look like. */
#include <stddef.h>

#include "stun/bytes.h"
#include "stun/stun.h"
#include "stun/utf8.h"

#define USERNAME_MAX 513u /* RFC 8489 §14.3 */
#define TEXT_MAX     763u /* §14.9, §14.10, §14.14: 763 bytes at most */

#define COMPREHENSION_REQUIRED(type) ((type) < 0x8000)

const char *stun_strerror(int outcome)
{
	static const char *const texts[] = {
		"fine", "not STUN", "an attribute reaches beyond the end", "an attribute has a wrong length",
		"an address of unknown family or length", "a text too long or not UTF-8", "not an error code",
		"too large",
	};
	return outcome >= 0 && outcome < (int)(sizeof(texts) / sizeof(texts[0])) ? texts[outcome] : "unknown";
}

bool stun_looks_like(const void *datagram, size_t bytes)
{
	const uint8_t *p = datagram;
	return bytes >= STUN_HEADER_BYTES && p[0] < 4 && get_be32(p + 4) == STUN_COOKIE;
}

static int read_text(struct stun_text *ret, const uint8_t *value, uint16_t bytes, uint16_t max)
{
	if (bytes > max || !utf8_is_valid(value, bytes))
		return STUN_E_BAD_STRING;
	if (!ret->p)
		*ret = (struct stun_text){(const char *)value, bytes};
	return 0;
}

/* RFC 8489 §14.2: | 0 | family | port ^ cookie | address ^ (cookie ‖ transaction id) | */
static int read_address(struct cp_addr *ret, const struct stun_message *m, const uint8_t *value, uint16_t bytes)
{
	const uint8_t *mask = m->raw + 4;
	struct cp_addr a = {0};
	if (bytes < 4 || (value[1] != 1 && value[1] != 2))
		return STUN_E_BAD_ADDRESS;
	a.family = value[1] == 1 ? CP_V4 : CP_V6;
	if (bytes != 4 + cp_ip_bytes(&a))
		return STUN_E_BAD_ADDRESS;
	a.port = get_be16(value + 2) ^ get_be16(mask);
	for (size_t i = 0; i < cp_ip_bytes(&a); i++)
		a.ip[i] = value[4 + i] ^ mask[i];
	if (ret->family == CP_NONE)
		*ret = a;
	return 0;
}

static int read_relayed(struct stun_message *m, const uint8_t *value, uint16_t bytes)
{
	struct cp_addr a = {0};
	int e = read_address(&a, m, value, bytes);
	struct cp_addr *slot = &m->relayed[a.family == CP_V6];
	if (e == 0 && slot->family == CP_NONE)
		*slot = a;
	return e;
}

static int read_error_code(struct stun_message *m, const uint8_t *value, uint16_t bytes)
{
	if (bytes < 4 || (value[2] & 7) < 3 || (value[2] & 7) > 6 || value[3] > 99)
		return STUN_E_BAD_ERROR_CODE;
	if (m->error_code != 0)
		return 0;
	m->error_code = (uint16_t)((value[2] & 7) * 100 + value[3]);
	return read_text(&m->reason, value + 4, bytes - 4, TEXT_MAX);
}

static int read_refused(struct stun_message *m, const uint8_t *value, uint16_t bytes)
{
	if (bytes % 2 != 0)
		return STUN_E_BAD_LENGTH;
	for (uint16_t i = 0; i < bytes && m->n_refused < STUN_UNKNOWN_MAX; i += 2)
		m->refused[m->n_refused++] = get_be16(value + i);
	return 0;
}

static void note_unknown(struct stun_message *m, uint16_t type)
{
	if (COMPREHENSION_REQUIRED(type) && m->n_unknown < STUN_UNKNOWN_MAX)
		m->unknown[m->n_unknown++] = type;
}

/* Attributes of one fixed size; -1: this is none of them, or has no meaning here. */
static int fixed_bytes(uint16_t type)
{
	switch (type) {
	case STUN_USE_CANDIDATE:
		return 0;
	case STUN_PRIORITY:
	case STUN_LIFETIME:
	case STUN_CHANNEL_NUMBER:
	case STUN_FINGERPRINT:
		return 4;
	case STUN_ICE_CONTROLLED:
	case STUN_ICE_CONTROLLING:
		return 8;
	case STUN_MESSAGE_INTEGRITY:
		return 20;
	default:
		return -1;
	}
}

static void read_u32(uint32_t *ret, bool *has, const uint8_t *value)
{
	if (!*has)
		*ret = get_be32(value);
	*has = true;
}

static void read_fixed(struct stun_message *m, uint16_t type, const uint8_t *value)
{
	switch (type) {
	case STUN_USE_CANDIDATE:
		m->use_candidate = true;
		break;
	case STUN_PRIORITY:
		read_u32(&m->priority, &m->has_priority, value);
		break;
	case STUN_LIFETIME:
		read_u32(&m->lifetime_s, &m->has_lifetime, value);
		break;
	case STUN_CHANNEL_NUMBER:
		m->channel = m->has_channel ? m->channel : get_be16(value);
		m->has_channel = true;
		break;
	case STUN_ICE_CONTROLLED:
	case STUN_ICE_CONTROLLING:
		if (!m->controlled && !m->controlling)
			m->tie_breaker = get_be64(value);
		*(type == STUN_ICE_CONTROLLED ? &m->controlled : &m->controlling) = true;
		break;
	case STUN_MESSAGE_INTEGRITY:
		m->integrity_at = (uint16_t)(value - 4 - m->raw);
		break;
	case STUN_FINGERPRINT:
		m->fingerprint_at = (uint16_t)(value - 4 - m->raw);
		break;
	}
}

static int read_variable(struct stun_message *m, uint16_t type, const uint8_t *value, uint16_t bytes)
{
	switch (type) {
	case STUN_USERNAME:
		return read_text(&m->username, value, bytes, USERNAME_MAX);
	case STUN_REALM:
		return read_text(&m->realm, value, bytes, TEXT_MAX);
	case STUN_NONCE:
		return read_text(&m->nonce, value, bytes, TEXT_MAX);
	case STUN_SOFTWARE:
		return read_text(&m->software, value, bytes, TEXT_MAX);
	case STUN_XOR_MAPPED_ADDRESS:
		return read_address(&m->mapped, m, value, bytes);
	case STUN_XOR_PEER_ADDRESS:
		return read_address(&m->peer, m, value, bytes);
	case STUN_XOR_RELAYED_ADDRESS:
		return read_relayed(m, value, bytes);
	case STUN_ERROR_CODE:
		return read_error_code(m, value, bytes);
	case STUN_UNKNOWN_ATTRIBUTES:
		return read_refused(m, value, bytes);
	default:
		note_unknown(m, type);
		return 0;
	}
}

static int read_attribute(struct stun_message *m, uint16_t type, const uint8_t *value, uint16_t bytes)
{
	int fixed = fixed_bytes(type);
	/* Behind MESSAGE-INTEGRITY nothing is protected, so nothing but FINGERPRINT counts (RFC 8489 §14.5). */
	if (m->fingerprint_at != 0 || (m->integrity_at != 0 && type != STUN_FINGERPRINT))
		return 0;
	if (fixed >= 0 && bytes != fixed)
		return STUN_E_BAD_LENGTH;
	if (fixed < 0)
		return read_variable(m, type, value, bytes);
	read_fixed(m, type, value);
	return 0;
}

int stun_parse(const void *datagram, size_t bytes, struct stun_message *ret)
{
	const uint8_t *p = datagram;
	if (!stun_looks_like(datagram, bytes) || bytes % 4 != 0 || get_be16(p + 2) != bytes - STUN_HEADER_BYTES)
		return STUN_E_NOT_STUN;
	if (bytes > STUN_MESSAGE_MAX)
		return STUN_E_TOO_LARGE;
	*ret = (struct stun_message){.raw = p, .bytes = (uint16_t)bytes, .type = get_be16(p)};
	memcpy(ret->txid, p + 8, STUN_TXID_BYTES);
	for (size_t at = STUN_HEADER_BYTES; at < bytes;) {
		uint16_t type = get_be16(p + at), length = get_be16(p + at + 2);
		if (length > bytes - at - 4)
			return STUN_E_TRUNCATED;
		int e = read_attribute(ret, type, p + at + 4, length);
		if (e != 0)
			return e;
		at += 4 + ((length + 3u) & ~3u);
	}
	return 0;
}

bool stun_username_split(const struct stun_message *m, struct stun_text *ret_local, struct stun_text *ret_remote)
{
	const char *colon = m->username.p ? memchr(m->username.p, ':', m->username.bytes) : NULL;
	if (!colon || colon == m->username.p || colon + 1 == m->username.p + m->username.bytes)
		return false;
	uint16_t before = (uint16_t)(colon - m->username.p);
	*ret_local = (struct stun_text){m->username.p, before};
	*ret_remote = (struct stun_text){colon + 1, (uint16_t)(m->username.bytes - before - 1)};
	return true;
}
