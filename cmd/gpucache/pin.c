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

/* --- the three, which differ in a word and a request --- */

struct verb {
	const struct cli_tool *tool;
	enum wire_type type;
	enum wire_graph_verb graph;
	const char *did;
};

static int values(struct asker *a, const struct verb *v, bool unpin)
{
	struct keys_done d;
	int r = keys_do(a, v->type, unpin ? WIRE_UNPIN : 0, &d);

	if (r < 0)
		return r;
	if (v->type == WIRE_EVICT)
		d.absent_n = 0;		/* gone is gone */
	if (v->type == WIRE_WARM && d.refused_n) {
		cli_note(a->cli, "%s not loaded: %s", output_count(d.refused_n), d.why.message);
		d.refused_n = 0;	/* no room is no error: what is left is asked for */
	}
	return verdict(a->cli, &d, unpin ? "unpinned" : v->did);
}

/* UNPIN is evict's option, or NULL. */
static int change(int argc, const char **argv, const struct poptOption *table,
		  const struct verb *v, const int *unpin)
{
	struct asker a = { 0 };
	struct cli cli;
	bool graph;
	int r;

	cli_begin(&cli, v->tool, argc, argv, table);
	graph = graph_ask_wanted(&cli);
	if (!graph)
		which(&cli);
	else if (unpin && *unpin)
		cli_usage(&cli, "--unpin and --graph exclude each other");
	r = asker_open(&a, &cli, true);
	if (r == 0) {
		asker_watch(&a);
		r = graph ? graph_ask(&a, v->graph) : values(&a, v, unpin && *unpin);
		asker_watched(&a);
	}
	asker_close(&a);
	return cli_end(&cli, r);
}

#define OPTIONS_KEYS CLI_OPTION_BATCH, CLI_OPTION_FORMAT, CLI_OPTION_NULL, CLI_OPTION_PREFIX

int gpucache_pin(int argc, const char **argv)
{
	static const struct verb verb = { &pin_tool, WIRE_PIN, WIRE_GRAPH_PIN, "pinned" };
	const struct poptOption table[] = {
		OPTIONS_KEYS, OPTION_PIN_GRAPH, CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND
	};

	return change(argc, argv, table, &verb, NULL);
}

int gpucache_evict(int argc, const char **argv)
{
	static const struct verb verb = { &evict_tool, WIRE_EVICT, WIRE_GRAPH_EVICT,
					  "evicted" };
	int unpin = 0;
	const struct poptOption table[] = {
		OPTIONS_KEYS, OPTION_EVICT_GRAPH,
		CLI_FLAG("unpin", 0, &unpin, "only the pin goes, what is there may stay"),
		CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND
	};

	return change(argc, argv, table, &verb, &unpin);
}

/* Of values only. */
int gpucache_warm(int argc, const char **argv)
{
	static const struct verb verb = { .tool = &warm_tool, .type = WIRE_WARM,
					  .did = "resident" };
	const struct poptOption table[] = {
		OPTIONS_KEYS, CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND
	};

	return change(argc, argv, table, &verb, NULL);
}
