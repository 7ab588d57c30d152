/* store/check_inside.h - what check.c, check_log.c and check_segments.c share */
#ifndef STORE_CHECK_INSIDE_H
#define STORE_CHECK_INSIDE_H

#include "base/mem.h"
#include "store/check.h"
#include "store/kept.h"
#include "store/manifest.h"
#include "store/wal.h"

/* A check under way. */
struct checking {
	const struct check *c;
	const struct manifest *m;	/* NULL: none that is sound */
	const struct kept_set *kept;	/* the snapshots that are sound */
	struct bytes snapshot;		/* whose files are checked; ptr NULL: the store's */
	uint64_t done, all;		/* bytes, for who watches */
	int worst;			/* 0 or the code to end with */
	int stop;			/* what `found` answered, if not 0 */
	char file[1200], what[1200];	/* the finding at hand */
};

/* LEN bytes more were checked. */
void checking_step(struct checking *k, uint64_t len);

/* Hands F out; 0, or the code that ends the check. */
int checking_tell(struct checking *k, struct check_finding *f);

/* R, an error just met about FILE, with the thread's message, is a finding when
 * other files may still be fine (damage, a refusal, an absent file); else it is
 * returned to end the check.  PATTERN has graph, key, so, next. */
int checking_met(struct checking *k, int r, const char *file,
		 const struct check_finding *pattern);

const char *checking_path(struct checking *k, const char *name);
/* Takes "FILE: offset N: WORDS" apart into F, whose file is set. */
void checking_take(struct checking *k, struct check_finding *f, const char *text);

/* check_log.c.  HEAD: the sound head of the log the manifest names, else NULL: then
 * nobody writes to it, and no index is of it. */
int checking_log(struct checking *k, struct file *f, const struct wal_head *head);

/* check_segments.c: runs, values, blobs, graphs that the manifest names and LIVE
 * (NULL: none) and BEFORE (the same) do not. */
int checking_segments(struct checking *k, const struct manifest *live,
		      const struct kept_set *before);
/* What they will read, about. */
uint64_t checking_bytes(const struct checking *k, const struct kept_set *set);
/* The value of E, read to its end. */
int checking_value(struct checking *k, const struct entry *e, const uint8_t *store_id);

/* The graph whose space this is: its name, or NULL (0, the users' keys). */
const char *checking_graph(const struct checking *k, uint32_t space);

#endif
