/* SPDX-License-Identifier: Apache-2.0 */
/* Two wildcard sockets on one port. What arrives is told with the address it came to; what leaves may name its source. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn_peer.h"

union sockaddr_any {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};
union control {
	char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct cmsghdr align;
};

static struct cp_addr addr_v4(const struct in_addr *ip, uint16_t port)
{
	struct cp_addr a = {.family = CP_V4, .port = port};
	memcpy(a.ip, ip, 4);
	return a;
}

static struct cp_addr addr_v6(const struct in6_addr *ip, uint16_t port)
{
	struct cp_addr a = {.family = CP_V6, .port = port};
	memcpy(a.ip, ip, 16);
	return a;
}

static struct cp_addr addr_of(const union sockaddr_any *s)
{
	if (s->sa.sa_family == AF_INET)
		return addr_v4(&s->v4.sin_addr, ntohs(s->v4.sin_port));
	return addr_v6(&s->v6.sin6_addr, ntohs(s->v6.sin6_port));
}

static socklen_t sockaddr_of(const struct cp_addr *a, union sockaddr_any *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (a->family == CP_V4) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(a->port);
		memcpy(&ret->v4.sin_addr, a->ip, 4);
		return sizeof(ret->v4);
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(a->port);
	memcpy(&ret->v6.sin6_addr, a->ip, 16);
	return sizeof(ret->v6);
}

static int open_one(unsigned int which)
{
	int family = which ? AF_INET6 : AF_INET, on = 1, room = 4 << 20;
	struct cp_addr any = {.family = which ? CP_V6 : CP_V4, .port = me.options.port};
	union sockaddr_any s;
	socklen_t n = sockaddr_of(&any, &s);
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (which)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	setsockopt(fd, which ? IPPROTO_IPV6 : IPPROTO_IP, which ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof(on));
	if (bind(fd, &s.sa, n) == 0) {
		me.sockets[which] = fd;
		return 0;
	}
	int error = errno;
	close(fd);
	return -error;
}

int sockets_open(void)
{
	me.sockets[0] = me.sockets[1] = -1;
	int v4 = open_one(0), v6 = open_one(1);
	return v4 && v6 ? v4 : 0;
}

static struct cp_addr arrived_at(struct msghdr *m)
{
	struct cp_addr at = {.family = CP_NONE};
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			at = addr_v4(&((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_addr, me.options.port);
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			at = addr_v6(&((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_addr, me.options.port);
	}
	return at;
}

void sockets_receive(unsigned int which)
{
	uint8_t data[DATAGRAM_MAX];
	for (unsigned int i = 0; i < 64; i++) { /* the rest in the next turn: timers come first */
		union sockaddr_any s;
		union control control;
		struct iovec iov = {data, sizeof(data)};
		struct msghdr m = {&s, sizeof(s), &iov, 1, control.bytes, sizeof(control), 0};
		ssize_t n = recvmsg(me.sockets[which], &m, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			continue; /* an ICMP error of something sent earlier */
		struct cp_addr at = arrived_at(&m), from = addr_of(&s);
		datagram_in(&at, &from, data, (size_t)n);
	}
}

static void put_source(struct msghdr *m, const struct cp_addr *from)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	if (from->family == CP_V4) {
		struct in_pktinfo info = {0};
		memcpy(&info.ipi_spec_dst, from->ip, 4);
		*c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IP, IP_PKTINFO};
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		m->msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		struct in6_pktinfo info = {0};
		memcpy(&info.ipi6_addr, from->ip, 16);
		*c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IPV6, IPV6_PKTINFO};
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		m->msg_controllen = CMSG_SPACE(sizeof(info));
	}
}

void datagram_send(const struct cp_addr *from, const struct cp_addr *to, const void *data, size_t bytes)
{
	union sockaddr_any s;
	union control control = {0};
	struct iovec iov = {(void *)(uintptr_t)data, bytes};
	struct msghdr m = {&s, sockaddr_of(to, &s), &iov, 1, control.bytes, sizeof(control), 0};
	int fd = me.sockets[to->family == CP_V6];
	if (from->family == CP_NONE)
		m.msg_control = NULL, m.msg_controllen = 0;
	else
		put_source(&m, from);
	if (fd < 0 || sendmsg(fd, &m, 0) < 0)
		me.sent_to_nowhere++;
}

static bool is_global(const struct ifaddrs *i)
{
	if (!i->ifa_addr || i->ifa_flags & IFF_LOOPBACK)
		return false;
	if (i->ifa_addr->sa_family == AF_INET)
		return true;
	return i->ifa_addr->sa_family == AF_INET6 &&
	       !IN6_IS_ADDR_LINKLOCAL(&((const union sockaddr_any *)(const void *)i->ifa_addr)->v6.sin6_addr);
}

unsigned int own_addresses(struct cp_addr *ret, unsigned int room)
{
	struct ifaddrs *all;
	unsigned int n = 0;
	if (getifaddrs(&all) != 0)
		return 0;
	for (const struct ifaddrs *i = all; i && n < room; i = i->ifa_next) {
		if (!is_global(i))
			continue;
		union sockaddr_any s = {0};
		memcpy(&s, i->ifa_addr, i->ifa_addr->sa_family == AF_INET ? sizeof(s.v4) : sizeof(s.v6));
		ret[n] = addr_of(&s);
		ret[n++].port = me.options.port;
	}
	freeifaddrs(all);
	return n;
}
