/* graph/spool.c - blocks in memory, then a nameless file
 *
 * The first blocks stay in memory for good; once they reach the cap, further
 * bytes pass through one block to the file.  So a position below `held` is in
 * memory, one above is byte (position - held) of what the file carries.
 *
 * A page of the file is PAGE_ROOM bytes and their CRC32C, seeded with the page's
 * number: a device that gives back other bytes than it took is found out here,
 * since nobody else looks at them.  The last page may be short of bytes; it is
 * written again when there are more.
 */
#include "graph/spool.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/endian.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"

#define BLOCK_MOST (1u << 20)
#define BLOCK_LEAST 4096u
#define PAGE 4096u
#define PAGE_ROOM (PAGE - (unsigned)sizeof(le32))

struct spool {
	struct backend *backend;
	struct mem *mem;
	struct file *file;
	size_t cap, block_len;
	struct buf blocks;		/* uint8_t *[], those kept in memory */
	uint64_t held;			/* bytes in them */
	uint8_t *tail;			/* on its way to the file: pages, see page_at */
	size_t tail_len, tail_cap;	/* bytes they carry */
	uint64_t written;		/* bytes in whole pages of the file */
};

static uint8_t *block_at(const struct spool *s, size_t i)
{
	return ((uint8_t **)s->blocks.ptr)[i];
}

static size_t block_n(const struct spool *s)
{
	return s->blocks.len / sizeof(uint8_t *);
}

int spool_open(struct spool **out, struct backend *b, size_t cap, struct mem *mem)
{
	struct spool *s = mem_zalloc(mem, sizeof *s);

	if (!s)
		return ERR_MEMORY;
	s->backend = b;
	s->mem = mem;
	s->cap = cap;
	s->blocks.mem = mem;
	s->block_len = cap / 16;
	if (cap == 0)
		s->block_len = 64u << 10;
	if (s->block_len > BLOCK_MOST)
		s->block_len = BLOCK_MOST;
	if (s->block_len < BLOCK_LEAST)
		s->block_len = BLOCK_LEAST;
	*out = s;
	return 0;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < block_n(s); i++)
		mem_free(s->mem, block_at(s, i));
	buf_release(&s->blocks);
	mem_free(s->mem, s->tail);
	file_close(s->file);
	mem_free(s->mem, s);
}

uint64_t spool_bytes(const struct spool *s)
{
	return s->held + s->written + s->tail_len;
}

static int open_file(struct spool *s)
{
	char name[64];
	int r;

	snprintf(name, sizeof name, "tmp/spool-%016" PRIx64, clock_random());
	r = backend_open(s->backend, name, FILE_WRITE | FILE_CREATE, &s->file);
	if (r < 0)
		return r;
	return backend_remove(s->backend, name);
}

/* Byte AT of what pages carry. */
static uint8_t *page_at(uint8_t *pages, uint64_t at)
{
	return pages + at / PAGE_ROOM * PAGE + at % PAGE_ROOM;
}

static uint32_t page_crc(const uint8_t *page, uint64_t number)
{
	return crc32c(crc32c_seed(number, PAGE), page, PAGE_ROOM);
}

/* The tail's N pages to the file, each with its checksum. */
static int write_pages(struct spool *s, uint64_t n)
{
	uint64_t first = s->written / PAGE_ROOM;
	le32 crc;

	for (uint64_t i = 0; i < n; i++) {
		crc = le32_of(page_crc(s->tail + i * PAGE, first + i));
		memcpy(s->tail + i * PAGE + PAGE_ROOM, &crc, sizeof crc);
	}
	return file_write(s->file, s->tail, n * PAGE, first * PAGE);
}

/* What the last page lacks is zeros in the file; the page stays in the tail. */
static int flush_tail(struct spool *s)
{
	size_t whole = s->tail_len / PAGE_ROOM, part = s->tail_len % PAGE_ROOM;
	int r;

	if (s->tail_len == 0)
		return 0;
	if (!s->file && (r = open_file(s)) < 0)
		return r;
	if (part)
		memset(page_at(s->tail, s->tail_len), 0, PAGE_ROOM - part);
	r = write_pages(s, whole + (part > 0));
	if (r < 0)
		return r;
	memmove(s->tail, s->tail + whole * PAGE, part ? PAGE : 0);
	s->written += whole * PAGE_ROOM;
	s->tail_len = part;
	return 0;
}

static int grow(struct spool *s)
{
	uint8_t *block = mem_alloc(s->mem, s->block_len);

	if (!block)
		return ERR_MEMORY;
	if (buf_add(&s->blocks, &block, sizeof block) == 0)
		return 0;
	mem_free(s->mem, block);
	return ERR_MEMORY;
}

/* Room in memory at the end, or the file's block: where the next bytes go. */
static int room(struct spool *s, uint8_t **at, size_t *len)
{
	bool spilled = s->tail || s->held + s->block_len > s->cap;
	size_t in_block = s->held % s->block_len;
	int r = 0;

	if (in_block || !spilled) {
		if (s->held == block_n(s) * s->block_len && (r = grow(s)) < 0)
			return r;
		*at = block_at(s, block_n(s) - 1) + in_block;
		*len = s->block_len - in_block;
		return 0;
	}
	if (!s->tail && !(s->tail = mem_alloc(s->mem, s->block_len)))
		return ERR_MEMORY;
	s->tail_cap = s->block_len / PAGE * PAGE_ROOM;
	if (s->tail_len == s->tail_cap && (r = flush_tail(s)) < 0)
		return r;
	*at = page_at(s->tail, s->tail_len);
	*len = PAGE_ROOM - s->tail_len % PAGE_ROOM;
	return 0;
}

int spool_add(struct spool *s, const void *ptr, size_t len)
{
	const uint8_t *from = ptr;
	uint8_t *at;
	size_t n;
	int r;

	while (len > 0) {
		r = room(s, &at, &n);
		if (r < 0)
			return r;
		n = n < len ? n : len;
		memcpy(at, from, n);
		from += n;
		len -= n;
		if (s->tail)
			s->tail_len += n;
		else
			s->held += n;
	}
	return 0;
}

int spool_begin(struct spool_reader *r, struct spool *s, uint64_t off, uint64_t len,
		size_t buf_len)
{
	*r = (struct spool_reader){ .spool = s, .off = off, .stop = off + len,
				    .buf_len = buf_len };
	return off + len > s->held ? flush_tail(s) : 0;
}

void spool_end(struct spool_reader *r)
{
	if (r->spool)
		mem_free(r->spool->mem, r->buf);
	*r = (struct spool_reader){0};
}

/* N pages of the file from FIRST on are as they were written: what they carry is
 * moved together at the buffer's beginning. */
static int check_pages(struct spool *s, uint8_t *buf, uint64_t first, uint64_t n)
{
	le32 crc;

	for (uint64_t i = 0; i < n; i++) {
		const uint8_t *page = buf + i * PAGE;

		memcpy(&crc, page + PAGE_ROOM, sizeof crc);
		if (le32_get(crc) != page_crc(page, first + i))
			return err_set(ERR_DAMAGED, "%s/tmp: page %" PRIu64 " of a temporary"
				       " file is not what was written there",
				       s->backend->path, first + i);
		memmove(buf + i * PAGE_ROOM, page, PAGE_ROOM);
	}
	return 0;
}

static int window_of_file(struct spool_reader *r)
{
	struct spool *s = r->spool;
	size_t cap = r->buf_len < PAGE ? PAGE : r->buf_len / PAGE * PAGE;
	uint64_t at = r->off - s->held, first = at / PAGE_ROOM;
	uint64_t last = (r->stop - 1 - s->held) / PAGE_ROOM;
	uint64_t n = last - first + 1 < cap / PAGE ? last - first + 1 : cap / PAGE;
	int ret;

	if (!r->buf && !(r->buf = mem_alloc(s->mem, cap)))
		return ERR_MEMORY;
	ret = file_read(s->file, r->buf, n * PAGE, first * PAGE);
	if (ret == 0)
		ret = check_pages(s, r->buf, first, n);
	if (ret < 0)
		return ret;
	r->at = r->buf + at % PAGE_ROOM;
	r->end = r->buf + n * PAGE_ROOM;
	if ((uint64_t)(r->end - r->at) > r->stop - r->off)
		r->end = r->at + (r->stop - r->off);
	r->off += (uint64_t)(r->end - r->at);
	return 1;
}

static int next_window(struct spool_reader *r)
{
	struct spool *s = r->spool;
	uint64_t in_block = r->off % s->block_len;
	uint64_t n = s->block_len - in_block;

	if (r->off >= r->stop)
		return 0;
	if (r->off >= s->held)
		return window_of_file(r);
	if (n > s->held - r->off)
		n = s->held - r->off;
	if (n > r->stop - r->off)
		n = r->stop - r->off;
	r->at = block_at(s, r->off / s->block_len) + in_block;
	r->end = r->at + n;
	r->off += n;
	return 1;
}

int spool_read_slow(struct spool_reader *r, void *out, size_t len)
{
	uint8_t *to = out;
	size_t got = 0;
	int ret;

	while (got < len) {
		size_t n = (size_t)(r->end - r->at);

		if (n == 0) {
			ret = next_window(r);
			if (ret == 0 && got)
				return err_set(ERR_BUG, "a spool ends inside a record");
			if (ret <= 0)
				return ret;
			continue;
		}
		if (n > len - got)
			n = len - got;
		memcpy(to + got, r->at, n);
		r->at += n;
		got += n;
	}
	return 1;
}
