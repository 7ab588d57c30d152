/* base/mem.c - a 16-byte head before each allocation remembers its size */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"

#define HEAD 16		/* keeps malloc's alignment */
#define PAGE 4096
#define LARGE (2u << 20)

void mem_init(struct mem *m, size_t limit)
{
	memset(m, 0, sizeof *m);
	m->limit = limit;
}

static int refuse(const struct mem *m, size_t size)
{
	err_set(ERR_MEMORY, "out of memory: %zu more bytes would pass the limit of %zu",
		size, m->limit);
	err_hint("raise it with -O memory_limit=SIZE");
	return ERR_MEMORY;
}

static int draw(struct mem *m, size_t size)
{
	size_t used, peak;

	if (!m)
		return 0;
	if (++m->count == m->fail_at)
		return refuse(m, size);
	used = atomic_fetch_add(&m->used, size) + size;
	if (m->limit && (used > m->limit || used < size)) {
		atomic_fetch_sub(&m->used, size);
		return refuse(m, size);
	}
	peak = m->peak;
	while (used > peak && !atomic_compare_exchange_weak(&m->peak, &peak, used))
		;
	return 0;
}

static void give_back(struct mem *m, size_t size)
{
	if (m)
		atomic_fetch_sub(&m->used, size);
}

static void *lacking(struct mem *m, size_t size)
{
	give_back(m, size);
	err_set(ERR_MEMORY, "out of memory: the system has no %zu more bytes", size);
	return NULL;
}

void *mem_resize(struct mem *m, void *ptr, size_t size)
{
	uint8_t *head = ptr ? (uint8_t *)ptr - HEAD : NULL;
	size_t old = 0;

	if (head)
		memcpy(&old, head, sizeof old);
	if (size > SIZE_MAX / 2) {
		err_set(ERR_MEMORY, "out of memory: %zu bytes asked for", size);
		return NULL;
	}
	if (draw(m, size + HEAD) < 0)
		return NULL;
	/* Of nothing one byte: else what is given out lies behind its block, and whoever looks
	 * for leaks takes the block for lost. */
	head = realloc(head, size + HEAD + !size);
	if (!head)
		return lacking(m, size + HEAD);
	if (ptr)
		give_back(m, old + HEAD);
	memcpy(head, &size, sizeof size);
	return head + HEAD;
}

void *mem_alloc(struct mem *m, size_t size)
{
	return mem_resize(m, NULL, size);
}

void *mem_zalloc(struct mem *m, size_t size)
{
	void *p = mem_resize(m, NULL, size);

	if (p)
		memset(p, 0, size);
	return p;
}

void mem_free(struct mem *m, void *ptr)
{
	size_t size;
	uint8_t *head;

	if (!ptr)
		return;
	head = (uint8_t *)ptr - HEAD;
	memcpy(&size, head, sizeof size);
	give_back(m, size + HEAD);
	free(head);
}

void mem_large(void *ptr, size_t size)
{
	uintptr_t from = ((uintptr_t)ptr + LARGE - 1) & ~(uintptr_t)(LARGE - 1);
	uintptr_t end = ((uintptr_t)ptr + size) & ~(uintptr_t)(LARGE - 1);

	if (end > from)
		madvise((void *)from, end - from, MADV_HUGEPAGE);
}

void *mem_alloc_large(struct mem *m, size_t size)
{
	void *p = mem_alloc(m, size);

	if (p)
		mem_large(p, size);
	return p;
}

void *mem_zalloc_large(struct mem *m, size_t size)
{
	void *p = mem_alloc_large(m, size);

	if (p)
		memset(p, 0, size);
	return p;
}

void *mem_pages(struct mem *m, size_t size)
{
	void *p;

	if (draw(m, size) < 0)
		return NULL;
	if (posix_memalign(&p, PAGE, size ? size : PAGE) != 0)
		return lacking(m, size);
	return p;
}

void mem_free_pages(struct mem *m, void *ptr, size_t size)
{
	if (!ptr)
		return;
	give_back(m, size);
	free(ptr);
}

size_t mem_left(const struct mem *m)
{
	size_t used;

	if (!m || !m->limit)
		return SIZE_MAX;
	used = m->used;
	return used < m->limit ? m->limit - used : 0;
}

/* The limit in a cgroup file, or SIZE_MAX when there is none to read. */
static size_t cgroup_limit(const char *path)
{
	unsigned long long n = 0;
	FILE *f = fopen(path, "re");
	int got;

	if (!f)
		return SIZE_MAX;
	got = fscanf(f, "%llu", &n);	/* "max" reads as nothing: no limit */
	fclose(f);
	return got == 1 && n ? (size_t)n : SIZE_MAX;
}

static size_t least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The group at PATH below MOUNT and every group around it. */
static size_t cgroup_path_limit(const char *mount, const char *path, const char *file)
{
	char at[4096], name[4400];
	size_t least = SIZE_MAX, len;

	snprintf(at, sizeof at, "%s%s", mount, path);
	for (len = strlen(at); len >= strlen(mount); len--) {
		if (at[len] != '/' && at[len] != '\0')
			continue;
		at[len] = '\0';
		snprintf(name, sizeof name, "%s/%s", at, file);
		least = least_of(least, cgroup_limit(name));
	}
	return least;
}

/* Of the group we are in: "0::/path", or "5:memory:/path" in the older form.  Inside
 * a container the path may be of the world outside; the mount's root is ours then. */
static size_t cgroup_own_limit(void)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	size_t least = SIZE_MAX;
	char line[4096];

	while (f && fgets(line, sizeof line, f)) {
		char *which = strchr(line, ':'), *path = which ? strchr(which + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		if (which[1] == '\0')
			least = least_of(least, cgroup_path_limit("/sys/fs/cgroup", path,
								  "memory.max"));
		else if (!strcmp(which + 1, "memory"))
			least = least_of(least, cgroup_path_limit("/sys/fs/cgroup/memory", path,
								  "memory.limit_in_bytes"));
	}
	if (f)
		fclose(f);
	return least;
}

size_t mem_default_limit(void)
{
	size_t least = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
	struct rlimit rl;

	least = least_of(least, cgroup_own_limit());
	least = least_of(least, cgroup_limit("/sys/fs/cgroup/memory.max"));
	least = least_of(least, cgroup_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
	if (getrlimit(RLIMIT_AS, &rl) == 0 && rl.rlim_cur != RLIM_INFINITY)
		least = least_of(least, rl.rlim_cur);
	return least / 2;
}
