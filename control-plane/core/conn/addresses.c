/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of this host, and what a change of them means to relays. */
#include <string.h>

#include "conn/node.h"

static bool has_family(const struct cp_addr *list, unsigned int n, uint8_t family)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i].family == family)
			return true;
	return false;
}

static bool is_told(const struct conn_node *n, const struct cp_addr *a)
{
	for (unsigned int i = 0; i < n->n_told; i++)
		if (cp_addr_equal(&n->told[i], a))
			return true;
	return false;
}

static bool has_another(const struct conn_node *n, const struct cp_addr *was, unsigned int n_was)
{
	unsigned int same = 0;
	for (unsigned int i = 0; i < n_was; i++)
		same += is_told(n, &was[i]);
	return same < n->n_told;
}

/* A relay that knows us by an address which is gone, or that had no way to answer, at all or on a family, begins anew. */
static bool must_restart(const struct conn_node *n, const struct relay *r, bool new_v4, bool new_v6, bool new_any)
{
	if (new_any && !turn_active_server(r->turn))
		return true;
	struct cp_addr v4 = turn_host(r->turn, CP_V4), v6 = turn_host(r->turn, CP_V6);
	if ((v4.family && !is_told(n, &v4)) || (v6.family && !is_told(n, &v6)))
		return true;
	return (new_v4 && r->server[0].family && !v4.family) || (new_v6 && r->server[1].family && !v6.family);
}

void addresses_restart(struct conn_node *n, bool new_v4, bool new_v6, bool new_any, cp_time now)
{
	for (unsigned int i = 0; i < n->n_relays; i++) {
		struct relay *r = n->relays[i];
		if (r->restoring || !must_restart(n, r, new_v4, new_v6, new_any))
			continue;
		turn_restart(r->turn, now);
		relay_touch(n, r);
	}
}

void conn_addresses(struct conn_node *n, const struct cp_addr *addrs, unsigned int count, cp_time now)
{
	node_at(n, now);
	struct cp_addr was[HOSTS_MAX];
	unsigned int n_was = n->n_told;
	memcpy(was, n->told, n_was * sizeof(was[0]));
	bool had_v4 = has_family(n->told, n->n_told, CP_V4), had_v6 = has_family(n->told, n->n_told, CP_V6);
	memset(n->told, 0, sizeof(n->told));
	n->n_told = 0;
	for (unsigned int i = 0; i < count && n->n_told < HOSTS_MAX; i++)
		if (ice_address_is_usable(&addrs[i]) && !is_told(n, &addrs[i]))
			n->told[n->n_told++] = addrs[i];
	n->hosts_told = n->local_unsaved = true;
	bool new_v4 = !had_v4 && has_family(n->told, n->n_told, CP_V4), new_v6 = !had_v6 && has_family(n->told, n->n_told, CP_V6);
	addresses_restart(n, new_v4, new_v6, n_was > 0 && has_another(n, was, n_was), now);
	if (candidates_gather(n))
		candidates_sync_all(n, now);
}
