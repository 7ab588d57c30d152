/* tests/sweep/judge.c - did the command lie, and what became of the store?
 *
 * Learned without a fault: what it prints, what it makes, what the store holds before,
 * after, and after each group of its input.  With one:
 *
 *	status 0	all of that is there, to the byte
 *	another		says why on stderr; what was printed is the beginning of what is
 *			right; the store holds a state between two groups, no acknowledged
 *			group is missing, what it makes is there whole or not at all
 *	a signal	only the one that was sent
 *
 * and always: walcheck --full is content, the next writer works and sweeps what is left.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/sweep/service.h"
#include "tests/sweep/sweep.h"

#define STATES 16

static struct {
	int status;
	struct buf out, made;
	bool made_store;		/* not a file */
	struct buf state[STATES];	/* [0] before, [state_n - 1] after */
	unsigned state_n;
	size_t files_n;			/* most segments after a compaction */
} right;

static char why[3000];

static const char *wrong(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return why;
}

void outcome_release(struct outcome *o)
{
	buf_release(&o->out);
	buf_release(&o->err);
	free(o->t.made);
	memset(&o->t, 0, sizeof o->t);
}

/* --- files --- */

static const char *const folders[] = { "", "s", "s/seg", "s/wal", "s/tmp", "s/snap" };

static bool belongs(const char *name)
{
	if (!strncmp(name, "in/", 3) || !strcmp(name, "in"))
		return true;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (!strcmp(name, folders[i]))
			return true;
	return file_named(name);
}

static int sweep_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *name = path + strlen(place);

	(void)st;
	(void)at;
	name += *name == '/';
	if (belongs(name))
		return 0;
	return type == FTW_DP ? rmdir(path) : unlink(path), 0;
}

static void files_again(void)
{
	nftw(place, sweep_one, 16, FTW_DEPTH | FTW_PHYS);
	files_restore();
}

static bool there(const char *name)
{
	char path[1200];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", place, name);
	return lstat(path, &st) == 0;
}

static size_t entries(const char *name, char *first, size_t cap)
{
	char path[1200];
	struct dirent *e;
	size_t n = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", place, name);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' || (e->d_name[1] && e->d_name[1] != '.')) {
			if (!n++ && first)
				snprintf(first, cap, "%s", e->d_name);
		}
	if (d)
		closedir(d);
	return n;
}

static struct buf *tree_out;

static int print_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	FILE *f;
	int c;

	(void)st;
	(void)at;
	buf_printf(tree_out, "%s:\n", path + strlen(place));
	f = type == FTW_F ? fopen(path, "re") : NULL;
	while (f && (c = getc(f)) != EOF)
		buf_add_byte(tree_out, (uint8_t)c);
	if (f)
		fclose(f);
	return 0;
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->ptr, b->ptr, a->len));
}

/* --- what a store holds --- */

static int question(struct buf *out, const char *fmt, ...)
{
	struct answer a = { .status = 0 };
	char words[300];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	clock_step++;
	command_run(words, NULL, 0, &a);
	status = a.status;
	if (out && (status == 0 || status == 0x100))
		buf_add(out, a.out.ptr, a.out.len);
	else if (out)
		buf_printf(out, "%s: status %x: %s\n", words, (unsigned)status,
			   (const char *)a.err.ptr);
	answer_release(&a);
	return status;
}

/* The first column of what WORDS print, each line by EACH. */
static void each_line(struct buf *out, const char *store, const char *words,
		      void (*each)(struct buf *, const char *, const char *))
{
	struct buf b = { .ptr = NULL };
	char *line, *rest;

	question(&b, "%s -s %s", words, store);
	buf_add_byte(&b, '\0');
	rest = (char *)b.ptr;
	while ((line = strsep(&rest, "\n")) && *line) {
		if (strncmp(line, words, strlen(words)))
			line[strcspn(line, "\t")] = '\0';
		each(out, store, line);
	}
	buf_release(&b);
}

static void add_graph(struct buf *out, const char *store, const char *name)
{
	buf_printf(out, "graph %s\n", name);
	question(out, "graph export -s %s -g '%s' -f jsonl", store, name);
	question(out, "graph index -s %s -g '%s'", store, name);
}

static void add_name(struct buf *out, const char *store, const char *name)
{
	(void)store;
	buf_printf(out, "snapshot %s\n", name);
}

static void state_of(const char *store, struct buf *out)
{
	char config[1200];

	buf_clear(out);
	question(out, "ls -s %s --values -f cdb", store);
	each_line(out, store, "graph ls", add_graph);
	each_line(out, store, "snapshot --list", add_name);
	snprintf(config, sizeof config, "%s/%s/config", place, store);
	tree_out = out;
	print_one(config, NULL, FTW_F, NULL);
}

static void made_of_case(const struct probe *p, struct buf *out, bool *store)
{
	char path[512];

	buf_clear(out);
	snprintf(path, sizeof path, "%s/manifest", p->made);
	*store = there(path);
	tree_out = out;
	snprintf(path, sizeof path, "%s/%s", place, p->made);
	if (*store)
		state_of(p->made, out);
	else if (there(p->made))
		nftw(path, print_one, 16, FTW_PHYS);
}

/* --- running --- */

/* The input's first LINES lines (0: all of it) as a descriptor. */
static int input_of(const struct probe *p, unsigned lines)
{
	const char *text = p->in ? p->in : "";
	size_t len = strlen(text);
	int fd, pipes[2];
	char path[1200];

	if (!p->in)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (*text == '@') {
		struct file_image *f = file_named(text + 1);

		if (!f) {
			snprintf(path, sizeof path, "%s/%s", place, text + 1);
			return open(path, O_RDONLY | O_CLOEXEC);
		}
		text = (const char *)f->ptr;
		len = f->len;
	}
	if (lines) {
		len = 0;
		for (unsigned i = 0; i < lines && text[len]; i++)
			len += strcspn(text + len, "\n") + 1;
	}
	if (!(p->flags & CASE_PIPE_IN)) {
		fd = memory_file("in");
		if (pwrite(fd, text, len, 0) != (ssize_t)len)
			stand_fail("input");
		return fd;
	}
	if (pipe2(pipes, O_CLOEXEC) < 0 || fcntl(pipes[1], F_SETPIPE_SZ, 1 << 20) < 0 ||
	    write(pipes[1], text, len) != (ssize_t)len)
		stand_fail("a pipe: %s", strerror(errno));
	close(pipes[1]);
	return pipes[0];
}

static void take_all(int fd, bool pipe, struct buf *out)
{
	char block[65536];
	ssize_t n;

	buf_clear(out);
	if (!pipe)
		lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, block, sizeof block)) > 0)
		buf_add(out, block, (size_t)n);
	buf_add_byte(out, '\0');
	out->len--;
	close(fd);
}

static void run_lines(const struct probe *p, unsigned lines, const struct fault *f, bool learn,
		      struct outcome *o)
{
	static char words[1024], program[1024];
	const char *argv[WORDS];
	struct run r = { .argv = argv, .passed = -1 };
	int pipes[2] = { -1, -1 };

	snprintf(words, sizeof words, "%s", p->words);
	command_split(words, argv);
	snprintf(program, sizeof program, "%s/strato-%s", programs, argv[0]);
	argv[0] = program;
	r.in = input_of(p, lines);
	r.err = memory_file("err");
	if (p->flags & CASE_PIPE_OUT) {
		if (pipe2(pipes, O_CLOEXEC) < 0 || fcntl(pipes[1], F_SETPIPE_SZ, 1 << 20) < 0)
			stand_fail("a pipe: %s", strerror(errno));
		r.out = pipes[1];
	} else {
		r.out = memory_file("out");
	}
	r.preload = f->kind == FAULT_ALLOC ? refuse_library : NULL;
	if (p->flags & CASE_SERVICE)
		service_begin();
	if (p->flags & CASE_SERVE)
		r.passed = asker_begin();
	trace_run(&r, f, learn, &o->t);
	if (p->flags & CASE_SERVE) {
		close(r.passed);
		asker_end();
	}
	if (p->flags & CASE_SERVICE)
		service_end();
	close(r.in);
	if (pipes[1] >= 0)
		close(pipes[1]);
	take_all(pipes[0] >= 0 ? pipes[0] : r.out, pipes[0] >= 0, &o->out);
	take_all(r.err, false, &o->err);
}

void case_run(const struct probe *p, const struct fault *f, bool learn, struct outcome *o)
{
	run_lines(p, 0, f, learn, o);
}

/* --- learning --- */

static const struct fault no_fault;

static unsigned lines_in(const char *text)
{
	unsigned n = 0;

	for (; text && *text; text++)
		n += *text == '\n';
	return n;
}

static void add_state(const struct probe *p, unsigned lines)
{
	struct outcome o = { .t.status = 0 };
	size_t n;

	if (right.state_n == STATES)
		stand_fail("%s: more groups than states", p->name);
	files_again();
	run_lines(p, lines, &no_fault, false, &o);
	state_of("s", &right.state[right.state_n++]);
	question(NULL, "compact -q");
	n = entries("s/seg", NULL, 0);
	if (n > right.files_n)
		right.files_n = n;
	outcome_release(&o);
}

/* An answer that is not the same twice cannot be judged. */
static void learn_output(const struct probe *p)
{
	struct outcome o = { .t.status = 0 };

	for (int i = 0; i < 2; i++) {
		files_again();
		case_run(p, &no_fault, false, &o);
		if (i && !(p->flags & CASE_FREE) && !same(&o.out, &right.out))
			stand_fail("%s: says another thing each time", p->name);
		right.status = o.t.status;
		buf_clear(&right.out);
		buf_add(&right.out, o.out.ptr, o.out.len);
		if (!WIFEXITED(o.t.status) || WEXITSTATUS(o.t.status) > 1)
			stand_fail("%s: status %x: %s", p->name, (unsigned)o.t.status,
				   (const char *)o.err.ptr);
		outcome_release(&o);
	}
	if (p->made)
		made_of_case(p, &right.made, &right.made_store);
	if (p->made && !right.made.len)
		stand_fail("%s: does not make %s", p->name, p->made);
}

void judge_learn(const struct probe *p)
{
	static struct buf before;

	if (!before.len) {
		files_again();
		state_of("s", &before);
	}
	right.files_n = 0;
	buf_clear(&right.state[0]);
	buf_add(&right.state[0], before.ptr, before.len);
	right.state_n = 1;
	learn_output(p);
	if (p->flags & CASE_CHANGES) {
		unsigned step = p->flags & CASE_ACK ? 1 : p->group;

		for (unsigned i = step; p->group > 1 && i < lines_in(p->in); i += step)
			add_state(p, i);
		add_state(p, 0);
		if (same(&right.state[0], &right.state[right.state_n - 1]) &&
		    strcmp(p->name, "compact"))
			stand_fail("%s: changes nothing", p->name);
	}
	files_again();
}

/* --- judging --- */

static bool has_word(const char *err, int status)
{
	char word[64];

	for (int code = -1; code > ERR_LIMIT; code--) {
		snprintf(word, sizeof word, "[%s]", err_word(code));
		if (err_status(code) == status && strstr(err, word))
			return true;
	}
	return false;
}

/* No power is cut here: that a flush failed is all there is to see of what it loses.
 * (A folder is synced, too, before names are swept, and if that fails they stay.) */
static bool flush_failed(const struct fault *f)
{
	return f->kind == FAULT_ERRNO && !strcmp(call_name(f->call), "fdatasync");
}

static const char *judge_status(const struct probe *p, const struct fault *f,
				const struct outcome *o)
{
	const char *err = o->err.ptr ? (const char *)o->err.ptr : "";
	int status = WEXITSTATUS(o->t.status);

	if (o->t.hung)
		return wrong("HANG: %d s", TRACE_SECONDS);
	if (WIFSIGNALED(o->t.status))
		return f->kind == FAULT_SIGNAL && WTERMSIG(o->t.status) == f->value ? NULL :
			wrong("SIGNAL %d: %.300s", WTERMSIG(o->t.status), err);
	if (o->t.status == 0 && o->t.fired && flush_failed(f) && !(p->flags & CASE_SPARE_FLUSH))
		return wrong("LIE: status 0, and a flush failed");
	if (o->t.status == right.status || (status == 1 && p->flags & CASE_NO))
		return NULL;
	if (status < 64 || status > 78 || status == 64 || status == 70)
		return wrong("STATUS %d: %.300s", status, err);
	/* a message that could not be written, or was not known to be due */
	if (f->kind != FAULT_ALLOC && o->t.fd == 2)
		return NULL;
	if (!(p->flags & CASE_SERVE) && !has_word(err, status))
		return wrong("MUTE: status %d: %.300s", status, err);
	return NULL;
}

/* Input records that a command said are durable. */
static unsigned acknowledged(const struct outcome *o)
{
	const char *p = (const char *)o->out.ptr, *end;
	unsigned n = 0;

	while (p && (end = strchr(p, '\n'))) {
		n = (unsigned)strtoul(p, NULL, 10);
		p = end + 1;
	}
	return n;
}

static const char *judge_output(const struct probe *p, const struct outcome *o)
{
	bool done = WIFEXITED(o->t.status) && o->t.status == right.status;

	if (p->flags & CASE_FREE)
		return NULL;
	if (p->flags & CASE_ACK)
		return done && acknowledged(o) != lines_in(p->in) ?
			wrong("LIE: status 0, and %u were acknowledged", acknowledged(o)) : NULL;
	if (done && !same(&o->out, &right.out))
		return wrong("LIE: status %d, and %zu bytes of %zu: %.200s", WEXITSTATUS(o->t.status),
			     o->out.len, right.out.len, (const char *)o->out.ptr);
	if (!done && p->flags & CASE_LESS)	/* it tells what can still be told */
		return NULL;
	if (o->out.len > right.out.len ||
	    (o->out.len && memcmp(o->out.ptr, right.out.ptr, o->out.len)))
		return wrong("PARTIAL: not the beginning of what is right: %.300s",
			     (const char *)o->out.ptr);
	return NULL;
}

/* What was begun is no store: the next that makes one there takes it up. */
static const char *again(const struct probe *p, struct buf *said)
{
	if (question(said, "init %s", p->made) != 0)
		return wrong("STUCK: %.300s", (const char *)said->ptr);
	return NULL;
}

static const char *judge_made(const struct probe *p, const struct outcome *o)
{
	static struct buf made, sound;
	bool done = WIFEXITED(o->t.status) && o->t.status == 0, store;

	if (!p->made)
		return NULL;
	made_of_case(p, &made, &store);
	if (done && !made.len)
		return wrong("LIE: status 0, and %s is not there", p->made);
	if (!made.len || (p->flags & CASE_FREE && !right.made_store))
		return NULL;
	buf_clear(&sound);
	if (right.made_store && !store && p->flags & CASE_REST)
		return again(p, &sound);
	if (right.made_store && question(&sound, "walcheck --full -s %s", p->made) != 0)
		return wrong("BROKEN: %s: %.300s", p->made, (const char *)sound.ptr);
	if (!same(&made, &right.made) && (done || !(p->flags & CASE_LESS)))
		return wrong("%s: %s is not what it should be: %.200s", done ? "LIE" : "PARTIAL",
			     p->made, (const char *)made.ptr);
	return NULL;
}

static bool outcome_killed(const struct outcome *o)
{
	return WIFSIGNALED(o->t.status) && WTERMSIG(o->t.status) == SIGKILL;
}

/* The store is in state I of those there may be. */
static const char *judge_promise(const struct probe *p, const struct outcome *o, unsigned i)
{
	unsigned least = 0;

	if (WIFEXITED(o->t.status) && o->t.status == right.status)
		least = right.state_n - 1;
	else if (p->flags & CASE_ACK)
		least = acknowledged(o);
	while (i < least && same(&right.state[i], &right.state[i + 1]))
		i++;
	/* a group that nobody ended is whole or not there */
	if (p->flags & CASE_ACK && outcome_killed(o) && i % p->group && i + 1 < right.state_n)
		return wrong("TORN: %u lines of groups of %u", i, p->group);
	if (i < least)
		return wrong("LOST: state %u of %u, %u was promised", i, right.state_n, least);
	return NULL;
}

static const char *judge_state(const struct probe *p, const struct outcome *o)
{
	static struct buf now, sound;
	bool done = WIFEXITED(o->t.status) && o->t.status == right.status;
	unsigned i;
	int r;

	buf_clear(&sound);
	r = question(&sound, "walcheck --full");
	if (r != 0 && r != 0x100)
		return wrong("BROKEN: %.300s", (const char *)sound.ptr);
	state_of("s", &now);
	for (i = 0; i < right.state_n && !same(&now, &right.state[i]); i++)
		;
	if (i == right.state_n && p->group == 1) {	/* as many groups as it likes */
		if (!done)
			return NULL;
	} else if (i == right.state_n) {
		return wrong("STATE: none of those there may be: %.300s", (const char *)now.ptr);
	}
	return judge_promise(p, o, i);
}

/* Beside the store nothing may be left; a killed process cannot see to that. */
static const char *judge_beside(const struct probe *p, const struct fault *f,
				const struct outcome *o)
{
	char path[1200];
	struct dirent *e;
	DIR *d;
	const char *r = NULL;
	bool removing = f->kind != FAULT_ALLOC && f->kind != FAULT_SIGNAL && f->kind &&
		(strstr(call_name(f->call), "unlink") || strstr(call_name(f->call), "rmdir") ||
		 f->kind == FAULT_AFTER || f->forever);

	snprintf(path, sizeof path, "%s", place);
	d = opendir(path);
	while (d && !r && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || belongs(e->d_name) ||
		    (p->made && !strcmp(e->d_name, p->made)))
			continue;
		if (outcome_killed(o) || removing)
			continue;
		r = wrong("LEFT: %s", e->d_name);
	}
	if (d)
		closedir(d);
	return r;
}

/* The next command works, and what lies about is swept. */
static const char *judge_next(bool deep)
{
	static struct buf said;
	char left[256] = "";

	buf_clear(&said);
	if (question(&said, "put -d x --wait=0 zz-next") != 0)
		return wrong("STUCK: %.300s", (const char *)said.ptr);
	buf_clear(&said);
	if (question(&said, "get zz-next") != 0 || said.len != 1 || *said.ptr != 'x')
		return wrong("STUCK: %.300s", (const char *)said.ptr);
	if (entries("s/tmp", left, sizeof left))
		return wrong("LEFT: tmp/%s after the next writer", left);
	if (!deep)
		return NULL;
	buf_clear(&said);
	if (question(&said, "compact -q --wait=0") != 0 || question(&said, "walcheck --full") != 0)
		return wrong("STUCK: %.300s", (const char *)said.ptr);
	if (right.files_n && entries("s/seg", NULL, 0) > right.files_n + 1)
		return wrong("LEFT: %zu segments after a compaction, not %zu",
			     entries("s/seg", NULL, 0), right.files_n);
	return NULL;
}

/* The index of the log is a cache, which a reader may have brought up to date; but a
 * writer that left another one has to be asked about. */
static bool index_same(void)
{
	struct file_image *f = file_named("s/wal/index");
	struct buf now = { .ptr = NULL };
	char path[1200];
	bool r;
	int fd;

	snprintf(path, sizeof path, "%s/s/wal/index", place);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return !f;
	take_all(fd, false, &now);
	r = f && now.len == f->len && !memcmp(now.ptr, f->ptr, f->len);
	buf_release(&now);
	return r;
}

static bool store_same(const struct probe *p)
{
	const char *which;

	return files_same(&which) && !entries("s/tmp", NULL, 0) &&
		(!(p->flags & CASE_CHANGES) || index_same());
}

const char *judge_case(const struct probe *p, const struct fault *f, struct outcome *o, bool deep)
{
	const char *r;

	files_again();
	case_run(p, f, false, o);
	r = judge_status(p, f, o);
	if (!r)
		r = judge_output(p, o);
	if (!r)
		r = judge_made(p, o);
	if (!r)
		r = judge_beside(p, f, o);
	if (!r && p->flags & (CASE_SERVICE | CASE_SERVE))
		r = service_judge();
	if (r)
		return r;
	if (store_same(p) && !deep)
		return p->flags & CASE_CHANGES ? judge_promise(p, o, 0) : NULL;
	r = judge_state(p, o);
	return r ? r : judge_next(deep);
}
