/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A burst, CHUNK packets at a time, ordered by length: neighbours are authenticated together.
 *
 *   seal   lanes:   [keys and data of packets 0–7] [of 8–15] [of 16–23] …        Poly1305 follows one group behind:
 *          Poly1305:                                [0–7]     [8–15]    …        what it reads was not just written
 *
 *   open   lanes:   [keys of all]        [data of 0–7, those that are genuine]   [of 8–15]  …
 *          Poly1305:              [0–7]                                   [8–15]            …
 *
 *   open   lanes:   [keys and keystream of all]              few short packets that fit one group: keystream waits in
 *          Poly1305:                            [all]        scratch for the verdicts
 */
#define CHUNK   64u
#define CLASSES 33u /* by steps of 64 bytes; everything from 2 KiB on is one class */

struct work {
	struct lanes lanes;
	struct poly poly;
	uint8_t one_time[CHUNK + PACKETS][32]; /* secret; a group that is not full reads beyond its end */
	struct wg_aead_op *op[CHUNK];          /* in order of length */
	unsigned int n;
	uint64_t tag[2][PACKETS];
	uint8_t stream[LANES][64];             /* secret while open_one_group() runs */
};

ISA unsigned int class_of(const struct wg_aead_op *op)
{
	uint32_t steps = (op->bytes + 63) / 64;
	return steps < CLASSES ? steps : CLASSES - 1;
}

/* Counting sort; a burst of one class, the usual case, stays as it is. */
static void sort(struct work *w, struct wg_aead_op *ops, unsigned int n)
{
	uint8_t first[CLASSES + 1] = {0};
	bool same = true;
	for (unsigned int i = 0; i < n; i++) {
		w->op[i] = &ops[i];
		same &= class_of(&ops[i]) == class_of(&ops[0]);
	}
	w->n = n;
	if (same)
		return;
	for (unsigned int i = 0; i < n; i++)
		first[class_of(&ops[i]) + 1]++;
	for (unsigned int c = 1; c < CLASSES; c++)
		first[c] = (uint8_t)(first[c] + first[c - 1]);
	for (unsigned int i = 0; i < n; i++)
		w->op[first[class_of(&ops[i])]++] = &ops[i];
}

/* Block 0 (RFC 8439 §2.6). */
static void push_one_time_key(struct work *w, unsigned int i)
{
	lanes_push(&w->lanes, w->op[i], 0, w->one_time[i], sizeof(w->one_time[i]));
}

static void push_data(struct work *w, unsigned int i)
{
	lanes_push(&w->lanes, w->op[i], 1, w->op[i]->data, w->op[i]->bytes);
}

static unsigned int group_size(const struct work *w, unsigned int first)
{
	return w->n - first < PACKETS ? w->n - first : PACKETS;
}

static void tags_of_group(struct work *w, unsigned int first)
{
	poly_tags(&w->poly, w->op + first, (const uint8_t(*)[32])w->one_time + first, group_size(w, first), w->tag);
}

static void put_tags(struct work *w, unsigned int first)
{
	tags_of_group(w, first);
	for (unsigned int i = 0; i < group_size(w, first); i++) {
		struct wg_aead_op *op = w->op[first + i];
		put64(op->data + op->bytes, w->tag[0][i]);
		put64(op->data + op->bytes + 8, w->tag[1][i]);
	}
}

/* Both tags are compared whole before anything depends on it. */
static void judge_tags(struct work *w, unsigned int first)
{
	tags_of_group(w, first);
	for (unsigned int i = 0; i < group_size(w, first); i++) {
		struct wg_aead_op *op = w->op[first + i];
		uint64_t differs = (w->tag[0][i] ^ get64(op->data + op->bytes)) | (w->tag[1][i] ^ get64(op->data + op->bytes + 8));
		uint8_t wrong = (uint8_t)((differs | (0 - differs)) >> 63);
		wg_aead_declassify(&wrong, sizeof(wrong));
		op->ok = wrong == 0;
	}
}

NOINLINE static void seal_chunk(struct work *w, struct wg_aead_op *ops, unsigned int n)
{
	unsigned long end[CHUNK / PACKETS];
	unsigned int done = 0;
	sort(w, ops, n);
	for (unsigned int first = 0; first < n; first += PACKETS) {
		for (unsigned int i = first; i < first + group_size(w, first); i++) {
			push_one_time_key(w, i);
			push_data(w, i);
		}
		end[first / PACKETS] = w->lanes.pushed;
		for (; done < first && end[done / PACKETS] <= w->lanes.ran; done += PACKETS)
			put_tags(w, done);
	}
	lanes_flush(&w->lanes);
	for (; done < n; done += PACKETS)
		put_tags(w, done);
}

static bool fits_one_group(const struct wg_aead_op *ops, unsigned int n)
{
	unsigned int lanes = 0;
	for (unsigned int i = 0; i < n && lanes <= LANES; i++)
		lanes += 1 + (ops[i].bytes < 64 * LANES ? (ops[i].bytes + 63) / 64 : LANES);
	return lanes <= LANES;
}

static void xor_bytes(uint8_t *data, const uint8_t *stream, uint32_t bytes)
{
	for (; bytes >= 8; bytes -= 8, data += 8, stream += 8)
		put64(data, get64(data) ^ get64(stream));
	for (uint32_t i = 0; i < bytes; i++)
		data[i] ^= stream[i];
}

static void open_one_group(struct work *w)
{
	unsigned int first[LANES], lane = 0;
	memset(w->stream, 0, sizeof(w->stream));
	for (unsigned int i = 0; i < w->n; i++) {
		push_one_time_key(w, i);
		first[i] = lane;
		lanes_push(&w->lanes, w->op[i], 1, w->stream[lane], w->op[i]->bytes);
		lane += (w->op[i]->bytes + 63) / 64;
	}
	lanes_flush(&w->lanes);
	for (unsigned int group = 0; group < w->n; group += PACKETS)
		judge_tags(w, group);
	for (unsigned int i = 0; i < w->n; i++)
		if (w->op[i]->ok)
			xor_bytes(w->op[i]->data, w->stream[first[i]], w->op[i]->bytes);
	explicit_bzero(w->stream, sizeof(w->stream));
}

NOINLINE static void open_chunk(struct work *w, struct wg_aead_op *ops, unsigned int n)
{
	sort(w, ops, n);
	if (fits_one_group(ops, n)) {
		open_one_group(w);
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		push_one_time_key(w, i);
	lanes_flush(&w->lanes);
	for (unsigned int first = 0; first < n; first += PACKETS) {
		judge_tags(w, first);
		for (unsigned int i = first; i < first + group_size(w, first); i++)
			if (w->op[i]->ok)
				push_data(w, i);
	}
	lanes_flush(&w->lanes);
}

typedef void chunk_fn(struct work *w, struct wg_aead_op *ops, unsigned int n);

/* Returns how many packets at the end are too few for vectors. */
ISA unsigned int in_chunks(chunk_fn *chunk, struct wg_aead_op *ops, unsigned int n)
{
	struct work w;
	if (n <= FEW)
		return n;
	w.lanes.n = 0;
	w.lanes.mixed = false;
	w.lanes.pushed = w.lanes.ran = 0;
	for (unsigned int take; n > FEW; n -= take, ops += take) {
		take = n < CHUNK ? n : CHUNK;
		memset(w.one_time, 0, (take + PACKETS) * sizeof(w.one_time[0]));
		chunk(&w, ops, take);
	}
	explicit_bzero(w.lanes.start, sizeof(w.lanes.start));
	explicit_bzero(&w.poly, sizeof(w.poly));
	explicit_bzero(w.one_time, sizeof(w.one_time));
	explicit_bzero(w.tag, sizeof(w.tag));
	wg_aead_forget(STACK_KIB);
	return n;
}

static void seal(struct wg_aead_op *ops, unsigned int n)
{
	unsigned int rest = in_chunks(seal_chunk, ops, n);
	if (rest)
		wg_aead_small_seal(ops + n - rest, rest);
}

static void open(struct wg_aead_op *ops, unsigned int n)
{
	unsigned int rest = in_chunks(open_chunk, ops, n);
	if (rest)
		wg_aead_small_open(ops + n - rest, rest);
}
