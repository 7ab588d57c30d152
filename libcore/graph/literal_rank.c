/* graph/literal_rank.c - values as numbers that sort as they compare
 *
 *	first word	the sort of value in the top byte, then 56 bits of it: of a number
 *			those of its binary64, of a time its seconds, of text 7 bytes
 *	second word	of a number all bits of its binary64, of a time the nanoseconds,
 *			of text a hash of it
 *
 * What is exact in digits is cut, then rounded: both keep the order.
 */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "graph/literal_inside.h"

#define PART_BITS 56

/* Bits that compare as numbers do. */
static uint64_t ordered(double r)
{
	uint64_t bits;

	if (r == 0)
		r = 0;			/* not -0 */
	memcpy(&bits, &r, sizeof bits);
	return bits >> 63 ? ~bits : bits | 1ull << 63;
}

static bool rank_number(const struct literal *l, struct literal_rank *out)
{
	struct literal_number n;
	char room[32];
	double r;

	if (!literal_number_of(l, &n, room))
		return false;
	r = n.real ? n.r : l->kind == LITERAL_INTEGER ? (double)l->i : literal_number_cut(&n);
	if (isnan(r))
		return false;
	out->word[1] = ordered(r);
	out->word[0] |= out->word[1] >> (64 - PART_BITS);
	return true;
}

static bool rank_moment(const struct literal *l, struct literal_rank *out)
{
	const int64_t far = (int64_t)1 << (PART_BITS - 1);
	int64_t second;
	uint32_t nano;

	if (!literal_moment_of(l, &second, &nano))
		return false;
	out->word[1] = nano;
	second = second < -far ? -far : second >= far ? far - 1 : second;
	out->word[0] |= (uint64_t)(second + far);
	return true;
}

static void rank_text(const struct literal *l, struct literal_rank *out)
{
	uint64_t first = 0;

	for (size_t i = 0; i < PART_BITS / 8; i++)
		first = first << 8 | (i < l->text.len ? l->text.ptr[i] : 0);
	out->word[0] |= first;
	out->word[1] = hash64(0, l->text.ptr, l->text.len);
}

bool literal_rank(const struct literal *l, struct literal_rank *out)
{
	enum literal_sort sort = literal_sort_of(l);

	*out = (struct literal_rank){ { (uint64_t)sort << PART_BITS } };
	switch (sort) {
	case LITERAL_NUMBER:
		return rank_number(l, out);
	case LITERAL_MOMENT:
		return rank_moment(l, out);
	case LITERAL_TRUTH:
		out->word[0] |= l->b;
		return true;
	case LITERAL_TEXT:
	case LITERAL_OBJECT:
	case LITERAL_OTHER:
		rank_text(l, out);
		return true;
	default:
		return false;
	}
}

void literal_rank_ends(const struct literal_rank *r, uint64_t *least, uint64_t *most)
{
	*least = r->word[0] >> PART_BITS << PART_BITS;
	*most = *least | ((1ull << PART_BITS) - 1);
}
