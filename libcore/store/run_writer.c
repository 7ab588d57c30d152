/* store/run_writer.c - writing a run: rows into blocks, blocks under an index
 *
 * Blocks stream into the segment.  What the index will need of each (where it is,
 * the shortest key that tells it from the one before) waits in memory, about 30
 * bytes a block; so does the filter.
 */
#include <string.h>

#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/filter.h"
#include "store/run_inside.h"

/* Of a child in a list: this, then key_len bytes of its separator. */
struct pending {
	struct run_child child;
	uint32_t key_len;
};

#define LATE 16		/* keys: the filter's blocks are anywhere in memory */

struct run_writer {
	struct segment_writer *segment;
	struct mem *mem;
	enum block_codec codec;
	struct run_info info;
	struct buf block, restarts, packed;
	uint32_t row_n;			/* in the block */
	struct buf key, last;		/* this row's and the one before */
	struct buf separator;		/* of the open block */
	struct buf children;		/* of the blocks so far: struct pending */
	uint64_t block_n, node_n;
	uint8_t *filter;
	uint64_t filter_n;		/* blocks of it */
	uint64_t late[LATE];		/* hashes whose block was asked for, not yet set */
};

static int begin_filter(struct run_writer *w, uint64_t entry_n_most)
{
	size_t left = w->mem ? mem_left(w->mem) : SIZE_MAX;

	w->filter_n = filter_blocks(entry_n_most, left / 2 / FILTER_BLOCK);
	w->filter = mem_zalloc(w->mem, w->filter_n * FILTER_BLOCK);
	return w->filter ? 0 : ERR_MEMORY;
}

int run_create(struct run_writer **out, struct backend *b, const uint8_t store_id[16],
	       uint64_t entry_n_most, enum block_codec codec, struct mem *mem)
{
	struct run_writer *w = mem_zalloc(mem, sizeof *w);
	int r;

	if (!w)
		return ERR_MEMORY;
	w->mem = mem;
	w->codec = codec;
	w->block.mem = w->restarts.mem = w->packed.mem = w->key.mem = mem;
	w->last.mem = w->separator.mem = w->children.mem = mem;
	r = segment_create(&w->segment, b, SEGMENT_RUN, store_id, mem);
	if (r == 0)
		r = segment_begin(w->segment, RUN_DATA);
	if (r == 0)
		r = begin_filter(w, entry_n_most);
	if (r < 0) {
		run_abort(w);
		return r;
	}
	*out = w;
	return 0;
}

static void release(struct run_writer *w)
{
	buf_release(&w->block);
	buf_release(&w->restarts);
	buf_release(&w->packed);
	buf_release(&w->key);
	buf_release(&w->last);
	buf_release(&w->separator);
	buf_release(&w->children);
	mem_free(w->mem, w->filter);
	mem_free(w->mem, w);
}

void run_abort(struct run_writer *w)
{
	if (!w)
		return;
	segment_abort(w->segment);
	release(w);
}

static int push_child(struct buf *list, const struct run_child *c, struct bytes key)
{
	struct pending p = { *c, (uint32_t)key.len };
	int r = buf_reserve(list, sizeof p + key.len);

	if (r == 0)
		r = buf_add(list, &p, sizeof p);
	return r < 0 ? r : buf_add(list, key.ptr, key.len);
}

/* Packs the block and writes it. */
static int put_block(struct run_writer *w)
{
	struct run_child c = { .off = segment_offset(w->segment),
			       .raw_len = (uint32_t)w->block.len };
	int r;

	buf_clear(&w->packed);
	r = buf_reserve(&w->packed, w->block.len);
	if (r < 0)
		return r;
	c.stored_len = (uint32_t)block_pack(w->codec, w->block.ptr, w->block.len,
					    w->packed.ptr, w->packed.cap, &c.codec);
	r = segment_write(w->segment, w->packed.ptr, c.stored_len);
	if (r == 0)
		r = push_child(&w->children, &c, buf_bytes(&w->separator));
	w->block_n++;
	return r;
}

static int end_block(struct run_writer *w)
{
	le32 n = le32_of((uint32_t)(w->restarts.len / sizeof n));
	int r;

	if (w->row_n == 0)
		return 0;
	r = buf_add(&w->block, w->restarts.ptr, w->restarts.len);
	if (r == 0)
		r = buf_add(&w->block, &n, sizeof n);
	if (r == 0)
		r = put_block(w);
	buf_clear(&w->block);
	buf_clear(&w->restarts);
	w->row_n = 0;
	return r;
}

static int put_key(struct run_writer *w, struct bytes key, size_t shared)
{
	uint8_t head[2 * VARINT_MAX];
	size_t n = varint_put(head, shared);
	int r;

	n += varint_put(head + n, key.len - shared);
	r = buf_reserve(&w->block, n + key.len - shared);
	if (r < 0)
		return r;
	buf_add(&w->block, head, n);
	return buf_add(&w->block, key.ptr + shared, key.len - shared);
}

/* Everything of a row before its body. */
static int begin_row(struct run_writer *w, struct bytes key)
{
	le32 at = le32_of((uint32_t)w->block.len);
	size_t shared = bytes_common(buf_bytes(&w->last), key);
	int r = 0;

	if (shared == key.len || (shared < w->last.len && key.ptr[shared] < w->last.ptr[shared]))
		return err_set(ERR_BUG, "key \"%s\" out of order for a run",
			       bytes_show(bytes_of(key.ptr + 4, key.len - 4)));
	if (w->row_n == 0) {
		/* the shortest key that is above all before and not above this one */
		buf_clear(&w->separator);
		r = buf_add(&w->separator, key.ptr, w->info.entry_n ? shared + 1 : 0);
	}
	if (r == 0 && w->row_n % RUN_RESTART == 0) {
		r = buf_add(&w->restarts, &at, sizeof at);
		shared = 0;
	}
	return r < 0 ? r : put_key(w, key, shared);
}

static void set_in_filter(struct run_writer *w, uint64_t hash)
{
	filter_add(w->filter + filter_place(w->filter_n, hash) * FILTER_BLOCK, hash);
}

/* The block is set when it has had time to come nearer. */
static void add_to_filter(struct run_writer *w, uint64_t hash)
{
	uint64_t *late = &w->late[w->info.entry_n % LATE];

	__builtin_prefetch(w->filter + filter_place(w->filter_n, hash) * FILTER_BLOCK, 1);
	if (w->info.entry_n >= LATE)
		set_in_filter(w, *late);
	*late = hash;
}

static int end_row(struct run_writer *w, struct bytes key, size_t body_len,
		   enum entry_kind kind, uint64_t version)
{
	struct run_info *i = &w->info;
	uint64_t hash = run_hash(rows_space(key.ptr), bytes_of(key.ptr + 4, key.len - 4));
	int r;

	w->row_n++;
	i->raw_bytes += key.len + body_len;
	add_to_filter(w, hash);
	i->entry_n++;
	i->remove_n += kind == ENTRY_REMOVE;
	i->space_most = rows_space(key.ptr);	/* rows ascend */
	if (version && (i->version_min == 0 || version < i->version_min))
		i->version_min = version;
	if (version > i->version_max)
		i->version_max = version;
	buf_clear(&w->last);
	r = buf_add(&w->last, key.ptr, key.len);
	return r == 0 && w->block.len >= RUN_BLOCK_LEN ? end_block(w) : r;
}

int run_add(struct run_writer *w, const struct entry *e)
{
	size_t begin;
	int r;

	if (e->key.len == 0 || e->key.len > KEY_MAX)
		return err_set(ERR_BUG, "a key of %zu bytes for a run", e->key.len);
	r = rows_make_key(&w->key, e->space, e->key);
	if (r == 0)
		r = begin_row(w, buf_bytes(&w->key));
	begin = w->block.len;
	if (r == 0)
		r = entry_put_body(&w->block, e);
	return r < 0 ? r : end_row(w, buf_bytes(&w->key), w->block.len - begin, e->kind,
				   e->version);
}

int run_add_row(struct run_writer *w, struct bytes key, struct bytes body)
{
	int r = begin_row(w, key);

	if (r == 0)
		r = buf_add(&w->block, body.ptr, body.len);
	return r < 0 ? r : end_row(w, key, body.len, *body.ptr, 0);
}

/* --- the index, a level at a time --- */

struct node {
	struct buf table, keys;		/* struct run_child_disk each; separators */
	uint32_t child_n;
	uint32_t first_len;		/* of the first separator: the node's own */
};

static size_t node_len(const struct node *n)
{
	return sizeof(le32) + n->table.len + n->keys.len;
}

static int add_child(struct node *n, const struct pending *p, const uint8_t *key)
{
	struct run_child_disk d = {
		.off = le64_of(p->child.off),
		.stored_len = le32_of(p->child.stored_len),
		.raw_len = le32_of(p->child.raw_len),
		.key_end = le32_of((uint32_t)(n->keys.len + p->key_len)),
		.codec = (uint8_t)p->child.codec,
	};
	int r = buf_add(&n->keys, key, p->key_len);

	if (r == 0)
		r = buf_add(&n->table, &d, sizeof d);
	if (n->child_n++ == 0)
		n->first_len = p->key_len;
	return r;
}

/* On a page's border, so that a search touches one page of it. */
static int put_node(struct run_writer *w, struct node *n, struct buf *up)
{
	static const uint8_t zeros[DISK_PAGE];
	uint64_t at = segment_offset(w->segment);
	uint64_t off = disk_round_up(at, DISK_PAGE);
	struct run_child c = { .off = off, .stored_len = (uint32_t)node_len(n),
			       .raw_len = (uint32_t)node_len(n), .codec = BLOCK_RAW };
	le32 child_n = le32_of(n->child_n);
	int r = segment_write(w->segment, zeros, off - at);

	if (r == 0)
		r = segment_write(w->segment, &child_n, sizeof child_n);
	if (r == 0)
		r = segment_write(w->segment, n->table.ptr, n->table.len);
	if (r == 0)
		r = segment_write(w->segment, n->keys.ptr, n->keys.len);
	if (r == 0)
		r = push_child(up, &c, bytes_of(n->keys.ptr, n->first_len));
	buf_clear(&n->table);
	buf_clear(&n->keys);
	n->child_n = 0;
	w->node_n++;
	return r;
}

static int put_level(struct run_writer *w, struct bytes list, struct buf *up)
{
	struct node n = { .table.mem = w->mem, .keys.mem = w->mem };
	int r = 0;

	for (size_t at = 0; r == 0 && at < list.len; ) {
		struct pending p;

		memcpy(&p, list.ptr + at, sizeof p);
		if (n.child_n >= 2 && node_len(&n) + sizeof(struct run_child_disk) +
				      p.key_len > RUN_NODE_LEN)
			r = put_node(w, &n, up);
		if (r == 0)
			r = add_child(&n, &p, list.ptr + at + sizeof p);
		at += sizeof p + p.key_len;
	}
	if (r == 0)
		r = put_node(w, &n, up);
	buf_release(&n.table);
	buf_release(&n.keys);
	return r;
}

static bool is_one(const struct buf *list)
{
	struct pending p;

	if (list->len == 0)
		return true;
	memcpy(&p, list->ptr, sizeof p);
	return list->len == sizeof p + p.key_len;
}

/* Returns the number of levels; where the root lies goes to META. */
static int put_index(struct run_writer *w, struct run_meta_disk *meta)
{
	struct buf up = { .mem = w->mem };
	struct pending p;
	int level_n = 0;
	int r = segment_begin(w->segment, RUN_INDEX);

	for (; r == 0 && !is_one(&w->children); level_n++) {
		struct buf swap = w->children;

		r = put_level(w, buf_bytes(&w->children), &up);
		w->children = up;
		up = swap;
		buf_clear(&up);
	}
	buf_release(&up);
	if (r < 0 || w->children.len == 0)
		return r;
	memcpy(&p, w->children.ptr, sizeof p);
	meta->root.off = le64_of(p.child.off);
	meta->root.stored_len = le32_of(p.child.stored_len);
	meta->root.raw_len = le32_of(p.child.raw_len);
	meta->root.codec = (uint8_t)p.child.codec;
	return level_n;
}

static void fill_meta(struct run_meta_disk *d, const struct run_writer *w)
{
	d->entry_n = le64_of(w->info.entry_n);
	d->remove_n = le64_of(w->info.remove_n);
	d->raw_bytes = le64_of(w->info.raw_bytes);
	d->version_min = le64_of(w->info.version_min);
	d->version_max = le64_of(w->info.version_max);
	d->block_n = le64_of(w->block_n);
	d->node_n = le64_of(w->node_n);
}

static int finish(struct run_writer *w)
{
	struct run_meta_disk meta = { 0 };
	int r = end_block(w);

	if (r == 0)
		r = put_index(w, &meta);
	if (r < 0)
		return r;
	meta.level_n = le32_of((uint32_t)r);
	fill_meta(&meta, w);
	for (uint64_t i = 0; i < LATE && i < w->info.entry_n; i++)
		set_in_filter(w, w->late[i]);
	r = segment_meta(w->segment, &meta, sizeof meta);
	if (r == 0)
		r = segment_begin(w->segment, RUN_FILTER);
	return r < 0 ? r : segment_write(w->segment, w->filter, w->filter_n * FILTER_BLOCK);
}

int run_finish(struct run_writer *w, struct run_info *out)
{
	int r = finish(w);

	if (r < 0) {
		run_abort(w);
		return r;
	}
	r = segment_finish(w->segment, &w->info.ref);
	if (r == 0)
		*out = w->info;
	release(w);
	return r;
}
