/* strato-compact - fold the log and merge segments, now
 *
 * Writers do this by and by; here it is done to the end: the log becomes a run,
 * the runs become one, and files that hold nothing live go.  Readers and writers
 * go on meanwhile; a kill at any moment leaves the store as it was before or as
 * it is afterwards.
 *
 * --keep leaves a way back: the store as it is before is kept as a snapshot of its
 * version, and the ones that earlier runs kept go when they are too old.  Snapshots
 * that somebody named stay.
 */
#include "cmd/common/keep.h"
#include "cmd/common/open.h"
#include "io/stream.h"
#include "store/manifest_disk.h"

enum { OPT_KEEP = 1 };

static const struct cli_tool tool = {
	.name = "strato-compact",
	.does = "fold the log into segments and merge segments now",
	.usage = "[OPTION]...",
	.examples = "strato-compact -s /data/kv\n"
		    "strato-compact -s /data/kv --keep=7d",
};

static void tell(struct cli *c, const struct store_stat *was, const struct store_stat *is)
{
	cli_note(c, "before: %s: log %s, runs %llu, blobs %llu", output_size(was->bytes),
		 output_size(was->log_bytes), (unsigned long long)was->run_n,
		 (unsigned long long)was->blob_n);
	cli_note(c, "now: %s: log %s, runs %llu, blobs %llu", output_size(is->bytes),
		 output_size(is->log_bytes), (unsigned long long)is->run_n,
		 (unsigned long long)is->blob_n);
}

/* --- all of it --- */

static int compact(struct cli *c, const struct keep *keep, bool upgrade)
{
	struct store_stat was, is;
	struct store *s = NULL;
	int r = open_store(c, &s, OPEN_WRITE);

	if (r == 0)
		r = store_stat(s, &was);
	if (r == 0)
		r = keep_version(c, s, keep, was.version);
	if (r == 0)
		r = store_compact(s);
	if (r == 0)
		r = store_stat(s, &is);
	if (r == 0)
		tell(c, &was, &is);
	if (r == 0 && upgrade)
		cli_note(c, "format %u: nothing here is of an older one", is.format);
	store_close(s);
	return r;
}

int main(int argc, const char **argv)
{
	int upgrade = 0;
	const struct poptOption table[] = {
		KEEP_OPTION(OPT_KEEP),
		CLI_FLAG("upgrade", 0, &upgrade, "write what is of an older format anew"),
		CLI_OPTIONS_WRITE,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct keep keep = { 0 };
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	cli_no_more(&cli);
	keep_read(&cli, OPT_KEEP, &keep);
	return cli_end(&cli, compact(&cli, &keep, upgrade));
}
