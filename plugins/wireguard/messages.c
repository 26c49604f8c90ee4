/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the control plane about peers. */
#include <errno.h>
#include <string.h>

#include <nf/clock.h>

#include "upsert.h"
#include "wg.h"

static void apply_profile(struct wg_peer *p, const struct nf_peer_upsert *u)
{
	bool timers_changed = p->timer_profile != u->timers || p->keepalive_s != u->keepalive_s;
	p->flags = u->flags & ~(uint32_t)(NF_PEER_INITIATE | NF_PEER_MOVE); /* wishes for now, not properties */
	p->inner_mtu = u->inner_mtu;
	p->padding = u->padding;
	p->roaming = u->endpoint_mode == NF_ENDPOINT_ROAMING;
	p->endpoint_mode = u->endpoint_mode;
	p->timer_profile = u->timers;
	p->keepalive_s = u->keepalive_s;
	memcpy(p->name, u->name, sizeof(p->name));
	p->timers.profile = (enum wg_profile)u->timers;
	p->timers.persistent_s = u->keepalive_s;
	if (timers_changed)
		p->timers.persistent_at = u->keepalive_s ? nf_clock_ns() : 0;
}

static void apply_endpoint(struct wg_peer *p, const struct nf_peer_upsert *u)
{
	struct wg_endpoint e = {.family = u->endpoint.family, .remote_port = u->endpoint.port};
	memcpy(e.remote, u->endpoint.addr, u->endpoint.family == 4 ? 4 : 16);
	if (p->close)
		closing_begin_anew(p, &e);
	else if (e.family && (!p->endpoint || (u->flags & NF_PEER_MOVE))) /* overrides a learnt one only when moved */
		peer_set_endpoint(p, &e);
}

static int upsert(const struct nf_request *req)
{
	const struct nf_peer_upsert *u = req->body;
	char why[NF_TEXT_BYTES];
	int rc = wg_upsert_check(u, req->tail, req->tail_bytes, wg.has_identity ? wg.identity.public_key : NULL, why);
	if (rc != 0) {
		nf_refuse(req, "%s", why);
		return rc;
	}
	struct wg_peer *p = peer_by_key(u->public_key);
	bool is_new = p == NULL;
	if (is_new)
		p = peer_create(u->public_key);
	if (!p) {
		nf_refuse(req, "peer \"%.31s\": no room, max_peers is %u", u->name, wg.limits.max_peers);
		return -ENOSPC;
	}
	uint64_t now = nf_clock_ns();
	p->epoch = nf_sync_epoch();
	if (closing_holds(p, u->reopen))
		return 0;
	p->upserted_ns = u->flags & NF_PEER_STATIC ? 0 : now; /* a file read again makes no goodbye outdated */
	if (is_new || p->operator_closed || memcmp(p->preshared_key, u->preshared_key, WG_KEY_BYTES) != 0) {
		memcpy(p->preshared_key, u->preshared_key, WG_KEY_BYTES);
		handshaker_peer(p->handle, p->public_key, p->preshared_key);
	}
	if (p->operator_closed)
		p->operator_closed = p->closing = false;
	apply_profile(p, u);
	apply_endpoint(p, u);
	rc = peer_set_allowed(p, req->tail, u->allowed_count);
	if ((u->flags & NF_PEER_INITIATE) && !p->current && p->endpoint && !p->close)
		wg_timers_session_wanted(&p->timers, now);
	if (!closing_is_shut(p))
		peer_rearm(p, now);
	return rc;
}

static struct wg_peer *named(const struct nf_request *req, const uint8_t *key)
{
	struct wg_peer *p = peer_by_key(key);
	if (!p)
		nf_refuse(req, "there is no peer of this key");
	return p;
}

static int remove_peer(const struct nf_request *req)
{
	struct wg_peer *p = named(req, ((const struct nf_peer_key *)req->body)->public_key);
	if (!p)
		return -ENOENT;
	peer_destroy(p);
	return 0;
}

static int check_close(const struct nf_request *req, uint16_t reason, uint16_t goodbye_bytes)
{
	if (reason < NF_CLOSE_OPERATOR || reason > NF_CLOSE_STOP) {
		nf_refuse(req, "reason %u is none to close a peer for", reason);
		return -EINVAL;
	}
	if (goodbye_bytes > NF_GOODBYE_MAX) {
		nf_refuse(req, "a goodbye of %u bytes, the most is %u", goodbye_bytes, NF_GOODBYE_MAX);
		return -EMSGSIZE;
	}
	if (req->tail_bytes != goodbye_bytes) {
		nf_refuse(req, "%zu bytes of tail are not a goodbye of %u", req->tail_bytes, goodbye_bytes);
		return -EBADMSG;
	}
	return 0;
}

static int close_peer(const struct nf_request *req)
{
	const struct nf_peer_close *c = req->body;
	struct wg_peer *p = named(req, c->public_key);
	if (!p)
		return -ENOENT;
	int rc = check_close(req, c->reason, c->goodbye_bytes);
	if (rc != 0)
		return rc;
	if (p->operator_closed || p->close) {
		nf_refuse(req, "peer \"%s\" is %s already", p->name, p->close ? "being closed" : "closed");
		return -EALREADY;
	}
	rc = closing_begin(p, c->reason, c->linger_ms, req->tail, c->goodbye_bytes);
	if (rc != 0)
		nf_refuse(req, "peer \"%s\": %s", p->name, strerror(-rc));
	return rc;
}

static int close_all(const struct nf_request *req)
{
	const struct nf_peer_close_all *c = req->body;
	int rc = check_close(req, c->reason, c->goodbye_bytes);
	if (rc != 0)
		return rc;
	rc = closing_begin_all(c->reason, c->linger_ms, req->tail, c->goodbye_bytes, c->peers_per_s);
	if (rc == -EALREADY)
		nf_refuse(req, "all peers are being closed already");
	else if (rc != 0)
		nf_refuse(req, "%s", strerror(-rc));
	return rc;
}

static int handshake(const struct nf_request *req)
{
	struct wg_peer *p = named(req, ((const struct nf_peer_key *)req->body)->public_key);
	if (!p)
		return -ENOENT;
	if (closing_is_shut(p)) {
		nf_refuse(req, "peer \"%s\" is closed", p->name);
		return -EALREADY;
	}
	if (!p->endpoint) {
		nf_refuse(req, "peer \"%s\": its endpoint is unknown", p->name);
		return -EHOSTUNREACH;
	}
	peer_initiate(p, nf_clock_ns());
	return 0;
}

/* What the control plane says to a peer: an inner packet. No session, no message: it is said again. */
static int inject(const struct nf_request *req)
{
	const struct nf_inject *i = req->body;
	struct wg_peer *p = peer_by_key(i->public_key);
	bool fits = i->data_bytes == req->tail_bytes && i->data_bytes > 0 && p && i->data_bytes <= p->inner_mtu;
	if (i->kind != NF_PUNT_CONTROL || !fits)
		return -EINVAL;
	return peer_can_send(p, nf_clock_ns()) && peer_send_inner(p, req->tail, (uint16_t)i->data_bytes, 0) ? 0 : -EAGAIN;
}

static uint64_t ago(uint64_t now, uint64_t then)
{
	return then ? now - then : UINT64_MAX;
}

static uint32_t state_of(const struct wg_peer *p, uint64_t now)
{
	if (p->operator_closed)
		return NF_PEER_STATE_CLOSED;
	if (p->close)
		return NF_PEER_STATE_CLOSING;
	if (peer_can_send(p, now))
		return NF_PEER_STATE_UP;
	return p->timers.attempt_ns ? NF_PEER_STATE_HANDSHAKE : NF_PEER_STATE_IDLE;
}

static void reply_info(const struct nf_request *req, const struct wg_peer *p, bool more)
{
	uint64_t now = nf_clock_ns();
	struct wg_line t = peer_totals(p);
	struct nf_peer_info info = {
		.last_handshake_ago_ns = ago(now, p->last_handshake_ns),
		.last_rx_ago_ns = ago(now, t.seen[WG_SEEN_ANY_RECEIVED]),
		.last_tx_ago_ns = ago(now, t.seen[WG_SEEN_ANY_SENT]),
		.rx_packets = t.rx_packets,
		.rx_bytes = t.rx_bytes,
		.tx_packets = t.tx_packets,
		.tx_bytes = t.tx_bytes,
		.handshakes = p->handshakes,
		.flags = p->flags,
		.state = state_of(p, now),
		.keepalive_s = p->keepalive_s,
		.inner_mtu = p->inner_mtu,
		.timers = p->timer_profile,
		.endpoint_mode = p->endpoint_mode,
		.padding = p->padding,
		.has_psk = (p->flags & NF_PEER_HAS_PSK) != 0,
		.allowed_count = p->n_allowed,
	};
	memcpy(info.public_key, p->public_key, WG_KEY_BYTES);
	memcpy(info.name, p->name, sizeof(info.name));
	if (p->endpoint) {
		info.endpoint.family = p->endpoint->family;
		info.endpoint.port = p->endpoint->remote_port;
		memcpy(info.endpoint.addr, p->endpoint->remote, 16);
	}
	nf_reply(req, &info, sizeof(info), p->allowed, p->n_allowed * sizeof(struct nf_addr), more);
}

struct listing {
	const struct nf_request *req;
	const struct wg_peer *last;
};

/* One behind, so that the last one is known as such. */
static void list_one(struct wg_peer *p, void *arg)
{
	struct listing *l = arg;
	if (l->last)
		reply_info(l->req, l->last, true);
	l->last = p;
}

static int peers_get(const struct nf_request *req)
{
	struct listing l = {.req = req};
	peers_each(list_one, &l);
	if (l.last)
		reply_info(req, l.last, false);
	return 0;
}

struct sweeping {
	uint32_t epoch;
	struct nf_sync_done *done;
};

static void sweep_one(struct wg_peer *p, void *arg)
{
	struct sweeping *s = arg;
	if (p->epoch == s->epoch || p->close) {
		s->done->peers_kept++;
		return;
	}
	s->done->peers_swept++;
	if (p->operator_closed || closing_begin(p, NF_CLOSE_REMOVED, 0, NULL, 0) != 0)
		peer_destroy(p);
}

void wg_sweep(uint32_t epoch, struct nf_sync_done *done)
{
	struct sweeping s = {.epoch = epoch, .done = done};
	peers_each(sweep_one, &s);
}

static void count_session(struct wg_peer *p, void *arg)
{
	struct nf_status *s = arg;
	s->sessions += peer_can_send(p, nf_clock_ns());
}

void wg_status(struct nf_status *status)
{
	status->peers = wg.peers.used;
	memcpy(status->public_key, wg.identity.public_key, WG_KEY_BYTES);
	snprintf(status->aead, sizeof(status->aead), "%s", wg.aead->name);
	snprintf(status->aead_why, sizeof(status->aead_why), "%s", wg.aead_choice.why);
	peers_each(count_session, status);
}

const struct nf_handler wg_handlers[] = {
	{NF_MSG_PEER_UPSERT, upsert},
	{NF_MSG_PEER_REMOVE, remove_peer},
	{NF_MSG_PEER_CLOSE, close_peer},
	{NF_MSG_PEER_CLOSE_ALL, close_all},
	{NF_MSG_PEER_HANDSHAKE, handshake},
	{NF_MSG_PEERS_GET, peers_get},
	{NF_MSG_INJECT, inject},
	{0},
};
