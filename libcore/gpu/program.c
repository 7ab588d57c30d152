/* gpu/program.c - programs, behind the seam of gpu/arena */
#include "gpu/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

#ifndef KERNELS
#define KERNELS "/usr/share/strato/kernels"
#endif
#define SOURCE_MOST (1u << 20)
#define LOG_MOST 16384u

struct program {
	struct gpu_backend *b;
	void *program;
};

/* The thread's own, like an error's message; on the heap, as it is rarely there. */
static _Thread_local char *log_kept;

const char *program_log(void)
{
	return log_kept ? log_kept : "";
}

static void keep_log(const struct buf *log)
{
	size_t n = log->len < LOG_MOST ? log->len : LOG_MOST;
	char *p = realloc(log_kept, n + 1);

	if (!p)
		return;
	log_kept = p;
	if (n)
		memcpy(p, log->ptr, n);
	p[n] = '\0';
}

static void drop_log(void)
{
	free(log_kept);
	log_kept = NULL;
}

/* The first line of the compiler's that has something to say. */
static int refused(int r, const struct buf *log)
{
	const char *at = program_log();
	size_t n = strcspn(at, "\n");

	if (r != ERR_BAD_RECORD || !log->len)
		return r;
	return err_set(r, "the program does not compile: %.*s", n < 400 ? (int)n : 400, at);
}

int program_open(struct program **out, struct gpu_backend *b, struct bytes source,
		 const char *options)
{
	struct program *p;
	struct buf log = { 0 };
	int r;

	drop_log();
	if (!b->ops->program_new) {
		r = err_set(ERR_UNAVAILABLE, "%s runs no kernels", b->ops->name);
		err_hint("kernels need an OpenCL device: strato-gpucache devices lists them");
		return r;
	}
	p = mem_zalloc(NULL, sizeof *p);
	if (!p)
		return ERR_MEMORY;
	p->b = b;
	r = b->ops->program_new(b, source, options ? options : "", &p->program, &log);
	if (r < 0) {
		mem_free(NULL, p);
		keep_log(&log);
		r = refused(r, &log);
	} else {
		*out = p;
	}
	buf_release(&log);
	return r;
}

void program_close(struct program *p)
{
	if (!p)
		return;
	p->b->ops->program_free(p->b, p->program);
	mem_free(NULL, p);
}

int program_run(struct program *p, const char *kernel, const struct gpu_arg *arg, unsigned n,
		uint64_t global, uint64_t local)
{
	return p->b->ops->launch(p->b, p->program, kernel, arg, n, global, local);
}

/* --- the kernels that come with us --- */

static int read_whole(int fd, struct buf *out, const char *path)
{
	ssize_t n;
	int r = 0;

	while (r == 0) {
		r = buf_reserve(out, 65536);
		if (r < 0)
			return r;
		n = read(fd, out->ptr + out->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(ERR_IO, "%s: read", path);
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		if (out->len > SOURCE_MOST)
			r = err_set(ERR_TOO_BIG, "%s: kernels of more than %u bytes", path,
				    SOURCE_MOST);
	}
	return r;
}

static int read_file(struct buf *out, const char *folder, const char *name)
{
	char path[4096];
	int fd, r;

	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
		return err_set(ERR_USAGE, "STRATO_KERNELS is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		r = err_sys(ERR_UNAVAILABLE, "%s", path);
		err_hint("STRATO_KERNELS names the folder of the kernels");
		return r;
	}
	r = read_whole(fd, out, path);
	close(fd);
	return r;
}

/* The name in a line `#include "NAME"`; false: it is another line. */
static bool includes(const char *line, size_t len, char name[64])
{
	static const char word[] = "#include \"";
	size_t n = sizeof word - 1;

	if (len < n + 2 || memcmp(line, word, n) || line[len - 1] != '"' || len - n - 1 >= 64)
		return false;
	memcpy(name, line + n, len - n - 1);
	name[len - n - 1] = '\0';
	return true;
}

int program_source(struct buf *out, const char *name)
{
	const char *folder = getenv("STRATO_KERNELS");
	struct buf text = { 0 };
	char part[64];
	int r;

	if (!folder || !*folder)
		folder = KERNELS;
	buf_clear(out);
	r = read_file(&text, folder, name);
	for (size_t at = 0, len; r == 0 && at < text.len; at += len) {
		const char *line = (const char *)text.ptr + at;
		const char *end = memchr(line, '\n', text.len - at);

		len = end ? (size_t)(end - line) + 1 : text.len - at;
		r = end && includes(line, len - 1, part) ? read_file(out, folder, part)
							 : buf_add(out, line, len);
	}
	buf_release(&text);
	return r;
}
