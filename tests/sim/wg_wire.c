/* SPDX-License-Identifier: Apache-2.0 */
#include "wg_wire.h"

uint32_t wg_get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t wg_get64(const uint8_t *p)
{
	return wg_get32(p) | (uint64_t)wg_get32(p + 4) << 32;
}

void wg_put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

void wg_put64(uint8_t *p, uint64_t v)
{
	wg_put32(p, (uint32_t)v);
	wg_put32(p + 4, (uint32_t)(v >> 32));
}

bool wg_looks_like(const uint8_t *data, size_t bytes)
{
	if (bytes < WG_KEEPALIVE_BYTES)
		return false;
	uint32_t type = wg_get32(data);
	return (type == WG_INITIATION && bytes == WG_INITIATION_BYTES) || (type == WG_RESPONSE && bytes == WG_RESPONSE_BYTES) || type == WG_DATA;
}

const char *wg_describe(const uint8_t *data, size_t bytes)
{
	if (!wg_looks_like(data, bytes))
		return "noise";
	switch (wg_get32(data)) {
	case WG_INITIATION:
		return "initiation";
	case WG_RESPONSE:
		return "response";
	default:
		return bytes == WG_KEEPALIVE_BYTES ? "keepalive" : data[16] == WG_INNER_GOODBYE ? "goodbye" : "data";
	}
}

const uint8_t *wg_initiator(const uint8_t *data, size_t bytes)
{
	return wg_get32(data) == WG_INITIATION && bytes == WG_INITIATION_BYTES ? data + 8 : NULL;
}

uint64_t wg_receiver(const uint8_t *data)
{
	return wg_get32(data + (wg_get32(data) == WG_RESPONSE ? 8 : 4)) >> 8;
}
