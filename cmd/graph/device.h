/* cmd/graph/device.h - --device: questions that the cache service may answer
 *
 * Nothing here computes: the service of strato-gpucache is asked, and whenever it has no
 * answer, for whatever reason, the caller answers himself as if it had not been asked.
 * OpenCL is in that other process alone.
 */
#ifndef CMD_GRAPH_DEVICE_H
#define CMD_GRAPH_DEVICE_H

#include "cmd/graph/graph.h"
#include "gpu/gpu_client.h"
#include "gpu/wire_graph.h"

enum { DEVICE_OPT_DEVICE = 0xa0, DEVICE_OPT_REQUIRE };
#define OPTION_DEVICE \
	CLI_TEXT("device", 0, DEVICE_OPT_DEVICE, \
		 "who computes: cpu (default), gpu, or auto, the faster one", "WHICH"), \
	CLI_TEXT("require", 0, DEVICE_OPT_REQUIRE, \
		 "gpu: status 69 when the device does not answer", "WHAT")

struct device {
	enum { DEVICE_NOT_ASKED, DEVICE_ASKED, DEVICE_AUTO } how;
	bool required;
	bool over;			/* it was asked and could not: once is enough */
	struct cli *cli;
	struct opened *o;
	struct gpu_client *client;
	struct gpu_answer answer;
	struct buf types;
};

/* After cli_begin. */
void device_options(struct device *d, struct cli *c);
/* The question cannot be put to a device: WHY in words.  0, or ERR_UNAVAILABLE with
 * --require. */
int device_cannot(struct device *d, const char *why);

/* Will it be asked? */
static inline bool device_may(const struct device *d)
{
	return d->how != DEVICE_NOT_ASKED && !d->over;
}

/* Asks about O's graph and types; the rest of ASK is the caller's.  1 and the answer, good
 * until the next or device_end; 0: the caller computes; ERR_UNAVAILABLE with --require.
 * From BFS64 ERR_TOO_BIG, ERR_RESOURCE or ERR_MEMORY, too: there is no room for all at
 * once, or no such depth in the answer. */
int device_ask(struct device *d, struct opened *o, struct walk_ask *ask, struct walked *out);
void device_end(struct device *d);	/* zeroed is fine */

uint32_t device_depth(const struct walked *w, uint64_t i);	/* or the id, of a path */

/* Of BFS64: steps from its source WHICH to node I, UINT32_MAX: none lead there. */
uint32_t device_depth_of(const struct walked *w, uint64_t node_n, unsigned which, uint64_t i);
/* Of each of its N sources: nodes reached, the greatest depth, all depths together. */
struct device_sums {
	uint64_t reached_n[WIRE_WALK_SOURCES], step_n[WIRE_WALK_SOURCES];
	uint64_t step_sum[WIRE_WALK_SOURCES];
};
void device_sum(const struct walked *w, uint64_t node_n, unsigned n, struct device_sums *s);

double device_rank(const struct walked *w, uint64_t i);

#endif
