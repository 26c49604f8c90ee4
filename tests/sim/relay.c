/* SPDX-License-Identifier: Apache-2.0 */
#include "relay.h"

#include <stdio.h>
#include <string.h>

#include "relay_table.h"

#define SOFTWARE "firezone-relay; rev=sim00000"
#define REALM    "firezone"

/* One request on its way through the server. */
struct call {
	struct relay *r;
	const struct packet *p;
	struct stun_message m;
	uint8_t key[16];
	bool has_key;
};

static cp_time now_of(const struct relay *r)
{
	return r->nic.zone->net->clock->now;
}

static bool is_stock(const struct call *c)
{
	return c->r->s.kind == RELAY_STOCK;
}

void relay_password(const struct relay *r, const char *username, char ret[RELAY_NAME_MAX])
{
	uint64_t h = 0xcbf29ce484222325u ^ r->secret;
	for (const char *c = username; *c; c++)
		h = (h ^ (uint8_t)*c) * 0x100000001b3u;
	snprintf(ret, RELAY_NAME_MAX, "%016llx%016llx", (unsigned long long)h, (unsigned long long)(h * 0x9e3779b97f4a7c15u));
}

/* --- answers --- */

static void answer_begin(const struct call *c, struct stun_writer *w, uint8_t *buffer, uint16_t class)
{
	stun_begin(w, buffer, STUN_MESSAGE_MAX, (uint16_t)(STUN_METHOD(c->m.type) | class), c->m.txid);
	stun_put_text(w, STUN_SOFTWARE, SOFTWARE);
}

static void answer_end(const struct call *c, struct stun_writer *w, bool sign)
{
	if (sign && c->has_key)
		stun_put_integrity(w, c->key, sizeof(c->key));
	nic_send(&c->r->nic, c->r->nic.name, &c->p->dst, &c->p->src, w->p, stun_finish(w));
}

static void succeed(const struct call *c)
{
	uint8_t buffer[STUN_MESSAGE_MAX];
	struct stun_writer w;
	answer_begin(c, &w, buffer, STUN_SUCCESS);
	answer_end(c, &w, true);
}

static void fail(const struct call *c, uint16_t code, uint64_t *counter)
{
	uint8_t buffer[STUN_MESSAGE_MAX];
	struct stun_writer w;
	++*counter;
	answer_begin(c, &w, buffer, STUN_ERROR);
	stun_put_error(&w, code, "no");
	answer_end(c, &w, true);
}

static const char *fresh_nonce(struct relay *r)
{
	uint32_t i = r->n_nonces++ % RELAY_NONCES;
	uint64_t a = dice_u64(&r->dice);
	snprintf(r->nonce[i], sizeof(r->nonce[i]), "%08x-%04x-4000-8000-%012llx", (uint32_t)a, (uint32_t)(a >> 48), r->n_nonces + 0ull);
	r->uses[i] = 0;
	return r->nonce[i];
}

/* 401 or 438 with a nonce; a third-party server does not sign them. */
static void challenge(const struct call *c, uint16_t code, uint64_t *counter)
{
	uint8_t buffer[STUN_MESSAGE_MAX];
	struct stun_writer w;
	++*counter;
	answer_begin(c, &w, buffer, STUN_ERROR);
	stun_put_error(&w, code, code == 401 ? "Unauthorized" : "Stale Nonce");
	stun_put_text(&w, STUN_REALM, REALM);
	stun_put_text(&w, STUN_NONCE, fresh_nonce(c->r));
	answer_end(c, &w, is_stock(c));
}

/* --- who asks --- */

static bool nonce_is_good(struct relay *r, const struct stun_text *nonce)
{
	uint32_t limit = r->s.nonce_uses ? r->s.nonce_uses : 10000;
	for (uint32_t i = 0; i < RELAY_NONCES && i < r->n_nonces; i++)
		if (nonce->bytes == strlen(r->nonce[i]) && memcmp(nonce->p, r->nonce[i], nonce->bytes) == 0)
			return r->uses[i]++ < limit;
	return false;
}

static void take_key(struct call *c)
{
	char username[RELAY_NAME_MAX], password[RELAY_NAME_MAX];
	if (!c->m.username.p || c->m.username.bytes >= sizeof(username))
		return;
	memcpy(username, c->m.username.p, c->m.username.bytes);
	username[c->m.username.bytes] = 0;
	relay_password(c->r, username, password);
	stun_long_term_key(username, REALM, password, c->key);
	c->has_key = true;
}

static bool is_authenticated(struct call *c)
{
	struct relay_counters *n = &c->r->count;
	take_key(c);
	if (!is_stock(c) && c->m.username.p && !c->m.nonce.p) {
		c->has_key = false; /* it does not get as far as looking at it */
		fail(c, 400, &n->e400);
		return false;
	}
	if (!c->m.username.p || !c->m.integrity_at || !c->m.nonce.p)
		challenge(c, 401, &n->e401);
	else if (!stun_integrity_holds(&c->m, c->key, sizeof(c->key)))
		challenge(c, 401, &n->e401);
	else if (!nonce_is_good(c->r, &c->m.nonce))
		challenge(c, 438, &n->e438);
	else
		return true;
	return false;
}

/* Some attributes are of interest to servers only, and stun_parse() does not know them. */
static bool carries(const struct stun_message *m, uint16_t attribute)
{
	for (unsigned int at = STUN_HEADER_BYTES; at + 4 <= m->bytes;) {
		if ((m->raw[at] << 8 | m->raw[at + 1]) == attribute)
			return true;
		at += 4 + (((unsigned int)(m->raw[at + 2] << 8 | m->raw[at + 3]) + 3) & ~3u);
	}
	return false;
}

/* --- requests --- */

static void on_binding(struct call *c)
{
	uint8_t buffer[STUN_MESSAGE_MAX];
	struct stun_writer w;
	c->r->count.bindings++;
	answer_begin(c, &w, buffer, STUN_SUCCESS);
	stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &c->p->src);
	answer_end(c, &w, false);
}

/* Of the second family only if the client asks for it by the number this server knows. */
static bool wants_v6(const struct call *c)
{
	return carries(&c->m, is_stock(c) ? STUN_ADDITIONAL_ADDRESS_FAMILY : STUN_ADDITIONAL_ADDRESS_FAMILY_RFC);
}

static void put_lifetime(struct stun_writer *w, const struct relay *r)
{
	stun_put_u32(w, STUN_LIFETIME, r->s.lifetime_s ? r->s.lifetime_s : 600);
}

static void say_allocated(const struct call *c, const struct relay_allocation *a)
{
	uint8_t buffer[STUN_MESSAGE_MAX];
	struct stun_writer w;
	c->r->count.allocated++;
	answer_begin(c, &w, buffer, STUN_SUCCESS);
	for (int i = 0; i < 2; i++)
		if (a->relayed[i].family != CP_NONE)
			stun_put_address(&w, STUN_XOR_RELAYED_ADDRESS, &a->relayed[i]);
	stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &c->p->src);
	put_lifetime(&w, c->r);
	answer_end(c, &w, true);
}

static void on_allocate(struct call *c)
{
	struct relay *r = c->r;
	r->count.allocates++;
	if (!is_authenticated(c))
		return;
	if (!carries(&c->m, STUN_REQUESTED_TRANSPORT) ||
	    (carries(&c->m, STUN_REQUESTED_ADDRESS_FAMILY) && carries(&c->m, STUN_ADDITIONAL_ADDRESS_FAMILY)))
		fail(c, 400, &r->count.e400);
	else if (table_find(r, &c->p->src, &c->p->dst))
		fail(c, 437, &r->count.e437);
	else
		say_allocated(c, table_add(r, &c->p->src, &c->p->dst, &c->m.username, wants_v6(c)));
}

static void say_refused(const struct call *c, uint16_t attribute)
{
	uint8_t buffer[STUN_MESSAGE_MAX], list[2] = {(uint8_t)(attribute >> 8), (uint8_t)attribute};
	struct stun_writer w;
	c->r->count.e420++;
	answer_begin(c, &w, buffer, STUN_ERROR);
	stun_put_error(&w, 420, "Unknown Attribute");
	stun_put(&w, STUN_UNKNOWN_ATTRIBUTES, list, sizeof(list));
	answer_end(c, &w, true);
}

static void say_refreshed(const struct call *c, uint32_t lifetime_s)
{
	uint8_t buffer[STUN_MESSAGE_MAX];
	struct stun_writer w;
	answer_begin(c, &w, buffer, STUN_SUCCESS);
	stun_put_u32(&w, STUN_LIFETIME, lifetime_s);
	answer_end(c, &w, true);
}

static void on_refresh(struct call *c)
{
	struct relay *r = c->r;
	bool releases = c->m.has_lifetime && c->m.lifetime_s == 0;
	++*(releases ? &r->count.releases : &r->count.refreshes);
	if (!is_authenticated(c))
		return;
	struct relay_allocation *a = table_find(r, &c->p->src, &c->p->dst);
	if (!is_stock(c) && carries(&c->m, STUN_REQUESTED_TRANSPORT))
		say_refused(c, STUN_REQUESTED_TRANSPORT);
	else if (!a)
		fail(c, 437, &r->count.e437);
	else if (releases) {
		table_remove(r, a);
		r->count.released++;
		say_refreshed(c, 0);
	} else {
		table_refresh(r, a);
		r->count.refreshed++;
		say_refreshed(c, r->s.lifetime_s ? r->s.lifetime_s : 600);
	}
}

static void on_channel_bind(struct call *c)
{
	struct relay *r = c->r;
	r->count.binds++;
	if (!is_authenticated(c))
		return;
	struct relay_allocation *a = table_find(r, &c->p->src, &c->p->dst);
	bool sound = c->m.has_channel && c->m.peer.family != CP_NONE && c->m.channel >= 0x4000 && c->m.channel <= 0x7fff;
	if (!a)
		fail(c, 437, &r->count.e437);
	else if (sound && a->relayed[c->m.peer.family == CP_V6].family == CP_NONE)
		fail(c, 443, &r->count.e443);
	else if (!sound || !table_bind(r, a, c->m.channel, &c->m.peer))
		fail(c, 400, &r->count.e400);
	else {
		r->count.bound++;
		succeed(c);
	}
}

static void on_request(struct relay *r, const struct packet *p, const struct stun_message *m)
{
	struct call c = {.r = r, .p = p, .m = *m};
	switch (m->type) {
	case STUN_BINDING:
		on_binding(&c);
		break;
	case STUN_ALLOCATE:
		on_allocate(&c);
		break;
	case STUN_REFRESH:
		on_refresh(&c);
		break;
	case STUN_CHANNEL_BIND:
		on_channel_bind(&c);
		break;
	default:
		nic_refuse(&r->nic, p, "not a request it knows");
	}
}

/* --- data --- */

static void outward(struct relay *r, const struct packet *p, const struct stun_channel_data *d)
{
	struct relay_allocation *a = table_find(r, &p->src, &p->dst);
	const struct relay_channel *c = a ? table_channel(r, a, d->channel) : NULL;
	if (!c) {
		++*(a ? &r->count.no_channel : &r->count.no_allocation);
		nic_refuse(&r->nic, p, a ? "no channel" : "no allocation");
		return;
	}
	r->count.relayed_out++;
	nic_send(&r->nic, r->nic.name, &a->relayed[c->peer.family == CP_V6], &c->peer, d->payload, d->bytes);
}

static void inward(struct relay *r, const struct packet *p)
{
	uint8_t framed[NET_PACKET_MAX];
	struct relay_allocation *a = table_by_relayed(r, &p->dst);
	const struct relay_channel *c = a ? table_channel_to(r, a, &p->src) : NULL;
	if (!c || p->bytes + STUN_CHANNEL_HEADER > sizeof(framed)) {
		++*(a ? &r->count.no_channel : &r->count.no_allocation);
		nic_refuse(&r->nic, p, a ? "peer without channel" : "no allocation");
		return;
	}
	r->count.relayed_in++;
	stun_channel_header(framed, c->number, p->bytes);
	memcpy(framed + STUN_CHANNEL_HEADER, p->data, p->bytes);
	nic_send(&r->nic, r->nic.name, &a->server, &a->client, framed, p->bytes + STUN_CHANNEL_HEADER);
}

static void deliver(void *owner, struct nic *at, const struct packet *p)
{
	struct relay *r = owner;
	struct stun_message m;
	struct stun_channel_data d;
	table_sweep(r, now_of(r));
	if (p->dst.port != RELAY_PORT)
		inward(r, p);
	else if (stun_channel_parse(p->data, p->bytes, &d))
		outward(r, p, &d);
	else if (stun_parse(p->data, p->bytes, &m) == 0)
		on_request(r, p, &m);
	else
		nic_refuse(at, p, "neither STUN nor ChannelData");
}

void relay_init(struct relay *r, const char *name, const struct relay_settings *s, struct zone *z, const struct cp_addr *v4,
		const struct cp_addr *v6, struct dice d)
{
	*r = (struct relay){.s = *s, .dice = d, .next_port = 49152};
	r->nic = (struct nic){.name = name, .zone = z, .owner = r, .deliver = deliver};
	r->secret = dice_u64(&r->dice);
	const struct cp_addr *addrs[2] = {v4, v6};
	for (int i = 0; i < 2; i++)
		if (addrs[i] && addrs[i]->family != CP_NONE) {
			r->server[i] = *addrs[i];
			r->server[i].port = RELAY_PORT;
			nic_address_add(&r->nic, addrs[i]);
		}
}

void relay_fini(struct relay *r)
{
	while (r->allocations)
		table_remove(r, r->allocations);
}

void relay_restart(struct relay *r)
{
	relay_fini(r);
	r->n_nonces = 0;
}

void relay_change_secret(struct relay *r)
{
	r->secret = dice_u64(&r->dice);
}

unsigned int relay_allocations(const struct relay *r)
{
	unsigned int n = 0;
	for (const struct relay_allocation *a = r->allocations; a; a = a->next)
		n++;
	return n;
}
