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

int fields_nodes(uint64_t n, uint8_t *room, struct text_edge *out)
{
	if (n == 0)
		return 0;
	*out = (struct text_edge){0};
	text_key_number(&out->src, 1, &room);
	text_key_number(&out->dst, n, &room);
	return TEXT_NODES;
}
