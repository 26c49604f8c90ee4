/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ipsec-mb three ways. It decrypts before it knows whether the tag is right, in place; a network function that may not
 * leave plaintext of a failed packet behind has to add a copy, which is not charged here.
 */
#include <intel-ipsec-mb.h>
#include <string.h>

#include "candidates.h"

#define BURST_MAX 256

static IMB_MGR *mgr;

static bool runs_here(void)
{
	if (!mgr && (mgr = alloc_mb_mgr(0)))
		init_mb_mgr_auto(mgr, NULL);
	return mgr != NULL;
}

struct answers {
	uint8_t nonce[BURST_MAX][12];
	uint8_t tag[BURST_MAX][WG_AEAD_TAG_BYTES]; /* open */
};
static struct answers answers;

static void nonce_of(uint64_t counter, uint8_t ret[12])
{
	memset(ret, 0, 4);
	memcpy(ret + 4, &counter, 8);
}

static void fill(IMB_JOB *job, const struct wg_aead_op *op, unsigned int i, IMB_CIPHER_DIRECTION direction)
{
	bool seals = direction == IMB_DIR_ENCRYPT;
	nonce_of(op->counter, answers.nonce[i]);
	job->cipher_direction = direction;
	job->chain_order = seals ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->enc_keys = job->dec_keys = op->key;
	job->key_len_in_bytes = 32;
	job->u.CHACHA20_POLY1305.aad = NULL;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = 0;
	job->src = job->dst = op->data;
	job->cipher_start_src_offset_in_bytes = job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = job->msg_len_to_hash_in_bytes = op->bytes;
	job->iv = answers.nonce[i];
	job->iv_len_in_bytes = 12;
	job->auth_tag_output = seals ? op->data + op->bytes : answers.tag[i];
	job->auth_tag_output_len_in_bytes = WG_AEAD_TAG_BYTES;
}

static void compare(struct wg_aead_op *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t a[2], b[2];
		memcpy(a, answers.tag[i], 16);
		memcpy(b, ops[i].data + ops[i].bytes, 16);
		ops[i].ok = ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
	}
}

static void jobs(struct wg_aead_op *ops, unsigned int n, IMB_CIPHER_DIRECTION direction)
{
	for (unsigned int i = 0; i < n; i++) {
		fill(IMB_GET_NEXT_JOB(mgr), &ops[i], i, direction);
		IMB_SUBMIT_JOB_NOCHECK(mgr);
	}
	while (IMB_FLUSH_JOB(mgr))
		;
}

static void burst(struct wg_aead_op *ops, unsigned int n, IMB_CIPHER_DIRECTION direction)
{
	IMB_JOB *job[IMB_MAX_BURST_SIZE];
	for (unsigned int at = 0, take; at < n; at += take) {
		uint32_t want = n - at < IMB_MAX_BURST_SIZE ? n - at : IMB_MAX_BURST_SIZE;
		take = IMB_GET_NEXT_BURST(mgr, want, job);
		for (unsigned int i = 0; i < take; i++)
			fill(job[i], &ops[at + i], at + i, direction);
		IMB_SUBMIT_BURST_NOCHECK(mgr, take, job);
	}
	while (IMB_FLUSH_BURST(mgr, IMB_MAX_BURST_SIZE, job))
		;
}

static void direct(struct wg_aead_op *op, unsigned int i, bool seals)
{
	struct chacha20_poly1305_context_data ctx;
	nonce_of(op->counter, answers.nonce[i]);
	IMB_CHACHA20_POLY1305_INIT(mgr, op->key, &ctx, answers.nonce[i], NULL, 0);
	if (seals) {
		IMB_CHACHA20_POLY1305_ENC_UPDATE(mgr, op->key, &ctx, op->data, op->data, op->bytes);
		IMB_CHACHA20_POLY1305_ENC_FINALIZE(mgr, &ctx, op->data + op->bytes, WG_AEAD_TAG_BYTES);
	} else {
		IMB_CHACHA20_POLY1305_DEC_UPDATE(mgr, op->key, &ctx, op->data, op->data, op->bytes);
		IMB_CHACHA20_POLY1305_DEC_FINALIZE(mgr, &ctx, answers.tag[i], WG_AEAD_TAG_BYTES);
	}
}

static void jobs_seal(struct wg_aead_op *ops, unsigned int n)
{
	jobs(ops, n, IMB_DIR_ENCRYPT);
}

static void jobs_open(struct wg_aead_op *ops, unsigned int n)
{
	jobs(ops, n, IMB_DIR_DECRYPT);
	compare(ops, n);
}

static void burst_seal(struct wg_aead_op *ops, unsigned int n)
{
	burst(ops, n, IMB_DIR_ENCRYPT);
}

static void burst_open(struct wg_aead_op *ops, unsigned int n)
{
	burst(ops, n, IMB_DIR_DECRYPT);
	compare(ops, n);
}

static void direct_seal(struct wg_aead_op *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		direct(&ops[i], i, true);
}

static void direct_open(struct wg_aead_op *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		direct(&ops[i], i, false);
	compare(ops, n);
}

const struct wg_aead_engine bench_ipsec_mb_jobs = {
	.name = "ipsec-mb jobs", .needs = "ipsec-mb", .runs_here = runs_here, .seal = jobs_seal, .open = jobs_open};
const struct wg_aead_engine bench_ipsec_mb_burst = {
	.name = "ipsec-mb burst", .needs = "ipsec-mb", .runs_here = runs_here, .seal = burst_seal, .open = burst_open};
const struct wg_aead_engine bench_ipsec_mb_direct = {
	.name = "ipsec-mb direct", .needs = "ipsec-mb", .runs_here = runs_here, .seal = direct_seal, .open = direct_open};
