/* store/entry.c - bytes to entries and back */
#include "store/entry.h"

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

static int put_varint(struct buf *out, uint64_t v)
{
	uint8_t b[VARINT_MAX];

	return buf_add(out, b, varint_put(b, v));
}

static int put_blob(struct buf *out, const struct entry *e)
{
	const uint64_t v[] = { e->size, e->blob.blob, e->blob.table_off,
			       e->blob.chunk_n, e->blob.stored };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof v / sizeof *v; i++)
		r = put_varint(out, v[i]);
	return r;
}

int entry_put_body(struct buf *out, const struct entry *e)
{
	le32 crc = le32_of(e->crc);
	int r;

	r = buf_add_byte(out, (uint8_t)e->kind);
	if (r == 0)
		r = put_varint(out, e->version);
	if (r == 0)
		r = put_varint(out, e->expires_ms);
	if (r < 0 || e->kind == ENTRY_REMOVE)
		return r;
	r = buf_add(out, &crc, sizeof crc);
	if (r < 0)
		return r;
	if (e->kind == ENTRY_BLOB)
		return put_blob(out, e);
	r = put_varint(out, e->value.len);
	return r < 0 ? r : buf_add(out, e->value.ptr, e->value.len);
}

int entry_put_record(struct buf *out, const struct entry *e)
{
	int r = put_varint(out, e->space);

	if (r == 0)
		r = put_varint(out, e->key.len);
	if (r == 0)
		r = buf_add(out, e->key.ptr, e->key.len);
	return r < 0 ? r : entry_put_body(out, e);
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
