/* cmd/graph/opened.c - a graph open for questions */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/graph.h"
#include "graph/text/text.h"
#include "store/kept.h"

#define LINE_MOST ((size_t)64 << 20)

size_t graph_line_most(struct store *s)
{
	size_t limit = store_mem(s)->limit;

	if (!limit || limit / 16 > LINE_MOST)
		return LINE_MOST;
	return limit / 16 > TEXT_LINE_MAX ? limit / 16 : TEXT_LINE_MAX;
}

static int to_out(void *ctx, const void *ptr, size_t len)
{
	return out_write(((struct opened *)ctx)->out, ptr, len);
}

struct sink opened_sink(struct opened *o)
{
	return (struct sink){ to_out, o };
}

/* 1: NOW's graph is what it was at VERSION. */
static int is_unchanged(struct snapshot *now, const char *graph, uint64_t version)
{
	const struct manifest_graph *g = manifest_find_graph(snapshot_manifest(now), graph);
	struct iter *changes;
	struct entry e;
	int r;

	if (!g || g->version > version || g->folded > version ||
	    snapshot_version(now) < version)
		return 0;
	r = snapshot_changes(now, g->space, version, &changes);
	if (r <= 0)
		return r == 0 ? 1 : r;
	r = iter_next(changes, &e);
	iter_close(changes);
	return r == 0 ? 1 : r < 0 ? r : 0;
}

int opened_as_of(struct cli *c, struct store *s, const char *which, struct snapshot **out)
{
	int r = store_snapshot_as_of(s, bytes_str(which), out), now;
	struct err_note note;
	uint64_t version;

	if (r != ERR_NO_SNAPSHOT || kept_version(bytes_str(which), &version) <= 0)
		return r;
	err_take(&note, r);
	now = store_snapshot(s, out);
	if (now < 0)
		return now;
	now = is_unchanged(*out, cli_graph(c), version);
	if (now > 0)
		return 0;
	snapshot_close(*out);
	*out = NULL;
	return now < 0 ? now : err_give(&note);
}

/* For questions to one graph, or to the store. */
static int begin(struct opened *o, struct cli *c, bool graph)
{
	const char *which = graph ? cli_text(c, CLI_VAL_AS_OF) : NULL;
	int r;

	*o = (struct opened){ .cli = c, .types.all = true };
	r = open_store(c, &o->store, OPEN_GRAPHS);
	if (r == 0)
		r = which ? opened_as_of(c, o->store, which, &o->snap) :
			open_snapshot(c, o->store, &o->snap);
	if (r == 0)
		r = out_open(&o->out, cli_text(c, CLI_VAL_OUTPUT), NULL);
	return r;
}

int opened_find(struct store *s, struct snapshot *snap, const char *name,
		const struct manifest_graph **out)
{
	*out = manifest_find_graph(snapshot_manifest(snap), name);
	if (*out)
		return 0;
	err_set(ERR_NO_GRAPH, "%s: no graph \"%s\"", store_path(s), bytes_show(bytes_str(name)));
	err_hint("'strato-graph ls' lists what is there; -g NAME names a graph");
	return ERR_NO_GRAPH;
}

int opened_store(struct opened *o, struct cli *c)
{
	return begin(o, c, false);
}

static int open_graph(struct opened *o, const char *name)
{
	const struct settings *settings = store_settings(o->store);
	const struct manifest_graph *g;
	int r = opened_find(o->store, o->snap, name, &g);

	if (r == 0)
		r = graph_open_changed(&o->graph, o->store, o->snap, g);
	if (r == 0 && graph_unused(o->graph))
		cli_warn(o->cli, "%s: not used, the changes are read one by one",
			 graph_unused(o->graph));
	if (r == 0)
		*graph_reading(o->graph) = (struct graph_reading){
			.depth = (unsigned)setting_u64(settings, SETTING_IO_DEPTH),
			.buffered = setting_u64(settings, SETTING_DIRECT_IO) == DIRECT_IO_OFF,
		};
	return r;
}

int opened_begin(struct opened *o, struct cli *c)
{
	int r = begin(o, c, true);

	return r < 0 ? r : open_graph(o, cli_graph(c));
}

int opened_rows(struct opened *o)
{
	int r = output_open(&o->rows, cli_style(o->cli, false), opened_sink(o), NULL);

	row_init(&o->row, o->out, o->cli->json ? o->rows : NULL,
		 o->graph, store_mem(o->store));
	return r;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void unique_types(struct opened *o)
{
	uint32_t n = 0;

	qsort(o->type_id, o->types.n, sizeof *o->type_id, by_id);
	for (uint32_t i = 0; i < o->types.n; i++)
		if (n == 0 || o->type_id[n - 1] != o->type_id[i])
			o->type_id[n++] = o->type_id[i];
	o->types.n = n;
}

int opened_types(struct opened *o)
{
	const char *name;
	size_t at = 0, n = 0;
	int r = 0;

	while (cli_each(o->cli, OPTION_TYPE_VAL, &at))
		n++;
	if (n == 0)
		return 0;
	o->type_id = mem_alloc(NULL, n * sizeof *o->type_id);
	if (!o->type_id)
		return ERR_MEMORY;
	o->types = (struct graph_types){ .id = o->type_id };
	for (at = 0; (name = cli_each(o->cli, OPTION_TYPE_VAL, &at));) {
		r = dict_find_type(graph_dict(o->graph), bytes_str(name),
				   &o->type_id[o->types.n]);
		if (r < 0)
			return r;
		o->types.n += (uint32_t)r;
		if (r == 0)
			err_set(ERR_ABSENT, "no type \"%s\"", bytes_show(bytes_str(name)));
	}
	unique_types(o);
	return o->types.n ? 0 : ERR_ABSENT;
}

static int finish(struct opened *o, int r)
{
	struct err_note note;
	int done;

	row_flush(&o->row);
	err_take(&note, r);
	done = o->rows ? output_end(o->rows) : 0;
	if (done == 0)
		done = out_commit(o->out);
	else
		out_abort(o->out);
	return done < 0 ? done : r < 0 ? err_give(&note) : 0;
}

int opened_end(struct opened *o, int r)
{
	if (o->out && (r == 0 || r == ERR_ABSENT))
		r = finish(o, r);
	else if (o->out)
		out_abort(o->out);
	row_release(&o->row);
	output_close(o->rows);
	in_close(o->in);
	mem_free(NULL, o->type_id);
	buf_release(&o->key);
	buf_release(&o->key2);
	graph_close(o->graph);
	snapshot_close(o->snap);
	store_close(o->store);
	return r;
}

int opened_node(struct opened *o, struct bytes key, uint64_t *id)
{
	int r = dict_find(graph_dict(o->graph), key, id);

	return r ? r : err_set(ERR_ABSENT, "no node \"%s\"", bytes_show(key));
}

enum csr_direction opened_way(struct cli *c, const int flags[3])
{
	if (flags[0] + flags[1] + flags[2] > 1)
		cli_usage(c, "--in, --out and --both exclude each other");
	return flags[0] ? CSR_IN : flags[2] ? CSR_BOTH : CSR_OUT;
}

/* --- questions --- */

static ssize_t fill(void *ctx, void *buf, size_t cap)
{
	struct opened *o = ctx;

	if (in_would_block(o->in)) {
		int r = o->idle ? o->idle(o->idle_ctx) : 0;

		row_flush(&o->row);
		if (r == 0)
			r = out_flush(o->out);
		if (r < 0)
			return r;
	}
	return in_read(o->in, buf, cap);
}

static int questions_of(struct opened *o, const char *file, enum record_shape shape,
			int (*each)(void *ctx, const struct record *rec), void *ctx)
{
	struct record_source source = { fill, o, NULL };
	struct record_reader *reader = NULL;
	struct record rec;
	int r = in_open(&o->in, file, true, NULL);

	if (r < 0)
		return r;
	if (!strcmp(file, "-"))
		cli_reading_stdin(o->cli);
	else
		source.name = in_name(o->in);
	r = record_open(&reader, cli_format_in(o->cli, shape), shape, &source, 0, 0, NULL);
	while (r == 0 && (r = record_next(reader, &rec)) == 1)
		r = each(ctx, &rec);
	record_close(reader);
	in_close(o->in);
	o->in = NULL;
	return r;
}

int opened_questions(struct opened *o, enum record_shape shape,
		     int (*each)(void *ctx, const struct record *rec), void *ctx)
{
	const char *file = cli_operand_if_any(o->cli);
	int r = 0;

	if (!file)
		return questions_of(o, "-", shape, each, ctx);
	for (; r == 0 && file; file = cli_operand_if_any(o->cli))
		r = questions_of(o, file, shape, each, ctx);
	return r;
}
