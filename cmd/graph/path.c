/* strato-graph path - a shortest path between two nodes, one node a line */
#include "base/err.h"
#include "cmd/graph/graph.h"
#include "graph/walk/path.h"

static const struct cli_tool tool = {
	.name = "strato-graph path",
	.does = "a shortest path between two nodes",
	.usage = "[OPTION]... SRC DST\n"
		 "[OPTION]... -b [FILE]...",
	.examples = "strato-graph path -s /data/kv -g web Alice Zoe\n"
		    "strato-graph path -s /data/kv -g web -l --type=knows Alice Zoe",
};

struct finder {
	struct opened o;
	bool more;
	uint64_t none_n;
};

static int put_steps(struct finder *f, const struct path *p)
{
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < p->n; i++) {
		r = opened_put_node(&f->o, "node", p->step[i].node);
		if (r == 0 && f->more) {
			output_u64(f->o.rows, "step", i);
			if (i == 0)
				output_absent(f->o.rows, "type");
			else
				r = opened_put_type(&f->o, "type", p->step[i].type);
			output_u64(f->o.rows, "cost", i);
		}
		if (r == 0)
			r = output_row(f->o.rows);
	}
	return r;
}

/* 1 and a path, 0 none, ERR_ABSENT a node that is not there. */
static int find(struct finder *f, struct bytes src, struct bytes dst, struct path *p)
{
	uint64_t a, b;
	int r;

	*p = (struct path){0};
	if ((r = opened_node(&f->o, src, &a)) < 0 || (r = opened_node(&f->o, dst, &b)) < 0)
		return r;
	return path_find(p, f->o.graph, &f->o.types, a, b);
}

static int one(struct finder *f, const char *src, const char *dst)
{
	struct path p;
	int r = find(f, bytes_str(src), bytes_str(dst), &p);

	if (r == 1)
		r = put_steps(f, &p);
	else if (r == 0)
		r = err_set(ERR_ABSENT, "no path from \"%s\" to \"%s\"",
			    bytes_show(bytes_str(src)), bytes_show(bytes_str(dst)));
	path_release(&p);
	return r;
}

static int answer(void *ctx, const struct record *rec)
{
	struct finder *f = ctx;
	struct output *o = f->o.rows;
	struct path p;
	int r;

	if (rec->absent || rec->streamed)
		return err_set(ERR_BAD_RECORD, "input line %llu: expected SRC TAB DST",
			       (unsigned long long)rec->line);
	r = find(f, rec->key, rec->value, &p);
	if (r < 0 && r != ERR_ABSENT)
		return r;
	output_bytes(o, "from", rec->key);
	output_bytes(o, "to", rec->value);
	if (r == 1) {
		output_u64(o, "hops", p.n - 1);
		output_u64(o, "cost", p.n - 1);
	} else {
		f->none_n++;
		output_absent(o, "hops");
		output_absent(o, "cost");
	}
	path_release(&p);
	return output_row(o);
}

static int path(struct finder *f, struct cli *c, const char *src, const char *dst)
{
	int r = opened_begin(&f->o, c);

	if (r == 0)
		r = opened_rows(&f->o);
	if (r == 0)
		r = opened_types(&f->o);
	if (r == 0)
		r = src ? one(f, src, dst) :
			opened_questions(&f->o, RECORD_PAIRS, answer, f);
	if (r == 0 && f->none_n)
		r = err_set(ERR_ABSENT, "%llu pairs have no path",
			    (unsigned long long)f->none_n);
	return opened_end(&f->o, r);
}

int path_main(int argc, const char **argv)
{
	int more = 0;
	const struct poptOption table[] = {
		OPTION_TYPE,
		CLI_FLAG("long", 'l', &more, "with step, type of the edge and cost so far"),
		CLI_OPTION_BATCH,
		CLI_OPTION_GRAPH,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *src = NULL, *dst = NULL;
	struct finder f = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	f.more = more;
	if (!cli_given(&cli, CLI_VAL_BATCH)) {
		src = cli_operand(&cli, "SRC");
		dst = cli_operand(&cli, "DST");
		cli_no_more(&cli);
	}
	return cli_end(&cli, path(&f, &cli, src, dst));
}
