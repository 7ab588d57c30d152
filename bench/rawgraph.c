/* bench/rawgraph - a graph as a flat file: what the fewest reads can answer from
 *
 *	rawgraph make [-u] FILE		from lines SRC DST on stdin; -u: both directions,
 *					without loops.  Lists sorted, equal edges once
 *	rawgraph count FILE		directed edges
 *	rawgraph get FILE NODE		its neighbours, a line each: three preads
 *	rawgraph nodes FILE COUNT	nodes with a neighbour, drawn at random
 *	rawgraph pairs FILE COUNT	SRC TAB DST, both from the largest component
 *	rawgraph hops FILE SRC DST	edges of a shortest path; status 1 without one
 *
 * The file is of this machine: node_n and edge_n as two 64-bit words, node_n + 1
 * words saying where lists begin, and 32-bit ids.  Nothing is checked in it: it
 * is the floor beside which a store is put, and the reference that tells what to
 * expect: how many edges, how short a path.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct raw {			/* a whole file, mapped or being made */
	uint64_t node_n, edge_n;
	uint64_t *first;
	uint32_t *to;
};

struct edges {
	uint32_t (*pair)[2];
	uint64_t n, cap, node_n;
};

static void die(const char *what)
{
	fprintf(stderr, "rawgraph: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *allocate(uint64_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		die("memory");
	return p;
}

/* --- make --- */

static void add(struct edges *e, uint64_t src, uint64_t dst)
{
	uint64_t most = src > dst ? src : dst;

	if (most >= UINT32_MAX) {
		errno = ERANGE;
		die("an id");
	}
	if (e->n == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 1 << 16;
		e->pair = realloc(e->pair, e->cap * sizeof *e->pair);
		if (!e->pair)
			die("memory");
	}
	e->pair[e->n][0] = (uint32_t)src;
	e->pair[e->n++][1] = (uint32_t)dst;
	if (most >= e->node_n)
		e->node_n = most + 1;
}

static void read_edges(struct edges *e)
{
	char *line = NULL, *end;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0) {
		uint64_t src = strtoull(line, &end, 10);

		if (end > line)
			add(e, src, strtoull(end, NULL, 10));
	}
	free(line);
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Counts, sums up and deals out the edges, so that lists lie by their node. */
static void deal_out(struct raw *r, const struct edges *e, bool both)
{
	uint64_t *next;

	r->node_n = e->node_n;
	r->first = allocate(r->node_n + 1, sizeof *r->first);
	next = allocate(r->node_n + 1, sizeof *next);
	r->to = allocate(both ? 2 * e->n : e->n, sizeof *r->to);
	for (uint64_t i = 0; i < e->n; i++) {
		r->first[e->pair[i][0] + 1]++;
		r->first[e->pair[i][1] + 1] += both;
	}
	for (uint64_t i = 0; i < r->node_n; i++)
		r->first[i + 1] += r->first[i];
	memcpy(next, r->first, (r->node_n + 1) * sizeof *next);
	for (uint64_t i = 0; i < e->n; i++) {
		r->to[next[e->pair[i][0]]++] = e->pair[i][1];
		if (both)
			r->to[next[e->pair[i][1]]++] = e->pair[i][0];
	}
	free(next);
}

static void sort_lists(struct raw *r, bool no_loops)
{
	uint64_t out = 0, from = 0;

	for (uint64_t i = 0; i < r->node_n; i++) {
		uint64_t end = r->first[i + 1], begin = out;

		qsort(r->to + from, end - from, sizeof *r->to, by_id);
		for (; from < end; from++) {
			if ((no_loops && r->to[from] == i) ||
			    (out > begin && r->to[out - 1] == r->to[from]))
				continue;
			r->to[out++] = r->to[from];
		}
		r->first[i + 1] = out;
	}
	r->edge_n = out;
}

static void make(const char *path, bool both)
{
	struct edges e = { 0 };
	struct raw r = { 0 };
	FILE *f;

	read_edges(&e);
	deal_out(&r, &e, both);
	free(e.pair);
	sort_lists(&r, both);
	f = fopen(path, "wb");
	if (!f)
		die(path);
	fwrite(&r.node_n, sizeof r.node_n, 1, f);
	fwrite(&r.edge_n, sizeof r.edge_n, 1, f);
	fwrite(r.first, sizeof *r.first, r.node_n + 1, f);
	fwrite(r.to, sizeof *r.to, r.edge_n, f);
	if (fclose(f))
		die(path);
}

/* --- ask --- */

static void get(const char *path, uint64_t node)
{
	uint64_t head[2], span[2];
	uint32_t *to;
	off_t at;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, head, sizeof head, 0) != sizeof head)
		die(path);
	if (node >= head[0])
		die("no such node");
	at = (off_t)(sizeof head + node * sizeof *span);
	if (pread(fd, span, sizeof span, at) != sizeof span)
		die(path);
	to = allocate(span[1] - span[0], sizeof *to);
	at = (off_t)(sizeof head + (head[0] + 1) * sizeof *span + span[0] * sizeof *to);
	if (pread(fd, to, (span[1] - span[0]) * sizeof *to, at) < 0)
		die(path);
	for (uint64_t i = 0; i < span[1] - span[0]; i++)
		printf("%" PRIu32 "\n", to[i]);
	free(to);
	close(fd);
}

static struct raw map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	struct raw r;
	uint64_t *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die(path);
	close(fd);
	r = (struct raw){ p[0], p[1], p + 2, (uint32_t *)(p + 2 + p[0] + 1) };
	return r;
}

/* A permutation of 64 bits. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void nodes(const char *path, uint64_t count)
{
	struct raw r = map(path);

	for (uint64_t i = 0, n = 0; r.edge_n && n < count; i++) {
		uint64_t node = mix(i) % r.node_n;

		if (r.first[node] == r.first[node + 1])
			continue;
		printf("%" PRIu64 "\n", node);
		n++;
	}
}

/* Marks what can be reached from ROOT; how many that is. */
static uint64_t spread(const struct raw *r, uint32_t root, uint32_t *mark, uint32_t *queue)
{
	uint64_t head = 0, tail = 0;

	mark[root] = root + 1;
	queue[tail++] = root;
	while (head < tail) {
		uint32_t at = queue[head++];

		for (uint64_t i = r->first[at]; i < r->first[at + 1]; i++)
			if (!mark[r->to[i]]) {
				mark[r->to[i]] = root + 1;
				queue[tail++] = r->to[i];
			}
	}
	return tail;
}

/* Of a file made with -u: else a component is no such thing. */
static void pairs(const char *path, uint64_t count)
{
	struct raw r = map(path);
	uint32_t *mark = allocate(r.node_n, sizeof *mark);
	uint32_t *queue = allocate(r.node_n, sizeof *queue), giant = 0;
	uint64_t most = 0, seed = 0;

	for (uint32_t i = 0; i < r.node_n; i++)
		if (!mark[i]) {
			uint64_t n = spread(&r, i, mark, queue);

			if (n > most) {
				most = n;
				giant = i;
			}
		}
	for (uint64_t n = 0; most > 1 && n < 2 * count;) {
		uint64_t node = mix(++seed) % r.node_n;

		if (mark[node] == giant + 1)
			printf("%" PRIu64 "%c", node, n++ % 2 ? '\n' : '\t');
	}
	free(mark);
	free(queue);
}

/* Breadth first from SRC; a node's mark is its distance and one. */
static int hops(const char *path, uint64_t src, uint64_t dst)
{
	struct raw r = map(path);
	uint32_t *mark, *queue;
	uint64_t head = 0, tail = 0;

	if (src >= r.node_n || dst >= r.node_n)
		return 1;
	mark = allocate(r.node_n, sizeof *mark);
	queue = allocate(r.node_n, sizeof *queue);
	mark[src] = 1;
	queue[tail++] = (uint32_t)src;
	while (head < tail && !mark[dst]) {
		uint32_t at = queue[head++];

		for (uint64_t i = r.first[at]; i < r.first[at + 1]; i++)
			if (!mark[r.to[i]]) {
				mark[r.to[i]] = mark[at] + 1;
				queue[tail++] = r.to[i];
			}
	}
	if (mark[dst])
		printf("%" PRIu32 "\n", mark[dst] - 1);
	head = !mark[dst];
	free(mark);
	free(queue);
	return (int)head;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	int r = 0;

	if (!strcmp(what, "make"))
		make(argv[argc - 1], !strcmp(argv[2], "-u"));
	else if (!strcmp(what, "count"))
		printf("%" PRIu64 "\n", map(argv[2]).edge_n);
	else if (!strcmp(what, "get") && argc == 4)
		get(argv[2], strtoull(argv[3], NULL, 10));
	else if (!strcmp(what, "nodes") && argc == 4)
		nodes(argv[2], strtoull(argv[3], NULL, 10));
	else if (!strcmp(what, "pairs") && argc == 4)
		pairs(argv[2], strtoull(argv[3], NULL, 10));
	else if (!strcmp(what, "hops") && argc == 5)
		r = hops(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	else
		return 64;
	if (fflush(stdout) || ferror(stdout))
		die("output");
	return r;
}
