/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets do not outlive their message: what the codec wipes, and jansson with portal_wipe_json(), is watched here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "frames.h"

/* What the codec wiped, one after the other. */
static char wiped[1 << 16];
static size_t wiped_bytes;

void cp_wipe(void *p, size_t bytes)
{
	size_t n = bytes < sizeof(wiped) - wiped_bytes ? bytes : sizeof(wiped) - wiped_bytes;
	memcpy(wiped + wiped_bytes, p, n);
	wiped_bytes += n;
	memset(p, 0, bytes);
}

static unsigned int times_wiped(const char *secret)
{
	unsigned int n = 0;
	for (char *at = wiped; (at = memmem(at, (size_t)(wiped + wiped_bytes - at), secret, strlen(secret))); at++)
		n++;
	return n;
}

static void nothing(struct portal_message *m, struct portal_error *e)
{
	wiped_bytes = 0;
	memset(m, 0, sizeof(*m));
	memset(e, 0, sizeof(*e));
}

static void what_was_read_is_wiped_with_its_message(void **state)
{
	static const struct {
		const char *frame, *secret;
	} cases[] = {
		{"gateway init", "xJ9n9K4O"}, {"authorize", "xencxidokfqyv7s7vonpi7"}, {"created", "ikulfnvhx7jggbm2nn42pa"},
		{"relay joins", "5c1d0f6e"},  {"newer authorize", ".c2ln"},
	};
	struct portal_message m;
	struct portal_error e;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct frame *f = frame_of(cases[i].frame);
		nothing(&m, &e);
		assert_int_equal(portal_read(&f->link, f->from, f->text, strlen(f->text), &m, &e), 0);
		unsigned int before = times_wiped(cases[i].secret);
		assert_true(before >= 1); /* by jansson: its buffer and its value */
		portal_message_free(&m);
		assert_true(times_wiped(cases[i].secret) > before);
	}
}

static void keys_are_wiped_with_their_message(void **state)
{
	static const uint8_t zero[sizeof(struct portal_message)];
	const struct frame *f = frame_of("authorize");
	struct portal_message m;
	struct portal_error e;
	nothing(&m, &e);
	assert_int_equal(portal_read(&f->link, f->from, f->text, strlen(f->text), &m, &e), 0);
	portal_message_free(&m);
	assert_memory_equal(&m, zero, sizeof(m));
}

/* The secret lies before what is wrong. */
static void what_was_refused_is_wiped_too(void **state)
{
	const struct frame *f = frame_of("authorize");
	char *text = changed(f->text, "\"expires_at\":1790000000", "\"expires_at\":{}");
	struct portal_message m;
	struct portal_error e;
	nothing(&m, &e);
	assert_int_equal(portal_read(&f->link, f->from, text, strlen(text), &m, &e), PORTAL_E_PAYLOAD);
	assert_int_equal(times_wiped("xencxidokfqyv7s7vonpi7"), 2); /* jansson's and the message's */
	free(text);
}

static void what_was_written_is_wiped_with_its_text(void **state)
{
	const struct frame *f = frame_of("authorize");
	struct portal_message m;
	struct portal_error e;
	struct portal_text t;
	nothing(&m, &e);
	assert_int_equal(portal_read(&f->link, f->from, f->text, strlen(f->text), &m, &e), 0);
	wiped_bytes = 0;
	assert_int_equal(portal_write(&f->link, f->from, &m, &t), 0);
	unsigned int before = times_wiped("xencxidokfqyv7s7vonpi7");
	assert_true(before >= 1);
	portal_text_free(&t);
	assert_int_equal(times_wiped("xencxidokfqyv7s7vonpi7"), before + 1);
	portal_message_free(&m);
}

/* jansson has memory of its own, handed out by what a test can make fail. */
static unsigned int allocations_left;

static void *failing_malloc(size_t bytes)
{
	return allocations_left > 0 ? allocations_left--, malloc(bytes) : NULL;
}

static void memory_that_runs_out_is_an_error_and_no_leak(void **state)
{
	const struct frame *f = frame_of("newer authorize");
	unsigned int failures = 0;
	json_set_alloc_funcs(failing_malloc, free);
	for (unsigned int n = 0; n < 10000; n++) {
		struct portal_message m;
		struct portal_error e;
		struct portal_text t = {.text = NULL};
		allocations_left = n;
		int err = portal_read(&f->link, f->from, f->text, strlen(f->text), &m, &e);
		err = err ? err : portal_write(&f->link, f->from, &m, &t);
		portal_text_free(&t);
		portal_message_free(&m);
		if (err == 0)
			break;
		assert_true(err == -ENOMEM || err > 0); /* jansson takes it for bad JSON here and there */
		failures++;
	}
	assert_in_range(failures, 50, 5000);
	portal_wipe_json();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_is_wiped_with_its_message),
		cmocka_unit_test(keys_are_wiped_with_their_message),
		cmocka_unit_test(what_was_refused_is_wiped_too),
		cmocka_unit_test(what_was_written_is_wiped_with_its_text),
		cmocka_unit_test(memory_that_runs_out_is_an_error_and_no_leak),
	};
	portal_wipe_json();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
