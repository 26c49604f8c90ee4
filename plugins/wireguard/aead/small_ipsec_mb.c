/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipsec-mb's jobs, one at a time: this algorithm it does at once, on submission. It decrypts before it knows whether the
 * tag is right, so a packet is opened into scratch and copied when it is genuine.
 */
#include <pthread.h>
#include <string.h>

#include <intel-ipsec-mb.h>

#include "declassify.h"
#include "small.h"

#define SCRATCH_BYTES 2048u

/* A manager holds a ring of jobs, so each thread has its own, from its first small burst to its end. */
static pthread_key_t manager_key;
static pthread_once_t manager_once = PTHREAD_ONCE_INIT;
static __thread IMB_MGR *manager;

static void free_manager(void *m)
{
	free_mb_mgr(m);
}

static void make_key(void)
{
	if (pthread_key_create(&manager_key, free_manager) != 0)
		manager_key = (pthread_key_t)-1;
}

/* NULL: no memory, or the library knows nothing of this CPU. */
static IMB_MGR *manager_of_thread(void)
{
	IMB_MGR *m;
	pthread_once(&manager_once, make_key);
	if (manager || manager_key == (pthread_key_t)-1 || !(m = alloc_mb_mgr(0)))
		return manager;
	if (__builtin_cpu_supports("avx2")) /* also on newer CPUs: what has been looked at for secrets left behind */
		init_mb_mgr_avx2(m);
	else
		init_mb_mgr_auto(m, NULL);
	if (imb_get_errno(m) != 0 || pthread_setspecific(manager_key, m) != 0)
		free_mb_mgr(m);
	else
		manager = m;
	return manager;
}

struct job {
	IMB_CIPHER_DIRECTION direction;
	IMB_CHAIN_ORDER order;
	uint8_t *to, *tag;
};

static bool run(IMB_MGR *m, const struct wg_aead_op *op, struct job how)
{
	uint8_t nonce[12] = {0};
	IMB_JOB *job = IMB_GET_NEXT_JOB(m);
	memcpy(nonce + 4, &op->counter, 8); /* little-endian, as this machine is */
	job->cipher_direction = how.direction;
	job->chain_order = how.order;
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->enc_keys = job->dec_keys = op->key;
	job->key_len_in_bytes = 32;
	job->u.CHACHA20_POLY1305.aad = NULL;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
	job->src = op->data;
	job->dst = how.to;
	job->cipher_start_src_offset_in_bytes = job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = job->msg_len_to_hash_in_bytes = op->bytes;
	job->iv = nonce;
	job->iv_len_in_bytes = sizeof(nonce);
	job->auth_tag_output = how.tag;
	job->auth_tag_output_len_in_bytes = WG_AEAD_TAG_BYTES;
	job = IMB_SUBMIT_JOB_NOCHECK(m);
	if (!job)
		job = IMB_FLUSH_JOB(m);
	return job && job->status == IMB_STATUS_COMPLETED;
}

static bool seal_one(IMB_MGR *m, const struct wg_aead_op *op)
{
	return run(m, op, (struct job){IMB_DIR_ENCRYPT, IMB_ORDER_CIPHER_HASH, op->data, op->data + op->bytes});
}

static bool open_one(IMB_MGR *m, struct wg_aead_op *op, uint8_t scratch[SCRATCH_BYTES])
{
	uint64_t got[2] = {0}, want[2];
	if (!run(m, op, (struct job){IMB_DIR_DECRYPT, IMB_ORDER_HASH_CIPHER, scratch, (uint8_t *)got}))
		return false;
	memcpy(want, op->data + op->bytes, sizeof(want));
	uint64_t differs = (got[0] ^ want[0]) | (got[1] ^ want[1]);
	uint8_t wrong = (uint8_t)((differs | (0 - differs)) >> 63);
	wg_aead_declassify(&wrong, sizeof(wrong));
	op->ok = wrong == 0;
	if (op->ok)
		memcpy(op->data, scratch, op->bytes);
	else
		memset(scratch, 0, op->bytes); /* with the ciphertext it tells the keystream */
	__asm__ volatile("" : : "r"(scratch), "r"(got) : "memory");
	return true;
}

void wg_aead_small_seal(struct wg_aead_op *ops, unsigned int n)
{
	IMB_MGR *m = n ? manager_of_thread() : NULL;
	for (unsigned int i = 0; i < n; i++)
		if (!m || !ops[i].bytes || !seal_one(m, &ops[i]))
			wg_aead_portable.seal(&ops[i], 1);
}

void wg_aead_small_open(struct wg_aead_op *ops, unsigned int n)
{
	uint8_t scratch[SCRATCH_BYTES];
	IMB_MGR *m = n ? manager_of_thread() : NULL;
	for (unsigned int i = 0; i < n; i++)
		if (!m || !ops[i].bytes || ops[i].bytes > SCRATCH_BYTES || !open_one(m, &ops[i], scratch))
			wg_aead_portable.open(&ops[i], 1);
}
