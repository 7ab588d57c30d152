/* tests/damage/harm.c - what happens to files: to one, or to two at once */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tests/damage/damage.h"

uint64_t rnd(uint64_t n)
{
	shared->rng = shared->rng * 6364136223846793005u + 1442695040888963407u;
	return n ? hash_u64(shared->rng) % n : 0;
}

struct made {			/* what a file will be */
	uint8_t *ptr;
	size_t len, room;
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A place to begin at: of a byte, a sector, a block. */
static size_t some_place(size_t len)
{
	static const size_t unit[] = { 1, 8, 512, 4096 };
	size_t u = unit[rnd(4)];

	return rnd(len / u + 1) * u;
}

static size_t some_length(void)
{
	static const size_t most[] = { 8, 64, 512, 4096, 20000 };

	return 1 + rnd(most[rnd(5)]);
}

static void copy_in(struct made *m, size_t at, const uint8_t *from, size_t from_len,
		    size_t from_at, size_t len)
{
	if (at >= m->len || from_at >= from_len)
		return;
	memmove(m->ptr + at, from + from_at, least(len, least(m->len - at, from_len - from_at)));
}

static void swap_blocks(struct made *m, const struct file_image *f)
{
	size_t unit = rnd(2) ? 4096 : 512;
	size_t a = rnd(f->len / unit + 1) * unit, b = rnd(f->len / unit + 1) * unit;

	copy_in(m, a, f->ptr, f->len, b, unit);
	copy_in(m, b, f->ptr, f->len, a, unit);
}

static void whole(struct made *m, const uint8_t *ptr, size_t len)
{
	if (!ptr || len > m->room)
		return;
	memcpy(m->ptr, ptr, len);
	m->len = len;
}

/* Some sectors are as they were. */
static void torn(struct made *m, const struct file_image *f, unsigned moment)
{
	size_t unit = rnd(2) ? 4096 : 512;

	for (size_t at = 0; at < f->len; at += unit)
		if (rnd(3) == 0)
			copy_in(m, at, f->was[moment].ptr, f->was[moment].len, at, unit);
}

static struct file_image *some_file(void)
{
	struct file_image *f;

	do
		f = &files[rnd(file_n)];
	while (f->len == 0 || f->part == PART_BESIDE);
	return f;
}

static const char *const hows[] = {
	"zeros", "ones", "cut", "extended", "blocks swapped", "block copied", "block of another",
	"another file", "older version", "sectors of an older version", "noise", "bits flipped",
	"emptied", "removed", "bytes left out",
};
enum { ZEROS, ONES, CUT, EXTENDED, SWAPPED, COPIED, FOREIGN, ANOTHER, OLDER, TORN, NOISE, BITS,
	EMPTIED, REMOVED, LEFT_OUT, HOWS };

static void change(struct made *m, const struct file_image *f, unsigned how, unsigned moment)
{
	const struct file_image *g = some_file();
	size_t at = some_place(f->len), len = some_length();

	switch (how) {
	case ZEROS: case ONES:
		if (at < m->len)
			memset(m->ptr + at, how == ONES ? 0xff : 0, least(len, m->len - at));
		break;
	case CUT: m->len = least(at, m->len); break;
	case EXTENDED: m->len += len; break;
	case SWAPPED: swap_blocks(m, f); break;
	case COPIED: copy_in(m, at, f->ptr, f->len, some_place(f->len), len); break;
	case FOREIGN: copy_in(m, at, g->ptr, g->len, some_place(g->len), len); break;
	case ANOTHER: whole(m, g->ptr, g->len); break;
	case OLDER: whole(m, f->was[moment].ptr, f->was[moment].len); break;
	case TORN: torn(m, f, moment); break;
	case NOISE:
		for (size_t i = 0; i < len && at + i < m->len; i++)
			m->ptr[at + i] = (uint8_t)rnd(256);
		break;
	case BITS:
		for (uint64_t n = 2 + rnd(7); n; n--)
			m->ptr[rnd(m->len)] ^= (uint8_t)(1 << rnd(8));
		break;
	case LEFT_OUT:
		if (at + len < m->len) {
			memmove(m->ptr + at, m->ptr + at + len, m->len - at - len);
			m->len -= len;
		}
		break;
	default: m->len = 0;
	}
}

static bool harm_as(struct file_image *f, unsigned how, unsigned moment, char *words,
		    size_t cap)
{
	struct made m = { .len = f->len, .room = f->len + (1 << 19) };
	bool changed, keep = rnd(2);

	if (f->len == 0 || f->part == PART_BESIDE)
		return false;
	snprintf(words, cap, "%s: %s%s", f->name, hows[how], keep ? ", its time kept" : "");
	if (how == REMOVED && f->part == PART_KEPT)
		return false;		/* as --rm does: nothing knows which there were */
	if (how == TORN && f->part == PART_INDEX)
		return false;		/* memory does not go back to what it was */
	if (how == REMOVED) {
		file_remove(f);
		return true;
	}
	m.ptr = calloc(1, m.room);
	memcpy(m.ptr, f->ptr, f->len);
	change(&m, f, how, moment);
	if ((how == OLDER || how == TORN) && moment == OTHER_STORE)
		snprintf(words + strlen(words), cap - strlen(words), " (of another store)");
	changed = m.len != f->len || memcmp(m.ptr, f->ptr, m.len);
	if (changed)
		file_put(f, m.ptr, m.len, keep);
	free(m.ptr);
	return changed;
}

static bool harm_one(struct file_image *f, char *words, size_t cap)
{
	unsigned how = (unsigned)rnd(HOWS);

	return harm_as(f, how, (unsigned)rnd(MOMENTS), words, cap);
}

uint64_t harms_in_turn(void)
{
	return file_n * (HOWS + 2 * (MOMENTS - 1));
}

/* Each kind, those of a moment for each moment. */
bool harm_in_turn(uint64_t i, char *words, size_t cap, const struct file_image **which)
{
	unsigned how = (unsigned)(i / file_n % (HOWS + 2 * (MOMENTS - 1))), moment = 0;

	*which = &files[i % file_n];
	if (how >= HOWS) {
		moment = 1 + (how - HOWS) / 2;
		how = (how - HOWS) % 2 ? TORN : OLDER;
	}
	return harm_as(&files[i % file_n], how, moment, words, cap);
}

/* Two files change places: none is what its name says. */
static bool swap_files(char *words, size_t cap)
{
	const struct file_image *f = some_file(), *g = some_file();

	if (f == g || f->part == PART_WRITTEN || g->part == PART_WRITTEN)
		return false;
	snprintf(words, cap, "%s and %s change places", f->name, g->name);
	file_put(f, g->ptr, g->len, false);
	file_put(g, f->ptr, f->len, false);
	return true;
}

bool harm_some(char *words, size_t cap, const struct file_image **which)
{
	struct file_image *f = some_file(), *g = some_file();
	size_t n;
	bool changed;

	*which = NULL;
	if (rnd(20) == 0)
		return swap_files(words, cap);
	changed = harm_one(f, words, cap);
	*which = f;
	/* a log that is shorter and the index that knows it: nobody can tell */
	if (!changed || f == g || f->part == PART_IMAGE || f->part == PART_WRITTEN ||
	    g->part == PART_WRITTEN || f->part == PART_INDEX || g->part == PART_INDEX ||
	    rnd(6))
		return changed;
	n = strlen(words);
	snprintf(words + n, cap - n, "; ");
	if (harm_one(g, words + n + 2, cap - n - 2))
		*which = NULL;
	return true;
}
