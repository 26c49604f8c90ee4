/* SPDX-License-Identifier: Apache-2.0 */
/* The way to an endpoint, and what the management thread sends there. */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "outer.h"

static bool choose_local(const struct wg_endpoint *e, uint8_t ret[16], const struct nf_port **ret_port)
{
	const struct nf_net *net = nf_net();
	struct nf_ip to = {.family = e->family};
	static const uint8_t none[16];
	memcpy(to.v6, e->remote, e->family == 4 ? 4 : 16);
	const struct nf_route *r = e->family == 4 ? nf_net_route4(net, to.v4) : nf_net_route6(net, to.v6);
	if (!r)
		return false;
	const struct nf_iface *iface = &net->iface[r->iface];
	*ret_port = nf_port(iface->port);
	memcpy(ret, e->local, 16);
	if (memcmp(e->local, none, 16) != 0)
		return true;
	struct nf_ip source = nf_iface_source(iface, &to);
	memcpy(ret, source.v6, 16);
	return source.family == e->family;
}

/* A port that sums UDP over IPv4 sums the header as well. */
static void leave_to_port(struct outer_path *p, const struct nf_port *port)
{
	struct wg_head *h = &p->head;
	bool v4 = h->family == 4, ip = v4 && port->csum_ip, udp = port->csum_udp && (!v4 || port->csum_ip);
	h->sums_ip = !ip;
	h->sums_udp = !udp;
	if (!ip && !udp)
		return;
	p->ol_flags = v4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6;
	if (udp)
		p->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	p->tx_offload = rte_mbuf_tx_offload(RTE_ETHER_HDR_LEN, (uint64_t)h->size - WG_HEAD_UDP, 0, 0, 0, 0, 0);
}

void outer_path_find(struct outer_path *ret, const struct wg_endpoint *to)
{
	const struct nf_port *port;
	uint8_t local[16];
	ret->to = to;
	ret->ol_flags = ret->tx_offload = 0;
	ret->head.family = 0;
	if (!to || !choose_local(to, local, &port))
		return;
	wg_head_make(&ret->head, to->family, local, to->remote, to->local_port ? to->local_port : wg.options.listen[0], to->remote_port);
	leave_to_port(ret, port);
}

void outer_send(const void *message, uint16_t bytes, const struct wg_endpoint *to)
{
	struct rte_mbuf *m = nf_pkt_alloc();
	struct outer_path path;
	if (!m)
		return;
	outer_path_find(&path, to);
	uint8_t *at = (uint8_t *)rte_pktmbuf_append(m, bytes);
	memcpy(at, message, bytes);
	if (outer_push(m, &path, at, bytes, 0, nf_sum16(message, bytes, 0)))
		nf_inject(m, wg.edge_ip_route);
	else
		rte_pktmbuf_free(m);
}
