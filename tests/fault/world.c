/* tests/fault/world.c - the commits of a history */
#include "tests/fault/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "store/tail.h"

struct world *world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof *w);

	if (!w)
		abort();
	w->seed = w->rng = seed;
	world_set_clock(seed);
	world_new_boot(w);
	return w;
}

void world_free(struct world *w)
{
	free(w);
}

uint64_t world_rnd(struct world *w, uint64_t n)
{
	w->rng = w->rng * 6364136223846793005u + 1442695040888963407u;
	return n ? (hash_u64(w->rng) >> 7) % n : 0;
}

void world_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->why, sizeof w->why, fmt, ap);
	va_end(ap);
	world_say("FAILED: %s", w->why);
	longjmp(w->out, 1);
}

bool world_excused(const struct world *w, int r)
{
	bool trouble = w->troubles > 0;

	for (int i = 0; i < WORLD_PROCS; i++)
		trouble |= w->proc[i].troubled && fault_hits(w->proc[i].fault);
	if (!w->acting || !trouble)
		return false;
	/* a failed flush is the failure of all who waited for it */
	if (!w->acting->troubled || !fault_hits(w->acting->fault))
		return w->weave && r == ERR_IO;
	return r == ERR_IO || r == ERR_NO_SPACE;
}

void world_must(struct world *w, int r, const char *what)
{
	if (r < 0 && world_excused(w, r)) {
		world_say("%s: %d %s", what, r, err_message());
		w->acting->armed = false;
		longjmp(w->acting->died, 2);
	}
	if (r < 0)
		world_fail(w, "%s: %d [%s] %s", what, r, err_word(r), err_message());
}

void world_say(const char *fmt, ...)
{
	static int verbose = -1;
	va_list ap;

	if (verbose < 0)
		verbose = getenv("STRATO_VERBOSE") != NULL;
	if (!verbose)
		return;
	va_start(ap, fmt);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	va_end(ap);
}

void world_new_boot(struct world *w)
{
	static char boot[40];

	snprintf(boot, sizeof boot, "%08x-%u", (unsigned)w->seed, ++w->boot);
	tail_set_boot(boot);
}

/* A disk may have no mappings: each process keeps an index of its own then. */
void world_unmap(const struct world *w, struct backend *b)
{
	if (w->no_maps)
		b->caps &= ~(unsigned)BACKEND_MAPS;
}

int world_handle(struct world *w, struct backend **out)
{
	int r = fault_again(out, w->disk);

	if (r == 0)
		world_unmap(w, *out);
	return r;
}

/* --- keys and values --- */

struct bytes world_key(unsigned i, char buf[64])
{
	/* different lengths, shared prefixes, a byte that is no text */
	return bytes_of(buf, (size_t)sprintf(buf, "k%c/%0*u\xff", 'a' + i % 3,
					     (int)(1 + i % 20), i));
}

struct bytes world_mark(unsigned id, char buf[64])
{
	return bytes_of(buf, (size_t)sprintf(buf, "m/%04u", id));
}

/* About half of it packs; no two commits write the same bytes. */
const uint8_t *world_value(unsigned id, unsigned op, size_t len)
{
	static uint8_t out[WORLD_VALUE_MAX];
	uint64_t seed = (uint64_t)id << 32 | op << 24, word = 0;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = i % 64 < 32 ? hash_u64(seed + i) : seed;
		out[i] = (uint8_t)(word >> (i % 8 * 8));
	}
	return out;
}

static uint32_t some_len(struct world *w)
{
	switch (world_rnd(w, 24)) {
	case 0: return 0;
	case 1: case 2: return 1020 + (uint32_t)world_rnd(w, 8);	/* inline or not */
	case 3: case 4: return 1 + (uint32_t)world_rnd(w, 9000);
	case 5: return (uint32_t)world_rnd(w, world_rnd(w, 4) ? 40000 : WORLD_VALUE_MAX);
	default: return 1 + (uint32_t)world_rnd(w, 200);
	}
}

/* --- opening --- */

static int settings(void *ctx, struct settings *out, struct bytes config, const char *where)
{
	struct world *w = ctx;

	(void)config;
	(void)where;
	setting_init(out);
	out->value[SETTING_LOG_SIZE] = 160u << 10;
	out->value[SETTING_RESERVE_SIZE] = 64u << 10;
	out->value[SETTING_DIRECT_IO] = w->direct ? DIRECT_IO_AUTO : DIRECT_IO_OFF;
	out->value[SETTING_COMPRESSION] = w->lz4 ? COMPRESSION_LZ4 : COMPRESSION_NONE;
	out->value[SETTING_SYNC] = w->no_sync ? SYNC_NONE : SYNC_COMMIT;
	out->value[SETTING_MEMORY_LIMIT] = 1u << 30;
	return 0;
}

int world_open(struct world *w, struct backend *b, bool write, struct store **out)
{
	struct store_options o = { .write = write, .settings = settings, .ctx = w,
		.who = "test" };

	*out = NULL;
	return store_open_on(out, b, &o);
}

int world_create(struct world *w, struct backend *b)
{
	(void)w;
	return store_create_on(b, bytes_str("reserve_size = 64K\n"));
}

/* --- commits --- */

struct commit *world_add_commit(struct world *w, enum commit_kind kind)
{
	struct commit *c;

	if (w->commit_n == WORLD_COMMITS)
		return NULL;
	c = &w->commit[w->commit_n];
	memset(c, 0, sizeof *c);
	c->id = w->commit_n++;
	c->kind = kind;
	c->bulk = kind == COMMIT_GRAPH;
	c->marked = true;
	c->wall_ms = world_clock_ms();
	return c;
}

uint64_t world_expiry(const struct commit *c, unsigned i)
{
	return c->op[i].lives ? c->wall_ms + WORLD_LIFE_MS + i : 0;
}

/* The bytes are copied: another process may make some of its own meanwhile. */
static int put_value(struct txn *t, const struct commit *c, unsigned i, struct bytes key)
{
	uint32_t len = c->op[i].len;
	uint8_t *copy = malloc(len + 1);
	int r;

	if (!copy)
		abort();
	memcpy(copy, world_value(c->id, i, len), len);
	r = txn_put(t, 0, key, bytes_of(copy, len), world_expiry(c, i));
	free(copy);
	return r;
}

static int fill_txn(struct txn *t, const struct commit *c)
{
	char buf[64];
	int r = 0;

	for (unsigned i = 0; r == 0 && i < c->op_n; i++) {
		struct bytes key = world_key(c->op[i].key, buf);

		if (c->op[i].expired)
			r = txn_put(t, 0, key, bytes_of(world_value(c->id, i, 500), 500), 1);
		else
			r = c->op[i].remove ? txn_remove(t, 0, key) : put_value(t, c, i, key);
	}
	if (r == 0 && c->conditional)
		r = txn_expect(t, 0, world_key(c->op[0].key, buf), TXN_VERSION,
			       c->cond_version);
	if (r == 0 && c->marked)
		r = txn_put(t, 0, world_mark(c->id, buf),
			    bytes_of(&c->id, sizeof c->id), 0);
	return r;
}

/* REFUSED says whether the model expects the answer no: 1, 0, or -1, not known. */
static int run_commit(struct world *w, struct store *s, struct commit *c, int refused)
{
	struct txn *t = NULL;
	char from[64], to[64];
	uint64_t version = 0;
	int r = txn_begin(&t, s);

	if (r == 0)
		r = fill_txn(t, c);
	if (r == 0 && c->kind == COMMIT_RENAME)
		r = txn_rename(t, 0, world_key(c->from, from), world_key(c->to, to));
	if (r == 0)
		r = txn_commit(t, &version);
	if (r == 0) {
		if (refused == 1)
			world_fail(w, "commit %u: its condition is unmet, and it returned 0", c->id);
		if (version == 0)
			world_fail(w, "commit %u: acknowledged without a version", c->id);
		c->fate = ACKED;
		c->version = version;
	} else if (r == ERR_ABSENT) {
		if (refused == 0)
			world_fail(w, "commit %u: refused: %s", c->id, err_message());
		c->fate = GONE;
	}
	world_say("commit %u%s%s: %d entries -> %d version %llu %s", c->id,
		  c->kind == COMMIT_RENAME ? " rename" : "", c->marked ? "" : " removes",
		  (int)c->op_n, r, (unsigned long long)version, r < 0 ? err_message() : "");
	c->until = w->commit_n;
	txn_abort(t);
	return r == ERR_ABSENT ? 0 : r;
}

static void random_ops(struct world *w, struct commit *c, unsigned n)
{
	for (c->op_n = 0; c->op_n < n; c->op_n++) {
		struct op *op = &c->op[c->op_n];

		op->key = (uint8_t)world_rnd(w, WORLD_KEYS);
		op->remove = world_rnd(w, 4) == 0;
		op->expired = op->remove && world_rnd(w, 2);
		op->len = op->remove ? 0 : some_len(w);
		op->lives = !op->remove && world_rnd(w, 8) == 0;
	}
}

int world_commit_plain(struct world *w, struct store *s)
{
	struct commit *c = world_add_commit(w, COMMIT_TXN);

	if (!c)
		return 0;
	random_ops(w, c, 1 + (unsigned)world_rnd(w, 3));
	return run_commit(w, s, c, 0);
}

/* More than a transaction holds in memory (txn_small.c): through the manifest. */
int world_commit_spilled(struct world *w, struct store *s)
{
	struct commit *c = world_add_commit(w, COMMIT_TXN);

	if (!c)
		return 0;
	random_ops(w, c, 30 + (unsigned)world_rnd(w, 30));
	for (unsigned i = 0; i < c->op_n; i++)
		if (!c->op[i].remove && c->op[i].len > 1024)
			c->op[i].len = 900;
		else if (!c->op[i].remove && c->op[i].len < 600)
			c->op[i].len += 500;
	c->bulk = true;
	world_say("commit %u is a large one", c->id);
	return run_commit(w, s, c, 0);
}

/* What the key is at now, asked by somebody else: S stays as it was. */
static uint64_t version_now(struct world *w, unsigned key)
{
	struct backend *b;
	struct store *s;
	struct entry e;
	char buf[64];
	int r;

	world_must(w, world_handle(w, &b), "another handle");
	world_must(w, world_open(w, b, false, &s), "opening for reading");
	r = store_get(s, 0, world_key(key, buf), &e);
	world_must(w, r, "a get");
	store_close(s);
	backend_close(b);
	return r == 1 ? e.version : 0;
}

static int commit_conditional(struct world *w, struct store *s)
{
	struct commit *c = world_add_commit(w, COMMIT_TXN);
	bool lie = !w->weave && world_rnd(w, 2);

	if (!c)
		return 0;
	random_ops(w, c, 1 + (unsigned)world_rnd(w, 3));
	c->conditional = true;
	c->cond_version = version_now(w, c->op[0].key) + lie;
	return run_commit(w, s, c, w->weave ? -1 : lie);
}

static int commit_rename(struct world *w, struct store *s)
{
	struct commit *c = world_add_commit(w, COMMIT_RENAME);
	bool there;

	if (!c)
		return 0;
	c->from = (uint8_t)world_rnd(w, WORLD_KEYS);
	c->to = (uint8_t)world_rnd(w, WORLD_KEYS);
	there = version_now(w, c->from) != 0;
	return run_commit(w, s, c, w->weave ? -1 : !there);
}

unsigned world_doubts(const struct world *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->commit_n; i++)
		n += !w->commit[i].marked && w->commit[i].fate == DOUBT;
	return n;
}

static int commit_removes(struct world *w, struct store *s)
{
	struct commit *c = world_add_commit(w, COMMIT_TXN);

	if (!c)
		return 0;
	c->marked = w->weave || w->no_sync || world_doubts(w) > 2;
	random_ops(w, c, 1 + (unsigned)world_rnd(w, 3));
	for (unsigned i = 0; i < c->op_n; i++)
		c->op[i] = (struct op){ .remove = true, .key = c->op[i].key };
	return run_commit(w, s, c, 0);
}

int world_commit(struct world *w, struct store *s)
{
	struct commit *c;

	switch (world_rnd(w, 10)) {
	case 0: return w->unsure ? world_commit_plain(w, s) : commit_conditional(w, s);
	case 1: return w->unsure ? world_commit_plain(w, s) : commit_rename(w, s);
	case 2: return commit_removes(w, s);
	case 3: case 4:		/* more than one block of the log */
		c = world_add_commit(w, COMMIT_TXN);
		if (!c)
			return 0;
		random_ops(w, c, 1 + (unsigned)world_rnd(w, WORLD_OPS - 1));
		return run_commit(w, s, c, 0);
	default: return world_commit_plain(w, s);
	}
}

/* --- graphs: a segment that a manifest names --- */

struct naming {
	struct segment_ref ref;
	unsigned id;
};

static int name_graph(void *ctx, struct manifest *m, uint64_t version)
{
	const struct naming *n = ctx;
	struct manifest_graph g = { .version = version, .segment_n = 1 };

	snprintf(g.name, sizeof g.name, "g%u", n->id);
	g.space = m->next_space++;
	g.segment[0] = n->ref;
	return manifest_add_graph(m, &g);
}

static int build_segment(struct store *s, unsigned id, struct segment_ref *ref)
{
	struct segment_writer *sw = NULL;
	size_t len = 5000 + id * 1000 % 30000;
	int r = segment_create(&sw, store_backend(s), SEGMENT_CSR, store_id(s), store_mem(s));
	uint8_t bytes[40000];

	if (r < 0)
		return r;
	memcpy(bytes, world_value(id, 0, len), len);
	r = segment_begin(sw, 1);
	if (r == 0)
		r = segment_write(sw, bytes, len);
	if (r == 0)
		return segment_finish(sw, ref);
	segment_abort(sw);
	return r;
}

int world_commit_graph(struct world *w, struct store *s)
{
	struct commit *c = world_add_commit(w, COMMIT_GRAPH);
	struct naming n;
	uint64_t version = 0;
	int r;

	if (!c)
		return 0;
	n.id = c->id;
	r = store_build_begin(s);
	if (r < 0)
		return r;
	r = build_segment(s, c->id, &n.ref);
	if (r == 0)
		r = store_publish(s, name_graph, &n, &version);
	store_build_end(s);
	if (r == 0) {
		c->fate = ACKED;
		c->version = version;
	}
	c->until = w->commit_n;
	world_say("commit %u graph -> %d version %llu %s", c->id, r,
		  (unsigned long long)version, r < 0 ? err_message() : "");
	return r;
}
