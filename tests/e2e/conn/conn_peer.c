/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node of the connectivity tests: the core on sockets.
 *
 *   conn_peer client|gateway [--port 52625] [--key HEX] [--stash FILE] [--responder] [--no-wireguard] [--address IP]…
 *
 * --key: private key. Without --address those of the interfaces are used. The first event is "ready".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "conn_peer.h"

struct program me = {.options = {.port = 52625, .wireguard = true, .software = "sluice-test"}};

static uint64_t clock_of(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * CP_S + (uint64_t)ts.tv_nsec;
}

cp_time clock_now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

uint64_t clock_wall(void)
{
	return clock_of(CLOCK_REALTIME);
}

static bool read_hex(const char *text, uint8_t *ret, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (sscanf(text + 2 * i, "%2hhx", &ret[i]) != 1)
			return false;
	return text[2 * bytes] == 0;
}

static bool option_with_value(const char *name, const char *value)
{
	struct options *o = &me.options;
	if (strcmp(name, "--port") == 0) {
		o->port = (uint16_t)strtoul(value, NULL, 10);
		return o->port != 0;
	}
	if (strcmp(name, "--stash") == 0) {
		o->stash = value;
		return true;
	}
	if (strcmp(name, "--key") == 0)
		return read_hex(value, o->private_key, sizeof(o->private_key));
	return strcmp(name, "--address") == 0 && o->n_addresses < 16 &&
	       cp_ip_parse(value, strlen(value), &o->addresses[o->n_addresses++]);
}

static bool read_arguments(int argc, char **argv)
{
	struct options *o = &me.options;
	if (argc < 2 || (strcmp(argv[1], "client") != 0 && strcmp(argv[1], "gateway") != 0))
		return false;
	o->role = argv[1][0] == 'c' ? CONN_CLIENT : CONN_GATEWAY;
	wg_random(o->private_key, sizeof(o->private_key));
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--responder") == 0)
			o->responder = true;
		else if (strcmp(argv[i], "--no-wireguard") == 0)
			o->wireguard = false;
		else if (i + 1 == argc || !option_with_value(argv[i], argv[i + 1]))
			return false;
		else
			i++;
	}
	for (unsigned int i = 0; i < o->n_addresses; i++)
		o->addresses[i].port = o->port;
	if (!o->n_addresses)
		o->n_addresses = own_addresses(o->addresses, 16);
	return true;
}

static void keys_begin(void)
{
	uint8_t secret[32];
	wg_identity_set(&me.identity, me.options.private_key);
	wg_wipe(me.options.private_key, sizeof(me.options.private_key));
	wg_mac_keys_init(&me.checker.keys, me.identity.public_key);
	wg_random(secret, sizeof(secret));
	wg_cookie_rotate(&me.checker, me.now, secret);
}

static int begin(void)
{
	static const uint32_t what[] = {0, 1, 2};
	keys_begin();
	int error = me.options.stash ? stash_open(me.options.stash) : 0;
	if (!error)
		error = sockets_open();
	me.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned int i = 0; i < 3 && !error; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.u32 = what[i]};
		int fd = i < 2 ? me.sockets[i] : STDIN_FILENO;
		if (fd >= 0 && epoll_ctl(me.epoll_fd, EPOLL_CTL_ADD, fd, &ev) != 0)
			error = -errno;
	}
	if (error)
		return error;
	say("ready", "ku", "public_key", me.identity.public_key, "port", (uint64_t)me.options.port);
	core_start();
	return me.node ? 0 : -ENOMEM;
}

static struct timespec time_left(void)
{
	uint64_t at = peers_deadline(), now = clock_now();
	if (me.node) {
		struct conn_deadline d = conn_deadline(me.node);
		at = earlier(at, d.at == CP_NEVER ? 0 : d.at);
	}
	uint64_t left = !at ? CP_S : at > now ? at - now : 0;
	left = left > CP_S ? CP_S : left; /* the responder's reports */
	return (struct timespec){.tv_sec = (time_t)(left / CP_S), .tv_nsec = (long)(left % CP_S)};
}

static void tick(void)
{
	me.now = clock_now();
	if (me.node && conn_deadline(me.node).at <= me.now)
		conn_tick(me.node, me.now);
	core_drain();
	while (peers_tick())
		core_drain();
	responder_tick();
	core_drain();
}

static void loop(void)
{
	struct epoll_event got[4];
	while (!me.quitting) {
		struct timespec left = time_left();
		int n = epoll_pwait2(me.epoll_fd, got, 4, &left, NULL);
		me.now = clock_now();
		for (int i = 0; i < n; i++) {
			if (got[i].data.u32 < 2)
				sockets_receive(got[i].data.u32);
			else
				commands_read();
		}
		tick();
	}
}

int main(int argc, char **argv)
{
	me.now = clock_now();
	if (wg_crypto_init() != 0 || !read_arguments(argc, argv)) {
		fprintf(stderr, "usage: conn_peer client|gateway [--port P] [--key HEX] [--stash FILE] [--responder] [--no-wireguard] "
				"[--address IP]...\n");
		return 2;
	}
	int error = begin();
	if (error)
		return fprintf(stderr, "conn_peer: %s\n", strerror(-error)), 1;
	loop();
	conn_node_free(me.node);
	return 0;
}
