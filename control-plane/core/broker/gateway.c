/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways as they come, go and fall silent. */
#include "broker/internal.h"

#define SILENT_FOR   (60 * CP_S)
#define REPEAT_EVERY (250 * CP_MS) /* of what is unanswered, to a gateway that goes on saying that it has no relays */

static void wake(struct broker *b, struct broker_node *n)
{
	cp_time at = n->repeat_at ? n->repeat_at : CP_NEVER;
	cp_heap_arm(&b->timers, &n->patience.timer, n->silent_until ? cp_earlier(at, n->silent_until) : at);
}

void broker_gateway_joined(struct broker *b, struct broker_node *g, bool has_new_key)
{
	if (rescue_joined(b->rescue, &g->rescue) && !has_new_key)
		broker_count_up(b, BROKER_COUNT_RESCUES_AVERTED);
	if (has_new_key)
		broker_gateway_forgot(b, g);
	broker_gateway_silent(b, g, false);
	broker_rejects_say(b, g);
	broker_asks_repeat(b, g);
}

void broker_gateway_parted(struct broker *b, struct broker_node *g, bool left)
{
	if (b->is_stopping)
		return;
	if (left)
		rescue_left(b->rescue, &g->rescue, b->now);
	else
		rescue_lost(b->rescue, &g->rescue, b->now);
	broker_offer(b, g);
	broker_asks_lost(b, g);
}

void broker_gateway_silent(struct broker *b, struct broker_node *g, bool silent)
{
	g->silent_until = silent ? b->now + SILENT_FOR : 0;
	wake(b, g);
	broker_offer(b, g);
}

/* A relay counts for newer gateways only once it answered; until then each repetition brings another no_relays. */
void broker_gateway_repeat(struct broker *b, struct broker_node *g)
{
	if (g->repeat_at)
		return;
	if (b->now < g->repeated_at + REPEAT_EVERY && g->repeated_at) {
		g->repeat_at = g->repeated_at + REPEAT_EVERY;
		wake(b, g);
		return;
	}
	g->repeated_at = b->now;
	broker_asks_repeat(b, g);
}

void broker_node_due(struct broker *b, struct broker_node *n)
{
	if (n->silent_until && b->now >= n->silent_until)
		broker_gateway_silent(b, n, false);
	if (n->repeat_at && b->now >= n->repeat_at) {
		n->repeat_at = 0;
		broker_gateway_repeat(b, n);
	}
	wake(b, n);
}
