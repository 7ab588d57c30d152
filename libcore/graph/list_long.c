/* graph/list_long.c - a list in three passes, none of which holds it
 *
 * The first sees whether ids repeat, the second where each chunk will begin, the
 * third writes.
 */
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "graph/list_inside.h"

struct entry {
	uint64_t id, off;
};

struct pass {
	const struct list_long *l;
	uint64_t step;
	struct buf entries;
	uint64_t ids[1 + LIST_BLOCK];	/* the one before, the block's */
	uint64_t at;			/* place of the block's first, n at the end */
	unsigned m;			/* ids of the block */
};

static int pass_begin(struct pass *p)
{
	int r = p->l->rewind(p->l->ctx);

	p->at = 1;
	p->m = 0;
	return r < 0 ? r : p->l->next(p->l->ctx, p->ids, 1);
}

/* 1 and a block of ids, 0 at the end. */
static int pass_block(struct pass *p)
{
	uint64_t left;
	int r;

	if (p->m) {
		p->ids[0] = p->ids[p->m];
		p->at += p->m;
	}
	left = p->l->n - p->at;
	p->m = left < LIST_BLOCK ? (unsigned)left : LIST_BLOCK;
	if (p->m == 0)
		return 0;
	r = p->l->next(p->l->ctx, p->ids + 1, p->m);
	return r < 0 ? r : 1;
}

static bool is_last(const struct pass *p)
{
	return p->l->n - p->at <= LIST_BLOCK;
}

static int find_equal(struct pass *p)
{
	int r = pass_begin(p);

	p->step = 1;
	while (r >= 0 && (r = pass_block(p)) > 0)
		for (unsigned k = 1; k <= p->m; k++)
			if (p->ids[k] == p->ids[k - 1])
				p->step = 0;
	return r;
}

static int find_chunks(struct pass *p)
{
	uint64_t off = 0;
	int r = pass_begin(p);

	while (r >= 0 && (r = pass_block(p)) > 0) {
		struct entry e = { p->ids[0], off };

		if (p->at > 1 && p->at % LIST_CHUNK == 1)
			r = buf_add(&p->entries, &e, sizeof e);
		off += 1 + LIST_BLOCK / 8 * list_width(p->ids, 8, 1, p->m, p->step);
	}
	return r;
}

static int put(struct pass *p, const void *ptr, size_t len, uint64_t *sum)
{
	*sum += len;
	return p->l->write(p->l->ctx, ptr, len);
}

static int put_table(struct pass *p, uint64_t *len)
{
	const struct entry *e = (const struct entry *)p->entries.ptr;
	uint64_t n = p->entries.len / sizeof *e;
	unsigned id_len, off_len;
	uint8_t out[16];
	int r;

	if (n == 0)
		return 0;
	id_len = list_bytes_for(e[n - 1].id);
	off_len = list_bytes_for(e[n - 1].off);
	out[0] = (uint8_t)((off_len - 1) << 4 | (id_len - 1));
	r = put(p, out, 1, len);
	for (uint64_t i = 0; r == 0 && i < n; i++) {
		list_put_entry(out, e[i].id, id_len, e[i].off, off_len);
		r = put(p, out, id_len + off_len, len);
	}
	return r;
}

static int put_block(struct pass *p, uint64_t *len)
{
	uint8_t out[1 + 8 * LIST_BLOCK + 8], *at = out;
	unsigned w = list_width(p->ids, 8, 1, p->m, p->step);

	if (is_last(p))
		w = list_fill_up(p->m, w);
	else
		*at++ = (uint8_t)w;
	at = list_put_bits(at, p->ids, 8, 1, p->m, w, p->step);
	return put(p, out, (size_t)(at - out), len);
}

static int put_all(struct pass *p, uint64_t *len)
{
	uint8_t head[LIST_HEAD_MOST];
	int r = pass_begin(p);

	if (r >= 0) {
		uint8_t *end = list_put_first(head, p->l->node, p->ids[0], !p->step);

		r = put(p, head, (size_t)(end - head), len);
	}
	if (r == 0)
		r = put_table(p, len);
	while (r >= 0 && (r = pass_block(p)) > 0)
		r = put_block(p, len);
	return r;
}

int list_encode_long(const struct list_long *l, uint64_t *len)
{
	struct pass p = { .l = l, .entries = { .mem = l->mem } };
	int r = find_equal(&p);

	*len = 0;
	if (r == 0)
		r = find_chunks(&p);
	if (r == 0)
		r = put_all(&p, len);
	buf_release(&p.entries);
	return r;
}
