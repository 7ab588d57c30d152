/* tests/gpu/faults.c - a device that fails at any call: a right answer, or a clean error
 *
 * One job, over and over: a device is opened, a graph brought to it, searched, ranked,
 * all closed; each time the next call fails (tests/gpu/fault_layer.c), until a job comes
 * through in which no call was left to fail.  STRATO_TEST_SCALE from 1000 on takes every
 * call; below, those of the beginning and ever fewer of what follows.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "gpu/traverse.h"
#include "tests/lib/made_csr.h"
#include "tests/lib/opencl_kit.h"

#define MIB (UINT64_C(1) << 20)
#define WAIT_NS 30000000000ull	/* for what completes, on a machine that is busy */
#define HANG_NS 1000000000ull	/* for what does not */
#define LIMIT_NS 5000000000ull	/* of a job that does not */
#define MOST 100000u
#define KEPT 1000u
#define MANY 20u

static struct job {
	struct gpu_backend *b;
	struct arenas *a;
	struct traverse *t;
	uint32_t *depth, path[8];
	struct traverse_many many;
	double *rank;
	int64_t path_n;
} kept[KEPT];
static unsigned kept_n;

static struct made graph;
static uint32_t *depths, *depths_of_many, sources[MANY];
static double *ranks;
static struct buf text;
static unsigned run_n;
static uint64_t wait_ns = WAIT_NS;

static int bring(struct job *j, struct traverse_graph *g, struct arena_place *work)
{
	uint64_t row = 8 * (graph.n + 1ull), list = 4 * graph.edge_n;
	int r;

	*g = (struct traverse_graph){ .node_n = graph.n, .edge_n = graph.edge_n };
	g->out_first = g->in_first = (struct arena_place){ 0, 0 };
	g->out_to = g->in_to = (struct arena_place){ 0, MIB / 2 };
	*work = (struct arena_place){ 0, MIB };
	assert_true(row <= MIB / 2 && list <= MIB / 2);
	r = arena_write(j->a, g->out_first, graph.out_first, row);
	if (r == 0)
		r = arena_write(j->a, g->out_to, graph.out_to, list);
	return r;
}

static int ask(struct job *j)
{
	struct traverse_ranking k = { .damping = 0.85, .iterations = 3 };
	struct traverse_graph g;
	struct arena_place work;
	int r = bring(j, &g, &work);

	if (r == 0)
		r = traverse_bfs(j->t, &g, work, 1, TRAVERSE_NONE, j->depth, NULL);
	if (r == 0)
		r = traverse_pagerank(j->t, &g, work, &k, j->rank);
	if (r == 0) {
		j->path_n = traverse_path(j->t, &g, work, 1, 0, j->path, 8);
		r = j->path_n < 0 ? (int)j->path_n : 0;
	}
	if (r == 0)
		r = traverse_bfs64(j->t, &g, work, sources, MANY, &j->many, NULL);
	return r;
}

static int job(struct job *j)
{
	int r = opencl_open(&j->b, 0);

	if (r < 0)
		return r;
	j->b->wait_ns = wait_ns;
	r = arena_open(&j->a, j->b, 2 * MIB);
	if (r == 0)
		r = traverse_open(&j->t, j->b, j->a, buf_bytes(&text));
	if (r == 0)
		r = ask(j);
	traverse_close(j->t);
	arena_close(j->a);
	gpu_backend_close(j->b);
	return r;
}

static bool right(const struct job *j)
{
	for (uint32_t i = 0; i < MANY * graph.n; i++)
		if (traverse_many_at(&j->many, i / graph.n, i % graph.n) != depths_of_many[i])
			return false;
	for (uint32_t i = 0; i < graph.n; i++)
		if (!(fabs(j->rank[i] - ranks[i]) <= 1e-12))
			return false;
	return !memcmp(j->depth, depths, 4ull * graph.n) && j->path_n == depths[0] + 1 &&
	       j->path[0] == 1 && j->path[j->path_n - 1] == 0;
}

static bool clean(int r)
{
	return (r == ERR_DEVICE || r == ERR_MEMORY || r == ERR_UNAVAILABLE ||
		r == ERR_TOO_BIG) && *err_message();
}

/* A job with the Kth of a kind of calls failing; false: there was no such call. */
static bool fails_at(const char *kind, unsigned k)
{
	struct job j = { .depth = malloc(4ull * graph.n), .rank = malloc(8ull * graph.n) };
	uint64_t t0 = clock_ns(), took;
	bool met;
	char fault[64];
	int r;

	j.many.digit_n = TRAVERSE_DIGITS;
	j.many.seen = malloc(8ull * graph.n * (1 + TRAVERSE_DIGITS));
	for (unsigned i = 0; i < TRAVERSE_DIGITS; i++)
		j.many.digit[i] = j.many.seen + (i + 1ull) * graph.n;
	assert_true(j.depth && j.rank && j.many.seen);
	snprintf(fault, sizeof fault, "%u:%s:%u", ++run_n, kind, k);
	setenv("FAULT", fault, 1);
	setenv("FAULT_MET", "0", 1);
	err_clear();
	r = job(&j);
	took = clock_ns() - t0;
	met = atoi(getenv("FAULT_MET"));
	if (!strcmp(kind, "hang") && !met && r == ERR_DEVICE)
		met = true;	/* the machine stood still for a second: nothing is learned */
	if (r < 0 ? !met || !clean(r) || !strcmp(kind, "flip") : !right(&j))
		fail_msg("%s: %d %s", fault, r, err_message());
	if (!strcmp(kind, "hang") && met && (r != ERR_DEVICE || took > LIMIT_NS))
		fail_msg("%s: %d after %" PRIu64 " ms", fault, r, took / 1000000);
	if (r != ERR_DEVICE || strcmp(kind, "hang")) {
		free(j.depth);
		free(j.rank);
		free(j.many.seen);
	} else {	/* a hung device may write to it for ever */
		assert_true(kept_n < KEPT);
		kept[kept_n++] = j;
	}
	return met;
}

static void begin(void)
{
	const char *build = getenv("STRATO_BUILD");
	uint64_t seed = 7;
	char layer[4096];

	if (run_n)
		return;
	snprintf(layer, sizeof layer, "%s/tests/gpu/fault_layer.so", build ? build : ".");
	if (access(layer, R_OK) < 0) {
		print_message("there is no layer: apt install opencl-c-headers\n");
		skip();
	}
	setenv("OPENCL_LAYERS", layer, 1);
	gpu_backend_close(opencl_opened());
	made_kronecker(&graph, 9, 3000, &seed);
	made_both(&graph, 0, 1);
	made_sides(&graph);
	depths = malloc(4ull * graph.n);
	depths_of_many = malloc(4ull * MANY * graph.n);
	ranks = malloc(8ull * graph.n);
	made_depths(&graph, 1, TRAVERSE_NONE, depths);
	for (uint32_t i = 0; i < MANY; i++) {
		sources[i] = i * 37 % graph.n;
		made_depths(&graph, sources[i], TRAVERSE_NONE, depths_of_many + i * graph.n);
	}
	made_ranks(&graph, 0.85, 3, ranks);
	must(program_source(&text, "traverse.cl"));
	assert_false(fails_at("none", 0));
}

static int end(void **state)
{
	(void)state;
	made_release(&graph);
	free(depths);
	free(depths_of_many);
	free(ranks);
	buf_release(&text);
	return 0;
}

/* Of each kind there is one, and after the last of them there is none. */
static void each(const char *kind, unsigned all_of, unsigned part)
{
	unsigned k = 1, n = 0, step;

	begin();
	while (k < MOST && fails_at(kind, k)) {
		n++;
		step = k < all_of || scale() >= 1000 ? 1 : k / part;
		k += step ? step : 1;
	}
	assert_true(n > 0 && k < MOST);
	printf("# %s: %u of about %u\n", kind, n, k);
}

static void any_call_fails(void **state)
{
	(void)state;
	each("fail", 20, 4);
}

static void there_is_no_memory_for_a_buffer(void **state)
{
	(void)state;
	each("memory", 4, 4);
}

static void there_is_no_memory_when_a_buffer_is_used(void **state)
{
	(void)state;
	each("lazy", 6, 4);
}

static void the_device_is_lost_at_any_call(void **state)
{
	(void)state;
	each("lost", 6, 4);
}

static void nothing_ever_completes(void **state)
{
	(void)state;
	wait_ns = HANG_NS;
	each("hang", 2, 1);
	wait_ns = WAIT_NS;
}

static void a_bit_of_what_is_read_turns(void **state)
{
	(void)state;
	each("flip", 100, 4);
}

static void a_bit_of_all_that_is_read_turns(void **state)
{
	(void)state;
	each("flips", 4, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_call_fails),
		cmocka_unit_test(there_is_no_memory_for_a_buffer),
		cmocka_unit_test(there_is_no_memory_when_a_buffer_is_used),
		cmocka_unit_test(the_device_is_lost_at_any_call),
		cmocka_unit_test(nothing_ever_completes),
		cmocka_unit_test(a_bit_of_what_is_read_turns),
		cmocka_unit_test(a_bit_of_all_that_is_read_turns),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
