/* gpu/opencl.h - an OpenCL device behind the seam of gpu/arena
 *
 * The driver runs in this process from opencl_open on: it starts threads, may print
 * and may end the process, and a child forked afterwards must not touch it (it hangs).
 * So a service asks device_list, whose drivers run in a child, forks whatever it has to
 * fork, and only then opens one.  Nobody else opens any.
 */
#ifndef GPU_OPENCL_H
#define GPU_OPENCL_H

#include "gpu/arena.h"

/* The NTH device as device_list numbers them, from 0.  ERR_UNAVAILABLE when there is
 * none or this program was built without OpenCL; ERR_DEVICE when
 * it does not start. */
int opencl_open(struct gpu_backend **out, unsigned nth);

#endif
