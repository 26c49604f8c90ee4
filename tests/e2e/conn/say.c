/* SPDX-License-Identifier: Apache-2.0 */
/* Events: lines of JSON on stdout. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "conn_peer.h"

static void put_text(const char *s)
{
	putchar('"');
	for (; s && *s; s++)
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			printf("\\u%04x", *s);
		else
			putchar(*s);
	putchar('"');
}

static void put_hex(const uint8_t *p, size_t n)
{
	putchar('"');
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
	putchar('"');
}

static void put_address(const struct cp_addr *a)
{
	char text[CP_ADDR_TEXT] = "";
	if (a->family != CP_NONE)
		cp_addr_format(a, text);
	put_text(text);
}

static void put(const char *formats, va_list args)
{
	for (; *formats; formats++) {
		printf(", \"%s\": ", va_arg(args, const char *));
		switch (*formats) {
		case 's': put_text(va_arg(args, const char *)); break;
		case 'u': printf("%" PRIu64, va_arg(args, uint64_t)); break;
		case 'd': printf("%.6f", va_arg(args, double)); break;
		case 'b': printf(va_arg(args, int) ? "true" : "false"); break;
		case 'a': put_address(va_arg(args, const struct cp_addr *)); break;
		case 'i': put_hex(va_arg(args, const uint8_t *), CONN_ID_BYTES); break;
		case 'k': put_hex(va_arg(args, const uint8_t *), WG_KEY_BYTES); break;
		default: break;
		}
	}
}

void say_begin(const char *event)
{
	printf("{\"t\": %.6f, \"event\": \"%s\"", (double)clock_now() / 1e9, event);
}

void say_more(const char *formats, ...)
{
	va_list args;
	va_start(args, formats);
	put(formats, args);
	va_end(args);
}

void say_end(void)
{
	puts("}");
	fflush(stdout);
}

void say(const char *event, const char *formats, ...)
{
	va_list args;
	say_begin(event);
	va_start(args, formats);
	put(formats, args);
	va_end(args);
	say_end();
}
