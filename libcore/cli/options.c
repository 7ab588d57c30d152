/* cli/options.c - the options that tools share, each said once */
#include "cli/cli.h"

#define SETTING(name, which, help, word) \
	CLI_TEXT(name, 0, CLI_VAL_SETTING + which, help, word)

const struct poptOption cli_options_common[] = {
	CLI_TEXT("set", 'O', CLI_VAL_SET, "override a setting for this run", "NAME=VALUE"),
	{ "json", 'J', POPT_ARG_NONE, NULL, CLI_VAL_JSON,
	  "output and messages as JSON Lines", NULL },
	{ "quiet", 'q', POPT_ARG_NONE, NULL, CLI_VAL_QUIET,
	  "no notes, no progress; errors remain", NULL },
	{ "verbose", 'v', POPT_ARG_NONE, NULL, CLI_VAL_VERBOSE,
	  "explain decisions; twice for a trace", NULL },
	CLI_TEXT("progress", 0, CLI_VAL_PROGRESS, "auto, always or never", "WHEN"),
	CLI_TEXT("color", 0, CLI_VAL_COLOR, "auto, always or never", "WHEN"),
	{ "help", 'h', POPT_ARG_NONE, NULL, CLI_VAL_HELP, "this text", NULL },
	{ "version", 'V', POPT_ARG_NONE, NULL, CLI_VAL_VERSION,
	  "version and build features", NULL },
	POPT_TABLEEND
};

const struct poptOption cli_options_store[] = {
	CLI_TEXT("store", 's', CLI_VAL_STORE, "the store; else $STRATO_STORE", "DIR"),
	CLI_TEXT("wait", 0, CLI_VAL_WAIT, "how long to wait for the lock (10)", "SECS"),
	SETTING("io-depth", SETTING_IO_DEPTH, "reads and writes in flight, 1..4096 (64)", "N"),
	SETTING("direct-io", SETTING_DIRECT_IO, "auto, on or off (auto)", "WHEN"),
	SETTING("cache-size", SETTING_CACHE_SIZE, "memory for aligned buffers (32M)", "SIZE"),
	SETTING("prefetch-distance", SETTING_PREFETCH_DISTANCE,
		"blocks read ahead, 0..1024 (16)", "N"),
	SETTING("memory-limit", SETTING_MEMORY_LIMIT,
		"memory to draw (half of what there is)", "SIZE"),
	POPT_TABLEEND
};

const struct poptOption cli_options_write[] = {
	SETTING("compression", SETTING_COMPRESSION, "none or lz4 (lz4)", "HOW"),
	{ "no-sync", 0, POPT_ARG_NONE, NULL, CLI_VAL_NO_SYNC,
	  "commits may be lost in a power cut", NULL },
	POPT_TABLEEND
};
