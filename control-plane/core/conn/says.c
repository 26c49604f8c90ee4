/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be said about a connection, composed from what is true now; its last words when it has ended. */
#include <string.h>

#include "conn/node.h"

static bool say_peer(struct conn_node *n, struct connection *c, struct conn_out *ret)
{
	connection_peer(c, &n->peer);
	ret->kind = CONN_OUT_PEER;
	ret->peer = &n->peer;
	n->peer_lent = true;
	c->told_peer = true;
	return true;
}

static bool say_responder(struct connection *c, bool up, struct conn_out *ret)
{
	ret->kind = CONN_OUT_RESPONDER;
	ret->ufrag = connection_ufrag(c);
	ret->remote_ufrag = connection_remote_ufrag(c);
	ret->pwd = connection_pwd(c);
	ret->up = up;
	c->told_responder = up;
	return true;
}

static bool say_path(struct connection *c, struct conn_out *ret)
{
	if (c->path.handle == 0)
		return false;
	ret->kind = CONN_OUT_PATH;
	ret->path = c->path;
	return true;
}

static bool say(struct conn_out *ret, enum conn_out_kind kind)
{
	ret->kind = kind;
	return true;
}

static bool say_bit(struct conn_node *n, struct connection *c, unsigned int bit, struct conn_out *ret)
{
	switch (bit) {
	case OUT_PEER:
		return say_peer(n, c, ret);
	case OUT_RESPONDER:
		return say_responder(c, true, ret);
	case OUT_PATH:
		return say_path(c, ret);
	case OUT_HANDSHAKE:
		return say(ret, CONN_OUT_HANDSHAKE);
	case OUT_ESTABLISHED:
		return say(ret, CONN_OUT_ESTABLISHED);
	case OUT_SIGNALS:
		return signals_next(n, c, ret);
	case OUT_STASH_PEER:
		return stash_peer(n, c, ret);
	case OUT_STASH_ICE:
		return stash_ice(n, c, ret);
	case OUT_RESPONDER_DOWN:
		return say_responder(c, false, ret);
	case OUT_REMOVE:
		ret->goodbye = c->goodbye;
		return say(ret, CONN_OUT_REMOVE);
	case OUT_STASH_PEER_GONE:
		return stash_gone(n, c, 0, ret);
	case OUT_STASH_ICE_GONE:
		return stash_gone(n, c, 1, ret);
	case OUT_FAILED:
		ret->failure = c->failure;
		return say(ret, CONN_OUT_FAILED);
	case OUT_CLOSED:
		return say(ret, CONN_OUT_CLOSED);
	default:
		return say(ret, CONN_OUT_ROTATE_KEY);
	}
}

/* Signals are many; everything else is said once. */
bool says_next(struct conn_node *n, struct connection *c, cp_time now, struct conn_out *ret)
{
	while (c->out) {
		unsigned int bit = c->out & -(unsigned int)c->out;
		memcpy(ret->id, c->id, sizeof(ret->id));
		memcpy(ret->key, c->public_key, sizeof(ret->key));
		bool said = say_bit(n, c, bit, ret);
		if (!said || bit != OUT_SIGNALS)
			c->out &= (uint16_t)~bit;
		if (said)
			return true;
	}
	*ret = (struct conn_out){0};
	return false;
}
