/* gpu/sieve.h - what stays on the device, and what goes
 *
 * SIEVE (Zhang and others, NSDI 2024) by bytes: what is resident stands in the order
 * it came in; a hit sets a bit and moves nothing; a hand goes from the oldest to the
 * newest and around, takes the bit of who has one and evicts the first who has none.
 * So a hit needs no lock and no service, and what was asked for once does not drive
 * out what is asked for again and again, as it does with LRU.
 *
 * Admission: sieve_wants says yes at the second miss of a key while the first is
 * remembered: bounded, by fingerprint, the oldest forgotten first.  What is asked for
 * once in a long time never costs a transfer.
 *
 * Pins come in without being wanted and are passed over by the hand; they take at
 * most their quota, so that they never fill the device.
 *
 * Pure: no clock, no file, no lock; the same calls, the same answers.
 */
#ifndef GPU_SIEVE_H
#define GPU_SIEVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mem;
struct sieve;

struct sieve_setup {
	uint32_t slots;			/* things at most */
	uint64_t capacity;		/* bytes of all of them */
	uint64_t pin_quota;		/* bytes of pinned ones, at most the capacity */
	uint32_t ghosts;		/* misses remembered; 0: all is wanted at once */
	bool (*visited)(void *ctx, uint32_t slot);	/* and clears it: hot_take */
	void *ctx;
	struct mem *mem;		/* some 24 bytes a slot, 4 a ghost */
};

int sieve_open(struct sieve **out, const struct sieve_setup *setup);
void sieve_close(struct sieve *s);	/* NULL is fine */

/* A miss of the key of this fingerprint: shall it be loaded? */
bool sieve_wants(struct sieve *s, uint64_t fingerprint);

/* 1 when LEN more bytes have room beside what is there, 0 when something must be
 * evicted first, ERR_TOO_BIG when they cannot have it even with all evicted that is
 * not pinned. */
int sieve_room(struct sieve *s, uint64_t len);

/* Who goes next: it is out when this returns 1, and its slot is free.  0: nobody, all
 * that is left is pinned.  Ends whatever VISITED says, after two times around. */
int sieve_evict(struct sieve *s, uint32_t *slot);

/* The newest.  There must be room: else ERR_RESOURCE, as when pins would pass their
 * quota.  LEN may be 0. */
int sieve_add(struct sieve *s, uint64_t len, bool pinned, uint32_t *slot);
void sieve_remove(struct sieve *s, uint32_t slot);

/* A pin takes it out of the hand's way; unpinned, it is the newest.  0, or
 * ERR_RESOURCE: over the quota, and nothing changed.  Twice is once. */
int sieve_pin(struct sieve *s, uint32_t slot);
void sieve_unpin(struct sieve *s, uint32_t slot);

struct sieve_info {
	uint64_t bytes, pinned_bytes, evicted_n, refused_n;
	uint32_t n, pinned_n;
};
void sieve_info(const struct sieve *s, struct sieve_info *out);
uint64_t sieve_len(const struct sieve *s, uint32_t slot);	/* as it was added */

#endif
