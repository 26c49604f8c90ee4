/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <nf/clock.h>
#include <nf/log.h>

static enum nf_log_level limit = NF_INFO; /* writer: mgmt; readers: any, racy on purpose */

void nf_log_set_level(enum nf_log_level level)
{
	limit = level;
}

static void put_line(enum nf_log_level level, const char *event, const char *fmt, va_list ap)
{
	static const char *const names[] = {"error", "warn", "info", "debug", "trace"};
	char line[1024];
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	size_t n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03ldZ level=%s event=%s ", ts.tv_nsec / 1000000,
			      names[level], event);
	int text = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	n += text > 0 ? (size_t)text : 0;
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	ssize_t ignored = write(STDERR_FILENO, line, n); /* a lost line never stops traffic */
	(void)ignored;
}

void nf_log(enum nf_log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;
	if (level > limit)
		return;
	va_start(ap, fmt);
	put_line(level, event, fmt, ap);
	va_end(ap);
}

void nf_log_limited(struct nf_log_rate *rate, enum nf_log_level level, const char *event, const char *fmt, ...)
{
	va_list ap;
	uint64_t now = nf_clock_ns();
	if (level > limit)
		return;
	if (now < rate->next_ns) {
		rate->suppressed++;
		return;
	}
	if (rate->suppressed)
		nf_log(level, event, "suppressed=%lu", (unsigned long)rate->suppressed);
	rate->suppressed = 0;
	rate->next_ns = now + NF_NS_PER_S;
	va_start(ap, fmt);
	put_line(level, event, fmt, ap);
	va_end(ap);
}
