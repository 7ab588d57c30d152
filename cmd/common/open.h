/* cmd/common/open.h - the store a command works on
 *
 * Joins the command line's words (cli) with the store's: which directory, which
 * settings in which order, how long to wait for its locks.
 */
#ifndef CMD_COMMON_OPEN_H
#define CMD_COMMON_OPEN_H

#include "cli/cli.h"
#include "store/store.h"

/* The store of -s or $STRATO_STORE.  GRAPHS: to read graphs only (store_options), unless
 * --as-of looks for a version of the whole store.  CREATE: make it if it is missing (only that;
 * a damaged or foreign directory stays as it is).  An ERR_ code otherwise. */
enum open_mode { OPEN_READ, OPEN_GRAPHS, OPEN_WRITE, OPEN_CREATE };
int open_store(struct cli *c, struct store **out, enum open_mode mode);

/* The store at B, to write to it, with the settings the command line says. */
int open_store_on(struct cli *c, struct backend *b, struct store **out);

/* The snapshot that --as-of asks for, else the newest state. */
int open_snapshot(struct cli *c, struct store *s, struct snapshot **out);

#endif
