/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bursts of which a group of lanes would be mostly idle: packet by packet, with ipsec-mb where the build found it
 * (small_ipsec_mb.c), which is the fastest at that, otherwise with libsodium (small.c). Any thread.
 */
#ifndef WG_AEAD_SMALL_H
#define WG_AEAD_SMALL_H

#include "aead.h"

void wg_aead_small_seal(struct wg_aead_op *ops, unsigned int n);
void wg_aead_small_open(struct wg_aead_op *ops, unsigned int n);

#endif
