/* strato - the front end
 *
 * "strato put ..." becomes strato-put by exec, out of the folder this program
 * lies in, else out of PATH: a build tree runs its own tools, and anybody may add
 * one by the name strato-NAME.  Alone it lists the tools that are there.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/cli.h"
#include "io/stream.h"

static const struct row {
	const char *name, *does;
} tools[] = {
	{ "init", "create a store" },
	{ "put", "write values, one or in batches" },
	{ "get", "read values, one or in batches" },
	{ "ls", "list keys" },
	{ "rm", "delete keys" },
	{ "mv", "rename a key in one commit" },
	{ "stat", "what a store holds; metadata of keys; settings in force" },
	{ "config", "show or change a store's settings" },
	{ "graph", "import, query and export graphs" },
	{ "walcheck", "verify, list and repair the write-ahead log" },
	{ "gpucache", "keep values and graphs in the memory of a GPU" },
	{ "compact", "fold the log into segments and merge segments now" },
	{ "snapshot", "keep the store as it is now under a name" },
	{ "diff", "list the keys that differ between two snapshots" },
	{ "backup", "write a consistent copy of a store" },
	{ "restore", "make a store from a backup" },
	{ "bench", "measure throughput, traversal and the cache" },
	{ "doctor", "what this machine can do, and what slows a store down" },
};

#define TOOL_N (sizeof tools / sizeof tools[0])

/* The folder of this program with a slash, or "". */
static const char *own_folder(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	char *slash;

	if (n < 0)
		return "";
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return "";
	slash[1] = '\0';
	return path;
}

static int is_there(const char *folder, size_t len, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%.*s%sstrato-%s", (int)len, folder,
			 len && folder[len - 1] != '/' ? "/" : "", name);

	return n < (int)sizeof path && access(path, X_OK) == 0;
}

static int installed(const char *name)
{
	const char *own = own_folder(), *path = getenv("PATH");
	size_t len;

	if (own[0] && is_there(own, strlen(own), name))
		return 1;
	while (path && *path) {
		len = strcspn(path, ":");
		if (len && is_there(path, len, name))
			return 1;
		path += len + (path[len] == ':');
	}
	return 0;
}

static int list(struct cli *c)
{
	struct output *o = NULL;
	char name[64];
	int r;

	r = output_open(&o, cli_style(c, true), output_stdout(), NULL);
	for (size_t i = 0; r == 0 && i < TOOL_N; i++) {
		if (!installed(tools[i].name))
			continue;
		snprintf(name, sizeof name, "strato-%s", tools[i].name);
		output_text(o, "tool", name);
		output_text(o, "does", tools[i].does);
		r = output_row(o);
	}
	if (r == 0)
		r = output_end(o);
	output_close(o);
	return r;
}

static int unknown(const char *name)
{
	struct nearest n;
	const char *near;

	nearest_init(&n, bytes_str(name));
	for (size_t i = 0; i < TOOL_N; i++)
		if (installed(tools[i].name))
			nearest_offer(&n, tools[i].name);
	near = nearest_word(&n);
	err_set(ERR_USAGE, "unknown tool \"%s\"", bytes_show(bytes_str(name)));
	if (near)
		err_hint("did you mean 'strato %s'?", near);
	else
		err_hint("'strato' alone lists the tools");
	return ERR_USAGE;
}

/* Returns only when there is nothing to run. */
static int run(const char *name, const char **argv)
{
	char path[PATH_MAX + 256];
	const char *own = own_folder();
	int n = snprintf(path, sizeof path, "%sstrato-%s", own, name);

	if (!name[0] || strchr(name, '/') || n >= (int)sizeof path)
		return unknown(name);
	argv[0] = path + strlen(own);
	if (own[0])
		execv(path, (char **)argv);
	if (!own[0] || errno == ENOENT)
		execvp(argv[0], (char **)argv);
	if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)
		return unknown(name);
	return err_sys(ERR_UNAVAILABLE, "%s: run", argv[0]);
}

static const struct cli_tool tool = {
	.name = "strato",
	.does = "run one of the strato tools; alone, list them",
	.usage = "[OPTION]... [NAME [ARGUMENT]...]",
	.examples = "strato\n"
		    "strato get -s /data/kv greeting",
};

int main(int argc, const char **argv)
{
	const struct poptOption table[] = { CLI_OPTIONS, POPT_TABLEEND };
	struct cli cli;
	const char *name;

	stream_guard_std();
	cli_begin_outer(&cli, &tool, argc, argv, table);
	if (!cli_operand_peek(&cli))
		return cli_end(&cli, list(&cli));
	name = cli_subcommand(&cli, NULL, &argc, &argv);
	return cli_end(&cli, run(name, argv));
}
