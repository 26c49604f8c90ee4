/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wipes what functions that have returned left below on the stack, and all vector registers. A compiler spills where
 * it likes, and libraries do what they do: this is the last thing that a call with keys does.
 */
#ifndef WG_AEAD_FORGET_H
#define WG_AEAD_FORGET_H

/* That many KiB of stack below the caller. */
void wg_aead_forget(unsigned int stack_kib);

#endif
