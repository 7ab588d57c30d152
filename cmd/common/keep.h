/* cmd/common/keep.h - --keep of commands that compact: a way back to what was before
 *
 * The store as it is before is kept as a snapshot named after its version, and those
 * that earlier runs kept go when they are too old.  Snapshots that somebody named stay.
 */
#ifndef CMD_COMMON_KEEP_H
#define CMD_COMMON_KEEP_H

#include "cli/cli.h"
#include "store/store.h"

#define KEEP_OPTION(val) CLI_TEXT("keep", 0, val, \
	"serve --as-of the version before, so far back", "TIME|VERSIONS")

/* What of the past stays: so long, or so many versions. */
struct keep {
	bool any;
	uint64_t ns, versions;	/* one of them; the other is 0 */
};

/* From the text of the option VAL, if it is given; ends with status 64. */
void keep_read(struct cli *c, int val, struct keep *keep);
/* The store as it is now, at VERSION or, by the commits of others, one later.  Nothing
 * unless ANY. */
int keep_version(struct cli *c, struct store *s, const struct keep *keep, uint64_t version);

#endif
