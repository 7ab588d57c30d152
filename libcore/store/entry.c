/* store/entry.c - bytes to entries and back */
#include "store/entry.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/endian.h"
#include "base/err.h"

int entry_check_key(struct bytes key)
{
	if (key.len == 0)
		return err_set(ERR_USAGE, "a key has at least 1 byte");
	if (key.len > KEY_MAX)
		return err_set(ERR_TOO_BIG, "\"%s\": a key has at most %u bytes, this one %zu",
			       bytes_show(key), KEY_MAX, key.len);
	return 0;
}

/* More than any body is without its value: a kind, a checksum, varints. */
#define BODY_HEAD_MAX (1 + 4 + 7 * VARINT_MAX)

static uint8_t *put_blob(uint8_t *p, const struct entry *e)
{
	const uint64_t v[] = { e->size, e->blob.blob, e->blob.table_off,
			       e->blob.chunk_n, e->blob.stored };

	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		p += varint_put(p, v[i]);
	return p;
}

/* There is room. */
static uint8_t *put_body(uint8_t *p, const struct entry *e)
{
	le32 crc = le32_of(e->crc);

	*p++ = (uint8_t)e->kind;
	p += varint_put(p, e->version);
	p += varint_put(p, e->expires_ms);
	if (e->kind == ENTRY_REMOVE)
		return p;
	memcpy(p, &crc, sizeof crc);
	p += sizeof crc;
	if (e->kind == ENTRY_BLOB)
		return put_blob(p, e);
	p += varint_put(p, e->value.len);
	if (e->value.len)
		memcpy(p, e->value.ptr, e->value.len);
	return p + e->value.len;
}

int entry_put_body(struct buf *out, const struct entry *e)
{
	int r = buf_reserve(out, BODY_HEAD_MAX + e->value.len);

	if (r == 0)
		out->len = (size_t)(put_body(out->ptr + out->len, e) - out->ptr);
	return r;
}

int entry_put_record(struct buf *out, const struct entry *e)
{
	uint8_t *p;
	int r = buf_reserve(out, 2 * VARINT_MAX + e->key.len + BODY_HEAD_MAX + e->value.len);

	if (r < 0)
		return r;
	p = out->ptr + out->len;
	p += varint_put(p, e->space);
	p += varint_put(p, e->key.len);
	memcpy(p, e->key.ptr, e->key.len);
	out->len = (size_t)(put_body(p + e->key.len, e) - out->ptr);
	return 0;
}

/* Moves IN on past one varint; false when it is not whole. */
static int take(struct bytes *in, uint64_t *v)
{
	size_t n = varint_get(in->ptr, in->len, v);

	in->ptr += n;
	in->len -= n;
	return n > 0;
}

static int get_crc(struct bytes *in, uint32_t *crc)
{
	le32 v;

	if (in->len < sizeof v)
		return 0;
	memcpy(&v, in->ptr, sizeof v);
	*crc = le32_get(v);
	in->ptr += sizeof v;
	in->len -= sizeof v;
	return 1;
}

static int get_value(struct bytes *in, struct entry *e)
{
	if (!take(in, &e->size) || e->size > in->len || e->size > ENTRY_INLINE_MAX)
		return 0;
	e->value = bytes_of(in->ptr, e->size);
	in->ptr += e->size;
	in->len -= e->size;
	return crc32c(0, e->value.ptr, e->value.len) == e->crc;
}

static int get_blob(struct bytes *in, struct entry *e)
{
	return take(in, &e->size) && take(in, &e->blob.blob) &&
	       take(in, &e->blob.table_off) && take(in, &e->blob.chunk_n) &&
	       take(in, &e->blob.stored);
}

static int get_rest(struct bytes *in, struct entry *e)
{
	switch (e->kind) {
	case ENTRY_REMOVE:
		return 1;
	case ENTRY_PUT:
		return get_crc(in, &e->crc) && get_value(in, e);
	case ENTRY_BLOB:
		return get_crc(in, &e->crc) && get_blob(in, e);
	}
	return 0;
}

/* Past a varint that is ours, or NULL. */
static const uint8_t *skip(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
	size_t n = p ? varint_get(p, (size_t)(end - p), v) : 0;

	return n ? p + n : NULL;
}

size_t entry_body_len(struct bytes in)
{
	const uint8_t *end = in.ptr + in.len, *p = in.ptr + 1;
	uint64_t v = 0;

	if (in.len == 0)
		return 0;
	p = skip(skip(p, end, &v), end, &v);
	if (p && *in.ptr != ENTRY_REMOVE) {
		p = (size_t)(end - p) >= sizeof(le32) ? p + sizeof(le32) : NULL;
		for (int i = *in.ptr == ENTRY_BLOB ? 5 : 1; i; i--)
			p = skip(p, end, &v);
		if (p && *in.ptr == ENTRY_PUT)
			p = v <= (size_t)(end - p) ? p + v : NULL;
	}
	return p ? (size_t)(p - in.ptr) : 0;
}

long entry_get_body(struct bytes in, struct entry *out)
{
	struct bytes rest = in;

	out->size = 0;
	out->crc = 0;
	out->value = bytes_of(NULL, 0);
	if (rest.len == 0)
		return err_set(ERR_DAMAGED, "an entry is cut off");
	out->kind = rest.ptr[0];
	rest.ptr++;
	rest.len--;
	if (!take(&rest, &out->version) || !take(&rest, &out->expires_ms) ||
	    !get_rest(&rest, out))
		return err_set(ERR_DAMAGED, "an entry is malformed");
	return (long)(in.len - rest.len);
}

long entry_skip_body(struct bytes in)
{
	struct bytes rest = in;
	struct entry e;
	int n = 0;

	if (rest.len == 0)
		return err_set(ERR_DAMAGED, "an entry is cut off");
	e.kind = rest.ptr[0];
	rest.ptr++;
	rest.len--;
	if (take(&rest, &e.version) && take(&rest, &e.expires_ms)) {
		if (e.kind == ENTRY_PUT)
			n = get_crc(&rest, &e.crc) && take(&rest, &e.size) &&
			    e.size <= rest.len && e.size <= ENTRY_INLINE_MAX;
		else
			n = get_rest(&rest, &e);
	}
	if (!n)
		return err_set(ERR_DAMAGED, "an entry is malformed");
	if (e.kind == ENTRY_PUT) {
		rest.ptr += e.size;
		rest.len -= e.size;
	}
	return (long)(in.len - rest.len);
}

long entry_get_record(struct bytes in, struct entry *out)
{
	struct bytes rest = in;
	uint64_t space, len;
	long n;

	if (!take(&rest, &space) || space > UINT32_MAX || !take(&rest, &len) ||
	    len == 0 || len > KEY_MAX || len > rest.len)
		return err_set(ERR_DAMAGED, "a record is malformed");
	out->space = (uint32_t)space;
	out->key = bytes_of(rest.ptr, len);
	rest.ptr += len;
	rest.len -= len;
	n = entry_get_body(rest, out);
	return n < 0 ? n : (long)(in.len - rest.len) + n;
}

long entry_get_logged(struct bytes in, uint64_t commit, struct entry *out)
{
	long n = entry_get_record(in, out);

	if (n < 0)
		return n;
	if (out->version && out->version != commit)
		return err_set(ERR_DAMAGED, "a record is of another version than its commit");
	out->version = commit;
	return n;
}

int entry_cmp(uint32_t space_a, struct bytes a, uint32_t space_b, struct bytes b)
{
	if (space_a != space_b)
		return space_a < space_b ? -1 : 1;
	return bytes_cmp(a, b);
}
