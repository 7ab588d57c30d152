/* cmd/put/put_batch.c - records from files or standard input
 *
 * A malformed record stops the input: what came before it is committed (unless
 * atomic), and the message says how to go on.  With --max-bad some are tolerated
 * and copied to --rejects, and the count is always reported.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/put/put.h"

struct batch {
	struct put *p;
	const struct put_batch *opt;
	struct in *in;
	struct record_reader *reader;
	struct out *rejects;
	uint64_t bad_n;
	uint64_t count_before;	/* records of the files before this one */
};

static ssize_t fill(void *ctx, void *buf, size_t cap)
{
	struct batch *b = ctx;

	while (in_would_block(b->in)) {
		if (cli_stopped())
			return err_set(ERR_IO, "%s: stopped by a signal", in_name(b->in));
		in_wait(b->in, PUT_PAUSE_NS);
	}
	return in_read(b->in, buf, cap);
}

static int feed_streamed(struct batch *b, struct bytes key)
{
	uint8_t *buf = mem_alloc(NULL, PUT_READ);
	int r = buf ? txn_put_begin(b->p->txn, 0, key, 0) : ERR_MEMORY;
	ssize_t n = 0;

	while (r == 0 && (n = record_value_read(b->reader, buf, PUT_READ)) > 0)
		r = txn_put_feed(b->p->txn, buf, (size_t)n);
	if (r == 0)
		r = n < 0 ? (int)n : txn_put_end(b->p->txn);
	if (r < 0 && buf)
		txn_put_cancel(b->p->txn);
	mem_free(NULL, buf);
	return r;
}

static int add(struct batch *b, const struct record *rec)
{
	if (rec->absent)
		return txn_remove(b->p->txn, 0, rec->key);
	if (rec->streamed)
		return feed_streamed(b, rec->key);
	return txn_put(b->p->txn, 0, rec->key, rec->value, 0);
}

static bool is_bad_record(int r)
{
	return r == ERR_BAD_RECORD || r == ERR_TOO_BIG;
}

/* 0: tolerated, go on; else the error that ends the input. */
static int refuse(struct batch *b, int r)
{
	struct bytes raw = record_raw(b->reader);

	if (!is_bad_record(r) || b->bad_n == b->opt->max_bad)
		return r;
	b->bad_n++;
	cli_problem(b->p->cli, r);
	if (!b->rejects)
		return 0;
	r = out_write(b->rejects, raw.ptr, raw.len);
	if (r == 0 && raw.len && raw.ptr[raw.len - 1] != '\n')
		r = out_write(b->rejects, "\n", 1);
	return r;
}

static int each_record(struct batch *b)
{
	struct record rec;
	int r;

	for (;;) {
		if (!record_ready(b->reader)) {
			r = put_pause(b->p, b->in);
			if (r < 0)
				return r;
		}
		r = record_next(b->reader, &rec);
		if (r == 0)
			return 0;
		if (r == 1)
			r = add(b, &rec);
		if (r < 0)
			r = refuse(b, r);
		else {
			b->p->progress.bytes = b->p->bytes_before + in_total(b->in);
			r = put_counted(b->p);
		}
		if (r < 0)
			return r;
	}
}

/* The records before the fault are kept; how to go on behind it. */
static int end_in_error(struct batch *b, int r)
{
	struct put *p = b->p;
	struct err_note note;
	uint64_t line = b->reader ? record_line(b->reader) : 0;

	err_take(&note, r);
	if (p->atomic) {
		if (r == ERR_ABSENT)
			return r;
		err_give(&note);
		err_hint("nothing of this input was written (--atomic)");
		return r;
	}
	if (put_commit(p) < 0)
		return r == ERR_ABSENT ? ERR_IO : r;
	if (r == ERR_ABSENT)
		return r;
	err_give(&note);
	if (is_bad_record(r) && b->opt->format != RECORD_CDB)
		err_hint("the %llu records before it are committed; mend the line and go on "
			 "with: tail -n +%llu", (unsigned long long)p->durable,
			 (unsigned long long)line);
	else if (!note.hint[0])
		err_hint("the %llu records before it are committed",
			 (unsigned long long)p->durable);
	return r;
}

static int one_file(struct batch *b, const char *name)
{
	struct record_source source = { fill, b, NULL };
	int r;

	if (!strcmp(name, "-"))
		cli_reading_stdin(b->p->cli);
	else
		source.name = name;
	r = in_open(&b->in, name, true, store_mem(b->p->store));
	if (r == 0)
		r = record_open(&b->reader, b->opt->format, RECORD_PAIRS, &source, 0, 0,
				store_mem(b->p->store));
	if (r == 0)
		r = each_record(b);
	if (r < 0)
		r = end_in_error(b, r);
	b->p->bytes_before += b->in ? in_total(b->in) : 0;
	record_close(b->reader);
	in_close(b->in);
	b->reader = NULL;
	b->in = NULL;
	return r;
}

static int all_files(struct batch *b)
{
	const char *name = cli_operand_if_any(b->p->cli);
	int r = one_file(b, name ? name : "-");

	while (r == 0 && name && (name = cli_operand_if_any(b->p->cli)))
		r = one_file(b, name);
	return r < 0 ? r : put_commit(b->p);
}

static int report(struct batch *b, int r)
{
	struct put *p = b->p;

	if (r == ERR_ABSENT && cli_stopped()) {
		cli_say(p->cli, "stopped: %llu records are durable",
			(unsigned long long)p->durable);
		return 0;
	}
	if (r == 0 && p->dry_run)
		cli_say(p->cli, "would write %llu records", (unsigned long long)p->count);
	return r;
}

int put_batch(struct put *p, const struct put_batch *opt)
{
	struct batch b = { .p = p, .opt = opt };
	int r = 0;

	if (opt->rejects)
		r = out_open(&b.rejects, opt->rejects, NULL);
	if (r < 0)
		return r;
	progress_begin(&p->progress, p->cli, "records", 0);
	r = all_files(&b);
	progress_end(&p->progress, r < 0 ? NULL : "wrote %s records in %s, %llu rejected",
		     output_count(p->durable), output_time(progress_elapsed_ns(&p->progress)),
		     (unsigned long long)b.bad_n);
	if (b.rejects) {
		/* Kept also when the input stopped: it says what was refused. */
		struct err_note note;
		int kept;

		err_take(&note, r);
		kept = out_commit(b.rejects);
		if (r == 0)
			r = kept;
		else
			err_give(&note);
	}
	return report(&b, r);
}
