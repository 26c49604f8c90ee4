/* SPDX-License-Identifier: Apache-2.0 */
/* A datagram on one of the three sockets. First byte: bits 0-1 the socket, bit 2 attached by HELLO. */
#include "../target.h"
#include "nf/runtime/ctl_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size};
	struct nf_msg_hdr hdr;
	char why[NF_TEXT_BYTES] = "";
	uint32_t fixed = UINT32_MAX;
	uint8_t head = take(&b);
	enum ctl_sock sock = (enum ctl_sock)((head & 3) % CTL_SOCK_COUNT);
	if (b.left < sizeof(hdr))
		return 0;
	memcpy(&hdr, b.at, sizeof(hdr));
	int rc = ctl_check(sock, head & 4, &hdr, b.left, &fixed, why);
	assert(rc <= 0 && (rc == 0) == (why[0] == 0));
	if (rc == 0) {
		assert(hdr.body_bytes == b.left - sizeof(hdr) && fixed <= hdr.body_bytes && fixed > 0);
		assert(sock != CTL_SOCK_CTL || (head & 4) || hdr.type == NF_MSG_HELLO);
		assert(sock != CTL_SOCK_VIEW || (hdr.type >= NF_MSG_STATUS_GET && hdr.type < NF_MSG_PEER_EVENT));
		assert((sock == CTL_SOCK_PUNT) == (hdr.type == NF_MSG_INJECT));
	}
	return 0;
}
