/* strato-graph export - a graph, or a part of it, as edges
 *
 * Edges come by type, then source, then target, in key order, as they are stored:
 * the export of the import of an export is the same bytes.  An undirected edge is
 * written once, its lesser key first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/graph.h"
#include "graph/walk/bfs.h"

enum { OPT_AROUND = 1, OPT_HOPS };
#define DOT_MANY 1000u

static const struct cli_tool tool = {
	.name = "strato-graph export",
	.does = "write a graph, or a part of it, as edges",
	.usage = "[-g NAME] [-f tsv|el|dot] [OPTION]...",
	.examples = "strato-graph export -s /data/kv -g web > web.tsv\n"
		    "strato-graph export -s /data/kv -f dot --around=Alice --hops=2",
};

struct export {
	struct opened o;
	int (*edge)(struct export *x, uint64_t src, uint64_t dst, struct bytes type);
	bool dot;
	const char *around;
	uint64_t hops, left;
	struct buf line;
	struct bfs ball;		/* of --around */
	uint64_t *part, part_n;		/* its nodes in key order */
	uint64_t src;			/* whose key o.key is */
	bool have_src;
};

#define STOP 1		/* -L is reached */

/* The keys of both ends into o.key and o.key2. */
static int keys(struct export *x, uint64_t src, uint64_t dst)
{
	int r = 0;

	if (!x->have_src || x->src != src)
		r = dict_key(graph_dict(x->o.graph), src, &x->o.key);
	x->have_src = r == 0;
	x->src = src;
	return r < 0 ? r : dict_key(graph_dict(x->o.graph), dst, &x->o.key2);
}

static int edge_json(struct export *x, uint64_t src, uint64_t dst, struct bytes type)
{
	int r = keys(x, src, dst);

	if (r < 0)
		return r;
	output_bytes(x->o.rows, "from", buf_bytes(&x->o.key));
	if (type.len)
		output_bytes(x->o.rows, "type", type);
	output_bytes(x->o.rows, "to", buf_bytes(&x->o.key2));
	return output_row(x->o.rows);
}

static int edge_tsv(struct export *x, uint64_t src, uint64_t dst, struct bytes type)
{
	struct buf *b = &x->line;
	int r = keys(x, src, dst);

	buf_clear(b);
	if (r < 0 || (r = output_escape(b, buf_bytes(&x->o.key))) < 0 ||
	    (r = buf_add_byte(b, '\t')) < 0 ||
	    (r = output_escape(b, buf_bytes(&x->o.key2))) < 0)
		return r;
	if (type.len && ((r = buf_add_byte(b, '\t')) < 0 || (r = output_escape(b, type)) < 0))
		return r;
	r = buf_add_byte(b, '\n');
	return r < 0 ? r : out_write(x->o.out, b->ptr, b->len);
}

/* Would KEY come back from an el file as it is? */
static int plain(struct bytes key)
{
	bool first = key.ptr[0] == '#' || key.ptr[0] == '%';

	for (size_t i = 0; i < key.len && !first; i++)
		first = !key.ptr[i] || strchr(" \t\n\v\f\r,|", key.ptr[i]);
	if (!first)
		return 0;
	err_set(ERR_BAD_RECORD, "el cannot carry the key \"%s\"", bytes_show(key));
	err_hint("use -f tsv");
	return ERR_BAD_RECORD;
}

static int edge_el(struct export *x, uint64_t src, uint64_t dst, struct bytes type)
{
	struct buf *b = &x->line;
	int r = keys(x, src, dst);

	if (r == 0 && type.len) {
		err_set(ERR_BAD_RECORD, "el cannot carry the type \"%s\"", bytes_show(type));
		err_hint("use -f tsv");
		return ERR_BAD_RECORD;
	}
	buf_clear(b);
	if (r < 0 || (r = plain(buf_bytes(&x->o.key))) < 0 ||
	    (r = plain(buf_bytes(&x->o.key2))) < 0 ||
	    (r = buf_add(b, x->o.key.ptr, x->o.key.len)) < 0 ||
	    (r = buf_add_byte(b, ' ')) < 0 ||
	    (r = buf_add(b, x->o.key2.ptr, x->o.key2.len)) < 0 ||
	    (r = buf_add_byte(b, '\n')) < 0)
		return r;
	return out_write(x->o.out, b->ptr, b->len);
}

/* --- dot --- */

/* A quoted identifier: the escapes of tsv, their backslashes doubled. */
static int dot_quote(struct buf *b, struct bytes text)
{
	struct buf plain_text = {0};
	int r = output_escape(&plain_text, text);

	if (r == 0)
		r = buf_add_byte(b, '"');
	for (size_t i = 0; r == 0 && i < plain_text.len; i++) {
		uint8_t c = plain_text.ptr[i];

		if (c == '"' || c == '\\')
			r = buf_add_byte(b, '\\');
		if (r == 0)
			r = buf_add_byte(b, c);
	}
	buf_release(&plain_text);
	return r < 0 ? r : buf_add_byte(b, '"');
}

static int edge_dot(struct export *x, uint64_t src, uint64_t dst, struct bytes type)
{
	struct buf *b = &x->line;
	int r = keys(x, src, dst);

	buf_clear(b);
	if (r < 0 || (r = buf_add_byte(b, '\t')) < 0 ||
	    (r = dot_quote(b, buf_bytes(&x->o.key))) < 0 ||
	    (r = buf_printf(b, graph_undirected(x->o.graph) ? " -- " : " -> ")) < 0 ||
	    (r = dot_quote(b, buf_bytes(&x->o.key2))) < 0)
		return r;
	if (type.len && ((r = buf_printf(b, " [label=")) < 0 ||
			 (r = dot_quote(b, type)) < 0 || (r = buf_add_byte(b, ']')) < 0))
		return r;
	r = buf_add_byte(b, '\n');
	return r < 0 ? r : out_write(x->o.out, b->ptr, b->len);
}

static int dot_begin(struct export *x)
{
	struct buf *b = &x->line;
	int r = buf_printf(b, graph_undirected(x->o.graph) ? "graph " : "digraph ");

	if (r == 0)
		r = dot_quote(b, bytes_str(graph_entry(x->o.graph)->name));
	if (r == 0)
		r = buf_printf(b, " {\n");
	return r < 0 ? r : out_write(x->o.out, b->ptr, b->len);
}

/* --- which edges --- */

static int emit(struct export *x, uint64_t src, struct csr_list *list, struct bytes type)
{
	uint64_t place, dst;
	int r = 0;

	while (r == 0 && (r = csr_next(list, &dst)) > 0) {
		r = 0;
		if (graph_undirected(x->o.graph) && dst < src)
			continue;
		if (x->around && !seen_find(&x->ball.seen, dst, &place))
			continue;
		if (x->left == 0)
			return STOP;
		x->left--;
		r = x->edge(x, src, dst, type);
	}
	return r;
}

static int emit_whole(struct export *x, uint32_t t, struct bytes type)
{
	struct csr_list list;
	struct csr_scan scan;
	int r;

	csr_scan_begin(&scan, graph_csr(x->o.graph, CSR_OUT), t);
	while ((r = csr_scan_next(&scan, &list)) > 0) {
		r = emit(x, scan.node, &list, type);
		if (r)
			return r;
	}
	return r;
}

static int emit_part(struct export *x, uint32_t t, struct bytes type)
{
	struct csr_list list;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < x->part_n; i++) {
		r = csr_row(graph_csr(x->o.graph, CSR_OUT), t, x->part[i], &list);
		if (r == 0)
			r = emit(x, x->part[i], &list, type);
	}
	return r;
}

static int emit_all(struct export *x)
{
	struct bytes type;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < graph_types_n(x->o.graph, &x->o.types); i++) {
		uint32_t t = graph_types_at(&x->o.types, i);

		r = dict_type(graph_dict(x->o.graph), t, &type);
		if (r == 0)
			r = x->around ? emit_part(x, t, type) : emit_whole(x, t, type);
	}
	return r == STOP ? 0 : r;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int find_part(struct export *x)
{
	uint64_t id;
	int r = opened_node(&x->o, bytes_str(x->around), &id);

	if (r < 0)
		return r;
	r = bfs_begin(&x->ball, x->o.graph, CSR_BOTH, &x->o.types, id);
	if (r == 0)
		r = bfs_steps(&x->ball, x->hops);
	if (r < 0)
		return r;
	x->part_n = x->ball.seen.n;
	x->part = mem_alloc(store_mem(x->o.store), 8 * x->part_n);
	if (!x->part)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < x->part_n; i++)
		x->part[i] = x->ball.seen.list[i].node;
	qsort(x->part, x->part_n, sizeof *x->part, by_id);
	return 0;
}

static int emit_dot(struct export *x)
{
	uint64_t most = x->left < graph_entry(x->o.graph)->edge_n ? x->left :
		graph_entry(x->o.graph)->edge_n;
	int r;

	if (most > DOT_MANY && !x->around)
		cli_warn(x->o.cli, "%s edges are more than a drawing shows well;"
			 " -L N or --around=NODE cuts", output_count(most));
	r = dot_begin(x);
	if (r == 0)
		r = emit_all(x);
	return r < 0 ? r : out_write(x->o.out, "}\n", 2);
}

static int export(struct export *x, struct cli *c)
{
	int r = opened_begin(&x->o, c);

	if (r == 0 && c->json)
		r = opened_rows(&x->o);
	if (r == 0)
		r = opened_types(&x->o);
	if (r == 0 && x->around)
		r = find_part(x);
	if (r == 0)
		r = x->dot && !c->json ? emit_dot(x) : emit_all(x);
	if (x->ball.graph)
		bfs_end(&x->ball);
	if (x->part)
		mem_free(store_mem(x->o.store), x->part);
	buf_release(&x->line);
	return opened_end(&x->o, r);
}

int export_main(int argc, const char **argv)
{
	static const char *const formats[] = { "tsv", "el", "dot", NULL };
	const struct poptOption table[] = {
		CLI_TEXT("format", 'f', CLI_VAL_FORMAT, "tsv (default), el or dot", "FMT"),
		CLI_TEXT("around", 0, OPT_AROUND,
			 "only what is near NODE: edges between nodes within --hops", "NODE"),
		CLI_TEXT("hops", 0, OPT_HOPS, "how near, both ways (1)", "N"),
		OPTION_TYPE,
		CLI_OPTION_LIMIT,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct export x = {0};
	struct cli cli;
	int format;

	cli_begin(&cli, &tool, argc, argv, table);
	format = cli_choice(&cli, CLI_VAL_FORMAT, formats, 0);
	x.dot = format == 2;
	x.edge = cli.json ? edge_json : format == 2 ? edge_dot :
		format == 1 ? edge_el : edge_tsv;
	x.around = cli_text(&cli, OPT_AROUND);
	x.hops = cli_u64(&cli, OPT_HOPS, 0, UINT32_MAX - 1, 1);
	x.left = cli_u64(&cli, CLI_VAL_LIMIT, 0, UINT64_MAX, UINT64_MAX);
	if (cli_given(&cli, OPT_HOPS) && !x.around)
		cli_usage(&cli, "--hops goes with --around");
	cli_no_more(&cli);
	return cli_end(&cli, export(&x, &cli));
}
