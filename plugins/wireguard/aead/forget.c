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

void wg_aead_wipe_registers(void)
{
	if (__builtin_cpu_supports("avx512f"))
		wipe_upper_512();
	if (__builtin_cpu_supports("avx"))
		wipe_256();
}

/*
 * By hand, and without a frame: between the frames of functions that wipe an array there are holes that nobody writes. The
 * red zone below the stack pointer is wiped too; nothing is kept there, because this is all that the function does.
 */
__attribute__((noinline)) void wg_aead_wipe_stack(unsigned long bytes)
{
	unsigned long words = bytes / 8, at;
	__asm__ volatile("mov %%rsp, %%rdx\n\t"
			 "sub %2, %%rsp\n\t"
			 "mov %%rsp, %0\n\t"
			 "rep stosq\n\t"
			 "mov %%rdx, %%rsp"
			 : "=&D"(at), "+c"(words)
			 : "r"(bytes), "a"(0)
			 : "rdx", "memory", "cc");
}
#else
void wg_aead_wipe_registers(void)
{
}

__attribute__((noinline)) void wg_aead_wipe_stack(unsigned long bytes)
{
	uint8_t below[4096];
	explicit_bzero(below + sizeof(below) - bytes, bytes);
}
#endif
