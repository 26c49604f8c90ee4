/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wipes what functions that have returned left below on the stack, and all vector registers. A compiler spills where
 * it likes, and libraries do what they do: this is the last thing that a call with keys does.
 */
#ifndef WG_AEAD_FORGET_H
#define WG_AEAD_FORGET_H

/* Below the caller's frame; a multiple of 8, at most 4096. */
void wg_aead_wipe_stack(unsigned long bytes);
void wg_aead_wipe_registers(void);

static inline void wg_aead_forget(unsigned int stack_kib)
{
	wg_aead_wipe_stack(1024ul * stack_kib);
	wg_aead_wipe_registers();
}

#endif
