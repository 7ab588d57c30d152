/* cli/output.h - rows as TSV, JSON Lines or an aligned table; words for people
 *
 * A sink is where bytes go: it returns 0 or an ERR_ code that stays.  A command
 * that writes through io/stream wraps out_write in one line; output_stdout is
 * stdio's stdout, which cli_end flushes and checks.
 *
 * Nothing here depends on the locale: same bytes everywhere.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct mem;

struct sink {
	int (*write)(void *ctx, const void *ptr, size_t len);
	void *ctx;
};

struct sink output_stdout(void);

/* --- one JSON text, built in memory and written whole ---
 *
 * NAME is the member's name inside an object and NULL inside an array or on top.
 * Errors (memory) stick and come out of json_line. */
struct json {
	struct buf buf;
	int error;
	unsigned depth;
	bool comma;		/* the next value needs one before it */
};

void json_init(struct json *j, struct mem *mem);
void json_release(struct json *j);
void json_object(struct json *j, const char *name);	/* open { */
void json_array(struct json *j, const char *name);	/* open [ */
void json_object_end(struct json *j);
void json_array_end(struct json *j);
/* Bytes that are UTF-8 as "NAME":"text", else as "NAME64":"base64". */
void json_bytes(struct json *j, const char *name, struct bytes b);
/* Text for people: bytes that are not UTF-8 become U+FFFD. */
void json_text(struct json *j, const char *name, const char *text);
void json_u64(struct json *j, const char *name, uint64_t v);
void json_i64(struct json *j, const char *name, int64_t v);
void json_version(struct json *j, const char *name, uint64_t v);	/* "17": a string */
void json_real(struct json *j, const char *name, double v);	/* null if not finite */
void json_bool(struct json *j, const char *name, bool v);
void json_null(struct json *j, const char *name);
/* Write it and a LF, and begin anew.  0, ERR_MEMORY or the sink's error. */
int json_line(struct json *j, struct sink to);

/* --- rows --- */
enum output_style {
	OUTPUT_TSV,		/* fields escaped as in tsv, no heading */
	OUTPUT_JSON,		/* one object a row */
	OUTPUT_TABLE		/* for people: heading, columns aligned; held until the end */
};

struct output;

/* ERR_MEMORY.  The sink must outlive it. */
int output_open(struct output **out, enum output_style style, struct sink to,
		struct mem *mem);
void output_close(struct output *o);		/* writes nothing; NULL is fine */
enum output_style output_style(const struct output *o);

/* A row is its fields in order, then output_row.  Errors stick: the first comes
 * out of output_row and output_end. */
void output_bytes(struct output *o, const char *name, struct bytes b);
void output_text(struct output *o, const char *name, const char *text);
void output_u64(struct output *o, const char *name, uint64_t v);
void output_i64(struct output *o, const char *name, int64_t v);
void output_version(struct output *o, const char *name, uint64_t v);
void output_real(struct output *o, const char *name, double v);
void output_json(struct output *o, const char *name, struct bytes json);	/* as it is */
void output_bool(struct output *o, const char *name, bool v);	/* yes/no in TSV: true/false */
void output_absent(struct output *o, const char *name);		/* \N, null, "-" */
int output_row(struct output *o);
int output_end(struct output *o);		/* a table is written here */

/* --- words for people; each one of eight rotating buffers of the thread --- */
const char *output_count(uint64_t n);		/* 68,993,773 */
const char *output_size(uint64_t bytes);	/* 812 MiB, 1.5 GiB, 17 B */
const char *output_time(uint64_t ns);		/* 9.8 s, 250 ms, 2 m 05 s */
const char *output_rate(uint64_t n, uint64_t ns);	/* 7.0 M (a second) */
/* '#' WIDTH times for MAX, at least one for a value that is not 0. At most 120. */
const char *output_bar(uint64_t value, uint64_t max, unsigned width);

/* --- bytes --- */
bool output_is_utf8(struct bytes b);
/* Bytes that could move a terminal's cursor: control bytes but TAB and LF. */
bool output_has_control(struct bytes b);
int output_escape(struct buf *out, struct bytes b);	/* as in tsv */
int output_base64(struct buf *out, struct bytes b);
/* "text" with its quotes; B must be UTF-8.  DEL and U+0080..9F are escaped too, so
 * that JSON on a terminal cannot move the cursor. */
int output_json_string(struct buf *out, struct bytes b);

/* --- the terminal: asked only when needed --- */
enum output_when { OUTPUT_AUTO, OUTPUT_ALWAYS, OUTPUT_NEVER };
bool output_is_terminal(int fd);
unsigned output_width(int fd);			/* 80 when it cannot be read */
/* auto: a terminal, NO_COLOR empty or unset, TERM set and not "dumb". */
bool output_color(enum output_when when, int fd);

#endif
