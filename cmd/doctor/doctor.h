/* cmd/doctor/doctor.h - inside of strato-doctor only
 *
 *   doctor.c    which checks, and how an answer is said
 *   machine.c   this machine and the directory: limits, disk, clocks
 *   devices.c   OpenCL, asked of another command
 *   kept.c      the store: its locks, log, index, runs
 */
#ifndef CMD_DOCTOR_DOCTOR_H
#define CMD_DOCTOR_DOCTOR_H

#include "cli/cli.h"
#include "cmd/common/machine.h"
#include "store/store.h"

enum verdict { DOCTOR_OK, DOCTOR_SLOW, DOCTOR_FAIL };

struct doctor {
	struct cli *cli;
	struct output *out;
	const char *dir;		/* the store's, or the current one */
	bool in_store;
	struct settings settings;
	struct machine_place place;
	struct backend *backend;	/* reads only; NULL when it cannot be had */
	struct store *store;		/* NULL without one, or one that does not open */
	enum verdict worst;
	int error;			/* of the output: the first stays */
};

/* One line.  ADVICE: what to do, or NULL. */
void doctor_say(struct doctor *d, enum verdict v, const char *check, const char *advice,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

void machine_checks(struct doctor *d);
void devices_check(struct doctor *d);
void kept_checks(struct doctor *d);

#endif
