/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates go to whom they are for, verbatim and in order (portal §6.3 d, §6.4 4). */
#include "broker/internal.h"

/* Stock peers name exactly one. What is beyond is left out: an answer must not be a multiple of what was said. */
#define RECIPIENTS_MAX 64

static void forward(struct broker *b, const struct broker_conn *from, const struct portal_uuid *to, bool is_invalidation,
		    const struct portal_texts *candidates)
{
	const struct broker_node *n = broker_node_find(b, to);
	const struct portal_message m = {.type = is_invalidation ? PORTAL_INVALIDATED_CANDIDATES : PORTAL_CANDIDATES,
					 .body.candidates = {from->node->device.id, *candidates}};
	broker_count_up(b, BROKER_COUNT_CANDIDATES);
	if (n && n->conn && n->device.role != from->node->device.role)
		broker_say(b, n->conn, &m);
	else
		broker_count_up(b, BROKER_COUNT_CANDIDATES_SKIPPED);
}

void broker_broadcast(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	const struct portal_broadcast *all = &m->body.broadcast;
	if (all->to.n > RECIPIENTS_MAX)
		broker_count_up(b, BROKER_COUNT_QUOTA);
	for (size_t i = 0; i < all->to.n && i < RECIPIENTS_MAX; i++)
		forward(b, c, &all->to.ids[i], m->type == PORTAL_BROADCAST_INVALIDATED_CANDIDATES, &all->candidates);
}

void broker_unicast(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	const struct portal_unicast *one = &m->body.unicast;
	forward(b, c, &one->to, m->type == PORTAL_INVALIDATED_GATEWAY_CANDIDATES, &one->candidates);
}
