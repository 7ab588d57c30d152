/* strato-graph nodes - the keys of a graph, in order
 *
 * Keys with a common prefix lie together: those of strings as one range, those of
 * numbers (by value) as one range for each length.  So --prefix and --count look
 * for the ends of ranges and read nothing between them.  --label and --where are asked
 * of the graph (graph/match), of a range's nodes one by one.
 */
#include <inttypes.h>

#include <stdlib.h>

#include "base/err.h"
#include "cmd/graph/chosen.h"
#include "graph/text/text.h"
#include "graph/label.h"

static const struct cli_tool tool = {
	.name = "strato-graph nodes",
	.does = "list the nodes",
	.usage = "[OPTION]...",
	.examples = "strato-graph nodes -s /data/kv -g web --prefix=http: -L 10\n"
		    "strato-graph nodes -s /data/kv -g kg --label=Person --where='born<1900'",
};

struct nodes {
	struct opened o;
	bool more, count;
	const char *prefix;
	uint64_t left, n;
	struct chosen chosen;
	struct buf places;		/* of the nodes chosen, where ids are not in their order */
};

static int put_degree(struct nodes *n, uint64_t id, enum csr_direction way, const char *name)
{
	const struct graph_types all = { .all = true };
	uint64_t degree;
	int r = graph_degree(n->o.graph, id, way, &all, &degree);

	if (r == 0)
		row_u64(&n->o.row, name, degree);
	return r;
}

static int put(struct nodes *n, uint64_t id)
{
	int r = 0;

	row_node(&n->o.row, "node", id);
	if (n->more && graph_undirected(n->o.graph)) {
		r = put_degree(n, id, CSR_OUT, "degree");
	} else if (n->more) {
		r = put_degree(n, id, CSR_OUT, "out");
		if (r == 0)
			r = put_degree(n, id, CSR_IN, "in");
	}
	if (r == 0 && n->more)
		r = row_node_said(&n->o.row, id);
	return r < 0 ? r : row_end(&n->o.row);
}

static int take(struct nodes *n, uint64_t id)
{
	n->n++;
	if (n->count)
		return 0;
	n->left--;
	return put(n, id);
}

/* The places from FROM on, TO not among them. */
static int range(struct nodes *n, uint64_t from, uint64_t to)
{
	bool all = !n->chosen.any;
	uint64_t id;
	int r = 0;

	if (all && n->count) {
		n->n += to - from;
		return 0;
	}
	for (; r >= 0 && from < to && n->left; from++) {
		r = dict_at(graph_dict(n->o.graph), from, &id);
		if (r == 0)
			r = all ? 1 : chosen_has(&n->chosen, id);
		if (r > 0)
			r = take(n, id);
	}
	return r < 0 ? r : 0;
}

/* --- by what is said of them --- */

static int by_place(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int add_place(struct nodes *n, uint64_t id)
{
	uint64_t place;
	int r = dict_place_of(graph_dict(n->o.graph), id, &place);

	return r < 0 ? r : buf_add(&n->places, &place, sizeof place);
}

static int put_places(struct nodes *n)
{
	const uint64_t *place = (const uint64_t *)n->places.ptr;
	size_t count = n->places.len / sizeof *place;
	int r = 0;

	if (count)
		qsort(n->places.ptr, count, sizeof *place, by_place);
	for (size_t i = 0; r == 0 && i < count && n->left; i++) {
		uint64_t id;

		r = dict_at(graph_dict(n->o.graph), place[i], &id);
		if (r == 0)
			r = take(n, id);
	}
	return r;
}

static int chosen_ones(struct nodes *n)
{
	struct dict *d = graph_dict(n->o.graph);
	bool in_order = n->count || (dict_order(d) == DICT_BY_KEY && !graph_delta(n->o.graph));
	uint64_t id;
	int r = chosen_begin(&n->chosen);

	n->places.mem = graph_mem(n->o.graph);
	while (r == 0 && n->left && (r = chosen_next(&n->chosen, &id)) > 0)
		r = in_order ? take(n, id) : add_place(n, id);
	return r == 0 ? put_places(n) : r;
}

/* --- with a prefix --- */

static int strings(struct nodes *n, struct bytes prefix)
{
	struct dict *d = graph_dict(n->o.graph);
	uint64_t from, to = dict_key_n(d);
	struct buf end = {0};
	int r = dict_place(d, prefix, &from);

	if (r == 0)
		r = buf_add(&end, prefix.ptr, prefix.len);
	while (end.len && end.ptr[end.len - 1] == 0xff)
		end.len--;
	if (r == 0 && end.len) {	/* the least key above all that begin so */
		end.ptr[end.len - 1]++;
		r = dict_place(d, buf_bytes(&end), &to);
	}
	buf_release(&end);
	return r < 0 ? r : range(n, from, to);
}

/* Numbers in their order, strings behind them: those that begin so lie anywhere. */
static int mixed(struct nodes *n, struct bytes prefix)
{
	struct dict *d = graph_dict(n->o.graph);
	uint64_t id;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < dict_key_n(d) && (n->left || n->count); i++) {
		r = dict_at(d, i, &id);
		if (r == 0)
			r = dict_key(d, id, &n->o.key);
		if (r == 0 && bytes_starts(buf_bytes(&n->o.key), prefix))
			r = range(n, i, i + 1);
	}
	return r;
}

/* 17 begins 17, 170 to 179, 1700 to 1799, ... */
static int numbers(struct nodes *n, uint64_t first)
{
	struct dict *d = graph_dict(n->o.graph);
	uint64_t width = 1, from, to;
	int r = 0;

	for (;;) {
		uint64_t last = width - 1 > UINT64_MAX - first ? UINT64_MAX : first + (width - 1);

		r = dict_place_number(d, first, &from);
		if (r == 0 && last == UINT64_MAX)
			to = dict_key_n(d);
		else if (r == 0)
			r = dict_place_number(d, last + 1, &to);
		if (r == 0)
			r = range(n, from, to);
		if (r < 0 || first == 0 || first > UINT64_MAX / 10)
			return r;
		first *= 10;
		width *= 10;
	}
}

/* Of one label it is written down, unless there are changes. */
static int count_label(struct nodes *n)
{
	struct label label;
	int r = label_find(&label, n->o.graph, n->chosen.p.label[0].label);

	n->n = label.row_n;
	label_release(&label);
	return r < 0 ? r : 0;
}

static int list(struct nodes *n)
{
	struct dict *d = graph_dict(n->o.graph);
	struct bytes prefix = bytes_str(n->prefix ? n->prefix : "");
	const struct pattern *p = &n->chosen.p;
	uint64_t first;

	if (prefix.len == 0 && n->count && p->label_n == 1 && p->filter_n == 0 &&
	    !graph_delta(n->o.graph))
		return count_label(n);
	if (prefix.len == 0 && n->chosen.any)
		return chosen_ones(n);
	if (prefix.len == 0)
		return range(n, 0, dict_key_n(d));
	if (dict_mixed(d))
		return mixed(n, prefix);
	if (dict_form(d) == DICT_FORM_STRINGS)
		return strings(n, prefix);
	return text_number(prefix, &first) ? numbers(n, first) : 0;
}

static int nodes(struct nodes *n, struct cli *c)
{
	int r = opened_begin(&n->o, c);

	if (r == 0)
		r = opened_rows(&n->o);
	if (r == 0)
		r = chosen_open(&n->chosen, n->o.graph, n->prefix && *n->prefix);
	if (r == 0)
		r = list(n);
	chosen_close(&n->chosen);
	buf_release(&n->places);
	if (r == 0 && n->count) {
		row_u64(&n->o.row, "nodes", n->n);
		r = row_end(&n->o.row);
	}
	return opened_end(&n->o, r);
}

int nodes_main(int argc, const char **argv)
{
	int more = 0, count = 0;
	const struct poptOption table[] = {
		CLI_FLAG("count", 0, &count, "how many, at once"),
		CLI_FLAG("long", 'l', &more, "with outgoing and incoming edges, labels, properties"),
		CLI_OPTION_PREFIX,
		OPTION_LABEL,
		OPTION_WHERE("nodes"),
		CLI_OPTION_LIMIT,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct nodes n = {0};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	n.more = more;
	n.count = count;
	n.prefix = cli_text(&cli, CLI_VAL_PREFIX);
	n.left = cli_u64(&cli, CLI_VAL_LIMIT, 0, UINT64_MAX, UINT64_MAX);
	if (count && (more || cli_given(&cli, CLI_VAL_LIMIT)))
		cli_usage(&cli, "--count goes with neither --long nor --limit");
	chosen_options(&n.chosen, &cli);
	cli_no_more(&cli);
	return cli_end(&cli, nodes(&n, &cli));
}
