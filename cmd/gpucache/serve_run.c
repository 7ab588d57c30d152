/* cmd/gpucache/serve_run.c - somebody's own kernel over what is resident
 *
 * It is compiled each time; a driver keeps what it compiled.  What the kernel writes
 * beside its output is its own affair: who may ask here may read and write the store.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cmd/gpucache/serve_graph.h"
#include "gpu/program.h"
#include "gpu/wire_run.h"

#define ZEROS (1u << 20)

struct running {
	struct serve *s;
	struct run_ask ask;
	struct run_arg arg[WIRE_RUN_ARGS];
	struct gpu_token at[WIRE_RUN_ARGS];	/* of those that lie on the device */
	struct gpu_arg given[2 * WIRE_RUN_ARGS];
	unsigned given_n;
	bool has_out;
	uint32_t out;				/* which of them */
	uint64_t out_len;
};

static int no_token(const struct gpu_token *t)
{
	return err_set(ERR_ABSENT, "the token of version %" PRIu64 " and stamp %" PRIu64
		       " is of what is not resident any more", t->version, t->stamp);
}

/* Makes it resident.  What it takes may evict what an earlier argument brought. */
static int bring(struct running *g, uint32_t i)
{
	struct run_arg *a = &g->arg[i];
	struct gpu_thing t = { 0 };
	int r;

	if (a->kind == WIRE_RUN_TOKEN) {
		if (!gpu_cache_holds(g->s->cache, &a->token, &t))
			return no_token(&a->token);
	} else if (a->kind == WIRE_RUN_KEY) {
		r = serve_bring(g->s, a->bytes, &t);
		if (r < 0)
			return r;
		if (r == 0)
			return err_set(ERR_ABSENT, "no key \"%s\"", bytes_show(a->bytes));
	}
	g->at[i] = t.token;
	return 0;
}

/* All zero, so that the same kernel gives the same bytes. */
static int make_out(struct running *g, uint32_t i)
{
	uint8_t *zero = mem_zalloc(store_mem(g->s->store), ZEROS);
	struct arenas *a = gpu_cache_arenas(g->s->cache);
	uint64_t len = g->arg[i].out_len;
	int r = zero ? gpu_cache_room(g->s->cache, len, &g->at[i]) : ERR_MEMORY;

	g->has_out = r == 0;
	g->out = i;
	g->out_len = len;
	for (uint64_t off = 0; r == 0 && off < len; off += ZEROS)
		r = arena_write(a, (struct arena_place){ g->at[i].arena, g->at[i].off + off },
				zero, len - off < ZEROS ? (size_t)(len - off) : ZEROS);
	if (r == 0)
		r = arena_finish(a);
	mem_free(store_mem(g->s->store), zero);
	return r;
}

/* Where everything lies now that everything is there. */
static int give(struct running *g, uint32_t i)
{
	struct run_arg *a = &g->arg[i];
	struct gpu_thing t;

	if (a->kind == WIRE_RUN_NUMBER) {
		struct gpu_arg n = { .kind = GPU_ARG_BYTES, .len = a->bytes.len };

		memcpy(n.bytes, a->bytes.ptr, a->bytes.len);
		g->given[g->given_n++] = n;
		return 0;
	}
	if (!gpu_cache_holds(g->s->cache, &g->at[i], &t))
		return err_set(ERR_RESOURCE, "there is no room on the device for all arguments "
			       "together");
	g->given[g->given_n++] = program_place(gpu_cache_arenas(g->s->cache), (struct arena_place){
		t.token.arena, t.token.off });
	g->given[g->given_n++] = program_u64(t.token.len);
	return 0;
}

static int arguments(struct running *g)
{
	struct bytes in = g->ask.args;
	int r = serve_catch_up(g->s);
	uint32_t n = g->ask.arg_n;

	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = wire_run_next(&in, &g->arg[i]) > 0 ? bring(g, i) : ERR_BUG;
	for (uint32_t i = 0; r == 0 && i < n; i++)
		if (g->arg[i].kind == WIRE_RUN_OUT)
			r = make_out(g, i);
	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = give(g, i);
	return r;
}

static int answer_log(struct service_reply *a)
{
	const char *log = program_log();
	size_t len = strnlen(log, WIRE_RUN_LOG_MAX);
	const struct wire_ran w = { .refused = le32_of(1), .log_len = le32_of((uint32_t)len) };
	int r = buf_add(&a->body, &w, sizeof w);

	return r == 0 ? buf_add(&a->body, log, len) : r;
}

static int answer_bytes(struct running *g, struct service_reply *a, uint64_t took)
{
	const struct wire_ran w = { .out_len = le64_of(g->out_len), .took_ns = le64_of(took) };
	struct gpu_thing t;
	uint8_t *at;
	int r;

	if (!g->has_out)
		return buf_add(&a->body, &w, sizeof w);
	if (!gpu_cache_holds(g->s->cache, &g->at[g->out], &t))
		return err_set(ERR_BUG, "the output of a kernel is gone");
	r = service_reply_big(a, sizeof w + g->out_len, &at);
	if (r < 0)
		return r;
	memcpy(at, &w, sizeof w);
	return gpu_cache_read_twice(g->s->cache, &t.token, at + sizeof w, (size_t)g->out_len);
}

static int run(struct running *g, struct program *p, struct service_reply *a)
{
	char kernel[256] = "";
	uint64_t begun;
	int r = arguments(g);

	memcpy(kernel, g->ask.kernel.ptr, g->ask.kernel.len);
	begun = clock_ns();
	if (r == 0)
		r = program_run(p, kernel, g->given, g->given_n, g->ask.global, g->ask.local);
	if (r == 0)
		r = arena_finish(gpu_cache_arenas(g->s->cache));
	if (r == 0)
		r = answer_bytes(g, a, clock_ns() - begun);
	if (g->has_out && r != ERR_DEVICE)
		gpu_cache_remove(g->s->cache, g->at[g->out].slot);
	return r;
}

int serve_run(void *ctx, const struct service_ask *q, struct service_reply *a)
{
	struct serve *s = ctx;
	struct running *g = mem_zalloc(NULL, sizeof *g);
	struct program *p = NULL;
	int r = g ? wire_run_get(q->body, &g->ask) : ERR_MEMORY;

	if (r == 0 && !s->device->ops->launch) {
		r = err_set(ERR_UNAVAILABLE, "the cache service is on host memory, which runs "
			    "no kernels");
		err_hint("'strato-gpucache serve --device=cpu' runs them without a GPU");
	}
	if (r == 0) {
		g->s = s;
		r = program_open(&p, s->device, g->ask.text, NULL);
		if (r == ERR_BAD_RECORD)
			r = answer_log(a);
		else if (r == 0)
			r = run(g, p, a);
	}
	if (r != ERR_DEVICE)
		program_close(p);
	mem_free(NULL, g);
	return r;
}
