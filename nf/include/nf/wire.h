/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between sluice-nf and the control plane, over UNIX SEQPACKET sockets.
 *
 * One datagram is one message: struct nf_msg_hdr, the fixed body of its type, and for some types a
 * variable tail. All integers are in host byte order (both ends run on one host); addresses are in
 * network byte order. Every body is a list of fields in an X-macro: the structs, the table of names
 * and sizes, docs/wire.md and the golden-layout test are generated from these lists alone.
 *
 * Three sockets in the runtime directory:
 *   nf-ctl    reliable, one control plane at a time
 *   nf-punt   datagrams that left the data path or enter it; the sender drops when it is full
 *   nf-view   read-only requests from anybody who may open it (NF_DIR_VIEW rows only)
 *
 * A request carries a sequence number; its reply repeats type and number with NF_MSG_REPLY, and has
 * status 0 or a negative errno. A list is a stream: replies with NF_MSG_MORE, the last without. On
 * an error a struct nf_error body names what was refused.
 */
#ifndef NF_WIRE_H
#define NF_WIRE_H

#include <stdint.h>

#define NF_WIRE_ABI      2u
#define NF_MSG_MAX_BYTES 32768u

#define NF_KEY_BYTES   32
#define NF_NAME_BYTES  32
#define NF_TEXT_BYTES  192
#define NF_BOOT_BYTES  16
#define NF_GOODBYE_MAX 256

enum nf_msg_flag {
	NF_MSG_REPLY = 1 << 0, /* answers the request with the same seq */
	NF_MSG_MORE = 1 << 1,  /* further replies of this stream follow */
	NF_MSG_EVENT = 1 << 2, /* unsolicited, seq counts events */
};

/* struct nf_addr: an IP address with port; family is 0 (none), 4 or 6; an IPv4 address lies in addr[0..3]. */
#define NF_FIELDS_ADDR(F)                                                                                    \
	F(uint8_t, addr, [16], "network byte order; IPv4 in the first four bytes")                           \
	F(uint16_t, port, , "host byte order, 0 where none applies")                                         \
	F(uint8_t, family, , "0 none, 4 or 6")                                                               \
	F(uint8_t, prefix_len, , "for prefixes; 0 otherwise")                                                \
	F(uint32_t, zero, , "0")

#define NF_FIELDS_MSG_HDR(F)                                                                                 \
	F(uint16_t, type, , "enum nf_msg_type")                                                              \
	F(uint16_t, flags, , "enum nf_msg_flag")                                                             \
	F(uint32_t, seq, , "request number, repeated by its reply")                                          \
	F(uint32_t, epoch, , "of the control plane's sync; 0 before HELLO")                                  \
	F(int32_t, status, , "0 or negative errno, in replies")                                              \
	F(uint32_t, body_bytes, , "bytes after this header")                                                 \
	F(uint32_t, zero, , "0")

#define NF_FIELDS_EMPTY(F) F(uint64_t, zero, , "0")

#define NF_FIELDS_ERROR(F) F(char, text, [NF_TEXT_BYTES], "what was refused and why, NUL-terminated")

#define NF_FIELDS_HELLO(F)                                                                                   \
	F(uint32_t, abi, , "NF_WIRE_ABI")                                                                    \
	F(uint32_t, pid, , "of the control plane")                                                           \
	F(uint8_t, boot_id, [NF_BOOT_BYTES], "of the control plane process")                                 \
	F(uint32_t, has_identity, , "1: a sealed memfd with the identity rides along (SCM_RIGHTS)")          \
	F(uint32_t, zero, , "0")

#define NF_FIELDS_HELLO_ACK(F)                                                                               \
	F(uint32_t, abi, , "NF_WIRE_ABI")                                                                    \
	F(uint32_t, pid, , "of the network function")                                                        \
	F(uint8_t, boot_id, [NF_BOOT_BYTES], "of the network function process")                              \
	F(uint32_t, epoch, , "epoch of this control plane's sync, to be used in every later header")         \
	F(uint32_t, identity, , "enum nf_identity_source")                                                   \
	F(uint8_t, public_key, [NF_KEY_BYTES], "of the identity in use")                                     \
	F(uint32_t, peers, , "peers that are configured")                                                    \
	F(uint32_t, stash_records, , "stash records that are held")                                          \
	F(uint32_t, workers, , "worker lcores")                                                              \
	F(uint32_t, zero, , "0")

enum nf_identity_source {
	NF_IDENTITY_GENERATED = 1, /* made by the NF; the memfd rides along */
	NF_IDENTITY_HANDED = 2,    /* taken from the control plane's memfd */
	NF_IDENTITY_KEPT = 3,      /* the NF had one already; its memfd rides along */
	NF_IDENTITY_FILE = 4,      /* private_key_file; no memfd */
};

#define NF_FIELDS_SYNC(F)                                                                                    \
	F(uint32_t, epoch, , "as in HELLO_ACK")                                                              \
	F(uint32_t, flags, , "1: sweep objects that were not asserted in this epoch (SYNC_END)")

#define NF_FIELDS_SYNC_DONE(F)                                                                               \
	F(uint32_t, peers_kept, , "")                                                                        \
	F(uint32_t, peers_swept, , "")                                                                       \
	F(uint32_t, stash_kept, , "")                                                                        \
	F(uint32_t, stash_swept, , "")

/* Stash: opaque to the NF, keyed {kind, key, part}; the tail holds data_bytes of data. */
enum nf_stash_kind { NF_STASH_PEER = 1, NF_STASH_RELAY = 2, NF_STASH_LOCAL = 3 };
#define NF_FIELDS_STASH(F)                                                                                   \
	F(uint8_t, key, [NF_KEY_BYTES], "")                                                                  \
	F(uint16_t, kind, , "enum nf_stash_kind")                                                            \
	F(uint16_t, part, , "")                                                                              \
	F(uint32_t, data_bytes, , "bytes of the tail; at most 16384")

enum nf_peer_timers { NF_TIMERS_PAPER = 0, NF_TIMERS_STOCK = 1 };
enum nf_peer_endpoint { NF_ENDPOINT_ROAMING = 0, NF_ENDPOINT_PINNED = 1 };
enum nf_peer_padding { NF_PADDING_16 = 0, NF_PADDING_NONE = 1 };
enum nf_peer_flag {
	NF_PEER_STATIC = 1 << 0,   /* of the configuration file: a received goodbye ends its sessions only */
	NF_PEER_HAS_PSK = 1 << 1,
	NF_PEER_INITIATE = 1 << 2, /* start a handshake at once if the endpoint is known */
	NF_PEER_MOVE = 1 << 3,     /* the endpoint replaces a learnt one, this once */
};
/* Tail: allowed_count times struct nf_addr with prefix_len. Idempotent; replaces what was there. */
#define NF_FIELDS_PEER_UPSERT(F)                                                                             \
	F(uint8_t, public_key, [NF_KEY_BYTES], "names the peer")                                             \
	F(uint8_t, preshared_key, [NF_KEY_BYTES], "zero without NF_PEER_HAS_PSK")                            \
	F(struct nf_addr, endpoint, , "where to reach it; family 0: unknown; never overrides a learnt one")  \
	F(char, name, [NF_NAME_BYTES], "for people; NUL-terminated")                                         \
	F(uint32_t, flags, , "enum nf_peer_flag")                                                            \
	F(uint16_t, keepalive_s, , "persistent keepalive; 0: off")                                           \
	F(uint16_t, inner_mtu, , "largest inner packet")                                                     \
	F(uint8_t, timers, , "enum nf_peer_timers")                                                          \
	F(uint8_t, endpoint_mode, , "enum nf_peer_endpoint")                                                 \
	F(uint8_t, padding, , "enum nf_peer_padding")                                                        \
	F(uint8_t, reopen, , "1: lift an earlier operator's close of this key (reload only)")                \
	F(uint16_t, domain, , "routing domain, 0 for now")                                                   \
	F(uint16_t, allowed_count, , "prefixes in the tail")

#define NF_FIELDS_PEER_KEY(F) F(uint8_t, public_key, [NF_KEY_BYTES], "")

enum nf_close_reason {
	NF_CLOSE_OPERATOR = 1, /* stays closed until a reload */
	NF_CLOSE_DRAIN = 2,
	NF_CLOSE_REMOVED = 3, /* no longer configured */
	NF_CLOSE_REVOKED = 4,
	NF_CLOSE_RECEIVED = 5, /* the peer said goodbye (events only) */
	NF_CLOSE_STOP = 6,     /* the NF stops without a control plane */
};
enum nf_close_outcome {
	NF_CLOSED_ACKED = 1,       /* a BYE_ACK came */
	NF_CLOSED_SENT = 2,        /* every goodbye left; the driver confirmed transmission */
	NF_CLOSED_ACCEPTED = 3,    /* every goodbye was accepted by a driver that cannot confirm */
	NF_CLOSED_UNREACHABLE = 4, /* no session could carry it */
	NF_CLOSED_NO_SESSION = 5,  /* there never was one: nobody to tell */
	NF_CLOSED_FAILED = 6,      /* a session existed but no goodbye left (no route, no neighbour, queue full) */
};
/* goodbye_bytes 0: the 48-byte goodbye is used. Tail: goodbye_bytes of inner packet. */
#define NF_FIELDS_PEER_CLOSE(F)                                                                              \
	F(uint8_t, public_key, [NF_KEY_BYTES], "")                                                           \
	F(uint16_t, reason, , "enum nf_close_reason")                                                        \
	F(uint16_t, goodbye_bytes, , "bytes of the tail, at most NF_GOODBYE_MAX")                            \
	F(uint32_t, linger_ms, , "0: 1000")

#define NF_FIELDS_PEER_CLOSE_ALL(F)                                                                          \
	F(uint16_t, reason, , "enum nf_close_reason")                                                        \
	F(uint16_t, goodbye_bytes, , "bytes of the tail, at most NF_GOODBYE_MAX")                            \
	F(uint32_t, linger_ms, , "0: 1000")                                                                  \
	F(uint32_t, peers_per_s, , "pace; 0: all peers within two seconds, 200 per second at least")         \
	F(uint32_t, zero, , "0")

#define NF_FIELDS_PEER_CLOSED(F)                                                                             \
	F(uint8_t, public_key, [NF_KEY_BYTES], "")                                                           \
	F(char, name, [NF_NAME_BYTES], "")                                                                   \
	F(uint16_t, reason, , "enum nf_close_reason")                                                        \
	F(uint16_t, outcome, , "enum nf_close_outcome")                                                      \
	F(uint16_t, goodbyes, , "how often the goodbye was sent")                                            \
	F(uint16_t, acked, , "1: a BYE_ACK came")                                                            \
	F(uint64_t, linger_rx_packets, , "inner packets delivered while lingering")                          \
	F(uint64_t, last_rx_ago_ns, , "since anything authentic came; UINT64_MAX: never")                    \
	F(uint64_t, took_ns, , "from the request to the wipe")

#define NF_FIELDS_CLOSE_ALL_DONE(F)                                                                          \
	F(uint32_t, peers, , "that were to be closed")                                                       \
	F(uint32_t, acked, , "")                                                                             \
	F(uint32_t, sent, , "confirmed by the driver, not by the peer")                                      \
	F(uint32_t, accepted, , "by a driver that cannot confirm")                                           \
	F(uint32_t, unreachable, , "")                                                                       \
	F(uint32_t, no_session, , "")                                                                        \
	F(uint32_t, failed, , "")                                                                            \
	F(uint32_t, goodbyes, , "sent in all")                                                               \
	F(uint64_t, linger_rx_packets, , "")                                                                 \
	F(uint64_t, took_ns, , "")

enum nf_peer_event {
	NF_PEER_SESSION = 1,   /* a handshake completed */
	NF_PEER_GOODBYE = 2,   /* it said goodbye */
	NF_PEER_EXPIRED = 3,   /* its last session ended */
	NF_PEER_GAVE_UP = 4,   /* a handshake attempt found no answer */
	NF_PEER_ROAMED = 5,    /* its endpoint changed */
	NF_PEER_FAILED = 6,    /* stock profile: the connection failed */
};
#define NF_FIELDS_PEER_EVENT(F)                                                                              \
	F(uint8_t, public_key, [NF_KEY_BYTES], "")                                                           \
	F(struct nf_addr, endpoint, , "in use")                                                              \
	F(uint32_t, event, , "enum nf_peer_event")                                                           \
	F(uint32_t, initiator, , "1: the session was initiated here")

#define NF_FIELDS_STATUS(F)                                                                                  \
	F(char, version, [NF_NAME_BYTES], "")                                                                \
	F(uint8_t, boot_id, [NF_BOOT_BYTES], "")                                                             \
	F(uint64_t, uptime_ns, , "")                                                                         \
	F(uint8_t, public_key, [NF_KEY_BYTES], "zero: no identity yet")                                      \
	F(uint32_t, pid, , "")                                                                               \
	F(uint32_t, workers, , "")                                                                           \
	F(uint32_t, peers, , "")                                                                             \
	F(uint32_t, sessions, , "peers with a session that can send")                                        \
	F(uint32_t, control_attached, , "1: a control plane is attached")                                    \
	F(uint32_t, stopping, , "1: a stop was requested")                                                   \
	F(uint64_t, rx_packets, , "all ports")                                                               \
	F(uint64_t, tx_packets, , "all ports")                                                               \
	F(uint64_t, drops, , "sum of all named drops")                                                       \
	F(uint64_t, punt_dropped, , "punts that found the socket full")                                      \
	F(char, aead, [NF_NAME_BYTES], "engine that seals and opens data packets")                           \
	F(char, aead_why, [NF_TEXT_BYTES], "why it was chosen, and others were not")

/* Reply stream of PEERS_GET. Tail: allowed_count times struct nf_addr. */
#define NF_FIELDS_PEER_INFO(F)                                                                               \
	F(uint8_t, public_key, [NF_KEY_BYTES], "")                                                           \
	F(char, name, [NF_NAME_BYTES], "")                                                                   \
	F(struct nf_addr, endpoint, , "")                                                                    \
	F(uint64_t, last_handshake_ago_ns, , "UINT64_MAX: never")                                            \
	F(uint64_t, last_rx_ago_ns, , "UINT64_MAX: never")                                                   \
	F(uint64_t, last_tx_ago_ns, , "UINT64_MAX: never")                                                   \
	F(uint64_t, rx_packets, , "data packets that opened")                                                \
	F(uint64_t, rx_bytes, , "of inner packets")                                                          \
	F(uint64_t, tx_packets, , "")                                                                        \
	F(uint64_t, tx_bytes, , "")                                                                          \
	F(uint64_t, handshakes, , "completed")                                                               \
	F(uint32_t, flags, , "enum nf_peer_flag")                                                            \
	F(uint32_t, state, , "enum nf_peer_state")                                                           \
	F(uint16_t, keepalive_s, , "")                                                                       \
	F(uint16_t, inner_mtu, , "")                                                                         \
	F(uint8_t, timers, , "enum nf_peer_timers")                                                          \
	F(uint8_t, endpoint_mode, , "enum nf_peer_endpoint")                                                 \
	F(uint8_t, padding, , "enum nf_peer_padding")                                                        \
	F(uint8_t, has_psk, , "1: a preshared key is mixed in")                                              \
	F(uint32_t, allowed_count, , "prefixes in the tail")                                                 \
	F(uint32_t, zero, , "0")

enum nf_peer_state {
	NF_PEER_STATE_IDLE = 0,    /* no session */
	NF_PEER_STATE_HANDSHAKE = 1,
	NF_PEER_STATE_UP = 2,
	NF_PEER_STATE_CLOSING = 3,
	NF_PEER_STATE_CLOSED = 4, /* by the operator */
};

/* Reply stream of INTERFACES_GET. Tail: address_count times struct nf_addr with prefix_len. */
#define NF_FIELDS_INTERFACE_INFO(F)                                                                          \
	F(char, name, [NF_NAME_BYTES], "")                                                                   \
	F(char, port, [NF_NAME_BYTES], "")                                                                   \
	F(char, driver, [NF_NAME_BYTES], "")                                                                 \
	F(uint16_t, vlan, , "0: untagged")                                                                   \
	F(uint16_t, mtu, , "")                                                                               \
	F(uint8_t, mac, [6], "")                                                                             \
	F(uint8_t, link_up, , "1: up")                                                                       \
	F(uint8_t, rss, , "1: the port spreads flows by itself")                                             \
	F(uint32_t, rx_queues, , "")                                                                         \
	F(uint32_t, tx_queues, , "")                                                                         \
	F(uint32_t, tx_offloads, , "1: IPv4 header checksum, 2: UDP checksum in hardware")                   \
	F(uint32_t, address_count, , "addresses in the tail")                                                \
	F(uint32_t, zero, , "0")                                                                             \
	F(uint64_t, rx_packets, , "of the port, as its driver counts")                                       \
	F(uint64_t, rx_bytes, , "")                                                                          \
	F(uint64_t, rx_missed, , "dropped by the port before software saw them")                             \
	F(uint64_t, tx_packets, , "")                                                                        \
	F(uint64_t, tx_bytes, , "")                                                                          \
	F(uint64_t, tx_errors, , "")

/* Reply stream of DROPS_GET: one counter. */
enum nf_counter_kind { NF_COUNTER_DROP = 1, NF_COUNTER_EVENT = 2 };
#define NF_FIELDS_COUNTER(F)                                                                                 \
	F(char, owner, [NF_NAME_BYTES], "node or subsystem")                                                 \
	F(char, name, [NF_NAME_BYTES], "what an operator would call it")                                     \
	F(char, help, [NF_TEXT_BYTES], "why it happens")                                                     \
	F(uint64_t, value, , "sum over workers")                                                             \
	F(uint32_t, kind, , "enum nf_counter_kind: a packet's end, or an event worth counting")              \
	F(uint32_t, zero, , "0")

/* Reply stream of GRAPH_GET: tail is a piece of text (DOT, or with flags 1 per-node statistics as JSON lines). */
#define NF_FIELDS_TEXT(F)                                                                                    \
	F(uint32_t, flags, , "1: statistics instead of the picture")                                         \
	F(uint32_t, text_bytes, , "bytes of the tail")

#define NF_FIELDS_RELOAD_DONE(F)                                                                             \
	F(uint32_t, changed, , "objects changed")                                                            \
	F(uint32_t, refused, , "values that cannot change at run time")                                      \
	F(char, text, [1024], "the refused ones, by name, separated by newlines")

#define NF_FIELDS_STOP(F)                                                                                    \
	F(uint32_t, signal, , "that asked for it; 0: none")                                                  \
	F(uint32_t, deadline_ms, , "after which the NF stops by itself; in RELEASE 0: at once")

/* Punt socket. PUNT: tail is the packet from its IP payload (outer) or the inner packet (control). */
enum nf_punt_kind { NF_PUNT_CONTROL = 1, NF_PUNT_STUN = 2 };
#define NF_FIELDS_PUNT(F)                                                                                    \
	F(uint8_t, public_key, [NF_KEY_BYTES], "peer, for control packets")                                  \
	F(struct nf_addr, source, , "outer source")                                                          \
	F(struct nf_addr, destination, , "outer destination")                                                \
	F(uint32_t, kind, , "enum nf_punt_kind")                                                             \
	F(uint32_t, data_bytes, , "bytes of the tail")

/* INJECT: kind control: the tail is an inner packet for the peer; kind STUN: a UDP payload. */
#define NF_FIELDS_INJECT(F) NF_FIELDS_PUNT(F)

#define NF_MEMBER(type, name, dim, doc) type name dim;
#define NF_STRUCT(tag, FIELDS) struct tag { FIELDS(NF_MEMBER) };
NF_STRUCT(nf_addr, NF_FIELDS_ADDR)
NF_STRUCT(nf_msg_hdr, NF_FIELDS_MSG_HDR)
NF_STRUCT(nf_error, NF_FIELDS_ERROR)

/*
 * The bodies: X(tag, FIELDS). Order matters to nobody; a change here changes NF_WIRE_ABI in the
 * same commit (tests/wire/golden_layout.txt proves it).
 */
#define NF_BODIES(X)                                                                                         \
	X(nf_empty, NF_FIELDS_EMPTY)                                                                         \
	X(nf_hello, NF_FIELDS_HELLO)                                                                         \
	X(nf_hello_ack, NF_FIELDS_HELLO_ACK)                                                                 \
	X(nf_sync, NF_FIELDS_SYNC)                                                                           \
	X(nf_sync_done, NF_FIELDS_SYNC_DONE)                                                                 \
	X(nf_stash, NF_FIELDS_STASH)                                                                         \
	X(nf_peer_upsert, NF_FIELDS_PEER_UPSERT)                                                             \
	X(nf_peer_key, NF_FIELDS_PEER_KEY)                                                                   \
	X(nf_peer_close, NF_FIELDS_PEER_CLOSE)                                                               \
	X(nf_peer_close_all, NF_FIELDS_PEER_CLOSE_ALL)                                                       \
	X(nf_peer_closed, NF_FIELDS_PEER_CLOSED)                                                             \
	X(nf_close_all_done, NF_FIELDS_CLOSE_ALL_DONE)                                                       \
	X(nf_peer_event_body, NF_FIELDS_PEER_EVENT)                                                          \
	X(nf_status, NF_FIELDS_STATUS)                                                                       \
	X(nf_peer_info, NF_FIELDS_PEER_INFO)                                                                 \
	X(nf_interface_info, NF_FIELDS_INTERFACE_INFO)                                                       \
	X(nf_counter_info, NF_FIELDS_COUNTER)                                                                \
	X(nf_text, NF_FIELDS_TEXT)                                                                           \
	X(nf_reload_done, NF_FIELDS_RELOAD_DONE)                                                             \
	X(nf_stop, NF_FIELDS_STOP)                                                                           \
	X(nf_punt, NF_FIELDS_PUNT)                                                                           \
	X(nf_inject, NF_FIELDS_INJECT)
NF_BODIES(NF_STRUCT)

/* Who may send a request, and on which socket. */
enum nf_msg_dir {
	NF_DIR_CTL = 1,   /* control plane → NF, ctl socket */
	NF_DIR_VIEW = 2,  /* control plane or anybody → NF, ctl or view socket; changes nothing */
	NF_DIR_EVENT = 3, /* NF → control plane, ctl socket */
	NF_DIR_PUNT = 4,  /* NF → control plane, punt socket */
	NF_DIR_INJECT = 5 /* control plane → NF, punt socket */
};

/* The messages: M(NAME, number, request body, reply body, direction, what it does). */
#define NF_MESSAGES(M)                                                                                       \
	M(HELLO, 1, nf_hello, nf_hello_ack, NF_DIR_CTL, "opens the conversation; identity changes hands")    \
	M(SYNC_BEGIN, 2, nf_sync, nf_empty, NF_DIR_CTL, "what follows re-asserts the wanted state")          \
	M(SYNC_END, 3, nf_sync, nf_sync_done, NF_DIR_CTL, "sweeps what was not re-asserted")                 \
	M(STASH_PUT, 4, nf_stash, nf_empty, NF_DIR_CTL, "keeps a record for the control plane")              \
	M(STASH_DELETE, 5, nf_stash, nf_empty, NF_DIR_CTL, "forgets a record")                               \
	M(STASH_GET, 6, nf_empty, nf_stash, NF_DIR_CTL, "streams all records")                               \
	M(RELOAD, 7, nf_empty, nf_reload_done, NF_DIR_CTL, "reads the configuration file again")             \
	M(RELEASE, 8, nf_stop, nf_empty, NF_DIR_CTL, "the control plane is done: stop now, or once all are told")                  \
	M(PEER_UPSERT, 16, nf_peer_upsert, nf_empty, NF_DIR_CTL, "creates or changes a peer")                \
	M(PEER_REMOVE, 17, nf_peer_key, nf_empty, NF_DIR_CTL, "forgets a peer without a word")               \
	M(PEER_CLOSE, 18, nf_peer_close, nf_empty, NF_DIR_CTL, "says goodbye, lingers, forgets")             \
	M(PEER_CLOSE_ALL, 19, nf_peer_close_all, nf_empty, NF_DIR_CTL, "the same for every peer, paced")     \
	M(PEER_HANDSHAKE, 20, nf_peer_key, nf_empty, NF_DIR_CTL, "starts a handshake now")                   \
	M(STATUS_GET, 32, nf_empty, nf_status, NF_DIR_VIEW, "the node at a glance")                          \
	M(PEERS_GET, 33, nf_empty, nf_peer_info, NF_DIR_VIEW, "streams all peers")                           \
	M(INTERFACES_GET, 34, nf_empty, nf_interface_info, NF_DIR_VIEW, "streams interfaces and ports")      \
	M(DROPS_GET, 35, nf_empty, nf_counter_info, NF_DIR_VIEW, "streams all counters")                     \
	M(GRAPH_GET, 36, nf_text, nf_text, NF_DIR_VIEW, "streams the graph that runs")                       \
	M(PEER_EVENT, 64, nf_peer_event_body, nf_empty, NF_DIR_EVENT, "something happened to a peer")        \
	M(PEER_CLOSED, 65, nf_peer_closed, nf_empty, NF_DIR_EVENT, "a peer close has ended")                 \
	M(CLOSE_ALL_DONE, 66, nf_close_all_done, nf_empty, NF_DIR_EVENT, "all closes have ended")            \
	M(STOP_REQUESTED, 67, nf_stop, nf_empty, NF_DIR_EVENT, "the NF was signalled and waits for RELEASE") \
	M(RELOADED, 68, nf_reload_done, nf_empty, NF_DIR_EVENT, "the NF read its file again by itself")      \
	M(PUNT, 96, nf_punt, nf_empty, NF_DIR_PUNT, "a packet the data path does not own")                   \
	M(INJECT, 97, nf_inject, nf_empty, NF_DIR_INJECT, "a packet for the data path")

#define NF_MSG_ENUM(NAME, number, req, rep, dir, doc) NF_MSG_##NAME = number,
enum nf_msg_type { NF_MESSAGES(NF_MSG_ENUM) };

_Static_assert(sizeof(struct nf_msg_hdr) == 24, "header layout");
_Static_assert(sizeof(struct nf_addr) == 24, "address layout");

#endif
