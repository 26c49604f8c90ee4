/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the TURN client share.
 *
 *   turn.c        the façade: new, free, tick, deadline, what it knows
 *   texts.c       user name, password, realm, nonce and the key made of them
 *   request.c     requests under way: transactions, retransmission, what leaves next
 *   message.c     a request as bytes
 *   response.c    which responses are believed; success.c, errors.c: what they mean
 *   life.c        beginning, allocated, invalidated, suspended, freed, released; timers.c: in between
 *   channel.c     when channels are bound, refreshed, dropped; channel_table.c: numbers and peers
 *   waiting.c     peers that wait for an allocation
 *   event.c       the queue of events
 *   save.c        what survives a restart, and restore.c; saved.h is the layout, saved_in.c reads it
 *
 * A request lives in its owner (two Bindings and one control request in the allocation, one bind in every
 * channel), so that nothing a relay does makes more of them.
 */
#ifndef CP_TURN_INTERNAL_H
#define CP_TURN_INTERNAL_H

#include <stddef.h>

#include "base/heap.h"
#include "base/map.h"
#include "turn/turn.h"

#define TURN_KEEPALIVE           (25 * CP_S)
#define TURN_LIFETIME_MAX_S      3600u /* what relays grant at most; one that claims more is refreshed hourly */
#define TURN_CHANNEL_LIFETIME    (600 * CP_S)
#define TURN_CHANNEL_REFRESH     (300 * CP_S)
/* RFC 8656 §9: a permission lasts 300 s and it is ChannelBind that renews it. Stock relays know no permissions. */
#define TURN_CHANNEL_REFRESH_RFC (240 * CP_S)
#define TURN_CHANNEL_COOL_DOWN   (900 * CP_S) /* since the last bind: then the number may go to another peer */
#define TURN_RENEWALS            3u /* requests repeated at once for a new nonce; later ones wait for their turn */
#define TURN_MISMATCHES          5u /* 437 in a row, then the relay counts as one that refuses */
#define TURN_SCHEDULE_MAX        4u

#define turn_container(p, type, member) ((type *)(void *)((char *)(p) - offsetof(type, member)))

struct turn_text {
	uint16_t bytes;
	char p[TURN_TEXT_MAX]; /* terminated, and no NUL before */
};

/* Gaps behind each transmission; after the last one the request is given up. */
struct turn_schedule {
	uint8_t n;
	cp_time gap[TURN_SCHEDULE_MAX];
};

enum turn_request_kind {
	TURN_REQ_BINDING,
	TURN_REQ_ALLOCATE,
	TURN_REQ_REFRESH,
	TURN_REQ_PROBE,   /* a Refresh with one chance */
	TURN_REQ_DELETE,  /* Refresh with lifetime 0, to allocate anew */
	TURN_REQ_RELEASE, /* the same, to leave */
	TURN_REQ_CHANNEL_BIND,
};

struct turn_request {
	struct cp_map_entry entry;            /* in turn.pending by txid; from transmission to response */
	struct cp_timer timer;                /* the next transmission, or giving up */
	struct turn_request *prev, *next;     /* in turn.outbox */
	const struct turn_schedule *schedule; /* NULL: nothing is under way */
	cp_time began;                        /* first transmission */
	enum turn_request_kind kind;
	uint8_t txid[STUN_TXID_BYTES];
	uint8_t server;        /* index of its destination */
	uint8_t step;          /* of the schedule: transmissions decided */
	uint8_t transmissions; /* that left */
	uint8_t renewals;
	bool queued;      /* in the outbox */
	bool with_auth;   /* as it left last: with MESSAGE-INTEGRITY */
	bool with_nonce;
	bool pruned;      /* repeated without what a 420 named */
	bool denied;      /* an unsigned 401 came although it had a nonce */
};

struct turn_channel {
	struct turn_request bind;
	struct cp_map_entry by_peer;
	struct cp_timer timer;
	struct cp_addr peer;
	uint16_t number;
	cp_time bound_at; /* confirmed last; 0: never */
	bool live;        /* may be sent on: confirmed, or optimistically since the request left */
	bool received;    /* data since the last bind */
	bool held;
};

enum turn_server_kind { TURN_SERVER_UNKNOWN, TURN_SERVER_STOCK, TURN_SERVER_THIRD_PARTY };
enum turn_stage { TURN_STAGE_RUNNING, TURN_STAGE_RELEASING, TURN_STAGE_OVER };

/* Attributes that may be left out when a 420 names them. */
enum { TURN_OMIT_TRANSPORT = 1, TURN_OMIT_FAMILY = 2, TURN_OMIT_SOFTWARE = 4 };

struct turn {
	struct cp_addr server[2];
	struct cp_rng *rng; /* borrowed */
	struct turn_text username, password, realm, nonce, software;
	uint8_t key[16];
	uint8_t digest[16]; /* of the settings: what was saved under others is not restored */
	enum turn_server_kind kind;
	enum turn_stage stage;
	int active; /* index of the server in use; -1: none */
	bool credentials_refused, suspension_told;
	uint8_t mismatches;
	uint8_t omit_allocate, omit_refresh; /* TURN_OMIT_* */
	uint16_t refused_code;

	struct turn_request binding[2], control;
	uint32_t under_way; /* requests */
	struct cp_map pending;
	struct cp_heap request_timers;
	struct turn_request *outbox, *outbox_last;

	struct cp_addr host[2], srflx[2];
	struct cp_addr relayed[2]; /* both CP_NONE: no allocation */
	cp_time allocated_at, expires, refresh_at;
	cp_time spoke, heard; /* what the keepalive is counted from: the older one */
	cp_time carried;      /* last ChannelData from it; 0: none */
	cp_time rtt;

	struct turn_channel *channels[TURN_CHANNELS]; /* owned */
	uint64_t taken[TURN_CHANNELS / 64];
	uint32_t in_use, next_number; /* next_number: index */
	struct cp_map by_peer;
	struct cp_heap channel_timers;
	cp_time short_told;
	struct cp_addr waiting[TURN_PENDING_BINDS]; /* a ring */
	uint32_t waiting_at, n_waiting;

	struct turn_event *events; /* owned ring */
	uint32_t events_at, n_events, events_room;

	bool dirty;            /* part 0 */
	uint64_t dirty_blocks; /* of channels: part n is bit n - 1 */
	struct turn_counters counters;
};

static inline uint8_t turn_family_index(const struct cp_addr *a)
{
	return a->family == CP_V6;
}

/* texts.c */
/* False: too long, or a NUL inside. */
bool turn_text_set(struct turn_text *t, const char *p, size_t bytes);
bool turn_texts_fit(const struct turn *t, size_t realm_bytes, size_t nonce_bytes);
void turn_key_derive(struct turn *t);
void turn_digest_derive(struct turn *t);
void turn_credentials_wipe(struct turn *t);
/* The nonce of m, if it has a usable one; false otherwise. */
bool turn_nonce_take(struct turn *t, const struct stun_message *m);
bool turn_realm_take(struct turn *t, const struct stun_message *m);
bool turn_realm_is_ours(const struct turn *t, const struct stun_message *m);

/* request.c */
void turn_request_start(struct turn *t, struct turn_request *r, enum turn_request_kind kind, uint8_t server, cp_time now);
/* The same request again at once, with its whole schedule. */
void turn_request_again(struct turn *t, struct turn_request *r, cp_time now);
/* Nothing is under way any more. */
void turn_request_end(struct turn *t, struct turn_request *r);
/* Its transaction is answered; the schedule goes on. */
void turn_request_answered(struct turn *t, struct turn_request *r);
struct turn_request *turn_request_find(const struct turn *t, const uint8_t txid[STUN_TXID_BYTES]);
void turn_requests_tick(struct turn *t, cp_time now);
/* message.c: of what type, and as bytes; the transaction id is set. */
uint16_t turn_request_method(enum turn_request_kind kind);
uint16_t turn_message_build(const struct turn *t, struct turn_request *r, uint8_t ret[TURN_MESSAGE_MAX]);

/* success.c, errors.c: 0 or TURN_E_MALFORMED. r may be gone afterwards. */
int turn_success(struct turn *t, struct turn_request *r, const struct stun_message *m, const struct cp_addr *local, cp_time now);
int turn_error(struct turn *t, struct turn_request *r, const struct stun_message *m, cp_time now);
/* An unsigned 401 or 438 of a third-party server. */
int turn_error_unsigned(struct turn *t, struct turn_request *r, const struct stun_message *m, cp_time now);
/* The server is none of stock's: allocate as RFC 8656 has it. */
void turn_error_not_stock(struct turn *t, cp_time now);

/* life.c */
void turn_begin(struct turn *t, cp_time now);
/* The server answers: Allocate, or Refresh if there is an allocation. */
void turn_server_found(struct turn *t, uint8_t server, cp_time now);
void turn_allocated(struct turn *t, const struct stun_message *m, cp_time now);
void turn_refreshed(struct turn *t, uint32_t lifetime_s, cp_time now);
void turn_refresh_refused(struct turn *t, cp_time now);
void turn_announce(struct turn *t);
void turn_invalidate(struct turn *t);
/* 437: whatever was known is gone; next is ALLOCATE or DELETE. */
void turn_mismatch(struct turn *t, enum turn_request_kind next, cp_time now);
void turn_refused(struct turn *t, uint16_t code);
void turn_given_up(struct turn *t, struct turn_request *r, cp_time now);
void turn_freed(struct turn *t, enum turn_freed why);
void turn_released(struct turn *t, bool confirmed);
/* After every input: is it suspended or to be freed? */
void turn_settle(struct turn *t);

/* timers.c */
void turn_allocation_tick(struct turn *t, cp_time now);
cp_time turn_allocation_deadline(const struct turn *t);

/* channel.c */
/* Is there a relayed address of the peer's family? */
bool turn_reaches(const struct turn *t, const struct cp_addr *peer);
/* Binds the peer, which is reached, unless it is bound or being bound. */
void turn_channel_want(struct turn *t, const struct cp_addr *peer, cp_time now);
void turn_channel_confirmed(struct turn *t, struct turn_channel *c, cp_time now);
void turn_channel_refused(struct turn *t, struct turn_channel *c);
void turn_channels_tick(struct turn *t, cp_time now);
/* Restored: announces it, or binds it if that was not confirmed. */
void turn_channel_resume(struct turn *t, struct turn_channel *c, cp_time now);

/* waiting.c */
void turn_waiting_add(struct turn *t, const struct cp_addr *peer);
void turn_waiting_flush(struct turn *t, cp_time now);

/* channel_table.c */
bool turn_table_init(struct turn *t);
void turn_table_fini(struct turn *t);
/* With the next free number; NULL: there is none (counted), or no memory (counted). */
struct turn_channel *turn_channel_new(struct turn *t, const struct cp_addr *peer, cp_time now);
/* With this number, which is free; NULL: no memory. */
struct turn_channel *turn_channel_at(struct turn *t, uint16_t number, const struct cp_addr *peer);
void turn_channel_remove(struct turn *t, struct turn_channel *c);
struct turn_channel *turn_channel_by_peer(const struct turn *t, const struct cp_addr *peer);
struct turn_channel *turn_channel_by_number(const struct turn *t, uint16_t number);
void turn_channel_touch(struct turn *t, const struct turn_channel *c); /* its part changed */

/* event.c */
bool turn_events_reserve(struct turn *t, uint32_t n);
void turn_event_put(struct turn *t, struct turn_event e);

/* Can a candidate be made of it? Unspecified, multicast, broadcast, IPv4 link-local: no. */
bool turn_address_is_usable(const struct cp_addr *a);

#endif
