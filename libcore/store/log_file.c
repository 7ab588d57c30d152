/* store/log_file.c - the file of a log: made, grown, marked
 *
 * Blocks are written with zeros and flushed before a commit ever lies in them.  A
 * commit then changes no size and needs no block of the file system: its flush is
 * one write, and a full disk is met here, before anything is promised.
 */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/log_inside.h"

#define LEAST_BLK 16u
#define GROW_BLK 1024u		/* 4 MiB ahead of need at most */
#define CHUNK_BLK 64u		/* zeros: 256 KiB a write */

int log_file_room(struct log *l, struct log_buffer *b, size_t len)
{
	uint8_t *p;

	if (len <= b->len)
		return 0;
	p = mem_pages(l->o.mem, len);
	if (!p)
		return ERR_MEMORY;
	mem_free_pages(l->o.mem, b->ptr, b->len);
	b->ptr = p;
	b->len = len;
	return 0;
}

void log_file_release(struct log *l, struct log_buffer *b)
{
	mem_free_pages(l->o.mem, b->ptr, b->len);
	b->ptr = NULL;
	b->len = 0;
}

int log_file_check(struct log *l)
{
	struct wal_key key = { .log_id = l->o.log_id };
	int r = log_file_room(l, &l->in, WAL_BLOCK);

	memcpy(key.store_id, l->o.store_id, sizeof key.store_id);
	if (r == 0)
		r = file_read(l->f, l->in.ptr, WAL_BLOCK, 0);
	return r < 0 ? r : wal_head_parse(&l->head, l->in.ptr, &key, l->f);
}

int log_file_zero(struct file *f, uint64_t from, uint64_t to, struct mem *mem)
{
	uint64_t step = to - from < CHUNK_BLK ? to - from : CHUNK_BLK;
	size_t len = (size_t)step * WAL_BLOCK;
	uint8_t *zero;
	int r = 0;

	if (from >= to)
		return 0;
	zero = mem_pages(mem, len);
	if (!zero)
		return ERR_MEMORY;
	memset(zero, 0, len);
	for (; r == 0 && from < to; from += step) {
		step = to - from < step ? to - from : step;
		r = file_write(f, zero, (size_t)step * WAL_BLOCK, from * WAL_BLOCK);
	}
	mem_free_pages(mem, zero, len);
	return r;
}

static int fill_out(struct file *f, uint64_t from, uint64_t to, struct mem *mem)
{
	int r = file_reserve(f, from * WAL_BLOCK, (to - from) * WAL_BLOCK);

	return r < 0 ? r : log_file_zero(f, from, to, mem);
}

int log_file_grow(struct log *l, uint64_t need_blk)
{
	struct tail_head *h = l->t->head;
	uint64_t have = h->file_blk, to = have;
	int r;

	while (to < need_blk)
		to += to < GROW_BLK ? to : GROW_BLK;
	if (l->sparing)
		to = need_blk;
	r = fill_out(l->f, have, to, l->o.mem);
	if (r == ERR_NO_SPACE && to > need_blk) {
		to = need_blk;		/* no room to be generous */
		r = fill_out(l->f, have, to, l->o.mem);
	}
	if (r < 0)
		return r;
	r = file_flush(l->f);
	if (r < 0) {
		tail_set(h, &h->doubtful, 1);	/* commits of others were under that flush */
		l->failed = true;
		return r;
	}
	tail_set(h, &h->file_blk, to);
	return 0;
}

int log_file_mark(struct log *l)
{
	struct tail_head *h = l->t->head;
	struct wal_mark m = {
		.sequence = h->mark_sequence + 1, .durable_blk = h->durable_blk,
		.floor = h->floor, .flags = h->log_flags,
	};
	uint64_t commit_n = h->commit_n;
	uint8_t *page = mem_pages(l->o.mem, WAL_BLOCK);
	int r;

	if (!page)
		return ERR_MEMORY;
	wal_mark_build(page, &m, &l->head.key);
	r = file_write(l->f, page, WAL_BLOCK, wal_mark_blk(m.sequence) * WAL_BLOCK);
	mem_free_pages(l->o.mem, page, WAL_BLOCK);
	if (r < 0)
		return r;
	tail_set(h, &h->mark_sequence, m.sequence);
	tail_set(h, &h->mark_blk, m.durable_blk);
	tail_set(h, &h->mark_commit_n, commit_n);
	return 0;
}

void log_file_stamp(struct log *l)
{
	struct tail_head *h = l->t->head;
	struct file_stamp s = { 0 };

	if (file_stamp(l->f, &s) < 0)
		s = (struct file_stamp){ 0 };
	tail_set(h, &h->file_identity, s.identity);
	tail_set(h, &h->file_changed_ns, s.changed_ns);
}

bool log_file_untouched(const struct log *l)
{
	const struct tail_head *h = l->t->head;
	struct file_stamp log, index;

	if (l->alone || !h->file_identity || file_stamp(l->f, &log) < 0 ||
	    file_stamp(l->t->file, &index) < 0)
		return false;
	return index.links && log.identity == h->file_identity &&
	       log.changed_ns == h->file_changed_ns;
}

/* --- held while a reader needs it --- */

/* A lock belongs to the backend handle and is taken once; several logs of one
 * process may hold the same file, and its own fold must know. */
struct hold {
	struct hold *next;
	struct backend *backend;
	unsigned lock, n;
};

static pthread_mutex_t hold_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct hold *holds;

static struct hold **hold_of(const struct backend *b, unsigned lock)
{
	struct hold **at = &holds;

	while (*at && ((*at)->backend != b || (*at)->lock != lock))
		at = &(*at)->next;
	return at;
}

static int hold_new(struct hold **at, struct backend *b, unsigned lock, uint64_t wait_ns)
{
	struct hold *h = mem_zalloc(NULL, sizeof *h);
	int r;

	if (!h)
		return ERR_MEMORY;
	r = backend_lock(b, lock, LOCK_SHARED, wait_ns);
	if (r < 0) {
		mem_free(NULL, h);
		return r;
	}
	*h = (struct hold){ NULL, b, lock, 1 };
	*at = h;
	return 0;
}

int log_file_hold(struct log *l)
{
	unsigned lock = log_hold_lock(l->o.log_id);
	struct hold **at;
	int r = 0;

	pthread_mutex_lock(&hold_mutex);
	at = hold_of(l->o.backend, lock);
	if (*at)
		(*at)->n++;
	else
		r = hold_new(at, l->o.backend, lock, l->o.wait_ns);
	pthread_mutex_unlock(&hold_mutex);
	return r;
}

void log_file_let_go(struct log *l)
{
	unsigned lock = log_hold_lock(l->o.log_id);
	struct hold **at, *h;

	pthread_mutex_lock(&hold_mutex);
	at = hold_of(l->o.backend, lock);
	h = *at;
	if (h && --h->n == 0) {
		backend_unlock(l->o.backend, lock);
		*at = h->next;
		mem_free(NULL, h);
	}
	pthread_mutex_unlock(&hold_mutex);
}

static bool held_by_us(const struct backend *b, unsigned lock)
{
	bool held;

	pthread_mutex_lock(&hold_mutex);
	held = *hold_of(b, lock) != NULL;
	pthread_mutex_unlock(&hold_mutex);
	return held;
}

/* --- a new one --- */

static int write_heads(struct file *f, const struct log_options *o)
{
	struct wal_head head = {
		.key.log_id = o->log_id, .file_id = clock_random() | 1,
		.generation = o->generation, .base_version = o->base_version,
		.created_ns = clock_wall_ns(),
	};
	struct wal_mark mark = {
		.durable_blk = WAL_FIRST_BLK, .floor = o->base_version,
	};
	uint8_t *p = mem_pages(o->mem, WAL_FIRST_BLK * WAL_BLOCK);
	int r;

	if (!p)
		return ERR_MEMORY;
	memcpy(head.key.store_id, o->store_id, sizeof head.key.store_id);
	wal_head_build(p, &head);
	for (; mark.sequence < 2; mark.sequence++)
		wal_mark_build(p + wal_mark_blk(mark.sequence) * WAL_BLOCK, &mark,
			       &head.key);
	r = file_write(f, p, WAL_FIRST_BLK * WAL_BLOCK, 0);
	mem_free_pages(o->mem, p, WAL_FIRST_BLK * WAL_BLOCK);
	return r;
}

/* Does a file of this name hold commits of this log?  Then the manifest that
 * wants to make it is older than it. */
static int holds_commits(struct backend *b, const char *name, const struct log_options *o)
{
	struct wal_key key = { .log_id = o->log_id };
	struct recover rec = { 0 };
	struct file *f = NULL;
	int r;

	memcpy(key.store_id, o->store_id, sizeof key.store_id);
	r = backend_open(b, name, 0, &f);
	if (r < 0)
		return r == ERR_ABSENT ? 0 : r;
	r = recover_init(&rec, f, &key, o->mem);
	if (r == 0)
		r = recover_at_blank(&rec);
	if (r == 0)
		r = err_set(ERR_EXISTS, "%s: holds commits that no manifest knows of",
			    file_path(f));
	else if (r == 1 || r == ERR_DAMAGED || r == ERR_CHANGED)
		r = 0;			/* what a crash left of making one */
	recover_release(&rec);
	file_close(f);
	return r;
}

/* The retired log's file under the new name if nobody holds it (1, and the lock is
 * ours until its head is the new one); else it goes (0). */
static int take_over(struct backend *b, uint64_t recycle, const char *name)
{
	char old[WAL_NAME_MAX];
	bool locked;
	int r;

	wal_name(old, recycle);
	locked = !held_by_us(b, log_hold_lock(recycle)) &&
		 backend_lock(b, log_hold_lock(recycle), LOCK_EXCLUSIVE, 0) == 0;
	r = locked ? backend_rename(b, old, name) : backend_remove(b, old);
	if (locked && r == 0)
		return 1;
	if (locked)
		backend_unlock(b, log_hold_lock(recycle));
	return r == ERR_ABSENT ? 0 : r;
}

/* Its head last: until that is there, the file is an old log's remains. */
static int fill_new(struct file *f, const struct log_options *o, uint64_t blk_n)
{
	uint64_t size;
	int r = file_size(f, &size);

	size /= WAL_BLOCK;
	if (r == 0 && size < blk_n)
		r = fill_out(f, size, blk_n, o->mem);
	if (r == 0)
		r = write_heads(f, o);
	return r < 0 ? r : file_flush(f);
}

static int create_as(const char *name, const struct log_options *o, uint64_t blk_n,
		     bool taken)
{
	unsigned flags = FILE_WRITE | (o->direct ? FILE_DIRECT : 0);
	struct file *f = NULL;
	int r = 0;

	if (!taken) {
		r = backend_remove(o->backend, name);
		if (r == ERR_ABSENT)
			r = 0;
		flags |= FILE_CREATE;
	}
	if (r == 0)
		r = backend_open(o->backend, name, flags, &f);
	if (r == 0)
		r = fill_new(f, o, blk_n);
	file_close(f);
	return r < 0 ? r : backend_sync_dir(o->backend, "wal");
}

int log_create(const struct log_options *o, uint64_t bytes, uint64_t recycle)
{
	uint64_t blk_n = disk_round_up(bytes, WAL_BLOCK) / WAL_BLOCK;
	char name[WAL_NAME_MAX];
	struct err_note note;
	int taken = 0, r;

	wal_name(name, o->log_id);
	r = holds_commits(o->backend, name, o);
	if (r == 0 && recycle)
		r = taken = take_over(o->backend, recycle, name);
	if (r < 0)
		return r;
	r = create_as(name, o, blk_n > LEAST_BLK ? blk_n : LEAST_BLK, taken);
	if (r < 0) {
		err_take(&note, r);
		backend_remove(o->backend, name);	/* its own failure says nothing new */
		err_give(&note);
	}
	if (taken)
		backend_unlock(o->backend, log_hold_lock(recycle));
	return r;
}
