/* SPDX-License-Identifier: Apache-2.0 */
#include "small.h"

void wg_aead_small_seal(struct wg_aead_op *ops, unsigned int n)
{
	wg_aead_portable.seal(ops, n);
}

void wg_aead_small_open(struct wg_aead_op *ops, unsigned int n)
{
	wg_aead_portable.open(ops, n);
}
