/* SPDX-License-Identifier: Apache-2.0 */
#include "rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#define MESSAGE_BYTES 512

struct mnl_socket *rtnl_open(void)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0)
		return nl;
	rtnl_close(nl);
	return NULL;
}

void rtnl_close(struct mnl_socket *nl)
{
	if (nl)
		mnl_socket_close(nl);
}

/* Sends the request and waits for its acknowledgement. */
static int ask(struct mnl_socket *nl, struct nlmsghdr *h)
{
	char answer[4096];
	static uint32_t seq;
	h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return -errno;
	ssize_t n = mnl_socket_recvfrom(nl, answer, sizeof(answer));
	if (n < 0)
		return -errno;
	return mnl_cb_run(answer, (size_t)n, h->nlmsg_seq, mnl_socket_get_portid(nl), NULL, NULL) < 0 ? -errno : 0;
}

int rtnl_link_up(struct mnl_socket *nl, int ifindex, uint32_t mtu)
{
	char buf[MESSAGE_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
	h->nlmsg_type = RTM_NEWLINK;
	i->ifi_index = ifindex;
	i->ifi_flags = i->ifi_change = IFF_UP | IFF_NOARP;
	mnl_attr_put_u32(h, IFLA_MTU, mtu);
	return ask(nl, h);
}

static uint8_t af_of(const struct nf_ip *addr)
{
	return addr->family == 4 ? AF_INET : AF_INET6;
}

static size_t bytes_of(const struct nf_ip *addr)
{
	return addr->family == 4 ? 4 : 16;
}

int rtnl_address(struct mnl_socket *nl, int ifindex, const struct nf_ip *addr, bool add)
{
	char buf[MESSAGE_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *a = mnl_nlmsg_put_extra_header(h, sizeof(*a));
	h->nlmsg_type = add ? RTM_NEWADDR : RTM_DELADDR;
	h->nlmsg_flags = add ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	a->ifa_family = af_of(addr);
	a->ifa_prefixlen = (uint8_t)(8 * bytes_of(addr));
	a->ifa_flags = IFA_F_NODAD;
	a->ifa_index = (uint32_t)ifindex;
	mnl_attr_put(h, IFA_LOCAL, bytes_of(addr), addr->v6);
	mnl_attr_put(h, IFA_ADDRESS, bytes_of(addr), addr->v6);
	int rc = ask(nl, h);
	return rc == -EEXIST || rc == -EADDRNOTAVAIL ? 0 : rc;
}

int rtnl_default_route(struct mnl_socket *nl, int ifindex, const struct nf_ip *source, uint32_t metric)
{
	char buf[MESSAGE_BYTES];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct rtmsg *r = mnl_nlmsg_put_extra_header(h, sizeof(*r));
	h->nlmsg_type = RTM_NEWROUTE;
	h->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	r->rtm_family = af_of(source);
	r->rtm_table = RT_TABLE_MAIN;
	r->rtm_protocol = RTPROT_STATIC;
	r->rtm_scope = source->family == 4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	r->rtm_type = RTN_UNICAST;
	mnl_attr_put_u32(h, RTA_OIF, (uint32_t)ifindex);
	mnl_attr_put_u32(h, RTA_PRIORITY, metric);
	mnl_attr_put(h, RTA_PREFSRC, bytes_of(source), source->v6);
	return ask(nl, h);
}
