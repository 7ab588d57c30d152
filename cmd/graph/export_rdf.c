/* cmd/graph/export_rdf.c - nt and nq: canonical statements
 *
 * What import made of statements goes the same way back: keys and types are IRIs, keys
 * that begin with _: blank nodes, those that begin with <<( triple terms; labels are
 * rdf:type.  A graph that came otherwise has mostly names that are no IRIs, which is
 * refused: each line is read again before it is written.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/export.h"
#include "graph/rdf/ntriples.h"
#include "graph/rdf/rdf_literal.h"
#include "graph/rdf/rdf_write.h"

static bool is_nq(const struct export *x)
{
	return !strcmp(x->format->name, "nq");
}

static int begin_rdf(struct export *x)
{
	x->scan = mem_alloc(store_mem(x->o.store), sizeof *x->scan);
	if (!x->scan)
		return ERR_MEMORY;
	ntriples_scan_begin(x->scan, true, store_mem(x->o.store));
	return 0;
}

static int add_key(struct export *x, struct bytes key)
{
	struct rdf_term t = { .kind = RDF_IRI, .text = key };

	if (bytes_starts(key, bytes_str("<<(")))
		return buf_add(&x->line, key.ptr, key.len);
	if (bytes_starts(key, bytes_str("_:")))
		t = (struct rdf_term){ .kind = RDF_BLANK,
				       .text = bytes_of(key.ptr + 2, key.len - 2) };
	return rdf_write_term(&x->line, &t, RDF_FORM_12);
}

/* What could not be read back is no statement. */
static int check(struct export *x)
{
	struct rdf_statement st;
	int r = ntriples_line(buf_bytes(&x->line), x->scan, &st);
	char why[160];

	if (r > 0)
		return 0;
	snprintf(why, sizeof why, "%s", r < 0 ? err_message() : "no statement");
	err_set(ERR_BAD_RECORD, "%s cannot carry what would be %s (%s)", x->format->name,
		bytes_show(buf_bytes(&x->line)), why);
	err_hint("names are absolute IRIs there; use -f jsonl");
	return ERR_BAD_RECORD;
}

/* The line so far is S P O; GRAPH may be empty. */
static int end_statement(struct export *x, struct bytes graph)
{
	int r = 0;

	if (graph.len && !is_nq(x)) {
		err_set(ERR_BAD_RECORD, "nt cannot carry named graphs: \"%s\"",
			bytes_show(graph));
		err_hint("use -f nq");
		return ERR_BAD_RECORD;
	}
	if (graph.len) {
		r = buf_add_byte(&x->line, ' ');
		if (r == 0)
			r = add_key(x, graph);
	}
	if (r == 0)
		r = buf_add(&x->line, " .", 2);
	if (r == 0)
		r = check(x);
	if (r == 0)
		r = buf_add_byte(&x->line, '\n');
	return r < 0 ? r : export_put(x);
}

/* --- of a node --- */

/* SRC PREDICATE, with a blank behind. */
static int begin_statement(struct export *x, struct bytes predicate)
{
	int r;

	buf_clear(&x->line);
	r = add_key(x, buf_bytes(&x->src_text));
	if (r == 0)
		r = buf_add_byte(&x->line, ' ');
	if (r == 0)
		r = add_key(x, predicate);
	return r < 0 ? r : buf_add_byte(&x->line, ' ');
}

static int put_label(struct export *x, struct bytes label)
{
	int r = begin_statement(x, bytes_str(RDF_NS "type"));

	if (r == 0)
		r = add_key(x, label);
	return r < 0 ? r : end_statement(x, bytes_of(NULL, 0));
}

static int put_property(struct export *x, const struct property *p)
{
	uint8_t room[RDF_VALUE_MOST];
	struct rdf_term t;
	int r = begin_statement(x, p->name);

	rdf_literal_term(&t, &p->value, room);
	if (r == 0)
		r = rdf_write_term(&x->line, &t, RDF_FORM_12);
	return r < 0 ? r : end_statement(x, p->value.graph);
}

static bool same_language(const struct literal *a, const struct literal *b)
{
	return a->kind == LITERAL_LANG && b->kind == LITERAL_LANG &&
		a->extra.len == b->extra.len && bytes_equal(a->text, b->text) &&
		bytes_equal(a->graph, b->graph) &&
		!strncasecmp((const char *)a->extra.ptr, (const char *)b->extra.ptr,
			     a->extra.len);
}

/* Two languages that differ by case are one: the statement was there already. */
static bool is_again(const struct prop_state *s, uint32_t at)
{
	for (uint32_t i = at; i-- > 0 && bytes_equal(s->prop[i].name, s->prop[at].name);)
		if (same_language(&s->prop[i].value, &s->prop[at].value))
			return true;
	return false;
}

static int node_rdf(struct export *x, uint64_t id, const struct prop_state *s)
{
	int r = export_text(x, id, &x->src_text);

	x->have_src = false;
	for (uint32_t i = 0; r == 0 && i < s->label_n; i++)
		r = put_label(x, s->label[i]);
	for (uint32_t i = 0; r == 0 && i < s->prop_n; i++)
		if (!is_again(s, i))
			r = put_property(x, &s->prop[i]);
	return r;
}

/* --- of an edge --- */

static int put_edge(struct export *x, const struct export_edge *e, struct bytes graph)
{
	int r = begin_statement(x, e->type);

	if (r == 0)
		r = add_key(x, buf_bytes(&x->dst_text));
	return r < 0 ? r : end_statement(x, graph);
}

/* Once for each graph it is in; what else is said of it there is no place for. */
static int edge_rdf(struct export *x, const struct export_edge *e)
{
	const struct bytes in_default = {0};
	struct text_value weight;
	struct prop_state s;
	uint32_t graph_n = 0;
	int r = export_ends(x, e);

	if (r == 0)
		r = export_edge_state(x, e, &s, &weight);
	for (uint32_t i = 0; r == 0 && i < s.prop_n; i++) {
		bool graph = bytes_equal(s.prop[i].name, bytes_str("graph")) &&
			s.prop[i].value.kind == LITERAL_STRING;

		graph_n += graph;
		x->lost_n += !graph;
		if (graph)
			r = put_edge(x, e, s.prop[i].value.text);
	}
	return r < 0 || graph_n ? r : put_edge(x, e, in_default);
}

void export_release_rdf(struct export *x)
{
	if (!x->scan)
		return;
	ntriples_scan_end(x->scan);
	mem_free(store_mem(x->o.store), x->scan);
}

const struct export_format export_nt = {
	.name = "nt", .types = true, .edge_props = true, .node_props = true, .first = -1,
	.begin = begin_rdf, .node = node_rdf, .edge = edge_rdf,
};
const struct export_format export_nq = {
	.name = "nq", .types = true, .edge_props = true, .node_props = true, .first = -1,
	.begin = begin_rdf, .node = node_rdf, .edge = edge_rdf,
};
