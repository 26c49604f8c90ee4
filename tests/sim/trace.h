/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run leaves to look at: lines as they happen (--log), and a sequence diagram at the end (--diagram).
 *
 * The diagram has a column per party, in the order of their naming; a message is drawn when it arrives at a party. What
 * happens several times at one moment is drawn once, with its number.
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
	unsigned int rows; /* of the diagram; 0: none */
	const char *parties[TRACE_PARTIES_MAX]; /* borrowed names */
	unsigned int n_parties;
	struct trace_entry *first, **end;
	cp_time began;
};

/* A NULL trace is fine everywhere, and costs nothing. */
void trace_init(struct trace *t, FILE *lines, unsigned int rows);
void trace_fini(struct trace *t);
void trace_party(struct trace *t, const char *name);
void trace_hop(struct trace *t, cp_time now, const struct packet *p, const char *at);
void trace_lost(struct trace *t, cp_time now, const struct packet *p, const char *why, const char *where);
/* Not a datagram: signalling, or (to: NULL) what a party says of itself. */
void trace_note(struct trace *t, cp_time now, const char *from, const char *to, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The diagram, if one is wanted; as long as the parties have their names. */
void trace_draw(struct trace *t, FILE *out);

/* In a few words, for people; brief: as on an arrow, [in brackets] what goes as ChannelData. */
void describe(const uint8_t *data, size_t bytes, bool brief, char ret[TRACE_TEXT]);

#endif
