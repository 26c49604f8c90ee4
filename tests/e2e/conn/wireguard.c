/* SPDX-License-Identifier: Apache-2.0 */
/* WireGuard's peers: handshakes on the path, answers to where the question came from, stock's timers. */
#include <string.h>

#include "conn_peer.h"

struct peer *peer_by_key(const uint8_t key[WG_KEY_BYTES])
{
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (me.peers[i].used && memcmp(me.peers[i].remote.public_key, key, WG_KEY_BYTES) == 0)
			return &me.peers[i];
	return NULL;
}

struct peer *peer_by_id(const uint8_t id[CONN_ID_BYTES])
{
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (me.peers[i].used && memcmp(me.peers[i].id, id, CONN_ID_BYTES) == 0)
			return &me.peers[i];
	return NULL;
}

static struct peer *unused_peer(void)
{
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (!me.peers[i].used)
			return &me.peers[i];
	return NULL;
}

void peer_set(const struct conn_peer *c)
{
	struct peer *p = peer_by_key(c->public_key);
	if (p && memcmp(p->remote.preshared_key, c->preshared_key, WG_KEY_BYTES) == 0) {
		memcpy(p->id, c->id, CONN_ID_BYTES);
		return;
	}
	if (!p)
		p = unused_peer();
	if (!p)
		return;
	memset(p, 0, sizeof(*p));
	if (!wg_remote_init(&p->remote, &me.identity, c->public_key, c->preshared_key))
		return;
	p->used = true;
	memcpy(p->id, c->id, CONN_ID_BYTES);
	wg_mac_keys_init(&p->jar.keys, c->public_key);
	wg_timers_init(&p->timers, WG_PROFILE_STOCK, 0);
	stash_restore_session(p);
}

void peer_path(const uint8_t key[WG_KEY_BYTES], const struct conn_path *path)
{
	struct peer *p = peer_by_key(key);
	if (p)
		p->path = *path;
}

void peer_remove(const uint8_t key[WG_KEY_BYTES], bool goodbye)
{
	static const uint8_t bye[48] = {[0] = 0x60, [5] = 8, [6] = 0xff, [40] = 2};
	struct peer *p = peer_by_key(key);
	if (!p)
		return;
	if (goodbye)
		session_send(p, bye, sizeof(bye));
	sessions_end(p);
	wg_remote_wipe(&p->remote);
	memset(p, 0, sizeof(*p));
}

void report(struct peer *p, enum conn_report_kind kind, const struct arrival *a, bool flag)
{
	struct conn_report r = {.kind = kind, .initiator = flag};
	memcpy(r.public_key, p->remote.public_key, WG_KEY_BYTES);
	if (a) {
		r.at = a->at;
		r.from = a->from;
	}
	if (me.node)
		conn_report_in(me.node, &r, me.now);
}

void peer_send_on_path(struct peer *p, const void *data, size_t bytes)
{
	const struct conn_path *path = &p->path;
	bool relayed = path->kind == CONN_PATH_OUR_RELAY || path->kind == CONN_PATH_RELAY_TO_RELAY;
	struct route r = {.from = path->from, .to = path->to};
	if (relayed) {
		r.relay = path->relay;
		r.channel = path->channel ? path->channel : channel_towards(&path->relay, &path->to);
	}
	if (!path->handle || (relayed && !r.channel)) {
		p->no_path++;
		return;
	}
	route_send(&r, data, bytes);
	if (!relayed || !me.node || (p->channel_ns && me.now - p->channel_ns < CP_S))
		return;
	struct conn_report sent = {.kind = CONN_REPORT_CHANNEL, .relay = r.relay, .channel = r.channel};
	p->channel_ns = me.now;
	conn_report_in(me.node, &sent, me.now);
}

/* --- initiator --- */

static uint64_t jitter(void)
{
	uint64_t random;
	wg_random(&random, sizeof(random));
	return random % WG_JITTER_MAX_NS;
}

static void initiate(struct peer *p)
{
	uint8_t ephemeral[WG_KEY_BYTES], stamp[WG_TIMESTAMP_BYTES];
	struct wg_initiation m;
	wg_random(ephemeral, sizeof(ephemeral));
	wg_timestamp(stamp, clock_wall(), &me.last_stamp);
	p->next_session = (uint8_t)((p->next_session + 1) % SESSIONS_MAX);
	bool made = wg_initiation_create(&me.identity, &p->remote, session_index(p, p->next_session), ephemeral, stamp, &m);
	wg_wipe(ephemeral, sizeof(ephemeral));
	if (!made)
		return;
	wg_macs_add(&p->jar, &m, sizeof(m), me.now);
	wg_timers_initiated(&p->timers, me.now, jitter());
	peer_send_on_path(p, &m, sizeof(m));
}

void peer_handshake(const uint8_t key[WG_KEY_BYTES])
{
	struct peer *p = peer_by_key(key);
	if (p && me.options.wireguard)
		wg_timers_session_wanted(&p->timers, me.now);
}

static void response_in(const struct arrival *a)
{
	const struct wg_response *m = (const void *)a->data;
	uint32_t slot = wg_get32(m->receiver) >> 8;
	struct peer *p = slot < PEERS_MAX && me.peers[slot].used ? &me.peers[slot] : NULL;
	struct wg_session_keys keys;
	if (!p || !wg_response_consume(&me.identity, &p->remote, m, &keys))
		return;
	wg_timers_session_began(&p->timers, me.now, true);
	session_begin(p, &keys);
	wg_wipe(&keys, sizeof(keys));
	session_send(p, "", 0);
	p->handshakes++;
	say("session", "ibaa", "id", p->id, "initiator", 1, "from", &a->from, "relay", &a->relay);
	report(p, CONN_REPORT_COMPLETED, a, true);
}

static void cookie_in(const struct arrival *a)
{
	const struct wg_cookie_reply *m = (const void *)a->data;
	uint32_t slot = wg_get32(m->receiver) >> 8;
	if (slot < PEERS_MAX && me.peers[slot].used)
		wg_cookie_reply_consume(&me.peers[slot].jar, m, me.now);
}

/* --- responder --- */

/* Back to where it came from: the far end may know of a better path than we do. */
static void respond(struct peer *p, const struct arrival *a)
{
	uint8_t ephemeral[WG_KEY_BYTES];
	struct wg_response m;
	struct wg_session_keys keys;
	struct route back = {.from = a->at, .to = a->from, .relay = a->relay, .channel = a->channel};
	wg_random(ephemeral, sizeof(ephemeral));
	p->next_session = (uint8_t)((p->next_session + 1) % SESSIONS_MAX);
	if (wg_response_create(&p->remote, session_index(p, p->next_session), ephemeral, &m, &keys)) {
		wg_macs_add(&p->jar, &m, sizeof(m), me.now);
		session_begin(p, &keys);
		route_send(&back, &m, sizeof(m));
		report(p, CONN_REPORT_HANDSHAKE, a, false);
	}
	wg_wipe(&keys, sizeof(keys));
	wg_wipe(ephemeral, sizeof(ephemeral));
}

static void initiation_in(const struct arrival *a)
{
	const struct wg_initiation *m = (const void *)a->data;
	static const struct wg_source no_source;
	struct wg_consumed c;
	if (wg_macs_check(&me.checker, m, sizeof(*m), &no_source) == WG_MAC_INVALID || !wg_initiation_open(&me.identity, m, &c))
		return;
	struct peer *p = peer_by_key(c.public_key);
	if (p && wg_initiation_finish(&p->remote, m, &c))
		respond(p, a);
	else if (p)
		p->rejected++;
	wg_wipe(&c, sizeof(c));
}

void wireguard_in(const struct arrival *a)
{
	if (is_raw(a)) {
		raw_in(a);
		return;
	}
	switch (wg_message_type(a->data, a->bytes)) {
	case WG_INITIATION: initiation_in(a); break;
	case WG_RESPONSE: response_in(a); break;
	case WG_COOKIE_REPLY: cookie_in(a); break;
	case WG_DATA: session_in(a); break;
	case WG_NONE: break;
	}
}

/* --- time --- */

static bool peer_tick(struct peer *p)
{
	uint32_t actions = wg_timers_tick(&p->timers, me.now);
	if (actions & WG_DO_INITIATE)
		initiate(p);
	if (actions & WG_DO_KEEPALIVE)
		session_send(p, "", 0);
	if (actions & WG_DO_END_SESSION)
		sessions_end(p);
	if (actions & WG_DO_FAIL) {
		say("expired", "i", "id", p->id);
		report(p, CONN_REPORT_EXPIRED, NULL, false);
	}
	stream_tick(p);
	return actions != 0;
}

bool peers_tick(void)
{
	bool any = false;
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (me.peers[i].used)
			any |= peer_tick(&me.peers[i]);
	return any;
}

uint64_t peers_deadline(void)
{
	uint64_t at = 0;
	enum wg_timer_why why;
	for (unsigned int i = 0; i < PEERS_MAX; i++)
		if (me.peers[i].used)
			at = earlier(at, earlier(wg_timers_deadline(&me.peers[i].timers, &why), stream_deadline(&me.peers[i])));
	return at;
}
