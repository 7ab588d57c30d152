/* graph/walk/weigh.c - weights looked at where they are stored, in pieces */
#include "graph/walk/weigh.h"

#include <float.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/team.h"

#define PIECE 65536u		/* weights a thread looks at, at a time */
#define SAMPLES 1024u		/* of a type, for the mean */

struct looking {
	struct csr *csr;
	struct csr_type t;
	enum csr_values kind;
	_Atomic uint64_t next;	/* piece */
	_Atomic uint64_t bad;	/* the first negative edge; UINT64_MAX */
	_Atomic uint64_t most;	/* as bits: of what is not negative they are in order */
};

static bool is_negative(enum csr_values kind, union csr_value v)
{
	return kind == CSR_REALS ? !(v.r >= 0 && v.r <= DBL_MAX) : v.i < 0;
}

int weigh_missing(struct graph *g)
{
	err_set(ERR_UNSUPPORTED, "graph %s: its edges have no weights", graph_entry(g)->name);
	err_hint("import reads them from a third column, as SRC DST WEIGHT in el");
	return ERR_UNSUPPORTED;
}

int weigh_negative(struct graph *g, uint64_t from, uint64_t to)
{
	struct buf tail = {0}, head = {0};
	int r = dict_key(graph_dict(g), from, &tail);

	if (r == 0)
		r = dict_key(graph_dict(g), to, &head);
	if (r == 0)
		r = err_set(ERR_BAD_RECORD, "the edge from \"%s\" to \"%s\" has a negative weight",
			    bytes_show(buf_bytes(&tail)), bytes_show(buf_bytes(&head)));
	buf_release(&tail);
	buf_release(&head);
	return r;
}

/* --- the edge at a place --- */

static int name_edge(struct graph *g, struct looking *k)
{
	uint64_t at = k->bad, to;
	struct csr_scan s;
	struct csr_list l;
	int r;

	csr_scan_begin(&s, k->csr, k->t.id);
	while ((r = csr_scan_next(&s, &l)) > 0)
		if (at >= l.edge && at - l.edge < l.n) {
			for (uint64_t i = l.edge; r > 0 && i <= at; i++)
				r = csr_next(&l, &to);
			return r > 0 ? weigh_negative(g, s.node, to) : r;
		}
	return r < 0 ? r : err_set(ERR_BUG, "no list has edge %llu", (unsigned long long)at);
}

/* --- all of a type --- */

static void lower(_Atomic uint64_t *x, uint64_t to)
{
	uint64_t had = *x;

	while (to < had && !atomic_compare_exchange_weak(x, &had, to))
		;
}

static void raise(_Atomic uint64_t *x, uint64_t to)
{
	uint64_t had = *x;

	while (to > had && !atomic_compare_exchange_weak(x, &had, to))
		;
}

static int look_at(struct looking *k, uint64_t first, uint64_t n)
{
	union csr_value most = {0}, v;
	struct csr_stored s;
	int r = csr_stored_of(k->csr, &k->t, first, n, &s);

	for (uint64_t i = 0; r == 0 && i < n; i++) {
		v = weigh_stored(k->kind, &s, i);
		if (is_negative(k->kind, v)) {
			lower(&k->bad, first + i);
			return 0;
		}
		if (k->kind == CSR_REALS ? v.r > most.r : v.i > most.i)
			most = v;
	}
	if (r == 0)
		raise(&k->most, (uint64_t)most.i);
	return r;
}

static int look(void *ctx, unsigned who)
{
	struct looking *k = ctx;
	uint64_t n = k->t.edge_n, first;
	int r = 0;

	(void)who;
	while (r == 0 && (first = PIECE * k->next++) < n && first < k->bad)
		r = look_at(k, first, n - first < PIECE ? n - first : PIECE);
	return r;
}

/* By how they are stored: none is negative, and the greatest that there may be. */
static bool plainly(const struct looking *k, uint64_t *most)
{
	const struct csr_type *t = &k->t;
	uint64_t room = t->values_width < 8 ? (1ull << 8 * t->values_width) - 1 : UINT64_MAX;

	*most = t->values_base + room;
	return k->kind == CSR_INTEGERS && t->values_base <= INT64_MAX &&
		room <= INT64_MAX - t->values_base;
}

static int sample(const struct looking *k, double *mean)
{
	uint64_t n = k->t.edge_n, m = n < SAMPLES ? n : SAMPLES;
	struct csr_stored s;
	union csr_value v;
	double sum = 0;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < m; i++) {
		r = csr_stored_of(k->csr, &k->t, n / m * i, 1, &s);
		if (r == 0) {
			v = weigh_stored(k->kind, &s, 0);
			sum += (k->kind == CSR_REALS ? v.r : (double)v.i) / (double)m;
		}
	}
	*mean = sum;
	return r;
}

/* Where changes are laid over what is stored: list by list. */
static int weigh_changed(struct weigh *out, struct graph *g, uint32_t type)
{
	union csr_value most = {0}, v;
	struct csr_scan s;
	struct csr_list l;
	double sum = 0;
	uint64_t n = 0, to;
	int r;

	csr_scan_begin(&s, graph_csr(g, CSR_OUT), type);
	while ((r = csr_scan_next(&s, &l)) > 0)
		for (; (r = csr_next_value(&l, &to, &v)) != 0; n++) {
			if (r < 0)
				return r;
			if (is_negative(out->kind, v))
				return weigh_negative(g, s.node, to);
			if (out->kind == CSR_REALS ? v.r > most.r : v.i > most.i)
				most = v;
			sum += out->kind == CSR_REALS ? v.r : (double)v.i;
		}
	if (r < 0 || n == 0)
		return r;
	if (most.i > out->most.i)
		out->most = most;
	out->edge_n += n;
	out->mean += (sum / (double)n - out->mean) * ((double)n / (double)out->edge_n);
	return 0;
}

static int weigh_type(struct weigh *out, struct graph *g, uint32_t type, unsigned threads)
{
	struct looking k = { .csr = graph_csr(g, CSR_OUT), .kind = out->kind,
			     .bad = UINT64_MAX };
	uint64_t most = 0;
	double mean = 0;
	int r = csr_type_of(k.csr, type, &k.t);

	if (r == 0 && csr_changed(k.csr))
		return weigh_changed(out, g, type);
	if (r < 0 || k.t.edge_n == 0)
		return r;
	if (!plainly(&k, &most)) {
		r = team_run(k.t.edge_n > PIECE ? threads : 1, look, &k);
		most = k.most;
	}
	if (r == 0 && k.bad != UINT64_MAX)
		return name_edge(g, &k);
	if (r == 0)
		r = sample(&k, &mean);
	if (most > (uint64_t)out->most.i)
		out->most.i = (int64_t)most;
	out->edge_n += k.t.edge_n;
	out->mean += (mean - out->mean) * ((double)k.t.edge_n / (double)out->edge_n);
	return r;
}

int weigh_all(struct weigh *out, struct graph *g, const struct graph_types *types,
	      unsigned threads)
{
	int r = 0;

	*out = (struct weigh){ .kind = graph_values(g) };
	if (out->kind == CSR_NO_VALUES && csr_edge_n(graph_csr(g, CSR_OUT)))
		return weigh_missing(g);
	if (out->kind == CSR_NO_VALUES)
		out->kind = CSR_INTEGERS;
	if (threads == 0)
		threads = team_default();
	for (uint32_t i = 0; r == 0 && i < graph_types_n(g, types); i++)
		r = weigh_type(out, g, graph_types_at(types, i), threads);
	return r;
}
