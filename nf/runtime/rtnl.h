/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few requests to this host's kernel that the host port needs, by rtnetlink (libmnl). Management
 * thread. 0 or -errno; what is there already when it is added, or gone when it is removed, is no error.
 */
#ifndef NF_RTNL_H
#define NF_RTNL_H

#include <stdbool.h>
#include <stdint.h>

#include <nf/iface.h>

struct mnl_socket;

struct mnl_socket *rtnl_open(void); /* NULL: errno says why */
void rtnl_close(struct mnl_socket *nl);

int rtnl_link_up(struct mnl_socket *nl, int ifindex, uint32_t mtu); /* up and NOARP */
/* A host address: /32 or /128 whatever the prefix length; IPv6 without duplicate detection. */
int rtnl_address(struct mnl_socket *nl, int ifindex, const struct nf_ip *addr, bool add);
/* Default route by the device, preferring `source`; the metric leaves better routes of the host alone. */
int rtnl_default_route(struct mnl_socket *nl, int ifindex, const struct nf_ip *source, uint32_t metric);

#endif
