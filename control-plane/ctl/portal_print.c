/* SPDX-License-Identifier: Apache-2.0 */
/* What all commands of the portal use to ask and to print. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "portal.h"

enum ctl_exit portal_ask(struct portal_ctl *ctl, json_t *request, json_t **ret_result)
{
	enum ctl_exit code = portal_talk_ask(&ctl->talk, request, NULL, NULL, ret_result);
	if (code != CTL_OK || json_is_object(*ret_result))
		return code;
	snprintf(ctl->talk.error, sizeof(ctl->talk.error), "what the portal says is not understood");
	json_decref(*ret_result);
	*ret_result = NULL;
	return CTL_FAILED;
}

void portal_print_json(struct portal_ctl *ctl, json_t *value)
{
	json_dumpf(value, ctl->out, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));
	fputc('\n', ctl->out);
	json_decref(value);
}

void portal_print_line(struct portal_ctl *ctl, enum tone tone, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	fprintf(ctl->out, "%s%s%s\n", tone_on(tone, ctl->colour), fmt_line(text), tone_off(tone, ctl->colour));
	free(text);
}

const char *portal_text(const json_t *row, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(row, name));
	return text ? text : otherwise;
}

int64_t portal_number(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

char *portal_while(char ret[FMT_BYTES], int64_t seconds)
{
	if (seconds < 10)
		snprintf(ret, FMT_BYTES, "%d s", seconds > 0 ? (int)seconds : 0);
	else
		fmt_duration(ret, (uint64_t)seconds * 1000000000ull);
	return ret;
}

const char *portal_state_more(const json_t *row)
{
	const char *state = portal_text(row, "state", "");
	bool is_said = strcmp(state, "cordoned") == 0 || strcmp(state, "draining") == 0;
	return !is_said && json_is_true(json_object_get(row, "cordoned")) ? ", cordoned" : "";
}

enum tone portal_state_tone(const json_t *row)
{
	const char *state = portal_text(row, "state", "");
	static const struct {
		const char *state;
		enum tone tone;
	} tones[] = {{"online", TONE_GOOD},  {"offline", TONE_FAINT},  {"cordoned", TONE_WARN},
		     {"draining", TONE_WARN}, {"missing", TONE_BAD}, {"rescuing", TONE_BAD}};
	for (size_t i = 0; i < sizeof(tones) / sizeof(tones[0]); i++)
		if (strcmp(tones[i].state, state) == 0)
			return tones[i].tone;
	return TONE_PLAIN;
}
