/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebSocket client that costs little: one descriptor, and memory only while a frame is incomplete. For benchmarks
 * against a server on this machine: masks are zero, and of HTTP only the status is looked at.
 */
#ifndef BENCH_WS_H
#define BENCH_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ws_state { WS_CLOSED, WS_DIALLING, WS_UPGRADING, WS_OPEN };

struct ws {
	int fd; /* -1: none */
	enum ws_state state;
	unsigned int status; /* of HTTP, once it is known */
	char *kept;          /* owned: of a frame or a head that is incomplete, and of what could not be sent */
	size_t kept_bytes, kept_room;
	char *unsent;
	size_t unsent_bytes;
};

/* Nonblocking, from IPv4 address `from` (network byte order) to 127.0.0.1:port, watched by epoll with `tag`. */
bool ws_dial(struct ws *w, int epoll, uint32_t from, uint16_t port, void *tag);
/* The connection is up: asks for the upgrade. */
bool ws_upgrade(struct ws *w, const char *target, const char *user_agent);
/* Resets the connection, so that no port stays in TIME_WAIT. */
void ws_drop(struct ws *w);
bool ws_text(struct ws *w, const char *text, size_t bytes);
bool ws_flush(struct ws *w);

/* What became of bytes that came. */
struct ws_frame {
	bool text; /* false: the server closed */
	char *data; /* NUL behind it; valid until the next call */
	size_t bytes;
};
/* Reads once; then ws_next() until it returns false, and ws_read() again until there is nothing. A connection that was
 * refused is WS_CLOSED after it, with its status. */
enum ws_read { WS_GONE, WS_NOTHING, WS_SOME };
enum ws_read ws_read(struct ws *w);
bool ws_next(struct ws *w, struct ws_frame *ret);

#endif
