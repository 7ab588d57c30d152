/* store/run_verify.c - every page, block, row and filter bit of a run
 *
 * First the pages by their checksums, past the page cache; then the tree is
 * walked from its root, so that a bad page is also told as the keys it hits.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/filter.h"
#include "store/run_inside.h"

struct check {
	struct run *run;
	void (*found)(void *ctx, uint64_t off, const char *words);
	void *ctx;
	int n;			/* faults */
	bool filter_bad;	/* told already */
	bool lost;		/* some rows were not reached */
	struct run_info count;	/* as counted */
	uint64_t block_n, node_n, data_end;
	struct buf block, last;
	struct rows_some some;
};

/* The keys LOW <= K < HIGH (ptr NULL: no bound) that a child holds. */
struct range {
	struct bytes low, high;
};

__attribute__((format(printf, 3, 4)))
static void tell(struct check *c, uint64_t off, const char *fmt, ...)
{
	char words[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	if (c->n < INT32_MAX)
		c->n++;
	c->found(c->ctx, off, words);
}

static void show_key(char out[320], struct bytes key)
{
	uint8_t space[4] = { 0 };

	if (key.len)
		memcpy(space, key.ptr, key.len < 4 ? key.len : 4);
	if (rows_space(space))
		snprintf(out, 320, "space %" PRIu32 " \"%s\"", rows_space(space),
			 bytes_show(key.len > 4 ? bytes_of(key.ptr + 4, key.len - 4)
						: bytes_of("", 0)));
	else
		snprintf(out, 320, "\"%s\"",
			 bytes_show(key.len > 4 ? bytes_of(key.ptr + 4, key.len - 4)
						: bytes_of("", 0)));
}

/* "keys from A to before B: WORDS" */
static void tell_range(struct check *c, uint64_t off, struct range in, const char *words)
{
	char low[320], high[320];

	show_key(low, in.low);
	show_key(high, in.high);
	if (!in.low.len && !in.high.ptr)
		tell(c, off, "all keys: %s", words);
	else if (!in.low.len)
		tell(c, off, "keys before %s: %s", high, words);
	else if (!in.high.ptr)
		tell(c, off, "keys from %s on: %s", low, words);
	else
		tell(c, off, "keys from %s to before %s: %s", low, high, words);
}

static uint64_t file_off(const struct check *c, struct bytes in, uint64_t off)
{
	return segment_file_off(c->run->segment, in.ptr) + off;
}

static void page_found(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	static const char *const in[] = { "", " of the blocks", " of the index",
					  " of the filter" };
	struct check *c = ctx;

	c->filter_bad |= tag == RUN_FILTER || off == 0;
	tell(c, off, "checksum of a page%s differs (expected %08" PRIx32 ", got %08" PRIx32 ")",
	     tag < 4 ? in[tag] : "", expected, got);
}

static int check_filter(struct check *c, struct bytes key, uint64_t off)
{
	struct run *r = c->run;
	uint64_t hash = run_hash(rows_space(key.ptr), bytes_of(key.ptr + 4, key.len - 4));
	const uint8_t *block = r->filter.ptr + FILTER_BLOCK *
		filter_place(r->filter.len / FILTER_BLOCK, hash);

	if (c->filter_bad)
		return 0;
	if (segment_check(r->segment, block, FILTER_BLOCK) < 0) {
		c->filter_bad = true;
		tell(c, file_off(c, r->filter, 0), "the filter cannot be read");
	} else if (!filter_test(block, hash)) {
		c->filter_bad = true;
		tell(c, off, "the filter denies key \"%s\"",
		     bytes_show(bytes_of(key.ptr + 4, key.len - 4)));
	}
	return 0;
}

static void count_row(struct check *c, const struct entry *e)
{
	struct run_info *i = &c->count;

	i->entry_n++;
	i->remove_n += e->kind == ENTRY_REMOVE;
	if (e->version && (i->version_min == 0 || e->version < i->version_min))
		i->version_min = e->version;
	if (e->version > i->version_max)
		i->version_max = e->version;
}

static int check_row(struct check *c, unsigned slot, struct range in, uint64_t off)
{
	struct bytes key = rows_key(&c->some, slot);

	if (bytes_cmp(key, in.low) < 0 || (in.high.ptr && bytes_cmp(key, in.high) >= 0))
		tell_range(c, off, in, "a row outside them");
	if (c->last.len && bytes_cmp(buf_bytes(&c->last), key) >= 0)
		tell_range(c, off, in, "rows are out of order");
	count_row(c, &c->some.slot[slot].entry);
	check_filter(c, key, off);
	buf_clear(&c->last);
	return buf_add(&c->last, key.ptr, key.len);
}

/* 1 when E is damage, which was told; then the rest can go on. */
static int told(struct check *c, int e, uint64_t off, struct range in)
{
	char words[512];

	if (e != ERR_DAMAGED && e != ERR_NEWER)
		return e < 0 ? e : 0;
	snprintf(words, sizeof words, "cannot be read: %.400s", err_message());
	tell_range(c, off, in, words);
	c->lost = true;
	return 1;
}

static int check_block(struct check *c, const struct run_child *child, struct range in)
{
	uint64_t off = file_off(c, c->run->data, child->off);
	struct rows rows;
	int r;

	if (child->off != c->data_end && !c->lost)
		tell(c, off, "a block does not follow the one before");
	c->data_end = child->off + child->stored_len;
	c->block_n++;
	buf_clear(&c->block);
	r = told(c, run_block(c->run, child, &c->block, &rows), off, in);
	for (uint32_t i = 0; r == 0 && i < rows.restart_n; i++) {
		r = told(c, rows_decode(&rows, i, &c->some), off, in);
		if (r == 0 && i + 1 < rows.restart_n && c->some.n != RUN_RESTART)
			tell_range(c, off, in, "too few rows to a restart");
		for (unsigned k = 0; r == 0 && k < c->some.n; k++)
			r = check_row(c, k, in, off);
	}
	return r < 0 ? r : 0;
}

static int check_child(struct check *c, uint32_t level, const struct run_child *child,
		       struct range in);

/* Child I's own range: its separator and the next one's. */
static int check_one(struct check *c, uint32_t level, const struct run_node *n,
		     uint32_t i, struct range in)
{
	struct run *r = c->run;
	struct run_child child;
	struct range own = in;
	struct bytes separator;
	int e = run_child(r, n, i, run_below(r, level), &child, &separator);

	if (e < 0)
		return e;
	own.low = separator;
	if (i + 1 < n->child_n) {
		struct run_child next;

		e = run_child(r, n, i + 1, run_below(r, level), &next, &own.high);
		if (e < 0)
			return e;
	}
	if ((i == 0 && bytes_cmp(own.low, in.low)) ||
	    (own.high.ptr && bytes_cmp(own.low, own.high) >= 0)) {
		err_set(ERR_DAMAGED, "separators are out of order");
		return ERR_DAMAGED;
	}
	return check_child(c, level + 1, &child, own);
}

static int check_child(struct check *c, uint32_t level, const struct run_child *child,
		       struct range in)
{
	uint64_t off;
	struct run_node n;
	int r;

	if (level == c->run->level_n)
		return check_block(c, child, in);
	off = file_off(c, c->run->index, child->off);
	if (++c->node_n > c->run->node_n) {	/* a graph that is no tree has no end */
		tell(c, off, "more index nodes than the superblock says");
		return ERR_LIMIT;
	}
	r = told(c, run_node(c->run, child, &n), off, in);
	for (uint32_t i = 0; r == 0 && i < n.child_n; i++)
		r = told(c, check_one(c, level, &n, i, in), off, in);
	return r < 0 ? r : 0;
}

static void compare(struct check *c, const char *what, uint64_t stated, uint64_t counted)
{
	if (stated != counted)
		tell(c, 0, "%s: the superblock says %" PRIu64 ", there are %" PRIu64,
		     what, stated, counted);
}

static void compare_all(struct check *c)
{
	const struct run_info *stated = &c->run->info;

	compare(c, "entries", stated->entry_n, c->count.entry_n);
	compare(c, "removals", stated->remove_n, c->count.remove_n);
	compare(c, "lowest version", stated->version_min, c->count.version_min);
	compare(c, "highest version", stated->version_max, c->count.version_max);
	compare(c, "blocks", c->run->block_n, c->block_n);
	compare(c, "index nodes", c->run->node_n, c->node_n);
	compare(c, "bytes of blocks", c->run->data.len, c->data_end);
}

int run_verify(struct run *r, void (*found)(void *ctx, uint64_t off, const char *words),
	       void *ctx)
{
	struct check c = { .run = r, .found = found, .ctx = ctx };
	struct range all = { bytes_of("", 0), bytes_of(NULL, 0) };
	int e;

	c.block.mem = c.last.mem = c.some.keys.mem = r->mem;
	e = segment_verify(r->segment, page_found, &c);
	if (e >= 0 && r->root.stored_len)
		e = check_child(&c, 0, &r->root, all);
	if (e == ERR_LIMIT)
		e = 0;			/* told */
	else if (e >= 0 && !c.lost)
		compare_all(&c);
	buf_release(&c.block);
	buf_release(&c.last);
	buf_release(&c.some.keys);
	return e < 0 ? e : c.n;
}
