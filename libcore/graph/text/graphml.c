/* graph/text/graphml.c - graphml: nodes and edges out of GraphML, by libexpat
 *
 * The input comes in records of 64 KiB, not in lines.  libexpat calls back for tags and
 * texts; at the end of a node or an edge it is told to wait, the record is given, and
 * `more` lets it go on.
 *
 * What it has no place for is refused by its name: nested graphs, hyperedges, ports, an
 * edge of another direction than the graph's (but with --directed, where an edge without
 * one is two).  So is a document type with declarations of its own: entities need one.
 * desc, and data of the graph itself, are left out with a word.
 */
#include "graph/text/text.h"

#include "base/err.h"

#ifdef HAVE_EXPAT

#include <expat.h>
#include <stdio.h>
#include <string.h>

#include "base/lazylib.h"
#include "base/mem.h"
#include "graph/text/graphml_keys.h"
#include "graph/text/weight.h"

#define RECORD (64u << 10)

enum { CREATE, FREE, USER_DATA, ON_ELEMENT, ON_TEXT, ON_DEFAULT, ON_DOCTYPE, ON_SKIPPED,
       PARSE, RESUME, STOP, ERROR, ERROR_TEXT, LINE, SYMBOLS };
static const char *const names[] = {
	"XML_ParserCreate", "XML_ParserFree", "XML_SetUserData", "XML_SetElementHandler",
	"XML_SetCharacterDataHandler", "XML_SetDefaultHandler", "XML_SetDoctypeDeclHandler",
	"XML_SetSkippedEntityHandler", "XML_Parse", "XML_ResumeParser", "XML_StopParser",
	"XML_GetErrorCode", "XML_ErrorString", "XML_GetCurrentLineNumber", NULL
};
static void *symbols[SYMBOLS];
static struct lazylib expat_lib = {
	.soname = "libexpat.so.1", .debian = "libexpat1", .names = names,
	.symbols = symbols, .lock = PTHREAD_MUTEX_INITIALIZER,
};

/* A symbol with the type its header gives it. */
#define EXPAT(at, name) ((__typeof__(&name))symbols[at])

enum place {
	OUTSIDE, ROOT, KEY, PRESET, GRAPH, NODE, EDGE, DATA, LEFT_OUT, BEHIND,
};

struct datum {			/* what one <data> says */
	const struct graphml_key *key;
	size_t at, len;		/* in `given` */
};

struct graphml {
	struct text_state text;
	XML_Parser parser;
	int error;			/* less than 0: the message is set */
	bool waits, finished;		/* told to wait; the end was said */
	enum place at, back;		/* back: from DATA and LEFT_OUT */
	char prefix[64];		/* of all its elements: "", or "g:" */
	size_t silent;			/* bytes since the last tag or text */
	struct graphml_keys keys;
	uint64_t *seen, element_n;	/* of a key, by its place: the last element that had it */
	bool has_graph, undirected;
	uint64_t left_n;
	/* the element at hand */
	struct buf given, data, room, props, labels;
	struct { size_t at, len; } id, src, dst;	/* in `given` */
	bool has_label, reverse;	/* an attribute of it; as two arcs */
	size_t label_at, label_len;
	struct text_edge ready;
	int what;			/* enum text_what, 0: nothing is ready */
};

static void wrong(struct graphml *s, int code)
{
	if (s->error < 0)
		return;
	s->error = code;
	s->text.line = EXPAT(LINE, XML_GetCurrentLineNumber)(s->parser);
	EXPAT(STOP, XML_StopParser)(s->parser, XML_FALSE);
}

/* --- elements --- */

/* An attribute's text, kept until the element is ready. */
static int keep(struct graphml *s, const char *text, size_t *at, size_t *len)
{
	*at = s->given.len;
	*len = strlen(text);
	return buf_add(&s->given, text, *len + 1);
}

static struct bytes kept(const struct graphml *s, size_t at, size_t len)
{
	return bytes_of(s->given.ptr + at, len);
}

static int unknown(const char *element, const char *attribute)
{
	return err_set(ERR_BAD_RECORD, "<%s %s=...>: an attribute that cannot be stored", element,
		       bytes_show(bytes_str(attribute)));
}

/* What readers may use and need not: how many edges a node has. */
static bool is_hint(const char *attribute)
{
	return !strncmp(attribute, "parse.", 6) || !strncmp(attribute, "xml", 3);
}

static void begin_element(struct graphml *s)
{
	buf_clear(&s->given);
	buf_clear(&s->data);
	s->has_label = s->reverse = false;
	s->id.len = s->src.len = s->dst.len = 0;
	s->element_n++;
}

static int begin_node(struct graphml *s, const char **a)
{
	int r = 0;

	begin_element(s);
	for (; *a && r == 0; a += 2) {
		if (!strcmp(*a, "id")) {
			r = keep(s, a[1], &s->id.at, &s->id.len);
		} else if (!strcmp(*a, "labels")) {
			s->has_label = true;
			r = keep(s, a[1], &s->label_at, &s->label_len);
		} else if (!is_hint(*a)) {
			r = unknown("node", *a);
		}
	}
	if (r == 0 && !s->id.len)
		r = err_set(ERR_BAD_RECORD, "a node without an id");
	return r;
}

static int direction(struct graphml *s, const char *text)
{
	bool directed = !strcmp(text, "true") || !strcmp(text, "1");

	if (!directed && strcmp(text, "false") && strcmp(text, "0"))
		return err_set(ERR_BAD_RECORD, "directed=\"%s\"", bytes_show(bytes_str(text)));
	s->reverse = s->text.arcs && !directed;
	if (s->text.arcs || directed != s->undirected)
		return 0;
	return err_set(ERR_BAD_RECORD, "directed=\"%s\" in a graph whose edges have %s"
		       " (--directed makes two of one without)", text,
		       directed ? "none" : "a direction");
}

static int begin_edge(struct graphml *s, const char **a)
{
	int r = 0;

	begin_element(s);
	s->reverse = s->text.arcs && s->undirected;
	for (; *a && r == 0; a += 2) {
		if (!strcmp(*a, "source")) {
			r = keep(s, a[1], &s->src.at, &s->src.len);
		} else if (!strcmp(*a, "target")) {
			r = keep(s, a[1], &s->dst.at, &s->dst.len);
		} else if (!strcmp(*a, "id")) {
			r = keep(s, a[1], &s->id.at, &s->id.len);
		} else if (!strcmp(*a, "label")) {
			s->has_label = true;
			r = keep(s, a[1], &s->label_at, &s->label_len);
		} else if (!strcmp(*a, "directed")) {
			r = direction(s, a[1]);
		} else if (!is_hint(*a)) {
			r = unknown("edge", *a);
		}
	}
	if (r == 0 && (!s->src.len || !s->dst.len))
		r = err_set(ERR_BAD_RECORD, "an edge without a %s", s->src.len ? "target" :
			    "source");
	return r;
}

static int begin_graph(struct graphml *s, const char **a)
{
	const char *edges = NULL;

	if (s->has_graph)
		return err_set(ERR_BAD_RECORD, "a second <graph>");
	s->has_graph = true;
	for (; *a; a += 2)
		if (!strcmp(*a, "edgedefault"))
			edges = a[1];
	if (!edges || (strcmp(edges, "directed") && strcmp(edges, "undirected")))
		return err_set(ERR_BAD_RECORD, "<graph> without edgedefault=\"directed\" or"
			       " \"undirected\"");
	s->undirected = *edges == 'u';
	s->text.direction = s->undirected ? TEXT_UNDIRECTED : TEXT_DIRECTED;
	if (graphml_keys_sort(&s->keys) < 0)
		return ERR_BAD_RECORD;
	s->seen = mem_zalloc(s->text.mem, (s->keys.n + 1) * sizeof *s->seen);
	return s->seen ? 0 : ERR_MEMORY;
}

static int begin_data(struct graphml *s, const char **a)
{
	struct datum d = { .at = s->given.len };
	const char *id = NULL;

	for (; *a; a += 2)
		if (!strcmp(*a, "key"))
			id = a[1];
	if (!id)
		return err_set(ERR_BAD_RECORD, "<data> without a key");
	d.key = graphml_keys_find(&s->keys, id, s->at == NODE ? GRAPHML_NODES : GRAPHML_EDGES);
	if (!d.key)
		return err_set(ERR_BAD_RECORD, "the key \"%s\" was not declared before the"
			       " graph", bytes_show(bytes_str(id)));
	if (!(d.key->of & (s->at == NODE ? GRAPHML_NODES : GRAPHML_EDGES)))
		return err_set(ERR_BAD_RECORD, "the key \"%s\" is none of %s",
			       bytes_show(d.key->id), s->at == NODE ? "nodes" : "edges");
	if (s->seen[d.key->place] == s->element_n)
		return err_set(ERR_BAD_RECORD, "the key \"%s\" twice in one %s (attr.list has"
			       " room for several values)", bytes_show(d.key->id),
			       s->at == NODE ? "node" : "edge");
	s->seen[d.key->place] = s->element_n;
	return buf_add(&s->data, &d, sizeof d);
}

static int misplaced(const struct graphml *s, const char *name)
{
	static const char *const within[] = {
		[ROOT] = "graphml", [KEY] = "key", [PRESET] = "default", [GRAPH] = "graph",
		[NODE] = "node", [EDGE] = "edge", [DATA] = "data", [LEFT_OUT] = "desc or data",
	};

	if (s->at == OUTSIDE || s->at == BEHIND)
		return err_set(ERR_BAD_RECORD, "<%s>: this is no GraphML",
			       bytes_show(bytes_str(name)));
	return err_set(ERR_BAD_RECORD, "<%s> in <%s> cannot be stored",
		       bytes_show(bytes_str(name)), within[s->at]);
}

/* The first element's prefix is that of all others, whatever it stands for; "": not of
 * this one. */
static const char *local_name(struct graphml *s, const char *name)
{
	const char *colon = strchr(name, ':');
	size_t len = colon ? (size_t)(colon + 1 - name) : 0;

	if (s->at == OUTSIDE && len < sizeof s->prefix) {
		memcpy(s->prefix, name, len);
		s->prefix[len] = '\0';
	}
	return len == strlen(s->prefix) && !memcmp(name, s->prefix, len) ? name + len : "";
}

/* Where an element leads to; OUTSIDE: it has no place there. */
static enum place place_of(enum place at, const char *name)
{
	static const struct {
		enum place at, to;
		const char *name;
	} all[] = {
		{ OUTSIDE, ROOT, "graphml" }, { ROOT, KEY, "key" }, { ROOT, GRAPH, "graph" },
		{ KEY, PRESET, "default" }, { GRAPH, NODE, "node" }, { GRAPH, EDGE, "edge" },
		{ NODE, DATA, "data" }, { EDGE, DATA, "data" },
		{ ROOT, LEFT_OUT, "data" }, { GRAPH, LEFT_OUT, "data" },
		{ ROOT, LEFT_OUT, "desc" }, { KEY, LEFT_OUT, "desc" },
		{ GRAPH, LEFT_OUT, "desc" }, { NODE, LEFT_OUT, "desc" },
		{ EDGE, LEFT_OUT, "desc" },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].at == at && !strcmp(all[i].name, name))
			return all[i].to;
	return OUTSIDE;
}

static int begin(struct graphml *s, enum place to, const char **a)
{
	switch (to) {
	case KEY:
		if (s->has_graph)
			return err_set(ERR_BAD_RECORD, "a key behind the graph");
		return graphml_keys_add(&s->keys, a);
	case PRESET:
		buf_clear(&s->given);
		return 0;
	case GRAPH:
		return begin_graph(s, a);
	case NODE:
		return begin_node(s, a);
	case EDGE:
		return begin_edge(s, a);
	case DATA:
		return begin_data(s, a);
	case LEFT_OUT:
		s->left_n++;
		return 0;
	default:
		return 0;
	}
}

static void XMLCALL on_start(void *handle, const char *name, const char **attributes)
{
	struct graphml *s = handle;
	enum place to;
	int r;

	if (s->error < 0)
		return;
	s->silent = 0;
	to = place_of(s->at, local_name(s, name));
	r = to == OUTSIDE ? misplaced(s, name) : begin(s, to, attributes);
	if (r < 0)
		wrong(s, r);
	s->back = s->at;
	s->at = to;
}

static void XMLCALL on_text(void *handle, const char *text, int len)
{
	struct graphml *s = handle;
	int r;

	s->silent = 0;
	if (s->error < 0 || (s->at != DATA && s->at != PRESET))
		return;
	r = buf_add(&s->given, text, (size_t)len);
	if (r == 0 && s->given.len > s->text.longest)
		r = err_set(ERR_BAD_RECORD, "an element over %zu bytes", s->text.longest);
	if (r < 0)
		wrong(s, r);
}

/* --- what they say --- */

static int key_of(struct bytes text, struct text_key *out)
{
	if (text.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "an id over %u bytes", TEXT_KEY_MAX);
	*out = (struct text_key){ .bytes = text };
	out->is_number = text_number(text, &out->number);
	return 0;
}

static int type_of(struct bytes text, struct text_edge *out)
{
	if (text.len > TEXT_KEY_MAX)
		return err_set(ERR_BAD_RECORD, "a type over %u bytes", TEXT_KEY_MAX);
	out->type = text;
	return 0;
}

static int say(struct graphml *s, const struct graphml_key *key, struct bytes text,
	       uint8_t **room)
{
	if (s->at == NODE && key->labels)
		return graphml_labels(key, text, room, &s->labels);
	if (s->at == EDGE && key->label)
		return type_of(text, &s->ready);
	return graphml_values(key, text, room, &s->props);
}

/* What the keys say of it that it has no data of. */
static int say_presets(struct graphml *s, uint8_t **room)
{
	unsigned of = s->at == NODE ? GRAPHML_NODES : GRAPHML_EDGES;
	int r = 0;

	for (uint32_t i = 0; i < s->keys.n && r == 0; i++) {
		const struct graphml_key *key = &s->keys.at[i];

		if (key->preset.ptr && key->of & of && s->seen[key->place] != s->element_n)
			r = say(s, key, key->preset, room);
	}
	return r;
}

/* Labels, or the type, as attributes; data have the last word. */
static int say_attribute(struct graphml *s, uint8_t **room)
{
	struct bytes text = kept(s, s->label_at, s->label_len);

	if (!s->has_label)
		return 0;
	if (s->at == EDGE)
		return s->ready.type.len ? 0 : type_of(text, &s->ready);
	return s->labels.len ? 0 : graphml_labels(NULL, text, room, &s->labels);
}

static int say_id(struct graphml *s)
{
	struct property p = { .name = bytes_str("id"), .value.kind = LITERAL_STRING };

	p.value.text = kept(s, s->id.at, s->id.len);
	return s->id.len ? buf_add(&s->props, &p, sizeof p) : 0;
}

/* The weight is the edge's value if it is one number. */
static int take_weight(struct graphml *s)
{
	struct property *p = (struct property *)s->props.ptr, *found = NULL;
	size_t n = s->props.len / sizeof *p, weights = 0;
	struct text_value v = {0};
	int r = 0;

	for (size_t i = 0; i < n; i++)
		if (bytes_equal(p[i].name, bytes_str("weight"))) {
			found = &p[i];
			weights++;
		}
	if (weights != 1)
		return 0;
	if (found->value.kind == LITERAL_INTEGER)
		v = (struct text_value){ .kind = TEXT_INTEGER, .i = found->value.i };
	else if (found->value.kind == LITERAL_DOUBLE &&
		 found->value.r - found->value.r == 0)
		v = (struct text_value){ .kind = TEXT_REAL, .r = found->value.r };
	else if (found->value.kind == LITERAL_DECIMAL)
		r = weight_parse(found->value.text, &v);
	if (r < 0)
		return r;
	if (v.kind == TEXT_NO_VALUE)
		return 0;
	memmove(found, found + 1, (size_t)(p + n - found - 1) * sizeof *p);
	s->props.len -= sizeof *p;
	s->ready.value = v;
	return 0;
}

static size_t presets_len(const struct graphml *s)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s->keys.n; i++)
		n += s->keys.at[i].preset.len;
	return n;
}

static int make(struct graphml *s)
{
	const struct datum *d = (const struct datum *)s->data.ptr;
	uint8_t *room;
	int r;

	buf_clear(&s->props);
	buf_clear(&s->labels);
	buf_clear(&s->room);
	s->ready = (struct text_edge){0};
	r = buf_reserve(&s->room, s->given.len + presets_len(s) + 1);
	room = s->room.ptr;
	if (r == 0)
		r = s->at == NODE ? key_of(kept(s, s->id.at, s->id.len), &s->ready.src) :
			key_of(kept(s, s->src.at, s->src.len), &s->ready.src);
	if (r == 0 && s->at == EDGE)
		r = key_of(kept(s, s->dst.at, s->dst.len), &s->ready.dst);
	if (r == 0 && s->at == EDGE)
		r = say_id(s);
	for (size_t i = 0; i < s->data.len / sizeof *d && r == 0; i++)
		r = say(s, d[i].key, kept(s, d[i].at, d[i].len), &room);
	if (r == 0)
		r = say_attribute(s, &room);
	if (r == 0)
		r = say_presets(s, &room);
	if (r == 0 && s->at == EDGE)
		r = take_weight(s);
	if (r < 0)
		return r;
	s->ready.prop = (const struct property *)s->props.ptr;
	s->ready.prop_n = (uint32_t)(s->props.len / sizeof *s->ready.prop);
	s->ready.label = (const struct bytes *)s->labels.ptr;
	s->ready.label_n = (uint32_t)(s->labels.len / sizeof *s->ready.label);
	s->what = s->at == NODE ? TEXT_NODE : TEXT_EDGE;
	return 0;
}

static int end(struct graphml *s)
{
	struct datum *last;

	switch (s->at) {
	case NODE:
	case EDGE:
		return make(s);
	case DATA:
		last = (struct datum *)(s->data.ptr + s->data.len) - 1;
		last->len = s->given.len - last->at;
		return 0;
	case PRESET:
		return graphml_keys_preset(&s->keys, buf_bytes(&s->given));
	default:
		return 0;
	}
}

static void XMLCALL on_end(void *handle, const char *name)
{
	static const enum place up[] = {
		[ROOT] = BEHIND, [KEY] = ROOT, [PRESET] = KEY, [GRAPH] = ROOT, [NODE] = GRAPH,
		[EDGE] = GRAPH,
	};
	struct graphml *s = handle;
	int r;

	(void)name;
	s->silent = 0;
	if (s->error < 0)
		return;
	r = end(s);
	s->at = s->at == DATA || s->at == LEFT_OUT ? s->back : up[s->at];
	if (r < 0)
		wrong(s, r);
	else if (s->what)
		EXPAT(STOP, XML_StopParser)(s->parser, XML_TRUE);
}

/* --- what surrounds them --- */

/* Comments, instructions; and entities that nobody declared. */
static void XMLCALL on_default(void *handle, const char *text, int len)
{
	struct graphml *s = handle;

	s->silent = 0;
	if (len > 0 && *text == '&')
		wrong(s, err_set(ERR_BAD_RECORD, "an entity that is not declared: \"%s\"",
				 bytes_show(bytes_of(text, (size_t)len))));
}

static void XMLCALL on_skipped(void *handle, const char *name, int parameter)
{
	(void)parameter;
	wrong(handle, err_set(ERR_BAD_RECORD, "an entity that is not declared: \"%s\"",
			      bytes_show(bytes_str(name))));
}

static void XMLCALL on_doctype(void *handle, const char *name, const char *system_id,
			       const char *public_id, int declarations)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	if (declarations)
		wrong(handle, err_set(ERR_BAD_RECORD, "a document type with declarations,"
				      " such as entities, is not read"));
}

/* --- the dialect --- */

static int graphml_begin(void *state)
{
	struct graphml *s = state;
	int r = lazylib_load(&expat_lib);

	if (r < 0)
		return r;
	s->text.strict = true;
	s->keys.mem = s->given.mem = s->data.mem = s->room.mem = s->props.mem =
		s->labels.mem = s->text.mem;
	s->parser = EXPAT(CREATE, XML_ParserCreate)(NULL);
	if (!s->parser)
		return err_set(ERR_MEMORY, "out of memory for GraphML");
	EXPAT(USER_DATA, XML_SetUserData)(s->parser, s);
	EXPAT(ON_ELEMENT, XML_SetElementHandler)(s->parser, on_start, on_end);
	EXPAT(ON_TEXT, XML_SetCharacterDataHandler)(s->parser, on_text);
	EXPAT(ON_DEFAULT, XML_SetDefaultHandler)(s->parser, on_default);
	EXPAT(ON_DOCTYPE, XML_SetDoctypeDeclHandler)(s->parser, on_doctype, NULL);
	EXPAT(ON_SKIPPED, XML_SetSkippedEntityHandler)(s->parser, on_skipped);
	return 0;
}

static int syntax(struct graphml *s)
{
	enum XML_Error code = EXPAT(ERROR, XML_GetErrorCode)(s->parser);
	bool early = code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
		code == XML_ERROR_PARTIAL_CHAR || code == XML_ERROR_UNCLOSED_CDATA_SECTION;

	s->text.line = EXPAT(LINE, XML_GetCurrentLineNumber)(s->parser);
	if (code == XML_ERROR_NO_MEMORY)
		s->error = err_set(ERR_MEMORY, "out of memory for GraphML");
	else if (s->finished && early)
		s->error = err_set(ERR_CUT_OFF, "it ends before </graphml>");
	else
		s->error = err_set(ERR_BAD_RECORD, "%s",
				   EXPAT(ERROR_TEXT, XML_ErrorString)(code));
	return s->error;
}

/* After the parser was asked: an enum text_what, 0 or an error. */
static int outcome(struct graphml *s, enum XML_Status status, struct text_edge *out)
{
	int what = s->what;

	if (s->error < 0)
		return s->error;
	if (status == XML_STATUS_ERROR)
		return syntax(s);
	s->waits = status == XML_STATUS_SUSPENDED;
	s->what = 0;
	s->text.line = EXPAT(LINE, XML_GetCurrentLineNumber)(s->parser);
	*out = s->ready;
	return what;
}

static int go_on(struct graphml *s, struct text_edge *out)
{
	if (!s->waits)
		return 0;
	return outcome(s, EXPAT(RESUME, XML_ResumeParser)(s->parser), out);
}

static int graphml_take(void *state, const struct text_piece *p, uint8_t *room,
			struct text_edge *out)
{
	struct graphml *s = state;

	(void)room;
	s->silent += p->bytes.len;
	s->text.line = EXPAT(LINE, XML_GetCurrentLineNumber)(s->parser);
	if (s->silent > TEXT_LINE_MAX + RECORD)
		return err_set(ERR_BAD_RECORD, "a tag or a comment over %u bytes",
			       TEXT_LINE_MAX);
	return outcome(s, EXPAT(PARSE, XML_Parse)(s->parser, (const char *)p->bytes.ptr,
						  (int)p->bytes.len, 0), out);
}

static int graphml_more(void *state, uint8_t *room, struct text_edge *out)
{
	struct graphml *s = state;

	(void)room;
	if (s->reverse) {
		s->reverse = false;
		*out = s->ready;
		out->src = s->ready.dst;
		out->dst = s->ready.src;
		return TEXT_EDGE;
	}
	return go_on(s, out);
}

static int graphml_finish(void *state, uint8_t *room, struct text_edge *out)
{
	struct graphml *s = state;

	if (s->finished)
		return graphml_more(s, room, out);
	s->finished = true;
	if (s->left_n)
		snprintf(s->text.note, sizeof s->text.note, "%llu descriptions and data of the"
			 " graph itself are left out", (unsigned long long)s->left_n);
	return outcome(s, EXPAT(PARSE, XML_Parse)(s->parser, "", 0, 1), out);
}

static void graphml_release(void *state)
{
	struct graphml *s = state;

	if (s->parser)
		EXPAT(FREE, XML_ParserFree)(s->parser);
	graphml_keys_release(&s->keys);
	mem_free(s->text.mem, s->seen);
	buf_release(&s->given);
	buf_release(&s->data);
	buf_release(&s->room);
	buf_release(&s->props);
	buf_release(&s->labels);
}

#define STATE_LEN sizeof(struct graphml)

#else

#define RECORD (64u << 10)
#define STATE_LEN sizeof(struct text_state)

static int graphml_begin(void *state)
{
	(void)state;
	err_set(ERR_UNAVAILABLE, "GraphML: this build has no libexpat");
	err_hint("on Debian: apt-get install libexpat1-dev, and build strato anew");
	return ERR_UNAVAILABLE;
}

static int graphml_take(void *state, const struct text_piece *p, uint8_t *room,
			struct text_edge *out)
{
	(void)p;
	(void)room;
	(void)out;
	return graphml_begin(state);
}

#define graphml_more NULL
#define graphml_finish NULL
#define graphml_release NULL

#endif

const struct text_dialect graphml_dialect = {
	.name = "graphml", .shape = "<graphml>, keys, nodes and edges of XML",
	.frame = TEXT_FIXED, .record_len = RECORD, .state_len = STATE_LEN,
	.begin = graphml_begin, .take = graphml_take, .more = graphml_more,
	.finish = graphml_finish, .release = graphml_release,
};
