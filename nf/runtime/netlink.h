/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few requests of rtnetlink that the host port needs, each acknowledged before it returns. Mgmt only.
 * Functions return 0 or -errno of the kernel and log nothing.
 */
#ifndef NF_NETLINK_H
#define NF_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include <nf/iface.h>

struct mnl_socket;

/* Returns owned, NULL: errno says why. */
struct mnl_socket *netlink_open(void);
void netlink_close(struct mnl_socket *nl); /* NULL is fine */

/* Brings the link up without address resolution. */
int netlink_link_up_noarp(struct mnl_socket *nl, unsigned int ifindex, uint32_t mtu);
/* The address alone (/32, /128), usable at once. -EEXIST when it is there already. */
int netlink_address_add(struct mnl_socket *nl, unsigned int ifindex, const struct nf_ip *addr);
int netlink_address_remove(struct mnl_socket *nl, unsigned int ifindex, const struct nf_ip *addr);
/* Default route of source's family to the link itself, preferring `source`; replaces the one of the same metric. */
int netlink_default_route(struct mnl_socket *nl, unsigned int ifindex, const struct nf_ip *source, uint32_t metric);

#endif
