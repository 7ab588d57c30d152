/* graph/list_inside.h - the parts of a list's bytes, for both of its encoders */
#ifndef GRAPH_LIST_INSIDE_H
#define GRAPH_LIST_INSIDE_H

#include "base/endian.h"
#include "graph/bits.h"
#include "graph/list.h"

#define LIST_HEAD_MOST 10u

/* The head at OUT; where the list goes on. */
uint8_t *list_put_first(uint8_t *out, uint64_t node, uint64_t first, bool equal);
/* The widest numbers that the bytes of M numbers of W bits have room for. */
unsigned list_fill_up(unsigned m, unsigned w);
/* Bytes of an entry's number, at least one. */
unsigned list_bytes_for(uint64_t x);

/* N ids at IDS, each of WIDTH bytes: a constant where this is inlined. */
static inline uint64_t list_id_at(const void *ids, unsigned width, uint64_t i)
{
	return width == 4 ? ((const uint32_t *)ids)[i] : ((const uint64_t *)ids)[i];
}

/* Of M gaps to the ids from IDS[I] on. */
static inline unsigned list_width(const void *ids, unsigned width, uint64_t i, unsigned m,
				  uint64_t step)
{
	uint64_t all = 0;

	for (unsigned k = 0; k < m; k++)
		all |= list_id_at(ids, width, i + k) - list_id_at(ids, width, i + k - 1) - step;
	return bits_width(all);
}

/* M gaps to the ids from IDS[I] on, of W bits each; eight bytes more may be written. */
static inline uint8_t *list_put_bits(uint8_t *out, const void *ids, unsigned width, uint64_t i,
				     unsigned m, unsigned w, uint64_t step)
{
	uint64_t acc = 0, before = list_id_at(ids, width, i - 1);
	unsigned fill = 0;
	le64 d;

	if (w == 0)
		return out;
	for (unsigned k = 0; k < m; k++) {
		uint64_t id = list_id_at(ids, width, i + k), gap = id - before - step;

		before = id;
		acc |= gap << fill;
		fill += w;
		if (fill >= 64) {
			d = le64_of(acc);
			memcpy(out, &d, 8);
			out += 8;
			fill -= 64;
			acc = fill ? gap >> (w - fill) : 0;
		}
	}
	d = le64_of(acc);
	memcpy(out, &d, 8);
	return out + (fill + 7) / 8;
}

static inline void list_put_entry(uint8_t *at, uint64_t id, unsigned id_len, uint64_t off,
				  unsigned off_len)
{
	le64 a = le64_of(id), b = le64_of(off);

	memcpy(at, &a, id_len);
	memcpy(at + id_len, &b, off_len);
}

#endif
