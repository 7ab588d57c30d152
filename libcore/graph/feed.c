/* graph/feed.c - chunks parsed by threads, refused lines in the order of the input
 *
 * A chunk's turn comes when those before it are settled: then its refused lines are
 * handed on, and its lines and edges are counted.  A thread waits for a turn only
 * with a refused line in its hands, or when it is too far ahead; the thread that
 * has the least chunk never waits.
 */
#include "graph/feed.h"

#include <string.h>

#include "base/mem.h"
#include "base/team.h"
#include "base/utf8.h"
#include "graph/feed_inside.h"

#define AHEAD 64u		/* chunks that may be done before their turn */
#define ODD_MOST 256u		/* refused lines kept until their turn */

struct counts {
	uint64_t line_n, edge_n;
	bool done;
};

struct feed {
	const struct feed_options *o;
	enum scan_shape shape;
	struct feed_source source;
	pthread_mutex_t mutex;
	pthread_cond_t turned;
	uint64_t turn;			/* the least chunk that is not settled */
	struct counts settled;		/* of all before it */
	struct counts ahead[AHEAD];	/* by number modulo AHEAD */
	_Atomic bool over;		/* it failed */
};

struct odd {
	struct bytes line;		/* without its LF, all of it */
	uint64_t line_n, edge_n;	/* of its chunk, before it */
};

struct worker {
	struct feed *f;
	unsigned who;
	struct feed_chunk chunk;
	const uint8_t *at, *end;	/* of its text: what is left */
	struct counts counts;		/* of the chunk so far */
	bool textual;			/* keys that are no numbers are about */
	struct odd *odd;
	size_t odd_n;
	struct scan_edge *number;
	struct text_value *value;	/* or NULL: none was met */
	struct text_edge *text;
	size_t text_n;
	struct buf props;		/* of the line at hand */
	uint8_t *room;			/* for what is unescaped in a chunk */
	size_t room_cap, room_len;
};

/* --- turns --- */

/* With the mutex: the chunk in hand is done. */
static void pass_turn(struct feed *f)
{
	struct counts *next = &f->ahead[++f->turn % AHEAD];

	for (; next->done; next = &f->ahead[++f->turn % AHEAD]) {
		f->settled.line_n += next->line_n;
		f->settled.edge_n += next->edge_n;
		next->done = false;
	}
	pthread_cond_broadcast(&f->turned);
}

static int give_odd(struct worker *w)
{
	struct feed *f = w->f;
	int r = 0;

	for (size_t i = 0; i < w->odd_n && r >= 0; i++) {
		const struct odd *odd = &w->odd[i];
		struct feed_line l = {
			.number = f->settled.line_n + odd->line_n + 1,
			.good = f->settled.edge_n + odd->edge_n,
			.line = odd->line,
			.cut = odd->line.len > TEXT_LINE_MAX,
			.ended = odd->line.ptr + odd->line.len < w->end,
		};

		if (l.cut)
			l.line.len = TEXT_LINE_MAX;
		r = f->o->odd(f->o->ctx, &l);
	}
	w->odd_n = 0;
	return r < 0 ? r : 0;
}

static int finish(struct feed *f, int r)
{
	if (r < 0) {
		f->over = true;
		pthread_cond_broadcast(&f->turned);
	}
	pthread_mutex_unlock(&f->mutex);
	return r;
}

/* Waits for the turn and hands on what was refused so far. */
static int settle_odd(struct worker *w)
{
	struct feed *f = w->f;

	pthread_mutex_lock(&f->mutex);
	while (f->turn != w->chunk.seq && !f->over)
		pthread_cond_wait(&f->turned, &f->mutex);
	return finish(f, f->over ? 0 : give_odd(w));
}

/* The chunk is parsed. */
static int settle(struct worker *w)
{
	struct feed *f = w->f;
	uint64_t seq = w->chunk.seq;
	int r = w->odd_n || w->chunk.failed ? settle_odd(w) : 0;

	if (r == 0 && w->chunk.failed && !f->over)
		r = err_give(&w->chunk.note);
	pthread_mutex_lock(&f->mutex);
	while (seq - f->turn >= AHEAD && !f->over)
		pthread_cond_wait(&f->turned, &f->mutex);
	if (seq == f->turn) {
		f->settled.line_n += w->counts.line_n;
		f->settled.edge_n += w->counts.edge_n;
		pass_turn(f);
	} else {
		f->ahead[seq % AHEAD] = w->counts;
		f->ahead[seq % AHEAD].done = true;
	}
	return finish(f, r);
}

/* --- edges --- */

static int give_edges(struct worker *w, struct feed_batch *b)
{
	const struct feed_options *o = w->f->o;

	if (b->n == 0)
		return 0;
	b->who = w->who;
	b->at = o->at + w->chunk.off + w->counts.edge_n - b->n;
	return o->edges(o->ctx, b);
}

static int give_texts(struct worker *w)
{
	struct feed_batch b = { .n = w->text_n, .text = w->text };

	w->text_n = 0;
	return give_edges(w, &b);
}

/* As many plain lines as there are, in batches. */
static int take_numbers(struct worker *w)
{
	struct scan s = { .shape = w->f->shape, .at = w->at, .end = w->end,
			  .edge = w->number, .value = w->value, .cap = FEED_BATCH };
	enum scan_stop stop;
	int r = 0;

	do {
		s.n = 0;
		stop = scan_lines(&s);
		if (s.n && w->text_n)
			r = give_texts(w);
		w->counts.edge_n += s.n;
		if (r == 0) {
			struct feed_batch b = { .n = s.n, .number = s.edge,
						.value = s.value };

			r = give_edges(w, &b);
		}
	} while (r == 0 && stop == SCAN_FULL);
	w->counts.line_n += s.line_n;
	w->at = s.at;
	return r;
}

static int refuse(struct worker *w, struct bytes line)
{
	w->odd[w->odd_n++] = (struct odd){ line, w->counts.line_n, w->counts.edge_n };
	return w->odd_n == ODD_MOST ? settle_odd(w) : 0;
}

static int keep_text(struct worker *w, const struct text_edge *e)
{
	if (!e->src.is_number || !e->dst.is_number || e->type.len || e->prop_n)
		w->textual = true;
	else if (e->value.kind != TEXT_NO_VALUE && !w->value &&
		 !(w->value = mem_alloc(w->f->o->mem, FEED_BATCH * sizeof *w->value)))
		return ERR_MEMORY;
	w->counts.edge_n++;
	/* the next line's properties need the room */
	return ++w->text_n == FEED_TEXTS || e->prop_n ? give_texts(w) : 0;
}

/* Room for what the lines of the chunk unescape: no more than their length.  (The edges
 * at hand do not point into the old room: it would be large enough.) */
static int room_for(struct worker *w, struct bytes line)
{
	size_t cap = w->chunk.text.len;

	if (w->room_cap >= cap || w->f->shape == SCAN_EL || !memchr(line.ptr, '\\', line.len))
		return 0;
	mem_free(w->f->o->mem, w->room);
	w->room_cap = w->room_len = 0;
	w->room = mem_alloc(w->f->o->mem, cap);
	if (!w->room)
		return ERR_MEMORY;
	w->room_cap = cap;
	return 0;
}

/* The line at hand, as the dialect has it. */
static int take_line(struct worker *w)
{
	const struct feed_options *o = w->f->o;
	const uint8_t *lf = memchr(w->at, '\n', (size_t)(w->end - w->at));
	struct bytes all = bytes_of(w->at, (size_t)((lf ? lf : w->end) - w->at)), line = all;
	struct text_edge *e = &w->text[w->text_n];
	int r;

	if (line.len > TEXT_LINE_MAX)
		line.len = TEXT_LINE_MAX;
	r = room_for(w, line);
	if (r < 0)
		return r;
	text_edge_clear(e, &w->props);
	r = o->dialect->line(line, w->room + w->room_len, e);
	w->at = lf ? lf + 1 : w->end;
	if (line.len < all.len && (r == 1 || (r == 0 && text_is_blank(line))))
		r = ERR_BAD_RECORD;
	if (r == 1 && o->numbers && !(e->src.is_number && e->dst.is_number))
		r = ERR_BAD_RECORD;
	if (r == 1 && w->room)
		w->room_len += line.len;
	if (r == 1)
		r = keep_text(w, e);
	else if (r != 0)
		r = refuse(w, all);
	w->counts.line_n++;
	return r < 0 ? r : 0;
}

static int parse(struct worker *w)
{
	bool was_textual = w->textual;
	int r = 0;

	w->at = w->chunk.text.ptr;
	w->end = w->at + w->chunk.text.len;
	if (w->chunk.off == 0)
		w->at += utf8_mark(w->at, w->chunk.text.len);
	w->counts = (struct counts){0};
	w->textual = false;
	w->room_len = 0;
	while (r == 0 && w->at < w->end && !w->f->over) {
		if (!was_textual && !w->textual)
			r = take_numbers(w);
		if (r == 0 && w->at < w->end)
			r = take_line(w);
	}
	return r == 0 ? give_texts(w) : r;
}

/* --- threads --- */

static int open_worker(struct worker *w)
{
	struct mem *mem = w->f->o->mem;

	w->props.mem = mem;
	w->number = mem_alloc(mem, FEED_BATCH * sizeof *w->number);
	w->text = mem_alloc(mem, FEED_TEXTS * sizeof *w->text);
	w->odd = mem_alloc(mem, ODD_MOST * sizeof *w->odd);
	return w->number && w->text && w->odd ? 0 : ERR_MEMORY;
}

static void close_worker(struct worker *w)
{
	struct mem *mem = w->f->o->mem;

	mem_free(mem, w->number);
	mem_free(mem, w->value);
	mem_free(mem, w->text);
	mem_free(mem, w->odd);
	mem_free(mem, w->room);
	buf_release(&w->props);
	mem_free(mem, w->chunk.buf);
}

static int work(void *ctx, unsigned who)
{
	struct worker w = { .f = ctx, .who = who };
	struct feed *f = ctx;
	int r = open_worker(&w);

	while (r >= 0 && !f->over && (r = feed_take(&f->source, &w.chunk)) > 0) {
		r = parse(&w);
		f->source.edge_n += w.counts.edge_n;
		if (r == 0)
			r = settle(&w);
	}
	if (r < 0) {
		pthread_mutex_lock(&f->mutex);
		finish(f, r);
	}
	close_worker(&w);
	return r < 0 ? r : 0;
}

int feed_run(const struct feed_options *o, struct feed_note *out)
{
	struct feed f = {
		.o = o, .shape = o->dialect == &tsv_dialect ? SCAN_TSV : SCAN_EL,
	};
	int r = feed_take_begin(&f.source, o);

	if (r < 0)
		return r;
	pthread_mutex_init(&f.mutex, NULL);
	pthread_cond_init(&f.turned, NULL);
	r = team_run(o->threads, work, &f);
	*out = (struct feed_note){
		.line_n = f.settled.line_n, .edge_n = f.settled.edge_n,
		.bytes = feed_take_bytes(&f.source), .at = o->at + f.source.off,
	};
	pthread_cond_destroy(&f.turned);
	pthread_mutex_destroy(&f.mutex);
	feed_take_end(&f.source);
	return r;
}
