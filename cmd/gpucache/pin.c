/* strato-gpucache pin, evict, warm - what is on the device, said from outside */
#include <stdio.h>

#include "base/err.h"
#include "cmd/gpucache/graph_ask.h"
#include "cmd/gpucache/keys.h"

static const struct cli_tool pin_tool = {
	.name = "strato-gpucache pin",
	.does = "put values into device memory, to stay",
	.usage = "[OPTION]... KEY...\n"
		 "[OPTION]... -b\n"
		 "[OPTION]... -p PREFIX\n"
		 "[OPTION]... --graph=NAME",
	.examples = "strato-gpucache pin -s /data/kv user/1 user/2\n"
		    "strato-gpucache pin -s /data/kv -p model/",
};

static const struct cli_tool evict_tool = {
	.name = "strato-gpucache evict",
	.does = "let values go from device memory",
	.usage = "[OPTION]... KEY...\n"
		 "[OPTION]... -b\n"
		 "[OPTION]... -p PREFIX\n"
		 "[OPTION]... --graph=NAME",
	.examples = "strato-gpucache evict -s /data/kv user/1\n"
		    "strato-gpucache evict -s /data/kv -p model/ --unpin",
};

static const struct cli_tool warm_tool = {
	.name = "strato-gpucache warm",
	.does = "load values ahead of need, as far as there is room",
	.usage = "[OPTION]... KEY...\n"
		 "[OPTION]... -b\n"
		 "[OPTION]... -p PREFIX",
	.examples = "strato-gpucache warm -s /data/kv user/1 user/2\n"
		    "strato-ls -s /data/kv hot/ | strato-gpucache warm -s /data/kv -b",
};

/* What was refused is worse than what is not there. */
static int verdict(struct cli *c, const struct keys_done *d, const char *did)
{
	char first[sizeof d->why.message];

	cli_note(c, "%s %s, %s", output_count(d->n), did, output_size(d->bytes));
	if (d->refused_n) {
		snprintf(first, sizeof first, "%s", d->why.message);
		if (d->refused_n > 1)
			err_set(d->why.code, "%.900s; so are %s others", first,
				output_count(d->refused_n - 1));
		else
			err_set(d->why.code, "%s", first);
		err_hint("'strato-gpucache stat' shows what there is; 'evict' makes room, a "
			 "larger --size of 'serve' has more");
		return d->why.code;
	}
	if (d->absent_n)
		return err_set(ERR_ABSENT, "%s keys are not there", output_count(d->absent_n));
	return 0;
}

static void which(struct cli *c)
{
	const char *prefix = cli_text(c, CLI_VAL_PREFIX);
	bool batch = cli_given(c, CLI_VAL_BATCH);

	if (prefix && (batch || cli_operand_peek(c)))
		cli_usage(c, "--prefix goes alone");
	if (prefix && !prefix[0])
		cli_usage(c, "--prefix is empty, which is every key");
	if (!prefix && !batch && !cli_operand_peek(c))
		cli_operand(c, "KEY");		/* ends */
}

static int pin_keys(struct asker *a)
{
	struct keys_done d;
	int r = keys_do(a, WIRE_PIN, 0, &d);

	return r == 0 ? verdict(a->cli, &d, "pinned") : r;
}

int gpucache_pin(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_OPTION_BATCH, CLI_OPTION_FORMAT, CLI_OPTION_NULL, CLI_OPTION_PREFIX,
		OPTION_PIN_GRAPH,
		CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND
	};
	struct asker a = { 0 };
	struct cli cli;
	bool graph;
	int r;

	cli_begin(&cli, &pin_tool, argc, argv, table);
	graph = graph_ask_wanted(&cli);
	if (!graph)
		which(&cli);
	r = asker_open(&a, &cli, true);
	if (r == 0 && graph)
		r = graph_ask(&a, WIRE_GRAPH_PIN);
	else if (r == 0)
		r = pin_keys(&a);
	asker_close(&a);
	return cli_end(&cli, r);
}

static int evict_keys(struct asker *a, bool unpin)
{
	struct keys_done d;
	int r = keys_do(a, WIRE_EVICT, unpin ? WIRE_UNPIN : 0, &d);

	d.absent_n = 0;			/* gone is gone */
	return r == 0 ? verdict(a->cli, &d, unpin ? "unpinned" : "evicted") : r;
}

int gpucache_evict(int argc, const char **argv)
{
	int unpin = 0;
	const struct poptOption table[] = {
		CLI_OPTION_BATCH, CLI_OPTION_FORMAT, CLI_OPTION_NULL, CLI_OPTION_PREFIX,
		OPTION_EVICT_GRAPH,
		CLI_FLAG("unpin", 0, &unpin, "only the pin goes, what is there may stay"),
		CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND
	};
	struct asker a = { 0 };
	struct cli cli;
	bool graph;
	int r;

	cli_begin(&cli, &evict_tool, argc, argv, table);
	graph = graph_ask_wanted(&cli);
	if (!graph)
		which(&cli);
	else if (unpin)
		cli_usage(&cli, "--unpin and --graph exclude each other");
	r = asker_open(&a, &cli, true);
	if (r == 0 && graph)
		r = graph_ask(&a, WIRE_GRAPH_EVICT);
	else if (r == 0)
		r = evict_keys(&a, unpin);
	asker_close(&a);
	return cli_end(&cli, r);
}

/* No room is no error: what is left is what was asked for. */
int gpucache_warm(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_OPTION_BATCH, CLI_OPTION_FORMAT, CLI_OPTION_NULL, CLI_OPTION_PREFIX,
		CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND
	};
	struct asker a = { 0 };
	struct keys_done d;
	struct cli cli;
	int r;

	cli_begin(&cli, &warm_tool, argc, argv, table);
	which(&cli);
	r = asker_open(&a, &cli, true);
	if (r == 0)
		r = keys_do(&a, WIRE_WARM, 0, &d);
	if (r == 0) {
		if (d.refused_n)
			cli_note(&cli, "%s not loaded: %s", output_count(d.refused_n),
				 d.why.message);
		d.refused_n = 0;
		r = verdict(&cli, &d, "resident");
	}
	asker_close(&a);
	return cli_end(&cli, r);
}
