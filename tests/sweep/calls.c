/* tests/sweep/calls.c - which calls there are, and how each may plausibly fail */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tests/sweep/sweep.h"

/* Words: an error; with "+" it lasts; with "~" the call is made and then says so;
 * "half" and "one": of its length, which is argument LENGTH; "lost" and "cut": what a
 * completion says.  Calls that cannot fail (getpid), that a process is lost without
 * (futex, exit), or that memory in refuse.c stands for (brk) are not here. */
static const struct row {
	const char *name;
	long nr;
	int length;
	const char *words;
} rows[] = {
#define R(name, length, words) { #name, SYS_##name, length, words }
	R(read, 2, "EIO EINTR half one EIO+"),
	R(pread64, 2, "EIO EINTR half one EIO+"),
	R(readv, 2, "EIO EINTR"),
	R(preadv, 2, "EIO EINTR"),
	R(write, 2, "EIO ENOSPC EINTR half one EPIPE ENOSPC+"),
	R(pwrite64, 2, "EIO ENOSPC EDQUOT EINTR half one EIO~ ENOSPC+ EIO+"),
	R(writev, 2, "EIO ENOSPC EINTR"),
	R(pwritev, 2, "EIO ENOSPC EINTR EIO~"),
	R(open, -1, "EIO EMFILE EACCES ENOSPC EINTR EMFILE+"),
	R(openat, -1, "EIO EMFILE EACCES ENOSPC EINTR ENOMEM EMFILE+"),
	R(openat2, -1, "EIO EMFILE EACCES ENOSPC ENOSYS EAGAIN EINTR EMFILE+"),
	R(close, -1, "EIO~ EINTR~"),
	R(fstat, -1, "EIO ENOMEM"),
	R(stat, -1, "EIO EACCES ENOMEM"),
	R(lstat, -1, "EIO EACCES ENOMEM"),
	R(newfstatat, -1, "EIO EACCES ENOMEM"),
	R(statx, -1, "EIO ENOSYS EACCES ENOMEM"),
	R(statfs, -1, "EIO ENOSYS"),
	R(fstatfs, -1, "EIO ENOSYS"),
	R(lseek, -1, "EIO ESPIPE"),
	R(access, -1, "EIO EACCES"),
	R(faccessat, -1, "EIO EACCES"),
	R(faccessat2, -1, "EIO EACCES ENOSYS"),
	R(readlink, -1, "EIO EACCES"),
	R(readlinkat, -1, "EIO EACCES"),
	R(getcwd, -1, "ENOENT ENOMEM"),
	R(getdents64, -1, "EIO ENOENT"),
	R(mmap, -1, "ENOMEM EAGAIN ENOMEM+"),
	R(mremap, -1, "ENOMEM"),
	R(munmap, -1, "ENOMEM"),
	R(mprotect, -1, "ENOMEM"),
	R(madvise, -1, "EINVAL ENOMEM EAGAIN"),
	R(mincore, -1, "EAGAIN ENOMEM"),
	R(mlock, -1, "ENOMEM EPERM"),
	R(msync, -1, "EIO"),
	R(fsync, -1, "EIO ENOSPC EDQUOT EINTR EIO~ EIO+"),
	R(fdatasync, -1, "EIO ENOSPC EDQUOT EINTR EIO~ EIO+"),
	R(sync_file_range, -1, "EIO ENOSPC ENOSYS"),
	R(ftruncate, -1, "EIO ENOSPC EINTR EPERM"),
	R(fallocate, -1, "EIO ENOSPC EOPNOTSUPP EINTR ENOSPC+"),
	R(fadvise64, -1, "EINVAL ESPIPE"),
	R(readahead, -1, "EINVAL"),
	R(rename, -1, "EIO ENOSPC EACCES EIO~"),
	R(renameat, -1, "EIO ENOSPC EACCES EIO~"),
	R(renameat2, -1, "EIO ENOSPC EINVAL ENOSYS EEXIST EIO~"),
	R(link, -1, "EIO ENOSPC EMLINK EPERM EIO~"),
	R(linkat, -1, "EIO ENOSPC EMLINK EPERM ENOENT EIO~"),
	R(symlinkat, -1, "EIO ENOSPC"),
	R(unlink, -1, "EIO EBUSY EACCES EIO~"),
	R(unlinkat, -1, "EIO EBUSY EACCES EIO~"),
	R(rmdir, -1, "EIO EBUSY"),
	R(mkdir, -1, "EIO ENOSPC EMLINK EACCES EIO~"),
	R(mkdirat, -1, "EIO ENOSPC EMLINK EACCES EIO~"),
	R(chmod, -1, "EIO EPERM"),
	R(fchmod, -1, "EIO EPERM"),
	R(utimensat, -1, "EPERM"),
	R(fcntl, -1, "ENOLCK EINTR EAGAIN EINVAL"),
	R(flock, -1, "ENOLCK EINTR EAGAIN"),
	R(ioctl, -1, "ENOTTY EIO EOPNOTSUPP"),
	R(pipe2, -1, "EMFILE ENFILE"),
	R(dup, -1, "EMFILE"),
	R(dup2, -1, "EMFILE"),
	R(dup3, -1, "EMFILE"),
	R(splice, 4, "EINVAL EIO ENOMEM EINTR half one"),
	R(vmsplice, -1, "EINVAL ENOMEM EINTR"),
	R(tee, 2, "EINVAL ENOMEM half"),
	R(sendfile, 3, "EINVAL EIO EINTR half one"),
	R(copy_file_range, 4, "EXDEV EIO ENOSPC EINVAL half one"),
	R(clone, -1, "EAGAIN ENOMEM EAGAIN+"),
	R(clone3, -1, "EAGAIN ENOMEM EAGAIN+ ENOSYS+"),
	R(fork, -1, "EAGAIN"),
	R(vfork, -1, "EAGAIN"),
	R(execve, -1, "EACCES ENOMEM"),
	R(wait4, -1, "EINTR"),
	R(poll, -1, "EINTR ENOMEM"),
	R(ppoll, -1, "EINTR ENOMEM"),
	R(select, -1, "EINTR ENOMEM"),
	R(pselect6, -1, "EINTR ENOMEM"),
	R(epoll_create1, -1, "EMFILE ENOMEM"),
	R(epoll_ctl, -1, "ENOMEM ENOSPC"),
	R(epoll_wait, -1, "EINTR"),
	R(epoll_pwait, -1, "EINTR"),
	R(eventfd2, -1, "EMFILE ENOMEM"),
	R(signalfd4, -1, "EMFILE ENOMEM"),
	R(timerfd_create, -1, "EMFILE ENOMEM"),
	R(timerfd_settime, -1, "EINVAL"),
	R(memfd_create, -1, "EMFILE ENOMEM"),
	R(socket, -1, "EMFILE ENOBUFS EACCES"),
	R(socketpair, -1, "EMFILE ENOBUFS"),
	R(bind, -1, "EADDRINUSE EACCES ENOSPC"),
	R(listen, -1, "EADDRINUSE"),
	R(connect, -1, "ECONNREFUSED EINTR EAGAIN EACCES"),
	R(accept4, -1, "EMFILE ECONNABORTED EINTR ENOMEM"),
	R(setsockopt, -1, "ENOMEM ENOPROTOOPT"),
	R(getsockopt, -1, "ENOBUFS"),
	R(shutdown, -1, "ENOTCONN"),
	R(sendto, -1, "EPIPE EINTR EAGAIN ENOBUFS ECONNRESET"),
	R(sendmsg, -1, "EPIPE EINTR EAGAIN ENOBUFS ECONNRESET"),
	R(recvfrom, -1, "EINTR EAGAIN ECONNRESET"),
	R(recvmsg, -1, "EINTR EAGAIN ECONNRESET"),
	R(io_setup, -1, "EAGAIN ENOSYS ENOMEM"),
	R(io_submit, 1, "EAGAIN EIO ENOMEM one EAGAIN+"),
	R(io_getevents, -1, "EINTR lost cut"),
	R(io_destroy, -1, "EINVAL"),
	R(getrandom, -1, "ENOSYS EAGAIN"),
	R(prctl, -1, "EINVAL"),
	R(prlimit64, -1, "EPERM"),
	R(sched_getaffinity, -1, "EINVAL"),
	R(sched_setaffinity, -1, "EINVAL"),
	R(setpriority, -1, "EACCES"),
	R(sysinfo, -1, "EFAULT"),
	R(nanosleep, -1, "EINTR"),
	R(clock_nanosleep, -1, "EINTR"),
#undef R
};
#define ROWS ((int)(sizeof rows / sizeof *rows))

int call_of(long nr)
{
	for (int i = 0; i < ROWS; i++)
		if (rows[i].nr == nr)
			return i;
	return -1;
}

const char *call_name(int call)
{
	return rows[call].name;
}

long call_number(int call)
{
	return rows[call].nr;
}

int call_length_arg(int call)
{
	return rows[call].length;
}

static int call_named(const char *name, size_t len)
{
	for (int i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == len && !memcmp(rows[i].name, name, len))
			return i;
	return -1;
}

static int errno_named(const char *name, size_t len)
{
	for (int e = 1; e < 134; e++) {
		const char *word = strerrorname_np(e);

		if (word && strlen(word) == len && !memcmp(word, name, len))
			return e;
	}
	return 0;
}

static const struct { const char *word; int sig; } signals[] = {
	{ "kill", SIGKILL }, { "term", SIGTERM }, { "int", SIGINT }, { "hup", SIGHUP },
};
#define SIGNALS ((int)(sizeof signals / sizeof *signals))

/* One word of a row, or of a replay. */
static bool word_read(const char *w, size_t len, struct fault *f)
{
	static const struct { const char *word; enum fault_kind kind; int value; } others[] = {
		{ "half", FAULT_SHORT, 50 }, { "one", FAULT_SHORT, 0 },
		{ "lost", FAULT_EVENT, EIO }, { "cut", FAULT_EVENT_SHORT, 50 },
	};

	f->forever = false;
	for (int i = 0; i < SIGNALS; i++)
		if (strlen(signals[i].word) == len && !memcmp(signals[i].word, w, len)) {
			f->kind = FAULT_SIGNAL;
			f->value = signals[i].sig;
			return true;
		}
	for (size_t i = 0; i < 4; i++)
		if (strlen(others[i].word) == len && !memcmp(others[i].word, w, len)) {
			f->kind = others[i].kind;
			f->value = others[i].value;
			return true;
		}
	f->kind = FAULT_ERRNO;
	if (len && w[len - 1] == '+') {
		f->forever = true;
		len--;
	} else if (len && w[len - 1] == '~') {
		f->kind = FAULT_AFTER;
		len--;
	}
	f->value = errno_named(w, len);
	return f->value > 0;
}

static void word_print(const struct fault *f, char *out, size_t cap)
{
	const char *word = "?";

	switch (f->kind) {
	case FAULT_SIGNAL:
		for (int i = 0; i < SIGNALS; i++)
			if (signals[i].sig == f->value)
				word = signals[i].word;
		break;
	case FAULT_SHORT:
		word = f->value ? "half" : "one";
		break;
	case FAULT_EVENT:
		word = "lost";
		break;
	case FAULT_EVENT_SHORT:
		word = "cut";
		break;
	default:
		word = strerrorname_np(f->value);
	}
	snprintf(out, cap, "%s%s", word,
		 f->kind == FAULT_AFTER ? "~" : f->forever ? "+" : "");
}

void fault_print(const struct fault *f, char out[FAULT_TEXT])
{
	char word[24];

	if (f->kind == FAULT_ALLOC) {
		snprintf(out, FAULT_TEXT, "alloc:%u%s", f->at, f->forever ? "+" : "");
		return;
	}
	word_print(f, word, sizeof word);
	snprintf(out, FAULT_TEXT, "%s:%u:%s", call_name(f->call), f->at, word);
}

bool fault_parse(const char *text, struct fault *f)
{
	size_t n = strcspn(text, ":");
	char *end;

	memset(f, 0, sizeof *f);
	if (!text[n])
		return false;
	f->at = (unsigned)strtoul(text + n + 1, &end, 10);
	if (n == 5 && !memcmp(text, "alloc", 5)) {
		f->kind = FAULT_ALLOC;
		f->forever = *end == '+';
		return f->at > 0;
	}
	f->call = call_named(text, n);
	return f->call >= 0 && f->at && *end == ':' && word_read(end + 1, strlen(end + 1), f);
}

/* Could this call, with these arguments, say that? */
static bool plausible(const struct call_made *m, const struct fault *f)
{
	bool lock = m->args[1] >= 36 && m->args[1] <= 38;	/* F_OFD_GETLK, SETLK, SETLKW */

	if (f->kind == FAULT_SIGNAL)
		return true;
	if (f->kind == FAULT_SHORT) {
		uint64_t len = m->args[rows[m->call].length];

		return len > 1 && (f->value == 0 || len > 3);
	}
	switch (m->nr) {
	case SYS_open:
		return f->value != ENOSPC || (m->args[1] & O_CREAT);
	case SYS_openat:
		return f->value != ENOSPC || (m->args[2] & O_CREAT) ||
			(m->args[2] & O_TMPFILE) == O_TMPFILE;
	case SYS_fcntl:
		if (m->args[1] == F_SETLK || m->args[1] == F_SETLKW)
			lock = true;
		return lock ? f->value != EINVAL :
			f->value == EINVAL && m->args[1] == F_SETPIPE_SZ;
	case SYS_write:			/* a pipe has no room to run out of, a file no reader */
		return f->value != EPIPE || m->args[0] == 1;
	default:
		return true;
	}
}

bool call_fault(const struct call_made *m, unsigned *step, struct fault *f)
{
	const char *w = rows[m->call].words;

	for (;;) {
		unsigned i = (*step)++;
		const char *at = w;
		size_t len;

		memset(f, 0, sizeof *f);
		f->call = m->call;
		f->at = m->at;
		if (i < (unsigned)SIGNALS) {
			f->kind = FAULT_SIGNAL;
			f->value = signals[i].sig;
			return true;
		}
		for (i -= SIGNALS; i; i--) {
			at += strcspn(at, " ");
			at += *at == ' ';
		}
		len = strcspn(at, " ");
		if (!len)
			return false;
		if (word_read(at, len, f) && plausible(m, f))
			return true;
	}
}
