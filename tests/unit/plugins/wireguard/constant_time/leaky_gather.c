/* SPDX-License-Identifier: Apache-2.0 */
/* A vector load at places that a secret says: what the look at the disassembly must find. Never run. */
#include <immintrin.h>

__m256i leaky_gather(const int *table, __m256i secret);

__m256i leaky_gather(const int *table, __m256i secret)
{
	return _mm256_i32gather_epi32(table, secret, 4);
}
