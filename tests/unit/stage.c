/* tests/unit/stage.c - what is on its way to a device arrives whole, or not at all, and
 * the next is fetched meanwhile
 *
 * The device does nothing of what it is asked until somebody waits for it, so whoever
 * touches a buffer too early, or relies on what was only sent, finds other bytes.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "gpu/stage.h"
#include "io/file.h"
#include "tests/lib/kit.h"

#define MIB (UINT64_C(1) << 20)
#define PIECE 8192u
#define WRITES 64u

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

/* --- a lazy device --- */

struct lazy {
	struct gpu_backend b;
	struct gpu_backend *under;
	struct { void *arena; uint64_t off; const void *ptr; size_t len; } todo[WRITES];
	uint64_t asked, done;		/* writes, from the beginning on */
	unsigned calls, fail_at;
	unsigned pages;
};

static struct lazy *lazy_of(struct gpu_backend *b)
{
	return (struct lazy *)(void *)b;
}

static int fails(struct lazy *z)
{
	z->calls++;
	return z->fail_at && z->calls >= z->fail_at ?
		err_set(ERR_DEVICE, "lazy: the device is lost") : 0;
}

static int lazy_write(struct gpu_backend *b, void *arena, uint64_t off, const void *ptr,
		      size_t len)
{
	struct lazy *z = lazy_of(b);
	int r = fails(z);

	assert_true(z->asked - z->done < WRITES);
	if (r == 0) {
		unsigned i = z->asked++ % WRITES;

		z->todo[i].arena = arena;
		z->todo[i].off = off;
		z->todo[i].ptr = ptr;
		z->todo[i].len = len;
	}
	return r;
}

static void work_off(struct lazy *z, uint64_t end)
{
	for (; z->done < end; z->done++) {
		unsigned i = z->done % WRITES;

		must(z->under->ops->write(z->under, z->todo[i].arena, z->todo[i].off,
					  z->todo[i].ptr, z->todo[i].len));
	}
}

static int lazy_mark(struct gpu_backend *b, void **out)
{
	struct lazy *z = lazy_of(b);
	int r = fails(z);

	if (r == 0)
		*out = (void *)(uintptr_t)z->asked;
	return r;
}

static int lazy_pass(struct gpu_backend *b, void *mark)
{
	struct lazy *z = lazy_of(b);
	int r = fails(z);

	if (r == 0)
		work_off(z, mark ? (uint64_t)(uintptr_t)mark : z->asked);
	return r;
}

static int lazy_finish(struct gpu_backend *b)
{
	return lazy_pass(b, NULL);
}

static int lazy_read(struct gpu_backend *b, void *arena, uint64_t off, void *ptr, size_t len)
{
	struct lazy *z = lazy_of(b);

	return z->under->ops->read(z->under, arena, off, ptr, len);
}

static uint64_t lazy_memory(struct gpu_backend *b)
{
	return lazy_of(b)->under->ops->memory(lazy_of(b)->under);
}

static int lazy_arena_new(struct gpu_backend *b, uint64_t len, void **out)
{
	return lazy_of(b)->under->ops->arena_new(lazy_of(b)->under, len, out);
}

static void lazy_arena_free(struct gpu_backend *b, void *arena, uint64_t len)
{
	lazy_of(b)->under->ops->arena_free(lazy_of(b)->under, arena, len);
}

static int lazy_pages_new(struct gpu_backend *b, uint64_t len, void **ptr, void **handle)
{
	struct lazy *z = lazy_of(b);
	int r = fails(z);

	if (r < 0)
		return r;
	*handle = mem_pages(NULL, len + 128);
	*ptr = (uint8_t *)*handle + 128;	/* as drivers do */
	z->pages++;
	return *handle ? 0 : ERR_MEMORY;
}

static void lazy_pages_free(struct gpu_backend *b, void *ptr, uint64_t len, void *handle)
{
	assert_ptr_equal(ptr, (uint8_t *)handle + 128);
	lazy_of(b)->pages--;
	mem_free_pages(NULL, handle, len + 128);
}

static const struct gpu_backend_ops ops = {
	.name = "lazy", .memory = lazy_memory, .most = lazy_memory,
	.arena_new = lazy_arena_new, .arena_free = lazy_arena_free, .write = lazy_write,
	.read = lazy_read, .finish = lazy_finish, .mark = lazy_mark, .pass = lazy_pass,
	.pages_new = lazy_pages_new, .pages_free = lazy_pages_free,
};

struct fixture {
	struct lazy z;
	struct arenas *a;
	struct stage *s;
};

static int start(struct fixture *f, unsigned n, unsigned fail_at)
{
	memset(f, 0, sizeof *f);
	must(host_open(&f->z.under, 4 * MIB, NULL));
	f->z.b.ops = &ops;
	must(arena_open(&f->a, &f->z.b, 4 * MIB));
	f->z.fail_at = fail_at;
	return stage_open(&f->s, &f->z.b, f->a, n, PIECE, NULL);
}

static void stop(struct fixture *f)
{
	stage_close(f->s);
	assert_int_equal(f->z.pages, 0);
	arena_close(f->a);
	gpu_backend_close(f->z.under);
}

static void arrived(struct fixture *f, uint64_t off, const uint8_t *want, size_t len)
{
	uint8_t *got = malloc(len + 1);

	must(arena_read(f->a, (struct arena_place){ 0, off }, got, len));
	assert_memory_equal(got, want, len);
	free(got);
}

static uint8_t *made(size_t len, uint64_t *seed)
{
	uint8_t *p = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)draw(seed);
	return p;
}

static uint64_t seeded(void)
{
	const char *again = getenv("SEED");
	uint64_t seed = again ? strtoull(again, NULL, 0) : clock_random();

	print_message("# SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

/* --- from memory --- */

static void what_was_copied_arrives_whole(void **state)
{
	uint64_t seed = seeded();

	(void)state;
	for (unsigned round = 0; round < scaled(50); round++) {
		struct fixture f;
		size_t len = draw(&seed) % (20 * PIECE), at = 0;
		uint8_t *want = made(len, &seed), *mine;

		must(start(&f, 2 + (unsigned)(draw(&seed) % (STAGE_MOST - 1)), 0));
		while (at < len) {
			size_t n = 1 + draw(&seed) % (3 * PIECE);

			n = n < len - at ? n : len - at;
			mine = malloc(n);
			memcpy(mine, want + at, n);
			must(stage_copy(f.s, mine, n, (struct arena_place){ 0, at }));
			memset(mine, 0xee, n);		/* it is ours again */
			free(mine);
			at += n;
		}
		must(stage_end(f.s));
		assert_int_equal(f.z.done, f.z.asked);
		arrived(&f, 0, want, len);
		stop(&f);
		free(want);
	}
}

/* N buffers: so many are filled and sent before anybody waits, and then for the oldest. */
static void the_next_is_filled_while_those_before_are_sent(void **state)
{
	struct stage_info i;
	struct fixture f;
	uint8_t *p;

	(void)state;
	for (unsigned n = 2; n <= STAGE_MOST; n++) {
		must(start(&f, n, 0));
		for (uint64_t k = 0; k < 3 * n; k++) {
			must(stage_take(f.s, &p));
			/* all but the last n uploads are over, and no other is */
			assert_int_equal(f.z.done, k < n ? 0 : k - n + 1);
			memset(p, (int)k, PIECE);
			must(stage_send(f.s, 0, PIECE, (struct arena_place){ 0, k * PIECE }));
		}
		stage_info(f.s, &i);
		assert_true(i.sent_n == 3 * n && i.over_n == 3 * n - 1 && i.pinned);
		must(stage_end(f.s));
		for (uint64_t k = 0; k < 3 * n; k++) {
			uint8_t want[PIECE];

			memset(want, (int)k, PIECE);
			arrived(&f, k * PIECE, want, PIECE);
		}
		stop(&f);
	}
}

/* --- from a file --- */

static struct disk {
	struct backend *b;
	struct file *f;
	struct backend_ops ops, real;
	_Atomic unsigned reads;
	unsigned fail_at;
	bool halves;			/* reads give less than was asked for */
} disk;

static ssize_t disk_read(struct file *f, void *ptr, size_t len, uint64_t off)
{
	unsigned k = ++disk.reads;

	assert_true(off % STAGE_ALIGN || (uintptr_t)ptr % STAGE_ALIGN == 0);	/* direct */
	if (disk.fail_at && k >= disk.fail_at)
		return err_set(ERR_IO, "%s: a bad block", f->name);
	return disk.real.read(f, ptr, disk.halves && len > 1 ? len / 2 : len, off);
}

static void disk_with(const uint8_t *bytes, size_t len)
{
	memset(&disk, 0, sizeof disk);
	must(backend_mem(&disk.b));
	must(backend_open(disk.b, "lists", FILE_WRITE | FILE_CREATE, &disk.f));
	must(file_write(disk.f, bytes, len, 0));
	disk.real = disk.ops = *disk.b->ops;
	disk.ops.read = disk_read;
	disk.b->ops = &disk.ops;
}

static void disk_end(void)
{
	file_close(disk.f);
	backend_close(disk.b);
}

struct checking {
	const uint8_t *bytes;
	uint64_t next, len;
	int give_up;			/* this, at the third piece */
	unsigned n;
};

/* Each block once, in order, and its bytes. */
static int check(void *ctx, uint64_t off, const void *ptr, size_t len)
{
	struct checking *c = ctx;

	assert_int_equal(off, c->next);
	assert_true(off % STAGE_ALIGN == 0 && (len % STAGE_ALIGN == 0 || off + len == c->len));
	assert_memory_equal(ptr, c->bytes + off, len);
	c->next += len;
	return ++c->n == 3 && c->give_up ? err_set(c->give_up, "a checksum differs") : 0;
}

static int read_file(struct fixture *f, enum ioq_engine engine, struct checking *c, uint64_t off,
		     uint64_t len)
{
	struct stage_file what = { .file = disk.f, .off = off, .len = len, .check = check,
				   .ctx = c, .to = { 0, 512 } };
	struct ioq *q;
	int r;

	c->next = off / STAGE_ALIGN * STAGE_ALIGN;
	must(ioq_open(&q, STAGE_MOST, engine));
	r = stage_read(f->s, q, &what);
	assert_int_equal(ioq_in_flight(q), 0);
	ioq_close(q);
	return r;
}

static enum ioq_engine an_engine(uint64_t *seed)
{
	return draw(seed) % 2 ? IOQ_THREADS : IOQ_SYNC;
}

static void what_was_read_arrives_whole(void **state)
{
	uint64_t seed = seeded();

	(void)state;
	for (unsigned round = 0; round < scaled(60); round++) {
		size_t len = 1 + draw(&seed) % (30 * PIECE), off = draw(&seed) % len;
		uint8_t *bytes = made(len, &seed);
		struct checking c = { .bytes = bytes, .len = len };
		struct fixture f;

		disk_with(bytes, len);
		disk.halves = draw(&seed) % 2;
		must(start(&f, 2 + (unsigned)(draw(&seed) % (STAGE_MOST - 1)), 0));
		len = draw(&seed) % (len - off + 1);
		must(stage_copy(f.s, bytes, 100, (struct arena_place){ 0, MIB }));
		must(read_file(&f, an_engine(&seed), &c, off, len));
		must(stage_copy(f.s, bytes, 100, (struct arena_place){ 0, MIB + 100 }));
		must(stage_end(f.s));
		arrived(&f, 512, bytes + off, len);
		arrived(&f, MIB + 100, bytes, 100 < c.len ? 100 : c.len);
		stop(&f);
		disk_end();
		free(bytes);
	}
}

/* Reads go on while uploads do: counted, not timed. */
static void the_next_is_read_while_those_before_are_sent(void **state)
{
	uint64_t seed = seeded();
	uint8_t *bytes = made(40 * PIECE, &seed);
	struct stage_info i;
	struct fixture f;

	(void)state;
	for (unsigned n = 2; n <= STAGE_MOST; n++) {
		struct checking c = { .bytes = bytes, .len = 40 * PIECE };

		disk_with(bytes, 40 * PIECE);
		must(start(&f, n, 0));
		must(read_file(&f, IOQ_THREADS, &c, 0, 40 * PIECE));
		stage_info(f.s, &i);
		assert_int_equal(i.sent_n, 40);
		/* of the reads but the first ones, each beside an upload */
		assert_int_equal(i.ahead_n, 40 - n);
		assert_true(f.z.done < 40);		/* the last is still on its way */
		must(stage_end(f.s));
		arrived(&f, 512, bytes, 40 * PIECE);
		stop(&f);
		disk_end();
	}
	free(bytes);
}

/* --- what goes wrong --- */

static void a_file_that_ends_too_soon_is_damage(void **state)
{
	uint64_t seed = seeded();
	uint8_t *bytes = made(10 * PIECE, &seed);

	(void)state;
	for (size_t len = 0; len < 10 * PIECE; len += len < 3 ? 1 : PIECE / 2 - 1) {
		struct checking c = { .bytes = bytes, .len = len };
		struct fixture f;

		disk_with(bytes, len);
		must(start(&f, 4, 0));
		assert_int_equal(read_file(&f, an_engine(&seed), &c, 0, 10 * PIECE), ERR_DAMAGED);
		stop(&f);
		disk_end();
	}
	free(bytes);
}

static void a_read_that_fails_or_bytes_that_are_wrong_end_it(void **state)
{
	uint64_t seed = seeded();
	uint8_t *bytes = made(10 * PIECE, &seed);
	struct fixture f;

	(void)state;
	for (unsigned k = 1; k <= 10; k++) {
		struct checking c = { .bytes = bytes, .len = 10 * PIECE };

		disk_with(bytes, 10 * PIECE);
		disk.fail_at = k;
		must(start(&f, 4, 0));
		assert_int_equal(read_file(&f, an_engine(&seed), &c, 0, 10 * PIECE), ERR_IO);
		disk.fail_at = 0;
		/* and it is as good as before */
		c = (struct checking){ .bytes = bytes, .len = 10 * PIECE };
		must(read_file(&f, IOQ_SYNC, &c, 0, 10 * PIECE));
		must(stage_end(f.s));
		arrived(&f, 512, bytes, 10 * PIECE);
		c = (struct checking){ .bytes = bytes, .len = 10 * PIECE, .give_up = ERR_DAMAGED };
		assert_int_equal(read_file(&f, an_engine(&seed), &c, 0, 10 * PIECE), ERR_DAMAGED);
		assert_int_equal(c.n, 3);
		stop(&f);
		disk_end();
	}
	free(bytes);
}

static void the_device_is_lost_at_any_call(void **state)
{
	uint64_t seed = seeded();
	uint8_t *bytes = made(10 * PIECE, &seed);
	unsigned k = 0;
	int r;

	(void)state;
	do {
		struct checking c = { .bytes = bytes, .len = 10 * PIECE };
		struct fixture f;

		disk_with(bytes, 10 * PIECE);
		r = start(&f, 3, ++k);
		if (r == 0)
			r = stage_copy(f.s, bytes, 5 * PIECE, (struct arena_place){ 0, MIB });
		if (r == 0)
			r = read_file(&f, IOQ_THREADS, &c, 0, 10 * PIECE);
		if (r == 0)
			r = stage_end(f.s);
		assert_true(r == 0 || r == ERR_DEVICE);
		if (r == 0)
			arrived(&f, 512, bytes, 10 * PIECE);
		stop(&f);
		disk_end();
	} while (r < 0);
	assert_true(k > 40);
	free(bytes);
}

static void host_memory_takes_a_copy(void **state)
{
	struct gpu_backend *b;
	struct stage_info i;
	struct arenas *a;
	struct stage *s;
	char got[6] = "";

	(void)state;
	must(host_open(&b, 4 * MIB, NULL));
	must(arena_open(&a, b, 2 * MIB));
	must(stage_open(&s, b, a, 2, STAGE_ALIGN, NULL));
	must(stage_copy(s, "hello", 6, (struct arena_place){ 0, 9 }));
	must(stage_end(s));
	must(arena_read(a, (struct arena_place){ 0, 9 }, got, 6));
	assert_string_equal(got, "hello");
	stage_info(s, &i);
	assert_false(i.pinned);
	assert_int_equal(stage_copy(s, "hello", 6, (struct arena_place){ 0, 2 * MIB }), ERR_BUG);
	stage_close(s);
	assert_int_equal(stage_open(&s, b, a, 1, STAGE_ALIGN, NULL), ERR_BUG);
	assert_int_equal(stage_open(&s, b, a, 2, STAGE_ALIGN - 1, NULL), ERR_BUG);
	arena_close(a);
	gpu_backend_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_copied_arrives_whole),
		cmocka_unit_test(the_next_is_filled_while_those_before_are_sent),
		cmocka_unit_test(what_was_read_arrives_whole),
		cmocka_unit_test(the_next_is_read_while_those_before_are_sent),
		cmocka_unit_test(a_file_that_ends_too_soon_is_damage),
		cmocka_unit_test(a_read_that_fails_or_bytes_that_are_wrong_end_it),
		cmocka_unit_test(the_device_is_lost_at_any_call),
		cmocka_unit_test(host_memory_takes_a_copy),
	};

	return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
