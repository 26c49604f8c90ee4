/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client side of one TURN relay: Binding, Allocate, Refresh, ChannelBind and what may go wrong with each
 * (connectivity §2; RFC 8656). A relay has up to one address per family; an allocation lives on whichever
 * answered first.
 *
 *             Binding answered            Allocate answered
 *   PROBING ───────────────► ALLOCATING ───────────────► ALLOCATED ──┐ Refresh at half the lifetime,
 *      │                        │   ▲                       │   ▲    │ Binding every 25 s, channels
 *      │ 8 s                    │   └─ 437: delete first ───┤   └────┘
 *      ▼                        ▼                           ▼
 *   TURN_FREED_NO_RESPONSE   SUSPENDED (refused)   invalidated: relayed addresses withdrawn, channels forgotten
 *
 * Kinds of server: it starts as stock relays want it (USERNAME in the very first Allocate). An unsigned error to it
 * (400, 401; 437 if the realm is another) shows a third-party server, which is then spoken to as RFC 8656 says; the
 * kind is remembered. There unsigned 401 and 438 may bring a nonce, nothing more, and channels are refreshed at
 * 4 min, because permissions last 5.
 *
 * Requests repeat after 1, 1.5, 2.25 s and are given up 3.375 s later. An allocation whose lifetime ran out is asked
 * for again; a relay that answers 437 six times in a row counts as one that refuses.
 *
 * Inputs are datagrams and times; outputs are drained with turn_next() (datagrams) and turn_event_next()
 * (what happened) after every input. turn_deadline() says when turn_tick() is due. Nothing calls back, nothing
 * blocks; one thread at a time. Numbers of the client's channels: 0x4000..0x4fff.
 */
#ifndef CP_TURN_H
#define CP_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "base/time.h"
#include "stun/stun.h"

#define TURN_TEXT_MAX     513u /* bytes of username, password, realm, nonce each, NUL included */
#define TURN_MESSAGE_MAX  STUN_MESSAGE_MAX
#define TURN_CHANNELS     4096u
#define TURN_CHANNELS_EAGER 3000u /* beyond so many in use channels are bound on demand only */
#define TURN_PENDING_BINDS 100u   /* peers that wait for an allocation */

struct turn;

struct turn_settings {
	struct cp_addr server[2]; /* [0] IPv4, [1] IPv6; family CP_NONE: it has none; both never */
	const char *username;     /* copied, as the others; at most TURN_TEXT_MAX - 1 bytes */
	const char *password;
	const char *realm;        /* "firezone" with stock relays; replaced by what a third-party server says */
	const char *software;     /* value of SOFTWARE */
};

/* Returns owned; NULL: out of memory, or a text is too long (or all of them together for one message). Starts at once:
 * drain it. rng is borrowed. */
struct turn *turn_new(const struct turn_settings *s, struct cp_rng *rng, cp_time now);
void turn_free(struct turn *t); /* NULL is fine; wipes credentials; tells the relay nothing */

/* --- inputs --- */

/* Outcomes of turn_stun_in(); all of them are counted in struct turn_counters. */
enum {
	TURN_E_NOT_OURS = 1,      /* from no address of this relay */
	TURN_E_UNKNOWN_TRANSACTION, /* late, repeated, or invented */
	TURN_E_BAD_INTEGRITY,     /* unsigned or badly signed where a signature is due */
	TURN_E_MALFORMED,         /* lacks what the response must have */
};
/* A STUN message from an address of the relay, received at local. 0: taken; or TURN_E_*. */
int turn_stun_in(struct turn *t, const struct stun_message *m, const struct cp_addr *from, const struct cp_addr *local,
		 cp_time now);
/* ChannelData came: the peer behind a confirmed channel; false: unknown or unconfirmed, drop it. */
bool turn_channel_heard(struct turn *t, uint16_t channel, cp_time now, struct cp_addr *ret_peer);
/* ChannelData for this channel left for the relay: postpones the keepalive, as long as something comes back. */
void turn_channel_sent(struct turn *t, uint16_t channel, cp_time now);
/* A remote candidate at peer is known: bind ahead of need unless numbers run short. */
void turn_bind_early(struct turn *t, const struct cp_addr *peer, cp_time now);
/* Something is to be sent to peer. The number to use, also before the relay has confirmed it; 0: there is none
 * yet (the datagram is dropped, a bind is on its way if one is possible). */
uint16_t turn_channel_to(struct turn *t, const struct cp_addr *peer, cp_time now);
/* The selected path of a connection uses (stops using) this peer's channel: it is refreshed though only sending. Without
 * a channel nothing happens, and it is forgotten with the channel: hold it (again) at TURN_CHANNEL_UP. */
void turn_channel_hold(struct turn *t, const struct cp_addr *peer, bool hold);
/* One Refresh that must be answered within 1 s (the portal's list came without this relay); a suspended one begins anew. */
void turn_probe(struct turn *t, cp_time now);
/* The node's local addresses changed: what was allocated is invalidated (the relay knows it by the former address), and it
 * begins anew with Binding. */
void turn_restart(struct turn *t, cp_time now);
/* Refresh with lifetime 0, repeated after 200 ms if not confirmed; ends in TURN_RELEASED within 1 s, at once if there is
 * nothing to release. Channels may be used until then, and no new ones are bound. */
void turn_release(struct turn *t, cp_time now);
void turn_tick(struct turn *t, cp_time now);

/* --- outputs --- */

struct turn_send {
	struct cp_addr to;   /* of the relay */
	uint16_t bytes;
	uint8_t data[TURN_MESSAGE_MAX];
};
/* False: nothing is left. Built here: what is drained late leaves with the latest nonce, and at most once per request. */
bool turn_next(struct turn *t, cp_time now, struct turn_send *ret);

enum turn_event_kind {
	TURN_HOST,            /* addr: local address that a Binding response arrived on; base: itself */
	TURN_SRFLX,           /* addr: as the relay sees us; base: the host address; was: the former one, or none */
	TURN_RELAYED,         /* addr: a relayed address of ours; cross_family: not that of the transport */
	TURN_RELAYED_GONE,    /* addr: withdrawn */
	TURN_CHANNEL_UP,      /* channel, addr (the peer): the relay confirmed it; again after each refresh */
	TURN_CHANNEL_DOWN,    /* channel, addr: must not be used any more */
	TURN_CHANNELS_SHORT,  /* numbers ran out: addr got none; at most once a second, the counter knows all */
	TURN_ALLOCATED,
	TURN_INVALIDATED,     /* the allocation is gone, TURN_RELAYED_GONE and TURN_CHANNEL_DOWN came before */
	TURN_SUSPENDED,       /* the relay refused an Allocate: code; nothing happens until turn_probe() or turn_restart() */
	TURN_FREED,           /* remove it: why. It is wiped and answers nothing any more */
	TURN_RELEASED,        /* confirmed: 1 if the relay said so */
};
enum turn_freed { TURN_FREED_PROTOCOL = 1, TURN_FREED_NO_RESPONSE, TURN_FREED_AUTHENTICATION };
struct turn_event {
	enum turn_event_kind kind;
	struct cp_addr addr, base, was;
	uint16_t channel;
	uint16_t code;  /* STUN error */
	bool cross_family, confirmed;
	enum turn_freed why;
};
bool turn_event_next(struct turn *t, struct turn_event *ret);

cp_time turn_deadline(const struct turn *t); /* CP_NEVER: none */

/* --- what it knows --- */

bool turn_is_allocated(const struct turn *t);
bool turn_is_suspended(const struct turn *t);
/* Does the datagram come from this relay? */
bool turn_is_server(const struct turn *t, const struct cp_addr *a);
/* The server address in use; NULL: none answered yet. Borrowed, valid until the next input. */
const struct cp_addr *turn_active_server(const struct turn *t);
/* Our relayed address of a family, family CP_NONE: none. */
struct cp_addr turn_relayed(const struct turn *t, uint8_t family);
struct cp_addr turn_host(const struct turn *t, uint8_t family);
struct cp_addr turn_srflx(const struct turn *t, uint8_t family);
/* Smoothed round trip (7/8 of the old, 1/8 of the new), from the first transmission of each request; 0: not measured. */
cp_time turn_rtt(const struct turn *t);
/* When it last carried something to us: it is there, and knows our allocation. 0: never. */
cp_time turn_carried(const struct turn *t);
/* Numbers that no other peer could get now: bound, being bound, and cooling down. */
uint32_t turn_channels_in_use(const struct turn *t);

struct turn_counters {
	uint64_t requests, retransmissions, responses, late, bad_integrity, malformed, strange_source;
	uint64_t errors_400, errors_401, errors_420, errors_437, errors_438, errors_other;
	uint64_t channels_bound, channels_refreshed, channels_expired, channels_exhausted, binds_dropped;
	uint64_t channel_data_unknown, out_of_memory;
};
const struct turn_counters *turn_counters(const struct turn *t);

/* --- restart ---
 * What cannot be derived again: kind of server, nonce, realm, allocation, relayed addresses, lifetime, channels with
 * their times. Opaque parts of at most TURN_SAVE_MAX bytes. Times are absolute: the clock of the core is the host's
 * and outlives the process; one that lies ahead of now counts as now.
 * Part 0 is the allocation, part n >= 1 a block of channels. */
#define TURN_SAVE_MAX 4096u
/* Parts that changed since they were last saved, one per call; false: none is left. 0 bytes: forget the part. */
bool turn_save_next(struct turn *t, cp_time now, uint16_t *ret_part, uint8_t ret[TURN_SAVE_MAX], size_t *ret_bytes);
/* What was saved is lost: all parts that hold something count as changed. */
void turn_save_again(struct turn *t);
/* Before the first turn_next() of a fresh turn with the same settings, part 0 first. Credentials or servers that differ,
 * or channels of an allocation that did not come back or is over: -EINVAL, it starts afresh. Malformed: -EPROTO, likewise
 * (of a block of channels those before the malformed one stay). What was not taken is saved anew, or forgotten, by the
 * next turn_save_next(). Afterwards one Refresh, and no Allocate, verifies the allocation; the
 * restored addresses and channels are announced as events again. */
int turn_restore(struct turn *t, uint16_t part, const uint8_t *data, size_t bytes, cp_time now);

#endif
