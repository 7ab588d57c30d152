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
 * until the next or device_end; 0: the caller computes; ERR_UNAVAILABLE with --require. */
int device_ask(struct device *d, struct opened *o, struct walk_ask *ask, struct walked *out);
void device_end(struct device *d);	/* zeroed is fine */

uint32_t device_depth(const struct walked *w, uint64_t i);	/* or the id, of a path */
double device_rank(const struct walked *w, uint64_t i);

#endif
