/* strato-gpucache - hot bytes on an OpenCL device
 *
 * The one command that links OpenCL.  A subcommand is a function of its own name.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cmd/gpucache/gpucache.h"
#include "gpu/device.h"
#include "io/stream.h"

enum { OPT_REQUIRE = 1 };

static const struct cli_tool tool = {
	.name = "strato-gpucache",
	.does = "keep hot bytes on an OpenCL device",
	.usage = "COMMAND [OPTION]...",
	.examples = "strato-gpucache devices\n"
		    "strato-gpucache stat -s /data/kv",
	.more = "Commands:\n"
		"  devices   the devices there are, and which one is used\n"
		"  serve     the cache service of a store, until it is stopped\n"
		"  pin       put values into device memory, to stay\n"
		"  evict     let them go\n"
		"  warm      load values ahead of need, as far as there is room\n"
		"  get       values out of device memory, or else out of the store\n"
		"  ptr       device pointers of resident keys\n"
		"  run       one's own OpenCL kernel over what is there\n"
		"  stat      what it holds, and what it did\n"
		"  bench     how fast it answers; --calibrate: from where on a device pays\n"
		"  stop      end it",
};

static const struct cli_tool devices_tool = {
	.name = "strato-gpucache devices",
	.does = "the devices there are, and which one is used",
	.usage = "[OPTION]...",
	.examples = "strato-gpucache devices\n"
		    "strato-gpucache devices -J | jq 'select(.used)'",
};

static int show_device(struct output *o, const struct device *d, unsigned i)
{
	char number[16] = "host";

	if (d->type != DEVICE_HOST)
		snprintf(number, sizeof number, "%u", i);
	output_text(o, "device", number);
	output_text(o, "type", device_type_name(d->type));
	output_u64(o, "memory_bytes", d->memory);
	output_bool(o, "used", d->used);
	output_text(o, "platform", d->platform[0] ? d->platform : "-");
	output_text(o, "name", d->name);
	output_text(o, "why", d->why);
	return output_row(o);
}

static int show_devices(struct cli *c, const struct device_list *l)
{
	struct output *o;
	int r = output_open(&o, cli_style(c, true), output_stdout(), NULL);

	if (r < 0)
		return r;
	for (unsigned i = 0; r == 0 && i < l->n; i++)
		r = show_device(o, &l->device[i], i);
	if (r == 0)
		r = output_end(o);
	output_close(o);
	return r;
}

static int devices(int argc, const char **argv)
{
	static const char *const wants[] = { "any", "gpu", NULL };
	const struct poptOption table[] = {
		CLI_TEXT("require", 0, OPT_REQUIRE, "gpu: status 69 unless one is used", "WHAT"),
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct device_list list;
	struct cli cli;
	bool want_gpu;
	int r;

	cli_begin(&cli, &devices_tool, argc, argv, table);
	want_gpu = cli_choice(&cli, OPT_REQUIRE, wants, 0) == 1;
	cli_no_more(&cli);
	r = device_list(&list);
	if (r == 0)
		r = show_devices(&cli, &list);
	if (r == 0 && want_gpu && device_used(&list)->type != DEVICE_GPU) {
		r = err_set(ERR_UNAVAILABLE, "no GPU: %s", device_used(&list)->why);
		err_hint("the last column says of each device why it is not used");
	}
	return cli_end(&cli, r);
}

static const struct {
	const char *name;
	int (*run)(int argc, const char **argv);
} commands[] = {
	{ "devices", devices },
	{ "serve", gpucache_serve },
	{ "pin", gpucache_pin },
	{ "evict", gpucache_evict },
	{ "warm", gpucache_warm },
	{ "get", gpucache_get },
	{ "ptr", gpucache_ptr },
	{ "run", gpucache_run },
	{ "bench", gpucache_bench },
	{ "stat", gpucache_stat },
	{ "stop", gpucache_stop },
};

int main(int argc, const char **argv)
{
	static const char *const names[] = {
		"devices", "serve", "pin", "evict", "warm", "get", "ptr", "run", "stat",
		"bench", "stop", NULL
	};
	const struct poptOption table[] = { CLI_OPTIONS, POPT_TABLEEND };
	const char *name, **sub_argv;
	struct cli cli;
	int sub_argc;

	stream_guard_std();
	cli_begin_outer(&cli, &tool, argc, argv, table);
	name = cli_subcommand(&cli, names, &sub_argc, &sub_argv);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (!strcmp(name, commands[i].name))
			return cli_pass(&cli, commands[i].run(sub_argc, sub_argv));
	return cli_end(&cli, ERR_BUG);		/* NAMES has others than COMMANDS */
}
