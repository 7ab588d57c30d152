/* io/view.h - a file mapped for reading
 *
 * The size is taken at open; touching beyond it is our bug.  A file that is cut
 * behind our back would be a signal: view_guard() installs a handler that turns
 * SIGBUS inside a view into a message and status 74.
 */
#ifndef IO_VIEW_H
#define IO_VIEW_H

#include "io/backend.h"

struct view {
	struct file *file;	/* borrowed */
	const uint8_t *ptr;
	size_t len;
	bool owned;		/* read into memory, not mapped */
};

/* Maps the file; where the backend cannot map, reads it whole. */
int view_open(struct view *v, struct file *f);
void view_close(struct view *v);
enum view_advice { VIEW_RANDOM, VIEW_SEQUENTIAL, VIEW_WILLNEED,
	VIEW_DONE };		/* this process needs it no more; it may still read it */
void view_advise(const struct view *v, uint64_t off, uint64_t len, enum view_advice);
/* Waits until all of it is in the page cache and mapped: false when it cannot be (an
 * error of the device: who reads the file instead is told which), or when the system
 * has no way to say so before it is touched. */
bool view_bring(const struct view *v, uint64_t off, uint64_t len);
/* Is all of it in the page cache (or in memory)?  True when the system does not say. */
bool view_resident(const struct view *v, uint64_t off, uint64_t len);
/* Tests: what view_resident says of mapped files from here on, 0 or 1 (-1: the kernel's
 * word). */
void view_set_resident(int says);
void view_guard(void);

#endif
