/* base/team.h - a few threads on one piece of work
 *
 * team_run calls WORK(ctx, who) once for each who of 0..n-1, each on a thread of
 * its own, who 0 on the caller's.  It returns when all have returned: 0, or the
 * failure of the least who that failed, its message handed over to the caller.  At
 * n = 1 there is no thread.  A thread that cannot be had is no failure: its share
 * is called one after another by the threads that there are, so work must not
 * wait for another who to have begun.
 *
 * Signals are blocked in all but the caller.
 */
#ifndef BASE_TEAM_H
#define BASE_TEAM_H

#define TEAM_MOST 256u

int team_run(unsigned n, int (*work)(void *ctx, unsigned who), void *ctx);

/* How many threads are worth having: the cores this process may run on, at least
 * 1 and at most TEAM_MOST. */
unsigned team_default(void);

#endif
