/* strato-snapshot - keep the store as it is now, under a name
 *
 * A snapshot costs a fold of the log and one small file.  What it needs stays on
 * disk until it is removed, however the store goes on.
 */
#include "base/err.h"
#include "cmd/common/info.h"
#include "cmd/common/open.h"
#include "io/stream.h"
#include "store/kept.h"

static const struct cli_tool tool = {
	.name = "strato-snapshot",
	.does = "keep a store as it is now under a name",
	.usage = "[OPTION]... NAME\n"
		 "[OPTION]... --list\n"
		 "[OPTION]... --rm NAME...",
	.examples = "strato-snapshot -s /data/kv monday\n"
		    "strato-ls -s /data/kv --as-of=monday",
};

static int take(struct cli *c, struct store *s, const char *name)
{
	uint64_t version;
	int r = kept_take(s, bytes_str(name), &version);

	if (r == 0)
		cli_note(c, "%s: the store at version %llu", bytes_show(bytes_str(name)),
			 (unsigned long long)version);
	return r;
}

static int rm(struct cli *c, struct store *s)
{
	const char *name;
	int r = 0;

	while (r == 0 && (name = cli_operand_if_any(c)))
		r = kept_remove(s, bytes_str(name));
	return r;
}

static int row(struct output *o, const struct kept *k)
{
	char taken[INFO_TIME_MAX];

	info_time(taken, k->taken_ns / 1000000);
	output_bytes(o, "name", kept_name(k));
	output_version(o, "version", k->m.version);
	output_text(o, "taken", taken);
	return output_row(o);
}

static int list(struct cli *c, struct store *s)
{
	struct output *o = NULL;
	struct kept_set set;
	int r = kept_load(&set, store_backend(s), store_id(s), store_mem(s), NULL, NULL);

	if (r < 0)
		return r;
	r = output_open(&o, cli_style(c, true), output_stdout(), NULL);
	for (uint32_t i = 0; r == 0 && i < set.n; i++)
		r = row(o, &set.kept[i]);
	if (r == 0)
		r = output_end(o);
	output_close(o);
	kept_release(&set);
	return r;
}

static int snapshot(struct cli *c, bool listing, const char *name)
{
	struct store *s = NULL;
	int r = open_store(c, &s, listing ? OPEN_READ : OPEN_WRITE);

	if (r == 0)
		r = listing ? list(c, s) : name ? take(c, s, name) : rm(c, s);
	store_close(s);
	return r;
}

int main(int argc, const char **argv)
{
	int listing = 0, removing = 0;
	const struct poptOption table[] = {
		CLI_FLAG("list", 0, &listing, "the snapshots: name, version, when taken"),
		CLI_FLAG("rm", 0, &removing, "remove the snapshots named"),
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *name = NULL;
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	if (listing && removing)
		cli_usage(&cli, "--list and --rm exclude each other");
	if (!listing && !removing)
		name = cli_operand(&cli, "NAME");
	if (removing && !cli_operand_peek(&cli))
		cli_operand(&cli, "NAME");	/* ends */
	if (!removing)
		cli_no_more(&cli);
	return cli_end(&cli, snapshot(&cli, listing, name));
}
