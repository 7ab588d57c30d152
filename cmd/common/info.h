/* cmd/common/info.h - what is known of a key without reading its value
 *
 *	KEY TAB SIZE TAB VERSION TAB STORED_SIZE TAB CHECKSUM TAB EXPIRES
 *
 * SIZE is the value's, STORED_SIZE what it takes as stored (packed, its table of
 * chunks included), CHECKSUM the CRC32C of the value in 8 hexadecimal digits,
 * EXPIRES a moment in UTC or "-".  In JSON: key, size_bytes, version,
 * stored_bytes, crc32c, expires (null for never).
 */
#ifndef CMD_COMMON_INFO_H
#define CMD_COMMON_INFO_H

#include "cli/cli.h"
#include "store/entry.h"

/* 0 or the output's error. */
int info_row(struct output *o, const struct entry *e, struct bytes key);
/* The row of a key that is not there: \N in each column, "absent" in JSON. */
int info_absent(struct output *o, struct bytes key);
/* One row, as TSV or JSON. */
int info_one(struct cli *c, struct sink to, const struct entry *e, struct bytes key);

/* "2026-11-22T09:30:00Z", with milliseconds where there are any.  CAP INFO_TIME_MAX. */
#define INFO_TIME_MAX 80
void info_time(char out[INFO_TIME_MAX], uint64_t ms);

#endif
