/* io/view.c - mapped files, and what happens when one is cut
 *
 * The handler may call only what is safe in a signal, so each open view leaves
 * its address range and name in a table of fixed size, filled before use is
 * possible and read without a lock.  A SIGBUS outside of every view is handed to
 * whoever was there before us.
 */
#include "io/view.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/file.h"

/* More at once than a device reads ahead by itself is cut off in silence. */
#define WILLNEED_MOST (128u << 10)
#define WATCHED 256		/* views beyond this end as a plain SIGBUS */

static struct watch {
	_Atomic(uintptr_t) begin;	/* 0: free; 1: being filled */
	uintptr_t end;
	char name[112];
} watch[WATCHED];
static struct sigaction before;

static void watch_add(const struct view *v)
{
	uintptr_t begin = (uintptr_t)v->ptr, vacant;

	for (size_t i = 0; i < WATCHED; i++) {
		vacant = 0;
		if (!atomic_compare_exchange_strong(&watch[i].begin, &vacant, 1))
			continue;
		watch[i].end = begin + v->len;
		snprintf(watch[i].name, sizeof watch[i].name, "%s", file_path(v->file));
		atomic_store(&watch[i].begin, begin);
		return;
	}
}

static void watch_remove(const struct view *v)
{
	for (size_t i = 0; i < WATCHED; i++)
		if (watch[i].begin == (uintptr_t)v->ptr)
			atomic_store(&watch[i].begin, 0);
}

int view_open(struct view *v, struct file *f)
{
	struct view got = { .file = f };
	void *map = NULL;
	uint64_t size;
	int r;

	r = file_size(f, &size);
	if (r < 0)
		return r;
	if (size > SIZE_MAX / 2)
		return err_set(ERR_MEMORY, "%s: too large to map", file_path(f));
	got.len = (size_t)size;
	got.owned = !(f->backend->caps & BACKEND_MAPS);
	if (got.owned) {
		/* whole pages: a direct file is read in them */
		map = mem_pages(NULL, (got.len + 4095) / 4096 * 4096);
		r = map ? 0 : ERR_MEMORY;
		if (r == 0 && got.len)
			r = f->direct ? (int)file_read_some(f, map, (got.len + 4095) / 4096 * 4096, 0) :
				file_read(f, map, got.len, 0);
	} else if (got.len) {
		r = file_map(f, got.len, false, &map);
	}
	if (r < 0) {
		if (got.owned)
			mem_free_pages(NULL, map, (got.len + 4095) / 4096 * 4096);
		return r;
	}
	got.ptr = map;
	if (!got.owned && map)
		watch_add(&got);
	*v = got;
	return 0;
}

void view_close(struct view *v)
{
	if (v->ptr && v->owned) {
		mem_free_pages(NULL, (void *)(uintptr_t)v->ptr, (v->len + 4095) / 4096 * 4096);
	} else if (v->ptr) {
		watch_remove(v);
		file_unmap(v->file, (void *)(uintptr_t)v->ptr, v->len);
	}
	memset(v, 0, sizeof *v);
}

void view_advise(const struct view *v, uint64_t off, uint64_t len, enum view_advice advice)
{
	static const int how[] = {
		[VIEW_RANDOM] = MADV_RANDOM, [VIEW_SEQUENTIAL] = MADV_SEQUENTIAL,
		[VIEW_WILLNEED] = MADV_WILLNEED, [VIEW_DONE] = MADV_DONTNEED,
	};
	uint64_t begin = off / 4096 * 4096;

	if (v->owned || off >= v->len || len == 0)
		return;
	if (len > v->len - off)
		len = v->len - off;
	/* advice: when the system does not take it, nothing is lost */
	while (begin < off + len) {
		uint64_t n = off + len - begin;

		if (advice == VIEW_WILLNEED && n > WILLNEED_MOST)
			n = WILLNEED_MOST;
		madvise((void *)(uintptr_t)(v->ptr + begin), (size_t)n, how[advice]);
		begin += n;
	}
}

bool view_bring(const struct view *v, uint64_t off, uint64_t len)
{
	uint64_t begin = off / 4096 * 4096;

	if (off + len > v->len)
		return false;
	if (v->owned || len == 0)
		return true;
#ifdef MADV_POPULATE_READ
	return madvise((void *)(uintptr_t)(v->ptr + begin), (size_t)(off + len - begin),
		       MADV_POPULATE_READ) == 0;
#else
	(void)begin;
	return false;
#endif
}

static int set_resident = -1;

void view_set_resident(int says)
{
	set_resident = says;
}

bool view_resident(const struct view *v, uint64_t off, uint64_t len)
{
	uint64_t end = off + len;
	unsigned char page[256];

	if (v->owned || len == 0 || end > v->len)
		return true;
	if (set_resident >= 0)
		return set_resident;
	for (off = off / 4096 * 4096; off < end; off += sizeof page * 4096) {
		uint64_t n = end - off < sizeof page * 4096 ? end - off : sizeof page * 4096;

		if (mincore((void *)(uintptr_t)(v->ptr + off), (size_t)n, page) < 0)
			return true;
		for (uint64_t i = 0; i < (n + 4095) / 4096; i++)
			if (!(page[i] & 1))
				return false;
	}
	return true;
}

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static void on_bus(int sig, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr;

	(void)context;
	for (size_t i = 0; i < WATCHED; i++) {
		uintptr_t begin = watch[i].begin;

		if (begin < 4096 || at < begin || at >= watch[i].end)
			continue;
		say(watch[i].name);
		say(": the file was cut, or cannot be read, while in use [io-error]\n");
		_exit(74);
	}
	sigaction(sig, &before, NULL);	/* the access is repeated and meets it */
}

void view_guard(void)
{
	struct sigaction sa = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &sa, &before);
}
