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
		for (; at < row->end && over_target(o, at) <= to; at++)
			if ((over_target(o, at) == to) == over_gone(o, at))
				return damaged(k, "a list is not as its changes say");
		n++;
	}
	for (; r == 0 && at < row->end; at++)
		if (!over_gone(o, at))
			return damaged(k, "a list lacks what came");
	if (r == 0 && n != stored_n + (uint64_t)row->more)
		return damaged(k, "a list is of another length than its row says");
	return r;
}

/* Each row is found by its node; what its node's bit leads to is it. */
static int check_row(struct checking *k, uint32_t type, const struct over_row *row)
{
	struct over_row found;
	int r = over_find(k->o, type, row->node, &found);

	if (r == 0 || (r > 0 && found.first != row->first))
		return damaged(k, "a changed list is not found by its node");
	if (r > 0)
		r = over_reach_to(k->o, row->first, row->end);
	for (uint64_t i = row->first; r == 0 && i < row->end; i++)
		k->there_n += !over_gone(k->o, i);
	return r < 0 ? r : check_list(k, type, row);
}

static int check_type(struct checking *k, uint32_t type)
{
	uint64_t first, end, before = 0;
	struct over_row row = {0};
	int r = over_rows(k->o, type, &first, &end);

	if (r == 0)
		r = over_reach_rows(k->o, first, end);
	for (uint64_t i = first; r == 0 && i < end; i++, before = row.node) {
		r = over_take_row(k->o, i, &row);
		if (r == 0 && i > first && row.node <= before)
			r = damaged(k, "changed lists are out of order");
		if (r == 0)
			r = check_row(k, type, &row);
	}
	return r;
}

static int check_ends(struct checking *k)
{
	const struct csr_over *o = k->o;
	uint64_t first, end;
	int r = over_reach_rows(o, o->row_n, o->row_n);

	if (r == 0 && o->type_n)
		r = over_rows(o, o->type_n - 1, &first, &end);
	if (r == 0 && ((o->type_n && end != o->row_n) ||
		       over_row_first(o, o->row_n) != o->edge_n ||
		       over_before(o, o->row_n) != o->more || k->there_n != o->there_n))
		r = damaged(k, "lists and counts do not fit together");
	return r;
}

/* Each word says how many nodes with changes are before it. */
static int check_ranks(const struct checking *k)
{
	const struct csr_over *o = k->o;
	uint64_t rank = 0, n = 0;
	int r = 0;

	for (uint64_t b = 0; r == 0 && b < o->dir_n; b++) {
		const struct over_block *block = &o->block[o->dir[b] - 1];

		if (!o->dir[b])
			continue;
		n++;
		r = over_reach(o, block, sizeof *block);
		for (unsigned i = 0; r == 0 && i < OVER_WORDS; i++) {
			if (block->word[i].rank != rank)
				r = damaged(k, "its nodes with changes are counted wrong");
			rank += over_count(block->word[i].bits);
		}
	}
	if (r == 0 && (rank != o->node_n || n != o->block_n))
		r = damaged(k, "nodes with changes and counts do not fit together");
	return r;
}

static int check_lists(struct checking *k, struct csr *csr)
{
	int r;

	k->csr = csr;
	k->o = csr->over;
	k->there_n = 0;
	r = check_ranks(k);
	for (uint32_t t = 0; r == 0 && t < k->o->type_n; t++)
		r = check_type(k, t);
	return r == 0 ? check_ends(k) : r;
}

/* What lies behind numbers of a width. */
static int check_slack(const struct checking *k)
{
	static const unsigned tag[] = {
		DELTA_ROWS, DELTA_TO, DELTA_VALUES, DELTA_EDGE_STATES, DELTA_NODE_ROWS,
		DELTA_BY_NODE,
	};
	static const uint8_t zero[NARROW_SLACK];
	struct segment *seg = k->d->seg;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < 2 * sizeof tag / sizeof tag[0]; i++) {
		struct bytes all = segment_section(seg, tag[i / 2] + i % 2 * DELTA_LISTS);
		bool any = all.len >= NARROW_SLACK;
		const uint8_t *at = all.ptr + all.len - (any ? NARROW_SLACK : 0);

		r = any ? segment_check(seg, at, NARROW_SLACK) : 0;
		if (r == 0 && any && memcmp(at, zero, sizeof zero))
			r = damaged(k, "numbers without zeros behind them");
	}
	return r;
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
	r = check_slack(&k);
	if (r == 0)
		r = check_lists(&k, d->of.out);
	if (r == 0 && d->of.in)
		r = check_lists(&k, d->of.in);
	if (r == 0)
		r = check_states(&k);
	prop_room_release(&k.room);
	return r < 0 ? r : 0;
}
