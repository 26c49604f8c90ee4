/* SPDX-License-Identifier: Apache-2.0 */
#include "pair.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"

#define QUEUE_ROOM 4096u  /* at first */
#define START      (1000 * CP_S)
#define AT_ONCE    2000u  /* connections made in 250 ms: their checks do not all fall due at one moment */
#define ACTIVITY   (10 * CP_S)

struct datagram {
	struct cp_addr from, to;
	uint16_t bytes;
	uint8_t data[CONN_DATAGRAM_MAX];
};
struct side {
	struct conn_node *node;
	struct datagram *queue; /* towards this side; emptied from head to tail before it is filled again */
	uint32_t head, tail, room;
	int measured;
};
struct pair {
	struct side gateway, client;
	uint32_t n;
	cp_time now;
	uint64_t busy_ns, datagrams;
	double bytes;
};

static uint64_t real_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * CP_S + (uint64_t)ts.tv_nsec;
}

/* Without the queues, which are the network's. */
static size_t heap_bytes(const struct pair *p)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd - (p->gateway.room + p->client.room) * sizeof(struct datagram);
}

static void id_of(uint32_t i, uint8_t ret[CONN_ID_BYTES])
{
	memset(ret, 0, CONN_ID_BYTES);
	memcpy(ret, &i, sizeof(i));
}

static struct side *other(struct pair *p, const struct side *s)
{
	return s == &p->gateway ? &p->client : &p->gateway;
}

static void grow(struct side *s)
{
	s->room = s->room ? 2 * s->room : QUEUE_ROOM;
	s->queue = realloc(s->queue, s->room * sizeof(*s->queue));
	if (!s->queue)
		abort(); /* no benchmark without memory */
}

static void enqueue(struct side *to, const struct conn_out *o)
{
	if (to->tail == to->room)
		grow(to);
	struct datagram *d = &to->queue[to->tail++];
	*d = (struct datagram){.from = o->from, .to = o->to, .bytes = (uint16_t)o->bytes};
	memcpy(d->data, o->data, o->bytes);
}

static void carry_out(struct pair *p, const struct side *s, const struct conn_out *o)
{
	struct conn_report done = {.kind = CONN_REPORT_COMPLETED, .initiator = true};
	switch (o->kind) {
	case CONN_OUT_SEND:
		enqueue(other(p, s), o);
		p->datagrams += s->measured;
		break;
	case CONN_OUT_CANDIDATE:
		conn_candidate_add(other(p, s)->node, o->id, o->text, strlen(o->text), p->now);
		break;
	case CONN_OUT_HANDSHAKE: /* completes at once */
		memcpy(done.public_key, o->key, sizeof(done.public_key));
		conn_report_in(s->node, &done, p->now);
		break;
	default:
		break;
	}
}

static void drain(struct pair *p, struct side *s)
{
	struct conn_out o;
	for (;;) {
		uint64_t start = s->measured ? real_ns() : 0;
		bool more = conn_next(s->node, p->now, &o);
		p->busy_ns += s->measured ? real_ns() - start : 0;
		if (!more)
			return;
		carry_out(p, s, &o);
	}
}

static void receive(struct pair *p, struct side *s, const struct datagram *d)
{
	struct conn_inner inner;
	uint64_t start = s->measured ? real_ns() : 0;
	conn_udp_in(s->node, &d->to, &d->from, d->data, d->bytes, p->now, &inner);
	p->busy_ns += s->measured ? real_ns() - start : 0;
	p->datagrams += s->measured;
	drain(p, s);
}

static void tick(struct pair *p, struct side *s)
{
	if (conn_deadline(s->node).at > p->now)
		return;
	uint64_t start = s->measured ? real_ns() : 0;
	conn_tick(s->node, p->now);
	p->busy_ns += s->measured ? real_ns() - start : 0;
	drain(p, s);
}

static void deliver_to(struct pair *p, struct side *s)
{
	while (s->head != s->tail) {
		struct datagram d = s->queue[s->head++]; /* the queue may move */
		receive(p, s, &d);
	}
	s->head = s->tail = 0;
}

static void deliver(struct pair *p)
{
	while (p->gateway.tail != 0 || p->client.tail != 0) {
		deliver_to(p, &p->gateway);
		deliver_to(p, &p->client);
	}
}

/* One step of virtual time: to the next deadline, or to `until`. */
static void step(struct pair *p, cp_time until)
{
	cp_time next = cp_earlier(conn_deadline(p->gateway.node).at, conn_deadline(p->client.node).at);
	next = cp_earlier(next, until);
	p->now = next > p->now ? next : p->now;
	tick(p, &p->gateway);
	tick(p, &p->client);
	deliver(p);
}

static void start(struct side *s, enum conn_role role, uint8_t last, cp_time now)
{
	struct conn_settings settings = {.role = role, .seed = {(uint8_t)role, 1}, .unknown_per_s = UINT32_MAX,
					 .unknown_per_source_per_s = UINT32_MAX};
	const struct cp_addr own[] = {cp_addr_v4(192, 0, 2, last, 52625), cp_addr_v4(198, 51, 100, last, 52625)};
	s->node = conn_node_new(&settings, now);
	if (!s->node)
		abort();
	conn_addresses(s->node, own, 2, now);
}

struct pair *pair_new(uint32_t n)
{
	struct pair *p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->n = n;
	p->now = START;
	start(&p->gateway, CONN_GATEWAY, 1, p->now);
	start(&p->client, CONN_CLIENT, 2, p->now);
	p->gateway.measured = 1;
	return p;
}

void pair_free(struct pair *p)
{
	conn_node_free(p->gateway.node);
	conn_node_free(p->client.node);
	free(p->gateway.queue);
	free(p->client.queue);
	free(p);
}

/* As the portal derives them: 4 and 22 characters; among many connections the short ones collide. */
static void credentials(struct cp_rng *rng, struct ice_credentials *ret)
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
	for (int i = 0; i < 4; i++)
		ret->ufrag[i] = base32[cp_rng_below(rng, 32)];
	for (int i = 0; i < 22; i++)
		ret->pwd[i] = base32[cp_rng_below(rng, 32)];
}

static void make(struct pair *p, uint32_t i, struct cp_rng *rng)
{
	struct conn_peer at_gateway = {0}, at_client = {0};
	id_of(i, at_gateway.id);
	id_of(i, at_client.id);
	cp_rng_fill(rng, at_gateway.public_key, CONN_KEY_BYTES);
	cp_rng_fill(rng, at_client.public_key, CONN_KEY_BYTES);
	cp_rng_fill(rng, at_client.preshared_key, CONN_KEY_BYTES);
	memcpy(at_gateway.preshared_key, at_client.preshared_key, CONN_KEY_BYTES);
	credentials(rng, &at_gateway.local);
	credentials(rng, &at_gateway.remote);
	at_client.local = at_gateway.remote;
	at_client.remote = at_gateway.local;
	if (conn_upsert(p->gateway.node, &at_gateway, p->now) < 0 || conn_upsert(p->client.node, &at_client, p->now) < 0)
		abort();
}

static void pass(struct pair *p, cp_time duration)
{
	for (cp_time end = p->now + duration; p->now < end;)
		step(p, end);
}

cp_time pair_connect(struct pair *p)
{
	struct cp_rng rng;
	cp_time began = p->now;
	size_t before = heap_bytes(p);
	cp_rng_seed(&rng, (const uint8_t[16]){9});
	for (uint32_t i = 0; i < p->n; i++) {
		make(p, i, &rng);
		drain(p, &p->gateway);
		drain(p, &p->client);
		deliver(p);
		if (i % AT_ONCE == AT_ONCE - 1)
			pass(p, CP_S / 4);
	}
	for (int s = 0; s < 60 && pair_count(p, CONN_CONNECTED) + pair_count(p, CONN_IDLE) < p->n; s++)
		pass(p, CP_S);
	p->bytes = (double)(heap_bytes(p) - before) / 2;
	return pair_count(p, CONN_CONNECTED) + pair_count(p, CONN_IDLE) == p->n ? p->now - began + 1 : 0;
}

static void flow(struct pair *p, struct side *s)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct conn_info info;
		struct conn_report r = {.kind = CONN_REPORT_ACTIVITY};
		uint8_t id[CONN_ID_BYTES];
		id_of(i, id);
		if (!conn_info(s->node, id, &info))
			abort();
		memcpy(r.public_key, info.public_key, CONN_KEY_BYTES);
		uint64_t start = s->measured ? real_ns() : 0;
		conn_report_in(s->node, &r, p->now);
		p->busy_ns += s->measured ? real_ns() - start : 0;
	}
	drain(p, s);
}

/* Of one reading; the least of several tries, so that an interruption does not count. */
static double clock_cost_ns(void)
{
	uint64_t least = UINT64_MAX;
	for (int try = 0; try < 20; try++) {
		uint64_t began = real_ns();
		for (int i = 0; i < 100; i++)
			real_ns();
		uint64_t took = real_ns() - began;
		least = took < least ? took : least;
	}
	return (double)least / 101;
}

struct pair_cost pair_run(struct pair *p, cp_time duration, int active)
{
	const struct conn_counters *c = conn_counters(p->gateway.node);
	uint64_t checks = c->ice.checks, answers = c->ice.requests;
	cp_time end = p->now + duration, flows = p->now;
	p->busy_ns = p->datagrams = 0;
	while (p->now < end) {
		if (active && p->now >= flows) {
			flow(p, &p->gateway);
			flow(p, &p->client);
			flows = p->now + ACTIVITY;
		}
		step(p, active ? cp_earlier(end, flows) : end);
	}
	/* each datagram's call was timed by two readings of the clock, of which one lies inside */
	double own = (double)p->datagrams * 2 * clock_cost_ns();
	return (struct pair_cost){.busy_s = ((double)p->busy_ns - own) / 1e9, .datagrams = p->datagrams, .checks = c->ice.checks - checks,
				  .answers = c->ice.requests - answers, .virtual_s = (double)duration / 1e9};
}

uint32_t pair_count(const struct pair *p, enum conn_state state)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->n; i++) {
		struct conn_info g, c;
		uint8_t id[CONN_ID_BYTES];
		id_of(i, id);
		n += conn_info(p->gateway.node, id, &g) && conn_info(p->client.node, id, &c) && g.state == state && c.state == state;
	}
	return n;
}

double pair_bytes_per_conn(const struct pair *p)
{
	return p->bytes / p->n;
}

unsigned int pair_pairs(const struct pair *p)
{
	struct conn_info info;
	uint8_t id[CONN_ID_BYTES];
	id_of(0, id);
	return conn_info(p->gateway.node, id, &info) ? info.pairs : 0;
}
