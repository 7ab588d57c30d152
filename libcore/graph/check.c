/* graph/check.c - pages first, then rules, then the two directions together
 *
 * A page whose checksum fails is listed with all others of its file; the rules of
 * a file are looked at only when its pages are sound, and the transpose only when
 * both files are: else one fault would be told many times.
 */
#include "graph/check.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/sort.h"

struct check {
	struct graph *g;
	struct mem *mem;
	struct backend *backend;
	void (*found)(void *ctx, const char *words);
	void *ctx;
	int fault_n;
	struct segment *seg;		/* being verified */
};

static void fault(struct check *c, const char *words)
{
	c->fault_n++;
	c->found(c->ctx, words);
}

/* A fault that was found by reading; other errors end the check. */
static int note(struct check *c, int r)
{
	if (r != ERR_DAMAGED)
		return r < 0 ? r : 0;
	fault(c, err_message());
	return 0;
}

static void bad_page(void *ctx, uint64_t off, uint32_t tag, uint32_t expected, uint32_t got)
{
	struct check *c = ctx;
	char words[512];

	(void)tag;
	snprintf(words, sizeof words, "%s: offset %" PRIu64 ": checksum %08" PRIx32
		 " expected, %08" PRIx32 " found: a page of graph %s is lost",
		 segment_path(c->seg), off, expected, got, graph_entry(c->g)->name);
	fault(c, words);
}

static int pages(struct check *c, struct segment *seg)
{
	c->seg = seg;
	return segment_verify(seg, bad_page, c);
}

static int check_dict(struct check *c)
{
	int r = pages(c, dict_segment(graph_dict(c->g)));

	return r == 0 ? note(c, dict_check(graph_dict(c->g))) : r < 0 ? r : 0;
}

static int check_csr(struct check *c, struct csr *csr)
{
	int r = pages(c, csr_segment(csr));

	return r == 0 ? note(c, csr_check(csr)) : r < 0 ? r : 0;
}

/* --- one direction against the other --- */


static int add_turned(struct sort *s, struct csr *out, uint32_t type)
{
	struct csr_list list;
	struct csr_scan scan;
	uint64_t to;
	int r = 0;

	csr_scan_begin(&scan, out, type);
	while (r >= 0 && (r = csr_scan_next(&scan, &list)) > 0)
		while (r >= 0 && (r = csr_next(&list, &to)) > 0)
			r = sort_add(s, (sort_key)to << 64 | scan.node);
	return r < 0 ? r : sort_finish(s);
}

static int differs(struct check *c, struct csr *in, uint32_t type)
{
	char words[512];

	snprintf(words, sizeof words, "%s: type %" PRIu32 " of graph %s: incoming edges are"
		 " not the outgoing ones turned round", segment_path(csr_segment(in)), type,
		 graph_entry(c->g)->name);
	fault(c, words);
	return 0;
}

static int compare(struct check *c, struct sort *s, struct csr *in, uint32_t type)
{
	struct csr_list list;
	struct csr_scan scan;
	sort_key key;
	uint64_t to;
	int r;

	csr_scan_begin(&scan, in, type);
	while ((r = csr_scan_next(&scan, &list)) > 0) {
		while ((r = csr_next(&list, &to)) > 0) {
			r = sort_next(s, &key);
			if (r < 0)
				return r;
			if (r == 0 || key != ((sort_key)scan.node << 64 | to))
				return differs(c, in, type);
		}
		if (r < 0)
			return r;
	}
	if (r == 0 && (r = sort_next(s, &key)) > 0)
		return differs(c, in, type);
	return r;
}

static int check_turned(struct check *c, uint32_t type)
{
	struct csr *out = graph_csr(c->g, CSR_OUT), *in = graph_csr(c->g, CSR_IN);
	struct sort_options o = {
		.backend = c->backend, .mem = c->mem, .words = 2, .bits = 128, .given = 64,
	};
	struct sort *s = NULL;
	uint64_t n;
	int r = csr_type_edges(out, type, &n);

	o.budget = mem_left(c->mem) / 2;
	o.most = n;
	if (r == 0)
		r = sort_open(&s, &o);
	if (r == 0)
		r = add_turned(s, out, type);
	if (r == 0)
		r = compare(c, s, in, type);
	sort_close(s);
	return r;
}

static int check_all(struct check *c)
{
	struct csr *out = graph_csr(c->g, CSR_OUT), *in = graph_csr(c->g, CSR_IN);
	int r = check_dict(c);

	if (r == 0)
		r = check_csr(c, out);
	if (r == 0 && in != out)
		r = check_csr(c, in);
	for (uint32_t t = 0; r == 0 && !c->fault_n && t < graph_type_n(c->g); t++)
		r = check_turned(c, t);
	return r;
}

int check_graph(struct backend *b, const uint8_t store_id[16],
		const struct manifest_graph *g, struct mem *mem,
		void (*found)(void *ctx, const char *words), void *ctx)
{
	struct check c = { .mem = mem, .backend = b, .found = found, .ctx = ctx };
	int r = graph_open(&c.g, b, store_id, g, mem);

	r = r < 0 ? note(&c, r) : check_all(&c);
	graph_close(c.g);
	return r < 0 ? r : c.fault_n;
}
