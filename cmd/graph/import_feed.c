/* cmd/graph/import_feed.c - the edges of one input, into the build */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "cmd/graph/import.h"
#include "graph/build.h"

#define LOOK_EVERY 4096u

static ssize_t fill(void *ctx, void *buf, size_t cap)
{
	struct import_input *i = ctx;
	size_t left = i->head_len - i->head_at;

	if (left) {
		left = left < cap ? left : cap;
		memcpy(buf, i->head + i->head_at, left);
		i->head_at += left;
		return (ssize_t)left;
	}
	while (in_would_block(i->in)) {		/* so that a signal is seen */
		int r = import_stop(i->im, in_total(i->in));

		if (r < 0)
			return r;
		in_wait(i->in, 250000000u);
	}
	return in_read(i->in, buf, cap);
}

int import_reject(struct import_input *i, struct bytes line)
{
	return i->im->rejects ? out_write(i->im->rejects, line.ptr, line.len) : 0;
}

static int reject(void *ctx, struct bytes line)
{
	return import_reject(ctx, line);
}

static int add(struct import_input *i, enum text_what what, const struct text_edge *e)
{
	struct build *b = i->im->build;

	if (what == TEXT_EDGE) {
		i->edge_n++;
		return build_add_texts(b, e, 1, i->im->place++);
	}
	if (what == TEXT_NODE) {
		i->node_n++;
		return build_add_node(b, &e->src);
	}
	i->node_n += e->dst.number - e->src.number + 1;
	return build_add_nodes(b, e->src.number, e->dst.number - e->src.number + 1);
}

/* Adds the place to what the build says of an edge. */
static int refused(struct import_input *i, struct text *t)
{
	struct err_note note;

	err_take(&note, ERR_UNSUPPORTED);
	return err_set(ERR_UNSUPPORTED, "%s: line %" PRIu64 ": %s", in_name(i->in),
		       text_line(t), note.message);
}

static int add_all(struct import_input *i, struct text *t)
{
	struct text_edge e;
	uint64_t n = 0;
	int r;

	while ((r = text_next(t, &e)) > 0) {
		r = add(i, (enum text_what)r, &e);
		if (r == 0 && ++n % LOOK_EVERY == 0)
			r = import_stop(i->im, in_total(i->in));
		if (r < 0)
			return r == ERR_UNSUPPORTED ? refused(i, t) : r;
	}
	return r < 0 ? r : import_stop(i->im, in_total(i->in));
}

int import_feed(struct import_input *i)
{
	struct import *im = i->im;
	const struct text_source from = { fill, i, in_name(i->in) };
	const struct text_options o = {
		.dialect = i->dialect, .numbers = im->ids == BUILD_IDS_INT,
		.arcs = im->directed, .bad_most = im->bad_most - im->bad_n,
		.reject = reject, .reject_ctx = i,
	};
	struct text *t = NULL;
	int r;

	if (i->dialect == &edgelist_dialect || i->dialect == &tsv_dialect)
		return import_lines(i);
	r = text_open(&t, &from, &o, store_mem(im->store));
	if (r == 0)
		r = text_head(t);
	if (r == 0)
		r = import_begin(i, i->direction ? i->direction : text_direction(t));
	if (r == 0)
		r = add_all(i, t);
	if (r == 0 && *text_note(t))
		cli_say(im->cli, "%s: %s", in_name(i->in), text_note(t));
	i->bytes = in_total(i->in);
	im->bad_n += t ? text_bad(t) : 0;
	text_close(t);
	return r;
}
