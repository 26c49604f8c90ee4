/* SPDX-License-Identifier: Apache-2.0 */
/* MESSAGE-INTEGRITY, FINGERPRINT and the long-term key (RFC 8489 §9, §14.5, §14.7). */
#include "stun/credentials.h"

#include <string.h>

#include "base/crypto.h"
#include "stun/bytes.h"
#include "stun/crc32.h"
#include "stun/stun.h"

void stun_mac(const uint8_t *message, uint16_t at, const void *key, size_t key_bytes, uint8_t ret[CP_SHA1_BYTES])
{
	uint8_t header[STUN_HEADER_BYTES];
	memcpy(header, message, sizeof(header));
	put_be16(header + 2, (uint16_t)(at + 4 + CP_SHA1_BYTES - STUN_HEADER_BYTES));
	cp_hmac_sha1(key, key_bytes,
		     (struct cp_span[]){{header, sizeof(header)}, {message + sizeof(header), at - sizeof(header)}}, 2, ret);
}

bool stun_integrity_holds(const struct stun_message *m, const void *key, size_t key_bytes)
{
	uint8_t mac[CP_SHA1_BYTES];
	if (m->integrity_at == 0)
		return false;
	stun_mac(m->raw, m->integrity_at, key, key_bytes, mac);
	return cp_equal(mac, m->raw + m->integrity_at + 4, sizeof(mac));
}

bool stun_fingerprint_holds(const struct stun_message *m)
{
	/* the length field counts to the end of FINGERPRINT, which the parser has seen to be last or ignored the rest */
	if (m->fingerprint_at == 0 || m->fingerprint_at + 8 != m->bytes)
		return false;
	return get_be32(m->raw + m->fingerprint_at + 4) == (crc32_of(m->raw, m->fingerprint_at) ^ STUN_FINGERPRINT_XOR);
}

/* Appends what fits; the parts are bounded by the callers of stun_long_term_key(). */
static size_t append(uint8_t *to, size_t at, size_t room, const char *text)
{
	size_t n = strlen(text);
	n = n < room - at ? n : room - at;
	memcpy(to + at, text, n);
	return at + n;
}

void stun_long_term_key(const char *username, const char *realm, const char *password, uint8_t ret[16])
{
	uint8_t all[3 * 1024];
	size_t n = append(all, 0, sizeof(all), username);
	n = append(all, n, sizeof(all), ":");
	n = append(all, n, sizeof(all), realm);
	n = append(all, n, sizeof(all), ":");
	n = append(all, n, sizeof(all), password);
	cp_md5(all, n, ret);
	cp_wipe(all, n);
}
