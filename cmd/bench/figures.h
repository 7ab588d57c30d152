/* cmd/bench/figures.h - what was measured, run by run, and how it is said
 *
 * A line a figure: METRIC, UNIT, MEDIAN, MIN, MAX and RUNS; on a terminal with a bar,
 * as long as the figure is beside the largest of its unit.
 */
#ifndef CMD_BENCH_FIGURES_H
#define CMD_BENCH_FIGURES_H

#include "cli/cli.h"

struct figure {
	char name[64];
	const char *unit;	/* kept as it is */
	double *run;
};

struct figures {
	struct figure *figure;
	unsigned n, cap;
	uint64_t run_n;		/* of each; to be set first */
	const char *only;	/* NULL: all; else those whose names begin so */
};

bool figures_wanted(const struct figures *f, const char *name);
/* Its number, or ERR_MEMORY. */
int figures_add(struct figures *f, const char *name, const char *unit);
void figures_put(struct figures *f, int which, uint64_t run, double value);
/* ERR_USAGE: --only left nothing; SUCH says what there is. */
int figures_nothing(const struct figures *f, const char *such);
/* Sorts the runs of each. */
int figures_print(struct figures *f, struct cli *c);
void figures_release(struct figures *f);	/* zeroed is fine */

#endif
