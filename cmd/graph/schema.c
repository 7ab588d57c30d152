/* strato-graph schema - what labels, properties and types a graph has
 *
 * Nobody declares one: names, counts and kinds stand in the heads of the graph's
 * files, so that the answer takes as long for a billion edges as for ten.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/graph/graph.h"
#include "graph/literal_code.h"

static const struct cli_tool tool = {
	.name = "strato-graph schema",
	.does = "list the labels, properties and types of a graph",
	.usage = "[-g NAME] [OPTION]...",
	.examples = "strato-graph schema -s /data/kv -g kg\n"
		    "strato-graph schema -s /data/kv -g kg -f neo4j",
};

struct schema {
	struct opened o;
	struct prop *nodes, *edges;	/* NULL: none has any */
	struct buf line;
};

/* The property that an edge's value is; false when edges have none. */
static bool weight_of(struct schema *s, struct prop_name *out)
{
	enum csr_values kind = graph_values(s->o.graph);
	uint64_t n = graph_entry(s->o.graph)->edge_n;

	*out = (struct prop_name){
		.text = bytes_str("weight"), .row_n = n, .value_n = n,
		.kinds = 1u << (kind == CSR_INTEGERS ? LITERAL_INTEGER : LITERAL_DOUBLE),
	};
	return kind != CSR_NO_VALUES;
}

/* Each name of P, and of edges their weight, in order. */
static int each_name(struct schema *s, struct prop *p,
		     int (*each)(struct schema *s, const char *what, const struct prop_name *n))
{
	const char *what = p == s->nodes && p ? "node" : "edge";
	uint32_t n = p ? prop_name_n(p) : 0;
	struct prop_name name, weight;
	bool more = p == s->edges && weight_of(s, &weight);
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		r = prop_name_at(p, i, &name);
		if (r == 0 && more && bytes_cmp(weight.text, name.text) <= 0) {
			if (!bytes_equal(weight.text, name.text))
				r = each(s, what, &weight);
			more = false;
		}
		if (r == 0)
			r = each(s, what, &name);
	}
	return r == 0 && more ? each(s, what, &weight) : r;
}

/* --- lines --- */

static int put_kinds(struct schema *s, uint32_t kinds)
{
	int r = 0;

	s->line.len = 0;
	for (int k = LITERAL_BOOL; r == 0 && k <= LITERAL_TYPED; k++)
		if (kinds >> k & 1)
			r = buf_printf(&s->line, "%s%s", s->line.len ? "," : "",
				       literal_kind_name((enum literal_kind)k));
	output_bytes(s->o.rows, "kinds", buf_bytes(&s->line));
	return r;
}

static int put_name(struct schema *s, const char *what, const struct prop_name *n)
{
	int r;

	output_text(s->o.rows, "what", what);
	output_bytes(s->o.rows, "name", n->text);
	output_u64(s->o.rows, "count", n->row_n);
	output_u64(s->o.rows, "values", n->value_n);
	r = put_kinds(s, n->kinds);
	return r < 0 ? r : output_row(s->o.rows);
}

static int put_counted(struct schema *s, const char *what, struct bytes name, uint64_t n)
{
	output_text(s->o.rows, "what", what);
	output_bytes(s->o.rows, "name", name);
	output_u64(s->o.rows, "count", n);
	output_absent(s->o.rows, "values");
	output_absent(s->o.rows, "kinds");
	return output_row(s->o.rows);
}

static int put_labels(struct schema *s)
{
	struct prop_label l;
	int r = 0;

	for (uint32_t i = 0; r == 0 && s->nodes && i < prop_label_n(s->nodes); i++) {
		r = prop_label_at(s->nodes, i, &l);
		if (r == 0)
			r = put_counted(s, "label", l.text, l.row_n);
	}
	return r;
}

/* Of an undirected graph with several types it is known how often its edges are
 * stored: at both of their ends, but a loop once. */
static int put_types(struct schema *s)
{
	struct graph *g = s->o.graph;
	struct bytes name;
	uint64_t n;
	int r = 0;

	for (uint32_t t = 0; r == 0 && t < graph_type_n(g); t++) {
		r = dict_type(graph_dict(g), t, &name);
		if (r == 0)
			r = csr_type_edges(graph_csr(g, CSR_OUT), t, &n);
		if (graph_type_n(g) == 1)
			n = graph_entry(g)->edge_n;
		if (r == 0)
			r = put_counted(s, "type", name, n);
	}
	return r;
}

static int lines(struct schema *s)
{
	int r = opened_rows(&s->o);

	if (r == 0)
		r = put_labels(s);
	if (r == 0 && s->nodes)
		r = each_name(s, s->nodes, put_name);
	if (r == 0)
		r = put_types(s);
	return r < 0 ? r : each_name(s, s->edges, put_name);
}

/* --- the headers that neo4j-admin imports by --- */

static const char *neo4j_type(uint32_t kinds)
{
	uint32_t real = 1u << LITERAL_INTEGER | 1u << LITERAL_DOUBLE | 1u << LITERAL_DECIMAL;

	return kinds == 1u << LITERAL_BOOL ? "boolean" :
		kinds == 1u << LITERAL_INTEGER ? "long" :
		kinds == 1u << LITERAL_DATE ? "date" :
		kinds == 1u << LITERAL_DATETIME ? "datetime" :
		(kinds & ~real) == 0 ? "double" : "string";
}

static int add_column(struct buf *line, struct bytes name, const char *type, bool several)
{
	bool quoted = false;
	int r;

	for (size_t i = 0; i < name.len; i++)
		quoted |= strchr(",\"\r\n", name.ptr[i]) != NULL;	/* NUL too */
	r = buf_printf(line, quoted ? ",\"" : ",");
	for (size_t i = 0; r == 0 && i < name.len; i++) {
		r = buf_add_byte(line, name.ptr[i]);
		if (r == 0 && name.ptr[i] == '"')
			r = buf_add_byte(line, '"');
	}
	return r < 0 ? r : buf_printf(line, ":%s%s%s", type, several ? "[]" : "",
				      quoted ? "\"" : "");
}

static int neo4j_name(struct schema *s, const char *what, const struct prop_name *n)
{
	(void)what;
	return add_column(&s->line, n->text, neo4j_type(n->kinds), n->value_n > n->row_n);
}

static int neo4j(struct schema *s)
{
	bool labels = s->nodes && prop_label_n(s->nodes);
	int r = buf_printf(&s->line, ":ID");

	if (r == 0 && s->nodes)
		r = each_name(s, s->nodes, neo4j_name);
	if (r == 0)
		r = buf_printf(&s->line, "%s\n:START_ID,:END_ID,:TYPE", labels ? ",:LABEL" : "");
	if (r == 0)
		r = each_name(s, s->edges, neo4j_name);
	if (r == 0)
		r = buf_add_byte(&s->line, '\n');
	return r < 0 ? r : out_write(s->o.out, s->line.ptr, s->line.len);
}

static int schema(struct cli *c, bool headers)
{
	struct schema s = {0};
	int r = opened_begin(&s.o, c);

	if (r == 0)
		r = graph_props(s.o.graph, PROP_NODES, &s.nodes);
	if (r == 0)
		r = graph_props(s.o.graph, PROP_EDGES, &s.edges);
	if (r == 0)
		r = headers ? neo4j(&s) : lines(&s);
	buf_release(&s.line);
	return opened_end(&s.o, r);
}

int schema_main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("format", 'f', CLI_VAL_FORMAT,
			 "tsv (default), or neo4j: the header lines of its CSV files", "FMT"),
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *format;
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	cli_no_more(&cli);
	format = cli_text(&cli, CLI_VAL_FORMAT);
	if (format && strcmp(format, "tsv") && strcmp(format, "neo4j"))
		cli_usage(&cli, "--format: \"%s\" is none of tsv, neo4j", format);
	if (format && !strcmp(format, "neo4j") && cli.json)
		cli_usage(&cli, "-J does not go with -f neo4j");
	return cli_end(&cli, schema(&cli, format && !strcmp(format, "neo4j")));
}
