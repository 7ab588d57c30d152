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
	void (*found)(void *ctx, const struct run_fault *f);
	void *ctx;
	int n;			/* faults */
	uint64_t large_n;
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

static struct bytes bare(struct bytes row)
{
	return row.len > 4 ? bytes_of(row.ptr + 4, row.len - 4) : bytes_of("", 0);
}

static uint32_t space_of(struct bytes row)
{
	uint8_t space[4] = { 0 };

	if (row.len)
		memcpy(space, row.ptr, row.len < 4 ? row.len : 4);
	return rows_space(space);
}

static void hand(struct check *c, struct run_fault *f, const char *fmt, va_list ap)
{
	char words[1024];

	vsnprintf(words, sizeof words, fmt, ap);
	f->words = words;
	if (c->n < INT32_MAX)
		c->n++;
	c->found(c->ctx, f);
}

__attribute__((format(printf, 3, 4)))
static void tell(struct check *c, uint64_t off, const char *fmt, ...)
{
	struct run_fault f = { .off = off };
	va_list ap;

	va_start(ap, fmt);
	hand(c, &f, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 4, 5)))
static void tell_of(struct check *c, uint64_t off, struct range in, const char *fmt, ...)
{
	struct run_fault f = {
		.off = off, .ranged = true, .low = bare(in.low), .space = space_of(in.low),
	};
	va_list ap;

	/* across two spaces: the rest of the first, as far as can be said of one */
	if (in.high.ptr && space_of(in.high) == f.space)
		f.high = bare(in.high);
	va_start(ap, fmt);
	hand(c, &f, fmt, ap);
	va_end(ap);
}

static void show_key(char out[320], struct bytes key)
{
	if (space_of(key))
		snprintf(out, 320, "space %" PRIu32 " \"%s\"", space_of(key),
			 bytes_show(bare(key)));
	else
		snprintf(out, 320, "\"%s\"", bytes_show(bare(key)));
}

/* "keys from A to before B: WORDS" */
static void tell_range(struct check *c, uint64_t off, struct range in, const char *words)
{
	char low[320], high[320];

	show_key(low, in.low);
	show_key(high, in.high);
	if (!in.low.len && !in.high.ptr)
		tell_of(c, off, in, "all keys: %s", words);
	else if (!in.low.len)
		tell_of(c, off, in, "keys before %s: %s", high, words);
	else if (!in.high.ptr)
		tell_of(c, off, in, "keys from %s on: %s", low, words);
	else
		tell_of(c, off, in, "keys from %s to before %s: %s", low, high, words);
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

static const uint8_t *filter_block(const struct run *r, uint64_t hash)
{
	return r->filter.ptr + FILTER_BLOCK * filter_place(r->filter.len / FILTER_BLOCK, hash);
}

/* A filter larger than the caches is met in no order: asked for, an interval ahead. */
static void hash_keys(const struct check *c, uint64_t hash[RUN_RESTART])
{
	for (unsigned k = 0; !c->filter_bad && k < c->some.n; k++) {
		struct bytes key = rows_key(&c->some, k);

		hash[k] = run_hash(rows_space(key.ptr), bytes_of(key.ptr + 4, key.len - 4));
		__builtin_prefetch(filter_block(c->run, hash[k]));
	}
}

static int check_filter(struct check *c, struct bytes key, uint64_t hash, uint64_t off)
{
	struct run *r = c->run;
	const uint8_t *block;

	if (c->filter_bad)
		return 0;
	block = filter_block(r, hash);
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
	c->large_n += e->kind == ENTRY_BLOB;
	if (e->version && (i->version_min == 0 || e->version < i->version_min))
		i->version_min = e->version;
	if (e->version > i->version_max)
		i->version_max = e->version;
}

static int check_row(struct check *c, unsigned slot, struct range in, uint64_t hash,
		     uint64_t off)
{
	struct bytes key = rows_key(&c->some, slot);

	if (bytes_cmp(key, in.low) < 0 || (in.high.ptr && bytes_cmp(key, in.high) >= 0))
		tell_range(c, off, in, "a row outside them");
	if (c->last.len && bytes_cmp(buf_bytes(&c->last), key) >= 0)
		tell_range(c, off, in, "rows are out of order");
	count_row(c, &c->some.slot[slot].entry);
	check_filter(c, key, hash, off);
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
	uint64_t hash[RUN_RESTART] = { 0 };
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
		if (r == 0)
			hash_keys(c, hash);
		for (unsigned k = 0; r == 0 && k < c->some.n; k++)
			r = check_row(c, k, in, hash[k], off);
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

int run_verify(struct run *r, void (*found)(void *ctx, const struct run_fault *f), void *ctx,
	       uint64_t *large_n)
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
	if (large_n)
		*large_n = c.large_n;
	buf_release(&c.block);
	buf_release(&c.last);
	buf_release(&c.some.keys);
	return e < 0 ? e : c.n;
}
