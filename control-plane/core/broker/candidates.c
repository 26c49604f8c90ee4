/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates go to whom they are for, verbatim and in order (portal §6.3 d, §6.4 4). */
#include <string.h>

#include "broker/internal.h"

/* Stock peers name one recipient and a candidate or a dozen. What is beyond is left out: what all are told of a message must
 * not be a multiple of what was said, nor so long that the portal, or who is told, has no time for anybody else. */
#define RECIPIENTS_MAX 64
#define TOLD_BYTES_MAX 65536

static size_t told_bytes(const struct portal_texts *candidates)
{
	size_t bytes = 1;
	for (size_t i = 0; i < candidates->n; i++)
		bytes += strlen(candidates->texts[i]) + 3;
	return bytes;
}

/* How many of n may hear it. */
static size_t audience(struct broker *b, size_t n, const struct portal_texts *candidates)
{
	size_t most = TOLD_BYTES_MAX / told_bytes(candidates);
	most = most < RECIPIENTS_MAX ? most : RECIPIENTS_MAX;
	if (n <= most)
		return n;
	broker_count_up(b, BROKER_COUNT_QUOTA);
	return most;
}

/* Who never shared a flow drops them anyway, and must not learn of the other, nor be kept busy. */
static bool know_each_other(const struct broker *b, const struct broker_node *x, const struct broker_node *y)
{
	const struct broker_node *client = x->device.role == PORTAL_CLIENT ? x : y, *gateway = client == x ? y : x;
	return broker_link_find(b, &client->device.id, &gateway->device.id) != NULL;
}

static void forward(struct broker *b, const struct broker_conn *from, const struct portal_uuid *to, bool is_invalidation,
		    const struct portal_texts *candidates)
{
	const struct broker_node *n = broker_node_find(b, to);
	const struct portal_message m = {.type = is_invalidation ? PORTAL_INVALIDATED_CANDIDATES : PORTAL_CANDIDATES,
					 .body.candidates = {from->node->device.id, *candidates}};
	broker_count_up(b, BROKER_COUNT_CANDIDATES);
	if (n && n->conn && know_each_other(b, n, from->node))
		broker_say(b, n->conn, &m);
	else
		broker_count_up(b, BROKER_COUNT_CANDIDATES_SKIPPED);
}

static bool is_named_before(const struct portal_uuids *to, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (memcmp(&to->ids[k], &to->ids[i], sizeof(to->ids[i])) == 0)
			return true;
	return false;
}

void broker_broadcast(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	const struct portal_broadcast *all = &m->body.broadcast;
	size_t n = audience(b, all->to.n, &all->candidates);
	for (size_t i = 0; i < n; i++)
		if (!is_named_before(&all->to, i))
			forward(b, c, &all->to.ids[i], m->type == PORTAL_BROADCAST_INVALIDATED_CANDIDATES, &all->candidates);
}

void broker_unicast(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	const struct portal_unicast *one = &m->body.unicast;
	if (audience(b, 1, &one->candidates) == 1)
		forward(b, c, &one->to, m->type == PORTAL_INVALIDATED_GATEWAY_CANDIDATES, &one->candidates);
}
