/* SPDX-License-Identifier: Apache-2.0 */
/* The list of peers, as fetched. */
#ifndef CTL_PEERS_H
#define CTL_PEERS_H

#include "ctl.h"

struct ctl_peer {
	struct nf_peer_info info;
	struct nf_addr *allowed; /* owned; info.allowed_count of them */
};

struct ctl_peers {
	size_t n;
	struct ctl_peer *at; /* owned */
};

/* Free `ret` in any case. */
enum ctl_exit peers_fetch(struct ctl *ctl, struct ctl_peers *ret);
/* The one that args.peer means, or NULL with link.error filled. */
const struct ctl_peer *peers_named(struct ctl *ctl, const struct ctl_peers *peers);
void peers_free(struct ctl_peers *peers);

#endif
