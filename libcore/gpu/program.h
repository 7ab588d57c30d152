/* gpu/program.h - kernels, as text, on a device
 *
 * OpenCL C 1.2 with 64-bit atomics and doubles.  A program is compiled for its device
 * when it is opened (the driver keeps what it compiled, from one process to the next),
 * and its kernels run one after another, in order with what gpu/arena writes, reads
 * and copies; arena_finish waits for them.
 *
 * A kernel is given places, numbers and local memory (struct gpu_arg).  Nothing keeps
 * it inside the arenas it is given: who runs a stranger's kernel gives it everything.
 */
#ifndef GPU_PROGRAM_H
#define GPU_PROGRAM_H

#include <string.h>

#include "base/bytes.h"
#include "gpu/arena.h"

struct program;

/* ERR_UNAVAILABLE, with a hint, where the device runs no kernels, as host memory does
 * not; ERR_BAD_RECORD with the compiler's first words when SOURCE is no program; the
 * rest of them is program_log's.  OPTIONS as the compiler's, "-DN=4"; may be NULL. */
int program_open(struct program **out, struct gpu_backend *b, struct bytes source,
		 const char *options);
void program_close(struct program *p);		/* NULL is fine; after what runs is done */

/* What a compiler said to the last program_open of this thread that failed; "". */
const char *program_log(void);

/* GLOBAL work-items in groups of LOCAL, which divides GLOBAL; 0: as the driver likes.
 * ERR_USAGE when there is no such kernel or it takes something else. */
int program_run(struct program *p, const char *kernel, const struct gpu_arg *arg, unsigned n,
		uint64_t global, uint64_t local);

static inline struct gpu_arg program_place(const struct arenas *a, struct arena_place p)
{
	return (struct gpu_arg){ .kind = GPU_ARG_PLACE, .arena = arena_handle(a, p.arena),
				 .off = p.off };
}

static inline struct gpu_arg program_local(size_t len)
{
	return (struct gpu_arg){ .kind = GPU_ARG_LOCAL, .len = len };
}

static inline struct gpu_arg program_u32(uint32_t v)
{
	struct gpu_arg a = { .kind = GPU_ARG_BYTES, .len = sizeof v };

	memcpy(a.bytes, &v, sizeof v);
	return a;
}

static inline struct gpu_arg program_u64(uint64_t v)
{
	struct gpu_arg a = { .kind = GPU_ARG_BYTES, .len = sizeof v };

	memcpy(a.bytes, &v, sizeof v);
	return a;
}

static inline struct gpu_arg program_real(double v)
{
	struct gpu_arg a = { .kind = GPU_ARG_BYTES, .len = sizeof v };

	memcpy(a.bytes, &v, sizeof v);
	return a;
}

/* The text of the kernels that strato comes with, NAME for instance "traverse.cl", from
 * the folder that STRATO_KERNELS names, else where they were installed; what its lines
 * #include "NAME" name stands in their place. */
int program_source(struct buf *out, const char *name);

#endif
