/* SPDX-License-Identifier: Apache-2.0 */
/* The AEAD of data packets, a burst at a time. Workers. Engines differ in speed only. */
#ifndef WG_AEAD_H
#define WG_AEAD_H

#include <stdbool.h>
#include <stdint.h>

/* One packet, in place: data[0..bytes) and behind it room for, or the, 16 bytes of tag. */
struct wg_aead_op {
	const uint8_t *key; /* 32 bytes, borrowed */
	uint64_t counter;
	uint8_t *data;
	uint32_t bytes; /* without the tag */
	bool ok;        /* open: the tag was right, and data is plaintext now; otherwise it is unspecified */
};

struct wg_aead_engine {
	const char *name;
	void (*seal)(struct wg_aead_op *ops, unsigned int n);
	void (*open)(struct wg_aead_op *ops, unsigned int n);
};

extern const struct wg_aead_engine wg_aead_sodium;

#endif
