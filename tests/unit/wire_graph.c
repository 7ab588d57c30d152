/* tests/unit/wire_graph.c - questions about graphs, and kernels, are understood or refused */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "gpu/wire.h"
#include "gpu/wire_graph.h"
#include "gpu/wire_run.h"
#include "tests/lib/kit.h"

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

static struct walk_ask made_walk(le32 types[2])
{
	types[0] = le32_of(3);
	types[1] = le32_of(77);
	return (struct walk_ask){
		.out = 0x123456789abcdefu, .in = 42, .kind = WIRE_WALK_PAGERANK, .from = 7,
		.to = 1u << 31, .most = WIRE_WALK_STEPS, .damping = 0.85,
		.tolerance = 1e-6, .types = bytes_of(types, 8), .name = bytes_str("web"),
	};
}

static void a_walk_is_understood(void **state)
{
	struct buf b = { 0 };
	struct walk_ask w, got;
	le32 types[2], sources[WIRE_WALK_SOURCES];

	(void)state;
	for (uint32_t i = 0; i < WIRE_WALK_SOURCES; i++)
		sources[i] = le32_of(i * i % 7);	/* the same may come again */
	w = made_walk(types);
	for (w.kind = WIRE_WALK_BFS; w.kind <= WIRE_WALK_PAGERANK; w.kind++) {
		buf_clear(&b);
		must(wire_walk_put(&b, &w));
		must(wire_walk_get(buf_bytes(&b), &got));
		assert_true(got.out == w.out && got.in == 42 && got.kind == w.kind &&
			    got.from == 7 && got.to == w.to && got.most == w.most);
		assert_true(got.damping == 0.85 && got.tolerance == 1e-6);
		assert_true(bytes_equal(got.types, w.types) && bytes_equal(got.name, w.name));
		assert_int_equal(got.sources.len, 0);
	}
	w.kind = WIRE_WALK_BFS64;
	for (size_t n = 1; n <= WIRE_WALK_SOURCES; n++) {
		w.sources = bytes_of(sources, 4 * n);
		buf_clear(&b);
		must(wire_walk_put(&b, &w));
		must(wire_walk_get(buf_bytes(&b), &got));
		assert_true(bytes_equal(got.types, w.types) && bytes_equal(got.name, w.name) &&
			    bytes_equal(got.sources, w.sources));
	}
	buf_release(&b);
}

static void refused_walk(struct walk_ask w)
{
	struct buf b = { 0 };
	struct walk_ask got;

	must(wire_walk_put(&b, &w));
	assert_int_equal(wire_walk_get(buf_bytes(&b), &got), ERR_BAD_RECORD);
	buf_release(&b);
}

static void what_no_walk_says_is_refused(void **state)
{
	static le32 many[WIRE_WALK_SOURCES + 1];
	struct walk_ask w;
	le32 types[2];

	(void)state;
#define REFUSED(what) \
	do { \
		w = made_walk(types); \
		what; \
		refused_walk(w); \
	} while (0)
	REFUSED(w.kind = 0);
	REFUSED(w.kind = WIRE_WALK_BFS64 + 1);
	REFUSED(w.kind = WIRE_WALK_BFS64);
	REFUSED(w.sources = bytes_of(many, 4));
	REFUSED((w.kind = WIRE_WALK_BFS64, w.sources = bytes_of(many, sizeof many)));
	REFUSED((w.kind = WIRE_WALK_BFS64, w.sources = bytes_of(many, 4), w.most = 30));
	REFUSED((w.kind = WIRE_WALK_BFS64, w.sources = bytes_of(many, 4), w.most = 1ull << 32));
	REFUSED(w.flags = 2);
	REFUSED(w.out = 0);
	REFUSED(w.in = w.out);
	REFUSED(w.damping = 1.1);
	REFUSED(w.damping = -0.1);
	REFUSED(w.damping = NAN);
	REFUSED(w.tolerance = INFINITY);
	REFUSED(w.tolerance = NAN);
	REFUSED(w.most++);
	REFUSED(types[1] = types[0]);
	REFUSED(types[0] = le32_of(78));
#undef REFUSED
}

static void every_cut_and_every_rest_is_refused(void **state)
{
	struct buf b = { 0 };
	struct walk_ask w, got;
	struct pin_graph p = { .verb = WIRE_GRAPH_PIN, .type_n = 1 }, pin;
	le32 types[2];

	(void)state;
	w = made_walk(types);
	must(wire_walk_put(&b, &w));
	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(wire_walk_get(bytes_of(b.ptr, len), &got), ERR_BAD_RECORD);
	must(buf_add_byte(&b, 0));
	assert_int_equal(wire_walk_get(buf_bytes(&b), &got), ERR_BAD_RECORD);

	buf_clear(&b);
	p.name = bytes_str("web");
	p.types = bytes_of("\5\0knows", 7);
	must(wire_pin_graph_put(&b, &p));
	must(wire_pin_graph_get(buf_bytes(&b), &pin));
	assert_true(bytes_equal(pin.name, p.name) && bytes_equal(pin.types, p.types));
	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(wire_pin_graph_get(bytes_of(b.ptr, len), &pin),
				 ERR_BAD_RECORD);
	p.verb = WIRE_GRAPH_EVICT;	/* has no types */
	buf_clear(&b);
	must(wire_pin_graph_put(&b, &p));
	assert_int_equal(wire_pin_graph_get(buf_bytes(&b), &pin), ERR_BAD_RECORD);
	buf_release(&b);
}

/* What is taken lies within the bytes that came. */
static bool inside(struct bytes in, struct bytes part)
{
	return part.len == 0 ||
		(part.ptr >= in.ptr && part.ptr + part.len <= in.ptr + in.len);
}

static void random_bytes_are_taken_within_their_bounds(void **state)
{
	uint64_t s = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 20261122;
	struct buf good = { 0 };
	struct walk_ask w;
	struct pin_graph p;
	le32 types[2];

	(void)state;
	print_message("# SEED=%llu\n", (unsigned long long)s);
	w = made_walk(types);
	must(wire_walk_put(&good, &w));
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)(draw(&s) % (good.len + 8));
		uint8_t *bytes = malloc(len + 1);	/* a sanitizer sees its end */
		struct bytes in = bytes_of(bytes, len);

		for (size_t k = 0; k < len; k++)
			bytes[k] = k < good.len && draw(&s) % 16 ? good.ptr[k] :
				(uint8_t)(draw(&s) % 5);
		if (wire_walk_get(in, &w) == 0)
			assert_true(inside(in, w.types) && inside(in, w.name));
		if (wire_pin_graph_get(in, &p) == 0)
			assert_true(inside(in, p.types) && inside(in, p.name));
		free(bytes);
	}
	buf_release(&good);
}

static void an_answer_has_as_many_items_as_the_graph_has_nodes(void **state)
{
	uint8_t bytes[sizeof(struct wire_walked) + 80] = { 0 };
	struct walked w = { .n = 10, .reached = 9, .steps = 8, .touched = 7, .change = 0.5 };
	const struct walk_ask depths = { .kind = WIRE_WALK_BFS }, path = { .kind = WIRE_WALK_PATH },
		ranks = { .kind = WIRE_WALK_PAGERANK },
		many = { .kind = WIRE_WALK_BFS64, .most = 31 };
	struct walked got;
	uint64_t len = sizeof(struct wire_walked);

	(void)state;
	wire_walked_put((struct wire_walked *)(void *)bytes, &w);
	must(wire_walked_get(bytes, len + 40, &depths, 10, &got));
	assert_true(got.reached == 9 && got.steps == 8 && got.touched == 7);
	assert_ptr_equal(got.array, bytes + len);
	must(wire_walked_get(bytes, len + 80, &ranks, 10, &got));
	must(wire_walked_get(bytes, len + 40, &path, 11, &got));
	assert_int_equal(wire_walked_get(bytes, len + 40, &depths, 11, &got),
			 ERR_BAD_RECORD);
	assert_int_equal(wire_walked_get(bytes, len + 40, &path, 9, &got),
			 ERR_BAD_RECORD);
	for (uint64_t n = 0; n < sizeof bytes; n++)
		if (n != len + 40)
			assert_int_equal(wire_walked_get(bytes, n, &depths, 10, &got),
					 ERR_BAD_RECORD);
	w.n = 6;			/* 5 digits of a node, and whether it is reached */
	wire_walked_put((struct wire_walked *)(void *)bytes, &w);
	must(wire_walked_get(bytes, len + 48, &many, 1, &got));
	assert_int_equal(wire_walked_get(bytes, len + 40, &many, 1, &got), ERR_BAD_RECORD);
	assert_int_equal(wire_walked_get(bytes, len + 48, &many, 2, &got), ERR_BAD_RECORD);
}

/* --- RUN --- */

static struct run_ask made_run(struct buf *args)
{
	const struct gpu_token t = { .generation = 9, .stamp = 8, .off = 512, .len = 7,
				     .version = 6 };
	struct wire_place place;
	le64 len = le64_of(100);

	wire_place_put(&place, &t);
	must(wire_run_arg_put(args, WIRE_RUN_TOKEN, bytes_of(&place, sizeof place)));
	must(wire_run_arg_put(args, WIRE_RUN_KEY, bytes_str("key")));
	must(wire_run_arg_put(args, WIRE_RUN_NUMBER, bytes_str("1234")));
	must(wire_run_arg_put(args, WIRE_RUN_OUT, bytes_of(&len, sizeof len)));
	return (struct run_ask){ .global = 12, .local = 4, .arg_n = 4,
				 .kernel = bytes_str("more"), .text = bytes_str("kernel void"),
				 .args = buf_bytes(args) };
}

static void a_kernel_and_its_arguments_are_understood(void **state)
{
	struct buf args = { 0 }, b = { 0 };
	struct run_ask r = made_run(&args), got;
	struct run_arg a;
	struct bytes in;

	(void)state;
	must(wire_run_put(&b, &r));
	must(wire_run_get(buf_bytes(&b), &got));
	assert_true(got.global == 12 && got.local == 4 && got.arg_n == 4);
	assert_true(bytes_equal(got.kernel, r.kernel) && bytes_equal(got.text, r.text));
	in = got.args;
	assert_int_equal(wire_run_next(&in, &a), 1);
	assert_true(a.kind == WIRE_RUN_TOKEN && a.token.generation == 9 && a.token.stamp == 8 &&
		    a.token.len == 7 && a.token.version == 6);
	assert_int_equal(wire_run_next(&in, &a), 1);
	assert_true(a.kind == WIRE_RUN_KEY && bytes_equal(a.bytes, bytes_str("key")));
	assert_int_equal(wire_run_next(&in, &a), 1);
	assert_true(a.kind == WIRE_RUN_NUMBER && a.bytes.len == 4);
	assert_int_equal(wire_run_next(&in, &a), 1);
	assert_true(a.kind == WIRE_RUN_OUT && a.out_len == 100);
	assert_int_equal(wire_run_next(&in, &a), 0);

	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(wire_run_get(bytes_of(b.ptr, len), &got), ERR_BAD_RECORD);
	buf_release(&args);
	buf_release(&b);
}

static void refused_run(const struct run_ask *r)
{
	struct buf b = { 0 };
	struct run_ask got;

	must(wire_run_put(&b, r));
	assert_int_equal(wire_run_get(buf_bytes(&b), &got), ERR_BAD_RECORD);
	buf_release(&b);
}

static void what_no_kernel_takes_is_refused(void **state)
{
	struct buf args = { 0 }, large = { 0 };
	struct run_ask r;
	le64 len = le64_of(1);

	(void)state;
#define REFUSED(what) \
	do { \
		buf_clear(&args); \
		r = made_run(&args); \
		what; \
		r.args = buf_bytes(&args); \
		refused_run(&r); \
	} while (0)
	REFUSED(r.global = 0);
	REFUSED(r.global = UINT64_C(1) << 32);
	REFUSED(r.local = 5);
	REFUSED(r.local = 24);
	REFUSED(r.arg_n = 3);
	REFUSED(r.arg_n = 5);
	REFUSED({ must(wire_run_arg_put(&args, WIRE_RUN_OUT, bytes_of(&len, 8))); r.arg_n++; });
	REFUSED({ must(wire_run_arg_put(&args, WIRE_RUN_NUMBER, bytes_str("123456789")));
		  r.arg_n++; });
	REFUSED({ must(wire_run_arg_put(&args, WIRE_RUN_TOKEN, bytes_str("short"))); r.arg_n++; });
	REFUSED({ must(wire_run_arg_put(&args, 77, bytes_str("what"))); r.arg_n++; });
	while (large.len <= WIRE_RUN_TEXT_MAX)
		must(buf_add_byte(&large, ' '));
	REFUSED(r.text = buf_bytes(&large));
#undef REFUSED
	buf_release(&args);
	buf_release(&large);
}

static void random_kernels_are_taken_within_their_bounds(void **state)
{
	uint64_t s = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 20261122;
	struct buf args = { 0 }, good = { 0 };
	struct run_ask r = made_run(&args);
	struct run_arg a;

	(void)state;
	print_message("# SEED=%llu\n", (unsigned long long)s);
	must(wire_run_put(&good, &r));
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)(draw(&s) % (good.len + 8));
		uint8_t *bytes = malloc(len + 1);
		struct bytes in = bytes_of(bytes, len), left;

		for (size_t k = 0; k < len; k++)
			bytes[k] = k < good.len && draw(&s) % 32 ? good.ptr[k] :
				(uint8_t)(draw(&s) % 5);
		if (wire_run_get(in, &r) == 0) {
			assert_true(inside(in, r.text) && inside(in, r.kernel));
			left = r.args;
			while (wire_run_next(&left, &a) > 0)
				assert_true(inside(in, a.bytes));
		}
		free(bytes);
	}
	buf_release(&args);
	buf_release(&good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_is_understood),
		cmocka_unit_test(what_no_walk_says_is_refused),
		cmocka_unit_test(every_cut_and_every_rest_is_refused),
		cmocka_unit_test(random_bytes_are_taken_within_their_bounds),
		cmocka_unit_test(a_kernel_and_its_arguments_are_understood),
		cmocka_unit_test(what_no_kernel_takes_is_refused),
		cmocka_unit_test(random_kernels_are_taken_within_their_bounds),
		cmocka_unit_test(an_answer_has_as_many_items_as_the_graph_has_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
