/* io/out.c - writing to a pipe, or a file that appears when it is complete
 *
 * A named file is written without a name (O_TMPFILE) and linked at the end: a
 * killed process leaves nothing.  Where the file system has no such thing it gets
 * a hidden name, which a small handler removes on the signals that end us.
 */
#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"

#define BUFFER (256u << 10)
#define UNCOPIED (64u << 10)	/* so much at once does not wait in the buffer */
#define PIPE_BYTES (1 << 20)	/* what an ordinary user may ask for */
#define HIDDEN 8

struct out {
	char *name;		/* for messages, and where it will be */
	char *folder;		/* of a named file; NULL: written as it is */
	char *hidden;		/* its name until then; NULL: it has none */
	int fd;
	enum { PIPE_UNKNOWN, PIPE_YES, PIPE_NO } pipe;
	enum { SHOWN_UNKNOWN, SHOWN_YES, SHOWN_NO } shown;	/* to a person */
	bool owned;
	int stuck;		/* an error that stays */
	uint64_t total;
	struct mem *mem;
	uint8_t *buf;
	size_t len;
	struct err_note note;	/* of STUCK */
	int held[2];		/* a pipe of our own; -1: none */
	const uint8_t *held_ptr;
	size_t held_len;	/* 0: nothing is held */
};

/* --- hidden names, and the signals that end a process --- */

static pthread_mutex_t hidden_lock = PTHREAD_MUTEX_INITIALIZER;
static char hidden_name[HIDDEN][PATH_MAX];
static volatile sig_atomic_t hidden_used[HIDDEN];

static void on_end(int sig)
{
	for (unsigned i = 0; i < HIDDEN; i++)
		if (hidden_used[i])
			unlink(hidden_name[i]);
	raise(sig);		/* with the default action, set by SA_RESETHAND */
}

static void hidden_guard(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGXCPU };
	struct sigaction sa = { .sa_handler = on_end, .sa_flags = (int)SA_RESETHAND }, now;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (sigaction(ends[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
			sigaction(ends[i], &sa, NULL);
}

static void hidden_add(const char *name)
{
	pthread_mutex_lock(&hidden_lock);
	for (unsigned i = 0; i < HIDDEN; i++)
		if (!hidden_used[i]) {
			snprintf(hidden_name[i], PATH_MAX, "%s", name);
			hidden_used[i] = 1;
			break;
		}
	hidden_guard();
	pthread_mutex_unlock(&hidden_lock);
}

static void hidden_remove(const char *name)
{
	pthread_mutex_lock(&hidden_lock);
	for (unsigned i = 0; i < HIDDEN; i++)
		if (hidden_used[i] && !strcmp(hidden_name[i], name))
			hidden_used[i] = 0;
	pthread_mutex_unlock(&hidden_lock);
}

/* --- opening --- */

static int no_memory(void)
{
	return err_set(ERR_MEMORY, "out of memory");
}

static int cannot(const struct out *o, const char *what)
{
	return err_sys(ERR_CREATE, "%s: %s", o->name, what);
}

/* ".NAME.PID.N" beside NAME; free it. */
static char *hidden_path(const struct out *o, unsigned n)
{
	const char *slash = strrchr(o->name, '/');
	char *path;

	if (asprintf(&path, "%s/.%s.%d.%u", o->folder, slash ? slash + 1 : o->name,
		     (int)getpid(), n) < 0)
		return NULL;
	return path;
}

static int create_hidden(struct out *o, mode_t mode)
{
	for (unsigned n = 0; n < 1000; n++) {
		o->hidden = hidden_path(o, n);
		if (!o->hidden)
			return no_memory();
		hidden_add(o->hidden);
		o->fd = open(o->hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (o->fd >= 0)
			return 0;
		hidden_remove(o->hidden);
		free(o->hidden);
		o->hidden = NULL;
		if (errno != EEXIST)
			break;
	}
	return cannot(o, "create");
}

static int create(struct out *o, const struct stat *old)
{
	int r = 0;

	o->fd = -1;
	o->owned = true;
	/* it is linked through /proc */
	if (access("/proc/self/fd", X_OK) == 0)
		o->fd = open(o->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
	if (o->fd < 0 && (errno == ENOENT || errno == EACCES || errno == EROFS ||
			  errno == ENOTDIR) && access(o->folder, W_OK) < 0)
		return cannot(o, "create");
	if (o->fd < 0)
		r = create_hidden(o, 0666);
	if (r == 0 && old && fchmod(o->fd, old->st_mode & 07777) < 0)
		r = cannot(o, "keep the mode");
	return r;
}

static int folder_of(struct out *o)
{
	const char *slash = strrchr(o->name, '/');

	if (!slash)
		o->folder = strdup(".");
	else
		o->folder = strndup(o->name, slash == o->name ? 1 : (size_t)(slash - o->name));
	return o->folder ? 0 : no_memory();
}

static int open_as_it_is(struct out *o)
{
	do {
		o->fd = open(o->name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	} while (o->fd < 0 && errno == EINTR);
	if (o->fd < 0)
		return cannot(o, "open");
	o->owned = true;
	return 0;
}

static int open_named(struct out *o)
{
	char *real = realpath(o->name, NULL);	/* a link is followed to its file */
	struct stat st;
	bool old;
	int r;

	if (real) {
		free(o->name);
		o->name = real;
	}
	old = stat(o->name, &st) == 0;
	if (old && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return cannot(o, "create");
	}
	if (old && !S_ISREG(st.st_mode))
		return open_as_it_is(o);
	r = folder_of(o);
	return r < 0 ? r : create(o, old ? &st : NULL);
}

int out_open(struct out **out, const char *name, struct mem *mem)
{
	bool std = !name || !strcmp(name, "-");
	struct out *o = calloc(1, sizeof *o);
	int r = 0;

	if (!o)
		return no_memory();
	o->fd = STDOUT_FILENO;
	o->held[0] = o->held[1] = -1;
	o->mem = mem;
	o->name = strdup(std ? "standard output" : name);
	if (!o->name)
		r = no_memory();
	else if (!std)
		r = open_named(o);
	if (r < 0)
		out_abort(o);
	else
		*out = o;
	return r;
}

/* --- writing --- */

static int stay(struct out *o, int code)
{
	if (code < 0 && !o->stuck) {
		o->stuck = code;
		err_take(&o->note, code);
	}
	return code;
}

static int write_all(struct out *o, const uint8_t *ptr, size_t len)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };

	while (len) {
		ssize_t n = write(o->fd, ptr, len);

		if (n >= 0) {
			ptr += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			poll(&p, 1, -1);	/* somebody else's O_NONBLOCK */
		} else if (errno != EINTR) {
			return stay(o, err_sys(ERR_IO, "%s: write", o->name));
		}
	}
	return 0;
}

/* --- shown on a terminal --- */

static int write_shown(struct out *o, const uint8_t *ptr, size_t len)
{
	const uint8_t *end = ptr + len;
	uint8_t text[1024];
	int r = 0;

	while (r == 0 && ptr < end) {
		size_t n = utf8_shown(text, sizeof text, &ptr, end);

		r = write_all(o, text, n);
	}
	return r;
}

static int put(struct out *o, const uint8_t *ptr, size_t len)
{
	if (o->shown == SHOWN_UNKNOWN && len)
		o->shown = isatty(o->fd) ? SHOWN_YES : SHOWN_NO;
	return o->shown == SHOWN_YES ? write_shown(o, ptr, len) : write_all(o, ptr, len);
}

void out_as_it_is(struct out *o)
{
	o->shown = SHOWN_NO;
}

int out_flush(struct out *o)
{
	size_t len = o->len;

	if (o->stuck)
		return err_give(&o->note);
	o->len = 0;
	return put(o, o->buf, len);
}

/* A buffer with LEN bytes free, or empty. */
static int make_room(struct out *o, size_t len)
{
	if (o->stuck)
		return err_give(&o->note);
	if (!o->buf)
		o->buf = mem_alloc(o->mem, BUFFER);
	if (!o->buf)
		return stay(o, ERR_MEMORY);
	return len > BUFFER - o->len ? out_flush(o) : 0;
}

int out_room(struct out *o, size_t len, uint8_t **at, uint8_t **end)
{
	int r = make_room(o, len);

	if (r < 0)
		return r;
	*at = o->buf + o->len;
	*end = o->buf + BUFFER;
	return 0;
}

void out_wrote(struct out *o, const uint8_t *to)
{
	o->total += (uint64_t)(to - o->buf) - o->len;
	o->len = (size_t)(to - o->buf);
}

int out_write(struct out *o, const void *ptr, size_t len)
{
	int r;

	if (len == 0)
		return o->stuck ? err_give(&o->note) : 0;
	r = make_room(o, len);
	if (r < 0)
		return r;
	o->total += len;
	if (o->len == 0 && len >= UNCOPIED)
		return put(o, ptr, len);
	memcpy(o->buf + o->len, ptr, len);
	o->len += len;
	return 0;
}

/* A larger pipe halves the turns between us and its reader; it may be refused. */
static bool takes_pages(struct out *o)
{
	struct stat st;

	if (o->pipe == PIPE_UNKNOWN) {
		o->pipe = fstat(o->fd, &st) == 0 && S_ISFIFO(st.st_mode) ? PIPE_YES : PIPE_NO;
		if (o->pipe == PIPE_YES)
			fcntl(o->fd, F_SETPIPE_SZ, PIPE_BYTES);
	}
	return o->pipe == PIPE_YES;
}

static void let_go(struct out *o)
{
	if (o->held_len == 0)
		return;
	close(o->held[0]);
	close(o->held[1]);
	o->held[0] = o->held[1] = -1;
	o->held_len = 0;
}

/* A pipe of our own, which nobody reads, keeps hold of the pages in it. */
static bool own_pipe(struct out *o)
{
	if (o->held[0] >= 0)
		return true;
	if (pipe2(o->held, O_CLOEXEC | O_NONBLOCK) < 0) {
		o->held[0] = o->held[1] = -1;
		return false;
	}
	fcntl(o->held[1], F_SETPIPE_SZ, PIPE_BYTES);
	return true;
}

bool out_hold(struct out *o, const void *ptr, size_t len)
{
	struct iovec v = { (void *)(uintptr_t)ptr, len };
	ssize_t n;

	let_go(o);
	if (o->stuck || len < UNCOPIED || !takes_pages(o) || !own_pipe(o))
		return false;
	do
		n = vmsplice(o->held[1], &v, 1, 0);
	while (n < 0 && errno == EINTR);
	o->held_ptr = ptr;
	o->held_len = len;
	if (n == (ssize_t)len)
		return true;
	let_go(o);		/* our pipe is too small, or this is no file's page */
	o->pipe = PIPE_NO;
	return false;
}

/* From our pipe into the reader's: how much went. */
static size_t pass_on(struct out *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };
	size_t done = 0;

	while (done < o->held_len) {
		ssize_t n = splice(o->held[0], NULL, o->fd, NULL, o->held_len - done, 0);

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			poll(&p, 1, -1);	/* somebody else's O_NONBLOCK */
		else if (n == 0 || errno != EINTR)
			break;
	}
	o->total += done;
	return done;
}

int out_send(struct out *o, const void *ptr, size_t len)
{
	bool all = o->held_len && ptr == o->held_ptr && len == o->held_len;
	size_t done = 0;
	int r = out_flush(o);

	if (r == 0 && all)
		done = pass_on(o);
	if (r == 0 && done < len) {
		if (all)
			o->pipe = PIPE_NO;	/* the plain way says what is wrong */
		r = out_write(o, (const uint8_t *)ptr + done, len - done);
		if (r == 0)
			r = out_flush(o);	/* while they are held */
	}
	if (done == o->held_len)
		o->held_len = 0;	/* our pipe is empty, for the next */
	let_go(o);
	return r;
}

/* --- the end --- */

static int sync_folder(const struct out *o)
{
	int fd = open(o->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0 || fsync(fd) < 0)
		r = err_sys(ERR_IO, "%s: sync its folder", o->name);
	if (fd >= 0)
		close(fd);
	return r;
}

/* Gives the nameless file a name: its own if that is free, else a hidden one. */
static int link_in(struct out *o)
{
	char self[64];

	snprintf(self, sizeof self, "/proc/self/fd/%d", o->fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, o->name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	for (unsigned n = 0; errno == EEXIST && n < 1000; n++) {
		char *path = hidden_path(o, n);

		if (!path)
			return no_memory();
		if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0) {
			o->hidden = path;
			hidden_add(path);
			return 0;
		}
		free(path);
	}
	return cannot(o, "put in place");
}

static int put_in_place(struct out *o)
{
	int r = 0;

	if (fsync(o->fd) < 0)
		return err_sys(ERR_IO, "%s: flush", o->name);
	if (!o->hidden)
		r = link_in(o);
	if (r == 0 && o->hidden) {
		if (rename(o->hidden, o->name) < 0)
			return cannot(o, "put in place");
		hidden_remove(o->hidden);
		free(o->hidden);
		o->hidden = NULL;
	}
	return r < 0 ? r : sync_folder(o);
}

/* Some file systems tell of a lost write only at the close; standard output
 * stays open, for the number must not be another file's. */
static int closed(struct out *o)
{
	int fd = o->owned ? o->fd : dup(o->fd);

	if (o->owned)
		o->fd = -1;
	if (fd < 0 || close(fd) < 0)
		return err_sys(ERR_IO, "%s: close", o->name);
	return 0;
}

int out_commit(struct out *o)
{
	int r = out_flush(o);

	if (r == 0 && o->folder)
		r = put_in_place(o);
	if (r == 0)
		r = closed(o);
	out_abort(o);
	return r;
}

void out_abort(struct out *o)
{
	if (!o)
		return;
	if (o->held[0] >= 0) {
		close(o->held[0]);
		close(o->held[1]);
	}
	if (o->owned && o->fd >= 0)
		close(o->fd);
	if (o->hidden) {
		unlink(o->hidden);
		hidden_remove(o->hidden);
	}
	mem_free(o->mem, o->buf);
	free(o->hidden);
	free(o->folder);
	free(o->name);
	free(o);
}

int out_fd(const struct out *o)
{
	return o->fd;
}

uint64_t out_total(const struct out *o)
{
	return o->total;
}

bool out_is_terminal(const struct out *o)
{
	return isatty(o->fd);
}
