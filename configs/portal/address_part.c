/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as the core has them, and the ranges that belong to the tunnels. */
#include <string.h>

#include "reading.h"

/* portal §6.5: of peers, of names that clients made up, and of their resolver. */
static const struct {
	const char *text;
	struct portal_network network;
} reserved[] = {
	{"100.64.0.0/10", {{.ip = {100, 64}, .family = CP_V4}, 10}},
	{"fd00:2021:1111::/48", {{.ip = {0xfd, 0, 0x20, 0x21, 0x11, 0x11}, .family = CP_V6}, 48}},
};

static bool same_bits(const struct cp_addr *a, const struct cp_addr *b, unsigned int bits)
{
	if (a->family != b->family)
		return false;
	for (unsigned int bit = 0; bit < bits; bit++)
		if ((a->ip[bit / 8] ^ b->ip[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

bool address_is_reserved(const struct cp_addr *a, unsigned int prefix_bits, const char **ret_range)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		const struct portal_network *n = &reserved[i].network;
		if (prefix_bits < n->prefix_bits || !same_bits(a, &n->addr, n->prefix_bits))
			continue;
		*ret_range = reserved[i].text;
		return true;
	}
	return false;
}

bool address_covers_reserved(const struct portal_network *n, const char **ret_range)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (n->prefix_bits >= reserved[i].network.prefix_bits || !same_bits(&n->addr, &reserved[i].network.addr, n->prefix_bits))
			continue;
		*ret_range = reserved[i].text;
		return true;
	}
	return false;
}

static struct cp_addr of_config(const struct config_addr *a)
{
	struct cp_addr ret = {.port = a->port, .family = a->family};
	memcpy(ret.ip, a->addr, a->family == CP_V4 ? 4 : 16);
	return ret;
}

bool parse_network(struct cursor *c, const char *key, const char *text, struct portal_network *ret)
{
	struct config_addr a;
	if (!parse_prefix(c, key, text, &a))
		return false;
	*ret = (struct portal_network){of_config(&a), a.prefix_len};
	return true;
}

bool parse_unicast(struct cursor *c, const char *key, const char *text, struct cp_addr *ret)
{
	struct config_addr a;
	if (!parse_address(c, key, text, &a))
		return false;
	*ret = of_config(&a);
	return true;
}

bool parse_server(struct cursor *c, const char *key, const char *text, uint16_t otherwise, struct cp_addr *ret)
{
	struct config_addr a;
	struct cp_addr alone;
	if (cp_ip_parse(text, strlen(text), &alone)) {
		if (!parse_unicast(c, key, text, ret))
			return false;
		ret->port = otherwise;
		return true;
	}
	if (!parse_endpoint(c, key, text, &a))
		return false;
	*ret = of_config(&a);
	return true;
}

bool parse_listen(struct cursor *c, const char *key, const char *text, struct cp_addr *ret)
{
	if (!portal_socket_parse(text, strlen(text), ret) || ret->port == 0)
		return cursor_fail(c, key, "\"%s\" is not ADDRESS:PORT", text);
	return true;
}

static bool read_prefix(struct reading *r, const json_t *element, void *ret)
{
	char text[64];
	return cursor_expand(&r->c, NULL, element, text, sizeof(text)) && parse_network(&r->c, NULL, text, ret);
}

const struct list_of prefix_list = {.max = 1024, .size = sizeof(struct portal_network), .read = read_prefix};
