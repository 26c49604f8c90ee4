/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Poly1305 (RFC 8439 §2.5, and §2.8 for what it covers), one packet per lane of 64 bits, PACKETS at once.
 *
 * Four blocks of 16 bytes a step, with one reduction for all of them:
 *
 *   h = (h + m0) r^4 + m1 r^3 + m2 r^2 + m3 r
 *
 * Packets are aligned at their end, so that no lane has a tail of its own kind:
 *
 *            step 0     step 1     step 2
 *   lane 0  [. . . m]  [m m m m]  [m m m M]  L      m  block, M  last block, zeros behind its bytes
 *   lane 1  [m m m m]  [m m m m]  [m m m M]  L      .  nothing: zero, without the bit 2^128 of a block: h stays 0
 *   lane 2  [. . . .]  [. . m m]  [m m m M]  L      L  lengths: a block for itself, h = (h + L) r
 *
 * The caller brings packets of like length together. Only steps that touch a lane's ends are masked.
 *
 * The arithmetic is in limbs*.inc.c. What it gives:
 *
 *   struct number, power (of r, prepared to multiply by), product (a sum of products, not reduced)
 *   number_of(lo, hi, top)   from 128 bits and the bit above them
 *   multiply_add(p, h, r)    p += h r            reduce(p)   to limbs that may be multiplied again
 *   overflow, carry, words_of                    to the one representation below p, and its 32-bit words
 */

struct poly {
	struct power power[4]; /* secret: r, r^2, r^3, r^4 */
	quads pad[2];          /* secret: what is added at the end */
	uintptr_t start[PACKETS]; /* where step 0 of a lane would be; before the data if it is shorter than the others */
	quads skip;               /* bytes before the data, by lane */
	quads bytes;              /* by lane */
	uint32_t steps, first_whole; /* steps before first_whole meet the beginning of some lane */
	bool ragged;                 /* some lane's last block is no whole one */
};

ISA struct number multiply(struct number a, const struct power *b)
{
	struct product p = {0};
	multiply_add(&p, a, b);
	return reduce(p);
}

/* RFC 8439 §2.5: some bits of r are cleared. */
ISA void poly_keys(struct poly *p, const uint8_t (*one_time)[32])
{
	quads k[4];
	load_keys(one_time, k);
	struct number r = number_of(k[0] & all_quads(0x0ffffffc0fffffffull), k[1] & all_quads(0x0ffffffc0ffffffcull), all_quads(0));
	p->pad[0] = k[2], p->pad[1] = k[3];
	p->power[0] = power_of(r);
	struct number r2 = multiply(r, &p->power[0]);
	p->power[1] = power_of(r2);
	p->power[2] = power_of(multiply(r2, &p->power[0]));
	p->power[3] = power_of(multiply(r2, &p->power[1]));
}

static void poly_lay_out(struct poly *p, struct wg_aead_op *const *op, unsigned int n)
{
	uint64_t bytes[PACKETS] = {0}, skip[PACKETS];
	uint32_t most = 0, least = UINT32_MAX;
	p->ragged = false;
	for (unsigned int i = 0; i < PACKETS; i++) {
		uint32_t blocks = i < n ? (op[i]->bytes + 15) / 16 : 0;
		bytes[i] = i < n ? op[i]->bytes : 0;
		p->ragged |= bytes[i] % 16 != 0;
		most = blocks > most ? blocks : most;
		least = blocks < least ? blocks : least;
	}
	p->steps = (most + 3) / 4;
	p->first_whole = p->steps - least / 4;
	for (unsigned int i = 0; i < PACKETS; i++) {
		skip[i] = 64ull * p->steps - (bytes[i] + 15) / 16 * 16;
		p->start[i] = (i < n ? (uintptr_t)op[i]->data : 0) - skip[i];
	}
	p->skip = load_quads(skip);
	p->bytes = load_quads(bytes);
}

/* m[2j], m[2j + 1]: block j of every lane. */
ISA void poly_load(const struct poly *p, uint32_t step, bool masked, quads m[8])
{
	if (masked)
		load_step_masked(p->start, 64 * step, p->skip, p->bytes, m);
	else
		load_step(p->start, 64 * step, m);
}

ISA struct number poly_step(const struct poly *p, struct number h, const quads m[8], const quads top[4])
{
	struct product d = {0};
	struct number first = number_of(m[0], m[1], top[0]);
	UNROLL for (int i = 0; i < (int)(sizeof(h) / sizeof(h.l[0])); i++) first.l[i] += h.l[i];
	multiply_add(&d, number_of(m[2], m[3], top[1]), &p->power[2]);
	multiply_add(&d, number_of(m[4], m[5], top[2]), &p->power[1]);
	multiply_add(&d, number_of(m[6], m[7], top[3]), &p->power[0]);
	multiply_add(&d, first, &p->power[3]);
	return reduce(d);
}

ISA struct number poly_step_masked(const struct poly *p, struct number h, uint32_t step)
{
	quads m[8], top[4];
	poly_load(p, step, true, m);
	UNROLL for (int j = 0; j < 4; j++)
		top[j] = where_at_least(all_quads(64ull * step + 16u * (unsigned int)j), p->skip, all_quads(TOP));
	return poly_step(p, h, m, top);
}

ISA struct number poly_step_whole(const struct poly *p, struct number h, uint32_t step)
{
	quads m[8], top[4];
	poly_load(p, step, false, m);
	UNROLL for (int j = 0; j < 4; j++) top[j] = all_quads(TOP);
	return poly_step(p, h, m, top);
}

ISA struct number poly_lengths(const struct poly *p, struct number h)
{
	struct number last = number_of(all_quads(0), p->bytes, all_quads(TOP));
	UNROLL for (int i = 0; i < (int)(sizeof(h) / sizeof(h.l[0])); i++) last.l[i] += h.l[i];
	return multiply(last, &p->power[0]);
}

/*
 * To the one representation below p, plus the pad modulo 2^128. reduce() leaves h below 2^130 + a little, so p is in it at
 * most once, and h - p is h + 5 without the bit 2^130, which words_of() does not take.
 */
ISA void poly_finish(const struct poly *p, struct number h, uint64_t tag[2][PACKETS])
{
	quads w[4], m = all_quads(UINT32_MAX), over = overflow(h);
	h.l[0] += over + (over << 2);
	words_of(carry(h), w);
	w[0] += p->pad[0] & m;
	w[1] += (p->pad[0] >> 32) + (w[0] >> 32);
	w[2] += (p->pad[1] & m) + (w[1] >> 32);
	w[3] += (p->pad[1] >> 32) + (w[2] >> 32);
	store_quads(tag[0], (w[0] & m) | w[1] << 32);
	store_quads(tag[1], (w[2] & m) | w[3] << 32);
}

/* The tags of n <= PACKETS packets whose data is ciphertext and whose one-time keys are ready, n of each. */
NOINLINE static void poly_tags(struct poly *p, struct wg_aead_op *const *op, const uint8_t (*one_time)[32], unsigned int n,
			       uint64_t tag[2][PACKETS])
{
	struct number h = {0};
	poly_lay_out(p, op, n);
	poly_keys(p, one_time);
	uint32_t whole_end = p->steps - (p->ragged && p->steps), step = 0;
	for (; step < p->first_whole; step++)
		h = poly_step_masked(p, h, step);
	for (; step < whole_end; step++)
		h = poly_step_whole(p, h, step);
	for (; step < p->steps; step++)
		h = poly_step_masked(p, h, step);
	poly_finish(p, poly_lengths(p, h), tag);
}
