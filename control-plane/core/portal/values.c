/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/values.h"

#include <string.h>

#include "base/crypto.h"
#include "portal/base64.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* 32 digits, or 36 characters with a hyphen at 8, 13, 18 and 23. */
static bool parse_digits(const char *text, size_t bytes, struct portal_uuid *ret)
{
	struct portal_uuid u = {{0}};
	unsigned int n = 0;
	if (bytes != 32 && bytes != 36)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		bool hyphen = bytes == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
		int d = hyphen ? 0 : hex_digit(text[i]);
		if (hyphen ? text[i] != '-' : d < 0)
			return false;
		if (!hyphen) {
			u.bytes[n / 2] = (uint8_t)(u.bytes[n / 2] << 4 | d);
			n++;
		}
	}
	*ret = u;
	return true;
}

bool portal_uuid_parse(const char *text, size_t bytes, struct portal_uuid *ret)
{
	static const char urn[] = "urn:uuid:";
	if (bytes == 38 && text[0] == '{' && text[37] == '}')
		return parse_digits(text + 1, 36, ret);
	if (bytes == sizeof(urn) - 1 + 36 && memcmp(text, urn, sizeof(urn) - 1) == 0)
		return parse_digits(text + sizeof(urn) - 1, 36, ret);
	return parse_digits(text, bytes, ret);
}

void portal_uuid_format(const struct portal_uuid *u, char ret[PORTAL_UUID_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	char *p = ret;
	for (unsigned int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[u->bytes[i] >> 4];
		*p++ = hex[u->bytes[i] & 15];
	}
	*p = 0;
}

bool portal_key_parse(const char *text, size_t bytes, struct portal_key *ret)
{
	uint8_t raw[35];
	size_t n = 0;
	bool good = bytes == PORTAL_KEY_TEXT - 1 && text[bytes - 1] == '=' &&
		    portal_base64_decode(PORTAL_BASE64, text, bytes - 1, raw, &n) && n == PORTAL_KEY_BYTES;
	if (good)
		memcpy(ret->bytes, raw, PORTAL_KEY_BYTES);
	cp_wipe(raw, sizeof(raw));
	return good;
}

void portal_key_format(const struct portal_key *k, char ret[PORTAL_KEY_TEXT])
{
	size_t n = portal_base64_encode(k->bytes, PORTAL_KEY_BYTES, ret);
	ret[n] = '=';
	ret[n + 1] = 0;
}

/* Decimal, no sign; -1: it is none, or above max. */
static long parse_number(const char *text, size_t bytes, long max)
{
	long v = 0;
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + (text[i] - '0');
		if (v > max)
			return -1;
	}
	return bytes == 0 ? -1 : v;
}

static bool has_host_bits(const struct cp_addr *a, unsigned int prefix_bits)
{
	for (unsigned int bit = prefix_bits; bit < cp_ip_bytes(a) * 8; bit++)
		if (a->ip[bit / 8] & 0x80 >> bit % 8)
			return true;
	return false;
}

bool portal_network_parse(const char *text, size_t bytes, struct portal_network *ret)
{
	const char *slash = memchr(text, '/', bytes);
	struct cp_addr a;
	if (!slash || !cp_ip_parse(text, (size_t)(slash - text), &a))
		return false;
	long bits = parse_number(slash + 1, bytes - (size_t)(slash + 1 - text), (long)cp_ip_bytes(&a) * 8);
	if (bits < 0 || has_host_bits(&a, (unsigned int)bits))
		return false;
	*ret = (struct portal_network){.addr = a, .prefix_bits = (uint8_t)bits};
	return true;
}

bool portal_socket_parse(const char *text, size_t bytes, struct cp_addr *ret)
{
	const char *colon = memrchr(text, ':', bytes);
	struct cp_addr a;
	if (!colon)
		return false;
	size_t ip_bytes = (size_t)(colon - text);
	bool brackets = ip_bytes >= 2 && text[0] == '[' && colon[-1] == ']';
	if (!cp_ip_parse(text + brackets, ip_bytes - 2 * (size_t)brackets, &a) || brackets != (a.family == CP_V6))
		return false;
	long port = parse_number(colon + 1, bytes - ip_bytes - 1, 65535);
	if (port < 0)
		return false;
	a.port = (uint16_t)port;
	*ret = a;
	return true;
}

bool portal_domain_is_valid(const char *text, size_t bytes)
{
	size_t label = 0;
	if (bytes > 0 && text[bytes - 1] == '.')
		bytes--;
	if (bytes == 0 || bytes > 253)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
		label = text[i] == '.' ? 0 : label + 1;
		if (label > 63 || (text[i] == '.' && (i == 0 || text[i - 1] == '.')))
			return false;
	}
	return true;
}
