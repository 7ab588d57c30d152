/* graph/text/jsonl.c - jsonl: a node or an edge a line
 *
 *	{"id":"ann","labels":["Person"],"props":{"born":1970,"name":["Ann","Anna"]}}
 *	{"from":"ann","type":"knows","to":"bob","props":{"since":1990}}
 *
 * and the memory files of MCP servers:
 *
 *	{"type":"entity","name":"ann","entityType":"Person","observations":["likes tea"]}
 *	{"type":"relation","from":"ann","to":"bob","relationType":"knows"}
 *
 * Keys are strings or whole numbers.  A property is a string, a number, true or false; an
 * array of these is several values, null is none.  As JSON-LD has it, {"@value":"12",
 * "@type":IRI} and {"@value":"thé","@language":"fr"} are a literal, with "@graph":IRI of a
 * named graph; any other object, and an array with one, is kept as JSON.
 *
 * Bytes that are no UTF-8 are {"@base64":"/w=="} wherever a string may be; as a property's
 * name, which has to be a string, "@base64:/w==".
 */
#include "graph/text/jsonl.h"

#include <math.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/json.h"
#include "graph/literal_code.h"
#include "graph/rdf/rdf_literal.h"
#include "base/utf8.h"
#include "graph/text/ops.h"
#include "graph/text/weight.h"

struct jsonl {
	struct text_state text;
	struct buf props, labels;
};

/* What a line's members were, before it is known what it is. */
enum member {
	FROM, TO, TYPE, ID, LABEL, LABELS, PROPS, NAME, ENTITY, OBSERVATIONS, RELATION,
	OP, CASCADE, UNLABELS, MEMBERS,		/* these of operations */
};

static const char *const member_name[MEMBERS] = {
	"from", "to", "type", "id", "label", "labels", "props", "name", "entityType",
	"observations", "relationType", "op", "cascade",
	"unset_labels",
};

struct line {
	struct json_value value[MEMBERS];
	uint32_t given;			/* a bit each */
	uint8_t *room;
	struct buf *props, *labels;
	struct buf *unset;		/* names that are null; NULL: nobody wants to know */
	struct text_value *weight;	/* of an edge; or NULL */
	bool weighed;			/* it was given */
};

static bool given(const struct line *l, enum member m)
{
	return l->given >> m & 1;
}

static int malformed(const struct json_at *j)
{
	return err_set(ERR_BAD_RECORD, "%s at \"%s\"", j->why,
		       bytes_show(bytes_of(j->near, (size_t)(j->end - j->near))));
}

/* --- strings and keys --- */

/* Is it {"@base64":TEXT}? */
static bool is_binary(const struct json_value *v, struct bytes *text)
{
	struct json_value name, value, none;
	struct json_at in;

	if (v->kind != JSON_OBJECT)
		return false;
	in = json_inside(v);
	if (json_member(&in, &name, &value) == 0 || !json_is(&name, "@base64") ||
	    value.kind != JSON_STRING || json_member(&in, &none, &none) > 0)
		return false;
	*text = value.text;
	return true;
}

static bool is_text(const struct json_value *v)
{
	struct bytes ignored;

	return v->kind == JSON_STRING || is_binary(v, &ignored);
}

static int decode(struct line *l, struct bytes text, struct bytes *out)
{
	size_t len;

	if (!base64_is(text))
		return err_set(ERR_BAD_RECORD, "\"%s\" is not base64", bytes_show(text));
	if (text.len)
		memmove(l->room, text.ptr, text.len);
	len = json_unescape(l->room, bytes_of(l->room, text.len));
	*out = bytes_of(l->room, base64_decode(l->room, len));
	l->room += out->len;
	return 0;
}

/* V is_text. */
static int text_of(struct line *l, const struct json_value *v, struct bytes *out)
{
	struct bytes digits;

	if (is_binary(v, &digits))
		return decode(l, digits, out);
	*out = json_string(v, l->room);
	if (v->escaped)
		l->room += out->len;
	if (utf8_end(out->ptr, out->ptr + out->len) != out->ptr + out->len)
		return err_set(ERR_BAD_RECORD, "a string that is not UTF-8: \"%s\"",
			       bytes_show(*out));
	return 0;
}

static int short_text(struct line *l, const struct json_value *v, const char *what,
		      struct bytes *out)
{
	if (!is_text(v))
		return err_set(ERR_BAD_RECORD, "\"%s\" is no string", what);
	if (text_of(l, v, out) < 0)
		return ERR_BAD_RECORD;
	if (out->len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "\"%s\" has over %u bytes", what, TEXT_KEY_MAX);
	return 0;
}

static int key_of(struct line *l, enum member m, struct text_key *out)
{
	const struct json_value *v = &l->value[m];
	int r = 0;

	*out = (struct text_key){ .bytes = v->text };
	if (!given(l, m))
		return err_set(ERR_BAD_RECORD, "no \"%s\"", member_name[m]);
	if (v->kind != JSON_NUMBER)
		r = short_text(l, v, member_name[m], &out->bytes);
	if (r == 0 && out->bytes.len == 0)
		r = err_set(ERR_BAD_RECORD, "an empty \"%s\"", member_name[m]);
	out->is_number = text_number(out->bytes, &out->number);
	if (r == 0 && v->kind == JSON_NUMBER && !out->is_number)
		r = err_set(ERR_BAD_RECORD, "\"%s\" is no whole number below 2^64",
			    member_name[m]);
	return r;
}

/* --- literals --- */

enum ld { LD_VALUE, LD_TYPE, LD_LANGUAGE, LD_GRAPH, LDS };

/* The members of an object that is a literal; false: it is another one. */
static bool ld_members(const struct json_value *object, struct json_value of[LDS])
{
	static const char *const names[LDS] = { "@value", "@type", "@language", "@graph" };
	struct json_at in = json_inside(object);
	struct json_value name, value;
	unsigned n = 0, m;

	memset(of, 0, LDS * sizeof *of);
	for (; json_member(&in, &name, &value) > 0; n++) {
		for (m = 0; m < LDS && !json_is(&name, names[m]); m++)
			;
		if (m == LDS || of[m].text.ptr || !is_text(&value))
			return false;
		of[m] = value;
	}
	return of[LD_VALUE].text.ptr && n > 1 && !(of[LD_TYPE].text.ptr && of[LD_LANGUAGE].text.ptr);
}

/* {"@value":..., "@type" or "@language":...}: 1; 0: it is another object. */
static int json_ld(struct line *l, const struct json_value *v, struct literal *out)
{
	struct json_value of[LDS];
	struct bytes graph = {0};
	enum ld extra = LD_TYPE;

	if (!ld_members(v, of))
		return 0;
	*out = (struct literal){ .kind = LITERAL_STRING };
	if (of[LD_LANGUAGE].text.ptr) {
		extra = LD_LANGUAGE;
		out->kind = LITERAL_LANG;
	}
	if (text_of(l, &of[LD_VALUE], &out->text) < 0 ||
	    (of[extra].text.ptr && text_of(l, &of[extra], &out->extra) < 0) ||
	    (of[LD_GRAPH].text.ptr && text_of(l, &of[LD_GRAPH], &graph) < 0))
		return ERR_BAD_RECORD;
	if (of[extra].text.ptr && !out->extra.len)
		return err_set(ERR_BAD_RECORD, "an empty type or language");
	if (extra == LD_TYPE && out->extra.len)
		rdf_literal_typed(out, out->text, out->extra);
	out->graph = graph;
	return 1;
}

/* 1 and a literal, 0: null. */
static int literal_of(struct line *l, const struct json_value *v, struct literal *out)
{
	int r;

	*out = (struct literal){ .kind = LITERAL_JSON, .text = v->text };
	switch (v->kind) {
	case JSON_NULL:
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		*out = (struct literal){ .kind = LITERAL_BOOL, .b = v->kind == JSON_TRUE };
		return 1;
	case JSON_NUMBER:
		literal_parse(out, v->text);
		if (out->kind == LITERAL_STRING)
			out->kind = LITERAL_JSON;
		return 1;
	case JSON_STRING:
		out->kind = LITERAL_STRING;
		r = text_of(l, v, &out->text);
		return r < 0 ? r : 1;
	case JSON_OBJECT:
		if (is_text(v)) {
			out->kind = LITERAL_STRING;
			r = text_of(l, v, &out->text);
			return r < 0 ? r : 1;
		}
		r = json_ld(l, v, out);
		if (r)
			return r;
		break;
	case JSON_ARRAY:
		break;
	}
	if (utf8_end(v->text.ptr, v->text.ptr + v->text.len) != v->text.ptr + v->text.len)
		return err_set(ERR_BAD_RECORD, "a string that is not UTF-8");
	return 1;
}

static int add(struct line *l, struct bytes name, const struct json_value *v)
{
	struct property p = { .name = name };
	int r = literal_of(l, v, &p.value);

	return r > 0 ? buf_add(l->props, &p, sizeof p) : r;
}

/* Values that are no arrays; of objects only what literals are written as. */
static bool is_flat(struct line *l, const struct json_value *array)
{
	struct json_at in = json_inside(array);
	struct json_value v;
	struct literal ignored;
	uint8_t *room = l->room;
	bool flat = true;

	while (flat && json_element(&in, &v) > 0)
		flat = v.kind != JSON_ARRAY &&
			(v.kind != JSON_OBJECT || is_text(&v) || json_ld(l, &v, &ignored) == 1);
	l->room = room;
	return flat;
}

static int add_each(struct line *l, struct bytes name, const struct json_value *array)
{
	struct json_at in = json_inside(array);
	struct json_value v;
	int r = 0;

	while (r == 0 && json_element(&in, &v) > 0)
		r = add(l, name, &v);
	return r;
}

static int values(struct line *l, struct bytes name, const struct json_value *v)
{
	return v->kind == JSON_ARRAY && is_flat(l, v) ? add_each(l, name, v) : add(l, name, v);
}

/* The weight of an edge is a number, however it is written; what is not one number is
 * like any other property. */
static int weight(struct line *l, struct bytes name, const struct json_value *v)
{
	size_t before = l->props->len;
	const struct property *p;
	int r;

	if (l->weighed)
		return err_set(ERR_BAD_RECORD, "two weights");
	l->weighed = v->kind != JSON_NULL;
	if (v->kind == JSON_NUMBER)
		return weight_parse(v->text, l->weight);
	r = values(l, name, v);
	if (r < 0 || l->props->len != before + sizeof *p)
		return r;
	p = (const struct property *)(l->props->ptr + before);
	if (p->value.kind == LITERAL_INTEGER)
		*l->weight = (struct text_value){ .kind = TEXT_INTEGER, .i = p->value.i };
	else if (p->value.kind == LITERAL_DECIMAL)
		r = weight_parse(p->value.text, l->weight);
	else if (p->value.kind == LITERAL_DOUBLE && isfinite(p->value.r))
		*l->weight = (struct text_value){ .kind = TEXT_REAL, .r = p->value.r };
	if (l->weight->kind != TEXT_NO_VALUE)
		l->props->len = before;
	return r;
}

int jsonl_values(struct bytes name, struct bytes text, uint8_t **room, struct buf *props)
{
	struct line l = { .room = *room, .props = props };
	struct json_at j = json_of(text);
	struct json_value v;
	int r;

	if (!json_next(&j, &v) || !json_end(&j))
		return malformed(&j);
	r = values(&l, name, &v);
	*room = l.room;
	return r;
}

/* Null, or an array of nothing. */
static bool is_nothing(const struct json_value *v)
{
	struct json_at in;
	struct json_value first;

	if (v->kind != JSON_ARRAY)
		return v->kind == JSON_NULL;
	in = json_inside(v);
	return json_element(&in, &first) == 0;
}

static int name_of(struct line *l, const struct json_value *name, struct bytes *out)
{
	uint8_t *room = l->room;
	int r = short_text(l, name, "a property's name", out);

	if (r < 0 || !bytes_starts(*out, bytes_str("@base64:")))
		return r;
	l->room = room;			/* the digits have had it */
	return decode(l, bytes_of(out->ptr + 8, out->len - 8), out);
}

static int property(struct line *l, const struct json_value *name, const struct json_value *v)
{
	struct bytes text;
	int r = name_of(l, name, &text);

	if (r == 0 && text.len == 0)
		r = err_set(ERR_BAD_RECORD, "a property without a name");
	if (r < 0)
		return r;
	if (l->unset && is_nothing(v))
		return buf_add(l->unset, &text, sizeof text);
	return l->weight && bytes_equal(text, bytes_str("weight")) ? weight(l, text, v) :
		values(l, text, v);
}

static int properties(struct line *l)
{
	struct json_value name, value;
	struct json_at in;
	int r = 0;

	if (!given(l, PROPS))
		return 0;
	if (l->value[PROPS].kind != JSON_OBJECT)
		return err_set(ERR_BAD_RECORD, "\"props\" is no object");
	in = json_inside(&l->value[PROPS]);
	while (r == 0 && json_member(&in, &name, &value) > 0)
		r = property(l, &name, &value);
	return r;
}

/* --- labels --- */

static int add_label(struct line *l, const struct json_value *v, struct buf *to)
{
	struct bytes text;
	int r = short_text(l, v, "a label", &text);

	if (r == 0 && text.len == 0)
		r = err_set(ERR_BAD_RECORD, "an empty label");
	return r < 0 ? r : buf_add(to, &text, sizeof text);
}

static int label(struct line *l, const struct json_value *v)
{
	return add_label(l, v, l->labels);
}

static int add_labels(struct line *l, enum member m, struct buf *to)
{
	struct json_value v;
	struct json_at in;
	int r = 0;

	if (!given(l, m))
		return 0;
	if (l->value[m].kind != JSON_ARRAY)
		return err_set(ERR_BAD_RECORD, "\"%s\" is no array", member_name[m]);
	in = json_inside(&l->value[m]);
	while (r == 0 && json_element(&in, &v) > 0)
		r = add_label(l, &v, to);
	return r;
}

static int labels(struct line *l)
{
	int r = given(l, LABEL) ? label(l, &l->value[LABEL]) : 0;

	return r < 0 ? r : add_labels(l, LABELS, l->labels);
}

/* --- lines --- */

static int member(struct line *l, const struct json_value *name, const struct json_value *v)
{
	for (unsigned m = 0; m < MEMBERS; m++) {
		if (!json_is(name, member_name[m]))
			continue;
		if (given(l, m))
			return err_set(ERR_BAD_RECORD, "\"%s\" twice", member_name[m]);
		l->given |= 1u << m;
		l->value[m] = *v;
		return 0;
	}
	return err_set(ERR_BAD_RECORD, "an unknown member \"%s\"", bytes_show(name->text));
}

/* Nothing but what may be. */
static int only(const struct line *l, uint32_t allowed, const char *what)
{
	for (unsigned m = 0; m < MEMBERS; m++)
		if ((l->given & ~allowed) >> m & 1)
			return err_set(ERR_BAD_RECORD, "\"%s\" in %s", member_name[m], what);
	return 0;
}

#define BIT(m) (1u << (m))

/* Beside the names of MCP records "type" says which of them it is; another type would be
 * left out. */
static int only_type(const struct line *l, const char *word)
{
	if (!given(l, TYPE) || json_is(&l->value[TYPE], word))
		return 0;
	return err_set(ERR_BAD_RECORD, "\"type\" is not \"%s\"", word);
}

static int edge(struct line *l, struct text_edge *out)
{
	enum member type = given(l, RELATION) ? RELATION : TYPE;
	int r = only(l, BIT(FROM) | BIT(TO) | BIT(TYPE) | BIT(ID) | BIT(PROPS) | BIT(RELATION),
		     "an edge");

	l->weight = &out->value;
	if (r == 0 && type == RELATION)
		r = only_type(l, "relation");
	if (r == 0)
		r = key_of(l, FROM, &out->src);
	if (r == 0)
		r = key_of(l, TO, &out->dst);
	if (r == 0 && given(l, type))
		r = short_text(l, &l->value[type], member_name[type], &out->type);
	if (r == 0 && given(l, ID))
		r = add(l, bytes_str("id"), &l->value[ID]);
	if (r == 0)
		r = properties(l);
	return r < 0 ? r : TEXT_EDGE;
}

static int node(struct line *l, struct text_edge *out)
{
	int r = only(l, BIT(ID) | BIT(LABEL) | BIT(LABELS) | BIT(PROPS), "a node");

	if (r == 0)
		r = key_of(l, ID, &out->src);
	if (r == 0)
		r = labels(l);
	if (r == 0)
		r = properties(l);
	return r < 0 ? r : TEXT_NODE;
}

static int entity(struct line *l, struct text_edge *out)
{
	int r = only(l, BIT(TYPE) | BIT(NAME) | BIT(ENTITY) | BIT(OBSERVATIONS), "an entity");

	if (r == 0)
		r = only_type(l, "entity");
	if (r == 0)
		r = key_of(l, NAME, &out->src);
	if (r == 0 && given(l, ENTITY) && l->value[ENTITY].text.len)
		r = label(l, &l->value[ENTITY]);
	if (r == 0 && given(l, OBSERVATIONS) && l->value[OBSERVATIONS].kind != JSON_ARRAY)
		r = err_set(ERR_BAD_RECORD, "\"observations\" is no array");
	if (r == 0 && given(l, OBSERVATIONS))
		r = add_each(l, bytes_str("observations"), &l->value[OBSERVATIONS]);
	return r < 0 ? r : TEXT_NODE;
}

static int read_members(struct line *l, struct bytes text)
{
	struct json_at j = json_of(text);
	struct json_value object, name, value;
	int r = 0;

	if (!json_next(&j, &object) || !json_end(&j))
		return malformed(&j);
	if (object.kind != JSON_OBJECT)
		return err_set(ERR_BAD_RECORD, "no JSON object");
	j = json_inside(&object);
	while (r == 0 && json_member(&j, &name, &value) > 0)
		r = member(l, &name, &value);
	return r;
}

static int what_is_it(struct line *l, struct text_edge *out)
{
	if (given(l, NAME) || given(l, ENTITY))
		return entity(l, out);
	if (given(l, FROM) || given(l, TO))
		return edge(l, out);
	return node(l, out);
}

/* --- operations --- */

/* What its members may be, a bit each. */
static int op_kind(const struct line *l, enum update_kind *kind, uint32_t *allowed)
{
	static const struct {
		const char *word;
		enum update_kind kind;
		uint32_t allowed;
	} all[] = {
		{ "node", UPDATE_NODE, BIT(ID) | BIT(LABEL) | BIT(LABELS) | BIT(UNLABELS) |
			BIT(PROPS) },
		{ "edge", UPDATE_EDGE, BIT(FROM) | BIT(TYPE) | BIT(TO) | BIT(PROPS) },
		{ "del-node", UPDATE_DEL_NODE, BIT(ID) | BIT(CASCADE) },
		{ "del-edge", UPDATE_DEL_EDGE, BIT(FROM) | BIT(TYPE) | BIT(TO) },
		{ "commit", UPDATE_COMMIT, 0 },
	};

	if (!given(l, OP))
		return err_set(ERR_BAD_RECORD, "no \"op\"");
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (json_is(&l->value[OP], all[i].word)) {
			*kind = all[i].kind;
			*allowed = all[i].allowed | BIT(OP);
			return 0;
		}
	return ops_unknown(json_is(&l->value[OP], "import") ? bytes_str("import") :
			   l->value[OP].text);
}

static int op_key(struct line *l, enum member m, struct bytes *out)
{
	struct text_key key;
	int r = key_of(l, m, &key);

	*out = key.bytes;
	return r;
}

static int op_ends(struct line *l, struct update_op *op)
{
	bool edge = op->kind == UPDATE_EDGE || op->kind == UPDATE_DEL_EDGE;
	int r = op_key(l, edge ? FROM : ID, &op->node);

	if (r == 0 && edge)
		r = op_key(l, TO, &op->to);
	if (r == 0 && given(l, TYPE))
		r = short_text(l, &l->value[TYPE], "type", &op->type);
	op->any_type = op->kind == UPDATE_DEL_EDGE && !given(l, TYPE);
	if (r == 0 && given(l, CASCADE) && l->value[CASCADE].kind != JSON_TRUE &&
	    l->value[CASCADE].kind != JSON_FALSE)
		r = err_set(ERR_BAD_RECORD, "\"cascade\" is neither true nor false");
	op->cascade = given(l, CASCADE) && l->value[CASCADE].kind == JSON_TRUE;
	return r;
}

int jsonl_op(struct bytes line, struct ops_room *room, struct update_op *op)
{
	struct line l = { .room = room->bytes.ptr, .props = &room->props,
		.labels = &room->labels, .unset = &room->unset };
	uint32_t allowed = 0;
	int r = read_members(&l, line);

	if (r == 0)
		r = op_kind(&l, &op->kind, &allowed);
	if (r == 0)
		r = only(&l, allowed, "this operation");
	if (r < 0 || op->kind == UPDATE_COMMIT)
		return r;
	r = op_ends(&l, op);
	if (r == 0)
		r = labels(&l);
	if (r == 0)
		r = add_labels(&l, UNLABELS, &room->unlabels);
	return r < 0 ? r : properties(&l);
}

static int jsonl_take(void *state, const struct text_piece *p, uint8_t *room,
		      struct text_edge *out)
{
	struct jsonl *s = state;
	struct line l = { .room = room, .props = &s->props, .labels = &s->labels };
	int r;

	if (text_is_blank(p->bytes))
		return 0;
	s->props.mem = s->labels.mem = s->text.mem;
	buf_clear(&s->props);
	buf_clear(&s->labels);
	*out = (struct text_edge){0};
	r = read_members(&l, p->bytes);
	if (r == 0)
		r = what_is_it(&l, out);
	out->prop = (const struct property *)s->props.ptr;
	out->prop_n = (uint32_t)(s->props.len / sizeof *out->prop);
	out->label = (const struct bytes *)s->labels.ptr;
	out->label_n = (uint32_t)(s->labels.len / sizeof *out->label);
	return r;
}

static void jsonl_release(void *state)
{
	struct jsonl *s = state;

	buf_release(&s->props);
	buf_release(&s->labels);
}

bool jsonl_is(struct bytes line)
{
	struct json_at j = json_of(line);
	struct json_value v;

	return json_next(&j, &v) && v.kind == JSON_OBJECT && json_end(&j);
}

const struct text_dialect jsonl_dialect = {
	.name = "jsonl", .shape = "{\"from\":SRC,\"type\":TYPE,\"to\":DST,\"props\":{}}",
	.long_lines = true, .state_len = sizeof(struct jsonl), .take = jsonl_take, .release = jsonl_release,
};
