/* bench/cachehit - what a look-up in the index of the GPU cache costs
 *
 *	cachehit [-p plain|populate|anonymous] [-b] [-z EXPONENT] KEYS LOOKUPS DIR
 *
 * Makes an index of KEYS resident keys of 24 bytes in the folder DIR, attaches it as
 * another process would, and looks keys up that are drawn evenly, or with -z by
 * Zipf's law.  Prints nanoseconds a look-up, the median of batches.
 *
 * A look-up is: make the key's text from a number (some 2 ns), hash, probe, compare
 * the key, check sequence, generation and version, return the token.  Each but the
 * batched ones (-b) waits for the token of the one before; they are timed in batches
 * of 64.  With -b they go in one call a thousand, keys ready in memory.
 *
 * -p says what the index's pages are: the file's, as gpu_index maps them (plain), all
 * mapped before the first look-up (populate), or the lines copied into large
 * anonymous pages, the best that could be (anonymous).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "gpu/gpu_index.h"
#include "gpu/gpu_index_inside.h"

#define KEY 24
#define BATCH 64
#define MANY 1024
#define LARGE (2u << 20)

static void need(int r)
{
	if (r < 0) {
		fprintf(stderr, "cachehit: %s\n", err_message());
		exit(1);
	}
}

static void *room(size_t n)
{
	void *p = aligned_alloc(LARGE, (n + LARGE - 1) / LARGE * LARGE);

	if (!p) {
		fprintf(stderr, "cachehit: out of memory\n");
		exit(1);
	}
	return p;
}

/* "user:profile:000" and eight digits, without a branch. */
static void key_text(char out[KEY], uint32_t n)
{
	const uint64_t nibble = 0x0f0f0f0f0f0f0f0fu;
	uint64_t x = n;

	x = (x << 16 | x) & 0x0000ffff0000ffffu;
	x = (x << 8 | x) & 0x00ff00ff00ff00ffu;
	x = (x << 4 | x) & nibble;
	x += 0x3030303030303030u + ((x + 0x0606060606060606u) >> 4 & 0x0101010101010101u) * 39;
	memcpy(out, "user:profile:000", 16);
	memcpy(out + 16, &x, sizeof x);
}

/* --- which keys --- */

static double *weights(uint32_t keys, double exponent)
{
	double *sum = room(keys * sizeof *sum), all = 0;

	for (uint32_t i = 0; i < keys; i++)
		sum[i] = all += pow(i + 1.0, -exponent);
	return sum;
}

static uint32_t rank(const double *sum, uint32_t keys, double x)
{
	uint32_t low = 0, high = keys - 1;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (sum[mid] < x)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t *draws(uint32_t keys, size_t n, double exponent)
{
	double *sum = exponent > 0 ? weights(keys, exponent) : NULL;
	uint32_t *out = room(n * sizeof *out);

	for (size_t i = 0; i < n; i++) {
		uint64_t x = hash_u64(i + 1);

		out[i] = sum ? rank(sum, keys, (double)(x >> 11) * 0x1p-53 * sum[keys - 1]) :
			 (uint32_t)(((unsigned __int128)x * keys) >> 64);
	}
	free(sum);
	return out;
}

/* --- the index --- */

static struct gpu_index *filled(struct backend *b, uint32_t keys)
{
	struct gpu_index_setup s = { .entries = keys };
	struct gpu_token t = { 0 };
	struct gpu_index *x;
	char text[KEY];

	need(gpu_index_create(&x, b, &s));
	for (uint32_t i = 0; i < keys; i++) {
		t.stamp = i + 1;
		t.off = (uint64_t)i * 512;
		t.len = 100;
		t.slot = i;
		key_text(text, i);
		need(gpu_index_put(x, GPU_VALUE, bytes_of(text, KEY), &t));
	}
	gpu_index_applied(x, 7);
	return x;
}

static void prepare(struct gpu_index *r, const char *pages)
{
	if (!strcmp(pages, "populate"))
		madvise(r->head, r->len, MADV_POPULATE_READ);
	if (!strcmp(pages, "anonymous")) {
		void *p = room(r->len);

		madvise(p, r->len, MADV_HUGEPAGE);
		memcpy(p, r->line, r->len - GPU_INDEX_HEAD);
		r->line = p;
	}
}

/* --- the look-ups --- */

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median(uint64_t *ns, size_t n, size_t each)
{
	qsort(ns, n, sizeof *ns, by_size);
	return (double)ns[n / 2] / (double)each;
}

static void found(size_t hits, size_t asked)
{
	if (hits == asked)
		return;
	fprintf(stderr, "cachehit: %zu of %zu keys were found\n", hits, asked);
	exit(1);
}

static double one_by_one(const struct gpu_index *r, const uint32_t *draw, size_t n)
{
	volatile uint64_t nothing = 0;
	uint64_t *ns = room(n / BATCH * sizeof *ns), mask = nothing, t0;
	struct gpu_token t = { 0 };
	size_t hits = 0;
	char text[KEY];

	for (size_t i = 0; i < n / BATCH; i++) {
		t0 = clock_ns();
		for (size_t k = 0; k < BATCH; k++) {
			key_text(text, draw[i * BATCH + k] + (uint32_t)(t.stamp & mask));
			hits += gpu_index_find(r, GPU_VALUE, bytes_of(text, KEY), 7, &t) == 1;
		}
		ns[i] = clock_ns() - t0;
	}
	found(hits, n / BATCH * BATCH);
	return median(ns, n / BATCH, BATCH);
}

static double together(const struct gpu_index *r, const uint32_t *draw, size_t n)
{
	static char text[MANY][KEY];
	static struct bytes key[MANY];
	static struct gpu_token t[MANY];
	uint64_t *ns = room(n / MANY * sizeof *ns), t0;
	size_t hits = 0;

	for (size_t i = 0; i < n / MANY; i++) {
		for (size_t k = 0; k < MANY; k++) {
			key_text(text[k], draw[i * MANY + k]);
			key[k] = bytes_of(text[k], KEY);
		}
		t0 = clock_ns();
		hits += (size_t)gpu_index_find_many(r, GPU_VALUE, key, MANY, 7, t);
		ns[i] = clock_ns() - t0;
	}
	found(hits, n / MANY * MANY);
	return median(ns, n / MANY, MANY);
}

static int usage(void)
{
	fprintf(stderr, "usage: cachehit [-p plain|populate|anonymous] [-b] "
		"[-z EXPONENT] KEYS LOOKUPS DIR\n");
	return 64;
}

int main(int argc, char **argv)
{
	const char *pages = "plain";
	struct gpu_index *x, *r;
	double exponent = 0;
	struct backend *b;
	int batched = 0, c;
	uint32_t keys, *draw;
	size_t n;

	while ((c = getopt(argc, argv, "p:bz:")) != -1)
		if (c == 'p')
			pages = optarg;
		else if (c == 'b')
			batched = 1;
		else if (c == 'z')
			exponent = atof(optarg);
		else
			return usage();
	if (argc - optind != 3)
		return usage();
	keys = (uint32_t)strtoul(argv[optind], NULL, 10);
	n = strtoul(argv[optind + 1], NULL, 10);
	if (!keys || n < MANY)
		return usage();
	need(backend_local(&b, argv[optind + 2], true));
	x = filled(b, keys);
	need(gpu_index_attach(&r, b, NULL));
	prepare(r, pages);
	draw = draws(keys, n, exponent);
	(batched ? together : one_by_one)(r, draw, n / 10);		/* warm */
	printf("%.2f\n", (batched ? together : one_by_one)(r, draw, n));
	gpu_index_kill(x);
	need(backend_remove(b, GPU_INDEX_NAME));
	return 0;
}
