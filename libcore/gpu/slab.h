/* gpu/slab.h - who has which bytes of the arenas
 *
 * An arena is cut into slabs of 2 MiB.  A thing of up to 1 MiB takes a place in a slab
 * of its size class; a larger one takes slabs next to one another.  Device memory
 * itself is never touched here: these are numbers.
 *
 * What is lost.  A slab is cut into equal places, and a thing of up to 256 KiB wastes
 * an eighth of its place at most, or about one unit of alignment; up to 1 MiB a
 * third, since a slab has 8, 7, ... 2 places; above that its last slab's rest: of two
 * slabs a half at most, of five a fifth.
 *
 * Slabs that are partly empty wait for things of their class, of which there are some
 * 75.  When there is no room, slab_movable names a slab whose things all have places
 * in other slabs of their class, and slab_move says for each where: it is free then,
 * and nothing had to go.  So at most one slab a class is lost but for what the next
 * one that is asked for can have.
 *
 * Large things are laid from the low end, slabs of small ones from the high end, so
 * that small ones do not come to lie between large ones.
 *
 * Pure, like gpu/sieve: the same calls, the same answers.
 */
#ifndef GPU_SLAB_H
#define GPU_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mem;
struct slab;

#define SLAB_LEN (2u << 20)
#define SLAB_LARGEST_SMALL (SLAB_LEN / 2)
#define SLAB_ALIGN_LEAST 512u

struct slab_place {
	uint32_t arena;
	uint64_t off;		/* a multiple of the alignment */
};

/* ARENA_N arenas of LEN[i] bytes; what is beyond the last whole slab is not used.
 * ALIGN: a power of two up to 64 KiB, raised to SLAB_ALIGN_LEAST.  Some 550 bytes a
 * slab from MEM. */
int slab_open(struct slab **out, const uint64_t *len, uint32_t arena_n, uint32_t align,
	      struct mem *mem);
void slab_close(struct slab *s);	/* NULL is fine */

/* Room for LEN bytes (0 counts as 1): 1, or 0 when there is none now, whatever
 * slab_info says is free. */
int slab_take(struct slab *s, uint64_t len, struct slab_place *out);

/* A small thing in a place of a larger class, the next that has one free: for when slab_take
 * has none and nothing is left that could go.  Else the slabs of a few small things that
 * stay, each of a class of its own, would keep all others out of a small device. */
int slab_take_larger(struct slab *s, uint64_t len, struct slab_place *out);

/* Gives back what they gave for LEN. */
void slab_give(struct slab *s, const struct slab_place *p, uint64_t len);

/* What slab_take would take for LEN bytes: what a cache counts.  slab_info counts what was
 * taken. */
uint64_t slab_cost(const struct slab *s, uint64_t len);

/* The slab that is emptied with the fewest bytes moved: 1 and where it begins; 0 when
 * none can be emptied so.  slab_next: its things in order, from where the slab begins
 * (FIRST true) or behind *p; 0 at the end. */
int slab_movable(const struct slab *s, struct slab_place *out);
int slab_next(const struct slab *s, struct slab_place *p, bool first);

/* A small thing of LEN bytes goes from *from to *to, in another slab of its class: 1,
 * and the caller copies it before anything else is taken; 0 when there is no place. */
int slab_move(struct slab *s, const struct slab_place *from, uint64_t len,
	      struct slab_place *to);

struct slab_info {
	uint64_t len;		/* whole slabs, bytes */
	uint64_t free_len;	/* slabs nobody has */
	uint64_t free_run;	/* the longest run of them in an arena */
	uint64_t taken_len;	/* by things, with what their classes waste */
	uint64_t partial_len;	/* free places in slabs of some class */
	uint64_t n;		/* things */
};
void slab_info(const struct slab *s, struct slab_info *out);

#endif
