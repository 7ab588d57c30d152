/* strato-walcheck - verify, list and repair
 *
 * Reads, front to back, the log of a store or a log file alone, and with --full
 * all else a store has.  A sound store is silence and status 0; a torn tail is
 * silence and status 1; each damaged place is told by itself, and the status is 76.
 * Nothing that is read is ever written to: --repair makes a new store.
 */
#include "cmd/walcheck/walcheck.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "graph/rescue.h"
#include "io/stream.h"
#include "io/view.h"

enum { OPT_SINCE = 1, OPT_UNTIL, OPT_REPAIR };

static const struct cli_tool tool = {
	.name = "strato-walcheck",
	.does = "verify, list and repair a store's log, or all of a store",
	.usage = "[OPTION]... [-s DIR]\n"
		 "[OPTION]... FILE...\n"
		 "[OPTION]... --repair=NEWDIR [-s DIR]",
	.examples = "strato-walcheck -s /data/kv --full\n"
		    "strato-walcheck -l copy.wal | tail",
};

/* --- findings --- */

static const char *weight_name(enum check_weight w)
{
	static const char *const names[] = {
		[CHECK_NOTE] = "note", [CHECK_TORN] = "torn-tail",
		[CHECK_DAMAGE] = "damage", [CHECK_UNREADABLE] = "unreadable",
	};

	return names[w];
}

static int tell_json(struct walcheck *w, const struct check_finding *f)
{
	struct json *j = &w->json;

	json_object(j, NULL);
	json_text(j, "finding", weight_name(f->weight));
	json_text(j, "kind", check_word(f->kind));
	json_text(j, "file", f->file);
	if (f->off != CHECK_NOWHERE)
		json_u64(j, "offset", f->off);
	json_text(j, "what", f->what);
	if (f->sums) {
		char sum[16];

		snprintf(sum, sizeof sum, "%08" PRIx32, f->expected);
		json_text(j, "expected", sum);
		snprintf(sum, sizeof sum, "%08" PRIx32, f->got);
		json_text(j, "found", sum);
	}
	if (f->version)
		json_version(j, "version", f->version);
	if (f->in_log)
		json_u64(j, "beyond", f->beyond_n);
	if (f->snapshot.ptr)
		json_bytes(j, "snapshot", f->snapshot);
	if (f->graph)
		json_text(j, "graph", f->graph);
	if (f->key.len)
		json_bytes(j, f->ranged ? "from" : "key", f->key);
	if (f->ranged && f->before.ptr)
		json_bytes(j, "before", f->before);
	if (f->typed)
		json_bytes(j, "type", f->type);
	if (f->hit_n)
		json_u64(j, "hit", f->hit_n);
	json_text(j, "consequence", f->so);
	json_text(j, "next", f->next);
	json_object_end(j);
	return json_line(j, output_stdout());
}

static void add(char *text, size_t cap, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(char *text, size_t cap, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + len, cap - len, fmt, ap);
	va_end(ap);
}

static bool of_graph(const struct check_finding *f)
{
	return f->kind == CHECK_NODES || f->kind == CHECK_EDGES || f->kind == CHECK_STATES;
}

static void word_finding(char *text, size_t cap, const struct check_finding *f)
{
	snprintf(text, cap, "%s", f->file);
	if (f->off != CHECK_NOWHERE)
		add(text, cap, ": offset %" PRIu64, f->off);
	add(text, cap, ": %s", f->what);
	if (f->sums)
		add(text, cap, " (expected %08" PRIx32 ", found %08" PRIx32 ")",
		    f->expected, f->got);
	if (f->in_log && f->version)
		add(text, cap, "; version %" PRIu64, f->version);
	if (f->in_log && f->weight == CHECK_DAMAGE)
		add(text, cap, "; %" PRIu64 " sound commits beyond", f->beyond_n);
	if (f->snapshot.ptr)
		add(text, cap, "; snapshot \"%s\"", bytes_show(f->snapshot));
	if (f->graph)
		add(text, cap, "; graph \"%s\"", bytes_show(bytes_str(f->graph)));
	if (f->key.len && !f->ranged)
		add(text, cap, "; %s \"%s\"", of_graph(f) ? "node" : "key", bytes_show(f->key));
	if (*f->so)
		add(text, cap, ": %s", f->so);
}

static int tell(void *ctx, const struct check_finding *f)
{
	struct walcheck *w = ctx;
	struct check_finding named = *f;
	char text[1024];

	if (w->file && !strncmp(f->file, "./", 2))
		named.file += 2;	/* typed without a folder */
	f = &named;
	w->damage_n += f->weight == CHECK_DAMAGE;
	w->unreadable_n += f->weight == CHECK_UNREADABLE;
	if (w->cli->json)
		return f->weight == CHECK_NOTE && !w->cli->verbose ? 0 : tell_json(w, f);
	word_finding(text, sizeof text, f);
	if (f->weight == CHECK_NOTE || f->weight == CHECK_TORN) {
		cli_note(w->cli, "%s", text);
		return 0;
	}
	err_set(f->code, "%s", text);
	if (*f->next)
		err_hint("%s", f->next);
	cli_finding(w->cli, f->code);
	return 0;
}

/* The last word, after all findings. */
static int sum_up(struct walcheck *w, int r, const char *what)
{
	if (r == ERR_DAMAGED && w->damage_n) {
		err_set(r, "%s: %s damaged place%s", what, output_count(w->damage_n),
			w->damage_n == 1 ? "" : "s");
		if (!w->full && !w->file)
			err_hint("--full checks all of a store, not only its log");
	} else if (w->unreadable_n) {
		err_set(r, "%s: %s file%s could not be checked", what,
			output_count(w->unreadable_n), w->unreadable_n == 1 ? "" : "s");
	}
	return r;
}

/* --- what of a graph is hit --- */

struct hit {
	struct walcheck *w;
	const char *graph;
	struct bytes snapshot;
	const char *dir;
};

static const char *const hit_so[] = {
	[RESCUE_NODES] = "these nodes have no names any more",
	[RESCUE_EDGES] = "questions that go out of these nodes fail",
	[RESCUE_EDGES_IN] = "questions that go into these nodes fail",
	[RESCUE_NODE_STATES] = "labels and properties of these nodes cannot be read",
	[RESCUE_EDGE_STATES] = "properties of edges cannot be read",
	[RESCUE_INDEX] = "",
};

static void word_hit(char *what, size_t cap, const struct rescue_lost *l)
{
	static const char *const of[] = {
		[RESCUE_NODES] = "nodes", [RESCUE_EDGES] = "edges out of",
		[RESCUE_EDGES_IN] = "edges into", [RESCUE_NODE_STATES] = "what is said of",
		[RESCUE_EDGE_STATES] = "what is said of edges out of", [RESCUE_INDEX] = "index",
	};

	snprintf(what, cap, "%s", of[l->what]);
	if (!l->ranged)
		add(what, cap, " a node");
	else if (!l->key.ptr && !l->before.ptr)
		add(what, cap, "%s", l->what == RESCUE_NODES ? "" : " nodes");
	else if (l->what == RESCUE_NODES)
		add(what, cap, " after \"%s\"", l->key.ptr ? bytes_show(l->key) : "");
	else
		add(what, cap, " nodes from \"%s\" on", l->key.ptr ? bytes_show(l->key) : "");
	if (l->ranged && l->before.ptr)
		add(what, cap, ", before \"%s\"", bytes_show(l->before));
	if (l->typed)
		add(what, cap, ", of type \"%s\"", bytes_show(l->type));
	if (l->n)
		add(what, cap, ": %" PRIu64, l->n);
}

static int tell_hit(void *ctx, const struct rescue_lost *l)
{
	static const enum check_kind kind[] = {
		[RESCUE_NODES] = CHECK_NODES, [RESCUE_EDGES] = CHECK_EDGES,
		[RESCUE_EDGES_IN] = CHECK_EDGES, [RESCUE_NODE_STATES] = CHECK_STATES,
		[RESCUE_EDGE_STATES] = CHECK_STATES, [RESCUE_INDEX] = CHECK_PROPERTY_INDEX,
	};
	const struct hit *h = ctx;
	char what[900];
	const struct check_finding f = {
		.kind = kind[l->what], .weight = CHECK_DAMAGE, .code = ERR_DAMAGED,
		.file = h->dir, .off = CHECK_NOWHERE, .what = what, .graph = h->graph,
		.snapshot = h->snapshot, .key = l->key, .before = l->before,
		.ranged = l->ranged, .typed = l->typed, .type = l->type, .hit_n = l->n,
		.so = hit_so[l->what],
		.next = "strato-walcheck --repair=NEWDIR brings back what the rest of the "
			"graph can say",
	};

	word_hit(what, sizeof what, l);
	return tell(h->w, &f);
}

static int graph_hit(void *ctx, const struct manifest_graph *g, const uint8_t store_id[16],
		     struct bytes snapshot)
{
	struct walcheck *w = ctx;
	struct hit h = { w, g->name, snapshot, w->backend->path };
	const struct rescue look = {
		.from = w->backend, .from_id = store_id, .graph = g, .mem = &w->mem,
		.lost = tell_hit, .ctx = &h,
	};
	int r = rescue_graph(&look, NULL);

	if (r != ERR_DAMAGED)
		return r < 0 ? r : 0;
	err_clear();		/* no node has a name: its files were told */
	return 0;
}

/* --- what is checked --- */

static void at(void *ctx, uint64_t done, uint64_t all)
{
	struct walcheck *w = ctx;

	w->progress.total = all;
	progress_at(&w->progress, 0, done);
}

static struct check the_check(struct walcheck *w)
{
	return (struct check){
		.mem = &w->mem, .full = w->full, .commit = list_commit,
		.entry = list_entry, .found = tell, .graph = graph_hit,
		.at = at, .ctx = w,
	};
}

static int one_store(struct walcheck *w, const char *dir)
{
	struct check c = the_check(w);
	int r = backend_local(&c.backend, dir, false);

	if (r == ERR_NO_STORE)
		err_hint("create one with 'strato-init %s'", dir);
	if (r < 0)
		return r;
	w->backend = c.backend;
	r = w->repair ? repair_store(w, c.backend) : sum_up(w, check_store(&c), dir);
	backend_close(c.backend);
	return r;
}

static int one_file(struct walcheck *w, const char *path)
{
	struct check c = the_check(w);
	struct plain *p;
	int r = plain_open(&p, path);

	if (r < 0)
		return r;
	w->file = true;
	r = sum_up(w, check_log(&c, plain_file(p)), path);
	plain_close(p);
	return r;
}

/* Of several answers the worst: damage, then what could not be read, then a torn
 * tail. */
static int worse(int a, int b)
{
	if (a == ERR_DAMAGED || b == 0 || (a < 0 && b == ERR_TORN_TAIL))
		return a;
	return b == ERR_DAMAGED || a == 0 || a == ERR_TORN_TAIL ? b : a;
}

static int all_files(struct walcheck *w)
{
	unsigned n = 0, bad = 0;
	const char *path;
	int worst = 0;

	while ((path = cli_operand_if_any(w->cli))) {
		int r;

		w->damage_n = w->unreadable_n = 0;
		r = one_file(w, path);
		n++;
		worst = worse(worst, r);
		if (r == 0 || r == ERR_TORN_TAIL)
			continue;
		bad++;
		if (n > 1 || cli_operand_peek(w->cli))
			cli_finding(w->cli, r);
	}
	return n > 1 && bad ? err_set(worst, "%u of %u files are not sound", bad, n) : worst;
}

static int walcheck(struct walcheck *w)
{
	struct settings settings;
	int r = cli_settings(w->cli, &settings, bytes_of("", 0), "config"), e;

	if (r < 0)
		return r;
	mem_init(&w->mem, setting_u64(&settings, SETTING_MEMORY_LIMIT));
	w->record.mem = &w->mem;
	progress_begin(&w->progress, w->cli, w->repair ? "entries" : "bytes", 0);
	json_init(&w->json, &w->mem);
	if (w->list)
		r = output_open(&w->out, cli_style(w->cli, false), output_stdout(), &w->mem);
	if (r == 0)
		r = cli_operand_peek(w->cli) ? all_files(w) : one_store(w, cli_store(w->cli));
	progress_end(&w->progress, NULL);
	e = w->out ? output_end(w->out) : 0;
	r = e < 0 ? e : r;
	if (w->stats && (r == 0 || r == ERR_TORN_TAIL || r == ERR_DAMAGED)) {
		e = list_stats(w);
		r = e < 0 ? e : r;
	}
	output_close(w->out);
	json_release(&w->json);
	buf_release(&w->record);
	return r;
}

int main(int argc, const char **argv)
{
	struct walcheck w = { 0 };
	const struct poptOption table[] = {
		CLI_OPTION_LONG(&w.list),
		CLI_FLAG("stats", 0, &w.stats, "count commits and records"),
		CLI_TEXT("since", 0, OPT_SINCE, "list and count what is later than V", "V"),
		CLI_TEXT("until", 0, OPT_UNTIL, "list and count up to V", "V"),
		CLI_FLAG("full", 0, &w.full, "verify every byte of the store"),
		CLI_TEXT("repair", 0, OPT_REPAIR, "make a new store of what is sound", "NEWDIR"),
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct cli cli;

	stream_guard_std();
	view_guard();
	w.cli = &cli;
	cli_begin(&cli, &tool, argc, argv, table);
	w.since = cli_u64(&cli, OPT_SINCE, 0, UINT64_MAX, 0);
	w.until = cli_u64(&cli, OPT_UNTIL, 0, UINT64_MAX, UINT64_MAX);
	w.repair = cli_text(&cli, OPT_REPAIR);
	if (w.repair && (w.list || w.stats || w.full))
		cli_usage(&cli, "--repair goes without -l, --stats and --full: it reads all");
	if (cli_operand_peek(&cli) && cli_given(&cli, CLI_VAL_STORE))
		cli_usage(&cli, "either -s or a FILE, not both");
	if (cli_operand_peek(&cli) && (w.repair || w.full))
		cli_usage(&cli, "--%s is for a store, not for a FILE",
			  w.repair ? "repair" : "full");
	return cli_end(&cli, walcheck(&w));
}
