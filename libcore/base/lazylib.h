/* base/lazylib.h - a shared library loaded at its first use
 *
 * A library costs each process that links it 20 to 40 us at its start, and one
 * small put or get needs neither LZ4 nor zlib nor libaio.  So those are opened
 * when the first block asks for them.  Thread-safe; a library stays loaded.
 */
#ifndef BASE_LAZYLIB_H
#define BASE_LAZYLIB_H

#include <pthread.h>

struct lazylib {
	const char *soname;		/* "liblz4.so.1" */
	const char *debian;		/* the package that carries it, for the message */
	const char *const *names;	/* symbols, ended by NULL */
	void **symbols;			/* filled in the same order */
	pthread_mutex_t lock;
	int state;			/* 0 not tried, 1 loaded, <0 the error */
};

/* 0 and every symbol is set, or ERR_UNAVAILABLE, each time it is asked. */
int lazylib_load(struct lazylib *lib);

#endif
