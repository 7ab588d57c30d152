/* kernels/rank.cl - how often a random reader is at each node; a part of traverse.cl */

/* Ranks are whole numbers of 1 / ONE and computed as graph/walk/pagerank does it, step by
 * step: sums do not depend on who makes them in which order, so every device has the
 * ranks that the processor has, to the last bit. */
#define ONE (1ul << 62)
#define SHORT 15ul
#define SOME 8
#define WIDE 1024ul
#define BLOCK 4096ul
#define STRETCH 2048ul

struct rank {			/* as gpu/traverse.c has it */
	ulong base;		/* what every node gets in the step being made */
	ulong damping;		/* of ONE */
	double tolerance;
	ulong shared, changed;	/* by the step being made: all shares of all edges; all ranks */
	ulong change;		/* by the step before */
	ulong most, step_n;
	ulong done;
};

#define RANK(w) ((__global ulong *)((w) + 256))
#define SHARE(w, n, i) ((__global ulong *)((w) + 256 + (1 + (i)) * UP(8ul * (n))))
#define BLOCKS(n) (((ulong)(n) + BLOCK - 1) / BLOCK)

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

/* How many of each power a block has, to COUNT[power][block]; it lies where the second
 * shares will. */
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

/* x * damping / ONE; neither is more than ONE, 2^62.  Not by parts of the product that are
 * put together: compilers make an instruction of that which oclgrind does not know. */
static ulong damped(ulong x, ulong damping)
{
	return mul_hi(x << 1, damping << 1);
}

/* What one node's new rank comes to. */
struct sums {
	ulong shared, changed;
};

/* A node's new rank, and its share of the next step, which lies at AT. */
static void settle(__global uchar *w, __global const ulong *out, __global ulong *share,
		   ulong v, ulong at, ulong now, struct sums *all)
{
	ulong d = out[v + 1] - out[v], was = RANK(w)[v], part = d ? now / d : 0;

	all->changed += now > was ? now - was : was - now;
	all->shared += part * d;
	RANK(w)[v] = now;
	share[at] = part;
}

#if LANES == 1
static void hand_in(__global struct rank *s, struct sums all)
{
	atom_add((volatile __global ulong *)&s->shared, all.shared);
	atom_add((volatile __global ulong *)&s->changed, all.changed);
}
#else
/* The sum of what LANES lanes have; every lane calls it and gets it. */
static ulong halves(__local ulong *column, ulong mine)
{
	ulong all;

	column[LANE] = mine;
	for (uint h = LANES / 2; h; h /= 2) {
		LOCALLY;
		if (LANE < h)
			column[LANE] += column[LANE + h];
	}
	LOCALLY;
	all = column[0];
	LOCALLY;
	return all;
}
#endif

KERNEL rank_begin(PLACE(work), PLACE(out_first), PLACE(names), uint by_place, uint n)
{
	__global uchar *w = AT(uchar, work);
	__global struct rank *s = AT(struct rank, work);
	__global const uint *names = AT(const uint, names);
	__global const ulong *out = AT(const ulong, out_first);
	struct sums all = { 0, 0 };
	ulong start = ONE / n;
#if LANES == 1
	ulong part = ((ulong)n + ITEMS - 1) / ITEMS;

	for (ulong v = ITEM * part; v < min((ITEM + 1) * part, (ulong)n); v++) {
#else
	__local ulong column[LANES];

	for (ulong v = ITEM; v < n; v += ITEMS) {
#endif
		RANK(w)[v] = start;
		settle(w, out, SHARE(w, n, 0), v, PLACES(names, v), start, &all);
	}
#if LANES == 1
	hand_in(s, all);
#else
	all.shared = halves(column, all.shared);
	if (LANE == 0)
		atom_add((volatile __global ulong *)&s->shared, all.shared);
#endif
}

/* One work-item, between two steps: what the last one came to.  FIRST: there was none. */
KERNEL rank_total(PLACE(work), uint n, uint first)
{
	__global struct rank *s = AT(struct rank, work);

	if (ITEM || s->done)
		return;
	if (!first) {
		s->change = s->changed;
		s->step_n++;
	}
	s->done = s->step_n >= s->most ||
		(!first && (double)s->change / (double)ONE < s->tolerance);
	s->base = (ONE - damped(s->shared, s->damping)) / n;
	s->shared = s->changed = 0;
}

#if LANES == 1
/* Loads one by one, which volatile ones are: a processor has a hundred on their way at
 * once, and instructions that gather several in one go have fewer. */
static ulong gather(__global const uint *to, ulong b, ulong e,
		    __global const volatile ulong *share)
{
	ulong s0 = 0, s1 = 0, s2 = 0, s3 = 0;

	for (; b + 4 <= e; b += 4) {
		s0 += share[to[b]];
		s1 += share[to[b + 1]];
		s2 += share[to[b + 2]];
		s3 += share[to[b + 3]];
	}
	for (; b < e; b++)
		s0 += share[to[b]];
	return s0 + s1 + s2 + s3;
}

KERNEL rank_step(PLACE(work), PLACE(out_first), PLACE(in_first), PLACE(in_to), PLACE(names),
		 uint by_place, uint n, uint turn)
{
	__global const uint *names = AT(const uint, names);
	__global uchar *w = AT(uchar, work);
	__global struct rank *s = AT(struct rank, work);
	__global const ulong *out = AT(const ulong, out_first), *in = AT(const ulong, in_first);
	__global const uint *to = by_place ? NAMED(names, n) : AT(const uint, in_to);
	__global const ulong *share = SHARE(w, n, turn);
	__global ulong *next = SHARE(w, n, 1 - turn);
	ulong base = s->base, damping = s->damping;
	struct sums all = { 0, 0 };
	__local ulong sum[STRETCH];	/* so that loads of shares follow one another */

	if (s->done)
		return;
	for (ulong from = GROUP * STRETCH; from < n; from += GROUPS * STRETCH) {
		ulong end = min(from + STRETCH, (ulong)n);

		for (ulong v = from; v < end; v++)
			sum[v - from] = gather(to, in[v], in[v + 1], share);
		for (ulong v = from; v < end; v++)
			settle(w, out, next, v, PLACES(names, v),
			       base + damped(sum[v - from], damping), &all);
	}
	hand_in(s, all);
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
	__global const ulong *share = SHARE(w, n, turn);
	__global ulong *next = SHARE(w, n, 1 - turn);
	ulong base = s->base, damping = s->damping;
	ulong blocks = s->done ? 0 : BLOCKS(n);
	__local ulong column[LANES], result[LANES];
	__local uint some[LANES], wide[LANES], some_n, wide_n;
	struct sums all = { 0, 0 };

	for (ulong block = GROUP; block < blocks; block += GROUPS) {
		for (ulong k = block * BLOCK; k < min((block + 1) * BLOCK, (ulong)n); k += LANES) {
			ulong v = k + LANE, b = 0, e = 0;
			ulong sum = 0;
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
				ulong x = 0;

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
				ulong x = 0;

				for (ulong at = in[k + wide[j]] + LANE; at < end; at += LANES)
					x += share[to[at]];
				x = halves(column, x);
				if (LANE == 0)
					result[wide[j]] = x;
				LOCALLY;
			}
			if (e - b > SHORT)
				sum = result[LANE];
			if (v < n)
				settle(w, out, next, v, PLACES(names, v),
				       base + damped(sum, damping), &all);
			LOCALLY;
		}
	}
	all.shared = halves(column, all.shared);
	all.changed = halves(column, all.changed);
	if (LANE == 0 && blocks) {
		atom_add((volatile __global ulong *)&s->shared, all.shared);
		atom_add((volatile __global ulong *)&s->changed, all.changed);
	}
}
#endif
