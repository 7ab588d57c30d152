/* store/rows.c */
#include "store/rows.h"

#include <string.h>

#include "base/err.h"

struct row {
	size_t shared;
	struct bytes rest;	/* of the key */
	uint32_t body;		/* offset */
};

static int damaged(const char *words)
{
	return err_set(ERR_DAMAGED, "%s", words);
}

int rows_open(struct rows *r, struct bytes block)
{
	le32 n;

	if (block.len < 2 * sizeof n || block.len > RUN_BLOCK_MAX)
		return damaged("a block has no room for rows");
	memcpy(&n, block.ptr + block.len - sizeof n, sizeof n);
	r->ptr = block.ptr;
	r->restart_n = le32_get(n);
	if (r->restart_n == 0 || r->restart_n > block.len / sizeof n - 1)
		return damaged("a block's count of restarts is wrong");
	r->len = (uint32_t)(block.len - ((size_t)r->restart_n + 1) * sizeof n);
	return 0;
}

/* Where interval I begins and ends. */
static int bounds(const struct rows *r, uint32_t i, uint32_t *begin, uint32_t *end)
{
	le32 at[2];

	memcpy(at, r->ptr + r->len + (size_t)i * sizeof *at, sizeof at);
	*begin = le32_get(at[0]);
	*end = i + 1 < r->restart_n ? le32_get(at[1]) : r->len;
	if (*begin >= *end || *end > r->len || (i == 0 && *begin != 0))
		return damaged("a block's restarts are out of order");
	return 0;
}

/* A row's key, without its body. */
static int get_key(const struct rows *r, uint32_t off, uint32_t end, struct row *out)
{
	const uint8_t *p = r->ptr + off;
	size_t left = end - off, n;
	uint64_t shared, len;

	n = varint_get(p, left, &shared);
	p += n;
	left -= n;
	if (n == 0 || (n = varint_get(p, left, &len)) == 0)
		return damaged("a row is malformed");
	p += n;
	left -= n;
	if (len == 0 || len > left || shared > ROWS_KEY_MAX || len > ROWS_KEY_MAX - shared ||
	    shared + len < ROWS_KEY_MIN)
		return damaged("a row's key has an impossible length");
	out->shared = shared;
	out->rest = bytes_of(p, len);
	out->body = (uint32_t)(p + len - r->ptr);
	return 0;
}

static int get_restart(const struct rows *r, uint32_t i, struct bytes *key)
{
	uint32_t begin, end;
	struct row row;
	int n = bounds(r, i, &begin, &end);

	if (n == 0)
		n = get_key(r, begin, end, &row);
	if (n < 0)
		return n;
	if (row.shared)
		return damaged("a restart is not one");
	*key = row.rest;
	return 0;
}

long rows_interval(const struct rows *r, struct bytes key)
{
	uint32_t low = 0, high = r->restart_n;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;
		struct bytes at;
		int n = get_restart(r, mid, &at);

		if (n < 0)
			return n;
		if (bytes_cmp(at, key) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static struct bytes from(struct bytes b, size_t at)
{
	return bytes_of(b.ptr + at, b.len - at);
}

/* Goes through [OFF, END) without putting keys together: SAME is how many
 * leading bytes of KEY the row before has, which is below KEY. */
static int find_in(const struct rows *r, struct bytes key, uint32_t off, uint32_t end,
		   struct entry *out)
{
	size_t same = 0, before = 0;

	while (off < end) {
		struct row row;
		long n = get_key(r, off, end, &row);

		if (n == 0 && row.shared > before)
			n = damaged("a row shares more than there is");
		if (n < 0)
			return (int)n;
		before = row.shared + row.rest.len;
		if (row.shared <= same) {
			struct bytes rest = from(key, row.shared);
			int c = bytes_cmp(row.rest, rest);

			if (c > 0)
				return 0;
			same = row.shared + bytes_common(row.rest, rest);
			if (c == 0) {
				n = entry_get_body(bytes_of(r->ptr + row.body,
							    end - row.body), out);
				return n < 0 ? (int)n : 1;
			}
		}
		n = entry_skip_body(bytes_of(r->ptr + row.body, end - row.body));
		if (n < 0)
			return (int)n;
		off = row.body + (uint32_t)n;
	}
	return 0;
}

int rows_find(const struct rows *r, struct bytes key, struct entry *out)
{
	uint32_t begin, end;
	long i = rows_interval(r, key);
	int n;

	if (i < 0)
		return (int)i;
	n = bounds(r, (uint32_t)i, &begin, &end);
	return n < 0 ? n : find_in(r, key, begin, end, out);
}

/* The whole key behind what OUT has; it must be above the one before. */
static int add_key(struct rows_some *out, const struct row *row)
{
	struct bytes before = bytes_of(NULL, 0);
	struct rows_slot *slot = &out->slot[out->n];
	size_t len = row->shared + row->rest.len;

	if (buf_reserve(&out->keys, len) < 0)
		return ERR_MEMORY;
	if (out->n)
		before = rows_key(out, out->n - 1);
	if (row->shared > before.len)
		return damaged("a row shares more than there is");
	if (out->n && bytes_cmp(from(before, row->shared), row->rest) >= 0)
		return damaged("rows are out of order");
	slot->key_off = out->keys.len;
	slot->key_len = len;
	if (row->shared)
		memcpy(out->keys.ptr + out->keys.len, before.ptr, row->shared);
	memcpy(out->keys.ptr + out->keys.len + row->shared, row->rest.ptr, row->rest.len);
	out->keys.len += len;
	out->n++;
	return 0;
}

int rows_decode(const struct rows *r, uint32_t interval, struct rows_some *out)
{
	uint32_t off, end;
	int n = bounds(r, interval, &off, &end);

	buf_clear(&out->keys);
	out->n = 0;
	while (n == 0 && off < end) {
		struct row row;
		long used;

		if (out->n == RUN_RESTART)
			return damaged("too many rows without a restart");
		n = get_key(r, off, end, &row);
		if (n == 0)
			n = add_key(out, &row);
		if (n < 0)
			break;
		used = entry_get_body(bytes_of(r->ptr + row.body, end - row.body),
				      &out->slot[out->n - 1].entry);
		if (used < 0)
			return (int)used;
		off = row.body + (uint32_t)used;
	}
	return n;
}

int rows_make_key(struct buf *out, uint32_t space, struct bytes key)
{
	const uint8_t head[4] = { (uint8_t)(space >> 24), (uint8_t)(space >> 16),
				  (uint8_t)(space >> 8), (uint8_t)space };
	int r;

	buf_clear(out);
	r = buf_reserve(out, sizeof head + key.len);
	if (r == 0)
		r = buf_add(out, head, sizeof head);
	return r < 0 ? r : buf_add(out, key.ptr, key.len);
}

uint32_t rows_space(const uint8_t *key)
{
	return (uint32_t)key[0] << 24 | (uint32_t)key[1] << 16 |
	       (uint32_t)key[2] << 8 | key[3];
}
