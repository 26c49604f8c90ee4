/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/request_parts.h"

#include <string.h>

static const char *const components[] = {
	"relay/", "connlib/", "headless-client/", "gui-client/", "apple-client/", "android-client/", "gateway/",
};

/* What follows the component's name, NULL: it is none that portals know. */
static const char *behind_component(const char *word)
{
	for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++)
		if (strncmp(word, components[i], strlen(components[i])) == 0)
			return word + strlen(components[i]);
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_identifier(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* The end of a number without needless zeros, NULL: there is none. */
static const char *number_end(const char *p)
{
	const char *end = p;
	while (is_digit(*end))
		end++;
	return end == p || (*p == '0' && end - p > 1) ? NULL : end;
}

/* The end of dotted identifiers. Those of a pre-release that are numbers have no needless zeros. */
static const char *identifiers_end(const char *p, bool is_pre_release)
{
	for (;; p++) {
		const char *start = p;
		bool is_number = true;
		for (; is_identifier(*p); p++)
			is_number = is_number && is_digit(*p);
		if (p == start || (is_pre_release && is_number && *start == '0' && p - start > 1))
			return NULL;
		if (*p != '.')
			return p;
	}
}

/* The end of MAJOR.MINOR.PATCH[-pre][+build] (semver.org 2.0.0). */
static const char *semver_end(const char *p)
{
	for (int i = 0; p && i < 3; i++) {
		if (i > 0 && *p++ != '.')
			return NULL;
		p = number_end(p);
	}
	if (p && *p == '-')
		p = identifiers_end(p + 1, true);
	if (p && *p == '+')
		p = identifiers_end(p + 1, false);
	return p;
}

static bool copy_version(const char *version, char *ret, size_t room)
{
	const char *end = semver_end(version);
	if (!end || (*end && *end != ' ') || (size_t)(end - version) >= room)
		return false;
	memcpy(ret, version, (size_t)(end - version));
	ret[end - version] = 0;
	return true;
}

bool broker_agent_version(const char *user_agent, char *ret, size_t room)
{
	for (const char *word = user_agent; *word; word += *word == ' ') {
		const char *version = behind_component(word);
		if (version)
			return copy_version(version, ret, room);
		word += strcspn(word, " ");
	}
	return false;
}
