/* strato-bench nvme_throughput - what the disk gives through io/
 *
 * One file, opened twice (direct and buffered) and its name removed before the
 * first byte is measured: however this ends, nothing is left.  The runs go round
 * all measurements again and again, so that a machine that was busy for a while
 * hurts one run of each and not all runs of one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/size.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cmd/bench/bench.h"
#include "cmd/bench/figures.h"
#include "cmd/bench/load.h"
#include "cmd/common/machine.h"
#include "cmd/common/open.h"
#include "io/file.h"

#define SMALL 4096u
#define LARGE (1u << 20)
#define LARGE_DEPTH 8u			/* of 1 MiB: more gains nothing on one device */
#define MEASURES (2 * (2 + 2 * 8))	/* direct and buffered: two large, two at 8 depths */

enum { OPT_SIZE = 1, OPT_TIME, OPT_RUNS, OPT_ONLY };
enum { RATE, P50, P99, P999, FIGURES };

struct measure {
	char name[48];
	bool direct, write, random;
	unsigned depth;
	int figure;			/* the first of FIGURES */
};

struct nvme {
	struct cli *cli;
	const char *dir;
	bool in_store;
	uint64_t size, time_ns;
	struct settings settings;
	struct store *store;		/* for its settings */
	struct backend *backend;
	struct file *file[2];		/* buffered, direct */
	struct ioq *queue[2];
	uint8_t *memory;
	struct measure measure[MEASURES];
	unsigned measure_n;
	struct figures figures;
};

static const struct cli_tool tool = {
	.name = "strato-bench nvme_throughput",
	.does = "reads and writes of a disk, sequential and random",
	.usage = "[OPTION]... [-s DIR | DIR]",
	.examples = "strato-bench nvme_throughput /data\n"
		    "strato-bench nvme_throughput --only=random-read-direct --runs=9 /data",
};

/* --- the file --- */

static int refused(struct nvme *n)
{
	return err_set(ERR_UNAVAILABLE, "%s: this file system refuses direct I/O", n->dir);
}

/* Both ways open, and no name. */
static int make_file(struct nvme *n)
{
	uint64_t want = n->settings.value[SETTING_DIRECT_IO];
	char name[64];
	int r;

	snprintf(name, sizeof name, "%sbench-%08llx.tmp", n->in_store ? "tmp/" : ".strato-",
		 (unsigned long long)(clock_random() & 0xffffffffu));
	r = backend_open(n->backend, name, FILE_WRITE | FILE_CREATE, &n->file[0]);
	if (r < 0)
		return r;
	if (want != DIRECT_IO_OFF)
		r = backend_open(n->backend, name, FILE_WRITE | FILE_DIRECT, &n->file[1]);
	backend_remove(n->backend, name);
	if (r == 0 && n->file[1] && !n->file[1]->direct) {
		file_close(n->file[1]);
		n->file[1] = NULL;
	}
	if (r == 0 && want == DIRECT_IO_ON && !n->file[1])
		r = refused(n);
	return r;
}

/* Written whole once: reading a hole, or space that is only reserved, is no read. */
static int fill_file(struct nvme *n)
{
	struct load l = {
		.queue = n->queue[n->file[1] != NULL], .file = n->file[n->file[1] != NULL],
		.size = n->size, .memory = n->memory, .block = LARGE,
		.depth = LARGE_DEPTH, .write = true, .once = true, .time_ns = UINT64_MAX,
	};
	struct load_result ignored;
	int r = file_reserve(n->file[0], 0, n->size);

	return r < 0 ? r : load_run(&l, &ignored);
}

static int open_place(struct nvme *n)
{
	int r;

	if (n->in_store) {
		r = open_store(n->cli, &n->store, OPEN_READ);
		if (r < 0)
			return r;
		n->settings = *store_settings(n->store);
	} else {
		r = cli_settings(n->cli, &n->settings, bytes_of("", 0), "config");
		if (r < 0)
			return r;
	}
	r = backend_local(&n->backend, n->dir, true);
	return r == ERR_NO_STORE ? err_set(ERR_NO_FILE, "%s: no such directory", n->dir) : r;
}

static int open_queues(struct nvme *n)
{
	int r = 0;

	for (int direct = 0; r == 0 && direct < 2; direct++)
		if (n->file[direct])
			r = ioq_open(&n->queue[direct], LOAD_DEPTH_MAX, IOQ_AUTO);
	n->memory = r == 0 ? mem_pages(NULL, LARGE_DEPTH * LARGE) : NULL;
	if (r == 0 && !n->memory)
		r = ERR_MEMORY;
	for (size_t i = 0; r == 0 && i < LARGE_DEPTH * LARGE; i += 8) {
		uint64_t x = hash_u64(i);	/* a device may pack what is alike */

		memcpy(n->memory + i, &x, 8);
	}
	return r;
}

/* --- what is measured --- */

static const char *unit_of(const struct measure *m, int figure)
{
	return figure != RATE ? "us" : m->random ? "IOPS" : "MB/s";
}

static int add(struct nvme *n, bool direct, bool random, bool write, unsigned depth)
{
	static const char *const tails[FIGURES] = { "", "-p50", "-p99", "-p99.9" };
	struct measure *m = &n->measure[n->measure_n];
	char name[64];
	int at;

	snprintf(m->name, sizeof m->name, "%s-%s-%s", random ? "random" : "sequential",
		 write ? "write" : "read", direct ? "direct" : "buffered");
	if (random)
		snprintf(m->name + strlen(m->name), 8, "-qd%u", depth);
	if (!figures_wanted(&n->figures, m->name))
		return 0;
	m->direct = direct;
	m->random = random;
	m->write = write;
	m->depth = depth;
	for (int f = 0; f < FIGURES; f++) {
		snprintf(name, sizeof name, "%s%s", m->name, tails[f]);
		at = figures_add(&n->figures, name, unit_of(m, f));
		if (at < 0)
			return at;
		m->figure = f == 0 ? at : m->figure;
	}
	n->measure_n++;
	return 0;
}

static int plan(struct nvme *n)
{
	int r = 0;

	for (int direct = 1; direct >= 0; direct--) {
		if (direct ? !n->file[1] :
		    n->settings.value[SETTING_DIRECT_IO] == DIRECT_IO_ON)
			continue;
		for (int write = 0; r == 0 && write < 2; write++)
			r = add(n, direct, false, write, LARGE_DEPTH);
		for (int write = 0; write < 2; write++)
			for (unsigned depth = 1; r == 0 && depth <= LOAD_DEPTH_MAX; depth *= 2)
				r = add(n, direct, true, write, depth);
	}
	return r < 0 || n->measure_n ? r :
		figures_nothing(&n->figures, "sequential-read, random-write-direct, "
				"random-read-direct-qd8");
}

static int measure_once(struct nvme *n, struct measure *m, uint64_t run)
{
	struct load l = {
		.queue = n->queue[m->direct], .file = n->file[m->direct], .size = n->size,
		.memory = n->memory, .block = m->random ? SMALL : LARGE, .depth = m->depth,
		.write = m->write, .random = m->random, .time_ns = n->time_ns,
		.once = !m->direct, .seed = clock_random(),
	};
	struct load_result res;
	int r;

	/* buffered reads are of the disk, not of memory */
	if (!m->direct && !m->write)
		posix_fadvise(l.file->fd, 0, 0, POSIX_FADV_DONTNEED);
	r = load_run(&l, &res);
	if (r < 0)
		return r;
	figures_put(&n->figures, m->figure + RATE, run, m->random ? res.iops : res.mb_s);
	figures_put(&n->figures, m->figure + P50, run, res.p50_us);
	figures_put(&n->figures, m->figure + P99, run, res.p99_us);
	figures_put(&n->figures, m->figure + P999, run, res.p999_us);
	return 0;
}

static int measure_all(struct nvme *n)
{
	struct progress p;
	uint64_t done = 0;
	int r = 0;

	progress_begin(&p, n->cli, "measurements", 0);
	for (uint64_t run = 0; r == 0 && run < n->figures.run_n; run++)
		for (unsigned i = 0; r == 0 && i < n->measure_n; i++) {
			r = measure_once(n, &n->measure[i], run);
			p.items = ++done;
			progress_look(&p);
		}
	progress_end(&p, NULL);
	return r;
}

/* --- what is said --- */

/* How the direct file, else the buffered one, was read and written. */
static void io_words(const struct nvme *n, char *out, size_t cap)
{
	int r = 0;

	if (n->file[1])
		r = snprintf(out, cap, "direct, aligned to %u bytes, %s", n->file[1]->align,
			     *ioq_why(n->queue[1]) ? ioq_why(n->queue[1]) : "unused");
	else
		r = snprintf(out, cap, "buffered only: %s",
			     n->settings.value[SETTING_DIRECT_IO] == DIRECT_IO_OFF ?
			     "direct_io is off" : "this file system refuses direct I/O");
	if (n->queue[0] && *ioq_why(n->queue[0]) && r > 0 && (size_t)r < cap)
		snprintf(out + r, cap - (size_t)r, "; buffered, %s", ioq_why(n->queue[0]));
}

static int print_beside(struct nvme *n)
{
	struct machine_place place;
	char io[400], device[240];
	struct sink to = output_stdout();
	struct buf text = { 0 };
	struct json j;
	int r = machine_place(&place, n->dir);

	if (r < 0)
		return r;
	io_words(n, io, sizeof io);
	machine_words(&place, device, sizeof device);
	json_init(&j, NULL);
	if (n->cli->json) {
		json_object(&j, NULL);
		json_text(&j, "io_mode", io);
		json_text(&j, "device", device);
		json_u64(&j, "size_bytes", n->size);
		json_u64(&j, "time_ns", n->time_ns);
		json_u64(&j, "runs", n->figures.run_n);
		json_text(&j, "direct_io", setting_text(&n->settings, SETTING_DIRECT_IO));
		json_object_end(&j);
		r = json_line(&j, to);
	} else {
		r = buf_printf(&text, "# I/O mode: %s\n# device: %s\n# settings: file of %s, "
			       "%s a run, %llu runs, direct_io %s, 1 MiB at depth %u, "
			       "4 KiB at 1 to %u\n", io, device, size_show(n->size),
			       size_show_duration(n->time_ns), (unsigned long long)n->figures.run_n,
			       setting_text(&n->settings, SETTING_DIRECT_IO), LARGE_DEPTH,
			       LOAD_DEPTH_MAX);
		if (r == 0)
			r = to.write(to.ctx, text.ptr, text.len);
	}
	json_release(&j);
	buf_release(&text);
	return r;
}

static void release(struct nvme *n)
{
	for (int i = 0; i < 2; i++) {
		ioq_close(n->queue[i]);
		file_close(n->file[i]);
	}
	mem_free_pages(NULL, n->memory, LARGE_DEPTH * LARGE);
	figures_release(&n->figures);
	backend_close(n->backend);
	store_close(n->store);
}

static int bench(struct nvme *n)
{
	int r = open_place(n);

	if (r == 0)
		r = make_file(n);
	if (r == 0)
		r = plan(n);
	if (r == 0)
		r = open_queues(n);
	if (r == 0)
		r = fill_file(n);
	if (r == 0)
		r = measure_all(n);
	if (r == 0)
		r = figures_print(&n->figures, n->cli);
	if (r == 0)
		r = print_beside(n);
	release(n);
	return r;
}

int bench_nvme(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("size", 0, OPT_SIZE, "bytes of the file, 1M and more (1G)", "SIZE"),
		CLI_TEXT("time", 0, OPT_TIME, "how long each run takes (500ms)", "DUR"),
		CLI_TEXT("runs", 0, OPT_RUNS, "runs of each measurement, 1..1000 (5)", "N"),
		CLI_TEXT("only", 0, OPT_ONLY, "what begins so: random-read-direct", "METRIC"),
		CLI_OPTIONS_STORE,
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	struct nvme n = { 0 };
	struct cli cli;

	n.cli = &cli;
	cli_begin(&cli, &tool, argc, argv, table);
	n.size = cli_size(&cli, OPT_SIZE, LARGE, 1ull << 44, 1u << 30) / LARGE * LARGE;
	n.time_ns = cli_duration(&cli, OPT_TIME, 1000000, 3600000000000u, 500000000);
	n.figures.run_n = cli_u64(&cli, OPT_RUNS, 1, 1000, 5);
	n.figures.only = cli_text(&cli, OPT_ONLY);
	n.dir = cli_operand_if_any(&cli);
	cli_no_more(&cli);
	if (n.dir && cli_given(&cli, CLI_VAL_STORE))
		cli_usage(&cli, "either -s or a DIR, not both");
	n.in_store = !n.dir;
	if (!n.dir)
		n.dir = cli_store(&cli);
	cli_catch_signals();
	return cli_end(&cli, bench(&n));
}
