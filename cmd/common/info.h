/* cmd/common/info.h - what is known of a key, as columns
 *
 *   KEY  SIZE  VERSION  STORED_SIZE  CHECKSUM  EXPIRES
 *
 * SIZE is the value's, STORED_SIZE what it takes packed, CHECKSUM the CRC-32C of
 * its bytes as 8 hex digits, EXPIRES a time in UTC or "-" (in JSON null).
 * strato-get -i, strato-ls -l and strato-stat KEY print the same.
 */
#ifndef CMD_COMMON_INFO_H
#define CMD_COMMON_INFO_H

#include "cli/cli.h"
#include "store/entry.h"

/* One row; KEY is the entry's. */
int info_row(struct output *o, const struct entry *e, struct bytes key);
/* The row of a key that is not there: version 0, the rest absent. */
int info_absent(struct output *o, struct bytes key);

/* "2026-11-22T09:30:00Z", with milliseconds where there are any.  CAP INFO_TIME_MAX. */
#define INFO_TIME_MAX 80
void info_time(char out[INFO_TIME_MAX], uint64_t ms);

#endif
