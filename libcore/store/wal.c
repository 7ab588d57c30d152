/* store/wal.c
 *
 * The checksum of a sector: crc32c of the log's id and the sector's number (both
 * le64), the store's id, and the 504 bytes.  The log's id is the one beside the
 * checksum, filled up from the id that is asked for: ids only grow, so what
 * differs is older, unless it lies just above.
 */
#include "store/wal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"

#define HEAD_BYTES sizeof(struct wal_block_disk)
#define FIRST_BYTES (HEAD_BYTES + sizeof(struct wal_commit_disk))

void wal_name(char out[WAL_NAME_MAX], uint64_t log_id)
{
	snprintf(out, WAL_NAME_MAX, "wal/%010" PRIu64 ".wal", log_id);
}

/* --- sectors --- */

static uint32_t sum(const uint8_t *sector, uint64_t number, const uint8_t *store_id,
		    uint64_t log_id)
{
	uint32_t crc = crc32c_seed(log_id, number);

	crc = crc32c(crc, store_id, 16);
	return crc32c(crc, sector, WAL_SECTOR_PAYLOAD);
}

static struct wal_trailer_disk trailer(const uint8_t *sector)
{
	struct wal_trailer_disk t;

	memcpy(&t, sector + WAL_SECTOR_PAYLOAD, sizeof t);
	return t;
}

static int all_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

enum wal_sector wal_sector(const void *sector, uint64_t number, const struct wal_key *k)
{
	struct wal_trailer_disk t = trailer(sector);
	uint32_t low = le32_get(t.log);
	int32_t newer = (int32_t)(low - (uint32_t)k->log_id);
	uint64_t id = k->log_id + (uint64_t)(int64_t)newer;

	if (low == 0 && all_zero(sector, DISK_SECTOR))
		return WAL_ZERO;
	if (sum(sector, number, k->store_id, id) != le32_get(t.crc))
		return WAL_BAD;
	return newer == 0 ? WAL_NEW : newer < 0 ? WAL_OLD : WAL_LATER;
}

static void seal(uint8_t *block, uint64_t blk, const struct wal_key *k)
{
	for (unsigned i = 0; i < WAL_SECTOR_N; i++) {
		uint8_t *s = block + i * DISK_SECTOR;
		struct wal_trailer_disk t = {
			le32_of(sum(s, blk * WAL_SECTOR_N + i, k->store_id, k->log_id)),
			le32_of((uint32_t)k->log_id),
		};

		memcpy(s + WAL_SECTOR_PAYLOAD, &t, sizeof t);
	}
}

/* --- payload --- */

void wal_gather(void *out, const void *block, uint32_t off, size_t n)
{
	const uint8_t *from = block;
	uint8_t *to = out;

	while (n) {
		uint32_t in = off % WAL_SECTOR_PAYLOAD;
		size_t m = WAL_SECTOR_PAYLOAD - in;

		m = m < n ? m : n;
		memcpy(to, from + off / WAL_SECTOR_PAYLOAD * DISK_SECTOR + in, m);
		to += m;
		off += (uint32_t)m;
		n -= m;
	}
}

static void scatter(uint8_t *block, uint32_t off, const uint8_t *from, size_t n)
{
	while (n) {
		uint32_t in = off % WAL_SECTOR_PAYLOAD;
		size_t m = WAL_SECTOR_PAYLOAD - in;

		m = m < n ? m : n;
		memcpy(block + off / WAL_SECTOR_PAYLOAD * DISK_SECTOR + in, from, m);
		from += m;
		off += (uint32_t)m;
		n -= m;
	}
}

uint32_t wal_blk_n(uint64_t len)
{
	if (len <= WAL_ROOM_FIRST)
		return 1;
	return (uint32_t)(1 + (len - WAL_ROOM_FIRST + WAL_ROOM - 1) / WAL_ROOM);
}

uint64_t wal_pos(uint64_t blk, uint64_t off)
{
	uint32_t in = (uint32_t)FIRST_BYTES;

	if (off < WAL_ROOM_FIRST) {
		in += (uint32_t)off;
	} else {
		blk += 1 + (off - WAL_ROOM_FIRST) / WAL_ROOM;
		in = (uint32_t)(HEAD_BYTES + (off - WAL_ROOM_FIRST) % WAL_ROOM);
	}
	return blk * WAL_BLOCK + in / WAL_SECTOR_PAYLOAD * DISK_SECTOR +
	       in % WAL_SECTOR_PAYLOAD;
}

uint32_t wal_payload_off(uint64_t pos)
{
	uint32_t in = (uint32_t)(pos % WAL_BLOCK);

	if (in % DISK_SECTOR >= WAL_SECTOR_PAYLOAD)
		return WAL_PAYLOAD;
	return in / DISK_SECTOR * WAL_SECTOR_PAYLOAD + in % DISK_SECTOR;
}

/* --- blocks of commits --- */

/* Over the checksums of sectors 1..7. */
static uint32_t rest_sum(const uint8_t *block)
{
	uint32_t crc = 0;

	for (unsigned i = 1; i < WAL_SECTOR_N; i++) {
		struct wal_trailer_disk t = trailer(block + i * DISK_SECTOR);

		crc = crc32c(crc, &t.crc, sizeof t.crc);
	}
	return crc;
}

/* Every checksum is right: is the head one that we write? */
static int head_makes_sense(struct wal_block *b)
{
	uint64_t room = b->blk_i ? WAL_ROOM : WAL_ROOM_FIRST;
	uint32_t least = (uint32_t)(b->blk_i ? HEAD_BYTES : FIRST_BYTES);

	if (b->blk_i >= b->blk_n || b->used < least || b->used > WAL_PAYLOAD ||
	    (b->first_off && (b->first_off < least || b->first_off >= b->used)))
		return 0;
	if (b->blk_i + 1 < b->blk_n && b->used != WAL_PAYLOAD)
		return 0;
	if (b->blk_i)
		return 1;
	if (b->len > (uint64_t)WAL_ROOM * UINT32_MAX || wal_blk_n(b->len) != b->blk_n)
		return 0;
	return b->used == least + (b->len < room ? b->len : room);
}

static void read_heads(struct wal_block *out, const uint8_t *block)
{
	struct wal_block_disk d;
	struct wal_commit_disk c;

	memcpy(&d, block, sizeof d);
	memcpy(&c, block + sizeof d, sizeof c);
	out->version = le64_get(d.version);
	out->nonce = le64_get(d.nonce);
	out->durable_blk = le64_get(d.durable_blk);
	out->blk_i = le32_get(d.blk_i);
	out->blk_n = le32_get(d.blk_n);
	out->first_off = le16_get(d.first_off);
	out->used = le16_get(d.used);
	if (out->blk_i)
		return;
	out->prev_nonce = le64_get(c.prev_nonce);
	out->wall_ns = le64_get(c.wall_ns);
	out->entry_n = le64_get(c.entry_n);
	out->len = le64_get(c.len);
}

static void whole(struct wal_block *out, const uint8_t *block, uint64_t blk)
{
	struct wal_block_disk d;

	memcpy(&d, block, sizeof d);
	out->got = rest_sum(block);
	out->expected = le32_get(d.rest_crc);
	out->kind = WAL_MIXED;
	if (out->got != out->expected)
		return;
	out->kind = WAL_WHOLE;
	if (!head_makes_sense(out) || out->durable_blk > blk)
		out->kind = WAL_DAMAGED;
}

void wal_check(struct wal_block *out, const void *block, uint64_t blk,
	       const struct wal_key *k)
{
	const uint8_t *p = block;
	unsigned n[WAL_BAD + 1] = { 0 };

	memset(out, 0, sizeof *out);
	for (unsigned i = 0; i < WAL_SECTOR_N; i++, p += DISK_SECTOR) {
		uint64_t number = blk * WAL_SECTOR_N + i;
		enum wal_sector s = wal_sector(p, number, k);

		if (s == WAL_BAD && n[s] == 0) {
			out->sector = i;
			out->expected = le32_get(trailer(p).crc);
			out->got = sum(p, number, k->store_id, k->log_id);
		}
		if (s == WAL_NEW && i == 0)
			read_heads(out, p);
		n[s]++;
	}
	if (n[WAL_BAD])
		out->kind = WAL_DAMAGED;
	else if (n[WAL_LATER])
		out->kind = WAL_TAKEN;
	else if (n[WAL_NEW] == WAL_SECTOR_N)
		whole(out, block, blk);
	else
		out->kind = n[WAL_NEW] ? WAL_MIXED : WAL_BLANK;
}

int wal_continues(const struct wal_block *first, const struct wal_block *b, uint32_t i)
{
	return b->kind == WAL_WHOLE && b->blk_i == i && b->blk_n == first->blk_n &&
	       b->nonce == first->nonce && b->version == first->version;
}

void wal_build(void *out, const struct wal_commit *c, uint32_t i, uint32_t first_off)
{
	size_t head = i ? HEAD_BYTES : FIRST_BYTES, room = WAL_PAYLOAD - head;
	uint64_t from = i ? WAL_ROOM_FIRST + (uint64_t)(i - 1) * WAL_ROOM : 0;
	size_t n = c->records.len - from < room ? (size_t)(c->records.len - from) : room;
	struct wal_block_disk d = {
		.version = le64_of(c->version), .nonce = le64_of(c->nonce),
		.blk_i = le32_of(i), .blk_n = le32_of(wal_blk_n(c->records.len)),
		.durable_blk = le64_of(c->durable_blk),
		.first_off = le16_of((uint16_t)first_off),
		.used = le16_of((uint16_t)(head + n)),
	};
	struct wal_commit_disk cd = {
		.prev_nonce = le64_of(c->prev_nonce), .wall_ns = le64_of(c->wall_ns),
		.entry_n = le64_of(c->entry_n), .len = le64_of(c->records.len),
	};

	memset(out, 0, WAL_BLOCK);
	if (i == 0)
		memcpy((uint8_t *)out + sizeof d, &cd, sizeof cd);
	scatter(out, (uint32_t)head, c->records.ptr + from, n);
	seal(out, c->blk + i, &c->key);
	d.rest_crc = le32_of(rest_sum(out));
	memcpy(out, &d, sizeof d);
	seal(out, c->blk + i, &c->key);
}

/* --- head and marks --- */

void wal_head_build(void *block, const struct wal_head *h)
{
	struct wal_head_disk d = {
		.format = le32_of(WAL_FORMAT),
		.block = le32_of(WAL_BLOCK), .log_id = le64_of(h->key.log_id),
		.file_id = le64_of(h->file_id), .generation = le64_of(h->generation),
		.base_version = le64_of(h->base_version),
		.created_ns = le64_of(h->created_ns),
	};

	memcpy(d.magic, WAL_MAGIC, sizeof d.magic);
	memcpy(d.store_id, h->key.store_id, sizeof d.store_id);
	memset(block, 0, WAL_BLOCK);
	memcpy(block, &d, sizeof d);
	seal(block, 0, &h->key);
}

static int all_new(const void *block, uint64_t blk, const struct wal_key *k)
{
	for (unsigned i = 0; i < WAL_SECTOR_N; i++)
		if (wal_sector((const uint8_t *)block + i * DISK_SECTOR,
			       blk * WAL_SECTOR_N + i, k) != WAL_NEW)
			return 0;
	return 1;
}

static int head_is_ours(const struct wal_head *h, const struct wal_key *key,
			const struct file *f)
{
	if (!key)
		return 0;
	if (memcmp(h->key.store_id, key->store_id, sizeof key->store_id))
		return err_set(ERR_DAMAGED, "%s: offset 0: is a log of another store",
			       file_path(f));
	if (h->key.log_id > key->log_id)
		return err_set(ERR_CHANGED, "%s: was recycled as log %" PRIu64 " meanwhile",
			       file_path(f), h->key.log_id);
	if (h->key.log_id < key->log_id)
		return err_set(ERR_DAMAGED, "%s: offset 0: is log %" PRIu64 ", not %" PRIu64,
			       file_path(f), h->key.log_id, key->log_id);
	return 0;
}

int wal_head_parse(struct wal_head *out, const void *block, const struct wal_key *key,
		   const struct file *f)
{
	struct wal_head_disk d;
	struct wal_head h;

	memcpy(&d, block, sizeof d);
	if (memcmp(d.magic, WAL_MAGIC, sizeof d.magic))
		return err_set(ERR_DAMAGED, "%s: offset 0: is not a log", file_path(f));
	memcpy(h.key.store_id, d.store_id, sizeof d.store_id);
	h.key.log_id = le64_get(d.log_id);
	h.file_id = le64_get(d.file_id);
	h.generation = le64_get(d.generation);
	h.base_version = le64_get(d.base_version);
	h.created_ns = le64_get(d.created_ns);
	if (!all_new(block, 0, &h.key))
		return err_set(ERR_DAMAGED, "%s: offset 0: checksum of the log's head differs",
			       file_path(f));
	if (le32_get(d.format) > WAL_FORMAT)
		return err_set(ERR_NEWER, "%s: log format %u is newer than this program's %u",
			       file_path(f), le32_get(d.format), WAL_FORMAT);
	if (le32_get(d.must))
		return err_set(ERR_NEWER, "%s: the log needs features %#x of a newer program",
			       file_path(f), le32_get(d.must));
	if (le32_get(d.block) != WAL_BLOCK || !all_zero(d.zero, sizeof d.zero))
		return err_set(ERR_DAMAGED, "%s: offset 0: malformed head", file_path(f));
	*out = h;
	return head_is_ours(&h, key, f);
}

uint64_t wal_mark_blk(uint64_t sequence)
{
	return WAL_MARK_BLK + sequence % 2;
}

void wal_mark_build(void *block, const struct wal_mark *m, const struct wal_key *k)
{
	struct wal_mark_disk d = {
		.sequence = le64_of(m->sequence),
		.durable_blk = le64_of(m->durable_blk),
		.floor = le64_of(m->floor), .flags = le32_of(m->flags),
	};

	memcpy(d.magic, WAL_MARK_MAGIC, sizeof d.magic);
	memset(block, 0, WAL_BLOCK);
	memcpy(block, &d, sizeof d);
	seal(block, wal_mark_blk(m->sequence), k);
}

static int mark_one(struct wal_mark *out, const uint8_t *block, uint64_t blk,
		    const struct wal_key *k, const struct file *f)
{
	struct wal_mark_disk d;

	memcpy(&d, block, sizeof d);
	out->sequence = le64_get(d.sequence);
	out->durable_blk = le64_get(d.durable_blk);
	out->floor = le64_get(d.floor);
	out->flags = le32_get(d.flags);
	if (all_new(block, blk, k) && !memcmp(d.magic, WAL_MARK_MAGIC, sizeof d.magic) &&
	    wal_mark_blk(out->sequence) == blk && all_zero(d.zero, sizeof d.zero))
		return 0;
	return err_set(ERR_DAMAGED, "%s: offset %" PRIu64 ": the mark of the durable "
		       "length is damaged", file_path(f), blk * WAL_BLOCK);
}

int wal_mark_parse(struct wal_mark *out, const void *blocks, const struct wal_key *key,
		   const struct file *f)
{
	const uint8_t *second = (const uint8_t *)blocks + WAL_BLOCK;
	struct wal_mark a = { 0 }, b = { 0 };
	int in_a = mark_one(&a, blocks, WAL_MARK_BLK, key, f);
	int in_b = mark_one(&b, second, WAL_MARK_BLK + 1, key, f);

	if (in_a == 0 && in_b == 0)
		*out = a.sequence > b.sequence ? a : b;
	else if (in_a == 0 || in_b == 0)
		*out = in_a == 0 ? a : b;
	else
		memset(out, 0, sizeof *out);
	out->bad_blk = in_b < 0 ? WAL_MARK_BLK + 1 : in_a < 0 ? WAL_MARK_BLK : 0;
	return in_a < 0 ? in_a : in_b;
}
