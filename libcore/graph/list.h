/* graph/list.h - one node's list of neighbours as bytes
 *
 * Pure functions: ids in ascending order (equal ones allowed) to bytes and back.
 * The bytes depend on the node and its ids alone, so threads may encode lists
 * anywhere; how many ids there are and where the bytes end is kept by whoever
 * keeps the bytes.  A list of n ids, n > 0:
 *
 *   head    the first id and how it is meant, 1 to 10 bytes
 *   table   only when n > LIST_CHUNK + 1: a byte, (b - 1) << 4 | (a - 1), then
 *           for each chunk but the first: `a` bytes, the id before the chunk,
 *           and `b` bytes, where the chunk begins behind the table
 *   blocks  the n - 1 gaps to the ids that follow, LIST_BLOCK a block, the last
 *           block may have fewer; LIST_CHUNK gaps are a chunk
 *
 * Head: the first byte has in bit 7 whether more follow, in its lowest bits what
 * kind of list it is: 0 distinct ids, the value is the first id; 001 distinct
 * ids, the value is the first id less the node, zigzag (0, -1, 1, -2, ...); 011
 * and 101 the same two where ids repeat.  Its other bits are the lowest of the
 * value; each byte that follows has seven more, and in bit 7 whether it is not
 * the last.
 *
 * Block: a byte w, 0 to 64, and LIST_BLOCK numbers of w bits, the first in the
 * lowest bits of the first byte, no padding between.  The last block has no byte
 * w: of m numbers in r bytes, w is 8r / m rounded down, at most 64, and r is
 * m * w / 8 rounded up.  A number is the gap, less 1 where ids are distinct.
 */
#ifndef GRAPH_LIST_H
#define GRAPH_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/endian.h"

struct mem;

#define LIST_BLOCK 32u
#define LIST_CHUNK 1024u
#define LIST_READ 128u		/* ids a call of list_read gives at most */

/* Bytes that list_encode (list_encode32) may write for N ids, what it writes beyond
 * the list's end included. */
#define LIST_BYTES_MAX(n) (32 + 8 * (uint64_t)(n) + (uint64_t)(n) / 16)
#define LIST_BYTES_MAX32(n) (32 + 4 * (uint64_t)(n) + (uint64_t)(n) / 16)
/* So many bytes behind the end of a list being read must be readable; what they
 * are does not matter. */
#define LIST_SLACK 32u

/* The bytes of N ids, ascending, at OUT; returns how many (0 of none). */
size_t list_encode(uint8_t *out, uint64_t node, const uint64_t *ids, uint64_t n);
size_t list_encode32(uint8_t *out, uint64_t node, const uint32_t *ids, uint64_t n);

/* A list too long to be held: its ids come three times over, in order, and its bytes
 * go out as they are made, the same bytes.  NEXT gives N ids of those that follow. */
struct list_long {
	uint64_t node, n;		/* n > 0 */
	int (*rewind)(void *ctx);
	int (*next)(void *ctx, uint64_t *ids, unsigned n);
	int (*write)(void *ctx, const void *ptr, size_t len);
	void *ctx;
	struct mem *mem;		/* for the table: 16 bytes a chunk */
};
/* LEN becomes how many bytes; ERR_MEMORY, or what a function of it returned. */
int list_encode_long(const struct list_long *l, uint64_t *len);

struct list_reader {
	const uint8_t *at, *end;	/* where the next block is; where all ends */
	uint64_t left;			/* ids not yet read */
	uint64_t last;			/* the id before them, or the first */
	bool begun;			/* the first was read */
	uint8_t step;			/* what gaps are stored less of */
	/* of lists longer than a chunk */
	const uint8_t *table;		/* its entries */
	uint64_t entry_n, n;
	uint8_t id_len, off_len;
};

/* The list of N ids in [at, end).  What it needs to look at first lies in the first
 * LIST_HEAD bytes.  0; -1: these bytes are no such list. */
#define LIST_HEAD 11u
int list_begin(struct list_reader *r, uint64_t node, uint64_t n, const uint8_t *at,
	       const uint8_t *end);

/* What a head of up to 8 bytes says, and how many they are; 0: it is longer, or none. */
struct list_head {
	uint64_t first;
	unsigned len;
	uint8_t step;
};

static inline struct list_head list_head(uint64_t node, const uint8_t *at)
{
	uint64_t x, ends, shift, near;
	struct list_head h;
	le64 v;

	memcpy(&v, at, sizeof v);
	x = le64_get(v);
	ends = ~x & 0x8080808080808080;
	h.len = ends ? (unsigned)__builtin_ctzll(ends) / 8 + 1 : 8;
	x &= ~0ull >> (64 - 8 * h.len);
	h.len = ends && (x & 7) != 7 ? h.len : 0;
	x &= 0x7f7f7f7f7f7f7f7f;
	shift = x & 1 ? 3 : 1;
	h.step = (x & 7) != 3 && (x & 7) != 5;
	near = ((x & 7) == 1 || (x & 7) == 5) ? ~0ull : 0;
	x = (x & 0x007f007f007f007f) | (x & 0x7f007f007f007f00) >> 1;
	x = (x & 0x00003fff00003fff) | (x & 0x3fff00003fff0000) >> 2;
	x = ((x & 0x0fffffff) | (x & 0x0fffffff00000000) >> 4) >> shift;
	h.first = (x & ~near) | ((node + (x >> 1 ^ (0 - (x & 1)))) & near);
	return h;
}

/* The second of N ids, N > 1, of a list without a table whose head H is at AT; up to 20
 * bytes from AT on are looked at.  UINT64_MAX: these bytes are no such list. */
#define LIST_SECOND 20u
static inline uint64_t list_second(const struct list_head *h, uint64_t n, const uint8_t *at,
				   const uint8_t *end)
{
	const uint8_t *block = at + h->len;
	uint64_t room = (uint64_t)(end - block), m = n - 1, w, full = m > LIST_BLOCK, gap;
	le64 v;

	if (full) {
		w = *block;
	} else {
		if (room > 8 * LIST_BLOCK)
			return UINT64_MAX;
		w = (uint32_t)room * 8 / (uint32_t)m;
		w = w < 64 ? w : 64;
	}
	if (full ? w > 64 || room - 1 < w * (LIST_BLOCK / 8) || !room : (m * w + 7) / 8 != room)
		return UINT64_MAX;
	memcpy(&v, block + full, sizeof v);
	gap = w ? le64_get(v) & ~0ull >> (64 - w) : 0;
	return gap < UINT64_MAX / 2 ? h->first + gap + h->step : UINT64_MAX;
}

/* The same, in place: of most lists the head is read without a branch. */
static inline int list_begin_fast(struct list_reader *r, uint64_t node, uint64_t n,
				  const uint8_t *at, const uint8_t *end)
{
	struct list_head h = list_head(node, at);

	if (h.len == 0 || n > LIST_CHUNK + 1 || n == 0 || h.len > (size_t)(end - at))
		return list_begin(r, node, n, at, end);
	r->last = h.first;
	r->step = h.step;
	r->at = at + h.len;
	r->end = end;
	r->left = r->n = n;
	r->begun = false;
	r->table = NULL;
	r->entry_n = 0;
	return 0;
}

/* Up to LIST_READ ids, never a wrapped one; 0 at the end; -1.  All LIST_READ places
 * may be written to.  It looks at LIST_REACH bytes from r->at, not beyond the end. */
#define LIST_REACH (4 * (1 + 8 * LIST_BLOCK))
int list_read(struct list_reader *r, uint64_t ids[LIST_READ]);

/* The same where every id is below 2^32 (else -1), up to MOST at a time, at least
 * LIST_BLOCK + 1: so few suit a reader that may find what it looks for early. */
int list_read32(struct list_reader *r, uint32_t ids[LIST_READ], unsigned most);

/* Forward to a place such that the next id read is ID's, or one at most 2 * LIST_CHUNK
 * places before the first that is not less than ID.  It looks at the table
 * (list_table_len bytes at r->table) and what it says must be right.  -1. */
int list_seek(struct list_reader *r, uint64_t id);
/* Forward to a chunk: the next id read is the one at place CHUNK * LIST_CHUNK + 1
 * of the list, as a reader that takes a part of it needs. */
int list_chunk(struct list_reader *r, uint64_t chunk);
static inline uint64_t list_table_len(const struct list_reader *r)
{
	return r->entry_n * (r->id_len + r->off_len);
}

/* N numbers of W bits, at most 25, that lie as graph/bits.h says; eight at a time are
 * written, and LIST_SLACK bytes behind them must be readable. */
void list_unpack(uint64_t *out, const uint8_t *at, unsigned n, unsigned w);
#define LIST_UNPACK_BITS 25u

/* Tests: this decoder, or the best that the processor has below it. */
enum list_decoder { LIST_BEST, LIST_PORTABLE, LIST_AVX2 };
void list_decode_by(enum list_decoder d);

#endif
