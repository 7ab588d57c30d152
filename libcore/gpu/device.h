/* gpu/device.h - which devices there are, which one is used, and why
 *
 * Drivers crash and hang, and some print: so they are first asked in a child
 * process, whose end for whatever reason is an answer like another.  The parent
 * has not touched OpenCL when device_list returns.
 *
 * A device is usable when it is available, compiles OpenCL C 1.2 and has 64-bit
 * atomics and doubles.  The usable GPU with the most memory is used, else an accelerator,
 * else host memory, which is always the last of the list.
 */
#ifndef GPU_DEVICE_H
#define GPU_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#define DEVICE_MAX 32

enum device_type {
	DEVICE_HOST, DEVICE_CPU, DEVICE_GPU, DEVICE_ACCELERATOR, DEVICE_OTHER
};

struct device {
	enum device_type type;
	bool usable, used;
	uint64_t memory;	/* bytes */
	char platform[64], name[128];
	char why[192];		/* why it is used, or is not */
};

struct device_list {
	unsigned n;		/* at least 1: host memory */
	struct device device[DEVICE_MAX];
};

const char *device_type_name(enum device_type type);	/* "gpu", "host", ... */

/* 0 always: without OpenCL the list is host memory alone, with the reason. */
int device_list(struct device_list *out);
const struct device *device_used(const struct device_list *l);

/* The same with another question than OpenCL's, for tests: ASK runs in the child
 * and writes device structs to FD, each whole; its return value is the child's exit
 * status, 0 for done.  WAIT_NS bounds it. */
int device_list_by(struct device_list *out, int (*ask)(int fd, void *ctx), void *ctx,
		   uint64_t wait_ns);

#endif
