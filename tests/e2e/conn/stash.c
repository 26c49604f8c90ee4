/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core asked to be kept, in memory and, as a log that is only ever appended to, in a file: a process that is
 * killed comes back from it. Sessions, which are the NF's own, are kept beside the core's records.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn_peer.h"

#define RECORDS_MAX  4096u
#define KIND_SESSION 100 /* the NF's */

static struct record {
	struct conn_stash_key key;
	uint32_t bytes; /* 0: forgotten */
	uint8_t *data;
} records[RECORDS_MAX];
static unsigned int n_records;
static int fd = -1;

struct saved_session {
	struct wg_session_keys keys;
	uint64_t born_ns;
	uint32_t life;
};

static bool same_key(const struct conn_stash_key *a, const struct conn_stash_key *b)
{
	return a->kind == b->kind && a->part == b->part && memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

static struct record *record_of(const struct conn_stash_key *k)
{
	for (unsigned int i = 0; i < n_records; i++)
		if (same_key(&records[i].key, k))
			return &records[i];
	return NULL;
}

static void keep(const struct conn_stash_key *k, const void *data, size_t bytes)
{
	struct record *r = record_of(k);
	if (!r && (n_records == RECORDS_MAX || !bytes))
		return;
	if (!r) {
		r = &records[n_records++];
		r->key = *k;
	}
	if (r->data)
		wg_wipe(r->data, r->bytes);
	free(r->data);
	r->data = bytes ? malloc(bytes) : NULL;
	r->bytes = r->data ? (uint32_t)bytes : 0;
	if (r->data)
		memcpy(r->data, data, bytes);
}

void stash_put(const struct conn_stash_key *k, const void *data, size_t bytes)
{
	uint32_t n = (uint32_t)bytes;
	keep(k, data, bytes);
	if (fd >= 0 && (write(fd, k, sizeof(*k)) < 0 || write(fd, &n, sizeof(n)) < 0 || (n && write(fd, data, n) < 0)))
		say("stash_failed", "");
}

static bool read_whole(void *to, size_t bytes)
{
	return read(fd, to, bytes) == (ssize_t)bytes;
}

int stash_open(const char *path)
{
	struct conn_stash_key k;
	uint8_t data[CONN_STASH_MAX];
	uint32_t n;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (read_whole(&k, sizeof(k)) && read_whole(&n, sizeof(n)) && n <= sizeof(data) && (!n || read_whole(data, n)))
		keep(&k, data, n);
	wg_wipe(data, sizeof(data));
	return 0;
}

unsigned int stash_records(void)
{
	unsigned int n = 0;
	for (unsigned int i = 0; i < n_records; i++)
		n += records[i].bytes && records[i].key.kind != KIND_SESSION;
	return n;
}

void stash_restore(void)
{
	for (unsigned int i = 0; i < n_records; i++) {
		const struct record *r = &records[i];
		if (!r->bytes || r->key.kind == KIND_SESSION)
			continue;
		int error = conn_restore(me.node, &r->key, r->data, r->bytes, me.now);
		if (error)
			say("restore_refused", "uuu", "kind", (uint64_t)r->key.kind, "part", (uint64_t)r->key.part, "error", (uint64_t)-error);
	}
}

static struct conn_stash_key session_key(const struct peer *p)
{
	struct conn_stash_key k;
	memset(&k, 0, sizeof(k)); /* padding too: it goes to the file */
	k.kind = KIND_SESSION;
	memcpy(k.key, p->remote.public_key, sizeof(k.key));
	return k;
}

void stash_session(const struct peer *p)
{
	struct conn_stash_key k = session_key(p);
	struct saved_session s;
	memset(&s, 0, sizeof(s));
	s.keys = p->current->keys;
	s.born_ns = p->current->born_ns;
	s.life = (uint32_t)(p->current->next_counter >> 32);
	stash_put(&k, &s, sizeof(s));
	wg_wipe(&s, sizeof(s));
}

void stash_restore_session(struct peer *p)
{
	struct conn_stash_key k = session_key(p);
	const struct record *r = record_of(&k);
	struct saved_session s;
	if (!r || r->bytes != sizeof(s))
		return;
	memcpy(&s, r->data, sizeof(s));
	if (me.now - s.born_ns < WG_REJECT_AFTER_NS)
		session_restore(p, &s.keys, s.born_ns, s.life + 1);
	if (p->current)
		stash_session(p);
	wg_wipe(&s, sizeof(s));
}
