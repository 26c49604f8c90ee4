/* SPDX-License-Identifier: Apache-2.0 */
/* The engine for AVX-512 with IFMA and VBMI2: 16 blocks of ChaCha20, 8 packets of Poly1305 at once. */
#include <immintrin.h>

#include "aead.h"
#include "declassify.h"
#include "forget.h"
#include "small.h"
#include "vectors.h"

#define LANES      16u
#define PACKETS    8u
#define STACK_KIB  2u /* what the functions below seal() and open() use at most */
#ifdef WG_AEAD_IPSEC_MB
#define FEW 4u /* packets that are faster one by one */
#else
#define FEW 2u
#endif

typedef uint32_t words __attribute__((vector_size(64)));
typedef uint64_t quads __attribute__((vector_size(64)));
#define M(v) ((__m512i)(v))

ISA words all_words(uint32_t v)
{
	return (words)_mm512_set1_epi32((int)v);
}

ISA quads all_quads(uint64_t v)
{
	return (quads)_mm512_set1_epi64((long long)v);
}

ISA words first_words(void)
{
	return (words)_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

ISA words load_words(const void *p)
{
	return (words)_mm512_loadu_si512(p);
}

ISA quads load_quads(const void *p)
{
	return (quads)_mm512_loadu_si512(p);
}

ISA void store_quads(void *p, quads v)
{
	_mm512_storeu_si512(p, M(v));
}

ISA words rotate(words x, int bits)
{
	return (words)_mm512_rol_epi32(M(x), bits);
}

#define low_words(a, b)  ((words)_mm512_unpacklo_epi32(M(a), M(b)))
#define high_words(a, b) ((words)_mm512_unpackhi_epi32(M(a), M(b)))
#define low_pairs(a, b)  ((words)_mm512_unpacklo_epi64(M(a), M(b)))
#define high_pairs(a, b) ((words)_mm512_unpackhi_epi64(M(a), M(b)))

/* 16 bytes at `offset` of key[0], key[4], key[8] and key[12]. */
ISA words gather_parts(const uint8_t *const *key, int offset)
{
	__m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const void *)(key[0] + offset)));
	v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(key[4] + offset)), 1);
	v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)(key[8] + offset)), 2);
	return (words)_mm512_inserti32x4(v, _mm_loadu_si128((const void *)(key[12] + offset)), 3);
}

/* Part p of x[4q + j] holds words 4q … of lane 4p + j; afterwards x[4p + j] holds lane 4p + j: 4 × 4 parts turned. */
ISA void to_lanes(words x[16])
{
	UNROLL for (int j = 0; j < 4; j++)
	{
		__m512i low01 = _mm512_shuffle_i32x4(M(x[j]), M(x[4 + j]), 0x44), high01 = _mm512_shuffle_i32x4(M(x[j]), M(x[4 + j]), 0xee);
		__m512i low23 = _mm512_shuffle_i32x4(M(x[8 + j]), M(x[12 + j]), 0x44);
		__m512i high23 = _mm512_shuffle_i32x4(M(x[8 + j]), M(x[12 + j]), 0xee);
		x[j] = (words)_mm512_shuffle_i32x4(low01, low23, 0x88);
		x[4 + j] = (words)_mm512_shuffle_i32x4(low01, low23, 0xdd);
		x[8 + j] = (words)_mm512_shuffle_i32x4(high01, high23, 0x88);
		x[12 + j] = (words)_mm512_shuffle_i32x4(high01, high23, 0xdd);
	}
}

ISA void xor_lanes(words x[16], uint8_t *const *at, const uint32_t *bytes)
{
	to_lanes(x);
	UNROLL for (unsigned int i = 0; i < LANES; i++)
	{
		__mmask64 m = _cvtu64_mask64(_bzhi_u64(~0ull, bytes[i]));
		_mm512_mask_storeu_epi8(at[i], m, _mm512_xor_si512(_mm512_maskz_loadu_epi8(m, at[i]), M(x[i])));
	}
}

ISA void xor_run(words x[16], uint8_t *at)
{
	to_lanes(x);
	UNROLL for (unsigned int i = 0; i < LANES; i++)
		_mm512_storeu_si512(at + 64 * i, _mm512_xor_si512(_mm512_loadu_si512(at + 64 * i), M(x[i])));
}

#define multiply52_low(sum, a, b)  ((quads)_mm512_madd52lo_epu64(M(sum), M(a), M(b)))
#define multiply52_high(sum, a, b) ((quads)_mm512_madd52hi_epu64(M(sum), M(a), M(b)))
#define shift_across_44(lo, hi)    ((quads)_mm512_shrdi_epi64(M(lo), M(hi), 44))

ISA quads where_at_least(quads a, quads b, quads v)
{
	return (quads)_mm512_maskz_mov_epi64(_mm512_cmpge_epu64_mask(M(a), M(b)), M(v));
}

/* 64 bytes of eight packets: a matrix of 8 × 8 quads, rows become columns. */
ISA void transpose_quads(const __m512i r[8], quads m[8])
{
	__m512i even[4], odd[4]; /* quads 0 2 4 6, and 1 3 5 7, of packets 2k and 2k + 1 */
	UNROLL for (int k = 0; k < 4; k++)
	{
		even[k] = _mm512_unpacklo_epi64(r[2 * k], r[2 * k + 1]);
		odd[k] = _mm512_unpackhi_epi64(r[2 * k], r[2 * k + 1]);
	}
	UNROLL for (int o = 0; o < 2; o++)
	{
		const __m512i *v = o ? odd : even;
		__m512i low04 = _mm512_shuffle_i64x2(v[0], v[1], 0x88), high04 = _mm512_shuffle_i64x2(v[2], v[3], 0x88);
		__m512i low26 = _mm512_shuffle_i64x2(v[0], v[1], 0xdd), high26 = _mm512_shuffle_i64x2(v[2], v[3], 0xdd);
		m[o] = (quads)_mm512_shuffle_i64x2(low04, high04, 0x88);
		m[2 + o] = (quads)_mm512_shuffle_i64x2(low26, high26, 0x88);
		m[4 + o] = (quads)_mm512_shuffle_i64x2(low04, high04, 0xdd);
		m[6 + o] = (quads)_mm512_shuffle_i64x2(low26, high26, 0xdd);
	}
}

/* Rows of 32 bytes: two of them share a register, and four quads come out. */
ISA void load_keys(const uint8_t (*one_time)[32], quads k[4])
{
	__m512i even[2], odd[2]; /* quads 0 2 | 0 2 and 1 3 | 1 3 of packets 2i, 2i + 1 | 2i + 4, 2i + 5 */
	UNROLL for (int i = 0; i < 2; i++)
	{
		__m512i a = _mm512_castsi256_si512(_mm256_loadu_si256((const void *)one_time[2 * i]));
		__m512i b = _mm512_castsi256_si512(_mm256_loadu_si256((const void *)one_time[2 * i + 1]));
		a = _mm512_inserti64x4(a, _mm256_loadu_si256((const void *)one_time[2 * i + 4]), 1);
		b = _mm512_inserti64x4(b, _mm256_loadu_si256((const void *)one_time[2 * i + 5]), 1);
		even[i] = _mm512_unpacklo_epi64(a, b);
		odd[i] = _mm512_unpackhi_epi64(a, b);
	}
	UNROLL for (int o = 0; o < 2; o++)
	{
		const __m512i *v = o ? odd : even;
		__m512i first = _mm512_shuffle_i64x2(v[0], v[1], 0x88), second = _mm512_shuffle_i64x2(v[0], v[1], 0xdd);
		k[o] = (quads)_mm512_shuffle_i64x2(first, first, 0xd8);
		k[2 + o] = (quads)_mm512_shuffle_i64x2(second, second, 0xd8);
	}
}

ISA void load_step(const uintptr_t start[PACKETS], uint64_t at, quads m[8])
{
	__m512i r[8];
	UNROLL for (int i = 0; i < 8; i++) r[i] = _mm512_loadu_si512((const void *)(start[i] + at));
	transpose_quads(r, m);
}

/* By lane: the first n of 64 bytes; n may be more. */
ISA __m512i masks_of_first(__m512i n)
{
	__m512i one = _mm512_set1_epi64(1);
	return _mm512_sub_epi64(_mm512_sllv_epi64(one, n), one);
}

/* The bytes of a lane that lie in this step, zeros before and behind them. */
ISA void load_step_masked(const uintptr_t start[PACKETS], uint64_t at, quads skip, quads bytes, quads m[8])
{
	__m512i before = _mm512_sub_epi64(_mm512_max_epu64(M(skip), M(all_quads(at))), M(all_quads(at))), end = M(skip + bytes - at), r[8];
	uint64_t masks[PACKETS];
	_mm512_storeu_si512(masks, _mm512_andnot_si512(masks_of_first(before), masks_of_first(end)));
	UNROLL for (int i = 0; i < 8; i++)
		r[i] = _mm512_maskz_loadu_epi8(_cvtu64_mask64(masks[i]), (const void *)(start[i] + at));
	transpose_quads(r, m);
}

#include "lanes.inc.c"
#include "limbs44.inc.c"
#include "poly1305.inc.c"
#include "engine.inc.c"

static bool runs_here(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512ifma") && __builtin_cpu_supports("avx512vbmi2") &&
	       __builtin_cpu_supports("bmi2");
}

const struct wg_aead_engine wg_aead_avx512 = {
	.name = "avx512", .needs = "AVX-512 IFMA, VBMI2", .runs_here = runs_here, .seal = seal, .open = open};
