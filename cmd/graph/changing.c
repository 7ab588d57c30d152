/* cmd/graph/changing.c - one operation out of a command line, and its commit */
#include "cmd/graph/changing.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "graph/text/ops.h"

int changing_begin(struct changing *g, struct cli *c)
{
	int r;

	*g = (struct changing){ .cli = c, .dry = cli_given(c, CLI_VAL_DRY_RUN) };
	r = open_store(c, &g->store, OPEN_WRITE);
	return r < 0 ? r : update_open(&g->update, g->store, cli_graph(c));
}

int changing_end(struct changing *g, int r)
{
	if (r == 0 && g->update && !g->dry)
		update_settle(g->update);
	update_close(g->update);
	store_close(g->store);
	return r;
}

int changing_one(struct changing *g, const struct update_op *op, struct update_done *done)
{
	int r = update_add(g->update, op);

	if (r == ERR_BAD_RECORD) {	/* it is no input's: the command line is wrong */
		struct err_note note;

		err_take(&note, r);
		return err_set(ERR_USAGE, "%s", note.message);
	}
	if (r < 0)
		return r;
	return g->dry ? update_try(g->update, done) : update_commit(g->update, done);
}

static void *room(struct cli *c, size_t n, size_t size)
{
	void *p = mem_alloc(NULL, (n + 1) * size);

	if (!p)
		cli_exit(c, ERR_MEMORY);
	return p;
}

static uint32_t texts(struct cli *c, int val, struct bytes *out)
{
	const char *text;
	uint32_t n = 0;
	size_t at = 0;

	while ((text = cli_each(c, val, &at)))
		out[n++] = bytes_str(text);
	return n;
}

void changing_read(struct cli *c, int argc, struct changing_words *w, struct update_op *op)
{
	const char *text;

	w->prop = room(c, (size_t)argc, sizeof *w->prop);
	w->label = room(c, (size_t)argc, sizeof *w->label);
	w->unset = room(c, (size_t)argc, sizeof *w->unset);
	w->unlabel = room(c, (size_t)argc, sizeof *w->unlabel);
	while ((text = cli_operand_if_any(c))) {
		if (literal_parse_pair(&w->prop[op->prop_n++], bytes_str(text)) < 0)
			cli_usage(c, "\"%s\" is no NAME=VALUE", bytes_show(bytes_str(text)));
	}
	op->label_n = texts(c, OPTION_LABEL_VAL, w->label);
	op->unset_n = texts(c, OPTION_UNSET_VAL, w->unset);
	op->unlabel_n = texts(c, OPTION_UNLABEL_VAL, w->unlabel);
	op->prop = w->prop;
	if (op->kind == UPDATE_EDGE && ops_check_weight(op) < 0)
		cli_exit(c, err_set(ERR_USAGE, "weight is a number, and one"));
	op->label = w->label;
	op->unset = w->unset;
	op->unlabel = w->unlabel;
}

void changing_release(struct changing_words *w)
{
	mem_free(NULL, w->prop);
	mem_free(NULL, w->label);
	mem_free(NULL, w->unset);
	mem_free(NULL, w->unlabel);
}
