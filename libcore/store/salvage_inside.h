/* store/salvage_inside.h - what salvage.c and its parts share
 *
 *   salvage.c         what is there, what is told, the new manifest
 *   salvage_merge.c   sources in the order of their keys, the newest of each key
 *   salvage_log.c     records of a log around damage
 *   salvage_run.c     entries of a run around damage
 *   salvage_kept.c    snapshots
 */
#ifndef STORE_SALVAGE_INSIDE_H
#define STORE_SALVAGE_INSIDE_H

#include "store/kept.h"
#include "store/salvage.h"
#include "store/salvage_log.h"
#include "store/salvage_run.h"
#include "store/store_priv.h"

/* Sorted entries: a run of the old store, or a piece of its log in the new one. */
struct salvage_source {
	struct run *run;
	struct salvage_run *walk;
	struct run_info info;
	bool piece;			/* of a log, in the new store */
	bool named;			/* by the manifest we go by */
	bool doubted;			/* entries may never have been committed */
	bool has;
	struct entry e;			/* the next, when it has one */
	bool in_hole;			/* E comes after keys that cannot be read */
	bool hole_open;			/* ... up to the last of all */
	struct buf low, high;		/* of the hole: row keys */
};

/* Commits of a log that are lost: entries of versions up to AFTER may have had a
 * newer one before BEFORE. */
struct salvage_missing {
	uint64_t after, before;
};

struct salvaging {
	struct salvage *s;
	struct manifest base;		/* what we go by; generation 0: nothing */
	bool base_sound;		/* it is the newest there was */
	bool named_missing;		/* one of its runs could not be opened */
	unsigned held;			/* the lock that keeps its log, 0: none */
	uint8_t store_id[16];		/* of the old one */
	struct store *store;		/* the new one */
	struct salvage_source *source;
	size_t source_n;
	struct buf missing;		/* struct salvage_missing */
	struct run_info made;		/* the new store's one run */
	uint64_t version;		/* the newest seen */
	int stopped;			/* what `step` answered, if it ended the repair */
	bool damaged;			/* something acknowledged may be missing */
	bool quiet;			/* losses are not told: they are a snapshot's */
	struct kept_set kept;		/* of the old store: the first KEPT_N can be kept, */
	bool kept_loaded;
	uint32_t kept_n;
	struct run_info *kept_run;	/* ... each with its entries in this run */
	bool *graph_lost;		/* of base.graph: none of its keys is copied */
};

int salvaging_step(struct salvaging *v);		/* not 0: it is to end */
int salvaging_tell(struct salvaging *v, struct salvage_lost *l);
/* A graph's name, NULL for the users' keys; *lost: its keys are not copied. */
const char *salvaging_graph(const struct salvaging *v, uint32_t space, bool *lost);

/* Opens RUN as one more source; the caller has set what it knows in *KNOWN. */
int salvaging_add(struct salvaging *v, struct backend *b, const uint8_t *store_id,
		  const struct salvage_source *known);
/* A run the manifest names, as a source; one that cannot be had is told. */
int salvaging_named(struct salvaging *v, const struct run_info *info);
/* Every page of a graph's segment in the old store. */
int salvaging_verify(struct salvaging *v, const struct segment_ref *ref);
/* It is in the new store, copied if it was not; *ref is what its manifest needs. */
int salvaging_share(struct salvaging *v, struct segment_ref *ref);
void salvaging_drop_sources(struct salvaging *v);

/* salvage_kept.c: what snapshots need, before the new manifest is published; their files,
 * after. */
int salvaging_kept(struct salvaging *v);
int salvaging_put_kept(struct salvaging *v);
void salvaging_drop_kept(struct salvaging *v);

/* salvage_merge.c: all sources into v->made. */
int salvaging_merge(struct salvaging *v);

#endif
