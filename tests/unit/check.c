/* tests/unit/check.c - checking a store, by attack
 *
 * A small store is damaged in every way we can think of.  What must hold: no read
 * ever gives a wrong value, and what is not harmless is told.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/tail.h"
#include "tests/unit/wounded.h"

/* The worst answer of all keys. */
static enum answer read_all(struct fixture *f)
{
	const struct store_options o = { .who = "test" };
	enum answer worst = RIGHT;
	struct backend *b;
	struct store *s;

	must(backend_mem_again(&b, f->b));
	if (store_open_on(&s, b, &o) == 0) {
		for (unsigned i = 0; i < KEYS; i++) {
			enum answer a = read_key(s, &f->row[i], i);

			worst = a > worst ? a : worst;
		}
		store_close(s);
	} else {
		worst = FAILED;
	}
	backend_close(b);
	return worst;
}

static void a_sound_store_has_no_findings(void **state)
{
	struct fixture *f = *state;
	struct told t;

	assert_int_equal(check(f, f->b, &t), 0);
	assert_int_equal(t.damage + t.torn + t.unreadable + t.note, 0);
	assert_int_equal(read_all(f), RIGHT);
}

/* What is damaged is told, or no read can tell the difference. */
static void judge(struct fixture *f, const char *name, const char *how, uint64_t at)
{
	struct told t;
	enum answer a = read_all(f);
	int r = check(f, f->b, &t);

	if (a == WRONG)
		fail_msg("%s, %s at %llu: a wrong value is read", name, how,
			 (unsigned long long)at);
	if (r == ERR_DAMAGED)
		assert_true(t.damage);
	else if (a != RIGHT || (r != 0 && r != ERR_TORN_TAIL))
		fail_msg("%s, %s at %llu: reads %s, the check says %d (%s)", name, how,
			 (unsigned long long)at, a == RIGHT ? "right" : "fail", r,
			 err_message());
}

static bool every_byte_is_covered(const char *name)
{
	return !strcmp(name, "manifest") || !strcmp(name, "manifest.old") ||
	       !strncmp(name, "seg/run", 7) || !strncmp(name, "seg/csr", 7);
}

static void every_flipped_bit_is_told_or_harmless(void **state)
{
	struct fixture *f = *state;
	struct told t;

	for (unsigned i = 0; i < f->file_n; i++) {
		struct image *file = &f->file[i];
		uint64_t used = file->len;

		if (!strncmp(file->name, "wal/0", 5) && used > 60 * WAL_BLOCK)
			used = 60 * WAL_BLOCK;	/* zeros, mostly */
		for (unsigned n = scaled(25); used && n; n--) {
			uint64_t bit = rnd(8 * used);

			flip(f, file, bit);
			judge(f, file->name, "bit flipped", bit);
			if (every_byte_is_covered(file->name))
				assert_int_equal(check(f, f->b, &t), ERR_DAMAGED);
			flip(f, file, bit);
		}
	}
	a_sound_store_has_no_findings(state);
}

static void random_damage_is_told_and_never_read(void **state)
{
	struct fixture *f = *state;

	for (unsigned n = scaled(250); n; n--) {
		struct image *file = some_file(f);
		const char *how;

		if (harm(f, file, &how))
			judge(f, file->name, how, n);
		put_back(f->b, file);
	}
	a_sound_store_has_no_findings(state);
}

/* --- one wound at a time --- */

static void damage_in_the_log_says_what_lies_beyond(void **state)
{
	struct fixture *f = *state;
	struct log_told t = { .n = 0 };
	const struct check c = {
		.backend = f->b, .mem = &f->mem, .found = tell_log, .ctx = &t,
	};

	flip(f, the_log(f), block(12, 0, 100));
	assert_int_equal(check_store(&c), ERR_DAMAGED);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.f.off, (WAL_FIRST_BLK + 12) * WAL_BLOCK);
	assert_int_equal(t.f.beyond_n, 17);
	assert_true(t.f.sums && t.f.expected != t.f.got);
	assert_int_equal(t.f.version, 1 + 1 + 1 + 13);	/* two commits and a graph before */
	assert_int_equal(f->mem.used, 0);
}

static void an_index_that_knows_more_than_the_log_is_told(void **state)
{
	struct fixture *f = *state;
	struct told t;

	zero(f, the_log(f)->name, block(29, 0, 0) / 8, WAL_BLOCK);
	assert_int_equal(check(f, f->b, &t), ERR_DAMAGED);
	assert_int_equal(t.damage, 1);
	tail_set_boot("a later one");		/* nor is it an older store after a restart */
	assert_int_equal(check(f, f->b, &t), ERR_DAMAGED);
	assert_non_null(strstr(t.last, "ends after version 32"));
	assert_non_null(strstr(t.last, "version 33 to be durable"));
	assert_int_equal(read_all(f), FAILED);
	tail_set_boot(NULL);
}

static void a_manifest_older_than_its_log_is_told(void **state)
{
	struct fixture *f = *state;
	struct manifest m;
	struct told t;

	must(manifest_read(&m, f->b, &f->mem));
	m.generation = 0;
	must(manifest_publish(&m, f->b));
	manifest_release(&m);
	assert_int_equal(check(f, f->b, &t), ERR_DAMAGED);
	assert_non_null(strstr(t.last, "its log knows"));
}

static void a_manifest_from_before_a_fold_is_told(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_on(f->b, true);
	struct image was;
	struct told t;

	save(f, "manifest", &was);
	must(store_fold(s));
	store_close(s);
	put_back(f->b, &was);			/* its log is there, and retired */
	assert_int_equal(check(f, f->b, &t), ERR_DAMAGED);
	assert_non_null(strstr(t.last, "put back"));
	free(was.ptr);
}

static void a_copy_of_the_manifest_that_is_too_old_is_told(void **state)
{
	struct fixture *f = *state;
	struct store *s = open_on(f->b, true);
	struct image old;
	struct told t;

	save(f, "manifest.old", &old);
	make_graph(s, "other");
	store_close(s);
	assert_int_equal(check(f, f->b, &t), 0);
	put_back(f->b, &old);
	assert_int_equal(check(f, f->b, &t), ERR_DAMAGED);
	assert_int_equal(t.damage, 1);
	free(old.ptr);
}

static void a_setting_nobody_knows_is_told(void **state)
{
	struct fixture *f = *state;
	struct told t;

	flip(f, file_like(f, "config"), 3);
	assert_int_equal(check(f, f->b, &t), ERR_DAMAGED);
}

static void files_nobody_names_are_a_note(void **state)
{
	struct fixture *f = *state;
	struct file *file;
	struct told t;

	must(backend_open(f->b, "seg/run-0000000000000001.seg", FILE_WRITE | FILE_CREATE, &file));
	file_close(file);
	must(backend_open(f->b, "tmp/x", FILE_WRITE | FILE_CREATE, &file));
	file_close(file);
	assert_int_equal(check(f, f->b, &t), 0);
	assert_int_equal(t.note, 2);
}

static void a_folder_that_never_was_a_store_is_none(void **state)
{
	struct fixture *f = *state;
	struct check c = { .mem = &f->mem };

	must(backend_mem(&c.backend));
	assert_int_equal(check_store(&c), ERR_NO_STORE);
	backend_close(c.backend);
}

/* --- beside a writer --- */

static void write_on(const char *dir)
{
	const struct store_options o = { .write = true, .who = "writer", .wait_ns = 30000000000u };
	struct store *s;
	struct txn *t;
	char key[32];

	if (store_open(&s, dir, &o) < 0 || txn_begin(&t, s) < 0)
		_exit(1);
	for (unsigned i = 0; i < 1u << 20; i++) {
		size_t len = i % 50 == 7 ? 20000 : i % 900;
		int n = sprintf(key, "k%u", i % 1000);

		if (txn_put(t, 0, bytes_of(key, (size_t)n), bytes_of(value_of(i, len), len), 0) < 0 ||
		    txn_commit(t, NULL) < 0)
			_exit(2);
		if ((i % 200 == 199 && store_fold(s) < 0) ||
		    (i % 1000 == 999 && store_compact(s) < 0))
			_exit(3);
	}
	_exit(0);
}

static void beside_a_writer_nothing_is_ever_damaged(void **state)
{
	char dir[] = "/tmp/strato-unit-XXXXXX", store[64], command[96];
	struct fixture f = { .b = NULL };
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(store, sizeof store, "%s/s", dir);
	must(store_create(store, bytes_str("reserve_size = 0\nsync = none\n")));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		write_on(store);
	for (unsigned n = scaled(25); n; n--) {
		struct told t = { .note = 0 };
		struct check c = { .mem = &f.mem, .full = true, .found = tell, .ctx = &t };
		int r;

		must(backend_local(&c.backend, store, false));
		r = check_store(&c);
		if (r != 0)
			fail_msg("%d: %s: %s", r, t.last, err_message());
		backend_close(c.backend);
	}
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);	/* it was writing all the time */
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(command, sizeof command, "rm -r '%s'", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROMISE(a_sound_store_has_no_findings),
		PROMISE(every_flipped_bit_is_told_or_harmless),
		PROMISE(random_damage_is_told_and_never_read),
		PROMISE(damage_in_the_log_says_what_lies_beyond),
		PROMISE(an_index_that_knows_more_than_the_log_is_told),
		PROMISE(a_copy_of_the_manifest_that_is_too_old_is_told),
		PROMISE(a_manifest_from_before_a_fold_is_told),
		PROMISE(a_manifest_older_than_its_log_is_told),
		PROMISE(a_setting_nobody_knows_is_told),
		PROMISE(files_nobody_names_are_a_note),
		PROMISE(a_folder_that_never_was_a_store_is_none),
		cmocka_unit_test(beside_a_writer_nothing_is_ever_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
