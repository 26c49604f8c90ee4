/* SPDX-License-Identifier: Apache-2.0 */
#include "responder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

static struct responder_entry **entry_at(struct responder *r, const char *ufrag, const char *remote)
{
	struct responder_entry **at = &r->entries;
	while (*at && !(strcmp((*at)->ufrag, ufrag) == 0 && strcmp((*at)->remote_ufrag, remote) == 0))
		at = &(*at)->next;
	return at;
}

static void pairs_remove(struct host *h, const struct responder_entry *e)
{
	for (struct responder_pair **at = &h->responder.pairs, *p; (p = *at);) {
		if (p->entry != e) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		clock_cancel(h->clock, &p->due);
		free(p);
	}
}

static void entry_remove(struct host *h, struct responder_entry **at)
{
	struct responder_entry *e = *at;
	pairs_remove(h, e);
	*at = e->next;
	free(e);
}

void responder_set(struct host *h, const struct conn_out *o)
{
	struct responder_entry **at = entry_at(&h->responder, o->ufrag, o->remote_ufrag), *e = *at;
	if (!o->up) {
		if (e)
			entry_remove(h, at);
		return;
	}
	if (!e) {
		e = calloc(1, sizeof(*e));
		assert(e);
		*at = e;
	}
	snprintf(e->ufrag, sizeof(e->ufrag), "%s", o->ufrag);
	snprintf(e->remote_ufrag, sizeof(e->remote_ufrag), "%s", o->remote_ufrag);
	snprintf(e->pwd, sizeof(e->pwd), "%s", o->pwd);
	memcpy(e->key, o->key, sizeof(e->key));
}

void responder_fini(struct host *h)
{
	while (h->responder.entries)
		entry_remove(h, &h->responder.entries);
}

/* --- reports --- */

static void report(struct responder_pair *p)
{
	cp_time now = p->host->clock->now;
	struct conn_report r = {.kind = CONN_REPORT_CHECKS};
	memcpy(r.public_key, p->entry->key, sizeof(r.public_key));
	snprintf(r.ufrag, sizeof(r.ufrag), "%s", p->entry->ufrag);
	snprintf(r.remote_ufrag, sizeof(r.remote_ufrag), "%s", p->entry->remote_ufrag);
	r.ice = (struct ice_report){.at = p->way.from, .from = p->way.to, .priority = p->priority, .requests = p->requests,
				    .nominations = p->nominations, .last_ago_ns = now - p->last};
	p->requests = p->nominations = 0;
	p->reported = now;
	clock_cancel(p->host->clock, &p->due);
	host_report(p->host, &r);
}

static void due(struct event *e)
{
	struct responder_pair *p = (struct responder_pair *)((char *)e - offsetof(struct responder_pair, due));
	if (p->requests > 0)
		report(p);
}

static struct responder_pair *pair_of(struct host *h, struct responder_entry *e, const struct way *back)
{
	struct responder_pair *p = h->responder.pairs;
	while (p && !(p->entry == e && cp_addr_equal(&p->way.from, &back->from) && cp_addr_equal(&p->way.to, &back->to)))
		p = p->next;
	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	assert(p);
	*p = (struct responder_pair){.next = h->responder.pairs, .host = h, .entry = e, .way = *back, .due.fire = due};
	return h->responder.pairs = p;
}

static void note(struct host *h, struct responder_entry *e, const struct way *back, const struct stun_message *m)
{
	struct responder_pair *p = pair_of(h, e, back);
	bool first = p->reported == 0;
	p->priority = m->priority;
	p->requests++;
	p->nominations += m->use_candidate;
	p->last = h->clock->now;
	if (first || m->use_candidate || h->clock->now >= p->reported + CP_S)
		report(p);
	else if (!p->due.slot)
		clock_at(h->clock, &p->due, p->reported + CP_S);
}

/* --- answers --- */

static void answer(struct host *h, const struct responder_entry *e, const struct way *back, const struct stun_message *m)
{
	uint8_t buffer[STUN_MESSAGE_MAX];
	struct stun_writer w;
	stun_begin(&w, buffer, sizeof(buffer), STUN_BINDING | STUN_SUCCESS, m->txid);
	stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &back->to);
	stun_put_integrity(&w, e->pwd, strlen(e->pwd));
	stun_put_fingerprint(&w);
	h->count.answered++;
	host_send_way(h, back, buffer, stun_finish(&w));
}

static bool text_of(const struct stun_text *t, char *ret, size_t room)
{
	if (t->bytes >= room)
		return false;
	memcpy(ret, t->p, t->bytes);
	ret[t->bytes] = 0;
	return true;
}

bool responder_answers(struct host *h, const struct way *back, const uint8_t *data, size_t bytes)
{
	struct stun_message m;
	struct stun_text local, remote;
	char ufrag[ICE_UFRAG_MAX + 1], remote_ufrag[ICE_UFRAG_MAX + 1];
	if (!stun_looks_like(data, bytes) || stun_parse(data, bytes, &m) != 0 || m.type != STUN_BINDING || !m.has_priority ||
	    !stun_username_split(&m, &local, &remote) || !text_of(&local, ufrag, sizeof(ufrag)) ||
	    !text_of(&remote, remote_ufrag, sizeof(remote_ufrag)))
		return false;
	struct responder_entry *e = *entry_at(&h->responder, ufrag, remote_ufrag);
	if (!e || !stun_integrity_holds(&m, e->pwd, strlen(e->pwd)))
		return false;
	answer(h, e, back, &m);
	note(h, e, back, &m);
	return true;
}
