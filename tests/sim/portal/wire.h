/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket over a TCP connection: frames in order, late by its own delay, until one end or the way is gone. */
#ifndef SIM_PORTAL_WIRE_H
#define SIM_PORTAL_WIRE_H

#include "broker/broker.h"
#include "oracle.h"

struct sim;
struct peer;

struct wire {
	struct wire *next, **link;
	struct sim *sim;
	struct peer *peer; /* whose device; its process may be another by now, or none: peer->wire tells */
	struct portal_link speaks;
	uint64_t conn;
	uint32_t token, network;
	struct cp_addr from;
	struct portal_key key; /* as in its request */
	cp_time delay, up_at, down_at; /* when the last one arrives */
	bool peer_open, portal_open;
	bool must_lose; /* the broker had it closed, and is to hear of its end */
	bool is_cut; /* nothing arrives any more, and nobody is told */
	uint32_t flying;
	struct line line; /* the oracle's */
};

/* A new one; its request is on its way. */
struct wire *wire_dial(struct peer *p);
/* The portal's answer to it. */
void wire_accept(struct wire *w);
void wire_refuse(struct wire *w, unsigned int status);
/* text: copied. */
void wire_up(struct wire *w, const char *text, size_t bytes);
/* text: taken. */
void wire_down(struct wire *w, struct portal_text *text);
/* One end closes; the other hears of it after what was sent before. */
void wire_close_up(struct wire *w);
void wire_close_down(struct wire *w);
/* The way breaks: each side notices after a while of its own, or never. */
void wire_cut(struct wire *w, bool portal_notices, bool peer_notices);
void wires_free(struct sim *s);

#endif
