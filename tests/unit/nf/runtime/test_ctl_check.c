/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are refused before a handler sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <errno.h>

#include "nf/runtime/ctl_check.h"

static const struct {
	enum ctl_sock sock;
	bool attached;
	uint16_t type;
	uint32_t body, claimed;
	int status;
	const char *why;
} cases[] = {
	{CTL_SOCK_CTL, false, NF_MSG_HELLO, sizeof(struct nf_hello), sizeof(struct nf_hello), 0, ""},
	{CTL_SOCK_CTL, true, NF_MSG_STATUS_GET, 8, 8, 0, ""},
	{CTL_SOCK_VIEW, false, NF_MSG_STATUS_GET, 8, 8, 0, ""},
	{CTL_SOCK_PUNT, false, NF_MSG_INJECT, 100, 100, 0, ""},
	{CTL_SOCK_CTL, true, 4000, 8, 8, -EOPNOTSUPP, "message type 4000 is unknown"},
	{CTL_SOCK_CTL, true, 0, 8, 8, -EOPNOTSUPP, "message type 0 is unknown"},
	{CTL_SOCK_VIEW, false, NF_MSG_RELOAD, 8, 8, -EPERM, "RELOAD is not for socket nf-view"},
	{CTL_SOCK_PUNT, false, NF_MSG_STATUS_GET, 8, 8, -EPERM, "STATUS_GET is not for socket nf-punt"},
	{CTL_SOCK_CTL, true, NF_MSG_INJECT, 100, 100, -EPERM, "INJECT is not for socket nf-ctl"},
	{CTL_SOCK_CTL, true, NF_MSG_PEER_EVENT, 100, 100, -EPERM, "PEER_EVENT is not for socket nf-ctl"},
	{CTL_SOCK_CTL, true, NF_MSG_PEER_REMOVE, 31, 31, -EBADMSG,
	 "PEER_REMOVE: 31 bytes of body, header says 31, at least 32 are needed"},
	{CTL_SOCK_CTL, true, NF_MSG_PEER_REMOVE, 32, 33, -EBADMSG,
	 "PEER_REMOVE: 32 bytes of body, header says 33, at least 32 are needed"},
	{CTL_SOCK_CTL, true, NF_MSG_STASH_PUT, NF_MSG_MAX_BYTES, NF_MSG_MAX_BYTES, -EBADMSG,
	 "STASH_PUT: more than 32768 bytes"},
	{CTL_SOCK_CTL, false, NF_MSG_SYNC_BEGIN, 8, 8, -EPROTO, "SYNC_BEGIN before HELLO"},
};

static void every_refusal_has_its_status_and_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nf_msg_hdr hdr = {.type = cases[i].type, .body_bytes = cases[i].claimed};
		char why[NF_TEXT_BYTES] = "";
		uint32_t fixed = 0;
		int rc = ctl_check(cases[i].sock, cases[i].attached, &hdr, sizeof(hdr) + cases[i].body, &fixed, why);
		assert_int_equal(rc, cases[i].status);
		assert_string_equal(why, cases[i].why);
		assert_true((rc == 0) == (fixed > 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_refusal_has_its_status_and_text)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
