/* gpu/opencl_program.c - programs: built for the one device, kernels made at first use */
#include "base/err.h"

#ifdef HAVE_OPENCL

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "gpu/opencl_inside.h"

#define KERNEL_NAME 64u

struct kernel {
	struct kernel *next;
	cl_kernel kernel;
	char name[KERNEL_NAME];
};

struct opencl_program {
	cl_program program;
	struct kernel *kernels;
};

/* --- building --- */

static void copy_log(struct opencl *o, cl_program p, struct buf *log)
{
	size_t len = 0;

	if (clGetProgramBuildInfo(p, o->device, CL_PROGRAM_BUILD_LOG, 0, NULL,
				  &len) != CL_SUCCESS ||
	    len < 2 || buf_reserve(log, len) < 0)
		return;
	if (clGetProgramBuildInfo(p, o->device, CL_PROGRAM_BUILD_LOG, len, log->ptr + log->len,
				  NULL) == CL_SUCCESS)
		log->len += strnlen((const char *)log->ptr + log->len, len);
}

static int build(struct opencl *o, cl_program p, const char *options, struct buf *log)
{
	cl_int code = clBuildProgram(p, 1, &o->device, options, NULL, NULL);

	if (code == CL_SUCCESS)
		return 0;
	if (code == CL_INVALID_BUILD_OPTIONS)
		return err_set(ERR_USAGE, "the compiler takes no such options: %s", options);
	if (code != CL_BUILD_PROGRAM_FAILURE && code != CL_COMPILE_PROGRAM_FAILURE &&
	    code != CL_LINK_PROGRAM_FAILURE)
		return opencl_failed("building a program", code);
	copy_log(o, p, log);
	return err_set(ERR_BAD_RECORD, "the program does not compile");
}

int opencl_program_new(struct gpu_backend *b, struct bytes text, const char *options,
		       void **out, struct buf *log)
{
	const char *source = (const char *)text.ptr;
	struct opencl *o = opencl_of(b);
	struct opencl_program *p = mem_zalloc(NULL, sizeof *p);
	cl_int code;
	int r;

	if (!p)
		return ERR_MEMORY;
	p->program = clCreateProgramWithSource(o->context, 1, &source, &text.len, &code);
	if (p->program)
		r = build(o, p->program, options, log);
	else
		r = opencl_failed("making a program", code);
	if (r < 0)
		opencl_program_free(b, p);
	else
		*out = p;
	return r;
}

void opencl_program_free(struct gpu_backend *b, void *program)
{
	struct opencl_program *p = program;
	bool hung = opencl_of(b)->hung;

	for (struct kernel *k = p->kernels, *next; k; k = next) {
		next = k->next;
		if (!hung)
			clReleaseKernel(k->kernel);
		mem_free(NULL, k);
	}
	if (p->program && !hung)
		clReleaseProgram(p->program);
	mem_free(NULL, p);
}

/* --- running --- */

static int make_kernel(struct opencl_program *p, const char *name, struct kernel **out)
{
	struct kernel *k;
	cl_int code;

	if (strlen(name) >= KERNEL_NAME)
		return err_set(ERR_USAGE, "a kernel's name has %u letters at most",
			       KERNEL_NAME - 1);
	k = mem_zalloc(NULL, sizeof *k);
	if (!k)
		return ERR_MEMORY;
	k->kernel = clCreateKernel(p->program, name, &code);
	if (!k->kernel) {
		mem_free(NULL, k);
		if (code == CL_INVALID_KERNEL_NAME)
			return err_set(ERR_USAGE, "the program has no kernel %s", name);
		return opencl_failed("making a kernel", code);
	}
	memcpy(k->name, name, strlen(name) + 1);
	k->next = p->kernels;
	p->kernels = *out = k;
	return 0;
}

static int find_kernel(struct opencl_program *p, const char *name, struct kernel **out)
{
	for (struct kernel *k = p->kernels; k; k = k->next)
		if (!strcmp(k->name, name)) {
			*out = k;
			return 0;
		}
	return make_kernel(p, name, out);
}

static cl_int set_one(cl_kernel k, cl_uint *at, const struct gpu_arg *a)
{
	cl_mem arena = a->arena;
	cl_ulong off = a->off;
	cl_int code;

	if (a->kind == GPU_ARG_BYTES)
		return clSetKernelArg(k, (*at)++, a->len, a->bytes);
	if (a->kind == GPU_ARG_LOCAL)
		return clSetKernelArg(k, (*at)++, a->len, NULL);
	code = clSetKernelArg(k, (*at)++, sizeof arena, &arena);
	return code == CL_SUCCESS ? clSetKernelArg(k, (*at)++, sizeof off, &off) : code;
}

static int set_args(const struct kernel *k, const struct gpu_arg *arg, unsigned n)
{
	cl_uint at = 0, takes = 0, gets = 0;
	cl_int code = clGetKernelInfo(k->kernel, CL_KERNEL_NUM_ARGS, sizeof takes, &takes,
				      NULL);

	for (unsigned i = 0; i < n; i++)
		gets += arg[i].kind == GPU_ARG_PLACE ? 2 : 1;
	if (code == CL_SUCCESS && takes != gets)
		return err_set(ERR_USAGE, "kernel %s takes %u arguments, not %u", k->name,
			       (unsigned)takes, (unsigned)gets);
	for (unsigned i = 0; i < n && code == CL_SUCCESS; i++)
		code = set_one(k->kernel, &at, &arg[i]);
	if (code == CL_SUCCESS)
		return 0;
	if (code != CL_INVALID_ARG_INDEX && code != CL_INVALID_ARG_VALUE &&
	    code != CL_INVALID_ARG_SIZE && code != CL_INVALID_MEM_OBJECT)
		return opencl_failed("giving an argument", code);
	return err_set(ERR_USAGE, "kernel %s takes something else as argument %u", k->name,
		       (unsigned)at);
}

int opencl_launch(struct gpu_backend *b, void *program, const char *kernel,
		  const struct gpu_arg *arg, unsigned n, uint64_t global, uint64_t local)
{
	size_t all = (size_t)global, group = (size_t)local;
	struct kernel *k = NULL;
	cl_int code;
	int r = find_kernel(program, kernel, &k);

	if (r == 0)
		r = set_args(k, arg, n);
	if (r < 0)
		return r;
	code = clEnqueueNDRangeKernel(opencl_of(b)->queue, k->kernel, 1, NULL, &all,
				      group ? &group : NULL, 0, NULL, NULL);
	if (code == CL_SUCCESS)
		return 0;
	if (code == CL_INVALID_WORK_GROUP_SIZE || code == CL_INVALID_WORK_ITEM_SIZE ||
	    code == CL_INVALID_GLOBAL_WORK_SIZE)
		return err_set(ERR_USAGE, "kernel %s does not run by %llu in groups of %llu",
			       k->name, (unsigned long long)global, (unsigned long long)local);
	return opencl_failed("starting a kernel", code);
}

#else

typedef int no_opencl;		/* a file has something in it */

#endif
