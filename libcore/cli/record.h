/* cli/record.h - the one reader and the one writer of record streams
 *
 *   tsv    KEY TAB VALUE LF, escapes \t \n \r \0 \\ \xHH; \N alone: absent
 *   text   KEY TAB VALUE LF, no escapes; cannot say "absent"
 *   cdb    +KLEN,VLEN:KEY->VALUE LF, -KLEN:KEY LF for absent, an empty line ends
 *   jsonl  {"key":..,"value":..}, key64 and value64, {"key":..,"absent":true}
 *   NUL    raw bytes, each closed by NUL: key lists only
 *
 * A stream is either pairs or a list of keys.  In a list tsv, cdb and jsonl are
 * one escaped key a line, text is lines as they are, NUL is raw; only a list that
 * is written as jsonl is {"key":..} a line.
 *
 * The first TAB of a line ends its key; later ones belong to the value.
 */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "cli/output.h"

struct mem;

#define RECORD_KEY_MAX 65535		/* and at least 1 */

enum record_format {
	RECORD_TSV, RECORD_TEXT, RECORD_CDB, RECORD_JSONL, RECORD_NUL
};

/* "tsv", "text", "cdb" or "jsonl"; else ERR_USAGE listing them. */
int record_format_of(const char *name);
const char *record_format_name(enum record_format f);

enum record_shape { RECORD_PAIRS, RECORD_KEYS };

/* --- reading --- */

struct record_source {
	/* Up to CAP bytes: at least 1, 0 at the end, or an ERR_ code.  io/stream's
	 * in_read fits behind one line. */
	ssize_t (*fill)(void *ctx, void *buf, size_t cap);
	void *ctx;
	const char *name;	/* for messages: NULL is "input", as in "input line 7" */
};

struct record {
	struct bytes key, value;	/* valid until the next record_next */
	bool absent;			/* \N: no such key, or delete it; value is empty */
	bool streamed;			/* value is empty here: record_value_read has it */
	uint64_t value_len;		/* RECORD_UNKNOWN while streamed tsv and text */
	uint64_t line;			/* 1, 2, ...; in cdb the record's number */
	uint64_t off;			/* of its first byte in the stream */
};
#define RECORD_UNKNOWN UINT64_MAX

struct record_reader;

/* HOLD: a value of tsv, text or cdb longer than this may be streamed, so that
 * memory is bounded by about twice HOLD; a jsonl line is held whole.  MAX: a longer
 * value is ERR_TOO_BIG.  0 for either: 1 MiB, 16 TiB.  ERR_MEMORY, or ERR_USAGE
 * for a list's format with pairs (NUL). */
int record_open(struct record_reader **out, enum record_format format,
		enum record_shape shape, const struct record_source *from,
		uint64_t hold, uint64_t max, struct mem *mem);
void record_close(struct record_reader *r);	/* NULL is fine; the source stays open */

/* 1 and a record, 0 at the end, or
 * ERR_BAD_RECORD  malformed (an unknown escape, no TAB, not JSON, a stray byte)
 * ERR_TOO_BIG     a key that is over RECORD_KEY_MAX, a value over MAX
 * ERR_CUT_OFF     the stream ends inside a record, or cdb without its empty line;
 *                 all whole records before it were delivered
 * ERR_MEMORY, and what the source says.
 * The message begins "NAME line N: " ("NAME record N: " in cdb).
 *
 * After ERR_BAD_RECORD and ERR_TOO_BIG a stream of lines goes on with the next
 * line, and record_raw has the bad one; cdb, and any stream after another error,
 * repeats its error.  A streamed value that was not read to its end is skipped
 * (and its errors come out here).  Bytes after cdb's empty line are ERR_BAD_RECORD. */
int record_next(struct record_reader *r, struct record *rec);

/* The streamed value of the last record: over 0 bytes, 0 at its end, or an error
 * as above (then the record must be abandoned). */
ssize_t record_value_read(struct record_reader *r, void *buf, size_t cap);

/* Would record_next answer without asking its source?  When false, and the source
 * would block, it is time to flush output and commit. */
bool record_ready(struct record_reader *r);

/* The bytes of the line that was refused, its LF included, as they came; the
 * beginning of a line that is too long, and nothing of a streamed value.  Valid
 * until the next call. */
struct bytes record_raw(const struct record_reader *r);
uint64_t record_line(const struct record_reader *r);	/* of the last record or error */

/* --- writing --- */

struct record_writer;

/* Small records reach the sink whole, one call each.  ERR_MEMORY, ERR_USAGE. */
int record_writer_open(struct record_writer **out, enum record_format format,
		       enum record_shape shape, struct sink to, struct mem *mem);
void record_writer_close(struct record_writer *w);	/* writes nothing; NULL is fine */

/* Each returns 0, the sink's error, or ERR_BAD_RECORD for what text cannot carry:
 * LF or NUL, a TAB in a key, "absent".  Nothing of such a record is written,
 * but of a streamed value what came before it was. */
int record_write(struct record_writer *w, struct bytes key, struct bytes value);
int record_absent(struct record_writer *w, struct bytes key);
int record_key(struct record_writer *w, struct bytes key);	/* lists */

/* A value in pieces.  LEN is its length, which cdb must have; RECORD_UNKNOWN
 * elsewhere.  jsonl gathers up to RECORD_JSON_TEXT bytes to see whether they are
 * UTF-8; a longer value travels as value64, whichever way it is written. */
#define RECORD_JSON_TEXT (1u << 20)
int record_value_begin(struct record_writer *w, struct bytes key, uint64_t len);
int record_value_feed(struct record_writer *w, const void *ptr, size_t len);
int record_value_end(struct record_writer *w);

/* Once, after the last record: cdb's closing empty line. */
int record_end(struct record_writer *w);

#endif
