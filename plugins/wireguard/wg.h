/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the plugin's DPDK side shares: peers, keypairs, endpoints, the rings between workers (W), the
 * management thread (M) and the handshake thread (H).
 *
 *   W ──packets──► H ──results──► M ──inject──► W          M ──requests──► H
 *   └────────────────events──────► M
 */
#ifndef WG_WG_H
#define WG_WG_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include <nf/ctl.h>
#include <nf/iface.h>
#include <nf/log.h>
#include <nf/plugin.h>
#include <nf/table.h>
#include <nf/worker.h>

#include "aead/aead.h"
#include "allowedips.h"
#include "close.h"
#include "control.h"
#include "message.h"
#include "noise.h"
#include "replay.h"
#include "timers.h"

#define WG_STAGED_MAX      16   /* packets of one peer that wait for a session */
#define WG_STAGED_ALL_MAX  2048 /* of all peers */
#define WG_LISTEN_MAX      4
/* Packets that encap and decap take through all passes at once: enough for an engine's lanes, and few enough that what the
 * first pass has fetched of their peers is still in the nearest cache when the last one needs it. */
#define WG_CHUNK           ((uint16_t)64)

/* Where a peer is, and from where we talk to it. Immutable once published (RCU). */
struct wg_endpoint {
	uint8_t family; /* 0: unknown */
	uint8_t zero;
	uint16_t remote_port, local_port; /* host byte order */
	uint8_t remote[16], local[16];    /* local all zero: the interface's source address */
};

/*
 * writer: M publishes; immutable but for the marked fields. Found by W through the index table. What a direction reads of one
 * lies in one line of the cache, and what it writes in another.
 */
struct wg_keypair {
	uint8_t send[WG_KEY_BYTES];
	uint64_t send_until_ns, born_ns;
	uint32_t remote_index;
	bool initiator;
	uint8_t receive[WG_KEY_BYTES] __rte_cache_aligned;
	uint64_t receive_until_ns;
	uint32_t local_index, peer;
	uint64_t next_counter __rte_cache_aligned; /* writer: any W, fetch_add per burst */
	rte_spinlock_t lock __rte_cache_aligned;   /* guards what follows; once per run of a burst */
	bool heard;                                /* writer: W under lock */
	struct wg_replay replay;                   /* writer: W under lock */
};

enum wg_seen_kind { WG_SEEN_DATA_SENT, WG_SEEN_DATA_RECEIVED, WG_SEEN_ANY_SENT, WG_SEEN_ANY_RECEIVED, WG_SEEN_KINDS };

/* A worker's own line of a peer. writer: that W; reader: M, racy on purpose. */
struct wg_line {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t seen[WG_SEEN_KINDS];
} __rte_cache_aligned;

struct wg_closing {
	struct wg_close machine;
	struct nf_timer timer;
	struct wg_peer *peer; /* outlives this */
	uint16_t reason;
	bool in_batch;
	bool tried;           /* a session was there, a goodbye was made */
	bool shut;            /* unhooked, the report is on its way */
	bool again;           /* upserted meanwhile: begins anew afterwards, at again_at */
	struct wg_endpoint again_at;
	uint64_t asked_ns, rx_before;
	uint64_t linger_ns;
	uint16_t goodbye_bytes;
	uint8_t goodbye[NF_GOODBYE_MAX];
};

struct wg_peer {
	/* read by W */
	uint32_t handle;                /* immutable */
	uint16_t inner_mtu;             /* writer: M */
	uint8_t padding;                /* writer: M */
	bool closing;                   /* writer: M; W refuses to encapsulate */
	bool roaming;                   /* writer: M */
	struct wg_keypair *current;     /* writer: M, release/acquire */
	struct wg_endpoint *endpoint;   /* writer: M, RCU */
	uint64_t told_ns;               /* of data while closing; writer: W, racy on purpose: one event more */
	uint32_t goodbyes_left;         /* taken by a driver; writer: W, atomic; reset by M before a close */
	uint32_t goodbye_ports;         /* mask of 1 << port they left by; likewise */
	/* M only */
	struct wg_keypair *previous, *next;
	uint8_t public_key[WG_KEY_BYTES];
	uint8_t preshared_key[WG_KEY_BYTES];
	char name[NF_NAME_BYTES];
	uint32_t flags, epoch;
	uint8_t timer_profile, endpoint_mode;
	uint16_t keepalive_s;
	uint16_t n_allowed;
	struct nf_addr *allowed; /* owned */
	struct wg_timers timers;
	struct nf_timer timer;
	uint64_t handshakes, last_handshake_ns, upserted_ns;
	bool operator_closed, had_session, said_goodbye;
	struct wg_closing *close; /* owned; NULL: not closing */
	uint16_t n_staged;
	struct rte_mbuf *staged[WG_STAGED_MAX];
	struct wg_line lines[]; /* one per worker */
};

/* From W to M; 16 bytes on the ring. */
enum wg_event_kind {
	WG_EV_SEEN = 1,    /* arg: mask of 1 << wg_seen_kind */
	WG_EV_CONFIRMED,   /* first packet on a keypair; arg: its local index */
	WG_EV_ROAMED,      /* p: struct wg_endpoint from the pool, taken */
	WG_EV_STAGE,       /* p: mbuf that needs a session, taken */
	WG_EV_CONTROL,     /* p: mbuf with a control packet, taken; opaque: struct wg_control_from */
	WG_EV_CLOSING_RX,  /* data of a peer that is being closed */
};
struct wg_event {
	uint32_t peer;
	uint16_t kind;
	uint16_t zero;
	union {
		void *p;
		uint64_t arg;
	};
};

/* In nf_pkt.opaque of a control packet. */
struct wg_control_from {
	uint64_t session_ns; /* birth of the keypair that opened it */
};
_Static_assert(sizeof(struct wg_control_from) <= 14, "fits nf_pkt.opaque");

struct wg_options {
	uint16_t listen[WG_LISTEN_MAX];
	unsigned int n_listen;
	char private_key_file[256];
	char aead[16]; /* engine that is forced, or "auto" */
};

struct wg_counters {
	uint16_t no_session_index, expired, bad_tag, replayed, keepalive, inner_malformed, source_not_allowed, control,
		closing, no_peer, too_big, ttl, staged_full, no_endpoint, control_from_lan, handshake_taken, handshake_queue_full,
		event_ring_full, events_lost, goodbye_outdated, counter_exhausted, handshake_bad_mac, handshake_unknown_peer, handshake_invalid, cookies_sent,
		cookies_received, initiations_sent, responses_sent, fragment_needed_v4, staged_expired;
};

/* One per process: the plugin is one shared object. Set up by init, then each part by its owner. */
struct wg {
	struct wg_options options;
	struct wg_counters c;
	struct nf_limits limits;
	const struct wg_aead_engine *aead; /* immutable after init */
	struct wg_aead_choice aead_choice; /* M */
	struct nf_table peers;        /* writer: M; readers: W, H by handle only */
	struct wg_allowedips allowed; /* writer: M; readers: W (RCU) */
	struct wg_identity identity;  /* M; a copy is H's */
	bool has_identity;
	uint16_t edge_ip_route, edge_encap; /* of inject */
	uint32_t n_staged_all;              /* M */
};
extern struct wg wg;

/* W: worth fetching ahead? The state of a few peers stays in the cache, and asking for it costs more than it saves. */
#define WG_NEAR_PEERS 64
static inline bool wg_peers_are_many(void)
{
	return __atomic_load_n(&wg.peers.used, __ATOMIC_RELAXED) > WG_NEAR_PEERS;
}

/* options.c */
int options_read(const struct json_t *options, struct wg_options *ret, struct nf_plugin_error *err);

/* identity.c (M) */
int identity_from_file(const char *path, struct nf_plugin_error *err);
int identity_exchange(int fd, struct nf_hello_ack *ack, int *ret_fd);
void identity_wipe(void);

/* keypair.c: the index table. Writer M, readers W. */
int keypairs_init(uint32_t max_peers);
void keypairs_fini(void);
uint32_t keypairs_slots(void);
struct wg_keypair *keypair_of_index(uint32_t local_index); /* W; NULL: none */
void keypair_prefetch(uint32_t local_index);               /* W: the table's slot … */
void keypair_prefetch_found(uint32_t local_index);         /* … and then what it points to */
void keypair_publish(struct wg_keypair *k);                /* M; takes k */
void keypair_retire(struct wg_keypair *k);                 /* M; NULL is fine; wiped after the grace period */

/* peer.c (M, but wg_peer_get) */
static inline struct wg_peer *wg_peer_get(uint32_t handle)
{
	return nf_table_get(&wg.peers, handle);
}
int peers_init(void);
void peers_fini(void);
struct wg_peer *peer_by_key(const uint8_t key[WG_KEY_BYTES]);
struct wg_peer *peer_create(const uint8_t key[WG_KEY_BYTES]);
void peer_destroy(struct wg_peer *p); /* without a word */
int peer_set_allowed(struct wg_peer *p, const struct nf_addr *allowed, uint16_t n);
void peer_set_endpoint(struct wg_peer *p, const struct wg_endpoint *e);
void peer_install(struct wg_peer *p, const struct wg_session_keys *keys, uint64_t now);
void peer_confirm(struct wg_peer *p, uint32_t local_index, uint64_t now);
void peer_end_sessions(struct wg_peer *p);
void peer_flush_staged(struct wg_peer *p, bool send);
void peer_initiate(struct wg_peer *p, uint64_t now);
void peer_send_empty(struct wg_peer *p); /* keepalive */
/* Even while closing; close_token: as in nf_pkt. False: it was not handed on. */
bool peer_send_inner(struct wg_peer *p, const void *packet, uint16_t bytes, uint32_t close_token);
uint64_t peer_jitter(void); /* 0 to 333 ms (connectivity.md §4.4) */
void peer_rearm(struct wg_peer *p, uint64_t now);
void peer_event(const struct wg_peer *p, enum nf_peer_event event);
struct wg_seen peer_seen(const struct wg_peer *p);
struct wg_line peer_totals(const struct wg_peer *p);
bool peer_can_send(const struct wg_peer *p, uint64_t now);
/* Calls fn for each; fn may destroy the peer it is given. */
void peers_each(void (*fn)(struct wg_peer *p, void *arg), void *arg);

/* events.c: rings from W and H to M. */
int events_init(void);
void events_fini(void);
bool wg_event_send(const struct wg_event *e);            /* W; false: lost. An endpoint is taken all the same, an mbuf is not */
struct wg_endpoint *wg_event_endpoint_alloc(void);       /* W; NULL: none left */
/* W: counts kinds on the worker's line; tells M at most once a second and kind. */
void wg_seen_now(struct wg_peer *p, uint32_t kinds, uint64_t now);

/* handshaker.c: the thread H. */
int handshaker_init(void);
void handshaker_fini(void);
void handshaker_identity(const struct wg_identity *id);                       /* M */
void handshaker_peer(uint32_t peer, const uint8_t *key, const uint8_t *psk);   /* M */
void handshaker_suspend(uint32_t peer); /* M; until handshaker_peer(): remembers its last timestamp, answers nothing */
void handshaker_forget(uint32_t peer);                                        /* M */
void handshaker_initiate(uint32_t peer, const struct wg_endpoint *to);        /* M */
void handshaker_index_free(uint32_t index);                                   /* M */
void handshaker_collect(uint64_t now);                                        /* M: takes results */
/* W: copies the message; false when the queue is full. */
bool handshaker_offer(const uint8_t *message, uint16_t bytes, const struct wg_endpoint *from);

/* outer.c; paths and workers' packets: outer.h */
void outer_send(const void *message, uint16_t bytes, const struct wg_endpoint *to); /* M */

/* closing.c (M). Every close that began ends with one PEER_CLOSED, also when the peer is removed meanwhile. */
int closing_begin(struct wg_peer *p, uint16_t reason, uint32_t linger_ms, const void *goodbye, uint16_t bytes);
void closing_session_ready(struct wg_peer *p, uint64_t now);
void closing_acked(struct wg_peer *p, uint64_t now);
void closing_data_received(struct wg_peer *p, uint64_t now);
/* True: an upsert changes nothing, the operator's close holds. */
bool closing_holds(const struct wg_peer *p, bool reopen);
/* The peer is wanted after all: it begins anew when its close has ended. */
void closing_begin_anew(struct wg_peer *p, const struct wg_endpoint *at);
/* Takes no session any more. */
bool closing_is_shut(const struct wg_peer *p);
void closing_peer_gone(struct wg_peer *p);     /* of peer_destroy(), once its sessions have ended */
uint32_t closing_count(void);

/* closing_all.c (M) */
int closing_begin_all(uint16_t reason, uint32_t linger_ms, const void *goodbye, uint16_t bytes, uint32_t per_s);
void closing_stop(uint64_t deadline_ns); /* the node stops: every peer, in time */
void closing_all_ended(const struct nf_peer_closed *r);
bool closing_is_idle(void);

/* goodbye.c (M) */
void goodbye_received(struct wg_peer *p, uint64_t session_ns, uint64_t now);

/* messages.c */
extern const struct nf_handler wg_handlers[];
void wg_sweep(uint32_t epoch, struct nf_sync_done *done);
void wg_status(struct nf_status *status);

#endif
