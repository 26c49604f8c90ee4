/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose is this datagram (connectivity §1.2)? Everything is classified before anybody is charged for it: only what belongs
 * to no relay and no connection pays from the budget of strangers, so no flood of that delays a known peer.
 *
 *   from a relay ── ChannelData ── strip ──┐
 *        └── STUN ── that relay            ▼
 *   from elsewhere ───────────────► STUN request ── our ufrag ── agents that have it, one after the other
 *                                   STUN response ── handle in the transaction id ── agent
 *                                   1..4, three zero bytes ── WireGuard
 *                                   anything else: strangers
 */
#include <string.h>

#include "conn/node.h"

static enum conn_taken stranger(struct conn_node *n, const struct conn_inner *in, uint64_t *counter, cp_time now)
{
	switch (budget_unknown(&n->budget, &in->from, now)) {
	case BUDGET_GRANTED:
		++*counter;
		break;
	case BUDGET_SOURCE:
		n->counters->limited_source++;
		break;
	case BUDGET_ALL:
		n->counters->limited_all++;
		break;
	}
	return CONN_DROPPED;
}

static uint32_t u32_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* §1.2, 3: types 1 to 4 with their lengths. */
static bool is_wireguard(const uint8_t *p, uint16_t bytes)
{
	static const uint16_t exact[] = {148, 92, 64};
	uint32_t type = bytes >= 4 ? u32_at(p) : 0;
	return (type >= 1 && type <= 3 && bytes == exact[type - 1]) || (type == 4 && bytes >= 32);
}

/* The next connection that the request may be meant for. */
static struct connection *candidate_of(const struct conn_node *n, struct connection *c, const struct stun_text *local,
				       const struct stun_text *remote)
{
	while ((c = connection_by_ufrag(n, c, local->p, local->bytes))) {
		const char *ufrag = connection_remote_ufrag(c);
		if (!c->restoring && strlen(ufrag) == remote->bytes && memcmp(ufrag, remote->p, remote->bytes) == 0)
			return c;
	}
	return NULL;
}

enum offered { ANSWERED, REFUSED, FOREIGN, LIMITED };

static enum offered offer(struct conn_node *n, struct connection *c, const struct stun_message *m, const struct conn_inner *in,
			  cp_time now)
{
	struct ice_send answer;
	if (!bucket_take(&c->budget, BUDGET_CONN_PER_S, BUDGET_CONN_BURST, now)) {
		n->counters->limited_conn++;
		return LIMITED;
	}
	int e = ice_request_in(c->ice, m, &in->at, &in->from, now, &answer);
	if (e == ICE_E_CREDENTIALS)
		return FOREIGN;
	if (e == 0)
		out_answer(n, c->relay, &answer, now);
	connection_serve(n, c, now);
	return e == 0 ? ANSWERED : REFUSED;
}

/* To each that bears these names, until one recognises its peer. A source whose requests are not signed by any is soon
 * not worth an HMAC; no connection has paid for it by then more than a moment's worth. */
static enum conn_taken offer_round(struct conn_node *n, struct connection *first, const struct stun_message *m,
				   const struct conn_inner *in, const struct stun_text *local, const struct stun_text *remote,
				   cp_time now)
{
	bool limited = false;
	for (struct connection *c = first, *next; c; c = next) {
		next = candidate_of(n, c, local, remote); /* c may have ended afterwards */
		enum offered o = offer(n, c, m, in, now);
		limited |= o == LIMITED;
		if (o == ANSWERED || o == REFUSED)
			return o == ANSWERED ? CONN_TAKEN : CONN_DROPPED;
	}
	if (!limited)
		budget_forged(&n->budget, &in->from, now);
	return CONN_DROPPED;
}

static enum conn_taken request_in(struct conn_node *n, const struct stun_message *m, const struct conn_inner *in, cp_time now)
{
	struct stun_text local, remote;
	struct connection *first = stun_username_split(m, &local, &remote) ? candidate_of(n, NULL, &local, &remote) : NULL;
	if (!first)
		return stranger(n, in, &n->counters->unknown_ufrag, now);
	if (budget_is_forger(&n->budget, &in->from, now)) {
		n->counters->limited_source++;
		return CONN_DROPPED;
	}
	return offer_round(n, first, m, in, &local, &remote, now);
}

static enum conn_taken response_in(struct conn_node *n, const struct stun_message *m, const struct conn_inner *in, cp_time now)
{
	struct connection *c = connection_by_owner(n, ice_txid_owner(m->txid, n->owner_secret));
	if (!c || c->restoring)
		return stranger(n, in, &n->counters->unknown_response, now);
	int e = ice_response_in(c->ice, m, now);
	if (e == ICE_E_UNKNOWN_TRANSACTION)
		n->counters->unknown_response++;
	connection_serve(n, c, now);
	return e == 0 ? CONN_TAKEN : CONN_DROPPED;
}

static enum conn_taken stun_in(struct conn_node *n, const struct conn_inner *in, cp_time now)
{
	struct stun_message m;
	if (stun_parse(in->data, in->bytes, &m) != 0)
		return stranger(n, in, &n->counters->malformed_stun, now);
	n->counters->stun++;
	if (m.type == STUN_BINDING)
		return request_in(n, &m, in, now);
	if (STUN_METHOD(m.type) == STUN_BINDING && (m.type & STUN_SUCCESS))
		return response_in(n, &m, in, now);
	return stranger(n, in, &n->counters->relay_unknown, now);
}

static enum conn_taken inner_in(struct conn_node *n, const struct conn_inner *in, cp_time now)
{
	struct stun_channel_data d;
	if (stun_looks_like(in->data, in->bytes))
		return stun_in(n, in, now);
	if (is_wireguard(in->data, in->bytes)) {
		n->counters->wireguard++;
		return CONN_WIREGUARD;
	}
	if (stun_channel_parse(in->data, in->bytes, &d))
		return stranger(n, in, &n->counters->relay_unknown, now);
	bool nearly = in->bytes >= 4 && in->data[0] >= 1 && in->data[0] <= 4 && !in->data[1] && !in->data[2] && !in->data[3];
	return stranger(n, in, nearly ? &n->counters->wireguard_unknown_form : &n->counters->not_stun, now);
}

static enum conn_taken channel_in(struct conn_node *n, struct relay *r, const struct stun_channel_data *d, cp_time now,
				  struct conn_inner *ret)
{
	struct cp_addr peer;
	if (!turn_channel_heard(r->turn, d->channel, now, &peer)) {
		n->counters->channel_unknown++;
		return CONN_DROPPED;
	}
	*ret = (struct conn_inner){.data = d->payload, .bytes = d->bytes, .at = turn_relayed(r->turn, peer.family), .from = peer};
	return inner_in(n, ret, now);
}

/* Peers do not live at a relay's port: what is STUN from there is the relay's, or nothing. */
static enum conn_taken relay_in(struct conn_node *n, struct relay *r, const struct conn_inner *in, cp_time now,
				struct conn_inner *ret)
{
	struct stun_channel_data d;
	struct stun_message m;
	if (stun_channel_parse(in->data, in->bytes, &d))
		return channel_in(n, r, &d, now, ret);
	if (!stun_looks_like(in->data, in->bytes))
		return inner_in(n, in, now);
	if (stun_parse(in->data, in->bytes, &m) != 0)
		return stranger(n, in, &n->counters->malformed_stun, now);
	n->counters->stun++;
	if (turn_stun_in(r->turn, &m, &in->from, &in->at, now) != 0)
		return CONN_DROPPED;
	r->save_at = cp_earlier(r->save_at, r->saved_at + CP_S); /* nonce and lifetime change without a word */
	relay_touch(n, r);
	return CONN_TAKEN;
}

enum conn_taken conn_udp_in(struct conn_node *n, const struct cp_addr *at, const struct cp_addr *from, const void *data,
			    size_t bytes, cp_time now, struct conn_inner *ret_inner)
{
	struct relay *r = relay_by_server(n, from);
	node_at(n, now);
	n->counters->datagrams++;
	if (bytes > CONN_DATAGRAM_MAX) {
		n->counters->oversized++;
		return CONN_DROPPED;
	}
	*ret_inner = (struct conn_inner){.data = data, .bytes = (uint16_t)bytes, .at = *at, .from = *from};
	if (r && !r->restoring) {
		struct conn_inner in = *ret_inner;
		return relay_in(n, r, &in, now, ret_inner);
	}
	return inner_in(n, ret_inner, now);
}
