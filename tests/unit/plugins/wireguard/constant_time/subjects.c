/* SPDX-License-Identifier: Apache-2.0 */
#include "subjects.h"

#include <string.h>

static bool anywhere(void)
{
	return true;
}

static void not_opened(struct wg_aead_op *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		ops[i].ok = true;
}

/* Takes another way for every second key. */
static void leaky_branch(struct wg_aead_op *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (ops[i].key[i] & 1)
			ops[i].data[0] ^= 0x55;
		__asm__ volatile("" : : : "memory"); /* no conditional move instead */
	}
}

/* Reads a table at a place that the key says. */
static void leaky_table(struct wg_aead_op *ops, unsigned int n)
{
	static uint8_t table[256] = {7};
	for (unsigned int i = 0; i < n; i++) {
		volatile const uint8_t *at = table + ops[i].key[i];
		ops[i].data[0] ^= *at;
	}
}

static const struct wg_aead_engine leaks[] = {
	{.name = "leaky_branch", .needs = "", .runs_here = anywhere, .seal = leaky_branch, .open = not_opened},
	{.name = "leaky_table", .needs = "", .runs_here = anywhere, .seal = leaky_table, .open = not_opened},
};

const struct wg_aead_engine *subject_find(const char *name)
{
	for (unsigned int i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++)
		if (strcmp(leaks[i].name, name) == 0)
			return &leaks[i];
	for (const struct wg_aead_engine *const *e = wg_aead_engines; *e; e++)
		if (strcmp((*e)->name, name) == 0)
			return (*e)->runs_here() ? *e : NULL;
	return NULL;
}

static void fill(uint64_t *state, uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		at[i] = (uint8_t)(*state >> 56);
	}
}

void subject_fill(struct subject_burst *b, uint64_t seed)
{
	static const uint32_t lengths[SUBJECT_PACKETS] = {64, 64, 1, 0, 15, 16, 17, 80, 200, 512, 555, 64, 100};
	memset(b, 0, sizeof(*b));
	fill(&seed, b->key, sizeof(b->key));
	for (unsigned int i = 0; i < SUBJECT_PACKETS; i++) {
		fill(&seed, b->data[i], lengths[i]);
		b->ops[i] = (struct wg_aead_op){.key = b->key, .counter = 77 + i, .data = b->data[i], .bytes = lengths[i]};
	}
}

void subject_seal(const struct wg_aead_engine *e, struct subject_burst *b, unsigned int n)
{
	e->seal(b->ops, n);
}

void subject_tamper(struct subject_burst *b, unsigned int n)
{
	for (unsigned int i = 3; i < n; i += 4)
		b->data[i][b->ops[i].bytes + i % 16] ^= 1;
}

void subject_open(const struct wg_aead_engine *e, struct subject_burst *b, unsigned int n)
{
	e->open(b->ops, n);
}
