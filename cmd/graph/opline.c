/* cmd/graph/opline.c - operations to tsv, or to JSON where tsv would change a value */
#include "cmd/graph/opline.h"

#include <string.h>

#include "base/err.h"
#include "cli/output.h"
#include "cmd/graph/said.h"
#include "graph/text/ops.h"

static const char *word_of(enum update_kind kind)
{
	static const char *const word[] = {
		[UPDATE_NODE] = "node", [UPDATE_EDGE] = "edge", [UPDATE_DEL_NODE] = "del-node",
		[UPDATE_DEL_EDGE] = "del-edge", [UPDATE_COMMIT] = "commit",
		[UPDATE_IMPORT] = "import",
	};

	return word[kind];
}

static bool is_edge(const struct update_op *op)
{
	return op->kind == UPDATE_EDGE || op->kind == UPDATE_DEL_EDGE;
}

static int add(struct opline *l, const char *text)
{
	return buf_add(&l->line, text, strlen(text));
}

/* --- tsv --- */

static int field(struct opline *l, const char *mark, struct bytes text)
{
	int r = add(l, mark);

	return r < 0 ? r : output_escape(&l->line, text);
}

/* Would it be read as something else? */
static bool is_marked(const struct property *p)
{
	return p->name.len == 0 || p->name.ptr[0] == ':' || p->name.ptr[0] == '!';
}

static int tsv(struct opline *l, const struct update_op *op, bool *exact)
{
	enum said_fit fit;
	int r = field(l, "\t", op->node);

	*exact = op->kind != UPDATE_EDGE || ops_check_weight(op) == 0;
	if (r == 0 && is_edge(op))
		r = field(l, "\t", op->to);
	if (r == 0 && is_edge(op) && !op->any_type)
		r = field(l, "\t", op->type);
	if (r == 0 && op->cascade)
		r = add(l, "\tcascade");
	for (uint32_t i = 0; r == 0 && i < op->label_n; i++)
		r = field(l, "\t:", op->label[i]);
	for (uint32_t i = 0; r == 0 && i < op->prop_n; i++) {
		r = add(l, "\t");
		if (r == 0)
			r = said_pair(&l->line, &l->scratch, &op->prop[i], &fit);
		*exact &= fit == SAID_SAME && !is_marked(&op->prop[i]);
	}
	for (uint32_t i = 0; r == 0 && i < op->unlabel_n; i++)
		r = field(l, "\t!:", op->unlabel[i]);
	for (uint32_t i = 0; r == 0 && i < op->unset_n; i++) {
		r = field(l, "\t!", op->unset[i]);
		*exact &= op->unset[i].len && op->unset[i].ptr[0] != ':';
	}
	return r;
}

/* --- JSON --- */

static int member(struct opline *l, const char *before, struct bytes text)
{
	int r = add(l, before);

	return r < 0 ? r : said_quote(&l->line, text);
}

static int json_texts(struct opline *l, const char *before, const struct bytes *text, uint32_t n)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = member(l, i ? "," : before, text[i]);
	return r < 0 || n == 0 ? r : add(l, "]");
}

static int json_said(struct opline *l, const struct update_op *op)
{
	const struct prop_state s = { op->label, op->prop, op->label_n, op->prop_n };
	int r = op->cascade ? add(l, ",\"cascade\":true") : 0;

	if (r == 0)
		r = json_texts(l, ",\"labels\":[", op->label, op->label_n);
	if (r == 0)
		r = json_texts(l, ",\"unset_labels\":[", op->unlabel, op->unlabel_n);
	if (r < 0 || op->prop_n + op->unset_n == 0)
		return r;
	r = add(l, ",\"props\":{");
	if (r == 0)
		r = said_members(&l->line, &l->scratch, &s);
	for (uint32_t i = 0; r == 0 && i < op->unset_n; i++) {
		r = member(l, i + op->prop_n ? "," : "", op->unset[i]);
		if (r == 0)
			r = add(l, ":null");
	}
	return r < 0 ? r : add(l, "}");
}

static int json(struct opline *l, const struct update_op *op)
{
	int r;

	if (op->kind == UPDATE_COMMIT)
		return 0;
	r = member(l, is_edge(op) ? "\"from\":" : "\"id\":", op->node);
	if (r == 0 && (op->type.len || (op->kind == UPDATE_DEL_EDGE && !op->any_type)))
		r = member(l, ",\"type\":", op->type);
	if (r == 0 && is_edge(op))
		r = member(l, ",\"to\":", op->to);
	return r < 0 ? r : json_said(l, op);
}

/* --- */

static int make_json(struct opline *l, const struct update_op *op, bool named)
{
	int r;

	buf_clear(&l->line);
	r = named ? buf_printf(&l->line, "{\"op\":\"%s\"%s", word_of(op->kind),
			       op->kind == UPDATE_COMMIT ? "" : ",") : add(l, "{");
	if (r == 0)
		r = json(l, op);
	return r < 0 ? r : add(l, "}\n");
}

int opline_make(struct opline *l, const struct update_op *op)
{
	bool exact = true;
	int r;

	if (l->json)
		return make_json(l, op, true);
	buf_clear(&l->line);
	r = add(l, word_of(op->kind));
	if (r == 0 && op->kind != UPDATE_COMMIT)
		r = tsv(l, op, &exact);
	if (r == 0 && !exact)
		return make_json(l, op, true);
	return r < 0 ? r : add(l, "\n");
}

int opline_show(struct opline *l, const struct update_op *op)
{
	bool exact;
	int r;

	if (l->json)
		return make_json(l, op, false);
	buf_clear(&l->line);
	r = tsv(l, op, &exact);
	if (r == 0 && l->line.len) {	/* the first TAB */
		memmove(l->line.ptr, l->line.ptr + 1, l->line.len - 1);
		l->line.len--;
	}
	return r < 0 ? r : add(l, "\n");
}

void opline_release(struct opline *l)
{
	buf_release(&l->line);
	buf_release(&l->scratch);
}
