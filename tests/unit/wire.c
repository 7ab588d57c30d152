/* tests/unit/wire.c - what was sent is understood, and whatever else comes is refused */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "gpu/token.h"
#include "gpu/wire.h"
#include "tests/lib/kit.h"

static const uint8_t uuid[16] = "one of all store";

static uint64_t draw(uint64_t *s)
{
	*s += 0x9e3779b97f4a7c15u;
	return hash_u64(*s);
}

static uint64_t seed_of(const char *what)
{
	uint64_t s = 0;
	const char *given = getenv("SEED");

	s = given ? strtoull(given, NULL, 0) : 20261122;
	print_message("# %s: SEED=%llu\n", what, (unsigned long long)s);
	return s;
}

/* --- heads --- */

static void what_is_asked_is_understood(void **state)
{
	uint8_t message[sizeof(struct wire_head) + 5];
	struct wire_head *h = (void *)message;
	struct wire_message m;

	(void)state;
	memcpy(message + sizeof *h, "abcde", 5);
	for (unsigned type = 1; type < WIRE_TYPES; type++) {
		wire_ask_head(h, type, uuid, 5);
		must(wire_ask_get(bytes_of(message, sizeof message), &m));
		assert_int_equal(m.type, type);
		assert_memory_equal(m.store, uuid, 16);
		assert_true(bytes_equal(m.body, bytes_str("abcde")));
		assert_int_equal(wire_answer_get(bytes_of(message, sizeof message), &m),
				 ERR_BAD_RECORD);
	}
	wire_answer_head(h, WIRE_READ, uuid, 0, 5, 0);
	must(wire_answer_get(bytes_of(message, sizeof message), &m));
	assert_true(m.status == 0 && m.big_len == 0 && m.body.len == 5);
	wire_answer_head(h, WIRE_READ, uuid, 0, 0, UINT64_C(1) << 40);
	must(wire_answer_get(bytes_of(message, sizeof *h), &m));
	assert_true(m.big_len == UINT64_C(1) << 40);
}

static void a_head_that_lies_is_refused(void **state)
{
	static uint8_t message[WIRE_MESSAGE_MAX + 1];
	struct wire_head *h = (void *)message;
	struct wire_message m;

	(void)state;
	for (size_t len = 0; len < sizeof *h; len++) {
		wire_ask_head(h, WIRE_STAT, uuid, 0);
		assert_int_equal(wire_ask_get(bytes_of(message, len), &m), ERR_BAD_RECORD);
	}
	wire_ask_head(h, WIRE_STAT, uuid, 1);
	assert_int_equal(wire_ask_get(bytes_of(message, sizeof *h), &m), ERR_BAD_RECORD);
	wire_ask_head(h, 0, uuid, 0);
	assert_int_equal(wire_ask_get(bytes_of(message, sizeof *h), &m), ERR_BAD_RECORD);
	wire_ask_head(h, WIRE_TYPES, uuid, 0);
	assert_int_equal(wire_ask_get(bytes_of(message, sizeof *h), &m), ERR_BAD_RECORD);
	wire_ask_head(h, WIRE_STAT, uuid, 0);
	h->format = le16_of(2);
	assert_int_equal(wire_ask_get(bytes_of(message, sizeof *h), &m), ERR_NEWER);
	wire_ask_head(h, WIRE_STAT, uuid, WIRE_BODY_MAX + 1);
	assert_int_equal(wire_ask_get(bytes_of(message, sizeof message), &m),
			 ERR_BAD_RECORD);
	wire_answer_head(h, WIRE_STAT, uuid, -ERR_LIMIT, 0, 0);
	assert_int_equal(wire_answer_get(bytes_of(message, sizeof *h), &m), ERR_BAD_RECORD);
	wire_answer_head(h, WIRE_STAT, uuid, 0, 1, 1);
	assert_int_equal(wire_answer_get(bytes_of(message, sizeof *h + 1), &m),
			 ERR_BAD_RECORD);
}

/* --- bodies --- */

static void keys_of_every_length_travel(void **state)
{
	static const size_t length[] = { 1, 2, 255, 256, 65535 };
	static uint8_t bytes[65536];
	struct buf b = { 0 };
	struct bytes in, key;

	(void)state;
	memset(bytes, 0xa5, sizeof bytes);
	for (size_t i = 0; i < 5; i++)
		must(wire_key_put(&b, bytes_of(bytes, length[i])));
	assert_int_equal(wire_key_put(&b, bytes_of(bytes, 0)), ERR_TOO_BIG);
	assert_int_equal(wire_key_put(&b, bytes_of(bytes, 65536)), ERR_TOO_BIG);
	in = buf_bytes(&b);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(wire_key_get(&in, &key), 1);
		assert_true(bytes_equal(key, bytes_of(bytes, length[i])));
	}
	assert_int_equal(wire_key_get(&in, &key), 0);
	in = bytes_of(b.ptr, b.len - 1);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(wire_key_get(&in, &key), 1);
	assert_int_equal(wire_key_get(&in, &key), ERR_BAD_RECORD);
	in = bytes_of("\0\0", 2);		/* a key of no bytes */
	assert_int_equal(wire_key_get(&in, &key), ERR_BAD_RECORD);
	buf_release(&b);
}

static void an_error_arrives_with_its_words(void **state)
{
	uint8_t body[WIRE_ERROR_MAX];
	size_t n;

	(void)state;
	err_set(ERR_TOO_BIG, "as large as\x1b[2J a house");
	err_hint("take a smaller one");
	n = wire_error_put(body);
	err_clear();
	assert_int_equal(wire_error_get(-ERR_TOO_BIG, bytes_of(body, n)), ERR_TOO_BIG);
	assert_string_equal(err_message(), "as large as?[2J a house");
	assert_string_equal(err_hint_text(), "take a smaller one");
	for (size_t i = 0; i < n; i++)
		assert_int_equal(wire_error_get(-ERR_TOO_BIG, bytes_of(body, i)),
				 ERR_BAD_RECORD);
	assert_int_equal(wire_error_get(0, bytes_of(body, n)), ERR_BAD_RECORD);
	assert_int_equal(wire_error_get(4000000000u, bytes_of(body, n)), ERR_BAD_RECORD);
}

/* Whatever comes: no byte outside is touched (a page that nobody may read lies behind),
 * and what is understood lies within. */
static void random_bytes_are_read_within_their_bounds(void **state)
{
	uint64_t s = seed_of("random messages");
	size_t page = (size_t)sysconf(_SC_PAGESIZE), good = 0, n;
	uint8_t *map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *end = map + 2 * page;
	struct wire_message m;
	struct bytes in, key;
	uint32_t flags;
	char text[64];

	(void)state;
	assert_true(map != MAP_FAILED && mprotect(end, page, PROT_NONE) == 0);
	for (uint64_t i = 0; i < scaled(200000) || good < 1000; i++) {
		n = draw(&s) % (draw(&s) % 8 ? 120 : 2 * page);
		for (size_t j = 0; j < n; j++)
			end[j - n] = (uint8_t)(draw(&s) >> (j % 7 * 8));
		if (n >= sizeof(struct wire_head) && draw(&s) % 4) {
			wire_ask_head((void *)(end - n), 1 + draw(&s) % (WIRE_TYPES - 1), uuid,
				      n - sizeof(struct wire_head));
			if (draw(&s) % 2)
				(end - n)[draw(&s) % sizeof(struct wire_head)] ^=
					(uint8_t)(1u << draw(&s) % 8);
		}
		if (n >= 4 && draw(&s) % 2)
			(end - n)[3] = '!';
		in = bytes_of(end - n, n);
		if (wire_ask_get(in, &m) == 0 || wire_answer_get(in, &m) == 0) {
			assert_true(m.body.ptr + m.body.len == end);
			in = m.body;
			good++;
		}
		wire_error_get((uint32_t)(draw(&s) % 40), in);
		wire_which_get(&in, &flags);
		wire_text_get(&in, text, 1 + draw(&s) % sizeof text);
		while (wire_key_get(&in, &key) == 1)
			assert_true(key.len && key.ptr + key.len <= end);
	}
	munmap(map, 3 * page);
}

/* --- what comes along --- */

static void only_what_nobody_can_change_is_mapped(void **state)
{
	const uint8_t *got;
	uint8_t *ptr;
	int fd = wire_big_new(10000, &ptr), open_fd;

	(void)state;
	assert_true(fd >= 0);
	memset(ptr, 7, 10000);
	assert_int_equal(wire_big_map(fd, 10000, &got), ERR_BAD_RECORD);
	must(wire_big_seal(fd, ptr, 10000));
	must(wire_big_map(fd, 10000, &got));
	assert_true(got[0] == 7 && got[9999] == 7);
	munmap((void *)(uintptr_t)got, 10000);
	assert_int_equal(wire_big_map(fd, 10001, &got), ERR_BAD_RECORD);
	assert_int_equal(wire_big_map(fd, 0, &got), ERR_BAD_RECORD);
	assert_int_equal(ftruncate(fd, 1), -1);
	close(fd);
	open_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_int_equal(wire_big_map(open_fd, 1, &got), ERR_BAD_RECORD);
	close(open_fd);
}

/* --- tokens --- */

static void a_token_is_read_as_it_was_printed_and_nothing_else_is(void **state)
{
	uint64_t s = seed_of("tokens"), most = UINT64_MAX;
	char text[TOKEN_TEXT_MAX], other[TOKEN_TEXT_MAX];
	struct gpu_token t, got;
	uint8_t store[16];

	(void)state;
	for (uint64_t i = 0; i < scaled(20000); i++) {
		most = UINT64_MAX >> draw(&s) % 64;
		t = (struct gpu_token){
			.generation = draw(&s) & most, .version = draw(&s) & most,
			.stamp = 1 + draw(&s) % GPU_INDEX_STAMP_MAX,
			.off = (draw(&s) & most) % (GPU_INDEX_OFF_MAX + 1),
			.len = (draw(&s) & most) % (GPU_INDEX_LEN_MAX + 1),
			.arena = (uint32_t)(draw(&s) % GPU_INDEX_ARENA_MAX),
		};
		token_print(text, uuid, &t);
		must(token_parse(bytes_str(text), store, &got));
		assert_memory_equal(store, uuid, 16);
		assert_memory_equal(&got, &t, sizeof t);
		text[draw(&s) % strlen(text)] = (char)(draw(&s) % 255 + 1);
		if (token_parse(bytes_str(text), store, &got) == 0) {
			token_print(other, store, &got);
			assert_string_equal(other, text);
		}
	}
	assert_int_equal(token_parse(bytes_str("strato-gpu:"), store, &got), ERR_BAD_RECORD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_is_understood),
		cmocka_unit_test(a_head_that_lies_is_refused),
		cmocka_unit_test(keys_of_every_length_travel),
		cmocka_unit_test(an_error_arrives_with_its_words),
		cmocka_unit_test(random_bytes_are_read_within_their_bounds),
		cmocka_unit_test(only_what_nobody_can_change_is_mapped),
		cmocka_unit_test(a_token_is_read_as_it_was_printed_and_nothing_else_is),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
