/* strato-graph degree - how many edges nodes have
 *
 * For all nodes the rows of each type are read side by side (walk/degrees); for
 * named nodes only theirs.  No list of neighbours is touched.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/graph.h"
#include "graph/walk/degrees.h"

enum { OPT_TOP = 1 };
#define BAR_WIDTH 40u

static const struct cli_tool tool = {
	.name = "strato-graph degree",
	.does = "how many edges nodes have",
	.usage = "[OPTION]... [NODE]...\n"
		 "[OPTION]... -b [FILE]...",
	.examples = "strato-graph degree -s /data/kv -g web --top=10\n"
		    "strato-graph degree -s /data/kv -g web --in --histogram",
};

struct degree {
	struct opened o;
	struct degrees all;
	enum csr_direction way;
	bool histogram, batch;
	uint64_t top;			/* 0: all, in order */
	uint64_t missing_n;
};

static int put(struct degree *d, uint64_t id, uint64_t n)
{
	row_node(&d->o.row, "node", id);
	row_u64(&d->o.row, "degree", n);
	return row_end(&d->o.row);
}

/* --- the greatest --- */

struct hub {
	uint64_t node, degree;
};

/* More edges, or as many and an earlier key? */
static bool before(const struct hub *a, const struct hub *b)
{
	if (a->degree != b->degree)
		return a->degree > b->degree;
	return a->node < b->node;
}

/* A heap with the last of the best on top. */
static void sift(struct hub *heap, uint64_t n, uint64_t i)
{
	for (;;) {
		struct hub swap = heap[i];
		uint64_t last = i;

		for (uint64_t c = 2 * i + 1; c <= 2 * i + 2 && c < n; c++)
			if (before(&heap[last], &heap[c]))
				last = c;
		if (last == i)
			return;
		heap[i] = heap[last];
		heap[last] = swap;
		i = last;
	}
}

/* The N best of all, the best first. */
static int best(struct degree *d, struct hub *heap, uint64_t n)
{
	struct hub next = {0};
	uint64_t seen = 0;
	int r;

	for (; (r = degrees_next(&d->all, &next.degree)) > 0; seen++) {
		next.node = d->all.node - 1;
		if (seen < n) {
			heap[seen] = next;
			for (uint64_t i = n; seen == n - 1 && i-- > 0;)
				sift(heap, n, i);
		} else if (n && before(&next, heap)) {
			*heap = next;
			sift(heap, n, 0);
		}
	}
	for (uint64_t left = n; left > 1;) {	/* the last goes to the end */
		struct hub last = *heap;

		*heap = heap[--left];
		heap[left] = last;
		sift(heap, left, 0);
	}
	return r;
}

static int put_top(struct degree *d)
{
	uint64_t n = graph_count(d->o.graph);
	struct hub *heap;
	int r;

	n = d->top < n ? d->top : n;
	heap = mem_alloc(store_mem(d->o.store), n * sizeof *heap);
	if (!heap)
		return ERR_MEMORY;
	r = best(d, heap, n);
	for (uint64_t i = 0; r == 0 && i < n; i++)
		r = put(d, heap[i].node, heap[i].degree);
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
	uint64_t n[65] = {0}, most = 0, degree;
	unsigned used = 0;
	int r;

	while ((r = degrees_next(&d->all, &degree)) > 0)
		n[bucket(degree)]++;
	for (unsigned i = 0; i < 65; i++) {
		most = n[i] > most ? n[i] : most;
		used = n[i] ? i + 1 : used;
	}
	for (unsigned i = 0; r == 0 && i < used; i++)
		r = put_bucket(d, i, n[i], most);
	return r;
}

/* --- */

static int put_each(struct degree *d)
{
	uint64_t n;
	int r;

	while ((r = degrees_next(&d->all, &n)) > 0)
		if ((r = put(d, d->all.node - 1, n)) < 0)
			return r;
	return r;
}

static int put_all(struct degree *d)
{
	int r = degrees_begin(&d->all, d->o.graph, d->way, &d->o.types);

	if (r == 0)
		r = d->histogram ? put_histogram(d) : d->top ? put_top(d) : put_each(d);
	degrees_end(&d->all);
	return r;
}

static int absent(struct degree *d, struct bytes key)
{
	d->missing_n++;
	if (!d->batch)
		return 0;
	row_bytes(&d->o.row, "node", key);
	row_absent(&d->o.row, "degree");
	return row_end(&d->o.row);
}

static int answer(struct degree *d, struct bytes key)
{
	uint64_t id, n;
	int r = opened_node(&d->o, key, &id);

	if (r == ERR_ABSENT)
		return absent(d, key);
	if (r > 0)
		r = graph_degree(d->o.graph, id, d->way, &d->o.types, &n);
	return r < 0 ? r : put(d, id, n);
}

static int answer_record(void *ctx, const struct record *rec)
{
	return answer(ctx, rec->key);
}

static int put_named(struct degree *d, const char *key)
{
	int r = 0;

	if (d->batch)
		r = opened_questions(&d->o, RECORD_KEYS, answer_record, d);
	for (; !d->batch && r == 0 && key; key = cli_operand_if_any(d->o.cli))
		r = answer(d, bytes_str(key));
	return r == 0 && d->missing_n ? ERR_ABSENT : r;
}

static int degree(struct degree *d, struct cli *c)
{
	const char *key = d->batch ? NULL : cli_operand_if_any(c);
	int r = opened_begin(&d->o, c);

	if (r == 0 && d->histogram)
		r = output_open(&d->o.rows, cli_style(c, true), opened_sink(&d->o), NULL);
	else if (r == 0)
		r = opened_rows(&d->o);
	if (r == 0)
		r = opened_types(&d->o);
	if (r == 0)
		r = key || d->batch ? put_named(d, key) : put_all(d);
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
		CLI_OPTION_BATCH,
		CLI_OPTION_NULL,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
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
	d.batch = cli_given(&cli, CLI_VAL_BATCH);
	if ((d.histogram || d.top) && (d.batch || cli_operand_peek(&cli)))
		cli_usage(&cli, "--histogram and --top are of all nodes");
	return cli_end(&cli, degree(&d, &cli));
}
