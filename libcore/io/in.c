/* io/in.c - reading a file or a pipe
 *
 * Plain bytes go from the kernel straight into the caller's memory.  Only to
 * recognise a packed stream, and to unpack one, is there a block of our own.  A
 * peer that sent two bytes and waits for an answer must get it: we ask for more
 * only while what came could still be the beginning of a packed stream.
 */
#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/unpack.h"

#define READ_MOST (1u << 20)
#define RAW_LEN (256u << 10)
#define WIDEN_AT READ_MOST	/* bytes after which a pipe is made larger */

struct in {
	char *name;
	int fd;
	bool owned;		/* ours to close */
	bool regular;		/* never blocks */
	bool ended;
	bool recognise;		/* the head is still to be looked at */
	bool more;		/* the unpacker may hold more without input */
	int stuck;		/* an error that stays, and its words */
	struct err_note note;
	uint64_t total, size;
	uint64_t begin;		/* where in a regular file reading began */
	enum unpack_kind kind;
	struct unpack *unpack;
	struct mem *mem;
	uint8_t *raw;		/* RAW_LEN bytes, or NULL */
	size_t at, len;		/* of raw: what was not handed on yet */
};

static int open_file(struct in *in, const char *name)
{
	do {
		in->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	} while (in->fd < 0 && errno == EINTR);
	if (in->fd < 0)
		return err_sys(errno == ENOENT || errno == ENOTDIR ? ERR_NO_FILE : ERR_IO,
			       "%s: open", name);
	in->owned = true;
	return 0;
}

static int look(struct in *in)
{
	struct stat st;
	off_t at;

	if (fstat(in->fd, &st) < 0)
		return err_sys(ERR_IO, "%s: stat", in->name);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return err_sys(ERR_IO, "%s: read", in->name);
	}
	in->regular = S_ISREG(st.st_mode);
	if (!in->regular)
		return 0;
	at = in->owned ? 0 : lseek(in->fd, 0, SEEK_CUR);
	if (at >= 0 && at < st.st_size)
		in->size = (uint64_t)(st.st_size - at);
	in->begin = at > 0 ? (uint64_t)at : 0;
	return 0;
}

int in_open(struct in **out, const char *name, bool unpack, struct mem *mem)
{
	bool std = !strcmp(name, "-");
	struct in *in = calloc(1, sizeof *in);
	int r = 0;

	if (!in)
		return err_set(ERR_MEMORY, "out of memory");
	in->mem = mem;
	in->recognise = unpack;
	in->name = strdup(std ? "standard input" : name);
	if (!in->name)
		r = err_set(ERR_MEMORY, "out of memory");
	else if (!std)
		r = open_file(in, name);
	if (r == 0)
		r = look(in);
	if (r < 0)
		in_close(in);
	else
		*out = in;
	return r;
}

void in_close(struct in *in)
{
	if (!in)
		return;
	unpack_close(in->unpack);
	if (in->owned)
		close(in->fd);
	mem_free(in->mem, in->raw);
	free(in->name);
	free(in);
}

/* True when reading gives something, the end, or an error. */
static bool ready(const struct in *in, const struct timespec *wait)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };

	return ppoll(&p, 1, wait, NULL) > 0;
}

static ssize_t read_raw(struct in *in, void *buf, size_t cap)
{
	ssize_t n;

	if (in->ended)
		return 0;
	for (;;) {
		n = read(in->fd, buf, cap < READ_MOST ? cap : READ_MOST);
		if (n >= 0)
			break;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			ready(in, NULL);	/* somebody else's O_NONBLOCK */
		else if (errno != EINTR)
			return err_sys(ERR_IO, "%s: read", in->name);
	}
	if (in->total < WIDEN_AT && in->total + (uint64_t)n >= WIDEN_AT && !in->regular)
		fcntl(in->fd, F_SETPIPE_SZ, (int)READ_MOST);	/* no pipe, or no right: as it was */
	in->total += (uint64_t)n;
	in->ended = n == 0;
	return n;
}

/* More bytes behind those in raw. */
static ssize_t fill(struct in *in)
{
	ssize_t n;

	if (in->at) {
		memmove(in->raw, in->raw + in->at, in->len);
		in->at = 0;
	}
	n = read_raw(in, in->raw + in->len, RAW_LEN - in->len);
	if (n > 0)
		in->len += (size_t)n;
	return n;
}

static bool could_be_packed(const uint8_t *head, size_t len)
{
	static const uint8_t gzip[] = { 0x1f, 0x8b, 8 }, lz4[] = { 4, 0x22, 0x4d, 0x18 };

	return (len < sizeof gzip && !memcmp(head, gzip, len)) ||
	       (len < sizeof lz4 && !memcmp(head, lz4, len));
}

static int recognise(struct in *in)
{
	ssize_t n;

	if (!in->raw)
		in->raw = mem_alloc(in->mem, RAW_LEN);
	if (!in->raw)
		return ERR_MEMORY;
	do {
		n = fill(in);
		if (n < 0)
			return (int)n;
	} while (n > 0 && could_be_packed(in->raw, in->len));
	in->recognise = false;
	in->kind = unpack_recognise(in->raw, in->len);
	return in->kind == UNPACK_NONE ? 0 : unpack_open(&in->unpack, in->kind);
}

static long unpack_held(struct in *in, void *buf, size_t cap)
{
	const uint8_t *p = in->raw + in->at;
	size_t left = in->len;
	long n = unpack_some(in->unpack, &p, &left, buf, cap);

	in->at += in->len - left;
	in->len = left;
	in->more = n > 0 && (size_t)n == cap;
	if (n == ERR_BAD_RECORD) {
		struct err_note note;

		err_take(&note, ERR_BAD_RECORD);
		return err_set(ERR_BAD_RECORD, "%s: %s", in->name, note.message);
	}
	return n;
}

static ssize_t read_packed(struct in *in, void *buf, size_t cap)
{
	for (;;) {
		long n = unpack_held(in, buf, cap);

		if (n != 0)
			return (ssize_t)n;
		n = (long)fill(in);
		if (n < 0)
			return (ssize_t)n;
		if (n > 0)
			continue;
		if (unpack_complete(in->unpack))
			return 0;
		return err_set(ERR_CUT_OFF, "%s: the %s data ends in the middle, after byte %llu",
			       in->name, in_packing(in), (unsigned long long)in->total);
	}
}

static ssize_t read_some(struct in *in, void *buf, size_t cap)
{
	int r;

	if (in->recognise) {
		r = recognise(in);
		if (r < 0)
			return r;
	}
	if (in->unpack)
		return read_packed(in, buf, cap);
	if (in->len == 0)
		return read_raw(in, buf, cap);
	if (cap > in->len)
		cap = in->len;
	memcpy(buf, in->raw + in->at, cap);
	in->at += cap;
	in->len -= cap;
	if (in->len == 0) {
		mem_free(in->mem, in->raw);	/* plain bytes need it no more */
		in->raw = NULL;
	}
	return (ssize_t)cap;
}

ssize_t in_read(struct in *in, void *buf, size_t cap)
{
	ssize_t n;

	if (in->stuck)
		return err_give(&in->note);
	if (cap == 0)
		return 0;
	n = read_some(in, buf, cap);
	if (n < 0) {
		in->stuck = (int)n;
		err_take(&in->note, in->stuck);
	}
	return n;
}

/* What has no size may still have bytes (/proc): that is read in order. */
bool in_is_plain(struct in *in)
{
	if (!in->regular || in->size == 0 || in->stuck)
		return false;
	if (in->recognise && (in->stuck = recognise(in)) < 0) {
		err_take(&in->note, in->stuck);		/* for in_read */
		return false;
	}
	return in->kind == UNPACK_NONE;
}

ssize_t in_read_at(const struct in *in, void *buf, size_t cap, uint64_t off)
{
	size_t len = 0;
	ssize_t n;

	while (len < cap) {
		n = pread(in->fd, (uint8_t *)buf + len, cap - len,
			  (off_t)(in->begin + off + len));
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
		else if (errno != EINTR)
			return err_sys(ERR_IO, "%s: offset %" PRIu64 ": read", in->name,
				       in->begin + off + len);
	}
	return (ssize_t)len;
}

bool in_would_block(struct in *in)
{
	return !in_wait(in, 0);
}

bool in_wait(struct in *in, uint64_t wait_ns)
{
	uint64_t start = clock_ns(), spent = 0;

	if (in->regular || in->ended || in->len || in->more || in->stuck)
		return true;
	do {
		uint64_t left = wait_ns - spent;
		struct timespec ts = {
			.tv_sec = (time_t)(left / 1000000000),
			.tv_nsec = (long)(left % 1000000000),
		};

		if (ready(in, &ts))
			return true;
		spent = clock_ns() - start;
	} while (spent < wait_ns);	/* a signal came */
	return false;
}

const char *in_name(const struct in *in)
{
	return in->name;
}

int in_fd(const struct in *in)
{
	return in->fd;
}

uint64_t in_total(const struct in *in)
{
	return in->total;
}

uint64_t in_size(const struct in *in)
{
	return in->size;
}

const char *in_packing(const struct in *in)
{
	return in->kind == UNPACK_GZIP ? "gzip" : in->kind == UNPACK_LZ4 ? "lz4" : "";
}
