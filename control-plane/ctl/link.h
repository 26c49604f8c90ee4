/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation with sluiced, or for those who only look with sluice-nf itself: one request at a
 * time, its reply stream, and the event that ends a close. Blocks, with a time-out.
 */
#ifndef CTL_LINK_H
#define CTL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nf/wire.h>

enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1, /* or refused */
	CTL_USAGE = 2,
	CTL_PARTLY = 3, /* a reload refused something; a peer could not be told */
	CTL_AWAY = 4,   /* the daemon is not there */
};

#define LINK_ERROR_BYTES 512
#define LINK_EVENT_BYTES 256

struct link {
	int fd;
	bool is_view; /* sluice-nf's read-only socket: sluiced is away */
	uint32_t seq;
	uint32_t timeout_ms; /* for one reply */
	char error[LINK_ERROR_BYTES];
	struct {
		uint16_t type; /* 0: none came yet */
		uint8_t body[LINK_EVENT_BYTES];
	} event; /* of the last request, if it overtook the reply */
	uint8_t in[NF_MSG_MAX_BYTES + 1];
};

/* One reply of a stream: its body, and what follows that. */
typedef void (*link_reply_fn)(void *arg, const void *body, const void *tail, size_t tail_bytes);

/* All three: CTL_OK, or another exit code with link->error filled. */
enum ctl_exit link_open(struct link *l, const char *runtime_dir, bool only_looks, uint32_t timeout_ms);
/* Calls fn (may be NULL) for each reply that has a body of at least min_bytes; an empty list has none. */
enum ctl_exit link_request(struct link *l, uint16_t type, const void *request, size_t request_bytes,
			   link_reply_fn fn, void *arg, size_t min_bytes);
/* The event of the last request; ret gets `bytes` of it. */
enum ctl_exit link_event(struct link *l, uint16_t type, void *ret, size_t bytes, uint32_t timeout_ms);
void link_close(struct link *l);

#endif
