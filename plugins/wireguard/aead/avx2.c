/* SPDX-License-Identifier: Apache-2.0 */
/* The engine for AVX2: 8 blocks of ChaCha20, 4 packets of Poly1305 at once. */
#include <immintrin.h>

#include "aead.h"
#include "declassify.h"
#include "forget.h"
#include "small.h"
#include "vectors.h"

#define LANES      8u
#define PACKETS    4u
#define STACK_KIB  3u /* what the functions below seal() and open() use at most */
#define FEW        2u /* packets that are faster one by one */

typedef uint32_t words __attribute__((vector_size(32)));
typedef uint64_t quads __attribute__((vector_size(32)));
#define M(v) ((__m256i)(v))

ISA words all_words(uint32_t v)
{
	return (words)_mm256_set1_epi32((int)v);
}

ISA quads all_quads(uint64_t v)
{
	return (quads)_mm256_set1_epi64x((long long)v);
}

ISA words first_words(void)
{
	return (words)_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
}

ISA words load_words(const void *p)
{
	return (words)_mm256_loadu_si256(p);
}

ISA quads load_quads(const void *p)
{
	return (quads)_mm256_loadu_si256(p);
}

ISA void store_quads(void *p, quads v)
{
	_mm256_storeu_si256(p, M(v));
}

/* Whole bytes move with one shuffle; other distances take two shifts. */
ISA words rotate(words x, int bits)
{
	const __m256i by16 = _mm256_setr_epi8(2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9,
					      14, 15, 12, 13);
	const __m256i by8 = _mm256_setr_epi8(3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14, 3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10,
					     15, 12, 13, 14);
	if (bits == 16)
		return (words)_mm256_shuffle_epi8(M(x), by16);
	if (bits == 8)
		return (words)_mm256_shuffle_epi8(M(x), by8);
	return x << bits | x >> (32 - bits);
}

#define low_words(a, b)  ((words)_mm256_unpacklo_epi32(M(a), M(b)))
#define high_words(a, b) ((words)_mm256_unpackhi_epi32(M(a), M(b)))
#define low_pairs(a, b)  ((words)_mm256_unpacklo_epi64(M(a), M(b)))
#define high_pairs(a, b) ((words)_mm256_unpackhi_epi64(M(a), M(b)))

/* 16 bytes at `offset` of key[0] and of key[4]. */
ISA words gather_parts(const uint8_t *const *key, int offset)
{
	__m256i low = _mm256_castsi128_si256(_mm_loadu_si128((const void *)(key[0] + offset)));
	return (words)_mm256_inserti128_si256(low, _mm_loadu_si128((const void *)(key[4] + offset)), 1);
}

ISA void xor32(uint8_t *at, __m256i k)
{
	_mm256_storeu_si256((void *)at, _mm256_xor_si256(_mm256_loadu_si256((const void *)at), k));
}

ISA void xor16(uint8_t *at, __m128i k)
{
	_mm_storeu_si128((void *)at, _mm_xor_si128(_mm_loadu_si128((const void *)at), k));
}

/* Fewer than 64 bytes: halves as long as they are whole, the rest byte by byte. */
NOINLINE static void xor_some(uint8_t *at, uint32_t bytes, const uint8_t *k)
{
	uint32_t i = bytes & ~15u;
	if (bytes & 32)
		xor32(at, _mm256_loadu_si256((const void *)k));
	if (bytes & 16)
		xor16(at + (bytes & 32), _mm_loadu_si128((const void *)(k + (bytes & 32))));
	for (; i < bytes; i++)
		at[i] ^= k[i];
}

/* Part p of x[4q + j] holds words 4q … of lane 4p + j: the two halves of lane i's keystream. */
#define LOW_HALF(x, i)  ((i) < 4 ? _mm256_permute2x128_si256(M(x[(i) % 4]), M(x[4 + (i) % 4]), 0x20) : \
				  _mm256_permute2x128_si256(M(x[(i) % 4]), M(x[4 + (i) % 4]), 0x31))
#define HIGH_HALF(x, i) ((i) < 4 ? _mm256_permute2x128_si256(M(x[8 + (i) % 4]), M(x[12 + (i) % 4]), 0x20) : \
				  _mm256_permute2x128_si256(M(x[8 + (i) % 4]), M(x[12 + (i) % 4]), 0x31))

ISA void xor_lane(uint8_t *at, uint32_t bytes, __m256i low, __m256i high)
{
	if (bytes == 64) {
		xor32(at, low);
		xor32(at + 32, high);
	} else if (bytes == 32) {
		xor32(at, low);
	} else if (bytes) {
		uint8_t k[64];
		_mm256_storeu_si256((void *)k, low);
		_mm256_storeu_si256((void *)(k + 32), high);
		xor_some(at, bytes, k);
	}
}

ISA void xor_lanes(const words x[16], uint8_t *const *at, const uint32_t *bytes)
{
	UNROLL for (unsigned int i = 0; i < LANES; i++) xor_lane(at[i], bytes[i], LOW_HALF(x, i), HIGH_HALF(x, i));
}

ISA void xor_run(const words x[16], uint8_t *at)
{
	UNROLL for (unsigned int i = 0; i < LANES; i++)
	{
		xor32(at + 64 * i, LOW_HALF(x, i));
		xor32(at + 64 * i + 32, HIGH_HALF(x, i));
	}
}

#define multiply32(a, b) ((quads)_mm256_mul_epu32(M(a), M(b)))

/* Lanes below 2^63. */
ISA quads where_at_least(quads a, quads b, quads v)
{
	return v & ~(quads)_mm256_cmpgt_epi64(M(b), M(a));
}

/* 32 bytes of four packets: a matrix of 4 × 4 quads, rows become columns. */
ISA void transpose_quads(__m256i a, __m256i b, __m256i c, __m256i d, quads m[4])
{
	__m256i ab0 = _mm256_unpacklo_epi64(a, b), ab1 = _mm256_unpackhi_epi64(a, b);
	__m256i cd0 = _mm256_unpacklo_epi64(c, d), cd1 = _mm256_unpackhi_epi64(c, d);
	m[0] = (quads)_mm256_permute2x128_si256(ab0, cd0, 0x20);
	m[1] = (quads)_mm256_permute2x128_si256(ab1, cd1, 0x20);
	m[2] = (quads)_mm256_permute2x128_si256(ab0, cd0, 0x31);
	m[3] = (quads)_mm256_permute2x128_si256(ab1, cd1, 0x31);
}

ISA void load_keys(const uint8_t (*one_time)[32], quads k[4])
{
	__m256i r[4];
	UNROLL for (int i = 0; i < 4; i++) r[i] = _mm256_loadu_si256((const void *)one_time[i]);
	transpose_quads(r[0], r[1], r[2], r[3], k);
}

ISA void load_step(const uintptr_t start[PACKETS], uint64_t at, quads m[8])
{
	UNROLL for (int half = 0; half < 2; half++)
	{
		__m256i r[4];
		UNROLL for (int i = 0; i < 4; i++) r[i] = _mm256_loadu_si256((const void *)(start[i] + at + 32u * (unsigned int)half));
		transpose_quads(r[0], r[1], r[2], r[3], m + 4 * half);
	}
}

/* The bytes of a lane that lie in this step, zeros before and behind them. */
static void window(uintptr_t start, uint64_t at, uint64_t skip, uint64_t bytes, uint8_t ret[64])
{
	uint64_t from = skip > at ? skip - at : 0, to = skip + bytes > at ? skip + bytes - at : 0;
	to = to > 64 ? 64 : to;
	memset(ret, 0, 64);
	if (from < to)
		memcpy(ret + from, (const void *)(start + at + from), to - from);
}

ISA void load_step_masked(const uintptr_t start[PACKETS], uint64_t at, quads skip, quads bytes, quads m[8])
{
	uint8_t windows[PACKETS][64];
	uintptr_t copies[PACKETS];
	for (unsigned int i = 0; i < PACKETS; i++) {
		window(start[i], at, skip[i], bytes[i], windows[i]);
		copies[i] = (uintptr_t)windows[i];
	}
	load_step(copies, 0, m);
}

#include "lanes.inc.c"
#include "limbs26.inc.c"
#include "poly1305.inc.c"
#include "engine.inc.c"

static bool runs_here(void)
{
	return __builtin_cpu_supports("avx2");
}

const struct wg_aead_engine wg_aead_avx2 = {.name = "avx2", .needs = "AVX2", .runs_here = runs_here, .seal = seal, .open = open};
