/* cmd/graph/export_graphml.c - graphml: keys, then nodes, then edges
 *
 * A key is declared for each form that the values of a name have: so each value comes
 * back as it is (graph/text/graphml_keys.h), and readers that know nothing of strato.type
 * find strings there.  All is looked at twice: for the keys, and for the rest.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cmd/graph/export.h"
#include "cmd/graph/said.h"
#include "graph/literal_code.h"
#include "graph/text/graphml_keys.h"

/* What the values of a name are, in one node or edge. */
enum form {
	STRING, BOOLEAN, LONG, DOUBLE, DECIMAL, DATE, DATETIME, JSON, LITERAL,
	STRINGS, BOOLEANS, LONGS, DOUBLES, FORMS,
};

static const struct {
	const char *type, *list, *own;
} form_words[FORMS] = {
	[STRING] = { "string", NULL, NULL }, [BOOLEAN] = { "boolean", NULL, NULL },
	[LONG] = { "long", NULL, NULL }, [DOUBLE] = { "double", NULL, NULL },
	[DECIMAL] = { "string", NULL, "decimal" }, [DATE] = { "string", NULL, "date" },
	[DATETIME] = { "string", NULL, "datetime" }, [JSON] = { "string", NULL, "json" },
	[LITERAL] = { "string", NULL, "literal" }, [STRINGS] = { "string", "string", NULL },
	[BOOLEANS] = { "string", "boolean", NULL }, [LONGS] = { "string", "long", NULL },
	[DOUBLES] = { "string", "double", NULL },
};

struct name {
	struct bytes text;
	uint32_t forms;			/* a bit each */
	uint32_t first;			/* the number of the first one's key */
};

struct names {
	struct name *at;		/* in order */
	uint32_t n, cap;
};

struct graphml_out {
	struct mem *mem;
	struct names of[2];		/* of nodes, of edges */
	bool looking;			/* nothing is written yet */
	bool labels, label_lists;
};

/* --- names --- */

/* Has XML such characters?  NULL: it has. */
static const char *not_xml(struct bytes text)
{
	const uint8_t *end = text.ptr + text.len;

	if (text.len == 0)
		return NULL;
	if (utf8_end(text.ptr, end) != end)
		return "it is not UTF-8";
	for (const uint8_t *p = text.ptr; p < end; p++)
		if ((*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r') ||
		    (*p == 0xef && p[1] == 0xbf && p[2] >= 0xbe))
			return "XML has no such character";
	return NULL;
}

static enum form form_of_one(const struct literal *l)
{
	static const enum form of[] = {
		[LITERAL_BOOL] = BOOLEAN, [LITERAL_INTEGER] = LONG, [LITERAL_DOUBLE] = DOUBLE,
		[LITERAL_DECIMAL] = DECIMAL, [LITERAL_DATE] = DATE,
		[LITERAL_DATETIME] = DATETIME, [LITERAL_STRING] = STRING,
		[LITERAL_LANG] = LITERAL, [LITERAL_JSON] = JSON, [LITERAL_TYPED] = LITERAL,
	};

	if (l->graph.len || (l->kind == LITERAL_STRING && not_xml(l->text)))
		return LITERAL;		/* JSON has escapes */
	return of[l->kind];
}

static enum form form_of(const struct property *p, uint32_t n)
{
	static const enum form list_of[] = {
		[STRING] = STRINGS, [BOOLEAN] = BOOLEANS, [LONG] = LONGS, [DOUBLE] = DOUBLES,
	};
	enum form f = form_of_one(&p->value);

	if (n == 1)
		return f;
	for (uint32_t i = 0; i < n; i++)
		if (form_of_one(&p[i].value) != f ||
		    (f == DOUBLE && p[i].value.r - p[i].value.r != 0))
			return LITERAL;
	return f <= DOUBLE ? list_of[f] : LITERAL;
}

/* How many values from AT on are of one name. */
static uint32_t values_n(const struct prop_state *s, uint32_t at)
{
	uint32_t n = 1;

	while (at + n < s->prop_n && bytes_equal(s->prop[at + n].name, s->prop[at].name))
		n++;
	return n;
}

static uint32_t place_of(const struct names *t, struct bytes name)
{
	uint32_t from = 0, to = t->n;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (bytes_cmp(t->at[mid].text, name) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static int insert(struct graphml_out *g, struct names *t, uint32_t place, struct bytes name)
{
	uint8_t *text = mem_alloc(g->mem, name.len + 1);

	if (!text)
		return ERR_MEMORY;
	if (t->n == t->cap) {
		uint32_t cap = t->cap ? 2 * t->cap : 16;
		struct name *more = mem_resize(g->mem, t->at, cap * sizeof *more);

		if (!more) {
			mem_free(g->mem, text);
			return ERR_MEMORY;
		}
		t->at = more;
		t->cap = cap;
	}
	memcpy(text, name.ptr, name.len);
	memmove(t->at + place + 1, t->at + place, (t->n - place) * sizeof *t->at);
	t->at[place] = (struct name){ .text = bytes_of(text, name.len) };
	t->n++;
	return 0;
}

static int show_form(struct export *x, bool edge, struct bytes name, enum form f)
{
	struct names *t = &x->graphml->of[edge];
	uint32_t place = place_of(t, name);
	int r = 0;

	if (place == t->n || !bytes_equal(t->at[place].text, name))
		r = insert(x->graphml, t, place, name);
	if (r == 0)
		t->at[place].forms |= 1u << f;
	return r;
}

static int show(struct export *x, bool edge, const struct prop_state *s)
{
	int r = 0;

	for (uint32_t i = 0, n; i < s->prop_n && r == 0; i += n) {
		n = values_n(s, i);
		r = show_form(x, edge, s->prop[i].name, form_of(s->prop + i, n));
	}
	return r;
}

/* Labels that neo4j's form, :A:B, cannot say, are a list. */
static bool is_list(const struct prop_state *s)
{
	for (uint32_t i = 0; i < s->label_n; i++)
		if (memchr(s->label[i].ptr, ':', s->label[i].len))
			return true;
	return false;
}

static int show_node(struct export *x, const struct prop_state *s)
{
	bool list = is_list(s);

	x->graphml->label_lists |= list;
	x->graphml->labels |= s->label_n && !list;
	return show(x, false, s);
}

static const struct bytes weight_name = { (const uint8_t *)"weight", 6 };

static enum form form_of_weight(const struct text_value *w)
{
	return w->kind == TEXT_INTEGER ? LONG : DOUBLE;
}

static int show_edge(struct export *x, const struct export_edge *e)
{
	struct text_value weight;
	struct prop_state s;
	int r = export_edge_state(x, e, &s, &weight);

	if (r == 0)
		r = show(x, true, &s);
	if (r == 0 && weight.kind)
		r = show_form(x, true, weight_name, form_of_weight(&weight));
	return r;
}

/* --- text of XML --- */

static int add(struct export *x, const char *text)
{
	return buf_add(&x->line, text, strlen(text));
}

static int refuse(struct bytes text, const char *why, const struct buf *of)
{
	if (of)
		err_set(ERR_BAD_RECORD, "graphml cannot carry \"%s\", of the node \"%s\": %s",
			bytes_show(text), bytes_show(buf_bytes(of)), why);
	else
		err_set(ERR_BAD_RECORD, "graphml cannot carry the name \"%s\": %s",
			bytes_show(text), why);
	err_hint("use -f jsonl");
	return ERR_BAD_RECORD;
}

/* Blanks of an attribute, and any CR, would be read as others. */
static const char *entity_of(uint8_t c, bool attribute)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r':
		return "&#13;";
	case '"':
		return attribute ? "&quot;" : NULL;
	case '\t':
		return attribute ? "&#9;" : NULL;
	case '\n':
		return attribute ? "&#10;" : NULL;
	default:
		return NULL;
	}
}

static int put_text(struct export *x, struct bytes text, bool attribute, const struct buf *of)
{
	const char *why = not_xml(text), *entity;
	int r = why ? refuse(text, why, of) : 0;

	for (size_t i = 0; i < text.len && r == 0; i++) {
		entity = entity_of(text.ptr[i], attribute);
		r = entity ? add(x, entity) : buf_add_byte(&x->line, text.ptr[i]);
	}
	return r;
}

/* --- keys --- */

static int put_key(struct export *x, bool edge, const struct name *n, enum form f,
		   uint32_t number)
{
	const char *own = form_words[f].own;
	int r = buf_printf(&x->line, "<key id=\"%c%u\" for=\"%s\" attr.name=\"",
			   edge ? 'e' : 'n', number, edge ? "edge" : "node");

	if (!own && (edge ? graphml_is_type(n->text) : graphml_is_labels(n->text)))
		own = "string";		/* it is none, but a property of that name */
	if (r == 0)
		r = put_text(x, n->text, true, NULL);
	if (r == 0)
		r = buf_printf(&x->line, "\" attr.type=\"%s\"", form_words[f].type);
	if (r == 0 && form_words[f].list)
		r = buf_printf(&x->line, " attr.list=\"%s\"", form_words[f].list);
	if (r == 0 && own)
		r = buf_printf(&x->line, " strato.type=\"%s\"", f < DECIMAL ?
			       form_words[f].type : own);
	return r < 0 ? r : add(x, "/>\n");
}

static int put_keys(struct export *x, bool edge)
{
	struct names *t = &x->graphml->of[edge];
	uint32_t number = 0;
	int r = 0;

	for (uint32_t i = 0; i < t->n && r == 0; i++) {
		t->at[i].first = number;
		for (enum form f = 0; f < FORMS && r == 0; f++)
			if (t->at[i].forms >> f & 1)
				r = put_key(x, edge, &t->at[i], f, number++);
	}
	return r;
}

static int look(struct export *x)
{
	int r;

	x->graphml->looking = true;
	r = export_nodes(x);
	if (r == 0)
		r = export_each(x, show_edge);
	x->graphml->looking = false;
	return r;
}

static int begin_graphml(struct export *x)
{
	int r;

	x->graphml = mem_zalloc(store_mem(x->o.store), sizeof *x->graphml);
	if (!x->graphml)
		return ERR_MEMORY;
	x->graphml->mem = store_mem(x->o.store);
	r = look(x);
	if (r < 0)
		return r;
	r = add(x, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n");
	if (r == 0 && x->graphml->labels)
		r = add(x, "<key id=\"labels\" for=\"node\" attr.name=\"labels\""
			" attr.type=\"string\"/>\n");
	if (r == 0 && x->graphml->label_lists)
		r = add(x, "<key id=\"labellist\" for=\"node\" attr.name=\"labels\""
			" attr.type=\"string\" attr.list=\"string\"/>\n");
	if (r == 0)
		r = put_keys(x, false);
	if (r == 0 && x->typed)
		r = add(x, "<key id=\"label\" for=\"edge\" attr.name=\"label\""
			" attr.type=\"string\"/>\n");
	if (r == 0)
		r = put_keys(x, true);
	if (r == 0)
		r = buf_printf(&x->line, "<graph edgedefault=\"%sdirected\">\n",
			       graph_undirected(x->o.graph) ? "un" : "");
	return r < 0 ? r : export_put(x);
}

/* --- nodes and edges --- */

static int begin_data(struct export *x, bool edge, struct bytes name, enum form f)
{
	const struct names *t = &x->graphml->of[edge];
	const struct name *n = &t->at[place_of(t, name)];
	uint32_t before = n->forms & ((1u << f) - 1);

	return buf_printf(&x->line, "<data key=\"%c%u\">", edge ? 'e' : 'n',
			  n->first + (uint32_t)__builtin_popcount(before));
}

/* As text of value_text; lists and what has no form of its own as JSON. */
static int print(struct export *x, const struct property *p, uint32_t n, enum form f)
{
	struct buf scratch = { .mem = x->graphml->mem };
	int r;

	buf_clear(&x->value_text);
	if (f < LITERAL)
		return literal_print(&x->value_text, &p->value);
	r = said_values(&x->value_text, &scratch, p, n);
	buf_release(&scratch);
	return r;
}

static int put_props(struct export *x, bool edge, const struct prop_state *s)
{
	int r = 0;

	for (uint32_t i = 0, n; i < s->prop_n && r == 0; i += n) {
		const struct property *p = s->prop + i;
		enum form f;

		n = values_n(s, i);
		f = form_of(p, n);
		r = begin_data(x, edge, p->name, f);
		if (r == 0)
			r = print(x, p, n, f);
		if (r == 0)
			r = put_text(x, buf_bytes(&x->value_text), false, &x->src_text);
		if (r == 0)
			r = add(x, "</data>");
	}
	return r;
}

static int put_labels(struct export *x, const struct prop_state *s)
{
	bool list = is_list(s);
	int r;

	if (s->label_n == 0)
		return 0;
	r = add(x, list ? "<data key=\"labellist\">[" : "<data key=\"labels\">");
	for (uint32_t i = 0; i < s->label_n && r == 0; i++) {
		struct bytes text = s->label[i];

		buf_clear(&x->value_text);
		r = not_xml(text) ? refuse(text, not_xml(text), &x->src_text) :
			add(x, list ? i ? "," : "" : ":");
		if (r == 0 && list)
			r = said_quote(&x->value_text, text);
		if (list)
			text = buf_bytes(&x->value_text);
		if (r == 0)
			r = put_text(x, text, false, &x->src_text);
	}
	return r < 0 ? r : add(x, list ? "]</data>" : "</data>");
}

/* A tag that has nothing inside ends itself. */
static int close_element(struct export *x, size_t inside, const char *name)
{
	int r;

	if (x->line.len > inside) {
		r = buf_printf(&x->line, "</%s>\n", name);
	} else {
		x->line.len--;
		r = add(x, "/>\n");
	}
	return r < 0 ? r : export_put(x);
}

static int node_graphml(struct export *x, uint64_t id, const struct prop_state *s)
{
	size_t inside = 0;
	int r;

	if (x->graphml->looking)
		return show_node(x, s);
	x->have_src = false;
	buf_clear(&x->line);
	r = export_text(x, id, &x->src_text);
	if (r == 0)
		r = add(x, "<node id=\"");
	if (r == 0)
		r = put_text(x, buf_bytes(&x->src_text), true, &x->src_text);
	if (r == 0)
		r = add(x, "\">");
	inside = x->line.len;
	if (r == 0)
		r = put_labels(x, s);
	if (r == 0)
		r = put_props(x, false, s);
	return r < 0 ? r : close_element(x, inside, "node");
}

static int put_ends(struct export *x)
{
	int r = add(x, "<edge source=\"");

	if (r == 0)
		r = put_text(x, buf_bytes(&x->src_text), true, &x->src_text);
	if (r == 0)
		r = add(x, "\" target=\"");
	if (r == 0)
		r = put_text(x, buf_bytes(&x->dst_text), true, &x->dst_text);
	return r < 0 ? r : add(x, "\">");
}

static int put_weight(struct export *x, const struct text_value *weight)
{
	int r;

	if (!weight->kind)
		return 0;
	r = begin_data(x, true, weight_name, form_of_weight(weight));
	if (r == 0)
		r = export_add_value(&x->line, weight);
	return r < 0 ? r : add(x, "</data>");
}

static int put_type(struct export *x, struct bytes type)
{
	int r;

	if (!type.len)
		return 0;
	r = add(x, "<data key=\"label\">");
	if (r == 0)
		r = put_text(x, type, false, &x->src_text);
	return r < 0 ? r : add(x, "</data>");
}

static int edge_graphml(struct export *x, const struct export_edge *e)
{
	struct text_value weight;
	struct prop_state s;
	size_t inside;
	int r = export_ends(x, e);

	if (r == 0)
		r = export_edge_state(x, e, &s, &weight);
	if (r == 0)
		r = put_ends(x);
	inside = x->line.len;
	if (r == 0)
		r = put_type(x, e->type);
	if (r == 0)
		r = put_weight(x, &weight);
	if (r == 0)
		r = put_props(x, true, &s);
	return r < 0 ? r : close_element(x, inside, "edge");
}

static int end_graphml(struct export *x)
{
	int r;

	buf_clear(&x->line);
	r = add(x, "</graph>\n</graphml>\n");
	return r < 0 ? r : export_put(x);
}

void export_release_graphml(struct export *x)
{
	struct graphml_out *g = x->graphml;

	if (!g)
		return;
	for (unsigned i = 0; i < 2; i++) {
		for (uint32_t k = 0; k < g->of[i].n; k++)
			mem_free(g->mem, (void *)(uintptr_t)g->of[i].at[k].text.ptr);
		mem_free(g->mem, g->of[i].at);
	}
	mem_free(g->mem, g);
}

const struct export_format export_graphml = {
	.name = "graphml", .types = true, .values = true, .lone = true, .edge_props = true,
	.node_props = true, .each_node = true, .first = -1, .begin = begin_graphml,
	.node = node_graphml, .edge = edge_graphml, .end = end_graphml,
};
