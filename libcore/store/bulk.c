/* store/bulk.c - pieces sorted and written aside, then merged into a run
 *
 * Two threads at most, this one and the one aside, and a plain hand-over between
 * them: while pieces come, the caller fills one and the other is sorted and
 * written; at the end this thread merges rows into batches and the other makes
 * blocks of them.  The pieces' file is ours alone, is never flushed, and is gone when
 * the bulk is closed, or swept with the rest of tmp/ if the process was killed.  It is
 * the one large file that is not direct: it is read back within seconds, and what
 * the page cache still has then costs no wait (10 M records: 3.4 s, direct 5.2 s).
 */
#include "store/bulk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/aside.h"
#include "store/bulk_disk.h"
#include "store/piece.h"
#include "store/store_priv.h"

#define WINDOW (1u << 20)	/* a write */
#define PIECES_MOST 96u		/* merged at once: 12 MiB of blocks, 1.5 GiB of records */
#define AHEAD 12u		/* records: about a microsecond */
#define BATCH (256u << 10)	/* rows handed over at once: about 200 us of work */

struct given {
	struct buf records;
	size_t n;
};

struct bulk {
	struct store *store;
	struct mem *mem;
	struct file *file;
	char name[SEGMENT_NAME_MAX];
	bool gathering;			/* the thread aside is there */
	struct aside aside;
	size_t given_n;			/* pieces handed over */
	struct given given;		/* its own while it works, as is all below */
	struct bulk_piece piece[PIECES_MOST];
	size_t piece_n, piece_most;
	uint64_t file_len;		/* written */
	uint8_t *window;
	size_t window_cap, window_len;
	struct buf first;		/* the first row's key of all */
	size_t common;			/* leading bytes of it that all rows' keys have */
};

static bool threaded(const struct bulk *b)
{
	return b->store->backend->caps & BACKEND_DESCRIPTORS;
}

static size_t between(size_t least, size_t n, size_t most)
{
	return n < least ? least : n > most ? most : n;
}

int bulk_open(struct bulk **out, struct store *s)
{
	struct bulk *b = mem_zalloc(&s->mem, sizeof *b);
	size_t left = mem_left(&s->mem);
	int r;

	if (!b)
		return ERR_MEMORY;
	b->store = s;
	b->mem = b->first.mem = b->given.records.mem = &s->mem;
	b->piece_most = between(2, left / 4 / BULK_BLOCK, PIECES_MOST);
	b->window_cap = between(1, left / 16 / BULK_BLOCK, WINDOW / BULK_BLOCK) * BULK_BLOCK;
	b->common = SIZE_MAX;
	snprintf(b->name, sizeof b->name, "tmp/bulk-%016" PRIx64, segment_new_id());
	r = backend_open(s->backend, b->name, FILE_WRITE | FILE_CREATE, &b->file);
	if (r < 0) {
		mem_free(&s->mem, b);
		return r;
	}
	*out = b;
	return 0;
}

/* --- a piece, by the thread aside --- */

static int drain(struct bulk *b)
{
	int r = file_write(b->file, b->window, b->window_len, b->file_len);

	b->file_len += b->window_len;
	b->window_len = 0;
	return r;
}

/* The block whose rows lie in the window behind its head, LEN bytes of them. */
static int end_block(struct bulk *b, size_t len)
{
	struct bulk_block_disk d = { .len = le32_of((uint32_t)len) };
	uint8_t *block = b->window + b->window_len;
	size_t used = sizeof d + len, whole = disk_round_up(used, DISK_PAGE);

	d.crc = le32_of(bulk_block_crc(b->file_len + b->window_len, block + sizeof d, len));
	memcpy(block, &d, sizeof d);
	memset(block + used, 0, whole - used);
	b->window_len += whole;
	return b->window_cap - b->window_len < BULK_BLOCK ? drain(b) : 0;
}

static void put_row(uint8_t *p, const struct piece_row *row)
{
	struct bulk_row head = { (uint32_t)row->key.len + 4, (uint32_t)row->body.len };
	const uint8_t space[4] = { (uint8_t)(row->space >> 24), (uint8_t)(row->space >> 16),
				   (uint8_t)(row->space >> 8), (uint8_t)row->space };

	memcpy(p, &head, sizeof head);
	p += sizeof head;
	memcpy(p, space, sizeof space);
	memcpy(p + sizeof space, row->key.ptr, row->key.len);
	memcpy(p + head.key_len, row->body.ptr, row->body.len);
}

static size_t row_len(const struct piece_row *row)
{
	return sizeof(struct bulk_row) + 4 + row->key.len + row->body.len;
}

/* A record lies anywhere in the piece: its first lines of cache, ahead of need. */
static void ask_for(const uint8_t *record)
{
	__builtin_prefetch(record);
	__builtin_prefetch(record + 64);
	__builtin_prefetch(record + 128);
}

/* The newest row of each key, in order, in blocks. */
static int write_piece(struct bulk *b, const struct piece *p, uint64_t *row_n)
{
	size_t len = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n; i++) {
		struct piece_row row = piece_row(p, i);

		if (i + AHEAD < p->n)
			ask_for(p->ptr + p->slot[i + AHEAD].off);
		if (piece_same_key(p, i))
			continue;
		if (len + row_len(&row) > BULK_BLOCK - sizeof(struct bulk_block_disk)) {
			r = end_block(b, len);
			len = 0;
		}
		if (r < 0)
			break;
		put_row(b->window + b->window_len + sizeof(struct bulk_block_disk) + len, &row);
		len += row_len(&row);
		(*row_n)++;
	}
	if (r == 0 && len)
		r = end_block(b, len);
	return r == 0 && b->window_len ? drain(b) : r;
}

/* What all rows' keys begin with can only become shorter. */
static int note_common(struct bulk *b, const struct piece *p)
{
	struct piece_row row = piece_row(p, 0);
	struct buf key = { .mem = b->mem };
	int r = rows_make_key(&key, row.space, row.key);
	size_t n = p->common;

	if (r == 0 && b->first.len == 0)
		r = buf_add(&b->first, key.ptr, key.len);
	if (r == 0) {
		size_t shared = bytes_common(buf_bytes(&b->first), buf_bytes(&key));

		n = shared < n ? shared : n;
		b->common = n < b->common ? n : b->common;
	}
	buf_release(&key);
	return r;
}

static int take_piece(void *ctx, void *arg)
{
	struct bulk *b = ctx;
	struct given *g = arg;
	struct bulk_piece *out = &b->piece[b->piece_n];
	struct piece p;
	int r = 0;

	if (!b->window) {
		b->window = mem_pages(b->mem, b->window_cap);
		r = b->window ? 0 : ERR_MEMORY;
	}
	if (r == 0)
		r = piece_sort(&p, buf_bytes(&g->records), g->n, b->mem);
	if (r < 0)
		return r;
	*out = (struct bulk_piece){ .off = b->file_len };
	r = note_common(b, &p);
	if (r == 0)
		r = write_piece(b, &p, &out->row_n);
	out->end = b->file_len;
	b->piece_n++;
	piece_release(&p);
	return r;
}

int bulk_give(struct bulk *b, struct buf *records, size_t n)
{
	struct buf swap;
	int r;

	if (n == 0)
		return 0;
	if (!b->gathering)
		aside_begin(&b->aside, take_piece, b, threaded(b));
	b->gathering = true;
	r = aside_wait(&b->aside);
	if (r < 0)
		return r;
	swap = b->given.records;
	b->given.records = *records;
	b->given.n = n;
	buf_clear(&swap);
	*records = swap;
	b->given_n++;
	return aside_give(&b->aside, &b->given);
}

bool bulk_full(const struct bulk *b)
{
	return b->given_n >= b->piece_most;
}

bool bulk_empty(const struct bulk *b)
{
	return b->given_n == 0;
}

/* --- the pieces into a run --- */

/* By the thread aside: a batch of rows into the run. */
static int encode(void *ctx, void *arg)
{
	const struct buf *batch = arg;
	const uint8_t *p = batch->ptr, *end = batch->ptr + batch->len;
	int r = 0;

	while (r == 0 && p < end) {
		struct bulk_row row;
		struct bytes key;

		memcpy(&row, p, sizeof row);
		key = bytes_of(p + sizeof row, row.key_len);
		p = key.ptr + row.key_len + row.body_len;
		r = run_add_row(ctx, key, bytes_of(p - row.body_len, row.body_len));
	}
	return r;
}

static int add_to_batch(struct buf *batch, struct bytes key, struct bytes body)
{
	struct bulk_row row = { (uint32_t)key.len, (uint32_t)body.len };
	int r = buf_reserve(batch, sizeof row + key.len + body.len);

	if (r < 0)
		return r;
	memcpy(batch->ptr + batch->len, &row, sizeof row);
	memcpy(batch->ptr + batch->len + sizeof row, key.ptr, key.len);
	memcpy(batch->ptr + batch->len + sizeof row + key.len, body.ptr, body.len);
	batch->len += sizeof row + key.len + body.len;
	return 0;
}

static int merge_rows(struct bulk_merge *m, struct aside *aside, struct buf batch[2])
{
	unsigned turn = 0;
	struct bytes key, body;
	int r;

	while ((r = bulk_merge_next(m, &key, &body)) == 1) {
		struct buf *to = &batch[turn];

		r = add_to_batch(to, key, body);
		if (r == 0 && to->len >= BATCH) {
			r = aside_give(aside, to);
			turn ^= 1;
			buf_clear(&batch[turn]);	/* the one before: done with */
		}
		if (r < 0)
			return r;
	}
	if (r == 0 && batch[turn].len)
		r = aside_give(aside, &batch[turn]);
	return r;
}

static int merge_into(struct bulk *b, struct run_writer *w)
{
	struct buf batch[2] = { { .mem = b->mem }, { .mem = b->mem } };
	struct bulk_merge *m = NULL;
	struct aside aside;
	int r = bulk_merge_open(&m, b->file, b->piece, b->piece_n, b->common, b->mem);
	int end;

	if (r < 0)
		return r;
	aside_begin(&aside, encode, w, threaded(b));
	r = merge_rows(m, &aside, batch);
	end = aside_end(&aside);
	bulk_merge_close(m);
	buf_release(&batch[0]);
	buf_release(&batch[1]);
	return r < 0 ? r : end;
}

/* Nothing is gathered any more: its memory is for the merge. */
static int end_gathering(struct bulk *b)
{
	int r = b->gathering ? aside_end(&b->aside) : 0;

	b->gathering = false;
	buf_release(&b->given.records);
	mem_free_pages(b->mem, b->window, b->window_cap);
	b->window = NULL;
	return r;
}

int bulk_run(struct bulk *b, struct run_info *out)
{
	struct store *s = b->store;
	struct run_writer *w = NULL;
	uint64_t row_n = 0;
	int r = end_gathering(b);

	for (size_t i = 0; i < b->piece_n; i++)
		row_n += b->piece[i].row_n;
	if (r == 0)
		r = run_create(&w, s->backend, s->manifest.store_id, row_n, merge_codec(s), b->mem);
	if (r < 0)
		return r;
	r = merge_into(b, w);
	if (r < 0)
		run_abort(w);
	else
		r = run_finish(w, out);
	b->piece_n = b->given_n = 0;
	b->file_len = 0;		/* the next pieces are written over these */
	b->common = SIZE_MAX;
	buf_clear(&b->first);
	return r;
}

void bulk_close(struct bulk *b)
{
	struct err_note note;

	if (!b)
		return;
	err_take(&note, 0);		/* closing says nothing new */
	end_gathering(b);
	file_close(b->file);
	backend_remove(b->store->backend, b->name);
	buf_release(&b->first);
	mem_free(b->mem, b);
	err_give(&note);
}
