/* tests/unit/spaces.c - the entries of graphs' spaces: told apart, found cheaply, and
 * dropped when the segments have them
 *
 * The model is, for each space, the version of each key's newest entry.  Random commits
 * to several spaces and the users' keys, `folded` moved on, graphs dropped, folds,
 * compactions, reopenings; after each the store tells the same.
 */
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
#include "io/backend.h"
#include "store/store.h"
#include "tests/lib/kit.h"

#define SPACES 4	/* 0, the users', and three graphs' */
#define KEYS 20

static uint64_t seed, turn;

static uint64_t rnd(uint64_t n)
{
	return hash_u64(seed + turn++) % n;
}

struct model {
	struct backend *backend;
	struct store *store;
	uint64_t version[SPACES][KEYS];		/* 0: no entry */
	uint64_t folded[SPACES];
	bool dropped[SPACES];
};

static struct bytes name_of(int i, char out[32])
{
	return bytes_of(out, (size_t)snprintf(out, 32, "%d-%d", i % 7, i));
}

static void open_it(struct model *m)
{
	const struct store_options o = { .write = true, .wait_ns = 1000000000 };

	store_close(m->store);
	m->store = NULL;
	must(store_open_on(&m->store, m->backend, &o));
}

static int add_graphs(void *ctx, struct manifest *m, uint64_t version)
{
	int r = 0;

	(void)ctx;
	for (int i = 1; r == 0 && i < SPACES; i++) {
		struct manifest_graph g = { .version = version, .space = m->next_space++ };

		snprintf(g.name, sizeof g.name, "g%d", i);
		r = manifest_add_graph(m, &g);
	}
	return r;
}

static void begin(struct model *m)
{
	const char *s = getenv("STRATO_TEST_SEED");
	uint64_t version;

	memset(m, 0, sizeof *m);
	seed = s ? strtoull(s, NULL, 0) : clock_random();
	print_message("# STRATO_TEST_SEED=%#llx\n", (unsigned long long)seed);
	must(backend_mem(&m->backend));
	must(store_create_on(m->backend, bytes_str("log_size = 1M\n")));
	open_it(m);
	must(store_publish(m->store, add_graphs, NULL, &version));
}

static void end(struct model *m)
{
	store_close(m->store);
	backend_close(m->backend);
}

static void commit(struct model *m)
{
	int n = 1 + (int)rnd(8), space[8], key[8];
	uint64_t version;
	struct txn *t;
	char name[32];

	must(txn_begin(&t, m->store));
	for (int i = 0; i < n; i++) {
		space[i] = (int)rnd(SPACES);
		key[i] = (int)rnd(KEYS);
		if (m->dropped[space[i]])
			space[i] = 0;
		must(txn_put(t, (uint32_t)space[i], name_of(key[i], name), bytes_str("v"), 0));
	}
	must(txn_commit(t, &version));
	txn_abort(t);
	for (int i = 0; i < n; i++)
		m->version[space[i]][key[i]] = version;
}

struct edit {
	char name[16];
	uint64_t folded;	/* 0: the graph goes */
};

static int edit(void *ctx, struct manifest *m, uint64_t version)
{
	const struct edit *e = ctx;

	(void)version;
	if (e->folded)
		manifest_find_graph(m, e->name)->folded = e->folded;
	else
		manifest_drop_graph(m, e->name);
	return 0;
}

static void change_a_graph(struct model *m)
{
	int space = 1 + (int)rnd(SPACES - 1);
	struct edit e;
	uint64_t version;

	if (m->dropped[space])
		return;
	for (int i = 0; i < KEYS; i++)		/* up to one of its entries' versions */
		if (m->version[space][i] > m->folded[space] && rnd(4) == 0)
			m->folded[space] = m->version[space][i];
	e.folded = m->folded[space];
	m->dropped[space] = !e.folded || rnd(16) == 0;
	if (m->dropped[space])
		e.folded = 0;
	snprintf(e.name, sizeof e.name, "g%d", space);
	must(store_publish(m->store, edit, &e, &version));
}

/* Those newer than AFTER, in order, and no others. */
static void check_changes(struct model *m, struct snapshot *v, int space, uint64_t after)
{
	bool seen[KEYS] = {0};
	struct iter *it = NULL;
	struct entry e;
	char name[32];
	int r = snapshot_changes(v, (uint32_t)space, after, &it), n = 0, i;

	must(r);
	while (r && iter_next(it, &e) == 1) {
		assert_int_equal(e.space, space);
		for (i = 0; i < KEYS && !bytes_equal(e.key, name_of(i, name)); i++)
			;
		assert_true(i < KEYS && !seen[i]);
		seen[i] = true;
		assert_int_equal(e.version, m->version[space][i]);
		assert_true(e.version > after);
		n++;
	}
	if (r)
		iter_close(it);
	for (i = 0; i < KEYS; i++)
		n -= m->version[space][i] > after;
	assert_int_equal(n, 0);
}

/* FOR_GRAPHS: the handle of a command that asks for nothing else. */
static void check(struct model *m, bool for_graphs)
{
	const struct store_options o = { .graphs = for_graphs };
	struct store *s;
	struct snapshot *v;

	must(store_open_on(&s, m->backend, &o));
	must(store_snapshot(s, &v));
	for (int space = 1; space < SPACES; space++)
		if (!m->dropped[space]) {
			check_changes(m, v, space, m->folded[space]);
			check_changes(m, v, space, snapshot_version(v));
		}
	snapshot_close(v);
	store_close(s);
}

static void a_graph_sees_its_own_changes_whatever_they_lie_in(void **state)
{
	struct model m;

	(void)state;
	begin(&m);
	for (unsigned i = 0; i < scaled(400); i++) {
		switch (rnd(12)) {
		case 0: must(store_fold(m.store)); break;
		case 1: must(store_compact(m.store)); break;
		case 2: open_it(&m); break;
		case 3: change_a_graph(&m); break;
		default: commit(&m);
		}
		check(&m, rnd(2));
	}
	end(&m);
}

static uint64_t entries(struct model *m, uint32_t space)
{
	const struct iter_from from = { .space = space };
	struct snapshot *v;
	struct iter *it;
	struct entry e;
	uint64_t n = 0;

	must(store_snapshot(m->store, &v));
	must(snapshot_iter(v, &from, &it));
	while (iter_next(it, &e) == 1 && e.space == space)
		n++;
	iter_close(it);
	snapshot_close(v);
	return n;
}

static void put(struct model *m, uint32_t space, int key)
{
	uint64_t version;
	struct txn *t;
	char name[32];

	must(txn_begin(&t, m->store));
	must(txn_put(t, space, name_of(key, name), bytes_str("v"), 0));
	must(txn_commit(t, &version));
	txn_abort(t);
	m->version[space][key] = version;
}

static void what_the_segments_have_goes_with_the_next_merge(void **state)
{
	struct model m;
	uint64_t version;

	(void)state;
	begin(&m);
	for (int i = 0; i < KEYS; i++)
		for (uint32_t space = 0; space < SPACES; space++)
			put(&m, space, i);
	must(store_publish(m.store, edit, &(struct edit){ "g1", m.version[1][KEYS / 2] },
			   &version));
	must(store_publish(m.store, edit, &(struct edit){ "g2", 0 }, &version));
	assert_int_equal(entries(&m, 1), KEYS);
	must(store_fold(m.store));
	assert_int_equal(entries(&m, 0), KEYS);
	assert_int_equal(entries(&m, 1), KEYS - KEYS / 2 - 1);
	assert_int_equal(entries(&m, 2), 0);
	assert_int_equal(entries(&m, 3), KEYS);
	/* and out of a run that had it already */
	must(store_publish(m.store, edit, &(struct edit){ "g3", 0 }, &version));
	put(&m, 0, 0);
	must(store_compact(m.store));
	assert_int_equal(entries(&m, 3), 0);
	assert_int_equal(entries(&m, 0), KEYS);
	end(&m);
}

static void without_changes_no_run_is_opened(void **state)
{
	const struct store_options o = { .graphs = true };
	struct snapshot *v;
	struct store *s;
	struct iter *it;
	struct model m;

	(void)state;
	begin(&m);
	put(&m, 0, 0);
	put(&m, 1, 0);
	must(store_fold(m.store));
	put(&m, 0, 1);
	must(store_open_on(&s, m.backend, &o));
	must(store_snapshot(s, &v));
	assert_int_equal(snapshot_manifest(v)->run[0].space_most, 1);
	assert_int_equal(snapshot_changes(v, 2, 0, &it), 0);
	assert_int_equal(snapshot_changes(v, 1, m.version[1][0], &it), 0);
	assert_int_equal(snapshot_changes(v, 1, m.version[1][0] - 1, &it), 1);
	iter_close(it);
	snapshot_close(v);
	store_close(s);
	end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_graph_sees_its_own_changes_whatever_they_lie_in),
		cmocka_unit_test(what_the_segments_have_goes_with_the_next_merge),
		cmocka_unit_test(without_changes_no_run_is_opened),
	};

	return cmocka_run_group_tests_name("spaces", tests, NULL, NULL);
}
