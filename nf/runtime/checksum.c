/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <nf/pkt.h>

#define VECTORS_FROM 256u /* bytes: fewer are summed before a vector's lanes are */

/* RFC 1071: the order of the words does not matter to the sum, nor does their width, as long as no carry is lost. */
static inline uint64_t add(uint64_t acc, uint64_t word)
{
	acc += word;
	return acc + (acc < word);
}

static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t word;
	memcpy(&word, p, 8);
	return word;
}

/* The last bytes, fewer than eight, zeros behind them. */
static inline uint64_t rest_at(const uint8_t *p, uint32_t bytes)
{
	uint64_t rest = 0, tail = 0;
	if (bytes & 3)
		memcpy(&tail, p + (bytes & 4), bytes & 3);
	if (bytes & 4)
		memcpy(&rest, p, 4);
	return rest + tail; /* both below 2^32 */
}

/* Four sums, for the additions of one have to wait for each other. */
static inline uint64_t sum_words(const uint8_t *p, uint32_t bytes)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;
	for (; bytes >= 32; bytes -= 32, p += 32) {
		a = add(a, word_at(p));
		b = add(b, word_at(p + 8));
		c = add(c, word_at(p + 16));
		d = add(d, word_at(p + 24));
	}
	for (; bytes >= 8; bytes -= 8, p += 8)
		a = add(a, word_at(p));
	if (bytes)
		b = add(b, rest_at(p, bytes));
	return add(add(a, b), add(c, d));
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
	return add(lanes[0] + lanes[1] + lanes[2] + lanes[3], sum_words(p, bytes));
}
#endif

/* The upper half of a number and its halves exchanged is the sum of both halves, and its carry with it. */
static inline uint32_t fold(uint64_t acc)
{
	acc += acc << 32 | acc >> 32;
	uint32_t half = (uint32_t)(acc >> 32);
	half += half << 16 | half >> 16;
	return half >> 16;
}

#ifdef __x86_64__
static __attribute__((noinline)) uint32_t sum_long(const void *data, uint32_t bytes, uint32_t sum)
{
	return fold(add(sum, __builtin_cpu_supports("avx2") ? sum_avx2(data, bytes) : sum_words(data, bytes)));
}
#endif

uint32_t nf_sum16(const void *data, uint32_t bytes, uint32_t sum)
{
#ifdef __x86_64__
	if (bytes >= VECTORS_FROM)
		return sum_long(data, bytes, sum);
#endif
	return fold(add(sum, sum_words(data, bytes)));
}

uint16_t nf_sum16_finish(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
