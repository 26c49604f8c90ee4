/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The glue between connections and the NF: the whole core as a gateway on a fake NF, and one client whose node of
 * connections lies bare beside it. What one sends the other gets; time is virtual.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conn/conn.h"
#include "fake_nf.h"

#define PORT 52625
#define DATAGRAMS 64

static const struct cp_settings settings = {.linger_ms = 1000, .stop_deadline_ms = 8000, .pid = 1};
static const struct conn_settings as_gateway = {.role = CONN_GATEWAY, .seed = {1}};
static const struct conn_settings as_client = {.role = CONN_CLIENT, .seed = {2}};
static const struct cp_addr client_addr = {.ip = {192, 0, 2, 9}, .port = PORT, .family = CP_V4};
static const uint8_t id[16] = {7};
static const struct nf_addr allowed = {.family = 4, .prefix_len = 32, .addr = {100, 64, 0, 9}};

struct datagram {
	struct cp_addr from, to;
	uint8_t data[512];
	size_t bytes;
};
static struct world {
	struct fake f;
	struct conn_node *client;
	struct datagram to_client[DATAGRAMS], to_gateway[DATAGRAMS];
	unsigned int n_to_client, n_to_gateway;
	uint32_t client_failures;
} w;

static struct cp_addr cp_of(const struct nf_addr *a)
{
	struct cp_addr c = {.family = a->family, .port = a->port};
	memcpy(c.ip, a->addr, cp_ip_bytes(&c));
	return c;
}

static struct nf_addr nf_of(const struct cp_addr *a)
{
	struct nf_addr n = {.family = a->family, .port = a->port};
	memcpy(n.addr, a->ip, sizeof(a->ip));
	return n;
}

static void injected(struct fake *f, const struct nf_inject *i, const uint8_t *data)
{
	assert_true(w.n_to_client < DATAGRAMS && i->data_bytes <= 512);
	struct datagram *d = &w.to_client[w.n_to_client++];
	*d = (struct datagram){.from = cp_of(&i->source), .to = cp_of(&i->destination), .bytes = i->data_bytes};
	memcpy(d->data, data, i->data_bytes);
}

static struct conn_peer peer_of(bool gateway)
{
	struct conn_peer p = {.public_key = {gateway ? 5 : 6}, .preshared_key = {0x55}, .local = {"gate", "gateway-password-22-ch"},
			      .remote = {"clie", "client-password-22-chr"}};
	memcpy(p.id, id, sizeof(p.id));
	if (gateway)
		return p;
	struct ice_credentials c = p.local;
	p.local = p.remote;
	p.remote = c;
	return p;
}

static void to_gateway(const struct conn_out *o)
{
	assert_true(w.n_to_gateway < DATAGRAMS && o->bytes <= 512);
	struct datagram *d = &w.to_gateway[w.n_to_gateway++];
	*d = (struct datagram){.from = o->from, .to = o->to, .bytes = o->bytes};
	memcpy(d->data, o->data, o->bytes);
}

static void drain_client(void)
{
	struct conn_out o;
	while (conn_next(w.client, w.f.now, &o)) {
		if (o.kind == CONN_OUT_SEND)
			to_gateway(&o);
		else if (o.kind == CONN_OUT_CANDIDATE)
			cp_core_candidate(w.f.core, id, o.text, strlen(o.text), false, w.f.now);
		w.client_failures += o.kind == CONN_OUT_FAILED;
	}
}

static void punt(const struct datagram *d)
{
	struct {
		struct nf_msg_hdr hdr;
		struct nf_punt punt;
		uint8_t data[512];
	} m = {.hdr = {.type = NF_MSG_PUNT}, .punt = {.kind = NF_PUNT_STUN, .source = nf_of(&d->from), .destination = nf_of(&d->to)}};
	m.punt.data_bytes = (uint32_t)d->bytes;
	memcpy(m.data, d->data, d->bytes);
	cp_core_punt_in(w.f.core, &m, offsetof(__typeof__(m), data) + d->bytes, w.f.now);
	fake_run(&w.f);
}

static void exchange(void)
{
	struct conn_inner inner;
	fake_run(&w.f);
	drain_client();
	while (w.n_to_client + w.n_to_gateway > 0) {
		struct datagram d = w.n_to_client ? w.to_client[--w.n_to_client] : w.to_gateway[--w.n_to_gateway];
		if (cp_addr_equal(&d.to, &client_addr))
			conn_udp_in(w.client, &d.to, &d.from, d.data, d.bytes, w.f.now, &inner);
		else
			punt(&d);
		drain_client();
	}
}

/* What the gateway has for the portal goes to the client, as a portal would have it. */
static void deliver_words(void)
{
	for (uint32_t i = 0; i < w.f.n_words; i++)
		if (w.f.words[i].kind == CONN_OUT_CANDIDATE)
			conn_candidate_add(w.client, w.f.words[i].id, w.f.words[i].text, strlen(w.f.words[i].text), w.f.now);
	w.f.n_words = 0;
}

static void advance(uint64_t ns)
{
	for (cp_time end = w.f.now + ns; w.f.now < end;) {
		uint64_t step = end - w.f.now < 10 * CP_MS ? end - w.f.now : 10 * CP_MS;
		fake_advance(&w.f, step);
		conn_tick(w.client, w.f.now);
		exchange();
		deliver_words();
		exchange();
	}
}

static void begin(void)
{
	struct conn_peer p = peer_of(false);
	memset(&w, 0, sizeof(w));
	fake_init(&w.f, &settings, 2);
	w.f.has_wan = true;
	w.f.injected = injected;
	assert_int_equal(cp_core_paths_open(w.f.core, &as_gateway, PORT, w.f.now), 0);
	w.client = conn_node_new(&as_client, w.f.now);
	conn_addresses(w.client, &client_addr, 1, w.f.now);
	advance(100 * CP_MS);
	assert_int_equal(conn_upsert(w.client, &p, w.f.now), CONN_CREATED);
}

static void meet(void)
{
	struct conn_peer p = peer_of(true);
	begin();
	assert_int_equal(cp_core_peer_upsert(w.f.core, &p, "carol", &allowed, 1, w.f.now), CONN_CREATED);
	advance(2 * CP_S);
}

static void end(void)
{
	conn_node_free(w.client);
	fake_fini(&w.f);
}

static struct nf_peer_event_body event_of(enum nf_peer_event event)
{
	struct conn_peer p = peer_of(true);
	struct nf_peer_event_body e = {.event = event};
	memcpy(e.public_key, p.public_key, sizeof(e.public_key));
	return e;
}

static void a_peer_of_the_portal_gets_a_path_and_the_profile_of_its_kind(void **state)
{
	meet();
	assert_int_equal(w.f.n_peers, 3); /* two of the file */
	const struct nf_peer_upsert *u = &fake_peer(&w.f, 5)->upsert;
	assert_int_equal(u->preshared_key[0], 0x55);
	assert_string_equal(u->name, "carol");
	assert_int_equal(u->allowed_count, 1);
	assert_int_equal(u->timers, NF_TIMERS_STOCK);
	assert_int_equal(u->endpoint_mode, NF_ENDPOINT_PINNED);
	assert_int_equal(u->padding, NF_PADDING_NONE);
	assert_int_equal(u->inner_mtu, 1280);
	assert_true(u->flags & NF_PEER_HAS_PSK && !(u->flags & NF_PEER_STATIC));
	assert_int_equal(u->endpoint.addr[3], 9);
	assert_int_equal(u->endpoint.port, PORT);
	end();
}

static void sessions_of_the_network_function_establish_and_end_connections(void **state)
{
	struct nf_peer_event_body e = event_of(NF_PEER_SESSION);
	meet();
	w.f.n_words = 0;
	fake_event(&w.f, NF_MSG_PEER_EVENT, &e, sizeof(e));
	assert_int_equal(w.f.n_words, 1);
	assert_int_equal(w.f.words[0].kind, CONN_OUT_ESTABLISHED);
	e.event = NF_PEER_FAILED;
	fake_event(&w.f, NF_MSG_PEER_EVENT, &e, sizeof(e));
	assert_int_equal(w.f.words[1].kind, CONN_OUT_FAILED);
	assert_int_equal(w.f.words[1].failure, CONN_FAILED_WIREGUARD);
	assert_int_equal(w.f.removes, 1);
	assert_null(fake_peer(&w.f, 5));
	end();
}

static void a_goodbye_removes_without_a_word_and_a_close_says_one(void **state)
{
	struct nf_peer_event_body e = event_of(NF_PEER_GOODBYE);
	meet();
	fake_event(&w.f, NF_MSG_PEER_EVENT, &e, sizeof(e));
	assert_int_equal(w.f.removes, 1);
	assert_int_equal(w.f.closes, 0);
	end();
	meet();
	assert_int_equal(cp_core_peer_close(w.f.core, id, w.f.now), 0);
	fake_run(&w.f);
	assert_int_equal(w.f.closes, 1);
	assert_int_equal(cp_core_peer_close(w.f.core, id, w.f.now), -ENOENT);
	advance(2 * CP_S);
	assert_null(fake_peer(&w.f, 5));
	assert_int_equal(w.f.n_stash, 1); /* what is the node's own */
	end();
}

static void a_network_function_that_begins_anew_is_told_everything_and_initiates(void **state)
{
	meet();
	uint32_t records = w.f.n_stash;
	assert_true(records >= 3);
	w.f.n_stash = 0;
	fake_restart(&w.f);
	advance(2 * CP_S);
	assert_int_equal(w.f.n_peers, 3);
	assert_int_equal(fake_peer(&w.f, 5)->upsert.endpoint.addr[3], 9);
	assert_true(fake_peer(&w.f, 5)->initiated);
	assert_int_equal(w.f.n_stash, records);
	assert_int_equal(w.client_failures, 0);
	end();
}

static void a_lost_conversation_sweeps_no_peer_of_the_portal(void **state)
{
	meet();
	fake_vanish(&w.f);
	advance(2 * CP_S);
	assert_int_equal(w.f.syncs, 2);
	assert_int_equal(w.f.n_peers, 3);
	assert_false(fake_peer(&w.f, 5)->initiated);
	assert_int_equal(w.f.stash_gets, 1); /* what it put aside it still knows */
	end();
}

/* A new core finds the NF as the old one left it. */
static void restart_core(void)
{
	struct cp_wanted wanted = fake_wanted(1, 2);
	cp_core_free(w.f.core);
	fake_unplug(&w.f);
	w.f.core = cp_core_new(&settings, &wanted, w.f.now);
	assert_int_equal(cp_core_paths_open(w.f.core, &as_gateway, PORT, w.f.now), 0);
}

static void a_new_control_plane_goes_on_where_the_old_one_stopped(void **state)
{
	struct conn_peer p = peer_of(true);
	meet();
	advance(2 * CP_S);
	restart_core();
	advance(30 * CP_S);
	assert_int_equal(w.client_failures, 0);
	assert_int_equal(w.f.n_peers, 3);
	assert_int_equal(fake_peer(&w.f, 5)->upsert.allowed_count, 1);
	assert_string_equal(fake_peer(&w.f, 5)->upsert.name, "carol");
	assert_int_equal(cp_core_peer_upsert(w.f.core, &p, "carol", &allowed, 1, w.f.now), CONN_REUSED);
	cp_core_peers_complete(w.f.core, w.f.now);
	advance(30 * CP_S);
	assert_int_equal(w.client_failures, 0);
	assert_non_null(fake_peer(&w.f, 5));
	end();
}

static void what_the_portal_does_not_name_any_more_ends(void **state)
{
	meet();
	advance(2 * CP_S);
	restart_core();
	advance(2 * CP_S);
	cp_core_peers_complete(w.f.core, w.f.now);
	advance(1 * CP_S);
	assert_null(fake_peer(&w.f, 5));
	assert_int_equal(w.f.n_peers, 2);
	end();
}

static void what_the_portal_did_not_name_before_the_stash_is_back_ends_as_well(void **state)
{
	meet();
	advance(2 * CP_S);
	restart_core();
	cp_core_peers_complete(w.f.core, w.f.now);
	advance(2 * CP_S);
	assert_null(fake_peer(&w.f, 5));
	assert_int_equal(w.f.n_peers, 2);
	end();
}

static void a_damaged_record_is_left_out_and_named(void **state)
{
	meet();
	advance(2 * CP_S);
	for (uint32_t i = 0; i < w.f.n_stash; i++)
		memset(w.f.stash[i].data, 0xff, w.f.stash[i].head.data_bytes);
	restart_core();
	advance(1 * CP_S);
	assert_null(fake_peer(&w.f, 5));
	assert_int_equal(w.f.syncs, 2);
	end();
}

static void a_changed_tunnel_is_told_at_once(void **state)
{
	struct conn_peer p = peer_of(true);
	struct nf_addr two[2] = {allowed, allowed};
	two[1].addr[3] = 10;
	meet();
	assert_int_equal(cp_core_peer_upsert(w.f.core, &p, "carol", two, 2, w.f.now), CONN_REUSED);
	fake_run(&w.f);
	assert_int_equal(fake_peer(&w.f, 5)->upsert.allowed_count, 2);
	assert_int_equal(cp_core_peer_upsert(w.f.core, &p, "carol", two, 17, w.f.now), -E2BIG);
	end();
}

static void a_peer_with_new_credentials_keeps_its_tunnel(void **state)
{
	struct conn_peer p = peer_of(true);
	meet();
	p.remote.pwd[0] = 'C';
	assert_int_equal(cp_core_peer_upsert(w.f.core, &p, "carol", &allowed, 1, w.f.now), CONN_REPLACED);
	fake_run(&w.f);
	assert_int_equal(w.f.removes, 1);
	assert_int_equal(fake_peer(&w.f, 5)->upsert.allowed_count, 1);
	assert_string_equal(fake_peer(&w.f, 5)->upsert.name, "carol");
	restart_core();
	advance(CP_S);
	assert_int_equal(fake_peer(&w.f, 5)->upsert.allowed_count, 1);
	end();
}

static void what_the_portal_says_before_the_stash_is_back_is_newer(void **state)
{
	struct conn_relay relay = {.id = {9}, .turn = {.server = {{.ip = {203, 0, 113, 1}, .port = 3478, .family = CP_V4}},
						       .username = "u", .password = "p", .realm = "firezone"}};
	struct conn_peer p = peer_of(true);
	struct nf_addr two[2] = {allowed, allowed};
	two[1].addr[3] = 10;
	meet();
	restart_core();
	assert_int_equal(cp_core_relays(w.f.core, NULL, 0, &relay, 1, w.f.now), 0);
	assert_int_equal(cp_core_peer_upsert(w.f.core, &p, "carl", two, 2, w.f.now), CONN_CREATED);
	advance(CP_S);
	assert_int_equal(fake_peer(&w.f, 5)->upsert.allowed_count, 2);
	assert_string_equal(fake_peer(&w.f, 5)->upsert.name, "carl");
	end();
}

static void a_storm_of_authorisations_waits_as_one_change(void **state)
{
	struct conn_peer p = peer_of(true);
	struct nf_addr two[2] = {allowed, allowed};
	two[1].addr[3] = 10;
	meet();
	w.f.holds_replies = true;
	for (unsigned int i = 0; i < 2000; i++) {
		assert_int_equal(cp_core_peer_upsert(w.f.core, &p, "carol", two, 1 + i % 2, w.f.now), CONN_REUSED);
		fake_run(&w.f);
	}
	assert_in_range(w.f.in_flight, 1, 64);
	w.f.holds_replies = false;
	fake_vanish(&w.f);
	advance(2 * CP_S);
	assert_int_equal(fake_peer(&w.f, 5)->upsert.allowed_count, 2);
	end();
}

static void a_silent_network_function_is_waited_for_and_not_asked_all_the_time(void **state)
{
	unsigned int ticks = 0;
	meet();
	w.f.holds_replies = true;
	for (uint8_t i = 0; i < 60; i++) {
		struct conn_peer p = peer_of(true);
		p.id[0] = p.public_key[0] = 100 + i;
		cp_core_peer_upsert(w.f.core, &p, "many", &allowed, 1, w.f.now);
		fake_run(&w.f);
	}
	for (cp_time end = w.f.now + 5 * CP_S; w.f.now < end; ticks++) {
		struct cp_deadline d = cp_core_deadline(w.f.core);
		assert_true(ticks < 1000 && (d.at == 0 || d.at > w.f.now));
		w.f.now = d.at != 0 && d.at < end ? d.at : end;
		cp_core_tick(w.f.core, w.f.now);
		fake_run(&w.f);
	}
	end();
}

static void a_static_node_has_no_portal(void **state)
{
	struct conn_peer p = peer_of(true);
	struct fake *f = calloc(1, sizeof(*f));
	fake_init(f, &settings, 2);
	assert_int_equal(cp_core_peer_upsert(f->core, &p, "x", NULL, 0, f->now), -ENOTSUP);
	assert_int_equal(cp_core_candidate(f->core, id, "", 0, false, f->now), -ENOTSUP);
	assert_int_equal(cp_core_peer_close(f->core, id, f->now), -ENOTSUP);
	fake_advance(f, CP_S);
	assert_int_equal(f->stash_gets, 0);
	fake_fini(f);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_of_the_portal_gets_a_path_and_the_profile_of_its_kind),
		cmocka_unit_test(sessions_of_the_network_function_establish_and_end_connections),
		cmocka_unit_test(a_goodbye_removes_without_a_word_and_a_close_says_one),
		cmocka_unit_test(a_network_function_that_begins_anew_is_told_everything_and_initiates),
		cmocka_unit_test(a_lost_conversation_sweeps_no_peer_of_the_portal),
		cmocka_unit_test(a_new_control_plane_goes_on_where_the_old_one_stopped),
		cmocka_unit_test(what_the_portal_does_not_name_any_more_ends),
		cmocka_unit_test(what_the_portal_did_not_name_before_the_stash_is_back_ends_as_well),
		cmocka_unit_test(a_damaged_record_is_left_out_and_named),
		cmocka_unit_test(a_changed_tunnel_is_told_at_once),
		cmocka_unit_test(a_peer_with_new_credentials_keeps_its_tunnel),
		cmocka_unit_test(what_the_portal_says_before_the_stash_is_back_is_newer),
		cmocka_unit_test(a_storm_of_authorisations_waits_as_one_change),
		cmocka_unit_test(a_silent_network_function_is_waited_for_and_not_asked_all_the_time),
		cmocka_unit_test(a_static_node_has_no_portal),
	};
	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
