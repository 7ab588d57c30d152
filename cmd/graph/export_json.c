/* cmd/graph/export_json.c - jsonl and mcp: nodes, then edges, as import reads them
 *
 * mcp is the memory file of MCP servers: an entity has one type and observations, a
 * relation nothing; what else is said is counted as lost.
 */
#include <string.h>

#include "base/err.h"
#include "cli/output.h"
#include "cmd/graph/export.h"
#include "cmd/graph/said.h"

static int add(struct export *x, const char *text)
{
	return buf_add(&x->line, text, strlen(text));
}

static int member(struct export *x, const char *before, struct bytes text)
{
	int r = add(x, before);

	return r < 0 ? r : said_quote(&x->line, text);
}

/* ,"props":{...} */
static int put_props(struct export *x, const struct prop_state *s, const struct text_value *w)
{
	int r;

	if (!w->kind && !s->prop_n)
		return 0;
	r = add(x, ",\"props\":{");
	if (r == 0 && w->kind)
		r = add(x, "\"weight\":");
	if (r == 0 && w->kind)
		r = export_add_value(&x->line, w);
	if (r == 0 && w->kind && s->prop_n)
		r = add(x, ",");
	if (r == 0)
		r = said_members(&x->line, &x->value_text, s);
	return r < 0 ? r : add(x, "}");
}

/* --- lines --- */

static int node_jsonl(struct export *x, uint64_t id, const struct prop_state *s)
{
	const struct text_value none = {0};
	int r = export_text(x, id, &x->src_text);

	x->have_src = false;
	buf_clear(&x->line);
	if (r == 0)
		r = member(x, "{\"id\":", buf_bytes(&x->src_text));
	for (uint32_t i = 0; r == 0 && i < s->label_n; i++)
		r = member(x, i ? "," : ",\"labels\":[", s->label[i]);
	if (r == 0 && s->label_n)
		r = add(x, "]");
	if (r == 0)
		r = put_props(x, s, &none);
	if (r == 0)
		r = add(x, "}\n");
	return r < 0 ? r : export_put(x);
}

static int edge_jsonl(struct export *x, const struct export_edge *e)
{
	struct text_value weight;
	struct prop_state state;
	int r = export_ends(x, e);

	if (r == 0)
		r = export_edge_state(x, e, &state, &weight);
	if (r == 0)
		r = member(x, "{\"from\":", buf_bytes(&x->src_text));
	if (r == 0 && e->type.len)
		r = member(x, ",\"type\":", e->type);
	if (r == 0)
		r = member(x, ",\"to\":", buf_bytes(&x->dst_text));
	if (r == 0)
		r = put_props(x, &state, &weight);
	if (r == 0)
		r = add(x, "}\n");
	return r < 0 ? r : export_put(x);
}

const struct export_format export_jsonl = {
	.name = "jsonl", .types = true, .values = true, .lone = true, .edge_props = true,
	.node_props = true, .first = -1, .node = node_jsonl, .edge = edge_jsonl,
};

/* --- mcp --- */

/* Who reads such files knows nothing of base64. */
static int mcp_member(struct export *x, const char *before, struct bytes text)
{
	if (output_is_utf8(text))
		return member(x, before, text);
	err_set(ERR_BAD_RECORD, "mcp cannot carry \"%s\", which is not UTF-8", bytes_show(text));
	err_hint("use -f jsonl");
	return ERR_BAD_RECORD;
}

static int put_observations(struct export *x, const struct prop_state *s)
{
	uint32_t n = 0;
	int r = add(x, ",\"observations\":[");

	for (uint32_t i = 0; r == 0 && i < s->prop_n; i++) {
		if (!bytes_equal(s->prop[i].name, bytes_str("observations"))) {
			x->lost_n++;
			continue;
		}
		r = n++ ? add(x, ",") : 0;
		if (r == 0 && s->prop[i].value.kind == LITERAL_STRING)
			r = mcp_member(x, "", s->prop[i].value.text);
		else if (r == 0)
			r = said_value(&x->line, &x->value_text, &s->prop[i].value);
	}
	return r < 0 ? r : add(x, "]}\n");
}

static int node_mcp(struct export *x, uint64_t id, const struct prop_state *s)
{
	int r = export_text(x, id, &x->src_text);

	x->have_src = false;
	buf_clear(&x->line);
	x->lost_n += s->label_n > 1 ? s->label_n - 1 : 0;
	if (r == 0)
		r = mcp_member(x, "{\"type\":\"entity\",\"name\":", buf_bytes(&x->src_text));
	if (r == 0)
		r = mcp_member(x, ",\"entityType\":", s->label_n ? s->label[0] : bytes_str(""));
	if (r == 0)
		r = put_observations(x, s);
	return r < 0 ? r : export_put(x);
}

static int edge_mcp(struct export *x, const struct export_edge *e)
{
	int r = export_ends(x, e);

	if (r == 0)
		r = mcp_member(x, "{\"type\":\"relation\",\"from\":", buf_bytes(&x->src_text));
	if (r == 0)
		r = mcp_member(x, ",\"to\":", buf_bytes(&x->dst_text));
	if (r == 0)
		r = mcp_member(x, ",\"relationType\":", e->type);
	if (r == 0)
		r = add(x, "}\n");
	return r < 0 ? r : export_put(x);
}

const struct export_format export_mcp = {
	.name = "mcp", .types = true, .lone = true, .node_props = true, .each_node = true,
	.first = -1, .node = node_mcp, .edge = edge_mcp,
};
