/* strato-graph degree - how many edges nodes have
 *
 * For all nodes the rows of each type are added up in an array of 8 bytes a node,
 * the targets untouched; for named nodes only their rows are read.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/graph.h"

enum { OPT_TOP = 1 };
#define BAR_WIDTH 40u

static const struct cli_tool tool = {
	.name = "strato-graph degree",
	.does = "how many edges nodes have",
	.usage = "[OPTION]... [NODE]...",
	.examples = "strato-graph degree -s /data/kv -g web --top=10\n"
		    "strato-graph degree -s /data/kv -g web --in --histogram",
};

struct degree {
	struct opened o;
	enum csr_direction way;
	bool histogram;
	uint64_t top;			/* 0: all, in key order */
	uint64_t *count;		/* by node */
	uint64_t missing_n;
};

static int put(struct degree *d, uint64_t id, uint64_t n)
{
	int r = opened_put_node(&d->o, "node", id);

	output_u64(d->o.rows, "degree", n);
	return r < 0 ? r : output_row(d->o.rows);
}

static int add_type(struct degree *d, struct csr *c, uint32_t type)
{
	struct csr_scan scan;
	uint64_t n;
	int r;

	csr_scan_begin(&scan, c, type);
	while ((r = csr_scan_degree(&scan, &n)) > 0)
		d->count[scan.node] += n;
	return r;
}

static int add_way(struct degree *d, enum csr_direction way)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < graph_types_n(d->o.graph, &d->o.types); i++)
		r = add_type(d, graph_csr(d->o.graph, way), graph_types_at(&d->o.types, i));
	return r;
}

static int count(struct degree *d)
{
	int r = 0;

	d->count = mem_zalloc(store_mem(d->o.store), 8 * graph_node_n(d->o.graph));
	if (!d->count)
		return ERR_MEMORY;
	if (graph_undirected(d->o.graph))
		return add_way(d, CSR_OUT);
	if (d->way & CSR_OUT)
		r = add_way(d, CSR_OUT);
	if (r == 0 && d->way & CSR_IN)
		r = add_way(d, CSR_IN);
	return r;
}

/* --- the greatest --- */

/* Is node A before B: more edges, or as many and an earlier key? */
static bool before(const struct degree *d, uint64_t a, uint64_t b)
{
	if (d->count[a] != d->count[b])
		return d->count[a] > d->count[b];
	return a < b;
}

/* A heap with the last of the best on top. */
static void sift(const struct degree *d, uint64_t *heap, uint64_t n, uint64_t i)
{
	for (;;) {
		uint64_t last = i, swap = heap[i];

		for (uint64_t c = 2 * i + 1; c <= 2 * i + 2 && c < n; c++)
			if (before(d, heap[last], heap[c]))
				last = c;
		if (last == i)
			return;
		heap[i] = heap[last];
		heap[last] = swap;
		i = last;
	}
}

static void best(const struct degree *d, uint64_t *heap, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		heap[i] = i;
	for (uint64_t i = n; i-- > 0;)
		sift(d, heap, n, i);
	for (uint64_t i = n; i < graph_node_n(d->o.graph); i++)
		if (before(d, i, heap[0])) {
			heap[0] = i;
			sift(d, heap, n, 0);
		}
	for (uint64_t left = n; left > 1;) {	/* the last goes to the end */
		uint64_t swap = heap[0];

		heap[0] = heap[--left];
		heap[left] = swap;
		sift(d, heap, left, 0);
	}
}

static int put_top(struct degree *d)
{
	uint64_t n = graph_node_n(d->o.graph), *heap;
	int r = 0;

	n = d->top < n ? d->top : n;
	heap = mem_alloc(store_mem(d->o.store), 8 * n);
	if (!heap)
		return ERR_MEMORY;
	if (n)
		best(d, heap, n);
	for (uint64_t i = 0; r == 0 && i < n; i++)
		r = put(d, heap[i], d->count[heap[i]]);
	mem_free(store_mem(d->o.store), heap);
	return r;
}

/* --- the histogram: degrees 0, 1, 2-3, 4-7, ... --- */

static unsigned bucket(uint64_t n)
{
	return n ? 64 - (unsigned)__builtin_clzll(n) : 0;
}

static int put_bucket(struct degree *d, unsigned i, uint64_t n, uint64_t most)
{
	uint64_t low = i ? 1ull << (i - 1) : 0, high = i ? low + (low - 1) : 0;
	char range[48];

	if (d->o.cli->json) {
		output_u64(d->o.rows, "degree_least", low);
		output_u64(d->o.rows, "degree_most", high);
	} else {
		snprintf(range, sizeof range, low == high ? "%llu" : "%llu-%llu",
			 (unsigned long long)low, (unsigned long long)high);
		output_text(d->o.rows, "degree", range);
	}
	output_u64(d->o.rows, "nodes", n);
	if (!d->o.cli->json)
		output_text(d->o.rows, "bar", output_bar(n, most, BAR_WIDTH));
	return output_row(d->o.rows);
}

static int put_histogram(struct degree *d)
{
	uint64_t n[65] = {0}, most = 0;
	unsigned used = 0;
	int r = 0;

	for (uint64_t i = 0; i < graph_node_n(d->o.graph); i++)
		n[bucket(d->count[i])]++;
	for (unsigned i = 0; i < 65; i++) {
		most = n[i] > most ? n[i] : most;
		used = n[i] ? i + 1 : used;
	}
	for (unsigned i = 0; r == 0 && i < used; i++)
		r = put_bucket(d, i, n[i], most);
	return r;
}

/* --- */

static int put_all(struct degree *d)
{
	int r = count(d);

	if (r == 0 && d->histogram)
		return put_histogram(d);
	if (r == 0 && d->top)
		return put_top(d);
	for (uint64_t i = 0; r == 0 && i < graph_node_n(d->o.graph); i++)
		r = put(d, i, d->count[i]);
	return r;
}

static int put_named(struct degree *d, const char *key)
{
	uint64_t id, n;
	int r = 0;

	for (; r == 0 && key; key = cli_operand_if_any(d->o.cli)) {
		r = opened_node(&d->o, bytes_str(key), &id);
		if (r == ERR_ABSENT) {
			d->missing_n++;
			r = 0;
			continue;
		}
		if (r > 0)
			r = graph_degree(d->o.graph, id, d->way, &d->o.types, &n);
		if (r == 0)
			r = put(d, id, n);
	}
	return r == 0 && d->missing_n ? ERR_ABSENT : r;
}

static int degree(struct degree *d, struct cli *c)
{
	const char *key = cli_operand_if_any(c);
	int r = opened_begin(&d->o, c);

	if (r == 0)
		r = output_open(&d->o.rows, cli_style(c, d->histogram), opened_sink(&d->o),
				NULL);
	if (r == 0)
		r = opened_types(&d->o);
	if (r == 0)
		r = key ? put_named(d, key) : put_all(d);
	if (d->count)
		mem_free(store_mem(d->o.store), d->count);
	return opened_end(&d->o, r);
}

int degree_main(int argc, const char **argv)
{
	int way[3] = {0}, histogram = 0;
	const struct poptOption table[] = {
		OPTION_WAY(way),
		OPTION_TYPE,
		CLI_FLAG("histogram", 0, &histogram, "nodes by degree, with bars"),
		CLI_TEXT("top", 0, OPT_TOP, "the N nodes with the most edges", "N"),
		CLI_OPTION_GRAPH,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct degree d = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	d.way = opened_way(&cli, way);
	d.histogram = histogram;
	d.top = cli_u64(&cli, OPT_TOP, 1, UINT64_MAX, 0);
	if (d.histogram && d.top)
		cli_usage(&cli, "--histogram and --top exclude each other");
	if ((d.histogram || d.top) && cli_operand_peek(&cli))
		cli_usage(&cli, "--histogram and --top are of all nodes");
	return cli_end(&cli, degree(&d, &cli));
}
