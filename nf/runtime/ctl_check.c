/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct row {
	uint16_t type, dir;
	uint32_t fixed_bytes;
	const char *name;
};
#define ROW(NAME, number, req, rep, dir, doc) {number, dir, sizeof(struct req), #NAME},
static const struct row rows[] = {NF_MESSAGES(ROW)};

const char *ctl_sock_name(enum ctl_sock sock)
{
	static const char *const names[CTL_SOCK_COUNT] = {"nf-ctl", "nf-punt", "nf-view"};
	return names[sock];
}

static const struct row *row_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static bool allowed_on(enum ctl_sock sock, uint16_t dir)
{
	if (sock == CTL_SOCK_CTL)
		return dir == NF_DIR_CTL || dir == NF_DIR_VIEW;
	return sock == CTL_SOCK_VIEW ? dir == NF_DIR_VIEW : dir == NF_DIR_INJECT;
}

__attribute__((format(printf, 3, 4))) static int refuse(int status, char *why, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, NF_TEXT_BYTES, fmt, ap);
	va_end(ap);
	return status;
}

int ctl_check(enum ctl_sock sock, bool attached, const struct nf_msg_hdr *hdr, size_t bytes, uint32_t *ret_fixed,
	      char ret_why[NF_TEXT_BYTES])
{
	const struct row *r = row_of(hdr->type);
	size_t body = bytes - sizeof(*hdr);
	if (!r)
		return refuse(-EOPNOTSUPP, ret_why, "message type %u is unknown", hdr->type);
	if (!allowed_on(sock, r->dir))
		return refuse(-EPERM, ret_why, "%s is not for socket %s", r->name, ctl_sock_name(sock));
	if (hdr->body_bytes != body || body < r->fixed_bytes)
		return refuse(-EBADMSG, ret_why, "%s: %zu bytes of body, header says %u, at least %u are needed", r->name, body,
			      hdr->body_bytes, r->fixed_bytes);
	if (bytes > NF_MSG_MAX_BYTES)
		return refuse(-EBADMSG, ret_why, "%s: more than %u bytes", r->name, NF_MSG_MAX_BYTES);
	if (sock == CTL_SOCK_CTL && hdr->type != NF_MSG_HELLO && !attached)
		return refuse(-EPROTO, ret_why, "%s before HELLO", r->name);
	*ret_fixed = r->fixed_bytes;
	return 0;
}
