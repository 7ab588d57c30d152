/* strato-gpucache get - values out of device memory
 *
 * The store decides what a key's value is: its entry, in one snapshot for the whole
 * run, has a version, a length and a checksum, and bytes of the service count only if
 * all three are theirs.  So what comes out is what strato-get would say, with a service
 * or without one, and whatever the device did to its memory.
 */
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "base/mem.h"
#include "cmd/common/open.h"
#include "cmd/gpucache/keys.h"

#define READ (256u << 10)

static const struct cli_tool tool = {
	.name = "strato-gpucache get",
	.does = "values out of device memory, or else out of the store",
	.usage = "[OPTION]... KEY\n"
		 "[OPTION]... -b [KEY]...",
	.examples = "strato-gpucache get -s /data/kv user/1\n"
		    "strato-gpucache get -s /data/kv -b -f cdb <keys >values.cdb",
};

/* What the service says of a key. */
struct said {
	uint32_t state;
	uint64_t version, len;
	const uint8_t *ptr;
};

struct get {
	struct asker a;
	struct snapshot *snap;
	struct out *out;
	struct record_writer *writer;	/* NULL: raw */
	struct said *said;		/* KEYS_MOST */
	struct buf body;
	uint8_t *buf;
	int force, ignore_missing;
	uint64_t missing_n, device_n, store_n;
};

static int to_out(void *ctx, const void *ptr, size_t len)
{
	return out_write(((struct get *)ctx)->out, ptr, len);
}

/* --- one value --- */

static int begin(struct get *g, struct bytes key, uint64_t len)
{
	return g->writer ? record_value_begin(g->writer, key, len) : 0;
}

static int feed(struct get *g, const uint8_t *ptr, size_t len)
{
	if (g->writer)
		return record_value_feed(g->writer, ptr, len);
	if (g->force || !out_is_terminal(g->out) || !output_has_control(bytes_of(ptr, len)))
		return out_write(g->out, ptr, len);
	err_set(ERR_USAGE, "the value holds control bytes and standard output is a terminal");
	err_hint("redirect it, use -o FILE, or --force");
	return ERR_USAGE;
}

static int end(struct get *g)
{
	return g->writer ? record_value_end(g->writer) : 0;
}

static int from_device(struct get *g, struct bytes key, const struct said *said)
{
	uint64_t off = 0;
	int r = begin(g, key, said->len);

	while (r == 0 && off < said->len) {
		size_t n = said->len - off < READ ? (size_t)(said->len - off) : READ;

		r = feed(g, said->ptr + off, n);
		off += n;
	}
	g->device_n++;
	return r < 0 ? r : end(g);
}

static int from_store(struct get *g, struct bytes key, const struct entry *e)
{
	struct value *v = NULL;
	uint64_t off = 0;
	int r = value_open(&v, g->a.store, e);

	if (r == 0) {
		value_expect(v, 0, e->size);
		r = begin(g, key, e->size);
	}
	while (r == 0 && off < e->size) {
		long n = value_read(v, off, g->buf, READ);

		r = n > 0 ? feed(g, g->buf, (size_t)n) : n < 0 ? (int)n :
			err_set(ERR_DAMAGED, "a value ends at byte %llu",
				(unsigned long long)off);
		off += n > 0 ? (uint64_t)n : 0;
	}
	value_close(v);
	g->store_n++;
	return r < 0 ? r : end(g);
}

/* Exactly this version's bytes? */
static bool is_of(const struct said *said, const struct entry *e)
{
	return said && said->state == WIRE_VALUE && said->version == e->version &&
	       said->len == e->size && crc32c(0, said->ptr, said->len) == e->crc;
}

static int absent(struct get *g, struct bytes key)
{
	if (g->ignore_missing)
		return 0;
	g->missing_n++;
	return g->writer ? record_absent(g->writer, key) : 0;
}

static int deliver(struct get *g, struct bytes key, const struct said *said)
{
	struct entry e;
	int r = snapshot_get(g->snap, 0, key, &e);

	if (r <= 0)
		return r < 0 ? r : absent(g, key);
	return is_of(said, &e) ? from_device(g, key, said) : from_store(g, key, &e);
}

/* --- asking --- */

/* From here on the store alone answers. */
static void give_up(struct get *g)
{
	cli_say(g->a.cli, "the values come from the store: %s", err_message());
	gpu_client_close(g->a.client);
	g->a.client = NULL;
}

static int understand(struct get *g, struct bytes in, unsigned n)
{
	struct wire_value w;
	struct said *s;
	int r = 0;

	while (r == 0 && in.len) {
		r = wire_take(&in, &w, sizeof w);
		if (r < 0 || le32_get(w.nth) >= n)
			return err_set(ERR_UNAVAILABLE, "the cache service speaks nonsense");
		s = &g->said[le32_get(w.nth)];
		*s = (struct said){ le32_get(w.state), le64_get(w.version), le64_get(w.len),
				    in.ptr };
		if (s->state != WIRE_VALUE)
			continue;
		if (s->len > in.len)
			return err_set(ERR_UNAVAILABLE, "the cache service speaks nonsense");
		in.ptr += s->len;
		in.len -= (size_t)s->len;
	}
	return r;
}

/* Whatever goes wrong with the service, the store has the answer. */
static void ask_service(struct get *g, struct bytes keys, unsigned n,
			struct gpu_answer *answer)
{
	const struct wire_which w = { .flags = le32_of(0) };
	int r;

	for (unsigned i = 0; i < n; i++)
		g->said[i].state = WIRE_VALUE_ELSEWHERE;
	if (!g->a.client)
		return;
	buf_clear(&g->body);
	r = buf_add(&g->body, &w, sizeof w);
	if (r == 0)
		r = buf_add(&g->body, keys.ptr, keys.len);
	if (r == 0)
		r = gpu_client_ask(g->a.client, WIRE_READ, buf_bytes(&g->body), answer);
	if (r == 0)
		r = understand(g, bytes_of(answer->ptr, (size_t)answer->len), n);
	if (r < 0) {
		for (unsigned i = 0; i < n; i++)
			g->said[i].state = WIRE_VALUE_ELSEWHERE;
		give_up(g);
	}
}

static int ask(void *ctx, struct bytes keys, unsigned n)
{
	struct gpu_answer answer = { 0 };
	struct get *g = ctx;
	struct bytes key;
	int r = 0;

	ask_service(g, keys, n, &answer);
	for (unsigned i = 0; r == 0 && wire_key_get(&keys, &key) == 1; i++)
		r = deliver(g, key, &g->said[i]);
	gpu_answer_free(&answer);
	return r;
}

static int flush(void *ctx)
{
	return out_flush(((struct get *)ctx)->out);
}

/* --- the command --- */

static int get_one(struct get *g, const char *key)
{
	struct keys k = { .cli = g->a.cli, .ask = ask, .ctx = g };
	int r = keys_add(&k, bytes_str(key));

	if (r == 0)
		r = keys_end(&k);
	buf_release(&k.body);
	if (r == 0 && g->missing_n)
		r = err_set(ERR_ABSENT, "\"%s\": no such key", bytes_show(bytes_str(key)));
	return r;
}

static int get_many(struct get *g)
{
	struct keys k = { .cli = g->a.cli, .ask = ask, .pause = flush, .ctx = g };
	int r = keys_all(&k, true);

	if (r == 0)
		r = record_end(g->writer);
	if (r == 0 && g->missing_n)
		r = err_set(ERR_ABSENT, "%llu keys are not there",
			    (unsigned long long)g->missing_n);
	return r;
}

static int prepare(struct get *g, const char *key, const char *output)
{
	struct cli *c = g->a.cli;
	int r = asker_open(&g->a, c, false);

	if (r == 0 && !g->a.client)
		give_up(g);
	if (r == 0)
		r = store_snapshot(g->a.store, &g->snap);
	if (r < 0)
		return r;
	snapshot_settle(g->snap);
	g->buf = mem_alloc(NULL, READ);
	g->said = mem_alloc(NULL, KEYS_MOST * sizeof *g->said);
	r = g->buf && g->said ? out_open(&g->out, output, NULL) : ERR_MEMORY;
	if (r == 0 && g->force)
		out_as_it_is(g->out);
	if (r == 0 && (!key || c->json))
		r = record_writer_open(&g->writer, key ? RECORD_JSONL :
				       cli_format_out(c, RECORD_PAIRS), RECORD_PAIRS,
				       (struct sink){ to_out, g }, NULL);
	return r;
}

/* A missing key is an answer: what was found is kept. */
static int finish(struct get *g, int r)
{
	struct err_note note;
	int done;

	if (!g->out)
		return r;
	if (r < 0 && !(r == ERR_ABSENT && g->writer)) {
		out_abort(g->out);
		return r;
	}
	err_take(&note, r);
	done = out_commit(g->out);
	return done < 0 ? done : r < 0 ? err_give(&note) : 0;
}

static int get(struct get *g, const char *key, const char *output)
{
	int r = prepare(g, key, output);

	if (r == 0)
		r = key ? get_one(g, key) : get_many(g);
	cli_note(g->a.cli, "%llu values from the device, %llu from the store",
		 (unsigned long long)g->device_n, (unsigned long long)g->store_n);
	record_writer_close(g->writer);
	r = finish(g, r);
	buf_release(&g->body);
	mem_free(NULL, g->buf);
	mem_free(NULL, g->said);
	snapshot_close(g->snap);
	asker_close(&g->a);
	return r;
}

int gpucache_get(int argc, const char **argv)
{
	struct get g = { .force = 0 };
	const struct poptOption table[] = {
		CLI_OPTION_BATCH, CLI_OPTION_FORMAT, CLI_OPTION_NULL,
		CLI_FLAG("ignore-missing", 0, &g.ignore_missing,
			 "leave missing keys out, and out of the status"),
		CLI_FLAG("force", 0, &g.force, "control bytes to a terminal too"),
		CLI_OPTION_OUTPUT, CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND
	};
	const char *key = NULL;
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	g.a.cli = &cli;
	if (!cli_given(&cli, CLI_VAL_BATCH)) {
		if (g.ignore_missing)
			cli_usage(&cli, "--ignore-missing goes with --batch");
		key = cli_operand(&cli, "KEY");
		cli_no_more(&cli);
	}
	return cli_end(&cli, get(&g, key, cli_text(&cli, CLI_VAL_OUTPUT)));
}
