/* gpu/token.c - printed one way, and only that is read */
#include "gpu/token.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

void token_print(char out[TOKEN_TEXT_MAX], const uint8_t store[16],
		 const struct gpu_token *t)
{
	int n = snprintf(out, TOKEN_TEXT_MAX, TOKEN_PREFIX);

	for (int i = 0; i < 16; i++)
		n += snprintf(out + n, TOKEN_TEXT_MAX - (size_t)n, "%02x", store[i]);
	snprintf(out + n, TOKEN_TEXT_MAX - (size_t)n,
		 ":%" PRIu64 ":%" PRIu32 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64 ":%" PRIu64,
		 t->generation, t->arena, t->off, t->len, t->version, t->stamp);
}

static int digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool uuid_get(struct bytes *in, uint8_t store[16])
{
	if (in->len < 32)
		return false;
	for (int i = 0; i < 16; i++) {
		int high = digit(in->ptr[2 * i]), low = digit(in->ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		store[i] = (uint8_t)(high << 4 | low);
	}
	in->ptr += 32;
	in->len -= 32;
	return true;
}

/* ":NUMBER" */
static bool number_get(struct bytes *in, uint64_t most, uint64_t *out)
{
	size_t n = 1;
	uint64_t v = 0;

	if (in->len < 2 || in->ptr[0] != ':')
		return false;
	for (; n < in->len && in->ptr[n] >= '0' && in->ptr[n] <= '9'; n++) {
		unsigned d = in->ptr[n] - (unsigned)'0';

		if (v > (UINT64_MAX - d) / 10)
			return false;
		v = 10 * v + d;
	}
	if (n == 1 || (n > 2 && in->ptr[1] == '0') || v > most)
		return false;
	in->ptr += n;
	in->len -= n;
	*out = v;
	return true;
}

int token_parse(struct bytes text, uint8_t store[16], struct gpu_token *out)
{
	struct gpu_token t = { 0 };
	struct bytes in = text;
	uint64_t arena = 0;

	if (!token_is(text))
		goto bad;
	in.ptr += strlen(TOKEN_PREFIX);
	in.len -= strlen(TOKEN_PREFIX);
	if (!uuid_get(&in, store) || !number_get(&in, UINT64_MAX, &t.generation) ||
	    !number_get(&in, GPU_INDEX_ARENA_MAX - 1, &arena) ||
	    !number_get(&in, GPU_INDEX_OFF_MAX, &t.off) ||
	    !number_get(&in, GPU_INDEX_LEN_MAX, &t.len) ||
	    !number_get(&in, UINT64_MAX, &t.version) ||
	    !number_get(&in, GPU_INDEX_STAMP_MAX, &t.stamp) || in.len || !t.stamp)
		goto bad;
	t.arena = (uint32_t)arena;
	*out = t;
	return 0;
bad:
	return err_set(ERR_BAD_RECORD, "%s: is no device pointer", bytes_show(text));
}
