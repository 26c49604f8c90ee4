/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks: zones with addresses of their own (the internet, a home, a carrier's network), and what is attached to them.
 *
 *      internet ──┬── relay            a zone knows the NICs that own an address in it; what it does not know
 *                 ├── nat ── home      goes up, to the NIC of its NAT. From one NIC to another a packet takes the
 *                 └── host    └ host   links of both: latency, jitter, loss, reordering, duplication.
 *
 * A cut is a pair of NICs that do not reach each other for a while, whatever else works.
 */
#ifndef SIM_NET_H
#define SIM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/map.h"
#include "clock.h"
#include "dice.h"

#define NET_PACKET_MAX 1400u
#define NET_CUTS_MAX   64u

struct nic;
struct trace;

struct packet {
	struct event arrival;
	struct nic *to;
	const char *sender;  /* name of who made it; NATs on the way keep it */
	struct cp_addr src, dst;
	uint16_t bytes;
	uint8_t data[];
};

struct link {
	cp_time latency, jitter;
	uint32_t loss_ppm, reorder_ppm, duplicate_ppm;
	bool down;
	cp_time last[2]; /* out, in: what is not reordered stays in order */
};

struct route;
struct zone {
	struct net *net;
	const char *name;
	struct nic *up;         /* the inner NIC of its NAT; NULL: this is the top */
	struct nic *up_outer;   /* its outer one */
	bool transparent_v6;    /* addresses in here are known outside as well */
	struct cp_map map;
	struct route *routes;
};

struct nic {
	const char *name; /* of its owner */
	struct zone *zone;
	struct link link;
	void *owner;
	/* Borrows the packet. */
	void (*deliver)(void *owner, struct nic *at, const struct packet *p);
};

struct net_counters {
	uint64_t sent, delivered, lost, duplicated, cut, unroutable, refused; /* refused: by a NAT or a relay */
};

struct net {
	struct clock *clock;
	struct dice dice;
	struct trace *trace; /* NULL: nobody looks */
	struct {
		const struct nic *a, *b;
	} cuts[NET_CUTS_MAX];
	unsigned int n_cuts;
	struct net_counters count;
};

void net_init(struct net *n, struct clock *c, struct dice d);

void zone_init(struct zone *z, struct net *n, const char *name);
void zone_fini(struct zone *z);

/* The address (its port does not matter) is this NIC's, in its zone and as far out as it is known. */
void nic_address_add(struct nic *n, const struct cp_addr *a);
void nic_address_remove(struct nic *n, const struct cp_addr *a);
/* One that knows who sent it first. */
void nic_send(struct nic *n, const char *sender, const struct cp_addr *src, const struct cp_addr *dst, const void *data,
	      size_t bytes);
/* A NAT or a relay does not pass it on. */
void nic_refuse(struct nic *n, const struct packet *p, const char *why);

void net_cut(struct net *n, const struct nic *a, const struct nic *b);
void net_heal(struct net *n, const struct nic *a, const struct nic *b);
bool net_is_cut(const struct net *n, const struct nic *a, const struct nic *b);

#endif
