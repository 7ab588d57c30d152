/* strato-init - create a store
 *
 * What -O says becomes the store's config.  Nothing that is there is touched: an
 * existing store, or a folder with anything in it, is status 73.
 */
#include "base/err.h"
#include "cli/cli.h"
#include "io/stream.h"
#include "store/store.h"

static const struct cli_tool tool = {
	.name = "strato-init",
	.does = "create a store",
	.usage = "[-O NAME=VALUE]... DIR",
	.examples = "strato-init /data/kv\n"
		    "strato-init -O compression=none -O log_size=256M /data/kv",
	.more = "The settings given with -O are written to the new store's config.",
};

/* The settings of -O as lines of a file, in the table's order. */
static int config_text(struct cli *c, struct buf *out)
{
	struct settings s;
	const char *text;
	size_t at = 0;
	int r = 0;

	setting_init(&s);
	while (r == 0 && (text = cli_each(c, CLI_VAL_SET, &at)))
		r = setting_set_text(&s, SETTING_STORE, bytes_str(text));
	for (enum setting i = 0; r == 0 && i < SETTING_N; i++)
		if (s.origin[i] == SETTING_STORE)
			r = setting_print(&s, i, out);
	return r;
}

static int init(struct cli *c, const char *dir)
{
	struct buf config = { .mem = NULL };
	int r = config_text(c, &config);

	if (r == 0)
		r = store_create(dir, buf_bytes(&config));
	if (r == 0)
		cli_note(c, "%s: created, %zu bytes of config", dir, config.len);
	buf_release(&config);
	return r;
}

int main(int argc, const char **argv)
{
	const struct poptOption table[] = { CLI_OPTIONS, POPT_TABLEEND };
	const char *dir;
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	dir = cli_operand(&cli, "DIR");
	cli_no_more(&cli);
	if (!dir[0])
		cli_usage(&cli, "DIR is empty");
	return cli_end(&cli, init(&cli, dir));
}
