/* SPDX-License-Identifier: Apache-2.0 */
/* One candidate line. What parses, written and read again, is the same candidate. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ice/candidate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ice_candidate c, again;
	char text[ICE_CANDIDATE_TEXT];
	if (ice_candidate_parse((const char *)data, size, &c) != 0)
		return 0;
	assert(c.addr.family == CP_V4 || c.addr.family == CP_V6);
	assert(c.kind >= ICE_HOST && c.kind <= ICE_RELAY);
	assert(memchr(c.ufrag, 0, sizeof(c.ufrag)));
	size_t n = ice_candidate_format(&c, c.ufrag, text);
	assert(n > 0 && n < sizeof(text) && text[n] == 0);
	assert(ice_candidate_parse(text, n, &again) == 0);
	assert(cp_addr_equal(&c.addr, &again.addr) && c.kind == again.kind && c.priority == again.priority);
	assert(strcmp(c.ufrag, again.ufrag) == 0);
	return 0;
}
