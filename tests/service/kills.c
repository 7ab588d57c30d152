/* tests/service/kills.c - the cache service is killed at any moment of its life
 *
 * While it starts, loads, evicts, catches up, is mapped, walks a graph or begins anew over
 * an exec, in turn, at a random moment of each.  Each time: who asked is answered right
 * or told what is the matter, within 5 seconds (without KILLS a minute), the next service
 * starts, and nothing of the killed one is in anybody's way or left behind.
 *
 * KILLS says how often, SEED repeats the moments as far as a machine can.  The commands
 * are those of the build, found by PATH.
 */
#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "gpu/gpu_client.h"
#include "gpu/service.h"
#include "tests/service/kills.h"

#define SIZE "--size=4M"
#define LATE_NS UINT64_C(5000000000)
#define SOUND_EACH 25u		/* kills between looks at the store, and at what is left */

struct world *world;
static const char *const phases[PHASES] = {
	"starting", "pinning", "evicting", "catching up", "mapped", "walking", "beginning anew",
};
static uint64_t start_ns;	/* that a service takes to start */
static bool quiet;		/* what the next ones say is known */

void kills_failed(const char *format, ...)
{
	va_list args;

	if (atomic_exchange(&world->failed, 1))
		return;
	va_start(args, format);
	vsnprintf(world->words, sizeof world->words, format, args);
	va_end(args);
}

/* --- the store --- */

struct bytes kills_fixed_key(unsigned k, char text[32])
{
	return bytes_of(text, (size_t)snprintf(text, 32, "fixed/%02u", k));
}

struct bytes kills_moving_key(unsigned k, char text[32])
{
	return bytes_of(text, (size_t)snprintf(text, 32, "moving/%02u", k));
}

/* From none to 300 kB: all of them are more than the device has. */
uint64_t kills_fixed_len(unsigned k)
{
	return (uint64_t)k * k * 91;
}

uint8_t kills_fixed_byte(unsigned k, uint64_t at)
{
	return (uint8_t)(31 * k + 7 * at + (at >> 8));
}

static void fill_values(struct store *s)
{
	uint8_t *value = malloc(kills_fixed_len(FIXED));
	struct txn *t;
	char text[32];

	assert_non_null(value);
	must(txn_begin(&t, s));
	for (unsigned k = 0; k < FIXED; k++) {
		for (uint64_t i = 0; i < kills_fixed_len(k); i++)
			value[i] = kills_fixed_byte(k, i);
		must(txn_put(t, 0, kills_fixed_key(k, text),
			     bytes_of(value, kills_fixed_len(k)), 0));
	}
	for (unsigned k = 0; k < MOVING; k++) {
		int n = snprintf((char *)value, 32, "%u 0", k);

		must(txn_put(t, 0, kills_moving_key(k, text), bytes_of(value, (size_t)n), 0));
	}
	must(txn_commit(t, NULL));
	txn_abort(t);
	free(value);
}

/* A ring with chords, and what the CPU says of it. */
static void fill_graph(void)
{
	static char command[5000];
	FILE *f;

	snprintf(command, sizeof command, "strato-graph import -q -s '%s' -g g -f el",
		 world->dir);
	f = popen(command, "w");
	assert_non_null(f);
	for (unsigned i = 0; i < 3000; i++)
		fprintf(f, "%u %u\n%u %u\n", i, (i + 1) % 3000, i, i * 7 % 3000);
	assert_int_equal(pclose(f), 0);
	snprintf(command, sizeof command, "strato-graph bfs -q -s '%s' -g g 0", world->dir);
	assert_int_equal(kills_command(command, world->walk, sizeof world->walk), 0);
	assert_true(strlen(world->walk) > 10000);
}

static void fill(void)
{
	struct store_options o = { .write = true, .settings = settings, .who = "test" };
	struct store *s;

	must(store_create(world->dir, bytes_of("log_size = 4M\nsync = none\n", 26)));
	must(store_open(&s, world->dir, &o));
	fill_values(s);
	store_close(s);
}

/* --- services --- */

static bool walks(enum phase p)
{
	return p == WALKING && world->kernels;
}

/* As a service is after its device was lost: lock and socket came over an exec. */
static void exec_again(int ready_fd)
{
	struct service_setup set = { .who = "test", .owner = geteuid(), .lock_fd = -1,
				     .socket_fd = -1 };
	struct backend *b;
	struct service *s;
	struct store *store;
	struct store_options o = { .settings = settings, .who = "test" };
	int lock_fd, socket_fd;
	char text[64];

	must(store_open(&store, world->dir, &o));
	memcpy(set.store, store_id(store), sizeof set.store);
	must(backend_local(&b, world->dir, true));
	must(service_open(&s, b, &set));
	service_keep(s, &lock_fd, &socket_fd);
	snprintf(text, sizeof text, "%d,%d,1,1", lock_fd, socket_fd);
	setenv("STRATO_GPUCACHE_AGAIN", text, 1);
	service_exec(world->dir, "host", SIZE, ready_fd);
}

/* Its process; READY is where it will say so, for the caller to close. */
static pid_t begin(enum phase p, int *ready)
{
	int fd[2];
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (quiet && !freopen("/dev/null", "w", stderr))
			_exit(1);
		if (p == AGAIN)
			exec_again(fd[1]);
		service_exec(world->dir, walks(p) ? "cpu" : "host", SIZE, fd[1]);
	}
	close(fd[1]);
	*ready = fd[0];
	return pid;
}

static bool is_ready(int ready)
{
	char word;

	return read(ready, &word, 1) == 1;
}

static void end(pid_t pid, int sig)
{
	int status;

	kill(pid, sig);
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != sig)
		kills_failed("a service that was sent signal %d ended with %#x", sig, status);
}

/* --- what is left --- */

/* Names of the store that begin like the service's: N of them. */
static unsigned left(const char *sub, const char *begins)
{
	char path[sizeof world->dir + 8];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof path, "%s%s", world->dir, sub);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)))
		n += !strncmp(e->d_name, begins, strlen(begins)) && e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* What a killed one leaves are at most these: the lock, the socket, the index and its
 * marks, and one of them half made. */
static void look_at_left(void)
{
	if (left("", "gpucache") > 5)
		kills_failed("a killed service left %u files", left("", "gpucache"));
}

static unsigned shared_memory(void)
{
	struct dirent *e;
	unsigned n = 0;
	DIR *d = opendir("/dev/shm");

	while (d && (e = readdir(d)))
		n += strstr(e->d_name, "gpucache") != NULL;
	if (d)
		closedir(d);
	return n;
}

/* Those of PID that are not files of the store: connections, memory of answers.  Of files
 * that somebody replaced it may have a few, until it is asked again. */
static unsigned descriptors_of(pid_t pid, bool say)
{
	char path[300], to[5000];
	unsigned n = 0, replaced = 0;
	struct dirent *e;
	ssize_t len;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d))) {
		snprintf(path, sizeof path, "/proc/%d/fd/%.20s", pid, e->d_name);
		len = readlink(path, to, sizeof to - 1);
		to[len > 0 ? len : 0] = '\0';
		if (say && len > 0)
			print_message("# %s: %s\n", e->d_name, to);
		if (strncmp(to, world->dir, strlen(world->dir)))
			n += len > 0;
		else
			replaced += strstr(to, " (deleted)") != NULL;
	}
	closedir(d);
	return replaced > 3 ? n + replaced : n;
}

/* One that is let end has nothing left; and the store is sound. */
static void look_at_all(void)
{
	static char command[5000], said[4000];
	int ready, status;
	pid_t pid = begin(PINNING, &ready);

	if (!is_ready(ready))
		kills_failed("the next service does not start");
	end(pid, SIGTERM);
	close(ready);
	if (left("", "gpucache"))
		kills_failed("a service left %u files", left("", "gpucache"));
	snprintf(command, sizeof command, "strato-walcheck --full -q -s '%s' 2>&1", world->dir);
	status = kills_command(command, said, sizeof said);
	if (status)
		kills_failed("strato-walcheck: %d: %.300s", status, said);
}

/* --- a round --- */

/* 1 when somebody waited for an answer just then. */
static unsigned kill_one(enum phase p, uint64_t *s)
{
	unsigned waiting;
	int ready;
	pid_t pid;

	atomic_store(&world->phase, p);
	pid = begin(p, &ready);
	if (p == STARTING || p == AGAIN) {
		usleep((useconds_t)(draw(s) % (start_ns / 1000 * 2)));
	} else {
		if (!is_ready(ready))
			kills_failed("%s: the next service does not start", phases[p]);
		usleep((useconds_t)(draw(s) % (walks(p) ? 300000 : 30000)));
	}
	waiting = atomic_load(&world->in_flight) > 0;
	end(pid, SIGKILL);
	close(ready);
	look_at_left();
	return waiting;
}

static void measure_start(void)
{
	uint64_t begun = clock_ns();
	pid_t pid = service_begin(world->dir, "host", SIZE);

	if (pid < 0) {
		print_message("# strato-gpucache is not in PATH\n");
		skip();
	}
	start_ns = clock_ns() - begun + 1000000;
	end(pid, SIGTERM);
}

/* The kernels are compiled once; after that it takes no time. */
static void compile(void)
{
	static char command[10000], said[100];
	pid_t pid;

	if (!world->kernels)
		return;
	pid = service_begin(world->dir, "cpu", SIZE);
	snprintf(command, sizeof command, "strato-gpucache pin -q -s '%s' --graph=g && "
		 "strato-graph bfs -q -s '%s' -g g --require=gpu 0 >/dev/null", world->dir,
		 world->dir);
	assert_int_equal(kills_command(command, said, sizeof said), 0);
	end(pid, SIGTERM);
}

static void clients_begin(pid_t pid[CLIENTS])
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0)
			kills_client(i);
	}
}

static void clients_end(const pid_t pid[CLIENTS])
{
	int status;

	atomic_store(&world->stop, 1);
	for (unsigned i = 0; i < CLIENTS; i++)
		if (waitpid(pid[i], &status, 0) != pid[i] || status)
			kills_failed("client %u ended with %#x", i, status);
}

static void say(const unsigned *killed, const unsigned *waiting)
{
	for (unsigned p = 0; p < PHASES; p++)
		print_message("# %s: killed %u times, %u times in the middle of a request\n",
			      p == WALKING && !world->kernels ? "a graph pinned" : phases[p],
			      killed[p], waiting[p]);
	print_message("# %llu answers right, %llu times told why not, the longest %llu ms\n",
		      (unsigned long long)world->right_n, (unsigned long long)world->error_n,
		      (unsigned long long)world->longest_ns / 1000000);
}

/* One that lives: whoever saw the others die is answered by it. */
static void answer_everybody(const pid_t client[CLIENTS])
{
	uint64_t before = atomic_load(&world->right_n), end_ns = clock_ns() + 12 * LATE_NS;
	pid_t pid = service_begin(world->dir, "host", SIZE);

	while (atomic_load(&world->right_n) < before + 100 && !atomic_load(&world->failed))
		if (clock_ns() > end_ns)
			kills_failed("nobody is answered any more");
		else
			usleep(1000);
	clients_end(client);
	end(pid, SIGTERM);
}

static void killed_at_any_moment_it_harms_nobody(void **state)
{
	const char *given = getenv("SEED"), *many = getenv("KILLS");
	uint64_t s = given ? strtoull(given, NULL, 0) : clock_random();
	uint64_t most = many ? strtoull(many, NULL, 10) : scaled(2 * PHASES);
	unsigned killed[PHASES] = { 0 }, waiting[PHASES] = { 0 }, before = shared_memory();
	pid_t pid[CLIENTS];

	(void)state;
	print_message("# SEED=%llu\n", (unsigned long long)s);
	fill();
	measure_start();
	fill_graph();
	compile();
	world->late_ns = many ? LATE_NS : 12 * LATE_NS;	/* a short run may share its machine */
	clients_begin(pid);
	for (uint64_t i = 0; i < most && !atomic_load(&world->failed); i++) {
		waiting[i % PHASES] += kill_one(i % PHASES, &s);
		killed[i % PHASES]++;
		if (i % SOUND_EACH == SOUND_EACH - 1)
			look_at_all();
	}
	answer_everybody(pid);
	look_at_all();
	say(killed, waiting);
	if (shared_memory() != before)
		kills_failed("shared memory is left");
	if (atomic_load(&world->failed))
		fail_msg("%s", world->words);
}

/* Of clients that come, ask, are answered with memory, and go: nothing stays. */
static void who_was_there_leaves_no_descriptor(void **state)
{
	pid_t pid = service_or_skip(world->dir, "host", SIZE), client[CLIENTS];
	unsigned before = descriptors_of(pid, false), after = 0;

	(void)state;
	atomic_store(&world->stop, 0);
	atomic_store(&world->phase, EVICTING);
	world->late_ns = 12 * LATE_NS;
	clients_begin(client);
	usleep(300000);
	clients_end(client);
	for (int i = 0; i < 20000; i++) {	/* its snapshot goes when nobody asks */
		after = descriptors_of(pid, false);
		if (after <= before)
			break;
		usleep(1000);
	}
	if (after > before)
		descriptors_of(pid, true);
	end(pid, SIGTERM);
	assert_true(after <= before);
	if (atomic_load(&world->failed))
		fail_msg("%s", world->words);
}

/* Whatever the one before left: its socket, its lock's name, an index half made. */
static void of_several_that_start_at_once_exactly_one_serves(void **state)
{
	enum { MANY = 5 };
	pid_t pid[MANY], one;
	unsigned served;
	int ready[MANY], status;

	(void)state;
	quiet = true;
	for (uint64_t i = 0; i < scaled(4); i++) {
		for (unsigned k = 0; k < MANY; k++)
			pid[k] = begin(PINNING, &ready[k]);
		served = 0;
		one = -1;
		for (unsigned k = 0; k < MANY; k++) {
			if (is_ready(ready[k])) {
				served++;
				one = pid[k];
			} else {
				assert_true(waitpid(pid[k], &status, 0) == pid[k]);
				assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 75);
			}
			close(ready[k]);
		}
		assert_int_equal(served, 1);
		end(one, i % 2 ? SIGTERM : SIGKILL);
	}
	assert_int_equal(atomic_load(&world->failed), 0);
}

static void prepare(void)
{
	const char *build = getenv("STRATO_BUILD"), *source = getenv("STRATO_SOURCE");
	char path[4096];

	snprintf(path, sizeof path, "%s/.pocl", build ? build : ".");
	setenv("POCL_CACHE_DIR", path, 1);
	setenv("HOME", path, 1);
	setenv("POCL_MEMORY_LIMIT", "1", 1);
	snprintf(path, sizeof path, "%s/kernels", source ? source : "..");
	setenv("STRATO_KERNELS", path, 0);
	world->kernels = system("strato-gpucache devices 2>/dev/null | cut -f2,3 | "
				"grep -q '^cpu'") == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_moment_it_harms_nobody),
		cmocka_unit_test(who_was_there_leaves_no_descriptor),
		cmocka_unit_test(of_several_that_start_at_once_exactly_one_serves),
	};
	const char *tmp = getenv("TMPDIR");
	char command[sizeof world->dir + 16];
	int failed;

	world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (world == MAP_FAILED)
		return 1;
	snprintf(world->dir, sizeof world->dir, "%s/strato-kills-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(world->dir))
		return 1;
	prepare();
	failed = cmocka_run_group_tests_name("kills", tests, NULL, NULL);
	snprintf(command, sizeof command, "rm -rf '%s'", world->dir);
	return system(command) || failed;
}
