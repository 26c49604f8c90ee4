/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The neighbour table: workers find MACs in hash chains without a lock; mgmt asks, learns, ages, and
 * keeps the few packets that wait for an answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ring.h>

#include <nf/clock.h>
#include <nf/ctl.h>
#include <nf/node.h>

#include "frame.h"
#include "ip.h"
#include "neigh.h"

#define BUCKETS   1024u
#define WAITING   4
#define RING_SIZE 4096
#define PER_TURN  512

struct entry {
	/* read by W */
	struct entry *next; /* writer: M, release/acquire */
	uint16_t iface;
	uint8_t family;
	bool usable;  /* writer: M, release after mac */
	uint8_t mac[6];
	uint8_t addr[16];
	/* writer: W, racy on purpose: it only delays a probe */
	uint64_t used_ns;
	/* M only */
	struct neigh neigh;
	struct nf_timer timer;
	uint8_t n_waiting;
	struct rte_mbuf *waiting[WAITING];
};

struct event {
	struct rte_mbuf *m; /* waits for its next hop; NULL: something was heard */
	uint16_t iface;
	uint8_t family, create;
	uint8_t mac[6];
	uint8_t addr[16];
	uint8_t zero[6];
};
_Static_assert(sizeof(struct event) % 4 == 0, "ring elements are multiples of 4");

static struct {
	struct entry *buckets[BUCKETS];
	struct rte_ring *ring; /* producers: W; consumer: M */
	uint32_t n, most;
	uint16_t edge_neigh, edge_tx[NF_PORT_MAX], edge_icmp;
} r;

static uint32_t bucket_of(uint16_t iface, uint8_t family, const uint8_t *addr)
{
	uint32_t h = iface * 31u + family, word;
	for (unsigned int i = 0; i < (family == 4 ? 4u : 16u); i += 4) {
		memcpy(&word, addr + i, 4);
		h = (h ^ word) * 0x9e3779b1u;
	}
	return (h >> 16) % BUCKETS;
}

/* Constant sizes: no call. */
static bool same(const uint8_t *a, const uint8_t *b, uint8_t family)
{
	return family == 4 ? memcmp(a, b, 4) == 0 : memcmp(a, b, 16) == 0;
}

static struct entry *find(uint16_t iface, uint8_t family, const uint8_t *addr)
{
	struct entry *e = __atomic_load_n(&r.buckets[bucket_of(iface, family, addr)], __ATOMIC_ACQUIRE);
	while (e && (e->iface != iface || e->family != family || !same(e->addr, addr, family)))
		e = __atomic_load_n(&e->next, __ATOMIC_ACQUIRE);
	return e;
}

bool resolver_find(uint16_t iface, uint8_t family, const uint8_t *addr, uint8_t ret_mac[6])
{
	struct entry *e = find(iface, family, addr);
	if (!e || !__atomic_load_n(&e->usable, __ATOMIC_ACQUIRE))
		return false;
	memcpy(ret_mac, e->mac, 6);
	uint64_t now = nf_worker_now();
	if (now - e->used_ns > NF_NS_PER_S) /* at most once a second: the line is shared */
		e->used_ns = now;
	return true;
}

bool resolver_wait(struct rte_mbuf *m)
{
	struct event ev = {.m = m};
	nf_wake(NF_WAKE_MGMT);
	return rte_ring_mp_enqueue_elem(r.ring, &ev, sizeof(ev)) == 0;
}

void resolver_heard(uint16_t iface, uint8_t family, const uint8_t *addr, const uint8_t mac[6], bool create)
{
	struct event ev = {.iface = iface, .family = family, .create = create};
	const struct entry *e = find(iface, family, addr);
	if (!e && !create)
		return;
	memcpy(ev.mac, mac, 6);
	memcpy(ev.addr, addr, family == 4 ? 4 : 16);
	rte_ring_mp_enqueue_elem(r.ring, &ev, sizeof(ev)); /* lost when full: it will be said again */
	nf_wake(NF_WAKE_MGMT);
}

/* --- management thread --- */

static void send_arp(const struct nf_iface *iface, const struct entry *e)
{
	static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct nf_ip to = {.family = 4};
	memcpy(&to.v4, e->addr, 4);
	struct nf_ip source = nf_iface_source(iface, &to);
	struct rte_mbuf *m = source.family ? nf_pkt_alloc() : NULL;
	struct arp a = {.op = ARP_REQUEST};
	if (!m)
		return;
	memcpy(a.sender_mac, iface->mac, 6);
	memcpy(a.sender_ip, &source.v4, 4);
	memcpy(a.target_ip, e->addr, 4);
	arp_build((uint8_t *)rte_pktmbuf_append(m, ARP_BYTES), &a);
	ip_push_l2(m, iface, broadcast, 0x0806);
	nf_inject(m, r.edge_tx[iface->port]);
}

static void send_solicitation(const struct nf_iface *iface, const struct entry *e)
{
	uint8_t mac[6];
	struct nf_ip to = {.family = 6};
	struct nd n = {.type = ND_SOLICIT};
	memcpy(to.v6, e->addr, 16);
	struct nf_ip source = nf_iface_source(iface, &to);
	struct rte_mbuf *m = nf_pkt_alloc();
	if (!m)
		return;
	memcpy(n.source, source.family ? source.v6 : iface->link_local.v6, 16);
	nd_solicited_node(e->addr, n.destination, mac);
	memcpy(n.target, e->addr, 16);
	memcpy(n.mac, iface->mac, 6);
	nd_build((uint8_t *)rte_pktmbuf_append(m, ND_BYTES), &n);
	ip_push_l2(m, iface, mac, 0x86dd);
	nf_inject(m, r.edge_tx[iface->port]);
}

static void unlink_entry(struct entry *e)
{
	struct entry **slot = &r.buckets[bucket_of(e->iface, e->family, e->addr)];
	while (*slot != e)
		slot = &(*slot)->next;
	__atomic_store_n(slot, e->next, __ATOMIC_RELEASE);
	r.n--;
	nf_timer_cancel(&e->timer);
	nf_rcu_defer(free, e);
}

/* Nobody answered: the senders are told, the packets are charged to neigh_unresolved by icmp_error. */
static void give_up(struct entry *e)
{
	for (uint8_t i = 0; i < e->n_waiting; i++) {
		nf_pkt(e->waiting[i])->drop = ip_c.neigh_unresolved;
		memset(nf_pkt(e->waiting[i])->opaque, 0, 4);
		nf_pkt(e->waiting[i])->opaque[0] = 1; /* host unreachable */
		nf_inject(e->waiting[i], r.edge_icmp);
	}
	e->n_waiting = 0;
	unlink_entry(e);
}

static void act(struct entry *e, enum neigh_action action)
{
	const struct nf_iface *iface = &nf_net()->iface[e->iface];
	if (action == NEIGH_GIVE_UP) {
		give_up(e);
		return;
	}
	if (action == NEIGH_REQUEST && e->family == 4)
		send_arp(iface, e);
	else if (action == NEIGH_REQUEST)
		send_solicitation(iface, e);
	if (e->neigh.next_ns)
		nf_timer_arm(&e->timer, e->neigh.next_ns);
	else
		nf_timer_arm(&e->timer, nf_clock_ns() + NF_NS_PER_S); /* stale: look whether it is in use */
}

static void on_timer(struct nf_timer *t, uint64_t now)
{
	struct entry *e = (struct entry *)((char *)t - offsetof(struct entry, timer));
	enum neigh_action action = neigh_tick(&e->neigh, now);
	if (e->neigh.state == NEIGH_STALE) {
		if (now - e->used_ns < 2 * NF_NS_PER_S)
			action = neigh_used(&e->neigh, now);
		else if (now - RTE_MAX(e->used_ns, e->neigh.learnt_ns) > NEIGH_IDLE_NS) {
			unlink_entry(e);
			return;
		}
	}
	act(e, action);
}

static struct entry *create(uint16_t iface, uint8_t family, const uint8_t *addr)
{
	struct entry *e = r.n < r.most ? calloc(1, sizeof(*e)) : NULL;
	struct entry **slot = &r.buckets[bucket_of(iface, family, addr)];
	if (!e)
		return NULL;
	e->iface = iface;
	e->family = family;
	memcpy(e->addr, addr, family == 4 ? 4 : 16);
	e->timer.fn = on_timer;
	e->next = *slot;
	__atomic_store_n(slot, e, __ATOMIC_RELEASE);
	r.n++;
	return e;
}

static void learnt(const struct event *ev, uint64_t now)
{
	struct entry *e = find(ev->iface, ev->family, ev->addr);
	if (!e && ev->create)
		e = create(ev->iface, ev->family, ev->addr);
	if (!e)
		return;
	memcpy(e->mac, ev->mac, 6);
	__atomic_store_n(&e->usable, true, __ATOMIC_RELEASE);
	neigh_learnt(&e->neigh, now);
	for (uint8_t i = 0; i < e->n_waiting; i++)
		nf_inject(e->waiting[i], r.edge_neigh);
	e->n_waiting = 0;
	act(e, NEIGH_NOTHING);
}

static void wait(struct rte_mbuf *m, uint64_t now)
{
	struct nf_pkt *p = nf_pkt(m);
	uint8_t addr[16] = {0};
	memcpy(addr, p->next_hop.v6, p->ip_version == 4 ? 4 : 16);
	struct entry *e = find(p->iface, p->ip_version, addr);
	bool is_new = !e;
	if (is_new)
		e = create(p->iface, p->ip_version, addr);
	if (e && e->usable) { /* learnt while the packet was on its way here */
		nf_inject(m, r.edge_neigh);
		return;
	}
	if (!e || e->n_waiting == WAITING) {
		nf_count_shared(ip_c.neigh_queue_full, 1);
		rte_pktmbuf_free(m);
		return;
	}
	e->waiting[e->n_waiting++] = m;
	if (is_new)
		act(e, neigh_begin(&e->neigh, now));
}

static void turn(uint64_t now)
{
	struct event ev;
	for (unsigned int i = 0; i < PER_TURN && rte_ring_sc_dequeue_elem(r.ring, &ev, sizeof(ev)) == 0; i++) {
		if (ev.m)
			wait(ev.m, now);
		else
			learnt(&ev, now);
	}
}

int resolver_init(uint32_t most)
{
	r.most = most;
	r.ring = rte_ring_create_elem("ip-neigh", sizeof(struct event), RING_SIZE, SOCKET_ID_ANY, RING_F_SC_DEQ);
	if (!r.ring)
		return -ENOMEM;
	nf_mgmt_hook(turn);
	return 0;
}

int resolver_place(void)
{
	char name[RTE_NODE_NAMESIZE];
	r.edge_neigh = nf_inject_edge("neigh");
	r.edge_icmp = nf_inject_edge("icmp_error");
	for (uint16_t p = 0; p < nf_port_count(); p++) {
		snprintf(name, sizeof(name), "nf_tx-%u", p);
		r.edge_tx[p] = nf_inject_edge(name);
	}
	return 0;
}

void resolver_fini(void)
{
	for (uint32_t b = 0; b < BUCKETS; b++)
		while (r.buckets[b]) {
			struct entry *e = r.buckets[b];
			for (uint8_t i = 0; i < e->n_waiting; i++)
				rte_pktmbuf_free(e->waiting[i]);
			unlink_entry(e);
		}
	rte_ring_free(r.ring);
	r.ring = NULL;
}
