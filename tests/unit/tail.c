/* tests/unit/tail.c - the index against a plain list, alone and watched */
#include <pthread.h>

#include "log_kit.h"

static struct tail_id some_id(void)
{
	struct tail_id id = { .log_id = 7, .file_id = 55 };

	memcpy(id.store_id, "a store of tests", 16);
	return id;
}

static struct tail *fresh(struct backend *b, bool shared)
{
	struct tail_id id = some_id();
	struct tail *t;

	kit_must(tail_make(&t, b, &id, 0, shared, NULL));
	return t;
}

static void add(struct tail *t, uint64_t hash, uint64_t version)
{
	struct tail_node n = { .hash = hash, .pos = hash * 1000 + version,
			       .version = version, .len = 1 };

	tail_stage(t, 0, &n);
	kit_must(tail_link(t, 1));
}

/* Hashes chosen to share buckets. */
static uint64_t hash_at(uint64_t i)
{
	return i % 5 + (i / 5 << 32);
}

static void check_group(const struct tail *t, uint64_t hash, const uint64_t *version,
			size_t n)
{
	struct tail_walk w;
	struct tail_node node;
	int r = tail_first(t, hash, &w, &node);

	for (; n && r == 1; n--, r = tail_older(t, &w, &node)) {
		assert_true(node.hash == hash);
		assert_true(node.version == version[n - 1]);
		assert_true(node.pos == hash * 1000 + node.version);
	}
	assert_int_equal(n, 0);
	assert_int_equal(r, 0);
}

static void check_history(uint64_t seed, bool shared)
{
	struct backend *b = kit_store(0);
	struct tail *t = fresh(b, shared), *bigger;
	static uint64_t version[100][200];
	size_t n[100] = { 0 };
	uint64_t keys = 1 + (kit_seed = seed, kit_draw(100));

	for (uint64_t v = 1; v <= 700; v++) {
		uint64_t i = kit_draw(keys);

		if (n[i] == 200)
			continue;
		add(t, hash_at(i), v);
		version[i][n[i]++] = v;
		if (v % 300 == 0) {
			struct tail_id id = some_id();

			kit_must(tail_make(&bigger, b, &id, 4000, !shared, NULL));
			kit_must(tail_copy(bigger, t));
			tail_close(t);
			t = bigger;
			shared = !shared;
		}
	}
	for (uint64_t i = 0; i < 100; i++)
		check_group(t, hash_at(i), version[i], n[i]);
	tail_close(t);
	backend_close(b);
}

static void random_histories_match_a_list_also_when_it_grows(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kit_scaled(40); i++) {
		print_message("# seed %u\n", i);
		check_history(i, i % 2);
	}
}

static int open_as(struct backend *b, const struct tail_id *id)
{
	struct tail *t;
	int r = tail_open(&t, b, id, false, NULL);

	if (r == 0)
		tail_close(t);
	return r;
}

static void only_the_index_of_this_boot_store_log_and_file_is_found(void **state)
{
	struct backend *b = kit_store(0);
	struct tail_id id = some_id();
	struct tail *t;
	uint8_t *p;

	(void)state;
	assert_int_equal(open_as(b, &id), ERR_ABSENT);
	t = fresh(b, true);
	assert_int_equal(open_as(b, &id), ERR_ABSENT);	/* it has no name yet */
	kit_must(tail_publish(t));
	kit_must(open_as(b, &id));
	id.log_id++;
	assert_int_equal(open_as(b, &id), ERR_ABSENT);
	id = some_id();
	id.file_id++;
	assert_int_equal(open_as(b, &id), ERR_ABSENT);
	id = some_id();
	id.store_id[0]++;
	assert_int_equal(open_as(b, &id), ERR_ABSENT);
	id = some_id();
	tail_set_boot("another");
	assert_int_equal(open_as(b, &id), ERR_ABSENT);
	tail_set_boot(NULL);
	kit_must(open_as(b, &id));
	p = kit_bytes(b, TAIL_NAME, NULL);
	for (unsigned bit = 0; bit < 8 * offsetof(struct tail_head, pad); bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(open_as(b, &id), ERR_ABSENT);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	kit_must(open_as(b, &id));
	tail_close(t);
	backend_close(b);
}

static void an_index_cut_short_is_not_mapped(void **state)
{
	struct backend *b = kit_store(0);
	struct tail_id id = some_id();
	struct tail *t = fresh(b, true);
	struct file *f;

	(void)state;
	kit_must(tail_publish(t));
	tail_close(t);
	kit_must(backend_open(b, TAIL_NAME, FILE_WRITE, &f));
	for (uint64_t size = 60000; size; size /= 3) {
		kit_must(file_resize(f, size));
		assert_int_equal(open_as(b, &id), ERR_ABSENT);
	}
	file_close(f);
	backend_close(b);
}

/* --- spoiled --- */

#define SOME 60u

/* Groups of one to three in few buckets, so that there are chains. */
static struct tail *some_nodes(struct backend *b, bool shared)
{
	struct tail *t = fresh(b, shared);

	for (uint64_t v = 1; v <= SOME; v++)
		add(t, hash_at(v % 25), v);
	return t;
}

/* What T says of HASH is right, or that it is spoiled. */
static bool right_or_spoiled(const struct tail *t, uint64_t hash, uint64_t newest)
{
	struct tail_walk w;
	struct tail_node node;
	int r = tail_first(t, hash, &w, &node);

	for (; r == 1; r = tail_older(t, &w, &node), newest = newest > 25 ? newest - 25 : 0)
		if (node.hash != hash || node.version != newest || node.len != 1 ||
		    node.pos != hash * 1000 + newest || node.space)
			return false;
	return r == ERR_DAMAGED || (r == 0 && newest == 0);
}

static bool all_right_or_spoiled(const struct tail *t)
{
	bool right = true;

	for (uint64_t i = 0; i < 40; i++) {	/* from 25 on: not there */
		uint64_t newest = i < 25 ? SOME - (SOME - i) % 25 : 0;

		right &= right_or_spoiled(t, hash_at(i), newest);
	}
	err_clear();
	return right;
}

/* The buckets that hashes of hash_at have, and all nodes. */
static void whatever_bit_changes_no_entry_is_hidden_or_made_up(void **state)
{
	struct backend *b = kit_store(0);
	struct tail *t = some_nodes(b, false);
	uint8_t *part[2] = { (uint8_t *)t->bucket, (uint8_t *)t->node };
	size_t len[2] = { 8 * sizeof *t->bucket, SOME * sizeof *t->node };

	(void)state;
	assert_true(all_right_or_spoiled(t));
	for (int k = 0; k < 2; k++)
		for (size_t bit = 0; bit < 8 * len[k]; bit++) {
			part[k][bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (!all_right_or_spoiled(t))
				fail_msg("bit %zu of %s", bit, k ? "the nodes" : "the buckets");
			part[k][bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	assert_true(all_right_or_spoiled(t));
	tail_close(t);
	backend_close(b);
}

/* Zeros, noise, and what belongs to another place. */
static void whatever_bytes_are_others_no_entry_is_hidden_or_made_up(void **state)
{
	struct backend *b = kit_store(0);
	struct tail *t = some_nodes(b, false);
	uint8_t *part[2] = { (uint8_t *)t->bucket, (uint8_t *)t->node };
	size_t len[2] = { 8 * sizeof *t->bucket, SOME * sizeof *t->node };
	uint8_t was[SOME * sizeof *t->node];

	(void)state;
	for (unsigned i = 0; i < kit_scaled(20000); i++) {
		unsigned k = i % 2;
		size_t at, n, from;

		kit_seed = i;
		at = kit_draw(len[k]);
		n = 1 + kit_draw(kit_draw(2) ? 16 : len[k] - at);
		n = n < len[k] - at ? n : len[k] - at;
		from = kit_draw(len[k] - n + 1) & ~(size_t)(kit_draw(2) ? 7 : 0);
		memcpy(was, part[k], len[k]);
		if (i / 2 % 3 == 0)
			memset(part[k] + at, 0, n);
		else if (i / 2 % 3 == 1)
			memmove(part[k] + at, was + from, n);
		else
			for (size_t c = 0; c < n; c++)
				part[k][at + c] = (uint8_t)kit_draw(256);
		if (!all_right_or_spoiled(t))
			fail_msg("seed %u", i);
		memcpy(part[k], was, len[k]);
	}
	tail_close(t);
	backend_close(b);
}

static void nothing_is_copied_from_a_spoiled_one(void **state)
{
	struct backend *b = kit_store(0);
	struct tail *t = some_nodes(b, false), *to;

	(void)state;
	t->node[SOME / 2].hash ^= 1;
	to = fresh(b, false);
	assert_int_equal(tail_copy(to, t), ERR_DAMAGED);
	tail_close(to);
	t->node[SOME / 2].hash ^= 1;
	to = fresh(b, false);
	kit_must(tail_copy(to, t));
	assert_true(all_right_or_spoiled(to) && tail_is_sound(to));
	tail_close(to);
	tail_close(t);
	backend_close(b);
}

static void a_head_that_does_not_agree_with_itself_is_not_believed(void **state)
{
	struct backend *b = kit_store(0);
	struct tail *t = some_nodes(b, true);
	struct tail_id id = some_id();
	uint8_t *p;

	(void)state;
	kit_must(tail_publish(t));
	for (uint64_t v = 1; v < 100; v += 9)
		tail_raise(t->head, &t->head->durable_blk, v);
	p = kit_bytes(b, TAIL_NAME, NULL);
	for (unsigned bit = 8 * 0x80; bit < 8 * 0x200; bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(open_as(b, &id), ERR_ABSENT);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memset(p + 0xe0, 0, 8);		/* a word gone, and its twin too */
	memset(p + 0x140 + 0x60, 0, 8);
	assert_int_equal(open_as(b, &id), ERR_ABSENT);
	tail_close(t);
	backend_close(b);
}

/* The first sector at any time, of any boot: with whatever bit changed the claim is
 * what it was, or none. */
static void a_claim_is_right_or_none(void **state)
{
	struct backend *b = kit_store(0);
	struct tail *t = some_nodes(b, true);
	struct tail_id id = some_id();
	struct tail_claim c;
	uint8_t *p;

	(void)state;
	tail_claim(&c, b, &id);
	assert_true(c.blk == 0 && c.version == 0);
	kit_must(tail_publish(t));
	tail_raise(t->head, &t->head->durable_blk, 7);
	tail_raise(t->head, &t->head->durable_version, 70);
	p = kit_bytes(b, TAIL_NAME, NULL);
	tail_set_boot("another");
	for (unsigned bit = 0; bit < 8 * DISK_SECTOR; bit++) {
		tail_claim(&c, b, &id);
		assert_true(c.blk == 7 && c.version == 70);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		tail_claim(&c, b, &id);
		assert_true((c.blk == 7 && (c.version == 70 || c.version == 0)) ||
			    (c.blk == 0 && c.version == 0));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	tail_set_boot(NULL);
	id.file_id++;
	tail_claim(&c, b, &id);
	assert_true(c.blk == 0);
	tail_close(t);
	backend_close(b);
}

/* --- watched --- */

struct watched {
	struct tail *t;
	_Atomic uint64_t upto;		/* versions 1..upto are linked */
	_Atomic int stop;
	uint64_t looked, wrong;
};

static void look_once(struct watched *s, uint64_t seed)
{
	uint64_t upto = s->upto, hash = hash_at(hash_u64(seed) % 200), newest = 0;
	struct tail_walk w;
	struct tail_node node;
	uint64_t last = UINT64_MAX;
	int r;

	for (r = tail_first(s->t, hash, &w, &node); r == 1; r = tail_older(s->t, &w, &node)) {
		if (node.hash != hash || node.version >= last)
			s->wrong++;
		last = node.version;
		if (!newest && node.version <= upto)
			newest = node.version;
	}
	/* version V goes to hash V % 200: the newest of it that was linked */
	for (uint64_t v = upto; v && upto - v < 200; v--)
		if (hash_at(v % 200) == hash && newest != v)
			s->wrong++;
	s->wrong += r < 0;
	s->looked++;
}

static void *look(void *ctx)
{
	struct watched *s = ctx;

	for (uint64_t i = 0; !s->stop || i < 1000; i++)
		look_once(s, i);
	return NULL;
}

static void who_reads_while_another_adds_sees_all_that_was_added_before(void **state)
{
	struct backend *b = kit_store(0);
	struct tail_id id = some_id();
	struct watched s = { 0 };
	pthread_t thread;

	(void)state;
	kit_must(tail_make(&s.t, b, &id, 20000, false, NULL));
	assert_int_equal(pthread_create(&thread, NULL, look, &s), 0);
	for (uint64_t v = 1; v <= 20000; v++) {
		add(s.t, hash_at(v % 200), v);
		s.upto = v;
	}
	s.stop = 1;
	pthread_join(thread, NULL);
	assert_int_equal(s.wrong, 0);
	assert_true(s.looked >= 1000);
	tail_close(s.t);
	backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_histories_match_a_list_also_when_it_grows),
		cmocka_unit_test(only_the_index_of_this_boot_store_log_and_file_is_found),
		cmocka_unit_test(an_index_cut_short_is_not_mapped),
		cmocka_unit_test(whatever_bit_changes_no_entry_is_hidden_or_made_up),
		cmocka_unit_test(whatever_bytes_are_others_no_entry_is_hidden_or_made_up),
		cmocka_unit_test(nothing_is_copied_from_a_spoiled_one),
		cmocka_unit_test(a_head_that_does_not_agree_with_itself_is_not_believed),
		cmocka_unit_test(a_claim_is_right_or_none),
		cmocka_unit_test(who_reads_while_another_adds_sees_all_that_was_added_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
