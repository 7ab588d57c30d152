/* tests/unit/gpu_stale.c - no read of the cache is older than what its reader knew
 *
 * A service, writers at full speed, readers of the index and of the service.  Each
 * value says its key and a count that only goes up; after a commit its writer says in
 * shared memory which count and version are committed.  A reader that saw them before
 * it asked must see them, or newer, in what it is told.  Now and then the service is
 * killed and another one takes its place: what the old one left in its file must not be
 * believed beyond what it knew.
 *
 * A checked read is one that was answered: a token of the index, or a value.
 * READS says how many there shall be, KILLS how many services die meanwhile.
 * The service is the command of the build, found by PATH.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "gpu/gpu_client.h"
#include "gpu/hot.h"
#include "tests/lib/service_kit.h"

enum { KEYS = 64, WRITERS = 2, READERS = 2 };
#define BOUND_NS UINT64_C(60000000000)

static char dir[4096];

struct shared {
	_Atomic uint64_t count[KEYS], version[KEYS];	/* committed */
	_Atomic uint64_t newest;
	_Atomic uint64_t look_n, hit_n, told_n, again_n;
	_Atomic int stop, stale;
};

static struct shared *shared;

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

static struct store *opened(bool write)
{
	struct store_options o = { .write = write, .settings = settings, .who = "test",
				   .wait_ns = BOUND_NS };
	struct store *s;

	must(store_open(&s, dir, &o));
	return s;
}

static struct bytes key_of(unsigned key, char text[32])
{
	return bytes_of(text, (size_t)snprintf(text, 32, "key/%03u", key));
}

static void raise_to(_Atomic uint64_t *at, uint64_t to)
{
	uint64_t now = atomic_load(at);

	while (now < to && !atomic_compare_exchange_weak(at, &now, to))
		;
}

/* --- writers: each has keys of its own --- */

static void write_one(struct txn *t, unsigned key)
{
	uint64_t count = atomic_load(&shared->count[key]) + 1, version;
	static uint8_t value[3000];
	char name[32];
	size_t n = (size_t)snprintf((char *)value, sizeof value, "%03u %llu ", key,
				    (unsigned long long)count);

	memset(value + n, 'x', sizeof value - n);
	if (count % 11 == 0)
		must(txn_remove(t, 0, key_of(key, name)));
	else
		must(txn_put(t, 0, key_of(key, name),
			     bytes_of(value, count % 3 ? n : sizeof value), 0));
	must(txn_commit(t, &version));
	atomic_store(&shared->version[key], version);
	atomic_store(&shared->count[key], count);
	raise_to(&shared->newest, version);
}

static void writer(unsigned me)
{
	struct store *s = opened(true);
	uint64_t seed = clock_random();
	struct txn *t;

	must(txn_begin(&t, s));
	while (!atomic_load(&shared->stop)) {
		for (unsigned n = (unsigned)(draw(&seed) % 40); n; n--)
			write_one(t, (unsigned)(draw(&seed) % (KEYS / WRITERS)) * WRITERS + me);
		if (draw(&seed) % 30 == 0)
			must(store_fold(s));
		if (draw(&seed) % 100 == 0)
			must(store_compact(s));
		usleep((useconds_t)(draw(&seed) % 4000));	/* let others catch up */
	}
	txn_abort(t);
	store_close(s);
	_exit(0);
}

/* --- readers --- */

static void stale(const char *what, unsigned key, uint64_t is, uint64_t was)
{
	if (atomic_exchange(&shared->stale, 1))
		return;
	printf("# %s: key %u is %llu, was %llu\n", what, key, (unsigned long long)is,
	       (unsigned long long)was);
	fflush(stdout);
}

/* One row of an answer: nothing of it is older than what was known. */
static void told(const uint64_t *before, const struct wire_value *w, struct bytes value)
{
	unsigned k = le32_get(w->nth), said = 0;
	unsigned long long count = 0;
	char text[64] = "";

	memcpy(text, value.ptr, value.len < 63 ? value.len : 63);
	atomic_fetch_add(&shared->told_n, 1);
	if (sscanf(text, "%u %llu ", &said, &count) != 2 || said != k)
		stale("another's value", k, said, k);
	if (count < before[k])
		stale("a value of the service", k, count, before[k]);
}

/* What the service says of all keys, beside what was known before it was asked. */
static int ask(struct gpu_client *c, struct bytes body)
{
	uint64_t before[KEYS];
	struct gpu_answer a;
	struct wire_value w;
	struct bytes in;
	int r;

	for (unsigned k = 0; k < KEYS; k++)
		before[k] = atomic_load(&shared->count[k]);
	r = gpu_client_ask(c, WIRE_READ, body, &a);
	if (r == ERR_UNAVAILABLE)
		return r;		/* it was killed */
	must(r);
	in = bytes_of(a.ptr, a.len);
	while (in.len) {
		must(wire_take(&in, &w, sizeof w));
		if (le32_get(w.state) != WIRE_VALUE)
			continue;
		told(before, &w, bytes_of(in.ptr, le64_get(w.len)));
		in.ptr += le64_get(w.len);
		in.len -= le64_get(w.len);
	}
	gpu_answer_free(&a);
	return 0;
}

/* All keys at once, of the index; how many were there. */
static uint64_t look_at_all(const struct gpu_index *x)
{
	static char name[KEYS][32];
	uint64_t was[KEYS], want = atomic_load(&shared->newest);
	struct gpu_token t[KEYS];
	struct bytes key[KEYS];
	long found;

	for (unsigned k = 0; k < KEYS; k++) {
		key[k] = key_of(k, name[k]);
		was[k] = atomic_load(&shared->version[k]);
		if (want < was[k])	/* whose writer has not come to `newest` yet */
			want = was[k];
	}
	found = gpu_index_find_many(x, GPU_VALUE, key, KEYS, want, t);
	for (unsigned k = 0; k < KEYS; k++)
		if (found > 0 && t[k].stamp && t[k].version < was[k])
			stale("the index, of many,", k, t[k].version, was[k]);
	return found > 0 ? (uint64_t)found : 0;
}

static void look(struct gpu_index *x, uint64_t *seed, unsigned n)
{
	struct gpu_token t;
	uint64_t hits = 0;
	char name[32];

	for (unsigned i = 0; i < n; i++) {
		unsigned k = (unsigned)(draw(seed) % KEYS);
		uint64_t was = atomic_load(&shared->version[k]);
		uint64_t want = i % 2 ? 0 : atomic_load(&shared->newest);

		if (want < was)		/* whose writer has not come to `newest` yet */
			want = was;
		if (gpu_index_find(x, GPU_VALUE, key_of(k, name), want, &t) != 1)
			continue;
		hits++;
		if (t.version < was)
			stale("the index", k, t.version, was);
		if (i % 32 == 0)
			hits += look_at_all(x);
	}
	atomic_fetch_add(&shared->hit_n, hits);
	atomic_fetch_add(&shared->look_n, n + (n + 31) / 32 * KEYS);
}

/* With a service that may go: false when it is over. */
static bool connected(struct gpu_client **c, struct gpu_index **x, struct backend *b,
		      const uint8_t id[16])
{
	int r;

	while (!atomic_load(&shared->stop)) {
		r = gpu_client_open(c, b, id, BOUND_NS);
		if (r == 0) {
			r = gpu_index_attach(x, b, id);
			if (r == 0)
				return true;
			gpu_client_close(*c);
		}
		if (r != ERR_ABSENT && r != ERR_UNAVAILABLE)
			must(r);
		usleep(1000);
	}
	return false;
}

static void reader(struct backend *b, const uint8_t id[16])
{
	struct buf body = { 0 };
	const struct wire_which w = { .flags = le32_of(0) };
	uint64_t seed = clock_random();
	struct gpu_client *c;
	struct gpu_index *x;
	char name[32];

	must(buf_add(&body, &w, sizeof w));
	for (unsigned k = 0; k < KEYS; k++)
		must(wire_key_put(&body, key_of(k, name)));
	while (connected(&c, &x, b, id)) {
		while (!atomic_load(&shared->stop) && ask(c, buf_bytes(&body)) == 0)
			look(x, &seed, 5000);
		look(x, &seed, 5000);	/* in what a dead one left */
		gpu_index_close(x);
		gpu_client_close(c);
		atomic_fetch_add(&shared->again_n, 1);
	}
	buf_release(&body);
	_exit(0);
}

/* --- all together --- */

static pid_t child(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	return pid;
}

static uint64_t wanted(const char *name, uint64_t small)
{
	const char *given = getenv(name);

	return given ? strtoull(given, NULL, 10) : small;
}

static uint64_t read_n(void)
{
	return atomic_load(&shared->hit_n) + atomic_load(&shared->told_n);
}

static pid_t killed_and_begun(pid_t service)
{
	int status;

	kill(service, SIGKILL);
	assert_true(waitpid(service, &status, 0) == service && WIFSIGNALED(status));
	return service_or_skip(dir, "host", "--size=8M");
}

/* The kills are spread over the reads.  Without READS a slow machine is let off. */
static unsigned watch(pid_t *service, uint64_t most, uint64_t kills)
{
	uint64_t end = getenv("READS") ? UINT64_MAX : clock_ns() + BOUND_NS;
	unsigned done = 0;

	while (!atomic_load(&shared->stale) && clock_ns() < end && read_n() < most) {
		if (done < kills && read_n() >= most / (kills + 1) * (done + 1)) {
			*service = killed_and_begun(*service);
			done++;
		}
		usleep(2000);
	}
	return done;
}

static void nothing_that_is_read_is_older_than_what_was_known(void **state)
{
	pid_t pid[WRITERS + READERS], service;
	uint64_t most = wanted("READS", scaled(2000000)), kills = wanted("KILLS", 3);
	struct store *s;
	unsigned n = 0, killed;
	int status;

	(void)state;
	must(store_create(dir, bytes_of("log_size = 1M\nsync = none\n", 26)));
	service = service_or_skip(dir, "host", "--size=8M");
	s = opened(false);
	for (unsigned i = 0; i < WRITERS; i++)
		if ((pid[n++] = child()) == 0)
			writer(i);
	for (unsigned i = 0; i < READERS; i++)
		if ((pid[n++] = child()) == 0)
			reader(store_backend(s), store_id(s));
	killed = watch(&service, most, kills);
	atomic_store(&shared->stop, 1);
	for (unsigned i = 0; i < n; i++)
		assert_true(waitpid(pid[i], &status, 0) == pid[i] && status == 0);
	kill(service, SIGTERM);
	assert_true(waitpid(service, &status, 0) == service && WIFSIGNALED(status));
	print_message("# %llu reads of the index, %llu hits, %llu values told, version %llu, %u "
		      "services killed, %llu times found gone\n",
		      (unsigned long long)shared->look_n, (unsigned long long)shared->hit_n,
		      (unsigned long long)shared->told_n, (unsigned long long)shared->newest,
		      killed, (unsigned long long)shared->again_n);
	assert_false(atomic_load(&shared->stale));
	assert_true(shared->hit_n > 0 && shared->told_n > 0);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_that_is_read_is_older_than_what_was_known),
	};
	const char *tmp = getenv("TMPDIR");
	char command[sizeof dir + 16];
	int failed;

	snprintf(dir, sizeof dir, "%s/strato-gpu-stale-XXXXXX", tmp ? tmp : "/tmp");
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED || !mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests_name("gpu_stale", tests, NULL, NULL);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command) || failed;
}
