/* strato-gpucache stat - what the cache service of a store holds and did */
#include <stdio.h>

#include "base/err.h"
#include "cmd/gpucache/gpucache.h"

static const struct cli_tool tool = {
	.name = "strato-gpucache stat",
	.does = "what the cache service holds, and what it did",
	.usage = "[OPTION]...",
	.examples = "strato-gpucache stat -s /data/kv\n"
		    "strato-gpucache stat -s /data/kv -J | jq .hits",
};

struct shown {
	struct wire_stat s;
	char type[32], name[128], why[192];
};

static int get(struct asker *a, struct shown *w)
{
	struct gpu_answer answer;
	struct bytes in;
	int r = gpu_client_ask(a->client, WIRE_STAT, bytes_of(NULL, 0), &answer);

	if (r < 0)
		return r;
	in = bytes_of(answer.ptr, (size_t)answer.len);
	r = wire_take(&in, &w->s, sizeof w->s);
	if (r == 0)
		r = wire_text_get(&in, w->type, sizeof w->type);
	if (r == 0)
		r = wire_text_get(&in, w->name, sizeof w->name);
	if (r == 0)
		r = wire_text_get(&in, w->why, sizeof w->why);
	gpu_answer_free(&answer);
	return r;
}

static const struct {
	const char *name;
	size_t at;
} numbers[] = {
#define NUMBER(name, field) { name, offsetof(struct wire_stat, field) }
	NUMBER("process", pid),
	NUMBER("size_bytes", size), NUMBER("resident_bytes", bytes),
	NUMBER("pinned_bytes", pinned_bytes),
	NUMBER("resident", n), NUMBER("pinned", pinned_n),
	NUMBER("hits", hit_n), NUMBER("misses", miss_n), NUMBER("loads", load_n),
	NUMBER("evictions", evict_n), NUMBER("refused", refuse_n), NUMBER("dropped", drop_n),
	NUMBER("upload_bytes", upload_bytes), NUMBER("read_bytes", read_bytes),
	NUMBER("unpacked", unpack_n),
	NUMBER("clients", client_n), NUMBER("requests", ask_n),
	NUMBER("denied", denied_n), NUMBER("malformed", bad_n), NUMBER("restarts", restart_n),
#undef NUMBER
};

static uint64_t number(const struct shown *w, size_t i)
{
	le64 v;

	memcpy(&v, (const uint8_t *)&w->s + numbers[i].at, sizeof v);
	return le64_get(v);
}

static int show_json(const struct shown *w)
{
	struct json j;
	int r;

	json_init(&j, NULL);
	json_object(&j, NULL);
	json_text(&j, "device", w->type);
	json_text(&j, "device_name", w->name);
	json_text(&j, "why", w->why);
	json_version(&j, "generation", le64_get(w->s.generation));
	json_version(&j, "version", le64_get(w->s.applied));
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		json_u64(&j, numbers[i].name, number(w, i));
	json_object_end(&j);
	r = json_line(&j, output_stdout());
	json_release(&j);
	return r;
}

static int row(struct output *o, const char *name, const char *value)
{
	output_text(o, "name", name);
	output_text(o, "value", value);
	return output_row(o);
}

static int row_number(struct output *o, const char *name, uint64_t value)
{
	output_text(o, "name", name);
	output_u64(o, "value", value);
	return output_row(o);
}

static int show_rows(struct cli *c, const struct shown *w)
{
	struct output *o;
	int r = output_open(&o, cli_style(c, true), output_stdout(), NULL);

	if (r < 0)
		return r;
	row(o, "device", w->type);
	row(o, "device_name", w->name);
	row(o, "why", w->why);
	row_number(o, "generation", le64_get(w->s.generation));
	r = row_number(o, "version", le64_get(w->s.applied));
	for (size_t i = 0; r == 0 && i < sizeof numbers / sizeof numbers[0]; i++)
		r = row_number(o, numbers[i].name, number(w, i));
	if (r == 0)
		r = output_end(o);
	output_close(o);
	return r;
}

int gpucache_stat(int argc, const char **argv)
{
	const struct poptOption table[] = { CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND };
	struct asker a = { 0 };
	struct shown w;
	struct cli cli;
	int r;

	cli_begin(&cli, &tool, argc, argv, table);
	cli_no_more(&cli);
	r = asker_open(&a, &cli, true);
	if (r == 0)
		r = get(&a, &w);
	if (r == 0)
		r = cli.json ? show_json(&w) : show_rows(&cli, &w);
	asker_close(&a);
	return cli_end(&cli, r);
}
