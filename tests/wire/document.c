/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include <nf/wire.h>

#include "layout.h"

static const char intro[] =
	"<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
	"<!-- Generated from nf/include/nf/wire.h; tests/wire/test_layout.c says how. -->\n"
	"# Messages between sluice-nf and the control plane\n\n"
	"UNIX SEQPACKET sockets in the runtime directory carry them: `nf-ctl` (reliable, one control plane),\n"
	"`nf-punt` (packets that leave or enter the data path; drops when full) and `nf-view` (questions that change\n"
	"nothing). One datagram is one message: `nf_msg_hdr`, the body of its type, and for some types a tail.\n"
	"Integers are in host byte order, addresses in network byte order; every byte has a name, and those\n"
	"called `zero` are 0.\n\n"
	"A reply repeats type and number of its request with `NF_MSG_REPLY`; a list is a stream of replies with\n"
	"`NF_MSG_MORE` on all but the last. A refusal has a negative errno as status and an `nf_error` as body.\n\n"
	"Opening: HELLO (ABI, boot id, identity) → SYNC_BEGIN → upserts → SYNC_END, which sweeps what was not\n"
	"asserted again. First start, restart of either side and reload all take this road.\n\n";

static const char *direction(const char *dir)
{
	static const char *const words[][2] = {
		{"NF_DIR_CTL", "control plane → NF, `nf-ctl`"},	     {"NF_DIR_VIEW", "anybody → NF, `nf-ctl` or `nf-view`"},
		{"NF_DIR_EVENT", "NF → control plane, `nf-ctl`"}, {"NF_DIR_PUNT", "NF → control plane, `nf-punt`"},
		{"NF_DIR_INJECT", "control plane → NF, `nf-punt`"},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i][0], dir) == 0)
			return words[i][1];
	return dir;
}

static void write_messages(FILE *f)
{
	fputs("## Messages\n\n| number | message | body | reply | who, where | what it does |\n|---|---|---|---|---|---|\n", f);
	for (size_t i = 0; i < layout_n_messages; i++) {
		const struct layout_message *m = &layout_messages[i];
		fprintf(f, "| %u | %s | `%s` | `%s` | %s | %s |\n", m->number, m->name, m->request, m->reply,
			direction(m->direction), m->doc);
	}
}

static void write_structs(FILE *f)
{
	fputs("\n## Bodies\n", f);
	for (size_t i = 0; i < layout_n_structs; i++) {
		const struct layout_struct *s = &layout_structs[i];
		size_t offset = 0;
		fprintf(f, "\n### `%s`, %zu bytes\n\n| at | bytes | field | type | |\n|---|---|---|---|---|\n", s->name, s->size);
		for (size_t k = 0; k < s->n_fields; offset += s->fields[k++].size)
			fprintf(f, "| %zu | %zu | `%s` | `%s%s` | %s |\n", offset, s->fields[k].size, s->fields[k].name,
				s->fields[k].type, s->fields[k].dim, s->fields[k].doc);
	}
}

static void write_values(FILE *f)
{
	const char *of = "";
	fputs("\n## Values\n\n| enum | name | value |\n|---|---|---|\n", f);
	for (size_t i = 0; i < layout_n_values; i++) {
		const struct layout_value *v = &layout_values[i];
		bool same = strcmp(of, v->of) == 0;
		fprintf(f, "| %s%s%s | `%s` | %ld |\n", same ? "" : "`", same ? "" : v->of, same ? "" : "`", v->name, v->value);
		of = v->of;
	}
}

void document_write(FILE *f)
{
	fputs(intro, f);
	fprintf(f, "`NF_WIRE_ABI` is %u; a message has at most %u bytes.\n\n", NF_WIRE_ABI, NF_MSG_MAX_BYTES);
	write_messages(f);
	write_structs(f);
	write_values(f);
}
