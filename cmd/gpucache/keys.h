/* cmd/gpucache/keys.h - keys of a command line or of a stream, a request at a time
 *
 * As many as a request holds are gathered and then asked for at once; a stream that
 * pauses is asked for what it has brought so far, so that a co-process is answered.
 */
#ifndef CMD_GPUCACHE_KEYS_H
#define CMD_GPUCACHE_KEYS_H

#include "cmd/gpucache/gpucache.h"
#include "io/stream.h"

#define KEYS_MOST 4096u			/* of one request */

struct keys {
	struct cli *cli;
	/* N keys as wire_key_put puts them; below 0 ends it. */
	int (*ask)(void *ctx, struct bytes keys, unsigned n);
	int (*pause)(void *ctx);	/* before it waits for more; or NULL */
	void *ctx;

	struct buf body;		/* private from here on */
	unsigned n;
	struct in *in;
};

/* The operands, or with BATCH and without operands the list on standard input. */
int keys_all(struct keys *k, bool batch);
int keys_add(struct keys *k, struct bytes key);
int keys_end(struct keys *k);		/* the rest of them, and nothing is held */

/* Those of the operands, the stream or --prefix, as one request each of TYPE:
 * flags before them.  What was done is summed up. */
struct keys_done {
	uint64_t n, bytes, absent_n, refused_n;
	struct err_note why;
};
int keys_do(struct asker *a, unsigned type, uint32_t flags, struct keys_done *out);

#endif
