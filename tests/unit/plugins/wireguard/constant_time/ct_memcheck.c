/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ct_memcheck SUBJECT, under valgrind: keys and plaintext are marked undefined, so that memcheck reports every branch and
 * every address that depends on them. The engines are built with WG_AEAD_MEMCHECK: verdicts are declared public.
 */
#include <stdio.h>
#include <stdlib.h>

#include <valgrind/memcheck.h>

#include "subjects.h"

static void look_at(const struct wg_aead_engine *e, unsigned int n)
{
	static struct subject_burst b;
	subject_fill(&b, n);
	VALGRIND_MAKE_MEM_UNDEFINED(b.key, sizeof(b.key));
	for (unsigned int i = 0; i < n; i++)
		VALGRIND_MAKE_MEM_UNDEFINED(b.data[i], b.ops[i].bytes);
	subject_seal(e, &b, n);
	VALGRIND_MAKE_MEM_DEFINED(b.data, sizeof(b.data)); /* ciphertext is public */
	subject_tamper(&b, n);
	subject_open(e, &b, n);
	VALGRIND_MAKE_MEM_DEFINED(&b, sizeof(b));
}

int main(int argc, char **argv)
{
	const struct wg_aead_engine *e = argc == 2 ? subject_find(argv[1]) : NULL;
	if (!e)
		return 2;
	if (!RUNNING_ON_VALGRIND)
		fprintf(stderr, "ct_memcheck: shows nothing without valgrind\n");
	static const unsigned int bursts[] = {1, 2, 3, 4, 9, SUBJECT_PACKETS};
	for (unsigned int i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++)
		look_at(e, bursts[i]);
	return 0;
}
