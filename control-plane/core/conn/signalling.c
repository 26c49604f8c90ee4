/* SPDX-License-Identifier: Apache-2.0 */
/* Remote candidates as the portal brings them, of peers known and not known yet (connectivity §1.5.4, §1.5.5). */
#include "conn/node.h"

void candidates_early_arm(struct conn_node *n)
{
	cp_heap_arm(&n->heap, &n->early_timed.timer, early_deadline(&n->early));
}

static int buffer(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const struct ice_candidate *r, cp_time now)
{
	int e = early_add(&n->early, id, r, now);
	n->counters->candidates_early += e == 0;
	n->counters->candidates_early_dropped += e < 0;
	candidates_early_arm(n);
	return e;
}

int conn_candidate_add(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const char *text, size_t bytes, cp_time now)
{
	struct ice_candidate r;
	struct connection *c = connection_by_id(n, id);
	int e = ice_candidate_parse(text, bytes, &r);
	node_at(n, now);
	n->counters->candidates++;
	if (e != 0) {
		n->counters->candidates_bad++;
		return e;
	}
	if (!c)
		return buffer(n, id, &r, now);
	e = candidates_remote(n, c, &r, now);
	n->counters->candidates_bad += e == ICE_E_NOT_USABLE;
	connection_serve(n, c, now);
	return e;
}

int conn_candidate_remove(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const char *text, size_t bytes, cp_time now)
{
	struct ice_candidate r;
	struct connection *c = connection_by_id(n, id);
	int e = ice_candidate_parse(text, bytes, &r);
	node_at(n, now);
	n->counters->candidates_bad += e != 0;
	if (e != 0)
		return e;
	if (!c) {
		bool was = early_remove(&n->early, id, &r);
		candidates_early_arm(n);
		return was ? 0 : 1;
	}
	bool was = ice_remote_remove(c->ice, &r, now);
	if (was)
		stash_want(c, false);
	connection_serve(n, c, now);
	return was ? 0 : 1;
}
