/* tests/fuzz/fuzz.h - a parser, any bytes
 *
 * A harness takes one input: 1, it was taken; 0, it was refused, with a message.  What
 * cannot be (a crash, a parse that does not survive being written) ends by abort().  One
 * program has them all: `fuzz NAME FILE...` replays, `fuzz NAME --time=S` mutates, and
 * with -DFUZZ_LIBFUZZER it is libFuzzer's, the name in $FUZZ.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/mem.h"

typedef int fuzz_fn(struct bytes in);

fuzz_fn fuzz_record_tsv, fuzz_record_text, fuzz_record_cdb, fuzz_record_jsonl, fuzz_keys;
fuzz_fn fuzz_el, fuzz_tsv, fuzz_csv, fuzz_mtx, fuzz_metis, fuzz_dimacs, fuzz_adj, fuzz_adjlist;
fuzz_fn fuzz_jsonl, fuzz_nt, fuzz_nq, fuzz_kgtk, fuzz_graphml, fuzz_ldbc;
fuzz_fn fuzz_statements, fuzz_turtle, fuzz_pattern, fuzz_ops, fuzz_literal;
fuzz_fn fuzz_log, fuzz_commit, fuzz_manifest, fuzz_segment, fuzz_image, fuzz_setting;
fuzz_fn fuzz_wire, fuzz_wire_graph, fuzz_wire_run, fuzz_token, fuzz_calibration, fuzz_service;

/* Memory of the harness: limited, and all given back. */
struct mem *fuzz_mem(void);
void fuzz_mem_done(void);

/* An input as a source of bytes, a few at a time. */
struct fuzz_stream {
	struct bytes left;
	size_t step;
};
ssize_t fuzz_fill(void *ctx, void *buf, size_t cap);

#define FUZZ_MUST(x) ((x) ? (void)0 : fuzz_broken(#x))
void fuzz_broken(const char *what) __attribute__((noreturn));

#endif
