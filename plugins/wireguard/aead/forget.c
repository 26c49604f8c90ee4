/* SPDX-License-Identifier: Apache-2.0 */
#include "forget.h"

#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
__attribute__((target("avx"))) static void wipe_256(void)
{
	__asm__ volatile("vzeroall" ::
				 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
				   "xmm12", "xmm13", "xmm14", "xmm15");
}

/* vzeroall knows the first sixteen only; these have no name before AVX-512. */
__attribute__((target("avx512f"))) static void wipe_upper_512(void)
{
#define WIPE(n) "vpxord %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n\t"
	__asm__ volatile(WIPE(16) WIPE(17) WIPE(18) WIPE(19) WIPE(20) WIPE(21) WIPE(22) WIPE(23) WIPE(24) WIPE(25) WIPE(26)
				 WIPE(27) WIPE(28) WIPE(29) WIPE(30) WIPE(31)::
				 : "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",
				   "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
#undef WIPE
}

static void wipe_registers(void)
{
	if (__builtin_cpu_supports("avx512f"))
		wipe_upper_512();
	if (__builtin_cpu_supports("avx"))
		wipe_256();
}
#else
static void wipe_registers(void)
{
}
#endif

__attribute__((noinline)) static void wipe_stack(unsigned int kib)
{
	uint8_t below[1024];
	explicit_bzero(below, sizeof(below)); /* libc's is faster than what a compiler puts here for a memset */
	if (kib > 1)
		wipe_stack(kib - 1);
	__asm__ volatile("" : : "r"(below) : "memory"); /* no tail call, which would wipe the same again */
}

void wg_aead_forget(unsigned int stack_kib)
{
	wipe_stack(stack_kib);
	wipe_registers();
}
