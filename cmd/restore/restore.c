/* strato-restore - make a store from backups
 *
 * The images are read once, front to back, and verified as they become a store in
 * DIR.partial; only when all were whole and fit does it get the name DIR.
 */
#include "base/err.h"
#include "cmd/common/open.h"
#include "cmd/common/place.h"
#include "io/stream.h"
#include "store/backup.h"

static const struct cli_tool tool = {
	.name = "strato-restore",
	.does = "make a store from a backup and those since it",
	.usage = "[OPTION]... DIR [FILE]...",
	.examples = "strato-restore /data/kv kv.backup kv.monday kv.tuesday\n"
		    "strato-restore -n /data/kv < kv.backup",
};

struct restoring {
	struct cli *cli;
	bool dry;
	struct place place;
	struct backend *backend;
	struct store *store;
};

static int make(void *ctx, const uint8_t id[16], struct bytes config, struct store **out)
{
	struct restoring *p = ctx;
	int r = backend_local_create(&p->backend, p->place.partial);

	if (r == 0)
		r = store_create_as(p->backend, config, id);
	if (r == 0)
		r = open_store_on(p->cli, p->backend, &p->store);
	*out = p->store;
	return r;
}

static int read_one(struct restore *r, const char *name)
{
	struct in *in;
	int x = in_open(&in, name, true, NULL);

	if (x == 0) {
		x = restore_read(r, in);
		in_close(in);
	}
	return x;
}

static int read_all(struct restoring *p, struct restore *r)
{
	const char *name = cli_operand_if_any(p->cli);
	int x = 0;

	if (!name) {
		cli_reading_stdin(p->cli);
		return read_one(r, "-");
	}
	for (; x == 0 && name; name = cli_operand_if_any(p->cli))
		x = read_one(r, name);
	return x;
}

static void tell(struct restoring *p, const struct restore *r)
{
	const struct image_counts *n = restore_counts(r);

	cli_note(p->cli, "%s: version %llu: %s entries, %s of values, %s graphs",
		 p->dry ? "verified" : p->place.dir, (unsigned long long)restore_version(r),
		 output_count(n->entry_n), output_size(n->value_bytes),
		 output_count(n->graph_n));
	if (restore_snapshot_n(r))
		cli_note(p->cli, "with %s snapshots", output_count(restore_snapshot_n(r)));
}

static int build(struct restoring *p)
{
	const struct restore_options o = { .make = p->dry ? NULL : make, .ctx = p };
	struct restore *r;
	int x = restore_begin(&r, &o);

	if (x < 0)
		return x;
	x = read_all(p, r);
	if (x == 0)
		x = restore_end(r);
	if (x == 0)
		tell(p, r);
	restore_close(r);
	store_close(p->store);
	return x;
}

static int restore(struct restoring *p, const char *dir)
{
	struct err_note note;
	int r;

	if (p->dry)
		return build(p);
	r = place_begin(&p->place, dir);
	if (r == 0) {
		r = build(p);
		if (r == 0)
			r = place_commit(&p->place);
		err_take(&note, r);
		if (r < 0)
			place_abort(&p->place);
		backend_close(p->backend);
		r = r < 0 ? err_give(&note) : r;
	}
	place_release(&p->place);
	return r;
}

int main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_OPTION_DRY_RUN,
		CLI_OPTIONS_WRITE,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct restoring p = { 0 };
	const char *dir;
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	p.cli = &cli;
	p.dry = cli_given(&cli, CLI_VAL_DRY_RUN);
	dir = cli_operand(&cli, "DIR");
	return cli_end(&cli, restore(&p, dir));
}
