/* store/ahead.c
 *
 * Piece K of the stretch lies in slot K % depth.  A slot is taken again when the
 * caller asked for something behind its piece.
 */
#include "store/ahead.h"

#include <string.h>

#include "base/disk.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/ioq.h"

struct piece {
	struct ioq_op op;
	uint64_t k;
	bool done;
	int failed;
	struct err_note note;
};

struct ahead {
	struct file *file;
	struct mem *mem;
	struct ioq *q;
	uint64_t begin, end;		/* on page borders */
	uint64_t first, next;		/* pieces kept; the first not asked for yet */
	uint64_t read_n;
	unsigned depth;
	struct piece *piece;
	uint8_t *pages;
};

int ahead_open(struct ahead **out, struct file *f, uint64_t begin, uint64_t end,
	       unsigned depth, struct mem *mem)
{
	struct ahead *a = mem_zalloc(mem, sizeof *a);
	int r = ERR_MEMORY;

	if (!a)
		return r;
	a->file = f;
	a->mem = mem;
	a->begin = begin / DISK_PAGE * DISK_PAGE;
	a->end = disk_round_up(end, DISK_PAGE);
	a->depth = depth ? depth : 1;
	a->piece = mem_zalloc(mem, a->depth * sizeof *a->piece);
	a->pages = mem_pages(mem, (size_t)a->depth * AHEAD_PIECE);
	if (a->piece && a->pages)
		r = ioq_open(&a->q, a->depth, ioq_worth(end - begin, 0) ? IOQ_AUTO : IOQ_THREADS);
	if (r < 0)
		ahead_close(a);
	else
		*out = a;
	return r;
}

static int ask(struct ahead *a)
{
	uint64_t k = a->next, off = a->begin + k * AHEAD_PIECE;
	struct piece *p = &a->piece[k % a->depth];

	*p = (struct piece){ .k = k };
	p->op.file = a->file;
	p->op.buf = a->pages + k % a->depth * AHEAD_PIECE;
	p->op.off = off;
	p->op.len = a->end - off < AHEAD_PIECE ? (size_t)(a->end - off) : AHEAD_PIECE;
	p->op.user = p;
	a->next++;
	a->read_n++;
	return ioq_submit(a->q, &p->op);
}

static void reap(struct ahead *a)
{
	struct ioq_op *op = ioq_wait(a->q);
	struct piece *p = op->user;

	p->done = true;
	if (op->result < 0) {
		p->failed = (int)op->result;
		err_take(&p->note, p->failed);
	}
}

/* What is behind piece K is not wanted any more; what comes is asked for. */
static int move_on(struct ahead *a, uint64_t k)
{
	uint64_t end = (a->end - a->begin + AHEAD_PIECE - 1) / AHEAD_PIECE;
	int r = 0;

	for (; a->first < k && a->first < a->next; a->first++)
		while (!a->piece[a->first % a->depth].done)
			reap(a);
	if (a->first < k)
		a->first = a->next = k;	/* skipped */
	while (r == 0 && a->next < end && a->next < a->first + a->depth)
		r = ask(a);
	return r;
}

/* The piece K, read; *len: its bytes. */
static int piece_at(struct ahead *a, uint64_t k, const uint8_t **ptr, size_t *len)
{
	struct piece *p = &a->piece[k % a->depth];
	int r = move_on(a, k);

	if (r < 0)
		return r;
	if (k >= a->next)
		return err_set(ERR_BUG, "%s: read behind what was asked for", file_path(a->file));
	while (!p->done)
		reap(a);
	if (p->failed)
		return err_give(&p->note);
	*ptr = p->op.buf;
	*len = (size_t)p->op.result;
	return 0;
}

int ahead_take(struct ahead *a, uint64_t off, size_t len, uint8_t *scratch,
	       const uint8_t **out)
{
	size_t got = 0;

	if (off < a->begin + a->first * AHEAD_PIECE || off + len > a->end)
		return err_set(ERR_BUG, "%s: read outside of what was asked for",
			       file_path(a->file));
	while (got < len) {
		uint64_t at = off + got - a->begin;
		size_t in = (size_t)(at % AHEAD_PIECE), have = 0, n;
		const uint8_t *ptr = NULL;
		int r = piece_at(a, at / AHEAD_PIECE, &ptr, &have);

		if (r < 0)
			return r;
		if (in >= have)
			return err_set(ERR_DAMAGED, "%s: ends at byte %llu", file_path(a->file),
				       (unsigned long long)(off + got - in + have));
		n = have - in < len - got ? have - in : len - got;
		if (n == len) {
			*out = ptr + in;
			return 0;
		}
		memcpy(scratch + got, ptr + in, n);
		got += n;
	}
	*out = scratch;
	return 0;
}

uint64_t ahead_read_n(const struct ahead *a)
{
	return a->read_n;
}

const char *ahead_why(const struct ahead *a)
{
	return ioq_why(a->q);
}

void ahead_close(struct ahead *a)
{
	if (!a)
		return;
	ioq_close(a->q);
	mem_free_pages(a->mem, a->pages, (size_t)a->depth * AHEAD_PIECE);
	mem_free(a->mem, a->piece);
	mem_free(a->mem, a);
}
