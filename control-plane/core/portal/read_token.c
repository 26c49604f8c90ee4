/* SPDX-License-Identifier: Apache-2.0 */
/* An ingest token: header.claims.signature, each base64url without padding (RFC 7515 §3.1); nobody verifies it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "portal/base64.h"
#include "portal/read.h"

/* The JSON of one part; NULL: see ret_err. */
static json_t *decode_json(struct portal_reader *r, const struct portal_where *w, const char *part, size_t chars, int *ret_err)
{
	const char *what = "is no base64url";
	size_t size = chars / 4 * 3 + 2, n;
	uint8_t *raw = malloc(size);
	json_t *v = NULL;
	*ret_err = raw ? PORTAL_E_PAYLOAD : -ENOMEM;
	if (raw && portal_base64_decode(PORTAL_BASE64URL, part, chars, raw, &n))
		v = portal_json_parse((const char *)raw, n, ret_err, &what);
	if (raw)
		cp_wipe(raw, size);
	free(raw);
	if (v)
		*ret_err = 0;
	else if (*ret_err != -ENOMEM)
		*ret_err = portal_read_fail(r, w, what);
	return v;
}

/* Claims that nobody reads are none of an outer message's. */
static int check(struct portal_reader *r, const struct portal_where *w, const struct portal_object *o, json_t *v)
{
	char nothing[1];
	unsigned int ignored = r->m->n_ignored;
	int err = portal_read_object(r, w, o, v, nothing);
	if (ignored == 0 && r->m->n_ignored > 0)
		r->m->ignored = (struct portal_error){.what = NULL};
	r->m->n_ignored = ignored;
	return err;
}

static int check_claims(struct portal_reader *r, const struct portal_where *w, json_t *v)
{
	int older = check(r, w, &portal_older_claims, v);
	return older == 0 || older == -ENOMEM ? older : check(r, w, &portal_claims, v);
}

static int check_part(struct portal_reader *r, const struct portal_where *up, const char *name, const char *part, size_t chars)
{
	const struct portal_where w = {.up = up, .name = name};
	int err;
	json_t *v = decode_json(r, &w, part, chars, &err);
	if (!v)
		return err;
	err = strcmp(name, "header") == 0 ? check(r, &w, &portal_token_header, v) : check_claims(r, &w, v);
	json_decref(v);
	return err;
}

static int check_signature(struct portal_reader *r, const struct portal_where *up, const char *part, size_t chars)
{
	const struct portal_where w = {.up = up, .name = "signature"};
	size_t n = 0;
	uint8_t *raw = malloc(chars / 4 * 3 + 2);
	if (!raw)
		return -ENOMEM;
	bool good = portal_base64_decode(PORTAL_BASE64URL, part, chars, raw, &n) && n > 0;
	free(raw);
	return good ? 0 : portal_read_fail(r, &w, "is empty or no base64url");
}

int portal_read_token(struct portal_reader *r, const struct portal_where *w, const json_t *v, const char **ret)
{
	const struct portal_field text = {.kind = PORTAL_K_TEXT};
	const char *token = NULL;
	int err = portal_read_scalar(r, w, &text, v, &token);
	if (err)
		return err;
	const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	if (!second || strchr(second + 1, '.'))
		return portal_read_fail(r, w, "has not three parts");
	err = check_part(r, w, "header", token, (size_t)(first - token));
	if (err == 0)
		err = check_part(r, w, "claims", first + 1, (size_t)(second - first - 1));
	if (err == 0)
		err = check_signature(r, w, second + 1, strlen(second + 1));
	if (err == 0)
		*ret = token;
	return err;
}
