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
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/size.h"
#include "cmd/common/open.h"
#include "io/stream.h"
#include "store/kept.h"
#include "store/manifest_disk.h"

enum { OPT_KEEP = 1 };

#define KEPT_BY_US "compact-"	/* then the version */
#define KEEP_MAX (100ull * 366 * 24 * 3600 * 1000000000u)

/* What of the past stays: so long, or so many versions. */
struct keep {
	bool any;
	uint64_t ns, versions;	/* one of them; the other is 0 */
};

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

/* --- what is kept --- */

static bool is_ours(struct bytes name)
{
	return bytes_starts(name, bytes_str(KEPT_BY_US)) &&
		name.len - strlen(KEPT_BY_US) ==
		strspn((const char *)name.ptr + strlen(KEPT_BY_US), "0123456789");
}

static bool is_past(const struct keep *keep, const struct kept *k, uint64_t now_ns,
		    uint64_t version)
{
	if (k->m.version >= version)
		return false;
	if (keep->ns)
		return k->taken_ns < now_ns && now_ns - k->taken_ns > keep->ns;
	return version - k->m.version > keep->versions;
}

static int drop_past(struct cli *c, struct store *s, const struct keep *keep, uint64_t version)
{
	uint64_t now_ns = clock_wall_ns();
	struct kept_set set;
	int r = kept_load(&set, store_backend(s), store_mem(s), NULL, NULL);

	if (r < 0)
		return r;
	for (uint32_t i = 0; r == 0 && i < set.n; i++) {
		const struct kept *k = &set.kept[i];
		char name[KEPT_NAME_MAX + 1] = "";

		memcpy(name, k->name, k->name_len);
		if (!is_ours(bytes_str(name)) || !is_past(keep, k, now_ns, version))
			continue;
		r = kept_remove(s, kept_name(k));
		cli_note(c, "version %llu is kept no longer", (unsigned long long)k->m.version);
	}
	kept_release(&set);
	return r;
}

/* The store as it is now, unless this version is kept already. */
static int keep_this(struct cli *c, struct store *s, uint64_t version)
{
	char name[40];
	int r;

	snprintf(name, sizeof name, KEPT_BY_US "%" PRIu64, version);
	r = kept_take(s, bytes_str(name), &version);
	if (r == ERR_EXISTS) {
		err_clear();
		return 0;
	}
	if (r == 0)
		cli_note(c, "version %llu is kept: --as-of=%llu", (unsigned long long)version,
			 (unsigned long long)version);
	return r;
}

static void read_keep(struct cli *c, struct keep *keep)
{
	const char *text = cli_text(c, OPT_KEEP);

	if (!text)
		return;
	keep->any = true;
	if (text[0] && text[strspn(text, "0123456789")] == '\0') {
		if (size_number("--keep", bytes_str(text), 1, UINT64_MAX, &keep->versions) < 0)
			cli_exit(c, ERR_USAGE);
	} else if (size_duration("--keep", bytes_str(text), 1000000, KEEP_MAX, &keep->ns) < 0) {
		cli_exit(c, ERR_USAGE);
	}
}

/* --- all of it --- */

static int compact(struct cli *c, const struct keep *keep, bool upgrade)
{
	struct store_stat was, is;
	struct store *s = NULL;
	int r = open_store(c, &s, OPEN_WRITE);

	if (r == 0)
		r = store_stat(s, &was);
	if (r == 0 && keep->any)
		r = keep_this(c, s, was.version);
	if (r == 0 && keep->any)
		r = drop_past(c, s, keep, was.version);
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
		CLI_TEXT("keep", 0, OPT_KEEP, "serve --as-of the version before, so far back",
			 "TIME|VERSIONS"),
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
	read_keep(&cli, &keep);
	return cli_end(&cli, compact(&cli, &keep, upgrade));
}
