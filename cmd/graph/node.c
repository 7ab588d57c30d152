/* strato-graph node - show, add, change or remove one node
 *
 * A change is one durable commit.  Without one the node is shown: its key, labels and
 * properties, as apply reads them behind "node".
 */
#include "base/err.h"
#include "cmd/graph/changing.h"
#include "cmd/graph/opline.h"

static const struct cli_tool tool = {
	.name = "strato-graph node",
	.does = "show, add, change or remove a node",
	.usage = "[OPTION]... NODE [NAME=VALUE]...\n"
		 "[OPTION]... --rm [--cascade] NODE",
	.examples = "strato-graph node -s /data/kv -g kg ann\n"
		    "strato-graph node -s /data/kv -g kg --label=Person ann born=1970",
};

struct node {
	struct cli *cli;
	struct update_op op;
	bool show;
};

/* --- shown --- */

static int find(struct opened *o, struct bytes key, uint64_t *id)
{
	int r = opened_begin(o, o->cli);

	return r < 0 ? r : opened_node(o, key, id);
}

static int put(struct opened *o, const struct update_op *op)
{
	struct opline l = { .json = o->cli->json };
	int r = opline_show(&l, op);

	if (r == 0)
		r = out_write(o->out, l.line.ptr, l.line.len);
	opline_release(&l);
	return r;
}

static int show(struct node *n)
{
	struct opened o = { .cli = n->cli };
	struct prop_room room;
	struct prop_state state;
	uint64_t id;
	int r = find(&o, n->op.node, &id);

	prop_room_init(&room, NULL);
	if (r > 0)
		r = graph_node_state(o.graph, id, &room, &state);
	if (r == 0) {
		n->op.label = state.label;
		n->op.label_n = state.label_n;
		n->op.prop = state.prop;
		n->op.prop_n = state.prop_n;
		r = put(&o, &n->op);
	}
	prop_room_release(&room);
	return opened_end(&o, r);
}

/* --- changed --- */

static int change(struct node *n)
{
	struct update_done done;
	struct changing g;
	int r = changing_begin(&g, n->cli);

	if (r == 0)
		r = changing_one(&g, &n->op, &done);
	if (r == 0 && done.absent_n)
		r = err_set(ERR_ABSENT, "nothing is said of \"%s\"", bytes_show(n->op.node));
	else if (r == 0 && g.dry)
		cli_say(n->cli, done.node_n == 0 ? "nothing would change" :
			n->op.kind == UPDATE_NODE ? "would write the node" :
			"would remove the node");
	return changing_end(&g, r);
}

/* Whether a node is there by an edge alone is known only to who has read all changes. */
static int remove_node(struct node *n)
{
	struct opened o = { .cli = n->cli };
	uint64_t id;
	int r = find(&o, n->op.node, &id);

	r = opened_end(&o, r < 0 ? r : 0);
	return r < 0 ? r : change(n);
}

int node_main(int argc, const char **argv)
{
	int add = 0, rm = 0, cascade = 0;
	const struct poptOption table[] = {
		CLI_TEXT("label", 0, OPTION_LABEL_VAL, "give it a label (may be repeated)", "L"),
		OPTION_UNSET,
		CLI_TEXT("unset-label", 0, OPTION_UNLABEL_VAL,
			 "take a label away (may be repeated)", "L"),
		CLI_FLAG("add", 0, &add, "make it if it is not there, without anything"),
		CLI_FLAG("rm", 0, &rm, "remove it: without --cascade it stays as an end of its edges"),
		CLI_FLAG("cascade", 0, &cascade, "its edges, too"),
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_DRY_RUN,
		CLI_OPTIONS_WRITE,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct node n = { .op.kind = UPDATE_NODE };
	struct changing_words words;
	struct cli cli;
	bool said;
	int r;

	cli_begin(&cli, &tool, argc, argv, table);
	n.cli = &cli;
	n.op.node = bytes_str(cli_operand(&cli, "NODE"));
	changing_read(&cli, argc, &words, &n.op);
	said = add + n.op.prop_n + n.op.unset_n + n.op.label_n + n.op.unlabel_n;
	if (rm && said)
		cli_usage(&cli, "--rm goes without --add, labels and properties");
	if (cascade && !rm)
		cli_usage(&cli, "--cascade goes with --rm");
	if ((rm || said) && cli_given(&cli, CLI_VAL_AS_OF))
		cli_usage(&cli, "--as-of is for looking, not for changes");
	n.op.kind = rm ? UPDATE_DEL_NODE : UPDATE_NODE;
	n.op.cascade = cascade;
	r = rm ? remove_node(&n) : said ? change(&n) : show(&n);
	changing_release(&words);
	return cli_end(&cli, r);
}
