/* store/salvage.h - a damaged store's contents, into a new store
 *
 * Never touches the damaged one.  Every entry that verifies and is proven to be its
 * key's newest is copied with its version and expiry; what cannot be proven is told
 * key by key (or, where only a range is known, as a range).
 *
 * Where from: the runs and the log the manifest names.  Is it damaged, or older than
 * its log, then those manifest.old names, or the newest snapshot, and beside them what lies in wal/ and seg/
 * and vouches for itself; such findings are copied and told as doubtful, because
 * only a manifest can say that they were not meant to be gone.
 *
 * Memory is bounded: the log is sorted in pieces, which with the runs are merged
 * into one run of the new store; large values pass through chunk by chunk.
 */
#ifndef STORE_SALVAGE_H
#define STORE_SALVAGE_H

#include "io/backend.h"
#include "store/manifest.h"

enum salvage_loss {
	SALVAGE_LOST,		/* a key: its newest value is gone */
	SALVAGE_DOUBTFUL,	/* a key: copied as of VERSION (0: not there); a newer one
				 * may be in what was lost */
	SALVAGE_RANGE,		/* keys from KEY to before HIGH, of versions up to VERSION,
				 * unless they are copied from elsewhere */
	SALVAGE_COMMIT,		/* a commit of the log */
	SALVAGE_GRAPH,		/* a graph: all of it */
	SALVAGE_NODES,		/* of a graph: nodes after KEY and before HIGH (ptr NULL: from the
				 * first on, to the last) and their edges */
	SALVAGE_EDGES,		/* of a graph: some edges out of node KEY, or with RANGED of the
				 * nodes from KEY to before HIGH */
	SALVAGE_STATES,		/* labels and properties of these nodes, or edges out of them */
	SALVAGE_INDEX,		/* a graph's index */
	SALVAGE_SNAPSHOT,	/* a snapshot: KEY is its name */
	SALVAGE_FILE,		/* a file whose part cannot be known */
};

struct salvage_lost {
	enum salvage_loss what;
	const char *graph;	/* of GRAPH to INDEX; else the graph whose changes the key is
				 * of, NULL: the users' */
	uint32_t space;
	struct bytes key;	/* len 0: from the first on, or none */
	bool ranged;		/* EDGES, STATES */
	struct bytes high;	/* RANGE; ptr NULL: to the last of all */
	uint64_t version;	/* 0: not known */
	const char *words;	/* which file, where, why */
};

/* A graph that cannot be copied as it is. */
struct salvage_graph {
	const struct manifest_graph *row;
	struct backend *from, *to;
	const uint8_t *from_id, *to_id;
	struct mem *mem;
	int (*tell)(void *tell_ctx, struct salvage_lost *l);
	void *tell_ctx;
};

struct salvage {
	struct backend *from;
	struct backend *to;	/* empty: the store is made here */
	struct mem *mem;
	/* Each loss; less than 0 ends the repair and is what it returns. */
	int (*lost)(void *ctx, const struct salvage_lost *l);
	/* What can be made of a damaged graph: MADE, with segments in TO.  0, or ERR_DAMAGED
	 * when it is lost whole; what is lost of it is told.  NULL: nothing can. */
	int (*graph)(void *ctx, const struct salvage_graph *g, struct manifest_graph *made);
	/* Asked now and then, with what was copied so far: less than 0 ends the repair.
	 * May be NULL. */
	int (*step)(void *ctx, uint64_t entry_n, uint64_t value_bytes);
	void *ctx;
	const char *who;	/* names the program to those who wait for its locks */
	/* out */
	uint64_t entry_n, value_bytes, graph_n;		/* copied */
	uint64_t lost_n, doubtful_n;			/* told */
	uint64_t version;				/* of the new store */
};

/* 0: the new store holds all that was acknowledged.  ERR_DAMAGED: it holds what is
 * sound; all else was told.  ERR_NO_STORE: FROM is none, nor was.  Otherwise an
 * error, and what lies in TO is no store to be used: remove it. */
int salvage_store(struct salvage *s);

#endif
