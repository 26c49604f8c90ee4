/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client and a gateway may disagree about the path for minutes, and a new connection with the same credentials only
 * reuses the stuck one (connectivity trap 12). Two attempts in a row that failed although a path was there show it.
 * A ring: few gateways fail at one time, and one that is forgotten costs one more attempt.
 */
#include <string.h>

#include "conn/node.h"

static struct failures_of *find(struct conn_node *n, const uint8_t id[CONN_ID_BYTES])
{
	for (unsigned int i = 0; i < FAILURES_MAX; i++)
		if (n->failures[i].n && memcmp(n->failures[i].id, id, CONN_ID_BYTES) == 0)
			return &n->failures[i];
	return NULL;
}

void failures_forget(struct conn_node *n, const uint8_t id[CONN_ID_BYTES])
{
	struct failures_of *f = find(n, id);
	if (f)
		*f = (struct failures_of){0};
}

bool failures_count(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], bool had_path)
{
	struct failures_of *f = find(n, id);
	if (!had_path || f) {
		failures_forget(n, id);
		return had_path;
	}
	f = &n->failures[n->failures_next++ % FAILURES_MAX];
	memcpy(f->id, id, CONN_ID_BYTES);
	f->n = 1;
	return false;
}
