/* cli/cli.c - a command's beginning and end
 *
 * popt walks the options; everything that is more than a flag comes back as text
 * and is kept here in order, so that each text has one owner and commands read
 * them when they want.  Mistakes are remembered until parsing is over, because a
 * later -J says how they are to be told.
 *
 * popt replaces "!#:+" inside an option's text (for its aliases).  Bytes are bytes
 * here: such a text gets a mark before popt sees it, and loses it afterwards.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "base/size.h"
#include "cli/help.h"
#include "cli/message.h"
#include "cli/signals.h"

struct cli_given {
	int val;
	char *text;		/* ours; NULL for a flag */
};

struct cli_said {
	int code;
	uint64_t n;
};

/* Whose command line popt is reading: it ends the process when memory runs out, with
 * status 1, which is an answer. */
static struct cli *in_popt;

static void popt_gave_up(void)
{
	if (!in_popt)
		return;
	message_error(in_popt, ERR_MEMORY, "out of memory: the command line does not fit", "");
	_exit(err_status(ERR_MEMORY));
}

/* --------------------------------------------------------------- texts kept */

static void *must(struct cli *c, void *p)
{
	if (p)
		return p;
	err_set(ERR_MEMORY, "out of memory: the command line does not fit");
	cli_exit(c, ERR_MEMORY);
}

static char *hold(struct cli *c, char *text)
{
	c->held = must(c, realloc(c->held, (c->held_n + 1) * sizeof *c->held));
	c->held[c->held_n++] = must(c, text);
	return text;
}

/* The place of "!" MARK... "#:+" in TEXT, or NULL; *marks is how many. */
static const char *magic(const char *text, size_t *marks)
{
	for (text = strchr(text, '!'); text; text = strchr(text + 1, '!')) {
		*marks = strspn(text + 1, "\1");
		if (strncmp(text + 1 + *marks, "#:+", 3) == 0)
			return text;
	}
	return NULL;
}

static char *protect(struct cli *c, const char *text)
{
	char *out = must(c, malloc(2 * strlen(text) + 1)), *to = out;
	const char *at;
	size_t marks;

	while ((at = magic(text, &marks))) {
		to = mempcpy(to, text, (size_t)(at - text) + 1);
		*to++ = '\1';
		text = at + 1;
	}
	strcpy(to, text);
	return out;
}

static void unprotect(char *text)
{
	size_t marks;
	char *at;

	while ((at = (char *)magic(text, &marks))) {
		if (marks)
			memmove(at + 1, at + 2, strlen(at + 2) + 1);
		text = at + 1;
	}
}

/* Operands stay popt's; only a marked one is copied. */
static const char *unprotected(struct cli *c, const char *text)
{
	size_t marks;
	char *copy;

	if (!text || !c->argv || !magic(text, &marks))
		return text;
	copy = hold(c, strdup(text));
	unprotect(copy);
	return copy;
}

static const char **protected_argv(struct cli *c, int argc, const char **argv)
{
	size_t marks;
	int i;

	for (i = 1; i < argc; i++)
		if (magic(argv[i], &marks))
			break;
	if (i >= argc)
		return argv;
	c->argv = must(c, calloc((size_t)argc + 1, sizeof *c->argv));
	for (i = 0; i < argc; i++)
		c->argv[i] = hold(c, protect(c, argv[i]));
	return c->argv;
}

static void keep(struct cli *c, int val, char *text)
{
	if (text && c->argv)
		unprotect(text);
	c->given = must(c, realloc(c->given, (c->given_n + 1) * sizeof *c->given));
	c->given[c->given_n++] = (struct cli_given){ val, text };
}

/* ------------------------------------------------------------------ mistakes */

static void hint_help(struct cli *c)
{
	err_hint("'%s --help' lists the options", c->tool->name);
}

static int unknown_option(struct cli *c, const char *arg)
{
	size_t len = strcspn(arg, "=");
	const char *near;

	if (strncmp(arg, "--", 2) == 0) {
		err_set(ERR_USAGE, "unknown option %s",
			bytes_show(bytes_of(arg, len)));
		near = help_nearest(c->table, arg + 2, len - 2);
		if (near)
			err_hint("did you mean --%s?  '%s --help' lists the options",
				 near, c->tool->name);
		else
			hint_help(c);
		return ERR_USAGE;
	}
	for (arg++; *arg && help_option(c->table, 0, *arg); arg++)
		;			/* the letter of a group that is meant */
	err_set(ERR_USAGE, "unknown option -%s", bytes_show(bytes_of(arg, *arg != 0)));
	hint_help(c);
	return ERR_USAGE;
}

static int option_error(struct cli *c, int rc)
{
	const char *arg = poptBadOption(c->popt, POPT_BADOPTION_NOALIAS);
	struct bytes name;

	arg = unprotected(c, arg ? arg : "");
	name = bytes_of(arg, strcspn(arg, "="));
	switch (rc) {
	case POPT_ERROR_BADOPT:
		return unknown_option(c, arg);
	case POPT_ERROR_NOARG:
		err_set(ERR_USAGE, "option %s needs a value", bytes_show(name));
		break;
	case POPT_ERROR_UNWANTEDARG:
		err_set(ERR_USAGE, "option %s takes no value", bytes_show(name));
		break;
	default:
		err_set(ERR_USAGE, "option %s: %s", bytes_show(name), poptStrerror(rc));
	}
	hint_help(c);
	return ERR_USAGE;
}

void cli_usage(struct cli *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_set(ERR_USAGE, "%s", text);
	hint_help(c);
	cli_exit(c, ERR_USAGE);
}

/* "--limit" of a val. */
static const char *name_of(const struct cli *c, int val)
{
	static _Thread_local char text[64];
	const struct poptOption *o = help_option(c->table, val, 0);

	if (o && o->longName)
		snprintf(text, sizeof text, "--%s", o->longName);
	else
		snprintf(text, sizeof text, "-%c", o ? o->shortName : '?');
	return text;
}

/* The thread's message with another subject: the setting's name becomes that of
 * what it was given by. */
static int reword(int code, const char *subject)
{
	struct err_note note;
	const char *rest;

	err_take(&note, code);
	rest = strstr(note.message, ": ");
	return err_set(code, "%s%s", subject, rest ? rest : "");
}

static const char *const when_names[] = { "auto", "always", "never", NULL };

static int choice_of(const char *name, const char *text, const char *const *names)
{
	struct nearest near;
	const char *word;
	char all[256] = "";
	int i;

	nearest_init(&near, bytes_str(text));
	for (i = 0; names[i]; i++) {
		if (strcmp(text, names[i]) == 0)
			return i;
		nearest_offer(&near, names[i]);
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s",
			 i ? names[i + 1] ? ", " : " or " : "", names[i]);
	}
	err_set(ERR_USAGE, "%s: \"%s\": expected %s", name,
		bytes_show(bytes_str(text)), all);
	word = nearest_word(&near);
	if (word)
		err_hint("did you mean %s?", word);
	return ERR_USAGE;
}

/* ----------------------------------------------------------------- beginning */

/* A setting given by its own option or by -O is checked at once. */
static int check_setting(struct cli *c, int val, const char *text)
{
	struct settings scratch;
	int r;

	setting_init(&scratch);
	if (val == CLI_VAL_SET)
		return setting_set_text(&scratch, SETTING_OPTION, bytes_str(text));
	r = setting_set(&scratch, SETTING_OPTION, (enum setting)(val - CLI_VAL_SETTING),
			bytes_str(text));
	return r < 0 ? reword(ERR_USAGE, name_of(c, val)) : 0;
}

static int option(struct cli *c, int val, const char *text)
{
	int when;

	if (val == CLI_VAL_SET ||
	    (val >= CLI_VAL_SETTING && val < CLI_VAL_SETTING + SETTING_N))
		return check_setting(c, val, text);
	switch (val) {
	case CLI_VAL_JSON:
		c->json = true;
		break;
	case CLI_VAL_QUIET:
		c->quiet = true;
		break;
	case CLI_VAL_VERBOSE:
		c->verbose++;
		break;
	case CLI_VAL_PROGRESS:
	case CLI_VAL_COLOR:
		when = choice_of(name_of(c, val), text, when_names);
		if (when < 0)
			return when;
		*(val == CLI_VAL_COLOR ? &c->color : &c->progress) =
			(enum output_when)when;
	}
	return 0;
}

/* After a mistake popt stops; a -J behind it still counts. */
static void look_for_json(struct cli *c, int argc, const char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "-J") == 0 || strcmp(argv[i], "--json") == 0)
			c->json = true;
}

/* What popt had no memory for it leaves out without a word; errno tells. */
static int next_option(struct cli *c)
{
	int val;

	errno = 0;
	val = poptGetNextOpt(c->popt);
	if (errno == ENOMEM)
		must(c, NULL);
	return val;
}

static int parse(struct cli *c)
{
	char *text;
	int val, r = 0;

	while (r == 0 && (val = next_option(c)) != -1) {
		if (val < -1)
			return option_error(c, val);
		text = poptGetOptArg(c->popt);
		keep(c, val, text);
		r = option(c, val, text);
	}
	return r;
}

static void begin(struct cli *c, const struct cli_tool *tool, int argc,
		  const char **argv, const struct poptOption *table, unsigned flags)
{
	int r;

	memset(c, 0, sizeof *c);
	c->tool = tool;
	c->table = table;
	signals_begin();
	argv = protected_argv(c, argc, argv);
	atexit(popt_gave_up);
	in_popt = c;
	errno = 0;
	c->popt = poptGetContext(tool->name, argc, argv, table, flags);
	if (errno == ENOMEM)		/* an operand may be lost, too */
		must(c, NULL);
	must(c, c->popt);
	r = parse(c);
	in_popt = NULL;
	if (r < 0) {
		look_for_json(c, argc, argv);
		cli_exit(c, r);
	}
	if (cli_given(c, CLI_VAL_HELP))
		help_print(tool, table);
	else if (cli_given(c, CLI_VAL_VERSION))
		help_version(tool);
	else
		return;
	cli_exit(c, 0);
}

void cli_begin(struct cli *c, const struct cli_tool *tool, int argc,
	       const char **argv, const struct poptOption *table)
{
	begin(c, tool, argc, argv, table, 0);
}

void cli_begin_outer(struct cli *c, const struct cli_tool *tool, int argc,
		     const char **argv, const struct poptOption *table)
{
	begin(c, tool, argc, argv, table, POPT_CONTEXT_POSIXMEHARDER);
}

static void check_command(struct cli *c, const char *name, const char *const *names)
{
	struct nearest n;
	const char *near;

	nearest_init(&n, bytes_str(name));
	for (; *names; names++) {
		if (strcmp(*names, name) == 0)
			return;
		nearest_offer(&n, *names);
	}
	near = nearest_word(&n);
	err_set(ERR_USAGE, "unknown command \"%s\"", bytes_show(bytes_str(name)));
	if (near)
		err_hint("did you mean '%s %s'?", c->tool->name, near);
	else
		err_hint("'%s --help' lists the commands", c->tool->name);
	cli_exit(c, ERR_USAGE);
}

const char *cli_subcommand(struct cli *c, const char *const *names, int *argc,
			   const char ***argv)
{
	const char *name = cli_operand(c, "COMMAND");
	const char **rest, **sub;
	int len = 0;

	if (names)
		check_command(c, name, names);
	rest = poptGetArgs(c->popt);
	while (rest && rest[len])
		len++;
	sub = must(c, calloc((size_t)len + 2, sizeof *sub));
	hold(c, (char *)sub);
	sub[0] = name;
	for (int i = 0; i < len; i++)
		sub[i + 1] = unprotected(c, rest[i]);
	*argc = len + 1;
	*argv = sub;
	return name;
}

/* ------------------------------------------------------------------- operands */

const char *cli_operand_if_any(struct cli *c)
{
	return unprotected(c, poptGetArg(c->popt));
}

const char *cli_operand_peek(struct cli *c)
{
	return unprotected(c, poptPeekArg(c->popt));
}

const char *cli_operand(struct cli *c, const char *what)
{
	const char *text = cli_operand_if_any(c);

	if (!text)
		cli_usage(c, "missing operand: %s", what);
	return text;
}

void cli_no_more(struct cli *c)
{
	const char *text = cli_operand_if_any(c);

	if (text)
		cli_usage(c, "unexpected operand: \"%s\"", bytes_show(bytes_str(text)));
}

/* -------------------------------------------------------------------- options */

bool cli_given(const struct cli *c, int val)
{
	for (size_t i = 0; i < c->given_n; i++)
		if (c->given[i].val == val)
			return true;
	return false;
}

const char *cli_text(const struct cli *c, int val)
{
	for (size_t i = c->given_n; i-- > 0;)
		if (c->given[i].val == val)
			return c->given[i].text;
	return NULL;
}

const char *cli_each(const struct cli *c, int val, size_t *at)
{
	while (*at < c->given_n)
		if (c->given[(*at)++].val == val)
			return c->given[*at - 1].text;
	return NULL;
}

typedef int reader(const char *name, struct bytes text, uint64_t min, uint64_t max,
		   uint64_t *out);

static uint64_t read_as(struct cli *c, reader *read, int val, uint64_t min,
			uint64_t max, uint64_t dflt)
{
	const char *text = cli_text(c, val);
	uint64_t v = dflt;
	int r;

	if (!text)
		return dflt;
	r = read(name_of(c, val), bytes_str(text), min, max, &v);
	if (r < 0)
		cli_exit(c, r);
	return v;
}

uint64_t cli_u64(struct cli *c, int val, uint64_t min, uint64_t max, uint64_t dflt)
{
	return read_as(c, size_number, val, min, max, dflt);
}

uint64_t cli_size(struct cli *c, int val, uint64_t min, uint64_t max, uint64_t dflt)
{
	return read_as(c, size_bytes, val, min, max, dflt);
}

uint64_t cli_duration(struct cli *c, int val, uint64_t min_ns, uint64_t max_ns,
		      uint64_t dflt_ns)
{
	return read_as(c, size_duration, val, min_ns, max_ns, dflt_ns);
}

int cli_choice(struct cli *c, int val, const char *const *names, int dflt)
{
	const char *text = cli_text(c, val);
	int i;

	if (!text)
		return dflt;
	i = choice_of(name_of(c, val), text, names);
	if (i < 0)
		cli_exit(c, i);
	return i;
}

const char *cli_store(struct cli *c)
{
	const char *path = cli_text(c, CLI_VAL_STORE);

	if (!path)
		path = getenv("STRATO_STORE");
	if (path && path[0])
		return path;
	err_set(ERR_USAGE, "no store given");
	err_hint("say which with -s DIR, or set STRATO_STORE");
	cli_exit(c, ERR_USAGE);
}

const char *cli_graph(struct cli *c)
{
	const char *name = cli_text(c, CLI_VAL_GRAPH);

	if (!name) {
		name = getenv("STRATO_GRAPH");
		if (!name || !name[0])
			return "default";
	}
	if (!name[0])
		cli_usage(c, "--graph: a graph's name is not empty");
	return name;
}

uint64_t cli_wait_ns(struct cli *c)
{
	/* a day: longer is a mistake */
	return read_as(c, size_seconds, CLI_VAL_WAIT, 0, 86400000000000ull,
		       10000000000ull);
}

static enum record_format given_format(struct cli *c)
{
	const char *text = cli_text(c, CLI_VAL_FORMAT);
	int f = RECORD_TSV;

	if (text)
		f = record_format_of(text);
	if (f < 0)
		cli_exit(c, f);
	return (enum record_format)f;
}

enum record_format cli_format_in(struct cli *c, enum record_shape shape)
{
	enum record_format f = given_format(c);

	return shape == RECORD_KEYS && cli_given(c, CLI_VAL_NULL) ? RECORD_NUL : f;
}

enum record_format cli_format_out(struct cli *c, enum record_shape shape)
{
	enum record_format f = cli_format_in(c, shape);

	return c->json ? RECORD_JSONL : f;
}

enum output_style cli_style(const struct cli *c, bool people)
{
	if (c->json)
		return OUTPUT_JSON;
	return people && output_is_terminal(STDOUT_FILENO) ? OUTPUT_TABLE : OUTPUT_TSV;
}

bool cli_color(const struct cli *c, int fd)
{
	return output_color(c->color, fd);
}

/* ------------------------------------------------------------------- settings */

static int given_settings(const struct cli *c, struct settings *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->given_n; i++) {
		int val = c->given[i].val;
		const char *text = c->given[i].text;

		if (val == CLI_VAL_NO_SYNC)
			r = setting_set(s, SETTING_OPTION, SETTING_SYNC, bytes_str("none"));
		else if (val == CLI_VAL_SET)
			r = setting_set_text(s, SETTING_OPTION, bytes_str(text));
		else if (val >= CLI_VAL_SETTING && val < CLI_VAL_SETTING + SETTING_N)
			r = setting_set(s, SETTING_OPTION,
					(enum setting)(val - CLI_VAL_SETTING),
					bytes_str(text));
	}
	return r;
}

static int environment_settings(struct settings *s)
{
	for (enum setting i = 0; i < SETTING_N; i++) {
		const char *name = setting_table[i].variable;
		const char *text = getenv(name);

		if (text && text[0] &&
		    setting_set(s, SETTING_ENVIRONMENT, i, bytes_str(text)) < 0)
			return reword(ERR_SETTING, name);
	}
	return 0;
}

static bool user_file(char *path, size_t cap)
{
	const char *dir = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	int n;

	if (dir && dir[0] == '/')	/* the specification ignores relative ones */
		n = snprintf(path, cap, "%s/strato/config", dir);
	else if (home && home[0])
		n = snprintf(path, cap, "%s/.config/strato/config", home);
	else
		return false;
	return n > 0 && (size_t)n < cap;
}

/* 64 KiB: many times the longest sensible file. */
#define USER_FILE_MAX (64u << 10)

static int read_user_file(int fd, const char *path, struct settings *s)
{
	char *text = malloc(USER_FILE_MAX);
	size_t len = 0;
	ssize_t n = 1;
	int r = 0;

	if (!text)
		return err_set(ERR_MEMORY, "out of memory: %s", path);
	while (n > 0 && len < USER_FILE_MAX) {
		n = read(fd, text + len, USER_FILE_MAX - len);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n < 0)
		r = err_sys(ERR_IO, "%s: read", path);
	else if (len == USER_FILE_MAX)
		r = err_set(ERR_SETTING, "%s: too long for a file of settings", path);
	else
		r = setting_read(s, SETTING_USER, path, bytes_of(text, len));
	free(text);
	return r;
}

static int user_settings(struct settings *s)
{
	char path[4096];
	int fd, r;

	if (!user_file(path, sizeof path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		/* a home that is not ours to read is as good as none */
		if (errno == ENOENT || errno == ENOTDIR || errno == EACCES)
			return 0;
		return err_sys(ERR_IO, "%s: open", path);
	}
	r = read_user_file(fd, path, s);
	close(fd);
	return r;
}

int cli_settings(struct cli *c, struct settings *out, struct bytes store_config,
		 const char *where)
{
	int r;

	setting_init(out);
	r = given_settings(c, out);
	if (r == 0)
		r = environment_settings(out);
	if (r == 0)
		r = setting_read(out, SETTING_STORE, where, store_config);
	return r == 0 ? user_settings(out) : r;
}

/* ---------------------------------------------------------------------- words */

static void speak(struct cli *c, const char *kind, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof text, fmt, ap);
	message_plain(c, kind, text);
}

#define SPEAK(c, kind, fmt) \
	do { va_list ap; va_start(ap, fmt); speak(c, kind, fmt, ap); va_end(ap); } while (0)

void cli_note(struct cli *c, const char *fmt, ...)
{
	if (c->verbose && !c->quiet)
		SPEAK(c, "note", fmt);
}

void cli_trace(struct cli *c, const char *fmt, ...)
{
	if (c->verbose > 1 && !c->quiet)
		SPEAK(c, "trace", fmt);
}

void cli_say(struct cli *c, const char *fmt, ...)
{
	if (!c->quiet)
		SPEAK(c, "note", fmt);
}

void cli_warn(struct cli *c, const char *fmt, ...)
{
	SPEAK(c, "warning", fmt);
}

void cli_finding(struct cli *c, int code)
{
	message_error(c, code, err_message(), err_hint_text());
}

void cli_problem(struct cli *c, int code)
{
	struct cli_said *p;

	for (size_t i = 0; i < c->said_n; i++)
		if (c->said[i].code == code) {
			c->said[i].n++;
			return;
		}
	cli_finding(c, code);
	p = realloc(c->said, (c->said_n + 1) * sizeof *p);
	if (!p)
		return;			/* then it is said again */
	p[c->said_n] = (struct cli_said){ code, 1 };
	c->said = p;
	c->said_n++;
}

static void say_counts(struct cli *c)
{
	char text[128];

	for (size_t i = 0; i < c->said_n; i++) {
		uint64_t more = c->said[i].n - 1;

		if (more == 0)
			continue;
		snprintf(text, sizeof text, "and %s more like it [%s]",
			 output_count(more), err_word(c->said[i].code));
		message_plain(c, "warning", text);
	}
}

int cli_ask(struct cli *c, const char *fmt, ...)
{
	char text[1024], answer[64] = "";
	va_list ap;
	ssize_t n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text - 16, fmt, ap);
	va_end(ap);
	if (cli_given(c, CLI_VAL_YES))
		return 1;
	if (!output_is_terminal(STDIN_FILENO) || !output_is_terminal(STDERR_FILENO)) {
		err_set(ERR_USAGE, "%s: nobody here to ask", text);
		err_hint("add --yes");
		return ERR_USAGE;
	}
	strcat(text, " [y/N] ");
	if (c->clear)
		c->clear(c->clear_ctx);
	message_write(text, strlen(text));
	n = read(STDIN_FILENO, answer, sizeof answer - 1);
	return n > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

void cli_reading_stdin(struct cli *c)
{
	if (!c->quiet && output_is_terminal(STDIN_FILENO))
		cli_say(c, "reading from the terminal; end with Control-D");
}

/* ------------------------------------------------------------------------ end */

static int flush_stdout(int code)
{
	bool failed = ferror(stdout);
	bool now = fflush(stdout) == EOF;

	if (err_status(code) > 1 || (!failed && !now))
		return code;		/* the first failure is the one to tell */
	if (now)
		return err_sys(ERR_IO, "standard output: write");
	return err_set(ERR_IO, "standard output: write failed");
}

static void release(struct cli *c)
{
	if (c->popt)
		poptFreeContext(c->popt);
	for (size_t i = 0; i < c->given_n; i++)
		free(c->given[i].text);
	for (size_t i = 0; i < c->held_n; i++)
		free(c->held[i]);
	free(c->given);
	free(c->held);
	free(c->argv);
	free(c->said);
	c->popt = NULL;
	c->given_n = c->held_n = c->said_n = 0;
	c->given = NULL;
	c->held = NULL;
	c->argv = NULL;
	c->said = NULL;
}

static void tell(struct cli *c, int code)
{
	const char *text = err_message();

	if (code >= 0)
		return;
	if (err_status(code) == 1 && (!c->verbose || !text[0]))
		return;
	if (code == ERR_BUG && !err_hint_text()[0])
		err_hint("this is a bug in strato: please report it");
	message_error(c, code, text[0] ? text : "failed", err_hint_text());
}

int cli_end(struct cli *c, int code)
{
	int sig;

	code = flush_stdout(code);
	say_counts(c);
	tell(c, code);
	release(c);
	sig = signals_raise_again();
	return sig ? sig : err_status(code);
}

void cli_exit(struct cli *c, int code)
{
	in_popt = NULL;
	exit(cli_end(c, code));
}

int cli_pass(struct cli *outer, int status)
{
	release(outer);
	return status;
}
