/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to an endpoint: from which address, by which port, and the headers of its packets. It holds for a burst: a
 * configuration may go afterwards. Workers, and the management thread.
 */
#ifndef WG_OUTER_H
#define WG_OUTER_H

#include <rte_mbuf.h>

#include <nf/pkt.h>

#include "head.h"
#include "wg.h"

struct outer_path {
	const struct wg_endpoint *to; /* borrowed; NULL: none was looked for yet */
	struct wg_head head;          /* family 0: nothing leads there */
	uint64_t ol_flags, tx_offload; /* what the port sums up itself */
};

/* to may be NULL. */
void outer_path_find(struct outer_path *ret, const struct wg_endpoint *to);

/* Makes m the datagram whose message lies at `message`, in m's buffer. False: no path, or no room in front; m is as it was. */
static inline bool outer_push(struct rte_mbuf *m, const struct outer_path *path, uint8_t *message, uint32_t bytes, uint8_t ecn,
			      uint64_t message_sum)
{
	const struct wg_head *h = &path->head;
	ptrdiff_t room = message - (uint8_t *)m->buf_addr;
	if (unlikely(h->family == 0 || room < h->size))
		return false;
	wg_head_put(message - h->size, h, bytes, ecn, message_sum);
	m->data_off = (uint16_t)(room - h->size);
	m->data_len = (uint16_t)(bytes + h->size);
	m->pkt_len = bytes + h->size;
	if (path->ol_flags) {
		m->ol_flags |= path->ol_flags;
		m->tx_offload = path->tx_offload;
	}
	struct nf_pkt *p = nf_pkt(m);
	p->ip_version = h->family;
	p->flags |= NF_PKT_LOCAL | NF_PKT_TUNNEL_OUT;
	return true;
}

#endif
