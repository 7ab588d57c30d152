/* strato-rm - delete keys: those named, those listed, or all with a prefix
 *
 * Keys that are there gather in a transaction, which is committed after so many
 * keys or bytes, or when the input pauses: memory is bounded for a list of any
 * length.  Keys named as operands go in one commit.  A key that is not there is
 * an answer, not a fault: the others go all the same, and the status is 1.
 */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "cli/progress.h"
#include "cmd/common/open.h"
#include "cmd/rm/keyset.h"
#include "io/stream.h"

#define RM_GROUP_BYTES (4u << 20)
#define RM_GROUP_N 100000u	/* keys of a commit; a flush is nothing beside them */
#define RM_ACK_N 1000u		/* the same with --ack */
#define RM_PAUSE_NS 100000000u	/* of the input: then what is held is committed */
#define RM_ASK_N 1000u		/* no need to count further for a question */

static const struct cli_tool tool = {
	.name = "strato-rm",
	.does = "delete keys from a store",
	.usage = "[OPTION]... KEY...\n"
		 "[OPTION]... -b [-0] [FILE]...\n"
		 "[OPTION]... -p PREFIX",
	.examples = "strato-rm -s /data/kv greeting\n"
		    "strato-ls -0 tmp/ | strato-rm -b -0",
};

struct rm {
	struct cli *cli;
	struct store *store;
	struct txn *txn;		/* NULL: a dry run */
	struct out *out;
	struct record_writer *would;	/* a dry run's answer */
	struct keyset seen;		/* by the commit in hand */
	struct progress progress;
	int ack, force;
	bool one_commit;		/* operands */
	uint64_t n, durable_n;		/* keys taken in; of them decided and durable */
	uint64_t absent_n;
	uint64_t held_ns;		/* when the first that is not durable came */
	uint64_t version;
};

static int to_out(void *ctx, const void *ptr, size_t len)
{
	return out_write(((struct rm *)ctx)->out, ptr, len);
}

/* --- gathering and committing --- */

static int acknowledge(struct rm *m)
{
	struct output *o;
	int r = output_open(&o, cli_style(m->cli, false), (struct sink){ to_out, m }, NULL);

	if (r < 0)
		return r;
	output_u64(o, "count", m->durable_n);
	output_version(o, "version", m->version);
	r = output_row(o);
	output_close(o);
	return r < 0 ? r : out_flush(m->out);
}

static int commit(struct rm *m)
{
	int r = 0;

	if (m->n == m->durable_n)
		return 0;
	if (m->txn && (txn_entry_n(m->txn) || m->ack))
		r = txn_commit(m->txn, &m->version);
	if (r < 0)
		return r;
	m->durable_n = m->n;
	keyset_clear(&m->seen);
	return m->ack && m->txn ? acknowledge(m) : 0;
}

static bool group_is_full(const struct rm *m)
{
	uint64_t held = m->n - m->durable_n;

	if (m->one_commit)
		return false;
	return held >= (m->ack ? RM_ACK_N : RM_GROUP_N) ||
	       m->seen.keys.len >= RM_GROUP_BYTES ||
	       (m->ack && clock_ns() - m->held_ns >= RM_PAUSE_NS);
}

static int remove_key(struct rm *m, struct bytes key, const struct entry *e)
{
	if (!m->txn)
		return record_key(m->would, key);
	txn_frees(m->txn, e);
	return txn_remove(m->txn, 0, key);
}

/* E is what the store has of the key; NULL: nothing. */
static int take(struct rm *m, struct bytes key, const struct entry *e)
{
	int is_new = e ? keyset_add(&m->seen, key) : 0;
	int r = 0;

	if (is_new < 0)
		return is_new;
	if (m->n++ == m->durable_n)
		m->held_ns = clock_ns();
	progress_at(&m->progress, m->n, m->progress.bytes);
	if (is_new)
		r = remove_key(m, key, e);
	else {
		m->absent_n++;
		cli_note(m->cli, "\"%s\": no such key", bytes_show(key));
	}
	return r == 0 && group_is_full(m) ? commit(m) : r;
}

static int look_and_take(struct rm *m, struct bytes key)
{
	struct entry e;
	int there = entry_check_key(key);

	if (there == 0)
		there = store_get(m->store, 0, key, &e);
	return there < 0 ? there : take(m, key, there ? &e : NULL);
}

/* --- which keys --- */

static int remove_named(struct rm *m)
{
	const char *key;
	int r = 0;

	m->one_commit = true;
	while (r == 0 && (key = cli_operand_if_any(m->cli)))
		r = look_and_take(m, bytes_str(key));
	return r;
}

struct list {
	struct rm *rm;
	struct in *in;
};

/* What is held does not wait for an input that pauses. */
static ssize_t fill(void *ctx, void *buf, size_t cap)
{
	struct list *l = ctx;
	struct rm *m = l->rm;

	while (in_would_block(l->in)) {
		uint64_t waited = clock_ns() - m->held_ns;
		bool held = m->n > m->durable_n;
		int r;

		if (cli_stopped())
			return err_set(ERR_IO, "%s: stopped by a signal", in_name(l->in));
		if (held && waited >= RM_PAUSE_NS) {
			r = commit(m);
			if (r < 0)
				return r;
			held = false;
		}
		in_wait(l->in, held ? RM_PAUSE_NS - waited : RM_PAUSE_NS);
	}
	return in_read(l->in, buf, cap);
}

static int remove_listed(struct rm *m, const char *file)
{
	struct list l = { .rm = m };
	struct record_source source = { fill, &l, strcmp(file, "-") ? file : NULL };
	struct record_reader *reader = NULL;
	struct record rec;
	int r = in_open(&l.in, file, false, NULL);

	if (r < 0)
		return r;
	if (!strcmp(file, "-"))
		cli_reading_stdin(m->cli);
	r = record_open(&reader, cli_format_in(m->cli, RECORD_KEYS), RECORD_KEYS, &source,
			0, 0, store_mem(m->store));
	while (r == 0 && !cli_stopped() && (r = record_next(reader, &rec)) == 1)
		r = look_and_take(m, rec.key);
	record_close(reader);
	in_close(l.in);
	return r;
}

static int remove_lists(struct rm *m)
{
	const char *file = cli_operand_if_any(m->cli);
	int r = 0;

	if (!file)
		return remove_listed(m, "-");
	for (; r == 0 && file && !cli_stopped(); file = cli_operand_if_any(m->cli))
		r = remove_listed(m, file);
	return r;
}

static int scan_prefix(struct snapshot *snap, struct bytes prefix, struct iter **out)
{
	const struct scan_options o = { .prefix = prefix };

	return snapshot_scan(snap, &o, out);
}

/* 1: go on.  0: nothing there, or the answer was no. */
static int ask_about(struct rm *m, struct snapshot *snap, struct bytes prefix)
{
	struct iter *it = NULL;
	struct entry e;
	uint64_t n = 0;
	int r;

	if (!m->txn || cli_given(m->cli, CLI_VAL_YES))
		return 1;
	r = scan_prefix(snap, prefix, &it);
	while (r == 0 && n <= RM_ASK_N && (r = iter_next(it, &e)) == 1) {
		n++;
		r = 0;
	}
	iter_close(it);
	if (r < 0 || n == 0)
		return r;
	return cli_ask(m->cli, "delete %s%s key%s that begin%s with \"%s\"?",
		       n > RM_ASK_N ? "more than " : "",
		       output_count(n > RM_ASK_N ? RM_ASK_N : n), n == 1 ? "" : "s",
		       n == 1 ? "s" : "", bytes_show(prefix));
}

static int remove_prefix(struct rm *m, struct bytes prefix)
{
	struct snapshot *snap = NULL;
	struct iter *it = NULL;
	struct entry e;
	int r = store_snapshot(m->store, &snap);

	if (r < 0)
		return r;
	r = ask_about(m, snap, prefix);
	if (r != 1)
		goto out;
	r = scan_prefix(snap, prefix, &it);
	while (r == 0 && !cli_stopped() && (r = iter_next(it, &e)) == 1)
		r = take(m, e.key, &e);
	iter_close(it);
out:
	snapshot_close(snap);
	if (r == 0 && m->n == 0)
		m->absent_n++;
	return r;
}

static int remove_keys(struct rm *m)
{
	const char *prefix = cli_text(m->cli, CLI_VAL_PREFIX);

	if (prefix)
		return remove_prefix(m, bytes_str(prefix));
	return cli_given(m->cli, CLI_VAL_BATCH) ? remove_lists(m) : remove_named(m);
}

/* --- the run --- */

/* What came before a fault or a signal is committed; operands are one commit. */
static int finish(struct rm *m, int r)
{
	struct err_note note;
	int kept;

	if (r == 0 || cli_stopped())
		r = commit(m);
	else if (!m->one_commit) {
		err_take(&note, r);
		kept = commit(m);
		if (kept == 0 && m->durable_n)
			snprintf(note.hint, sizeof note.hint,
				 "the %s keys before it are done: go on behind them",
				 output_count(m->durable_n));
		r = kept < 0 ? kept : err_give(&note);
	}
	if (cli_stopped())
		cli_say(m->cli, "stopped: %s keys are done and durable",
			output_count(m->durable_n));
	return r;
}

static int begin(struct rm *m)
{
	bool dry = cli_given(m->cli, CLI_VAL_DRY_RUN);
	int r = open_store(m->cli, &m->store, dry ? OPEN_READ : OPEN_WRITE);

	if (r < 0)
		return r;
	keyset_init(&m->seen, store_mem(m->store));
	if (m->ack && setting_u64(store_settings(m->store), SETTING_SYNC) == SYNC_NONE)
		return err_set(ERR_USAGE, "--ack promises what sync=none does not keep");
	r = out_open(&m->out, NULL, NULL);
	if (r == 0 && dry)
		r = record_writer_open(&m->would, cli_format_out(m->cli, RECORD_KEYS),
				       RECORD_KEYS, (struct sink){ to_out, m }, NULL);
	else if (r == 0)
		r = txn_begin(&m->txn, m->store);
	return r;
}

static int rm(struct rm *m)
{
	int r = begin(m);

	if (r == 0) {
		progress_begin(&m->progress, m->cli, "keys", 0);
		r = finish(m, remove_keys(m));
		progress_end(&m->progress, NULL);
	}
	if (r == 0 && m->would)
		r = record_end(m->would);
	if (m->out && r == 0)
		r = out_commit(m->out);
	else
		out_abort(m->out);
	if (r == 0 && m->absent_n && !m->force)
		r = err_set(ERR_ABSENT, "%s keys were not there", output_count(m->absent_n));
	record_writer_close(m->would);
	txn_abort(m->txn);
	if (m->store)
		keyset_release(&m->seen);
	store_close(m->store);
	return r;
}

static void check(struct cli *c)
{
	const char *prefix = cli_text(c, CLI_VAL_PREFIX);
	bool batch = cli_given(c, CLI_VAL_BATCH);

	cli_format_in(c, RECORD_KEYS);	/* an unknown -f ends here */
	if (batch && prefix)
		cli_usage(c, "--batch and --prefix exclude each other");
	if (prefix) {
		cli_no_more(c);
		if (!prefix[0]) {
			err_set(ERR_USAGE, "--prefix is empty, which is every key");
			err_hint("if that is meant: strato-ls -0 | strato-rm -b -0");
			cli_exit(c, ERR_USAGE);
		}
	} else if (!batch && !cli_operand_peek(c)) {
		cli_operand(c, "KEY");
	}
}

int main(int argc, const char **argv)
{
	struct rm m = { 0 };
	const struct poptOption table[] = {
		CLI_OPTION_BATCH,
		CLI_OPTION_PREFIX,
		CLI_OPTION_DRY_RUN,
		CLI_OPTION_ACK(&m.ack),
		CLI_FLAG("force", 0, &m.force, "a key that is not there is no matter"),
		CLI_OPTION_FORMAT,
		CLI_OPTION_NULL,
		CLI_OPTION_YES,
		CLI_OPTIONS_WRITE,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	m.cli = &cli;
	check(&cli);
	if (cli_given(&cli, CLI_VAL_BATCH) || cli_given(&cli, CLI_VAL_PREFIX))
		cli_catch_signals();
	return cli_end(&cli, rm(&m));
}
