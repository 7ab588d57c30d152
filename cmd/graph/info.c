/* strato-graph info - what a graph holds and how it is stored */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "cmd/graph/graph.h"
#include "graph/delta.h"
#include "graph/index.h"

#define TYPES_SHOWN 20u

static const struct cli_tool tool = {
	.name = "strato-graph info",
	.does = "describe a graph",
	.usage = "[-g NAME] [OPTION]...",
	.examples = "strato-graph info -s /data/kv -g web\n"
		    "strato-graph info -s /data/kv -g web --json | jq .nodes",
};

static int say(struct opened *o, const char *name, const char *text)
{
	struct buf line = {0};
	int r = buf_printf(&line, "%-10s %s\n", name, text);

	if (r == 0)
		r = out_write(o->out, line.ptr, line.len);
	buf_release(&line);
	return r;
}

static void created(const struct manifest_graph *g, char out[32])
{
	time_t t = (time_t)(g->created_ns / 1000000000u);
	struct tm tm;

	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

static uint64_t size_of(const struct manifest_graph *g)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < g->segment_n; i++)
		sum += g->segment[i].bytes;
	return sum;
}

/* Of the whole, checksums and dictionary included, for each time that an edge is
 * stored: at both of its ends, but a loop without direction once. */
static double bits_per_edge(const struct opened *o)
{
	const struct csr *out = graph_csr(o->graph, CSR_OUT), *in = graph_csr(o->graph, CSR_IN);
	uint64_t edge_n = csr_edge_n(out) + (in != out ? csr_edge_n(in) : 0);

	return edge_n ? 8.0 * (double)size_of(graph_entry(o->graph)) / (double)edge_n : 0;
}

static const char *layout_of(const struct opened *o)
{
	return csr_layout_name(csr_layout(graph_csr(o->graph, CSR_OUT)));
}

static const char *values_of(const struct opened *o)
{
	static const char *const names[] = {
		[CSR_NO_VALUES] = "none", [CSR_INTEGERS] = "integers", [CSR_REALS] = "reals",
	};

	return names[csr_values(graph_csr(o->graph, CSR_OUT))];
}

/* Edges of a type as people count them: undirected ones once. */
static int type_edges(struct opened *o, uint32_t type, uint64_t *n)
{
	return csr_type_edges(graph_csr(o->graph, CSR_OUT), type, n);
}

static int info_types(struct opened *o)
{
	uint32_t n = graph_type_n(o->graph);
	struct bytes name;
	uint64_t edge_n;
	char text[400];
	int r = 0;

	for (uint32_t t = 0; r == 0 && t < n && t < TYPES_SHOWN; t++) {
		r = dict_type(graph_dict(o->graph), t, &name);
		if (r == 0)
			r = type_edges(o, t, &edge_n);
		if (r < 0 || (n == 1 && name.len == 0))
			return r;
		snprintf(text, sizeof text, "\"%s\": %s edges", bytes_show(name),
			 output_count(edge_n));
		r = say(o, "type", text);
	}
	if (r == 0 && n > TYPES_SHOWN) {
		snprintf(text, sizeof text, "and %" PRIu32 " more", n - TYPES_SHOWN);
		r = say(o, "type", text);
	}
	return r;
}

struct said {			/* of labels and properties */
	struct prop *nodes, *edges;	/* NULL: of none */
	uint32_t label_n, node_name_n, edge_name_n;
	uint64_t node_n, edge_n;	/* that have any */
	uint64_t bytes;
};

/* Rows may have no more than that their edge has no weight: where there are such, those
 * that have more are counted. */
static int edges_with_some(struct prop *p, uint64_t *out)
{
	struct prop_walk *w = NULL;
	struct prop_state state;
	uint64_t row;
	int r = 0;

	*out = prop_label_n(p) ? 0 : prop_added(p);
	if (prop_label_n(p) == 0 || prop_name_n(p) == 0)
		return 0;
	r = prop_walk_open(&w, p);
	while (r == 0 && (r = prop_walk_next(w, &row, &state)) > 0) {
		*out += state.prop_n > 0;
		r = 0;
	}
	prop_walk_close(w);
	return r;
}

static int said_of(struct opened *o, struct said *s)
{
	const struct manifest_graph *g = graph_entry(o->graph);
	int r;

	*s = (struct said){0};
	r = graph_props(o->graph, PROP_NODES, &s->nodes);
	if (r == 0)
		r = graph_props(o->graph, PROP_EDGES, &s->edges);
	if (r == 0 && s->nodes) {
		s->label_n = prop_label_n(s->nodes);
		s->node_name_n = prop_name_n(s->nodes);
		s->node_n = prop_added(s->nodes);
	}
	if (r == 0 && s->edges) {
		s->edge_name_n = prop_name_n(s->edges);
		r = edges_with_some(s->edges, &s->edge_n);
	}
	for (uint32_t i = 0; i < g->segment_n; i++)
		s->bytes += g->segment[i].kind == SEGMENT_PROP ? g->segment[i].bytes : 0;
	return r;
}

static int info_props(struct opened *o)
{
	struct said s;
	char text[200];
	int r = said_of(o, &s);

	if (r < 0 || (!s.nodes && !s.edges))
		return r;
	if ((r = say(o, "labels", output_count(s.label_n))) < 0)
		return r;
	snprintf(text, sizeof text, "%s of nodes, %s of edges", output_count(s.node_name_n),
		 output_count(s.edge_name_n));
	if ((r = say(o, "names", text)) < 0)
		return r;
	snprintf(text, sizeof text, "%s nodes and %s edges have some, %s",
		 output_count(s.node_n), output_count(s.edge_n), output_size(s.bytes));
	return say(o, "properties", text);
}

static int json_props(struct opened *o, struct json *j)
{
	struct said s;
	int r = said_of(o, &s);

	if (r < 0 || (!s.nodes && !s.edges))
		return r;
	json_u64(j, "labels", s.label_n);
	json_u64(j, "node_names", s.node_name_n);
	json_u64(j, "edge_names", s.edge_name_n);
	json_u64(j, "nodes_with_properties", s.node_n);
	json_u64(j, "edges_with_properties", s.edge_n);
	json_u64(j, "properties_bytes", s.bytes);
	return 0;
}

static int info_index(struct opened *o)
{
	struct buf text = {0};
	struct index *x;
	int r = graph_index(o->graph, &x);

	for (uint32_t i = 0; r == 0 && x && i < index_name_n(x); i++)
		r = buf_printf(&text, "%s%s", i ? ", " : "", bytes_show(index_name_at(x, i)));
	if (r == 0 && x)
		r = buf_add_byte(&text, '\0');
	if (r == 0 && x)
		r = say(o, "index of", (const char *)text.ptr);
	buf_release(&text);
	return r;
}

static int json_index(struct opened *o, struct json *j)
{
	struct index *x;
	int r = graph_index(o->graph, &x);

	if (r < 0 || !x)
		return r;
	json_array(j, "index");
	for (uint32_t i = 0; i < index_name_n(x); i++)
		json_bytes(j, NULL, index_name_at(x, i));
	json_array_end(j);
	return 0;
}

/* What lies in the graph's space and is laid over its segments at each opening. */
static int info_changes(struct opened *o)
{
	const struct delta *d = graph_delta(o->graph);
	char text[160];

	if (!d)
		return 0;
	snprintf(text, sizeof text, "%s pending, %s of memory; 'strato-graph compact' folds"
		 " them", output_count(delta_note(d)->entry_n),
		 output_size(delta_note(d)->bytes));
	return say(o, "changes", text);
}

static int info_text(struct opened *o)
{
	const struct manifest_graph *g = graph_entry(o->graph);
	char text[64], bits[80];
	int r;

	created(g, text);
	snprintf(bits, sizeof bits, "%s, %.2f bits an edge at each end",
		 output_size(size_of(g)), bits_per_edge(o));
	if ((r = say(o, "graph", g->name)) < 0 ||
	    (r = say(o, "nodes", output_count(g->node_n))) < 0 ||
	    (r = say(o, "edges", output_count(g->edge_n))) < 0 ||
	    (r = say(o, "types", output_count(g->type_n))) < 0 ||
	    (r = say(o, "edges are", graph_undirected(o->graph) ? "undirected" :
		     "directed")) < 0 ||
	    (r = say(o, "equal ones", g->flags & GRAPH_MULTI ? "kept" : "stored once")) < 0 ||
	    (r = say(o, "keys", dict_form_name(dict_form(graph_dict(o->graph))))) < 0 ||
	    (r = say(o, "layout", layout_of(o))) < 0 ||
	    (r = say(o, "order", dict_order_name(dict_order(graph_dict(o->graph))))) < 0 ||
	    (r = say(o, "values", values_of(o))) < 0 ||
	    (r = info_props(o)) < 0 ||
	    (r = info_index(o)) < 0 ||
	    (r = info_changes(o)) < 0 ||
	    (r = say(o, "size", bits)) < 0 ||
	    (r = say(o, "created", text)) < 0)
		return r;
	snprintf(text, sizeof text, "%" PRIu64, g->version);
	r = say(o, "version", text);
	return r < 0 ? r : info_types(o);
}

static int json_types(struct opened *o, struct json *j)
{
	struct bytes name;
	uint64_t edge_n;
	int r = 0;

	json_array(j, "types");
	for (uint32_t t = 0; r == 0 && t < graph_type_n(o->graph); t++) {
		r = dict_type(graph_dict(o->graph), t, &name);
		if (r == 0)
			r = type_edges(o, t, &edge_n);
		if (r < 0)
			break;
		json_object(j, NULL);
		json_bytes(j, "type", name);
		json_u64(j, "stored_edges", edge_n);
		json_object_end(j);
	}
	json_array_end(j);
	return r;
}

static int info_json(struct opened *o)
{
	const struct manifest_graph *g = graph_entry(o->graph);
	struct json j;
	char text[32];
	int r;

	created(g, text);
	json_init(&j, NULL);
	json_object(&j, NULL);
	json_bytes(&j, "graph", bytes_str(g->name));
	json_u64(&j, "nodes", g->node_n);
	json_u64(&j, "edges", g->edge_n);
	json_bool(&j, "undirected", graph_undirected(o->graph));
	json_bool(&j, "equal_edges_kept", g->flags & GRAPH_MULTI);
	json_text(&j, "keys", dict_form_name(dict_form(graph_dict(o->graph))));
	json_text(&j, "layout", layout_of(o));
	json_text(&j, "order", dict_order_name(dict_order(graph_dict(o->graph))));
	json_text(&j, "values", values_of(o));
	json_u64(&j, "size_bytes", size_of(g));
	json_real(&j, "bits_per_edge", bits_per_edge(o));
	json_text(&j, "created", text);
	json_version(&j, "version", g->version);
	json_u64(&j, "changes", graph_delta(o->graph) ?
		 delta_note(graph_delta(o->graph))->entry_n : 0);
	r = json_props(o, &j);
	if (r == 0)
		r = json_index(o, &j);
	if (r == 0)
		r = json_types(o, &j);
	json_object_end(&j);
	if (r == 0)
		r = json_line(&j, opened_sink(o));
	json_release(&j);
	return r;
}

static int info(struct cli *c)
{
	struct opened o;
	int r = opened_begin(&o, c);

	if (r == 0)
		r = c->json ? info_json(&o) : info_text(&o);
	return opened_end(&o, r);
}

int info_main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	cli_no_more(&cli);
	return cli_end(&cli, info(&cli));
}
