/* SPDX-License-Identifier: Apache-2.0 */
/* What an AEAD engine leaves alone, and what it leaves behind: pages around packets, its stack, vector registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <sodium.h>

#include "aead_rig.h"

#define GUARDED 21u /* packets of a burst: two groups and a few */

static struct rig rig;
static const struct wg_aead_engine *engines[8];
static unsigned int n_engines;
static uint8_t *pages; /* GUARDED times: inaccessible, two pages of packet, inaccessible */
static size_t page;

static int map_pages(void **state)
{
	(void)state;
	page = (size_t)sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, GUARDED * 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (unsigned int i = 0; pages != MAP_FAILED && i < GUARDED; i++)
		if (mprotect(pages + (4 * i + 1) * page, 2 * page, PROT_READ | PROT_WRITE) != 0)
			return -1;
	return pages == MAP_FAILED ? -1 : 0;
}

static int unmap_pages(void **state)
{
	(void)state;
	return munmap(pages, GUARDED * 4 * page);
}

/* Packet i of the burst moves between its guards: to the first byte behind the one, or its tag to the last before the other. */
static void move_to_edge(unsigned int i, bool last)
{
	struct wg_aead_op *op = &rig.ops[i];
	uint8_t *first = pages + (4 * i + 1) * page;
	uint8_t *at = last ? first + 2 * page - op->bytes - WG_AEAD_TAG_BYTES : first;
	memcpy(at, op->data, op->bytes);
	op->data = at;
}

static void seal_and_open_at_edges(const struct wg_aead_engine *e, unsigned int n)
{
	e->seal(rig.ops, n);
	for (unsigned int i = 0; i < n; i++)
		assert_memory_equal(rig.ops[i].data, rig.packets[i].want, rig.ops[i].bytes + WG_AEAD_TAG_BYTES);
	e->open(rig.ops, n);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(rig.ops[i].ok);
		assert_memory_equal(rig.ops[i].data, rig.packets[i].plain, rig.ops[i].bytes);
	}
}

/* Lengths of a burst differ by up to 64 bytes, so that lanes begin and end inside a step of others. */
static void nothing_is_touched_beside_a_packet(void **state)
{
	static const unsigned int bursts[] = {1, 3, 8, GUARDED};
	uint8_t key[32];
	(void)state;
	rig.state = 3;
	rig_fill(&rig, key, 32);
	for (unsigned int e = 0; e < n_engines; e++)
		for (uint32_t bytes = 0; bytes <= RIG_BYTES; bytes++)
			for (unsigned int way = 0; way < 8; way++) {
				unsigned int n = bursts[way / 2];
				for (unsigned int i = 0; i < n; i++) {
					rig_packet(&rig, i, key, i, bytes - (bytes > 64 ? i * 3 : 0), 0);
					move_to_edge(i, (way ^ (bytes & i)) & 1);
				}
				seal_and_open_at_edges(engines[e], n);
			}
}

/* The engine runs on a stack of its own, which is searched afterwards. */
#define STACK_BYTES (256u * 1024)
static struct {
	ucontext_t here, there;
	uint8_t *stack;
	const struct wg_aead_engine *engine;
	unsigned int n;
	bool opens;
	uint8_t registers[32 * 64];
} w;

#ifdef __x86_64__
/* At once after the call: nothing may run in between. */
__attribute__((noinline)) static void keep_registers(uint8_t *to)
{
#define SAVE256(n) "vmovdqu %%ymm" #n ", 64*" #n "(%0)\n\t"
#define SAVE512(n) "vmovdqu64 %%zmm" #n ", 64*" #n "(%0)\n\t"
#define ALL(SAVE) SAVE(0) SAVE(1) SAVE(2) SAVE(3) SAVE(4) SAVE(5) SAVE(6) SAVE(7) SAVE(8) SAVE(9) SAVE(10) SAVE(11) SAVE(12) SAVE(13) \
	SAVE(14) SAVE(15)
	if (__builtin_cpu_supports("avx512f"))
		__asm__ volatile(ALL(SAVE512) SAVE512(16) SAVE512(17) SAVE512(18) SAVE512(19) SAVE512(20) SAVE512(21) SAVE512(22)
					 SAVE512(23) SAVE512(24) SAVE512(25) SAVE512(26) SAVE512(27) SAVE512(28) SAVE512(29)
						 SAVE512(30) SAVE512(31)
				 :
				 : "r"(to)
				 : "memory");
	else if (__builtin_cpu_supports("avx2"))
		__asm__ volatile(ALL(SAVE256) : : "r"(to) : "memory");
}
#else
static void keep_registers(uint8_t *to)
{
	(void)to;
}
#endif

static void run_engine(void)
{
	(w.opens ? w.engine->open : w.engine->seal)(rig.ops, w.n);
	keep_registers(w.registers);
}

static void run_on_own_stack(void)
{
	memset(w.stack, 0, STACK_BYTES);
	memset(w.registers, 0, sizeof(w.registers));
	getcontext(&w.there);
	w.there.uc_stack.ss_sp = w.stack;
	w.there.uc_stack.ss_size = STACK_BYTES;
	w.there.uc_link = &w.here;
	makecontext(&w.there, run_engine, 0);
	swapcontext(&w.here, &w.there);
}

/* Words of 8 bytes at any multiple of 4: where they are copied whole, they are found; a state is kept by words of 4. */
static bool found(const uint8_t *haystack, size_t bytes, const uint8_t *secret, size_t secret_bytes)
{
	for (size_t at = 0; at + 8 <= bytes; at += 4)
		for (size_t s = 0; s + 8 <= secret_bytes; s += 4)
			if (memcmp(haystack + at, secret + s, 8) == 0)
				return true;
	return false;
}

/* Lanes hold the same word of several packets beside each other: with one key for all it stands there twice. */
static bool found_in_lanes(const uint8_t *haystack, size_t bytes, const uint8_t *secret, size_t secret_bytes)
{
	for (size_t at = 0; at + 8 <= bytes; at += 4)
		for (size_t s = 0; s + 4 <= secret_bytes; s += 4)
			if (memcmp(haystack + at, secret + s, 4) == 0 && memcmp(haystack + at + 4, secret + s, 4) == 0)
				return true;
	return false;
}

static void look_for(const char *what, const uint8_t *secret, size_t bytes)
{
	const char *way = w.opens ? "open" : "seal";
	if (found(w.stack, STACK_BYTES, secret, bytes) || found_in_lanes(w.stack, STACK_BYTES, secret, bytes))
		fail_msg("%s: %s of %u packets leaves %s on the stack", w.engine->name, way, w.n, what);
	if (found(w.registers, sizeof(w.registers), secret, bytes) || found_in_lanes(w.registers, sizeof(w.registers), secret, bytes))
		fail_msg("%s: %s of %u packets leaves %s in registers", w.engine->name, way, w.n, what);
}

/* Keys; one-time keys, r and s; keystream of the first and the last packet. */
static void look_for_secrets(void)
{
	uint8_t zeros[RIG_BYTES + 64] = {0}, stream[RIG_BYTES + 64], nonce[12] = {0};
	look_for("a key", rig.ops[0].key, 32);
	for (unsigned int i = 0; i < w.n; i++) {
		memcpy(nonce + 4, &rig.ops[i].counter, 8);
		crypto_stream_chacha20_ietf_xor_ic(stream, zeros, sizeof(stream), nonce, 0, rig.ops[i].key);
		look_for("a one-time key", stream, 32);
		if (i == 0 || i + 1 == w.n)
			look_for("keystream", stream + 64, rig.ops[i].bytes & ~3u);
	}
}

__attribute__((unused)) static void nothing_secret_stays_behind(void **state)
{
	static const unsigned int bursts[] = {1, 2, 3, 7, 12};
	static const uint32_t lengths[] = {64, 77, 500};
	uint8_t key[32];
	(void)state;
	w.stack = malloc(STACK_BYTES);
	rig.state = 4;
	rig_fill(&rig, key, 32);
	for (unsigned int e = 0; e < n_engines; e++)
		for (unsigned int b = 0; b < 5; b++)
			for (unsigned int l = 0; l < 3; l++) {
				w.engine = engines[e];
				w.n = bursts[b];
				for (unsigned int i = 0; i < w.n; i++)
					rig_packet(&rig, i, key, 1000 + i, lengths[l], 0);
				for (unsigned int way = 0; way < 2; way++) {
					w.opens = way;
					run_on_own_stack();
					look_for_secrets();
				}
			}
	free(w.stack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_touched_beside_a_packet, map_pages, unmap_pages),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* which have frames of their own kind */
		cmocka_unit_test(nothing_secret_stays_behind),
#endif
	};
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	n_engines = rig_engines(engines);
	return cmocka_run_group_tests_name("aead_edges", tests, NULL, NULL);
}
