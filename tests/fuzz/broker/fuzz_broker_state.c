/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A history of one broker: peers that connect, speak and vanish, files, operators, time. Nothing is said to whom is not
 * there, or after its close; every frame is one that peers can read; what a gateway is asked for was stored before, and
 * what is forgotten was stored, and all of the rest is there; no two devices share an address or an id; what is due
 * lies ahead.
 */
#include <stdio.h>

#include "broker/broker.h"
#include "broker/view.h"
#include "tests/fuzz/target.h"

#define CONNS   32u /* at once */
#define DEVICES 32u
#define GRANTS  256u
#define UNIX    1800000000

struct conn {
	uint64_t number; /* 0: none */
	struct portal_link link;
	bool is_closed; /* by the broker */
	char ref[64];   /* of the last request it heard */
};

struct history {
	struct broker *b;
	struct bytes bytes;
	cp_time now;
	uint64_t last_number;
	struct conn conns[CONNS];
	struct broker_device devices[DEVICES];
	size_t n_devices;
	struct broker_authorization grants[GRANTS];
	size_t n_grants;
};

static struct portal_uuid id_of(uint8_t kind, unsigned int i)
{
	return (struct portal_uuid){.bytes = {kind, [15] = (uint8_t)i}};
}

/* What a file may say; `choice` picks. */
struct file {
	struct portal_site sites[2];
	struct broker_actor actors[2];
	struct broker_resource resources[3];
	struct portal_filter filter;
	struct broker_policy policies[2];
	struct portal_network network;
	struct broker_relay relay;
	struct cp_addr dns;
	struct broker_world world;
};

static void write_resource(struct file *f, unsigned int i, unsigned int choice)
{
	const struct portal_sites at[] = {{f->sites, 1}, {f->sites, f->world.n_sites}, {&f->sites[1], 1}};
	struct portal_resource *v = &f->resources[i].view;
	*v = (struct portal_resource){.type = PORTAL_RESOURCE_DNS, .id = id_of(3, i), .name = choice & 1 ? "name" : "other", .sites = at[i],
				      .pattern = choice & 2 ? "a.example" : "*.b.example", .has_filters = true,
				      .filters = {&f->filter, choice >> 2 & 1}};
}

static void write_policies(struct file *f, unsigned int choice)
{
	static const uint32_t all[] = {0, 1, 2};
	f->network = (struct portal_network){.addr = {.family = CP_V4, .ip = {10}}, .prefix_bits = 8};
	f->policies[0] = (struct broker_policy){.id = id_of(4, 0), .actors = all, .n_actors = f->world.n_actors, .resources = all,
						.n_resources = 1 + choice % f->world.n_resources, .networks = &f->network,
						.n_networks = choice & 1, .expires_at = PORTAL_NEVER};
	f->policies[1] = (struct broker_policy){.id = id_of(4, 1), .actors = all, .n_actors = 1, .resources = all,
						.n_resources = f->world.n_resources,
						.expires_at = choice & 2 ? UNIX + 5 * (int64_t)choice : PORTAL_NEVER};
}

static const struct broker_world *write_file(struct file *f, unsigned int choice)
{
	*f = (struct file){.dns = cp_addr_v4(9, 9, 9, (uint8_t)choice, 53), .filter = {PORTAL_TCP, true, 1, 2}};
	for (unsigned int i = 0; i < 2; i++) {
		f->sites[i] = (struct portal_site){id_of(1, i), choice & 16 ? "site" : "renamed"};
		f->actors[i] = (struct broker_actor){id_of(2, i), "actor", NULL};
	}
	f->relay = (struct broker_relay){.id = id_of(5, 0), .ipv4 = cp_addr_v4(192, 0, 2, 1, 3478), .rest_secret = "s"};
	f->world = (struct broker_world){.account_slug = choice & 8 ? "a" : "b", .sites = f->sites, .n_sites = 1 + (choice >> 3 & 1),
					 .actors = f->actors, .n_actors = 1 + (choice >> 5 & 1), .resources = f->resources,
					 .policies = f->policies, .n_policies = 1 + (choice >> 6), .relays = &f->relay,
					 .n_relays = choice >> 2 & 1, .dns = &f->dns, .n_dns = 1, .timing = broker_timing_default,
					 .quota = {.gateways_per_site = 3, .clients_per_actor = 3, .requests_per_client = 2,
						   .authorizations_per_client = 3, .relays = 2}};
	f->world.n_policies = f->world.n_policies > 2 ? 2 : f->world.n_policies;
	f->world.n_resources = f->world.n_sites + 1;
	for (unsigned int i = 0; i < f->world.n_resources; i++)
		write_resource(f, i, choice);
	write_policies(f, choice);
	return &f->world;
}

static struct conn *find_conn(struct history *h, uint64_t number)
{
	for (unsigned int i = 0; i < CONNS; i++)
		if (h->conns[i].number == number)
			return &h->conns[i];
	return NULL;
}

static bool same_grant(const struct broker_authorization *a, const struct broker_authorization *b)
{
	return memcmp(&a->client, &b->client, sizeof(a->client)) == 0 && memcmp(&a->resource, &b->resource, sizeof(a->resource)) == 0 &&
	       memcmp(&a->gateway, &b->gateway, sizeof(a->gateway)) == 0;
}

static struct broker_authorization *find_grant(struct history *h, const struct broker_authorization *a)
{
	for (size_t i = 0; i < h->n_grants; i++)
		if (same_grant(&h->grants[i], a))
			return &h->grants[i];
	return NULL;
}

static bool is_stored(const struct history *h, const struct portal_uuid *id, enum portal_role role)
{
	for (size_t i = 0; i < h->n_devices; i++)
		if (memcmp(&h->devices[i].id, id, sizeof(*id)) == 0)
			return h->devices[i].role == role;
	return false;
}

static void store_device(struct history *h, const struct broker_device *d)
{
	size_t at = h->n_devices;
	for (size_t i = 0; i < h->n_devices; i++)
		if (memcmp(&h->devices[i].id, &d->id, sizeof(d->id)) == 0)
			at = i;
		else
			assert(h->devices[i].index != d->index);
	assert(at < DEVICES); /* the quotas */
	if (at < h->n_devices)
		assert(h->devices[at].index == d->index && memcmp(h->devices[at].seed, d->seed, sizeof(d->seed)) == 0);
	h->n_devices += at == h->n_devices;
	h->devices[at] = *d;
}

static void store_grant(struct history *h, const struct broker_authorization *a)
{
	struct broker_authorization *known = find_grant(h, a);
	assert(is_stored(h, &a->client, PORTAL_CLIENT) && is_stored(h, &a->gateway, PORTAL_GATEWAY));
	assert(known || h->n_grants < GRANTS);
	*(known ? known : &h->grants[h->n_grants++]) = *a;
}

static void forget_grant(struct history *h, const struct broker_authorization *a)
{
	struct broker_authorization *known = find_grant(h, a);
	assert(known);
	*known = h->grants[--h->n_grants];
}

/* Some gateway has it: whose connection this is the broker knows best. */
static bool is_granted(const struct history *h, const struct portal_uuid *client, const struct portal_uuid *resource)
{
	for (size_t i = 0; i < h->n_grants; i++)
		if (memcmp(&h->grants[i].client, client, sizeof(*client)) == 0 &&
		    memcmp(&h->grants[i].resource, resource, sizeof(*resource)) == 0)
			return true;
	return false;
}

static void check_text(struct history *h, struct conn *c, const struct portal_text *t)
{
	struct portal_message m;
	struct portal_error e;
	assert(portal_read(&c->link, PORTAL_FROM_PORTAL, t->text, t->bytes, &m, &e) == 0);
	assert(m.n_ignored == 0 && m.n_skipped == 0);
	if (m.type == PORTAL_AUTHORIZE_FLOW) {
		assert(is_granted(h, &m.body.authorize_flow.client.id, &m.body.authorize_flow.resource.id));
		snprintf(c->ref, sizeof(c->ref), "%s", m.body.authorize_flow.ref);
	}
	if (m.type == PORTAL_FLOW_CREATED)
		assert(is_stored(h, &m.body.flow_created.gateway_id, PORTAL_GATEWAY));
	assert(m.type != PORTAL_DISCONNECT);
	portal_message_free(&m);
}

static void out(struct history *h, struct broker_out *o)
{
	struct conn *c = find_conn(h, o->conn);
	switch (o->kind) {
	case BROKER_OUT_TEXT:
		assert(c && !c->is_closed);
		check_text(h, c, &o->text);
		portal_text_free(&o->text);
		break;
	case BROKER_OUT_CLOSE:
		assert(c && !c->is_closed && o->why && o->close_code >= 1000);
		c->is_closed = true;
		break;
	case BROKER_OUT_STORE_DEVICE:
		store_device(h, &o->device);
		break;
	case BROKER_OUT_STORE_AUTHORIZATION:
		store_grant(h, &o->authorization);
		break;
	case BROKER_OUT_FORGET_AUTHORIZATION:
		forget_grant(h, &o->authorization);
		break;
	case BROKER_OUT_EVENT:
		assert(o->event && strlen(o->event_text) < BROKER_EVENT_TEXT);
		break;
	}
}

static void drain(struct history *h)
{
	struct broker_out o;
	unsigned int n = 0;
	while (broker_next(h->b, &o)) {
		out(h, &o);
		n++;
		assert(n < 100000);
	}
	for (unsigned int i = 0; i < CONNS; i++) /* the shell closes what it is told to */
		if (h->conns[i].number && h->conns[i].is_closed) {
			broker_lost(h->b, h->conns[i].number, h->now);
			h->conns[i].number = 0;
			drain(h);
		}
	assert(broker_summary(h->b).authorizations == h->n_grants);
}

static void tick(struct history *h, cp_time step)
{
	h->now += step;
	broker_tick(h->b, h->now);
	drain(h);
	assert(broker_deadline(h->b).at > h->now);
}

static void connect_peer(struct history *h)
{
	static const enum portal_role roles[] = {PORTAL_GATEWAY, PORTAL_CLIENT, PORTAL_RELAY, PORTAL_CLIENT};
	struct broker_request q = {.has_token = true, .version = "1.5.4"};
	struct broker_refusal refusal = {.status = 0};
	uint8_t what = take(&h->bytes), who = take(&h->bytes);
	struct conn *c = find_conn(h, 0);
	q.link.role = roles[what & 3];
	q.link.dialect = what & 4 && q.link.role != PORTAL_RELAY ? PORTAL_V2 : PORTAL_V1;
	q.is_ours = what & 8;
	snprintf(q.external_id, sizeof(q.external_id), "x%d", who & 3);
	snprintf(q.name, sizeof(q.name), "n%d", who & 7);
	q.public_key.bytes[0] = who;
	q.ipv4 = cp_addr_v4(192, 0, 2, who, 3478);
	const struct broker_principal p = {.token = 1 + (who >> 6), .role = q.link.role, .owner = id_of(q.link.role == PORTAL_GATEWAY ? 1 : 2, what >> 4 & 1),
					   .expires_at = what & 32 ? UNIX + 20 : PORTAL_NEVER};
	const struct cp_addr from = cp_addr_v4(what & 64 ? 10 : 192, 0, 2, 7, 5000);
	if (!c)
		return;
	*c = (struct conn){.number = ++h->last_number, .link = q.link};
	if (!broker_connect(h->b, c->number, &q, &p, &from, h->now, &refusal)) {
		assert(refusal.status >= 400 && refusal.code && refusal.text);
		c->number = 0;
	}
}

static struct conn *some_conn(struct history *h)
{
	struct conn *c = &h->conns[take(&h->bytes) % CONNS];
	return c->number ? c : &h->conns[0];
}

static void say(struct history *h, const struct conn *c, struct portal_message *m)
{
	struct portal_text t;
	m->has_ref = true;
	m->ref = h->now;
	if (portal_write(&c->link, PORTAL_FROM_PEER, m, &t) != 0)
		return; /* another role's */
	broker_text(h->b, c->number, t.text, t.bytes, h->now);
	portal_text_free(&t);
}

static void join(struct history *h, const struct conn *c)
{
	char secret[2] = {(char)('a' + take(&h->bytes) % 4), 0};
	say(h, c, &(struct portal_message){.type = PORTAL_JOIN, .body.join.stamp_secret = secret});
}

static struct portal_uuid some_device(struct history *h)
{
	uint8_t i = take(&h->bytes);
	return i < h->n_devices ? h->devices[i].id : id_of(9, i);
}

static void ask(struct history *h, const struct conn *c)
{
	struct portal_uuid preferred = some_device(h);
	say(h, c, &(struct portal_message){.type = PORTAL_CREATE_FLOW,
					   .body.create_flow = {id_of(3, take(&h->bytes) & 3), {&preferred, 1}}});
}

static void answer(struct history *h, struct conn *c)
{
	say(h, c, &(struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = c->ref});
}

static void signal_candidates(struct history *h, const struct conn *c)
{
	struct portal_uuid to = some_device(h);
	const char *candidate = "candidate:1 1 udp 2130706175 192.0.2.30 40112 typ host";
	struct portal_message m = {.type = take(&h->bytes) & 1 ? PORTAL_BROADCAST_CANDIDATES : PORTAL_BROADCAST_INVALIDATED_CANDIDATES,
				   .body.broadcast = {{&to, 1}, {&candidate, 1}}};
	say(h, c, &m);
}

static void say_anything(struct history *h, const struct conn *c)
{
	uint8_t n = take(&h->bytes);
	size_t bytes = n < h->bytes.left ? n : h->bytes.left;
	char *text = copy_of(h->bytes.at, bytes);
	h->bytes.at += bytes;
	h->bytes.left -= bytes;
	broker_text(h->b, c->number, text, bytes, h->now);
	free(text);
}

static void say_plain(struct history *h, const struct conn *c)
{
	static const enum portal_type types[] = {PORTAL_HEARTBEAT, PORTAL_NO_RELAYS, PORTAL_LEAVE, PORTAL_CAPABILITIES};
	struct portal_message m = {.type = types[take(&h->bytes) & 3]};
	m.on_phoenix = m.type == PORTAL_HEARTBEAT;
	say(h, c, &m);
}

static void operate(struct history *h)
{
	struct portal_uuid id = some_device(h), resource = id_of(3, 0);
	switch (take(&h->bytes) % 5) {
	case 0:
		broker_cordon(h->b, &id, h->now);
		break;
	case 1:
		broker_uncordon(h->b, &id, h->now);
		break;
	case 2:
		broker_drain(h->b, &id, h->now);
		break;
	case 3:
		broker_revoke(h->b, take(&h->bytes) & 1 ? &id : NULL, take(&h->bytes) & 1 ? &resource : NULL, h->now);
		break;
	default:
		broker_token_gone(h->b, take(&h->bytes) & 3, h->now);
	}
}

static void configure(struct history *h)
{
	struct file f;
	int err = broker_configure(h->b, write_file(&f, take(&h->bytes)), h->now);
	assert(err == 0);
}

static void lose(struct history *h, struct conn *c)
{
	broker_lost(h->b, c->number, h->now);
	c->number = 0;
}

static void step(struct history *h)
{
	struct conn *c = some_conn(h);
	switch (take(&h->bytes) % 14) {
	case 0:
	case 1:
		connect_peer(h);
		break;
	case 2:
	case 3:
		join(h, c);
		break;
	case 4:
	case 5:
		ask(h, c);
		break;
	case 6:
		answer(h, c);
		break;
	case 7:
		signal_candidates(h, c);
		break;
	case 8:
		say_plain(h, c);
		break;
	case 9:
		say_anything(h, c);
		break;
	case 10:
		lose(h, c);
		break;
	case 11:
		configure(h);
		break;
	case 12:
		operate(h);
		break;
	default:
		broker_clock(h->b, UNIX + take(&h->bytes) % 64, h->now);
		tick(h, take(&h->bytes) * CP_S / 16);
	}
	drain(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = {7};
	struct history *h = calloc(1, sizeof(*h));
	struct file f;
	assert(h);
	h->bytes = (struct bytes){data, size};
	h->now = CP_S;
	h->b = broker_create(write_file(&f, take(&h->bytes)), seed, UNIX, h->now);
	assert(h->b);
	while (h->bytes.left > 0)
		step(h);
	for (int i = 0; i < 4; i++)
		tick(h, 30 * CP_S);
	broker_free(h->b);
	free(h);
	return 0;
}
