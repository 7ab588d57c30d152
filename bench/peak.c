/* bench/peak - the memory a command took at its height
 *
 *	peak COMMAND [ARG]...
 *
 * Prints two numbers, in KiB: private memory (RssAnon) and resident memory (with
 * the pages of mapped files), of the process of all that took most, and passes the
 * status on.  stdin is the command's; its stdout goes to /dev/null.
 *
 * The kernel keeps the height of resident memory but not that of the private part.
 * That part shrinks only by system calls, so the command runs under a filter that
 * stops it before each of those and before its end, and is looked at there: nothing
 * is missed between two looks, and all else runs at full speed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A call of this number is announced; the jump skips to the next rule. */
#define STOP_BEFORE(call)							\
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1),			\
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)

static void die(const char *what)
{
	fprintf(stderr, "peak: %s: %s\n", what, strerror(errno));
	exit(71);
}

static void run(char **argv)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		STOP_BEFORE(SYS_munmap),
		STOP_BEFORE(SYS_mremap),
		STOP_BEFORE(SYS_madvise),
		STOP_BEFORE(SYS_brk),
		STOP_BEFORE(SYS_mmap),		/* MAP_FIXED replaces */
		STOP_BEFORE(SYS_execve),
		STOP_BEFORE(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof rules / sizeof *rules, rules };
	int null = open("/dev/null", O_WRONLY);

	if (null < 0 || dup2(null, 1) < 0)
		die("/dev/null");
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		die("ptrace");
	raise(SIGSTOP);			/* until the parent has set its options */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		die("seccomp");
	execvp(argv[0], argv);
	die(argv[0]);
}

static long field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? atol(at + strlen(name)) : 0;
}

/* What /proc says now of a process that stands still. */
static void look(pid_t pid, long *private_kib, long *resident_kib)
{
	char path[64], text[8192];
	ssize_t n;
	long kib;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	kib = field(text, "\nRssAnon:");
	if (kib > *private_kib)
		*private_kib = kib;
	kib = field(text, "\nVmHWM:");
	if (kib > *resident_kib)
		*resident_kib = kib;
}

/* The signal to hand on when the stop was no event of ours. */
static int signal_of(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 || sig == SIGTRAP || sig == SIGSTOP ? 0 : sig;
}

static int follow(pid_t first, long *private_kib, long *resident_kib)
{
	int status, result = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			look(pid, private_kib, resident_kib);
			ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signal_of(status));
		} else if (pid == first) {
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
	}
	return result;
}

int main(int argc, char **argv)
{
	long private_kib = 0, resident_kib = 0;
	int status;
	pid_t pid;

	if (argc < 2)
		return 64;
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		run(argv + 1);
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		die("the command");
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)
		   (PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
		    PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)) < 0)
		die("ptrace");
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	status = follow(pid, &private_kib, &resident_kib);
	printf("%ld %ld\n", private_kib, resident_kib);
	return status;
}
