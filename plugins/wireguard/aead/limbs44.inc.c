/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers modulo p = 2^130 - 5 in limbs of 44, 44 and 42 bits, for multipliers that give the low or the high 52 bits
 * of a product of 52 × 52 bits (IFMA). 2^132 = 20, so a limb that would land beyond the third comes back at the bottom
 * twenty times as large: s[i] = 20 r[i]. The high part of a product counts 2^52, which is 2^8 of the next limb.
 *
 *   limbs are below 2^45 when they are multiplied, s[i] below 2^49, low parts below 2^52, high parts below 2^42; sums
 *   of twelve stay below 2^56 and, shifted by 8 or 10, below 2^57
 */
#define MASK44 ((1ull << 44) - 1)
#define MASK42 ((1ull << 42) - 1)
#define TOP    (1ull << 40) /* 2^128 in the last limb: what stands behind the 16 bytes of a block */

struct number {
	quads l[3];
};
struct power {
	quads r[3], s[3]; /* s[0] is not used */
};
struct product {
	quads lo[3], hi[3];
};

ISA struct number number_of(quads lo, quads hi, quads top)
{
	quads m = all_quads(MASK44);
	return (struct number){{lo & m, shift_across_44(lo, hi) & m, hi >> 24 | top}};
}

ISA struct power power_of(struct number r)
{
	struct power p;
	UNROLL for (int i = 0; i < 3; i++)
	{
		p.r[i] = r.l[i];
		p.s[i] = (r.l[i] << 4) + (r.l[i] << 2);
	}
	return p;
}

ISA void multiply_add(struct product *p, struct number h, const struct power *k)
{
	UNROLL for (int j = 0; j < 3; j++)
		UNROLL for (int i = 0; i < 3; i++)
		{
			quads by = i >= j ? k->r[i - j] : k->s[i + 3 - j];
			p->lo[i] = multiply52_low(p->lo[i], h.l[j], by);
			p->hi[i] = multiply52_high(p->hi[i], h.l[j], by);
		}
}

ISA struct number reduce(struct product p)
{
	quads m44 = all_quads(MASK44), m42 = all_quads(MASK42);
	quads d0 = p.lo[0];
	quads d1 = p.lo[1] + (p.hi[0] << 8) + (d0 >> 44);
	quads d2 = p.lo[2] + (p.hi[1] << 8) + (d1 >> 44);
	quads over = (d2 >> 42) + (p.hi[2] << 10);
	d0 = (d0 & m44) + over + (over << 2);
	return (struct number){{d0 & m44, (d1 & m44) + (d0 >> 44), d2 & m42}};
}

ISA struct number carry(struct number h)
{
	quads m = all_quads(MASK44);
	h.l[1] += h.l[0] >> 44;
	h.l[2] += h.l[1] >> 44;
	h.l[0] &= m, h.l[1] &= m;
	return h;
}

ISA void words_of(struct number h, quads w[4])
{
	quads m = all_quads(UINT32_MAX);
	w[0] = h.l[0] & m;
	w[1] = (h.l[0] >> 32 | h.l[1] << 12) & m;
	w[2] = (h.l[1] >> 20 | h.l[2] << 24) & m;
	w[3] = h.l[2] >> 8 & m;
}

/* Whether h >= p: then h + 5 reaches 2^130, and the carry out of the last limb is 1. */
ISA quads overflow(struct number h)
{
	h.l[0] += all_quads(5);
	return carry(h).l[2] >> 42;
}
