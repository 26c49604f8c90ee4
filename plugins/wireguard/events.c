/* SPDX-License-Identifier: Apache-2.0 */
/* What workers tell the management thread, and what it makes of it. */
#include <errno.h>
#include <string.h>

#include <rte_mempool.h>
#include <rte_ring.h>

#include <nf/clock.h>
#include <nf/pkt.h>

#include "wg.h"

#define RING_SIZE     16384
#define PER_TURN      1024
#define REPORT_SHIFT  30 /* of nanoseconds: 1.07 s */
#define ENDPOINTS     1023

static struct rte_ring *ring;         /* producers: W; consumer: M */
static struct rte_mempool *endpoints; /* taken by W, returned by M */

bool wg_event_send(const struct wg_event *e)
{
	if (rte_ring_mp_enqueue_elem(ring, (void *)(uintptr_t)e, sizeof(*e)) != 0) {
		nf_count(wg.c.events_lost, 1);
		if (e->kind == WG_EV_ROAMED)
			rte_mempool_put(endpoints, e->p);
		return false;
	}
	nf_wake(e->kind == WG_EV_SEEN ? NF_WAKE_MGMT_SOON : NF_WAKE_MGMT); /* timers do not mind a millisecond */
	return true;
}

struct wg_endpoint *wg_event_endpoint_alloc(void)
{
	void *e;
	return rte_mempool_get(endpoints, &e) == 0 ? e : NULL;
}

void wg_seen_now(struct wg_peer *p, uint32_t kinds, uint64_t now)
{
	struct wg_line *line = &p->lines[nf_worker()->id];
	uint32_t report = 0;
	for (int k = 0; k < WG_SEEN_KINDS; k++) {
		if (!(kinds & 1u << k))
			continue;
		if ((now ^ line->seen[k]) >> REPORT_SHIFT || line->seen[k] == 0)
			report |= 1u << k;
	}
	if (unlikely(report)) {
		struct wg_event e = {.peer = p->handle, .kind = WG_EV_SEEN, .arg = report};
		if (!wg_event_send(&e))
			return; /* the time stays old, so the next packet tries again */
	}
	for (int k = 0; k < WG_SEEN_KINDS; k++)
		if (kinds & 1u << k)
			line->seen[k] = now;
}

static void seen(struct wg_peer *p, uint32_t kinds, uint64_t now)
{
	if (kinds & 1 << WG_SEEN_ANY_RECEIVED)
		wg_timers_any_received(&p->timers, now);
	if (kinds & 1 << WG_SEEN_ANY_SENT)
		wg_timers_any_sent(&p->timers, now);
	if (kinds & 1 << WG_SEEN_DATA_RECEIVED)
		wg_timers_data_received(&p->timers, now);
	if (kinds & 1 << WG_SEEN_DATA_SENT)
		wg_timers_data_sent(&p->timers, now, p->timer_profile == NF_TIMERS_STOCK ? peer_jitter() : 0);
	peer_rearm(p, now);
}

static void stage(struct wg_peer *p, struct rte_mbuf *m, uint64_t now)
{
	bool full = p->n_staged == WG_STAGED_MAX || wg.n_staged_all == WG_STAGED_ALL_MAX;
	if (peer_can_send(p, now)) { /* the session came while the packet was on its way here */
		nf_inject_on(m, wg.edge_encap, nf_pkt(m)->worker);
		return;
	}
	if (full || p->closing || p->operator_closed || !p->endpoint) {
		nf_count_shared(full ? wg.c.staged_full : p->endpoint ? wg.c.closing : wg.c.no_endpoint, 1);
		rte_pktmbuf_free(m);
		return;
	}
	p->staged[p->n_staged++] = m;
	wg.n_staged_all++;
	wg_timers_session_wanted(&p->timers, now);
	peer_rearm(p, now);
}

/* Other events are ignored, as every peer does (tunnel.md §2.2). */
static bool is_the_control_plane_s(int event)
{
	return event == WG_CONTROL_ASSIGNED_IPS || event == WG_CONTROL_DOMAIN_STATUS || event == WG_CONTROL_HELLO ||
	       event == WG_CONTROL_DRAIN || event == WG_CONTROL_REASON;
}

static void control(struct wg_peer *p, struct rte_mbuf *m, uint64_t now)
{
	/* the control plane is spared the extension headers */
	const void *packet = rte_pktmbuf_adj(m, (uint16_t)wg_control_flatten(rte_pktmbuf_mtod(m, void *), m->pkt_len));
	int event = wg_control_event(packet, m->pkt_len);
	struct wg_control_from from;
	memcpy(&from, nf_pkt(m)->opaque, sizeof(from));
	struct nf_punt punt = {.kind = NF_PUNT_CONTROL, .data_bytes = m->pkt_len};
	memcpy(punt.public_key, p->public_key, WG_KEY_BYTES);
	if (event == WG_CONTROL_GOODBYE)
		goodbye_received(p, from.session_ns, now);
	else if (event == WG_CONTROL_BYE_ACK)
		closing_acked(p, now);
	else if (is_the_control_plane_s(event))
		nf_punt(&punt, packet);
	rte_pktmbuf_free(m);
}

static void roamed(struct wg_peer *p, struct wg_endpoint *e)
{
	if (!p->operator_closed)
		peer_set_endpoint(p, e);
	rte_mempool_put(endpoints, e);
	peer_event(p, NF_PEER_ROAMED);
}

static void discard(const struct wg_event *e)
{
	if (e->kind == WG_EV_ROAMED)
		rte_mempool_put(endpoints, e->p);
	else if (e->kind == WG_EV_STAGE || e->kind == WG_EV_CONTROL) {
		if (e->kind == WG_EV_STAGE)
			nf_count_shared(wg.c.closing, 1);
		rte_pktmbuf_free(e->p);
	}
}

static void handle(const struct wg_event *e, uint64_t now)
{
	struct wg_peer *p = wg_peer_get(e->peer);
	if (!p) {
		discard(e);
		return;
	}
	switch ((enum wg_event_kind)e->kind) {
	case WG_EV_SEEN:
		seen(p, (uint32_t)e->arg, now);
		break;
	case WG_EV_CONFIRMED:
		peer_confirm(p, (uint32_t)e->arg, now);
		break;
	case WG_EV_ROAMED:
		roamed(p, e->p);
		break;
	case WG_EV_STAGE:
		stage(p, e->p, now);
		break;
	case WG_EV_CONTROL:
		control(p, e->p, now);
		break;
	case WG_EV_CLOSING_RX:
		closing_data_received(p, now);
		break;
	}
}

static void turn(uint64_t now)
{
	struct wg_event e;
	handshaker_collect(now);
	for (unsigned int i = 0; i < PER_TURN; i++) {
		if (rte_ring_sc_dequeue_elem(ring, &e, sizeof(e)) != 0)
			return;
		handle(&e, now);
	}
	nf_mgmt_wake(); /* there is more: next turn, after the other sources */
}

int events_init(void)
{
	ring = rte_ring_create_elem("wg-events", sizeof(struct wg_event), RING_SIZE, SOCKET_ID_ANY, RING_F_SC_DEQ);
	endpoints = rte_mempool_create("wg-endpoints", ENDPOINTS, sizeof(struct wg_endpoint), 0, 0, NULL, NULL, NULL, NULL,
				       SOCKET_ID_ANY, 0);
	if (!ring || !endpoints)
		return -ENOMEM;
	nf_mgmt_hook(turn);
	return 0;
}

void events_fini(void)
{
	struct wg_event e;
	while (ring && rte_ring_sc_dequeue_elem(ring, &e, sizeof(e)) == 0)
		discard(&e);
	rte_ring_free(ring);
	rte_mempool_free(endpoints);
	ring = NULL;
	endpoints = NULL;
}
