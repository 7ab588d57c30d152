/* give-props DIR GRAPH - properties for a graph that has none, out of lines
 *
 *	node TAB KEY [TAB :LABEL | TAB NAME=VALUE]...
 *	edge TAB SRC TAB TYPE TAB DST [TAB NAME=VALUE]...
 *
 * Labels and names of a line come in the order of their bytes; no escapes.  For tests
 * of what reads them: the segments are written and the graph's row names them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/setting.h"
#include "graph/graph.h"
#include "graph/literal_code.h"
#include "store/store.h"

struct given {
	enum prop_role role;
	uint64_t row;
	struct bytes label[16];
	struct property prop[64];
	struct prop_state s;
};

static struct given *given;
static size_t given_n;
static struct manifest_graph changed;

static void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "give-props: %s\n", err_message());
	exit(1);
}

static int settings(void *ctx, struct settings *out, struct bytes config, const char *where)
{
	(void)ctx;
	setting_init(out);
	return setting_read(out, SETTING_STORE, where, config);
}

static uint64_t node(struct graph *g, const char *key)
{
	uint64_t id = 0;

	if (dict_find(graph_dict(g), bytes_str(key), &id) != 1) {
		fprintf(stderr, "give-props: no node %s\n", key);
		exit(1);
	}
	return id;
}

static void edge(struct graph *g, struct given *to, char **rest)
{
	uint64_t from = node(g, strsep(rest, "\t"));
	const char *type = strsep(rest, "\t");
	union csr_value value;
	uint32_t id;

	to->role = PROP_EDGES;
	if (dict_find_type(graph_dict(g), bytes_str(type), &id) != 1 ||
	    graph_edge_number(g, from, id, node(g, strsep(rest, "\t")), 0, &to->row, &value) != 1) {
		fprintf(stderr, "give-props: no such edge\n");
		exit(1);
	}
}

static void take(struct graph *g, char *line)
{
	char *rest = strdup(line), *word = strsep(&rest, "\t");
	struct given *to;

	given = realloc(given, (given_n + 1) * sizeof *given);
	to = &given[given_n++];
	memset(to, 0, sizeof *to);
	if (!strcmp(word, "edge")) {
		edge(g, to, &rest);
	} else {
		to->role = PROP_NODES;
		to->row = node(g, strsep(&rest, "\t"));
	}
	while ((word = strsep(&rest, "\t")))
		if (*word == ':')
			to->label[to->s.label_n++] = bytes_str(word + 1);
		else
			must(literal_parse_pair(&to->prop[to->s.prop_n++], bytes_str(word)));
}

static int by_row(const void *a, const void *b)
{
	const struct given *x = a, *y = b;

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static void write_role(struct store *s, enum prop_role role, uint64_t row_n)
{
	struct prop_plan plan = { role, row_n };
	struct prop_writer *w;

	must(prop_create(&w, &plan, store_backend(s), store_id(s), store_mem(s)));
	for (size_t i = 0; i < given_n; i++) {
		struct given *x = &given[i];

		x->s.label = x->label;
		x->s.prop = x->prop;
		if (x->role == role)
			must(prop_add(w, x->row, &x->s));
	}
	must(prop_finish(w, &changed.segment[changed.segment_n++]));
}

static int edit(void *ctx, struct manifest *m, uint64_t version)
{
	(void)ctx;
	changed.version = version;
	manifest_drop_graph(m, changed.name);
	return manifest_add_graph(m, &changed);
}

int main(int argc, char **argv)
{
	struct store_options o = { .write = true, .settings = settings, .who = "give-props" };
	struct manifest_graph *entry;
	struct snapshot *snap;
	struct graph *g;
	struct store *s;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (argc != 3)
		return 64;
	must(store_open(&s, argv[1], &o));
	must(store_snapshot(s, &snap));
	entry = manifest_find_graph(snapshot_manifest(snap), argv[2]);
	if (!entry)
		return 66;
	must(graph_open(&g, store_backend(s), store_id(s), entry, store_mem(s)));
	while ((n = getline(&line, &cap, stdin)) > 0) {
		line[strcspn(line, "\n")] = 0;
		take(g, line);
	}
	qsort(given, given_n, sizeof *given, by_row);
	changed = *entry;
	must(store_build_begin(s));
	write_role(s, PROP_NODES, graph_node_n(g));
	write_role(s, PROP_EDGES, csr_edge_n(graph_csr(g, CSR_OUT)));
	must(store_publish(s, edit, NULL, NULL));
	store_build_end(s);
	graph_close(g);
	snapshot_close(snap);
	store_close(s);
	return 0;
}
