/* tests/lib/made_csr.h - graphs as arrays, drawn, and what plain loops say of them */
#ifndef TESTS_LIB_MADE_CSR_H
#define TESTS_LIB_MADE_CSR_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tests/lib/kit.h"

struct made {
	uint32_t n;
	uint64_t edge_n, cap;
	uint32_t (*edge)[2];
	uint64_t *out_first, *in_first;
	uint32_t *out_to, *in_to;
};

KIT_UNUSED uint64_t made_draw(uint64_t *seed)
{
	*seed += 0x9e3779b97f4a7c15u;
	return hash_u64(*seed);
}

KIT_UNUSED void made_add(struct made *m, uint32_t from, uint32_t to)
{
	if (m->edge_n == m->cap) {
		m->cap = m->cap * 2 + 64;
		m->edge = realloc(m->edge, m->cap * sizeof *m->edge);
		assert_non_null(m->edge);
	}
	m->edge[m->edge_n][0] = from;
	m->edge[m->edge_n++][1] = to;
}

KIT_UNUSED void made_both(struct made *m, uint32_t a, uint32_t b)
{
	made_add(m, a, b);
	made_add(m, b, a);
}

static int made_by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void made_side(const struct made *m, unsigned side, uint64_t **first, uint32_t **to)
{
	uint64_t *next = calloc((size_t)m->n + 1, sizeof *next);

	*first = calloc((size_t)m->n + 1, sizeof **first);
	*to = calloc(m->edge_n + 1, sizeof **to);
	assert_true(next && *first && *to);
	for (uint64_t i = 0; i < m->edge_n; i++)
		(*first)[m->edge[i][side] + 1]++;
	for (uint32_t i = 0; i < m->n; i++)
		(*first)[i + 1] += (*first)[i];
	memcpy(next, *first, ((size_t)m->n + 1) * sizeof *next);
	for (uint64_t i = 0; i < m->edge_n; i++)
		(*to)[next[m->edge[i][side]]++] = m->edge[i][!side];
	for (uint32_t i = 0; i < m->n; i++)
		qsort(*to + (*first)[i], (*first)[i + 1] - (*first)[i], sizeof **to, made_by_id);
	free(next);
}

/* From edges to arrays, both ways. */
KIT_UNUSED void made_sides(struct made *m)
{
	made_side(m, 0, &m->out_first, &m->out_to);
	made_side(m, 1, &m->in_first, &m->in_to);
}

KIT_UNUSED void made_release(struct made *m)
{
	free(m->edge);
	free(m->out_first);
	free(m->in_first);
	free(m->out_to);
	free(m->in_to);
	memset(m, 0, sizeof *m);
}

/* --- kinds --- */

KIT_UNUSED void made_random(struct made *m, uint32_t n, uint64_t edge_n, uint64_t *seed)
{
	m->n = n;
	for (uint64_t i = 0; n && i < edge_n; i++)
		made_add(m, (uint32_t)(made_draw(seed) % n), (uint32_t)(made_draw(seed) % n));
}

/* Few have most: ends drawn by halves, one half more often. */
KIT_UNUSED void made_kronecker(struct made *m, unsigned scale_bits, uint64_t edge_n,
			       uint64_t *seed)
{
	m->n = 1u << scale_bits;
	for (uint64_t i = 0; i < edge_n; i++) {
		uint32_t u = 0, v = 0;

		for (unsigned bit = 0; bit < scale_bits; bit++) {
			uint64_t x = made_draw(seed) % 100;

			u = u << 1 | (x >= 76);
			v = v << 1 | ((x >= 57 && x < 76) || x >= 95);
		}
		made_both(m, u, v);
	}
}

KIT_UNUSED void made_grid(struct made *m, uint32_t width, uint32_t height)
{
	m->n = width * height;
	for (uint32_t i = 0; i < m->n; i++) {
		if (i % width + 1 < width)
			made_both(m, i, i + 1);
		if (i + width < m->n)
			made_both(m, i, i + width);
	}
}

KIT_UNUSED void made_chain(struct made *m, uint32_t n)
{
	m->n = n;
	for (uint32_t i = 0; i + 1 < n; i++)
		made_add(m, i, i + 1);
}

/* One in the middle of all, in its own list, too; each edge twice. */
KIT_UNUSED void made_star(struct made *m, uint32_t n, uint32_t middle)
{
	m->n = n;
	for (uint32_t i = 0; i < n; i++) {
		made_both(m, middle, i);
		made_add(m, middle, i);
	}
}

/* --- what is true --- */

/* As far as MOST steps. */
KIT_UNUSED void made_depths(const struct made *m, uint32_t source, uint32_t most,
			    uint32_t *depth)
{
	uint32_t *queue = malloc(((size_t)m->n + 1) * sizeof *queue), head = 0, tail = 0;

	assert_non_null(queue);
	memset(depth, 0xff, m->n * sizeof *depth);
	depth[source] = 0;
	queue[tail++] = source;
	while (head < tail) {
		uint32_t v = queue[head++];

		for (uint64_t i = m->out_first[v]; depth[v] < most && i < m->out_first[v + 1]; i++)
			if (depth[m->out_to[i]] == UINT32_MAX) {
				depth[m->out_to[i]] = depth[v] + 1;
				queue[tail++] = m->out_to[i];
			}
	}
	free(queue);
}

KIT_UNUSED void made_ranks(const struct made *m, double damping, uint64_t iterations,
			   double *rank)
{
	double *next = malloc(((size_t)m->n + 1) * sizeof *next);

	assert_non_null(next);
	for (uint32_t v = 0; v < m->n; v++)
		rank[v] = 1.0 / m->n;
	for (uint64_t k = 0; k < iterations; k++) {
		double loose = 0;

		for (uint32_t v = 0; v < m->n; v++)
			if (m->out_first[v] == m->out_first[v + 1])
				loose += rank[v];
		for (uint32_t v = 0; v < m->n; v++) {
			double sum = 0;

			for (uint64_t i = m->in_first[v]; i < m->in_first[v + 1]; i++) {
				uint32_t u = m->in_to[i];

				sum += rank[u] / (double)(m->out_first[u + 1] - m->out_first[u]);
			}
			next[v] = (1 - damping) / m->n + damping * (sum + loose / m->n);
		}
		memcpy(rank, next, m->n * sizeof *rank);
	}
	free(next);
}

#endif
