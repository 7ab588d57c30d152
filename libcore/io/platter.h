/* io/platter.h - what a disk would hold: the durable part of the fault backend
 *
 * Two pictures of the same store: the names as a process sees them now, and the
 * names and bytes a power cut could not take away, with the list of changes in
 * between.  io/fault.c reports each change; platter_crash() draws a state.
 */
#ifndef IO_PLATTER_H
#define IO_PLATTER_H

#include "io/backend.h"

struct platter;

/* One change of a file that was not flushed yet. */
struct change {
	uint8_t *bytes;		/* whole sectors as they were after it; NULL: a new size */
	uint64_t off;		/* or the size */
	uint64_t len;
};

/* A file, whatever its name. */
struct inode {
	uint8_t *durable;	/* CAP bytes, zero from size on */
	uint64_t size, cap;
	uint64_t live_size;
	struct change *change;
	size_t change_n, change_cap;
	struct file *live;	/* a way to read what processes see now */
	bool mapped;		/* was mapped writable: changes come unseen */
	struct inode *next;
};

struct platter *platter_new(void);
void platter_free(struct platter *p);		/* closes each inode's live file */

/* Numbers from a seed. */
uint64_t platter_draw(uint64_t *seed);
uint64_t platter_below(uint64_t *seed, uint64_t n);	/* 0..n-1; N 0: 0 */

/* Each returns 0 or ERR_MEMORY. DURABLE: it has always been there. */
int platter_make(struct platter *p, const char *name, bool durable, struct inode **out);
int platter_mkdir(struct platter *p, const char *dir, bool durable);
int platter_rename(struct platter *p, const char *from, const char *to);
int platter_remove(struct platter *p, const char *name);
int platter_sync_dir(struct platter *p, const char *dir);
struct inode *platter_find(struct platter *p, const char *name);

/* LEN bytes at OFF are new: sectors are read back from the live file. */
int platter_written(struct inode *n, uint64_t off, uint64_t len);
int platter_resized(struct inode *n, uint64_t size);
int platter_flushed(struct inode *n);
/* A part became durable, the rest never will. */
int platter_flush_failed(struct inode *n, uint64_t *seed);

/* The kernel writes some sectors of some mapped files, for reasons of its own. */
int platter_write_back(struct platter *p, uint64_t *seed);

int platter_crash(struct platter *p, uint64_t seed, struct backend **out);

#endif
