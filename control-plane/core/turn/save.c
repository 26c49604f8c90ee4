/* SPDX-License-Identifier: Apache-2.0 */
#include "turn/saved.h"

struct out {
	uint8_t *p;
	size_t n;
};

static void put(struct out *o, const void *p, size_t bytes)
{
	memcpy(o->p + o->n, p, bytes);
	o->n += bytes;
}

static void put_u8(struct out *o, uint8_t v)
{
	o->p[o->n++] = v;
}

static void put_u16(struct out *o, uint16_t v)
{
	put_be16(o->p + o->n, v);
	o->n += 2;
}

static void put_time(struct out *o, cp_time v)
{
	put_be64(o->p + o->n, v);
	o->n += 8;
}

static void put_text(struct out *o, const struct turn_text *text)
{
	put_u16(o, text->bytes);
	put(o, text->p, text->bytes);
}

static void put_address(struct out *o, const struct cp_addr *a)
{
	put_u8(o, a->family);
	put_u16(o, a->port);
	put(o, a->ip, sizeof(a->ip));
}

static void put_head(struct out *o, const struct turn *t, uint16_t part)
{
	put_u8(o, SAVED_VERSION);
	put_u16(o, part);
	put(o, t->digest, sizeof(t->digest));
}

static size_t save_allocation(const struct turn *t, uint8_t *ret)
{
	struct out o = {ret, 0};
	put_head(&o, t, 0);
	put_u8(&o, (uint8_t)t->kind);
	put_u8(&o, t->active < 0 ? SAVED_NO_SERVER : (uint8_t)t->active);
	put_u8(&o, t->omit_allocate);
	put_u8(&o, t->omit_refresh);
	put_text(&o, &t->nonce);
	put_text(&o, &t->realm);
	put_u16(&o, (uint16_t)t->next_number);
	put_time(&o, t->rtt);
	put_time(&o, t->allocated_at);
	put_time(&o, t->expires);
	for (int i = 0; i < 2; i++) {
		put_address(&o, &t->relayed[i]);
		put_address(&o, &t->host[i]);
		put_address(&o, &t->srflx[i]);
	}
	return o.n;
}

static void put_channel(struct out *o, const struct turn_channel *c)
{
	put_u16(o, c->number);
	put_u8(o, c->received);
	put_time(o, c->bound_at);
	put_address(o, &c->peer);
}

/* 0: no channel is left of it. */
static size_t save_block(const struct turn *t, uint16_t part, uint8_t *ret)
{
	struct turn_channel *const *block = t->channels + (part - 1u) * SAVED_BLOCK;
	struct out o = {ret, 0};
	put_head(&o, t, part);
	size_t count_at = o.n;
	put_u8(&o, 0);
	for (uint32_t i = 0; i < SAVED_BLOCK; i++) {
		if (!block[i])
			continue;
		put_channel(&o, block[i]);
		ret[count_at]++;
	}
	return ret[count_at] ? o.n : 0;
}

bool turn_save_next(struct turn *t, cp_time now, uint16_t *ret_part, uint8_t ret[TURN_SAVE_MAX], size_t *ret_bytes)
{
	(void)now; /* times are saved as they are */
	if (t->dirty) {
		t->dirty = false;
		*ret_part = 0;
		*ret_bytes = t->stage == TURN_STAGE_OVER ? 0 : save_allocation(t, ret);
		return true;
	}
	if (t->dirty_blocks == 0)
		return false;
	*ret_part = (uint16_t)(1 + __builtin_ctzll(t->dirty_blocks));
	t->dirty_blocks &= t->dirty_blocks - 1;
	*ret_bytes = save_block(t, *ret_part, ret);
	return true;
}

void turn_save_again(struct turn *t)
{
	t->dirty = true;
	for (uint32_t i = 0; i < TURN_CHANNELS; i++)
		if (t->channels[i])
			t->dirty_blocks |= 1ull << i / SAVED_BLOCK;
}
