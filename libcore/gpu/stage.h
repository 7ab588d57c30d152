/* gpu/stage.h - a ring of host buffers on their way to a device
 *
 * Each is filled while those before it are uploaded: from memory, by whoever takes one
 * and sends it, or from a file, whose next pieces are then read by the queue of io/ioq
 * into the buffers that are free.  So loading takes as long as the slower of the two and
 * not as both.  On OpenCL the buffers are pinned memory of the driver's, which a device
 * reads without another copy; elsewhere they are pages, and an upload is a copy.
 *
 * What was sent has arrived when stage_end returned 0; before that nobody may rely on
 * it, after an error part of it may be there.  One thread.  ERR_DEVICE from any call:
 * the device is lost (gpu/arena), nothing but closing is asked any more.
 */
#ifndef GPU_STAGE_H
#define GPU_STAGE_H

#include "gpu/arena.h"
#include "io/ioq.h"

#define STAGE_MOST 16u		/* buffers */
#define STAGE_ALIGN 4096u	/* of each, and of reads */

struct stage;

/* N buffers, 2 to STAGE_MOST, of LEN bytes, a multiple of STAGE_ALIGN, drawn from MEM
 * where they are not the driver's.  B and A, which are of it, are borrowed. */
int stage_open(struct stage **out, struct gpu_backend *b, struct arenas *a, unsigned n,
	       size_t len, struct mem *mem);
/* Waits until no device reads from the buffers any more; one that hangs keeps them. */
void stage_close(struct stage *s);		/* NULL is fine */

/* The next buffer, to be filled: LEN bytes at *PTR.  Waits only for the upload that went
 * out from it last, and taking again without sending gives the same. */
int stage_take(struct stage *s, uint8_t **ptr);
/* Bytes [SKIP, SKIP + LEN) of it go out to TO. */
int stage_send(struct stage *s, size_t skip, size_t len, struct arena_place to);
/* LEN bytes from PTR, which may be used again when it returns. */
int stage_copy(struct stage *s, const void *ptr, size_t len, struct arena_place to);

struct stage_file {
	struct file *file;
	uint64_t off, len;		/* what goes to `to` */
	struct arena_place to;
	/* Each piece before it goes out, in order: whole blocks of STAGE_ALIGN from OFF
	 * on, the file's last one as it is.  Not 0 ends all; NULL: nothing is checked. */
	int (*check)(void *ctx, uint64_t off, const void *ptr, size_t len);
	void *ctx;
};
/* By Q, which has nothing in flight and room for as many as there are buffers; nor has
 * it when this returns, whatever happened.  ERR_DAMAGED: the file ends before. */
int stage_read(struct stage *s, struct ioq *q, const struct stage_file *f);

/* All that was sent has arrived. */
int stage_end(struct stage *s);

struct stage_info {
	uint64_t sent_n;	/* uploads */
	uint64_t over_n;	/* of those begun while the one before was not known to be over */
	uint64_t ahead_n;	/* reads asked for while an upload was not known to be over */
	bool pinned;
};
void stage_info(const struct stage *s, struct stage_info *out);

#endif
