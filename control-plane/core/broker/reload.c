/* SPDX-License-Identifier: Apache-2.0 */
/* A new file, or the end of a policy: who must hear what (changes.h), one peer at a time. */
#include <errno.h>
#include <stdlib.h>

#include "broker/internal.h"

static void forget_told(struct broker *b)
{
	for (size_t i = 0; b->reload.told && i < broker_facts_world(b->facts)->n_resources; i++) {
		portal_text_free(&b->reload.told[i][0]);
		portal_text_free(&b->reload.told[i][1]);
	}
	free(b->reload.told);
}

void broker_reload_end(struct broker *b)
{
	forget_told(b);
	broker_changes_free(b->reload.changes);
	broker_facts_free(b->reload.before);
	b->reload = (struct broker_reload){.changes = NULL};
}

static void begin(struct broker *b, struct broker_changes *changes, struct broker_facts *before)
{
	b->reload = (struct broker_reload){.changes = changes, .before = before, .auths_left = b->n_auths};
	b->judged_at = broker_unix_now(b);
	b->access_changes_at = broker_access_changes_at(b->facts, b->judged_at);
}

static void tell_gateway(struct broker *b, struct broker_node *g)
{
	if (!g->conn)
		return;
	const struct broker_gateway_change ch = broker_changes_gateway(b->reload.changes, &g->device.owner);
	struct portal_message m = {.type = PORTAL_RESOURCE_UPDATED};
	if (ch.must_close) {
		broker_conn_close(b, g->conn, 1001, "site_gone");
		return;
	}
	if (ch.must_init)
		broker_say_init(b, g->conn);
	for (size_t i = 0; i < ch.n_updated; i++) {
		m.body.resource = ch.updated[i]->view;
		broker_say(b, g->conn, &m);
	}
}

static void say_deleted(struct broker *b, const struct broker_node *client, const struct portal_uuid *resource)
{
	const struct portal_message m = {.type = PORTAL_RESOURCE_DELETED, .body.resource_deleted = {*resource}};
	struct broker_use *u = broker_use_find(b, &client->device.id, resource);
	if (u)
		broker_use_let_go(b, u);
	broker_say(b, client->conn, &m);
}

/* Where what is told of the resource is kept; NULL: memory is short. */
static struct portal_text *place_of(struct broker *b, const struct broker_resource *r, enum portal_dialect dialect)
{
	const struct broker_world *w = broker_facts_world(b->facts);
	if (!b->reload.told)
		b->reload.told = calloc(w->n_resources, sizeof(*b->reload.told));
	return b->reload.told ? &b->reload.told[r - w->resources][dialect == PORTAL_V2] : NULL;
}

/* Written once for all: many hear of many, and to write it takes longer than all else. */
static void say_upserted(struct broker *b, const struct broker_node *client, const struct broker_resource *r)
{
	const struct portal_message m = {.type = PORTAL_RESOURCE_UPSERTED, .body.resource = r->view};
	const struct portal_link *link = &client->conn->link;
	struct portal_text *t = place_of(b, r, link->dialect);
	if (t && !t->text && portal_write(link, PORTAL_FROM_PORTAL, &m, t) != 0)
		*t = (struct portal_text){.text = NULL};
	if (t && t->text)
		broker_say_text(b, client->conn, t);
	else
		broker_say(b, client->conn, &m);
}

static void tell_resources(struct broker *b, const struct broker_node *client, const struct broker_client_change *ch)
{
	for (size_t i = 0; i < ch->n_deleted; i++)
		say_deleted(b, client, ch->deleted[i]);
	for (size_t i = 0; i < ch->n_upserted; i++)
		say_upserted(b, client, ch->upserted[i]);
}

static void tell_client(struct broker *b, struct broker_node *n)
{
	if (!n->conn)
		return;
	const struct broker_client_change ch = broker_changes_client(b->reload.changes, &n->device.owner, &n->conn->from);
	if (ch.must_close) {
		broker_conn_close(b, n->conn, 1001, "actor_gone");
		return;
	}
	if (ch.must_configure)
		broker_say_config(b, n->conn);
	tell_resources(b, n, &ch);
}

static void say_expiry(struct broker *b, const struct broker_auth *a)
{
	const struct portal_message m = {.type = PORTAL_EXPIRY_UPDATED,
					 .body.authorization = {a->use->key.client, a->use->key.resource, a->expires_at}};
	if (a->link->gateway->conn)
		broker_say(b, a->link->gateway->conn, &m);
}

/* An absent gateway learns of it by its init. */
static bool heeds_expiry(const struct broker_node *gateway)
{
	return !gateway->conn || gateway->conn->link.dialect == PORTAL_V1;
}

static void ends_at(struct broker *b, struct broker_auth *a, int64_t expires_at)
{
	broker_auth_until(b, a, expires_at);
	broker_store_authorization(b, a);
	say_expiry(b, a);
}

static void take_back(struct broker *b, struct broker_auth *a)
{
	broker_count_up(b, BROKER_COUNT_REVOKED);
	broker_asks_failed(b, a->use);
	broker_auth_reject(b, a);
}

static void judge(struct broker *b, struct broker_auth *a)
{
	const struct broker_node *client = a->use->client, *g = a->link->gateway;
	const struct broker_authorization record = broker_auth_record(a);
	int64_t expires_at;
	switch (broker_changes_authorization(b->reload.changes, &record, &client->device.owner, client->conn ? &client->conn->from : NULL,
					     &g->device.owner, heeds_expiry(g), broker_latest_end(b, client), &expires_at)) {
	case BROKER_KEEP:
		break;
	case BROKER_EXPIRE:
		ends_at(b, a, expires_at);
		break;
	case BROKER_REJECT:
		take_back(b, a);
		break;
	}
}

/* From the end, for the last one takes the place of one that goes; some went since this began. */
static bool judge_next(struct broker *b)
{
	struct broker_reload *r = &b->reload;
	if (r->auths_left > b->n_auths)
		r->auths_left = b->n_auths;
	if (r->auths_left == 0)
		return false;
	judge(b, b->auths[--r->auths_left]);
	return true;
}

static void judge_from_here(struct broker *b, struct broker_auth *a, const struct broker_verdict *v)
{
	if (v->access == BROKER_GRANTED && v->expires_at >= a->expires_at)
		return;
	if (v->access == BROKER_GRANTED && heeds_expiry(a->link->gateway))
		ends_at(b, a, v->expires_at);
	else
		take_back(b, a);
}

/* The last one to go takes its use with it. */
static void judge_use(struct broker *b, struct broker_use *u, const struct cp_addr *from)
{
	const struct broker_verdict v = broker_access(b->facts, &u->client->device.owner, &u->key.resource, from, broker_unix_now(b));
	struct broker_list *i = u->auths.next, *end = &u->auths;
	while (i != end) {
		struct broker_auth *a = broker_of(i, struct broker_auth, of_use);
		i = i->next;
		judge_from_here(b, a, &v);
	}
}

void broker_client_judged(struct broker *b, struct broker_node *client)
{
	struct broker_use *u;
	broker_each(u, struct broker_use, of_client, &client->uses)
		judge_use(b, u, &client->conn->from);
}

bool broker_reload_step(struct broker *b)
{
	struct broker_reload *r = &b->reload;
	if (!r->changes)
		return false;
	if (r->next_gateway < b->n_gateways)
		tell_gateway(b, b->gateways[r->next_gateway++]);
	else if (r->next_client < b->n_clients)
		tell_client(b, b->clients[r->next_client++]);
	else if (!judge_next(b)) {
		broker_reload_end(b);
		broker_move_on(b);
	}
	return true;
}

static void finish(struct broker *b)
{
	while (broker_reload_step(b))
		;
}

void broker_access_changes(struct broker *b)
{
	const struct broker_moment before = {b->facts, b->judged_at}, after = {b->facts, broker_unix_now(b)};
	finish(b);
	struct broker_changes *changes = broker_changes_create(&before, &after);
	if (changes)
		begin(b, changes, NULL);
	else
		b->access_changes_at = broker_unix_now(b) + 1; /* memory is short: again in a second */
}

static int adopt(struct broker *b, struct broker_facts *facts)
{
	const struct broker_world *w = broker_facts_world(facts);
	const struct broker_moment before = {b->facts, b->judged_at}, after = {facts, broker_unix_now(b)};
	struct broker_changes *changes = broker_changes_create(&before, &after);
	if (!changes || !broker_room_for(b, w->n_resources) || broker_relays_configure(b->relays, facts, b->now) != 0) {
		broker_changes_free(changes);
		return -ENOMEM;
	}
	struct broker_facts *old = b->facts;
	broker_lists_forget(&b->lists);
	b->facts = facts;
	b->timing = w->timing;
	b->quota = w->quota;
	rescue_configure(b->rescue, &b->timing);
	begin(b, changes, old);
	return 0;
}

int broker_configure(struct broker *b, const struct broker_world *world, cp_time now)
{
	broker_at(b, now);
	finish(b);
	struct broker_facts *facts = broker_facts_create(world);
	int err = facts ? adopt(b, facts) : -ENOMEM;
	if (err)
		broker_facts_free(facts);
	return err;
}
