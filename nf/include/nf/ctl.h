/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The management thread's services for plugins: message handlers, events, timers, loop hooks,
 * threads. Everything here is for the management thread unless it says otherwise.
 */
#ifndef NF_CTL_H
#define NF_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nf/wire.h>

/* One request. Body was checked against its type's minimum size; tail is whatever follows it. */
struct nf_request {
	const struct nf_msg_hdr *hdr;
	const void *body;
	const void *tail;
	size_t tail_bytes;
	struct nf_ctl_conn *conn; /* to whom replies go; valid during the handler only */
};

/* 0: an empty reply with status 0 is sent unless the handler replied; negative errno: it is refused. */
struct nf_handler {
	uint16_t type;
	int (*fn)(const struct nf_request *req);
};

/* Sends one reply; more: others follow. Dropped if the far end is gone. */
void nf_reply(const struct nf_request *req, const void *body, size_t body_bytes, const void *tail, size_t tail_bytes,
	      bool more);
/* For a handler that is about to return an error: names what was refused, as nf_error text. */
void nf_refuse(const struct nf_request *req, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* To the attached control plane, if any. Back-pressured by a bounded queue; when that is full the
 * control plane is disconnected (it comes back and syncs), so no event is lost silently. */
void nf_event(uint16_t type, const void *body, size_t body_bytes, const void *tail, size_t tail_bytes);
/* To the punt socket; false and a counter when full or nobody listens. */
bool nf_punt(const struct nf_punt *punt, const void *data);
bool nf_control_attached(void);

/* Timers; ns on nf_clock_ns(). Arm again to move; the struct belongs to the caller and must be zeroed first. */
struct nf_timer {
	uint64_t at_ns; /* 0: not armed */
	void (*fn)(struct nf_timer *t, uint64_t now_ns);
	uint32_t heap_index;
};
void nf_timer_arm(struct nf_timer *t, uint64_t at_ns);
void nf_timer_cancel(struct nf_timer *t);

/* Called on every turn of the management loop (after a wake-up, at least every 100 ms). Bounded work. */
void nf_mgmt_hook(void (*fn)(uint64_t now_ns));
/* Any thread but workers (they use nf_wake()): ends the management loop's sleep. */
void nf_mgmt_wake(void);

/*
 * The handshake thread: one thread beside workers and mgmt, for work too slow for either. Its loop
 * calls fn after each wake-up (NF_WAKE_HANDSHAKE, nf_handshake_wake()) and at least every 100 ms; fn
 * returns true if it would go on at once. Registered by at most one plugin, during init; started after
 * `start`, joined before `fini`.
 */
int nf_handshake_thread(bool (*fn)(uint64_t now_ns));
void nf_handshake_wake(void); /* any thread but workers */

/*
 * What sync asks of a plugin that owns objects: epoch of the running sync (0: none); an object that is
 * asserted takes it over; sweep removes those that have another one. Called by the runtime on SYNC_END.
 */
uint32_t nf_sync_epoch(void);

#endif
