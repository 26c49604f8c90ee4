/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of outputs: values, in the order they were decided. Secrets in it are wiped. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/internal.h"

struct broker_out_item *broker_out_item(enum broker_out_kind kind, size_t text_bytes)
{
	struct broker_out_item *item = calloc(1, sizeof(*item) + text_bytes);
	if (item)
		item->kind = kind;
	return item;
}

void broker_out_item_free(struct broker_out_item *item)
{
	if (item)
		portal_text_free(&item->text);
	free(item);
}

void broker_out_put(struct broker *b, struct broker_out_item *item)
{
	*b->outq.tail = item;
	b->outq.tail = &item->next;
}

void broker_outq_let_go(struct broker *b)
{
	broker_out_item_free(b->outq.handed);
	b->outq.handed = NULL;
}

void broker_outq_fini(struct broker *b)
{
	broker_outq_let_go(b);
	for (struct broker_out_item *i = b->outq.head, *next; i; i = next) {
		next = i->next;
		broker_out_item_free(i);
	}
}

static void hand_out(struct broker_out_item *i, struct broker_out *ret)
{
	*ret = (struct broker_out){.kind = i->kind, .conn = i->conn, .text = i->text,
				   .may_be_lost = i->may_be_lost, .close_code = i->close_code, .why = i->why,
				   .authorization = i->authorization, .level = i->level, .event = i->event};
	if (i->node)
		ret->device = i->node->device;
	if (i->kind == BROKER_OUT_EVENT)
		memcpy(ret->event_text, i->event_text, sizeof(ret->event_text));
	i->text = (struct portal_text){.text = NULL};
}

/* What a new file means for the peers is composed one peer at a time, when all before it was taken away. */
bool broker_next(struct broker *b, struct broker_out *ret)
{
	broker_outq_let_go(b);
	while (!b->outq.head && (broker_close_broken(b) || broker_reload_step(b) || broker_presence_step(b)))
		;
	struct broker_out_item *i = b->outq.head;
	if (!i)
		return false;
	b->outq.head = i->next;
	if (!i->next)
		b->outq.tail = &b->outq.head;
	b->outq.handed = i;
	hand_out(i, ret);
	return true;
}

/* item: taken; err: why it has no text. */
static void put_text(struct broker *b, struct broker_conn *c, const struct portal_message *m, struct broker_out_item *item, int err)
{
	if (err) {
		broker_out_item_free(item);
		broker_event(b, BROKER_ERR, "message_not_written", "conn=%llu event=%s error=%d", (unsigned long long)c->number,
			     portal_event_name(&c->link, PORTAL_FROM_PORTAL, m->type), -err);
		broker_conn_break(b, c);
		return;
	}
	item->conn = c->number;
	item->may_be_lost = m->type == PORTAL_CANDIDATES || m->type == PORTAL_INVALIDATED_CANDIDATES;
	broker_out_put(b, item);
}

void broker_say(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	struct broker_out_item *item = broker_out_item(BROKER_OUT_TEXT, 0);
	put_text(b, c, m, item, item ? portal_write(&c->link, PORTAL_FROM_PORTAL, m, &item->text) : -ENOMEM);
}

void broker_say_text(struct broker *b, struct broker_conn *c, const struct portal_text *text)
{
	struct broker_out_item *item = broker_out_item(BROKER_OUT_TEXT, 0);
	char *copy = item ? malloc(text->bytes + 1) : NULL;
	if (!copy) {
		broker_out_item_free(item);
		broker_conn_break(b, c);
		return;
	}
	memcpy(copy, text->text, text->bytes + 1);
	item->text = (struct portal_text){copy, text->bytes};
	item->conn = c->number;
	broker_out_put(b, item);
}

void broker_say_client_init(struct broker *b, struct broker_conn *c, const struct portal_message *m, const struct portal_text *resources)
{
	struct broker_out_item *item = resources ? broker_out_item(BROKER_OUT_TEXT, 0) : NULL;
	put_text(b, c, m, item, item ? portal_write_client_init(&c->link, m, resources, &item->text) : -ENOMEM);
}

void broker_reply(struct broker *b, struct broker_conn *c, const struct portal_message *to, const char *refusal)
{
	const struct portal_message m = {.type = PORTAL_REPLY, .on_phoenix = to->on_phoenix, .has_ref = to->has_ref, .ref = to->ref,
					 .body.reply = {refusal ? PORTAL_REFUSED : PORTAL_OK, refusal}};
	if (to->has_ref)
		broker_say(b, c, &m);
}

bool broker_store_device(struct broker *b, const struct broker_node *n)
{
	struct broker_out_item *item = broker_out_item(BROKER_OUT_STORE_DEVICE, 0);
	if (!item)
		return false;
	item->node = n;
	broker_out_put(b, item);
	return true;
}

static bool put_authorization(struct broker *b, enum broker_out_kind kind, const struct broker_auth *a)
{
	struct broker_out_item *item = broker_out_item(kind, 0);
	if (!item)
		return false;
	item->authorization = broker_auth_record(a);
	broker_out_put(b, item);
	return true;
}

bool broker_store_authorization(struct broker *b, const struct broker_auth *a)
{
	return put_authorization(b, BROKER_OUT_STORE_AUTHORIZATION, a);
}

void broker_forget_authorization(struct broker *b, const struct broker_auth *a)
{
	put_authorization(b, BROKER_OUT_FORGET_AUTHORIZATION, a);
}

void broker_event(struct broker *b, enum broker_level level, const char *event, const char *fmt, ...)
{
	struct broker_out_item *item = broker_out_item(BROKER_OUT_EVENT, BROKER_EVENT_TEXT);
	if (!item)
		return;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(item->event_text, BROKER_EVENT_TEXT, fmt, ap);
	va_end(ap);
	item->level = level;
	item->event = event;
	broker_out_put(b, item);
}
