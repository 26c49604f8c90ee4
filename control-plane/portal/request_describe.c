/* SPDX-License-Identifier: Apache-2.0 */
/* The table of requests as a page to read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request_rows.h"
#include "request_table.h"

static const char *const types[] = {
    [REQUEST_NAME] = "text, 1 to 1024 bytes",
    [REQUEST_TEXT] = "text, up to 255 bytes",
    [REQUEST_TOKEN] = "text, 16 to 4096 visible characters of ASCII",
    [REQUEST_NUMBER] = "integer from 1",
    [REQUEST_TIME] = "integer, Unix seconds, in the future",
    [REQUEST_TRUE] = "boolean",
};

static const char intro[] =
    "# The operators' protocol of sluice-portal\n"
    "\n"
    "Generated from the table in `control-plane/portal/request_table.c`; `sluicectl portal` speaks it.\n"
    "\n"
    "The portal listens on a UNIX socket of type SEQPACKET and mode 0600 (`control_socket` of its file). One datagram is one JSON\n"
    "object. A request names itself in `do`; a member that is unknown, missing, given twice or of a wrong type is named\n"
    "in the refusal. It is answered by any number of `{\"row\":{…}}` and then by one object with `\"end\":true`, which has\n"
    "either `result` or `error`: `{\"code\", \"text\"}`, and of code `ambiguous` also `candidates`: up to 16 of\n"
    "`{\"id\", \"name\", \"within\"}`. The result of a list is `{\"rows\": how many}`. Codes are `bad_request`, `unknown` (no such request),\n"
    "`not_found`, `ambiguous`, `refused` (by the portal's file or database), `failed`, `no_memory`, and `busy`: sixteen\n"
    "operators are connected, and each did something within 30 s (who did not makes room).\n"
    "\n"
    "One connection carries one request after the other; the next is read when the last answer was taken. Whoever does not read\n"
    "holds one answer of the portal's memory, and rows that come or go while a list is read may be missing or repeated.\n"
    "Moments are Unix seconds, null for never; members whose name ends in `_s` are seconds.\n";

static void put_request(FILE *page, const struct request_kind *k)
{
	fprintf(page, "\n### `%s`\n\n%s Result: %s.\n", k->name, k->help,
		k->row ? "rows, and `rows`: how many" : k->result);
	if (!k->members[0].name)
		return;
	fprintf(page, "\n| member | | |\n|---|---|---|\n");
	for (size_t i = 0; i < REQUEST_MEMBERS && k->members[i].name; i++)
		fprintf(page, "| `%s`%s | %s | %s |\n", k->members[i].name, k->members[i].required ? "" : ", optional",
			types[k->members[i].type], k->members[i].help);
}

static void put_rows(FILE *page)
{
	const char *last = "";
	for (const struct row_member *m = row_members; m->row; m++) {
		if (strcmp(last, m->row) != 0)
			fprintf(page, "\n### `%s`\n\n| member | |\n|---|---|\n", m->row);
		last = m->row;
		fprintf(page, "| `%s` | %s |\n", m->name, m->help);
	}
}

char *requests_describe(void)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *page = open_memstream(&text, &bytes);
	if (!page)
		return NULL;
	fprintf(page, "%s\n## Requests\n", intro);
	for (const struct request_kind *k = request_kinds; k->name; k++)
		put_request(page, k);
	fprintf(page, "\n## Rows\n");
	put_rows(page);
	if (fclose(page) == 0)
		return text;
	free(text);
	return NULL;
}
