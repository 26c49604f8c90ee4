/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share; nobody else includes it.
 *
 *     owner ──< node ──── conn            who: sites and actors, their gateways and clients, the joined WebSocket
 *               │  │
 *        client │  │ gateway
 *               │  │
 *     link ─────┴──┴──< ──┐               a client and a gateway that have an authorization
 *     use ──< auth ───────┘               a client's resource, and what it was granted of it, through which gateways
 *      └────< ask                         unanswered requests for a flow
 *
 * A use has at most one current authorization: that of the gateway which the client goes through now. Older ones, of
 * gateways it was moved off, stay until they end, since those still hold the access and must hear of its revocation.
 * Everything is found by maps and walked by rings; timers lie in two heaps, one of the core's clock, one of the time of
 * day, so that a jump of the latter needs no care.
 */
#ifndef CP_BROKER_INTERNAL_H
#define CP_BROKER_INTERNAL_H

#include "base/heap.h"
#include "base/map.h"
#include "base/rng.h"
#include "broker/access.h"
#include "broker/broker.h"
#include "broker/changes.h"
#include "broker/list.h"
#include "broker/relays.h"
#include "broker/rescue.h"
#include "broker/view.h"

#define BROKER_REF_TEXT 33 /* 128 random bits in hexadecimal, NUL included */

/* Anything with a deadline; the first member of its object. */
enum broker_timed_kind {
	BROKER_TIMED_CONN, /* these three by the core's clock */
	BROKER_TIMED_ASK,
	BROKER_TIMED_NODE,
	BROKER_TIMED_SESSION, /* these by the time of day */
	BROKER_TIMED_AUTH,
};
struct broker_timed {
	struct cp_timer timer;
	uint8_t kind; /* enum broker_timed_kind */
};

/* A site or an actor, from its first device on. */
struct broker_owner {
	struct broker_owner_key {
		struct portal_uuid id;
		uint8_t role;
	} key;
	struct cp_map_entry by_key;
	struct broker_list all;
	uint32_t n_devices;
	uint64_t turns;
	struct cp_heap offered; /* a site's gateways that may be chosen, by load (choice.c) */
};

/* A gateway or a client. */
struct broker_node {
	struct broker_timed patience;
	struct broker_device device; /* its texts are the next two */
	char *external_id, *name;    /* owned */
	uint8_t *identity;           /* owned: what by_identity finds it by */
	uint32_t identity_bytes;
	struct cp_map_entry by_identity, by_id, by_public_key;
	struct broker_owner *owner;
	struct broker_conn *conn; /* that has joined, or NULL */
	uint32_t n_conns;         /* those that have not joined included */
	uint32_t n_auths;         /* of the client, through the gateway */
	bool is_owned;
	bool is_listed; /* in the operators' list. What is not is not stored either, and goes with its last conn */
	bool was_ours;  /* as of the last join */
	/* of a client */
	struct broker_list uses, links;
	uint32_t n_requests;
	/* of a gateway */
	struct broker_list auths, requests, served /* links */, rejects;
	struct cp_timer offer;
	struct rescue_gateway rescue;
	uint32_t load;        /* connected clients that go through it */
	uint32_t clients;     /* that go through it, connected or not */
	bool is_awaited;      /* it was there before the portal began */
	cp_time silent_until; /* it missed an answer: not chosen while there is another; 0: it is not silent */
	cp_time repeated_at, repeat_at; /* what it was asked; 0: never, not at all */
};

/* A WebSocket, of a peer or a relay (no node). */
struct broker_conn {
	struct broker_timed idle;
	struct broker_timed session; /* the token's end */
	uint64_t number;
	struct cp_map_entry by_number;
	struct broker_list all, broken;
	struct portal_link link;
	struct broker_node *node;
	uint64_t token;
	int64_t expires_at;
	struct portal_key public_key;
	char *name; /* owned; what join makes of the node */
	char version[BROKER_VERSION_MAX + 1];
	bool is_ours, has_joined;
	struct cp_addr from, ipv4, ipv6; /* ipv4, ipv6: a relay's */
	cp_time began, heard;
	int64_t connected_at; /* Unix seconds */
	struct broker_relay_peer relays;
	struct broker_out_item *last; /* owned: CLOSE, so that it cannot fail */
};

/* That a client goes, or may go, through a gateway. */
struct broker_link {
	struct broker_link_key {
		struct portal_uuid client, gateway;
	} key;
	struct cp_map_entry by_key;
	struct broker_list of_client, of_gateway;
	struct broker_node *client, *gateway;
	uint32_t n_auths, n_current;
};

/* A resource that a client was granted, or asks for. */
struct broker_use {
	struct broker_use_key {
		struct portal_uuid client, resource;
	} key;
	struct cp_map_entry by_key;
	struct broker_list of_client;
	struct broker_node *client;
	struct broker_list auths, requests;
	struct broker_auth *current; /* or NULL */
};

struct broker_auth {
	struct broker_timed expiry;
	struct broker_use *use;
	struct broker_link *link;
	struct broker_list of_use, of_gateway;
	int64_t expires_at;
	uint64_t turn;
	uint32_t row;
	bool is_confirmed; /* the gateway answered once, or it was restored */
};

/* An authorize_flow that was sent and not answered. */
struct broker_ask {
	struct broker_timed overdue;
	char ref[BROKER_REF_TEXT];
	struct cp_map_entry by_ref;
	struct broker_list of_use, of_gateway;
	struct broker_use *use;
	struct broker_auth *auth; /* lives at least as long */
	uint64_t asked_by;        /* the client's conn */
	bool is_served;           /* the client has its flow by another one: nothing need be told */
};

struct broker_out_item {
	struct broker_out_item *next;
	enum broker_out_kind kind;
	enum broker_level level;
	uint64_t conn;
	bool may_be_lost;
	uint16_t close_code;
	const char *why, *event;
	struct portal_text text;
	const struct broker_node *node;
	struct broker_authorization authorization;
	char event_text[];
};
struct broker_outq {
	struct broker_out_item *head, **tail, *handed; /* handed: valid until the next input */
};

/* A new file, or the end of a policy: which connected peers must still hear of it (reload.c). */
struct broker_reload {
	struct broker_changes *changes; /* NULL: none is under way */
	struct broker_facts *before;    /* owned: what changes borrows besides b->facts; NULL if they are the same */
	uint32_t next_gateway, next_client, auths_left;
	/* Owned: what clients are told of each resource of the facts, by dialect, once it was told one: it is the same for all. */
	struct portal_text (*told)[2];
};

/* lists.c: what clients were told last of what there is to reach, as text. */
#define BROKER_LISTS 8
struct broker_rendered {
	enum portal_dialect dialect;
	const struct broker_resource **resources; /* owned; they are of the facts */
	size_t n;
	struct portal_text text; /* text NULL: the place is free */
};
struct broker_lists {
	struct broker_rendered list[BROKER_LISTS];
	size_t next, bytes;
};

struct broker {
	struct broker_facts *facts;
	struct broker_timing timing; /* of facts */
	struct broker_quota quota;
	struct broker_relays *relays;
	struct rescue *rescue;
	struct cp_rng rng;
	uint8_t secret[32];
	uint64_t n_seeds;
	uint64_t n_turns; /* of authorizations (record.h) */

	cp_time now; /* of the last input */
	int64_t unix_at; /* at unix_since */
	cp_time unix_since;
	int64_t judged_at, access_changes_at; /* Unix seconds */
	bool is_stopping;

	struct cp_map conns, owners, by_identity, by_id, by_public_key, links, uses, requests;
	struct broker_list all_conns, all_owners;
	struct broker_list broken; /* conns that missed a message for want of memory */
	uint32_t n_online[2], n_relays; /* gateways, clients; relays */
	struct cp_heap timers, expiries; /* expiries: at is in Unix seconds */
	uint64_t *pool; /* owned: a bit for each address that is given away (address.c) */
	uint32_t n_pool;

	struct broker_node **gateways, **clients; /* owned: rows, and what is in them */
	uint32_t n_gateways, n_clients, room_gateways, room_clients;
	struct broker_auth **auths; /* owned: likewise */
	uint32_t n_auths, room_auths;
	const struct broker_resource **listed; /* owned: room for one client's list … */
	struct portal_resource *views;         /* … as it is written */
	struct broker_lists lists;

	struct broker_outq outq;
	struct broker_reload reload;
	struct broker_list *presence; /* of all_conns: who is next to be asked for its relays; NULL: none */
	uint64_t counters[BROKER_COUNTER_KINDS];
	uint32_t per_second[60]; /* requests, by second of the core's clock, up to `second` */
	uint64_t second;
};

/* lists.c: of the n first in b->listed; valid until the next call. NULL: memory is short. */
const struct portal_text *broker_lists_text(struct broker *b, const struct portal_link *link, size_t n);
/* Before the facts go. */
void broker_lists_forget(struct broker_lists *l);

/* broker.c */
int64_t broker_unix_now(const struct broker *b);
/* An input begins. */
void broker_at(struct broker *b, cp_time now);
static inline void broker_count_up(struct broker *b, enum broker_counter c)
{
	b->counters[c]++;
}
/* How many timers of the core's clock may be armed. */
static inline uint32_t broker_n_timers(const struct broker *b)
{
	return b->conns.n + b->requests.n + b->by_id.n;
}

/* out.c. Where nothing is said of memory: what is short of it is not queued. */
struct broker_out_item *broker_out_item(enum broker_out_kind kind, size_t text_bytes);
void broker_out_item_free(struct broker_out_item *item);
void broker_out_put(struct broker *b, struct broker_out_item *item); /* takes it */
void broker_outq_let_go(struct broker *b);
void broker_outq_fini(struct broker *b);
/* A frame that is written already; it is copied. */
void broker_say_text(struct broker *b, struct broker_conn *c, const struct portal_text *text);
/* A frame. If it cannot be written the connection breaks, for its peer must not miss any. */
void broker_say(struct broker *b, struct broker_conn *c, const struct portal_message *m);
/* A client's init with these resources; NULL: memory was short when they were to be rendered. */
void broker_say_client_init(struct broker *b, struct broker_conn *c, const struct portal_message *m, const struct portal_text *resources);
/* refusal NULL: ok. What has no ref gets no reply. */
void broker_reply(struct broker *b, struct broker_conn *c, const struct portal_message *to, const char *refusal);
bool broker_store_device(struct broker *b, const struct broker_node *n);
bool broker_store_authorization(struct broker *b, const struct broker_auth *a);
void broker_forget_authorization(struct broker *b, const struct broker_auth *a);
void broker_event(struct broker *b, enum broker_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* address.c */
bool broker_pool_init(struct broker *b);
/* A free index, by chance; false: there is none. */
bool broker_pool_take(struct broker *b, uint32_t *ret_index);
/* This one; false: it is taken, or no address of ours. */
bool broker_pool_claim(struct broker *b, uint32_t index);
void broker_pool_give_back(struct broker *b, uint32_t index);
struct cp_addr broker_pool_ipv4(uint32_t index);
struct cp_addr broker_pool_ipv6(uint32_t index);

/* owner.c */
struct broker_owner *broker_owner_find(const struct broker *b, enum portal_role role, const struct portal_uuid *id);
/* NULL: memory is short. */
struct broker_owner *broker_owner_get(struct broker *b, enum portal_role role, const struct portal_uuid *id);
void broker_owner_free(struct broker *b, struct broker_owner *o);

/* device.c */
struct broker_node *broker_node_find(const struct broker *b, const struct portal_uuid *id);
struct broker_node *broker_gateway_find(const struct broker *b, const struct portal_uuid *id);
struct broker_node *broker_node_known(const struct broker *b, enum portal_role role, const struct portal_uuid *owner,
				      const char *external_id);
/* As d has it, copied; not listed yet. 0; -EEXIST: identity, id or key are another's; -ENOMEM. Its address is not looked at. */
int broker_node_add(struct broker *b, const struct broker_device *d, struct broker_node **ret);
/* One that was never seen: id, address and seed are drawn; not listed yet. 0; -ENOSPC: a quota, or no address; -EEXIST; -ENOMEM. */
int broker_node_register(struct broker *b, const struct broker_device *d, struct broker_node **ret);
/* Whether no other device has this key. */
bool broker_node_may_have(const struct broker *b, const struct broker_node *n, const struct portal_key *key);
/* What the peer says of itself now. False: memory is short, or the key is another's; nothing changed. */
bool broker_node_rename(struct broker *b, struct broker_node *n, const char *name, const struct portal_key *key);
/* Wipes and frees; it has no conn, use or auth any more. Its address stays taken unless it is given back. NULL is fine. */
void broker_node_free(struct broker *b, struct broker_node *n);

/* rows.c. False: memory is short. */
bool broker_node_list(struct broker *b, struct broker_node *n);
bool broker_auth_list(struct broker *b, struct broker_auth *a);
void broker_auth_unlist(struct broker *b, struct broker_auth *a);
bool broker_room_for(struct broker *b, size_t n_resources);

/* connect.c */
struct broker_conn *broker_conn_find(const struct broker *b, uint64_t number);
/* It missed a message, and will be closed before anything else happens. */
void broker_conn_break(struct broker *b, struct broker_conn *c);
/* One of those; false: there is none. */
bool broker_close_broken(struct broker *b);
/* The shell is told to close it, and it is gone, with all that follows from that. */
void broker_conn_close(struct broker *b, struct broker_conn *c, uint16_t code, const char *why);
/* Nothing follows. */
void broker_conn_free(struct broker *b, struct broker_conn *c);
void broker_conn_due(struct broker *b, struct broker_conn *c);
/* One conn less. */
void broker_node_unused(struct broker *b, struct broker_node *n);

/* join.c */
void broker_join(struct broker *b, struct broker_conn *c, const struct portal_message *m);
void broker_leave(struct broker *b, struct broker_conn *c, const struct portal_message *m);
/* The peer is offline from now on; left: in order. Its connection stays. */
void broker_part(struct broker *b, struct broker_conn *c, bool left);

/* init.c */
void broker_say_init(struct broker *b, struct broker_conn *c);
void broker_say_config(struct broker *b, struct broker_conn *c);
void broker_relay_user(const struct broker_conn *c, struct broker_relay_user *ret);

/* gateway.c */
void broker_gateway_joined(struct broker *b, struct broker_node *g, bool has_new_key);
void broker_gateway_parted(struct broker *b, struct broker_node *g, bool left);
void broker_gateway_silent(struct broker *b, struct broker_node *g, bool silent);
/* It is asked again, at once or soon, what it has not answered. */
void broker_gateway_repeat(struct broker *b, struct broker_node *g);
void broker_node_due(struct broker *b, struct broker_node *n);

/* choice.c */
/* Its load, or whether it may be chosen, changed. */
void broker_offer(struct broker *b, struct broker_node *g);
/* NULL: there is none. */
struct broker_node *broker_choose(struct broker *b, const struct broker_use *u, const struct broker_resource *r,
				  const struct portal_uuids *connected);

/* use.c */
struct broker_use *broker_use_find(const struct broker *b, const struct portal_uuid *client, const struct portal_uuid *resource);
struct broker_use *broker_use_get(struct broker *b, struct broker_node *client, const struct portal_uuid *resource);
/* Frees one that holds nothing any more. */
void broker_use_settle(struct broker *b, struct broker_use *u);
/* The current authorization; NULL: none. */
void broker_use_goes_through(struct broker *b, struct broker_use *u, struct broker_auth *a);
struct broker_link *broker_link_find(const struct broker *b, const struct portal_uuid *client, const struct portal_uuid *gateway);
struct broker_link *broker_link_get(struct broker *b, struct broker_node *client, struct broker_node *gateway);
void broker_link_settle(struct broker *b, struct broker_link *l);
void broker_use_let_go(struct broker *b, struct broker_use *u);
void broker_client_joined(struct broker *b, struct broker_node *client);
void broker_client_begins_anew(struct broker_node *client);
void broker_client_parted(struct broker *b, struct broker_node *client);
void broker_keys_changed(struct broker *b, struct broker_node *n);

/* authorization.c */
struct broker_authorization broker_auth_record(const struct broker_auth *a);
struct broker_auth *broker_auth_find(const struct broker_use *u, const struct broker_node *gateway);
/* Without an end yet. NULL: memory is short. */
struct broker_auth *broker_auth_create(struct broker *b, struct broker_use *u, struct broker_node *gateway);
void broker_auth_until(struct broker *b, struct broker_auth *a, int64_t expires_at);
/* Its requests too, and its use and its link if they hold nothing else. Nobody is told. */
void broker_auth_free(struct broker *b, struct broker_auth *a);
/* The gateway and the store are told. */
void broker_auth_reject(struct broker *b, struct broker_auth *a);
/* Nobody waits for it any more; what its gateway never confirmed is rejected. */
void broker_auth_doubted(struct broker *b, struct broker_auth *a);
void broker_auth_due(struct broker *b, struct broker_auth *a);

/* rejects.c */
void broker_reject_later(struct broker_node *gateway, const struct portal_uuid *client, const struct portal_uuid *resource);
void broker_rejects_say(struct broker *b, struct broker_node *gateway);
void broker_rejects_forget(struct broker_node *gateway);

/* flow.c */
void broker_create_flow(struct broker *b, struct broker_conn *c, const struct portal_message *m);
void broker_flow_authorized(struct broker *b, struct broker_conn *c, const struct portal_message *m);
/* The latest moment at which an access of this client may end now, policies aside. */
int64_t broker_latest_end(const struct broker *b, const struct broker_node *client);

/* flow_says.c */
void broker_ask_say(struct broker *b, const struct broker_ask *q);
void broker_say_created(struct broker *b, struct broker_conn *c, const struct broker_ask *q);
void broker_say_failed(struct broker *b, struct broker_conn *c, const struct portal_uuid *resource, enum portal_failure reason,
		       const struct broker_verdict *v);

/* asks.c */
struct broker_ask *broker_ask_find(const struct broker *b, const char *ref);
/* Not sent yet. NULL: memory is short. */
struct broker_ask *broker_ask_create(struct broker *b, struct broker_use *u, uint64_t asked_by);
void broker_ask_send(struct broker *b, struct broker_ask *q, struct broker_auth *a);
/* Its use is to be settled. NULL is fine. */
void broker_ask_free(struct broker *b, struct broker_ask *q);
void broker_ask_answered(struct broker *b, struct broker_ask *q);
void broker_ask_due(struct broker *b, struct broker_ask *q);
/* All of a use end; its client is told once. The use is to be settled. */
void broker_asks_failed(struct broker *b, struct broker_use *u);
/* All of a use: their answers will only be acknowledged. */
void broker_asks_served(struct broker_use *u);
/* Of an access that ends. */
void broker_asks_forget(struct broker *b, const struct broker_auth *a);
/* All of a gateway that will not answer them any more. */
void broker_asks_lost(struct broker *b, struct broker_node *gateway);
void broker_asks_repeat(struct broker *b, struct broker_node *gateway);

/* candidates.c */
void broker_broadcast(struct broker *b, struct broker_conn *c, const struct portal_message *m);
void broker_unicast(struct broker *b, struct broker_conn *c, const struct portal_message *m);

/* presence.c */
void broker_no_relays(struct broker *b, struct broker_conn *c, const struct portal_message *m);
void broker_relay_join(struct broker *b, struct broker_conn *c, const struct portal_message *m);
void broker_relay_parted(struct broker *b, struct broker_conn *c);
/* One connected peer hears of what happened to relays; false: nothing is left to do. */
bool broker_presence_step(struct broker *b);

/* moving.c */
/* It is back with another key: moves whoever goes through it. */
void broker_gateway_forgot(struct broker *b, struct broker_node *g);
/* What is due of rescues and drains. */
void broker_move_on(struct broker *b);
/* The client goes through the gateway now, or is back: if the gateway is being left it must be moved. */
void broker_to_move(struct broker *b, const struct broker_link *l);

/* reload.c */
/* One peer or authorization; false: nothing is left to do. */
bool broker_reload_step(struct broker *b);
void broker_reload_end(struct broker *b);
void broker_access_changes(struct broker *b);
/* It comes from where it may reach less than what it was granted elsewhere (§3.6). */
void broker_client_judged(struct broker *b, struct broker_node *client);

#endif
