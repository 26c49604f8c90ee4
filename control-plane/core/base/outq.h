/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of outputs: values, in the order they were decided. A queue that could not grow says so, and
 * the façade turns that into a fresh start of the conversation with the NF.
 */
#ifndef CP_OUTQ_H
#define CP_OUTQ_H

#include "core.h"

struct cp_outq_item;

struct cp_outq {
	struct cp_outq_item *head, **tail, *handed; /* handed: valid until the next call */
	bool failed;
};

void cp_outq_init(struct cp_outq *q);
void cp_outq_fini(struct cp_outq *q);
/* Plain outputs without data. */
void cp_outq_put(struct cp_outq *q, struct cp_out out);
/* A message: header, body, tail are copied. */
void cp_outq_message(struct cp_outq *q, struct cp_out out, struct nf_msg_hdr hdr, const void *body, size_t body_bytes,
		     const void *tail, size_t tail_bytes);
void cp_outq_log(struct cp_outq *q, enum cp_log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void cp_outq_portal(struct cp_outq *q, const struct cp_portal_word *word); /* copied */
void cp_outq_report(struct cp_outq *q, const char *text);
bool cp_outq_next(struct cp_outq *q, struct cp_out *ret);

#endif
