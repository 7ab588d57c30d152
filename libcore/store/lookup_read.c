/* store/lookup_read.c - blocks that the page cache does not hold
 *
 * A fault on a mapped page is one read, waited for; these are io_depth of them,
 * past the page cache, their pages checked as those of the mapping are.  Blocks
 * that lie close together are one read.  A libaio context costs its process 32 ms
 * at the end, so few reads are done by threads.
 */
#include <stdio.h>

#include "base/disk.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/lookup_inside.h"

#define READ_MOST (64u << 10)	/* bytes of one read; a larger block comes by faults */
#define READ_GAP DISK_PAGE	/* read over so much rather than twice */
#define READ_LEAST 16u		/* fewer are not worth a thread */
#define SAMPLES 64u
#define READ_THREADS 8u

/* One read: the refs it is for, the pages they need. */
struct reading {
	struct ioq_op op;
	const struct lookup_ref *a, *b;
	struct reading *next;		/* vacant */
};

struct lookup_reads {
	struct ioq *q;
	bool many;			/* q was made for many */
	struct reading *slot, *vacant;
	unsigned depth;
	uint8_t *pages;			/* READ_MOST a slot */
};

/* Pages [*off, *end) of the file under [A, B). */
static void extent(const struct lookup_worker *w, const struct lookup_ref *a,
		   const struct lookup_ref *b, uint64_t *off, uint64_t *end)
{
	uint64_t base = segment_file_off(w->run->segment, w->run->data.ptr);

	*off = (base + a->off) / DISK_PAGE * DISK_PAGE;
	*end = disk_round_up(base + b[-1].off + b[-1].stored_len, DISK_PAGE);
}

static bool resident(struct run *run, const struct lookup_ref *a)
{
	return segment_resident(run->segment, run->data.ptr + a->off, a->stored_len);
}

size_t lookup_cold(const struct lookup *l, struct run *run, const struct lookup_ref *a,
		   const struct lookup_ref *end)
{
	size_t n = (size_t)(end - a), step = n / SAMPLES + 1, asked = 0, cold = 0;

	(void)l;
	if (n < READ_LEAST)
		return 0;
	for (size_t i = 0; i < n; i += step, asked++)
		cold += !resident(run, &a[i]);
	cold = cold * n / asked;
	return cold < READ_LEAST ? 0 : cold;
}

/* --- the queue --- */

static void reads_release(struct lookup *l)
{
	struct lookup_reads *rd = l->reads;

	if (!rd)
		return;
	ioq_close(rd->q);
	mem_free_pages(l->mem, rd->pages, (size_t)rd->depth * READ_MOST);
	mem_free(l->mem, rd->slot);
	mem_free(l->mem, rd);
	l->reads = NULL;
}

void lookup_read_close(struct lookup *l)
{
	reads_release(l);
}

static unsigned depth_for(const struct lookup *l, bool many)
{
	uint64_t depth = setting_u64(&l->store->settings, SETTING_IO_DEPTH);
	uint64_t room = l->room / 8 / READ_MOST;

	if (!many && depth > READ_THREADS)
		depth = READ_THREADS;
	if (depth > room)	/* cache_size bounds these bytes too */
		depth = room;
	return depth ? (unsigned)depth : 1;
}

static int reads_make(struct lookup *l, bool many)
{
	struct lookup_reads *rd;
	int r;

	if (l->reads && (l->reads->many || !many))
		return 0;
	reads_release(l);
	rd = l->reads = mem_zalloc(l->mem, sizeof *rd);
	if (!rd)
		return ERR_MEMORY;
	rd->many = many;
	rd->depth = depth_for(l, many);
	rd->slot = mem_zalloc(l->mem, rd->depth * sizeof *rd->slot);
	rd->pages = mem_pages(l->mem, (size_t)rd->depth * READ_MOST);
	if (!rd->slot || !rd->pages)
		return ERR_MEMORY;
	for (unsigned i = 0; i < rd->depth; i++) {
		rd->slot[i].op.buf = rd->pages + (size_t)i * READ_MOST;
		rd->slot[i].next = rd->vacant;
		rd->vacant = &rd->slot[i];
	}
	r = ioq_open(&rd->q, rd->depth, many ? IOQ_AUTO : IOQ_THREADS);
	return r;
}

/* --- reading --- */

/* The refs from A on that one read serves, and whether it must be one. */
static const struct lookup_ref *take(const struct lookup_worker *w,
				     const struct lookup_ref *a,
				     const struct lookup_ref *end, bool *cold)
{
	const struct lookup_ref *b = lookup_group(a, end), *next;
	uint64_t off, stop, next_off, next_stop;

	*cold = a->stored_len <= READ_MOST - 2 * DISK_PAGE && !resident(w->run, a);
	extent(w, a, b, &off, &stop);
	for (; *cold && b < end; b = next) {
		next = lookup_group(b, end);
		extent(w, b, next, &next_off, &next_stop);
		if (next_off > stop + READ_GAP || next_stop - off > READ_MOST)
			break;
		stop = next_stop;
	}
	return b;
}

static int submit(struct lookup_worker *w, struct file *f, const struct lookup_ref *a,
		  const struct lookup_ref *b)
{
	struct lookup_reads *rd = w->l->reads;
	struct reading *s = rd->vacant;
	uint64_t off, end;

	rd->vacant = s->next;
	extent(w, a, b, &off, &end);
	s->a = a;
	s->b = b;
	s->op.file = f;
	s->op.off = off;
	s->op.len = (size_t)(end - off);
	s->op.user = s;
	w->l->stat.read_n++;
	w->l->stat.read_bytes += s->op.len;
	return ioq_submit(rd->q, &s->op);
}

/* Checked pages lie in S: each block's keys. */
static void answer_read(struct lookup_worker *w, const struct reading *s)
{
	const struct lookup_ref *a, *b;
	uint64_t off, end;

	for (a = s->a; a < s->b; a = b) {
		const uint8_t *pages = s->op.buf;
		uint64_t base = segment_file_off(w->run->segment, w->run->data.ptr);
		int r;

		b = lookup_group(a, s->b);
		extent(w, a, b, &off, &end);
		r = segment_check_read(w->run->segment, off, pages + (off - s->op.off),
				       (size_t)(end - off));
		if (r < 0)
			lookup_fail(w, a, b, r);
		else
			lookup_block(w, a, b, pages + (base + a->off - s->op.off));
	}
	if (w->l->o.unordered)
		lookup_give(w, s->a, s->b);
}

static void reap(struct lookup_worker *w)
{
	struct lookup_reads *rd = w->l->reads;
	struct ioq_op *op = ioq_wait(rd->q);
	struct reading *s = op->user;

	if (op->result == (ssize_t)op->len)
		answer_read(w, s);
	else if (op->result < 0)
		lookup_fail(w, s->a, s->b, (int)op->result);
	else
		lookup_fail(w, s->a, s->b,
			    err_set(ERR_DAMAGED, "%s: ends at byte %llu",
				    segment_path(w->run->segment),
				    (unsigned long long)(op->off + (uint64_t)op->result)));
	s->next = rd->vacant;
	rd->vacant = s;
}

static void from_map(struct lookup_worker *w, const struct lookup_ref *a,
		     const struct lookup_ref *b)
{
	const uint8_t *stored = w->run->data.ptr + a->off;
	int r = segment_check(w->run->segment, stored, a->stored_len);

	if (r < 0)
		lookup_fail(w, a, b, r);
	else
		lookup_block(w, a, b, stored);
	if (w->l->o.unordered)
		lookup_give(w, a, b);
}

/* Runs that fit into memory are read into the page cache: the next process, and our
 * next window, find them there. */
bool lookup_direct(struct lookup *l)
{
	const struct manifest *m = snapshot_manifest(l->snap);
	uint64_t bytes = 0;

	switch (setting_u64(&l->store->settings, SETTING_DIRECT_IO)) {
	case DIRECT_IO_OFF:
		return false;
	case DIRECT_IO_ON:
		return true;
	}
	if (l->memory == 0)
		l->memory = mem_default_limit();
	for (uint32_t i = 0; i < m->run_n; i++)
		bytes += m->run[i].ref.bytes;
	return bytes > l->memory;
}

int lookup_read(struct lookup_worker *w, const struct lookup_ref *a,
		const struct lookup_ref *end, size_t cold_n)
{
	struct lookup *l = w->l;
	const struct lookup_ref *b;
	struct file *f = NULL;
	uint64_t kept = a->off;
	size_t most = w->most;
	int r = reads_make(l, ioq_worth(0, l->stat.read_n + cold_n));

	if (r < 0)
		return r;
	if (segment_reopen(w->run->segment, lookup_direct(l), &f) < 0)
		err_clear();	/* removed meanwhile: what is mapped is still it */
	w->most = l->most;	/* the others rest */
	for (; r == 0 && a < end; a = b) {
		bool cold;

		lookup_let_go(w, a, &kept);
		b = take(w, a, end, &cold);
		while (!l->reads->vacant)
			reap(w);
		if (cold && f)
			r = submit(w, f, a, b);
		else
			for (const struct lookup_ref *c; a < b; a = c) {
				c = lookup_group(a, b);
				from_map(w, a, c);
			}
		if (ioq_in_flight(l->reads->q) > l->stat.depth)
			l->stat.depth = ioq_in_flight(l->reads->q);
	}
	while (ioq_in_flight(l->reads->q))
		reap(w);
	snprintf(l->stat.engine, sizeof l->stat.engine, "%s", ioq_why(l->reads->q));
	w->most = most;
	file_close(f);
	return r;
}
