/* bench/graphgen - graphs to measure with, the same bytes everywhere
 *
 *	graphgen [-t kron|uniform] [-e FACTOR] [-r SEED] [-w MAX] [-k] SCALE
 *
 * Writes FACTOR (16) edges a node between 2^SCALE nodes, a line each: SRC DST, and
 * with -w a weight from 1 to MAX.  kron: the Kronecker graph of Graph500 (A, B, C
 * = 0.57, 0.19, 0.19), its ids scrambled, so that hubs lie anywhere; uniform: both
 * ends drawn evenly.  Loops and repeated edges are kept, as they are drawn.  With
 * -k the ids are keys of 16 letters instead.
 *
 * Edge i depends on SEED and i alone.  `graphgen 20` has the MD5 sum
 * 6b3056206bb73a7685da6057ad8872f1.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/bench/kron.h"

#define KEY_LEN 16
#define LINE_MAX_LEN 64		/* two numbers or keys, and a weight */

struct graph {
	bool uniform, keys;
	unsigned scale;
	uint64_t factor, seed, weight_max;
};

static char *put_number(char *at, uint64_t x)
{
	char digits[20];
	unsigned n = 0;

	do {
		digits[n++] = (char)('0' + x % 10);
		x /= 10;
	} while (x);
	while (n)
		*at++ = digits[--n];
	return at;
}

static char *put_node(char *at, const struct graph *g, uint64_t node)
{
	uint64_t x;

	if (!g->keys)
		return put_number(at, node);
	x = kron_mix(node);
	for (unsigned i = 0; i < KEY_LEN; i++, x >>= 4)
		*at++ = (char)('a' + (x & 15));
	return at;
}

static char *put_edge(char *at, const struct graph *g, uint64_t i)
{
	uint64_t state = kron_state(g->seed, i), src, dst;

	if (g->uniform) {
		src = kron_mix(state) & (((uint64_t)1 << g->scale) - 1);
		dst = kron_mix(state + 1) & (((uint64_t)1 << g->scale) - 1);
	} else {
		kron_edge(g->scale, g->seed, state, &src, &dst);
	}
	at = put_node(at, g, src);
	*at++ = ' ';
	at = put_node(at, g, dst);
	if (g->weight_max) {
		*at++ = ' ';
		at = put_number(at, 1 + kron_mix(state + 77) % g->weight_max);
	}
	*at++ = '\n';
	return at;
}

static int write_edges(const struct graph *g)
{
	static char buf[1 << 18];
	uint64_t n = g->factor << g->scale;
	char *at = buf;

	for (uint64_t i = 0; i < n; i++) {
		if (at > buf + sizeof buf - LINE_MAX_LEN) {
			fwrite(buf, 1, (size_t)(at - buf), stdout);
			at = buf;
		}
		at = put_edge(at, g, i);
	}
	fwrite(buf, 1, (size_t)(at - buf), stdout);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	perror("graphgen");
	return 1;
}

int main(int argc, char **argv)
{
	struct graph g = { .factor = 16, .seed = 1 };
	int opt;

	while ((opt = getopt(argc, argv, "t:e:r:w:k")) > 0)
		switch (opt) {
		case 't': g.uniform = !strcmp(optarg, "uniform"); break;
		case 'e': g.factor = strtoull(optarg, NULL, 10); break;
		case 'r': g.seed = strtoull(optarg, NULL, 10); break;
		case 'w': g.weight_max = strtoull(optarg, NULL, 10); break;
		case 'k': g.keys = true; break;
		default: return 64;
		}
	g.scale = optind + 1 == argc ? (unsigned)atoi(argv[optind]) : 0;
	if (g.scale < 1 || g.scale > 40)
		return 64;
	return write_edges(&g);
}
