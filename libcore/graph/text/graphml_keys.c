/* graph/text/graphml_keys.c - see graphml_keys.h */
#include "graph/text/graphml_keys.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "graph/rdf/rdf_literal.h"
#include "graph/text/jsonl.h"
#include "graph/text/weight.h"

/* --- keys --- */

static const char *attribute(const char **all, const char *name)
{
	for (; *all; all += 2)
		if (!strcmp(all[0], name))
			return all[1];
	return NULL;
}

struct word {
	const char *text;
	unsigned value;
};

/* -1: none of them. */
static int find_word(const struct word *words, const char *text)
{
	for (; words->text; words++)
		if (!strcmp(words->text, text))
			return (int)words->value;
	return -1;
}

static int type_of(const char *what, const char *text, enum graphml_type *out)
{
	static const struct word words[] = {
		{ "string", GRAPHML_STRING }, { "boolean", GRAPHML_BOOLEAN },
		{ "int", GRAPHML_INTEGER }, { "long", GRAPHML_INTEGER },
		{ "float", GRAPHML_DOUBLE }, { "double", GRAPHML_DOUBLE }, { NULL, 0 },
	};
	int found = text ? find_word(words, text) : GRAPHML_STRING;

	if (found < 0)
		return err_set(ERR_BAD_RECORD, "%s=\"%s\" is none of boolean, int, long, float,"
			       " double, string", what, bytes_show(bytes_str(text)));
	*out = (enum graphml_type)found;
	return 0;
}

static int own_type_of(const char *text, enum graphml_type *out)
{
	static const struct word words[] = {
		{ "string", GRAPHML_STRING }, { "decimal", GRAPHML_DECIMAL },
		{ "date", GRAPHML_DATE }, { "datetime", GRAPHML_DATETIME },
		{ "json", GRAPHML_JSON }, { "literal", GRAPHML_LITERAL },
		{ "boolean", GRAPHML_BOOLEAN }, { "long", GRAPHML_INTEGER },
		{ "double", GRAPHML_DOUBLE }, { NULL, 0 },
	};
	int found = find_word(words, text);

	if (found < 0)
		return err_set(ERR_BAD_RECORD, "an unknown strato.type=\"%s\"",
			       bytes_show(bytes_str(text)));
	*out = (enum graphml_type)found;
	return 0;
}

static int for_of(const char *text, unsigned *out)
{
	static const struct word words[] = {
		{ "node", GRAPHML_NODES }, { "edge", GRAPHML_EDGES },
		{ "all", GRAPHML_NODES | GRAPHML_EDGES | GRAPHML_OTHERS },
		{ "graph", GRAPHML_OTHERS }, { "graphml", GRAPHML_OTHERS },
		{ "port", GRAPHML_OTHERS }, { "hyperedge", GRAPHML_OTHERS },
		{ "endpoint", GRAPHML_OTHERS }, { NULL, 0 },
	};
	int found = find_word(words, text ? text : "all");

	if (found < 0)
		return err_set(ERR_BAD_RECORD, "a key for=\"%s\"", bytes_show(bytes_str(text)));
	*out = (unsigned)found;
	return 0;
}

static int copy(struct graphml_keys *k, struct bytes text, struct bytes *out)
{
	uint8_t *to = mem_alloc(k->mem, text.len + 1);

	if (!to)
		return ERR_MEMORY;
	if (text.len)
		memcpy(to, text.ptr, text.len);
	*out = bytes_of(to, text.len);
	return 0;
}

static int check_name(struct bytes name, const char *id)
{
	if (name.len == 0 || name.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "the key \"%s\": a name of %s", bytes_show(
			       bytes_str(id)), name.len ? "over 65535 bytes" : "no bytes");
	return 0;
}

bool graphml_is_labels(struct bytes name)
{
	return bytes_equal(name, bytes_str("labels")) || bytes_equal(name, bytes_str("labelV"));
}

bool graphml_is_type(struct bytes name)
{
	return bytes_equal(name, bytes_str("label")) || bytes_equal(name, bytes_str("labelE"));
}

static int fill(struct graphml_keys *k, const char **all, struct graphml_key *out)
{
	const char *id = attribute(all, "id"), *name = attribute(all, "attr.name");
	const char *list = attribute(all, "attr.list"), *own = attribute(all, "strato.type");
	int r;

	if (!id)
		return err_set(ERR_BAD_RECORD, "a key without an id");
	out->list = list != NULL;
	out->place = k->n;
	r = for_of(attribute(all, "for"), &out->of);
	if (r == 0)
		r = list ? type_of("attr.list", list, &out->type) :
			type_of("attr.type", attribute(all, "attr.type"), &out->type);
	if (r == 0 && own && !list)
		r = own_type_of(own, &out->type);
	if (r == 0)
		r = check_name(bytes_str(name ? name : id), id);
	if (r == 0)
		r = copy(k, bytes_str(id), &out->id);
	if (r == 0)
		r = copy(k, bytes_str(name ? name : id), &out->name);
	if (r < 0 || own)
		return r;
	out->labels = out->of & GRAPHML_NODES && graphml_is_labels(out->name);
	out->label = out->of & GRAPHML_EDGES && graphml_is_type(out->name);
	return 0;
}

int graphml_keys_add(struct graphml_keys *k, const char **attributes)
{
	if (k->n == GRAPHML_KEYS_MOST)
		return err_set(ERR_BAD_RECORD, "over %u keys", GRAPHML_KEYS_MOST);
	if (k->n == k->cap) {
		uint32_t cap = k->cap ? 2 * k->cap : 16;
		struct graphml_key *more = mem_resize(k->mem, k->at, cap * sizeof *more);

		if (!more)
			return ERR_MEMORY;
		k->at = more;
		k->cap = cap;
	}
	k->at[k->n] = (struct graphml_key){0};
	return fill(k, attributes, &k->at[k->n++]);
}

int graphml_keys_preset(struct graphml_keys *k, struct bytes text)
{
	struct graphml_key *key = &k->at[k->n - 1];

	if (key->preset.ptr)
		return err_set(ERR_BAD_RECORD, "the key \"%s\": two defaults",
			       bytes_show(key->id));
	return copy(k, text, &key->preset);
}

static int by_id(const void *a, const void *b)
{
	const struct graphml_key *x = a, *y = b;
	int r = bytes_cmp(x->id, y->id);

	return r ? r : (x->place > y->place) - (x->place < y->place);
}

int graphml_keys_sort(struct graphml_keys *k)
{
	unsigned of = 0;		/* of all before that have this id */

	if (k->n)
		qsort(k->at, k->n, sizeof *k->at, by_id);
	for (uint32_t i = 0; i < k->n; i++) {
		if (i && !bytes_equal(k->at[i - 1].id, k->at[i].id))
			of = 0;
		if (k->at[i].of & of)
			return err_set(ERR_BAD_RECORD, "two keys with the id \"%s\"",
				       bytes_show(k->at[i].id));
		of |= k->at[i].of;
	}
	return 0;
}

const struct graphml_key *graphml_keys_find(const struct graphml_keys *k, const char *id,
					    unsigned of)
{
	struct bytes want = bytes_str(id);
	uint32_t from = 0, to = k->n;

	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (bytes_cmp(k->at[mid].id, want) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	for (to = from; to < k->n && bytes_equal(k->at[to].id, want); to++)
		if (k->at[to].of & of)
			return &k->at[to];
	return to > from ? &k->at[from] : NULL;
}

void graphml_keys_release(struct graphml_keys *k)
{
	for (uint32_t i = 0; i < k->n; i++) {
		mem_free(k->mem, (void *)(uintptr_t)k->at[i].id.ptr);
		mem_free(k->mem, (void *)(uintptr_t)k->at[i].name.ptr);
		mem_free(k->mem, (void *)(uintptr_t)k->at[i].preset.ptr);
	}
	mem_free(k->mem, k->at);
}

/* --- values --- */

static const char *const datatype[] = {
	[GRAPHML_BOOLEAN] = RDF_XSD "boolean", [GRAPHML_INTEGER] = RDF_XSD "integer",
	[GRAPHML_DOUBLE] = RDF_XSD "double", [GRAPHML_DECIMAL] = RDF_XSD "decimal",
	[GRAPHML_DATE] = RDF_XSD "date", [GRAPHML_DATETIME] = RDF_XSD "dateTime",
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Of all but strings blanks around are of the layout. */
static struct bytes trim(struct bytes b)
{
	while (b.len && is_blank(b.ptr[0]))
		b = bytes_of(b.ptr + 1, b.len - 1);
	while (b.len && is_blank(b.ptr[b.len - 1]))
		b.len--;
	return b;
}

static int bad_value(const struct graphml_key *key, struct bytes text)
{
	return err_set(ERR_BAD_RECORD, "the key \"%s\": \"%s\" is no %s", bytes_show(key->id),
		       bytes_show(text), strrchr(datatype[key->type], '#') + 1);
}

/* What languages print: True, and inf of numbers. */
static struct bytes as_written(const struct graphml_key *key, struct bytes text)
{
	static const char *const other[][2] = {
		{ "true", "true" }, { "false", "false" }, { "inf", "INF" }, { "-inf", "-INF" },
		{ "infinity", "INF" }, { "-infinity", "-INF" }, { "nan", "NaN" },
	};
	size_t n = sizeof other / sizeof *other;

	if (key->type != GRAPHML_BOOLEAN && key->type != GRAPHML_DOUBLE)
		return text;
	for (size_t i = 0; i < n; i++)
		if (text.len == strlen(other[i][0]) &&
		    !strncasecmp((const char *)text.ptr, other[i][0], text.len))
			return bytes_str(other[i][1]);
	return text;
}

static int typed(const struct graphml_key *key, struct bytes text, struct literal *out)
{
	struct text_value number = {0};
	struct rdf_value v;

	*out = (struct literal){ .kind = LITERAL_STRING, .text = text };
	if (key->type == GRAPHML_JSON)
		out->kind = LITERAL_JSON;
	if (key->type == GRAPHML_STRING || key->type == GRAPHML_JSON)
		return 0;
	text = as_written(key, trim(text));
	if (key->type == GRAPHML_DOUBLE && weight_parse_real(text, &number) == 0) {
		*out = (struct literal){ .kind = LITERAL_DOUBLE, .r = number.r };
		return 0;
	}
	err_clear();
	if (key->type == GRAPHML_BOOLEAN && text.len == 1 &&
	    (*text.ptr == '0' || *text.ptr == '1')) {
		*out = (struct literal){ .kind = LITERAL_BOOL, .b = *text.ptr == '1' };
		return 0;
	}
	rdf_literal_typed(out, text, bytes_str(datatype[key->type]));
	if (out->kind != LITERAL_TYPED)
		return 0;
	rdf_value_of(text, bytes_str(datatype[key->type]), &v);
	return v.fit == RDF_INVALID ? bad_value(key, text) : 0;
}

static int add(const struct graphml_key *key, struct bytes text, struct buf *props)
{
	struct property p = { .name = key->name };
	int r;

	if (key->type != GRAPHML_STRING && key->type != GRAPHML_JSON && !trim(text).len)
		return 0;		/* no value */
	r = typed(key, text, &p.value);

	return r < 0 ? r : buf_add(props, &p, sizeof p);
}

/* The elements of TEXT, an array of JSON, as texts. */
static int next_element(struct json_at *in, uint8_t **room, struct bytes *out)
{
	struct json_value v;
	int r = json_element(in, &v);

	if (r <= 0)
		return r;
	*out = v.text;
	if (v.kind != JSON_STRING)
		return 1;
	*out = json_string(&v, *room);
	*room += v.escaped ? out->len : 0;
	return 1;
}

static int begin_list(const struct graphml_key *key, struct bytes text, struct json_at *in)
{
	struct json_at j = json_of(text);
	struct json_value v;

	if (!json_next(&j, &v) || !json_end(&j) || v.kind != JSON_ARRAY)
		return err_set(ERR_BAD_RECORD, "the key \"%s\": \"%s\" is no array of JSON",
			       bytes_show(key->id), bytes_show(text));
	*in = json_inside(&v);
	return 0;
}

int graphml_values(const struct graphml_key *key, struct bytes text, uint8_t **room,
		   struct buf *props)
{
	struct json_at in;
	struct bytes one;
	int r;

	if (key->type == GRAPHML_LITERAL)
		return jsonl_values(key->name, text, room, props);
	if (!key->list)
		return add(key, text, props);
	r = begin_list(key, text, &in);
	while (r == 0 && next_element(&in, room, &one) > 0)
		r = add(key, one, props);
	return r;
}

static int add_label(struct bytes text, struct buf *labels)
{
	if (text.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a label over %u bytes", TEXT_KEY_MAX);
	return text.len ? buf_add(labels, &text, sizeof text) : 0;
}

int graphml_labels(const struct graphml_key *key, struct bytes text, uint8_t **room,
		   struct buf *labels)
{
	struct json_at in;
	struct bytes one;
	int r = 0;

	if (key && key->list) {
		r = begin_list(key, text, &in);
		while (r == 0 && next_element(&in, room, &one) > 0)
			r = add_label(one, labels);
		return r;
	}
	if (!text.len || *text.ptr != ':')
		return add_label(text, labels);
	while (r == 0 && text.len) {
		const uint8_t *end;

		text = bytes_of(text.ptr + 1, text.len - 1);
		end = text.len ? memchr(text.ptr, ':', text.len) : NULL;
		one = bytes_of(text.ptr, end ? (size_t)(end - text.ptr) : text.len);
		r = add_label(one, labels);
		text = bytes_of(text.ptr + one.len, text.len - one.len);
	}
	return r;
}
