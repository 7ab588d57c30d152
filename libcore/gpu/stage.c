/* gpu/stage.c - buffers in turn, each with a mark behind its last upload
 *
 * A device does what it is asked in order, so a buffer is free when the mark that was
 * set behind its upload is passed.  Where a device has no marks, all is waited for.
 */
#include "gpu/stage.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"

struct slot {
	void *mark;
	bool sent, read;		/* an upload of it, a read into it may be going on */
	struct ioq_op op;
};

struct stage {
	struct gpu_backend *b;
	struct arenas *a;
	struct mem *mem;
	unsigned n, next;
	size_t len;
	uint8_t *room;			/* aligned, in */
	void *taken;
	uint64_t taken_len;
	void *handle;			/* of the driver's memory */
	struct slot slot[STAGE_MOST];
	struct stage_info info;
};

static uint8_t *buffer(const struct stage *s, unsigned i)
{
	return s->room + i * s->len;
}

int stage_open(struct stage **out, struct gpu_backend *b, struct arenas *a, unsigned n,
	       size_t len, struct mem *mem)
{
	struct stage *s = mem_zalloc(NULL, sizeof *s);
	int r = 0;

	if (!s)
		return ERR_MEMORY;
	*s = (struct stage){ .b = b, .a = a, .mem = mem, .n = n, .len = len,
			     .taken_len = n * (uint64_t)len + STAGE_ALIGN };
	if (n < 2 || n > STAGE_MOST || !len || len % STAGE_ALIGN)
		r = err_set(ERR_BUG, "%u buffers of %zu bytes", n, len);
	else if (b->ops->pages_new)
		r = b->ops->pages_new(b, s->taken_len, &s->taken, &s->handle);
	else
		s->taken = mem_pages(mem, (size_t)s->taken_len);
	/* a driver's need not be */
	s->room = s->taken ? (uint8_t *)s->taken + (-(uintptr_t)s->taken % STAGE_ALIGN) : NULL;
	s->info.pinned = s->handle != NULL;
	if (r == 0 && !s->taken)
		r = ERR_MEMORY;
	if (r < 0)
		stage_close(s);
	else
		*out = s;
	return r;
}

/* The buffer's upload, if there is one, is over. */
static int pass(struct stage *s, struct slot *t)
{
	int r;

	if (!t->sent)
		return 0;
	r = s->b->ops->pass ? s->b->ops->pass(s->b, t->mark) : arena_finish(s->a);
	t->mark = NULL;
	t->sent = false;
	return r;
}

static bool sent_any(const struct stage *s)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->slot[i].sent)
			return true;
	return false;
}

void stage_close(struct stage *s)
{
	struct err_note note;

	if (!s)
		return;
	err_take(&note, 0);
	for (unsigned i = 0; i < s->n && i < STAGE_MOST; i++)
		pass(s, &s->slot[i]);
	if (s->handle)
		s->b->ops->pages_free(s->b, s->taken, s->taken_len, s->handle);
	else if (s->taken)
		mem_free_pages(s->mem, s->taken, (size_t)s->taken_len);
	err_give(&note);
	mem_free(NULL, s);
}

int stage_take(struct stage *s, uint8_t **ptr)
{
	*ptr = buffer(s, s->next);
	return pass(s, &s->slot[s->next]);
}

static int send(struct stage *s, unsigned i, size_t skip, size_t len, struct arena_place to)
{
	struct slot *t = &s->slot[i];
	int r;

	if (skip > s->len || len > s->len - skip)
		return err_set(ERR_BUG, "more than a buffer of a stage has");
	s->info.sent_n++;
	s->info.over_n += s->slot[(i + s->n - 1) % s->n].sent;
	t->sent = true;		/* whatever happens: part of it may be going on */
	r = arena_write(s->a, to, buffer(s, i) + skip, len);
	if (r == 0 && s->b->ops->mark)
		r = s->b->ops->mark(s->b, &t->mark);
	return r;
}

int stage_send(struct stage *s, size_t skip, size_t len, struct arena_place to)
{
	unsigned i = s->next;

	s->next = (i + 1) % s->n;
	return send(s, i, skip, len, to);
}

int stage_copy(struct stage *s, const void *ptr, size_t len, struct arena_place to)
{
	const uint8_t *from = ptr;
	uint8_t *at;
	int r = 0;

	while (r == 0 && len) {
		size_t n = len < s->len ? len : s->len;

		r = stage_take(s, &at);
		if (r < 0)
			break;
		memcpy(at, from, n);
		r = stage_send(s, 0, n, to);
		from += n;
		len -= n;
		to.off += n;
	}
	return r;
}

int stage_end(struct stage *s)
{
	int r = 0;

	for (unsigned i = 0; i < s->n; i++) {
		int now = pass(s, &s->slot[(s->next + i) % s->n]);

		r = r < 0 ? r : now;
	}
	return r;
}

/* --- from a file --- */

struct reading {
	struct stage *s;
	struct ioq *q;
	const struct stage_file *f;
	uint64_t begin, end;		/* whole blocks */
	uint64_t asked, sent;		/* pieces */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct slot *slot_of(const struct reading *d, uint64_t piece, unsigned *i)
{
	*i = (unsigned)((d->s->next + piece) % d->s->n);
	return &d->s->slot[*i];
}

static int ask(struct reading *d)
{
	struct stage *s = d->s;
	uint64_t off = d->begin + d->asked * s->len;
	unsigned i;
	struct slot *t = slot_of(d, d->asked, &i);
	int r = pass(s, t);

	if (r < 0)
		return r;
	s->info.ahead_n += sent_any(s);
	t->op = (struct ioq_op){
		.file = d->f->file, .buf = buffer(s, i), .off = off,
		.len = (size_t)least(d->end - off, s->len), .user = t,
	};
	r = ioq_submit(d->q, &t->op);
	t->read = r == 0;
	d->asked += r == 0;
	return r;
}

/* Into all buffers but the one that was sent last: its upload goes on meanwhile. */
static int ask_all(struct reading *d)
{
	uint64_t piece_n = (d->end - d->begin + d->s->len - 1) / d->s->len;
	int r = 0;

	while (r == 0 && d->asked < piece_n &&
	       d->asked < d->sent + d->s->n - (d->sent > 0))
		r = ask(d);
	return r;
}

/* A failed read is told of when it is that piece's turn. */
static int arrived(struct reading *d, struct slot *t)
{
	struct ioq_op *op;

	while (t->read) {
		op = ioq_wait(d->q);
		((struct slot *)op->user)->read = false;
		if (op == &t->op && op->result < 0)
			return (int)op->result;
	}
	return t->op.result < 0 ? err_set((int)t->op.result, "%s: offset %llu: read",
					  file_path(d->f->file),
					  (unsigned long long)t->op.off) : 0;
}

static int send_piece(struct reading *d)
{
	const struct stage_file *f = d->f;
	struct arena_place to = f->to;
	uint64_t from, end;
	unsigned i;
	struct slot *t = slot_of(d, d->sent, &i);
	int r = arrived(d, t);

	if (r < 0)
		return r;
	from = f->off > t->op.off ? f->off : t->op.off;
	end = least(f->off + f->len, t->op.off + t->op.len);
	if (t->op.off + (uint64_t)t->op.result < end)
		return err_set(ERR_DAMAGED, "%s: ends at byte %llu", file_path(f->file),
			       (unsigned long long)(t->op.off + (uint64_t)t->op.result));
	if (f->check)
		r = f->check(f->ctx, t->op.off, t->op.buf, (size_t)t->op.result);
	to.off += from - f->off;
	if (r == 0)
		r = send(d->s, i, (size_t)(from - t->op.off), (size_t)(end - from), to);
	d->sent++;
	return r;
}

/* Nothing is in flight any more; the message stays. */
static void drain(struct reading *d)
{
	struct err_note note;

	err_take(&note, 0);
	while (ioq_in_flight(d->q))
		ioq_wait(d->q);
	for (unsigned i = 0; i < d->s->n; i++)
		d->s->slot[i].read = false;
	err_give(&note);
}

int stage_read(struct stage *s, struct ioq *q, const struct stage_file *f)
{
	struct reading d = {
		.s = s, .q = q, .f = f, .begin = f->off / STAGE_ALIGN * STAGE_ALIGN,
		.end = (f->off + f->len + STAGE_ALIGN - 1) / STAGE_ALIGN * STAGE_ALIGN,
	};
	uint64_t piece_n = (d.end - d.begin + s->len - 1) / s->len;
	int r = f->len ? 0 : 1;

	while (r == 0 && d.sent < piece_n) {
		r = ask_all(&d);
		if (r == 0)
			r = send_piece(&d);
	}
	drain(&d);
	s->next = (unsigned)((s->next + d.sent) % s->n);
	return r < 0 ? r : 0;
}

void stage_info(const struct stage *s, struct stage_info *out)
{
	*out = s->info;
}
