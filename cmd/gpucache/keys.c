/* cmd/gpucache/keys.c */
#include "cmd/gpucache/keys.h"

#include <string.h>

#include "base/err.h"
#include "store/entry.h"

#define SPARE 64u			/* what a request has beside its keys */

static int ask(struct keys *k)
{
	int r = k->n ? k->ask(k->ctx, buf_bytes(&k->body), k->n) : 0;

	buf_clear(&k->body);
	k->n = 0;
	return r;
}

int keys_add(struct keys *k, struct bytes key)
{
	int r = entry_check_key(key);

	if (r == 0 && (k->n == KEYS_MOST || k->body.len + 2 + key.len > WIRE_BODY_MAX - SPARE))
		r = ask(k);
	if (r == 0)
		r = wire_key_put(&k->body, key);
	if (r == 0)
		k->n++;
	return r;
}

int keys_end(struct keys *k)
{
	int r = ask(k);

	buf_release(&k->body);
	return r;
}

static ssize_t fill(void *ctx, void *buf, size_t cap)
{
	struct keys *k = ctx;
	int r = 0;

	if (in_would_block(k->in)) {
		r = ask(k);
		if (r == 0 && k->pause)
			r = k->pause(k->ctx);
	}
	return r < 0 ? r : in_read(k->in, buf, cap);
}

static int stream(struct keys *k)
{
	struct record_source source = { fill, k, NULL };
	struct record_reader *reader = NULL;
	struct record rec;
	int r = in_open(&k->in, "-", true, NULL);

	if (r < 0)
		return r;
	cli_reading_stdin(k->cli);
	r = record_open(&reader, cli_format_in(k->cli, RECORD_KEYS), RECORD_KEYS, &source, 0, 0,
			NULL);
	while (r == 0 && (r = record_next(reader, &rec)) == 1)
		r = keys_add(k, rec.key);
	record_close(reader);
	in_close(k->in);
	return r;
}

int keys_all(struct keys *k, bool batch)
{
	const char *key = cli_operand_if_any(k->cli);
	struct err_note note;
	int r = 0, done;

	if (!key && batch)
		r = stream(k);
	for (; r == 0 && key; key = cli_operand_if_any(k->cli))
		r = keys_add(k, bytes_str(key));
	err_take(&note, r);
	done = keys_end(k);		/* those before a bad one are asked for */
	return r < 0 ? err_give(&note) : done;
}

/* --- deeds --- */

struct doing {
	struct asker *a;
	unsigned type;
	uint32_t flags;
	struct keys_done *out;
	struct buf body;
};

static int take_done(struct keys_done *d, struct bytes in)
{
	struct wire_done w;
	int r = wire_take(&in, &w, sizeof w);

	if (r < 0)
		return r;
	d->n += le64_get(w.n);
	d->bytes += le64_get(w.bytes);
	d->absent_n += le64_get(w.absent_n);
	if (le32_get(w.why) && !d->refused_n)
		err_take(&d->why, wire_error_get(le32_get(w.why), in));
	d->refused_n += le64_get(w.refused_n);
	return 0;
}

static int do_some(void *ctx, struct bytes keys, unsigned n)
{
	struct doing *d = ctx;
	const struct wire_which w = { .flags = le32_of(d->flags) };
	struct gpu_answer answer;
	int r;

	(void)n;
	buf_clear(&d->body);
	r = buf_add(&d->body, &w, sizeof w);
	if (r == 0)
		r = buf_add(&d->body, keys.ptr, keys.len);
	if (r == 0)
		r = gpu_client_ask(d->a->client, d->type, buf_bytes(&d->body), &answer);
	if (r < 0)
		return r;
	r = take_done(d->out, bytes_of(answer.ptr, (size_t)answer.len));
	gpu_answer_free(&answer);
	return r;
}

int keys_do(struct asker *a, unsigned type, uint32_t flags, struct keys_done *out)
{
	const char *prefix = cli_text(a->cli, CLI_VAL_PREFIX);
	struct doing d = { .a = a, .type = type, .flags = flags, .out = out };
	struct keys k = { .cli = a->cli, .ask = do_some, .ctx = &d };
	int r;

	memset(out, 0, sizeof *out);
	if (prefix) {
		d.flags |= WIRE_PREFIX;
		r = keys_add(&k, bytes_str(prefix));
		if (r == 0)
			r = keys_end(&k);
	} else {
		r = keys_all(&k, cli_given(a->cli, CLI_VAL_BATCH));
	}
	buf_release(&k.body);
	buf_release(&d.body);
	return r;
}
