/* gpu/arena.c - large pieces first, smaller ones where those do not fit */
#include "gpu/arena.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

#define SECOND (256u << 10)	/* bytes compared at a time */
#define PIECE (UINT64_C(2) << 20)	/* SLAB_LEN: less is of no use */

struct arenas {
	struct gpu_backend *b;
	uint32_t n;
	uint64_t size;
	uint64_t len[ARENA_MOST];
	void *handle[ARENA_MOST];
};

void gpu_backend_close(struct gpu_backend *b)
{
	if (b)
		b->ops->close(b);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t whole(uint64_t len)
{
	return len / PIECE * PIECE;
}

/* As much of SIZE as there is; what did not fit is no error as long as something did. */
static int take(struct arenas *a, uint64_t size)
{
	uint64_t len = whole(least(size, a->b->ops->most(a->b)));
	int r = 0;

	while (len && a->n < ARENA_MOST) {
		r = a->b->ops->arena_new(a->b, len, &a->handle[a->n]);
		if (r == 0) {
			a->len[a->n++] = len;
			a->size += len;
			len = least(len, whole(size - a->size));
		} else if (r == ERR_MEMORY) {
			len = whole(len / 2);
		} else {
			return r;
		}
	}
	if (a->n)
		return 0;
	return r < 0 ? r : err_set(ERR_MEMORY, "%s: no arena of %" PRIu64 " bytes can be had: "
				   "it takes 2 MiB", a->b->ops->name, size);
}

int arena_open(struct arenas **out, struct gpu_backend *b, uint64_t size)
{
	struct arenas *a = mem_zalloc(NULL, sizeof *a);
	int r;

	if (!a)
		return ERR_MEMORY;
	a->b = b;
	r = take(a, size);
	if (r < 0)
		arena_close(a);
	else
		*out = a;
	return r;
}

void arena_close(struct arenas *a)
{
	if (!a)
		return;
	for (uint32_t i = 0; i < a->n; i++)
		a->b->ops->arena_free(a->b, a->handle[i], a->len[i]);
	mem_free(NULL, a);
}

uint64_t arena_size(const struct arenas *a)
{
	return a->size;
}

uint32_t arena_n(const struct arenas *a)
{
	return a->n;
}

const uint64_t *arena_lens(const struct arenas *a)
{
	return a->len;
}

void *arena_handle(const struct arenas *a, uint32_t i)
{
	return a->handle[i];
}

static int inside(const struct arenas *a, struct arena_place p, uint64_t len)
{
	if (p.arena < a->n && p.off <= a->len[p.arena] && len <= a->len[p.arena] - p.off)
		return 0;
	return err_set(ERR_BUG, "%s: %" PRIu64 " bytes at %" PRIu64 " of arena %" PRIu32 " are "
		       "not there", a->b->ops->name, len, p.off, p.arena);
}

int arena_write(struct arenas *a, struct arena_place to, const void *ptr, size_t len)
{
	int r = inside(a, to, len);

	if (r < 0 || !len)
		return r;
	return a->b->ops->write(a->b, a->handle[to.arena], to.off, ptr, len);
}

int arena_read(struct arenas *a, struct arena_place from, void *ptr, size_t len)
{
	int r = inside(a, from, len);

	if (r < 0 || !len)
		return r;
	return a->b->ops->read(a->b, a->handle[from.arena], from.off, ptr, len);
}

int arena_copy(struct arenas *a, struct arena_place from, struct arena_place to, uint64_t len)
{
	int r = inside(a, from, len);

	if (r == 0)
		r = inside(a, to, len);
	if (r < 0 || !len)
		return r;
	return a->b->ops->copy(a->b, a->handle[from.arena], from.off, a->handle[to.arena],
			       to.off, len);
}

int arena_finish(struct arenas *a)
{
	return a->b->ops->finish(a->b);
}

/* --- twice --- */

struct second {			/* what is read again */
	struct second *next;
	uint8_t bytes[SECOND];
};

/* A device that hangs may write to it at any time. */
static void keep_for_ever(struct second *s)
{
	static struct second *kept;

	s->next = kept;
	kept = s;
}

static int read_part(struct arenas *a, struct arena_place from, uint8_t *ptr, size_t len,
		     struct second *s)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < 2; i++) {
		r = arena_read(a, from, ptr, len);
		if (r == 0)
			r = arena_read(a, from, s->bytes, len);
		if (r == 0)
			r = arena_finish(a);
		if (r == 0 && !memcmp(ptr, s->bytes, len))
			return 0;
	}
	return r < 0 ? r : err_set(ERR_DEVICE, "the device failed: what it sends is never the "
				   "same twice");
}

int arena_read_twice(struct arenas *a, struct arena_place from, void *ptr, size_t len)
{
	struct second *s = mem_alloc(NULL, sizeof *s);
	uint8_t *to = ptr;
	int r = s ? 0 : ERR_MEMORY;

	while (r == 0 && len) {
		size_t n = len < SECOND ? len : SECOND;

		r = read_part(a, from, to, n, s);
		from.off += n;
		to += n;
		len -= n;
	}
	if (r == ERR_DEVICE)
		keep_for_ever(s);
	else
		mem_free(NULL, s);
	return r;
}
