/* gpu/gpu_index_write.c - the one who writes: put, remove, and the lines behind it
 *
 * Linear probing without tombstones: a removed key's line is filled from the lines
 * behind it, each time by copying a later one and going on from where it lay, and
 * only the last one is cleared.  So a chain never has a hole, a key is somewhere at
 * each moment, and lines come nearer to their homes, never farther.
 *
 * This is the service's own memory, but another process of its user could scribble
 * in the file: no loop here goes once around, no line number comes from a line.
 */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "gpu/gpu_index_inside.h"

static uint32_t shape_of(const struct gpu_index_line *l)
{
	return atomic_load_explicit(&l->shape, memory_order_relaxed);
}

static bool holds(const struct gpu_index_line *l, const struct gpu_index_key *k)
{
	return shape_of(l) == k->shape && l->key[0] == k->word[0] &&
	       l->key[1] == k->word[1] && l->key[2] == k->word[2];
}

/* What a line says, in memory of our own. */
struct image {
	struct gpu_index_key key;
	uint64_t name, place, len, version;
};

static void key_read(struct gpu_index_key *k, const struct gpu_index_line *l)
{
	k->shape = shape_of(l);
	for (int i = 0; i < 3; i++)
		k->word[i] = l->key[i];
}

static void image_read(struct image *m, const struct gpu_index_line *l)
{
	key_read(&m->key, l);
	m->name = l->name;
	m->place = l->place;
	m->len = l->len;
	m->version = l->version;
}

static void sign_write(struct gpu_index *x, uint64_t at, uint64_t sign)
{
	_Atomic uint64_t *word = &x->sign[at / 8];
	uint64_t w = atomic_load_explicit(word, memory_order_relaxed);

	w &= ~(UINT64_C(0xff) << at % 8 * 8);
	GPU_INDEX_STORE(word, w | sign << at % 8 * 8);
}

/* Line AT and its sign. */
static void image_write(struct gpu_index *x, uint64_t at, const struct image *m)
{
	struct gpu_index_line *l = &x->line[at];
	uint32_t seq = atomic_load_explicit(&l->seq, memory_order_relaxed) | 1;

	atomic_store_explicit(&l->seq, seq, memory_order_relaxed);
	GPU_INDEX_STORE(&l->shape, m->key.shape);
	GPU_INDEX_STORE(&l->name, m->name);
	GPU_INDEX_STORE(&l->place, m->place);
	GPU_INDEX_STORE(&l->len, m->len);
	GPU_INDEX_STORE(&l->version, m->version);
	for (int i = 0; i < 3; i++)
		GPU_INDEX_STORE(&l->key[i], m->key.word[i]);
	GPU_INDEX_STORE(&l->seq, seq + 1);
	sign_write(x, at, m->key.shape ? gpu_index_sign(gpu_index_tag(x, &m->key)) : 0);
}

/* The key's line, or NULL and in *at the free line where its chain ends: x->mask + 1
 * when there is none within reach. */
static struct gpu_index_line *locate(struct gpu_index *x, const struct gpu_index_key *k,
				     uint64_t *at)
{
	*at = gpu_index_home(x, gpu_index_tag(x, k));
	for (unsigned n = 0; n < GPU_INDEX_REACH; n++, *at = (*at + 1) & x->mask) {
		struct gpu_index_line *l = &x->line[*at];

		if (shape_of(l) == 0)
			return NULL;
		if (holds(l, k))
			return l;
	}
	*at = x->mask + 1;
	return NULL;
}

static void image_of(struct image *m, const struct gpu_index_key *k,
		     const struct gpu_token *t)
{
	m->key = *k;
	m->name = t->stamp << GPU_INDEX_STAMP_AT | t->arena;
	m->place = t->off / GPU_INDEX_UNIT << GPU_INDEX_OFF_AT | t->slot;
	m->len = t->len;
	m->version = t->version;
}

static bool fits(struct bytes key, const struct gpu_token *t)
{
	return key.len <= GPU_INDEX_KEY_MAX && t->arena < GPU_INDEX_ARENA_MAX &&
	       t->off % GPU_INDEX_UNIT == 0 && t->off <= GPU_INDEX_OFF_MAX &&
	       t->len <= GPU_INDEX_LEN_MAX && t->stamp && t->stamp <= GPU_INDEX_STAMP_MAX;
}

static void count(_Atomic uint64_t *counter, uint64_t by)
{
	uint64_t v = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, v + by, memory_order_relaxed);
}

static int refuse(struct gpu_index *x)
{
	count(&x->head->refuse_n, 1);
	return err_set(ERR_RESOURCE, GPU_INDEX_NAME ": no line is left for one more key");
}

int gpu_index_put(struct gpu_index *x, enum gpu_kind kind, struct bytes key,
		  const struct gpu_token *t)
{
	struct gpu_index_head *h = x->head;
	struct gpu_index_line *l;
	struct gpu_index_key k;
	struct image m;
	uint64_t at;

	if (!fits(key, t))
		return err_set(ERR_BUG, GPU_INDEX_NAME ": a token that no line holds");
	gpu_index_key(x, kind, key, &k);
	l = locate(x, &k, &at);
	if (l) {
		count(&h->byte_n, (uint64_t)0 - (l->len & GPU_INDEX_LEN_MAX));
	} else if (at > x->mask || h->entry_n >= x->room) {
		return refuse(x);
	} else {
		count(&h->entry_n, 1);
	}
	image_of(&m, &k, t);
	image_write(x, at, &m);
	count(&h->byte_n, t->len);
	count(&h->put_n, 1);
	return 0;
}

/* --- removal --- */

/* May what lies in line AT lie in line HOLE, which comes before it in the chain?  Not
 * if its home is behind the hole. */
static bool may_move(const struct gpu_index *x, uint64_t hole, uint64_t at)
{
	struct gpu_index_key k;
	uint64_t home;

	key_read(&k, &x->line[at]);
	home = gpu_index_home(x, gpu_index_tag(x, &k));
	return ((at - home) & x->mask) >= ((at - hole) & x->mask);
}

/* One step of moves; odd from the first line that moves to the last. */
static void announce(struct gpu_index *x)
{
	_Atomic uint64_t *moves = &x->head->moves;

	GPU_INDEX_STORE(moves, atomic_load_explicit(moves, memory_order_relaxed) + 1);
}

static void close_up(struct gpu_index *x, uint64_t hole)
{
	const struct image nothing = { 0 };
	bool moving = false;
	uint64_t at = hole;
	struct image m;

	for (uint64_t n = 0; n < x->mask; n++) {
		at = (at + 1) & x->mask;
		if (shape_of(&x->line[at]) == 0)
			break;
		if (!may_move(x, hole, at))
			continue;
		if (!moving)
			announce(x);
		moving = true;
		image_read(&m, &x->line[at]);
		image_write(x, hole, &m);
		hole = at;
	}
	image_write(x, hole, &nothing);
	if (moving)
		announce(x);
}

int gpu_index_remove(struct gpu_index *x, enum gpu_kind kind, struct bytes key)
{
	struct gpu_index_head *h = x->head;
	struct gpu_index_line *l;
	struct gpu_index_key k;
	uint64_t at;

	if (key.len > GPU_INDEX_KEY_MAX)
		return 0;
	gpu_index_key(x, kind, key, &k);
	l = locate(x, &k, &at);
	if (!l)
		return 0;
	count(&h->byte_n, (uint64_t)0 - (l->len & GPU_INDEX_LEN_MAX));
	count(&h->entry_n, UINT64_MAX);
	count(&h->remove_n, 1);
	close_up(x, at);
	return 1;
}

void gpu_index_applied(struct gpu_index *x, uint64_t version)
{
	GPU_INDEX_STORE(&x->head->applied, version);
}

void gpu_index_beat(struct gpu_index *x)
{
	atomic_store_explicit(&x->head->beat_ns, clock_ns(), memory_order_relaxed);
}

void gpu_index_kill(struct gpu_index *x)
{
	GPU_INDEX_STORE(&x->head->live, 0);
}
