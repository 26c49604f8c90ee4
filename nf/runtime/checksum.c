/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <nf/pkt.h>

/*
 * RFC 1071. Words of 32 bits into 64-bit lanes: carries cannot be lost below 2^32 words, and the
 * order of the words does not matter to the sum.
 */
static uint64_t sum_words(const uint8_t *p, uint32_t bytes)
{
	uint64_t acc = 0, two;
	uint32_t word;
	for (; bytes >= 8; bytes -= 8, p += 8) {
		memcpy(&two, p, 8);
		acc += (two & UINT32_MAX) + (two >> 32);
	}
	for (; bytes >= 4; bytes -= 4, p += 4) {
		memcpy(&word, p, 4);
		acc += word;
	}
	word = 0;
	memcpy(&word, p, bytes);
	return acc + word;
}

#ifdef __x86_64__
/* The low and the high halves of 64-bit words go to lanes of their own; two of each, for the additions overlap. */
__attribute__((target("avx2"))) static uint64_t sum_avx2(const uint8_t *p, uint32_t bytes)
{
	const __m256i low = _mm256_set1_epi64x(0xffffffff);
	__m256i a = _mm256_setzero_si256(), b = a;
	for (; bytes >= 64; bytes -= 64, p += 64) {
		__m256i x = _mm256_loadu_si256((const __m256i *)(const void *)p);
		__m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
		a = _mm256_add_epi64(a, _mm256_add_epi64(_mm256_and_si256(x, low), _mm256_srli_epi64(x, 32)));
		b = _mm256_add_epi64(b, _mm256_add_epi64(_mm256_and_si256(y, low), _mm256_srli_epi64(y, 32)));
	}
	uint64_t lanes[4];
	_mm256_storeu_si256((__m256i *)(void *)lanes, _mm256_add_epi64(a, b));
	return lanes[0] + lanes[1] + lanes[2] + lanes[3] + sum_words(p, bytes);
}
#endif

uint32_t nf_sum16(const void *data, uint32_t bytes, uint32_t sum)
{
	uint64_t acc = sum;
#ifdef __x86_64__
	if (bytes >= 64 && __builtin_cpu_supports("avx2"))
		acc += sum_avx2(data, bytes);
	else
#endif
		acc += sum_words(data, bytes);
	acc = (acc & UINT32_MAX) + (acc >> 32);
	acc = (acc & UINT32_MAX) + (acc >> 32);
	uint32_t folded = (uint32_t)(acc & 0xffff) + (uint32_t)(acc >> 16);
	return (folded & 0xffff) + (folded >> 16);
}

uint16_t nf_sum16_finish(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
