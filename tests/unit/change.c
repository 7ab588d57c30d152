/* tests/unit/change.c - graph/change: what is written is read again, in the order of
 * the edges, and no bytes are believed that nobody wrote
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "graph/change.h"
#include "graph/literal_code.h"

static uint64_t seed, turn, scale = 100;

static uint64_t rnd(void)
{
	return hash_u64(seed + turn++);
}

static uint64_t below(uint64_t n)
{
	return rnd() % n;
}

static int setup(void **state)
{
	(void)state;
	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	if (getenv("STRATO_TEST_SCALE"))
		scale = strtoull(getenv("STRATO_TEST_SCALE"), NULL, 10);
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	return 0;
}

/* --- changes made at random --- */

#define TEXT_MOST 12u
#define MANY 5u

struct made {
	struct change c;
	uint8_t text[6 * MANY + 3][TEXT_MOST];
	unsigned text_n;
	struct bytes label[MANY];
	struct property prop[MANY];
};

/* Bytes around those that are escaped are likely. */
static struct bytes text(struct made *m, size_t least)
{
	uint8_t *to = m->text[m->text_n++];
	size_t len = least + below(TEXT_MOST - least);

	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(below(2) ? below(4) : rnd());
	return bytes_of(to, len);
}

static int by_bytes(const void *a, const void *b)
{
	return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

static int by_name(const void *a, const void *b)
{
	return bytes_cmp(((const struct property *)a)->name, ((const struct property *)b)->name);
}

static struct literal value(struct made *m)
{
	struct literal l = { .kind = (enum literal_kind)(LITERAL_BOOL + below(LITERAL_TYPED)) };

	switch (l.kind) {
	case LITERAL_BOOL:
		l.b = below(2);
		break;
	case LITERAL_INTEGER:
		l.i = (int64_t)(rnd() >> below(64));
		break;
	case LITERAL_DOUBLE:
		l.r = (double)rnd() / 7;
		break;
	default:
		l.text = text(m, 0);
	}
	if (l.kind == LITERAL_LANG || l.kind == LITERAL_TYPED)
		l.extra = text(m, 1);
	if (below(3) == 0)
		l.graph = text(m, 1);
	return l;
}

static void make(struct made *m)
{
	struct change *c = &m->c;

	memset(m, 0, sizeof *m);
	c->edge = below(2);
	c->node = text(m, 1);
	if (c->edge) {
		c->type = text(m, 0);
		c->to = text(m, 1);
	}
	c->state = (enum change_state)(1 + below(c->edge ? 2 : 3));
	if (!c->edge && c->state != CHANGE_GONE_CASCADE && below(3) == 0)
		c->cut = 1 + (rnd() >> below(64)) / 2;
	if (c->state != CHANGE_THERE)
		return;
	for (uint64_t i = below(MANY); i; i--)
		m->label[c->label_n++] = text(m, 0);
	qsort(m->label, c->label_n, sizeof *m->label, by_bytes);
	for (uint32_t i = 1; i < c->label_n; i++)
		if (bytes_equal(m->label[i - 1], m->label[i]))
			c->label_n = i;		/* each once */
	for (uint64_t i = below(MANY); i; i--, c->prop_n++)
		m->prop[c->prop_n] = (struct property){ text(m, 0), value(m) };
	qsort(m->prop, c->prop_n, sizeof *m->prop, by_name);
	c->label = m->label;
	c->prop = m->prop;
}

static void assert_same(const struct change *a, const struct change *b)
{
	assert_int_equal(a->edge, b->edge);
	assert_int_equal(a->state, b->state);
	assert_true(a->cut == b->cut);
	assert_int_equal(a->label_n, b->label_n);
	assert_int_equal(a->prop_n, b->prop_n);
	assert_true(bytes_equal(a->node, b->node));
	assert_true(bytes_equal(a->type, b->type) && bytes_equal(a->to, b->to));
	for (uint32_t i = 0; i < a->label_n; i++)
		assert_true(bytes_equal(a->label[i], b->label[i]));
	for (uint32_t i = 0; i < a->prop_n; i++) {
		assert_true(bytes_equal(a->prop[i].name, b->prop[i].name));
		assert_true(literal_equal(&a->prop[i].value, &b->prop[i].value));
	}
}

struct wire {
	struct buf key, value;
	struct change_room room;
};

static void write_it(struct wire *w, const struct change *c)
{
	assert_int_equal(change_key(&w->key, c), 0);
	assert_int_equal(change_value(&w->value, c), 0);
}

static void release(struct wire *w)
{
	buf_release(&w->key);
	buf_release(&w->value);
	change_room_release(&w->room);
}

static void what_is_written_is_read_again(void **state)
{
	struct wire w = {0};
	struct change got;
	struct made m;

	(void)state;
	for (uint64_t i = 0; i < 200 * scale; i++) {
		make(&m);
		write_it(&w, &m.c);
		assert_int_equal(change_read(&got, buf_bytes(&w.key), buf_bytes(&w.value),
					     &w.room), 0);
		assert_same(&got, &m.c);
	}
	release(&w);
}

static int in_order(const struct change *a, const struct change *b)
{
	int cmp = a->edge - b->edge;

	cmp = cmp ? cmp : bytes_cmp(a->node, b->node);
	cmp = cmp ? cmp : bytes_cmp(a->type, b->type);
	return cmp ? cmp : bytes_cmp(a->to, b->to);
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void keys_lie_in_the_order_of_source_type_and_target(void **state)
{
	struct wire w[2] = {0};
	struct made m[2];

	(void)state;
	for (uint64_t i = 0; i < 200 * scale; i++) {
		make(&m[0]);
		make(&m[1]);
		if (below(2))		/* alike up to the type, or to the target */
			m[1].c.node = m[0].c.node;
		if (below(2) && m[0].c.edge == m[1].c.edge)
			m[1].c.type = m[0].c.type;
		write_it(&w[0], &m[0].c);
		write_it(&w[1], &m[1].c);
		assert_int_equal(sign(bytes_cmp(buf_bytes(&w[0].key), buf_bytes(&w[1].key))),
				 sign(in_order(&m[0].c, &m[1].c)));
	}
	release(&w[0]);
	release(&w[1]);
}

static void a_prefix_is_of_its_node_and_type_alone(void **state)
{
	struct buf prefix = {0};
	struct wire w = {0};
	struct made m, other;
	bool of_node, of_type;

	(void)state;
	for (uint64_t i = 0; i < 100 * scale; i++) {
		make(&m);
		make(&other);
		if (below(2))
			other.c.node = m.c.node;
		m.c.edge = true;
		write_it(&w, &m.c);
		of_node = bytes_equal(other.c.node, m.c.node);
		of_type = of_node && bytes_equal(other.c.type, m.c.type);
		assert_int_equal(change_prefix(&prefix, other.c.node, NULL), 0);
		assert_int_equal(!!bytes_starts(buf_bytes(&w.key), buf_bytes(&prefix)), of_node);
		assert_int_equal(change_prefix(&prefix, other.c.node, &other.c.type), 0);
		assert_int_equal(!!bytes_starts(buf_bytes(&w.key), buf_bytes(&prefix)), of_type);
	}
	buf_release(&prefix);
	release(&w);
}

/* --- bytes that nobody wrote --- */

/* The bytes alone in a block of their own, so that a sanitizer sees one step too far. */
static int read_alone(struct wire *w, struct bytes key, struct bytes value, struct change *out,
		      uint8_t *block[2])
{
	block[0] = malloc(key.len ? key.len : 1);
	block[1] = malloc(value.len ? value.len : 1);
	memcpy(block[0], key.ptr, key.len);
	memcpy(block[1], value.ptr, value.len);
	return change_read(out, bytes_of(block[0], key.len), bytes_of(block[1], value.len),
			   &w->room);
}

/* Refused, or a change whose bytes these are. */
static bool refused(struct wire *w, struct bytes key, struct bytes value)
{
	struct buf again[2] = {{0}};
	struct change got;
	uint8_t *block[2];
	int r = read_alone(w, key, value, &got, block);

	assert_true(r == 0 || r == ERR_DAMAGED);
	if (r == 0) {
		assert_int_equal(change_key(&again[0], &got), 0);
		assert_int_equal(change_value(&again[1], &got), 0);
		assert_true(bytes_equal(buf_bytes(&again[0]), key));
		assert_true(bytes_equal(buf_bytes(&again[1]), value));
	}
	buf_release(&again[0]);
	buf_release(&again[1]);
	free(block[0]);
	free(block[1]);
	return r < 0;
}

static void a_value_cut_anywhere_is_refused(void **state)
{
	struct wire w = {0}, other = {0};
	struct made m;

	(void)state;
	for (uint64_t i = 0; i < 10 * scale; i++) {
		make(&m);
		write_it(&w, &m.c);
		for (size_t len = 0; len < w.value.len; len++)
			assert_true(refused(&other, buf_bytes(&w.key),
					    bytes_of(w.value.ptr, len)));
		for (size_t len = 0; len < w.key.len; len++)
			refused(&other, bytes_of(w.key.ptr, len), buf_bytes(&w.value));
	}
	release(&w);
	release(&other);
}

static void a_flipped_byte_is_refused_or_another_change(void **state)
{
	struct wire w = {0}, other = {0};
	struct made m;

	(void)state;
	for (uint64_t i = 0; i < 10 * scale; i++) {
		struct buf *b = i & 1 ? &w.key : &w.value;

		make(&m);
		write_it(&w, &m.c);
		for (size_t k = 0; k < b->len; k++) {
			uint8_t before = b->ptr[k];

			b->ptr[k] ^= (uint8_t)(1 + below(255));
			refused(&other, buf_bytes(&w.key), buf_bytes(&w.value));
			b->ptr[k] = before;
		}
	}
	release(&w);
	release(&other);
}

static void what_is_gone_has_nothing(void **state)
{
	static const uint8_t node[] = { 1, 'a' }, edge[] = { 2, 'a', 0, 't', 0, 'b' };
	static const struct {
		struct bytes key, value;
		bool sound;
	} cases[] = {
		{ { node, 2 }, { (const uint8_t *)"\1\0\0", 3 }, true },
		{ { node, 2 }, { (const uint8_t *)"\2\0\0", 3 }, true },
		{ { node, 2 }, { (const uint8_t *)"\3\0\0", 3 }, true },
		{ { node, 2 }, { (const uint8_t *)"\4\0\0\0", 4 }, false },
		{ { node, 2 }, { (const uint8_t *)"\4\1\0\0", 4 }, true },
		{ { edge, 6 }, { (const uint8_t *)"\4\1\0\0", 4 }, false },
		{ { node, 2 }, { (const uint8_t *)"\5\1\0\0", 4 }, true },
		{ { node, 2 }, { (const uint8_t *)"\6\1\0\0", 4 }, false },
		{ { node, 2 }, { (const uint8_t *)"\0\0\0", 3 }, false },
		{ { node, 2 }, { (const uint8_t *)"\2\1\1x\0", 5 }, false },
		{ { node, 2 }, { (const uint8_t *)"\1\2\1x\1x\0", 7 }, false },
		{ { node, 2 }, { (const uint8_t *)"\1\0\0\0", 4 }, false },
		{ { node, 1 }, { (const uint8_t *)"\1\0\0", 3 }, false },
		{ { edge, 6 }, { (const uint8_t *)"\1\0\0", 3 }, true },
		{ { edge, 6 }, { (const uint8_t *)"\3\0\0", 3 }, false },
		{ { edge, 5 }, { (const uint8_t *)"\1\0\0", 3 }, false },
		{ { edge + 2, 4 }, { (const uint8_t *)"\1\0\0", 3 }, false },
	};
	struct wire w = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(!refused(&w, cases[i].key, cases[i].value), cases[i].sound);
	release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_written_is_read_again, setup),
		cmocka_unit_test_setup(keys_lie_in_the_order_of_source_type_and_target, setup),
		cmocka_unit_test_setup(a_prefix_is_of_its_node_and_type_alone, setup),
		cmocka_unit_test_setup(a_value_cut_anywhere_is_refused, setup),
		cmocka_unit_test_setup(a_flipped_byte_is_refused_or_another_change, setup),
		cmocka_unit_test_setup(what_is_gone_has_nothing, setup),
	};

	return cmocka_run_group_tests_name("change", tests, NULL, NULL);
}
