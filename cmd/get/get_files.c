/* cmd/get/get_files.c */
#include "cmd/get/get_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/progress.h"

#define PIECE (256u << 10)
#define MODE 0666		/* of files, less the umask: what was in the store is the user's */

struct writing {
	struct cli *cli;
	struct store *store;
	struct snapshot *snap;
	struct bytes prefix;
	const char *into;
	int top;			/* INTO */
	uint8_t *piece;
	uint64_t file_n, missing_n;
	struct progress progress;
};

/* --- where --- */

static int no_path(struct bytes key)
{
	err_set(ERR_BAD_RECORD, "the key \"%s\" is no path of a file below a directory",
		bytes_show(key));
	err_hint("-p takes a prefix off the keys; strato-get KEY -o FILE writes one value");
	return ERR_BAD_RECORD;
}

static bool is_name(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..");
}

/* PATH, a NUL behind it, cut at its slashes; the number of names, or an error. */
static int cut(char path[PATH_MAX], struct bytes key, struct bytes prefix)
{
	struct bytes rest = bytes_of(key.ptr + prefix.len, key.len - prefix.len);
	int n = 1;

	if (!rest.len || rest.len >= PATH_MAX || memchr(rest.ptr, 0, rest.len))
		return no_path(key);
	memcpy(path, rest.ptr, rest.len);
	path[rest.len] = '\0';
	for (size_t i = 0; i < rest.len; i++)
		if (path[i] == '/') {
			path[i] = '\0';
			n++;
		}
	for (const char *at = path; at <= path + rest.len; at += strlen(at) + 1)
		if (!is_name(at) || strlen(at) > NAME_MAX)
			return no_path(key);
	return n;
}

static int enter(const struct writing *w, int dir, const char *name, struct bytes key)
{
	int fd;

	if (mkdirat(dir, name, 0777) < 0 && errno != EEXIST)
		return err_sys(ERR_IO, "%s: %s: making a directory", w->into, bytes_show(key));
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ENOTDIR || errno == ELOOP)
		return err_set(ERR_UNTRUSTED, "%s: %s: \"%s\" there is no directory", w->into,
			       bytes_show(key), bytes_show(bytes_str(name)));
	return err_sys(ERR_IO, "%s: %s: open", w->into, bytes_show(key));
}

/* The directory of the last of N names, which *NAME is. */
static int descend(const struct writing *w, const char *path, int n, struct bytes key,
		   const char **name)
{
	int dir = dup(w->top), next;

	if (dir < 0)
		return err_sys(ERR_RESOURCE, "%s", w->into);
	for (; n > 1; n--, path += strlen(path) + 1) {
		next = enter(w, dir, path, key);
		close(dir);
		if (next < 0)
			return next;
		dir = next;
	}
	*name = path;
	return dir;
}

/* --- what --- */

static int write_all(int fd, const uint8_t *ptr, size_t len)
{
	while (len) {
		ssize_t n = write(fd, ptr, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(ERR_IO, "write");
		ptr += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_value(struct writing *w, int fd, const struct entry *e)
{
	struct value *v = NULL;
	uint64_t off = 0;
	int r = value_open(&v, w->store, e);

	while (r == 0 && off < e->size) {
		size_t cap = e->size - off < PIECE ? (size_t)(e->size - off) : PIECE;
		long n = value_read(v, off, w->piece, cap);

		if (n <= 0) {
			r = n < 0 ? (int)n : err_set(ERR_DAMAGED, "a value ends at byte %llu",
						     (unsigned long long)off);
			break;
		}
		r = write_all(fd, w->piece, (size_t)n);
		off += (uint64_t)n;
		w->progress.bytes += (uint64_t)n;
	}
	value_close(v);
	return r;
}

/* Beside its name, then in its place: what was there is replaced, a link too. */
static int write_file(struct writing *w, int dir, const char *name, const struct entry *e)
{
	char beside[64];
	int fd, r;

	snprintf(beside, sizeof beside, ".strato-%016llx.tmp",
		 (unsigned long long)clock_random());
	fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd < 0)
		return err_sys(ERR_IO, "%s: %s: create", w->into, bytes_show(e->key));
	r = write_value(w, fd, e);
	if (close(fd) < 0 && r == 0)
		r = err_sys(ERR_IO, "%s: %s: close", w->into, bytes_show(e->key));
	if (r == 0 && renameat(dir, beside, dir, name) < 0)
		r = err_sys(ERR_IO, "%s: %s: rename", w->into, bytes_show(e->key));
	if (r < 0)
		unlinkat(dir, beside, 0);
	return r;
}

static int one_entry(struct writing *w, const struct entry *e)
{
	char path[PATH_MAX];
	const char *name = NULL;
	int dir, r = cut(path, e->key, w->prefix);

	if (r < 0)
		return r;
	dir = descend(w, path, r, e->key, &name);
	if (dir < 0)
		return dir;
	r = write_file(w, dir, name, e);
	close(dir);
	if (r == 0) {
		w->progress.items = ++w->file_n;
		progress_look(&w->progress);
	}
	return r;
}

/* --- which --- */

static int asked_for(struct writing *w, const char *key)
{
	struct entry e;
	int r = 0;

	for (; r == 0 && key && !cli_stopped(); key = cli_operand_if_any(w->cli)) {
		struct bytes k = bytes_str(key);

		if (k.len < w->prefix.len || memcmp(k.ptr, w->prefix.ptr, w->prefix.len))
			return no_path(k);
		r = snapshot_get(w->snap, 0, k, &e);
		if (r == 0)
			w->missing_n++;
		else if (r == 1)
			r = one_entry(w, &e);
	}
	return r;
}

static int all_of_them(struct writing *w)
{
	const struct scan_options o = { .prefix = w->prefix };
	struct iter *it;
	struct entry e;
	int r = snapshot_scan(w->snap, &o, &it);

	if (r < 0)
		return r;
	while (r == 0 && !cli_stopped() && (r = iter_next(it, &e)) == 1)
		r = one_entry(w, &e);
	iter_close(it);
	return r;
}

static int open_top(struct writing *w)
{
	if (mkdir(w->into, 0777) < 0 && errno != EEXIST)
		return err_sys(errno == ENOENT ? ERR_NO_FILE : ERR_IO, "%s", w->into);
	w->top = open(w->into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->top < 0 ? err_sys(errno == ENOTDIR ? ERR_NO_FILE : ERR_IO, "%s", w->into) : 0;
}

static int finish(struct writing *w, int r)
{
	if (w->top >= 0 && w->file_n && syncfs(w->top) < 0 && r == 0)
		r = err_sys(ERR_IO, "%s: sync", w->into);
	if (cli_stopped())
		cli_say(w->cli, "stopped: %llu files are written",
			(unsigned long long)w->file_n);
	if (r == 0 && w->missing_n)
		r = err_set(ERR_ABSENT, "%llu keys are not there",
			    (unsigned long long)w->missing_n);
	return r;
}

int get_files(struct cli *c, struct store *s, struct snapshot *v, const struct get_files *f)
{
	struct writing w = {
		.cli = c, .store = s, .snap = v, .into = f->into, .top = -1,
		.prefix = bytes_str(f->prefix ? f->prefix : ""),
	};
	const char *key = cli_operand_if_any(c);
	int r = open_top(&w);

	w.piece = mem_alloc(NULL, PIECE);
	if (r == 0 && !w.piece)
		r = ERR_MEMORY;
	progress_begin(&w.progress, c, "files", 0);
	if (r == 0)
		r = key ? asked_for(&w, key) : all_of_them(&w);
	r = finish(&w, r);
	progress_end(&w.progress, NULL);
	mem_free(NULL, w.piece);
	if (w.top >= 0)
		close(w.top);
	return r;
}
