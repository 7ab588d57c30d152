/* tests/sweep/trace.c - a command under ptrace: one call is not what it asked for
 *
 * Calls are counted from the program's entry point on, those of all its threads in the
 * order in which they are made.  Written for x86-64; elsewhere trace_possible() says no.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/sweep/service.h"
#include "tests/sweep/sweep.h"

#ifdef __x86_64__

#define THREADS 512
#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | \
		 PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

struct thread {
	pid_t pid;
	bool fresh;			/* its first stop is not a signal */
	bool hit;			/* the call it is in */
	uint64_t args[6];
};

struct tracer {
	const struct fault *f;
	struct trace *out;
	bool learn, free;		/* free: nothing more to do, calls go by */
	pid_t main;
	struct thread thread[THREADS];
	unsigned thread_n;
	unsigned at;			/* calls of the fault's kind so far */
	unsigned count[512];
	size_t made_cap;
	uint64_t deadline;
};

static struct thread *thread_of(struct tracer *t, pid_t pid, bool make)
{
	for (unsigned i = 0; i < t->thread_n; i++)
		if (t->thread[i].pid == pid)
			return &t->thread[i];
	if (!make)
		return NULL;
	if (t->thread_n == THREADS)
		stand_fail("more threads than the tracer knows");
	t->thread[t->thread_n] = (struct thread){ .pid = pid, .fresh = true };
	return &t->thread[t->thread_n++];
}

static void thread_gone(struct tracer *t, pid_t pid)
{
	for (unsigned i = 0; i < t->thread_n; i++)
		if (t->thread[i].pid == pid)
			t->thread[i] = t->thread[--t->thread_n];
}

/* --- the call that is hit --- */

static void note(struct tracer *t, const struct __ptrace_syscall_info *s)
{
	struct trace *o = t->out;
	struct call_made *m;

	if (o->made_n == t->made_cap) {
		t->made_cap = t->made_cap ? 2 * t->made_cap : 256;
		o->made = realloc(o->made, t->made_cap * sizeof *o->made);
	}
	m = &o->made[o->made_n++];
	m->nr = (long)s->entry.nr;
	m->call = call_of(m->nr);
	m->at = m->call < 0 ? 0 : ++t->count[m->call];
	memcpy(m->args, s->entry.args, sizeof m->args);
}

/* Was the descriptor opened with O_DIRECT?  Then a disk does whole blocks. */
static bool is_direct(pid_t pid, int fd)
{
	char name[64], line[128];
	unsigned long flags = 0;
	FILE *f;

	snprintf(name, sizeof name, "/proc/%d/fdinfo/%d", (int)pid, fd);
	f = fopen(name, "re");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "flags: %lo", &flags) == 1)
			break;
	if (f)
		fclose(f);
	return flags & O_DIRECT;
}

#define BLOCK 4096

static void set_length(struct tracer *t, struct user_regs_struct *r)
{
	unsigned long long *arg[6] = { &r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9 };
	unsigned long long *len = arg[call_length_arg(t->f->call)], was = *len;

	*len = *len * (unsigned)t->f->value / 100;
	if (is_direct(t->main, (int)r->rdi))
		*len = *len < BLOCK ? BLOCK : *len - *len % BLOCK;
	if (*len == 0)
		*len = 1;
	if (*len > was)
		*len = was;
}

/* At the entry of the call that was asked for. */
static void hit(struct tracer *t, struct thread *h)
{
	struct user_regs_struct r;

	t->out->fired = true;
	t->out->fd = (int)h->args[0];
	if (t->f->kind == FAULT_SIGNAL) {
		if (t->f->value == SIGKILL)
			kill(t->main, SIGKILL);
		else
			syscall(SYS_tgkill, t->main, t->main, t->f->value);
		t->free = true;
		return;
	}
	if (t->f->kind == FAULT_ERRNO || t->f->kind == FAULT_SHORT) {
		ptrace(PTRACE_GETREGS, h->pid, NULL, &r);
		if (t->f->kind == FAULT_ERRNO)
			r.orig_rax = (unsigned long long)-1;
		else
			set_length(t, &r);
		ptrace(PTRACE_SETREGS, h->pid, NULL, &r);
	}
	h->hit = true;
}

/* struct io_event: data, obj, res, res2, of eight bytes each */
static void change_event(struct tracer *t, struct thread *h, long n)
{
	void *res = (void *)(uintptr_t)(h->args[3] + 16);
	long was;

	if (n <= 0) {			/* no completion this time: the next that has one */
		t->at--;
		t->out->fired = false;
		return;
	}
	was = ptrace(PTRACE_PEEKDATA, h->pid, res, NULL);
	if (t->f->kind == FAULT_EVENT)
		was = -t->f->value;
	else if (was > 1)
		was /= 2;
	ptrace(PTRACE_POKEDATA, h->pid, res, (void *)was);
}

static void leave_hit(struct tracer *t, struct thread *h)
{
	struct user_regs_struct r;

	h->hit = false;
	if (ptrace(PTRACE_GETREGS, h->pid, NULL, &r) < 0)
		return;
	if (t->f->kind == FAULT_EVENT || t->f->kind == FAULT_EVENT_SHORT) {
		change_event(t, h, (long)r.rax);
	} else if (t->f->kind != FAULT_SHORT) {
		/* what it did not open must not stay open */
		r.rax = (unsigned long long)-t->f->value;
		ptrace(PTRACE_SETREGS, h->pid, NULL, &r);
	}
	if (!t->f->forever && t->out->fired)
		t->free = true;
}

static void at_call(struct tracer *t, struct thread *h)
{
	struct __ptrace_syscall_info s;
	long got = ptrace(PTRACE_GET_SYSCALL_INFO, h->pid, (void *)sizeof s, &s);

	if (got <= 0)
		return;
	if (s.op == PTRACE_SYSCALL_INFO_EXIT) {
		if (h->hit)
			leave_hit(t, h);
		return;
	}
	if (s.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	if (t->learn)
		note(t, &s);
	if (t->f->kind == FAULT_NONE || (long)s.entry.nr != call_number(t->f->call))
		return;
	memcpy(h->args, s.entry.args, sizeof h->args);
	t->at++;
	if (t->at == t->f->at || (t->f->forever && t->at > t->f->at))
		hit(t, h);
}

/* --- the process --- */

static void become(const struct run *r)
{
	personality(ADDR_NO_RANDOMIZE);
	if (setpgid(0, 0) < 0 || chdir(place) < 0 || dup2(r->in, 0) < 0 ||
	    dup2(r->out, 1) < 0 || dup2(r->err, 2) < 0)
		_exit(98);
	if (r->passed >= 0 && !pass_as_9(r->passed))
		_exit(98);
	if (r->preload)
		setenv("LD_PRELOAD", r->preload, 1);
	signal(SIGINT, SIG_DFL);	/* whoever started the sweep may ignore some */
	signal(SIGHUP, SIG_DFL);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(96);
	execv(r->argv[0], (char *const *)r->argv);
	_exit(97);
}

static uint64_t entry_point(pid_t pid)
{
	char name[64];
	Elf64_auxv_t v;
	uint64_t at = 0;
	FILE *f;

	snprintf(name, sizeof name, "/proc/%d/auxv", (int)pid);
	f = fopen(name, "re");
	while (f && fread(&v, sizeof v, 1, f) == 1)
		if (v.a_type == AT_ENTRY)
			at = v.a_un.a_val;
	if (f)
		fclose(f);
	return at;
}

/* On to the program's first instruction: the loader's calls are not its own. */
static bool pass_loader(pid_t pid)
{
	void *at = (void *)(uintptr_t)entry_point(pid);
	struct user_regs_struct r;
	int status;
	long was;

	errno = 0;
	was = ptrace(PTRACE_PEEKTEXT, pid, at, NULL);
	if (errno || ptrace(PTRACE_POKETEXT, pid, at, (void *)((was & ~0xffl) | 0xcc)) < 0 ||
	    ptrace(PTRACE_CONT, pid, NULL, NULL) < 0 || waitpid(pid, &status, 0) != pid ||
	    !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
		return false;
	ptrace(PTRACE_POKETEXT, pid, at, (void *)was);
	ptrace(PTRACE_GETREGS, pid, NULL, &r);
	r.rip = (uintptr_t)at;
	return ptrace(PTRACE_SETREGS, pid, NULL, &r) == 0;
}

static void go_on(struct tracer *t, pid_t pid, int sig)
{
	ptrace(t->free ? PTRACE_CONT : PTRACE_SYSCALL, pid, NULL, (void *)(long)sig);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* waitpid that comes back now and then. */
static void watch(bool on)
{
	struct itimerval it = { .it_interval = { on ? 1 : 0, 0 }, .it_value = { on ? 1 : 0, 0 } };
	struct sigaction sa = { .sa_handler = on ? on_alarm : SIG_DFL };

	if (on)
		sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	if (!on)
		sigaction(SIGALRM, &sa, NULL);
}

static void at_stop(struct tracer *t, pid_t pid, int status)
{
	struct thread *h = thread_of(t, pid, true);
	int sig = WSTOPSIG(status), pass = 0;

	if (sig == (SIGTRAP | 0x80))
		at_call(t, h);
	else if (sig == SIGSTOP && h->fresh)
		;
	else if (status >> 16 == 0)
		pass = sig;
	h->fresh = false;
	go_on(t, pid, pass);
}

static void follow(struct tracer *t)
{
	int status;
	pid_t pid;

	while (t->thread_n) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0) {
			if (errno != EINTR)
				break;
			if (clock_ns() > t->deadline) {
				t->out->hung = true;
				kill(-t->main, SIGKILL);
			}
			continue;
		}
		if (WIFSTOPPED(status)) {
			at_stop(t, pid, status);
			continue;
		}
		if (pid == t->main)
			t->out->status = status;
		thread_gone(t, pid);
	}
}

void trace_run(const struct run *r, const struct fault *f, bool learn, struct trace *out)
{
	static struct tracer t;
	int status;
	pid_t pid;

	memset(&t, 0, sizeof t);
	memset(out, 0, sizeof *out);
	t.f = f;
	t.out = out;
	t.learn = learn;
	t.deadline = clock_ns() + TRACE_SECONDS * 1000000000ull;
	t.free = !learn && (f->kind == FAULT_NONE || f->kind == FAULT_ALLOC);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		stand_fail("fork: %s", strerror(errno));
	if (pid == 0)
		become(r);
	t.main = pid;
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, OPTIONS) < 0 || !pass_loader(pid))
		stand_fail("%s: cannot be traced: %x", r->argv[0], (unsigned)status);
	thread_of(&t, pid, true)->fresh = false;
	watch(true);
	go_on(&t, pid, 0);
	follow(&t);
	watch(false);
	kill(-pid, SIGKILL);		/* what it left behind */
}

bool trace_possible(const char **why)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0);
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
		return true;
	*why = "ptrace is forbidden here";
	return false;
}

#else

bool trace_possible(const char **why)
{
	*why = "the tracer is written for x86-64";
	return false;
}

void trace_run(const struct run *r, const struct fault *f, bool learn, struct trace *out)
{
	(void)r;
	(void)f;
	(void)learn;
	(void)out;
}

#endif
