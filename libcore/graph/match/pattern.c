/* graph/match/pattern.c */
#include "graph/match/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/literal_code.h"
#include "graph/rdf/rdf_literal.h"

struct words {			/* of a pattern, as they are cut off */
	struct pattern *p;
	struct bytes all, rest;
};

struct word {
	struct bytes text;	/* without its quotes or brackets, unescaped */
	bool quoted;		/* either of them: it is no variable, no sign */
	bool string;		/* "...": a value of text */
	struct bytes language, datatype;
};

static int wrong(struct bytes pattern, const char *why)
{
	err_set(ERR_USAGE, "pattern '%s': %s", bytes_show(pattern), why);
	err_hint("'?a wrote ?b' is an edge, '?a : Person' a label, '?a.born < 1900' a property");
	return ERR_USAGE;
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct words *w)
{
	while (w->rest.len && blank(*w->rest.ptr))
		w->rest = bytes_of(w->rest.ptr + 1, w->rest.len - 1);
}

static struct bytes cut(struct words *w, size_t n)
{
	struct bytes head = bytes_of(w->rest.ptr, n);

	w->rest = bytes_of(w->rest.ptr + n, w->rest.len - n);
	return head;
}

/* Up to the next blank. */
static struct bytes bare(struct words *w)
{
	size_t n = 0;

	while (n < w->rest.len && !blank(w->rest.ptr[n]))
		n++;
	return cut(w, n);
}

static int in_brackets(struct words *w, struct bytes *out)
{
	const uint8_t *end = memchr(w->rest.ptr, '>', w->rest.len);

	if (!end)
		return wrong(w->all, "a < without its >");
	*out = cut(w, (size_t)(end - w->rest.ptr) + 1);
	*out = bytes_of(out->ptr + 1, out->len - 2);
	return 0;
}

/* The escape behind a backslash: \" and what tsv has but for \xHH. */
static int escape(uint8_t c)
{
	static const char from[] = "\"\\tnr0", to[] = "\"\\\t\n\r\0";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? (uint8_t)to[at - from] : -1;
}

static int in_quotes(struct words *w, struct bytes *out)
{
	struct pattern *p = w->p;
	uint8_t *room = malloc(w->rest.len), *to = room;
	size_t i = 1;

	if (!room)
		return err_set(ERR_MEMORY, "out of memory");
	if (p->room_n == PATTERN_MOST * 3) {
		free(room);
		return wrong(w->all, "too many words in quotes");
	}
	p->room[p->room_n++] = room;
	for (; i < w->rest.len && w->rest.ptr[i] != '"'; i++) {
		int c = w->rest.ptr[i];

		if (c == '\\' && (++i == w->rest.len || (c = escape(w->rest.ptr[i])) < 0))
			return wrong(w->all, "an unknown escape");
		*to++ = (uint8_t)c;
	}
	if (i == w->rest.len)
		return wrong(w->all, "a quote without its end");
	cut(w, i + 1);
	*out = bytes_of(room, (size_t)(to - room));
	return 0;
}

/* What may stand behind a quoted value: @en, ^^<IRI>. */
static int suffix(struct words *w, struct word *out)
{
	if (w->rest.len && *w->rest.ptr == '@') {
		cut(w, 1);
		out->language = bare(w);
		return out->language.len ? 0 : wrong(w->all, "an @ without a language");
	}
	if (w->rest.len > 2 && memcmp(w->rest.ptr, "^^<", 3) == 0) {
		cut(w, 2);
		return in_brackets(w, &out->datatype);
	}
	return 0;
}

/* 1 and a word, 0: there is no more. */
static int next(struct words *w, struct word *out)
{
	int r;

	*out = (struct word){0};
	skip_blanks(w);
	if (w->rest.len == 0)
		return 0;
	if (*w->rest.ptr == '"') {
		out->quoted = out->string = true;
		r = in_quotes(w, &out->text);
		if (r == 0)
			r = suffix(w, out);
	} else if (*w->rest.ptr == '<' && memchr(w->rest.ptr, '>', w->rest.len)) {
		out->quoted = true;
		r = in_brackets(w, &out->text);
	} else {
		out->text = bare(w);
		return 1;
	}
	if (r == 0 && w->rest.len && !blank(*w->rest.ptr))
		r = wrong(w->all, "no blank between two words");
	return r < 0 ? r : 1;
}

/* --- variables --- */

int pattern_find(const struct pattern *p, struct bytes name, uint32_t *var)
{
	for (*var = 0; *var < p->var_n; ++*var)
		if (name.len && bytes_equal(p->var[*var].name, name))
			return 1;
	return 0;
}

static int variable(struct words *w, struct bytes name, uint32_t *out)
{
	struct pattern *p = w->p;

	if (pattern_find(p, name, out))
		return 0;
	if (p->var_n == PATTERN_VARS)
		return wrong(w->all, "more than 64 variables");
	p->var[*out = p->var_n++] = (struct pattern_var){ .name = name };
	return 0;
}

static bool is_variable(const struct word *word)
{
	return !word->quoted && word->text.len && *word->text.ptr == '?';
}

static int term(struct words *w, const struct word *word, bool type,
		struct pattern_term *out)
{
	int r;

	*out = (struct pattern_term){ .var = is_variable(word), .text = word->text };
	if (!out->var)
		return 0;
	r = variable(w, bytes_of(word->text.ptr + 1, word->text.len - 1), &out->at);
	if (r == 0 && type)
		w->p->var[out->at].type = true;
	else if (r == 0)
		w->p->var[out->at].node = true;
	return r;
}

/* --- patterns --- */

static int label_of(struct words *w, uint32_t var, struct bytes label)
{
	struct pattern *p = w->p;

	if (p->label_n == PATTERN_MOST)
		return wrong(w->all, "more than 64 labels");
	p->var[var].node = true;
	p->label[p->label_n++] = (struct pattern_label){ var, label };
	return 0;
}

static int add_label(struct words *w, const struct word *word)
{
	struct pattern_term t;
	struct word label, more;
	int r = next(w, &label);

	if (r == 0)
		return wrong(w->all, "no label behind the :");
	if (r > 0)
		r = next(w, &more);
	if (r > 0)
		return wrong(w->all, "more behind the label");
	if (r == 0)
		r = term(w, word, false, &t);
	return r < 0 ? r : label_of(w, t.at, label.text);
}

static bool op_of(struct bytes text, enum pattern_op *out)
{
	static const char *const name[] = { "", "=", "!=", "<", "<=", ">", ">=" };

	for (unsigned i = PATTERN_SAME; i <= PATTERN_MORE_SAME; i++)
		if (bytes_equal(text, bytes_str(name[i]))) {
			*out = (enum pattern_op)i;
			return true;
		}
	return false;
}

static bool sign(uint8_t c)
{
	return c == '=' || c == '!' || c == '<' || c == '>';
}

/* A name: bare up to a blank or a sign, or in quotes or brackets. */
static int name_of(struct words *w, struct bytes *out)
{
	size_t n = 0;

	if (w->rest.len && *w->rest.ptr == '"')
		return in_quotes(w, out);
	if (w->rest.len && *w->rest.ptr == '<')
		return in_brackets(w, out);
	while (n < w->rest.len && !blank(w->rest.ptr[n]) && !sign(w->rest.ptr[n]))
		n++;
	*out = cut(w, n);
	return n ? 0 : wrong(w->all, "no name of a property");
}

static void quoted_value(const struct word *word, struct literal *out)
{
	*out = (struct literal){ .kind = LITERAL_STRING, .text = word->text };
	if (word->language.len) {
		out->kind = LITERAL_LANG;
		out->extra = word->language;
	} else if (word->datatype.len) {
		rdf_literal_typed(out, word->text, word->datatype);
	}
}

/* All that is left: in quotes, or as it is, blanks in it too. */
static int value_of(struct words *w, struct literal *out)
{
	struct word word, more;
	struct bytes all;
	int r;

	skip_blanks(w);
	all = w->rest;
	while (all.len && blank(all.ptr[all.len - 1]))
		all.len--;
	if (all.len == 0)
		return wrong(w->all, "no value behind the sign");
	if (*all.ptr != '"') {
		literal_parse(out, all);
		return 0;
	}
	r = next(w, &word);
	if (r > 0)
		r = next(w, &more);
	if (r != 0)
		return r < 0 ? r : wrong(w->all, "more behind the value");
	quoted_value(&word, out);
	return 0;
}

/* NAME, or NAME, a sign and a value: all of what is left. */
static int add_filter(struct words *w, uint32_t var)
{
	struct pattern_filter f = { .var = var, .op = PATTERN_HAS };
	size_t n = 0;
	int r = name_of(w, &f.name);

	if (r == 0 && !f.name.len)
		return wrong(w->all, "a property without a name");
	skip_blanks(w);
	if (r == 0 && w->rest.len) {
		while (n < w->rest.len && sign(w->rest.ptr[n]))
			n++;
		if (!op_of(cut(w, n), &f.op))
			return wrong(w->all, "expected = != < <= > or >= behind the name");
		r = value_of(w, &f.value);
	}
	if (r < 0)
		return r;
	if (w->p->filter_n == PATTERN_MOST)
		return wrong(w->all, "more than 64 properties");
	w->p->var[var].node = true;
	w->p->filter[w->p->filter_n++] = f;
	return 0;
}

/* WORD is ?a.name, the name perhaps in brackets or quotes of its own. */
static int add_filter_of(struct words *w, struct bytes word, const uint8_t *dot)
{
	uint32_t var;
	int r = variable(w, bytes_of(word.ptr + 1, (size_t)(dot - word.ptr) - 1), &var);

	w->rest = bytes_of(dot + 1, (size_t)(w->all.ptr + w->all.len - dot) - 1);
	return r < 0 ? r : add_filter(w, var);
}

static int add_edge(struct words *w, const struct word *src, const struct word *type)
{
	struct pattern *p = w->p;
	struct pattern_edge e;
	struct word dst, more;
	int r = next(w, &dst);

	if (r == 0)
		return wrong(w->all, "two words: an edge has a source, a type and a target");
	if (r > 0)
		r = next(w, &more);
	if (r > 0)
		return wrong(w->all, "more than three words");
	if (r == 0)
		r = term(w, src, false, &e.src);
	if (r == 0)
		r = term(w, type, true, &e.type);
	if (r == 0)
		r = term(w, &dst, false, &e.dst);
	if (r < 0)
		return r;
	if (p->edge_n == PATTERN_MOST)
		return wrong(w->all, "more than 64 edges");
	p->edge[p->edge_n++] = e;
	return 0;
}

int pattern_add(struct pattern *p, struct bytes text)
{
	struct words w = { p, text, text };
	struct word first, second;
	const uint8_t *dot;
	int r = next(&w, &first);

	if (r <= 0)
		return r < 0 ? r : wrong(text, "there is nothing in it");
	dot = is_variable(&first) ? memchr(first.text.ptr, '.', first.text.len) : NULL;
	if (dot)
		return add_filter_of(&w, first.text, dot);
	r = next(&w, &second);
	if (r <= 0)
		return r < 0 ? r : wrong(text, "one word: an edge has three");
	if (is_variable(&first) && !second.quoted && bytes_equal(second.text, bytes_str(":")))
		return add_label(&w, &first);
	return add_edge(&w, &first, &second);
}

int pattern_add_label(struct pattern *p, struct bytes var, struct bytes label)
{
	struct words w = { p, label, label };
	uint32_t at;
	int r = variable(&w, var, &at);

	return r < 0 ? r : label_of(&w, at, label);
}

int pattern_add_where(struct pattern *p, struct bytes var, struct bytes text)
{
	struct words w = { p, text, text };
	uint32_t at;
	int r = variable(&w, var, &at);

	skip_blanks(&w);
	return r < 0 ? r : add_filter(&w, at);
}

void pattern_release(struct pattern *p)
{
	for (uint32_t i = 0; i < p->room_n; i++)
		free(p->room[i]);
	p->room_n = 0;
}

int pattern_check(const struct pattern *p)
{
	for (uint32_t i = 0; i < p->var_n; i++)
		if (p->var[i].node && p->var[i].type)
			return err_set(ERR_USAGE, "?%s stands for a node and for a type",
				       bytes_show(p->var[i].name));
	if (p->var_n == 0 && p->edge_n == 0)
		return err_set(ERR_USAGE, "no pattern");
	return 0;
}

bool pattern_meets(const struct pattern_filter *f, const struct literal *value)
{
	int c;

	if (f->op == PATTERN_HAS)
		return true;
	c = literal_compare(value, &f->value);
	if (c == LITERAL_SAME && f->value.kind == LITERAL_LANG)
		c = literal_equal(value, &f->value) ? LITERAL_SAME : LITERAL_APART;
	switch (f->op) {
	case PATTERN_SAME:
		return c == LITERAL_SAME;
	case PATTERN_OTHER:
		return c != LITERAL_SAME;
	case PATTERN_LESS:
		return c == LITERAL_LESS;
	case PATTERN_LESS_SAME:
		return c == LITERAL_LESS || c == LITERAL_SAME;
	case PATTERN_MORE:
		return c == LITERAL_MORE;
	default:
		return c == LITERAL_MORE || c == LITERAL_SAME;
	}
}
