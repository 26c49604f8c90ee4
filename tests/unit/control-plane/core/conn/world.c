/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "stun/stun.h"

#define HOP CP_MS

struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	w->now = 1000 * CP_S;
	for (unsigned int i = 0; i < WORLD_RELAYS; i++) {
		w->relay[i].addr = cp_addr_v4(203, 0, 113, (uint8_t)(i + 1), 3478);
		w->relay[i].latency = HOP;
	}
	return w;
}

void world_free(struct world *w)
{
	for (unsigned int i = 0; i < w->n_hosts; i++) {
		conn_node_free(w->host[i].node);
		free(w->host[i].records);
	}
	free(w->flying);
	free(w);
}

static struct conn_node *node_new(const struct host *h, cp_time now)
{
	struct conn_settings s = {.role = h->role, .seed = {h->seed, 7, [20] = h->seed}, .conns_max = 64};
	struct conn_node *n = conn_node_new(&s, now);
	assert_non_null(n);
	return n;
}

struct host *world_host(struct world *w, enum conn_role role)
{
	struct host *h = &w->host[w->n_hosts++];
	h->role = role;
	h->seed = (uint8_t)w->n_hosts;
	h->addr = cp_addr_v4(192, 0, 2, (uint8_t)w->n_hosts, 52625);
	h->node = node_new(h, w->now);
	world_tell_addresses(w, h);
	return h;
}

void world_tell_addresses(struct world *w, struct host *h)
{
	struct cp_addr all[2] = {h->addr, h->second};
	conn_addresses(h->node, all, h->second.family ? 2 : 1, w->now);
	world_drain(w, h);
}

void world_id(const struct world *w, const struct host *h, uint8_t ret[CONN_ID_BYTES])
{
	memset(ret, 0, CONN_ID_BYTES);
	ret[0] = (uint8_t)(h - w->host + 1);
}

struct conn_relay world_relay_settings(struct world *w, unsigned int i)
{
	return (struct conn_relay){.id = {0xe0, (uint8_t)i},
				   .turn = {.server = {w->relay[i].addr}, .username = "1:u", .password = "p", .realm = "firezone"}};
}

void world_relays(struct world *w, struct host *h, unsigned int n)
{
	struct conn_relay add[WORLD_RELAYS];
	for (unsigned int i = 0; i < n; i++)
		add[i] = world_relay_settings(w, i);
	assert_int_equal(conn_relays_update(h->node, NULL, 0, add, n, w->now), 0);
	world_drain(w, h);
}

static void credentials(struct ice_credentials *c, const struct world *w, const struct host *of, const struct host *to)
{
	snprintf(c->ufrag, sizeof(c->ufrag), "u%02d%c", (int)(of - w->host), 'a' + (int)(to - w->host));
	snprintf(c->pwd, sizeof(c->pwd), "password-of-%02d-to-%02d..", (int)(of - w->host), (int)(to - w->host));
}

struct conn_peer world_peer(struct world *w, const struct host *of, const struct host *to)
{
	struct conn_peer p = {.public_key = {0x40, to->seed}, .preshared_key = {9, (uint8_t)(of->seed ^ to->seed)}, .cookie = to->seed};
	world_id(w, to, p.id);
	credentials(&p.local, w, of, to);
	credentials(&p.remote, w, to, of);
	return p;
}

int world_connect_one(struct world *w, struct host *h, struct host *to)
{
	struct conn_peer p = world_peer(w, h, to);
	int e = conn_upsert(h->node, &p, w->now);
	world_drain(w, h);
	return e;
}

void world_connect(struct world *w, struct host *a, struct host *b)
{
	assert_int_equal(world_connect_one(w, a, b), CONN_CREATED);
	assert_int_equal(world_connect_one(w, b, a), CONN_CREATED);
}

/* --- the network --- */

static void enqueue(struct world *w, const struct packet *p)
{
	if (w->n_flying == w->room) {
		w->room = w->room ? w->room * 2 : 64;
		w->flying = realloc(w->flying, w->room * sizeof(*w->flying));
		assert_non_null(w->flying);
	}
	w->flying[w->n_flying++] = *p;
}

static void fly(struct world *w, const struct cp_addr *from, const struct cp_addr *to, const void *data, size_t bytes, cp_time delay)
{
	struct packet p = {.at = w->now + delay, .from = *from, .to = *to, .bytes = (uint16_t)bytes};
	assert_true(bytes <= sizeof(p.data));
	memcpy(p.data, data, bytes);
	if (!w->lost || !w->lost(w, &p))
		enqueue(w, &p);
}
struct host *world_owner(struct world *w, const struct cp_addr *a)
{
	for (unsigned int i = 0; i < w->n_hosts; i++)
		if (cp_addr_equal(&w->host[i].addr, a) || cp_addr_equal(&w->host[i].second, a) ||
		    cp_addr_equal(&w->host[i].mapped, a))
			return &w->host[i];
	return NULL;
}

static struct relay_host *relay_of(struct world *w, const struct cp_addr *a)
{
	for (unsigned int i = 0; i < WORLD_RELAYS; i++)
		if (cp_ip_equal(&w->relay[i].addr, a))
			return &w->relay[i];
	return NULL;
}

/* --- a relay --- */

static struct relay_allocation *allocation_of(struct relay_host *r, const struct cp_addr *client)
{
	for (unsigned int i = 0; i < r->n_allocations; i++)
		if (cp_addr_equal(&r->allocations[i].client, client))
			return &r->allocations[i];
	return NULL;
}

static struct cp_addr relayed_addr(const struct relay_host *r, const struct relay_allocation *a)
{
	struct cp_addr addr = r->addr;
	addr.port = a->port;
	return addr;
}

static struct relay_allocation *allocate(struct relay_host *r, const struct cp_addr *client)
{
	struct relay_allocation *a = allocation_of(r, client);
	if (!a)
		a = &r->allocations[r->n_allocations++];
	*a = (struct relay_allocation){.client = *client, .port = (uint16_t)(60000 + (a - r->allocations) + r->allocates)};
	return a;
}

static void respond(struct world *w, struct relay_host *r, const struct packet *p, struct stun_writer *s, bool sign)
{
	uint8_t key[16];
	stun_long_term_key("1:u", "firezone", "p", key);
	if (sign)
		stun_put_integrity(s, key, sizeof(key));
	fly(w, &r->addr, &p->from, s->p, stun_finish(s), r->latency);
}

static void refuse(struct world *w, struct relay_host *r, const struct packet *p, const struct stun_message *m, uint16_t code)
{
	uint8_t buffer[512];
	struct stun_writer s;
	stun_begin(&s, buffer, sizeof(buffer), (uint16_t)(m->type | STUN_ERROR), m->txid);
	stun_put_error(&s, code, "no");
	stun_put_text(&s, STUN_REALM, "firezone");
	stun_put_text(&s, STUN_NONCE, "nonce");
	respond(w, r, p, &s, true);
}

static void relay_allocate(struct world *w, struct relay_host *r, const struct packet *p, const struct stun_message *m,
			   struct stun_writer *s)
{
	struct relay_allocation *a = allocate(r, &p->from);
	struct cp_addr addr = relayed_addr(r, a);
	(void)m;
	stun_put_address(s, STUN_XOR_RELAYED_ADDRESS, &addr);
	stun_put_address(s, STUN_XOR_MAPPED_ADDRESS, &p->from);
	stun_put_u32(s, STUN_LIFETIME, 600);
	respond(w, r, p, s, true);
}

static void relay_refresh(struct world *w, struct relay_host *r, const struct packet *p, const struct stun_message *m,
			  struct stun_writer *s)
{
	bool release = m->has_lifetime && m->lifetime_s == 0;
	struct relay_allocation *a = allocation_of(r, &p->from);
	r->refreshes += !release;
	r->releases += release;
	if (!a && !release) {
		refuse(w, r, p, m, 437);
		return;
	}
	if (a && release)
		*a = (struct relay_allocation){0};
	stun_put_u32(s, STUN_LIFETIME, release ? 0 : 600);
	respond(w, r, p, s, true);
}

static void relay_bind(struct world *w, struct relay_host *r, const struct packet *p, const struct stun_message *m,
		       struct stun_writer *s)
{
	struct relay_allocation *a = allocation_of(r, &p->from);
	r->binds++;
	if (!a) {
		refuse(w, r, p, m, 437);
		return;
	}
	assert_in_range(m->channel, STUN_CHANNEL_FIRST, STUN_CHANNEL_FIRST + 63);
	struct cp_addr *slot = &a->channel[m->channel - STUN_CHANNEL_FIRST];
	if (slot->family != CP_NONE && !cp_addr_equal(slot, &m->peer)) {
		refuse(w, r, p, m, 400);
		return;
	}
	*slot = m->peer;
	respond(w, r, p, s, true);
}

static void relay_stun(struct world *w, struct relay_host *r, const struct packet *p)
{
	uint8_t buffer[512];
	struct stun_message m;
	struct stun_writer s;
	assert_int_equal(stun_parse(p->data, p->bytes, &m), 0);
	stun_begin(&s, buffer, sizeof(buffer), (uint16_t)(m.type | STUN_SUCCESS), m.txid);
	r->bindings += m.type == STUN_BINDING;
	r->allocates += m.type == STUN_ALLOCATE;
	if (m.type == STUN_BINDING) {
		stun_put_address(&s, STUN_XOR_MAPPED_ADDRESS, &p->from);
		respond(w, r, p, &s, false);
	} else if (!m.nonce.p) {
		refuse(w, r, p, &m, 401);
	} else if (m.type == STUN_ALLOCATE && r->refuse) {
		refuse(w, r, p, &m, r->refuse);
	} else if (m.type == STUN_ALLOCATE) {
		relay_allocate(w, r, p, &m, &s);
	} else if (m.type == STUN_REFRESH) {
		relay_refresh(w, r, p, &m, &s);
	} else {
		relay_bind(w, r, p, &m, &s);
	}
}

static void deliver_stripped(struct world *w, struct relay_host *r, const struct relay_allocation *a, const struct cp_addr *from,
			     const void *data, uint16_t bytes)
{
	struct packet p = {.at = w->now + r->latency, .from = *from, .to = a->client, .bytes = bytes};
	struct packet outer = {.from = r->addr, .to = a->client};
	p.stripped = relayed_addr(r, a);
	memcpy(p.data, data, bytes);
	if (!w->lost || !w->lost(w, &outer))
		enqueue(w, &p);
}

/* To a relayed port: whoever has bound a channel to the sender gets it. */
static void relay_inbound(struct world *w, struct relay_host *r, const struct cp_addr *from, uint16_t port, const void *data,
			  uint16_t bytes)
{
	uint8_t wire[CONN_DATAGRAM_MAX + 64];
	for (unsigned int i = 0; i < r->n_allocations; i++) {
		struct relay_allocation *a = &r->allocations[i];
		for (uint16_t c = 0; a->port == port && c < 64; c++) {
			if (!cp_addr_equal(&a->channel[c], from))
				continue;
			if (w->nf_strips) {
				deliver_stripped(w, r, a, from, data, bytes);
				return;
			}
			stun_channel_header(wire, (uint16_t)(STUN_CHANNEL_FIRST + c), bytes);
			memcpy(wire + STUN_CHANNEL_HEADER, data, bytes);
			fly(w, &r->addr, &a->client, wire, bytes + STUN_CHANNEL_HEADER, r->latency);
			return;
		}
	}
}

static void relay_outbound(struct world *w, struct relay_host *r, const struct packet *p, const struct stun_channel_data *d)
{
	struct relay_allocation *a = allocation_of(r, &p->from);
	if (!a || d->channel >= STUN_CHANNEL_FIRST + 64 || a->channel[d->channel - STUN_CHANNEL_FIRST].family == CP_NONE)
		return;
	struct cp_addr from = relayed_addr(r, a);
	fly(w, &from, &a->channel[d->channel - STUN_CHANNEL_FIRST], d->payload, d->bytes, r->latency);
}

static void relay_in(struct world *w, struct relay_host *r, const struct packet *p)
{
	struct stun_channel_data d;
	if (r->silent)
		return;
	if (!cp_addr_equal(&p->to, &r->addr))
		relay_inbound(w, r, &p->from, p->to.port, p->data, p->bytes);
	else if (stun_channel_parse(p->data, p->bytes, &d))
		relay_outbound(w, r, p, &d);
	else
		relay_stun(w, r, p);
}

/* --- hosts --- */

static void mix(struct host *h, const void *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		h->digest = (h->digest ^ ((const uint8_t *)data)[i]) * 0x100000001b3ull;
}

static void digest(struct host *h, const struct conn_out *o)
{
	mix(h, &o->kind, sizeof(o->kind));
	mix(h, o->id, sizeof(o->id));
	mix(h, o->key, sizeof(o->key));
	mix(h, &o->from, sizeof(o->from));
	mix(h, &o->to, sizeof(o->to));
	if (o->data)
		mix(h, o->data, o->bytes);
	if (o->text)
		mix(h, o->text, strlen(o->text));
}

static struct host *by_id(struct world *w, const uint8_t id[CONN_ID_BYTES])
{
	return id[0] >= 1 && id[0] <= w->n_hosts ? &w->host[id[0] - 1] : NULL;
}

static struct host *by_key(struct world *w, const uint8_t key[CONN_KEY_BYTES])
{
	for (unsigned int i = 0; i < w->n_hosts; i++)
		if (key[0] == 0x40 && key[1] == w->host[i].seed)
			return &w->host[i];
	return NULL;
}

static void remember(struct host *h, const struct conn_out *o)
{
	unsigned int i = 0;
	h->stashed += o->stash.kind == CONN_STASH_PEER;
	while (i < h->n_records && memcmp(&h->records[i].key, &o->stash, sizeof(o->stash)) != 0)
		i++;
	if (o->bytes == 0) {
		if (i < h->n_records)
			h->records[i] = h->records[--h->n_records];
		return;
	}
	if (i == h->n_records) {
		h->records = realloc(h->records, ++h->n_records * sizeof(*h->records));
		assert_non_null(h->records);
	}
	h->records[i] = (struct record){.key = o->stash, .bytes = o->bytes};
	memcpy(h->records[i].data, o->data, o->bytes);
}

static void shake_hands(struct world *w, struct host *h, const uint8_t key[CONN_KEY_BYTES])
{
	struct host *peer = by_key(w, key);
	struct conn_report r = {.kind = CONN_REPORT_COMPLETED, .initiator = true};
	if (w->handshakes_fail || !peer)
		return;
	memcpy(r.public_key, key, sizeof(r.public_key));
	conn_report_in(h->node, &r, w->now);
	r = (struct conn_report){.kind = CONN_REPORT_COMPLETED, .public_key = {0x40, h->seed}};
	conn_report_in(peer->node, &r, w->now);
	world_drain(w, peer);
}

static void signal(struct world *w, struct host *h, const struct conn_out *o)
{
	struct host *to = by_id(w, o->id);
	uint8_t id[CONN_ID_BYTES];
	world_id(w, h, id);
	if (o->kind == CONN_OUT_CANDIDATE)
		memcpy(h->texts[h->n_texts++ % 64], o->text, strlen(o->text) + 1);
	else
		memcpy(h->invalid[h->n_invalid++ % 16], o->text, strlen(o->text) + 1);
	if (w->portal_mute || !to)
		return;
	char text[ICE_CANDIDATE_TEXT];
	memcpy(text, o->text, strlen(o->text) + 1);
	if (o->kind == CONN_OUT_CANDIDATE)
		conn_candidate_add(to->node, id, text, strlen(text), w->now);
	else
		conn_candidate_remove(to->node, id, text, strlen(text), w->now);
}

static void send(struct world *w, struct host *h, const struct conn_out *o)
{
	struct cp_addr from = o->from.family == CP_NONE ? h->addr : o->from;
	assert_true(world_owner(w, &from) == h);
	from = h->mapped.family ? h->mapped : from;
	h->sent_to_relay += relay_of(w, &o->to) != NULL;
	fly(w, &from, &o->to, o->data, o->bytes, HOP);
}

static void take(struct world *w, struct host *h, const struct conn_out *o)
{
	digest(h, o);
	h->outs[o->kind]++;
	switch (o->kind) {
	case CONN_OUT_SEND:
		send(w, h, o);
		break;
	case CONN_OUT_CANDIDATE:
	case CONN_OUT_INVALIDATE:
		signal(w, h, o);
		break;
	case CONN_OUT_PATH:
		assert_true(h->path.handle < o->path.handle || memcmp(h->path_key, o->key, sizeof(o->key)) != 0 || h->path.handle == 0 ||
			    memcmp(&h->path, &o->path, sizeof(o->path)) == 0);
		h->path = o->path;
		h->unbound_paths += o->path.kind >= CONN_PATH_OUR_RELAY && o->path.channel == 0;
		memcpy(h->path_key, o->key, sizeof(o->key));
		break;
	case CONN_OUT_FAILED:
		h->failure = o->failure;
		break;
	case CONN_OUT_REMOVE:
		h->goodbye = o->goodbye;
		if (memcmp(h->path_key, o->key, sizeof(o->key)) == 0)
			memset(h->path_key, 0, sizeof(h->path_key));
		break;
	case CONN_OUT_CHANNEL:
		h->channels_up += o->up ? 1u : 0u - 1u;
		break;
	case CONN_OUT_STASH:
		remember(h, o);
		break;
	case CONN_OUT_RELEASED:
		h->released = o->code;
		break;
	case CONN_OUT_HANDSHAKE:
		shake_hands(w, h, o->key);
		break;
	default:
		break;
	}
}

void world_drain(struct world *w, struct host *h)
{
	struct conn_out o;
	while (conn_next(h->node, w->now, &o))
		take(w, h, &o);
	for (unsigned int i = 0; i < w->n_hosts; i++)
		if (&w->host[i] != h && w->host[i].node)
			while (conn_next(w->host[i].node, w->now, &o))
				take(w, &w->host[i], &o);
}

static const struct cp_addr *arrived_at(const struct host *h, const struct packet *p)
{
	if (p->stripped.family)
		return &p->stripped;
	return h->mapped.family ? &h->addr : &p->to;
}

static void host_in(struct world *w, struct host *h, const struct packet *p)
{
	struct conn_inner inner;
	struct stun_message m;
	if (!relay_of(w, &p->from) && stun_parse(p->data, p->bytes, &m) == 0)
		w->checks_seen += m.type == STUN_BINDING;
	h->wireguard += conn_udp_in(h->node, arrived_at(h, p), &p->from, p->data, p->bytes, w->now, &inner) == CONN_WIREGUARD;
	world_drain(w, h);
}

void world_datagram(struct world *w, struct host *to, const struct cp_addr *from, const void *data, size_t bytes)
{
	struct packet p = {.from = *from, .to = to->mapped.family ? to->mapped : to->addr, .bytes = (uint16_t)bytes};
	memcpy(p.data, data, bytes);
	host_in(w, to, &p);
}

static void deliver(struct world *w, const struct packet *p)
{
	struct host *h = world_owner(w, &p->to);
	struct relay_host *r = relay_of(w, &p->to);
	if (h && (!h->mapped.family || cp_addr_equal(&p->to, &h->mapped)))
		host_in(w, h, p);
	else if (r)
		relay_in(w, r, p);
}

/* The earliest, in the order in which they were sent. */
static unsigned int first_flying(const struct world *w)
{
	unsigned int first = 0;
	for (unsigned int i = 1; i < w->n_flying; i++)
		if (w->flying[i].at < w->flying[first].at)
			first = i;
	return first;
}

static cp_time next_deadline(const struct world *w)
{
	cp_time at = CP_NEVER;
	for (unsigned int i = 0; i < w->n_hosts; i++)
		at = cp_earlier(at, conn_deadline(w->host[i].node).at);
	return at;
}

void world_run(struct world *w, cp_time span)
{
	cp_time end = w->now + span;
	for (;;) {
		cp_time at = next_deadline(w);
		unsigned int i = first_flying(w);
		if (w->n_flying > 0 && w->flying[i].at <= at && w->flying[i].at <= end) {
			struct packet p = w->flying[i];
			memmove(&w->flying[i], &w->flying[i + 1], (--w->n_flying - i) * sizeof(p));
			w->now = p.at;
			deliver(w, &p);
			continue;
		}
		if (at > end)
			break;
		w->now = at;
		for (i = 0; i < w->n_hosts; i++) {
			conn_tick(w->host[i].node, w->now);
			world_drain(w, &w->host[i]);
			w->host[i].early_deadlines += conn_deadline(w->host[i].node).at <= w->now;
		}
	}
	w->now = end;
}

void world_restart(struct world *w, struct host *h)
{
	conn_node_free(h->node);
	h->seed = (uint8_t)(h->seed ^ 0x80);
	h->node = node_new(h, w->now);
	h->seed = (uint8_t)(h->seed ^ 0x80);
	for (unsigned int i = 0; i < h->n_records; i++)
		assert_int_equal(conn_restore(h->node, &h->records[i].key, h->records[i].data, h->records[i].bytes, w->now), 0);
	memset(h->outs, 0, sizeof(h->outs));
	world_drain(w, h);
	assert_int_equal(h->outs[CONN_OUT_SEND], 0);
	conn_restored(h->node, w->now);
	world_drain(w, h);
}

struct conn_info world_info(const struct host *h, const struct host *peer)
{
	uint8_t id[CONN_ID_BYTES] = {peer->seed};
	struct conn_info info = {0};
	conn_info(h->node, id, &info);
	return info;
}

bool world_is_connected(const struct host *h, const struct host *peer)
{
	return world_info(h, peer).path.handle != 0;
}
