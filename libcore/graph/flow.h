/* graph/flow.h - the lists of a sweep's parts, read ahead of whoever takes them
 *
 * Some parts that follow one another, about a MiB of lists, are a unit: it is
 * read into a slot, its wanted parts alone, in requests of a MiB at most, and the slot
 * is free again when all of them are done.  Units are read in order, parts are
 * taken in order, so the unit that somebody waits for has a slot, or all slots belong
 * to parts that are being worked on.  Whoever waits, or is done with a part, submits
 * and reaps under one lock: there is no thread that only reads.
 *
 * Direct where that can be had, and nothing stays in the page cache; else buffered, and
 * what was used is given up again.  Memory: `depth` slots or as many as half of what is
 * left has room for, two at least.
 */
#ifndef GRAPH_FLOW_H
#define GRAPH_FLOW_H

#include "graph/sweep.h"

struct flow;

/* S and its parts are final, and stay.  Reads nothing and draws little. */
int flow_open(struct flow **out, const struct sweep *s);
void flow_close(struct flow *f);		/* NULL is fine */
void flow_beside(struct flow *a, struct flow *b);

/* 1: the lists are read ahead; 0: they are in the mapped file.  Decided once.
 * ERR_MEMORY, ERR_DAMAGED. */
int flow_decide(struct flow *f);

/* Bytes that a run over SKIP would read. */
uint64_t flow_bytes(const struct flow *f, const uint64_t *skip);
/* Has the part a node that is not in SKIP, NULL: none is? */
bool flow_wants(const struct sweep *s, uint64_t part, const uint64_t *skip);

/* A run, when flow_decide said 1: flow_begin and flow_end by one thread; flow_take of
 * wanted parts as often as one likes, and flow_done once for each part that was begun,
 * by any. */
void flow_begin(struct flow *f, const uint64_t *skip);
/* The lists of one source in PART, good until flow_done: 1; 0: they are in the mapped
 * file.  ERR_DAMAGED with the offset, ERR_IO; ERR_MEMORY where there is no room for two
 * slots. */
int flow_take(struct flow *f, uint64_t part, uint32_t source, struct csr_held *out);
void flow_done(struct flow *f, uint64_t part);
void flow_end(struct flow *f);

#endif
