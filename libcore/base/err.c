/* base/err.c - the thread's message, and every code in one table */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int status;
	const char *word;
} codes[-ERR_LIMIT] = {
	[-ERR_ABSENT] = { 1, "absent" },
	[-ERR_TORN_TAIL] = { 1, "torn-tail" },
	[-ERR_USAGE] = { 64, "usage" },
	[-ERR_BAD_RECORD] = { 65, "bad-record" },
	[-ERR_CUT_OFF] = { 65, "cut-off" },
	[-ERR_TOO_BIG] = { 65, "too-big" },
	[-ERR_NO_STORE] = { 66, "no-store" },
	[-ERR_NO_GRAPH] = { 66, "no-graph" },
	[-ERR_NO_SNAPSHOT] = { 66, "no-snapshot" },
	[-ERR_NO_FILE] = { 66, "no-file" },
	[-ERR_UNAVAILABLE] = { 69, "unavailable" },
	[-ERR_DEVICE] = { 69, "device" },
	[-ERR_UNSUPPORTED] = { 69, "unsupported" },
	[-ERR_BUG] = { 70, "bug" },
	[-ERR_MEMORY] = { 71, "out-of-memory" },
	[-ERR_RESOURCE] = { 71, "no-resource" },
	[-ERR_EXISTS] = { 73, "exists" },
	[-ERR_CREATE] = { 73, "cannot-create" },
	[-ERR_IO] = { 74, "io-error" },
	[-ERR_NO_SPACE] = { 74, "no-space" },
	[-ERR_LOCKED] = { 75, "store-locked" },
	[-ERR_CHANGED] = { 75, "changed" },
	[-ERR_DAMAGED] = { 76, "damaged" },
	[-ERR_DENIED] = { 77, "denied" },
	[-ERR_READ_ONLY] = { 77, "read-only" },
	[-ERR_UNTRUSTED] = { 77, "untrusted" },
	[-ERR_SETTING] = { 78, "bad-setting" },
	[-ERR_NEWER] = { 78, "newer-format" },
};

static _Thread_local struct err_note last;

static void set_message(int code, const char *fmt, va_list ap)
{
	char text[sizeof last.message];	/* the arguments may quote the old message */

	vsnprintf(text, sizeof text, fmt, ap);
	memcpy(last.message, text, sizeof text);
	last.hint[0] = '\0';
	last.code = code;
}

int err_set(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_message(code, fmt, ap);
	va_end(ap);
	return code;
}

static int code_of_errno(int code, int e)
{
	switch (e) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_NO_SPACE;
	case ENOMEM:
		return ERR_MEMORY;
	case EMFILE:
	case ENFILE:
		return ERR_RESOURCE;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case EROFS:
		return ERR_READ_ONLY;
	case ELOOP:
		return ERR_UNTRUSTED;
	default:
		return code;
	}
}

int err_sys(int code, const char *fmt, ...)
{
	int e = errno;
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	set_message(code_of_errno(code, e), fmt, ap);
	va_end(ap);
	n = strlen(last.message);
	snprintf(last.message + n, sizeof last.message - n, ": %s", strerror(e));
	errno = e;
	return last.code;
}

void err_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last.hint, sizeof last.hint, fmt, ap);
	va_end(ap);
}

const char *err_message(void)
{
	return last.message;
}

const char *err_hint_text(void)
{
	return last.hint;
}

void err_clear(void)
{
	last.code = 0;
	last.message[0] = '\0';
	last.hint[0] = '\0';
}

static int known(int code)
{
	return code < 0 && code > ERR_LIMIT ? -code : -ERR_BUG;
}

int err_status(int code)
{
	return code >= 0 ? 0 : codes[known(code)].status;
}

const char *err_word(int code)
{
	return code >= 0 ? "ok" : codes[known(code)].word;
}

void err_take(struct err_note *out, int code)
{
	*out = last;
	out->code = code;
}

int err_give(const struct err_note *note)
{
	last = *note;
	return note->code;
}
