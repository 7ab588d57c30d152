/* store/reclaim.h - blobs: what of them is live, rewritten, given back
 *
 * While all runs become one, every reference to a value passes by: that is when a
 * blob's live bytes are counted.  Of a blob that is half dead or more (when asked
 * to compact: a twentieth) the values that live move into another, and one that
 * nothing refers to leaves the manifest.  Whoever has a blob's lease may be about
 * to refer to it: without the lease none is touched.
 *
 * All of it under LOCK_PUBLISH and inside of store_build_begin.
 */
#ifndef STORE_RECLAIM_H
#define STORE_RECLAIM_H

#include "store/store_priv.h"

struct reclaim;

/* Counts what the runs refer to and chooses what is rewritten.  THOROUGH: as
 * strato-compact wants it; else at most RECLAIM_STEP bytes are moved. */
int reclaim_begin(struct reclaim **out, struct store *s, bool thorough);
#define RECLAIM_STEP (256u << 20)
bool reclaim_moves(const struct reclaim *c);	/* is there anything to rewrite? */
bool reclaim_expired(const struct reclaim *c);	/* did the count meet expired entries? */

/* An entry on its way into the one run: its value is moved if its blob goes. */
int reclaim_entry(struct reclaim *c, struct entry *e);
/* The run is whole: what was moved is made durable.  Before the manifest. */
int reclaim_flush(struct reclaim *c);
/* Under the append lock too: the counts, the new blobs and the gone ones.  MOVED:
 * M names the run that the entries passed into. */
int reclaim_edit(struct reclaim *c, struct manifest *m, bool moved);
void reclaim_end(struct reclaim *c);		/* NULL is fine */

/* Have the blobs grown so much since they were counted that it is time again? */
bool reclaim_due(struct store *s);

#endif
