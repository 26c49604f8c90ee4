/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data plane's responder: answers checks with the passwords that the core gave it, and reports: what is new or
 * nominates at once, the rest once a second. While the core is away it goes on answering.
 */
#include <string.h>

#include "conn_peer.h"
#include "stun/stun.h"

#define ENTRIES_MAX PEERS_MAX
#define SEEN_MAX    256u

static struct entry {
	bool up;
	char ufrag[ICE_UFRAG_MAX + 1], remote_ufrag[ICE_UFRAG_MAX + 1], pwd[ICE_PWD_MAX + 1];
	uint8_t key[WG_KEY_BYTES];
} entries[ENTRIES_MAX];

static struct seen {
	const struct entry *entry; /* NULL: unused */
	struct ice_report ice;
	uint64_t reported_ns, last_ns;
} seen[SEEN_MAX];
static uint64_t answered;

uint64_t responder_answered(void)
{
	return answered;
}

static bool text_is(const struct stun_text *t, const char *s)
{
	return t->bytes == strlen(s) && memcmp(t->p, s, t->bytes) == 0;
}

static void copy_text(char *to, size_t room, const char *from)
{
	size_t n = strlen(from);
	memset(to, 0, room);
	memcpy(to, from, n < room ? n : room - 1);
}

void responder_set(const struct conn_out *o)
{
	struct entry *e = NULL;
	for (unsigned int i = 0; i < ENTRIES_MAX; i++) {
		if (entries[i].up && strcmp(entries[i].ufrag, o->ufrag) == 0 && strcmp(entries[i].remote_ufrag, o->remote_ufrag) == 0) {
			e = &entries[i];
			break;
		}
		if (!entries[i].up && !e)
			e = &entries[i];
	}
	if (!e)
		return;
	for (unsigned int i = 0; i < SEEN_MAX && !o->up; i++)
		if (seen[i].entry == e)
			seen[i].entry = NULL;
	memset(e, 0, sizeof(*e));
	if (!o->up)
		return;
	e->up = true;
	copy_text(e->ufrag, sizeof(e->ufrag), o->ufrag);
	copy_text(e->remote_ufrag, sizeof(e->remote_ufrag), o->remote_ufrag);
	copy_text(e->pwd, sizeof(e->pwd), o->pwd);
	memcpy(e->key, o->key, sizeof(e->key));
}

static const struct entry *entry_of(const struct stun_message *m)
{
	struct stun_text local, remote;
	if (!stun_username_split(m, &local, &remote))
		return NULL;
	for (unsigned int i = 0; i < ENTRIES_MAX; i++)
		if (entries[i].up && text_is(&local, entries[i].ufrag) && text_is(&remote, entries[i].remote_ufrag) &&
		    stun_integrity_holds(m, entries[i].pwd, strlen(entries[i].pwd)))
			return &entries[i];
	return NULL;
}

static void answer(const struct arrival *a, const struct stun_message *m, const struct entry *e)
{
	uint8_t out[256];
	struct stun_writer w;
	struct route back = {.from = a->at, .to = a->from, .relay = a->relay, .channel = a->channel};
	stun_begin(&w, out, sizeof(out), STUN_BINDING | STUN_SUCCESS, m->txid);
	stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &a->from);
	stun_put_integrity(&w, e->pwd, strlen(e->pwd));
	stun_put_fingerprint(&w);
	uint16_t bytes = stun_finish(&w);
	if (bytes)
		route_send(&back, out, bytes);
	answered++;
}

static void report_seen(struct seen *s)
{
	struct conn_report r = {.kind = CONN_REPORT_CHECKS, .ice = s->ice};
	if (!me.node || !s->ice.requests)
		return;
	r.ice.last_ago_ns = me.now - s->last_ns;
	copy_text(r.ufrag, sizeof(r.ufrag), s->entry->ufrag);
	copy_text(r.remote_ufrag, sizeof(r.remote_ufrag), s->entry->remote_ufrag);
	memcpy(r.public_key, s->entry->key, sizeof(r.public_key));
	conn_report_in(me.node, &r, me.now);
	s->ice.requests = s->ice.nominations = 0;
	s->reported_ns = me.now;
}

static struct seen *seen_of(const struct arrival *a, const struct entry *e)
{
	struct seen *spare = &seen[0];
	for (unsigned int i = 0; i < SEEN_MAX; i++) {
		struct seen *s = &seen[i];
		if (s->entry == e && cp_addr_equal(&s->ice.from, &a->from) && cp_addr_equal(&s->ice.at, &a->at))
			return s;
		if (!s->entry && spare->entry)
			spare = s;
	}
	memset(spare, 0, sizeof(*spare));
	spare->entry = e;
	spare->ice.at = a->at;
	spare->ice.from = a->from;
	return spare;
}

bool responder_in(const struct arrival *a)
{
	struct stun_message m;
	if (stun_parse(a->data, a->bytes, &m) != 0 || m.type != STUN_BINDING || !m.has_priority || !m.integrity_at)
		return false;
	const struct entry *e = entry_of(&m);
	if (!e || (m.use_candidate && me.options.role == CONN_CLIENT))
		return false; /* the core knows what to make of it */
	answer(a, &m, e);
	struct seen *s = seen_of(a, e);
	bool first = !s->last_ns;
	s->ice.priority = m.priority;
	s->ice.requests++;
	s->ice.nominations += m.use_candidate;
	s->last_ns = me.now;
	if (first || m.use_candidate)
		report_seen(s);
	core_drain();
	return true;
}

void responder_tick(void)
{
	for (unsigned int i = 0; i < SEEN_MAX; i++)
		if (seen[i].entry && me.now - seen[i].reported_ns >= CP_S)
			report_seen(&seen[i]);
}
