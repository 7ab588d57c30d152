/* cli/cli.h - how every command begins, speaks and ends
 *
 *	static const struct cli_tool tool = {
 *		.name = "strato-walcheck",
 *		.does = "verify a write-ahead log",
 *		.usage = "[OPTION]... [LOG]...",
 *		.examples = "strato-walcheck -s /data/kv\n"
 *			    "strato-walcheck -l copy.wal | tail",
 *	};
 *
 *	int main(int argc, const char **argv)
 *	{
 *		struct walcheck opt = {0};
 *		const struct poptOption table[] = {
 *			{ "stats", 0, POPT_ARG_NONE, &opt.stats, 0,
 *			  "count records by kind", NULL },
 *			{ "since", 0, POPT_ARG_STRING, NULL, OPT_SINCE,
 *			  "records after commit V only", "V" },
 *			CLI_OPTION_LONG(&opt.list),
 *			CLI_OPTIONS_STORE,
 *			CLI_OPTIONS,
 *			POPT_TABLEEND
 *		};
 *		struct cli cli;
 *		const char *path;
 *
 *		stream_guard_std();
 *		cli_begin(&cli, &tool, argc, argv, table);
 *		opt.since = cli_u64(&cli, OPT_SINCE, 0, UINT64_MAX, 0);
 *		path = cli_operand(&cli, "LOG");
 *		cli_no_more(&cli);
 *		return cli_end(&cli, walcheck(path, &opt));
 *	}
 *
 * Flags are popt's (POPT_ARG_NONE into an int).  Options with text have arg NULL
 * and a val of 1..0xfff: struct cli owns the text, cli_text and the readers of
 * numbers find it by that val.  Long options are not abbreviated; the last of a
 * repeated option wins.  "-dVALUE" and "-d=VALUE" are "-d VALUE" (popt's way).
 *
 * Functions below that say "or ends" leave through cli_end and exit: they are for
 * the time before the command holds anything.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <popt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/setting.h"
#include "cli/output.h"
#include "cli/record.h"

struct cli_tool {
	const char *name;	/* "strato-put", or "strato-graph import" */
	const char *does;	/* one line without a full stop */
	const char *usage;	/* what follows the name; more forms after LF */
	const char *examples;	/* two lines */
	const char *more;	/* lines before the options, or NULL: "Commands:\n  ls  ..." */
};

/* --- shared options: one meaning everywhere --- */

enum cli_val {			/* a command's own vals are 1..0xfff */
	CLI_VAL_HELP = 0x1000, CLI_VAL_VERSION, CLI_VAL_JSON, CLI_VAL_QUIET,
	CLI_VAL_VERBOSE, CLI_VAL_SET, CLI_VAL_PROGRESS, CLI_VAL_COLOR,
	CLI_VAL_STORE, CLI_VAL_WAIT, CLI_VAL_FORMAT, CLI_VAL_NULL, CLI_VAL_BATCH,
	CLI_VAL_OUTPUT, CLI_VAL_DRY_RUN, CLI_VAL_YES, CLI_VAL_NO_SYNC,
	CLI_VAL_DATA, CLI_VAL_GRAPH, CLI_VAL_LIMIT, CLI_VAL_PREFIX, CLI_VAL_RANGE,
	CLI_VAL_AS_OF,
	CLI_VAL_SETTING = 0x1100	/* + enum setting: its own long option */
};

extern const struct poptOption cli_options_common[], cli_options_store[],
	cli_options_write[];

#define CLI_INCLUDE(table) \
	{ NULL, 0, POPT_ARG_INCLUDE_TABLE, (void *)(table), 0, NULL, NULL }
#define CLI_TEXT(name, letter, val, help, word) \
	{ name, letter, POPT_ARG_STRING, NULL, val, help, word }
#define CLI_FLAG(name, letter, flag, help) \
	{ name, letter, POPT_ARG_NONE, flag, 0, help, NULL }

/* -h -V -J -q -v -O --progress --color: every table ends with it */
#define CLI_OPTIONS CLI_INCLUDE(cli_options_common)
/* -s --wait --io-depth --direct-io --cache-size --prefetch-distance --memory-limit */
#define CLI_OPTIONS_STORE CLI_INCLUDE(cli_options_store)
/* --compression --no-sync */
#define CLI_OPTIONS_WRITE CLI_INCLUDE(cli_options_write)

/* Read back with cli_format_in, cli_format_out, cli_text, cli_given. */
#define CLI_OPTION_FORMAT CLI_TEXT("format", 'f', CLI_VAL_FORMAT, \
	"format of records: tsv, text, cdb, jsonl", "FMT")
#define CLI_OPTION_NULL { "null", '0', POPT_ARG_NONE, NULL, CLI_VAL_NULL, \
	"key lists end each key with NUL, raw", NULL }
#define CLI_OPTION_BATCH { "batch", 'b', POPT_ARG_NONE, NULL, CLI_VAL_BATCH, \
	"many items, from files or standard input", NULL }
#define CLI_OPTION_OUTPUT CLI_TEXT("output", 'o', CLI_VAL_OUTPUT, \
	"write to FILE: complete or absent", "FILE")
#define CLI_OPTION_DRY_RUN { "dry-run", 'n', POPT_ARG_NONE, NULL, CLI_VAL_DRY_RUN, \
	"say what would change, change nothing", NULL }
#define CLI_OPTION_YES { "yes", 'y', POPT_ARG_NONE, NULL, CLI_VAL_YES, \
	"do not ask", NULL }
#define CLI_OPTION_DATA CLI_TEXT("data", 'd', CLI_VAL_DATA, \
	"the value, exactly", "VALUE")
#define CLI_OPTION_GRAPH CLI_TEXT("graph", 'g', CLI_VAL_GRAPH, \
	"the graph; else $STRATO_GRAPH, else default", "NAME")
#define CLI_OPTION_LIMIT CLI_TEXT("limit", 'L', CLI_VAL_LIMIT, \
	"stop after N", "N")
#define CLI_OPTION_PREFIX CLI_TEXT("prefix", 'p', CLI_VAL_PREFIX, \
	"keys that begin with P", "P")
#define CLI_OPTION_RANGE CLI_TEXT("range", 'r', CLI_VAL_RANGE, \
	"part of the value; OFF may be negative", "OFF:LEN")
#define CLI_OPTION_AS_OF CLI_TEXT("as-of", 0, CLI_VAL_AS_OF, \
	"as the store was then, while it is kept", "VERSION|NAME")
/* Flags into an int of the command. */
#define CLI_OPTION_ACK(flag) CLI_FLAG("ack", 'a', flag, \
	"print COUNT TAB VERSION after each durable commit")
#define CLI_OPTION_CREATE(flag) CLI_FLAG("create", 'c', flag, \
	"create the store if it is missing")
#define CLI_OPTION_EXISTS(flag) CLI_FLAG("exists", 'e', flag, \
	"no output; status 0 or 1")
#define CLI_OPTION_INFO(flag) CLI_FLAG("info", 'i', flag, \
	"size, version, checksum instead of values")
#define CLI_OPTION_LONG(flag) CLI_FLAG("long", 'l', flag, \
	"more columns")

/* --- a run --- */

struct cli_given;
struct cli_said;

struct cli {
	const struct cli_tool *tool;
	bool json, quiet;
	int verbose;			/* 0, 1, 2 */
	enum output_when progress, color;

	/* private */
	poptContext popt;
	const struct poptOption *table;
	struct cli_given *given;	/* options in the order they came */
	size_t given_n;
	struct cli_said *said;		/* problems said, and how often */
	size_t said_n;
	const char **argv;		/* the copy popt reads, if one was needed */
	char **held;			/* texts handed out, freed by cli_end */
	size_t held_n;
	void (*clear)(void *);		/* wipes a progress line before a message */
	void *clear_ctx;
};

/* Parse; on -h, -V and mistakes prints and ends.  SIGPIPE is made default, SIGXFSZ
 * ignored, SIGUSR1 noted.  A tool whose operands are subcommands (strato-graph)
 * uses cli_begin_outer: options stop at the first operand, and the rest is for
 * the subcommand's own cli_begin under the name "strato-graph import". */
void cli_begin(struct cli *c, const struct cli_tool *tool, int argc,
	       const char **argv, const struct poptOption *table);
void cli_begin_outer(struct cli *c, const struct cli_tool *tool, int argc,
		     const char **argv, const struct poptOption *table);
/* The subcommand's name and what follows it: *argc and *argv are set so that
 * argv[0] is the name.  Ends with status 64 when there is none, or with the
 * nearest of NAMES (NULL-terminated) when it is not among them; NAMES NULL takes
 * any.  The arrays live until cli_end. */
const char *cli_subcommand(struct cli *c, const char *const *names, int *argc,
			   const char ***argv);

/* What main returns when a subcommand is done: releases the outer one. */
int cli_pass(struct cli *outer, int status);

/* The next operand, or ends: "missing operand: KEY". */
const char *cli_operand(struct cli *c, const char *what);
const char *cli_operand_if_any(struct cli *c);		/* or NULL */
const char *cli_operand_peek(struct cli *c);		/* not taken; or NULL */
void cli_no_more(struct cli *c);			/* or ends */

/* Options with a val. */
bool cli_given(const struct cli *c, int val);
const char *cli_text(const struct cli *c, int val);	/* the last; NULL if not given */
/* One after the other in order: *at begins at 0; NULL at the end. */
const char *cli_each(const struct cli *c, int val, size_t *at);
/* Read as base/size does; DFLT when not given; a text out of range ends. */
uint64_t cli_u64(struct cli *c, int val, uint64_t min, uint64_t max, uint64_t dflt);
uint64_t cli_size(struct cli *c, int val, uint64_t min, uint64_t max, uint64_t dflt);
uint64_t cli_duration(struct cli *c, int val, uint64_t min_ns, uint64_t max_ns,
		      uint64_t dflt_ns);
/* The place of the text in NAMES (NULL-terminated), or ends naming the nearest. */
int cli_choice(struct cli *c, int val, const char *const *names, int dflt);

/* Things all tools ask. */
const char *cli_store(struct cli *c);	/* -s, else $STRATO_STORE, or ends (64) */
const char *cli_graph(struct cli *c);	/* -g, else $STRATO_GRAPH, else "default" */
uint64_t cli_wait_ns(struct cli *c);	/* --wait, default 10 s */
/* -f; tsv when not given.  For lists -0 makes it RECORD_NUL; for output -J makes
 * it RECORD_JSONL whatever -f says. */
enum record_format cli_format_in(struct cli *c, enum record_shape shape);
enum record_format cli_format_out(struct cli *c, enum record_shape shape);
/* OUTPUT_JSON with -J, else TABLE if PEOPLE and stdout is a terminal, else TSV. */
enum output_style cli_style(const struct cli *c, bool people);

/* All settings: options, environment, the store's file (its bytes, and its name
 * for messages; empty when there is none), the user's file, built in.  The user's
 * file is one open(2) that may fail.  0 or ERR_SETTING.  (Options were checked by
 * cli_begin.) */
int cli_settings(struct cli *c, struct settings *out, struct bytes store_config,
		 const char *where);

/* --- words on stderr --- */
#define CLI_PRINTF __attribute__((format(printf, 2, 3)))
void cli_note(struct cli *c, const char *fmt, ...) CLI_PRINTF;	/* with -v */
void cli_trace(struct cli *c, const char *fmt, ...) CLI_PRINTF;	/* with -vv */
void cli_say(struct cli *c, const char *fmt, ...) CLI_PRINTF;	/* unless -q */
void cli_warn(struct cli *c, const char *fmt, ...) CLI_PRINTF;	/* always */
/* Print the thread's message as an error and go on: said in full the first time
 * for a code, then counted; cli_end tells the count. */
void cli_problem(struct cli *c, int code);
/* The same with no count: for findings that are all to be listed. */
void cli_finding(struct cli *c, int code);

/* 1 yes, 0 no.  --yes: 1 without asking.  stdin and stderr not both terminals:
 * ERR_USAGE with a hint. */
int cli_ask(struct cli *c, const char *fmt, ...) CLI_PRINTF;
/* "reading from the terminal", once, when stdin is one and not -q. */
void cli_reading_stdin(struct cli *c);
bool cli_color(const struct cli *c, int fd);

/* --- signals --- */

/* From here on SIGINT, SIGTERM and SIGHUP (unless ignored by whoever started us)
 * set a flag and interrupt a blocking call; a second one ends at once.  Commands
 * that loop call it and look at cli_stopped; others simply die, which is safe. */
void cli_catch_signals(void);
int cli_stopped(void);			/* the signal's number, or 0 */
bool cli_asked_progress(void);		/* SIGUSR1 since the last call */

/* --- the end --- */

/* Flush stdout (a failure is ERR_IO, status 74), print the one message of CODE
 * (0 or more: none; status 1: only with -v), the counts of repeated problems,
 * release everything, re-raise a caught signal.  Returns the exit status. */
int cli_end(struct cli *c, int code);
/* exit(cli_end(c, code)): for the time before the command holds anything. */
void cli_exit(struct cli *c, int code) __attribute__((noreturn));
/* "64, and here is why", in one call: err_set(ERR_USAGE, ...) and cli_exit. */
void cli_usage(struct cli *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

#endif
