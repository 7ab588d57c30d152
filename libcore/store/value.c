/* store/value.c - the bytes of an entry's value, inline or in a blob */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/ahead.h"
#include "store/store_priv.h"

struct value {
	struct store *store;
	struct mem *mem;
	struct blob_reader *blob;
	struct buf inlined;
};

void store_map_values(struct store *s, bool on)
{
	s->map_values = on;
}

/* Values of a batch lie in few files: their readers wait here for the next one. */
static struct blob_reader **idle(struct store *s, uint64_t blob)
{
	return &s->reader[blob % STORE_READERS];
}

static int open_blob(struct value *v, const struct entry *e)
{
	struct store *s = v->store;
	struct blob_reader **at = idle(s, e->blob.blob);

	if (*at && !s->map_values && blob_reader_again(*at, e)) {
		v->blob = *at;
		*at = NULL;
		return 0;
	}
	return blob_reader_open(&v->blob, s->backend, s->manifest.store_id, e,
				s->map_values, &s->mem);
}

int value_open(struct value **out, struct store *s, const struct entry *e)
{
	const struct segment_ref ref = { .kind = SEGMENT_BLOB, .id = e->blob.blob };
	int r = value_try(out, s, e);

	return e->kind == ENTRY_BLOB ? segment_held(r, s->backend, &ref) : r;
}

int value_try(struct value **out, struct store *s, const struct entry *e)
{
	struct value *v = mem_zalloc(&s->mem, sizeof *v);
	int r;

	if (!v)
		return ERR_MEMORY;
	v->store = s;
	v->mem = v->inlined.mem = &s->mem;
	if (e->kind == ENTRY_BLOB)
		r = open_blob(v, e);
	else
		r = buf_add(&v->inlined, e->value.ptr, e->value.len);
	if (r < 0)
		value_close(v);
	else
		*out = v;
	return r;
}

long value_read(struct value *v, uint64_t off, void *buf, size_t cap)
{
	size_t n;

	if (v->blob)
		return blob_read(v->blob, off, buf, cap);
	if (off >= v->inlined.len)
		return 0;
	n = v->inlined.len - off < cap ? v->inlined.len - off : cap;
	memcpy(buf, v->inlined.ptr + off, n);
	return (long)n;
}

long value_peek(struct value *v, uint64_t off, const uint8_t **ptr, bool *held)
{
	if (v->blob)
		return blob_peek(v->blob, off, ptr, held);
	if (off >= v->inlined.len)
		return 0;
	*ptr = v->inlined.ptr + off;
	*held = false;
	return (long)(v->inlined.len - off);
}

void value_offer(struct value *v, bool (*hold)(void *ctx, const void *ptr, size_t len),
		 void *ctx)
{
	if (v->blob)
		blob_set_holder(v->blob, &(struct blob_holder){ hold, ctx });
}

/* What fits into memory is kept there for whoever asks next. */
static bool past_the_cache(const struct settings *set, uint64_t len)
{
	switch (setting_u64(set, SETTING_DIRECT_IO)) {
	case DIRECT_IO_OFF:
		return false;
	case DIRECT_IO_ON:
		return true;
	}
	return len > mem_default_limit();
}

void value_expect(struct value *v, uint64_t from, uint64_t to)
{
	const struct settings *set = &v->store->settings;
	uint64_t depth = setting_u64(set, SETTING_PREFETCH_DISTANCE);
	uint64_t most = setting_u64(set, SETTING_CACHE_SIZE) / 2 / AHEAD_PIECE;
	struct blob_plan plan = {
		.from = from, .to = to,
		.depth = (unsigned)(depth < most ? depth : most),
		.direct = past_the_cache(set, to - from),
	};

	if (v->blob)
		blob_expect(v->blob, &plan);
}

bool value_get_stat(const struct value *v, struct blob_read_stat *out)
{
	if (v->blob)
		blob_get_stat(v->blob, out);
	return v->blob != NULL;
}

void value_close(struct value *v)
{
	struct blob_reader **at;

	if (!v)
		return;
	if (v->blob) {
		at = idle(v->store, blob_reader_id(v->blob));
		blob_reader_close(*at);
		*at = v->blob;
	}
	buf_release(&v->inlined);
	mem_free(v->mem, v);
}
