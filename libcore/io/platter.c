/* io/platter.c
 *
 * Bytes: a flushed image for each file and the changes since.  A change keeps its
 * sectors as they were after it, not only the bytes written: a page cache can
 * hand the device the later state of a sector without the earlier, but never a
 * later write with an earlier one to the same sector undone.
 *
 * Names: a durable table and the operations since, each marked once a folder it
 * touches was synced.  A file has one name (the store makes no links), so setting
 * a name takes any other from that file: a rename can be lost but not be half done.
 */
#include "io/platter.h"

#include <stdlib.h>
#include <string.h>

#include "base/disk.h"
#include "base/err.h"
#include "io/file.h"

struct name {
	char *name;
	struct inode *inode;	/* NULL: a folder */
};

struct table {
	struct name *at;
	size_t n, cap;
};

struct name_op {
	char *from, *to;	/* either may be NULL: made, removed */
	struct inode *inode;
	bool synced;
};

struct platter {
	struct table live, durable;
	struct name_op *op;
	size_t op_n, op_cap;
	struct inode *inodes;
};

/* How a crash treats what was not flushed. */
struct crash {
	uint64_t seed;
	unsigned keep;		/* of 100 */
	unsigned sector;
	bool ordered;
};

/* splitmix64 (Vigna, public domain): seeds that follow each other must differ in
 * every bit, which one multiplication does not give. */
uint64_t platter_draw(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t platter_below(uint64_t *seed, uint64_t n)
{
	return n ? (platter_draw(seed) >> 11) % n : 0;
}

static int no_memory(void)
{
	return err_set(ERR_MEMORY, "out of memory");
}

static int array_grow(void **array, size_t n, size_t *cap, size_t each)
{
	size_t more = *cap ? 2 * *cap : 16;
	void *p;

	if (n < *cap)
		return 0;
	p = realloc(*array, more * each);
	if (!p)
		return no_memory();
	*array = p;
	*cap = more;
	return 0;
}

/* --- tables of names --- */

static struct name *table_find(struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->at[i].name, name))
			return &t->at[i];
	return NULL;
}

static void table_drop(struct table *t, struct name *e)
{
	free(e->name);
	*e = t->at[--t->n];
}

/* NAME is INODE's name, and its only one. */
static int table_set(struct table *t, const char *name, struct inode *inode)
{
	struct name *e;
	char *copy;

	for (size_t i = t->n; inode && i-- > 0; )
		if (t->at[i].inode == inode && strcmp(t->at[i].name, name))
			table_drop(t, &t->at[i]);
	e = table_find(t, name);
	if (e) {
		e->inode = inode;
		return 0;
	}
	copy = strdup(name);
	if (!copy || array_grow((void **)&t->at, t->n, &t->cap, sizeof *t->at) < 0) {
		free(copy);
		return no_memory();
	}
	t->at[t->n++] = (struct name){ copy, inode };
	return 0;
}

static int table_apply(struct table *t, const struct name_op *op)
{
	struct name *e = op->from ? table_find(t, op->from) : NULL;

	if (e && e->inode == op->inode)
		table_drop(t, e);
	return op->to ? table_set(t, op->to, op->inode) : 0;
}

static int table_copy(struct table *to, const struct table *from)
{
	int r = 0;

	for (size_t i = 0; i < from->n && r == 0; i++)
		r = table_set(to, from->at[i].name, from->at[i].inode);
	return r;
}

static void table_release(struct table *t)
{
	while (t->n)
		table_drop(t, &t->at[t->n - 1]);
	free(t->at);
	*t = (struct table){ 0 };
}

/* --- operations on names --- */

static void op_release(struct name_op *op)
{
	free(op->from);
	free(op->to);
}

static int op_add(struct platter *p, const char *from, const char *to, struct inode *inode)
{
	struct name_op op = { .inode = inode };

	if (array_grow((void **)&p->op, p->op_n, &p->op_cap, sizeof *p->op) < 0)
		return ERR_MEMORY;
	op.from = from ? strdup(from) : NULL;
	op.to = to ? strdup(to) : NULL;
	if ((from && !op.from) || (to && !op.to)) {
		op_release(&op);
		return no_memory();
	}
	p->op[p->op_n++] = op;
	return table_apply(&p->live, &op);
}

static bool lies_in(const char *name, const char *dir)
{
	size_t len = strlen(dir);
	const char *slash = name ? strrchr(name, '/') : NULL;

	if (!name)
		return false;
	return slash ? (size_t)(slash - name) == len && !memcmp(name, dir, len) : len == 0;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* Without a trace: a later durable operation decided about the same name. */
static bool superseded(const struct platter *p, size_t i)
{
	const struct name_op *op = &p->op[i];
	const char *name = op->to ? op->to : op->from;

	if (op->synced || (op->to && op->from))
		return false;
	for (size_t k = i + 1; k < p->op_n; k++)
		if (p->op[k].synced && (same(p->op[k].from, name) || same(p->op[k].to, name)))
			return true;
	return false;
}

int platter_sync_dir(struct platter *p, const char *dir)
{
	size_t keep = 0, first = 0;
	int r = 0;

	for (size_t i = 0; i < p->op_n; i++)
		if (lies_in(p->op[i].from, dir) || lies_in(p->op[i].to, dir))
			p->op[i].synced = true;
	for (size_t i = 0; i < p->op_n; i++) {
		if (superseded(p, i))
			op_release(&p->op[i]);
		else
			p->op[keep++] = p->op[i];
	}
	p->op_n = keep;
	for (; first < p->op_n && p->op[first].synced && r == 0; first++) {
		r = table_apply(&p->durable, &p->op[first]);
		op_release(&p->op[first]);
	}
	p->op_n -= first;
	if (first)
		memmove(p->op, p->op + first, p->op_n * sizeof *p->op);
	return r;
}

struct inode *platter_find(struct platter *p, const char *name)
{
	struct name *e = table_find(&p->live, name);

	return e ? e->inode : NULL;
}

int platter_make(struct platter *p, const char *name, bool durable, struct inode **out)
{
	struct inode *n = calloc(1, sizeof *n);
	int r;

	if (!n)
		return no_memory();
	n->next = p->inodes;
	p->inodes = n;
	if (durable) {
		r = table_set(&p->durable, name, n);
		if (r == 0)
			r = table_set(&p->live, name, n);
	} else {
		r = op_add(p, NULL, name, n);
	}
	if (r == 0)
		*out = n;
	return r;
}

int platter_mkdir(struct platter *p, const char *dir, bool durable)
{
	int r;

	if (!durable)
		return op_add(p, NULL, dir, NULL);
	r = table_set(&p->durable, dir, NULL);
	return r < 0 ? r : table_set(&p->live, dir, NULL);
}

int platter_rename(struct platter *p, const char *from, const char *to)
{
	return strcmp(from, to) ? op_add(p, from, to, platter_find(p, from)) : 0;
}

int platter_remove(struct platter *p, const char *name)
{
	return op_add(p, name, NULL, platter_find(p, name));
}

/* --- bytes --- */

static int image_grow(uint8_t **image, uint64_t *cap, uint64_t size)
{
	uint64_t more = *cap ? *cap : 4096;
	uint8_t *p;

	if (size <= *cap)
		return 0;
	while (more < size)
		more *= 2;
	p = realloc(*image, more);
	if (!p)
		return no_memory();
	memset(p + *cap, 0, more - *cap);
	*image = p;
	*cap = more;
	return 0;
}

static int change_add(struct inode *n, struct change c)
{
	int r = array_grow((void **)&n->change, n->change_n, &n->change_cap, sizeof c);

	if (r == 0)
		n->change[n->change_n++] = c;
	return r;
}

static void changes_drop(struct inode *n)
{
	for (size_t i = 0; i < n->change_n; i++)
		free(n->change[i].bytes);
	n->change_n = 0;
}

int platter_resized(struct inode *n, uint64_t size)
{
	if (size == n->live_size)
		return 0;
	n->live_size = size;
	return change_add(n, (struct change){ .off = size });
}

int platter_written(struct inode *n, uint64_t off, uint64_t len)
{
	struct change c = { .off = off / DISK_SECTOR * DISK_SECTOR };
	uint64_t end = disk_round_up(off + len, DISK_SECTOR);
	ssize_t got;
	int r = 0;

	if (off + len > n->live_size)
		r = platter_resized(n, off + len);
	if (end > n->live_size)
		end = n->live_size;
	c.len = end - c.off;
	c.bytes = r < 0 ? NULL : malloc(c.len ? c.len : 1);
	if (!c.bytes)
		return no_memory();
	got = file_read_some(n->live, c.bytes, c.len, c.off);
	if (got == (ssize_t)c.len)
		r = change_add(n, c);
	else
		r = err_set(ERR_BUG, "fault: the file below has lost bytes");
	if (r < 0)
		free(c.bytes);
	return r;
}

/* Room in IMAGE for everything the changes could bring. */
static int image_room(const struct inode *n, uint8_t **image, uint64_t *cap)
{
	uint64_t most = n->live_size > n->size ? n->live_size : n->size;

	for (size_t i = 0; i < n->change_n; i++)
		if (n->change[i].off + n->change[i].len > most)
			most = n->change[i].off + n->change[i].len;
	return image_grow(image, cap, most);
}

static void image_cut(uint8_t *image, uint64_t cap, uint64_t *size, uint64_t to)
{
	if (to < *size)
		memset(image + to, 0, cap - to);
	*size = to;
}

/* What PERCENT of the sectors of a change bring. */
static void image_sectors(uint8_t *image, const struct change *c, struct crash *how)
{
	uint64_t off = c->off, end = c->off + c->len, next;

	/* most writes arrive whole or not at all: tear one of three */
	if (how->keep == 100 || platter_below(&how->seed, 3)) {
		if (platter_below(&how->seed, 100) < how->keep)
			memcpy(image + off, c->bytes, c->len);
		return;
	}
	for (; off < end; off = next) {
		next = (off / how->sector + 1) * how->sector;
		if (next > end)
			next = end;
		if (platter_below(&how->seed, 100) < how->keep)
			memcpy(image + off, c->bytes + (off - c->off), next - off);
	}
}

/* The changes to an image of SIZE bytes, sizes in order up to a random one. */
static void image_apply(const struct inode *n, uint8_t *image, uint64_t cap,
			uint64_t *size, struct crash *how)
{
	size_t sizes = 0, until;

	for (size_t i = 0; i < n->change_n; i++)
		sizes += !n->change[i].bytes;
	until = how->keep == 100 ? sizes : how->keep == 0 ? 0 :
		(size_t)platter_below(&how->seed, sizes + 1);
	for (size_t i = 0; i < n->change_n; i++) {
		const struct change *c = &n->change[i];

		if (c->bytes)
			image_sectors(image, c, how);
		else if (until)
			image_cut(image, cap, size, (until--, c->off));
	}
	memset(image + *size, 0, cap - *size);
}

static int settle(struct inode *n, struct crash *how)
{
	int r = image_room(n, &n->durable, &n->cap);

	if (r < 0)
		return r;
	if (n->cap)
		image_apply(n, n->durable, n->cap, &n->size, how);
	changes_drop(n);
	return 0;
}

int platter_flushed(struct inode *n)
{
	struct crash all = { .keep = 100, .sector = DISK_SECTOR };
	int r = settle(n, &all);

	if (r == 0 && n->mapped && n->size)
		r = file_read(n->live, n->durable, n->size, 0);
	return r;
}

int platter_flush_failed(struct inode *n, uint64_t *seed)
{
	struct crash part = { .keep = 50, .sector = DISK_SECTOR };

	part.seed = platter_draw(seed);
	return settle(n, &part);
}

/* Some sectors of one file as they are now; its size is known first. */
static int write_back(struct inode *n, uint64_t *seed)
{
	struct crash all = { .keep = 100, .sector = DISK_SECTOR };
	int r = settle(n, &all);

	for (uint64_t some = 1 + platter_below(seed, 4); r == 0 && some; some--) {
		/* where heads are, or anywhere */
		uint64_t most = platter_below(seed, 2) ? DISK_SECTOR : n->size;
		uint64_t off = platter_below(seed, most) / DISK_SECTOR * DISK_SECTOR;

		if (off + DISK_SECTOR <= n->size)
			r = file_read(n->live, n->durable + off, DISK_SECTOR, off);
	}
	return r;
}

int platter_write_back(struct platter *p, uint64_t *seed)
{
	int r = 0;

	for (struct inode *n = p->inodes; r == 0 && n; n = n->next)
		if (n->mapped && platter_below(seed, 4) == 0)
			r = write_back(n, seed);
	return r;
}

/* --- a crash --- */

/* What a shared mapping has reaches the disk when the kernel likes: now too. */
static int mixed_pages(const struct inode *n, uint8_t *image, uint64_t size, struct crash *how)
{
	uint8_t page[DISK_PAGE];

	for (uint64_t off = 0; off < size; off += how->sector) {
		uint64_t len = size - off < how->sector ? size - off : how->sector;
		ssize_t got;

		if (platter_below(&how->seed, 100) >= how->keep)
			continue;
		got = file_read_some(n->live, page, len, off);
		if (got < 0)
			return (int)got;
		memset(page + got, 0, (size_t)len - (size_t)got);
		if (how->keep < 100 && platter_below(&how->seed, 4) == 0)
			memset(page, 0, sizeof page);
		memcpy(image + off, page, len);
	}
	return 0;
}

static int crash_file(const struct name *e, struct backend *m, struct crash *how)
{
	const struct inode *n = e->inode;
	uint64_t cap = 0, size = n->size;
	uint8_t *image = NULL;
	struct file *f = NULL;
	int r = image_room(n, &image, &cap);

	if (r < 0)
		return r;
	if (n->size)
		memcpy(image, n->durable, n->size);
	if (cap)
		image_apply(n, image, cap, &size, how);
	if (n->mapped)
		r = mixed_pages(n, image, size, how);
	if (r == 0)
		r = backend_open(m, e->name, FILE_WRITE | FILE_CREATE, &f);
	if (r == ERR_DAMAGED || r == ERR_UNTRUSTED)
		r = 0;		/* its folder is gone, and the file with it */
	if (f)
		r = file_resize(f, size);
	if (r == 0 && f && size)
		r = file_write(f, image, size, 0);
	file_close(f);
	free(image);
	return r;
}

static int crash_names(const struct platter *p, struct table *t, struct crash *how)
{
	size_t certain = 0, until;
	int r = table_copy(t, &p->durable);

	for (size_t i = 0; i < p->op_n; i++)
		if (p->op[i].synced)
			certain = i + 1;
	until = certain + (size_t)platter_below(&how->seed, p->op_n - certain + 1);
	if (how->keep == 0 || how->keep == 100)
		until = how->keep ? p->op_n : certain;
	for (size_t i = 0; i < p->op_n && r == 0; i++) {
		bool kept = how->ordered ? i < until : p->op[i].synced ||
			    platter_below(&how->seed, 100) < how->keep;

		if (kept)
			r = table_apply(t, &p->op[i]);
	}
	return r;
}

/* Folders above before folders below: by the number of their slashes. */
static int crash_folders(const struct table *t, struct backend *m)
{
	int r = 0;

	for (unsigned depth = 0; depth < 4; depth++)
		for (size_t i = 0; i < t->n; i++) {
			unsigned slashes = 0;

			for (const char *c = t->at[i].name; *c; c++)
				slashes += *c == '/';
			if (t->at[i].inode || slashes != depth)
				continue;
			r = backend_mkdir(m, t->at[i].name);
			if (r < 0 && r != ERR_ABSENT)
				return r;
		}
	return 0;
}

static struct crash crash_character(uint64_t seed)
{
	/* both ends are states of their own; most bugs live between */
	static const uint8_t keep[] = { 0, 100, 10, 50, 50, 50, 90, 50 };
	struct crash how = { .seed = seed };
	uint64_t x = platter_draw(&how.seed);

	how.keep = keep[x % sizeof keep];
	how.sector = x >> 8 & 1 ? DISK_SECTOR : DISK_PAGE;
	how.ordered = x >> 16 & 1;
	return how;
}

int platter_crash(struct platter *p, uint64_t seed, struct backend **out)
{
	struct crash how = crash_character(seed);
	struct backend *m = NULL;
	struct table t = { 0 };
	int r;

	r = backend_mem(&m);
	if (r == 0)
		r = crash_names(p, &t, &how);
	if (r == 0)
		r = crash_folders(&t, m);
	for (size_t i = 0; i < t.n && r == 0; i++)
		if (t.at[i].inode)
			r = crash_file(&t.at[i], m, &how);
	table_release(&t);
	if (r < 0)
		backend_close(m);
	else
		*out = m;
	return r;
}

struct platter *platter_new(void)
{
	struct platter *p = calloc(1, sizeof *p);

	if (!p)
		no_memory();
	return p;
}

void platter_free(struct platter *p)
{
	struct inode *n;

	if (!p)
		return;
	table_release(&p->live);
	table_release(&p->durable);
	while (p->op_n)
		op_release(&p->op[--p->op_n]);
	free(p->op);
	while ((n = p->inodes)) {
		p->inodes = n->next;
		changes_drop(n);
		free(n->change);
		free(n->durable);
		file_close(n->live);
		free(n);
	}
	free(p);
}
