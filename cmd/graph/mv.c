/* strato-graph mv - rename a graph in one commit */
#include <string.h>

#include "base/err.h"
#include "cmd/graph/graph.h"

static const struct cli_tool tool = {
	.name = "strato-graph mv",
	.does = "rename a graph",
	.usage = "[OPTION]... OLD NEW",
	.examples = "strato-graph mv -s /data/kv web web-2025\n"
		    "strato-graph mv -s /data/kv --replace next current",
};

struct mv {
	const char *from, *to;
	bool replace;
};

static int rename_graph(void *ctx, struct manifest *m, uint64_t version)
{
	const struct mv *mv = ctx;
	struct manifest_graph *g = manifest_find_graph(m, mv->from), moved;

	if (!g)
		return err_set(ERR_ABSENT, "no graph \"%s\"", mv->from);
	if (!strcmp(mv->from, mv->to))
		return 0;
	if (manifest_find_graph(m, mv->to) && !mv->replace) {
		err_set(ERR_EXISTS, "a graph \"%s\" is there already", mv->to);
		err_hint("--replace drops it");
		return ERR_EXISTS;
	}
	moved = *g;
	moved.version = version;	/* before that another may have had the name */
	memset(moved.name, 0, sizeof moved.name);
	memcpy(moved.name, mv->to, strlen(mv->to));
	manifest_drop_graph(m, mv->from);
	manifest_drop_graph(m, mv->to);
	return manifest_add_graph(m, &moved);
}

static int mv(struct cli *c, struct mv *opt)
{
	struct store *s = NULL;
	uint64_t version;
	int r = open_store(c, &s, OPEN_WRITE);

	if (r == 0)
		r = store_publish(s, rename_graph, opt, &version);
	if (r == 0)
		store_tidy(s);
	store_close(s);
	return r;
}

int mv_main(int argc, const char **argv)
{
	int replace = 0;
	const struct poptOption table[] = {
		CLI_FLAG("replace", 0, &replace, "drop the graph that has the new name"),
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct mv opt = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	opt.from = cli_operand(&cli, "OLD");
	opt.to = cli_operand(&cli, "NEW");
	cli_no_more(&cli);
	opt.replace = replace;
	if (!*opt.to || strlen(opt.to) > MANIFEST_NAME_MAX)
		cli_usage(&cli, "a graph's name has 1 to %u bytes", MANIFEST_NAME_MAX);
	return cli_end(&cli, mv(&cli, &opt));
}
