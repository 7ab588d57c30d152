/* graph/text/text.c - lines out of blocks
 *
 * One buffer of a line's length and a block more: [start, len) is not yet taken.  When no
 * LF is in it, what is left moves to the front and a block is read behind it.  A line
 * that fills line_max, TEXT_LINE_MAX at first, makes both twice as large where the dialect
 * takes long lines; else it is cut there and the rest of it is skipped unread, or comes as
 * the next piece.
 */
#include "graph/text/fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/text/declared.h"
#include "base/utf8.h"

#define BLOCK TEXT_LINE_MAX		/* at least so much is read at a time */
#define HOPELESS 1000u		/* lines, all malformed: the format is wrong */
#define SHOWN 3

struct text {
	struct mem *mem;
	struct text_source from;
	struct text_options o;
	struct text_state *state;	/* of a dialect that has one */
	uint8_t *buf, *room;
	struct buf props;		/* of the line at hand */
	size_t start, len, cap;
	size_t line_max;		/* longer lines do not fit */
	bool ended, no_more;		/* memory has no room for longer ones */
	/* the line being read */
	struct bytes line;
	size_t whole;			/* its bytes, with its LF */
	uint64_t line_n, at_line, off;	/* read so far; its number; where it begins */
	bool cut, in_piece, has_more, finishing;
	struct text_edge held;		/* by text_head */
	int held_what;
	uint64_t good_n, bad_n;
	uint64_t bad_line[SHOWN];
	char bad_text[SHOWN][96];
};

const struct text_dialect *const text_dialects[] = {
	&edgelist_dialect, &tsv_dialect, &csv_dialect, &mtx_dialect, &metis_dialect,
	&dimacs_dialect, &adj_dialect, &adjlist_dialect, &pairs32_dialect, &pairs64_dialect,
	&vertices_dialect, &jsonl_dialect, &nt_dialect, &nq_dialect,
	&ttl_dialect, &trig_dialect, &kgtk_dialect, &graphml_dialect, NULL
};

const struct text_dialect *text_find(struct bytes name)
{
	for (size_t i = 0; text_dialects[i]; i++)
		if (bytes_equal(name, bytes_str(text_dialects[i]->name)))
			return text_dialects[i];
	return NULL;
}

void text_key_number(struct text_key *out, uint64_t number, uint8_t **room)
{
	char digits[TEXT_DIGITS];
	size_t n = 0;
	uint64_t v = number;

	do
		digits[n++] = (char)('0' + v % 10);
	while (v /= 10);
	out->bytes = bytes_of(*room, n);
	while (n)
		*(*room)++ = (uint8_t)digits[--n];
	out->number = number;
	out->is_number = true;
}

static size_t longest(const struct text *t)
{
	return t->o.line_most > TEXT_LINE_MAX ? t->o.line_most : TEXT_LINE_MAX;
}

static int begin_state(struct text *t, const struct text_dialect *d)
{
	if (!d->state_len)
		return 0;
	t->state = mem_zalloc(t->mem, d->state_len);
	if (!t->state)
		return ERR_MEMORY;
	t->state->mem = t->mem;
	t->state->arcs = t->o.arcs;
	t->state->rdf = t->o.rdf;
	t->state->header = t->o.header;
	t->state->longest = longest(t);
	return d->begin ? d->begin(t->state) : 0;
}

int text_open(struct text **out, const struct text_source *from,
	      const struct text_options *o, struct mem *mem)
{
	struct text *t = mem_zalloc(mem, sizeof *t);
	int r;

	if (!t)
		return ERR_MEMORY;
	t->mem = mem;
	t->from = *from;
	t->o = *o;
	t->line_max = TEXT_LINE_MAX;
	t->cap = t->line_max + BLOCK;
	t->buf = mem_alloc(mem, t->cap);
	t->room = mem_alloc(mem, TEXT_ROOM);
	t->props.mem = mem;
	r = t->buf && t->room ? begin_state(t, o->dialect) : ERR_MEMORY;
	if (r < 0) {
		text_close(t);
		return r;
	}
	*out = t;
	return 0;
}

void text_close(struct text *t)
{
	if (!t)
		return;
	if (t->state && t->o.dialect->release)
		t->o.dialect->release(t->state);
	mem_free(t->mem, t->state);
	mem_free(t->mem, t->buf);
	mem_free(t->mem, t->room);
	buf_release(&t->props);
	mem_free(t->mem, t);
}

enum text_direction text_direction(const struct text *t)
{
	return t->state ? t->state->direction : TEXT_UNSAID;
}

const char *text_note(const struct text *t)
{
	return t->state ? t->state->note : "";
}

uint64_t text_line(const struct text *t)
{
	return t->at_line;
}

uint64_t text_bad(const struct text *t)
{
	return t->bad_n;
}

/* One more block behind what is there; the buffer has room for it. */
static int fill(struct text *t)
{
	ssize_t n;

	if (t->start > 0 && t->cap - t->len < BLOCK) {
		memmove(t->buf, t->buf + t->start, t->len - t->start);
		t->len -= t->start;
		t->start = 0;
	}
	n = t->from.fill(t->from.ctx, t->buf + t->len, t->cap - t->len);
	if (n < 0)
		return (int)n;
	t->len += (size_t)n;
	t->ended = n == 0;
	return 0;
}

/* --- lines, pieces, records --- */

/* Drops what is left of an overlong line. */
static int skip_line(struct text *t)
{
	uint8_t *lf;
	int r;

	for (;;) {
		lf = memchr(t->buf + t->start, '\n', t->len - t->start);
		if (lf) {
			t->off += (size_t)(lf + 1 - t->buf) - t->start;
			t->start = (size_t)(lf - t->buf) + 1;
			return 0;
		}
		t->off += t->len - t->start;
		t->start = t->len = 0;
		if (t->ended)
			return 0;
		r = fill(t);
		if (r < 0)
			return r;
	}
}

/* The LF that ends the line at AT, from SEARCHED on.  In quoted text one that
 * stands between two quotes does not. */
static uint8_t *find_end(const struct text *t, uint8_t *at, size_t searched, size_t have)
{
	uint8_t *lf = memchr(at + searched, '\n', have - searched);
	bool inside = false;

	if (!lf || t->o.dialect->frame != TEXT_QUOTED)
		return lf;
	for (uint8_t *p = at; p < at + have; p++) {
		inside ^= *p == '"';
		if (*p == '\n' && !inside)
			return p;
	}
	return NULL;
}

/* At most TEXT_LINE_MAX bytes of a line whose end is not in them: *AT stays the
 * beginning. */
static void cut_line(struct text *t, uint8_t *at)
{
	size_t len = t->line_max;

	if (t->o.dialect->frame == TEXT_QUOTED) {	/* a quote that is never closed? */
		uint8_t *lf = memchr(at, '\n', len);

		len = lf ? (size_t)(lf - at) : len;
	} else if (t->o.dialect->frame == TEXT_PIECES) {
		while (len > 0 && !fields_blank(at[len - 1]))
			len--;
		len = len ? len : t->line_max;
	}
	t->line = bytes_of(at, len);
	t->whole = len;
	t->cut = true;
}

/* Twice the room for lines: false where there is none, or none is wanted.  What is in ROOM
 * was for the line before. */
static bool grow(struct text *t)
{
	size_t most = longest(t);
	size_t max = 2 * t->line_max < most ? 2 * t->line_max : most;
	uint8_t *buf;

	if (!t->o.dialect->long_lines || t->line_max >= most || t->no_more)
		return false;
	t->no_more = true;
	buf = mem_resize(t->mem, t->buf, max + BLOCK);
	if (buf) {
		t->buf = buf;
		t->cap = max + BLOCK;
		buf = mem_resize(t->mem, t->room, max + TEXT_ROOM - TEXT_LINE_MAX);
	}
	if (!buf) {
		err_clear();
		return false;
	}
	t->room = buf;
	t->line_max = max;
	t->no_more = false;
	return true;
}

/* 1 and the next line, or what of it fits; 0 at the end. */
static int next_line(struct text *t)
{
	size_t searched = 0;
	uint8_t *lf, *at;
	int r;

	for (;;) {
		size_t have = t->len - t->start;

		at = t->buf + t->start;
		lf = find_end(t, at, searched, have);
		if (lf && (size_t)(lf - at) <= t->line_max) {
			t->line = bytes_of(at, (size_t)(lf - at));
			t->whole = t->line.len + 1;
			break;
		}
		if ((lf || have > t->line_max) && grow(t))
			continue;
		if (lf || have > t->line_max ||
		    (t->ended && have && t->o.dialect->frame == TEXT_QUOTED &&
		     memchr(at, '\n', have))) {
			cut_line(t, at);
			break;
		}
		if (t->ended && have == 0)
			return 0;
		if (t->ended) {
			t->line = bytes_of(at, have);
			t->whole = have;
			break;
		}
		searched = have;
		r = fill(t);
		if (r < 0)
			return r;
	}
	t->start += t->whole;
	return 1;
}

/* 1 and the next record of fixed length; 0 at the end. */
static int next_record(struct text *t)
{
	size_t len = t->o.dialect->record_len;
	int r = 0;

	while (t->len - t->start < len && !t->ended && r == 0)
		r = fill(t);
	if (r < 0 || t->len == t->start)
		return r;
	t->whole = t->len - t->start < len ? t->len - t->start : len;
	t->line = bytes_of(t->buf + t->start, t->whole);
	t->start += t->whole;
	return 1;
}

static int next_piece(struct text *t, struct text_piece *p)
{
	int r;

	p->first = !t->in_piece;
	t->off += t->whole;
	t->cut = false;
	t->whole = 0;
	r = t->o.dialect->frame == TEXT_FIXED ? next_record(t) : next_line(t);
	if (r <= 0)
		return r;
	if (p->first)
		t->at_line = ++t->line_n;
	if (t->off == 0 && t->o.dialect->frame != TEXT_FIXED) {
		size_t mark = utf8_mark(t->line.ptr, t->line.len);

		t->line = bytes_of(t->line.ptr + mark, t->line.len - mark);
		t->whole -= mark;
		t->off = mark;
	}
	p->last = !(t->cut && t->o.dialect->frame == TEXT_PIECES);
	p->bytes = t->line;
	t->in_piece = !p->last;
	return 1;
}

/* Counts the lines that a quoted record has besides its first. */
static void count_lines(struct text *t)
{
	const uint8_t *at = t->line.ptr, *end = at + t->line.len;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		t->line_n++;
		at++;
	}
}

/* --- malformed lines --- */

static int hopeless(const struct text *t)
{
	return err_set(ERR_BAD_RECORD, "%s: the first %u lines are all malformed as %s"
		       " (%s): line %" PRIu64 ": \"%s\"; line %" PRIu64 ": \"%s\";"
		       " line %" PRIu64 ": \"%s\"", t->from.name, HOPELESS,
		       t->o.dialect->name, t->o.dialect->shape,
		       t->bad_line[0], t->bad_text[0], t->bad_line[1], t->bad_text[1],
		       t->bad_line[2], t->bad_text[2]);
}

/* Adds the place and the excerpt to the dialect's words. */
static int place(const struct text *t, int code)
{
	char words[256];

	snprintf(words, sizeof words, "%s", err_message());
	if (t->state && t->state->line)
		return err_set(code, "%s: line %" PRIu64 ": %s", t->from.name,
			       t->state->line, words);
	if (t->o.dialect->frame == TEXT_FIXED)
		return err_set(code, "%s: offset %" PRIu64 ": %s", t->from.name, t->off,
			       words);
	if (t->finishing)
		return err_set(code, "%s: line %" PRIu64 ": %s", t->from.name, t->line_n,
			       words);
	return err_set(code, "%s: line %" PRIu64 ": %s: \"%s\"", t->from.name,
		       t->at_line, words, bytes_show(t->line));
}

static int malformed(struct text *t)
{
	int r = place(t, ERR_BAD_RECORD);

	if (t->state && t->state->strict)
		return r;
	if (t->bad_n < SHOWN) {
		t->bad_line[t->bad_n] = t->at_line;
		snprintf(t->bad_text[t->bad_n], sizeof t->bad_text[0], "%s",
			 bytes_show(t->line));
	}
	if (t->bad_n >= t->o.bad_most) {
		err_hint("nothing was imported; --max-bad=N tolerates malformed lines");
		return r;
	}
	if (t->o.reject && (r = t->o.reject(t->o.reject_ctx,
					    bytes_of(t->line.ptr, t->whole))) < 0)
		return r;
	if (++t->bad_n == HOPELESS && t->good_n == 0)
		return hopeless(t);
	return 0;
}

static int no_number(const struct text_key *k)
{
	return err_set(ERR_BAD_RECORD, "\"%s\" is no integer key (0 to 2^64-1, without"
		       " sign or leading zeros)", bytes_show(k->bytes));
}

static int undeclared(const struct text_key *k)
{
	return err_set(ERR_BAD_RECORD, "the node \"%s\" was not given before",
		       bytes_show(k->bytes));
}

/* Nodes are noted, edges' ends looked up. */
static int declare(struct text *t, int what, const struct text_edge *e)
{
	int r = what;

	if (what == TEXT_NODES) {
		r = declared_add_range(t->o.declared, e->src.number, e->dst.number);
	} else if (what == TEXT_NODE) {
		r = declared_add(t->o.declared, e->src.bytes);
		if (r == 0 && t->state && t->state->unique)
			return err_set(ERR_BAD_RECORD, "the node \"%s\" was given before",
				       bytes_show(e->src.bytes));
	} else if (t->o.strict_nodes) {
		if (!declared_has(t->o.declared, &e->src))
			return undeclared(&e->src);
		if (!declared_has(t->o.declared, &e->dst))
			return undeclared(&e->dst);
	}
	return r < 0 ? r : what;
}

/* What a line gave, or what is to be done about its error. */
static int judge(struct text *t, int r, const struct text_edge *out)
{
	if (t->cut && r != 0 && t->o.dialect->frame == TEXT_QUOTED)
		r = err_set(ERR_BAD_RECORD, "a quote that is not closed within %zu bytes",
			    t->line_max);
	else if (t->cut && t->o.dialect->frame == TEXT_LINES &&
		 (r != 0 || text_is_blank(t->line)))
		r = err_set(ERR_BAD_RECORD, "longer than %zu bytes%s", t->line_max,
			    t->no_more ? ", and memory_limit has no room for more" : "");
	if (r > 0 && t->o.numbers && !out->src.is_number)
		r = no_number(&out->src);
	else if (r == TEXT_EDGE && t->o.numbers && !out->dst.is_number)
		r = no_number(&out->dst);
	if (r > 0 && t->o.declared)
		r = declare(t, r, out);
	if (r >= 0)
		return r;
	t->has_more = false;
	return r == ERR_BAD_RECORD ? malformed(t) : r == ERR_MEMORY ? r : place(t, r);
}

/* One line, or one more edge of it: an enum text_what, 0 for nothing, < 0. */
static int take(struct text *t, const struct text_piece *p, struct text_edge *out)
{
	const struct text_dialect *d = t->o.dialect;
	int r;

	text_edge_clear(out, &t->props);
	r = d->line ? d->line(p->bytes, t->room, out) : d->take(t->state, p, t->room, out);

	t->has_more = r > 0 && d->more;
	r = judge(t, r, out);
	if (r >= 0 && t->cut && d->frame != TEXT_PIECES) {
		int skipped = skip_line(t);

		r = skipped < 0 ? skipped : r;
	} else if (d->frame == TEXT_QUOTED) {
		count_lines(t);
	}
	return r;
}

static int next(struct text *t, struct text_edge *out)
{
	const struct text_dialect *d = t->o.dialect;
	struct text_piece p;
	int r = 0;

	while (r == 0) {
		if (t->has_more) {
			r = judge(t, d->more(t->state, t->room, out), out);
			t->has_more &= r > 0;
		} else if (!t->finishing && (r = next_piece(t, &p)) > 0) {
			r = take(t, &p, out);
		} else if (r == 0) {
			t->finishing = true;
			r = d->finish ? judge(t, d->finish(t->state, t->room, out), out) : 0;
			break;
		}
	}
	t->good_n += r > 0 && r != TEXT_NODES;	/* those are the header's */
	return r;
}

int text_head(struct text *t)
{
	int r = next(t, &t->held);

	t->held_what = r;
	return r < 0 ? r : 0;
}

int text_next(struct text *t, struct text_edge *out)
{
	int r = t->held_what;

	if (r == 0)
		return next(t, out);
	*out = t->held;
	t->held_what = 0;
	return r;
}

int text_judge(struct text *t, const struct text_refused *l)
{
	struct text_edge e;
	int r;

	t->at_line = t->line_n = l->number;
	t->good_n = l->good;
	t->line = l->line;
	t->whole = l->line.len + (l->ended && !l->cut);
	t->cut = l->cut;
	text_edge_clear(&e, &t->props);
	r = judge(t, t->o.dialect->line(l->line, t->room, &e), &e);
	return r < 0 ? r : 0;
}
