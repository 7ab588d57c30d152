/* kernels/traverse.cl - questions about a whole graph, where it lies
 *
 * OpenCL C 1.2 with 64-bit atomics and doubles; gpu/traverse launches these, and says
 * what they do.  Everything stays on the device: the host enqueues several steps at
 * once, whose kernels look at the state of the search and have nothing to do when it
 * is over, and reads that state now and then.
 *
 * Built for a device by macros:
 *	LANES	work-items of a group: 256, or 1 where lanes are a processor's threads,
 *		which then take parts of their own instead of every LANES-th thing
 *	TILE	things that a group takes at a time, a multiple of LANES
 *	MINE	edges of a list that a lane reads alone; of longer ones the group does
 *	HUB	edges from which on a list is shared out to all groups
 *	COLUMNS	of long sums: 256; the same ranks only where it is the same
 *	CHECKED	for race checkers: what may be read while it changes is read by an atomic
 *
 * An argument that is a place is two: a buffer, and where in it.
 */
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF

#define NONE 0xffffffffu
#define PLACE(x) __global uchar *x##_in, ulong x##_at
#define AT(type, x) ((__global type *)(x##_in + x##_at))
#define KERNEL __kernel __attribute__((reqd_work_group_size(LANES, 1, 1))) void

#define LANE ((uint)get_local_id(0))
#define GROUP ((uint)get_group_id(0))
#define GROUPS ((uint)get_num_groups(0))
#define ITEM ((ulong)get_global_id(0))
#define ITEMS ((ulong)get_global_size(0))

#if LANES == 1
#define TOGETHER(fence)
#define TAKE(p) ((*(p))++)
#else
#define TOGETHER(fence) barrier(fence)
#define TAKE(p) atomic_inc(p)
#endif
#define LOCALLY TOGETHER(CLK_LOCAL_MEM_FENCE)
#define WHOLLY TOGETHER(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)

#ifdef CHECKED
#define PEEK(p) atomic_or(p, 0u)
#else
#define PEEK(p) (*(p))
#endif

/* --- breadth first --- */

struct bfs {			/* as gpu/traverse.c has it */
	ulong front_edges, found_edges, left, touched;
	uint front_n, queue_n, hub_n;	/* of the front; the last two when it is a queue */
	uint found_n, found_queue, found_hub;	/* by the step being made */
	uint depth;		/* of the step being made */
	uint most, source, target;
	uint pull, turn, done;
	uint queue, bits;	/* which of the two is the front's */
	uint reached_n, push_n, pull_n;
	uint back;		/* nodes of the path that were found */
	uint zero;
};
#define STATE volatile __global struct bfs *

/* Where the arrays of a search lie in its work memory. */
#define UP(n) (((n) + 63ul) & ~63ul)
#define WORDS(n) (((ulong)(n) + 31) / 32)
#define DEPTH(w) ((__global uint *)((w) + 256))
#define QUEUE(w, n, i) ((__global uint *)((w) + 256 + (1 + (i)) * UP(4ul * (n))))
#define BITS(w, n, i) \
	((__global uint *)((w) + 256 + 3 * UP(4ul * (n)) + (i) * UP(4ul * WORDS(n))))
#define SEEN(w, n) BITS(w, n, 0)

/* What a group gathers before it goes to the queue in one piece. */
#define ROOM (2 * LANES * MINE)
struct gather {
	uint node[ROOM];
	uint n;
	uint some[2], first[2];		/* of the queue, of the hubs */
	uint late[LANES], late_n;	/* longer lists, a ring; how many there ever were */
};

/* Every lane calls it.  If more than MOST nodes were gathered, they go to the queue, from
 * its beginning on, and those with long lists from its end on; the edges of both are
 * added to *EDGES.  Its barriers are under no condition: some compilers make a copy of
 * all that follows for each that is. */
static void hand_over(__local struct gather *g, uint most, __global uint *queue, uint n,
		      __global const ulong *first, volatile __global uint *queue_n,
		      volatile __global uint *hub_n, ulong *edges)
{
	uint all;

	LOCALLY;
	all = g->n;
	LOCALLY;
	all = all > most ? all : 0;
#if LANES == 1
	uint hubs = 0, at, hub_at;

	if (!all)
		return;
	for (uint i = 0; i < all; i++) {
		ulong d = first[g->node[i] + 1ul] - first[g->node[i]];

		*edges += d;
		hubs += d >= HUB;
	}
	at = atomic_add(queue_n, all - hubs);
	hub_at = hubs ? n - 1 - atomic_add(hub_n, hubs) : 0;
	for (uint i = 0; i < all; i++) {
		uint v = g->node[i];

		if (hubs && first[v + 1ul] - first[v] >= HUB)
			queue[hub_at--] = v;
		else
			queue[at++] = v;
	}
#else
	for (uint base = 0; base < all; base += LANES) {
		uint i = base + LANE, v = 0, hub = 0, slot = 0;

		if (LANE < 2)
			g->some[LANE] = 0;
		LOCALLY;
		if (i < all) {
			ulong d;

			v = g->node[i];
			d = first[v + 1ul] - first[v];
			*edges += d;
			hub = d >= HUB;
			slot = atomic_inc(&g->some[hub]);
		}
		LOCALLY;
		if (LANE < 2 && g->some[LANE])
			g->first[LANE] = atomic_add(LANE ? hub_n : queue_n, g->some[LANE]);
		LOCALLY;
		if (i < all)
			queue[hub ? n - 1 - (g->first[1] + slot) : g->first[0] + slot] = v;
		LOCALLY;
	}
#endif
	if (LANE == 0 && all)
		g->n = 0;
	LOCALLY;
}

/* A sum of all lanes' numbers, once a group. */
static void add_up(volatile __global ulong *to, ulong mine, volatile __local ulong *sum)
{
#if LANES == 1
	if (mine)
		atom_add(to, mine);
#else
	LOCALLY;
	if (LANE == 0)
		*sum = 0;
	LOCALLY;
	if (mine)
		atom_add(sum, mine);
	LOCALLY;
	if (LANE == 0 && *sum)
		atom_add(to, *sum);
#endif
}

KERNEL bfs_begin(PLACE(work), PLACE(out_first), uint n, ulong edge_n, uint source, uint target,
		 uint most)
{
	__global uchar *w = AT(uchar, work);
	__global const ulong *first = AT(ulong, out_first);
	ulong d = first[source + 1ul] - first[source];

	for (ulong i = ITEM; i < n; i += ITEMS)
		DEPTH(w)[i] = i == source ? 0 : NONE;
	for (ulong i = ITEM; i < WORDS(n); i += ITEMS) {
		SEEN(w, n)[i] = i == source / 32 ? 1u << source % 32 : 0;
		BITS(w, n, 1)[i] = 0;
		BITS(w, n, 2)[i] = 0;
	}
	if (ITEM == 0) {
		struct bfs s = { 0 };

		s.left = edge_n;
		s.found_edges = d;
		s.found_hub = d >= HUB;
		s.found_queue = 1 - s.found_hub;
		s.most = most;
		s.source = source;
		s.target = target;
		s.queue = 1;	/* what was found goes to the other one */
		*AT(struct bfs, work) = s;
		QUEUE(w, n, 0)[s.found_hub ? n - 1 : 0] = source;
	}
}

/* What was found becomes the front; then, how the next step is made.  Beamer, Asanovic
 * and Patterson's rule, "Direction-optimizing breadth-first search" (2012). */
#define ALPHA 15
#define BETA 18

static bool goes_on(STATE s, __global uchar *w)
{
	return s->front_n && s->depth != s->most &&
	       (s->target == NONE || DEPTH(w)[s->target] == NONE);
}

static void plan(STATE s, __global uchar *w, uint n, bool push_only)
{
	bool was = s->pull, pull = was;

	s->front_n = was ? s->found_n : s->found_queue + s->found_hub;
	s->front_edges = s->found_edges;
	s->reached_n += s->front_n;
	s->left -= min(s->left, s->front_edges);
	if (was) {
		s->bits ^= 1;
	} else {
		s->queue ^= 1;
		s->queue_n = s->found_queue;
		s->hub_n = s->found_hub;
	}
	s->found_n = s->found_queue = s->found_hub = 0;
	s->found_edges = 0;
	s->turn = 0;
	s->done = !goes_on(s, w);
	if (s->done)
		return;
	s->depth++;
	if (!was)
		pull = !push_only && s->front_edges > s->left / ALPHA + n / 64;
	else
		pull = s->front_n >= n / BETA || s->front_edges > s->left / ALPHA + n / 64;
	s->pull = pull;
	s->turn = pull != was;
	if (s->turn && was)
		s->queue_n = s->hub_n = 0;
	if (pull)
		s->pull_n++;
	else
		s->push_n++;
}

KERNEL bfs_plan(PLACE(work), uint n)
{
	STATE s = AT(struct bfs, work);

	if (ITEM == 0 && !s->done)
		plan(s, AT(uchar, work), n, false);
}

/* What a lane takes of a bitmap: a word, or half of one, as so many nodes have to fit
 * into what a group gathers. */
#if LANES == 1
#define PIECES 1
#define PIECE(word, i) (word)
#else
#define PIECES 2
#define PIECE(word, i) ((word) >> (i) % 2 * 16 & 0xffff)
#endif

/* A queue becomes a bitmap, or a bitmap a queue and is cleared. */
KERNEL bfs_turn(PLACE(work), PLACE(out_first), uint n)
{
	__global uchar *w = AT(uchar, work);
	STATE s = AT(struct bfs, work);
	__global const ulong *first = AT(ulong, out_first);
	__global uint *queue = QUEUE(w, n, s->queue);
	__global uint *front = BITS(w, n, 1 + s->bits);
	__local struct gather g;
	ulong edges = 0, words = 0;

	if (!s->done && s->turn && s->pull)
		for (ulong i = ITEM; i < (ulong)s->queue_n + s->hub_n; i += ITEMS) {
			uint v = queue[i < s->queue_n ? i : n - 1 - (i - s->queue_n)];

			atomic_or(&front[v / 32], 1u << v % 32);
		}
	if (!s->done && s->turn && !s->pull)
		words = PIECES * WORDS(n);
	if (LANE == 0)
		g.n = 0;
	LOCALLY;
	for (ulong base = (ulong)GROUP * TILE; base < words; base += (ulong)GROUPS * TILE)
		for (uint k = 0; k < TILE; k += LANES) {
			ulong i = base + k + LANE;
			uint word = i < words ? front[i / PIECES] : 0;

			for (word = PIECE(word, i); word; word &= word - 1)
				g.node[TAKE(&g.n)] = (uint)(i * (32 / PIECES)) +
						     popcount((word & -word) - 1);
			hand_over(&g, ROOM - 32 / PIECES * LANES, queue, n, first, &s->queue_n,
				  &s->hub_n, &edges);
			WHOLLY;
			if (i < words && i % PIECES == 0)
				front[i / PIECES] = 0;
		}
	hand_over(&g, 0, queue, n, first, &s->queue_n, &s->hub_n, &edges);
}

/* --- along the edges --- */

static void meet(uint u, uint depth, __global uchar *w, uint n, __local struct gather *g)
{
	volatile __global uint *word = &SEEN(w, n)[u / 32];
	uint bit = 1u << u % 32;

	if (!(PEEK(word) & bit) && !(atomic_or(word, bit) & bit)) {
		DEPTH(w)[u] = depth;
		g->node[TAKE(&g->n)] = u;
	}
}

/* A lane's own place in the queue: how many ids it looked at. */
static ulong push_own(__local struct gather *g, __global const uint *queue, ulong i,
		      uint queue_n, __global const ulong *first, __global const uint *to,
		      uint depth, __global uchar *w, uint n)
{
	ulong b, e, x;

	if (i >= queue_n)
		return 0;
	b = first[queue[i]];
	e = first[queue[i] + 1ul];
	if (e - b > MINE) {
		g->late[TAKE(&g->late_n) % LANES] = queue[i];
		return 0;
	}
	for (x = b; x < e; x++)
		meet(to[x], depth, w, n, g);
	return e - b;
}

/* A step of groups GROUP, GROUP + GROUPS, ... : a lane takes a short list, its group the
 * longer ones that its lanes met, all groups the hubs'. */
static void push(STATE s, bool idle, __global uchar *w, __global const ulong *first,
		 __global const uint *to, uint n, uint group, uint groups,
		 __local struct gather *g, volatile __local ulong *sum)
{
	__global const uint *queue = QUEUE(w, n, s->queue);
	__global uint *found = QUEUE(w, n, 1 - s->queue);
	volatile __global uint *found_n = &s->found_queue, *hubs_n = &s->found_hub;
	uint depth = s->depth, queue_n = idle ? 0 : s->queue_n, hub_n = idle ? 0 : s->hub_n;
	const uint strip = LANES * MINE;
	ulong base = (ulong)group * TILE;	/* of the queue */
	ulong b = 0, e = 0, step = 0;		/* of the list that all lanes are at */
	uint late = 0, late_end = 0, h = 0;	/* the next of those; the next hub */
	ulong edges = 0, touched = 0;
	bool more = true, own;

	if (LANE == 0)
		g->n = g->late_n = 0;
	LOCALLY;
	while (more) {
		if (b >= e && late != late_end) {
			uint v = g->late[late++ % LANES];

			b = first[v];
			e = first[v + 1ul];
			step = strip;
		}
		own = false;
		if (b < e) {
			ulong end = min(e, b + strip);

			for (ulong x = b + LANE; x < end; x += LANES, touched++)
				meet(to[x], depth, w, n, g);
			b += step;
		} else if (base < queue_n) {
			own = true;
			touched += push_own(g, queue, base + LANE, queue_n, first, to, depth, w, n);
			base += LANES;
			if (base % TILE == 0)
				base += (ulong)(groups - 1) * TILE;
		} else if (h < hub_n) {
			uint v = queue[n - 1 - h++];

			b = first[v] + (ulong)group * strip;
			e = first[v + 1ul];
			step = (ulong)groups * strip;
		} else {
			more = false;
		}
		hand_over(g, more ? ROOM - strip : 0, found, n, first, found_n, hubs_n, &edges);
		if (own)
			late_end = g->late_n;
		LOCALLY;
	}
	add_up(&s->found_edges, edges, sum);
	add_up(&s->touched, touched, sum);
}

KERNEL bfs_push(PLACE(work), PLACE(out_first), PLACE(out_to), uint n)
{
	STATE s = AT(struct bfs, work);
	__local struct gather g;
	__local ulong sum;

	push(s, s->done || s->pull, AT(uchar, work), AT(const ulong, out_first),
	     AT(const uint, out_to), n, GROUP, GROUPS, &g, &sum);
}

/* Narrow fronts, a step after another by one group: a long thin graph has many. */
KERNEL bfs_few(PLACE(work), PLACE(out_first), PLACE(out_to), uint n, uint steps, uint most_edges)
{
	__global uchar *w = AT(uchar, work);
	STATE s = AT(struct bfs, work);
	__local struct gather g;
	__local ulong sum;
	__local uint go;

	for (uint i = 0, on = 1; i < steps && on; i++) {
		WHOLLY;
		if (LANE == 0) {
			go = !s->done && !s->pull && !s->found_hub &&
			     s->found_queue <= most_edges && s->found_edges <= most_edges;
			if (go) {
				plan(s, w, n, true);
				go = !s->done;
			}
		}
		WHOLLY;
		on = go;
		push(s, !on, w, AT(const ulong, out_first), AT(const uint, out_to), n, 0, 1, &g,
		     &sum);
	}
}

/* --- against the edges --- */

#if LANES == 1
KERNEL bfs_pull(PLACE(work), PLACE(out_first), PLACE(in_first), PLACE(in_to), uint n)
{
	__global uchar *w = AT(uchar, work);
	STATE s = AT(struct bfs, work);
	__global const ulong *out = AT(const ulong, out_first), *in = AT(const ulong, in_first);
	__global const uint *to = AT(const uint, in_to);
	__global const uint *front = BITS(w, n, 1 + s->bits);
	__global uint *next = BITS(w, n, 2 - s->bits), *seen = SEEN(w, n);
	uint depth = s->depth, found = 0;
	ulong edges = 0, touched = 0;

	if (s->done || !s->pull)
		return;
	for (ulong base = (ulong)GROUP * TILE; base < WORDS(n); base += (ulong)GROUPS * TILE)
		for (ulong i = base; i < min(base + TILE, WORDS(n)); i++) {
			uint had = seen[i], todo = ~had, met = 0;

			if (i == n / 32)
				todo &= (1u << n % 32) - 1;
			for (; todo; todo &= todo - 1) {
				uint bit = todo & -todo, v = (uint)(i * 32) + popcount(bit - 1);
				ulong b = in[v], e = in[v + 1ul], from = b;

				while (b < e && !(front[to[b] / 32] >> to[b] % 32 & 1))
					b++;
				touched += b - from;
				if (b == e)
					continue;
				met |= bit;
				DEPTH(w)[v] = depth;
				edges += out[v + 1ul] - out[v];
			}
			next[i] = met;
			if (met)
				seen[i] = had | met;
			found += popcount(met);
		}
	if (found)
		atomic_add(&s->found_n, found);
	add_up(&s->found_edges, edges, 0);
	add_up(&s->touched, touched, 0);
}
#else
/* A lane a node, 32 of them a word; what a lane did not find in the first MINE of a
 * longer list its group looks for. */
KERNEL bfs_pull(PLACE(work), PLACE(out_first), PLACE(in_first), PLACE(in_to), uint n)
{
	__global uchar *w = AT(uchar, work);
	STATE s = AT(struct bfs, work);
	__global const ulong *out = AT(const ulong, out_first), *in = AT(const ulong, in_first);
	__global const uint *to = AT(const uint, in_to);
	__global const uint *front = BITS(w, n, 1 + s->bits);
	__global uint *next = BITS(w, n, 2 - s->bits), *seen = SEEN(w, n);
	uint depth = s->depth, lates, stop;
	uint end_of_all = s->done || !s->pull ? 0 : n;
	__local uint word[LANES / 32], late[LANES], late_n, hit, found;
	__local ulong sum;
	ulong edges = 0, touched = 0;

	if (LANE == 0)
		late_n = found = 0;
	for (ulong base = (ulong)GROUP * LANES; base < end_of_all; base += (ulong)GROUPS * LANES) {
		ulong v = base + LANE, b = 0, e = 0, lim;

		if (LANE < LANES / 32)
			word[LANE] = 0;
		LOCALLY;
		if (v < n && !(seen[v / 32] >> v % 32 & 1)) {
			b = in[v];
			e = in[v + 1];
		}
		lim = min(e, b + MINE);
		touched += lim - b;
		while (b < lim && !(front[to[b] / 32] >> to[b] % 32 & 1))
			b++;
		if (b < lim)
			atomic_or(&word[LANE / 32], 1u << v % 32);
		else if (b < e)
			late[atomic_inc(&late_n)] = LANE;
		LOCALLY;
		lates = late_n;
		WHOLLY;
		for (uint j = 0; j < lates; j++) {
			ulong u = base + late[j], x = in[u] + MINE, end = in[u + 1];

			if (LANE == 0)
				hit = 0;
			LOCALLY;
			for (stop = 0; x < end && !stop; x += LANES) {
				if (x + LANE < end) {
					uint t = to[x + LANE];

					touched++;
					if (front[t / 32] >> t % 32 & 1)
						atomic_or(&hit, 1u);
				}
				LOCALLY;
				stop = hit;
				LOCALLY;
			}
			if (stop && LANE == late[j])
				atomic_or(&word[LANE / 32], 1u << LANE % 32);
			LOCALLY;
		}
		if (LANE == 0)
			late_n = 0;
		if (v < n && word[LANE / 32] >> LANE % 32 & 1) {
			DEPTH(w)[v] = depth;
			edges += out[v + 1] - out[v];
		}
		if (LANE < LANES / 32 && base / 32 + LANE < WORDS(n)) {
			next[base / 32 + LANE] = word[LANE];
			if (word[LANE]) {
				seen[base / 32 + LANE] |= word[LANE];
				atomic_add(&found, popcount(word[LANE]));
			}
		}
		LOCALLY;
	}
	LOCALLY;
	if (LANE == 0 && found)
		atomic_add(&s->found_n, found);
	add_up(&s->found_edges, edges, &sum);
	add_up(&s->touched, touched, &sum);
}
#endif

/* From the target back to the source: at each node the least of those a step nearer.
 * One group; the nodes go to QUEUE 0, the target first. */
KERNEL bfs_back(PLACE(work), PLACE(in_first), PLACE(in_to), uint n, uint steps)
{
	__global uchar *w = AT(uchar, work);
	STATE s = AT(struct bfs, work);
	__global const ulong *in = AT(const ulong, in_first);
	__global const uint *to = AT(const uint, in_to);
	__global uint *path = QUEUE(w, n, 0);
	__local uint best;
	uint at, d, k;

	if (DEPTH(w)[s->target] == NONE)
		return;
	WHOLLY;
	k = s->back;
	at = k ? path[k - 1] : s->target;
	d = DEPTH(w)[at];
	WHOLLY;
	if (k == 0) {
		if (LANE == 0)
			path[0] = at;
		k = 1;
	}
	for (; d && steps; d--, steps--) {
		if (LANE == 0)
			best = NONE;
		LOCALLY;
		for (ulong x = in[at] + LANE; x < in[at + 1ul]; x += LANES)
			if (DEPTH(w)[to[x]] == d - 1)
				atomic_min(&best, to[x]);
		LOCALLY;
		at = best;
		LOCALLY;
		if (at >= n)	/* only if these are no transpose */
			break;
		if (LANE == 0)
			path[k] = at;
		k++;
	}
	if (LANE == 0)
		s->back = k;
}

/* --- PageRank --- */

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

/* --- lists of gaps --- */

/* Lists as graph/list.h draws them, to ids: a work-item a list, or a chunk of one longer
 * than LIST_CHUNK + 1.  Every length is compared before it is used, so that nothing is
 * read outside of [AT[v], AT[v + 1]) and nothing written outside of the list's ids,
 * whatever the bytes are; BAD becomes the least node whose list is none. */
#define LIST_BLOCK 32u
#define LIST_CHUNK 1024ul

/* N bytes as a number, the lowest first. */
static ulong number(__global const uchar *at, uint n)
{
	ulong x = 0;

	for (uint i = 0; i < n; i++)
		x |= (ulong)at[i] << 8 * i;
	return x;
}

/* The first id, and by how much gaps are stored less; where the list goes on, NULL. */
static __global const uchar *head(__global const uchar *at, __global const uchar *end, ulong node,
				  ulong *first, uint *step)
{
	uint b, skip, shift;
	ulong x;

	if (at == end)
		return 0;
	b = *at++;
	if ((b & 7) == 7)
		return 0;
	skip = b & 1 ? 3 : 1;
	*step = (b & 7) != 3 && (b & 7) != 5;
	x = (b & 0x7f) >> skip;
	for (shift = 7 - skip; b & 0x80; shift += 7) {
		if (at == end || shift > 40)	/* ids have 32 bits */
			return 0;
		b = *at++;
		x |= (ulong)(b & 0x7f) << shift;
	}
	*first = x;
	return at;
}

/* M gaps of W bits, W up to 32, at AT; ids from *LAST on to TO.  False: one wraps. */
static bool unpack_block(__global uint *to, __global const uchar *at, uint m, uint w, uint step,
			 ulong *last, uint n)
{
	ulong mask = (1ul << w) - 1, acc = 0, id = *last;
	uint have = 0;

	for (uint i = 0; i < m; i++) {
		while (have < w) {
			acc |= (ulong)*at++ << have;
			have += 8;
		}
		id += (acc & mask) + step;
		acc >>= w;
		have -= w;
		if (id >= n)
			return false;
		to[i] = (uint)id;
	}
	*last = id;
	return true;
}

/* Up to MORE ids behind *LAST, of LEFT that the list still has. */
static bool unpack_some(__global uint *to, __global const uchar *at, __global const uchar *end,
			ulong more, ulong left, uint step, ulong last, uint n)
{
	while (more) {
		ulong room = end - at;
		uint m = (uint)min(left, (ulong)LIST_BLOCK), w;

		if (left > LIST_BLOCK) {
			if (!room)
				return false;
			w = *at++;
			if (w > 32 || room - 1 < w * (LIST_BLOCK / 8))
				return false;
		} else {
			if (room > 4 * LIST_BLOCK)
				return false;
			w = (uint)room * 8 / m;
			if (w > 32 || (m * w + 7) / 8 != room)
				return false;
		}
		if (!unpack_block(to, at, m, w, step, &last, n))
			return false;
		at += (m * w + 7) / 8;
		to += m;
		left -= m;
		more -= min(more, (ulong)m);
	}
	return true;
}

/* Chunk K of the list of V: of short ones there is chunk 0 alone. */
static bool unpack_list(ulong v, ulong chunk, ulong chunks, __global uint *to, ulong all,
			__global const uchar *at, __global const uchar *end, uint n)
{
	ulong first, left = all - 1 - chunk * LIST_CHUNK;
	ulong more = chunk + 1 < chunks ? LIST_CHUNK : left;
	uint step, id_len, off_len, kind;
	__global const uchar *table, *from;

	if (at >= end)
		return false;
	kind = *at & 7;
	at = head(at, end, v, &first, &step);
	if (!at)
		return false;
	if (kind == 1 || kind == 5)
		first = v + (first >> 1 ^ (0 - (first & 1)));
	if (first >= n)
		return false;
	if (chunk == 0)
		to[0] = (uint)first;
	if (all == 1)
		return at == end;
	if (chunks > 1) {
		if (at == end)
			return false;
		id_len = (*at & 15) + 1;
		off_len = (*at >> 4) + 1;
		table = at + 1;
		if (id_len > 8 || off_len > 8 ||
		    (chunks - 1) * (id_len + off_len) > (ulong)(end - table))
			return false;
		from = table + (chunks - 1) * (id_len + off_len);
		if (chunk) {
			ulong off;

			table += (chunk - 1) * (id_len + off_len);
			first = number(table, id_len);
			off = number(table + id_len, off_len);
			if (first >= n || off > (ulong)(end - from))
				return false;
			from += off;
		}
		at = from;
	}
	return unpack_some(to + 1 + chunk * LIST_CHUNK, at, end, more, left, step, first, n);
}

static void unpack_or_tell(ulong v, ulong chunk, ulong chunks, __global const uchar *bytes,
			   __global const ulong *at, __global const ulong *first,
			   __global uint *to, volatile __global uint *bad, uint n)
{
	ulong all = first[v + 1] - first[v];

	if (all ? !unpack_list(v, chunk, chunks, to + first[v], all, bytes + at[v],
			       bytes + at[v + 1], n)
		: at[v] != at[v + 1])
		atomic_min(bad, (uint)v);
}

static ulong chunks_of(ulong all)
{
	return all > LIST_CHUNK + 1 ? (all - 2) / LIST_CHUNK + 1 : 1;
}

/* A lane a list, the group the chunks of a long one. */
KERNEL unpack(PLACE(packed), PLACE(at), PLACE(first), PLACE(to), PLACE(bad), uint n)
{
	__global const ulong *at = AT(const ulong, at), *first = AT(const ulong, first);
	__global const uchar *bytes = AT(const uchar, packed);
	__global uint *to = AT(uint, to), *bad = AT(uint, bad);
	__local uint late[LANES], late_n;

	for (ulong base = (ulong)GROUP * TILE; base < n; base += (ulong)GROUPS * TILE)
		for (uint k = 0; k < TILE; k += LANES) {
			ulong v = base + k + LANE;
			uint lates;

			if (LANE == 0)
				late_n = 0;
			LOCALLY;
			if (v < n && chunks_of(first[v + 1] - first[v]) > 1)
				late[TAKE(&late_n)] = (uint)v;
			else if (v < n)
				unpack_or_tell(v, 0, 1, bytes, at, first, to, bad, n);
			LOCALLY;
			lates = late_n;
			LOCALLY;
			for (uint j = 0; j < lates; j++) {
				ulong u = late[j], chunks = chunks_of(first[u + 1] - first[u]);

				for (ulong c = LANE; c < chunks; c += LANES)
					unpack_or_tell(u, c, chunks, bytes, at, first, to, bad, n);
			}
			LOCALLY;
		}
}

/* --- from up to 64 nodes at once --- */

/* A node has a word with a bit for each source that came to it, after Then and others,
 * "The more the merrier: efficient multi-source graph traversal" (2014).  Depths are
 * kept as digits of two, DIGITS of them: of 2^DIGITS - 1 steps, which the host then
 * takes away. */
#define DIGITS 5u

struct many {			/* as gpu/traverse.c has it */
	ulong found_edges, front_edges, edge_n, all;
	uint found, level, pull, done;
	uint push_n, pull_n;
	ulong zero[2];
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
	ulong end = s->done || s->pull ? 0 : n;

	for (ulong v = ITEM; v < end; v += ITEMS) {
		ulong front = FRONT(w, n)[v];

		for (ulong x = first[v]; front && x < first[v + 1]; x++)
			or_word(&NEXT(w, n)[to[x]], front & ~MET(w, n)[to[x]]);
	}
}

KERNEL many_pull(PLACE(work), PLACE(in_first), PLACE(in_to), uint n)
{
	__global uchar *w = AT(uchar, work);
	volatile __global struct many *s = AT(struct many, work);
	__global const ulong *first = AT(const ulong, in_first);
	__global const uint *to = AT(const uint, in_to);
	__global const ulong *front = FRONT(w, n);
	ulong end = s->done || !s->pull ? 0 : n, all = s->all;

	for (ulong v = ITEM; v < end; v += ITEMS) {
		ulong wanted = all & ~MET(w, n)[v], got = 0;

		for (ulong x = first[v]; x < first[v + 1] && (got & wanted) != wanted; x++)
			got |= front[to[x]];
		NEXT(w, n)[v] = got & wanted;
	}
}
