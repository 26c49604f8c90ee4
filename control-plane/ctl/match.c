/* SPDX-License-Identifier: Apache-2.0 */
#include "match.h"

#include <string.h>

int match_peer(const struct match_peer *peers, size_t n, const char *wanted, size_t *ret_first,
	       size_t *ret_second)
{
	size_t len = strlen(wanted), found = 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(peers[i].name, wanted) == 0 || strcmp(peers[i].key, wanted) == 0)
			return (int)i;
		if (strncmp(peers[i].name, wanted, len) != 0 && strncmp(peers[i].key, wanted, len) != 0)
			continue;
		*(found++ ? ret_second : ret_first) = i;
	}
	return found == 1 ? (int)*ret_first : found ? MATCH_AMBIGUOUS : MATCH_NONE;
}
