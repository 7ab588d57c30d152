/* io/backend.h - the seam: where a store's files live
 *
 * store/ and graph/ reach storage only through this table.  Names are relative
 * to the store ("manifest", "wal/0000000001.wal", "seg/run-7.seg", "tmp/x");
 * they are made by the program, never from a key.  Backends: `local` (a
 * directory: local.c), `mem` (tests: mem_backend.c) and `fault`, a decorator
 * that fails, shortens, tears and forgets from a seed (fault.c).
 *
 * What a crash leaves, and every backend keeps to it: bytes written are durable
 * once file_flush() on that file returned 0; a name made, replaced or removed is
 * durable once backend_sync_dir() of its folder returned 0 (and the file's own
 * bytes only if they were flushed); anything else may or may not be there, in
 * any order, torn at 512 bytes.
 *
 * Errors are ERR_ codes with a message that names the file.  A call that was
 * interrupted is repeated inside; nothing else is ever repeated, a failed flush
 * least of all.
 */
#ifndef IO_BACKEND_H
#define IO_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct backend;
struct file;

enum file_flags {
	FILE_WRITE = 1,		/* else read only */
	FILE_CREATE = 2,	/* must not exist: ERR_EXISTS */
	FILE_DIRECT = 4,	/* direct I/O if this file system has it (file_is_direct says) */
	FILE_LINKED = 8,	/* more than one link is fine (segments: backups link them) */
};

enum backend_caps {
	BACKEND_MAPS = 1,	/* file_map works, and mappings are shared */
	BACKEND_DESCRIPTORS = 2,/* file_fd is a descriptor for libaio, splice */
};

/* What tells that a file is the same and was not written meanwhile: as fine as the
 * file system's clock, so a help beside locks, never instead of them. */
struct file_stamp {
	uint64_t identity;	/* of the file, whatever its name */
	uint64_t changed_ns;	/* last write */
	uint64_t links;		/* names it has: 0 when deleted or replaced */
};

struct backend_ops {
	int (*open)(struct backend *, const char *name, unsigned flags, struct file **);
	void (*close)(struct file *);
	/* At least 1 byte, or 0 at the end of the file; may be short. */
	ssize_t (*read)(struct file *, void *, size_t, uint64_t off);
	ssize_t (*write)(struct file *, const void *, size_t, uint64_t off);
	int (*flush)(struct file *);
	int (*resize)(struct file *, uint64_t size);
	int (*reserve)(struct file *, uint64_t off, uint64_t len);
	int (*size)(struct file *, uint64_t *);
	int (*stamp)(struct file *, struct file_stamp *);	/* NULL: has none */
	int (*map)(struct file *, size_t len, bool writable, void **);
	void (*unmap)(struct file *, void *, size_t len);
	int (*rename)(struct backend *, const char *from, const char *to);
	int (*remove)(struct backend *, const char *name);
	int (*mkdir)(struct backend *, const char *dir);
	int (*list)(struct backend *, const char *dir,
		    int (*each)(void *, const char *name), void *);
	int (*sync_dir)(struct backend *, const char *dir);
	int (*lock)(struct backend *, unsigned what, int mode, uint64_t wait_ns);
	void (*unlock)(struct backend *, unsigned what);
	void (*note)(struct backend *, unsigned what, const char *tool);
	const char *(*network)(struct backend *);	/* NULL: is on this machine */
	void (*close_backend)(struct backend *);
};

/* What every backend and every open file begins with. */
struct backend {
	const struct backend_ops *ops;
	unsigned caps;
	char *path;		/* for messages: the store's directory */
	bool read_only;		/* medium or permission: no lock, no write */
};

struct file {
	struct backend *backend;
	char *name;		/* relative; messages say backend->path/name */
	int fd;			/* -1 where there is none */
	bool direct;		/* reads and writes must be aligned: file_align */
	unsigned align;		/* bytes; 1 when not direct */
	uint64_t opened_len;	/* its length when it was opened, 0: not known */
};

/* A directory on this machine.  ERR_NO_STORE when it is not there, ERR_DENIED,
 * ERR_UNTRUSTED (not a directory, another's and writable by others).
 * WRITE false opens for reading only; with WRITE and no permission: ERR_DENIED,
 * on a read-only medium ERR_READ_ONLY. */
int backend_local(struct backend **out, const char *path, bool write);

/* The same, made first if it is not there (0700; its parent must be, and is
 * synced). ERR_CREATE, ERR_EXISTS (something else of that name), ERR_NO_SPACE. */
int backend_local_create(struct backend **out, const char *path);

/* An empty store in memory, for tests; several handles may share one.  Its locks
 * hold between handles but never wait; a mapping keeps its address. */
int backend_mem(struct backend **out);
int backend_mem_again(struct backend **out, struct backend *first);

void backend_close(struct backend *b);		/* NULL is fine */

/* The name of the network file system it lies on ("nfs"), or NULL: locks, mappings
 * and flushes are not what they are on this machine. */
const char *backend_network(struct backend *b);

/* Opening refuses what is not a regular file of ours, root's or the owner of the
 * store's directory, with one link (ERR_UNTRUSTED); it never follows a link and
 * never waits for a pipe.  ERR_ABSENT: no such name, or folder; of one to be made that
 * is ERR_DAMAGED: a store has all its folders. */
int backend_open(struct backend *b, const char *name, unsigned flags, struct file **out);
void file_close(struct file *f);		/* NULL is fine */

int backend_rename(struct backend *b, const char *from, const char *to);	/* replaces */
int backend_remove(struct backend *b, const char *name);	/* ERR_ABSENT if not there */
int backend_mkdir(struct backend *b, const char *dir);
/* Files and folders in DIR, in any order, without "." and ".."; EACH may make and
 * remove names meanwhile.  What EACH returns, if not 0, ends it and is returned. */
int backend_list(struct backend *b, const char *dir,
		 int (*each)(void *, const char *name), void *ctx);
int backend_sync_dir(struct backend *b, const char *dir);	/* "" is the store itself */

/* Locks: byte WHAT of the file `lock`, an open-file-description lock of this
 * backend handle; dies with it.  Shared needs no write permission; the file is made
 * by the first who may write (ERR_ABSENT for a reader before that).  Waits up to
 * WAIT_NS (0: not at all), then ERR_LOCKED with a message that names the holder.
 * Taking the same lock twice through one handle is our bug. */
enum { LOCK_SHARED = 0, LOCK_EXCLUSIVE = 1 };
int backend_lock(struct backend *b, unsigned what, int mode, uint64_t wait_ns);
void backend_unlock(struct backend *b, unsigned what);

/* Say who holds lock WHAT, exclusively, for the message of those who wait: worth
 * one write when it will be held long (a fold, a merge), not for a commit.  TOOL
 * is the command's name.  The lock's release takes the text away again. */
void backend_lock_note(struct backend *b, unsigned what, const char *tool);

#endif
