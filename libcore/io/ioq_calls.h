/* io/ioq_calls.h - what ioq asks of libaio, as a table
 *
 * So that a test can stand in for the kernel: refuse, take half, fail late.
 * Results are libaio's: 0 or a count, or minus an errno.
 */
#ifndef IO_IOQ_CALLS_H
#define IO_IOQ_CALLS_H

#include "io/ioq.h"

struct iocb;
struct io_event;
struct io_context;
struct timespec;

struct ioq_calls {
	int (*setup)(int depth, struct io_context **ctx);
	int (*submit)(struct io_context *ctx, long n, struct iocb **list);
	int (*getevents)(struct io_context *ctx, long min, long n,
			 struct io_event *events, struct timespec *wait);
	int (*destroy)(struct io_context *ctx);
};

/* CALLS NULL: libaio's own. */
int ioq_open_with(struct ioq **out, unsigned depth, enum ioq_engine engine,
		  const struct ioq_calls *calls);

#endif
