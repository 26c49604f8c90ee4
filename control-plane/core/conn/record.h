/* SPDX-License-Identifier: Apache-2.0 */
/* The first two bytes of each record of the stash: what it is, and how it is written. */
#ifndef CP_CONN_RECORD_H
#define CP_CONN_RECORD_H

enum record {
	RECORD_PEER = 0x5001,
	RECORD_ICE = 0x4901,
	RECORD_RELAY = 0x5201,
	RECORD_LOCAL = 0x4c01,
};

#endif
