/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that wait for the join (portal §2.8). */
#include <errno.h>
#include <string.h>

#include "portal/channel_internal.h"

static struct portal_text *slot(struct portal_channel *c, unsigned int nth)
{
	return &c->queue[(c->first + nth) % PORTAL_QUEUE_MAX];
}

bool portal_channel_dequeue(struct portal_channel *c, struct portal_text *ret)
{
	if (c->n_queued == 0)
		return false;
	*ret = *slot(c, 0);
	*slot(c, 0) = (struct portal_text){.text = NULL};
	c->first = (c->first + 1) % PORTAL_QUEUE_MAX;
	c->n_queued--;
	return true;
}

void portal_channel_clear(struct portal_channel *c)
{
	struct portal_text t;
	c->counters.cleared += c->n_queued;
	while (portal_channel_dequeue(c, &t))
		portal_text_free(&t);
}

/* All but the ref, which comes last. */
static size_t said(const struct portal_text *t)
{
	return (size_t)((const char *)memrchr(t->text, ',', t->bytes) - t->text);
}

static bool is_queued(struct portal_channel *c, const struct portal_text *t)
{
	for (unsigned int i = 0; i < c->n_queued; i++)
		if (said(slot(c, i)) == said(t) && memcmp(slot(c, i)->text, t->text, said(t)) == 0)
			return true;
	return false;
}

int portal_channel_send(struct portal_channel *c, const struct portal_message *m, uint64_t *ret_ref, cp_time now)
{
	struct portal_message numbered = *m;
	struct portal_text t;
	c->now = now;
	if (c->state == PORTAL_CHANNEL_LEAVING || c->state == PORTAL_CHANNEL_ENDED)
		return -ENOTCONN;
	if (c->habits->queue_ends && !c->is_connected) {
		c->counters.dropped++;
		return PORTAL_SEND_DROPPED;
	}
	numbered.has_ref = true;
	numbered.ref = c->next_ref;
	int err = portal_write(&c->link, PORTAL_FROM_PEER, &numbered, &t);
	if (err)
		return err;
	if (c->habits->queue_ends && is_queued(c, &t)) {
		portal_text_free(&t);
		c->counters.duplicates++;
		return PORTAL_SEND_DUPLICATE;
	}
	if (c->n_queued == PORTAL_QUEUE_MAX)
		portal_channel_clear(c);
	*slot(c, c->n_queued++) = t;
	*ret_ref = c->next_ref++;
	return 0;
}
