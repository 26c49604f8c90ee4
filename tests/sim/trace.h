/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run leaves to look at: lines as they happen (--log), and a sequence diagram at the end (--diagram).
 *
 * The diagram has a column per party, in the order of their naming; a message is drawn when it arrives at a party or is
 * lost on the way to one. Repetitions of the same thing in a row are drawn once, with their number.
 */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdbool.h>
#include <stdio.h>

#include "net.h"

#define TRACE_PARTIES_MAX 12u
#define TRACE_TEXT        96u

struct trace_entry;
struct trace {
	FILE *lines; /* borrowed; NULL: none */
	bool diagram;
	const char *parties[TRACE_PARTIES_MAX]; /* borrowed names */
	unsigned int n_parties;
	struct trace_entry *first, **end;
	cp_time began;
};

/* A NULL trace is fine everywhere, and costs nothing. */
void trace_init(struct trace *t, FILE *lines, bool diagram, cp_time began);
void trace_fini(struct trace *t);
void trace_party(struct trace *t, const char *name);
void trace_hop(struct trace *t, cp_time now, const struct packet *p, const char *at);
void trace_lost(struct trace *t, cp_time now, const struct packet *p, const char *why, const char *where);
/* Not a datagram: signalling, or (to: NULL) what a party says of itself. */
void trace_note(struct trace *t, cp_time now, const char *from, const char *to, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* Draws at most rows arrows. */
void trace_draw(const struct trace *t, FILE *out, unsigned int rows);

/* In a few words, for people. */
void describe(const uint8_t *data, size_t bytes, char ret[TRACE_TEXT]);

#endif
