/* strato-graph schema - what labels, properties and types a graph has
 *
 * Nobody declares one: names, counts and kinds stand in the heads of the graph's
 * files, so that the answer takes as long for a billion edges as for ten.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/graph/graph.h"
#include "graph/index.h"
#include "graph/literal_code.h"
#include "graph/schema.h"

static const struct cli_tool tool = {
	.name = "strato-graph schema",
	.does = "list the labels, properties and types of a graph",
	.usage = "[-g NAME] [OPTION]...",
	.examples = "strato-graph schema -s /data/kv -g kg\n"
		    "strato-graph schema -s /data/kv -g kg -f neo4j",
};

struct asked {
	struct opened *o;
	struct schema *schema;
	struct buf line;
	bool labels;			/* there is one */
};

/* --- lines --- */

static int put_kinds(struct asked *s, uint32_t kinds)
{
	int r = 0;

	s->line.len = 0;
	for (int k = LITERAL_BOOL; r == 0 && k <= LITERAL_TYPED; k++)
		if (kinds >> k & 1)
			r = buf_printf(&s->line, "%s%s", s->line.len ? "," : "",
				       literal_kind_name((enum literal_kind)k));
	output_bytes(s->o->rows, "kinds", buf_bytes(&s->line));
	return r;
}

static int put_name(void *ctx, enum schema_what what, const struct prop_name *n)
{
	static const char *const words[] = {
		[SCHEMA_LABELS] = "label", [SCHEMA_NODES] = "node", [SCHEMA_EDGES] = "edge",
	};
	struct asked *s = ctx;
	int r = 0;

	output_text(s->o->rows, "what", words[what]);
	output_bytes(s->o->rows, "name", n->text);
	output_u64(s->o->rows, "count", n->row_n);
	if (what == SCHEMA_LABELS) {
		output_absent(s->o->rows, "values");
		output_absent(s->o->rows, "kinds");
	} else {
		output_u64(s->o->rows, "values", n->value_n);
		r = put_kinds(s, n->kinds);
	}
	return r < 0 ? r : output_row(s->o->rows);
}

static int put_type(struct asked *s, struct bytes name, uint64_t n)
{
	output_text(s->o->rows, "what", "type");
	output_bytes(s->o->rows, "name", name);
	output_u64(s->o->rows, "count", n);
	output_absent(s->o->rows, "values");
	output_absent(s->o->rows, "kinds");
	return output_row(s->o->rows);
}

/* Of an undirected graph with several types it is known how often its edges are
 * stored: at both of their ends, but a loop once. */
static int put_types(struct asked *s)
{
	struct graph *g = s->o->graph;
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
			r = put_type(s, name, n);
	}
	return r;
}

/* The values the index has: those of changes that are pending are not among them. */
static int put_index(struct asked *s)
{
	struct output *rows = s->o->rows;
	struct index *x;
	int r = graph_index(s->o->graph, &x);

	for (uint32_t i = 0; r == 0 && x && i < index_name_n(x); i++) {
		output_text(rows, "what", "index");
		output_bytes(rows, "name", index_name_at(x, i));
		output_absent(rows, "count");
		output_u64(rows, "values", index_value_n(x, i));
		output_absent(rows, "kinds");
		r = output_row(rows);
	}
	return r;
}

static int lines(struct asked *s)
{
	int r = opened_rows(s->o);

	if (r == 0)
		r = schema_each(s->schema, SCHEMA_LABELS, put_name, s);
	if (r == 0)
		r = schema_each(s->schema, SCHEMA_NODES, put_name, s);
	if (r == 0)
		r = put_index(s);
	if (r == 0)
		r = put_types(s);
	return r < 0 ? r : schema_each(s->schema, SCHEMA_EDGES, put_name, s);
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

static int neo4j_name(void *ctx, enum schema_what what, const struct prop_name *n)
{
	struct asked *s = ctx;

	s->labels |= what == SCHEMA_LABELS;
	return what == SCHEMA_LABELS ? 0 :
		add_column(&s->line, n->text, neo4j_type(n->kinds), n->value_n > n->row_n);
}

static int neo4j(struct asked *s)
{
	int r = buf_printf(&s->line, ":ID");

	if (r == 0)
		r = schema_each(s->schema, SCHEMA_NODES, neo4j_name, s);
	if (r == 0)
		r = schema_each(s->schema, SCHEMA_LABELS, neo4j_name, s);
	if (r == 0)
		r = buf_printf(&s->line, "%s\n:START_ID,:END_ID,:TYPE",
			       s->labels ? ",:LABEL" : "");
	if (r == 0)
		r = schema_each(s->schema, SCHEMA_EDGES, neo4j_name, s);
	if (r == 0)
		r = buf_add_byte(&s->line, '\n');
	return r < 0 ? r : out_write(s->o->out, s->line.ptr, s->line.len);
}

static int say(struct opened *o, bool headers)
{
	struct asked s = { .o = o };
	int r = schema_open(&s.schema, o->graph);

	if (r == 0)
		r = headers ? neo4j(&s) : lines(&s);
	schema_close(s.schema);
	buf_release(&s.line);
	return r;
}

int schema_say(struct opened *o)
{
	return say(o, false);
}

static int schema(struct cli *c, bool headers)
{
	struct opened o;
	int r = opened_begin(&o, c);

	if (r == 0)
		r = say(&o, headers);
	return opened_end(&o, r);
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
