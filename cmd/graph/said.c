/* cmd/graph/said.c - see said.h */
#include "cmd/graph/said.h"

#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cli/output.h"
#include "graph/literal_code.h"
#include "graph/rdf/rdf_literal.h"

/* --- tsv --- */

/* The = that ends the name is the first: one inside of it is written otherwise, and so is
 * a first byte by which apply would take it for a label or a name that is unset. */
static int add_name(struct buf *out, struct bytes name)
{
	bool marked = name.len && (*name.ptr == ':' || *name.ptr == '!');
	int r = marked ? buf_printf(out, "\\x%02x", *name.ptr) : 0;
	size_t from = out->len, n = 0;

	if (r == 0)
		r = output_escape(out, bytes_of(name.ptr + marked, name.len - marked));
	for (size_t i = from; r == 0 && i < out->len; i++)
		n += out->ptr[i] == '=';
	if (r == 0 && n)
		r = buf_reserve(out, 3 * n);
	if (r < 0 || n == 0)
		return r;
	for (size_t i = out->len, to = out->len + 3 * n; i-- > from;) {
		if (out->ptr[i] != '=') {
			out->ptr[--to] = out->ptr[i];
			continue;
		}
		to -= 4;
		memcpy(out->ptr + to, "\\x3d", 4);
	}
	out->len += 3 * n;
	return 0;
}

int said_pair(struct buf *out, struct buf *scratch, const struct property *p,
	      enum said_fit *fit)
{
	struct literal back;
	int r;

	buf_clear(scratch);
	r = literal_print(scratch, &p->value);
	literal_parse(&back, buf_bytes(scratch));
	*fit = literal_equal(&back, &p->value) ? SAID_SAME : SAID_CHANGED;
	if (r == 0)
		r = add_name(out, p->name);
	if (r == 0)
		r = buf_add_byte(out, '=');
	return r < 0 ? r : output_escape(out, buf_bytes(scratch));
}

/* --- JSON --- */

static int add(struct buf *out, const char *text)
{
	return buf_add(out, text, strlen(text));
}

static int put_binary(struct buf *out, const char *before, struct bytes text,
		      const char *behind)
{
	int r = add(out, before);

	if (r == 0)
		r = output_base64(out, text);
	return r < 0 ? r : add(out, behind);
}

int said_quote(struct buf *out, struct bytes text)
{
	const struct literal l = { .kind = LITERAL_STRING, .text = text };

	return output_is_utf8(text) ? literal_json(out, &l) : put_binary(out, "{\"@base64\":\"",
									 text, "\"}");
}

/* A name has to be a string; one that looks like another's digits is digits, too. */
static int put_key(struct buf *out, struct bytes name)
{
	if (output_is_utf8(name) && !bytes_starts(name, bytes_str("@base64:")))
		return said_quote(out, name);
	return put_binary(out, "\"@base64:", name, "\"");
}

static int member(struct buf *out, const char *before, struct bytes text)
{
	int r = add(out, before);

	return r < 0 ? r : said_quote(out, text);
}

/* An object that import keeps as it is: in one line, and not taken for a literal. */
static bool stays_object(struct bytes text)
{
	struct json_value v, name, value;
	struct json_at j = json_of(text);

	if (!json_next(&j, &v) || !json_end(&j) || v.kind != JSON_OBJECT ||
	    v.text.len != text.len || memchr(text.ptr, '\n', text.len) ||
	    utf8_end(text.ptr, text.ptr + text.len) != text.ptr + text.len)
		return false;
	j = json_inside(&v);
	while (json_member(&j, &name, &value) > 0)
		if (json_is(&name, "@value") || json_is(&name, "@base64") || name.escaped)
			return false;
	return true;
}

/* Does JSON have it as it is? */
static bool is_plain(const struct literal *l, struct bytes shown)
{
	struct json_value v;
	struct json_at j = json_of(shown);
	struct literal back;

	if (l->graph.len)
		return false;
	if (l->kind == LITERAL_STRING)
		return true;
	if (l->kind == LITERAL_LANG || l->kind == LITERAL_DATE || l->kind == LITERAL_DATETIME)
		return false;
	if (l->kind == LITERAL_JSON)
		return stays_object(shown);
	literal_parse(&back, shown);
	return literal_equal(l, &back) && json_next(&j, &v) && json_end(&j) &&
		v.kind != JSON_STRING;
}

static int put_object(struct buf *out, const struct literal *l, struct bytes shown)
{
	uint8_t room[RDF_VALUE_MOST];
	struct rdf_term term;
	int r = member(out, "{\"@value\":", shown);

	rdf_literal_term(&term, l, room);
	if (r == 0 && l->kind == LITERAL_LANG)
		r = member(out, ",\"@language\":", l->extra);
	else if (r == 0 && term.datatype.len)
		r = member(out, ",\"@type\":", term.datatype);
	if (r == 0 && l->graph.len)
		r = member(out, ",\"@graph\":", l->graph);
	return r < 0 ? r : add(out, "}");
}

int said_value(struct buf *out, struct buf *scratch, const struct literal *l)
{
	struct bytes shown;
	int r;

	buf_clear(scratch);
	r = literal_print(scratch, l);
	if (r < 0)
		return r;
	shown = buf_bytes(scratch);
	if (!is_plain(l, shown))
		return put_object(out, l, shown);
	return l->kind == LITERAL_STRING ? said_quote(out, shown) :
		buf_add(out, shown.ptr, shown.len);
}

int said_values(struct buf *out, struct buf *scratch, const struct property *p, uint32_t n)
{
	int r = n > 1 ? add(out, "[") : 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		if (i)
			r = add(out, ",");
		/* in an array an object would make all of it JSON */
		if (r == 0 && n > 1 && p[i].value.kind == LITERAL_JSON)
			r = put_object(out, &p[i].value, p[i].value.text);
		else if (r == 0)
			r = said_value(out, scratch, &p[i].value);
	}
	return r < 0 || n == 1 ? r : add(out, "]");
}

/* The values from AT on that have its name. */
static int put_name(struct buf *out, struct buf *scratch, const struct prop_state *s, uint32_t *at)
{
	uint32_t first = *at, n = 1;
	int r = put_key(out, s->prop[first].name);

	while (first + n < s->prop_n &&
	       bytes_equal(s->prop[first + n].name, s->prop[first].name))
		n++;
	if (r == 0)
		r = add(out, ":");
	*at = first + n;
	return r < 0 ? r : said_values(out, scratch, s->prop + first, n);
}

int said_members(struct buf *out, struct buf *scratch, const struct prop_state *s)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < s->prop_n;) {
		r = i ? add(out, ",") : 0;
		if (r == 0)
			r = put_name(out, scratch, s, &i);
	}
	return r;
}
