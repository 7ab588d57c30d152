/* graph/flow.c
 *
 * Under the mutex: the cursor, which says what is asked for next, slots, requests and
 * the queue.  Outside of it a unit's `ready` says that its bytes are there, and its
 * `left`, how many of its parts are not done.
 */
#include "graph/flow.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/disk.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/ioq.h"

#define NO_SLOT UINT32_MAX
#define DEPTH 64u
#define UNIT (1u << 20)	/* a disk needs less to be at its best, and more is no faster */

struct piece {			/* of one part and one source */
	uint64_t lo, hi;	/* in the file */
};

struct unit {
	uint64_t first, end;	/* parts */
	_Atomic uint64_t left;
	atomic_bool ready;
	bool asked;		/* for all of it */
	uint32_t slot, pending;	/* requests */
	int failed;
};

struct slot {
	uint8_t *at;
	bool used;
	struct err_note note;
};

struct request {
	struct ioq_op op;
	struct unit *unit;
	struct request *next;
};

struct flow {
	const struct sweep *sweep;
	struct mem *mem;
	struct graph_reading *reading;
	struct flow *beside;
	bool decided, ahead;

	struct piece *piece;		/* part by part, in it source by source */
	uint32_t *unit_of;		/* of each part */
	bool *read;			/* was the part wanted when it was its turn? */
	struct unit *unit;
	uint64_t *place;		/* in the slot: unit by unit, source by source */
	uint64_t unit_n, unit_len;	/* the longest */
	uint64_t lists_len;		/* of all */
	struct file *file[2];		/* out, in */
	struct ioq *q;
	unsigned depth;
	uint32_t request_len;
	uint8_t *pages;
	uint64_t slot_len;
	uint32_t slot_n;
	struct slot *slot;
	struct request *request, *spare;

	pthread_mutex_t mutex;
	pthread_cond_t freed;		/* a slot */
	bool begun;			/* somebody took a part of this run */
	const uint64_t *skip;
	struct {
		uint64_t unit, part, at, end;
		uint32_t source;
		bool inside;		/* of a unit that has a slot */
	} cursor;
};

int flow_open(struct flow **out, const struct sweep *s)
{
	struct flow *f = mem_zalloc(graph_mem(s->graph), sizeof *f);

	if (!f)
		return ERR_MEMORY;
	f->sweep = s;
	f->mem = graph_mem(s->graph);
	f->reading = graph_reading(s->graph);
	pthread_mutex_init(&f->mutex, NULL);
	pthread_cond_init(&f->freed, NULL);
	*out = f;
	return 0;
}

/* Of a failure nothing is left, so that whoever comes next fails alike. */
static void drop_slots(struct flow *f)
{
	mem_free_pages(f->mem, f->pages, f->slot_n * f->slot_len);
	mem_free(f->mem, f->slot);
	mem_free(f->mem, f->request);
	f->pages = NULL;
	f->slot = NULL;
	f->request = f->spare = NULL;
	f->slot_n = 0;
}

static void drop_tables(struct flow *f)
{
	file_close(f->file[0]);
	file_close(f->file[1]);
	mem_free(f->mem, f->piece);
	mem_free(f->mem, f->unit_of);
	mem_free(f->mem, f->read);
	mem_free(f->mem, f->unit);
	mem_free(f->mem, f->place);
	f->file[0] = f->file[1] = NULL;
	f->piece = NULL;
	f->unit_of = NULL;
	f->read = NULL;
	f->unit = NULL;
	f->place = NULL;
	f->unit_n = f->unit_len = f->lists_len = 0;
}

void flow_close(struct flow *f)
{
	if (!f)
		return;
	ioq_close(f->q);
	drop_slots(f);
	drop_tables(f);
	pthread_cond_destroy(&f->freed);
	pthread_mutex_destroy(&f->mutex);
	mem_free(f->mem, f);
}

void flow_beside(struct flow *a, struct flow *b)
{
	a->beside = b;
	b->beside = a;
}

/* --- once --- */

static int lists_len(const struct flow *f, uint64_t *len)
{
	const struct sweep *s = f->sweep;
	uint64_t lo, hi;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < s->source_n; i++) {
		r = csr_lists_of(s->source[i].csr, s->source[i].type, 0,
				 graph_node_n(s->graph), &lo, &hi);
		*len += hi - lo;
	}
	return r;
}

/* What lists may take of memory, see graph/sweep.h. */
static uint64_t room(struct mem *m)
{
	uint64_t most = mem_default_limit(), used = m->used;

	if (!m->limit)
		return UINT64_MAX;
	if (m->limit < most)
		return mem_left(m);
	most = most / 2 * 3;
	return used < most ? most - used : 0;
}

static int too_large(const struct flow *f, bool *out)
{
	uint64_t len = 0;
	int r = lists_len(f, &len);

	if (r == 0 && f->beside)
		r = lists_len(f->beside, &len);
	*out = r == 0 && len > 0 && f->mem && len > room(f->mem);
	return r;
}

static uint64_t page_down(uint64_t off)
{
	return off / DISK_PAGE * DISK_PAGE;
}

static const struct piece *piece_of(const struct flow *f, uint64_t part, uint32_t source)
{
	return &f->piece[part * f->sweep->source_n + source];
}

/* Pages that a part reads of a source. */
static uint64_t piece_len(const struct piece *p)
{
	return p->lo < p->hi ? disk_round_up(p->hi, DISK_PAGE) - page_down(p->lo) : 0;
}

static int find_pieces(struct flow *f)
{
	const struct sweep *s = f->sweep;
	int r = 0;

	f->piece = mem_zalloc(f->mem, s->part_n * s->source_n * sizeof *f->piece);
	if (!f->piece)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < s->part_n; i++)
		for (uint32_t k = 0; k < s->source_n; k++) {
			struct piece *p = &f->piece[i * s->source_n + k];
			const struct piece *before = i ? p - s->source_n : p;

			r = csr_lists_of(s->source[k].csr, s->source[k].type, s->border[i],
					 s->border[i + 1], &p->lo, &p->hi);
			if (r == 0 && (p->lo < before->lo || p->hi < before->hi))
				r = err_set(ERR_DAMAGED, "%s: adjacency: lists out of order",
					    segment_path(csr_segment(s->source[k].csr)));
			if (r < 0)
				return r;
		}
	return 0;
}

/* What lies between a unit's first and last byte of one source, in pages. */
static uint64_t extent(const struct flow *f, const struct unit *u, uint32_t source,
		       uint64_t *off)
{
	struct piece all = {
		piece_of(f, u->first, source)->lo, piece_of(f, u->end - 1, source)->hi,
	};

	*off = page_down(all.lo);
	return piece_len(&all);
}

static uint64_t unit_len(const struct flow *f, const struct unit *u, uint64_t *place)
{
	uint64_t len = 0, off;

	for (uint32_t k = 0; k < f->sweep->source_n; k++) {
		if (place)
			place[k] = len;
		len += extent(f, u, k, &off);
	}
	return len;
}

static int make_units(struct flow *f)
{
	const struct sweep *s = f->sweep;

	f->unit = mem_zalloc(f->mem, s->part_n * sizeof *f->unit);
	f->unit_of = mem_alloc(f->mem, s->part_n * sizeof *f->unit_of);
	f->read = mem_alloc(f->mem, s->part_n * sizeof *f->read);
	f->place = mem_alloc(f->mem, s->part_n * s->source_n * sizeof *f->place);
	if (!f->unit || !f->unit_of || !f->read || !f->place)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < s->part_n; f->unit_n++) {
		struct unit *u = &f->unit[f->unit_n];
		uint64_t len;

		u->first = u->end = i;
		do {
			f->unit_of[u->end++] = (uint32_t)f->unit_n;
			len = unit_len(f, u, &f->place[f->unit_n * s->source_n]);
		} while (u->end < s->part_n && len < f->request_len);
		f->unit_len = len > f->unit_len ? len : f->unit_len;
		i = u->end;
	}
	return 0;
}

static int open_files(struct flow *f)
{
	int r = 0;

	for (uint32_t k = 0; r == 0 && k < f->sweep->source_n; k++) {
		const struct sweep_source *from = &f->sweep->source[k];
		struct file **file = &f->file[from->way == CSR_IN];

		if (!*file)
			r = segment_reopen(csr_segment(from->csr), !f->reading->buffered, file);
		if (r == 0)
			f->reading->direct = (*file)->direct;
	}
	return r;
}

static int no_room(const struct flow *f, uint64_t need)
{
	err_set(ERR_MEMORY, "graph %s: %" PRIu64 " MiB of lists are read ahead, which takes %"
		PRIu64 " MiB of memory beside what the algorithm keeps; %" PRIu64
		" MiB are left", graph_entry(f->sweep->graph)->name, f->lists_len >> 20,
		(need >> 20) + 1, (uint64_t)mem_left(f->mem) >> 20);
	err_hint("memory_limit says how much may be used");
	return ERR_MEMORY;
}

static int make_slots(struct flow *f)
{
	uint64_t n, left = mem_left(f->mem) / 2;

	f->slot_len = f->unit_len + DISK_PAGE;	/* a list's decoder looks behind its end */
	n = (uint64_t)f->depth * f->request_len;
	n = (n < left ? n : left) / f->slot_len;
	n = n < f->unit_n ? n : f->unit_n;
	n = n > 2 ? n : 2;
	f->pages = mem_pages(f->mem, n * f->slot_len);
	if (!f->pages)
		return no_room(f, n * f->slot_len);
	mem_large(f->pages, n * f->slot_len);
	f->slot_n = (uint32_t)n;
	f->slot = mem_zalloc(f->mem, n * sizeof *f->slot);
	f->request = mem_zalloc(f->mem, f->depth * sizeof *f->request);
	if (!f->slot || !f->request)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < n; i++)
		f->slot[i].at = f->pages + i * f->slot_len;
	for (unsigned i = 0; i < f->depth; i++) {
		f->request[i].next = f->spare;
		f->spare = &f->request[i];
	}
	return 0;
}

/* A request's length: less where there is memory for few. */
static uint32_t request_len(const struct flow *f)
{
	uint64_t left = page_down(mem_left(f->mem) / 8);

	if (f->reading->unit)
		return f->reading->unit;
	left = left > DISK_PAGE ? left : DISK_PAGE;
	return left < UNIT ? (uint32_t)left : UNIT;
}

static int make_tables(struct flow *f)
{
	int r = lists_len(f, &f->lists_len);

	f->depth = f->reading->depth ? f->reading->depth : DEPTH;
	f->request_len = request_len(f);
	if (r == 0)
		r = open_files(f);
	if (r == 0)
		r = find_pieces(f);
	return r == 0 ? make_units(f) : r;
}

/* What only a run with a walk needs, at the first. */
static int make_ready(struct flow *f)
{
	int r = f->q ? 0 : make_slots(f);

	if (r == 0 && !f->q)
		r = ioq_open(&f->q, f->depth, ioq_worth(f->lists_len, 0) ? IOQ_AUTO : IOQ_THREADS);
	if (r < 0)
		drop_slots(f);
	return r;
}

int flow_decide(struct flow *f)
{
	bool ahead = f->reading->how == GRAPH_AHEAD;
	int r = 0;

	if (f->decided)
		return f->ahead;
	if (f->reading->how == GRAPH_BY_SIZE)
		r = too_large(f, &ahead);
	if (r == 0 && ahead && f->sweep->edge_n)
		r = make_tables(f);
	if (r < 0)
		drop_tables(f);
	if (r == ERR_ABSENT)	/* the graph was removed: only the mapping is left of it */
		ahead = false;
	else if (r < 0)
		return r;
	f->decided = true;
	f->ahead = ahead && f->sweep->edge_n;
	return f->ahead;
}

/* Bits of parts that others are at may be set meanwhile: whoever looks ahead then
 * reads a part in vain, or not. */
static inline uint64_t wanted(const uint64_t *skip, uint64_t word)
{
	return ~__atomic_load_n(&skip[word], __ATOMIC_RELAXED);
}

bool flow_wants(const struct sweep *s, uint64_t part, const uint64_t *skip)
{
	uint64_t i = s->border[part] / 64, end = s->border[part + 1];

	if (!skip)
		return true;
	for (; i < end / 64; i++)
		if (wanted(skip, i))
			return true;
	return end % 64 && wanted(skip, i) & ((1ull << end % 64) - 1);
}

uint64_t flow_bytes(const struct flow *f, const uint64_t *skip)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < f->sweep->part_n; i++)
		for (uint32_t k = 0; flow_wants(f->sweep, i, skip) && k < f->sweep->source_n; k++)
			n += piece_len(piece_of(f, i, k));
	return n;
}

/* --- what to read next --- */

/* The next pages of the cursor's unit that are wanted, those that touch at once. */
static bool next_stretch(struct flow *f)
{
	const struct unit *u = &f->unit[f->cursor.unit];

	f->cursor.at = f->cursor.end = 0;
	for (; f->cursor.source < f->sweep->source_n; f->cursor.source++) {
		for (; f->cursor.part < u->end; f->cursor.part++) {
			const struct piece *p = piece_of(f, f->cursor.part, f->cursor.source);
			uint64_t at = page_down(p->lo);

			if (!flow_wants(f->sweep, f->cursor.part, f->skip))
				continue;
			f->read[f->cursor.part] = true;
			if (p->lo == p->hi)
				continue;
			if (f->cursor.end && at > f->cursor.end)
				return true;
			if (!f->cursor.end)
				f->cursor.at = at;
			f->cursor.end = disk_round_up(p->hi, DISK_PAGE);
		}
		if (f->cursor.end)
			return true;
		f->cursor.part = u->first;
	}
	return false;
}

static bool wants_unit(const struct flow *f, const struct unit *u)
{
	for (uint64_t i = u->first; u->left && i < u->end; i++)
		if (flow_wants(f->sweep, i, f->skip))
			return true;
	return false;
}

static bool give_slot(struct flow *f, struct unit *u)
{
	for (uint32_t i = 0; i < f->slot_n; i++)
		if (!f->slot[i].used) {
			f->slot[i].used = true;
			u->slot = i;
			return true;
		}
	return false;
}

/* Buffered reads leave their pages behind. */
static void forget(struct flow *f, const struct unit *u)
{
	uint64_t off, len;

	for (uint32_t k = 0; k < f->sweep->source_n; k++) {
		struct file *file = f->file[f->sweep->source[k].way == CSR_IN];

		len = extent(f, u, k, &off);
		if (!file->direct && len)
			file_forget(file, off, len);
	}
}

/* All that was asked for is there; and if nobody wants it any more, away with it. */
static void settle(struct flow *f, struct unit *u)
{
	if (u->slot == NO_SLOT || !u->asked || u->pending)
		return;
	atomic_store_explicit(&u->ready, true, memory_order_release);
	if (u->left)
		return;
	forget(f, u);
	f->slot[u->slot].used = false;
	u->slot = NO_SLOT;
	pthread_cond_broadcast(&f->freed);
}

/* The cursor at something to ask for. */
static bool advance(struct flow *f)
{
	while (f->cursor.unit < f->unit_n) {
		struct unit *u = &f->unit[f->cursor.unit];

		if (f->cursor.inside) {
			if (next_stretch(f))
				return true;
			u->asked = true;
			settle(f, u);
			f->cursor.inside = false;
			f->cursor.unit++;
		} else if (!wants_unit(f, u)) {
			atomic_store_explicit(&u->ready, true, memory_order_release);
			f->cursor.unit++;
		} else if (give_slot(f, u)) {
			f->cursor.inside = true;
			f->cursor.source = 0;
			f->cursor.part = u->first;
		} else {
			return false;
		}
	}
	return false;
}

static uint8_t *in_slot(const struct flow *f, const struct unit *u, uint32_t source,
			uint64_t off)
{
	uint64_t begin;

	extent(f, u, source, &begin);
	return f->slot[u->slot].at + (off - begin) +
		f->place[(uint64_t)(u - f->unit) * f->sweep->source_n + source];
}

static void fail(struct flow *f, struct unit *u, int code)
{
	if (!u->failed)
		err_take(&f->slot[u->slot].note, code);
	u->failed = code;
}

static void ask(struct flow *f)
{
	struct request *q = f->spare;
	struct unit *u = &f->unit[f->cursor.unit];
	uint64_t len = f->cursor.end - f->cursor.at;
	int r;

	f->spare = q->next;
	q->unit = u;
	q->op = (struct ioq_op){
		.file = f->file[f->sweep->source[f->cursor.source].way == CSR_IN],
		.buf = in_slot(f, u, f->cursor.source, f->cursor.at),
		.len = (size_t)(len < f->request_len ? len : f->request_len),
		.off = f->cursor.at, .user = q,
	};
	f->cursor.at += q->op.len;
	u->pending++;
	r = ioq_submit(f->q, &q->op);
	if (r == 0)
		return;
	fail(f, u, r);
	u->pending--;
	q->next = f->spare;
	f->spare = q;
}

static void submit(struct flow *f)
{
	while (f->begun && f->spare && ioq_room(f->q)) {
		if (f->cursor.at == f->cursor.end && !advance(f))
			return;
		ask(f);
	}
	if (f->begun && f->cursor.inside && f->cursor.at == f->cursor.end)
		advance(f);
}

static void returned(struct flow *f, const struct ioq_op *op)
{
	struct request *q = op->user;

	f->reading->bytes += op->result > 0 ? (uint64_t)op->result : 0;
	if (op->result >= 0 && (size_t)op->result < op->len)
		fail(f, q->unit, err_set(ERR_DAMAGED, "%s: ends at byte %" PRIu64,
					 file_path(op->file), op->off + (uint64_t)op->result));
	else if (op->result < 0)
		fail(f, q->unit, (int)op->result);
	q->unit->pending--;
	q->next = f->spare;
	f->spare = q;
	settle(f, q->unit);
}

/* --- a run --- */

void flow_begin(struct flow *f, const uint64_t *skip)
{
	for (uint64_t i = 0; i < f->unit_n; i++) {
		struct unit *u = &f->unit[i];

		u->left = u->end - u->first;
		u->ready = u->asked = false;
		u->slot = NO_SLOT;
		u->failed = 0;
	}
	memset(f->read, 0, f->sweep->part_n * sizeof *f->read);
	memset(&f->cursor, 0, sizeof f->cursor);
	f->skip = skip;
	f->begun = false;
}

static int wait_for(struct flow *f, const struct unit *u)
{
	struct ioq_op *op;
	int r;

	pthread_mutex_lock(&f->mutex);
	r = make_ready(f);
	f->begun = r == 0;
	for (submit(f); r == 0 && !u->ready; submit(f)) {
		op = ioq_wait(f->q);
		if (op)
			returned(f, op);
		else if (!u->ready)	/* every slot is somebody's who works on it */
			pthread_cond_wait(&f->freed, &f->mutex);
	}
	pthread_mutex_unlock(&f->mutex);
	return r;
}

int flow_take(struct flow *f, uint64_t part, uint32_t source, struct csr_held *out)
{
	const struct piece *p;
	struct unit *u;
	int r = 0;

	if (!f->ahead)
		return 0;
	u = &f->unit[f->unit_of[part]];
	p = piece_of(f, part, source);
	*out = (struct csr_held){ .off = page_down(p->lo), .len = piece_len(p) };
	if (!atomic_load_explicit(&u->ready, memory_order_acquire))
		r = wait_for(f, u);
	if (r < 0)
		return r;
	if (!f->read[part])	/* nobody wanted it then */
		return 0;
	if (u->failed)
		return err_give(&f->slot[u->slot].note);
	out->at = in_slot(f, u, source, out->off);
	r = out->len ? segment_check_read(csr_segment(f->sweep->source[source].csr), out->off,
					  out->at, out->len) : 0;
	return r < 0 ? r : 1;
}

void flow_done(struct flow *f, uint64_t part)
{
	struct unit *u = &f->unit[f->unit_of[part]];
	struct ioq_op *op;
	bool last = atomic_fetch_sub(&u->left, 1) == 1;

	if (last)
		pthread_mutex_lock(&f->mutex);
	else if (pthread_mutex_trylock(&f->mutex) != 0)
		return;		/* who has it submits */
	if (last)
		settle(f, u);
	while (f->begun && (op = ioq_poll(f->q)))
		returned(f, op);
	submit(f);
	pthread_mutex_unlock(&f->mutex);
}

void flow_end(struct flow *f)
{
	struct ioq_op *op;

	f->begun = false;
	while (f->q && (op = ioq_wait(f->q)))
		returned(f, op);
	for (uint32_t i = 0; i < f->slot_n; i++)
		f->slot[i].used = false;
	if (f->q)
		snprintf(f->reading->why, sizeof f->reading->why, "%s", ioq_why(f->q));
}
