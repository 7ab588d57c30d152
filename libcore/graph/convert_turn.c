/* graph/convert_turn.c - lists renumbered, in the new order of their nodes
 *
 * The rows are sorted by their new numbers; each list is then a look-up in the
 * mapped file.  Some rows at a time are shared out, a portion a thread, and what
 * the threads encoded goes to the writer in order.  A list that has no room in a
 * portion goes through the external sorter, edge by edge.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/team.h"
#include "graph/convert_inside.h"

#define SHORT 40u		/* a list that an insertion sort is the fastest for */
#define ROWS 4096u		/* of a portion, at most */
#define EDGES_MOST (128u << 10)
#define EDGES_LEAST 1024u

struct item {
	uint64_t to;
	union csr_value v;
};

struct row {
	uint64_t node, old, degree, len;
};

struct portion {
	struct row *rows;
	uint64_t row_n, edge_n;
	struct item *items, *room;	/* of one list */
	uint64_t *ids;
	uint8_t *bytes;
	union csr_value *values;	/* of all lists, when there are any */
	uint64_t *degree, *len;		/* for the writer */
};

struct turn {
	struct convert *c;
	struct csr *csr;
	uint32_t type;
	struct sort *order;
	struct row next;		/* taken from it, not yet in a portion */
	bool more, longer;		/* is there one; is it too long for any */
	uint64_t edge_most;		/* of a portion */
	unsigned n;			/* portions, and threads */
	struct portion *portion;
};

/* --- a list --- */

static void sort_short(struct item *a, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++) {
		struct item x = a[i];
		uint64_t k = i;

		for (; k && a[k - 1].to > x.to; k--)
			a[k] = a[k - 1];
		a[k] = x;
	}
}

/* One digit of eight bits from A to B, equal ones in the order they have. */
static void sort_digit(const struct item *a, struct item *b, uint64_t n, unsigned shift)
{
	uint64_t count[257] = {0};

	for (uint64_t i = 0; i < n; i++)
		count[(a[i].to >> shift & 255) + 1]++;
	for (unsigned d = 0; d < 256; d++)
		count[d + 1] += count[d];
	for (uint64_t i = 0; i < n; i++)
		b[count[a[i].to >> shift & 255]++] = a[i];
}

static const struct item *sort_items(struct portion *p, uint64_t n, uint64_t most)
{
	struct item *a = p->items, *b = p->room, *swap;

	if (n <= SHORT) {
		sort_short(a, n);
		return a;
	}
	for (unsigned shift = 0; shift < 64 && most >> shift; shift += 8) {
		sort_digit(a, b, n, shift);
		swap = a;
		a = b;
		b = swap;
	}
	return a;
}

/* All of L renumbered; the greatest number. */
static int gather(struct convert *c, struct item *item, struct csr_list *l, uint64_t *most)
{
	bool valued = csr_values(l->csr) != CSR_NO_VALUES;
	const union csr_value *v = NULL;
	const uint64_t *ids;
	int n, r = 0;

	*most = 0;
	while (r == 0 && (n = csr_block(l, &ids)) != 0) {
		r = n < 0 ? n : valued ? csr_block_values(l, &v) : 0;
		for (int i = 0; i < n && r == 0; i++, item++) {
			r = convert_id(c, ids[i], &item->to);
			item->v = v ? v[i] : (union csr_value){0};
			*most = item->to > *most ? item->to : *most;
		}
	}
	return r;
}

/* Its bytes at AT, its values at V. */
static int encode(struct turn *t, struct portion *p, struct row *row, uint8_t *at,
		  union csr_value *v)
{
	const struct item *items;
	struct csr_list list;
	uint64_t most = 0;
	int r = csr_row(t->csr, t->type, row->old, &list);

	if (r == 0 && list.n != row->degree)
		return err_set(ERR_BUG, "a list that changed");
	if (r == 0)
		r = gather(t->c, p->items, &list, &most);
	if (r < 0)
		return r;
	items = sort_items(p, row->degree, most);
	for (uint64_t i = 0; i < row->degree; i++) {
		p->ids[i] = items[i].to;
		if (v)
			v[i] = items[i].v;
	}
	row->len = list_encode(at, row->node, p->ids, row->degree);
	return 0;
}

static int work(void *ctx, unsigned who)
{
	struct turn *t = ctx;
	struct portion *p = &t->portion[who];
	uint8_t *at = p->bytes;
	union csr_value *v = p->values;
	int r = 0;

	for (uint64_t i = 0; i < p->row_n && r == 0; i++) {
		r = encode(t, p, &p->rows[i], at, v);
		at += p->rows[i].len;
		v += v ? p->rows[i].degree : 0;
	}
	return r;
}

/* A list too long to be held: by the external sorter, each id with its place, which
 * its value is found by. */
static int put_long(struct convert *c, uint32_t type, uint64_t node, struct csr_list *l)
{
	union csr_value v = {0};
	struct sort *s = NULL;
	uint64_t to, i = 0;
	sort_key key;
	int r = convert_sorter(c, &s, 64);

	while (r >= 0 && (r = csr_next(l, &to)) > 0) {
		r = convert_id(c, to, &to);
		if (r == 0)
			r = sort_add(s, (sort_key)to << 64 | i++);
	}
	if (r == 0)
		r = sort_finish(s);
	while (r >= 0 && (r = sort_next(s, &key)) > 0) {
		r = csr_values(l->csr) ? csr_value_at(l, (uint64_t)key, &v) : 0;
		if (r == 0)
			r = csr_add_value(c->w, type, node, (uint64_t)(key >> 64), v);
		if (r == 0)
			r = convert_look(c, 1);
	}
	sort_close(s);
	return r;
}

/* --- rows --- */

/* (new number, old number) of the type's rows. */
static int rows(struct convert *c, struct csr *csr, uint32_t type, struct sort *s)
{
	struct csr_scan scan;
	uint64_t n, id;
	int r;

	csr_scan_begin(&scan, csr, type);
	while ((r = csr_scan_degree(&scan, &n)) > 0) {
		r = convert_id(c, scan.node, &id);
		if (r == 0)
			r = sort_add(s, (sort_key)id << 64 | scan.node);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sort_finish(s);
}

static int next_row(struct turn *t)
{
	sort_key key;
	int r = sort_next(t->order, &key);

	t->more = r > 0;
	if (r <= 0)
		return r;
	t->next = (struct row){ .node = (uint64_t)(key >> 64), .old = (uint64_t)key };
	r = csr_degree(t->csr, t->type, t->next.old, &t->next.degree);
	t->longer = t->next.degree > t->edge_most;
	return r;
}

/* As many rows as there is room for, up to one that has none anywhere. */
static int fill(struct turn *t, struct portion *p)
{
	int r = 0;

	p->row_n = p->edge_n = 0;
	while (r == 0 && t->more && !t->longer && p->row_n < ROWS &&
	       p->edge_n + t->next.degree <= t->edge_most) {
		p->rows[p->row_n++] = t->next;
		p->edge_n += t->next.degree;
		r = next_row(t);
	}
	return r;
}

/* What was encoded, runs of consecutive nodes at a time. */
static int put(struct turn *t, const struct portion *p)
{
	struct csr_lists l = { .type = t->type, .degree = p->degree, .len = p->len,
			       .bytes = p->bytes, .values = p->values };
	uint64_t bytes, edges;
	int r = 0;

	for (uint64_t i = 0; i < p->row_n && r == 0; i += l.n) {
		l.node = p->rows[i].node;
		bytes = edges = 0;
		for (l.n = 0; i + l.n < p->row_n && p->rows[i + l.n].node == l.node + l.n; l.n++) {
			const struct row *row = &p->rows[i + l.n];

			p->degree[l.n] = row->degree;
			p->len[l.n] = row->len;
			bytes += row->len;
			edges += row->degree;
		}
		r = csr_put_lists(t->c->w, &l);
		l.bytes += bytes;
		l.values += l.values ? edges : 0;
	}
	return r < 0 ? r : convert_look(t->c, p->edge_n);
}

static int put_longer(struct turn *t)
{
	struct csr_list list;
	int r = csr_row(t->csr, t->type, t->next.old, &list);

	if (r == 0)
		r = put_long(t->c, t->type, t->next.node, &list);
	return r < 0 ? r : next_row(t);
}

/* A portion for each thread, as far as there are rows. */
static int some_rows(struct turn *t)
{
	unsigned n = 0;
	int r = 0;

	while (n < t->n && r == 0 && t->more && !t->longer)
		r = fill(t, &t->portion[n++]);
	if (r == 0)
		r = team_run(n, work, t);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = put(t, &t->portion[i]);
	return r;
}

static int all_rows(struct turn *t)
{
	int r = next_row(t);

	while (r == 0 && t->more)
		r = t->longer ? put_longer(t) : some_rows(t);
	return r;
}

/* --- room --- */

/* Bytes that a portion takes for an edge, and besides. */
static size_t room_for(const struct turn *t, uint64_t edges)
{
	return (2 * sizeof(struct item) + sizeof(uint64_t) +
		(csr_values(t->csr) ? sizeof(union csr_value) : 0)) * edges +
		LIST_BYTES_MAX(edges) + 12 * ROWS + LIST_SLACK +
		ROWS * (sizeof(struct row) + 2 * sizeof(uint64_t));
}

/* How many threads, and how much each takes of half of what memory there is. */
static void share_out(struct turn *t)
{
	size_t left = mem_left(t->c->o.mem) / 2;

	t->n = t->c->o.threads ? t->c->o.threads : team_default();
	while (t->n > 1 && left / t->n < room_for(t, EDGES_LEAST))
		t->n--;
	t->edge_most = EDGES_MOST;
	while (t->edge_most > EDGES_LEAST && left / t->n < room_for(t, t->edge_most))
		t->edge_most /= 2;
}

static int open_portion(struct turn *t, struct portion *p)
{
	struct mem *mem = t->c->o.mem;
	uint64_t n = t->edge_most;

	p->rows = mem_alloc(mem, ROWS * sizeof *p->rows);
	p->degree = mem_alloc(mem, ROWS * sizeof *p->degree);
	p->len = mem_alloc(mem, ROWS * sizeof *p->len);
	p->items = mem_alloc(mem, n * sizeof *p->items);
	p->room = mem_alloc(mem, n * sizeof *p->room);
	p->ids = mem_alloc(mem, n * sizeof *p->ids);
	/* each list may write more than its bytes, only the last one keeps that */
	p->bytes = mem_alloc(mem, LIST_BYTES_MAX(n) + 12 * ROWS + LIST_SLACK);
	if (csr_values(t->csr))
		p->values = mem_alloc(mem, n * sizeof *p->values);
	return p->rows && p->degree && p->len && p->items && p->room && p->ids && p->bytes &&
		(p->values || !csr_values(t->csr)) ? 0 : ERR_MEMORY;
}

static void close_portion(struct mem *mem, struct portion *p)
{
	mem_free(mem, p->rows);
	mem_free(mem, p->degree);
	mem_free(mem, p->len);
	mem_free(mem, p->items);
	mem_free(mem, p->room);
	mem_free(mem, p->ids);
	mem_free(mem, p->bytes);
	mem_free(mem, p->values);
}

int convert_turn(struct convert *c, struct csr *csr, uint32_t type)
{
	struct turn t = { .c = c, .csr = csr, .type = type };
	int r = convert_sorter(c, &t.order, 0);

	if (r == 0)
		r = rows(c, csr, type, t.order);
	if (r == 0) {
		share_out(&t);
		t.portion = mem_zalloc(c->o.mem, t.n * sizeof *t.portion);
		r = t.portion ? 0 : ERR_MEMORY;
	}
	for (unsigned i = 0; r == 0 && i < t.n; i++)
		r = open_portion(&t, &t.portion[i]);
	if (r == 0)
		r = all_rows(&t);
	for (unsigned i = 0; t.portion && i < t.n; i++)
		close_portion(c->o.mem, &t.portion[i]);
	mem_free(c->o.mem, t.portion);
	sort_close(t.order);
	return r;
}
