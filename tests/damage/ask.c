/* tests/damage/ask.c - every reading command, what is right, and what an answer is worth */
#include <assert.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/hash.h"
#include "tests/damage/damage.h"

const char *const verdict_word[VERDICTS] = {
	"right", "told", "WRONG", "PARTIAL", "MUTE", "SIGNAL", "HANG", "MEMORY", "STATUS",
	"SILENT", "WROTE", "APART",
};

#define PEAK_KIB (128 << 10)		/* memory_limit is 32M */

static const struct question {
	enum part part;
	const char *words, *in;
} questions[] = {
	{ PART_KEYS, "ls --values -f cdb", NULL },
	{ PART_KEYS, "ls -l", NULL },
	{ PART_KEYS, "ls --reverse key/0", NULL },
	{ PART_KEYS, "ls --count", NULL },
	{ PART_KEYS, "get key/001", NULL },
	{ PART_KEYS, "get key/003", NULL },
	{ PART_KEYS, "get key/087", NULL },
	{ PART_KEYS, "get larger", NULL },
	{ PART_KEYS, "get -r 8000:700 larger", NULL },
	{ PART_KEYS, "get --mmap large", NULL },
	{ PART_KEYS, "get -b -f jsonl", "key/000\nkey/099\nabsent\nanother\nkey/031\nkey/050\n" },
	{ PART_KEYS, "get -b --unordered -f cdb key/010 key/011", NULL },
	{ PART_KEYS, "get -b -i", "key/000\nkey/004\nlarge\nkey/085\n" },
	{ PART_KEYS, "stat key/001 large", NULL },
	{ PART_WRITTEN, "config", NULL },
	{ PART_KEPT, "ls --values -f cdb --as-of=monday", NULL },
	{ PART_KEPT, "get --as-of=tuesday key/088", NULL },
	{ PART_KEPT, "diff -l monday tuesday", NULL },
	{ PART_KEPT, "diff monday", NULL },
	{ PART_KEPT, "snapshot --list", NULL },
	{ PART_KEPT, "graph export -g packed -f tsv --as-of=tuesday", NULL },
	{ PART_WRITTEN, "backup --since=tuesday", NULL },
	{ PART_WRITTEN, "backup --snapshots", NULL },
	{ PART_ALL, "graph ls", NULL },
	{ PART_PACKED, "graph export -g packed -f jsonl", NULL },
	{ PART_PACKED, "graph export -g packed -f csv", NULL },
	{ PART_PACKED, "graph info -g packed", NULL },
	{ PART_PACKED, "graph schema -g packed", NULL },
	{ PART_PACKED, "graph nodes -l -g packed", NULL },
	{ PART_PACKED, "graph nodes -g packed --label=Place", NULL },
	{ PART_PACKED, "graph nodes -g packed --where=born<1930", NULL },
	{ PART_PACKED, "graph edges -g packed --where=since", NULL },
	{ PART_PACKED, "graph neighbors -l --both -g packed n05", NULL },
	{ PART_PACKED, "graph neighbors -g packed --hops=2 n09", NULL },
	{ PART_PACKED, "graph match -g packed '?a knows ?b' '?b near ?c' '?a.born < 1950'", NULL },
	{ PART_PACKED, "graph match -g packed --count '?a knows ?b' '?b knows ?a'", NULL },
	{ PART_PACKED, "graph match -g packed '?a : Person' '?a.name = \"Name 8\"'", NULL },
	{ PART_PACKED, "graph path -l -g packed --weight=weight n01 n33", NULL },
	{ PART_PACKED, "graph node -g packed n14", NULL },
	{ PART_PACKED, "graph edges -g packed --from=n05 --to=n11", NULL },
	{ PART_PACKED, "graph log -g packed", NULL },
	{ PART_PACKED, "graph diff -g packed tuesday", NULL },
	{ PART_PACKED, "graph subgraph -J -g packed n20", NULL },
	{ PART_PACKED, "graph degree -g packed --both", NULL },
	{ PART_PACKED, "graph sssp -g packed --threads=1 n05", NULL },
	{ PART_PACKED, "graph pagerank -g packed --threads=1", NULL },
	{ PART_PACKED, "graph triangles -g packed --threads=1", NULL },
	{ PART_RAW, "graph export -g raw -f el", NULL },
	{ PART_RAW, "graph neighbors -g raw 7", NULL },
	{ PART_RAW, "graph bfs -g raw --threads=1 7", NULL },
	{ PART_RAW, "graph wcc -g raw --threads=1", NULL },
	{ PART_RAW, "graph cdlp -g raw --threads=1", NULL },
	{ PART_RAW, "graph lcc -g raw --threads=1", NULL },
	{ PART_RAW, "graph bc -g raw --threads=1 7", NULL },
	{ PART_RAW, "graph path -g raw 1 40", NULL },
	{ PART_COO, "graph export -g coo -f tsv", NULL },
	{ PART_COO, "graph neighbors -b -g coo", "c01\nc02\nc39\n" },
	{ PART_COO, "graph pagerank -g coo --threads=1", NULL },
	{ PART_COO, "graph degree -g coo --in", NULL },
	{ PART_MOVED, "graph export -g moved -f jsonl", NULL },
	{ PART_MOVED, "graph neighbors -g moved --both new01", NULL },
	{ PART_MOVED, "graph nodes -g moved --label=Fresh", NULL },
	{ PART_MOVED, "graph match -g moved '?a to ?b' '?b by ?c'", NULL },
	{ PART_MOVED, "graph log -g moved", NULL },
	{ PART_MOVED, "graph wcc -g moved --threads=1", NULL },
	{ PART_IMAGE, "restore -q new full", NULL },
	{ PART_IMAGE, "restore -q new full more", NULL },
	{ PART_IMAGE, "restore -n new full", NULL },
	{ PART_IMAGE, "restore -n new full more", NULL },
};
#define QUESTIONS (sizeof questions / sizeof *questions)

static struct answer known[QUESTIONS];
static bool same_after[QUESTIONS];	/* compaction */
bool show_answers;
static_assert(QUESTIONS < QUESTIONS_MOST, "room in struct shared");

static void run(const char *words, const char *in, struct answer *a)
{
	(shared->apart ? command_run : command_here)(words, in, in ? strlen(in) : 0, a);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void remove_tree(const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "%s/%s", place, name);
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* What a restored store says, for the answer of a restore: its own is nothing. */
static void ask_new(struct answer *a)
{
	static const char *const look[] = {
		"ls -s new --values -f cdb", "graph export -s new -g packed -f jsonl",
		"graph match -s new -g packed '?a knows ?b'", "walcheck -s new --full",
	};
	struct answer b = { .status = 0 };

	if (a->status != 0)
		return;
	for (unsigned i = 0; i < 4; i++) {
		run(look[i], NULL, &b);
		if (WIFSIGNALED(b.status))
			a->status = b.status;
		buf_printf(&a->out, "status %d\n", b.status);
		buf_add(&a->out, b.out.ptr, b.out.len);
	}
	answer_release(&b);
}

static void ask(const struct question *q, struct answer *a)
{
	shared->question = (unsigned)(q - questions);
	run(q->words, q->in, a);
	if (q->part != PART_IMAGE)
		return;
	ask_new(a);
	remove_tree("new");
	remove_tree("new.partial");
}

static bool is_known(const struct answer *a, const struct answer *right)
{
	return a->status == right->status && a->out.len == right->out.len &&
		(!a->out.len || !memcmp(a->out.ptr, right->out.ptr, right->out.len));
}

void questions_learn(void)
{
	struct answer again = { .status = 0 };

	setenv("STRATO_MEMORY_LIMIT", "32M", 1);
	for (size_t i = 0; i < QUESTIONS; i++) {
		ask(&questions[i], &known[i]);
		ask(&questions[i], &again);
		if (!WIFEXITED(known[i].status) || WEXITSTATUS(known[i].status) > 1)
			stand_fail("%s: %x: %s", questions[i].words,
				   (unsigned)known[i].status, (char *)known[i].err.ptr);
		if (!is_known(&again, &known[i]))
			stand_fail("%s: says another thing each time", questions[i].words);
	}
	command_run("walcheck --full", NULL, 0, &again);
	if (again.status != 0)
		stand_fail("walcheck: %s", (char *)again.err.ptr);
	answer_release(&again);
}

void questions_learn_after(void)
{
	struct answer a = { .status = 0 };

	command_run("compact", NULL, 0, &a);
	for (size_t i = 0; i < QUESTIONS; i++)
		if (questions[i].part != PART_IMAGE) {
			ask(&questions[i], &a);
			/* info says how much memory changes take, from log or run */
			same_after[i] = is_known(&a, &known[i]) &&
				!strstr(questions[i].words, " info ");
		}
	answer_release(&a);
}

static bool right_so_far(const struct answer *a, const struct answer *right)
{
	return a->out.len <= right->out.len && !memcmp(a->out.ptr, right->out.ptr, a->out.len);
}

/* Which file, and where in it if its bytes are wrong. */
static bool tells(const struct answer *a, int status)
{
	const char *e = (const char *)a->err.ptr;

	if (status != 76)
		return a->err.len > 0;
	return (strstr(e, "s/") || strstr(e, "full") || strstr(e, "more")) &&
		(strstr(e, "offset") || strstr(e, "byte") || strstr(e, "not there") ||
		 strstr(e, "put there") || strstr(e, "put back"));
}

static enum verdict worth(const struct answer *a, const struct answer *right, bool strict)
{
	int status = WEXITSTATUS(a->status);

	if (WIFSIGNALED(a->status))
		return WTERMSIG(a->status) == SIGALRM || WTERMSIG(a->status) == SIGXCPU ?
			HANG : SIGNAL;
#ifndef __SANITIZE_ADDRESS__
	if (a->peak_kib > PEAK_KIB)
		return MEMORY;
#endif
	if (is_known(a, right))
		return RIGHT;
	if (status == 0 || status == 1)
		return WRONG;
	if (strict && !right_so_far(a, right))
		return PARTIAL;
	if (status == 71)
		return MEMORY;
	if (!(status >= 65 && status <= 78) || status == 70)
		return STATUS;
	return tells(a, status) ? TOLD : MUTE;
}

/* Where it first differs. */
static void show_wrong(const struct answer *a, const struct answer *right, const char *words)
{
	size_t i = 0, from;

	while (i < a->out.len && i < right->out.len && a->out.ptr[i] == right->out.ptr[i])
		i++;
	from = i < 30 ? 0 : i - 30;
	fprintf(tap, "# %s: byte %zu: %zu of %zu bytes\n# said:  %.60s\n# right: %.60s\n", words, i,
	       a->out.len, right->out.len, a->out.ptr ? (const char *)a->out.ptr + from : "",
	       (const char *)right->out.ptr + from);
}

static void count(struct judgement *j, enum verdict v, const char *words,
		  const struct answer *a)
{
	size_t at = strlen(j->words);
	char err[200];

	j->n[v]++;
	if (v <= TOLD || at + 10 > sizeof j->words)
		return;
	snprintf(err, sizeof err, "%s", a->err.ptr ? (const char *)a->err.ptr : "");
	for (char *p = err; *p; p++)
		if (*p == '\n')
			*p = ' ';
	snprintf(j->words + at, sizeof j->words - at, "# %s: %s: status %x: %s\n",
		 verdict_word[v], words, (unsigned)a->status, err);
}

static bool concerns(const struct question *q, const struct file_image *f)
{
	enum part p = f ? f->part : PART_ALL;

	if (shared->compacted && !same_after[q - questions])
		return false;
	if (p == PART_IMAGE || q->part == PART_IMAGE)
		return p == q->part && strstr(q->words, f->name) &&
			(!shared->only_read || strstr(q->words, " -n "));
	if (p == PART_WRITTEN)			/* these show what was written */
		return q->part != PART_WRITTEN;
	return p == PART_ALL || p == PART_INDEX || q->part == p || q->part == PART_ALL ||
	       q->part == PART_WRITTEN || q->part == PART_KEPT || p == PART_KEPT;
}

static bool what_is_hit(const char *said)
{
	return strstr(said, "key \"") || strstr(said, "keys") || strstr(said, "graph") ||
	       strstr(said, "node \"") || strstr(said, "version ") || strstr(said, "snapshot");
}

/* --- the same in a process of its own --- */

static bool is_same(const struct answer *a, const struct answer *b)
{
	return is_known(a, b) && a->err.len == b->err.len &&
		(!a->err.len || !memcmp(a->err.ptr, b->err.ptr, a->err.len));
}

/* From the case's number, not from what else is drawn: a replay is the same. */
static bool one_in(unsigned n)
{
	return hash_u64(shared->rng ^ shared->question * 977u) % n == 0;
}

/* A says what it said here; which in a process of its own is what counts. */
static void ask_apart(const struct question *q, const char *words, struct judgement *j,
		      struct answer *a)
{
	struct answer b = { .status = 0 };
	bool was = shared->apart;

	shared->apart = true;
	shared->again++;
	if (q)
		ask(q, &b);
	else
		run(words, NULL, &b);
	shared->apart = was;
	if (!is_same(a, &b))
		count(j, APART, words, a);
	answer_release(a);
	*a = b;
}

static enum verdict ask_one(const struct question *q, struct judgement *j)
{
	const struct answer *right = &known[q - questions];
	bool strict = q->part != PART_IMAGE;
	struct answer a = { .status = 0 };
	enum verdict v;

	ask(q, &a);
	v = worth(&a, right, strict);
	if (!shared->apart && (v > TOLD || one_in(100))) {
		ask_apart(q, q->words, j, &a);
		v = worth(&a, right, strict);
	}
	if (show_answers && (v == WRONG || v == PARTIAL))
		show_wrong(&a, right, q->words);
	count(j, v, q->words, &a);
	answer_release(&a);
	return v;
}

/* --- the check --- */

static enum verdict check_worth(const struct answer *a, bool told)
{
	int status = WEXITSTATUS(a->status);

	if (WIFSIGNALED(a->status))
		return SIGNAL;
	if (told && status == 0)
		return SILENT;
	return status == 70 || status == 71 ? STATUS : RIGHT;
}

static void check(const struct file_image *f, struct judgement *j)
{
	bool told = j->n[TOLD] + j->n[WRONG] + j->n[PARTIAL] + j->n[MUTE] != 0;
	struct answer a = { .status = 0 };
	enum verdict v;

	shared->question = QUESTIONS;
	run("walcheck --full", NULL, &a);
	v = check_worth(&a, told);
	if (!shared->apart && (v > TOLD || one_in(100))) {
		ask_apart(NULL, "walcheck --full", j, &a);
		v = check_worth(&a, told);
	}
	j->check = WEXITSTATUS(a.status);
	j->check_names = f && a.err.ptr && strstr((const char *)a.err.ptr, f->name);
	j->check_hits = j->check == 76 && what_is_hit((const char *)a.err.ptr);
	if (v > TOLD)
		count(j, v, "walcheck --full", &a);
	answer_release(&a);
}

/* --- all of them --- */

static bool looks_at(const struct question *q, const struct file_image *f, unsigned page)
{
	size_t i = (size_t)(q - questions);

	if (!f || q->part == PART_IMAGE || shared->compacted || shared->restarted)
		return true;
	return page == NO_PAGE ? shared->looked[i][f - files] : shared->touched[i][page];
}

/* Of those that need not be asked one, now and then. */
static void ask_skipped(const struct question *const *skipped, unsigned n,
			struct judgement *j)
{
	const struct question *q;
	unsigned told = j->n[TOLD];

	shared->skipped += n;
	shared->question = QUESTIONS + 1;
	if (n == 0 || !one_in(4))
		return;
	q = skipped[hash_u64(shared->rng + 1) % n];
	if (ask_one(q, j) == TOLD) {		/* it never looks there */
		struct answer none = { .status = 0 };

		j->n[TOLD] = told;
		count(j, APART, q->words, &none);
	}
}

void judge(const struct file_image *f, unsigned page, unsigned most, bool must_check,
	   struct judgement *j)
{
	const struct question *wanted[QUESTIONS], *skipped[QUESTIONS];
	unsigned all = 0, n = 0, asked = 0;

	memset(j, 0, sizeof *j);
	for (size_t i = 0; i < QUESTIONS; i++)
		if (!concerns(&questions[i], f))
			continue;
		else if (looks_at(&questions[i], f, page))
			wanted[all++] = &questions[i];
		else
			skipped[n++] = &questions[i];
	for (unsigned i = 0; i < all; i++) {
		/* as many as are still wanted of as many as there still are */
		if (rnd(all - i) >= most - asked)
			continue;
		asked++;
		ask_one(wanted[i], j);
	}
	ask_skipped(skipped, n, j);
	if (!f || (f->part != PART_IMAGE && (must_check || !j->n[TOLD])))
		check(f, j);
}

/* --- what each looks at --- */

static void trace(unsigned i, const struct question *q, const struct answer *right)
{
	struct answer a = { .status = 0 };

	for (unsigned turn = 0; turn < 2; turn++) {
		shared->question = i;
		resident_trace(turn == 1);
		run(q ? q->words : "walcheck --full", q ? q->in : NULL, &a);
		resident_trace(false);
		if (!is_known(&a, right))
			stand_fail("%s: says another thing in a worker%s: %x: %s",
				   q ? q->words : "walcheck", turn ? ", traced" : "",
				   (unsigned)a.status, (const char *)a.err.ptr);
	}
	answer_release(&a);
}

void questions_trace(void)
{
	static const struct answer nothing = { .status = 0 };

	for (unsigned i = 0; i < QUESTIONS; i++)
		if (questions[i].part != PART_IMAGE)
			trace(i, &questions[i], &known[i]);
	trace(QUESTIONS, NULL, &nothing);
}

void questions_look_at_all(void)
{
	memset(shared->looked, true, sizeof shared->looked);
	memset(shared->touched, true, sizeof shared->touched);
}
