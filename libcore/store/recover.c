/* store/recover.c */
#include "store/recover.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define WINDOW_BLK 64u		/* read 256 KiB at a time */

static int read_window(struct recover *r, uint64_t blk)
{
	uint64_t n = r->size_blk - blk;
	int e;

	n = n < WINDOW_BLK ? n : WINDOW_BLK;
	r->window_n = 0;
	e = file_read(r->file, r->window, (size_t)(n * WAL_BLOCK), blk * WAL_BLOCK);
	if (e == 0) {
		r->window_blk = blk;
		r->window_n = n;
	}
	return e;
}

int recover_block(struct recover *r, uint64_t blk, const uint8_t **out)
{
	int e = 0;

	if (blk >= r->size_blk)
		return err_set(ERR_DAMAGED, "%s: ends at byte %" PRIu64 ", where block %"
			       PRIu64 " is due", file_path(r->file),
			       r->size_blk * WAL_BLOCK, blk);
	if (blk < r->window_blk || blk - r->window_blk >= r->window_n)
		e = read_window(r, blk);
	if (e == 0)
		*out = r->window + (blk - r->window_blk) * WAL_BLOCK;
	return e;
}

int recover_init(struct recover *r, struct file *f, const struct wal_key *key,
		 struct mem *mem)
{
	const uint8_t *p;
	uint64_t size;
	int e;

	memset(r, 0, sizeof *r);
	r->file = f;
	r->mem = mem;
	r->window = mem_pages(mem, WINDOW_BLK * WAL_BLOCK);
	if (!r->window)
		return ERR_MEMORY;
	e = file_size(f, &size);
	if (e < 0)
		return e;
	r->size_blk = size / WAL_BLOCK;
	if (r->size_blk < WAL_FIRST_BLK)
		return err_set(ERR_DAMAGED, "%s: offset 0: %" PRIu64 " bytes are no log",
			       file_path(f), size);
	e = recover_block(r, 0, &p);
	if (e == 0)
		e = wal_head_parse(&r->head, p, key, f);
	if (e == 0)
		e = wal_mark_parse(&r->mark, p + WAL_BLOCK, &r->head.key, f);
	recover_resume(r, WAL_FIRST_BLK, r->head.base_version, r->head.file_id);
	return e;
}

void recover_release(struct recover *r)
{
	mem_free_pages(r->mem, r->window, WINDOW_BLK * WAL_BLOCK);
	r->window = NULL;
}

void recover_resume(struct recover *r, uint64_t blk, uint64_t version, uint64_t nonce)
{
	r->blk = blk;
	r->version = version;
	r->nonce = nonce;
}

/* Sectors of a later log: recycled meanwhile if the head says so too. */
static int taken(struct recover *r, struct wal_block *b)
{
	struct wal_head now;
	const uint8_t *p;
	int e;

	r->window_n = 0;
	e = recover_block(r, 0, &p);
	if (e == 0)
		e = wal_head_parse(&now, p, &r->head.key, r->file);
	r->window_n = 0;
	b->kind = WAL_DAMAGED;
	return e == ERR_DAMAGED ? 0 : e;
}

static int look(struct recover *r, uint64_t blk, struct wal_block *b)
{
	const uint8_t *p;
	int e;

	memset(b, 0, sizeof *b);
	b->kind = WAL_BLANK;
	if (blk >= r->size_blk)
		return 0;
	e = recover_block(r, blk, &p);
	if (e < 0)
		return e;
	wal_check(b, p, blk, &r->head.key);
	return b->kind == WAL_TAKEN ? taken(r, b) : 0;
}

static int failed_at(struct recover *r, uint64_t blk, const struct wal_block *b)
{
	r->fail_blk = blk;
	r->fail = *b;
	return 0;
}

int recover_commit_at(struct recover *r, uint64_t blk, struct recover_commit *out)
{
	struct wal_block b;
	int e;

	out->blk = blk;
	e = look(r, blk, &out->first);
	if (e < 0)
		return e;
	if (out->first.kind != WAL_WHOLE || out->first.blk_i != 0)
		return failed_at(r, blk, &out->first);
	for (uint32_t i = 1; i < out->first.blk_n; i++) {
		e = look(r, blk + i, &b);
		if (e < 0)
			return e;
		if (!wal_continues(&out->first, &b, i))
			return failed_at(r, blk + i, &b);
	}
	return 1;
}

int recover_next(struct recover *r, struct recover_commit *out)
{
	int e = look(r, r->blk, &out->first);

	if (e < 0)
		return e;
	if (out->first.kind != WAL_WHOLE || out->first.blk_i != 0 ||
	    out->first.prev_nonce != r->nonce || out->first.version <= r->version)
		return failed_at(r, r->blk, &out->first);
	e = recover_commit_at(r, r->blk, out);
	if (e <= 0)
		return e;
	r->blk += out->first.blk_n;
	r->version = out->first.version;
	r->nonce = out->first.nonce;
	r->entry_n += out->first.entry_n;
	r->commit_n++;
	return 1;
}

int recover_records(struct recover *r, const struct recover_commit *c, struct buf *out)
{
	uint64_t left = c->first.len;
	int e;

	buf_clear(out);
	e = buf_reserve(out, (size_t)left);
	for (uint32_t i = 0; e == 0 && i < c->first.blk_n; i++) {
		uint64_t room = i ? WAL_ROOM : WAL_ROOM_FIRST;
		size_t n = (size_t)(left < room ? left : room);
		const uint8_t *p;

		e = recover_block(r, c->blk + i, &p);
		if (e < 0)
			break;
		wal_gather(out->ptr + out->len, p, WAL_PAYLOAD - (uint32_t)room, n);
		out->len += n;
		left -= n;
	}
	return e;
}

/* --- what lies beyond --- */

int recover_at_blank(struct recover *r)
{
	struct wal_block b;
	int e = look(r, r->blk, &b);

	return e < 0 ? e : b.kind == WAL_BLANK;
}

/* Counts commits as their blocks go by. */
struct following {
	struct wal_block first;
	uint32_t next_i;		/* 0: in none */
};

static bool completes(struct following *f, const struct wal_block *b)
{
	if (b->kind == WAL_WHOLE && b->blk_i == 0) {
		f->first = *b;
		f->next_i = 1;
	} else if (f->next_i && wal_continues(&f->first, b, f->next_i)) {
		f->next_i++;
	} else {
		f->next_i = 0;
	}
	if (f->next_i == 0 || f->next_i < f->first.blk_n)
		return false;
	f->next_i = 0;
	return true;
}

int recover_rest(struct recover *r, struct recover_rest *out)
{
	struct following f = { 0 };
	struct wal_block b;

	memset(out, 0, sizeof *out);
	out->durable_blk = r->mark.durable_blk;
	for (uint64_t blk = r->blk; blk < r->size_blk; blk++) {
		int e = look(r, blk, &b);

		if (e < 0)
			return e;
		if (b.kind != WAL_BLANK)
			out->remains_blk = blk + 1;
		if (b.kind == WAL_WHOLE && b.durable_blk > out->durable_blk)
			out->durable_blk = b.durable_blk;
		if (b.kind == WAL_DAMAGED && !out->bad_blk) {
			out->bad_blk = blk;
			out->bad = b;
		}
		if (completes(&f, &b))
			out->beyond_n++;
	}
	return 0;
}

static int damaged(const struct recover *r, uint64_t blk, const struct wal_block *b,
		   uint64_t beyond_n)
{
	static const char *const fact[] = {
		[WAL_WHOLE] = "another commit than the one that is due",
		[WAL_BLANK] = "a block that was durable is missing",
		[WAL_MIXED] = "a block that was durable is torn",
		[WAL_DAMAGED] = "checksum differs",
		[WAL_TAKEN] = "checksum of another log",
	};
	uint64_t off = blk * WAL_BLOCK + b->sector * DISK_SECTOR;
	int e;

	if (b->kind == WAL_DAMAGED)
		e = err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": checksum is %08x, not %08x; "
			    "after version %" PRIu64 ", %" PRIu64 " sound commits beyond",
			    file_path(r->file), off, b->got, b->expected,
			    r->version, beyond_n);
	else
		e = err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": %s; "
			    "after version %" PRIu64 ", %" PRIu64 " sound commits beyond",
			    file_path(r->file), off, fact[b->kind], r->version, beyond_n);
	err_hint("list what is sound with: strato-walcheck -l '%s'", file_path(r->file));
	return e;
}

int recover_verdict(const struct recover *r, const struct recover_rest *rest)
{
	if (rest->durable_blk > r->blk)
		return damaged(r, r->fail_blk, &r->fail, rest->beyond_n);
	if (rest->bad_blk)
		return damaged(r, rest->bad_blk, &rest->bad, rest->beyond_n);
	return rest->remains_blk ? ERR_TORN_TAIL : 0;
}
