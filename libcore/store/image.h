/* store/image.h - frames of a backup: written in order, read back and checked
 *
 * What frames mean is for store/backup and store/restore.  Bytes: image_disk.h.
 */
#ifndef STORE_IMAGE_H
#define STORE_IMAGE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "io/stream.h"
#include "store/image_disk.h"

struct image_head {
	uint8_t store_id[16];
	uint64_t image_id, since, version, created_ns, taken_ns, entry_n_most;
	uint64_t commit_ns;
	uint32_t next_space, flags;
};

struct image_counts {
	uint64_t entry_n, remove_n, value_bytes, segment_n, graph_n;
};

struct image_writer {
	struct out *out;
	uint64_t image_id, seq;
};

int image_write_head(struct image_writer *w, const struct image_head *h);
int image_write(struct image_writer *w, enum image_kind kind, const void *ptr, size_t len);
int image_write_end(struct image_writer *w, const struct image_counts *c);

struct image_reader {
	struct in *in;
	uint64_t image_id, seq;
	uint64_t off;			/* bytes read of this input */
	uint64_t frame_off;		/* where the frame at hand begins */
	uint8_t *body;			/* IMAGE_FRAME_MOST bytes, the caller's */
};

struct image_frame {
	enum image_kind kind;
	struct bytes body;		/* until the next frame */
};

/* 1 and the head; 0 at the end of the input.  ERR_BAD_RECORD: no image, or
 * changed; ERR_CUT_OFF; ERR_NEWER. */
int image_read_head(struct image_reader *r, struct image_head *out);
/* The next frame, checked.  ERR_BAD_RECORD, ERR_CUT_OFF. */
int image_read(struct image_reader *r, struct image_frame *out);
int image_get_end(struct image_reader *r, const struct image_frame *f,
		  struct image_counts *out);
/* ERR_BAD_RECORD with the input's name and the frame's offset before WORDS. */
int image_bad(const struct image_reader *r, const char *words);

#endif
