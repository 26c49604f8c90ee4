/* SPDX-License-Identifier: Apache-2.0 */
/* The façade: sends each input to whom it concerns, and keeps the clock from going back. */
#include "core.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/outq.h"
#include "drain/drain.h"
#include "greeting/greeting.h"
#include "link/link.h"
#include "operator/operator.h"
#include "paths/paths.h"
#include "peers/peers.h"

struct cp_core {
	struct cp_settings settings;
	struct cp_outq out;
	struct cp_peers peers;
	struct cp_link link;
	struct cp_operator operator;
	struct cp_drain drain;
	struct cp_paths paths;
	cp_time last;
	/* A reload under way: the NF reads the file first, then the peers are synced. */
	uint32_t reload_seq;
	uint32_t reload_changed;
	bool paths_asserted; /* in the sync that is under way */
	bool reload_syncs; /* its answer, below, waits for the sync */
	struct nf_reload_done reload_done;
};

/* After every input: the connections have their say. */
static void settle(struct cp_core *c, cp_time now)
{
	if (!c->paths.conns)
		return;
	if (c->link.asks_paths) {
		c->link.asks_paths = false;
		paths_learn(&c->paths, now);
	}
	if (c->link.waits_for_paths && !c->paths_asserted)
		paths_reassert(&c->paths, now);
	c->paths_asserted = c->link.waits_for_paths;
	paths_pump(&c->paths, now);
}

static void clock_moves(struct cp_core *c, cp_time now)
{
	assert(now >= c->last);
	c->last = now;
}

struct cp_core *cp_core_new(const struct cp_settings *settings, struct cp_wanted *wanted, cp_time now)
{
	struct cp_core *c = calloc(1, sizeof(*c));
	if (!c || cp_peers_replace(&c->peers, wanted, false) == UINT32_MAX) {
		free(c);
		return NULL;
	}
	c->settings = *settings;
	c->last = now;
	cp_outq_init(&c->out);
	link_init(&c->link, &c->out, &c->peers, &c->settings, now);
	operator_init(&c->operator, &c->out, &c->link);
	return c;
}

void cp_core_free(struct cp_core *c)
{
	if (!c)
		return;
	paths_fini(&c->paths);
	cp_outq_fini(&c->out);
	cp_peers_fini(&c->peers);
	free(c);
}

void cp_core_nf_up(struct cp_core *c, cp_time now)
{
	clock_moves(c, now);
	link_up(&c->link, now);
	settle(c, now);
}

void cp_core_nf_down(struct cp_core *c, cp_time now)
{
	clock_moves(c, now);
	if (c->reload_seq || c->reload_syncs)
		operator_reload_done(&c->operator, NULL, -ENOTCONN, "the network function went away while it read the file");
	c->reload_seq = 0;
	c->reload_syncs = false;
	operator_link_down(&c->operator);
	link_down(&c->link, now);
	drain_link_down(&c->drain, &c->link, now);
	paths_link_down(&c->paths);
	settle(c, now);
}

static void peer_event(struct cp_core *c, const struct nf_peer_event_body *e, cp_time now)
{
	if (c->paths.conns)
		paths_peer_event(&c->paths, e, now);
	struct cp_peer *p = cp_peers_find(&c->peers, e->public_key);
	if (!p)
		return;
	if (e->event == NF_PEER_GOODBYE)
		p->endpoint = (struct nf_addr){0};
	else if (e->endpoint.family)
		p->endpoint = e->endpoint;
	cp_outq_log(&c->out, CP_DEBUG, "peer_event", "name=%.31s event=%u", p->upsert.name, e->event);
	if (e->event == NF_PEER_SESSION)
		greet(&c->out, p, now);
}

static void peer_closed(struct cp_core *c, const struct nf_peer_closed *r)
{
	struct cp_peer *p = cp_peers_find(&c->peers, r->public_key);
	if (p && r->reason == NF_CLOSE_OPERATOR) {
		p->operator_closed = true;
		p->endpoint = (struct nf_addr){0};
	}
	operator_peer_closed(&c->operator, r);
	drain_peer_closed(&c->drain, r);
}

static void close_all_done(struct cp_core *c, const struct nf_close_all_done *done, cp_time now)
{
	bool ours = c->drain.asked;
	operator_close_all_done(&c->operator, done);
	if (ours)
		drain_close_all_done(&c->drain, &c->link, done, now);
	else
		drain_link_ready(&c->drain, &c->link, now);
}

static void event(struct cp_core *c, const struct nf_msg_hdr *hdr, const void *body, cp_time now)
{
	switch (hdr->type) {
	case NF_MSG_PEER_EVENT:
		if (hdr->body_bytes >= sizeof(struct nf_peer_event_body))
			peer_event(c, body, now);
		break;
	case NF_MSG_PEER_CLOSED:
		if (hdr->body_bytes >= sizeof(struct nf_peer_closed))
			peer_closed(c, body);
		break;
	case NF_MSG_CLOSE_ALL_DONE:
		if (hdr->body_bytes >= sizeof(struct nf_close_all_done))
			close_all_done(c, body, now);
		break;
	case NF_MSG_STOP_REQUESTED:
		if (hdr->body_bytes >= sizeof(struct nf_stop))
			drain_begin(&c->drain, &c->link, false, (int)((const struct nf_stop *)body)->signal, now);
		break;
	case NF_MSG_RELOADED: /* the NF was signalled; the peers of the same file are ours */
		cp_outq_put(&c->out, (struct cp_out){.kind = CP_OUT_READ_FILE});
		break;
	default:
		cp_outq_log(&c->out, CP_WARN, "nf_event_unknown", "type=%u", hdr->type);
	}
}

/* The NF has applied its part of the file: now the peers. Who asked is answered when all of it holds. */
static void reload_answered(struct cp_core *c, const struct nf_msg_hdr *hdr, const void *body, cp_time now)
{
	struct nf_reload_done done = {0};
	c->reload_seq = 0;
	if (hdr->status < 0) {
		const struct nf_error *e = body;
		bool has_text = hdr->body_bytes >= sizeof(*e);
		operator_reload_done(&c->operator, NULL, hdr->status, has_text ? e->text : "the network function refused the file");
		return;
	}
	if (hdr->body_bytes >= sizeof(done))
		memcpy(&done, body, sizeof(done));
	done.changed += c->reload_changed;
	cp_outq_log(&c->out, CP_INFO, "reloaded", "changed=%u refused=%u", done.changed, done.refused);
	c->reload_done = done;
	c->reload_syncs = true;
	link_resync(&c->link, now);
}

static void link_is_ready(struct cp_core *c, cp_time now)
{
	if (c->reload_syncs)
		operator_reload_done(&c->operator, &c->reload_done, 0, NULL);
	c->reload_syncs = false;
	drain_link_ready(&c->drain, &c->link, now);
}

static void reply(struct cp_core *c, const struct nf_msg_hdr *hdr, const void *body, bool came_identity, cp_time now)
{
	bool was_ready = c->link.state == LINK_READY;
	if (c->paths.conns && paths_reply(&c->paths, hdr, body, now))
		return;
	if (link_reply(&c->link, hdr, body, came_identity, now)) {
		if (!was_ready && c->link.state == LINK_READY)
			link_is_ready(c, now);
		return;
	}
	if (c->reload_seq && hdr->seq == c->reload_seq)
		reload_answered(c, hdr, body, now);
	else if (!operator_reply(&c->operator, hdr, body) && hdr->type == NF_MSG_PEER_CLOSE_ALL && hdr->status < 0)
		drain_refused(&c->drain, &c->link, now);
}

void cp_core_nf_in(struct cp_core *c, const void *msg, size_t bytes, bool came_identity, cp_time now)
{
	struct nf_msg_hdr hdr;
	clock_moves(c, now);
	if (bytes < sizeof(hdr) || bytes > NF_MSG_MAX_BYTES)
		return;
	memcpy(&hdr, msg, sizeof(hdr));
	if (hdr.body_bytes != bytes - sizeof(hdr)) {
		cp_outq_log(&c->out, CP_WARN, "nf_message_malformed", "type=%u bytes=%zu", hdr.type, bytes);
		return;
	}
	link_progress(&c->link, now);
	const void *body = (const uint8_t *)msg + sizeof(hdr);
	if (hdr.flags & NF_MSG_EVENT)
		event(c, &hdr, body, now);
	else if (hdr.flags & NF_MSG_REPLY)
		reply(c, &hdr, body, came_identity, now);
	settle(c, now);
}

void cp_core_punt_in(struct cp_core *c, const void *msg, size_t bytes, cp_time now)
{
	clock_moves(c, now);
	if (!c->paths.conns || !paths_punted(&c->paths, msg, bytes, now))
		greeting_punted(&c->out, &c->peers, msg, bytes, now);
	settle(c, now);
}

void cp_core_operator_in(struct cp_core *c, uint32_t conn, const void *msg, size_t bytes, cp_time now)
{
	clock_moves(c, now);
	if (operator_in(&c->operator, conn, msg, bytes, now))
		cp_core_reload(c, now);
}

void cp_core_operator_gone(struct cp_core *c, uint32_t conn)
{
	operator_gone(&c->operator, conn);
}

void cp_core_reload(struct cp_core *c, cp_time now)
{
	clock_moves(c, now);
	cp_outq_put(&c->out, (struct cp_out){.kind = CP_OUT_READ_FILE});
}

void cp_core_file_read(struct cp_core *c, const struct cp_settings *settings, struct cp_wanted *wanted, cp_time now)
{
	struct nf_empty empty = {0};
	clock_moves(c, now);
	c->reload_changed = cp_peers_replace(&c->peers, wanted, true);
	if (c->reload_changed == UINT32_MAX) {
		cp_core_file_refused(c, "out of memory", now);
		return;
	}
	c->settings = *settings;
	c->reload_seq = link_request(&c->link, NF_MSG_RELOAD, &empty, sizeof(empty), NULL, 0, now);
	if (!c->reload_seq) /* it reads the file when it starts, and is told of the peers then */
		operator_reload_done(&c->operator, NULL, -ENOTCONN,
				     "the file was read; the network function is not attached and will be told when it is");
}

void cp_core_file_refused(struct cp_core *c, const char *text, cp_time now)
{
	clock_moves(c, now);
	cp_outq_log(&c->out, CP_ERR, "reload_failed", "error=\"%s\"", text);
	operator_reload_done(&c->operator, NULL, -EINVAL, text);
}

void cp_core_stop(struct cp_core *c, int signo, cp_time now)
{
	clock_moves(c, now);
	drain_begin(&c->drain, &c->link, true, signo, now);
}

void cp_core_tick(struct cp_core *c, cp_time now)
{
	clock_moves(c, now);
	link_tick(&c->link, now);
	drain_tick(&c->drain, &c->link, now);
	if (c->paths.conns)
		conn_tick(c->paths.conns, now);
	settle(c, now);
}

int cp_core_paths_open(struct cp_core *c, const struct conn_settings *s, uint16_t port, cp_time now)
{
	clock_moves(c, now);
	int rc = paths_open(&c->paths, s, port, &c->out, &c->link, now);
	c->link.has_paths = rc == 0;
	return rc;
}

int cp_core_peer_upsert(struct cp_core *c, const struct conn_peer *peer, const char *name, const struct nf_addr *allowed,
			uint16_t n_allowed, cp_time now)
{
	clock_moves(c, now);
	if (!c->paths.conns)
		return -ENOTSUP;
	int rc = paths_upsert(&c->paths, peer, name, allowed, n_allowed, now);
	settle(c, now);
	return rc;
}

int cp_core_peer_close(struct cp_core *c, const uint8_t id[16], cp_time now)
{
	clock_moves(c, now);
	if (!c->paths.conns)
		return -ENOTSUP;
	bool known = conn_close(c->paths.conns, id, now);
	settle(c, now);
	return known ? 0 : -ENOENT;
}

int cp_core_candidate(struct cp_core *c, const uint8_t id[16], const char *text, size_t bytes, bool gone, cp_time now)
{
	clock_moves(c, now);
	if (!c->paths.conns)
		return -ENOTSUP;
	int rc = gone ? conn_candidate_remove(c->paths.conns, id, text, bytes, now)
		      : conn_candidate_add(c->paths.conns, id, text, bytes, now);
	settle(c, now);
	return rc;
}

int cp_core_relays(struct cp_core *c, const uint8_t (*remove)[16], unsigned int n_remove, const struct conn_relay *add,
		   unsigned int n_add, cp_time now)
{
	clock_moves(c, now);
	if (!c->paths.conns)
		return -ENOTSUP;
	int rc = conn_relays_update(c->paths.conns, remove, n_remove, add, n_add, now);
	settle(c, now);
	return rc;
}

void cp_core_peers_complete(struct cp_core *c, cp_time now)
{
	clock_moves(c, now);
	if (c->paths.conns)
		paths_complete(&c->paths, now);
	settle(c, now);
}

bool cp_core_next(struct cp_core *c, struct cp_out *ret)
{
	if (cp_outq_next(&c->out, ret))
		return true;
	if (!c->out.failed)
		return false;
	/* Something was not said for want of memory: the conversation starts anew. */
	c->out.failed = false;
	*ret = (struct cp_out){.kind = CP_OUT_NF_RESET};
	return true;
}

static struct cp_deadline earlier(struct cp_deadline d, cp_time at, const char *why)
{
	return at != 0 && (d.at == 0 || at < d.at) ? (struct cp_deadline){.at = at, .why = why} : d;
}

struct cp_deadline cp_core_deadline(const struct cp_core *c)
{
	struct cp_deadline d = {.why = "nothing"};
	cp_time paths = c->paths.conns ? paths_deadline(&c->paths) : CP_NEVER;
	d = earlier(d, link_deadline(&c->link), c->link.retry_at ? "connect" : "answer");
	d = earlier(d, drain_deadline(&c->drain), "drain");
	return paths == CP_NEVER ? d : earlier(d, paths > c->last ? paths : c->last + 1, "connections");
}
