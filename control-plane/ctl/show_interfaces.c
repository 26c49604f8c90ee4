/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "format.h"
#include "json.h"
#include "table.h"

struct listing {
	struct ctl *ctl;
	json_t *list; /* with --json */
	unsigned int n;
};

static json_t *addresses(const struct nf_addr *a, size_t n)
{
	char text[FMT_BYTES];
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_string(fmt_prefix(text, &a[i])));
	return list;
}

static json_t *offloads(uint32_t bits)
{
	json_t *list = json_array();
	if (bits & 1)
		json_array_append_new(list, json_string("ipv4_checksum"));
	if (bits & 2)
		json_array_append_new(list, json_string("udp_checksum"));
	return list;
}

static json_t *to_json(const struct nf_interface_info *i, const struct nf_addr *a, size_t n)
{
	char mac[FMT_BYTES];
	return json_pack(
	    "{s:o, s:o, s:o, s:o, s:i, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
	    "name", json_of_name(i->name), "port", json_of_name(i->port), "driver", json_of_name(i->driver),
	    "vlan", i->vlan ? json_integer(i->vlan) : json_null(), "mtu", (int)i->mtu, "mac",
	    fmt_mac(mac, i->mac), "link_up", i->link_up != 0, "rss", i->rss != 0, "rx_queues",
	    json_of_uint(i->rx_queues), "tx_queues", json_of_uint(i->tx_queues), "offloads",
	    offloads(i->tx_offloads), "addresses", addresses(a, n), "rx_packets", json_of_uint(i->rx_packets),
	    "rx_bytes", json_of_uint(i->rx_bytes), "rx_missed", json_of_uint(i->rx_missed), "tx_packets",
	    json_of_uint(i->tx_packets), "tx_bytes", json_of_uint(i->tx_bytes), "tx_errors",
	    json_of_uint(i->tx_errors));
}

static void print_head(struct ctl *ctl, const struct nf_interface_info *i)
{
	char name[NF_NAME_BYTES];
	enum tone tone = i->link_up ? TONE_GOOD : TONE_BAD;
	fprintf(ctl->out, "%s%s%s  link %s%s%s\n", tone_on(TONE_BOLD, ctl->colour), fmt_name(name, i->name),
		tone_off(TONE_BOLD, ctl->colour), tone_on(tone, ctl->colour), i->link_up ? "up" : "down",
		tone_off(tone, ctl->colour));
}

static void print_port(FILE *out, const struct nf_interface_info *i)
{
	char port[NF_NAME_BYTES], driver[NF_NAME_BYTES], mac[FMT_BYTES];
	fprintf(out, "  port       %s (%s)", fmt_name(port, i->port), fmt_name(driver, i->driver));
	if (i->vlan)
		fprintf(out, ", VLAN %u", i->vlan);
	fprintf(out, ", %s, MTU %u\n", fmt_mac(mac, i->mac), i->mtu);
	fprintf(out, "  queues     %u rx, %u tx, %s\n", i->rx_queues, i->tx_queues,
		i->rss ? "spread by the port" : "spread by software");
	fprintf(out, "  checksums  %s\n",
		i->tx_offloads == 3   ? "IPv4 and UDP by the port"
		: i->tx_offloads == 2 ? "UDP by the port"
		: i->tx_offloads == 1 ? "IPv4 by the port"
				      : "by software");
}

static void print_text(struct ctl *ctl, const struct nf_interface_info *i, const struct nf_addr *a, size_t n)
{
	char x[FMT_BYTES], y[FMT_BYTES];
	print_head(ctl, i);
	fprintf(ctl->out, "  addresses  ");
	for (size_t k = 0; k < n; k++)
		fprintf(ctl->out, "%s%s", k ? ", " : "", fmt_prefix(x, &a[k]));
	fputc('\n', ctl->out);
	print_port(ctl->out, i);
	fprintf(ctl->out, "  received   %s packets, %s", fmt_count(x, i->rx_packets),
		fmt_size(y, i->rx_bytes));
	fprintf(ctl->out, ", %s missed\n", fmt_count(x, i->rx_missed));
	fprintf(ctl->out, "  sent       %s packets, %s", fmt_count(x, i->tx_packets),
		fmt_size(y, i->tx_bytes));
	fprintf(ctl->out, ", %s errors\n", fmt_count(x, i->tx_errors));
}

static void take(void *arg, const void *body, const void *tail, size_t tail_bytes)
{
	struct listing *l = arg;
	struct nf_interface_info i;
	struct nf_addr addrs[64];
	memcpy(&i, body, sizeof(i));
	size_t n = tail_bytes / sizeof(addrs[0]), most = sizeof(addrs) / sizeof(addrs[0]);
	n = n > i.address_count ? i.address_count : n;
	n = n > most ? most : n;
	memcpy(addrs, tail, n * sizeof(addrs[0]));
	if (l->list) {
		json_array_append_new(l->list, to_json(&i, addrs, n));
		return;
	}
	if (l->n++)
		fputc('\n', l->ctl->out);
	print_text(l->ctl, &i, addrs, n);
}

enum ctl_exit show_interfaces(struct ctl *ctl)
{
	struct nf_empty empty = {0};
	struct listing l = {.ctl = ctl, .list = ctl->args.json ? json_array() : NULL};
	enum ctl_exit code = link_request(&ctl->link, NF_MSG_INTERFACES_GET, &empty, sizeof(empty), take, &l,
					  sizeof(struct nf_interface_info));
	if (code == CTL_OK && l.list)
		json_print(ctl, json_pack("{s:o, s:o}", "via", json_via(ctl), "interfaces", l.list));
	else
		json_decref(l.list);
	return code;
}
