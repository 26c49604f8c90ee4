/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include <stdio.h>
#include <stdlib.h>

struct cp_addr cp_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
	return (struct cp_addr){.ip = {a, b, c, d}, .port = port, .family = CP_V4};
}

/* Reads 1..max_digits digits of the base; -1: there are none, or too many, or more than max. */
static long digits(const char **p, const char *end, int base, int max_digits, long max)
{
	const char *start = *p;
	long v = 0;
	for (; *p < end && *p - start <= max_digits; (*p)++) {
		int c = **p | 0x20;
		int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
		if ((**p < '0' || **p > '9') && (**p < 'A' || (**p > 'F' && **p < 'a') || **p > 'f'))
			d = 99;
		if (d >= base)
			break;
		v = v * base + d;
	}
	return *p == start || *p - start > max_digits || v > max ? -1 : v;
}

static bool parse_v4(const char *p, const char *end, uint8_t ret[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0 && (p == end || *p++ != '.'))
			return false;
		const char *first = p;
		long v = digits(&p, end, 10, 3, 255);
		if (v < 0 || (*first == '0' && p - first > 1))
			return false;
		ret[i] = (uint8_t)v;
	}
	return p == end;
}

/* The groups before and after "::" (RFC 4291 §2.2); the last 32 bits may be written as IPv4. */
static bool parse_v6(const char *p, const char *end, uint8_t ret[16])
{
	uint8_t out[16] = {0};
	int n = 0, gap = -1;
	if (end - p >= 2 && p[0] == ':' && p[1] == ':')
		gap = 0, p += 2;
	while (p < end) {
		const char *group = p;
		long v = digits(&p, end, 16, 4, 0xffff);
		if (p < end && *p == '.') {
			if (n > 12 || !parse_v4(group, end, out + n))
				return false;
			n += 4;
			break;
		}
		if (v < 0 || n > 14)
			return false;
		out[n++] = (uint8_t)(v >> 8);
		out[n++] = (uint8_t)v;
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return false;
		if (*p == ':') {
			if (gap >= 0)
				return false;
			gap = n;
			p++;
		}
	}
	if (gap < 0 ? n != 16 : n > 14)
		return false;
	if (gap >= 0) {
		memmove(out + 16 - (n - gap), out + gap, (size_t)(n - gap));
		memset(out + gap, 0, (size_t)(16 - n));
	}
	memcpy(ret, out, sizeof(out));
	return true;
}

bool cp_ip_parse(const char *text, size_t bytes, struct cp_addr *ret)
{
	struct cp_addr a = {.family = CP_V4};
	if (!parse_v4(text, text + bytes, a.ip)) {
		a = (struct cp_addr){.family = CP_V6};
		if (!parse_v6(text, text + bytes, a.ip))
			return false;
	}
	*ret = a;
	return true;
}

static unsigned int group(const struct cp_addr *a, int i)
{
	return (unsigned int)(a->ip[2 * i] << 8 | a->ip[2 * i + 1]);
}

/* The first of the longest runs of at least two zero groups; length 0: there is none. */
static void longest_zeros(const struct cp_addr *a, int *ret_at, int *ret_len)
{
	*ret_at = -1, *ret_len = 0;
	for (int i = 0; i < 8; i++) {
		int len = 0;
		while (i + len < 8 && group(a, i + len) == 0)
			len++;
		if (len > 1 && len > *ret_len)
			*ret_at = i, *ret_len = len;
	}
}

static size_t format_v6(const struct cp_addr *a, char *ret)
{
	int at, len;
	size_t n = 0;
	longest_zeros(a, &at, &len);
	for (int i = 0; i < 8; i++) {
		if (i == at) {
			n += (size_t)sprintf(ret + n, "::");
			i += len - 1;
			continue;
		}
		n += (size_t)sprintf(ret + n, "%s%x", i > 0 && i != at + len ? ":" : "", group(a, i));
	}
	return n;
}

size_t cp_ip_format(const struct cp_addr *a, char ret[CP_ADDR_TEXT])
{
	if (a->family == CP_V6)
		return format_v6(a, ret);
	if (a->family == CP_V4)
		return (size_t)sprintf(ret, "%u.%u.%u.%u", a->ip[0], a->ip[1], a->ip[2], a->ip[3]);
	return (size_t)sprintf(ret, "none");
}

size_t cp_addr_format(const struct cp_addr *a, char ret[CP_ADDR_TEXT])
{
	char ip[CP_ADDR_TEXT];
	cp_ip_format(a, ip);
	return (size_t)snprintf(ret, CP_ADDR_TEXT, a->family == CP_V6 ? "[%.48s]:%u" : "%.48s:%u", ip, a->port);
}
