/* SPDX-License-Identifier: Apache-2.0 */
/* What the NF must be told of a peer besides its connection; survives a restart as a stash record of its own. */
#ifndef CP_PATHS_TUNNEL_H
#define CP_PATHS_TUNNEL_H

#include "paths/paths.h"

#define TUNNEL_STASH_PART 15u /* of the peer's records; lower ones are the connection's */

struct paths_tunnel {
	struct cp_map_entry by_key;
	uint8_t key[NF_KEY_BYTES];
	uint8_t id[CONN_ID_BYTES];
	struct nf_peer_upsert upsert; /* as told last; wiped with the tunnel */
	struct nf_addr allowed[PATHS_ALLOWED_MAX];
	bool unsaved;
};

/* The layout of the record: host byte order, since both ends are this host. */
struct tunnel_record {
	uint32_t version;
	uint32_t n_allowed;
	uint8_t id[CONN_ID_BYTES];
	char name[NF_NAME_BYTES];
	struct nf_addr allowed[PATHS_ALLOWED_MAX];
};

struct paths_tunnel *tunnel_find(const struct cp_paths *p, const uint8_t key[NF_KEY_BYTES]); /* NULL: none */
/* Finds or makes it; NULL: out of memory. */
struct paths_tunnel *tunnel_make(struct cp_paths *p, const uint8_t key[NF_KEY_BYTES]);
/* Is there a connection that has it? */
bool tunnel_is_used(const struct cp_paths *p, const struct paths_tunnel *t);
void tunnel_drop(struct cp_paths *p, struct paths_tunnel *t); /* NULL is fine */
/* If no connection has it, and the NF was never told of it. */
void tunnel_drop_unused(struct cp_paths *p, const uint8_t key[NF_KEY_BYTES]);
void tunnels_drop_all(struct cp_paths *p);
void tunnel_save(const struct paths_tunnel *t, struct tunnel_record *ret);
/* Unless there is one already. False: malformed, or out of memory. */
bool tunnel_restore(struct cp_paths *p, const uint8_t key[NF_KEY_BYTES], const void *data, size_t bytes);

#endif
