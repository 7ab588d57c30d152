/* tests/fuzz/streams.c - records and edges: what comes in as text, line by line */
#include <string.h>

#include "base/err.h"
#include "cli/output.h"
#include "cli/record.h"
#include "graph/text/text.h"
#include "tests/fuzz/fuzz.h"

/* --- records: what was read, written and read again, is the same --- */

#define MOST 400

struct kept {
	struct buf bytes;
	size_t n;
};

static void keep(struct kept *k, const struct record *r)
{
	buf_printf(&k->bytes, "%d %zu %zu ", r->absent, r->key.len, r->value.len);
	buf_add(&k->bytes, r->key.ptr, r->key.len);
	buf_add(&k->bytes, r->value.ptr, r->value.len);
	k->n++;
}

static int write_to(void *ctx, const void *ptr, size_t len)
{
	return buf_add(ctx, ptr, len);
}

/* Whole values, and keys: how many, < 0 an error. */
static int read_all(struct bytes in, enum record_format f, enum record_shape shape, size_t step,
		    struct kept *k, struct record_writer *w)
{
	struct fuzz_stream s = { in, step };
	const struct record_source from = { fuzz_fill, &s, "fuzz" };
	struct record_reader *r;
	struct record rec;
	int e = record_open(&r, f, shape, &from, 1u << 20, 1u << 20, fuzz_mem());

	while (e >= 0 && k->n < MOST && (e = record_next(r, &rec)) == 1) {
		FUZZ_MUST(rec.key.len >= 1 && rec.key.len <= RECORD_KEY_MAX);
		FUZZ_MUST(!rec.absent || rec.value.len == 0);
		if (rec.streamed)
			break;
		keep(k, &rec);
		if (w && shape == RECORD_KEYS)
			FUZZ_MUST(record_key(w, rec.key) == 0);
		else if (w)
			FUZZ_MUST((rec.absent ? record_absent(w, rec.key) :
				   record_write(w, rec.key, rec.value)) == 0 || f == RECORD_TEXT);
	}
	record_close(r);
	fuzz_mem_done();
	return e;
}

static int records(struct bytes in, enum record_format f, enum record_shape shape)
{
	struct kept once = { .n = 0 }, slow = { .n = 0 }, again = { .n = 0 };
	struct buf out = { .mem = NULL };
	const struct sink to = { write_to, &out };
	struct record_writer *w;
	struct mem mem;
	int r, r2;

	mem_init(&mem, 0);
	FUZZ_MUST(record_writer_open(&w, f, shape, to, &mem) == 0);
	r = read_all(in, f, shape, 0, &once, w);
	r2 = read_all(in, f, shape, 1 + in.len % 7, &slow, NULL);
	FUZZ_MUST(r == r2 && once.n == slow.n);
	FUZZ_MUST(bytes_equal(buf_bytes(&once.bytes), buf_bytes(&slow.bytes)));
	record_end(w);
	if (f != RECORD_TEXT) {
		r2 = read_all(buf_bytes(&out), f, shape, 0, &again, NULL);
		FUZZ_MUST(r2 == 0 || again.n == MOST);
		FUZZ_MUST(bytes_equal(buf_bytes(&once.bytes), buf_bytes(&again.bytes)));
	}
	record_writer_close(w);
	buf_release(&out);
	buf_release(&once.bytes);
	buf_release(&slow.bytes);
	buf_release(&again.bytes);
	return r >= 0;
}

int fuzz_record_tsv(struct bytes in) { return records(in, RECORD_TSV, RECORD_PAIRS); }
int fuzz_record_text(struct bytes in) { return records(in, RECORD_TEXT, RECORD_PAIRS); }
int fuzz_record_cdb(struct bytes in) { return records(in, RECORD_CDB, RECORD_PAIRS); }
int fuzz_record_jsonl(struct bytes in) { return records(in, RECORD_JSONL, RECORD_PAIRS); }
int fuzz_keys(struct bytes in) { return records(in, RECORD_TSV, RECORD_KEYS); }

/* --- edges and nodes --- */

static void see_key(const struct text_key *k)
{
	uint64_t number;

	FUZZ_MUST(k->bytes.len <= TEXT_KEY_MAX);
	FUZZ_MUST(k->is_number == text_number(k->bytes, &number));
	FUZZ_MUST(!k->is_number || k->number == number);
}

static void see(int what, const struct text_edge *e)
{
	see_key(&e->src);
	FUZZ_MUST(e->src.bytes.len > 0);
	if (what != TEXT_NODE) {
		see_key(&e->dst);
		FUZZ_MUST(e->dst.bytes.len > 0 && e->type.len <= TEXT_KEY_MAX);
	}
	FUZZ_MUST(e->value.kind != TEXT_REAL || e->value.r - e->value.r == 0);
	for (uint32_t i = 0; i < e->prop_n; i++)
		FUZZ_MUST(e->prop[i].name.len > 0);
	for (uint32_t i = 0; i < e->label_n; i++)
		FUZZ_MUST(e->label[i].len > 0);
}

/* What it gives, as a sum that is the same whichever way the bytes come. */
static int edges_of(struct bytes in, const struct text_dialect *d, size_t step, uint64_t bad_most,
		    uint64_t *n)
{
	struct fuzz_stream s = { in, step };
	const struct text_source from = { fuzz_fill, &s, "fuzz" };
	const struct text_options o = { .dialect = d, .arcs = true, .bad_most = bad_most };
	struct text_edge e;
	struct text *t;
	int r = text_open(&t, &from, &o, fuzz_mem());

	*n = 0;
	if (r < 0) {
		fuzz_mem_done();
		return r;
	}
	while (*n < 20000 && (r = text_next(t, &e)) > 0) {
		see(r, &e);
		*n += 1;
	}
	*n += text_bad(t) << 32;
	text_close(t);
	fuzz_mem_done();
	return r;
}

static int dialect(struct bytes in, const struct text_dialect *d)
{
	uint64_t n, slow;
	int r = edges_of(in, d, 0, 0, &n);

	FUZZ_MUST(edges_of(in, d, 1 + in.len % 5, 0, &slow) == r && n == slow);
	edges_of(in, d, 0, UINT64_MAX, &n);
	return r >= 0;
}

int fuzz_el(struct bytes in) { return dialect(in, &edgelist_dialect); }
int fuzz_tsv(struct bytes in) { return dialect(in, &tsv_dialect); }
int fuzz_csv(struct bytes in) { return dialect(in, &csv_dialect); }
int fuzz_mtx(struct bytes in) { return dialect(in, &mtx_dialect); }
int fuzz_metis(struct bytes in) { return dialect(in, &metis_dialect); }
int fuzz_dimacs(struct bytes in) { return dialect(in, &dimacs_dialect); }
int fuzz_adj(struct bytes in) { return dialect(in, &adj_dialect); }
int fuzz_adjlist(struct bytes in) { return dialect(in, &adjlist_dialect); }
int fuzz_jsonl(struct bytes in) { return dialect(in, &jsonl_dialect); }
int fuzz_nt(struct bytes in) { return dialect(in, &nt_dialect); }
int fuzz_nq(struct bytes in) { return dialect(in, &nq_dialect); }
int fuzz_kgtk(struct bytes in) { return dialect(in, &kgtk_dialect); }
int fuzz_graphml(struct bytes in) { return dialect(in, &graphml_dialect); }
int fuzz_ldbc(struct bytes in) { return dialect(in, &vertices_dialect); }
