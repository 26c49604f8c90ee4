/* SPDX-License-Identifier: Apache-2.0 */
/* A channel in virtual time, and the list of what it did. */
#ifndef TESTS_PORTAL_RIG_H
#define TESTS_PORTAL_RIG_H

#include "portal/channel.h"

#define RIG_TEXTS 64

struct rig {
	struct portal_channel *c;
	cp_time now;
	char *texts[RIG_TEXTS]; /* sent, not yet looked at */
	cp_time sent_at[RIG_TEXTS];
	unsigned int n_texts;
	unsigned int dialled, closed, joined, messages, unread, ended;
	cp_time dialled_at;
	enum portal_type last_message;
	enum portal_channel_why why; /* of the last close or end */
};

void rig_open(struct rig *r, enum portal_role role, enum portal_dialect dialect, const struct portal_habits *habits, cp_time budget);
void rig_close(struct rig *r);
/* Ticks at every deadline until then. */
void rig_run_until(struct rig *r, cp_time at);
void rig_drain(struct rig *r);
/* To be freed; NULL: there is none. */
char *rig_take(struct rig *r, cp_time *ret_at);
/* The next text is this one. */
void rig_expect(struct rig *r, const char *text);
void rig_hear(struct rig *r, const char *text);
/* Dials, connects, joins. */
void rig_join(struct rig *r);
int rig_send(struct rig *r, const struct portal_message *m);

#endif
