/* cli/output.c - rows, JSON, tables, and words for people
 *
 * The escaping of tsv is on the path of every record, so it works in blocks of
 * 32: one vectorised question "anything special in here?", and most blocks are
 * copied whole.
 */
#include "cli/output.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

static int put_stdout(const void *ptr, size_t len)
{
	if (len && fwrite(ptr, 1, len, stdout) != len)
		return err_sys(ERR_IO, "standard output: write");
	return 0;
}

/* On a terminal as io/out has it. */
static int stdout_write(void *ctx, const void *ptr, size_t len)
{
	static int shown = -1;
	const uint8_t *at = ptr, *end = at + len;
	uint8_t text[256];
	int r = 0;

	(void)ctx;
	if (shown < 0)
		shown = output_is_terminal(STDOUT_FILENO);
	if (!shown)
		return put_stdout(ptr, len);
	while (r == 0 && at < end) {
		size_t n = utf8_shown(text, sizeof text, &at, end);

		r = put_stdout(text, n);
	}
	return r;
}

struct sink output_stdout(void)
{
	return (struct sink){ stdout_write, NULL };
}

/* ------------------------------------------------------------------ bytes */

#define BLOCK 32

static unsigned special(uint8_t c)
{
	return (c == '\t') | (c == '\n') | (c == '\r') | (c == 0) | (c == '\\');
}

static bool block_is_plain(const uint8_t *p)
{
	uint8_t any = 0;

	for (int i = 0; i < BLOCK; i++)
		any |= (uint8_t)special(p[i]);
	return !any;
}

static uint8_t *escape_bytes(uint8_t *to, const uint8_t *p, size_t n)
{
	static const char names[] = "tnr0\\";
	static const char codes[] = "\t\n\r\0\\";

	for (size_t i = 0; i < n; i++) {
		if (!special(p[i])) {
			*to++ = p[i];
			continue;
		}
		*to++ = '\\';
		*to++ = (uint8_t)names[(const char *)memchr(codes, p[i], 5) - codes];
	}
	return to;
}

int output_escape(struct buf *out, struct bytes b)
{
	uint8_t *to;
	size_t i = 0;
	int r = buf_reserve(out, 2 * b.len);

	if (r < 0)
		return r;
	to = out->ptr + out->len;
	for (; i + BLOCK <= b.len; i += BLOCK) {
		if (block_is_plain(b.ptr + i)) {
			memcpy(to, b.ptr + i, BLOCK);
			to += BLOCK;
		} else {
			to = escape_bytes(to, b.ptr + i, BLOCK);
		}
	}
	to = escape_bytes(to, b.ptr + i, b.len - i);
	out->len = (size_t)(to - out->ptr);
	return 0;
}

int output_base64(struct buf *out, struct bytes b)
{
	return base64_add(out, b);
}

bool output_is_utf8(struct bytes b)
{
	return utf8_end(b.ptr, b.ptr + b.len) == b.ptr + b.len;
}

bool output_has_control(struct bytes b)
{
	uint32_t code;
	size_t len;

	for (size_t i = 0; i < b.len; i += len ? len : 1) {
		uint8_t c = b.ptr[i];

		len = utf8_get(b.ptr + i, b.ptr + b.len, &code);
		if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
			return true;
		if (len == 0 && c >= 0x80 && c < 0xa0)		/* C1 of Latin-1 */
			return true;
		if (len == 2 && c == 0xc2 && b.ptr[i + 1] < 0xa0)	/* and of Unicode */
			return true;
	}
	return false;
}

/* The bytes in front of the next one that JSON must see escaped. */
static size_t json_plain(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\' &&
	       p[i] != 0x7f && p[i] != 0xc2)
		i++;
	return i;
}

static int json_escape(struct buf *out, unsigned c)
{
	static const char codes[] = "\"\\\n\t\r\b\f";
	static const char names[] = "\"\\ntrbf";
	const char *at = c < 0x80 && c ? strchr(codes, (int)c) : NULL;

	if (at)
		return buf_printf(out, "\\%c", names[at - codes]);
	return buf_printf(out, "\\u%04x", c);
}

int output_json_string(struct buf *out, struct bytes b)
{
	int r = buf_add_byte(out, '"');
	size_t n;

	while (r == 0 && b.len) {
		n = json_plain(b.ptr, b.len);
		if (n == 0 && b.ptr[0] == 0xc2 && b.len > 1) {
			if (b.ptr[1] < 0xa0)
				r = json_escape(out, b.ptr[1]);
			else
				r = buf_add(out, b.ptr, 2);
			n = 2;
		} else if (n == 0) {
			r = json_escape(out, b.ptr[0]);
			n = 1;
		} else {
			r = buf_add(out, b.ptr, n);
		}
		b = bytes_of(b.ptr + n, b.len - n);
	}
	return r == 0 ? buf_add_byte(out, '"') : r;
}

/* ------------------------------------------------------------------- JSON */

void json_init(struct json *j, struct mem *mem)
{
	memset(j, 0, sizeof *j);
	j->buf.mem = mem;
}

void json_release(struct json *j)
{
	buf_release(&j->buf);
}

static void json_keep(struct json *j, int r)
{
	if (r < 0 && !j->error)
		j->error = r;
}

/* The comma, and the member's name with SUFFIX. */
static void json_name(struct json *j, const char *name, const char *suffix)
{
	if (j->comma)
		json_keep(j, buf_add_byte(&j->buf, ','));
	j->comma = true;
	if (!name)
		return;
	json_keep(j, output_json_string(&j->buf, bytes_str(name)));
	if (suffix[0]) {
		j->buf.len--;		/* the quote */
		json_keep(j, buf_printf(&j->buf, "%s\"", suffix));
	}
	json_keep(j, buf_add_byte(&j->buf, ':'));
}

static void json_open(struct json *j, const char *name, uint8_t bracket)
{
	json_name(j, name, "");
	json_keep(j, buf_add_byte(&j->buf, bracket));
	j->comma = false;
	j->depth++;
}

static void json_close(struct json *j, uint8_t bracket)
{
	json_keep(j, buf_add_byte(&j->buf, bracket));
	j->comma = true;
	j->depth--;
}

void json_object(struct json *j, const char *name)
{
	json_open(j, name, '{');
}

void json_array(struct json *j, const char *name)
{
	json_open(j, name, '[');
}

void json_object_end(struct json *j)
{
	json_close(j, '}');
}

void json_array_end(struct json *j)
{
	json_close(j, ']');
}

void json_bytes(struct json *j, const char *name, struct bytes b)
{
	if (output_is_utf8(b)) {
		json_name(j, name, "");
		json_keep(j, output_json_string(&j->buf, b));
		return;
	}
	json_name(j, name, "64");
	json_keep(j, buf_add_byte(&j->buf, '"'));
	json_keep(j, output_base64(&j->buf, b));
	json_keep(j, buf_add_byte(&j->buf, '"'));
}

/* TEXT with what is not UTF-8 replaced. */
static int mend_utf8(struct buf *out, struct bytes b)
{
	uint32_t code;
	size_t len;
	int r = 0;

	for (size_t i = 0; r == 0 && i < b.len; i += len ? len : 1) {
		len = utf8_get(b.ptr + i, b.ptr + b.len, &code);
		r = len ? buf_add(out, b.ptr + i, len) :
			  buf_add(out, "\xef\xbf\xbd", 3);
	}
	return r;
}

void json_text(struct json *j, const char *name, const char *text)
{
	struct buf mended = { .mem = j->buf.mem };
	struct bytes b = bytes_str(text);

	json_name(j, name, "");
	if (!output_is_utf8(b)) {
		json_keep(j, mend_utf8(&mended, b));
		b = buf_bytes(&mended);
	}
	json_keep(j, output_json_string(&j->buf, b));
	buf_release(&mended);
}

void json_u64(struct json *j, const char *name, uint64_t v)
{
	json_name(j, name, "");
	json_keep(j, buf_printf(&j->buf, "%" PRIu64, v));
}

void json_i64(struct json *j, const char *name, int64_t v)
{
	json_name(j, name, "");
	json_keep(j, buf_printf(&j->buf, "%" PRId64, v));
}

void json_version(struct json *j, const char *name, uint64_t v)
{
	json_name(j, name, "");
	json_keep(j, buf_printf(&j->buf, "\"%" PRIu64 "\"", v));
}

/* The shortest decimal that reads back as the same number. */
static const char *real_text(char *text, size_t cap, double v)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, cap, "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	return text;
}

void json_real(struct json *j, const char *name, double v)
{
	char text[40];

	json_name(j, name, "");
	json_keep(j, buf_printf(&j->buf, "%s",
				isfinite(v) ? real_text(text, sizeof text, v) : "null"));
}

void json_bool(struct json *j, const char *name, bool v)
{
	json_name(j, name, "");
	json_keep(j, buf_printf(&j->buf, "%s", v ? "true" : "false"));
}

void json_null(struct json *j, const char *name)
{
	json_name(j, name, "");
	json_keep(j, buf_add(&j->buf, "null", 4));
}

int json_line(struct json *j, struct sink to)
{
	int r;

	json_keep(j, buf_add_byte(&j->buf, '\n'));
	r = j->error ? j->error : to.write(to.ctx, j->buf.ptr, j->buf.len);
	buf_clear(&j->buf);
	j->error = 0;
	j->depth = 0;
	j->comma = false;
	return r;
}

/* ------------------------------------------------------------------- rows */

struct cell {
	size_t off, len;
	bool right;		/* numbers stand on the right */
};

struct output {
	enum output_style style;
	struct sink to;
	struct mem *mem;
	int error;
	struct json json;
	bool open;		/* a row has begun */
	unsigned field;		/* of this row */
	struct buf text;	/* the row; in a table all cells' bytes */
	/* a table: cells in order, names of the columns, cells of a row */
	struct buf cells;	/* struct cell */
	struct buf names;	/* const char * */
	unsigned columns;
};

int output_open(struct output **out, enum output_style style, struct sink to,
		struct mem *mem)
{
	struct output *o = mem_zalloc(mem, sizeof *o);

	if (!o)
		return ERR_MEMORY;
	o->style = style;
	o->to = to;
	o->mem = mem;
	json_init(&o->json, mem);
	o->text.mem = o->cells.mem = o->names.mem = mem;
	*out = o;
	return 0;
}

void output_close(struct output *o)
{
	if (!o)
		return;
	json_release(&o->json);
	buf_release(&o->text);
	buf_release(&o->cells);
	buf_release(&o->names);
	mem_free(o->mem, o);
}

enum output_style output_style(const struct output *o)
{
	return o->style;
}

static void keep(struct output *o, int r)
{
	if (r < 0 && !o->error)
		o->error = r;
}

/* The tab before a field, the brace before a row. */
static void begin_field(struct output *o)
{
	if (o->style == OUTPUT_JSON && !o->open)
		json_object(&o->json, NULL);
	if (o->style == OUTPUT_TSV && o->open)
		keep(o, buf_add_byte(&o->text, '\t'));
	o->open = true;
}

/* A table's heading comes from its first row. */
static void table_cell(struct output *o, const char *name, size_t off, bool right)
{
	struct cell cell = { off, o->text.len - off, right };

	if (o->columns == o->field) {
		keep(o, buf_add(&o->names, &name, sizeof name));
		o->columns++;
	}
	o->field++;
	keep(o, buf_add(&o->cells, &cell, sizeof cell));
}

static void field(struct output *o, const char *name, struct bytes b, bool right)
{
	size_t off = o->text.len;

	keep(o, output_escape(&o->text, b));
	if (o->style == OUTPUT_TABLE)
		table_cell(o, name, off, right);
}

void output_bytes(struct output *o, const char *name, struct bytes b)
{
	begin_field(o);
	if (o->style == OUTPUT_JSON)
		json_bytes(&o->json, name, b);
	else
		field(o, name, b, false);
}

void output_text(struct output *o, const char *name, const char *text)
{
	begin_field(o);
	if (o->style == OUTPUT_JSON)
		json_text(&o->json, name, text);
	else
		field(o, name, bytes_str(text), false);
}

void output_u64(struct output *o, const char *name, uint64_t v)
{
	char text[24];

	begin_field(o);
	if (o->style == OUTPUT_JSON) {
		json_u64(&o->json, name, v);
		return;
	}
	snprintf(text, sizeof text, "%" PRIu64, v);
	field(o, name, bytes_str(text), true);
}

void output_i64(struct output *o, const char *name, int64_t v)
{
	char text[24];

	begin_field(o);
	if (o->style == OUTPUT_JSON) {
		json_i64(&o->json, name, v);
		return;
	}
	snprintf(text, sizeof text, "%" PRId64, v);
	field(o, name, bytes_str(text), true);
}

void output_version(struct output *o, const char *name, uint64_t v)
{
	if (o->style != OUTPUT_JSON) {
		output_u64(o, name, v);
		return;
	}
	begin_field(o);
	json_version(&o->json, name, v);
}

void output_real(struct output *o, const char *name, double v)
{
	char text[40];

	begin_field(o);
	if (o->style == OUTPUT_JSON)
		json_real(&o->json, name, v);
	else
		field(o, name, bytes_str(real_text(text, sizeof text, v)), true);
}

void output_json(struct output *o, const char *name, struct bytes json)
{
	begin_field(o);
	if (o->style == OUTPUT_JSON) {
		json_name(&o->json, name, "");
		json_keep(&o->json, buf_add(&o->json.buf, json.ptr, json.len));
	} else {
		field(o, name, json, false);
	}
}

void output_bool(struct output *o, const char *name, bool v)
{
	begin_field(o);
	if (o->style == OUTPUT_JSON)
		json_bool(&o->json, name, v);
	else
		field(o, name, bytes_str(v ? "true" : "false"), false);
}

void output_absent(struct output *o, const char *name)
{
	begin_field(o);
	if (o->style == OUTPUT_JSON) {
		json_null(&o->json, name);
	} else if (o->style == OUTPUT_TSV) {
		keep(o, buf_add(&o->text, "\\N", 2));
	} else {
		field(o, name, bytes_str("-"), true);
	}
}

int output_row(struct output *o)
{
	o->open = false;
	o->field = 0;
	if (o->style == OUTPUT_JSON) {
		json_object_end(&o->json);
		keep(o, json_line(&o->json, o->to));
	} else if (o->style == OUTPUT_TSV) {
		keep(o, buf_add_byte(&o->text, '\n'));
		if (!o->error)
			keep(o, o->to.write(o->to.ctx, o->text.ptr, o->text.len));
		buf_clear(&o->text);
	}
	return o->error;
}

/* Columns a text takes: characters of UTF-8, taken as one column each. */
static size_t width_of(const uint8_t *p, size_t n)
{
	size_t w = 0;

	for (size_t i = 0; i < n; i++)
		w += (p[i] & 0xc0) != 0x80;
	return w;
}

static void pad(struct output *o, struct buf *line, size_t n)
{
	while (n--)
		keep(o, buf_add_byte(line, ' '));
}

static void put_cell(struct output *o, struct buf *line, const void *p, size_t n,
		     size_t width, bool right, bool last)
{
	size_t gap = width - width_of(p, n);

	if (right)
		pad(o, line, gap);
	keep(o, buf_add(line, p, n));
	if (!right && !last)
		pad(o, line, gap);
	if (!last)
		pad(o, line, 2);
}

static void table_lines(struct output *o, struct buf *line, size_t *width)
{
	const struct cell *cell = (const void *)o->cells.ptr;
	const char *const *name = (const void *)o->names.ptr;
	size_t n = o->cells.len / sizeof *cell;
	unsigned columns = o->columns;

	for (unsigned c = 0; c < columns; c++)
		width[c] = strlen(name[c]);
	for (size_t i = 0; i < n; i++) {
		size_t w = width_of(o->text.ptr + cell[i].off, cell[i].len);

		if (w > width[i % columns])
			width[i % columns] = w;
	}
	for (unsigned c = 0; c < columns; c++)
		put_cell(o, line, name[c], strlen(name[c]), width[c], cell[c].right,
			 c + 1 == columns);
	keep(o, buf_add_byte(line, '\n'));
	for (size_t i = 0; i < n; i++) {
		bool last = (i + 1) % columns == 0;

		put_cell(o, line, o->text.ptr + cell[i].off, cell[i].len,
			 width[i % columns], cell[i].right, last);
		if (last)
			keep(o, buf_add_byte(line, '\n'));
	}
}

int output_end(struct output *o)
{
	struct buf line = { .mem = o->mem };
	size_t *width;

	if (o->style != OUTPUT_TABLE || o->error || o->cells.len == 0)
		return o->error;
	width = mem_zalloc(o->mem, o->columns * sizeof *width);
	if (!width)
		return ERR_MEMORY;
	table_lines(o, &line, width);
	if (!o->error)
		keep(o, o->to.write(o->to.ctx, line.ptr, line.len));
	mem_free(o->mem, width);
	buf_release(&line);
	buf_clear(&o->cells);
	buf_clear(&o->text);
	return o->error;
}

/* ------------------------------------------------------- words for people */

static char *rotating(void)
{
	static _Thread_local char text[8][128];
	static _Thread_local unsigned turn;

	return text[turn++ % 8];
}

const char *output_count(uint64_t n)
{
	char *text = rotating(), digits[24];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n);
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	return text;
}

/* V / UNIT in three figures or so: "1.5", "812". */
static void three_figures(char *text, size_t cap, double v, const char *unit)
{
	snprintf(text, cap, v < 9.95 ? "%.1f %s" : "%.0f %s", v, unit);
}

const char *output_size(uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	char *text = rotating();
	double v = (double)bytes;
	unsigned u = 0;

	if (bytes < 1024) {
		snprintf(text, 128, "%" PRIu64 " B", bytes);
		return text;
	}
	for (; v >= 1023.5 && u < 6; u++)
		v /= 1024;
	three_figures(text, 128, v, units[u]);
	return text;
}

const char *output_time(uint64_t ns)
{
	char *text = rotating();
	uint64_t s = ns / 1000000000u;

	if (ns < 1000000)
		snprintf(text, 128, "%" PRIu64 " us", ns / 1000);
	else if (s < 1)
		snprintf(text, 128, "%" PRIu64 " ms", ns / 1000000);
	else if (s < 60)
		three_figures(text, 128, (double)ns / 1e9, "s");
	else if (s < 3600)
		snprintf(text, 128, "%" PRIu64 " m %02u s", s / 60, (unsigned)(s % 60));
	else
		snprintf(text, 128, "%" PRIu64 " h %02u m", s / 3600,
			 (unsigned)(s / 60 % 60));
	return text;
}

const char *output_rate(uint64_t n, uint64_t ns)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	char *text = rotating();
	double v = ns ? (double)n * 1e9 / (double)ns : 0;
	unsigned u = 0;
	size_t len;

	for (; v >= 999.5 && u < 4; u++)
		v /= 1000;
	three_figures(text, 128, v, units[u]);
	len = strlen(text);
	if (u == 0)
		text[len - 1] = '\0';	/* no unit, no blank */
	return text;
}

const char *output_bar(uint64_t value, uint64_t max, unsigned width)
{
	char *text = rotating();
	size_t n = 0;

	if (width > 120)
		width = 120;
	if (max && value)
		n = (size_t)((double)(value < max ? value : max) / (double)max * width + 0.5);
	if (value && n == 0)
		n = 1;
	memset(text, '#', n);
	text[n] = '\0';
	return text;
}

/* --------------------------------------------------------------- terminal */

bool output_is_terminal(int fd)
{
	return isatty(fd);
}

unsigned output_width(int fd)
{
	struct winsize w;

	if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col)
		return w.ws_col;
	return 80;
}

bool output_color(enum output_when when, int fd)
{
	const char *no, *term;

	if (when != OUTPUT_AUTO)
		return when == OUTPUT_ALWAYS;
	no = getenv("NO_COLOR");
	term = getenv("TERM");
	return (!no || !no[0]) && term && term[0] && strcmp(term, "dumb") != 0 &&
	       output_is_terminal(fd);
}
