/* SPDX-License-Identifier: Apache-2.0 */
/* Which engine runs: decided once at start, by what the CPU has and by what each engine answers. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aead.h"

const struct wg_aead_engine *const wg_aead_engines[] = {
#ifdef WG_AEAD_AVX512
	&wg_aead_avx512,
#endif
#ifdef WG_AEAD_X86_64
	&wg_aead_avx2,
#endif
	&wg_aead_portable,
	NULL,
};

const char *const wg_aead_names[] = {"avx512", "avx2", "portable", NULL};

/* Adds to a list in words; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) static void add(char *list, size_t size, const char *format, ...)
{
	size_t used = strlen(list);
	va_list args;
	if (used && used + 3 < size)
		used += (size_t)snprintf(list + used, size - used, "; ");
	va_start(args, format);
	vsnprintf(list + used, size - used, format, args);
	va_end(args);
}

static int judge(const struct wg_aead_engine *e, struct wg_aead_choice *ret)
{
	if (!e->runs_here()) {
		add(ret->why, sizeof(ret->why), "%s: not on this CPU (%s)", e->name, e->needs);
		return -ENOTSUP;
	}
	if (!wg_aead_knows_answers(e)) {
		add(ret->why, sizeof(ret->why), "%s: REFUSED, wrong answers", e->name);
		add(ret->refused, sizeof(ret->refused), "%s", e->name);
		return -EBADMSG;
	}
	ret->engine = e;
	return 0;
}

static int choose_best(const struct wg_aead_engine *const *engines, struct wg_aead_choice *ret)
{
	int rc = -ENOENT;
	for (; *engines; engines++) {
		rc = judge(*engines, ret);
		if (rc == 0) {
			add(ret->why, sizeof(ret->why), "%s: fastest that this CPU has (%s)", ret->engine->name, ret->engine->needs);
			return 0;
		}
	}
	return rc;
}

int wg_aead_choose(const struct wg_aead_engine *const *engines, const char *forced, struct wg_aead_choice *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!forced || strcmp(forced, "auto") == 0)
		return choose_best(engines, ret);
	for (; *engines; engines++) {
		if (strcmp((*engines)->name, forced) != 0)
			continue;
		int rc = judge(*engines, ret);
		if (rc == 0)
			add(ret->why, sizeof(ret->why), "%s: forced by the configuration", forced);
		return rc;
	}
	add(ret->why, sizeof(ret->why), "%s: not in this build", forced);
	return -ENOENT;
}
