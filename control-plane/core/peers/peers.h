/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peers of the configuration file, and what the NF said about them since: last endpoint, closed by
 * the operator, greeted. What was learnt outlives a reload and a restart of the NF.
 */
#ifndef CP_PEERS_H
#define CP_PEERS_H

#include "core.h"

struct cp_peer {
	struct nf_peer_upsert upsert; /* as the file has it */
	struct nf_addr *allowed;
	struct nf_addr endpoint;      /* last one the NF reported; family 0: none */
	cp_time greeted;              /* when HELLO was sent last; 0: never */
	bool operator_closed;
	bool reopen;                  /* a reload lifts the operator's close, with the next upsert */
	bool moved;                   /* the file's endpoint changed: it replaces the learnt one */
};

struct cp_peers {
	uint32_t n;
	struct cp_peer *at; /* sorted by key */
};

/* Replaces the list; takes what *wanted owns. What was learnt of a peer that stays is kept. Returns how many
 * peers came, went or differ; UINT32_MAX: out of memory, nothing changed. reopen: a reload. */
uint32_t cp_peers_replace(struct cp_peers *p, struct cp_wanted *wanted, bool reopen);
void cp_peers_fini(struct cp_peers *p);
struct cp_peer *cp_peers_find(struct cp_peers *p, const uint8_t key[NF_KEY_BYTES]); /* NULL: none */

/* The upsert to send: the learnt endpoint goes before the file's; fresh: the NF knows no peers, so it is
 * told to initiate where an endpoint was learnt. */
struct nf_peer_upsert cp_peer_upsert(const struct cp_peer *p, bool fresh);

#endif
