/* tests/unit/sieve.c - who goes and who stays, beside a list anybody can check */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "gpu/hot.h"
#include "gpu/sieve.h"
#include "io/file.h"
#include "tests/lib/kit.h"

enum { SLOTS = 24 };

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

static bool marks[SLOTS];

static bool take(void *ctx, uint32_t slot)
{
	bool was = marks[slot];

	(void)ctx;
	marks[slot] = false;
	return was;
}

static bool always(void *ctx, uint32_t slot)
{
	(void)ctx;
	(void)slot;
	return true;
}

/* --- the model: things in order of arrival, oldest first, in an array --- */

struct thing {
	uint32_t slot;
	uint64_t len;
	bool pinned, hand;
};

struct model {
	struct thing t[SLOTS];
	unsigned n;
	uint64_t capacity, quota;
};

static uint64_t bytes_in(const struct model *m, bool pinned_only)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < m->n; i++)
		if (!pinned_only || m->t[i].pinned)
			sum += m->t[i].len;
	return sum;
}

static unsigned at_of(const struct model *m, uint32_t slot)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->t[i].slot == slot)
			return i;
	return m->n;
}

/* The hand goes to the next newer that is not pinned; off the end it is nowhere. */
static void hand_on(struct model *m, unsigned i)
{
	if (!m->t[i].hand)
		return;
	m->t[i].hand = false;
	for (unsigned k = i + 1; k < m->n; k++)
		if (!m->t[k].pinned) {
			m->t[k].hand = true;
			return;
		}
}

static struct thing cut(struct model *m, unsigned i)
{
	struct thing t = m->t[i];

	hand_on(m, i);
	memmove(&m->t[i], &m->t[i + 1], (m->n - i - 1) * sizeof m->t[0]);
	m->n--;
	t.hand = false;
	return t;
}

/* The slot that must go; marks are those of a copy. */
static bool victim(struct model *m, uint32_t *slot)
{
	unsigned i = 0, looked = 0, listed = 0;
	bool mark[SLOTS];

	memcpy(mark, marks, sizeof mark);
	for (unsigned k = 0; k < m->n; k++) {
		listed += !m->t[k].pinned;
		if (m->t[k].hand)
			i = k;
	}
	if (!listed)
		return false;
	for (;; i = (i + 1) % m->n) {
		if (m->t[i].pinned)
			continue;
		if (!mark[m->t[i].slot] || looked == 2 * m->n)
			break;
		mark[m->t[i].slot] = false;
		looked++;
	}
	*slot = m->t[i].slot;
	for (unsigned k = 0; k < m->n; k++)
		m->t[k].hand = k == i;
	return true;
}

static void check_info(struct sieve *s, const struct model *m)
{
	struct sieve_info info;
	unsigned pinned = 0;

	sieve_info(s, &info);
	for (unsigned i = 0; i < m->n; i++) {
		pinned += m->t[i].pinned;
		assert_true(sieve_len(s, m->t[i].slot) == m->t[i].len);
	}
	assert_int_equal(info.n, m->n);
	assert_int_equal(info.pinned_n, pinned);
	assert_true(info.bytes == bytes_in(m, false) && info.bytes <= m->capacity);
	assert_true(info.pinned_bytes == bytes_in(m, true) && info.pinned_bytes <= m->quota);
}

static void evict(struct sieve *s, struct model *m)
{
	uint32_t right = 0, got;
	bool some = victim(m, &right);

	assert_int_equal(sieve_evict(s, &got), some);
	if (some) {
		assert_int_equal(got, right);
		cut(m, at_of(m, right));
	}
}

static void add(struct sieve *s, struct model *m, uint64_t len, bool pinned)
{
	uint64_t in = bytes_in(m, false), pins = bytes_in(m, true);
	bool room = m->n < SLOTS && in + len <= m->capacity;
	uint32_t slot;
	int r;

	assert_int_equal(sieve_room(s, len), len > m->capacity - pins ? ERR_TOO_BIG : room);
	r = sieve_add(s, len, pinned, &slot);
	assert_int_equal(r, room && (!pinned || pins + len <= m->quota) ? 0 : ERR_RESOURCE);
	if (r < 0)
		return;
	assert_int_equal(at_of(m, slot), m->n);		/* nobody else's */
	m->t[m->n++] = (struct thing){ .slot = slot, .len = len, .pinned = pinned };
	marks[slot] = false;
}

static void pin_or_not(struct sieve *s, struct model *m, unsigned i, bool pin)
{
	struct thing *t = &m->t[i];

	if (pin) {
		bool may = t->pinned || bytes_in(m, true) + t->len <= m->quota;

		assert_int_equal(sieve_pin(s, t->slot), may ? 0 : ERR_RESOURCE);
		if (may) {
			hand_on(m, i);
			t->pinned = true;
		}
		return;
	}
	sieve_unpin(s, t->slot);
	if (t->pinned) {
		struct thing moved = cut(m, i);

		moved.pinned = false;
		m->t[m->n++] = moved;
	}
}

static void step(struct sieve *s, struct model *m, uint64_t *seed)
{
	unsigned what = (unsigned)(draw(seed) % 10);
	unsigned i = m->n ? (unsigned)(draw(seed) % m->n) : 0;

	if (what < 4)
		add(s, m, draw(seed) % 200 >> draw(seed) % 6, draw(seed) % 8 == 0);
	else if (what < 6 && m->n)
		marks[m->t[i].slot] = true;
	else if (what < 7 && m->n)
		pin_or_not(s, m, i, draw(seed) % 2);
	else if (what < 8 && m->n) {
		uint32_t slot = m->t[i].slot;

		cut(m, i);
		sieve_remove(s, slot);
	} else
		evict(s, m);
	check_info(s, m);
}

static void random_histories_end_as_a_plain_list_does(void **state)
{
	(void)state;
	for (uint64_t round = 0; round < scaled(40); round++) {
		struct model m = { .capacity = 1000, .quota = 300 };
		struct mem mem;
		uint64_t seed = clock_random();
		struct sieve *s;

		printf("# seed %" PRIu64 "\n", seed);
		mem_init(&mem, 0);
		must(sieve_open(&s, &(struct sieve_setup){ .slots = SLOTS, .capacity = 1000,
				.pin_quota = 300, .visited = take, .mem = &mem }));
		memset(marks, 0, sizeof marks);
		for (unsigned i = 0; i < 5000; i++)
			step(s, &m, &seed);
		sieve_close(s);
		assert_int_equal(mem.used, 0);
	}
}

static struct sieve *opened(uint32_t ghosts, bool (*visited)(void *, uint32_t))
{
	struct sieve_setup o = { .slots = SLOTS, .capacity = 10, .pin_quota = 10,
				 .ghosts = ghosts, .visited = visited };
	struct sieve *s;

	must(sieve_open(&s, &o));
	return s;
}

static void the_hand_ends_whoever_goes_on_marking(void **state)
{
	struct sieve *s = opened(0, always);
	uint32_t slot;

	(void)state;
	for (int i = 0; i < 3; i++)
		must(sieve_add(s, 1, false, &slot));
	for (int i = 0; i < 3; i++)
		assert_int_equal(sieve_evict(s, &slot), 1);
	assert_int_equal(sieve_evict(s, &slot), 0);
	sieve_close(s);
}

static void the_second_miss_is_wanted_and_the_third_is_a_first(void **state)
{
	struct sieve *s = opened(64, take), *all = opened(0, take);

	(void)state;
	for (uint64_t key = 0; key < 5; key++)
		assert_false(sieve_wants(s, key));
	for (uint64_t key = 0; key < 5; key++)
		assert_true(sieve_wants(s, key));
	assert_false(sieve_wants(s, 3));
	assert_true(sieve_wants(all, 3));
	sieve_close(s);
	sieve_close(all);
}

/* Of many keys asked for once, the last as many as fit are remembered, about. */
static void old_misses_are_forgotten(void **state)
{
	struct sieve *s = opened(1024, take);
	unsigned old = 0, fresh = 0;

	(void)state;
	for (uint64_t key = 0; key < 20000; key++)
		assert_false(sieve_wants(s, key));
	for (uint64_t key = 19999; key > 19743; key--)
		fresh += sieve_wants(s, key);
	for (uint64_t key = 0; key < 10000; key++)
		old += sieve_wants(s, key);
	assert_int_equal(old, 0);
	assert_true(fresh > 240);
	sieve_close(s);
}

/* --- the bits that all write --- */

static char dir[4096];

static struct backend *folder(void)
{
	struct backend *b;

	must(backend_local(&b, dir, true));
	return b;
}

static void *mark_every_third(void *arg)
{
	struct backend *b = folder();
	uint32_t first = *(uint32_t *)arg;
	struct hot *h;

	must(hot_attach(&h, b, 7));
	for (uint32_t i = first; i < 3000; i += 3)
		hot_mark(h, i);
	hot_mark(h, 3000);		/* nobody's: ignored */
	hot_mark(h, UINT32_MAX);
	hot_mark(NULL, 1);
	hot_close(h);
	backend_close(b);
	return NULL;
}

static void marks_of_all_arrive(void **state)
{
	struct backend *b = folder();
	uint32_t first[2] = { 0, 1 };
	pthread_t id[2];
	struct hot *h;

	(void)state;
	must(hot_create(&h, b, 7, 3000));
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&id[i], NULL, mark_every_third, &first[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(id[i], NULL), 0);
	for (uint32_t i = 0; i < 3000; i++) {
		assert_int_equal(hot_take(h, i), i % 3 != 2);
		assert_false(hot_take(h, i));
	}
	assert_false(hot_take(h, 3000));
	hot_close(h);
	backend_close(b);
}

static void a_file_of_marks_that_lies_is_refused(void **state)
{
	struct backend *b = folder();
	struct hot *h, *r;
	uint64_t slots = 3001 + 64;
	struct file *f;

	(void)state;
	must(hot_create(&h, b, 7, 3000));
	assert_int_equal(hot_attach(&r, b, 8), ERR_UNAVAILABLE);
	must(backend_open(b, HOT_NAME, FILE_WRITE, &f));
	must(file_write(f, &slots, sizeof slots, 16));
	assert_int_equal(hot_attach(&r, b, 7), ERR_DAMAGED);
	must(file_write(f, "no", 2, 0));
	assert_int_equal(hot_attach(&r, b, 7), ERR_DAMAGED);
	must(file_resize(f, 5));
	assert_int_equal(hot_attach(&r, b, 7), ERR_DAMAGED);
	file_close(f);
	must(backend_remove(b, HOT_NAME));
	assert_int_equal(hot_attach(&r, b, 7), ERR_ABSENT);
	hot_close(h);
	backend_close(b);
}

static int begin(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof dir, "%s/sieve.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	struct backend *b = folder();

	(void)state;
	backend_remove(b, HOT_NAME);
	backend_close(b);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_histories_end_as_a_plain_list_does),
		cmocka_unit_test(the_hand_ends_whoever_goes_on_marking),
		cmocka_unit_test(the_second_miss_is_wanted_and_the_third_is_a_first),
		cmocka_unit_test(old_misses_are_forgotten),
		cmocka_unit_test(marks_of_all_arrive),
		cmocka_unit_test(a_file_of_marks_that_lies_is_refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
