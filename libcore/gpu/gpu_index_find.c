/* gpu/gpu_index_find.c - the look-up: one line, most of the time
 *
 * A line whose tag or shape is another's is passed over without a look at its
 * sequence: torn or not, it is not ours to read.  What might be missed so is a key
 * on its way from one line to another, which the service copies before it clears
 * and announces by `moves`: a miss under moves is asked again, a few times.
 */
#include "gpu/gpu_index_inside.h"

#include "base/err.h"
#include "base/siphash.h"

#define AGAIN 8u		/* looks at moving lines before it is a miss */
#define TORN 64u		/* looks at one line that changes before it is a miss */
#define AHEAD 16u		/* lines on their way: deeper gains nothing, bench/gpu_cache */

enum line { LINE_FREE, LINE_OTHER, LINE_FOUND };

void gpu_index_long_key(const struct gpu_index *x, struct bytes key, uint64_t word[3])
{
	siphash128(word, x->secret, key.ptr, key.len);
	word[2] = 0;
}

static void token_of(struct gpu_token *t, uint64_t place, uint64_t len)
{
	const uint64_t low = (UINT64_C(1) << GPU_INDEX_STAMP_BITS) - 1;

	t->off = (place & ((UINT64_C(1) << GPU_INDEX_OFF_BITS) - 1)) * GPU_INDEX_UNIT;
	t->arena = (uint32_t)(place >> GPU_INDEX_OFF_BITS) & (GPU_INDEX_ARENA_MAX - 1);
	t->stamp = place >> (64 - GPU_INDEX_STAMP_BITS);
	t->stamp |= (len >> GPU_INDEX_LEN_BITS & low) << GPU_INDEX_STAMP_BITS;
	t->len = len & GPU_INDEX_LEN_MAX;
}

/* Found, or another's, or torn too often to say: then as if another's. */
static enum line read_line(const struct gpu_index_line *l, const struct gpu_index_key *k,
			   struct gpu_token *t)
{
	uint64_t name, place, len, differs;
	uint32_t seq;

	for (unsigned n = 0; n < TORN; n++) {
		seq = GPU_INDEX_LOAD(&l->seq);
		differs = GPU_INDEX_LOAD(&l->shape) ^ k->shape;
		differs |= GPU_INDEX_LOAD(&l->key[0]) ^ k->word[0];
		differs |= GPU_INDEX_LOAD(&l->key[1]) ^ k->word[1];
		differs |= GPU_INDEX_LOAD(&l->key[2]) ^ k->word[2];
		if (differs)
			return LINE_OTHER;
		name = GPU_INDEX_LOAD(&l->name);
		place = GPU_INDEX_LOAD(&l->place);
		len = GPU_INDEX_LOAD(&l->len);
		t->version = GPU_INDEX_LOAD(&l->version);
		if (!(seq & 1) && atomic_load_explicit(&l->seq, memory_order_relaxed) == seq) {
			t->slot = (uint32_t)name;
			token_of(t, place, len);
			return LINE_FOUND;
		}
	}
	return LINE_OTHER;
}

/* The lines from the key's home on. */
static bool probe(const struct gpu_index *x, const struct gpu_index_key *k,
		  struct gpu_token *t)
{
	uint64_t at = gpu_index_home(x, k->tag);

	for (unsigned n = 0; n < GPU_INDEX_REACH; n++, at = (at + 1) & x->mask) {
		const struct gpu_index_line *l = &x->line[at];

		if (GPU_INDEX_LOAD(&l->name) >> 32 == k->tag &&
		    read_line(l, k, t) == LINE_FOUND)
			return true;
		if (GPU_INDEX_LOAD(&l->shape) == 0)
			return false;
	}
	return false;
}

static bool look(const struct gpu_index *x, const struct gpu_index_key *k,
		 struct gpu_token *t)
{
	uint64_t before = GPU_INDEX_LOAD(&x->head->moves), after;

	for (unsigned n = 0; n < AGAIN; n++) {
		if (probe(x, k, t))
			return true;
		after = atomic_load_explicit(&x->head->moves, memory_order_relaxed);
		if (after == before && !(after & 1))
			return false;
		before = GPU_INDEX_LOAD(&x->head->moves);
	}
	return false;
}

static int dead(void)
{
	return err_set(ERR_UNAVAILABLE, GPU_INDEX_NAME ": this cache service has ended");
}

static inline bool alive(const struct gpu_index *x)
{
	return GPU_INDEX_LOAD(&x->head->live) == x->generation;
}

/* Before a line is read: what is read after it is at least of that version. */
static inline bool behind(const struct gpu_index *x, enum gpu_kind kind, uint64_t want)
{
	return kind == GPU_VALUE && GPU_INDEX_LOAD(&x->head->applied) < want;
}

static inline bool answers(enum gpu_kind kind, uint64_t want, const struct gpu_token *t)
{
	return kind == GPU_VALUE || t->version == want;
}

int gpu_index_find(const struct gpu_index *x, enum gpu_kind kind, struct bytes key,
		   uint64_t want, struct gpu_token *out)
{
	struct gpu_index_key k;

	if (!alive(x))
		return dead();
	if (behind(x, kind, want))
		return 0;
	gpu_index_key(x, kind, key, gpu_index_tag(x, kind, key), &k);
	if (!look(x, &k, out) || !answers(kind, want, out))
		return 0;
	out->generation = x->generation;
	return 1;
}

/* A window of keys hashed and their lines asked for, then read in order. */
static size_t find_some(const struct gpu_index *x, enum gpu_kind kind,
			const struct bytes *key, size_t n, uint64_t want,
			struct gpu_token *out)
{
	uint32_t tag[AHEAD];
	struct gpu_index_key k;
	size_t found = 0;

	for (size_t i = 0; i < n + AHEAD; i++) {
		uint32_t *mine = &tag[i % AHEAD];

		if (i >= AHEAD) {
			struct gpu_token *t = &out[i - AHEAD];

			gpu_index_key(x, kind, key[i - AHEAD], *mine, &k);
			t->generation = x->generation;
			if (look(x, &k, t) && answers(kind, want, t))
				found++;
			else
				t->stamp = 0;
		}
		if (i < n) {
			*mine = gpu_index_tag(x, kind, key[i]);
			__builtin_prefetch(&x->line[gpu_index_home(x, *mine)]);
		}
	}
	return found;
}

long gpu_index_find_many(const struct gpu_index *x, enum gpu_kind kind,
			 const struct bytes *key, size_t n, uint64_t want,
			 struct gpu_token *out)
{
	if (!alive(x))
		return dead();
	if (!behind(x, kind, want))
		return (long)find_some(x, kind, key, n, want, out);
	for (size_t i = 0; i < n; i++)
		out[i].stamp = 0;
	return 0;
}
