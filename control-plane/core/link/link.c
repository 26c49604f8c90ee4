/* SPDX-License-Identifier: Apache-2.0 */
#include "link/link.h"

#include <errno.h>
#include <string.h>

#define MS            1000000ull
#define PROGRESS_NS   (10000 * MS) /* a network function that is silent for longer is given up */
#define RETRY_MIN_MS  50u
#define RETRY_MAX_MS  500u

void link_init(struct cp_link *l, struct cp_outq *out, struct cp_peers *peers, const struct cp_settings *settings, cp_time now)
{
	*l = (struct cp_link){.out = out, .peers = peers, .settings = settings, .retry_at = now, .retry_ms = RETRY_MIN_MS};
}

static uint32_t send(struct cp_link *l, uint16_t type, bool with_identity, const void *body, size_t body_bytes,
		     const void *tail, size_t tail_bytes, cp_time now)
{
	struct nf_msg_hdr hdr = {.type = type, .seq = ++l->seq, .epoch = l->epoch};
	cp_outq_message(l->out, (struct cp_out){.kind = CP_OUT_NF_SEND, .with_identity = with_identity}, hdr, body, body_bytes,
			tail, tail_bytes);
	if (!l->progress_by)
		l->progress_by = now + PROGRESS_NS;
	return hdr.seq;
}

static void say_hello(struct cp_link *l, cp_time now)
{
	struct nf_hello h = {.abi = NF_WIRE_ABI, .pid = l->settings->pid, .has_identity = l->has_identity};
	memcpy(h.boot_id, l->settings->boot_id, sizeof(h.boot_id));
	l->state = LINK_HELLO;
	l->own_first_seq = send(l, NF_MSG_HELLO, l->has_identity, &h, sizeof(h), NULL, 0, now);
}

void link_up(struct cp_link *l, cp_time now)
{
	l->announced_absence = false;
	l->retry_ms = RETRY_MIN_MS;
	l->retry_at = 0;
	l->progress_by = 0;
	say_hello(l, now);
}

void link_down(struct cp_link *l, cp_time now)
{
	bool was_there = l->state > LINK_CONNECTING;
	if (was_there || !l->announced_absence)
		cp_outq_log(l->out, CP_WARN, was_there ? "nf_lost" : "nf_absent", "retry_ms=%u", l->retry_ms);
	l->announced_absence = true;
	l->state = LINK_DOWN;
	l->asks_paths = l->waits_for_paths = false;
	l->progress_by = 0;
	l->retry_at = now + l->retry_ms * MS;
	l->retry_ms = l->retry_ms * 2 < RETRY_MAX_MS ? l->retry_ms * 2 : RETRY_MAX_MS;
}

static void reset(struct cp_link *l, const char *why)
{
	cp_outq_log(l->out, CP_ERR, "nf_reset", "why=\"%s\"", why);
	cp_outq_put(l->out, (struct cp_out){.kind = CP_OUT_NF_RESET});
	l->progress_by = 0;
}

static void sync_next(struct cp_link *l, cp_time now)
{
	struct nf_sync end = {.epoch = l->epoch, .flags = 1};
	for (; l->in_flight < LINK_WINDOW && l->next_peer < l->peers->n; l->next_peer++) {
		const struct cp_peer *p = &l->peers->at[l->next_peer];
		struct nf_peer_upsert u = cp_peer_upsert(p, l->fresh);
		if (p->operator_closed && l->fresh)
			continue; /* a new NF does not know that the operator closed it */
		send(l, NF_MSG_PEER_UPSERT, false, &u, sizeof(u), p->allowed, u.allowed_count * sizeof(*p->allowed), now);
		explicit_bzero(&u, sizeof(u));
		l->in_flight++;
	}
	if (l->in_flight > 0 || l->next_peer < l->peers->n)
		return;
	if (l->has_paths && !l->paths_said) {
		l->waits_for_paths = true;
		return;
	}
	send(l, NF_MSG_SYNC_END, false, &end, sizeof(end), NULL, 0, now);
	l->in_flight++;
}

static void begin_sync(struct cp_link *l, cp_time now)
{
	struct nf_sync begin = {.epoch = l->epoch};
	l->state = LINK_SYNCING;
	l->next_peer = l->refused = 0;
	l->paths_said = false;
	l->in_flight = 1;
	send(l, NF_MSG_SYNC_BEGIN, false, &begin, sizeof(begin), NULL, 0, now);
}

static void hello_acked(struct cp_link *l, const struct nf_hello_ack *ack, bool came_identity, cp_time now)
{
	struct nf_empty empty = {0};
	bool new_nf = memcmp(l->nf_boot_id, ack->boot_id, NF_BOOT_BYTES) != 0;
	l->fresh = new_nf && ack->peers == 0;
	memcpy(l->nf_boot_id, ack->boot_id, NF_BOOT_BYTES);
	l->epoch = ack->epoch;
	l->has_identity = l->has_identity || came_identity;
	cp_outq_log(l->out, CP_INFO, "nf_attached", "pid=%u epoch=%u peers=%u identity=%u", ack->pid, ack->epoch, ack->peers,
		    ack->identity);
	l->state = LINK_LEARNING;
	send(l, NF_MSG_PEERS_GET, false, &empty, sizeof(empty), NULL, 0, now);
}

static void learn(struct cp_link *l, const struct nf_msg_hdr *hdr, const struct nf_peer_info *info, cp_time now)
{
	struct cp_peer *p = hdr->body_bytes >= sizeof(*info) ? cp_peers_find(l->peers, info->public_key) : NULL;
	if (p && info->endpoint.family && !p->moved)
		p->endpoint = info->endpoint;
	if (p && info->state == NF_PEER_STATE_CLOSED && !p->reopen)
		p->operator_closed = true;
	if (hdr->flags & NF_MSG_MORE)
		return;
	l->asks_paths = l->has_paths;
	if (!l->has_paths)
		begin_sync(l, now);
}

uint32_t link_ask(struct cp_link *l, uint16_t type, const void *body, size_t body_bytes, cp_time now)
{
	return l->state == LINK_LEARNING ? send(l, type, false, body, body_bytes, NULL, 0, now) : 0;
}

void link_learnt(struct cp_link *l, cp_time now)
{
	if (l->state == LINK_LEARNING)
		begin_sync(l, now);
}

uint32_t link_say(struct cp_link *l, uint16_t type, const void *body, size_t body_bytes, const void *tail, size_t tail_bytes,
		  cp_time now)
{
	bool may = l->state == LINK_READY || (l->state == LINK_SYNCING && l->waits_for_paths);
	return may ? send(l, type, false, body, body_bytes, tail, tail_bytes, now) : 0;
}

void link_said(struct cp_link *l, cp_time now)
{
	if (l->state != LINK_SYNCING || !l->waits_for_paths)
		return;
	l->waits_for_paths = false;
	l->paths_said = true;
	sync_next(l, now);
}

static void upserted(struct cp_link *l, const struct nf_msg_hdr *hdr, const void *body)
{
	if (hdr->status == 0)
		return;
	const struct nf_error *e = body;
	l->refused++;
	cp_outq_log(l->out, CP_ERR, "peer_refused", "why=\"%.*s\"", NF_TEXT_BYTES - 1,
		    hdr->body_bytes >= sizeof(*e) ? e->text : "no reason given");
}

static void synced(struct cp_link *l, const struct nf_sync_done *done)
{
	for (uint32_t i = 0; i < l->peers->n; i++)
		l->peers->at[i].reopen = l->peers->at[i].moved = false;
	l->state = LINK_READY;
	l->progress_by = 0;
	cp_outq_log(l->out, CP_INFO, "synced", "peers=%u refused=%u kept=%u swept=%u", l->peers->n, l->refused, done->peers_kept,
		    done->peers_swept);
}

static void sync_answered(struct cp_link *l, const struct nf_msg_hdr *hdr, const void *body, cp_time now)
{
	if (l->in_flight > 0)
		l->in_flight--;
	if (hdr->type == NF_MSG_PEER_UPSERT)
		upserted(l, hdr, body);
	else if (hdr->status < 0)
		reset(l, "the sync was refused");
	else if (hdr->type == NF_MSG_SYNC_END && hdr->body_bytes >= sizeof(struct nf_sync_done)) {
		synced(l, body);
		return;
	}
	if (hdr->status == 0 || hdr->type == NF_MSG_PEER_UPSERT)
		sync_next(l, now);
}

static void hello_refused(struct cp_link *l, const struct nf_msg_hdr *hdr, const void *body)
{
	const struct nf_error *e = body;
	const char *why = hdr->body_bytes >= sizeof(*e) ? e->text : "HELLO was refused";
	reset(l, why);
	if (hdr->status == -EPROTONOSUPPORT) /* trying again would not help */
		cp_outq_put(l->out, (struct cp_out){.kind = CP_OUT_EXIT, .code = 1});
}

void link_progress(struct cp_link *l, cp_time now)
{
	if (l->progress_by)
		l->progress_by = l->state == LINK_READY ? 0 : now + PROGRESS_NS;
}

bool link_reply(struct cp_link *l, const struct nf_msg_hdr *hdr, const void *body, bool came_identity, cp_time now)
{
	if (l->state == LINK_READY || l->state < LINK_HELLO || (int32_t)(hdr->seq - l->own_first_seq) < 0)
		return false;
	if (l->state == LINK_SYNCING &&
	    (hdr->type == NF_MSG_PEER_UPSERT || hdr->type == NF_MSG_SYNC_BEGIN || hdr->type == NF_MSG_SYNC_END))
		sync_answered(l, hdr, body, now);
	else if (l->state == LINK_HELLO && hdr->type == NF_MSG_HELLO && hdr->status < 0)
		hello_refused(l, hdr, body);
	else if (l->state == LINK_HELLO && hdr->type == NF_MSG_HELLO && hdr->body_bytes >= sizeof(struct nf_hello_ack))
		hello_acked(l, body, came_identity, now);
	else if (l->state == LINK_LEARNING && hdr->type == NF_MSG_PEERS_GET)
		learn(l, hdr, body, now);
	else
		return false;
	return true;
}

void link_resync(struct cp_link *l, cp_time now)
{
	if (l->state == LINK_READY)
		say_hello(l, now);
}

/* What only looks may look in the middle of a sync: with many peers that takes seconds. */
static bool takes(const struct cp_link *l, uint16_t type)
{
	return l->state == LINK_READY || (l->state == LINK_SYNCING && type >= NF_MSG_STATUS_GET && type <= NF_MSG_GRAPH_GET);
}

uint32_t link_request(struct cp_link *l, uint16_t type, const void *body, size_t body_bytes, const void *tail,
		      size_t tail_bytes, cp_time now)
{
	return takes(l, type) ? send(l, type, false, body, body_bytes, tail, tail_bytes, now) : 0;
}

void link_tick(struct cp_link *l, cp_time now)
{
	if (l->retry_at && now >= l->retry_at) {
		l->retry_at = 0;
		l->state = LINK_CONNECTING;
		cp_outq_put(l->out, (struct cp_out){.kind = CP_OUT_NF_CONNECT});
	}
	if (l->progress_by && now >= l->progress_by)
		reset(l, "no answer for ten seconds");
}

cp_time link_deadline(const struct cp_link *l)
{
	if (l->retry_at && l->progress_by)
		return l->retry_at < l->progress_by ? l->retry_at : l->progress_by;
	return l->retry_at ? l->retry_at : l->progress_by;
}
