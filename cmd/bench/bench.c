/* strato-bench - measure, with the settings beside the figures */
#include "cmd/bench/bench.h"

#include <string.h>

#include "cli/cli.h"
#include "io/stream.h"

static const struct cli_tool tool = {
	.name = "strato-bench",
	.does = "measure what this machine and strato do",
	.usage = "NAME [OPTION]...",
	.examples = "strato-bench nvme_throughput /data\n"
		    "strato-bench graph_traversal -s /data/kv -J >figures.jsonl",
	.more = "Commands:\n"
		"  nvme_throughput   reads and writes of a disk, sequential and random\n"
		"  graph_traversal   questions to a graph of a store, or a made one\n"
		"  gpu_cache         look-ups in the index of the GPU cache",
};

int main(int argc, const char **argv)
{
	static const char *const names[] = {
		"nvme_throughput", "graph_traversal", "gpu_cache", NULL
	};
	static int (*const bench[])(int argc, const char **argv) = {
		bench_nvme, bench_traversal, bench_cache
	};
	const struct poptOption table[] = { CLI_OPTIONS, POPT_TABLEEND };
	const char *name, **sub_argv;
	struct cli cli;
	int sub_argc;

	stream_guard_std();
	cli_begin_outer(&cli, &tool, argc, argv, table);
	name = cli_subcommand(&cli, names, &sub_argc, &sub_argv);
	for (size_t i = 0; names[i]; i++)
		if (!strcmp(name, names[i]))
			return cli_pass(&cli, bench[i](sub_argc, sub_argv));
	return cli_end(&cli, ERR_BUG);
}
