/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t all_actors[] = {ALICE, BOB}, bob_only[] = {BOB}, alice_only[] = {ALICE};
static const uint32_t web_only[] = {WEB}, db_only[] = {DB}, db_and_all[] = {DB, ALL};
static const struct portal_network ten[] = {{.addr = {.family = CP_V4, .ip = {10}}, .prefix_bits = 8}};

static struct portal_uuid id_of(uint8_t kind, unsigned int i)
{
	return (struct portal_uuid){{kind, [6] = 0x40, [8] = 0x80, [15] = (uint8_t)(i + 1)}};
}

static void world_resources(struct rig *r)
{
	struct portal_resource *db = &r->resources[DB].view, *web = &r->resources[WEB].view, *all = &r->resources[ALL].view;
	for (unsigned int i = 0; i < N_RESOURCES; i++)
		r->resources[i].view = (struct portal_resource){.id = id_of(0xd0, i), .has_filters = true};
	db->type = PORTAL_RESOURCE_CIDR;
	db->name = "db";
	db->network = (struct portal_network){.addr = {.family = CP_V4, .ip = {10, 20}}, .prefix_bits = 16};
	db->sites = (struct portal_sites){&r->sites[WEST], 1};
	web->type = PORTAL_RESOURCE_DNS;
	web->name = "web";
	web->pattern = "web.example";
	web->sites = (struct portal_sites){r->sites, 2};
	all->type = PORTAL_RESOURCE_INTERNET;
	all->name = "all";
	all->sites = (struct portal_sites){&r->sites[EAST], 1};
}

void rig_world(struct rig *r)
{
	*r = (struct rig){.now = 1000 * CP_S, .next_conn = 1, .next_key = 1};
	for (unsigned int i = 0; i < N_SITES; i++)
		r->sites[i] = (struct portal_site){id_of(0xc0, i), i == WEST ? "west" : "east"};
	for (unsigned int i = 0; i < N_ACTORS; i++)
		r->actors[i] = (struct broker_actor){.id = id_of(0xa0, i), .name = i == ALICE ? "alice \"a\"" : "bob"};
	world_resources(r);
	r->policies[0] = (struct broker_policy){.id = id_of(0xe0, 0), .actors = all_actors, .n_actors = 2, .resources = web_only,
						.n_resources = 1, .expires_at = PORTAL_NEVER};
	r->policies[1] = (struct broker_policy){.id = id_of(0xe0, 1), .actors = alice_only, .n_actors = 1, .resources = db_and_all,
						.n_resources = 2, .expires_at = PORTAL_NEVER};
	r->policies[2] = (struct broker_policy){.id = id_of(0xe0, 2), .actors = bob_only, .n_actors = 1, .resources = db_only,
						.n_resources = 1, .networks = ten, .n_networks = 1, .expires_at = PORTAL_NEVER};
	r->relays[0] = (struct broker_relay){.id = id_of(0xf0, 0), .ipv4 = cp_addr_v4(198, 51, 100, 10, 3478), .username = "u",
					     .password = "p"};
	r->dns[0] = cp_addr_v4(9, 9, 9, 9, 53);
	r->world = (struct broker_world){.account_slug = "acme", .sites = r->sites, .n_sites = N_SITES, .actors = r->actors,
					 .n_actors = N_ACTORS, .resources = r->resources, .n_resources = N_RESOURCES,
					 .policies = r->policies, .n_policies = 3, .relays = r->relays, .n_relays = 1, .dns = r->dns,
					 .n_dns = 1, .search_domain = "acme.example", .timing = broker_timing_default,
					 .quota = broker_quota_default};
}

void rig_start(struct rig *r)
{
	static const uint8_t seed[32] = {1, 2, 3};
	r->b = broker_create(&r->world, seed, RIG_UNIX, r->now);
	assert_non_null(r->b);
}

void rig_open(struct rig *r)
{
	rig_world(r);
	rig_start(r);
}

void rig_forget(struct rig *r)
{
	for (size_t i = 0; i < r->n_outs; i++)
		free(r->outs[i].text);
	r->n_outs = 0;
}

void rig_close(struct rig *r)
{
	rig_forget(r);
	broker_free(r->b);
	r->b = NULL;
}

void rig_drain(struct rig *r)
{
	struct broker_out out;
	while (broker_next(r->b, &out)) {
		assert_true(r->n_outs < RIG_OUTS);
		r->outs[r->n_outs++] = (struct rig_out){.kind = out.kind, .conn = out.conn, .close_code = out.close_code, .why = out.why,
							.event = out.event, .authorization = out.authorization, .device = out.device,
							.text = out.text.text ? strdup(out.text.text) : NULL};
		portal_text_free(&out.text);
	}
	assert_true(broker_deadline(r->b).at > r->now || broker_deadline(r->b).at == r->now);
}

void rig_run(struct rig *r, cp_time by)
{
	cp_time until = r->now + by;
	for (struct broker_deadline d; d = broker_deadline(r->b), d.at <= until;) {
		r->now = d.at > r->now ? d.at : r->now;
		broker_tick(r->b, r->now);
		rig_drain(r);
		assert_true(broker_deadline(r->b).at > r->now);
	}
	r->now = until;
}

struct portal_key rig_key(uint32_t number)
{
	struct portal_key k = {{0x77}};
	memcpy(k.bytes + 1, &number, sizeof(number));
	return k;
}

struct broker_request rig_request(const struct rig_peer *p, uint32_t key)
{
	struct broker_request q = {.link = {p->role, p->dialect ? p->dialect : PORTAL_V1}, .public_key = rig_key(key), .is_ours = p->is_ours};
	snprintf(q.external_id, sizeof(q.external_id), "%s", p->external_id);
	snprintf(q.name, sizeof(q.name), "name of %s", p->external_id);
	snprintf(q.version, sizeof(q.version), "1.4.17");
	if (p->role == PORTAL_RELAY)
		q.ipv4 = cp_addr_v4(203, 0, 113, (uint8_t)(p->external_id[0]), 3478);
	return q;
}

struct broker_principal rig_principal(const struct rig *r, const struct rig_peer *p)
{
	struct broker_principal who = {.token = p->token ? p->token : 1, .role = p->role,
				       .expires_at = p->token_expires_at ? p->token_expires_at : PORTAL_NEVER};
	if (p->role == PORTAL_GATEWAY)
		who.owner = r->sites[p->owner].id;
	else if (p->role == PORTAL_CLIENT)
		who.owner = r->actors[p->owner].id;
	return who;
}

uint64_t rig_connect(struct rig *r, const struct rig_peer *p, unsigned int *ret_status)
{
	const struct broker_request q = rig_request(p, p->key ? p->key : r->next_key++);
	const struct broker_principal who = rig_principal(r, p);
	const struct cp_addr from = p->from.family ? p->from : cp_addr_v4(192, 0, 2, 1, 4000);
	struct broker_refusal refusal;
	uint64_t conn = r->next_conn++;
	assert_true(conn < 256);
	r->links[conn] = q.link;
	bool good = broker_connect(r->b, conn, &q, &who, &from, r->now, &refusal);
	if (!good && ret_status)
		*ret_status = refusal.status;
	rig_drain(r);
	return good ? conn : 0;
}

uint64_t rig_join(struct rig *r, const struct rig_peer *p)
{
	uint64_t conn = rig_connect(r, p, NULL);
	assert_true(conn != 0);
	rig_says(r, conn, "phx_join", p->role == PORTAL_RELAY ? "{\"stamp_secret\":\"5c1d0f6e\"}" : "null");
	for (size_t i = 0; i < r->n_outs; i++)
		if (r->outs[i].kind == BROKER_OUT_STORE_DEVICE)
			r->ids[conn] = r->outs[i].device.id;
	rig_forget(r);
	return conn;
}

uint64_t rig_gateway(struct rig *r, unsigned int site, const char *external_id)
{
	return rig_join(r, &(struct rig_peer){.role = PORTAL_GATEWAY, .owner = site, .external_id = external_id});
}

uint64_t rig_client(struct rig *r, unsigned int actor, const char *external_id)
{
	return rig_join(r, &(struct rig_peer){.role = PORTAL_CLIENT, .owner = actor, .external_id = external_id});
}

void rig_text(struct rig *r, uint64_t conn, const char *text)
{
	broker_text(r->b, conn, text, strlen(text), r->now);
	rig_drain(r);
}

void rig_says(struct rig *r, uint64_t conn, const char *event, const char *payload)
{
	char text[1000];
	bool phoenix = strcmp(event, "heartbeat") == 0;
	snprintf(text, sizeof(text), "{\"topic\":\"%s\",\"event\":\"%s\",\"payload\":%s,\"ref\":7}",
		 phoenix ? "phoenix" : portal_topic(r->links[conn].role), event, payload);
	rig_text(r, conn, text);
}

void rig_message(struct rig *r, uint64_t conn, const struct portal_message *m)
{
	struct portal_message numbered = *m;
	struct portal_text t;
	numbered.has_ref = true;
	numbered.ref = 7;
	assert_int_equal(portal_write(&r->links[conn], PORTAL_FROM_PEER, &numbered, &t), 0);
	broker_text(r->b, conn, t.text, t.bytes, r->now);
	portal_text_free(&t);
	rig_drain(r);
}

void rig_lost(struct rig *r, uint64_t conn)
{
	broker_lost(r->b, conn, r->now);
	rig_drain(r);
}

void rig_asks(struct rig *r, uint64_t client, unsigned int resource, const uint64_t *connected, size_t n_connected)
{
	struct portal_uuid ids[16];
	for (size_t i = 0; i < n_connected; i++)
		ids[i] = r->ids[connected[i]];
	rig_message(r, client, &(struct portal_message){.type = PORTAL_CREATE_FLOW,
							.body.create_flow = {r->resources[resource].view.id, {ids, n_connected}}});
}

long rig_find(const struct rig *r, enum broker_out_kind kind, uint64_t conn)
{
	for (size_t i = 0; i < r->n_outs; i++)
		if (r->outs[i].kind == kind && !r->outs[i].is_taken && (!conn || r->outs[i].conn == conn))
			return (long)i;
	return -1;
}

char *rig_raw(struct rig *r, uint64_t conn)
{
	long i = rig_find(r, BROKER_OUT_TEXT, conn);
	if (i < 0)
		return NULL;
	r->outs[i].is_taken = true;
	return strdup(r->outs[i].text);
}

struct portal_message rig_hears(struct rig *r, uint64_t conn, enum portal_type type)
{
	struct portal_message m;
	struct portal_error e;
	char *text = rig_raw(r, conn);
	if (!text) {
		fail_msg("connection %llu hears nothing, but should %s", (unsigned long long)conn,
			 portal_event_name(&r->links[conn], PORTAL_FROM_PORTAL, type));
		abort(); /* fail_msg() does not come back */
	}
	if (portal_read(&r->links[conn], PORTAL_FROM_PORTAL, text, strlen(text), &m, &e) != 0)
		fail_msg("%s: %s: %s %s", text, e.event, e.where, e.what);
	if (m.type != type)
		fail_msg("hears %s", text);
	free(text);
	return m;
}

void rig_heard(struct rig *r, uint64_t conn, enum portal_type type)
{
	struct portal_message m = rig_hears(r, conn, type);
	portal_message_free(&m);
}

void rig_silent(struct rig *r, uint64_t conn)
{
	long i = rig_find(r, BROKER_OUT_TEXT, conn);
	if (i >= 0)
		fail_msg("hears %s", r->outs[i].text);
}

/* More requests may lie before the reply. */
static bool takes_last(struct rig *r, uint64_t conn, const char *holds)
{
	for (size_t i = r->n_outs; i-- > 0;)
		if (r->outs[i].kind == BROKER_OUT_TEXT && r->outs[i].conn == conn && !r->outs[i].is_taken) {
			r->outs[i].is_taken = true;
			return strstr(r->outs[i].text, holds) != NULL;
		}
	return false;
}

void rig_answers(struct rig *r, uint64_t gateway)
{
	struct portal_message asked = rig_hears(r, gateway, PORTAL_AUTHORIZE_FLOW);
	rig_message(r, gateway, &(struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = asked.body.authorize_flow.ref});
	portal_message_free(&asked);
	assert_true(takes_last(r, gateway, "\"status\":\"ok\""));
}

struct portal_flow_created rig_flow(struct rig *r, uint64_t client, uint64_t gateway, unsigned int resource)
{
	rig_asks(r, client, resource, NULL, 0);
	rig_answers(r, gateway);
	struct portal_message m = rig_hears(r, client, PORTAL_FLOW_CREATED);
	struct portal_flow_created created = m.body.flow_created;
	created.client_ice = created.gateway_ice = (struct portal_ice){.username = NULL};
	created.ingest_token = NULL;
	portal_message_free(&m);
	return created;
}

uint64_t rig_count(const struct rig *r, enum broker_counter c)
{
	return broker_count(r->b, c);
}

bool rig_is(const struct portal_uuid *a, const struct portal_uuid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
