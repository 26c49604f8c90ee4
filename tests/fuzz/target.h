/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share: the entry point, and a reader that never runs past the input. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *at;
	size_t left;
};

/* 0 when nothing is left. */
static inline uint8_t take(struct bytes *b)
{
	if (b->left == 0)
		return 0;
	b->left--;
	return *b->at++;
}

static inline uint32_t take32(struct bytes *b)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++)
		v = v << 8 | take(b);
	return v;
}

/* The bytes in a buffer of exactly their size, aligned for any type: the sanitizer sees a read past the end. */
static inline void *copy_of(const void *data, size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);
	assert(p);
	if (bytes)
		memcpy(p, data, bytes);
	return p;
}

#endif
