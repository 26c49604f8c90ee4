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
	json_dumpf(value, ctl->out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
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

enum tone portal_state_tone(const char *state)
{
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
