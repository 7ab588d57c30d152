/* strato-mv - rename a key
 *
 * One commit moves the value where it lies: a reader sees it under one of the two
 * keys, never under both or neither.
 */
#include "base/err.h"
#include "cmd/common/open.h"
#include "io/stream.h"

static const struct cli_tool tool = {
	.name = "strato-mv",
	.does = "rename a key in one commit",
	.usage = "[--if-absent] OLD NEW",
	.examples = "strato-mv -s /data/kv draft final\n"
		    "strato-mv -s /data/kv --if-absent draft final || echo taken",
};

static int rename_key(struct store *s, struct bytes from, struct bytes to, int if_absent)
{
	struct txn *t = NULL;
	int r = txn_begin(&t, s);

	if (r == 0 && if_absent)
		r = txn_expect(t, 0, to, TXN_ABSENT, 0);
	if (r == 0)
		r = txn_rename(t, 0, from, to);
	if (r == 0)
		r = txn_commit(t, NULL);
	txn_abort(t);
	return r;
}

static int mv(struct cli *c, const char *from, const char *to, int if_absent)
{
	struct store *s = NULL;
	int r = open_store(c, &s, OPEN_WRITE);

	if (r == 0)
		r = rename_key(s, bytes_str(from), bytes_str(to), if_absent);
	store_close(s);
	return r;
}

int main(int argc, const char **argv)
{
	int if_absent = 0;
	const struct poptOption table[] = {
		CLI_FLAG("if-absent", 0, &if_absent, "only if there is no key NEW"),
		CLI_OPTIONS_WRITE,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	const char *from, *to;
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	from = cli_operand(&cli, "OLD");
	to = cli_operand(&cli, "NEW");
	cli_no_more(&cli);
	if (!from[0] || !to[0])
		cli_usage(&cli, "a key has at least 1 byte");
	return cli_end(&cli, mv(&cli, from, to, if_absent));
}
