/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of sluiced and of sluice-portal: one event, one line of key=value pairs, to standard error. Never fails. What is
 * logged is the caller's care: no key, no token; addresses and names of users at CP_DEBUG only. One thread.
 */
#ifndef CP_LOG_H
#define CP_LOG_H

#include "base/level.h"

/* What is less grave is left out; CP_INFO at the start. */
void log_set_level(int level);
void log_line(enum cp_log_level level, const char *event, const char *text);
void log_event(enum cp_log_level level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
