/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void rig_open(struct rig *r, enum portal_role role, enum portal_dialect dialect, const struct portal_habits *habits, cp_time budget)
{
	const struct portal_channel_config config = {
		.link = {role, dialect}, .habits = habits, .budget = budget, .stamp_secret = "5c1d0f6e", .seed = {1, 2, 3}};
	*r = (struct rig){.now = 1000 * CP_S};
	r->c = portal_channel_create(&config);
	assert_non_null(r->c);
}

void rig_close(struct rig *r)
{
	for (unsigned int i = 0; i < r->n_texts; i++)
		free(r->texts[i]);
	portal_channel_free(r->c);
}

static void note(struct rig *r, struct portal_channel_out *out)
{
	r->dialled += out->kind == PORTAL_OUT_DIAL;
	r->closed += out->kind == PORTAL_OUT_CLOSE;
	r->joined += out->kind == PORTAL_OUT_JOINED;
	r->messages += out->kind == PORTAL_OUT_MESSAGE;
	r->unread += out->kind == PORTAL_OUT_UNREAD;
	r->ended += out->kind == PORTAL_OUT_ENDED;
	if (out->kind == PORTAL_OUT_DIAL)
		r->dialled_at = r->now;
	if (out->kind == PORTAL_OUT_CLOSE || out->kind == PORTAL_OUT_ENDED)
		r->why = out->why;
	if (out->kind == PORTAL_OUT_MESSAGE)
		r->last_message = out->message.type;
	if (out->kind == PORTAL_OUT_TEXT) {
		assert_true(r->n_texts < RIG_TEXTS);
		r->sent_at[r->n_texts] = r->now;
		r->texts[r->n_texts++] = strdup(out->text.text);
	}
	portal_text_free(&out->text);
	portal_message_free(&out->message);
}

/* What is due after an input lies ahead, and while it is not over something is due. */
void rig_drain(struct rig *r)
{
	struct portal_channel_out out;
	while (portal_channel_next(r->c, &out))
		note(r, &out);
	struct portal_channel_deadline d = portal_channel_deadline(r->c);
	bool over = portal_channel_state(r->c) == PORTAL_CHANNEL_IDLE || portal_channel_state(r->c) == PORTAL_CHANNEL_ENDED;
	assert_int_equal(d.at == CP_NEVER, over);
}

void rig_run_until(struct rig *r, cp_time at)
{
	for (;;) {
		struct portal_channel_deadline d = portal_channel_deadline(r->c);
		if (d.at > at)
			break;
		r->now = d.at > r->now ? d.at : r->now;
		portal_channel_tick(r->c, r->now);
		rig_drain(r);
		assert_true(portal_channel_deadline(r->c).at > r->now);
	}
	r->now = at;
}

char *rig_take(struct rig *r, cp_time *ret_at)
{
	if (r->n_texts == 0)
		return NULL;
	char *text = r->texts[0];
	if (ret_at)
		*ret_at = r->sent_at[0];
	r->n_texts--;
	memmove(r->texts, r->texts + 1, r->n_texts * sizeof(r->texts[0]));
	memmove(r->sent_at, r->sent_at + 1, r->n_texts * sizeof(r->sent_at[0]));
	return text;
}

void rig_expect(struct rig *r, const char *text)
{
	char *is = rig_take(r, NULL);
	assert_non_null(is);
	assert_string_equal(is, text);
	free(is);
}

void rig_hear(struct rig *r, const char *text)
{
	portal_channel_frame(r->c, text, strlen(text), r->now);
	rig_drain(r);
}

void rig_join(struct rig *r)
{
	unsigned long long ref = 0;
	char reply[200];
	if (portal_channel_state(r->c) == PORTAL_CHANNEL_IDLE)
		portal_channel_start(r->c, r->now);
	rig_drain(r);
	portal_channel_connected(r->c, r->now);
	rig_drain(r);
	char *join = rig_take(r, NULL);
	assert_non_null(join);
	assert_non_null(strstr(join, "phx_join"));
	assert_int_equal(sscanf(strrchr(join, ','), ",\"ref\":%llu}", &ref), 1);
	snprintf(reply, sizeof(reply), "{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":%llu,\"payload\":{\"status\":\"ok\",\"response\":{}}}",
		 ref);
	memcpy(reply + 10, strstr(join, "\"client\"") ? "client\", " : strstr(join, "\"relay\"") ? "relay\",  " : "gateway\",", 9);
	rig_hear(r, reply);
	assert_int_equal(portal_channel_state(r->c), PORTAL_CHANNEL_JOINED);
	free(join);
}

int rig_send(struct rig *r, const struct portal_message *m)
{
	uint64_t ref;
	int err = portal_channel_send(r->c, m, &ref, r->now);
	rig_drain(r);
	return err;
}
