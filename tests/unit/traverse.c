/* tests/unit/traverse.c - what kernels say of a graph is what plain loops say
 *
 * Through PoCL, each graph twice: cut as for a processor, and as for a GPU, where
 * groups have 256 lanes.  STRATO_TEST_SCALE makes more graphs; STRATO_TEST_CHECKER says
 * that the device is oclgrind, which takes everything apart: then they are small.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "gpu/traverse.h"
#include "graph/list.h"
#include "tests/lib/made_csr.h"
#include "tests/lib/opencl_kit.h"

#define MIB (UINT64_C(1) << 20)

enum { CUTS = 2 };

static struct device {			/* of all tests: a driver starts slowly */
	struct gpu_backend *b;
	struct gpu_backend_ops ops, real;	/* its own, with smaller arenas */
	struct arenas *a;
	struct traverse *t[CUTS];
	uint64_t used[ARENA_MOST];
} device;

static uint64_t four_mib(struct gpu_backend *b)
{
	(void)b;
	return 4 * MIB;
}

static const struct traverse_cut cuts[CUTS] = {
	{ .lanes = 1, .groups = 7, .mine = 64, .hub = 500, .few = 100 },
	{ .lanes = 256, .groups = 5, .mine = 12, .hub = 700, .few = 300 },
};

#define TINY 32768u

/* What oclgrind's search for races costs is the buffer's length, whatever is used. */
static int tiny_arena(struct gpu_backend *b, uint64_t len, void **out)
{
	(void)len;
	return device.real.arena_new(b, TINY, out);
}

/* And it takes a buffer for as long as what was written to its beginning last. */
static int write_whole(struct gpu_backend *b, void *arena, uint64_t off, const void *ptr,
		       size_t len)
{
	static uint8_t all[TINY];
	int r;

	if (off || len > TINY)
		return device.real.write(b, arena, off, ptr, len);
	memset(all, 0xa5, sizeof all);
	memcpy(all, ptr, len);
	r = device.real.write(b, arena, 0, all, sizeof all);
	return r == 0 ? device.real.finish(b) : r;
}

static void write_all(struct arenas *a)
{
	static const uint8_t zero[TINY];

	for (uint32_t i = 0; i < arena_n(a); i++)
		must(arena_write(a, (struct arena_place){ i, 0 }, zero, sizeof zero));
	must(arena_finish(a));
}

static bool checker(void)
{
	return getenv("STRATO_TEST_CHECKER");
}

static uint64_t sized(uint64_t n)
{
	return checker() ? n / 128 + 2 : n;
}

static struct device *opened(void)
{
	struct device *d = &device;
	struct buf text = { 0 };
	struct traverse_cut cut;

	if (d->b)
		return d;
	d->b = opencl_opened();
	d->ops = *d->b->ops;
	d->ops.most = four_mib;
	d->real = d->ops;
	if (checker()) {
		d->ops.arena_new = tiny_arena;
		d->ops.write = write_whole;
	}
	d->b->ops = &d->ops;
	must(arena_open(&d->a, d->b, 24 * MIB));
	if (checker())
		write_all(d->a);
	must(program_source(&text, "traverse.cl"));
	for (unsigned i = 0; i < CUTS; i++) {
		cut = cuts[i];
		if (checker())
			cut = (struct traverse_cut){
				.lanes = i ? 32 : 1, .groups = 2, .mine = 12, .hub = 60,
				.few = 20, .checked = true,
			};
		must(traverse_open_cut(&d->t[i], d->b, d->a, buf_bytes(&text), &cut));
	}
	buf_release(&text);
	return d;
}

static int closed(void **state)
{
	struct device *d = &device;

	(void)state;
	for (unsigned i = 0; i < CUTS; i++)
		traverse_close(d->t[i]);
	arena_close(d->a);
	gpu_backend_close(d->b);
	return 0;
}

/* --- a graph in arenas, each array in the next one --- */

static struct arena_place put(struct device *d, uint32_t arena, const void *ptr, uint64_t len)
{
	struct arena_place p = { arena % arena_n(d->a), 0 };

	p.off = d->used[p.arena];
	must(arena_write(d->a, p, ptr, len));
	d->used[p.arena] = (p.off + len + 511) / 512 * 512;
	return p;
}

static struct traverse_graph load(struct device *d, const struct made *m, uint32_t arena)
{
	struct traverse_graph g = { .node_n = m->n, .edge_n = m->edge_n };

	memset(d->used, 0, sizeof d->used);
	g.out_first = put(d, arena, m->out_first, 8 * (m->n + 1ull));
	g.out_to = put(d, arena + 1, m->out_to, 4 * m->edge_n);
	g.in_first = put(d, arena + 2, m->in_first, 8 * (m->n + 1ull));
	g.in_to = put(d, arena + 3, m->in_to, 4 * m->edge_n);
	must(arena_finish(d->a));
	return g;
}

/* Behind the graph, and full of something. */
static struct arena_place room(struct device *d, uint32_t arena, uint64_t len)
{
	uint8_t *junk = malloc(len);
	struct arena_place p;

	assert_non_null(junk);
	memset(junk, 0xa5, len);
	p = put(d, arena, junk, len);
	must(arena_finish(d->a));
	d->used[p.arena] = p.off;	/* lent for a question */
	free(junk);
	return p;
}

static struct arena_place notes(struct device *d, enum traverse_kind kind, uint32_t n)
{
	return room(d, 4, traverse_room(kind, n));
}

/* --- what is asked of each graph --- */

static void same_depths(const uint32_t *got, const uint32_t *want, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (got[i] != want[i])
			fail_msg("node %" PRIu32 ": depth %" PRIu32 ", not %" PRIu32, i, got[i],
				 want[i]);
}

static void same_stat(const struct traverse_stat *s, const uint32_t *want, uint32_t n)
{
	uint64_t reached = 0;
	uint32_t most = 0;

	for (uint32_t i = 0; i < n; i++)
		if (want[i] != TRAVERSE_NONE) {
			reached++;
			most = want[i] > most ? want[i] : most;
		}
	assert_int_equal(s->reached_n, reached);
	assert_int_equal(s->step_n, most);
}

static void ask_depths(struct device *d, unsigned cut, const struct traverse_graph *g,
		       const struct made *m, uint32_t source, uint32_t most)
{
	uint32_t *got = malloc(4ull * m->n + 4), *want = malloc(4ull * m->n + 4);
	struct traverse_stat stat;

	must(traverse_bfs(d->t[cut], g, notes(d, TRAVERSE_BFS, m->n), source, most, got, &stat));
	made_depths(m, source, most, want);
	same_depths(got, want, m->n);
	same_stat(&stat, want, m->n);
	free(got);
	free(want);
}

static void ask_many(struct device *d, unsigned cut, const struct traverse_graph *g,
		     const struct made *m, unsigned n, uint64_t *seed)
{
	uint32_t source[TRAVERSE_MANY], *got = malloc(4ull * m->n), *want = malloc(4ull * m->n);
	struct traverse_many all = { .digit_n = 5 + (unsigned)(made_draw(seed) % 9) };
	uint64_t *words = calloc(m->n, 8 * (1ull + all.digit_n));
	uint32_t most = 0;
	int r;

	all.seen = words;
	for (unsigned k = 0; k < all.digit_n; k++)
		all.digit[k] = words + (k + 1ull) * m->n;
	for (unsigned i = 0; i < n; i++)
		source[i] = i ? (uint32_t)(made_draw(seed) % m->n) : m->n - 1;
	r = traverse_bfs64(d->t[cut], g, notes(d, TRAVERSE_BFS64, m->n), source, n, &all, NULL);
	for (unsigned i = 0; i < n; i++) {
		made_depths(m, source[i], TRAVERSE_NONE, want);
		for (uint32_t v = 0; v < m->n; v++) {
			most = want[v] != TRAVERSE_NONE && want[v] > most ? want[v] : most;
			got[v] = traverse_many_at(&all, i, v);
		}
		if (r == 0)
			same_depths(got, want, m->n);
	}
	/* the only reason to say no, and always said */
	assert_int_equal(r, most >> all.digit_n ? ERR_TOO_BIG : 0);
	free(words);
	free(got);
	free(want);
}

static bool leads(const struct made *m, uint32_t from, uint32_t to)
{
	for (uint64_t i = m->out_first[from]; i < m->out_first[from + 1]; i++)
		if (m->out_to[i] == to)
			return true;
	return false;
}

static void ask_path(struct device *d, unsigned cut, const struct traverse_graph *g,
		     const struct made *m, uint32_t from, uint32_t to)
{
	uint32_t *got = malloc(4ull * m->n + 4), *want = malloc(4ull * m->n + 4), len;
	int64_t n = traverse_path(d->t[cut], g, notes(d, TRAVERSE_PATH, m->n), from, to, got, m->n);

	must(n < 0 ? (int)n : 0);
	made_depths(m, from, TRAVERSE_NONE, want);
	len = want[to];
	assert_int_equal(n, len == TRAVERSE_NONE ? 0 : len + 1);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(want[got[i]], i);
		assert_true(i == 0 || leads(m, got[i - 1], got[i]));
	}
	assert_true(n == 0 || (got[0] == from && got[n - 1] == to));
	if (n > 1)
		assert_int_equal(traverse_path(d->t[cut], g, notes(d, TRAVERSE_PATH, m->n), from,
					       to, got, (uint32_t)n - 1), ERR_TOO_BIG);
	free(got);
	free(want);
}

static void near_ranks(const double *got, const double *want, uint32_t n)
{
	double all = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (!(fabs(got[i] - want[i]) <= 1e-12 * (want[i] + 1e-3 / n)))
			fail_msg("node %" PRIu32 ": rank %.17g, not %.17g", i, got[i], want[i]);
		all += got[i];
	}
	assert_true(fabs(all - 1) < 1e-9);
}

/* Ranks of both cuts, the same to the last bit. */
static void ask_ranks(struct device *d, const struct traverse_graph *g, const struct made *m,
		      uint64_t iterations)
{
	double *got[CUTS], *want = malloc(8ull * m->n);

	for (unsigned i = 0; i < CUTS; i++) {
		struct traverse_ranking k = {
			.damping = 0.85, .iterations = iterations,
			.by_place = (iterations + i) % 2, .names = room(d, 5, traverse_names(g)),
		};

		got[i] = malloc(8ull * m->n);
		must(traverse_pagerank(d->t[i], g, notes(d, TRAVERSE_PAGERANK, m->n), &k, got[i]));
		assert_int_equal(k.iteration_n, iterations);
	}
	made_ranks(m, 0.85, iterations, want);
	near_ranks(got[0], want, m->n);
	assert_memory_equal(got[0], got[1], 8ull * m->n);
	free(got[0]);
	free(got[1]);
	free(want);
}

static void ask_all(struct made *m, uint64_t *seed)
{
	struct device *d = opened();
	struct traverse_graph g;

	made_sides(m);
	/* oclgrind loses sight of what is written anywhere but to a buffer's beginning */
	g = load(d, m, checker() ? 0 : (uint32_t)made_draw(seed) % 8);
	for (unsigned i = 0; i < CUTS; i++) {
		uint32_t source = (uint32_t)(made_draw(seed) % m->n);

		ask_depths(d, i, &g, m, source, TRAVERSE_NONE);
		ask_depths(d, i, &g, m, m->n - 1, TRAVERSE_NONE);
		ask_depths(d, i, &g, m, 0, (uint32_t)(made_draw(seed) % 5));
		ask_path(d, i, &g, m, source, (uint32_t)(made_draw(seed) % m->n));
		ask_path(d, i, &g, m, 0, m->n - 1);
		ask_many(d, i, &g, m, made_draw(seed) % 4 ?
			 1 + (unsigned)(made_draw(seed) % 64) : 64, seed);
	}
	ask_ranks(d, &g, m, made_draw(seed) % (checker() ? 3 : 12));
	made_release(m);
}

static uint64_t begin(void)
{
	uint64_t seed = clock_random();
	const char *again = getenv("STRATO_TEST_SEED");

	opened();
	seed = again ? strtoull(again, NULL, 0) : seed;
	printf("# seed %" PRIu64 "\n", seed);
	return seed;
}

/* --- graphs --- */

static void graphs_of_few_nodes(void **state)
{
	uint64_t seed = begin();

	(void)state;
	for (uint32_t n = 1; n < 70; n += checker() ? 39 : 1 + n / 3) {
		struct made m = { 0 };

		made_random(&m, n, made_draw(&seed) % (3 * n), &seed);
		ask_all(&m, &seed);
	}
}

static void a_graph_of_no_edges(void **state)
{
	struct made m = { .n = (uint32_t)sized(5000) };
	uint64_t seed = begin();

	(void)state;
	ask_all(&m, &seed);
}

static void one_node_with_edges_to_itself(void **state)
{
	struct made m = { .n = 1 };
	uint64_t seed = begin();

	(void)state;
	made_add(&m, 0, 0);
	made_add(&m, 0, 0);
	ask_all(&m, &seed);
}

static void graphs_with_hubs(void **state)
{
	uint64_t seed = begin();

	(void)state;
	for (unsigned i = 0; i < (checker() ? 1 : scaled(3)); i++) {
		struct made m = { 0 };

		made_kronecker(&m, checker() ? 6 : 8 + 2 * (i % 4),
			       200 + made_draw(&seed) % sized(30000), &seed);
		ask_all(&m, &seed);
	}
}

static void random_graphs_in_pieces(void **state)
{
	uint64_t seed = begin();

	(void)state;
	for (unsigned i = 0; i < (checker() ? 1 : scaled(3)); i++) {
		struct made m = { 0 };
		uint32_t n = 100 + (uint32_t)(made_draw(&seed) % sized(20000));

		made_random(&m, n, made_draw(&seed) % (2 * n), &seed);
		ask_all(&m, &seed);
	}
}

static void a_grid(void **state)
{
	struct made m = { 0 };
	uint64_t seed = begin();

	(void)state;
	made_grid(&m, checker() ? 4 : 40, checker() ? 5 : 50);
	ask_all(&m, &seed);
}

static void a_long_chain(void **state)
{
	struct made m = { 0 };
	uint64_t seed = begin();

	(void)state;
	made_chain(&m, (uint32_t)sized(5000));
	ask_all(&m, &seed);
}

static void a_star_with_edges_twice_and_itself(void **state)
{
	uint64_t seed = begin();

	(void)state;
	for (uint32_t n = checker() ? 100 : 500; n <= sized(20000); n *= 6) {
		struct made m = { 0 };

		made_star(&m, n, n - 1);
		ask_all(&m, &seed);
	}
}

/* --- packed lists --- */

struct packed {
	uint64_t *at;
	uint8_t *bytes;
};

static void pack(struct made *m, struct packed *p)
{
	p->at = calloc(m->n + 1ull, sizeof *p->at);
	p->bytes = malloc(LIST_BYTES_MAX32(m->edge_n) + 64ull * m->n);
	assert_true(p->at && p->bytes);
	for (uint32_t v = 0; v < m->n; v++) {
		uint64_t n = m->out_first[v + 1] - m->out_first[v], k = m->out_first[v];

		p->at[v + 1] = p->at[v] + list_encode32(p->bytes + p->at[v], v, m->out_to + k, n);
	}
}

static void ask_unpack(struct device *d, unsigned cut, const struct made *m,
		       const struct packed *p, bool damaged)
{
	struct traverse_packed q = { .node_n = m->n, .edge_n = m->edge_n,
				     .packed_len = p->at[m->n] };
	uint32_t *got = calloc(m->edge_n + 16, 4);
	struct arena_place work;
	int r;

	memset(d->used, 0, sizeof d->used);
	q.packed = put(d, 0, p->bytes, q.packed_len);
	q.at = put(d, 1, p->at, 8 * (m->n + 1ull));
	q.first = put(d, 2, m->out_first, 8 * (m->n + 1ull));
	q.to = put(d, 3, got, 4 * (m->edge_n + 16));
	work = room(d, 4, TRAVERSE_UNPACK_ROOM);
	r = traverse_unpack(d->t[cut], &q, work);
	if (damaged)
		assert_true(r == 0 || r == ERR_DAMAGED);
	else
		must(r);
	must(arena_read(d->a, q.to, got, 4 * (m->edge_n + 16)));
	must(arena_finish(d->a));
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(got[m->edge_n + i], 0);
	for (uint64_t i = 0; r == 0 && i < m->edge_n; i++)
		assert_true(damaged ? got[i] < m->n : got[i] == m->out_to[i]);
	free(got);
}

static void unpack_all(struct made *m, uint64_t *seed)
{
	struct packed p;

	made_sides(m);
	pack(m, &p);
	for (unsigned i = 0; i < CUTS; i++)
		ask_unpack(opened(), i, m, &p, false);
	for (unsigned k = 0; p.at[m->n] && k < (checker() ? 1 : scaled(5)); k++) {
		p.bytes[made_draw(seed) % p.at[m->n]] ^= (uint8_t)(1u << made_draw(seed) % 8);
		for (unsigned i = 0; i < CUTS; i++)
			ask_unpack(opened(), i, m, &p, true);
	}
	free(p.at);
	free(p.bytes);
	made_release(m);
}

static void packed_lists_become_ids(void **state)
{
	uint64_t seed = begin();

	(void)state;
	for (unsigned i = 0; i < (checker() ? 3 : scaled(20)); i++) {
		struct made m = { 0 };
		uint32_t n = 1 + (uint32_t)(made_draw(&seed) % sized(30000));

		switch (i % 3) {
		case 0: made_random(&m, n, made_draw(&seed) % (3 * n), &seed); break;
		case 1: made_star(&m, checker() ? 1100 : 3000 + n, n / 2); break;
		default: made_kronecker(&m, checker() ? 5 : 12, sized(40000), &seed);
		}
		unpack_all(&m, &seed);
	}
}

/* --- what is refused --- */

static void a_node_that_is_not_there_is_refused(void **state)
{
	struct device *d = opened();
	struct made m = { .n = 3 };
	struct traverse_graph g;
	uint32_t node[3];

	(void)state;
	made_sides(&m);
	g = load(d, &m, 0);
	assert_int_equal(traverse_bfs(d->t[0], &g, notes(d, TRAVERSE_BFS, 3), 3, 9, node, NULL),
			 ERR_BUG);
	assert_int_equal(traverse_path(d->t[0], &g, notes(d, TRAVERSE_PATH, 3), 0, 3, node, 3),
			 ERR_BUG);
	node[0] = 0;
	node[1] = 3;
	assert_int_equal(traverse_bfs64(d->t[0], &g, notes(d, TRAVERSE_BFS64, 3), node, 2, NULL,
					NULL), ERR_BUG);
	assert_int_equal(traverse_bfs64(d->t[0], &g, notes(d, TRAVERSE_BFS64, 3), node, 0, NULL,
					NULL), ERR_BUG);
	made_release(&m);
}

static void a_graph_of_no_nodes_has_no_ranks(void **state)
{
	struct device *d = opened();
	struct traverse_ranking k = { .damping = 0.85, .iterations = 5 };
	struct made m = { 0 };
	struct traverse_graph g;

	(void)state;
	made_sides(&m);
	g = load(d, &m, 0);
	must(traverse_pagerank(d->t[0], &g, notes(d, TRAVERSE_PAGERANK, 0), &k, NULL));
	assert_int_equal(k.iteration_n, 0);
	made_release(&m);
}

static void edges_that_no_arena_holds_are_refused_with_the_figure(void **state)
{
	struct device *d = opened();
	struct traverse_graph g = { .node_n = 10, .edge_n = MIB + 1 };

	(void)state;
	assert_int_equal(traverse_bfs(d->t[0], &g, (struct arena_place){ 0, 0 }, 0, 9, NULL,
				      NULL), ERR_TOO_BIG);
	assert_non_null(strstr(err_message(), "4194308"));
	assert_non_null(strstr(err_message(), "4194304"));
	g.edge_n = UINT64_MAX / 4;
	assert_int_equal(traverse_bfs(d->t[0], &g, (struct arena_place){ 0, 0 }, 0, 9, NULL,
				      NULL), ERR_TOO_BIG);
}

static void places_outside_of_arenas_are_refused(void **state)
{
	struct device *d = opened();
	struct made m = { .n = 3 };
	struct traverse_graph g, bad;
	struct arena_place work;

	(void)state;
	made_sides(&m);
	g = load(d, &m, 0);
	work = notes(d, TRAVERSE_BFS, 3);
	bad = g;
	bad.in_first.arena = 64;
	assert_int_equal(traverse_bfs(d->t[0], &bad, work, 0, 9, NULL, NULL), ERR_BUG);
	bad = g;
	bad.out_first.off = 4 * MIB - 24;
	assert_int_equal(traverse_bfs(d->t[0], &bad, work, 0, 9, NULL, NULL), ERR_BUG);
	work.off = 4 * MIB - 256;
	assert_int_equal(traverse_bfs(d->t[0], &g, work, 0, 9, NULL, NULL), ERR_BUG);
	made_release(&m);
}

/* --- programs --- */

static void host_memory_runs_no_kernels_and_says_so(void **state)
{
	struct gpu_backend *b;
	struct program *p;

	(void)state;
	must(host_open(&b, MIB, NULL));
	assert_int_equal(program_open(&p, b, bytes_str("x"), NULL), ERR_UNAVAILABLE);
	assert_string_equal(err_message(), "host runs no kernels");
	assert_true(strlen(err_hint_text()) > 0);
	gpu_backend_close(b);
}

static void what_does_not_compile_is_told_in_the_compilers_words(void **state)
{
	struct device *d = opened();
	struct program *p;

	(void)state;
	assert_int_equal(program_open(&p, d->b, bytes_str("__kernel void f() { nonsense; }"),
				      NULL), ERR_BAD_RECORD);
	assert_non_null(strstr(program_log(), "nonsense"));
	if (!checker())
		assert_int_equal(program_open(&p, d->b, bytes_str(""), "-no-such-thing"),
				 ERR_USAGE);
}

static void a_kernel_is_given_what_it_takes_or_does_not_run(void **state)
{
	static const char text[] = "__kernel void twice(__global uchar *p, ulong off, uint n,\n"
		"__local uint *l) { __global uint *x = (__global uint *)(p + off);\n"
		"uint i = get_global_id(0); l[get_local_id(0)] = 2 * x[i]; \n"
		"x[i] = l[get_local_id(0)] + n; }";
	uint32_t v[4] = { 1, 2, 3, 4 };
	struct arena_place at = { 1, checker() ? 0 : 4096 };
	struct device *d = opened();
	struct gpu_arg arg[3] = { program_place(d->a, at), program_u32(100), program_local(16) };
	struct program *p;

	(void)state;
	must(program_open(&p, d->b, bytes_str(text), ""));
	must(arena_write(d->a, at, v, sizeof v));
	assert_int_equal(program_run(p, "thrice", arg, 3, 4, 2), ERR_USAGE);
	assert_int_equal(program_run(p, "twice", arg, 2, 4, 2), ERR_USAGE);
	assert_int_equal(program_run(p, "twice", arg, 3, 4, 3), ERR_USAGE);
	arg[1] = program_u64(100);
	assert_int_equal(program_run(p, "twice", arg, 3, 4, 2), ERR_USAGE);
	arg[1] = program_u32(100);
	must(program_run(p, "twice", arg, 3, 4, 2));
	must(arena_read(d->a, at, v, sizeof v));
	must(arena_finish(d->a));
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(v[i], 2 * (i + 1) + 100);
	program_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_memory_runs_no_kernels_and_says_so),
		cmocka_unit_test(what_does_not_compile_is_told_in_the_compilers_words),
		cmocka_unit_test(a_kernel_is_given_what_it_takes_or_does_not_run),
		cmocka_unit_test(graphs_of_few_nodes),
		cmocka_unit_test(a_graph_of_no_edges),
		cmocka_unit_test(one_node_with_edges_to_itself),
		cmocka_unit_test(graphs_with_hubs),
		cmocka_unit_test(random_graphs_in_pieces),
		cmocka_unit_test(a_grid),
		cmocka_unit_test(a_long_chain),
		cmocka_unit_test(a_star_with_edges_twice_and_itself),
		cmocka_unit_test(packed_lists_become_ids),
		cmocka_unit_test(a_node_that_is_not_there_is_refused),
		cmocka_unit_test(a_graph_of_no_nodes_has_no_ranks),
		cmocka_unit_test(edges_that_no_arena_holds_are_refused_with_the_figure),
		cmocka_unit_test(places_outside_of_arenas_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, closed);
}
