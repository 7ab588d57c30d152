/* strato-graph rm - drop graphs, all that are named in one commit */
#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/graph.h"

static const struct cli_tool tool = {
	.name = "strato-graph rm",
	.does = "drop graphs",
	.usage = "[OPTION]... NAME...",
	.examples = "strato-graph rm -s /data/kv old\n"
		    "strato-graph rm -s /data/kv --force a b c",
};

struct rm {
	struct cli *cli;
	const char **name;
	size_t n, dropped;
	bool dry;
};

static int drop(void *ctx, struct manifest *m, uint64_t version)
{
	struct rm *rm = ctx;

	(void)version;
	rm->dropped = 0;
	for (size_t i = 0; i < rm->n; i++)
		if (manifest_find_graph(m, rm->name[i])) {
			manifest_drop_graph(m, rm->name[i]);
			rm->dropped++;
		}
	return rm->dropped ? 0 : err_set(ERR_ABSENT, "no graph of these names");
}

static int dry_run(struct rm *rm, struct store *s)
{
	struct snapshot *snap;
	int r = store_snapshot(s, &snap);

	for (size_t i = 0; r == 0 && i < rm->n; i++)
		if (manifest_find_graph(snapshot_manifest(snap), rm->name[i])) {
			cli_say(rm->cli, "would drop graph \"%s\"", rm->name[i]);
			rm->dropped++;
		}
	if (r == 0)
		snapshot_close(snap);
	return r;
}

static int rm_graphs(struct rm *rm, bool force)
{
	struct store *s = NULL;
	uint64_t version;
	int r = open_store(rm->cli, &s, rm->dry ? OPEN_READ : OPEN_WRITE);

	if (r == 0)
		r = rm->dry ? dry_run(rm, s) : store_publish(s, drop, rm, &version);
	if (r == 0 && !rm->dry)
		store_tidy(s);
	store_close(s);
	if (r == 0 && rm->dropped < rm->n)
		r = err_set(ERR_ABSENT, "%zu of %zu graphs are not there",
			    rm->n - rm->dropped, rm->n);
	return r == ERR_ABSENT && force ? 0 : r;
}

int rm_main(int argc, const char **argv)
{
	int force = 0;
	const struct poptOption table[] = {
		CLI_FLAG("force", 0, &force, "a graph that is not there is no failure"),
		CLI_OPTION_DRY_RUN,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct rm rm = {0};
	struct cli cli;
	int r;

	cli_begin(&cli, &tool, argc, argv, table);
	rm.cli = &cli;
	rm.dry = cli_given(&cli, CLI_VAL_DRY_RUN);
	rm.name = mem_alloc(NULL, (size_t)argc * sizeof *rm.name);
	if (!rm.name)
		cli_exit(&cli, ERR_MEMORY);
	rm.name[rm.n++] = cli_operand(&cli, "NAME");
	while ((rm.name[rm.n] = cli_operand_if_any(&cli)))
		rm.n++;
	r = rm_graphs(&rm, force);
	mem_free(NULL, rm.name);
	return cli_end(&cli, r);
}
