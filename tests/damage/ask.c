/* tests/damage/ask.c - every reading command, what is right, and what an answer is worth */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/damage/damage.h"

const char *const verdict_word[VERDICTS] = {
	"right", "told", "WRONG", "PARTIAL", "MUTE", "SIGNAL", "HANG", "MEMORY", "STATUS",
	"SILENT", "WROTE",
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
	{ PART_IMAGE, "restore -n new full more", NULL },
};
#define QUESTIONS (sizeof questions / sizeof *questions)

static struct answer known[QUESTIONS];
static bool same_after[QUESTIONS];	/* compaction */
bool show_answers, compacted;

/* What a restored store says, for the answer of a restore: its own is nothing. */
static void ask_new(struct answer *a)
{
	static const char *const look[] = {
		"ls -s new --values -f cdb", "graph export -s new -g packed -f jsonl",
		"graph export -s new -g moved -f tsv", "walcheck -s new --full",
	};
	struct answer b = { .status = 0 };

	if (a->status != 0)
		return;
	for (unsigned i = 0; i < 4; i++) {
		command_run(look[i], NULL, 0, &b);
		if (WIFSIGNALED(b.status))
			a->status = b.status;
		buf_printf(&a->out, "status %d\n", b.status);
		buf_add(&a->out, b.out.ptr, b.out.len);
	}
	answer_release(&b);
}

static void ask(const struct question *q, struct answer *a)
{
	char command[200];

	command_run(q->words, q->in, q->in ? strlen(q->in) : 0, a);
	if (q->part != PART_IMAGE)
		return;
	ask_new(a);
	snprintf(command, sizeof command, "rm -rf '%s/new' '%s/new.partial'", place, place);
	if (system(command) != 0)
		stand_fail("rm");
}

static bool is_known(const struct answer *a, const struct answer *right)
{
	return a->status == right->status && a->out.len == right->out.len &&
		!memcmp(a->out.ptr, right->out.ptr, right->out.len);
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
	printf("# %s: byte %zu: %zu of %zu bytes\n# said:  %.60s\n# right: %.60s\n", words, i,
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

	if (compacted && !same_after[q - questions])
		return false;
	if (p == PART_IMAGE || q->part == PART_IMAGE)
		return p == q->part;
	if (p == PART_WRITTEN)			/* these show what was written */
		return q->part != PART_WRITTEN;
	return p == PART_ALL || p == PART_BESIDE || q->part == p || q->part == PART_ALL ||
	       q->part == PART_WRITTEN || q->part == PART_KEPT || p == PART_KEPT;
}

static bool what_is_hit(const char *said)
{
	return strstr(said, "key \"") || strstr(said, "keys") || strstr(said, "graph") ||
	       strstr(said, "node \"") || strstr(said, "version ") || strstr(said, "snapshot");
}

static void check(const struct file_image *f, struct judgement *j)
{
	struct answer a = { .status = 0 };
	unsigned bad = j->n[TOLD] + j->n[WRONG] + j->n[PARTIAL] + j->n[MUTE];

	command_run("walcheck --full", NULL, 0, &a);
	j->check = WEXITSTATUS(a.status);
	j->check_names = f && a.err.ptr && strstr((const char *)a.err.ptr, f->name);
	j->check_hits = j->check == 76 && what_is_hit((const char *)a.err.ptr);
	if (WIFSIGNALED(a.status))
		count(j, SIGNAL, "walcheck --full", &a);
	else if (bad && j->check == 0)
		count(j, SILENT, "walcheck --full", &a);
	else if (j->check == 70 || j->check == 71)
		count(j, STATUS, "walcheck --full", &a);
	answer_release(&a);
}

void judge(const struct file_image *f, unsigned most, struct judgement *j)
{
	struct answer a = { .status = 0 };
	unsigned all = 0, seen = 0, asked = 0;
	enum verdict v;

	memset(j, 0, sizeof *j);
	for (size_t i = 0; i < QUESTIONS; i++)
		all += concerns(&questions[i], f);
	for (size_t i = 0; i < QUESTIONS; i++) {
		if (!concerns(&questions[i], f))
			continue;
		/* as many as are still wanted of as many as there still are */
		if (rnd(all - seen++) >= most - asked)
			continue;
		asked++;
		ask(&questions[i], &a);
		v = worth(&a, &known[i], questions[i].part != PART_IMAGE);
		if (show_answers && (v == WRONG || v == PARTIAL))
			show_wrong(&a, &known[i], questions[i].words);
		count(j, v, questions[i].words, &a);
	}
	if (!f || f->part != PART_IMAGE)
		check(f, j);
	answer_release(&a);
}
