/* SPDX-License-Identifier: Apache-2.0 */
/* The world before anybody lives in it: links, NATs of every kind, relays as seen by the TURN client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nat.h"
#include "relay.h"
#include "turn/turn.h"

/* A NIC that remembers what it got. */
struct probe {
	struct nic nic;
	unsigned int got;
	struct cp_addr src, dst;
	uint8_t data[64];
};

struct lab {
	struct clock clock;
	struct net net;
	struct zone internet, home;
	struct nat nat;
	struct probe inside, neighbour, out[2];
	struct cp_addr in_addr, neighbour_addr, out_addr[2];
};

static void remember(void *owner, struct nic *at, const struct packet *p)
{
	struct probe *q = owner;
	q->got++;
	q->src = p->src;
	q->dst = p->dst;
	memcpy(q->data, p->data, p->bytes < sizeof(q->data) ? p->bytes : sizeof(q->data));
}

static void plug(struct probe *p, const char *name, struct zone *z, struct cp_addr *a, uint8_t net, uint8_t host)
{
	*a = cp_addr_v4(net, 0, 0, host, 52625);
	p->nic = (struct nic){.name = name, .zone = z, .owner = p, .deliver = remember};
	nic_address_add(&p->nic, a);
}

static void lab_init(struct lab *l, struct nat_settings s)
{
	struct dice d = {.state = 1};
	const struct cp_addr own = cp_addr_v4(198, 51, 100, 1, 0);
	memset(l, 0, sizeof(*l));
	clock_init(&l->clock);
	net_init(&l->net, &l->clock, d);
	zone_init(&l->internet, &l->net, "internet");
	zone_init(&l->home, &l->net, "home");
	if (!s.expiry)
		s.expiry = 60 * CP_S;
	nat_init(&l->nat, "nat", &s, &l->internet, &l->home, &own, NULL, d);
	plug(&l->inside, "inside", &l->home, &l->in_addr, 10, 1);
	plug(&l->neighbour, "neighbour", &l->home, &l->neighbour_addr, 10, 2);
	for (int i = 0; i < 2; i++)
		plug(&l->out[i], "outside", &l->internet, &l->out_addr[i], 192, (uint8_t)(i + 1));
}

static void lab_fini(struct lab *l)
{
	clock_fini(&l->clock);
	nat_fini(&l->nat);
	zone_fini(&l->internet);
	zone_fini(&l->home);
}

static void from_to(struct lab *l, struct probe *p, const struct cp_addr *src, struct cp_addr dst)
{
	nic_send(&p->nic, p->nic.name, src, &dst, "hello", 6);
	clock_run(&l->clock, l->clock.now + CP_S);
}

/* Sends to both outside hosts and returns whether they saw one source. */
static bool maps_alike(struct lab *l, struct cp_addr to_a, struct cp_addr to_b)
{
	struct cp_addr first;
	from_to(l, &l->inside, &l->in_addr, to_a);
	first = cp_ip_equal(&to_a, &l->out_addr[0]) ? l->out[0].src : l->out[1].src;
	from_to(l, &l->inside, &l->in_addr, to_b);
	return cp_addr_equal(&first, cp_ip_equal(&to_b, &l->out_addr[0]) ? &l->out[0].src : &l->out[1].src);
}

static struct cp_addr with_port(struct cp_addr a, uint16_t port)
{
	a.port = port;
	return a;
}

static void mapping_depends_on_what_it_says(void **state)
{
	static const struct {
		enum nat_behaviour kind;
		bool other_port, other_host;
	} cases[] = {{NAT_INDEPENDENT, true, true}, {NAT_ADDRESS, true, false}, {NAT_ADDRESS_PORT, false, false}};
	for (int i = 0; i < 3; i++) {
		struct lab l;
		lab_init(&l, (struct nat_settings){.mapping = cases[i].kind, .filtering = NAT_INDEPENDENT});
		assert_true(maps_alike(&l, l.out_addr[0], l.out_addr[0]));
		assert_int_equal(maps_alike(&l, l.out_addr[0], with_port(l.out_addr[0], 7)), cases[i].other_port);
		assert_int_equal(maps_alike(&l, l.out_addr[0], l.out_addr[1]), cases[i].other_host);
		lab_fini(&l);
	}
}

static void filtering_depends_on_what_it_says(void **state)
{
	static const struct {
		enum nat_behaviour kind;
		unsigned int other_port, other_host;
	} cases[] = {{NAT_INDEPENDENT, 1, 1}, {NAT_ADDRESS, 1, 0}, {NAT_ADDRESS_PORT, 0, 0}};
	for (int i = 0; i < 3; i++) {
		struct lab l;
		lab_init(&l, (struct nat_settings){.mapping = NAT_INDEPENDENT, .filtering = cases[i].kind});
		from_to(&l, &l.inside, &l.in_addr, l.out_addr[0]);
		struct cp_addr mapped = l.out[0].src, other_port = with_port(l.out_addr[0], 7);
		from_to(&l, &l.out[0], &l.out_addr[0], mapped);
		assert_int_equal(l.inside.got, 1);
		from_to(&l, &l.out[0], &other_port, mapped);
		assert_int_equal(l.inside.got, 1 + cases[i].other_port);
		from_to(&l, &l.out[1], &l.out_addr[1], mapped);
		assert_int_equal(l.inside.got, 1 + cases[i].other_port + cases[i].other_host);
		lab_fini(&l);
	}
}

static void ports_are_preserved_where_they_are_free(void **state)
{
	struct lab l;
	lab_init(&l, (struct nat_settings){.mapping = NAT_INDEPENDENT, .filtering = NAT_INDEPENDENT, .preserves_ports = true});
	from_to(&l, &l.inside, &l.in_addr, l.out_addr[0]);
	assert_int_equal(l.out[0].src.port, 52625);
	from_to(&l, &l.neighbour, &l.neighbour_addr, l.out_addr[0]);
	assert_int_not_equal(l.out[0].src.port, 52625);
	lab_fini(&l);
}

static void bindings_expire_unless_they_are_used(void **state)
{
	struct lab l;
	lab_init(&l, (struct nat_settings){.mapping = NAT_INDEPENDENT, .filtering = NAT_INDEPENDENT, .expiry = 30 * CP_S});
	from_to(&l, &l.inside, &l.in_addr, l.out_addr[0]);
	struct cp_addr mapped = l.out[0].src;
	clock_run(&l.clock, l.clock.now + 20 * CP_S);
	from_to(&l, &l.inside, &l.in_addr, l.out_addr[0]);
	clock_run(&l.clock, l.clock.now + 20 * CP_S);
	from_to(&l, &l.out[0], &l.out_addr[0], mapped);
	assert_int_equal(l.inside.got, 1);
	clock_run(&l.clock, l.clock.now + 20 * CP_S);
	from_to(&l, &l.out[0], &l.out_addr[0], mapped);
	assert_int_equal(l.inside.got, 1);
	lab_fini(&l);
}

static void hairpins_turn_back_where_they_are_allowed(void **state)
{
	for (unsigned int hairpins = 0; hairpins < 2; hairpins++) {
		struct lab l;
		lab_init(&l, (struct nat_settings){.mapping = NAT_INDEPENDENT, .filtering = NAT_INDEPENDENT, .hairpins = hairpins});
		from_to(&l, &l.inside, &l.in_addr, l.out_addr[0]);
		from_to(&l, &l.neighbour, &l.neighbour_addr, l.out[0].src);
		assert_int_equal(l.inside.got, hairpins);
		if (hairpins)
			assert_true(cp_ip_equal(&l.inside.src, &l.nat.own[0]));
		lab_fini(&l);
	}
}

static void a_forwarded_port_lets_everybody_in_and_answers_from_there(void **state)
{
	struct lab l;
	lab_init(&l, (struct nat_settings){.mapping = NAT_ADDRESS_PORT, .filtering = NAT_ADDRESS_PORT});
	nat_forward(&l.nat, &l.in_addr, 52625);
	from_to(&l, &l.out[0], &l.out_addr[0], cp_addr_v4(198, 51, 100, 1, 52625));
	assert_int_equal(l.inside.got, 1);
	from_to(&l, &l.inside, &l.in_addr, l.inside.src);
	assert_int_equal(l.out[0].src.port, 52625);
	from_to(&l, &l.inside, &l.in_addr, l.out_addr[1]);
	assert_int_not_equal(l.out[1].src.port, 52625);
	lab_fini(&l);
}

static void links_delay_lose_and_repeat(void **state)
{
	struct lab l;
	lab_init(&l, (struct nat_settings){.mapping = NAT_INDEPENDENT, .filtering = NAT_INDEPENDENT});
	l.out[0].nic.link = (struct link){.latency = 7 * CP_MS, .loss_ppm = 500000};
	l.out[1].nic.link = (struct link){.latency = 3 * CP_MS, .duplicate_ppm = 0};
	for (int i = 0; i < 1000; i++)
		nic_send(&l.out[0].nic, "a", &l.out_addr[0], &l.out_addr[1], "x", 1);
	clock_run(&l.clock, l.clock.now + 10 * CP_MS - 1);
	assert_int_equal(l.out[1].got, 0);
	clock_run(&l.clock, l.clock.now + 1);
	assert_in_range(l.out[1].got, 400, 600);
	l.out[0].nic.link = (struct link){.duplicate_ppm = 1000000};
	l.out[1].got = 0;
	from_to(&l, &l.out[0], &l.out_addr[0], l.out_addr[1]);
	assert_int_equal(l.out[1].got, 2);
	net_cut(&l.net, &l.out[1].nic, &l.out[0].nic);
	from_to(&l, &l.out[0], &l.out_addr[0], l.out_addr[1]);
	assert_int_equal(l.out[1].got, 2);
	net_heal(&l.net, &l.out[0].nic, &l.out[1].nic);
	from_to(&l, &l.out[0], &l.out_addr[0], l.out_addr[1]);
	assert_int_equal(l.out[1].got, 4);
	lab_fini(&l);
}

/* --- a relay and the TURN client --- */

struct customer {
	struct lab *lab;
	struct turn *turn;
	struct nic nic;
	struct cp_addr addr;
	unsigned int data;
	uint8_t first;
};

static void customer_send(struct customer *c)
{
	struct turn_send s;
	while (turn_next(c->turn, c->lab->clock.now, &s))
		nic_send(&c->nic, "customer", &c->addr, &s.to, s.data, s.bytes);
}

static void customer_gets(void *owner, struct nic *at, const struct packet *p)
{
	struct customer *c = owner;
	struct stun_message m;
	struct stun_channel_data d;
	if (stun_channel_parse(p->data, p->bytes, &d)) {
		c->data++;
		c->first = d.payload[0];
	} else if (stun_parse(p->data, p->bytes, &m) == 0) {
		turn_stun_in(c->turn, &m, &p->src, &p->dst, c->lab->clock.now);
		customer_send(c);
	}
}

static void customer_run(struct customer *c, cp_time duration)
{
	for (cp_time end = c->lab->clock.now + duration; c->lab->clock.now < end;) {
		clock_run(&c->lab->clock, cp_earlier(end, cp_earlier(c->lab->clock.now + 10 * CP_MS, turn_deadline(c->turn))));
		turn_tick(c->turn, c->lab->clock.now);
		customer_send(c);
	}
}

static void serve(enum relay_kind kind)
{
	struct lab l;
	struct relay r;
	struct cp_rng rng;
	char password[RELAY_NAME_MAX];
	const struct cp_addr server = cp_addr_v4(203, 0, 113, 1, 0);
	struct dice d = {.state = 9};
	lab_init(&l, (struct nat_settings){.mapping = NAT_INDEPENDENT, .filtering = NAT_INDEPENDENT});
	const struct relay_settings s = {.kind = kind, .nonce_uses = 5};
	relay_init(&r, "relay", &s, &l.internet, &server, NULL, d);
	relay_password(&r, "somebody", password);
	struct customer c = {.lab = &l, .addr = cp_addr_v4(192, 0, 0, 9, 52625)};
	c.nic = (struct nic){.name = "customer", .zone = &l.internet, .owner = &c, .deliver = customer_gets};
	nic_address_add(&c.nic, &c.addr);
	cp_rng_seed(&rng, (const uint8_t[16]){1});
	const struct turn_settings t = {.server = {r.server[0]}, .username = "somebody", .password = password, .realm = "firezone",
					.software = "test"};
	c.turn = turn_new(&t, &rng, l.clock.now);
	customer_run(&c, 5 * CP_S);
	assert_true(turn_is_allocated(c.turn));
	assert_int_equal(relay_allocations(&r), 1);

	struct cp_addr relayed = turn_relayed(c.turn, CP_V4);
	from_to(&l, &l.out[0], &l.out_addr[0], relayed); /* without a channel: no */
	assert_int_equal(c.data, 0);
	uint16_t number = turn_channel_to(c.turn, &l.out_addr[0], l.clock.now);
	customer_send(&c);
	customer_run(&c, CP_S);
	number = turn_channel_to(c.turn, &l.out_addr[0], l.clock.now);
	assert_int_not_equal(number, 0);
	from_to(&l, &l.out[0], &l.out_addr[0], relayed);
	assert_int_equal(c.data, 1);
	assert_int_equal(c.first, 'h');

	uint8_t framed[8] = {0};
	stun_channel_header(framed, number, 4);
	nic_send(&c.nic, "customer", &c.addr, &r.server[0], framed, sizeof(framed));
	customer_run(&c, 1000 * CP_S); /* three lifetimes' halves, with nonces that wear out */
	assert_int_equal(l.out[0].got, 1);
	assert_true(cp_addr_equal(&l.out[0].src, &relayed));
	assert_int_equal(relay_allocations(&r), 1);
	assert_int_equal(r.count.allocated, 1);
	assert_true(r.count.refreshed >= 3);

	turn_release(c.turn, l.clock.now);
	customer_send(&c);
	customer_run(&c, CP_S);
	assert_int_equal(relay_allocations(&r), 0);
	turn_free(c.turn);
	relay_fini(&r);
	lab_fini(&l);
}

static void the_stock_relay_serves_the_turn_client(void **state)
{
	serve(RELAY_STOCK);
}

static void the_third_party_relay_serves_the_turn_client(void **state)
{
	serve(RELAY_THIRD_PARTY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapping_depends_on_what_it_says),
		cmocka_unit_test(filtering_depends_on_what_it_says),
		cmocka_unit_test(ports_are_preserved_where_they_are_free),
		cmocka_unit_test(bindings_expire_unless_they_are_used),
		cmocka_unit_test(hairpins_turn_back_where_they_are_allowed),
		cmocka_unit_test(a_forwarded_port_lets_everybody_in_and_answers_from_there),
		cmocka_unit_test(links_delay_lose_and_repeat),
		cmocka_unit_test(the_stock_relay_serves_the_turn_client),
		cmocka_unit_test(the_third_party_relay_serves_the_turn_client),
	};
	return cmocka_run_group_tests_name("sim_world", tests, NULL, NULL);
}
