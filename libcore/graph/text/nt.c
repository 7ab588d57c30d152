/* graph/text/nt.c - nt and nq: statements of RDF as edges, properties and labels
 *
 *	object an IRI, a blank node, a triple term	an edge, its type the predicate
 *	object a literal				a property of the subject
 *	predicate rdf:type, object an IRI		a label, unless edges are wanted
 *
 * A blank node's key begins with _:, and with its input's number, for its label means
 * nothing elsewhere; a triple term's key is its canonical text.  The graph of a literal
 * is part of it.  That of an edge is its property `graph`; nq says "" for the default
 * graph, for an edge may be in several.  A label has no graph: in a named one rdf:type
 * is an edge.
 */
#include "graph/text/nt.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "graph/rdf/ntriples.h"
#include "graph/rdf/rdf_literal.h"
#include "graph/rdf/rdf_write.h"

struct nt {
	struct text_state text;
	bool begun;
	struct ntriples_scan scan;
	struct buf src, dst, graph, language, scratch;
	struct property prop;
	struct bytes label;
};

/* --- terms as keys --- */

/* _:LABEL, with the number of the input before it: of all that ever were added. */
static int blank(const struct nt *s, struct bytes label, struct buf *out)
{
	bool keep = s->text.rdf.keep_blanks;
	int r = buf_add(out, "_:", 2);

	if (r == 0 && !keep && s->text.rdf.version)
		r = buf_printf(out, "v%" PRIu64 ".", s->text.rdf.version);
	if (r == 0 && !keep)
		r = buf_printf(out, "f%u.", s->text.rdf.input);
	return r < 0 ? r : buf_add(out, label.ptr, label.len);
}

/* What stands at TEXT, a triple term's canonical text: an IRI, a string, or a byte. */
static size_t token(struct bytes text)
{
	uint8_t end = text.ptr[0] == '"' ? '"' : '>';
	size_t n = 1;

	if (text.ptr[0] != '"' && (text.ptr[0] != '<' || (text.len > 1 && text.ptr[1] == '<')))
		return text.ptr[0] == '<' ? 2 : 1;
	while (n < text.len && text.ptr[n] != end)
		n += text.ptr[n] == '\\' ? 2 : 1;
	return n < text.len ? n + 1 : text.len;
}

static int triple(struct nt *s, const struct rdf_term *t, struct buf *out)
{
	struct bytes left;
	int r;

	buf_clear(&s->scratch);
	r = rdf_write_term(&s->scratch, t, RDF_FORM_12);
	left = buf_bytes(&s->scratch);
	while (r == 0 && left.len) {
		size_t n = token(left);

		if (left.len > 2 && left.ptr[0] == '_' && left.ptr[1] == ':') {
			r = blank(s, bytes_of(NULL, 0), out);
			n = 2;
		} else {
			r = buf_add(out, left.ptr, n);
		}
		left = bytes_of(left.ptr + n, left.len - n);
	}
	return r;
}

/* A term that is no literal; in ROOM if it has to be made. */
static int key_of(struct nt *s, const struct rdf_term *t, struct buf *room, struct bytes *out)
{
	int r;

	*out = t->text;
	if (t->kind != RDF_IRI) {
		buf_clear(room);
		r = t->kind == RDF_BLANK ? blank(s, t->text, room) : triple(s, t, room);
		if (r < 0)
			return r;
		*out = buf_bytes(room);
	}
	if (out->len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a term over %u bytes", TEXT_KEY_MAX);
	return 0;
}

/* --- statements --- */

static int graph_of(struct nt *s, const struct rdf_statement *st, struct bytes *out)
{
	*out = (struct bytes){0};
	return st->n < 4 ? 0 : key_of(s, &st->term[RDF_GRAPH], &s->graph, out);
}

static int literal(struct nt *s, const struct rdf_statement *st, struct text_edge *out)
{
	const struct rdf_term *object = &st->term[RDF_OBJECT];
	int r;

	buf_clear(&s->language);
	r = object->language.len ? buf_reserve(&s->language, object->language.len + 5) : 0;
	if (r < 0)
		return r;
	s->prop.name = st->term[RDF_PREDICATE].text;
	if (s->prop.name.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a predicate over %u bytes", TEXT_KEY_MAX);
	rdf_literal_of(&s->prop.value, object, s->language.ptr);
	r = graph_of(s, st, &s->prop.value.graph);
	out->prop = &s->prop;
	out->prop_n = 1;
	return r < 0 ? r : TEXT_NODE;
}

static int edge(struct nt *s, const struct rdf_statement *st, struct text_edge *out)
{
	int r = key_of(s, &st->term[RDF_PREDICATE], &s->dst, &out->type);

	if (r == 0)
		r = key_of(s, &st->term[RDF_OBJECT], &s->dst, &out->dst.bytes);
	if (r < 0 || !s->scan.quads)
		return r < 0 ? r : TEXT_EDGE;
	s->prop = (struct property){ .name = bytes_str("graph"),
				     .value.kind = LITERAL_STRING };
	r = graph_of(s, st, &s->prop.value.text);
	out->prop = &s->prop;
	out->prop_n = 1;
	return r < 0 ? r : TEXT_EDGE;
}

static bool is_label(const struct nt *s, const struct rdf_statement *st)
{
	static const struct bytes type = { (const uint8_t *)RDF_NS "type",
					   sizeof RDF_NS "type" - 1 };

	return !s->text.rdf.type_edges && st->n == 3 && st->term[RDF_OBJECT].kind == RDF_IRI &&
		bytes_equal(st->term[RDF_PREDICATE].text, type);
}

static int label(struct nt *s, const struct rdf_statement *st, struct text_edge *out)
{
	int r = key_of(s, &st->term[RDF_OBJECT], &s->dst, &s->label);

	out->label = &s->label;
	out->label_n = 1;
	return r < 0 ? r : TEXT_NODE;
}

static int next(struct nt *s, struct text_edge *out)
{
	struct rdf_statement st;
	int r = ntriples_scan_next(&s->scan, &st);

	*out = (struct text_edge){ .joins = true };
	if (r <= 0)
		return r;
	r = key_of(s, &st.term[RDF_SUBJECT], &s->src, &out->src.bytes);
	if (r < 0)
		return r;
	return st.term[RDF_OBJECT].kind == RDF_LITERAL ? literal(s, &st, out) :
		is_label(s, &st) ? label(s, &st, out) : edge(s, &st, out);
}

/* --- lines --- */

static int take(struct nt *s, bool quads, struct bytes line, struct text_edge *out)
{
	if (!s->begun) {
		ntriples_scan_begin(&s->scan, quads, s->text.mem);
		s->src.mem = s->dst.mem = s->graph.mem = s->language.mem = s->scratch.mem =
			s->text.mem;
		s->begun = true;
	}
	ntriples_scan_text(&s->scan, line);
	return next(s, out);
}

static int nt_take(void *state, const struct text_piece *p, uint8_t *room,
		   struct text_edge *out)
{
	(void)room;
	return take(state, false, p->bytes, out);
}

static int nq_take(void *state, const struct text_piece *p, uint8_t *room,
		   struct text_edge *out)
{
	(void)room;
	return take(state, true, p->bytes, out);
}

/* Statements behind a CR, which ends a line here. */
static int nt_more(void *state, uint8_t *room, struct text_edge *out)
{
	(void)room;
	return next(state, out);
}

static void nt_release(void *state)
{
	struct nt *s = state;

	if (s->begun)
		ntriples_scan_end(&s->scan);
	buf_release(&s->src);
	buf_release(&s->dst);
	buf_release(&s->graph);
	buf_release(&s->language);
	buf_release(&s->scratch);
}

enum nt_is nt_is(struct bytes line)
{
	struct ntriples_scan scan;
	struct rdf_statement st;
	int r;

	ntriples_scan_begin(&scan, true, NULL);
	r = ntriples_line(line, &scan, &st);
	ntriples_scan_end(&scan);
	err_clear();
	return r < 0 ? NT_NOT : r == 0 ? NT_NOTHING : st.n == 4 ? NT_QUAD : NT_TRIPLE;
}

const struct text_dialect nt_dialect = {
	.name = "nt", .shape = "SUBJECT PREDICATE OBJECT .",
	.long_lines = true, .state_len = sizeof(struct nt), .take = nt_take, .more = nt_more,
	.release = nt_release,
};

const struct text_dialect nq_dialect = {
	.name = "nq", .shape = "SUBJECT PREDICATE OBJECT [GRAPH] .",
	.long_lines = true, .state_len = sizeof(struct nt), .take = nq_take, .more = nt_more,
	.release = nt_release,
};

/* Turtle and TriG, once they are lines. */
const struct text_dialect ttl_dialect = {
	.name = "ttl", .shape = "@prefix, statements of Turtle",
	.long_lines = true, .state_len = sizeof(struct nt), .take = nt_take, .more = nt_more,
	.release = nt_release,
};

const struct text_dialect trig_dialect = {
	.name = "trig", .shape = "@prefix, statements of TriG",
	.long_lines = true, .state_len = sizeof(struct nt), .take = nq_take, .more = nt_more,
	.release = nt_release,
};
