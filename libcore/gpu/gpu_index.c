/* gpu/gpu_index.c - the file: made, attached, its process looked for */
#include "gpu/gpu_index.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "gpu/gpu_index_inside.h"
#include "io/file.h"

#define NEW_NAME "gpucache.idx.new"
#define LINES_LEAST_LOG 6u
#define LINES_MOST_LOG 31u		/* of a tag's 32 bits */

/* --- who made it --- */

/* When PID started, in ticks since boot; 0: there is no such process. */
static uint64_t start_of(uint64_t pid)
{
	char path[48], text[1024], *p;
	unsigned long long start = 0;
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%" PRIu64 "/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	p = strrchr(text, ')');		/* the name before it may hold anything */
	if (!p || sscanf(p + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			 " %*s %*s %*s %*s %*s %*s %llu", &start) != 1)
		return 0;
	return start;
}

bool gpu_index_serving(const struct gpu_index *x)
{
	return GPU_INDEX_LOAD(&x->head->live) == x->generation &&
	       x->start && start_of(x->pid) == x->start;
}

uint64_t gpu_index_silent_ns(const struct gpu_index *x)
{
	uint64_t then = atomic_load_explicit(&x->head->beat_ns, memory_order_relaxed);
	uint64_t now = clock_ns();

	return now > then ? now - then : 0;
}

/* --- the file --- */

static uint32_t head_crc(const struct gpu_index_head *h)
{
	return crc32c(0, h->store, offsetof(struct gpu_index_head, live) -
		      offsetof(struct gpu_index_head, store));
}

static uint64_t file_len(uint64_t line_n)
{
	return GPU_INDEX_HEAD + line_n * (sizeof(struct gpu_index_line) + 1);
}

static bool is_power(uint64_t n)
{
	return n && (n & (n - 1)) == 0;
}

/* Takes what is needed of a head that was looked at: what others may write into the
 * file later moves no bound. */
static void spread(struct gpu_index *x)
{
	const struct gpu_index_head *h = x->head;

	x->line = (struct gpu_index_line *)(void *)((uint8_t *)x->head + GPU_INDEX_HEAD);
	x->mask = (x->len - GPU_INDEX_HEAD) / (sizeof(struct gpu_index_line) + 1) - 1;
	x->sign = (_Atomic uint64_t *)(void *)(x->line + x->mask + 1);
	x->shift = 32 - (unsigned)__builtin_ctzll(x->mask + 1);
	x->room = (x->mask + 1) * 2 / 3;
	x->generation = h->generation;
	for (unsigned i = 0; i < 4; i++)
		x->salt[i] = hash_u64(h->seed + i);
	memcpy(x->secret, h->secret, sizeof x->secret);
	x->pid = h->pid;
	x->start = h->start;
}

void gpu_index_close(struct gpu_index *x)
{
	if (!x)
		return;
	if (x->head)
		file_unmap(x->file, x->head, x->len);
	file_close(x->file);
	mem_free(NULL, x);
}

/* Sets x->head; LEN is checked, the bytes are not.  Pages of 2 MiB, where the file
 * system has them (ext4 since Linux 6.16) and whoever touches the file first asks for
 * them: a look-up among a million keys takes a third less (bench/gpu_cache).  The
 * price: a changed line makes 2 MiB dirty, which are written back by and by. */
static int map(struct gpu_index *x, size_t len, bool write)
{
	void *p;
	int r = file_map(x->file, len, write, &p);

	if (r < 0)
		return r;
	mem_large(p, len);
	x->len = len;
	x->head = p;
	return 0;
}

/* --- attaching --- */

static int is_ours(const struct gpu_index *x, const uint8_t store[16])
{
	const struct gpu_index_head *h = x->head;
	const char *path = file_path(x->file);
	char boot[40];

	if (memcmp(h->magic, GPU_INDEX_MAGIC, sizeof h->magic))
		return err_set(ERR_DAMAGED, "%s: is no index of a cache", path);
	if (h->format != GPU_INDEX_FORMAT)
		return err_set(ERR_NEWER, "%s: has format %" PRIu32 ", this program knows %u",
			       path, h->format, GPU_INDEX_FORMAT);
	if (h->crc != head_crc(h) || !h->generation || !is_power(h->line_n) ||
	    h->line_n < 1u << LINES_LEAST_LOG || h->line_n > UINT64_C(1) << LINES_MOST_LOG ||
	    file_len(h->line_n) != x->len)
		return err_set(ERR_DAMAGED, "%s: its head is damaged", path);
	if (store && memcmp(h->store, store, sizeof h->store))
		return err_set(ERR_UNTRUSTED, "%s: is of another store", path);
	clock_boot(boot);
	if (!boot[0] || memcmp(h->boot, boot, sizeof boot))
		return err_set(ERR_UNAVAILABLE, "%s: is left from before the machine was "
			       "started", path);
	return 0;
}

static int attach(struct gpu_index *x, struct backend *b, const uint8_t store[16])
{
	uint64_t size;
	int r = backend_open(b, GPU_INDEX_NAME, 0, &x->file);

	if (r == 0)
		r = file_size(x->file, &size);
	if (r < 0)
		return r;
	if (size <= GPU_INDEX_HEAD || size > file_len(UINT64_C(1) << LINES_MOST_LOG))
		return err_set(ERR_DAMAGED, "%s: is no index of a cache", file_path(x->file));
	r = map(x, (size_t)size, false);
	if (r == 0)
		r = is_ours(x, store);
	if (r < 0)
		return r;
	spread(x);
	if (!gpu_index_serving(x))
		return err_set(ERR_UNAVAILABLE, "%s: its cache service has ended",
			       file_path(x->file));
	return 0;
}

int gpu_index_attach(struct gpu_index **out, struct backend *b, const uint8_t store[16])
{
	struct gpu_index *x = mem_zalloc(NULL, sizeof *x);
	int r = x ? attach(x, b, store) : ERR_MEMORY;

	if (r < 0)
		gpu_index_close(x);
	else
		*out = x;
	return r;
}

/* --- making --- */

/* Ends the one that is there; its generation, or 0. */
static uint64_t end_other(struct backend *b)
{
	struct gpu_index x = { 0 };
	struct err_note note;
	uint64_t size, generation = 0;

	err_take(&note, 0);
	if (backend_open(b, GPU_INDEX_NAME, FILE_WRITE, &x.file) == 0 &&
	    file_size(x.file, &size) == 0 && size >= GPU_INDEX_HEAD &&
	    map(&x, GPU_INDEX_HEAD, true) == 0 &&
	    !memcmp(x.head->magic, GPU_INDEX_MAGIC, sizeof x.head->magic) &&
	    x.head->format == GPU_INDEX_FORMAT && x.head->crc == head_crc(x.head)) {
		generation = x.head->generation;
		gpu_index_kill(&x);
	}
	if (x.head)
		file_unmap(x.file, x.head, x.len);
	file_close(x.file);
	err_give(&note);
	return generation;
}

/* Above the one before; and above any whose file is gone, if the clock was not set
 * back meanwhile. */
static uint64_t generation_after(uint64_t before)
{
	uint64_t now = clock_wall_ns();

	return now > before && now ? now : before + 1;
}

static void head_fill(struct gpu_index_head *h, const struct gpu_index_setup *s,
		      uint64_t line_n, uint64_t generation)
{
	memcpy(h->magic, GPU_INDEX_MAGIC, sizeof h->magic);
	h->format = GPU_INDEX_FORMAT;
	memcpy(h->store, s->store, sizeof h->store);
	clock_boot(h->boot);
	h->pid = (uint64_t)getpid();
	h->start = start_of(h->pid);
	h->line_n = line_n;
	h->generation = generation;
	h->seed = clock_random();
	h->secret[0] = clock_random();
	h->secret[1] = clock_random();
	h->crc = head_crc(h);
	h->applied = s->applied;
	h->beat_ns = clock_ns();
	h->live = generation;
}

static int make(struct gpu_index *x, struct backend *b, uint64_t line_n)
{
	struct err_note note;
	int r;

	err_take(&note, 0);
	backend_remove(b, NEW_NAME);		/* most often there is none */
	err_give(&note);
	r = backend_open(b, NEW_NAME, FILE_WRITE | FILE_CREATE, &x->file);
	if (r == 0)
		r = file_reserve(x->file, 0, file_len(line_n));
	if (r == 0)
		r = map(x, (size_t)file_len(line_n), true);
	return r;
}

static uint64_t lines_for(uint64_t entries)
{
	uint64_t n = UINT64_C(1) << LINES_LEAST_LOG;

	while (n < UINT64_C(1) << LINES_MOST_LOG && n * 2 / 3 < entries)
		n *= 2;
	return n;
}

int gpu_index_create(struct gpu_index **out, struct backend *b,
		     const struct gpu_index_setup *setup)
{
	struct gpu_index *x = mem_zalloc(NULL, sizeof *x);
	uint64_t line_n = lines_for(setup->entries);
	int r = x ? make(x, b, line_n) : ERR_MEMORY;

	if (r < 0)
		goto out;
	head_fill(x->head, setup, line_n, generation_after(end_other(b)));
	spread(x);
	r = backend_rename(b, NEW_NAME, GPU_INDEX_NAME);
out:
	if (r < 0)
		gpu_index_close(x);
	else
		*out = x;
	return r;
}

void gpu_index_info(const struct gpu_index *x, struct gpu_index_info *out)
{
	const struct gpu_index_head *h = x->head;

	*out = (struct gpu_index_info){
		.generation = x->generation, .pid = x->pid, .line_n = x->mask + 1,
		.applied = h->applied, .entry_n = h->entry_n, .byte_n = h->byte_n,
		.put_n = h->put_n, .remove_n = h->remove_n, .refuse_n = h->refuse_n,
		.alive = h->live == x->generation,
	};
}
