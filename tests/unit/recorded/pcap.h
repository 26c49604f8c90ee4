/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the UDP datagrams of an Ethernet capture in classic pcap format. For tests: what is malformed fails the test. */
#ifndef TESTS_PCAP_H
#define TESTS_PCAP_H

#include <stddef.h>
#include <stdint.h>

struct pcap_datagram {
	const uint8_t *data; /* UDP payload, valid during the call */
	size_t bytes;
	uint8_t family; /* 4 or 6 */
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
};
typedef void pcap_visit(void *arg, const struct pcap_datagram *d);

/* Visits every unfragmented UDP datagram of the file; returns how many there were. */
unsigned int pcap_read(const char *path, pcap_visit *visit, void *arg);

#endif
