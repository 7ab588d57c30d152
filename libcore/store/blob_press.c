/* store/blob_press.c - a ring of lots, a mutex, threads that pack
 *
 * Lots given wait in one list, oldest first.  `next_raw` is the first of them
 * that nobody has begun; threads and the waiting caller take from there.
 */
#include "store/blob_press.h"

#include <pthread.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"

#define THREADS 6u

struct press {
	struct mem *mem;
	struct press_lot lot[THREADS + 2];
	unsigned lot_n, thread_n;
	pthread_t thread[THREADS];
	struct press_lot *vacant;		/* the caller's alone */
	pthread_mutex_t mutex;			/* of all below, and lot->done */
	pthread_cond_t work, finished;
	struct press_lot *oldest, *newest, *next_raw;
	bool stop;
};

static void pack_chunk(struct press_chunk *c, const uint8_t *raw, size_t len, uint8_t *packed)
{
	size_t n = block_squeeze(raw, len, packed, len);

	c->raw_len = len;
	c->raw_crc = crc32c(0, raw, len);
	c->codec = n ? BLOCK_LZ4 : BLOCK_RAW;
	c->bytes = n ? packed : raw;
	c->len = n ? n : len;
	c->stored_crc = n ? crc32c(0, packed, n) : c->raw_crc;
}

static void pack(struct press_lot *lot)
{
	lot->chunk_n = 0;
	for (size_t at = 0; at < lot->raw_len; at += BLOB_CHUNK) {
		size_t left = lot->raw_len - at;

		pack_chunk(&lot->chunk[lot->chunk_n++], lot->raw + at,
			   left < BLOB_CHUNK ? left : BLOB_CHUNK, lot->packed + at);
	}
}

/* With the mutex: packs the next lot (without it); false when there is none. */
static bool pack_next(struct press *p)
{
	struct press_lot *lot = p->next_raw;

	if (!lot)
		return false;
	p->next_raw = lot->next;
	pthread_mutex_unlock(&p->mutex);
	pack(lot);
	pthread_mutex_lock(&p->mutex);
	lot->done = true;
	pthread_cond_signal(&p->finished);
	return true;
}

static void *thread_main(void *arg)
{
	struct press *p = arg;

	pthread_mutex_lock(&p->mutex);
	while (!p->stop)
		if (!pack_next(p))
			pthread_cond_wait(&p->work, &p->mutex);
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

static int make_lots(struct press *p)
{
	for (unsigned i = 0; i < p->lot_n; i++) {
		struct press_lot *lot = &p->lot[i];

		lot->raw = mem_alloc(p->mem, PRESS_LOT);
		lot->packed = mem_alloc(p->mem, PRESS_LOT);
		if (!lot->raw || !lot->packed)
			return ERR_MEMORY;
		press_back(p, lot);
	}
	return 0;
}

static unsigned threads_wanted(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores < 2 ? 0 : (unsigned long)cores - 1 < THREADS ? (unsigned)cores - 1 : THREADS;
}

int press_open(struct press **out, struct mem *mem)
{
	unsigned wanted = threads_wanted();
	struct press *p;
	int r;

	if (!wanted || (wanted + 2) * 2 * PRESS_LOT > mem_left(mem) / 4)
		return err_set(ERR_UNAVAILABLE, "one core, or too little memory, to pack in parallel");
	p = mem_zalloc(mem, sizeof *p);
	if (!p)
		return ERR_MEMORY;
	p->mem = mem;
	p->lot_n = wanted + 2;
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->finished, NULL);
	r = make_lots(p);
	while (r == 0 && p->thread_n < wanted &&
	       pthread_create(&p->thread[p->thread_n], NULL, thread_main, p) == 0)
		p->thread_n++;
	if (r == 0 && !p->thread_n)
		r = err_set(ERR_RESOURCE, "no thread to be had");
	if (r < 0)
		press_close(p);
	else
		*out = p;
	return r;
}

void press_close(struct press *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->mutex);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->mutex);
	for (unsigned i = 0; i < p->thread_n; i++)
		pthread_join(p->thread[i], NULL);
	pthread_mutex_destroy(&p->mutex);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->finished);
	for (unsigned i = 0; i < p->lot_n; i++) {
		mem_free(p->mem, p->lot[i].raw);
		mem_free(p->mem, p->lot[i].packed);
	}
	mem_free(p->mem, p);
}

struct press_lot *press_vacant(struct press *p)
{
	struct press_lot *lot = p->vacant;

	if (lot)
		p->vacant = lot->next;
	return lot;
}

void press_back(struct press *p, struct press_lot *lot)
{
	lot->raw_len = 0;
	lot->next = p->vacant;
	p->vacant = lot;
}

void press_give(struct press *p, struct press_lot *lot)
{
	lot->next = NULL;
	lot->done = false;
	pthread_mutex_lock(&p->mutex);
	if (p->oldest)
		p->newest->next = lot;
	else
		p->oldest = lot;
	p->newest = lot;
	if (!p->next_raw)
		p->next_raw = lot;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->mutex);
}

struct press_lot *press_take(struct press *p)
{
	struct press_lot *lot;

	pthread_mutex_lock(&p->mutex);
	lot = p->oldest;
	while (lot && !lot->done)
		if (!pack_next(p))
			pthread_cond_wait(&p->finished, &p->mutex);
	if (lot)
		p->oldest = lot->next;
	pthread_mutex_unlock(&p->mutex);
	return lot;
}
