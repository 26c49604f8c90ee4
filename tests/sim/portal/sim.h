/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A portal, its gateways, clients and relays, and what is between them, in virtual time:
 *
 *     peer (channel machine, role) ⇄ wire (delay, loss) ⇄ shell (broker, store, tokens) ── oracle (every rule)
 *
 * Same seed, same run. The first rule that is broken halts the clock, and is told with its place.
 */
#ifndef SIM_PORTAL_SIM_H
#define SIM_PORTAL_SIM_H

#include <stdio.h>

#include "broker/broker.h"
#include "broker/view.h"
#include "file.h"
#include "oracle.h"
#include "peer.h"
#include "store.h"
#include "tests/sim/clock.h"
#include "wire.h"

#define UNIX_START 1790000000
#define GATEWAYS   6u
#define CLIENTS    8u
#define RELAYS     2u
#define PEERS      (GATEWAYS + CLIENTS + RELAYS)
#define TOKENS     64u

struct token {
	enum portal_role role;
	uint32_t owner; /* site or actor */
	int64_t expires_at;
	bool is_gone;
};

/* The portal's process. */
struct shell {
	struct broker *broker; /* NULL: it is down */
	struct event alarm;
	cp_time began;
	bool must_lose;
	uint32_t killed_in; /* it dies while it carries out the how many-th input from now; 0: not */
	uint64_t starts, inputs, outputs;
};

struct sim {
	struct clock clock;
	struct dice dice;
	FILE *log;
	char violation[200];
	bool is_calm; /* peers do what they should, at once */
	struct file file;
	struct world_text text; /* of file */
	uint64_t told[RESOURCES], sites[RESOURCES]; /* digests of it; 0: is not there */
	struct store store;
	struct shell shell;
	struct wire *wires;
	uint64_t n_conns;
	struct token tokens[TOKENS]; /* number 1 is the first */
	uint32_t n_tokens;
	struct peer peers[PEERS];
	uint32_t n_peers;
	struct oracle oracle;
	uint64_t hash; /* of all that the broker said */
};

struct sim *sim_new(uint64_t seed, FILE *log);
void sim_free(struct sim *s);
static inline int64_t sim_unix(const struct sim *s)
{
	return UNIX_START + (int64_t)(s->clock.now / CP_S);
}
/* The file changed: what follows from it. */
void sim_file(struct sim *s);
/* The rule is broken. */
void sim_violation(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sim_log(const struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* For texts of ids. */
struct uuid_text {
	char text[PORTAL_UUID_TEXT];
};
struct uuid_text uuid_text(const struct portal_uuid *id);
static inline bool same_uuid(const struct portal_uuid *a, const struct portal_uuid *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
/* The number of a new token. */
uint32_t sim_token(struct sim *s, enum portal_role role, uint32_t owner, int64_t expires_at);
/* Whose device it is; NULL: it is none that the store knows. */
struct peer *sim_peer_of(struct sim *s, const struct portal_uuid *device);

/* shell.c */
void shell_start(struct sim *s);
/* In order, or not: everything that was not stored is lost. */
void shell_stop(struct sim *s);
void shell_kill(struct sim *s);
void shell_connect(struct wire *w, const struct broker_request *r);
void shell_text(struct wire *w, const char *text, size_t bytes);
void shell_lost(struct wire *w);
void shell_configure(struct sim *s);
enum shell_order { SHELL_CORDON, SHELL_UNCORDON, SHELL_DRAIN };
void shell_gateway(struct sim *s, enum shell_order order, const struct portal_uuid *gateway);
void shell_revoke(struct sim *s, const struct portal_uuid *client, const struct portal_uuid *resource);
void shell_token_gone(struct sim *s, uint32_t token);

#endif
