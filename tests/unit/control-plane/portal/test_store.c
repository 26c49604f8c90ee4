/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/portal/store.c and its parts: what survives, what is refused, and what a full disk costs. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_rig.h"

struct seen {
	uint32_t devices, authorizations;
	struct broker_authorization last;
};

static struct seen look(struct store *s);
static void put_pair(struct store *s, uint32_t number);
static void put_everything(struct store *s, uint32_t devices, uint32_t authorizations);
static void assert_refused(struct store_rig *r, int error, const char *text);
static void overwrite(const char *path, long at, size_t bytes);
static double seconds(void);

static void a_new_file_is_private(void **state)
{
	struct store_rig r;
	struct stat st;
	char wal[100];
	(void)state;
	umask(0);
	rig_set_up(&r);
	put_pair(r.store, 1);
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(stat(r.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(wal, sizeof(wal), "%s-wal", r.path);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(rig_number(r.store->db, "PRAGMA application_id"), STORE_APPLICATION_ID);
	assert_int_equal(rig_number(r.store->db, "PRAGMA user_version"), STORE_VERSION);
	rig_tear_down(&r);
}

static int compare_device(void *arg, const struct broker_device *d)
{
	uint32_t *number = arg;
	struct broker_device want = rig_device(PORTAL_CLIENT, *number);
	assert_int_equal(d->role, want.role);
	assert_memory_equal(&d->id, &want.id, sizeof(want.id));
	assert_memory_equal(&d->owner, &want.owner, sizeof(want.owner));
	assert_string_equal(d->external_id, want.external_id);
	assert_string_equal(d->name, want.name);
	assert_memory_equal(&d->public_key, &want.public_key, sizeof(want.public_key));
	assert_int_equal(d->index, want.index);
	assert_memory_equal(d->seed, want.seed, sizeof(want.seed));
	assert_int_equal(d->cordoned, want.cordoned);
	assert_int_equal(d->created_at, want.created_at);
	assert_int_equal(d->seen_at, want.seen_at);
	(*number)--;
	return 0;
}

static void every_field_of_a_device_comes_back_in_the_order_of_registration(void **state)
{
	struct store_rig r;
	uint32_t number = 9;
	(void)state;
	rig_set_up(&r);
	for (uint32_t n = 9; n > 3; n--) {
		struct broker_device d = rig_device(PORTAL_CLIENT, n);
		assert_int_equal(store_put_device(r.store, &d), 0);
	}
	assert_int_equal(store_commit(r.store), 0);
	rig_reopen(&r);
	assert_int_equal(store_each_device(r.store, compare_device, &number), 0);
	assert_int_equal(number, 3);
	rig_tear_down(&r);
}

static void the_last_version_of_a_row_is_kept(void **state)
{
	struct store_rig r;
	struct broker_authorization a = rig_authorization(1, 5, 1, 77), other = rig_authorization(1, 6, 1, 99);
	struct broker_device d;
	(void)state;
	rig_set_up(&r);
	put_pair(r.store, 1);
	d = rig_device(PORTAL_GATEWAY, 1);
	d.cordoned = true;
	d.name = "renamed";
	assert_int_equal(store_put_device(r.store, &d), 0);
	assert_int_equal(store_put_authorization(r.store, &a), 0);
	assert_int_equal(store_put_authorization(r.store, &other), 0);
	a.expires_at = 78;
	a.turn = 1ull << 40;
	assert_int_equal(store_put_authorization(r.store, &a), 0);
	assert_int_equal(store_health(r.store)->waiting, 5);
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(store_health(r.store)->rows, 5);
	assert_int_equal(store_health(r.store)->waiting, 0);
	assert_int_equal(store_forget_authorization(r.store, &other), 0);
	assert_int_equal(store_commit(r.store), 0);
	rig_reopen(&r);
	struct seen seen = look(r.store);
	assert_int_equal(seen.devices, 2);
	assert_int_equal(seen.authorizations, 2);
	assert_int_equal(seen.last.expires_at, 78);
	assert_true(seen.last.turn == 1ull << 40);
	assert_int_equal(rig_number(r.store->db, "SELECT cordoned FROM device WHERE name = 'renamed'"), 1);
	rig_tear_down(&r);
}

static void what_comes_and_goes_in_one_turn_leaves_nothing(void **state)
{
	struct store_rig r;
	struct broker_authorization a = rig_authorization(1, 5, 1, 77);
	(void)state;
	rig_set_up(&r);
	put_pair(r.store, 1);
	assert_int_equal(store_put_authorization(r.store, &a), 0);
	assert_int_equal(store_forget_authorization(r.store, &a), 0);
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(look(r.store).authorizations, 1); /* the pair's own */
	rig_tear_down(&r);
}

static void the_orderly_end_commits_what_waits(void **state)
{
	struct store_rig r;
	(void)state;
	rig_set_up(&r);
	put_pair(r.store, 1);
	rig_reopen(&r);
	assert_int_equal(look(r.store).devices, 2);
	rig_tear_down(&r);
}

static int stop_at_third(void *arg, const struct broker_authorization *a)
{
	(void)a;
	return ++*(int *)arg == 3 ? -EINTR : 0;
}

static void a_callback_ends_the_iteration(void **state)
{
	struct store_rig r;
	int calls = 0;
	(void)state;
	rig_set_up(&r);
	put_everything(r.store, 10, 10);
	assert_int_equal(store_each_authorization(r.store, stop_at_third, &calls), -EINTR);
	assert_int_equal(calls, 3);
	assert_int_equal(look(r.store).authorizations, 10);
	rig_tear_down(&r);
}

static void a_turn_that_gives_an_identity_reaches_the_disk(void **state)
{
	struct store_rig r;
	struct broker_device d = rig_device(PORTAL_GATEWAY, 1);
	(void)state;
	rig_set_up(&r);
	d.cordoned = false;
	assert_int_equal(store_put_device(r.store, &d), 0);
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(rig_number(r.store->db, "PRAGMA synchronous"), 2);
	d.seen_at++;
	assert_int_equal(store_put_device(r.store, &d), 0);
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(rig_number(r.store->db, "PRAGMA synchronous"), 1);
	d.cordoned = true;
	assert_int_equal(store_put_device(r.store, &d), 0);
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(rig_number(r.store->db, "PRAGMA synchronous"), 2);
	rig_tear_down(&r);
}

static void rows_that_contradict_others_are_left_out_and_named(void **state)
{
	struct store_rig r;
	char want[STORE_ERROR_BYTES];
	(void)state;
	rig_set_up(&r);
	put_pair(r.store, 1);
	assert_int_equal(store_commit(r.store), 0);
	struct broker_authorization dangling = rig_authorization(2, 5, 1, 77);
	assert_int_equal(store_put_authorization(r.store, &dangling), 0);
	assert_int_equal(store_commit(r.store), 0);
	snprintf(want, sizeof(want), "%s: authorization of client 02000000-0000-0000-0000-000000000002: FOREIGN KEY constraint failed",
		 r.path);
	assert_string_equal(store_health(r.store)->refusal, want);
	struct broker_device same_address = rig_device(PORTAL_CLIENT, 3);
	same_address.index = rig_device(PORTAL_CLIENT, 1).index;
	assert_int_equal(store_put_device(r.store, &same_address), 0);
	put_pair(r.store, 4);
	assert_int_equal(store_commit(r.store), 0);
	snprintf(want, sizeof(want), "%s: device 02000000-0000-0000-0000-000000000003: UNIQUE constraint failed: device.address", r.path);
	assert_string_equal(store_health(r.store)->refusal, want);
	struct broker_device moved = rig_device(PORTAL_CLIENT, 1);
	moved.index = 4000;
	assert_int_equal(store_put_device(r.store, &moved), 0);
	assert_int_equal(store_commit(r.store), 0);
	snprintf(want, sizeof(want), "%s: device 02000000-0000-0000-0000-000000000001: another one has its id", r.path);
	assert_string_equal(store_health(r.store)->refusal, want);
	assert_int_equal(store_health(r.store)->refused, 3);
	assert_int_equal(look(r.store).devices, 4);
	rig_tear_down(&r);
}

static void a_full_disk_loses_nothing(void **state)
{
	struct store_rig r;
	char want[STORE_ERROR_BYTES], limit[64];
	(void)state;
	rig_set_up(&r);
	snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %d", (int)rig_number(r.store->db, "PRAGMA page_count"));
	rig_sql_inside(r.store, limit);
	for (uint32_t n = 0; n < 200; n++)
		put_pair(r.store, n);
	assert_int_equal(store_commit(r.store), -ENOSPC);
	snprintf(want, sizeof(want), "%s: database or disk is full", r.path);
	assert_string_equal(store_health(r.store)->error, want);
	put_pair(r.store, 200);
	put_pair(r.store, 7); /* takes its own place */
	assert_int_equal(store_commit(r.store), -ENOSPC);
	assert_int_equal(store_health(r.store)->failures, 2);
	assert_int_equal(store_health(r.store)->waiting, 603);
	assert_int_equal(look(r.store).devices, 0);
	rig_sql_inside(r.store, "PRAGMA max_page_count = 1000000");
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(store_health(r.store)->waiting, 0);
	assert_string_equal(store_health(r.store)->error, "");
	rig_reopen(&r);
	assert_int_equal(look(r.store).devices, 402);
	assert_int_equal(look(r.store).authorizations, 201);
	rig_tear_down(&r);
}

static void a_file_that_cannot_be_written_loses_nothing(void **state)
{
	struct store_rig r;
	char want[STORE_ERROR_BYTES];
	(void)state;
	rig_set_up(&r);
	rig_sql_inside(r.store, "PRAGMA query_only = 1");
	put_pair(r.store, 1);
	assert_int_equal(store_commit(r.store), -EROFS);
	snprintf(want, sizeof(want), "%s: attempt to write a readonly database", r.path);
	assert_string_equal(store_health(r.store)->error, want);
	rig_sql_inside(r.store, "PRAGMA query_only = 0");
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(look(r.store).devices, 2);
	rig_tear_down(&r);
}

/* The kernel itself refuses the write: no file of this process may grow. */
static void a_write_that_the_system_refuses_loses_nothing(void **state)
{
	struct store_rig r;
	struct rlimit old, none = {0};
	(void)state;
	rig_set_up(&r);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none.rlim_max = old.rlim_max;
	put_pair(r.store, 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	int first = store_commit(r.store), second = store_commit(r.store);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(first, -EIO);
	assert_int_equal(second, -EIO);
	assert_int_equal(store_health(r.store)->waiting, 3);
	assert_int_equal(store_commit(r.store), 0);
	rig_reopen(&r);
	assert_int_equal(look(r.store).authorizations, 1);
	rig_tear_down(&r);
}

static void a_second_portal_is_refused_by_name(void **state)
{
	struct store_rig r;
	int ready[2], end[2];
	char byte;
	(void)state;
	rig_set_up(&r);
	store_close(r.store);
	r.store = NULL;
	assert_int_equal(pipe(ready) | pipe(end), 0);
	pid_t child = fork();
	if (child == 0) {
		bool open = store_open(r.path, &r.store, r.error) == 0;
		close(end[1]);
		_exit(write(ready[1], open ? "y" : "n", 1) == 1 && read(end[0], &byte, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_refused(&r, -EBUSY, "is in use by another sluice-portal");
	close(end[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	rig_reopen(&r); /* its end, orderly or not, gives the file back */
	assert_refused(&r, -EBUSY, "is in use by another sluice-portal");
	put_pair(r.store, 1); /* and the attempt took nothing from the one that holds it */
	assert_int_equal(store_commit(r.store), 0);
	rig_tear_down(&r);
}

static void copy(const char *from, const char *to)
{
	sqlite3 *source, *target;
	assert_int_equal(sqlite3_open_v2(from, &source, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_open(to, &target), SQLITE_OK);
	sqlite3_backup *b = sqlite3_backup_init(target, "main", source, "main");
	assert_non_null(b);
	assert_int_equal(sqlite3_backup_step(b, -1), SQLITE_DONE);
	assert_int_equal(sqlite3_backup_finish(b), SQLITE_OK);
	assert_int_equal(sqlite3_close(source) | sqlite3_close(target), SQLITE_OK);
	assert_int_equal(chmod(to, 0600), 0);
}

static void a_backup_can_be_made_while_it_is_open(void **state)
{
	struct store_rig r;
	struct store *other = NULL;
	char path[100];
	(void)state;
	rig_set_up(&r);
	put_pair(r.store, 1);
	assert_int_equal(store_commit(r.store), 0);
	snprintf(path, sizeof(path), "%s-journal", r.path); /* a name that is cleaned up */
	copy(r.path, path);
	put_pair(r.store, 2);
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(store_open(path, &other, r.error), 0);
	assert_int_equal(look(other).devices, 2);
	assert_int_equal(look(r.store).devices, 4);
	store_close(other);
	rig_tear_down(&r);
}

static void another_writer_only_delays(void **state)
{
	struct store_rig r;
	sqlite3 *db;
	(void)state;
	rig_set_up(&r);
	assert_int_equal(sqlite3_open_v2(r.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	put_pair(r.store, 1);
	double at = seconds();
	assert_int_equal(store_commit(r.store), -EBUSY);
	assert_true(seconds() - at < 0.5);
	assert_int_equal(store_health(r.store)->waiting, 3);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(look(r.store).devices, 2);
	rig_tear_down(&r);
}

static const struct {
	const char *sql;
	int error;
	const char *text;
} mistakes[] = {
	{"PRAGMA user_version = 2", -EINVAL, "is of version 2, and this sluice-portal knows 1: a newer one wrote it"},
	{"PRAGMA user_version = -1", -EIO, "is damaged: its version is negative"},
	{"PRAGMA application_id = 7", -EINVAL, "is a database of something else"},
	{"PRAGMA application_id = 0", -EINVAL, "is a database of something else"},
	{"DELETE FROM portal", -EIO, "is damaged: its secret is missing"},
	{"DROP TABLE portal", -EIO, "is damaged: no such table: portal"},
	{"PRAGMA foreign_keys = OFF; DELETE FROM device WHERE role = 1", -EIO, "is damaged: an authorization's device is missing"},
	{"PRAGMA ignore_check_constraints = ON; UPDATE device SET seed = x'00'", -EIO, "is damaged: CHECK constraint failed in device"},
};

static void a_file_that_is_not_ours_or_not_whole_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct store_rig r;
		rig_set_up(&r);
		put_pair(r.store, 1);
		store_close(r.store);
		r.store = NULL;
		rig_sql(r.path, mistakes[i].sql);
		assert_refused(&r, mistakes[i].error, mistakes[i].text);
		rig_tear_down(&r);
	}
}

static void a_damaged_file_is_refused(void **state)
{
	struct store_rig r;
	struct stat st;
	char want[100];
	(void)state;
	rig_set_up(&r);
	put_everything(r.store, 500, 1000);
	store_close(r.store);
	r.store = NULL;
	assert_int_equal(stat(r.path, &st), 0);
	overwrite(r.path, st.st_size / 2, 8192);
	assert_int_equal(store_open(r.path, &r.store, r.error), -EIO);
	snprintf(want, sizeof(want), "%s: is damaged: ", r.path);
	assert_memory_equal(r.error, want, strlen(want));
	overwrite(r.path, 0, 4096);
	assert_refused(&r, -EINVAL, "is no database");
	rig_tear_down(&r);
}

static void a_file_that_others_may_read_is_refused(void **state)
{
	struct store_rig r;
	(void)state;
	rig_set_up(&r);
	store_close(r.store);
	r.store = NULL;
	assert_int_equal(chmod(r.path, 0640), 0);
	assert_refused(&r, -EPERM, "mode 0640 is wider than 0600, and it holds secrets");
	rig_tear_down(&r);
}

static void what_is_no_file_is_refused(void **state)
{
	struct store *s = NULL;
	char error[STORE_ERROR_BYTES];
	(void)state;
	assert_int_equal(store_open("/tmp", &s, error), -EISDIR);
	assert_string_equal(error, "/tmp: is no file");
	assert_int_equal(store_open("/dev/null", &s, error), -EINVAL);
	assert_string_equal(error, "/dev/null: is no file");
	assert_int_equal(store_open("/nonexistent/portal.db", &s, error), -ENOENT);
	assert_string_equal(error, "/nonexistent/portal.db: No such file or directory");
	assert_null(s);
}

static void a_file_that_was_only_just_begun_is_made_whole(void **state)
{
	struct store_rig r;
	(void)state;
	rig_set_up(&r);
	store_close(r.store);
	r.store = NULL;
	assert_int_equal(truncate(r.path, 0), 0);
	rig_reopen(&r);
	put_pair(r.store, 1);
	assert_int_equal(store_commit(r.store), 0);
	rig_tear_down(&r);
}

static void a_large_store_is_read_in_well_under_a_second(void **state)
{
	struct store_rig r;
	(void)state;
	rig_set_up(&r);
	double at = seconds();
	put_everything(r.store, 20000, 100000);
	double written = seconds() - at;
	store_close(r.store);
	r.store = NULL;
	at = seconds();
	rig_reopen(&r);
	double opened = seconds() - at;
	at = seconds();
	struct seen seen = look(r.store);
	double read = seconds() - at;
	print_message("# 20000 devices, 100000 authorizations: written %.0f ms, proven %.0f ms, read %.0f ms\n", written * 1e3,
		      opened * 1e3, read * 1e3);
	assert_int_equal(seen.devices, 20000);
	assert_int_equal(seen.authorizations, 100000);
	assert_true(opened + read < 5); /* beside sanitizers and a busy machine */
	rig_tear_down(&r);
}

#define TURN_ROWS 40

/* Turn after turn, each of TURN_ROWS authorizations that all end at the turn's number, and of a new device. */
static void write_turns(struct store *s, uint32_t turn, int report)
{
	for (;; turn++) {
		struct broker_device d = rig_device(PORTAL_CLIENT, 1000 + turn);
		store_put_device(s, &d);
		for (uint32_t i = 0; i < TURN_ROWS; i++) {
			struct broker_authorization a = rig_authorization(1, i, 1, turn);
			store_put_authorization(s, &a);
		}
		if (store_commit(s) != 0 || write(report, &turn, sizeof(turn)) != sizeof(turn))
			_exit(1);
	}
}

struct turns {
	int64_t first;
	uint32_t rows, devices, others;
};

static int count_turn(void *arg, const struct broker_authorization *a)
{
	struct turns *t = arg;
	t->first = t->rows++ ? t->first : a->expires_at;
	t->others += a->expires_at != t->first;
	return 0;
}

static int count_new_device(void *arg, const struct broker_device *d)
{
	((struct turns *)arg)->devices += strlen(d->external_id) > strlen("external-999");
	return 0;
}

/* Kills the writer in the middle of its work and returns the last turn that it reported. */
static uint32_t kill_a_writer(const char *path, uint32_t from, unsigned int turns, useconds_t delay)
{
	uint32_t last = 0;
	int report[2];
	assert_int_equal(pipe(report), 0);
	pid_t child = fork();
	if (child == 0) {
		struct store *s = NULL;
		char error[STORE_ERROR_BYTES];
		if (store_open(path, &s, error) != 0)
			_exit(1);
		write_turns(s, from, report[1]);
	}
	close(report[1]);
	while (turns--)
		assert_int_equal(read(report[0], &last, sizeof(last)), sizeof(last));
	usleep(delay);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	for (uint32_t turn; read(report[0], &turn, sizeof(turn)) == sizeof(turn);)
		last = turn;
	close(report[0]);
	return last;
}

static void a_killed_portal_loses_no_committed_turn_and_keeps_no_half(void **state)
{
	struct store_rig r;
	uint32_t next = 1;
	(void)state;
	rig_set_up(&r);
	put_pair(r.store, 1);
	store_close(r.store);
	r.store = NULL;
	rig_sql(r.path, "DELETE FROM authorization");
	for (unsigned int round = 0; round < 12; round++) {
		struct turns t = {0};
		uint32_t last = kill_a_writer(r.path, next, 3 + round, round * 137 % 1000);
		rig_reopen(&r);
		assert_int_equal(store_each_authorization(r.store, count_turn, &t), 0);
		assert_int_equal(store_each_device(r.store, count_new_device, &t), 0);
		assert_int_equal(t.rows, TURN_ROWS);
		assert_int_equal(t.others, 0);
		assert_true(t.first == last || t.first == last + 1); /* committed, and killed before it said so */
		assert_int_equal(t.devices, t.first);
		next = (uint32_t)t.first + 1;
		store_close(r.store);
		r.store = NULL;
	}
	rig_tear_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_file_is_private),
		cmocka_unit_test(every_field_of_a_device_comes_back_in_the_order_of_registration),
		cmocka_unit_test(the_last_version_of_a_row_is_kept),
		cmocka_unit_test(what_comes_and_goes_in_one_turn_leaves_nothing),
		cmocka_unit_test(the_orderly_end_commits_what_waits),
		cmocka_unit_test(a_callback_ends_the_iteration),
		cmocka_unit_test(a_turn_that_gives_an_identity_reaches_the_disk),
		cmocka_unit_test(rows_that_contradict_others_are_left_out_and_named),
		cmocka_unit_test(a_full_disk_loses_nothing),
		cmocka_unit_test(a_file_that_cannot_be_written_loses_nothing),
		cmocka_unit_test(a_write_that_the_system_refuses_loses_nothing),
		cmocka_unit_test(a_second_portal_is_refused_by_name),
		cmocka_unit_test(a_backup_can_be_made_while_it_is_open),
		cmocka_unit_test(another_writer_only_delays),
		cmocka_unit_test(a_file_that_is_not_ours_or_not_whole_is_refused),
		cmocka_unit_test(a_damaged_file_is_refused),
		cmocka_unit_test(a_file_that_others_may_read_is_refused),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(a_file_that_was_only_just_begun_is_made_whole),
		cmocka_unit_test(a_large_store_is_read_in_well_under_a_second),
		cmocka_unit_test(a_killed_portal_loses_no_committed_turn_and_keeps_no_half),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}

static int see_device(void *arg, const struct broker_device *d)
{
	(void)d;
	((struct seen *)arg)->devices++;
	return 0;
}

static int see_authorization(void *arg, const struct broker_authorization *a)
{
	struct seen *s = arg;
	s->authorizations++;
	s->last = *a;
	return 0;
}

static struct seen look(struct store *s)
{
	struct seen seen = {0};
	assert_int_equal(store_each_device(s, see_device, &seen), 0);
	assert_int_equal(store_each_authorization(s, see_authorization, &seen), 0);
	return seen;
}

/* A gateway, a client and an authorization between them. */
static void put_pair(struct store *s, uint32_t number)
{
	struct broker_device d = rig_device(PORTAL_GATEWAY, number);
	struct broker_authorization a = rig_authorization(number, 0, number, 50);
	assert_int_equal(store_put_device(s, &d), 0);
	d = rig_device(PORTAL_CLIENT, number);
	assert_int_equal(store_put_device(s, &d), 0);
	assert_int_equal(store_put_authorization(s, &a), 0);
}

static void put_everything(struct store *s, uint32_t devices, uint32_t authorizations)
{
	for (uint32_t n = 0; n < devices; n++) {
		struct broker_device d = rig_device(n % 20 ? PORTAL_CLIENT : PORTAL_GATEWAY, n);
		assert_int_equal(store_put_device(s, &d), 0);
	}
	for (uint32_t n = 0; n < authorizations; n++) {
		uint32_t client = n * 7 % devices;
		struct broker_authorization a =
			rig_authorization(client % 20 ? client : client + 1, n, n * 20 % devices, 1790000000);
		assert_int_equal(store_put_authorization(s, &a), 0);
	}
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_health(s)->refused, 0);
}

static void assert_refused(struct store_rig *r, int error, const char *text)
{
	char want[STORE_ERROR_BYTES];
	struct store *s = NULL;
	int rc = store_open(r->path, &s, r->error);
	snprintf(want, sizeof(want), "%s: %s", r->path, text);
	assert_string_equal(r->error, want);
	assert_int_equal(rc, error);
	assert_null(s);
}

static void overwrite(const char *path, long at, size_t bytes)
{
	FILE *f = fopen(path, "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	for (size_t i = 0; i < bytes; i++)
		fputc((int)(i * 7 + 1), f);
	assert_int_equal(fclose(f), 0);
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
