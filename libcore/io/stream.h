/* io/stream.h - bytes from files and pipes, and to them
 *
 * In: blocks of up to 1 MiB, gzip and LZ4 frames recognised by their first bytes
 * and unpacked when asked for.  A read error is an error, never the end: only a
 * read of 0 bytes is the end, and a compressed stream that stops early is
 * ERR_CUT_OFF.  Out: large blocks; full disks and closed pipes are errors that
 * stay.  Descriptors 0, 1 and 2 that were closed at start never land on a store
 * file: stream_guard_std().
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct in;
struct out;
struct mem;

/* Opens /dev/null (the wrong way round, so that use fails) on each of 0, 1, 2
 * that is closed.  Call first in main. */
void stream_guard_std(void);

/* NAME "-" is standard input.  UNPACK: recognise gzip and LZ4.
 * ERR_NO_FILE, ERR_DENIED, ERR_IO (a directory), ERR_MEMORY. */
int in_open(struct in **out, const char *name, bool unpack, struct mem *mem);
void in_close(struct in *in);

/* Fills up to CAP bytes: at least 1, or 0 at the end.  Blocks while nothing is
 * there; returns as soon as something is (a co-process works). ERR_IO, ERR_CUT_OFF,
 * ERR_BAD_RECORD (a packed stream that is not what its head says). */
ssize_t in_read(struct in *in, void *buf, size_t cap);

/* Would in_read block now?  The moment to flush output and commit what is held. */
bool in_would_block(struct in *in);
/* Wait until it would not, at most WAIT_NS: true when there is something (or the end). */
bool in_wait(struct in *in, uint64_t wait_ns);

/* A file whose bytes are what in_read gives?  Then any threads may read them where they
 * want: OFF counts from where reading began; fewer than CAP only at the end.  in_read,
 * in_total know nothing of it. */
bool in_is_plain(struct in *in);
ssize_t in_read_at(const struct in *in, void *buf, size_t cap, uint64_t off);

const char *in_name(const struct in *in);	/* "standard input" or the file's name */
int in_fd(const struct in *in);
uint64_t in_total(const struct in *in);		/* raw bytes read so far (before unpacking) */
uint64_t in_size(const struct in *in);		/* raw size if known, else 0: for progress */
const char *in_packing(const struct in *in);	/* "gzip", "lz4" or "" */

/* NAME NULL or "-": standard output.  Else written beside NAME without a name
 * (O_TMPFILE, or a hidden name that a handler removes on SIGINT, SIGTERM, SIGHUP
 * and their like, installed then and only where the default action was) and put in
 * place by out_commit: complete or absent, also after SIGKILL; an existing file
 * is replaced, its mode kept.  Character devices and pipes are written to as
 * they are. */
int out_open(struct out **out, const char *name, struct mem *mem);
int out_write(struct out *o, const void *ptr, size_t len);	/* buffered */
/* Writing in place: at least LEN bytes (up to OUT_ROOM_MAX) of the buffer, from *AT to
 * *END; out_wrote says up to where they were filled.  Nothing else is called between
 * the two. */
#define OUT_ROOM_MAX (64u << 10)
int out_room(struct out *o, size_t len, uint8_t **at, uint8_t **end);
void out_wrote(struct out *o, const uint8_t *to);
/* Pages of a mapped file, held: what lies there cannot be evicted and read again until
 * they are sent, so what is checked after out_hold is what goes out.  False
 * when O is no pipe, the stretch is small, or it cannot be; then nothing is held. */
bool out_hold(struct out *o, const void *ptr, size_t len);
/* These bytes of what is held go out: all of it without a copy.  Then nothing is held. */
int out_send(struct out *o, const void *ptr, size_t len);
int out_flush(struct out *o);
int out_fd(const struct out *o);		/* flush first, then e.g. splice */
/* Flush, close, and for a named file: fsync, put in place, sync the folder.
 * O is gone then, also after an error; standard output itself stays open. */
int out_commit(struct out *o);
void out_abort(struct out *o);			/* nothing appears; NULL is fine */
uint64_t out_total(const struct out *o);
bool out_is_terminal(const struct out *o);
/* Written to a terminal, control bytes but TAB, LF and NUL, and what is no UTF-8, appear
 * as \xHH: a name cannot move the cursor.  From here on they go out as they are. */
void out_as_it_is(struct out *o);

#endif
