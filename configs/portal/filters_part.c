/* SPDX-License-Identifier: Apache-2.0 */
/* What a resource permits: one filter of the file for several ranges of ports is as many on the wire (portal §3.5). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "reading.h"

#define FILTERS_MAX 64
#define RANGES_MAX  256

struct range {
	uint16_t first, last;
};
struct filter {
	enum portal_protocol protocol;
	const struct range *ranges;
	size_t n; /* 0: all ports, or none at all: icmp */
};

static long port_of(const char **p)
{
	long v = isdigit((unsigned char)**p) ? 0 : -1;
	for (; isdigit((unsigned char)**p) && v <= 65535; (*p)++)
		v = v * 10 + (**p - '0');
	return v <= 65535 ? v : -1;
}

/* 443, "443" or "8000-8100". */
static bool read_range(struct reading *r, const json_t *element, void *ret)
{
	char text[32];
	const char *p = text;
	if (json_is_integer(element))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(element));
	else if (!json_is_string(element))
		return cursor_fail(&r->c, NULL, "is no port, nor a range such as \"8000-8100\"");
	else if (!cursor_expand(&r->c, NULL, element, text, sizeof(text)))
		return false;
	long first = port_of(&p), last = *p == '-' ? (p++, port_of(&p)) : first;
	if (first < 0 || last < 0 || *p)
		return cursor_fail(&r->c, NULL, "\"%s\" is no port, nor a range such as \"8000-8100\"", text);
	if (first > last)
		return cursor_fail(&r->c, NULL, "\"%s\" ends before it begins", text);
	*(struct range *)ret = (struct range){(uint16_t)first, (uint16_t)last};
	return true;
}

static bool read_filter(struct reading *r, const json_t *o, void *ret)
{
	static const char *const protocols[] = {"tcp", "udp", "icmp", NULL};
	static const struct list_of ranges = {"ports", RANGES_MAX, sizeof(struct range), read_range};
	struct filter *f = ret;
	if (!reading_object(r, o, KEYS_FILTER))
		return false;
	int protocol = cursor_choice(&r->c, o, "protocol", protocols, -1);
	if (protocol < 0)
		return cursor_fail(&r->c, "protocol", "is missing: tcp, udp or icmp");
	f->protocol = (enum portal_protocol)(PORTAL_TCP + protocol);
	if (f->protocol == PORTAL_ICMP && json_object_get(o, "ports"))
		return cursor_fail(&r->c, "ports", "is nothing that icmp has");
	f->ranges = reading_list(r, o, &ranges, &f->n);
	if (f->ranges && f->n == 0 && json_object_get(o, "ports"))
		return cursor_fail(&r->c, "ports", "is empty: without it all ports are permitted");
	return f->ranges != NULL;
}

bool read_filters(struct reading *r, const json_t *o, struct portal_filters *ret)
{
	static const struct list_of what = {"filters", FILTERS_MAX, sizeof(struct filter), read_filter};
	size_t n = 0, total = 0;
	const struct filter *filters = reading_list(r, o, &what, &n);
	for (size_t i = 0; filters && i < n; i++)
		total += filters[i].n ? filters[i].n : 1;
	if (total > RANGES_MAX)
		return cursor_fail(&r->c, "filters", "more than %d ranges of ports", RANGES_MAX);
	struct portal_filter *list = filters ? reading_take(r, total, sizeof(*list)) : NULL;
	if (!list)
		return false;
	ret->list = list;
	ret->n = total;
	for (size_t i = 0; i < n; i++) {
		list->protocol = filters[i].protocol;
		for (size_t k = 0; k < filters[i].n; k++)
			list[k] = (struct portal_filter){filters[i].protocol, true, filters[i].ranges[k].first, filters[i].ranges[k].last};
		list += filters[i].n ? filters[i].n : 1;
	}
	return true;
}
