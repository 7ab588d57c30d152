/* cmd/common/calibration.h - from which size on the device was faster here
 *
 * `gpucache.calibration` in the store's directory: text, written whole by
 * `strato-gpucache bench --calibrate`, read by `strato-graph --device=auto`.
 *
 *	strato-gpucache-calibration 1
 *	device NAME
 *	bfs N
 *	path N
 *	pagerank N
 *
 * N: edges of the smallest measured graph whose question the device answered faster,
 * or "-": of none.  A question without its line was not measured, which is as "-".
 */
#ifndef CMD_COMMON_CALIBRATION_H
#define CMD_COMMON_CALIBRATION_H

#include <stdint.h>

#include "base/bytes.h"
#include "gpu/wire_graph.h"
#include "store/store.h"

#define CALIBRATION_NAME "gpucache.calibration"
#define CALIBRATION_NEVER UINT64_MAX

struct calibration {
	char device[128];
	uint64_t least[WIRE_WALK_PAGERANK + 1];	/* by enum wire_walk_kind; [0] is unused */
};

void calibration_init(struct calibration *c);
/* 1; 0: there is none; ERR_BAD_RECORD when it is not such a file, or what reading
 * returned.  C is good, and says never, whatever is returned. */
int calibration_read(struct calibration *c, struct store *s);
int calibration_parse(struct calibration *c, struct bytes text);
/* B: the store's directory, to be written to. */
int calibration_write(const struct calibration *c, struct backend *b);

const char *calibration_word(uint32_t kind);	/* "bfs" */

static inline uint64_t calibration_least(const struct calibration *c, uint32_t kind)
{
	if (kind == WIRE_WALK_BFS64)
		kind = WIRE_WALK_BFS;
	return kind <= WIRE_WALK_PAGERANK ? c->least[kind] : CALIBRATION_NEVER;
}

#endif
