/* graph/text/adjlist.c - adjlist: a node and its neighbours a line
 *
 *	# comments
 *	NODE [NEIGHBOUR...]
 *
 * as networkx writes it, and the vertex-based files of LDBC Graphalytics.  Each
 * neighbour is an arc; a node without any is a node.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/text/fields.h"

struct adjlist {
	struct text_state text;
	bool comment;
	struct bytes rest;
	uint8_t *node;			/* whose line; TEXT_KEY_MAX bytes */
	size_t node_len;
};

static int key_of(struct bytes field, struct text_key *out)
{
	if (field.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a key over %u bytes", TEXT_KEY_MAX);
	if (memchr(field.ptr, '\0', field.len))
		return err_set(ERR_BAD_RECORD, "a NUL byte: this is no text");
	out->bytes = field;
	out->is_number = text_number(field, &out->number);
	return 0;
}

static int adjlist_more(void *state, uint8_t *room, struct text_edge *out)
{
	struct adjlist *s = state;
	struct bytes field = fields_next(&s->rest);

	(void)room;
	if (!field.len)
		return 0;
	*out = (struct text_edge){0};
	if (key_of(bytes_of(s->node, s->node_len), &out->src) < 0 ||
	    key_of(field, &out->dst) < 0)
		return ERR_BAD_RECORD;
	return TEXT_EDGE;
}

static int take_node(struct adjlist *s, struct text_edge *out)
{
	struct bytes field = fields_next(&s->rest);

	*out = (struct text_edge){0};
	if (!field.len)
		return 0;
	if (!s->node && !(s->node = mem_alloc(s->text.mem, TEXT_KEY_MAX)))
		return ERR_MEMORY;
	if (key_of(field, &out->src) < 0)
		return ERR_BAD_RECORD;
	memcpy(s->node, field.ptr, field.len);
	s->node_len = field.len;
	return TEXT_NODE;
}

static int adjlist_take(void *state, const struct text_piece *p, uint8_t *room,
			struct text_edge *out)
{
	struct adjlist *s = state;
	struct bytes line = p->bytes;

	if (p->first)
		s->comment = line.len && line.ptr[0] == '#';
	s->rest = s->comment ? (struct bytes){0} : line;
	return p->first ? take_node(s, out) : adjlist_more(s, room, out);
}

static void adjlist_release(void *state)
{
	struct adjlist *s = state;

	mem_free(s->text.mem, s->node);
}

const struct text_dialect adjlist_dialect = {
	.name = "adjlist", .shape = "NODE [NEIGHBOUR...]", .frame = TEXT_PIECES,
	.state_len = sizeof(struct adjlist), .take = adjlist_take, .more = adjlist_more,
	.release = adjlist_release,
};
