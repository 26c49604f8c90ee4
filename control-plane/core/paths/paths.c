/* SPDX-License-Identifier: Apache-2.0 */
/* From the NF to the connections; the other way is carry_out.c. */
#include "paths/paths.h"

#include <errno.h>
#include <string.h>

#include "base/crypto.h"
#include "paths/carry_out.h"
#include "paths/tunnel.h"

#define WAN_ADDRESSES_MAX 12u

int paths_open(struct cp_paths *p, const struct conn_settings *s, uint16_t port, struct cp_outq *out, struct cp_link *link,
	       cp_time now)
{
	uint8_t secret[CP_SHA256_BYTES];
	*p = (struct cp_paths){.conns = conn_node_new(s, now), .out = out, .link = link, .port = port};
	if (!p->conns)
		return -ENOMEM;
	cp_sha256(s->seed, sizeof(s->seed), secret); /* of the table only: not what the connections draw from */
	cp_map_init(&p->tunnels, secret);
	cp_wipe(secret, sizeof(secret));
	return 0;
}

void paths_fini(struct cp_paths *p)
{
	if (!p->conns)
		return;
	tunnels_drop_all(p);
	cp_map_fini(&p->tunnels);
	conn_node_free(p->conns);
	*p = (struct cp_paths){0};
}

/* A tunnel that carries something else is another cookie, and so the connections have the peer told anew. */
static int upsert(struct cp_paths *p, const struct conn_peer *peer, const struct tunnel_record *wanted, cp_time now)
{
	struct conn_peer with_cookie = *peer;
	with_cookie.cookie = cp_siphash(p->tunnels.secret, wanted, sizeof(*wanted));
	int rc = conn_upsert(p->conns, &with_cookie, now);
	cp_wipe(&with_cookie, sizeof(with_cookie));
	return rc;
}

static void carry(struct paths_tunnel *t, const struct tunnel_record *wanted)
{
	memcpy(t->id, wanted->id, sizeof(t->id));
	memcpy(t->allowed, wanted->allowed, sizeof(t->allowed));
	memcpy(t->upsert.name, wanted->name, sizeof(t->upsert.name));
	t->upsert.allowed_count = (uint16_t)wanted->n_allowed;
	t->unsaved = true;
}

int paths_upsert(struct cp_paths *p, const struct conn_peer *peer, const char *name, const struct nf_addr *allowed,
		 uint16_t n_allowed, cp_time now)
{
	struct tunnel_record wanted = {.n_allowed = n_allowed};
	struct conn_info former = {0};
	if (n_allowed > PATHS_ALLOWED_MAX)
		return -E2BIG;
	struct paths_tunnel *t = tunnel_make(p, peer->public_key);
	if (!t)
		return -ENOMEM;
	memcpy(wanted.id, peer->id, sizeof(wanted.id));
	memcpy(wanted.name, name, strnlen(name, sizeof(wanted.name) - 1));
	if (n_allowed > 0)
		memcpy(wanted.allowed, allowed, n_allowed * sizeof(*allowed));
	bool had = conn_info(p->conns, peer->id, &former);
	int rc = upsert(p, peer, &wanted, now);
	if (rc >= 0)
		carry(t, &wanted);
	tunnel_drop_unused(p, peer->public_key);
	if (had)
		tunnel_drop_unused(p, former.public_key);
	return rc;
}

void paths_complete(struct cp_paths *p, cp_time now)
{
	p->complete = true;
	if (p->restored)
		conn_sweep(p->conns, now);
}

/* --- at sync --- */

void paths_learn(struct cp_paths *p, cp_time now)
{
	struct nf_empty empty = {0};
	p->has_wan = false;
	p->asked_interfaces = link_ask(p->link, NF_MSG_INTERFACES_GET, &empty, sizeof(empty), now);
	p->asked_stash = p->restored ? 0 : link_ask(p->link, NF_MSG_STASH_GET, &empty, sizeof(empty), now);
}

static void learnt(struct cp_paths *p, cp_time now)
{
	if (p->asked_interfaces || p->asked_stash)
		return;
	if (!p->restored) {
		conn_restored(p->conns, now);
		p->restored = true;
		if (p->complete)
			conn_sweep(p->conns, now);
	}
	link_learnt(p->link, now);
}

static struct cp_addr own_address(const struct nf_addr *a, uint16_t port)
{
	struct cp_addr own = {.family = a->family, .port = port};
	memcpy(own.ip, a->addr, cp_ip_bytes(&own));
	return own;
}

static void interface_in(struct cp_paths *p, const struct nf_interface_info *i, size_t tail_bytes, const struct nf_addr *tail,
			 cp_time now)
{
	struct cp_addr own[WAN_ADDRESSES_MAX];
	unsigned int n = 0;
	if (strncmp(i->name, "wan", sizeof(i->name)) != 0)
		return;
	for (uint32_t a = 0; a < i->address_count && n < WAN_ADDRESSES_MAX && (a + 1) * sizeof(*tail) <= tail_bytes; a++)
		if (tail[a].family == CP_V4 || tail[a].family == CP_V6)
			own[n++] = own_address(&tail[a], p->port);
	p->has_wan = true;
	conn_addresses(p->conns, own, n, now);
}

static void interfaces(struct cp_paths *p, const struct nf_msg_hdr *hdr, const void *body, cp_time now)
{
	struct nf_interface_info info;
	struct nf_addr tail[WAN_ADDRESSES_MAX];
	if (hdr->status == 0 && hdr->body_bytes >= sizeof(info)) {
		size_t bytes = hdr->body_bytes - sizeof(info);
		bytes = bytes < sizeof(tail) ? bytes : sizeof(tail);
		memcpy(&info, body, sizeof(info));
		memcpy(tail, (const uint8_t *)body + sizeof(info), bytes);
		interface_in(p, &info, bytes, tail, now);
	}
	if (hdr->flags & NF_MSG_MORE)
		return;
	p->asked_interfaces = 0;
	learnt(p, now);
}

static void record_in(struct cp_paths *p, const struct nf_stash *s, const uint8_t *data, size_t bytes, cp_time now)
{
	struct conn_stash_key k = {.kind = (enum conn_stash_kind)s->kind, .part = s->part};
	memcpy(k.key, s->key, sizeof(k.key));
	bool taken = s->kind == NF_STASH_PEER && s->part == TUNNEL_STASH_PART
			     ? tunnel_restore(p, s->key, data, bytes)
			     : conn_restore(p->conns, &k, data, bytes, now) == 0;
	if (!taken)
		cp_outq_log(p->out, CP_WARN, "stash_record_refused", "kind=%u part=%u bytes=%zu", s->kind, s->part, bytes);
}

static void stash(struct cp_paths *p, const struct nf_msg_hdr *hdr, const void *body, cp_time now)
{
	struct nf_stash s;
	if (hdr->status == 0 && hdr->body_bytes >= sizeof(s)) {
		memcpy(&s, body, sizeof(s));
		if (s.data_bytes > 0 && s.data_bytes == hdr->body_bytes - sizeof(s))
			record_in(p, &s, (const uint8_t *)body + sizeof(s), s.data_bytes, now);
	}
	if (hdr->flags & NF_MSG_MORE)
		return;
	p->asked_stash = 0;
	learnt(p, now);
}

static bool one_less_under_way(struct cp_paths *p, uint32_t seq)
{
	for (uint32_t i = 0; i < PATHS_WINDOW; i++)
		if (p->under_way[i] == seq && seq != 0) {
			p->under_way[i] = 0;
			p->n_under_way--;
			return true;
		}
	return false;
}

bool paths_reply(struct cp_paths *p, const struct nf_msg_hdr *hdr, const void *body, cp_time now)
{
	if (hdr->seq != 0 && hdr->seq == p->asked_interfaces)
		interfaces(p, hdr, body, now);
	else if (hdr->seq != 0 && hdr->seq == p->asked_stash)
		stash(p, hdr, body, now);
	else if (!one_less_under_way(p, hdr->seq))
		return false;
	else if (hdr->status < 0) {
		const struct nf_error *e = body;
		p->refused++;
		cp_outq_log(p->out, CP_WARN, "nf_refused", "type=%u why=\"%.*s\"", hdr->type, NF_TEXT_BYTES - 1,
			    hdr->body_bytes >= sizeof(*e) ? e->text : "no reason given");
	}
	return true;
}

void paths_link_down(struct cp_paths *p)
{
	memset(p->under_way, 0, sizeof(p->under_way));
	p->n_under_way = p->asked_stash = p->asked_interfaces = 0;
}

void paths_reassert(struct cp_paths *p, cp_time now)
{
	for (uint32_t i = 0; i < p->tunnels.room; i++)
		for (struct cp_map_entry *e = p->tunnels.buckets[i]; e; e = e->next)
			((struct paths_tunnel *)(void *)e)->unsaved = true;
	conn_reassert(p->conns, now);
}

/* --- what the NF saw --- */

void paths_peer_event(struct cp_paths *p, const struct nf_peer_event_body *e, cp_time now)
{
	struct conn_report r = {.kind = CONN_REPORT_COMPLETED, .initiator = e->initiator};
	const struct paths_tunnel *t = tunnel_find(p, e->public_key);
	if (!t)
		return;
	memcpy(r.public_key, e->public_key, sizeof(r.public_key));
	if (e->event == NF_PEER_GOODBYE) {
		conn_remove(p->conns, t->id, now);
		return;
	}
	if (e->event == NF_PEER_FAILED)
		r.kind = CONN_REPORT_EXPIRED;
	else if (e->event != NF_PEER_SESSION)
		return;
	conn_report_in(p->conns, &r, now);
}

bool paths_punted(struct cp_paths *p, const void *msg, size_t bytes, cp_time now)
{
	struct nf_msg_hdr hdr;
	struct nf_punt punt;
	struct conn_inner inner;
	if (bytes < sizeof(hdr) + sizeof(punt))
		return false;
	memcpy(&hdr, msg, sizeof(hdr));
	memcpy(&punt, (const uint8_t *)msg + sizeof(hdr), sizeof(punt));
	if (hdr.type != NF_MSG_PUNT || punt.kind != NF_PUNT_STUN || punt.data_bytes != bytes - sizeof(hdr) - sizeof(punt))
		return false;
	struct cp_addr at = own_address(&punt.destination, punt.destination.port);
	struct cp_addr from = own_address(&punt.source, punt.source.port);
	conn_udp_in(p->conns, &at, &from, (const uint8_t *)msg + sizeof(hdr) + sizeof(punt), punt.data_bytes, now, &inner);
	return true;
}

/* While as much as may be is under way nothing is carried out, and every reply leads here again. */
cp_time paths_deadline(const struct cp_paths *p)
{
	if (!paths_has_room(p))
		return CP_NEVER;
	return p->more ? 1 : conn_deadline(p->conns).at;
}
