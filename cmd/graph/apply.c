/* strato-graph apply - many changes, an operation a line, in groups that are whole
 *
 * Operations gather until their group ends: at a line "commit", after so many of them
 * (--commit-every), or with the input.  A group is one commit; a line that is none takes
 * nothing of its group along.  What was acknowledged is durable.
 */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/size.h"
#include "cli/progress.h"
#include "cmd/graph/changing.h"
#include "graph/text/ops.h"
#include "graph/text/text.h"

#define READ (256u << 10)	/* at a time */
#define WAIT_NS 100000000u	/* between two looks at the signals */

enum { OPT_COMMIT_EVERY = 1, OPT_VERSION_IS };

static const struct cli_tool tool = {
	.name = "strato-graph apply",
	.does = "apply many changes, in atomic groups",
	.usage = "[OPTION]... [FILE]...",
	.examples = "strato-graph apply -s /data/kv -g kg changes.tsv\n"
		    "strato-graph log -s /data/a -g kg | strato-graph apply -s /data/b -g kg",
};

struct apply {
	struct cli *cli;
	struct changing g;
	struct out *out;		/* acknowledgements */
	struct progress progress;
	int ack, atomic;
	uint64_t every_n, every_ns;	/* a group is so many, or what comes in so long */
	uint64_t first_ns;		/* when the first of this group came */
	bool conditional;		/* --if-version */
	uint64_t op_n, durable;		/* operations read, and committed */
	uint64_t group_n;		/* groups that a line ended */
	struct update_done sum;
	/* one input */
	struct in *in;
	struct buf lines;		/* read; used up to AT */
	size_t at;
	bool ended;
	size_t line_most;
	uint64_t line, group_line;	/* the last read; the first of its group */
	struct ops_room room;
};

/* --- groups --- */

static int acknowledge(struct apply *a, uint64_t version)
{
	char line[96];
	int n, r;

	if (!a->ack)
		return 0;
	n = snprintf(line, sizeof line, a->cli->json ? "{\"count\":%llu,\"version\":\"%llu\"}\n" :
		     "%llu\t%llu\n", (unsigned long long)a->durable,
		     (unsigned long long)version);
	r = out_write(a->out, line, (size_t)n);
	return r < 0 ? r : out_flush(a->out);
}

static int end_group(struct apply *a)
{
	struct update_done done;
	int r;

	a->group_line = a->line + 1;
	if (update_pending(a->g.update) == 0)
		return 0;
	r = a->g.dry ? update_try(a->g.update, &done) : update_commit(a->g.update, &done);
	if (r < 0)
		return r;
	a->sum.node_n += done.node_n;
	a->sum.edge_n += done.edge_n;
	a->sum.absent_n += done.absent_n;
	a->sum.version = done.version;
	a->durable = a->op_n;
	if (a->conditional)
		update_expect(a->g.update, done.version);
	if (!a->g.dry)
		return acknowledge(a, done.version);
	update_drop(a->g.update);
	return 0;
}

static int take(struct apply *a, const struct update_op *op)
{
	int r;

	if (op->kind == UPDATE_COMMIT) {
		a->group_n++;
		return a->atomic ? 0 : end_group(a);
	}
	r = update_add(a->g.update, op);
	if (r < 0)
		return r;
	if (a->op_n++ == a->durable && a->every_ns)
		a->first_ns = clock_ns();
	progress_at(&a->progress, a->op_n, in_total(a->in));
	if (a->op_n - a->durable >= a->every_n ||
	    (a->every_ns && clock_ns() - a->first_ns >= a->every_ns))
		return end_group(a);
	return 0;
}

/* --- lines --- */

/* Nothing there yet: what has waited for its time is committed. */
static int pause_for(struct apply *a)
{
	while (in_would_block(a->in)) {
		bool due = a->every_ns && a->op_n > a->durable;
		uint64_t wait = WAIT_NS, now = due ? clock_ns() : 0;
		int r;

		if (cli_stopped())
			return ERR_ABSENT;
		if (due && now >= a->first_ns + a->every_ns) {
			r = end_group(a);
			if (r < 0)
				return r;
		} else if (due && a->first_ns + a->every_ns - now < wait) {
			wait = a->first_ns + a->every_ns - now;
		}
		update_rest(a->g.update);
		in_wait(a->in, wait);
	}
	return cli_stopped() ? ERR_ABSENT : 0;
}

static int more(struct apply *a)
{
	struct buf *b = &a->lines;
	ssize_t n;
	int r = pause_for(a);

	if (r < 0)
		return r;
	if (a->at)
		memmove(b->ptr, b->ptr + a->at, b->len - a->at);
	b->len -= a->at;
	a->at = 0;
	r = buf_reserve(b, READ);
	if (r < 0)
		return r;
	n = in_read(a->in, b->ptr + b->len, READ);
	if (n < 0)
		return (int)n;
	b->len += (size_t)n;
	a->ended = n == 0;
	return 0;
}

static int cut_off(struct apply *a)
{
	a->line++;
	return err_set(ERR_CUT_OFF, "the input ends in the middle of a line");
}

static int too_long(struct apply *a)
{
	a->line++;
	return err_set(ERR_BAD_RECORD, "a line over %zu bytes", a->line_most);
}

/* 1 and a line without its LF, 0 at the end. */
static int next_line(struct apply *a, struct bytes *out)
{
	size_t from = 0;

	for (;;) {
		const uint8_t *at = a->lines.ptr + a->at;
		size_t len = a->lines.len - a->at;
		const uint8_t *lf = len > from ? memchr(at + from, '\n', len - from) : NULL;
		int r;

		if (lf && (size_t)(lf - at) > a->line_most)
			return too_long(a);
		if (lf) {
			*out = bytes_of(at, (size_t)(lf - at));
			a->at += out->len + 1;
			a->line++;
			return 1;
		}
		if (len > a->line_most)
			return too_long(a);
		if (a->ended)
			return len ? cut_off(a) : 0;
		from = len;
		r = more(a);
		if (r < 0)
			return r;
	}
}

static int each_line(struct apply *a)
{
	struct update_op op;
	struct bytes line;
	int r;

	while ((r = next_line(a, &line)) > 0) {
		r = ops_read(line, &a->room, &op);
		if (r > 0)
			r = take(a, &op);
		if (r < 0)
			return r;
	}
	return r;
}

static bool is_input_error(int r)
{
	return r == ERR_BAD_RECORD || r == ERR_CUT_OFF || r == ERR_TOO_BIG;
}

/* Where it is, and how to go on. */
static int refuse(struct apply *a, int r)
{
	struct err_note note;
	uint64_t left = a->op_n - a->durable;

	update_drop(a->g.update);
	if (r == ERR_MEMORY)
		err_hint("a group is held in memory: end groups with \"commit\", or after N "
			 "operations with --commit-every=N");
	if (!is_input_error(r) || !a->in)
		return r;
	err_take(&note, r);
	err_set(r, "%s line %llu: %s", in_name(a->in), (unsigned long long)a->line, note.message);
	if (a->atomic || a->durable == 0)
		err_hint("nothing of this input was applied");
	else
		err_hint("the %llu operations before line %llu are committed; mend it and go on "
			 "with: tail -n +%llu", (unsigned long long)a->durable,
			 (unsigned long long)a->group_line, (unsigned long long)a->group_line);
	a->op_n -= left;
	return r;
}

/* A group whose end did not come may have lost more than that. */
static int last_group(struct apply *a)
{
	if (a->group_n && !a->atomic && a->every_n == UINT64_MAX &&
	    update_pending(a->g.update))
		return err_set(ERR_CUT_OFF, "the input ends in a group, without \"commit\"");
	return end_group(a);
}

static int one_file(struct apply *a, const char *name, bool last)
{
	int r;

	if (!strcmp(name, "-"))
		cli_reading_stdin(a->cli);
	r = in_open(&a->in, name, true, NULL);
	if (r < 0)
		return r;
	buf_clear(&a->lines);
	a->at = a->line = 0;
	a->group_line = 1;
	a->ended = false;
	r = each_line(a);
	if (r == 0 && last)
		r = last_group(a);
	if (r < 0)
		r = refuse(a, r);
	in_close(a->in);
	a->in = NULL;
	return r;
}

static int all_files(struct apply *a)
{
	const char *name = cli_operand_if_any(a->cli), *next;
	int r = 0;

	if (!name)
		name = "-";
	for (; r == 0 && name; name = next) {
		next = cli_operand_if_any(a->cli);
		r = one_file(a, name, !next);
	}
	return r;
}

/* --- the command --- */

static int report(struct apply *a, int r)
{
	unsigned long long n = a->durable;

	if (r == ERR_ABSENT && cli_stopped()) {
		cli_say(a->cli, "stopped: %llu operations are durable", n);
		return 0;
	}
	if (r == 0 && a->g.dry)
		cli_say(a->cli, "would apply %llu operations: %llu nodes, %llu edges", n,
			(unsigned long long)a->sum.node_n, (unsigned long long)a->sum.edge_n);
	if (r == 0 && a->sum.absent_n)
		cli_note(a->cli, "%llu of what was to go was not there",
			 (unsigned long long)a->sum.absent_n);
	return r;
}

static void begin_lines(struct apply *a)
{
	struct mem *mem = store_mem(a->g.store);

	a->line_most = graph_line_most(a->g.store);
	a->lines.mem = a->room.bytes.mem = a->room.props.mem = mem;
	a->room.labels.mem = a->room.unset.mem = a->room.unlabels.mem = mem;
}

static int apply(struct apply *a, uint64_t version)
{
	int r = changing_begin(&a->g, a->cli);

	if (r == 0 && a->ack)
		r = out_open(&a->out, NULL, NULL);
	if (r == 0) {
		begin_lines(a);
		if (a->conditional)
			update_expect(a->g.update, version);
		cli_catch_signals();
		progress_begin(&a->progress, a->cli, "operations", 0);
		r = all_files(a);
		progress_end(&a->progress, r < 0 ? NULL : "applied %s operations in %s",
			     output_count(a->durable),
			     output_time(progress_elapsed_ns(&a->progress)));
		r = report(a, r);
	}
	if (a->out && r == 0)
		r = out_commit(a->out);
	else if (a->out)
		out_abort(a->out);
	buf_release(&a->lines);
	ops_room_release(&a->room);
	return changing_end(&a->g, r);
}

static void read_commit_every(struct cli *c, struct apply *a)
{
	const char *text = cli_text(c, OPT_COMMIT_EVERY);
	const char *comma = text ? strchr(text, ',') : NULL;
	struct bytes n;
	int r;

	a->every_n = UINT64_MAX;
	if (!text)
		return;
	if (a->atomic)
		cli_usage(c, "--atomic and --commit-every exclude each other");
	n = comma ? bytes_of(text, (size_t)(comma - text)) : bytes_str(text);
	r = size_number("--commit-every", n, 1, UINT64_MAX, &a->every_n);
	if (r == 0 && comma)
		r = size_duration("--commit-every", bytes_str(comma + 1), 1000000, UINT64_MAX,
				  &a->every_ns);
	if (r < 0)
		cli_exit(c, r);
}

int apply_main(int argc, const char **argv)
{
	struct apply a = {0};
	const struct poptOption table[] = {
		CLI_OPTION_ACK(&a.ack),
		CLI_TEXT("commit-every", 0, OPT_COMMIT_EVERY,
			 "end a group after N operations or TIME", "N[,TIME]"),
		CLI_FLAG("atomic", 0, &a.atomic, "the whole input is one group"),
		CLI_TEXT("if-version", 0, OPT_VERSION_IS,
			 "only if V is the newest that changed the graph", "V"),
		CLI_OPTION_DRY_RUN,
		CLI_OPTION_GRAPH,
		CLI_OPTIONS_WRITE,
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	uint64_t version;
	struct cli cli;

	cli_begin(&cli, &tool, argc, argv, table);
	a.cli = &cli;
	a.conditional = cli_given(&cli, OPT_VERSION_IS);
	version = cli_u64(&cli, OPT_VERSION_IS, 1, UINT64_MAX, 0);
	read_commit_every(&cli, &a);
	if (a.ack && cli_given(&cli, CLI_VAL_NO_SYNC))
		cli_usage(&cli, "--ack promises what --no-sync does not keep");
	return cli_end(&cli, apply(&a, version));
}
