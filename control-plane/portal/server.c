/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <string.h>

#define HARD_TIMES_BYTES 65536u
#define MESSAGE_BYTES    4096u
#define CLOSE_WITHIN (2 * CP_S) /* a peer reads what is before a close frame, and answers it */
/* Times what a client may say: a gateway answers and announces for each client by itself, and a rescue, or a relay that
 * goes, makes it do so for thousands at once. */
#define GATEWAY_SPEAKS_FOR 20u

/* What still comes is read and forgotten until the close frame is out: if libwebsockets closes amidst a buffer, the rest
 * of that is lost, what follows looks like nonsense, and a reset overtakes the close frame. */
static int refuse(struct conn *c, enum refusal why, uint16_t code, const char *text)
{
	limits_refused(&c->shell->limits, why);
	log_event(CP_DEBUG, "connection_closed", "conn=%llu why=\"%s\"", (unsigned long long)c->id, text);
	inbox_clear(&c->in);
	conn_close(c, code, text);
	return 0;
}

/* Time for a message goes with its length, and stock peers say little in one: a long one counts as several. */
static bool is_welcome(struct conn *c, size_t bytes)
{
	const struct portal_config_limits *is = &c->shell->limits.is;
	uint32_t n = 1 + (uint32_t)(bytes / MESSAGE_BYTES), clients = c->is_gateway ? GATEWAY_SPEAKS_FOR : 1;
	return rate_take_many(&c->messages, n, is->messages_per_s * clients, is->messages_burst * clients, shell_now(c->shell));
}

static int message(struct conn *c, const char *text, size_t bytes)
{
	struct shell *s = c->shell;
	if (!is_welcome(c, bytes))
		return refuse(c, REFUSAL_RATE, LWS_CLOSE_STATUS_POLICY_VIOLATION, "too many messages");
	if (!text_is_utf8(text, bytes))
		return refuse(c, REFUSAL_UTF8, LWS_CLOSE_STATUS_INVALID_PAYLOAD, "not UTF-8");
	broker_text(s->broker, c->id, text, bytes, shell_now(s));
	shell_pump(s);
	return 0;
}

/* A part of a message; small ones come whole, and are not copied. */
static int received(struct conn *c, const char *part, size_t bytes)
{
	if (c->phase != CONN_UPGRADED)
		return 0; /* its close is under way */
	if (lws_frame_is_binary(c->wsi))
		return refuse(c, REFUSAL_BINARY, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "binary frame");
	size_t rest = lws_remaining_packet_payload(c->wsi);
	if (c->in.bytes + bytes > c->shell->limits.is.frame_bytes ||
	    rest > c->shell->limits.is.frame_bytes - c->in.bytes - bytes)
		return refuse(c, REFUSAL_FRAME_BYTES, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "message too long");
	bool whole = lws_is_final_fragment(c->wsi) && rest == 0;
	if (whole && !c->in.text)
		return message(c, part, bytes);
	if (!inbox_add(&c->in, part, bytes))
		return refuse(c, REFUSAL_UNAVAILABLE, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "out of memory");
	if (!whole)
		return 0;
	struct inbox in = c->in;
	c->in = (struct inbox){0};
	int rc = message(c, in.text, in.bytes);
	inbox_clear(&in);
	return rc;
}

static int writable(struct conn *c)
{
	if (conn_write(c))
		return 0;
	c->phase = CONN_CLOSED;
	return -1;
}

static void gone(struct conn *c)
{
	struct shell *s = c->shell;
	uint64_t id = c->id;
	bool was_known = c->phase >= CONN_UPGRADED;
	bool was_long = host_overflowed();
	if (c->phase == CONN_REQUEST)
		limits_refused(&s->limits, was_long ? REFUSAL_HEADER_BYTES : REFUSAL_HANDSHAKE_ABORTED);
	c->wsi = NULL;
	if (!c->is_adopting)
		conn_free(c);
	if (!was_known || !s->broker)
		return;
	broker_lost(s->broker, id, shell_now(s));
	shell_pump(s);
}

static int opened(struct conn *c)
{
	c->is_open = true;
	c->shell->conns->n_open++;
	return 0;
}

int server_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t bytes)
{
	struct conn *c = lws_get_opaque_user_data(wsi);
	(void)user;
	if (!c)
		return 0;
	c->wsi = wsi;
	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return handshake_upgrade(c);
	case LWS_CALLBACK_HTTP:
		handshake_page(c, in);
		return -1; /* what libwebsockets could not send yet it sends before it closes */
	case LWS_CALLBACK_ESTABLISHED:
		return opened(c);
	case LWS_CALLBACK_RECEIVE:
		return received(c, in, bytes);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return writable(c);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return c->phase == CONN_CLOSED ? -1 : 0; /* it answers our own; or libwebsockets answers it */
	case LWS_CALLBACK_WSI_DESTROY:
		lws_set_opaque_user_data(wsi, NULL);
		gone(c);
		return 0;
	default:
		return 0;
	}
}

/* When many read slowly, those go first who have much waiting; who keeps up is not concerned. */
static size_t may_wait(const struct shell *s)
{
	size_t most = s->limits.is.queued_bytes;
	return s->conns->queued_bytes > QUEUED_MAX && most > HARD_TIMES_BYTES ? HARD_TIMES_BYTES : most;
}

void server_text(struct shell *s, uint64_t conn, struct portal_text *text, bool may_be_lost)
{
	struct conn *c = conn_find(s->conns, conn);
	if (!c || c->phase != CONN_UPGRADED) {
		portal_text_free(text);
		return;
	}
	conn_settled(c);
	size_t waiting = c->out.bytes + c->in_flight;
	if (may_be_lost && waiting > may_wait(s) / 2) {
		limits_refused(&s->limits, REFUSAL_CANDIDATES);
	} else if (waiting > may_wait(s) || s->conns->queued_bytes > 2 * QUEUED_MAX) {
		limits_refused(&s->limits, REFUSAL_SLOW);
		conn_drop_output(c);
		conn_close(c, LWS_CLOSE_STATUS_POLICY_VIOLATION, "reads too slowly");
	} else if (outbox_put(&c->out, LWS_PRE, text->text, text->bytes)) {
		s->conns->queued_bytes += text->bytes;
		s->conns->unsaid_bytes += text->bytes;
	} else {
		conn_close(c, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, "out of memory");
	}
	portal_text_free(text);
	if (c->is_dirty)
		return;
	c->is_dirty = true;
	c->next_dirty = s->conns->dirty;
	s->conns->dirty = c;
}

void server_close(struct shell *s, uint64_t conn, uint16_t code, const char *why)
{
	struct conn *c = conn_find(s->conns, conn);
	if (c)
		conn_close(c, code, why);
}

void server_flush(struct shell *s)
{
	s->conns->unsaid_bytes = 0;
	while (s->conns->dirty) {
		struct conn *c = s->conns->dirty;
		s->conns->dirty = c->next_dirty;
		c->is_dirty = false;
		if (c->wsi && c->is_open && !conn_write(c))
			lws_callback_on_writable(c->wsi); /* it is closed there */
	}
}

void server_expire(struct shell *s)
{
	cp_time limit = (cp_time)s->limits.is.handshake_ms * CP_MS;
	struct conn *c;
	while ((c = s->conns->closing.first) && shell_now(s) - c->since >= CLOSE_WITHIN)
		conn_kill(c);
	while ((c = s->conns->joining.first) && shell_now(s) - c->since >= limit) {
		conn_settled(c);
		if (c->phase == CONN_REQUEST || c->phase == CONN_UPGRADED)
			limits_refused(&s->limits, REFUSAL_HANDSHAKE_TIME);
		if (c->phase == CONN_UPGRADED && c->is_open)
			conn_close(c, LWS_CLOSE_STATUS_POLICY_VIOLATION, "not joined in time");
		else
			conn_kill(c);
	}
}
