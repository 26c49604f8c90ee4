/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators' requests: the messages of wire.h that look, close and reload. They are forwarded to the NF
 * under numbers of our own, replies go back under the operator's; the end of a close is reported to whoever
 * asked for it. Everything an operator can grow is bounded: OPERATOR_PENDING requests in all.
 */
#ifndef CP_OPERATOR_H
#define CP_OPERATOR_H

#include "link/link.h"

#define OPERATOR_PENDING 128u

struct operator_pending {
	uint32_t conn; /* 0: free */
	uint32_t op_seq, nf_seq;
	uint16_t type;
	bool replied;  /* a close: only its end is still to be reported */
	uint8_t key[NF_KEY_BYTES];
};

struct cp_operator {
	struct cp_outq *out;    /* borrowed */
	struct cp_link *link;   /* borrowed */
	struct operator_pending pending[OPERATOR_PENDING];
};

void operator_init(struct cp_operator *o, struct cp_outq *out, struct cp_link *link);
/* True: a RELOAD, which the façade carries out; it answers by operator_reload_done(). */
bool operator_in(struct cp_operator *o, uint32_t conn, const void *msg, size_t bytes, cp_time now);
void operator_gone(struct cp_operator *o, uint32_t conn);
/* Reply of the NF; true: it belonged to an operator. */
bool operator_reply(struct cp_operator *o, const struct nf_msg_hdr *hdr, const void *body);
void operator_peer_closed(struct cp_operator *o, const struct nf_peer_closed *closed);
void operator_close_all_done(struct cp_operator *o, const struct nf_close_all_done *done);
/* To all who asked; status < 0: refused, text says why. */
void operator_reload_done(struct cp_operator *o, const struct nf_reload_done *done, int32_t status, const char *text);
/* The NF is gone: what was asked will not be answered. */
void operator_link_down(struct cp_operator *o);

#endif
