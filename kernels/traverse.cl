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

#include "rank.cl"
#include "lists.cl"
#include "many.cl"
#include "check.cl"
