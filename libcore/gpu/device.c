/* gpu/device.c - ask the drivers in a child, choose among the answers */
#include "gpu/device.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

#define DEVICE_WAIT_NS 30000000000ull	/* a cold driver takes seconds, a hung one for ever */

const char *device_type_name(enum device_type type)
{
	static const char *const names[] = { "host", "cpu", "gpu", "accelerator", "other" };

	return names[type];
}

/* --- in the child --- */

#ifdef HAVE_OPENCL
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#define PLATFORM_MAX 16

static bool send_device(int fd, const struct device *d)
{
	/* under PIPE_BUF: whole or not at all */
	return write(fd, d, sizeof *d) == (ssize_t)sizeof *d;
}

static enum device_type type_of(cl_device_type type)
{
	if (type & CL_DEVICE_TYPE_GPU)
		return DEVICE_GPU;
	if (type & CL_DEVICE_TYPE_ACCELERATOR)
		return DEVICE_ACCELERATOR;
	return type & CL_DEVICE_TYPE_CPU ? DEVICE_CPU : DEVICE_OTHER;
}

static void why_unusable(struct device *d, const char *why)
{
	d->usable = false;
	snprintf(d->why, sizeof d->why, "%s", why);
}

static cl_bool ask_bool(cl_device_id id, cl_device_info what)
{
	cl_bool yes = CL_FALSE;

	clGetDeviceInfo(id, what, sizeof yes, &yes, NULL);
	return yes;
}

static void judge(cl_device_id id, struct device *d)
{
	static char extensions[16384];
	char version[128] = "";
	unsigned major = 0, minor = 0;

	d->usable = true;
	clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, sizeof extensions - 1, extensions, NULL);
	clGetDeviceInfo(id, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
	sscanf(version, "OpenCL %u.%u", &major, &minor);
	if (!ask_bool(id, CL_DEVICE_AVAILABLE))
		why_unusable(d, "its driver says it is not available");
	else if (!ask_bool(id, CL_DEVICE_COMPILER_AVAILABLE))
		why_unusable(d, "its driver has no compiler");
	else if (major < 1 || (major == 1 && minor < 2))
		why_unusable(d, "it is older than OpenCL 1.2");
	else if (!strstr(extensions, "cl_khr_int64_base_atomics"))
		why_unusable(d, "it has no 64-bit atomics");
	else if (!strstr(extensions, "cl_khr_fp64"))
		why_unusable(d, "it has no doubles");
}

static bool ask_device(int fd, const char *platform, cl_device_id id)
{
	struct device d = { 0 };
	cl_device_type type = 0;
	cl_ulong memory = 0;

	snprintf(d.platform, sizeof d.platform, "%s", platform);
	clGetDeviceInfo(id, CL_DEVICE_NAME, sizeof d.name - 1, d.name, NULL);
	clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
	clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
	d.type = type_of(type);
	d.memory = memory;
	judge(id, &d);
	return send_device(fd, &d);
}

static int ask_opencl(int fd, void *ctx)
{
	cl_platform_id platform[PLATFORM_MAX];
	cl_device_id device[DEVICE_MAX];
	cl_uint platform_n = 0, device_n;

	(void)ctx;
	if (clGetPlatformIDs(PLATFORM_MAX, platform, &platform_n) != CL_SUCCESS)
		platform_n = 0;
	for (cl_uint i = 0; i < platform_n && i < PLATFORM_MAX; i++) {
		char name[64] = "";

		clGetPlatformInfo(platform[i], CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
		device_n = 0;
		if (clGetDeviceIDs(platform[i], CL_DEVICE_TYPE_ALL, DEVICE_MAX, device,
				   &device_n) != CL_SUCCESS)
			continue;
		for (cl_uint k = 0; k < device_n && k < DEVICE_MAX; k++)
			if (!ask_device(fd, name, device[k]))
				return 1;
	}
	return 0;
}
#endif

/* What drivers print is nobody's data. */
static void silence(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/* --- in the parent --- */

/* One struct: 1, 0 at the end (the child is done or dead), -1 when time is up. */
static int receive(int fd, struct device *d, uint64_t until)
{
	size_t have = 0;

	while (have < sizeof *d) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_ns();
		ssize_t n;

		if (now >= until)
			return -1;
		if (poll(&p, 1, (int)((until - now) / 1000000 + 1)) <= 0)
			continue;
		n = read(fd, (char *)d + have, sizeof *d - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		have += (size_t)n;
	}
	return 1;
}

/* What came through the pipe came from a driver's process: no text without end. */
static bool sane(struct device *d)
{
	d->platform[sizeof d->platform - 1] = '\0';
	d->name[sizeof d->name - 1] = '\0';
	d->why[sizeof d->why - 1] = '\0';
	d->used = false;
	return (unsigned)d->type <= DEVICE_OTHER;
}

static void end_child(pid_t pid, bool hung, char *reason, size_t cap)
{
	int status = 0;

	if (hung)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (hung)
		snprintf(reason, cap, "the OpenCL driver did not answer in time");
	else if (WIFSIGNALED(status))
		snprintf(reason, cap, "the OpenCL driver crashed (%s)",
			 strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		snprintf(reason, cap, "the OpenCL driver ended the process");
}

static int ask_child(struct device_list *out, int (*ask)(int, void *), void *ctx,
		     uint64_t wait_ns, char *reason, size_t cap)
{
	uint64_t until = clock_ns() + wait_ns;
	struct device d;
	int fd[2], r = 0;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_sys(ERR_RESOURCE, "a pipe to ask the OpenCL drivers");
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		silence();
		_exit(ask(fd[1], ctx));
	}
	close(fd[1]);
	if (pid < 0)
		r = err_sys(ERR_RESOURCE, "a process to ask the OpenCL drivers");
	else {
		while ((r = receive(fd[0], &d, until)) > 0)
			if (sane(&d) && out->n < DEVICE_MAX - 1)
				out->device[out->n++] = d;
		end_child(pid, r < 0, reason, cap);
	}
	close(fd[0]);
	return pid < 0 ? r : 0;
}

/* The best of a type: the one with the most memory. */
static struct device *best(struct device_list *l, enum device_type type)
{
	struct device *found = NULL;

	for (unsigned i = 0; i < l->n; i++) {
		struct device *d = &l->device[i];

		if (d->type == type && d->usable && (!found || d->memory > found->memory))
			found = d;
	}
	return found;
}

/* A driver that died may have named its devices: none of them is trusted. */
static void distrust(struct device_list *l, const char *reason)
{
	for (unsigned i = 0; i < l->n; i++) {
		l->device[i].usable = false;
		snprintf(l->device[i].why, sizeof l->device[i].why, "%s", reason);
	}
}

static void choose(struct device_list *l, const char *reason)
{
	struct device *host = &l->device[l->n];
	struct device *used = best(l, DEVICE_GPU);

	if (!used)
		used = best(l, DEVICE_ACCELERATOR);
	for (unsigned i = 0; i < l->n; i++) {
		struct device *d = &l->device[i];

		if (d == used)
			snprintf(d->why, sizeof d->why, "the usable %s with the most memory",
				 device_type_name(d->type));
		else if (d->usable)
			snprintf(d->why, sizeof d->why, "%s", d->type == DEVICE_CPU ?
				 "host memory is as near" : "another one is used");
	}
	*host = (struct device){ .type = DEVICE_HOST, .usable = true };
	host->memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	snprintf(host->name, sizeof host->name, "host memory");
	snprintf(host->why, sizeof host->why, "%s", used ? "a device is used" :
		 reason[0] ? reason : l->n ? "no device is usable" :
		 "there is no OpenCL device");
	l->n++;
	(used ? used : host)->used = true;
}

int device_list_by(struct device_list *out, int (*ask)(int fd, void *ctx), void *ctx,
		   uint64_t wait_ns)
{
	char reason[160] = "";
	int r;

	memset(out, 0, sizeof *out);
	r = ask_child(out, ask, ctx, wait_ns, reason, sizeof reason);
	if (r < 0)
		snprintf(reason, sizeof reason, "%.150s", err_message());
	err_clear();
	if (reason[0])
		distrust(out, reason);
	choose(out, reason);
	return 0;
}

int device_list(struct device_list *out)
{
#ifdef HAVE_OPENCL
	return device_list_by(out, ask_opencl, NULL, DEVICE_WAIT_NS);
#else
	memset(out, 0, sizeof *out);
	choose(out, "this program was built without OpenCL");
	return 0;
#endif
}

const struct device *device_used(const struct device_list *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->device[i].used)
			return &l->device[i];
	return &l->device[l->n - 1];
}
