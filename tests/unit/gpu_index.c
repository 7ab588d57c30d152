/* tests/unit/gpu_index.c - a resident key is found under its token, and nothing else is */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/hash.h"
#include "base/siphash.h"
#include "gpu/gpu_index_inside.h"
#include "io/file.h"
#include "tests/lib/kit.h"

static char dir[4096];
static const uint8_t uuid[16] = "one of all store";

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

static struct backend *folder(void)
{
	struct backend *b;

	must(backend_local(&b, dir, true));
	return b;
}

static struct gpu_index *made(struct backend *b, uint64_t entries)
{
	struct gpu_index_setup s = { .entries = entries };
	struct gpu_index *x;

	memcpy(s.store, uuid, sizeof s.store);
	must(gpu_index_create(&x, b, &s));
	return x;
}

/* All of a token follows from its stamp, so that a torn one is seen. */
static struct gpu_token token(uint64_t stamp, uint64_t version)
{
	uint64_t x = hash_u64(stamp);

	return (struct gpu_token){
		.stamp = stamp, .version = version, .slot = (uint32_t)(x >> 7),
		.arena = (uint32_t)(x % GPU_INDEX_ARENA_MAX),
		.off = hash_u64(x) % (GPU_INDEX_OFF_MAX / 512 + 1) * 512,
		.len = hash_u64(x + 1) % (GPU_INDEX_LEN_MAX + 1),
	};
}

static bool same(const struct gpu_token *a, const struct gpu_token *b)
{
	return a->stamp == b->stamp && a->version == b->version && a->slot == b->slot &&
	       a->arena == b->arena && a->off == b->off && a->len == b->len;
}

static bool whole(const struct gpu_token *t)
{
	struct gpu_token right = token(t->stamp, t->version);

	return same(t, &right);
}

static void siphash_is_what_others_compute(void **state)
{
	const uint64_t secret[2] = { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u };
	uint8_t in[15];
	uint64_t out[2];

	(void)state;
	for (unsigned i = 0; i < sizeof in; i++)
		in[i] = (uint8_t)i;
	siphash128(out, secret, in, 0);		/* the reference's first vector */
	assert_true(out[0] == 0xe6a825ba047f81a3u && out[1] == 0x930255c71472f66du);
	siphash128(out, secret, in, 15);	/* openssl mac SIPHASH */
	assert_true(out[0] == 0x11a8b03399e99354u && out[1] == 0xd9c3cf970fec087eu);
}

static void a_token_comes_back_for_keys_of_every_length(void **state)
{
	static const size_t length[] = { 0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31,
					 64, 1000, 65535 };
	enum { N = sizeof length / sizeof length[0] };
	struct backend *b = folder();
	struct gpu_index *x = made(b, 2 * N), *r;
	static uint8_t bytes[65535];
	struct gpu_token t, got;

	(void)state;
	memset(bytes, 0xa5, sizeof bytes);
	for (size_t i = 0; i < N; i++)
		for (uint64_t kind = GPU_VALUE; kind <= GPU_SEGMENT; kind++) {
			t = token(10 * i + kind, 7);
			must(gpu_index_put(x, kind, bytes_of(bytes, length[i]), &t));
		}
	must(gpu_index_attach(&r, b, uuid));
	gpu_index_applied(x, 9);
	for (size_t i = 0; i < N; i++)
		for (uint64_t kind = GPU_VALUE; kind <= GPU_SEGMENT; kind++) {
			t = token(10 * i + kind, 7);
			assert_int_equal(gpu_index_find(r, kind, bytes_of(bytes, length[i]),
							7, &got), 1);
			assert_true(same(&t, &got));
			bytes[length[i] / 2] ^= 1;	/* another key, if it has bytes */
			if (length[i])
				assert_int_equal(gpu_index_find(r, kind, bytes_of(bytes,
						 length[i]), 7, &got), 0);
			bytes[length[i] / 2] ^= 1;
		}
	assert_int_equal(gpu_index_find(r, GPU_VALUE, bytes_of(bytes, 65534), 0, &got), 0);
	gpu_index_close(r);
	gpu_index_close(x);
	backend_close(b);
}

static void the_largest_token_comes_back_and_a_larger_is_refused(void **state)
{
	struct gpu_token most = { .stamp = GPU_INDEX_STAMP_MAX, .slot = UINT32_MAX,
		.arena = GPU_INDEX_ARENA_MAX - 1, .off = GPU_INDEX_OFF_MAX,
		.len = GPU_INDEX_LEN_MAX, .version = UINT64_MAX };
	struct backend *b = folder();
	struct gpu_index *x = made(b, 4);
	struct bytes key = bytes_str("k");
	struct gpu_token got, bad;

	(void)state;
	must(gpu_index_put(x, GPU_VALUE, key, &most));
	assert_int_equal(gpu_index_find(x, GPU_VALUE, key, 0, &got), 1);
	assert_true(same(&most, &got));
	for (int i = 0; i < 5; i++) {
		bad = most;
		bad.stamp = i == 0 ? 0 : i == 1 ? GPU_INDEX_STAMP_MAX + 1 : 1;
		bad.arena += i == 2;
		bad.off += i == 3 ? 512 : 0;
		bad.len += i == 4;
		assert_int_equal(gpu_index_put(x, GPU_VALUE, key, &bad), ERR_BUG);
	}
	gpu_index_close(x);
	backend_close(b);
}

static void a_stale_value_is_a_miss(void **state)
{
	struct backend *b = folder();
	struct gpu_index *x = made(b, 4);
	struct bytes key = bytes_str("k"), keys[3] = { key, bytes_str("l"), key };
	struct gpu_token t = token(1, 5), got[3];

	(void)state;
	must(gpu_index_put(x, GPU_VALUE, key, &t));
	must(gpu_index_put(x, GPU_SEGMENT, key, &t));
	gpu_index_applied(x, 5);
	assert_int_equal(gpu_index_find(x, GPU_VALUE, key, 5, got), 1);
	assert_int_equal(gpu_index_find(x, GPU_VALUE, key, 6, got), 0);
	assert_int_equal(gpu_index_find_many(x, GPU_VALUE, keys, 3, 6, got), 0);
	assert_true(!got[0].stamp && !got[1].stamp && !got[2].stamp);
	gpu_index_applied(x, 6);
	assert_int_equal(gpu_index_find(x, GPU_VALUE, key, 6, got), 1);
	assert_int_equal(gpu_index_find_many(x, GPU_VALUE, keys, 3, 6, got), 2);
	assert_true(got[0].stamp == 1 && !got[1].stamp && got[2].stamp == 1);
	assert_int_equal(gpu_index_find(x, GPU_SEGMENT, key, 5, got), 1);
	assert_int_equal(gpu_index_find(x, GPU_SEGMENT, key, 6, got), 0);
	assert_int_equal(gpu_index_find(x, GPU_SEGMENT, key, 4, got), 0);
	gpu_index_close(x);
	backend_close(b);
}

static void one_store_ends_a_generation(void **state)
{
	struct backend *b = folder();
	struct gpu_index *x = made(b, 4), *r, *y;
	struct bytes key = bytes_str("k");
	struct gpu_token t = token(1, 0), got;
	struct gpu_index_info before, after;

	(void)state;
	must(gpu_index_put(x, GPU_VALUE, key, &t));
	must(gpu_index_attach(&r, b, NULL));
	assert_true(gpu_index_serving(r));
	assert_int_equal(gpu_index_find(r, GPU_VALUE, key, 0, &got), 1);
	gpu_index_info(r, &before);
	assert_true(got.generation == before.generation && before.alive);
	y = made(b, 4);		/* the next service: the old file is dead */
	assert_int_equal(gpu_index_find(r, GPU_VALUE, key, 0, &got), ERR_UNAVAILABLE);
	assert_int_equal(gpu_index_find_many(r, GPU_VALUE, &key, 1, 0, &got), ERR_UNAVAILABLE);
	assert_false(gpu_index_serving(r));
	gpu_index_close(r);
	must(gpu_index_attach(&r, b, uuid));
	assert_int_equal(gpu_index_find(r, GPU_VALUE, key, 0, &got), 0);
	gpu_index_info(r, &after);
	assert_true(after.generation > before.generation);
	gpu_index_close(r);
	gpu_index_kill(y);
	assert_int_equal(gpu_index_attach(&r, b, uuid), ERR_UNAVAILABLE);
	gpu_index_close(x);
	gpu_index_close(y);
	backend_close(b);
}

static void a_service_that_was_killed_is_not_attached(void **state)
{
	struct backend *b = folder();
	struct gpu_index *r;
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		made(b, 4);
		_exit(0);
	}
	assert_true(waitpid(pid, &status, 0) == pid && status == 0);
	assert_int_equal(gpu_index_attach(&r, b, uuid), ERR_UNAVAILABLE);
	backend_close(b);
}

static void what_it_tells_about_itself_is_so(void **state)
{
	struct backend *b = folder();
	struct gpu_index *x = made(b, 42);	/* 64 lines */
	struct gpu_index_info i;
	struct gpu_token t;
	uint64_t bytes = 0, key;

	(void)state;
	for (key = 0; key < 42; key++) {
		t = token(key + 1, 0);
		bytes += t.len;
		must(gpu_index_put(x, GPU_VALUE, bytes_of(&key, sizeof key), &t));
	}
	assert_int_equal(gpu_index_put(x, GPU_VALUE, bytes_of(&key, sizeof key), &t),
			 ERR_RESOURCE);
	key = 3;		/* one that is there needs no line */
	bytes -= token(4, 0).len - t.len;
	must(gpu_index_put(x, GPU_VALUE, bytes_of(&key, sizeof key), &t));
	key = 4;
	bytes -= token(5, 0).len;
	assert_int_equal(gpu_index_remove(x, GPU_VALUE, bytes_of(&key, sizeof key)), 1);
	assert_int_equal(gpu_index_remove(x, GPU_VALUE, bytes_of(&key, sizeof key)), 0);
	gpu_index_info(x, &i);
	assert_true(i.entry_n == 41 && i.byte_n == bytes && i.put_n == 43 &&
		    i.remove_n == 1 && i.refuse_n == 1 && i.line_n == 64);
	gpu_index_beat(x);
	assert_true(gpu_index_silent_ns(x) < 1000000000000u);
	gpu_index_close(x);
	backend_close(b);
}

/* --- random histories beside a plain list --- */

enum { KEYS = 90 };

struct model {
	struct bytes key[KEYS];
	uint8_t text[KEYS][40];
	uint64_t stamp[KEYS];		/* 0: absent */
	unsigned n;
};

static void model_init(struct model *m, uint64_t *s)
{
	memset(m, 0, sizeof *m);
	for (unsigned i = 0; i < KEYS; i++) {
		memset(m->text[i], 'k', sizeof m->text[i]);
		m->text[i][0] = (uint8_t)i;
		m->key[i] = bytes_of(m->text[i], 1 + draw(s) % sizeof m->text[i]);
	}
}

/* So that a key is found where they lead, and at once. */
static void signs_are_right(const struct gpu_index *x)
{
	for (uint64_t at = 0; at <= x->mask; at++) {
		const struct gpu_index_line *l = &x->line[at];
		struct gpu_index_key k = { { l->key[0], l->key[1], l->key[2] }, l->shape };
		uint64_t sign = x->sign[at / 8] >> at % 8 * 8 & 0xff;

		assert_true(sign == (k.shape ? gpu_index_sign(gpu_index_tag(x, &k)) : 0));
	}
}

static void compare(const struct gpu_index *x, const struct model *m)
{
	struct gpu_token got[KEYS], t, right;
	long found = gpu_index_find_many(x, GPU_VALUE, m->key, KEYS, 0, got);

	assert_int_equal(found, m->n);
	signs_are_right(x);
	for (unsigned i = 0; i < KEYS; i++) {
		int r = gpu_index_find(x, GPU_VALUE, m->key[i], 0, &t);

		assert_int_equal(r, m->stamp[i] != 0);
		assert_true(got[i].stamp == m->stamp[i]);
		if (!r)
			continue;
		right = token(m->stamp[i], i);
		assert_true(same(&t, &right) && same(&got[i], &right));
	}
}

static void step(struct gpu_index *x, struct model *m, uint64_t *s, uint64_t stamp,
		 unsigned want)
{
	unsigned i = (unsigned)(draw(s) % KEYS);
	bool there = m->stamp[i] != 0;
	struct gpu_token t = token(stamp, i);
	int r;

	if (draw(s) % KEYS < want) {
		r = gpu_index_put(x, GPU_VALUE, m->key[i], &t);
		assert_int_equal(r, there || m->n < 42 ? 0 : ERR_RESOURCE);
		if (r < 0)
			return;
		m->n += !there;
		m->stamp[i] = stamp;
	} else {
		assert_int_equal(gpu_index_remove(x, GPU_VALUE, m->key[i]), there);
		m->n -= there;
		m->stamp[i] = 0;
	}
}

static void random_histories_end_as_a_plain_list_does(void **state)
{
	struct backend *b = folder();

	(void)state;
	for (uint64_t round = 0; round < scaled(20); round++) {
		uint64_t seed = clock_random(), s = seed;
		struct gpu_index *x = made(b, 42);
		unsigned want = (unsigned)(draw(&s) % KEYS);	/* how full it gets */
		struct model m;

		printf("# seed %" PRIu64 "\n", seed);
		model_init(&m, &s);
		for (uint64_t stamp = 1; stamp < 2000; stamp++) {
			step(x, &m, &s, stamp, want);
			if (stamp % 16 == 0 || stamp < 200)
				compare(x, &m);
		}
		gpu_index_close(x);
	}
	backend_close(b);
}

/* --- files that lie --- */

static struct buf image(struct backend *b)
{
	struct buf all = { 0 };

	must(file_slurp(b, GPU_INDEX_NAME, 1 << 20, &all));
	return all;
}

static void rewrite(struct backend *b, const uint8_t *ptr, size_t len)
{
	struct file *f;

	must(backend_remove(b, GPU_INDEX_NAME));
	must(backend_open(b, GPU_INDEX_NAME, FILE_WRITE | FILE_CREATE, &f));
	must(file_write(f, ptr, len, 0));
	file_close(f);
}

static void seal(uint8_t *file)
{
	uint32_t crc = crc32c(0, file + 0x10, 0x70);

	memcpy(file + 0xc, &crc, sizeof crc);
}

/* Every question has an answer, whatever it is. */
static void ask(const struct gpu_index *x)
{
	struct bytes key[40];
	struct gpu_token got[40];
	static const char text[40] = "0123456789012345678901234567890123456789";

	for (unsigned i = 0; i < 40; i++) {
		key[i] = bytes_of(text, i);
		gpu_index_find(x, i % 2 ? GPU_VALUE : GPU_SEGMENT, key[i], 0, got);
	}
	gpu_index_find_many(x, GPU_VALUE, key, 40, 0, got);
}

static void a_head_that_lies_is_refused(void **state)
{
	struct backend *b = folder();
	struct gpu_index *x = made(b, 4), *r;
	uint8_t other[16] = "another store's";
	struct buf all = image(b);
	uint8_t *file = all.ptr;
	size_t len = all.len;

	(void)state;
	assert_int_equal(gpu_index_attach(&r, b, other), ERR_UNTRUSTED);
	for (size_t bit = 0; bit < 8 * 0x80; bit++) {
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
		rewrite(b, file, len);
		assert_true(gpu_index_attach(&r, b, uuid) < 0);
		file[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut += cut < 4200 ? 97 : 1024) {
		rewrite(b, file, cut);
		assert_int_equal(gpu_index_attach(&r, b, uuid), ERR_DAMAGED);
	}
	file[0x58] = 128;		/* line_n: sealed, but more than there are */
	seal(file);
	rewrite(b, file, len);
	assert_int_equal(gpu_index_attach(&r, b, uuid), ERR_DAMAGED);
	file[0x58] = 64;
	file[0x20] ^= 1;		/* of another boot */
	seal(file);
	rewrite(b, file, len);
	assert_int_equal(gpu_index_attach(&r, b, uuid), ERR_UNAVAILABLE);
	file[0x20] ^= 1;
	file[0x50] ^= 1;		/* of another process with our number */
	seal(file);
	rewrite(b, file, len);
	assert_int_equal(gpu_index_attach(&r, b, uuid), ERR_UNAVAILABLE);
	must(backend_remove(b, GPU_INDEX_NAME));
	assert_int_equal(gpu_index_attach(&r, b, uuid), ERR_ABSENT);
	buf_release(&all);
	gpu_index_close(x);
	backend_close(b);
}

static void lines_of_garbage_touch_nothing_outside(void **state)
{
	struct backend *b = folder();
	struct gpu_index *x = made(b, 4), *r;
	uint64_t s = clock_random();
	struct buf all = image(b);
	uint8_t *file = all.ptr;
	size_t len = all.len;

	(void)state;
	printf("# seed %" PRIu64 "\n", s);
	for (uint64_t round = 0; round < scaled(200); round++) {
		for (size_t i = 4096; i < len; i++)
			file[i] = (uint8_t)draw(&s) | 1;	/* no free line, no even sequence */
		if (round % 2)
			for (size_t i = 4096; i < len; i += 64)
				file[i] &= 0xfe;
		file[0x90] = (uint8_t)round;		/* moves without end */
		rewrite(b, file, len);
		must(gpu_index_attach(&r, b, uuid));
		ask(r);
		gpu_index_close(r);
	}
	buf_release(&all);
	gpu_index_close(x);
	backend_close(b);
}

/* A line for every key, its sequence odd: as a service leaves it that was stopped in
 * the middle. */
static void a_change_that_never_ends_is_a_miss(void **state)
{
	struct backend *b = folder();
	struct gpu_index *x = made(b, 4), *r;
	struct bytes key = bytes_str("k");
	struct gpu_token t = token(1, 0), got;
	struct buf all;

	(void)state;
	must(gpu_index_put(x, GPU_VALUE, key, &t));
	all = image(b);
	for (size_t i = 4096; i < 4096 + 64 * 64; i += 64)
		all.ptr[i] |= 1;
	rewrite(b, all.ptr, all.len);
	must(gpu_index_attach(&r, b, uuid));
	assert_int_equal(gpu_index_find(r, GPU_VALUE, key, 0, &got), 0);
	assert_int_equal(gpu_index_find_many(r, GPU_VALUE, &key, 1, 0, &got), 0);
	assert_int_equal(got.stamp, 0);
	gpu_index_close(r);
	buf_release(&all);
	gpu_index_close(x);
	backend_close(b);
}

/* --- one writer, many readers --- */

enum { READERS = 3, RACE_KEYS = 40, STAYING = 10, SOME = 150 };

struct race {
	struct gpu_index *x;
	struct backend *b;
	_Atomic uint64_t version_of[RACE_KEYS];	/* of the commit that changed it last */
	_Atomic uint64_t committed;
	_Atomic int done;
};

struct reader {
	struct race *race;
	bool attached;			/* by a mapping of its own */
	uint64_t hits, torn, stale, seed;
	bool met[RACE_KEYS];
};

static struct bytes race_key(uint8_t *room, unsigned i)
{
	memset(room, 'x', 40);
	room[0] = (uint8_t)i;
	return bytes_of(room, i % 4 ? 12 : 40);
}

/* Some at once: each as if it were asked for alone. */
static void read_some(struct reader *me, const struct gpu_index *x)
{
	unsigned which[SOME], n = 1 + (unsigned)(draw(&me->seed) % SOME);
	uint64_t least[SOME], want = 0;
	struct gpu_token t[SOME];
	struct bytes key[SOME];
	uint8_t room[SOME][40];
	long found, seen = 0;

	for (unsigned i = 0; i < n; i++) {
		which[i] = (unsigned)(draw(&me->seed) % RACE_KEYS);
		least[i] = me->race->version_of[which[i]];
		key[i] = race_key(room[i], which[i]);
		while (want < least[i])
			want = me->race->committed;
	}
	found = gpu_index_find_many(x, GPU_VALUE, key, n, want, t);
	for (unsigned i = 0; i < n; i++) {
		if (!t[i].stamp)
			continue;
		seen++;
		me->hits++;
		me->met[which[i]] = true;
		me->torn += !whole(&t[i]) || t[i].stamp % RACE_KEYS != which[i];
		me->stale += t[i].version < least[i];
	}
	me->torn += seen != found;
}

static void read_once(struct reader *me, const struct gpu_index *x)
{
	unsigned i = (unsigned)(draw(&me->seed) % RACE_KEYS);
	uint64_t least = me->race->version_of[i], want;
	struct gpu_token t;
	uint8_t room[40];

	do
		want = me->race->committed;
	while (want < least);
	if (gpu_index_find(x, GPU_VALUE, race_key(room, i), want, &t) != 1)
		return;
	me->hits++;
	me->met[i] = true;
	me->torn += !whole(&t) || t.stamp % RACE_KEYS != i;
	me->stale += t.version < least;
}

static void *reader_run(void *arg)
{
	struct reader *me = arg;
	struct gpu_index *x = me->race->x;

	if (me->attached)
		must(gpu_index_attach(&x, me->race->b, uuid));
	while (!me->race->done)
		if (draw(&me->seed) % 64)
			read_once(me, x);
		else
			read_some(me, x);
	for (unsigned i = 0; i < 100 * RACE_KEYS; i++)
		read_once(me, x);
	if (me->attached)
		gpu_index_close(x);
	return NULL;
}

/* A commit, and then what the service makes of it. */
static void commit(struct race *r, uint64_t version, uint64_t *s)
{
	unsigned i = (unsigned)(draw(s) % RACE_KEYS);
	struct gpu_token t = token(version * RACE_KEYS + i, version);
	uint8_t room[40];

	r->version_of[i] = version;
	r->committed = version;
	if (i < STAYING || draw(s) % 2)
		must(gpu_index_put(r->x, GPU_VALUE, race_key(room, i), &t));
	else
		gpu_index_remove(r->x, GPU_VALUE, race_key(room, i));
	gpu_index_applied(r->x, version);
}

static void readers_beside_a_writer_see_whole_tokens_and_no_stale_one(void **state)
{
	struct reader reader[READERS];
	struct race r = { .b = folder() };
	pthread_t id[READERS];
	uint64_t seed = clock_random(), s = seed, n = scaled(300000);

	(void)state;
	printf("# seed %" PRIu64 "\n", seed);
	r.x = made(r.b, 42);
	for (unsigned i = 0; i < READERS; i++) {
		reader[i] = (struct reader){ .race = &r, .attached = i == 1, .seed = seed + i };
		assert_int_equal(pthread_create(&id[i], NULL, reader_run, &reader[i]), 0);
	}
	for (uint64_t v = 1; v <= n; v++)
		commit(&r, v, &s);
	r.done = 1;
	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(id[i], NULL), 0);
	for (unsigned i = 0; i < READERS; i++) {
		assert_int_equal(reader[i].torn, 0);
		assert_int_equal(reader[i].stale, 0);
		for (unsigned k = 0; k < STAYING && n >= 10000; k++)
			assert_true(reader[i].met[k]);
	}
	gpu_index_close(r.x);
	backend_close(r.b);
}

static int begin(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof dir, "%s/gpu-index.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	struct backend *b = folder();

	(void)state;
	backend_remove(b, GPU_INDEX_NAME);
	backend_close(b);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_is_what_others_compute),
		cmocka_unit_test(a_token_comes_back_for_keys_of_every_length),
		cmocka_unit_test(the_largest_token_comes_back_and_a_larger_is_refused),
		cmocka_unit_test(a_stale_value_is_a_miss),
		cmocka_unit_test(one_store_ends_a_generation),
		cmocka_unit_test(a_service_that_was_killed_is_not_attached),
		cmocka_unit_test(what_it_tells_about_itself_is_so),
		cmocka_unit_test(random_histories_end_as_a_plain_list_does),
		cmocka_unit_test(a_head_that_lies_is_refused),
		cmocka_unit_test(lines_of_garbage_touch_nothing_outside),
		cmocka_unit_test(a_change_that_never_ends_is_a_miss),
		cmocka_unit_test(readers_beside_a_writer_see_whole_tokens_and_no_stale_one),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
