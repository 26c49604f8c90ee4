/* SPDX-License-Identifier: Apache-2.0 */
/* What the peer answers (connectivity §1.9, §1.11). */
#include "rig.h"

struct answer {
	const char *password;
	uint16_t type, error;
	bool lacks_mapped, lacks_integrity;
	const uint8_t *txid;
	struct cp_addr mapped;
};

static void with_check(struct rig *r)
{
	rig_init(r, true);
	rig_add_host(r, 1);
	rig_add_remote(r, ICE_HOST, 1);
	rig_step(r);
	assert_int_equal(r->logged, 1);
}

static struct answer good_answer(const struct rig *r, unsigned int check)
{
	return (struct answer){.password = r->settings.remote.pwd, .type = STUN_BINDING | STUN_SUCCESS,
			       .txid = r->log[check].send.data + 8, .mapped = our_host(1)};
}

static int give(struct rig *r, const struct answer *w)
{
	uint8_t buffer[ICE_CHECK_MAX];
	struct stun_writer s;
	struct stun_message m;
	stun_begin(&s, buffer, sizeof(buffer), w->type, w->txid);
	if (!w->lacks_mapped)
		stun_put_address(&s, STUN_XOR_MAPPED_ADDRESS, &w->mapped);
	if (w->error)
		stun_put_error(&s, w->error, "Role Conflict");
	if (!w->lacks_integrity)
		stun_put_integrity(&s, w->password, strlen(w->password));
	assert_int_equal(stun_parse(buffer, stun_finish(&s), &m), 0);
	return ice_response_in(r->agent, &m, r->now);
}

static bool works(const struct rig *r)
{
	return ice_selection(r->agent).exists;
}

static void only_a_sound_answer_makes_a_pair_work(void **state)
{
	static const uint8_t invented[STUN_TXID_BYTES] = {1, 2, 3};
	struct rig r;
	with_check(&r);
	for (unsigned int i = 0; i < 7; i++) {
		static const int outcomes[] = {ICE_E_CREDENTIALS, ICE_E_CREDENTIALS,  ICE_E_MALFORMED,      ICE_E_MALFORMED,
					       ICE_E_UNKNOWN_TRANSACTION, ICE_E_MALFORMED, ICE_E_MALFORMED};
		struct answer w = good_answer(&r, 0);
		w.password = i == 0 ? "wrong" : i == 1 ? r.settings.local.pwd : w.password;
		w.lacks_integrity = i == 2;
		w.lacks_mapped = i == 3;
		w.txid = i == 4 ? invented : w.txid;
		w.type = i == 5 ? STUN_ALLOCATE | STUN_SUCCESS : i == 6 ? STUN_BINDING : w.type;
		assert_int_equal(give(&r, &w), outcomes[i]);
		assert_false(works(&r));
	}
	assert_int_equal(r.n.bad_credentials, 2);
	assert_int_equal(r.n.malformed, 4);
	assert_int_equal(r.n.unknown_transaction, 1);
	struct answer w = good_answer(&r, 0);
	assert_int_equal(give(&r, &w), 0);
	assert_true(works(&r));
	assert_int_equal(r.n.responses, 1);
	rig_fini(&r);
	(void)state;
}

static void errors_are_ignored(void **state)
{
	static const uint8_t invented[STUN_TXID_BYTES] = {1, 2, 3};
	struct rig r;
	with_check(&r);
	struct answer w = good_answer(&r, 0);
	w.type = STUN_BINDING | STUN_ERROR;
	w.error = 487;
	w.lacks_mapped = true;
	assert_int_equal(give(&r, &w), ICE_E_ERROR_RESPONSE);
	w.lacks_integrity = true;
	assert_int_equal(give(&r, &w), ICE_E_ERROR_RESPONSE);
	assert_int_equal(r.n.error_responses, 2);
	w.txid = invented;
	assert_int_equal(give(&r, &w), ICE_E_UNKNOWN_TRANSACTION);
	assert_false(works(&r));
	/* nor do they count as answers: the roles and the schedule are what they were */
	r.now += 250 * CP_MS;
	rig_step(&r);
	assert_int_equal(r.logged, 2);
	rig_fini(&r);
	(void)state;
}

static void a_repeated_answer_changes_nothing(void **state)
{
	struct rig r;
	with_check(&r);
	struct answer w = good_answer(&r, 0), again;
	assert_int_equal(give(&r, &w), 0);
	rig_run(&r, START + 16 * CP_S);
	again = good_answer(&r, 0);
	again.mapped = cp_addr_v4(192, 0, 2, 66, 6);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(give(&r, &again), ICE_E_UNKNOWN_TRANSACTION);
	assert_null(ice_local_at(r.agent, 1));
	/* it was answered once, unanswered since: the end comes as if nothing had been repeated */
	rig_run(&r, START + 30 * CP_S);
	assert_int_equal(ice_pair_count(r.agent), 0);
	rig_fini(&r);
	(void)state;
}

static void answers_to_the_last_twelve_checks_count(void **state)
{
	struct rig r;
	with_check(&r);
	struct cp_addr at = our_host(1), from = peers(1);
	for (unsigned int s = 0; s <= 30; s += 10) { /* the pair stays, and is checked on */
		rig_run(&r, START + s * CP_S);
		assert_int_equal(rig_request(&r, &at, &from, false, NULL), 0);
	}
	struct answer late = good_answer(&r, r.logged - 13);
	assert_int_equal(give(&r, &late), ICE_E_UNKNOWN_TRANSACTION);
	late = good_answer(&r, r.logged - 12);
	assert_int_equal(give(&r, &late), 0);
	assert_true(works(&r));
	rig_fini(&r);
	(void)state;
}

static void a_late_answer_leaves_the_later_checks_unanswered(void **state)
{
	struct rig r;
	with_check(&r);
	rig_run(&r, START + 5 * CP_S); /* checks at 0, .25, .75, 1.75, 3.25, 4.75 */
	assert_int_equal(r.logged, 6);
	struct answer late = good_answer(&r, 3);
	assert_int_equal(give(&r, &late), 0);
	rig_step(&r); /* the nomination */
	assert_int_equal(r.logged, 7);
	/* three are unanswered, the first of them for more than half of the longest gap: the next comes after 1 s */
	rig_run(&r, START + 5999 * CP_MS);
	assert_int_equal(r.logged, 7);
	rig_run(&r, START + 6000 * CP_MS);
	assert_int_equal(r.logged, 8);
	rig_fini(&r);
	(void)state;
}

/* Where an answer comes from is not among what the agent is told: nothing could depend on it. What it says is remembered. */
static void a_mapped_address_becomes_a_candidate_once(void **state)
{
	struct rig r;
	with_check(&r);
	struct answer w = good_answer(&r, 0);
	w.mapped = cp_addr_v4(192, 0, 2, 1, 4000);
	assert_int_equal(give(&r, &w), 0);
	const struct ice_candidate *c = ice_local_at(r.agent, 1);
	assert_int_equal(c->kind, ICE_PRFLX);
	assert_true(same(&c->addr, &w.mapped));
	struct cp_addr base = our_host(1);
	assert_true(same(&c->base, &base));
	assert_int_equal(c->priority, ice_priority(ICE_PRFLX, CP_V4, 0, false));
	assert_int_equal(ice_pair_count(r.agent), 1); /* it is not paired */
	rig_step(&r);
	w = good_answer(&r, 1);
	w.mapped = cp_addr_v4(192, 0, 2, 1, 4000);
	assert_int_equal(give(&r, &w), 0);
	assert_null(ice_local_at(r.agent, 2));
	rig_fini(&r);
	(void)state;
}

static void mapped_addresses_have_a_quota(void **state)
{
	struct rig r;
	with_check(&r);
	for (unsigned int i = 0; i < 40; i++) {
		struct answer w = good_answer(&r, r.logged - 1);
		w.mapped = cp_addr_v4(192, 0, 2, (uint8_t)(i + 1), 4000);
		assert_int_equal(give(&r, &w), 0);
		r.now = ice_deadline(r.agent);
		rig_step(&r);
	}
	assert_non_null(ice_local_at(r.agent, 4));
	assert_null(ice_local_at(r.agent, 5));
	assert_int_equal(rig_add_host(&r, 2), 0);
	rig_fini(&r);
	(void)state;
}

static void an_answer_to_another_agent_is_not_ours(void **state)
{
	struct rig r, other;
	with_check(&r);
	rig_init(&other, true);
	ice_agent_free(other.agent);
	other.agent = NULL;
	other.settings.owner = 5;
	rig_renew(&other);
	rig_add_host(&other, 1);
	rig_add_remote(&other, ICE_HOST, 1);
	rig_step(&other);
	struct answer w = good_answer(&other, 0);
	assert_int_equal(give(&r, &w), ICE_E_UNKNOWN_TRANSACTION);
	assert_int_equal(give(&other, &w), 0);
	rig_fini(&r);
	rig_fini(&other);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_sound_answer_makes_a_pair_work),
		cmocka_unit_test(errors_are_ignored),
		cmocka_unit_test(a_repeated_answer_changes_nothing),
		cmocka_unit_test(answers_to_the_last_twelve_checks_count),
		cmocka_unit_test(a_late_answer_leaves_the_later_checks_unanswered),
		cmocka_unit_test(a_mapped_address_becomes_a_candidate_once),
		cmocka_unit_test(mapped_addresses_have_a_quota),
		cmocka_unit_test(an_answer_to_another_agent_is_not_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
