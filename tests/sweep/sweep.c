/* tests/sweep/sweep.c - each command, each call, each plausible fault
 *
 *	sweep [--share=N | --every=N[,FIRST]] [--case=NAME]... [--call=NAME] [--time=SECONDS]
 *	      [--no-calls] [--no-allocs] [-v]
 *	sweep --replay='CASE FAULT'		put-data pwrite64:1:ENOSPC
 *
 * Without options, as make check does it: some points of every fourth case, spread over
 * its calls, and what was found before (found.c).  --every=1 is all of all cases.  What
 * fails is printed with the words that replay it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/sweep/service.h"
#include "tests/sweep/sweep.h"

const char *refuse_library;
static struct refuse *orders;

static struct options {
	unsigned share, every, first;
	uint64_t seconds;
	const char *only[16], *replay, *call;
	unsigned only_n;
	bool verbose, calls, allocs, all;
} opt = { .share = 3, .calls = true, .allocs = true };

static struct total {
	uint64_t points, failed, fired, succeeded, refused, ended;
	uint64_t begun, index;
} total;

/* --- allocations --- */

struct refuse *refuse_page(void)
{
	char path[600];
	int fd;

	if (!orders) {
		snprintf(path, sizeof path, "%s.refuse", place);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || ftruncate(fd, sizeof *orders) < 0)
			stand_fail("%s: %s", path, strerror(errno));
		orders = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (orders == MAP_FAILED)
			stand_fail("%s: %s", path, strerror(errno));
		close(fd);
		setenv(REFUSE_ENV, path, 1);
	}
	memset(orders, 0, sizeof *orders);
	return orders;
}

static uint64_t allocations_of(const struct probe *p)
{
	const struct fault f = { .kind = FAULT_ALLOC };
	struct outcome o = { .t.status = 0 };

	refuse_page();
	case_run(p, &f, false, &o);
	outcome_release(&o);
	return orders->n;
}

/* --- one point --- */

static void show(const struct probe *p, const struct fault *f, const char *what,
		 const struct outcome *o)
{
	char text[FAULT_TEXT];

	fault_print(f, text);
	printf("# %s %s: %s\n", p->name, text, what);
	printf("#   replay: tests/sweep/sweep --replay='%s %s'\n", p->name, text);
	if (o->err.len)
		printf("#   stderr: %.300s%s", (const char *)o->err.ptr,
		       o->err.ptr[o->err.len - 1] == '\n' ? "" : "\n");
	fflush(stdout);
}

static bool point(const struct probe *p, const struct fault *f)
{
	struct outcome o = { .t.status = 0 };
	const char *what;
	char text[FAULT_TEXT];

	if (f->kind == FAULT_ALLOC) {
		refuse_page();
		orders->at = f->at;
		orders->forever = f->forever;
	}
	what = judge_case(p, f, &o, total.points % 4 == 0 || opt.replay);
	total.points++;
	total.fired += f->kind == FAULT_ALLOC ? orders->hit > 0 : o.t.fired;
	total.succeeded += o.t.status == 0;
	total.ended += WIFSIGNALED(o.t.status);
	if (what) {
		show(p, f, what, &o);
		total.failed++;
	} else if (opt.verbose) {
		fault_print(f, text);
		printf("# %s %s: status %x%s: %s\n", p->name, text, (unsigned)o.t.status,
		       o.t.fired || (f->kind == FAULT_ALLOC && orders->hit) ? "" : ", not reached",
		       o.err.ptr ? (const char *)o.err.ptr : "");
	}
	outcome_release(&o);
	return !what;
}

/* --- the points of a case --- */

struct plan {
	struct fault *f;
	size_t n, cap;
};

static void plan_add(struct plan *pl, const struct fault *f)
{
	if (pl->n == pl->cap) {
		pl->cap = pl->cap ? 2 * pl->cap : 1024;
		pl->f = realloc(pl->f, pl->cap * sizeof *pl->f);
	}
	pl->f[pl->n++] = *f;
}

/* The first 200 calls of a kind and then fewer and fewer: a loop's are much alike. */
static bool worth(unsigned at)
{
	unsigned step = 1;

	for (unsigned n = at; n > 60; n /= 2)
		step *= 2;
	return at % step == 0;
}

static void plan_make(const struct probe *p, struct plan *pl)
{
	const struct fault none = { .kind = FAULT_NONE };
	struct outcome o = { .t.status = 0 };
	struct fault f;
	uint64_t n;

	pl->n = 0;
	if (opt.calls) {
		case_run(p, &none, true, &o);
		for (size_t i = 0; i < o.t.made_n; i++)
			for (unsigned step = 0; o.t.made[i].call >= 0 && worth(o.t.made[i].at) &&
			     call_fault(&o.t.made[i], &step, &f);)
				if ((!(p->flags & CASE_SERD) || f.value != ENOMEM) &&
				    (!opt.call || !strcmp(opt.call, call_name(f.call))))
					plan_add(pl, &f);
		outcome_release(&o);
	}
	if (!opt.allocs || !refuse_library || p->flags & CASE_SERD)
		return;
	n = allocations_of(p);
	for (uint64_t at = 1; at <= n; at++)
		for (int forever = 0; forever < 2 && worth((unsigned)at); forever++) {
			f = (struct fault){ .kind = FAULT_ALLOC, .at = (unsigned)at,
					    .forever = forever };
			plan_add(pl, &f);
		}
}

static bool time_is_over(void)
{
	return opt.seconds && clock_ns() - total.begun > opt.seconds * 1000000000u;
}

/* Some of them: every so many over all cases, or a share of each. */
static bool chosen(const struct plan *pl, size_t i, const struct probe *p)
{
	size_t step;

	if (opt.every)
		return total.index++ % opt.every == opt.first;
	step = pl->n / opt.share ? pl->n / opt.share : 1;
	/* another place in each case, so that together they meet every call */
	return (i + (size_t)(p - probes) * 7) % step == 0;
}

static void sweep_found(const struct probe *p)
{
	struct fault f;

	for (size_t i = 0; i < found_n; i++) {
		if (strcmp(found[i].name, p->name))
			continue;
		if (!fault_parse(found[i].fault, &f))
			stand_fail("no such fault: %s", found[i].fault);
		if (f.kind != FAULT_ALLOC || refuse_library)
			point(p, &f);
	}
}

static void sweep_case(const struct probe *p, unsigned number)
{
	static struct plan pl;
	uint64_t failed = total.failed, points = total.points, was = clock_ns();

	judge_learn(p);
	plan_make(p, &pl);
	for (size_t i = 0; i < pl.n && !time_is_over(); i++)
		if (chosen(&pl, i, p))
			point(p, &pl.f[i]);
	if (!opt.every)
		sweep_found(p);
	printf("%sok %u - %s: %lu points of %zu, %.1f s\n", total.failed == failed ? "" : "not ",
	       number, p->name, total.points - points, pl.n, (double)(clock_ns() - was) / 1e9);
	fflush(stdout);
}

static int replay(const char *text)
{
	size_t n = strcspn(text, " ");
	struct fault f;

	if (!text[n] || !fault_parse(text + n + 1, &f))
		stand_fail("no such fault: %s", text);
	opt.verbose = true;
	for (size_t i = 0; i < probe_n; i++)
		if (strlen(probes[i].name) == n && !memcmp(probes[i].name, text, n)) {
			judge_learn(&probes[i]);
			return point(&probes[i], &f) ? 0 : 1;
		}
	stand_fail("no such case: %s", text);
}

/* --- the program --- */

static bool wanted(const struct probe *p)
{
	for (unsigned i = 0; i < opt.only_n; i++)
		if (!strcmp(opt.only[i], p->name))
			return true;
	for (size_t i = 0; i < found_n && !opt.every; i++)
		if (!strcmp(found[i].name, p->name))
			return !opt.only_n;
	return !opt.only_n && (opt.every || opt.all || (p - probes) % 4 == 0);
}

static bool take(const char *arg, const char *name, const char **value)
{
	size_t n = strlen(name);

	if (strncmp(arg, name, n))
		return false;
	*value = arg + n;
	return true;
}

static void options_read(int argc, char **argv)
{
	const char *v;
	char *end;

	for (int i = 1; i < argc; i++) {
		if (take(argv[i], "--share=", &v)) {
			opt.share = (unsigned)strtoul(v, NULL, 10);
			opt.all = true;
		} else if (take(argv[i], "--every=", &v)) {
			opt.every = (unsigned)strtoul(v, &end, 10);
			opt.first = *end == ',' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
		} else if (take(argv[i], "--case=", &v) && opt.only_n < 16) {
			opt.only[opt.only_n++] = v;
		} else if (take(argv[i], "--call=", &v)) {
			opt.call = v;
		} else if (take(argv[i], "--time=", &v)) {
			opt.seconds = strtoull(v, NULL, 10);
		} else if (take(argv[i], "--replay=", &v)) {
			opt.replay = v;
		} else if (take(argv[i], "--no-calls", &v)) {
			opt.calls = false;
		} else if (take(argv[i], "--no-allocs", &v)) {
			opt.allocs = false;
		} else if (!strcmp(argv[i], "-v")) {
			opt.verbose = true;
		} else {
			stand_fail("%s: what is that?", argv[i]);
		}
	}
	if (!opt.share)
		opt.share = 1;
}

/* The commands and the library are beside this program's folder. */
static void find_programs(void)
{
	static char library[600];
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0)
		stand_fail("/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	snprintf(programs, sizeof programs, "%s", self);
	snprintf(library, sizeof library, "%s/tests/sweep/refuse.so", programs);
	if (access(library, R_OK) == 0)
		refuse_library = library;
}

static pid_t owner;

/* At the end, however that comes; children end here, too. */
static void place_remove(void)
{
	char command[600];

	if (getpid() != owner)
		return;
	snprintf(command, sizeof command, "rm -rf '%s' '%s.refuse'", place, place);
	if (system(command) != 0)
		printf("# %s is left\n", place);
}

static void place_make(void)
{
	const char *tmp = getenv("TMPDIR");
	char none[300];

	if (!tmp)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(place, sizeof place, "%.40s/strato-sweep-XXXXXX", tmp);
	if (!mkdtemp(place))
		stand_fail("%s: %s", place, strerror(errno));
	owner = getpid();
	atexit(place_remove);
	setenv("HOME", place, 1);
	unsetenv("XDG_CONFIG_HOME");
	setenv("LC_ALL", "C", 1);
	snprintf(none, sizeof none, "%s/in", place);	/* no device but host memory */
	setenv("OCL_ICD_VENDORS", none, 1);
	setenv("STRATO_MEMORY_LIMIT", "256M", 1);
	refuse_page();
	inputs_make();
	world_make();
}

int main(int argc, char **argv)
{
	const char *why = NULL;
	unsigned n = 0;
	int r = 0;

	options_read(argc, argv);
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || defined STRATO_COVERAGE
	if (!opt.every && !opt.replay)
		why = "calls that a sanitizer or gcov makes are not the command's";
#endif
	if (why || !trace_possible(&why)) {
		printf("1..0 # SKIP %s\n", why);
		return 0;
	}
	find_programs();
	place_make();
	total.begun = clock_ns();
	if (opt.replay) {
		r = replay(opt.replay);
		return r;
	}
	for (size_t i = 0; i < probe_n; i++)
		if (wanted(&probes[i]) && !time_is_over())
			sweep_case(&probes[i], ++n);
	printf("1..%u\n# %lu fault points (%lu reached) in %.0f s: %lu succeeded all the same, "
	       "%lu ended by a signal, %lu failed\n", n, total.points, total.fired,
	       (double)(clock_ns() - total.begun) / 1e9, total.succeeded, total.ended,
	       total.failed);
	return total.failed > 0;
}
