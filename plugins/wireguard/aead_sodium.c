/* SPDX-License-Identifier: Apache-2.0 */
/* The portable engine: libsodium, packet by packet. */
#include "aead.h"
#include "crypto.h"

static void seal(struct wg_aead_op *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		wg_aead_seal(ops[i].data, ops[i].key, ops[i].counter, ops[i].data, ops[i].bytes, NULL, 0);
}

static void open(struct wg_aead_op *ops, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		ops[i].ok = wg_aead_open(ops[i].data, ops[i].key, ops[i].counter, ops[i].data,
					 ops[i].bytes + WG_TAG_BYTES, NULL, 0);
}

const struct wg_aead_engine wg_aead_sodium = {.name = "sodium", .seal = seal, .open = open};
