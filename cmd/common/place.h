/* cmd/common/place.h - a new store's directory: built beside, put in place whole
 *
 * What is built lies in DIR.partial until it is complete; then one rename makes it
 * DIR.  Killed meanwhile, it is DIR.partial that is left, and DIR is not there.
 */
#ifndef CMD_COMMON_PLACE_H
#define CMD_COMMON_PLACE_H

struct place {
	char *dir, *partial, *parent;
};

/* ERR_EXISTS: something is at DIR, or at DIR.partial. */
int place_begin(struct place *p, const char *dir);
/* Renamed and durable. */
int place_commit(struct place *p);
/* What was begun goes, as far as it is of a store.  Then, or after commit: */
void place_abort(struct place *p);
void place_release(struct place *p);

#endif
