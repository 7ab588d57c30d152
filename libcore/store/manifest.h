/* store/manifest.h - the list of what is live
 *
 * One small file, replaced whole by rename: old or new after any crash.  The
 * store at version V is what the manifest names plus the log's commits after
 * manifest->folded, up to V.  A copy of the one before stays as manifest.old.
 * Bytes on disk: store/manifest_disk.h and strato-store(5).
 */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include "io/backend.h"
#include "store/run.h"

#define MANIFEST_NAME_MAX 255u		/* bytes of a graph's name */
#define MANIFEST_GRAPH_SEGMENTS 7

struct manifest_blob {			/* a sealed or leased blob file */
	uint64_t id;
	uint64_t bytes;			/* sealed length; 0 while it is appended to */
	uint64_t live;			/* stored bytes still referred to, as last counted */
	uint64_t counted;		/* bytes of the file then; a crash may leave less */
};

struct manifest_graph {
	char name[MANIFEST_NAME_MAX + 1];
	uint64_t version;		/* the commit that made it */
	uint64_t created_ns;		/* wall clock */
	uint32_t space;			/* its space in the log, never reused */
	uint64_t folded;		/* entries of the space up to here are in the segments */
	uint64_t upto;			/* those above, up to here, are in the one of kind
					 * SEGMENT_DELTA; 0 where there is none */
	uint64_t imported;		/* the latest commit that put into the segments what no
					 * entry has; 0: not known */
	uint32_t segment_n;
	struct segment_ref segment[MANIFEST_GRAPH_SEGMENTS];
	uint64_t node_n, edge_n, type_n;
	uint32_t flags;			/* graph/ knows: undirected, ids, layout */
};

struct manifest {
	uint8_t store_id[16];
	uint64_t generation;		/* + 1 with each replacement */
	uint64_t version;		/* the store's at publication */
	uint64_t folded;		/* the log's commits up to here are in the runs */
	uint64_t log_id;
	uint64_t created_ns;
	uint64_t forgotten;		/* removals of versions up to here may be gone */
	uint64_t commit_ns;		/* the wall clock at the latest commit folded */
	uint32_t next_space;
	bool write_ok;			/* no feature a newer program must write */
	uint32_t run_n, blob_n, graph_n;
	struct run_info *run;		/* newest first */
	struct manifest_blob *blob;
	struct manifest_graph *graph;	/* by name */
	struct mem *mem;
};

/* ERR_NO_STORE: none there.  ERR_DAMAGED, ERR_NEWER, ERR_MEMORY.  A damaged
 * manifest is never replaced by manifest.old in silence: walcheck says so. */
int manifest_read(struct manifest *m, struct backend *b, struct mem *mem);
int manifest_read_file(struct manifest *m, struct backend *b, const char *name,
		       struct mem *mem);
/* The bytes of such a file, and back; WHERE is for messages.  M is released on
 * failure. */
int manifest_encode(const struct manifest *m, struct buf *out);
int manifest_parse(struct manifest *m, struct bytes in, const char *where,
		   struct mem *mem);
int manifest_copy(struct manifest *to, const struct manifest *from);
void manifest_release(struct manifest *m);

/* Under LOCK_PUBLISH: writes generation + 1 (and manifest.old).  On failure the
 * old one stands, or, when even that is unknown (a failed sync), ERR_IO. */
int manifest_publish(struct manifest *m, struct backend *b);

struct manifest_graph *manifest_find_graph(const struct manifest *m, const char *name);
int manifest_add_graph(struct manifest *m, const struct manifest_graph *g);
void manifest_drop_graph(struct manifest *m, const char *name);
/* G without the segment of its changes: the entries say them, too. */
void manifest_unfold_graph(struct manifest_graph *g);
/* Does it name this file: "seg/run-..."? */
bool manifest_names(const struct manifest *m, const char *path);
/* ERR_DAMAGED, with the first of its files that is not there. */
int manifest_lost(const struct manifest *m, struct backend *b);
int manifest_add_run(struct manifest *m, const struct run_info *r);	/* as newest */
int manifest_add_blob(struct manifest *m, uint64_t id);

#endif
