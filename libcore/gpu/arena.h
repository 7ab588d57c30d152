/* gpu/arena.h - the device's memory, taken once, and the seam to devices
 *
 * A driver may give memory lazily and fail at its first use, and an object a value
 * would be slow to make and would scatter: so a service takes a few large arenas at
 * its start, touches every page of them, and gives out parts by gpu/slab.
 *
 * The seam, struct gpu_backend_ops, is what a kind of device has to do: host memory
 * (gpu/host) always, OpenCL where it is built in.  Whatever a device does may fail
 * with ERR_DEVICE: it is lost then, all it held with it, and nothing but closing is
 * asked of it any more.  One thread uses a device.
 */
#ifndef GPU_ARENA_H
#define GPU_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct bytes;
struct mem;
struct gpu_backend;

#define ARENA_MOST 64u		/* as many as a token of gpu/gpu_index can name */

/* How work is best cut for a device. */
struct gpu_shape {
	bool cpu;		/* its lanes are the host's own cores */
	uint32_t units;		/* that work side by side */
	uint32_t group_most;	/* work-items of a group */
	uint64_t local_most;	/* bytes of local memory that a group may have */
};

/* What a kernel is given.  A place is two arguments of it, `__global uchar *` and
 * `ulong`, the arena and the offset in it; bytes are copied here. */
struct gpu_arg {
	enum { GPU_ARG_PLACE, GPU_ARG_BYTES, GPU_ARG_LOCAL } kind;
	void *arena;
	uint64_t off;
	size_t len;		/* of the bytes, or of local memory */
	uint8_t bytes[16];
};

struct gpu_backend_ops {
	const char *name;	/* "host" */
	uint64_t (*memory)(struct gpu_backend *);	/* all of it, bytes */
	uint64_t (*most)(struct gpu_backend *);		/* of one arena */
	uint32_t (*align)(struct gpu_backend *);	/* of what lies in it: a power of two */
	/* Memory that is there: allocated and written to, all of it.  ERR_MEMORY when so
	 * much cannot be had; less may still be. */
	int (*arena_new)(struct gpu_backend *, uint64_t len, void **out);
	void (*arena_free)(struct gpu_backend *, void *arena, uint64_t len);
	/* In the order they were asked for; done, and PTR anybody's again, when finish
	 * returned 0.  Areas of a copy do not overlap. */
	int (*write)(struct gpu_backend *, void *arena, uint64_t off, const void *ptr,
		     size_t len);
	int (*read)(struct gpu_backend *, void *arena, uint64_t off, void *ptr, size_t len);
	int (*copy)(struct gpu_backend *, void *from, uint64_t from_off, void *to,
		    uint64_t to_off, uint64_t len);
	int (*finish)(struct gpu_backend *);
	/* A mark behind all that was asked so far, and waiting until that is done, which
	 * ends the mark, whatever it returns.  NULL: there is finish. */
	int (*mark)(struct gpu_backend *, void **out);
	int (*pass)(struct gpu_backend *, void *mark);
	/* Memory of ours that the device reads without a copy; given back when nothing
	 * that was asked reads it any more, or never.  NULL: any memory is as good. */
	int (*pages_new)(struct gpu_backend *, uint64_t len, void **ptr, void **handle);
	void (*pages_free)(struct gpu_backend *, void *ptr, uint64_t len, void *handle);
	void (*close)(struct gpu_backend *);

	/* Kernels: gpu/program.  All four are NULL where a device runs none. */
	void (*shape)(struct gpu_backend *, struct gpu_shape *out);
	/* ERR_BAD_RECORD when the text is no program, and LOG has the compiler's words. */
	int (*program_new)(struct gpu_backend *, struct bytes text, const char *options,
			   void **out, struct buf *log);
	void (*program_free)(struct gpu_backend *, void *program);
	/* In order with writes, reads and copies.  ERR_USAGE when the program has no such
	 * kernel, or it takes other arguments: nothing was done.  LOCAL 0: any. */
	int (*launch)(struct gpu_backend *, void *program, const char *kernel,
		      const struct gpu_arg *arg, unsigned n, uint64_t global, uint64_t local);
};

struct gpu_backend {		/* what each begins with */
	const struct gpu_backend_ops *ops;
	/* A finish that takes longer is ERR_DEVICE; 0: never.  What was asked of the
	 * device may still be done some time, reads into the host's memory too. */
	uint64_t wait_ns;
};

void gpu_backend_close(struct gpu_backend *b);		/* NULL is fine */

/* Host memory, drawn from MEM: as much as it has left, or MEMORY if that is less. */
int host_open(struct gpu_backend **out, uint64_t memory, struct mem *mem);

struct arenas;

struct arena_place {
	uint32_t arena;
	uint64_t off;
};

/* Arenas of SIZE bytes together on B, which is borrowed: as large as the device lets
 * one be, halved each time one cannot be had; a rest that cannot be had in pieces of
 * 2 MiB either is left out.  So there may be less than SIZE, which arena_size tells;
 * 0 is ERR_MEMORY.  All lengths are multiples of 2 MiB. */
int arena_open(struct arenas **out, struct gpu_backend *b, uint64_t size);
void arena_close(struct arenas *a);	/* NULL is fine */

uint64_t arena_size(const struct arenas *a);
uint32_t arena_n(const struct arenas *a);
const uint64_t *arena_lens(const struct arenas *a);	/* arena_n of them: slab_open's */
void *arena_handle(const struct arenas *a, uint32_t i);	/* the device's own */

/* Beyond the arena's end: ERR_BUG, and nothing was done.  LEN may be 0. */
int arena_write(struct arenas *a, struct arena_place to, const void *ptr, size_t len);
int arena_read(struct arenas *a, struct arena_place from, void *ptr, size_t len);
int arena_copy(struct arenas *a, struct arena_place from, struct arena_place to,
	       uint64_t len);
int arena_finish(struct arenas *a);
/* What nobody knows a checksum of: read twice and done when this returns.  What differs is
 * read twice again, and then it is ERR_DEVICE. */
int arena_read_twice(struct arenas *a, struct arena_place from, void *ptr, size_t len);

#endif
