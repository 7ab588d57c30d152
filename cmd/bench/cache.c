/* strato-bench gpu_cache - what a look-up in the GPU cache's index costs here
 *
 * The index is the one a service keeps, in a directory of its own below DIR, attached
 * as another process would attach it.  A look-up is: hash, probe, compare the key,
 * check sequence, generation and version, return the token.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cmd/bench/bench.h"
#include "cmd/bench/figures.h"
#include "gpu/gpu_index.h"

#define KEY 24u
#define MANY 1024u			/* look-ups timed together, or asked in one call */
#define ZIPF 0.99
#define APPLIED 7u

enum { OPT_KEYS = 1, OPT_RUNS, OPT_ONLY, OPT_LOOKUPS };

struct cache {
	struct cli *cli;
	const char *dir;
	uint64_t key_n, lookup_n;
	char own[4096];			/* the directory; empty: not made */
	struct backend *backend;
	struct gpu_index *index, *reader;
	double *zipf;			/* sums of weights */
	struct figures figures;
	char text[MANY][KEY];
	struct bytes key[MANY];
	struct gpu_token token[MANY];
};

static const struct cli_tool tool = {
	.name = "strato-bench gpu_cache",
	.does = "what a look-up in the GPU cache's index costs",
	.usage = "[OPTION]... [DIR]",
	.examples = "strato-bench gpu_cache /dev/shm\n"
		    "strato-bench gpu_cache --keys=100000 --only=hit",
	.more = "What a service and its device give is measured by 'strato-gpucache bench'.",
};

static void key_text(char out[KEY], uint64_t n)
{
	static const char digit[16] = "0123456789abcdef";

	memcpy(out, "user:profile:", 13);
	for (unsigned i = KEY; i-- > 13; n >>= 4)
		out[i] = digit[n & 15];
}

/* --- the index --- */

static int make_dir(struct cache *c)
{
	if (snprintf(c->own, sizeof c->own, "%s/.strato-bench-XXXXXX", c->dir) >=
	    (int)sizeof c->own || !mkdtemp(c->own)) {
		c->own[0] = '\0';
		return err_sys(errno == ENOENT || errno == ENOTDIR ? ERR_NO_FILE : ERR_IO, "%s",
			       c->dir);
	}
	return backend_local(&c->backend, c->own, true);
}

static int fill(struct cache *c)
{
	const struct gpu_index_setup setup = { .entries = (uint32_t)c->key_n };
	struct gpu_token t = { 0 };
	char text[KEY];
	int r = gpu_index_create(&c->index, c->backend, &setup);

	for (uint64_t i = 0; r == 0 && i < c->key_n; i++) {
		t = (struct gpu_token){ .stamp = i + 1, .off = i * 512, .len = 100,
			.slot = (uint32_t)i };
		key_text(text, i);
		r = gpu_index_put(c->index, GPU_VALUE, bytes_of(text, KEY), &t);
	}
	if (r < 0)
		return r;
	gpu_index_applied(c->index, APPLIED);
	r = gpu_index_attach(&c->reader, c->backend, NULL);
	backend_remove(c->backend, GPU_INDEX_NAME);	/* both have it mapped */
	return r;
}

static int weigh(struct cache *c)
{
	double all = 0;

	c->zipf = malloc(c->key_n * sizeof *c->zipf);
	if (!c->zipf)
		return err_set(ERR_MEMORY, "out of memory");
	for (uint64_t i = 0; i < c->key_n; i++)
		c->zipf[i] = all += pow((double)i + 1, -ZIPF);
	return 0;
}

/* --- what is asked --- */

enum draw { EVENLY, BY_ZIPF, ABSENT };

static uint64_t draw(const struct cache *c, enum draw how, uint64_t i)
{
	uint64_t x = hash_u64(i + 1), low = 0, high = c->key_n - 1;
	double at;

	if (how != BY_ZIPF)
		return (uint64_t)(((unsigned __int128)x * c->key_n) >> 64) +
			(how == ABSENT ? 1ull << 40 : 0);
	at = (double)(x >> 11) * 0x1p-53 * c->zipf[c->key_n - 1];
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (c->zipf[mid] < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void ready(struct cache *c, enum draw how, uint64_t from)
{
	for (unsigned k = 0; k < MANY; k++) {
		key_text(c->text[k], draw(c, how, from + k));
		c->key[k] = bytes_of(c->text[k], KEY);
	}
}

/* Each waits for the token of the one before: NOTHING is 0, and nobody knows it. */
static uint64_t one_by_one(struct cache *c, uint64_t *found)
{
	volatile uint64_t nothing = 0;
	uint64_t mask = nothing, t0 = clock_ns();
	struct gpu_token t = { 0 };

	for (unsigned k = 0; k < MANY; k++)
		*found += gpu_index_find(c->reader, GPU_VALUE, c->key[k + (t.stamp & mask)],
					 APPLIED, &t) == 1;
	return clock_ns() - t0;
}

static uint64_t together(struct cache *c, uint64_t *found)
{
	uint64_t t0 = clock_ns();
	long n = gpu_index_find_many(c->reader, GPU_VALUE, c->key, MANY, APPLIED, c->token);

	*found += n > 0 ? (uint64_t)n : 0;
	return clock_ns() - t0;
}

static const struct question {
	const char *name;
	enum draw how;
	uint64_t (*ask)(struct cache *c, uint64_t *found);
} questions[] = {
	{ "hit-zipf", BY_ZIPF, one_by_one },
	{ "hit", EVENLY, one_by_one },
	{ "miss", ABSENT, one_by_one },
	{ "hit-batched", EVENLY, together },
};

#define QUESTIONS (sizeof questions / sizeof *questions)

static int measure(struct cache *c, const struct question *q, int figure, uint64_t run)
{
	uint64_t ns = 0, found = 0, n = c->lookup_n / MANY;

	for (uint64_t i = 0; i < n; i++) {
		ready(c, q->how, (run * n + i) * MANY);
		ns += q->ask(c, &found);
	}
	if (found != (q->how == ABSENT ? 0 : n * MANY))
		return err_set(ERR_BUG, "%s: %llu of %llu keys were found", q->name,
			       (unsigned long long)found, (unsigned long long)(n * MANY));
	figures_put(&c->figures, figure, run, (double)ns / (double)(n * MANY));
	return 0;
}

static int measure_all(struct cache *c)
{
	struct progress p;
	int figure[QUESTIONS], r = 0;

	for (size_t i = 0; r == 0 && i < QUESTIONS; i++) {
		figure[i] = -1;
		if (!figures_wanted(&c->figures, questions[i].name))
			continue;
		figure[i] = figures_add(&c->figures, questions[i].name, "ns");
		r = figure[i] < 0 ? figure[i] : 0;
	}
	if (r == 0 && !c->figures.n)
		r = figures_nothing(&c->figures, "hit, miss, hit-batched");
	if (r < 0)
		return r;
	progress_begin(&p, c->cli, "measurements", c->figures.n * c->figures.run_n);
	for (uint64_t run = 0; r == 0 && run < c->figures.run_n; run++)
		for (size_t i = 0; r == 0 && i < QUESTIONS; i++) {
			r = figure[i] < 0 ? 0 : measure(c, &questions[i], figure[i], run);
			p.items += figure[i] >= 0;
			progress_look(&p);
		}
	progress_end(&p, NULL);
	return r;
}

static int print_beside(struct cache *c)
{
	struct sink to = output_stdout();
	struct buf text = { 0 };
	struct json j;
	int r;

	json_init(&j, NULL);
	if (c->cli->json) {
		json_object(&j, NULL);
		json_u64(&j, "keys", c->key_n);
		json_u64(&j, "lookups", c->lookup_n);
		json_object_end(&j);
		r = json_line(&j, to);
	} else {
		r = buf_printf(&text, "# settings: %llu keys of %u bytes, %llu look-ups a run, "
			       "%u a call where batched\n", (unsigned long long)c->key_n, KEY,
			       (unsigned long long)c->lookup_n, MANY);
		if (r == 0)
			r = to.write(to.ctx, text.ptr, text.len);
	}
	json_release(&j);
	buf_release(&text);
	return r;
}

static void release(struct cache *c)
{
	gpu_index_close(c->reader);
	if (c->index)
		gpu_index_kill(c->index);
	gpu_index_close(c->index);
	backend_close(c->backend);
	if (c->own[0])
		rmdir(c->own);
	free(c->zipf);
	figures_release(&c->figures);
}

static int bench(struct cache *c)
{
	int r = make_dir(c);

	if (r == 0)
		r = fill(c);
	if (c->own[0])			/* before anything is measured: nothing is left */
		c->own[rmdir(c->own) == 0 ? 0 : strlen(c->own)] = '\0';
	if (r == 0)
		r = weigh(c);
	if (r == 0)
		r = measure_all(c);
	if (r == 0)
		r = figures_print(&c->figures, c->cli);
	if (r == 0)
		r = print_beside(c);
	release(c);
	return r;
}

int bench_cache(int argc, const char **argv)
{
	const struct poptOption table[] = {
		CLI_TEXT("keys", 0, OPT_KEYS, "resident keys, 1024..100000000 (1000000)", "N"),
		CLI_TEXT("lookups", 0, OPT_LOOKUPS, "look-ups a run, 1024 and more (1000000)", "N"),
		CLI_TEXT("runs", 0, OPT_RUNS, "runs of each measurement, 1..1000 (5)", "N"),
		CLI_TEXT("only", 0, OPT_ONLY, "what begins so: hit", "METRIC"),
		CLI_OPTIONS,
		POPT_TABLEEND
	};
	static struct cache c;
	struct cli cli;

	c.cli = &cli;
	cli_begin(&cli, &tool, argc, argv, table);
	c.key_n = cli_u64(&cli, OPT_KEYS, 1024, 100000000, 1000000);
	c.lookup_n = cli_u64(&cli, OPT_LOOKUPS, MANY, UINT64_MAX / 2, 1000000);
	c.figures.run_n = cli_u64(&cli, OPT_RUNS, 1, 1000, 5);
	c.figures.only = cli_text(&cli, OPT_ONLY);
	c.dir = cli_operand_if_any(&cli);
	c.dir = c.dir ? c.dir : ".";
	cli_no_more(&cli);
	cli_catch_signals();
	return cli_end(&cli, bench(&c));
}
