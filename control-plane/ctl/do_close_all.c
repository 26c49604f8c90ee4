/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"
#include "json.h"
#include "table.h"

#define PATIENCE_MS 600000u

static void print_json(struct ctl *ctl, const struct nf_close_all_done *d)
{
	json_print(ctl, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "peers",
				  json_of_uint(d->peers), "acked", json_of_uint(d->acked), "sent",
				  json_of_uint(d->sent), "accepted", json_of_uint(d->accepted), "unreachable",
				  json_of_uint(d->unreachable), "no_session", json_of_uint(d->no_session),
				  "failed", json_of_uint(d->failed), "goodbyes", json_of_uint(d->goodbyes),
				  "linger_rx_packets", json_of_uint(d->linger_rx_packets), "took_s",
				  json_of_seconds(d->took_ns)));
}

static void line(struct ctl *ctl, uint32_t n, enum tone tone, const char *what)
{
	if (n)
		fprintf(ctl->out, "  %8u  %s%s%s\n", n, tone_on(tone, ctl->colour), what,
			tone_off(tone, ctl->colour));
}

static void print_text(struct ctl *ctl, const struct nf_close_all_done *d)
{
	char a[FMT_BYTES], b[FMT_BYTES];
	fprintf(ctl->out, "%s%s peer%s closed%s in %s\n", tone_on(TONE_BOLD, ctl->colour),
		fmt_count(a, d->peers), d->peers == 1 ? "" : "s", tone_off(TONE_BOLD, ctl->colour),
		fmt_duration(b, d->took_ns));
	line(ctl, d->acked, TONE_GOOD, "acknowledged the goodbye");
	line(ctl, d->sent, TONE_GOOD, "were sent every goodbye");
	line(ctl, d->accepted, TONE_GOOD,
	     "were sent every goodbye, by a driver that cannot say when it left");
	line(ctl, d->no_session, TONE_FAINT, "never had a session");
	line(ctl, d->unreachable, TONE_BAD, "were unreachable");
	line(ctl, d->failed, TONE_BAD, "failed: no goodbye left");
	fprintf(ctl->out, "  %s goodbyes, %s packets delivered while lingering\n", fmt_count(a, d->goodbyes),
		fmt_count(b, d->linger_rx_packets));
}

enum ctl_exit do_close_all(struct ctl *ctl)
{
	struct nf_peer_close_all request = {.reason = NF_CLOSE_OPERATOR,
					    .linger_ms = ctl->args.linger_ms,
					    .peers_per_s = ctl->args.peers_per_s};
	struct nf_close_all_done done;
	uint32_t patience = ctl->args.timeout_s ? ctl->args.timeout_s * 1000 : PATIENCE_MS;
	enum ctl_exit code =
	    link_request(&ctl->link, NF_MSG_PEER_CLOSE_ALL, &request, sizeof(request), NULL, NULL, 0);
	if (code == CTL_OK)
		code = link_event(&ctl->link, NF_MSG_CLOSE_ALL_DONE, &done, sizeof(done), patience);
	if (code != CTL_OK)
		return code;
	(ctl->args.json ? print_json : print_text)(ctl, &done);
	return done.unreachable || done.failed ? CTL_PARTLY : CTL_OK;
}
