/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ChaCha20 (RFC 8439 §2.3), LANES blocks at once: register w holds state word w of LANES blocks that need not have
 * anything in common, so lanes are filled across packets.
 *
 *             lane 0   lane 1   lane 2   lane 3  …
 *   x[0..3]   "expa" …                              the constants
 *   x[4..11]  key A    key A    key B    key B      each lane's own key
 *   x[12]     0        1        0        1          block: 0 makes the one-time key of Poly1305, 1 … is data
 *   x[13]     0        0        0        0          WireGuard's nonce begins with four zero bytes (NONCE_FIRST) …
 *   x[14,15]  ctr A    ctr A    ctr B    ctr B      … and is a counter
 *             └─ packet A ──┘   └─ packet B ──┘
 *
 * After the rounds a transposition turns each lane into 64 bytes of keystream, which are XOR-ed onto wherever the
 * lane points: packet data, or zeros that become a one-time key.
 *
 * The long middle of a packet needs no queue: LANES blocks of one packet are a group of their own ("direct"). What is
 * left of it queues behind the rest of the packet before it:
 *
 *   1440 B, LANES 16:  blocks 1–16 direct; 0 and 17–23 queue up     queue: [A A A A A A A A B B B B B B B B] runs
 *
 * so only the last group of a burst can have idle lanes.
 */

struct lanes {
	words start[16]; /* secret: the state before the rounds, added after them */
	uint32_t block[LANES], counter_lo[LANES], counter_hi[LANES];
	const uint8_t *key[LANES];
	uint8_t *at[LANES];
	uint32_t bytes[LANES];         /* 0 … 64 */
	unsigned int n;                /* lanes that are filled */
	bool mixed;                    /* with more than one key */
	unsigned long pushed, ran;     /* lanes, since the burst began: the first `ran` of those pushed are done */
};

/*
 * Half of four quarter rounds: a += b, d = (d ^ a) <<< bits. They are independent of each other, and one after the other
 * they need a single register beside the state; the CPU finds what it can do at the same time.
 */
ISA void mix(words *a, int a0, const words *b, int b0, words *d, int d0, int bits)
{
	UNROLL for (int i = 0; i < 4; i++)
	{
		words *sum = &a[(i + a0) % 4], *turned = &d[(i + d0) % 4];
		*sum += b[(i + b0) % 4];
		HERE(*sum);
		*turned = rotate(*turned ^ *sum, bits);
		HERE(*turned);
	}
}

/* Columns: shift 0. Diagonals: row r of the state is used shifted by r. */
ISA void round_of(words x[16], int shift)
{
	words *a = x, *b = x + 4, *c = x + 8, *d = x + 12;
	mix(a, 0, b, shift, d, 3 * shift, 16);
	mix(c, 2 * shift, d, 3 * shift, b, shift, 12);
	mix(a, 0, b, shift, d, 3 * shift, 8);
	mix(c, 2 * shift, d, 3 * shift, b, shift, 7);
}

ISA void keystream(const words start[16], words x[16])
{
	UNROLL for (int i = 0; i < 16; i++) x[i] = start[i];
	for (int i = 0; i < 10; i++) {
		round_of(x, 0);
		round_of(x, 1);
	}
	UNROLL for (int i = 0; i < 16; i++) x[i] += start[i];
}

/* In every 128-bit part: a matrix of 4 × 4 words, rows become columns. */
ISA void transpose4(words a[4])
{
	words t0 = low_words(a[0], a[1]), t1 = high_words(a[0], a[1]);
	words t2 = low_words(a[2], a[3]), t3 = high_words(a[2], a[3]);
	a[0] = low_pairs(t0, t2), a[1] = high_pairs(t0, t2);
	a[2] = low_pairs(t1, t3), a[3] = high_pairs(t1, t3);
}

ISA void start_constants(words start[16])
{
	static const uint32_t expand_32_byte_k[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	UNROLL for (int i = 0; i < 4; i++) start[i] = all_words(expand_32_byte_k[i]);
	start[13] = all_words(NONCE_FIRST);
}

ISA void start_one_key(words start[16], const uint8_t *key)
{
	UNROLL for (int i = 0; i < 8; i++) start[4 + i] = all_words(get32(key + 4 * i));
}

/* Four words of every key become four registers of a word each: part p of row j comes from lane 4p + j. */
ISA void start_keys(words start[16], const uint8_t *const key[LANES])
{
	UNROLL for (int half = 0; half < 2; half++)
	{
		words *x = start + 4 + 4 * half;
		UNROLL for (int j = 0; j < 4; j++) x[j] = gather_parts(key + j, 16 * half);
		transpose4(x);
	}
}

/* x[4q .. 4q + 3] hold words 4q … of the lanes' blocks; afterwards part p of x[4q + j] holds them of lane 4p + j. */
ISA void to_parts(words x[16])
{
	UNROLL for (int q = 0; q < 4; q++) transpose4(x + 4 * q);
}

NOINLINE static void lanes_run(struct lanes *l)
{
	words x[16];
	for (unsigned int i = l->n; i < LANES; i++) {
		l->key[i] = l->key[0];
		l->bytes[i] = 0;
	}
	start_constants(l->start);
	if (l->mixed)
		start_keys(l->start, l->key);
	else
		start_one_key(l->start, l->key[0]);
	l->start[12] = load_words(l->block);
	l->start[14] = load_words(l->counter_lo);
	l->start[15] = load_words(l->counter_hi);
	keystream(l->start, x);
	to_parts(x);
	xor_lanes(x, l->at, l->bytes);
	l->ran += l->n;
	l->n = 0;
	l->mixed = false;
}

/* LANES whole blocks of one packet, in place. */
NOINLINE static void lanes_run_direct(struct lanes *l, const struct wg_aead_op *op, uint32_t block, uint8_t *at)
{
	words x[16];
	start_constants(l->start);
	start_one_key(l->start, op->key);
	l->start[12] = all_words(block) + first_words();
	l->start[14] = all_words((uint32_t)op->counter);
	l->start[15] = all_words((uint32_t)(op->counter >> 32));
	keystream(l->start, x);
	to_parts(x);
	xor_run(x, at);
}

/* XORs the packet's keystream from `block` on onto bytes at `at`: now, or once enough lanes are filled. */
static void lanes_push(struct lanes *l, const struct wg_aead_op *op, uint32_t block, uint8_t *at, uint32_t bytes)
{
	for (; bytes >= 64 * LANES; bytes -= 64 * LANES, at += 64 * LANES, block += LANES)
		lanes_run_direct(l, op, block, at);
	for (uint32_t take; bytes > 0; bytes -= take, at += take) {
		unsigned int i = l->n++;
		take = bytes < 64 ? bytes : 64;
		l->key[i] = op->key;
		l->mixed |= op->key != l->key[0];
		l->block[i] = block++;
		l->counter_lo[i] = (uint32_t)op->counter;
		l->counter_hi[i] = (uint32_t)(op->counter >> 32);
		l->at[i] = at;
		l->bytes[i] = take;
		l->pushed++;
		if (l->n == LANES)
			lanes_run(l);
	}
}

static void lanes_flush(struct lanes *l)
{
	if (l->n)
		lanes_run(l);
}
