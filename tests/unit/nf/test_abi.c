/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin ABI: a change of what is pinned here goes with a new NF_ABI, in the same commit, so that no
 * plugin of before is taken for one of today.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <nf/node.h>
#include <nf/pkt.h>
#include <nf/plugin.h>

#define PIN(type, field, at) {#type "." #field, offsetof(struct type, field), at}

static const struct {
	const char *name;
	size_t is, was;
} pins[] = {
	{"NF_ABI", NF_ABI, 1},
	{"sizeof nf_plugin", sizeof(struct nf_plugin), 128},
	PIN(nf_plugin, abi, 0),
	PIN(nf_plugin, size, 4),
	PIN(nf_plugin, name, 8),
	PIN(nf_plugin, depends_on, 24),
	PIN(nf_plugin, init, 32),
	PIN(nf_plugin, reload_check, 72),
	PIN(nf_plugin, sweep, 96),
	PIN(nf_plugin, handlers, 120),
	{"sizeof nf_pkt", sizeof(struct nf_pkt), 64},
	PIN(nf_pkt, drop, 6),
	PIN(nf_pkt, payload_off, 10),
	PIN(nf_pkt, peer, 16),
	PIN(nf_pkt, next_hop, 28),
	PIN(nf_pkt, opaque, 50),
	{"sizeof nf_match_udp", sizeof(struct nf_match_udp), 32},
	PIN(nf_match_udp, mask, 16),
};

static void what_plugins_see_is_where_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++)
		if (pins[i].is != pins[i].was)
			fail_msg("%s is %zu, was %zu: a new NF_ABI is due", pins[i].name, pins[i].is, pins[i].was);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_plugins_see_is_where_it_was)};
	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
