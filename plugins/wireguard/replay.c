/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include <string.h>

#define WORDS (WG_REPLAY_BITS / 64)

/* Clears the words between the old and the new newest one. */
static void advance(struct wg_replay *r, uint64_t counter)
{
	uint64_t from = (r->next - 1) / 64, to = counter / 64, n = to - from;
	if (r->next == 0)
		return;
	if (n > WORDS)
		n = WORDS;
	for (uint64_t i = 1; i <= n; i++)
		r->words[(from + i) % WORDS] = 0;
}

bool wg_replay_accept(struct wg_replay *r, uint64_t counter)
{
	if (counter >= WG_REJECT_AFTER_MESSAGES)
		return false;
	if (r->next > WG_REPLAY_WINDOW && counter < r->next - WG_REPLAY_WINDOW)
		return false;
	if (counter >= r->next) {
		if (r->next == 0)
			memset(r->words, 0, sizeof(r->words));
		advance(r, counter);
		r->next = counter + 1;
	}
	uint64_t *word = &r->words[counter / 64 % WORDS], bit = 1ull << (counter % 64);
	bool fresh = !(*word & bit);
	*word |= bit;
	return fresh;
}
