/* strato-bench - measure, with the I/O mode, device and settings beside the figures
 *
 * A benchmark is a function of its own name; those whose subject comes later are
 * refused by name, so that a script is not told of a mistake it did not make.
 */
#include "cmd/bench/bench.h"

#include <string.h>

#include "cli/cli.h"
#include "io/stream.h"

static const struct cli_tool tool = {
	.name = "strato-bench",
	.does = "measure what this machine and strato do",
	.usage = "NAME [OPTION]...",
	.examples = "strato-bench nvme_throughput /data\n"
		    "strato-bench nvme_throughput -s /data/kv -J >figures.jsonl",
	.more = "Commands:\n"
		"  nvme_throughput   reads and writes of a disk, sequential and random",
};

static int refuse(struct cli *c, const char *name)
{
	err_set(ERR_UNSUPPORTED, "%s: comes with the %s work", name,
		!strcmp(name, "gpu_cache") ? "GPU" : "graph");
	err_hint("'%s nvme_throughput' is here", tool.name);
	return cli_end(c, ERR_UNSUPPORTED);
}

int main(int argc, const char **argv)
{
	static const char *const names[] = {
		"nvme_throughput", "graph_traversal", "gpu_cache", NULL
	};
	const struct poptOption table[] = { CLI_OPTIONS, POPT_TABLEEND };
	const char *name, **sub_argv;
	struct cli cli;
	int sub_argc;

	stream_guard_std();
	cli_begin_outer(&cli, &tool, argc, argv, table);
	name = cli_subcommand(&cli, names, &sub_argc, &sub_argv);
	if (strcmp(name, "nvme_throughput") != 0)
		return refuse(&cli, name);
	return cli_pass(&cli, bench_nvme(sub_argc, sub_argv));
}
