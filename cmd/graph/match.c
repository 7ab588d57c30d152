/* strato-graph match - all solutions of patterns
 *
 * A row a solution, its columns the variables in the order they are first named.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cmd/graph/graph.h"
#include "graph/match/match.h"

enum { OPT_VARS = 1 };

static const struct cli_tool tool = {
	.name = "strato-graph match",
	.does = "nodes and types that fit patterns",
	.usage = "[OPTION]... PATTERN...\n"
		 "[OPTION]... -b PATTERN... < KEYS",
	.examples = "strato-graph match -s /data/kv '?a wrote ?b' '?b cites ?c' '?c by ?a'\n"
		    "strato-graph match -s /data/kv -L 10 '?a : Person' '?a.born < 1900'",
	.more = "'?a wrote ?b' is an edge: source, type, target; ? is a variable of its own.\n"
		"'?a : Person' is a label, '?a.born < 1900' a property (= != < <= > >=).\n"
		"\"...\" around what has blanks.  Patterns hold together by equal variables.",
};

/* Rows that were given already, by their columns. */
struct given {
	uint64_t *slot;			/* of a row, plus 1; 0: empty */
	uint64_t slot_n, row_n;		/* slot_n is a power of two */
	struct buf rows;
};

struct matching {
	struct opened o;
	struct pattern p;
	struct match *m;
	int distinct, count, explain;
	uint64_t most, left, found_n;	/* of this question */
	const char *vars;
	uint32_t column[PATTERN_VARS], column_n;
	char *name[PATTERN_VARS];
	struct given given;
};

/* --- rows that are given once --- */

static uint64_t hash_row(const uint64_t *row, uint32_t n)
{
	uint64_t h = n;

	for (uint32_t i = 0; i < n; i++)
		h = hash_u64(h ^ row[i]);
	return h;
}

static const uint64_t *row_at(const struct matching *q, uint64_t i)
{
	return (const uint64_t *)q->given.rows.ptr + i * q->column_n;
}

static uint64_t place_of(const struct matching *q, const uint64_t *row)
{
	const struct given *g = &q->given;
	uint64_t i = hash_row(row, q->column_n) & (g->slot_n - 1);

	while (g->slot[i] && memcmp(row_at(q, g->slot[i] - 1), row, q->column_n * sizeof *row))
		i = (i + 1) & (g->slot_n - 1);
	return i;
}

static int grow(struct matching *q)
{
	struct given *g = &q->given;
	struct mem *mem = store_mem(q->o.store);
	uint64_t *slot, n = g->slot_n ? 2 * g->slot_n : 1024;

	slot = mem_zalloc(mem, n * sizeof *slot);
	if (!slot)
		return ERR_MEMORY;
	mem_free(mem, g->slot);
	g->slot = slot;
	g->slot_n = n;
	for (uint64_t i = 0; i < g->row_n; i++)
		g->slot[place_of(q, row_at(q, i))] = i + 1;
	return 0;
}

/* 1: it is new, 0: it was given. */
static int is_new(struct matching *q, const uint64_t *row)
{
	struct given *g = &q->given;
	uint64_t at;
	int r = 2 * g->row_n >= g->slot_n ? grow(q) : 0;

	if (r < 0)
		return r;
	at = place_of(q, row);
	if (g->slot[at])
		return 0;
	r = buf_add(&g->rows, row, q->column_n * sizeof *row);
	g->slot[at] = ++g->row_n;
	return r < 0 ? r : 1;
}

static void forget(struct given *g)
{
	if (g->slot)
		memset(g->slot, 0, g->slot_n * sizeof *g->slot);
	buf_clear(&g->rows);
	g->row_n = 0;
}

/* --- solutions --- */

static int put(struct matching *q, const uint64_t *row)
{
	struct row *w = &q->o.row;

	for (uint32_t i = 0; i < q->column_n; i++) {
		if (q->p.var[q->column[i]].type)
			row_type(w, q->name[i], (uint32_t)row[i]);
		else
			row_node(w, q->name[i], row[i]);
	}
	if (q->column_n == 0)
		row_text(w, "solution", "yes");
	return row_end(w);
}

static int take(struct matching *q, const uint64_t *ids)
{
	uint64_t row[PATTERN_VARS];
	int r = 1;

	for (uint32_t i = 0; i < q->column_n; i++)
		row[i] = ids[q->column[i]];
	if (q->distinct)
		r = is_new(q, row);
	if (r <= 0)
		return r;
	q->left--;
	q->found_n++;
	return q->count ? 0 : put(q, row);
}

static int solve(struct matching *q, uint64_t id)
{
	const uint64_t *ids;
	int r = match_begin(q->m, id);

	q->left = q->most;
	if (r == 0 && q->count && !q->distinct)
		return match_count(q->m, q->most, &q->found_n);
	forget(&q->given);
	while (r == 0 && q->left && (r = match_next(q->m, &ids)) > 0)
		r = take(q, ids);
	return r < 0 ? r : 0;
}

static int put_count(struct matching *q)
{
	row_u64(&q->o.row, "count", q->found_n);
	return row_end(&q->o.row);
}

static int answer(void *ctx, const struct record *rec)
{
	struct matching *q = ctx;
	uint64_t id;
	int r = opened_node(&q->o, rec->key, &id);

	q->found_n = 0;
	if (q->count)
		row_of(&q->o.row, q->name[0], rec->key);
	if (r >= 0)
		r = solve(q, id);
	if (r == ERR_ABSENT)		/* no such node: no solution */
		r = 0;
	return r == 0 && q->count ? put_count(q) : r;
}

static int answer_all(struct matching *q)
{
	int r = solve(q, 0);

	if (r == 0 && q->count)
		return put_count(q);
	return r < 0 || q->found_n ? r : err_set(ERR_ABSENT, "no solution");
}

/* --- what is asked --- */

static int add_column(struct matching *q, uint32_t var)
{
	struct bytes name = q->p.var[var].name;

	q->name[q->column_n] = strndup((const char *)name.ptr, name.len);
	if (!q->name[q->column_n])
		return err_set(ERR_MEMORY, "out of memory");
	q->column[q->column_n++] = var;
	return 0;
}

static int choose_columns(struct matching *q)
{
	const char *at = q->vars;
	uint32_t var;
	int r = 0;

	for (uint32_t v = 0; !at && r == 0 && v < q->p.var_n; v++)
		r = q->p.var[v].name.len ? add_column(q, v) : 0;
	while (at && r == 0) {
		size_t n = strcspn(at, ",");
		struct bytes name = bytes_of(at + (*at == '?'), n - (*at == '?'));

		if (!pattern_find(&q->p, name, &var))
			return err_set(ERR_USAGE, "--vars: no variable ?%s", bytes_show(name));
		if (q->column_n == PATTERN_VARS)
			return err_set(ERR_USAGE, "--vars: more than %u columns", PATTERN_VARS);
		r = add_column(q, var);
		at = at[n] ? at + n + 1 : NULL;
	}
	return r;
}

/* The variable that -b gives: the one first named. */
static int first_var(struct matching *q, uint32_t *var)
{
	for (*var = 0; *var < q->p.var_n; ++*var)
		if (q->p.var[*var].name.len && q->p.var[*var].node)
			return 0;
	return err_set(ERR_USAGE, "-b: the patterns have no variable of a node");
}

static int add_patterns(struct matching *q)
{
	const char *text = cli_operand_if_any(q->o.cli);
	int r = 0;

	for (; r == 0 && text; text = cli_operand_if_any(q->o.cli))
		r = pattern_add(&q->p, bytes_str(text));
	if (r == 0)
		r = pattern_check(&q->p);
	return r < 0 ? r : choose_columns(q);
}

static int explain(struct matching *q)
{
	struct buf text = {0};
	int r = match_explain(q->m, &text);

	if (r == 0)
		r = out_write(q->o.out, text.ptr, text.len);
	buf_release(&text);
	return r;
}

static int ask(struct matching *q, bool batch)
{
	uint32_t first = PATTERN_VARS;
	int r = add_patterns(q);

	if (r == 0 && batch)
		r = first_var(q, &first);
	if (r == 0)
		r = match_open(&q->m, q->o.graph, &q->p, first);
	if (r < 0)
		return r;
	if (q->explain)
		return explain(q);
	return batch ? opened_questions(&q->o, RECORD_KEYS, answer, q) : answer_all(q);
}

static int match(struct matching *q, struct cli *c, bool batch)
{
	int r = opened_begin(&q->o, c);

	if (r == 0)
		r = opened_rows(&q->o);
	if (r == 0) {
		q->given.rows.mem = store_mem(q->o.store);
		r = ask(q, batch);
	}
	row_of(&q->o.row, NULL, (struct bytes){0});
	if (q->o.store)
		mem_free(store_mem(q->o.store), q->given.slot);
	buf_release(&q->given.rows);
	match_close(q->m);
	pattern_release(&q->p);
	for (uint32_t i = 0; i < q->column_n; i++)
		free(q->name[i]);
	return opened_end(&q->o, r);
}

int match_main(int argc, const char **argv)
{
	static struct matching q;	/* patterns are large */
	const struct poptOption table[] = {
		CLI_TEXT("vars", 0, OPT_VARS, "columns: variables, commas between", "A,B"),
		CLI_FLAG("distinct", 0, &q.distinct, "each row once"),
		CLI_FLAG("count", 0, &q.count, "how many rows there are"),
		CLI_FLAG("explain", 0, &q.explain, "how it is done, without doing it"),
		CLI_TEXT("limit", 'L', CLI_VAL_LIMIT, "stop after N rows of each question", "N"),
		CLI_OPTION_BATCH,
		CLI_OPTION_NULL,
		CLI_OPTION_GRAPH,
		CLI_OPTION_AS_OF,
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	q.vars = cli_text(&cli, OPT_VARS);
	q.most = cli_u64(&cli, CLI_VAL_LIMIT, 0, UINT64_MAX, UINT64_MAX);
	if (!cli_operand_peek(&cli))
		cli_operand(&cli, "PATTERN");
	return cli_end(&cli, match(&q, &cli, cli_given(&cli, CLI_VAL_BATCH)));
}
