/* SPDX-License-Identifier: Apache-2.0 */
/* Unanswered flows: when they are overdue, and what their end means for the client (portal §6.3 c 8, 9). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "broker/internal.h"

struct broker_ask *broker_ask_find(const struct broker *b, const char *ref)
{
	struct cp_map_entry *e = strlen(ref) == BROKER_REF_TEXT - 1 ? cp_map_find(&b->requests, ref, BROKER_REF_TEXT - 1) : NULL;
	return e ? broker_of(e, struct broker_ask, by_ref) : NULL;
}

static void draw_ref(struct broker *b, char ret[BROKER_REF_TEXT])
{
	unsigned long long high = cp_rng_u64(&b->rng), low = cp_rng_u64(&b->rng);
	snprintf(ret, BROKER_REF_TEXT, "%016llx%016llx", high, low);
}

struct broker_ask *broker_ask_create(struct broker *b, struct broker_use *u, uint64_t asked_by)
{
	struct broker_ask *q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	*q = (struct broker_ask){.overdue.kind = BROKER_TIMED_ASK, .use = u, .asked_by = asked_by};
	draw_ref(b, q->ref);
	broker_list_init(&q->of_gateway);
	broker_list_add(&u->requests, &q->of_use);
	u->client->n_requests++;
	if (cp_heap_reserve(&b->timers, broker_n_timers(b) + 1) && cp_map_add(&b->requests, &q->by_ref, q->ref, BROKER_REF_TEXT - 1))
		return q;
	broker_ask_free(b, q);
	return NULL;
}

void broker_ask_send(struct broker *b, struct broker_ask *q, struct broker_auth *a)
{
	q->auth = a;
	broker_list_add(&a->link->gateway->requests, &q->of_gateway);
	cp_heap_arm(&b->timers, &q->overdue.timer, b->now + b->timing.answer_within);
	broker_ask_say(b, q);
}

void broker_ask_free(struct broker *b, struct broker_ask *q)
{
	if (!q)
		return;
	cp_heap_disarm(&b->timers, &q->overdue.timer);
	cp_map_remove(&b->requests, &q->by_ref);
	broker_list_remove(&q->of_use);
	broker_list_remove(&q->of_gateway);
	q->use->client->n_requests--;
	cp_wipe(q, sizeof(*q));
	free(q);
}

void broker_asks_served(struct broker_use *u)
{
	struct broker_ask *q;
	broker_each(q, struct broker_ask, of_use, &u->requests)
		q->is_served = true;
}

/* The others that asked for the same are served by this one; their answers will only be acknowledged. Not so if the
 * client has another connection by now: what it asked there is still to be answered. */
void broker_ask_answered(struct broker *b, struct broker_ask *q)
{
	struct broker_conn *c = q->use->client->conn;
	q->auth->is_confirmed = true;
	if (!q->is_served && c && c->number == q->asked_by) {
		broker_say_created(b, c, q);
		broker_asks_served(q->use);
	}
	broker_ask_free(b, q);
}

static bool is_awaited(const struct broker_use *u, const struct broker_conn *c)
{
	struct broker_ask *q;
	broker_each(q, struct broker_ask, of_use, &u->requests)
		if (!q->is_served && c && c->number == q->asked_by)
			return true;
	return false;
}

/* All that this use waits for ends; the client hears of it once. What no gateway ever confirmed is no access. */
void broker_asks_failed(struct broker *b, struct broker_use *u)
{
	struct broker_conn *c = u->client->conn;
	struct broker_ask *q;
	if (is_awaited(u, c)) {
		broker_count_up(b, BROKER_COUNT_FAILED_OFFLINE);
		broker_say_failed(b, c, &u->key.resource, PORTAL_FAILED_OFFLINE, NULL);
	}
	broker_each(q, struct broker_ask, of_use, &u->requests)
		broker_ask_free(b, q);
}

void broker_asks_forget(struct broker *b, const struct broker_auth *a)
{
	struct broker_ask *q;
	broker_each(q, struct broker_ask, of_use, &a->use->requests)
		if (q->auth == a)
			broker_ask_free(b, q);
}

static bool is_asked_for(const struct broker_auth *a)
{
	struct broker_ask *q;
	broker_each(q, struct broker_ask, of_use, &a->use->requests)
		if (q->auth == a)
			return true;
	return false;
}

/* Nobody waits for this one. */
static void give_up(struct broker *b, struct broker_ask *q)
{
	struct broker_auth *a = q->auth;
	broker_ask_free(b, q);
	if (!is_asked_for(a))
		broker_auth_doubted(b, a);
}

void broker_ask_due(struct broker *b, struct broker_ask *q)
{
	struct broker_use *u = q->use;
	struct broker_auth *a = q->auth;
	if (q->is_served) {
		give_up(b, q);
		return;
	}
	broker_count_up(b, BROKER_COUNT_GATEWAY_SILENT);
	broker_gateway_silent(b, a->link->gateway, true);
	broker_asks_failed(b, u);
	broker_use_goes_through(b, u, NULL);
	broker_auth_doubted(b, a);
}

static void lost(struct broker *b, struct broker_ask *q)
{
	struct broker_use *u = q->use;
	struct broker_auth *a = q->auth;
	if (q->is_served) {
		give_up(b, q);
		return;
	}
	broker_count_up(b, BROKER_COUNT_GATEWAY_LOST);
	broker_asks_failed(b, u);
	broker_auth_doubted(b, a);
}

/* The gateway will not answer them any more: the clients hear of it at once, for the difference is one between an
 * outage of milliseconds and one of seconds (§6.3 c 9). */
void broker_asks_lost(struct broker *b, struct broker_node *gateway)
{
	while (!broker_list_is_empty(&gateway->requests))
		lost(b, broker_of(gateway->requests.next, struct broker_ask, of_gateway));
}

/* What its gateway may not have heard of, or dropped for want of a relay (§5.5). */
void broker_asks_repeat(struct broker *b, struct broker_node *gateway)
{
	struct broker_ask *q;
	broker_each(q, struct broker_ask, of_gateway, &gateway->requests)
		if (!q->is_served)
			broker_ask_say(b, q);
}
