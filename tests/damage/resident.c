/* tests/damage/resident.c - the store's files, open and mapped once for all questions
 *
 * What a reader opens through io/backend is answered from here: the descriptor that is
 * open already, the mapping that is there already (read only: a reader that writes is
 * ended by it).  A name that is not here, one whose file changed its length or was
 * replaced, what writes: the backend of the directory, as ever.  The bytes are the
 * file's, so that a process of its own sees the same.
 *
 * While answers are learned, the mappings are out of reach: each first touch of a page is
 * a signal that notes it.  A question that never looks at a page of the right store does
 * the same, up to the first look, in a store that differs in that page alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "io/backend.h"
#include "tests/damage/damage.h"

#define PAGE 4096

struct kept_file {
	const char *name;	/* below the store */
	size_t len;
	uint8_t *map;
	int fd;			/* the questions' */
};

static struct resident {
	struct kept_file *file;	/* as `files` */
	bool on;
} resident;

struct handle {
	struct backend b;
	struct backend *real;	/* opened when it is needed */
};

struct resident_file {
	struct file f;
	const struct kept_file *kept;
};

int __real_backend_local(struct backend **out, const char *path, bool write);
int __wrap_backend_local(struct backend **out, const char *path, bool write);
int __real_madvise(void *p, size_t len, int advice);
int __wrap_madvise(void *p, size_t len, int advice);

static struct handle *handle_of(struct backend *b)
{
	return (struct handle *)b;
}

static int real_of(struct backend *b, struct backend **out)
{
	struct handle *h = handle_of(b);
	int r = h->real ? 0 : __real_backend_local(&h->real, b->path, false);

	*out = h->real;
	return r;
}

/* --- the table --- */

static const struct kept_file *kept_named(const char *name)
{
	for (unsigned i = 0; i < file_n; i++)
		if (resident.file[i].map && !shared->hidden[i] &&
		    !strcmp(resident.file[i].name, name))
			return &resident.file[i];
	return NULL;
}

static int resident_open(struct backend *b, const char *name, unsigned flags,
			 struct file **out)
{
	const struct kept_file *k = flags & FILE_WRITE ? NULL : kept_named(name);
	struct resident_file *f;
	struct backend *real;
	int r;

	if (!k) {
		shared->wrote |= (flags & FILE_WRITE) != 0;
		r = real_of(b, &real);
		return r < 0 ? r : real->ops->open(real, name, flags, out);
	}
	f = calloc(1, sizeof *f);
	if (!f)
		return err_set(ERR_MEMORY, "out of memory");
	f->kept = k;
	f->f = (struct file){ .backend = b, .name = strdup(name), .align = 1,
		.fd = shared->tracing ? -1 : k->fd, .opened_len = k->len };
	if (shared->tracing)
		shared->looked[shared->question][k - resident.file] = true;
	*out = &f->f;
	return 0;
}

static const struct kept_file *kept_of(const struct file *f)
{
	return ((const struct resident_file *)f)->kept;
}

static void resident_close(struct file *f)
{
	free(f->name);
	free(f);
}

static ssize_t resident_read(struct file *f, void *buf, size_t len, uint64_t off)
{
	const struct kept_file *k = kept_of(f);

	if (off >= k->len)
		return 0;
	len = len < k->len - off ? len : k->len - off;
	memcpy(buf, k->map + off, len);
	return (ssize_t)len;
}

static int resident_size(struct file *f, uint64_t *out)
{
	*out = kept_of(f)->len;
	return 0;
}

/* As the directory's backend says it. */
static int resident_stamp(struct file *f, struct file_stamp *out)
{
	struct stat st;

	if (fstat(kept_of(f)->fd, &st) < 0)
		return err_sys(ERR_IO, "%s/%s: stat", f->backend->path, f->name);
	out->identity = (uint64_t)st.st_ino ^ (uint64_t)st.st_dev << 40;
	out->changed_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
			  (uint64_t)st.st_mtim.tv_nsec;
	out->links = st.st_nlink;
	return 0;
}

static int resident_map(struct file *f, size_t len, bool writable, void **out)
{
	if (writable || len > kept_of(f)->len)
		return err_set(ERR_BUG, "%s: a reader maps what it may not", f->name);
	*out = kept_of(f)->map;
	return 0;
}

static void resident_unmap(struct file *f, void *map, size_t len)
{
	(void)f;
	(void)map;
	(void)len;
}

static int no_write(struct file *f)
{
	return err_set(ERR_BUG, "%s: a reader writes", f->name);
}

static ssize_t resident_write(struct file *f, const void *buf, size_t len, uint64_t off)
{
	(void)buf;
	(void)len;
	(void)off;
	return no_write(f);
}

static int resident_resize(struct file *f, uint64_t size)
{
	(void)size;
	return no_write(f);
}

static int resident_reserve(struct file *f, uint64_t off, uint64_t len)
{
	(void)off;
	(void)len;
	return no_write(f);
}

/* --- names and locks: what reads need, by the directory itself --- */

static bool anything_hidden(void)
{
	for (unsigned i = 0; i < file_n; i++)
		if (shared->hidden[i])
			return true;
	return false;
}

static bool has_folder(const char *dir)
{
	static const char *const folders[] = { "wal", "seg", "snap", "tmp" };

	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(dir, folders[i]))
			return true;
	return false;
}

/* Of a folder that has all its files. */
static int resident_list(struct backend *b, const char *dir,
			 int (*each)(void *, const char *), void *ctx)
{
	size_t n = strlen(dir);
	struct backend *real;
	int r = 0;

	if (!has_folder(dir) || anything_hidden()) {
		r = real_of(b, &real);
		return r < 0 ? r : real->ops->list(real, dir, each, ctx);
	}
	for (unsigned i = 0; r == 0 && i < file_n; i++) {
		const char *name = files[i].name + 2;

		if (!strncmp(files[i].name, "s/", 2) && !strncmp(name, dir, n) &&
		    name[n] == '/')
			r = each(ctx, name + n + 1);
	}
	return r;
}

static int resident_lock(struct backend *b, unsigned what, int mode, uint64_t wait_ns)
{
	(void)b;
	(void)what;
	(void)mode;
	(void)wait_ns;
	return 0;
}

static void resident_unlock(struct backend *b, unsigned what)
{
	(void)b;
	(void)what;
}

static void resident_note(struct backend *b, unsigned what, const char *tool)
{
	(void)b;
	(void)what;
	(void)tool;
}

static void resident_end(struct backend *b)
{
	backend_close(handle_of(b)->real);
	free(b->path);
	free(b);
}

static const struct backend_ops resident_ops = {
	.open = resident_open, .close = resident_close, .read = resident_read,
	.write = resident_write, .flush = no_write, .resize = resident_resize,
	.reserve = resident_reserve, .size = resident_size, .stamp = resident_stamp,
	.map = resident_map, .unmap = resident_unmap, .list = resident_list,
	.lock = resident_lock, .unlock = resident_unlock, .note = resident_note,
	.close_backend = resident_end,
};

int __wrap_backend_local(struct backend **out, const char *path, bool write)
{
	struct handle *h;

	if (!resident.on || write || strcmp(path, "s"))
		return __real_backend_local(out, path, write);
	h = calloc(1, sizeof *h);
	if (!h)
		return err_set(ERR_MEMORY, "out of memory");
	h->b.ops = &resident_ops;
	h->b.caps = BACKEND_MAPS | BACKEND_DESCRIPTORS;
	h->b.read_only = true;
	h->b.path = strdup(path);
	*out = &h->b;
	return 0;
}

static const struct kept_file *kept_at(const void *p)
{
	for (unsigned i = 0; i < file_n && resident.file; i++)
		if (resident.file[i].map && (const uint8_t *)p >= resident.file[i].map &&
		    (const uint8_t *)p < resident.file[i].map + resident.file[i].len)
			return &resident.file[i];
	return NULL;
}

/* Advice about our mappings would only take their pages away. */
int __wrap_madvise(void *p, size_t len, int advice)
{
	return kept_at(p) ? 0 : __real_madvise(p, len, advice);
}

/* --- which pages a question looks at --- */

static void on_touch(int sig, siginfo_t *info, void *context)
{
	const struct kept_file *k = kept_at(info->si_addr);
	uint8_t *page;

	(void)context;
	if (!k) {
		signal(sig, SIG_DFL);
		return;
	}
	page = k->map + ((const uint8_t *)info->si_addr - k->map) / PAGE * PAGE;
	shared->touched[shared->question][page_of(&files[k - resident.file],
						  (size_t)(page - k->map))] = true;
	mprotect(page, PAGE, PROT_READ);
}

void resident_trace(bool on)
{
	struct sigaction sa = { .sa_sigaction = on_touch, .sa_flags = SA_SIGINFO };

	if (!on)
		sa = (struct sigaction){ .sa_handler = SIG_DFL };
	sigaction(SIGSEGV, &sa, NULL);
	shared->tracing = on;
	for (unsigned i = 0; i < file_n; i++)
		if (resident.file[i].map)
			mprotect(resident.file[i].map, resident.file[i].len,
				 on ? PROT_NONE : PROT_READ);
}

/* --- begin --- */

static void take(struct kept_file *k, const struct file_image *f)
{
	char path[700];
	int fd;

	if (strncmp(f->name, "s/", 2) || f->len == 0)
		return;
	snprintf(path, sizeof path, "%s/%s", place, f->name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	k->fd = here_own_descriptor(fd);
	k->len = f->len;
	k->name = f->name + 2;
	k->map = mmap(NULL, f->len, PROT_READ, MAP_SHARED | MAP_POPULATE, k->fd, 0);
	if (k->map == MAP_FAILED)
		stand_fail("%s: map", f->name);
}

void resident_begin(void)
{
	resident.file = calloc(file_n, sizeof *resident.file);
	for (unsigned i = 0; i < file_n; i++)
		take(&resident.file[i], &files[i]);
	resident.on = true;
}

void resident_off(void)
{
	resident.on = false;
}
