/* store/bulk.h - any number of records, in any order, into one sorted run
 *
 * Records come in pieces.  A second thread sorts each and writes it to one file
 * in tmp/ while the caller gathers the next; at the end the pieces are merged
 * into a run, again by two threads.  Memory: two pieces while they come, then a
 * block a piece.  Of equal keys the one given last remains.
 *
 * Where the backend has no descriptors (tests that replay) there is one thread,
 * and the same calls reach the backend in the same order every time.
 *
 *   the file: blocks of up to 128 KiB on 4 KiB borders, one piece behind another
 *   block:    crc32c (of what follows, seeded with its place), length, then rows
 *   row:      key length, body length (in this machine's order: nobody else reads
 *             them), the row's key (store/run_disk.h), the body (store/entry.h)
 */
#ifndef STORE_BULK_H
#define STORE_BULK_H

#include "store/run.h"

struct store;
struct bulk;

/* Needs store_build_begin() for as long as it is open. */
int bulk_open(struct bulk **out, struct store *s);
/* N records as in store/entry.h, all of version 0.  Their memory is taken, and other
 * memory given in its place; RECORDS is empty then.  An error may be that of an
 * earlier piece: the bulk can only be closed after one. */
int bulk_give(struct bulk *b, struct buf *records, size_t n);
/* Has it as many pieces as one merge takes? */
bool bulk_full(const struct bulk *b);
bool bulk_empty(const struct bulk *b);	/* nothing since the last run? */
/* What was given becomes one run, durable, named by nobody yet; the bulk is empty
 * again. */
int bulk_run(struct bulk *b, struct run_info *out);
void bulk_close(struct bulk *b);	/* NULL is fine */

#endif
