/* cmd/graph/import_lines.c - plain lists of edges, by several threads
 *
 * The edges go from graph/feed straight into the build.  Lines that are none go
 * through a reader of graph/text, in order, so that what is tolerated, rejected and
 * said is the same as for any other format.
 */
#include <pthread.h>

#include "base/err.h"
#include "cmd/graph/import.h"
#include "graph/build.h"
#include "graph/feed.h"

struct lines {
	struct import_input *i;
	pthread_mutex_t mutex;		/* progress and rejects are not for two at once */
	struct text *judge;		/* from the first refused line on */
};

static int on_edges(void *ctx, const struct feed_batch *b)
{
	struct lines *l = ctx;
	struct build *build = l->i->im->build;
	struct err_note note;
	int r;

	if (b->number)
		r = build_add_edges(build, b->who, b->number, b->value, b->n, b->at);
	else
		r = build_add_texts(build, b->text, b->n, b->at);
	if (r != ERR_UNSUPPORTED)
		return r;
	err_take(&note, r);
	return err_set(r, "%s: %s", in_name(l->i->in), note.message);
}

static int reject(void *ctx, struct bytes line)
{
	return import_reject(ctx, line);
}

/* It never reads: it is shown lines. */
static int open_judge(struct lines *l)
{
	struct import *im = l->i->im;
	const struct text_source from = { .ctx = l->i, .name = in_name(l->i->in) };
	const struct text_options o = {
		.dialect = l->i->dialect, .numbers = im->ids == BUILD_IDS_INT,
		.bad_most = im->bad_most - im->bad_n, .reject = reject,
		.reject_ctx = l->i,
	};

	return l->judge ? 0 : text_open(&l->judge, &from, &o, store_mem(im->store));
}

static int on_odd(void *ctx, const struct feed_line *line)
{
	struct lines *l = ctx;
	const struct text_refused refused = {
		.number = line->number, .good = line->good, .line = line->line,
		.ended = line->ended, .cut = line->cut,
	};
	int r;

	pthread_mutex_lock(&l->mutex);
	r = open_judge(l);
	if (r == 0)
		r = text_judge(l->judge, &refused);
	pthread_mutex_unlock(&l->mutex);
	return r;
}

static int on_stop(void *ctx, uint64_t bytes, uint64_t edge_n)
{
	struct lines *l = ctx;
	int r;

	(void)edge_n;			/* the build counts them */
	pthread_mutex_lock(&l->mutex);
	r = import_stop(l->i->im, bytes);
	pthread_mutex_unlock(&l->mutex);
	return r;
}

int import_lines(struct import_input *i)
{
	struct import *im = i->im;
	struct lines l = { .i = i };
	struct feed_note note = {0};
	struct feed_options o = {
		.in = i->in, .head = bytes_of(i->head, i->head_len), .dialect = i->dialect,
		.numbers = im->ids == BUILD_IDS_INT, .at = im->place, .mem = store_mem(im->store),
		.edges = on_edges, .odd = on_odd, .stop = on_stop, .ctx = &l,
	};
	int r = import_begin(i, i->direction);

	if (r < 0)
		return r;
	o.threads = build_threads(im->build);
	pthread_mutex_init(&l.mutex, NULL);
	r = feed_run(&o, &note);
	pthread_mutex_destroy(&l.mutex);
	i->edge_n += note.edge_n;
	i->bytes = note.bytes;
	im->place = note.at;
	im->bad_n += l.judge ? text_bad(l.judge) : 0;
	text_close(l.judge);
	return r;
}
