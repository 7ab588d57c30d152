/* io/ioq.h - many reads or writes in flight
 *
 * libaio where there is one, else pread and pwrite by a few threads; the
 * difference is speed, never results.  A libaio context costs up to 32 ms at the
 * end of its process, so make a queue only for work of about 64 MiB or 2000 cold
 * blocks (ioq_worth says), and read one by one below that.
 */
#ifndef IO_IOQ_H
#define IO_IOQ_H

#include "io/backend.h"

struct ioq;

enum ioq_engine { IOQ_AUTO, IOQ_LIBAIO, IOQ_THREADS, IOQ_SYNC };

struct ioq_op {
	struct file *file;
	void *buf;		/* aligned as file->align asks; yours until the op is back */
	size_t len;
	uint64_t off;
	bool write;
	void *user;		/* handed back untouched */
	ssize_t result;		/* bytes (less than len only at the end of the file), or an ERR_ code */
};

static inline bool ioq_worth(uint64_t bytes, uint64_t blocks)
{
	return bytes >= (64u << 20) || blocks >= 2000;
}

/* DEPTH ops at most in flight.  AUTO falls back by itself (no library, no
 * contexts left: EAGAIN, a backend without descriptors); asking for LIBAIO by
 * name fails with ERR_UNAVAILABLE instead. */
int ioq_open(struct ioq **out, unsigned depth, enum ioq_engine engine);
void ioq_close(struct ioq *q);			/* waits for what is in flight */
enum ioq_engine ioq_engine_used(const struct ioq *q);
const char *ioq_why(const struct ioq *q);	/* "libaio" or why not, for -v and stat */

/* 0 and the op is in flight (stable memory until it returns), or an error and
 * it is not.  The queue being full is our bug: check ioq_room. */
int ioq_submit(struct ioq *q, struct ioq_op *op);
unsigned ioq_room(const struct ioq *q);
unsigned ioq_in_flight(const struct ioq *q);

/* The next op that is done (in any order), waiting for one; NULL when nothing is
 * in flight.  Its own failure is in op->result with the message set. */
struct ioq_op *ioq_wait(struct ioq *q);
/* The same without waiting: NULL when none is done yet. */
struct ioq_op *ioq_poll(struct ioq *q);

#endif
