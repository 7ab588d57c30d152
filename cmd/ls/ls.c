/* strato-ls - list keys in byte order
 *
 * One snapshot, walked from one bound to the other: what is not asked for is not
 * read, so "| head -n 5" costs a few keys.  --start is included and --end is not,
 * in whichever direction the list goes.
 */
#include "base/err.h"
#include "base/mem.h"
#include "cmd/common/info.h"
#include "cmd/common/open.h"
#include "io/stream.h"

#define LS_READ (256u << 10)	/* of a large value at a time */

enum { OPT_START = 1, OPT_END };

static const struct cli_tool tool = {
	.name = "strato-ls",
	.does = "list the keys of a store",
	.usage = "[OPTION]... [PREFIX]",
	.examples = "strato-ls -s /data/kv user/\n"
		    "strato-ls -s /data/kv --values -f cdb > dump.cdb",
};

struct ls {
	struct cli *cli;
	struct store *store;
	struct out *out;
	int columns, count, values, reverse;
	uint64_t limit;
	struct bytes prefix, start, end;
	struct output *rows;		/* -l */
	struct record_writer *records;	/* keys, or keys and values */
	uint8_t *buf;			/* LS_READ bytes, for --values */
	uint64_t n;
};

static int to_out(void *ctx, const void *ptr, size_t len)
{
	return out_write(((struct ls *)ctx)->out, ptr, len);
}

static int stream_value(struct ls *l, const struct entry *e)
{
	struct value *v = NULL;
	uint64_t off = 0;
	long n = 1;
	int r = value_open(&v, l->store, e);

	if (r == 0)
		r = record_value_begin(l->records, e->key, e->size);
	while (r == 0 && off < e->size) {
		n = value_read(v, off, l->buf, LS_READ);
		if (n <= 0)
			r = n < 0 ? (int)n :
				err_set(ERR_DAMAGED, "\"%s\": the value ends at byte %llu",
					bytes_show(e->key), (unsigned long long)off);
		else
			r = record_value_feed(l->records, l->buf, (size_t)n);
		off += n > 0 ? (uint64_t)n : 0;
	}
	value_close(v);
	return r < 0 ? r : record_value_end(l->records);
}

static int show(struct ls *l, const struct entry *e)
{
	if (l->rows)
		return info_row(l->rows, e, e->key);
	if (!l->records)
		return 0;
	if (!l->values)
		return record_key(l->records, e->key);
	if (e->kind == ENTRY_PUT)
		return record_write(l->records, e->key, e->value);
	return stream_value(l, e);
}

/* From the far bound back to the near one, or forth. */
static struct scan_options bounds(const struct ls *l)
{
	struct scan_options o = { .prefix = l->prefix };

	o.from.reverse = l->reverse;
	o.from.key = l->reverse ? l->end : l->start;
	o.end = l->reverse ? l->start : l->end;
	return o;
}

static int walk(struct ls *l, struct snapshot *snap)
{
	struct scan_options o = bounds(l);
	struct iter *it = NULL;
	struct entry e;
	int r = snapshot_scan(snap, &o, &it);

	while (r == 0 && l->n < l->limit && (r = iter_next(it, &e)) == 1) {
		l->n++;
		r = show(l, &e);
	}
	iter_close(it);
	return r;
}

static int print_count(struct ls *l, struct sink to)
{
	struct output *o;
	int r = output_open(&o, cli_style(l->cli, false), to, NULL);

	if (r < 0)
		return r;
	output_u64(o, "keys", l->n);
	r = output_row(o);
	if (r == 0)
		r = output_end(o);
	output_close(o);
	return r;
}

static int open_writers(struct ls *l, struct sink to)
{
	enum record_shape shape = l->values ? RECORD_PAIRS : RECORD_KEYS;

	if (l->count)
		return 0;
	if (l->columns)
		return output_open(&l->rows, cli_style(l->cli, false), to, NULL);
	if (l->values) {
		l->buf = mem_alloc(NULL, LS_READ);
		if (!l->buf)
			return ERR_MEMORY;
	}
	return record_writer_open(&l->records, cli_format_out(l->cli, shape), shape, to,
				  NULL);
}

static int list(struct ls *l, struct sink to)
{
	struct snapshot *snap = NULL;
	int r = open_snapshot(l->cli, l->store, &snap);

	if (r == 0)
		snapshot_settle(snap);
	if (r == 0)
		r = open_writers(l, to);
	if (r == 0)
		r = walk(l, snap);
	if (r == 0 && l->count)
		r = print_count(l, to);
	else if (r == 0)
		r = l->rows ? output_end(l->rows) : record_end(l->records);
	output_close(l->rows);
	record_writer_close(l->records);
	mem_free(NULL, l->buf);
	snapshot_close(snap);
	return r;
}

static int ls(struct ls *l)
{
	int r = open_store(l->cli, &l->store, OPEN_READ);

	if (r == 0)
		r = out_open(&l->out, cli_text(l->cli, CLI_VAL_OUTPUT), NULL);
	if (r == 0) {
		r = list(l, (struct sink){ to_out, l });
		if (r == 0)
			r = out_commit(l->out);
		else
			out_abort(l->out);
	}
	store_close(l->store);
	return r;
}

/* A bound is a key: "--end=" would be below every one. */
static struct bytes bound(struct cli *c, int val, const char *name)
{
	const char *text = cli_text(c, val);

	if (text && !text[0])
		cli_usage(c, "%s: a key has at least 1 byte", name);
	return text ? bytes_str(text) : bytes_of(NULL, 0);
}

static void check(struct ls *l)
{
	bool null = cli_given(l->cli, CLI_VAL_NULL);

	if (l->columns + l->count + l->values > 1)
		cli_usage(l->cli, "--long, --count and --values exclude each other");
	if (null && (l->columns || l->values))
		cli_usage(l->cli, "--null is for lists of keys: it excludes --long and --values");
	cli_format_out(l->cli, RECORD_KEYS);	/* an unknown -f ends here */
}

int main(int argc, const char **argv)
{
	struct ls l = { 0 };
	const struct poptOption table[] = {
		CLI_OPTION_LONG(&l.columns),
		CLI_FLAG("count", 0, &l.count, "only how many keys there are"),
		CLI_FLAG("values", 0, &l.values, "records of keys and values, as -f says"),
		CLI_FLAG("reverse", 0, &l.reverse, "from the last key to the first"),
		CLI_TEXT("start", 0, OPT_START, "from this key on, itself included", "KEY"),
		CLI_TEXT("end", 0, OPT_END, "up to this key, itself not included", "KEY"),
		CLI_OPTION_LIMIT,
		CLI_OPTION_AS_OF,
		CLI_OPTION_FORMAT,
		CLI_OPTION_NULL,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *prefix;
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	l.cli = &cli;
	l.limit = cli_u64(&cli, CLI_VAL_LIMIT, 0, UINT64_MAX, UINT64_MAX);
	l.start = bound(&cli, OPT_START, "--start");
	l.end = bound(&cli, OPT_END, "--end");
	check(&l);
	prefix = cli_operand_if_any(&cli);
	cli_no_more(&cli);
	if (prefix)
		l.prefix = bytes_str(prefix);
	return cli_end(&cli, ls(&l));
}
