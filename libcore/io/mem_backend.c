/* io/mem_backend.c - a store in memory, for tests
 *
 * Behaves as a directory does where store/ could notice: a removed or replaced
 * file stays readable while it is open, a folder must exist, locks hold between
 * handles.  A file is on the heap until it is first mapped; then it moves to an
 * address range wide enough that it never has to move again.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "io/backend.h"

#define ARENA (1ull << 30)	/* addresses, not memory: pages come when touched */

struct node {
	uint8_t *data;
	uint64_t size, cap;
	bool arena;
	unsigned refs;		/* its name, and each open file */
	uint64_t changed;	/* the world's count of writes then */
};

struct entry {
	char *name;
	struct node *node;	/* NULL: a folder */
};

struct held {
	const struct backend *by;
	unsigned what;
	int mode;
};

struct world {
	pthread_mutex_t mutex;
	unsigned handles;
	uint64_t writes;	/* its clock */
	struct entry *entry;
	size_t entry_n, entry_cap;
	struct held *held;
	size_t held_n, held_cap;
};

struct mem_backend {
	struct backend b;
	struct world *world;
};

struct mem_file {
	struct file f;
	struct node *node;
	bool writable;
};

static const struct backend_ops mem_ops;

static struct world *world_of(const struct backend *b)
{
	return ((const struct mem_backend *)b)->world;
}

static struct world *world_enter(const struct backend *b)
{
	struct world *w = world_of(b);

	pthread_mutex_lock(&w->mutex);
	return w;
}

static int world_leave(struct world *w, int r)
{
	pthread_mutex_unlock(&w->mutex);
	return r;
}

static int no_memory(void)
{
	return err_set(ERR_MEMORY, "out of memory");
}

/* One more place in an array that grows by doubling. */
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

/* --- names --- */

static struct entry *find(const struct world *w, const char *name, size_t len)
{
	for (size_t i = 0; i < w->entry_n; i++)
		if (!strncmp(w->entry[i].name, name, len) && !w->entry[i].name[len])
			return &w->entry[i];
	return NULL;
}

static struct entry *find_name(const struct world *w, const char *name)
{
	return find(w, name, strlen(name));
}

static int absent(const struct backend *b, const char *name)
{
	return err_set(ERR_ABSENT, "%s/%s: No such file or directory", b->path, name);
}

static int folder_there(const struct backend *b, const char *name)
{
	const char *slash = strrchr(name, '/');
	struct entry *e;

	if (!slash)
		return 0;
	e = find(world_of(b), name, (size_t)(slash - name));
	if (!e)
		return absent(b, name);
	if (e->node)
		return err_set(ERR_UNTRUSTED, "%s/%s: Not a directory", b->path, name);
	return 0;
}

static int entry_add(struct world *w, const char *name, struct node *node)
{
	int r = array_grow((void **)&w->entry, w->entry_n, &w->entry_cap, sizeof *w->entry);
	char *copy = r < 0 ? NULL : strdup(name);

	if (!copy)
		return no_memory();
	w->entry[w->entry_n++] = (struct entry){ copy, node };
	return 0;
}

static void node_drop(struct node *n)
{
	if (!n || --n->refs)
		return;
	if (n->arena)
		munmap(n->data, n->cap);
	else
		free(n->data);
	free(n);
}

static void entry_drop(struct world *w, struct entry *e)
{
	node_drop(e->node);
	free(e->name);
	*e = w->entry[--w->entry_n];
}

/* --- files --- */

static int node_open(struct backend *b, const char *name, unsigned flags, struct node **out)
{
	struct world *w = world_of(b);
	struct entry *e = find_name(w, name);
	struct node *n;
	int r = folder_there(b, name);

	if (r < 0)
		return r;
	if (e && flags & FILE_CREATE)
		return err_set(ERR_EXISTS, "%s/%s: File exists", b->path, name);
	if (e && !e->node)
		return err_set(ERR_UNTRUSTED, "%s/%s: Is a directory", b->path, name);
	if (!e && !(flags & FILE_CREATE))
		return absent(b, name);
	if (e) {
		e->node->refs++;
		*out = e->node;
		return 0;
	}
	n = calloc(1, sizeof *n);
	if (!n || entry_add(w, name, n) < 0) {
		free(n);
		return no_memory();
	}
	n->refs = 2;
	*out = n;
	return 0;
}

static int mem_open(struct backend *b, const char *name, unsigned flags, struct file **out)
{
	struct mem_file *f = calloc(1, sizeof *f);
	char *copy = strdup(name);
	int r;

	if (!f || !copy) {
		free(f);
		free(copy);
		return no_memory();
	}
	world_enter(b);
	r = world_leave(world_of(b), node_open(b, name, flags, &f->node));
	if (r < 0) {
		free(f);
		free(copy);
		return r;
	}
	f->f = (struct file){ .backend = b, .name = copy, .fd = -1, .align = 1 };
	f->writable = (flags & FILE_WRITE) != 0;
	*out = &f->f;
	return 0;
}

static void mem_close(struct file *f)
{
	struct world *w = world_enter(f->backend);

	node_drop(((struct mem_file *)f)->node);
	world_leave(w, 0);
	free(f->name);
	free(f);
}

static struct node *node_of(struct file *f)
{
	return ((struct mem_file *)f)->node;
}

static int may_write(struct file *f)
{
	if (((struct mem_file *)f)->writable)
		return 0;
	return err_set(ERR_IO, "%s/%s: write: Bad file descriptor",
		       f->backend->path, f->name);
}

/* Room for SIZE bytes; what is past the size is always zero. */
static int node_grow(struct node *n, uint64_t size)
{
	uint64_t cap = n->cap ? n->cap : 4096;
	uint8_t *p;

	if (size <= n->cap)
		return 0;
	if (n->arena || size > ARENA)
		return err_set(ERR_NO_SPACE, "memory: a file over %llu bytes", ARENA);
	while (cap < size)
		cap *= 2;
	p = realloc(n->data, cap);
	if (!p)
		return no_memory();
	memset(p + n->cap, 0, cap - n->cap);
	n->data = p;
	n->cap = cap;
	return 0;
}

static int node_resize(struct node *n, uint64_t size)
{
	int r = node_grow(n, size);

	if (r < 0)
		return r;
	if (size < n->size)
		memset(n->data + size, 0, n->size - size);
	n->size = size;
	return 0;
}

static ssize_t mem_read(struct file *f, void *buf, size_t len, uint64_t off)
{
	struct node *n = node_of(f);
	struct world *w = world_enter(f->backend);

	if (off >= n->size)
		len = 0;
	else if (len > n->size - off)
		len = n->size - off;
	if (len)
		memcpy(buf, n->data + off, len);
	world_leave(w, 0);
	return (ssize_t)len;
}

static ssize_t mem_write(struct file *f, const void *buf, size_t len, uint64_t off)
{
	struct node *n = node_of(f);
	struct world *w = world_enter(f->backend);
	int r = may_write(f);

	if (r == 0 && len && (off > ARENA || len > ARENA))
		r = err_set(ERR_NO_SPACE, "memory: a file over %llu bytes", ARENA);
	if (r == 0 && len && off + len > n->size)
		r = node_resize(n, off + len);
	if (r == 0 && len) {
		memcpy(n->data + off, buf, len);
		n->changed = ++w->writes;
	}
	world_leave(w, 0);
	return r < 0 ? r : (ssize_t)len;
}

static int mem_flush(struct file *f)
{
	(void)f;
	return 0;
}

static int mem_resize_file(struct file *f, uint64_t size)
{
	struct world *w = world_enter(f->backend);
	int r = may_write(f);

	return world_leave(w, r < 0 ? r : node_resize(node_of(f), size));
}

static int mem_reserve(struct file *f, uint64_t off, uint64_t len)
{
	struct node *n = node_of(f);
	struct world *w = world_enter(f->backend);
	int r = may_write(f);

	if (r == 0 && off + len > n->size)
		r = node_resize(n, off + len);
	return world_leave(w, r);
}

static int mem_size(struct file *f, uint64_t *out)
{
	struct world *w = world_enter(f->backend);

	*out = node_of(f)->size;
	return world_leave(w, 0);
}

static int mem_stamp(struct file *f, struct file_stamp *out)
{
	struct world *w = world_enter(f->backend);
	const struct node *n = node_of(f);

	*out = (struct file_stamp){ (uintptr_t)n, n->changed, 0 };
	for (size_t i = 0; i < w->entry_n; i++)
		out->links += w->entry[i].node == n;
	return world_leave(w, 0);
}

static int node_to_arena(struct node *n)
{
	void *p;

	if (n->arena)
		return 0;
	p = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return err_sys(ERR_MEMORY, "memory: map");
	if (n->size)
		memcpy(p, n->data, n->size);
	free(n->data);
	n->data = p;
	n->cap = ARENA;
	n->arena = true;
	return 0;
}

static int mem_map(struct file *f, size_t len, bool writable, void **out)
{
	struct node *n = node_of(f);
	struct world *w = world_enter(f->backend);
	int r = writable ? may_write(f) : 0;

	if (r == 0 && len > n->size)
		r = err_set(ERR_BUG, "%s/%s: mapped past its end", f->backend->path, f->name);
	if (r == 0)
		r = node_to_arena(n);
	if (r == 0)
		*out = n->data;
	return world_leave(w, r);
}

static void mem_unmap(struct file *f, void *map, size_t len)
{
	(void)f;
	(void)map;
	(void)len;
}

/* --- names of the store --- */

static int rename_inside(struct backend *b, const char *from, const char *to)
{
	struct world *w = world_of(b);
	struct entry *e = find_name(w, from), *old = find_name(w, to);
	char *copy;
	int r = folder_there(b, to);

	if (r < 0)
		return r;
	if (!e)
		return absent(b, from);
	if (!e->node || (old && !old->node))
		return err_set(ERR_UNTRUSTED, "%s/%s: Is a directory", b->path, from);
	if (old == e)
		return 0;
	copy = strdup(to);
	if (!copy)
		return no_memory();
	free(e->name);
	e->name = copy;
	if (old)
		entry_drop(w, old);
	return 0;
}

static int mem_rename(struct backend *b, const char *from, const char *to)
{
	struct world *w = world_enter(b);

	return world_leave(w, rename_inside(b, from, to));
}

static int mem_remove(struct backend *b, const char *name)
{
	struct world *w = world_enter(b);
	struct entry *e = find_name(w, name);

	if (!e)
		return world_leave(w, absent(b, name));
	if (!e->node)
		return world_leave(w, err_set(ERR_UNTRUSTED, "%s/%s: Is a directory",
					      b->path, name));
	entry_drop(w, e);
	return world_leave(w, 0);
}

static int mem_mkdir(struct backend *b, const char *dir)
{
	struct world *w = world_enter(b);
	int r = folder_there(b, dir);

	if (r == 0 && find_name(w, dir))
		r = err_set(ERR_EXISTS, "%s/%s: File exists", b->path, dir);
	if (r == 0)
		r = entry_add(w, dir, NULL);
	return world_leave(w, r);
}

static int folder_itself(struct backend *b, const char *dir)
{
	struct entry *e = find_name(world_of(b), dir);

	if (!dir[0])
		return 0;
	if (!e)
		return absent(b, dir);
	if (e->node)
		return err_set(ERR_UNTRUSTED, "%s/%s: Not a directory", b->path, dir);
	return 0;
}

/* Is NAME right inside DIR?  Then what follows the folder's name. */
static const char *inside(const char *name, const char *dir)
{
	size_t len = strlen(dir);

	if (len) {
		if (strncmp(name, dir, len) || name[len] != '/')
			return NULL;
		name += len + 1;
	}
	return strchr(name, '/') ? NULL : name;
}

static void names_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* A copy of the names: EACH may change them. */
static int names_in(struct backend *b, const char *dir, char ***out, size_t *n)
{
	struct world *w = world_of(b);
	char **names;
	int r = folder_itself(b, dir);

	if (r < 0)
		return r;
	names = calloc(w->entry_n + 1, sizeof *names);
	if (!names)
		return no_memory();
	for (size_t i = 0; i < w->entry_n; i++) {
		const char *base = inside(w->entry[i].name, dir);

		if (!base)
			continue;
		names[*n] = strdup(base);
		if (!names[*n]) {
			names_free(names, *n);
			return no_memory();
		}
		++*n;
	}
	*out = names;
	return 0;
}

static int mem_list(struct backend *b, const char *dir,
		    int (*each)(void *, const char *name), void *ctx)
{
	struct world *w = world_enter(b);
	char **names = NULL;
	size_t n = 0;
	int r = world_leave(w, names_in(b, dir, &names, &n));

	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r == 0; i++)
		r = each(ctx, names[i]);
	names_free(names, n);
	return r;
}

static int mem_sync_dir(struct backend *b, const char *dir)
{
	struct world *w = world_enter(b);

	return world_leave(w, folder_itself(b, dir));
}

/* --- locks --- */

static int lock_inside(struct backend *b, unsigned what, int mode)
{
	struct world *w = world_of(b);

	for (size_t i = 0; i < w->held_n; i++) {
		const struct held *h = &w->held[i];

		if (h->what != what || h->by == b)
			continue;
		if (mode == LOCK_EXCLUSIVE || h->mode == LOCK_EXCLUSIVE)
			return err_set(ERR_LOCKED, "%s: locked for %s by another process",
				       b->path, h->mode == LOCK_EXCLUSIVE ?
				       "writing" : "reading");
	}
	if (array_grow((void **)&w->held, w->held_n, &w->held_cap, sizeof *w->held) < 0)
		return ERR_MEMORY;
	w->held[w->held_n++] = (struct held){ b, what, mode };
	return 0;
}

static int mem_lock(struct backend *b, unsigned what, int mode, uint64_t wait_ns)
{
	struct world *w = world_enter(b);

	(void)wait_ns;		/* nobody could let go meanwhile: tests have one thread */
	return world_leave(w, lock_inside(b, what, mode));
}

/* WHAT, or all of this handle's when ALL. */
static void unlock_inside(struct backend *b, unsigned what, bool all)
{
	struct world *w = world_of(b);

	for (size_t i = w->held_n; i-- > 0; )
		if (w->held[i].by == b && (all || w->held[i].what == what))
			w->held[i] = w->held[--w->held_n];
}

static void mem_unlock(struct backend *b, unsigned what)
{
	struct world *w = world_enter(b);

	unlock_inside(b, what, false);
	world_leave(w, 0);
}

static void mem_note(struct backend *b, unsigned what, const char *tool)
{
	(void)b;
	(void)what;
	(void)tool;
}

/* --- handles --- */

static void world_free(struct world *w)
{
	while (w->entry_n)
		entry_drop(w, &w->entry[w->entry_n - 1]);
	free(w->entry);
	free(w->held);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}

static void mem_close_backend(struct backend *b)
{
	struct world *w = world_enter(b);
	bool last = --w->handles == 0;

	unlock_inside(b, 0, true);
	world_leave(w, 0);
	if (last)
		world_free(w);
	free(b->path);
	free(b);
}

static int handle_open(struct backend **out, struct world *w)
{
	struct mem_backend *m = calloc(1, sizeof *m);
	char *path = strdup("memory");

	if (!m || !path) {
		free(m);
		free(path);
		return no_memory();
	}
	m->b = (struct backend){ .ops = &mem_ops, .caps = BACKEND_MAPS, .path = path };
	m->world = w;
	pthread_mutex_lock(&w->mutex);
	w->handles++;
	pthread_mutex_unlock(&w->mutex);
	*out = &m->b;
	return 0;
}

int backend_mem(struct backend **out)
{
	struct world *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return no_memory();
	pthread_mutex_init(&w->mutex, NULL);
	r = handle_open(out, w);
	if (r < 0)
		world_free(w);
	return r;
}

int backend_mem_again(struct backend **out, struct backend *first)
{
	return handle_open(out, world_of(first));
}

static const struct backend_ops mem_ops = {
	.open = mem_open, .close = mem_close,
	.read = mem_read, .write = mem_write, .flush = mem_flush,
	.resize = mem_resize_file, .reserve = mem_reserve, .size = mem_size,
	.stamp = mem_stamp,
	.map = mem_map, .unmap = mem_unmap,
	.rename = mem_rename, .remove = mem_remove, .mkdir = mem_mkdir,
	.list = mem_list, .sync_dir = mem_sync_dir,
	.lock = mem_lock, .unlock = mem_unlock, .note = mem_note,
	.close_backend = mem_close_backend,
};
