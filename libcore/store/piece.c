/* store/piece.c - sorting by the bytes that differ
 *
 * An in-place radix sort by most significant byte first ("American flag sort",
 * McIlroy, Bostic, McIlroy 1993) of 16-byte slots that hold 8 bytes of the key:
 * behind the prefix that all keys share, so that "user:" costs nothing.  Few slots
 * are finished by insertion; those alike in all 8 bytes by a heap sort that
 * looks at the keys.  Where keys are the same the order of arrival decides, so
 * there is exactly one right order and the sort need not be stable.
 */
#include "store/piece.h"

#include <string.h>

#include "base/endian.h"
#include "base/err.h"
#include "base/mem.h"

#define FEW 24		/* insertion is faster below */

uint64_t piece_prefix(uint32_t space, struct bytes key, size_t skip)
{
	uint8_t b[8] = { 0 };
	size_t n = 0;
	uint64_t x;

	if (skip >= 4 && key.len >= skip - 4 + 8) {
		memcpy(&x, key.ptr + (skip - 4), sizeof x);
		return be64toh(x);
	}
	for (; skip < 4; skip++)
		b[n++] = (uint8_t)(space >> (24 - 8 * skip));
	for (size_t at = skip - 4; n < 8 && at < key.len; at++)
		b[n++] = key.ptr[at];
	memcpy(&x, b, sizeof x);
	return be64toh(x);
}

static struct piece_row row_of(const struct piece *p, const struct piece_slot *s)
{
	struct piece_row row;
	uint64_t space, len;
	const uint8_t *at = p->ptr + s->off;
	size_t left = p->len - s->off;
	size_t n = varint_get(at, left, &space);

	varint_get(at + n, left - n, &len);
	row.space = (uint32_t)space;
	row.key = bytes_of(at + s->key_at, (size_t)len);
	row.body = bytes_of(row.key.ptr + len, left - s->key_at - (size_t)len);
	return row;
}

struct piece_row piece_row(const struct piece *p, size_t i)
{
	struct piece_row row = row_of(p, &p->slot[i]);

	row.body.len = entry_body_len(row.body);
	return row;
}

bool piece_same_key(const struct piece *p, size_t i)
{
	struct piece_row a, b;

	if (i + 1 == p->n || p->slot[i].prefix != p->slot[i + 1].prefix)
		return false;
	a = row_of(p, &p->slot[i]);
	b = row_of(p, &p->slot[i + 1]);
	return a.space == b.space && bytes_equal(a.key, b.key);
}

/* 1 and where the record at OFF has its key and ends, or ERR_BUG. */
static int measure(const struct piece *p, size_t off, struct piece_slot *s, size_t *end)
{
	struct bytes in = bytes_of(p->ptr + off, p->len - off);
	uint64_t space, len;
	size_t n = varint_get(in.ptr, in.len, &space), m, body = 0;

	m = n ? varint_get(in.ptr + n, in.len - n, &len) : 0;
	if (m && len <= in.len - n - m)
		body = entry_body_len(bytes_of(in.ptr + n + m + len, in.len - n - m - len));
	if (body == 0)
		return err_set(ERR_BUG, "a transaction's own record is malformed");
	s->off = (uint32_t)off;
	s->key_at = (uint32_t)(n + m);
	*end = off + n + m + (size_t)len + body;
	return 1;
}

/* How many leading bytes of a row's key are those of the first one. */
static size_t common_with(const struct piece_row *first, const struct piece_row *row, size_t most)
{
	size_t n;

	if (row->space != first->space)
		return 0;
	n = 4 + bytes_common(first->key, row->key);
	return n < most ? n : most;
}

static int find_slots(struct piece *p, size_t n)
{
	struct piece_row first = { 0 };

	p->common = SIZE_MAX;
	for (size_t off = 0; off < p->len; p->n++) {
		struct piece_slot *s = &p->slot[p->n];
		struct piece_row row;
		size_t end = off;
		int r = p->n < n ? measure(p, off, s, &end) :
			err_set(ERR_BUG, "a transaction has more records than it counted");

		if (r < 0)
			return r;
		row = row_of(p, s);
		if (p->n == 0)
			first = row;
		if (p->common)
			p->common = common_with(&first, &row, p->common);
		off = end;
	}
	for (size_t i = 0; i < p->n; i++) {
		struct piece_row row = row_of(p, &p->slot[i]);

		p->slot[i].prefix = piece_prefix(row.space, row.key, p->common);
	}
	return 0;
}

/* --- the order --- */

static bool before(const struct piece *p, const struct piece_slot *a,
		   const struct piece_slot *b)
{
	struct piece_row x, y;
	int c;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix;
	x = row_of(p, a);
	y = row_of(p, b);
	c = entry_cmp(x.space, x.key, y.space, y.key);
	return c ? c < 0 : a->off < b->off;
}

static void insertion(const struct piece *p, struct piece_slot *a, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct piece_slot s = a[i];
		size_t k = i;

		for (; k && before(p, &s, &a[k - 1]); k--)
			a[k] = a[k - 1];
		a[k] = s;
	}
}

static void sift(const struct piece *p, struct piece_slot *a, size_t i, size_t n)
{
	struct piece_slot s = a[i];
	size_t child;

	for (; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && before(p, &a[child], &a[child + 1]))
			child++;
		if (!before(p, &s, &a[child]))
			break;
		a[i] = a[child];
	}
	a[i] = s;
}

static void heap(const struct piece *p, struct piece_slot *a, size_t n)
{
	for (size_t i = n / 2; i-- > 0; )
		sift(p, a, i, n);
	while (n-- > 1) {
		struct piece_slot last = a[n];

		a[n] = a[0];
		a[0] = last;
		sift(p, a, 0, n);
	}
}

/* Puts A in order of the byte SHIFT bits up; BEGIN[v] becomes where value v ends. */
static void flag(struct piece_slot *a, size_t n, unsigned shift, size_t end[256])
{
	size_t next[256], count[256] = { 0 }, at = 0;

	for (size_t i = 0; i < n; i++)
		count[a[i].prefix >> shift & 255]++;
	for (unsigned v = 0; v < 256; v++) {
		next[v] = at;
		at += count[v];
		end[v] = at;
	}
	for (unsigned v = 0; v < 256; v++)
		while (next[v] < end[v]) {
			struct piece_slot s = a[next[v]];
			unsigned own;

			while ((own = s.prefix >> shift & 255) != v) {
				struct piece_slot out = a[next[own]];

				a[next[own]++] = s;
				s = out;
			}
			a[next[v]++] = s;
		}
}

static void radix(const struct piece *p, struct piece_slot *a, size_t n, int shift)
{
	size_t end[256], begin = 0;

	if (n <= FEW) {
		insertion(p, a, n);
		return;
	}
	if (shift < 0) {
		heap(p, a, n);
		return;
	}
	flag(a, n, (unsigned)shift, end);
	for (unsigned v = 0; v < 256; begin = end[v++])
		if (end[v] - begin > 1)
			radix(p, a + begin, end[v] - begin, shift - 8);
}

int piece_sort(struct piece *p, struct bytes records, size_t n, struct mem *mem)
{
	int r;

	*p = (struct piece){ .ptr = records.ptr, .len = records.len, .mem = mem };
	if (records.len > UINT32_MAX)
		return err_set(ERR_BUG, "a piece of %zu bytes", records.len);
	p->slot = mem_alloc(mem, n * sizeof *p->slot);
	if (!p->slot)
		return ERR_MEMORY;
	r = find_slots(p, n);
	if (r < 0)
		piece_release(p);
	else
		radix(p, p->slot, p->n, 56);
	return r;
}

void piece_release(struct piece *p)
{
	mem_free(p->mem, p->slot);
	p->slot = NULL;
}
