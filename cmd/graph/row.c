/* cmd/graph/row.c - text into the output's buffer */
#include "cmd/graph/row.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/graph/said.h"
#include "graph/text/weight.h"

void row_init(struct row *w, struct out *out, struct output *json, struct graph *graph,
	      struct mem *mem)
{
	*w = (struct row){ .out = out, .json = json, .graph = graph, .mem = mem };
	w->dict = graph ? graph_dict(graph) : NULL;
	prop_room_init(&w->room, mem);
	w->numbers = graph && dict_form(w->dict) != DICT_FORM_STRINGS;
}

void row_release(struct row *w)
{
	buf_release(&w->key);
	buf_release(&w->text);
	buf_release(&w->of_text);
	prop_room_release(&w->room);
	if (w->kept)
		mem_free(w->mem, w->kept);
}

void row_flush(struct row *w)
{
	if (w->at)
		out_wrote(w->out, w->at);
	w->at = w->end = NULL;
}

static void keep(struct row *w, int r)
{
	if (r < 0 && !w->error)
		w->error = r;
}

static bool more_room(struct row *w, size_t len)
{
	row_flush(w);
	if (!w->error)
		keep(w, out_room(w->out, len, &w->at, &w->end));
	if (w->error)
		w->at = w->end = NULL;
	return !w->error;
}

static inline bool room(struct row *w, size_t len)
{
	return (size_t)(w->end - w->at) >= len || more_room(w, len);
}

/* Any number of bytes as they are. */
static void put(struct row *w, const uint8_t *ptr, size_t len)
{
	while (len) {
		size_t n = len < OUT_ROOM_MAX ? len : OUT_ROOM_MAX;

		if (!room(w, n))
			return;
		memcpy(w->at, ptr, n);
		w->at += n;
		ptr += n;
		len -= n;
	}
}

/* --- numbers --- */

#define NUMBER_ROOM 28u			/* 20 digits, and what is written behind them */
#define ZEROS 0x3030303030303030u	/* eight '0' */

/* Eight decimal digits as eight bytes, the first lowest: three steps, each halving
 * what is left, on all parts at once. */
static inline uint64_t eight_digits(uint32_t v)
{
	uint64_t x = v / 10000 | (uint64_t)(v % 10000) << 32;
	uint64_t hundreds = x * 5243 >> 19 & 0x7f0000007f;

	x = hundreds | (x - 100 * hundreds) << 16;
	hundreds = x * 103 >> 10 & 0x0f000f000f000f;
	return hundreds | (x - 10 * hundreds) << 8;
}

/* V's digits at TO, where NUMBER_ROOM bytes may be written; the end. */
static uint8_t *number(uint8_t *to, uint64_t v)
{
	uint64_t digits;
	unsigned skip;
	le64 text;

	if (v >= 100000000) {
		to = number(to, v / 100000000);
		text = le64_of(eight_digits((uint32_t)(v % 100000000)) | ZEROS);
		memcpy(to, &text, 8);
		return to + 8;
	}
	digits = eight_digits((uint32_t)v);
	skip = digits ? (unsigned)__builtin_ctzll(digits) / 8 : 7;
	text = le64_of((digits | ZEROS) >> 8 * skip);
	memcpy(to, &text, 8);
	return to + 8 - skip;
}

/* --- fields --- */

/* What comes before a field of TSV. */
static inline void begin(struct row *w)
{
	if (w->open) {
		if (room(w, 1))
			*w->at++ = '\t';
		return;
	}
	w->open = true;
	if (w->of.ptr)
		put(w, w->of_text.ptr, w->of_text.len);	/* with its TAB */
}

static void begin_json(struct row *w)
{
	if (!w->open && w->of.ptr)
		output_bytes(w->json, w->of_name, w->of);
	w->open = true;
}

void row_of(struct row *w, const char *name, struct bytes key)
{
	w->of_name = name;
	w->of = key;
	buf_clear(&w->of_text);
	if (!key.ptr || w->json)
		return;
	keep(w, output_escape(&w->of_text, key));
	keep(w, buf_add_byte(&w->of_text, '\t'));
	keep(w, buf_reserve(&w->of_text, 8));	/* copy_short reads eight at a time */
}

void row_u64(struct row *w, const char *name, uint64_t v)
{
	if (w->json) {
		begin_json(w);
		output_u64(w->json, name, v);
		return;
	}
	begin(w);
	if (room(w, NUMBER_ROOM))
		w->at = number(w->at, v);
}

void row_bytes(struct row *w, const char *name, struct bytes b)
{
	if (w->json) {
		begin_json(w);
		if (!w->object || output_is_utf8(b)) {
			output_bytes(w->json, name, b);
			return;
		}
		buf_clear(&w->text);
		keep(w, said_quote(&w->text, b));
		output_json(w->json, name, buf_bytes(&w->text));
		return;
	}
	begin(w);
	buf_clear(&w->text);
	keep(w, output_escape(&w->text, b));
	put(w, w->text.ptr, w->text.len);
}

void row_text(struct row *w, const char *name, const char *text)
{
	row_bytes(w, name, bytes_str(text));
}

static size_t value_text(char text[WEIGHT_MAX], enum csr_values kind, union csr_value v)
{
	struct text_value t = { .kind = TEXT_INTEGER };

	if (kind == CSR_REALS)
		t = (struct text_value){ .kind = TEXT_REAL, .r = v.r };
	else
		t.i = v.i;
	return weight_show(text, &t);
}

/* KIND none counts edges. */
void row_value(struct row *w, const char *name, enum csr_values kind, union csr_value v)
{
	char text[WEIGHT_MAX];

	if (!w->json) {
		row_bytes(w, name, bytes_of(text, value_text(text, kind, v)));
		return;
	}
	begin_json(w);
	if (kind == CSR_REALS)
		output_real(w->json, name, v.r);
	else
		output_i64(w->json, name, v.i);
}

void row_absent(struct row *w, const char *name)
{
	if (w->json) {
		begin_json(w);
		output_absent(w->json, name);
		return;
	}
	begin(w);
	put(w, (const uint8_t *)"\\N", 2);
}

static void node_text(struct row *w, const char *name, uint64_t id)
{
	int r = dict_key(w->dict, id, &w->key);

	keep(w, r);
	if (r == 0)
		row_bytes(w, name, buf_bytes(&w->key));
}

void row_node(struct row *w, const char *name, uint64_t id)
{
	uint64_t v;
	int r;

	if (!w->numbers || w->json) {
		node_text(w, name, id);
		return;
	}
	r = dict_number(w->dict, id, &v);
	if (r < 0) {
		keep(w, r);
		return;
	}
	begin(w);
	if (room(w, NUMBER_ROOM))
		w->at = number(w->at, v);
}

#define KEPT_MOST (4u << 20)	/* nodes: 32 MiB */
#define KEPT_FROM 10000u	/* rows: below, it would cost more than it gives */

/* A call of memcpy costs more than a few bytes do. TO has room for 7 more. */
static inline void copy_short(uint8_t *to, const uint8_t *from, size_t len)
{
	for (size_t i = 0; i < len; i += 8)
		memcpy(to + i, from + i, 8);
}

/* The digits of node ID's key, first lowest, when they are eight at most; 0: more.
 * A batch asks for the same ones again and again: they are kept. */
static int short_number(struct row *w, uint64_t id, uint64_t *digits)
{
	uint8_t text[NUMBER_ROOM];
	uint64_t v;
	int r = dict_number(w->dict, id, &v);
	le64 packed = {{0}};

	*digits = 0;
	if (r < 0 || v >= 100000000)
		return r;
	memcpy(packed.b, text, (size_t)(number(text, v) - text));
	*digits = w->kept[id] = le64_get(packed);
	return 0;
}

/* "QUESTION TAB NUMBER LF", N times: nearly all that a batch of neighbours does. */
static int each_kept(struct row *w, const char *name, const uint64_t *ids, uint32_t n)
{
	size_t len = w->of.ptr ? w->of_text.len : 0;
	uint64_t digits;
	le64 text;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++) {
		__builtin_prefetch(&w->kept[ids[i + 8 < n ? i + 8 : i]]);
		digits = w->kept[ids[i]];
		if (digits == 0 && (r = short_number(w, ids[i], &digits)) < 0)
			return r;
		if (digits == 0) {
			row_node(w, name, ids[i]);
			r = row_end(w);
			continue;
		}
		if (!room(w, len + NUMBER_ROOM))
			return w->error;
		copy_short(w->at, w->of_text.ptr, len);
		text = le64_of(digits);
		memcpy(w->at + len, &text, 8);
		w->at += len + 8 - (unsigned)__builtin_clzll(digits) / 8;
		*w->at++ = '\n';
	}
	return r;
}

/* Pages of it that no key comes from are never touched. Without the memory, or for a
 * graph of very many nodes, it goes without. */
static void keep_numbers(struct row *w)
{
	if (w->kept || dict_id_n(w->dict) > KEPT_MOST || w->row_n < KEPT_FROM ||
	    mem_left(w->mem) / 4 < 8 * dict_id_n(w->dict))
		return;
	w->kept = mem_zalloc(w->mem, 8 * dict_id_n(w->dict));
	if (!w->kept)
		err_clear();
}

int row_each_node(struct row *w, const char *name, const uint64_t *ids, uint32_t n)
{
	bool plain = w->numbers && !w->json && w->of_text.len <= OUT_ROOM_MAX / 2;
	int r = 0;

	w->row_n += n;
	if (plain)
		keep_numbers(w);
	if (plain && w->kept) {
		keep(w, each_kept(w, name, ids, n));
		return w->error;
	}
	for (uint32_t i = 0; r == 0 && i < n; i++) {
		row_node(w, name, ids[i]);
		r = row_end(w);
	}
	return r;
}

void row_type(struct row *w, const char *name, uint32_t type)
{
	struct bytes text;
	int r = dict_type(w->dict, type, &text);

	if (r < 0)
		keep(w, r);
	else
		row_bytes(w, name, text);
}

int row_end(struct row *w)
{
	w->open = false;
	if (w->json) {
		int r = output_row(w->json);

		keep(w, r);
	} else if (room(w, 1)) {
		*w->at++ = '\n';
	}
	return w->error;
}

/* As a property of tsv: weight=V. */
static void edge_weight(struct row *w, enum csr_values kind, union csr_value v)
{
	static const char name[] = "weight=";
	char text[sizeof name + WEIGHT_MAX];

	if (w->json) {
		row_value(w, "weight", kind, v);
		return;
	}
	memcpy(text, name, sizeof name - 1);
	row_bytes(w, name, bytes_of(text, sizeof name - 1 +
				    value_text(text + sizeof name - 1, kind, v)));
}

/* --- what is said of an edge --- */

static uint64_t nth_of(struct row *w, uint64_t from, const struct graph_edge *e)
{
	bool again = w->had_edge && w->last_from == from && w->last_to == e->to &&
		w->last_type == e->type;

	w->nth = again ? w->nth + 1 : 0;
	w->last_from = from;
	w->last_to = e->to;
	w->last_type = e->type;
	w->had_edge = true;
	return w->nth;
}

int row_edge_state(struct row *w, uint64_t from, const struct graph_edge *e,
		   struct prop_state *out)
{
	bool in = e->way == CSR_IN;
	struct prop *said;
	int r = graph_props(w->graph, PROP_EDGES, &said);

	*out = (struct prop_state){0};
	w->weighed = graph_values(w->graph) != CSR_NO_VALUES;
	if (r < 0 || (!said && !graph_delta(w->graph)))
		return r;
	r = graph_edge_state(w->graph, in ? e->to : from, e->type, in ? from : e->to,
			     nth_of(w, from, e), &w->room, out);
	w->weighed &= r >= 0 && graph_weight_of(out) == GRAPH_WEIGHT_VALUE;
	return r < 0 ? r : 0;
}

/* Is the weight, as the state says it, the edge's value? */
static bool in_value(const struct row *w, const struct prop_state *s)
{
	return graph_values(w->graph) != CSR_NO_VALUES &&
		graph_weight_of(s) == GRAPH_WEIGHT_VALUE;
}

static void put_said(struct row *w, const struct prop_state *s, bool of_edge)
{
	bool skip = of_edge && in_value(w, s);
	enum said_fit fit;

	for (uint32_t i = 0; i < s->prop_n; i++) {
		const struct property *p = &s->prop[i];

		if (skip && graph_is_weight(p))
			continue;
		begin(w);
		buf_clear(&w->text);
		keep(w, said_pair(&w->text, &w->key, p, &fit));
		put(w, w->text.ptr, w->text.len);
	}
}

/* A member "props"; the weight is one of its own. */
static int json_said(struct row *w, const struct prop_state *s, bool of_edge)
{
	struct property *p = (struct property *)(uintptr_t)s->prop;	/* in the room */
	struct prop_state rest = { .prop = p };
	bool skip = of_edge && in_value(w, s);
	int r;

	for (uint32_t i = 0; i < s->prop_n; i++)
		if (!skip || !graph_is_weight(&p[i]))
			p[rest.prop_n++] = p[i];
	if (rest.prop_n == 0)
		return 0;
	buf_clear(&w->text);
	r = buf_add_byte(&w->text, '{');
	if (r == 0)
		r = said_members(&w->text, &w->key, &rest);
	if (r == 0)
		r = buf_add_byte(&w->text, '}');
	if (r == 0)
		output_json(w->json, "props", buf_bytes(&w->text));
	return r;
}

static void put_label(struct row *w, struct bytes label)
{
	begin(w);
	buf_clear(&w->text);
	keep(w, buf_add_byte(&w->text, ':'));
	keep(w, output_escape(&w->text, label));
	put(w, w->text.ptr, w->text.len);
}

static int json_labels(struct row *w, const struct prop_state *s)
{
	int r = 0;

	if (s->label_n == 0)
		return 0;
	buf_clear(&w->text);
	for (uint32_t i = 0; r == 0 && i < s->label_n; i++) {
		r = buf_add_byte(&w->text, i ? ',' : '[');
		if (r == 0)
			r = said_quote(&w->text, s->label[i]);
	}
	if (r == 0)
		r = buf_add_byte(&w->text, ']');
	if (r == 0)
		output_json(w->json, "labels", buf_bytes(&w->text));
	return r;
}

int row_node_said(struct row *w, uint64_t id)
{
	struct prop_state state;

	keep(w, graph_node_state(w->graph, id, &w->room, &state));
	if (w->error)
		return w->error;
	if (w->json) {
		keep(w, json_labels(w, &state));
		keep(w, json_said(w, &state, false));
		return w->error;
	}
	for (uint32_t i = 0; i < state.label_n; i++)
		put_label(w, state.label[i]);
	put_said(w, &state, false);
	return w->error;
}

int row_said(struct row *w, uint64_t from, const struct graph_edge *e)
{
	struct prop_state state;

	keep(w, row_edge_state(w, from, e, &state));
	if (w->weighed)
		row_value(w, "weight", graph_values(w->graph), e->value);
	else if (graph_values(w->graph) != CSR_NO_VALUES)
		row_absent(w, "weight");
	if (w->json)
		keep(w, json_said(w, &state, true));
	else if (!w->error)
		put_said(w, &state, true);
	return w->error;
}

int row_edge(struct row *w, uint64_t from, const struct graph_edge *e)
{
	struct prop_state state = {0};

	keep(w, row_edge_state(w, from, e, &state));
	return row_edge_as(w, from, e, &state);
}

int row_edge_as(struct row *w, uint64_t from, const struct graph_edge *e,
		struct prop_state *state)
{
	enum csr_values kind = graph_values(w->graph);
	struct bytes name;
	int r = dict_type(w->dict, e->type, &name);

	keep(w, r);
	row_node(w, "from", from);
	row_node(w, "to", e->to);
	if (r == 0 && (name.len || w->weighed || state->prop_n))
		row_bytes(w, "type", name);
	if (w->weighed)
		edge_weight(w, kind, e->value);
	if (w->json)
		keep(w, json_said(w, state, true));
	else if (!w->error)
		put_said(w, state, true);
	return row_end(w);
}

/* --- jsonl --- */

int row_node_object(struct row *w, uint64_t id)
{
	w->object = true;
	row_node(w, "id", id);
	w->object = false;
	keep(w, row_node_said(w, id));
	return row_end(w);
}

int row_edge_object(struct row *w, uint64_t from, const struct graph_edge *e)
{
	struct prop_state state = {0};
	struct bytes name;

	keep(w, dict_type(w->dict, e->type, &name));
	w->object = true;
	row_node(w, "from", from);
	if (!w->error && name.len)
		row_bytes(w, "type", name);
	row_node(w, "to", e->to);
	w->object = false;
	if (graph_values(w->graph) == CSR_NO_VALUES)
		keep(w, row_edge_state(w, from, e, &state));
	else
		keep(w, graph_edge_state(w->graph, from, e->type, e->to, nth_of(w, from, e),
					 &w->room, &state));
	if (!w->error)
		keep(w, json_said(w, &state, false));
	return row_end(w);
}
