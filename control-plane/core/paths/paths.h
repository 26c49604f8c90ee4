/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the connections (conn/conn.h) and the NF, as far as the messages of nf/wire.h reach:
 *
 *   conn                                   NF
 *   SEND              ──────────────────►  INJECT (STUN)
 *   PEER, PATH        ──────────────────►  PEER_UPSERT, profile of portal peers: stock timers, pinned, 1280, no padding
 *   HANDSHAKE         ──────────────────►  PEER_HANDSHAKE
 *   REMOVE            ──────────────────►  PEER_CLOSE with goodbye, PEER_REMOVE without
 *   STASH             ──────────────────►  STASH_PUT, STASH_DELETE
 *   conn_udp_in()     ◄──────────────────  PUNT (STUN)
 *   conn_report_in()  ◄──────────────────  PEER_EVENT: SESSION, FAILED; GOODBYE removes
 *   conn_restore()    ◄──────────────────  STASH_GET, once per process
 *   conn_addresses()  ◄──────────────────  INTERFACES_GET: the addresses of wan, with the tunnel's port
 *   rest              ──────────────────►  CP_OUT_PORTAL
 *
 * There is no message for relayed paths, channels and responder entries: they are counted and not said, so a connection
 * whose only path goes through our relay carries no tunnel.
 *
 * Nothing is queued for the NF beyond PATHS_WINDOW requests: what waits, waits in the connections, where ten changes are
 * one. While the NF is away nothing waits at all, because it is told everything when it comes back.
 */
#ifndef CP_PATHS_H
#define CP_PATHS_H

#include "base/map.h"
#include "base/outq.h"
#include "conn/conn.h"
#include "link/link.h"

#define PATHS_WINDOW      64u
#define PATHS_AT_ONCE     1024u /* outputs of one call; the rest follows at once */
#define PATHS_ALLOWED_MAX 16u

struct paths_tunnel; /* what the NF must be told of a peer besides its connection */

struct cp_paths {
	struct conn_node *conns; /* owned; NULL: a static node, and no function below but paths_fini() is called */
	struct cp_outq *out;     /* borrowed */
	struct cp_link *link;    /* borrowed */
	struct cp_map tunnels;   /* by public key */
	uint16_t port;           /* of the tunnel */
	uint32_t under_way[PATHS_WINDOW]; /* sequence numbers of requests; 0: free */
	uint32_t n_under_way;
	uint32_t asked_stash, asked_interfaces; /* sequence numbers while the answer streams in; 0: not asked */
	bool restored, more;
	bool complete; /* the portal has named all its peers once */
	bool has_wan;
	uint64_t unsayable, refused, lost; /* lost: STUN while the NF was away */
};

/* 0 or -ENOMEM. The caller wipes its copy of the seed. */
int paths_open(struct cp_paths *p, const struct conn_settings *s, uint16_t port, struct cp_outq *out, struct cp_link *link,
	       cp_time now);
void paths_fini(struct cp_paths *p);

/* conn_upsert(), and what the tunnel carries; the peer's cookie is ours. -E2BIG: more than PATHS_ALLOWED_MAX prefixes;
 * otherwise as conn_upsert(). */
int paths_upsert(struct cp_paths *p, const struct conn_peer *peer, const char *name, const struct nf_addr *allowed,
		 uint16_t n_allowed, cp_time now);

/* The portal has named all its peers: others end, at once or when they have come back from the stash. */
void paths_complete(struct cp_paths *p, cp_time now);
/* The NF has told its peers (LINK_LEARNING): asks for stash and interfaces. link_learnt() follows when both have come. */
void paths_learn(struct cp_paths *p, cp_time now);
/* A reply to a request of ours; true: it was one. */
bool paths_reply(struct cp_paths *p, const struct nf_msg_hdr *hdr, const void *body, cp_time now);
void paths_peer_event(struct cp_paths *p, const struct nf_peer_event_body *e, cp_time now);
/* A datagram of nf-punt; true: it was STUN. */
bool paths_punted(struct cp_paths *p, const void *msg, size_t bytes, cp_time now);
void paths_link_down(struct cp_paths *p);
/* A sync has reached the point where peers of the portal are asserted. */
void paths_reassert(struct cp_paths *p, cp_time now);
/* After every input: carries out what the connections have decided. */
void paths_pump(struct cp_paths *p, cp_time now);
/* CP_NEVER: none. */
cp_time paths_deadline(const struct cp_paths *p);

#endif
