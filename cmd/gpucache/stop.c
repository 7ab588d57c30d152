/* strato-gpucache stop - end the cache service of a store
 *
 * Done when the service has let go of all it held, so that a script can start
 * another at once.
 */
#include "base/err.h"
#include "cmd/gpucache/gpucache.h"

static const struct cli_tool tool = {
	.name = "strato-gpucache stop",
	.does = "end the cache service",
	.usage = "[OPTION]...",
	.examples = "strato-gpucache stop -s /data/kv\n"
		    "strato-gpucache stop -s /data/kv --wait=30",
};

static int stop(struct asker *a)
{
	struct gpu_answer answer;
	int r = gpu_client_ask(a->client, WIRE_STOP, bytes_of(NULL, 0), &answer);

	gpu_answer_free(&answer);
	return r < 0 ? r : gpu_client_wait_end(a->client, cli_wait_ns(a->cli));
}

int gpucache_stop(int argc, const char **argv)
{
	const struct poptOption table[] = { CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND };
	struct asker a = { 0 };
	struct cli cli;
	int r;

	cli_begin(&cli, &tool, argc, argv, table);
	cli_no_more(&cli);
	r = asker_open(&a, &cli, true);
	if (r == 0)
		r = stop(&a);
	asker_close(&a);
	return cli_end(&cli, r);
}
