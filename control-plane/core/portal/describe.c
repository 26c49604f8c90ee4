/* SPDX-License-Identifier: Apache-2.0 */
/* The tables as a page to read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/table.h"

#define PATH_MAX_BYTES 160

static const char *const kinds[] = {
	[PORTAL_K_TEXT] = "text",
	[PORTAL_K_UUID] = "UUID",
	[PORTAL_K_KEY] = "key: padded base64 of 32 bytes",
	[PORTAL_K_IP] = "IP address",
	[PORTAL_K_IPV4] = "IPv4 address",
	[PORTAL_K_IPV6] = "IPv6 address",
	[PORTAL_K_SOCKET] = "IP address and port",
	[PORTAL_K_NETWORK] = "network without host bits",
	[PORTAL_K_DOMAIN] = "domain name",
	[PORTAL_K_BOOL] = "boolean",
	[PORTAL_K_TIME] = "integer, seconds of Unix time",
	[PORTAL_K_UINT] = "integer from 0",
	[PORTAL_K_U16] = "integer from 0 to 65535",
	[PORTAL_K_NAME] = "one of",
	[PORTAL_K_OBJECT] = "object",
	[PORTAL_K_LIST] = "array",
	[PORTAL_K_TOKEN] = "ingest token",
	[PORTAL_K_EMPTY] = "exactly `{}`",
	[PORTAL_K_NULL] = "anything; `null` is written",
	[PORTAL_K_ANY] = "anything; `{}` is written",
};
static const char *const needs[] = {
	[PORTAL_R] = "R", [PORTAL_RN] = "R·N", [PORTAL_O] = "O", [PORTAL_ON] = "O·N", [PORTAL_L] = "L",
};

static void put_names(FILE *page, const struct portal_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		fprintf(page, "%s `%s`", i ? "," : "", names->list[i].name);
	fprintf(page, "%s", names->other_is_fine ? ", or another" : "");
}

static void put_object(FILE *page, const char *path, const struct portal_object *o);

/* What lies below a member: of the object, or of each element. */
static void put_below(FILE *page, const char *path, const struct portal_field *f)
{
	char deeper[PATH_MAX_BYTES];
	const struct portal_list *l = f->kind == PORTAL_K_LIST ? f->of : NULL;
	if (f->kind == PORTAL_K_OBJECT)
		put_object(page, path, f->of);
	if (!l || l->kind != PORTAL_K_OBJECT)
		return;
	snprintf(deeper, sizeof(deeper), "%.150s[]", path);
	put_object(page, deeper, l->of);
}

static void put_field(FILE *page, const char *path, const struct portal_field *f, const char *variant)
{
	char deeper[PATH_MAX_BYTES];
	const struct portal_list *l = f->kind == PORTAL_K_LIST ? f->of : NULL;
	snprintf(deeper, sizeof(deeper), "%.110s%s%.45s", path, path[0] ? "." : "", f->name);
	fprintf(page, "| `%s`%s%s%s | %s", deeper, f->also ? " or `" : "", f->also ? f->also : "", f->also ? "`" : "", kinds[f->kind]);
	if (f->kind == PORTAL_K_NAME)
		put_names(page, f->of);
	if (l)
		fprintf(page, " of %s%s", kinds[l->kind], l->skips ? "; what is malformed is left out" : "");
	fprintf(page, " | %s | %s%s%s |\n", needs[f->need], variant, variant[0] && f->dialects ? ", " : "",
		f->dialects == PORTAL_V2 ? "newer dialect" : f->dialects == PORTAL_V1 ? "older dialect" : "");
	put_below(page, deeper, f);
}

static void put_fields(FILE *page, const char *path, const struct portal_fields *fields, const char *variant)
{
	for (size_t i = 0; i < fields->n; i++)
		put_field(page, path, &fields->list[i], variant);
}

static void put_object(FILE *page, const char *path, const struct portal_object *o)
{
	put_fields(page, path, &o->fields, "");
	if (!o->tag)
		return;
	fprintf(page, "| `%s%s%s` | one of", path, path[0] ? "." : "", o->tag);
	for (size_t i = 0; i < o->n_variants; i++)
		fprintf(page, "%s `%s`", i ? "," : "", o->variants[i].name);
	fprintf(page, "%s | R | |\n", o->other_is_fine ? ", or another" : "");
	for (size_t i = 0; i < o->n_variants; i++)
		put_fields(page, path, &o->variants[i].fields, o->variants[i].name);
}

static void put_roles(FILE *page, const struct portal_row *row)
{
	static const enum portal_role roles[] = {PORTAL_GATEWAY, PORTAL_CLIENT, PORTAL_RELAY};
	const char *between = "";
	for (int i = 0; i < 3; i++) {
		if (!(row->roles & roles[i]))
			continue;
		fprintf(page, "%s%s", between, portal_topic(roles[i]));
		between = ", ";
	}
}

static void put_row(FILE *page, const struct portal_row *row)
{
	const struct portal_object *o = row->payload.kind == PORTAL_K_OBJECT ? row->payload.of : NULL;
	fprintf(page, "\n### `%s`", row->event);
	if (!row->newer)
		fprintf(page, " (older dialect only)");
	else if (strcmp(row->event, row->newer) != 0)
		fprintf(page, ", newer dialect: `%s`", row->newer);
	fprintf(page, "\n\n%s ", row->from == PORTAL_FROM_PORTAL ? "portal →" : "→ portal, from");
	put_roles(page, row);
	fprintf(page, "%s. ", row->on_phoenix ? ", topic `phoenix`" : "");
	if (!o) {
		fprintf(page, "Payload: %s.\n", kinds[row->payload.kind]);
		return;
	}
	fprintf(page, "Payload:\n\n| member | type | need | where |\n|---|---|---|---|\n");
	put_object(page, "", o);
}

static void put_claims(FILE *page, const char *title, const struct portal_object *o)
{
	fprintf(page, "\n### %s\n\n| member | type | need | where |\n|---|---|---|---|\n", title);
	put_object(page, "", o);
}

char *portal_describe(void)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *page = open_memstream(&text, &bytes);
	if (!page)
		return NULL;
	fprintf(page, "# Messages of the portal\n\n"
		      "<!-- Generated from the tables of control-plane/core/portal; tests/unit/control-plane/core/portal says how. -->\n\n"
		      "What is read and written, and how strictly. R: must be there; R·N: must be there, may be null; O: may be\n"
		      "missing, not null; O·N: may be missing or null; L: what is not as it should be counts as missing. Members\n"
		      "that are not listed are ignored. \"where\": the variant or the dialect that has the member.\n");
	for (size_t i = 0; i < portal_n_rows; i++)
		put_row(page, &portal_rows[i]);
	put_claims(page, "Header of an ingest token", &portal_token_header);
	put_claims(page, "Claims of an ingest token", &portal_claims);
	put_claims(page, "Claims that do instead", &portal_older_claims);
	if (fclose(page) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
