/* io/file.c */
#include "io/file.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"

const char *file_path(const struct file *f)
{
	static _Thread_local char text[4][1024];
	static _Thread_local unsigned turn;
	char *t = text[turn++ % 4];

	snprintf(t, sizeof text[0], "%s/%s", f->backend->path, f->name);
	return t;
}

static int aligned(const struct file *f, const void *buf, size_t len, uint64_t off)
{
	uint64_t all = (uint64_t)(uintptr_t)buf | len | off;

	return !f->direct || all % f->align == 0;
}

ssize_t file_read_some(struct file *f, void *buf, size_t len, uint64_t off)
{
	size_t done = 0;
	ssize_t n;

	assert(aligned(f, buf, len, off));
	while (done < len) {
		n = f->backend->ops->read(f, (uint8_t *)buf + done, len - done, off + done);
		if (n < 0)
			return n;
		done += (size_t)n;
		/* a direct read that ends between two borders was at the end */
		if (n == 0 || (f->direct && done % f->align))
			break;
	}
	return (ssize_t)done;
}

int file_read(struct file *f, void *buf, size_t len, uint64_t off)
{
	ssize_t n = file_read_some(f, buf, len, off);

	if (n < 0)
		return (int)n;
	if ((size_t)n < len)
		return err_set(ERR_DAMAGED, "%s: ends at byte %" PRIu64 ", where %zu more are due",
			       file_path(f), off + (uint64_t)n, len - (size_t)n);
	return 0;
}

int file_write(struct file *f, const void *buf, size_t len, uint64_t off)
{
	size_t done = 0;
	ssize_t n;

	assert(aligned(f, buf, len, off));
	while (done < len) {
		n = f->backend->ops->write(f, (const uint8_t *)buf + done, len - done,
					   off + done);
		if (n < 0)
			return (int)n;
		if (n == 0 || (f->direct && (done + (size_t)n) % f->align))
			return err_set(ERR_IO, "%s: offset %" PRIu64 ": write: only %zd of %zu bytes",
				       file_path(f), off + done, n, len - done);
		done += (size_t)n;
	}
	return 0;
}

int file_flush(struct file *f)
{
	return f->backend->ops->flush(f);
}

void file_forget(struct file *f, uint64_t off, uint64_t len)
{
	if (f->fd >= 0)
		posix_fadvise(f->fd, (off_t)off, (off_t)len, POSIX_FADV_DONTNEED);
}

int file_size(struct file *f, uint64_t *out)
{
	return f->backend->ops->size(f, out);
}

int file_stamp(struct file *f, struct file_stamp *out)
{
	if (!f->backend->ops->stamp)
		return err_set(ERR_UNAVAILABLE, "%s: this backend keeps no stamps",
			       f->backend->path);
	return f->backend->ops->stamp(f, out);
}

int file_resize(struct file *f, uint64_t size)
{
	return f->backend->ops->resize(f, size);
}

int file_reserve(struct file *f, uint64_t off, uint64_t len)
{
	return len ? f->backend->ops->reserve(f, off, len) : 0;
}

int file_map(struct file *f, size_t len, bool writable, void **out)
{
	if (!(f->backend->caps & BACKEND_MAPS))
		return err_set(ERR_UNAVAILABLE, "%s: this backend has no mappings", file_path(f));
	if (len == 0)
		return err_set(ERR_BUG, "%s: a mapping of nothing", file_path(f));
	return f->backend->ops->map(f, len, writable, out);
}

void file_unmap(struct file *f, void *map, size_t len)
{
	if (map)
		f->backend->ops->unmap(f, map, len);
}

int file_slurp(struct backend *b, const char *name, size_t most, struct buf *out)
{
	struct file *f = NULL;
	uint64_t size;
	ssize_t n;
	int r;

	r = backend_open(b, name, 0, &f);
	if (r < 0)
		return r;
	size = f->opened_len;		/* small files are replaced, they do not grow */
	if (size == 0)
		r = file_size(f, &size);
	if (r == 0 && size > most)
		r = err_set(ERR_DAMAGED, "%s: %" PRIu64 " bytes, where at most %zu can be",
			    file_path(f), size, most);
	if (r == 0)
		r = buf_reserve(out, (size_t)size);
	if (r < 0)
		goto out;
	n = file_read_some(f, out->ptr + out->len, (size_t)size, 0);
	if (n < 0)
		r = (int)n;
	else
		out->len += (size_t)n;
out:
	file_close(f);
	return r;
}

/* A new file in tmp/ that nobody else has, its name in TMP. */
static int tmp_create(struct backend *b, const char *name, char tmp[256], struct file **out)
{
	const char *slash = strrchr(name, '/');
	int r = ERR_EXISTS;

	/* a leftover of a process that had our number: try the next */
	for (unsigned n = 0; r == ERR_EXISTS && n < 1000; n++) {
		snprintf(tmp, 256, "tmp/%s.%d.%u", slash ? slash + 1 : name, (int)getpid(), n);
		r = backend_open(b, tmp, FILE_WRITE | FILE_CREATE, out);
	}
	return r;
}

static int tmp_publish(struct backend *b, const char *tmp, const char *name)
{
	char dir[256] = "";
	const char *slash = strrchr(name, '/');
	int r = backend_rename(b, tmp, name);

	if (slash)
		snprintf(dir, sizeof dir, "%.*s", (int)(slash - name), name);
	return r < 0 ? r : backend_sync_dir(b, dir);
}

int file_replace(struct backend *b, const char *name, const void *ptr, size_t len)
{
	struct err_note note;
	struct file *f = NULL;
	char tmp[256];
	int r;

	r = tmp_create(b, name, tmp, &f);
	if (r < 0)
		return r;
	r = file_write(f, ptr, len, 0);
	if (r == 0)
		r = file_flush(f);
	file_close(f);
	if (r == 0)
		r = tmp_publish(b, tmp, name);
	if (r < 0) {
		err_take(&note, r);
		backend_remove(b, tmp);		/* its own failure says nothing new */
		err_give(&note);
	}
	return r;
}
