/* tests/fault/ages.c */
#include "tests/fault/ages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "io/backend.h"
#include "store/kept.h"
#include "store/store.h"

#define KEYS 48
#define FILL 300		/* keys that nobody touches: the oldest run is large */
#define KEPT 3
#define HANDLES 2	/* that write; one more only holds snapshots */
#define STEPS 160
#define LARGE 20000u
#define START_MS 1700000000000u

struct row {
	bool there;
	unsigned id;		/* of its value */
	uint64_t version, expires_ms;
	size_t len;
};

struct age {
	struct row row[KEYS];
};

struct ages {
	uint64_t rng, clock_ms, clock_most, commit_ms;
	unsigned ids, names;
	struct backend *b[HANDLES + 1];
	struct store *s[HANDLES + 1];
	struct age now, held_age, kept_age[KEPT];
	struct snapshot *held;
	bool unseen;		/* looked at when it is let go: no file is open yet */
	char kept[KEPT][16];	/* "": none */
	jmp_buf out;
	char why[600];
};

static struct ages *a;

uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void)
{
	return a->clock_ms * 1000000;
}

static uint64_t rnd(uint64_t n)
{
	a->rng = a->rng * 6364136223846793005u + 1442695040888963407u;
	return n ? (hash_u64(a->rng) >> 7) % n : 0;
}

static _Noreturn __attribute__((format(printf, 1, 2))) void bad(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->why, sizeof a->why, fmt, ap);
	va_end(ap);
	longjmp(a->out, 1);
}

static void must(int r, const char *what)
{
	if (r < 0)
		bad("%s: %d [%s] %s", what, r, err_word(r), err_message());
}

static void say(const char *what, uint64_t n)
{
	if (getenv("STRATO_VERBOSE"))
		printf("# %s %llu\n", what, (unsigned long long)n);
}

static void set_clock(uint64_t ms)
{
	a->clock_ms = ms;
	a->clock_most = ms > a->clock_most ? ms : a->clock_most;
}

static uint64_t now_ms(void)
{
	return a->clock_ms > a->commit_ms ? a->clock_ms : a->commit_ms;
}

static struct bytes key_of(unsigned i, char buf[32])
{
	return bytes_of(buf, (size_t)sprintf(buf, "key/%03u", i));
}

static const uint8_t *value_of(unsigned id, size_t len)
{
	static uint8_t out[LARGE];
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			word = hash_u64((uint64_t)id << 32 | i);
		out[i] = (uint8_t)(word >> (i % 8 * 8));
	}
	return out;
}

/* --- the store --- */

static int settings(void *ctx, struct settings *out, struct bytes config, const char *where)
{
	(void)ctx;
	(void)config;
	(void)where;
	setting_init(out);
	out->value[SETTING_LOG_SIZE] = 24u << 10;
	out->value[SETTING_RESERVE_SIZE] = 0;
	out->value[SETTING_COMPRESSION] = COMPRESSION_NONE;
	out->value[SETTING_MEMORY_LIMIT] = 1u << 30;
	return 0;
}

static struct store *handle(unsigned h)
{
	struct store_options o = { .write = true, .settings = settings, .who = "test" };

	if (!a->s[h])
		must(store_open_on(&a->s[h], a->b[h], &o), "opening");
	return a->s[h];
}

static void fill(struct store *s)
{
	struct txn *t;
	char key[32];

	must(txn_begin(&t, s), "a transaction");
	for (unsigned i = 0; i < FILL; i++)
		must(txn_put(t, 0, bytes_of(key, (size_t)sprintf(key, "fill/%04u", i)),
			     bytes_of(value_of(1000000 + i, 400), 400), 0), "filling");
	must(txn_commit(t, NULL), "filling");
	txn_abort(t);
	must(store_fold(s), "a fold");
}

static void begin(void)
{
	must(backend_mem(&a->b[0]), "a disk");
	must(store_create_on(a->b[0], bytes_str("reserve_size = 0\n")), "creating");
	for (unsigned h = 1; h <= HANDLES; h++)
		must(backend_mem_again(&a->b[h], a->b[0]), "another handle");
	if (rnd(4))
		fill(handle(0));
}

/* A process that held a snapshot ends. */
static void let_go(void)
{
	snapshot_close(a->held);
	store_close(a->s[HANDLES]);
	a->held = NULL;
	a->s[HANDLES] = NULL;
}

static void end(void)
{
	let_go();
	for (unsigned h = 0; h < HANDLES; h++)
		store_close(a->s[h]);
	for (unsigned h = HANDLES + 1; h--; )
		backend_close(a->b[h]);
}

/* --- looking --- */

static void same_value(struct value *v, const struct row *row, int i)
{
	static uint8_t got[LARGE + 1];
	uint64_t off = 0;
	long n;

	while ((n = value_read(v, off, got + off, sizeof got - off)) > 0)
		off += (uint64_t)n;
	value_close(v);
	must((int)n, "reading a value");
	if (off != row->len || memcmp(got, value_of(row->id, row->len), row->len))
		bad("key %d has the value of another", i);
}

/* R and E are what a reader said of ROW; AT: whoever reads knows that it is later. */
static void judge(const struct row *row, int i, int r, const struct entry *e,
		  uint64_t at, const char *who)
{
	bool must_be = row->there && (!row->expires_ms || row->expires_ms > a->clock_most);
	bool may_be = row->there && (!row->expires_ms || row->expires_ms > at);

	must(r, who);
	if (must_be && r != 1)
		bad("%s: key %d is lost, of version %llu", who, i,
		    (unsigned long long)row->version);
	if (!may_be && r == 1)
		bad("%s: key %d is back, at version %llu", who, i,
		    (unsigned long long)e->version);
	if (r != 1)
		return;
	if (e->version != row->version || e->expires_ms != row->expires_ms ||
	    e->size != row->len)
		bad("%s: key %d is of version %llu, not %llu", who, i,
		    (unsigned long long)e->version, (unsigned long long)row->version);
}

static void look_one(struct store *s, struct snapshot *v, const struct row *row, int i,
		     uint64_t at, const char *who)
{
	struct value *val = NULL;
	struct entry e;
	char buf[32];
	int r = v ? snapshot_get(v, 0, key_of((unsigned)i, buf), &e) :
		store_get_value(s, 0, key_of((unsigned)i, buf), &e, &val);

	judge(row, i, r, &e, at, who);
	if (v && r == 1)
		must(value_open(&val, s, &e), who);
	if (r == 1)
		same_value(val, row, i);
}

static void look_at(struct store *s, struct snapshot *v, const struct age *age, bool all,
		    uint64_t at, const char *who)
{
	for (unsigned n = all ? KEYS : 5, k = 0; k < n; k++) {
		unsigned i = all ? k : (unsigned)rnd(KEYS);

		look_one(s, v, &age->row[i], (int)i, at, who);
	}
}

/* No key shows up in a scan that was removed, or that nobody put. */
static void scan(struct store *s)
{
	struct scan_options o = { .prefix = bytes_str("key/") };
	struct snapshot *v;
	struct iter *it;
	struct entry e;
	int r;

	must(store_snapshot(s, &v), "a snapshot");
	must(snapshot_scan(v, &o, &it), "a scan");
	while ((r = iter_next(it, &e)) == 1) {
		int i = (e.key.ptr[5] - '0') * 10 + e.key.ptr[6] - '0';

		judge(&a->now.row[i], i, 1, &e, now_ms(), "a scan");
	}
	must(r, "a scan");
	iter_close(it);
	snapshot_close(v);
}

static void look_kept(unsigned k, bool all)
{
	unsigned h = (unsigned)rnd(HANDLES);
	struct snapshot *v;

	if (!a->kept[k][0])
		return;
	must(store_snapshot_as_of(handle(h), bytes_str(a->kept[k]), &v), "a kept snapshot");
	look_at(handle(h), v, &a->kept_age[k], all, a->clock_ms, "kept");
	snapshot_close(v);
}

static void look(bool all)
{
	for (unsigned h = 0; h < HANDLES; h++)
		look_at(handle(h), NULL, &a->now, all, now_ms(), "now");
	if (a->held && !a->unseen)
		look_at(a->s[HANDLES], a->held, &a->held_age, all, a->clock_ms, "held");
	for (unsigned k = 0; k < KEPT; k++)
		if (all || rnd(8) == 0)
			look_kept(k, all);
	if (all || rnd(8) == 0)
		scan(handle((unsigned)rnd(HANDLES)));
}

/* --- steps --- */

static size_t some_len(void)
{
	switch (rnd(12)) {
	case 0: case 1: return 1000 + rnd(3000);	/* inline or not */
	case 2: return rnd(LARGE);
	default: return rnd(300);
	}
}

static void learn_expiry(struct store *s, const bool *touched, uint64_t version)
{
	struct entry e;
	char buf[32];

	for (unsigned i = 0; i < KEYS; i++) {
		struct row *row = &a->now.row[i];

		if (!touched[i])
			continue;
		row->version = version;
		if (!row->there)
			continue;
		if (store_get(s, 0, key_of(i, buf), &e) != 1)
			bad("key %u is not there after its commit", i);
		row->expires_ms = e.expires_ms;
	}
}

static void put_some(struct store *s)
{
	bool touched[KEYS] = { false };
	uint64_t version;
	struct txn *t;
	char buf[32];

	must(txn_begin(&t, s), "a transaction");
	txn_set_ttl(t, rnd(3) ? 0 : 1 + rnd(4000));
	for (uint64_t n = 1 + rnd(rnd(4) ? 4 : 20); n; n--) {
		unsigned i = (unsigned)rnd(KEYS);

		touched[i] = true;
		a->now.row[i] = (struct row){ .there = rnd(4) != 0, .id = ++a->ids,
			.len = some_len() };
		if (a->now.row[i].there)
			must(txn_put(t, 0, key_of(i, buf), bytes_of(value_of(a->ids,
				a->now.row[i].len), a->now.row[i].len), 0), "a put");
		else
			must(txn_remove(t, 0, key_of(i, buf)), "a removal");
	}
	must(txn_commit(t, &version), "a commit");
	txn_abort(t);
	a->commit_ms = now_ms();
	learn_expiry(s, touched, version);
}

static void hold(void)
{
	if (a->held) {
		look_at(a->s[HANDLES], a->held, &a->held_age, true, a->clock_ms, "held");
		let_go();
		return;
	}
	must(store_snapshot(handle(HANDLES), &a->held), "a snapshot");
	if (rnd(2))
		snapshot_settle(a->held);
	a->unseen = rnd(2);
	a->held_age = a->now;
}

static void keep(struct store *s)
{
	unsigned k = (unsigned)rnd(KEPT);
	uint64_t version;

	if (a->kept[k][0]) {
		must(kept_remove(s, bytes_str(a->kept[k])), "removing a snapshot");
		a->kept[k][0] = '\0';
		return;
	}
	sprintf(a->kept[k], "snap%u", a->names++);
	must(kept_take(s, bytes_str(a->kept[k]), &version), "keeping a snapshot");
	a->kept_age[k] = a->now;
}

static void reopen(unsigned h)
{
	store_close(a->s[h]);
	a->s[h] = NULL;
}

static void step(void)
{
	unsigned h = (unsigned)rnd(HANDLES);
	uint64_t what = rnd(100);

	say("step", what);
	/* the last one mostly reads: a blob that it may add to is never moved */
	if (what < 56)
		put_some(handle(rnd(10) ? 0 : h));
	else if (what < 64)
		must(store_fold(handle(h)), "a fold");
	else if (what < 68)
		must(store_compact(handle(h)), "a compaction");
	else if (what < 77)
		reopen(h);
	else if (what < 84)
		set_clock(a->clock_ms + rnd(3000));
	else if (what < 87)
		set_clock(a->clock_ms - rnd(3000));
	else if (what < 95)
		hold();
	else
		keep(handle(h));
}

const char *ages(uint64_t seed, uint64_t *steps)
{
	static char why[700];
	volatile unsigned n = 0;

	a = calloc(1, sizeof *a);
	if (!a)
		abort();
	a->rng = seed;
	set_clock(START_MS);
	if (setjmp(a->out)) {
		*steps += n;
		snprintf(why, sizeof why, "seed %llu, step %u: %s", (unsigned long long)seed,
			 n, a->why);
		return why;		/* what it had open is lost */
	}
	begin();
	for (; n < STEPS; n++) {
		step();
		look(n % 40 == 39);
	}
	end();
	free(a);
	*steps += n;
	return NULL;
}
