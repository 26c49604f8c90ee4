/* SPDX-License-Identifier: Apache-2.0 */
/* The NF beside the core: what it was told, and what it does with datagrams. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "portal.h"
#include "trace.h"
#include "wg_wire.h"
#include "world.h"

/* --- channels --- */

static struct channel *channel_to(const struct host *h, const struct cp_addr *relay, const struct cp_addr *peer)
{
	struct channel *c = h->channels;
	while (c && !(cp_addr_equal(&c->relay, relay) && cp_addr_equal(&c->peer, peer)))
		c = c->next;
	return c;
}

static struct channel *channel_numbered(const struct host *h, const struct cp_addr *relay, uint16_t number)
{
	struct channel *c = h->channels;
	while (c && !(cp_addr_equal(&c->relay, relay) && c->number == number))
		c = c->next;
	return c;
}

uint16_t host_channel_of(const struct host *h, const struct cp_addr *relay, const struct cp_addr *peer)
{
	const struct channel *c = channel_to(h, relay, peer);
	return c ? c->number : 0;
}

static void channel_remove(struct host *h, struct channel *gone)
{
	struct channel **at = &h->channels;
	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	free(gone);
}

static void channel_set(struct host *h, const struct conn_out *o)
{
	struct channel *c = channel_numbered(h, &o->relay, o->channel);
	if (!o->up) {
		if (c)
			channel_remove(h, c);
		return;
	}
	if (!c) {
		c = calloc(1, sizeof(*c));
		assert(c);
		c->next = h->channels;
		h->channels = c;
	}
	c->relay = o->relay;
	c->relayed = o->from;
	c->peer = o->to;
	c->number = o->channel;
}

static void channel_report(struct host *h, struct channel *c, bool received)
{
	cp_time *reported = received ? &c->reported_received : &c->reported_sent;
	struct conn_report r = {.kind = CONN_REPORT_CHANNEL, .relay = c->relay, .channel = c->number, .received = received};
	if (h->clock->now < *reported + CP_S)
		return;
	*reported = h->clock->now;
	host_report(h, &r);
}

/* --- datagrams --- */

static struct cp_addr *own_address(struct host *h, const struct cp_addr *a)
{
	for (unsigned int i = 0; i < h->n_addrs; i++)
		if (cp_addr_equal(&h->addrs[i].addr, a))
			return &h->addrs[i].addr;
	return NULL;
}

static const struct cp_addr *any_of_family(const struct host *h, uint8_t family)
{
	for (unsigned int i = 0; i < h->n_addrs; i++)
		if (h->addrs[i].addr.family == family)
			return &h->addrs[i].addr;
	return NULL;
}

bool host_send(struct host *h, const struct cp_addr *from, const struct cp_addr *to, const uint8_t *data, size_t bytes)
{
	const struct cp_addr *src = from->family != CP_NONE ? own_address(h, from) : any_of_family(h, to->family);
	if (!src)
		return false;
	for (unsigned int i = 0; i < h->n_addrs; i++)
		if (src == &h->addrs[i].addr)
			nic_send(&h->nics[h->addrs[i].nic], h->name, src, to, data, bytes);
	return true;
}

void host_send_way(struct host *h, const struct way *way, const uint8_t *data, size_t bytes)
{
	static const struct cp_addr any;
	uint8_t framed[NET_PACKET_MAX];
	if (!way->channel) {
		host_send(h, &way->from, &way->to, data, bytes);
		return;
	}
	struct channel *c = channel_numbered(h, &way->relay, way->channel);
	if (c)
		channel_report(h, c, false);
	stun_channel_header(framed, way->channel, (uint16_t)bytes);
	memcpy(framed + STUN_CHANNEL_HEADER, data, bytes);
	host_send(h, &any, &way->relay, framed, bytes + STUN_CHANNEL_HEADER);
}

struct wg_peer *host_peer(const struct host *h, const uint8_t id[CONN_ID_BYTES])
{
	struct wg_peer *p = h->peers;
	while (p && memcmp(p->id, id, CONN_ID_BYTES) != 0)
		p = p->next;
	return p;
}

static struct wg_peer *peer_by_key(const struct host *h, const uint8_t key[CONN_KEY_BYTES])
{
	struct wg_peer *p = h->peers;
	while (p && memcmp(p->key, key, CONN_KEY_BYTES) != 0)
		p = p->next;
	return p;
}

void nf_wireguard(struct host *h, const struct way *back, const uint8_t *data, size_t bytes)
{
	const uint8_t *key = wg_initiator(data, bytes);
	struct wg_peer *p = key ? peer_by_key(h, key) : h->peers;
	while (!key && p && p->number != wg_receiver(data))
		p = p->next;
	if (p)
		wg_in(p, back, data, bytes);
}

static void inner(struct host *h, const struct way *back, const uint8_t *data, size_t bytes)
{
	if (wg_looks_like(data, bytes))
		nf_wireguard(h, back, data, bytes);
	else if (!(h->s.responds && responder_answers(h, back, data, bytes)))
		core_datagram(h, &back->from, &back->to, data, bytes);
}

/* A core that is down strips nothing, so the NF does whatever it was set to. */
void nf_datagram(struct host *h, const struct packet *p)
{
	struct stun_channel_data d;
	struct way back = {.from = p->dst, .to = p->src};
	struct channel *c = NULL;
	if (stun_channel_parse(p->data, p->bytes, &d))
		c = channel_numbered(h, &p->src, d.channel);
	if (c && (h->s.strips || !h->core) && c->relayed.family != CP_NONE) {
		channel_report(h, c, true);
		back = (struct way){.from = c->relayed, .to = c->peer, .relay = c->relay, .channel = c->number};
		inner(h, &back, d.payload, d.bytes);
	} else {
		inner(h, &back, p->data, p->bytes);
	}
}

/* --- what the core tells it --- */

static void peer_set(struct host *h, const struct conn_out *o)
{
	struct wg_peer *p = peer_by_key(h, o->peer->public_key);
	if (p)
		return;
	p = wg_peer_new(h, flow_of(h, o->peer->id), o->peer->id, o->peer->public_key, ++h->peers_made);
	p->next = h->peers;
	h->peers = p;
}

static void peer_remove(struct host *h, const struct conn_out *o)
{
	struct wg_peer **at = &h->peers, *p;
	while (*at && memcmp((*at)->key, o->key, CONN_KEY_BYTES) != 0)
		at = &(*at)->next;
	if (!(p = *at))
		return;
	if (o->goodbye)
		wg_goodbye(p);
	*at = p->next;
	wg_peer_free(p);
}

static bool is_stashed_as(const struct stashed *s, const struct conn_stash_key *k)
{
	return s->key.kind == k->kind && s->key.part == k->part && memcmp(s->key.key, k->key, sizeof(k->key)) == 0;
}

static void stash(struct host *h, const struct conn_out *o)
{
	struct stashed **at = &h->stash, *s;
	while (*at && !is_stashed_as(*at, &o->stash))
		at = &(*at)->next;
	if ((s = *at)) {
		*at = s->next;
		free(s);
	}
	if (o->bytes == 0)
		return;
	s = malloc(sizeof(*s) + o->bytes);
	assert(s);
	s->key = o->stash;
	s->bytes = o->bytes;
	memcpy(s->data, o->data, o->bytes);
	s->next = h->stash;
	h->stash = s;
}

static const char *path_name(enum conn_path_kind k)
{
	static const char *const names[] = {"none", "direct", "to its relay", "by our relay", "relay to relay"};
	return names[k <= CONN_PATH_RELAY_TO_RELAY ? k : 0];
}

void nf_output(struct host *h, const struct conn_out *o)
{
	struct wg_peer *p = NULL;
	switch (o->kind) {
	case CONN_OUT_PEER:
		peer_set(h, o);
		break;
	case CONN_OUT_PATH:
		h->count.paths++;
		trace_note(h->world->net.trace, h->clock->now, h->name, NULL, "path: %s", path_name(o->path.kind));
		if ((p = peer_by_key(h, o->key)))
			wg_path(p, &o->path);
		break;
	case CONN_OUT_HANDSHAKE:
		if ((p = peer_by_key(h, o->key)))
			wg_handshake(p);
		break;
	case CONN_OUT_REMOVE:
		peer_remove(h, o);
		break;
	case CONN_OUT_CHANNEL:
		channel_set(h, o);
		break;
	case CONN_OUT_RESPONDER:
		responder_set(h, o);
		break;
	default:
		stash(h, o);
	}
}

void nf_fini(struct host *h)
{
	while (h->channels)
		channel_remove(h, h->channels);
	responder_fini(h);
	while (h->peers) {
		struct wg_peer *p = h->peers;
		h->peers = p->next;
		wg_peer_free(p);
	}
	while (h->stash) {
		struct stashed *s = h->stash;
		h->stash = s->next;
		free(s);
	}
	flows_free(h);
}
