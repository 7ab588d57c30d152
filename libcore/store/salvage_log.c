/* store/salvage_log.c
 *
 * The walk is recover_next's while commits follow one another.  Where one does
 * not, blocks are looked at one by one for the next commit that is whole.  What
 * may be believed there: the log is written front to back, and whoever writes has
 * overwritten the remains of a crash up to its own end.  So a commit beyond is a
 * real one if it lies before a position that anyone vouches for as durable, or
 * vouches itself for the place where the walk stopped.
 */
#include "store/salvage_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/recover.h"

struct walk {
	struct salvage_log *s;
	struct recover rec;
	struct buf records;
	uint64_t durable_blk;		/* the furthest anyone vouches for */
};

static int give(struct walk *w, uint64_t version, struct bytes in, uint64_t *n)
{
	struct entry e;
	long used;
	int r = 0;

	while (r == 0 && in.len) {
		used = entry_get_logged(in, version, &e);
		if (used < 0)
			return 0;	/* cut off: a stretch ends where it ends */
		r = w->s->entry(w->s->ctx, &e);
		in.ptr += used;
		in.len -= (size_t)used;
		(*n)++;
	}
	return r;
}

static int give_commit(struct walk *w, const struct recover_commit *c)
{
	uint64_t n = 0;
	int r = recover_records(&w->rec, c, &w->records);

	if (r == 0)
		r = give(w, c->first.version, buf_bytes(&w->records), &n);
	w->s->last_version = c->first.version;
	return r;
}

/* --- records in the sound sectors of a damaged commit --- */

struct stretch {
	struct walk *w;
	uint64_t version, nonce;
	bool open;			/* the bytes gathered so far go on */
	uint64_t given_n;
};

static int end_stretch(struct stretch *t)
{
	struct buf *b = &t->w->records;
	int r = t->open ? give(t->w, t->version, buf_bytes(b), &t->given_n) : 0;

	buf_clear(b);
	t->open = false;
	return r;
}

/* The checksums of sectors 1..7 that sector 0 vouches for: as they are stored, so
 * that a sector whose bytes differ is told from one of another try. */
static bool one_try(const uint8_t *block)
{
	struct wal_block_disk d;
	uint32_t crc = 0;

	memcpy(&d, block, sizeof d);
	for (unsigned i = 1; i < WAL_SECTOR_N; i++)
		crc = crc32c(crc, block + i * DISK_SECTOR + WAL_SECTOR_PAYLOAD, 4);
	return crc == le32_get(d.rest_crc);
}

/* Appends the block's payload from OFF to USED, as far as its sectors are sound. */
static int gather_sound(struct stretch *t, const uint8_t *block, uint64_t blk,
			uint32_t off, uint32_t used)
{
	const struct wal_key *key = &t->w->rec.head.key;
	struct buf *b = &t->w->records;
	int r = 0;

	while (r == 0 && off < used && t->open) {
		uint32_t sector = off / WAL_SECTOR_PAYLOAD;
		uint32_t end = (sector + 1) * WAL_SECTOR_PAYLOAD;

		end = end < used ? end : used;
		if (wal_sector(block + sector * DISK_SECTOR,
			       blk * WAL_SECTOR_N + sector, key) != WAL_NEW)
			return end_stretch(t);
		r = buf_reserve(b, end - off);
		if (r == 0) {
			wal_gather(b->ptr + b->len, block, off, end - off);
			b->len += end - off;
		}
		off = end;
	}
	return r;
}

/* Block BLK of the commit hit, if its sector 0 says so; else the stretch ends. */
static int gather_block(struct stretch *t, uint64_t blk)
{
	struct wal_block_disk d;
	const uint8_t *p;
	uint32_t off;
	int r = recover_block(&t->w->rec, blk, &p);

	if (r < 0)
		return r;
	memcpy(&d, p, sizeof d);
	if (wal_sector(p, blk * WAL_SECTOR_N, &t->w->rec.head.key) != WAL_NEW ||
	    le64_get(d.nonce) != t->nonce || !one_try(p) || le16_get(d.used) > WAL_PAYLOAD)
		return end_stretch(t);
	off = t->open ? (uint32_t)sizeof d : le16_get(d.first_off);
	if (off < sizeof d)
		return 0;		/* no record begins here */
	t->open = true;
	return gather_sound(t, p, blk, off, le16_get(d.used));
}

/* What of the commit at BLK can be given; fills the gap's version and counts. */
static int give_sound(struct walk *w, uint64_t blk, struct salvage_gap *g, uint32_t *blk_n)
{
	struct wal_block_disk d;
	struct wal_commit_disk c;
	struct stretch t = { .w = w };
	const uint8_t *p;
	int r = recover_block(&w->rec, blk, &p);

	*blk_n = 0;
	if (r < 0)
		return r;
	memcpy(&d, p, sizeof d);
	memcpy(&c, p + sizeof d, sizeof c);
	if (wal_sector(p, blk * WAL_SECTOR_N, &w->rec.head.key) != WAL_NEW ||
	    !one_try(p) || le32_get(d.blk_i) != 0 || le64_get(d.version) <= g->after)
		return 0;
	t.version = g->version = le64_get(d.version);
	t.nonce = le64_get(d.nonce);
	g->record_n = le64_get(c.entry_n);
	*blk_n = le32_get(d.blk_n);
	buf_clear(&w->records);
	for (uint32_t i = 0; r == 0 && i < *blk_n && blk + i < w->rec.size_blk; i++)
		r = gather_block(&t, blk + i);
	if (r == 0)
		r = end_stretch(&t);
	g->given_n = t.given_n;
	return r;
}

/* --- the walk --- */

static bool believable(const struct walk *w, const struct recover_commit *c)
{
	return c->first.version > w->rec.version &&
	       (c->blk < w->durable_blk || c->first.durable_blk > w->rec.blk);
}

/* 1 and the next commit that is whole, 0 none. */
static int resync(struct walk *w, struct recover_commit *c)
{
	for (uint64_t blk = w->rec.blk; blk < w->rec.size_blk; blk++) {
		int r = recover_commit_at(&w->rec, blk, c);

		if (r < 0 || (r == 1 && believable(w, c)))
			return r;
	}
	return 0;
}

static int look_at_rest(struct walk *w, struct recover_rest *rest)
{
	int r = recover_rest(&w->rec, rest);

	if (r == 0 && rest->durable_blk > w->durable_blk)
		w->durable_blk = rest->durable_blk;
	return r;
}

static int tell_gap(struct walk *w, const char *words, const struct recover_commit *next)
{
	struct salvage_gap g = {
		.after = w->rec.version, .words = words,
		.before = next ? next->first.version : UINT64_MAX,
	};
	uint64_t end = next ? next->blk : w->durable_blk;
	uint32_t blk_n = 0;
	int r = w->rec.blk < w->rec.size_blk ? give_sound(w, w->rec.blk, &g, &blk_n) : 0;

	if (r != 0 || !w->s->gap)
		return r;
	if (!g.version && g.after && g.before == g.after + 2)
		g.version = g.after + 1;
	g.all_known = g.record_n && g.given_n == g.record_n && w->rec.blk + blk_n >= end;
	return w->s->gap(w->s->ctx, &g);
}

/* No commit follows: 0 the log ends here; 1 there was a gap, and C is beyond it. */
static int beyond(struct walk *w, struct recover_commit *c)
{
	struct recover_rest rest = { 0 };
	char words[600];
	int found, r;

	r = look_at_rest(w, &rest);
	if (r < 0)
		return r;
	r = recover_verdict(&w->rec, &rest);
	w->s->torn |= r == ERR_TORN_TAIL;
	if (r != ERR_DAMAGED)
		return r == ERR_TORN_TAIL ? 0 : r;
	snprintf(words, sizeof words, "%s", err_message());
	found = resync(w, c);
	r = found < 0 ? found : tell_gap(w, words, found ? c : NULL);
	return r != 0 ? r : found;
}

static int walk_all(struct walk *w)
{
	struct recover_commit c;
	int r;

	for (;;) {
		r = recover_next(&w->rec, &c);
		if (r == 0) {
			r = beyond(w, &c);
			if (r == 1)
				recover_resume(&w->rec, c.blk + c.first.blk_n,
					       c.first.version, c.first.nonce);
		}
		if (r != 1)
			return r;
		r = give_commit(w, &c);
		if (r != 0)
			return r;
	}
}

/* A head or marks that cannot be read: the commits are bound to KEY all the same,
 * and the one in the first place is the first. */
static int go_on_without_head(struct walk *w, const struct wal_key *key, uint64_t base)
{
	struct salvage_gap g = { .after = base, .before = UINT64_MAX, .all_known = true };
	struct recover *rec = &w->rec;
	struct recover_commit c;
	char words[600];
	const uint8_t *p;
	int r = 0;

	snprintf(words, sizeof words, "%s", err_message());
	g.words = words;
	rec->head.key = *key;
	if (rec->size_blk <= WAL_FIRST_BLK) {
		g.all_known = false;
		rec->size_blk = 0;
		return w->s->gap ? w->s->gap(w->s->ctx, &g) : 0;
	}
	r = recover_block(rec, 0, &p);
	if (r == 0)
		wal_mark_parse(&rec->mark, p + WAL_BLOCK, key, rec->file);
	if (r == 0)
		r = recover_commit_at(rec, WAL_FIRST_BLK, &c);
	if (r >= 0)
		recover_resume(rec, WAL_FIRST_BLK, base, r == 1 ? c.first.prev_nonce : 0);
	return r < 0 ? r : w->s->gap ? w->s->gap(w->s->ctx, &g) : 0;
}

int salvage_log(struct salvage_log *s, struct file *f, const struct wal_key *key,
		uint64_t base, struct mem *mem)
{
	struct walk w = { .s = s, .records.mem = mem };
	int r = recover_init(&w.rec, f, key, mem);

	s->last_version = base;
	s->torn = false;
	if (r == ERR_DAMAGED)
		r = go_on_without_head(&w, key, base);
	if (r == 0 && w.rec.size_blk)
		r = walk_all(&w);
	s->end_blk = w.rec.blk;
	s->file_id = w.rec.head.file_id;
	recover_release(&w.rec);
	buf_release(&w.records);
	return r;
}
