/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs in use, and data through them. The responder's is used for sending once data has come on it. */
#include <string.h>

#include "conn_peer.h"

/* Peer, slot: what a message's receiver index leads back to. */
uint32_t session_index(const struct peer *p, unsigned int slot)
{
	return (uint32_t)(p - me.peers) << 8 | slot;
}

static struct session *session_slot(struct peer *p, const struct wg_session_keys *keys)
{
	struct session *s = &p->sessions[(keys->local_index & 0xff) % SESSIONS_MAX];
	if (p->current == s)
		p->current = NULL;
	wg_wipe(s, sizeof(*s));
	s->keys = *keys;
	s->used = true;
	return s;
}

void session_begin(struct peer *p, const struct wg_session_keys *keys)
{
	struct session *s = session_slot(p, keys);
	s->born_ns = me.now;
	s->confirmed = keys->initiator;
	if (s->confirmed) {
		p->current = s;
		stash_session(p);
	}
}

/* Counters of an earlier life are all below this one's. */
void session_restore(struct peer *p, const struct wg_session_keys *keys, uint64_t born_ns, uint32_t life)
{
	struct session *s = session_slot(p, keys);
	s->born_ns = born_ns;
	s->confirmed = true;
	s->next_counter = (uint64_t)life << 32;
	p->current = s;
	p->next_session = (uint8_t)((keys->local_index & 0xff) % SESSIONS_MAX);
	wg_timers_session_began(&p->timers, born_ns, keys->initiator);
}

void sessions_end(struct peer *p)
{
	wg_wipe(p->sessions, sizeof(p->sessions));
	p->current = NULL;
}

static void activity(struct peer *p)
{
	if (p->activity_ns && me.now - p->activity_ns < CP_S)
		return;
	p->activity_ns = me.now;
	report(p, CONN_REPORT_ACTIVITY, NULL, false);
}

bool session_send(struct peer *p, const void *inner, size_t bytes)
{
	uint8_t out[DATAGRAM_MAX];
	struct wg_data *h = (struct wg_data *)out;
	struct session *s = p->current;
	if (!s || !p->path.handle || bytes + WG_DATA_OVERHEAD > sizeof(out) ||
	    me.now - s->born_ns >= wg_timers_send_limit(WG_PROFILE_STOCK, s->keys.initiator))
		return false;
	wg_put32(h->type, WG_DATA);
	wg_put32(h->receiver, s->keys.remote_index);
	wg_put64(h->counter, s->next_counter);
	wg_aead_seal(out + sizeof(*h), s->keys.send, s->next_counter++, inner, bytes, NULL, 0);
	peer_send_on_path(p, out, bytes + WG_DATA_OVERHEAD);
	if (bytes) {
		wg_timers_data_sent(&p->timers, me.now, 0);
		activity(p);
	} else {
		wg_timers_any_sent(&p->timers, me.now);
	}
	return true;
}

static void confirm(struct peer *p, struct session *s, const struct arrival *a)
{
	if (s->confirmed)
		return;
	s->confirmed = true;
	p->current = s;
	p->handshakes++;
	stash_session(p);
	wg_timers_session_began(&p->timers, me.now, false);
	say("session", "ibaa", "id", p->id, "initiator", 0, "from", &a->from, "relay", &a->relay);
	report(p, CONN_REPORT_COMPLETED, a, false);
}

static bool is_goodbye(const uint8_t *inner, size_t bytes)
{
	static const uint8_t zero[32];
	return bytes >= 48 && inner[0] >> 4 == 6 && inner[6] == 0xff && memcmp(inner + 8, zero, 32) == 0 && inner[40] == 2;
}

static void inner_in(struct peer *p, const struct arrival *a, const uint8_t *inner, size_t bytes)
{
	if (is_goodbye(inner, bytes)) {
		uint8_t id[CONN_ID_BYTES];
		memcpy(id, p->id, sizeof(id));
		say("goodbye", "i", "id", id);
		if (me.node)
			conn_remove(me.node, id, me.now);
		return;
	}
	wg_timers_data_received(&p->timers, me.now);
	activity(p);
	stream_in(p, a, inner, bytes);
}

void session_in(const struct arrival *a)
{
	uint8_t inner[DATAGRAM_MAX];
	const struct wg_data *h = (const void *)a->data;
	uint32_t index = wg_get32(h->receiver);
	uint64_t counter = wg_get64(h->counter);
	struct peer *p = index >> 8 < PEERS_MAX && me.peers[index >> 8].used ? &me.peers[index >> 8] : NULL;
	struct session *s = p ? &p->sessions[(index & 0xff) % SESSIONS_MAX] : NULL;
	if (!s || !s->used || s->keys.local_index != index || a->bytes > sizeof(inner) || me.now - s->born_ns >= WG_REJECT_AFTER_NS ||
	    !wg_aead_open(inner, s->keys.receive, counter, a->data + WG_DATA_HEADER, a->bytes - WG_DATA_HEADER, NULL, 0) ||
	    !wg_replay_accept(&s->replay, counter)) {
		if (p)
			p->rejected++;
		return;
	}
	confirm(p, s, a);
	wg_timers_any_received(&p->timers, me.now);
	if (a->bytes > WG_DATA_OVERHEAD)
		inner_in(p, a, inner, a->bytes - WG_DATA_OVERHEAD);
}
