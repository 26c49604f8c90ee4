/* SPDX-License-Identifier: Apache-2.0 */
/* Which peer does the operator mean? Pure. */
#ifndef CTL_MATCH_H
#define CTL_MATCH_H

#include <stddef.h>

#include <nf/wire.h>

#include "format.h"

struct match_peer {
	char name[NF_NAME_BYTES];
	char key[FMT_KEY_BYTES];
};

#define MATCH_NONE      (-1)
#define MATCH_AMBIGUOUS (-2)

/*
 * Index of the peer whose name or key is `wanted`, or else the only one whose name or key begins with
 * it. Ambiguous: ret_first and ret_second are two of those that it could be.
 */
int match_peer(const struct match_peer *peers, size_t n, const char *wanted, size_t *ret_first,
	       size_t *ret_second);

#endif
