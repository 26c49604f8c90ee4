/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of all packets: how many, how large, and where they lie. */
#include <errno.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>

#include <nf/pkt.h>

#include "runtime.h"

#define DESCRIPTORS    1024
#define AF_XDP_FRAMES  2048 /* in the fill ring of net_af_xdp, whatever size is asked for */
#define CACHE          256
#define SPARE          8192 /* in rings, with plugins, being built */
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN)

static struct rte_mempool *pool;

struct rte_mempool *ports_pool(void)
{
	return pool;
}

struct rte_mbuf *nf_pkt_alloc(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	if (m)
		memset(nf_pkt(m), 0, sizeof(struct nf_pkt));
	return m;
}

static bool is_af_xdp(const struct config_port *c)
{
	return strncmp(c->device, "net_af_xdp", strlen("net_af_xdp")) == 0;
}

static bool is_nic(const struct config_port *c)
{
	return strncmp(c->device, "net_", strlen("net_")) != 0;
}

static bool any_port(const struct sluice_config *cfg, bool (*is)(const struct config_port *c))
{
	for (uint16_t i = 0; i < cfg->nf.n_ports; i++)
		if (is(&cfg->nf.ports[i]))
			return true;
	return false;
}

/*
 * net_af_xdp reports what was dropped for want of a frame, but not what found the receive ring full: that ring
 * must have room for every frame that may arrive.
 */
uint16_t port_descriptors(const struct config_port *c)
{
	uint16_t wanted = c->descriptors ? c->descriptors : DESCRIPTORS;
	return is_af_xdp(c) && wanted < AF_XDP_FRAMES ? AF_XDP_FRAMES : wanted;
}

static uint16_t largest_mtu(const struct sluice_config *cfg)
{
	uint16_t mtu = 1500;
	for (uint16_t i = 0; i < cfg->nf.n_ports; i++)
		if (cfg->nf.ports[i].mtu > mtu)
			mtu = cfg->nf.ports[i].mtu;
	return mtu;
}

static unsigned int packets(const struct sluice_config *cfg, uint32_t workers)
{
	unsigned int n = SPARE + workers * CACHE * 2 + 2u * DESCRIPTORS * workers; /* the last: of the host port */
	for (uint16_t i = 0; i < cfg->nf.n_ports; i++)
		n += 2u * port_descriptors(&cfg->nf.ports[i]) * workers;
	return n;
}

/*
 * net_af_xdp registers as much memory as the pool's packets take side by side: a buffer that lies further back,
 * because the pool leaves a gap at the end of each page, is one that the kernel refuses without a word, and so is
 * one in a second piece of memory. Gaps are for NICs that want physical addresses.
 */
static unsigned int flags(const struct sluice_config *cfg)
{
	return any_port(cfg, is_nic) && rte_eal_iova_mode() == RTE_IOVA_PA ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
}

/* rte_pktmbuf_pool_create() with flags. */
static struct rte_mempool *create(unsigned int n, uint16_t room, unsigned int with)
{
	unsigned int each = (unsigned int)(sizeof(struct rte_mbuf) + sizeof(struct nf_pkt) + room);
	struct rte_pktmbuf_pool_private sizes = {.mbuf_data_room_size = room, .mbuf_priv_size = sizeof(struct nf_pkt)};
	struct rte_mempool *p = rte_mempool_create_empty("packets", n, each, CACHE, sizeof(sizes), SOCKET_ID_ANY, with);
	if (!p || rte_mempool_set_ops_byname(p, rte_mbuf_best_mempool_ops(), NULL) != 0)
		goto no_pool;
	rte_pktmbuf_pool_init(p, &sizes);
	if (rte_mempool_populate_default(p) < 0)
		goto no_pool;
	rte_mempool_obj_iter(p, rte_pktmbuf_init, NULL);
	return p;
no_pool:
	rte_mempool_free(p);
	return NULL;
}

/* One segment holds a whole frame, with room before it for outer headers and after it for padding and tag. */
int pool_create(const struct sluice_config *cfg, uint32_t workers)
{
	unsigned int n = packets(cfg, workers);
	uint16_t room = (uint16_t)(RTE_PKTMBUF_HEADROOM + largest_mtu(cfg) + FRAME_OVERHEAD + NF_PKT_TAILROOM);
	room = (uint16_t)RTE_ALIGN(room < RTE_MBUF_DEFAULT_BUF_SIZE ? RTE_MBUF_DEFAULT_BUF_SIZE : room, 64);
	pool = create(n, room, flags(cfg));
	if (pool && pool->nb_mem_chunks > 1 && any_port(cfg, is_af_xdp)) {
		rte_mempool_free(pool);
		pool = NULL;
	}
	if (pool)
		return 0;
	nf_log(NF_ERR, "pool_failed", "packets=%u bytes_each=%u hint=\"nf.memory_mb is too small\"", n, room);
	return -ENOMEM;
}
