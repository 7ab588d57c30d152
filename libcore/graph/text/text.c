/* graph/text/text.c - lines out of blocks
 *
 * One buffer of two line lengths: [start, len) is not yet taken.  When no LF is
 * in it, what is left moves to the front and a block is read behind it, so that
 * each byte moves once at most.  A line that fills TEXT_LINE_MAX is cut there and
 * the rest of it is skipped unread.
 */
#include "graph/text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define ROOM (2u * TEXT_LINE_MAX)
#define GUESS (64u << 10)
#define HOPELESS 1000u		/* lines, all malformed: the format is wrong */
#define SHOWN 3

struct text {
	struct mem *mem;
	struct text_source from;
	struct text_options o;
	uint8_t *buf, *room;
	size_t start, len;
	bool ended;
	uint64_t line_n, good_n, bad_n;
	uint64_t bad_line[SHOWN];
	char bad_text[SHOWN][96];
};

const struct text_dialect *const text_dialects[] = {
	&edgelist_dialect, &tsv_dialect, NULL
};

const struct text_dialect *text_find(struct bytes name)
{
	for (size_t i = 0; text_dialects[i]; i++)
		if (bytes_equal(name, bytes_str(text_dialects[i]->name)))
			return text_dialects[i];
	return NULL;
}

int text_open(struct text **out, const struct text_source *from,
	      const struct text_options *o, struct mem *mem)
{
	struct text *t = mem_zalloc(mem, sizeof *t);

	if (!t)
		return ERR_MEMORY;
	t->mem = mem;
	t->from = *from;
	t->o = *o;
	t->buf = mem_alloc(mem, ROOM);
	t->room = mem_alloc(mem, TEXT_LINE_MAX);
	if (!t->buf || !t->room) {
		text_close(t);
		return ERR_MEMORY;
	}
	*out = t;
	return 0;
}

void text_close(struct text *t)
{
	if (!t)
		return;
	mem_free(t->mem, t->buf);
	mem_free(t->mem, t->room);
	mem_free(t->mem, t);
}

const struct text_dialect *text_dialect(const struct text *t)
{
	return t->o.dialect;
}

uint64_t text_line(const struct text *t)
{
	return t->line_n;
}

uint64_t text_bad(const struct text *t)
{
	return t->bad_n;
}

/* One more block behind what is there; the buffer has room for it. */
static int fill(struct text *t)
{
	ssize_t n;

	if (t->start > 0 && ROOM - t->len < TEXT_LINE_MAX) {
		memmove(t->buf, t->buf + t->start, t->len - t->start);
		t->len -= t->start;
		t->start = 0;
	}
	n = t->from.fill(t->from.ctx, t->buf + t->len, ROOM - t->len);
	if (n < 0)
		return (int)n;
	t->len += (size_t)n;
	t->ended = n == 0;
	return 0;
}

/* Drops what is left of an overlong line. */
static int skip_line(struct text *t)
{
	uint8_t *lf;
	int r;

	for (;;) {
		lf = memchr(t->buf + t->start, '\n', t->len - t->start);
		if (lf) {
			t->start = (size_t)(lf - t->buf) + 1;
			return 0;
		}
		t->start = t->len = 0;
		if (t->ended)
			return 0;
		r = fill(t);
		if (r < 0)
			return r;
	}
}

/* 1 and the next line without its LF; *whole is what it was with it.  *cut: only
 * its first TEXT_LINE_MAX bytes. */
static int next_line(struct text *t, struct bytes *line, size_t *whole, bool *cut)
{
	size_t searched = 0;
	uint8_t *lf;
	int r;

	*cut = false;
	for (;;) {
		size_t have = t->len - t->start;
		uint8_t *at = t->buf + t->start;

		lf = memchr(at + searched, '\n', have - searched);
		if (lf || (t->ended && have > 0)) {
			*line = bytes_of(at, lf ? (size_t)(lf - at) : have);
			*whole = line->len + (lf != NULL);
			t->start += *whole;
			break;
		}
		if (t->ended)
			return 0;
		if (have >= TEXT_LINE_MAX) {
			*line = bytes_of(at, TEXT_LINE_MAX);
			*whole = TEXT_LINE_MAX;
			*cut = true;
			break;
		}
		searched = have;
		r = fill(t);
		if (r < 0)
			return r;
	}
	t->line_n++;
	if (line->len > TEXT_LINE_MAX) {	/* its LF was in the buffer already */
		line->len = *whole = TEXT_LINE_MAX;
		*cut = true;
		t->start = (size_t)(line->ptr - t->buf);
	}
	return 1;
}

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
static int place(const struct text *t, int code, struct bytes line)
{
	char words[256];

	snprintf(words, sizeof words, "%s", err_message());
	return err_set(code, "%s: line %" PRIu64 ": %s: \"%s\"", t->from.name,
		       t->line_n, words, bytes_show(line));
}

static int malformed(struct text *t, struct bytes line, size_t whole)
{
	int r = place(t, ERR_BAD_RECORD, line);

	if (t->bad_n < SHOWN) {
		t->bad_line[t->bad_n] = t->line_n;
		snprintf(t->bad_text[t->bad_n], sizeof t->bad_text[0], "%s",
			 bytes_show(line));
	}
	if (t->bad_n >= t->o.bad_most) {
		err_hint("nothing was imported; --max-bad=N tolerates malformed lines");
		return r;
	}
	if (t->o.reject && (r = t->o.reject(t->o.reject_ctx,
					    bytes_of(line.ptr, whole))) < 0)
		return r;
	if (++t->bad_n == HOPELESS && t->good_n == 0)
		return hopeless(t);
	return 0;
}

static int wrong_number(const struct text_edge *e)
{
	const struct text_key *k = e->src.is_number ? &e->dst : &e->src;

	return err_set(ERR_BAD_RECORD, "\"%s\" is no integer key (0 to 2^64-1, without"
		       " sign or leading zeros)", bytes_show(k->bytes));
}

/* One line: 1 an edge, 0 nothing, or an error. */
static int take_line(struct text *t, struct bytes line, size_t whole, bool cut,
		     struct text_edge *out)
{
	int r = t->o.dialect->line(line, t->room, out);

	if (cut && r != 0)
		r = err_set(ERR_BAD_RECORD, "longer than %u bytes", TEXT_LINE_MAX);
	if (r > 0 && t->o.numbers && !(out->src.is_number && out->dst.is_number))
		r = wrong_number(out);
	if (r == ERR_BAD_RECORD)
		r = malformed(t, line, whole);
	else if (r < 0)
		r = place(t, r, line);
	return r;
}

int text_next(struct text *t, struct text_edge *out)
{
	struct bytes line;
	size_t whole;
	bool cut;
	int r;

	do {
		r = next_line(t, &line, &whole, &cut);
		if (r <= 0)
			return r;
		r = take_line(t, line, whole, cut, out);
		if (cut && r >= 0) {
			int skipped = skip_line(t);

			r = skipped < 0 ? skipped : r;
		}
	} while (r == 0);
	t->good_n += r > 0;
	return r;
}

/* --- guessing --- */

struct guess {
	uint64_t lines, good, taken;	/* taken: edges and refused columns */
};

static bool same_edge(const struct text_edge *a, const struct text_edge *b)
{
	return bytes_equal(a->src.bytes, b->src.bytes) &&
		bytes_equal(a->dst.bytes, b->dst.bytes) &&
		bytes_equal(a->type, b->type);
}

/* Counts what each dialect makes of a line; true when both take it differently. */
static bool guess_line(struct text *t, struct bytes line, struct guess *el,
		       struct guess *tsv)
{
	struct text_edge a, b;
	int ra = edgelist_dialect.line(line, t->room, &a);
	int rb = tsv_dialect.line(line, t->room, &b);

	el->lines++;
	el->good += ra != ERR_BAD_RECORD;
	el->taken += ra > 0 || ra == ERR_UNSUPPORTED;
	tsv->good += rb != ERR_BAD_RECORD;
	tsv->taken += rb > 0 || rb == ERR_UNSUPPORTED;
	if (ra == ERR_BAD_RECORD || rb == ERR_BAD_RECORD)
		return false;
	return ra != rb || (ra > 0 && !same_edge(&a, &b));
}

static int guess_two(const struct text *t)
{
	err_set(ERR_USAGE, "%s: both el (%s) and tsv (%s) could be meant", t->from.name,
		edgelist_dialect.shape, tsv_dialect.shape);
	err_hint("say -f el or -f tsv");
	return ERR_USAGE;
}

static int guess_none(const struct text *t, struct bytes line)
{
	err_set(ERR_BAD_RECORD, "%s: neither el (%s) nor tsv (%s): line 1: \"%s\"",
		t->from.name, edgelist_dialect.shape, tsv_dialect.shape,
		bytes_show(line));
	return ERR_BAD_RECORD;
}

static int guess_pick(struct text *t, const struct guess *el, const struct guess *tsv,
		      bool differ, struct bytes first)
{
	if (el->lines == 0 || (el->taken == 0 && tsv->taken == 0 && el->good == el->lines)) {
		t->o.dialect = &edgelist_dialect;
		return 0;
	}
	if (differ && el->good == tsv->good)
		return guess_two(t);
	if (2 * el->good < el->lines && 2 * tsv->good < el->lines)
		return guess_none(t, first);
	t->o.dialect = el->good > tsv->good || tsv->taken == 0 ?
		&edgelist_dialect : &tsv_dialect;
	return 1;
}

int text_guess(struct text *t)
{
	struct guess el = {0}, tsv = {0};
	struct bytes first = {0};
	bool differ = false;
	size_t at = t->start;
	uint8_t *lf;
	int r = 0;

	while (t->len - t->start < GUESS && !t->ended && r == 0)
		r = fill(t);
	if (r < 0)
		return r;
	while (at < t->len && at - t->start < GUESS) {
		struct bytes line = { t->buf + at, t->len - at };

		lf = memchr(line.ptr, '\n', line.len);
		if (!lf && !t->ended)
			break;
		if (lf)
			line.len = (size_t)(lf - line.ptr);
		if (!first.ptr)
			first = line;
		at += line.len + 1;
		if (line.len <= TEXT_LINE_MAX)
			differ |= guess_line(t, line, &el, &tsv);
	}
	return guess_pick(t, &el, &tsv, differ, first);
}
