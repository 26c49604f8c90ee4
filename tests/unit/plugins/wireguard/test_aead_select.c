/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of an engine: by CPU, by known answers, by force. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "aead/aead.h"

static bool yes(void)
{
	return true;
}

static bool no(void)
{
	return false;
}

static void nothing(struct wg_aead_op *ops, unsigned int n)
{
	(void)ops;
	(void)n;
}

/* Right but for one bit of one packet in a burst that is long enough. */
static void seal_almost(struct wg_aead_op *ops, unsigned int n)
{
	wg_aead_portable.seal(ops, n);
	if (n > 20)
		ops[20].data[ops[20].bytes / 2] ^= 1;
}

/* Says of every packet that it is genuine. */
static void open_credulous(struct wg_aead_op *ops, unsigned int n)
{
	wg_aead_portable.open(ops, n);
	for (unsigned int i = 0; i < n; i++)
		ops[i].ok = true;
}

/* Leaves zeros where a packet was that failed. */
static void open_zeroing(struct wg_aead_op *ops, unsigned int n)
{
	wg_aead_portable.open(ops, n);
	for (unsigned int i = 0; i < n; i++)
		if (!ops[i].ok)
			memset(ops[i].data, 0, ops[i].bytes);
}

static struct wg_aead_engine engine(const char *name, bool (*runs_here)(void))
{
	struct wg_aead_engine e = wg_aead_portable;
	e.name = name;
	e.needs = "a reason";
	e.runs_here = runs_here;
	return e;
}

static void the_first_that_runs_is_chosen(void **state)
{
	struct wg_aead_engine absent = engine("absent", no), first = engine("first", yes), second = engine("second", yes);
	const struct wg_aead_engine *const engines[] = {&absent, &first, &second, NULL};
	struct wg_aead_choice c;
	(void)state;
	assert_int_equal(wg_aead_choose(engines, "auto", &c), 0);
	assert_ptr_equal(c.engine, &first);
	assert_string_equal(c.why, "absent: not on this CPU (a reason); first: fastest that this CPU has (a reason)");
	assert_string_equal(c.refused, "");
}

static void one_with_wrong_answers_is_refused(void **state)
{
	struct wg_aead_engine wrong[] = {engine("wrong", yes), engine("wrong", yes), engine("wrong", yes), engine("wrong", yes)};
	struct wg_aead_engine right = engine("right", yes);
	struct wg_aead_choice c;
	(void)state;
	wrong[0].seal = nothing;
	wrong[1].seal = seal_almost;
	wrong[2].open = open_credulous;
	wrong[3].open = open_zeroing;
	for (int i = 0; i < 4; i++) {
		const struct wg_aead_engine *const engines[] = {&wrong[i], &right, NULL};
		assert_int_equal(wg_aead_choose(engines, NULL, &c), 0);
		assert_ptr_equal(c.engine, &right);
		assert_string_equal(c.refused, "wrong");
		assert_non_null(strstr(c.why, "wrong: REFUSED"));
		assert_int_equal(wg_aead_choose(engines, "wrong", &c), -EBADMSG);
		assert_null(c.engine);
	}
}

static void one_can_be_forced(void **state)
{
	struct wg_aead_engine absent = engine("absent", no), first = engine("first", yes), second = engine("second", yes);
	const struct wg_aead_engine *const engines[] = {&absent, &first, &second, NULL};
	struct wg_aead_choice c;
	(void)state;
	assert_int_equal(wg_aead_choose(engines, "second", &c), 0);
	assert_ptr_equal(c.engine, &second);
	assert_string_equal(c.why, "second: forced by the configuration");
	assert_int_equal(wg_aead_choose(engines, "absent", &c), -ENOTSUP);
	assert_string_equal(c.why, "absent: not on this CPU (a reason)");
	assert_int_equal(wg_aead_choose(engines, "fastest", &c), -ENOENT);
}

static void every_engine_of_this_build_knows_the_answers(void **state)
{
	struct wg_aead_choice c;
	(void)state;
	for (const struct wg_aead_engine *const *e = wg_aead_engines; *e; e++)
		assert_true(!(*e)->runs_here() || wg_aead_knows_answers(*e));
	assert_int_equal(wg_aead_choose(wg_aead_engines, "auto", &c), 0);
	assert_string_equal(c.refused, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_runs_is_chosen),
		cmocka_unit_test(one_with_wrong_answers_is_refused),
		cmocka_unit_test(one_can_be_forced),
		cmocka_unit_test(every_engine_of_this_build_knows_the_answers),
	};
	return wg_aead_portable.runs_here() ? cmocka_run_group_tests_name("aead_select", tests, NULL, NULL) : 1;
}
