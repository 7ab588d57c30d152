/* strato-get - read values: one, part of one, or many
 *
 * One KEY gives the value's bytes and nothing else.  -b gives a record for every
 * key asked, in the order asked, all from one snapshot; what is missing is said
 * in the stream, and the status is 1.  Nothing is written before its checksum was
 * verified.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/size.h"
#include "cli/cli.h"
#include "cmd/common/info.h"
#include "cmd/common/open.h"
#include "cmd/get/get_files.h"
#include "io/stream.h"
#include "store/blob.h"
#include "store/lookup.h"
#include "store/store.h"

#define GET_READ (256u << 10)
#define GET_STREAM 64u			/* keys waiting: nobody waits for each answer */
#define GET_PAUSE_NS 2000000u

enum { OPT_INTO = 1 };

static const struct cli_tool tool = {
	.name = "strato-get",
	.does = "read values from a store",
	.usage = "[OPTION]... KEY\n"
		 "[OPTION]... -b [KEY]...\n"
		 "[OPTION]... --files --into=DIR [-p PREFIX] [KEY]...",
	.examples = "strato-get -s /data/kv greeting\n"
		    "strato-get -s /data/kv -b -f cdb < keys > dump.cdb",
};

struct get {
	struct cli *cli;
	struct store *store;
	struct out *out;
	struct snapshot *snap;		/* of --as-of, else NULL */
	int exists, info, ignore_missing, unordered, map, force, files;
	bool batch, have_range;
	int64_t range_off;
	uint64_t range_len;		/* UINT64_MAX: to the end */
	uint8_t *buf;			/* GET_READ bytes */
	uint64_t missing_n;
};

static int to_out(void *ctx, const void *ptr, size_t len)
{
	return out_write(((struct get *)ctx)->out, ptr, len);
}

static struct sink sink_of(struct get *g)
{
	return (struct sink){ to_out, g };
}

/* --- ranges --- */

static void parse_range(struct cli *c, struct get *g)
{
	const char *text = cli_text(c, CLI_VAL_RANGE);
	const char *colon;
	struct bytes off;
	uint64_t n = 0;
	bool from_end;

	g->range_len = UINT64_MAX;
	if (!text)
		return;
	g->have_range = true;
	from_end = text[0] == '-';
	colon = strchr(text, ':');
	off = bytes_of(text + from_end, (colon ? (size_t)(colon - text) : strlen(text)) - from_end);
	if (size_bytes("--range", off, 0, INT64_MAX, &n) < 0 ||
	    (colon && colon[1] && size_bytes("--range", bytes_str(colon + 1), 0, INT64_MAX,
					     &g->range_len) < 0))
		cli_exit(c, ERR_USAGE);
	g->range_off = from_end ? -(int64_t)n : (int64_t)n;
}

/* The bytes [*from, *to) of a value of SIZE. */
static void range_of(const struct get *g, uint64_t size, uint64_t *from, uint64_t *to)
{
	uint64_t back = (uint64_t)-g->range_off;

	*from = g->range_off >= 0 ? (uint64_t)g->range_off : back < size ? size - back : 0;
	if (*from > size)
		*from = size;
	*to = size - *from < g->range_len ? size : *from + g->range_len;
}

/* --- one --- */

static int refuse_terminal(struct get *g, struct bytes value)
{
	if (g->force || !out_is_terminal(g->out) || !output_has_control(value))
		return 0;
	err_set(ERR_USAGE, "the value holds control bytes and standard output is a terminal");
	err_hint("redirect it, use -o FILE, or --force");
	return ERR_USAGE;
}

/* -v: where a large value's bytes came from. */
static void note_value(struct get *g, const struct value *v)
{
	struct blob_read_stat st;

	if (!value_get_stat(v, &st))
		return;
	cli_note(g->cli, "%llu chunks, %llu of them from the page cache",
		 (unsigned long long)st.chunk_n, (unsigned long long)st.mapped_n);
	if (st.ahead_n)
		cli_note(g->cli, "%llu pieces read ahead, %u at a time, %s: %s",
			 (unsigned long long)st.ahead_n, st.depth,
			 st.direct ? "direct" : "buffered", st.engine);
	else if (st.engine[0])
		cli_note(g->cli, "the others %s", st.engine);
}

static bool hold(void *ctx, const void *ptr, size_t len)
{
	return out_hold(((struct get *)ctx)->out, ptr, len);
}

static int write_raw(struct get *g, struct value *v, const struct entry *e)
{
	uint64_t off, to;
	int r = 0;

	range_of(g, e->size, &off, &to);
	value_expect(v, off, to);
	value_offer(v, hold, g);
	while (r == 0 && off < to) {
		const uint8_t *ptr;
		bool held;
		long n = value_peek(v, off, &ptr, &held);

		if (n <= 0)
			return n < 0 ? (int)n : err_set(ERR_DAMAGED, "a value ends at byte %llu",
							(unsigned long long)off);
		if ((uint64_t)n > to - off)
			n = (long)(to - off);
		r = refuse_terminal(g, bytes_of(ptr, (size_t)n));
		if (r == 0)
			r = held ? out_send(g->out, ptr, (size_t)n) :
				out_write(g->out, ptr, (size_t)n);
		off += (uint64_t)n;
	}
	note_value(g, v);
	return r;
}

static int write_record(struct get *g, struct record_writer *w, struct value *v,
			struct bytes key, const struct entry *e)
{
	uint64_t off, to;
	int r;

	range_of(g, e->size, &off, &to);
	r = record_value_begin(w, key, to - off);
	while (r == 0 && off < to) {
		size_t cap = to - off < GET_READ ? (size_t)(to - off) : GET_READ;
		long n = value_read(v, off, g->buf, cap);

		if (n <= 0)
			return n < 0 ? (int)n : err_set(ERR_DAMAGED, "a value ends at byte %llu",
							(unsigned long long)off);
		r = record_value_feed(w, g->buf, (size_t)n);
		off += (uint64_t)n;
	}
	return r < 0 ? r : record_value_end(w);
}

static int absent(struct bytes key)
{
	return err_set(ERR_ABSENT, "\"%s\": no such key", bytes_show(key));
}

/* The key as it is, or was when --as-of says. */
static int find(struct get *g, struct bytes key, struct entry *e)
{
	return g->snap ? snapshot_get(g->snap, 0, key, e) : store_get(g->store, 0, key, e);
}

static int find_value(struct get *g, struct bytes key, struct entry *e, struct value **v)
{
	int r;

	if (!g->snap)
		return store_get_value(g->store, 0, key, e, v);
	r = snapshot_get(g->snap, 0, key, e);
	if (r == 1) {
		r = value_open(v, g->store, e);
		r = r < 0 ? r : 1;
	}
	return r;
}

static int get_json(struct get *g, struct bytes key)
{
	struct record_writer *w;
	struct value *v = NULL;
	struct entry e;
	int r = record_writer_open(&w, RECORD_JSONL, RECORD_PAIRS, sink_of(g), NULL);

	if (r < 0)
		return r;
	r = find_value(g, key, &e, &v);
	if (r == 0) {
		r = record_absent(w, key);
		if (r == 0)
			r = absent(key);
	} else if (r == 1) {
		r = write_record(g, w, v, key, &e);
	}
	value_close(v);
	record_writer_close(w);
	return r;
}

static int get_info(struct get *g, struct bytes key, const struct entry *e)
{
	struct output *o;
	int r = output_open(&o, cli_style(g->cli, false), sink_of(g), NULL);

	if (r < 0)
		return r;
	r = info_row(o, e, key);
	if (r == 0)
		r = output_end(o);
	output_close(o);
	return r;
}

static int get_one(struct get *g, struct bytes key)
{
	struct value *v = NULL;
	struct entry e;
	int r;

	if (g->exists || g->info) {
		r = find(g, key, &e);
		if (r == 0)
			return absent(key);
		return r == 1 && g->info ? get_info(g, key, &e) : r < 0 ? r : 0;
	}
	if (g->cli->json)
		return get_json(g, key);
	r = find_value(g, key, &e, &v);
	if (r == 0)
		r = absent(key);
	else if (r == 1)
		r = write_raw(g, v, &e);
	value_close(v);
	return r;
}

/* --- many --- */

struct many {
	struct get *g;
	struct snapshot *snap;
	struct lookup *lookup;
	struct record_writer *w;
	struct output *info;
	struct in *in;
};

static int answer_absent(struct many *m, struct bytes key)
{
	if (m->g->ignore_missing)
		return 0;
	m->g->missing_n++;
	if (m->g->exists)
		return 0;
	return m->info ? info_absent(m->info, key) : record_absent(m->w, key);
}

/* A value that is here already, or the part of it that was asked for. */
static int answer_bytes(struct many *m, struct bytes key, struct bytes value)
{
	uint64_t off, to;

	range_of(m->g, value.len, &off, &to);
	return record_write(m->w, key, bytes_of(value.ptr + off, (size_t)(to - off)));
}

static int answer(void *ctx, struct bytes key, const struct entry *e)
{
	struct many *m = ctx;
	struct get *g = m->g;
	struct value *v = NULL;
	int r;

	if (!e)
		return answer_absent(m, key);
	if (g->exists)
		return 0;
	if (m->info)
		return info_row(m->info, e, key);
	if (e->kind == ENTRY_PUT || e->value.ptr)
		return answer_bytes(m, key, e->value);
	r = value_open(&v, g->store, e);
	if (r == 0)
		r = write_record(g, m->w, v, key, e);
	value_close(v);
	return r;
}

/* What was asked is answered, and goes out, before the next key is waited for: a
 * co-process.  A stream that only pauses is given a moment to go on. */
static ssize_t fill_keys(void *ctx, void *buf, size_t cap)
{
	struct many *m = ctx;
	int r = 0;

	if (in_would_block(m->in) && !(lookup_waiting(m->lookup) >= GET_STREAM &&
				       in_wait(m->in, GET_PAUSE_NS))) {
		r = lookup_run(m->lookup);
		if (r == 0)
			r = out_flush(m->g->out);
	}
	return r < 0 ? r : in_read(m->in, buf, cap);
}

/* After the last key, or the error that came instead of the next. */
static int answer_rest(struct many *m, int r)
{
	struct err_note note;
	int done;

	if (r >= 0)
		return lookup_run(m->lookup);
	err_take(&note, r);
	done = r == ERR_BAD_RECORD || r == ERR_CUT_OFF || r == ERR_USAGE || r == ERR_TOO_BIG ?
		lookup_run(m->lookup) : 0;
	return done < 0 ? done : err_give(&note);
}

static int answer_stream(struct many *m)
{
	struct record_source source = { fill_keys, m, NULL };
	struct record_reader *reader = NULL;
	struct record rec;
	int r = in_open(&m->in, "-", true, NULL);

	if (r < 0)
		return r;
	cli_reading_stdin(m->g->cli);
	r = record_open(&reader, cli_format_in(m->g->cli, RECORD_KEYS), RECORD_KEYS,
			&source, 0, 0, NULL);
	while (r == 0 && (r = record_next(reader, &rec)) == 1)
		r = lookup_add(m->lookup, rec.key);
	r = answer_rest(m, r);
	record_close(reader);
	in_close(m->in);
	return r;
}

static int answer_all(struct many *m)
{
	const char *key = cli_operand_if_any(m->g->cli);
	int r = 0;

	if (!key)
		return answer_stream(m);
	for (; r == 0 && key; key = cli_operand_if_any(m->g->cli))
		r = lookup_add(m->lookup, bytes_str(key));
	return answer_rest(m, r);
}

/* -v: what was done, so that settings can be seen at work. */
static void note_lookup(struct many *m)
{
	struct lookup_stat st;

	lookup_get_stat(m->lookup, &st);
	cli_note(m->g->cli, "%llu keys in %llu windows, %llu blocks; cache %llu hits, "
		 "%llu misses, %llu dropped, %llu of %llu bytes",
		 (unsigned long long)st.key_n, (unsigned long long)st.window_n,
		 (unsigned long long)st.block_n, (unsigned long long)st.cache.hit_n,
		 (unsigned long long)st.cache.miss_n, (unsigned long long)st.cache.evict_n,
		 (unsigned long long)st.cache.bytes, (unsigned long long)st.cache.most);
	if (st.value.value_n)
		cli_note(m->g->cli, "%llu large values, %llu of them not in the page cache, "
			 "at most %u on their way; %llu bytes read ahead as a whole, %llu past "
			 "the page cache", (unsigned long long)st.value.value_n,
			 (unsigned long long)st.value.cold_n, st.value.depth,
			 (unsigned long long)st.value.brought_bytes,
			 (unsigned long long)st.value.read_bytes);
	if (st.read_n)
		cli_note(m->g->cli, "%llu reads past the page cache, %llu bytes, "
			 "at most %u in flight: %s", (unsigned long long)st.read_n,
			 (unsigned long long)st.read_bytes, st.depth, st.engine);
}

static int lookup_for(struct many *m)
{
	const struct lookup_options o = {
		.unordered = m->g->unordered != 0,
		.no_values = m->g->exists || m->g->info,
		.answer = answer,
		.ctx = m,
	};

	return lookup_open(&m->lookup, m->snap, &o);
}

static int get_many(struct get *g)
{
	struct many m = { .g = g };
	int r = open_snapshot(g->cli, g->store, &m.snap);

	if (r == 0)
		snapshot_settle(m.snap);
	if (r == 0 && g->info)
		r = output_open(&m.info, cli_style(g->cli, false), sink_of(g), NULL);
	else if (r == 0)
		r = record_writer_open(&m.w, cli_format_out(g->cli, RECORD_PAIRS),
				       RECORD_PAIRS, sink_of(g), NULL);
	if (r == 0)
		r = lookup_for(&m);
	if (r == 0)
		r = answer_all(&m);
	if (r == 0)
		note_lookup(&m);
	if (r == 0)
		r = m.info ? output_end(m.info) : record_end(m.w);
	output_close(m.info);
	record_writer_close(m.w);
	lookup_close(m.lookup);
	snapshot_close(m.snap);
	if (r == 0 && g->missing_n)
		r = err_set(ERR_ABSENT, "%llu keys are not there",
			    (unsigned long long)g->missing_n);
	return r;
}

/* --- the command line --- */

static int get_into(struct get *g)
{
	const struct get_files f = { cli_text(g->cli, OPT_INTO), cli_text(g->cli, CLI_VAL_PREFIX) };
	int r = open_store(g->cli, &g->store, OPEN_READ);

	if (r == 0)
		r = open_snapshot(g->cli, g->store, &g->snap);
	cli_catch_signals();
	if (r == 0)
		r = get_files(g->cli, g->store, g->snap, &f);
	snapshot_close(g->snap);
	store_close(g->store);
	return r;
}

static int get(struct get *g, const char *key, const char *output)
{
	int r = open_store(g->cli, &g->store, OPEN_READ);

	if (r < 0)
		return r;
	store_map_values(g->store, g->map);
	g->buf = mem_alloc(NULL, GET_READ);
	r = g->buf ? out_open(&g->out, output, NULL) : ERR_MEMORY;
	if (r == 0 && g->force)
		out_as_it_is(g->out);
	if (r == 0 && key && cli_given(g->cli, CLI_VAL_AS_OF))
		r = open_snapshot(g->cli, g->store, &g->snap);
	if (r == 0)
		r = key ? get_one(g, bytes_str(key)) : get_many(g);
	/* A missing key is an answer: what was found is kept. */
	if (g->out && (r == 0 || (r == ERR_ABSENT && !key))) {
		struct err_note note;
		int done;

		err_take(&note, r);
		done = out_commit(g->out);
		r = done < 0 ? done : r < 0 ? err_give(&note) : 0;
	} else if (g->out && r == ERR_ABSENT && g->cli->json) {
		int done = out_commit(g->out);

		r = done < 0 ? done : r;
	} else if (g->out) {
		out_abort(g->out);
	}
	mem_free(NULL, g->buf);
	snapshot_close(g->snap);
	store_close(g->store);
	return r;
}

static void refuse_mixtures(struct cli *c, const struct get *g)
{
	if (!g->files != !cli_given(c, OPT_INTO))
		cli_usage(c, "--files and --into go together");
	if (!g->files && cli_given(c, CLI_VAL_PREFIX))
		cli_usage(c, "--prefix goes with --files");
	if (g->files && (g->batch || g->exists || g->info || g->have_range || c->json ||
			 cli_given(c, CLI_VAL_OUTPUT) || cli_given(c, CLI_VAL_FORMAT)))
		cli_usage(c, "--files writes files, and nothing else");
}

int main(int argc, const char **argv)
{
	struct get g = { 0 };
	const struct poptOption table[] = {
		CLI_OPTION_BATCH,
		CLI_OPTION_FORMAT,
		CLI_OPTION_NULL,
		CLI_OPTION_RANGE,
		CLI_OPTION_AS_OF,
		CLI_OPTION_EXISTS(&g.exists),
		CLI_OPTION_INFO(&g.info),
		CLI_FLAG("ignore-missing", 0, &g.ignore_missing,
			 "leave missing keys out, and out of the status"),
		CLI_FLAG("unordered", 0, &g.unordered, "answer in order of completion"),
		CLI_FLAG("mmap", 0, &g.map, "large values through a mapping"),
		CLI_FLAG("force", 0, &g.force, "control bytes to a terminal too"),
		CLI_FLAG("files", 0, &g.files, "values into files below a directory"),
		CLI_TEXT("into", 0, OPT_INTO, "that directory; made if it is not there", "DIR"),
		CLI_OPTION_PREFIX,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *key = NULL;
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	g.cli = &cli;
	g.batch = cli_given(&cli, CLI_VAL_BATCH);
	parse_range(&cli, &g);
	if (g.exists + g.info + g.have_range > 1)
		cli_usage(&cli, "--exists, --info and --range exclude each other");
	refuse_mixtures(&cli, &g);
	if (g.files)
		return cli_end(&cli, get_into(&g));
	if (!g.batch) {
		if (g.ignore_missing || g.unordered)
			cli_usage(&cli, "--ignore-missing and --unordered go with --batch");
		key = cli_operand(&cli, "KEY");
		cli_no_more(&cli);
	}
	return cli_end(&cli, get(&g, key, cli_text(&cli, CLI_VAL_OUTPUT)));
}
