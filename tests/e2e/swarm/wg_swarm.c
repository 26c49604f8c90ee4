/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wg_swarm: many WireGuard identities on the pure library, which shake hands with a network function and
 * then listen. They count what a peer that is being closed sees: goodbyes, compared byte for byte, and data.
 *
 *   wg_swarm --keys --seed S --count N                 prints the public keys, one hex line each
 *   wg_swarm --to IP:PORT --key HEX --seed S --count N [--port P] [--ack]
 *
 * Each identity has a socket on port P + i. On stdin: "data", "bye", "report", "quit"; on stdout: one line
 * "sessions N" when all have a session, and the report as a line of JSON. The inner address of identity i
 * is 10.66.(i / 250).(i % 250 + 1).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cookie.h"
#include "message.h"
#include "noise.h"

#define SWARM_MAX    1000
#define RETRY_NS     1000000000ull
#define IN_FLIGHT    64 /* handshakes at a time */
#define TIMES_MAX    16

/* tunnel.md §2.4, as printed there: typed in, not built by the code under test. */
static const uint8_t goodbye[48] = {
	0x60, 0x00, 0x00, 0x00, 0x00, 0x08, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

struct member {
	int fd;
	struct wg_identity id;
	struct wg_remote remote;
	struct wg_cookie_jar jar;
	struct wg_session_keys keys;
	bool has_session;
	uint64_t next_counter, tried_ns, last_stamp;
	unsigned int goodbyes, other_control, data_after, data_before;
	uint64_t at_ns[TIMES_MAX];
};

static struct {
	unsigned int count, port, sessions;
	uint64_t seed;
	bool ack, print_keys;
	uint8_t key[WG_KEY_BYTES];
	struct sockaddr_in to;
	struct member at[SWARM_MAX];
} swarm = {.port = 20000};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static void identity_derive(struct member *m, unsigned int i)
{
	uint8_t private_key[WG_HASH_BYTES];
	uint32_t index = i;
	struct wg_part parts[] = {{"swarm", 5}, {&swarm.seed, sizeof(swarm.seed)}, {&index, sizeof(index)}};
	wg_hash(private_key, parts, 3);
	wg_identity_set(&m->id, private_key);
}

static void send_sealed(struct member *m, const void *inner, size_t bytes)
{
	uint8_t out[WG_DATA_OVERHEAD + 256];
	struct wg_data *h = (struct wg_data *)out;
	wg_put32(h->type, WG_DATA);
	wg_put32(h->receiver, m->keys.remote_index);
	wg_put64(h->counter, m->next_counter);
	wg_aead_seal(out + sizeof(*h), m->keys.send, m->next_counter++, inner, bytes, NULL, 0);
	send(m->fd, out, bytes + WG_DATA_OVERHEAD, 0);
}

static void send_control(struct member *m, uint8_t event)
{
	uint8_t packet[48];
	memcpy(packet, goodbye, sizeof(packet));
	packet[40] = event;
	send_sealed(m, packet, sizeof(packet));
}

/* UDP from the member's inner address to 10.1.0.2:9, 4 bytes of payload. */
static void send_data(struct member *m)
{
	unsigned int i = (unsigned int)(m - swarm.at);
	uint8_t p[32] = {0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 66, (uint8_t)(i / 250), (uint8_t)(i % 250 + 1),
			 10,   1, 0, 2,  0, 9, 0,    9, 0,  12, 0, 0};
	uint32_t sum = 0;
	for (int k = 0; k < 20; k += 2)
		sum += (uint32_t)p[k] << 8 | p[k + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	p[10] = (uint8_t)(~sum >> 8);
	p[11] = (uint8_t)~sum;
	send_sealed(m, p, sizeof(p));
}

static void initiate(struct member *m)
{
	uint8_t ephemeral[WG_KEY_BYTES], stamp[WG_TIMESTAMP_BYTES];
	struct wg_initiation out;
	wg_random(ephemeral, sizeof(ephemeral));
	wg_timestamp(stamp, clock_ns(CLOCK_REALTIME), &m->last_stamp);
	if (!wg_initiation_create(&m->id, &m->remote, (uint32_t)(m - swarm.at) + 1, ephemeral, stamp, &out))
		return;
	wg_macs_add(&m->jar, &out, sizeof(out), clock_ns(CLOCK_MONOTONIC));
	m->tried_ns = clock_ns(CLOCK_MONOTONIC);
	send(m->fd, &out, sizeof(out), 0);
}

static void response(struct member *m, const uint8_t *in)
{
	if (m->has_session || !wg_response_consume(&m->id, &m->remote, (const struct wg_response *)in, &m->keys))
		return;
	m->has_session = true;
	swarm.sessions++;
	m->next_counter = 0;
	send_sealed(m, "", 0); /* the far end uses the session from now on */
}

/* Sooner than the paper allows: a thousand have to be ready within the time of a test. */
static void cookie(struct member *m, const struct wg_cookie_reply *in)
{
	if (wg_cookie_reply_consume(&m->jar, in, clock_ns(CLOCK_MONOTONIC)))
		initiate(m);
}

static void control(struct member *m, const uint8_t *inner, size_t bytes)
{
	if (bytes != sizeof(goodbye) || memcmp(inner, goodbye, sizeof(goodbye)) != 0) {
		m->other_control++;
		return;
	}
	if (m->goodbyes < TIMES_MAX)
		m->at_ns[m->goodbyes] = clock_ns(CLOCK_MONOTONIC);
	m->goodbyes++;
	if (swarm.ack)
		send_control(m, 0xe2);
}

static void data(struct member *m, const uint8_t *in, size_t bytes)
{
	uint8_t inner[2048];
	if (!m->has_session || wg_get32(in + 4) != m->keys.local_index ||
	    !wg_aead_open(inner, m->keys.receive, wg_get64(in + 8), in + 16, bytes - 16, NULL, 0))
		return;
	size_t n = bytes - WG_DATA_OVERHEAD;
	if (n == 0)
		return;
	if (inner[0] >> 4 == 6 && inner[6] == 0xff)
		control(m, inner, n);
	else if (m->goodbyes)
		m->data_after++;
	else
		m->data_before++;
}

static void receive(struct member *m)
{
	uint8_t in[2048];
	ssize_t n;
	while ((n = recv(m->fd, in, sizeof(in), MSG_DONTWAIT)) > 0) {
		enum wg_type type = wg_message_type(in, (size_t)n);
		if (type == WG_RESPONSE)
			response(m, in);
		else if (type == WG_COOKIE_REPLY)
			cookie(m, (const struct wg_cookie_reply *)in);
		else if (type == WG_DATA)
			data(m, in, (size_t)n);
	}
}

/* Those that lack a session, a few at a time. */
static void shake_hands(void)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	unsigned int waiting = 0;
	for (unsigned int i = 0; i < swarm.count && waiting < IN_FLIGHT; i++) {
		struct member *m = &swarm.at[i];
		if (m->has_session)
			continue;
		waiting++;
		if (!m->tried_ns || now - m->tried_ns > RETRY_NS)
			initiate(m);
	}
}

static void report(void)
{
	unsigned int informed = 0, goodbyes = 0, other = 0, after = 0, before = 0;
	for (unsigned int i = 0; i < swarm.count; i++) {
		const struct member *m = &swarm.at[i];
		informed += m->goodbyes > 0;
		goodbyes += m->goodbyes;
		other += m->other_control;
		after += m->data_after;
		before += m->data_before;
	}
	printf("{\"count\": %u, \"sessions\": %u, \"informed\": %u, \"goodbyes\": %u, \"other_control\": %u, \"data_before\": %u, "
	       "\"data_after\": %u, \"first_at_ms\": [",
	       swarm.count, swarm.sessions, informed, goodbyes, other, before, after);
	const struct member *m = &swarm.at[0]; /* the times of the first identity, from its first goodbye */
	for (unsigned int g = 0; g < m->goodbyes && g < TIMES_MAX; g++)
		printf("%s%.1f", g ? ", " : "", (double)(m->at_ns[g] - m->at_ns[0]) / 1e6);
	printf("]}\n");
	fflush(stdout);
}

/* False: quit. */
static bool command(void)
{
	char line[64];
	if (!fgets(line, sizeof(line), stdin) || strncmp(line, "quit", 4) == 0)
		return false;
	for (unsigned int i = 0; i < swarm.count && swarm.at[i].has_session; i++) {
		if (strncmp(line, "data", 4) == 0)
			send_data(&swarm.at[i]);
		if (strncmp(line, "bye", 3) == 0)
			send_control(&swarm.at[i], 2);
	}
	if (strncmp(line, "report", 6) == 0)
		report();
	return true;
}

static int open_member(struct member *m, unsigned int i, int epoll_fd)
{
	static const uint8_t no_psk[WG_KEY_BYTES];
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(swarm.port + i))};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = m};
	wg_mac_keys_init(&m->jar.keys, swarm.key);
	if (!wg_remote_init(&m->remote, &m->id, swarm.key, no_psk))
		return -EINVAL;
	m->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (m->fd < 0 || bind(m->fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    connect(m->fd, (struct sockaddr *)&swarm.to, sizeof(swarm.to)) != 0)
		return -errno;
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, m->fd, &ev) ? -errno : 0;
}

static int run(void)
{
	int epoll_fd = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, got[64];
	bool announced = false;
	setvbuf(stdin, NULL, _IONBF, 0);
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &ev);
	for (unsigned int i = 0; i < swarm.count; i++)
		if (open_member(&swarm.at[i], i, epoll_fd) != 0)
			return perror("wg_swarm"), 1;
	for (;;) {
		shake_hands();
		int n = epoll_wait(epoll_fd, got, 64, 50);
		for (int k = 0; k < n; k++) {
			if (got[k].data.ptr)
				receive(got[k].data.ptr);
			else if (!command())
				return 0;
		}
		if (!announced && swarm.sessions == swarm.count) {
			announced = true;
			printf("sessions %u\n", swarm.sessions);
			fflush(stdout);
		}
	}
}

static bool read_key(const char *hex)
{
	for (unsigned int i = 0; i < WG_KEY_BYTES; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &swarm.key[i]) != 1)
			return false;
	return true;
}

static bool read_arguments(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
		char host[32];
		unsigned int port;
		if (strcmp(name, "--ack") == 0 || strcmp(name, "--keys") == 0) {
			swarm.ack |= name[2] == 'a';
			swarm.print_keys |= name[2] == 'k';
			continue;
		}
		i++;
		if (strcmp(name, "--seed") == 0)
			swarm.seed = strtoull(value, NULL, 10);
		else if (strcmp(name, "--count") == 0)
			swarm.count = (unsigned int)strtoul(value, NULL, 10);
		else if (strcmp(name, "--port") == 0)
			swarm.port = (unsigned int)strtoul(value, NULL, 10);
		else if (strcmp(name, "--key") == 0 && strlen(value) == 2 * WG_KEY_BYTES && read_key(value))
			continue;
		else if (strcmp(name, "--to") == 0 && sscanf(value, "%31[0-9.]:%u", host, &port) == 2)
			swarm.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = inet_addr(host)};
		else
			return false;
	}
	return swarm.count > 0 && swarm.count <= SWARM_MAX;
}

int main(int argc, char **argv)
{
	if (!read_arguments(argc, argv) || wg_crypto_init() != 0) {
		fprintf(stderr, "usage: wg_swarm --keys|--to IP:PORT --key HEX --seed S --count N [--port P] [--ack]\n");
		return 2;
	}
	for (unsigned int i = 0; i < swarm.count; i++) {
		identity_derive(&swarm.at[i], i);
		for (unsigned int k = 0; swarm.print_keys && k < WG_KEY_BYTES; k++)
			printf("%02x%s", swarm.at[i].id.public_key[k], k == WG_KEY_BYTES - 1 ? "\n" : "");
	}
	return swarm.print_keys ? 0 : run();
}
