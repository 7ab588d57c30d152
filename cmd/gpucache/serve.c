/* strato-gpucache serve - the cache service of one store
 *
 * In the foreground until `stop` or a signal.  It holds the one context of a device,
 * answers who asks by the socket in the store, and keeps the index there that anybody
 * may ask without it.  Order matters: the lock first, then the drivers in a child, then
 * the driver here, and no fork after that.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "cmd/common/open.h"
#include "cmd/gpucache/gpucache.h"
#include "cmd/gpucache/serve.h"
#include "cmd/gpucache/serve_graph.h"

enum { OPT_DEVICE = 1, OPT_SIZE, OPT_READY, OPT_REQUIRE };

#define SIZE_LEAST (2u << 20)
#define STALL_NS UINT64_C(300000000000)	/* no request of ours takes five minutes */

static const struct cli_tool tool = {
	.name = "strato-gpucache serve",
	.does = "keep values and graphs of a store in device memory",
	.usage = "[OPTION]...",
	.examples = "strato-gpucache serve -s /data/kv --size=8G\n"
		    "strato-gpucache serve -s /data/kv --device=host --ready-fd=3 3>ready &",
};

/* --- callbacks --- */

int serve_stat(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	struct serve *s = ctx;
	struct gpu_cache_info i;
	struct service_stat v;
	struct wire_stat w;
	int r;

	(void)q;
	gpu_cache_info(s->cache, &i);
	service_stat(s->service, &v);
	w = (struct wire_stat){
		.generation = le64_of(i.generation), .pid = le64_of((uint64_t)getpid()),
		.started_ns = le64_of(s->started_ns), .size = le64_of(i.size),
		.bytes = le64_of(i.bytes), .pinned_bytes = le64_of(i.pinned_bytes),
		.n = le64_of(i.n), .pinned_n = le64_of(i.pinned_n),
		.hit_n = le64_of(i.hit_n), .miss_n = le64_of(i.miss_n),
		.load_n = le64_of(i.load_n), .evict_n = le64_of(i.evict_n),
		.refuse_n = le64_of(i.refuse_n), .drop_n = le64_of(i.drop_n),
		.applied = le64_of(i.applied), .client_n = le64_of(v.client_n),
		.ask_n = le64_of(v.ask_n), .denied_n = le64_of(v.denied_n),
		.bad_n = le64_of(v.bad_n), .restart_n = le64_of(s->restart_n),
		.upload_bytes = le64_of(i.upload_bytes), .read_bytes = le64_of(i.read_bytes),
		.unpack_n = le64_of(s->unpack_n),
	};
	r = buf_add(&a->body, &w, sizeof w);
	if (r == 0)
		r = wire_text_put(&a->body, device_type_name(s->chosen.type));
	if (r == 0)
		r = wire_text_put(&a->body, s->chosen.name);
	return r < 0 ? r : wire_text_put(&a->body, s->chosen.why);
}

/* Is the store still the one at its path?  Else nobody will find us there again. */
static void rest(void *ctx)
{
	struct serve *s = ctx;
	struct stat st;

	serve_let_go(s);	/* so that what writers replace can go */
	if (stat(s->files->path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		service_stop(s->service);
}

static void beat(void *ctx)
{
	gpu_cache_beat(((struct serve *)ctx)->cache);
}

static const struct service_calls calls = {
	.call = {
		[WIRE_STAT] = serve_stat, [WIRE_PIN] = serve_pin,
		[WIRE_EVICT] = serve_evict, [WIRE_WARM] = serve_warm,
		[WIRE_FIND] = serve_find, [WIRE_READ] = serve_read,
		[WIRE_PIN_GRAPH] = serve_pin_graph, [WIRE_WALK] = serve_walk,
		[WIRE_RUN] = serve_run,
	},
	.rest = rest,
	.beat = beat,
};

/* --- running --- */

static int cache_open(struct serve *s)
{
	struct gpu_cache_setup set = { .size = s->size, .mem = store_mem(s->store) };
	int r = store_snapshot(s->store, &s->snap);

	if (r < 0)
		return r;
	memcpy(set.store, store_id(s->store), sizeof set.store);
	set.applied = snapshot_version(s->snap);
	serve_let_go(s);
	return gpu_cache_open(&s->cache, s->files, s->device, &set);
}

static int ready(int fd)
{
	const char word[] = "ready\n";
	int r = 0;

	if (fd < 0)
		return 0;
	if (write(fd, word, sizeof word - 1) != (ssize_t)sizeof word - 1)
		r = err_sys(ERR_IO, "--ready-fd=%d", fd);
	close(fd);
	return r;
}

static int door_open(struct serve *s)
{
	struct service_setup set = {
		.who = "strato-gpucache", .owner = geteuid(), .stall_ns = STALL_NS,
		.lock_fd = s->lock_fd, .socket_fd = s->socket_fd,
	};

	memcpy(set.store, store_id(s->store), sizeof set.store);
	return service_open(&s->service, s->files, &set);
}

/* A thread hangs in the driver: nothing can be closed any more. */
static void give_up(struct serve *s, int code)
{
	gpu_cache_kill(s->cache);
	_exit(cli_end(s->cli, code));
}

/* Asked to end in the middle of long work: the process ends as it would have. */
static void abandon(struct serve *s, int sig)
{
	gpu_cache_leave(s->cache);
	service_leave(s->service);
	if (sig) {
		sigset_t set;

		signal(sig, SIG_DFL);
		raise(sig);
		sigemptyset(&set);
		sigaddset(&set, sig);
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	}
	_exit(cli_end(s->cli, 0));
}

static int answer(struct serve *s)
{
	struct service_calls mine = calls;
	struct gpu_cache_info i;
	int sig = 0, r;

	mine.ctx = s;
	gpu_cache_info(s->cache, &i);
	cli_note(s->cli, "%s: %s, %s; generation %llu", s->files->path,
		 device_type_name(s->chosen.type), output_size(i.size),
		 (unsigned long long)i.generation);
	r = service_run(s->service, &mine, &sig);
	if (r == SERVICE_LOST)
		r = serve_again(s, "the device was lost");
	else if (r == SERVICE_STUCK)
		give_up(s, serve_again(s, "the device does not answer"));
	else if (r == SERVICE_ABANDONED)
		abandon(s, sig);
	else if (r == SERVICE_SIGNAL)
		raise(sig);		/* noted now, taken at the very end */
	return r < 0 ? r : 0;
}

static void serve_close(struct serve *s)
{
	serve_walk_close(s);
	gpu_cache_close(s->cache);
	gpu_backend_close(s->device);
	service_close(s->service);
	snapshot_close(s->snap);
	store_close(s->store);
	backend_close(s->files);
}

/* The device and what is on it.  One that was lost before is tried a few times, and then
 * done without: a service that answers from host memory is better than none. */
static int device_begin(struct serve *s, const char *device, bool want_gpu)
{
	int r;

	if (s->streak > SERVE_STREAK && !want_gpu) {
		device = "host";
		cli_say(s->cli, "%s: the device was lost %u times: host memory is used",
			s->files->path, s->streak);
	}
	r = serve_device_open(s, device, want_gpu);
	if (r == 0)
		r = cache_open(s);
	if (r < 0 && s->streak && s->streak <= SERVE_STREAK)
		r = serve_again(s, err_message());
	if (r == 0 && s->streak > SERVE_STREAK)
		snprintf(s->chosen.why, sizeof s->chosen.why, "the device was lost %u times",
			 s->streak);
	return r;
}

static int serve(struct serve *s, const char *device, bool want_gpu, int ready_fd)
{
	int r = open_store(s->cli, &s->store, OPEN_READ);

	if (r == 0)
		r = backend_local(&s->files, store_path(s->store), true);
	if (r == 0) {
		serve_again_begin(s);
		r = door_open(s);
	}
	if (r == 0)
		r = device_begin(s, device, want_gpu);
	if (r == 0 && !s->restart_n)
		r = ready(ready_fd);
	if (r == 0 && !cli_stopped())
		r = answer(s);
	serve_close(s);
	return r;
}

int gpucache_serve(int argc, const char **argv)
{
	static const char *const wants[] = { "any", "gpu", NULL };
	const struct poptOption table[] = {
		CLI_TEXT("device", 0, OPT_DEVICE, "auto, cpu, host or a number of `devices'",
			 "WHICH"),
		CLI_TEXT("size", 0, OPT_SIZE, "device memory to take", "SIZE"),
		CLI_TEXT("ready-fd", 0, OPT_READY, "say there when it answers", "N"),
		CLI_TEXT("require", 0, OPT_REQUIRE, "gpu: status 69 unless one is used", "WHAT"),
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct serve s = { .started_ns = clock_wall_ns() };
	struct cli cli;
	bool want_gpu;
	int fd;

	cli_begin(&cli, &tool, argc, argv, table);
	want_gpu = cli_choice(&cli, OPT_REQUIRE, wants, 0) == 1;
	s.cli = &cli;
	s.size = cli_size(&cli, OPT_SIZE, SIZE_LEAST, INT64_MAX, 0);
	fd = cli_given(&cli, OPT_READY) ? (int)cli_u64(&cli, OPT_READY, 0, 1u << 20, 0) : -1;
	cli_no_more(&cli);
	cli_catch_signals();
	return cli_end(&cli, serve(&s, cli_text(&cli, OPT_DEVICE), want_gpu, fd));
}
