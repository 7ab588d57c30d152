/* kernels/many.cl - breadth first from up to 64 nodes at once; a part of traverse.cl */

/* A node has a word with a bit for each source that came to it, after Then and others,
 * "The more the merrier: efficient multi-source graph traversal" (2014).  Depths are
 * kept as digits of two, DIGITS of them: of 2^DIGITS - 1 steps, which the host then
 * takes away. */
#define DIGITS 5u

struct many {			/* as gpu/traverse.c has it */
	ulong found_edges, front_edges, edge_n, all;
	uint found, level, pull, done;
	uint push_n, pull_n;
	ulong touched, zero;
};

#define SOURCES(w) ((__global const uint *)((w) + 256))
#define MANY(w, n, i) ((__global ulong *)((w) + 512 + (i) * UP(8ul * (n))))
#define MET(w, n) MANY(w, n, 0)
#define FRONT(w, n) MANY(w, n, 1)
#define NEXT(w, n) MANY(w, n, 2)
#define DIGIT(w, n, i) MANY(w, n, 3 + (i))

/* A word's halves, as not every device can do 64 bits of it. */
static void or_word(__global ulong *word, ulong bits)
{
	volatile __global uint *word32 = (volatile __global uint *)word;

	if ((uint)bits)
		atomic_or(&word32[0], (uint)bits);
	if (bits >> 32)
		atomic_or(&word32[1], (uint)(bits >> 32));
}

KERNEL many_begin(PLACE(work), uint n, ulong edge_n, ulong all)
{
	__global uchar *w = AT(uchar, work);

	for (ulong v = ITEM; v < n; v += ITEMS)
		for (uint i = 0; i < 3 + DIGITS; i++)
			MANY(w, n, i)[v] = 0;
	if (ITEM == 0) {
		struct many s = { 0 };

		s.edge_n = edge_n;
		s.all = all;
		*AT(struct many, work) = s;
	}
}

KERNEL many_sources(PLACE(work), uint n, uint source_n)
{
	__global uchar *w = AT(uchar, work);

	for (ulong i = ITEM; i < source_n; i += ITEMS)
		or_word(&NEXT(w, n)[SOURCES(w)[i]], 1ul << i);
}

KERNEL many_clear(PLACE(work), uint n)
{
	__global uchar *w = AT(uchar, work);

	for (ulong v = ITEM; v < n; v += ITEMS)
		for (uint i = 0; i < DIGITS; i++)
			DIGIT(w, n, i)[v] = 0;
}

/* What came to a node for the first time is its front. */
KERNEL many_settle(PLACE(work), PLACE(out_first), uint n)
{
	__global uchar *w = AT(uchar, work);
	volatile __global struct many *s = AT(struct many, work);
	__global const ulong *first = AT(const ulong, out_first);
	uint level = s->level % ((1u << DIGITS) - 1), found = 0;
	ulong edges = 0, end = s->done ? 0 : n;
	__local ulong sum;
	__local uint came;

	level = s->level && !level ? (1u << DIGITS) - 1 : level;
	for (ulong v = ITEM; v < end; v += ITEMS) {
		ulong x = NEXT(w, n)[v] & ~MET(w, n)[v];

		NEXT(w, n)[v] = 0;
		FRONT(w, n)[v] = x;
		if (!x)
			continue;
		MET(w, n)[v] |= x;
		for (uint i = 0; i < DIGITS; i++)
			if (level >> i & 1)
				DIGIT(w, n, i)[v] |= x;
		edges += first[v + 1] - first[v];
		found = 1;
	}
	if (LANE == 0)
		came = 0;
	LOCALLY;
	if (found)
		atomic_or(&came, 1u);
	LOCALLY;
	if (LANE == 0 && came)
		atomic_or(&s->found, 1u);
	add_up(&s->found_edges, edges, &sum);
}

KERNEL many_plan(PLACE(work))
{
	volatile __global struct many *s = AT(struct many, work);

	if (ITEM || s->done)
		return;
	s->done = !s->found;
	s->front_edges = s->found_edges;
	s->found = 0;
	s->found_edges = 0;
	if (s->done)
		return;
	s->level++;
	s->pull = s->front_edges > s->edge_n / ALPHA;
	if (s->pull)
		s->pull_n++;
	else
		s->push_n++;
}

KERNEL many_push(PLACE(work), PLACE(out_first), PLACE(out_to), uint n)
{
	__global uchar *w = AT(uchar, work);
	volatile __global struct many *s = AT(struct many, work);
	__global const ulong *first = AT(const ulong, out_first);
	__global const uint *to = AT(const uint, out_to);
	ulong end = s->done || s->pull ? 0 : n, touched = 0;
	__local ulong sum;

	for (ulong v = ITEM; v < end; v += ITEMS) {
		ulong front = FRONT(w, n)[v];

		for (ulong x = first[v]; front && x < first[v + 1]; x++) {
			or_word(&NEXT(w, n)[to[x]], front & ~MET(w, n)[to[x]]);
			touched++;
		}
	}
	add_up(&s->touched, touched, &sum);
}

KERNEL many_pull(PLACE(work), PLACE(in_first), PLACE(in_to), uint n)
{
	__global uchar *w = AT(uchar, work);
	volatile __global struct many *s = AT(struct many, work);
	__global const ulong *first = AT(const ulong, in_first);
	__global const uint *to = AT(const uint, in_to);
	__global const ulong *front = FRONT(w, n);
	ulong end = s->done || !s->pull ? 0 : n, all = s->all, touched = 0;
	__local ulong sum;

	for (ulong v = ITEM; v < end; v += ITEMS) {
		ulong wanted = all & ~MET(w, n)[v], got = 0;

		for (ulong x = first[v]; x < first[v + 1] && (got & wanted) != wanted; x++) {
			got |= front[to[x]];
			touched++;
		}
		NEXT(w, n)[v] = got & wanted;
	}
	add_up(&s->touched, touched, &sum);
}
