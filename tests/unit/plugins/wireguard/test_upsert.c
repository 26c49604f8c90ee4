/* SPDX-License-Identifier: Apache-2.0 */
/* PEER_UPSERT: what is refused, and in which words. Inner lengths and congestion marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <errno.h>

#include "inner.h"
#include "upsert.h"

static const uint8_t own[NF_KEY_BYTES] = {9};
static struct nf_peer_upsert u;
static struct nf_addr allowed[2];

static int make_good(void **state)
{
	(void)state;
	u = (struct nf_peer_upsert){.name = "a", .inner_mtu = 1420, .allowed_count = 2, .endpoint = {.family = 4, .port = 1}};
	allowed[0] = (struct nf_addr){.family = 4, .prefix_len = 32};
	allowed[1] = (struct nf_addr){.family = 6, .prefix_len = 128};
	return 0;
}

static void refused(int status, const char *text)
{
	char why[NF_TEXT_BYTES] = "";
	assert_int_equal(wg_upsert_check(&u, allowed, sizeof(allowed), own, why), status);
	assert_string_equal(why, text);
}

static void a_good_one_passes(void **state)
{
	(void)state;
	refused(0, "");
	u.endpoint = (struct nf_addr){0};
	refused(0, "");
}

static void an_endpoint_is_of_a_family_and_has_a_port(void **state)
{
	(void)state;
	u.endpoint.family = 5;
	refused(-EINVAL, "peer \"a\": its endpoint is malformed");
	u.endpoint.family = 6;
	refused(0, "");
	u.endpoint.port = 0;
	refused(-EINVAL, "peer \"a\": its endpoint is malformed");
}

static void prefixes_fit_their_family_and_number(void **state)
{
	(void)state;
	allowed[1].family = 4;
	refused(-EINVAL, "peer \"a\": prefix 1 is malformed");
	u.allowed_count = 1;
	refused(-EBADMSG, "peer \"a\": 48 bytes of tail are not 1 prefixes");
}

static void the_profile_is_in_range_and_the_name_ends(void **state)
{
	(void)state;
	u.padding = 2;
	refused(-EINVAL, "peer \"a\": a field of its profile is out of range");
	memset(u.name, 'x', sizeof(u.name));
	refused(-EINVAL, "peer: its name does not end");
}

static void nobody_is_its_own_peer(void **state)
{
	char why[NF_TEXT_BYTES];
	(void)state;
	memcpy(u.public_key, own, sizeof(own));
	refused(-EINVAL, "peer \"a\" has this node's own key");
	assert_int_equal(wg_upsert_check(&u, allowed, sizeof(allowed), NULL, why), -EPROTO);
}

static void padding_is_cut_by_the_inner_length(void **state)
{
	uint8_t p4[48] = {[0] = 0x45, [3] = 30}, p6[64] = {[0] = 0x60, [5] = 8};
	(void)state;
	assert_int_equal(wg_inner_length(p4, 48), 30);
	assert_int_equal(wg_inner_length(p4, 29), 0);
	p4[3] = 19;
	assert_int_equal(wg_inner_length(p4, 48), 0);
	assert_int_equal(wg_inner_length(p6, 64), 48);
	assert_int_equal(wg_inner_length(p6, 47), 0);
	assert_int_equal(wg_inner_length(p6, 0), 0);
}

static void a_congestion_mark_keeps_the_checksum_right(void **state)
{
	/* 10.8.0.2 → 10.9.0.2, ECT(0), checksum by hand: ~(4502+0014+0000+0000+4011+0a08+0002+0a09+0002) */
	uint8_t p[20] = {0x45, 2, 0, 20, 0, 0, 0, 0, 64, 17, 0x66, 0xc3, 10, 8, 0, 2, 10, 9, 0, 2};
	(void)state;
	wg_inner_mark_ce(p, sizeof(p));
	assert_int_equal(p[1], 3);
	assert_int_equal(p[10] << 8 | p[11], 0x66c2);
	p[1] = 0;
	wg_inner_mark_ce(p, sizeof(p));
	assert_int_equal(p[1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_one_passes, make_good),
		cmocka_unit_test_setup(an_endpoint_is_of_a_family_and_has_a_port, make_good),
		cmocka_unit_test_setup(prefixes_fit_their_family_and_number, make_good),
		cmocka_unit_test_setup(the_profile_is_in_range_and_the_name_ends, make_good),
		cmocka_unit_test_setup(nobody_is_its_own_peer, make_good),
		cmocka_unit_test(padding_is_cut_by_the_inner_length),
		cmocka_unit_test(a_congestion_mark_keeps_the_checksum_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
