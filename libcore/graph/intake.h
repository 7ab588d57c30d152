/* graph/intake.h - edges as they came, until their nodes' ids are known
 *
 * Kept in blocks, each as narrow as its numbers allow: 8 bytes an edge for small
 * integers without a type.  In memory up to a cap, then on disk (graph/spool).
 */
#ifndef GRAPH_INTAKE_H
#define GRAPH_INTAKE_H

#include <pthread.h>
#include <stdbool.h>

#include "graph/shuffle.h"
#include "graph/spool.h"

#define INTAKE_BLOCK 4096u		/* edges */

struct intake;

struct intake_edge {
	uint64_t src, dst;
	uint32_t type;
	struct shuffle_value value;
};

int intake_open(struct intake **out, struct backend *b, size_t cap, struct mem *mem);
void intake_close(struct intake *in);		/* NULL is fine */

/* V NULL: none, SHUFFLE_NO_VALUE comes out. */
int intake_add(struct intake *in, uint64_t src, uint64_t dst, uint32_t type,
	       const struct shuffle_value *v);
/* A block of its own, N edges at most INTAKE_SOME; by several threads at once. */
#define INTAKE_SOME 256u
int intake_add_some(struct intake *in, const struct intake_edge *e, uint32_t n);
uint64_t intake_n(const struct intake *in);

/* In order, as often as needed; nothing may be added meanwhile. */
struct intake_reader {
	struct intake_edge *edge;	/* a block of them */
	uint8_t *packed;
	uint32_t at, n;
	struct spool_reader from;
	struct mem *mem;
	struct intake_reader *of;	/* whose FROM it takes from; or NULL */
	pthread_mutex_t *mutex;		/* held meanwhile, if not NULL */
	bool lost;			/* a reader failed: there is no more, for none */
};
int intake_begin(struct intake_reader *r, struct intake *in);
/* A reader for another thread: it gets some of the blocks, OF and the others the rest.
 * OF has the same mutex. */
int intake_join(struct intake_reader *r, struct intake_reader *of, pthread_mutex_t *mutex);
int intake_fill(struct intake_reader *r);	/* private: the next block */
void intake_end(struct intake_reader *r);	/* once or more */

static inline int intake_next(struct intake_reader *r, struct intake_edge *out)
{
	int ret;

	if (r->at == r->n && (ret = intake_fill(r)) <= 0)
		return ret;
	*out = r->edge[r->at++];
	return 1;
}

#endif
