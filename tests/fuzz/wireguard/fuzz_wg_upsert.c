/* SPDX-License-Identifier: Apache-2.0 */
/* PEER_UPSERT as the control plane might send it by mistake: fixed body and tail, of any size. */
#include "../target.h"
#include "upsert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t own[NF_KEY_BYTES] = {1, 2, 3};
	char why[NF_TEXT_BYTES] = "";
	if (size < sizeof(struct nf_peer_upsert))
		return 0;
	struct nf_peer_upsert *u = copy_of(data, sizeof(*u));
	size_t tail_bytes = size - sizeof(*u);
	struct nf_addr *allowed = copy_of(data + sizeof(*u), tail_bytes);
	int rc = wg_upsert_check(u, allowed, tail_bytes, data[0] & 1 ? own : NULL, why);
	assert((rc == 0) == (why[0] == 0));
	if (rc == 0) {
		assert(strnlen(u->name, sizeof(u->name)) < sizeof(u->name));
		assert(tail_bytes == u->allowed_count * sizeof(*allowed) && u->allowed_count <= WG_ALLOWED_MAX);
		assert(u->endpoint.family == 0 || u->endpoint.family == 4 || u->endpoint.family == 6);
		for (uint16_t i = 0; i < u->allowed_count; i++)
			assert(allowed[i].prefix_len <= (allowed[i].family == 4 ? 32 : 128));
	}
	free(allowed);
	free(u);
	return 0;
}
