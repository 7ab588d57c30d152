/* tests/unit/salvage.c - repairing a store, by attack
 *
 * A small store is damaged in every way we can think of.  What must hold: a repair
 * copies every key that it does not name, and nothing that never was.
 */
#include "io/fault.h"
#include "store/salvage.h"
#include "store/tail.h"
#include "tests/unit/wounded.h"

/* --- a repair --- */

struct losses {
	bool lost[KEYS];
	unsigned n, range_n, commit_n, graph_n, file_n, doubtful_n;
};

static int lose(void *ctx, const struct salvage_lost *l)
{
	struct losses *x = ctx;
	char buf[32];

	assert_non_null(l->words);
	x->n++;
	x->range_n += l->what == SALVAGE_RANGE;
	x->commit_n += l->what == SALVAGE_COMMIT;
	x->graph_n += l->what == SALVAGE_GRAPH;
	x->file_n += l->what == SALVAGE_FILE;
	x->doubtful_n += l->what == SALVAGE_DOUBTFUL;
	for (unsigned i = 0; i < KEYS; i++) {
		struct bytes key = key_of(i, buf);

		if (l->what == SALVAGE_LOST || l->what == SALVAGE_DOUBTFUL)
			x->lost[i] |= bytes_equal(key, l->key) && l->space == 0;
		else if (l->what == SALVAGE_RANGE)
			x->lost[i] |= bytes_cmp(key, l->key) >= 0 &&
				(!l->high.ptr || bytes_cmp(key, l->high) < 0);
	}
	return 0;
}

/* Keys that were never written have no place in a store. */
static void only_known_keys(struct store *s)
{
	const struct scan_options all = { .from.space = 0 };
	struct snapshot *snap;
	struct iter *it;
	struct entry e;
	char buf[32];
	unsigned i;
	int r;

	must(store_snapshot(s, &snap));
	must(snapshot_scan(snap, &all, &it));
	while ((r = iter_next(it, &e)) == 1) {
		for (i = 0; i < KEYS && !bytes_equal(e.key, key_of(i, buf)); i++)
			;
		if (i == KEYS)
			fail_msg("a repair made up the key %s", bytes_show(e.key));
	}
	must(r);
	iter_close(it);
	snapshot_close(snap);
}

/* What is written to a repaired store comes after all that was repaired. */
static void versions_go_on(struct store *s, uint64_t version)
{
	uint64_t next;
	struct txn *t;

	must(txn_begin(&t, s));
	must(txn_put(t, 0, bytes_str("next"), bytes_str("value"), 0));
	must(txn_commit(t, &next));
	txn_abort(t);
	assert_true(next > version);
}

/* Repairs into a fresh store and compares.  The number of keys that are right. */
static unsigned repair(struct fixture *f, const char *what, int *status, struct losses *x)
{
	struct salvage v = { .mem = &f->mem, .lost = lose, .ctx = x, .who = "test" };
	unsigned right = 0;
	struct told t;
	struct store *s;

	memset(x, 0, sizeof *x);
	must(backend_mem_again(&v.from, f->b));
	must(backend_mem(&v.to));
	*status = salvage_store(&v);
	if (*status != 0 && *status != ERR_DAMAGED)
		fail_msg("repair: %d: %s", *status, err_message());
	assert_int_equal(*status != 0, x->n != 0);
	if (check(f, v.to, &t) != 0 || t.note)
		fail_msg("the repaired store is not sound: %s", t.last);
	s = open_on(v.to, true);
	for (unsigned i = 0; i < KEYS; i++) {
		enum answer a = read_key(s, &f->row[i], i);

		right += a == RIGHT;
		assert_int_not_equal(a, FAILED);
		if (a != RIGHT && !x->lost[i] && !x->file_n)
			fail_msg("%s: key %u (%s, version %llu) is wrong after a repair "
				 "that does not name it", what, i,
				 f->row[i].there ? "put" : "removed",
				 (unsigned long long)f->row[i].version);
	}
	only_known_keys(s);
	versions_go_on(s, v.version);
	store_close(s);
	backend_close(v.to);
	backend_close(v.from);
	return right;
}

static void a_sound_store_repairs_to_equality(void **state)
{
	struct fixture *f = *state;
	struct losses x;
	int status;

	assert_int_equal(repair(f, "nothing", &status, &x), KEYS);
	assert_int_equal(status, 0);
}

/* Whatever the power leaves, once the repair has said that all is there. */
static void what_was_repaired_survives_a_power_cut(void **state)
{
	struct fixture *f = *state;
	struct losses x = { .n = 0 };
	struct salvage v = { .mem = &f->mem, .lost = lose, .ctx = &x, .who = "test" };

	must(backend_mem_again(&v.from, f->b));
	must(fault_open(&v.to, NULL, 7));
	must(salvage_store(&v));
	for (uint64_t seed = 0; seed < 12; seed++) {
		struct backend *left;
		struct store *s;
		struct told t;

		must(fault_crash(v.to, seed, &left));
		tail_set_boot("after the crash");
		if (check(f, left, &t) != 0)
			fail_msg("seed %u: not sound: %s", (unsigned)seed, t.last);
		s = open_on(left, true);
		for (unsigned i = 0; i < KEYS; i++)
			assert_int_equal(read_key(s, &f->row[i], i), RIGHT);
		store_close(s);
		tail_set_boot(NULL);
		backend_close(left);
	}
	backend_close(v.to);
	backend_close(v.from);
}

static void a_repair_names_every_key_it_does_not_copy(void **state)
{
	struct fixture *f = *state;

	for (unsigned n = scaled(60); n; n--) {
		struct image *one = some_file(f), *two = rnd(3) ? NULL : some_file(f);
		bool blind = two && !strncmp(one->name, "wal/", 4) &&
			!strncmp(two->name, "wal/", 4);
		struct losses x;
		const char *how;
		char what[300];
		int status;

		if (blind)	/* no one is left who knows where the log ended */
			two = NULL;
		harm(f, one, &how);
		snprintf(what, sizeof what, "%s: %s", one->name, how);
		if (two) {
			harm(f, two, &how);
			snprintf(what + strlen(what), sizeof what - strlen(what),
				 ", %s: %s", two->name, how);
		}
		repair(f, what, &status, &x);
		put_back(f->b, one);
		if (two)
			put_back(f->b, two);
	}
}

/* --- one wound at a time --- */

static void a_repair_goes_on_beyond_damage_and_names_what_is_doubtful(void **state)
{
	struct fixture *f = *state;
	struct losses x;
	int status;

	flip(f, the_log(f), block(12, 0, 100));
	repair(f, "a block of the log", &status, &x);
	assert_int_equal(status, ERR_DAMAGED);
	assert_int_equal(x.commit_n, 1);
	for (unsigned i = 0; i < KEYS; i++)
		if (f->row[i].there && f->row[i].version > 16)
			assert_false(x.lost[i]);
	assert_true(x.n > 1);
}

static void records_in_sound_sectors_of_a_damaged_commit_are_copied(void **state)
{
	struct fixture *f = *state;
	struct losses x;
	int status;

	flip(f, the_log(f), block(12, 7, 100));		/* zeros, but checked ones */
	assert_int_equal(repair(f, "a block of the log", &status, &x), KEYS);
	assert_int_equal(status, ERR_DAMAGED);
	assert_int_equal(x.n, 1);
	assert_int_equal(x.commit_n, 1);
}

/* Every fifth commit is a value of 520 bytes and then a removal, whose key lies in
 * the commit's second sector. */
static void a_flipped_key_in_a_damaged_commit_is_not_believed(void **state)
{
	struct fixture *f = *state;
	struct losses x;
	int status;

	for (unsigned n = scaled(20); n; n--) {
		uint64_t bit = block(5 * (unsigned)rnd(6), 1, 100 + (unsigned)rnd(30));

		flip(f, the_log(f), bit);
		repair(f, "a record of the log", &status, &x);
		assert_int_equal(status, ERR_DAMAGED);
		flip(f, the_log(f), bit);
	}
}

static void a_torn_tail_is_no_damage_and_needs_no_repair(void **state)
{
	struct fixture *f = *state;
	struct log_told t = { .n = 0 };
	const struct check c = {
		.backend = f->b, .mem = &f->mem, .full = true, .found = tell_log, .ctx = &t,
	};
	struct salvage v = { .mem = &f->mem, .from = f->b, .who = "test" };

	must(backend_remove(f->b, "wal/index"));	/* as after a restart */
	zero(f, the_log(f)->name, block(29, 1, 0) / 8, 7 * DISK_SECTOR);
	assert_int_equal(check_store(&c), ERR_TORN_TAIL);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.f.weight, CHECK_TORN);
	must(backend_mem(&v.to));
	assert_int_equal(salvage_store(&v), 0);
	assert_int_equal(v.lost_n + v.doubtful_n, 0);
	assert_int_equal(v.version, 32);
	backend_close(v.to);
}

static void a_manifest_that_was_put_back_is_told(void **state)
{
	struct fixture *f = *state;
	struct image old = *file_like(f, "manifest.old");
	struct losses x;
	struct told t;
	int status;

	strcpy(old.name, "manifest");
	put_back(f->b, &old);
	assert_int_equal(check(f, f->b, &t), ERR_DAMAGED);
	assert_int_equal(repair(f, "an older manifest", &status, &x), KEYS);
	assert_int_equal(status, ERR_DAMAGED);
}

static void without_its_manifest_a_store_is_repaired_from_the_copy(void **state)
{
	struct fixture *f = *state;
	struct losses x;
	int status;

	flip(f, file_like(f, "manifest"), 8 * 40);
	assert_int_equal(repair(f, "manifest", &status, &x), KEYS);
	assert_int_equal(status, ERR_DAMAGED);
	assert_int_equal(x.graph_n, 0);
	must(backend_remove(f->b, "manifest"));
	assert_int_equal(repair(f, "no manifest", &status, &x), KEYS);
}

static void without_any_manifest_a_store_is_repaired_from_its_files(void **state)
{
	struct fixture *f = *state;
	struct losses x;
	int status;

	flip(f, file_like(f, "manifest.old"), 8 * 40);
	flip(f, file_like(f, "manifest"), 8 * 40);
	assert_int_equal(repair(f, "both manifests", &status, &x), KEYS);
	assert_int_equal(status, ERR_DAMAGED);
	assert_true(x.file_n >= 2);			/* the graph's segment too */
}

static struct image *larger_run(struct fixture *f)
{
	struct image *large = file_like(f, "seg/run");

	for (unsigned i = 0; i < f->file_n; i++)
		if (!strncmp(f->file[i].name, "seg/run", 7) && f->file[i].len > large->len)
			large = &f->file[i];
	return large;
}

static void what_a_merge_made_is_found_without_its_manifest(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_on(f->b, true);
	struct image was;
	struct losses x;
	int status;

	save(f, "manifest", &was);
	must(store_compact(s));			/* its runs are gone */
	store_close(s);
	zero(f, "manifest", 50, 8);
	strcpy(was.name, "manifest.old");
	put_back(f->b, &was);
	assert_int_equal(repair(f, "manifest after a merge", &status, &x), KEYS);
	assert_int_equal(status, ERR_DAMAGED);
	free(was.ptr);
}

/* What a sweep left behind must not bring a removed key back: the copy of the
 * manifest names all that was live when it was made. */
static void a_run_that_was_merged_away_brings_nothing_back(void **state)
{
	struct fixture *f = *state;
	struct image *run = larger_run(f);
	struct store *s = open_on(f->b, true);
	struct file *file;
	struct losses x;
	int status;

	must(store_compact(s));
	make_graph(s, "other");
	store_close(s);
	must(backend_open(f->b, run->name, FILE_WRITE | FILE_CREATE, &file));
	file_close(file);
	put_back(f->b, run);
	must(backend_open(f->b, "manifest", FILE_WRITE, &file));
	must(file_resize(file, 100));
	file_close(file);
	assert_int_equal(repair(f, "a leftover run", &status, &x), KEYS);
	assert_int_equal(status, ERR_DAMAGED);
}

static void a_bad_block_of_a_run_costs_a_range_of_keys(void **state)
{
	struct fixture *f = *state;
	struct image *run = larger_run(f);
	struct losses x;
	unsigned told = 0;
	int status;

	flip(f, run, 8 * (DISK_PAGE + 40000));
	assert_true(repair(f, "a block of a run", &status, &x) > KEYS / 2);
	assert_int_equal(status, ERR_DAMAGED);
	assert_true(x.range_n >= 1);
	for (unsigned i = 0; i < KEYS; i++)
		told += x.lost[i];
	assert_true(told && told < KEYS / 2);
}

static void what_a_newer_run_may_have_held_is_doubtful(void **state)
{
	struct fixture *f = *state;
	struct image *large = larger_run(f), *small = NULL;
	struct losses x;
	int status;

	for (unsigned i = 0; i < f->file_n; i++)
		if (!strncmp(f->file[i].name, "seg/run", 7) && &f->file[i] != large)
			small = &f->file[i];
	flip(f, small, 8 * (DISK_PAGE + 9000));	/* a block of the run folded last */
	repair(f, "a block of the newer run", &status, &x);
	assert_true(x.doubtful_n >= 5);
	flip(f, small, 8 * 100);			/* all of it */
	repair(f, "the newer run", &status, &x);
	assert_true(x.doubtful_n > KEYS / 4);
}

static void a_bad_chunk_names_its_key(void **state)
{
	struct fixture *f = *state;
	struct image *blob = file_like(f, "seg/blob");
	struct told t;
	struct losses x;
	int status;

	zero(f, blob->name, DISK_PAGE, blob->len - DISK_PAGE);
	assert_int_equal(check(f, f->b, &t), ERR_DAMAGED);
	assert_true(t.with_key >= 10);
	repair(f, "a blob", &status, &x);
	assert_int_equal(status, ERR_DAMAGED);
}

static void a_damaged_graph_is_named_and_costs_no_key(void **state)
{
	struct fixture *f = *state;
	struct log_told t = { .n = 0 };
	const struct check c = {
		.backend = f->b, .mem = &f->mem, .full = true, .found = tell_log, .ctx = &t,
	};
	struct losses x;
	int status;

	flip(f, file_like(f, "seg/csr"), 8 * 5000);
	assert_int_equal(check_store(&c), ERR_DAMAGED);
	assert_int_equal(t.n, 1);
	assert_string_equal(t.graph, "web");
	assert_int_equal(repair(f, "a graph", &status, &x), KEYS);
	assert_int_equal(x.graph_n, 1);
	assert_int_equal(x.n, 1);
}

/* Every allocation fails once: an error, never a wrong verdict. */
static void running_out_of_memory_is_never_a_verdict(void **state)
{
	struct fixture *f = *state;
	struct losses x = { .n = 0 };
	struct told t;
	uint64_t n;

	check(f, f->b, &t);
	n = f->mem.count;
	for (uint64_t at = 1; at < n; at += 1 + n / scaled(40)) {
		struct salvage v = { .mem = &f->mem, .from = f->b, .lost = lose, .ctx = &x };
		int r;

		f->mem.count = 0;
		f->mem.fail_at = at;
		r = check(f, f->b, &t);
		assert_true(r == ERR_MEMORY || (r == 0 && t.damage == 0));
		f->mem.count = 0;
		must(backend_mem(&v.to));
		r = salvage_store(&v);
		assert_true(r == ERR_MEMORY || r == 0);
		assert_int_equal(x.n, 0);
		backend_close(v.to);
		f->mem.fail_at = 0;
		assert_int_equal(f->mem.used, 0);
	}
}

/* --- a bulk load, whose rows have no version of their own --- */

static uint64_t count_keys(struct backend *b, uint64_t *version)
{
	const struct scan_options all = { .from.space = 0 };
	struct store *s = open_on(b, false);
	struct snapshot *snap;
	struct iter *it;
	struct entry e;
	uint64_t n = 0;
	int r;

	*version = 0;
	must(store_snapshot(s, &snap));
	must(snapshot_scan(snap, &all, &it));
	while ((r = iter_next(it, &e)) == 1) {
		n++;
		*version |= e.version;
	}
	must(r);
	iter_close(it);
	snapshot_close(snap);
	store_close(s);
	return n;
}

static void a_bulk_load_keeps_its_version(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct salvage v = { .mem = &f->mem, .who = "test" };
	uint64_t version, was;
	struct store *s;
	struct txn *t;
	char key[32];

	(void)state;
	must(backend_mem(&f->b));
	mem_init(&f->mem, 0);
	must(store_create_on(f->b, bytes_str("reserve_size = 0\n")));
	s = open_on(f->b, true);
	must(txn_begin(&t, s));
	for (unsigned i = 0; i < 18000; i++)
		must(txn_put(t, 0, bytes_of(key, (size_t)sprintf(key, "%u", i)),
			     bytes_of(value_of(i, 1000), 1000), 0));
	must(txn_commit(t, &was));
	txn_abort(t);
	store_close(s);
	must(backend_mem(&v.to));
	v.from = f->b;
	assert_int_equal(salvage_store(&v), 0);
	assert_int_equal(count_keys(v.to, &version), 18000);
	assert_int_equal(version, was);
	backend_close(v.to);
	zero(f, "manifest", 50, 8);			/* it alone knew the version */
	must(backend_mem(&v.to));
	v.doubtful_n = v.lost_n = 0;
	assert_int_equal(salvage_store(&v), ERR_DAMAGED);
	assert_int_equal(count_keys(v.to, &version), 18000);
	assert_int_equal(version, was);
	assert_int_equal(v.doubtful_n, 18000);
	backend_close(v.to);
	backend_close(f->b);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(a_sound_store_repairs_to_equality),
		PROMISE(what_was_repaired_survives_a_power_cut),
		PROMISE(a_repair_names_every_key_it_does_not_copy),
		PROMISE(a_repair_goes_on_beyond_damage_and_names_what_is_doubtful),
		PROMISE(records_in_sound_sectors_of_a_damaged_commit_are_copied),
		PROMISE(a_flipped_key_in_a_damaged_commit_is_not_believed),
		PROMISE(a_torn_tail_is_no_damage_and_needs_no_repair),
		PROMISE(a_manifest_that_was_put_back_is_told),
		PROMISE(without_its_manifest_a_store_is_repaired_from_the_copy),
		PROMISE(without_any_manifest_a_store_is_repaired_from_its_files),
		PROMISE(what_a_merge_made_is_found_without_its_manifest),
		PROMISE(a_run_that_was_merged_away_brings_nothing_back),
		PROMISE(a_bad_block_of_a_run_costs_a_range_of_keys),
		PROMISE(what_a_newer_run_may_have_held_is_doubtful),
		PROMISE(a_bad_chunk_names_its_key),
		PROMISE(a_damaged_graph_is_named_and_costs_no_key),
		PROMISE(running_out_of_memory_is_never_a_verdict),
		cmocka_unit_test(a_bulk_load_keeps_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
