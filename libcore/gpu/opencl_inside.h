/* gpu/opencl_inside.h - what the files of gpu/opencl share */
#ifndef GPU_OPENCL_INSIDE_H
#define GPU_OPENCL_INSIDE_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "gpu/arena.h"

struct opencl {
	struct gpu_backend b;
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
	uint64_t memory, most;
	uint32_t align;
	struct gpu_shape shape;
	bool hung;		/* nothing is released any more: that may wait for ever */
};

static inline struct opencl *opencl_of(struct gpu_backend *b)
{
	return (struct opencl *)(void *)b;
}

int opencl_failed(const char *what, cl_int code);	/* ERR_DEVICE */

int opencl_program_new(struct gpu_backend *b, struct bytes text, const char *options,
		       void **out, struct buf *log);
void opencl_program_free(struct gpu_backend *b, void *program);
int opencl_launch(struct gpu_backend *b, void *program, const char *kernel,
		  const struct gpu_arg *arg, unsigned n, uint64_t global, uint64_t local);

#endif
