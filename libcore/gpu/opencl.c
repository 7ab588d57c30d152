/* gpu/opencl.c - one context, one queue in order, a buffer an arena
 *
 * Buffers are filled when they are made, since drivers give memory at its first use
 * and only then say that there is none.  A call that fails later is a lost device:
 * OpenCL does not say what it did and what not.
 */
#include "gpu/opencl.h"

#include "base/err.h"

#ifndef HAVE_OPENCL

int opencl_open(struct gpu_backend **out, unsigned nth)
{
	(void)out;
	(void)nth;
	return err_set(ERR_UNAVAILABLE, "this program was built without OpenCL");
}

#else

#include <sched.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "gpu/device.h"
#include "gpu/opencl_inside.h"

#define PLATFORM_MAX 16		/* as gpu/device counts them */
#define WAIT_NS 5000000000ull	/* of a GPU: what we ask of it between two waits is short */
#define WAIT_CPU_NS 60000000000ull
#define SPIN_NS 50000ull	/* before waiting turns into sleeping */
#define SLEEP_NS 2000000ull	/* at a time, at most */

int opencl_failed(const char *what, cl_int code)
{
	return err_set(ERR_DEVICE, "the device failed: OpenCL error %d in %s", (int)code, what);
}

static int failed(const char *what, cl_int code)
{
	return opencl_failed(what, code);
}

/* --- waiting --- */

/* Longer sleeps the longer it took: one that is over is noticed a sixteenth late. */
static void pause_after(uint64_t waited)
{
	struct timespec t = { 0 };

	if (waited < SPIN_NS) {
		sched_yield();
		return;
	}
	t.tv_nsec = (long)(waited / 16 < SLEEP_NS ? waited / 16 : SLEEP_NS);
	nanosleep(&t, NULL);
}

/* Asked again and again, as a driver that hangs never returns from its own wait. */
static int wait_for(struct opencl *o, cl_event e)
{
	uint64_t began = clock_ns(), waited;
	cl_int status = CL_QUEUED, code;

	for (;;) {
		code = clGetEventInfo(e, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status,
				      &status, NULL);
		if (code != CL_SUCCESS || status < 0)
			return failed("waiting", code != CL_SUCCESS ? code : status);
		if (status == CL_COMPLETE)
			return 0;
		waited = clock_ns() - began;
		if (o->b.wait_ns && waited > o->b.wait_ns)
			break;
		pause_after(waited);
	}
	o->hung = true;
	return err_set(ERR_DEVICE, "the device failed: nothing came back for %llu ms",
		       (unsigned long long)(waited / 1000000));
}

/* Until all that was asked is done. */
static int drain(struct opencl *o)
{
	cl_event e;
	cl_int code;
	int r;

	if (o->hung)
		return err_set(ERR_DEVICE, "the device failed: it hangs");
	code = clEnqueueMarkerWithWaitList(o->queue, 0, NULL, &e);
	if (code != CL_SUCCESS)
		return failed("waiting", code);
	code = clFlush(o->queue);
	r = code == CL_SUCCESS ? wait_for(o, e) : failed("waiting", code);
	if (!o->hung)
		clReleaseEvent(e);
	return r;
}

static bool no_memory(cl_int code)
{
	return code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_RESOURCES ||
	       code == CL_OUT_OF_HOST_MEMORY || code == CL_INVALID_BUFFER_SIZE;
}

static uint64_t opencl_memory(struct gpu_backend *b)
{
	return opencl_of(b)->memory;
}

static uint64_t opencl_most(struct gpu_backend *b)
{
	return opencl_of(b)->most;
}

static uint32_t opencl_align(struct gpu_backend *b)
{
	return opencl_of(b)->align;
}

/* All of it written, so that it is there.  A driver may say only now that it is not. */
static cl_int touch(struct opencl *o, cl_mem m, uint64_t len, int *r)
{
	const cl_ulong zero = 0;
	cl_event e;
	cl_int code = clEnqueueFillBuffer(o->queue, m, &zero, sizeof zero, 0, (size_t)len, 0,
					  NULL, &e), status = CL_COMPLETE;

	*r = 0;
	if (code != CL_SUCCESS)
		return code;
	code = clFlush(o->queue);
	if (code == CL_SUCCESS)
		*r = wait_for(o, e);
	if (o->hung)
		return code;
	clGetEventInfo(e, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
	clReleaseEvent(e);
	return code == CL_SUCCESS && status < 0 ? status : code;
}

/* A processor works in our memory, which is in large pages; NULL: not to be had. */
static cl_mem create_on_cpu(struct opencl *o, uint64_t len, cl_int *code)
{
	void *p = mem_pages(NULL, (size_t)len);
	cl_mem m;

	*code = CL_OUT_OF_HOST_MEMORY;
	if (!p)
		return NULL;
	mem_large(p, (size_t)len);
	m = clCreateBuffer(o->context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, (size_t)len, p,
			   code);
	if (!m)
		mem_free_pages(NULL, p, (size_t)len);
	return m;
}

/* What a device that hangs or was lost may still write to is never given back. */
static void keep_for_ever(cl_mem m, void *p)
{
	static struct kept {
		struct kept *next;
		cl_mem mem;
		void *ptr;
	} *kept;
	struct kept *k = mem_zalloc(NULL, sizeof *k);

	if (!k)
		return;
	*k = (struct kept){ kept, m, p };
	kept = k;
}

/* Nothing that was asked before is still at it.  The message stays as it was. */
static bool quiet(struct opencl *o)
{
	struct err_note note;
	bool yes;

	if (o->hung)
		return false;
	err_take(&note, ERR_DEVICE);
	yes = drain(o) == 0;
	err_give(&note);
	return yes;
}

static void release(struct opencl *o, cl_mem m, uint64_t len)
{
	void *p = NULL;

	if (o->shape.cpu && clGetMemObjectInfo(m, CL_MEM_HOST_PTR, sizeof p, &p,
					       NULL) != CL_SUCCESS)
		p = NULL;
	if (!quiet(o)) {
		keep_for_ever(m, p);
		return;
	}
	clReleaseMemObject(m);
	if (p)
		mem_free_pages(NULL, p, (size_t)len);
}

static cl_mem create(struct opencl *o, uint64_t len, cl_int *code)
{
	*code = CL_INVALID_BUFFER_SIZE;
	if (len > o->most)
		return NULL;
	if (o->shape.cpu)
		return create_on_cpu(o, len, code);
	return clCreateBuffer(o->context, CL_MEM_READ_WRITE, (size_t)len, NULL, code);
}

static int opencl_arena_new(struct gpu_backend *b, uint64_t len, void **out)
{
	struct opencl *o = opencl_of(b);
	cl_int code;
	cl_mem m = create(o, len, &code);
	int r = 0;

	if (m && code == CL_SUCCESS) {
		code = touch(o, m, len, &r);
		if (code == CL_SUCCESS && r == 0) {
			*out = m;
			return 0;
		}
		release(o, m, len);
	}
	if (r < 0 && !no_memory(code))
		return r;
	if (!no_memory(code))
		return failed("an arena", code);
	return err_set(ERR_MEMORY, "the device has no arena of %llu bytes: OpenCL error %d",
		       (unsigned long long)len, (int)code);
}

static void opencl_arena_free(struct gpu_backend *b, void *arena, uint64_t len)
{
	release(opencl_of(b), arena, len);
}

static int opencl_write(struct gpu_backend *b, void *arena, uint64_t off, const void *ptr,
			size_t len)
{
	cl_int code = clEnqueueWriteBuffer(opencl_of(b)->queue, arena, CL_FALSE, (size_t)off,
					   len, ptr, 0, NULL, NULL);

	return code == CL_SUCCESS ? 0 : failed("a write", code);
}

static int opencl_read(struct gpu_backend *b, void *arena, uint64_t off, void *ptr,
		       size_t len)
{
	cl_int code = clEnqueueReadBuffer(opencl_of(b)->queue, arena, CL_FALSE, (size_t)off,
					  len, ptr, 0, NULL, NULL);

	return code == CL_SUCCESS ? 0 : failed("a read", code);
}

static int opencl_copy(struct gpu_backend *b, void *from, uint64_t from_off, void *to,
		       uint64_t to_off, uint64_t len)
{
	cl_int code = clEnqueueCopyBuffer(opencl_of(b)->queue, from, to, (size_t)from_off,
					  (size_t)to_off, (size_t)len, 0, NULL, NULL);

	return code == CL_SUCCESS ? 0 : failed("a copy", code);
}

static int opencl_finish(struct gpu_backend *b)
{
	return drain(opencl_of(b));
}

/* --- marks, and memory that the device reads --- */

static int opencl_mark(struct gpu_backend *b, void **out)
{
	struct opencl *o = opencl_of(b);
	cl_event e;
	cl_int code = clEnqueueMarkerWithWaitList(o->queue, 0, NULL, &e);

	if (code != CL_SUCCESS)
		return failed("a mark", code);
	*out = e;
	code = clFlush(o->queue);
	return code == CL_SUCCESS ? 0 : failed("a mark", code);
}

static int opencl_pass(struct gpu_backend *b, void *mark)
{
	struct opencl *o = opencl_of(b);
	int r;

	if (!mark)		/* it could not be set */
		return drain(o);
	if (o->hung)
		return err_set(ERR_DEVICE, "the device failed: it hangs");
	r = wait_for(o, mark);
	if (!o->hung)
		clReleaseEvent(mark);
	return r;
}

static int opencl_pages_new(struct gpu_backend *b, uint64_t len, void **ptr, void **handle)
{
	struct opencl *o = opencl_of(b);
	cl_int code;
	cl_mem m = clCreateBuffer(o->context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR,
				  (size_t)len, NULL, &code);
	cl_event e;

	if (!m)
		return no_memory(code) ? err_set(ERR_MEMORY, "the driver has no %llu bytes of "
						 "memory", (unsigned long long)len)
				       : failed("pinned memory", code);
	*ptr = clEnqueueMapBuffer(o->queue, m, CL_FALSE, CL_MAP_READ | CL_MAP_WRITE, 0,
				  (size_t)len, 0, NULL, &e, &code);
	if (!*ptr) {
		clReleaseMemObject(m);
		return failed("pinned memory", code);
	}
	*handle = m;
	code = clFlush(o->queue);
	return code == CL_SUCCESS ? opencl_pass(b, e) : failed("pinned memory", code);
}

static void opencl_pages_free(struct gpu_backend *b, void *ptr, uint64_t len, void *handle)
{
	struct opencl *o = opencl_of(b);

	(void)len;
	if (!quiet(o)) {
		keep_for_ever(handle, NULL);
		return;
	}
	clEnqueueUnmapMemObject(o->queue, handle, ptr, 0, NULL, NULL);
	quiet(o);
	clReleaseMemObject(handle);
}

/* What hangs may not let go of anything: a driver that waits for it would hang us. */
static void opencl_close(struct gpu_backend *b)
{
	struct opencl *o = opencl_of(b);

	if (o->queue && !o->hung)
		clReleaseCommandQueue(o->queue);
	if (o->context && !o->hung)
		clReleaseContext(o->context);
	mem_free(NULL, o);
}

static void opencl_shape(struct gpu_backend *b, struct gpu_shape *out)
{
	*out = opencl_of(b)->shape;
}

static const struct gpu_backend_ops opencl_ops = {
	.name = "opencl",
	.memory = opencl_memory, .most = opencl_most, .align = opencl_align,
	.arena_new = opencl_arena_new, .arena_free = opencl_arena_free,
	.write = opencl_write, .read = opencl_read, .copy = opencl_copy,
	.finish = opencl_finish, .close = opencl_close, .mark = opencl_mark, .pass = opencl_pass,
	.pages_new = opencl_pages_new, .pages_free = opencl_pages_free,
	.shape = opencl_shape, .program_new = opencl_program_new,
	.program_free = opencl_program_free, .launch = opencl_launch,
};

/* --- which device --- */

/* The device of that number, over all platforms in order; NULL: there is none. */
static cl_device_id device_of(unsigned nth)
{
	cl_platform_id platform[PLATFORM_MAX];
	cl_device_id device[DEVICE_MAX];
	cl_uint platform_n = 0, n;

	if (clGetPlatformIDs(PLATFORM_MAX, platform, &platform_n) != CL_SUCCESS)
		return NULL;
	for (cl_uint i = 0; i < platform_n && i < PLATFORM_MAX; i++) {
		n = 0;
		if (clGetDeviceIDs(platform[i], CL_DEVICE_TYPE_ALL, DEVICE_MAX, device,
				   &n) != CL_SUCCESS)
			continue;
		n = n < DEVICE_MAX ? n : DEVICE_MAX;
		if (nth < n)
			return device[nth];
		nth -= n;
	}
	return NULL;
}

/* What it does not say is not there. */
static void ask_shape(struct opencl *o)
{
	cl_device_type type = 0;
	cl_uint units = 1;
	size_t group = 1;
	cl_ulong local = 0;

	clGetDeviceInfo(o->device, CL_DEVICE_TYPE, sizeof type, &type, NULL);
	clGetDeviceInfo(o->device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
	clGetDeviceInfo(o->device, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof group, &group, NULL);
	clGetDeviceInfo(o->device, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
	o->shape = (struct gpu_shape){
		.cpu = (type & CL_DEVICE_TYPE_CPU) && !(type & CL_DEVICE_TYPE_GPU),
		.units = units, .group_most = (uint32_t)group, .local_most = local,
	};
	o->b.wait_ns = o->shape.cpu ? WAIT_CPU_NS : WAIT_NS;
}

static int ask(struct opencl *o)
{
	cl_ulong memory = 0, most = 0;
	cl_uint align = 0;		/* in bits */
	cl_int code = clGetDeviceInfo(o->device, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory,
				      &memory, NULL);

	if (code == CL_SUCCESS)
		code = clGetDeviceInfo(o->device, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof most,
				       &most, NULL);
	if (code == CL_SUCCESS)
		code = clGetDeviceInfo(o->device, CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof align,
				       &align, NULL);
	if (code != CL_SUCCESS)
		return failed("asking what it has", code);
	o->memory = memory;
	o->most = most;
	o->align = align / 8 ? align / 8 : 1;
	ask_shape(o);
	return 0;
}

static int start(struct opencl *o)
{
	cl_int code;
	int r = ask(o);

	if (r < 0)
		return r;
	o->context = clCreateContext(NULL, 1, &o->device, NULL, NULL, &code);
	if (!o->context)
		return failed("making a context", code);
	o->queue = clCreateCommandQueue(o->context, o->device, 0, &code);
	return o->queue ? 0 : failed("making a queue", code);
}

int opencl_open(struct gpu_backend **out, unsigned nth)
{
	struct opencl *o = mem_zalloc(NULL, sizeof *o);
	int r;

	if (!o)
		return ERR_MEMORY;
	o->b.ops = &opencl_ops;
	o->device = device_of(nth);
	if (o->device)
		r = start(o);
	else
		r = err_set(ERR_UNAVAILABLE, "there is no OpenCL device %u", nth);
	if (r < 0)
		opencl_close(&o->b);
	else
		*out = &o->b;
	return r;
}

#endif
