/* graph/csr_write_inside.h - what the writer's files share
 *
 * Lists stream into CSR_TARGETS.  Whose they are is known as they pass, but the
 * form of a type's rows only at its end, and they belong to another section: so
 * what is to be said of each row (of each chunk of a coo) waits in a spool, the
 * values in another, and the types' directory in memory.
 */
#ifndef GRAPH_CSR_WRITE_INSIDE_H
#define GRAPH_CSR_WRITE_INSIDE_H

#include "base/bytes.h"
#include "graph/csr.h"
#include "graph/csr_disk.h"
#include "graph/spool.h"

#define CSR_CHUNK 65536u	/* bytes gathered before a write */

struct csr_type_out {
	uint64_t edge_n, row_n, record_n;
	uint64_t targets_off, targets_len, rows_off, values_off;
	uint64_t spool_off, spool_len;		/* of its records */
	/* of its values: what decides their width */
	int64_t least, most;
	uint64_t first;				/* the bits of the first */
	bool differ, wide;			/* not all the same; not all binary32 */
	unsigned digits;			/* decimals of so many; over CSR_DIGITS: not all */
	double low, high;
};

struct csr_writer {
	struct mem *mem;
	struct backend *backend;
	struct segment_writer *seg;
	struct csr_plan plan;
	unsigned width;
	struct spool *rows, *values;
	struct csr_type_out *types;
	uint32_t type;		/* the one being written */
	uint64_t edge_n;
	/* its last row, when the type has an edge */
	uint64_t node, last_to, degree;
	bool open;		/* more may come */
	uint64_t spooled;	/* node of the last record */
	uint64_t chunk_node, chunk_off, chunk_n;	/* coo: the open chunk */
	struct buf ids, bytes;	/* packed: the open row; its list */
	uint64_t held_most;	/* bytes of ids that may be there */
	struct spool *longer;	/* the ids of a row that has more */
	struct spool_reader longer_in;
	uint8_t chunk[CSR_CHUNK];
	size_t chunk_len;
};

/* Into the open section, WIDTH bytes of V; or bytes; or zeros to a border. */
int csr_write_number(struct csr_writer *w, uint64_t v, unsigned width);
int csr_write_bytes(struct csr_writer *w, const void *ptr, size_t len);
int csr_write_align(struct csr_writer *w);
bool csr_write_dense(const struct csr_writer *w, const struct csr_type_out *t);

/* Seven bits a byte; returns how many bytes, at most 10. */
unsigned csr_write_varint(uint8_t *out, uint64_t v);

/* The sections CSR_ROWS and CSR_VALUES; where each type's part begins is noted. */
int csr_write_rows(struct csr_writer *w);
int csr_write_values(struct csr_writer *w);

/* N values of the open type, in order. */
int csr_write_take_values(struct csr_writer *w, const union csr_value *v, uint64_t n);
struct csr_write_as {			/* how a type's values are written */
	uint64_t base;
	unsigned width, digits;
};
struct csr_write_as csr_write_values_as(const struct csr_writer *w,
					const struct csr_type_out *t);

#endif
