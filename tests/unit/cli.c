/* tests/unit/cli.c - cli/cli: what a command says and how it ends
 *
 * Each case is a small tool run in a child, its streams caught in files; the
 * tool does what its first operand tells it.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/progress.h"

enum { OPT_TTL = 1, OPT_KIND };

static const struct cli_tool tool = {
	.name = "strato-try",
	.does = "try things",
	.usage = "[OPTION]... WHAT [TEXT]...\n-b [FILE]...",
	.examples = "strato-try echo a\nstrato-try -J fail | cat",
};

static const struct cli_tool outer_tool = {
	.name = "strato-outer", .does = "have commands", .usage = "COMMAND ...",
	.examples = "strato-outer one\nstrato-outer two",
	.more = "Commands:\n  one  the first\n  two  the second",
};

static const struct cli_tool inner_tool = {
	.name = "strato-outer one", .does = "be inside", .usage = "[OPTION]... [TEXT]...",
	.examples = "strato-outer one a\nstrato-outer one -l",
};

static int settings(struct cli *c, const char *config)
{
	struct settings s;
	int r = cli_settings(c, &s, bytes_str(config), "S/config");

	for (int i = 0; r == 0 && i < SETTING_N; i++)
		if (i != SETTING_MEMORY_LIMIT || s.origin[i])
			printf("%s=%s (%s)\n", setting_table[i].name, setting_text(&s, i),
			       setting_origin_name(s.origin[i]));
	return r;
}

static int work(struct cli *c, const char *what)
{
	const char *text;

	if (!strcmp(what, "echo")) {
		while ((text = cli_operand_if_any(c)))
			printf("<%s>\n", text);
		for (size_t at = 0; (text = cli_each(c, CLI_VAL_DATA, &at));)
			printf("data <%s>\n", text);
		return 0;
	}
	if (!strcmp(what, "values")) {
		printf("%llu %llu %llu %d %d %d\n",
		       (unsigned long long)cli_u64(c, CLI_VAL_LIMIT, 1, 100, 7),
		       (unsigned long long)cli_duration(c, OPT_TTL, 0, UINT64_MAX, 8),
		       (unsigned long long)cli_wait_ns(c),
		       cli_choice(c, OPT_KIND, (const char *const[]){ "red", "green", "blue",
							     NULL }, 2),
		       cli_format_in(c, RECORD_KEYS), cli_format_out(c, RECORD_PAIRS));
		return 0;
	}
	if (!strcmp(what, "store"))
		return printf("%s %s\n", cli_store(c), cli_graph(c)) < 0;
	if (!strcmp(what, "settings"))
		return settings(c, (text = cli_operand_if_any(c)) ? text : "");
	if (!strcmp(what, "fail")) {
		err_set(ERR_LOCKED, "/data/kv: locked by process 4711");
		err_hint("wait for it");
		return ERR_LOCKED;
	}
	if (!strcmp(what, "absent"))
		return err_set(ERR_ABSENT, "no such key");
	if (!strcmp(what, "hostile"))
		return err_set(ERR_IO, "a\x1b[2J\nb\x7f\xc3\x80: read");
	if (!strcmp(what, "latin"))
		return err_set(ERR_IO, "a\xff\x9b\xc3\x80: read");
	if (!strcmp(what, "problems")) {
		for (int i = 0; i < 1234; i++)
			cli_problem(c, err_set(ERR_BAD_RECORD, "input line %d: bad", i));
		return ERR_BAD_RECORD;
	}
	if (!strcmp(what, "words")) {
		cli_note(c, "noted");
		cli_trace(c, "traced");
		cli_say(c, "said");
		cli_warn(c, "warned");
		return 0;
	}
	if (!strcmp(what, "ask"))
		return cli_ask(c, "remove 17 keys?");
	if (!strcmp(what, "stop")) {
		cli_catch_signals();
		raise(SIGTERM);
		cli_warn(c, "stopped by %d", cli_stopped());
		return 0;
	}
	if (!strcmp(what, "usr1")) {
		struct progress p;

		raise(SIGUSR1);
		progress_begin(&p, c, "records", 1000);
		progress_at(&p, 5, 500);
		progress_end(&p, "read 5");
		return 0;
	}
	cli_usage(c, "cannot %s", what);
}

static int run_tool(int argc, const char **argv)
{
	int flag = 0;
	const struct poptOption table[] = {
		CLI_OPTION_LONG(&flag), CLI_OPTION_DATA, CLI_OPTION_LIMIT,
		CLI_TEXT("ttl", 0, OPT_TTL, "how long they live before they go away, which "
			 "is said at a length that has to be wrapped", "DURATION"),
		CLI_TEXT("kind", 'k', OPT_KIND, "red, green or blue", "KIND"),
		CLI_OPTION_FORMAT, CLI_OPTION_NULL, CLI_OPTION_BATCH, CLI_OPTION_YES,
		CLI_OPTION_GRAPH, CLI_OPTIONS_STORE, CLI_OPTIONS_WRITE, CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli c;

	cli_begin(&c, &tool, argc, argv, table);
	return cli_end(&c, work(&c, cli_operand(&c, "WHAT")));
}

static int run_outer(int argc, const char **argv)
{
	static const char *const names[] = { "one", "two", NULL };
	int flag = 0;
	const struct poptOption outer[] = { CLI_OPTIONS, POPT_TABLEEND };
	const struct poptOption inner[] = {
		CLI_OPTION_LONG(&flag), CLI_OPTIONS, POPT_TABLEEND
	};
	struct cli c, sub;
	const char *text;

	cli_begin_outer(&c, &outer_tool, argc, argv, outer);
	cli_subcommand(&c, names, &argc, &argv);
	cli_begin(&sub, &inner_tool, argc, argv, inner);
	printf("long %d\n", flag);
	while ((text = cli_operand_if_any(&sub)))
		printf("<%s>\n", text);
	return cli_pass(&c, cli_end(&sub, 0));
}

/* --- running it --- */

static char out[65536], err[65536];
static int status;		/* exit status, or 1000 + signal */
static char folder[] = "/tmp/strato-unit-cli.XXXXXX";

static void slurp(int fd, char *to)
{
	ssize_t n = pread(fd, to, 65535, 0);

	to[n > 0 ? n : 0] = '\0';
	close(fd);
}

static int fresh(const char *name)
{
	char path[200];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void child(int (*run)(int, const char **), const char *to, const char **argv,
		  int o, int e)
{
	int argc = 0, in = open("/dev/null", O_RDONLY);

	while (argv[argc])
		argc++;
	if (to)
		o = open(to, O_WRONLY);
	dup2(in, 0);
	dup2(o, 1);
	dup2(e, 2);
	exit(run(argc, argv));
}

static void run_to(int (*run)(int, const char **), const char *to, const char **argv)
{
	int o = fresh("out"), e = fresh("err"), w;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(run, to, argv, o, e);
	assert_int_equal(waitpid(pid, &w, 0), pid);
	status = WIFSIGNALED(w) ? 1000 + WTERMSIG(w) : WEXITSTATUS(w);
	slurp(o, out);
	slurp(e, err);
}

#define TRY(...) run_to(run_tool, NULL, (const char *[]){ "strato-try", ##__VA_ARGS__, NULL })
#define OUTER(...) run_to(run_outer, NULL, (const char *[]){ "strato-outer", __VA_ARGS__, NULL })

static void ended(int want_status, const char *want_out, const char *want_err)
{
	if (status != want_status || strcmp(out, want_out) || strcmp(err, want_err))
		fail_msg("status %d\nstdout: %s\nstderr: %s", status, out, err);
}

/* --- tests --- */

static void help_fits_60_lines_of_80_columns_and_names_every_option(void **state)
{
	static const char *const names[] = {
		"-l, --long", "-d, --data=VALUE", "-L, --limit=N", "    --ttl=DURATION",
		"-f, --format=FMT", "-0, --null", "-b, --batch", "-y, --yes", "-s, --store=DIR",
		"    --wait=SECS", "    --io-depth=N", "    --direct-io=", "    --cache-size=",
		"    --prefetch-distance=", "    --memory-limit=", "    --compression=",
		"    --no-sync", "-O, --set=NAME=VALUE", "-J, --json", "-q, --quiet",
		"-v, --verbose", "    --progress=", "    --color=", "-h, --help",
		"-V, --version", "strato-try echo a", "strato-try -J fail | cat",
		"Usage: strato-try [OPTION]... WHAT [TEXT]...\n       strato-try -b [FILE]...\n",
	};
	int lines = 0;

	(void)state;
	for (int i = 0; i < 2; i++) {
		TRY(i ? "-h" : "--help");
		assert_int_equal(status, 0);
		assert_string_equal(err, "");
		for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
			if (!strstr(out, names[k]))
				fail_msg("no %s in\n%s", names[k], out);
	}
	for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n"), lines++)
		assert_true(strlen(line) <= 80);
	assert_true(lines <= 60);
}

static void version_is_a_line_and_a_line_of_features(void **state)
{
	(void)state;
	TRY("--version");
	assert_int_equal(status, 0);
	assert_memory_equal(out, "strato-try (strato) " PACKAGE_VERSION "\nfeatures: ", 30);
	OUTER("one", "-V");
	assert_memory_equal(out, "strato-outer (strato) ", 22);
}

static void a_full_stdout_is_74_for_help_version_and_work(void **state)
{
	static const char *const what[] = { "--help", "--version", "echo" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		run_to(run_tool, "/dev/full",
		       (const char *[]){ "strato-try", what[i], "text", NULL });
		assert_int_equal(status, 74);
		assert_string_equal(err, "strato-try: standard output: write: "
				    "No space left on device [no-space]\n");
	}
	run_to(run_tool, "/dev/full", (const char *[]){ "strato-try", "fail", NULL });
	assert_int_equal(status, 75);
}

static void an_unknown_option_is_64_in_two_lines_with_the_nearest(void **state)
{
	(void)state;
	TRY("--stroe=x");
	ended(64, "", "strato-try: unknown option --stroe [usage]\n"
	      "strato-try: hint: did you mean --store?  'strato-try --help' lists the options\n");
	TRY("--xyzzy");
	ended(64, "", "strato-try: unknown option --xyzzy [usage]\n"
	      "strato-try: hint: 'strato-try --help' lists the options\n");
	TRY("-lz");
	ended(64, "", "strato-try: unknown option -z [usage]\n"
	      "strato-try: hint: 'strato-try --help' lists the options\n");
	TRY("--jso");
	assert_int_equal(status, 64);
	TRY("echo", "--", "--xyzzy", "-z", "--");
	ended(0, "<--xyzzy>\n<-z>\n<-->\n", "");
}

static void options_want_their_values_and_no_others(void **state)
{
	(void)state;
	TRY("echo", "-d");
	assert_int_equal(status, 64);
	assert_non_null(strstr(err, "option -d needs a value [usage]"));
	TRY("echo", "--json=yes");
	assert_int_equal(status, 64);
	assert_non_null(strstr(err, "takes no value"));
	TRY();
	ended(64, "", "strato-try: missing operand: WHAT [usage]\n"
	      "strato-try: hint: 'strato-try --help' lists the options\n");
}

static void texts_arrive_byte_for_byte(void **state)
{
	(void)state;
	TRY("echo", "-d", "", "-d", "-v", "--data=", "--data=a=b", "-d", "=x", "-");
	ended(0, "<->\ndata <>\ndata <-v>\ndata <>\ndata <a=b>\ndata <=x>\n", "");
	/* popt would put another argument in place of this */
	TRY("echo", "!#:+", "-d", "!#:+", "-da!#:+!#:+b", "--data=\x01!\x01#:+", "!", "!#");
	ended(0, "<!#:+>\n<!>\n<!#>\ndata <!#:+>\ndata <a!#:+!#:+b>\n"
	      "data <\x01!\x01#:+>\n", "");
}

static void numbers_are_read_as_the_contract_says(void **state)
{
	(void)state;
	TRY("values");
	ended(0, "7 8 10000000000 2 0 0\n", "");
	TRY("values", "-L", "010", "--ttl", "2m", "--wait=0", "-k", "red", "-0", "-J", "-fcdb");
	ended(0, "10 120000000000 0 0 4 3\n", "");
	TRY("values", "-L1", "-L", "2", "--limit=3");
	ended(0, "3 8 10000000000 2 0 0\n", "");
	TRY("values", "-L", "0x10");
	ended(64, "", "strato-try: --limit: \"0x10\": expected a number from 1 to 100 [usage]\n");
	TRY("values", "-L", "101");
	ended(64, "", "strato-try: --limit: \"101\": expected a number from 1 to 100 [usage]\n");
	TRY("values", "--ttl=5");
	assert_int_equal(status, 64);
	TRY("values", "-k", "gren");
	ended(64, "", "strato-try: --kind: \"gren\": expected red, green or blue [usage]\n"
	      "strato-try: hint: did you mean green?\n");
	TRY("values", "-f", "json");
	assert_int_equal(status, 64);
	assert_non_null(strstr(err, "tsv, text, cdb and jsonl"));
}

static void the_store_is_named_or_it_is_64_with_a_hint(void **state)
{
	(void)state;
	unsetenv("STRATO_STORE");
	unsetenv("STRATO_GRAPH");
	TRY("store");
	ended(64, "", "strato-try: no store given [usage]\n"
	      "strato-try: hint: say which with -s DIR, or set STRATO_STORE\n");
	TRY("store", "-s", "a", "--store=b");
	ended(0, "b default\n", "");
	setenv("STRATO_STORE", "e", 1);
	setenv("STRATO_GRAPH", "g", 1);
	TRY("store");
	ended(0, "e g\n", "");
	TRY("-s", "x", "store", "-g", "h");
	ended(0, "x h\n", "");
	TRY("store", "-s", "");
	assert_int_equal(status, 64);
	setenv("STRATO_STORE", "", 1);
	TRY("store");
	assert_int_equal(status, 64);
	unsetenv("STRATO_STORE");
	unsetenv("STRATO_GRAPH");
}

static void user_file_says(const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/strato", folder);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/strato/config", folder);
	if (!text) {
		unlink(path);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void settings_come_from_five_places_in_order(void **state)
{
	(void)state;
	setenv("XDG_CONFIG_HOME", folder, 1);
	user_file_says("io_depth = 5\nsync = none\nlog_size = 2M\ncompression = none\n"
		       "direct_io = off\n");
	setenv("STRATO_IO_DEPTH", "7", 1);
	setenv("STRATO_DIRECT_IO", "on", 1);
	TRY("settings", "io_depth = 6\nsync = commit\ndirect_io = auto\ncache_size = 1M\n",
	    "--io-depth=8", "-O", "cache_size=3M", "--no-sync");
	ended(0, "io_depth=8 (option)\ndirect_io=on (environment)\ncompression=none (user)\n"
	      "cache_size=3M (option)\nprefetch_distance=16 (built in)\nsync=none (option)\n"
	      "log_size=2M (user)\nreserve_size=16M (built in)\nnetwork_fs=refuse (built in)\n",
	      "");
	unsetenv("STRATO_DIRECT_IO");
	setenv("STRATO_IO_DEPTH", "0", 1);
	TRY("settings");
	ended(78, "", "strato-try: STRATO_IO_DEPTH: \"0\": expected a number from 1 to 4096 "
	      "[bad-setting]\n");
	unsetenv("STRATO_IO_DEPTH");
	user_file_says("io_depht = 5\n");
	TRY("settings");
	assert_int_equal(status, 78);
	assert_non_null(strstr(err, "/strato/config: line 1: "));
	user_file_says(NULL);
	TRY("settings", "io_depth = 0\n");
	assert_int_equal(status, 78);
	assert_non_null(strstr(err, "S/config: line 1: "));
}

static void a_bad_setting_on_the_command_line_is_refused_at_once(void **state)
{
	(void)state;
	TRY("echo", "-O", "io_dpeth=3");
	assert_int_equal(status, 78);
	assert_non_null(strstr(err, "\"io_depth\" [bad-setting]"));
	TRY("echo", "--io-depth=0");
	ended(64, "", "strato-try: --io-depth: \"0\": expected a number from 1 to 4096 "
	      "[usage]\n");
	TRY("echo", "--progress=sometimes");
	assert_int_equal(status, 64);
}

static void an_error_is_one_message_with_its_word_and_a_hint(void **state)
{
	(void)state;
	TRY("fail");
	ended(75, "", "strato-try: /data/kv: locked by process 4711 [store-locked]\n"
	      "strato-try: hint: wait for it\n");
	TRY("fail", "-J");
	ended(75, "", "{\"error\":\"store-locked\",\"status\":75,\"subject\":\"/data/kv\","
	      "\"message\":\"/data/kv: locked by process 4711\",\"hint\":\"wait for it\"}\n");
	TRY("--xyzzy", "-J");
	assert_memory_equal(err, "{\"error\":\"usage\",\"status\":64,", 29);
	TRY("absent");
	ended(1, "", "");
	TRY("absent", "-v");
	ended(1, "", "strato-try: no such key [absent]\n");
	TRY("hostile");
	ended(74, "", "strato-try: a\\x1B[2J\\x0Ab\\x7F\xc3\x80: read [io-error]\n");
	TRY("latin");
	ended(74, "", "strato-try: a\\xFF\\x9B\\xC3\\x80: read [io-error]\n");
}

static void a_repeated_problem_is_said_once_and_counted(void **state)
{
	(void)state;
	TRY("problems", "-q");
	ended(65, "", "strato-try: input line 0: bad [bad-record]\n"
	      "strato-try: and 1,233 more like it [bad-record]\n"
	      "strato-try: input line 1233: bad [bad-record]\n");
}

static void words_are_loud_or_quiet_as_asked(void **state)
{
	(void)state;
	TRY("words");
	ended(0, "", "strato-try: said\nstrato-try: warned\n");
	TRY("words", "-q");
	ended(0, "", "strato-try: warned\n");
	TRY("words", "-v");
	ended(0, "", "strato-try: noted\nstrato-try: said\nstrato-try: warned\n");
	TRY("words", "-vv", "-J");
	ended(0, "", "{\"note\":\"noted\"}\n{\"trace\":\"traced\"}\n{\"note\":\"said\"}\n"
	      "{\"warning\":\"warned\"}\n");
}

static void nobody_to_ask_is_64_unless_yes(void **state)
{
	(void)state;
	TRY("ask");
	ended(64, "", "strato-try: remove 17 keys?: nobody here to ask [usage]\n"
	      "strato-try: hint: add --yes\n");
	TRY("ask", "-y");
	ended(0, "", "");
}

static void a_caught_signal_is_raised_again_at_the_end(void **state)
{
	(void)state;
	TRY("stop");
	ended(1000 + SIGTERM, "", "strato-try: stopped by 15\n");
}

static void sigusr1_prints_a_line_of_progress_and_nothing_else_does(void **state)
{
	(void)state;
	TRY("usr1");
	assert_int_equal(status, 0);
	assert_memory_equal(err, "strato-try: 5 records, 500 B, ", 30);
	assert_non_null(strstr(err, ", 50%, "));
	assert_null(strstr(err, "read 5"));
	TRY("usr1", "--progress=always");
	assert_non_null(strstr(err, "strato-try: read 5\n"));
}

static void a_subcommand_has_its_own_options_and_help(void **state)
{
	(void)state;
	OUTER("one", "-l", "a", "--", "-b", "!#:+");
	ended(0, "long 1\n<a>\n<-b>\n<!#:+>\n", "");
	OUTER("one", "--help");
	assert_int_equal(status, 0);
	assert_memory_equal(out, "Usage: strato-outer one [OPTION]...", 35);
	OUTER("--help");
	assert_non_null(strstr(out, "\nCommands:\n  one  the first\n"));
	OUTER("-l", "one");
	assert_int_equal(status, 64);
	OUTER("tow");
	ended(64, "", "strato-outer: unknown command \"tow\" [usage]\n"
	      "strato-outer: hint: did you mean 'strato-outer two'?\n");
	OUTER("one", "--lnog");
	assert_memory_equal(err, "strato-outer one: unknown option --lnog", 39);
	run_to(run_outer, NULL, (const char *[]){ "strato-outer", NULL });
	assert_int_equal(status, 64);
}

static int begin_all(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int end_all(void **state)
{
	char path[200];

	(void)state;
	snprintf(path, sizeof path, "%s/strato", folder);
	rmdir(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_fits_60_lines_of_80_columns_and_names_every_option),
		cmocka_unit_test(version_is_a_line_and_a_line_of_features),
		cmocka_unit_test(a_full_stdout_is_74_for_help_version_and_work),
		cmocka_unit_test(an_unknown_option_is_64_in_two_lines_with_the_nearest),
		cmocka_unit_test(options_want_their_values_and_no_others),
		cmocka_unit_test(texts_arrive_byte_for_byte),
		cmocka_unit_test(numbers_are_read_as_the_contract_says),
		cmocka_unit_test(the_store_is_named_or_it_is_64_with_a_hint),
		cmocka_unit_test(settings_come_from_five_places_in_order),
		cmocka_unit_test(a_bad_setting_on_the_command_line_is_refused_at_once),
		cmocka_unit_test(an_error_is_one_message_with_its_word_and_a_hint),
		cmocka_unit_test(a_repeated_problem_is_said_once_and_counted),
		cmocka_unit_test(words_are_loud_or_quiet_as_asked),
		cmocka_unit_test(nobody_to_ask_is_64_unless_yes),
		cmocka_unit_test(a_caught_signal_is_raised_again_at_the_end),
		cmocka_unit_test(sigusr1_prints_a_line_of_progress_and_nothing_else_does),
		cmocka_unit_test(a_subcommand_has_its_own_options_and_help),
	};

	return cmocka_run_group_tests_name("cli", tests, begin_all, end_all);
}
