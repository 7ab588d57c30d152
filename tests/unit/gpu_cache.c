/* tests/unit/gpu_cache.c - what is in the index is on the device, and the right bytes */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "gpu/gpu_cache.h"
#include "gpu/hot.h"
#include "tests/lib/kit.h"

static char dir[4096];
static const uint8_t uuid[16] = "one of all store";

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

/* --- a device that may break --- */

struct frail {
	struct gpu_backend b;
	struct gpu_backend *under;
	uint64_t calls, fail_at;	/* 0: never */
	uint64_t copies;
};

static struct frail *frail_of(struct gpu_backend *b)
{
	return (struct frail *)(void *)b;
}

static int strike(struct gpu_backend *b)
{
	struct frail *f = frail_of(b);

	return f->fail_at && ++f->calls >= f->fail_at ?
		err_set(ERR_DEVICE, "it fell off the bus") : 0;
}

static uint64_t frail_memory(struct gpu_backend *b)
{
	return frail_of(b)->under->ops->memory(frail_of(b)->under);
}

static uint64_t frail_most(struct gpu_backend *b)
{
	return frail_memory(b) < 6u << 20 ? frail_memory(b) : 6u << 20;
}

static uint32_t frail_align(struct gpu_backend *b)
{
	(void)b;
	return 512;
}

static int frail_new(struct gpu_backend *b, uint64_t len, void **out)
{
	int r = strike(b);

	return r < 0 ? r : frail_of(b)->under->ops->arena_new(frail_of(b)->under, len, out);
}

static void frail_free(struct gpu_backend *b, void *arena, uint64_t len)
{
	frail_of(b)->under->ops->arena_free(frail_of(b)->under, arena, len);
}

static int frail_write(struct gpu_backend *b, void *arena, uint64_t off, const void *ptr,
		       size_t len)
{
	int r = strike(b);

	return r < 0 ? r : frail_of(b)->under->ops->write(frail_of(b)->under, arena, off, ptr,
							  len);
}

static int frail_read(struct gpu_backend *b, void *arena, uint64_t off, void *ptr,
		      size_t len)
{
	int r = strike(b);

	return r < 0 ? r : frail_of(b)->under->ops->read(frail_of(b)->under, arena, off, ptr,
							 len);
}

static int frail_copy(struct gpu_backend *b, void *from, uint64_t from_off, void *to,
		      uint64_t to_off, uint64_t len)
{
	int r = strike(b);

	frail_of(b)->copies++;
	return r < 0 ? r : frail_of(b)->under->ops->copy(frail_of(b)->under, from, from_off, to,
							 to_off, len);
}

static int frail_finish(struct gpu_backend *b)
{
	return strike(b);
}

static const struct gpu_backend_ops frail_ops = {
	.name = "frail", .memory = frail_memory, .most = frail_most, .align = frail_align,
	.arena_new = frail_new, .arena_free = frail_free, .write = frail_write,
	.read = frail_read, .copy = frail_copy, .finish = frail_finish,
};

/* --- a cache, with an index that somebody else reads --- */

struct fixture {
	struct mem mem;
	struct frail device;
	struct backend *files;
	struct gpu_cache *c;
	struct gpu_index *index;
};

enum { SIZE = 16 << 20 };

static int try_open(struct fixture *f, uint64_t fail_at, uint32_t entries)
{
	struct gpu_cache_setup set = { .size = SIZE, .mem = &f->mem, .entries = entries };
	int r;

	memset(f, 0, sizeof *f);
	mem_init(&f->mem, 64u << 20);
	f->device.b.ops = &frail_ops;
	f->device.fail_at = fail_at;
	must(host_open(&f->device.under, SIZE, &f->mem));
	must(backend_local(&f->files, dir, true));
	memcpy(set.store, uuid, sizeof set.store);
	r = gpu_cache_open(&f->c, f->files, &f->device.b, &set);
	if (r == 0)
		must(gpu_index_attach(&f->index, f->files, uuid));
	return r;
}

static void close_all(struct fixture *f)
{
	gpu_cache_close(f->c);
	gpu_index_close(f->index);
	gpu_backend_close(f->device.under);
	assert_int_equal(backend_remove(f->files, GPU_INDEX_NAME), ERR_ABSENT);
	assert_int_equal(backend_remove(f->files, HOT_NAME), ERR_ABSENT);
	backend_close(f->files);
	assert_int_equal(f->mem.used, 0);
}

/* --- values that say what they are: all follows from key, version --- */

static void fill(uint8_t *to, size_t len, uint64_t key, uint64_t version)
{
	uint64_t x = hash_u64(key ^ version << 32);

	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(x >> (i % 8 * 8)) ^ (uint8_t)(i >> 3);
}

static uint8_t value[3 << 20], got[3 << 20];

static size_t key_text(uint64_t key, char out[64])
{
	int n = snprintf(out, 64, "key %llu", (unsigned long long)key);

	if (key % 3 == 0)		/* longer than a line of the index holds */
		n = snprintf(out, 64, "a key that is longer than any line: %llu",
			     (unsigned long long)key);
	return (size_t)n;
}

static int put(struct fixture *f, uint64_t key, uint64_t version, size_t len, bool pinned)
{
	struct gpu_load l;
	char text[64];
	size_t n = key_text(key, text), half = len / 2;
	int r = gpu_cache_begin(f->c, len, pinned, &l);

	if (r < 0)
		return r;
	fill(value, len, key, version);
	r = gpu_cache_feed(f->c, &l, value, half);
	if (r == 0)
		r = gpu_cache_feed(f->c, &l, value + half, len - half);
	if (r == 0)
		r = gpu_cache_end(f->c, &l, GPU_VALUE, bytes_of(text, n), version, 7);
	gpu_cache_cancel(f->c, &l);
	return r;
}

/* --- random histories --- */

enum { KEYS = 400 };

struct model {
	uint64_t version[KEYS];		/* of the last put that went well; 0: none or removed */
	size_t len[KEYS];
	struct gpu_token dead[64];	/* of things that went */
	unsigned dead_n;
};

static void bury(struct model *m, const struct gpu_token *t)
{
	m->dead[m->dead_n++ % 64] = *t;
}

/* Evicted or not: if it is there it is the last version, in the index, too, and its
 * bytes are right. */
static void check(struct fixture *f, struct model *m, uint64_t key)
{
	struct gpu_thing t, again;
	struct gpu_token seen;
	char text[64];
	struct bytes name = bytes_of(text, key_text(key, text));
	int here = gpu_cache_look(f->c, GPU_VALUE, name, &t);

	assert_int_equal(gpu_index_find(f->index, GPU_VALUE, name, 0, &seen), here);
	if (!here)
		return;
	assert_true(m->version[key] && t.token.version == m->version[key] &&
		    t.token.len == m->len[key] && t.crc == 7);
	assert_true(bytes_equal(t.key, name));
	assert_memory_equal(&seen, &t.token, sizeof seen);
	assert_int_equal(gpu_cache_holds(f->c, &t.token, &again), 1);
	seen.generation++;
	assert_int_equal(gpu_cache_holds(f->c, &seen, &again), 0);
	seen = t.token;
	seen.version++;
	assert_int_equal(gpu_cache_holds(f->c, &seen, &again), 0);
	must(gpu_cache_read(f->c, &t.token, 0, got, t.token.len));
	fill(value, t.token.len, key, t.token.version);
	assert_memory_equal(got, value, t.token.len);
}

static void step(struct fixture *f, struct model *m, uint64_t *s, uint64_t version)
{
	uint64_t key = draw(s) % KEYS;
	size_t len = draw(s) % 8 ? draw(s) % 40000 : draw(s) % 32 ? draw(s) % 400000 :
		     draw(s) % sizeof value;
	char text[64];
	struct bytes name = bytes_of(text, key_text(key, text));
	struct gpu_thing t;
	int here = gpu_cache_look(f->c, GPU_VALUE, name, &t), r;

	switch (draw(s) % 10) {
	case 0:
		if (here) {
			bury(m, &t.token);
			gpu_cache_remove(f->c, t.token.slot);
		}
		break;
	case 1:
		if (here && draw(s) % 4 == 0)
			gpu_cache_pin(f->c, t.token.slot);
		break;
	case 2:
		if (here)
			gpu_cache_unpin(f->c, t.token.slot);
		break;
	case 3:
		gpu_cache_find(f->c, GPU_VALUE, name, &t);
		break;
	default:
		r = put(f, key, version, len, false);
		assert_true(r == 0 || r == ERR_RESOURCE || r == ERR_TOO_BIG);
		if (r < 0)
			break;
		if (here)
			bury(m, &t.token);
		m->version[key] = version;
		m->len[key] = len;
	}
}

static void a_random_history_leaves_the_right_bytes(void **state)
{
	const char *given = getenv("SEED");
	uint64_t s = given ? strtoull(given, NULL, 0) : clock_random(), i;
	struct gpu_cache_info info;
	struct model m = { .dead_n = 0 };
	struct gpu_thing t;
	struct fixture f;

	(void)state;
	print_message("# SEED=%llu\n", (unsigned long long)s);
	must(try_open(&f, 0, 0));
	for (i = 1; i < scaled(3000); i++) {
		step(&f, &m, &s, i);
		check(&f, &m, draw(&s) % KEYS);
		assert_int_equal(gpu_cache_holds(f.c, &m.dead[draw(&s) % 64], &t), 0);
	}
	for (uint64_t key = 0; key < KEYS; key++)
		check(&f, &m, key);
	gpu_cache_info(f.c, &info);
	assert_true(i < 3000 || info.evict_n > 100);
	close_all(&f);
}

static void small_things_move_together_for_a_large_one(void **state)
{
	struct model m = { .dead_n = 0 };
	struct gpu_cache_info info;
	struct gpu_thing t;
	struct fixture f;
	char text[64];

	(void)state;
	must(try_open(&f, 0, 0));
	for (uint64_t key = 0; key < KEYS; key++) {	/* 5 in a slab: all of them */
		m.version[key] = key % 39 + 1;
		m.len[key] = 400000;
		if (key >= 39)
			m.version[key] = 0;
		else
			must(put(&f, key, m.version[key], m.len[key], false));
	}
	for (uint64_t key = 0; key < 39; key++)
		if (key % 5 && gpu_cache_look(f.c, GPU_VALUE, bytes_of(text, key_text(key, text)),
					      &t))
			gpu_cache_remove(f.c, t.token.slot);
	must(put(&f, 1, 9, sizeof value, false));
	must(put(&f, 2, 9, sizeof value, false));
	m.version[1] = m.version[2] = 9;
	m.len[1] = m.len[2] = sizeof value;
	for (uint64_t key = 0; key < KEYS; key++)
		check(&f, &m, key);
	gpu_cache_info(f.c, &info);
	assert_true(f.device.copies > 0 && info.evict_n == 0 && info.n == 8 + 2);
	close_all(&f);
}

/* --- limits --- */

/* Things of one commit, of the same length, that come and go: more than there are buckets. */
static void a_token_of_what_went_never_fits_what_came(void **state)
{
	enum { MANY = 3000 };
	static struct gpu_token was[MANY];
	struct gpu_thing t;
	struct fixture f;
	char text[64];

	(void)state;
	must(try_open(&f, 0, 1024));
	for (uint64_t i = 0; i < MANY; i++) {
		must(put(&f, i, 7, 100, false));
		assert_int_equal(gpu_cache_look(f.c, GPU_VALUE, bytes_of(text, key_text(i, text)),
						&t), 1);
		was[i] = t.token;
		for (uint64_t k = i % 64; k <= i; k += 64)
			assert_int_equal(gpu_cache_holds(f.c, &was[k], &t), k == i);
		gpu_cache_remove(f.c, was[i].slot);
	}
	close_all(&f);
}

static void what_is_too_large_or_has_no_place_is_refused(void **state)
{
	struct gpu_cache_info i;
	struct gpu_token room;
	struct gpu_thing t;
	struct gpu_load l;
	struct fixture f;

	(void)state;
	must(try_open(&f, 0, 0));
	assert_int_equal(gpu_cache_begin(f.c, SIZE + 1, false, &l), ERR_TOO_BIG);
	assert_int_equal(gpu_cache_begin(f.c, UINT64_MAX, false, &l), ERR_TOO_BIG);
	must(gpu_cache_room(f.c, 5 << 20, &room));	/* an arena has six */
	must(gpu_cache_room(f.c, 5 << 20, &room));
	assert_int_equal(gpu_cache_room(f.c, 4 << 20, &room), ERR_RESOURCE);	/* the quota */
	must(put(&f, 1, 1, 1 << 20, false));
	must(put(&f, 2, 1, 1 << 20, false));
	assert_int_equal(gpu_cache_begin(f.c, 7 << 20, false, &l), ERR_TOO_BIG);
	gpu_cache_info(f.c, &i);
	assert_true(i.n == 4 && i.pinned_n == 2 && i.refuse_n >= 3);
	assert_int_equal(gpu_cache_holds(f.c, &room, &t), 1);	/* the second */
	close_all(&f);
}

static void a_pin_outlives_a_new_version_and_no_eviction_touches_it(void **state)
{
	struct gpu_thing t;
	struct fixture f;

	(void)state;
	must(try_open(&f, 0, 0));
	must(put(&f, 1, 1, 1000, true));
	must(put(&f, 1, 2, 2000, false));
	for (uint64_t key = 2; key < 100; key++)
		must(put(&f, key, 3, 1 << 20, false));
	assert_int_equal(gpu_cache_look(f.c, GPU_VALUE, bytes_str("key 1"), &t), 1);
	assert_true(t.pinned && t.token.version == 2);
	gpu_cache_unpin(f.c, t.token.slot);
	for (uint64_t key = 2; key < 100; key++)
		must(put(&f, key, 4, 1 << 20, false));
	assert_int_equal(gpu_cache_look(f.c, GPU_VALUE, bytes_str("key 1"), &t), 0);
	close_all(&f);
}

static void a_key_that_was_missed_twice_is_wanted_and_any_when_there_is_room(void **state)
{
	struct fixture f;

	(void)state;
	must(try_open(&f, 0, 0));
	assert_true(gpu_cache_wants(f.c, GPU_VALUE, bytes_str("a"), 1000));
	for (uint64_t key = 0; key < 20; key++)
		must(put(&f, key, 3, 1 << 20, false));
	assert_false(gpu_cache_has_room(f.c, 1 << 20));
	assert_false(gpu_cache_wants(f.c, GPU_VALUE, bytes_str("a"), 1 << 20));
	assert_true(gpu_cache_wants(f.c, GPU_VALUE, bytes_str("a"), 1 << 20));
	close_all(&f);
}

/* The k-th call of the device fails, for every k: an error, no crash, nothing leaks,
 * and no token tells of bytes that were never written. */
static void each_call_of_the_device_may_be_its_last(void **state)
{
	struct fixture f;
	uint64_t k = 1;
	bool whole = false;

	(void)state;
	for (; !whole; k++) {
		int r = try_open(&f, k, 0);

		for (uint64_t key = 1; r == 0 && key < 12; key++)
			r = put(&f, key, key, 90000, false);
		whole = r == 0;
		assert_true(r == 0 || r == ERR_DEVICE);
		assert_true(k < 1000);
		close_all(&f);
	}
	assert_true(k > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_random_history_leaves_the_right_bytes),
		cmocka_unit_test(small_things_move_together_for_a_large_one),
		cmocka_unit_test(a_token_of_what_went_never_fits_what_came),
		cmocka_unit_test(what_is_too_large_or_has_no_place_is_refused),
		cmocka_unit_test(a_pin_outlives_a_new_version_and_no_eviction_touches_it),
		cmocka_unit_test(a_key_that_was_missed_twice_is_wanted_and_any_when_there_is_room),
		cmocka_unit_test(each_call_of_the_device_may_be_its_last),
	};
	const char *tmp = getenv("TMPDIR");
	int failed;

	snprintf(dir, sizeof dir, "%s/strato-gpu-cache-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests_name("gpu_cache", tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
