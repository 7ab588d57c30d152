/* cmd/walcheck/walcheck.h - what the parts of strato-walcheck share */
#ifndef CMD_WALCHECK_WALCHECK_H
#define CMD_WALCHECK_WALCHECK_H

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "store/check.h"

struct walcheck_stats {
	uint64_t commit_n, record_n, put_n, large_n, remove_n;
	uint64_t bytes, largest;		/* of commits in the log */
	uint64_t first, last;			/* versions */
	uint64_t first_ns, last_ns;		/* wall clock */
};

struct walcheck {
	struct cli *cli;
	struct mem mem;
	struct backend *backend;		/* the store's */
	int list, stats, full;
	bool file;				/* operands, not a store */
	uint64_t since, until;			/* versions: after, up to */
	const char *repair;
	struct output *out;			/* rows; NULL: none */
	struct json json;			/* a finding */
	struct buf record;
	struct progress progress;
	struct walcheck_stats seen;
	uint64_t damage_n, unreadable_n;	/* findings told */
};

/* list.c: records as rows, and what they add up to. */
int list_commit(void *ctx, const struct log_commit *c);
int list_entry(void *ctx, const struct log_commit *c, const struct entry *e, uint64_t off);
int list_stats(struct walcheck *w);

/* plain.c: one file, wherever it lies and whoever owns it; read only. */
struct plain;
int plain_open(struct plain **out, const char *path);
struct file *plain_file(struct plain *p);
void plain_close(struct plain *p);		/* NULL is fine */

/* repair.c: STORE's sound contents into a new store at w->repair. */
int repair_store(struct walcheck *w, struct backend *from);

#endif
