/* store/run.c - opening a run, finding one key in it */
#include "store/run_inside.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "store/filter.h"

uint64_t run_hash(uint32_t space, struct bytes key)
{
	return hash64(RUN_HASH_SEED + space, key.ptr, key.len);
}

int run_damaged(const struct run *r, struct bytes in, uint64_t off)
{
	struct err_note note;

	err_take(&note, ERR_DAMAGED);
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": %.200s",
		       segment_path(r->segment),
		       segment_file_off(r->segment, in.ptr) + off, note.message);
}

static int damaged(const struct run *r, struct bytes in, uint64_t off, const char *words)
{
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": %s", segment_path(r->segment),
		       segment_file_off(r->segment, in.ptr) + off, words);
}

static int get_child(const struct run_child_disk *d, struct bytes in, struct run_child *out)
{
	out->off = le64_get(d->off);
	out->stored_len = le32_get(d->stored_len);
	out->raw_len = le32_get(d->raw_len);
	out->codec = (enum block_codec)d->codec;
	return out->off <= in.len && out->stored_len <= in.len - out->off &&
	       out->stored_len > 0 && out->raw_len > 0 && out->raw_len <= RUN_BLOCK_MAX &&
	       (out->codec != BLOCK_RAW || out->stored_len == out->raw_len);
}

int run_node(struct run *r, const struct run_child *c, struct run_node *out)
{
	le32 n;
	int e;

	out->ptr = r->index.ptr + c->off;
	out->len = c->stored_len;
	e = segment_check(r->segment, out->ptr, out->len);
	if (e < 0)
		return e;
	if (c->codec != BLOCK_RAW || out->len < sizeof n)
		return damaged(r, r->index, c->off, "not an index node");
	memcpy(&n, out->ptr, sizeof n);
	out->child_n = le32_get(n);
	if (out->child_n == 0 ||
	    out->child_n > (out->len - sizeof n) / sizeof(struct run_child_disk))
		return damaged(r, r->index, c->off, "an index node's count is wrong");
	return 0;
}

static struct run_child_disk child_disk(const struct run_node *n, uint32_t i)
{
	struct run_child_disk d;

	memcpy(&d, n->ptr + sizeof(le32) + i * sizeof d, sizeof d);
	return d;
}

static int get_separator(struct run *r, const struct run_node *n, uint32_t i,
			 struct bytes *out)
{
	size_t table = sizeof(le32) + (size_t)n->child_n * sizeof(struct run_child_disk);
	uint32_t begin = i ? le32_get(child_disk(n, i - 1).key_end) : 0;
	uint32_t end = le32_get(child_disk(n, i).key_end);

	if (begin > end || end > n->len - table)
		return damaged(r, r->index, (uint64_t)(n->ptr - r->index.ptr),
			       "an index node's keys lie outside it");
	*out = bytes_of(n->ptr + table + begin, end - begin);
	return 0;
}

int run_child(struct run *r, const struct run_node *n, uint32_t i, struct bytes in,
	      struct run_child *out, struct bytes *separator)
{
	struct run_child_disk d = child_disk(n, i);

	if (!get_child(&d, in, out))
		return damaged(r, r->index, (uint64_t)(n->ptr - r->index.ptr),
			       "an index node points outside the file");
	return separator ? get_separator(r, n, i, separator) : 0;
}

int run_find_child(struct run *r, const struct run_node *n, struct bytes key, uint32_t *i)
{
	uint32_t low = 0, high = n->child_n;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		struct bytes at;
		int e = get_separator(r, n, mid, &at);

		if (e < 0)
			return e;
		if (bytes_cmp(at, key) <= 0)
			low = mid;
		else
			high = mid;
	}
	*i = low;
	return 0;
}

int run_unpack(struct run *r, const struct run_child *c, const uint8_t *stored,
	       struct buf *buf, struct rows *out)
{
	const uint8_t *ptr = stored;
	int e = 0;

	if (c->codec != BLOCK_RAW) {
		e = buf_reserve(buf, c->raw_len);
		if (e < 0)
			return e;
		ptr = buf->ptr + buf->len;
		e = block_unpack(c->codec, stored, c->stored_len, buf->ptr + buf->len,
				 c->raw_len);
	}
	if (e == 0)
		e = rows_open(out, bytes_of(ptr, c->raw_len));
	return e == ERR_DAMAGED ? run_damaged(r, r->data, c->off) : e;
}

int run_block(struct run *r, const struct run_child *c, struct buf *buf,
	      struct rows *out)
{
	const uint8_t *ptr = r->data.ptr + c->off;
	int e = segment_check(r->segment, ptr, c->stored_len);

	return e < 0 ? e : run_unpack(r, c, ptr, buf, out);
}

static int get_root(struct run *r, const struct run_meta_disk *d)
{
	struct bytes in = r->level_n ? r->index : r->data;

	if (r->level_n > RUN_LEVEL_MAX)
		return 0;
	if (le32_get(d->root.stored_len) == 0)
		return r->info.entry_n == 0;
	return r->info.entry_n > 0 && get_child(&d->root, in, &r->root);
}

static int get_meta(struct run *r)
{
	struct bytes meta = segment_get_meta(r->segment);
	struct run_meta_disk d;

	if (meta.len < sizeof d)
		return err_set(ERR_DAMAGED, "%s: offset 0: not a run's superblock",
			       segment_path(r->segment));
	memcpy(&d, meta.ptr, sizeof d);
	r->info.entry_n = le64_get(d.entry_n);
	r->info.remove_n = le64_get(d.remove_n);
	r->info.raw_bytes = le64_get(d.raw_bytes);
	r->info.version_min = le64_get(d.version_min);
	r->info.version_max = le64_get(d.version_max);
	r->level_n = le32_get(d.level_n);
	r->block_n = le64_get(d.block_n);
	r->node_n = le64_get(d.node_n);
	r->data = segment_section(r->segment, RUN_DATA);
	r->index = segment_section(r->segment, RUN_INDEX);
	r->filter = segment_section(r->segment, RUN_FILTER);
	if (!get_root(r, &d) || r->filter.len < FILTER_BLOCK || r->filter.len % FILTER_BLOCK)
		return err_set(ERR_DAMAGED, "%s: offset 0: the superblock's run does not fit",
			       segment_path(r->segment));
	return 0;
}

int run_open(struct run **out, struct backend *b, const struct run_info *info,
	     const uint8_t store_id[16], struct mem *mem)
{
	struct run *r = mem_zalloc(mem, sizeof *r);
	int e;

	if (!r)
		return ERR_MEMORY;
	r->mem = mem;
	r->info = *info;
	e = segment_open(&r->segment, b, &info->ref, store_id, mem);
	if (e == 0)
		e = get_meta(r);
	if (e < 0) {
		run_close(r);
		return e;
	}
	*out = r;
	return 0;
}

void run_close(struct run *r)
{
	if (!r)
		return;
	segment_close(r->segment);
	mem_free(r->mem, r);
}

int run_may_have(struct run *r, uint64_t hash)
{
	uint64_t at = filter_place(r->filter.len / FILTER_BLOCK, hash);
	const uint8_t *block = r->filter.ptr + at * FILTER_BLOCK;
	int e = segment_check(r->segment, block, FILTER_BLOCK);

	return e < 0 ? e : filter_test(block, hash);
}

int run_find_block(struct run *r, struct bytes key, struct run_child *out)
{
	*out = r->root;
	for (uint32_t level = 0; level < r->level_n; level++) {
		struct run_node n;
		uint32_t i;
		int e = run_node(r, out, &n);

		if (e == 0)
			e = run_find_child(r, &n, key, &i);
		if (e == 0)
			e = run_child(r, &n, i, run_below(r, level), out, NULL);
		if (e < 0)
			return e;
	}
	return 0;
}

int run_find_row(struct run *r, const struct run_child *c, const struct rows *rows,
		 struct bytes key, struct entry *out)
{
	int e = rows_find(rows, key, out);

	if (e == ERR_DAMAGED)
		return run_damaged(r, r->data, c->off);
	if (e == 1 && out->version == 0)
		out->version = r->info.bulk_version;
	return e;
}

/* BUF begins with the row's key; a value that lies in the file follows it, so
 * that the entry needs nothing but BUF. */
static int settle(const struct rows *rows, struct buf *buf, size_t key_len,
		  struct entry *e)
{
	bool mapped = rows->ptr < buf->ptr || rows->ptr >= buf->ptr + buf->cap;

	if (e->kind == ENTRY_PUT && mapped) {
		int n = buf_add(buf, e->value.ptr, e->value.len);

		if (n < 0)
			return n;
		e->value.ptr = buf->ptr + key_len;
	}
	e->space = rows_space(buf->ptr);
	e->key = bytes_of(buf->ptr + 4, key_len - 4);
	return 1;
}

int run_get(struct run *r, uint32_t space, struct bytes key, uint64_t hash,
	    struct buf *buf, struct entry *out)
{
	struct run_child c;
	struct rows rows;
	size_t len;
	int e = r->root.stored_len ? run_may_have(r, hash) : 0;

	if (e <= 0)
		return e;
	e = rows_make_key(buf, space, key);
	len = buf->len;
	if (e == 0)
		e = run_find_block(r, buf_bytes(buf), &c);
	if (e == 0)
		e = run_block(r, &c, buf, &rows);
	if (e < 0)
		return e;
	e = run_find_row(r, &c, &rows, bytes_of(buf->ptr, len), out);
	return e <= 0 ? e : settle(&rows, buf, len, out);
}
