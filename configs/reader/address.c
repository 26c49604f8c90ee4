/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cursor.h"

static bool to_addr(const char *text, struct config_addr *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, ret->addr) == 1)
		ret->family = 4;
	else if (inet_pton(AF_INET6, text, ret->addr) == 1)
		ret->family = 6;
	return ret->family != 0;
}

static unsigned int bits_of(const struct config_addr *a)
{
	return a->family == 4 ? 32 : 128;
}

static bool all_zero_from(const struct config_addr *a, unsigned int bit)
{
	for (; bit < bits_of(a); bit++)
		if (a->addr[bit / 8] >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static bool all_one_from(const struct config_addr *a, unsigned int bit)
{
	for (; bit < bits_of(a); bit++)
		if (!(a->addr[bit / 8] >> (7 - bit % 8) & 1))
			return false;
	return true;
}

static bool is_multicast(const struct config_addr *a)
{
	return a->family == 4 ? a->addr[0] >> 4 == 14 : a->addr[0] == 0xff;
}

bool addr_same(const struct config_addr *a, const struct config_addr *b)
{
	return a->family == b->family && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

bool addr_covers(const struct config_addr *prefix, const struct config_addr *addr)
{
	if (prefix->family != addr->family)
		return false;
	for (unsigned int bit = 0; bit < prefix->prefix_len; bit++)
		if ((prefix->addr[bit / 8] ^ addr->addr[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

bool parse_address(struct cursor *c, const char *key, const char *text, struct config_addr *ret)
{
	if (!to_addr(text, ret))
		return cursor_fail(c, key, "\"%s\" is not an IP address", text);
	if (is_multicast(ret) || all_zero_from(ret, 0))
		return cursor_fail(c, key, "\"%s\" is not a unicast address", text);
	return true;
}

static bool split_prefix(const char *text, struct config_addr *ret)
{
	char addr[64];
	const char *slash = strchr(text, '/');
	char *end;
	if (!slash || (size_t)(slash - text) >= sizeof(addr) || slash[1] < '0' || slash[1] > '9')
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = 0;
	unsigned long len = strtoul(slash + 1, &end, 10);
	if (*end || !to_addr(addr, ret) || len > bits_of(ret))
		return false;
	ret->prefix_len = (uint8_t)len;
	return true;
}

bool parse_prefix(struct cursor *c, const char *key, const char *text, struct config_addr *ret)
{
	if (!split_prefix(text, ret))
		return cursor_fail(c, key, "\"%s\" is not an address with prefix length", text);
	if (!all_zero_from(ret, ret->prefix_len))
		return cursor_fail(c, key, "\"%s\" has bits set beyond its prefix length", text);
	return true;
}

bool parse_interface_address(struct cursor *c, const char *key, const char *text, struct config_addr *ret)
{
	if (!split_prefix(text, ret) || ret->prefix_len == 0)
		return cursor_fail(c, key, "\"%s\" is not an address with prefix length", text);
	if (is_multicast(ret) || all_zero_from(ret, 0))
		return cursor_fail(c, key, "\"%s\" is not a unicast address", text);
	if (ret->family == 4 && ret->prefix_len < 31 &&
	    (all_zero_from(ret, ret->prefix_len) || all_one_from(ret, ret->prefix_len)))
		return cursor_fail(c, key, "\"%s\" is the network's own or its broadcast address", text);
	return true;
}

/* "192.0.2.7:51820" or "[2001:db8::7]:51820" */
bool parse_endpoint(struct cursor *c, const char *key, const char *text, struct config_addr *ret)
{
	char addr[64], *end;
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	bool bracketed = n > 2 && text[0] == '[' && text[n - 1] == ']';
	const char *start = bracketed ? text + 1 : text;
	n = bracketed ? n - 2 : n;
	unsigned long port = colon && colon[1] >= '0' && colon[1] <= '9' ? strtoul(colon + 1, &end, 10) : 0;
	if (!colon || n == 0 || n >= sizeof(addr) || port == 0 || port > 65535 || *end)
		return cursor_fail(c, key, "\"%s\" is not ADDRESS:PORT", text);
	memcpy(addr, start, n);
	addr[n] = 0;
	if (!to_addr(addr, ret) || (ret->family == 6) != bracketed)
		return cursor_fail(c, key, "\"%s\" is not ADDRESS:PORT", text);
	if (is_multicast(ret) || all_zero_from(ret, 0))
		return cursor_fail(c, key, "\"%s\" is not a unicast address", text);
	ret->port = (uint16_t)port;
	return true;
}
