/* gpu/wire_graph.c - bodies in and out, each length checked */
#include "gpu/wire_graph.h"

#include <string.h>

#include "base/err.h"
#include "gpu/wire.h"

static int bad(const char *what)
{
	return err_set(ERR_BAD_RECORD, "a malformed message: %s", what);
}

uint64_t wire_of_real(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	return bits;
}

double wire_real(uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

/* --- PIN_GRAPH --- */

int wire_pin_graph_put(struct buf *out, const struct pin_graph *p)
{
	const struct wire_pin_graph w = { .verb = le32_of(p->verb),
					  .type_n = le32_of(p->type_n) };
	int r = buf_add(out, &w, sizeof w);

	if (r == 0)
		r = wire_key_put(out, p->name);
	return r == 0 ? buf_add(out, p->types.ptr, p->types.len) : r;
}

int wire_pin_graph_get(struct bytes in, struct pin_graph *out)
{
	struct wire_pin_graph w;
	struct bytes key;
	int r = wire_take(&in, &w, sizeof w);
	uint32_t n = 0;

	if (r < 0)
		return r;
	*out = (struct pin_graph){ .verb = le32_get(w.verb), .type_n = le32_get(w.type_n) };
	r = wire_key_get(&in, &out->name);
	if (r < 0)
		return r;
	if (r == 0 || out->name.len > WIRE_GRAPH_NAME_MAX)
		return bad("a graph's name");
	out->types = in;
	while ((r = wire_key_get(&in, &key)) > 0)
		n++;
	if (r < 0)
		return r;
	if (n != out->type_n || n > WIRE_GRAPH_TYPES)
		return bad("the number of types");
	if (out->verb != WIRE_GRAPH_PIN && (out->verb != WIRE_GRAPH_EVICT || n))
		return bad("what to do with a graph");
	return 0;
}

/* --- WALK --- */

int wire_walk_put(struct buf *out, const struct walk_ask *w)
{
	const struct wire_walk d = {
		.out = le64_of(w->out), .in = le64_of(w->in),
		.kind = le32_of(w->kind), .flags = le32_of(w->flags),
		.from = le64_of(w->from), .to = le64_of(w->to), .most = le64_of(w->most),
		.damping = le64_of(wire_of_real(w->damping)),
		.tolerance = le64_of(wire_of_real(w->tolerance)),
		.type_n = le32_of((uint32_t)(w->types.len / sizeof(le32))),
		.source_n = le32_of((uint32_t)(w->sources.len / sizeof(le32))),
	};
	int r = buf_add(out, &d, sizeof d);

	if (r == 0)
		r = buf_add(out, w->types.ptr, w->types.len);
	if (r == 0)
		r = buf_add(out, w->sources.ptr, w->sources.len);
	return r == 0 ? wire_key_put(out, w->name) : r;
}

static uint32_t type_at(struct bytes types, uint64_t i)
{
	le32 t;

	memcpy(&t, types.ptr + i * sizeof t, sizeof t);
	return le32_get(t);
}

static int numbers_get(struct bytes *in, uint64_t n, uint64_t most, struct bytes *out)
{
	if (n > most || n * sizeof(le32) > in->len)
		return bad("the number of types or sources");
	*out = bytes_of(in->ptr, (size_t)n * sizeof(le32));
	in->ptr += out->len;
	in->len -= out->len;
	return 0;
}

static int types_get(struct bytes *in, uint64_t n, struct bytes *out)
{
	int r = numbers_get(in, n, WIRE_GRAPH_TYPES, out);

	if (r < 0)
		return r;
	for (uint64_t i = 1; i < n; i++)
		if (type_at(*out, i) <= type_at(*out, i - 1))
			return bad("types out of order");
	return 0;
}

static bool in_range(double v, double most)
{
	return v >= 0 && v <= most;		/* and a number */
}

static int walk_check(const struct walk_ask *w)
{
	if (w->kind < WIRE_WALK_BFS || w->kind > WIRE_WALK_BFS64 || w->flags > WIRE_AGAINST)
		return bad("an unknown question");
	if (!w->out || w->out == w->in)
		return bad("segments");
	if (w->kind == WIRE_WALK_BFS64 && (w->most < WIRE_WALK_DEPTH || w->most > UINT32_MAX))
		return bad("room for depths");
	if (w->kind != WIRE_WALK_PAGERANK)
		return 0;
	if (!in_range(w->damping, 1) || !in_range(w->tolerance, 2) || w->most > WIRE_WALK_STEPS)
		return bad("damping, tolerance or iterations");
	return 0;
}

int wire_walk_get(struct bytes in, struct walk_ask *out)
{
	struct wire_walk d;
	int r = wire_take(&in, &d, sizeof d);

	if (r < 0)
		return r;
	*out = (struct walk_ask){
		.out = le64_get(d.out), .in = le64_get(d.in),
		.kind = le32_get(d.kind), .flags = le32_get(d.flags),
		.from = le64_get(d.from), .to = le64_get(d.to), .most = le64_get(d.most),
		.damping = wire_real(le64_get(d.damping)),
		.tolerance = wire_real(le64_get(d.tolerance)),
	};
	r = walk_check(out);
	if (r == 0)
		r = types_get(&in, le32_get(d.type_n), &out->types);
	if (r == 0)
		r = numbers_get(&in, le32_get(d.source_n), WIRE_WALK_SOURCES, &out->sources);
	if (r == 0 && (out->kind == WIRE_WALK_BFS64) != (out->sources.len != 0))
		r = bad("sources");
	if (r == 0)
		r = wire_key_get(&in, &out->name);
	if (r < 0)
		return r;
	if (r == 0 || out->name.len > WIRE_GRAPH_NAME_MAX || in.len)
		return bad("a graph's name");
	return 0;
}

void wire_walked_put(struct wire_walked *out, const struct walked *w)
{
	*out = (struct wire_walked){
		.n = le64_of(w->n), .reached = le64_of(w->reached),
		.steps = le64_of(w->steps), .touched = le64_of(w->touched),
		.iterations = le64_of(w->iterations),
		.change = le64_of(wire_of_real(w->change)), .took_ns = le64_of(w->took_ns),
	};
}

int wire_walked_get(const uint8_t *ptr, uint64_t len, const struct walk_ask *w,
		    uint64_t node_n, struct walked *out)
{
	uint64_t most = node_n * (w->kind == WIRE_WALK_BFS64 ? wire_walk_words(w->most) : 1);
	unsigned width = wire_walk_width(w->kind);
	struct wire_walked d;

	if (len < sizeof d)
		return bad("it ends too soon");
	memcpy(&d, ptr, sizeof d);
	*out = (struct walked){
		.n = le64_get(d.n), .reached = le64_get(d.reached),
		.steps = le64_get(d.steps), .touched = le64_get(d.touched),
		.iterations = le64_get(d.iterations), .took_ns = le64_get(d.took_ns),
		.change = wire_real(le64_get(d.change)), .array = ptr + sizeof d,
	};
	if (out->n > most || (w->kind != WIRE_WALK_PATH && out->n != most) ||
	    (len - sizeof d) / width != out->n || (len - sizeof d) % width)
		return bad("an answer of another size");
	return 0;
}
