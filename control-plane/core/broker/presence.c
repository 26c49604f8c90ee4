/* SPDX-License-Identifier: Apache-2.0 */
/* Relays that come and go, and peers that hear of it (portal §5.5, §5.6, §5.7). */
#include <errno.h>

#include "broker/internal.h"

static void say_presence(struct broker *b, struct broker_conn *c, const struct broker_relay_list *list)
{
	const struct portal_message m = {.type = PORTAL_RELAYS_PRESENCE,
					 .body.relays_presence = {{list->disconnected, list->n_disconnected}, {list->relays, list->n}}};
	broker_say(b, c, &m);
}

/* What a gateway was asked meanwhile it has dropped (§5.5): it is asked again. */
void broker_no_relays(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	struct broker_relay_user who;
	struct broker_relay_list list;
	(void)m;
	broker_count_up(b, BROKER_COUNT_NO_RELAYS);
	broker_relay_user(c, &who);
	broker_relays_all(b->relays, &who, &c->relays, &list);
	say_presence(b, c, &list);
	broker_relay_list_wipe(&list);
	if (c->link.role == PORTAL_GATEWAY)
		broker_gateway_repeat(b, c->node);
}

void broker_relay_join(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	if (c->has_joined)
		broker_relay_parted(b, c);
	int err = broker_relays_join(b->relays, c->number, m->body.join.stamp_secret, &c->ipv4, &c->ipv6, b->now);
	if (err == -ENOMEM) {
		broker_conn_break(b, c);
		return;
	}
	if (err) {
		broker_count_up(b, BROKER_COUNT_QUOTA);
		broker_reply(b, c, m, err == -ENOSPC ? "limits_exceeded" : "invalid_address");
		return;
	}
	c->has_joined = true;
	b->n_relays++;
	broker_count_up(b, BROKER_COUNT_JOINS_RELAY);
	broker_event(b, BROKER_INFO, "relay_joined", "conn=%llu", (unsigned long long)c->number);
	broker_reply(b, c, m, NULL);
	broker_say(b, c, &(struct portal_message){.type = PORTAL_RELAY_INIT});
}

void broker_relay_parted(struct broker *b, struct broker_conn *c)
{
	c->has_joined = false;
	b->n_relays--;
	broker_relays_lost(b->relays, c->number, b->now);
	broker_event(b, BROKER_INFO, "relay_lost", "conn=%llu", (unsigned long long)c->number);
}

static void look_after(struct broker *b, struct broker_conn *c)
{
	struct broker_relay_user who;
	struct broker_relay_list list;
	broker_relay_user(c, &who);
	if (broker_relays_presence(b->relays, &who, &c->relays, &list))
		say_presence(b, c, &list);
	broker_relay_list_wipe(&list);
}

/* One peer at a time, so that not all of what is said lies in memory at once. */
bool broker_presence_step(struct broker *b)
{
	if (!b->presence && broker_relays_pending(b->relays))
		b->presence = b->all_conns.next;
	if (!b->presence || b->presence == &b->all_conns) {
		b->presence = NULL;
		return false;
	}
	struct broker_conn *c = broker_of(b->presence, struct broker_conn, all);
	b->presence = b->presence->next;
	if (c->has_joined && c->node)
		look_after(b, c);
	return true;
}
