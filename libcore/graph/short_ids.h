/* graph/short_ids.h - ids below 2^24 in 3 bytes each, the lowest first
 *
 * For arrays that are read from one end to the other and are too large for caches: a
 * quarter less to read, and a quarter less memory that was never touched before.
 */
#ifndef GRAPH_SHORT_IDS_H
#define GRAPH_SHORT_IDS_H

#include <stdbool.h>
#include <stdint.h>

#define SHORT_IDS_LEN 3u
#define SHORT_IDS_MOST (1ull << 24)	/* so many there are */

void short_ids_put(uint8_t *out, const uint32_t *ids, uint64_t n);
/* So many places behind the N of OUT are written to, and so many bytes behind those at
 * AT are read. */
#define SHORT_IDS_ROOM 7u
#define SHORT_IDS_SLACK 28u
void short_ids_get(uint32_t *out, const uint8_t *at, uint64_t n);

/* Tests: as a processor without vectors does it. */
void short_ids_plainly(bool on);

#endif
