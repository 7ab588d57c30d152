/* cmd/graph/chosen.c */
#include "cmd/graph/chosen.h"

#include "base/err.h"

static int add(struct chosen *c, struct cli *cli)
{
	const struct bytes var = bytes_str("node");
	const char *text;
	int r = 0;

	for (size_t at = 0; r == 0 && (text = cli_each(cli, OPTION_LABEL_VAL, &at));)
		r = pattern_add_label(&c->p, var, bytes_str(text));
	for (size_t at = 0; r == 0 && (text = cli_each(cli, OPTION_WHERE_VAL, &at));)
		r = pattern_add_where(&c->p, var, bytes_str(text));
	return r;
}

void chosen_options(struct chosen *c, struct cli *cli)
{
	if (add(c, cli) < 0)
		cli_usage(cli, "%s", err_message());
	c->any = c->p.var_n > 0;
}

int chosen_open(struct chosen *c, struct graph *g, bool one_by_one)
{
	return c->any ? match_open(&c->m, g, &c->p, one_by_one ? 0 : PATTERN_VARS) : 0;
}

void chosen_close(struct chosen *c)
{
	match_close(c->m);
	pattern_release(&c->p);
}

int chosen_has(struct chosen *c, uint64_t node)
{
	const uint64_t *ids;
	int r;

	if (!c->any)
		return 1;
	r = match_begin(c->m, node);
	return r < 0 ? r : match_next(c->m, &ids);
}

int chosen_begin(struct chosen *c)
{
	return match_begin(c->m, 0);
}

int chosen_next(struct chosen *c, uint64_t *node)
{
	const uint64_t *ids;
	int r = match_next(c->m, &ids);

	if (r > 0)
		*node = ids[0];
	return r;
}
