/* io/backend.c - what every backend has in common: names and refusals */
#include "io/backend.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"

/* Names are made by the program: a bad one is our own bug. */
static bool name_is_ours(const char *name)
{
	return name[0] && name[0] != '/' && !strstr(name, "..") &&
	       !strstr(name, "//") && name[strlen(name) - 1] != '/' &&
	       strlen(name) < 200;
}

static int writable(const struct backend *b, const char *name)
{
	if (!b->read_only)
		return 0;
	return err_set(ERR_READ_ONLY, "%s/%s: the store is open for reading only",
		       b->path, name);
}

void backend_close(struct backend *b)
{
	if (b)
		b->ops->close_backend(b);
}

int backend_open(struct backend *b, const char *name, unsigned flags, struct file **out)
{
	int r;

	assert(name_is_ours(name));
	assert(!(flags & FILE_CREATE) || flags & FILE_WRITE);
	if (flags & FILE_WRITE) {
		r = writable(b, name);
		if (r < 0)
			return r;
	}
	r = b->ops->open(b, name, flags, out);
	/* "Not there" of what is to be made would be taken for an answer. */
	if (r == ERR_ABSENT && flags & FILE_CREATE) {
		err_set(ERR_DAMAGED, "%s/%s: the folder it belongs in is not there", b->path,
			name);
		err_hint("strato-walcheck says what else is missing; an empty folder will do");
		return ERR_DAMAGED;
	}
	return r;
}

void file_close(struct file *f)
{
	if (f)
		f->backend->ops->close(f);
}

int backend_rename(struct backend *b, const char *from, const char *to)
{
	int r = writable(b, from);

	assert(name_is_ours(from) && name_is_ours(to));
	return r < 0 ? r : b->ops->rename(b, from, to);
}

int backend_remove(struct backend *b, const char *name)
{
	int r = writable(b, name);

	assert(name_is_ours(name));
	return r < 0 ? r : b->ops->remove(b, name);
}

int backend_mkdir(struct backend *b, const char *dir)
{
	int r = writable(b, dir);

	assert(name_is_ours(dir));
	return r < 0 ? r : b->ops->mkdir(b, dir);
}

int backend_list(struct backend *b, const char *dir,
		 int (*each)(void *, const char *name), void *ctx)
{
	assert(!dir[0] || name_is_ours(dir));
	return b->ops->list(b, dir, each, ctx);
}

int backend_sync_dir(struct backend *b, const char *dir)
{
	assert(!dir[0] || name_is_ours(dir));
	return b->ops->sync_dir(b, dir);
}

int backend_lock(struct backend *b, unsigned what, int mode, uint64_t wait_ns)
{
	int r = mode == LOCK_EXCLUSIVE ? writable(b, "lock") : 0;

	return r < 0 ? r : b->ops->lock(b, what, mode, wait_ns);
}

void backend_unlock(struct backend *b, unsigned what)
{
	b->ops->unlock(b, what);
}

const char *backend_network(struct backend *b)
{
	return b->ops->network ? b->ops->network(b) : NULL;
}

void backend_lock_note(struct backend *b, unsigned what, const char *tool)
{
	b->ops->note(b, what, tool);
}
