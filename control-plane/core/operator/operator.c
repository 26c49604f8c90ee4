/* SPDX-License-Identifier: Apache-2.0 */
#include "operator/operator.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void operator_init(struct cp_operator *o, struct cp_outq *out, struct cp_link *link)
{
	*o = (struct cp_operator){.out = out, .link = link};
}

static void answer(struct cp_operator *o, uint32_t conn, struct nf_msg_hdr hdr, const void *body, size_t bytes)
{
	hdr.epoch = o->link->epoch;
	cp_outq_message(o->out, (struct cp_out){.kind = CP_OUT_OPERATOR_SEND, .conn = conn}, hdr, body, bytes, NULL, 0);
}

static void refuse(struct cp_operator *o, uint32_t conn, uint16_t type, uint32_t seq, int32_t status, const char *text)
{
	struct nf_error error = {{0}};
	struct nf_msg_hdr hdr = {.type = type, .flags = NF_MSG_REPLY, .seq = seq, .status = status};
	snprintf(error.text, sizeof(error.text), "%s", text);
	answer(o, conn, hdr, &error, sizeof(error));
}

static const struct {
	uint16_t type, dir;
	uint32_t min_bytes;
} messages[] = {
#define ROW(NAME, number, req, rep, dir, doc) {number, dir, sizeof(struct req)},
	NF_MESSAGES(ROW)};

static bool is_allowed(uint16_t type, uint16_t dir)
{
	return dir == NF_DIR_VIEW || type == NF_MSG_PEER_CLOSE || type == NF_MSG_PEER_CLOSE_ALL || type == NF_MSG_RELOAD;
}

/* NULL: fine; otherwise what is wrong. */
static const char *mistake(const struct nf_msg_hdr *hdr, size_t bytes, int32_t *ret_status)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (messages[i].type != hdr->type)
			continue;
		*ret_status = is_allowed(hdr->type, messages[i].dir) ? -EBADMSG : -EPERM;
		if (*ret_status == -EPERM)
			return "this message is not for operators";
		if (hdr->body_bytes != bytes - sizeof(*hdr) || hdr->body_bytes < messages[i].min_bytes)
			return "the message's length contradicts its type or header";
		return NULL;
	}
	*ret_status = -EOPNOTSUPP;
	return "the message's type is unknown";
}

static struct operator_pending *free_slot(struct cp_operator *o)
{
	for (unsigned int i = 0; i < OPERATOR_PENDING; i++)
		if (!o->pending[i].conn)
			return &o->pending[i];
	return NULL;
}

/* What an operator closes stays closed, whatever reason the message gives. */
static void own_reason(uint16_t type, uint8_t *body)
{
	uint16_t reason = NF_CLOSE_OPERATOR;
	if (type == NF_MSG_PEER_CLOSE)
		memcpy(body + offsetof(struct nf_peer_close, reason), &reason, sizeof(reason));
	else if (type == NF_MSG_PEER_CLOSE_ALL)
		memcpy(body + offsetof(struct nf_peer_close_all, reason), &reason, sizeof(reason));
}

static void forward(struct cp_operator *o, struct operator_pending *slot, const struct nf_msg_hdr *hdr, const uint8_t *data,
		    cp_time now)
{
	uint8_t body[sizeof(struct nf_peer_close) + NF_GOODBYE_MAX + 64];
	if (hdr->body_bytes > sizeof(body)) {
		refuse(o, slot->conn, hdr->type, hdr->seq, -EMSGSIZE, "the message is too long");
		*slot = (struct operator_pending){0};
		return;
	}
	memcpy(body, data, hdr->body_bytes);
	own_reason(hdr->type, body);
	if (hdr->type == NF_MSG_PEER_CLOSE)
		memcpy(slot->key, body, NF_KEY_BYTES);
	slot->nf_seq = link_request(o->link, hdr->type, body, hdr->body_bytes, NULL, 0, now);
	if (slot->nf_seq)
		return;
	refuse(o, slot->conn, hdr->type, hdr->seq, -ENOTCONN, "the network function is not attached");
	*slot = (struct operator_pending){0};
}

bool operator_in(struct cp_operator *o, uint32_t conn, const void *msg, size_t bytes, cp_time now)
{
	struct nf_msg_hdr hdr = {0};
	int32_t status = -EBADMSG;
	if (bytes >= sizeof(hdr))
		memcpy(&hdr, msg, sizeof(hdr));
	const char *wrong = bytes < sizeof(hdr) ? "the message has no header" : mistake(&hdr, bytes, &status);
	struct operator_pending *slot = wrong ? NULL : free_slot(o);
	if (!slot) {
		refuse(o, conn, hdr.type, hdr.seq, wrong ? status : -EBUSY, wrong ? wrong : "too many requests are under way");
		return false;
	}
	*slot = (struct operator_pending){.conn = conn, .op_seq = hdr.seq, .type = hdr.type};
	if (hdr.type == NF_MSG_RELOAD)
		return true;
	forward(o, slot, &hdr, (const uint8_t *)msg + sizeof(hdr), now);
	return false;
}

void operator_gone(struct cp_operator *o, uint32_t conn)
{
	for (unsigned int i = 0; i < OPERATOR_PENDING; i++)
		if (o->pending[i].conn == conn)
			o->pending[i] = (struct operator_pending){0};
}

bool operator_reply(struct cp_operator *o, const struct nf_msg_hdr *hdr, const void *body)
{
	for (unsigned int i = 0; i < OPERATOR_PENDING; i++) {
		struct operator_pending *p = &o->pending[i];
		if (!p->conn || p->replied || p->nf_seq != hdr->seq || p->type != hdr->type)
			continue;
		struct nf_msg_hdr back = {.type = hdr->type, .flags = hdr->flags, .seq = p->op_seq, .status = hdr->status};
		bool is_close = hdr->type == NF_MSG_PEER_CLOSE || hdr->type == NF_MSG_PEER_CLOSE_ALL;
		answer(o, p->conn, back, body, hdr->body_bytes);
		p->replied = is_close && hdr->status == 0;
		if (!p->replied && !(hdr->flags & NF_MSG_MORE))
			*p = (struct operator_pending){0};
		return true;
	}
	return false;
}

static void close_ended(struct cp_operator *o, struct operator_pending *p, uint16_t event, const void *body, size_t bytes)
{
	struct nf_msg_hdr hdr = {.type = event, .flags = NF_MSG_EVENT, .seq = p->op_seq};
	answer(o, p->conn, hdr, body, bytes);
	*p = (struct operator_pending){0};
}

void operator_peer_closed(struct cp_operator *o, const struct nf_peer_closed *closed)
{
	for (unsigned int i = 0; i < OPERATOR_PENDING; i++) {
		struct operator_pending *p = &o->pending[i];
		if (p->conn && p->type == NF_MSG_PEER_CLOSE && memcmp(p->key, closed->public_key, NF_KEY_BYTES) == 0)
			close_ended(o, p, NF_MSG_PEER_CLOSED, closed, sizeof(*closed));
	}
}

void operator_close_all_done(struct cp_operator *o, const struct nf_close_all_done *done)
{
	for (unsigned int i = 0; i < OPERATOR_PENDING; i++)
		if (o->pending[i].conn && o->pending[i].type == NF_MSG_PEER_CLOSE_ALL)
			close_ended(o, &o->pending[i], NF_MSG_CLOSE_ALL_DONE, done, sizeof(*done));
}

void operator_reload_done(struct cp_operator *o, const struct nf_reload_done *done, int32_t status, const char *text)
{
	for (unsigned int i = 0; i < OPERATOR_PENDING; i++) {
		struct operator_pending *p = &o->pending[i];
		struct nf_msg_hdr hdr = {.type = NF_MSG_RELOAD, .flags = NF_MSG_REPLY, .seq = p->op_seq};
		if (!p->conn || p->type != NF_MSG_RELOAD)
			continue;
		if (status < 0)
			refuse(o, p->conn, NF_MSG_RELOAD, p->op_seq, status, text);
		else
			answer(o, p->conn, hdr, done, sizeof(*done));
		*p = (struct operator_pending){0};
	}
}

void operator_link_down(struct cp_operator *o)
{
	for (unsigned int i = 0; i < OPERATOR_PENDING; i++) {
		struct operator_pending *p = &o->pending[i];
		if (!p->conn)
			continue;
		refuse(o, p->conn, p->type, p->op_seq, -ENOTCONN, "the network function went away");
		*p = (struct operator_pending){0};
	}
}
