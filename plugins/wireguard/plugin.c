/* SPDX-License-Identifier: Apache-2.0 */
/* The wireguard plugin: options, counters, its place in the graph, life cycle. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <nf/node.h>

#include "wg.h"

struct wg wg;

/* Field of struct wg_counters, name, kind, what it tells an operator. */
#define COUNTERS(C)                                                                                                  \
	C(no_session_index, DROP, "data for a session that is not, or no longer, here")                               \
	C(expired, DROP, "data under a keypair older than 180 s")                                                     \
	C(bad_tag, DROP, "data that does not authenticate")                                                           \
	C(replayed, DROP, "data that came before, or too long ago")                                                   \
	C(keepalive, DROP, "keepalives: they end here")                                                               \
	C(inner_malformed, DROP, "decrypted packet whose length contradicts its IP header")                           \
	C(source_not_allowed, DROP, "decrypted packet from an address that is not the peer's")                        \
	C(control, DROP, "control packets: goodbyes, acknowledgements, and those given to the control plane")         \
	C(closing, DROP, "for a peer that is being closed or is gone")                                                \
	C(no_peer, DROP, "no peer has the destination among its allowed IPs")                                         \
	C(too_big, DROP, "larger than the peer's inner MTU; the sender was told")                                     \
	C(fragment_needed_v4, DROP, "larger than the peer's inner MTU and could have been fragmented; it is not")     \
	C(ttl, DROP, "TTL exceeded on the way into the tunnel; the sender was told")                                  \
	C(staged_full, DROP, "too many packets wait for the peer's session")                                          \
	C(staged_expired, DROP, "the session that packets waited for did not come")                                   \
	C(no_endpoint, DROP, "the peer's endpoint is unknown, or no address leads there")                             \
	C(control_from_lan, DROP, "control packet pattern from outside the tunnel")                                   \
	C(handshake_taken, DROP, "handshake messages given to the handshake thread")                                  \
	C(handshake_queue_full, DROP, "handshake messages that found the handshake thread busy")                      \
	C(event_ring_full, DROP, "waited for a session, and the management thread did not keep up")                   \
	C(events_lost, EVENT, "events of workers that found the management thread too far behind")                    \
	C(counter_exhausted, DROP, "a keypair has sent all messages it may")                                          \
	C(goodbye_outdated, EVENT, "goodbyes of a session older than the peer's latest upsert, ignored")              \
	C(handshake_bad_mac, EVENT, "handshake messages whose mac1 is wrong")                                         \
	C(handshake_unknown_peer, EVENT, "initiations of a key that is no peer's")                                    \
	C(handshake_invalid, EVENT, "handshake messages that are forged, replayed or answer nothing")                 \
	C(cookies_sent, EVENT, "cookie replies sent under load")                                                      \
	C(cookies_received, EVENT, "cookie replies accepted")                                                         \
	C(initiations_sent, EVENT, "handshake initiations sent")                                                      \
	C(responses_sent, EVENT, "handshake responses sent")

static void register_counters(void)
{
#define REGISTER(field, kind, help) wg.c.field = nf_counter_register("wireguard", #field, NF_COUNTER_##kind, help);
	COUNTERS(REGISTER)
}

/* First payload bytes as big-endian u64: the type is the first byte, three zero bytes follow. */
static int match(const char *node, uint16_t port, uint64_t type, uint16_t min, uint16_t max, uint16_t priority)
{
	struct nf_match_udp m = {.node = node, .port = port, .priority = priority, .min_len = min, .max_len = max,
				 .mask = 0xffffffff00000000ull, .value = type << 56};
	return nf_classify_udp(&m);
}

static int place_in_graph(void)
{
	int rc = 0;
	for (unsigned int i = 0; rc == 0 && i < wg.options.n_listen; i++) {
		uint16_t port = wg.options.listen[i];
		rc = match("wg_decap", port, WG_DATA, WG_DATA_OVERHEAD, UINT16_MAX, 0);
		rc = rc ? rc : match("wg_handshake", port, WG_INITIATION, WG_INITIATION_BYTES, WG_INITIATION_BYTES, 1);
		rc = rc ? rc : match("wg_handshake", port, WG_RESPONSE, WG_RESPONSE_BYTES, WG_RESPONSE_BYTES, 1);
		rc = rc ? rc : match("wg_handshake", port, WG_COOKIE_REPLY, WG_COOKIE_BYTES, WG_COOKIE_BYTES, 1);
	}
	rc = rc ? rc : nf_arc_end("inbound", "wg_peer_lookup");
	rc = rc ? rc : nf_arc_join("host", "wg_host_lookup", 0);
	wg.edge_ip_route = nf_inject_edge("ip_route");
	wg.edge_encap = nf_inject_edge("wg_encap");
	return rc;
}

static int choose_aead(struct nf_plugin_error *err)
{
	struct wg_aead_choice *c = &wg.aead_choice;
	int rc = wg_aead_choose(wg_aead_engines, wg.options.aead, c);
	if (c->refused[0])
		nf_log(NF_ERR, "aead_refused", "engines=\"%s\": wrong answers in the known-answer test", c->refused);
	if (rc != 0)
		snprintf(err->text, sizeof(err->text), "aead: %s", c->why);
	else
		nf_log(NF_INFO, "aead_chosen", "engine=%s why=\"%s\"", c->engine->name, c->why);
	wg.aead = c->engine;
	return rc;
}

static int init(const struct json_t *options, const struct nf_limits *limits, struct nf_plugin_error *err)
{
	int rc = options_read(options, &wg.options, err);
	if (rc != 0)
		return rc;
	wg.limits = *limits;
	register_counters();
	if (wg_crypto_init() != 0)
		return -ENOTSUP;
	rc = choose_aead(err);
	if (rc != 0)
		return rc;
	rc = keypairs_init(limits->max_peers);
	rc = rc ? rc : peers_init();
	rc = rc ? rc : events_init();
	rc = rc ? rc : handshaker_init();
	if (rc == 0 && wg.options.private_key_file[0])
		rc = identity_from_file(wg.options.private_key_file, err);
	return rc ? rc : place_in_graph();
}

static void quiesce(uint64_t deadline_ns)
{
	closing_stop(deadline_ns);
}

static void fini(void)
{
	handshaker_fini(); /* first: nobody would take the requests that peers make as they go */
	peers_fini();
	events_fini();
	wg_allowed_fini(&wg.allowed);
	identity_wipe();
}

static int reload_check(const struct json_t *options, struct nf_plugin_error *err)
{
	struct wg_options next;
	int rc = options_read(options, &next, err);
	bool before_init = wg.options.n_listen == 0;
	if (rc != 0 || before_init)
		return rc;
	const char *changed = strcmp(next.private_key_file, wg.options.private_key_file) != 0 ? "private_key_file"
			      : memcmp(next.listen, wg.options.listen, sizeof(next.listen)) != 0 ? "listen_port"
			      : strcmp(next.aead, wg.options.aead) != 0			       ? "aead"
												       : NULL;
	if (!changed)
		return 0;
	snprintf(err->text, sizeof(err->text), "%s: cannot change at run time, restart sluice-nf", changed);
	return -EBUSY;
}

static const char *const depends_on[] = {"ip", NULL};

const struct nf_plugin nf_plugin = {
	.abi = NF_ABI,
	.size = sizeof(struct nf_plugin),
	.name = "wireguard",
	.version = SLUICE_VERSION,
	.depends_on = depends_on,
	.init = init,
	.quiesce = quiesce,
	.quiesced = closing_is_idle,
	.fini = fini,
	.reload_check = reload_check,
	.sweep = wg_sweep,
	.status = wg_status,
	.identity = identity_exchange,
	.handlers = wg_handlers,
};
