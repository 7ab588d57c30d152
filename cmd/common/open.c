/* cmd/common/open.c */
#include "cmd/common/open.h"

#include "base/err.h"

static int settings(void *ctx, struct settings *out, struct bytes config, const char *where)
{
	struct cli *c = ctx;
	int r = cli_settings(c, out, config, where);

	if (r == 0 && cli_given(c, CLI_VAL_NO_SYNC))
		r = setting_set(out, SETTING_OPTION, SETTING_SYNC, bytes_str("none"));
	return r;
}

static struct store_options options(struct cli *c, enum open_mode mode)
{
	return (struct store_options){
		.write = mode >= OPEN_WRITE,
		.graphs = mode == OPEN_GRAPHS && !cli_given(c, CLI_VAL_AS_OF),
		.wait_ns = cli_wait_ns(c),
		.settings = settings,
		.ctx = c,
		.who = c->tool->name,
	};
}

int open_store_on(struct cli *c, struct backend *b, struct store **out)
{
	const struct store_options o = options(c, OPEN_WRITE);

	return store_open_on(out, b, &o);
}

int open_store(struct cli *c, struct store **out, enum open_mode mode)
{
	const char *dir = cli_store(c);
	const struct store_options o = options(c, mode);
	int r = store_open(out, dir, &o);

	if (r == ERR_NO_STORE && mode == OPEN_CREATE) {
		r = store_create(dir, bytes_of("", 0));
		if (r == 0)
			r = store_open(out, dir, &o);
	}
	return r;
}

int open_snapshot(struct cli *c, struct store *s, struct snapshot **out)
{
	const char *which = cli_text(c, CLI_VAL_AS_OF);

	return which ? store_snapshot_as_of(s, bytes_str(which), out) :
		store_snapshot(s, out);
}
