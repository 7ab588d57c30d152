/* tests/unit/flow.c - lists read ahead: the same answers, every fault noticed, memory
 * bounded, nothing read that nobody wants
 */
#include "made_graph.h"

#include "graph/sweep.h"
#include "graph/walk/depths.h"
#include "graph/walk/pagerank.h"
#include "graph/walk/wcc.h"
#include "io/fault.h"
#include "io/file.h"

static const struct graph_types all = { .all = true };

/* Many parts of it are needed: a part is a thousand nodes or more. */
static void made_large(struct made *m, struct backend *b, enum csr_layout layout)
{
	uint64_t n = 180000 + rnd(100000);

	made_random(m, b, 20000 + rnd(20000), 0);
	made_close(m);
	free(m->edge);
	m->layout = layout;
	m->edge = calloc(2 * n, sizeof *m->edge);
	for (uint64_t i = 0; i < n; i++)
		made_add(m, (struct made_edge){ rnd(m->node_n), rnd(rnd(m->node_n) + 1),
						(uint32_t)rnd(m->type_n), {0} });
	made_write(m);
}

static void ahead(struct made *m, unsigned depth, uint32_t unit)
{
	*graph_reading(m->graph) = (struct graph_reading){
		.how = GRAPH_AHEAD, .depth = depth, .unit = unit,
	};
}

/* --- the same answers --- */

struct answers {
	struct depths d;
	struct pagerank p;
	struct wcc w;
};

static int ask(struct answers *a, struct made *m, unsigned threads)
{
	const struct depths_plan d = {
		.start = m->edge[m->edge_n / 2].from, .way = CSR_OUT, .types = all,
		.threads = threads, .parents = true,
	};
	const struct pagerank_plan p = {
		.types = all, .threads = threads, .damping = 0.85, .iterations = 4,
	};
	const struct wcc_plan w = { .types = all, .threads = threads };
	int r;

	memset(a, 0, sizeof *a);
	r = depths_find(&a->d, m->graph, &d);
	if (r == 0)
		r = pagerank_find(&a->p, m->graph, &p);
	return r == 0 ? wcc_find(&a->w, m->graph, &w) : r;
}

static void forget(struct answers *a)
{
	if (a->d.mem)
		depths_release(&a->d);
	if (a->p.mem)
		pagerank_release(&a->p);
	if (a->w.mem)
		wcc_release(&a->w);
}

static void read_ahead_or_mapped_the_answers_are_the_same(void **state)
{
	static const unsigned threads[] = { 1, 2, 3, 8 };
	struct answers want, got;
	struct made m;

	for (enum csr_layout layout = CSR_RAW; layout <= CSR_COO; layout++) {
		made_large(&m, *state, layout);
		made_read(&m, GRAPH_MAPPED);
		assert_int_equal(ask(&want, &m, 1), 0);
		assert_int_equal(graph_reading(m.graph)->bytes, 0);
		for (unsigned i = 0; i < 4; i++) {
			ahead(&m, 1 + (unsigned)rnd(9), 4096 << rnd(7));
			assert_int_equal(ask(&got, &m, threads[i]), 0);
			assert_true(graph_reading(m.graph)->bytes > 2 * m.edge_n);
			assert_memory_equal(got.d.depth, want.d.depth, m.node_n * 4);
			assert_memory_equal(got.d.parent, want.d.parent, m.node_n * 4);
			assert_memory_equal(got.p.rank, want.p.rank, m.node_n * 8);
			assert_memory_equal(got.w.root, want.w.root, m.node_n * 4);
			assert_int_equal(got.w.component_n, want.w.component_n);
			forget(&got);
		}
		forget(&want);
		made_free(&m);
	}
}

/* --- what is read --- */

static int count_edges(void *ctx, const struct sweep_part *p)
{
	_Atomic uint64_t *n = ctx;
	struct sweep_walk w;
	int r;

	sweep_begin(&w, p);
	while ((r = sweep_next(&w)) > 0)
		*n += w.list.n;
	return r;
}

static int count_nodes(void *ctx, const struct sweep_part *p)
{
	*(_Atomic uint64_t *)ctx += p->end - p->first;
	return 0;
}

static void only_parts_that_are_wanted_are_read(void **state)
{
	struct made m;
	struct sweep s;

	for (enum csr_layout layout = CSR_RAW; layout <= CSR_COO; layout++) {
		_Atomic uint64_t n = 0;
		uint64_t *skip, want, before, lists;

		made_large(&m, *state, layout);
		ahead(&m, 3, rnd(2) ? 8192 : 1 << 20);
		assert_int_equal(sweep_open(&s, m.graph, CSR_OUT, &all, 3), 0);
		assert_int_equal(sweep_ahead(&s), 1);
		lists = sweep_bytes(&s, NULL);
		assert_true(lists >= m.edge_n && s.part_n > 2);
		/* nobody walks: nothing is read */
		assert_int_equal(sweep_run(&s, count_nodes, &n), 0);
		assert_int_equal(n, m.node_n);
		assert_int_equal(graph_reading(m.graph)->bytes, 0);
		/* some parts, by one node of each */
		skip = malloc((m.node_n / 64 + 1) * 8);
		for (int i = 0; i < 8; i++) {
			memset(skip, 0xff, (m.node_n / 64 + 1) * 8);
			for (uint64_t k = 0; k < s.part_n; k++) {
				uint64_t node = s.border[k] + rnd(s.border[k + 1] - s.border[k]);

				skip[node / 64] &= ~(rnd(2) << node % 64);
			}
			want = 0;
			for (size_t k = 0; k < m.edge_n; k++)
				want += !(skip[m.edge[k].from / 64] >> m.edge[k].from % 64 & 1);
			before = graph_reading(m.graph)->bytes;
			n = 0;
			assert_int_equal(sweep_run_but(&s, skip, count_edges, &n), 0);
			assert_int_equal(n, want);
			before = graph_reading(m.graph)->bytes - before;
			assert_true(before <= sweep_bytes(&s, skip));
			assert_true(before + 2 * 4096 * s.part_n * s.source_n >= sweep_bytes(&s, skip));
		}
		memset(skip, 0xff, (m.node_n / 64 + 1) * 8);
		before = graph_reading(m.graph)->bytes;
		assert_int_equal(sweep_bytes(&s, skip), 0);
		assert_int_equal(sweep_run_but(&s, skip, count_edges, &n), 0);
		assert_int_equal(graph_reading(m.graph)->bytes, before);
		free(skip);
		sweep_close(&s);
		made_free(&m);
	}
}

static int fail_late(void *ctx, const struct sweep_part *p)
{
	_Atomic uint64_t *n = ctx;

	if (p->index == p->sweep->part_n / 2)
		return err_set(ERR_UNSUPPORTED, "the middle one");
	return count_edges(n, p);
}

static void a_run_that_failed_leaves_the_next_one_right(void **state)
{
	struct made m;
	struct sweep s;

	made_large(&m, *state, CSR_RAW);
	ahead(&m, 2, 4096);
	assert_int_equal(sweep_open(&s, m.graph, CSR_OUT, &all, 8), 0);
	for (int i = 0; i < 5; i++) {
		_Atomic uint64_t n = 0;

		assert_int_equal(sweep_run(&s, fail_late, &n), ERR_UNSUPPORTED);
		n = 0;
		assert_int_equal(sweep_run(&s, count_edges, &n), 0);
		assert_int_equal(n, m.edge_n);
	}
	sweep_close(&s);
	made_free(&m);
}

static void find_lists(struct made *m, uint64_t *lo, uint64_t *hi)
{
	uint64_t a, b;

	*lo = UINT64_MAX;
	*hi = 0;
	for (uint32_t t = 0; t < m->type_n; t++) {
		assert_int_equal(csr_lists_of(graph_csr(m->graph, CSR_OUT), t, 0, m->node_n,
					      &a, &b), 0);
		if (a < b) {
			*lo = a < *lo ? a : *lo;
			*hi = b > *hi ? b : *hi;
		}
	}
}

/* --- memory --- */

static int rank(struct made *m, struct pagerank *p)
{
	const struct pagerank_plan plan = {
		.types = all, .threads = 2, .damping = 0.85, .iterations = 3,
	};

	m->mem.peak = m->mem.used;
	return pagerank_find(p, m->graph, &plan);
}

static void by_size_it_is_what_memory_has_room_for(void **state)
{
	uint64_t lists, base, lo, hi;
	struct pagerank p;
	struct made m;

	made_large(&m, *state, CSR_RAW);
	find_lists(&m, &lo, &hi);
	lists = 4 * m.edge_n;
	base = m.mem.used + pagerank_memory(m.node_n);
	made_read(&m, GRAPH_BY_SIZE);
	m.mem.limit = base + lists + lists / 4;
	assert_int_equal(rank(&m, &p), 0);
	assert_int_equal(graph_reading(m.graph)->bytes, 0);
	pagerank_release(&p);
	/* two parts, 256 KiB of raw lists each, are less than these */
	m.mem.limit = base + lists - lists / 16;
	graph_reading(m.graph)->unit = 16384;
	assert_int_equal(rank(&m, &p), 0);
	assert_true(graph_reading(m.graph)->bytes >= 3 * lists);
	assert_true(m.mem.peak <= m.mem.limit);
	pagerank_release(&p);
	m.mem.limit = base + 65536;
	assert_int_equal(rank(&m, &p), ERR_MEMORY);
	assert_non_null(strstr(err_message(), " MiB of memory"));
	m.mem.limit = 0;
	made_free(&m);
}

/* Two slots and tables, whatever there is to read. */
static void memory_is_two_slots_and_tables(void **state)
{
	_Atomic uint64_t n = 0;
	struct made m;
	struct sweep s;
	uint64_t base;

	made_large(&m, *state, CSR_PACKED);
	ahead(&m, 1, 4096);
	base = m.mem.used;
	m.mem.peak = base;
	assert_int_equal(sweep_open(&s, m.graph, CSR_OUT, &all, 8), 0);
	assert_int_equal(sweep_run(&s, count_edges, &n), 0);
	assert_int_equal(n, m.edge_n);
	assert_true(s.part_n > 2);
	/* a part is 65536 edges, of less than 4 bytes each here */
	assert_true(m.mem.peak - base < 2 * (65536 * 4 + 3 * 4096 * s.source_n) + 65536);
	sweep_close(&s);
	assert_int_equal(m.mem.used, base);
	made_free(&m);
}

/* --- damage --- */

static void turn_over(struct made *m, uint64_t off)
{
	char name[SEGMENT_NAME_MAX];
	struct file *f;
	uint8_t byte;

	segment_name(name, SEGMENT_CSR, m->entry.segment[1].id);
	assert_int_equal(backend_open(m->backend, name, FILE_WRITE | FILE_LINKED, &f), 0);
	assert_int_equal(file_read(f, &byte, 1, off), 0);
	byte ^= (uint8_t)(1 << off % 8);
	assert_int_equal(file_write(f, &byte, 1, off), 0);
	file_close(f);
}

static void flip_some(struct made *m)
{
	for (uint64_t i = 0; i < scaled(5); i++) {
		_Atomic uint64_t n = 0;
		uint64_t lo, hi, off;
		struct sweep s;
		char text[64];

		ahead(m, 1 + (unsigned)rnd(5), 4096 << rnd(5));
		find_lists(m, &lo, &hi);
		off = lo + rnd(hi - lo);
		assert_int_equal(sweep_open(&s, m->graph, CSR_OUT, &all, 1 + (unsigned)rnd(4)), 0);
		assert_int_equal(sweep_run(&s, count_edges, &n), 0);
		turn_over(m, off);	/* after it was read once, and was right */
		assert_int_equal(sweep_run(&s, count_edges, &n), ERR_DAMAGED);
		snprintf(text, sizeof text, "offset %" PRIu64 ":", off / 4096 * 4096);
		assert_non_null(strstr(err_message(), text));
		turn_over(m, off);
		n = 0;
		assert_int_equal(sweep_run(&s, count_edges, &n), 0);
		assert_int_equal(n, m->edge_n);
		sweep_close(&s);
	}
}

static void a_byte_that_flipped_is_found_each_time(void **state)
{
	struct made m;

	for (enum csr_layout layout = CSR_RAW; layout <= CSR_COO; layout++) {
		made_large(&m, *state, layout);
		flip_some(&m);
		made_free(&m);
	}
}

static void a_file_that_was_cut_is_damage(void **state)
{
	char name[SEGMENT_NAME_MAX];
	_Atomic uint64_t n = 0;
	uint64_t lo, hi;
	struct file *f;
	struct made m;
	struct sweep s;

	made_large(&m, *state, CSR_RAW);
	ahead(&m, 2, 4 << 20);	/* one read: the tree of checksums is gone as well */
	find_lists(&m, &lo, &hi);
	assert_int_equal(sweep_open(&s, m.graph, CSR_OUT, &all, 1), 0);
	assert_int_equal(sweep_run(&s, count_edges, &n), 0);
	segment_name(name, SEGMENT_CSR, m.entry.segment[1].id);
	assert_int_equal(backend_open(m.backend, name, FILE_WRITE | FILE_LINKED, &f), 0);
	assert_int_equal(file_resize(f, hi / 2 / 4096 * 4096 + rnd(4096)), 0);
	file_close(f);
	assert_int_equal(sweep_run(&s, count_edges, &n), ERR_DAMAGED);
	assert_non_null(strstr(err_message(), "ends at byte"));
	sweep_close(&s);
	made_free(&m);
}

static void a_graph_that_was_removed_is_read_to_its_end_in_the_mapping(void **state)
{
	char name[SEGMENT_NAME_MAX];
	_Atomic uint64_t n = 0;
	struct made m;
	struct sweep s;

	made_large(&m, *state, CSR_PACKED);
	ahead(&m, 2, 8192);
	segment_name(name, SEGMENT_CSR, m.entry.segment[1].id);
	assert_int_equal(backend_rename(m.backend, name, "tmp/away"), 0);
	assert_int_equal(sweep_open(&s, m.graph, CSR_OUT, &all, 2), 0);
	assert_int_equal(sweep_ahead(&s), 0);
	assert_int_equal(sweep_run(&s, count_edges, &n), 0);
	assert_int_equal(n, m.edge_n);
	assert_int_equal(graph_reading(m.graph)->bytes, 0);
	sweep_close(&s);
	assert_int_equal(backend_rename(m.backend, "tmp/away", name), 0);
	made_free(&m);
}

/* --- a device that fails, is short, wants borders --- */

static struct backend *wounded(unsigned modes)
{
	struct backend *b;

	assert_int_equal(fault_open(&b, NULL, made_seed), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	fault_modes(b, modes);
	return b;
}

static void every_read_that_fails_is_an_error(void **state)
{
	struct backend *b = wounded(FAULT_DIRECT);
	struct answers want, got;
	uint64_t nth, hits = 0;
	struct made m;
	int r = ERR_IO;

	(void)state;
	made_large(&m, b, CSR_PACKED);
	made_read(&m, GRAPH_MAPPED);
	assert_int_equal(ask(&want, &m, 1), 0);
	for (nth = 1; r != 0; nth += 1 + nth / 2) {
		uint64_t used = m.mem.used;

		ahead(&m, 4, 16384);
		fault_calm(b);
		fault_fail(b, FAULT_READ, nth, ERR_IO, false);
		r = ask(&got, &m, 1 + (unsigned)rnd(3));
		assert_true(r == 0 || r == ERR_IO);
		if (r == 0)
			assert_memory_equal(got.p.rank, want.p.rank, m.node_n * 8);
		hits += r != 0;
		forget(&got);
		assert_int_equal(m.mem.used, used);
	}
	assert_true(hits > 5);
	fault_calm(b);
	forget(&want);
	made_free(&m);
	backend_close(b);
}

static void short_reads_go_on(void **state)
{
	struct backend *b = wounded(FAULT_DIRECT | FAULT_SHORT);
	struct answers want, got;
	struct made m;

	(void)state;
	made_large(&m, b, CSR_PACKED);
	made_read(&m, GRAPH_MAPPED);
	assert_int_equal(ask(&want, &m, 1), 0);
	ahead(&m, 4, 16384);
	assert_int_equal(ask(&got, &m, 3), 0);
	assert_true(graph_reading(m.graph)->direct);
	assert_memory_equal(got.d.depth, want.d.depth, m.node_n * 4);
	assert_memory_equal(got.p.rank, want.p.rank, m.node_n * 8);
	forget(&got);
	forget(&want);
	made_free(&m);
	backend_close(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, made_setup, made_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(read_ahead_or_mapped_the_answers_are_the_same),
		TEST(only_parts_that_are_wanted_are_read),
		TEST(a_run_that_failed_leaves_the_next_one_right),
		TEST(by_size_it_is_what_memory_has_room_for),
		TEST(memory_is_two_slots_and_tables),
		TEST(a_byte_that_flipped_is_found_each_time),
		TEST(a_file_that_was_cut_is_damage),
		TEST(a_graph_that_was_removed_is_read_to_its_end_in_the_mapping),
		TEST(every_read_that_fails_is_an_error),
		TEST(short_reads_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
