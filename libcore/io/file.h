/* io/file.h - whole reads and writes on an open file
 *
 * The loops around the seam's possibly short calls.  Offsets and lengths need no
 * alignment unless file->direct; then both and the memory are multiples of
 * file->align (mem_pages gives such memory).
 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "io/backend.h"

/* All LEN bytes or an error; ERR_DAMAGED "ends at byte N" when the file is
 * shorter.  file_read_some returns what there is, up to LEN. */
int file_read(struct file *f, void *buf, size_t len, uint64_t off);
ssize_t file_read_some(struct file *f, void *buf, size_t len, uint64_t off);

/* All LEN bytes or an error; how much was written then is unknown. */
int file_write(struct file *f, const void *buf, size_t len, uint64_t off);

int file_flush(struct file *f);			/* fdatasync; never repeat a failed one */
int file_size(struct file *f, uint64_t *out);
/* ERR_UNAVAILABLE where the backend keeps none. */
int file_stamp(struct file *f, struct file_stamp *out);
/* What the page cache holds of it is not needed again: an advice. */
void file_forget(struct file *f, uint64_t off, uint64_t len);
int file_resize(struct file *f, uint64_t size);
int file_reserve(struct file *f, uint64_t off, uint64_t len);	/* space, or ERR_NO_SPACE now */

/* A shared mapping; ERR_UNAVAILABLE where the backend has none.  Only memory
 * that was reserved may be mapped writable (a full disk must not be a signal). */
int file_map(struct file *f, size_t len, bool writable, void **out);
void file_unmap(struct file *f, void *map, size_t len);

/* "/path/to/store/seg/run-7.seg", for messages; one of four rotating buffers. */
const char *file_path(const struct file *f);

/* A small whole file: read into BUF (owner: caller), or written to tmp/ and
 * renamed over NAME, flushed, its folder synced: old or new after any crash. */
struct buf;
int file_slurp(struct backend *b, const char *name, size_t most, struct buf *out);
int file_replace(struct backend *b, const char *name, const void *ptr, size_t len);

#endif
