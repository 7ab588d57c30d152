/* tests/fuzz/service.c - whatever the cache service is asked, in whatever order, while the
 * store changes under it
 *
 * The input is steps: a letter, a length (le16), so many bytes.
 *
 *	p e w f r g k u		a request: pin evict warm find read, pin a graph, walk, run;
 *				the bytes are its body
 *	i			the bytes are a key that the mapped index is asked for
 *	P X			a value is put: which of 16 keys, its size / 16 as le16; X: it
 *				expires in an hour
 *	D			that key is removed
 *	C F L			compact, fold; the service lets go of the store
 *
 * Callbacks are called as the worker calls them, on host memory.  What they answer is
 * held against what was put: never another value, never an older one, never a key that
 * is not there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/err.h"
#include "cmd/gpucache/serve_graph.h"
#include "graph/build.h"
#include "gpu/service_inside.h"
#include "tests/fuzz/fuzz.h"

enum { KEYS = 16, INPUTS = 200, DEVICE = 8 << 20 };	/* four slabs */

struct put {
	bool live, expires;
	uint64_t len, version;
	uint8_t salt;
};

struct stage {
	struct backend *b;
	struct store *writer;
	struct serve serve;
	struct put put[KEYS];
	struct settings set;
	unsigned inputs;
	uint8_t salt;
};
static struct stage stage;

/* --- a store with a graph, and a service of it --- */

static int settings(void *ctx, struct settings *out, struct bytes config, const char *where)
{
	(void)ctx;
	setting_init(out);
	return setting_read(out, SETTING_STORE, where, config);
}

static int publish(void *ctx, struct manifest *m, uint64_t version)
{
	struct manifest_graph *g = ctx;

	strcpy(g->name, "g");
	g->version = g->folded = version;
	g->space = m->next_space++;
	return manifest_add_graph(m, g);
}

static struct text_key text_of(char room[16], unsigned n)
{
	return (struct text_key){ .bytes = bytes_of(room, (size_t)sprintf(room, "n%u", n)) };
}

static void add_graph(struct store *s)
{
	struct build_options o = { .backend = store_backend(s), .store_id = store_id(s),
				   .mem = store_mem(s), .threads = 1,
				   .ids = BUILD_IDS_STRING };
	struct manifest_graph g = { 0 };
	struct build_note note;
	struct build *build;
	uint64_t version;
	char from[16], to[16];

	FUZZ_MUST(store_build_begin(s) == 0 && build_open(&build, &o) == 0);
	for (unsigned i = 0; i < 40; i++) {
		struct text_edge e = { .src = text_of(from, i % 20),
				       .dst = text_of(to, i * 7 % 20),
				       .type = bytes_str(i % 3 ? "a" : "b") };

		FUZZ_MUST(build_add(build, &e) == 0);
	}
	FUZZ_MUST(build_finish(build, &g, &note) == 0);
	FUZZ_MUST(store_publish(s, publish, &g, &version) == 0);
	store_build_end(s);
}

static void strike(void)
{
	snapshot_close(stage.serve.snap);
	store_close(stage.serve.store);
	store_close(stage.writer);
	backend_close(stage.b);
	memset(&stage, 0, sizeof stage);
}

static void set_up(void)
{
	struct store_options o = { .write = true, .settings = settings, .who = "fuzz" };

	if (stage.inputs++ >= INPUTS)
		strike();
	if (stage.b)
		return;
	FUZZ_MUST(backend_mem(&stage.b) == 0);
	FUZZ_MUST(store_create_on(stage.b, bytes_str("log_size = 1M\nsync = none\n")) == 0);
	FUZZ_MUST(store_open_on(&stage.writer, stage.b, &o) == 0);
	add_graph(stage.writer);
	o.write = false;
	FUZZ_MUST(store_open_on(&stage.serve.store, stage.b, &o) == 0);
}

static void cache_begin(void)
{
	struct serve *s = &stage.serve;
	struct gpu_cache_setup set = { .size = DEVICE, .entries = 64 };

	FUZZ_MUST(store_snapshot(s->store, &s->snap) == 0);
	set.applied = snapshot_version(s->snap);
	memcpy(set.store, store_id(s->store), sizeof set.store);
	FUZZ_MUST(host_open(&s->device, DEVICE, NULL) == 0);
	FUZZ_MUST(gpu_cache_open(&s->cache, stage.b, s->device, &set) == 0);
}

static void cache_end(void)
{
	struct serve *s = &stage.serve;

	gpu_cache_close(s->cache);
	gpu_backend_close(s->device);
	serve_let_go(s);
}

/* --- the store changes --- */

static struct bytes key_of(unsigned k, char text[8])
{
	return bytes_of(text, (size_t)snprintf(text, 8, "k%x", k % KEYS));
}

/* Which key that is; KEYS: none of ours. */
static unsigned which(struct bytes key)
{
	char text[8];

	for (unsigned k = 0; k < KEYS; k++)
		if (bytes_equal(key_of(k, text), key))
			return k;
	return KEYS;
}

static uint8_t byte_of(uint8_t salt, uint64_t at)
{
	return (uint8_t)(salt + at * 7 + (at >> 8));
}

static void put_key(unsigned k, uint64_t len, bool expires)
{
	static uint8_t value[1 << 20];
	struct put *p = &stage.put[k];
	uint64_t later = expires ? clock_wall_ns() / 1000000 + 3600000 : 0;
	struct txn *t;
	char text[8];

	*p = (struct put){ .live = true, .expires = expires, .len = len,
			   .salt = ++stage.salt };
	for (uint64_t i = 0; i < len; i++)
		value[i] = byte_of(p->salt, i);
	FUZZ_MUST(txn_begin(&t, stage.writer) == 0);
	FUZZ_MUST(txn_put(t, 0, key_of(k, text), bytes_of(value, len), later) == 0);
	FUZZ_MUST(txn_commit(t, &p->version) == 0);
	txn_abort(t);
}

static void remove_key(unsigned k)
{
	struct txn *t;
	char text[8];

	if (!stage.put[k].live)
		return;
	stage.put[k].live = false;
	FUZZ_MUST(txn_begin(&t, stage.writer) == 0);
	FUZZ_MUST(txn_remove(t, 0, key_of(k, text)) == 0);
	FUZZ_MUST(txn_commit(t, NULL) == 0);
	txn_abort(t);
}

static bool change(char what, struct bytes in)
{
	switch (what) {
	case 'P': case 'X':
		if (in.len != 3)
			return false;
		put_key(in.ptr[0] % KEYS, 16 * (in.ptr[1] | (uint64_t)in.ptr[2] << 8),
			what == 'X');
		return true;
	case 'D':
		if (in.len != 1)
			return false;
		remove_key(in.ptr[0] % KEYS);
		return true;
	case 'C':
		FUZZ_MUST(store_compact(stage.writer) == 0);
		return !in.len;
	case 'F':
		FUZZ_MUST(store_fold(stage.writer) == 0);
		return !in.len;
	case 'L':
		serve_let_go(&stage.serve);
		return !in.len;
	}
	return false;
}

/* --- what it answers is so --- */

static void check_value(unsigned k, struct bytes v)
{
	const struct put *p = &stage.put[k];

	FUZZ_MUST(k < KEYS && p->live && v.len == p->len);
	for (uint64_t i = 0; i < v.len; i++)
		FUZZ_MUST(v.ptr[i] == byte_of(p->salt, i));
}

static unsigned keys_in(struct bytes in, struct bytes *key, unsigned most)
{
	unsigned n = 0;
	struct bytes k;

	while (wire_key_get(&in, &k) == 1)
		if (n < most)
			key[n++] = k;
	return n;
}

enum { ASKED = 33000 };
static struct bytes asked[ASKED];
static uint8_t told[ASKED];

static void check_read(struct bytes body, struct bytes in)
{
	struct wire_value w;
	uint32_t flags;
	unsigned n, rows = 0, k;

	FUZZ_MUST(wire_which_get(&body, &flags) == 0);
	n = keys_in(body, asked, ASKED);
	memset(told, 0, n);
	for (; in.len; rows++) {
		FUZZ_MUST(wire_take(&in, &w, sizeof w) == 0 && le32_get(w.nth) < n);
		FUZZ_MUST(!told[le32_get(w.nth)]++);
		k = which(asked[le32_get(w.nth)]);
		FUZZ_MUST((le32_get(w.state) == WIRE_VALUE_ABSENT) ==
			  (k == KEYS || !stage.put[k].live));
		if (le32_get(w.state) != WIRE_VALUE)
			continue;
		FUZZ_MUST(le64_get(w.len) <= in.len && !stage.put[k].expires);
		FUZZ_MUST(le64_get(w.version) == stage.put[k].version);
		check_value(k, bytes_of(in.ptr, (size_t)le64_get(w.len)));
		in.ptr += le64_get(w.len);
		in.len -= (size_t)le64_get(w.len);
	}
	FUZZ_MUST(rows == n);
}

static void check_token(const struct gpu_token *t, unsigned k)
{
	struct gpu_thing thing;

	FUZZ_MUST(k < KEYS && stage.put[k].live && t->version == stage.put[k].version);
	FUZZ_MUST(gpu_cache_holds(stage.serve.cache, t, &thing) == 1);
	FUZZ_MUST(which(thing.key) == k && thing.token.len == stage.put[k].len);
}

static void check_find(struct bytes body, struct bytes in)
{
	unsigned n = keys_in(body, asked, ASKED);
	struct wire_place w;
	struct gpu_token t;

	FUZZ_MUST(in.len == n * sizeof w);
	for (unsigned i = 0; i < n; i++) {
		FUZZ_MUST(wire_take(&in, &w, sizeof w) == 0);
		wire_place_get(&w, &t);
		if (t.stamp)
			check_token(&t, which(asked[i]));
	}
}

static void check_done(char what, struct bytes body, struct bytes in)
{
	struct wire_done w;
	uint32_t flags;
	uint64_t all;

	FUZZ_MUST(wire_which_get(&body, &flags) == 0);
	FUZZ_MUST(wire_take(&in, &w, sizeof w) == 0);
	all = le64_get(w.n) + le64_get(w.absent_n) + le64_get(w.refused_n);
	FUZZ_MUST(flags & WIRE_PREFIX || all == keys_in(body, asked, ASKED));
	FUZZ_MUST(!le64_get(w.refused_n) == !le32_get(w.why));
	FUZZ_MUST(what != 'e' || !le64_get(w.refused_n));
	if (le32_get(w.why))
		FUZZ_MUST(wire_error_get(le32_get(w.why), in) == -(int)le32_get(w.why));
	else
		FUZZ_MUST(!in.len);
}

static void check_pinned(struct bytes body, struct bytes in)
{
	struct pin_graph ask;
	struct wire_pinned w;

	FUZZ_MUST(wire_pin_graph_get(body, &ask) == 0);
	FUZZ_MUST(ask.verb != WIRE_GRAPH_PIN || bytes_equal(ask.name, bytes_str("g")));
	FUZZ_MUST(wire_take(&in, &w, sizeof w) == 0 && !in.len);
	FUZZ_MUST(le64_get(w.node_n) == 0 || le64_get(w.node_n) == 20);
	FUZZ_MUST(le64_get(w.edge_n) <= 40);
}

/* All that is here is of the newest state. */
static void check_all(void)
{
	struct gpu_thing t;
	uint32_t at = 0;

	while (gpu_cache_next(stage.serve.cache, &at, &t))
		if (t.kind == GPU_VALUE) {
			unsigned k = which(t.key);

			FUZZ_MUST(!stage.put[k % KEYS].expires);
			check_token(&t.token, k);
		}
}

static void check_answer(char what, struct bytes body, struct bytes in)
{
	switch (what) {
	case 'r':
		check_read(body, in);
		break;
	case 'f':
		check_find(body, in);
		break;
	case 'p': case 'e': case 'w':
		check_done(what, body, in);
		break;
	case 'g':
		check_pinned(body, in);
		break;
	}
	if (strchr("rfpw", what))
		check_all();
}

/* --- asking --- */

static void look_up(struct bytes key)
{
	uint64_t newest = 0;
	struct gpu_index *x;
	struct gpu_token t;

	for (unsigned k = 0; k < KEYS; k++)
		if (stage.put[k].version > newest)
			newest = stage.put[k].version;
	FUZZ_MUST(gpu_index_attach(&x, stage.b, store_id(stage.serve.store)) == 0);
	if (gpu_index_find(x, GPU_VALUE, key, newest, &t) == 1 && which(key) < KEYS &&
	    stage.put[which(key)].live)
		FUZZ_MUST(t.version == stage.put[which(key)].version);
	gpu_index_close(x);
}

static const struct {
	char letter;
	unsigned type;
	service_call call;
} requests[] = {
	{ 'p', WIRE_PIN, serve_pin }, { 'e', WIRE_EVICT, serve_evict },
	{ 'w', WIRE_WARM, serve_warm }, { 'f', WIRE_FIND, serve_find },
	{ 'r', WIRE_READ, serve_read }, { 'g', WIRE_PIN_GRAPH, serve_pin_graph },
	{ 'k', WIRE_WALK, serve_walk }, { 'u', WIRE_RUN, serve_run },
};

static bool is_told(int r)
{
	return r == ERR_RESOURCE || r == ERR_TOO_BIG || r == ERR_ABSENT || r == ERR_NO_GRAPH ||
	       r == ERR_UNAVAILABLE || r == ERR_BAD_RECORD;
}

static bool request(size_t i, struct bytes body)
{
	const struct service_ask q = { .type = requests[i].type, .body = body, .client = 1 };
	struct service_reply a;
	const uint8_t *map;
	int r;

	service_reply_init(&a);
	r = requests[i].call(&stage.serve, &q, &a);
	FUZZ_MUST(r >= 0 || is_told(r));
	if (r >= 0)
		FUZZ_MUST(service_reply_finish(&a) == 0);
	if (r >= 0 && a.fd >= 0) {
		FUZZ_MUST(wire_big_map(a.fd, a.len, &map) == 0);
		check_answer(requests[i].letter, body, bytes_of(map, (size_t)a.len));
		munmap((void *)(uintptr_t)map, (size_t)a.len);
	} else if (r >= 0) {
		check_answer(requests[i].letter, body, buf_bytes(&a.body));
	}
	service_reply_release(&a);
	return r != ERR_BAD_RECORD;
}

static bool step(char what, struct bytes in)
{
	if (what == 'i') {
		look_up(in);
		return true;
	}
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
		if (requests[i].letter == what)
			return request(i, in);
	return change(what, in);
}

int fuzz_service(struct bytes in)
{
	bool good = in.len > 0;

	set_up();
	cache_begin();
	for (unsigned n = 0; n < 100 && in.len >= 3; n++) {
		size_t len = in.ptr[1] | (size_t)in.ptr[2] << 8;
		char what = (char)in.ptr[0];

		if (len > in.len - 3) {
			good = false;
			len = in.len - 3;
		}
		if (!step(what, bytes_of(in.ptr + 3, len)))
			good = false;
		in = bytes_of(in.ptr + 3 + len, in.len - 3 - len);
	}
	cache_end();
	for (unsigned k = 0; k < KEYS; k++)
		remove_key(k);
	return good && !in.len;
}
