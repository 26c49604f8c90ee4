/* SPDX-License-Identifier: Apache-2.0 */
#include "wireguard.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "host.h"
#include "wg_wire.h"

#define REKEY_TIMEOUT    (5 * CP_S)
#define ATTEMPT_TIME     (15 * CP_S)
#define REKEY_AFTER      (120 * CP_S)
#define REJECT_AFTER     (180 * CP_S)
#define EXPIRES_AFTER    (540 * CP_S)

/* --- sending --- */

static cp_time now_of(const struct wg_peer *p)
{
	return p->host->clock->now;
}

static bool send_on_path(struct wg_peer *p, const uint8_t *data, size_t bytes)
{
	const struct conn_path *path = &p->path;
	struct way way = {.from = path->from, .to = path->to};
	if (path->handle == 0)
		return false;
	if (path->kind == CONN_PATH_OUR_RELAY || path->kind == CONN_PATH_RELAY_TO_RELAY) {
		way.relay = path->relay;
		way.channel = path->channel ? path->channel : host_channel_of(p->host, &path->relay, &path->to);
		if (!way.channel)
			return false;
	}
	host_send_way(p->host, &way, data, bytes);
	return true;
}

static void begin(uint8_t *m, uint32_t type, uint32_t index)
{
	memset(m, 0, NET_PACKET_MAX);
	wg_put32(m, type);
	wg_put32(m + 4, index);
}

static uint32_t next_index(struct wg_peer *p)
{
	if (++p->made == 0)
		p->made = 1;
	return (uint32_t)(p->number << 8 | p->made);
}

static void send_initiation(struct wg_peer *p)
{
	uint8_t m[NET_PACKET_MAX];
	p->attempt.local = next_index(p);
	begin(m, WG_INITIATION, p->attempt.local);
	memcpy(m + 8, p->host->key, CONN_KEY_BYTES);
	memcpy(m + 40, p->key, CONN_KEY_BYTES);
	wg_put64(m + 72, now_of(p));
	p->handshakes++;
	send_on_path(p, m, WG_INITIATION_BYTES);
}

static void send_keepalive(struct wg_peer *p)
{
	uint8_t m[NET_PACKET_MAX];
	begin(m, WG_DATA, p->session[WG_CURRENT].remote);
	send_on_path(p, m, WG_KEEPALIVE_BYTES);
}

static void report(struct wg_peer *p, enum conn_report_kind kind, const struct way *way, bool initiator)
{
	struct conn_report r = {.kind = kind, .initiator = initiator};
	memcpy(r.public_key, p->key, sizeof(r.public_key));
	if (way) {
		r.at = way->from;
		r.from = way->to;
	}
	host_report(p->host, &r);
}

static void report_activity(struct wg_peer *p)
{
	if (now_of(p) < p->reported_activity + CP_S)
		return;
	p->reported_activity = now_of(p);
	report(p, CONN_REPORT_ACTIVITY, NULL, false);
}

static bool can_send(const struct wg_peer *p)
{
	const struct wg_session *s = &p->session[WG_CURRENT];
	return s->local && now_of(p) < s->born + REJECT_AFTER && p->path.handle != 0;
}

static void send_data(struct wg_peer *p)
{
	uint8_t m[NET_PACKET_MAX];
	begin(m, WG_DATA, p->session[WG_CURRENT].remote);
	m[16] = WG_INNER_DATA;
	wg_put64(m + 24, p->flow->sent);
	if (send_on_path(p, m, WG_DATA_BYTES))
		p->flow->sent++;
	else
		p->flow->unsent++;
}

static void flush(struct wg_peer *p)
{
	while (p->queued > 0 && can_send(p)) {
		p->queued--;
		send_data(p);
	}
}

void wg_packet_out(struct wg_peer *p)
{
	report_activity(p);
	if (can_send(p)) {
		send_data(p);
		return;
	}
	if (p->queued < WG_QUEUE_MAX && (p->waits || p->path.handle))
		p->queued++;
	else
		p->flow->unsent++;
	if (p->path.handle && !p->session[WG_CURRENT].local && !p->session[WG_NEXT].local)
		wg_handshake(p);
}

void wg_goodbye(struct wg_peer *p)
{
	uint8_t m[NET_PACKET_MAX];
	begin(m, WG_DATA, p->session[WG_CURRENT].remote);
	m[16] = WG_INNER_GOODBYE;
	if (can_send(p))
		send_on_path(p, m, 80);
}

/* --- handshakes --- */

static void retried(struct event *e)
{
	struct wg_peer *p = (struct wg_peer *)((char *)e - offsetof(struct wg_peer, retry));
	if (now_of(p) >= p->attempt.began + ATTEMPT_TIME) {
		p->attempt.local = 0;
		report(p, CONN_REPORT_EXPIRED, NULL, true);
		return;
	}
	clock_after(p->host->clock, e, REKEY_TIMEOUT + dice_between(&p->host->dice, 0, 333 * CP_MS));
	send_initiation(p);
}

void wg_handshake(struct wg_peer *p)
{
	if (p->attempt.local)
		return;
	p->attempt.began = now_of(p);
	clock_after(p->host->clock, &p->retry, REKEY_TIMEOUT + dice_between(&p->host->dice, 0, 333 * CP_MS));
	send_initiation(p);
}

static void rekeyed(struct event *e)
{
	wg_handshake((struct wg_peer *)((char *)e - offsetof(struct wg_peer, rekey)));
}

static void expired(struct event *e)
{
	report((struct wg_peer *)((char *)e - offsetof(struct wg_peer, expiry)), CONN_REPORT_EXPIRED, NULL, false);
}

static void completed(struct wg_peer *p, const struct way *way, bool initiator)
{
	p->completed = now_of(p);
	p->attempt.local = 0;
	clock_cancel(p->host->clock, &p->retry);
	clock_after(p->host->clock, &p->expiry, EXPIRES_AFTER);
	if (initiator)
		clock_after(p->host->clock, &p->rekey, REKEY_AFTER);
	report(p, CONN_REPORT_COMPLETED, way, initiator);
}

static void session_use(struct wg_peer *p, struct wg_session s)
{
	p->session[WG_PREVIOUS] = p->session[WG_CURRENT];
	p->session[WG_CURRENT] = s;
	p->session[WG_NEXT] = (struct wg_session){0};
}

static void on_initiation(struct wg_peer *p, const struct way *back, const uint8_t *in)
{
	uint8_t m[NET_PACKET_MAX];
	if (memcmp(in + 40, p->host->key, CONN_KEY_BYTES) != 0 || wg_get64(in + 72) <= p->latest)
		return;
	p->latest = wg_get64(in + 72);
	p->initiations_in++;
	uint32_t local = next_index(p);
	p->session[WG_NEXT] = (struct wg_session){.local = local, .remote = wg_get32(in + 4), .born = now_of(p)};
	begin(m, WG_RESPONSE, local);
	wg_put32(m + 8, wg_get32(in + 4));
	host_send_way(p->host, back, m, WG_RESPONSE_BYTES);
	report(p, CONN_REPORT_HANDSHAKE, back, false);
}

static void on_response(struct wg_peer *p, const struct way *back, const uint8_t *in)
{
	if (wg_get32(in + 8) != p->attempt.local || p->attempt.local == 0)
		return;
	session_use(p, (struct wg_session){.local = p->attempt.local, .remote = wg_get32(in + 4), .born = now_of(p)});
	send_keepalive(p);
	completed(p, back, true);
	flush(p);
}

static struct wg_session *session_of(struct wg_peer *p, uint32_t local)
{
	for (int i = 0; i < WG_SESSIONS; i++)
		if (p->session[i].local == local && now_of(p) < p->session[i].born + REJECT_AFTER)
			return &p->session[i];
	return NULL;
}

static void on_data(struct wg_peer *p, const struct way *back, const uint8_t *in, size_t bytes)
{
	struct wg_session *s = session_of(p, wg_get32(in + 4));
	if (!s)
		return;
	if (s == &p->session[WG_NEXT]) { /* its first packet: the initiator has the response */
		session_use(p, *s);
		completed(p, back, false);
		flush(p);
	}
	if (bytes == WG_KEEPALIVE_BYTES)
		return;
	if (in[16] == WG_INNER_GOODBYE) {
		host_goodbye_came(p->host, p->id);
	} else {
		flow_receive(p->flow, wg_get64(in + 24), now_of(p));
		report_activity(p);
	}
}

void wg_in(struct wg_peer *p, const struct way *back, const uint8_t *data, size_t bytes)
{
	switch (wg_get32(data)) {
	case WG_INITIATION:
		on_initiation(p, back, data);
		break;
	case WG_RESPONSE:
		on_response(p, back, data);
		break;
	default:
		on_data(p, back, data, bytes);
	}
}

/* --- life --- */

void wg_path(struct wg_peer *p, const struct conn_path *path)
{
	p->path = *path;
	p->paths++;
	flush(p);
	if (p->queued > 0 && !p->session[WG_CURRENT].local)
		wg_handshake(p);
}

struct wg_peer *wg_peer_new(struct host *h, struct flow *flow, const uint8_t id[CONN_ID_BYTES], const uint8_t key[CONN_KEY_BYTES],
			    uint64_t number)
{
	struct wg_peer *p = calloc(1, sizeof(*p));
	assert(p);
	p->host = h;
	p->flow = flow;
	p->number = number;
	p->waits = h->role == CONN_CLIENT;
	memcpy(p->id, id, sizeof(p->id));
	memcpy(p->key, key, sizeof(p->key));
	p->retry.fire = retried;
	p->rekey.fire = rekeyed;
	p->expiry.fire = expired;
	clock_after(h->clock, &p->expiry, EXPIRES_AFTER);
	return p;
}

void wg_peer_free(struct wg_peer *p)
{
	struct event *timers[] = {&p->retry, &p->rekey, &p->expiry};
	for (unsigned int i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		clock_cancel(p->host->clock, timers[i]);
	free(p);
}
