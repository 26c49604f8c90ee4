/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers modulo p = 2^130 - 5 in five limbs of 26 bits, for multipliers of 32 × 32 bits. 2^130 = 5, so a limb that
 * would land beyond the fifth comes back at the bottom five times as large: s[i] = 5 r[i].
 *
 *   limbs are below 2^26 + a little after reduce(), below 2^27 after one addition; a product of two sums of five
 *   terms of at most 2^(27 + 29) bits is below 2^59, four of them are below 2^61
 */
#define MASK26 ((1u << 26) - 1)
#define TOP    (1u << 24) /* 2^128 in the last limb: what stands behind the 16 bytes of a block */

struct number {
	quads l[5];
};
struct power {
	struct number r, s;
};
struct product {
	quads d[5];
};

ISA struct number number_of(quads lo, quads hi, quads top)
{
	quads m = all_quads(MASK26);
	return (struct number){{lo & m, lo >> 26 & m, (lo >> 52 | hi << 12) & m, hi >> 14 & m, hi >> 40 | top}};
}

ISA struct power power_of(struct number r)
{
	struct power p = {.r = r};
	UNROLL for (int i = 0; i < 5; i++) p.s.l[i] = r.l[i] + (r.l[i] << 2);
	return p;
}

ISA void multiply_add(struct product *p, struct number h, const struct power *k)
{
	UNROLL for (int j = 0; j < 5; j++)
		UNROLL for (int i = 0; i < 5; i++)
		{
			p->d[i] += multiply32(h.l[j], i >= j ? k->r.l[i - j] : k->s.l[i + 5 - j]);
			HERE(p->d[i]);
		}
}

ISA struct number reduce(struct product p)
{
	quads m = all_quads(MASK26), *d = p.d;
	quads c3 = d[3] >> 26, c0 = d[0] >> 26; /* two chains beside each other */
	d[3] &= m, d[4] += c3, d[0] &= m, d[1] += c0;
	quads c4 = d[4] >> 26, c1 = d[1] >> 26;
	d[4] &= m, d[0] += c4 + (c4 << 2), d[1] &= m, d[2] += c1;
	c0 = d[0] >> 26;
	quads c2 = d[2] >> 26;
	d[0] &= m, d[1] += c0, d[2] &= m, d[3] += c2;
	c3 = d[3] >> 26;
	d[3] &= m, d[4] += c3;
	return (struct number){{d[0], d[1], d[2], d[3], d[4]}};
}

ISA struct number carry(struct number h)
{
	quads m = all_quads(MASK26);
	UNROLL for (int i = 0; i < 4; i++)
	{
		h.l[i + 1] += h.l[i] >> 26;
		h.l[i] &= m;
	}
	return h;
}

ISA void words_of(struct number h, quads w[4])
{
	quads m = all_quads(UINT32_MAX);
	w[0] = (h.l[0] | h.l[1] << 26) & m;
	w[1] = (h.l[1] >> 6 | h.l[2] << 20) & m;
	w[2] = (h.l[2] >> 12 | h.l[3] << 14) & m;
	w[3] = (h.l[3] >> 18 | h.l[4] << 8) & m;
}

/* Whether h >= p: then h + 5 reaches 2^130, and the carry out of the last limb is 1. */
ISA quads overflow(struct number h)
{
	h.l[0] += all_quads(5);
	return carry(h).l[4] >> 26;
}
