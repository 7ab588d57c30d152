/* graph/index.h - nodes by the values of some of their properties
 *
 * A segment of (rank of the value, node) for each name, sorted; a rank orders values as
 * filters do, but may be equal for values that are not: who looks one up asks the node's
 * values again.  Of the segments alone: nodes with changes are the caller's to add.
 * Bytes on disk: graph/index_disk.h and strato-csr(5).
 */
#ifndef GRAPH_INDEX_H
#define GRAPH_INDEX_H

#include "graph/literal_code.h"
#include "graph/prop.h"

#define INDEX_MOST (SEGMENT_SECTION_MAX - 2)	/* names */

struct index;

struct index_plan {
	struct prop *prop;		/* of nodes ... */
	uint64_t prop_id;		/* ... and its segment's id */
	const struct bytes *name;	/* ascending, each once; those nobody has are empty */
	uint32_t name_n;
	size_t budget;			/* bytes to sort in */
	struct backend *backend;
	const uint8_t *store_id;
	struct mem *mem;
	int (*stop)(void *ctx);		/* may be NULL; not 0 stops with that code */
	void *stop_ctx;
};
int index_build(const struct index_plan *p, struct segment_ref *ref);

int index_open(struct index **out, struct backend *b, const struct segment_ref *ref,
	       const uint8_t store_id[16], struct mem *mem);
void index_close(struct index *x);		/* NULL is fine */
struct segment *index_segment(const struct index *x);
uint64_t index_prop(const struct index *x);	/* the id of the segment it is of */
uint32_t index_name_n(const struct index *x);
struct bytes index_name_at(const struct index *x, uint32_t name);
uint64_t index_value_n(const struct index *x, uint32_t name);
bool index_find(const struct index *x, struct bytes text, uint32_t *name);

/* The entries of a name whose ranks are from LEAST to MOST, both included: from *FIRST to
 * before *END. */
int index_range(struct index *x, uint32_t name, const struct literal_rank *least,
		const struct literal_rank *most, uint64_t *first, uint64_t *end);
int index_node(struct index *x, uint32_t name, uint64_t entry, uint64_t *node);

/* Does it say what PROP says?  0 or the first fault. */
int index_check(struct index *x, struct prop *prop);	/* of index_prop */

#endif
