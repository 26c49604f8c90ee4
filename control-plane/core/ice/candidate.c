/* SPDX-License-Identifier: Apache-2.0 */
#include "ice/candidate.h"

#include <stdio.h>
#include <string.h>

/* --- reading: fields apart by any white space, extensions as key and value in any order --- */

struct text {
	const char *p, *end;
};

struct field {
	const char *p;
	size_t bytes; /* 0: there is none */
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct field next(struct text *t)
{
	while (t->p < t->end && is_space(*t->p))
		t->p++;
	struct field f = {.p = t->p};
	while (t->p < t->end && !is_space(*t->p))
		t->p++;
	f.bytes = (size_t)(t->p - f.p);
	return f;
}

static bool is(struct field f, const char *word)
{
	return f.bytes == strlen(word) && memcmp(f.p, word, f.bytes) == 0;
}

static bool is_in_any_case(struct field f, const char *word)
{
	size_t n = 0;
	while (n < f.bytes && word[n] && (f.p[n] | 0x20) == word[n])
		n++;
	return n == f.bytes && !word[n];
}

static bool number(struct field f, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	for (size_t i = 0; i < f.bytes; i++) {
		if (f.p[i] < '0' || f.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(f.p[i] - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return f.bytes > 0;
}

static bool foundation(struct field f)
{
	static const char prefix[] = "candidate:";
	return f.bytes > sizeof(prefix) - 1 && memcmp(f.p, prefix, sizeof(prefix) - 1) == 0;
}

static bool address(struct text *t, struct cp_addr *ret)
{
	struct field ip = next(t);
	uint64_t port;
	if (!cp_ip_parse(ip.p, ip.bytes, ret) || !number(next(t), UINT16_MAX, &port))
		return false;
	ret->port = (uint16_t)port;
	return true;
}

static bool kind(struct field f, uint8_t *ret)
{
	for (enum ice_kind k = ICE_HOST; k <= ICE_RELAY; k++) {
		if (is(f, ice_kind_name(k))) {
			*ret = (uint8_t)k;
			return true;
		}
	}
	return false;
}

static int extension(struct field key, struct field value, struct ice_candidate *c)
{
	uint64_t port = 0;
	uint16_t known_port = c->raddr.port; /* rport may come first */
	if (is(key, "raddr")) {
		if (!cp_ip_parse(value.p, value.bytes, &c->raddr))
			return ICE_E_NOT_A_CANDIDATE;
		c->raddr.port = known_port;
	} else if (is(key, "rport")) {
		if (!number(value, UINT16_MAX, &port))
			return ICE_E_NOT_A_CANDIDATE;
		c->raddr.port = (uint16_t)port;
	} else if (is(key, "ufrag")) {
		if (value.bytes > ICE_UFRAG_MAX)
			return ICE_E_NOT_A_CANDIDATE; /* no peer has such a long one */
		memset(c->ufrag, 0, sizeof(c->ufrag));
		memcpy(c->ufrag, value.p, value.bytes);
	}
	return 0;
}

static int extensions(struct text *t, struct ice_candidate *c)
{
	for (struct field key = next(t); key.bytes > 0; key = next(t)) {
		int e = extension(key, next(t), c);
		if (e)
			return e;
	}
	if (c->raddr.family == CP_NONE)
		c->raddr.port = 0;
	return 0;
}

static bool transport_exists(struct field f)
{
	return is_in_any_case(f, "udp") || is_in_any_case(f, "tcp") || is_in_any_case(f, "ssltcp") || is_in_any_case(f, "tls");
}

/* Checks to nowhere or to everybody are never sent, whoever asks for them. */
static bool one_host_may_be_there(const struct cp_addr *a)
{
	static const uint8_t zero[16], ones[4] = {255, 255, 255, 255};
	if (a->port == 0 || memcmp(a->ip, zero, sizeof(zero)) == 0)
		return false;
	return a->family == CP_V4 ? (a->ip[0] & 0xf0) != 0xe0 && memcmp(a->ip, ones, sizeof(ones)) != 0 : a->ip[0] != 0xff;
}

int ice_candidate_parse(const char *text, size_t bytes, struct ice_candidate *ret)
{
	struct text t = {text, text + bytes};
	struct ice_candidate c = {0};
	uint64_t component, priority;
	if (!foundation(next(&t)) || !number(next(&t), UINT16_MAX, &component))
		return ICE_E_NOT_A_CANDIDATE;
	struct field transport = next(&t);
	if (!transport_exists(transport) || !number(next(&t), UINT32_MAX, &priority) || !address(&t, &c.addr) ||
	    !is(next(&t), "typ") || !kind(next(&t), &c.kind))
		return ICE_E_NOT_A_CANDIDATE;
	int e = extensions(&t, &c);
	if (e)
		return e;
	if (component != 1 || !is_in_any_case(transport, "udp") || !one_host_may_be_there(&c.addr))
		return ICE_E_NOT_USABLE;
	c.priority = (uint32_t)priority;
	c.base = c.addr;
	*ret = c;
	return 0;
}

/* --- writing --- */

/* Nobody interprets it. Not over the base: that is what raddr hides. FNV-1a. */
static uint64_t foundation_of(const struct ice_candidate *c)
{
	uint64_t h = 0xcbf29ce484222325ull;
	h = (h ^ c->kind) * 0x100000001b3ull;
	for (size_t i = 0; i < cp_ip_bytes(&c->addr); i++)
		h = (h ^ c->addr.ip[i]) * 0x100000001b3ull;
	return h;
}

size_t ice_candidate_format(const struct ice_candidate *c, const char *ufrag, char ret[ICE_CANDIDATE_TEXT])
{
	char ip[CP_ADDR_TEXT];
	const char *hidden = c->addr.family == CP_V4 ? " raddr 0.0.0.0 rport 0" : " raddr :: rport 0";
	cp_ip_format(&c->addr, ip);
	int n = snprintf(ret, ICE_CANDIDATE_TEXT, "candidate:%016llx 1 udp %u %.45s %u typ %s%s%s%.32s",
			 (unsigned long long)foundation_of(c), c->priority, ip, c->addr.port, ice_kind_name(c->kind),
			 c->kind == ICE_HOST ? "" : hidden, ufrag && *ufrag ? " ufrag " : "", ufrag ? ufrag : "");
	return (size_t)n;
}

const char *ice_kind_name(enum ice_kind k)
{
	static const char *const names[] = {"none", "host", "prflx", "srflx", "relay"};
	return k <= ICE_RELAY ? names[k] : names[0];
}

bool ice_candidate_same(const struct ice_candidate *a, const struct ice_candidate *b)
{
	return a->kind == b->kind && cp_addr_equal(&a->addr, &b->addr) && cp_addr_equal(&a->raddr, &b->raddr);
}

/* --- priorities --- */

#define COMPONENT_PART     255u /* 256 - component 1 */
#define CROSS_FAMILY_COSTS 1000u
#define PRFLX_TYPE         110u

uint32_t ice_priority(enum ice_kind k, uint8_t family, unsigned int nth, bool cross_family)
{
	static const uint32_t type[] = {0, 126, PRFLX_TYPE, 100, 2};
	static const uint32_t start[] = {0, 65535, 49151, 32767, 16383};
	uint32_t less = (family == CP_V4 ? 1u : 0u) + 2 * nth + (k == ICE_RELAY && cross_family ? CROSS_FAMILY_COSTS : 0u);
	uint32_t local = start[k] > less ? start[k] - less : 0;
	return type[k] << 24 | local << 8 | COMPONENT_PART;
}

uint32_t ice_check_priority(uint32_t local_priority)
{
	return PRFLX_TYPE << 24 | (local_priority & 0xffffffu);
}

uint64_t ice_pair_priority(uint32_t controlling, uint32_t controlled)
{
	uint64_t low = controlling < controlled ? controlling : controlled;
	uint64_t high = controlling < controlled ? controlled : controlling;
	return (low << 32) + 2 * high + (controlling > controlled ? 1 : 0);
}

bool ice_address_is_usable(const struct cp_addr *a)
{
	if ((a->family != CP_V4 && a->family != CP_V6) || !one_host_may_be_there(a))
		return false;
	return a->family == CP_V4 ? a->ip[0] != 169 || a->ip[1] != 254 : a->ip[0] != 0xfe || (a->ip[1] & 0xc0) != 0x80;
}
