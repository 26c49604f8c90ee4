/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "format.h"
#include "json.h"
#include "peers.h"
#include "table.h"

/* A handshake may have to come first (tunnel.md §5.9), so a close takes longer than its linger. */
#define PATIENCE_MS 60000u

static void print_json(struct ctl *ctl, const struct nf_peer_closed *c)
{
	json_print(ctl, json_pack("{s:o, s:o, s:s, s:s, s:i, s:b, s:o, s:o, s:o}", "public_key",
				  json_of_key(c->public_key), "name", json_of_name(c->name), "reason",
				  fmt_reason(c->reason), "outcome", fmt_outcome(c->outcome), "goodbyes",
				  (int)c->goodbyes, "acked", c->acked != 0, "linger_rx_packets",
				  json_of_uint(c->linger_rx_packets), "last_rx_ago_s",
				  json_of_seconds(c->last_rx_ago_ns), "took_s", json_of_seconds(c->took_ns)));
}

static const char *in_words(uint16_t outcome)
{
	static const char *const text[] = {
	    [NF_CLOSED_ACKED] = "acknowledged by the peer",
	    [NF_CLOSED_SENT] = "every goodbye left the port",
	    [NF_CLOSED_ACCEPTED] = "every goodbye was accepted by a driver that cannot say when it left",
	    [NF_CLOSED_UNREACHABLE] = "unreachable: no session could carry a goodbye",
	    [NF_CLOSED_NO_SESSION] = "there never was a session: nobody to tell",
	    [NF_CLOSED_FAILED] = "failed: no goodbye left",
	};
	return outcome >= NF_CLOSED_ACKED && outcome <= NF_CLOSED_FAILED ? text[outcome] : "unknown";
}

static bool was_told(const struct nf_peer_closed *c)
{
	return c->outcome != NF_CLOSED_UNREACHABLE && c->outcome != NF_CLOSED_FAILED;
}

static void print_text(struct ctl *ctl, const struct nf_peer_closed *c)
{
	char a[FMT_BYTES], b[FMT_BYTES], key[FMT_KEY_BYTES], name[NF_NAME_BYTES];
	enum tone tone = was_told(c) ? TONE_GOOD : TONE_BAD;
	fprintf(ctl->out, "%speer %s%s  closed (%s)\n", tone_on(TONE_BOLD, ctl->colour),
		fmt_name(name, c->name), tone_off(TONE_BOLD, ctl->colour), fmt_reason(c->reason));
	fprintf(ctl->out, "  public key      %s\n", fmt_key(key, c->public_key));
	fprintf(ctl->out, "  outcome         %s%s%s\n", tone_on(tone, ctl->colour), in_words(c->outcome),
		tone_off(tone, ctl->colour));
	fprintf(ctl->out, "  goodbyes        %u, %s\n", c->goodbyes, c->acked ? "acked" : "not acked");
	fprintf(ctl->out, "  while lingering %s packets delivered\n", fmt_count(a, c->linger_rx_packets));
	fprintf(ctl->out, "  last heard      %s\n", fmt_ago(b, c->last_rx_ago_ns));
	fprintf(ctl->out, "  took            %s\n", fmt_duration(a, c->took_ns));
}

static enum ctl_exit find(struct ctl *ctl, struct nf_peer_close *ret)
{
	struct ctl_peers peers;
	enum ctl_exit code = peers_fetch(ctl, &peers);
	const struct ctl_peer *p = code == CTL_OK ? peers_named(ctl, &peers) : NULL;
	if (p)
		memcpy(ret->public_key, p->info.public_key, NF_KEY_BYTES);
	peers_free(&peers);
	return p ? CTL_OK : code == CTL_OK ? CTL_FAILED : code;
}

static enum ctl_exit close_one(struct ctl *ctl)
{
	struct nf_peer_close request = {.reason = NF_CLOSE_OPERATOR, .linger_ms = ctl->args.linger_ms};
	struct nf_peer_closed report;
	uint32_t patience =
	    ctl->args.timeout_s ? ctl->args.timeout_s * 1000 : ctl->args.linger_ms + PATIENCE_MS;
	enum ctl_exit code = find(ctl, &request);
	if (code == CTL_OK)
		code = link_request(&ctl->link, NF_MSG_PEER_CLOSE, &request, sizeof(request), NULL, NULL, 0);
	if (code == CTL_OK)
		code = link_event(&ctl->link, NF_MSG_PEER_CLOSED, &report, sizeof(report), patience);
	if (code != CTL_OK)
		return code;
	(ctl->args.json ? print_json : print_text)(ctl, &report);
	return was_told(&report) ? CTL_OK : CTL_PARTLY;
}

enum ctl_exit do_close(struct ctl *ctl)
{
	return ctl->args.all ? do_close_all(ctl) : close_one(ctl);
}
