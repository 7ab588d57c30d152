/* gpu/gpu_index_disk.h - gpucache.idx as it lies in memory that processes share
 *
 * One page of head, then LINE_N lines of 64 bytes, then a sign of each line.  It is of
 * one boot of one machine, so its integers are that machine's; a file of other byte
 * order has another format number and is refused.
 *
 *	0      head: what it is (never changes, summed), what it says now, counters
 *	4096   line 0
 *	4160   line 1 ...
 *	4096 + 64 LINE_N	signs of lines 0 to 7, the first in the lowest byte
 *	...    8 to 15 ...
 *
 * A key's home is line (tag >> (32 - log2 line_n)); it lies there or in one of the
 * next GPU_INDEX_REACH - 1 lines, with no free line between.
 *
 * A line's sign is 0 when it is free, else a byte of its tag.  Signs tell who looks for
 * many keys which line to fetch, a 64th of what the lines are: they lead, lines answer.
 * At rest they are right; a line is written before its sign.
 *
 * A line is written under its own sequence: odd while it changes.  All stores to a
 * line release and all loads acquire, so that who saw one word of a change sees the
 * odd sequence, too; on x86 both are plain moves.
 */
#ifndef GPU_GPU_INDEX_DISK_H
#define GPU_GPU_INDEX_DISK_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/disk.h"

#define GPU_INDEX_MAGIC "stratoGI"
#define GPU_INDEX_FORMAT 2u
#define GPU_INDEX_HEAD 4096u
#define GPU_INDEX_INLINE 24u		/* bytes of key that a line holds */

struct gpu_index_head {
/*000*/	char magic[8];
/*008*/	uint32_t format;
/*00c*/	uint32_t crc;			/* crc32c of 010 to 080 */
/*010*/	uint8_t store[16];		/* the store's uuid */
/*020*/	char boot[40];			/* base/clock: clock_boot */
/*048*/	uint64_t pid;			/* of the service ... */
/*050*/	uint64_t start;			/* ... and when it started, in ticks of this boot */
/*058*/	uint64_t line_n;		/* a power of two */
/*060*/	uint64_t generation;		/* never 0, never used again by this store */
/*068*/	uint64_t seed;			/* of the tags */
/*070*/	uint64_t secret[2];		/* of siphash128, for keys that no line holds */

	/* what every look-up reads */
/*080*/	_Atomic uint64_t live;		/* the generation; 0 as soon as it is dead */
/*088*/	_Atomic uint64_t applied;	/* the store's version that the lines are of */
/*090*/	_Atomic uint64_t moves;		/* odd while lines move */
/*098*/	uint8_t zero[40];

	/* what the service tells about itself */
/*0c0*/	_Atomic uint64_t beat_ns;	/* clock_ns() when it was last seen alive */
/*0c8*/	_Atomic uint64_t entry_n;	/* lines in use */
/*0d0*/	_Atomic uint64_t byte_n;	/* of the values they tell of */
/*0d8*/	_Atomic uint64_t put_n, remove_n, refuse_n;	/* since it was made */
/*0f0*/	uint8_t more[3856];
};
DISK_SIZE(struct gpu_index_head, GPU_INDEX_HEAD);
DISK_AT(struct gpu_index_head, live, 0x80);
DISK_AT(struct gpu_index_head, beat_ns, 0xc0);
DISK_AT(struct gpu_index_head, more, 0xf0);

struct gpu_index_line {
/*00*/	_Atomic uint32_t seq;
/*04*/	_Atomic uint32_t shape;		/* key's length | kind << 16 | LONG; 0: free */
/*08*/	_Atomic uint64_t key[3];	/* the key and zeros, or LONG: its siphash128 and 0 */
/*20*/	_Atomic uint64_t name;		/* stamp << 16 | arena */
/*28*/	_Atomic uint64_t place;		/* offset / 512 << 32 | slot */
/*30*/	_Atomic uint64_t len;
/*38*/	_Atomic uint64_t version;
};
DISK_SIZE(struct gpu_index_line, 64);
DISK_AT(struct gpu_index_line, key, 0x08);
DISK_AT(struct gpu_index_line, name, 0x20);

#define GPU_INDEX_LONG 0x1000000u
#define GPU_INDEX_UNIT 512u
#define GPU_INDEX_STAMP_AT 16		/* in name, above the arena */
#define GPU_INDEX_OFF_AT 32		/* in place, above the slot */

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "shared words need no lock");

#endif
