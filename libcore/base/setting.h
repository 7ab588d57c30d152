/* base/setting.h - the one table of settings, and where each value came from
 *
 * A value given by a higher origin stays, in whatever order the origins are
 * read: option, environment, store, user, built in.  Within one origin the later
 * one wins.  No input or output here: callers hand in the bytes of files and the
 * text of variables.
 *
 * A file is lines of NAME = VALUE; blanks around both are dropped, "#" at the
 * beginning of a line makes it a comment, empty lines are fine.
 */
#ifndef BASE_SETTING_H
#define BASE_SETTING_H

#include <stdint.h>

#include "base/bytes.h"

enum setting {
	SETTING_IO_DEPTH,
	SETTING_DIRECT_IO,
	SETTING_COMPRESSION,
	SETTING_CACHE_SIZE,
	SETTING_PREFETCH_DISTANCE,
	SETTING_SYNC,
	SETTING_MEMORY_LIMIT,
	SETTING_LOG_SIZE,
	SETTING_RESERVE_SIZE,
	SETTING_NETWORK_FS,
	SETTING_N
};

/* The values of the settings that are words. */
enum setting_direct_io { DIRECT_IO_AUTO, DIRECT_IO_ON, DIRECT_IO_OFF };
enum setting_compression { COMPRESSION_NONE, COMPRESSION_LZ4 };
enum setting_sync { SYNC_COMMIT, SYNC_NONE };
enum setting_network_fs { NETWORK_FS_REFUSE, NETWORK_FS_ALLOW };

enum setting_kind { SETTING_NUMBER, SETTING_SIZE, SETTING_CHOICE };

enum setting_origin {		/* later ones win */
	SETTING_BUILT_IN, SETTING_USER, SETTING_STORE, SETTING_ENVIRONMENT,
	SETTING_OPTION
};

struct setting_info {
	const char *name;		/* "io_depth" */
	const char *variable;		/* "STRATO_IO_DEPTH" */
	enum setting_kind kind;
	uint64_t min, max, built_in;	/* of memory_limit: 0, see setting_u64 */
	const char *choices[4];		/* value i is choices[i]; NULL ends */
	const char *help;		/* one short line */
};

/* The table, SETTING_N rows in enum's order. */
extern const struct setting_info setting_table[SETTING_N];

struct settings {
	uint64_t value[SETTING_N];
	uint8_t origin[SETTING_N];	/* enum setting_origin */
};

void setting_init(struct settings *s);		/* all built in */

/* The setting of this name, or ERR_SETTING with the closest known one. */
int setting_find(struct bytes name);

/* Set one by text.  ERR_SETTING: unknown name, or a value out of its range, with
 * the range in the message; then nothing is changed.  A value that a higher
 * origin hides is checked all the same. */
int setting_set(struct settings *s, enum setting_origin from, enum setting which,
		struct bytes value);
int setting_set_named(struct settings *s, enum setting_origin from,
		      struct bytes name, struct bytes value);
/* "NAME=VALUE", blanks around both allowed. */
int setting_set_text(struct settings *s, enum setting_origin from,
		     struct bytes text);
/* A whole file; WHERE is its name for messages: "S/config: line 3: ...". */
int setting_read(struct settings *s, enum setting_origin from,
		 const char *where, struct bytes file);

/* The number in force; for words the enum above.  memory_limit is 0 inside until
 * somebody sets it, and this then answers mem_default_limit() afresh: a few
 * system calls, so ask only when it matters. */
uint64_t setting_u64(const struct settings *s, enum setting which);

/* As strato-config prints and reads it: "64", "32M", "lz4".  Rotating buffers. */
const char *setting_text(const struct settings *s, enum setting which);
/* "built in", "user", "store", "environment", "option" */
const char *setting_origin_name(enum setting_origin from);
/* The range for people: "1..4096", "auto, on or off".  Rotating buffers. */
const char *setting_range(enum setting which);

/* One line for a file: "io_depth = 64\n" appended to OUT. */
int setting_print(const struct settings *s, enum setting which, struct buf *out);

/* The file FILE with NAME's value changed or added, every other line as it was
 * (comments too); VALUE with len 0 and ptr NULL removes it.  For strato-config. */
int setting_edit(struct bytes file, enum setting which, struct bytes value,
		 struct buf *out);

#endif
