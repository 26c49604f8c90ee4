/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "format.h"
#include "json.h"
#include "table.h"

static void take(void *arg, const void *body, const void *tail, size_t tail_bytes)
{
	struct nf_reload_done *done = arg;
	memcpy(done, body, sizeof(*done));
	done->text[sizeof(done->text) - 1] = 0;
}

static json_t *lines_of(char *text)
{
	json_t *list = json_array();
	char *rest = text;
	for (char *l = strsep(&rest, "\n"); l; l = strsep(&rest, "\n"))
		if (*l)
			json_array_append_new(list, json_of_text(l));
	return list;
}

static void print_text(struct ctl *ctl, struct nf_reload_done *d)
{
	fprintf(ctl->out, "reloaded: %u changed, %u refused\n", d->changed, d->refused);
	char *rest = fmt_harmless(d->text);
	for (char *l = strsep(&rest, "\n"); l; l = strsep(&rest, "\n"))
		if (*l)
			fprintf(ctl->out, "  %srefused%s %s\n", tone_on(TONE_BAD, ctl->colour),
				tone_off(TONE_BAD, ctl->colour), l);
}

enum ctl_exit do_reload(struct ctl *ctl)
{
	struct nf_empty empty = {0};
	struct nf_reload_done done = {0};
	enum ctl_exit code =
	    link_request(&ctl->link, NF_MSG_RELOAD, &empty, sizeof(empty), take, &done, sizeof(done));
	if (code != CTL_OK)
		return code;
	if (ctl->args.json)
		json_print(ctl, json_pack("{s:o, s:o, s:o}", "changed", json_of_uint(done.changed), "refused",
					  json_of_uint(done.refused), "refusals", lines_of(done.text)));
	else
		print_text(ctl, &done);
	return done.refused ? CTL_PARTLY : CTL_OK;
}
