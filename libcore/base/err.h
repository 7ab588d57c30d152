/* base/err.h - errors: said once, where they are known
 *
 * A libcore function returns int: 0 or more is success, less is one of these
 * codes.  Whoever discovers the fault words it with err_set() or err_sys();
 * everyone above passes the number up.  The message belongs to the thread; a
 * worker hands it over with err_take() and err_give().  libcore never prints.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

enum err {
	ERR_ABSENT = -1,	/* the answer is no: no such key, unmet condition */
	ERR_TORN_TAIL = -2,	/* the log's last commit is incomplete, as after a crash */
	ERR_USAGE = -3,		/* the command line is wrong */
	ERR_BAD_RECORD = -4,	/* a malformed input record */
	ERR_CUT_OFF = -5,	/* the input ends in the middle of a record */
	ERR_TOO_BIG = -6,	/* a key or value over its limit */
	ERR_NO_STORE = -7,	/* no store at this path */
	ERR_NO_GRAPH = -8,	/* no graph of this name */
	ERR_NO_FILE = -9,	/* a named input file does not exist */
	ERR_UNAVAILABLE = -10,	/* something asked for is not to be had here */
	ERR_UNSUPPORTED = -11,	/* a later version's work, refused by name */
	ERR_BUG = -12,		/* an inconsistency only our own bug could make */
	ERR_MEMORY = -13,	/* memory, or memory_limit, ran out */
	ERR_RESOURCE = -14,	/* descriptors, contexts, threads ran out */
	ERR_EXISTS = -15,	/* it is there already */
	ERR_CREATE = -16,	/* it cannot be created */
	ERR_IO = -17,		/* input/output error */
	ERR_NO_SPACE = -18,	/* no space or quota left */
	ERR_LOCKED = -19,	/* another writer holds the store's lock */
	ERR_CHANGED = -20,	/* someone else published first: run it again */
	ERR_DAMAGED = -21,	/* stored bytes fail their checksum or their rules */
	ERR_DENIED = -22,	/* permission denied */
	ERR_READ_ONLY = -23,	/* a write to a read-only store */
	ERR_UNTRUSTED = -24,	/* a store file that is a link, a pipe, or another's */
	ERR_SETTING = -25,	/* an unknown setting or a value out of its range */
	ERR_NEWER = -26,	/* a format newer than this program */
	ERR_NO_SNAPSHOT = -27,	/* no snapshot of this name or version is kept */
	ERR_DEVICE = -28,	/* a device was lost, or failed in the middle of its work */
	ERR_LIMIT = -29		/* one below the last */
};

/* Set the thread's message and return CODE, so that `return err_set(...)` is
 * the whole failure path.  The words are "SUBJECT: WHAT HAPPENED", without the
 * tool's name and without the word in brackets: the printer adds both.
 * A new message drops an old hint. */
int err_set(int code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with ": " and errno's words at the end.  Maps errno to a more
 * precise code where there is one: ENOSPC and EDQUOT to ERR_NO_SPACE, ENOMEM to
 * ERR_MEMORY, EMFILE and ENFILE to ERR_RESOURCE, EACCES and EPERM to
 * ERR_DENIED, EROFS to ERR_READ_ONLY, ELOOP to ERR_UNTRUSTED. */
int err_sys(int code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What to do next, one line; kept beside the message. Returns nothing to pass on. */
void err_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

const char *err_message(void);		/* "" when nothing was set */
const char *err_hint_text(void);	/* "" when there is none */
void err_clear(void);

/* Exit status (1, 64..78) and stable word ("store-locked") of a code. */
int err_status(int code);
const char *err_word(int code);

/* Hand a worker's message to another thread: take copies it out, give sets it. */
struct err_note {
	int code;
	char message[1024];
	char hint[512];
};
void err_take(struct err_note *out, int code);
int err_give(const struct err_note *note);

#endif
