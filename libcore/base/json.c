/* base/json.c - a value is walked through once, its open brackets a bit each */
#include "base/json.h"

#include <string.h>

#include "base/utf8.h"

static bool refuse(struct json_at *j, const char *why, const uint8_t *near)
{
	j->why = why;
	j->near = near;
	return false;
}

struct json_at json_of(struct bytes text)
{
	return (struct json_at){ .at = text.ptr, .end = text.ptr + text.len };
}

static void blanks(struct json_at *j)
{
	while (j->at < j->end && (*j->at == ' ' || *j->at == '\t' || *j->at == '\r' ||
				  *j->at == '\n'))
		j->at++;
}

bool json_end(struct json_at *j)
{
	blanks(j);
	return j->at == j->end || refuse(j, "something behind the end of the value", j->at);
}

/* --- strings --- */

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \u, or -1. */
static int hex4(const uint8_t *p, const uint8_t *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		if (hex(p[i]) < 0)
			return -1;
		v = v << 4 | hex(p[i]);
	}
	return v;
}

size_t json_escape_len(const uint8_t *p, const uint8_t *end)
{
	int c, low;

	if (end - p < 2)
		return 0;
	if (p[1] && strchr("\"\\/bfnrt", p[1]))
		return 2;
	if (p[1] != 'u')
		return 0;
	c = hex4(p + 2, end);
	if (c < 0 || (c >= 0xdc00 && c < 0xe000))
		return 0;
	if (c < 0xd800 || c >= 0xe000)
		return 6;
	if (end - p < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	low = hex4(p + 8, end);
	return low >= 0xdc00 && low < 0xe000 ? 12 : 0;
}

size_t json_unescape(uint8_t *out, struct bytes in)
{
	static const char names[] = "\"\\/bfnrt";
	static const char codes[] = "\"\\/\b\f\n\r\t";
	const uint8_t *from = in.ptr, *end = in.ptr + in.len;
	uint8_t *to = out;
	unsigned c;

	while (from < end) {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		if (from[1] != 'u') {
			*to++ = (uint8_t)codes[strchr(names, from[1]) - names];
			from += 2;
			continue;
		}
		c = (unsigned)hex4(from + 2, end);
		from += 6;
		if (c >= 0xd800 && c < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) +
			    ((unsigned)hex4(from + 2, end) - 0xdc00);
			from += 6;
		}
		to += utf8_put(to, c);
	}
	return (size_t)(to - out);
}

struct bytes json_string(const struct json_value *v, uint8_t *room)
{
	return v->escaped ? bytes_of(room, json_unescape(room, v->text)) : v->text;
}

bool json_is(const struct json_value *v, const char *word)
{
	return v->kind == JSON_STRING && bytes_equal(v->text, bytes_str(word));
}

/* The cursor is behind the opening quote. */
static bool string(struct json_at *j, struct json_value *out)
{
	const uint8_t *from = j->at;

	*out = (struct json_value){ .kind = JSON_STRING };
	for (; j->at < j->end && *j->at != '"'; j->at++) {
		size_t n;

		if (*j->at < 0x20)
			return refuse(j, "a control byte in a string", j->at);
		if (*j->at != '\\')
			continue;
		n = json_escape_len(j->at, j->end);
		if (n == 0)
			return refuse(j, "an unknown escape", j->at);
		out->escaped = true;
		j->at += n - 1;
	}
	if (j->at == j->end)
		return refuse(j, "a string without its end", from - 1);
	out->text = bytes_of(from, (size_t)(j->at++ - from));
	return true;
}

/* --- other values that hold none --- */

static size_t digits(struct json_at *j)
{
	const uint8_t *from = j->at;

	while (j->at < j->end && *j->at >= '0' && *j->at <= '9')
		j->at++;
	return (size_t)(j->at - from);
}

static bool one_of(struct json_at *j, const char *set)
{
	if (j->at == j->end || !*j->at || !strchr(set, *j->at))
		return false;
	j->at++;
	return true;
}

static bool number(struct json_at *j, struct json_value *out)
{
	const uint8_t *from = j->at;
	bool good;

	one_of(j, "-");
	good = one_of(j, "0") || digits(j) > 0;
	if (good && one_of(j, "."))
		good = digits(j) > 0;
	if (good && one_of(j, "eE")) {
		one_of(j, "+-");
		good = digits(j) > 0;
	}
	if (!good || (j->at < j->end && *j->at >= '0' && *j->at <= '9'))
		return refuse(j, "a malformed number", from);
	*out = (struct json_value){ JSON_NUMBER, false,
				    bytes_of(from, (size_t)(j->at - from)) };
	return true;
}

static bool word(struct json_at *j, struct json_value *out)
{
	static const struct { const char *text; enum json_kind kind; } words[] = {
		{ "null", JSON_NULL }, { "false", JSON_FALSE }, { "true", JSON_TRUE },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct bytes w = bytes_str(words[i].text);

		if ((size_t)(j->end - j->at) < w.len || memcmp(j->at, w.ptr, w.len) != 0)
			continue;
		*out = (struct json_value){ words[i].kind, false, bytes_of(j->at, w.len) };
		j->at += w.len;
		return true;
	}
	return refuse(j, j->at == j->end ? "expected a value, found the end" :
		      "expected a value", j->at);
}

/* A value that holds no others, or the bracket that opens one. */
static bool begin(struct json_at *j, struct json_value *out)
{
	blanks(j);
	if (j->at == j->end)
		return word(j, out);
	switch (*j->at) {
	case '"':
		j->at++;
		return string(j, out);
	case '{':
	case '[':
		*out = (struct json_value){ *j->at == '{' ? JSON_OBJECT : JSON_ARRAY, false,
					    bytes_of(j->at, 1) };
		j->at++;
		return true;
	case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6':
	case '7': case '8': case '9':
		return number(j, out);
	default:
		return word(j, out);
	}
}

static bool name(struct json_at *j, struct json_value *out)
{
	blanks(j);
	if (j->at == j->end || *j->at != '"')
		return refuse(j, "expected a name in quotes", j->at);
	j->at++;
	if (!string(j, out))
		return false;
	blanks(j);
	return one_of(j, ":") || refuse(j, "expected a colon", j->at);
}

/* --- values within values --- */

struct nest {
	uint64_t object[JSON_DEPTH / 64];	/* a bit a bracket: is it a brace? */
	unsigned depth;
};

static bool is_object(const struct nest *n)
{
	unsigned at = n->depth - 1;

	return n->object[at / 64] >> (at & 63) & 1;
}

static bool enter(struct json_at *j, struct nest *n, bool object)
{
	if (n->depth == JSON_DEPTH)
		return refuse(j, "too many brackets within each other", j->at - 1);
	n->object[n->depth / 64] &= ~(1ull << (n->depth & 63));
	n->object[n->depth / 64] |= (uint64_t)object << (n->depth & 63);
	n->depth++;
	return true;
}

/* Behind a value: closes what ends here, up to where the next one begins. */
static bool leave(struct json_at *j, struct nest *n)
{
	while (n->depth) {
		bool object = is_object(n);
		struct json_value skipped;

		blanks(j);
		if (one_of(j, ","))
			return !object || name(j, &skipped);
		if (!one_of(j, object ? "}" : "]"))
			return refuse(j, object ? "expected a comma or a brace" :
				      "expected a comma or a bracket", j->at);
		n->depth--;
	}
	return true;
}

/* Behind an opening bracket: is something in it?  If not it is closed here. */
static bool first(struct json_at *j, struct nest *n, bool *empty)
{
	bool object = is_object(n);
	struct json_value skipped;

	blanks(j);
	*empty = one_of(j, object ? "}" : "]");
	n->depth -= *empty;
	return *empty || !object || name(j, &skipped);
}

bool json_next(struct json_at *j, struct json_value *out)
{
	struct nest n = {0};
	struct json_value v;
	bool closed;

	if (!begin(j, out))
		return false;
	v = *out;
	for (;;) {
		closed = true;
		if (v.kind >= JSON_ARRAY && (!enter(j, &n, v.kind == JSON_OBJECT) ||
					     !first(j, &n, &closed)))
			return false;
		if (closed && !leave(j, &n))
			return false;
		if (n.depth == 0)
			break;
		if (!begin(j, &v))
			return false;
	}
	if (out->kind >= JSON_ARRAY)
		out->text.len = (size_t)(j->at - out->text.ptr);
	return true;
}

/* --- inside --- */

struct json_at json_inside(const struct json_value *v)
{
	return json_of(bytes_of(v->text.ptr + 1, v->text.len - 2));
}

static bool another(struct json_at *j)
{
	blanks(j);
	if (j->at == j->end)
		return false;
	one_of(j, ",");
	return true;
}

int json_element(struct json_at *j, struct json_value *out)
{
	return another(j) && json_next(j, out);
}

int json_member(struct json_at *j, struct json_value *member, struct json_value *out)
{
	return another(j) && name(j, member) && json_next(j, out);
}
