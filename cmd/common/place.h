/* cmd/common/place.h - a new store's directory: built beside, put in place whole
 *
 * What is built lies in DIR.partial, locked, until it is complete; then one rename makes
 * it DIR.  A signal that ends the process removes it first; what a killed one left is
 * cleared by the next that makes DIR.  One at a time in a process.
 */
#ifndef CMD_COMMON_PLACE_H
#define CMD_COMMON_PLACE_H

struct place {
	char *dir, *partial, *parent;
	int lock;		/* on DIR.partial, while it is being made; else -1 */
};

/* DIR.partial is there, empty and ours.  ERR_EXISTS: something is at DIR, or another
 * process or another's files at DIR.partial. */
int place_begin(struct place *p, const char *dir);
/* Renamed and durable. */
int place_commit(struct place *p);
/* What was begun goes, as far as it is of a store; nothing begun is fine.  Then, or
 * after commit: */
void place_abort(struct place *p);
void place_release(struct place *p);

#endif
