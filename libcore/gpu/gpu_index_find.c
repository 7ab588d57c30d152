/* gpu/gpu_index_find.c - the look-up: one line, most of the time
 *
 * A line whose key is another's is passed over without a look at its sequence: torn or
 * not, it is not ours to read.  What might be missed so is a key on its way from one
 * line to another, which the service copies before it clears and announces by `moves`:
 * a miss under moves is asked again, a few times.
 *
 * Of three keys one lies not at home; the signs say where it is, so that no line is
 * fetched only to be passed over.  A line that answers was looked at under its sequence,
 * whatever led to it.  When it does not, signs without the key's are a
 * miss if no lines moved since before they were read: as long as a key stays in its line,
 * no sign from its home on is that of a free line, so it does not matter that they are
 * read one after another.  Else the lines are gone through.
 *
 * Of many keys each goes three stages with those of others between them: its tag, the
 * signs asked for; the line asked for; the line read.  A single one looks at its home
 * while the signs are on their way.
 */
#include "gpu/gpu_index_inside.h"

#include "base/err.h"
#include "base/siphash.h"

#define AGAIN 8u		/* looks at moving lines before it is a miss */
#define TORN 64u		/* looks at one line that changes before it is a miss */
#define TO_SIGN 16u		/* keys from a key's tag to its signs ... */
#define TO_LINE 64u		/* ... and to its line: a power of two */

void gpu_index_long_key(const struct gpu_index *x, struct bytes key, uint64_t word[3])
{
	siphash128(word, x->secret, key.ptr, key.len);
	word[2] = 0;
}

static inline bool is_of(const struct gpu_index_line *l, const struct gpu_index_key *k)
{
	uint64_t differs = GPU_INDEX_LOAD(&l->shape) ^ k->shape;

	differs |= GPU_INDEX_LOAD(&l->key[0]) ^ k->word[0];
	differs |= GPU_INDEX_LOAD(&l->key[1]) ^ k->word[1];
	differs |= GPU_INDEX_LOAD(&l->key[2]) ^ k->word[2];
	return !differs;
}

/* Whether the line has the key and a token of it; what is torn too often to say is as if
 * another's. */
static inline bool read_line(const struct gpu_index_line *l, const struct gpu_index_key *k,
			     struct gpu_token *t)
{
	uint64_t name, place, len;
	uint32_t seq;

	for (unsigned n = 0; n < TORN; n++) {
		seq = GPU_INDEX_LOAD(&l->seq);
		if (!is_of(l, k))
			return false;
		name = GPU_INDEX_LOAD(&l->name);
		place = GPU_INDEX_LOAD(&l->place);
		len = GPU_INDEX_LOAD(&l->len);
		t->version = GPU_INDEX_LOAD(&l->version);
		if (!(seq & 1) && atomic_load_explicit(&l->seq, memory_order_relaxed) == seq) {
			t->stamp = name >> GPU_INDEX_STAMP_AT;
			t->arena = name & (GPU_INDEX_ARENA_MAX - 1);
			t->off = (place >> GPU_INDEX_OFF_AT) * GPU_INDEX_UNIT;
			t->slot = (uint32_t)place;
			t->len = len & GPU_INDEX_LEN_MAX;
			return true;
		}
	}
	return false;
}

/* The lines from the key's home on. */
static inline bool probe(const struct gpu_index *x, const struct gpu_index_key *k,
			 struct gpu_token *t)
{
	uint64_t at = gpu_index_home(x, gpu_index_tag(x, k));

	for (unsigned n = 0; n < GPU_INDEX_REACH; n++, at = (at + 1) & x->mask) {
		if (read_line(&x->line[at], k, t))
			return true;
		if (GPU_INDEX_LOAD(&x->line[at].shape) == 0)
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

/* --- which line --- */

struct ahead {
	struct gpu_index_key key;
	uint32_t tag;		/* then its line's number, as the signs say */
};

/* The signs of a key's home and of the seven lines behind it. */
static inline uint64_t signs_of(const struct gpu_index *x, uint64_t home)
{
	uint64_t shift = home % 8 * 8, w = GPU_INDEX_LOAD(&x->sign[home / 8]) >> shift;

	return w | GPU_INDEX_LOAD(&x->sign[(home / 8 + 1) & x->mask / 8]) << 1 << (63 - shift);
}

static inline uint64_t like(uint64_t signs, uint32_t tag)
{
	return gpu_index_zero(signs ^ gpu_index_sign(tag) * GPU_INDEX_EACH);
}

static inline void ask_sign(const struct gpu_index *x, struct ahead *a)
{
	a->tag = gpu_index_tag(x, &a->key);
	__builtin_prefetch(&x->sign[gpu_index_home(x, a->tag) / 8]);
}

/* Beyond those eight, rarely: the key's line, or its home when there is none. */
static __attribute__((noinline)) uint64_t farther(const struct gpu_index *x, uint64_t home,
						  uint32_t tag)
{
	for (uint64_t n = 0; n < GPU_INDEX_REACH; n += 8) {
		uint64_t w = signs_of(x, (home + n) & x->mask), is = like(w, tag);

		if (is)
			return home + n + (unsigned)__builtin_ctzll(is) / 8;
		if (gpu_index_zero(w))
			break;
	}
	return home;
}

static inline void ask_line(const struct gpu_index *x, struct ahead *a)
{
	uint64_t home = gpu_index_home(x, a->tag), is = like(signs_of(x, home), a->tag);

	if (is)
		home += (unsigned)__builtin_ctzll(is) / 8;
	else
		home = farther(x, home, a->tag);
	a->tag = (uint32_t)(home & x->mask);
	__builtin_prefetch(&x->line[a->tag]);
}

/* No line has the key: before one with its sign there is a free one. */
static bool absent(const struct gpu_index *x, const struct gpu_index_key *k)
{
	uint32_t tag = gpu_index_tag(x, k);
	uint64_t w = signs_of(x, gpu_index_home(x, tag)), is = like(w, tag);
	uint64_t end = gpu_index_zero(w);

	return (end & (0 - end)) - 1 < (is & (0 - is)) - 1;
}

static __attribute__((noinline)) bool look_again(const struct gpu_index *x,
						 const struct gpu_index_key *k, uint64_t moves,
						 struct gpu_token *t)
{
	if (!(moves & 1) && absent(x, k) &&
	    atomic_load_explicit(&x->head->moves, memory_order_relaxed) == moves)
		return false;
	return look(x, k, t);
}

/* MOVES: from before its signs were read. */
static inline bool read_ahead(const struct gpu_index *x, const struct ahead *a, uint64_t moves,
			      struct gpu_token *t)
{
	return read_line(&x->line[a->tag], &a->key, t) || look_again(x, &a->key, moves, t);
}

/* --- the questions --- */

int gpu_index_find(const struct gpu_index *x, enum gpu_kind kind, struct bytes key,
		   uint64_t want, struct gpu_token *out)
{
	struct ahead a;
	uint64_t moves, home;

	if (!alive(x))
		return dead();
	if (behind(x, kind, want))
		return 0;
	moves = GPU_INDEX_LOAD(&x->head->moves);
	gpu_index_key(x, kind, key, &a.key);
	a.tag = gpu_index_tag(x, &a.key);
	home = gpu_index_home(x, a.tag);
	__builtin_prefetch(&x->sign[home / 8]);
	if (!read_line(&x->line[home], &a.key, out)) {
		ask_line(x, &a);
		if (!read_ahead(x, &a, moves, out))
			return 0;
	}
	if (!answers(kind, want, out))
		return 0;
	out->generation = x->generation;
	return 1;
}

static size_t find_some(const struct gpu_index *x, enum gpu_kind kind,
			const struct bytes *key, size_t n, uint64_t want,
			struct gpu_token *out)
{
	const uint64_t moves = GPU_INDEX_LOAD(&x->head->moves);
	struct ahead ahead[TO_LINE], *a;
	size_t found = 0;

	for (size_t i = 0; i < n + TO_LINE; i++) {
		a = &ahead[i % TO_LINE];
		if (i >= TO_LINE) {
			struct gpu_token *t = &out[i - TO_LINE];

			t->generation = x->generation;
			if (read_ahead(x, a, moves, t) && answers(kind, want, t))
				found++;
			else
				t->stamp = 0;
		}
		if (i >= TO_SIGN && i - TO_SIGN < n)
			ask_line(x, &ahead[(i - TO_SIGN) % TO_LINE]);
		if (i < n) {
			gpu_index_key(x, kind, key[i], &a->key);
			ask_sign(x, a);
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
