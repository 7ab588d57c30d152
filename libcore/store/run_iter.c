/* store/run_iter.c - a run's entries in order, either way
 *
 * Rows are decoded an interval (16 rows) at a time, so that going backwards costs
 * what going forwards does.  The place is a path of nodes down to a block, an
 * interval in it and a slot in that.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/run_inside.h"

struct step {
	struct run_node node;
	uint32_t i;		/* the child gone into */
};

#define BEHIND (4u << 20)	/* bytes read before they are let go */

struct run_iter {
	struct iter iter;
	struct run *run;
	struct mem *mem;
	bool reverse;
	int failed;
	struct step path[RUN_LEVEL_MAX];
	struct run_child at;	/* the data block */
	uint64_t behind;	/* data before it was let go */
	struct buf block;	/* it, unpacked */
	struct rows rows;
	uint32_t interval;
	struct rows_some some;
	unsigned slot;		/* the next going forwards; one past it in reverse */
	struct buf edge;	/* the last key of the interval before */
};

static int load_block(struct run_iter *it)
{
	buf_clear(&it->block);
	return run_block(it->run, &it->at, &it->block, &it->rows);
}

static int load_interval(struct run_iter *it, uint32_t interval)
{
	int r = rows_decode(&it->rows, interval, &it->some);

	it->interval = interval;
	return r == ERR_DAMAGED ? run_damaged(it->run, it->run->data, it->at.off) : r;
}

enum side { LEFT, RIGHT, BY_KEY };

/* From the path's LEVEL down to a data block. */
static int descend(struct run_iter *it, uint32_t level, struct run_child c,
		   enum side side, struct bytes key)
{
	int r = 0;

	for (; r == 0 && level < it->run->level_n; level++) {
		struct step *s = &it->path[level];

		r = run_node(it->run, &c, &s->node);
		if (r < 0)
			break;
		s->i = side == RIGHT ? s->node.child_n - 1 : 0;
		if (side == BY_KEY)
			r = run_find_child(it->run, &s->node, key, &s->i);
		if (r == 0)
			r = run_child(it->run, &s->node, s->i, run_below(it->run, level),
				      &c, NULL);
	}
	it->at = c;
	return r < 0 ? r : load_block(it);
}

/* Whoever reads all of a run does not fill the memory with it. */
static void forget_behind(struct run_iter *it)
{
	if (it->reverse || it->at.off < it->behind || it->at.off - it->behind < BEHIND)
		return;
	segment_done(it->run->segment, it->run->data.ptr + it->behind,
		     it->at.off - it->behind);
	it->behind = it->at.off;
}

/* 1 and the block beside this one is loaded, 0 there is none. */
static int next_block(struct run_iter *it)
{
	uint32_t level = it->run->level_n;

	forget_behind(it);
	while (level-- > 0) {
		struct step *s = &it->path[level];
		struct run_child c;
		int r;

		if (it->reverse ? s->i == 0 : s->i + 1 == s->node.child_n)
			continue;
		s->i += it->reverse ? UINT32_MAX : 1;
		r = run_child(it->run, &s->node, s->i, run_below(it->run, level), &c, NULL);
		if (r == 0)
			r = descend(it, level + 1, c, it->reverse ? RIGHT : LEFT,
				    bytes_of(NULL, 0));
		return r < 0 ? r : 1;
	}
	return 0;
}

static int keep_edge(struct run_iter *it)
{
	struct bytes key = rows_key(&it->some, it->reverse ? 0 : it->some.n - 1);

	buf_clear(&it->edge);
	return buf_add(&it->edge, key.ptr, key.len);
}

static int check_edge(struct run_iter *it)
{
	struct bytes key = rows_key(&it->some, it->reverse ? it->some.n - 1 : 0);
	int c = bytes_cmp(key, buf_bytes(&it->edge));

	if (it->reverse ? c < 0 : c > 0)
		return 1;
	err_set(ERR_DAMAGED, "rows are out of order");
	return run_damaged(it->run, it->run->data, it->at.off);
}

/* 1 and the interval beside this one is decoded, 0 at the end. */
static int next_interval(struct run_iter *it)
{
	uint32_t interval = it->interval + (it->reverse ? UINT32_MAX : 1);
	bool inside = it->reverse ? it->interval > 0 : interval < it->rows.restart_n;
	int r = keep_edge(it);

	if (r == 0 && !inside) {
		r = next_block(it);
		if (r <= 0)
			return r;
		interval = it->reverse ? it->rows.restart_n - 1 : 0;
	}
	if (r >= 0)
		r = load_interval(it, interval);
	if (r < 0)
		return r;
	it->slot = it->reverse ? it->some.n : 0;
	return check_edge(it);
}

static int emit(struct run_iter *it, unsigned slot, struct entry *out)
{
	struct bytes key = rows_key(&it->some, slot);

	*out = it->some.slot[slot].entry;
	out->space = rows_space(key.ptr);
	out->key = bytes_of(key.ptr + 4, key.len - 4);
	if (out->version == 0)
		out->version = it->run->info.bulk_version;
	return 1;
}

static int run_iter_next(struct iter *iter, struct entry *out)
{
	struct run_iter *it = (struct run_iter *)iter;
	int r = it->failed;

	if (r < 0 || it->some.n == 0)	/* 0 only in a run without rows */
		return r;
	if (it->reverse ? it->slot == 0 : it->slot == it->some.n) {
		r = next_interval(it);
		if (r < 0)
			it->failed = r;
		if (r <= 0)
			return r;
	}
	return emit(it, it->reverse ? --it->slot : it->slot++, out);
}

static void run_iter_close(struct iter *iter)
{
	struct run_iter *it = (struct run_iter *)iter;

	buf_release(&it->block);
	buf_release(&it->some.keys);
	buf_release(&it->edge);
	mem_free(it->mem, it);
}

static const struct iter_ops run_iter_ops = { run_iter_next, run_iter_close };

/* Slot of the first key at or after KEY: the block's and interval's choice made
 * sure that the one before it, if any, is in this interval or before it. */
static int seek(struct run_iter *it, struct bytes key)
{
	long interval;
	int r = descend(it, 0, it->run->root, BY_KEY, key);

	if (r < 0)
		return r;
	interval = rows_interval(&it->rows, key);
	if (interval == ERR_DAMAGED)
		return run_damaged(it->run, it->run->data, it->at.off);
	r = interval < 0 ? (int)interval : load_interval(it, (uint32_t)interval);
	while (r == 0 && it->slot < it->some.n &&
	       bytes_cmp(rows_key(&it->some, it->slot), key) < 0)
		it->slot++;
	return r;
}

static int begin(struct run_iter *it, const struct iter_from *from)
{
	struct buf key = { .mem = it->mem };
	int r;

	if (it->run->root.stored_len == 0)
		return 0;
	r = rows_make_key(&key, from->space, from->key);
	if (r == 0)
		r = seek(it, buf_bytes(&key));
	buf_release(&key);
	return r;
}

int run_iter(struct iter **out, struct run *r, const struct iter_from *from,
	     struct mem *mem)
{
	struct run_iter *it = mem_zalloc(mem, sizeof *it);
	int e;

	if (!it)
		return ERR_MEMORY;
	it->iter.ops = &run_iter_ops;
	it->run = r;
	it->mem = mem;
	it->reverse = from->reverse;
	it->block.mem = it->some.keys.mem = it->edge.mem = mem;
	e = begin(it, from);
	if (e < 0) {
		run_iter_close(&it->iter);
		return e;
	}
	it->behind = it->at.off;
	*out = &it->iter;
	return 0;
}
