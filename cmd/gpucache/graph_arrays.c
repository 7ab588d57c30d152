/* cmd/gpucache/graph_arrays.c - by windows of nodes: first how many, then which
 *
 * Within a window the lists of one type after the other are put where the counts say,
 * so each type is scanned once a window and nothing is sorted.
 */
#include "cmd/gpucache/graph_arrays.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/segment.h"

#define WINDOW 65536u		/* nodes: a multiple of CSR_GROUP */
#define IDS (1u << 20)		/* put at a time */

struct work {
	const struct graph_arrays *a;
	struct csr *csr;
	uint64_t first, end;	/* the window */
	uint64_t *degree;	/* of its nodes; then where their next id goes */
	le64 *border;
	le32 *ids;
	struct csr_list list;	/* large */
};

static int differ(const struct work *w, uint64_t node)
{
	return err_set(ERR_DAMAGED, "%s: the edges of node %" PRIu64 " are not as many as its "
		       "row says", segment_path(csr_segment(w->csr)), node);
}

static int work_begin(struct work *w, const struct graph_arrays *a)
{
	memset(w, 0, offsetof(struct work, list));
	w->a = a;
	w->csr = graph_csr(a->graph, a->way);
	w->degree = mem_alloc(a->mem, WINDOW * sizeof *w->degree);
	w->border = mem_alloc(a->mem, WINDOW * sizeof *w->border);
	w->ids = mem_alloc(a->mem, IDS * sizeof *w->ids);
	return w->degree && w->border && w->ids ? 0 : ERR_MEMORY;
}

static void work_end(struct work *w)
{
	mem_free(w->a->mem, w->degree);
	mem_free(w->a->mem, w->border);
	mem_free(w->a->mem, w->ids);
}

static uint32_t type_n(const struct work *w)
{
	return graph_types_n(w->a->graph, &w->a->types);
}

/* The next window and its degrees: 1; 0 at the end. */
static int window(struct work *w)
{
	uint64_t node_n = graph_node_n(w->a->graph), n;
	struct csr_scan s;
	int r = 0;

	w->first = w->end;
	w->end = node_n - w->first < WINDOW ? node_n : w->first + WINDOW;
	if (w->first == w->end)
		return 0;
	memset(w->degree, 0, (w->end - w->first) * sizeof *w->degree);
	for (uint32_t i = 0; r == 0 && i < type_n(w); i++) {
		csr_scan_range(&s, w->csr, graph_types_at(&w->a->types, i), w->first, w->end);
		while ((r = csr_scan_degree(&s, &n)) > 0)
			w->degree[s.node - w->first] += n;
	}
	return r < 0 ? r : 1;
}

/* --- first --- */

int graph_arrays_edges(const struct graph_arrays *a, uint64_t *out)
{
	struct csr *csr = graph_csr(a->graph, a->way);
	uint64_t n;
	int r = 0;

	*out = 0;
	for (uint32_t i = 0; r == 0 && i < graph_types_n(a->graph, &a->types); i++) {
		r = csr_type_edges(csr, graph_types_at(&a->types, i), &n);
		*out += r == 0 ? n : 0;
	}
	return r;
}

int graph_arrays_first(const struct graph_arrays *a)
{
	uint64_t sum = 0, edge_n;
	le64 zero = le64_of(0);
	struct work w;
	int r = work_begin(&w, a), more = 0;

	if (r == 0)
		r = graph_arrays_edges(a, &edge_n);
	if (r == 0)
		r = a->put(a->ctx, &zero, sizeof zero);
	while (r == 0 && (more = window(&w)) > 0) {
		for (uint64_t i = 0; i < w.end - w.first; i++)
			w.border[i] = le64_of(sum += w.degree[i]);
		r = a->put(a->ctx, w.border, (w.end - w.first) * sizeof *w.border);
	}
	if (r == 0)
		r = more;
	if (r == 0 && sum != edge_n)
		r = err_set(ERR_DAMAGED, "%s: %" PRIu64 " edges in its rows, %" PRIu64
			    " by its types", segment_path(csr_segment(w.csr)), sum, edge_n);
	work_end(&w);
	return r;
}

/* --- to --- */

/* w->list to ids[at], END at most: where it ends. */
static int64_t take(struct work *w, uint64_t at, uint64_t end, uint64_t node)
{
	uint64_t begun = at;
	const uint32_t *ids;
	int n;

	while ((n = csr_block32(&w->list, CSR_BLOCK, &ids)) > 0) {
		if ((uint64_t)n > end - at)
			return differ(w, node);
		for (int i = 0; i < n; i++)
			w->ids[at++] = le32_of(ids[i]);
	}
	if (n == 0 && at - begun != w->list.n)
		return differ(w, node);
	return n < 0 ? n : (int64_t)at;
}

/* Where the lists of some nodes go, from counts; returns how many ids they have. */
static uint64_t lay_out(uint64_t *degree, uint64_t n)
{
	uint64_t at = 0;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t mine = degree[i];

		degree[i] = at;
		at += mine;
	}
	return at;
}

/* N nodes of the window from AT on, whose lists have room together. */
static int some(struct work *w, uint64_t at, uint64_t n)
{
	uint64_t *next = w->degree + at, first = w->first + at;
	uint64_t total = lay_out(next, n);
	struct csr_scan s;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < type_n(w); i++) {
		csr_scan_range(&s, w->csr, graph_types_at(&w->a->types, i), first, first + n);
		while ((r = csr_scan_next(&s, &w->list)) > 0) {
			int64_t end = take(w, next[s.node - first], total, s.node);

			if (end < 0)
				return (int)end;
			next[s.node - first] = (uint64_t)end;
		}
	}
	if (r == 0 && next[n - 1] != total)
		r = differ(w, first + n - 1);
	return r == 0 ? w->a->put(w->a->ctx, w->ids, total * sizeof *w->ids) : r;
}

/* One node with more edges than there is room for. */
static int hub(struct work *w, uint64_t node, uint64_t degree)
{
	const uint32_t *ids;
	uint64_t at = 0, all = 0;
	int r = 0, n = 0;

	for (uint32_t i = 0; r == 0 && i < type_n(w); i++) {
		r = csr_row(w->csr, graph_types_at(&w->a->types, i), node, &w->list);
		while (r == 0 && (n = csr_block32(&w->list, CSR_BLOCK, &ids)) > 0) {
			for (int k = 0; k < n; k++)
				w->ids[at++] = le32_of(ids[k]);
			all += (uint64_t)n;
			if (at + CSR_BLOCK <= IDS)
				continue;
			r = w->a->put(w->a->ctx, w->ids, at * sizeof *w->ids);
			at = 0;
		}
		if (r == 0)
			r = n;
	}
	if (r == 0 && all != degree)
		r = differ(w, node);
	return r == 0 ? w->a->put(w->a->ctx, w->ids, at * sizeof *w->ids) : r;
}

static int put_window(struct work *w)
{
	uint64_t n = w->end - w->first, end;
	int r = 0;

	for (uint64_t at = 0; r == 0 && at < n; at = end) {
		uint64_t sum = 0;

		for (end = at; end < n && w->degree[end] <= IDS - sum; end++)
			sum += w->degree[end];
		if (end == at)
			r = hub(w, w->first + at, w->degree[end++]);
		else if (sum)
			r = some(w, at, end - at);
	}
	return r;
}

int graph_arrays_to(const struct graph_arrays *a)
{
	struct work w;
	int r = work_begin(&w, a), more = 0;

	while (r == 0 && (more = window(&w)) > 0)
		r = put_window(&w);
	work_end(&w);
	return r < 0 ? r : more;
}

/* --- lists as they are stored --- */

static int lists_begin(const struct graph_arrays *a, struct csr_scan *s)
{
	csr_scan_begin(s, graph_csr(a->graph, a->way), graph_types_at(&a->types, 0));
	return graph_types_n(a->graph, &a->types) == 1 ? 0 :
		err_set(ERR_BUG, "the packed lists of several types");
}

int graph_arrays_packed(const struct graph_arrays *a, uint64_t *len)
{
	struct csr *csr = graph_csr(a->graph, a->way);
	uint64_t n, end = 0;
	struct csr_scan s;
	struct bytes list;
	int r;

	*len = 0;
	if (csr_layout(csr) != CSR_PACKED || csr_changed(csr) ||
	    graph_types_n(a->graph, &a->types) != 1)
		return 0;
	r = lists_begin(a, &s);
	while (r >= 0 && (r = csr_scan_bytes(&s, &list, &n)) > 0) {
		if (end && (uintptr_t)list.ptr != end) {	/* nobody packs them so */
			*len = 0;
			return 0;
		}
		end = (uintptr_t)list.ptr + list.len;
		*len += list.len;
	}
	return r < 0 ? r : 0;
}

/* As many as there is room for go out together. */
struct borders {
	struct work w;
	uint64_t n, next;	/* held; the node of the next */
};

static int border(struct borders *b, uint64_t at)
{
	int r = 0;

	b->w.border[b->n++] = le64_of(at);
	b->next++;
	if (b->n == WINDOW) {
		r = b->w.a->put(b->w.a->ctx, b->w.border, b->n * sizeof *b->w.border);
		b->n = 0;
	}
	return r;
}

int graph_arrays_at(const struct graph_arrays *a)
{
	uint64_t node_n = graph_node_n(a->graph), n, at = 0;
	struct borders b = { .n = 0 };
	struct csr_scan s;
	struct bytes list;
	int r = work_begin(&b.w, a);

	if (r == 0)
		r = lists_begin(a, &s);
	while (r >= 0 && (r = csr_scan_bytes(&s, &list, &n)) > 0) {
		while (r >= 0 && b.next <= s.node)
			r = border(&b, at);
		at += list.len;
	}
	while (r >= 0 && b.next <= node_n)
		r = border(&b, at);
	if (r >= 0 && b.n)
		r = a->put(a->ctx, b.w.border, b.n * sizeof *b.w.border);
	work_end(&b.w);
	return r < 0 ? r : 0;
}

/* Checked against the segment's checksums, as all that is read. */
static int put_bytes(const struct graph_arrays *a, struct bytes run)
{
	struct segment *seg = csr_segment(graph_csr(a->graph, a->way));
	int r = 0;

	while (r == 0 && run.len) {
		size_t n = run.len < 4 * IDS ? run.len : 4 * IDS;

		r = segment_check(seg, run.ptr, n);
		if (r == 0)
			r = a->put(a->ctx, run.ptr, n);
		run.ptr += n;
		run.len -= n;
	}
	return r;
}

/* Lists that lie one behind the other go out together. */
int graph_arrays_lists(const struct graph_arrays *a)
{
	struct bytes run = { NULL, 0 }, list;
	struct csr_scan s;
	uint64_t n;
	int r = lists_begin(a, &s);

	while (r >= 0 && (r = csr_scan_bytes(&s, &list, &n)) > 0) {
		if (run.len && run.len < 4 * IDS) {
			run.len += list.len;
			continue;
		}
		r = put_bytes(a, run);
		run = list;
	}
	return r < 0 ? r : put_bytes(a, run);
}

int graph_arrays_where(const struct graph_arrays *a, uint64_t *off, struct bytes *mapped)
{
	struct csr *csr = graph_csr(a->graph, a->way);
	struct csr_scan s;
	uint64_t end, n;
	int r = lists_begin(a, &s);

	if (r == 0)
		r = csr_scan_bytes(&s, mapped, &n);
	if (r <= 0)
		return r < 0 ? r : err_set(ERR_BUG, "no lists");
	r = csr_lists_of(csr, graph_types_at(&a->types, 0), 0, graph_node_n(a->graph), off, &end);
	if (r == 0)
		mapped->len = (size_t)(end - *off);
	return r;
}
