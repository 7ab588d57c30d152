/* tests/sweep/stand.c - commands in forked children, files put back
 *
 * The judge's questions, and the files of the store as they were.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "tests/sweep/sweep.h"

char place[64];
static struct file_image *files;
static unsigned file_n;
uint64_t clock_step;
static uint64_t seed = 5;

void stand_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("Bail out! ");
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(99);
}

/* --- clocks that the step decides --- */

static uint64_t ticks;

uint64_t __wrap_clock_random(void);
uint64_t __wrap_clock_wall_ns(void);

uint64_t __wrap_clock_random(void)
{
	return hash_mix(hash_u64(clock_step) ^ 0x9e3779b97f4a7c15u, hash_u64(++ticks) | 1);
}

uint64_t __wrap_clock_wall_ns(void)
{
	return 1700000000000000000u + 1000000000u * clock_step + 1000 * ++ticks;
}

uint64_t rnd(uint64_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(seed) % n : 0;
}

/* --- commands --- */

#define COMMANDS(X) X(backup) X(compact) X(config) X(diff) X(get) X(graph) X(init) X(ls) \
	X(put) X(restore) X(rm) X(snapshot) X(stat) X(walcheck)
#define DECLARE(name) int main_##name(int argc, const char **argv);
#define ROW(name) { #name, main_##name },
COMMANDS(DECLARE)
static const struct {
	const char *name;
	int (*main)(int, const char **);
} commands[] = { COMMANDS(ROW) };

int command_split(char *words, const char **argv)
{
	int n = 0;

	for (char *p = words; *p && n < WORDS - 1;) {
		char end = *p == '\'' ? '\'' : ' ';

		p += end == '\'';
		argv[n++] = p;
		p += strcspn(p, end == ' ' ? " " : "'");
		if (*p)
			*p++ = '\0';
		p += strspn(p, " ");
	}
	argv[n] = NULL;
	return n;
}

int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		stand_fail("memfd: %s", strerror(errno));
	return fd;
}

/* What no command needs: a hang ends by SIGALRM or SIGXCPU, a length believed by a
 * refused allocation. */
static void limit(void)
{
	struct rlimit cpu = { 20, 25 }, core = { 0, 0 };

	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
#ifndef __SANITIZE_ADDRESS__
	struct rlimit space = { 2u << 30, 2u << 30 };

	setrlimit(RLIMIT_AS, &space);
#endif
	alarm(100);
}

static void child(const char *words, int in, int out, int err)
{
	const char *argv[WORDS];
	char copy[1024];
	int argc;

	snprintf(copy, sizeof copy, "%s", words);
	argc = command_split(copy, argv);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || chdir(place) < 0)
		_exit(98);
	limit();
	ticks = 0;
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(commands[i].name, argv[0]))
			exit(commands[i].main(argc, argv));
	_exit(97);
}

static void take(int fd, struct buf *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		stand_fail("fstat");
	buf_clear(out);
	if (buf_reserve(out, (size_t)st.st_size + 1) < 0 ||
	    pread(fd, out->ptr, (size_t)st.st_size, 0) != st.st_size)
		stand_fail("pread");
	out->len = (size_t)st.st_size;
	out->ptr[out->len] = '\0';
	close(fd);
}

void command_run(const char *words, const char *input, size_t len, struct answer *a)
{
	int in = input ? memory_file("in") : open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = memory_file("out"), err = memory_file("err");
	pid_t pid;

	if (input && pwrite(in, input, len, 0) != (ssize_t)len)
		stand_fail("pwrite");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		stand_fail("fork: %s", strerror(errno));
	if (pid == 0)
		child(words, in, out, err);
	if (waitpid(pid, &a->status, 0) != pid)
		stand_fail("wait4");
	close(in);
	take(out, &a->out);
	take(err, &a->err);
}

void answer_release(struct answer *a)
{
	buf_release(&a->out);
	buf_release(&a->err);
}

void stand_must(const char *words, const char *input, size_t len)
{
	struct answer a = { .status = 0 };

	clock_step++;
	command_run(words, input, len, &a);
	if (a.status != 0)
		stand_fail("%s: status %x: %s", words, (unsigned)a.status,
			   (const char *)a.err.ptr);
	answer_release(&a);
}

void stand_child(int (*call)(void))
{
	int status;
	pid_t pid;

	clock_step++;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		ticks = 0;
		_exit(chdir(place) < 0 || call() < 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		stand_fail("a call in a child failed");
}

/* --- files --- */

static void path_of(char out[512], const char *name)
{
	snprintf(out, 512, "%s/%s", place, name);
}

/* EACH file below DIR, by name; those of in/ nobody changes. */
static void each_file(const char *dir, void (*each)(const char *name))
{
	char path[512], name[400];
	struct dirent **e;
	struct stat st;
	int n;

	path_of(path, dir);
	n = scandir(path, &e, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s%s%s", dir, *dir ? "/" : "", e[i]->d_name);
		path_of(path, name);
		if (e[i]->d_name[0] == '.' || lstat(path, &st) < 0 || !strcmp(name, "in"))
			;
		else if (S_ISDIR(st.st_mode))
			each_file(name, each);
		else
			each(name);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
}

struct file_image *file_named(const char *name)
{
	for (unsigned i = 0; i < file_n; i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}


static struct file_image *file_row(const char *name)
{
	struct file_image *f = file_named(name);

	if (f)
		return f;
	files = realloc(files, (file_n + 1) * sizeof *files);
	if (!files)
		stand_fail("no memory");
	f = &files[file_n++];
	memset(f, 0, sizeof *f);
	snprintf(f->name, sizeof f->name, "%s", name);
	return f;
}

static uint8_t *slurp(const char *name, size_t *len, struct timespec *changed)
{
	char path[512];
	struct stat st;
	uint8_t *p;
	int fd;

	path_of(path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		stand_fail("%s: %s", path, strerror(errno));
	p = malloc((size_t)st.st_size + 1);
	if (pread(fd, p, (size_t)st.st_size, 0) != st.st_size)
		stand_fail("%s: short", path);
	close(fd);
	*len = (size_t)st.st_size;
	*changed = st.st_mtim;
	return p;
}

static void keep_one(const char *name)
{
	struct file_image *f = file_row(name);

	f->ptr = slurp(name, &f->len, &f->changed);
}

void files_keep(void)
{
	each_file("", keep_one);
}

static int file_open(const struct file_image *f)
{
	char path[512];
	int fd;

	path_of(path, f->name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		stand_fail("%s: %s", path, strerror(errno));
	return fd;
}

static void file_back(const struct file_image *f)
{
	const struct timespec t[2] = { { 0, UTIME_OMIT }, f->changed };
	int fd = file_open(f);

	if (pwrite(fd, f->ptr, f->len, 0) != (ssize_t)f->len || futimens(fd, t) < 0)
		stand_fail("%s: short", f->name);
	close(fd);
}

static void remove_strange(const char *name)
{
	char path[512];

	path_of(path, name);
	if (!file_named(name))
		unlink(path);
}

static bool same_now(const struct file_image *f)
{
	char path[512];
	struct timespec unused;
	struct stat st;
	size_t len;
	uint8_t *p;
	bool same;

	path_of(path, f->name);
	if (lstat(path, &st) < 0 || (size_t)st.st_size != f->len)
		return false;
	p = slurp(f->name, &len, &unused);
	same = !memcmp(p, f->ptr, len);
	free(p);
	return same;
}

void files_restore(void)
{
	each_file("", remove_strange);
	for (unsigned i = 0; i < file_n; i++)
		if (!same_now(&files[i]))
			file_back(&files[i]);
}

/* The index of the log is a cache, and the lock's text a note of who had it. */
bool files_same(const char **which)
{
	for (unsigned i = 0; i < file_n; i++)
		if (strcmp(files[i].name, "s/lock") && strcmp(files[i].name, "s/wal/index") &&
		    !same_now(&files[i])) {
			*which = files[i].name;
			return false;
		}
	return true;
}
