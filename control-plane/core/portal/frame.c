/* SPDX-License-Identifier: Apache-2.0 */
/* Frames (portal §2.1): topic, event, payload and ref around a message. */
#include <errno.h>
#include <string.h>

#include "base/crypto.h"
#include "portal/read.h"

const char *portal_topic(enum portal_role role)
{
	return role == PORTAL_GATEWAY ? "gateway" : role == PORTAL_CLIENT ? "client" : "relay";
}

static uint8_t dialect_of(const struct portal_link *l)
{
	return l->role == PORTAL_RELAY ? PORTAL_V1 : (uint8_t)l->dialect;
}

static const char *name_of(const struct portal_row *row, const struct portal_link *l, enum portal_sender from)
{
	if (!(row->roles & l->role) || row->from != from)
		return NULL;
	return dialect_of(l) == PORTAL_V1 ? row->event : row->newer;
}

const char *portal_event_name(const struct portal_link *link, enum portal_sender from, enum portal_type type)
{
	for (size_t i = 0; i < portal_n_rows; i++)
		if (portal_rows[i].type == type && name_of(&portal_rows[i], link, from))
			return name_of(&portal_rows[i], link, from);
	return NULL;
}

static const struct portal_row *find_row(const struct portal_link *l, enum portal_sender from, const char *event)
{
	for (size_t i = 0; i < portal_n_rows; i++) {
		const char *name = name_of(&portal_rows[i], l, from);
		if (name && strcmp(name, event) == 0)
			return &portal_rows[i];
	}
	return NULL;
}

static int no_frame(struct portal_error *e, const char *member, const char *what)
{
	const struct portal_where w = {.name = member};
	portal_error_at(e, member ? &w : NULL, what);
	return PORTAL_E_FRAME;
}

/* A peer's frame needs the key; the portal's may lack it. Both may say null. */
static int read_ref(json_t *frame, enum portal_sender from, struct portal_message *m, struct portal_error *e)
{
	const json_t *ref = json_object_get(frame, "ref");
	if (!ref && from == PORTAL_FROM_PEER)
		return no_frame(e, "ref", "is missing");
	if (!ref || json_is_null(ref))
		return 0;
	if (!json_is_integer(ref) || json_integer_value(ref) < 0)
		return no_frame(e, "ref", "is no integer from 0");
	m->has_ref = e->has_ref = true;
	m->ref = e->ref = (uint64_t)json_integer_value(ref);
	return 0;
}

static int read_name(json_t *frame, const char *member, struct portal_error *e, const char **ret)
{
	const json_t *v = json_object_get(frame, member);
	if (!v)
		return no_frame(e, member, "is missing");
	if (!json_is_string(v))
		return no_frame(e, member, "is no string");
	*ret = json_string_value(v);
	return 0;
}

static void name_event(struct portal_error *e, const char *event)
{
	size_t n = 0;
	for (; event[n] && n + 1 < sizeof(e->event); n++)
		e->event[n] = event[n] > ' ' && event[n] <= '~' ? event[n] : '?';
	e->event[n] = 0;
}

static int read_payload(const struct portal_link *l, const struct portal_row *row, json_t *frame, struct portal_message *m,
			struct portal_error *e)
{
	struct portal_reader r = {.m = m, .dialect = dialect_of(l), .error = e};
	json_t *payload = json_object_get(frame, "payload");
	if (!payload)
		return portal_read_fail(&r, NULL, "has no payload");
	m->type = row->type;
	return portal_read_value(&r, NULL, &row->payload, payload, &m->body);
}

static int read_frame(const struct portal_link *l, enum portal_sender from, json_t *frame, struct portal_message *m,
		      struct portal_error *e)
{
	const char *topic, *event;
	if (!json_is_object(frame))
		return no_frame(e, NULL, "is no object");
	int err = read_name(frame, "topic", e, &topic);
	err = err ? err : read_name(frame, "event", e, &event);
	err = err ? err : read_ref(frame, from, m, e);
	if (err == 0 && from == PORTAL_FROM_PEER && !json_object_get(frame, "payload"))
		err = no_frame(e, "payload", "is missing");
	if (err)
		return err;
	const struct portal_row *row = find_row(l, from, event);
	name_event(e, event);
	m->on_phoenix = strcmp(topic, "phoenix") == 0;
	if (!m->on_phoenix && strcmp(topic, portal_topic(l->role)) != 0) {
		e->what = "is for another topic";
		return PORTAL_E_TOPIC;
	}
	if (!row || (row->on_phoenix != m->on_phoenix && row->type != PORTAL_REPLY)) {
		e->what = row ? "is not an event of this topic" : "is unknown";
		return PORTAL_E_UNKNOWN;
	}
	return read_payload(l, row, frame, m, e);
}

int portal_read(const struct portal_link *link, enum portal_sender from, const char *text, size_t bytes,
		struct portal_message *ret, struct portal_error *ret_error)
{
	struct portal_error e = {.event = "frame"};
	struct portal_message m = {.memory = portal_memory_create()};
	int err = -ENOMEM;
	json_t *frame = m.memory ? portal_json_parse(text, bytes, &err, &e.what) : NULL;
	if (frame)
		err = read_frame(link, from, frame, &m, &e);
	json_decref(frame);
	if (err)
		portal_message_free(&m);
	*ret = m;
	*ret_error = err > 0 ? e : (struct portal_error){.what = NULL};
	cp_wipe(&m, sizeof(m));
	return err;
}

void portal_message_free(struct portal_message *m)
{
	portal_memory_free(m->memory);
	cp_wipe(m, sizeof(*m));
}
