/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/relays.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "broker/relays_internal.h"

struct relay *relays_find(const struct broker_relays *s, const struct portal_uuid *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(&s->list[i].id, id, sizeof(*id)) == 0)
			return &s->list[i];
	return NULL;
}

static struct relay *find_conn(const struct broker_relays *s, uint64_t conn)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].kind == BROKER_RELAY_REGISTERED && relay_is_online(&s->list[i]) && s->list[i].conn == conn)
			return &s->list[i];
	return NULL;
}

static void wipe(struct relay *r)
{
	if (r->stamp_secret)
		cp_wipe(r->stamp_secret, strlen(r->stamp_secret));
	free(r->stamp_secret);
	*r = (struct relay){.kind = BROKER_RELAY_STATIC};
}

static void drop(struct broker_relays *s, struct relay *r)
{
	wipe(r);
	memmove(r, r + 1, (size_t)(&s->list[s->n] - (r + 1)) * sizeof(*r));
	s->n--;
	s->is_pending = true;
}

struct broker_relays *broker_relays_create(const struct broker_facts *f)
{
	struct broker_relays *s = calloc(1, sizeof(*s));
	if (s && broker_relays_configure(s, f, 0) != 0) {
		broker_relays_free(s);
		return NULL;
	}
	return s;
}

void broker_relays_free(struct broker_relays *s)
{
	if (!s)
		return;
	while (s->n > 0)
		wipe(&s->list[--s->n]);
	free(s->list);
	free(s);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool says_the_same(const struct broker_relay *a, const struct broker_relay *b)
{
	return cp_addr_equal(&a->ipv4, &b->ipv4) && cp_addr_equal(&a->ipv6, &b->ipv6) && same_text(a->username, b->username) &&
	       same_text(a->password, b->password) && same_text(a->rest_secret, b->rest_secret);
}

/* One of the file, as it is from now on. */
static struct relay relay_of(struct broker_relays *s, const struct broker_relay *given)
{
	const struct relay *old = relays_find(s, &given->id);
	bool known = old && old->kind != BROKER_RELAY_REGISTERED, same = known && says_the_same(old->given, given);
	uint64_t version = same ? old->version : ++s->last_version;
	return (struct relay){
		.id = given->id,
		.kind = given->rest_secret ? BROKER_RELAY_REST : BROKER_RELAY_STATIC,
		.ipv4 = given->ipv4,
		.ipv6 = given->ipv6,
		.given = given,
		.version = version,
		.first_version = known ? old->first_version : version,
		.gone_at = CP_NEVER,
		.peers = known ? old->peers : 0,
	};
}

static bool is_in_file(const struct broker_world *w, const struct portal_uuid *id)
{
	for (size_t i = 0; i < w->n_relays; i++)
		if (memcmp(&w->relays[i].id, id, sizeof(*id)) == 0)
			return true;
	return false;
}

/* The new list takes the registered ones over, secrets and all. */
static void take_registered(struct broker_relays *s, const struct broker_world *w, struct relay *list, size_t n)
{
	for (size_t i = 0; i < s->n; i++) {
		struct relay *r = &s->list[i];
		if (r->kind == BROKER_RELAY_REGISTERED && !is_in_file(w, &r->id))
			list[n++] = *r;
		else
			wipe(r);
	}
	free(s->list);
	s->list = list;
	s->n = n;
}

int broker_relays_configure(struct broker_relays *s, const struct broker_facts *f, cp_time now)
{
	(void)now; /* what the file says holds at once */
	const struct broker_world *w = broker_facts_world(f);
	size_t room = w->n_relays + s->n + 1;
	struct relay *list = calloc(room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < w->n_relays; i++)
		list[i] = relay_of(s, &w->relays[i]);
	take_registered(s, w, list, w->n_relays);
	s->room = room;
	s->facts = f;
	s->is_pending = true;
	return 0;
}

static size_t registered(const struct broker_relays *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		n += s->list[i].kind == BROKER_RELAY_REGISTERED;
	return n;
}

static bool at_same_address(const struct relay *r, const struct cp_addr *ipv4, const struct cp_addr *ipv6)
{
	return (ipv4->family != CP_NONE && cp_addr_equal(&r->ipv4, ipv4)) ||
	       (ipv6->family != CP_NONE && cp_addr_equal(&r->ipv6, ipv6));
}

/* A server that restarts has a new secret, and so a new id: what the old one handed out is worth nothing. */
static void supersede(struct broker_relays *s, const struct portal_uuid *id, const struct cp_addr *ipv4,
		      const struct cp_addr *ipv6)
{
	for (size_t i = s->n; i-- > 0;) {
		struct relay *r = &s->list[i];
		if (r->kind == BROKER_RELAY_REGISTERED && memcmp(&r->id, id, sizeof(*id)) != 0 && at_same_address(r, ipv4, ipv6))
			drop(s, r);
	}
}

static struct relay *add(struct broker_relays *s)
{
	if (s->n == s->room) {
		size_t room = s->room * 2;
		struct relay *list = calloc(room, sizeof(*list));
		if (!list)
			return NULL;
		memcpy(list, s->list, s->n * sizeof(*list));
		free(s->list);
		s->list = list;
		s->room = room;
	}
	return &s->list[s->n];
}

static cp_time repeat_after(const struct broker_relays *s)
{
	return broker_facts_world(s->facts)->timing.relay_repeat_after;
}

static int join_new(struct broker_relays *s, const struct relay *as, const char *stamp_secret, cp_time now)
{
	if (registered(s) >= broker_facts_world(s->facts)->quota.relays)
		return -ENOSPC;
	char *secret = strdup(stamp_secret);
	struct relay *r = secret ? add(s) : NULL;
	if (!r) {
		if (secret)
			cp_wipe(secret, strlen(secret));
		free(secret);
		return -ENOMEM;
	}
	*r = *as;
	r->stamp_secret = secret;
	r->version = r->first_version = ++s->last_version;
	r->listens_at = now + repeat_after(s);
	s->n++;
	return 0;
}

/* Same secret, so it went on while it was away; unless it moved. */
static void join_again(struct broker_relays *s, struct relay *r, const struct relay *as, cp_time now)
{
	bool moved = !cp_addr_equal(&r->ipv4, &as->ipv4) || !cp_addr_equal(&r->ipv6, &as->ipv6);
	if (moved)
		r->version = ++s->last_version;
	if (moved || r->listens_at != 0)
		r->listens_at = now + repeat_after(s);
	r->ipv4 = as->ipv4;
	r->ipv6 = as->ipv6;
	r->conn = as->conn;
	r->gone_at = CP_NEVER;
}

int broker_relays_join(struct broker_relays *s, uint64_t conn, const char *stamp_secret, const struct cp_addr *ipv4,
		       const struct cp_addr *ipv6, cp_time now)
{
	size_t chars = stamp_secret ? strlen(stamp_secret) : 0;
	if (chars == 0 || chars > RELAY_SECRET_MAX || (ipv4->family == CP_NONE && ipv6->family == CP_NONE))
		return -EINVAL;
	const struct relay as = {.id = broker_relay_id(stamp_secret), .kind = BROKER_RELAY_REGISTERED, .ipv4 = *ipv4,
				 .ipv6 = *ipv6, .conn = conn, .gone_at = CP_NEVER};
	struct relay *known = relays_find(s, &as.id);
	if (known && known->kind != BROKER_RELAY_REGISTERED)
		return -EINVAL;
	supersede(s, &as.id, ipv4, ipv6);
	known = relays_find(s, &as.id);
	if (known)
		join_again(s, known, &as, now);
	s->is_pending = true;
	return known ? 0 : join_new(s, &as, stamp_secret, now);
}

void broker_relays_lost(struct broker_relays *s, uint64_t conn, cp_time now)
{
	struct relay *r = find_conn(s, conn);
	if (!r)
		return;
	r->gone_at = now + broker_facts_world(s->facts)->timing.relay_gone_after;
}

void broker_relays_tick(struct broker_relays *s, cp_time now)
{
	for (size_t i = s->n; i-- > 0;) {
		struct relay *r = &s->list[i];
		if (r->listens_at != 0 && now >= r->listens_at) {
			r->listens_at = 0;
			s->is_pending = true;
		}
		if (now >= r->gone_at)
			drop(s, r);
	}
}

cp_time broker_relays_deadline(const struct broker_relays *s)
{
	cp_time at = CP_NEVER;
	for (size_t i = 0; i < s->n; i++) {
		at = cp_earlier(at, s->list[i].gone_at);
		if (s->list[i].listens_at != 0)
			at = cp_earlier(at, s->list[i].listens_at);
	}
	return at;
}

bool broker_relays_pending(struct broker_relays *s)
{
	bool was = s->is_pending;
	s->is_pending = false;
	return was;
}

bool broker_relays_entry(const struct broker_relays *s, size_t index, struct broker_relay_entry *ret)
{
	if (index >= s->n)
		return false;
	const struct relay *r = &s->list[index];
	*ret = (struct broker_relay_entry){r->id, r->ipv4, r->ipv6, r->kind, relay_is_online(r), r->peers};
	return true;
}
