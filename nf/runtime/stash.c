/* SPDX-License-Identifier: Apache-2.0 */
/* Records the control plane keeps here while it is away: opaque, keyed {kind, key, part}, bounded. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_hash.h>
#include <rte_jhash.h>

#include "runtime.h"

#define RECORD_MAX_BYTES 16384u
#define TOTAL_MAX_BYTES  (256u << 20)

struct stash_key {
	uint8_t key[NF_KEY_BYTES];
	uint16_t kind, part;
};

struct record {
	struct nf_stash head;
	uint32_t epoch;
	uint8_t data[];
};

static struct {
	struct rte_hash *hash;
	uint64_t bytes;
} stash;

int stash_init(uint32_t max_records)
{
	struct rte_hash_parameters p = {
		.name = "stash",
		.entries = max_records,
		.key_len = sizeof(struct stash_key),
		.hash_func = rte_jhash,
		.socket_id = (int)SOCKET_ID_ANY,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	stash.hash = rte_hash_create(&p);
	return stash.hash ? 0 : -ENOMEM;
}

static struct stash_key key_of(const struct nf_stash *s)
{
	struct stash_key k = {.kind = s->kind, .part = s->part};
	memcpy(k.key, s->key, sizeof(k.key));
	return k;
}

/* Records hold credentials: wiped before they are freed. */
static void record_free(struct record *r)
{
	size_t bytes = sizeof(*r) + r->head.data_bytes;
	stash.bytes -= bytes;
	explicit_bzero(r, bytes);
	free(r);
}

static void record_remove(const struct stash_key *k)
{
	void *old;
	if (rte_hash_lookup_data(stash.hash, k, &old) < 0)
		return;
	rte_hash_del_key(stash.hash, k);
	record_free(old);
}

static int put(const struct nf_request *req)
{
	const struct nf_stash *s = req->body;
	struct stash_key k = key_of(s);
	if (s->kind < NF_STASH_PEER || s->kind > NF_STASH_LOCAL || s->data_bytes != req->tail_bytes ||
	    s->data_bytes > RECORD_MAX_BYTES) {
		nf_refuse(req, "stash record: kind %u with %u bytes is not one", s->kind, s->data_bytes);
		return -EINVAL;
	}
	record_remove(&k);
	size_t bytes = sizeof(struct record) + s->data_bytes;
	struct record *r = stash.bytes + bytes <= TOTAL_MAX_BYTES ? malloc(bytes) : NULL;
	if (!r)
		goto full;
	r->head = *s;
	r->epoch = session_epoch();
	memcpy(r->data, req->tail, s->data_bytes);
	stash.bytes += bytes;
	if (rte_hash_add_key_data(stash.hash, &k, r) == 0)
		return 0;
	record_free(r);
full:
	nf_refuse(req, "stash is full: %u records", stash_count());
	return -ENOSPC;
}

static int delete(const struct nf_request *req)
{
	struct stash_key k = key_of(req->body);
	record_remove(&k);
	return 0;
}

static int get(const struct nf_request *req)
{
	const void *key;
	void *data;
	uint32_t at = 0, left = stash_count();
	while (rte_hash_iterate(stash.hash, &key, &data, &at) >= 0) {
		const struct record *r = data;
		nf_reply(req, &r->head, sizeof(r->head), r->data, r->head.data_bytes, --left > 0);
	}
	return 0;
}

const struct nf_handler stash_handlers[] = {
	{NF_MSG_STASH_PUT, put},
	{NF_MSG_STASH_DELETE, delete},
	{NF_MSG_STASH_GET, get},
	{0},
};

uint32_t stash_count(void)
{
	return (uint32_t)rte_hash_count(stash.hash);
}

void stash_sweep(uint32_t epoch, struct nf_sync_done *done)
{
	const void *key;
	void *data;
	uint32_t at = 0;
	while (rte_hash_iterate(stash.hash, &key, &data, &at) >= 0) {
		struct stash_key k = *(const struct stash_key *)key;
		if (((struct record *)data)->epoch == epoch) {
			done->stash_kept++;
			continue;
		}
		done->stash_swept++;
		record_remove(&k);
	}
}

void stash_fini(void)
{
	const void *key;
	void *data;
	uint32_t at = 0;
	if (!stash.hash)
		return;
	while (rte_hash_iterate(stash.hash, &key, &data, &at) >= 0)
		record_free(data);
	rte_hash_free(stash.hash);
	stash.hash = NULL;
}
