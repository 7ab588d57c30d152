/* cmd/bench/load.c */
#include "cmd/bench/load.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "cli/cli.h"
#include "io/file.h"

#define FINE 5				/* bits: 32 buckets an octave, 3% each */
#define BUCKETS (64 << FINE)

struct load_slot {
	struct ioq_op op;
	uint64_t begun_ns;
};

struct load_run {
	const struct load *l;
	struct load_slot slot[LOAD_DEPTH_MAX];
	struct load_slot *vacant[LOAD_DEPTH_MAX];
	unsigned vacant_n;
	uint64_t begun, done;		/* operations */
	uint64_t most;			/* operations, at most */
	uint64_t start_ns, now_ns;
	uint32_t count[BUCKETS];
};

/* --- latencies --- */

static unsigned bucket_of(uint64_t ns)
{
	unsigned high;

	if (ns < 2u << FINE)
		return (unsigned)ns;
	high = 63 - (unsigned)__builtin_clzll(ns);
	return ((high - FINE) << FINE) + (unsigned)(ns >> (high - FINE));
}

/* The middle of a bucket. */
static double bucket_ns(unsigned b)
{
	unsigned shift;

	if (b < 2u << FINE)
		return b;
	shift = (b >> FINE) - 1;
	return ((double)((1u << FINE) + (b & ((1u << FINE) - 1))) + 0.5) *
	       (double)(1ull << shift);
}

static double percentile_us(const struct load_run *r, double part)
{
	uint64_t want = (uint64_t)((double)r->done * part), seen = 0;

	if (want >= r->done)
		want = r->done - 1;
	for (unsigned b = 0; b < BUCKETS; b++) {
		seen += r->count[b];
		if (seen > want)
			return bucket_ns(b) / 1e3;
	}
	return 0;
}

/* --- operations --- */

static int submit_one(struct load_run *r)
{
	const struct load *l = r->l;
	struct load_slot *s = r->vacant[--r->vacant_n];
	uint64_t blocks = l->size / l->block;
	uint64_t at = l->random ? hash_u64(l->seed + r->begun) % blocks : r->begun % blocks;

	s->op = (struct ioq_op){
		.file = l->file, .buf = l->memory + (size_t)(s - r->slot) * l->block,
		.len = l->block, .off = at * l->block, .write = l->write, .user = s,
	};
	s->begun_ns = r->now_ns = clock_ns();
	r->begun++;
	return ioq_submit(l->queue, &s->op);
}

static int reap_one(struct load_run *r)
{
	struct ioq_op *op = ioq_wait(r->l->queue);
	struct load_slot *s = op->user;

	r->now_ns = clock_ns();
	r->vacant[r->vacant_n++] = s;
	if (op->result < 0)
		return (int)op->result;
	if ((size_t)op->result != op->len)
		return err_set(ERR_IO, "%s: offset %llu: %zd bytes of %zu",
			       file_path(op->file), (unsigned long long)op->off,
			       op->result, op->len);
	r->done++;
	r->count[bucket_of(r->now_ns - s->begun_ns)]++;
	return 0;
}

static bool goes_on(const struct load_run *r)
{
	return r->begun == 0 || (r->begun < r->most && !cli_stopped() &&
				 r->now_ns - r->start_ns < r->l->time_ns);
}

static int work(struct load_run *r)
{
	int e = 0, e2;

	while (e == 0 && (goes_on(r) || ioq_in_flight(r->l->queue))) {
		while (e == 0 && r->vacant_n && goes_on(r))
			e = submit_one(r);
		if (e == 0 && ioq_in_flight(r->l->queue))
			e = reap_one(r);
	}
	while (ioq_in_flight(r->l->queue)) {	/* after a failure: they use our memory */
		e2 = reap_one(r);
		e = e ? e : e2;
	}
	if (e == 0 && r->l->write)
		e = file_flush(r->l->file);
	return e;
}

int load_run(const struct load *l, struct load_result *out)
{
	struct load_run *r = calloc(1, sizeof *r);
	double seconds;
	int e;

	if (!r)
		return err_set(ERR_MEMORY, "out of memory");
	r->l = l;
	r->most = l->once ? l->size / l->block : UINT64_MAX;
	for (unsigned i = l->depth; i-- > 0; )
		r->vacant[r->vacant_n++] = &r->slot[i];
	r->start_ns = r->now_ns = clock_ns();
	e = work(r);
	if (e == 0 && cli_stopped())
		e = err_set(ERR_ABSENT, "ended by a signal");
	if (e == 0) {
		seconds = (double)(clock_ns() - r->start_ns) / 1e9;
		out->iops = (double)r->done / seconds;
		out->mb_s = out->iops * (double)l->block / 1e6;
		out->p50_us = percentile_us(r, 0.5);
		out->p99_us = percentile_us(r, 0.99);
		out->p999_us = percentile_us(r, 0.999);
	}
	free(r);
	return e;
}
