/* tests/stress/life.c - the built commands beside each other, killed at any moment
 *
 *	tests/stress/life [--time=SECONDS] [--ops=N] [--seed=N] [--writers=N] [--readers=N]
 *		[--kills=PERCENT] [--device=NAME] [--dir=DIR] [--image=FILE --mount=DIR]
 *
 * Writers, changers of graphs, an importer, housekeepers, a cache service and readers,
 * each a process that runs one command after another on one store; a share of them is
 * killed by kill -9.  What is acknowledged is noted in memory they share, and readers
 * hold what they see against it:
 *
 *	groups	a writer's keys and its node and edge say one number each, which only
 *		grows: at least what was acknowledged before they were read, at most what
 *		was tried by then
 *	sums	what is moved between a writer's accounts in one commit is neither lost
 *		nor doubled
 *	counter	what is raised on the condition that nobody else did is raised by each
 *	token	a key that is renamed is there under one name
 *	ring	a graph that is imported in place of another is whole: one ring
 *	kept	a snapshot shows the same as when it was taken, and a backup restored does
 *	cache	the service's answer is not older than what was acknowledged before
 *	check	strato-walcheck --full and strato-graph check have nothing to say
 *
 * With --image, the file that the file system of DIR lies in, on one that shares blocks
 * between copies: copies of it at any moment are what a crash of the machine leaves on
 * the device; each is mounted and must hold the same (its journal is the file system's).
 * Which process comes when is the kernel's: a seed draws the same work, not the same run.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "tests/stress/run.h"

#define WRITERS 8u
#define KEYS 6u			/* of a group */
#define ACCOUNTS 4u
#define START 1000		/* on each account */
#define FILLER 40000u		/* bytes of the largest value */

struct bounds {			/* of what a number may be */
	_Atomic uint64_t acked, tried;
};

struct shared {
	_Atomic bool stop, failed;
	_Atomic uint64_t ops, kills, checks, states;
	struct bounds group[WRITERS], node[WRITERS], counter;
	_Atomic uint64_t ring;		/* imports that were acknowledged */
	char why[2000];
};

/* What was acknowledged when somebody began to look. */
struct floors {
	uint64_t group[WRITERS], node[WRITERS], counter, ring;
};

static struct shared *all;
static struct {
	uint64_t time, ops, seed, writers, readers, kills;
	const char *dir, *device, *image, *mount;
} o = { .seed = 1, .writers = 2, .readers = 2, .kills = 15, .device = "host" };
static uint64_t rng;
static char store[400];		/* where this process looks */
static int service;

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? (hash_u64(rng) >> 7) % n : 0;
}

/* The first word of it counts. */
static _Noreturn void lost(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
static void lost(const char *fmt, ...)
{
	va_list ap;

	if (!atomic_exchange(&all->failed, true)) {
		va_start(ap, fmt);
		vsnprintf(all->why, sizeof all->why, fmt, ap);
		va_end(ap);
	}
	all->stop = true;
	_exit(1);
}

/* --- commands --- */

static bool was_killed(const struct run *r)
{
	return r->killed && r->status == 128 + SIGKILL;
}

/* Runs it on the store.  True: done, or the answer is no; false: it was killed, or others
 * had the lock.  Anything else is a finding. */
static bool command(struct run *r, bool may_die, const char *const *given)
{
	const char *word[RUN_ARGS + 4];
	unsigned n = 0;

	while ((word[n] = given[n]))
		n++;
	word[n++] = "-s";
	word[n++] = store;
	word[n] = NULL;
	r->kill_us = may_die && rnd(100) < o.kills ? 1 + rnd(rnd(2) ? 4000 : 40000) : 0;
	run(r, word);
	all->ops++;
	all->kills += was_killed(r);
	if (was_killed(r) || r->status == 75)
		return false;
	if (r->status > 1)
		lost("%s %s: status %d: %s", word[0], word[1], r->status, r->err);
	return true;
}

#define WORDS(...) (const char *const[]){ __VA_ARGS__, NULL }

/* --- what there is --- */

/* LEN bytes that a number decides; the number is at their beginning. */
static size_t value_of(char *out, uint64_t number, size_t len)
{
	size_t n = (size_t)sprintf(out, "%" PRIu64 ".", number);

	for (; n < len; n++)
		out[n] = (char)('a' + hash_u64(number + n / 8) % 23);
	return n;
}

static size_t len_of(uint64_t number, unsigned key)
{
	uint64_t x = hash_u64(number * KEYS + key);

	return x % 8 ? x % 60 : x % 3 ? 3000 : x % FILLER;
}

static void take_floors(struct floors *f)
{
	for (unsigned i = 0; i < WRITERS; i++) {
		f->group[i] = all->group[i].acked;
		f->node[i] = all->node[i].acked;
	}
	f->counter = all->counter.acked;
	f->ring = all->ring;
}

static void within(const char *what, unsigned who, uint64_t got, uint64_t least,
		   struct bounds *b)
{
	uint64_t most = b->tried;

	if (got < least || got > most)
		lost("%s %u is %" PRIu64 "; %" PRIu64 " was acknowledged, %" PRIu64 " tried", what,
		     who, got, least, most);
}

/* --- those who write --- */

static void write_group(unsigned me, uint64_t number)
{
	static char in[KEYS * (FILLER + 100)];
	bool done;
	struct run r = { .in = in };
	size_t n = 0;

	for (unsigned k = 0; k < KEYS; k++) {
		n += (size_t)sprintf(in + n, "w/%u/%u\t", me, k);
		n += value_of(in + n, number, len_of(number, k));
		in[n++] = '\n';
	}
	r.in_len = n;
	all->group[me].tried = number;
	done = command(&r, true, WORDS("strato-put", "-b", "--atomic"));
	if (done)
		all->group[me].acked = number;
	run_release(&r);
}

/* What a writer had written when it was killed is taken up, or not, by the next commit
 * at the latest: after this one it is there or will never be. */
static void settle(unsigned me)
{
	char key[32];
	struct run r = { .in = NULL };

	sprintf(key, "settled/%u", me);
	while (!command(&r, false, WORDS("strato-put", "-d", "x", key)))
		run_release(&r);
	run_release(&r);
}

static void move_money(unsigned me, int64_t account[ACCOUNTS])
{
	unsigned from = (unsigned)rnd(ACCOUNTS), to = (unsigned)rnd(ACCOUNTS);
	int64_t sum = (int64_t)rnd(50);
	char in[200];
	struct run r = { .in = in };

	if (from == to)
		return;
	r.in_len = (size_t)sprintf(in, "m/%u/%u\t%" PRId64 "\nm/%u/%u\t%" PRId64 "\n", me, from,
				   account[from] - sum, me, to, account[to] + sum);
	if (command(&r, true, WORDS("strato-put", "-b", "--atomic"))) {
		account[from] -= sum;
		account[to] += sum;
	} else {		/* which of the two is it?  All other sums rest on that */
		char key[32];
		struct run g = { .in = NULL };

		run_release(&r);
		settle(me);
		sprintf(key, "m/%u/%u", me, from);
		if (!command(&g, false, WORDS("strato-get", key)) || g.status)
			lost("account %s: %s", key, g.err);
		if (strtoll(g.out, NULL, 10) != account[from]) {
			account[from] -= sum;
			account[to] += sum;
		}
		r = g;
	}
	run_release(&r);
}

static void raise_counter(void)
{
	struct run g = { .in = NULL }, p = { .in = NULL };
	char condition[64], value[32];
	uint64_t version = 0, was;
	bool done;

	if (command(&g, false, WORDS("strato-get", "-i", "counter")) && g.status == 0)
		sscanf(g.out, "%*[^\t]\t%*[^\t]\t%" SCNu64, &version);
	run_release(&g);
	if (!version || !command(&g, false, WORDS("strato-get", "counter")))
		lost("the counter is gone");
	was = strtoull(g.out, NULL, 10);
	run_release(&g);
	sprintf(condition, "--if-version=%" PRIu64, version);
	sprintf(value, "%" PRIu64, was + 1);
	all->counter.tried++;
	done = command(&p, true, WORDS("strato-put", condition, "-d", value, "counter"));
	if (done && p.status == 0)
		all->counter.acked++;
	run_release(&p);
}

static void rename_token(void)
{
	char from[16], to[16];
	struct run r = { .in = NULL };

	sprintf(from, "t/%u", (unsigned)rnd(3));
	sprintf(to, "t/%u", (unsigned)rnd(3));
	command(&r, true, WORDS("strato-mv", from, to));
	run_release(&r);
}

static void writer(unsigned me)
{
	int64_t account[ACCOUNTS];
	uint64_t number = all->group[me].acked;

	for (unsigned i = 0; i < ACCOUNTS; i++)
		account[i] = START;
	while (!all->stop) {
		uint64_t what = rnd(10);

		if (what < 5)
			write_group(me, ++number);
		else if (what < 7)
			move_money(me, account);
		else if (what < 9)
			raise_counter();
		else
			rename_token();
	}
}

/* Node cME and its edge to dME get the same number in one group. */
static void changer(unsigned me)
{
	uint64_t number = 0;

	while (!all->stop) {
		char in[400];
		struct run r = { .in = in };

		number++;
		r.in_len = (size_t)sprintf(in, "node\tc%u\tn=%" PRIu64 "\nnode\td%u\n"
					   "edge\tc%u\td%u\ton\tn=%" PRIu64 "\n", me, number, me,
					   me, me, number);
		all->node[me].tried = number;
		if (command(&r, true, WORDS("strato-graph", "apply", "--atomic", "-g", "g")))
			all->node[me].acked = number;
		run_release(&r);
		if (rnd(12) == 0) {
			struct run c = { .in = NULL };

			command(&c, true, WORDS("strato-graph", "compact", "-g", "g"));
			run_release(&c);
		}
	}
}

static void importer(unsigned me)
{
	(void)me;
	for (uint64_t turn = 1; !all->stop; turn++) {
		static char in[20000];
		unsigned n = 3 + (unsigned)rnd(200);
		struct run r = { .in = in };

		for (unsigned i = 0; i < n; i++)
			r.in_len += (size_t)sprintf(in + r.in_len, "%" PRIu64 "/%u\t%" PRIu64 "/%u\n",
						    turn, i, turn, (i + 1) % n);
		if (command(&r, true, WORDS("strato-graph", "import", "-q", "-g", "ring",
					    "--replace", "-f", "tsv")))
			all->ring = turn;
		run_release(&r);
	}
}

/* --- those who look --- */

/* All lines "KEY TAB VALUE" with this prefix, of one moment. */
static void list(struct run *r, const char *prefix)
{
	*r = (struct run){ .in = NULL };
	if (!command(r, false, WORDS("strato-ls", "--values", prefix)))
		lost("strato-ls: status %d: %s", r->status, r->err);
}

static void look_at_group(unsigned w, const struct floors *f)
{
	static char want[FILLER + 100];
	char prefix[16];
	struct run r;
	uint64_t number = 0;
	unsigned n = 0;
	char *at;

	sprintf(prefix, "w/%u/", w);
	list(&r, prefix);
	for (at = r.out; at && *at; n++) {
		char *value = strchr(at, '\t') + 1, *end = strchr(value, '\n');
		uint64_t got = strtoull(value, NULL, 10);
		size_t len;

		if (n == 0)
			number = got;
		len = value_of(want, got, len_of(got, n));
		if (got != number || (size_t)(end - value) != len || memcmp(value, want, len))
			lost("group %u: key %u says %" PRIu64 ", key 0 says %" PRIu64 ", or has other "
			     "bytes", w, n, got, number);
		at = end + 1;
	}
	if (n && n != KEYS)
		lost("group %u: %u keys of %u", w, n, KEYS);
	within("group", w, number, f->group[w], &all->group[w]);
	run_release(&r);
}

static void look_at_sums(void)
{
	struct run r;
	int64_t sum[WRITERS] = { 0 };

	list(&r, "m/");
	for (char *at = r.out; *at; at = strchr(at, '\n') + 1)
		sum[strtoul(at + 2, NULL, 10) % WRITERS] += strtoll(strchr(at, '\t') + 1, NULL, 10);
	for (unsigned w = 0; w < o.writers; w++)
		if (sum[w] != (int64_t)ACCOUNTS * START)
			lost("the accounts of writer %u hold %" PRId64 ", not %d", w, sum[w],
			     (int)ACCOUNTS * START);
	run_release(&r);
}

static void look_at_rest(const struct floors *f)
{
	struct run r;
	unsigned n = 0;

	list(&r, "counter");
	within("counter", 0, strtoull(strchr(r.out, '\t') ? strchr(r.out, '\t') : "0", NULL, 10),
	       f->counter, &all->counter);
	run_release(&r);
	list(&r, "t/");
	for (char *at = r.out; *at; at = strchr(at, '\n') + 1)
		n++;
	if (n != 1)
		lost("the token has %u names: %s", n, r.out);
	run_release(&r);
}

/* tsv has edges only; the node's property is in jsonl. */
static uint64_t number_in(const char *json, const char *before)
{
	const char *at = strstr(json, before), *n = at ? strstr(at, "\"n\":") : NULL;
	const char *end = at ? strchr(at, '\n') : NULL;

	return n && n < end ? strtoull(n + 4, NULL, 10) : 0;
}

static void look_at_changes(const struct floors *f)
{
	struct run r = { .in = NULL };

	if (!command(&r, false, WORDS("strato-graph", "export", "-f", "jsonl", "-g", "g")))
		lost("strato-graph export: status %d: %s", r.status, r.err);
	for (unsigned w = 0; w < o.writers; w++) {
		char node[40], edge[40];
		uint64_t a, b;

		sprintf(node, "\"id\":\"c%u\"", w);
		sprintf(edge, "\"from\":\"c%u\"", w);
		a = number_in(r.out, node);
		b = number_in(r.out, edge);
		if (a != b)
			lost("node c%u says %" PRIu64 ", its edge %" PRIu64, w, a, b);
		within("node", w, a, f->node[w], &all->node[w]);
	}
	run_release(&r);
}

static void look_at_ring(const struct floors *f)
{
	struct run r = { .in = NULL };
	uint64_t turn, n = 0, sum = 0, here, there, i, k;

	if (!command(&r, false, WORDS("strato-graph", "export", "-f", "tsv", "-g", "ring")))
		lost("strato-graph export: status %d: %s", r.status, r.err);
	turn = strtoull(r.out, NULL, 10);
	for (char *at = r.out; *at; at = strchr(at, '\n') + 1, n++) {
		if (sscanf(at, "%" SCNu64 "/%" SCNu64 "\t%" SCNu64 "/%" SCNu64, &here, &i, &there,
			   &k) != 4 || here != turn || there != turn || (k != i + 1 && k != 0))
			lost("the ring of import %" PRIu64 " has another edge: %.60s", turn, at);
		sum += k ? 1 : i + 1;
	}
	if (turn < f->ring || (turn && sum != 2 * n - 1))
		lost("the ring is of import %" PRIu64 " with %" PRIu64 " edges; %" PRIu64
		     " was acknowledged", turn, n, f->ring);
	run_release(&r);
}

static void look(void)
{
	struct floors f;

	take_floors(&f);
	for (unsigned w = 0; w < o.writers; w++)
		look_at_group(w, &f);
	look_at_sums();
	look_at_rest(&f);
	look_at_changes(&f);
	look_at_ring(&f);
	all->checks++;
}

static void reader(unsigned me)
{
	(void)me;
	while (!all->stop)
		look();
}

/* --- those who keep house --- */

static void check_all(void)
{
	static const char *const graphs[] = { "g", "ring" };
	struct run r = { .in = NULL };

	command(&r, false, WORDS("strato-walcheck", "--full"));
	if (r.out_len || r.err[0])
		lost("strato-walcheck --full: %s%s", r.out, r.err);
	run_release(&r);
	for (unsigned i = 0; i < 2; i++) {
		command(&r, false, WORDS("strato-graph", "check", "-g", graphs[i]));
		if (r.status)
			lost("strato-graph check: %s%s", r.out, r.err);
		run_release(&r);
	}
}

static char *shown(const char *dir, const char *as_of)
{
	char where[100] = "--as-of=", before[400];
	struct run r = { .in = NULL };
	char *out;

	strcat(where, as_of);
	strcpy(before, store);
	strcpy(store, dir);
	if (!command(&r, false, WORDS("strato-ls", "--values", where)) || r.status)
		lost("strato-ls %s of %s: status %d: %s", where, dir, r.status, r.err);
	strcpy(store, before);
	out = r.out;
	r.out = NULL;
	run_release(&r);
	return out;
}

/* A backup goes to a store of its own, which shows the snapshot as this one does. */
static void back_up(const char *name, const char *shows, unsigned turn)
{
	struct run b = { .in = NULL }, r = { .in = NULL };
	char dir[460], doing[500];
	char *there;

	if (!command(&b, true, WORDS("strato-backup", "--snapshots"))) {
		run_release(&b);
		return;
	}
	snprintf(dir, sizeof dir, "%s/R%u", o.dir, turn);
	r.in_fd = b.out_fd;
	r.kill_us = 0;
	run(&r, WORDS("strato-restore", "-q", dir));
	if (r.status)
		lost("strato-restore: status %d: %s", r.status, r.err);
	run_release(&r);
	run_release(&b);
	there = shown(dir, name);
	if (strcmp(there, shows))
		lost("snapshot %s is another in a backup restored", name);
	free(there);
	r = (struct run){ .in = NULL };
	run(&r, WORDS("strato-walcheck", "--full", "-s", dir));
	if (r.status > 1)
		lost("strato-walcheck of %s: %s%s", dir, r.out, r.err);
	run_release(&r);
	snprintf(doing, sizeof doing, "rm -rf '%s'", dir);
	if (system(doing))
		lost("%s", doing);
}

static void keeper(unsigned me)
{
	for (unsigned turn = 1; !all->stop; turn++) {
		char name[32];
		char *shows, *again;
		struct run r = { .in = NULL };

		(void)me;
		sprintf(name, "kept%u", turn);
		if (!command(&r, true, WORDS("strato-snapshot", name))) {
			run_release(&r);
			continue;	/* it may be there all the same, for ever */
		}
		run_release(&r);
		shows = shown(store, name);
		if (rnd(2))
			back_up(name, shows, turn);
		check_all();
		again = shown(store, name);
		if (strcmp(shows, again))
			lost("snapshot %s shows something else than before", name);
		free(shows);
		free(again);
		command(&r, true, WORDS("strato-snapshot", "--rm", name));
		run_release(&r);
	}
}

static void compactor(unsigned me)
{
	(void)me;
	while (!all->stop) {
		struct run r = { .in = NULL };

		command(&r, true, WORDS("strato-compact"));
		run_release(&r);
		usleep(20000 + (useconds_t)rnd(200000));
	}
}

/* The service, begun anew when it was killed, and asked. */
static void cacher(unsigned me)
{
	char device[64];

	snprintf(device, sizeof device, "--device=%s", o.device);
	while (!all->stop) {
		unsigned w = (unsigned)rnd(o.writers), k = (unsigned)rnd(KEYS);
		struct run r = { .in = NULL };
		struct floors f;
		char key[32];

		(void)me;
		if (!service || waitpid(service, NULL, WNOHANG) == service) {
			service = run_begin(WORDS("strato-gpucache", "serve", "-q", device,
						  "--size=16M", "-s", store));
			usleep(100000);
		}
		if (rnd(100) == 0 && o.kills) {
			kill(service, SIGKILL);
			all->kills++;
		}
		sprintf(key, "w/%u/%u", w, k);
		take_floors(&f);
		if (command(&r, true, WORDS("strato-gpucache", "get", key)) && r.status == 0)
			within("from the cache, group", w, strtoull(r.out, NULL, 10), f.group[w],
			       &all->group[w]);
		run_release(&r);
	}
	kill(service, SIGKILL);
	waitpid(service, NULL, 0);
}

/* --- the file system's image --- */

static void shell(const char *fmt, ...)
{
	char line[1600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (system(line))
		lost("%s", line);
}

/* One moment of the image, as a crash leaves it: what is acknowledged before is in it. */
static void cut(unsigned turn)
{
	char copy[500];
	struct floors f;
	int from = open(o.image, O_RDONLY), to;

	snprintf(copy, sizeof copy, "%s.%u", o.image, turn);
	to = open(copy, O_RDWR | O_CREAT | O_TRUNC, 0600);
	take_floors(&f);
	if (from < 0 || to < 0 || ioctl(to, FICLONE, from) < 0)
		lost("%s: cannot be copied in one moment", o.image);
	close(from);
	close(to);
	shell("mount -o loop,nouuid '%s' '%s' 2>/dev/null || mount -o loop '%s' '%s'", copy,
	      o.mount, copy, o.mount);
	snprintf(store, sizeof store, "%s/S", o.mount);
	for (unsigned w = 0; w < o.writers; w++)
		look_at_group(w, &f);
	look_at_sums();
	look_at_rest(&f);
	look_at_changes(&f);
	look_at_ring(&f);
	check_all();
	write_group(WRITERS - 1, all->group[WRITERS - 1].tried + 1);
	shell("umount '%s'", o.mount);
	unlink(copy);
	all->states++;
}

static void cutter(unsigned me)
{
	(void)me;
	o.kills = 0;
	for (unsigned turn = 1; !all->stop; turn++) {
		usleep((useconds_t)rnd(150000));
		cut(turn);
	}
}

/* --- --- */

static void make_store(void)
{
	char in[4000];
	struct run r = { .in = in };

	shell("mkdir -p '%s'", o.dir);
	snprintf(store, sizeof store, "%s/S", o.dir);
	run(&r, WORDS("strato-init", "-O", "log_size=1M", "-O", "reserve_size=1M", store));
	if (r.status)
		lost("strato-init: %s", r.err);
	run_release(&r);
	r.in_len = (size_t)sprintf(in, "counter\t0\nt/0\ttoken\n");
	for (unsigned i = 0; i < o.writers * ACCOUNTS; i++)
		r.in_len += (size_t)sprintf(in + r.in_len, "m/%u/%u\t%d\n", i / ACCOUNTS,
					    i % ACCOUNTS, START);
	o.kills += 1000;		/* nobody is killed yet */
	command(&r, false, WORDS("strato-put", "-b", "--atomic"));
	run_release(&r);
	r = (struct run){ .in = "0/0\t0/1\n0/1\t0/0\n", .in_len = 16 };
	command(&r, false, WORDS("strato-graph", "import", "-q", "-g", "ring", "-f", "tsv"));
	run_release(&r);
	r = (struct run){ .in = "c\td\n", .in_len = 4 };
	command(&r, false, WORDS("strato-graph", "import", "-q", "-g", "g", "-f", "tsv"));
	run_release(&r);
	o.kills -= 1000;
}

static unsigned begin(void (*work)(unsigned), unsigned me)
{
	static unsigned n;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	n++;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		rng = hash_u64(o.seed * 1000 + n);
		work(me);
		_exit(0);
	}
	if (pid < 0)
		lost("fork");
	return n;
}

static void report(time_t began)
{
	printf("%llds: %" PRIu64 " commands, %" PRIu64 " killed, %" PRIu64 " rounds of checks, %"
	       PRIu64 " states of the image: %s\n", (long long)(time(NULL) - began),
	       all->ops, all->kills, all->checks, all->states,
	       all->failed ? all->why : "nothing lost");
	fflush(stdout);
}

static void live(void)
{
	time_t began = time(NULL), said_at = began;
	int status;

	for (unsigned i = 0; i < o.writers; i++) {
		begin(writer, i);
		begin(changer, i);
	}
	for (unsigned i = 0; i < o.readers; i++)
		begin(reader, i);
	begin(importer, 0);
	begin(keeper, 0);
	begin(compactor, 0);
	if (strcmp(o.device, "none"))
		begin(cacher, 0);
	if (o.image)
		begin(cutter, 0);
	while (!all->stop) {
		usleep(50000);
		if ((o.time && (uint64_t)(time(NULL) - began) >= o.time) ||
		    (o.ops && all->ops >= o.ops))
			all->stop = true;
		if (time(NULL) - said_at >= 30) {
			said_at = time(NULL);
			report(began);
		}
	}
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			all->failed = true;
	if (!all->failed) {
		if (fork() == 0) {		/* what is lost ends a process */
			look();
			check_all();
			_exit(0);
		}
		wait(&status);
	}
	report(began);
}

static bool take(const char *arg, const char *name, const char **out)
{
	size_t len = strlen(name);

	if (strncmp(arg, name, len) || arg[len] != '=')
		return false;
	*out = arg + len + 1;
	return true;
}

static bool take_number(const char *arg, const char *name, uint64_t *out)
{
	const char *text;
	char *end;

	if (!take(arg, name, &text))
		return false;
	*out = strtoull(text, &end, 10);
	return *text && !*end;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!take_number(argv[i], "--time", &o.time) &&
		    !take_number(argv[i], "--ops", &o.ops) &&
		    !take_number(argv[i], "--seed", &o.seed) &&
		    !take_number(argv[i], "--writers", &o.writers) &&
		    !take_number(argv[i], "--readers", &o.readers) &&
		    !take_number(argv[i], "--kills", &o.kills) &&
		    !take(argv[i], "--device", &o.device) && !take(argv[i], "--dir", &o.dir) &&
		    !take(argv[i], "--image", &o.image) && !take(argv[i], "--mount", &o.mount)) {
			fprintf(stderr, "%s: %s: see the head of tests/stress/life.c\n", argv[0],
				argv[i]);
			return 64;
		}
	if (!o.dir || !o.writers || o.writers >= WRITERS) {
		fprintf(stderr, "%s: --dir=DIR, and 1 to %u writers\n", argv[0], WRITERS - 1);
		return 64;
	}
	all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return 2;
	make_store();
	live();
	return all->failed;
}
