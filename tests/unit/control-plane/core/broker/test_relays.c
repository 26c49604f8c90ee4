/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "broker/relays.h"

#define SECRET "5c1d0f6e2b7a49388f60d1c2b3a49586"
#define PEERS  12u
#define REST_PASSWORD "JumxK1kDlRnpz4uBJ79OYD9G7SA="

static const struct cp_addr none;

/* A peer as it understands what it is told (§5.3), beside what the set remembers of it. */
struct peer {
	struct broker_relay_user who;
	struct broker_relay_peer state;
	struct portal_relay has[32];
	char username[32][80], password[32][48];
	size_t n;
	unsigned int pushes;
};

struct rig {
	struct broker_world world;
	struct broker_relay file[6];
	struct broker_facts *facts;
	struct broker_relays *set;
	struct peer peers[PEERS];
	cp_time now;
};

static struct portal_uuid id_of(uint8_t kind, uint8_t i)
{
	return (struct portal_uuid){.bytes = {kind, i, [15] = i}};
}

static struct portal_key key_of(const char *text)
{
	struct portal_key k;
	assert_true(portal_key_parse(text, strlen(text), &k));
	return k;
}

static void configure(struct rig *r)
{
	struct broker_facts *f = broker_facts_create(&r->world);
	assert_non_null(f);
	if (r->set)
		assert_int_equal(broker_relays_configure(r->set, f, r->now), 0);
	else
		assert_non_null(r->set = broker_relays_create(f));
	broker_facts_free(r->facts);
	r->facts = f;
}

/* n relays in the file, static ones. */
static struct rig *rig_create(size_t n)
{
	struct rig *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	r->now = CP_S;
	r->world = (struct broker_world){.account_slug = "a", .relays = r->file, .n_relays = n, .timing = broker_timing_default,
					 .quota = broker_quota_default};
	for (uint8_t i = 0; i < 6; i++)
		r->file[i] = (struct broker_relay){.id = id_of(1, i), .ipv4 = cp_addr_v4(198, 51, 100, i, 3478),
						   .username = "user", .password = "password"};
	for (uint8_t i = 0; i < PEERS; i++)
		r->peers[i].who = (struct broker_relay_user){.id = id_of(2, i), .role = i % 2 ? PORTAL_GATEWAY : PORTAL_CLIENT,
							     .public_key = {{i}}, .expires_at = PORTAL_NEVER};
	configure(r);
	return r;
}

static void rig_free(struct rig *r)
{
	broker_relays_free(r->set);
	broker_facts_free(r->facts);
	free(r);
}

static void forget(struct peer *p, const struct portal_uuid *id)
{
	size_t kept = 0;
	for (size_t i = 0; i < p->n; i++)
		if (memcmp(&p->has[i].id, id, sizeof(*id)) != 0) {
			p->has[kept] = p->has[i];
			memmove(p->username[kept], p->username[i], sizeof(p->username[i]));
			memmove(p->password[kept++], p->password[i], sizeof(p->password[i]));
		}
	p->n = kept;
}

static void learn(struct peer *p, const struct portal_relay *relay)
{
	assert_int_equal(relay->type, PORTAL_TURN);
	assert_true(p->n < 32);
	snprintf(p->username[p->n], sizeof(p->username[0]), "%s", relay->username);
	snprintf(p->password[p->n], sizeof(p->password[0]), "%s", relay->password);
	p->has[p->n++] = *relay;
}

static void hear(struct peer *p, struct broker_relay_list *l)
{
	for (size_t i = 0; i < l->n_disconnected; i++) {
		size_t before = p->n;
		forget(p, &l->disconnected[i]);
		assert_true(p->n < before); /* it had it */
	}
	for (size_t i = 0; i < l->n; i++)
		forget(p, &l->relays[i].id);
	for (size_t i = 0; i < l->n; i++) {
		for (size_t j = 0; j + 1 < i; j++) /* side by side, or the second replaces the first (§5.1) */
			assert_true(memcmp(&l->relays[i].id, &l->relays[j].id, sizeof(l->relays[i].id)) != 0);
		learn(p, &l->relays[i]);
	}
	broker_relay_list_wipe(l);
	p->pushes++;
}

static void join(struct rig *r, unsigned int i)
{
	struct broker_relay_list l;
	r->peers[i].n = 0;
	broker_relays_init(r->set, &r->peers[i].who, &r->peers[i].state, &l);
	assert_int_equal(l.n_disconnected, 0);
	hear(&r->peers[i], &l);
	r->peers[i].pushes = 0;
}

static bool presence(struct rig *r, unsigned int i, struct broker_relay_list *l)
{
	return broker_relays_presence(r->set, &r->peers[i].who, &r->peers[i].state, l);
}

/* As the broker does after every input. Returns how many peers were told something. */
static unsigned int settle(struct rig *r, unsigned int n_peers)
{
	struct broker_relay_list l;
	unsigned int told = 0;
	if (!broker_relays_pending(r->set))
		return 0;
	for (unsigned int i = 0; i < n_peers; i++)
		if (presence(r, i, &l)) {
			told++;
			hear(&r->peers[i], &l);
			assert_false(presence(r, i, &l)); /* once */
		}
	assert_false(broker_relays_pending(r->set));
	return told;
}

static unsigned int tick_at(struct rig *r, cp_time at, unsigned int n_peers)
{
	r->now = at;
	broker_relays_tick(r->set, at);
	assert_true(broker_relays_deadline(r->set) > at);
	return settle(r, n_peers);
}

static int relay_joins(struct rig *r, uint64_t conn, const char *secret, uint8_t address)
{
	struct cp_addr a = cp_addr_v4(203, 0, 113, address, 3478);
	return broker_relays_join(r->set, conn, secret, &a, &none, r->now);
}

/* Ids the peer has. */
static bool peer_has(const struct peer *p, const struct portal_uuid *id)
{
	for (size_t i = 0; i < p->n; i++)
		if (memcmp(&p->has[i].id, id, sizeof(*id)) == 0)
			return true;
	return false;
}

static void credentials_of_stock_relays(void **s)
{
	(void)s;
	struct rig *r = rig_create(0);
	struct peer *client = &r->peers[0], *gateway = &r->peers[1];
	client->who.public_key = key_of("gZ2Lemg8T91tKRjDDihbSFpeencsKI1N8B9GdhL6K/M=");
	client->who.expires_at = 1790000000;
	gateway->who.public_key = key_of("I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA=");
	gateway->who.expires_at = 5; /* of no matter */
	assert_int_equal(relay_joins(r, 7, SECRET, 1), 0);
	join(r, 0);
	join(r, 1);
	assert_string_equal(client->username[0], "1790000000:vCIeGIvqeC2OFSFmvIKqzrgAwLLB2lhvmDYO6pUu9Gg");
	assert_string_equal(client->password[0], "xJ9n9K4OjXcmiiGAUBPFI6oavRX6x81iWFJx85KCS5U");
	assert_int_equal(client->has[0].expires_at, 1790000000);
	assert_string_equal(gateway->username[0], "2145916800:AtvBH/5ENAJGdFdRRyPNu7YnLMYw9yLxsW8plSmJu+o");
	assert_int_equal(gateway->has[0].expires_at, 2145916800);
	client->who.expires_at = 1797776000; /* §10.2's gateway is one with that end */
	client->who.public_key = gateway->who.public_key;
	join(r, 0);
	assert_string_equal(client->password[0], "o/LeiCtcDgLSoxDyhDKpdSoJY6otXiIzkJZqGaJSia8");
	char id[PORTAL_UUID_TEXT];
	portal_uuid_format(&client->has[0].id, id);
	assert_string_equal(id, "ccab0d57-c06b-4117-a7a4-c029b6775b49");
	rig_free(r);
}

static void credentials_of_the_file(void **s)
{
	(void)s;
	struct rig *r = rig_create(2);
	/* openssl dgst -sha1 -hmac north -binary | base64, of the user name */
	r->file[1] = (struct broker_relay){.id = id_of(1, 1), .ipv4 = cp_addr_v4(198, 51, 100, 9, 3478), .rest_secret = "north",
					   .ipv6 = {.ip = {0x20, 1}, .port = 3478, .family = CP_V6}};
	configure(r);
	r->peers[0].who.public_key = key_of("gZ2Lemg8T91tKRjDDihbSFpeencsKI1N8B9GdhL6K/M=");
	join(r, 0);
	assert_int_equal(r->peers[0].n, 3);
	for (size_t i = 0; i < 3; i++) {
		bool rest = r->peers[0].has[i].id.bytes[1] == 1;
		assert_string_equal(r->peers[0].username[i],
				    rest ? "2145916800:vCIeGIvqeC2OFSFmvIKqzrgAwLLB2lhvmDYO6pUu9Gg" : "user");
		assert_string_equal(r->peers[0].password[i], rest ? REST_PASSWORD : "password");
		assert_int_equal(r->peers[0].has[i].expires_at, 2145916800);
	}
	rig_free(r);
}

/* Two each, repeatable, and no relay has much more than its share. */
static void choice_is_stable_and_spread(void **s)
{
	(void)s;
	enum { N = 600 };
	struct rig *r = rig_create(6);
	unsigned int users[6] = {0};
	for (unsigned int i = 0; i < N; i++) {
		struct broker_relay_user who = {.id = {{(uint8_t)i, (uint8_t)(i >> 8)}}, .role = PORTAL_GATEWAY};
		struct broker_relay_peer a = {.n = 0}, b = {.n = 0};
		struct broker_relay_list l;
		broker_relays_init(r->set, &who, &a, &l);
		broker_relays_init(r->set, &who, &b, &l);
		assert_int_equal(l.n, 2);
		assert_memory_equal(&a, &b, sizeof(a));
		users[l.relays[0].id.bytes[1]]++;
		users[l.relays[1].id.bytes[1]]++;
		broker_relays_leave(r->set, &b);
	}
	for (size_t i = 0; i < 6; i++) {
		struct broker_relay_entry e;
		assert_in_range(users[i], N / 3 - N / 10, N / 3 + N / 10);
		assert_true(broker_relays_entry(r->set, i, &e) && e.peers == users[i] && e.online);
	}
	rig_free(r);
}

static void who_has_none_is_told_at_once_and_again(void **s)
{
	(void)s;
	struct rig *r = rig_create(0);
	join(r, 0);
	assert_int_equal(r->peers[0].n, 0);
	settle(r, 1);
	assert_int_equal(relay_joins(r, 7, SECRET, 1), 0);
	assert_int_equal(settle(r, 1), 1);
	assert_int_equal(r->peers[0].n, 1);
	join(r, 1); /* its init says it, but the relay may not listen yet */
	assert_int_equal(broker_relays_deadline(r->set), r->now + CP_S);
	assert_int_equal(tick_at(r, r->now + CP_S, 2), 2);
	assert_int_equal(tick_at(r, r->now + 100 * CP_S, 2), 0);
	assert_int_equal(broker_relays_deadline(r->set), CP_NEVER);
	join(r, 2); /* by now it does */
	broker_relays_tick(r->set, r->now + CP_S);
	assert_int_equal(settle(r, 3), 0);
	rig_free(r);
}

static void who_has_one_waits_until_the_other_listens(void **s)
{
	(void)s;
	struct rig *r = rig_create(1);
	join(r, 0);
	settle(r, 1);
	assert_int_equal(relay_joins(r, 7, SECRET, 1), 0);
	assert_int_equal(settle(r, 1), 0);
	assert_int_equal(tick_at(r, r->now + CP_S, 1), 1);
	assert_int_equal(r->peers[0].n, 2);
	assert_int_equal(relay_joins(r, 8, "another", 2), 0); /* who has two hears nothing */
	assert_int_equal(settle(r, 1), 0);
	assert_int_equal(tick_at(r, r->now + CP_S, 1), 0);
	rig_free(r);
}

static void a_relay_that_is_back_in_time_was_never_gone(void **s)
{
	(void)s;
	struct rig *r = rig_create(0);
	assert_int_equal(relay_joins(r, 7, SECRET, 1), 0);
	join(r, 0);
	tick_at(r, r->now + CP_S, 1);
	broker_relays_lost(r->set, 7, r->now);
	assert_int_equal(broker_relays_deadline(r->set), r->now + 3 * CP_S);
	assert_int_equal(tick_at(r, r->now + 3 * CP_S - 1, 1), 0);
	join(r, 1); /* nobody new gets it meanwhile */
	assert_int_equal(r->peers[1].n, 0);
	assert_int_equal(relay_joins(r, 8, SECRET, 1), 0);
	broker_relays_lost(r->set, 7, r->now); /* an old end changes nothing */
	assert_int_equal(settle(r, 2), 1);
	assert_int_equal(r->peers[1].n, 1);
	assert_int_equal(tick_at(r, r->now + 10 * CP_S, 2), 0);
	broker_relays_lost(r->set, 8, r->now);
	assert_int_equal(tick_at(r, r->now + 3 * CP_S, 2), 2);
	assert_int_equal(r->peers[0].n, 0);
	rig_free(r);
}

static void another_secret_at_its_address_supersedes_it_at_once(void **s)
{
	(void)s;
	struct rig *r = rig_create(0);
	assert_int_equal(relay_joins(r, 7, SECRET, 1), 0);
	join(r, 0);
	settle(r, 1);
	broker_relays_lost(r->set, 7, r->now);
	assert_int_equal(relay_joins(r, 8, "restarted", 1), 0);
	assert_int_equal(settle(r, 1), 1);
	struct portal_uuid old = broker_relay_id(SECRET), new = broker_relay_id("restarted");
	assert_true(peer_has(&r->peers[0], &new));
	assert_false(peer_has(&r->peers[0], &old));
	rig_free(r);
}

static void a_lost_relay_is_replaced_by_another(void **s)
{
	(void)s;
	struct rig *r = rig_create(2);
	join(r, 0);
	assert_int_equal(relay_joins(r, 7, SECRET, 1), 0);
	assert_int_equal(tick_at(r, r->now + CP_S, 1), 0);
	r->world.n_relays = 1; /* the second of the file goes */
	configure(r);
	assert_int_equal(settle(r, 1), 1);
	assert_int_equal(r->peers[0].n, 2);
	struct portal_uuid id = broker_relay_id(SECRET);
	assert_true(peer_has(&r->peers[0], &id) && peer_has(&r->peers[0], &r->file[0].id));
	rig_free(r);
}

static void a_changed_relay_is_told_anew_and_an_unchanged_one_is_not(void **s)
{
	(void)s;
	struct rig *r = rig_create(2);
	join(r, 0);
	settle(r, 1);
	configure(r);
	assert_int_equal(settle(r, 1), 0);
	r->file[0].password = "changed";
	configure(r);
	assert_int_equal(settle(r, 1), 1);
	assert_true(strcmp(r->peers[0].password[0], "changed") == 0 || strcmp(r->peers[0].password[1], "changed") == 0);
	r->file[1].ipv6 = (struct cp_addr){.ip = {0x20, 1}, .port = 3478, .family = CP_V6};
	configure(r);
	assert_int_equal(settle(r, 1), 1);
	assert_int_equal(r->peers[0].n, 3);
	rig_free(r);
}

static void no_relays_is_answered_with_all(void **s)
{
	(void)s;
	struct rig *r = rig_create(6);
	struct broker_relay_list l;
	join(r, 0);
	for (int i = 0; i < 4; i++) {
		char secret[2] = {(char)('a' + i), 0};
		assert_int_equal(relay_joins(r, 10u + (unsigned int)i, secret, (uint8_t)i), 0);
	}
	settle(r, 1);
	broker_relays_all(r->set, &r->peers[0].who, &r->peers[0].state, &l);
	assert_int_equal(l.n, BROKER_RELAYS_TOLD);
	assert_int_equal(l.n_disconnected, 0);
	hear(&r->peers[0], &l);
	r->world.n_relays = 3; /* it hears of each that goes */
	configure(r);
	settle(r, 1);
	r->world.n_relays = 0; /* but for what it says it does not have anyway */
	configure(r);
	broker_relays_all(r->set, &r->peers[0].who, &r->peers[0].state, &l);
	assert_int_equal(l.n_disconnected, 0);
	r->peers[0].n = 0;
	hear(&r->peers[0], &l);
	assert_int_equal(r->peers[0].n, 4);
	for (size_t i = 0; i < r->peers[0].n; i++)
		assert_int_not_equal(r->peers[0].has[i].id.bytes[0], 1);
	rig_free(r);
}

/* Gone and back before anybody was asked: for those who had it, it is another one. */
static void a_relay_of_the_same_secret_may_come_back_late(void **s)
{
	(void)s;
	struct rig *r = rig_create(0);
	struct broker_relay_entry e;
	assert_int_equal(relay_joins(r, 7, SECRET, 1), 0);
	join(r, 0);
	settle(r, 1);
	broker_relays_lost(r->set, 7, r->now);
	r->now += CP_S;
	broker_relays_lost(r->set, 7, r->now); /* once is enough */
	assert_int_equal(broker_relays_deadline(r->set), r->now);
	broker_relays_tick(r->set, r->now);
	assert_int_equal(broker_relays_deadline(r->set), r->now + 2 * CP_S);
	broker_relays_tick(r->set, r->now + 2 * CP_S);
	assert_int_equal(relay_joins(r, 8, SECRET, 1), 0);
	assert_int_equal(settle(r, 1), 1);
	assert_true(broker_relays_entry(r->set, 0, &e) && e.peers == 1);
	broker_relays_leave(r->set, &r->peers[0].state);
	assert_true(broker_relays_entry(r->set, 0, &e) && e.peers == 0);
	rig_free(r);
}

static void a_relay_that_joins_again_listens_later(void **s)
{
	(void)s;
	struct rig *r = rig_create(0);
	assert_int_equal(relay_joins(r, 7, SECRET, 1), 0);
	join(r, 0);
	broker_relays_lost(r->set, 7, r->now);
	r->now += CP_S / 2;
	assert_int_equal(relay_joins(r, 8, SECRET, 1), 0);
	assert_int_equal(broker_relays_deadline(r->set), r->now + CP_S);
	rig_free(r);
}

static void what_a_relay_may_not_do(void **s)
{
	(void)s;
	struct rig *r = rig_create(0);
	char longest[258];
	memset(longest, 'a', 257);
	longest[257] = 0;
	struct cp_addr a = cp_addr_v4(203, 0, 113, 1, 3478);
	assert_int_equal(broker_relays_join(r->set, 1, longest, &a, &none, r->now), -EINVAL);
	assert_int_equal(broker_relays_join(r->set, 1, longest + 1, &a, &none, r->now), 0);
	assert_int_equal(broker_relays_join(r->set, 2, "", &a, &none, r->now), -EINVAL);
	assert_int_equal(broker_relays_join(r->set, 2, NULL, &a, &none, r->now), -EINVAL);
	assert_int_equal(broker_relays_join(r->set, 2, "secret", &none, &none, r->now), -EINVAL);
	r->file[0].id = broker_relay_id("of the file");
	r->world.n_relays = 1;
	r->world.quota.relays = 2;
	configure(r);
	assert_int_equal(relay_joins(r, 3, "of the file", 2), -EINVAL);
	assert_int_equal(relay_joins(r, 3, "second", 2), 0);
	assert_int_equal(relay_joins(r, 4, "third", 3), -ENOSPC);
	assert_int_equal(relay_joins(r, 4, "second", 3), 0); /* again, from elsewhere */
	assert_int_equal(relay_joins(r, 5, "third", 3), 0);  /* in its place */
	join(r, 0);
	settle(r, 1);
	rig_free(r);
}

static void check_peer(struct rig *r, unsigned int i, bool asked_for_all)
{
	struct peer *p = &r->peers[i];
	size_t online = 0, listening = 0, relays = 0;
	struct broker_relay_entry e;
	for (size_t k = 0; broker_relays_entry(r->set, k, &e); k++) {
		online += e.online;
		listening += e.online && e.kind != BROKER_RELAY_REGISTERED;
		relays += peer_has(p, &e.id);
	}
	for (size_t k = 0; k < p->n; k++) { /* what it has is there */
		bool found = false;
		for (size_t j = 0; broker_relays_entry(r->set, j, &e); j++)
			found = found || (memcmp(&e.id, &p->has[k].id, sizeof(e.id)) == 0 &&
					  (cp_addr_equal(&e.ipv4, &p->has[k].addr) || cp_addr_equal(&e.ipv6, &p->has[k].addr)));
		assert_true(found);
	}
	assert_int_equal(relays, p->state.n);
	assert_true(relays > 0 || online == 0);
	assert_true(relays >= 2 || listening < 2);
	assert_true(relays <= 2 || asked_for_all);
}

/* When nothing is under way, all have two, if there are two. */
static void check_quiet(struct rig *r)
{
	struct broker_relay_entry e;
	size_t n = 0;
	tick_at(r, r->now + 5 * CP_S, PEERS);
	assert_int_equal(broker_relays_deadline(r->set), CP_NEVER);
	while (broker_relays_entry(r->set, n, &e))
		n++;
	for (unsigned int i = 0; i < PEERS; i++)
		assert_true(r->peers[i].state.n >= (n < 2 ? n : 2));
}

static void check_counts(struct rig *r)
{
	struct broker_relay_entry e;
	for (size_t k = 0; broker_relays_entry(r->set, k, &e); k++) {
		uint32_t n = 0;
		for (unsigned int i = 0; i < PEERS; i++)
			n += peer_has(&r->peers[i], &e.id);
		assert_int_equal(e.peers, n);
	}
}

static void random_step(struct rig *r, struct cp_rng *rng, bool all[PEERS])
{
	unsigned int i = cp_rng_below(rng, PEERS);
	char secret[2] = {(char)('a' + cp_rng_below(rng, 5)), 0};
	struct broker_relay_list l;
	static uint64_t last_conn;
	switch (cp_rng_below(rng, 9)) {
	case 0:
	case 1:
		relay_joins(r, ++last_conn, secret, (uint8_t)cp_rng_below(rng, 4));
		break;
	case 2:
		broker_relays_lost(r->set, last_conn - cp_rng_below(rng, 4), r->now);
		break;
	case 3:
		r->world.n_relays = cp_rng_below(rng, 4);
		r->file[cp_rng_below(rng, 4)].password = cp_rng_below(rng, 2) ? "one" : "other";
		configure(r);
		break;
	case 4:
		join(r, i);
		all[i] = false;
		break;
	case 5:
		broker_relays_leave(r->set, &r->peers[i].state);
		r->peers[i].n = 0;
		join(r, i);
		all[i] = false;
		break;
	case 6:
		broker_relays_all(r->set, &r->peers[i].who, &r->peers[i].state, &l);
		hear(&r->peers[i], &l);
		all[i] = true;
		break;
	default:
		tick_at(r, r->now + cp_rng_below(rng, 2000) * CP_MS, PEERS);
	}
}

static void random_populations_leave_nobody_without(void **s)
{
	(void)s;
	for (uint8_t seed = 0; seed < 40; seed++) {
		struct rig *r = rig_create(2);
		struct cp_rng rng;
		bool all[PEERS] = {false};
		cp_rng_seed(&rng, (const uint8_t[16]){seed, 9});
		for (unsigned int i = 0; i < PEERS; i++)
			join(r, i);
		settle(r, PEERS);
		for (int step = 0; step < 500; step++) {
			random_step(r, &rng, all);
			settle(r, PEERS);
			for (unsigned int i = 0; i < PEERS; i++)
				check_peer(r, i, all[i]);
			check_counts(r);
		}
		check_quiet(r);
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(credentials_of_stock_relays),
		cmocka_unit_test(credentials_of_the_file),
		cmocka_unit_test(choice_is_stable_and_spread),
		cmocka_unit_test(who_has_none_is_told_at_once_and_again),
		cmocka_unit_test(who_has_one_waits_until_the_other_listens),
		cmocka_unit_test(a_relay_that_is_back_in_time_was_never_gone),
		cmocka_unit_test(another_secret_at_its_address_supersedes_it_at_once),
		cmocka_unit_test(a_lost_relay_is_replaced_by_another),
		cmocka_unit_test(a_changed_relay_is_told_anew_and_an_unchanged_one_is_not),
		cmocka_unit_test(no_relays_is_answered_with_all),
		cmocka_unit_test(a_relay_of_the_same_secret_may_come_back_late),
		cmocka_unit_test(a_relay_that_joins_again_listens_later),
		cmocka_unit_test(what_a_relay_may_not_do),
		cmocka_unit_test(random_populations_leave_nobody_without),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
