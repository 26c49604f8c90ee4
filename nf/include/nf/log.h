/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging: one event, one line of key=value pairs, to standard error. Never from node code (workers
 * count; the management thread reports). A line that cannot be written is lost without harm.
 */
#ifndef NF_LOG_H
#define NF_LOG_H

#include <stdint.h>

enum nf_log_level { NF_ERR, NF_WARN, NF_INFO, NF_DEBUG, NF_TRACE };

/* `event` is a stable name ("peer_closed"); the rest is printf-formatted key=value pairs. */
void nf_log(enum nf_log_level level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void nf_log_set_level(enum nf_log_level level);

/* For events a peer can trigger: at most one line per second and state; tells how many were not shown. */
struct nf_log_rate {
	uint64_t next_ns;
	uint64_t suppressed;
};
void nf_log_limited(struct nf_log_rate *rate, enum nf_log_level level, const char *event, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
