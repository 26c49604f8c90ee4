/* SPDX-License-Identifier: Apache-2.0 */
/* Who is there: joining (portal §2.3, §6.3 a, b), leaving (§2.10), and what a second connection means. */
#include "broker/internal.h"

#include <string.h>

static void count_join(struct broker *b, struct broker_conn *c)
{
	const struct broker_node *n = c->node;
	char id[PORTAL_UUID_TEXT];
	bool gateway = c->link.role == PORTAL_GATEWAY;
	broker_count_up(b, gateway ? BROKER_COUNT_JOINS_GATEWAY : BROKER_COUNT_JOINS_CLIENT);
	portal_uuid_format(&n->device.id, id);
	broker_event(b, gateway ? BROKER_INFO : BROKER_DEBUG, gateway ? "gateway_joined" : "client_joined", "id=%s conn=%llu version=%s dialect=%d ours=%d", id,
		     (unsigned long long)c->number, c->version, (int)c->link.dialect, c->is_ours);
}

/* Identities change before anything is said that relies on them. */
static bool take_over(struct broker *b, struct broker_conn *c)
{
	struct broker_node *n = c->node;
	if (!broker_node_rename(b, n, c->name, &c->public_key) || (!n->is_listed && !broker_node_list(b, n)))
		return false;
	n->device.seen_at = broker_unix_now(b);
	n->was_ours = c->is_ours;
	return broker_store_device(b, n);
}

/* No `disconnect`: its only reason ends the peer's process (§2.7). */
static void displace(struct broker *b, struct broker_conn *old)
{
	old->has_joined = false;
	old->node->conn = NULL;
	broker_relays_leave(b->relays, &old->relays);
	broker_count_up(b, BROKER_COUNT_DISPLACED);
	broker_conn_close(b, old, 1000, "displaced");
}

/* Half of it may be done, so that whoever is there must come again. */
static void fail(struct broker *b, struct broker_conn *c)
{
	if (c->node->conn)
		broker_conn_break(b, c->node->conn);
	broker_conn_break(b, c);
}

static void client_joined(struct broker *b, struct broker_node *n, bool was_online)
{
	broker_client_begins_anew(n);
	if (!was_online)
		broker_client_joined(b, n);
	broker_client_judged(b, n);
}

static void join_peer(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	struct broker_node *n = c->node;
	bool is_new_key = memcmp(&n->device.public_key, &c->public_key, sizeof(c->public_key)) != 0;
	bool was_online = n->conn != NULL;
	if (!take_over(b, c)) {
		fail(b, c);
		return;
	}
	if (is_new_key)
		broker_keys_changed(b, n);
	if (n->conn && n->conn != c)
		displace(b, n->conn);
	broker_reply(b, c, m, NULL);
	c->has_joined = true;
	n->conn = c;
	b->n_online[n->device.role == PORTAL_CLIENT] += !was_online;
	broker_say_init(b, c);
	count_join(b, c);
	if (n->device.role == PORTAL_GATEWAY)
		broker_gateway_joined(b, n, is_new_key);
	else
		client_joined(b, n, was_online);
}

/* Joined a second time: the channel closes, and the join is dealt with (§2.3). */
void broker_join(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	if (c->has_joined)
		broker_say(b, c, &(struct portal_message){.type = PORTAL_CLOSE});
	if (c->link.role == PORTAL_RELAY)
		broker_relay_join(b, c, m);
	else
		join_peer(b, c, m);
}

void broker_part(struct broker *b, struct broker_conn *c, bool left)
{
	struct broker_node *n = c->node;
	char id[PORTAL_UUID_TEXT];
	bool gateway = n->device.role == PORTAL_GATEWAY;
	c->has_joined = false;
	n->conn = NULL;
	b->n_online[!gateway]--;
	broker_relays_leave(b->relays, &c->relays);
	n->device.seen_at = broker_unix_now(b);
	broker_store_device(b, n);
	portal_uuid_format(&n->device.id, id);
	broker_event(b, gateway ? BROKER_INFO : BROKER_DEBUG, gateway ? (left ? "gateway_left" : "gateway_lost") : (left ? "client_left" : "client_lost"),
		     "id=%s conn=%llu", id, (unsigned long long)c->number);
	if (gateway)
		broker_gateway_parted(b, n, left);
	else
		broker_client_parted(b, n);
}

void broker_leave(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	broker_reply(b, c, m, NULL);
	if (!c->has_joined)
		return;
	broker_say(b, c, &(struct portal_message){.type = PORTAL_CLOSE});
	broker_count_up(b, BROKER_COUNT_LEFT);
	c->began = b->now;
	if (c->link.role == PORTAL_RELAY)
		broker_relay_parted(b, c);
	else
		broker_part(b, c, true);
}
