/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "relay.h"
#include "tests/unit/control-plane/core/stun/vectors.h"

const struct cp_addr server_v4 = {.ip = {203, 0, 113, 10}, .port = 3478, .family = CP_V4};
const struct cp_addr local_v4 = {.ip = {192, 168, 1, 10}, .port = 52625, .family = CP_V4};
const struct cp_addr mapped_v4 = {.ip = {198, 51, 100, 7}, .port = 40000, .family = CP_V4};
const struct cp_addr relayed_v4 = {.ip = {203, 0, 113, 5}, .port = 60000, .family = CP_V4};
const struct cp_addr relayed_v6 = {.ip = {0x20, 1, 0xd, 0xb8, 0, 5, [15] = 5}, .port = 60000, .family = CP_V6};

struct cp_addr v6(const char *ip, uint16_t port)
{
	struct cp_addr a = {0};
	assert_true(cp_ip_parse(ip, strlen(ip), &a));
	a.port = port;
	return a;
}

struct cp_addr peer_at(unsigned int i)
{
	return cp_addr_v4(20, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 61000);
}

struct turn_settings settings_default(void)
{
	return (struct turn_settings){.server = {server_v4, v6("2001:db8::10", 3478)},
				      .username = TURN_USERNAME,
				      .password = TURN_PASSWORD,
				      .realm = TURN_REALM,
				      .software = "snownet"};
}

void world_open(struct world *w, struct turn_settings settings, uint8_t seed)
{
	*w = (struct world){.settings = settings, .now = START, .rtt = 20 * MS};
	cp_rng_seed(&w->rng, (const uint8_t[16]){seed, 1});
	stun_long_term_key(settings.username, settings.realm, settings.password, w->key);
	w->t = turn_new(&settings, &w->rng, w->now);
	assert_non_null(w->t);
	world_drain(w);
}

static void forget_sent(struct world *w)
{
	for (unsigned int i = 0; i < w->n_sent; i++)
		free(w->sent[i].data);
	w->n_sent = w->n_answered = 0;
}

void world_forget(struct world *w)
{
	assert_true(!w->relay || w->n_answered == w->n_sent); /* nothing that a relay has yet to answer */
	forget_sent(w);
	w->n_events = 0;
}

void world_close(struct world *w)
{
	forget_sent(w);
	turn_free(w->t);
	free(w->sent);
	free(w->events);
}

static void keep_sent(struct world *w, const struct turn_send *s)
{
	if (w->n_sent == w->sent_room) {
		w->sent_room = w->sent_room ? 2 * w->sent_room : 64;
		w->sent = realloc(w->sent, w->sent_room * sizeof(*w->sent));
	}
	struct sent *k = &w->sent[w->n_sent++];
	*k = (struct sent){.at = w->now, .to = s->to, .bytes = s->bytes, .data = malloc(s->bytes)};
	memcpy(k->data, s->data, s->bytes);
	assert_int_equal(stun_parse(k->data, k->bytes, &k->m), 0);
}

static void keep_event(struct world *w, const struct turn_event *e)
{
	if (w->n_events == w->events_room) {
		w->events_room = w->events_room ? 2 * w->events_room : 64;
		w->events = realloc(w->events, w->events_room * sizeof(*w->events));
	}
	w->events[w->n_events++] = *e;
}

void world_drain(struct world *w)
{
	struct turn_send s;
	struct turn_event e;
	while (turn_next(w->t, w->now, &s))
		keep_sent(w, &s);
	while (turn_event_next(w->t, &e))
		keep_event(w, &e);
}

static cp_time next_answer(const struct world *w)
{
	return w->relay && w->n_answered < w->n_sent ? w->sent[w->n_answered].at + w->rtt : CP_NEVER;
}

static void let_relay_answer(struct world *w)
{
	struct sent s = w->sent[w->n_answered++];
	struct answer a;
	if (relay_answer(w->relay, &s, w->now, &a))
		answer(w, &s, a);
}

static void tick(struct world *w)
{
	turn_tick(w->t, w->now);
	world_drain(w);
	assert_true(turn_deadline(w->t) > w->now);
}

void world_run(struct world *w, cp_time until)
{
	for (;;) {
		cp_time deadline = turn_deadline(w->t), at = next_answer(w), next = cp_earlier(deadline, at);
		if (next > until)
			break;
		w->now = next > w->now ? next : w->now;
		if (at == next)
			let_relay_answer(w);
		else
			tick(w);
	}
	w->now = until;
}

void world_run_alive(struct world *w, cp_time until)
{
	while (turn_deadline(w->t) <= until) {
		unsigned int from = w->n_sent;
		world_run(w, turn_deadline(w->t));
		for (unsigned int i = from; i < w->n_sent; i++)
			if (w->sent[i].m.type == STUN_BINDING)
				answer_binding(w, &w->sent[i]);
	}
	w->now = until;
}

#define PARTS 65

void world_restart(struct world *w)
{
	static uint8_t saved[PARTS][TURN_SAVE_MAX];
	size_t sizes[PARTS] = {0}, bytes;
	uint16_t part;
	uint8_t data[TURN_SAVE_MAX];
	while (turn_save_next(w->t, w->now, &part, data, &bytes)) {
		assert_true(part < PARTS);
		memcpy(saved[part], data, bytes);
		sizes[part] = bytes;
	}
	turn_free(w->t);
	w->t = turn_new(&w->settings, &w->rng, w->now);
	assert_non_null(w->t);
	forget_sent(w);
	w->n_events = 0;
	for (uint16_t i = 0; i < PARTS; i++)
		if (sizes[i] > 0)
			assert_int_equal(turn_restore(w->t, i, saved[i], sizes[i], w->now), 0);
	world_drain(w);
}

const struct sent *newest(const struct world *w, uint16_t type)
{
	for (unsigned int i = w->n_sent; i-- > 0;)
		if (w->sent[i].m.type == type)
			return &w->sent[i];
	fail_msg("nothing of type %04x was sent", type);
	return NULL;
}

unsigned int count_sent(const struct world *w, uint16_t type)
{
	unsigned int n = 0;
	for (unsigned int i = 0; i < w->n_sent; i++)
		n += w->sent[i].m.type == type;
	return n;
}

unsigned int count_events(const struct world *w, enum turn_event_kind kind)
{
	unsigned int n = 0;
	for (unsigned int i = 0; i < w->n_events; i++)
		n += w->events[i].kind == kind;
	return n;
}

const struct turn_event *newest_event(const struct world *w, enum turn_event_kind kind)
{
	for (unsigned int i = w->n_events; i-- > 0;)
		if (w->events[i].kind == kind)
			return &w->events[i];
	fail_msg("no event %d", kind);
	return NULL;
}

static void put_refused(struct stun_writer *out, const uint16_t refused[4])
{
	uint8_t value[8];
	size_t n = 0;
	for (; n < 4 && refused[n]; n++) {
		value[2 * n] = (uint8_t)(refused[n] >> 8);
		value[2 * n + 1] = (uint8_t)refused[n];
	}
	if (n > 0)
		stun_put(out, STUN_UNKNOWN_ATTRIBUTES, value, 2 * n);
}

static uint16_t build(const struct world *w, const struct answer *a, const uint8_t *txid, uint8_t *buffer, size_t room)
{
	struct stun_writer out;
	uint8_t key[16];
	stun_begin(&out, buffer, room, a->type, txid);
	stun_put_text(&out, STUN_SOFTWARE, "firezone-relay; rev=0310bafb");
	if (a->code)
		stun_put_error(&out, a->code, "No");
	if (a->realm)
		stun_put_text(&out, STUN_REALM, a->realm);
	if (a->nonce)
		stun_put_text(&out, STUN_NONCE, a->nonce);
	for (int i = 0; i < 2; i++)
		if (a->relayed[i].family != CP_NONE)
			stun_put_address(&out, STUN_XOR_RELAYED_ADDRESS, &a->relayed[i]);
	if (a->mapped.family != CP_NONE)
		stun_put_address(&out, STUN_XOR_MAPPED_ADDRESS, &a->mapped);
	if (a->has_lifetime)
		stun_put_u32(&out, STUN_LIFETIME, a->lifetime);
	put_refused(&out, a->refused);
	memcpy(key, w->relay ? w->relay->key : w->key, sizeof(key));
	key[0] ^= a->sign == BADLY;
	if (a->sign != UNSIGNED)
		stun_put_integrity(&out, key, sizeof(key));
	return stun_finish(&out);
}

int answer(struct world *w, const struct sent *s, struct answer a)
{
	uint8_t buffer[STUN_MESSAGE_MAX];
	struct stun_message m;
	struct cp_addr local = s->to.family == CP_V4 ? local_v4 : v6("2001:db8:1::10", 52625);
	struct cp_addr from = s->to;
	uint16_t bytes = build(w, &a, s->m.txid, buffer, sizeof(buffer));
	assert_int_equal(stun_parse(buffer, bytes, &m), 0);
	int e = turn_stun_in(w->t, &m, &from, &local, w->now);
	world_drain(w);
	return e;
}

int answer_binding(struct world *w, const struct sent *s)
{
	struct cp_addr mapped = s->to.family == CP_V4 ? mapped_v4 : v6("2001:db8:7::7", 40000);
	return answer(w, s, (struct answer){.type = STUN_BINDING | STUN_SUCCESS, .mapped = mapped, .sign = UNSIGNED});
}

int answer_error(struct world *w, const struct sent *s, uint16_t code, const char *nonce)
{
	return answer(w, s, (struct answer){.type = s->m.type | STUN_ERROR, .code = code, .nonce = nonce,
					    .realm = nonce ? w->settings.realm : NULL});
}

int answer_allocate(struct world *w, const struct sent *s)
{
	return answer(w, s, (struct answer){.type = STUN_ALLOCATE | STUN_SUCCESS, .relayed = {relayed_v4, relayed_v6},
					    .mapped = mapped_v4, .has_lifetime = true, .lifetime = 600});
}

int answer_ok(struct world *w, const struct sent *s)
{
	bool refresh = s->m.type == STUN_REFRESH;
	return answer(w, s, (struct answer){.type = s->m.type | STUN_SUCCESS, .has_lifetime = refresh, .lifetime = 600});
}

void world_allocate(struct world *w)
{
	answer_binding(w, &w->sent[0]);
	answer_binding(w, &w->sent[1]);
	answer_error(w, newest(w, STUN_ALLOCATE), 401, TURN_NONCE);
	assert_int_equal(answer_allocate(w, newest(w, STUN_ALLOCATE)), 0);
	assert_true(turn_is_allocated(w->t));
	world_forget(w);
}

uint16_t world_channel(struct world *w, const struct cp_addr *peer)
{
	assert_int_equal(turn_channel_to(w->t, peer, w->now), 0);
	world_drain(w);
	assert_int_equal(answer_ok(w, newest(w, STUN_CHANNEL_BIND)), 0);
	return turn_channel_to(w->t, peer, w->now);
}
