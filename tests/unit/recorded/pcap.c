/* SPDX-License-Identifier: Apache-2.0 */
#include "pcap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ETHERNET_BYTES 14u
#define UDP_BYTES      8u
#define FRAME_MAX      65536u

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* The addresses, and where UDP begins; 0: it is no UDP over IP. */
static size_t read_ip(const uint8_t *f, size_t bytes, struct pcap_datagram *d)
{
	const uint8_t *ip = f + ETHERNET_BYTES;
	if (bytes > ETHERNET_BYTES + 28 && be16(f + 12) == 0x0800 && ip[9] == 17) {
		d->family = 4;
		memcpy(d->src, ip + 12, 4);
		memcpy(d->dst, ip + 16, 4);
		return ETHERNET_BYTES + (size_t)(ip[0] & 15) * 4;
	}
	if (bytes > ETHERNET_BYTES + 48 && be16(f + 12) == 0x86dd && ip[6] == 17) {
		d->family = 6;
		memcpy(d->src, ip + 8, 16);
		memcpy(d->dst, ip + 24, 16);
		return ETHERNET_BYTES + 40;
	}
	return 0;
}

static bool read_frame(const uint8_t *f, size_t bytes, struct pcap_datagram *d)
{
	*d = (struct pcap_datagram){0};
	size_t at = read_ip(f, bytes, d);
	if (at == 0 || at + UDP_BYTES > bytes)
		return false;
	size_t length = be16(f + at + 4);
	d->sport = be16(f + at);
	d->dport = be16(f + at + 2);
	d->data = f + at + UDP_BYTES;
	d->bytes = length - UDP_BYTES;
	return length >= UDP_BYTES && at + length <= bytes;
}

unsigned int pcap_read(const char *path, pcap_visit *visit, void *arg)
{
	uint32_t global[6], record[4];
	static uint8_t bytes[FRAME_MAX];
	struct pcap_datagram d;
	unsigned int n = 0;
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(global, sizeof(global), 1, f), 1);
	assert_true(global[0] == 0xa1b2c3d4 || global[0] == 0xa1b23c4d);
	while (fread(record, sizeof(record), 1, f) == 1) {
		assert_true(record[2] <= sizeof(bytes));
		assert_int_equal(fread(bytes, 1, record[2], f), record[2]);
		if (!read_frame(bytes, record[2], &d))
			continue;
		visit(arg, &d);
		n++;
	}
	fclose(f);
	return n;
}
