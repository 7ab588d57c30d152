/* strato-backup - a consistent copy of a store, as one stream
 *
 * One moment of the store, read while others go on writing, to a file or a pipe.
 */
#include "base/err.h"
#include "cmd/common/open.h"
#include "io/stream.h"
#include "store/backup.h"

enum { OPT_SINCE = 1 };

static int with_snapshots;

static const struct cli_tool tool = {
	.name = "strato-backup",
	.does = "write a consistent copy of a store to a file or a pipe",
	.usage = "[OPTION]... [--since=VERSION|NAME]",
	.examples = "strato-backup -s /data/kv -o kv.backup\n"
		    "strato-backup -s /data/kv | ssh host strato-restore /data/kv",
};

static int write_image(struct cli *c, struct store *s, struct out *out)
{
	const char *since = cli_text(c, OPT_SINCE);
	struct backup b = { .out = out, .incremental = since != NULL,
		.snapshots = with_snapshots };
	int r;

	if (since)
		b.since = bytes_str(since);
	if (out_is_terminal(out)) {
		err_set(ERR_USAGE, "a backup is not written to a terminal");
		err_hint("redirect it, or use -o FILE");
		return ERR_USAGE;
	}
	r = backup_write(s, &b);
	if (r == 0)
		cli_note(c, "version %llu, since %llu: %s entries, %s of values, %s graphs, %s",
			 (unsigned long long)b.head.version, (unsigned long long)b.head.since,
			 output_count(b.counts.entry_n), output_size(b.counts.value_bytes),
			 output_count(b.counts.graph_n), output_size(out_total(out)));
	if (r == 0 && b.left_out_n)
		cli_note(c, "%s snapshots are not part of it: --snapshots adds them",
			 output_count(b.left_out_n));
	else if (r == 0 && with_snapshots)
		cli_note(c, "with %s snapshots", output_count(b.snapshot_n));
	return r;
}

static int backup(struct cli *c)
{
	struct store *s = NULL;
	struct out *out = NULL;
	int r = open_store(c, &s, OPEN_READ);

	if (r == 0)
		r = out_open(&out, cli_text(c, CLI_VAL_OUTPUT), NULL);
	if (r == 0) {
		r = write_image(c, s, out);
		if (r == 0)
			r = out_commit(out);
		else
			out_abort(out);
	}
	store_close(s);
	return r;
}

int main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("since", 0, OPT_SINCE, "only what changed after it, removals too",
			 "VERSION|NAME"),
		CLI_FLAG("snapshots", 0, &with_snapshots, "the snapshots that are kept, too"),
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	cli_no_more(&cli);
	return cli_end(&cli, backup(&cli));
}
