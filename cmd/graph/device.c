/* cmd/graph/device.c - one connection, and a reason whenever it is of no use */
#include "cmd/graph/device.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cmd/common/calibration.h"

void device_options(struct device *d, struct cli *c)
{
	static const char *const which[] = { "cpu", "gpu", "auto", NULL };
	static const char *const wants[] = { "any", "gpu", NULL };

	d->cli = c;
	d->required = cli_choice(c, DEVICE_OPT_REQUIRE, wants, 0) == 1;
	d->how = cli_choice(c, DEVICE_OPT_DEVICE, which, d->required ? 1 : 0);
	if (d->required && d->how == DEVICE_NOT_ASKED)
		cli_usage(c, "--require=gpu excludes --device=cpu");
}

int device_cannot(struct device *d, const char *why)
{
	if (d->how == DEVICE_NOT_ASKED || d->over)
		return 0;
	d->over = true;
	if (d->required)
		return err_set(ERR_UNAVAILABLE, "no answer from a device: %s", why);
	if (d->how == DEVICE_ASKED)
		cli_say(d->cli, "the CPU answers: %s", why);
	else
		cli_note(d->cli, "the CPU answers: %s", why);
	return 0;
}

/* What the thread's message says is why. */
static int failed(struct device *d)
{
	char why[512], hint[512];
	int r;

	strncpy(why, err_message(), sizeof why - 1);
	why[sizeof why - 1] = '\0';
	strncpy(hint, err_hint_text(), sizeof hint - 1);
	hint[sizeof hint - 1] = '\0';
	r = device_cannot(d, why);
	if (r < 0 && hint[0])
		err_hint("%s", hint);
	return r;
}

static int no_service(struct device *d)
{
	char why[512];

	strncpy(why, err_message(), sizeof why - 1);
	why[sizeof why - 1] = '\0';
	err_set(ERR_UNAVAILABLE, "%s", why);
	err_hint("start one with 'strato-gpucache serve -s %s'", store_path(d->o->store));
	return failed(d);
}

/* 1: there is a connection. */
static int reach(struct device *d)
{
	int r;

	if (d->client)
		return 1;
	r = gpu_client_open(&d->client, store_backend(d->o->store), store_id(d->o->store),
			    GPU_CLIENT_WAIT_NS);
	if (r == 0)
		return 1;
	d->client = NULL;
	return no_service(d);
}

/* --- the question --- */

static int types_put(struct device *d, struct walk_ask *ask)
{
	const struct graph_types *t = &d->o->types;
	int r = 0;

	buf_clear(&d->types);
	if (!t->all && t->n != graph_type_n(d->o->graph))
		for (uint32_t i = 0; r == 0 && i < t->n; i++) {
			le32 id = le32_of(t->id[i]);

			r = buf_add(&d->types, &id, sizeof id);
		}
	ask->types = buf_bytes(&d->types);
	return r;
}

/* Why no device could answer this; NULL: one may. */
static const char *beyond(const struct device *d, const struct walk_ask *ask)
{
	struct graph *g = d->o->graph;

	if (graph_delta(g))
		return "the graph has changes that are not in its segments yet "
		       "(strato-graph compact)";
	if (graph_node_n(g) == 0)
		return "the graph has no nodes";
	if (graph_node_n(g) >= UINT32_MAX - 1)
		return "the graph's ids need more than 32 bits";
	if (!d->o->types.all && d->o->types.n > WIRE_GRAPH_TYPES)
		return "too many types are named";
	if (ask->kind == WIRE_WALK_PAGERANK && ask->most > WIRE_WALK_STEPS)
		return "more iterations than a device is asked for";
	return NULL;
}

static bool is_slower(struct device *d, const struct walk_ask *ask)
{
	struct calibration c;
	int r = calibration_read(&c, d->o->store);

	if (r < 0)
		cli_say(d->cli, "no calibration: %s", err_message());
	return r <= 0 || csr_edge_n(graph_csr(d->o->graph, CSR_OUT)) <
		calibration_least(&c, ask->kind);
}

static int put(struct device *d, struct walk_ask *ask)
{
	struct graph *g = d->o->graph;
	struct buf body = { 0 };
	int r;

	ask->out = segment_id(csr_segment(graph_csr(g, CSR_OUT)));
	ask->in = graph_undirected(g) ? 0 : segment_id(csr_segment(graph_csr(g, CSR_IN)));
	ask->name = bytes_str(graph_entry(g)->name);
	r = types_put(d, ask);
	if (r == 0)
		r = wire_walk_put(&body, ask);
	if (r == 0)
		r = gpu_client_ask(d->client, WIRE_WALK, buf_bytes(&body), &d->answer);
	buf_release(&body);
	return r;
}

int device_ask(struct device *d, struct opened *o, struct walk_ask *ask, struct walked *out)
{
	const char *why;
	int r;

	if (d->how == DEVICE_NOT_ASKED || d->over)
		return 0;
	d->o = o;
	why = beyond(d, ask);
	if (why)
		return device_cannot(d, why);
	if (d->how == DEVICE_AUTO && !d->required && is_slower(d, ask))
		return device_cannot(d, "by what was measured it is faster");
	r = reach(d);
	if (r <= 0)
		return r;
	gpu_answer_free(&d->answer);
	r = put(d, ask);
	if (r == 0)
		r = wire_walked_get(d->answer.ptr, d->answer.len, ask, graph_node_n(o->graph),
				    out);
	if (ask->kind == WIRE_WALK_BFS64 &&
	    (r == ERR_TOO_BIG || r == ERR_RESOURCE || r == ERR_MEMORY))
		return r;
	if (r < 0)
		return failed(d);
	cli_note(d->cli, "the device answered in %s", output_time(out->took_ns));
	return 1;
}

void device_end(struct device *d)
{
	gpu_answer_free(&d->answer);
	gpu_client_close(d->client);
	buf_release(&d->types);
	d->client = NULL;
}

uint32_t device_depth(const struct walked *w, uint64_t i)
{
	le32 v;

	memcpy(&v, w->array + i * sizeof v, sizeof v);
	return le32_get(v);
}

static inline uint64_t word(const struct walked *w, uint64_t i)
{
	le64 v;

	memcpy(&v, w->array + i * sizeof v, sizeof v);
	return le64_get(v);
}

uint32_t device_depth_of(const struct walked *w, uint64_t node_n, unsigned which, uint64_t i)
{
	uint32_t depth = 0;

	if (!(word(w, i) >> which & 1))
		return UINT32_MAX;
	for (unsigned k = 0; (k + 1) * node_n < w->n; k++)
		depth |= (uint32_t)(word(w, (k + 1) * node_n + i) >> which & 1) << k;
	return depth;
}

/* Sixty-four counters on edge: bit i of slice[k] is digit k of counter i. */
static inline void count(uint64_t slice[64], uint64_t bits)
{
	for (unsigned k = 0; bits; k++) {
		uint64_t carry = slice[k] & bits;

		slice[k] ^= bits;
		bits = carry;
	}
}

static uint64_t counted(const uint64_t slice[64], unsigned which)
{
	uint64_t n = 0;

	for (unsigned k = 0; k < 64; k++)
		n |= (slice[k] >> which & 1) << k;
	return n;
}

/* The bits of the Ith plane: how many of each search, WEIGHT each. */
static void sum_plane(const struct walked *w, uint64_t node_n, unsigned plane, unsigned n,
		      uint64_t weight, uint64_t *sum)
{
	uint64_t slice[64] = { 0 };

	for (uint64_t i = 0; i < node_n; i++)
		count(slice, word(w, plane * node_n + i));
	for (unsigned which = 0; which < n; which++)
		sum[which] += weight * counted(slice, which);
}

/* The greatest depth of each search, sixty-four comparisons at once. */
static void greatest(const struct walked *w, uint64_t node_n, unsigned digit_n,
		     uint64_t most[64])
{
	for (uint64_t i = 0; i < node_n; i++) {
		uint64_t more = 0, same = ~0ull;

		for (unsigned k = digit_n; k--; ) {
			uint64_t digit = word(w, (k + 1) * node_n + i);

			more |= same & digit & ~most[k];
			same &= ~(digit ^ most[k]);
		}
		for (unsigned k = 0; more && k < digit_n; k++)
			most[k] = (most[k] & ~more) | (word(w, (k + 1) * node_n + i) & more);
	}
}

void device_sum(const struct walked *w, uint64_t node_n, unsigned n, struct device_sums *s)
{
	unsigned digit_n = (unsigned)(w->n / node_n - 1);
	uint64_t most[64] = { 0 };

	memset(s, 0, sizeof *s);
	sum_plane(w, node_n, 0, n, 1, s->reached_n);
	for (unsigned k = 0; k < digit_n; k++)
		sum_plane(w, node_n, k + 1, n, UINT64_C(1) << k, s->step_sum);
	greatest(w, node_n, digit_n, most);
	for (unsigned which = 0; which < n; which++)
		s->step_n[which] = counted(most, which);
}

double device_rank(const struct walked *w, uint64_t i)
{
	le64 v;

	memcpy(&v, w->array + i * sizeof v, sizeof v);
	return wire_real(le64_get(v));
}
