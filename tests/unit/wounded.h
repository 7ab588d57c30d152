/* tests/unit/wounded.h - a small store with everything in it, and ways to harm it
 *
 * Two runs, a log of 30 commits, large values, removals, a graph's segment; what
 * every key should give; and what a check says.  Shared by check.c and salvage.c.
 */
#ifndef TESTS_UNIT_WOUNDED_H
#define TESTS_UNIT_WOUNDED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "io/file.h"
#include "store/check.h"
#include "store/store.h"
#include "store/wal.h"

#define KEYS 400
#define FILES 16
#define VALUE_MAX 200000

static uint64_t rng;

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(rng) % n : 0;
}

static unsigned scaled(unsigned n)
{
	const char *s = getenv("STRATO_TEST_SCALE");

	n = n * (s && atoi(s) > 0 ? (unsigned)atoi(s) : 100) / 100;
	return n ? n : 1;
}

static void must(int r)
{
	if (r < 0)
		fail_msg("%d: %s", r, err_message());
}

/* --- the store and its model --- */

struct row {
	bool there;
	uint32_t seed;
	uint32_t len;
	uint64_t version;
};

struct image {			/* a file as it was */
	char name[80];
	uint8_t *ptr;
	uint64_t len;
};

struct fixture {
	struct backend *b;
	struct mem mem;
	struct row row[KEYS];
	struct image file[FILES];
	unsigned file_n;
	struct image older[FILES];	/* the same at an earlier moment */
	unsigned older_n;
};

static struct bytes key_of(unsigned i, char buf[32])
{
	return bytes_of(buf, (size_t)sprintf(buf, "key/%04u", i));
}

static const uint8_t *value_of(uint32_t seed, size_t len)
{
	static uint8_t out[VALUE_MAX];

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(hash_u64(seed + i / 16) >> (i % 8 * 8));
	return out;
}

static void put(struct fixture *f, struct txn *t, unsigned i, uint32_t len)
{
	char buf[32];
	struct row *row = &f->row[i];

	*row = (struct row){ true, (uint32_t)rnd(UINT32_MAX), len, 0 };
	must(txn_put(t, 0, key_of(i, buf), bytes_of(value_of(row->seed, len), len), 0));
}

static void commit(struct fixture *f, struct txn *t)
{
	uint64_t version;

	must(txn_commit(t, &version));
	for (unsigned i = 0; i < KEYS; i++)
		if (f->row[i].there && f->row[i].version == 0)
			f->row[i].version = version;
}

struct new_graph {
	const char *name;
	struct segment_ref ref;
};

static int add_graph(void *ctx, struct manifest *m, uint64_t version)
{
	const struct new_graph *n = ctx;
	struct manifest_graph g = {
		.space = m->next_space++, .segment_n = 1, .version = version,
	};

	strcpy(g.name, n->name);
	g.segment[0] = n->ref;
	return manifest_add_graph(m, &g);
}

static void make_graph(struct store *s, const char *name)
{
	struct new_graph n = { .name = name };
	struct segment_writer *w;
	uint64_t version;

	must(store_build_begin(s));
	must(segment_create(&w, store_backend(s), SEGMENT_CSR, store_id(s), store_mem(s)));
	must(segment_begin(w, 1));
	must(segment_write(w, value_of(7, 20000), 20000));
	must(segment_finish(w, &n.ref));
	must(store_publish(s, add_graph, &n, &version));
	store_build_end(s);
}

static struct store *open_on(struct backend *b, bool write)
{
	const struct store_options o = { .write = write, .who = "test" };
	struct store *s;

	must(store_open_on(&s, b, &o));
	return s;
}

struct listing {
	struct backend *b;
	struct image *file;
	unsigned *n;
	const char *dir;
};

static int keep_file(void *ctx, const char *name)
{
	struct listing *l = ctx;
	struct image *i = &l->file[*l->n];
	struct file *f;

	if (!*l->dir && (!strcmp(name, "wal") || !strcmp(name, "seg") || !strcmp(name, "tmp")))
		return 0;
	assert_true(*l->n < FILES);
	snprintf(i->name, sizeof i->name, "%s%s%s", l->dir, *l->dir ? "/" : "", name);
	must(backend_open(l->b, i->name, FILE_LINKED, &f));
	must(file_size(f, &i->len));
	i->ptr = malloc(i->len + 1);
	must(file_read(f, i->ptr, i->len, 0));
	file_close(f);
	++*l->n;
	return 0;
}

static void keep_files(struct backend *b, struct image *file, unsigned *n)
{
	static const char *const dir[] = { "", "wal", "seg" };

	*n = 0;
	for (unsigned i = 0; i < 3; i++) {
		struct listing l = { b, file, n, dir[i] };

		must(backend_list(b, dir[i], keep_file, &l));
	}
}

static void put_back(struct backend *b, const struct image *i)
{
	struct file *f;

	must(backend_open(b, i->name, FILE_WRITE | FILE_LINKED, &f));
	must(file_resize(f, 0));
	must(file_write(f, i->ptr, i->len, 0));
	file_close(f);
}

static void forget_files(struct image *file, unsigned n)
{
	while (n)
		free(file[--n].ptr);
}

/* Two runs, a log of 30 commits, four blobs' worth of large values. */
static void fill(struct fixture *f)
{
	char buf[32];
	struct store *s = open_on(f->b, true);
	struct txn *t;

	must(txn_begin(&t, s));
	for (unsigned i = 0; i < KEYS; i++)
		put(f, t, i, i == 7 ? 150000 : i % 40 == 3 ? 3000 + i : (uint32_t)rnd(500));
	commit(f, t);
	must(store_fold(s));
	make_graph(s, "web");
	for (unsigned i = 1; i < KEYS; i += 2)
		put(f, t, i, (uint32_t)rnd(400));
	for (unsigned i = 0; i < KEYS; i += 11) {
		must(txn_remove(t, 0, key_of(i, buf)));
		f->row[i].there = false;
	}
	commit(f, t);
	must(store_fold(s));
	keep_files(f->b, f->older, &f->older_n);
	for (unsigned n = 0; n < 30; n++) {
		unsigned i = (unsigned)rnd(KEYS);

		put(f, t, i, n == 12 ? 5000 : n % 5 ? (uint32_t)rnd(600) : 520);
		if (n % 5 == 0) {
			i = (unsigned)rnd(KEYS);
			must(txn_remove(t, 0, key_of(i, buf)));
			f->row[i].there = false;
		}
		commit(f, t);
	}
	txn_abort(t);
	store_close(s);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	rng = 42;
	must(backend_mem(&f->b));
	mem_init(&f->mem, 0);
	must(store_create_on(f->b, bytes_str("reserve_size = 0\n")));
	fill(f);
	keep_files(f->b, f->file, &f->file_n);
	rng = clock_random();
	if (getenv("SEED"))
		rng = strtoull(getenv("SEED"), NULL, 10);
	print_message("# seed %llu\n", (unsigned long long)rng);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	forget_files(f->file, f->file_n);
	forget_files(f->older, f->older_n);
	assert_int_equal(f->mem.used, 0);
	backend_close(f->b);
	free(f);
	return 0;
}

/* --- reading and checking --- */

enum answer { RIGHT, FAILED, WRONG };

static enum answer read_key(struct store *s, const struct row *row, unsigned i)
{
	static uint8_t got[VALUE_MAX + 1];
	struct value *v;
	struct entry e;
	char buf[32];
	uint64_t off = 0;
	long n;
	int r = store_get_value(s, 0, key_of(i, buf), &e, &v);

	if (r < 0)
		return FAILED;
	if (r == 0)
		return row->there ? WRONG : RIGHT;
	while ((n = value_read(v, off, got + off, sizeof got - off)) > 0)
		off += (uint64_t)n;
	value_close(v);
	if (n < 0)
		return FAILED;
	return row->there && off == row->len && e.version == row->version &&
	       !memcmp(got, value_of(row->seed, row->len), row->len) ? RIGHT : WRONG;
}

struct told {
	unsigned note, torn, damage, unreadable, with_key;
	char last[3000];
};

static int tell(void *ctx, const struct check_finding *f)
{
	struct told *t = ctx;

	t->note += f->weight == CHECK_NOTE;
	t->torn += f->weight == CHECK_TORN;
	t->damage += f->weight == CHECK_DAMAGE;
	t->unreadable += f->weight == CHECK_UNREADABLE;
	t->with_key += f->key.len > 0;
	assert_non_null(f->what);
	assert_true(f->file && *f->file);
	if (f->weight == CHECK_DAMAGE) {
		assert_true(*f->so && *f->next);
		snprintf(t->last, sizeof t->last, "%s: %lld: %s", f->file,
			 (long long)f->off, f->what);
	}
	return 0;
}

static int check(struct fixture *f, struct backend *on, struct told *t)
{
	struct check c = { .mem = &f->mem, .full = true, .found = tell, .ctx = t };
	int r;

	memset(t, 0, sizeof *t);
	must(backend_mem_again(&c.backend, on));
	r = check_store(&c);
	backend_close(c.backend);
	return r;
}

/* --- harm --- */

static struct image *file_like(struct fixture *f, const char *prefix)
{
	for (unsigned i = 0; i < f->file_n; i++)
		if (!strncmp(f->file[i].name, prefix, strlen(prefix)))
			return &f->file[i];
	fail_msg("no file %s in the store", prefix);
	return NULL;
}

static struct image *the_log(struct fixture *f)
{
	return file_like(f, "wal/0000000003");
}

static void flip(struct fixture *f, const struct image *i, uint64_t bit)
{
	struct file *file;
	uint8_t byte;

	must(backend_open(f->b, i->name, FILE_WRITE | FILE_LINKED, &file));
	must(file_read(file, &byte, 1, bit / 8));
	byte ^= (uint8_t)(1 << bit % 8);
	must(file_write(file, &byte, 1, bit / 8));
	file_close(file);
}

static void zero(struct fixture *f, const char *name, uint64_t off, size_t len)
{
	uint8_t *zeros = calloc(1, len);
	struct file *file;

	must(backend_open(f->b, name, FILE_WRITE | FILE_LINKED, &file));
	must(file_write(file, zeros, len, off));
	file_close(file);
	free(zeros);
}

static void save(struct fixture *f, const char *name, struct image *i)
{
	struct file *file;

	snprintf(i->name, sizeof i->name, "%s", name);
	must(backend_open(f->b, name, 0, &file));
	must(file_size(file, &i->len));
	i->ptr = malloc(i->len);
	must(file_read(file, i->ptr, i->len, 0));
	file_close(file);
}

/* Damages FILE in one of many ways; false when that left it as it was. */
static bool harm(struct fixture *f, const struct image *i, const char **how)
{
	static const char *const hows[] = { "zeros", "cut", "extended", "blocks swapped",
		"block copied", "older file", "noise", "emptied" };
	uint64_t blk_n = (i->len + 4095) / 4096;
	uint64_t a = rnd(blk_n) * 4096, b = rnd(blk_n) * 4096, len = i->len;
	uint8_t *p = calloc(1, blk_n * 4096 + 8192);
	unsigned what = (unsigned)rnd(8);
	struct image now = { .ptr = p };
	bool changed;

	memcpy(now.name, i->name, sizeof now.name);
	memcpy(p, i->ptr, i->len);
	*how = hows[what];
	switch (what) {
	case 0: memset(p + a, 0, 1 + rnd(4096)); break;
	case 1: len = rnd(i->len + 1); break;
	case 2: len += 1 + rnd(8192); break;
	case 3: memcpy(p + a, i->ptr + b, i->len - b < 4096 ? i->len - b : 4096);
		memcpy(p + b, i->ptr + a, i->len - a < 4096 ? i->len - a : 4096); break;
	case 4: memcpy(p + a, i->ptr + b, i->len - b < 4096 ? i->len - b : 4096); break;
	case 5:
		for (unsigned n = 0; n < f->older_n; n++)
			if (!strcmp(f->older[n].name, i->name)) {
				len = f->older[n].len;
				memcpy(p, f->older[n].ptr, len < i->len ? len : i->len);
			}
		break;
	case 6: for (unsigned n = 0; n < 64; n++)
			p[(a + rnd(512)) % (i->len + 1)] = (uint8_t)rnd(256);
		break;
	default: len = 0;
	}
	now.len = len;
	changed = len != i->len || memcmp(p, i->ptr, len);
	put_back(f->b, &now);
	free(p);
	return changed;
}

static struct image *some_file(struct fixture *f)
{
	struct image *i;

	do
		i = &f->file[rnd(f->file_n)];
	while (i->len == 0);
	return i;
}

static uint64_t block(unsigned commit, unsigned sector, unsigned byte)
{
	return 8 * ((uint64_t)(WAL_FIRST_BLK + commit) * WAL_BLOCK + sector * DISK_SECTOR +
		    byte);
}

struct log_told {
	struct check_finding f;
	char graph[32];
	unsigned n;
};

static int tell_log(void *ctx, const struct check_finding *f)
{
	struct log_told *t = ctx;

	t->f = *f;
	snprintf(t->graph, sizeof t->graph, "%s", f->graph ? f->graph : "");
	t->n++;
	return 0;
}

#define PROMISE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
