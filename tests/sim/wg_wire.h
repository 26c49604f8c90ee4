/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams of the WireGuard model: real types and sizes, real places of the indices, and in clear what would be encrypted.
 *
 *   initiation  148  u32 1, u32 sender, initiator's key at 8, responder's key at 40, u64 time stamp at 72
 *   response     92  u32 2, u32 sender, u32 receiver
 *   data       32..  u32 4, u32 receiver, u64 counter; longer than a keepalive: u8 what at 16, u64 sequence at 24
 */
#ifndef SIM_WG_WIRE_H
#define SIM_WG_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_INITIATION_BYTES 148u
#define WG_RESPONSE_BYTES   92u
#define WG_KEEPALIVE_BYTES  32u
#define WG_DATA_BYTES       96u

enum { WG_INITIATION = 1, WG_RESPONSE = 2, WG_DATA = 4 };
enum { WG_INNER_DATA = 1, WG_INNER_GOODBYE = 2 };

bool wg_looks_like(const uint8_t *data, size_t bytes);
/* For people: by type and size. */
const char *wg_describe(const uint8_t *data, size_t bytes);
/* Whose it is: an initiation's by key, all others' by index. */
const uint8_t *wg_initiator(const uint8_t *data, size_t bytes); /* NULL: no initiation */
uint64_t wg_receiver(const uint8_t *data);

uint32_t wg_get32(const uint8_t *p);
uint64_t wg_get64(const uint8_t *p);
void wg_put32(uint8_t *p, uint32_t v);
void wg_put64(uint8_t *p, uint64_t v);

#endif
