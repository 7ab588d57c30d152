/* strato-graph edge - add, change or remove one edge
 *
 * One durable commit.  The third operand is the type, unless it has a = in it; a type
 * that has one is said with --type.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/graph/changing.h"

static const struct cli_tool tool = {
	.name = "strato-graph edge",
	.does = "add, change or remove an edge",
	.usage = "[OPTION]... SRC DST [TYPE] [NAME=VALUE]...\n"
		 "[OPTION]... --rm SRC DST [TYPE]",
	.examples = "strato-graph edge -s /data/kv -g kg ann bob knows since=1990\n"
		    "strato-graph edge -s /data/kv -g kg --rm ann bob knows",
};

static void read_edge(struct cli *c, struct update_op *op)
{
	const char *type = cli_text(c, OPTION_TYPE_VAL), *next;

	op->node = bytes_str(cli_operand(c, "SRC"));
	op->to = bytes_str(cli_operand(c, "DST"));
	next = cli_operand_peek(c);
	if (!type && next && !strchr(next, '='))
		type = cli_operand_if_any(c);
	op->type = bytes_str(type ? type : "");
	op->any_type = op->kind == UPDATE_DEL_EDGE && !type;
}

static int edge(struct cli *c, const struct update_op *op)
{
	struct update_done done;
	struct changing g;
	int r = changing_begin(&g, c);

	if (r == 0)
		r = changing_one(&g, op, &done);
	if (r == 0 && done.absent_n)
		r = err_set(ERR_ABSENT, "there is no such edge");
	else if (r == 0 && g.dry)
		cli_say(c, done.edge_n == 0 ? "nothing would change" :
			op->kind == UPDATE_EDGE ? "would write the edge" :
			done.edge_n == 1 ? "would remove the edge" :
			"would remove edges of %llu types", (unsigned long long)done.edge_n);
	else if (r == 0 && op->any_type)
		cli_note(c, "removed edges of %llu types", (unsigned long long)done.edge_n);
	return changing_end(&g, r);
}

int edge_main(int argc, const char **argv)
{
	int rm = 0;
	const struct poptOption table[] = {
		CLI_FLAG("rm", 0, &rm, "remove it; without TYPE all from SRC to DST"),
		OPTION_UNSET,
		CLI_TEXT("type", 0, OPTION_TYPE_VAL, "its type, if that has a = in it", "T"),
		CLI_OPTION_GRAPH,
		CLI_OPTION_DRY_RUN,
		CLI_OPTIONS_WRITE,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct update_op op = { .kind = UPDATE_EDGE };
	struct changing_words words;
	struct cli cli;
	int r;

	cli_begin(&cli, &tool, argc, argv, table);
	if (rm)
		op.kind = UPDATE_DEL_EDGE;
	read_edge(&cli, &op);
	changing_read(&cli, argc, &words, &op);
	if (rm && op.prop_n + op.unset_n)
		cli_usage(&cli, "--rm goes without properties");
	r = edge(&cli, &op);
	changing_release(&words);
	return cli_end(&cli, r);
}
