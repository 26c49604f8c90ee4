/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control-plane/portal/operators.c: the socket of the operators, with a loop of a few lines and a broker of rows.
 *
 *     test ── SEQPACKET ── operators.c ── requests.c ── fake_broker.c
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_broker.h"
#include "operators.h"

#define ENDPOINTS 32

struct rig {
	struct shell shell;
	struct broker broker;
	struct broker_device device;
	struct portal_config cfg;
	struct endpoint *endpoints[ENDPOINTS];
	bool wants_read[ENDPOINTS], wants_write[ENDPOINTS];
	unsigned int pumps;
	cp_time now;
	char folder[32], path[64], logged[256];
};
static struct rig *rig; /* the fakes below have no other way to it */

static void set_up(void);
static void tear_down(void);
static void turn(void);
static int connect_to_it(void);
static void ask(int fd, const char *text);
static bool answer(int fd, char *ret, size_t room);
static bool wait_for_answer(int fd, char *ret, size_t room);

static void the_socket_is_the_owners_alone(void **state)
{
	struct stat st;
	set_up();
	assert_int_equal(stat(rig->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	tear_down();
}

static void the_socket_is_gone_with_the_portal(void **state)
{
	struct stat st;
	char path[64];
	set_up();
	strcpy(path, rig->path);
	operators_close(&rig->shell);
	assert_int_equal(stat(path, &st), -1);
	tear_down();
}

static void what_a_killed_portal_left_is_replaced(void **state)
{
	set_up();
	operators_close(&rig->shell);
	turn();
	operators_free(&rig->shell);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	strcpy(sa.sun_path, rig->path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd); /* the file stays */
	assert_int_equal(operators_open(&rig->shell), 0);
	fd = connect_to_it();
	char text[4096];
	ask(fd, "{\"do\":\"relays\"}");
	assert_true(wait_for_answer(fd, text, sizeof(text)));
	close(fd);
	tear_down();
}

static void another_portal_is_not_pushed_aside(void **state)
{
	struct shell other;
	set_up();
	other = rig->shell;
	other.operators = NULL;
	assert_int_equal(operators_open(&other), -EADDRINUSE);
	assert_non_null(strstr(rig->logged, "another sluice-portal runs here"));
	turn(); /* it had knocked */
	int fd = connect_to_it();
	char text[4096];
	ask(fd, "{\"do\":\"relays\"}");
	assert_true(wait_for_answer(fd, text, sizeof(text)));
	close(fd);
	tear_down();
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct stat st;
	set_up();
	operators_close(&rig->shell);
	turn();
	operators_free(&rig->shell);
	fclose(fopen(rig->path, "w"));
	assert_int_equal(operators_open(&rig->shell), -EEXIST);
	assert_int_equal(stat(rig->path, &st), 0);
	unlink(rig->path);
	tear_down();
}

static void requests_are_answered_one_after_the_other(void **state)
{
	char text[4096];
	set_up();
	int fd = connect_to_it();
	ask(fd, "{\"do\":\"cordon\",\"gateway\":\"gw-1\"}");
	ask(fd, "{\"do\":\"relays\"}"); /* though it did not wait */
	assert_true(wait_for_answer(fd, text, sizeof(text)));
	assert_non_null(strstr(text, "\"name\":\"gw-1\""));
	assert_true(wait_for_answer(fd, text, sizeof(text)));
	assert_string_equal(text, "{\"end\":true,\"result\":{\"rows\":0}}");
	close(fd);
	tear_down();
}

static void what_a_request_changed_is_carried_out_before_it_is_answered(void **state)
{
	char text[4096];
	set_up();
	int fd = connect_to_it();
	turn();
	ask(fd, "{\"do\":\"cordon\",\"gateway\":\"gw-1\"}");
	turn();
	assert_int_equal(rig->pumps, 1);
	assert_false(answer(fd, text, sizeof(text))); /* the turn's end, and the commit, lie between */
	turn();
	assert_true(answer(fd, text, sizeof(text)));
	assert_non_null(strstr(rig->logged, "operator did=cordon outcome=done uid="));
	close(fd);
	tear_down();
}

static void looking_leaves_no_line_in_the_log(void **state)
{
	char text[4096];
	set_up();
	int fd = connect_to_it();
	ask(fd, "{\"do\":\"clients\"}");
	assert_true(wait_for_answer(fd, text, sizeof(text)));
	assert_string_equal(rig->logged, "");
	close(fd);
	tear_down();
}

static void a_slow_reader_costs_one_answer(void **state)
{
	char text[4096];
	set_up();
	rig->broker.many = 18000;
	int fd = connect_to_it(), small = 4608;
	turn();
	const struct operator *o = &rig->shell.operators->all[0];
	setsockopt(o->endpoint.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	ask(fd, "{\"do\":\"clients\"}");
	for (int i = 0; i < 1000; i++)
		turn();
	assert_true(o->request.rows < 2000); /* the rest is not even made */
	assert_non_null(o->waiting.text);
	size_t rows = 0;
	while (wait_for_answer(fd, text, sizeof(text)) && !strstr(text, "\"end\""))
		rows++;
	assert_int_equal(rows, 18000);
	close(fd);
	tear_down();
}

static void a_turn_brings_a_few_rows_of_each(void **state)
{
	set_up();
	rig->broker.many = 18000;
	int fd = connect_to_it();
	turn();
	ask(fd, "{\"do\":\"clients\"}");
	turn();
	turn();
	assert_in_range(rig->shell.operators->all[0].request.rows, 1, ANSWERS_PER_TURN);
	close(fd);
	tear_down();
}

static void whoever_hangs_up_in_the_middle_makes_room(void **state)
{
	char text[4096];
	set_up();
	rig->broker.many = 18000;
	for (int i = 0; i < 3 * (int)OPERATORS_MAX; i++) {
		int fd = connect_to_it();
		ask(fd, "{\"do\":\"clients\"}");
		assert_true(wait_for_answer(fd, text, sizeof(text)));
		assert_non_null(strstr(text, "\"row\""));
		close(fd);
		turn();
		turn();
	}
	tear_down();
}

static void too_many_are_told_so(void **state)
{
	int fds[OPERATORS_MAX + 1];
	char text[4096];
	set_up();
	for (size_t i = 0; i <= OPERATORS_MAX; i++) {
		fds[i] = connect_to_it();
		turn();
	}
	assert_true(answer(fds[OPERATORS_MAX], text, sizeof(text)));
	assert_non_null(strstr(text, "\"code\":\"busy\""));
	ask(fds[0], "{\"do\":\"relays\"}");
	assert_true(wait_for_answer(fds[0], text, sizeof(text)));
	close(fds[3]);
	turn();
	close(fds[OPERATORS_MAX]);
	fds[OPERATORS_MAX] = connect_to_it();
	ask(fds[OPERATORS_MAX], "{\"do\":\"relays\"}");
	assert_true(wait_for_answer(fds[OPERATORS_MAX], text, sizeof(text)));
	for (size_t i = 0; i <= OPERATORS_MAX; i++)
		if (i != 3)
			close(fds[i]);
	tear_down();
}

static void whoever_does_nothing_makes_room_for_a_newcomer(void **state)
{
	int fds[OPERATORS_MAX + 2];
	char text[4096];
	set_up();
	for (size_t i = 0; i < OPERATORS_MAX; i++) {
		fds[i] = connect_to_it();
		turn();
	}
	rig->now += IDLE_IS_OUT - 1;
	ask(fds[0], "{\"do\":\"relays\"}");
	assert_true(wait_for_answer(fds[0], text, sizeof(text)));
	fds[OPERATORS_MAX] = connect_to_it();
	assert_true(wait_for_answer(fds[OPERATORS_MAX], text, sizeof(text)));
	assert_non_null(strstr(text, "busy"));
	rig->now += 1;
	fds[OPERATORS_MAX + 1] = connect_to_it();
	ask(fds[OPERATORS_MAX + 1], "{\"do\":\"relays\"}");
	assert_true(wait_for_answer(fds[OPERATORS_MAX + 1], text, sizeof(text)));
	assert_null(strstr(text, "busy"));
	assert_int_equal(recv(fds[1], text, sizeof(text), MSG_DONTWAIT), 0); /* the first of those that did nothing */
	ask(fds[0], "{\"do\":\"relays\"}");
	assert_true(wait_for_answer(fds[0], text, sizeof(text)));
	for (size_t i = 0; i < OPERATORS_MAX + 2; i++)
		close(fds[i]);
	tear_down();
}

static void an_oversized_request_is_refused_and_the_next_one_is_heard(void **state)
{
	char text[4096], *large = malloc(60001);
	set_up();
	int fd = connect_to_it();
	assert_non_null(large);
	memset(large, ' ', 60000);
	large[60000] = 0;
	ask(fd, large);
	assert_true(wait_for_answer(fd, text, sizeof(text)));
	assert_non_null(strstr(text, "the request is longer than 16384 bytes"));
	ask(fd, "{\"do\":\"relays\"}");
	assert_true(wait_for_answer(fd, text, sizeof(text)));
	free(large);
	close(fd);
	tear_down();
}

static void a_request_leaves_no_copy_behind(void **state)
{
	char text[4096];
	set_up();
	int fd = connect_to_it();
	ask(fd, "{\"do\":\"token_create\",\"relay\":true,\"text\":\"0123456789abcdef\"}");
	assert_true(wait_for_answer(fd, text, sizeof(text)));
	assert_null(memmem(rig->shell.operators->in, sizeof(rig->shell.operators->in), "0123456789", 10));
	close(fd);
	tear_down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_socket_is_the_owners_alone),
	    cmocka_unit_test(the_socket_is_gone_with_the_portal),
	    cmocka_unit_test(what_a_killed_portal_left_is_replaced),
	    cmocka_unit_test(another_portal_is_not_pushed_aside),
	    cmocka_unit_test(a_file_that_is_no_socket_is_left_alone),
	    cmocka_unit_test(requests_are_answered_one_after_the_other),
	    cmocka_unit_test(what_a_request_changed_is_carried_out_before_it_is_answered),
	    cmocka_unit_test(looking_leaves_no_line_in_the_log),
	    cmocka_unit_test(a_slow_reader_costs_one_answer),
	    cmocka_unit_test(a_turn_brings_a_few_rows_of_each),
	    cmocka_unit_test(whoever_hangs_up_in_the_middle_makes_room),
	    cmocka_unit_test(too_many_are_told_so),
	    cmocka_unit_test(whoever_does_nothing_makes_room_for_a_newcomer),
	    cmocka_unit_test(an_oversized_request_is_refused_and_the_next_one_is_heard),
	    cmocka_unit_test(a_request_leaves_no_copy_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The shell, as far as operators.c knows it. */

static size_t slot_of(const struct endpoint *e)
{
	for (size_t i = 0; i < ENDPOINTS; i++)
		if (rig->endpoints[i] == e)
			return i;
	return ENDPOINTS;
}

void endpoint_adopt(struct shell *s, struct endpoint *e, int fd)
{
	size_t slot = slot_of(NULL);
	assert_true(slot < ENDPOINTS);
	e->shell = s;
	e->fd = fd;
	rig->endpoints[slot] = e;
	rig->wants_read[slot] = true;
	rig->wants_write[slot] = false;
}

void endpoint_close(struct endpoint *e)
{
	e->dying = true;
}

void endpoint_want_write(struct endpoint *e)
{
	if (!e->dying)
		rig->wants_write[slot_of(e)] = true;
}

void endpoint_want_read(struct endpoint *e, bool wanted)
{
	if (!e->dying)
		rig->wants_read[slot_of(e)] = wanted;
}

cp_time shell_now(struct shell *s)
{
	return rig->now;
}

void shell_pump(struct shell *s)
{
	rig->pumps++;
}

void log_event(enum cp_log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(rig->logged, sizeof(rig->logged), "%s ", event);
	va_start(ap, fmt);
	vsnprintf(rig->logged + n, sizeof(rig->logged) - (size_t)n, fmt, ap);
	va_end(ap);
}

static int token_create(void *arg, const struct request_token_wanted *w, char ret_text[BROKER_TOKEN_MAX + 1],
			uint64_t *ret_number, char ret_error[REQUEST_ERROR_BYTES])
{
	strcpy(ret_text, w->text);
	return 0;
}

void operators_on(struct shell *s, struct requests *ret)
{
	*ret = (struct requests){.broker = s->broker, .world = &s->cfg->world, .token_create = token_create};
}

/* Each endpoint once, as the loop would. */
static void turn(void)
{
	struct endpoint *all[ENDPOINTS];
	memcpy(all, rig->endpoints, sizeof(all));
	for (size_t i = 0; i < ENDPOINTS; i++) {
		struct endpoint *e = all[i];
		if (!e || rig->endpoints[i] != e)
			continue;
		struct pollfd p = {e->fd, (short)((rig->wants_read[i] ? POLLIN : 0) | (rig->wants_write[i] ? POLLOUT : 0)), 0};
		poll(&p, 1, 0);
		bool reads = rig->wants_read[i] && (p.revents & (POLLIN | POLLHUP));
		bool writes = rig->wants_write[i] && (p.revents & (POLLOUT | POLLHUP));
		if (writes && !e->dying) {
			rig->wants_write[i] = false;
			e->writable(e);
		}
		if (reads && !e->dying)
			e->readable(e);
	}
	for (size_t i = 0; i < ENDPOINTS; i++) {
		struct endpoint *e = rig->endpoints[i];
		if (!e || !e->dying)
			continue;
		rig->endpoints[i] = NULL;
		close(e->fd);
		e->fd = -1;
		if (e->closed)
			e->closed(e);
	}
}

static void set_up(void)
{
	rig = calloc(1, sizeof(*rig));
	assert_non_null(rig);
	strcpy(rig->folder, "/tmp/operatorsXXXXXX");
	rig->now = CP_S;
	assert_non_null(mkdtemp(rig->folder));
	snprintf(rig->path, sizeof(rig->path), "%s/run/control.sock", rig->folder);
	rig->device = (struct broker_device){.id = fake_id(1), .owner = fake_id(2), .name = "gw-1", .external_id = "e"};
	rig->broker.gateways[0] = (struct broker_gateway_row){.device = &rig->device, .site = "lab"};
	rig->broker.clients[0] = (struct broker_client_row){.device = &rig->device, .actor = "Jo"};
	rig->broker.n_gateways = rig->broker.n_clients = 1;
	rig->cfg.control_socket = rig->path;
	rig->shell.cfg = &rig->cfg;
	rig->shell.broker = &rig->broker;
	assert_int_equal(operators_open(&rig->shell), 0);
}

static void tear_down(void)
{
	char folder[40];
	operators_close(&rig->shell);
	turn();
	operators_free(&rig->shell);
	for (size_t i = 0; i < ENDPOINTS; i++)
		assert_null(rig->endpoints[i]);
	snprintf(folder, sizeof(folder), "%s/run", rig->folder);
	assert_int_equal(rmdir(folder), 0); /* nothing is left in it */
	assert_int_equal(rmdir(rig->folder), 0);
	free(rig);
	rig = NULL;
}

static int connect_to_it(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	strcpy(sa.sun_path, rig->path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void ask(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static bool answer(int fd, char *ret, size_t room)
{
	ssize_t n = recv(fd, ret, room - 1, MSG_DONTWAIT);
	ret[n > 0 ? n : 0] = 0;
	return n > 0;
}

static bool wait_for_answer(int fd, char *ret, size_t room)
{
	for (int i = 0; i < 1000; i++) {
		if (answer(fd, ret, room))
			return true;
		turn();
	}
	return false;
}
