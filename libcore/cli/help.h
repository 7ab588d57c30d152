/* cli/help.h - what --help and --version print, and words about options */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <popt.h>
#include <stddef.h>

struct cli_tool;

/* To stdio's stdout, 80 columns; cli_end checks that it arrived. */
void help_print(const struct cli_tool *tool, const struct poptOption *table);
void help_version(const struct cli_tool *tool);

/* The program: "strato-graph" of "strato-graph import".  A rotating buffer. */
const char *help_program(const struct cli_tool *tool);

/* The option of this val or letter, in the table and what it includes; or NULL. */
const struct poptOption *help_option(const struct poptOption *table, int val,
				     char letter);
/* The long name nearest to WORD, without dashes; NULL when none is near. */
const char *help_nearest(const struct poptOption *table, const char *word, size_t len);

#endif
