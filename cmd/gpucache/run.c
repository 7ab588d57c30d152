/* strato-gpucache run - one's own OpenCL kernel over what is on the device
 *
 * The text goes to the service as it is read here, the values stay where they are.
 * What is given: a place is three parameters of the kernel (memory, offset, length), a
 * number is one.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/size.h"
#include "cmd/common/open.h"
#include "cmd/gpucache/gpucache.h"
#include "gpu/token.h"
#include "gpu/wire_run.h"
#include "io/stream.h"

enum { OPT_GLOBAL = 1, OPT_LOCAL, OPT_OUT };

static const struct cli_tool tool = {
	.name = "strato-gpucache run",
	.does = "one's own OpenCL kernel over what is on the device",
	.usage = "[OPTION]... FILE.cl:KERNEL [ARG]...",
	.examples = "strato-gpucache run -s /data/kv sum.cl:sum model/weights @out:8\n"
		    "strato-gpucache run --global=1M --out=b scale.cl:scale a @out:4M 0.5f",
	.more = "Arguments:\n"
		"  strato-gpu:...      what `ptr` prints: memory, offset and length\n"
		"  @out:SIZE           room for the answer, all zero: the same\n"
		"  5 5u 5l 5ul         int, uint, long, ulong\n"
		"  1.5f 1.5            float, double\n"
		"  KEY, key:KEY        the value of a key: memory, offset and length",
};

struct run {
	struct cli *cli;
	struct asker a;
	struct buf text, args;
	struct run_ask ask;
	bool has_out;
	const char *file;		/* the kernel's */
};

/* --- the text --- */

static int read_text(struct run *n)
{
	struct in *in = NULL;
	int r = in_open(&in, n->file, false, NULL);
	ssize_t got = 0;

	if (r == 0)
		r = buf_reserve(&n->text, WIRE_RUN_TEXT_MAX + 1);
	while (r == 0 && n->text.len <= WIRE_RUN_TEXT_MAX &&
	       (got = in_read(in, n->text.ptr + n->text.len,
			      WIRE_RUN_TEXT_MAX + 1 - n->text.len)) > 0)
		n->text.len += (size_t)got;
	if (r == 0 && got < 0)
		r = (int)got;
	if (r == 0 && n->text.len > WIRE_RUN_TEXT_MAX)
		r = err_set(ERR_TOO_BIG, "%s: a kernel's text has %u bytes at most", n->file,
			    WIRE_RUN_TEXT_MAX);
	in_close(in);
	n->ask.text = buf_bytes(&n->text);
	return r;
}

/* FILE:KERNEL is cut at the last colon. */
static void name_kernel(struct run *n, const char *operand, char *file, size_t cap)
{
	const char *colon = strrchr(operand, ':');

	if (!colon || colon == operand || !colon[1] || strlen(colon + 1) > 255)
		cli_usage(n->cli, "%s: not FILE.cl:KERNEL", operand);
	if ((size_t)(colon - operand) >= cap)
		cli_usage(n->cli, "%s: the name is too long", operand);
	memcpy(file, operand, (size_t)(colon - operand));
	file[colon - operand] = '\0';
	n->file = file;
	n->ask.kernel = bytes_str(colon + 1);
}

/* --- arguments --- */

static int add(struct run *n, uint32_t kind, const void *ptr, size_t len)
{
	if (n->ask.arg_n++ == WIRE_RUN_ARGS)
		return err_set(ERR_TOO_BIG, "more than %u arguments", WIRE_RUN_ARGS);
	return wire_run_arg_put(&n->args, kind, bytes_of(ptr, len));
}

static int other_store(const char *text)
{
	err_set(ERR_BAD_RECORD, "%s: of another store", text);
	err_hint("'strato-gpucache ptr KEY' prints one of this store");
	return ERR_BAD_RECORD;
}

static int add_token(struct run *n, const char *text)
{
	struct wire_place w;
	struct gpu_token t;
	uint8_t store[16];
	int r = token_parse(bytes_str(text), store, &t);

	if (r < 0)
		return r;
	if (memcmp(store, store_id(n->a.store), sizeof store))
		return other_store(text);
	wire_place_put(&w, &t);
	return add(n, WIRE_RUN_TOKEN, &w, sizeof w);
}

static int add_out(struct run *n, const char *text)
{
	uint64_t size;
	le64 len;
	int r = size_bytes("@out", bytes_str(text + 5), 1, GPU_INDEX_LEN_MAX, &size);

	if (r < 0)
		return r;
	if (n->has_out)
		return err_set(ERR_USAGE, "%s: there is one @out already", text);
	n->has_out = true;
	len = le64_of(size);
	return add(n, WIRE_RUN_OUT, &len, sizeof len);
}

static int out_of_range(const char *text)
{
	return err_set(ERR_USAGE, "%s: out of range", text);
}

/* LEN bytes of V, the device's order being little-endian. */
static int add_bits(struct run *n, uint64_t v, size_t len)
{
	le64 bits = le64_of(v);

	return add(n, WIRE_RUN_NUMBER, &bits, len);
}

static int add_integer(struct run *n, const char *text, const char *suffix)
{
	bool is_unsigned = *suffix == 'u', is_long = strchr(suffix, 'l');
	char *end;

	errno = 0;
	if (is_unsigned) {
		uint64_t v = strtoull(text, &end, 10);

		if (errno || *text == '-' || (!is_long && v > UINT32_MAX))
			return out_of_range(text);
		return add_bits(n, v, is_long ? 8 : 4);
	} else {
		int64_t v = strtoll(text, &end, 10);

		if (errno || (!is_long && (v > INT32_MAX || v < INT32_MIN)))
			return out_of_range(text);
		return add_bits(n, (uint64_t)v, is_long ? 8 : 4);
	}
}

static int add_real(struct run *n, const char *text, bool is_float)
{
	double d = strtod(text, NULL);
	float f = (float)d;
	uint64_t bits = 0;

	if (!isfinite(d) || (is_float && !isfinite(f)))
		return out_of_range(text);
	if (is_float) {
		uint32_t word;

		memcpy(&word, &f, sizeof word);
		bits = word;
	} else {
		memcpy(&bits, &d, sizeof bits);
	}
	return add_bits(n, bits, is_float ? 4 : 8);
}

/* -DIGITS, then .DIGITS and an exponent, then a suffix: 'i', 'r', or 0 when it is no
 * number. */
static char number(const char *text, const char **suffix)
{
	const char *at = text + (*text == '-');
	size_t n = strspn(at, "0123456789");
	char kind = 'i';

	if (n == 0)
		return 0;
	at += n;
	if (*at == '.') {
		kind = 'r';
		at += 1 + strspn(at + 1, "0123456789");
	}
	if (*at == 'e' && (n = strspn(at + 1 + (at[1] == '-' || at[1] == '+'),
				      "0123456789")) > 0) {
		kind = 'r';
		at += 1 + (at[1] == '-' || at[1] == '+') + n;
	}
	*suffix = at;
	if (kind == 'r')
		return !*at || !strcmp(at, "f") ? 'r' : 0;
	return !*at || !strcmp(at, "u") || !strcmp(at, "l") || !strcmp(at, "ul") ? 'i' : 0;
}

static int add_operand(struct run *n, const char *text)
{
	const char *suffix = "";
	char kind = number(text, &suffix);

	if (token_is(bytes_str(text)))
		return add_token(n, text);
	if (!strncmp(text, "@out:", 5))
		return add_out(n, text);
	if (kind == 'i')
		return add_integer(n, text, suffix);
	if (kind == 'r')
		return add_real(n, text, *suffix == 'f');
	if (!strncmp(text, "key:", 4))
		text += 4;
	if (!*text || strlen(text) > GPU_INDEX_KEY_MAX)
		return err_set(ERR_USAGE, "an argument is empty or too long");
	return add(n, WIRE_RUN_KEY, text, strlen(text));
}

static int add_all(struct run *n)
{
	const char *text;
	int r = 0;

	while (r == 0 && (text = cli_operand_if_any(n->cli)))
		r = add_operand(n, text);
	n->ask.args = buf_bytes(&n->args);
	if (r == 0 && !n->has_out && (cli_given(n->cli, OPT_OUT) ||
				      cli_given(n->cli, CLI_VAL_OUTPUT)))
		return err_set(ERR_USAGE, "without @out:SIZE there is nothing to write");
	return r;
}

/* --- the answer --- */

/* The compiler's words, as plain text. */
static int not_compiled(struct run *n, struct bytes log)
{
	for (size_t i = 0; i < log.len; i++) {
		int c = log.ptr[i];

		fputc(c == '\n' || c == '\t' || (c >= ' ' && c <= '~') ? c : '?', stderr);
	}
	if (log.len && log.ptr[log.len - 1] != '\n')
		fputc('\n', stderr);
	err_set(ERR_BAD_RECORD, "%s does not compile", n->file);
	err_hint("a kernel is OpenCL C 1.2; what the compiler of the device says is above");
	return ERR_BAD_RECORD;
}

static int store_answer(struct run *n, const char *key, struct bytes value)
{
	struct store *s = NULL;
	struct txn *t = NULL;
	int r = open_store(n->cli, &s, OPEN_WRITE);

	if (r == 0)
		r = txn_begin(&t, s);
	if (r == 0)
		r = txn_put_begin(t, 0, bytes_str(key), 0);
	if (r == 0) {
		txn_put_size(t, value.len);
		r = txn_put_feed(t, value.ptr, value.len);
		if (r == 0)
			r = txn_put_end(t);
		else
			txn_put_cancel(t);
	}
	if (r == 0)
		r = txn_commit(t, NULL);
	txn_abort(t);
	store_close(s);
	return r;
}

static int write_answer(struct run *n, struct bytes value)
{
	struct out *out = NULL;
	int r = out_open(&out, cli_text(n->cli, CLI_VAL_OUTPUT), NULL);

	if (r == 0)
		r = out_write(out, value.ptr, value.len);
	if (r == 0)
		return out_commit(out);
	out_abort(out);
	return r;
}

static int take(struct run *n, const struct gpu_answer *answer)
{
	struct bytes in = bytes_of(answer->ptr, (size_t)answer->len);
	const char *key = cli_text(n->cli, OPT_OUT);
	struct wire_ran w;
	int r = wire_take(&in, &w, sizeof w);

	if (r < 0)
		return r;
	if (le32_get(w.refused))
		return not_compiled(n, in);
	if (in.len != le64_get(w.out_len))
		return err_set(ERR_UNAVAILABLE, "the cache service answers nonsense");
	cli_note(n->cli, "the kernel ran for %s", output_time(le64_get(w.took_ns)));
	if (!n->has_out)
		return 0;
	return key ? store_answer(n, key, in) : write_answer(n, in);
}

static int run(struct run *n)
{
	struct gpu_answer answer = { 0 };
	struct buf body = { 0 };
	int r = read_text(n);

	if (r == 0)
		r = asker_open(&n->a, n->cli, true);
	if (r == 0)
		r = add_all(n);
	if (r == 0)
		r = wire_run_put(&body, &n->ask);
	if (r == 0 && body.len > WIRE_BODY_MAX)
		r = err_set(ERR_TOO_BIG, "text and arguments are %zu bytes: %u at most", body.len,
			    WIRE_BODY_MAX);
	if (r == 0)
		r = gpu_client_ask(n->a.client, WIRE_RUN, buf_bytes(&body), &answer);
	if (r == 0)
		r = take(n, &answer);
	if (r == ERR_UNAVAILABLE && n->a.client && gpu_client_is_dead(n->a.client))
		err_hint("a kernel that leaves its memory ends the service; start it again with "
			 "'strato-gpucache serve -s %s'", store_path(n->a.store));
	if (r == ERR_ABSENT)		/* which of the arguments is it? */
		cli_say(n->cli, "%s", err_message());
	gpu_answer_free(&answer);
	asker_close(&n->a);
	buf_release(&body);
	buf_release(&n->text);
	buf_release(&n->args);
	return r;
}

int gpucache_run(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("global", 0, OPT_GLOBAL, "work-items (1)", "N"),
		CLI_TEXT("local", 0, OPT_LOCAL, "of a group; divides --global", "N"),
		CLI_TEXT("out", 0, OPT_OUT, "store what is in @out under this key", "KEY"),
		CLI_OPTION_OUTPUT,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct run n = { 0 };
	struct cli cli;
	char file[4096];

	cli_begin(&cli, &tool, argc, argv, table);
	n.cli = &cli;
	n.ask.global = cli_size(&cli, OPT_GLOBAL, 1, UINT32_MAX, 1);
	n.ask.local = cli_size(&cli, OPT_LOCAL, 1, UINT32_MAX, 0);
	if (n.ask.local && n.ask.global % n.ask.local)
		cli_usage(&cli, "--local does not divide --global");
	if (cli_given(&cli, OPT_OUT) && cli_given(&cli, CLI_VAL_OUTPUT))
		cli_usage(&cli, "--out and -o exclude each other");
	if (cli_given(&cli, OPT_OUT) && !cli_text(&cli, OPT_OUT)[0])
		cli_usage(&cli, "--out: a key is missing");
	name_kernel(&n, cli_operand(&cli, "FILE.cl:KERNEL"), file, sizeof file);
	return cli_end(&cli, run(&n));
}
