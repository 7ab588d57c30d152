/* graph/intake.c - blocks of edges, packed by columns
 *
 *	block: n, flags (in native order: it never outlives the process),
 *	then n sources, n targets (4 or 8 bytes each), n types (0 or 4 bytes each),
 *	n values (0 or 16 bytes each)
 */
#include "graph/intake.h"

#include "base/err.h"
#include "base/mem.h"

enum { WIDE = 1, TYPED = 2, VALUED = 4 };

struct head {
	uint32_t n, flags;
};

#define PACKED_MOST (INTAKE_BLOCK * 36u)

struct intake {
	struct mem *mem;
	struct spool *spool;
	pthread_mutex_t mutex;			/* of the spool, between threads that add some */
	_Atomic uint64_t n;
	bool valued;				/* the block has an edge with one */
	uint32_t open_n;			/* in the block being filled */
	uint64_t wide;				/* or of its sources and targets */
	uint32_t typed;
	struct intake_edge edge[INTAKE_BLOCK];
	uint8_t packed[PACKED_MOST];
};

int intake_open(struct intake **out, struct backend *b, size_t cap, struct mem *mem)
{
	struct intake *in = mem_zalloc(mem, sizeof *in);
	int r;

	if (!in)
		return ERR_MEMORY;
	in->mem = mem;
	r = spool_open(&in->spool, b, cap, mem);
	if (r < 0) {
		mem_free(mem, in);
		return r;
	}
	pthread_mutex_init(&in->mutex, NULL);
	*out = in;
	return 0;
}

void intake_close(struct intake *in)
{
	if (!in)
		return;
	spool_close(in->spool);
	pthread_mutex_destroy(&in->mutex);
	mem_free(in->mem, in);
}

uint64_t intake_n(const struct intake *in)
{
	return in->n;
}

static size_t packed_len(const struct head *h)
{
	return h->n * ((h->flags & WIDE ? 16u : 8u) + (h->flags & TYPED ? 4u : 0u) +
		       (h->flags & VALUED ? 16u : 0u));
}

static void put(uint8_t *to, uint64_t v, size_t w)
{
	uint32_t narrow = (uint32_t)v;

	if (w == 4)
		memcpy(to, &narrow, 4);
	else
		memcpy(to, &v, 8);
}

static uint64_t get(const uint8_t *from, size_t w)
{
	uint32_t narrow;
	uint64_t v;

	if (w == 4) {
		memcpy(&narrow, from, 4);
		return narrow;
	}
	memcpy(&v, from, 8);
	return v;
}

static void pack(const struct intake_edge *edge, const struct head *h, uint8_t *to)
{
	size_t w = h->flags & WIDE ? 8 : 4;
	uint8_t *dst = to + h->n * w, *type = dst + h->n * w;
	uint8_t *value = type + (h->flags & TYPED ? h->n * 4 : 0);

	for (uint32_t i = 0; i < h->n; i++) {
		put(to + i * w, edge[i].src, w);
		put(dst + i * w, edge[i].dst, w);
		if (h->flags & TYPED)
			memcpy(type + i * 4, &edge[i].type, 4);
		if (h->flags & VALUED)
			memcpy(value + i * 16, &edge[i].value, 16);
	}
}

static void unpack(struct intake_edge *edge, const struct head *h, const uint8_t *from)
{
	size_t w = h->flags & WIDE ? 8 : 4;
	const uint8_t *dst = from + h->n * w, *type = dst + h->n * w;
	const uint8_t *value = type + (h->flags & TYPED ? h->n * 4 : 0);

	for (uint32_t i = 0; i < h->n; i++) {
		edge[i] = (struct intake_edge){
			.src = get(from + i * w, w), .dst = get(dst + i * w, w),
			.value = SHUFFLE_NO_VALUE,
		};
		if (h->flags & TYPED)
			memcpy(&edge[i].type, type + i * 4, 4);
		if (h->flags & VALUED)
			memcpy(&edge[i].value, value + i * 16, 16);
	}
}

static int put_block(struct intake *in, const struct head *h, const uint8_t *packed)
{
	int r;

	pthread_mutex_lock(&in->mutex);
	r = spool_add(in->spool, h, sizeof *h);
	if (r == 0)
		r = spool_add(in->spool, packed, packed_len(h));
	pthread_mutex_unlock(&in->mutex);
	return r;
}

static int flush(struct intake *in)
{
	struct head h = { in->open_n, (in->wide >> 32 ? WIDE : 0) | (in->typed ? TYPED : 0) |
			  (in->valued ? VALUED : 0) };

	if (h.n == 0)
		return 0;
	pack(in->edge, &h, in->packed);
	in->open_n = 0;
	in->wide = 0;
	in->typed = 0;
	in->valued = false;
	return put_block(in, &h, in->packed);
}

int intake_add_some(struct intake *in, const struct intake_edge *e, uint32_t n)
{
	uint8_t packed[INTAKE_SOME * 36u];
	struct head h = { .n = n };

	for (uint32_t i = 0; i < n; i++)
		h.flags |= ((e[i].src | e[i].dst) >> 32 ? WIDE : 0) | (e[i].type ? TYPED : 0) |
			(e[i].value.at ? VALUED : 0);
	pack(e, &h, packed);
	in->n += n;
	return put_block(in, &h, packed);
}

int intake_add(struct intake *in, uint64_t src, uint64_t dst, uint32_t type,
	       const struct shuffle_value *v)
{
	in->edge[in->open_n++] = (struct intake_edge){
		src, dst, type, v ? *v : SHUFFLE_NO_VALUE
	};
	in->wide |= src | dst;
	in->typed |= type;
	in->valued |= v != NULL;
	in->n++;
	return in->open_n == INTAKE_BLOCK ? flush(in) : 0;
}

static int open_reader(struct intake_reader *r)
{
	r->edge = mem_alloc(r->mem, INTAKE_BLOCK * sizeof *r->edge);
	r->packed = mem_alloc(r->mem, PACKED_MOST);
	return r->edge && r->packed ? 0 : ERR_MEMORY;
}

int intake_begin(struct intake_reader *r, struct intake *in)
{
	int ret = flush(in);

	*r = (struct intake_reader){ .mem = in->mem };
	if (ret == 0)
		ret = open_reader(r);
	return ret < 0 ? ret :
		spool_begin(&r->from, in->spool, 0, spool_bytes(in->spool), 256u << 10);
}

int intake_join(struct intake_reader *r, struct intake_reader *of, pthread_mutex_t *mutex)
{
	*r = (struct intake_reader){ .mem = of->mem, .of = of, .mutex = mutex };
	return open_reader(r);
}

static int take(struct intake_reader *r, struct spool_reader *from, struct head *h)
{
	int ret = spool_read(from, h, sizeof *h);

	return ret > 0 ? spool_read(from, r->packed, packed_len(h)) : ret;
}

int intake_fill(struct intake_reader *r)
{
	struct intake_reader *all = r->of ? r->of : r;
	struct head h;
	int ret;

	if (r->mutex)
		pthread_mutex_lock(r->mutex);
	ret = all->lost ? 0 : take(r, &all->from, &h);
	all->lost |= ret < 0;		/* it stopped who knows where */
	if (r->mutex)
		pthread_mutex_unlock(r->mutex);
	if (ret <= 0)
		return ret;
	unpack(r->edge, &h, r->packed);
	r->at = 0;
	r->n = h.n;
	return 1;
}

void intake_end(struct intake_reader *r)
{
	mem_free(r->mem, r->edge);
	mem_free(r->mem, r->packed);
	spool_end(&r->from);
	*r = (struct intake_reader){0};
}
