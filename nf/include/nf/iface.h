/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces {port, optional VLAN} with their addresses. writer: mgmt; readers: workers (RCU). The
 * array is replaced as a whole when the file changes; a worker reads nf_ifaces() once per burst.
 */
#ifndef NF_IFACE_H
#define NF_IFACE_H

#include <stdbool.h>
#include <stdint.h>

#define NF_IFACE_MAX      8
#define NF_IFACE_ADDR_MAX 32
#define NF_PORT_MAX       8
#define NF_IFACE_HOST     0 /* the host TAP; wan is 1, lan is 2 */
#define NF_IFACE_WAN      1
#define NF_IFACE_LAN      2

struct nf_ip {
	uint8_t family; /* 4 or 6; 0: none */
	uint8_t prefix_len;
	uint8_t zero[2];
	union {
		uint32_t v4; /* network byte order */
		uint8_t v6[16];
	};
};

struct nf_iface {
	char name[16];
	uint16_t id;
	uint16_t port;  /* index into nf_ports(), also the tx edge of `neigh` */
	uint16_t vlan;  /* 0: untagged */
	uint16_t mtu;   /* of L3 packets */
	uint16_t domain;
	uint8_t mac[6];
	bool in_use;
	uint8_t n_addrs;
	struct nf_ip addrs[NF_IFACE_ADDR_MAX];
	struct nf_ip link_local; /* from the MAC; always ours */
	struct nf_ip gateway4, gateway6;
};

struct nf_port {
	char name[32];
	uint16_t dpdk_id;
	uint16_t rx_queues, tx_queues;
	uint16_t mtu;
	uint8_t mac[6];
	bool rss;            /* spreads flows over its rx queues by itself */
	bool csum_ip, csum_udp; /* tx offloads */
	bool is_host;
};

struct nf_route {
	struct nf_ip to;  /* prefix */
	struct nf_ip via; /* family 0: on-link */
	uint16_t iface;
};

/* The network as configured; immutable once published. */
struct nf_net {
	struct nf_iface iface[NF_IFACE_MAX]; /* by id */
	uint16_t n_routes;
	struct nf_route *routes; /* configured, connected and default ones; longest prefix first */
	/* every IPv4 address of the interfaces above, side by side: each packet is compared with them */
	uint16_t n_own4;
	struct nf_own4 {
		uint32_t v4; /* network byte order */
		uint32_t iface;
	} own4[NF_IFACE_MAX * NF_IFACE_ADDR_MAX];
};

/* Workers: valid until the end of the graph walk. Mgmt: until it publishes the next one. */
const struct nf_net *nf_net(void);

/* Immutable after start. */
const struct nf_port *nf_port(uint16_t index);
uint16_t nf_port_count(void);

/* True if the address is one of this node's in that domain; ret_iface (may be NULL): whose. Any thread. */
bool nf_net_is_own4(const struct nf_net *net, uint32_t be_addr, uint16_t *ret_iface);
bool nf_net_is_own6(const struct nf_net *net, const uint8_t addr[16], uint16_t *ret_iface);

/* Longest matching route, NULL: none. Any thread. */
const struct nf_route *nf_net_route4(const struct nf_net *net, uint32_t be_addr);
const struct nf_route *nf_net_route6(const struct nf_net *net, const uint8_t addr[16]);

/* The interface's own address to use as source towards `to`; family 0 if it has none of that family. */
struct nf_ip nf_iface_source(const struct nf_iface *iface, const struct nf_ip *to);

/* How far transmission of everything handed to a port's queues has come (flush barrier). */
enum nf_tx_state { NF_TX_PENDING, NF_TX_SENT, NF_TX_ACCEPTED /* the driver cannot say */ };
enum nf_tx_state nf_port_tx_state(uint16_t index);

#endif
