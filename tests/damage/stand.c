/* tests/damage/stand.c - commands in forked children, files put and put back */
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
#include "store/tail.h"
#include "tests/damage/damage.h"

char place[256];
struct file_image *files;
unsigned file_n;
uint64_t clock_step;
FILE *tap;
struct shared *shared;

void shared_make(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		exit(99);
	}
	shared->apart = true;
	tap = fdopen(here_own_descriptor(dup(1)), "w");
}

/* --- the end --- */

static pid_t stand_pid;		/* whose the place is */

void stand_clean(void)
{
	char command[300];

	snprintf(command, sizeof command, "rm -rf '%s'", place);
	if (place[0] && getpid() == stand_pid && system(command) != 0)
		fprintf(tap, "# %s is left\n", place);
}

/* The place may be memory: nobody else would give it back.  Who is asked to stop waits
 * for a worker, most of the time. */
static void stopped(int sig)
{
	stand_clean();
	signal(sig, SIG_DFL);
	raise(sig);
}

void stand_signals(bool clean)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

	stand_pid = clean ? getpid() : 0;
	for (unsigned i = 0; i < 3; i++)
		signal(ends[i], clean ? stopped : SIG_DFL);
}

void stand_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(tap, "Bail out! ");
	vfprintf(tap, fmt, ap);
	va_end(ap);
	fprintf(tap, "\n");
	fflush(tap);
	stand_clean();
	_exit(99);
}

/* --- clocks that the step decides --- */

uint64_t __wrap_clock_random(void);
uint64_t __wrap_clock_wall_ns(void);

uint64_t __wrap_clock_random(void)
{
	return hash_mix(hash_u64(clock_step) ^ 0x9e3779b97f4a7c15u, hash_u64(++shared->ticks) | 1);
}

uint64_t __wrap_clock_wall_ns(void)
{
	return 1700000000000000000u + 1000000000u * clock_step + 1000 * ++shared->ticks;
}

/* Whether an index had to be made must not show in what is drawn after it. */
int __real_tail_make(struct tail **out, struct backend *b, const struct tail_id *id,
		     uint64_t node_n, bool shared_one, struct mem *mem);
int __wrap_tail_make(struct tail **out, struct backend *b, const struct tail_id *id,
		     uint64_t node_n, bool shared_one, struct mem *mem);

int __wrap_tail_make(struct tail **out, struct backend *b, const struct tail_id *id,
		     uint64_t node_n, bool shared_one, struct mem *mem)
{
	uint64_t before = shared->ticks;
	int r = __real_tail_make(out, b, id, node_n, shared_one, mem);

	shared->ticks = before;
	return r;
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

int (*command_named(const char *name))(int, const char **)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].main;
	stand_fail("%s: not a command", name);
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

/* The product's variables are as they were when it began: these are not. */
void command_begin(void)
{
	shared->ticks = 0;
	tail_set_boot(shared->restarted ? "a later one" : NULL);
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
	stand_signals(false);
	resident_off();
	limit();
	command_begin();
	exit(command_named(argv[0])(argc, argv));
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
	struct rusage use;
	pid_t pid;

	if (input && pwrite(in, input, len, 0) != (ssize_t)len)
		stand_fail("pwrite");
	fflush(tap);
	pid = fork();
	if (pid < 0)
		stand_fail("fork: %s", strerror(errno));
	if (pid == 0)
		child(words, in, out, err);
	if (wait4(pid, &a->status, 0, &use) != pid)
		stand_fail("wait4");
	a->peak_kib = use.ru_maxrss;
	close(in);
	take(out, &a->out);
	take(err, &a->err);
	shared->commands++;
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
	fflush(tap);
	pid = fork();
	if (pid == 0) {
		stand_signals(false);
		shared->ticks = 0;
		_exit(chdir(place) < 0 || call() < 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		stand_fail("a call in a child failed");
}

/* --- files --- */

static void path_of(char out[700], const char *name)
{
	snprintf(out, 700, "%s/%s", place, name);
}

/* EACH file below DIR, by name. */
static void each_file(const char *dir, void (*each)(const char *name))
{
	char path[700], name[400];
	struct dirent **e;
	struct stat st;
	int n;

	path_of(path, dir);
	n = scandir(path, &e, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s%s%s", dir, *dir ? "/" : "", e[i]->d_name);
		path_of(path, name);
		if (e[i]->d_name[0] == '.' || lstat(path, &st) < 0)
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

static enum part part_now = PART_KEYS;

static enum part part_of(const char *name)
{
	if (!strcmp(name, "s/lock"))
		return PART_BESIDE;
	if (!strcmp(name, "s/wal/index"))
		return PART_INDEX;
	if (!strcmp(name, "s/config"))
		return PART_WRITTEN;
	if (!strncmp(name, "s/manifest", 10) || !strncmp(name, "s/wal/", 6) ||
	    !strncmp(name, "s/seg/run-", 10))
		return PART_ALL;
	if (!strncmp(name, "s/snap/", 7))
		return PART_KEPT;
	return !strncmp(name, "s/", 2) ? part_now : PART_IMAGE;
}

static struct file_image *file_row(const char *name)
{
	struct file_image *f = file_named(name);

	if (f)
		return f;
	files = realloc(files, (file_n + 1) * sizeof *files);
	f = &files[file_n++];
	memset(f, 0, sizeof *f);
	snprintf(f->name, sizeof f->name, "%s", name);
	f->part = part_of(name);
	return f;
}

static uint8_t *slurp(const char *name, size_t *len, struct timespec *changed)
{
	char path[700];
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

static void mark_one(const char *name)
{
	file_row(name);
}

void files_mark(enum part part)
{
	part_now = part;
	each_file("", mark_one);
}

static unsigned moment_now;

static void keep_older(const char *name)
{
	struct file_image *f = file_row(name);
	struct timespec unused;

	f->was[moment_now].ptr = slurp(name, &f->was[moment_now].len, &unused);
}

void files_keep_moment(unsigned moment)
{
	moment_now = moment;
	each_file("", keep_older);
}

void files_keep(void)
{
	unsigned n = 0;

	each_file("", keep_one);
	for (unsigned i = 0; i < file_n; i++)		/* what was swept is none of it */
		if (files[i].ptr)
			files[n++] = files[i];
		else
			for (unsigned m = 0; m < MOMENTS; m++)
				free(files[i].was[m].ptr);
	file_n = n;
	if (n > FILES_MOST)
		stand_fail("%u files", n);
	for (unsigned i = 0, page = 0; i < n; i++) {
		files[i].fd = -1;
		files[i].page = page;
		page += (unsigned)(files[i].len / 4096) + 1;
		if (page > PAGES_MOST)
			stand_fail("over %d pages", PAGES_MOST);
	}
}

static void path_to(char out[700], const struct file_image *f)
{
	path_of(out, f->name);
}

/* What file_remove made of its name: the file stays the one that is open and mapped. */
static void path_away(char out[700], const struct file_image *f)
{
	snprintf(out, 700, "%s/.away-%u", place, (unsigned)(f - files));
}

void files_open(void)
{
	char path[700];

	for (unsigned i = 0; i < file_n; i++) {
		path_to(path, &files[i]);
		files[i].fd = here_own_descriptor(open(path, O_RDWR | O_CLOEXEC));
	}
}

static int file_open(const struct file_image *f)
{
	char path[700];
	int fd;

	if (f->fd >= 0)
		return f->fd;
	path_to(path, f);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		stand_fail("%s: %s", path, strerror(errno));
	return fd;
}

static void file_done(const struct file_image *f, int fd, bool keep_time)
{
	const struct timespec t[2] = { { 0, UTIME_OMIT }, f->changed };

	if (keep_time && futimens(fd, t) < 0)
		stand_fail("futimens");
	if (fd != f->fd)
		close(fd);
}

void file_put(const struct file_image *f, const void *ptr, size_t len, bool keep_time)
{
	int fd = file_open(f);

	shared->hidden[f - files] = true;
	if (ftruncate(fd, 0) < 0 || pwrite(fd, ptr, len, 0) != (ssize_t)len)
		stand_fail("%s: short", f->name);
	file_done(f, fd, keep_time);
}

void file_put_byte(const struct file_image *f, size_t off, uint8_t byte, bool keep_time)
{
	int fd = file_open(f);

	if (pwrite(fd, &byte, 1, (off_t)off) != 1)
		stand_fail("%s: short", f->name);
	file_done(f, fd, keep_time);
}

void file_remove(const struct file_image *f)
{
	char path[700], away[700];

	path_to(path, f);
	path_away(away, f);
	shared->hidden[f - files] = true;
	if (rename(path, away) < 0)
		stand_fail("%s: %s", path, strerror(errno));
}

static void file_back(const struct file_image *f)
{
	char path[700], away[700];

	path_to(path, f);
	path_away(away, f);
	rename(away, path);		/* most were not away */
	file_put(f, f->ptr, f->len, true);
	shared->hidden[f - files] = false;
}

void files_restore_harmed(void)
{
	for (unsigned i = 0; i < file_n; i++)
		if (shared->hidden[i])
			file_back(&files[i]);
}

static void remove_strange(const char *name)
{
	char path[700];

	path_of(path, name);
	if (!file_named(name))
		unlink(path);
}

static bool same_now(const struct file_image *f)
{
	char path[700];
	struct timespec unused;
	struct stat st;
	size_t len;
	uint8_t *p;
	bool same;

	path_to(path, f);
	if (lstat(path, &st) < 0 || (size_t)st.st_size != f->len)
		return false;
	p = slurp(f->name, &len, &unused);
	same = !memcmp(p, f->ptr, len);
	free(p);
	return same;
}

static void remove_file(const char *name)
{
	char path[700];

	path_of(path, name);
	unlink(path);
}

void files_remove_all(void)
{
	each_file("", remove_file);
	for (unsigned i = 0; i < 5; i++) {
		static const char *const dir[] = { "s/wal", "s/seg", "s/snap", "s/tmp", "s" };
		char path[700];

		path_of(path, dir[i]);
		if (rmdir(path) < 0)
			stand_fail("%s: %s", path, strerror(errno));
	}
}

/* By name: what commands wrote may be other files than those that are open. */
void files_restore(void)
{
	each_file("", remove_strange);
	for (unsigned i = 0; i < file_n; i++) {
		files[i].fd = -1;
		if (shared->hidden[i] || !same_now(&files[i]))
			file_back(&files[i]);
	}
}

bool files_same(const char **which)
{
	for (unsigned i = 0; i < file_n; i++)
		if (!shared->hidden[i] && files[i].part != PART_BESIDE &&
		    !same_now(&files[i])) {
			*which = files[i].name;
			return false;
		}
	return true;
}

unsigned page_of(const struct file_image *f, size_t off)
{
	return f->page + (unsigned)(off / 4096);
}
