/* codec/unpack.c
 *
 * One open member (gzip) or frame (LZ4) at a time.  Between two of them more may
 * follow or the input may end; what follows must begin like the first.
 */
#include "codec/unpack.h"

#include <limits.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/err.h"
#include "base/lazylib.h"

#define GZIP_WINDOW (15 + 16)	/* the largest window; a gzip head, not zlib's */

struct unpack {
	enum unpack_kind kind;
	bool inside;			/* a member is open */
	bool stuck;			/* it failed: say so again */
	z_stream z;
	LZ4F_dctx *lz4;
};

enum { Z_INIT, Z_INFLATE, Z_RESET, Z_END };
static const char *const z_names[] = {
	"inflateInit2_", "inflate", "inflateReset", "inflateEnd", NULL
};
static void *z_symbols[4];
static struct lazylib z_lib = {
	.soname = "libz.so.1", .debian = "zlib1g", .names = z_names,
	.symbols = z_symbols, .lock = PTHREAD_MUTEX_INITIALIZER,
};

enum { L_CREATE, L_FREE, L_DECOMPRESS, L_IS_ERROR };
static const char *const l_names[] = {
	"LZ4F_createDecompressionContext", "LZ4F_freeDecompressionContext",
	"LZ4F_decompress", "LZ4F_isError", NULL
};
static void *l_symbols[4];
static struct lazylib l_lib = {
	.soname = "liblz4.so.1", .debian = "liblz4-1", .names = l_names,
	.symbols = l_symbols, .lock = PTHREAD_MUTEX_INITIALIZER,
};

/* A symbol with the type its header gives it. */
#define Z(at, name) ((__typeof__(&name))z_symbols[at])
#define L(at, name) ((__typeof__(&name))l_symbols[at])

enum unpack_kind unpack_recognise(const uint8_t *head, size_t len)
{
	if (len >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8)
		return UNPACK_GZIP;
	if (len >= 4 && !memcmp(head, "\x04\x22\x4d\x18", 4))
		return UNPACK_LZ4;
	return UNPACK_NONE;
}

static int gzip_open(struct unpack *u)
{
	int r = lazylib_load(&z_lib);

	if (r < 0)
		return r;
	if (Z(Z_INIT, inflateInit2_)(&u->z, GZIP_WINDOW, ZLIB_VERSION, sizeof u->z) != Z_OK)
		return err_set(ERR_MEMORY, "out of memory for gzip");
	return 0;
}

static int lz4_open(struct unpack *u)
{
	int r = lazylib_load(&l_lib);

	if (r < 0)
		return r;
	if (L(L_CREATE, LZ4F_createDecompressionContext)(&u->lz4, LZ4F_VERSION) != 0)
		return err_set(ERR_MEMORY, "out of memory for LZ4");
	return 0;
}

int unpack_open(struct unpack **out, enum unpack_kind kind)
{
	struct unpack *u = calloc(1, sizeof *u);
	int r;

	if (!u)
		return err_set(ERR_MEMORY, "out of memory");
	u->kind = kind;
	r = kind == UNPACK_GZIP ? gzip_open(u) : kind == UNPACK_LZ4 ? lz4_open(u) :
	    err_set(ERR_BUG, "nothing to unpack");
	if (r < 0)
		free(u);
	else
		*out = u;
	return r;
}

void unpack_close(struct unpack *u)
{
	if (!u)
		return;
	if (u->kind == UNPACK_GZIP)
		Z(Z_END, inflateEnd)(&u->z);
	else
		L(L_FREE, LZ4F_freeDecompressionContext)(u->lz4);
	free(u);
}

static long broken(struct unpack *u, const char *words)
{
	u->stuck = true;
	return err_set(ERR_BAD_RECORD, "%s: %s",
		       u->kind == UNPACK_GZIP ? "gzip data" : "LZ4 data", words);
}

static long gzip_some(struct unpack *u, const uint8_t **in, size_t *in_len,
		      uint8_t *out, size_t cap)
{
	uInt give = *in_len > UINT_MAX ? UINT_MAX : (uInt)*in_len;
	uInt room = cap > UINT_MAX ? UINT_MAX : (uInt)cap;
	int r;

	u->z.next_in = (Bytef *)(uintptr_t)*in;
	u->z.avail_in = give;
	u->z.next_out = out;
	u->z.avail_out = room;
	u->inside = true;
	r = Z(Z_INFLATE, inflate)(&u->z, Z_NO_FLUSH);
	*in += give - u->z.avail_in;
	*in_len -= give - u->z.avail_in;
	if (r == Z_STREAM_END) {
		u->inside = false;
		if (Z(Z_RESET, inflateReset)(&u->z) != Z_OK)
			return broken(u, "cannot go on");
	} else if (r == Z_MEM_ERROR) {
		return err_set(ERR_MEMORY, "out of memory for gzip");
	} else if (r != Z_OK && r != Z_BUF_ERROR) {
		return broken(u, u->z.msg ? u->z.msg : "not what its head says");
	}
	return (long)(room - u->z.avail_out);
}

static long lz4_some(struct unpack *u, const uint8_t **in, size_t *in_len,
		     uint8_t *out, size_t cap)
{
	size_t took = *in_len, made = cap, hint;

	u->inside = true;
	hint = L(L_DECOMPRESS, LZ4F_decompress)(u->lz4, out, &made, *in, &took, NULL);
	*in += took;
	*in_len -= took;
	if (L(L_IS_ERROR, LZ4F_isError)(hint))
		return broken(u, "not what its head says");
	if (hint == 0)
		u->inside = false;
	return (long)made;
}

long unpack_some(struct unpack *u, const uint8_t **in, size_t *in_len,
		 uint8_t *out, size_t cap)
{
	long n = 0;

	if (u->stuck)
		return broken(u, "not what its head says");
	if (cap > LONG_MAX / 2)
		cap = LONG_MAX / 2;
	/* empty members make nothing: go on to the next.  Inside one, output may be
	 * waiting though all input was taken. */
	while (n == 0 && cap && (*in_len || u->inside)) {
		size_t before = *in_len;

		n = u->kind == UNPACK_GZIP ? gzip_some(u, in, in_len, out, cap) :
		    lz4_some(u, in, in_len, out, cap);
		if (n == 0 && *in_len == before && u->inside)
			break;
	}
	return n;
}

bool unpack_complete(const struct unpack *u)
{
	return !u->inside && !u->stuck;
}
