/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

struct request {
	char buf[512];
	struct nlmsghdr *header;
};

struct mnl_socket *netlink_open(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	netlink_close(nl);
	return NULL;
}

void netlink_close(struct mnl_socket *nl)
{
	if (nl)
		mnl_socket_close(nl);
}

static void *begin(struct request *r, uint16_t type, uint16_t flags, size_t extra_bytes)
{
	memset(r, 0, sizeof(*r));
	r->header = mnl_nlmsg_put_header(r->buf);
	r->header->nlmsg_type = type;
	r->header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return mnl_nlmsg_put_extra_header(r->header, extra_bytes);
}

/* A request at a time: the next message is its acknowledgement. */
static int acknowledged(struct mnl_socket *nl, struct request *r)
{
	static uint32_t seq;
	char answer[4096];
	r->header->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(nl, r->header, r->header->nlmsg_len) < 0)
		return -errno;
	ssize_t n;
	do
		n = mnl_socket_recvfrom(nl, answer, sizeof(answer));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return mnl_cb_run(answer, (size_t)n, seq, mnl_socket_get_portid(nl), NULL, NULL) < 0 ? -errno : 0;
}

static uint8_t family_of(const struct nf_ip *ip)
{
	return ip->family == 4 ? AF_INET : AF_INET6;
}

static size_t bytes_of(const struct nf_ip *ip)
{
	return ip->family == 4 ? 4 : 16;
}

int netlink_link_up_noarp(struct mnl_socket *nl, unsigned int ifindex, uint32_t mtu)
{
	struct request r;
	struct ifinfomsg *link = begin(&r, RTM_NEWLINK, 0, sizeof(*link));
	link->ifi_index = (int)ifindex;
	link->ifi_flags = link->ifi_change = IFF_UP | IFF_NOARP;
	mnl_attr_put_u32(r.header, IFLA_MTU, mtu);
	return acknowledged(nl, &r);
}

static int address(struct mnl_socket *nl, uint16_t type, uint16_t flags, unsigned int ifindex, const struct nf_ip *ip)
{
	struct request r;
	struct ifaddrmsg *a = begin(&r, type, flags, sizeof(*a));
	a->ifa_family = family_of(ip);
	a->ifa_prefixlen = (uint8_t)(8 * bytes_of(ip));
	a->ifa_flags = ip->family == 6 ? IFA_F_NODAD : 0;
	a->ifa_index = ifindex;
	mnl_attr_put(r.header, IFA_LOCAL, bytes_of(ip), ip->v6);
	mnl_attr_put(r.header, IFA_ADDRESS, bytes_of(ip), ip->v6);
	return acknowledged(nl, &r);
}

int netlink_address_add(struct mnl_socket *nl, unsigned int ifindex, const struct nf_ip *addr)
{
	return address(nl, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, addr);
}

int netlink_address_remove(struct mnl_socket *nl, unsigned int ifindex, const struct nf_ip *addr)
{
	return address(nl, RTM_DELADDR, 0, ifindex, addr);
}

int netlink_default_route(struct mnl_socket *nl, unsigned int ifindex, const struct nf_ip *source, uint32_t metric)
{
	struct request r;
	struct rtmsg *route = begin(&r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*route));
	route->rtm_family = family_of(source);
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_scope = source->family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	route->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(r.header, RTA_OIF, ifindex);
	mnl_attr_put_u32(r.header, RTA_PRIORITY, metric);
	mnl_attr_put(r.header, RTA_PREFSRC, bytes_of(source), source->v6);
	return acknowledged(nl, &r);
}
