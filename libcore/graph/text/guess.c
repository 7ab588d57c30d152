/* graph/text/guess.c - a vote of the lines, unless the first one says it
 *
 * A metis file looks like an edge list when every node has one or two neighbours.
 * It is metis when its first line is a header that all lines after it agree with,
 * which next to no edge list does by chance; when el takes all lines too, both
 * could be meant.
 */
#include "graph/text/guess.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/utf8.h"
#include "graph/text/csv.h"
#include "graph/text/fields.h"
#include "graph/text/jsonl.h"
#include "graph/text/kgtk.h"
#include "graph/text/nt.h"

struct votes {
	uint64_t lines, good, taken;	/* taken: edges and refused columns */
};

/* Takes the next line off REST; false when there is no whole one. */
static bool next_line(const struct guess *g, struct bytes *rest, struct bytes *line)
{
	const uint8_t *lf = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;

	if (!rest->len || (!lf && !g->all))
		return false;
	*line = bytes_of(rest->ptr, lf ? (size_t)(lf - rest->ptr) : rest->len);
	*rest = lf ? bytes_of(lf + 1, rest->len - line->len - 1) : (struct bytes){0};
	return true;
}

static bool starts(struct bytes line, const char *word)
{
	size_t len = strlen(word);

	return line.len >= len && !strncasecmp((const char *)line.ptr, word, len);
}

/* --- formats that say their name --- */

/* The size line of a matrix: three numbers. */
static bool is_size(struct bytes line)
{
	uint64_t v;

	for (int i = 0; i < 3; i++)
		if (!fields_number(fields_next(&line), &v))
			return false;
	return fields_end(line);
}

/* Some edge lists begin with a matrix's banner, and have its size in a comment. */
static bool is_matrix(const struct guess *g, struct bytes rest, const struct votes *el)
{
	struct bytes line = {0};

	while (next_line(g, &rest, &line))
		if (!starts(line, "%") && !fields_end(line))
			return is_size(line) || el->good < el->lines;
	return true;
}

static bool is_dimacs(const struct guess *g, struct bytes rest)
{
	struct bytes line;

	while (next_line(g, &rest, &line)) {
		struct bytes word = fields_next(&line);

		if (bytes_equal(word, bytes_str("p")))
			return true;
		if (word.len && !bytes_equal(word, bytes_str("c")))
			return false;
	}
	return false;
}

/* The first line that is no comment begins as Turtle does. */
static bool is_turtle(const struct guess *g)
{
	static const char *const words[] = { "@prefix ", "@base ", "prefix ", "base " };
	struct bytes rest = g->head, line;

	while (next_line(g, &rest, &line)) {
		if (fields_end(line) || line.ptr[0] == '#')
			continue;
		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
			if (starts(line, words[i]) && memchr(line.ptr, '<', line.len))
				return true;
		return false;
	}
	return false;
}

/* XML, whose first element is <graphml>, whatever is before it. */
static bool is_graphml(const struct guess *g)
{
	struct bytes head = g->head;

	while (head.len && fields_blank(*head.ptr))
		head = bytes_of(head.ptr + 1, head.len - 1);
	if (!starts(head, "<?xml") && !starts(head, "<!--") && !starts(head, "<!DOCTYPE") &&
	    !starts(head, "<graphml"))
		return false;
	return memmem(head.ptr, head.len, "<graphml", 8) ||
		memmem(head.ptr, head.len, ":graphml ", 9);
}

/* Every line is a statement, or nothing; a fourth term makes it nq. */
static const struct text_dialect *statements(const struct guess *g)
{
	const struct text_dialect *found = NULL;
	struct bytes rest = g->head, line;

	while (next_line(g, &rest, &line)) {
		enum nt_is is = nt_is(line);

		if (is == NT_NOT)
			return NULL;
		if (is == NT_QUAD)
			return &nq_dialect;
		if (is == NT_TRIPLE)
			found = &nt_dialect;
	}
	return found;
}

static const struct text_dialect *named(const struct guess *g, const struct votes *el)
{
	struct bytes rest = g->head, line;

	if (is_graphml(g))
		return &graphml_dialect;
	if (!next_line(g, &rest, &line))
		return NULL;
	if (starts(line, "%%MatrixMarket"))
		return is_matrix(g, rest, el) ? &mtx_dialect : NULL;
	if (starts(line, "AdjacencyGraph") || starts(line, "WeightedAdjacencyGraph"))
		return &adj_dialect;
	if (is_dimacs(g, g->head))
		return &dimacs_dialect;
	if (jsonl_is(line))
		return &jsonl_dialect;
	if (kgtk_is_header(line))
		return &kgtk_dialect;
	if (csv_is_header(line))
		return &csv_dialect;
	return is_turtle(g) ? &ttl_dialect : statements(g);
}

/* --- formats that do not --- */

struct metis {
	uint64_t n, m, lines, neighbours;
	uint64_t skip, step;		/* fields before the neighbours; of a neighbour */
};

static bool metis_fmt(struct bytes fmt, struct bytes weights, struct metis *m)
{
	uint64_t digits = 0, n = 1;

	if ((fmt.len && !fields_number(fmt, &digits)) ||
	    (weights.len && !fields_number(weights, &n)))
		return false;
	m->step = 1 + digits % 10;
	m->skip = digits / 10 % 10 ? n : 0;
	return digits % 10 <= 1 && digits / 10 % 10 <= 1 && digits / 100 <= 1;
}

static bool metis_header(struct bytes line, struct metis *m)
{
	struct bytes fmt, weights;

	if (!fields_number(fields_next(&line), &m->n) ||
	    !fields_number(fields_next(&line), &m->m))
		return false;
	fmt = fields_next(&line);
	weights = fields_next(&line);
	return metis_fmt(fmt, weights, m) && fields_end(line);
}

/* Fields as the header has them, the neighbours among the N. */
static bool metis_line(struct bytes line, struct metis *m)
{
	uint64_t v, i = 0;

	if (m->lines++ >= m->n)
		return fields_end(line);
	for (struct bytes field; (field = fields_next(&line)).len; i++) {
		if (i < m->skip || (i - m->skip) % m->step)
			continue;
		if (!fields_number(field, &v) || v < 1 || v > m->n)
			return false;
		m->neighbours++;
	}
	return i >= m->skip && (i - m->skip) % m->step == 0;
}

static bool is_metis(const struct guess *g)
{
	struct bytes rest = g->head, line;
	struct metis m = {0};
	bool headed = false;

	while (next_line(g, &rest, &line)) {
		if (starts(line, "%"))
			continue;
		if (!(headed ? metis_line(line, &m) : metis_header(line, &m)))
			return false;
		headed = true;
	}
	if (!headed || m.lines < (g->all ? m.n : 1))
		return false;
	return m.neighbours <= 2 * m.m && (!g->all || m.neighbours >= m.m);
}

static void vote(const struct text_dialect *d, struct bytes line, uint8_t *room,
		 struct votes *v, struct text_edge *e, int *r)
{
	text_edge_clear(e, NULL);
	*r = d->line(line, room, e);
	v->lines++;
	v->good += *r != ERR_BAD_RECORD;
	v->taken += *r > 0 || *r == ERR_UNSUPPORTED;
}

static bool same_edge(const struct text_edge *a, const struct text_edge *b)
{
	return bytes_equal(a->src.bytes, b->src.bytes) &&
		bytes_equal(a->dst.bytes, b->dst.bytes) &&
		bytes_equal(a->type, b->type) && a->value.kind == b->value.kind;
}

/* What el and tsv make of the lines; true when they take one differently. */
static bool count_votes(const struct guess *g, uint8_t *room, struct votes *el,
			struct votes *tsv)
{
	struct bytes rest = g->head, line;
	bool differ = false;

	while (next_line(g, &rest, &line)) {
		struct text_edge a, b;
		int ra, rb;

		vote(&edgelist_dialect, line, room, el, &a, &ra);
		vote(&tsv_dialect, line, room, tsv, &b, &rb);
		if (ra == ERR_BAD_RECORD || rb == ERR_BAD_RECORD)
			continue;
		differ |= ra != rb || (ra > 0 && !same_edge(&a, &b));
	}
	return differ;
}

static struct bytes trim(struct bytes b)
{
	while (b.len && fields_blank(b.ptr[0]))
		b = bytes_of(b.ptr + 1, b.len - 1);
	while (b.len && fields_blank(b.ptr[b.len - 1]))
		b.len--;
	return b;
}

/* Is every line a row of csv?  *DIFFER: and one of them another edge than in el. */
static bool is_csv(const struct guess *g, uint8_t *room, bool *differ)
{
	struct bytes rest = g->head, line;
	uint64_t n = 0;

	while (next_line(g, &rest, &line)) {
		struct text_edge a, b;

		if (fields_end(line))
			continue;
		if (csv_row(line, room, &a) != TEXT_EDGE)
			return false;
		n++;
		if (edgelist_dialect.line(line, room, &b) > 0)
			*differ |= !bytes_equal(trim(a.src.bytes), b.src.bytes) ||
				!bytes_equal(trim(a.dst.bytes), b.dst.bytes);
	}
	return n > 0;
}

static int two(const struct guess *g, const struct text_dialect *a,
	       const struct text_dialect *b)
{
	err_set(ERR_USAGE, "%s: both %s (%s) and %s (%s) could be meant", g->name, a->name,
		a->shape, b->name, b->shape);
	err_hint("say -f %s or -f %s", a->name, b->name);
	return ERR_USAGE;
}

static int long_line(const struct guess *g)
{
	err_set(ERR_BAD_RECORD, "%s: line 1: no end of it within %zu bytes", g->name,
		g->head.len);
	err_hint("-f names the format");
	return ERR_BAD_RECORD;
}

static int none(const struct guess *g)
{
	struct bytes rest = g->head, line = {0};

	next_line(g, &rest, &line);
	if (line.len && memchr(line.ptr, '\0', line.len)) {
		err_set(ERR_BAD_RECORD, "%s: line 1: a NUL byte: this is no text", g->name);
		err_hint("-f pairs32 and -f pairs64 read integers, little-endian");
		return ERR_BAD_RECORD;
	}
	err_set(ERR_BAD_RECORD, "%s: neither el (%s) nor tsv (%s) nor another format:"
		" line 1: \"%s\"", g->name, edgelist_dialect.shape, tsv_dialect.shape,
		bytes_show(line));
	err_hint("-f names the format");
	return ERR_BAD_RECORD;
}

static int by_votes(struct guess *g, uint8_t *room, const struct votes *el,
		    const struct votes *tsv, bool differ)
{
	bool other = false;

	if (el->lines == 0 ||
	    (el->taken == 0 && tsv->taken == 0 && el->good == el->lines)) {
		g->dialect = &edgelist_dialect;
		return 0;
	}
	if (is_metis(g)) {
		g->dialect = &metis_dialect;
		return el->good == el->lines ? two(g, &edgelist_dialect, &metis_dialect) : 1;
	}
	if (tsv->good < tsv->lines && is_csv(g, room, &other) &&
	    (other || el->good < el->lines)) {
		g->dialect = &csv_dialect;
		return el->good == el->lines ? two(g, &edgelist_dialect, &csv_dialect) : 1;
	}
	if (differ && el->good == tsv->good)
		return two(g, &edgelist_dialect, &tsv_dialect);
	if (2 * el->good < el->lines && 2 * tsv->good < el->lines)
		return none(g);
	g->dialect = el->good > tsv->good || tsv->taken == 0 ?
		&edgelist_dialect : &tsv_dialect;
	return 1;
}

/* A first line that has no end here: only some formats have such lines. */
static int by_long_line(struct guess *g)
{
	g->dialect = is_graphml(g) ? &graphml_dialect :
		starts(g->head, "{\"") ? &jsonl_dialect : NULL;
	if (g->dialect)
		return 1;
	return starts(g->head, "<") || starts(g->head, "_:") ?
		two(g, &nt_dialect, &nq_dialect) : long_line(g);
}

int guess_dialect(struct guess *g, uint8_t *room)
{
	size_t mark = utf8_mark(g->head.ptr, g->head.len);
	struct votes el = {0}, tsv = {0};
	bool differ;

	g->head = bytes_of(g->head.ptr + mark, g->head.len - mark);
	differ = count_votes(g, room, &el, &tsv);

	if (!g->all && g->head.len && !memchr(g->head.ptr, '\n', g->head.len) &&
	    !starts(g->head, "#") && !starts(g->head, "%"))
		return by_long_line(g);
	g->dialect = named(g, &el);
	return g->dialect ? 1 : by_votes(g, room, &el, &tsv, differ);
}
