/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A goodbye that arrives. A static peer's sessions end and its endpoint is forgotten, it may come again;
 * any other peer is gone. The acknowledgement leaves in the dying session, so that ends a grace period
 * after it was handed to a worker.
 */
#include <nf/clock.h>

#include "wg.h"

static void end_after_ack(void *arg)
{
	struct wg_peer *p = wg_peer_get((uint32_t)(uintptr_t)arg);
	if (!p)
		return;
	p->said_goodbye = false;
	if (p->close)
		return;
	if (!(p->flags & NF_PEER_STATIC)) {
		peer_destroy(p);
		return;
	}
	peer_end_sessions(p);
	peer_flush_staged(p, false);
	peer_set_endpoint(p, NULL);
	wg_timers_init(&p->timers, (enum wg_profile)p->timer_profile, p->keepalive_s);
	peer_rearm(p, nf_clock_ns());
}

static void after_injected(void *arg)
{
	nf_rcu_defer(end_after_ack, arg);
}

void goodbye_received(struct wg_peer *p, uint64_t session_ns, uint64_t now)
{
	uint8_t ack[WG_CONTROL_BYTES];
	if (!wg_goodbye_is_current(session_ns, p->upserted_ns, now)) {
		nf_count_shared(wg.c.goodbye_outdated, 1);
		return;
	}
	wg_control_build(ack, WG_CONTROL_BYE_ACK);
	if (peer_can_send(p, now))
		peer_send_inner(p, ack, sizeof(ack), 0);
	if (p->said_goodbye)
		return;
	p->said_goodbye = true;
	peer_event(p, NF_PEER_GOODBYE);
	nf_rcu_defer(after_injected, (void *)(uintptr_t)p->handle);
}
