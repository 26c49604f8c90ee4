/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash table from single addresses to peer handles, for allowedips.c. writer: mgmt; readers: workers,
 * lock-free. It is a shortcut: what does not fit for want of memory is simply not in it. Pure.
 */
#ifndef WG_HOSTS_H
#define WG_HOSTS_H

#include <stdint.h>

struct wg_hosts;

/* peer 0 removes. Publishes a larger table when it must; the old one goes to `retire`. */
void wg_hosts_set(struct wg_hosts **t, void (*retire)(void *memory), uint8_t family, const uint8_t *addr, uint32_t peer);
/* 0: not here. t may be NULL. */
uint32_t wg_hosts_get(const struct wg_hosts *t, uint8_t family, const uint8_t *addr);
void wg_hosts_prefetch(const struct wg_hosts *t, uint8_t family, const uint8_t *addr);

#endif
