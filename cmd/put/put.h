/* cmd/put/put.h - what the parts of strato-put share */
#ifndef CMD_PUT_PUT_H
#define CMD_PUT_PUT_H

#include "cli/cli.h"
#include "cli/progress.h"
#include "io/stream.h"
#include "store/store.h"

#define PUT_GROUP_BYTES (2ull << 30)	/* a commit while records flow without a pause */
#define PUT_PAUSE_NS 100000000u		/* an input quiet for so long is committed */
#define PUT_FLOW_BYTES (16u << 20)	/* what comes faster than this ... */
#define PUT_FLOW_NS 1000000000u		/* ... in this time flows: a bulk load */
#define PUT_RECORD_COST 16u		/* a record more, in bytes */
#define PUT_ACK_EVERY 1000u
#define PUT_TTL_MAX (100ull * 366 * 86400 * 1000000000)	/* a hundred years */
#define PUT_READ (256u << 10)

struct put {
	struct cli *cli;
	struct store *store;
	struct txn *txn;
	struct out *out;		/* acknowledgements */
	struct progress progress;
	int ack, atomic, create;
	bool dry_run;
	uint64_t every_n, every_ns;	/* commit after so many records or so long */
	uint64_t ttl_ms;
	uint64_t count, durable;	/* input records read; of them durable */
	uint64_t version;		/* of the last commit */
	uint64_t pending_ns;		/* when the first record not committed came */
	uint64_t flow_bytes, flow_until;	/* see put_pause */
	uint64_t bytes_before;		/* of the files already read */
};

/* A record is in the transaction: commit when it is time. */
int put_counted(struct put *p);
/* Commit what is held (nothing when atomic, until the end). */
int put_commit(struct put *p);
/* Before blocking on IN: commit what has waited long enough.  ERR_ABSENT, without
 * words, when a signal says stop. */
int put_pause(struct put *p, struct in *in);
/* One value from IN under KEY, streamed. */
int put_stream(struct put *p, struct bytes key, struct in *in);

/* put_batch.c: records from the operands' files or standard input. */
struct put_batch {
	enum record_format format;
	uint64_t max_bad;
	const char *rejects;
};
int put_batch(struct put *p, const struct put_batch *b);

/* put_files.c: files under their paths. */
struct put_files {
	const char *prefix, *from;
	bool null;
};
int put_files(struct put *p, const struct put_files *f);

#endif
