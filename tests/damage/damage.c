/* tests/damage/damage.c - every answer of a damaged store is right, or it is an error
 *
 *	damage [--flips=N|all] [--random=N] [--file=NAME] [--time=SECONDS] [--seed=S]
 *		[--first=I] [-v]
 *
 * Flips take turns with the pages of the files, first what is near something that is not
 * zero, each bit once; random damages begin with each kind at each file; number I of seed
 * S is the same each time.  What fails is printed with the words that replay it.  NAME
 * ("s/wal/index"): bits of that file only, and only near something.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "tests/damage/damage.h"

struct options {
	uint64_t flips, random, seconds, seed, first, ask, check;
	const char *file;
	bool apart, verbose;
};

struct total {
	uint64_t harmed, harmless, told, checked, named, hits, compacted, failed;
	uint64_t n[VERDICTS];
	uint64_t begun;
};

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
/* These know our variables better than to have them put back. */
static struct options opt = { .flips = 40, .random = 20, .seed = 1, .ask = 6, .check = 1,
	.apart = true };
#else
static struct options opt = { .flips = 1200, .random = 300, .seed = 1, .ask = 6, .check = 1 };
#endif

/* What workers hand on to each other. */
static struct progress {
	struct total flips, random;
	uint64_t at;		/* the next case */
	uint64_t died;
	uint64_t said_ns;	/* when last */
} *progress;

static bool time_is_over(const struct total *t)
{
	return opt.seconds && clock_ns() - t->begun > opt.seconds * 1000000000u;
}

/* --- bits in order --- */

/* A page of a file (of those of odd length, manifest and snapshots, the beginning in smaller
 * pieces: all they are is there), and of its bytes those near something, or those that are not: 16
 * zeros.  Pages take turns, so that a few flips meet every structure of every file, the
 * small ones as often; a page that is through is passed over.  What is near something
 * comes first, of all files. */
struct unit {
	struct file_image *file;
	size_t from;
	uint32_t byte_n;
	uint16_t *byte;		/* offsets in the page */
};
static struct turns {
	struct unit *unit;
	uint64_t unit_n, longest, byte_n;
} dense, empty;

static bool is_empty(const struct file_image *f, size_t off)
{
	size_t from = off & ~(size_t)15;

	for (size_t i = from; i < from + 16 && i < f->len; i++)
		if (f->ptr[i])
			return false;
	return true;
}

static void add_unit(struct turns *t, struct file_image *f, size_t from, size_t len,
		     bool want_empty)
{
	struct unit u = { .file = f, .from = from, .byte = malloc(4096 * sizeof *u.byte) };

	for (size_t off = from; off < from + len && off < f->len; off++)
		if (is_empty(f, off) == want_empty)
			u.byte[u.byte_n++] = (uint16_t)(off - from);
	if (u.byte_n == 0) {
		free(u.byte);
		return;
	}
	t->unit = realloc(t->unit, (t->unit_n + 1) * sizeof u);
	t->unit[t->unit_n++] = u;
	t->longest = u.byte_n > t->longest ? u.byte_n : t->longest;
	t->byte_n += u.byte_n;
}

static void find_bytes(void)
{
	for (unsigned i = 0; i < file_n; i++)
		for (size_t at = 0, n = 4096; at < files[i].len; at += n) {
			n = 4096 - at % 4096;
			if (files[i].len % 4096 && at < 2048)
				n = at < 256 ? 64 : 256;
			if (files[i].part == PART_BESIDE)
				continue;
			add_unit(&dense, &files[i], at, n, false);
			add_unit(&empty, &files[i], at, n, true);
		}
}

static uint64_t turns_in(const struct turns *t)
{
	return 8 * t->longest * t->unit_n;
}

static uint64_t greatest_common(uint64_t a, uint64_t b)
{
	return b ? greatest_common(b, a % b) : a;
}

/* The I-th of N, each once. */
static uint64_t nth(uint64_t i, uint64_t n)
{
	uint64_t step = 0x9e3779b1u;

	while (greatest_common(step, n) != 1)
		step++;
	return (uint64_t)((unsigned __int128)(i + opt.seed) * step % n);
}

/* The I-th bit in all: false when its page is through. */
static bool find_bit(uint64_t i, struct file_image **f, size_t *off, unsigned *bit)
{
	const struct turns *t = i < turns_in(&dense) ? &dense : &empty;
	uint64_t turn = (i - (t == &empty ? turns_in(&dense) : 0)) / t->unit_n, at;
	const struct unit *u;

	i -= t == &empty ? turns_in(&dense) : 0;
	u = &t->unit[i % t->unit_n];
	if (turn >= 8 * u->byte_n ||
	    (opt.file && (t == &empty || strcmp(u->file->name, opt.file))))
		return false;
	at = nth(turn + hash_u64(i % t->unit_n) % 1000, 8 * u->byte_n);
	*f = u->file;
	*off = u->from + u->byte[at / 8];
	*bit = (unsigned)(at % 8);
	return true;
}

/* --- one case --- */

static void tally(struct total *t, const struct judgement *j, const char *what,
		  const char *replay)
{
	bool bad = false;

	t->harmed++;
	for (unsigned v = 0; v < VERDICTS; v++) {
		t->n[v] += j->n[v];
		bad |= v > TOLD && j->n[v];
	}
	if (j->n[TOLD])
		t->told++;
	else if (!bad)
		*(j->check ? &t->checked : &t->harmless) += 1;
	t->named += j->check_names;
	t->hits += j->check_hits;
	t->failed += bad;
	if (bad && t->failed <= 60)
		fprintf(tap, "# %s\n%s# replay: %s\n", what, j->words, replay);
	else if (opt.verbose)
		fprintf(tap, "# %s: %u right, %u told, check %d\n", what, j->n[RIGHT],
			j->n[TOLD], j->check);
	fflush(tap);
}

/* Readers may have written what no case harmed. */
static void see_written(struct judgement *j)
{
	const char *wrote;

	shared->wrote = false;
	if (files_same(&wrote))
		return;
	j->n[WROTE]++;
	snprintf(j->words, sizeof j->words, "# WROTE: %s\n", wrote);
	shared->renew = true;
}

static void flip(uint64_t i)
{
	struct file_image *f;
	char what[200], replay[80];
	struct judgement j;
	unsigned bit;
	size_t off;

	if (!find_bit(i, &f, &off, &bit))
		return;
	shared->rng = hash_u64(opt.seed + i);
	snprintf(what, sizeof what, "%s: bit %u of byte %zu", f->name, bit, off);
	snprintf(replay, sizeof replay, "tests/damage/damage --random=0 --flips=1 --seed=%llu "
		 "--first=%llu", (unsigned long long)opt.seed, (unsigned long long)i);
	file_put_byte(f, off, (uint8_t)(f->ptr[off] ^ 1u << bit), hash_u64(i) & 1);
	shared->only_read = hash_u64(i + 3) % 8 != 0;
	judge(f, page_of(f, off), f->part == PART_IMAGE ? 1 : (unsigned)opt.ask,
	      hash_u64(i + 7) % opt.check == 0, &j);
	file_put_byte(f, off, f->ptr[off], true);
	if (shared->wrote)
		see_written(&j);
	tally(&progress->flips, &j, what, replay);
}

/* What was harmed stays an error, or is told, when somebody makes it anew. */
static bool compact_now(char *what, size_t cap, struct judgement *j)
{
	struct answer a = { .status = 0 };
	size_t n = strlen(what);

	shared->apart = shared->renew = true;
	command_run("compact", NULL, 0, &a);
	snprintf(what + n, cap - n, "; compact: status %x", (unsigned)a.status);
	memset(j, 0, sizeof *j);
	if (!WIFEXITED(a.status)) {
		j->n[SIGNAL] = 1;
		snprintf(j->words, sizeof j->words, "# SIGNAL: compact\n");
	}
	answer_release(&a);
	return j->n[SIGNAL] == 0;
}

static bool harm(uint64_t i, char *what, size_t cap, const struct file_image **f)
{
	if (i < harms_in_turn())
		return harm_in_turn(nth(i, harms_in_turn()), what, cap, f);
	return harm_some(what, cap, f);
}

/* What a live index knows is then known no more, but for how far the log was flushed. */
static void restart(bool restarted, char *what, size_t cap)
{
	shared->restarted = restarted;
	if (restarted)
		snprintf(what + strlen(what), cap - strlen(what), "; restarted");
}

static void damage(uint64_t i)
{
	struct total *t = &progress->random;
	const struct file_image *f;
	char what[400], replay[80];
	struct judgement j;
	bool image;

	shared->rng = hash_u64(opt.seed) + hash_u64(i);
	shared->only_read = false;
	snprintf(replay, sizeof replay, "tests/damage/damage --flips=0 --random=1 --seed=%llu "
		 "--first=%llu", (unsigned long long)opt.seed, (unsigned long long)i);
	if (!harm(i, what, sizeof what, &f)) {
		files_restore_harmed();
		return;
	}
	image = f && f->part == PART_IMAGE;
	shared->compacted = !image && rnd(12) == 0;
	t->compacted += shared->compacted;
	restart(rnd(3) == 0, what, sizeof what);
	if (!shared->compacted || compact_now(what, sizeof what, &j))
		judge(f, NO_PAGE, image ? 2 : shared->compacted ? 4 : 2 * (unsigned)opt.ask,
		      true, &j);
	if (!shared->compacted && (shared->wrote || i % 16 == 0))
		see_written(&j);
	tally(t, &j, what, replay);
	shared->compacted = false;
	restart(false, NULL, 0);
	if (!shared->renew)		/* else by name, before the next worker */
		files_restore_harmed();
}

/* --- workers --- */

enum { DONE = 40, RENEW };

/* So many that do harm; of random ones some change nothing. */
static bool is_more(bool random)
{
	const struct total *t = random ? &progress->random : &progress->flips;
	uint64_t n = random ? opt.random : opt.flips;

	return t->harmed < n && !time_is_over(t) &&
		(random || opt.first + progress->at < turns_in(&dense) + turns_in(&empty));
}

/* Once a minute. */
static void say_progress(const struct total *t)
{
	uint64_t now = clock_ns();

	if (now - progress->said_ns < 60000000000u)
		return;
	progress->said_ns = now;
	fprintf(tap, "# case %llu: %llu harmed, %llu failed, %.0f s\n",
		(unsigned long long)(opt.first + progress->at), (unsigned long long)t->harmed,
		(unsigned long long)t->failed, (double)(now - t->begun) / 1e9);
	fflush(tap);
}

static void worker(bool random) __attribute__((noreturn));
static void worker(bool random)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stand_signals(false);
	if (!opt.apart)
		here_begin();
	while (is_more(random)) {
		(random ? damage : flip)(opt.first + progress->at);
		progress->at++;
		shared->apart = opt.apart;
		say_progress(random ? &progress->random : &progress->flips);
		if (shared->renew || here_is_used_up())
			_exit(RENEW);
	}
	_exit(DONE);
}

/* Who dies answers again, each question in a process of its own: that is judged. */
static void mourn(int status)
{
	if (shared->apart)
		stand_fail("a worker died: %x", (unsigned)status);
	progress->died++;
	fprintf(tap, "# a worker died (%x) of case %llu, question %u: asked again apart\n",
		(unsigned)status, (unsigned long long)(opt.first + progress->at),
		shared->question);
	shared->apart = true;
}

static bool one_worker(bool random)
{
	int status;
	pid_t pid;

	shared->threads = 0;
	shared->here_n = 0;
	shared->renew = shared->wrote = shared->compacted = false;
	fflush(tap);
	pid = fork();
	if (pid == 0)
		worker(random);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		stand_fail("fork: %s", strerror(errno));
	files_restore();
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != DONE && WEXITSTATUS(status) != RENEW))
		mourn(status);
	return WIFEXITED(status) && WEXITSTATUS(status) == DONE;
}

static void work(bool random)
{
	(random ? &progress->random : &progress->flips)->begun = clock_ns();
	progress->at = 0;
	progress->said_ns = clock_ns();
	shared->apart = opt.apart;
	while (!one_worker(random))
		;
}

static void learn(void)
{
	int status = 0;
	pid_t pid;

	world_make();
	questions_learn();
	files_restore();
	questions_learn_after();
	files_restore();
	fflush(tap);
	shared->apart = false;
	pid = opt.apart ? -1 : fork();
	if (pid == 0) {
		stand_signals(false);
		here_begin();
		questions_trace();
		_exit(0);
	}
	if (opt.apart)
		questions_look_at_all();
	else if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		stand_fail("tracing: %x", (unsigned)status);
}

/* --- all --- */

static void report(const char *title, unsigned n, const struct total *t)
{
	fprintf(tap, "# %llu harmed: %llu told by readers, %llu by the check alone, %llu without "
	       "effect, %llu FAILED\n", (unsigned long long)t->harmed,
	       (unsigned long long)t->told, (unsigned long long)t->checked,
	       (unsigned long long)t->harmless, (unsigned long long)t->failed);
	fprintf(tap, "# the check named the file in %llu, what is hit in %llu; %llu compacted; answers:",
	       (unsigned long long)t->named, (unsigned long long)t->hits,
	       (unsigned long long)t->compacted);
	for (unsigned v = 0; v < VERDICTS; v++)
		if (t->n[v])
			fprintf(tap, " %s %llu", verdict_word[v], (unsigned long long)t->n[v]);
	fprintf(tap, "; %.1f s\n", (double)(clock_ns() - t->begun) / 1e9);
	fprintf(tap, "%sok %u - %s\n", t->failed ? "not " : "", n, title);
	fflush(tap);
}

static uint64_t scaled(uint64_t n)
{
	const char *s = getenv("STRATO_TEST_SCALE");

	n = n * (s && atoi(s) > 0 ? (unsigned)atoi(s) : 100) / 100;
	return n ? n : 1;
}

static void read_options(char **argv)
{
	unsigned long long v;

	opt.flips = scaled(opt.flips);
	opt.random = scaled(opt.random);
	for (char **a = argv + 1; *a; a++)
		if (!strcmp(*a, "--flips=all"))
			opt.flips = UINT64_MAX;
		else if (sscanf(*a, "--flips=%llu", &v) == 1)
			opt.flips = v;
		else if (sscanf(*a, "--random=%llu", &v) == 1)
			opt.random = v;
		else if (sscanf(*a, "--time=%llu", &v) == 1)
			opt.seconds = v;
		else if (sscanf(*a, "--seed=%llu", &v) == 1)
			opt.seed = v;
		else if (sscanf(*a, "--first=%llu", &v) == 1)
			opt.first = v;
		else if (sscanf(*a, "--ask=%llu", &v) == 1)
			opt.ask = v;
		else if (!strncmp(*a, "--file=", 7))
			opt.file = *a + 7;
		else if (sscanf(*a, "--check=%llu", &v) == 1)
			opt.check = v ? v : 1;
		else if (!strcmp(*a, "--apart"))
			opt.apart = true;
		else if (!strcmp(*a, "-v"))
			opt.verbose = true;
		else
			stand_fail("%s: not an option", *a);
}

/* Counts what ran only where a process ends as processes do. */
void __gcov_dump(void) __attribute__((weak));

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");

	(void)argc;
	shared_make();
	progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		stand_fail("mmap");
	opt.apart |= __gcov_dump != NULL;
	read_options(argv);
	unsetenv("XDG_CONFIG_HOME");
	if (!tmp)
		tmp = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(place, sizeof place, "%.200s/strato-damage-XXXXXX", tmp);
	if (!mkdtemp(place))
		stand_fail("%s: %s", place, strerror(errno));
	stand_signals(true);
	setenv("HOME", place, 1);
	show_answers = opt.flips + opt.random == 1;
	learn();
	find_bytes();
	fprintf(tap, "1..2\n# %u files, %llu bytes, %llu of them near something; seed %llu\n",
		file_n, (unsigned long long)(dense.byte_n + empty.byte_n),
		(unsigned long long)dense.byte_n,
		(unsigned long long)opt.seed);
	work(false);
	report("every flipped bit is told, or without effect", 1, &progress->flips);
	work(true);
	report("random damage is told, or without effect", 2, &progress->random);
	fprintf(tap, "# %llu commands, %llu answers asked for again in a process of their own, "
		"%llu questions not asked as they look elsewhere, %llu workers died\n",
		(unsigned long long)shared->commands, (unsigned long long)shared->again,
		(unsigned long long)shared->skipped, (unsigned long long)progress->died);
	stand_clean();
	return progress->flips.failed || progress->random.failed;
}
