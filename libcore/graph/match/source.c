/* graph/match/source.c */
#include "graph/match/source.h"

#include "graph/match/meet.h"

#define NEAR 256u		/* ids: nearer, lists are read on; farther, looked up anew */

void source_all(struct source *s, uint64_t n, struct dict *nodes)
{
	s->kind = SOURCE_ALL;
	s->n = n;
	s->nodes = nodes && dict_key_n(nodes) < dict_id_n(nodes) ? nodes : NULL;
}

int source_list(struct source *s, struct csr *csr, uint32_t type, uint64_t node)
{
	int r = 0;

	if (!s->typed || s->csr != csr || s->type.id != type)
		r = csr_type_of(csr, type, &s->type);
	s->typed = r == 0;
	s->kind = SOURCE_LIST;
	s->csr = csr;
	s->node = node;
	s->next = s->filled = 0;
	return r < 0 ? r : csr_row_of(csr, &s->type, node, &s->list);
}

int source_rows(struct source *s, struct csr *csr, uint32_t type)
{
	s->kind = SOURCE_ROWS;
	s->csr = csr;
	s->node = UINT64_MAX;
	s->type.id = type;
	csr_scan_begin(&s->scan, csr, type);
	return 0;
}

void source_merged(struct source *s, const struct merged_way *w, uint64_t node)
{
	s->kind = SOURCE_ENTRIES;
	s->way = w;
	s->entry = w->to + w->from[node];
	s->end = w->to + w->from[node + 1];
}

/* Of the neighbour at ENTRY. */
static void types_of(struct source *s, const struct merged_way *w, const uint32_t *entry)
{
	uint32_t i = (uint32_t)(entry - w->to);

	s->kind = SOURCE_TYPES;
	s->way = w;
	s->entry = w->type + w->first[i];
	s->end = w->type + w->first[i + 1];
}

void source_types(struct source *s, const struct merged_way *w, uint64_t from, uint64_t to)
{
	const uint32_t *end = w->to + w->from[from + 1];
	const uint32_t *at = meet_far(w->to + w->from[from], end, (uint32_t)to);

	if (at < end && *at == to) {
		types_of(s, w, at);
		return;
	}
	s->kind = SOURCE_TYPES;
	s->entry = s->end = end;
}

void source_types_at(struct source *s, const struct source *at)
{
	types_of(s, at->way, at->entry);
}

void source_merged_rows(struct source *s, const struct merged_way *w, uint64_t node_n)
{
	s->kind = SOURCE_MERGED;
	s->way = w;
	s->n = node_n;
}

int source_label(struct source *s, const struct label *label)
{
	s->kind = SOURCE_LABEL;
	return label_rows_begin(&s->rows, label);
}

int source_named(struct source *s, struct named *name, const struct named_range *of,
		 named_test *test, const void *ctx)
{
	s->kind = SOURCE_NAMED;
	return named_rows_begin(&s->named, name, of, test, ctx);
}

void source_release(struct source *s)
{
	named_rows_release(&s->named);
}

/* The first of the block at hand that is not below ID, by doubling steps. */
static void gallop(struct source *s, uint64_t id)
{
	uint32_t step = 1, low = s->next, high;

	while (low + step < s->filled && s->ids[low + step] < id) {
		low += step;
		step *= 2;
	}
	high = low + step < s->filled ? low + step : s->filled - 1;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->ids[mid] < id)
			low = mid + 1;
		else
			high = mid;
	}
	s->next = low;
}

/* Past what lies far behind, at once. */
static int leap(struct source *s, uint64_t id)
{
	int r;

	if (!s->filled || s->list.n <= CSR_BLOCK || id - s->ids[s->filled - 1] < NEAR)
		return 0;
	r = csr_row_of(s->csr, &s->type, s->node, &s->list);
	return r < 0 ? r : csr_seek(&s->list, id);
}

static int seek_list(struct source *s, uint64_t id)
{
	int n = 0;

	if (s->next == s->filled || s->ids[s->filled - 1] < id)
		n = leap(s, id);
	while (n >= 0 && (s->next == s->filled || s->ids[s->filled - 1] < id)) {
		n = csr_block(&s->list, &s->ids);
		s->next = 0;
		s->filled = n > 0 ? (uint32_t)n : 0;
		if (n == 0)
			return 0;
	}
	if (n < 0)
		return n;
	gallop(s, id);
	s->at = s->ids[s->next];
	return 1;
}

static int seek_rows(struct source *s, uint64_t id)
{
	uint64_t degree;
	int r = 1;

	if ((s->node == UINT64_MAX ? 0 : s->node) + NEAR < id) {
		csr_scan_range(&s->scan, s->csr, s->type.id, id, UINT64_MAX);
		s->node = UINT64_MAX;
	}
	while (r > 0 && (s->node == UINT64_MAX || s->node < id)) {
		r = csr_scan_degree(&s->scan, &degree);
		s->node = s->scan.node;
	}
	s->at = s->node;
	return r;
}

static int seek_label(struct source *s, uint64_t id)
{
	int r = label_rows_seek(&s->rows, id);

	return r < 0 ? r : label_rows_next(&s->rows, &s->at);
}

static inline int seek_entries(struct source *s, uint64_t id)
{
	if (id > INT32_MAX)
		return 0;
	s->entry = meet_first(s->entry, s->end, (uint32_t)id);
	if (s->entry >= s->end)
		return 0;
	s->at = *s->entry;
	return 1;
}

static inline int seek_types(struct source *s, uint64_t id)
{
	while (s->entry < s->end && *s->entry < id)
		s->entry++;
	if (s->entry == s->end)
		return 0;
	s->at = *s->entry;
	return 1;
}

int source_seek(struct source *s, uint64_t id)
{
	switch (s->kind) {
	case SOURCE_LIST:
		return seek_list(s, id);
	case SOURCE_ROWS:
		return seek_rows(s, id);
	case SOURCE_ENTRIES:
		return seek_entries(s, id);
	case SOURCE_TYPES:
		return seek_types(s, id);
	case SOURCE_MERGED:
		for (s->at = id; s->at < s->n; s->at++)
			if (s->way->from[s->at] < s->way->from[s->at + 1])
				return 1;
		return 0;
	case SOURCE_LABEL:
		return seek_label(s, id);
	case SOURCE_NAMED:
		return named_rows_seek(&s->named, id, &s->at);
	case SOURCE_ALL:
		break;
	}
	while (s->nodes && id < s->n && !dict_has(s->nodes, id))
		id++;
	s->at = id;
	return id < s->n;
}

int source_meet(struct source *x, struct source *y, uint64_t id, uint64_t *out)
{
	if (seek_entries(x, id) == 0 || !meet_next(&x->entry, x->end, &y->entry, y->end))
		return 0;
	*out = *x->entry;
	return 1;
}
