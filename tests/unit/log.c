/* tests/unit/log.c - the log against a plain model: many handles, crashes, deaths,
 * failures, and processes of their own
 *
 * The model is a list: what commit wrote which keys, and whether log_sync said it
 * is durable.  A handle stands for a process; tail_set_boot() for a boot.
 */
#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/fault.h"
#include "log_kit.h"

#define KEYS 40
#define COMMITS 4000

struct model {
	struct {
		uint64_t version, first, n;
		size_t len;
		bool acked;
	} c[COMMITS];
	size_t n;
};

static struct model model;

/* The newest commit with KEY up to AS_OF, or -1. */
static long newest(uint64_t key, uint64_t as_of)
{
	for (size_t i = model.n; i-- > 0; )
		if (model.c[i].version <= as_of && key >= model.c[i].first &&
		    key < model.c[i].first + model.c[i].n)
			return (long)i;
	return -1;
}

static void check_key(struct log *l, uint64_t key, uint64_t as_of)
{
	long i = newest(key, as_of);
	int there = kit_has(l, key, as_of, i < 0 ? 0 : model.c[i].version,
			    i < 0 ? 0 : model.c[i].len);

	assert_int_equal(there, i >= 0);
}

static void check_order(struct log *l, uint64_t as_of, bool reverse)
{
	uint8_t value[ENTRY_INLINE_MAX], last[32] = { 0 };
	size_t last_len = 0, want = 0, got = 0;
	struct iter_from from = { .reverse = reverse };
	struct iter *it;
	struct entry e;
	char name[32];
	int r;

	from.key = reverse ? bytes_str("kez") : bytes_str("key-2");
	kit_must(log_iter(&it, l, as_of, &from));
	while ((r = iter_next(it, &e)) == 1) {
		uint64_t key = strtoull((const char *)e.key.ptr + 4, NULL, 10);
		long i = newest(key, as_of);

		assert_true(i >= 0 && model.c[i].version == e.version);
		assert_int_equal(e.value.len, model.c[i].len);
		assert_memory_equal(e.value.ptr, kit_value(key, e.version, e.value.len,
							   value).ptr, e.value.len);
		if (got++)
			assert_true(reverse == (bytes_cmp(bytes_of(last, last_len), e.key) > 0));
		memcpy(last, e.key.ptr, last_len = e.key.len);
	}
	kit_must(r);
	iter_close(it);
	for (uint64_t key = 0; key < 2 * KEYS; key++)
		want += newest(key, as_of) >= 0 &&
			(reverse || bytes_cmp(kit_name(key, name), from.key) >= 0);
	assert_int_equal(got, want);
}

static void note(uint64_t version, uint64_t first, uint64_t n, size_t len, bool acked)
{
	assert_true(model.n < COMMITS);
	model.c[model.n].version = version;
	model.c[model.n].first = first;
	model.c[model.n].n = n;
	model.c[model.n].len = len;
	model.c[model.n++].acked = acked;
}

static void acked_up_to(uint64_t version)
{
	for (size_t i = 0; i < model.n; i++)
		if (model.c[i].version <= version)
			model.c[i].acked = true;
}

static uint64_t acked(void)
{
	uint64_t v = 100;

	for (size_t i = 0; i < model.n; i++)
		v = model.c[i].acked ? model.c[i].version : v;
	return v;
}

static int some_commit(struct log *l, bool sync)
{
	uint64_t first = kit_draw(KEYS), n = 1 + (kit_draw(8) ? kit_draw(3) : kit_draw(KEYS));
	size_t len = kit_draw(4) ? kit_draw(100) : kit_draw(ENTRY_INLINE_MAX);
	uint64_t version = 0, before = model.n ? model.c[model.n - 1].version : 100;
	int r = kit_try(l, first, n, len, false, &version);

	if (r < 0)
		return r;
	assert_int_equal(version, before + 1);
	note(version, first, n, len, false);
	if (!sync)
		return 0;
	r = log_sync(l, version);
	if (r == 0)
		acked_up_to(version);
	return r;
}

/* --- handles of one store --- */

/* Also of a process that died between its two stores. */
static void half_or_whole(struct tail_head *h, _Atomic uint64_t *at)
{
	if (kit_draw(2))
		tail_set(h, at, 1);
	else
		*tail_twin(h, at) = 1 ^ tail_mask(h, at);
}

/* KIND 1: its name or its head; 2: what a dead writer or a failed flush leaves. */
static void spoil_index(struct backend *b, unsigned kind)
{
	struct file *f;
	uint8_t *p;

	if (backend_open(b, TAIL_NAME, 0, &f) < 0)
		return;
	file_close(f);
	p = kit_bytes(b, TAIL_NAME, NULL);
	switch (2 * (kind - 1) + kit_draw(2)) {
	case 0:
		kit_must(backend_remove(b, TAIL_NAME));
		break;
	case 1:
		p[kit_draw(0x70)] ^= 1;			/* its head */
		break;
	case 2:
		half_or_whole((void *)p, &((struct tail_head *)(void *)p)->dirty);
		break;
	case 3:
		half_or_whole((void *)p, &((struct tail_head *)(void *)p)->doubtful);
		break;
	}
}

static char dir[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* In memory if it can be had: what a device does is not the matter here. */
static struct backend *local_store(void)
{
	const char *where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	struct log_options o;
	struct backend *b;

	snprintf(dir, sizeof dir, "%s/strato-log-XXXXXX", where);
	assert_non_null(mkdtemp(dir));
	kit_must(backend_local(&b, dir, true));
	kit_folders(b);
	o = kit_options(b, true);
	kit_must(log_create(&o, 0, 0));
	return b;
}

static void four_handles(struct backend *b[4], bool local)
{
	b[0] = local ? local_store() : kit_store(0);
	for (int i = 1; i < 4; i++)
		kit_must(local ? backend_local(&b[i], dir, i < 3) :
			 backend_mem_again(&b[i], b[0]));
	b[3]->read_only = true;
}

static void run_history(uint64_t seed, unsigned spoil, bool no_maps, bool local)
{
	struct backend *b[4];
	struct log *l[4] = { NULL };

	kit_seed = seed;
	model.n = 0;
	four_handles(b, local);
	if (no_maps)
		b[2]->caps &= ~(unsigned)BACKEND_MAPS;
	for (int step = 0; step < 150; step++) {
		int who = (int)kit_draw(4);

		if (!l[who] || kit_draw(20) == 0) {
			log_close(l[who]);
			l[who] = kit_open(b[who], who < 3);
		}
		if (spoil && kit_draw(15) == 0)
			spoil_index(b[0], spoil);
		if (who < 3) {
			int r = some_commit(l[who], kit_draw(3));

			/* a doubtful log is final for who finds it in log_sync */
			if (r == ERR_IO && spoil) {
				log_close(l[who]);
				l[who] = NULL;
				continue;
			}
			kit_must(r);
		}
		if (who == 3) {
			uint64_t seen = log_durable(l[3]);

			assert_true(seen >= acked());
			assert_true(seen <= (model.n ? model.c[model.n - 1].version : 100));
			for (int i = 0; i < 5; i++)
				check_key(l[3], kit_draw(KEYS + 10),
					  kit_draw(2) ? seen : 100 + kit_draw(seen - 99));
			if (kit_draw(4) == 0)
				check_order(l[3], seen, kit_draw(2));
		} else if (kit_draw(3) == 0 && log_begin(l[who]) == 0) {
			assert_int_equal(log_version(l[who]),
					 model.n ? model.c[model.n - 1].version : 100);
			check_key(l[who], kit_draw(KEYS + 10), UINT64_MAX);
			if (kit_draw(4) == 0)
				check_order(l[who], UINT64_MAX, kit_draw(2));
			log_end(l[who]);
		}
	}
	for (int i = 0; i < 4; i++)
		log_close(l[i]);
	for (int i = 4; i-- > 0; )
		backend_close(b[i]);
	if (local)
		nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void histories_of_several_handles_match_a_model(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kit_scaled(40); i++) {
		print_message("# seed %u\n", i);
		run_history(i, 0, false, false);
	}
}

static void histories_match_though_one_handle_can_map_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kit_scaled(30); i++) {
		print_message("# seed %u\n", 1000 + i);
		run_history(1000 + i, 0, true, false);
	}
}

static void an_index_deleted_damaged_or_left_dirty_changes_no_answer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kit_scaled(60); i++) {
		print_message("# seed %u\n", 2000 + i);
		run_history(2000 + i, 1 + i % 2, i % 3 == 0, false);
	}
}

static void histories_match_on_a_directory_too(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kit_scaled(6); i++) {
		print_message("# seed %u\n", 3000 + i);
		run_history(3000 + i, i % 3, i % 2, true);
	}
}

/* --- a bit of the index --- */

/* Whoever opens the log sees what it holds; a writer goes on where it ends. */
static void answers_stay(struct backend *b, uint64_t last, bool write)
{
	struct log *l = kit_open(b, false);

	assert_int_equal(log_durable(l), last);
	for (uint64_t key = 0; key < KEYS; key++)
		check_key(l, key, UINT64_MAX);
	check_key(l, kit_draw(KEYS), 100 + kit_draw(last - 100));
	log_close(l);
	if (!write)
		return;
	l = kit_open(b, true);
	kit_must(log_begin(l));
	assert_int_equal(log_next_version(l), last + 1);
	log_end(l);
	for (uint64_t key = 0; key < KEYS; key++)
		check_key(l, key, UINT64_MAX);
	kit_must(some_commit(l, true));
	log_close(l);
}

/* All bits of what the head says now, then some of all. */
static void a_bit_that_changes_in_the_index_changes_no_answer(void **state)
{
	struct backend *b = kit_store(0);
	struct log *l = kit_open(b, true);
	unsigned head = 8 * 0x200, n = head + kit_scaled(3000);

	(void)state;
	kit_seed = 5;
	model.n = 0;
	for (int k = 0; k < 30; k++)
		kit_must(some_commit(l, true));
	for (unsigned i = 0; i < n; i++) {
		bool write = kit_draw(64) == 0;
		uint64_t last = acked(), at = i;
		uint8_t *p = kit_bytes(b, TAIL_NAME, NULL);

		if (i >= head)
			at = 8 * TAIL_HEAD + kit_draw(kit_draw(2) ? 8 * 8192 :
				8 * (8192 + 48 * log_entry_n(l)));
		p[at / 8] ^= (uint8_t)(1 << at % 8);
		answers_stay(b, last, write);
		if (!write)
			p[at / 8] ^= (uint8_t)(1 << at % 8);
	}
	log_close(l);
	backend_close(b);
}

/* --- shorter after a restart --- */

/* Blocks from BLK on as if they had never been written. */
static void end_at(struct backend *b, uint64_t blk, bool cut)
{
	uint64_t size;
	struct file *f;
	uint8_t *p = kit_bytes(b, KIT_LOG, &size);

	if (!cut) {
		memset(p + blk * WAL_BLOCK, 0, (size_t)(size - blk * WAL_BLOCK));
		return;
	}
	kit_must(backend_open(b, KIT_LOG, FILE_WRITE, &f));
	kit_must(file_resize(f, blk * WAL_BLOCK));
	file_close(f);
}

static void opens_as(struct backend *b, bool write, int expected)
{
	struct log_options o = kit_options(b, write);
	struct log *l;
	int r = log_open(&l, &o);

	assert_int_equal(r, expected);
	if (r == 0)
		log_close(l);
	else
		assert_non_null(strstr(err_message(), KIT_LOG ": offset "));
}

static void a_log_cut_between_commits_is_damage_after_a_restart_too(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 80; i++) {
		struct backend *b = kit_store(0);
		struct log *l = kit_open(b, true);
		uint64_t before, flushed = 0, to;

		kit_seed = i;
		model.n = 0;
		for (int k = 0; k < 12; k++) {
			bool sync = kit_draw(3) || k == 5;

			kit_must(some_commit(l, sync));
			flushed = sync ? log_bytes(l) / WAL_BLOCK : flushed;
		}
		log_close(l);
		before = flushed - 1;
		to = i % 4 ? 3 + kit_draw(before - 2) : flushed;
		tail_set_boot("after");
		end_at(b, to, i % 2);
		opens_as(b, false, to < flushed ? ERR_DAMAGED : 0);
		opens_as(b, true, to < flushed ? ERR_DAMAGED : 0);
		tail_set_boot(NULL);
		backend_close(b);
	}
}

/* Memory that anything may have written to: an answer may be missing or old, never
 * one that was not so, and nothing crashes. */
static void pointers_gone_wild_never_give_a_value_that_never_was(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kit_scaled(300); i++) {
		struct backend *b = kit_store(0);
		struct log *l = kit_open(b, true);
		uint8_t *p;
		uint64_t n, version;

		kit_seed = i;
		model.n = 0;
		for (int k = 0; k < 20; k++)
			kit_must(some_commit(l, true));
		p = kit_bytes(b, TAIL_NAME, &n);
		for (int k = 0; k < 30; k++) {
			uint64_t at = kit_draw(2) ? kit_draw(n) :
				TAIL_HEAD + 8192 + kit_draw(log_entry_n(l) * 48);

			if (at >= sizeof(struct tail_head))
				p[at] ^= (uint8_t)(1 << kit_draw(8));
		}
		if (i % 3 == 0)
			p[0x80 + kit_draw(0x60)] ^= (uint8_t)(1 << kit_draw(8));
		for (uint64_t key = 0; key < KEYS; key++) {
			uint8_t value[ENTRY_INLINE_MAX];
			struct buf buf = { 0 };
			struct entry e;
			char name[32];

			if (log_get(l, 0, kit_name(key, name), UINT64_MAX, &buf, &e) == 1)
				assert_memory_equal(e.value.ptr, kit_value(key, e.version,
						    e.value.len, value).ptr, e.value.len);
			buf_release(&buf);
		}
		kit_try(l, 1, 2, 10, true, &version);
		log_close(l);
		backend_close(b);
	}
}

static void an_index_of_another_boot_is_made_anew(void **state)
{
	struct backend *b = kit_store(0);
	struct log *l = kit_open(b, true), *reader;

	(void)state;
	kit_commit(l, 1, 3, 20, true);
	log_close(l);
	tail_set_boot("the next");
	b->read_only = true;
	reader = kit_open(b, false);
	assert_int_equal(kit_has(reader, 2, UINT64_MAX, 101, 20), 1);
	log_close(reader);
	b->read_only = false;
	l = kit_open(b, true);
	assert_int_equal(log_entry_n(l), 3);
	assert_int_equal(kit_commit(l, 1, 3, 20, true), 102);
	log_close(l);
	tail_set_boot(NULL);
	backend_close(b);
}

static void the_index_grows_and_who_had_the_old_one_keeps_its_view(void **state)
{
	struct backend *b = kit_store(0), *again;
	struct log *l, *reader;
	uint64_t v = 0, before;

	(void)state;
	kit_must(backend_mem_again(&again, b));
	l = kit_open(b, true);
	before = kit_commit(l, 0, 700, 8, true);
	reader = kit_open(again, false);
	assert_int_equal(log_durable(reader), before);
	for (int i = 0; i < 30; i++)
		v = kit_commit(l, 0, 700, 16, true);
	assert_int_equal(kit_has(reader, 5, before, before, 8), 1);
	assert_int_equal(log_durable(reader), v);
	assert_int_equal(kit_has(reader, 5, v, v, 16), 1);
	assert_int_equal(kit_has(reader, 699, before, before, 8), 1);
	assert_int_equal(log_entry_n(reader), 31 * 700);
	log_close(reader);
	log_close(l);
	backend_close(again);
	backend_close(b);
}

/* --- power cuts and deaths --- */

static struct backend *fault_store(uint64_t seed, unsigned modes)
{
	struct log_options o;
	struct backend *b;

	kit_must(fault_open(&b, NULL, seed));
	fault_modes(b, modes);
	kit_folders(b);
	o = kit_options(b, true);
	o.direct = true;
	kit_must(log_create(&o, 0, 0));
	return b;
}

/* Commits on two handles until one dies or all are done. */
static void two_writers(struct backend *b, struct backend *again, unsigned steps)
{
	struct log_options o[2] = { kit_options(b, true), kit_options(again, true) };
	struct log *l[2] = { NULL, NULL };

	o[0].direct = o[1].direct = true;
	for (unsigned i = 0; i < steps; i++) {
		int who = kit_draw(3) == 0;
		int r = 0;

		if (!l[who])
			r = log_open(&l[who], &o[who]);
		if (r == 0)
			r = some_commit(l[who], kit_draw(4));
		if (r < 0)
			break;
	}
	log_close(l[0]);
	log_close(l[1]);
}

/* Everything acknowledged is there; everything there was appended. */
static void check_survivors(struct backend *b, uint64_t seed)
{
	struct kit_seen seen;
	uint64_t version, last = model.n ? model.c[model.n - 1].version : 100;
	struct log *l;
	int r = kit_walk(b, &seen);

	if (r != 0 && r != ERR_TORN_TAIL)
		fail_msg("seed %llu: %d: %s", (unsigned long long)seed, r, err_message());
	l = kit_open(b, true);
	kit_must(log_begin(l));
	version = log_version(l);
	log_end(l);
	assert_true(version >= acked());
	/* the last append may have reached the disk though its writer never knew */
	assert_true(version <= last + 1);
	for (uint64_t key = 0; key < KEYS; key++)
		check_key(l, key, version < last ? version : last);
	kit_must(kit_try(l, 90, 3, 10, true, &version));
	assert_int_equal(kit_has(l, 91, UINT64_MAX, version, 10), 1);
	log_close(l);
	assert_int_equal(kit_walk(b, &seen), 0);
}

static void crash_and_check(struct backend *b, uint64_t seed)
{
	struct backend *m;

	kit_must(fault_crash(b, seed, &m));
	tail_set_boot("after the crash");
	check_survivors(m, seed);
	tail_set_boot(NULL);
	backend_close(m);
}

static void what_was_acknowledged_survives_every_power_cut(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kit_scaled(60); i++) {
		struct backend *b, *again;

		kit_seed = i;
		model.n = 0;
		b = fault_store(i, i % 2 ? FAULT_SHORT | FAULT_DIRECT : 0);
		kit_must(fault_again(&again, b));
		two_writers(b, again, 1 + (unsigned)kit_draw(60));
		for (uint64_t k = 0; k < 6; k++)
			crash_and_check(b, 10 * i + k);
		backend_close(again);
		backend_close(b);
	}
}

/* What a recovery declares durable has to be: the power goes right after it. */
static void check_recovery_is_durable(struct backend *b, uint64_t seed)
{
	struct backend *m;
	struct log *l = kit_open(b, true);
	uint64_t version;

	kit_must(log_begin(l));
	log_end(l);
	version = log_durable(l);
	log_close(l);
	for (uint64_t i = 0; i < 4; i++) {
		kit_must(fault_crash(b, seed + i, &m));
		tail_set_boot("after the crash");
		l = kit_open(m, true);
		assert_true(log_version(l) >= version);
		log_close(l);
		tail_set_boot(NULL);
		backend_close(m);
	}
}

/* The first handle is killed at its Nth changing call; then another goes on in the
 * same boot, or the power goes too. */
static bool die_at(uint64_t n, uint64_t seed)
{
	struct backend *b, *again, *third;
	bool died;

	kit_seed = seed;
	model.n = 0;
	b = fault_store(seed, seed % 2 ? FAULT_DIRECT : 0);
	kit_must(fault_again(&again, b));
	kit_must(fault_again(&third, b));
	fault_die_after(b, n);
	two_writers(b, again, 12);
	died = fault_is_dead(b);
	crash_and_check(again, seed * 1000 + n);
	check_recovery_is_durable(third, seed * 1000 + n);
	check_survivors(third, seed);
	backend_close(third);
	backend_close(again);
	backend_close(b);
	return died;
}

static void a_writer_may_die_at_any_of_its_steps(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < kit_scaled(8); seed++)
		for (uint64_t n = 1; die_at(n, seed); n++)
			;
}

/* Who died before its flush left what nobody flushed, and the index is gone: what a
 * reader or a writer then shows is what the next power cut leaves. */
static void what_is_shown_of_the_dead_is_durable(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		struct log_options o;
		struct backend *b, *m;
		uint64_t shown;
		struct log *l;

		kit_seed = i;
		b = fault_store(i, i & 2 ? FAULT_DIRECT : 0);
		l = kit_open(b, true);
		kit_commit(l, 1, 3, 10, true);
		kit_commit(l, 20, 3, 10, false);
		kit_commit(l, 30, 40, 200, false);
		log_close(l);
		kit_must(backend_remove(b, "wal/index"));
		o = kit_options(b, i & 1);
		o.direct = i & 4;
		kit_must(log_open(&l, &o));
		shown = log_version(l);
		log_close(l);
		for (uint64_t seed = 0; seed < 8; seed++) {
			kit_must(fault_crash(b, 8 * i + seed, &m));
			tail_set_boot("after the crash");
			l = kit_open(m, true);
			assert_true(log_version(l) >= shown);
			log_close(l);
			tail_set_boot(NULL);
			backend_close(m);
		}
		backend_close(b);
	}
}

static void a_failed_flush_or_write_is_never_acknowledged(void **state)
{
	(void)state;
	for (unsigned i = 0; i < kit_scaled(120); i++) {
		struct backend *b, *again;
		struct log *l;
		int r = 0;

		kit_seed = i;
		model.n = 0;
		b = fault_store(i, i % 2 ? FAULT_DIRECT : 0);
		kit_must(fault_again(&again, b));
		l = kit_open(b, true);
		kit_must(some_commit(l, true));
		fault_fail(b, i % 3 ? FAULT_FLUSH : FAULT_WRITE, 1 + kit_draw(6), ERR_IO, false);
		for (int k = 0; k < 12 && r == 0; k++)
			r = some_commit(l, kit_draw(3));
		if (r < 0) {
			assert_int_equal(r, ERR_IO);
			if (log_sync(l, log_version(l)) == 0)
				acked_up_to(log_version(l));	/* it met no commit */
			else
				assert_int_equal(log_begin(l), ERR_IO);
		}
		log_close(l);
		crash_and_check(b, i);
		check_recovery_is_durable(again, i);
		check_survivors(again, i);
		backend_close(again);
		backend_close(b);
	}
}

static void a_full_disk_is_met_before_the_commit(void **state)
{
	struct backend *b = fault_store(1, 0);
	struct log *l = kit_open(b, true);
	uint64_t version, n = 0;
	int r = 0;

	(void)state;
	fault_fail(b, FAULT_RESIZE, 1, ERR_NO_SPACE, true);
	while (n < 100 && (r = kit_try(l, n, 1, 20, true, &version)) == 0)
		n++;
	assert_int_equal(r, ERR_NO_SPACE);
	assert_int_equal(n, 13);		/* 16 blocks less head and marks */
	assert_int_equal(kit_try(l, n, 1, 20, true, &version), ERR_NO_SPACE);
	assert_int_equal(log_durable(l), 113);
	fault_calm(b);
	assert_int_equal(kit_commit(l, n, 1, 20, true), 114);
	log_close(l);
	backend_close(b);
}

static ssize_t (*plain_write)(struct file *, const void *, size_t, uint64_t);
static struct tail_head *watched;
static unsigned writes;

static ssize_t watched_write(struct file *f, const void *p, size_t n, uint64_t off)
{
	assert_int_equal(watched->dirty, 1);
	writes++;
	return plain_write(f, p, n, off);
}

/* Else nobody would know that a writer died just then. */
static void while_a_commit_is_written_the_index_says_so(void **state)
{
	struct backend *b = kit_store(0);
	struct log *l = kit_open(b, true);
	const struct backend_ops *ops = b->ops;
	struct backend_ops hooked = *ops;

	(void)state;
	watched = (struct tail_head *)(void *)kit_bytes(b, TAIL_NAME, NULL);
	plain_write = ops->write;
	hooked.write = watched_write;
	b->ops = &hooked;
	kit_commit(l, 1, 20, 1000, true);
	kit_commit(l, 1, 1, 10, true);
	b->ops = ops;
	assert_int_equal(writes, 2);
	assert_int_equal(watched->dirty, 0);
	log_close(l);
	backend_close(b);
}

/* --- beside the manifest --- */

static int named;

static int is_named(void *ctx, uint64_t log_id, uint64_t *version)
{
	(void)ctx;
	*version = 0;
	assert_int_equal(log_id, 7);
	return named;
}

static void a_retired_log_takes_no_more_commits(void **state)
{
	struct backend *b = kit_store(0), *again, *blind;
	struct log *l, *other, *third;
	uint64_t v;

	(void)state;
	kit_must(backend_mem_again(&again, b));
	kit_must(backend_mem_again(&blind, b));
	l = kit_open(b, true);
	other = kit_open(again, true);
	blind->caps &= ~(unsigned)BACKEND_MAPS;
	third = kit_open(blind, true);
	v = kit_commit(other, 1, 1, 10, false);
	kit_must(log_begin(l));
	kit_must(log_retiring(l));
	log_retire(l);
	log_end(l);
	assert_int_equal(log_begin(other), ERR_CHANGED);
	assert_int_equal(log_begin(third), ERR_CHANGED);
	assert_int_equal(log_begin(l), ERR_CHANGED);
	kit_must(log_sync(other, v));		/* the manifest holds it */
	log_close(l);
	log_close(other);
	log_close(third);
	backend_close(blind);
	backend_close(again);
	backend_close(b);
}

static void after_a_publisher_died_the_manifest_decides(void **state)
{
	(void)state;
	for (int then = 0; then < 2; then++) {
		struct backend *b = kit_store(0), *again;
		struct log_options o;
		struct log *l, *other;

		kit_must(backend_mem_again(&again, b));
		o = kit_options(again, true);
		o.named = is_named;
		named = 1;
		kit_must(log_open(&other, &o));
		l = kit_open(b, true);
		kit_must(log_begin(l));
		kit_must(log_retiring(l));
		log_close(l);			/* dies here */
		named = then;
		for (int i = 0; i < 2; i++) {
			assert_int_equal(log_begin(other), named ? 0 : ERR_CHANGED);
			log_end(other);
		}
		log_close(other);
		backend_close(again);
		backend_close(b);
	}
}

static void a_version_the_manifest_took_is_not_given_again(void **state)
{
	struct backend *b = kit_store(0), *again;
	struct log *l, *other;

	(void)state;
	kit_must(backend_mem_again(&again, b));
	l = kit_open(b, true);
	other = kit_open(again, true);
	kit_commit(other, 1, 1, 10, true);
	kit_must(log_begin(l));
	log_skip_to(l, 150);
	log_end(l);
	assert_int_equal(kit_commit(other, 1, 1, 10, true), 151);
	kit_must(backend_remove(b, TAIL_NAME));
	log_close(l);
	l = kit_open(b, true);
	assert_int_equal(kit_commit(l, 1, 1, 10, true), 152);
	log_close(l);
	log_close(other);
	backend_close(again);
	backend_close(b);
}

static int create(struct backend *b, uint64_t log_id, uint64_t recycle)
{
	struct log_options o = kit_options(b, true);

	o.log_id = log_id;
	return log_create(&o, 0, recycle);
}

static int exists(struct backend *b, const char *name)
{
	struct file *f;
	int r = backend_open(b, name, 0, &f);

	if (r == 0)
		file_close(f);
	return r == 0;
}

static void a_recycled_file_is_a_new_log_and_its_old_readers_are_told(void **state)
{
	struct backend *b = kit_store(0);
	struct log_options o = kit_options(b, true);
	struct log *old, *new;
	struct buf buf = { 0 };
	struct kit_seen seen;
	struct entry e;
	char name[32];
	struct file *f;

	(void)state;
	old = kit_open(b, true);
	for (uint64_t i = 0; i < 10; i++)
		kit_commit(old, i, 1, 20, true);
	kit_must(create(b, 9, 7));
	assert_false(exists(b, KIT_LOG));
	o.log_id = 9;
	kit_must(log_open(&new, &o));
	assert_int_equal(kit_has(new, 1, UINT64_MAX, 0, 0), 0);
	kit_commit(new, 50, 1, 20, true);
	assert_int_equal(log_get(old, 0, kit_name(0, name), UINT64_MAX, &buf, &e), ERR_CHANGED);
	assert_int_equal(log_hold(old), ERR_CHANGED);
	log_close(old);
	log_close(new);
	kit_must(backend_open(b, "wal/0000000009.wal", 0, &f));
	memset(&seen, 0, sizeof seen);
	assert_int_equal(log_walk(f, NULL, &(struct log_walk){
		kit_on_commit, kit_on_entry, kit_on_fault, &seen }, NULL), 0);
	assert_int_equal(seen.commit_n, 1);	/* the old ones are no remains */
	file_close(f);
	buf_release(&buf);
	backend_close(b);
}

static void a_held_file_is_never_recycled(void **state)
{
	struct backend *b = kit_store(0), *again;
	struct log *l, *mine, *theirs;

	(void)state;
	kit_must(backend_mem_again(&again, b));
	l = kit_open(b, true);
	kit_commit(l, 1, 1, 20, true);
	theirs = kit_open(again, false);
	kit_must(log_hold(theirs));
	kit_must(log_hold(theirs));		/* twice is once */
	kit_must(create(b, 9, 7));
	assert_false(exists(b, KIT_LOG));	/* it goes, and stays open */
	assert_int_equal(kit_has(theirs, 1, UINT64_MAX, 101, 20), 1);
	log_close(theirs);
	log_close(l);
	mine = NULL;
	{	/* held by the handle that recycles, by two logs of it */
		struct log_options o = kit_options(b, true);
		struct log *second;

		o.log_id = 9;
		kit_must(log_open(&mine, &o));
		kit_must(log_open(&second, &o));
		kit_commit(mine, 1, 1, 20, true);
		kit_must(log_hold(mine));
		kit_must(log_hold(second));
		log_close(second);
		kit_must(create(b, 10, 9));
		o.log_id = 10;
		kit_must(log_open(&second, &o));
		kit_commit(second, 5, 1, 20, true);
		log_close(second);
		assert_int_equal(kit_has(mine, 1, UINT64_MAX, 101, 20), 1);
		log_close(mine);
	}
	backend_close(again);
	backend_close(b);
}

static void a_log_with_commits_is_never_made_over(void **state)
{
	struct backend *b = kit_store(0);
	struct log *l = kit_open(b, true);

	(void)state;
	kit_must(create(b, 8, 0));
	kit_must(create(b, 8, 0));		/* what a crash left: replaced */
	kit_commit(l, 1, 1, 10, true);
	log_close(l);
	assert_int_equal(create(b, 7, 0), ERR_EXISTS);
	assert_int_equal(create(b, 7, 8), ERR_EXISTS);
	l = kit_open(b, true);
	assert_int_equal(kit_has(l, 1, UINT64_MAX, 101, 10), 1);
	log_close(l);
	backend_close(b);
}

static void two_indexes_never_make_two_writers_append_to_one_place(void **state)
{
	struct backend *b = kit_store(0), *again;
	struct log *l, *other;

	(void)state;
	kit_must(backend_mem_again(&again, b));
	l = kit_open(b, true);
	kit_commit(l, 1, 1, 10, true);
	kit_must(backend_remove(b, TAIL_NAME));
	other = kit_open(again, true);		/* makes another */
	assert_int_equal(kit_commit(other, 2, 1, 10, true), 102);
	assert_int_equal(kit_commit(l, 3, 1, 10, true), 103);
	assert_int_equal(kit_commit(other, 4, 1, 10, true), 104);
	assert_int_equal(kit_has(l, 2, UINT64_MAX, 102, 10), 1);
	assert_int_equal(log_durable(other), 104);
	log_close(l);
	log_close(other);
	backend_close(again);
	backend_close(b);
}

static void memory_that_runs_out_is_an_error_and_nothing_else(void **state)
{
	struct backend *b = kit_store(0);
	struct log_options o = kit_options(b, true);
	struct mem mem;
	struct log *l;

	(void)state;
	mem_init(&mem, 0);
	o.mem = &mem;
	for (uint64_t n = 1, done = 0; !done; n++) {
		uint64_t version;
		int r;

		backend_remove(b, TAIL_NAME);
		mem.count = 0;
		mem.fail_at = n;
		r = log_open(&l, &o);
		if (r == 0) {
			r = kit_try(l, 1, 200, 100, true, &version);
			log_close(l);
		}
		assert_true(r == 0 || r == ERR_MEMORY || r == ERR_NO_SPACE);
		assert_int_equal(mem.used, 0);
		done = mem.count < n;
	}
	backend_close(b);
}

/* --- processes --- */

static void writer_process(uint64_t first, uint64_t n)
{
	struct log_options o;
	struct backend *b;
	struct log *l;
	uint64_t version;
	int r = backend_local(&b, dir, true);

	for (uint64_t i = 0; r == 0 && i < n; i += 10) {
		o = kit_options(b, true);
		o.wait_ns = 60000000000u;
		r = log_open(&l, &o);
		for (uint64_t k = i; r == 0 && k < i + 10 && k < n; k++)
			r = kit_try(l, first + k, 1, 50, true, &version);
		if (r == 0)
			log_close(l);
	}
	if (r < 0)
		fprintf(stderr, "# writer: %s\n", err_message());
	_exit(r < 0);
}

static void all_commits_of_four_processes_are_there(void **state)
{
	unsigned per = kit_scaled(200);
	struct kit_seen seen;
	struct backend *b;
	struct log *l;
	int status;

	(void)state;
	b = local_store();
	fflush(NULL);
	for (uint64_t w = 0; w < 4; w++)
		if (fork() == 0)
			writer_process(1000 * w, per);
	for (int i = 0; i < 4; i++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	assert_int_equal(kit_walk(b, &seen), 0);
	assert_int_equal(seen.commit_n, 4 * per);
	assert_int_equal(seen.last_version, 100 + 4 * per);
	l = kit_open(b, false);
	assert_int_equal(log_durable(l), 100 + 4 * per);
	for (uint64_t w = 0; w < 4; w++)
		for (uint64_t i = 0; i < per; i++) {
			struct buf buf = { 0 };
			struct entry e;
			char name[32];

			assert_int_equal(log_get(l, 0, kit_name(1000 * w + i, name),
						 UINT64_MAX, &buf, &e), 1);
			buf_release(&buf);
		}
	log_close(l);
	backend_close(b);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A writer killed at any moment, mostly in the middle of a commit of 40 blocks. */
static void killed_process(int out)
{
	struct backend *b;
	struct log *l;
	uint64_t version;
	int r = backend_local(&b, dir, true);

	if (r == 0) {
		struct log_options o = kit_options(b, true);

		r = log_open(&l, &o);
	}
	while (r == 0) {
		r = kit_try(l, 0, 160, 1000, true, &version);
		if (r == 0 && write(out, &version, sizeof version) != sizeof version)
			r = -1;
	}
	if (r < 0)
		fprintf(stderr, "# writer: %s\n", err_message());
	_exit(1);
}

static uint64_t kill_one(unsigned after_us)
{
	uint64_t version = 0, last = 0;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		killed_process(ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &last, sizeof last), sizeof last);
	usleep(after_us);
	kill(pid, SIGKILL);
	while (read(ends[0], &version, sizeof version) == sizeof version)
		last = version;
	close(ends[0]);
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	return last;
}

static void a_killed_process_loses_nothing_it_was_told_is_durable(void **state)
{
	struct backend *b = local_store();
	struct kit_seen seen;
	struct log *l;

	(void)state;
	kit_seed = (uint64_t)getpid();
	for (unsigned i = 0; i < kit_scaled(12); i++) {
		uint64_t last = kill_one((unsigned)kit_draw(1500)), version;
		int r = kit_walk(b, &seen);

		assert_true(r == 0 || r == ERR_TORN_TAIL);
		assert_true(seen.last_version >= last);
		l = kit_open(b, true);
		version = kit_commit(l, 500, 1, 10, true);
		assert_int_equal(version, seen.last_version + 1);
		assert_int_equal(kit_has(l, 0, UINT64_MAX, version - 1, 1000), 1);
		log_close(l);
		assert_int_equal(kit_walk(b, &seen), 0);
	}
	backend_close(b);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histories_of_several_handles_match_a_model),
		cmocka_unit_test(histories_match_though_one_handle_can_map_nothing),
		cmocka_unit_test(an_index_deleted_damaged_or_left_dirty_changes_no_answer),
		cmocka_unit_test(histories_match_on_a_directory_too),
		cmocka_unit_test(a_bit_that_changes_in_the_index_changes_no_answer),
		cmocka_unit_test(a_log_cut_between_commits_is_damage_after_a_restart_too),
		cmocka_unit_test(pointers_gone_wild_never_give_a_value_that_never_was),
		cmocka_unit_test(an_index_of_another_boot_is_made_anew),
		cmocka_unit_test(the_index_grows_and_who_had_the_old_one_keeps_its_view),
		cmocka_unit_test(what_was_acknowledged_survives_every_power_cut),
		cmocka_unit_test(a_writer_may_die_at_any_of_its_steps),
		cmocka_unit_test(what_is_shown_of_the_dead_is_durable),
		cmocka_unit_test(a_failed_flush_or_write_is_never_acknowledged),
		cmocka_unit_test(while_a_commit_is_written_the_index_says_so),
		cmocka_unit_test(a_full_disk_is_met_before_the_commit),
		cmocka_unit_test(a_retired_log_takes_no_more_commits),
		cmocka_unit_test(after_a_publisher_died_the_manifest_decides),
		cmocka_unit_test(a_version_the_manifest_took_is_not_given_again),
		cmocka_unit_test(a_recycled_file_is_a_new_log_and_its_old_readers_are_told),
		cmocka_unit_test(a_held_file_is_never_recycled),
		cmocka_unit_test(a_log_with_commits_is_never_made_over),
		cmocka_unit_test(two_indexes_never_make_two_writers_append_to_one_place),
		cmocka_unit_test(memory_that_runs_out_is_an_error_and_nothing_else),
		cmocka_unit_test(a_killed_process_loses_nothing_it_was_told_is_durable),
		cmocka_unit_test(all_commits_of_four_processes_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
