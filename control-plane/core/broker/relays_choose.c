/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/crypto.h"
#include "broker/relays_internal.h"

/* The highest of all relays wins (rendezvous hashing): one more takes its share from each, and moves nobody else. The
 * key is known: neither id is of a peer's choice. */
static uint64_t rank(const struct broker_relay_user *who, const struct relay *r)
{
	static const uint8_t known_key[16];
	struct portal_uuid pair[2] = {who->id, r->id};
	return cp_siphash(known_key, pair, sizeof(pair));
}

/* What the peer has in slot i; NULL: it is gone. */
static struct relay *held(const struct broker_relays *s, const struct broker_relay_peer *peer, unsigned int i)
{
	struct relay *r = relays_find(s, &peer->given[i].id);
	return r && peer->given[i].version >= r->first_version ? r : NULL;
}

static bool has(const struct broker_relay_peer *peer, const struct relay *r)
{
	for (unsigned int i = 0; i < peer->n; i++)
		if (memcmp(&peer->given[i].id, &r->id, sizeof(r->id)) == 0)
			return true;
	return false;
}

static struct relay *best(const struct broker_relays *s, const struct broker_relay_user *who,
			  const struct broker_relay_peer *peer, bool must_listen)
{
	struct relay *found = NULL;
	uint64_t highest = 0;
	for (size_t i = 0; i < s->n; i++) {
		struct relay *r = &s->list[i];
		if (!relay_is_online(r) || (must_listen && r->listens_at != 0) || has(peer, r))
			continue;
		uint64_t its = rank(who, r);
		if (!found || its > highest) {
			found = r;
			highest = its;
		}
	}
	return found;
}

/* Gives relays until it has n, or there are no more; says whether there was one. */
static bool fill(const struct broker_relays *s, const struct broker_relay_user *who, struct broker_relay_peer *peer,
		 unsigned int n, bool must_listen)
{
	bool any = false;
	for (struct relay *r; peer->n < n && (r = best(s, who, peer, must_listen)) != NULL; any = true) {
		peer->given[peer->n].id = r->id;
		peer->given[peer->n++].version = r->version;
		r->peers++;
	}
	return any;
}

static void put(const struct portal_relay *common, const struct cp_addr *addr, struct broker_relay_list *ret)
{
	if (addr->family == CP_NONE)
		return;
	ret->relays[ret->n] = *common;
	ret->relays[ret->n++].addr = *addr;
}

/* All it has, as they are now. */
static void tell(const struct broker_relays *s, const struct broker_relay_user *who, struct broker_relay_peer *peer,
		 struct broker_relay_list *ret)
{
	for (unsigned int i = 0; i < peer->n; i++) {
		const struct relay *r = held(s, peer, i);
		struct portal_relay common = relay_credentials(r, who, i, ret);
		put(&common, &r->ipv4, ret);
		put(&common, &r->ipv6, ret);
		peer->given[i].version = r->version;
		peer->given[i].is_early = r->listens_at != 0;
	}
}

/* Takes what is gone away from the peer, and names it. */
static void disconnect(const struct broker_relays *s, struct broker_relay_peer *peer, struct broker_relay_list *ret)
{
	unsigned int kept = 0;
	for (unsigned int i = 0; i < peer->n; i++)
		if (held(s, peer, i))
			peer->given[kept++] = peer->given[i];
		else
			ret->disconnected[ret->n_disconnected++] = peer->given[i].id;
	peer->n = (uint8_t)kept;
}

/* Something it has says something else, or listens by now. */
static bool is_stale(const struct broker_relays *s, const struct broker_relay_peer *peer)
{
	for (unsigned int i = 0; i < peer->n; i++) {
		const struct relay *r = held(s, peer, i);
		if (r && (r->version != peer->given[i].version || (peer->given[i].is_early && r->listens_at == 0)))
			return true;
	}
	return false;
}

void broker_relays_init(struct broker_relays *s, const struct broker_relay_user *who, struct broker_relay_peer *peer,
			struct broker_relay_list *ret)
{
	memset(ret, 0, sizeof(*ret));
	broker_relays_leave(s, peer);
	fill(s, who, peer, BROKER_RELAYS_CHOSEN, false);
	tell(s, who, peer, ret);
}

bool broker_relays_presence(struct broker_relays *s, const struct broker_relay_user *who, struct broker_relay_peer *peer,
			    struct broker_relay_list *ret)
{
	ret->n = ret->n_disconnected = 0;
	disconnect(s, peer, ret);
	bool needs = is_stale(s, peer);
	/* who has one can wait until the other listens */
	bool filled = fill(s, who, peer, BROKER_RELAYS_CHOSEN, peer->n > 0);
	if (!needs && !filled && ret->n_disconnected == 0)
		return false;
	tell(s, who, peer, ret);
	return true;
}

void broker_relays_all(struct broker_relays *s, const struct broker_relay_user *who, struct broker_relay_peer *peer,
		       struct broker_relay_list *ret)
{
	memset(ret, 0, sizeof(*ret));
	disconnect(s, peer, ret);
	ret->n_disconnected = 0; /* it has none, it says */
	fill(s, who, peer, BROKER_RELAYS_TOLD, false);
	tell(s, who, peer, ret);
}

void broker_relays_leave(struct broker_relays *s, struct broker_relay_peer *peer)
{
	for (unsigned int i = 0; i < peer->n; i++) {
		struct relay *r = held(s, peer, i);
		if (r)
			r->peers--;
	}
	*peer = (struct broker_relay_peer){.n = 0};
}
