/* store/salvage_run.c
 *
 * Walks the tree of a run from its root with a path of nodes, as run_iter does,
 * but knows for each child the range of keys it holds: from its separator to the
 * next one's, or to where its parent's range ends.  A child that cannot be read is
 * that range as a hole.
 *
 * The superblock says how many nodes there are: a tree that claims more points
 * into itself and is given up, so that every walk ends.
 */
#include "store/salvage_run.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/run_inside.h"

struct step {
	struct run_node node;
	uint32_t i;			/* the child to go into next */
	struct bytes low, high;		/* what the node holds, in checked pages */
};

struct salvage_run {
	struct run *run;
	struct mem *mem;
	struct step path[RUN_LEVEL_MAX];
	uint32_t depth;			/* nodes on the path */
	uint64_t node_n;		/* gone into so far */
	bool begun;
	bool in_block;
	struct bytes low, high;		/* of the block at hand */
	uint64_t block_off;
	struct buf block, last;		/* its bytes; the last key given */
	struct rows rows;
	uint32_t interval;
	struct rows_some some;
	unsigned slot;
	char words[1024];
};

int salvage_run_open(struct salvage_run **out, struct run *r, struct mem *mem)
{
	struct salvage_run *s = mem_zalloc(mem, sizeof *s);

	if (!s)
		return ERR_MEMORY;
	s->run = r;
	s->mem = mem;
	s->block.mem = s->last.mem = s->some.keys.mem = mem;
	*out = s;
	return 0;
}

void salvage_run_close(struct salvage_run *s)
{
	if (!s)
		return;
	buf_release(&s->block);
	buf_release(&s->last);
	buf_release(&s->some.keys);
	mem_free(s->mem, s);
}

static bool is_damage(int r)
{
	return r == ERR_DAMAGED || r == ERR_NEWER;
}

/* R is why [LOW, HIGH) cannot be read; what was given of it stays given. */
static int hole(struct salvage_run *s, int r, struct bytes low, struct bytes high,
		struct salvage_hole *h)
{
	if (!is_damage(r))
		return r;
	snprintf(s->words, sizeof s->words, "%s", err_message());
	h->low = bytes_cmp(buf_bytes(&s->last), low) > 0 ? buf_bytes(&s->last) : low;
	h->high = high;
	h->words = s->words;
	return SALVAGE_HOLE;
}

/* Into the node or block C, which holds [LOW, HIGH). */
static int enter(struct salvage_run *s, const struct run_child *c, struct bytes low,
		 struct bytes high)
{
	struct step *step = &s->path[s->depth];
	int r;

	if (s->depth == s->run->level_n) {
		buf_clear(&s->block);
		r = run_block(s->run, c, &s->block, &s->rows);
		s->low = low;
		s->high = high;
		s->block_off = c->off;
		s->interval = 0;
		s->slot = s->some.n = 0;
		s->in_block = r == 0;
		return r;
	}
	if (++s->node_n > s->run->node_n)
		return err_set(ERR_DAMAGED, "%s: offset 0: more index nodes than the "
			       "superblock says", segment_path(s->run->segment));
	r = run_node(s->run, c, &step->node);
	step->i = 0;
	step->low = low;
	step->high = high;
	if (r == 0)
		s->depth++;
	return r;
}

/* Where child I of the step's node and its range are. */
static int child_range(struct salvage_run *s, const struct step *step, uint32_t i,
		       struct run_child *c, struct bytes *low, struct bytes *high)
{
	struct bytes below = run_below(s->run, s->depth - 1);
	struct run_child next;
	int r = run_child(s->run, &step->node, i, below, c, low);

	*high = step->high;
	if (r == 0 && i + 1 < step->node.child_n)
		r = run_child(s->run, &step->node, i + 1, below, &next, high);
	if (r == 0 && (bytes_cmp(*low, step->low) < 0 ||
		       (high->ptr && bytes_cmp(*low, *high) >= 0)))
		r = err_set(ERR_DAMAGED, "%s: offset %llu: separators are out of order",
			    segment_path(s->run->segment), (unsigned long long)
			    segment_file_off(s->run->segment, step->node.ptr));
	return r;
}

/* The next block: SALVAGE_ENTRY and it is entered, SALVAGE_HOLE, SALVAGE_END. */
static int next_block(struct salvage_run *s, struct salvage_hole *h)
{
	while (s->depth > 0) {
		struct step *step = &s->path[s->depth - 1];
		struct bytes low = step->low, high = step->high;
		struct run_child c;
		int r;

		if (step->i == step->node.child_n) {
			s->depth--;
			continue;
		}
		r = child_range(s, step, step->i++, &c, &low, &high);
		if (r < 0) {		/* no more to be learnt from this node */
			s->depth--;
			return hole(s, r, low.ptr ? low : step->low, step->high, h);
		}
		r = enter(s, &c, low, high);
		if (r < 0)
			return hole(s, r, low, high, h);
		if (s->in_block)
			return SALVAGE_ENTRY;
	}
	return SALVAGE_END;
}

static int begin(struct salvage_run *s, struct salvage_hole *h)
{
	struct bytes low = bytes_of("", 0), high = bytes_of(NULL, 0);
	int r;

	s->begun = true;
	if (s->run->root.stored_len == 0)
		return SALVAGE_END;
	r = enter(s, &s->run->root, low, high);
	if (r < 0)
		return hole(s, r, low, high, h);
	return s->in_block ? SALVAGE_ENTRY : next_block(s, h);
}

/* The row at hand, if it is where it may be. */
static int emit(struct salvage_run *s, struct entry *e)
{
	struct bytes key = rows_key(&s->some, s->slot);

	if (bytes_cmp(key, s->low) < 0 || (s->high.ptr && bytes_cmp(key, s->high) >= 0) ||
	    bytes_cmp(key, buf_bytes(&s->last)) <= 0) {
		err_set(ERR_DAMAGED, "rows are out of order");
		return run_damaged(s->run, s->run->data, s->block_off);
	}
	*e = s->some.slot[s->slot++].entry;
	e->space = rows_space(key.ptr);
	e->key = bytes_of(key.ptr + 4, key.len - 4);
	if (e->version == 0)
		e->version = s->run->info.bulk_version;
	buf_clear(&s->last);
	return buf_add(&s->last, key.ptr, key.len);
}

/* 1 and an entry of the block at hand, 0 no more in it. */
static int next_row(struct salvage_run *s, struct entry *e)
{
	int r;

	while (s->slot == s->some.n) {
		if (s->interval == s->rows.restart_n)
			return 0;
		r = rows_decode(&s->rows, s->interval++, &s->some);
		s->slot = 0;
		if (r < 0)
			return r == ERR_DAMAGED ?
				run_damaged(s->run, s->run->data, s->block_off) : r;
	}
	r = emit(s, e);
	return r < 0 ? r : 1;
}

int salvage_run_next(struct salvage_run *s, struct entry *e, struct salvage_hole *h)
{
	int r = s->begun ? SALVAGE_ENTRY : begin(s, h);

	while (r == SALVAGE_ENTRY) {
		if (s->in_block) {
			r = next_row(s, e);
			if (r == 1)
				return SALVAGE_ENTRY;
			s->in_block = false;
			if (r < 0)
				return hole(s, r, s->low, s->high, h);
		}
		r = next_block(s, h);
	}
	return r;
}
