/* graph/text/fields.c - numbers of nodes */
#include "graph/text/fields.h"

#include <inttypes.h>

#include "base/err.h"

int fields_node(struct bytes field, const char *name, uint64_t most, uint8_t **room,
		struct text_key *key)
{
	uint64_t number;

	if (!fields_number(field, &number))
		return err_set(ERR_BAD_RECORD, field.len ? "the %s \"%s\" is no number" :
			       "no %s%s", name, bytes_show(field));
	if (number < 1 || number > most)
		return err_set(ERR_BAD_RECORD, "the %s %" PRIu64 " is not in 1 to %" PRIu64,
			       name, number, most);
	text_key_number(key, number, room);
	return 0;
}

int fields_nodes(uint64_t first, uint64_t n, uint64_t edge_n, uint8_t *room,
		 struct text_edge *out)
{
	if (n == 0)
		return 0;
	if (n > FIELDS_NODES && n / 64 > edge_n)
		return err_set(ERR_BAD_RECORD, "%" PRIu64 " nodes for %" PRIu64 " edges: over"
			       " 2^24, and more than 64 an edge", n, edge_n);
	*out = (struct text_edge){0};
	text_key_number(&out->src, first, &room);
	text_key_number(&out->dst, first + n - 1, &room);
	return TEXT_NODES;
}
