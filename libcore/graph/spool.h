/* graph/spool.h - bytes kept in the order they came until they are read back
 *
 * In memory up to a cap, beyond it in a file of the store's tmp/ whose name is
 * removed as soon as it is open, so that nothing is left after any kill.  Add,
 * then read any range, then add more: all that was added stays readable.
 */
#ifndef GRAPH_SPOOL_H
#define GRAPH_SPOOL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct backend;
struct mem;
struct spool;

/* CAP bytes at most stay in memory (0: only a write buffer).  ERR_MEMORY. */
int spool_open(struct spool **out, struct backend *b, size_t cap, struct mem *mem);
void spool_close(struct spool *s);		/* NULL is fine */

int spool_add(struct spool *s, const void *ptr, size_t len);
uint64_t spool_bytes(const struct spool *s);

struct spool_reader {
	const uint8_t *at, *end;	/* the window: bytes at hand */
	struct spool *spool;
	uint64_t off, stop;		/* of the window's end; of the range */
	uint8_t *buf;			/* window over the file, or NULL */
	size_t buf_len;
};

/* Read LEN bytes from OFF on, through a buffer of BUF_LEN bytes where they lie
 * in the file.  Nothing may be added while a reader is open on bytes that were
 * not yet written: begin takes care of those added before it. */
int spool_begin(struct spool_reader *r, struct spool *s, uint64_t off, uint64_t len,
		size_t buf_len);
/* 1 and LEN bytes; 0 at the end of the range; ERR_IO, or ERR_BUG when the range
 * ends in between. */
int spool_read_slow(struct spool_reader *r, void *out, size_t len);
void spool_end(struct spool_reader *r);		/* once or more */

static inline int spool_read(struct spool_reader *r, void *out, size_t len)
{
	if ((size_t)(r->end - r->at) < len)
		return spool_read_slow(r, out, len);
	memcpy(out, r->at, len);
	r->at += len;
	return 1;
}

#endif
