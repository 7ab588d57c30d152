/* cmd/graph/import_feed.c - the edges of one input, into the build */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/import.h"
#include "graph/build.h"
#include "graph/rdf/turtle.h"

#define LOOK_EVERY 4096u
#define BATCH 2048u

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

/* A line without its LF, the last of its input or one that was cut, is given one when
 * another follows: they would be one line. */
int import_reject(struct import_input *i, struct bytes line)
{
	struct import *im = i->im;
	int r = 0;

	if (!im->rejects)
		return 0;
	if (im->reject_open)
		r = out_write(im->rejects, "\n", 1);
	im->reject_open = i->dialect->frame != TEXT_FIXED && line.len &&
		line.ptr[line.len - 1] != '\n';
	return r < 0 ? r : out_write(im->rejects, line.ptr, line.len);
}

static int reject(void *ctx, struct bytes line)
{
	return import_reject(ctx, line);
}

/* Edges between numbers go to the build some at a time. */
struct batch {
	size_t n;
	bool valued;
	struct scan_edge edge[BATCH];
	struct text_value value[BATCH];
};

static int flush(struct import_input *i, struct batch *b)
{
	struct import *im = i->im;
	int r = b->n ? build_add_edges(im->build, 0, b->edge, b->valued ? b->value : NULL,
				       b->n, im->place) : 0;

	im->place += b->n;
	b->n = 0;
	b->valued = false;
	return r;
}

/* A stamp takes the place of what the edge has under its name. */
static int stamp(struct import_input *i, struct text_edge *e)
{
	const struct buf *stamps = &i->im->stamps;
	const struct property *s = (const struct property *)stamps->ptr;
	size_t n = stamps->len / sizeof *s;
	int r = 0;

	buf_clear(&i->stamped);
	for (uint32_t k = 0; r == 0 && k < e->prop_n; k++) {
		size_t j = 0;

		while (j < n && !bytes_equal(s[j].name, e->prop[k].name))
			j++;
		if (j == n)
			r = buf_add(&i->stamped, &e->prop[k], sizeof e->prop[k]);
	}
	if (r == 0)
		r = buf_add(&i->stamped, stamps->ptr, stamps->len);
	e->prop = (const struct property *)i->stamped.ptr;
	e->prop_n = (uint32_t)(i->stamped.len / sizeof *e->prop);
	return r;
}

static int add_edge(struct import_input *i, struct batch *b, struct text_edge *e)
{
	int r = i->im->stamps.len ? stamp(i, e) : 0;

	i->edge_n++;
	if (r < 0)
		return r;
	if (e->type.len || e->prop_n || !e->src.is_number || !e->dst.is_number) {
		r = flush(i, b);
		return r < 0 ? r : build_add_texts(i->im->build, e, 1, i->im->place++);
	}
	b->edge[b->n] = (struct scan_edge){ e->src.number, e->dst.number };
	b->value[b->n] = e->value;
	b->valued |= e->value.kind != TEXT_NO_VALUE;
	return ++b->n == BATCH ? flush(i, b) : 0;
}

static int add(struct import_input *i, struct batch *b, enum text_what what,
	       struct text_edge *e)
{
	if (what == TEXT_EDGE)
		return add_edge(i, b, e);
	if (what == TEXT_NODE) {
		i->node_n++;
		return build_add_text_node(i->im->build, e, i->im->place++);
	}
	i->node_n += e->dst.number - e->src.number + 1;
	return build_add_nodes(i->im->build, e->src.number,
			       e->dst.number - e->src.number + 1);
}

static int add_all(struct import_input *i, struct text *t, struct batch *b)
{
	struct text_edge e;
	uint64_t n = 0;
	int r;

	while ((r = text_next(t, &e)) > 0) {
		r = add(i, b, (enum text_what)r, &e);
		if (r == 0 && ++n % LOOK_EVERY == 0)
			r = import_stop(i->im, in_total(i->in));
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = flush(i, b);
	return r < 0 ? r : import_stop(i->im, in_total(i->in));
}

static int take(struct import_input *i, struct text *t)
{
	struct mem *mem = store_mem(i->im->store);
	struct batch *b = mem_alloc(mem, sizeof *b);
	int r;

	if (!b)
		return ERR_MEMORY;
	b->n = 0;
	b->valued = false;
	r = add_all(i, t, b);
	mem_free(mem, b);
	return r;
}

/* Turtle is read by a thread of its own, and comes as lines. */
struct turtle_lines {
	struct turtle *turtle;
	struct bytes left;
};

static ssize_t fill_lines(void *ctx, void *buf, size_t cap)
{
	struct turtle_lines *l = ctx;

	if (l->left.len == 0) {
		int r = turtle_next(l->turtle, &l->left);

		if (r <= 0)
			return r;
	}
	cap = cap < l->left.len ? cap : l->left.len;
	memcpy(buf, l->left.ptr, cap);
	l->left = bytes_of(l->left.ptr + cap, l->left.len - cap);
	return (ssize_t)cap;
}

static int open_turtle(struct import_input *i, struct turtle_lines *l)
{
	const struct turtle_options o = {
		.read = fill, .ctx = i, .base = i->im->base_iri,
		.graphs = i->dialect == &trig_dialect, .mem = store_mem(i->im->store),
	};

	return turtle_open(&l->turtle, &o);
}

/* Its errors have a line, and no file. */
static int named(const struct import_input *i, int r)
{
	struct err_note note;

	err_take(&note, r);
	return err_set(r, "%s: %s", in_name(i->in), note.message);
}

int import_feed(struct import_input *i)
{
	struct turtle_lines lines = {0};
	struct import *im = i->im;
	bool turtle = i->dialect == &ttl_dialect || i->dialect == &trig_dialect;
	const struct text_source from = {
		turtle ? fill_lines : fill, turtle ? (void *)&lines : i, in_name(i->in)
	};
	const struct text_options o = {
		.dialect = i->dialect, .numbers = im->ids == BUILD_IDS_INT,
		.arcs = im->directed, .line_most = graph_line_most(im->store), .bad_most = im->bad_most - im->bad_n,
		.reject = reject, .reject_ctx = i, .rdf = im->rdf,
		.header = &im->header,
		.declared = im->strict_nodes || i->dialect == &csv_dialect ?
			im->declared : NULL,
		.strict_nodes = im->strict_nodes,
	};
	struct text *t = NULL;
	int r = 0;

	if (!im->strict_nodes && !im->stamps.len &&
	    (i->dialect == &edgelist_dialect || i->dialect == &tsv_dialect))
		return import_lines(i);
	if (turtle)
		r = open_turtle(i, &lines);
	if (r == 0)
		r = text_open(&t, &from, &o, store_mem(im->store));
	if (r == 0)
		r = text_head(t);
	if (r == 0)
		r = import_begin(i, i->direction ? i->direction : text_direction(t));
	if (r == 0)
		r = take(i, t);
	if (r < 0 && turtle && r == ERR_BAD_RECORD)
		r = named(i, r);
	if (r == 0 && *text_note(t))
		cli_say(im->cli, "%s: %s", in_name(i->in), text_note(t));
	i->bytes = in_total(i->in);
	im->bad_n += t ? text_bad(t) : 0;
	im->rdf.input++;
	text_close(t);
	turtle_close(lines.turtle);
	buf_release(&i->stamped);
	return r;
}
