/* SPDX-License-Identifier: Apache-2.0 */
/* A secret, in the file itself or in one of its own (a systemd credential, say). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "reading.h"
#include "stun/utf8.h"

#define SECRET_MAX 1024

/* systemd gives a credential to its service by an ACL, which shows as a readable group: that much is borne. */
#define OTHERS 037

static bool fail_file(struct reading *r, const char *key, const char *path, const char *what)
{
	return cursor_fail(&r->c, key, "%s: %s", path, what);
}

static ssize_t load(struct reading *r, const char *key, const char *path, char *ret, size_t bytes)
{
	struct stat st = {0};
	char text[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool is_file = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	ssize_t n = is_file ? read(fd, ret, bytes) : -1;
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		fail_file(r, key, path, fd >= 0 && !is_file ? "is no file" : strerror(error));
		return -1;
	}
	if (st.st_mode & OTHERS) {
		snprintf(text, sizeof(text), "mode %04o is wider than 0640", st.st_mode & 07777);
		fail_file(r, key, path, text);
		return -1;
	}
	return n;
}

static const char *read_secret_file(struct reading *r, const char *key, const char *path, size_t max_bytes)
{
	char text[SECRET_MAX + 3];
	const char *copy = NULL;
	ssize_t n = load(r, key, path, text, sizeof(text) - 1);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	if (n >= 0)
		text[n] = 0;
	if (n == 0)
		fail_file(r, key, path, "is empty");
	else if (n > 0 && ((size_t)n > max_bytes || strlen(text) != (size_t)n || !utf8_is_valid(text, (size_t)n)))
		cursor_fail(&r->c, key, "%s: is no text of at most %zu bytes", path, max_bytes);
	else if (n > 0 && !(copy = arena_text(&r->arena, text)))
		cursor_fail(&r->c, key, "out of memory");
	cp_wipe(text, sizeof(text));
	return copy;
}

const char *read_secret(struct reading *r, const json_t *o, const char *key, size_t max_bytes)
{
	char file_key[64];
	json_t *value = json_object_get(o, key);
	snprintf(file_key, sizeof(file_key), "%s_file", key);
	if (value && json_object_get(o, file_key)) {
		cursor_fail(&r->c, file_key, "given beside %s", key);
		return NULL;
	}
	const char *path = NULL;
	if (!value)
		return reading_path(r, o, file_key, &path) && path ? read_secret_file(r, file_key, path, max_bytes) : NULL;
	const char *secret = reading_text(r, o, key, max_bytes);
	r->has_secrets = true;
	if (json_is_string(value)) /* the parsed document keeps no copy of it */
		cp_wipe((void *)(uintptr_t)json_string_value(value), json_string_length(value));
	return secret;
}
