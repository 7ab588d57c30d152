/* tests/service/clients.c - they ask, and look at what they are told
 *
 * An answer is right, or it is an error that says what is the matter, and it comes in
 * time.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "gpu/gpu_client.h"
#include "gpu/wire_graph.h"
#include "tests/service/kills.h"

#define WAIT_NS UINT64_C(4000000000)

struct asking {
	struct backend *b;
	struct store *store;
	struct txn *txn;		/* of who writes */
	struct gpu_client *c;		/* or NULL */
	struct buf body;
	uint64_t seed;
	unsigned me;
};

/* --- a request --- */

static void in_time(uint64_t begun, const char *what)
{
	uint64_t took = clock_ns() - begun, most = atomic_load(&world->longest_ns);

	while (took > most && !atomic_compare_exchange_weak(&world->longest_ns, &most, took))
		;
	if (took > world->late_ns)
		kills_failed("%s took %llu ms", what, (unsigned long long)took / 1000000);
}

/* An error that a client may be told; true: there is an answer. */
static bool is_clean(int r, const char *what)
{
	if (r >= 0)
		return true;
	if (r != ERR_UNAVAILABLE && r != ERR_ABSENT && r != ERR_RESOURCE && r != ERR_TOO_BIG)
		kills_failed("%s: %d: %s", what, r, err_message());
	atomic_fetch_add(&world->error_n, 1);
	return false;
}

static void begin_body(struct asking *a, uint32_t flags)
{
	const struct wire_which w = { .flags = le32_of(flags) };

	buf_clear(&a->body);
	must(buf_add(&a->body, &w, sizeof w));
}

static void break_off(struct asking *a)
{
	gpu_client_close(a->c);
	a->c = NULL;
	usleep(500);			/* let others have the machine */
}

/* The body against the service, over a connection that is made when there is none. */
static bool ask(struct asking *a, unsigned type, const char *what, struct gpu_answer *out)
{
	uint64_t begun = clock_ns();
	int r = a->c ? 0 : gpu_client_open(&a->c, a->b, store_id(a->store), WAIT_NS);

	if (r == 0) {
		atomic_fetch_add(&world->in_flight, 1);
		r = gpu_client_ask(a->c, type, buf_bytes(&a->body), out);
		atomic_fetch_sub(&world->in_flight, 1);
	}
	in_time(begun, what);
	if (!a->c || gpu_client_is_dead(a->c))
		break_off(a);
	return is_clean(r, what);
}

/* --- reading --- */

static void see_fixed(unsigned k, struct bytes v)
{
	bool right = v.len == kills_fixed_len(k);

	for (uint64_t at = 0; right && at < v.len; at++)
		right = v.ptr[at] == kills_fixed_byte(k, at);
	if (!right)
		kills_failed("the value of fixed/%u is another one", k);
}

static void see_moving(unsigned k, struct bytes v, uint64_t known)
{
	unsigned long long count = 0;
	char text[48] = "";
	unsigned said = 0;

	memcpy(text, v.ptr, v.len < 47 ? v.len : 47);
	if (sscanf(text, "%u %llu", &said, &count) != 2 || said != k || count < known)
		kills_failed("moving/%u says \"%s\" after %llu", k, text,
			     (unsigned long long)known);
}

static void see(struct bytes in, const unsigned *key, unsigned n, const uint64_t *known)
{
	struct wire_value w;
	unsigned seen = 0;

	while (in.len && !atomic_load(&world->failed)) {
		must(wire_take(&in, &w, sizeof w));
		seen++;
		if (le32_get(w.nth) >= n || le32_get(w.state) == WIRE_VALUE_ABSENT)
			kills_failed("key %u of %u is told to be absent", le32_get(w.nth), n);
		else if (le32_get(w.state) == WIRE_VALUE) {
			unsigned k = key[le32_get(w.nth)];
			struct bytes v = bytes_of(in.ptr, le64_get(w.len));

			if (k < FIXED)
				see_fixed(k, v);
			else
				see_moving(k - FIXED, v, known[k - FIXED]);
			in.ptr += v.len;
			in.len -= v.len;
		}
	}
	if (seen != n)
		kills_failed("%u rows for %u keys", seen, n);
}

enum { ROWS = 12 };

static void read_some(struct asking *a)
{
	uint64_t known[MOVING];
	unsigned key[ROWS];
	struct gpu_answer answer;
	char text[32];

	begin_body(a, 0);
	for (unsigned i = 0; i < ROWS; i++) {
		key[i] = (unsigned)(draw(&a->seed) % (FIXED + MOVING));
		must(wire_key_put(&a->body, key[i] < FIXED ? kills_fixed_key(key[i], text) :
				  kills_moving_key(key[i] - FIXED, text)));
	}
	for (unsigned k = 0; k < MOVING; k++)
		known[k] = atomic_load(&world->count[k]);
	if (!ask(a, WIRE_READ, "a read", &answer))
		return;
	see(bytes_of(answer.ptr, answer.len), key, ROWS, known);
	gpu_answer_free(&answer);
	atomic_fetch_add(&world->right_n, ROWS);
}

/* --- pinning, evicting --- */

static void change(struct asking *a, unsigned type, const char *what)
{
	struct gpu_answer answer;
	struct wire_done w;
	struct bytes in;

	if (!ask(a, type, what, &answer))
		return;
	in = bytes_of(answer.ptr, answer.len);
	must(wire_take(&in, &w, sizeof w));
	if (type != WIRE_EVICT && le64_get(w.absent_n))
		kills_failed("%s: keys are told to be absent", what);
	gpu_answer_free(&answer);
	atomic_fetch_add(&world->right_n, 1);
}

/* All, or one of the large ones, and out again. */
static void pin_some(struct asking *a)
{
	char text[32];
	bool all = draw(&a->seed) % 2;

	for (unsigned i = 0; i < 2; i++) {
		begin_body(a, all ? WIRE_PREFIX : 0);
		must(wire_key_put(&a->body, all ? bytes_str("fixed/") :
				  kills_fixed_key(FIXED - 1 - a->me, text)));
		change(a, i ? WIRE_EVICT : WIRE_PIN, i ? "an evict" : "a pin");
	}
}

/* More than there is room for, so that others go. */
static void push_out(struct asking *a)
{
	char text[32];

	begin_body(a, 0);
	for (unsigned i = 0; i < 8; i++)
		must(wire_key_put(&a->body, kills_fixed_key((unsigned)(FIXED - 1 -
				  draw(&a->seed) % 20), text)));
	change(a, WIRE_PIN, "a pin");
	begin_body(a, WIRE_PREFIX | WIRE_UNPIN);
	must(wire_key_put(&a->body, bytes_str("fixed/")));
	change(a, WIRE_EVICT, "an unpin");
}

/* --- the index --- */

static void look(struct asking *a, struct gpu_index *x)
{
	unsigned k = (unsigned)(draw(&a->seed) % (FIXED + MOVING)), moving = k - FIXED;
	uint64_t was = k < FIXED ? 0 : atomic_load(&world->version[moving]);
	uint64_t newest = atomic_load(&world->newest);
	struct gpu_token t;
	char text[32];
	int r = gpu_index_find(x, GPU_VALUE, k < FIXED ? kills_fixed_key(k, text) :
			       kills_moving_key(moving, text), newest < was ? was : newest, &t);

	if (r != 1) {
		is_clean(r, "a look-up");
		return;
	}
	if (t.version < was || (k < FIXED && t.len != kills_fixed_len(k)))
		kills_failed("the index tells of key %u: version %llu after %llu", k,
			     (unsigned long long)t.version, (unsigned long long)was);
	atomic_fetch_add(&world->right_n, 1);
}

static void map_and_look(struct asking *a)
{
	uint64_t begun = clock_ns();
	struct gpu_index *x;
	int r = gpu_index_attach(&x, a->b, store_id(a->store));

	if (is_clean(r, "attaching the index")) {
		for (unsigned i = 0; i < 200; i++)
			look(a, x);
		gpu_index_close(x);
	} else {
		usleep(500);
	}
	in_time(begun, "the index");
	read_some(a);
}

/* --- graphs --- */

int kills_command(const char *command, char *out, size_t cap)
{
	FILE *f = popen(command, "r");
	size_t n = f ? fread(out, 1, cap - 1, f) : 0;

	out[n] = '\0';
	return f ? pclose(f) : -1;
}

static void walk(struct asking *a)
{
	static char said[sizeof world->walk], command[5000];
	struct pin_graph p = { .verb = WIRE_GRAPH_PIN, .name = bytes_str("g") };
	struct gpu_answer answer;
	uint64_t begun;

	buf_clear(&a->body);
	must(wire_pin_graph_put(&a->body, &p));
	if (ask(a, WIRE_PIN_GRAPH, "a pin of a graph", &answer))
		gpu_answer_free(&answer);
	snprintf(command, sizeof command, "strato-graph bfs -q -s '%s' -g g --device=gpu 0 "
		 "2>/dev/null", world->dir);
	begun = clock_ns();
	if (kills_command(command, said, sizeof said) || strcmp(said, world->walk))
		kills_failed("a walk: another answer, %zu bytes for %zu", strlen(said),
			     strlen(world->walk));
	in_time(begun, "a walk");
	atomic_fetch_add(&world->right_n, 1);
}

/* --- writing --- */

static void raise_to(_Atomic uint64_t *at, uint64_t to)
{
	uint64_t now = atomic_load(at);

	while (now < to && !atomic_compare_exchange_weak(at, &now, to))
		;
}

static void write_one(struct asking *a)
{
	unsigned k = (unsigned)(draw(&a->seed) % MOVING);
	uint64_t count = atomic_load(&world->count[k]) + 1, version;
	char text[32], value[64];
	size_t n = (size_t)snprintf(value, sizeof value, "%u %llu", k,
				    (unsigned long long)count);

	must(txn_put(a->txn, 0, kills_moving_key(k, text), bytes_of(value, n), 0));
	must(txn_commit(a->txn, &version));
	atomic_store(&world->version[k], version);
	atomic_store(&world->count[k], count);
	raise_to(&world->newest, version);
	if (draw(&a->seed) % 200 == 0)
		must(store_fold(a->store));
	if (draw(&a->seed) % 2000 == 0)
		must(store_compact(a->store));
	usleep(atomic_load(&world->phase) == CATCHING_UP ? 50 : 3000);
}

/* --- all of them --- */

static void act(struct asking *a, int phase)
{
	if (a->me == 0)
		write_one(a);
	else if (phase == PINNING && a->me > 1)
		pin_some(a);
	else if (phase == EVICTING && a->me > 1)
		push_out(a);
	else if (phase == MAPPING)
		map_and_look(a);
	else if (phase == WALKING && a->me > 1)
		walk(a);
	else
		read_some(a);
}

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Answers that came as memory are let go. */
static bool has_memory_of_answers(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[5000];
	bool yes = false;

	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		yes |= strstr(line, "memfd:") || strstr(line, "gpucache");
	fclose(f);
	return yes;
}

void kills_client(unsigned me)
{
	struct store_options o = { .write = me == 0, .settings = settings, .who = "test",
				   .wait_ns = UINT64_C(60000000000) };
	struct asking a = { .seed = clock_random() + me, .me = me };
	unsigned before;

	must(store_open(&a.store, world->dir, &o));
	a.b = store_backend(a.store);
	if (me == 0)
		must(txn_begin(&a.txn, a.store));
	before = descriptors();
	while (!atomic_load(&world->stop) && !atomic_load(&world->failed))
		act(&a, atomic_load(&world->phase));
	gpu_client_close(a.c);
	if (me && descriptors() != before)
		kills_failed("client %u has %u descriptors, had %u", me, descriptors(), before);
	if (has_memory_of_answers())
		kills_failed("client %u has memory of the service", me);
	txn_abort(a.txn);
	store_close(a.store);
	buf_release(&a.body);
	_exit(0);
}
