/* graph/change.c - a change to bytes and back
 *
 * What is read is checked whole before it is handed out: lengths, counts, the order
 * of labels and of names, nothing left over.  So two changes whose bytes differ differ,
 * and nobody above has to look again.
 */
#include "graph/change.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "graph/literal_code.h"

enum { KEY_NODE = 1, KEY_EDGE = 2 };	/* the first byte of a key */

#define CUT 3				/* more is the state on disk of what has a cut */

#define END 0x00			/* of a source, of a type */
#define ESCAPE 0x01			/* 01 01 is 00, 01 02 is 01 */

/* --- keys --- */

static int add_escaped(struct buf *out, struct bytes text)
{
	const uint8_t *at = text.ptr, *end = at + text.len;
	int r = buf_reserve(out, 2 * text.len + 1);

	for (; r == 0 && at < end; at++) {
		if (*at <= ESCAPE)
			out->ptr[out->len++] = ESCAPE;
		out->ptr[out->len++] = *at <= ESCAPE ? *at + 1 : *at;
	}
	if (r == 0)
		out->ptr[out->len++] = END;
	return r;
}

int change_prefix(struct buf *out, struct bytes node, const struct bytes *type)
{
	int r;

	buf_clear(out);
	r = buf_add_byte(out, KEY_EDGE);
	if (r == 0)
		r = add_escaped(out, node);
	return r == 0 && type ? add_escaped(out, *type) : r;
}

int change_key(struct buf *out, const struct change *c)
{
	int r;

	if (c->edge) {
		r = change_prefix(out, c->node, &c->type);
		return r < 0 ? r : buf_add(out, c->to.ptr, c->to.len);
	}
	buf_clear(out);
	r = buf_add_byte(out, KEY_NODE);
	return r < 0 ? r : buf_add(out, c->node.ptr, c->node.len);
}

/* Up to END, which is left behind; unescaped behind what BYTES has, where there is
 * something to unescape.  BYTES has room. */
static int read_escaped(struct bytes *out, struct bytes *in, struct buf *bytes)
{
	const uint8_t *end = in->len ? memchr(in->ptr, END, in->len) : NULL, *at = in->ptr;
	size_t len = end ? (size_t)(end - at) : 0;

	if (!end)
		return ERR_DAMAGED;
	*in = bytes_of(end + 1, in->len - len - 1);
	*out = bytes_of(at, len);
	if (len == 0 || !memchr(at, ESCAPE, len))
		return 0;
	out->ptr = bytes->ptr + bytes->len;
	for (; at < end; at++) {
		uint8_t byte = *at;

		if (byte == ESCAPE) {
			if (++at == end || *at > ESCAPE + 1)
				return ERR_DAMAGED;
			byte = *at - 1;
		}
		bytes->ptr[bytes->len++] = byte;
	}
	out->len = (size_t)(bytes->ptr + bytes->len - out->ptr);
	return 0;
}

static int read_key(struct change *c, struct bytes in, struct buf *bytes)
{
	uint8_t kind = in.len ? in.ptr[0] : 0;
	int r;

	if (kind != KEY_NODE && kind != KEY_EDGE)
		return ERR_DAMAGED;
	in = bytes_of(in.ptr + 1, in.len - 1);
	c->edge = kind == KEY_EDGE;
	c->node = in;
	c->type = c->to = bytes_of(NULL, 0);
	if (!c->edge)
		return in.len ? 0 : ERR_DAMAGED;
	buf_clear(bytes);
	r = buf_reserve(bytes, in.len);
	if (r == 0)
		r = read_escaped(&c->node, &in, bytes);
	if (r == 0)
		r = read_escaped(&c->type, &in, bytes);
	c->to = in;
	return r < 0 ? r : c->node.len && c->to.len ? 0 : ERR_DAMAGED;
}

/* --- values --- */

static int add_number(struct buf *out, uint64_t v)
{
	uint8_t text[VARINT_MAX];

	return buf_add(out, text, varint_put(text, v));
}

static int add_bytes(struct buf *out, struct bytes b)
{
	int r = add_number(out, b.len);

	return r < 0 ? r : buf_add(out, b.ptr, b.len);
}

int change_value(struct buf *out, const struct change *c)
{
	int r;

	buf_clear(out);
	r = buf_add_byte(out, (uint8_t)(c->state + (c->cut ? CUT : 0)));
	if (r == 0 && c->cut)
		r = add_number(out, c->cut);
	if (r == 0)
		r = add_number(out, c->label_n);
	for (uint32_t i = 0; r == 0 && i < c->label_n; i++)
		r = add_bytes(out, c->label[i]);
	if (r == 0)
		r = add_number(out, c->prop_n);
	for (uint32_t i = 0; r == 0 && i < c->prop_n; i++) {
		r = add_bytes(out, c->prop[i].name);
		if (r == 0)
			r = literal_encode(out, &c->prop[i].value);
	}
	return r;
}

static bool read_number(struct bytes *in, uint64_t *out)
{
	size_t n = varint_get(in->ptr, in->len, out);

	*in = bytes_of(in->ptr + n, in->len - n);
	return n > 0;
}

static bool read_bytes(struct bytes *in, struct bytes *out)
{
	uint64_t len;

	if (!read_number(in, &len) || len > in->len)
		return false;
	*out = bytes_of(in->ptr, (size_t)len);
	*in = bytes_of(in->ptr + len, in->len - (size_t)len);
	return true;
}

/* How many follow, each of LEAST bytes or more, and an array of SIZE bytes for each. */
static int read_count(struct bytes *in, size_t least, size_t size, struct buf *array,
		      uint32_t *n)
{
	uint64_t count;

	if (!read_number(in, &count) || count > in->len / least || count > UINT32_MAX)
		return ERR_DAMAGED;
	*n = (uint32_t)count;
	buf_clear(array);
	return buf_reserve(array, (size_t)count * size);
}

static int read_labels(struct change *c, struct bytes *in, struct buf *array)
{
	int r = read_count(in, 1, sizeof(struct bytes), array, &c->label_n);
	struct bytes *label = (void *)array->ptr;

	for (uint32_t i = 0; r == 0 && i < c->label_n; i++)
		if (!read_bytes(in, &label[i]) ||
		    (i && bytes_cmp(label[i - 1], label[i]) >= 0))
			r = ERR_DAMAGED;
	c->label = label;
	return r;
}

static int read_props(struct change *c, struct bytes *in, struct buf *array)
{
	int r = read_count(in, 2, sizeof(struct property), array, &c->prop_n);
	struct property *prop = (void *)array->ptr;

	for (uint32_t i = 0; r == 0 && i < c->prop_n; i++) {
		size_t n = read_bytes(in, &prop[i].name) ?
			literal_decode(&prop[i].value, in->ptr, in->len) : 0;

		if (n == 0 || n > in->len ||
		    (i && bytes_cmp(prop[i - 1].name, prop[i].name) > 0))
			return ERR_DAMAGED;
		*in = bytes_of(in->ptr + n, in->len - n);
	}
	c->prop = prop;
	return r;
}

static bool state_fits(const struct change *c)
{
	if (c->state == CHANGE_THERE)
		return true;
	return (c->state == CHANGE_GONE || (c->state == CHANGE_GONE_CASCADE && !c->edge)) &&
		c->label_n == 0 && c->prop_n == 0;
}

static int read_state(struct change *c, struct bytes *in)
{
	uint8_t state = in->len ? in->ptr[0] : 0;

	c->cut = 0;
	c->state = (enum change_state)(state > CUT ? state - CUT : state);
	if (in->len == 0 || c->state > CHANGE_GONE_CASCADE)
		return ERR_DAMAGED;
	*in = bytes_of(in->ptr + 1, in->len - 1);
	if (state <= CUT)
		return 0;
	return !c->edge && c->state != CHANGE_GONE_CASCADE && read_number(in, &c->cut) &&
		c->cut ? 0 : ERR_DAMAGED;
}

int change_read(struct change *out, struct bytes key, struct bytes value,
		struct change_room *room)
{
	int r = read_key(out, key, &room->bytes);

	if (r == 0)
		r = read_state(out, &value);
	if (r < 0)
		return r;
	r = read_labels(out, &value, &room->labels);
	if (r == 0)
		r = read_props(out, &value, &room->props);
	if (r < 0)
		return r;
	return value.len == 0 && state_fits(out) ? 0 : ERR_DAMAGED;
}

void change_room_release(struct change_room *r)
{
	buf_release(&r->bytes);
	buf_release(&r->labels);
	buf_release(&r->props);
}
