/* graph/text/metis.c - metis: a line of neighbours a node, as METIS and DIMACS10
 *
 *	% comments
 *	NODES EDGES [FMT [WEIGHTS]]
 *	[WEIGHT...] (NEIGHBOUR [WEIGHT])...	NODES times; from 1; may be empty
 *
 * FMT is up to three digits: node sizes, node weights (WEIGHTS a node, else 1),
 * edge weights.  "100" alone is what the 10th DIMACS challenge made it: there may
 * be loops and equal edges, and EDGES counts what the lines hold.  Every edge is
 * in the lines of both its ends; it is given once, from the lesser.  That both say
 * the same is checked by a sum over hashes of either side.
 *
 * As arcs, what is in a line is an arc; then EDGES may be their number.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "graph/text/fields.h"
#include "graph/text/weight.h"

struct metis {
	struct text_state text;
	uint64_t node_n, edge_n, weight_n;
	bool headed, edge_weights, loose;	/* loose: fmt 100 */
	bool comment;				/* in a line that is one */
	struct bytes rest;			/* of the piece */
	bool last;				/* it ends its line */
	uint64_t node, skip_n;			/* whose line; weights of it to come */
	uint64_t neighbour;			/* 0: else its weight is in the next piece */
	uint64_t entry_n, loop_n;
	uint64_t up, down;			/* sums over what is given, and what is not */
};

static int take_fmt(struct metis *s, struct bytes fmt, struct bytes weights)
{
	uint64_t digits;

	if (!fields_number(fmt, &digits) || digits > 111 || digits % 10 > 1 ||
	    digits / 10 % 10 > 1)
		return err_set(ERR_BAD_RECORD, "the FMT \"%s\" is not of 0 and 1",
			       bytes_show(fmt));
	s->loose = digits == 100;
	if (digits > 100)
		return err_set(ERR_UNSUPPORTED, "the FMT \"%s\": node sizes cannot be read",
			       bytes_show(fmt));
	s->edge_weights = digits % 10;
	s->weight_n = digits / 10 % 10;
	if (weights.len && (!fields_number(weights, &digits) || digits > 1000))
		return err_set(ERR_BAD_RECORD, "\"%s\" weights a node", bytes_show(weights));
	if (weights.len && s->weight_n)
		s->weight_n = digits;
	if (s->weight_n)
		snprintf(s->text.note, sizeof s->text.note, "node weights are left out");
	return 0;
}

static int header(struct metis *s, struct bytes rest, uint8_t *room, struct text_edge *out)
{
	struct bytes fmt, weights;
	int r = 0;

	if (!fields_number(fields_next(&rest), &s->node_n) ||
	    !fields_number(fields_next(&rest), &s->edge_n))
		return err_set(ERR_BAD_RECORD, "expected NODES EDGES [FMT [WEIGHTS]]");
	fmt = fields_next(&rest);
	weights = fields_next(&rest);
	if (!fields_end(rest))
		return err_set(ERR_BAD_RECORD, "expected NODES EDGES [FMT [WEIGHTS]]");
	if (fmt.len)
		r = take_fmt(s, fmt, weights);
	s->headed = true;
	s->text.direction = TEXT_UNDIRECTED;
	return r < 0 ? r : fields_nodes(1, s->node_n, s->edge_n, room, out);
}

/* --- neighbours --- */

static uint64_t sum_of(uint64_t a, uint64_t b, const struct text_value *v)
{
	uint64_t bits = (uint64_t)v->i;

	if (v->kind == TEXT_REAL)
		memcpy(&bits, &v->r, sizeof bits);
	return hash_u64(hash_u64(hash_u64(a) + b) + bits);
}

/* Is this the one of an edge's two entries that is given? */
static bool given(struct metis *s, uint64_t to, const struct text_value *v)
{
	s->entry_n++;
	if (to == s->node)
		s->loop_n++;
	else if (s->node < to)
		s->up += sum_of(s->node, to, v);
	else
		s->down += sum_of(to, s->node, v);
	return s->text.arcs || s->node <= to;
}

/* The node weights at the beginning of a line. */
static int skip_weights(struct metis *s)
{
	struct text_value v;

	while (s->skip_n > 0) {
		struct bytes field = fields_next(&s->rest);

		if (!field.len)
			return s->last ? err_set(ERR_BAD_RECORD, "%" PRIu64 " of the node's"
						 " weights missing", s->skip_n) : 0;
		if (weight_parse(field, &v) < 0)
			return ERR_BAD_RECORD;
		s->skip_n--;
	}
	return 0;
}

/* 1 and a neighbour in s->neighbour, its weight in OUT; 0 at the end of the piece. */
static int neighbour(struct metis *s, uint8_t **room, struct text_edge *out)
{
	struct bytes field;

	out->value.kind = TEXT_NO_VALUE;
	if (!s->neighbour) {
		field = fields_next(&s->rest);
		if (!field.len)
			return 0;
		if (fields_node(field, "neighbour", s->node_n, room, &out->dst) < 0)
			return ERR_BAD_RECORD;
		s->neighbour = out->dst.number;
	} else {
		text_key_number(&out->dst, s->neighbour, room);
	}
	if (!s->edge_weights)
		return 1;
	field = fields_next(&s->rest);
	if (field.len)
		return weight_parse(field, &out->value) < 0 ? ERR_BAD_RECORD : 1;
	return s->last ? err_set(ERR_BAD_RECORD, "no weight behind the neighbour %" PRIu64,
				 s->neighbour) : 0;
}

static int metis_more(void *state, uint8_t *room, struct text_edge *out)
{
	struct metis *s = state;
	uint8_t *at;
	int r;

	*out = (struct text_edge){0};
	if (s->comment)
		return 0;
	r = skip_weights(s);
	if (r < 0)
		return r;
	while (at = room, (r = neighbour(s, &at, out)) > 0) {
		uint64_t to = s->neighbour;

		s->neighbour = 0;
		if (!given(s, to, &out->value))
			continue;
		text_key_number(&out->src, s->node, &at);
		return TEXT_EDGE;
	}
	return r;
}

static int next_node(struct metis *s, struct bytes line)
{
	if (s->node == s->node_n) {
		if (fields_end(line))
			return 0;
		return err_set(ERR_BAD_RECORD, "more than the %" PRIu64 " lines of nodes that"
			       " the header says", s->node_n);
	}
	s->node++;
	s->skip_n = s->weight_n;
	s->neighbour = 0;
	return 0;
}

static int metis_take(void *state, const struct text_piece *p, uint8_t *room,
		      struct text_edge *out)
{
	struct metis *s = state;
	int r = 0;

	s->text.strict = true;		/* a line that is left out would shift the others */
	s->rest = p->bytes;
	s->last = p->last;
	if (p->first)
		s->comment = p->bytes.len && p->bytes.ptr[0] == '%';
	if (s->comment)
		return 0;
	if (!s->headed) {
		s->rest = (struct bytes){0};
		return fields_end(p->bytes) ? 0 : header(s, p->bytes, room, out);
	}
	if (p->first)
		r = next_node(s, p->bytes);
	return r < 0 ? r : metis_more(s, room, out);
}

static int check_counts(const struct metis *s)
{
	uint64_t edges = (s->entry_n - s->loop_n) / 2 + s->loop_n;

	if (s->loose ? s->edge_n == s->entry_n : s->edge_n == edges)
		return 0;
	if (s->text.arcs && s->edge_n == s->entry_n)
		return 0;
	return err_set(ERR_BAD_RECORD, "the header says %" PRIu64 " edges, the lines hold %"
		       PRIu64, s->edge_n, s->loose || s->text.arcs ? s->entry_n : edges);
}

static int metis_finish(void *state, uint8_t *room, struct text_edge *out)
{
	struct metis *s = state;

	(void)room;
	(void)out;
	s->text.strict = true;
	if (!s->headed)
		return err_set(ERR_CUT_OFF, "the input ends before its header");
	if (s->node < s->node_n)
		return err_set(ERR_CUT_OFF, "the input ends after the lines of %" PRIu64
			       " of %" PRIu64 " nodes", s->node, s->node_n);
	if (s->up != s->down && !s->text.arcs) {
		err_set(ERR_BAD_RECORD, "edges that are not in the lines of both ends");
		err_hint("--directed takes what is in a line as an arc");
		return ERR_BAD_RECORD;
	}
	return check_counts(s);
}

const struct text_dialect metis_dialect = {
	.name = "metis", .shape = "a line of neighbours a node", .frame = TEXT_PIECES,
	.state_len = sizeof(struct metis), .take = metis_take, .more = metis_more,
	.finish = metis_finish,
};
