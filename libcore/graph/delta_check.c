/* graph/delta_check.c - all rules of changes that lie in a segment */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/csr_inside.h"
#include "graph/delta_disk.h"
#include "graph/delta_segment.h"

struct checking {
	struct delta *d;
	struct csr *csr;
	const struct csr_over *o;
	struct prop_room room;
	uint64_t there_n;
};

static int damaged(const struct checking *k, const char *what)
{
	return err_set(ERR_DAMAGED, "%s: %s", segment_path(k->d->seg), what);
}

/* The list with its changes, each of which the list must then have, or not have. */
static int check_list(struct checking *k, uint32_t type, const struct over_row *row)
{
	uint64_t at = row->first, to, n = 0, stored_n = 0;
	const struct csr_over *o = k->o;
	struct csr_list l;
	int r = csr_stored_row(k->csr, type, row->node, &l);

	stored_n = r == 0 ? l.n : 0;
	if (r == 0)
		r = csr_row(k->csr, type, row->node, &l);
	while (r >= 0 && (r = csr_next(&l, &to)) > 0) {
		for (; at < row[1].first && (o->to[at] & ~OVER_GONE) <= to; at++)
			if ((o->to[at] & ~OVER_GONE) == to ? o->to[at] & OVER_GONE :
			    !(o->to[at] & OVER_GONE))
				return damaged(k, "a list is not as its changes say");
		n++;
	}
	for (; r == 0 && at < row[1].first; at++)
		if (!(o->to[at] & OVER_GONE))
			return damaged(k, "a list lacks what came");
	if (r == 0 && n != stored_n + (uint64_t)over_more(row))
		return damaged(k, "a list is of another length than its row says");
	return r;
}

/* Each row is found by its node; what its node's bit leads to is it. */
static int check_row(struct checking *k, uint32_t type, const struct over_row *row)
{
	const struct over_row *found;
	int r = over_find(k->o, type, row->node, &found);

	if (r >= 0 && found != row)
		return damaged(k, "a changed list is not found by its node");
	for (uint64_t i = row->first; r >= 0 && i < row[1].first; i++) {
		r = over_reach(k->o, &k->o->to[i], sizeof *k->o->to);
		k->there_n += r == 0 && !(k->o->to[i] & OVER_GONE);
	}
	return r < 0 ? r : check_list(k, type, row);
}

static int check_type(struct checking *k, uint32_t type)
{
	uint64_t first, end;
	int r = over_from(k->o, type, 0, true, &first, &end);

	for (uint64_t i = first; r == 0 && i < end; i++)
		r = check_row(k, type, &k->o->row[i]);
	return r;
}

static int check_ends(struct checking *k)
{
	const struct csr_over *o = k->o;
	uint64_t first, end;
	int r = over_reach(o, &o->row[o->row_n], sizeof *o->row);

	if (r == 0 && o->type_n)
		r = over_rows(o, o->type_n - 1, &first, &end);
	if (r == 0 && ((o->type_n && end != o->row_n) || o->row[o->row_n].first != o->edge_n ||
		       o->row[o->row_n].more != o->more || k->there_n != o->there_n))
		r = damaged(k, "lists and counts do not fit together");
	return r;
}

static int check_lists(struct checking *k, struct csr *csr)
{
	int r = 0;

	k->csr = csr;
	k->o = csr->over;
	k->there_n = 0;
	for (uint32_t t = 0; r == 0 && t < k->o->type_n; t++)
		r = check_type(k, t);
	return r == 0 ? check_ends(k) : r;
}

static int check_states(struct checking *k)
{
	struct over_walk w = { .o = k->d->of.out->over };
	struct prop_state state;
	struct over_edge e;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < k->d->nodes_n; i++)
		r = delta_node(k->d, k->d->nodes[i].id, &k->room, &state);
	while (r >= 0 && (r = over_next(&w, &e)) > 0)
		r = delta_edge(k->d, e.from, e.type, e.to, &k->room, &state);
	return r == ERR_DAMAGED ? damaged(k, "a state is malformed") : r;
}

int delta_check(struct delta *d)
{
	struct checking k = { .d = d };
	int r;

	prop_room_init(&k.room, d->mem);
	r = check_lists(&k, d->of.out);
	if (r == 0 && d->of.in)
		r = check_lists(&k, d->of.in);
	if (r == 0)
		r = check_states(&k);
	prop_room_release(&k.room);
	return r < 0 ? r : 0;
}
