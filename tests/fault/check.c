/* tests/fault/check.c - what a store shows, and whether it may */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "tests/fault/world.h"

#define DOUBTS 4	/* commits that leave no mark: each may be there or not */

/* --- looking --- */

static uint32_t crc_of_value(struct world *w, struct store *s, const struct entry *e)
{
	static uint8_t buf[70000];
	struct value *v = NULL;
	uint64_t off = 0;
	uint32_t crc = 0;
	long n;

	world_must(w, value_open(&v, s, e), "opening a value");
	while ((n = value_read(v, off, buf, 1 + (size_t)world_rnd(w, sizeof buf))) > 0) {
		crc = crc32c(crc, buf, (size_t)n);
		off += (uint64_t)n;
	}
	world_must(w, (int)n, "reading a value");
	value_close(v);
	if (off != e->size || crc != e->crc)
		world_fail(w, "\"%s\": %llu bytes of %llu, checksum %08x, not %08x",
			   bytes_show(e->key), (unsigned long long)off,
			   (unsigned long long)e->size, crc, e->crc);
	return crc;
}

/* Where a key belongs; NULL: nobody ever wrote it. */
static struct seen *place_of(struct world *w, struct sight *t, struct bytes key)
{
	char buf[64];

	for (unsigned i = 0; i < WORLD_KEYS; i++)
		if (bytes_equal(key, world_key(i, buf)))
			return &t->key[i];
	for (unsigned i = 0; i < w->commit_n; i++)
		if (bytes_equal(key, world_mark(i, buf)))
			return &t->mark[i];
	return NULL;
}

static void scan(struct world *w, struct store *s, struct snapshot *v, bool reverse,
		 struct sight *out)
{
	struct scan_options o = { .from.reverse = reverse };
	struct buf before = { .mem = NULL };
	struct iter *it;
	struct entry e;
	int r;

	world_must(w, snapshot_scan(v, &o, &it), "beginning a scan");
	while ((r = iter_next(it, &e)) == 1) {
		struct seen *at = place_of(w, out, e.key);
		int way = before.len ? bytes_cmp(e.key, buf_bytes(&before)) : 0;

		if (!at)
			world_fail(w, "a scan shows \"%s\", which nobody wrote",
				   bytes_show(e.key));
		if (before.len && (reverse ? way >= 0 : way <= 0))
			world_fail(w, "a scan shows \"%s\" out of order", bytes_show(e.key));
		buf_clear(&before);
		buf_add(&before, e.key.ptr, e.key.len);
		*at = (struct seen){ e.version, e.size, e.expires_ms, crc_of_value(w, s, &e), true };
	}
	buf_release(&before);
	world_must(w, r, "a scan");
	iter_close(it);
}

static void same_key(struct world *w, const struct seen *a, const struct seen *b,
		     struct bytes key, const char *what)
{
	if (a->there && a->expires_ms && a->expires_ms <= world_clock_ms() && !b->there)
		return;
	if (a->there != b->there || (a->there && (a->version != b->version ||
						  a->expires_ms != b->expires_ms ||
						  a->size != b->size || a->crc != b->crc)))
		world_fail(w, "%s: \"%s\": %s at version %llu, %llu bytes; "
			   "then %s at version %llu, %llu bytes", what, bytes_show(key),
			   a->there ? "there" : "absent", (unsigned long long)a->version,
			   (unsigned long long)a->size, b->there ? "there" : "absent",
			   (unsigned long long)b->version, (unsigned long long)b->size);
}

void world_same(struct world *w, const struct sight *a, const struct sight *b, const char *what)
{
	char buf[64];

	for (unsigned i = 0; i < WORLD_KEYS; i++)
		same_key(w, &a->key[i], &b->key[i], world_key(i, buf), what);
	for (unsigned i = 0; i < w->commit_n; i++) {
		same_key(w, &a->mark[i], &b->mark[i], world_mark(i, buf), what);
		if (a->graph[i].there != b->graph[i].there)
			world_fail(w, "%s: graph g%u is not in both", what, i);
	}
	for (unsigned i = 0; i < WORLD_NETS; i++)
		if (net_differs(&a->net[i], &b->net[i]))
			world_fail(w, "%s: graph %u: %s", what, i,
				   net_differs(&a->net[i], &b->net[i]));
	if (a->version != b->version)
		world_fail(w, "%s: version %llu, then %llu", what,
			   (unsigned long long)a->version, (unsigned long long)b->version);
}

static struct seen seen_of(int r, const struct entry *e)
{
	if (r != 1)
		return (struct seen){ 0 };
	return (struct seen){ e->version, e->size, e->expires_ms, e->crc, true };
}

static void gets(struct world *w, struct snapshot *v, const struct sight *t)
{
	struct entry e;
	char buf[64];

	for (unsigned i = 0; i < WORLD_KEYS + w->commit_n; i++) {
		struct bytes key = i < WORLD_KEYS ? world_key(i, buf) :
				   world_mark(i - WORLD_KEYS, buf);
		const struct seen *at = i < WORLD_KEYS ? &t->key[i] : &t->mark[i - WORLD_KEYS];
		struct seen got;
		int r = snapshot_get(v, 0, key, &e);

		world_must(w, r, "a get");
		got = seen_of(r, &e);
		same_key(w, at, &got, key, "a scan and a get");
	}
}

/* The same keys through store_get, which takes another way. */
static void gets_now(struct world *w, struct store *s, const struct sight *t)
{
	struct entry e;
	char buf[64];

	for (unsigned i = 0; i < WORLD_KEYS; i++) {
		struct bytes key = world_key(i, buf);
		struct value *v = NULL;
		struct seen got;
		int r = store_get_value(s, 0, key, &e, &v);

		world_must(w, r, "a get by itself");
		got = seen_of(r, &e);
		if (r == 1)
			crc_of_value(w, s, &e);
		value_close(v);
		same_key(w, &t->key[i], &got, key, "a scan and a get by itself");
	}
}

static void look_at_graph(struct world *w, struct store *s, const struct manifest_graph *g,
			  struct sight *out)
{
	size_t len;
	struct segment *seg = NULL;
	struct bytes got;
	unsigned id;

	if (sscanf(g->name, "g%u", &id) != 1 || id >= w->commit_n ||
	    w->commit[id].kind != COMMIT_GRAPH || g->segment_n != 1)
		world_fail(w, "a graph \"%s\" that nobody made", g->name);
	len = 5000 + id * 1000 % 30000;
	world_must(w, segment_open(&seg, store_backend(s), &g->segment[0], store_id(s),
				   store_mem(s)), "opening a graph's segment");
	got = segment_section(seg, 1);
	world_must(w, segment_check(seg, got.ptr, got.len), "checking a graph's segment");
	if (got.len != len || memcmp(got.ptr, world_value(id, 0, len), len))
		world_fail(w, "graph \"%s\" has other bytes", g->name);
	segment_close(seg);
	out->graph[id] = (struct seen){ .version = g->version, .there = true };
}

static void look(struct world *w, struct store *s, struct snapshot *v, struct sight *out)
{
	const struct manifest *m = snapshot_manifest(v);

	memset(out, 0, sizeof *out);
	out->version = snapshot_version(v);
	scan(w, s, v, false, out);
	gets(w, v, out);
	for (uint32_t i = 0; i < m->graph_n; i++)
		if (net_is_name(m->graph[i].name))
			net_look(w, s, v, &m->graph[i], out);
		else
			look_at_graph(w, s, &m->graph[i], out);
}

void world_look(struct world *w, struct store *s, struct snapshot *v, struct sight *out)
{
	struct sight *back;

	look(w, s, v, out);
	if (world_rnd(w, 3))
		return;
	back = calloc(1, sizeof *back);
	if (!back)
		abort();
	memcpy(back->graph, out->graph, sizeof back->graph);
	memcpy(back->net, out->net, sizeof back->net);
	back->version = out->version;
	scan(w, s, v, true, back);
	world_same(w, out, back, "forwards and backwards");
	free(back);
}

/* --- judging --- */

/* The fates before the snapshot was taken: what was acknowledged while it was
 * looked at may be in it or not. */
struct before {
	enum commit_fate fate[WORLD_COMMITS];
};

struct verdict {
	bool present[WORLD_COMMITS];
	uint64_t at[WORLD_COMMITS];	/* version */
	uint64_t place[WORLD_COMMITS];	/* in the order of the commits: twice the version, or
					 * between two */
	unsigned order[WORLD_COMMITS], n;
	char why[512];
};

static const struct seen *trace_of(const struct commit *c, const struct sight *t)
{
	return c->kind == COMMIT_GRAPH ? &t->graph[c->id] : &t->mark[c->id];
}

/* Those that leave a trace: is it one they may leave? */
static void presence(struct world *w, const struct before *b, const struct sight *t,
		     struct verdict *v)
{
	for (unsigned i = 0; i < w->commit_n; i++) {
		const struct commit *c = &w->commit[i];
		const struct seen *trace = trace_of(c, t);

		if (c->marked)
			v->present[i] = trace->there;
		else if (c->version)
			v->present[i] = c->version <= t->version;
		else
			v->present[i] = c->fate == ACKED;
		v->at[i] = c->marked ? trace->version : c->version;
		if (b->fate[i] == ACKED && !v->present[i])
			world_fail(w, "commit %u was acknowledged at version %llu and is lost",
				   i, (unsigned long long)c->version);
		if (c->fate == GONE && v->present[i])
			world_fail(w, "commit %u was refused or lost and is there", i);
		if (v->present[i] && c->version && c->version != v->at[i])
			world_fail(w, "commit %u was at version %llu and is at %llu", i,
				   (unsigned long long)c->version,
				   (unsigned long long)v->at[i]);
		if (v->present[i] && v->at[i] > t->version)
			world_fail(w, "commit %u is at version %llu in a store at %llu", i,
				   (unsigned long long)v->at[i],
				   (unsigned long long)t->version);
	}
}

/* What is lost is at the end. */
static void prefix(struct world *w, const struct verdict *v)
{
	for (unsigned i = 0; i < w->commit_n; i++) {
		if (v->present[i] || !w->commit[i].version)
			continue;
		for (unsigned k = 0; k < w->commit_n; k++)
			if (v->present[k] && v->at[k] > w->commit[i].version)
				world_fail(w, "commit %u, version %llu, is lost, but commit %u, "
					   "version %llu, is there", i,
					   (unsigned long long)w->commit[i].version, k,
					   (unsigned long long)v->at[k]);
	}
}

/* Were A and B under way at the same time? */
static bool together(const struct world *w, const struct commit *a, const struct commit *b)
{
	const struct commit *first = a->id < b->id ? a : b, *second = a->id < b->id ? b : a;

	return w->weave && a != b && (!first->until || second->id < first->until);
}

/* The NTH place that a commit without a known version may have: behind all that were
 * over when it began, or behind one of those beside it.  0: there is no such place. */
static uint64_t place_of_unknown(const struct world *w, const struct verdict *v, unsigned id,
				 unsigned nth)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < w->commit_n; i++) {
		if (!v->present[i] || !v->at[i] || i == id)
			continue;
		if (!together(w, &w->commit[i], &w->commit[id])) {
			if (i < id && v->at[i] > last)
				last = v->at[i];
		} else if (nth && --nth == 0) {
			return 2 * v->at[i] + 1;
		}
	}
	return nth ? 0 : 2 * last + 1;
}

static void put_in_order(struct world *w, struct verdict *v)
{
	v->n = 0;
	for (unsigned i = 0; i < w->commit_n; i++) {
		unsigned k = v->n;

		if (!v->present[i])
			continue;
		if (v->at[i])
			v->place[i] = 2 * v->at[i];
		while (k && v->place[v->order[k - 1]] > v->place[i]) {
			v->order[k] = v->order[k - 1];
			k--;
		}
		v->order[k] = i;
		v->n++;
	}
	for (unsigned k = 1; k < v->n; k++)
		if (v->place[v->order[k]] == v->place[v->order[k - 1]] &&
		    w->commit[v->order[k]].marked && w->commit[v->order[k - 1]].marked)
			world_fail(w, "commits %u and %u are both at version %llu",
				   v->order[k - 1], v->order[k],
				   (unsigned long long)v->at[v->order[k]]);
}

struct row {
	bool there;
	unsigned id, op;
	uint32_t len;
	uint64_t version, expires_ms;
};

static bool alive(const struct row *row, uint64_t ms)
{
	return row->there && (!row->expires_ms || row->expires_ms > ms);
}

static bool apply(const struct commit *c, uint64_t version, struct row *row, char why[512])
{
	if (c->conditional) {
		const struct row *on = &row[c->op[0].key];

		if ((alive(on, c->wall_ms) ? on->version : 0) != c->cond_version) {
			snprintf(why, 512, "commit %u is there, but its key was at version "
				 "%llu, not %llu", c->id, (unsigned long long)on->version,
				 (unsigned long long)c->cond_version);
			return false;
		}
	}
	for (unsigned i = 0; i < c->op_n; i++)
		row[c->op[i].key] = (struct row){ !c->op[i].remove, c->id, i,
						  c->op[i].len, version,
						  world_expiry(c, i) };
	if (c->kind == COMMIT_RENAME && !alive(&row[c->from], c->wall_ms)) {
		snprintf(why, 512, "commit %u is there, but what it renames was not", c->id);
		return false;
	}
	if (c->kind == COMMIT_RENAME && c->from != c->to) {
		row[c->to] = row[c->from];
		row[c->to].version = version;
		row[c->from].there = false;
	}
	return true;
}

/* Do the present ones, in order, give exactly what is seen? */
static bool agrees(struct world *w, const struct sight *t, struct verdict *v)
{
	struct row row[WORLD_KEYS] = { 0 };
	struct net net[WORLD_NETS] = { 0 };
	uint64_t now = world_clock_ms();

	put_in_order(w, v);
	for (unsigned k = 0; k < v->n; k++) {
		const struct commit *c = &w->commit[v->order[k]];

		if (c->kind >= COMMIT_UPDATE)
			net_apply(net, c, (v->place[c->id] + 1) / 2);
		else if (!apply(c, v->at[v->order[k]], row, v->why))
			return false;
	}
	for (unsigned i = 0; i < WORLD_NETS; i++)
		if (net_differs(&t->net[i], &net[i])) {
			snprintf(v->why, sizeof v->why, "graph %u is another than it must be: %s",
				 i, net_differs(&t->net[i], &net[i]));
			return false;
		}
	for (unsigned i = 0; i < WORLD_KEYS; i++) {
		const struct seen *s = &t->key[i];
		const struct row *m = &row[i];
		char buf[64];

		if (s->there == alive(m, now) &&
		    (!s->there || (s->version == m->version && s->size == m->len &&
				   s->expires_ms == m->expires_ms &&
				   s->crc == crc32c(0, world_value(m->id, m->op, m->len), m->len))))
			continue;
		snprintf(v->why, sizeof v->why, "\"%s\" is %s at version %llu with %llu bytes; "
			 "commit %u left it %s at version %llu with %u bytes",
			 bytes_show(world_key(i, buf)), s->there ? "there" : "absent",
			 (unsigned long long)s->version, (unsigned long long)s->size, m->id,
			 alive(m, now) ? "there" : "absent", (unsigned long long)m->version,
			 m->len);
		return false;
	}
	return true;
}

/* Commits that leave no trace: each may be absent, or in one of some places. */
struct choice {
	unsigned id;
	bool must;			/* it is there, but nobody knows in which */
	unsigned picked;		/* 0: absent; else the place, and one */
	unsigned with;			/* fits that have it */
};

static unsigned without_trace(const struct world *w, struct choice choice[DOUBTS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->commit_n && n < DOUBTS; i++) {
		const struct commit *c = &w->commit[i];

		if (!c->marked && !c->version && c->fate != GONE)
			choice[n++] = (struct choice){ .id = i, .must = c->fate == ACKED };
	}
	return n;
}

/* One of them after the other in V; false: there is no such place. */
static bool pick(const struct world *w, const struct choice *choice, unsigned n,
		 struct verdict *v)
{
	for (unsigned i = 0; i < n; i++)
		v->present[choice[i].id] = choice[i].picked > 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned id = choice[i].id;

		if (choice[i].picked)
			v->place[id] = place_of_unknown(w, v, id, choice[i].picked - 1);
		if (choice[i].picked && !v->place[id])
			return false;
	}
	return true;
}

/* The next of all ways to choose: false when there was none. */
static bool next_choice(const struct world *w, struct choice *choice, unsigned n,
			const struct verdict *v)
{
	for (unsigned i = 0; i < n; i++) {
		choice[i].picked++;
		if (place_of_unknown(w, v, choice[i].id, choice[i].picked - 1))
			return true;
		choice[i].picked = choice[i].must;
	}
	return false;
}

static void settle_one(struct world *w, struct commit *c, bool there, uint64_t at, bool final)
{
	if (there && (!c->bulk || final)) {
		c->fate = ACKED;
		c->version = at;
		c->durable = final && !w->running;
	} else if (!there && final) {
		c->fate = GONE;
		c->version = 0;
	}
}

static void settle(struct world *w, const struct verdict *v, bool final)
{
	for (unsigned i = 0; i < w->commit_n; i++) {
		struct commit *c = &w->commit[i];

		if (c->fate == DOUBT && (c->marked || c->version))
			settle_one(w, c, v->present[i], v->at[i], final);
	}
}

static void judge(struct world *w, const struct before *b, const struct sight *t, bool final)
{
	struct choice choice[DOUBTS];
	unsigned n = without_trace(w, choice), fits = 0;
	struct verdict v = { .why = "" }, best;

	presence(w, b, t, &v);
	prefix(w, &v);
	best = v;
	for (unsigned i = 0; i < n; i++)
		choice[i].picked = choice[i].must;
	do {
		struct verdict try = v;

		if (!pick(w, choice, n, &try))
			continue;
		if (!agrees(w, t, &try)) {
			if (!best.why[0])
				best = try;
			continue;
		}
		fits++;
		for (unsigned i = 0; i < n; i++)
			choice[i].with += choice[i].picked != 0;
	} while (next_choice(w, choice, n, &v));
	if (!fits)
		world_fail(w, "%s", best.why);
	settle(w, &v, final);
	for (unsigned i = 0; i < n; i++) {
		if (choice[i].with == fits || choice[i].with == 0)
			settle_one(w, &w->commit[choice[i].id], choice[i].with > 0, 0, final);
	}
}

void world_check(struct world *w, struct store *s, bool final)
{
	struct sight *t = malloc(sizeof *t);
	struct snapshot *v = NULL;
	struct before b = { 0 };
	int r;

	if (!t)
		abort();
	for (unsigned i = 0; i < w->commit_n; i++)
		b.fate[i] = w->commit[i].fate;
	r = store_snapshot(s, &v);
	if (r == ERR_LOCKED && w->nested) {
		free(t);	/* a writer makes the log's index, and cannot now */
		return;
	}
	world_must(w, r, "a snapshot");
	world_look(w, s, v, t);
	judge(w, &b, t, final);
	if (!w->weave && world_rnd(w, 3) == 0)
		world_check_kept(w, s);
	if (!w->weave)
		gets_now(w, s, t);
	snapshot_close(v);
	free(t);
}
