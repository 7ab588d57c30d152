/* cli/record_write.c - the writer of record streams
 *
 * A record is composed in one buffer and handed over in one call; a value too
 * long for that goes through the buffer in pieces (or past it, where it needs no
 * change), so memory stays bounded whatever is written.
 */
#include "cli/record.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* A piece: long enough that calls do not count, short enough for the cache. */
#define PIECE (32u << 10)

struct record_writer {
	enum record_format format;
	enum record_shape shape;
	struct sink to;
	struct mem *mem;
	struct buf line;		/* what is composed and not handed over */

	/* the value in pieces */
	struct buf held;		/* jsonl: what may yet be text */
	bool base64;			/* jsonl: it is decided, value64 */
	uint64_t len, fed;
	uint8_t carry[3];		/* base64: bytes short of a group */
	size_t carry_n;
};

int record_writer_open(struct record_writer **out, enum record_format format,
		       enum record_shape shape, struct sink to, struct mem *mem)
{
	struct record_writer *w;

	if (format == RECORD_NUL && shape == RECORD_PAIRS)
		return err_set(ERR_USAGE, "NUL is for lists of keys; records have a "
			       "format: tsv, text, cdb or jsonl");
	w = mem_zalloc(mem, sizeof *w);
	if (!w)
		return ERR_MEMORY;
	w->format = format;
	w->shape = shape;
	w->to = to;
	w->mem = w->line.mem = w->held.mem = mem;
	*out = w;
	return 0;
}

void record_writer_close(struct record_writer *w)
{
	if (!w)
		return;
	buf_release(&w->line);
	buf_release(&w->held);
	mem_free(w->mem, w);
}

static int hand_over(struct record_writer *w)
{
	int r = 0;

	if (w->line.len)
		r = w->to.write(w->to.ctx, w->line.ptr, w->line.len);
	buf_clear(&w->line);
	return r;
}

/* Composing failed half-way: nothing of it may stay for the next record. */
static int drop(struct record_writer *w, int r)
{
	if (r < 0)
		buf_clear(&w->line);
	return r;
}

static int check_key(struct bytes key)
{
	if (key.len == 0)
		return err_set(ERR_BUG, "a record with an empty key");
	if (key.len > RECORD_KEY_MAX)
		return err_set(ERR_BUG, "a key of %zu bytes", key.len);
	return 0;
}

static bool has(struct bytes b, int c)
{
	return b.len && memchr(b.ptr, c, b.len);
}

static int cannot(struct bytes key, const char *why)
{
	err_set(ERR_BAD_RECORD, "key \"%s\": %s", bytes_show(key), why);
	err_hint("use -f tsv, cdb or jsonl");
	return ERR_BAD_RECORD;
}

static int check_text_value(struct bytes key, struct bytes value)
{
	if (has(value, '\n'))
		return cannot(key, "text cannot carry a LF in its value");
	if (has(value, '\0'))
		return cannot(key, "text cannot carry a NUL in its value");
	return 0;
}

static int check_text_key(struct bytes key, enum record_shape shape)
{
	if (has(key, '\n'))
		return cannot(key, "text cannot carry a LF in a key");
	if (has(key, '\0'))
		return cannot(key, "text cannot carry a NUL in a key");
	if (shape == RECORD_PAIRS && has(key, '\t'))
		return cannot(key, "text cannot carry a TAB in a key");
	return 0;
}

/* NAME comes with its opening quote: "\"key" or "\"value". */
static int add_json_bytes(struct buf *b, const char *name, struct bytes v)
{
	bool text = output_is_utf8(v);
	int r = buf_add(b, name, strlen(name));

	if (r == 0)
		r = text ? buf_add(b, "\":", 2) : buf_add(b, "64\":\"", 5);
	if (r == 0)
		r = text ? output_json_string(b, v) : output_base64(b, v);
	return r == 0 && !text ? buf_add_byte(b, '"') : r;
}

static int add_json_key(struct buf *b, struct bytes key)
{
	int r = buf_add_byte(b, '{');

	return r == 0 ? add_json_bytes(b, "\"key", key) : r;
}

/* Decimal digits without printf's cost: the head of each cdb record. */
static size_t digits(uint8_t *out, uint64_t v)
{
	uint8_t text[20];
	size_t n = 0;

	do
		text[n++] = (uint8_t)('0' + v % 10);
	while (v /= 10);
	for (size_t i = 0; i < n; i++)
		out[i] = text[n - 1 - i];
	return n;
}

static int add_cdb_head(struct buf *b, struct bytes key, uint64_t value_len)
{
	uint8_t *to;
	int r = buf_reserve(b, key.len + 48);

	if (r < 0)
		return r;
	to = b->ptr + b->len;
	*to++ = '+';
	to += digits(to, key.len);
	*to++ = ',';
	to += digits(to, value_len);
	*to++ = ':';
	memcpy(to, key.ptr, key.len);
	to += key.len;
	*to++ = '-';
	*to++ = '>';
	b->len = (size_t)(to - b->ptr);
	return 0;
}

/* All that stands before the value. */
static int add_head(struct record_writer *w, struct bytes key, uint64_t value_len)
{
	struct buf *b = &w->line;
	int r = 0;

	switch (w->format) {
	case RECORD_TSV:
		r = output_escape(b, key);
		return r == 0 ? buf_add_byte(b, '\t') : r;
	case RECORD_TEXT:
		r = check_text_key(key, w->shape);
		if (r == 0)
			r = buf_add(b, key.ptr, key.len);
		return r == 0 ? buf_add_byte(b, '\t') : r;
	case RECORD_CDB:
		return add_cdb_head(b, key, value_len);
	default:
		r = add_json_key(b, key);
		return r == 0 ? buf_add_byte(b, ',') : r;
	}
}

/* A value that fits in one piece, and the record's end. */
static int add_value(struct record_writer *w, struct bytes key, struct bytes v)
{
	struct buf *b = &w->line;
	int r;

	switch (w->format) {
	case RECORD_TSV:
		r = output_escape(b, v);
		break;
	case RECORD_TEXT:
		r = check_text_value(key, v);
		if (r == 0)
			r = buf_add(b, v.ptr, v.len);
		break;
	case RECORD_CDB:
		r = buf_add(b, v.ptr, v.len);
		break;
	default:
		r = add_json_bytes(b, "\"value", v);
		if (r == 0)
			r = buf_add_byte(b, '}');
	}
	return r == 0 ? buf_add_byte(b, '\n') : r;
}

int record_write(struct record_writer *w, struct bytes key, struct bytes value)
{
	int r = check_key(key);

	if (r == 0 && value.len > PIECE) {
		if (w->format == RECORD_TEXT)
			r = check_text_value(key, value);
		if (r == 0)
			r = record_value_begin(w, key, value.len);
		if (r == 0)
			r = record_value_feed(w, value.ptr, value.len);
		return r == 0 ? record_value_end(w) : r;
	}
	if (r == 0)
		r = add_head(w, key, value.len);
	if (r == 0)
		r = add_value(w, key, value);
	return r == 0 ? hand_over(w) : drop(w, r);
}

int record_absent(struct record_writer *w, struct bytes key)
{
	struct buf *b = &w->line;
	int r = check_key(key);

	if (r < 0)
		return r;
	switch (w->format) {
	case RECORD_TSV:
		r = output_escape(b, key);
		if (r == 0)
			r = buf_add(b, "\t\\N\n", 4);
		break;
	case RECORD_CDB:
		r = buf_printf(b, "-%zu:", key.len);
		if (r == 0)
			r = buf_add(b, key.ptr, key.len);
		if (r == 0)
			r = buf_add_byte(b, '\n');
		break;
	case RECORD_JSONL:
		r = add_json_key(b, key);
		if (r == 0)
			r = buf_printf(b, ",\"absent\":true}\n");
		break;
	default:
		r = cannot(key, "text cannot say that a key is absent");
	}
	return r == 0 ? hand_over(w) : drop(w, r);
}

int record_key(struct record_writer *w, struct bytes key)
{
	struct buf *b = &w->line;
	uint8_t end = w->format == RECORD_NUL ? '\0' : '\n';
	int r = check_key(key);

	if (r < 0)
		return r;
	switch (w->format) {
	case RECORD_NUL:
		if (has(key, '\0'))
			r = cannot(key, "a NUL in a key would end it in this list");
		if (r == 0)
			r = buf_add(b, key.ptr, key.len);
		break;
	case RECORD_TEXT:
		r = check_text_key(key, w->shape);
		if (r == 0)
			r = buf_add(b, key.ptr, key.len);
		break;
	case RECORD_JSONL:
		r = add_json_key(b, key);
		if (r == 0)
			r = buf_add_byte(b, '}');
		break;
	default:
		r = output_escape(b, key);
	}
	if (r == 0)
		r = buf_add_byte(b, end);
	return r == 0 ? hand_over(w) : drop(w, r);
}

/* ------------------------------------------------------- values in pieces */

int record_value_begin(struct record_writer *w, struct bytes key, uint64_t len)
{
	int r = check_key(key);

	if (r < 0)
		return r;
	if (w->format == RECORD_CDB && len == RECORD_UNKNOWN)
		return err_set(ERR_BUG, "cdb needs a value's length before it");
	w->len = len;
	w->fed = 0;
	w->base64 = false;
	w->carry_n = 0;
	buf_clear(&w->held);
	r = add_head(w, key, len);
	return r == 0 ? hand_over(w) : drop(w, r);
}

/* Whole groups of three; what is left waits for more. */
static int feed_base64(struct record_writer *w, struct bytes b)
{
	size_t n;
	int r = 0;

	while (b.len && w->carry_n && w->carry_n < 3) {
		w->carry[w->carry_n++] = b.ptr[0];
		b = bytes_of(b.ptr + 1, b.len - 1);
	}
	if (w->carry_n == 3) {
		r = output_base64(&w->line, bytes_of(w->carry, 3));
		w->carry_n = 0;
	}
	while (r == 0 && b.len >= 3) {
		n = b.len < 3 * (PIECE / 4) ? b.len / 3 * 3 : 3 * (PIECE / 4);
		r = output_base64(&w->line, bytes_of(b.ptr, n));
		if (r == 0)
			r = hand_over(w);
		b = bytes_of(b.ptr + n, b.len - n);
	}
	if (r < 0 || !b.len)
		return r;
	memcpy(w->carry, b.ptr, b.len);
	w->carry_n = b.len;
	return 0;
}

/* Too long to look at whole: from here on it is value64. */
static int turn_to_base64(struct record_writer *w)
{
	int r = buf_printf(&w->line, "\"value64\":\"");

	w->base64 = true;
	if (r == 0)
		r = feed_base64(w, buf_bytes(&w->held));
	buf_release(&w->held);
	return r;
}

static int feed_json(struct record_writer *w, struct bytes b)
{
	int r = 0;

	if (!w->base64 && w->held.len + b.len <= RECORD_JSON_TEXT)
		return buf_add(&w->held, b.ptr, b.len);
	if (!w->base64)
		r = turn_to_base64(w);
	return r == 0 ? feed_base64(w, b) : r;
}

static int feed_tsv(struct record_writer *w, struct bytes b)
{
	size_t n;
	int r = 0;

	while (r == 0 && b.len) {
		n = b.len < PIECE ? b.len : PIECE;
		r = output_escape(&w->line, bytes_of(b.ptr, n));
		if (r == 0)
			r = hand_over(w);
		b = bytes_of(b.ptr + n, b.len - n);
	}
	return r;
}

int record_value_feed(struct record_writer *w, const void *ptr, size_t len)
{
	struct bytes b = bytes_of(ptr, len);

	if (len == 0)
		return 0;
	w->fed += len;
	if (w->len != RECORD_UNKNOWN && w->fed > w->len)
		return err_set(ERR_BUG, "a value longer than was said");
	switch (w->format) {
	case RECORD_TSV:
		return drop(w, feed_tsv(w, b));
	case RECORD_JSONL:
		return drop(w, feed_json(w, b));
	case RECORD_TEXT:
		if (has(b, '\n') || has(b, '\0')) {
			err_set(ERR_BAD_RECORD, "text cannot carry a LF or NUL in a value");
			err_hint("use -f tsv, cdb or jsonl");
			return ERR_BAD_RECORD;
		}
		/* fall through */
	default:
		return w->to.write(w->to.ctx, ptr, len);
	}
}

static int end_json(struct record_writer *w)
{
	int r;

	if (!w->base64) {
		r = add_json_bytes(&w->line, "\"value", buf_bytes(&w->held));
		return r == 0 ? buf_printf(&w->line, "}\n") : r;
	}
	r = output_base64(&w->line, bytes_of(w->carry, w->carry_n));
	return r == 0 ? buf_printf(&w->line, "\"}\n") : r;
}

int record_value_end(struct record_writer *w)
{
	int r;

	if (w->len != RECORD_UNKNOWN && w->fed != w->len)
		return err_set(ERR_BUG, "a value shorter than was said");
	r = w->format == RECORD_JSONL ? end_json(w) : buf_add_byte(&w->line, '\n');
	return r == 0 ? hand_over(w) : drop(w, r);
}

int record_end(struct record_writer *w)
{
	if (w->format != RECORD_CDB || w->shape != RECORD_PAIRS)
		return 0;
	return w->to.write(w->to.ctx, "\n", 1);
}
