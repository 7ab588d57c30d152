/* kernels/lists.cl - packed lists to ids; a part of traverse.cl */

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
