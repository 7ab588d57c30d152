/* strato-graph path - the shortest paths between two nodes, one node a line */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/device.h"
#include "cmd/graph/graph.h"
#include "graph/walk/paths.h"
#include "graph/walk/weigh.h"

enum { OPT_WEIGHT = 1, OPT_PATHS };

static const struct cli_tool tool = {
	.name = "strato-graph path",
	.does = "a shortest path between two nodes",
	.usage = "[OPTION]... SRC DST\n"
		 "[OPTION]... -b [FILE]...",
	.examples = "strato-graph path -s /data/kv -g web Alice Zoe\n"
		    "strato-graph path -s /data/kv -g web -l --type=knows -k 3 Alice Zoe",
};

struct finder {
	struct opened o;
	struct path_query q;
	bool more, many, weighed;
	uint64_t most;
	uint64_t none_n;
	struct device device;
};

/* The paths of one question: the device's only one, or those of here. */
struct found {
	struct paths here;
	struct path there;
	bool by_device, begun;
	uint64_t given_n;
};

static int put_steps(struct finder *f, const struct path *p, uint64_t nth)
{
	struct row *w = &f->o.row;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < p->n; i++) {
		if (f->many)
			row_u64(w, "path", nth);
		row_node(w, "node", p->step[i].node);
		if (f->more) {
			row_u64(w, "step", i);
			if (i == 0)
				row_absent(w, "type");
			else
				row_type(w, "type", p->step[i].type);
			row_value(w, "cost", f->q.weight, p->step[i].cost);
		}
		r = row_end(w);
	}
	return r;
}

static int put_sum(struct finder *f, struct bytes src, struct bytes dst, const struct path *p)
{
	struct row *w = &f->o.row;

	row_bytes(w, "from", src);
	row_bytes(w, "to", dst);
	if (p) {
		row_u64(w, "hops", p->n - 1);
		row_value(w, "cost", f->q.weight, p->step[p->n - 1].cost);
	} else {
		f->none_n++;
		row_absent(w, "hops");
		row_absent(w, "cost");
	}
	return row_end(w);
}

/* Ids of both; ERR_ABSENT with a message when one is not there. */
static int ends(struct finder *f, struct bytes src, struct bytes dst, uint64_t id[2])
{
	int r = opened_node(&f->o, src, &id[0]);

	if (r >= 0)
		r = opened_node(&f->o, dst, &id[1]);
	return r < 0 ? r : 0;
}

/* --- the device's --- */

/* 1: TO is among them. */
static int has(struct csr_list *l, uint64_t to)
{
	uint64_t id;
	int r = csr_seek(l, to);

	if (r < 0)
		return r;
	while ((r = csr_next(l, &id)) > 0)
		if (id >= to)
			return id == to;
	return r;
}

/* The first type by which an edge leads from FROM to TO: 1, or 0. */
static int type_of(struct finder *f, uint64_t from, uint64_t to, uint32_t *type)
{
	struct csr_list l;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < graph_types_n(f->q.graph, &f->q.types); i++) {
		*type = graph_types_at(&f->q.types, i);
		r = csr_row(graph_csr(f->q.graph, CSR_OUT), *type, from, &l);
		if (r == 0)
			r = has(&l, to);
	}
	return r;
}

/* The nodes as a path: 1; 0 when they are none. */
static int take(struct finder *f, const struct walked *w, const uint64_t id[2],
		struct path *out)
{
	int r = w->n && device_depth(w, 0) == id[0] && device_depth(w, w->n - 1) == id[1];

	*out = (struct path){ .mem = graph_mem(f->q.graph), .n = w->n };
	if (r == 0)
		return 0;
	out->step = mem_zalloc(out->mem, w->n * sizeof *out->step);
	if (!out->step)
		return ERR_MEMORY;
	for (uint64_t i = 0; r == 1 && i < w->n; i++) {
		struct path_step *s = &out->step[i];

		s->node = device_depth(w, i);
		s->weight.i = i > 0;
		s->cost.i = (int64_t)i;
		if (s->node >= graph_node_n(f->q.graph))
			return 0;
		r = i ? type_of(f, s[-1].node, s->node, &s->type) : 1;
	}
	return r;
}

/* 1: the device has answered. */
static int find_there(struct finder *f, const uint64_t id[2], struct path *out)
{
	struct walk_ask ask = { .kind = WIRE_WALK_PATH, .from = id[0], .to = id[1],
				.most = UINT32_MAX };
	struct walked w;
	int r;

	if (f->weighed || f->most > 1)
		return device_cannot(&f->device, f->weighed ?
				     "--weight is not asked of a device" :
				     "several paths are not asked of a device");
	r = device_ask(&f->device, &f->o, &ask, &w);
	if (r <= 0 || w.n == 0)
		return r;
	r = take(f, &w, id, out);
	return r ? r : device_cannot(&f->device, "the cache service's path is none");
}

static int found_begin(struct found *p, struct finder *f, const uint64_t id[2])
{
	int r = find_there(f, id, &p->there);

	p->given_n = 0;
	p->by_device = r == 1;
	p->begun = r == 0;
	if (p->begun)
		paths_begin(&p->here, &f->q, id[0], id[1], f->most);
	return r < 0 ? r : 0;
}

static int found_next(struct found *p, const struct path **out)
{
	int r;

	*out = &p->there;
	r = p->begun ? paths_next(&p->here, out) : p->by_device && p->given_n == 0 &&
		p->there.n;
	p->given_n += r > 0;
	return r;
}

static void found_end(struct found *p)
{
	if (p->begun)
		paths_end(&p->here);
	path_release(&p->there);
}

/* --- questions --- */

static int one(struct finder *f, const char *src, const char *dst)
{
	const struct path *path;
	struct found p = {0};
	uint64_t id[2];
	int r = ends(f, bytes_str(src), bytes_str(dst), id);

	if (r < 0)
		return r;
	r = found_begin(&p, f, id);
	while (r >= 0 && (r = found_next(&p, &path)) > 0)
		r = put_steps(f, path, p.given_n);
	if (r == 0 && p.given_n == 0)
		r = err_set(ERR_ABSENT, "no path from \"%s\" to \"%s\"",
			    bytes_show(bytes_str(src)), bytes_show(bytes_str(dst)));
	found_end(&p);
	return r;
}

static int answer(void *ctx, const struct record *rec)
{
	struct finder *f = ctx;
	const struct path *path;
	struct found p = {0};
	uint64_t id[2];
	int r;

	if (rec->absent || rec->streamed)
		return err_set(ERR_BAD_RECORD, "input line %llu: expected SRC TAB DST",
			       (unsigned long long)rec->line);
	r = ends(f, rec->key, rec->value, id);
	if (r == ERR_ABSENT)
		return put_sum(f, rec->key, rec->value, NULL);
	if (r < 0)
		return r;
	r = found_begin(&p, f, id);
	while (r >= 0 && (r = found_next(&p, &path)) > 0)
		r = put_sum(f, rec->key, rec->value, path);
	if (r == 0 && p.given_n == 0)
		r = put_sum(f, rec->key, rec->value, NULL);
	found_end(&p);
	return r;
}

/* By what edges are weighed. */
static int weigh(struct finder *f, const char *property)
{
	if (strcmp(property, "weight"))
		return err_set(ERR_UNSUPPORTED, "no property \"%s\": weight is the only one",
			       bytes_show(bytes_str(property)));
	f->q.weight = csr_values(graph_csr(f->o.graph, CSR_OUT));
	return f->q.weight == CSR_NO_VALUES ? weigh_missing(f->o.graph) : 0;
}

static int path(struct finder *f, struct cli *c, const char *src, const char *dst)
{
	int r = opened_begin(&f->o, c);

	if (r == 0)
		r = opened_rows(&f->o);
	if (r == 0)
		r = opened_types(&f->o);
	if (r == 0 && f->weighed)
		r = weigh(f, cli_text(c, OPT_WEIGHT));
	f->q.graph = f->o.graph;
	f->q.types = f->o.types;
	if (r == 0)
		r = src ? one(f, src, dst) :
			opened_questions(&f->o, RECORD_PAIRS, answer, f);
	if (r == 0 && f->none_n)
		r = err_set(ERR_ABSENT, "%llu pairs have no path",
			    (unsigned long long)f->none_n);
	device_end(&f->device);
	return opened_end(&f->o, r);
}

/* --weight alone is --weight=weight: popt would take the next word for its value. */
static void name_weight(int argc, const char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--weight"))
			argv[i] = "--weight=weight";
}

int path_main(int argc, const char **argv)
{
	int more = 0;
	const struct poptOption table[] = {
		CLI_TEXT("weight", 0, OPT_WEIGHT,
			 "least sum of a property (weight) instead of fewest edges", "PROP"),
		CLI_TEXT("paths", 'k', OPT_PATHS,
			 "the N shortest, none through a node twice (1)", "N"),
		OPTION_TYPE,
		CLI_FLAG("long", 'l', &more, "with step, type of the edge and cost so far"),
		OPTION_DEVICE,
		CLI_OPTION_BATCH,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *src = NULL, *dst = NULL;
	struct finder f = {0};
	struct cli cli;

	name_weight(argc, argv);
	cli_begin(&cli, &tool, argc, argv, table);
	device_options(&f.device, &cli);
	f.more = more;
	f.most = cli_u64(&cli, OPT_PATHS, 1, 1000000, 1);
	f.many = cli_given(&cli, OPT_PATHS);
	f.weighed = cli_given(&cli, OPT_WEIGHT);
	if (!cli_given(&cli, CLI_VAL_BATCH)) {
		src = cli_operand(&cli, "SRC");
		dst = cli_operand(&cli, "DST");
		cli_no_more(&cli);
	}
	return cli_end(&cli, path(&f, &cli, src, dst));
}
