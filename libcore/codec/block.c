/* codec/block.c */
#include "codec/block.h"

#include <limits.h>
#include <lz4.h>
#include <string.h>

#include "base/err.h"
#include "base/lazylib.h"
#include "codec/unlz4.h"

#define LIBRARY_FROM (1u << 20)	/* bytes unpacked: then the library pays */

enum { COMPRESS, DECOMPRESS };
static const char *const lz4_names[] = {
	"LZ4_compress_default", "LZ4_decompress_safe", NULL
};
static void *lz4_symbols[2];
static struct lazylib lz4_lib = {
	.soname = "liblz4.so.1", .debian = "liblz4-1", .names = lz4_names,
	.symbols = lz4_symbols, .lock = PTHREAD_MUTEX_INITIALIZER,
};

/* A symbol with the type its header gives it. */
#define LZ4(at, name) ((__typeof__(&name))lz4_symbols[at])

size_t block_squeeze(const void *in, size_t len, void *out, size_t cap)
{
	size_t most = len - len / 8;	/* saving less is not worth the unpacking */
	int n = 0;

	if (len > 16 && len <= INT_MAX && lazylib_load(&lz4_lib) == 0)
		n = LZ4(COMPRESS, LZ4_compress_default)(in, out, (int)len,
							(int)(most < cap ? most : cap));
	return n > 0 ? (size_t)n : 0;
}

size_t block_pack(enum block_codec want, const void *in, size_t len,
		  void *out, size_t cap, enum block_codec *used)
{
	size_t n = want == BLOCK_LZ4 ? block_squeeze(in, len, out, cap) : 0;

	*used = n ? BLOCK_LZ4 : BLOCK_RAW;
	if (n)
		return n;
	if (len)
		memcpy(out, in, len);
	return len;
}

/* liblz4 is a tenth faster, and costs more to open than a few blocks to unpack. */
static long lz4(const void *in, size_t len, void *out, size_t cap)
{
	static _Atomic size_t unpacked;

	if (unpacked < LIBRARY_FROM) {
		unpacked += cap;
	} else if (lazylib_load(&lz4_lib) == 0) {
		return LZ4(DECOMPRESS, LZ4_decompress_safe)(in, out, (int)len, (int)cap);
	} else {
		err_clear();
	}
	return unlz4(in, len, out, cap);
}

int block_unpack(enum block_codec codec, const void *in, size_t len,
		 void *out, size_t raw_len)
{
	long n;

	if (codec == BLOCK_RAW) {
		if (len != raw_len)
			return err_set(ERR_DAMAGED, "a block of %zu bytes holds %zu", raw_len, len);
		if (len)
			memcpy(out, in, len);
		return 0;
	}
	if (codec != BLOCK_LZ4)
		return err_set(ERR_NEWER, "a block is packed with codec %d, which is newer than this program",
			       (int)codec);
	if (len > INT_MAX || raw_len > INT_MAX)
		return err_set(ERR_DAMAGED, "a packed block of %zu bytes", raw_len);
	n = lz4(in, len, out, raw_len);
	if (n < 0 || (size_t)n != raw_len)
		return err_set(ERR_DAMAGED, "a packed block does not unpack to its %zu bytes", raw_len);
	return 0;
}
