/* store/bulk_merge.c - sorted pieces in one file, read as one
 *
 * A tournament tree of losers (Knuth, The Art of Computer Programming 3, 5.4.1):
 * one comparison a level, most of them decided by the 8 bytes of the key behind
 * the prefix that all share.  Inner node I of the tree holds the loser of the
 * match played there, node 0 the winner of all; source S plays first at (S + n) / 2.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/bulk_disk.h"
#include "store/piece.h"

struct source {
	uint64_t prefix;
	struct bytes key, body;
	bool ended;
	uint32_t age;			/* 0 is the oldest */
	uint8_t *block;
	const uint8_t *at, *end;	/* in the block: rows not given yet */
	uint64_t off, file_end;		/* of the next block; of the piece */
};

struct bulk_merge {
	struct file *file;
	struct mem *mem;
	size_t common;
	bool begun;
	struct buf last;		/* the key given last */
	uint64_t last_prefix;
	size_t n;
	uint32_t *tree;
	struct source source[];
};

static int damaged(const struct bulk_merge *m, uint64_t off, const char *words)
{
	return err_set(ERR_DAMAGED, "%s: offset %llu: %s", file_path(m->file),
		       (unsigned long long)off, words);
}

static int read_block(struct bulk_merge *m, struct source *s)
{
	const uint64_t left = s->file_end - s->off;
	struct bulk_block_disk d;
	const uint8_t *rows = s->block + sizeof d;
	int r = file_read(m->file, s->block, left < BULK_BLOCK ? left : BULK_BLOCK, s->off);

	if (r < 0)
		return r;
	memcpy(&d, s->block, sizeof d);
	if (le32_get(d.len) > BULK_BLOCK - sizeof d || le32_get(d.len) > left - sizeof d ||
	    le32_get(d.len) == 0)
		return damaged(m, s->off, "an impossible length");
	if (bulk_block_crc(s->off, rows, le32_get(d.len)) != le32_get(d.crc))
		return damaged(m, s->off, "checksum differs");
	s->at = rows;
	s->end = rows + le32_get(d.len);
	s->off += disk_round_up(sizeof d + le32_get(d.len), DISK_PAGE);
	return 0;
}

static int go_on(struct bulk_merge *m, struct source *s)
{
	struct bulk_row row;
	int r = 0;

	if (s->at == s->end && s->off == s->file_end) {
		s->ended = true;
		return 0;
	}
	if (s->at == s->end)
		r = read_block(m, s);
	if (r < 0)
		return r;
	if ((size_t)(s->end - s->at) < sizeof row)
		return damaged(m, s->off, "a row before it is cut off");
	memcpy(&row, s->at, sizeof row);
	if (row.key_len < ROWS_KEY_MIN || row.key_len > ROWS_KEY_MAX || row.body_len == 0 ||
	    (uint64_t)row.key_len + row.body_len > (size_t)(s->end - s->at) - sizeof row)
		return damaged(m, s->off, "a row before it has an impossible length");
	s->key = bytes_of(s->at + sizeof row, row.key_len);
	s->body = bytes_of(s->key.ptr + row.key_len, row.body_len);
	s->at = s->body.ptr + row.body_len;
	s->prefix = piece_prefix(rows_space(s->key.ptr),
				 bytes_of(s->key.ptr + 4, row.key_len - 4), m->common);
	return 0;
}

/* Of equal keys the newest first. */
static bool before(const struct source *a, const struct source *b)
{
	int c;

	if (a->ended || b->ended)
		return b->ended && !a->ended;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix;
	c = bytes_cmp(a->key, b->key);
	return c ? c < 0 : a->age > b->age;
}

/* WINNER plays its way up from where it begins. */
static void play(struct bulk_merge *m, uint32_t winner)
{
	for (size_t i = (winner + m->n) / 2; i; i /= 2)
		if (before(&m->source[m->tree[i]], &m->source[winner])) {
			uint32_t better = m->tree[i];

			m->tree[i] = winner;
			winner = better;
		}
	m->tree[0] = winner;
}

/* The winners below node I, losers kept on the way. */
static uint32_t first_round(struct bulk_merge *m, size_t i)
{
	uint32_t a, b;

	if (i >= m->n)
		return (uint32_t)(i - m->n);
	a = first_round(m, 2 * i);
	b = first_round(m, 2 * i + 1);
	if (before(&m->source[b], &m->source[a])) {
		m->tree[i] = a;
		return b;
	}
	m->tree[i] = b;
	return a;
}

static int begin(struct bulk_merge *m)
{
	for (size_t i = 0; i < m->n; i++) {
		int r = go_on(m, &m->source[i]);

		if (r < 0)
			return r;
	}
	m->begun = true;
	m->tree[0] = m->n == 1 ? 0 : first_round(m, 1);
	return 0;
}

int bulk_merge_next(struct bulk_merge *m, struct bytes *key, struct bytes *body)
{
	struct source *s;
	int r = m->begun ? 0 : begin(m);
	bool same;

	do {
		if (r == 0 && m->last.len) {	/* the winner's row was given */
			r = go_on(m, &m->source[m->tree[0]]);
			play(m, m->tree[0]);
		}
		s = &m->source[m->tree[0]];
		if (r < 0 || s->ended)
			return r;
		same = s->prefix == m->last_prefix && bytes_equal(s->key, buf_bytes(&m->last));
	} while (same);
	*key = s->key;
	*body = s->body;
	m->last_prefix = s->prefix;
	buf_clear(&m->last);
	r = buf_add(&m->last, s->key.ptr, s->key.len);
	return r < 0 ? r : 1;
}

int bulk_merge_open(struct bulk_merge **out, struct file *f, const struct bulk_piece *pieces,
		    size_t n, size_t common, struct mem *mem)
{
	struct bulk_merge *m = mem_zalloc(mem, sizeof *m + n * sizeof *m->source);

	if (!m)
		return ERR_MEMORY;
	m->file = f;
	m->mem = m->last.mem = mem;
	m->common = common;
	m->tree = mem_zalloc(mem, (n + 1) * sizeof *m->tree);
	if (!m->tree)
		goto no_memory;
	for (m->n = 0; m->n < n; m->n++) {
		struct source *s = &m->source[m->n];

		s->age = (uint32_t)m->n;
		s->off = pieces[m->n].off;
		s->file_end = pieces[m->n].end;
		s->block = mem_pages(mem, BULK_BLOCK);
		if (!s->block)
			goto no_memory;
	}
	*out = m;
	return 0;
no_memory:
	bulk_merge_close(m);
	return ERR_MEMORY;
}

void bulk_merge_close(struct bulk_merge *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		mem_free_pages(m->mem, m->source[i].block, BULK_BLOCK);
	buf_release(&m->last);
	mem_free(m->mem, m->tree);
	mem_free(m->mem, m);
}
