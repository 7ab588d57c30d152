/* kernels/rank.cl - how often a random reader is at each node; a part of traverse.cl */

/* Sums of doubles are made in an order that the numbers' places alone decide, so that
 * every device has the same ranks: of up to SHORT one after another; of more in SOME
 * columns, of WIDE or more in COLUMNS, each column from top to bottom, the columns by
 * halves.  What nodes without edges out have, and what ranks changed by, is summed by
 * blocks of BLOCK nodes in COLUMNS, the blocks' sums in as many. */
#define SHORT 15ul
#define SOME 8
#define WIDE 1024ul
#define BLOCK 4096ul

struct rank {			/* as gpu/traverse.c has it */
	double base;		/* of the step being made */
	double damping, tolerance;
	double change;		/* by the step before */
	ulong most, step_n;
	ulong done;
	ulong zero;
};

#define RANK(w) ((__global double *)((w) + 256))
#define SHARE(w, n, i) ((__global double *)((w) + 256 + (1 + (i)) * UP(8ul * (n))))
#define BLOCKS(n) (((ulong)(n) + BLOCK - 1) / BLOCK)
#define LOOSE(w, n) SHARE(w, n, 2)		/* of each block: no edges out */
#define CHANGE(w, n) (LOOSE(w, n) + BLOCKS(n))

/* Shares lie by how many edges their nodes have, in powers of two, most first: what is
 * read most is in few lines.  NAMES: a node's place among them, and the sources' lists
 * with places for ids; where it is not lent, places are ids. */
#define POWERS 33
#define PLACES(names, v) (by_place ? (names)[v] : (uint)(v))
#define NAMED(names, n) ((names) + (UP(4ul * (n)) / 4))

static uint power(ulong edges)
{
	return edges ? clz((uint)min(edges, 0xfffffffful)) : 32;
}

/* How many of each power a block has, to COUNT[power][block]; it lies where LOOSE and
 * the second shares will. */
#define COUNT(w, n) ((__global uint *)SHARE(w, n, 1))

KERNEL rank_powers(PLACE(work), PLACE(out_first), uint n)
{
	__global uchar *w = AT(uchar, work);
	__global const ulong *out = AT(const ulong, out_first);
	__local uint count[POWERS];

	for (ulong block = GROUP; block < BLOCKS(n); block += GROUPS) {
		for (uint k = LANE; k < POWERS; k += LANES)
			count[k] = 0;
		LOCALLY;
		for (ulong v = block * BLOCK + LANE; v < min((block + 1) * BLOCK, (ulong)n);
		     v += LANES)
			TAKE(&count[power(out[v + 1] - out[v])]);
		LOCALLY;
		for (uint k = LANE; k < POWERS; k += LANES)
			COUNT(w, n)[k * BLOCKS(n) + block] = count[k];
		LOCALLY;
	}
}

/* From how many there are to where the first of them is.  One work-item. */
KERNEL rank_firsts(PLACE(work), uint n)
{
	__global uint *count = COUNT(AT(uchar, work), n);
	uint at = 0;

	if (ITEM == 0)
		for (ulong i = 0; i < POWERS * BLOCKS(n); i++) {
			uint had = count[i];

			count[i] = at;
			at += had;
		}
}

KERNEL rank_places(PLACE(work), PLACE(out_first), PLACE(names), uint n)
{
	__global uchar *w = AT(uchar, work);
	__global const ulong *out = AT(const ulong, out_first);
	__global uint *names = AT(uint, names);
	__local uint next[POWERS];

	for (ulong block = GROUP; block < BLOCKS(n); block += GROUPS) {
		for (uint k = LANE; k < POWERS; k += LANES)
			next[k] = COUNT(w, n)[k * BLOCKS(n) + block];
		LOCALLY;
		for (ulong v = block * BLOCK + LANE; v < min((block + 1) * BLOCK, (ulong)n);
		     v += LANES)
			names[v] = TAKE(&next[power(out[v + 1] - out[v])]);
		LOCALLY;
	}
}

KERNEL rank_rename(PLACE(in_to), PLACE(names), uint n, ulong edge_n)
{
	__global const uint *to = AT(const uint, in_to), *names = AT(const uint, names);
	__global uint *named = NAMED(AT(uint, names), n);
	ulong part = (edge_n + ITEMS - 1) / ITEMS;

#if LANES == 1
	for (ulong i = ITEM * part; i < min((ITEM + 1) * part, edge_n); i++)
#else
	for (ulong i = ITEM; i < edge_n; i += ITEMS)
#endif
		named[i] = names[to[i]];
}

/* The sum of COLUMNS sums; every lane calls it and gets it. */
static double halves(__local double *column)
{
	double all;

	for (uint h = COLUMNS / 2; h; h /= 2) {
		LOCALLY;
		for (uint l = LANE; l < h; l += LANES)
			column[l] += column[l + h];
	}
	LOCALLY;
	all = column[0];
	LOCALLY;
	return all;
}

/* A node's new rank, and its share of the next step, which lies at AT. */
static void settle(__global uchar *w, __global const ulong *out, __global double *share,
		   ulong v, ulong at, double now, double *loose, double *change)
{
	ulong d = out[v + 1] - out[v];

	*change += fabs(now - RANK(w)[v]);
	RANK(w)[v] = now;
	share[at] = d ? now / d : 0;
	if (!d)
		*loose += now;
}

KERNEL rank_begin(PLACE(work), PLACE(out_first), PLACE(names), uint by_place, uint n,
		  double damping, double tolerance, ulong most)
{
	__global uchar *w = AT(uchar, work);
	__global const uint *names = AT(const uint, names);
	__global const ulong *out = AT(const ulong, out_first);
	__local double column[COLUMNS];
	double start = 1.0 / n, none = 0, all;

	for (ulong block = GROUP; block < BLOCKS(n); block += GROUPS) {
		for (uint l = LANE; l < COLUMNS; l += LANES) {
			double loose = 0;

			for (ulong v = block * BLOCK + l; v < min((block + 1) * BLOCK, (ulong)n);
			     v += COLUMNS) {
				RANK(w)[v] = start;
				settle(w, out, SHARE(w, n, 0), v, PLACES(names, v), start,
				       &loose, &none);
			}
			column[l] = loose;
		}
		all = halves(column);
		if (LANE == 0) {
			LOOSE(w, n)[block] = all;
			CHANGE(w, n)[block] = 0;
		}
	}
	if (ITEM == 0) {
		struct rank s = { 0 };

		s.damping = damping;
		s.tolerance = tolerance;
		s.most = most;
		*AT(struct rank, work) = s;
	}
}

/* One group, between two steps: what the last one came to.  FIRST: there was none. */
KERNEL rank_total(PLACE(work), uint n, uint first)
{
	__global uchar *w = AT(uchar, work);
	__global struct rank *s = AT(struct rank, work);
	__local double column[COLUMNS];
	double all[2];

	for (uint k = 0; k < 2; k++) {
		__global const double *sums = k ? CHANGE(w, n) : LOOSE(w, n);

		for (uint l = LANE; l < COLUMNS; l += LANES) {
			double x = 0;

			for (ulong i = l; i < BLOCKS(n); i += COLUMNS)
				x += sums[i];
			column[l] = x;
		}
		all[k] = halves(column);
	}
	if (LANE == 0 && !s->done) {
		s->base = (1 - s->damping) / n + s->damping * (all[0] / n);
		if (!first) {
			s->change = all[1];
			s->step_n++;
		}
		s->done = s->step_n >= s->most || (!first && all[1] < s->tolerance);
	}
}

#if LANES == 1
/* SOME columns of every STRIDE edges from B on, into COLUMN; each by its name, so that
 * it is a register. */
static void columns(double *column, __global const uint *to, ulong b, ulong e, uint stride,
		    __global const double *share)
{
	double c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0;

	for (; b + SOME <= e; b += stride) {
		__global const uint *t = to + b;

		c0 += share[t[0]];
		c1 += share[t[1]];
		c2 += share[t[2]];
		c3 += share[t[3]];
		c4 += share[t[4]];
		c5 += share[t[5]];
		c6 += share[t[6]];
		c7 += share[t[7]];
	}
	column[0] = c0 + (b < e ? share[to[b]] : 0);
	column[1] = c1 + (b + 1 < e ? share[to[b + 1]] : 0);
	column[2] = c2 + (b + 2 < e ? share[to[b + 2]] : 0);
	column[3] = c3 + (b + 3 < e ? share[to[b + 3]] : 0);
	column[4] = c4 + (b + 4 < e ? share[to[b + 4]] : 0);
	column[5] = c5 + (b + 5 < e ? share[to[b + 5]] : 0);
	column[6] = c6 + (b + 6 < e ? share[to[b + 6]] : 0);
	column[7] = c7 + (b + 7 < e ? share[to[b + 7]] : 0);
}

static double gather(__global const uint *to, ulong b, ulong e, __global const double *share)
{
	double column[COLUMNS], sum = 0;
	uint width = e - b < WIDE ? SOME : COLUMNS;

	if (e - b <= SHORT) {
		for (; b < e; b++)
			sum += share[to[b]];
		return sum;
	}
	for (uint l = 0; l < width; l += SOME)
		columns(column + l, to, b + l, e, width, share);
	for (uint h = width / 2; h; h /= 2)
		for (uint l = 0; l < h; l++)
			column[l] += column[l + h];
	return column[0];
}

KERNEL rank_step(PLACE(work), PLACE(out_first), PLACE(in_first), PLACE(in_to), PLACE(names),
		 uint by_place, uint n, uint turn)
{
	__global const uint *names = AT(const uint, names);
	__global uchar *w = AT(uchar, work);
	__global struct rank *s = AT(struct rank, work);
	__global const ulong *out = AT(const ulong, out_first), *in = AT(const ulong, in_first);
	__global const uint *to = by_place ? NAMED(names, n) : AT(const uint, in_to);
	__global const double *share = SHARE(w, n, turn);
	__global double *next = SHARE(w, n, 1 - turn);
	double base = s->base, damping = s->damping;
	__local double loose[COLUMNS], change[COLUMNS];

	if (s->done)
		return;
	for (ulong block = GROUP; block < BLOCKS(n); block += GROUPS) {
		ulong end = min((block + 1) * BLOCK, (ulong)n);

		for (uint l = 0; l < COLUMNS; l++)
			loose[l] = change[l] = 0;
		for (ulong v = block * BLOCK; v < end; v++) {
			double more = 0, moved = 0;
			double now = base + damping * gather(to, in[v], in[v + 1], share);

			settle(w, out, next, v, PLACES(names, v), now, &more, &moved);
			loose[v % COLUMNS] += more;
			change[v % COLUMNS] += moved;
		}
		LOOSE(w, n)[block] = halves(loose);
		CHANGE(w, n)[block] = halves(change);
	}
}
#else
/* A lane a short list, SOME lanes a longer one, the group a wide one. */
KERNEL rank_step(PLACE(work), PLACE(out_first), PLACE(in_first), PLACE(in_to), PLACE(names),
		 uint by_place, uint n, uint turn)
{
	__global const uint *names = AT(const uint, names);
	__global uchar *w = AT(uchar, work);
	__global struct rank *s = AT(struct rank, work);
	__global const ulong *out = AT(const ulong, out_first), *in = AT(const ulong, in_first);
	__global const uint *to = by_place ? NAMED(names, n) : AT(const uint, in_to);
	__global const double *share = SHARE(w, n, turn);
	__global double *next = SHARE(w, n, 1 - turn);
	double base = s->base, damping = s->damping;
	ulong blocks = s->done ? 0 : BLOCKS(n);
	__local double column[COLUMNS], result[LANES];
	__local uint some[LANES], wide[LANES], some_n, wide_n;

	for (ulong block = GROUP; block < blocks; block += GROUPS) {
		double loose = 0, change = 0, all;

		for (ulong k = block * BLOCK; k < min((block + 1) * BLOCK, (ulong)n); k += LANES) {
			ulong v = k + LANE, b = 0, e = 0;
			double sum = 0;
			uint somes, wides;

			if (LANE == 0)
				some_n = wide_n = 0;
			LOCALLY;
			if (v < n) {
				b = in[v];
				e = in[v + 1];
			}
			if (e - b >= WIDE)
				wide[atomic_inc(&wide_n)] = LANE;
			else if (e - b > SHORT)
				some[atomic_inc(&some_n)] = LANE;
			else
				for (ulong x = b; x < e; x++)
					sum += share[to[x]];
			LOCALLY;
			somes = some_n;
			wides = wide_n;
			for (uint j = 0; j < somes; j += LANES / SOME) {
				uint who = j + LANE / SOME;
				double x = 0;

				if (who < somes) {
					ulong from = in[k + some[who]], end = in[k + some[who] + 1];

					for (ulong at = from + LANE % SOME; at < end; at += SOME)
						x += share[to[at]];
				}
				column[LANE] = x;
				for (uint h = SOME / 2; h; h /= 2) {
					LOCALLY;
					if (LANE % SOME < h)
						column[LANE] += column[LANE + h];
				}
				LOCALLY;
				if (LANE % SOME == 0 && who < somes)
					result[some[who]] = column[LANE];
				LOCALLY;
			}
			for (uint j = 0; j < wides; j++) {
				ulong end = in[k + wide[j] + 1];
				double x = 0;

				for (ulong at = in[k + wide[j]] + LANE; at < end; at += COLUMNS)
					x += share[to[at]];
				column[LANE] = x;
				all = halves(column);
				if (LANE == 0)
					result[wide[j]] = all;
				LOCALLY;
			}
			if (e - b > SHORT)
				sum = result[LANE];
			if (v < n)
				settle(w, out, next, v, PLACES(names, v), base + damping * sum,
				       &loose, &change);
			LOCALLY;
		}
		column[LANE] = loose;
		all = halves(column);
		if (LANE == 0)
			LOOSE(w, n)[block] = all;
		column[LANE] = change;
		all = halves(column);
		if (LANE == 0)
			CHANGE(w, n)[block] = all;
	}
}
#endif
