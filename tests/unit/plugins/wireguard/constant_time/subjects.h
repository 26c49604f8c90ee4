/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked at: engines, and functions that leak on purpose, which the tools must find. */
#ifndef CT_SUBJECTS_H
#define CT_SUBJECTS_H

#include "aead/aead.h"

#define SUBJECT_PACKETS 13u

/* NULL: no such subject, or not on this CPU. */
const struct wg_aead_engine *subject_find(const char *name);

struct subject_burst {
	uint8_t key[32];
	uint8_t data[SUBJECT_PACKETS][600];
	struct wg_aead_op ops[SUBJECT_PACKETS];
};

/* Secrets are made from the seed; lengths, counters and places are always the same. */
void subject_fill(struct subject_burst *b, uint64_t seed);
/* Seals n packets, and opens them; every fourth was tampered with in between. */
void subject_seal(const struct wg_aead_engine *e, struct subject_burst *b, unsigned int n);
void subject_tamper(struct subject_burst *b, unsigned int n);
void subject_open(const struct wg_aead_engine *e, struct subject_burst *b, unsigned int n);

#endif
