/* tests/gpu/fault_layer.c - an OpenCL layer that makes a driver fail
 *
 * The loader puts it before the driver (OPENCL_LAYERS).  The environment's FAULT says
 * what goes wrong, RUN:KIND:K; it is read at each call, and calls are counted from 1
 * again when it changes:
 *	fail	the Kth call fails: no resources
 *	memory	the Kth buffer cannot be had
 *	lazy	the Kth use of a buffer by a command fails, as there is no memory for it
 *	lost	from the Kth call on every call fails
 *	hang	from the Kth command on no event completes
 *	flip	a bit of the Kth read is turned
 *	flips	of the Kth and of all that follow, another one each time
 * and FAULT_MET is set to 1 when it happened.
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl_layer.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cl_int CL_API_CALL clGetLayerInfo(cl_layer_info what, size_t size, void *out, size_t *got);
cl_int CL_API_CALL clInitLayer(cl_uint n, const struct _cl_icd_dispatch *target, cl_uint *out_n,
			       const struct _cl_icd_dispatch **out);

enum kind { CALL = 1, BUFFER = 2, USE = 4, COMMAND = 8, READ = 16 };

static struct _cl_icd_dispatch ours;
static const struct _cl_icd_dispatch *theirs;
static char fault[64], what[16];
static unsigned long at, count[6];
static bool hung;

static void look(void)
{
	const char *now = getenv("FAULT");
	unsigned run;

	if (!now || !strcmp(now, fault))
		return;
	snprintf(fault, sizeof fault, "%s", now);
	memset(count, 0, sizeof count);
	hung = false;
	if (sscanf(fault, "%u:%15[a-z]:%lu", &run, what, &at) != 3)
		what[0] = '\0';
}

static bool met(bool yes)
{
	if (yes)
		setenv("FAULT_MET", "1", 1);
	return yes;
}

/* Does this call, of these kinds, fail?  With which code. */
static cl_int fails(unsigned kinds)
{
	look();
	count[0]++;
	count[1] += (kinds & BUFFER) != 0;
	count[2] += (kinds & USE) != 0;
	if (!strcmp(what, "fail") && met(count[0] == at))
		return CL_OUT_OF_RESOURCES;
	if (!strcmp(what, "lost") && met(count[0] >= at))
		return CL_INVALID_COMMAND_QUEUE;
	if (!strcmp(what, "memory") && (kinds & BUFFER) && met(count[1] == at))
		return CL_MEM_OBJECT_ALLOCATION_FAILURE;
	if (!strcmp(what, "lazy") && (kinds & USE) && met(count[2] == at))
		return CL_MEM_OBJECT_ALLOCATION_FAILURE;
	return CL_SUCCESS;
}

/* Is this command one after which nothing completes? */
static void command(void)
{
	look();
	count[3]++;
	if (!strcmp(what, "hang") && met(count[3] >= at))
		hung = true;
}

#define FAILS(kinds) do { cl_int f = fails(kinds); if (f != CL_SUCCESS) return f; } while (0)
#define NONE_OF(kinds) do { cl_int f = fails(kinds); \
	if (f != CL_SUCCESS) { if (code) *code = f; return NULL; } } while (0)

static cl_int CL_API_CALL device_info(cl_device_id d, cl_device_info w, size_t n, void *p,
				      size_t *got)
{
	FAILS(CALL);
	return theirs->clGetDeviceInfo(d, w, n, p, got);
}

static cl_context CL_API_CALL context(const cl_context_properties *p, cl_uint n,
				      const cl_device_id *d,
				      void(CL_CALLBACK *f)(const char *, const void *, size_t,
							   void *),
				      void *ctx, cl_int *code)
{
	NONE_OF(CALL);
	return theirs->clCreateContext(p, n, d, f, ctx, code);
}

static cl_command_queue CL_API_CALL queue(cl_context c, cl_device_id d,
					  cl_command_queue_properties p, cl_int *code)
{
	NONE_OF(CALL);
	return theirs->clCreateCommandQueue(c, d, p, code);
}

static cl_mem CL_API_CALL buffer(cl_context c, cl_mem_flags f, size_t n, void *p, cl_int *code)
{
	NONE_OF(CALL | BUFFER);
	return theirs->clCreateBuffer(c, f, n, p, code);
}

static cl_program CL_API_CALL program(cl_context c, cl_uint n, const char **s, const size_t *len,
				      cl_int *code)
{
	NONE_OF(CALL);
	return theirs->clCreateProgramWithSource(c, n, s, len, code);
}

static cl_int CL_API_CALL build(cl_program p, cl_uint n, const cl_device_id *d, const char *o,
				void(CL_CALLBACK *f)(cl_program, void *), void *ctx)
{
	FAILS(CALL);
	return theirs->clBuildProgram(p, n, d, o, f, ctx);
}

static cl_kernel CL_API_CALL kernel(cl_program p, const char *name, cl_int *code)
{
	NONE_OF(CALL);
	return theirs->clCreateKernel(p, name, code);
}

static cl_int CL_API_CALL kernel_info(cl_kernel k, cl_kernel_info w, size_t n, void *p,
				      size_t *got)
{
	FAILS(CALL);
	return theirs->clGetKernelInfo(k, w, n, p, got);
}

static cl_int CL_API_CALL launch(cl_command_queue q, cl_kernel k, cl_uint dim, const size_t *o,
				 const size_t *g, const size_t *l, cl_uint n, const cl_event *w,
				 cl_event *e)
{
	FAILS(CALL | USE);
	command();
	return theirs->clEnqueueNDRangeKernel(q, k, dim, o, g, l, n, w, e);
}

static cl_int CL_API_CALL fill(cl_command_queue q, cl_mem m, const void *p, size_t pn, size_t off,
			       size_t len, cl_uint n, const cl_event *w, cl_event *e)
{
	FAILS(CALL | USE);
	command();
	return theirs->clEnqueueFillBuffer(q, m, p, pn, off, len, n, w, e);
}

static cl_int CL_API_CALL write_to(cl_command_queue q, cl_mem m, cl_bool b, size_t off, size_t len,
				   const void *p, cl_uint n, const cl_event *w, cl_event *e)
{
	FAILS(CALL | USE);
	command();
	return theirs->clEnqueueWriteBuffer(q, m, b, off, len, p, n, w, e);
}

static cl_int CL_API_CALL read_from(cl_command_queue q, cl_mem m, cl_bool b, size_t off, size_t len,
				    void *p, cl_uint n, const cl_event *w, cl_event *e)
{
	cl_int code;

	FAILS(CALL | USE);
	command();
	count[4]++;
	if (!(!strcmp(what, "flip") && count[4] == at) && !(!strcmp(what, "flips") && count[4] >= at))
		return theirs->clEnqueueReadBuffer(q, m, b, off, len, p, n, w, e);
	code = theirs->clEnqueueReadBuffer(q, m, CL_TRUE, off, len, p, n, w, e);
	if (code == CL_SUCCESS && len && met(true))
		((unsigned char *)p)[count[4] * 7919 % len] ^= (unsigned char)(1u << count[4] % 8);
	return code;
}

static cl_int CL_API_CALL copy(cl_command_queue q, cl_mem a, cl_mem b, size_t ao, size_t bo,
			       size_t len, cl_uint n, const cl_event *w, cl_event *e)
{
	FAILS(CALL | USE);
	command();
	return theirs->clEnqueueCopyBuffer(q, a, b, ao, bo, len, n, w, e);
}

static cl_int CL_API_CALL marker(cl_command_queue q, cl_uint n, const cl_event *w, cl_event *e)
{
	FAILS(CALL);
	command();
	return theirs->clEnqueueMarkerWithWaitList(q, n, w, e);
}

static cl_int CL_API_CALL flush(cl_command_queue q)
{
	FAILS(CALL);
	return theirs->clFlush(q);
}

/* Not counted: how often it is asked depends on the weather. */
static cl_int CL_API_CALL event_info(cl_event e, cl_event_info w, size_t n, void *p, size_t *got)
{
	cl_int code = theirs->clGetEventInfo(e, w, n, p, got), running = CL_RUNNING;

	look();
	if (code == CL_SUCCESS && hung && w == CL_EVENT_COMMAND_EXECUTION_STATUS && p)
		memcpy(p, &running, sizeof running);
	return code;
}

cl_int CL_API_CALL clGetLayerInfo(cl_layer_info w, size_t size, void *out, size_t *got)
{
	cl_layer_api_version version = CL_LAYER_API_VERSION_100;

	if (w != CL_LAYER_API_VERSION || (out && size < sizeof version))
		return CL_INVALID_VALUE;
	if (out)
		memcpy(out, &version, sizeof version);
	if (got)
		*got = sizeof version;
	return CL_SUCCESS;
}

cl_int CL_API_CALL clInitLayer(cl_uint n, const struct _cl_icd_dispatch *target, cl_uint *out_n,
			       const struct _cl_icd_dispatch **out)
{
	if (!target || !out_n || !out || n < sizeof ours / sizeof(void *))
		return CL_INVALID_VALUE;
	theirs = target;
	ours = *target;
	ours.clGetDeviceInfo = device_info;
	ours.clCreateContext = context;
	ours.clCreateCommandQueue = queue;
	ours.clCreateBuffer = buffer;
	ours.clCreateProgramWithSource = program;
	ours.clBuildProgram = build;
	ours.clCreateKernel = kernel;
	ours.clGetKernelInfo = kernel_info;
	ours.clEnqueueNDRangeKernel = launch;
	ours.clEnqueueFillBuffer = fill;
	ours.clEnqueueWriteBuffer = write_to;
	ours.clEnqueueReadBuffer = read_from;
	ours.clEnqueueCopyBuffer = copy;
	ours.clEnqueueMarkerWithWaitList = marker;
	ours.clFlush = flush;
	ours.clGetEventInfo = event_info;
	*out_n = sizeof ours / sizeof(void *);
	*out = &ours;
	return CL_SUCCESS;
}
