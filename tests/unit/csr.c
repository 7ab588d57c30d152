/* tests/unit/csr.c - graph/csr and graph/dict: rules of the bytes, by hand-made cases
 *
 * Segments whose checksums are right but whose contents lie: only the readers'
 * own checks stand between them and the caller.
 */
#include <inttypes.h>
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
#include "graph/csr.h"
#include "graph/csr_disk.h"
#include "graph/dict.h"
#include "graph/dict_disk.h"
#include "graph/sort.h"

static const uint8_t store_id[16] = "csr";
static uint64_t seed, turn;
static struct mem mem;

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static int setup(void **state)
{
	struct backend *b;

	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	mem_init(&mem, 0);
	assert_int_equal(backend_mem(&b), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	backend_close(*state);
	assert_int_equal(mem.used, 0);
	return 0;
}

/* --- csr --- */

static void check_rows(struct csr *c, const unsigned edge_n[4])
{
	struct csr_type_disk d;
	struct csr_list list;
	uint64_t to;

	for (uint32_t t = 0; t < 4; t++) {
		struct bytes dir = segment_section(csr_segment(c), CSR_TYPES);

		memcpy(&d, dir.ptr + t * sizeof d, sizeof d);
		assert_int_equal(le32_get(d.form), t == 0 && csr_layout(c) != CSR_COO ?
				 CSR_DENSE : CSR_SPARSE);
		assert_int_equal(le64_get(d.targets_off) % 64, 0);
		assert_int_equal(le64_get(d.rows_off) % 64, 0);
		for (unsigned node = 0; node < 100; node++) {
			unsigned first = node >= t && (node - t) % 4 == 0 ?
				(node - t) / 4 * 2 : 1000;
			unsigned want = first >= edge_n[t] ? 0 : first + 1 < edge_n[t] ? 2 : 1;

			assert_int_equal(csr_row(c, t, node, &list), 0);
			assert_int_equal(list.n, want);
			for (unsigned i = 0; i < want; i++) {
				assert_int_equal(csr_next(&list, &to), 1);
				assert_int_equal(to, first + i);
			}
			assert_int_equal(csr_next(&list, &to), 0);
		}
	}
}

static void rows_are_dense_or_sparse_and_read_alike(void **state)
{
	/* 100 nodes: type 0 has 25 edges (dense), 1 has 24 (sparse), 2 none, 3 one */
	static const unsigned edge_n[] = { 25, 24, 0, 1 };
	struct csr_plan plan = { CSR_OUT, 100, 4, 7, CSR_RAW, CSR_NO_VALUES };
	struct segment_ref ref;
	struct csr_writer *w;
	struct csr *c;

	for (; plan.layout <= CSR_COO; plan.layout++) {
		assert_int_equal(csr_create(&w, &plan, *state, store_id, &mem), 0);
		for (uint32_t t = 0; t < 4; t++)
			for (unsigned i = 0; i < edge_n[t]; i++)
				assert_int_equal(csr_add(w, t, i / 2 * 4 + t, i), 0);
		assert_int_equal(csr_finish(w, &ref), 0);
		assert_int_equal(csr_open(&c, *state, &ref, store_id, &mem), 0);
		assert_int_equal(csr_dict(c), 7);
		assert_int_equal(csr_layout(c), plan.layout);
		check_rows(c, edge_n);
		assert_int_equal(csr_check(c), 0);
		csr_close(c);
	}
}

static void edges_out_of_order_are_our_bug(void **state)
{
	static const unsigned edges[][2][3] = {	/* type, from, to; nodes 0..9, types 0..1 */
		{ { 1, 0, 0 }, { 0, 0, 0 } }, { { 0, 1, 0 }, { 0, 0, 0 } },
		{ { 0, 1, 1 }, { 0, 1, 0 } }, { { 0, 0, 0 }, { 2, 0, 0 } },
		{ { 0, 0, 0 }, { 0, 10, 0 } }, { { 0, 0, 0 }, { 0, 0, 10 } },
	};
	const struct csr_plan plan = { CSR_OUT, 10, 2, 1, CSR_RAW, CSR_NO_VALUES };

	for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
		const unsigned (*e)[3] = edges[i];
		struct csr_writer *w;

		assert_int_equal(csr_create(&w, &plan, *state, store_id, &mem), 0);
		assert_int_equal(csr_add(w, e[0][0], e[0][1], e[0][2]), 0);
		assert_int_equal(csr_add(w, e[1][0], e[1][1], e[1][2]), ERR_BUG);
		csr_abort(w);
	}
}

/* A copy of segment REF with one byte of a section or of META changed, and right
 * checksums again. */
static struct segment_ref forge(struct backend *b, const struct segment_ref *ref,
				uint32_t tag_n, uint32_t tag, uint64_t at, uint8_t byte)
{
	struct segment_writer *w;
	struct segment_ref out;
	struct segment *s;

	assert_int_equal(segment_open(&s, b, ref, store_id, &mem), 0);
	assert_int_equal(segment_create(&w, b, ref->kind, store_id, &mem), 0);
	for (uint32_t t = 0; t <= tag_n; t++) {
		struct bytes from = t ? segment_section(s, t) : segment_get_meta(s);
		uint8_t *copy = malloc(from.len + 1);

		if (!from.ptr || (t && !from.len)) {
			if (t && from.ptr)
				assert_int_equal(segment_begin(w, t), 0);
			free(copy);
			continue;
		}
		if (t)
			assert_int_equal(segment_check(s, from.ptr, from.len), 0);
		memcpy(copy, from.ptr, from.len);
		if (t == tag && at < from.len)
			copy[at] = byte;
		if (t)
			assert_int_equal(segment_begin(w, t), 0);
		assert_int_equal(t ? segment_write(w, copy, from.len) :
				 segment_meta(w, copy, from.len), 0);
		free(copy);
	}
	segment_close(s);
	assert_int_equal(segment_finish(w, &out), 0);
	return out;
}

/* Values of type 1 differ, those of the others do not; a list of 2000 is among them. */
static struct segment_ref small_csr(struct backend *b, enum csr_layout layout)
{
	const struct csr_plan plan = { CSR_OUT, 40, 3, 1, layout, CSR_INTEGERS };
	struct segment_ref ref;
	struct csr_writer *w;

	assert_int_equal(csr_create(&w, &plan, b, store_id, &mem), 0);
	for (uint32_t t = 0; t < 3; t++)
		for (unsigned i = 0; i < (t == 1 ? 60u : 8u); i++) {
			union csr_value v = { .i = t == 1 ? (int)i * 100 - 9 : -5 };

			for (unsigned k = 0; k < (t == 1 && i == 40 ? 2000 : 1); k++)
				assert_int_equal(csr_add_value(w, t, i / 2, i % 2 * 20 + t, v), 0);
		}
	assert_int_equal(csr_finish(w, &ref), 0);
	return ref;
}

/* Whole lists at a time, those that do not go that way one by one. */
static int walk_words(struct csr *c, uint32_t type)
{
	uint32_t room[700];
	struct csr_list list;
	struct csr_scan scan;
	size_t n;
	int r;

	csr_scan_begin(&scan, c, type);
	do {
		size_t most = LIST_BLOCK + 2 + (size_t)rnd(600);

		r = csr_scan_words(&scan, room, most, &n);
		assert_true(r < 0 || (r > 0) == (n > 0));
		assert_true(n + LIST_BLOCK <= most);
		for (size_t i = 0; r > 0 && i < n; i += 2 + room[i + 1]) {
			assert_true(room[i] < csr_node_n(c) && room[i + 1] <= n - i - 2);
			for (uint32_t k = 0; k < room[i + 1]; k++)
				assert_true(room[i + 2 + k] < csr_node_n(c));
		}
		if (r == 0)
			r = csr_scan_next(&scan, &list);
	} while (r > 0);
	return r;
}

/* Groups of lists, and what their firsts say of each. */
static int walk_firsts(struct csr *c, uint32_t type)
{
	struct csr_firsts f;
	struct csr_list list;
	struct csr_scan scan;
	uint64_t first;
	int r;

	csr_scan_begin(&scan, c, type);
	do {
		bool both = rnd(2);

		r = csr_scan_firsts(&scan, both, &f);
		for (unsigned k = 0; r > 0 && k < CSR_GROUP; k++) {
			if (!(f.rows >> k & 1))
				continue;
			assert_true(f.node + k < csr_node_n(c) && f.first[k] < csr_node_n(c));
			assert_true(!both || f.second[k] < csr_node_n(c));
			assert_true(csr_firsts_n(&f, k) > 0);
			if (csr_scan_open(&scan, k, &list) < 0)
				return ERR_DAMAGED;
			assert_int_equal(list.n, csr_firsts_n(&f, k));
			assert_true(csr_first(&list, &first) && first == f.first[k]);
		}
		if (r == 0)
			r = csr_scan_next(&scan, &list);
	} while (r > 0);
	return r;
}

static int walk_csr(struct csr *c)
{
	struct csr_list list;
	struct csr_scan scan;
	union csr_value v;
	uint64_t to;
	int r = 0;

	for (uint32_t t = 0; r >= 0 && t < csr_type_n(c); t++) {
		r = walk_words(c, t);
		if (r >= 0)
			r = walk_firsts(c, t);
		if (r >= 0)
			csr_scan_begin(&scan, c, t);
		while (r >= 0 && (r = csr_scan_next(&scan, &list)) > 0)
			while ((r = csr_next_value(&list, &to, &v)) > 0)
				assert_true(to < csr_node_n(c));
		for (uint64_t n = 0; r >= 0 && n < csr_node_n(c) && n < 100; n++) {
			r = csr_row(c, t, n, &list);
			if (r >= 0 && rnd(2))
				r = csr_seek(&list, rnd(50));
			while (r >= 0 && (r = csr_next(&list, &to)) > 0)
				assert_true(to < csr_node_n(c));
		}
	}
	return r;
}

static void contents_that_lie_are_damage_or_read_within_bounds(void **state)
{
	for (enum csr_layout layout = CSR_RAW; layout <= CSR_COO; layout++) {
		struct segment_ref ref = small_csr(*state, layout);
		unsigned refused = 0;

		for (int round = 0; round < 1200; round++) {
			uint32_t tag = (uint32_t)rnd(5);
			uint64_t size = tag == 0 ? 64 : tag == CSR_TYPES ? 192 :
				tag == CSR_ROWS ? 700 : rnd(2) ? 400 : 2500;
			struct segment_ref bad = forge(*state, &ref, 4, tag, rnd(size),
						       (uint8_t)(rnd(4) ? rnd(256) : 255));
			char name[SEGMENT_NAME_MAX];
			struct csr *c;
			int r = csr_open(&c, *state, &bad, store_id, &mem);

			if (r == 0) {
				r = walk_csr(c);
				if (r == 0)
					r = csr_check(c);
				csr_close(c);
			}
			assert_true(r == 0 || r == ERR_DAMAGED || r == ERR_NEWER);
			refused += r != 0;
			segment_name(name, bad.kind, bad.id);
			assert_int_equal(backend_remove(*state, name), 0);
		}
		print_message("# layout %s: %u of 1200 refused\n", csr_layout_name(layout), refused);
		assert_true(refused > 150);
	}
}

/* --- dict --- */

static struct segment_ref number_dict(struct backend *b, const uint64_t *key, size_t n)
{
	const struct dict_plan plan = { false, n ? key[0] : 0, n ? key[n - 1] : 0, n };
	const struct bytes type = bytes_str("t");
	struct dict_writer *w;
	struct segment_ref ref;

	assert_int_equal(dict_create(&w, &plan, b, store_id, &mem), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(dict_add_number(w, key[i]), 0);
	assert_int_equal(dict_finish(w, &type, 1, &ref), 0);
	return ref;
}

static void ask_number(struct dict *d, uint64_t key, int want, uint64_t want_id)
{
	char text[24];
	uint64_t id;

	sprintf(text, "%" PRIu64, key);
	assert_int_equal(dict_find(d, bytes_str(text), &id), want);
	if (want)
		assert_int_equal(id, want_id);
}

static void numbers_take_the_smallest_form(void **state)
{
	static const uint64_t none[1], one[] = { UINT64_MAX }, range[] = { 5, 6, 7, 8 },
		near[] = { 3, 5, 1000, 1001 }, ends[] = { 0, UINT64_MAX };
	static const struct {
		const uint64_t *key;
		size_t n;
		enum dict_form form;
	} cases[] = {
		{ none, 0, DICT_FORM_RANGE }, { one, 1, DICT_FORM_RANGE },
		{ range, 4, DICT_FORM_RANGE }, { near, 4, DICT_FORM_NUMBERS },
		{ near, 2, DICT_FORM_BITMAP }, { ends, 2, DICT_FORM_NUMBERS },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct segment_ref ref = number_dict(*state, cases[i].key, cases[i].n);
		struct dict *d;

		assert_int_equal(dict_open(&d, *state, &ref, store_id, &mem), 0);
		assert_int_equal(dict_form(d), cases[i].form);
		assert_int_equal(dict_check(d), 0);
		for (size_t k = 0; k < cases[i].n; k++) {
			ask_number(d, cases[i].key[k], 1, k);
			if (k + 1 < cases[i].n && cases[i].key[k] + 1 < cases[i].key[k + 1])
				ask_number(d, cases[i].key[k] + 1, 0, 0);
		}
		if (cases[i].n && cases[i].key[0])
			ask_number(d, cases[i].key[0] - 1, 0, 0);
		dict_close(d);
	}
}

static void the_longest_keys_and_all_their_prefixes(void **state)
{
	const struct dict_plan plan = { .strings = true };
	char *key = malloc(65535);
	struct buf got = { .mem = &mem };
	struct segment_ref ref;
	struct dict_writer *w;
	struct dict *d;
	uint64_t id;

	memset(key, 'k', 65535);
	assert_int_equal(dict_create(&w, &plan, *state, store_id, &mem), 0);
	for (size_t len = 65000; len <= 65535; len++)
		assert_int_equal(dict_add_string(w, bytes_of(key, len)), 0);
	assert_int_equal(dict_add_string(w, bytes_of(key, 65535)), ERR_BUG);
	assert_int_equal(dict_finish(w, NULL, 0, &ref), 0);
	assert_int_equal(dict_open(&d, *state, &ref, store_id, &mem), 0);
	for (size_t len = 65000; len <= 65535; len++) {
		assert_int_equal(dict_find(d, bytes_of(key, len), &id), 1);
		assert_int_equal(id, len - 65000);
		assert_int_equal(dict_key(d, id, &got), 0);
		assert_int_equal(got.len, len);
	}
	assert_int_equal(dict_find(d, bytes_of(key, 64999), &id), 0);
	assert_int_equal(dict_check(d), 0);
	dict_close(d);
	buf_release(&got);
	free(key);
}

static int walk_dict(struct dict *d)
{
	struct buf key = { .mem = &mem };
	struct bytes name;
	uint64_t id;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < dict_key_n(d) && i < 500; i++) {
		if ((r = dict_key(d, i, &key)) >= 0)
			r = dict_find(d, buf_bytes(&key), &id);
		if (r > 0)
			assert_true(id < dict_key_n(d));
		if (r >= 0 && (r = dict_at(d, i, &id)) == 0)
			assert_true(id < dict_key_n(d));
	}
	for (uint32_t t = 0; r >= 0 && t < dict_type_n(d) && t < 500; t++)
		r = dict_type(d, t, &name);
	buf_release(&key);
	return r;
}

static struct segment_ref string_dict(struct backend *b)
{
	const struct bytes types[] = { bytes_str(""), bytes_str("knows"), bytes_str("likes") };
	const struct dict_plan plan = { .strings = true };
	struct dict_writer *w;
	struct segment_ref ref;
	char key[32];

	assert_int_equal(dict_create(&w, &plan, b, store_id, &mem), 0);
	for (int i = 0; i < 60; i++) {
		sprintf(key, "prefix/%02d/tail", i);
		assert_int_equal(dict_add_string(w, bytes_str(key)), 0);
	}
	assert_int_equal(dict_finish(w, types, 3, &ref), 0);
	return ref;
}

/* The same keys, the last one first. */
static struct segment_ref turned_dict(struct backend *b, const struct segment_ref *from)
{
	const struct sort_options o = { .backend = b, .mem = &mem, .budget = 1u << 20,
					.words = 2, .bits = 128 };
	struct segment_ref ref;
	struct sort *places;
	struct dict *d;

	assert_int_equal(dict_open(&d, b, from, store_id, &mem), 0);
	assert_int_equal(sort_open(&places, &o), 0);
	for (uint64_t i = 0; i < dict_key_n(d); i++)
		assert_int_equal(sort_add(places, (sort_key)~i << 64 | i), 0);
	assert_int_equal(sort_finish(places), 0);
	assert_int_equal(dict_reorder(d, DICT_BY_DEGREE, places, 1u << 20, b, store_id, &mem,
				      &ref), 0);
	sort_close(places);
	dict_close(d);
	return ref;
}

static void a_dictionary_that_lies_is_damage_or_read_within_bounds(void **state)
{
	static const uint64_t near[] = { 3, 4, 6, 9, 200, 300, 301, 700, 702, 703, 704, 705,
		1000, 1001, 1005, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018 };
	static const uint64_t far[] = { 3, 1000, 1u << 30, 1ull << 40, 1ull << 60 };
	struct segment_ref refs[5];
	unsigned refused = 0;

	refs[0] = string_dict(*state);
	refs[1] = number_dict(*state, near, sizeof near / sizeof near[0]);
	refs[2] = number_dict(*state, far, sizeof far / sizeof far[0]);
	refs[3] = turned_dict(*state, &refs[0]);
	refs[4] = turned_dict(*state, &refs[1]);
	for (int round = 0; round < 2500; round++) {
		struct segment_ref bad = forge(*state, &refs[rnd(5)], 9, (uint32_t)rnd(10),
					       rnd(rnd(2) ? 16 : 200), (uint8_t)rnd(256));
		char name[SEGMENT_NAME_MAX];
		struct dict *d;
		int r = dict_open(&d, *state, &bad, store_id, &mem);

		if (r == 0) {
			r = walk_dict(d);
			if (r >= 0 && dict_key_n(d) < 10000)
				r = dict_check(d);
			dict_close(d);
		}
		assert_true(r >= 0 || r == ERR_DAMAGED || r == ERR_NEWER);
		refused += r < 0;
		segment_name(name, bad.kind, bad.id);
		assert_int_equal(backend_remove(*state, name), 0);
	}
	assert_true(refused > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rows_are_dense_or_sparse_and_read_alike,
						setup, teardown),
		cmocka_unit_test_setup_teardown(edges_out_of_order_are_our_bug,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			contents_that_lie_are_damage_or_read_within_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_take_the_smallest_form,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_longest_keys_and_all_their_prefixes,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_dictionary_that_lies_is_damage_or_read_within_bounds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
