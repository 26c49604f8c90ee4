/* SPDX-License-Identifier: Apache-2.0 */
/* Flows: who is asked for whom, for how long (portal §6.3 c 1–4, 6), and the answer (8). */
#include <stdlib.h>

#include "broker/internal.h"

/* Of the longest access: what ends later than what is stored by less than this part is not stored anew. */
#define WORTH_STORING 100

static void fail(struct broker *b, struct broker_conn *c, const struct portal_uuid *resource, const struct broker_verdict *v)
{
	static const struct {
		enum portal_failure reason;
		enum broker_counter counter;
	} of[] = {
		[BROKER_NOT_FOUND] = {PORTAL_FAILED_NOT_FOUND, BROKER_COUNT_FAILED_NOT_FOUND},
		[BROKER_FORBIDDEN] = {PORTAL_FAILED_FORBIDDEN, BROKER_COUNT_FAILED_FORBIDDEN},
		[BROKER_GRANTED] = {PORTAL_FAILED_OFFLINE, BROKER_COUNT_FAILED_OFFLINE}, /* but there is nobody */
	};
	broker_count_up(b, of[v->access].counter);
	broker_say_failed(b, c, resource, of[v->access].reason, v);
}

static void count_request(struct broker *b)
{
	uint64_t second = b->now / CP_S;
	const uint64_t n = sizeof(b->per_second) / sizeof(b->per_second[0]);
	broker_count_up(b, BROKER_COUNT_REQUESTS);
	for (; b->second < second; b->second++) {
		if (second - b->second > n)
			b->second = second - n;
		b->per_second[(b->second + 1) % n] = 0;
	}
	b->per_second[second % n]++;
}

int64_t broker_latest_end(const struct broker *b, const struct broker_node *client)
{
	int64_t latest = broker_unix_now(b) + b->timing.authorization_seconds;
	int64_t session = client->conn ? client->conn->expires_at : PORTAL_NEVER;
	return session < latest ? session : latest;
}

static bool is_last(const struct broker_use *u, const struct broker_auth *a)
{
	const struct broker_auth *o;
	broker_each(o, struct broker_auth, of_use, &u->auths)
		if (o->turn > a->turn)
			return false;
	return true;
}

/* What it is granted from now on. The newest prevails, be it earlier; what is hardly later is left as it is, unless the
 * client went through another gateway in between, which a restart must not forget. */
static bool grant(struct broker *b, struct broker_use *u, struct broker_auth *a, int64_t expires_at)
{
	int64_t later_by = expires_at - a->expires_at;
	bool same = a->expires_at != 0 && later_by >= 0 && later_by <= b->timing.authorization_seconds / WORTH_STORING;
	if (same && is_last(u, a))
		return true;
	if (!same)
		broker_auth_until(b, a, expires_at);
	a->turn = ++b->n_turns;
	return broker_store_authorization(b, a);
}

static struct broker_auth *authorize(struct broker *b, struct broker_use *u, struct broker_node *gateway, int64_t policy_ends_at)
{
	struct broker_auth *a = broker_auth_find(u, gateway);
	int64_t latest = broker_latest_end(b, u->client);
	if (!a && u->client->n_auths >= b->quota.authorizations_per_client) {
		broker_count_up(b, BROKER_COUNT_QUOTA);
		return NULL;
	}
	a = a ? a : broker_auth_create(b, u, gateway);
	if (a && grant(b, u, a, policy_ends_at < latest ? policy_ends_at : latest))
		return a;
	if (a && !a->is_confirmed)
		broker_auth_free(b, a); /* was not stored */
	return NULL;
}

static bool ask(struct broker *b, struct broker_conn *c, struct broker_use *u, const struct broker_resource *r,
		const struct broker_verdict *v, const struct portal_uuids *connected)
{
	struct broker_node *gateway = broker_choose(b, u, r, connected);
	struct broker_ask *q = gateway ? broker_ask_create(b, u, c->number) : NULL;
	struct broker_auth *a = q ? authorize(b, u, gateway, v->expires_at) : NULL;
	if (!a) {
		broker_ask_free(b, q);
		return false;
	}
	broker_ask_send(b, q, a);
	broker_use_goes_through(b, u, a);
	return true;
}

void broker_create_flow(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	const struct portal_create_flow *f = &m->body.create_flow;
	struct broker_node *client = c->node;
	const struct broker_verdict v = broker_access(b->facts, &client->device.owner, &f->resource_id, &c->from, broker_unix_now(b));
	const struct broker_resource *r = broker_facts_resource(b->facts, &f->resource_id);
	count_request(b);
	if (v.access != BROKER_GRANTED) {
		fail(b, c, &f->resource_id, &v);
		return;
	}
	if (client->n_requests >= b->quota.requests_per_client) {
		broker_count_up(b, BROKER_COUNT_QUOTA);
		fail(b, c, &f->resource_id, &v);
		return;
	}
	struct broker_use *u = broker_use_get(b, client, &f->resource_id);
	if (!u || !ask(b, c, u, r, &v, &f->connected_gateways))
		fail(b, c, &f->resource_id, &v);
	if (u)
		broker_use_settle(b, u);
}

/* §6.3 c 8. Only whom it was asked may answer. */
void broker_flow_authorized(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	struct broker_ask *q = broker_ask_find(b, m->body.flow_authorized.ref);
	if (!q || q->auth->link->gateway != c->node) {
		broker_count_up(b, BROKER_COUNT_INVALID_REF);
		broker_reply(b, c, m, "invalid_ref");
		return;
	}
	broker_reply(b, c, m, NULL);
	if (c->node->silent_until != 0)
		broker_gateway_silent(b, c->node, false);
	broker_ask_answered(b, q);
}
