/* strato-config - show or change the settings of a store
 *
 * The store is opened with built-in settings, whatever its config says: a config
 * that makes every other command fail can be mended here.  A change replaces the
 * file whole, under the lock of those who publish, so that two at once both count.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/common/open.h"
#include "io/file.h"
#include "io/stream.h"
#include "store/log.h"

#define CONFIG_MAX (1u << 20)

enum { OPT_UNSET = 1 };

static const struct cli_tool tool = {
	.name = "strato-config",
	.does = "show or change the settings of a store",
	.usage = "[OPTION]... [NAME]\n"
		 "[OPTION]... NAME=VALUE...",
	.examples = "strato-config -s /data/kv io_depth\n"
		    "strato-config -s /data/kv io_depth=128 sync=commit",
};

/* The store with what is built in; its own words are looked at afterwards. */
static int no_settings(void *ctx, struct settings *out, struct bytes config, const char *where)
{
	(void)ctx;
	(void)config;
	(void)where;
	setting_init(out);
	return 0;
}

static int open_any(struct cli *c, struct store **out, bool write)
{
	const struct store_options o = {
		.write = write,
		.wait_ns = cli_wait_ns(c),
		.settings = no_settings,
		.who = c->tool->name,
	};

	return store_open(out, cli_store(c), &o);
}

static int read_config(struct store *s, struct buf *out)
{
	int r = file_slurp(store_backend(s), "config", CONFIG_MAX, out);

	return r == ERR_ABSENT ? 0 : r;
}

/* All settings in force, with the store's file as it is now. */
static int settings_of(struct cli *c, struct store *s, struct settings *out)
{
	struct buf where = { .mem = NULL }, config = { .mem = NULL };
	int r = read_config(s, &config);

	if (r == 0)
		r = buf_printf(&where, "%s/config", store_path(s));
	if (r == 0)
		r = buf_add_byte(&where, 0);
	if (r == 0)
		r = cli_settings(c, out, buf_bytes(&config), (const char *)where.ptr);
	buf_release(&config);
	buf_release(&where);
	return r;
}

/* --- showing --- */

static int show_row(struct output *o, const struct settings *set, enum setting which)
{
	output_text(o, "name", setting_table[which].name);
	output_text(o, "value", setting_text(set, which));
	output_text(o, "origin", setting_origin_name(set->origin[which]));
	return output_row(o);
}

static int show_value(const struct settings *set, enum setting which)
{
	struct sink to = output_stdout();
	const char *text = setting_text(set, which);
	int r = to.write(to.ctx, text, strlen(text));

	return r < 0 ? r : to.write(to.ctx, "\n", 1);
}

static int show(struct cli *c, const struct settings *set, int which)
{
	struct output *o;
	int r;

	if (which >= 0 && !c->json)
		return show_value(set, (enum setting)which);
	r = output_open(&o, cli_style(c, true), output_stdout(), NULL);
	if (r < 0)
		return r;
	for (enum setting i = 0; r == 0 && i < SETTING_N; i++)
		if (which < 0 || i == (enum setting)which)
			r = show_row(o, set, i);
	if (r == 0)
		r = output_end(o);
	output_close(o);
	return r;
}

static int show_settings(struct cli *c, const char *name)
{
	struct store *s = NULL;
	struct settings set;
	int which = name ? setting_find(bytes_str(name)) : -1;
	int r = name && which < 0 ? which : 0;

	if (r == 0)
		r = open_any(c, &s, false);
	if (r == 0)
		r = settings_of(c, s, &set);
	if (r == 0)
		r = show(c, &set, which);
	store_close(s);
	return r;
}

/* --- changing --- */

struct change {
	struct settings set;		/* origin STORE: set by this run */
	bool unset[SETTING_N];
};

/* The operands NAME=VALUE and --unset, all checked before anything is done. */
static int parse_changes(struct cli *c, struct change *ch)
{
	const char *text;
	size_t at = 0;
	int r = 0;

	memset(ch->unset, 0, sizeof ch->unset);
	setting_init(&ch->set);
	while (r >= 0 && (text = cli_each(c, OPT_UNSET, &at))) {
		r = setting_find(bytes_str(text));
		if (r >= 0)
			ch->unset[r] = true;
	}
	while (r >= 0 && (text = cli_operand_if_any(c))) {
		if (!strchr(text, '='))
			cli_usage(c, "\"%s\": expected NAME=VALUE, as before it",
				  bytes_show(bytes_str(text)));
		r = setting_set_text(&ch->set, SETTING_STORE, bytes_str(text));
	}
	return r < 0 ? r : 0;
}

/* The file's text after one change; OLD and NEXT swap places. */
static int edit(struct buf *old, enum setting which, struct bytes value)
{
	struct buf next = { .mem = NULL };
	int r = setting_edit(buf_bytes(old), which, value, &next);

	if (r < 0) {
		buf_release(&next);
		return r;
	}
	buf_release(old);
	*old = next;
	return 0;
}

static int edit_all(const struct change *ch, struct buf *config)
{
	int r = 0;

	for (enum setting i = 0; r == 0 && i < SETTING_N; i++) {
		if (ch->unset[i])
			r = edit(config, i, bytes_of(NULL, 0));
		if (r == 0 && ch->set.origin[i] == SETTING_STORE)
			r = edit(config, i, bytes_str(setting_text(&ch->set, i)));
	}
	return r;
}

static int replace_config(struct store *s, const struct change *ch)
{
	struct buf config = { .mem = NULL };
	int r = store_build_begin(s);	/* nobody sweeps tmp/ meanwhile */

	if (r < 0)
		return r;
	r = read_config(s, &config);
	if (r == 0)
		r = edit_all(ch, &config);
	if (r == 0 && config.len > CONFIG_MAX)
		r = err_set(ERR_TOO_BIG, "%s/config: over %u bytes", store_path(s), CONFIG_MAX);
	if (r == 0)
		r = file_replace(store_backend(s), "config", config.ptr, config.len);
	store_build_end(s);
	buf_release(&config);
	return r;
}

/* What was set may not be what counts. */
static void tell_hidden(struct cli *c, struct store *s, const struct change *ch)
{
	struct settings now;

	if (settings_of(c, s, &now) < 0) {
		cli_say(c, "still: %s", err_message());
		return;
	}
	for (enum setting i = 0; i < SETTING_N; i++)
		if (ch->set.origin[i] == SETTING_STORE && now.origin[i] > SETTING_STORE)
			cli_say(c, "%s: set in the store, but the %s says %s",
				setting_table[i].name, setting_origin_name(now.origin[i]),
				setting_text(&now, i));
}

static int change(struct cli *c)
{
	struct store *s = NULL;
	struct change ch;
	int r = parse_changes(c, &ch);

	if (r == 0)
		r = open_any(c, &s, true);
	if (r == 0) {
		r = backend_lock(store_backend(s), LOCK_PUBLISH, LOCK_EXCLUSIVE,
				 cli_wait_ns(c));
		if (r == 0) {
			r = replace_config(s, &ch);
			backend_unlock(store_backend(s), LOCK_PUBLISH);
		}
	}
	if (r == 0)
		tell_hidden(c, s, &ch);
	store_close(s);
	return r;
}

static int config(struct cli *c)
{
	const char *first = cli_operand_peek(c);

	if (cli_given(c, OPT_UNSET) || (first && strchr(first, '=')))
		return change(c);
	first = cli_operand_if_any(c);
	cli_no_more(c);
	return show_settings(c, first);
}

int main(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("unset", 0, OPT_UNSET, "take NAME out of the store's config", "NAME"),
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	return cli_end(&cli, config(&cli));
}
