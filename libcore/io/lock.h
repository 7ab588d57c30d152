/* io/lock.h - byte locks on an open file, and who holds them
 *
 * Open-file-description locks: they belong to the descriptor, not to the
 * process, and die with it; flock(2) and fcntl's older kind do not exclude them.
 * The same file carries a line of text for each of the first locks, for people
 * and for the message of those who wait; it is never trusted to be true.
 */
#ifndef IO_LOCK_H
#define IO_LOCK_H

#include <stdbool.h>
#include <stdint.h>

/* 0, or ERR_LOCKED after WAIT_NS with a message that begins with WHERE and names
 * the holder if it left a note; or ERR_IO.  Uses SIGALRM while it waits, and
 * puts its old action back. */
int lock_take(int fd, unsigned what, bool exclusive, uint64_t wait_ns, const char *where);
void lock_drop(int fd, unsigned what);

/* Leave a note, or with TOOL NULL take it away.  False: there is no room for one. */
bool lock_note(int fd, unsigned what, const char *tool);

#endif
