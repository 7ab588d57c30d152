/* tests/unit/fault.c - a disk that forgets what it may and nothing else
 *
 * Each state after a crash is held against a model that knows only the contract
 * of io/backend.h: which values each sector and each name may have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/fault.h"
#include "io/file.h"
#include "io/platter.h"

#define SECTOR 512
#define SECTORS 64
#define VERSIONS 40

static unsigned scaled(unsigned n)
{
	const char *s = getenv("STRATO_TEST_SCALE");
	unsigned long percent = s ? strtoul(s, NULL, 10) : 100;

	n = (unsigned)(n * percent / 100);
	return n ? n : 1;
}

static uint64_t draw(uint64_t *seed, uint64_t n)
{
	return platter_below(seed, n);
}

static struct backend *fresh(uint64_t seed)
{
	struct backend *b;

	assert_int_equal(fault_open(&b, NULL, seed), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	assert_int_equal(backend_sync_dir(b, ""), 0);
	return b;
}

static struct file *made(struct backend *b, const char *name)
{
	struct file *f;

	assert_int_equal(backend_open(b, name, FILE_WRITE | FILE_CREATE, &f), 0);
	return f;
}

static struct backend *crashed(struct backend *b, uint64_t seed)
{
	struct backend *m;

	assert_int_equal(fault_crash(b, seed, &m), 0);
	return m;
}

/* The text of a small file, or "-" when there is none. */
static const char *text_of(struct backend *b, const char *name)
{
	static char text[64];
	struct buf got = { 0 };
	int r = file_slurp(b, name, sizeof text - 1, &got);

	strcpy(text, "-");
	if (r == 0) {
		if (got.len)
			memcpy(text, got.ptr, got.len);
		text[got.len] = '\0';
		for (size_t i = 0; i < got.len; i++)
			if (!text[i])
				text[i] = '0';
	} else {
		assert_int_equal(r, ERR_ABSENT);
	}
	buf_release(&got);
	return text;
}

/* What each sector may hold: the stamps since the last flush, and the last before. */
struct model {
	unsigned stamp[SECTORS][VERSIONS], n[SECTORS];
	unsigned last[SECTORS];
	uint64_t size[8 * VERSIONS];
	unsigned size_n;
	unsigned clock;
};

static void model_flush(struct model *m)
{
	for (unsigned i = 0; i < SECTORS; i++) {
		m->stamp[i][0] = m->last[i];
		m->n[i] = 1;
	}
	m->size[0] = m->size[m->size_n - 1];
	m->size_n = 1;
}

static void model_size(struct model *m, uint64_t size)
{
	m->size[m->size_n++] = size;
}

static void step_write(struct model *m, struct file *f, uint64_t *seed)
{
	static uint8_t b[8 * SECTOR];
	unsigned at = (unsigned)draw(seed, SECTORS - 8), n = 1 + (unsigned)draw(seed, 8);

	for (unsigned i = 0; i < n; i++) {
		unsigned s = at + i;

		m->last[s] = m->stamp[s][m->n[s]++] = ++m->clock;
		memset(b + i * SECTOR, 0, SECTOR);
		memcpy(b + i * SECTOR, &m->clock, sizeof m->clock);
		memcpy(b + (i + 1) * SECTOR - sizeof m->clock, &m->clock, sizeof m->clock);
	}
	assert_int_equal(file_write(f, b, n * SECTOR, at * SECTOR), 0);
	/* a short write is two, with a size between them */
	for (unsigned s = at + 1; s <= at + n; s++)
		if ((uint64_t)s * SECTOR > m->size[m->size_n - 1])
			model_size(m, (uint64_t)s * SECTOR);
}

static void step_cut(struct model *m, struct file *f, uint64_t *seed)
{
	unsigned to = (unsigned)draw(seed, SECTORS);

	assert_int_equal(file_resize(f, (uint64_t)to * SECTOR), 0);
	for (unsigned s = to; s < SECTORS; s++)
		m->last[s] = m->stamp[s][m->n[s]++] = 0;
	if (m->size[m->size_n - 1] != (uint64_t)to * SECTOR)
		model_size(m, (uint64_t)to * SECTOR);
}

/* Bits: 1 something was lost, 2 something unflushed was kept. */
static unsigned check_against(const struct model *m, const uint8_t *b, uint64_t size)
{
	unsigned seen = 0, ok = 0;

	for (unsigned i = 0; i < m->size_n; i++)
		ok |= m->size[i] == size;
	assert_true(ok);
	for (unsigned s = 0; s < SECTORS; s++) {
		unsigned head, tail;

		memcpy(&head, b + s * SECTOR, sizeof head);
		memcpy(&tail, b + (s + 1) * SECTOR - sizeof tail, sizeof tail);
		assert_int_equal(head, tail);
		/* zero where the size was lost, or grew before its bytes came */
		ok = head == 0 && m->size_n > 1;
		for (unsigned i = 0; i < m->n[s]; i++)
			ok |= m->stamp[s][i] == head;
		if (!ok)
			print_message("sector %u holds %u\n", s, head);
		assert_true(ok);
		seen |= head != m->last[s] ? 1 : m->n[s] > 1 ? 2 : 0;
	}
	return seen;
}

static unsigned crash_and_check(const struct model *m, struct backend *b, uint64_t seed)
{
	static uint8_t image[SECTORS * SECTOR];
	struct backend *after = crashed(b, seed);
	struct file *f;
	uint64_t size;

	assert_int_equal(backend_open(after, "seg/f", 0, &f), 0);
	assert_int_equal(file_size(f, &size), 0);
	memset(image, 0, sizeof image);
	assert_true(size <= sizeof image);
	assert_int_equal(file_read(f, image, size, 0), 0);
	file_close(f);
	backend_close(after);
	return check_against(m, image, size);
}

/* A random history, and crashes on the way.  What was seen, as above. */
static unsigned history(uint64_t seed, unsigned modes)
{
	struct backend *b = fresh(seed);
	static struct model m;
	unsigned seen = 0;
	struct file *f;

	memset(&m, 0, sizeof m);
	f = made(b, "seg/f");
	assert_int_equal(backend_sync_dir(b, "seg"), 0);
	m.size_n = 1;
	model_flush(&m);
	fault_modes(b, modes);
	for (unsigned step = 0; step < 30; step++) {
		uint64_t what = draw(&seed, 10);

		if (what < 6)
			step_write(&m, f, &seed);
		else if (what < 7)
			step_cut(&m, f, &seed);
		else if (what < 8)
			seen |= crash_and_check(&m, b, seed);
		else if (file_flush(f) == 0)
			model_flush(&m);
	}
	for (unsigned i = 0; i < 4; i++)
		seen |= crash_and_check(&m, b, seed + i);
	file_close(f);
	backend_close(b);
	return seen;
}

static void what_was_flushed_survives_and_nothing_else_must(void **state)
{
	unsigned seen = 0, n = scaled(300);

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		seen |= history(1000 + i, 0);
		seen |= history(1000 + i, FAULT_SHORT);
	}
	assert_int_equal(seen & 3, 3);
}

/* One write of 8 sectors over flushed zeros: how many arrived. */
static unsigned arrived(struct backend *after)
{
	uint8_t b[8 * SECTOR];
	struct file *f;
	unsigned n = 0;

	assert_int_equal(backend_open(after, "seg/f", 0, &f), 0);
	assert_int_equal(file_read(f, b, sizeof b, 0), 0);
	for (unsigned i = 0; i < 8; i++)
		n += b[i * SECTOR] != 0;
	file_close(f);
	return n;
}

static void one_write_is_lost_kept_or_torn_between_sectors(void **state)
{
	struct backend *b = fresh(5), *after;
	struct file *f = made(b, "seg/f");
	unsigned count[9] = { 0 }, torn = 0;
	uint8_t block[8 * SECTOR];

	(void)state;
	assert_int_equal(file_resize(f, sizeof block), 0);
	assert_int_equal(file_flush(f), 0);
	assert_int_equal(backend_sync_dir(b, "seg"), 0);
	memset(block, 1, sizeof block);
	assert_int_equal(file_write(f, block, sizeof block, 0), 0);
	for (unsigned i = 0; i < 300; i++) {
		after = crashed(b, i);
		count[arrived(after)]++;
		backend_close(after);
	}
	for (unsigned i = 1; i < 8; i++)
		torn += count[i];
	assert_true(count[0] > 0 && count[8] > 0 && torn > 0);
	assert_int_equal(file_flush(f), 0);
	for (unsigned i = 0; i < 100; i++) {
		after = crashed(b, i);
		assert_int_equal(arrived(after), 8);
		backend_close(after);
	}
	file_close(f);
	backend_close(b);
}

/* Crash N times: which of the texts WANTED were seen, as bits; others fail. */
static unsigned texts_seen(struct backend *b, const char *name, unsigned n,
			   const char *const *wanted)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < n; i++) {
		struct backend *after = crashed(b, i);
		const char *text = text_of(after, name);
		unsigned k = 0;

		while (wanted[k] && strcmp(wanted[k], text))
			k++;
		if (!wanted[k])
			print_message("seed %u: %s is '%s'\n", i, name, text);
		assert_non_null(wanted[k]);
		seen |= 1u << k;
		backend_close(after);
	}
	return seen;
}

static void put(struct backend *b, const char *name, const char *text, bool flush)
{
	struct file *f = made(b, name);

	assert_int_equal(file_write(f, text, strlen(text), 0), 0);
	if (flush)
		assert_int_equal(file_flush(f), 0);
	file_close(f);
}

static void a_rename_is_old_or_new_until_its_folder_is_synced(void **state)
{
	static const char *const either[] = { "old", "new", NULL };
	struct backend *b = fresh(6);

	(void)state;
	assert_int_equal(file_replace(b, "manifest", "old", 3), 0);
	assert_int_equal(texts_seen(b, "manifest", 100, either), 1);
	put(b, "tmp/m", "new", true);
	assert_int_equal(texts_seen(b, "manifest", 100, either), 1);
	assert_int_equal(backend_rename(b, "tmp/m", "manifest"), 0);
	assert_int_equal(texts_seen(b, "manifest", 100, either), 3);
	assert_int_equal(backend_sync_dir(b, ""), 0);
	assert_int_equal(texts_seen(b, "manifest", 100, either), 2);
	backend_close(b);
}

static void a_name_without_its_flush_may_be_empty_or_torn(void **state)
{
	static const char *const any[] = { "old", "new", "", "000", NULL };
	struct backend *b = fresh(7);

	(void)state;
	assert_int_equal(file_replace(b, "manifest", "old", 3), 0);
	put(b, "tmp/m", "new", false);
	assert_int_equal(backend_rename(b, "tmp/m", "manifest"), 0);
	assert_int_equal(backend_sync_dir(b, ""), 0);
	assert_int_equal(texts_seen(b, "manifest", 300, any), 2 | 4 | 8);
	backend_close(b);
}

static void a_new_name_or_folder_may_be_gone_until_synced(void **state)
{
	static const char *const may[] = { "-", "x", NULL };
	struct backend *b = fresh(8);

	(void)state;
	put(b, "seg/a", "x", true);
	assert_int_equal(texts_seen(b, "seg/a", 100, may), 3);
	assert_int_equal(backend_sync_dir(b, "seg"), 0);
	assert_int_equal(texts_seen(b, "seg/a", 100, may), 2);
	assert_int_equal(backend_remove(b, "seg/a"), 0);
	assert_int_equal(texts_seen(b, "seg/a", 100, may), 3);
	assert_int_equal(backend_sync_dir(b, "seg"), 0);
	assert_int_equal(texts_seen(b, "seg/a", 100, may), 1);
	assert_int_equal(backend_mkdir(b, "new"), 0);
	put(b, "new/a", "x", true);
	assert_int_equal(backend_sync_dir(b, "new"), 0);
	assert_int_equal(texts_seen(b, "new/a", 100, may), 3);
	assert_int_equal(backend_sync_dir(b, ""), 0);
	assert_int_equal(texts_seen(b, "new/a", 100, may), 2);
	backend_close(b);
}

/* Two files made one after the other: a journal keeps the first if the second. */
static void names_are_lost_in_order_or_each_by_itself(void **state)
{
	struct backend *b = fresh(9);
	unsigned seen[4] = { 0 };

	(void)state;
	put(b, "seg/a", "x", true);
	put(b, "seg/b", "x", true);
	for (unsigned i = 0; i < 200; i++) {
		struct backend *after = crashed(b, i);
		unsigned a = *text_of(after, "seg/a") == 'x';

		seen[2 * a + (*text_of(after, "seg/b") == 'x')]++;
		backend_close(after);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_true(seen[i] > 0);
	assert_true(seen[2] > seen[1]);		/* only the second: only without a journal */
	backend_close(b);
}

static void each_broken_rule_is_seen(void **state)
{
	static const char *const any[] = { "old", "new", "", "000", NULL };
	struct backend *b = fresh(10);

	(void)state;
	assert_int_equal(file_replace(b, "manifest", "old", 3), 0);
	fault_modes(b, FAULT_IGNORE_FLUSH);
	assert_int_equal(file_replace(b, "manifest", "new", 3), 0);
	assert_true(texts_seen(b, "manifest", 200, any) & 4);
	fault_modes(b, FAULT_IGNORE_DIR_SYNC);
	assert_int_equal(file_replace(b, "other", "new", 3), 0);
	{
		static const char *const may[] = { "-", "new", NULL };

		assert_int_equal(texts_seen(b, "other", 200, may), 3);
	}
	fault_modes(b, 0);
	assert_int_equal(file_replace(b, "manifest", "new", 3), 0);
	assert_int_equal(texts_seen(b, "manifest", 200, any), 2);
	backend_close(b);
}

/* After a failed flush the page cache calls its pages clean: the second flush
 * says 0 and does nothing for them. */
static void a_failed_flush_is_not_mended_by_a_second(void **state)
{
	unsigned lost = 0;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		struct backend *b = fresh(i), *after;
		struct file *f = made(b, "seg/f");

		assert_int_equal(backend_sync_dir(b, "seg"), 0);
		assert_int_equal(file_write(f, "x", 1, 0), 0);
		fault_fail(b, FAULT_FLUSH, 1, ERR_IO, false);
		assert_int_equal(file_flush(f), ERR_IO);
		assert_int_equal(fault_hits(b), 1);
		assert_int_equal(file_flush(f), 0);
		after = crashed(b, i);
		lost += *text_of(after, "seg/f") != 'x';
		assert_int_equal(*text_of(b, "seg/f"), 'x');
		backend_close(after);
		file_close(f);
		backend_close(b);
	}
	assert_true(lost > 0 && lost < 40);
}

static void the_nth_operation_of_a_kind_fails_with_its_code(void **state)
{
	struct backend *b = fresh(11);
	struct file *f = made(b, "seg/f");
	char c;

	(void)state;
	fault_fail(b, FAULT_WRITE, 2, ERR_NO_SPACE, false);
	fault_fail(b, FAULT_READ, 2, ERR_IO, true);
	assert_int_equal(file_write(f, "a", 1, 0), 0);
	assert_int_equal(file_write(f, "b", 1, 1), ERR_NO_SPACE);
	assert_non_null(strstr(err_message(), "seg/f"));
	assert_int_equal(file_write(f, "c", 1, 2), 0);
	assert_int_equal(file_read(f, &c, 1, 0), 0);
	assert_int_equal(file_read(f, &c, 1, 0), ERR_IO);
	assert_int_equal(file_read(f, &c, 1, 0), ERR_IO);
	assert_int_equal(fault_hits(b), 3);
	fault_calm(b);
	assert_int_equal(file_read(f, &c, 1, 0), 0);
	fault_fail(b, FAULT_RENAME | FAULT_REMOVE | FAULT_SYNC_DIR | FAULT_MKDIR |
		   FAULT_LIST | FAULT_LOCK | FAULT_OPEN | FAULT_RESIZE | FAULT_MAP,
		   1, ERR_IO, true);
	assert_int_equal(backend_rename(b, "seg/f", "seg/g"), ERR_IO);
	assert_int_equal(backend_remove(b, "seg/f"), ERR_IO);
	assert_int_equal(backend_sync_dir(b, "seg"), ERR_IO);
	assert_int_equal(backend_mkdir(b, "x"), ERR_IO);
	assert_int_equal(backend_lock(b, 0, LOCK_SHARED, 0), ERR_IO);
	assert_int_equal(file_reserve(f, 0, 10), ERR_IO);
	assert_int_equal(file_resize(f, 10), ERR_IO);
	fault_calm(b);
	assert_int_equal(*text_of(b, "seg/f"), 'a');
	file_close(f);
	backend_close(b);
}

/* What a careful writer does: 0 when it was acknowledged. */
static int publish(struct backend *b, const char *text)
{
	int r = backend_lock(b, 0, LOCK_EXCLUSIVE, 0);

	if (r == 0) {
		r = file_replace(b, "manifest", text, strlen(text));
		backend_unlock(b, 0);
	}
	return r;
}

/* Die at every step; acknowledged is there, else whole or absent; another
 * process goes on, and the lock is free. */
static void a_process_may_die_at_each_step(void **state)
{
	static const char *const either[] = { "old", "new", NULL };
	bool acknowledged = false;
	unsigned seen = 0;

	(void)state;
	for (unsigned at = 1; !acknowledged; at++) {
		struct backend *b = fresh(at), *other;

		assert_true(at < 20);
		assert_int_equal(publish(b, "old"), 0);
		assert_int_equal(fault_again(&other, b), 0);
		fault_die_after(b, at);
		acknowledged = publish(b, "new") == 0;
		assert_int_equal(fault_is_dead(b), !acknowledged);
		if (!acknowledged) {
			assert_non_null(strstr(err_message(), "after the crash"));
			assert_int_equal(backend_mkdir(b, "x"), ERR_IO);
		}
		seen |= texts_seen(b, "manifest", 60, acknowledged ? either + 1 : either);
		assert_int_equal(publish(other, "new"), 0);
		assert_int_equal(texts_seen(other, "manifest", 20, either + 1), 1);
		backend_close(b);
		backend_close(other);
	}
	assert_int_equal(seen, 3);
}

static void the_same_seed_is_the_same_state(void **state)
{
	char first[64];

	(void)state;
	for (unsigned seed = 0; seed < 30; seed++) {
		for (unsigned again = 0; again < 2; again++) {
			struct backend *b = fresh(seed), *after;

			put(b, "seg/f", "some text", false);
			assert_int_equal(backend_sync_dir(b, "seg"), 0);
			after = crashed(b, seed);
			if (again)
				assert_string_equal(text_of(after, "seg/f"), first);
			else
				strcpy(first, text_of(after, "seg/f"));
			backend_close(after);
			backend_close(b);
		}
	}
}

static void a_crash_may_follow_a_crash(void **state)
{
	static const char *const three[] = { "one", "two", "three", NULL };
	struct backend *b = fresh(12), *m, *b2;
	unsigned seen = 0;

	(void)state;
	assert_int_equal(publish(b, "one"), 0);
	fault_modes(b, FAULT_IGNORE_DIR_SYNC);
	assert_int_equal(publish(b, "two"), 0);
	for (unsigned i = 0; i < 50; i++) {
		m = crashed(b, i);
		assert_int_equal(fault_open(&b2, m, i), 0);
		seen |= texts_seen(b2, "manifest", 5, three);
		assert_int_equal(publish(b2, "three"), 0);
		assert_int_equal(texts_seen(b2, "manifest", 5, three), 4);
		backend_close(b2);
	}
	assert_int_equal(seen, 3);
	backend_close(b);
}

static void sectors_of_a_writable_mapping_are_old_new_or_zero(void **state)
{
	struct backend *b = fresh(13);
	struct file *f = made(b, "seg/i");
	unsigned seen[4] = { 0 };
	uint8_t got[4 * 4096];
	void *map;

	(void)state;
	assert_int_equal(file_reserve(f, 0, sizeof got), 0);
	assert_int_equal(file_map(f, sizeof got, true, &map), 0);
	assert_int_equal(backend_sync_dir(b, "seg"), 0);
	memset(map, 1, sizeof got);
	assert_int_equal(file_flush(f), 0);
	memset(map, 2, sizeof got);
	for (unsigned i = 0; i < 100; i++) {
		struct backend *after = crashed(b, i);
		struct file *g;

		assert_int_equal(backend_open(after, "seg/i", 0, &g), 0);
		assert_int_equal(file_read(g, got, sizeof got, 0), 0);
		for (unsigned p = 0; p < sizeof got / 512; p++) {
			assert_true(got[p * 512] < 3);
			assert_int_equal(got[p * 512], got[p * 512 + 511]);
			seen[got[p * 512]]++;
		}
		file_close(g);
		backend_close(after);
	}
	assert_true(seen[0] && seen[1] && seen[2]);
	file_unmap(f, map, sizeof got);
	file_close(f);
	backend_close(b);
}

static void a_crooked_direct_call_is_our_bug(void **state)
{
	struct backend *b = fresh(14);
	uint8_t *p = mem_pages(NULL, 8192);
	struct file *f;

	(void)state;
	fault_modes(b, FAULT_DIRECT | FAULT_SHORT);
	assert_int_equal(backend_open(b, "seg/f", FILE_WRITE | FILE_CREATE | FILE_DIRECT, &f), 0);
	assert_true(f->direct);
	memset(p, 3, 8192);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(file_write(f, p, 8192, i * 8192), 0);
	assert_int_equal(b->ops->write(f, p, 512, 0), ERR_BUG);
	assert_int_equal(b->ops->read(f, p + 1, 4096, 0), ERR_BUG);
	assert_int_equal(b->ops->read(f, p, 4096, 8), ERR_BUG);
	file_close(f);
	mem_free_pages(NULL, p, 8192);
	backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_flushed_survives_and_nothing_else_must),
		cmocka_unit_test(one_write_is_lost_kept_or_torn_between_sectors),
		cmocka_unit_test(a_rename_is_old_or_new_until_its_folder_is_synced),
		cmocka_unit_test(a_name_without_its_flush_may_be_empty_or_torn),
		cmocka_unit_test(a_new_name_or_folder_may_be_gone_until_synced),
		cmocka_unit_test(names_are_lost_in_order_or_each_by_itself),
		cmocka_unit_test(each_broken_rule_is_seen),
		cmocka_unit_test(a_failed_flush_is_not_mended_by_a_second),
		cmocka_unit_test(the_nth_operation_of_a_kind_fails_with_its_code),
		cmocka_unit_test(a_process_may_die_at_each_step),
		cmocka_unit_test(the_same_seed_is_the_same_state),
		cmocka_unit_test(a_crash_may_follow_a_crash),
		cmocka_unit_test(sectors_of_a_writable_mapping_are_old_new_or_zero),
		cmocka_unit_test(a_crooked_direct_call_is_our_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
