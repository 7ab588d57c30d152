/* cmd/bench/load.h - one pattern of reads or writes, kept up for a while
 *
 * Keeps DEPTH operations in flight through io/ioq and times each from its
 * submission to its return.  Latencies go to a histogram whose buckets are 3%
 * wide, so memory does not grow with the rate.
 */
#ifndef CMD_BENCH_LOAD_H
#define CMD_BENCH_LOAD_H

#include "io/ioq.h"

#define LOAD_DEPTH_MAX 128

struct load {
	struct ioq *queue;		/* of LOAD_DEPTH_MAX, empty */
	struct file *file;
	uint64_t size;			/* of the file; a multiple of block */
	uint8_t *memory;		/* aligned, depth * block, filled */
	size_t block;
	unsigned depth;
	bool write, random;
	bool once;			/* no more bytes than the file has */
	uint64_t time_ns;
	uint64_t seed;
};

struct load_result {
	double mb_s, iops;		/* 10^6 bytes a second */
	double p50_us, p99_us, p999_us;
};

/* Writes end with one flush, which counts as time.  ERR_ABSENT when a signal
 * ended it early: then there is no result. */
int load_run(const struct load *l, struct load_result *out);

#endif
