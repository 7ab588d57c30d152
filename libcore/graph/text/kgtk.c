/* graph/text/kgtk.c - kgtk: TSV with a header of node1, label, node2 and other columns
 *
 * A row is an edge; its other columns are properties, several values with | between,
 * kept as they are written but for numbers.  Where node2 is a literal and the row says
 * no more, it is a property of node1; else the literal's text is a node's key.  With a
 * header of id and no node1 a row is a node.
 */
#include "graph/text/kgtk.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "graph/text/weight.h"

#define COLUMNS 512u

enum role { OTHER, ID, NODE1, LABEL, NODE2, WEIGHT, ROLES };

struct kgtk {
	struct text_state text;
	uint8_t *names;			/* the header; NULL before it */
	unsigned column_n, at[ROLES];
	enum role role[COLUMNS];
	struct bytes name[COLUMNS], field[COLUMNS];
	struct buf props;
};

/* --- literals --- */

/* Between quotes: \Q, \|, \\, \t, \n, \r are escapes, Q itself ends it. */
static bool unquote(struct bytes in, uint8_t quote, uint8_t *to, struct bytes *out)
{
	static const char from[] = "tnr\\|", what[] = "\t\n\r\\|";
	uint8_t *start = to;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];
		const char *at;

		if (c == quote || c == '|')
			return false;
		if (c == '\\') {
			if (++i == in.len)
				return false;
			c = in.ptr[i];
			at = c && c != quote ? strchr(from, c) : NULL;
			if (!at && c != quote)
				return false;
			c = at ? (uint8_t)what[at - from] : c;
		}
		*to++ = c;
	}
	*out = bytes_of(start, (size_t)(to - start));
	return true;
}

static int quote(struct buf *out, struct bytes text, uint8_t q)
{
	static const char from[] = "\t\n\r\\|", what[] = "tnr\\|";
	int r = buf_add_byte(out, q);

	for (size_t i = 0; r == 0 && i < text.len; i++) {
		uint8_t c = text.ptr[i];
		const char *at = c ? strchr(from, c) : NULL;

		if (at || c == q)
			r = buf_add_byte(out, '\\');
		if (r == 0)
			r = buf_add_byte(out, at ? (uint8_t)what[at - from] : c);
	}
	return r < 0 ? r : buf_add_byte(out, q);
}

static bool language(struct literal *out, struct bytes f, uint8_t *room)
{
	const uint8_t *end = memrchr(f.ptr + 1, '\'', f.len - 1);
	size_t n = end ? (size_t)(f.ptr + f.len - end) : 0;

	if (n < 3 || end[1] != '@' || memchr(end, '-', n) == end + 2)
		return false;
	for (const uint8_t *p = end + 2; p < f.ptr + f.len; p++)
		if (!(*p == '-' || (*p | 32) - (unsigned)'a' < 26 || *p - (unsigned)'0' < 10))
			return false;
	*out = (struct literal){ .kind = LITERAL_LANG, .extra = bytes_of(end + 2, n - 2) };
	return unquote(bytes_of(f.ptr + 1, (size_t)(end - f.ptr) - 1), '\'', room, &out->text);
}

bool kgtk_literal(struct literal *out, struct bytes f, uint8_t *room)
{
	if (f.len == 0)
		return false;
	*out = (struct literal){ .kind = LITERAL_STRING };
	if (f.len > 1 && f.ptr[0] == '"' && f.ptr[f.len - 1] == '"')
		return unquote(bytes_of(f.ptr + 1, f.len - 2), '"', room, &out->text);
	if (f.len > 3 && f.ptr[0] == '\'')
		return language(out, f, room);
	if (f.ptr[0] == '^') {
		literal_parse(out, bytes_of(f.ptr + 1, f.len - 1));
		return out->kind == LITERAL_DATE || out->kind == LITERAL_DATETIME;
	}
	literal_parse(out, f);
	return out->kind != LITERAL_STRING && out->kind != LITERAL_BOOL &&
		out->kind != LITERAL_DATE && out->kind != LITERAL_DATETIME &&
		(f.ptr[0] == '-' || f.ptr[0] - (unsigned)'0' < 10) && !memchr(f.ptr, ':', f.len);
}

static int write_text(struct buf *out, const struct literal *l)
{
	struct literal s = { .kind = LITERAL_STRING };
	struct buf text = {0};
	int r = literal_print(&text, l);

	s.text = buf_bytes(&text);
	if (r == 0)
		r = quote(out, s.text, '"');
	buf_release(&text);
	return r;
}

int kgtk_write(struct buf *out, const struct literal *l)
{
	struct literal back;
	size_t from = out->len;
	int r;

	if (l->graph.len == 0 && l->kind == LITERAL_STRING) {
		r = quote(out, l->text, '"');
		return r < 0 ? r : 1;
	}
	if (l->graph.len == 0 && l->kind == LITERAL_LANG &&
	    !memmem(l->extra.ptr, l->extra.len, "--", 2)) {
		r = quote(out, l->text, '\'');
		if (r == 0)
			r = buf_add_byte(out, '@');
		if (r == 0)
			r = buf_add(out, l->extra.ptr, l->extra.len);
		return r < 0 ? r : 1;
	}
	r = l->kind == LITERAL_DATE || l->kind == LITERAL_DATETIME ? buf_add_byte(out, '^') : 0;
	if (r == 0)
		r = literal_print(out, l);
	if (r < 0)
		return r;
	if (out->len > from && out->ptr[from] != '"' && out->ptr[from] != '\'' &&
	    kgtk_literal(&back, bytes_of(out->ptr + from, out->len - from), NULL) &&
	    literal_equal(&back, l))
		return 1;
	out->len = from;
	return write_text(out, l);
}

/* --- the header --- */

static enum role role_of(struct bytes name)
{
	static const char *const names[ROLES][5] = {
		[ID] = { "id", NULL }, [NODE1] = { "node1", "from", "subject", NULL },
		[LABEL] = { "label", "predicate", "relation", "relationship", NULL },
		[NODE2] = { "node2", "to", "object", NULL }, [WEIGHT] = { "weight", NULL },
	};

	for (unsigned r = ID; r < ROLES; r++)
		for (unsigned i = 0; names[r][i]; i++)
			if (bytes_equal(name, bytes_str(names[r][i])))
				return (enum role)r;
	return OTHER;
}

static struct bytes cut(struct bytes *rest)
{
	const uint8_t *tab = rest->len ? memchr(rest->ptr, '\t', rest->len) : NULL;
	struct bytes field = *rest;

	if (tab)
		field.len = (size_t)(tab - rest->ptr);
	*rest = tab ? bytes_of(tab + 1, rest->len - field.len - 1) : (struct bytes){0};
	return field;
}

static int split(struct kgtk *s, struct bytes line, struct bytes *to, unsigned *n)
{
	(void)s;
	line.len -= line.len && line.ptr[line.len - 1] == '\r';
	*n = 0;
	do {
		if (*n == COLUMNS)
			return err_set(ERR_BAD_RECORD, "more than %u columns", COLUMNS);
		to[(*n)++] = cut(&line);
	} while (line.ptr);
	return 0;
}

bool kgtk_is_header(struct bytes line)
{
	unsigned seen = 0;

	line.len -= line.len && line.ptr[line.len - 1] == '\r';
	while (line.ptr)
		seen |= 1u << role_of(cut(&line));
	return (seen & (1u << NODE1 | 1u << LABEL | 1u << NODE2)) ==
		(1u << NODE1 | 1u << LABEL | 1u << NODE2);
}

static int header(struct kgtk *s, struct bytes line)
{
	int r;

	s->text.strict = true;
	s->props.mem = s->text.mem;
	s->names = mem_alloc(s->text.mem, line.len + 1);
	if (!s->names)
		return ERR_MEMORY;
	memcpy(s->names, line.ptr, line.len);
	for (unsigned k = 0; k < ROLES; k++)
		s->at[k] = COLUMNS;
	r = split(s, bytes_of(s->names, line.len), s->name, &s->column_n);
	for (unsigned i = 0; r == 0 && i < s->column_n; i++) {
		s->role[i] = role_of(s->name[i]);
		if (!s->name[i].len)
			r = err_set(ERR_BAD_RECORD, "a column without a name");
		if (s->role[i] != OTHER && s->at[s->role[i]] == COLUMNS)
			s->at[s->role[i]] = i;
		else
			s->role[i] = OTHER;
	}
	if (r == 0 && (s->at[NODE1] == COLUMNS ? s->at[ID] == COLUMNS :
		       s->at[LABEL] == COLUMNS || s->at[NODE2] == COLUMNS))
		r = err_set(ERR_BAD_RECORD, "a header with neither node1, label and node2, nor id");
	s->text.strict = r < 0;
	return r;
}

/* --- rows --- */

static int key_of(struct bytes field, const char *what, struct text_key *out)
{
	if (!field.len)
		return err_set(ERR_BAD_RECORD, "an empty %s", what);
	if (field.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a %s over %u bytes", what, TEXT_KEY_MAX);
	if (memchr(field.ptr, '\0', field.len))
		return err_set(ERR_BAD_RECORD, "a NUL byte: this is no text");
	out->bytes = field;
	out->is_number = text_number(field, &out->number);
	return 0;
}

/* Numbers are numbers, all else is as it is written. */
static int add_value(struct kgtk *s, struct bytes name, struct bytes text)
{
	struct property p = { .name = name };

	literal_parse(&p.value, text);
	if (p.value.kind == LITERAL_BOOL || p.value.kind == LITERAL_DATE ||
	    p.value.kind == LITERAL_DATETIME || p.value.kind == LITERAL_TYPED)
		p.value = (struct literal){ .kind = LITERAL_STRING, .text = text };
	return buf_add(&s->props, &p, sizeof p);
}

/* The values of FIELD, with | between, which \ takes its meaning. */
static int add_values(struct kgtk *s, struct bytes name, struct bytes field)
{
	size_t from = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i <= field.len; i++) {
		if (i < field.len && field.ptr[i] == '\\') {
			i++;
		} else if (i == field.len || field.ptr[i] == '|') {
			r = add_value(s, name, bytes_of(field.ptr + from, i - from));
			from = i + 1;
		}
	}
	return r;
}

/* *MORE: the row says more than its edge. */
static int properties(struct kgtk *s, struct text_edge *out, bool *more)
{
	bool nodes = s->at[NODE1] == COLUMNS;
	int r = 0;

	buf_clear(&s->props);
	*more = false;
	for (unsigned i = 0; r == 0 && i < s->column_n; i++) {
		enum role role = s->role[i];

		if (!s->field[i].len || role == NODE1 || role == NODE2 ||
		    (nodes ? role == ID : role == LABEL))
			continue;
		*more = true;
		if (role == WEIGHT && !nodes)
			r = weight_parse(s->field[i], &out->value);
		else
			r = role == ID ? add_value(s, s->name[i], s->field[i]) :
				add_values(s, s->name[i], s->field[i]);
	}
	out->prop = (const struct property *)s->props.ptr;
	out->prop_n = (uint32_t)(s->props.len / sizeof *out->prop);
	return r;
}

static int edge(struct kgtk *s, uint8_t *room, struct text_edge *out)
{
	struct property p = { .name = s->field[s->at[LABEL]] };
	struct bytes node2 = s->field[s->at[NODE2]];
	bool more;
	int r = key_of(s->field[s->at[NODE1]], "node1", &out->src);

	if (r == 0)
		r = properties(s, out, &more);
	if (r == 0 && p.name.len > TEXT_KEY_MAX)
		r = err_set(ERR_BAD_RECORD, "a label over %u bytes", TEXT_KEY_MAX);
	if (r < 0)
		return r;
	if (!more && p.name.len && kgtk_literal(&p.value, node2, room)) {
		out->joins = true;
		r = buf_add(&s->props, &p, sizeof p);
		out->prop = (const struct property *)s->props.ptr;
		out->prop_n = 1;
		return r < 0 ? r : TEXT_NODE;
	}
	out->type = p.name;
	r = key_of(node2, "node2", &out->dst);
	return r < 0 ? r : TEXT_EDGE;
}

static int kgtk_take(void *state, const struct text_piece *p, uint8_t *room,
		     struct text_edge *out)
{
	struct kgtk *s = state;
	unsigned n;
	bool more;
	int r;

	if (!s->names)
		return header(s, p->bytes);
	if (text_is_blank(p->bytes))
		return 0;
	*out = (struct text_edge){0};
	r = split(s, p->bytes, s->field, &n);
	if (r < 0)
		return r;
	if (n != s->column_n)
		return err_set(ERR_BAD_RECORD, "%u columns, the header has %u", n, s->column_n);
	if (s->at[NODE1] != COLUMNS)
		return edge(s, room, out);
	r = key_of(s->field[s->at[ID]], "id", &out->src);
	if (r == 0)
		r = properties(s, out, &more);
	return r < 0 ? r : TEXT_NODE;
}

static void kgtk_release(void *state)
{
	struct kgtk *s = state;

	mem_free(s->text.mem, s->names);
	buf_release(&s->props);
}

const struct text_dialect kgtk_dialect = {
	.name = "kgtk", .shape = "node1 TAB label TAB node2", .state_len = sizeof(struct kgtk),
	.take = kgtk_take, .release = kgtk_release,
};
