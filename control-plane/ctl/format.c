/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#define MS  1000000u
#define SEC (1000u * MS)

char *fmt_duration(char ret[FMT_BYTES], uint64_t ns)
{
	uint64_t s = ns / SEC, ms = ns / MS;
	if (ns == UINT64_MAX)
		snprintf(ret, FMT_BYTES, "never");
	else if (ms < 1000)
		snprintf(ret, FMT_BYTES, "%" PRIu64 " ms", ms);
	else if (s < 10)
		snprintf(ret, FMT_BYTES, "%" PRIu64 ".%02" PRIu64 " s", s, ms % 1000 / 10);
	else if (s < 60)
		snprintf(ret, FMT_BYTES, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(ret, FMT_BYTES, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(ret, FMT_BYTES, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
	else
		snprintf(ret, FMT_BYTES, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
	return ret;
}

/* Tenths of a second are noise here. */
char *fmt_ago(char ret[FMT_BYTES], uint64_t ns)
{
	if (ns < SEC)
		return strcpy(ret, "just now");
	if (ns == UINT64_MAX)
		return strcpy(ret, "never");
	if (ns < 10ull * SEC)
		snprintf(ret, FMT_BYTES, "%u s", (unsigned int)(ns / SEC));
	else
		fmt_duration(ret, ns);
	return strcat(ret, " ago");
}

char *fmt_size(char ret[FMT_BYTES], uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned int u = 0;
	double v = (double)bytes;
	while (v >= 1024 && u + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1024;
		u++;
	}
	snprintf(ret, FMT_BYTES, "%.*f %s", u == 0 ? 0 : 2, v, units[u]);
	return ret;
}

char *fmt_count(char ret[FMT_BYTES], uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n), at = 0;
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			ret[at++] = ' ';
		ret[at++] = digits[i];
	}
	ret[at] = 0;
	return ret;
}

char *fmt_key(char ret[FMT_KEY_BYTES], const uint8_t key[NF_KEY_BYTES])
{
	return sodium_bin2base64(ret, FMT_KEY_BYTES, key, NF_KEY_BYTES, sodium_base64_VARIANT_ORIGINAL);
}

char *fmt_addr(char ret[FMT_BYTES], const struct nf_addr *a)
{
	strcpy(ret, "unknown");
	if (a->family == 4 || a->family == 6)
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->addr, ret, FMT_BYTES);
	return ret;
}

char *fmt_prefix(char ret[FMT_BYTES], const struct nf_addr *a)
{
	fmt_addr(ret, a);
	size_t at = strlen(ret);
	snprintf(ret + at, FMT_BYTES - at, "/%u", a->prefix_len);
	return ret;
}

char *fmt_endpoint(char ret[FMT_BYTES], const struct nf_addr *a)
{
	char host[FMT_BYTES - 8];
	fmt_addr(ret, a);
	if (a->family != 4 && a->family != 6)
		return ret;
	memcpy(host, ret, sizeof(host)); /* INET6_ADDRSTRLEN is 46 */
	snprintf(ret, FMT_BYTES, a->family == 4 ? "%s:%u" : "[%s]:%u", host, a->port);
	return ret;
}

char *fmt_mac(char ret[FMT_BYTES], const uint8_t m[6])
{
	snprintf(ret, FMT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	return ret;
}

char *fmt_harmless(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if ((*c < 0x20 && *c != '\n') || *c == 0x7f)
			*c = '?';
	return text;
}

/* Length of the character at c if it is one that a line should not hold, else 0. U+0080–9F; U+061C; U+200E–F, U+2028–2E;
 * U+2066–69; U+FEFF. */
static size_t unwanted(const unsigned char *c)
{
	if (c[0] < 0x20 || c[0] == 0x7f)
		return 1;
	if ((c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) || (c[0] == 0xd8 && c[1] == 0x9c))
		return 2;
	if (c[0] == 0xef)
		return c[1] == 0xbb && c[2] == 0xbf ? 3 : 0;
	if (c[0] != 0xe2 || (c[1] != 0x80 && c[1] != 0x81))
		return 0;
	bool is_80 = c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae);
	bool is_81 = c[2] >= 0xa6 && c[2] <= 0xa9;
	return (c[1] == 0x80 ? is_80 : is_81) ? 3 : 0;
}

char *fmt_line(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c;) {
		size_t n = unwanted(c);
		memset(c, '?', n);
		c += n ? n : 1;
	}
	return text;
}

char *fmt_moment(char ret[FMT_BYTES], int64_t unix_seconds)
{
	time_t t = unix_seconds;
	struct tm tm;
	if (!gmtime_r(&t, &tm) || strftime(ret, FMT_BYTES, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(ret, FMT_BYTES, "%" PRId64, unix_seconds);
	return ret;
}

char *fmt_name(char ret[NF_NAME_BYTES], const char name[NF_NAME_BYTES])
{
	memcpy(ret, name, NF_NAME_BYTES);
	ret[NF_NAME_BYTES - 1] = 0;
	for (char *c = strchr(ret, '\n'); c; c = strchr(c, '\n'))
		*c = '?';
	return fmt_harmless(ret);
}

const char *fmt_peer_state(uint32_t state)
{
	static const char *const text[] = {"idle", "handshake", "up", "closing", "closed"};
	return state <= NF_PEER_STATE_CLOSED ? text[state] : "unknown";
}

const char *fmt_outcome(uint16_t outcome)
{
	static const char *const text[] = {"unknown",     "acked",      "sent",  "accepted",
					   "unreachable", "no_session", "failed"};
	return outcome <= NF_CLOSED_FAILED ? text[outcome] : text[0];
}

const char *fmt_reason(uint16_t reason)
{
	static const char *const text[] = {"unknown", "operator", "drain", "removed",
					   "revoked", "received", "stop"};
	return reason <= NF_CLOSE_STOP ? text[reason] : text[0];
}
