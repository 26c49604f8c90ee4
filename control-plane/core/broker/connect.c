/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets: whom they are for, how long they may be silent, and what follows from their end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "broker/internal.h"

static const struct broker_refusal bad_token = {401, "invalid_token", "the token is not valid here", 0};
static const struct broker_refusal taken_key = {400, "invalid_connect_params", "public_key is used by another device", 0};
static const struct broker_refusal full = {503, "limits_exceeded", "no more devices may register here", 60};
static const struct broker_refusal short_of_memory = {503, "unavailable", "the portal is short of memory", 5};

struct broker_conn *broker_conn_find(const struct broker *b, uint64_t number)
{
	struct cp_map_entry *e = cp_map_find(&b->conns, &number, sizeof(number));
	return e ? broker_of(e, struct broker_conn, by_number) : NULL;
}

static bool may_come(const struct broker *b, const struct broker_request *r, const struct broker_principal *who)
{
	if (r->link.role != who->role || who->expires_at <= broker_unix_now(b))
		return false;
	if (who->role == PORTAL_RELAY)
		return true;
	return who->role == PORTAL_GATEWAY ? broker_facts_site(b->facts, &who->owner) != NULL
					   : broker_facts_actor(b->facts, &who->owner) != NULL;
}

/* The device, be it new. */
static const struct broker_refusal *identify(struct broker *b, const struct broker_request *r, const struct broker_principal *who,
					     struct broker_node **ret)
{
	if (who->role == PORTAL_RELAY)
		return NULL;
	struct broker_node *n = broker_node_known(b, who->role, &who->owner, r->external_id);
	if (!broker_node_may_have(b, n, &r->public_key))
		return &taken_key;
	const struct broker_device d = {.role = who->role, .owner = who->owner, .external_id = r->external_id, .name = r->name,
					.public_key = r->public_key};
	int err = n ? 0 : broker_node_register(b, &d, &n);
	if (err == -ENOSPC)
		broker_count_up(b, BROKER_COUNT_QUOTA);
	if (err)
		return err == -ENOSPC ? &full : err == -EEXIST ? &taken_key : &short_of_memory;
	n->n_conns++;
	*ret = n;
	return NULL;
}

bool broker_knows(const struct broker *b, const struct broker_request *request, const struct broker_principal *who)
{
	return who->role == PORTAL_RELAY || broker_node_known(b, who->role, &who->owner, request->external_id);
}

static bool take_in(struct broker *b, struct broker_conn *c)
{
	uint32_t n = b->conns.n + 1;
	return c->name && c->last && cp_heap_reserve(&b->timers, broker_n_timers(b) + 1) &&
	       cp_heap_reserve(&b->expiries, n + b->n_auths) &&
	       cp_map_add(&b->conns, &c->by_number, &c->number, sizeof(c->number));
}

static struct broker_conn *make(const struct broker *b, uint64_t number, const struct broker_request *r,
				const struct broker_principal *who, const struct cp_addr *from)
{
	struct broker_conn *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct broker_conn){.idle.kind = BROKER_TIMED_CONN, .session.kind = BROKER_TIMED_SESSION, .number = number, .link = r->link,
				  .token = who->token, .expires_at = who->expires_at, .public_key = r->public_key,
				  .is_ours = r->is_ours, .from = *from, .ipv4 = r->ipv4, .ipv6 = r->ipv6, .began = b->now,
				  .heard = b->now, .connected_at = broker_unix_now(b)};
	broker_list_init(&c->all);
	broker_list_init(&c->broken);
	memcpy(c->version, r->version, sizeof(c->version));
	c->name = strdup(r->name);
	c->last = broker_out_item(BROKER_OUT_CLOSE, 0);
	return c;
}

bool broker_connect(struct broker *b, uint64_t conn, const struct broker_request *request, const struct broker_principal *who,
		    const struct cp_addr *from, cp_time now, struct broker_refusal *ret_refusal)
{
	struct broker_node *n = NULL;
	broker_at(b, now);
	const struct broker_refusal *refusal = may_come(b, request, who) ? identify(b, request, who, &n) : &bad_token;
	struct broker_conn *c = refusal ? NULL : make(b, conn, request, who, from);
	if (c)
		c->node = n;
	if (c && !take_in(b, c)) {
		broker_conn_free(b, c);
		c = NULL;
	} else if (!c && n) {
		broker_node_unused(b, n);
	}
	if (!c) {
		*ret_refusal = refusal ? *refusal : short_of_memory;
		broker_count_up(b, BROKER_COUNT_REFUSED_CONNECTIONS);
		return false;
	}
	broker_list_add(&b->all_conns, &c->all);
	cp_heap_arm(&b->timers, &c->idle.timer, now + b->timing.idle_after);
	if (c->expires_at != PORTAL_NEVER)
		cp_heap_arm(&b->expiries, &c->session.timer, (cp_time)c->expires_at);
	return true;
}

void broker_node_unused(struct broker *b, struct broker_node *n)
{
	if (--n->n_conns > 0 || n->is_listed)
		return;
	broker_pool_give_back(b, n->device.index);
	broker_node_free(b, n);
}

void broker_conn_free(struct broker *b, struct broker_conn *c)
{
	if (c->node && c->node->conn == c)
		c->node->conn = NULL;
	if (c->node)
		broker_node_unused(b, c->node);
	if (b->presence == &c->all)
		b->presence = c->all.next;
	broker_list_remove(&c->all);
	broker_list_remove(&c->broken);
	cp_map_remove(&b->conns, &c->by_number);
	cp_heap_disarm(&b->timers, &c->idle.timer);
	cp_heap_disarm(&b->expiries, &c->session.timer);
	broker_out_item_free(c->last);
	free(c->name);
	cp_wipe(c, sizeof(*c));
	free(c);
}

void broker_conn_break(struct broker *b, struct broker_conn *c)
{
	if (broker_list_is_empty(&c->broken))
		broker_list_add(&b->broken, &c->broken);
}

static void end(struct broker *b, struct broker_conn *c)
{
	if (c->has_joined && c->link.role == PORTAL_RELAY)
		broker_relay_parted(b, c);
	else if (c->has_joined)
		broker_part(b, c, false);
	broker_conn_free(b, c);
}

void broker_conn_close(struct broker *b, struct broker_conn *c, uint16_t code, const char *why)
{
	struct broker_out_item *last = c->last;
	c->last = NULL;
	last->conn = c->number;
	last->close_code = code;
	last->why = why;
	broker_out_put(b, last);
	end(b, c);
}

bool broker_close_broken(struct broker *b)
{
	if (broker_list_is_empty(&b->broken))
		return false;
	broker_conn_close(b, broker_of(b->broken.next, struct broker_conn, broken), 1012, "memory");
	return true;
}

void broker_lost(struct broker *b, uint64_t conn, cp_time now)
{
	broker_at(b, now);
	struct broker_conn *c = broker_conn_find(b, conn);
	if (c)
		end(b, c);
	broker_move_on(b);
}

/* Silence; or a peer that says things, but does not join. */
void broker_conn_due(struct broker *b, struct broker_conn *c)
{
	cp_time overdue_at = (c->has_joined ? c->heard : c->began) + b->timing.idle_after;
	if (b->now < overdue_at) {
		cp_heap_arm(&b->timers, &c->idle.timer, overdue_at);
		return;
	}
	broker_count_up(b, BROKER_COUNT_IDLE);
	broker_conn_close(b, c, c->has_joined ? 1001 : 1008, c->has_joined ? "idle" : "not_joined");
}

size_t broker_token_gone(struct broker *b, uint64_t token, cp_time now)
{
	struct broker_conn *c;
	size_t n = 0;
	broker_at(b, now);
	broker_each(c, struct broker_conn, all, &b->all_conns) {
		if (c->token != token)
			continue;
		broker_conn_close(b, c, 1001, "token_gone");
		n++;
	}
	broker_move_on(b);
	return n;
}

void broker_shutdown(struct broker *b, cp_time now)
{
	struct broker_conn *c;
	broker_at(b, now);
	b->is_stopping = true;
	broker_each(c, struct broker_conn, all, &b->all_conns)
		broker_conn_close(b, c, 1012, "shutdown");
}
