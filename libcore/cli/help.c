/* cli/help.c - --help and --version
 *
 * popt can print help, but exits with status 0 when that fails, asks the
 * terminal for its width, and knows no examples.
 */
#include "cli/help.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/cli.h"

#define WIDTH 79
#define COLUMN 27		/* where descriptions begin */

static bool is_include(const struct poptOption *o)
{
	return (o->argInfo & POPT_ARG_MASK) == POPT_ARG_INCLUDE_TABLE;
}

static bool is_end(const struct poptOption *o)
{
	return !o->longName && !o->shortName && !o->arg;
}

const char *help_program(const struct cli_tool *tool)
{
	static _Thread_local char text[64];
	size_t n = strcspn(tool->name, " ");

	snprintf(text, sizeof text, "%.*s", (int)n, tool->name);
	return text;
}

const struct poptOption *help_option(const struct poptOption *table, int val,
				     char letter)
{
	const struct poptOption *found = NULL;

	for (; !found && !is_end(table); table++) {
		if (is_include(table))
			found = help_option(table->arg, val, letter);
		else if ((val && table->val == val) ||
			 (letter && table->shortName == letter))
			found = table;
	}
	return found;
}

static void offer(struct nearest *n, const struct poptOption *table)
{
	for (; !is_end(table); table++) {
		if (is_include(table))
			offer(n, table->arg);
		else if (table->longName)
			nearest_offer(n, table->longName);
	}
}

const char *help_nearest(const struct poptOption *table, const char *word, size_t len)
{
	struct nearest n;

	nearest_init(&n, bytes_of(word, len));
	offer(&n, table);
	return nearest_word(&n);
}

/* Words of TEXT from column AT on, each further line at COLUMN. */
static void wrap(const char *text, size_t at)
{
	size_t n;
	bool first = true;

	while (*text) {
		n = strcspn(text, " ");
		if (!first && at + 1 + n > WIDTH) {
			printf("\n%*s", COLUMN, "");
			at = COLUMN;
			first = true;
		}
		printf("%s%.*s", first ? "" : " ", (int)n, text);
		at += n + !first;
		first = false;
		text += n;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_option(const struct poptOption *o)
{
	char name[80], letter[8] = "    ";

	if (o->shortName)
		snprintf(letter, sizeof letter, "-%c%s", o->shortName,
			 o->longName ? ", " : "  ");
	snprintf(name, sizeof name, "  %s%s%s%s%s", letter,
		 o->longName ? "--" : "", o->longName ? o->longName : "",
		 o->argDescrip ? o->longName ? "=" : "" : "",
		 o->argDescrip ? o->argDescrip : "");
	printf("%-*s", COLUMN, name);
	if (strlen(name) + 1 > COLUMN)
		printf("\n%*s", COLUMN, "");
	wrap(o->descrip ? o->descrip : "", COLUMN);
}

static void print_options(const struct poptOption *table)
{
	for (; !is_end(table); table++) {
		if (is_include(table))
			print_options(table->arg);
		else
			print_option(table);
	}
}

/* Each line of TEXT after PREFIX; the first after FIRST. */
static void print_lines(const char *text, const char *first, const char *prefix)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		printf("%s%.*s\n", first, (int)n, text);
		first = prefix;
		text += n + (text[n] == '\n');
	}
}

void help_print(const struct cli_tool *tool, const struct poptOption *table)
{
	char first[96], next[96];

	snprintf(first, sizeof first, "Usage: %s ", tool->name);
	snprintf(next, sizeof next, "       %s ", tool->name);
	print_lines(tool->usage, first, next);
	printf("%s: %s\n", tool->name, tool->does);
	printf("\nExamples:\n");
	print_lines(tool->examples, "  ", "  ");
	if (tool->more) {
		putchar('\n');
		print_lines(tool->more, "", "");
	}
	printf("\nOptions:\n");
	print_options(table);
}

void help_version(const struct cli_tool *tool)
{
	printf("%s (strato) %s\n", help_program(tool), PACKAGE_VERSION);
	printf("features: lz4 gzip"
#ifdef HAVE_LIBAIO
	       " libaio"
#endif
#ifdef HAVE_SERD
	       " serd"
#endif
#ifdef HAVE_EXPAT
	       " expat"
#endif
#ifdef HAVE_OPENCL
	       " opencl"
#endif
#ifdef STRATO_SANITIZED
	       " sanitizers"
#endif
	       "\n");
}
