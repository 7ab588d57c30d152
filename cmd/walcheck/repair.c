/* cmd/walcheck/repair.c - a new store beside the damaged one
 *
 * Built as DIR.partial and renamed when it is whole and was checked, so that
 * nobody takes an unfinished one for the repaired store.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/common/place.h"
#include "cmd/walcheck/walcheck.h"
#include "graph/rescue.h"
#include "store/salvage.h"

struct repair {
	struct walcheck *w;
	struct output *out;
	struct place place;
};

static int tell(void *ctx, const struct salvage_lost *l)
{
	static const char *const names[] = {
		[SALVAGE_LOST] = "lost", [SALVAGE_DOUBTFUL] = "doubtful",
		[SALVAGE_RANGE] = "lost-range", [SALVAGE_COMMIT] = "lost-commit",
		[SALVAGE_GRAPH] = "lost-graph", [SALVAGE_FILE] = "lost-part",
		[SALVAGE_NODES] = "lost-nodes", [SALVAGE_EDGES] = "lost-edges",
		[SALVAGE_STATES] = "lost-properties", [SALVAGE_INDEX] = "lost-index",
		[SALVAGE_SNAPSHOT] = "lost-snapshot",
	};
	struct output *o = ((struct repair *)ctx)->out;
	bool has_key = l->key.len && l->what != SALVAGE_GRAPH;
	bool ranged = l->what == SALVAGE_RANGE || l->what == SALVAGE_NODES || l->ranged;
	char what[32];

	snprintf(what, sizeof what, "%s%s", names[l->what],
		 l->ranged ? "-range" : "");
	output_text(o, "what", what);
	if (has_key)
		output_bytes(o, "key", l->key);
	else
		output_absent(o, "key");
	if (ranged && l->high.ptr)
		output_bytes(o, "before", l->high);
	else
		output_absent(o, "before");
	if (l->version)
		output_version(o, "version", l->version);
	else
		output_absent(o, "version");
	if (l->graph)
		output_text(o, "graph", l->graph);
	else
		output_absent(o, "graph");
	output_text(o, "why", l->words);
	return output_row(o);
}

static int step(void *ctx, uint64_t entry_n, uint64_t bytes)
{
	struct repair *p = ctx;

	progress_at(&p->w->progress, entry_n, bytes);
	return cli_stopped() ? err_set(ERR_IO, "stopped by a signal: nothing was made") : 0;
}

/* --- graphs --- */

struct of_graph {
	struct repair *repair;
	const struct salvage_graph *g;
};

static int graph_stop(void *ctx)
{
	const struct of_graph *o = ctx;

	const struct progress *p = &o->repair->w->progress;

	return step(o->repair, p->items, p->bytes);
}

static int graph_lost(void *ctx, const struct rescue_lost *from)
{
	static const enum salvage_loss what[] = {
		[RESCUE_NODES] = SALVAGE_NODES, [RESCUE_EDGES] = SALVAGE_EDGES,
		[RESCUE_EDGES_IN] = SALVAGE_EDGES, [RESCUE_NODE_STATES] = SALVAGE_STATES,
		[RESCUE_EDGE_STATES] = SALVAGE_STATES, [RESCUE_INDEX] = SALVAGE_INDEX,
	};
	const struct of_graph *o = ctx;
	char words[700];
	struct salvage_lost l = {
		.what = what[from->what], .graph = o->g->row->name, .key = from->key,
		.high = from->before, .ranged = from->ranged, .version = o->g->row->version,
		.words = words,
	};

	snprintf(words, sizeof words, "%s", from->words);
	if (from->what == RESCUE_EDGES || from->what == RESCUE_EDGE_STATES)
		snprintf(words, sizeof words, "%s of type \"%s\": %.400s",
			 from->what == RESCUE_EDGES ? "edges" : "properties of edges",
			 from->typed ? bytes_show(from->type) : "?", from->words);
	return o->g->tell(o->g->tell_ctx, &l);
}

static int graph(void *ctx, const struct salvage_graph *g, struct manifest_graph *made)
{
	struct of_graph of = { ctx, g };
	const struct rescue from = {
		.from = g->from, .from_id = g->from_id, .graph = g->row, .to = g->to,
		.to_id = g->to_id, .mem = g->mem, .lost = graph_lost, .stop = graph_stop,
		.ctx = &of,
	};
	int r = rescue_graph(&from, made);

	return r < 0 ? r : 0;
}

static int any_finding(void *ctx, const struct check_finding *f)
{
	(void)ctx;
	if (f->weight == CHECK_NOTE)
		return 0;
	/* what cannot be read back is no fault of what was written */
	return err_set(f->weight == CHECK_UNREADABLE ? f->code : ERR_BUG,
		       "%s: the new store is not sound: %s", f->file, f->what);
}

/* What was written is read back before anyone is told that it is there. */
static int check_again(struct walcheck *w, struct backend *b)
{
	const struct check c = {
		.backend = b, .mem = &w->mem, .full = true, .found = any_finding,
	};

	return check_store(&c);
}

static int say_result(struct walcheck *w, const struct salvage *s, int r, const char *dir)
{
	if (r == 0) {
		cli_note(w->cli, "%s: %s entries and %s graphs, all there were, as of version %"
			 PRIu64, dir, output_count(s->entry_n), output_count(s->graph_n),
			 s->version);
		return 0;
	}
	err_set(ERR_DAMAGED, "%s: %s entries and %s graphs are copied; listed: "
		"losses %s, doubtful keys %s", dir, output_count(s->entry_n),
		output_count(s->graph_n), output_count(s->lost_n),
		output_count(s->doubtful_n));
	return ERR_DAMAGED;
}

/* DIR, or the folder it is to be made in. */
static char *where(const char *dir)
{
	char *real = realpath(dir, NULL), *parent;
	size_t len = strlen(dir);

	if (real)
		return real;
	parent = mem_zalloc(NULL, len + 2);
	if (!parent)
		return NULL;
	memcpy(parent, dir, len);
	while (len && parent[len - 1] == '/')
		len--;
	while (len && parent[len - 1] != '/')
		len--;
	parent[len] = '\0';
	if (!len)
		strcpy(parent, ".");
	real = realpath(parent, NULL);
	mem_free(NULL, parent);
	return real;
}

/* A new store inside the damaged one would be written to it. */
static int outside(const char *dir, const struct backend *from)
{
	char *to = where(dir), *store = realpath(from->path, NULL);
	size_t len = store ? strlen(store) : 0;
	bool inside = to && store && !strncmp(to, store, len) &&
		(to[len] == '/' || to[len] == '\0');

	free(to);
	free(store);
	return inside ? err_set(ERR_USAGE, "%s: lies in the store that is repaired, %s", dir,
				from->path) : 0;
}

static int build(struct repair *p, struct backend *from)
{
	struct walcheck *w = p->w;
	struct salvage s = {
		.from = from, .mem = &w->mem, .lost = tell, .ctx = p,
		.who = w->cli->tool->name, .step = step,
		.graph = graph,
	};
	struct err_note note;
	int r = backend_local_create(&s.to, p->place.partial), e;

	if (r == 0)
		r = salvage_store(&s);
	if (r == 0 || r == ERR_DAMAGED) {
		e = check_again(w, s.to);
		if (e == 0)
			e = place_commit(&p->place);
		r = e < 0 ? e : say_result(w, &s, r, p->place.dir);
	}
	err_take(&note, r);
	if (r < 0 && r != ERR_DAMAGED)
		place_abort(&p->place);
	backend_close(s.to);
	return r < 0 ? err_give(&note) : r;
}

int repair_store(struct walcheck *w, struct backend *from)
{
	struct repair p = { .w = w };
	enum output_style style = w->cli->json ? OUTPUT_JSON : OUTPUT_TSV;
	struct err_note note;
	int r, e;

	cli_catch_signals();
	r = outside(w->repair, from);
	if (r < 0)
		return r;
	rmdir(w->repair);	/* an empty folder: the new store takes its place */
	r = place_begin(&p.place, w->repair);
	if (r == 0)
		r = output_open(&p.out, style, output_stdout(), &w->mem);
	if (r == 0) {
		r = build(&p, from);
		e = output_end(p.out);
		if (e < 0 && (r == 0 || r == ERR_DAMAGED))
			r = e;
	}
	if (r < 0 && !p.out) {
		err_take(&note, r);
		place_abort(&p.place);
		err_give(&note);
	}
	output_close(p.out);
	place_release(&p.place);
	return r;
}
