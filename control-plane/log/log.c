/* SPDX-License-Identifier: Apache-2.0 */
/* A line that cannot be written is lost without harm. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int limit = CP_INFO;

void log_set_level(int level)
{
	limit = level;
}

void log_line(enum cp_log_level level, const char *event, const char *text)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	char stamp[32];
	struct timespec ts;
	struct tm tm;
	if ((int)level > limit)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	dprintf(STDERR_FILENO, "%s.%03ldZ level=%s event=%s %s\n", stamp, ts.tv_nsec / 1000000, names[level], event, text);
}

void log_event(enum cp_log_level level, const char *event, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_line(level, event, text);
}
