/* bench/devicegraph - kernels over a graph that lies on an OpenCL device
 *
 *	devicegraph [-d N] [-n SOURCES] [-i ITERATIONS] [-s MIB] [-c] [-t] FILE
 *
 * FILE is as bench/rawgraph makes it with -u.  One JSON object on stdout: what the
 * device is, bytes a second to it and back, what a launch costs, and of each of SOURCES
 * (16) nodes drawn at random how long a search from it took, one from 64 of them at
 * once (edges counted for each of them), and an iteration of PageRank.  -d: the device, as strato-gpucache devices numbers them (0); -s: memory of
 * it (all that the graph needs); -c: answers are compared with plain loops, status 1
 * when one differs; -t: instead, lines: "bfs MS" for each source and "pagerank MS" for
 * each of 5 times an iteration.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "gpu/opencl.h"
#include "gpu/program.h"
#include "gpu/traverse.h"

#define MIB (UINT64_C(1) << 20)

struct bench {
	unsigned nth, source_n;
	uint64_t iterations, size;
	bool check, lines;
	struct gpu_backend *b;
	struct arenas *a;
	struct traverse *t;
	struct traverse_graph g;
	struct arena_place work, names;
	uint64_t node_n, edge_n;
	const uint64_t *first;		/* mapped */
	const uint32_t *to;
	uint32_t *source;
	double *ms;
	uint64_t used[ARENA_MOST];
	bool wrong;
};

static void die(const char *what)
{
	fprintf(stderr, "devicegraph: %s: %s\n", what, err_message());
	exit(2);
}

static void must(int r, const char *what)
{
	if (r < 0)
		die(what);
}

static double ms_since(uint64_t t0)
{
	return (double)(clock_ns() - t0) / 1e6;
}

static void *allocate(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		die("memory");
	memset(p, 0, n);	/* else its pages are made while we measure */
	return p;
}

/* --- the graph, from the file to the device --- */

static void map(struct bench *x, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint64_t *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		must(err_sys(ERR_NO_FILE, "%s", path), "open");
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		must(err_sys(ERR_IO, "%s", path), "map");
	close(fd);
	x->node_n = p[0];
	x->edge_n = p[1];
	x->first = p + 2;
	x->to = (const uint32_t *)(p + 2 + p[0] + 1);
}

static struct arena_place take(struct bench *x, uint64_t len)
{
	for (uint32_t i = 0; i < arena_n(x->a); i++)
		if (len <= arena_lens(x->a)[i] - x->used[i]) {
			struct arena_place p = { i, x->used[i] };

			x->used[i] += (len + 511) / 512 * 512;
			return p;
		}
	must(err_set(ERR_MEMORY, "no room for %" PRIu64 " bytes in one piece", len), "arenas");
	return (struct arena_place){ 0, 0 };
}

static double upload(struct bench *x)
{
	uint64_t t0 = clock_ns(), row = 8 * (x->node_n + 1), list = 4 * x->edge_n;

	must(arena_write(x->a, x->g.out_first, x->first, row), "upload");
	must(arena_write(x->a, x->g.out_to, x->to, list), "upload");
	must(arena_finish(x->a), "upload");
	return (double)(row + list) / ms_since(t0) / 1e6;
}

static void place(struct bench *x)
{
	uint64_t room = 0;

	for (unsigned k = 0; k <= TRAVERSE_BFS64; k++) {
		uint64_t n = traverse_room(k, (uint32_t)x->node_n);

		room = n > room ? n : room;
	}
	x->g = (struct traverse_graph){ .node_n = (uint32_t)x->node_n, .edge_n = x->edge_n };
	if (!x->size)
		x->size = 8 * (x->node_n + 1) + 4 * x->edge_n + room + traverse_names(&x->g) +
			  16 * MIB;
	must(arena_open(&x->a, x->b, x->size), "memory");
	x->g.out_to = x->g.in_to = take(x, 4 * x->edge_n);
	x->g.out_first = x->g.in_first = take(x, 8 * (x->node_n + 1));
	x->work = take(x, room);
	x->names = take(x, traverse_names(&x->g));
}

/* --- what is asked --- */

static uint64_t mix(uint64_t v)
{
	v += 0x9e3779b97f4a7c15u;
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9u;
	v = (v ^ v >> 27) * 0x94d049bb133111ebu;
	return v ^ v >> 31;
}

static void draw_sources(struct bench *x)
{
	uint64_t most = x->source_n > TRAVERSE_MANY ? x->source_n : TRAVERSE_MANY;

	x->source = allocate(most * sizeof *x->source);
	for (uint64_t i = 0, n = 0; x->edge_n && n < most; i++) {
		uint32_t v = (uint32_t)(mix(i) % x->node_n);

		if (x->first[v] < x->first[v + 1])
			x->source[n++] = v;
	}
}

/* Against what a queue says; the edges that were reached. */
static uint64_t judge_depths(struct bench *x, uint32_t source, const uint32_t *depth)
{
	uint32_t *want = allocate(x->node_n * 4), *queue = allocate(x->node_n * 4);
	uint64_t head = 0, tail = 0, edges = 0;

	memset(want, 0xff, x->node_n * 4);
	want[source] = 0;
	queue[tail++] = source;
	while (head < tail) {
		uint32_t v = queue[head++];

		edges += x->first[v + 1] - x->first[v];
		for (uint64_t i = x->first[v]; i < x->first[v + 1]; i++)
			if (want[x->to[i]] == UINT32_MAX) {
				want[x->to[i]] = want[v] + 1;
				queue[tail++] = x->to[i];
			}
	}
	if (memcmp(want, depth, x->node_n * 4)) {
		fprintf(stderr, "devicegraph: depths from %" PRIu32 " differ\n", source);
		x->wrong = true;
	}
	free(want);
	free(queue);
	return edges;
}

static uint64_t reached_edges(const struct bench *x, const uint32_t *depth)
{
	uint64_t n = 0;

	for (uint64_t v = 0; v < x->node_n; v++)
		if (depth[v] != TRAVERSE_NONE)
			n += x->first[v + 1] - x->first[v];
	return n;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_value);
	return n ? v[n / 2] : 0;
}

static void searches(struct bench *x)
{
	uint32_t *depth = allocate(x->node_n * 4);
	double *rate = allocate(x->source_n * sizeof *rate);
	double *ms = allocate(x->source_n * sizeof *ms);
	struct traverse_stat s = { 0 };

	must(traverse_bfs(x->t, &x->g, x->work, x->source[0], TRAVERSE_NONE, NULL, NULL), "bfs");
	for (unsigned i = 0; i < x->source_n; i++) {
		uint64_t t0 = clock_ns();

		must(traverse_bfs(x->t, &x->g, x->work, x->source[i], TRAVERSE_NONE, NULL, &s),
		     "bfs");
		ms[i] = ms_since(t0);
		if (x->lines)
			printf("bfs %.3f\n", ms[i]);
		if (x->lines && !x->check)
			continue;
		must(traverse_bfs(x->t, &x->g, x->work, x->source[i], TRAVERSE_NONE, depth, &s),
		     "bfs");
		rate[i] = (double)(x->check ? judge_depths(x, x->source[i], depth)
					    : reached_edges(x, depth)) / 2 / ms[i] / 1e3;
	}
	if (!x->lines)
		printf("  \"bfs_ms\": %.3f, \"bfs_mteps\": %.0f, \"bfs_steps\": %" PRIu32 ", "
		       "\"bfs_pulled\": %" PRIu32 ", \"bfs_waits\": %" PRIu32 ",\n",
		       median(ms, x->source_n), median(rate, x->source_n), s.step_n, s.pull_n,
		       s.wait_n);
	free(depth);
	free(rate);
	free(ms);
}

/* From many: what came is read, 56 bytes a node, and counted for MTEPS once; a part of it
 * compared. */
static double judge_many(struct bench *x)
{
	struct traverse_many m = { .digit_n = 6 };
	uint32_t *depth = allocate(x->node_n * 4);
	double edges = 0;

	m.seen = allocate(x->node_n * 8);
	for (unsigned k = 0; k < m.digit_n; k++)
		m.digit[k] = allocate(x->node_n * 8);
	must(traverse_bfs64(x->t, &x->g, x->work, x->source, TRAVERSE_MANY, &m, NULL), "bfs64");
	for (uint64_t v = 0; v < x->node_n; v++)
		edges += (double)(x->first[v + 1] - x->first[v]) *
			 __builtin_popcountll(m.seen[v]);
	for (unsigned i = 0; x->check && i < TRAVERSE_MANY; i += TRAVERSE_MANY / 4) {
		for (uint32_t v = 0; v < x->node_n; v++)
			depth[v] = traverse_many_at(&m, i, v);
		judge_depths(x, x->source[i], depth);
	}
	for (unsigned k = 0; k < m.digit_n; k++)
		free(m.digit[k]);
	free(m.seen);
	free(depth);
	return edges / 2;
}

static void many(struct bench *x)
{
	struct traverse_stat s = { 0 };
	double ms[5];

	if (x->lines)
		return;
	must(traverse_bfs64(x->t, &x->g, x->work, x->source, TRAVERSE_MANY, NULL, NULL), "bfs64");
	for (unsigned i = 0; i < 5; i++) {
		uint64_t t0 = clock_ns();

		must(traverse_bfs64(x->t, &x->g, x->work, x->source, TRAVERSE_MANY, NULL, &s),
		     "bfs64");
		ms[i] = ms_since(t0);
	}
	printf("  \"bfs64_ms\": %.3f, \"bfs64_tteps\": %.4f, \"bfs64_steps\": %" PRIu32 ", "
	       "\"bfs64_pulled\": %" PRIu32 ",\n", median(ms, 5),
	       judge_many(x) / median(ms, 5) / 1e9, s.step_n, s.pull_n);
}

static void judge_ranks(struct bench *x, const double *rank, uint64_t iterations)
{
	double *want = allocate(x->node_n * 8), *next = allocate(x->node_n * 8), most = 0;

	for (uint64_t v = 0; v < x->node_n; v++)
		want[v] = 1.0 / (double)x->node_n;
	for (uint64_t k = 0; k < iterations; k++) {
		double loose = 0;

		for (uint64_t v = 0; v < x->node_n; v++)
			if (x->first[v] == x->first[v + 1])
				loose += want[v];
		for (uint64_t v = 0; v < x->node_n; v++) {
			double sum = loose / (double)x->node_n;

			for (uint64_t i = x->first[v]; i < x->first[v + 1]; i++) {
				uint32_t u = x->to[i];

				sum += want[u] / (double)(x->first[u + 1] - x->first[u]);
			}
			next[v] = 0.15 / (double)x->node_n + 0.85 * sum;
		}
		memcpy(want, next, x->node_n * 8);
	}
	for (uint64_t v = 0; v < x->node_n; v++)
		most = fmax(most, fabs(rank[v] - want[v]) / want[v]);
	if (!(most < 1e-9)) {
		fprintf(stderr, "devicegraph: ranks differ by %g\n", most);
		x->wrong = true;
	}
	free(want);
	free(next);
}

static void ranks(struct bench *x)
{
	double *rank = allocate(x->node_n * 8), ms[5];

	for (unsigned i = 0; i < 5; i++) {
		struct traverse_ranking k = { .damping = 0.85, .iterations = 1,
			.by_place = true, .names = x->names };
		uint64_t t0;

		must(traverse_pagerank(x->t, &x->g, x->work, &k, NULL), "pagerank");
		k.iterations = x->iterations;
		t0 = clock_ns();
		must(traverse_pagerank(x->t, &x->g, x->work, &k, NULL), "pagerank");
		ms[i] = ms_since(t0) / (double)x->iterations;
		if (x->lines)
			printf("pagerank %.3f\n", ms[i]);
	}
	if (x->check) {
		struct traverse_ranking k = { .damping = 0.85, .iterations = 5,
			.by_place = true, .names = x->names };

		must(traverse_pagerank(x->t, &x->g, x->work, &k, rank), "pagerank");
		judge_ranks(x, rank, 5);
	}
	if (!x->lines)
		printf("  \"pagerank_ms\": %.3f, \"pagerank_medges\": %.0f,\n", median(ms, 5),
		       (double)x->edge_n / median(ms, 5) / 1e3);
	free(rank);
}

/* --- the device itself --- */

static void launches(struct bench *x)
{
	static const char text[] = "__kernel void none(__global uchar *p, ulong off) {}";
	struct gpu_arg arg = program_place(x->a, x->work);
	double one[200], many;
	struct program *p;
	uint64_t t0;

	must(program_open(&p, x->b, bytes_str(text), NULL), "a kernel");
	for (unsigned i = 0; i < 220; i++) {
		t0 = clock_ns();
		must(program_run(p, "none", &arg, 1, 1, 1), "a launch");
		must(arena_finish(x->a), "a launch");
		if (i >= 20)
			one[i - 20] = ms_since(t0) * 1e3;
	}
	t0 = clock_ns();
	for (unsigned i = 0; i < 2000; i++)
		must(program_run(p, "none", &arg, 1, 1, 1), "a launch");
	must(arena_finish(x->a), "launches");
	many = ms_since(t0) * 1e3 / 2000;
	printf("  \"launch_us\": %.1f, \"launch_in_a_row_us\": %.2f,\n", median(one, 200), many);
	program_close(p);
}

static void links(struct bench *x)
{
	uint64_t len = 4 * x->edge_n;
	double up[5], down[5];
	void *host = allocate(len);

	for (unsigned i = 0; i < 5; i++) {
		uint64_t t0;

		up[i] = upload(x);
		t0 = clock_ns();
		must(arena_read(x->a, x->g.out_to, host, len), "download");
		must(arena_finish(x->a), "download");
		down[i] = (double)len / ms_since(t0) / 1e6;
	}
	printf("  \"upload_gb_s\": %.2f, \"download_gb_s\": %.2f,\n", median(up, 5),
	       median(down, 5));
	free(host);
}

static void run(struct bench *x, const char *path)
{
	struct buf text = { 0 };
	struct gpu_shape shape;
	uint64_t t0 = clock_ns();
	double start, build;

	must(opencl_open(&x->b, x->nth), "the device");
	start = ms_since(t0);
	map(x, path);
	must(program_source(&text, "traverse.cl"), "kernels");
	place(x);
	t0 = clock_ns();
	must(traverse_open(&x->t, x->b, x->a, buf_bytes(&text)), "kernels");
	build = ms_since(t0);
	x->b->ops->shape(x->b, &shape);
	draw_sources(x);
	upload(x);
	if (!x->lines) {
		printf("{ \"nodes\": %" PRIu64 ", \"edges\": %" PRIu64 ",\n", x->node_n,
		       x->edge_n);
		printf("  \"cpu\": %s, \"units\": %" PRIu32 ", \"memory\": %" PRIu64
		       ", \"largest_arena\": %" PRIu64 ",\n", shape.cpu ? "true" : "false",
		       shape.units, x->b->ops->memory(x->b), x->b->ops->most(x->b));
		printf("  \"start_ms\": %.1f, \"build_ms\": %.1f,\n", start, build);
		links(x);
		launches(x);
	}
	searches(x);
	many(x);
	ranks(x);
	if (!x->lines)
		printf("  \"checked\": %s }\n", !x->check ? "null" : x->wrong ? "false" : "true");
	traverse_close(x->t);
	arena_close(x->a);
	gpu_backend_close(x->b);
	buf_release(&text);
}

int main(int argc, char **argv)
{
	struct bench x = { .source_n = 16, .iterations = 10 };
	int opt;

	while ((opt = getopt(argc, argv, "d:n:i:s:ct")) > 0)
		switch (opt) {
		case 'd': x.nth = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'n': x.source_n = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'i': x.iterations = strtoull(optarg, NULL, 10); break;
		case 's': x.size = strtoull(optarg, NULL, 10) * MIB; break;
		case 'c': x.check = true; break;
		case 't': x.lines = true; break;
		default: return 64;
		}
	if (optind + 1 != argc || !x.source_n || !x.iterations)
		return 64;
	run(&x, argv[optind]);
	free(x.source);
	if (fflush(stdout) || ferror(stdout))
		return 2;
	return x.wrong;
}
