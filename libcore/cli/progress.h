/* cli/progress.h - how far it is, for people who watch
 *
 * Drawn on stderr after one second, four times a second at most, when stderr is
 * a terminal; with --progress=always a plain line every ten seconds; never
 * otherwise.  SIGUSR1 prints a line at any time.  The caller reports from its
 * loop, as often as it likes: the clock is read every so many calls only.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct cli;

struct progress {
	struct cli *cli;
	const char *what;	/* "records", "edges" */
	uint64_t total;		/* input bytes, 0: unknown */
	uint64_t items, bytes;	/* as last reported */

	/* private */
	uint64_t start_ns, drawn_ns, looked_ns;
	unsigned skip, left;	/* calls between looks at the clock */
	bool live, plain, shown;
};

/* WHAT is borrowed.  Asks the terminal once. */
void progress_begin(struct progress *p, struct cli *cli, const char *what,
		    uint64_t total_bytes);
/* Look at the clock now: for the caller that has waited for its input. */
void progress_look(struct progress *p);

/* ITEMS done and BYTES of input read, in all. */
static inline void progress_at(struct progress *p, uint64_t items, uint64_t bytes)
{
	p->items = items;
	p->bytes = bytes;
	if (p->left-- == 0)
		progress_look(p);
}

uint64_t progress_elapsed_ns(const struct progress *p);

/* Wipe what is drawn; then, where progress is shown at all, the last line that
 * sums up (FMT NULL: none). */
void progress_end(struct progress *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
