/* graph/text/vertices.c - ldbc-v: a node a line, as LDBC Graphalytics has them
 *
 * The edges of such a graph are in a file of their own, in el.
 */
#include "base/err.h"
#include "graph/text/fields.h"

static int vertices_line(struct bytes line, uint8_t *room, struct text_edge *out)
{
	struct bytes field = fields_next(&line);

	(void)room;
	if (!field.len || field.ptr[0] == '#')
		return 0;
	if (!fields_end(line))
		return err_set(ERR_BAD_RECORD, "expected one node, found more fields");
	*out = (struct text_edge){0};
	out->src.bytes = field;
	out->src.is_number = text_number(field, &out->src.number);
	if (!out->src.is_number)
		return err_set(ERR_BAD_RECORD, "\"%s\" is no number below 2^64",
			       bytes_show(field));
	return TEXT_NODE;
}

const struct text_dialect vertices_dialect = {
	.name = "ldbc-v", .shape = "NODE", .line = vertices_line,
};
