/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp_counted: numbered datagrams faster than Python can send them, counted by number at the far end.
 *
 *   udp_counted send ADDRESS PORT BYTES PPS MS    PPS 0: as fast as it can; prints what was handed to the kernel
 *   udp_counted receive ADDRESS PORT              prints "ready"; counts until its stdin ends and nothing comes any more
 *
 * Each prints one JSON object at its end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH      32
#define BYTES_MAX  2048
#define NUMBERS    (64u << 20)
#define SILENCE_MS 500
#define BUFFER     (256 << 20)

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static int die(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in address_of(const char *host, const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		die(host);
	return a;
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = BUFFER;
	if (fd < 0)
		die("socket");
	/* neither end's buffer may be what limits or loses */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		die("setsockopt");
	return fd;
}

struct batch {
	uint8_t data[BATCH][BYTES_MAX];
	struct iovec parts[BATCH];
	struct mmsghdr msgs[BATCH];
};

static void batch_init(struct batch *b, size_t bytes)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		b->parts[i] = (struct iovec){b->data[i], bytes};
		b->msgs[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &b->parts[i], .msg_iovlen = 1}};
	}
}

static uint32_t send_numbers(int fd, struct batch *b, uint32_t first, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint32_t number = first + i;
		memcpy(b->data[i], &number, sizeof(number));
	}
	int sent = sendmmsg(fd, b->msgs, n, 0);
	if (sent < 0 && errno != ENOBUFS)
		die("sendmmsg");
	return sent < 0 ? 0 : (uint32_t)sent;
}

static void wait_until(uint64_t at_ns)
{
	struct timespec ts = {(time_t)(at_ns / 1000000000ull), (long)(at_ns % 1000000000ull)};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static int run_send(const char *host, const char *port, size_t bytes, uint64_t pps, uint64_t ms)
{
	static struct batch b;
	struct sockaddr_in to = address_of(host, port);
	uint64_t began = now_ns(), ends = began + ms * 1000000ull, now;
	uint32_t sent = 0;
	int fd = open_socket();
	if (bytes < sizeof(sent) || bytes > BYTES_MAX || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("connect");
	batch_init(&b, bytes);
	while ((now = now_ns()) < ends && sent < NUMBERS - BATCH) {
		uint64_t due = pps ? (now - began) * pps / 1000000000ull + 1 - sent : BATCH;
		if (due == 0)
			wait_until(began + (uint64_t)sent * 1000000000ull / pps);
		else
			sent += send_numbers(fd, &b, sent, due < BATCH ? (unsigned int)due : BATCH);
	}
	printf("{\"sent\": %u, \"took_ms\": %lu}\n", sent, (unsigned long)((now_ns() - began) / 1000000));
	return 0;
}

static struct {
	uint8_t seen[NUMBERS / 8];
	uint32_t received, duplicates, backwards, strange, next;
} counted;

static void count(const uint8_t *data, size_t bytes)
{
	uint32_t number;
	memcpy(&number, data, sizeof(number));
	if (bytes < sizeof(number) || number >= NUMBERS) {
		counted.strange++;
		return;
	}
	uint8_t bit = (uint8_t)(1u << number % 8);
	counted.duplicates += (counted.seen[number / 8] & bit) != 0;
	counted.received += (counted.seen[number / 8] & bit) == 0;
	counted.backwards += number < counted.next;
	counted.seen[number / 8] |= bit;
	if (number >= counted.next)
		counted.next = number + 1;
}

static bool is_over(int fd)
{
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	for (;;) {
		int n = poll(fds, fds[1].fd < 0 ? 1 : 2, fds[1].fd < 0 ? SILENCE_MS : -1);
		if (n < 0)
			die("poll");
		if (fds[0].revents)
			return false;
		if (n == 0)
			return true;
		fds[1].fd = -1; /* its end only begins the silence */
	}
}

static int run_receive(const char *host, const char *port)
{
	static struct batch b;
	struct sockaddr_in at = address_of(host, port);
	uint32_t memory[SK_MEMINFO_VARS] = {0};
	socklen_t size = sizeof(memory);
	int fd = open_socket();
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		die("bind");
	batch_init(&b, BYTES_MAX);
	puts("ready");
	fflush(stdout);
	while (!is_over(fd)) {
		int n = recvmmsg(fd, b.msgs, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			count(b.data[i], b.msgs[i].msg_len);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &size) != 0)
		die("SO_MEMINFO");
	printf("{\"received\": %u, \"duplicates\": %u, \"backwards\": %u, \"strange\": %u, \"socket_dropped\": %u}\n", counted.received,
	       counted.duplicates, counted.backwards, counted.strange, memory[SK_MEMINFO_DROPS]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 7 && strcmp(argv[1], "send") == 0)
		return run_send(argv[2], argv[3], (size_t)atoi(argv[4]), (uint64_t)atoll(argv[5]), (uint64_t)atoll(argv[6]));
	if (argc == 4 && strcmp(argv[1], "receive") == 0)
		return run_receive(argv[2], argv[3]);
	fprintf(stderr, "usage: udp_counted send ADDRESS PORT BYTES PPS MS | receive ADDRESS PORT\n");
	return 2;
}
