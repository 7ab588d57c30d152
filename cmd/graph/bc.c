/* strato-graph bc - how much of the shortest paths goes through each node
 *
 * From the sources named, from some chosen, or from all: each costs two readings of
 * the edges.  Those chosen depend on the number of nodes and on the order of keys
 * alone, so that the same graph gives the same bytes however it is stored.
 */
#include <inttypes.h>

#include "base/err.h"
#include "cli/progress.h"
#include "cmd/graph/result.h"
#include "graph/walk/bc.h"

enum { OPT_SAMPLES = 1 };

static const struct cli_tool tool = {
	.name = "strato-graph bc",
	.does = "how much of the shortest paths goes through each node",
	.usage = "[OPTION]... [SRC]...\n"
		 "[OPTION]... -b [FILE]...",
	.examples = "strato-graph bc -s /data/kv -g web --samples=16 --top=10\n"
		    "strato-graph bc -s /data/kv -g web Alice Bob\n"
		    "strato-graph bc -s /data/kv -g web -b people",
};

struct bc_ask {
	struct result s;
	struct bc_plan plan;
	struct bc bc;
	struct progress progress;
	uint64_t samples;	/* 0: sources are named, or all */
	bool normalize, batch;
	double greatest;
	uint64_t missing_n;
};

static bool score_of(const void *ctx, uint64_t id, uint64_t *out)
{
	const struct bc_ask *b = ctx;
	union csr_value v = { .r = b->bc.score[id] };

	if (b->normalize && b->greatest > 0)
		v.r /= b->greatest;
	*out = (uint64_t)v.i;	/* bits of what is not negative are in its order */
	return true;
}

static void put_score(struct row *w, const char *name, uint64_t bits)
{
	row_value(w, name, CSR_REALS, (union csr_value){ .i = (int64_t)bits });
}

static int add(struct bc_ask *b, uint64_t id)
{
	int r = bc_add(&b->bc, id);

	progress_at(&b->progress, b->bc.source_n, 0);
	return r;
}

static int add_key(struct bc_ask *b, struct bytes key)
{
	uint64_t id;
	int r = opened_node(&b->s.o, key, &id);

	if (r == ERR_ABSENT) {
		b->missing_n++;
		return 0;
	}
	return r < 0 ? r : add(b, id);
}

static int add_named(struct bc_ask *b)
{
	const char *key = cli_operand_if_any(b->s.o.cli);
	int r = 0;

	for (; r == 0 && key; key = cli_operand_if_any(b->s.o.cli))
		r = add_key(b, bytes_str(key));
	return r;
}

static int add_record(void *ctx, const struct record *rec)
{
	return add_key(ctx, rec->key);
}

static int add_all(struct bc_ask *b)
{
	uint64_t n = graph_count(b->s.o.graph), id;
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < n; i++) {
		r = dict_at(graph_dict(b->s.o.graph), i, &id);
		if (r >= 0)
			r = add(b, id);
	}
	return r < 0 ? r : 0;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* How far apart the places of samples are: about n by the golden ratio, so that they
 * spread however many there are, and nothing in common with n, so that all come once. */
static uint64_t stride(uint64_t n)
{
	uint64_t s = (uint64_t)((double)n * 0.6180339887498949);

	for (s = s ? s : 1; common_divisor(n, s) != 1; s++)
		;
	return s;
}

/* Nodes without edges that lead on are passed over. */
static int add_samples(struct bc_ask *b)
{
	uint64_t n = graph_count(b->s.o.graph), left = b->samples, place, degree = 0, id;
	uint64_t step = n ? stride(n) : 1;
	int r = 0;

	place = n / 2;
	for (uint64_t i = 0; r >= 0 && i < n && left; i++, place = (place + step) % n) {
		r = dict_at(graph_dict(b->s.o.graph), place, &id);
		if (r >= 0)
			r = graph_degree(b->s.o.graph, id, b->plan.way, &b->plan.types, &degree);
		if (r >= 0 && degree) {
			r = add(b, id);
			left--;
		}
	}
	return r < 0 ? r : 0;
}

static int add_sources(struct bc_ask *b)
{
	bool named = b->batch || cli_operand_peek(b->s.o.cli);
	uint64_t n = b->samples ? b->samples : named ? 0 : graph_count(b->s.o.graph);
	int r;

	progress_begin(&b->progress, b->s.o.cli, "sources", n);
	if (b->batch)
		r = opened_questions(&b->s.o, RECORD_KEYS, add_record, b);
	else if (named)
		r = add_named(b);
	else
		r = b->samples ? add_samples(b) : add_all(b);
	progress_end(&b->progress, NULL);
	return r;
}

static int put(struct bc_ask *b)
{
	const struct result_column c = { "betweenness", b, score_of, put_score };

	for (uint64_t i = 0; i < graph_node_n(b->s.o.graph); i++)
		if (b->bc.score[i] > b->greatest)
			b->greatest = b->bc.score[i];
	return result_put(&b->s, &c);
}

static int bc(struct bc_ask *b, struct cli *c)
{
	int r = result_begin(&b->s, c);

	b->plan.types = b->s.o.types;
	b->plan.threads = b->s.threads;
	if (r == 0)
		r = result_start(&b->s, "bc", bc_memory(graph_node_n(b->s.o.graph)));
	if (r == 0)
		r = bc_begin(&b->bc, b->s.o.graph, &b->plan);
	if (r == 0)
		r = add_sources(b);
	if (r == 0) {
		result_stop(&b->s, b->bc.edge_n);
		cli_note(c, "%" PRIu64 " sources", b->bc.source_n);
		r = put(b);
	}
	bc_end(&b->bc);
	return result_end(&b->s, r == 0 && b->missing_n ? ERR_ABSENT : r);
}

int bc_main(int argc, const char **argv)
{
	int way[3] = {0}, normalize = 0;
	const struct poptOption table[] = {
		CLI_TEXT("samples", 0, OPT_SAMPLES,
			 "from N sources spread over the keys instead of all", "N"),
		CLI_FLAG("normalize", 0, &normalize, "divided by the greatest"),
		OPTION_WAY(way),
		OPTION_TYPE,
		OPTION_TOP("the N nodes that most paths go through"),
		OPTION_THREADS,
		OPTION_STATS,
		CLI_OPTION_BATCH,
		CLI_OPTION_NULL,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct bc_ask b = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	b.plan.way = opened_way(&cli, way);
	b.samples = cli_u64(&cli, OPT_SAMPLES, 1, UINT64_MAX, 0);
	b.normalize = normalize;
	b.batch = cli_given(&cli, CLI_VAL_BATCH);
	result_options(&b.s, &cli);
	if (b.samples && (b.batch || cli_operand_peek(&cli)))
		cli_usage(&cli, "--samples chooses the sources: none is to be named");
	return cli_end(&cli, bc(&b, &cli));
}
