/* kernels/check.cl - a sum over what is read back; a part of traverse.cl */

/* Each word times an odd number of its place, all added up: whatever is turned in one
 * word alone, or two words change places, the sum is another one.  gpu/traverse.c adds
 * up the same over what arrived. */
#define PLACE_FACTOR 0x9e3779b97f4a7c15ul

KERNEL check_begin(PLACE(sum))
{
	if (ITEM == 0)
		*AT(ulong, sum) = 0;
}

KERNEL check_sum(PLACE(words), PLACE(sum), ulong n)
{
	__global const uint *word = AT(const uint, words);
	ulong mine = 0;
	__local ulong all;
#if LANES == 1		/* a processor's thread reads what lies together */
	ulong part = (n + ITEMS - 1) / ITEMS, i = ITEM * part, end = min(n, i + part), step = 1;
#else
	ulong i = ITEM, end = n, step = ITEMS;
#endif

	for (; i < end; i += step)
		mine += word[i] * (i * PLACE_FACTOR | 1);
	add_up(AT(ulong, sum), mine, &all);
}
