/* SPDX-License-Identifier: Apache-2.0 */
#include "peers.h"

#include <stdlib.h>
#include <string.h>

#include "match.h"

/* A command line tool has nothing better to do without memory. */
static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static void take(void *arg, const void *body, const void *tail, size_t tail_bytes)
{
	struct ctl_peers *peers = arg;
	if ((peers->n & (peers->n + 1)) == 0) /* doubles at 0, 1, 3, 7… */
		peers->at = must(reallocarray(peers->at, 2 * peers->n + 1, sizeof(*peers->at)));
	struct ctl_peer *p = &peers->at[peers->n++];
	memcpy(&p->info, body, sizeof(p->info));
	/* a message has an end: of very many prefixes the last ones are not there */
	if (p->info.allowed_count > tail_bytes / sizeof(struct nf_addr))
		p->info.allowed_count = (uint32_t)(tail_bytes / sizeof(struct nf_addr));
	p->allowed = must(calloc(p->info.allowed_count + 1, sizeof(struct nf_addr)));
	memcpy(p->allowed, tail, p->info.allowed_count * sizeof(struct nf_addr));
}

enum ctl_exit peers_fetch(struct ctl *ctl, struct ctl_peers *ret)
{
	struct nf_empty empty = {0};
	*ret = (struct ctl_peers){0};
	return link_request(&ctl->link, NF_MSG_PEERS_GET, &empty, sizeof(empty), take, ret,
			    sizeof(struct nf_peer_info));
}

const struct ctl_peer *peers_named(struct ctl *ctl, const struct ctl_peers *peers)
{
	struct match_peer *m = must(calloc(peers->n + 1, sizeof(*m)));
	size_t a = 0, b = 0;
	for (size_t i = 0; i < peers->n; i++) {
		fmt_name(m[i].name, peers->at[i].info.name);
		fmt_key(m[i].key, peers->at[i].info.public_key);
	}
	int found = match_peer(m, peers->n, ctl->args.peer, &a, &b);
	if (found == MATCH_NONE)
		snprintf(ctl->link.error, LINK_ERROR_BYTES, "there is no peer \"%.64s\"", ctl->args.peer);
	if (found == MATCH_AMBIGUOUS)
		snprintf(ctl->link.error, LINK_ERROR_BYTES, "\"%.64s\" could be %s (%s) or %s (%s)",
			 ctl->args.peer, m[a].name, m[a].key, m[b].name, m[b].key);
	free(m);
	return found >= 0 ? &peers->at[found] : NULL;
}

void peers_free(struct ctl_peers *peers)
{
	for (size_t i = 0; i < peers->n; i++)
		free(peers->at[i].allowed);
	free(peers->at);
	*peers = (struct ctl_peers){0};
}
