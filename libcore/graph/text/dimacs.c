/* graph/text/dimacs.c - dimacs: shortest path (p sp, a) and colouring (p edge, e)
 *
 *	c a comment
 *	p sp NODES ARCS		a SRC DST WEIGHT	directed
 *	p edge NODES EDGES	e SRC DST		undirected (also: p col)
 */
#include "base/err.h"
#include "graph/text/fields.h"
#include "graph/text/weight.h"

#include <inttypes.h>
#include <stdio.h>

struct dimacs {
	struct text_state text;
	bool headed, edges;		/* edges: e lines */
	bool back;			/* the arc back of an edge is due: it is EDGE */
	struct text_edge edge;
	uint64_t node_n, edge_n, seen_n;
};

static bool is(struct bytes field, const char *word)
{
	return bytes_equal(field, bytes_str(word));
}

static int header(struct dimacs *s, struct bytes rest, uint8_t *room, struct text_edge *out)
{
	struct bytes kind = fields_next(&rest);

	if (s->headed)
		return err_set(ERR_BAD_RECORD, "a second p line");
	s->edges = is(kind, "edge") || is(kind, "col") || is(kind, "edges");
	if (!s->edges && !is(kind, "sp"))
		return err_set(is(kind, "max") || is(kind, "min") || is(kind, "asn") ||
			       is(kind, "cnf") ? ERR_UNSUPPORTED : ERR_BAD_RECORD,
			       "a problem \"%s\": p sp and p edge are read",
			       bytes_show(kind));
	if (!fields_number(fields_next(&rest), &s->node_n) ||
	    !fields_number(fields_next(&rest), &s->edge_n) || !fields_end(rest))
		return err_set(ERR_BAD_RECORD, "expected p %s NODES %s",
			       s->edges ? "edge" : "sp", s->edges ? "EDGES" : "ARCS");
	s->headed = true;
	s->text.direction = s->edges ? TEXT_UNDIRECTED : TEXT_DIRECTED;
	return fields_nodes(1, s->node_n, s->edge_n, room, out);
}

static int edge(struct dimacs *s, struct bytes rest, uint8_t *room, struct text_edge *out)
{
	struct bytes weight;

	*out = (struct text_edge){0};
	if (s->seen_n == s->edge_n) {
		s->text.strict = true;
		return err_set(ERR_BAD_RECORD, "more than the %" PRIu64 " %s of the header",
			       s->edge_n, s->edges ? "edges" : "arcs");
	}
	s->seen_n++;
	if (fields_node(fields_next(&rest), "source", s->node_n, &room, &out->src) < 0 ||
	    fields_node(fields_next(&rest), "target", s->node_n, &room, &out->dst) < 0)
		return ERR_BAD_RECORD;
	weight = fields_next(&rest);
	if (!fields_end(rest) || (s->edges && weight.len) || (!s->edges && !weight.len))
		return err_set(ERR_BAD_RECORD, "expected %s",
			       s->edges ? "e SRC DST" : "a SRC DST WEIGHT");
	if (weight.len && weight_parse(weight, &out->value) < 0)
		return ERR_BAD_RECORD;
	s->back = s->edges && s->text.arcs && out->src.number != out->dst.number;
	s->edge = *out;
	s->edge.src = out->dst;
	s->edge.dst = out->src;
	return TEXT_EDGE;
}

static int dimacs_take(void *state, const struct text_piece *p, uint8_t *room,
		       struct text_edge *out)
{
	struct dimacs *s = state;
	struct bytes rest = p->bytes, word = fields_next(&rest);

	s->back = false;
	if (!word.len || word.ptr[0] == 'c')
		return 0;
	s->text.strict = !s->headed;
	if (is(word, "p")) {
		s->text.strict = true;
		return header(s, rest, room, out);
	}
	if (!s->headed)
		return err_set(ERR_BAD_RECORD, "no p line before it");
	if (is(word, s->edges ? "e" : "a"))
		return edge(s, rest, room, out);
	if (is(word, "n") || is(word, "d") || is(word, "v") || is(word, "x"))
		return err_set(ERR_UNSUPPORTED, "a line \"%s\": only %s lines are read",
			       bytes_show(word), s->edges ? "e" : "a");
	return err_set(ERR_BAD_RECORD, "expected %s",
		       s->edges ? "e SRC DST" : "a SRC DST WEIGHT");
}

static int dimacs_more(void *state, uint8_t *room, struct text_edge *out)
{
	struct dimacs *s = state;

	(void)room;
	if (!s->back)
		return 0;
	s->back = false;
	*out = s->edge;
	return TEXT_EDGE;
}

static int dimacs_finish(void *state, uint8_t *room, struct text_edge *out)
{
	struct dimacs *s = state;

	(void)room;
	(void)out;
	if (!s->headed)
		return err_set(ERR_CUT_OFF, "the input ends before its p line");
	if (s->seen_n == s->edge_n)
		return 0;
	return err_set(ERR_CUT_OFF, "the input ends after %" PRIu64 " of %" PRIu64 " %s",
		       s->seen_n, s->edge_n, s->edges ? "edges" : "arcs");
}

const struct text_dialect dimacs_dialect = {
	.name = "dimacs", .shape = "a SRC DST WEIGHT, or e SRC DST",
	.state_len = sizeof(struct dimacs), .take = dimacs_take, .more = dimacs_more,
	.finish = dimacs_finish,
};
