/* strato-diff - the keys that differ between two states of a store
 *
 * Both are walked side by side in the order of their keys.  Equal versions are the
 * same write; else the values decide, byte by byte, and when they expire.  Status as
 * diff(1): 0 the same, 1 they differ.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/common/open.h"
#include "io/stream.h"

#define DIFF_READ (128u << 10)

static const struct cli_tool tool = {
	.name = "strato-diff",
	.does = "list the keys that differ between two snapshots",
	.usage = "[OPTION]... A [B]",
	.examples = "strato-diff -s /data/kv -l monday\n"
		    "strato-diff -s /data/kv monday tuesday | strato-get -s /data/kv -b",
};

struct side {
	struct snapshot *snap;
	struct iter *it;
	struct entry e;
	bool there;			/* E is an entry */
	uint8_t *buf;			/* DIFF_READ bytes */
};

struct diff {
	struct cli *cli;
	struct store *store;
	int columns;
	uint64_t limit, n;
	struct side a, b;
	struct output *rows;
	struct record_writer *keys;
};

static int to_stdout(void *ctx, const void *ptr, size_t len)
{
	return out_write(ctx, ptr, len);
}

static int advance(struct side *s)
{
	int r = iter_next(s->it, &s->e);

	s->there = r == 1;
	return r < 0 ? r : 0;
}

static int open_side(struct diff *d, struct side *s, const char *which)
{
	const struct scan_options all = { .from.space = 0 };
	int r = store_snapshot_as_of(d->store, bytes_str(which), &s->snap);

	if (r == 0)
		r = snapshot_scan(s->snap, &all, &s->it);
	if (r == 0 && !(s->buf = mem_alloc(NULL, DIFF_READ)))
		r = ERR_MEMORY;
	return r < 0 ? r : advance(s);
}

static void close_side(struct side *s)
{
	iter_close(s->it);
	snapshot_close(s->snap);
	mem_free(NULL, s->buf);
}

/* N bytes of a value from OFF on, whatever its reader gives at a time. */
static int read_piece(struct value *v, uint64_t off, uint8_t *buf, size_t n)
{
	for (size_t got = 0; got < n; ) {
		long k = value_read(v, off + got, buf + got, n - got);

		if (k <= 0)
			return k < 0 ? (int)k : err_set(ERR_DAMAGED, "a value ends at byte %llu",
							(unsigned long long)(off + got));
		got += (size_t)k;
	}
	return 0;
}

static int same_values(struct diff *d, bool *same)
{
	struct value *a = NULL, *b = NULL;
	uint64_t size = d->a.e.size;
	int r = value_open(&a, d->store, &d->a.e);

	if (r == 0)
		r = value_open(&b, d->store, &d->b.e);
	*same = true;
	for (uint64_t off = 0; r == 0 && *same && off < size; off += DIFF_READ) {
		size_t n = size - off < DIFF_READ ? (size_t)(size - off) : DIFF_READ;

		r = read_piece(a, off, d->a.buf, n);
		if (r == 0)
			r = read_piece(b, off, d->b.buf, n);
		*same = r == 0 && !memcmp(d->a.buf, d->b.buf, n);
	}
	value_close(a);
	value_close(b);
	return r;
}

static int same_entries(struct diff *d, bool *same)
{
	const struct entry *a = &d->a.e, *b = &d->b.e;

	*same = a->version == b->version;
	if (*same || a->size != b->size || a->crc != b->crc || a->expires_ms != b->expires_ms)
		return 0;
	return same_values(d, same);
}

static void size_and_version(struct output *o, const struct entry *e, bool first)
{
	if (e)
		output_u64(o, first ? "a_size_bytes" : "b_size_bytes", e->size);
	else
		output_absent(o, first ? "a_size_bytes" : "b_size_bytes");
	output_version(o, first ? "a_version" : "b_version", e ? e->version : 0);
}

/* A or B may be NULL: not there. */
static int show(struct diff *d, const struct entry *a, const struct entry *b)
{
	struct bytes key = a ? a->key : b->key;

	d->n++;
	if (d->keys)
		return record_key(d->keys, key);
	output_bytes(d->rows, "key", key);
	output_text(d->rows, "change", !a ? "added" : !b ? "removed" : "changed");
	size_and_version(d->rows, a, true);
	size_and_version(d->rows, b, false);
	return output_row(d->rows);
}

static int step(struct diff *d)
{
	struct side *a = &d->a, *b = &d->b;
	int cmp = !a->there ? 1 : !b->there ? -1 : bytes_cmp(a->e.key, b->e.key);
	bool same = false;
	int r = 0;

	if (cmp == 0)
		r = same_entries(d, &same);
	if (r == 0 && !same)
		r = show(d, cmp <= 0 ? &a->e : NULL, cmp >= 0 ? &b->e : NULL);
	if (r == 0 && cmp <= 0)
		r = advance(a);
	if (r == 0 && cmp >= 0)
		r = advance(b);
	return r;
}

static int open_writers(struct diff *d, struct sink to)
{
	if (d->columns || d->cli->json)
		return output_open(&d->rows, cli_style(d->cli, false), to, NULL);
	return record_writer_open(&d->keys, cli_format_out(d->cli, RECORD_KEYS), RECORD_KEYS,
				  to, NULL);
}

static int walk(struct diff *d, const char *a, const char *b, struct sink to)
{
	int r = open_side(d, &d->a, a);

	if (r == 0)
		r = open_side(d, &d->b, b);
	if (r == 0)
		r = open_writers(d, to);
	while (r == 0 && d->n < d->limit && (d->a.there || d->b.there))
		r = step(d);
	if (r == 0)
		r = d->rows ? output_end(d->rows) : record_end(d->keys);
	output_close(d->rows);
	record_writer_close(d->keys);
	close_side(&d->a);
	close_side(&d->b);
	return r;
}

static int diff(struct diff *d, const char *a, const char *b)
{
	struct out *out = NULL;
	int r = open_store(d->cli, &d->store, OPEN_READ);

	if (r == 0)
		r = out_open(&out, cli_text(d->cli, CLI_VAL_OUTPUT), NULL);
	if (r == 0) {
		r = walk(d, a, b, (struct sink){ to_stdout, out });
		if (r == 0)
			r = out_commit(out);
		else
			out_abort(out);
	}
	store_close(d->store);
	if (r == 0 && d->n)
		r = err_set(ERR_ABSENT, "%llu keys differ", (unsigned long long)d->n);
	return r;
}

int main(int argc, const char **argv)
{
	struct diff d = { 0 };
	const struct poptOption table[] = {
		CLI_OPTION_LONG(&d.columns),
		CLI_OPTION_LIMIT,
		CLI_OPTION_FORMAT,
		CLI_OPTION_NULL,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *a, *b;
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	d.cli = &cli;
	d.limit = cli_u64(&cli, CLI_VAL_LIMIT, 0, UINT64_MAX, UINT64_MAX);
	if (d.columns && cli_given(&cli, CLI_VAL_NULL))
		cli_usage(&cli, "--null is for lists of keys: it excludes --long");
	cli_format_out(&cli, RECORD_KEYS);	/* an unknown -f ends here */
	a = cli_operand(&cli, "A");
	b = cli_operand_if_any(&cli);
	cli_no_more(&cli);
	return cli_end(&cli, diff(&d, a, b ? b : "now"));
}
