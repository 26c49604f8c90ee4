/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a vector engine share. Vectors are GNU C's: + ^ & | << >> work lane by lane. Each of avx2.c and
 * avx512.c says how wide they are, gives the few operations that are no operators, and includes engine.inc.c and what
 * that needs.
 */
#ifndef WG_AEAD_VECTORS_H
#define WG_AEAD_VECTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ISA      static inline __attribute__((always_inline, unused))
/* Tests build an engine with other nonces than WireGuard's, to use vectors of others. */
#ifndef NONCE_FIRST
#define NONCE_FIRST 0
#endif

#define NOINLINE __attribute__((noinline))
#define UNROLL   _Pragma("GCC unroll 16")
/* "x is computed here": gcc 12 otherwise collects the operations of a sum, and spills what it collected. */
#define HERE(x) __asm__ volatile("" : "+v"(x))

ISA uint32_t get32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

ISA uint64_t get64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

ISA void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

#endif
