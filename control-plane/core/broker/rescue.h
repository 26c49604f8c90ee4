/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When which client must be moved off a gateway (portal §6.3 g): rescue of the lost, drain of the leaving. It knows
 * gateways, clients and times, nothing of frames, resources or connections.
 *
 *                 cordon                 drain: BEGIN               all moved
 *      ONLINE ────────────> CORDONED ────────────────> DRAINING ──────────────> CORDONED
 *        │ ^                    │                          │  (uncordon: ONLINE, and the rest stays)
 *        │ └─ joined ─┐         │                          │
 *        └── lost ──> MISSING <─┘ lost                lost │
 *                       │ rescue_after, or               v
 *        left ──────────┴─ never joined: BEGIN ──────> RESCUING ── all moved ──> OFFLINE
 *
 * After every input rescue_next() is called until it returns false. On RESCUE_BEGIN the caller adds every client that
 * has a live authorization through the gateway and is to be moved; at any later time those that get one, and drops
 * those that have none any more: additions count only while the gateway is being left, so the caller need not ask.
 * Each is moved once, in the order of addition, move_within / n after the one before, 1 / move_per_s if that is less.
 *
 * Not for the caller to add: its own clients when a gateway of its own leaves, for they move by themselves (§6.3 g 3).
 * A client that is not connected when its turn comes cannot be moved; after its next init it is to be, if then
 * rescue_is_left(). One thread; memory: one record for each client still to come.
 */
#ifndef CP_BROKER_RESCUE_H
#define CP_BROKER_RESCUE_H

#include "base/heap.h"
#include "broker/view.h"

struct rescue;
struct rescue_client;
enum rescue_why { RESCUE_LOST = 1, RESCUE_DRAINED, RESCUE_LEFT };

/* Embedded in a gateway; zeroed before rescue_gateway_add(). Nobody else writes. */
struct rescue_gateway {
	struct cp_timer timer;
	struct rescue_gateway *next, **link;
	struct rescue_client *first, *last;  /* owned: to move */
	uint32_t to_move, listed;            /* listed: since BEGIN */
	cp_time lost_at, move_at;            /* move_at: of BEGIN, then of the first of them */
	bool joined, missing;
	bool cordoned, drained; /* by the operator */
	bool left, must_begin;
	enum rescue_why why; /* it is being left, or was last */
	void *owner; /* of the caller */
};

/* NULL: memory is short. The timing is copied; now: the portal's start, which rescue_not_before counts from. */
struct rescue *rescue_create(const struct broker_timing *timing, const uint8_t secret[16], cp_time now);
/* Its gateways were removed before. NULL is fine. */
void rescue_free(struct rescue *r);
/* Moves under way go on at the new pace; a MISSING gateway's time is reckoned anew. */
void rescue_configure(struct rescue *r, const struct broker_timing *timing);

/* A gateway that is OFFLINE. -ENOMEM: it is not added. One that the store held and that has live authorizations is to be told
 * rescue_lost(): it was there before the portal began, and gets until rescue_not_before to come back. */
int rescue_gateway_add(struct rescue *r, struct rescue_gateway *g, bool cordoned, void *owner);
void rescue_gateway_remove(struct rescue *r, struct rescue_gateway *g);

/* Its connection is usable. True: it was MISSING, and nobody need be rescued. What is still to come of a rescue is
 * forgotten; of an operator's drain it goes on. */
bool rescue_joined(struct rescue *r, struct rescue_gateway *g);
/* Its connection ended without a leave. After a leave nothing happens. */
void rescue_lost(struct rescue *r, struct rescue_gateway *g, cp_time now);
/* It said that it leaves. */
void rescue_left(struct rescue *r, struct rescue_gateway *g, cp_time now);
/* The operator's; each implies what the one before did. A drain while it goes on begins anew. */
void rescue_cordon(struct rescue *r, struct rescue_gateway *g);
void rescue_drain(struct rescue *r, struct rescue_gateway *g, cp_time now);
/* Ends a drain. A rescue goes on: the gateway is still gone. */
void rescue_uncordon(struct rescue *r, struct rescue_gateway *g);

/* -ENOMEM: it is not moved. One that is still to come is not added twice; one that was moved may be added again. */
int rescue_add(struct rescue *r, struct rescue_gateway *g, const struct portal_uuid *client, cp_time now);
void rescue_drop(struct rescue *r, struct rescue_gateway *g, const struct portal_uuid *client);

enum rescue_out_kind {
	RESCUE_BEGIN = 1, /* the gateway is being left: add its clients. Before it, the list is empty */
	RESCUE_MOVE,      /* client */
};
struct rescue_out {
	enum rescue_out_kind kind;
	struct rescue_gateway *gateway; /* borrowed */
	enum rescue_why why;
	struct portal_uuid client;
};
/* What is due at `now`, one by one. */
bool rescue_next(struct rescue *r, cp_time now, struct rescue_out *ret);
/* CP_NEVER: none. Once rescue_next(now) has returned false it is later than `now`. */
cp_time rescue_deadline(const struct rescue *r);
/* Before this nobody is rescued. */
cp_time rescue_quiet_until(const struct rescue *r);

enum broker_gateway_state rescue_state(const struct rescue_gateway *g);
/* It may be chosen for a flow: it joined, and is not cordoned. */
static inline bool rescue_is_offered(const struct rescue_gateway *g)
{
	return g->joined && !g->cordoned;
}
/* Its clients are being moved, or were, and it was not offered since. */
static inline bool rescue_is_left(const struct rescue_gateway *g)
{
	return g->left;
}
static inline uint32_t rescue_to_move(const struct rescue_gateway *g)
{
	return g->to_move;
}

#endif
