/* graph/build_inside.h - what build.c and build_write.c share */
#ifndef GRAPH_BUILD_INSIDE_H
#define GRAPH_BUILD_INSIDE_H

#include <pthread.h>

#include "base/bytes.h"
#include "graph/build.h"
#include "graph/build_props.h"
#include "graph/edges.h"
#include "graph/ids.h"
#include "graph/intern.h"

/* Entries of the log whose keys, strings, are looked up many at a time. */
#define WAITING_N INTAKE_SOME
#define WAITING_ROOM ((size_t)48 << 10)
struct waiting {
	uint32_t n;
	size_t used;
	struct {
		struct bytes src, dst, type;
		uint32_t flag;			/* BUILD_SAID, BUILD_NODE or 0 */
		struct shuffle_value value;
	} entry[WAITING_N];
	uint8_t room[WAITING_ROOM];		/* where these bytes lie */
};

struct build {
	struct build_options o;
	size_t budget;
	unsigned hands;
	pthread_rwlock_t lock;		/* shared by who adds to `edges`, else held alone */
	pthread_mutex_t alone;		/* while threads write: what is common */
	/* numbers without types */
	struct edges *edges;
	/* the log: anything else, and from then on everything */
	struct intake *log, *nodes;	/* nodes: (first, how many), of numbers */
	struct ids *ids;
	struct intern *types;
	struct waiting *waiting;	/* behind what is in the log; of strings */
	bool strings;
	bool last_empty;
	uint64_t last_number;		/* of the edge before's type */
	_Atomic uint64_t untyped;	/* number of the empty type, plus 1; 0: not known yet */
	uint64_t place;			/* for build_add */
	_Atomic bool valued, reals;	/* edges have values; one is no integer */
	_Atomic bool unvalued;		/* an edge has none */
	_Atomic uint64_t came;		/* edges */
	uint64_t dropped_n;		/* loops that the log never saw */
	struct build_props props;
	/* at the end */
	uint32_t type_n, *type_id;	/* by the number interned */
	struct bytes *type_name;	/* by id */
	uint64_t node_n;
	struct build_note note;
};

int build_flush(struct build *b);	/* what waits goes into the log */
/* The edges so far, as numbers, go into the log, and so will all others. */
int build_turn_to_log(struct build *b, bool strings);
/* Which edges have no value has to be written down, as all have one in the segments. */
static inline bool build_is_mixed(const struct build *b)
{
	return b->valued && b->unvalued;
}
struct edges_plan build_edges_plan(const struct build *b);

#endif
