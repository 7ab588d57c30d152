/* cli/record_json.c - one line of jsonl
 *
 * Two passes: the first finds the strings and checks every byte of them, the
 * second decodes in place, where it cannot fail.  So a line that is refused is
 * still as it came, for --rejects.
 */
#include "cli/record_json.h"

#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "cli/output.h"

struct text {			/* what stands between the quotes */
	uint8_t *at;
	size_t len;
	bool given, escaped, base64;
};

struct scan {
	uint8_t *at, *end;
	struct record_json *out;
};

static bool refuse(struct scan *s, const char *why, const uint8_t *from)
{
	s->out->why = why;
	s->out->near = bytes_of(from, (size_t)(s->end - from));
	return false;
}

static void blanks(struct scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

static bool take(struct scan *s, uint8_t c)
{
	blanks(s);
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool string(struct scan *s, struct text *t)
{
	const uint8_t *from = s->at;
	bool high = false;
	size_t n;

	if (!take(s, '"'))
		return refuse(s, "expected a string", from);
	t->at = s->at;
	t->escaped = false;
	while (s->at < s->end && *s->at != '"') {
		n = 1;
		if (*s->at < 0x20)
			return refuse(s, "a control byte in a string", s->at);
		if (*s->at == '\\') {
			n = json_escape_len(s->at, s->end);
			t->escaped = true;
		}
		if (n == 0)
			return refuse(s, "an unknown escape", s->at);
		high |= *s->at >= 0x80;
		s->at += n;
	}
	t->len = (size_t)(s->at - t->at);
	if (s->at == s->end)
		return refuse(s, "a string without its end", from);
	s->at++;
	if (high && !output_is_utf8(bytes_of(t->at, t->len)))
		return refuse(s, "a string that is not UTF-8", from);
	return true;
}

static struct bytes decode(const struct text *t)
{
	size_t len = t->len;

	if (t->escaped)
		len = json_unescape(t->at, bytes_of(t->at, len));
	if (t->base64)
		len = base64_decode(t->at, len);
	return bytes_of(t->at, len);
}

struct fields {
	struct text key, value;
	bool absent, absent_given;
};

static bool is(const struct text *name, const char *word)
{
	return bytes_equal(bytes_of(name->at, name->len), bytes_str(word));
}

static bool field_text(struct scan *s, struct text *t, const struct text *name,
		       bool base64)
{
	if (t->given)
		return refuse(s, "a field that is given twice", name->at);
	blanks(s);
	if (!string(s, t))
		return false;
	t->given = true;
	t->base64 = base64;
	if (base64 && !base64_is(bytes_of(t->at, t->len)))
		return refuse(s, "not base64", t->at);
	return true;
}

static bool field_absent(struct scan *s, struct fields *f, const struct text *name)
{
	size_t left;

	blanks(s);
	left = (size_t)(s->end - s->at);
	if (f->absent_given)
		return refuse(s, "a field that is given twice", name->at);
	f->absent_given = true;
	f->absent = left >= 4 && memcmp(s->at, "true", 4) == 0;
	if (!f->absent && (left < 5 || memcmp(s->at, "false", 5) != 0))
		return refuse(s, "expected true or false", s->at);
	s->at += f->absent ? 4 : 5;
	return true;
}

static bool member(struct scan *s, struct fields *f)
{
	struct text name;

	blanks(s);
	if (!string(s, &name))
		return false;
	if (!take(s, ':'))
		return refuse(s, "expected a colon", s->at);
	if (is(&name, "key") || is(&name, "key64"))
		return field_text(s, &f->key, &name, name.len > 3);
	if (is(&name, "value") || is(&name, "value64"))
		return field_text(s, &f->value, &name, name.len > 5);
	if (is(&name, "absent"))
		return field_absent(s, f, &name);
	s->end = name.at + name.len;
	return refuse(s, "an unknown field", name.at);
}

static bool object(struct scan *s, struct fields *f)
{
	if (!take(s, '{'))
		return refuse(s, "expected a JSON object", s->at);
	if (!take(s, '}')) {
		do {
			if (!member(s, f))
				return false;
		} while (take(s, ','));
		if (!take(s, '}'))
			return refuse(s, "expected a comma or a brace", s->at);
	}
	blanks(s);
	if (s->at != s->end)
		return refuse(s, "more than one JSON object", s->at);
	return true;
}

bool record_json_read(struct record_json *out, uint8_t *line, size_t len)
{
	struct scan s = { line, line + len, out };
	struct fields f = {0};

	if (!object(&s, &f))
		return false;
	if (!f.key.given)
		return refuse(&s, "no \"key\"", line);
	if (f.absent && f.value.given)
		return refuse(&s, "both a value and \"absent\":true", line);
	if (!f.absent && !f.value.given)
		return refuse(&s, "no \"value\"", line);
	out->key = decode(&f.key);
	out->value = f.absent ? bytes_of(NULL, 0) : decode(&f.value);
	out->absent = f.absent;
	return true;
}
