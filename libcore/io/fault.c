/* io/fault.c
 *
 * Each call passes a gate, which counts it and decides its fate: to happen, to
 * fail, or to be the last of its process.  What happens goes to the mem backend
 * below, where every handle sees it, and is reported to the platter, which alone
 * knows what of it is durable.
 */
#include "io/fault.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/disk.h"
#include "base/err.h"
#include "io/file.h"
#include "io/platter.h"

#define RULES 8
#define LOCKS 64
#define COARSE 16		/* writes a tick of the disk's clock */
#define ALIGN 4096u		/* of direct files; the strictest a store must bear */


struct disk {
	pthread_mutex_t mutex;
	unsigned handles, modes;
	uint64_t seed;
	struct backend *mem;	/* our own handle; inodes read through it */
	struct platter *platter;
};

struct rule {
	unsigned kinds;
	uint64_t left;		/* 1: the next */
	int code;
	bool forever;
};

struct fault {
	struct backend b;
	struct disk *disk;
	struct backend *mem;	/* this process's handle on the disk's memory */
	struct rule rule[RULES];
	unsigned rule_n;
	uint64_t hits, ops, die_left;
	bool dead;
	unsigned held[LOCKS], held_n;
};

struct fault_file {
	struct file f;
	struct file *below;
	struct inode *inode;
};

/* What is to become of one call: CODE 0, it happens; else it returns CODE after
 * having done nothing, or a PART. */
struct fate {
	int code;
	bool part;
};

static const struct backend_ops fault_ops_table;

static struct fault *fault_of(struct backend *b)
{
	return (struct fault *)b;
}

static struct fault_file *file_of(struct file *f)
{
	return (struct fault_file *)f;
}

static void disk_enter(struct disk *d)
{
	pthread_mutex_lock(&d->mutex);
}

static int disk_leave(struct disk *d, int r)
{
	pthread_mutex_unlock(&d->mutex);
	return r;
}

static int after_the_crash(const struct fault *h, const char *name)
{
	return err_set(ERR_IO, "%s/%s: after the crash", h->b.path, name);
}

static void die(struct fault *h)
{
	h->dead = true;
	while (h->held_n)
		h->mem->ops->unlock(h->mem, h->held[--h->held_n]);
}

static int rule_hit(struct fault *h, unsigned kind, const char *name)
{
	for (unsigned i = 0; i < h->rule_n; i++) {
		struct rule *r = &h->rule[i];

		if (!(r->kinds & kind) || r->left == 0)
			continue;
		if (--r->left)
			continue;
		if (r->forever)
			r->left = 1;
		h->hits++;
		return err_set(r->code, "%s/%s: a fault from the test", h->b.path, name);
	}
	return 0;
}

/* With the disk's mutex held. */
static struct fate gate(struct fault *h, unsigned kind, const char *name, bool changing)
{
	struct fate fate = { 0 };

	if (h->dead) {
		fate.code = after_the_crash(h, name);
		return fate;
	}
	if (changing) {
		h->ops++;
		fate.code = platter_write_back(h->disk->platter, &h->disk->seed);
		if (fate.code < 0)
			return fate;
	}
	if (changing && h->die_left && --h->die_left == 0) {
		die(h);
		fate.code = after_the_crash(h, name);
		fate.part = platter_below(&h->disk->seed, 2);
		return fate;
	}
	fate.code = rule_hit(h, kind, name);
	if (fate.code < 0)
		fate.part = kind & FAULT_FLUSH ||
			    (kind & FAULT_WRITE && platter_below(&h->disk->seed, 2));
	return fate;
}

static bool stops(struct fate fate)
{
	return fate.code < 0 && !fate.part;
}

/* The result of a call that happened, wholly or in part; R is what it said. */
static int fated(struct fault *h, struct fate fate, const char *name, int r)
{
	if (fate.code == 0)
		return r;
	return h->dead ? after_the_crash(h, name) :
	       err_set(fate.code, "%s/%s: a fault from the test", h->b.path, name);
}

/* --- files --- */

static int make_inode(struct disk *d, const char *name, bool durable, struct inode **out)
{
	struct inode *n = NULL;
	int r = platter_make(d->platter, name, durable, &n);

	if (r == 0)
		r = backend_open(d->mem, name, 0, &n->live);
	if (r == 0)
		*out = n;
	return r;
}

static void settle_direct(struct fault_file *f, unsigned flags)
{
	struct disk *d = fault_of(f->f.backend)->disk;

	f->f.direct = flags & FILE_DIRECT && d->modes & FAULT_DIRECT;
	f->f.align = f->f.direct ? ALIGN : 1;
}

static int open_inside(struct fault *h, const char *name, unsigned flags, struct fault_file *f)
{
	struct fate fate = gate(h, FAULT_OPEN, name, (flags & FILE_CREATE) != 0);
	int r;

	if (stops(fate))
		return fate.code;
	r = backend_open(h->mem, name, flags, &f->below);
	if (r < 0)
		return fated(h, fate, name, r);
	f->inode = flags & FILE_CREATE ? NULL : platter_find(h->disk->platter, name);
	if (!f->inode)
		r = make_inode(h->disk, name, false, &f->inode);
	return fated(h, fate, name, r);
}

static int fault_open_file(struct backend *b, const char *name, unsigned flags,
			   struct file **out)
{
	struct fault *h = fault_of(b);
	struct fault_file *f = calloc(1, sizeof *f);
	char *copy = strdup(name);
	int r;

	if (!f || !copy) {
		free(f);
		free(copy);
		return err_set(ERR_MEMORY, "out of memory");
	}
	f->f = (struct file){ .backend = b, .name = copy, .fd = -1, .align = 1 };
	settle_direct(f, flags);
	disk_enter(h->disk);
	r = disk_leave(h->disk, open_inside(h, name, flags, f));
	if (r < 0)
		file_close(&f->f);
	else
		*out = &f->f;
	return r;
}

static void fault_close(struct file *f)
{
	file_close(file_of(f)->below);
	free(f->name);
	free(f);
}

static int straight(const struct file *f, const void *buf, size_t len, uint64_t off)
{
	if (!f->direct || ((uintptr_t)buf | len | off) % f->align == 0)
		return 0;
	return err_set(ERR_BUG, "%s: offset %llu, %zu bytes: not aligned for direct I/O",
		       file_path(f), (unsigned long long)off, len);
}

/* Something shorter, in the steps a direct file allows.  It ends between two
 * sectors if it can: a kernel hands the device whole ones. */
static size_t shortened(struct fault *h, const struct file *f, size_t len, uint64_t off)
{
	size_t steps = len / f->align, cut, whole;

	if (steps < 2)
		return len;
	cut = (size_t)(1 + platter_below(&h->disk->seed, steps - 1)) * f->align;
	whole = (size_t)(disk_round_up(off + cut, DISK_SECTOR) - off);
	return whole <= len ? whole : cut;
}

static size_t may_be_short(struct fault *h, const struct file *f, size_t len, uint64_t off)
{
	if (h->disk->modes & FAULT_SHORT && platter_below(&h->disk->seed, 2))
		return shortened(h, f, len, off);
	return len;
}

static ssize_t fault_read(struct file *f, void *buf, size_t len, uint64_t off)
{
	struct fault *h = fault_of(f->backend);
	struct file *below = file_of(f)->below;
	struct fate fate;
	ssize_t n;

	disk_enter(h->disk);
	fate = gate(h, FAULT_READ, f->name, false);
	n = fate.code;
	if (n == 0)
		n = straight(f, buf, len, off);
	if (n == 0)
		n = below->backend->ops->read(below, buf, may_be_short(h, f, len, off), off);
	disk_leave(h->disk, 0);
	return n;
}

static ssize_t write_inside(struct file *f, const void *buf, size_t len, uint64_t off)
{
	struct fault *h = fault_of(f->backend);
	struct file *below = file_of(f)->below;
	struct fate fate = gate(h, FAULT_WRITE, f->name, true);
	ssize_t n = straight(f, buf, len, off);

	if (stops(fate))
		return fate.code;
	if (n < 0)
		return n;
	len = fate.part ? shortened(h, f, len, off) : may_be_short(h, f, len, off);
	n = below->backend->ops->write(below, buf, len, off);
	if (n > 0) {
		int r = platter_written(file_of(f)->inode, off, (uint64_t)n);

		if (r < 0)
			return r;
	}
	return fate.code ? fated(h, fate, f->name, 0) : n;
}

static ssize_t fault_write(struct file *f, const void *buf, size_t len, uint64_t off)
{
	struct disk *d = fault_of(f->backend)->disk;
	ssize_t n;

	disk_enter(d);
	n = write_inside(f, buf, len, off);
	disk_leave(d, 0);
	return n;
}

static int flush_inside(struct file *f)
{
	struct fault *h = fault_of(f->backend);
	struct fate fate = gate(h, FAULT_FLUSH, f->name, true);
	struct inode *n = file_of(f)->inode;
	int r = 0;

	if (stops(fate))
		return fate.code;
	if (fate.code < 0 && !h->dead)
		r = platter_flush_failed(n, &h->disk->seed);
	else if (!(h->disk->modes & FAULT_IGNORE_FLUSH))
		r = platter_flushed(n);
	return fated(h, fate, f->name, r);
}

static int fault_flush(struct file *f)
{
	struct disk *d = fault_of(f->backend)->disk;

	disk_enter(d);
	return disk_leave(d, flush_inside(f));
}

/* To SIZE, or with RESERVE at least to it. */
static int resize_inside(struct file *f, uint64_t size, bool reserve)
{
	struct fault *h = fault_of(f->backend);
	struct file *below = file_of(f)->below;
	struct fate fate = gate(h, FAULT_RESIZE, f->name, true);
	struct inode *n = file_of(f)->inode;
	int r;

	if (stops(fate))
		return fate.code;
	if (reserve && size <= n->live_size)
		return fate.code;
	r = file_resize(below, size);
	if (r == 0)
		r = platter_resized(n, size);
	return fated(h, fate, f->name, r);
}

static int fault_resize(struct file *f, uint64_t size)
{
	struct disk *d = fault_of(f->backend)->disk;

	disk_enter(d);
	return disk_leave(d, resize_inside(f, size, false));
}

static int fault_reserve(struct file *f, uint64_t off, uint64_t len)
{
	struct disk *d = fault_of(f->backend)->disk;

	disk_enter(d);
	return disk_leave(d, resize_inside(f, off + len, true));
}

static int fault_size(struct file *f, uint64_t *out)
{
	struct fault *h = fault_of(f->backend);

	return h->dead ? after_the_crash(h, f->name) : file_size(file_of(f)->below, out);
}

static int fault_stamp(struct file *f, struct file_stamp *out)
{
	struct fault *h = fault_of(f->backend);
	int r = h->dead ? after_the_crash(h, f->name) : file_stamp(file_of(f)->below, out);

	if (r == 0 && h->disk->modes & FAULT_COARSE_CLOCK)
		out->changed_ns /= COARSE;
	return r;
}

static int fault_map(struct file *f, size_t len, bool writable, void **out)
{
	struct fault *h = fault_of(f->backend);
	struct fate fate;
	int r;

	disk_enter(h->disk);
	fate = gate(h, FAULT_MAP, f->name, false);
	r = fate.code;
	if (r == 0)
		r = file_map(file_of(f)->below, len, writable, out);
	if (r == 0 && writable)
		file_of(f)->inode->mapped = true;
	return disk_leave(h->disk, r);
}

static void fault_unmap(struct file *f, void *map, size_t len)
{
	file_unmap(file_of(f)->below, map, len);
}

/* --- names --- */

static int rename_inside(struct fault *h, const char *from, const char *to)
{
	struct fate fate = gate(h, FAULT_RENAME, from, true);
	int r;

	if (stops(fate))
		return fate.code;
	r = backend_rename(h->mem, from, to);
	if (r == 0)
		r = platter_rename(h->disk->platter, from, to);
	return fated(h, fate, from, r);
}

static int fault_rename(struct backend *b, const char *from, const char *to)
{
	struct disk *d = fault_of(b)->disk;

	disk_enter(d);
	return disk_leave(d, rename_inside(fault_of(b), from, to));
}

static int remove_inside(struct fault *h, const char *name)
{
	struct fate fate = gate(h, FAULT_REMOVE, name, true);
	int r;

	if (stops(fate))
		return fate.code;
	r = backend_remove(h->mem, name);
	if (r == 0)
		r = platter_remove(h->disk->platter, name);
	return fated(h, fate, name, r);
}

static int fault_remove(struct backend *b, const char *name)
{
	struct disk *d = fault_of(b)->disk;

	disk_enter(d);
	return disk_leave(d, remove_inside(fault_of(b), name));
}

static int mkdir_inside(struct fault *h, const char *dir)
{
	struct fate fate = gate(h, FAULT_MKDIR, dir, true);
	int r;

	if (stops(fate))
		return fate.code;
	r = backend_mkdir(h->mem, dir);
	if (r == 0)
		r = platter_mkdir(h->disk->platter, dir, false);
	return fated(h, fate, dir, r);
}

static int fault_mkdir(struct backend *b, const char *dir)
{
	struct disk *d = fault_of(b)->disk;

	disk_enter(d);
	return disk_leave(d, mkdir_inside(fault_of(b), dir));
}

static int sync_dir_inside(struct fault *h, const char *dir)
{
	struct fate fate = gate(h, FAULT_SYNC_DIR, dir, true);
	int r;

	if (stops(fate))
		return fate.code;
	r = backend_sync_dir(h->mem, dir);
	if (r == 0 && !(h->disk->modes & FAULT_IGNORE_DIR_SYNC))
		r = platter_sync_dir(h->disk->platter, dir);
	return fated(h, fate, dir, r);
}

static int fault_sync_dir(struct backend *b, const char *dir)
{
	struct disk *d = fault_of(b)->disk;

	disk_enter(d);
	return disk_leave(d, sync_dir_inside(fault_of(b), dir));
}

static int fault_list(struct backend *b, const char *dir,
		      int (*each)(void *, const char *name), void *ctx)
{
	struct fault *h = fault_of(b);
	struct fate fate;

	disk_enter(h->disk);
	fate = gate(h, FAULT_LIST, dir, false);
	disk_leave(h->disk, 0);		/* EACH may call us */
	return fate.code ? fate.code : backend_list(h->mem, dir, each, ctx);
}

/* --- locks --- */

static int lock_inside(struct fault *h, unsigned what, int mode)
{
	struct fate fate = gate(h, FAULT_LOCK, "lock", false);
	int r;

	if (fate.code < 0)
		return fate.code;
	if (h->held_n == LOCKS)
		return err_set(ERR_BUG, "fault: over %d locks on one handle", LOCKS);
	r = backend_lock(h->mem, what, mode, 0);
	if (r == 0)
		h->held[h->held_n++] = what;
	return r;
}

static int fault_lock(struct backend *b, unsigned what, int mode, uint64_t wait_ns)
{
	struct disk *d = fault_of(b)->disk;

	(void)wait_ns;
	disk_enter(d);
	return disk_leave(d, lock_inside(fault_of(b), what, mode));
}

static void fault_unlock(struct backend *b, unsigned what)
{
	struct fault *h = fault_of(b);

	disk_enter(h->disk);
	for (unsigned i = h->held_n; i-- > 0; )
		if (h->held[i] == what)
			h->held[i] = h->held[--h->held_n];
	if (!h->dead)
		backend_unlock(h->mem, what);
	disk_leave(h->disk, 0);
}

static void fault_note(struct backend *b, unsigned what, const char *tool)
{
	(void)b;
	(void)what;
	(void)tool;
}

/* --- handles --- */

static void disk_free(struct disk *d)
{
	platter_free(d->platter);
	backend_close(d->mem);
	pthread_mutex_destroy(&d->mutex);
	free(d);
}

static void fault_close_backend(struct backend *b)
{
	struct fault *h = fault_of(b);
	struct disk *d = h->disk;
	bool last;

	backend_close(h->mem);
	disk_enter(d);
	last = --d->handles == 0;
	disk_leave(d, 0);
	if (last)
		disk_free(d);
	free(b->path);
	free(h);
}

static int handle_open(struct backend **out, struct disk *d)
{
	struct fault *h = calloc(1, sizeof *h);
	int r;

	if (!h)
		return err_set(ERR_MEMORY, "out of memory");
	h->b = (struct backend){ .ops = &fault_ops_table, .caps = BACKEND_MAPS };
	h->b.path = strdup("fault");
	h->disk = d;
	r = h->b.path ? backend_mem_again(&h->mem, d->mem) :
	    err_set(ERR_MEMORY, "out of memory");
	if (r < 0) {
		free(h->b.path);
		free(h);
		return r;
	}
	disk_enter(d);
	d->handles++;
	disk_leave(d, 0);
	*out = &h->b;
	return 0;
}

/* --- what is there already --- */

struct import {
	struct disk *disk;
	const char *dir;
};

static int import_dir(struct disk *d, const char *dir);

static int import_file(struct disk *d, const char *name)
{
	struct inode *n = NULL;
	int r = make_inode(d, name, true, &n);

	if (r == 0)
		r = file_size(n->live, &n->live_size);
	if (r < 0 || n->live_size == 0)
		return r;
	n->durable = malloc(n->live_size);
	if (!n->durable)
		return err_set(ERR_MEMORY, "out of memory");
	n->cap = n->size = n->live_size;
	return file_read(n->live, n->durable, n->size, 0);
}

static int import_name(void *ctx, const char *base)
{
	const struct import *im = ctx;
	char name[256];
	int n, r;

	n = snprintf(name, sizeof name, "%s%s%s", im->dir, im->dir[0] ? "/" : "", base);
	if (n >= (int)sizeof name)
		return err_set(ERR_BUG, "fault: the name %s is too long", base);
	r = import_dir(im->disk, name);
	return r == ERR_UNTRUSTED ? import_file(im->disk, name) : r;
}

/* ERR_UNTRUSTED: it is not a folder. */
static int import_dir(struct disk *d, const char *dir)
{
	struct import im = { d, dir };
	int r;

	r = backend_sync_dir(d->mem, dir);
	if (r == 0 && dir[0])
		r = platter_mkdir(d->platter, dir, true);
	return r < 0 ? r : backend_list(d->mem, dir, import_name, &im);
}

int fault_open(struct backend **out, struct backend *mem, uint64_t seed)
{
	struct disk *d = calloc(1, sizeof *d);
	int r;

	if (!d)
		return err_set(ERR_MEMORY, "out of memory");
	pthread_mutex_init(&d->mutex, NULL);
	d->seed = seed;
	d->mem = mem;
	d->platter = platter_new();
	r = d->platter ? 0 : ERR_MEMORY;
	if (r == 0 && !mem)
		r = backend_mem(&d->mem);
	if (r == 0)
		r = import_dir(d, "");
	if (r == 0)
		r = handle_open(out, d);
	if (r < 0) {
		platter_free(d->platter);
		d->platter = NULL;
		if (d->mem == mem)
			d->mem = NULL;
		disk_free(d);
	}
	return r;
}

int fault_again(struct backend **out, struct backend *first)
{
	return handle_open(out, fault_of(first)->disk);
}

void fault_modes(struct backend *b, unsigned modes)
{
	fault_of(b)->disk->modes = modes;
}

void fault_fail(struct backend *b, unsigned kinds, uint64_t nth, int code, bool forever)
{
	struct fault *h = fault_of(b);

	if (h->rule_n < RULES)
		h->rule[h->rule_n++] = (struct rule){ kinds, nth, code, forever };
}

void fault_calm(struct backend *b)
{
	fault_of(b)->rule_n = 0;
}

uint64_t fault_hits(const struct backend *b)
{
	return ((const struct fault *)b)->hits;
}

void fault_die(struct backend *b)
{
	struct fault *h = fault_of(b);

	disk_enter(h->disk);
	die(h);
	disk_leave(h->disk, 0);
}

void fault_die_after(struct backend *b, uint64_t nth)
{
	fault_of(b)->die_left = nth;
}

bool fault_is_dead(const struct backend *b)
{
	return ((const struct fault *)b)->dead;
}

uint64_t fault_ops(const struct backend *b)
{
	return ((const struct fault *)b)->ops;
}

int fault_crash(struct backend *b, uint64_t seed, struct backend **out)
{
	struct disk *d = fault_of(b)->disk;

	disk_enter(d);
	return disk_leave(d, platter_crash(d->platter, seed, out));
}

static const struct backend_ops fault_ops_table = {
	.open = fault_open_file, .close = fault_close,
	.read = fault_read, .write = fault_write, .flush = fault_flush,
	.resize = fault_resize, .reserve = fault_reserve, .size = fault_size,
	.stamp = fault_stamp,
	.map = fault_map, .unmap = fault_unmap,
	.rename = fault_rename, .remove = fault_remove, .mkdir = fault_mkdir,
	.list = fault_list, .sync_dir = fault_sync_dir,
	.lock = fault_lock, .unlock = fault_unlock, .note = fault_note,
	.close_backend = fault_close_backend,
};
