/* cmd/walcheck/plain.c - a log file alone
 *
 * A store's backend refuses links, other owners and folders that anyone may write
 * to; a copied log may be all of that, and is only read.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/walcheck/walcheck.h"

struct plain {
	struct backend backend;
	struct file file;
	char *folder, *name;
};

static ssize_t plain_read(struct file *f, void *buf, size_t len, uint64_t off)
{
	ssize_t n;

	do
		n = pread(f->fd, buf, len, (off_t)off);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(ERR_IO, "%s/%s: offset %llu: read", f->backend->path, f->name,
			       (unsigned long long)off);
	return n;
}

static int plain_size(struct file *f, uint64_t *out)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return err_sys(ERR_IO, "%s/%s: size", f->backend->path, f->name);
	*out = (uint64_t)st.st_size;
	return 0;
}

static const struct backend_ops ops = { .read = plain_read, .size = plain_size };

/* "a/b.wal" is "a" and "b.wal", "b.wal" is "." and "b.wal". */
static int split(struct plain *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 1;

	p->folder = mem_zalloc(NULL, n + 1);
	p->name = mem_zalloc(NULL, strlen(path) + 1);
	if (!p->folder || !p->name)
		return ERR_MEMORY;
	memcpy(p->folder, slash ? path : ".", n);
	strcpy(p->name, slash ? slash + 1 : path);
	p->backend.ops = &ops;
	p->backend.path = p->folder;
	p->backend.read_only = true;
	p->file.backend = &p->backend;
	p->file.name = p->name;
	p->file.align = 1;
	return 0;
}

static int open_it(struct plain *p, const char *path)
{
	struct stat st;

	p->file.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (p->file.fd < 0)
		return err_sys(errno == ENOENT || errno == ENOTDIR ? ERR_NO_FILE : ERR_IO,
			       "%s", path);
	if (fstat(p->file.fd, &st) < 0)
		return err_sys(ERR_IO, "%s", path);
	if (!S_ISREG(st.st_mode)) {
		int r = err_set(ERR_USAGE, "%s: is not a regular file", path);

		if (S_ISDIR(st.st_mode))
			err_hint("a store is checked with: strato-walcheck -s '%s'", path);
		return r;
	}
	return 0;
}

int plain_open(struct plain **out, const char *path)
{
	struct plain *p = mem_zalloc(NULL, sizeof *p);
	int r;

	if (!p)
		return ERR_MEMORY;
	p->file.fd = -1;
	r = split(p, path);
	if (r == 0)
		r = open_it(p, path);
	if (r < 0)
		plain_close(p);
	else
		*out = p;
	return r;
}

struct file *plain_file(struct plain *p)
{
	return &p->file;
}

void plain_close(struct plain *p)
{
	if (!p)
		return;
	if (p->file.fd >= 0)
		close(p->file.fd);
	mem_free(NULL, p->folder);
	mem_free(NULL, p->name);
	mem_free(NULL, p);
}
