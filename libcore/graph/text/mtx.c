/* graph/text/mtx.c - mtx: Matrix Market, coordinate format
 *
 *	%%MatrixMarket matrix coordinate FIELD SYMMETRY
 *	% comments, perhaps %%GraphBLAS type TYPE
 *	ROWS COLUMNS ENTRIES
 *	ROW COLUMN [VALUE]		ENTRIES times; from 1
 *
 * Row and column are source and target; both are numbers of the same nodes.  An
 * entry of a symmetric matrix is an undirected edge; of a skew-symmetric one two
 * arcs, of opposite weights.  Without the first line it is real (or pattern, by
 * its entries) and general.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>

#include "base/err.h"
#include "graph/text/fields.h"
#include "graph/text/weight.h"

enum field { ANY, PATTERN, INTEGER, REAL };
enum symmetry { GENERAL, SYMMETRIC, SKEW };

struct range {
	const char *type;		/* of a %%GraphBLAS line */
	int64_t least, most;		/* both 0: any */
};

struct mtx {
	struct text_state text;
	bool begun, sized;
	enum field field;
	enum symmetry symmetry;
	struct range range;
	uint64_t row_n, column_n, entry_n, seen_n;
	bool back;			/* the arc back is due: it is EDGE */
	struct text_edge edge;
};

static bool is(struct bytes field, const char *word)
{
	for (size_t i = 0; i < field.len; i++)
		if (!word[i] || strncasecmp((const char *)field.ptr + i, word + i, 1))
			return false;
	return !word[field.len];
}

static int bad_word(const char *what, struct bytes word, bool known)
{
	if (known)
		return err_set(ERR_UNSUPPORTED, "%s \"%s\" cannot be read as a graph", what,
			       bytes_show(word));
	return err_set(ERR_BAD_RECORD, "%s \"%s\" is unknown to Matrix Market", what,
		       bytes_show(word));
}

static int take_field(struct mtx *s, struct bytes word)
{
	if (is(word, "pattern"))
		s->field = PATTERN;
	else if (is(word, "integer"))
		s->field = INTEGER;
	else if (is(word, "real") || is(word, "double"))
		s->field = REAL;
	else
		return bad_word("the field", word, is(word, "complex"));
	return 0;
}

static int take_symmetry(struct mtx *s, struct bytes word)
{
	if (is(word, "general"))
		s->symmetry = GENERAL;
	else if (is(word, "symmetric"))
		s->symmetry = SYMMETRIC;
	else if (is(word, "skew-symmetric"))
		s->symmetry = SKEW;
	else
		return bad_word("the symmetry", word, is(word, "hermitian"));
	if (s->symmetry == SKEW && s->field == PATTERN)
		return err_set(ERR_BAD_RECORD, "a skew-symmetric pattern has no signs");
	return 0;
}

/* Behind %%MatrixMarket. */
static int banner(struct mtx *s, struct bytes rest)
{
	struct bytes word = fields_next(&rest);
	int r;

	if (!is(word, "matrix"))
		return bad_word("the object", word, is(word, "vector"));
	word = fields_next(&rest);
	if (!is(word, "coordinate"))
		return bad_word("the format", word, is(word, "array"));
	r = take_field(s, fields_next(&rest));
	if (r == 0)
		r = take_symmetry(s, fields_next(&rest));
	if (r == 0 && !fields_end(rest))
		r = err_set(ERR_BAD_RECORD, "expected %%%%MatrixMarket matrix coordinate"
			    " FIELD SYMMETRY");
	return r;
}

/* Behind %%GraphBLAS: "type" and the type of the values, or a comment. */
static int value_type(struct mtx *s, struct bytes rest)
{
	static const struct range types[] = {
		{ "bool", 0, 1 }, { "int8_t", INT8_MIN, INT8_MAX },
		{ "int16_t", INT16_MIN, INT16_MAX }, { "int32_t", INT32_MIN, INT32_MAX },
		{ "int64_t", INT64_MIN, INT64_MAX }, { "uint8_t", 0, UINT8_MAX },
		{ "uint16_t", 0, UINT16_MAX }, { "uint32_t", 0, UINT32_MAX },
		{ "uint64_t", 0, INT64_MAX }, { "float", 0, 0 }, { "double", 0, 0 },
	};
	struct bytes word = fields_next(&rest);

	if (!is(word, "type"))
		return 0;
	word = fields_next(&rest);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (!is(word, types[i].type))
			continue;
		s->range = types[i];
		if (s->symmetry == SKEW && types[i].most && types[i].least == 0)
			return err_set(ERR_BAD_RECORD, "skew-symmetric of the unsigned type"
				       " %s", types[i].type);
		return 0;
	}
	return bad_word("the type", word, false);
}

static int comment(struct mtx *s, struct bytes line, bool first)
{
	struct bytes rest = line, word = fields_next(&rest);

	if (first && is(word, "%%MatrixMarket"))
		return banner(s, rest);
	if (!s->sized && is(word, "%%GraphBLAS"))
		return value_type(s, rest);
	return 0;
}

static int size(struct mtx *s, struct bytes rest, uint8_t *room, struct text_edge *out)
{
	if (!fields_number(fields_next(&rest), &s->row_n) ||
	    !fields_number(fields_next(&rest), &s->column_n) ||
	    !fields_number(fields_next(&rest), &s->entry_n) || !fields_end(rest))
		return err_set(ERR_BAD_RECORD, "expected ROWS COLUMNS ENTRIES");
	s->sized = true;
	if (s->symmetry != GENERAL && s->row_n != s->column_n)
		return err_set(ERR_BAD_RECORD, "a symmetric matrix that is not square");
	if (s->row_n != s->column_n)
		snprintf(s->text.note, sizeof s->text.note, "%" PRIu64 " rows and %" PRIu64
			 " columns: both are taken as numbers of the same nodes", s->row_n,
			 s->column_n);
	s->text.direction = s->symmetry == SYMMETRIC ? TEXT_UNDIRECTED : TEXT_DIRECTED;
	return fields_nodes(1, s->row_n > s->column_n ? s->row_n : s->column_n, s->entry_n,
			    room, out);
}

/* --- entries --- */

static int value(const struct mtx *s, struct bytes field, struct text_value *out)
{
	int r;

	if (s->field == PATTERN || (s->field == ANY && !field.len))
		return 0;
	r = s->field == INTEGER ? weight_parse(field, out) : weight_parse_real(field, out);
	if (r < 0)
		return r;
	if (s->field == INTEGER && out->kind != TEXT_INTEGER)
		return err_set(ERR_BAD_RECORD, "the value \"%s\" is no integer",
			       bytes_show(field));
	if (out->kind == TEXT_INTEGER && s->range.most &&
	    (out->i < s->range.least || out->i > s->range.most))
		return err_set(ERR_BAD_RECORD, "the value %" PRId64 " is out of the range of"
			       " %s", out->i, s->range.type);
	return 0;
}

/* The arc from column to row. */
static int turn_back(struct mtx *s, const struct text_edge *e)
{
	struct text_value *v = &s->edge.value;

	s->back = e->src.number != e->dst.number &&
		(s->symmetry == SKEW || (s->symmetry == SYMMETRIC && s->text.arcs));
	s->edge = *e;
	s->edge.src = e->dst;
	s->edge.dst = e->src;
	if (s->symmetry != SKEW)
		return TEXT_EDGE;
	if (e->src.number == e->dst.number && (v->i || fpclassify(v->r) != FP_ZERO))
		return err_set(ERR_BAD_RECORD, "a diagonal entry of a skew-symmetric matrix");
	if (v->i == INT64_MIN)
		return err_set(ERR_BAD_RECORD, "the opposite of %" PRId64 " is over 64 bits",
			       v->i);
	v->i = -v->i;
	v->r = -v->r;
	return TEXT_EDGE;
}

static int entry(struct mtx *s, struct bytes rest, uint8_t *room, struct text_edge *out)
{
	struct bytes field;

	*out = (struct text_edge){0};
	if (s->seen_n == s->entry_n) {
		s->text.strict = true;
		return err_set(ERR_BAD_RECORD, "more than the %" PRIu64 " entries of the"
			       " size line", s->entry_n);
	}
	s->seen_n++;
	if (fields_node(fields_next(&rest), "row", s->row_n, &room, &out->src) < 0 ||
	    fields_node(fields_next(&rest), "column", s->column_n, &room, &out->dst) < 0)
		return ERR_BAD_RECORD;
	field = s->field == PATTERN ? (struct bytes){0} : fields_next(&rest);
	if (!fields_end(rest) || (!field.len && s->field != PATTERN && s->field != ANY))
		return err_set(ERR_BAD_RECORD, "expected ROW COLUMN%s",
			       s->field == PATTERN ? "" : " VALUE");
	if (value(s, field, &out->value) < 0)
		return ERR_BAD_RECORD;
	return turn_back(s, out);
}

static int mtx_take(void *state, const struct text_piece *p, uint8_t *room,
		    struct text_edge *out)
{
	struct mtx *s = state;
	bool first = !s->begun;

	s->begun = true;
	s->back = false;
	s->text.strict = !s->sized;
	if (p->bytes.len && p->bytes.ptr[0] == '%')
		return comment(s, p->bytes, first);
	if (fields_end(p->bytes))
		return 0;
	return s->sized ? entry(s, p->bytes, room, out) : size(s, p->bytes, room, out);
}

static int mtx_more(void *state, uint8_t *room, struct text_edge *out)
{
	struct mtx *s = state;

	(void)room;
	if (!s->back)
		return 0;
	s->back = false;
	*out = s->edge;
	return TEXT_EDGE;
}

static int mtx_finish(void *state, uint8_t *room, struct text_edge *out)
{
	struct mtx *s = state;

	(void)room;
	(void)out;
	if (!s->sized)
		return err_set(ERR_CUT_OFF, "the input ends before its size line");
	if (s->seen_n == s->entry_n)
		return 0;
	return err_set(ERR_CUT_OFF, "the input ends after %" PRIu64 " of %" PRIu64
		       " entries", s->seen_n, s->entry_n);
}

const struct text_dialect mtx_dialect = {
	.name = "mtx", .shape = "ROW COLUMN [VALUE]", .state_len = sizeof(struct mtx),
	.take = mtx_take, .more = mtx_more, .finish = mtx_finish,
};
