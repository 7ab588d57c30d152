/* graph/text/adj.c - adj: AdjacencyGraph of Ligra and GBBS
 *
 *	AdjacencyGraph | WeightedAdjacencyGraph
 *	NODES ARCS
 *	the place of each node's first arc, from 0
 *	the target of each arc, from 0
 *	the weight of each arc, in a WeightedAdjacencyGraph
 *
 * in fields between blanks or line ends.  The places are held in memory, and for
 * weights the targets too: 8 bytes each.
 */
#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/text/fields.h"
#include "graph/text/weight.h"

struct adj {
	struct text_state text;
	bool weighted, headed;
	uint64_t field_n;		/* behind the word */
	uint64_t node_n, arc_n;
	struct buf places, targets;	/* uint64_t each */
	uint64_t node;			/* of the arc */
	struct bytes rest;
};

static uint64_t at(const struct buf *b, uint64_t i)
{
	return ((const uint64_t *)(const void *)b->ptr)[i];
}

/* Every field behind the word has a number: NODES is 0, ARCS 1, and so on. */
static uint64_t field_most(const struct adj *s)
{
	return 2 + s->node_n + s->arc_n + (s->weighted ? s->arc_n : 0);
}

static int word(struct adj *s, struct bytes field)
{
	s->text.strict = true;
	s->places.mem = s->targets.mem = s->text.mem;
	s->weighted = bytes_equal(field, bytes_str("WeightedAdjacencyGraph"));
	s->headed = s->weighted || bytes_equal(field, bytes_str("AdjacencyGraph"));
	return s->headed ? 0 : err_set(ERR_BAD_RECORD, "expected AdjacencyGraph or"
				       " WeightedAdjacencyGraph");
}

static int place(struct adj *s, uint64_t v)
{
	uint64_t n = s->places.len / 8;

	if (v > s->arc_n || (n > 0 && v < at(&s->places, n - 1)) || (n == 0 && v > 0))
		return err_set(ERR_BAD_RECORD, "the place %" PRIu64 " of node %" PRIu64
			       " is not in order, or over %" PRIu64, v, n, s->arc_n);
	return buf_add(&s->places, &v, sizeof v);
}

static int arc(struct adj *s, uint64_t i, uint64_t to, uint8_t *room, struct text_edge *out)
{
	while (s->node + 1 < s->node_n && at(&s->places, s->node + 1) <= i)
		s->node++;
	text_key_number(&out->src, s->node, &room);
	text_key_number(&out->dst, to, &room);
	return TEXT_EDGE;
}

static int count(struct adj *s, uint64_t v, uint8_t *room, struct text_edge *out)
{
	if (s->field_n == 1) {
		s->node_n = v;
		return 0;
	}
	s->arc_n = v;
	if (s->node_n > UINT64_MAX / 8 || s->arc_n > UINT64_MAX / 8 ||
	    (s->arc_n && !s->node_n))
		return err_set(ERR_BAD_RECORD, "%" PRIu64 " nodes and %" PRIu64 " arcs",
			       s->node_n, s->arc_n);
	s->text.direction = TEXT_DIRECTED;
	return fields_nodes(0, s->node_n, s->arc_n, room, out);
}

static int target(struct adj *s, uint64_t i, uint64_t v, uint8_t *room,
		  struct text_edge *out)
{
	if (v >= s->node_n)
		return err_set(ERR_BAD_RECORD, "the target %" PRIu64 " is not below %" PRIu64,
			       v, s->node_n);
	return s->weighted ? buf_add(&s->targets, &v, sizeof v) : arc(s, i, v, room, out);
}

static int field(struct adj *s, struct bytes text, uint8_t *room, struct text_edge *out)
{
	uint64_t i = s->field_n, v;

	if (!s->headed)
		return word(s, text);
	if (i >= 2 && i >= field_most(s))
		return err_set(ERR_BAD_RECORD, "more than the header says");
	s->field_n++;
	if (i >= 2 + s->node_n + s->arc_n) {
		i -= 2 + s->node_n + s->arc_n;
		if (weight_parse(text, &out->value) < 0)
			return ERR_BAD_RECORD;
		return arc(s, i, at(&s->targets, i), room, out);
	}
	if (!fields_number(text, &v))
		return err_set(ERR_BAD_RECORD, "\"%s\" is no number", bytes_show(text));
	if (i < 2)
		return count(s, v, room, out);
	return i < 2 + s->node_n ? place(s, v) : target(s, i - 2 - s->node_n, v, room, out);
}

static int adj_more(void *state, uint8_t *room, struct text_edge *out)
{
	struct adj *s = state;
	struct bytes text;
	int r = 0;

	*out = (struct text_edge){0};
	while (r == 0 && (text = fields_next(&s->rest)).len)
		r = field(s, text, room, out);
	return r;
}

static int adj_take(void *state, const struct text_piece *p, uint8_t *room,
		    struct text_edge *out)
{
	struct adj *s = state;

	s->rest = p->bytes;
	return adj_more(s, room, out);
}

static int adj_finish(void *state, uint8_t *room, struct text_edge *out)
{
	struct adj *s = state;

	(void)room;
	(void)out;
	if (s->headed && s->field_n >= 2 && s->field_n == field_most(s))
		return 0;
	return err_set(ERR_CUT_OFF, "the input ends after %" PRIu64 " of %" PRIu64
		       " numbers", s->field_n, s->field_n < 2 ? 2 : field_most(s));
}

static void adj_release(void *state)
{
	struct adj *s = state;

	buf_release(&s->places);
	buf_release(&s->targets);
}

const struct text_dialect adj_dialect = {
	.name = "adj", .shape = "places, then targets", .frame = TEXT_PIECES,
	.state_len = sizeof(struct adj), .take = adj_take, .more = adj_more,
	.finish = adj_finish, .release = adj_release,
};
