/* gpu/host.c - host memory as a device: what there always is */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gpu/arena.h"

#define ALIGN 512u		/* what an index can name */

struct host {
	struct gpu_backend b;
	struct mem *mem;
	uint64_t limit, taken;
};

static struct host *host_of(struct gpu_backend *b)
{
	return (struct host *)(void *)b;
}

static uint64_t host_memory(struct gpu_backend *b)
{
	return host_of(b)->limit;
}

static uint32_t host_align(struct gpu_backend *b)
{
	(void)b;
	return ALIGN;
}

static int host_arena_new(struct gpu_backend *b, uint64_t len, void **out)
{
	struct host *h = host_of(b);
	void *p;

	if (len > h->limit - h->taken)
		return err_set(ERR_MEMORY, "out of memory: the cache may have no %llu more bytes",
			       (unsigned long long)len);
	p = mem_pages(h->mem, (size_t)len);
	if (!p)
		return ERR_MEMORY;
	mem_large(p, (size_t)len);
	memset(p, 0, (size_t)len);	/* else it is promised, not there */
	h->taken += len;
	*out = p;
	return 0;
}

static void host_arena_free(struct gpu_backend *b, void *arena, uint64_t len)
{
	host_of(b)->taken -= len;
	mem_free_pages(host_of(b)->mem, arena, (size_t)len);
}

static int host_write(struct gpu_backend *b, void *arena, uint64_t off, const void *ptr,
		      size_t len)
{
	(void)b;
	memcpy((uint8_t *)arena + off, ptr, len);
	return 0;
}

static int host_read(struct gpu_backend *b, void *arena, uint64_t off, void *ptr, size_t len)
{
	(void)b;
	memcpy(ptr, (const uint8_t *)arena + off, len);
	return 0;
}

static int host_copy(struct gpu_backend *b, void *from, uint64_t from_off, void *to,
		     uint64_t to_off, uint64_t len)
{
	(void)b;
	memcpy((uint8_t *)to + to_off, (const uint8_t *)from + from_off, (size_t)len);
	return 0;
}

static int host_finish(struct gpu_backend *b)
{
	(void)b;
	return 0;
}

static void host_close(struct gpu_backend *b)
{
	mem_free(NULL, b);
}

static const struct gpu_backend_ops host_ops = {
	.name = "host",
	.memory = host_memory, .most = host_memory, .align = host_align,
	.arena_new = host_arena_new, .arena_free = host_arena_free,
	.write = host_write, .read = host_read, .copy = host_copy, .finish = host_finish,
	.close = host_close,
};

int host_open(struct gpu_backend **out, uint64_t memory, struct mem *mem)
{
	struct host *h = mem_zalloc(NULL, sizeof *h);

	if (!h)
		return ERR_MEMORY;
	h->b.ops = &host_ops;
	h->mem = mem;
	h->limit = mem_left(mem) < memory ? mem_left(mem) : memory;
	*out = &h->b;
	return 0;
}
