/* SPDX-License-Identifier: Apache-2.0 */
/* What a PEER_UPSERT must be before anything is done with it. Pure; mgmt. */
#ifndef WG_UPSERT_H
#define WG_UPSERT_H

#include <stddef.h>

#include <nf/wire.h>

#define WG_ALLOWED_MAX 1200

/*
 * 0, or -EBADMSG (sizes) or -EINVAL (values) with ret_why filled. The body was checked to be there;
 * own_key: this node's public key, or NULL while there is none (-EPROTO).
 */
int wg_upsert_check(const struct nf_peer_upsert *u, const struct nf_addr *allowed, size_t tail_bytes,
		    const uint8_t *own_key, char ret_why[NF_TEXT_BYTES]);

#endif
