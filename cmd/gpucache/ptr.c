/* strato-gpucache ptr - device pointers of resident keys
 *
 * A line for each key, in the order asked: its token, or \N for what is not resident,
 * and then the status is 1.
 */
#include "base/err.h"
#include "cmd/gpucache/keys.h"
#include "gpu/token.h"

static const struct cli_tool tool = {
	.name = "strato-gpucache ptr",
	.does = "device pointers of resident keys",
	.usage = "[OPTION]... KEY...\n"
		 "[OPTION]... -b",
	.examples = "strato-gpucache ptr -s /data/kv user/1\n"
		    "strato-gpucache ptr -s /data/kv -b <keys",
};

struct ptr {
	struct asker a;
	struct output *out;
	uint64_t absent_n;
};

static int show(struct ptr *p, struct bytes key, const struct gpu_token *t)
{
	char text[TOKEN_TEXT_MAX];

	if (p->a.cli->json)
		output_bytes(p->out, "key", key);
	if (t->stamp) {
		token_print(text, store_id(p->a.store), t);
		output_text(p->out, "token", text);
	} else {
		output_absent(p->out, "token");
		p->absent_n++;
	}
	return output_row(p->out);
}

static int ask(void *ctx, struct bytes keys, unsigned n)
{
	struct ptr *p = ctx;
	struct gpu_answer answer;
	struct wire_place w;
	struct gpu_token t;
	struct bytes in, key;
	int r = gpu_client_ask(p->a.client, WIRE_FIND, keys, &answer);

	(void)n;
	if (r < 0)
		return r;
	in = bytes_of(answer.ptr, (size_t)answer.len);
	while (r == 0 && wire_key_get(&keys, &key) == 1) {
		r = wire_take(&in, &w, sizeof w);
		if (r < 0)
			break;
		wire_place_get(&w, &t);
		r = show(p, key, &t);
	}
	gpu_answer_free(&answer);
	return r;
}

int gpucache_ptr(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_OPTION_BATCH, CLI_OPTION_FORMAT, CLI_OPTION_NULL,
		CLI_OPTIONS_STORE, CLI_OPTIONS, POPT_TABLEEND
	};
	struct ptr p = { .absent_n = 0 };
	struct keys k = { .ask = ask, .ctx = &p };
	struct cli cli;
	int r;

	cli_begin(&cli, &tool, argc, argv, table);
	k.cli = &cli;
	if (!cli_given(&cli, CLI_VAL_BATCH) && !cli_operand_peek(&cli))
		cli_operand(&cli, "KEY");
	r = asker_open(&p.a, &cli, true);
	if (r == 0)
		r = output_open(&p.out, cli_style(&cli, false), output_stdout(), NULL);
	if (r == 0)
		r = keys_all(&k, cli_given(&cli, CLI_VAL_BATCH));
	if (r == 0)
		r = output_end(p.out);
	if (r == 0 && p.absent_n) {
		err_set(ERR_ABSENT, "%s keys are not resident", output_count(p.absent_n));
		r = ERR_ABSENT;
	}
	output_close(p.out);
	asker_close(&p.a);
	return cli_end(&cli, r);
}
