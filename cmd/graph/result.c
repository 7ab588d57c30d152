/* cmd/graph/result.c - a line a node */
#include "cmd/graph/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

void result_options(struct result *s, struct cli *c)
{
	s->threads = (unsigned)cli_u64(c, RESULT_OPT_THREADS, 1, TEAM_MOST, 0);
	s->top = cli_u64(c, RESULT_OPT_TOP, 1, UINT64_MAX, 0);
	s->stats = cli_given(c, RESULT_OPT_STATS);
}

double result_real(struct cli *c, int val, const char *option, double most, double dflt)
{
	const char *text = cli_text(c, val);
	char *end;
	double v;

	if (!text)
		return dflt;
	v = strtod(text, &end);
	if (end == text || *end || !(v >= 0 && v <= most))
		cli_usage(c, "--%s=%s: not a number from 0 to %g", option, text, most);
	return v;
}

/* These commands may want all of memory, so the limit that nobody set is looked up. */
static void limit_memory(struct result *s)
{
	store_mem(s->o.store)->limit = (size_t)setting_u64(store_settings(s->o.store),
							   SETTING_MEMORY_LIMIT);
}

int result_begin(struct result *s, struct cli *c)
{
	int r = opened_begin(&s->o, c);

	if (r == 0)
		limit_memory(s);
	if (r == 0)
		r = opened_rows(&s->o);
	return r == 0 ? opened_types(&s->o) : r;
}

int result_end(struct result *s, int r)
{
	return opened_end(&s->o, r);
}

int result_start(struct result *s, const char *what, uint64_t bytes)
{
	uint64_t left = mem_left(store_mem(s->o.store));

	s->begun_ns = clock_ns();
	s->begun_bytes = graph_reading(s->o.graph)->bytes;
	if (bytes <= left)
		return 0;
	err_set(ERR_MEMORY, "%s over %" PRIu64 " nodes takes %" PRIu64
		" MiB of memory, %" PRIu64 " MiB are left", what, graph_node_n(s->o.graph),
		(bytes >> 20) + 1, left >> 20);
	err_hint("memory_limit says how much may be used");
	return ERR_MEMORY;
}

void result_stop(struct result *s, uint64_t edge_n)
{
	const struct graph_reading *reading = graph_reading(s->o.graph);
	double ms = (double)(clock_ns() - s->begun_ns) / 1e6;
	uint64_t bytes = reading->bytes - s->begun_bytes;
	char read[320] = "";

	if (bytes)
		snprintf(read, sizeof read, "lists too large for memory: %" PRIu64
			 " bytes read ahead, %.1f MB a second; %s%s", bytes,
			 (double)bytes / (ms > 0 ? ms : 1) / 1e3,
			 reading->direct ? "direct, " : "", reading->why);
	if (s->stats)
		cli_say(s->o.cli, "%.2f ms, %" PRIu64 " edges looked at, %.1f M a second",
			ms, edge_n, (double)edge_n / (ms > 0 ? ms : 1) / 1e3);
	if (bytes && s->stats)
		cli_say(s->o.cli, "%s", read);
	else if (bytes)
		cli_note(s->o.cli, "%s", read);
}

/* --- all --- */

static int put(struct result *s, const struct result_column *c, uint64_t id, uint64_t value)
{
	row_node(&s->o.row, "node", id);
	c->put(&s->o.row, c->name, value);
	return row_end(&s->o.row);
}

static int put_all(struct result *s, const struct result_column *c)
{
	struct dict *d = graph_dict(s->o.graph);
	uint64_t id, value;
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < graph_count(s->o.graph); i++) {
		r = dict_at(d, i, &id);
		if (r >= 0 && c->value(c->ctx, id, &value))
			r = put(s, c, id, value);
	}
	return r;
}

/* --- the greatest --- */

struct best {
	uint64_t place, id, value;
};

static bool before(const struct best *a, const struct best *b)
{
	return a->value != b->value ? a->value > b->value : a->place < b->place;
}

static int by_value(const void *a, const void *b)
{
	return before(a, b) ? -1 : before(b, a);
}

/* A heap of N with the last of the best on top. */
static void sink(struct best *heap, uint64_t n, uint64_t i)
{
	for (;;) {
		uint64_t last = i;
		struct best swap;

		for (uint64_t c = 2 * i + 1; c <= 2 * i + 2 && c < n; c++)
			if (before(&heap[last], &heap[c]))
				last = c;
		if (last == i)
			return;
		swap = heap[i];
		heap[i] = heap[last];
		heap[last] = swap;
		i = last;
	}
}

static void offer(struct best *heap, uint64_t *n, uint64_t most, struct best b)
{
	if (*n < most) {
		heap[(*n)++] = b;
		for (uint64_t i = *n / 2; *n == most && i-- > 0;)
			sink(heap, most, i);
	} else if (before(&b, heap)) {
		*heap = b;
		sink(heap, most, 0);
	}
}

static int put_top(struct result *s, const struct result_column *c)
{
	uint64_t n = 0, node_n = graph_count(s->o.graph);
	uint64_t most = s->top < node_n ? s->top : node_n;
	struct best *heap = mem_alloc(store_mem(s->o.store), most * sizeof *heap), b;
	int r = heap ? 0 : ERR_MEMORY;

	for (b.place = 0; r >= 0 && b.place < node_n; b.place++) {
		r = dict_at(graph_dict(s->o.graph), b.place, &b.id);
		if (r >= 0 && c->value(c->ctx, b.id, &b.value))
			offer(heap, &n, most, b);
	}
	if (r >= 0 && n)
		qsort(heap, n, sizeof *heap, by_value);
	for (uint64_t i = 0; r >= 0 && i < n; i++)
		r = put(s, c, heap[i].id, heap[i].value);
	mem_free(store_mem(s->o.store), heap);
	return r < 0 ? r : 0;
}

int result_put(struct result *s, const struct result_column *c)
{
	return s->top ? put_top(s, c) : put_all(s, c);
}
