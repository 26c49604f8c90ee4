/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "format.h"
#include "json.h"
#include "table.h"

static void take(void *arg, const void *body, const void *tail, size_t tail_bytes)
{
	struct nf_status *s = arg;
	memcpy(s, body, sizeof(*s));
	s->aead_why[sizeof(s->aead_why) - 1] = 0;
	fmt_harmless(s->aead_why);
}

static void print_json(struct ctl *ctl, const struct nf_status *s)
{
	json_print(
	    ctl, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o}",
			   "via", json_via(ctl), "version", json_of_name(s->version), "boot_id",
			   json_of_bytes(s->boot_id, NF_BOOT_BYTES), "uptime_s",
			   json_of_seconds(s->uptime_ns), "public_key", json_of_key(s->public_key), "pid",
			   json_of_uint(s->pid), "workers", json_of_uint(s->workers), "peers",
			   json_of_uint(s->peers), "sessions", json_of_uint(s->sessions), "control_attached",
			   s->control_attached != 0, "stopping", s->stopping != 0, "rx_packets",
			   json_of_uint(s->rx_packets), "tx_packets", json_of_uint(s->tx_packets), "drops",
			   json_of_uint(s->drops), "punt_dropped", json_of_uint(s->punt_dropped), "aead",
			   json_of_name(s->aead), "aead_why", json_of_text(s->aead_why)));
}

static void print_text(struct ctl *ctl, const struct nf_status *s)
{
	char a[FMT_BYTES], b[FMT_BYTES], key[FMT_KEY_BYTES], version[NF_NAME_BYTES], engine[NF_NAME_BYTES];
	enum tone tone = s->stopping ? TONE_BAD : s->control_attached ? TONE_GOOD : TONE_WARN;
	const char *state = s->stopping           ? "stopping"
			    : s->control_attached ? "running"
						  : "running without control plane";
	fprintf(ctl->out, "%ssluice-nf %s%s  %s%s%s\n", tone_on(TONE_BOLD, ctl->colour),
		fmt_name(version, s->version), tone_off(TONE_BOLD, ctl->colour), tone_on(tone, ctl->colour),
		state, tone_off(tone, ctl->colour));
	fprintf(ctl->out, "  public key  %s\n", fmt_key(key, s->public_key));
	fprintf(ctl->out, "  up for      %s (pid %u, %u worker%s)\n", fmt_duration(a, s->uptime_ns), s->pid,
		s->workers, s->workers == 1 ? "" : "s");
	fprintf(ctl->out, "  peers       %u, %u with a session\n", s->peers, s->sessions);
	fprintf(ctl->out, "  packets     %s received, %s sent\n", fmt_count(a, s->rx_packets),
		fmt_count(b, s->tx_packets));
	fprintf(ctl->out, "  drops       %s\n", fmt_count(a, s->drops));
	fprintf(ctl->out, "  aead        %s (%s)\n", fmt_name(engine, s->aead), s->aead_why);
	if (s->punt_dropped)
		fprintf(ctl->out, "  punts lost  %s\n", fmt_count(a, s->punt_dropped));
}

enum ctl_exit show_status(struct ctl *ctl)
{
	struct nf_status status = {{0}};
	struct nf_empty empty = {0};
	enum ctl_exit code =
	    link_request(&ctl->link, NF_MSG_STATUS_GET, &empty, sizeof(empty), take, &status, sizeof(status));
	if (code != CTL_OK)
		return code;
	(ctl->args.json ? print_json : print_text)(ctl, &status);
	return CTL_OK;
}
