/* SPDX-License-Identifier: Apache-2.0 */
/* The ip plugin: options, counters, its place in the graph. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <rte_graph.h>

#include <nf/node.h>
#include <nf/plugin.h>

#include "ip.h"

struct ip_counters ip_c;
uint32_t ip_icmp_per_s;

#define COUNTERS(C)                                                                              \
	C(no_route, DROP, "no route to the destination; the sender was told")                     \
	C(ttl, DROP, "TTL exceeded in transit; the sender was told")                              \
	C(too_big, DROP, "larger than the next link's MTU; the sender was told")                  \
	C(forward_refused, DROP, "multicast, link-local or loopback destination: never forwarded") \
	C(neigh_queue_full, DROP, "too many packets wait for a neighbour's MAC")                  \
	C(neigh_unresolved, DROP, "the neighbour did not answer; the sender was told")            \
	C(arp_malformed, DROP, "no ARP for IPv4 over Ethernet")                                   \
	C(arp_not_for_us, DROP, "ARP about others")                                               \
	C(arp_done, DROP, "ARP replies: they end here")                                           \
	C(nd_malformed, DROP, "neighbour discovery that breaks RFC 4861, or of no use here")      \
	C(nd_done, DROP, "advertisements and solicitations for others: they end here")            \
	C(inner_malformed, DROP, "decapsulated packet with a broken IP header")                   \
	C(inner_control, DROP, "control packet where none may be")                                \
	C(host_off, DROP, "to this node itself, and the host port is off")                        \
	C(host_too_big, DROP, "to this node itself, and larger than the host port's TAP takes")   \
	C(icmp_unanswerable, EVENT, "drops that deserve no ICMP error")                           \
	C(icmp_rate_limited, EVENT, "ICMP errors suppressed by the rate limit")                   \
	C(icmp_sent, EVENT, "ICMP errors sent")

struct options {
	uint32_t neigh_max, icmp_per_s;
};

static int read_number(const char *key, const json_t *v, uint32_t most, uint32_t *ret, struct nf_plugin_error *err)
{
	json_int_t n = json_integer_value(v);
	if (json_is_integer(v) && n >= 1 && n <= (json_int_t)most) {
		*ret = (uint32_t)n;
		return 0;
	}
	snprintf(err->text, sizeof(err->text), "%s: must be between 1 and %u", key, most);
	return -EINVAL;
}

static int options_read(const struct json_t *o, struct options *ret, struct nf_plugin_error *err)
{
	const char *key;
	json_t *v;
	int rc = 0;
	*ret = (struct options){.neigh_max = 4096, .icmp_per_s = 1000};
	json_object_foreach((json_t *)(uintptr_t)o, key, v) {
		if (strcmp(key, "neigh_max") == 0)
			rc = read_number(key, v, 65536, &ret->neigh_max, err);
		else if (strcmp(key, "icmp_per_s") == 0)
			rc = read_number(key, v, 1000000, &ret->icmp_per_s, err);
		else {
			snprintf(err->text, sizeof(err->text), "%s: unknown key", key);
			rc = -EINVAL;
		}
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int add_tx_edges(const char *node)
{
	char name[RTE_NODE_NAMESIZE];
	const char *to = name;
	for (uint16_t p = 0; p < nf_port_count(); p++) {
		snprintf(name, sizeof(name), "nf_tx-%u", p);
		if (rte_node_edge_update(rte_node_from_name(node), RTE_EDGE_ID_INVALID, &to, 1) == 0)
			return -EINVAL;
	}
	return 0;
}

static int place_in_graph(void)
{
	static const char *const frame_nodes[] = {"neigh", "arp_input", "nd_input", "host_tx"};
	int rc = 0;
	for (unsigned int i = 0; rc == 0 && i < 4; i++)
		rc = add_tx_edges(frame_nodes[i]);
	rc = rc ? rc : nf_classify_class(NF_CLASS_ARP, "arp_input");
	rc = rc ? rc : nf_classify_class(NF_CLASS_ND, "nd_input");
	rc = rc ? rc : nf_classify_class(NF_CLASS_HOST, "host_tx");
	rc = rc ? rc : nf_arc_start("outbound", "inner_check");
	rc = rc ? rc : nf_arc_end("outbound", "ip_route");
	rc = rc ? rc : nf_arc_start("host", "host_rx");
	rc = rc ? rc : nf_arc_end("host", "ip_route");
	return rc ? rc : resolver_place();
}

static int init(const struct json_t *options, const struct nf_limits *limits, struct nf_plugin_error *err)
{
	struct options o;
	int rc = options_read(options, &o, err);
	(void)limits;
	if (rc != 0)
		return rc;
	ip_icmp_per_s = o.icmp_per_s;
#define REGISTER(field, kind, help) ip_c.field = nf_counter_register("ip", #field, NF_COUNTER_##kind, help);
	COUNTERS(REGISTER)
	rc = resolver_init(o.neigh_max);
	return rc ? rc : place_in_graph();
}

static int reload_check(const struct json_t *options, struct nf_plugin_error *err)
{
	struct options o;
	return options_read(options, &o, err);
}

static void reload_apply(const struct json_t *options)
{
	struct options o;
	struct nf_plugin_error err;
	if (options_read(options, &o, &err) == 0)
		__atomic_store_n(&ip_icmp_per_s, o.icmp_per_s, __ATOMIC_RELAXED);
}

const struct nf_plugin nf_plugin = {
	.abi = NF_ABI,
	.size = sizeof(struct nf_plugin),
	.name = "ip",
	.version = SLUICE_VERSION,
	.init = init,
	.fini = resolver_fini,
	.reload_check = reload_check,
	.reload_apply = reload_apply,
};
