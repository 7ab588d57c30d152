/* tests/damage/damage.c - every answer of a damaged store is right, or it is an error
 *
 *	damage [--flips=N|all] [--random=N] [--time=SECONDS] [--seed=S] [--first=I] [-v]
 *
 * Flips take turns with the files, in each first what is near something that is not zero,
 * each bit once; random damage I of seed S is the same each time.  What fails is printed
 * with the words that replay it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "tests/damage/damage.h"

struct options {
	uint64_t flips, random, seconds, seed, first;
	bool verbose;
};

struct total {
	uint64_t harmed, harmless, told, checked, named, hits, compacted, failed;
	uint64_t n[VERDICTS];
	uint64_t begun;
};

#ifdef __SANITIZE_ADDRESS__		/* a fork is slow with it */
static struct options opt = { .flips = 40, .random = 20, .seed = 1 };
#else
static struct options opt = { .flips = 200, .random = 100, .seed = 1 };
#endif

static bool time_is_over(const struct total *t)
{
	return opt.seconds && clock_ns() - t->begun > opt.seconds * 1000000000u;
}

/* --- bits in order --- */

/* The bytes of each file, those near something first.  Files take turns, so that a few
 * flips meet all of them; one that is through is passed over. */
static uint32_t **bytes_of_file;
static uint64_t *dense_of_file;
static uint64_t longest, byte_n, dense_n;

static bool is_empty(const struct file_image *f, size_t off)
{
	size_t from = off & ~(size_t)15;

	for (size_t i = from; i < from + 16 && i < f->len; i++)
		if (f->ptr[i])
			return false;
	return true;
}

static uint64_t gather(const struct file_image *f, uint32_t *to, bool empty)
{
	uint64_t n = 0;

	for (size_t off = 0; off < f->len; off++)
		if (is_empty(f, off) == empty)
			to[n++] = (uint32_t)off;
	return n;
}

static void find_bytes(void)
{
	bytes_of_file = calloc(file_n, sizeof *bytes_of_file);
	dense_of_file = calloc(file_n, sizeof *dense_of_file);
	for (unsigned i = 0; i < file_n; i++) {
		const struct file_image *f = &files[i];

		if (f->part == PART_BESIDE)
			continue;
		bytes_of_file[i] = malloc((f->len + 1) * sizeof **bytes_of_file);
		dense_of_file[i] = gather(f, bytes_of_file[i], false);
		gather(f, bytes_of_file[i] + dense_of_file[i], true);
		longest = f->len > longest ? f->len : longest;
		byte_n += f->len;
		dense_n += dense_of_file[i];
	}
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

/* The I-th bit in all: false when its file is through. */
static bool find_bit(uint64_t i, struct file_image **f, size_t *off, unsigned *bit)
{
	unsigned which = (unsigned)(i % file_n);
	uint64_t dense = 8 * dense_of_file[which], at = i / file_n;

	*f = &files[which];
	if (!bytes_of_file[which] || at >= 8 * (*f)->len)
		return false;
	at = at < dense ? nth(at, dense) : dense + nth(at - dense, 8 * (*f)->len - dense);
	*off = bytes_of_file[which][at / 8];
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
		printf("# %s\n%s# replay: %s\n", what, j->words, replay);
	else if (opt.verbose)
		printf("# %s: %u right, %u told, check %d\n", what, j->n[RIGHT], j->n[TOLD],
		       j->check);
	fflush(stdout);
}

static void flip(uint64_t i, struct total *t)
{
	struct file_image *f;
	char what[200], replay[80];
	struct judgement j;
	unsigned bit;
	size_t off;

	if (!find_bit(i, &f, &off, &bit))
		return;
	rng = opt.seed + i;
	snprintf(what, sizeof what, "%s: bit %u of byte %zu", f->name, bit, off);
	snprintf(replay, sizeof replay, "tests/damage/damage --random=0 --flips=1 --seed=%llu "
		 "--first=%llu", (unsigned long long)opt.seed, (unsigned long long)i);
	file_put_byte(f, off, (uint8_t)(f->ptr[off] ^ 1u << bit), i / file_n & 1);
	judge(f, f->part == PART_IMAGE ? 1 : 6, &j);
	tally(t, &j, what, replay);
	files_restore();
}

/* What was harmed stays an error, or is told, when somebody makes it anew. */
static bool compact_now(char *what, size_t cap, struct judgement *j)
{
	struct answer a = { .status = 0 };
	size_t n = strlen(what);

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

static void damage(uint64_t i, struct total *t)
{
	const struct file_image *f;
	const char *wrote;
	char what[400], replay[80];
	struct judgement j;

	rng = hash_u64(opt.seed) + hash_u64(i);
	snprintf(replay, sizeof replay, "tests/damage/damage --flips=0 --random=1 --seed=%llu "
		 "--first=%llu", (unsigned long long)opt.seed, (unsigned long long)i);
	if (!harm_some(what, sizeof what, &f))
		return;
	compacted = !(f && f->part == PART_IMAGE) && rnd(8) == 0;
	t->compacted += compacted;
	if (!compacted || compact_now(what, sizeof what, &j))
		judge(f, f && f->part == PART_IMAGE ? 2 : 12, &j);
	if (f && !compacted && !files_same(f, &wrote)) {
		j.n[WROTE]++;
		snprintf(j.words, sizeof j.words, "# WROTE: %s\n", wrote);
	}
	tally(t, &j, what, replay);
	compacted = false;
	files_restore();
}

/* --- all --- */

static void report(const char *title, unsigned n, const struct total *t)
{
	printf("# %llu harmed: %llu told by readers, %llu by the check alone, %llu without "
	       "effect, %llu FAILED\n", (unsigned long long)t->harmed,
	       (unsigned long long)t->told, (unsigned long long)t->checked,
	       (unsigned long long)t->harmless, (unsigned long long)t->failed);
	printf("# the check named the file in %llu, what is hit in %llu; %llu compacted; answers:",
	       (unsigned long long)t->named, (unsigned long long)t->hits,
	       (unsigned long long)t->compacted);
	for (unsigned v = 0; v < VERDICTS; v++)
		if (t->n[v])
			printf(" %s %llu", verdict_word[v], (unsigned long long)t->n[v]);
	printf("; %.1f s\n", (double)(clock_ns() - t->begun) / 1e9);
	printf("%sok %u - %s\n", t->failed ? "not " : "", n, title);
	fflush(stdout);
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
		else if (!strcmp(*a, "-v"))
			opt.verbose = true;
		else
			stand_fail("%s: not an option", *a);
}

static void clean(void)
{
	char command[200];

	snprintf(command, sizeof command, "rm -rf '%s'", place);
	if (system(command) != 0)
		printf("# %s is left\n", place);
}

int main(int argc, char **argv)
{
	struct total flips = { .harmed = 0 }, random = { .harmed = 0 };
	const char *tmp = getenv("TMPDIR");

	(void)argc;
	read_options(argv);
	unsetenv("XDG_CONFIG_HOME");
	snprintf(place, sizeof place, "%.40s/strato-damage-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(place))
		stand_fail("%s: %s", place, strerror(errno));
	setenv("HOME", place, 1);
	world_make();
	questions_learn();
	files_restore();
	questions_learn_after();
	show_answers = opt.flips + opt.random == 1;
	files_restore();
	find_bytes();
	printf("1..2\n# %u files, %llu bytes, %llu of them near something; seed %llu\n",
	       file_n, (unsigned long long)byte_n, (unsigned long long)dense_n,
	       (unsigned long long)opt.seed);
	flips.begun = clock_ns();
	for (uint64_t i = 0; i < opt.flips && opt.first + i < 8 * file_n * longest &&
	     !time_is_over(&flips); i++)
		flip(opt.first + i, &flips);
	report("every flipped bit is told, or without effect", 1, &flips);
	random.begun = clock_ns();
	for (uint64_t i = 0; i < opt.random && !time_is_over(&random); i++)
		damage(opt.first + i, &random);
	report("random damage is told, or without effect", 2, &random);
	printf("# %lu commands\n", commands_run);
	clean();
	return flips.failed || random.failed;
}
