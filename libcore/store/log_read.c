/* store/log_read.c - look-ups and iterators
 *
 * A look-up asks the index for places and the file for truth: the block's
 * checksums, its version, and the key itself must agree before an entry is handed
 * out.  An iterator reads the file front to back, which needs no index: what it
 * keeps are the keys, and the records too while the memory is plenty.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/log_inside.h"

#define LOG_MAP_AFTER 32	/* look-ups: a mapping costs about as many reads */
#define RECORD_MAX (KEY_MAX + ENTRY_BODY_MAX + 2 * VARINT_MAX)

/* --- one record --- */

static int lies(const struct log *l, const struct tail_node *node)
{
	return err_set(ERR_BUG, "%s: offset %" PRIu64 ": no record of version %" PRIu64
		       " is here", file_path(l->f), node->pos, node->version);
}

static int block_damaged(struct log *l, const struct tail_node *node, uint64_t blk,
			 const struct wal_block *b)
{
	int r = log_file_check(l);	/* recycled, and caught in the middle of a write? */

	if (r < 0)
		return r;
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": checksum is %08x, not %08x; "
		       "in version %" PRIu64, file_path(l->f),
		       blk * WAL_BLOCK + b->sector * DISK_SECTOR, b->got, b->expected,
		       node->version);
}

static void check_block(struct log *l, const uint8_t *p, uint64_t blk, struct wal_block *out)
{
	struct log_seen *seen = blk < l->seen_n ? &l->seen[blk] : NULL;

	if (seen && seen->blk_n) {
		memset(out, 0, sizeof *out);
		out->kind = WAL_WHOLE;
		out->version = seen->version;
		out->nonce = seen->nonce;
		out->blk_i = seen->blk_i;
		out->blk_n = seen->blk_n;
		return;
	}
	wal_check(out, p, blk, &l->head.key);
	if (seen && out->kind == WAL_WHOLE)
		*seen = (struct log_seen){ out->version, out->nonce, out->blk_i, out->blk_n };
}

/* Block I of the span at P. */
static int block_ok(struct log *l, const struct tail_node *node, const uint8_t *p,
		    uint32_t i, struct wal_block *first)
{
	uint64_t blk = node->pos / WAL_BLOCK + i;
	struct wal_block b;
	int r;

	check_block(l, p, blk, &b);
	if (i == 0)
		*first = b;
	if (b.kind == WAL_DAMAGED)
		return block_damaged(l, node, blk, &b);
	if (b.kind == WAL_TAKEN) {
		r = log_file_check(l);
		return r < 0 ? r : block_damaged(l, node, blk, &b);
	}
	if (!wal_continues(first, &b, first->blk_i + i) || b.version != node->version)
		return lies(l, node);
	return 0;
}

static int parse(struct log *l, const struct tail_node *node, struct buf *buf,
		 struct entry *out)
{
	long n = entry_get_logged(buf_bytes(buf), node->version, out);

	if (n != (long)node->len)
		return lies(l, node);
	return 0;
}

/* One direct read is a wait for the device; look-ups come many at a time, so they
 * go through the page cache, which direct writes keep true. */
static struct file *cached(struct log *l)
{
	char name[WAL_NAME_MAX];

	if (!l->f->direct)
		return l->f;
	wal_name(name, l->o.log_id);
	if (!l->cached && backend_open(l->o.backend, name, 0, &l->cached) < 0)
		return l->f;
	return l->cached;
}

/* Mapping and remembering pay from some look-ups on; failing to is no failure. */
static void map_blocks(struct log *l)
{
	if (l->get_n == LOG_MAP_AFTER || !l->held || ++l->get_n < LOG_MAP_AFTER ||
	    !(l->f->backend->caps & BACKEND_MAPS))
		return;
	if (view_open(&l->view, l->f) < 0) {
		err_clear();
		return;
	}
	l->seen_n = l->view.len / WAL_BLOCK;
	l->seen = mem_zalloc(l->o.mem, l->seen_n * sizeof *l->seen);
	if (!l->seen) {
		err_clear();
		view_close(&l->view);
		l->seen_n = 0;
	}
}

/* N blocks from BLK on: where they are mapped, or read. */
static int span(struct log *l, uint64_t blk, uint32_t n, const uint8_t **out)
{
	int r;

	map_blocks(l);
	if (blk + n <= l->seen_n) {
		*out = l->view.ptr + blk * WAL_BLOCK;
		return 0;
	}
	r = log_file_room(l, &l->in, n * (size_t)WAL_BLOCK);
	if (r == 0)
		r = file_read(cached(l), l->in.ptr, n * (size_t)WAL_BLOCK, blk * WAL_BLOCK);
	*out = l->in.ptr;
	return r;
}

int log_read_record(struct log *l, const struct tail_node *node, struct buf *buf,
		    struct entry *out)
{
	uint32_t off = wal_payload_off(node->pos), left = node->len;
	uint64_t blk = node->pos / WAL_BLOCK;
	const uint8_t *p = NULL;
	struct wal_block first;
	uint32_t n, i;
	int r;

	if (off < WAL_PAYLOAD - WAL_ROOM || off >= WAL_PAYLOAD || left > RECORD_MAX ||
	    blk < WAL_FIRST_BLK || blk >= l->t->head->file_blk)
		return lies(l, node);
	n = left <= WAL_PAYLOAD - off ? 1 :
	    1 + (left - (WAL_PAYLOAD - off) + WAL_ROOM - 1) / WAL_ROOM;
	r = span(l, blk, n, &p);
	buf_clear(buf);
	if (r == 0)
		r = buf_reserve(buf, left);
	for (i = 0; r == 0 && i < n; i++) {
		uint32_t m = WAL_PAYLOAD - off < left ? WAL_PAYLOAD - off : left;

		r = block_ok(l, node, p + i * (size_t)WAL_BLOCK, i, &first);
		if (r < 0)
			break;
		wal_gather(buf->ptr + buf->len, p + i * (size_t)WAL_BLOCK, off, m);
		buf->len += m;
		left -= m;
		off = WAL_PAYLOAD - WAL_ROOM;
	}
	return r < 0 ? r : parse(l, node, buf, out);
}

static int find(struct log *l, uint32_t space, struct bytes key, uint64_t as_of,
		struct buf *buf, struct entry *out)
{
	struct tail_walk w;
	struct tail_node node;
	uint64_t hash = tail_hash(l->t, space, key);
	int r;

	for (r = tail_first(l->t, hash, &w, &node); r == 1; r = tail_older(l->t, &w, &node)) {
		if (node.version > as_of)
			continue;
		r = log_read_record(l, &node, buf, out);
		if (r < 0)
			return r;
		if (entry_cmp(out->space, out->key, space, key) == 0)
			return 1;
		if (tail_hash(l->t, out->space, out->key) != hash)
			return lies(l, &node);
	}
	return r == ERR_DAMAGED ? ERR_BUG : r;
}

/* A log that was folded is good for those who hold it; whoever wants the newest
 * must go to the manifest. */
static int folded(struct log *l)
{
	uint32_t flags = l->t->head->log_flags;
	int named = !(flags & WAL_RETIRED);
	uint64_t version;

	if (flags == 0 || l->held || l->begun)
		return 0;
	if (flags == WAL_RETIRING && l->o.named)	/* how far did it come? */
		named = l->o.named(l->o.named_ctx, l->o.log_id, &version);
	if (named)
		return named < 0 ? named : 0;
	return err_set(ERR_CHANGED, "%s: the log was folded meanwhile", file_path(l->f));
}

int log_get(struct log *l, uint32_t space, struct bytes key, uint64_t as_of,
	    struct buf *buf, struct entry *out)
{
	int r = folded(l);

	if (r == 0)
		r = find(l, space, key, as_of, buf, out);
	if (r != ERR_BUG)
		return r;
	r = log_index_leave(l);		/* the index lies: read the log itself */
	return r < 0 ? r : find(l, space, key, as_of, buf, out);
}

void log_prefetch(const struct log *l, uint32_t space, struct bytes key, unsigned step)
{
	const struct tail *t = l->t;
	uint64_t hash = tail_hash(t, space, key);
	const _Atomic uint64_t *at = &t->bucket[hash & (t->bucket_n - 1)];
	const struct tail_node *node;
	uint64_t pos;
	uint32_t i;

	if (step == 0) {
		__builtin_prefetch((const void *)at);
		return;
	}
	i = (uint32_t)atomic_load_explicit(at, memory_order_acquire);
	if (i == 0 || i > t->node_cap)
		return;
	node = &t->node[i - 1];
	if (step == 1) {
		__builtin_prefetch(node);
		return;
	}
	pos = node->pos;
	if (l->view.len >= WAL_BLOCK && pos < l->view.len - WAL_BLOCK) {
		__builtin_prefetch(l->view.ptr + pos);
		__builtin_prefetch(l->view.ptr + pos + 64);
		__builtin_prefetch(&l->seen[pos / WAL_BLOCK]);
	}
}

/* --- in order --- */

struct item {
	uint64_t off;			/* in the arena */
	uint64_t pos, version;
	uint32_t len;			/* of the record */
	uint32_t space, key_at, key_len;	/* key_at: from off on */
};

struct log_iter {
	struct iter it;
	struct log *log;
	struct mem *mem;
	struct buf arena;
	struct buf record;		/* the one given out */
	struct buf items;		/* struct item[] */
	size_t at, end;
	bool reverse;
	bool whole;			/* the arena has records, not keys alone */
};

static struct item *item_at(const struct log_iter *it, size_t i)
{
	return (struct item *)(void *)it->items.ptr + i;
}

static struct bytes item_key(const struct log_iter *it, const struct item *item)
{
	return bytes_of(it->arena.ptr + item->off + item->key_at, item->key_len);
}

/* By key; of one key the newest first. */
static int item_cmp(const void *a, const void *b, void *ctx)
{
	const struct item *x = a, *y = b;
	int c = entry_cmp(x->space, item_key(ctx, x), y->space, item_key(ctx, y));

	if (c)
		return c;
	if (x->version != y->version)
		return x->version > y->version ? -1 : 1;
	return x->pos > y->pos ? -1 : 1;
}

static bool wanted(const struct entry *e, const struct iter_from *from)
{
	int c = entry_cmp(e->space, e->key, from->space, from->key);

	return from->reverse ? c < 0 : c >= 0;
}

static int keep(struct log_iter *it, const struct entry *e, struct bytes record,
		uint64_t pos)
{
	struct item item = {
		.off = it->arena.len, .pos = pos, .version = e->version,
		.len = (uint32_t)record.len, .space = e->space,
		.key_at = it->whole ? (uint32_t)(e->key.ptr - record.ptr) : 0,
		.key_len = (uint32_t)e->key.len,
	};
	struct bytes part = it->whole ? record : e->key;
	int r = buf_add(&it->arena, part.ptr, part.len);

	return r < 0 ? r : buf_add(&it->items, &item, sizeof item);
}

static int keep_commit(struct log_iter *it, const struct recover_commit *c,
		       struct bytes records, const struct iter_from *from)
{
	struct bytes rest = records;
	struct entry e;
	int r = 0;

	while (r == 0 && rest.len) {
		long n = entry_get_logged(rest, c->first.version, &e);

		if (n < 0)
			return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": a record of "
				       "version %" PRIu64 " is malformed",
				       file_path(it->log->f),
				       wal_pos(c->blk, records.len - rest.len),
				       c->first.version);
		if (wanted(&e, from))
			r = keep(it, &e, bytes_of(rest.ptr, (size_t)n),
				 wal_pos(c->blk, records.len - rest.len));
		rest.ptr += n;
		rest.len -= (size_t)n;
	}
	return r;
}

/* The walk ended before what the index has: say why. */
static int broke_off(struct recover *r)
{
	struct recover_rest rest;
	int e = recover_rest(r, &rest);

	if (e == 0)
		e = recover_verdict(r, &rest);
	if (e == 0 || e == ERR_TORN_TAIL)
		e = err_set(ERR_CHANGED, "%s: the log's end moved while it was read",
			    file_path(r->file));
	return e;
}

static int gather(struct log_iter *it, uint64_t as_of, const struct iter_from *from)
{
	struct buf records = { .mem = it->mem };
	uint64_t end = it->log->t->head->append_blk;
	struct recover_commit c;
	struct recover r;
	int e = recover_init(&r, it->log->f, &it->log->head.key, it->mem);

	while (e == 0 && r.blk < end) {
		e = recover_next(&r, &c);
		if (e == 0)
			e = broke_off(&r);
		if (e < 0 || c.first.version > as_of)
			break;
		e = recover_records(&r, &c, &records);
		if (e == 0)
			e = keep_commit(it, &c, buf_bytes(&records), from);
	}
	recover_release(&r);
	buf_release(&records);
	return e < 0 ? e : 0;
}

static void sort(struct log_iter *it)
{
	size_t n = it->items.len / sizeof(struct item), kept = 0;

	qsort_r(it->items.ptr, n, sizeof(struct item), item_cmp, it);
	for (size_t i = 0; i < n; i++) {
		struct item *a = item_at(it, i);

		if (kept && entry_cmp(a->space, item_key(it, a),
				      item_at(it, kept - 1)->space,
				      item_key(it, item_at(it, kept - 1))) == 0)
			continue;
		*item_at(it, kept++) = *a;
	}
	it->end = kept;
}

static int next(struct iter *iter, struct entry *out)
{
	struct log_iter *it = (struct log_iter *)iter;
	struct tail_node node;
	struct item *item;
	int r;

	if (it->at == it->end)
		return 0;
	item = item_at(it, it->reverse ? it->end - 1 - it->at : it->at);
	it->at++;
	if (it->whole)
		return entry_get_logged(bytes_of(it->arena.ptr + item->off, item->len),
					item->version, out) < 0 ? ERR_BUG : 1;
	node = (struct tail_node){ .pos = item->pos, .version = item->version,
				   .len = item->len };
	r = log_read_record(it->log, &node, &it->record, out);
	return r < 0 ? r : 1;
}

static void close_iter(struct iter *iter)
{
	struct log_iter *it = (struct log_iter *)iter;

	buf_release(&it->arena);
	buf_release(&it->record);
	buf_release(&it->items);
	mem_free(NULL, it);
}

static const struct iter_ops ops = { next, close_iter };

static struct log_iter *make(struct log *l, bool reverse)
{
	struct log_iter *it = mem_zalloc(NULL, sizeof *it);

	if (!it)
		return NULL;
	it->it.ops = &ops;
	it->log = l;
	it->mem = it->arena.mem = it->record.mem = it->items.mem = l->o.mem;
	it->reverse = reverse;
	it->whole = !l->o.mem || mem_left(l->o.mem) / 4 > log_bytes(l);
	return it;
}

/* R of gathering: it is handed out, or closed. */
static int made(struct log_iter *it, int r, struct iter **out)
{
	if (r < 0) {
		close_iter(&it->it);
		return r;
	}
	if (it->items.len)
		sort(it);
	*out = &it->it;
	return 0;
}

int log_iter(struct iter **out, struct log *l, uint64_t as_of,
	     const struct iter_from *from)
{
	struct log_iter *it = make(l, from->reverse);

	return it ? made(it, gather(it, as_of, from), out) : ERR_MEMORY;
}

/* By the index, which has each record's space. */
static int gather_space(struct log_iter *it, uint64_t as_of, uint32_t space, uint64_t after)
{
	const struct tail *t = it->log->t;
	uint64_t n = t->head->node_n;
	struct tail_node node;
	struct entry e;
	int r = 0;

	if (n > t->node_cap || !tail_agrees(t->head, &t->head->node_n))
		return ERR_BUG;
	for (uint64_t i = 0; r == 0 && i < n; i++) {
		if (tail_node(t, i, &node) < 0)
			return ERR_BUG;
		if (node.space != space || node.version <= after || node.version > as_of)
			continue;
		r = log_read_record(it->log, &node, &it->record, &e);
		if (r == 0 && e.space != space)
			r = ERR_BUG;
		if (r == 0)
			r = keep(it, &e, buf_bytes(&it->record), node.pos);
	}
	return r;
}

int log_iter_space(struct iter **out, struct log *l, uint64_t as_of, uint32_t space,
		   uint64_t after)
{
	const struct iter_from from = { .space = space };
	struct log_iter *it = make(l, false);
	int r = it ? gather_space(it, as_of, space, after) : ERR_MEMORY;

	if (r == ERR_BUG) {		/* the index lies: all of the log, then */
		err_clear();
		buf_clear(&it->arena);
		buf_clear(&it->items);
		r = gather(it, as_of, &from);
	}
	return it ? made(it, r, out) : r;
}
