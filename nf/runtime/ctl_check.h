/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a request before any handler sees it: type, direction, size, order. Pure; mgmt. */
#ifndef NF_CTL_CHECK_H
#define NF_CTL_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <nf/wire.h>

enum ctl_sock { CTL_SOCK_CTL, CTL_SOCK_PUNT, CTL_SOCK_VIEW, CTL_SOCK_COUNT };

/* File name of the socket in the runtime directory. */
const char *ctl_sock_name(enum ctl_sock sock);

/*
 * 0 and the size of the body's fixed part (what follows it is the tail), or the status to refuse with:
 * -EOPNOTSUPP unknown type, -EPERM wrong socket, -EBADMSG sizes, -EPROTO before HELLO; then ret_why is
 * filled. bytes: of the datagram, at least a header. attached: HELLO was accepted on this connection.
 */
int ctl_check(enum ctl_sock sock, bool attached, const struct nf_msg_hdr *hdr, size_t bytes, uint32_t *ret_fixed,
	      char ret_why[NF_TEXT_BYTES]);

#endif
