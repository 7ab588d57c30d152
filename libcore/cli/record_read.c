/* cli/record_read.c - the reader of record streams
 *
 * One window of the stream is in memory, buf[pos..end).  A line is looked for with
 * memchr; its record is pointed at where it lies.  Escapes are rare, so the place
 * of the next backslash is remembered across lines and a line in front of it costs
 * no look at all.  What must be decoded is decoded in place, after a check, so a
 * refused line is still as it came.
 *
 * A value that does not fit the bound is streamed: the key is copied out of the
 * window, and record_value_read decodes straight into the caller's memory.
 */
#include "cli/record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/record_json.h"

#define WINDOW (128u << 10)		/* to begin with; a longer line makes it grow */
#define HOLD_DEFAULT (1u << 20)
#define MAX_DEFAULT (1ull << 44)
#define KEY_TEXT_MAX (4 * RECORD_KEY_MAX + 1)	/* a key all of \xHH, and its end */
#define HEAD_MAX 48			/* "+65535,18446744073709551615:" is shorter */

enum streaming { STREAM_NONE, STREAM_LINE, STREAM_CDB, STREAM_SKIP };

struct record_reader {
	struct record_source from;
	enum record_format format;
	enum record_shape shape;
	uint8_t end_byte;		/* of a line: LF, or NUL */
	bool raw_text;			/* no escapes */
	uint64_t hold, max;
	struct mem *mem;

	uint8_t *buf;
	size_t cap, pos, end;
	uint64_t buf_off;		/* of buf[0] in the stream */
	size_t seen;			/* from pos on: no end of line in these bytes */
	size_t escape;			/* no backslash in buf[pos..escape) */
	bool eof, closed;		/* closed: cdb's empty line was read */

	uint64_t line;
	struct bytes raw;
	int stuck;			/* an error that repeats, and its words */
	struct err_note note;

	enum streaming streaming;
	uint64_t left;			/* of a streamed cdb value */
	uint64_t given;			/* of a streamed line's value */
	struct buf key;			/* of a streamed record */
};

int record_format_of(const char *name)
{
	for (enum record_format f = RECORD_TSV; f <= RECORD_JSONL; f++)
		if (strcmp(name, record_format_name(f)) == 0)
			return (int)f;
	return err_set(ERR_USAGE,
		       "unknown format \"%s\"; there are tsv, text, cdb and jsonl",
		       bytes_show(bytes_str(name)));
}

const char *record_format_name(enum record_format f)
{
	static const char *const names[] = { "tsv", "text", "cdb", "jsonl", "NUL" };

	return names[f];
}

int record_open(struct record_reader **out, enum record_format format,
		enum record_shape shape, const struct record_source *from,
		uint64_t hold, uint64_t max, struct mem *mem)
{
	struct record_reader *r;

	if (format == RECORD_NUL && shape == RECORD_PAIRS)
		return err_set(ERR_USAGE, "NUL is for lists of keys; records have a "
			       "format: tsv, text, cdb or jsonl");
	r = mem_zalloc(mem, sizeof *r);
	if (!r)
		return ERR_MEMORY;
	r->buf = mem_alloc(mem, WINDOW);
	if (!r->buf) {
		mem_free(mem, r);
		return ERR_MEMORY;
	}
	r->cap = WINDOW;
	r->from = *from;
	r->format = format;
	r->shape = shape;
	r->end_byte = format == RECORD_NUL ? '\0' : '\n';
	r->raw_text = format == RECORD_TEXT || format == RECORD_NUL;
	r->hold = hold ? hold : HOLD_DEFAULT;
	if (r->hold < 16)
		r->hold = 16;		/* so that \N is never in pieces */
	r->max = max ? max : MAX_DEFAULT;
	r->mem = r->key.mem = mem;
	*out = r;
	return 0;
}

void record_close(struct record_reader *r)
{
	if (!r)
		return;
	buf_release(&r->key);
	mem_free(r->mem, r->buf);
	mem_free(r->mem, r);
}

/* ------------------------------------------------------------------ errors */

static int fail(struct record_reader *r, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int fail(struct record_reader *r, int code, const char *fmt, ...)
{
	char what[512];
	bool lines = r->format != RECORD_CDB || r->shape == RECORD_KEYS;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return err_set(code, "%s %s %" PRIu64 ": %s",
		       r->from.name ? r->from.name : "input",
		       lines ? "line" : "record", r->line, what);
}

/* From here on every call says the same. */
static int stick(struct record_reader *r, int code)
{
	r->stuck = code;
	r->streaming = STREAM_NONE;
	err_take(&r->note, code);
	return code;
}

static int cut_off(struct record_reader *r, const char *what)
{
	return stick(r, fail(r, ERR_CUT_OFF, "cut off: %s", what));
}

/* ------------------------------------------------------------------ window */

static size_t held(const struct record_reader *r)
{
	return r->end - r->pos;
}

static void move_down(struct record_reader *r)
{
	if (r->pos == 0)
		return;
	memmove(r->buf, r->buf + r->pos, held(r));
	r->buf_off += r->pos;
	r->escape = r->escape > r->pos ? r->escape - r->pos : 0;
	r->end -= r->pos;
	r->pos = 0;
}

/* Free room behind the window: by moving it down when it takes less than half of
 * the buffer, else by growing, so that each byte moves a bounded number of times. */
static int make_room(struct record_reader *r)
{
	uint8_t *p;

	if (r->pos == r->end || (r->cap - r->end < r->cap / 4 && r->pos >= r->cap / 2))
		move_down(r);
	if (r->end < r->cap)
		return 0;
	if (r->pos) {
		move_down(r);
		return 0;
	}
	p = mem_resize(r->mem, r->buf, 2 * r->cap);
	if (!p)
		return ERR_MEMORY;
	r->buf = p;
	r->cap *= 2;
	return 0;
}

/* 1: more bytes in the window; 0: the end; else an error, which sticks. */
static int fill(struct record_reader *r)
{
	ssize_t n;
	int e;

	if (r->eof)
		return 0;
	e = make_room(r);
	if (e < 0)
		return stick(r, e);
	n = r->from.fill(r->from.ctx, r->buf + r->end, r->cap - r->end);
	if (n < 0)
		return stick(r, (int)n);
	if (n == 0) {
		r->eof = true;
		return 0;
	}
	r->end += (size_t)n;
	return 1;
}

static void take(struct record_reader *r, size_t n)
{
	r->pos += n;
	r->seen = 0;
}

/* The end of the line in the window, or NULL; what was searched is remembered. */
static uint8_t *line_end(struct record_reader *r)
{
	uint8_t *from = r->buf + r->pos + r->seen;
	uint8_t *at = memchr(from, r->end_byte, (size_t)(r->buf + r->end - from));

	r->seen = (size_t)((at ? at : r->buf + r->end) - (r->buf + r->pos));
	return at;
}

/* Is there a backslash in buf[from..to)?  A step at a time through the window. */
static bool has_escape(struct record_reader *r, const uint8_t *from, const uint8_t *to)
{
	const uint8_t *at = r->buf + r->escape;

	if (r->raw_text || at >= to)
		return false;
	if (at < from)
		at = from;
	at = memchr(at, '\\', (size_t)(r->buf + r->end - at));
	r->escape = at ? (size_t)(at - r->buf) : r->end;
	return at && at < to;
}

/* ----------------------------------------------------------------- escapes */

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length of the escape at P (a backslash) and its byte; 0: unknown, or cut. */
static size_t escape_at(const uint8_t *p, size_t n, uint8_t *byte)
{
	if (n < 2)
		return 0;
	switch (p[1]) {
	case 't': *byte = '\t'; return 2;
	case 'n': *byte = '\n'; return 2;
	case 'r': *byte = '\r'; return 2;
	case '0': *byte = '\0'; return 2;
	case '\\': *byte = '\\'; return 2;
	case 'x':
		if (n < 4 || hex(p[2]) < 0 || hex(p[3]) < 0)
			return 0;
		*byte = (uint8_t)(hex(p[2]) << 4 | hex(p[3]));
		return 4;
	default:
		return 0;
	}
}

/* The first escape that is none, or NULL. */
static const uint8_t *bad_escape(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	uint8_t byte;
	size_t len;

	while (n && (p = memchr(p, '\\', (size_t)(end - p)))) {
		len = escape_at(p, (size_t)(end - p), &byte);
		if (len == 0)
			return p;
		p += len;
		n = (size_t)(end - p);
	}
	return NULL;
}

/* In place; every escape is known to be good. */
static size_t unescape(uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *from = p, *next;
	uint8_t *to = p;

	while (from < end && (next = memchr(from, '\\', (size_t)(end - from)))) {
		memmove(to, from, (size_t)(next - from));
		to += next - from;
		from = next + escape_at(next, (size_t)(end - next), to);
		to++;
	}
	memmove(to, from, (size_t)(end - from));
	return (size_t)(to - p) + (size_t)(end - from);
}

static bool is_absent_mark(const uint8_t *p, size_t n)
{
	return n == 2 && p[0] == '\\' && p[1] == 'N';
}

/* ------------------------------------------------------------ lines: records */

static int bad_escape_error(struct record_reader *r, const uint8_t *at,
			    const uint8_t *end)
{
	size_t left = (size_t)(end - at);
	size_t n = left > 1 && at[1] == 'x' ? 4 : 2;
	struct bytes show = bytes_of(at + 1, (left < n ? left : n) - 1);

	fail(r, ERR_BAD_RECORD, "unknown escape \"\\%s\"", bytes_show(show));
	err_hint("escapes are \\t \\n \\r \\0 \\\\ \\xHH, and \\N alone as a value; "
		 "-f text takes lines as they are");
	return ERR_BAD_RECORD;
}

static int check_len(struct record_reader *r, size_t key_len, uint64_t value_len)
{
	if (key_len == 0)
		return fail(r, ERR_BAD_RECORD, "an empty key");
	if (key_len > RECORD_KEY_MAX)
		return fail(r, ERR_TOO_BIG, "a key of %zu bytes; the most is %d",
			    key_len, RECORD_KEY_MAX);
	if (value_len > r->max)
		return fail(r, ERR_TOO_BIG, "a value of %" PRIu64
			    " bytes; the most is %" PRIu64, value_len, r->max);
	return 0;
}

static int no_tab(struct record_reader *r, const uint8_t *line, size_t len)
{
	return fail(r, ERR_BAD_RECORD,
		    "expected KEY TAB VALUE, found no TAB: \"%s\"",
		    bytes_show(bytes_of(line, len)));
}

/* Decoding that was put off because it is rare. */
static int escaped_pair(struct record_reader *r, struct record *rec,
			uint8_t *key, size_t key_len, uint8_t *value, size_t value_len)
{
	const uint8_t *bad = bad_escape(key, key_len);
	const uint8_t *end = key + key_len;

	rec->absent = is_absent_mark(value, value_len);
	if (!bad && !rec->absent) {
		bad = bad_escape(value, value_len);
		end = value + value_len;
	}
	if (bad)
		return bad_escape_error(r, bad, end);
	rec->key = bytes_of(key, unescape(key, key_len));
	rec->value = bytes_of(value, rec->absent ? 0 : unescape(value, value_len));
	return 0;
}

/* Lengths are of decoded bytes; a line that only its decoding would make fit is
 * found out before anything is changed. */
static size_t decoded_len(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	size_t less = 0, len;
	uint8_t byte;

	while (p < end && (p = memchr(p, '\\', (size_t)(end - p)))) {
		len = escape_at(p, (size_t)(end - p), &byte);
		less += len ? len - 1 : 0;
		p += len ? len : 1;
	}
	return n - less;
}

static int pair_of_line(struct record_reader *r, struct record *rec,
			uint8_t *line, uint8_t *end)
{
	uint8_t *tab = memchr(line, '\t', (size_t)(end - line));
	size_t key_len, value_len;
	int e;

	if (!tab)
		return no_tab(r, line, (size_t)(end - line));
	key_len = (size_t)(tab - line);
	value_len = (size_t)(end - tab) - 1;
	if (!has_escape(r, line, end)) {
		e = check_len(r, key_len, value_len);
		rec->key = bytes_of(line, key_len);
		rec->value = bytes_of(tab + 1, value_len);
	} else {
		e = check_len(r, decoded_len(line, key_len),
			      decoded_len(tab + 1, value_len));
		if (e == 0)
			e = escaped_pair(r, rec, line, key_len, tab + 1, value_len);
	}
	rec->value_len = rec->value.len;
	return e;
}

static int key_of_line(struct record_reader *r, struct record *rec,
		       uint8_t *line, uint8_t *end)
{
	size_t len = (size_t)(end - line);
	const uint8_t *bad;
	int e;

	if (!has_escape(r, line, end)) {
		rec->key = bytes_of(line, len);
		return check_len(r, len, 0);
	}
	e = check_len(r, decoded_len(line, len), 0);
	if (e < 0)
		return e;
	bad = bad_escape(line, len);
	if (bad)
		return bad_escape_error(r, bad, end);
	rec->key = bytes_of(line, unescape(line, len));
	return 0;
}

static int json_of_line(struct record_reader *r, struct record *rec,
			uint8_t *line, uint8_t *end)
{
	struct record_json json = {0};

	if (!record_json_read(&json, line, (size_t)(end - line)))
		return fail(r, ERR_BAD_RECORD, "%s: \"%s\"", json.why,
			    bytes_show(json.near));
	rec->key = json.key;
	rec->value = json.value;
	rec->absent = json.absent;
	rec->value_len = json.value.len;
	return check_len(r, json.key.len, json.value.len);
}

/* A whole line is in the window, its end at END. */
static int record_of_line(struct record_reader *r, struct record *rec, uint8_t *end)
{
	uint8_t *line = r->buf + r->pos;
	size_t len = (size_t)(end - line) + 1;
	int e;

	if (r->shape == RECORD_KEYS)
		e = key_of_line(r, rec, line, end);
	else if (r->format == RECORD_JSONL)
		e = json_of_line(r, rec, line, end);
	else
		e = pair_of_line(r, rec, line, end);
	if (e < 0)
		r->raw = bytes_of(line, len);
	take(r, len);
	return e < 0 ? e : 1;
}

/* ---------------------------------------------------- lines: too long to hold */

/* The line is refused before its end was seen: the rest goes by unread. */
static int refuse_long(struct record_reader *r, int e)
{
	r->raw = bytes_of(r->buf + r->pos, held(r));
	take(r, held(r));
	r->streaming = STREAM_SKIP;
	return e;
}

/* The window holds a key, a TAB and more than may be held of a value. */
static int begin_streamed_line(struct record_reader *r, struct record *rec,
			       uint8_t *tab)
{
	uint8_t *line = r->buf + r->pos;
	size_t len = (size_t)(tab - line);
	const uint8_t *bad = NULL;
	int e = check_len(r, r->raw_text ? len : decoded_len(line, len), 0);

	if (e == 0 && !r->raw_text)
		bad = bad_escape(line, len);
	if (bad)
		e = bad_escape_error(r, bad, tab);
	if (e < 0)
		return refuse_long(r, e);
	buf_clear(&r->key);
	e = buf_add(&r->key, line, len);
	if (e < 0)
		return stick(r, e);
	if (!r->raw_text)
		r->key.len = unescape(r->key.ptr, len);
	rec->key = buf_bytes(&r->key);
	rec->streamed = true;
	rec->value_len = RECORD_UNKNOWN;
	take(r, len + 1);
	r->given = 0;
	r->streaming = STREAM_LINE;
	return 1;
}

/* No end of line yet and the window is large: 0 to read on, or the answer. */
static int long_line(struct record_reader *r, struct record *rec)
{
	uint8_t *line = r->buf + r->pos, *tab;
	size_t n = held(r);

	if (r->shape == RECORD_KEYS) {
		if (n <= KEY_TEXT_MAX)
			return 0;
		return refuse_long(r, fail(r, ERR_TOO_BIG,
			"a key of more than %d bytes", RECORD_KEY_MAX));
	}
	if (r->format == RECORD_JSONL || n <= r->hold)
		return 0;
	tab = memchr(line, '\t', n < KEY_TEXT_MAX ? n : KEY_TEXT_MAX);
	if (tab && n - (size_t)(tab - line) > r->hold)
		return begin_streamed_line(r, rec, tab);
	if (tab || n < KEY_TEXT_MAX)
		return 0;
	return refuse_long(r, fail(r, ERR_BAD_RECORD, "expected KEY TAB VALUE, found no "
				   "TAB where the longest key ends: \"%s\"",
				   bytes_show(bytes_of(line, n))));
}

/* The stream ends without an end of line. */
static int last_line(struct record_reader *r, struct record *rec)
{
	struct record_json json = {0};
	int e;

	if (held(r) == 0) {
		r->line--;		/* there was none */
		return 0;
	}
	r->raw = bytes_of(r->buf + r->pos, held(r));
	if (r->format != RECORD_JSONL || r->shape != RECORD_PAIRS ||
	    !record_json_read(&json, r->buf + r->pos, held(r)))
		return cut_off(r, r->format == RECORD_NUL ?
			       "the last key has no NUL at its end" :
			       "the last line has no newline at its end");
	rec->key = json.key;		/* whole by its own closing brace */
	rec->value = json.value;
	rec->absent = json.absent;
	rec->value_len = json.value.len;
	take(r, held(r));
	e = check_len(r, rec->key.len, rec->value.len);
	return e < 0 ? e : 1;
}

static int next_line(struct record_reader *r, struct record *rec)
{
	uint8_t *end;
	int e;

	r->line++;
	rec->line = r->line;
	rec->off = r->buf_off + r->pos;
	while (!(end = line_end(r))) {
		e = long_line(r, rec);
		if (e != 0)
			return e;
		e = fill(r);
		if (e < 0)
			return e;
		if (e == 0)
			return last_line(r, rec);
	}
	return record_of_line(r, rec, end);
}

/* Past the end of a line that was refused or abandoned. */
static int skip_line(struct record_reader *r)
{
	uint8_t *end;
	int e;

	while (!(end = line_end(r))) {
		take(r, held(r));
		e = fill(r);
		if (e < 0)
			return e;
		if (e == 0)
			return cut_off(r, "the last line has no newline at its end");
	}
	take(r, (size_t)(end - (r->buf + r->pos)) + 1);
	r->streaming = STREAM_NONE;
	return 0;
}

/* ---------------------------------------------------------- lines: streamed */

static int stop_streaming(struct record_reader *r, int e)
{
	r->streaming = STREAM_SKIP;
	return e;
}

/* One step: bytes decoded into OUT (over 0), 0 when the window needs more, -1
 * at the line's end, or an error. */
static ssize_t line_step(struct record_reader *r, uint8_t *out, size_t cap)
{
	const uint8_t *p = r->buf + r->pos, *at;
	size_t n = held(r) < cap ? held(r) : cap, len;

	if (n == 0)
		return 0;
	at = memchr(p, '\n', n);
	if (at)
		n = (size_t)(at - p);
	at = n && !r->raw_text ? memchr(p, '\\', n) : NULL;
	if (at)
		n = (size_t)(at - p);
	if (n) {
		memcpy(out, p, n);
		take(r, n);
		return (ssize_t)n;
	}
	if (*p == '\n')
		return -1;
	len = escape_at(p, held(r), out);
	if (len) {
		take(r, len);
		return 1;
	}
	/* unknown, or not all of it here yet */
	if ((held(r) < 2 || (p[1] == 'x' && held(r) < 4)) &&
	    !memchr(p, '\n', held(r)))
		return 0;
	return bad_escape_error(r, p, p + (held(r) < 4 ? held(r) : 4));
}

static ssize_t read_line_value(struct record_reader *r, uint8_t *out, size_t cap)
{
	size_t got = 0;
	ssize_t n = 1;
	int e;

	while (got < cap) {
		n = line_step(r, out + got, cap - got);
		if (n > 0) {
			got += (size_t)n;
			continue;
		}
		if (n < 0 || got)
			break;
		e = fill(r);
		if (e < 0)
			return e;
		if (e == 0)
			return cut_off(r, "the last line has no newline at its end");
	}
	if (n < -1 && got == 0)
		return stop_streaming(r, (int)n);
	r->given += got;
	if (r->given > r->max)
		return stop_streaming(r, check_len(r, 1, r->given));
	if (n == -1 && got == 0) {
		take(r, 1);
		r->streaming = STREAM_NONE;
	}
	return (ssize_t)got;
}

/* ---------------------------------------------------------------------- cdb */

struct head {
	size_t len;			/* up to and with the colon */
	uint64_t key_len, value_len;
	bool absent;
};

/* Digits at *at: 1 and the number, 0 when the window ends in them, -1 if bad. */
static int head_number(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
	const uint8_t *from = *at;
	uint64_t v = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		if (*at - from >= 20 || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(**at - '0'), &v))
			return -1;
	*out = v;
	if (*at == end)
		return 0;
	return *at == from ? -1 : 1;
}

/* 1: a head; 0: more bytes are needed; -1: none. */
static int read_head(const struct record_reader *r, struct head *h)
{
	const uint8_t *p = r->buf + r->pos, *at = p + 1, *end = r->buf + r->end;
	int e;

	h->absent = *p == '-';
	h->value_len = 0;
	if (*p != '+' && *p != '-')
		return -1;
	e = head_number(&at, end, &h->key_len);
	if (e <= 0)
		return e;
	if (!h->absent) {
		if (*at++ != ',')
			return -1;
		e = head_number(&at, end, &h->value_len);
		if (e <= 0)
			return e;
	}
	h->len = (size_t)(at - p) + 1;
	return *at == ':' ? 1 : -1;
}

/* Bytes of the record that must be in the window before it is given. */
static size_t needed(const struct record_reader *r, const struct head *h)
{
	if (h->absent)
		return h->len + (size_t)h->key_len + 1;
	if (h->value_len > r->hold)
		return h->len + (size_t)h->key_len + 2;
	return h->len + (size_t)h->key_len + 2 + (size_t)h->value_len + 1;
}

static int bad_cdb(struct record_reader *r, const char *what)
{
	size_t n = held(r) < 40 ? held(r) : 40;

	r->raw = bytes_of(r->buf + r->pos, held(r));
	return stick(r, fail(r, ERR_BAD_RECORD, "%s: \"%s\"", what,
			     bytes_show(bytes_of(r->buf + r->pos, n))));
}

static int cdb_end(struct record_reader *r)
{
	int e = 0;

	if (!r->closed)
		take(r, 1);
	r->closed = true;
	r->line--;
	while (held(r) == 0 && (e = fill(r)) > 0)
		;
	if (e < 0)
		return e;
	if (held(r) == 0)
		return 0;
	r->line++;
	return bad_cdb(r, "bytes after the empty line that ends the stream");
}

static int cdb_body(struct record_reader *r, struct record *rec, const struct head *h)
{
	uint8_t *key = r->buf + r->pos + h->len;
	uint8_t *after = key + h->key_len;

	rec->key = bytes_of(key, (size_t)h->key_len);
	rec->value_len = h->value_len;
	rec->absent = h->absent;
	if (h->absent) {
		if (*after != '\n')
			return bad_cdb(r, "expected -KLEN:KEY LF");
		take(r, needed(r, h));
		return 1;
	}
	if (after[0] != '-' || after[1] != '>')
		return bad_cdb(r, "expected -> after the key");
	if (h->value_len <= r->hold) {
		rec->value = bytes_of(after + 2, (size_t)h->value_len);
		if (after[2 + h->value_len] != '\n')
			return bad_cdb(r, "expected a LF after the value");
		take(r, needed(r, h));
		return 1;
	}
	buf_clear(&r->key);
	if (buf_add(&r->key, key, (size_t)h->key_len) < 0)
		return stick(r, ERR_MEMORY);
	rec->key = buf_bytes(&r->key);
	rec->streamed = true;
	r->left = h->value_len;
	r->streaming = STREAM_CDB;
	take(r, needed(r, h));
	return 1;
}

static int next_cdb(struct record_reader *r, struct record *rec)
{
	struct head h;
	int e;

	r->line++;
	rec->line = r->line;
	rec->off = r->buf_off + r->pos;
	if (r->closed)
		return cdb_end(r);
	for (;;) {
		if (held(r) && r->buf[r->pos] == '\n')
			return cdb_end(r);
		e = held(r) ? read_head(r, &h) : 0;
		if (e < 0 || (e == 0 && held(r) > HEAD_MAX))
			return bad_cdb(r, "expected +KLEN,VLEN:KEY->VALUE");
		if (e > 0) {
			e = check_len(r, (size_t)h.key_len, h.value_len);
			if (e < 0)
				return stick(r, e);
			if (held(r) >= needed(r, &h))
				return cdb_body(r, rec, &h);
		}
		e = fill(r);
		if (e < 0)
			return e;
		if (e == 0)
			return cut_off(r, held(r) ? "the last record is not whole" :
				       "no empty line at the end");
	}
}

static ssize_t read_cdb_value(struct record_reader *r, uint8_t *out, size_t cap)
{
	size_t n;
	int e;

	while (held(r) == 0) {
		e = fill(r);
		if (e < 0)
			return e;
		if (e == 0)
			return cut_off(r, "the last record is not whole");
	}
	if (r->left == 0) {
		if (r->buf[r->pos] != '\n')
			return bad_cdb(r, "expected a LF after the value");
		take(r, 1);
		r->streaming = STREAM_NONE;
		return 0;
	}
	n = held(r) < cap ? held(r) : cap;
	if (n > r->left)
		n = (size_t)r->left;
	memcpy(out, r->buf + r->pos, n);
	take(r, n);
	r->left -= n;
	return (ssize_t)n;
}

/* ------------------------------------------------------------------- public */

ssize_t record_value_read(struct record_reader *r, void *buf, size_t cap)
{
	if (r->stuck)
		return err_give(&r->note);
	if (cap == 0)
		return 0;
	if (r->streaming == STREAM_LINE)
		return read_line_value(r, buf, cap);
	if (r->streaming == STREAM_CDB)
		return read_cdb_value(r, buf, cap);
	return 0;
}

/* What the caller left of a streamed value. */
static int finish_value(struct record_reader *r)
{
	uint8_t scratch[4096];
	ssize_t n;

	while (r->streaming == STREAM_LINE || r->streaming == STREAM_CDB) {
		n = record_value_read(r, scratch, sizeof scratch);
		if (n < 0)
			return (int)n;
	}
	return r->streaming == STREAM_SKIP ? skip_line(r) : 0;
}

int record_next(struct record_reader *r, struct record *rec)
{
	int e;

	if (r->stuck)
		return err_give(&r->note);
	r->raw = bytes_of(NULL, 0);
	if (r->streaming != STREAM_NONE) {
		e = finish_value(r);
		if (e < 0)
			return e;
	}
	*rec = (struct record){0};
	if (r->format == RECORD_CDB && r->shape == RECORD_PAIRS)
		return next_cdb(r, rec);
	return next_line(r, rec);
}

static bool cdb_ready(const struct record_reader *r)
{
	struct head h;
	int e;

	if (r->closed || held(r) == 0)
		return held(r) != 0;
	if (r->buf[r->pos] == '\n')
		return held(r) > 1;
	e = read_head(r, &h);
	if (e <= 0)
		return e < 0 || held(r) > HEAD_MAX;
	if (h.key_len > RECORD_KEY_MAX || h.key_len == 0 || h.value_len > r->max)
		return true;
	return held(r) >= needed(r, &h);
}

bool record_ready(struct record_reader *r)
{
	if (r->stuck || r->eof)
		return true;
	if (r->streaming != STREAM_NONE)
		return false;
	if (r->format == RECORD_CDB && r->shape == RECORD_PAIRS)
		return cdb_ready(r);
	return line_end(r) != NULL;
}

struct bytes record_raw(const struct record_reader *r)
{
	return r->raw;
}

uint64_t record_line(const struct record_reader *r)
{
	return r->line;
}
