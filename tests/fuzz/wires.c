/* tests/fuzz/wires.c - what the cache service is asked and answers, byte by byte; device
 * pointers and the calibration as text
 *
 * What is taken is put together again, and has to be the same bytes: so a length that
 * was not looked at, and a field that was not, show.
 */
#include <string.h>

#include "base/err.h"
#include "cmd/common/calibration.h"
#include "gpu/token.h"
#include "gpu/wire.h"
#include "gpu/wire_graph.h"
#include "gpu/wire_run.h"
#include "io/file.h"
#include "tests/fuzz/fuzz.h"

static void same(struct buf *made, struct bytes in)
{
	FUZZ_MUST(bytes_equal(buf_bytes(made), in));
	buf_release(made);
}

/* --- messages: a head and, by its type, a body --- */

static int keys_of(struct bytes in, struct buf *again)
{
	struct bytes key;
	int r;

	while ((r = wire_key_get(&in, &key)) == 1) {
		FUZZ_MUST(key.len >= 1 && key.len <= GPU_INDEX_KEY_MAX);
		FUZZ_MUST(wire_key_put(again, key) == 0);
	}
	return r;
}

static int asked_body(unsigned type, struct bytes in, struct buf *again)
{
	struct pin_graph pin;
	struct walk_ask walk;
	struct run_ask run;
	struct wire_which w;
	uint32_t flags;
	int r;

	switch (type) {
	case WIRE_FIND:
		return keys_of(in, again);
	case WIRE_PIN: case WIRE_EVICT: case WIRE_WARM: case WIRE_READ:
		r = wire_which_get(&in, &flags);
		w = (struct wire_which){ .flags = le32_of(flags) };
		if (r == 0)
			r = buf_add(again, &w, sizeof w);
		return r < 0 ? r : keys_of(in, again);
	case WIRE_PIN_GRAPH:
		r = wire_pin_graph_get(in, &pin);
		return r < 0 ? r : wire_pin_graph_put(again, &pin);
	case WIRE_WALK:
		r = wire_walk_get(in, &walk);
		return r < 0 ? r : wire_walk_put(again, &walk);
	case WIRE_RUN:
		r = wire_run_get(in, &run);
		return r < 0 ? r : wire_run_put(again, &run);
	}
	return buf_add(again, in.ptr, in.len);		/* not looked at */
}

static int asked(struct bytes in)
{
	struct buf body = { .mem = NULL };
	struct wire_message m;
	struct wire_head h;
	int r = wire_ask_get(in, &m);

	if (r < 0)
		return 0;
	FUZZ_MUST(m.type >= 1 && m.type < WIRE_TYPES);
	wire_ask_head(&h, m.type, m.store, m.body.len);
	FUZZ_MUST(!memcmp(&h, in.ptr, sizeof h));
	r = asked_body(m.type, m.body, &body);
	if (r < 0) {
		FUZZ_MUST(r == ERR_BAD_RECORD);
		buf_release(&body);
		return 0;
	}
	same(&body, m.body);
	return 1;
}

/* Each of N things of LEN bytes, those of READ with as many more as they say. */
static int things(struct bytes in, bool values)
{
	struct wire_value v;
	struct wire_place p;
	struct gpu_token t;
	int r = 0;

	while (r == 0 && in.len) {
		if (!values) {
			r = wire_take(&in, &p, sizeof p);
			if (r == 0)
				wire_place_get(&p, &t);
			continue;
		}
		r = wire_take(&in, &v, sizeof v);
		if (r < 0 || le32_get(v.state) != WIRE_VALUE)
			continue;
		if (le64_get(v.len) > in.len)
			return ERR_BAD_RECORD;
		in.ptr += le64_get(v.len);
		in.len -= (size_t)le64_get(v.len);
	}
	return r;
}

static int texts(struct bytes in)
{
	char text[64];
	int r = 0;

	for (int i = 0; r == 0 && i < 3; i++) {
		r = wire_text_get(&in, text, sizeof text);
		FUZZ_MUST(r < 0 || strlen(text) < sizeof text);
		for (const char *p = text; r == 0 && *p; p++)
			FUZZ_MUST(*p >= ' ' && *p <= '~');
	}
	return r < 0 ? r : in.len ? ERR_BAD_RECORD : 0;
}

/* As an answer to some question about a graph of 7 nodes. */
static int walked(struct bytes in)
{
	struct walk_ask ask = { .most = WIRE_WALK_DEPTH };
	struct walked w;
	int r = ERR_BAD_RECORD;

	for (ask.kind = WIRE_WALK_BFS; r < 0 && ask.kind <= WIRE_WALK_BFS64; ask.kind++) {
		r = wire_walked_get(in.ptr, in.len, &ask, 7, &w);
		FUZZ_MUST(r < 0 || w.array + w.n * wire_walk_width(ask.kind) == in.ptr + in.len);
	}
	return r;
}

static int answered_body(const struct wire_message *m)
{
	struct bytes in = m->body;
	struct wire_stat stat;
	struct wire_done done;
	int r;

	switch (m->type) {
	case WIRE_STAT:
		r = wire_take(&in, &stat, sizeof stat);
		return r < 0 ? r : texts(in);
	case WIRE_PIN: case WIRE_EVICT: case WIRE_WARM:
		r = wire_take(&in, &done, sizeof done);
		if (r < 0 || !le32_get(done.why))
			return r;
		r = wire_error_get(le32_get(done.why), in);
		FUZZ_MUST(r < 0);
		return -(int64_t)le32_get(done.why) == r ? 0 : r;
	case WIRE_FIND: case WIRE_READ:
		return things(in, m->type == WIRE_READ);
	case WIRE_WALK:
		return walked(in);
	}
	return 0;
}

static int answered(struct bytes in)
{
	uint8_t words[WIRE_ERROR_MAX];
	struct wire_message m;
	struct wire_head h;
	int r = wire_answer_get(in, &m);

	if (r < 0)
		return 0;
	wire_answer_head(&h, m.type, m.store, m.status, m.body.len, m.big_len);
	FUZZ_MUST(!memcmp(&h, in.ptr, sizeof h));
	if (m.status == WIRE_WORKING)
		return m.body.len == 0;
	if (!m.status)
		return answered_body(&m) == 0;
	r = wire_error_get(m.status, m.body);
	FUZZ_MUST(r < 0 && wire_error_put(words) <= sizeof words);
	return r == -(int)m.status;
}

int fuzz_wire(struct bytes in)
{
	return in.len > 3 && in.ptr[3] == '!' ? answered(in) : asked(in);
}

/* --- bodies alone, so that none has to be guessed behind a head --- */

int fuzz_wire_graph(struct bytes in)
{
	struct buf again = { .mem = NULL };
	unsigned type;
	int r;

	if (!in.len)
		return 0;
	type = in.ptr[0] == 'w' ? WIRE_WALK : WIRE_PIN_GRAPH;
	in = bytes_of(in.ptr + 1, in.len - 1);
	r = asked_body(type, in, &again);
	if (r == 0)
		same(&again, in);
	else
		buf_release(&again);
	return r == 0;
}

int fuzz_wire_run(struct bytes in)
{
	struct buf again = { .mem = NULL };
	int r = asked_body(WIRE_RUN, in, &again);

	if (r == 0)
		same(&again, in);
	else
		buf_release(&again);
	return r == 0;
}

/* --- texts --- */

int fuzz_token(struct bytes in)
{
	char text[TOKEN_TEXT_MAX];
	struct gpu_token t;
	uint8_t store[16];
	int r = token_parse(in, store, &t);

	if (r < 0)
		return 0;
	FUZZ_MUST(t.stamp && t.arena < GPU_INDEX_ARENA_MAX && !t.slot);
	token_print(text, store, &t);
	FUZZ_MUST(bytes_equal(in, bytes_str(text)));
	return 1;
}

int fuzz_calibration(struct bytes in)
{
	struct buf text = { .mem = NULL };
	struct calibration c, back;
	struct backend *b;
	int r = calibration_parse(&c, in);

	if (r < 0) {
		for (uint32_t k = 0; k <= WIRE_WALK_PAGERANK; k++)
			FUZZ_MUST(calibration_least(&c, k) == CALIBRATION_NEVER);
		return 0;
	}
	FUZZ_MUST(backend_mem(&b) == 0 && backend_mkdir(b, "tmp") == 0);
	FUZZ_MUST(calibration_write(&c, b) == 0);
	FUZZ_MUST(file_slurp(b, CALIBRATION_NAME, 4096, &text) == 0);
	FUZZ_MUST(calibration_parse(&back, buf_bytes(&text)) == 1);
	FUZZ_MUST(!memcmp(c.least, back.least, sizeof c.least));
	FUZZ_MUST(!strcmp(c.device, back.device));
	buf_release(&text);
	backend_close(b);
	return 1;
}
