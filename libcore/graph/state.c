/* graph/state.c */
#include "graph/state.h"

#include "base/err.h"
#include "graph/literal_code.h"

static int put_number(struct buf *out, uint64_t v)
{
	uint8_t text[VARINT_MAX];

	return buf_add(out, text, varint_put(text, v));
}

static int put_bytes(struct buf *out, struct bytes b)
{
	int r = put_number(out, b.len);

	return r < 0 ? r : buf_add(out, b.ptr, b.len);
}

int state_encode(struct buf *out, const struct prop_state *s)
{
	int r = put_number(out, s->label_n);

	for (uint32_t i = 0; r == 0 && i < s->label_n; i++)
		r = put_bytes(out, s->label[i]);
	if (r == 0)
		r = put_number(out, s->prop_n);
	for (uint32_t i = 0; r == 0 && i < s->prop_n; i++) {
		r = put_bytes(out, s->prop[i].name);
		if (r == 0)
			r = literal_encode(out, &s->prop[i].value);
	}
	return r;
}

void state_room_release(struct state_room *r)
{
	buf_release(&r->labels);
	buf_release(&r->props);
}

static bool take_number(struct bytes *in, uint64_t *v)
{
	size_t n = varint_get(in->ptr, in->len, v);

	*in = bytes_of(in->ptr + n, in->len - n);
	return n > 0;
}

static bool take_bytes(struct bytes *in, struct bytes *out)
{
	uint64_t len;

	if (!take_number(in, &len) || len > in->len)
		return false;
	*out = bytes_of(in->ptr, (size_t)len);
	*in = bytes_of(in->ptr + len, in->len - (size_t)len);
	return true;
}

static bool take_property(struct bytes *in, struct property *out)
{
	size_t n;

	if (!take_bytes(in, &out->name))
		return false;
	n = literal_decode(&out->value, in->ptr, in->len);
	*in = bytes_of(in->ptr + n, in->len - n);
	return n > 0;
}

static int damaged(void)
{
	return err_set(ERR_DAMAGED, "labels and properties end too early or too late");
}

int state_decode(struct prop_state *out, struct bytes in, struct state_room *room)
{
	struct property p;
	struct bytes label;
	uint64_t n;
	int r = 0;

	buf_clear(&room->labels);
	buf_clear(&room->props);
	if (!take_number(&in, &n) || n > in.len)
		return damaged();
	for (; r == 0 && n > 0; n--)
		r = take_bytes(&in, &label) ? buf_add(&room->labels, &label, sizeof label)
					    : damaged();
	if (r == 0 && (!take_number(&in, &n) || n > in.len))
		return damaged();
	for (; r == 0 && n > 0; n--)
		r = take_property(&in, &p) ? buf_add(&room->props, &p, sizeof p) : damaged();
	if (r == 0 && in.len)
		r = damaged();
	*out = (struct prop_state){
		(const struct bytes *)room->labels.ptr,
		(const struct property *)room->props.ptr,
		(uint32_t)(room->labels.len / sizeof label),
		(uint32_t)(room->props.len / sizeof p),
	};
	return r;
}
