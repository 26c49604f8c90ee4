/* SPDX-License-Identifier: Apache-2.0 */
#include "base/outq.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cp_outq_item {
	struct cp_outq_item *next;
	struct cp_out out;
	size_t bytes;
	uint8_t data[];
};

void cp_outq_init(struct cp_outq *q)
{
	*q = (struct cp_outq){.tail = &q->head};
}

/* Messages carry preshared keys. */
static void item_free(struct cp_outq_item *i)
{
	if (i)
		explicit_bzero(i->data, i->bytes);
	free(i);
}

void cp_outq_fini(struct cp_outq *q)
{
	struct cp_out out;
	while (cp_outq_next(q, &out))
		;
	item_free(q->handed);
	q->handed = NULL;
}

static uint8_t *push(struct cp_outq *q, struct cp_out out, size_t bytes)
{
	struct cp_outq_item *i = malloc(sizeof(*i) + bytes);
	if (!i) {
		q->failed = true;
		return NULL;
	}
	i->next = NULL;
	i->out = out;
	i->bytes = bytes;
	if (bytes) {
		i->out.data = i->data;
		i->out.bytes = bytes;
	}
	*q->tail = i;
	q->tail = &i->next;
	return i->data;
}

void cp_outq_put(struct cp_outq *q, struct cp_out out)
{
	push(q, out, 0);
}

void cp_outq_message(struct cp_outq *q, struct cp_out out, struct nf_msg_hdr hdr, const void *body, size_t body_bytes,
		     const void *tail, size_t tail_bytes)
{
	uint8_t *data = push(q, out, sizeof(hdr) + body_bytes + tail_bytes);
	if (!data)
		return;
	hdr.body_bytes = (uint32_t)(body_bytes + tail_bytes);
	memcpy(data, &hdr, sizeof(hdr));
	if (body_bytes)
		memcpy(data + sizeof(hdr), body, body_bytes);
	if (tail_bytes)
		memcpy(data + sizeof(hdr) + body_bytes, tail, tail_bytes);
}

static void put_text(struct cp_outq *q, struct cp_out out, const char *text)
{
	size_t bytes = strlen(text) + 1;
	uint8_t *data = push(q, out, bytes);
	if (!data)
		return;
	memcpy(data, text, bytes);
	((struct cp_outq_item *)((char *)data - offsetof(struct cp_outq_item, data)))->out.text = (const char *)data;
}

void cp_outq_log(struct cp_outq *q, enum cp_log_level level, const char *event, const char *fmt, ...)
{
	char text[1400];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_text(q, (struct cp_out){.kind = CP_OUT_LOG, .level = level, .event = event}, text);
}

void cp_outq_portal(struct cp_outq *q, const struct cp_portal_word *word)
{
	uint8_t *data = push(q, (struct cp_out){.kind = CP_OUT_PORTAL}, sizeof(*word));
	if (data)
		memcpy(data, word, sizeof(*word));
}

void cp_outq_report(struct cp_outq *q, const char *text)
{
	put_text(q, (struct cp_out){.kind = CP_OUT_REPORT}, text);
}

bool cp_outq_next(struct cp_outq *q, struct cp_out *ret)
{
	item_free(q->handed);
	q->handed = q->head;
	if (!q->head)
		return false;
	q->head = q->head->next;
	if (!q->head)
		q->tail = &q->head;
	*ret = q->handed->out;
	return true;
}
