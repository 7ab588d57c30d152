/* cmd/graph/export_lines.c - formats with an edge a line */
#include <inttypes.h>
#include <string.h>

#include "base/endian.h"
#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/export.h"
#include "cmd/graph/said.h"

#define DOT_MANY 1000u

static int add_bytes(struct buf *b, struct buf text)
{
	return buf_add(b, text.ptr, text.len);
}

/* --- tsv, el --- */

/* NAME=VALUE each, a name once for each of its values.  Values that would come back as
 * others are counted; so are weights that are no numbers, which tsv refuses. */
static int tsv_said(struct export *x, const struct prop_state *state)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < state->prop_n; i++) {
		enum said_fit fit;

		if (bytes_equal(state->prop[i].name, bytes_str("weight"))) {
			x->lost_n++;
			continue;
		}
		r = buf_add_byte(&x->line, '\t');
		if (r == 0)
			r = said_pair(&x->line, &x->value_text, &state->prop[i], &fit);
		x->changed_n += r == 0 && fit == SAID_CHANGED;
	}
	return r;
}

static int edge_tsv(struct export *x, const struct export_edge *e)
{
	struct prop_state state = {0};
	struct text_value weight;
	struct buf *b = &x->line;
	int r = export_ends(x, e);

	if (r < 0 || (r = output_escape(b, buf_bytes(&x->src_text))) < 0 ||
	    (r = buf_add_byte(b, '\t')) < 0 ||
	    (r = output_escape(b, buf_bytes(&x->dst_text))) < 0)
		return r;
	r = export_edge_state(x, e, &state, &weight);
	if (r < 0)
		return r;
	if ((e->type.len || weight.kind || state.prop_n) &&
	    ((r = buf_add_byte(b, '\t')) < 0 || (r = output_escape(b, e->type)) < 0))
		return r;
	if (weight.kind && ((r = buf_printf(b, "\tweight=")) < 0 ||
			    (r = export_add_value(b, &weight)) < 0))
		return r;
	r = tsv_said(x, &state);
	if (r == 0)
		r = buf_add_byte(b, '\n');
	return r < 0 ? r : export_put(x);
}

static int cannot_carry(struct export *x, struct bytes key)
{
	err_set(ERR_BAD_RECORD, "%s cannot carry the key \"%s\"", x->format->name,
		bytes_show(key));
	err_hint("use -f tsv, or --renumber");
	return ERR_BAD_RECORD;
}

/* Would KEY come back from an el file as it is? */
static int plain(struct export *x, const struct buf *text)
{
	struct bytes key = buf_bytes(text);
	bool bad = key.ptr[0] == '#' || key.ptr[0] == '%';

	for (size_t i = 0; i < key.len && !bad; i++)
		bad = !key.ptr[i] || strchr(" \t\n\v\f\r,|", key.ptr[i]);
	return bad ? cannot_carry(x, key) : 0;
}

static int edge_el(struct export *x, const struct export_edge *e)
{
	struct buf *b = &x->line;
	struct text_value weight;
	struct prop_state state;
	int r = export_ends(x, e);

	if (r == 0)
		r = export_edge_state(x, e, &state, &weight);
	if (r < 0 || (r = plain(x, &x->src_text)) < 0 || (r = plain(x, &x->dst_text)) < 0 ||
	    (r = add_bytes(b, x->src_text)) < 0 || (r = buf_add_byte(b, ' ')) < 0 ||
	    (r = add_bytes(b, x->dst_text)) < 0)
		return r;
	if (weight.kind && ((r = buf_add_byte(b, ' ')) < 0 ||
			    (r = export_add_value(b, &weight)) < 0))
		return r;
	r = buf_add_byte(b, '\n');
	return r < 0 ? r : export_put(x);
}

static const struct export_format tsv = {
	.name = "tsv", .types = true, .values = true, .edge_props = true, .first = -1,
	.edge = edge_tsv,
};
static const struct export_format el = {
	.name = "el", .values = true, .first = -1, .edge = edge_el,
};

/* --- pairs --- */

static int edge_pairs64(struct export *x, const struct export_edge *e)
{
	uint64_t src, dst;
	le64 pair[2];
	int r = export_number(x, e->src, &src);

	if (r == 0)
		r = export_number(x, e->dst, &dst);
	if (r < 0)
		return r;
	pair[0] = le64_of(src);
	pair[1] = le64_of(dst);
	return out_write(x->out, pair, sizeof pair);
}

static int edge_pairs32(struct export *x, const struct export_edge *e)
{
	uint64_t src, dst;
	le32 pair[2];
	int r = export_number(x, e->src, &src);

	if (r == 0)
		r = export_number(x, e->dst, &dst);
	if (r < 0)
		return r;
	if ((src | dst) >> 32) {
		err_set(ERR_BAD_RECORD, "pairs32 cannot carry the key %" PRIu64,
			src >> 32 ? src : dst);
		err_hint("use -f pairs64, or --renumber");
		return ERR_BAD_RECORD;
	}
	pair[0] = le32_of((uint32_t)src);
	pair[1] = le32_of((uint32_t)dst);
	return out_write(x->out, pair, sizeof pair);
}

static const struct export_format pairs32 = {
	.name = "pairs32", .numbers = true, .first = -1, .edge = edge_pairs32,
};
static const struct export_format pairs64 = {
	.name = "pairs64", .numbers = true, .first = -1, .edge = edge_pairs64,
};

/* --- mtx, dimacs --- */

static int begin_mtx(struct export *x)
{
	static const char *const field[] = { "pattern", "integer", "real" };
	uint64_t n = export_node_n(x), edge_n;
	int r = export_count(x, &edge_n);

	if (r == 0)
		r = buf_printf(&x->line, "%%%%MatrixMarket matrix coordinate %s %s\n%" PRIu64
			       " %" PRIu64 " %" PRIu64 "\n", field[x->values],
			       graph_undirected(x->o.graph) ? "symmetric" : "general", n, n,
			       edge_n);
	return r < 0 ? r : export_put(x);
}

/* HEAD, both numbers, the weight. */
static int put_numbers(struct export *x, const char *head, uint64_t a, uint64_t b,
		       const struct text_value *v)
{
	int r = buf_printf(&x->line, "%s%" PRIu64 " %" PRIu64 "%s", head, a, b,
			   v->kind ? " " : "");

	if (r == 0 && v->kind)
		r = export_add_value(&x->line, v);
	if (r == 0)
		r = buf_add_byte(&x->line, '\n');
	return r < 0 ? r : export_put(x);
}

/* A symmetric matrix has its lower triangle. */
static int edge_mtx(struct export *x, const struct export_edge *e)
{
	uint64_t src, dst;
	int r = export_number(x, e->src, &src);

	if (r == 0)
		r = export_number(x, e->dst, &dst);
	if (r < 0)
		return r;
	if (graph_undirected(x->o.graph) && src < dst)
		return put_numbers(x, "", dst, src, &e->value);
	return put_numbers(x, "", src, dst, &e->value);
}

/* p sp is directed with weights, p edge neither. */
static int begin_dimacs(struct export *x)
{
	bool undirected = graph_undirected(x->o.graph);
	uint64_t edge_n;
	int r;

	if (undirected ? x->values != CSR_NO_VALUES : x->values != CSR_INTEGERS) {
		err_set(ERR_BAD_RECORD, undirected ?
			"dimacs cannot carry weights of edges without a direction" :
			"dimacs cannot carry edges with a direction without integer weights");
		err_hint("use -f mtx");
		return ERR_BAD_RECORD;
	}
	r = export_count(x, &edge_n);
	if (r == 0)
		r = buf_printf(&x->line, "p %s %" PRIu64 " %" PRIu64 "\n",
			       undirected ? "edge" : "sp", export_node_n(x), edge_n);
	return r < 0 ? r : export_put(x);
}

static int edge_dimacs(struct export *x, const struct export_edge *e)
{
	uint64_t src, dst;
	int r = export_number(x, e->src, &src);

	if (r == 0)
		r = export_number(x, e->dst, &dst);
	return r < 0 ? r : put_numbers(x, graph_undirected(x->o.graph) ? "e " : "a ", src,
				       dst, &e->value);
}

static const struct export_format mtx = {
	.name = "mtx", .values = true, .numbers = true, .lone = true, .first = 1,
	.begin = begin_mtx, .edge = edge_mtx,
};
static const struct export_format dimacs = {
	.name = "dimacs", .values = true, .numbers = true, .lone = true, .first = 1,
	.begin = begin_dimacs, .edge = edge_dimacs,
};

/* --- ldbc: three files --- */

int export_open(struct export *x, const char *ending)
{
	struct buf path = {0};
	int r = buf_printf(&path, "%s%s%c", x->prefix, ending, 0);

	if (r == 0)
		r = out_open(&x->out, (const char *)path.ptr, NULL);
	buf_release(&path);
	return r;
}

int export_close(struct export *x, int r)
{
	struct out *o = x->out;

	x->out = NULL;
	if (r < 0) {
		out_abort(o);
		return r;
	}
	return out_commit(o);
}

static int put_vertices(struct export *x)
{
	uint64_t id, number;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < export_node_n(x); i++) {
		r = export_node_at(x, i, &id);
		if (r == 0)
			r = export_number(x, id, &number);
		if (r == 0)
			r = buf_printf(&x->line, "%" PRIu64 "\n", number);
		if (r == 0)
			r = export_put(x);
	}
	return r;
}

static int put_properties(struct export *x, uint64_t edge_n)
{
	const char *slash = strrchr(x->prefix, '/'), *name = slash ? slash + 1 : x->prefix;
	struct buf *b = &x->line;
	int r = buf_printf(b, "graph.%s.vertex-file = %s.v\ngraph.%s.edge-file = %s.e\n"
			   "graph.%s.meta.vertices = %" PRIu64 "\ngraph.%s.meta.edges = %"
			   PRIu64 "\ngraph.%s.directed = %s\n", name, name, name, name, name,
			   export_node_n(x), name, edge_n, name,
			   graph_undirected(x->o.graph) ? "false" : "true");

	if (r == 0 && x->values)
		r = buf_printf(b, "graph.%s.edge-properties.names = weight\n"
			       "graph.%s.edge-properties.types = %s\n", name, name,
			       x->values == CSR_REALS ? "real" : "int");
	return r < 0 ? r : export_put(x);
}

/* The properties come last: what they name is there then. */
static int all_ldbc(struct export *x)
{
	uint64_t edge_n = 0;
	int r = export_open(x, ".v");

	if (r == 0)
		r = export_close(x, put_vertices(x));
	if (r == 0)
		r = export_count(x, &edge_n);
	if (r == 0)
		r = export_open(x, ".e");
	if (r == 0)
		r = export_close(x, export_each(x, edge_el));
	if (r == 0)
		r = export_open(x, ".properties");
	return r < 0 ? r : export_close(x, put_properties(x, edge_n));
}

static const struct export_format ldbc = {
	.name = "ldbc", .values = true, .numbers = true, .lone = true, .first = -1,
	.all = all_ldbc,
};

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

/* [label="TYPE", weight=WEIGHT] */
static int dot_attributes(struct buf *b, const struct export_edge *e,
			  const struct text_value *weight)
{
	const char *between = " [";
	int r = 0;

	if (e->type.len) {
		r = buf_printf(b, " [label=");
		r = r < 0 ? r : dot_quote(b, e->type);
		between = ", ";
	}
	if (r == 0 && weight->kind) {
		r = buf_printf(b, "%sweight=", between);
		r = r < 0 ? r : export_add_value(b, weight);
		between = ", ";
	}
	return r < 0 ? r : *between == ',' ? buf_add_byte(b, ']') : 0;
}

static int edge_dot(struct export *x, const struct export_edge *e)
{
	struct buf *b = &x->line;
	struct text_value weight;
	struct prop_state state;
	int r = export_ends(x, e);

	if (r == 0)
		r = export_edge_state(x, e, &state, &weight);
	if (r < 0 || (r = buf_add_byte(b, '\t')) < 0 ||
	    (r = dot_quote(b, buf_bytes(&x->src_text))) < 0 ||
	    (r = buf_printf(b, graph_undirected(x->o.graph) ? " -- " : " -> ")) < 0 ||
	    (r = dot_quote(b, buf_bytes(&x->dst_text))) < 0 ||
	    (r = dot_attributes(b, e, &weight)) < 0)
		return r;
	r = buf_add_byte(b, '\n');
	return r < 0 ? r : export_put(x);
}

static int begin_dot(struct export *x)
{
	struct buf *b = &x->line;
	uint64_t edge_n = graph_entry(x->o.graph)->edge_n;
	int r = buf_printf(b, graph_undirected(x->o.graph) ? "graph " : "digraph ");

	edge_n = x->left < edge_n ? x->left : edge_n;
	if (edge_n > DOT_MANY && !x->around)
		cli_warn(x->o.cli, "%s edges are more than a drawing shows well;"
			 " -L N or --around=NODE cuts", output_count(edge_n));
	if (r == 0)
		r = dot_quote(b, bytes_str(graph_entry(x->o.graph)->name));
	if (r == 0)
		r = buf_printf(b, " {\n");
	return r < 0 ? r : export_put(x);
}

static int end_dot(struct export *x)
{
	struct buf *b = &x->line;
	uint64_t n = x->touched ? graph_node_n(x->o.graph) : 0;
	int r = 0;

	for (uint64_t id = 0; r == 0 && id < n; id++) {
		if (x->touched[id / 64] >> (id & 63) & 1 ||
		    !dict_has(graph_dict(x->o.graph), id))
			continue;
		if ((r = export_text(x, id, &x->src_text)) == 0 &&
		    (r = buf_add_byte(b, '\t')) == 0 &&
		    (r = dot_quote(b, buf_bytes(&x->src_text))) == 0 &&
		    (r = buf_add_byte(b, '\n')) == 0)
			r = export_put(x);
	}
	return r < 0 ? r : out_write(x->out, "}\n", 2);
}

static const struct export_format dot = {
	.name = "dot", .types = true, .values = true, .lone = true, .first = -1,
	.begin = begin_dot, .edge = edge_dot, .end = end_dot,
};

const struct export_format *const export_line_formats[] = {
	&tsv, &el, &mtx, &dimacs, &ldbc, &pairs32, &pairs64, &dot, NULL
};
