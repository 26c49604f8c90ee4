/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine with a node on it: addresses, the core under test (struct conn_node), and a model of the NF beside it, which
 * lives on when the core does not: WireGuard peers, the channels it pushes and strips, the checks it answers, the stash.
 *
 *   network ──► strip? ──► WireGuard ──► wg_peer            core.c feeds the core, watches over its promises and
 *                 └─► check? ──► responder ──► report ─┐    carries its outputs where they belong
 *                       └──────► core ◄────────────────┘
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "conn/conn.h"
#include "dice.h"
#include "flow.h"
#include "net.h"
#include "responder.h"
#include "wireguard.h"

#define HOST_ADDRS_MAX 6u
#define HOST_PORT      52625
#define HOST_CHECKS_MAX 64u
#define HOST_TIMES_MAX  32u

struct world;

struct host_settings {
	enum conn_role role;
	bool strips;   /* the NF strips known channels itself */
	bool responds; /* the NF answers checks itself */
	bool relayless; /* the portal tells it no relays */
};

struct channel {
	struct channel *next;
	struct cp_addr relay, relayed, peer;
	uint16_t number;
	cp_time reported_sent, reported_received;
};

struct stashed {
	struct stashed *next;
	struct conn_stash_key key;
	size_t bytes;
	uint8_t data[];
};

/* Checks that left, by way; sent by the core. */
struct checks_of_pair {
	struct cp_addr from, to;
	uint64_t sent, nominating;
	cp_time first, last, times[HOST_TIMES_MAX]; /* times: of the first ones */
};

struct host_counters {
	uint64_t outputs, hash; /* of all outputs of the core, in their order */
	uint64_t established, failed, closed, no_relays, released, rotate, goodbyes_in, paths;
	uint64_t wrong_source;  /* the core sends from an address that this host does not have */
	uint64_t answered;      /* checks, by the responder */
	uint64_t failures[4];   /* by enum conn_failure */
	cp_time last_established, last_failed;
};

struct host {
	struct world *world;
	struct clock *clock;
	const char *name;
	struct host_settings s;
	enum conn_role role;
	struct dice dice;
	struct nic nics[2];
	unsigned int n_nics;
	struct {
		struct cp_addr addr; /* port included */
		unsigned int nic;
	} addrs[HOST_ADDRS_MAX];
	unsigned int n_addrs;
	uint8_t id[CONN_ID_BYTES], key[CONN_KEY_BYTES];
	struct conn_node *core; /* NULL: it is down */
	bool draining;
	struct event tick;
	/* of the NF */
	struct wg_peer *peers;
	uint64_t peers_made;
	struct channel *channels;
	struct responder responder;
	struct stashed *stash;
	/* of the users */
	struct flow *flows;
	struct checks_of_pair checks[HOST_CHECKS_MAX];
	unsigned int n_checks;
	struct host_counters count;
};

void host_init(struct host *h, struct world *w, const char *name, const struct host_settings *s, struct dice d);
void host_fini(struct host *h);

/* Plugs in another NIC; the first addresses decide where relay traffic leaves. */
struct nic *host_attach(struct host *h, struct zone *z);
/* The core is told at once if it is up. */
void host_address_add(struct host *h, struct nic *nic, const struct cp_addr *ip);
void host_address_remove(struct host *h, const struct cp_addr *ip);
/* Moves the NIC: old addresses go, the new ones come, the core hears of it once. */
void host_addresses_changed(struct host *h); /* core.c */
void host_roam(struct host *h, struct nic *nic, struct zone *z, const struct cp_addr *ips, unsigned int n);

/* --- the core: core.c --- */

void core_start(struct host *h);
/* It dies without a word; the NF keeps what it was told. */
void core_kill(struct host *h);
/* Starts it with what the stash holds. */
void core_restore(struct host *h);
/* After every call into the core: carries out what it decided and arms its deadline. */
void core_drain(struct host *h);
/* The datagram on its way in, after the NF had its look. */
void core_datagram(struct host *h, const struct cp_addr *at, const struct cp_addr *from, const uint8_t *data, size_t bytes);
void host_report(struct host *h, const struct conn_report *r);

/* --- the NF: nf.c --- */

void nf_datagram(struct host *h, const struct packet *p);
void nf_wireguard(struct host *h, const struct way *back, const uint8_t *data, size_t bytes);
void nf_output(struct host *h, const struct conn_out *o);
void nf_fini(struct host *h);
/* NULL: not known. */
struct wg_peer *host_peer(const struct host *h, const uint8_t id[CONN_ID_BYTES]);
/* Number of the channel; 0: there is none. */
uint16_t host_channel_of(const struct host *h, const struct cp_addr *relay, const struct cp_addr *peer);
void host_send_way(struct host *h, const struct way *way, const uint8_t *data, size_t bytes);
/* False: the host has no such address (any more). */
bool host_send(struct host *h, const struct cp_addr *from, const struct cp_addr *to, const uint8_t *data, size_t bytes);
void host_goodbye_came(struct host *h, const uint8_t id[CONN_ID_BYTES]);
/* A user has something for a peer that there is no connection to. */
void host_wants(struct host *h, const uint8_t id[CONN_ID_BYTES]);

/* --- looking at it --- */

/* With a path at both ends and a session that is confirmed. */
bool host_is_connected(const struct host *h, const struct host *peer, struct conn_info *ret);
uint64_t host_checks_sent(const struct host *h);

#endif
