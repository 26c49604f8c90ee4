/* SPDX-License-Identifier: Apache-2.0 */
/* The core's outputs: sent, told, or done as the network function would. */
#include <string.h>

#include "conn_peer.h"

static const char *path_kind_name(enum conn_path_kind k)
{
	static const char *const names[] = {"none", "direct", "to_relay", "our_relay", "relay_to_relay"};
	return (unsigned int)k < sizeof(names) / sizeof(*names) ? names[k] : "?";
}

static void path_out(const struct conn_out *o)
{
	const struct peer *p = peer_by_key(o->key);
	static const uint8_t nobody[CONN_ID_BYTES];
	peer_path(o->key, &o->path);
	say("path", "iusaaau", "id", p ? p->id : nobody, "handle", (uint64_t)o->path.handle, "kind", path_kind_name(o->path.kind), "from",
	    &o->path.from, "to", &o->path.to, "relay", &o->path.relay, "channel", (uint64_t)o->path.channel);
}

static const char *failure_name(enum conn_failure f)
{
	switch (f) {
	case CONN_FAILED_ICE: return "ice";
	case CONN_FAILED_NO_CANDIDATES: return "no_candidates";
	case CONN_FAILED_WIREGUARD: return "wireguard";
	}
	return "?";
}

static void to_network_function(const struct conn_out *o)
{
	switch (o->kind) {
	case CONN_OUT_PEER: peer_set(o->peer); break;
	case CONN_OUT_PATH: path_out(o); break;
	case CONN_OUT_HANDSHAKE: peer_handshake(o->key); break;
	case CONN_OUT_REMOVE: peer_remove(o->key, o->goodbye); break;
	case CONN_OUT_CHANNEL: channel_set(o); break;
	case CONN_OUT_RESPONDER: responder_set(o); break;
	case CONN_OUT_STASH: stash_put(&o->stash, o->data, o->bytes); break;
	default: break;
	}
}

static void out(const struct conn_out *o)
{
	switch (o->kind) {
	case CONN_OUT_SEND: datagram_send(&o->from, &o->to, o->data, o->bytes); break;
	case CONN_OUT_CANDIDATE: say("candidate", "is", "id", o->id, "text", o->text); break;
	case CONN_OUT_INVALIDATE: say("invalidate", "is", "id", o->id, "text", o->text); break;
	case CONN_OUT_ESTABLISHED: say("established", "i", "id", o->id); break;
	case CONN_OUT_FAILED: say("failed", "is", "id", o->id, "why", failure_name(o->failure)); break;
	case CONN_OUT_CLOSED: say("closed", "i", "id", o->id); break;
	case CONN_OUT_NO_RELAYS: say("no_relays", ""); break;
	case CONN_OUT_ROTATE_KEY: say("rotate_key", "i", "id", o->id); break;
	case CONN_OUT_RELEASED: say("released", "u", "confirmed", (uint64_t)o->code); break;
	case CONN_OUT_LOG: say("log", "uss", "level", (uint64_t)o->level, "what", o->event, "text", o->text); break;
	default: to_network_function(o); break;
	}
}

void core_drain(void)
{
	struct conn_out o;
	while (me.node && conn_next(me.node, me.now, &o))
		out(&o);
}

void core_start(void)
{
	struct conn_settings s = {.role = me.options.role, .software = me.options.software};
	if (me.node)
		return;
	wg_random(s.seed, sizeof(s.seed));
	me.node = conn_node_new(&s, me.now);
	wg_wipe(s.seed, sizeof(s.seed));
	if (!me.node)
		return;
	unsigned int records = stash_records();
	if (records) {
		stash_restore();
		conn_restored(me.node, me.now);
	}
	conn_addresses(me.node, me.options.addresses, me.options.n_addresses, me.now);
	core_drain();
	say("core", "bu", "up", 1, "records", (uint64_t)records);
}

/* As if it had been killed: it says nothing to anybody. */
void core_stop(void)
{
	conn_node_free(me.node);
	me.node = NULL;
	say("core", "b", "up", 0);
}
