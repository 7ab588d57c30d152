/* tests/fault/weave.c - a process's calls: interrupted, and the last of them
 *
 * Passes every call on.  Now and then something else runs first: what a scheduler
 * may do between any two system calls, drawn from the history's seed.  When the
 * process was killed in a call it does not return from it: not a line of the
 * store's code runs on, in memory that others share least of all.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "io/file.h"
#include "store/log.h"
#include "tests/fault/world.h"

struct weave {
	struct backend b;
	struct backend *inner;
	struct world *w;
	struct process *p;
};

struct weave_file {
	struct file f;
	struct file *inner;
};

static struct weave *of(struct backend *b)
{
	return (struct weave *)b;
}

static struct file *below(struct file *f)
{
	return ((struct weave_file *)f)->inner;
}

static void meanwhile(struct backend *b)
{
	struct err_note note;

	err_take(&note, 0);
	world_meanwhile(of(b)->w);
	err_give(&note);
}

static void back(struct backend *b)
{
	struct weave *v = of(b);

	if (v->p->armed && fault_is_dead(v->inner)) {
		v->p->armed = false;
		longjmp(v->p->died, 1);
	}
}

static int weave_file_open(struct backend *b, const char *name, unsigned flags,
			   struct file **out)
{
	struct weave_file *f = calloc(1, sizeof *f);
	int r;

	if (!f)
		return err_set(ERR_MEMORY, "out of memory");
	meanwhile(b);
	r = backend_open(of(b)->inner, name, flags, &f->inner);
	if (r < 0) {
		free(f);
		back(b);
		return r;
	}
	f->f = *f->inner;
	f->f.backend = b;
	*out = &f->f;
	return 0;
}

static void weave_close(struct file *f)
{
	file_close(below(f));
	free(f);
}

static ssize_t weave_read(struct file *f, void *buf, size_t len, uint64_t off)
{
	ssize_t r;

	meanwhile(f->backend);
	r = below(f)->backend->ops->read(below(f), buf, len, off);
	back(f->backend);
	return r;
}

static ssize_t weave_write(struct file *f, const void *buf, size_t len, uint64_t off)
{
	ssize_t r;

	meanwhile(f->backend);
	r = below(f)->backend->ops->write(below(f), buf, len, off);
	back(f->backend);
	return r;
}

static int weave_flush(struct file *f)
{
	int r;

	meanwhile(f->backend);
	r = below(f)->backend->ops->flush(below(f));
	back(f->backend);
	return r;
}

static int weave_resize(struct file *f, uint64_t size)
{
	int r;

	meanwhile(f->backend);
	r = below(f)->backend->ops->resize(below(f), size);
	back(f->backend);
	return r;
}

static int weave_reserve(struct file *f, uint64_t off, uint64_t len)
{
	int r;

	meanwhile(f->backend);
	r = below(f)->backend->ops->reserve(below(f), off, len);
	back(f->backend);
	return r;
}

static int weave_size(struct file *f, uint64_t *out)
{
	return below(f)->backend->ops->size(below(f), out);
}

static int weave_stamp(struct file *f, struct file_stamp *out)
{
	meanwhile(f->backend);
	return file_stamp(below(f), out);
}

static int weave_map(struct file *f, size_t len, bool writable, void **out)
{
	int r;

	meanwhile(f->backend);
	r = below(f)->backend->ops->map(below(f), len, writable, out);
	back(f->backend);
	return r;
}

static void weave_unmap(struct file *f, void *map, size_t len)
{
	below(f)->backend->ops->unmap(below(f), map, len);
}

/* A moment that few random kills hit: the new manifest is there, and not durable. */
static int weave_rename(struct backend *b, const char *from, const char *to)
{
	int r;

	meanwhile(b);
	r = backend_rename(of(b)->inner, from, to);
	if (r == 0 && of(b)->p->armed && !of(b)->p->troubled && !strcmp(to, "manifest") &&
	    world_rnd(of(b)->w, 10) == 0)
		fault_die(of(b)->inner);
	back(b);
	return r;
}

static int weave_remove(struct backend *b, const char *name)
{
	int r;

	meanwhile(b);
	r = backend_remove(of(b)->inner, name);
	back(b);
	return r;
}

static int weave_mkdir(struct backend *b, const char *dir)
{
	int r = backend_mkdir(of(b)->inner, dir);

	back(b);
	return r;
}

static int weave_list(struct backend *b, const char *dir,
		      int (*each)(void *, const char *name), void *ctx)
{
	int r;

	meanwhile(b);
	r = backend_list(of(b)->inner, dir, each, ctx);
	back(b);
	return r;
}

static int weave_sync_dir(struct backend *b, const char *dir)
{
	int r;

	meanwhile(b);
	r = backend_sync_dir(of(b)->inner, dir);
	back(b);
	return r;
}

/* Some are taken under a mutex that processes do not share, and ours would. */
static bool alone(unsigned what)
{
	return what >= LOCK_HOLD && what < LOCK_HOLD + 64;
}

static int weave_lock(struct backend *b, unsigned what, int mode, uint64_t wait_ns)
{
	if (!alone(what))
		meanwhile(b);
	return backend_lock(of(b)->inner, what, mode, wait_ns);
}

static void weave_unlock(struct backend *b, unsigned what)
{
	backend_unlock(of(b)->inner, what);
	if (!alone(what))
		meanwhile(b);
}

static void weave_note(struct backend *b, unsigned what, const char *tool)
{
	backend_lock_note(of(b)->inner, what, tool);
}

static void weave_close_backend(struct backend *b)
{
	backend_close(of(b)->inner);
	if (!of(b)->p->gone)	/* else somebody may remember its address */
		free(b);
}

static const struct backend_ops table = {
	.open = weave_file_open, .close = weave_close,
	.read = weave_read, .write = weave_write, .flush = weave_flush,
	.resize = weave_resize, .reserve = weave_reserve, .size = weave_size,
	.stamp = weave_stamp,
	.map = weave_map, .unmap = weave_unmap,
	.rename = weave_rename, .remove = weave_remove, .mkdir = weave_mkdir,
	.list = weave_list, .sync_dir = weave_sync_dir,
	.lock = weave_lock, .unlock = weave_unlock, .note = weave_note,
	.close_backend = weave_close_backend,
};

int weave_open(struct backend **out, struct backend *inner, struct world *w, struct process *p)
{
	struct weave *v = calloc(1, sizeof *v);

	if (!v)
		return err_set(ERR_MEMORY, "out of memory");
	v->b = *inner;
	v->b.ops = &table;
	v->inner = inner;
	v->w = w;
	v->p = p;
	*out = &v->b;
	return 0;
}
