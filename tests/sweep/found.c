/* tests/sweep/found.c - faults that were found by a sweep, and that are met for ever */
#include "tests/sweep/sweep.h"

const struct found found[] = {
	/* popt ends the process with status 1, an answer, or forgets operands */
	{ "put-data", "alloc:9+" },
	{ "get-unordered", "alloc:2" },
	/* no message when there is no memory for one */
	{ "put-data", "alloc:22+" },
	{ "put-gzip", "alloc:6+" },
	/* a list that breaks off with ENOENT was "none there": a snapshot's runs went */
	{ "graph-mv", "getdents64:5:ENOENT" },
	/* new.partial stayed */
	{ "restore", "close:29:hup" },
	{ "restore", "flock:1:term" },
	{ "restore", "openat:1:EIO" },
	{ "restore-stdin", "newfstatat:16:term" },
	/* without descriptors and without clients the service was deaf for ever */
	{ "serve", "accept4:3:EMFILE" },
	/* a store that cannot be read back was called a bug */
	{ "walcheck-repair", "newfstatat:86:EACCES" },
};
const size_t found_n = sizeof found / sizeof *found;
