/* cmd/get/get_files.h - values into files below a directory, named by their keys
 *
 * The inverse of `put --files`.  A file is complete or absent, and takes the place of
 * one that is there; directories are made.  No key leads out of the directory: not by
 * "..", not from the root, not through a symbolic link in it.
 */
#ifndef CMD_GET_GET_FILES_H
#define CMD_GET_GET_FILES_H

#include "cli/cli.h"
#include "store/store.h"

struct get_files {
	const char *into;	/* made if it is not there */
	const char *prefix;	/* NULL: none; taken off the keys */
};

/* Of the keys that are operands, else of all that begin with the prefix.  ERR_BAD_RECORD:
 * a key that is no path below INTO; ERR_ABSENT: some operands are not there, the others
 * are written; ERR_UNTRUSTED: a link, or no directory, where one must be.  Durable when
 * this returned 0 or ERR_ABSENT. */
int get_files(struct cli *c, struct store *s, struct snapshot *v, const struct get_files *f);

#endif
