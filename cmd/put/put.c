/* strato-put - write values: one, many, or files under their paths
 *
 * Records gather in a transaction that is committed when it is time: after so
 * many records, so many bytes, or when the input pauses.  What was acknowledged
 * is durable; on an error or a signal the records before it are committed too,
 * unless the whole input was to be one commit (--atomic).
 */
#include "cmd/put/put.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/size.h"
#include "cmd/common/open.h"

enum { OPT_VERSION_IS = 1, OPT_COMMIT_EVERY, OPT_MAX_BAD, OPT_REJECTS, OPT_FILES_FROM,
       OPT_TTL };

static const struct cli_tool tool = {
	.name = "strato-put",
	.does = "write values to a store",
	.usage = "[OPTION]... KEY [FILE]\n"
		 "[OPTION]... -d VALUE KEY\n"
		 "[OPTION]... -b [-f FMT] [FILE]...\n"
		 "[OPTION]... --files [-p PREFIX] [--files-from=LIST] [PATH]...",
	.examples = "printf %s hello | strato-put -s /data/kv greeting\n"
		    "strato-put -s /data/kv -a -b -f cdb < dump.cdb",
};

static int acknowledge(struct put *p)
{
	char line[96];
	int n;

	if (!p->ack)
		return 0;
	if (p->cli->json)
		n = snprintf(line, sizeof line, "{\"count\":%llu,\"version\":\"%llu\"}\n",
			     (unsigned long long)p->durable, (unsigned long long)p->version);
	else
		n = snprintf(line, sizeof line, "%llu\t%llu\n",
			     (unsigned long long)p->durable, (unsigned long long)p->version);
	n = out_write(p->out, line, (size_t)n);
	return n < 0 ? n : out_flush(p->out);
}

int put_commit(struct put *p)
{
	int r;

	if (p->count == p->durable)
		return 0;
	if (!p->dry_run) {
		r = txn_commit(p->txn, &p->version);
		if (r < 0)
			return r;
	}
	p->durable = p->count;
	return p->dry_run ? 0 : acknowledge(p);
}

int put_counted(struct put *p)
{
	bool time_is_up;

	if (p->count++ == p->durable)
		p->pending_ns = clock_ns();
	progress_at(&p->progress, p->count, p->progress.bytes);
	if (p->atomic)
		return 0;
	time_is_up = p->every_ns && clock_ns() - p->pending_ns >= p->every_ns;
	if (p->count - p->durable >= p->every_n || time_is_up ||
	    txn_bytes(p->txn) >= PUT_GROUP_BYTES)
		return put_commit(p);
	return 0;
}

/* When what is held must be committed though the input may go on: few records are
 * durable PUT_PAUSE_NS after the first of them came.  What flows, by the MiB, waits
 * for a silence of that length, so that it becomes a bulk load; each PUT_FLOW_BYTES
 * buy another second, so that a trickle behind them does not wait for ever. */
static uint64_t due_ns(struct put *p, uint64_t silent_ns)
{
	uint64_t flowed = txn_bytes(p->txn) + PUT_RECORD_COST * txn_entry_n(p->txn);

	if (p->every_ns)
		return p->pending_ns + p->every_ns;
	if (flowed < p->flow_bytes)	/* another group than we last saw */
		p->flow_bytes = 0;
	if (flowed < PUT_FLOW_BYTES / 16)
		return p->pending_ns + PUT_PAUSE_NS;
	if (p->flow_bytes == 0 || flowed - p->flow_bytes >= PUT_FLOW_BYTES) {
		p->flow_until = (p->flow_bytes ? silent_ns : p->pending_ns) + PUT_FLOW_NS;
		p->flow_bytes = flowed;
	}
	return p->flow_until < silent_ns + PUT_PAUSE_NS ? p->flow_until :
		silent_ns + PUT_PAUSE_NS;
}

int put_pause(struct put *p, struct in *in)
{
	uint64_t silent_ns = 0;

	while (in_would_block(in)) {
		bool held = p->count > p->durable && !p->atomic;
		uint64_t now = clock_ns(), due;
		int r;

		if (cli_stopped())
			return ERR_ABSENT;
		if (!silent_ns)
			silent_ns = now;
		due = held ? due_ns(p, silent_ns) : now + PUT_PAUSE_NS;
		if (held && now >= due) {
			r = put_commit(p);
			if (r < 0)
				return r;
			due = now + PUT_PAUSE_NS;
		}
		in_wait(in, due - now);
	}
	return cli_stopped() ? ERR_ABSENT : 0;
}

int put_stream(struct put *p, struct bytes key, struct in *in)
{
	uint8_t *buf = mem_alloc(NULL, PUT_READ);
	int r = buf ? txn_put_begin(p->txn, 0, key, 0) : ERR_MEMORY;
	ssize_t n = 0;

	if (r == 0)
		txn_put_size(p->txn, in_size(in));
	while (r == 0 && (n = in_read(in, buf, PUT_READ)) > 0) {
		if (cli_stopped())
			r = err_set(ERR_IO, "%s: stopped by a signal", in_name(in));
		else
			r = txn_put_feed(p->txn, buf, (size_t)n);
		progress_at(&p->progress, p->count, in_total(in));
	}
	if (r == 0)
		r = n < 0 ? (int)n : txn_put_end(p->txn);
	if (r < 0 && buf)
		txn_put_cancel(p->txn);
	mem_free(NULL, buf);
	return r;
}

/* --- one key --- */

struct one {
	const char *key, *file, *data;
	int if_absent, if_present;
	bool if_version;
	uint64_t version;
};

static int expect(struct put *p, const struct one *o)
{
	struct bytes key = bytes_str(o->key);
	int r = 0;

	if (o->if_absent)
		r = txn_expect(p->txn, 0, key, TXN_ABSENT, 0);
	if (r == 0 && o->if_present)
		r = txn_expect(p->txn, 0, key, TXN_PRESENT, 0);
	if (r == 0 && o->if_version)
		r = txn_expect(p->txn, 0, key, TXN_VERSION, o->version);
	return r;
}

static int put_one(struct put *p, const struct one *o)
{
	struct in *in = NULL;
	int r = expect(p, o);

	if (r < 0)
		return r;
	if (o->data) {
		r = txn_put(p->txn, 0, bytes_str(o->key), bytes_str(o->data), 0);
	} else {
		const char *file = o->file ? o->file : "-";

		if (!strcmp(file, "-"))
			cli_reading_stdin(p->cli);
		r = in_open(&in, file, false, NULL);
		if (r == 0) {
			progress_begin(&p->progress, p->cli, "values", in_size(in));
			r = put_stream(p, bytes_str(o->key), in);
			progress_end(&p->progress, NULL);
		}
		in_close(in);
	}
	if (r < 0)
		return r;
	if (p->dry_run)
		cli_say(p->cli, "would write \"%s\"", bytes_show(bytes_str(o->key)));
	p->count++;
	return put_commit(p);
}

/* --- the command line --- */

struct request {
	struct one one;
	struct put_batch batch;
	struct put_files files;
	int use_files, no_sync;
	bool use_batch;
};

static void read_commit_every(struct cli *c, struct put *p)
{
	const char *text = cli_text(c, OPT_COMMIT_EVERY);
	const char *comma = text ? strchr(text, ',') : NULL;
	struct bytes n;
	int r;

	p->every_n = p->ack ? PUT_ACK_EVERY : UINT64_MAX;
	p->every_ns = p->ack ? PUT_PAUSE_NS : 0;
	if (!text)
		return;
	n = comma ? bytes_of(text, (size_t)(comma - text)) : bytes_str(text);
	r = size_number("--commit-every", n, 1, UINT64_MAX, &p->every_n);
	p->every_ns = 0;
	if (r == 0 && comma)
		r = size_duration("--commit-every", bytes_str(comma + 1), 1000000,
				  UINT64_MAX, &p->every_ns);
	if (r < 0)
		cli_exit(c, r);
}

static uint64_t read_ttl(struct cli *c)
{
	const char *text = cli_text(c, OPT_TTL);
	uint64_t ns = 0;

	if (text && size_duration("--ttl", bytes_str(text), 1000000, PUT_TTL_MAX, &ns) < 0)
		cli_exit(c, ERR_USAGE);
	return ns / 1000000;
}

static void refuse_mixtures(struct cli *c, const struct put *p, const struct request *q)
{
	bool many = q->use_batch || q->use_files;
	bool conditions = q->one.if_absent || q->one.if_present || q->one.if_version;

	if (q->use_batch && q->use_files)
		cli_usage(c, "--batch and --files exclude each other");
	if (many && conditions)
		cli_usage(c, "conditions are for one KEY, not for --batch or --files");
	if (many && q->one.data)
		cli_usage(c, "--data is for one KEY, not for --batch or --files");
	if (q->one.if_absent + q->one.if_present + q->one.if_version > 1)
		cli_usage(c, "--if-absent, --if-present and --if-version exclude each other");
	if (!q->use_batch && (cli_given(c, CLI_VAL_FORMAT) || q->batch.rejects ||
			      cli_given(c, OPT_MAX_BAD)))
		cli_usage(c, "--format, --max-bad and --rejects go with --batch");
	if (!q->use_files && (q->files.from || q->files.prefix || q->files.null))
		cli_usage(c, "--files-from, --prefix and --null go with --files");
	if (p->atomic && cli_given(c, OPT_COMMIT_EVERY))
		cli_usage(c, "--atomic and --commit-every exclude each other");
	if (p->ack && cli_given(c, CLI_VAL_NO_SYNC))
		cli_usage(c, "--ack promises what --no-sync does not keep");
}

static void read_request(struct cli *c, struct put *p, struct request *q)
{
	q->use_batch = cli_given(c, CLI_VAL_BATCH);
	q->one.data = cli_text(c, CLI_VAL_DATA);
	q->one.if_version = cli_given(c, OPT_VERSION_IS);
	q->one.version = cli_u64(c, OPT_VERSION_IS, 0, UINT64_MAX, 0);
	q->batch.max_bad = cli_u64(c, OPT_MAX_BAD, 0, UINT64_MAX, 0);
	q->batch.rejects = cli_text(c, OPT_REJECTS);
	q->files.prefix = cli_text(c, CLI_VAL_PREFIX);
	q->files.from = cli_text(c, OPT_FILES_FROM);
	q->files.null = cli_given(c, CLI_VAL_NULL);
	p->dry_run = cli_given(c, CLI_VAL_DRY_RUN);
	p->ttl_ms = read_ttl(c);
	refuse_mixtures(c, p, q);
	read_commit_every(c, p);
	if (q->use_batch)
		q->batch.format = (enum record_format)cli_format_in(c, RECORD_PAIRS);
	if (q->use_batch || q->use_files)
		return;
	q->one.key = cli_operand(c, "KEY");
	q->one.file = q->one.data ? NULL : cli_operand_if_any(c);
	cli_no_more(c);
}

static int put(struct put *p, const struct request *q)
{
	int r = open_store(p->cli, &p->store, p->create ? OPEN_CREATE : OPEN_WRITE);

	if (r == 0)
		r = txn_begin(&p->txn, p->store);
	if (r == 0)
		txn_set_ttl(p->txn, p->ttl_ms);
	if (r == 0 && p->ack)
		r = out_open(&p->out, NULL, NULL);
	if (r < 0)
		goto out;
	if (q->use_batch || q->use_files)
		cli_catch_signals();	/* one value is whole or absent anyway */
	if (q->use_batch)
		r = put_batch(p, &q->batch);
	else if (q->use_files)
		r = put_files(p, &q->files);
	else
		r = put_one(p, &q->one);
	if (p->out && r == 0)
		r = out_commit(p->out);
	else if (p->out)
		out_abort(p->out);
out:
	txn_abort(p->txn);
	store_close(p->store);
	return r;
}

int main(int argc, const char **argv)
{
	struct put p = { 0 };
	struct request q = { 0 };
	const struct poptOption table[] = {
		CLI_FLAG("if-absent", 0, &q.one.if_absent, "write only if KEY does not exist"),
		CLI_FLAG("if-present", 0, &q.one.if_present, "write only if KEY exists"),
		CLI_TEXT("if-version", 0, OPT_VERSION_IS, "write only if KEY is at version V", "V"),
		CLI_OPTION_DATA,
		CLI_OPTION_BATCH,
		CLI_OPTION_FORMAT,
		CLI_OPTION_ACK(&p.ack),
		CLI_TEXT("commit-every", 0, OPT_COMMIT_EVERY,
			 "commit after N records or TIME", "N[,TIME]"),
		CLI_FLAG("atomic", 0, &p.atomic, "the whole input is one commit"),
		CLI_TEXT("max-bad", 0, OPT_MAX_BAD, "tolerate N malformed records", "N"),
		CLI_TEXT("rejects", 0, OPT_REJECTS, "copy malformed records to FILE", "FILE"),
		CLI_TEXT("ttl", 0, OPT_TTL, "the records expire so long after their commit",
			 "TIME"),
		CLI_FLAG("files", 0, &q.use_files, "store files under their paths"),
		CLI_TEXT("files-from", 0, OPT_FILES_FROM, "paths, one a line (- is stdin)", "LIST"),
		CLI_OPTION_PREFIX,
		CLI_OPTION_NULL,
		CLI_OPTION_CREATE(&p.create),
		CLI_OPTION_DRY_RUN,
		CLI_OPTIONS_WRITE,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	stream_guard_std();
	cli_begin(&cli, &tool, argc, argv, table);
	p.cli = &cli;
	read_request(&cli, &p, &q);
	return cli_end(&cli, put(&p, &q));
}
