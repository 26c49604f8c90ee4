/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to frames, by the tables that read them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "portal/read.h"
#include "portal/write.h"

static bool has(const struct portal_field *f, const void *base)
{
	return *(const bool *)(const void *)((const char *)base + f->has_at - 1);
}

/* Is there something to write? What must be there is looked for by who writes it. */
static bool is_there(const struct portal_field *f, const void *base)
{
	if (f->need == PORTAL_R || f->need == PORTAL_RN)
		return true;
	if (f->has_at)
		return has(f, base);
	bool text = f->kind == PORTAL_K_TEXT && f->need == PORTAL_O;
	return !text || *(const char *const *)(const void *)((const char *)base + f->at);
}

static bool write_fields(struct portal_writer *w, const struct portal_fields *fields, const void *base, json_t *to)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct portal_field *f = &fields->list[i];
		if (!portal_field_applies(f, w->dialect) || !is_there(f, base))
			continue;
		if (json_object_set_new(to, f->name, portal_write_value(w, f, (const char *)base + f->at)) != 0)
			return portal_write_fail(w, -ENOMEM), false;
	}
	return true;
}

static const struct portal_variant *variant_of(const struct portal_object *o, const void *base)
{
	int value;
	memcpy(&value, (const char *)base + o->tag_at, sizeof(value));
	for (size_t i = 0; i < o->n_variants; i++)
		if (o->variants[i].value == value)
			return &o->variants[i];
	return NULL;
}

static json_t *write_object(struct portal_writer *w, const struct portal_object *o, const void *base)
{
	const struct portal_variant *variant = o->tag ? variant_of(o, base) : NULL;
	if (o->tag && !variant)
		return portal_write_fail(w, -EINVAL);
	json_t *to = json_object();
	bool good = to && (!variant || json_object_set_new(to, o->tag, json_string(variant->name)) == 0);
	if (!good)
		portal_write_fail(w, -ENOMEM);
	good = good && write_fields(w, &o->fields, base, to) && (!variant || write_fields(w, &variant->fields, base, to));
	if (good)
		return to;
	json_decref(to);
	return NULL;
}

static json_t *write_list(struct portal_writer *w, const struct portal_list *l, const void *at)
{
	const struct portal_field f = {.kind = l->kind, .of = l->of};
	const char *list;
	size_t n;
	memcpy(&list, at, sizeof(list));
	memcpy(&n, (const char *)at + sizeof(list), sizeof(n));
	json_t *to = json_array();
	for (size_t i = 0; to && i < n; i++)
		if (json_array_append_new(to, portal_write_value(w, &f, list + i * l->bytes)) != 0) {
			json_decref(to);
			to = NULL;
		}
	return to ? to : portal_write_fail(w, -ENOMEM);
}

json_t *portal_write_fail(struct portal_writer *w, int err)
{
	if (w->err == 0)
		w->err = err;
	return NULL;
}

json_t *portal_write_value(struct portal_writer *w, const struct portal_field *f, const void *at)
{
	if (f->kind == PORTAL_K_OBJECT)
		return write_object(w, f->of, at);
	if (f->kind == PORTAL_K_LIST)
		return write_list(w, f->of, at);
	return portal_write_scalar(w, f, at);
}

static const struct portal_row *find_row(const struct portal_link *l, enum portal_sender from, enum portal_type type)
{
	for (size_t i = 0; i < portal_n_rows; i++) {
		const struct portal_row *row = &portal_rows[i];
		if (row->type == type && row->from == from && row->roles & l->role)
			return row;
	}
	return NULL;
}

static json_t *write_frame(struct portal_writer *w, const struct portal_link *l, enum portal_sender from,
			   const struct portal_message *m)
{
	const struct portal_row *row = find_row(l, from, m->type);
	const char *event = portal_event_name(l, from, m->type);
	if (!row || !event || m->ref > INT64_MAX)
		return portal_write_fail(w, -EINVAL);
	bool phoenix = row->on_phoenix || (m->type == PORTAL_REPLY && m->on_phoenix);
	json_t *payload = portal_write_value(w, &row->payload, &m->body);
	if (!payload)
		return NULL;
	json_t *ref = m->has_ref ? json_integer((json_int_t)m->ref) : json_null();
	json_t *frame = json_pack("{s:s, s:s, s:o, s:o}", "topic", phoenix ? "phoenix" : portal_topic(l->role), "event", event,
				  "payload", payload, "ref", ref);
	return frame ? frame : portal_write_fail(w, -ENOMEM);
}

struct dump {
	char *text; /* owned */
	size_t bytes, room;
};

/* What is outgrown may hold secrets. */
static bool make_room(struct dump *d, size_t bytes)
{
	size_t room = d->room ? d->room : 512;
	while (room < bytes)
		room *= 2;
	char *text = room == d->room ? d->text : malloc(room);
	if (!text)
		return false;
	if (text != d->text && d->text) {
		memcpy(text, d->text, d->bytes);
		cp_wipe(d->text, d->bytes);
		free(d->text);
	}
	d->text = text;
	d->room = room;
	return true;
}

static int append(const char *text, size_t bytes, void *arg)
{
	struct dump *d = arg;
	if (!make_room(d, d->bytes + bytes + 1))
		return -1;
	memcpy(d->text + d->bytes, text, bytes);
	d->bytes += bytes;
	return 0;
}

int portal_write_dump(const json_t *value, struct portal_text *ret)
{
	struct dump d = {.text = NULL};
	struct portal_text text;
	if (json_dump_callback(value, append, &d, JSON_COMPACT) == 0 && d.bytes > 0) {
		d.text[d.bytes] = 0;
		*ret = (struct portal_text){.text = d.text, .bytes = d.bytes};
		return 0;
	}
	text = (struct portal_text){d.text, d.bytes};
	portal_text_free(&text);
	return -ENOMEM;
}

int portal_write(const struct portal_link *link, enum portal_sender from, const struct portal_message *m, struct portal_text *ret)
{
	struct portal_writer w = {.dialect = link->role == PORTAL_RELAY ? PORTAL_V1 : (uint8_t)link->dialect};
	json_t *frame = write_frame(&w, link, from, m);
	int err = frame ? portal_write_dump(frame, ret) : w.err;
	json_decref(frame);
	return err;
}

void portal_text_free(struct portal_text *t)
{
	if (t->text)
		cp_wipe(t->text, t->bytes);
	free(t->text);
	*t = (struct portal_text){.text = NULL};
}
