/* io/local.c - the backend of a directory on this machine
 *
 * A store may come from a stranger's archive, so nothing in it is followed: files
 * are opened through the directory's descriptor with no symbolic link anywhere on
 * the way, without waiting (a FIFO would), and looked at before they are used.
 * One openat2 and one statx open a file; folders keep a descriptor once something
 * other than an open (a rename, a sync) needed them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/err.h"
#include "io/backend.h"
#include "io/lock.h"

#define FOLDERS 16

struct local {
	struct backend b;
	int fd;			/* the store's directory */
	int lock_fd;		/* -1 until the first lock */
	uid_t me, owner;	/* whose files are trusted, and root's */
	uint32_t noted;		/* locks that carry our note */
	pthread_mutex_t mutex;	/* over lock_fd and folder */
	struct {
		char *name;
		int fd;
	} folder[FOLDERS];
	unsigned folder_n;
};

static const struct backend_ops local_ops;

static struct local *local_of(struct backend *b)
{
	return (struct local *)b;
}

static bool local_trusts(const struct local *l, uid_t uid)
{
	return uid == 0 || uid == l->me || uid == l->owner;
}

/* errno's words as a code: what a hostile or missing name can cause. */
static int local_fail(const struct local *l, int code, const char *name, const char *what)
{
	switch (errno) {
	case ENOENT:
		code = ERR_ABSENT;
		break;
	case EEXIST:
	case ENOTEMPTY:
		code = ERR_EXISTS;
		break;
	case EISDIR:
	case ENOTDIR:
	case ENXIO:
	case ENODEV:
	case EXDEV:			/* a name that leads out of the store */
		code = ERR_UNTRUSTED;
		break;
	}
	return err_sys(code, "%s/%s: %s", l->b.path, name, what);
}

/* --- folders --- */

/* Does it stay in the directory it is looked up in?  What openat2 is asked to see to. */
static bool stays_inside(const char *name)
{
	if (name[0] == '/')
		return false;
	for (const char *part = name; part; part = strchr(part, '/')) {
		part += part != name;
		if (!strncmp(part, "..", 2) && (part[2] == '/' || part[2] == '\0'))
			return false;
	}
	return true;
}

/* Where no openat2 is: one component after the other, none of them a link. */
static int walk(int at, const char *dir, size_t len)
{
	int fd = -1, next;

	for (size_t i = 0; i < len; ) {
		size_t n = 0;
		char part[256];

		while (i + n < len && dir[i + n] != '/')
			n++;
		memcpy(part, dir + i, n);
		part[n] = '\0';
		next = openat(fd < 0 ? at : fd, part,
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
		if (next < 0)
			return -1;
		fd = next;
		i += n + 1;
	}
	return fd;
}

static int folder_open(struct local *l, const char *dir, size_t len)
{
	struct stat st;
	int fd;

	if (!stays_inside(dir)) {
		errno = EXDEV;
		return local_fail(l, ERR_IO, dir, "open the folder");
	}
	if (l->folder_n == FOLDERS)
		return err_set(ERR_BUG, "%s: over %d folders", l->b.path, FOLDERS);
	fd = walk(l->fd, dir, len);
	if (fd < 0)
		return local_fail(l, ERR_IO, dir, "open the folder");
	if (fstat(fd, &st) < 0 || !local_trusts(l, st.st_uid)) {
		close(fd);
		return err_set(ERR_UNTRUSTED, "%s/%s: the folder is another user's",
			       l->b.path, dir);
	}
	l->folder[l->folder_n].name = strndup(dir, len);
	if (!l->folder[l->folder_n].name) {
		close(fd);
		return err_set(ERR_MEMORY, "out of memory");
	}
	l->folder[l->folder_n++].fd = fd;
	return fd;
}

/* The descriptor of the folder named by DIR's first LEN bytes; it stays ours. */
static int folder(struct local *l, const char *dir, size_t len)
{
	int fd = -1;

	if (len == 0)
		return l->fd;
	pthread_mutex_lock(&l->mutex);
	for (unsigned i = 0; i < l->folder_n && fd < 0; i++)
		if (strlen(l->folder[i].name) == len && !memcmp(l->folder[i].name, dir, len))
			fd = l->folder[i].fd;
	if (fd < 0)
		fd = folder_open(l, dir, len);
	pthread_mutex_unlock(&l->mutex);
	return fd;
}

/* The folder of NAME, and in *BASE what follows it. */
static int folder_of(struct local *l, const char *name, const char **base)
{
	const char *slash = strrchr(name, '/');

	*base = slash ? slash + 1 : name;
	return folder(l, name, slash ? (size_t)(slash - name) : 0);
}

/* --- files --- */

static int open_walking(struct local *l, const char *name, int how)
{
	const char *base = strrchr(name, '/');
	int at = l->fd, fd, e;

	if (!stays_inside(name)) {
		errno = EXDEV;
		return -1;
	}
	if (base)
		at = walk(l->fd, name, (size_t)(base - name));
	if (at < 0)
		return -1;
	fd = openat(at, base ? base + 1 : name, how, 0600);
	e = errno;
	if (base)
		close(at);
	errno = e;
	return fd;
}

static int open_beneath(struct local *l, const char *name, int how)
{
	struct open_how oh = { .flags = (uint64_t)how,
			       .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH };
	int fd;

	if (how & O_CREAT)
		oh.mode = 0600;
	do {
		fd = (int)syscall(SYS_openat2, l->fd, name, &oh, sizeof oh);
		if (fd < 0 && (errno == ENOSYS || errno == EPERM))
			fd = open_walking(l, name, how);
	} while (fd < 0 && errno == EINTR);
	return fd;
}

static int trusted(const struct local *l, const char *name, unsigned flags,
		   const struct statx *st)
{
	if (!S_ISREG(st->stx_mode))
		return err_set(ERR_UNTRUSTED, "%s/%s: is not a regular file",
			       l->b.path, name);
	if (!local_trusts(l, st->stx_uid))
		return err_set(ERR_UNTRUSTED, "%s/%s: belongs to another user",
			       l->b.path, name);
	/* none at all is fine: it was replaced while we opened it */
	if (st->stx_nlink > 1 && !(flags & FILE_LINKED))
		return err_set(ERR_UNTRUSTED, "%s/%s: has %u links",
			       l->b.path, name, (unsigned)st->stx_nlink);
	return 0;
}

static int look(int fd, struct statx *st)
{
	struct stat old;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_DIOALIGN, st) == 0)
		return 0;
	if (errno != ENOSYS && errno != EPERM)
		return -1;
	if (fstat(fd, &old) < 0)
		return -1;
	memset(st, 0, sizeof *st);
	st->stx_mode = (uint16_t)old.st_mode;
	st->stx_uid = old.st_uid;
	st->stx_size = (uint64_t)old.st_size;
	st->stx_nlink = (uint32_t)old.st_nlink;
	return 0;
}

/* Settles whether the file is direct, and how its calls must be aligned. */
static void settle_direct(struct file *f, unsigned flags, const struct statx *st, bool is_set)
{
	unsigned align = DISK_PAGE;

	f->align = 1;
	if (!(flags & FILE_DIRECT))
		return;
	if (st->stx_mask & STATX_DIOALIGN)
		align = st->stx_dio_mem_align > st->stx_dio_offset_align ?
			st->stx_dio_mem_align : st->stx_dio_offset_align;
	if (st->stx_mask & STATX_DIOALIGN && st->stx_dio_offset_align == 0)
		align = 0;
	f->direct = align != 0 && align <= DISK_PAGE;
	if (f->direct != is_set &&
	    fcntl(f->fd, F_SETFL, f->direct ? O_DIRECT : 0) < 0)
		f->direct = is_set;
	if (f->direct)
		f->align = align && align <= DISK_PAGE ? align : DISK_PAGE;
}

static int file_made(struct file *f, const char *name, unsigned flags, bool is_set)
{
	struct local *l = local_of(f->backend);
	struct statx st;
	int r;

	if (look(f->fd, &st) < 0)
		return local_fail(l, ERR_IO, name, "stat");
	r = trusted(l, name, flags, &st);
	if (r < 0)
		return r;
	f->name = strdup(name);
	if (!f->name)
		return err_set(ERR_MEMORY, "out of memory");
	f->opened_len = st.stx_size;
	settle_direct(f, flags, &st, is_set);
	return 0;
}

static int local_open(struct backend *b, const char *name, unsigned flags, struct file **out)
{
	int how = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	struct local *l = local_of(b);
	struct file *f;
	int r;

	f = calloc(1, sizeof *f);
	if (!f)
		return err_set(ERR_MEMORY, "out of memory");
	f->backend = b;
	how |= flags & FILE_WRITE ? O_RDWR : O_RDONLY;
	/* a refused O_DIRECT may leave the new file behind: ask for it later */
	how |= flags & FILE_CREATE ? O_CREAT | O_EXCL : flags & FILE_DIRECT ? O_DIRECT : 0;
	f->fd = open_beneath(l, name, how);
	if (f->fd < 0 && errno == EINVAL && how & O_DIRECT) {
		how &= ~O_DIRECT;
		f->fd = open_beneath(l, name, how);
	}
	if (f->fd < 0)
		r = local_fail(l, flags & FILE_CREATE ? ERR_CREATE : ERR_IO, name, "open");
	else
		r = file_made(f, name, flags, (how & O_DIRECT) != 0);
	if (r < 0)
		file_close(f);
	else
		*out = f;
	return r;
}

static void local_close(struct file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->name);
	free(f);
}

static ssize_t local_read(struct file *f, void *buf, size_t len, uint64_t off)
{
	ssize_t n;

	do {
		n = pread(f->fd, buf, len, (off_t)off);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(ERR_IO, "%s/%s: offset %llu: read", f->backend->path,
			       f->name, (unsigned long long)off);
	return n;
}

static ssize_t local_write(struct file *f, const void *buf, size_t len, uint64_t off)
{
	ssize_t n;

	do {
		n = pwrite(f->fd, buf, len, (off_t)off);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(ERR_IO, "%s/%s: offset %llu: write", f->backend->path,
			       f->name, (unsigned long long)off);
	return n;
}

static int local_flush(struct file *f)
{
	if (fdatasync(f->fd) < 0)
		return err_sys(ERR_IO, "%s/%s: flush", f->backend->path, f->name);
	return 0;
}

static int local_resize(struct file *f, uint64_t size)
{
	int r;

	do {
		r = ftruncate(f->fd, (off_t)size);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(ERR_IO, "%s/%s: set the size", f->backend->path, f->name);
	return 0;
}

static int local_reserve(struct file *f, uint64_t off, uint64_t len)
{
	int e;

	do {
		e = posix_fallocate(f->fd, (off_t)off, (off_t)len);
	} while (e == EINTR);
	errno = e;
	if (e)
		return err_sys(ERR_IO, "%s/%s: reserve space", f->backend->path, f->name);
	return 0;
}

static int local_size(struct file *f, uint64_t *out)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return err_sys(ERR_IO, "%s/%s: stat", f->backend->path, f->name);
	*out = (uint64_t)st.st_size;
	return 0;
}

static int local_stamp(struct file *f, struct file_stamp *out)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return err_sys(ERR_IO, "%s/%s: stat", f->backend->path, f->name);
	out->identity = (uint64_t)st.st_ino ^ (uint64_t)st.st_dev << 40;
	out->changed_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
			  (uint64_t)st.st_mtim.tv_nsec;
	out->links = st.st_nlink;
	return 0;
}

static int local_map(struct file *f, size_t len, bool write, void **out)
{
	void *p = mmap(NULL, len, write ? PROT_READ | PROT_WRITE : PROT_READ,
		       MAP_SHARED, f->fd, 0);

	if (p == MAP_FAILED)
		return err_sys(ERR_IO, "%s/%s: map", f->backend->path, f->name);
	*out = p;
	return 0;
}

static void local_unmap(struct file *f, void *map, size_t len)
{
	(void)f;
	munmap(map, len);
}

/* --- names --- */

static int local_rename(struct backend *b, const char *from, const char *to)
{
	struct local *l = local_of(b);
	const char *from_base, *to_base;
	int from_fd = folder_of(l, from, &from_base);
	int to_fd = from_fd < 0 ? from_fd : folder_of(l, to, &to_base);

	if (to_fd < 0)
		return to_fd;
	if (renameat(from_fd, from_base, to_fd, to_base) < 0)
		return local_fail(l, ERR_IO, from, "rename");
	return 0;
}

static int local_remove(struct backend *b, const char *name)
{
	struct local *l = local_of(b);
	const char *base;
	int fd = folder_of(l, name, &base);

	if (fd < 0)
		return fd;
	if (unlinkat(fd, base, 0) < 0)
		return local_fail(l, ERR_IO, name, "remove");
	return 0;
}

static int local_mkdir(struct backend *b, const char *dir)
{
	struct local *l = local_of(b);
	const char *base;
	int fd = folder_of(l, dir, &base);

	if (fd < 0)
		return fd;
	if (mkdirat(fd, base, 0700) < 0)
		return local_fail(l, ERR_CREATE, dir, "make the folder");
	return 0;
}

/* The names in one block of getdents64(2). */
static int list_block(const uint8_t *block, size_t len,
		      int (*each)(void *, const char *name), void *ctx)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < len; ) {
		const struct dirent64 *e = (const void *)(block + at);

		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			r = each(ctx, e->d_name);
		at += e->d_reclen;
	}
	return r;
}

/* Not opendir: that makes three more calls, and every writer looks into tmp/. */
static int local_list(struct backend *b, const char *dir,
		      int (*each)(void *, const char *name), void *ctx)
{
	_Alignas(struct dirent64) uint8_t block[4096];
	struct local *l = local_of(b);
	int at = folder(l, dir, strlen(dir)), fd, r = 0;
	ssize_t n;

	if (at < 0)
		return at;
	fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);	/* its own position */
	if (fd < 0)
		return local_fail(l, ERR_IO, dir, "list");
	while (r == 0 && (n = getdents64(fd, block, sizeof block)) != 0) {
		if (n < 0 && errno == ENOENT)	/* it went meanwhile: not "none there" */
			errno = EIO;
		r = n < 0 ? local_fail(l, ERR_IO, dir, "list")
			  : list_block(block, (size_t)n, each, ctx);
	}
	close(fd);
	return r;
}

static int local_sync_dir(struct backend *b, const char *dir)
{
	struct local *l = local_of(b);
	int fd = folder(l, dir, strlen(dir));

	if (fd < 0)
		return fd;
	if (fsync(fd) < 0)
		return local_fail(l, ERR_IO, dir, "sync the folder");
	return 0;
}

/* By the numbers of linux/magic.h; a FUSE may be anything, so it counts. */
static const char *local_network(struct backend *b)
{
	static const struct {
		uint32_t type;
		const char *name;
	} known[] = {
		{ 0x6969, "nfs" }, { 0x517b, "smb" }, { 0xfe534d42, "smb2" },
		{ 0xff534d42, "cifs" }, { 0x65735546, "fuse" }, { 0x01021997, "9p" },
		{ 0x00c36400, "ceph" }, { 0x5346414f, "afs" }, { 0x6b414653, "kafs" },
		{ 0x73757245, "coda" }, { 0x0bd00bd0, "lustre" }, { 0x47504653, "gpfs" },
		{ 0x01161970, "gfs2" }, { 0x7461636f, "ocfs2" },
	};
	struct statfs fs;

	if (fstatfs(local_of(b)->fd, &fs) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if ((uint32_t)fs.f_type == known[i].type)
			return known[i].name;
	return NULL;
}

/* --- locks --- */

static int lock_file(struct local *l)
{
	int how = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, r;
	struct statx st;

	if (l->lock_fd >= 0)
		return l->lock_fd;
	l->lock_fd = open_beneath(l, "lock", how |
				  (l->b.read_only ? O_RDONLY : O_RDWR | O_CREAT));
	if (l->lock_fd < 0)
		return local_fail(l, ERR_IO, "lock", "open");
	if (look(l->lock_fd, &st) < 0)
		r = local_fail(l, ERR_IO, "lock", "stat");
	else
		r = trusted(l, "lock", 0, &st);
	if (r < 0) {
		close(l->lock_fd);
		l->lock_fd = -1;
		return r;
	}
	return l->lock_fd;
}

static int local_lock(struct backend *b, unsigned what, int mode, uint64_t wait_ns)
{
	struct local *l = local_of(b);
	int fd;

	pthread_mutex_lock(&l->mutex);
	fd = lock_file(l);
	pthread_mutex_unlock(&l->mutex);
	if (fd < 0)
		return fd;
	return lock_take(fd, what, mode == LOCK_EXCLUSIVE, wait_ns, b->path);
}

static void local_unlock(struct backend *b, unsigned what)
{
	struct local *l = local_of(b);

	if (what < 32 && l->noted & 1u << what) {
		lock_note(l->lock_fd, what, NULL);
		l->noted &= ~(1u << what);
	}
	lock_drop(l->lock_fd, what);
}

static void local_note(struct backend *b, unsigned what, const char *tool)
{
	struct local *l = local_of(b);

	if (l->lock_fd >= 0 && what < 32 && lock_note(l->lock_fd, what, tool))
		l->noted |= 1u << what;
}

/* --- the directory itself --- */

static void local_close_backend(struct backend *b)
{
	struct local *l = local_of(b);

	for (unsigned i = 0; i < l->folder_n; i++) {
		close(l->folder[i].fd);
		free(l->folder[i].name);
	}
	for (unsigned what = 0; what < 32; what++)
		if (l->noted & 1u << what)
			lock_note(l->lock_fd, what, NULL);
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	if (l->fd >= 0)
		close(l->fd);
	pthread_mutex_destroy(&l->mutex);
	free(b->path);
	free(l);
}

static int directory_checked(struct local *l, bool write)
{
	const char *path = l->b.path;
	struct stat st;

	if (fstat(l->fd, &st) < 0)
		return err_sys(ERR_IO, "%s: stat", path);
	l->owner = st.st_uid;
	l->me = geteuid();
	if (st.st_uid != 0 && st.st_uid != l->me && st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(ERR_UNTRUSTED,
			       "%s: belongs to another user, and others may write to it", path);
	if (write && faccessat(l->fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return err_sys(ERR_IO, "%s: open for writing", path);
	return 0;
}

static int directory_opened(struct local *l, bool write)
{
	const char *path = l->b.path;

	do {
		l->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} while (l->fd < 0 && errno == EINTR);
	if (l->fd >= 0)
		return directory_checked(l, write);
	if (errno == ENOENT)
		return err_set(ERR_NO_STORE, "%s: no store here", path);
	if (errno == ENOTDIR)
		return err_set(ERR_UNTRUSTED, "%s: is not a directory", path);
	return err_sys(ERR_IO, "%s: open", path);
}

int backend_local(struct backend **out, const char *path, bool write)
{
	struct local *l = calloc(1, sizeof *l);
	int r;

	if (!l)
		return err_set(ERR_MEMORY, "out of memory");
	l->fd = l->lock_fd = -1;
	pthread_mutex_init(&l->mutex, NULL);
	l->b.ops = &local_ops;
	l->b.caps = BACKEND_MAPS | BACKEND_DESCRIPTORS;
	l->b.read_only = !write;
	l->b.path = strdup(path);
	r = l->b.path ? directory_opened(l, write) : err_set(ERR_MEMORY, "out of memory");
	if (r < 0)
		local_close_backend(&l->b);
	else
		*out = &l->b;
	return r;
}

static const struct backend_ops local_ops = {
	.open = local_open, .close = local_close,
	.read = local_read, .write = local_write, .flush = local_flush,
	.resize = local_resize, .reserve = local_reserve, .size = local_size,
	.stamp = local_stamp, .network = local_network,
	.map = local_map, .unmap = local_unmap,
	.rename = local_rename, .remove = local_remove, .mkdir = local_mkdir,
	.list = local_list, .sync_dir = local_sync_dir,
	.lock = local_lock, .unlock = local_unlock, .note = local_note,
	.close_backend = local_close_backend,
};

/* The new folder's own name is durable once its parent is synced. */
static int sync_parent(const char *path)
{
	char *copy = strdup(path);
	int fd, r = 0;

	if (!copy)
		return err_set(ERR_MEMORY, "out of memory");
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		r = err_sys(ERR_IO, "%s: sync its folder", path);
	if (fd >= 0)
		close(fd);
	free(copy);
	return r;
}

int backend_local_create(struct backend **out, const char *path)
{
	struct stat st;
	int r;

	if (mkdir(path, 0700) < 0) {
		if (errno != EEXIST)
			return err_sys(ERR_CREATE, "%s: make the folder", path);
		if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
			return err_set(ERR_EXISTS, "%s: exists and is not a folder", path);
	}
	r = sync_parent(path);
	return r < 0 ? r : backend_local(out, path, true);
}
