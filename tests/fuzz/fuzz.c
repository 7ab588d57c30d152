/* tests/fuzz/fuzz.c - replay, or mutate a corpus for a while
 *
 *	fuzz NAME FILE...			good-* must be taken, bad-* refused
 *	fuzz NAME --time=S [--seed=N] FILE...	random mutations of these
 *	fuzz --list
 *
 * The mutator is blind: it goes where libFuzzer cannot be had.  What crashes is written to
 * crash-NAME in the working directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "tests/fuzz/fuzz.h"

#define HARNESSES(X) X(record_tsv) X(record_text) X(record_cdb) X(record_jsonl) X(keys) X(el) \
	X(tsv) X(csv) X(mtx) X(metis) X(dimacs) X(adj) X(adjlist) X(jsonl) X(nt) X(nq) X(kgtk) \
	X(graphml) X(ldbc) X(statements) X(turtle) X(pattern) X(ops) X(literal) X(log) X(commit) \
	X(manifest) X(segment) X(image) X(setting) X(wire) X(wire_graph) X(wire_run) X(token) \
	X(calibration) X(service)
#define ROW(name) { #name, fuzz_##name },
static const struct harness {
	const char *name;
	fuzz_fn *run;
} harnesses[] = { HARNESSES(ROW) };

#define INPUT_MOST (128u << 10)
#define HANG_SECONDS 20

static struct mem memory;
static const struct harness *harness;
static struct bytes at_hand;

struct mem *fuzz_mem(void)
{
	mem_init(&memory, 64u << 20);
	return &memory;
}

void fuzz_mem_done(void)
{
	FUZZ_MUST(memory.used == 0);
}

void fuzz_broken(const char *what)
{
	fprintf(stderr, "fuzz %s: it does not hold that %s: %s\n", harness ? harness->name : "",
		what, err_message());
	abort();
}

ssize_t fuzz_fill(void *ctx, void *buf, size_t cap)
{
	struct fuzz_stream *s = ctx;
	size_t n = s->left.len < cap ? s->left.len : cap;

	if (s->step && n > s->step)
		n = s->step;
	if (n)
		memcpy(buf, s->left.ptr, n);
	s->left.ptr += n;
	s->left.len -= n;
	return (ssize_t)n;
}

static const struct harness *find(const char *name)
{
	for (size_t i = 0; name && i < sizeof harnesses / sizeof *harnesses; i++)
		if (!strcmp(harnesses[i].name, name))
			return &harnesses[i];
	fprintf(stderr, "fuzz: %s: no such harness\n", name ? name : "$FUZZ is not set");
	exit(64);
}

/* From memory of exactly that length, so that a sanitizer sees one byte more. */
static int run(struct bytes in)
{
	uint8_t *copy = malloc(in.len ? in.len : 1);
	int r;

	if (in.len)
		memcpy(copy, in.ptr, in.len);
	err_clear();
	r = harness->run(bytes_of(copy, in.len));
	free(copy);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len)
{
	if (!harness)
		harness = find(getenv("FUZZ"));
	run(bytes_of(ptr, len));
	return 0;
}

#ifndef FUZZ_LIBFUZZER

/* --- what crashes is kept --- */

static void keep(int signal_number)
{
	char name[100];
	int fd;

	snprintf(name, sizeof name, "crash-%s", harness->name);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0) {
		if (write(fd, at_hand.ptr, at_hand.len) < 0)
			_exit(99);
		close(fd);
	}
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void keep_crashes(void)
{
	static const int signals[] = { SIGABRT, SIGALRM, SIGFPE, SIGILL, SIGBUS, SIGSEGV };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], keep);
}

/* --- inputs --- */

struct input {
	const char *name;
	uint8_t *ptr;
	size_t len;
};

static struct input load(const char *name)
{
	struct input in = { .name = name, .ptr = malloc(INPUT_MOST) };
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, in.ptr, INPUT_MOST, 0);

	if (n < 0) {
		fprintf(stderr, "fuzz: %s: %s\n", name, strerror(errno));
		exit(66);
	}
	close(fd);
	in.len = (size_t)n;
	return in;
}

static int replay(const struct input *in)
{
	const char *base = strrchr(in->name, '/') ? strrchr(in->name, '/') + 1 : in->name;
	int r;

	at_hand = bytes_of(in->ptr, in->len);
	alarm(HANG_SECONDS);
	r = run(at_hand);
	alarm(0);
	if ((!strncmp(base, "good-", 5) && r != 1) || (!strncmp(base, "bad-", 4) && r != 0)) {
		fprintf(stderr, "fuzz: %s: was %s: %s\n", in->name, r ? "taken" : "refused",
			err_message());
		return 1;
	}
	return 0;
}

/* --- mutations --- */

static uint64_t rng;

static uint64_t rnd(uint64_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(rng) % n : 0;
}

static void put_in(uint8_t *p, size_t *len, size_t at, const uint8_t *from, size_t n)
{
	if (*len + n > INPUT_MOST)
		return;
	memmove(p + at + n, p + at, *len - at);
	memcpy(p + at, from, n);
	*len += n;
}

static void set_number(uint8_t *p, size_t len, size_t at)
{
	static const uint64_t edge[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff, UINT64_MAX };
	uint64_t v = edge[rnd(sizeof edge / sizeof *edge)] + (rnd(3) == 0 ? rnd(17) - 8 : 0);
	size_t width = (size_t)1 << rnd(4);

	for (size_t i = 0; i < width && at + i < len; i++)
		p[at + i] = (uint8_t)(v >> 8 * i);
}

static void mutate(uint8_t *p, size_t *len, const struct input *other)
{
	static const char odd[] = "\t\n\r\\\"'{}[]<>:,;&%#@^_?=!./+-0e\x80\xc3\xff\x00 ";
	size_t at = rnd(*len + 1), n = 1 + rnd(rnd(2) ? 8 : 200), from;
	uint8_t copy[256];

	if (*len == 0 || rnd(12) == 0) {
		put_in(p, len, at, (const uint8_t *)odd + rnd(sizeof odd), 1);
		return;
	}
	n = n < *len ? n : *len;
	from = rnd(*len - n + 1);
	switch (rnd(8)) {
	case 0: p[rnd(*len)] ^= (uint8_t)(1 << rnd(8)); break;
	case 1: p[rnd(*len)] = (uint8_t)rnd(256); break;
	case 2: p[rnd(*len)] = (uint8_t)odd[rnd(sizeof odd)]; break;
	case 3: set_number(p, *len, rnd(*len)); break;
	case 4:
		memmove(p + from, p + from + n, *len - from - n);
		*len -= n;
		break;
	case 5:
		memcpy(copy, p + from, n < 256 ? n : 255);
		put_in(p, len, at, copy, n < 256 ? n : 255);
		break;
	case 6:
		if (other->len) {
			from = rnd(other->len);
			n = n < other->len - from ? n : other->len - from;
			put_in(p, len, at, other->ptr + from, n);
		}
		break;
	default: *len = rnd(*len + 1);
	}
}

static void mutate_for(const struct input *in, unsigned n, uint64_t seconds, uint64_t seed)
{
	uint8_t *p = malloc(INPUT_MOST + 256);
	uint64_t begun = clock_ns(), runs = 0, taken = 0;

	rng = seed;
	while (clock_ns() - begun < seconds * 1000000000u) {
		const struct input *one = &in[rnd(n)];
		size_t len = one->len;

		memcpy(p, one->ptr, len);
		for (uint64_t k = 1 + rnd(6); k; k--)
			mutate(p, &len, &in[rnd(n)]);
		at_hand = bytes_of(p, len);
		if (runs++ % 64 == 0)
			alarm(HANG_SECONDS);
		taken += run(at_hand) == 1;
	}
	alarm(0);
	printf("%s: seed %llu, %llu inputs, %llu taken\n", harness->name,
	       (unsigned long long)seed, (unsigned long long)runs, (unsigned long long)taken);
	free(p);
}

int main(int argc, char **argv)
{
	unsigned long long seconds = 0, seed = 1;
	struct input *in = calloc((size_t)argc + 1, sizeof *in);
	unsigned n = 0;
	int bad = 0;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (size_t i = 0; i < sizeof harnesses / sizeof *harnesses; i++)
			puts(harnesses[i].name);
		free(in);
		return 0;
	}
	harness = find(argc > 1 ? argv[1] : NULL);
	keep_crashes();
	for (int i = 2; i < argc; i++)
		if (sscanf(argv[i], "--time=%llu", &seconds) != 1 &&
		    sscanf(argv[i], "--seed=%llu", &seed) != 1)
			in[n++] = load(argv[i]);
	for (unsigned i = 0; i < n; i++)
		bad |= replay(&in[i]);
	if (n == 0)
		in[n++] = (struct input){ "", calloc(1, 1), 0 };
	if (seconds)
		mutate_for(in, n, seconds, seed);
	for (unsigned i = 0; i < n; i++)
		free(in[i].ptr);
	free(in);
	return bad;
}

#endif
