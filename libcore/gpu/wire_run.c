/* gpu/wire_run.c - bodies in and out, each length checked */
#include "gpu/wire_run.h"

#include <string.h>

#include "base/err.h"
#include "gpu/wire.h"

static int bad(const char *what)
{
	return err_set(ERR_BAD_RECORD, "a malformed message: %s", what);
}

int wire_run_put(struct buf *out, const struct run_ask *r)
{
	const struct wire_run w = {
		.global = le64_of(r->global), .local = le64_of(r->local),
		.text_len = le32_of((uint32_t)r->text.len), .arg_n = le32_of(r->arg_n),
	};
	int e = buf_add(out, &w, sizeof w);

	if (e == 0)
		e = wire_key_put(out, r->kernel);
	if (e == 0)
		e = buf_add(out, r->text.ptr, r->text.len);
	return e == 0 ? buf_add(out, r->args.ptr, r->args.len) : e;
}

int wire_run_arg_put(struct buf *out, uint32_t kind, struct bytes bytes)
{
	const struct wire_run_arg w = { le32_of(kind), le32_of((uint32_t)bytes.len) };
	int e = buf_add(out, &w, sizeof w);

	return e == 0 ? buf_add(out, bytes.ptr, bytes.len) : e;
}

static int span(struct bytes *in, uint64_t len, struct bytes *out)
{
	if (len > in->len)
		return bad("it ends too soon");
	*out = bytes_of(in->ptr, (size_t)len);
	in->ptr += out->len;
	in->len -= out->len;
	return 0;
}

static int arg_get(struct run_arg *a)
{
	struct wire_place place;
	le64 len;

	switch (a->kind) {
	case WIRE_RUN_TOKEN:
		if (a->bytes.len != sizeof place)
			return bad("a token");
		memcpy(&place, a->bytes.ptr, sizeof place);
		wire_place_get(&place, &a->token);
		return 0;
	case WIRE_RUN_KEY:
		return a->bytes.len && a->bytes.len <= GPU_INDEX_KEY_MAX ? 0 : bad("a key");
	case WIRE_RUN_NUMBER:
		return a->bytes.len && a->bytes.len <= 8 ? 0 : bad("a number");
	case WIRE_RUN_OUT:
		if (a->bytes.len != sizeof len)
			return bad("an output");
		memcpy(&len, a->bytes.ptr, sizeof len);
		a->out_len = le64_get(len);
		return a->out_len && a->out_len <= GPU_INDEX_LEN_MAX ? 0 : bad("an output");
	}
	return bad("an argument of no known kind");
}

int wire_run_next(struct bytes *in, struct run_arg *out)
{
	struct wire_run_arg w;
	int e;

	if (!in->len)
		return 0;
	e = wire_take(in, &w, sizeof w);
	memset(out, 0, sizeof *out);
	if (e == 0) {
		out->kind = le32_get(w.kind);
		e = span(in, le32_get(w.len), &out->bytes);
	}
	if (e == 0)
		e = arg_get(out);
	return e < 0 ? e : 1;
}

static int args_check(const struct run_ask *r)
{
	struct bytes in = r->args;
	uint32_t n = 0, out_n = 0;
	struct run_arg a;
	int e;

	while ((e = wire_run_next(&in, &a)) > 0) {
		n++;
		out_n += a.kind == WIRE_RUN_OUT;
	}
	if (e < 0)
		return e;
	return n == r->arg_n && n <= WIRE_RUN_ARGS && out_n <= 1 ? 0 :
		bad("the number of arguments");
}

int wire_run_get(struct bytes in, struct run_ask *out)
{
	struct wire_run w;
	int e = wire_take(&in, &w, sizeof w);

	if (e < 0)
		return e;
	memset(out, 0, sizeof *out);
	out->global = le64_get(w.global);
	out->local = le64_get(w.local);
	out->arg_n = le32_get(w.arg_n);
	e = wire_key_get(&in, &out->kernel);
	if (e < 0)
		return e;
	if (e == 0 || out->kernel.len > 255 || le32_get(w.text_len) > WIRE_RUN_TEXT_MAX)
		return bad("a kernel");
	if (!out->global || out->global > UINT32_MAX || out->local > out->global ||
	    (out->local && out->global % out->local))
		return bad("work-items");
	e = span(&in, le32_get(w.text_len), &out->text);
	out->args = in;
	return e == 0 ? args_check(out) : e;
}
