/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"
#include "json.h"
#include "peers.h"
#include "table.h"

static json_t *prefixes(const struct ctl_peer *p)
{
	char text[FMT_BYTES];
	json_t *list = json_array();
	for (uint32_t i = 0; i < p->info.allowed_count; i++)
		json_array_append_new(list, json_string(fmt_prefix(text, &p->allowed[i])));
	return list;
}

static json_t *to_json(const struct ctl_peer *p)
{
	const struct nf_peer_info *i = &p->info;
	char endpoint[FMT_BYTES];
	return json_pack(
	    "{s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:s, s:s, s:b, "
	    "s:b}",
	    "public_key", json_of_key(i->public_key), "name", json_of_name(i->name), "state",
	    fmt_peer_state(i->state), "endpoint",
	    i->endpoint.family ? json_string(fmt_endpoint(endpoint, &i->endpoint)) : json_null(),
	    "endpoint_mode", i->endpoint_mode == NF_ENDPOINT_PINNED ? "pinned" : "roaming", "allowed_ips",
	    prefixes(p), "last_handshake_ago_s", json_of_seconds(i->last_handshake_ago_ns), "last_rx_ago_s",
	    json_of_seconds(i->last_rx_ago_ns), "last_tx_ago_s", json_of_seconds(i->last_tx_ago_ns),
	    "handshakes", json_of_uint(i->handshakes), "rx_packets", json_of_uint(i->rx_packets), "rx_bytes",
	    json_of_uint(i->rx_bytes), "tx_packets", json_of_uint(i->tx_packets), "tx_bytes",
	    json_of_uint(i->tx_bytes), "keepalive_s", (int)i->keepalive_s, "mtu", (int)i->inner_mtu, "timers",
	    i->timers == NF_TIMERS_STOCK ? "stock" : "paper", "padding",
	    i->padding == NF_PADDING_NONE ? "none" : "16", "preshared_key", i->has_psk != 0, "static",
	    (i->flags & NF_PEER_STATIC) != 0);
}

static enum tone tone_of(uint32_t state)
{
	if (state == NF_PEER_STATE_UP)
		return TONE_GOOD;
	return state == NF_PEER_STATE_IDLE     ? TONE_FAINT
	       : state == NF_PEER_STATE_CLOSED ? TONE_BAD
					       : TONE_WARN;
}

static void print_allowed(FILE *out, const struct ctl_peer *p)
{
	char text[FMT_BYTES];
	fprintf(out, "  allowed ips       ");
	for (uint32_t i = 0; i < p->info.allowed_count; i++)
		fprintf(out, "%s%s", i ? ", " : "", fmt_prefix(text, &p->allowed[i]));
	fprintf(out, "%s\n", p->info.allowed_count ? "" : "none");
}

static void print_traffic(FILE *out, const struct nf_peer_info *i)
{
	char a[FMT_BYTES], b[FMT_BYTES], c[FMT_BYTES], d[FMT_BYTES];
	fprintf(out, "  latest handshake  %s", fmt_ago(a, i->last_handshake_ago_ns));
	fprintf(out, i->handshakes > 1 ? ", %s in all\n" : "\n", fmt_count(a, i->handshakes));
	fprintf(out, "  transfer          %s received, %s sent (%s and %s packets)\n",
		fmt_size(a, i->rx_bytes), fmt_size(b, i->tx_bytes), fmt_count(c, i->rx_packets),
		fmt_count(d, i->tx_packets));
	fprintf(out, "  last packet       received %s, sent %s\n", fmt_ago(a, i->last_rx_ago_ns),
		fmt_ago(b, i->last_tx_ago_ns));
}

static void print_profile(FILE *out, const struct nf_peer_info *i)
{
	fprintf(out, "  profile           %s timers, inner MTU %u, %s%s",
		i->timers == NF_TIMERS_STOCK ? "stock" : "paper", i->inner_mtu,
		i->padding == NF_PADDING_NONE ? "unpadded" : "padded to 16",
		i->has_psk ? ", preshared key" : "");
	if (i->keepalive_s)
		fprintf(out, ", keepalive every %u s", i->keepalive_s);
	fputc('\n', out);
}

static void print_text(struct ctl *ctl, const struct ctl_peer *p)
{
	const struct nf_peer_info *i = &p->info;
	char text[FMT_BYTES], key[FMT_KEY_BYTES], name[NF_NAME_BYTES];
	enum tone tone = tone_of(i->state);
	fprintf(ctl->out, "%speer %s%s  %s%s%s\n", tone_on(TONE_BOLD, ctl->colour), fmt_name(name, i->name),
		tone_off(TONE_BOLD, ctl->colour), tone_on(tone, ctl->colour), fmt_peer_state(i->state),
		tone_off(tone, ctl->colour));
	fprintf(ctl->out, "  public key        %s\n", fmt_key(key, i->public_key));
	fprintf(ctl->out, "  endpoint          %s (%s)\n", fmt_endpoint(text, &i->endpoint),
		i->endpoint_mode == NF_ENDPOINT_PINNED ? "pinned" : "roaming");
	print_allowed(ctl->out, p);
	print_traffic(ctl->out, i);
	print_profile(ctl->out, i);
}

static void print_all(struct ctl *ctl, const struct ctl_peer *at, size_t n)
{
	if (n == 0 && !ctl->args.json)
		fprintf(ctl->out, "no peers\n");
	for (size_t i = 0; i < n && !ctl->args.json; i++) {
		if (i > 0)
			fputc('\n', ctl->out);
		print_text(ctl, &at[i]);
	}
	if (!ctl->args.json)
		return;
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, to_json(&at[i]));
	json_print(ctl, json_pack("{s:o, s:o}", "via", json_via(ctl), "peers", list));
}

enum ctl_exit show_peers(struct ctl *ctl)
{
	struct ctl_peers peers;
	enum ctl_exit code = peers_fetch(ctl, &peers);
	const struct ctl_peer *one = code == CTL_OK && ctl->args.peer ? peers_named(ctl, &peers) : NULL;
	if (code == CTL_OK && ctl->args.peer && !one)
		code = CTL_FAILED;
	else if (code == CTL_OK)
		print_all(ctl, one ? one : peers.at, one ? 1 : peers.n);
	peers_free(&peers);
	return code;
}
