/* strato-graph sssp - how far every node is from one, by the weights of the edges
 *
 * As bfs: what paths lead to, in key order; a batch source by source.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/result.h"
#include "graph/walk/sssp.h"

enum { OPT_DELTA = 1 };

static const struct cli_tool tool = {
	.name = "strato-graph sssp",
	.does = "how far every node is from one, by weight",
	.usage = "[OPTION]... SRC\n"
		 "[OPTION]... -b [FILE]...",
	.examples = "strato-graph sssp -s /data/kv -g roads Ankara\n"
		    "strato-graph sssp -s /data/kv -g roads --top=10 Ankara",
};

struct sssp_ask {
	struct result s;
	struct sssp_plan plan;
	struct sssp d;
	bool all, batch;
	uint64_t missing_n;
};

static bool distance_of(const void *ctx, uint64_t id, uint64_t *out)
{
	const struct sssp_ask *b = ctx;
	union csr_value v;
	bool reached = sssp_distance(&b->d, id, &v);

	*out = (uint64_t)v.i;
	return reached || b->all;
}

static void put_integer(struct row *w, const char *name, uint64_t bits)
{
	if (bits > INT64_MAX)
		row_text(w, name, "infinity");
	else
		row_u64(w, name, bits);
}

static void put_real(struct row *w, const char *name, uint64_t bits)
{
	union csr_value v = { .i = (int64_t)bits };

	if (v.r <= 0x1.fffffffffffffp1023)
		row_value(w, name, CSR_REALS, v);
	else
		row_text(w, name, "infinity");
}

static int put(struct sssp_ask *b, struct bytes key)
{
	const struct result_column c = {
		"distance", b, distance_of,
		b->d.kind == CSR_REALS ? put_real : put_integer };
	int r;

	if (b->batch)
		row_of(&b->s.o.row, "source", key);
	r = result_put(&b->s, &c);
	if (b->batch)
		row_of(&b->s.o.row, "source", bytes_of(NULL, 0));
	return r;
}

static int answer(struct sssp_ask *b, struct bytes key)
{
	uint64_t n = graph_node_n(b->s.o.graph);
	int r = opened_node(&b->s.o, key, &b->plan.start);

	if (r == ERR_ABSENT) {
		b->missing_n++;
		return 0;
	}
	if (r >= 0)
		r = result_start(&b->s, "sssp", sssp_memory(n));
	if (r == 0)
		r = sssp_find(&b->d, b->s.o.graph, &b->plan);
	if (r < 0)
		return r;
	result_stop(&b->s, b->d.edge_n);
	cli_note(b->s.o.cli, "%llu nodes in %llu steps of %g, %llu looked back",
		 (unsigned long long)b->d.reached_n, (unsigned long long)b->d.step_n,
		 b->d.delta, (unsigned long long)b->d.back_n);
	r = put(b, key);
	sssp_release(&b->d);
	return r;
}

static int answer_record(void *ctx, const struct record *rec)
{
	return answer(ctx, rec->key);
}

static int sssp(struct sssp_ask *b, struct cli *c, const char *source)
{
	int r = result_begin(&b->s, c);

	b->plan.types = b->s.o.types;
	b->plan.threads = b->s.threads;
	if (r == 0 && b->batch)
		r = opened_questions(&b->s.o, RECORD_KEYS, answer_record, b);
	else if (r == 0)
		r = answer(b, bytes_str(source));
	return result_end(&b->s, r == 0 && b->missing_n ? ERR_ABSENT : r);
}

int sssp_main(int argc, const char **argv)
{
	int way[3] = {0}, all = 0;
	const struct poptOption table[] = {
		OPTION_WAY(way),
		OPTION_TYPE,
		CLI_FLAG("all", 0, &all, "nodes that no path leads to as well"),
		CLI_TEXT("delta", 0, OPT_DELTA,
			 "search in steps of this width (chosen by the weights)", "D"),
		OPTION_TOP("the N nodes farthest away"),
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
	const char *source = NULL;
	struct sssp_ask b = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	b.plan.way = opened_way(&cli, way);
	b.all = all;
	b.batch = cli_given(&cli, CLI_VAL_BATCH);
	b.plan.delta = result_real(&cli, OPT_DELTA, "delta", 1e300, 0);
	result_options(&b.s, &cli);
	if (cli_given(&cli, OPT_DELTA) && !(b.plan.delta > 0))
		cli_usage(&cli, "--delta=%s: a step has a width", cli_text(&cli, OPT_DELTA));
	if (all && b.s.top)
		cli_usage(&cli, "--all and --top exclude each other");
	if (!b.batch) {
		source = cli_operand(&cli, "SRC");
		cli_no_more(&cli);
	}
	return cli_end(&cli, sssp(&b, &cli, source));
}
