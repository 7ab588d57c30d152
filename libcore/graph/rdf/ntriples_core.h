/* graph/rdf/ntriples_core.h - the grammar, for one way of finding where terms end
 *
 * Read by each way's own file, which says before it: iri_stop, string_stop - the first
 * byte that cannot be part of such a term as it stands, or END; *HIGH becomes something
 * else than 0 where there may be bytes before it that are not UTF-8 - is_same, and NEXT,
 * the function's name.
 */
#include <string.h>

#define HOT static inline __attribute__((always_inline))

static const uint8_t *triple_term(struct ntriples_scan *s, const uint8_t *at,
				  struct rdf_term *out);

HOT uint8_t peek(const struct ntriples_scan *s, const uint8_t *at)
{
	return at < s->end ? *at : '\n';
}

HOT const uint8_t *blanks(const struct ntriples_scan *s, const uint8_t *at)
{
	at += peek(s, at) == ' ';
	while (peek(s, at) == ' ' || peek(s, at) == '\t')
		at++;
	return at;
}

HOT const uint8_t *iri(struct ntriples_scan *s, const uint8_t *at, struct bytes *out)
{
	const uint8_t *start = at + 1, *stop;
	uint64_t high = 0;

	stop = iri_stop(start, s->end, &high);
	if (stop == s->end || *stop != '>' || high || stop - start < 7 ||
	    (memcmp(start, "http://", 7) && !ntriples_has_scheme(start, stop)))
		return ntriples_odd_iri(s, start, stop, out);
	*out = bytes_of(start, (size_t)(stop - start));
	return stop + 1;
}

HOT const uint8_t *node(struct ntriples_scan *s, const uint8_t *at, const char *why,
			struct rdf_term *out)
{
	uint8_t c = peek(s, at);

	*out = (struct rdf_term){ .kind = RDF_IRI };
	if (c == '<')
		return iri(s, at, &out->text);
	out->kind = RDF_BLANK;
	return c == '_' ? ntriples_label(s, at, &out->text) : ntriples_refuse(s, at, why);
}

HOT const uint8_t *predicate(struct ntriples_scan *s, const uint8_t *at,
			     struct rdf_term *out)
{
	*out = (struct rdf_term){ .kind = RDF_IRI };
	return peek(s, at) == '<' ? iri(s, at, &out->text) :
		ntriples_refuse(s, at, "a predicate must be an IRI");
}

HOT bool is_text(struct bytes b, const char *text, size_t len)
{
	return b.len == len && !memcmp(b.ptr, text, len);
}

/* At the first ^ of "x"^^<datatype>. */
HOT const uint8_t *datatype(struct ntriples_scan *s, const uint8_t *at,
			    struct rdf_term *out)
{
	static const char string[] = RDF_XSD "string", tagged[] = RDF_NS "langString",
		directed[] = RDF_NS "dirLangString";
	const uint8_t *from;

	if (peek(s, at + 1) != '^')
		return ntriples_refuse(s, at, "a datatype begins with ^^");
	from = blanks(s, at + 2);
	if (peek(s, from) != '<')
		return ntriples_refuse(s, from, "a datatype must be an IRI");
	at = iri(s, from, &out->datatype);
	if (!at)
		return NULL;
	if (is_text(out->datatype, tagged, sizeof tagged - 1) ||
	    is_text(out->datatype, directed, sizeof directed - 1))
		return ntriples_refuse(s, from, "a string with a language is written"
				       " with its tag, not with this datatype");
	if (is_text(out->datatype, string, sizeof string - 1))
		out->datatype = (struct bytes){0};
	return at;
}

HOT const uint8_t *literal(struct ntriples_scan *s, const uint8_t *at, struct rdf_term *out)
{
	const uint8_t *start = at + 1, *stop;
	uint64_t high = 0;

	*out = (struct rdf_term){ .kind = RDF_LITERAL };
	stop = string_stop(start, s->end, &high);
	if (stop == s->end || *stop != '"' || high) {
		at = ntriples_odd_string(s, start, stop, &out->text);
		if (!at)
			return NULL;
	} else {
		out->text = bytes_of(start, (size_t)(stop - start));
		at = stop + 1;
	}
	start = blanks(s, at);
	if (peek(s, start) == '^')
		return datatype(s, start, out);
	if (peek(s, start) == '@')
		return ntriples_language(s, start + 1, out);
	return at;
}

HOT const uint8_t *object(struct ntriples_scan *s, const uint8_t *at, struct rdf_term *out)
{
	if (peek(s, at) == '"')
		return literal(s, at, out);
	if (peek(s, at) == '<' && peek(s, at + 1) == '<')
		return triple_term(s, at, out);
	return node(s, at, "an object must be an IRI, a blank node, a literal or a triple"
		    " term", out);
}

HOT const uint8_t *subject(struct ntriples_scan *s, const uint8_t *at,
			   struct rdf_term *out)
{
	return node(s, at, "a subject must be an IRI or a blank node", out);
}

HOT const uint8_t *rest(struct ntriples_scan *s, const uint8_t *at, struct rdf_term *out)
{
	at = predicate(s, blanks(s, at), &out[RDF_PREDICATE]);
	return at ? object(s, blanks(s, at), &out[RDF_OBJECT]) : NULL;
}

/* At <<; it comes back here as deep as NESTED has room. */
static __attribute__((noinline)) const uint8_t *triple_term(struct ntriples_scan *s,
							     const uint8_t *at,
							     struct rdf_term *out)
{
	struct rdf_term *inner = s->nested + s->nested_n;

	if (peek(s, at + 2) != '(')
		return ntriples_refuse(s, at, "a triple term begins with <<(");
	if (s->nested_n == 3 * NTRIPLES_DEPTH)
		return ntriples_refuse(s, at, "triple terms nested too deep");
	s->nested_n += 3;
	*out = (struct rdf_term){ .kind = RDF_TRIPLE, .triple = inner };
	at = subject(s, blanks(s, at + 3), inner);
	at = at ? rest(s, at, inner) : NULL;
	if (!at)
		return NULL;
	at = blanks(s, at);
	if (peek(s, at) != ')' || peek(s, at + 1) != '>' || peek(s, at + 2) != '>')
		return ntriples_refuse(s, at, "a triple term ends with )>>");
	return at + 3;
}

HOT const uint8_t *graph(struct ntriples_scan *s, const uint8_t *at,
			 struct rdf_statement *out)
{
	if (peek(s, at) == '.')
		return at + 1;
	if (!s->quads || (peek(s, at) != '<' && peek(s, at) != '_'))
		return ntriples_refuse(s, at, s->quads ? "expected a graph or \".\"" :
				       "expected \".\"");
	out->n = 4;
	at = node(s, at, "", &out->term[RDF_GRAPH]);
	if (!at)
		return NULL;
	at = blanks(s, at);
	return peek(s, at) == '.' ? at + 1 : ntriples_refuse(s, at, "expected \".\"");
}

/* Behind a line's end; at the end of the piece where it has none. */
HOT const uint8_t *line_end(struct ntriples_scan *s, const uint8_t *at)
{
	at = blanks(s, at);
	if (peek(s, at) == '#' && !(at = ntriples_comment(s, at)))
		return NULL;
	if (at == s->end || *at == '\n')
		return at + (at < s->end);
	if (*at != '\r')
		return ntriples_refuse(s, at, "bytes behind the end of a statement");
	at++;
	return at + (at < s->end && *at == '\n');
}

/* Most subjects are those of the line before.  To know it is to know where this one
 * ends before it is read; so the processor is at the predicate already. */
HOT const uint8_t *outer_subject(struct ntriples_scan *s, const uint8_t *at,
				 struct rdf_statement *out)
{
	struct rdf_term *t = &out->term[RDF_SUBJECT];
	const uint8_t *stop;

	out->again = s->subject.len && is_same(at, s->end, s->subject);
	if (out->again) {
		*t = (struct rdf_term){ .kind = RDF_IRI,
					.text = { at + 1, s->subject.len - 2 } };
		s->subject.ptr = at;
		return at + s->subject.len;
	}
	stop = subject(s, at, t);
	s->subject.len = 0;
	if (stop && t->kind == RDF_IRI && t->text.ptr == at + 1)
		s->subject = bytes_of(at, (size_t)(stop - at));
	return stop;
}

HOT const uint8_t *statement(struct ntriples_scan *s, const uint8_t *at,
			     struct rdf_statement *out)
{
	out->n = 3;
	at = outer_subject(s, at, out);
	if (at)
		at = rest(s, at, out->term);
	return at ? graph(s, blanks(s, at), out) : NULL;
}

int NEXT(struct ntriples_scan *s, struct rdf_statement *out)
{
	while (s->at < s->end) {
		const uint8_t *at = blanks(s, s->at);
		uint8_t c = peek(s, at);
		bool none = c == '\n' || c == '\r' || c == '#' || c == 'V';

		s->begin = s->at;
		s->line++;
		s->nested_n = 0;
		if (!none)
			at = statement(s, at, out);
		else if (c == 'V')
			at = ntriples_version(s, at);
		if (at)
			at = line_end(s, at);
		s->at = at ? at : ntriples_skip(s->begin, s->end);
		if (!at) {
			s->subject.len = 0;
			return s->error;
		}
		if (!none)
			return 1;
	}
	return 0;
}
