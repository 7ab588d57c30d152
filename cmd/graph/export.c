/* strato-graph export - a graph, or a part of it, as edges
 *
 * Edges come by type, then source, then target, in key order, as they are stored:
 * the export of the import of an export is the same bytes.  An undirected edge is
 * written once, its lesser key first.  What a format cannot carry is refused before
 * the first line where that can be known.
 */
#include "cmd/graph/columns.h"
#include "cmd/graph/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/text/weight.h"

enum { OPT_AROUND = 1, OPT_HOPS };
#define STOP 1		/* -L is reached */

static const struct cli_tool tool = {
	.name = "strato-graph export",
	.does = "write a graph, or a part of it, as edges",
	.usage = "[-g NAME] [-f FORMAT] [OPTION]...",
	.examples = "strato-graph export -s /data/kv -g web > web.tsv\n"
		    "strato-graph export -s /data/kv -f dot --around=Alice --hops=2",
	.more = "Formats: tsv, el, csv, mtx, metis, dimacs, ldbc, adj, adjlist, pairs32,\n"
		"pairs64, jsonl, mcp, nt, nq, neo4j, kgtk, graphml, as import reads them, dot.",
};

/* --- nodes --- */

uint64_t export_node_n(const struct export *x)
{
	return x->around ? x->part_n : graph_count(x->o.graph);
}

int export_node_at(struct export *x, uint64_t place, uint64_t *id)
{
	if (!x->around)
		return dict_at(graph_dict(x->o.graph), place, id);
	*id = x->ranked[place];
	return 0;
}

static int place_of(struct export *x, uint64_t id, uint64_t *out)
{
	struct dict *d = graph_dict(x->o.graph);
	uint64_t number;
	int r;

	if (dict_form(d) != DICT_FORM_STRINGS) {
		r = dict_number(d, id, &number);
		return r < 0 ? r : dict_place_number(d, number, out);
	}
	r = dict_key(d, id, &x->o.key);
	return r < 0 ? r : dict_place(d, buf_bytes(&x->o.key), out);
}

static int by_id(const void *a, const void *b)
{
	const struct export_node *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int by_rank(const void *a, const void *b)
{
	const struct export_node *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

static const struct export_node *in_part(const struct export *x, uint64_t id)
{
	const struct export_node key = { .id = id };

	return bsearch(&key, x->part, x->part_n, sizeof key, by_id);
}

int export_number(struct export *x, uint64_t id, uint64_t *out)
{
	int r;

	if (!x->renumber)
		return dict_number(graph_dict(x->o.graph), id, out);
	if (x->around)
		*out = in_part(x, id)->rank;
	else if ((r = place_of(x, id, out)) < 0)
		return r;
	*out += x->format->first > 0;
	return 0;
}

int export_text(struct export *x, uint64_t id, struct buf *out)
{
	uint64_t number;
	int r;

	if (!x->renumber)
		return dict_key(graph_dict(x->o.graph), id, out);
	buf_clear(out);
	r = export_number(x, id, &number);
	return r < 0 ? r : buf_printf(out, "%" PRIu64, number);
}

int export_ends(struct export *x, const struct export_edge *e)
{
	int r = 0;

	buf_clear(&x->line);
	if (!x->have_src || x->src != e->src)
		r = export_text(x, e->src, &x->src_text);
	x->have_src = r == 0;
	x->src = e->src;
	return r < 0 ? r : export_text(x, e->dst, &x->dst_text);
}

int export_put(struct export *x)
{
	int r = out_write(x->out, x->line.ptr, x->line.len);

	buf_clear(&x->line);
	return r;
}

int export_add_value(struct buf *b, const struct text_value *v)
{
	char text[WEIGHT_MAX];

	return buf_add(b, text, weight_show(text, v));
}

/* --- which edges --- */

int export_next(struct export *x, struct csr_list *l, uint64_t *to, struct text_value *v)
{
	union csr_value value;
	int r;

	*v = (struct text_value){0};
	if (x->values == CSR_NO_VALUES)
		return csr_next(l, to);
	r = csr_next_value(l, to, &value);
	if (r > 0 && x->values == CSR_INTEGERS)
		*v = (struct text_value){ .kind = TEXT_INTEGER, .i = value.i };
	else if (r > 0)
		*v = (struct text_value){ .kind = TEXT_REAL, .r = value.r };
	return r;
}

typedef int export_fn(struct export *x, const struct export_edge *e);

/* FIRST: the number of the list's first edge. */
static int each_of(struct export *x, uint64_t src, struct csr_list *list, struct bytes type,
		   uint64_t first, uint64_t *left, export_fn *edge)
{
	struct export_edge e = { .src = src, .type_id = list->type, .type = type,
				 .number = first - 1 };
	uint64_t place, before = UINT64_MAX;
	int r = 0;

	while (r == 0 && (r = export_next(x, list, &e.dst, &e.value)) > 0) {
		r = 0;
		e.number++;
		e.nth = e.dst == before ? e.nth + 1 : 0;
		before = e.dst;
		if (graph_undirected(x->o.graph) && e.dst < src)
			continue;
		if (x->around && !seen_find(&x->ball.seen, e.dst, &place))
			continue;
		if (*left == 0)
			return STOP;
		--*left;
		if (x->touched)
			export_touch(x, &e);
		r = edge(x, &e);
	}
	return r;
}

static int each_whole(struct export *x, uint32_t t, struct bytes type, uint64_t *left,
		      export_fn *edge)
{
	struct csr_list list;
	struct csr_scan scan;
	uint64_t first;
	int r = graph_type_first(x->o.graph, t, &first);

	if (r < 0)
		return r;
	csr_scan_begin(&scan, graph_csr(x->o.graph, CSR_OUT), t);
	while ((r = csr_scan_next(&scan, &list)) > 0) {
		r = each_of(x, scan.node, &list, type, first + list.edge, left, edge);
		if (r)
			return r;
	}
	return r;
}

static int each_part(struct export *x, uint32_t t, struct bytes type, uint64_t *left,
		     export_fn *edge)
{
	struct csr_list list;
	uint64_t first;
	int r = graph_type_first(x->o.graph, t, &first);

	for (uint64_t i = 0; r == 0 && i < x->part_n; i++) {
		r = csr_row(graph_csr(x->o.graph, CSR_OUT), t, x->part[i].id, &list);
		if (r == 0)
			r = each_of(x, x->part[i].id, &list, type, first + list.edge, left,
				    edge);
	}
	return r;
}

int export_each(struct export *x, export_fn *edge)
{
	uint64_t left = x->left;
	struct bytes type;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < graph_types_n(x->o.graph, &x->o.types); i++) {
		uint32_t t = graph_types_at(&x->o.types, i);

		r = dict_type(graph_dict(x->o.graph), t, &type);
		if (r == 0 && !x->typed)
			type.len = 0;
		if (r == 0)
			r = x->around ? each_part(x, t, type, &left, edge) :
				each_whole(x, t, type, &left, edge);
	}
	return r == STOP ? 0 : r;
}

static int count_edge(struct export *x, const struct export_edge *e)
{
	(void)e;
	x->list.entry_n++;
	return 0;
}

int export_count(struct export *x, uint64_t *out)
{
	int r = 0;

	*out = graph_entry(x->o.graph)->edge_n;
	if (x->o.types.all && !x->around && x->left >= *out)
		return 0;
	x->list.entry_n = 0;
	r = export_each(x, count_edge);
	*out = x->list.entry_n;
	return r;
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
	x->part = mem_alloc(store_mem(x->o.store), x->part_n * sizeof *x->part);
	x->ranked = mem_alloc(store_mem(x->o.store), x->part_n * sizeof *x->ranked);
	if (!x->part || !x->ranked)
		return ERR_MEMORY;
	for (uint64_t i = 0; i < x->part_n && r == 0; i++) {
		x->part[i].id = x->ball.seen.list[i].node;
		r = place_of(x, x->part[i].id, &x->part[i].rank);
	}
	qsort(x->part, x->part_n, sizeof *x->part, by_rank);
	for (uint64_t i = 0; i < x->part_n; i++) {
		x->part[i].rank = i;
		x->ranked[i] = x->part[i].id;
	}
	qsort(x->part, x->part_n, sizeof *x->part, by_id);
	return r;
}

/* --- can the format carry it? --- */

/* Of several types one that has a name is refused where types are; the one of --type
 * is left out. */
static int check_types(struct export *x)
{
	struct bytes type;
	int r = 0;

	if (!x->format->types && !x->o.types.all && x->o.types.n == 1)
		return 0;
	for (uint32_t i = 0; r == 0 && i < graph_types_n(x->o.graph, &x->o.types); i++) {
		r = dict_type(graph_dict(x->o.graph), graph_types_at(&x->o.types, i), &type);
		x->typed |= r == 0 && type.len;
		if (r < 0 || !type.len || x->format->types)
			continue;
		err_set(ERR_BAD_RECORD, "%s cannot carry the type \"%s\"", x->format->name,
			bytes_show(type));
		err_hint("use -f tsv; with --type=T the type is left out");
		return ERR_BAD_RECORD;
	}
	return r;
}

static int wrong_keys(const struct export *x, uint64_t n)
{
	if (x->format->first < 0)
		err_set(ERR_BAD_RECORD, "%s cannot carry keys that are no integers",
			x->format->name);
	else
		err_set(ERR_BAD_RECORD, "%s has the nodes %d to %" PRIu64 ", these keys are"
			" others", x->format->name, x->format->first,
			n - 1 + (uint64_t)x->format->first);
	err_hint("use -f tsv; or --renumber, which numbers the nodes in the order of"
		 " 'strato-graph nodes'");
	return ERR_BAD_RECORD;
}

/* Keys that are numbers, from the format's first without a gap. */
static int check_keys(struct export *x)
{
	struct dict *d = graph_dict(x->o.graph);
	uint64_t n = graph_count(x->o.graph), id, least = 0, most = 0;
	int r;

	if (!x->format->numbers || x->renumber || n == 0)
		return 0;
	if (dict_form(d) == DICT_FORM_STRINGS || (x->around && x->format->first >= 0))
		return wrong_keys(x, n);
	if (x->format->first < 0)
		return 0;
	r = dict_at(d, 0, &id);
	r = r < 0 ? r : dict_number(d, id, &least);
	r = r < 0 ? r : dict_at(d, n - 1, &id);
	r = r < 0 ? r : dict_number(d, id, &most);
	if (r < 0)
		return r;
	return least == (uint64_t)x->format->first && most == least + n - 1 ? 0 :
		wrong_keys(x, n);
}

static int check_values(struct export *x)
{
	x->values = csr_values(graph_csr(x->o.graph, CSR_OUT));
	if (x->format->values || !x->values)
		return 0;
	err_set(ERR_BAD_RECORD, "%s cannot carry weights", x->format->name);
	err_hint("use -f tsv");
	return ERR_BAD_RECORD;
}

/* --- all of it --- */

static int write_all(struct export *x)
{
	const struct export_format *f = x->format;
	int r;

	x->out = x->o.out;
	r = export_mark(x);
	if (r == 0 && f->all) {
		r = f->all(x);
	} else if (r == 0) {
		r = f->begin ? f->begin(x) : 0;
		if (r == 0 && f->node)
			r = export_nodes(x);
		if (r == 0)
			r = export_each(x, f->edge);
		if (r == 0 && f->end)
			r = f->end(x);
	}
	if (r == 0)
		export_warn(x);
	return r;
}

/* The three files of ldbc are opened under names of their own. */
static int begin_out(struct export *x)
{
	if (!x->prefix)
		return 0;
	out_abort(x->o.out);
	x->o.out = NULL;
	return out_open(&x->o.out, NULL, NULL);
}

static int export(struct export *x, struct cli *c)
{
	int r = opened_begin(&x->o, c);

	if (r == 0)
		r = begin_out(x);
	if (r == 0)
		r = opened_types(&x->o);
	if (r == 0)
		r = check_types(x);
	if (r == 0)
		r = check_values(x);
	if (r == 0)
		r = export_begin_said(x);
	if (r == 0)
		r = check_keys(x);
	if (r == 0 && x->around)
		r = find_part(x);
	if (r == 0)
		r = write_all(x);
	if (x->ball.graph)
		bfs_end(&x->ball);
	if (x->o.store) {
		mem_free(store_mem(x->o.store), x->part);
		mem_free(store_mem(x->o.store), x->ranked);
	}
	export_release_said(x);
	export_release_rdf(x);
	export_release_graphml(x);
	columns_close(x->columns);
	buf_release(&x->line);
	buf_release(&x->src_text);
	buf_release(&x->dst_text);
	buf_release(&x->value_text);
	return opened_end(&x->o, r);
}

static const struct export_format *find_format(const char *name)
{
	static const struct export_format *const lists[] = {
		&export_csv, &export_metis, &export_adj, &export_adjlist, &export_jsonl,
		&export_nt, &export_nq, &export_neo4j, &export_mcp,
		&export_kgtk, &export_graphml, NULL
	};

	for (size_t i = 0; export_line_formats[i]; i++)
		if (!strcmp(export_line_formats[i]->name, name))
			return export_line_formats[i];
	for (size_t i = 0; lists[i]; i++)
		if (!strcmp(lists[i]->name, name))
			return lists[i];
	return NULL;
}

static void take_format(struct export *x, struct cli *c)
{
	const char *name = cli_text(c, CLI_VAL_FORMAT);

	x->format = cli_given(c, CLI_VAL_FORMAT) ? find_format(name) : find_format("tsv");
	if (!x->format)
		cli_usage(c, "--format: \"%s\" is none of tsv, el, csv, mtx, metis, dimacs,"
			  " ldbc, adj, adjlist, pairs32, pairs64, jsonl, mcp, nt, nq, neo4j, kgtk, graphml, dot", name);
	if (c->json)
		x->format = &export_jsonl;
	if (x->format->all && cli_given(c, CLI_VAL_LIMIT) && strcmp(x->format->name, "ldbc") &&
	    strcmp(x->format->name, "neo4j"))
		cli_usage(c, "-L does not go with -f %s", x->format->name);
	if (strcmp(x->format->name, "ldbc") && strcmp(x->format->name, "neo4j"))
		return;
	x->prefix = cli_text(c, CLI_VAL_OUTPUT);
	if (!x->prefix || !strcmp(x->prefix, "-"))
		cli_usage(c, "-f %s writes several files: -o PREFIX names them", name);
}

int export_main(int argc, const char **argv)
{
	struct export x = {0};
	int renumber = 0;
	const struct poptOption table[] = {
		CLI_TEXT("format", 'f', CLI_VAL_FORMAT, "tsv (default), or one of those above",
			 "FMT"),
		CLI_TEXT("around", 0, OPT_AROUND,
			 "only what is near NODE: edges between nodes within --hops", "NODE"),
		CLI_TEXT("hops", 0, OPT_HOPS, "how near, both ways (1)", "N"),
		CLI_FLAG("renumber", 0, &renumber,
			 "numbers instead of keys, in the order of the keys"),
		OPTION_TYPE,
		CLI_OPTION_LIMIT,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	take_format(&x, &cli);
	x.renumber = renumber;
	x.around = cli_text(&cli, OPT_AROUND);
	x.hops = cli_u64(&cli, OPT_HOPS, 0, UINT32_MAX - 1, 1);
	x.left = cli_u64(&cli, CLI_VAL_LIMIT, 0, UINT64_MAX, UINT64_MAX);
	if (cli_given(&cli, OPT_HOPS) && !x.around)
		cli_usage(&cli, "--hops goes with --around");
	cli_no_more(&cli);
	return cli_end(&cli, export(&x, &cli));
}
