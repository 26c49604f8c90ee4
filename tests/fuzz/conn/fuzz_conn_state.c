/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes become inputs of two nodes: time, upserts, candidates, relays, addresses, reports, restarts, want of memory, and
 * datagrams that are raw, damaged, or on their way between the two, through a channel of a relay or not. Whatever comes,
 * time moves on, quotas hold, outputs end, and what the NF was told is what there is: its peers, its channels, and after
 * the end of all no record is left.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "conn/conn.h"

#define PEERS      3u
#define UNDER_WAY  16u
#define RECORDS    64u
#define CONNS_MAX  4u
#define RELAYS     3u
#define CHANNELS   64u /* of each relay, of those looked at */
#define INPUTS_MAX 200u
#define OUTS_MAX   20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *p, *end;
};
struct datagram {
	struct cp_addr from, to;
	size_t bytes;
	uint8_t data[CONN_DATAGRAM_MAX + 4];
};
struct record {
	struct conn_stash_key key;
	size_t bytes;
	uint8_t data[CONN_STASH_MAX];
};
/* What it was told. */
struct nf {
	bool peers[PEERS + 1]; /* by the first byte of the key */
	bool channels[RELAYS + 1][CHANNELS];
};
struct world {
	struct conn_node *nodes[2];
	struct nf nf[2];
	bool damaged; /* a record was: what does not come back is not forgotten */
	bool starved; /* an allocation failed */
	struct datagram under_way[UNDER_WAY];
	unsigned int n_under_way;
	struct record records[RECORDS]; /* of node 0 */
	unsigned int n_records;
	cp_time now;
};

static const struct cp_addr own[2] = {{.ip = {192, 0, 2, 1}, .port = 52625, .family = CP_V4},
				      {.ip = {192, 0, 2, 2}, .port = 52625, .family = CP_V4}};
static const struct cp_addr servers[RELAYS] = {{.ip = {203, 0, 113, 10}, .port = 3478, .family = CP_V4},
					       {.ip = {203, 0, 113, 11}, .port = 3478, .family = CP_V4},
					       {.ip = {203, 0, 113, 12}, .port = 3478, .family = CP_V4}};

/* --- want of memory --- */

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);

static unsigned int fails_in; /* the how many-th allocation of the core from now fails; 0: none */

static bool fails(void)
{
	return fails_in > 0 && --fails_in == 0;
}

void *__wrap_malloc(size_t bytes)
{
	return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
	return fails() ? NULL : __real_calloc(n, bytes);
}

void *__wrap_realloc(void *p, size_t bytes)
{
	return fails() ? NULL : __real_realloc(p, bytes);
}

/* --- the world --- */

static uint8_t take(struct bytes *b)
{
	return b->p < b->end ? *b->p++ : 0;
}

/* As many of n as there are, then zeros. */
static void take_some(struct bytes *b, void *ret, size_t n)
{
	size_t have = (size_t)(b->end - b->p) < n ? (size_t)(b->end - b->p) : n;
	memset(ret, 0, n);
	memcpy(ret, b->p, have);
	b->p += have;
}

static void id_of(uint8_t i, uint8_t ret[CONN_ID_BYTES])
{
	memset(ret, 0, CONN_ID_BYTES);
	ret[0] = 1 + i % PEERS;
}

static bool is_of(const struct record *r, const struct conn_stash_key *k)
{
	return r->key.kind == k->kind && r->key.part == k->part && memcmp(r->key.key, k->key, sizeof(k->key)) == 0;
}

static void remember(struct world *w, const struct conn_out *o)
{
	for (unsigned int i = 0; i < w->n_records; i++)
		if (is_of(&w->records[i], &o->stash)) {
			w->records[i].bytes = o->bytes;
			if (o->bytes > 0)
				memcpy(w->records[i].data, o->data, o->bytes);
			return;
		}
	if (w->n_records == RECORDS || o->bytes == 0)
		return;
	struct record *r = &w->records[w->n_records++];
	r->key = o->stash;
	r->bytes = o->bytes;
	memcpy(r->data, o->data, o->bytes);
}

static void tell_peer(struct nf *nf, uint8_t key, bool there)
{
	assert(key >= 1 && key <= PEERS);
	assert(there || nf->peers[key]);
	nf->peers[key] = there;
}

static void tell_channel(struct nf *nf, const struct conn_out *o)
{
	unsigned int i = o->channel - 0x4000u;
	assert(o->id[0] >= 1 && o->id[0] <= RELAYS && o->to.family != CP_NONE);
	if (i >= CHANNELS)
		return;
	assert(o->up || nf->channels[o->id[0]][i]);
	nf->channels[o->id[0]][i] = o->up;
}

static void carry_out(struct world *w, unsigned int who, const struct conn_out *o)
{
	if (o->kind == CONN_OUT_PEER)
		tell_peer(&w->nf[who], o->peer->public_key[0], true);
	else if (o->kind == CONN_OUT_REMOVE)
		tell_peer(&w->nf[who], o->key[0], false);
	else if (o->kind == CONN_OUT_CHANNEL)
		tell_channel(&w->nf[who], o);
	if (o->kind == CONN_OUT_SEND) {
		assert(o->bytes > 0 && o->bytes <= CONN_DATAGRAM_MAX);
		struct datagram *d = &w->under_way[w->n_under_way++ % UNDER_WAY];
		*d = (struct datagram){.from = o->from.family ? o->from : own[who], .to = o->to, .bytes = o->bytes};
		memcpy(d->data, o->data, o->bytes);
	} else if (o->kind == CONN_OUT_STASH && who == 0) {
		assert(o->bytes <= CONN_STASH_MAX);
		remember(w, o);
	} else if (o->kind == CONN_OUT_CANDIDATE) {
		conn_candidate_add(w->nodes[!who], o->id, o->text, strlen(o->text), w->now);
	}
}

/* The NF has the peers of the connections, and no other. */
static void check_peers(const struct world *w, unsigned int who)
{
	bool live[PEERS + 1] = {false};
	unsigned int n = 0;
	for (uint8_t i = 0; i < PEERS; i++) {
		struct conn_info info;
		uint8_t id[CONN_ID_BYTES];
		id_of(i, id);
		if (!conn_info(w->nodes[who], id, &info))
			continue;
		live[info.public_key[0]] = true;
		n++;
	}
	if (w->damaged) /* under other ids */
		return;
	assert(n == conn_count(w->nodes[who]));
	assert(memcmp(live, w->nf[who].peers, sizeof(live)) == 0);
}

static void drain(struct world *w, unsigned int who)
{
	struct conn_out o;
	for (unsigned int n = 0; conn_next(w->nodes[who], w->now, &o); n++) {
		assert(n < OUTS_MAX);
		carry_out(w, who, &o);
	}
	assert(conn_count(w->nodes[who]) <= CONNS_MAX);
	check_peers(w, who);
}

static void pass_time(struct world *w, uint64_t ns)
{
	for (cp_time until = w->now + ns; w->now < until;) {
		cp_time next = until;
		for (unsigned int i = 0; i < 2; i++)
			next = cp_earlier(next, conn_deadline(w->nodes[i]).at);
		w->now = next > w->now ? next : w->now;
		for (unsigned int i = 0; i < 2; i++) {
			conn_tick(w->nodes[i], w->now);
			drain(w, i);
			assert(conn_deadline(w->nodes[i]).at > w->now);
		}
	}
}

/* The host slept: nothing happened in between. */
static void leap(struct world *w, uint8_t how_far)
{
	static const uint64_t s[] = {20, 60, 300, 310, 600, 900, 3600, 90000};
	w->now += s[how_far % 8] * CP_S + 1;
	for (unsigned int i = 0; i < 2; i++) {
		conn_tick(w->nodes[i], w->now);
		drain(w, i);
		assert(conn_deadline(w->nodes[i]).at > w->now);
	}
}

static void upsert(struct world *w, unsigned int who, uint8_t peer, uint8_t change)
{
	struct conn_peer p = {.public_key = {(uint8_t)(1 + (peer + (change >> 2 & 1)) % PEERS), 7}, .cookie = change >> 3 & 1, .local = {"aaaa", "local-password"}, .remote = {"bbbb", "remote-password"}};
	id_of(peer, p.id);
	if (who == 1) {
		struct ice_credentials c = p.local;
		p.local = p.remote, p.remote = c;
	}
	p.preshared_key[0] = change & 1;
	p.remote.pwd[0] = (char)(p.remote.pwd[0] + (change >> 1 & 1));
	conn_upsert(w->nodes[who], &p, w->now);
}

static void candidate(struct world *w, unsigned int who, uint8_t what, struct bytes *b)
{
	static const char *const texts[] = {"candidate:1 1 udp 2130706175 192.0.2.1 52625 typ host",
					    "candidate:1 1 udp 2130706175 192.0.2.2 52625 typ host",
					    "candidate:2 1 udp 1694498559 198.51.100.7 40000 typ srflx raddr 0.0.0.0 rport 0",
					    "candidate:3 1 udp 37748479 203.0.113.10 60000 typ relay raddr 0.0.0.0 rport 0",
					    "candidate:4 1 udp 1 2001:db8::1 5 typ host ufrag bbbb", "nonsense"};
	uint8_t id[CONN_ID_BYTES];
	char text[64];
	size_t n = take(b) % 64;
	id_of(what >> 4, id);
	if ((what & 7) < 6)
		n = strlen(texts[what & 7]);
	else
		take_some(b, text, n);
	const char *p = (what & 7) < 6 ? texts[what & 7] : text;
	if (what & 8)
		conn_candidate_remove(w->nodes[who], id, p, n, w->now);
	else
		conn_candidate_add(w->nodes[who], id, p, n, w->now);
}

static void relays(struct world *w, unsigned int who, uint8_t what)
{
	uint8_t id[1][CONN_ID_BYTES] = {{1 + (what >> 3) % RELAYS}};
	struct conn_relay r[2];
	for (unsigned int i = 0; i < 2; i++)
		r[i] = (struct conn_relay){.id = {(uint8_t)(1 + ((what >> 3) + i) % RELAYS)},
					   .turn = {.server = {servers[(what >> 5) % RELAYS]}, .username = "u",
						    .password = what & 1 ? "p" : "q", .realm = "firezone", .software = "s"}};
	conn_relays_update(w->nodes[who], (const uint8_t(*)[CONN_ID_BYTES])id, what >> 1 & 1, r,
			   what & 4 ? 1 + (what >> 1 & 1) : 0, w->now);
}

static void receive(struct world *w, unsigned int who, const struct cp_addr *at, const struct cp_addr *from, const uint8_t *p, size_t n)
{
	struct conn_inner inner;
	uint8_t *exact = __real_malloc(n + 1);
	assert(exact);
	memcpy(exact, p, n);
	if (conn_udp_in(w->nodes[who], at, from, exact, n, w->now, &inner) == CONN_WIREGUARD)
		assert(inner.data >= exact && inner.data + inner.bytes <= exact + n);
	free(exact);
}

/* One that was sent, perhaps changed on its way. */
static void deliver(struct world *w, uint8_t which, uint8_t at, uint8_t value)
{
	struct datagram d = w->under_way[which % UNDER_WAY];
	if (d.bytes == 0)
		return;
	d.data[at % d.bytes] ^= value;
	receive(w, cp_addr_equal(&d.to, &own[1]), &d.to, &d.from, d.data, d.bytes);
}

/* As ChannelData of a relay. */
static void deliver_relayed(struct world *w, unsigned int who, uint8_t which, uint8_t channel)
{
	struct datagram d = w->under_way[which % UNDER_WAY];
	if (d.bytes == 0 || d.bytes > CONN_DATAGRAM_MAX)
		return;
	memmove(d.data + STUN_CHANNEL_HEADER, d.data, d.bytes);
	stun_channel_header(d.data, (uint16_t)(0x4000 + channel % 8), (uint16_t)d.bytes);
	receive(w, who, &own[who], &servers[(channel >> 3) % RELAYS], d.data, d.bytes + STUN_CHANNEL_HEADER);
}

/* What a relay answers: the transaction of what was sent, and attributes that the input chooses. */
static void answer_of_relay(struct world *w, unsigned int who, struct bytes *b)
{
	const struct datagram *d = &w->under_way[take(b) % UNDER_WAY];
	static const uint16_t codes[] = {400, 401, 403, 420, 437, 438, 486, 500};
	struct stun_message m;
	struct stun_writer s;
	uint8_t out[STUN_MESSAGE_MAX], key[16], what = take(b);
	if (stun_parse(d->data, d->bytes, &m) != 0)
		return;
	stun_begin(&s, out, sizeof(out), m.type | (what & 1 ? STUN_ERROR : STUN_SUCCESS), m.txid);
	if (what & 1)
		stun_put_error(&s, codes[what >> 5], "because");
	if (what & 1)
		stun_put_text(&s, STUN_REALM, "firezone");
	if (what & 1)
		stun_put_text(&s, STUN_NONCE, what & 2 ? "nonce" : "other");
	if (what & 4)
		stun_put_address(&s, STUN_XOR_RELAYED_ADDRESS, &(struct cp_addr){{203, 0, 113, 10}, (uint16_t)(60000 + (what >> 6)), CP_V4, 0});
	if (what & 8)
		stun_put_address(&s, STUN_XOR_MAPPED_ADDRESS, &(struct cp_addr){{198, 51, 100, 7}, (uint16_t)(40000 + take(b)), CP_V4, 0});
	if (what & 8)
		stun_put_u32(&s, STUN_LIFETIME, take(b) * 8u);
	stun_long_term_key("u", "firezone", what & 2 ? "q" : "p", key);
	if (what & 16)
		stun_put_integrity(&s, key, sizeof(key));
	receive(w, who, &own[who], &d->to, out, stun_finish(&s));
}

static void raw(struct world *w, unsigned int who, struct bytes *b)
{
	uint8_t data[256], from_relay = take(b);
	size_t n = take(b);
	take_some(b, data, n);
	receive(w, who, &own[who], from_relay & 1 ? &servers[0] : &own[!who], data, n);
}

static void report(struct world *w, unsigned int who, struct bytes *b)
{
	struct conn_report r = {.kind = (enum conn_report_kind)(1 + take(b) % 6), .at = own[who], .from = own[!who], .relay = servers[0],
				.ufrag = "aaaa", .remote_ufrag = "bbbb", .channel = (uint16_t)(0x4000 + take(b) % 4)};
	uint8_t what = take(b);
	r.public_key[0] = 1 + what % PEERS;
	r.public_key[1] = 7;
	r.initiator = what & 4;
	r.received = what & 8;
	r.ice = (struct ice_report){.at = own[who], .from = own[!who], .priority = 7, .requests = what >> 6, .nominations = what >> 4 & 3,
				    .last_ago_ns = (uint64_t)take(b) << 24};
	conn_report_in(w->nodes[who], &r, w->now);
}

static struct conn_node *fresh(unsigned int who, cp_time now)
{
	struct conn_settings s = {.role = who ? CONN_CLIENT : CONN_GATEWAY, .seed = {(uint8_t)who}, .conns_max = CONNS_MAX};
	fails_in = 0;
	struct conn_node *n = conn_node_new(&s, now);
	assert(n);
	return n;
}

/* The process is replaced; what it had put aside comes back, perhaps damaged. */
static void restart(struct world *w, uint8_t at, uint8_t value)
{
	conn_node_free(w->nodes[0]);
	w->nodes[0] = fresh(0, w->now);
	for (unsigned int i = 0; i < w->n_records; i++) {
		struct record *r = &w->records[i];
		if (r->bytes == 0)
			continue;
		r->data[at % r->bytes] ^= value;
		uint8_t *exact = __real_malloc(r->bytes);
		assert(exact);
		memcpy(exact, r->data, r->bytes);
		conn_restore(w->nodes[0], &r->key, exact, r->bytes, w->now);
		free(exact);
	}
	conn_restored(w->nodes[0], w->now);
	w->damaged |= value != 0;
	memset(&w->nf[0], 0, sizeof(w->nf[0])); /* it begins anew, too: what is not said again it does not have */
}

static void other_input(struct world *w, unsigned int who, uint8_t what, struct bytes *b)
{
	uint8_t id[CONN_ID_BYTES];
	id_of(take(b), id);
	switch (what % 9) {
	case 0:
		conn_remove(w->nodes[who], id, w->now);
		break;
	case 1:
		conn_close(w->nodes[who], id, w->now);
		break;
	case 2:
		conn_addresses(w->nodes[who], &own[who], take(b) & 1, w->now);
		break;
	case 3:
		conn_reset(w->nodes[who], w->now);
		break;
	case 4:
		conn_release(w->nodes[who], w->now);
		break;
	case 5:
		conn_sweep(w->nodes[who], w->now);
		break;
	case 6:
		conn_reassert(w->nodes[who], w->now);
		break;
	case 7:
		conn_close_all(w->nodes[who], w->now);
		break;
	case 8:
		fails_in = 1u + take(b) % 8;
		w->starved = true;
		break;
	}
}

static void input(struct world *w, uint8_t op, struct bytes *b)
{
	unsigned int who = op & 1;
	switch (op >> 1 & 15) {
	case 0:
		pass_time(w, (1u + take(b)) * 10 * CP_MS);
		break;
	case 1:
		if (op & 0x20)
			leap(w, take(b));
		else
			pass_time(w, (1u + take(b) % 20) * CP_S);
		break;
	case 2:
	case 3:
		upsert(w, who, op >> 5, take(b));
		break;
	case 4:
		candidate(w, who, take(b), b);
		break;
	case 5:
		relays(w, who, take(b));
		break;
	case 6: {
		uint8_t which = take(b);
		deliver_relayed(w, who, which, take(b));
		break;
	}
	case 7:
	case 8: {
		uint8_t which = take(b), at = take(b);
		deliver(w, which, at, op & 0x20 ? take(b) : 0);
		break;
	}
	case 9:
	case 10:
		answer_of_relay(w, who, b);
		break;
	case 11:
		raw(w, who, b);
		break;
	case 12:
		report(w, who, b);
		break;
	case 13: {
		uint8_t at = take(b);
		restart(w, at, op & 0x20 ? take(b) : 0);
		break;
	}
	default:
		other_input(w, who, take(b), b);
	}
	drain(w, 0);
	drain(w, 1);
}

static void begin(struct world *w)
{
	w->n_under_way = w->n_records = 0; /* the rest is large, and not looked at */
	for (unsigned int i = 0; i < UNDER_WAY; i++)
		w->under_way[i].bytes = 0;
	memset(w->nf, 0, sizeof(w->nf));
	w->damaged = w->starved = false;
	w->now = 1000 * CP_S;
}

/* Everything ends: nothing is left of it. */
static void finish(struct world *w)
{
	uint8_t ids[RELAYS][CONN_ID_BYTES];
	memset(ids, 0, sizeof(ids));
	for (uint8_t i = 0; i < RELAYS; i++)
		ids[i][0] = 1 + i;
	fails_in = 0;
	for (unsigned int i = 0; i < 2; i++) {
		conn_relays_update(w->nodes[i], (const uint8_t(*)[CONN_ID_BYTES])ids, RELAYS, NULL, 0, w->now);
		conn_close_all(w->nodes[i], w->now);
		drain(w, i);
		for (unsigned int c = 0; c < (RELAYS + 1) * CHANNELS; c++)
			assert(!w->nf[i].channels[c / CHANNELS][c % CHANNELS]);
	}
	for (unsigned int i = 0; i < w->n_records && !w->damaged && !w->starved && w->n_records < RECORDS; i++)
		assert(w->records[i].bytes == 0 || w->records[i].key.kind == CONN_STASH_LOCAL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w; /* large */
	struct bytes b = {data, data + size};
	begin(&w);
	for (unsigned int i = 0; i < 2; i++) {
		w.nodes[i] = fresh(i, w.now);
		conn_addresses(w.nodes[i], &own[i], 1, w.now);
	}
	for (unsigned int n = 0; b.p < b.end && n < INPUTS_MAX; n++)
		input(&w, take(&b), &b);
	pass_time(&w, 2 * CP_S);
	finish(&w);
	for (unsigned int i = 0; i < 2; i++)
		conn_node_free(w.nodes[i]);
	return 0;
}
