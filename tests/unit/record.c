/* tests/unit/record.c - cli/record: every format, both ways, by attack
 *
 * The referee is a second parser, written to be slow and plain: it takes a stream
 * that is whole in memory, a byte at a time, and knows nothing of windows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "cli/record.h"

static uint64_t seed, turns;

static uint64_t any(void)
{
	return hash_u64(seed * 1000003 + turns++);
}

static uint64_t below(uint64_t n)
{
	return any() % n;
}

static int scaled(int n)
{
	const char *text = getenv("STRATO_TEST_SCALE");
	int scale = text ? atoi(text) : 100;

	n = n * scale / 100;
	return n > 1 ? n : 1;
}

/* --- records as a model --- */

struct item {
	struct buf key, value;
	bool absent;
};

struct items {
	struct item at[64];
	int n;
};

static void items_clear(struct items *s)
{
	for (int i = 0; i < s->n; i++) {
		buf_release(&s->at[i].key);
		buf_release(&s->at[i].value);
	}
	s->n = 0;
}

static struct item *items_add(struct items *s, struct bytes key, struct bytes value,
			      bool absent)
{
	struct item *it = &s->at[s->n++];

	assert_true(s->n <= 64);
	memset(it, 0, sizeof *it);
	assert_int_equal(buf_add(&it->key, key.ptr, key.len), 0);
	assert_int_equal(buf_add(&it->value, value.ptr, value.len), 0);
	it->absent = absent;
	return it;
}

static void same_items(const struct items *a, const struct items *b)
{
	assert_int_equal(a->n, b->n);
	for (int i = 0; i < a->n; i++) {
		assert_true(bytes_equal(buf_bytes(&a->at[i].key), buf_bytes(&b->at[i].key)));
		assert_true(bytes_equal(buf_bytes(&a->at[i].value),
					buf_bytes(&b->at[i].value)));
		assert_int_equal(a->at[i].absent, b->at[i].absent);
	}
}

/* Bytes of several kinds: all values, UTF-8, or what the formats are made of. */
static size_t some_bytes(uint8_t *out, size_t max, enum record_format f)
{
	static const char nasty[] = "\\\\NtNnx0\t\n\r\"{}:,+->=41\x80\xff";
	static const char utf8[] = "a\xc3\xa9 \xe2\x82\xac\xf0\x9f\x98\x80\"\\\x7f\xc2\x9b";
	size_t n = below(max + 1);
	unsigned kind = below(4);

	for (size_t i = 0; i < n; i++) {
		out[i] = kind == 0 ? (uint8_t)any() : kind == 1 ?
			 (uint8_t)nasty[below(sizeof nasty - 1)] : (uint8_t)('a' + below(26));
		if (f == RECORD_TEXT && (!out[i] || out[i] == '\n' || out[i] == '\t'))
			out[i] = '\\';
	}
	if (kind == 3 && max >= sizeof utf8) {
		memcpy(out, utf8, sizeof utf8 - 1);
		n = n < sizeof utf8 - 1 ? sizeof utf8 - 1 : n;
	}
	return n;
}

static void some_items(struct items *s, enum record_format f, size_t max)
{
	static uint8_t key[65536], value[1 << 17];
	int n = (int)below(12);

	for (int i = 0; i < n; i++) {
		size_t klen = some_bytes(key, below(20) ? 40 : below(40) ? 300 :
					 RECORD_KEY_MAX, f);
		size_t vlen = some_bytes(value, max, f);
		bool absent = f != RECORD_TEXT && below(6) == 0;

		if (klen == 0)
			key[klen++] = 'k';
		items_add(s, bytes_of(key, klen), bytes_of(value, absent ? 0 : vlen), absent);
	}
}

/* --- streams in memory --- */

static int to_buf(void *ctx, const void *ptr, size_t len)
{
	return buf_add(ctx, ptr, len);
}

struct feed {
	const uint8_t *ptr;
	size_t len, at, step;		/* step 0: a random one each time */
	int end;			/* what is said at the end: 0, or an error */
	unsigned calls;
};

static ssize_t feed_fill(void *ctx, void *buf, size_t cap)
{
	struct feed *f = ctx;
	size_t n = f->step ? f->step : 1 + below(below(4) ? 50 : 70000);

	f->calls++;
	if (f->at == f->len)
		return f->end ? err_set(f->end, "the feed broke") : 0;
	if (n > f->len - f->at)
		n = f->len - f->at;
	if (n > cap)
		n = cap;
	memcpy(buf, f->ptr + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static struct record_reader *reader(struct feed *f, enum record_format format,
				    enum record_shape shape, uint64_t hold, uint64_t max,
				    struct mem *mem)
{
	struct record_source from = { feed_fill, f, NULL };
	struct record_reader *r = NULL;

	assert_int_equal(record_open(&r, format, shape, &from, hold, max, mem), 0);
	return r;
}

/* Collects until the end or an error, which it returns. */
static int collect(struct record_reader *r, struct items *out)
{
	uint8_t piece[977];
	struct record rec;
	struct item *it;
	ssize_t n;
	int e;

	while ((e = record_next(r, &rec)) == 1) {
		it = items_add(out, rec.key, rec.value, rec.absent);
		while (rec.streamed) {
			n = record_value_read(r, piece, 1 + below(sizeof piece));
			if (n < 0) {
				out->n--;
				buf_release(&it->key);
				buf_release(&it->value);
				return (int)n;
			}
			if (n == 0)
				break;
			assert_int_equal(buf_add(&it->value, piece, (size_t)n), 0);
		}
		if (rec.value_len != RECORD_UNKNOWN)
			assert_int_equal(rec.value_len, it->value.len);
	}
	return e;
}

static void write_items(struct buf *out, const struct items *s, enum record_format f)
{
	struct record_writer *w = NULL;
	struct sink to = { to_buf, out };

	assert_int_equal(record_writer_open(&w, f, RECORD_PAIRS, to, NULL), 0);
	for (int i = 0; i < s->n; i++) {
		struct bytes key = buf_bytes(&s->at[i].key);
		struct bytes value = buf_bytes(&s->at[i].value);
		size_t at = 0, n;

		if (s->at[i].absent) {
			assert_int_equal(record_absent(w, key), 0);
			continue;
		}
		if (below(2)) {
			assert_int_equal(record_write(w, key, value), 0);
			continue;
		}
		assert_int_equal(record_value_begin(w, key, f == RECORD_CDB || below(2) ?
						    value.len : RECORD_UNKNOWN), 0);
		for (; at < value.len; at += n) {
			n = 1 + below(below(2) ? 5 : value.len);
			n = n < value.len - at ? n : value.len - at;
			assert_int_equal(record_value_feed(w, value.ptr + at, n), 0);
		}
		assert_int_equal(record_value_end(w), 0);
	}
	assert_int_equal(record_end(w), 0);
	record_writer_close(w);
}

/* --- the referee --- */

static int slow_hex(int c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF", *at;

	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) % 16 : -1;
}

/* One escaped field into OUT; false when an escape is unknown. */
static bool slow_unescape(const uint8_t *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = p[i];

		if (c == '\\') {
			if (++i == n)
				return false;
			c = p[i] == 't' ? '\t' : p[i] == 'n' ? '\n' : p[i] == 'r' ? '\r' :
			    p[i] == '0' ? '\0' : p[i] == '\\' ? '\\' : 'x';
			if (c == 'x') {
				if (p[i] != 'x' || i + 2 >= n || slow_hex(p[i + 1]) < 0 ||
				    slow_hex(p[i + 2]) < 0)
					return false;
				c = (uint8_t)(slow_hex(p[i + 1]) * 16 + slow_hex(p[i + 2]));
				i += 2;
			}
		}
		buf_add_byte(out, c);
	}
	return true;
}

/* 1, or 0 for a refused line. */
static int slow_line(const uint8_t *p, size_t n, bool text, struct items *out)
{
	struct item *it;
	size_t tab = 0;
	bool good;

	while (tab < n && p[tab] != '\t')
		tab++;
	if (tab == n)
		return 0;
	it = items_add(out, bytes_of("", 0), bytes_of("", 0), false);
	if (text) {
		good = buf_add(&it->key, p, tab) == 0 &&
		       buf_add(&it->value, p + tab + 1, n - tab - 1) == 0;
	} else if (n - tab - 1 == 2 && p[tab + 1] == '\\' && p[tab + 2] == 'N') {
		it->absent = true;
		good = slow_unescape(p, tab, &it->key);
	} else {
		good = slow_unescape(p, tab, &it->key) &&
		       slow_unescape(p + tab + 1, n - tab - 1, &it->value);
	}
	if (good && it->key.len)
		return 1;
	out->n--;
	buf_release(&it->key);
	buf_release(&it->value);
	return 0;
}

static void slow_lines(struct bytes b, bool text, struct items *out)
{
	size_t from = 0;

	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] == '\n') {
			assert_int_equal(slow_line(b.ptr + from, i - from, text, out), 1);
			from = i + 1;
		}
	assert_int_equal(from, b.len);
}

static size_t slow_number(const uint8_t **p)
{
	size_t v = 0;

	while (**p >= '0' && **p <= '9')
		v = v * 10 + (size_t)(*(*p)++ - '0');
	return v;
}

static void slow_cdb(struct bytes b, struct items *out)
{
	const uint8_t *p = b.ptr;

	while (*p != '\n') {
		bool absent = *p++ == '-';
		size_t klen = slow_number(&p), vlen = 0;

		if (!absent) {
			assert_int_equal(*p++, ',');
			vlen = slow_number(&p);
		}
		assert_int_equal(*p++, ':');
		items_add(out, bytes_of(p, klen), bytes_of(p + klen + 2, vlen), absent);
		p += klen + (absent ? 0 : 2 + vlen);
		assert_int_equal(*p++, '\n');
	}
	assert_ptr_equal(p + 1, b.ptr + b.len);
}

/* A JSON string or its base64, from behind its opening quote. */
static const uint8_t *slow_string(const uint8_t *p, bool base64, struct buf *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned v = 0, bits = 0, c;

	for (; *p != '"'; p++) {
		if (base64) {
			if (*p == '=')
				continue;
			v = v << 6 | (unsigned)(strchr(digits, *p) - digits);
			bits += 6;
			if (bits >= 8)
				buf_add_byte(out, (uint8_t)(v >> (bits -= 8)));
			continue;
		}
		assert_true(*p >= 0x20);
		if (*p != '\\') {
			buf_add_byte(out, *p);
			continue;
		}
		p++;
		if (*p != 'u') {
			c = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p == 'r' ? '\r' :
			    *p == 'b' ? '\b' : *p == 'f' ? '\f' : *p;
			buf_add_byte(out, (uint8_t)c);
			continue;
		}
		c = (unsigned)(slow_hex(p[1]) << 12 | slow_hex(p[2]) << 8 |
			       slow_hex(p[3]) << 4 | slow_hex(p[4]));
		p += 4;
		if (c >= 0x80)		/* the writer escapes no more than U+009F */
			buf_add_byte(out, (uint8_t)(0xc0 | c >> 6));
		buf_add_byte(out, (uint8_t)(c < 0x80 ? c : 0x80 | (c & 63)));
	}
	return p + 1;
}

static const uint8_t *slow_field(const uint8_t *p, const char *name, struct buf *out)
{
	size_t n = strlen(name);
	bool base64;

	assert_int_equal(*p, '"');
	assert_memory_equal(p + 1, name, n);
	p += n + 1;
	base64 = *p == '6';
	p += base64 ? 2 : 0;
	assert_memory_equal(p, "\":\"", 3);
	return slow_string(p + 3, base64, out);
}

static void slow_jsonl(struct bytes b, struct items *out)
{
	const uint8_t *p = b.ptr, *end = b.ptr + b.len;

	while (p < end) {
		struct item *it = items_add(out, bytes_of("", 0), bytes_of("", 0), false);

		assert_int_equal(*p++, '{');
		p = slow_field(p, "key", &it->key);
		assert_int_equal(*p++, ',');
		if (p[1] == 'a') {
			it->absent = true;
			assert_memory_equal(p, "\"absent\":true", 13);
			p += 13;
		} else {
			p = slow_field(p, "value", &it->value);
		}
		assert_memory_equal(p, "}\n", 2);
		p += 2;
	}
}

static void referee(struct bytes b, enum record_format f, struct items *out)
{
	if (f == RECORD_CDB)
		slow_cdb(b, out);
	else if (f == RECORD_JSONL)
		slow_jsonl(b, out);
	else
		slow_lines(b, f == RECORD_TEXT, out);
}

/* --- tests --- */

static void round_trip(enum record_format f, size_t max)
{
	struct items in = {0}, slow = {0}, back = {0};
	struct buf stream = {0};
	struct record_reader *r;
	struct feed feed;
	struct mem mem;

	mem_init(&mem, 0);
	some_items(&in, f, max);
	write_items(&stream, &in, f);
	if (stream.len || f != RECORD_CDB)
		referee(buf_bytes(&stream), f, &slow);
	same_items(&in, &slow);
	feed = (struct feed){ .ptr = stream.ptr, .len = stream.len,
			      .step = below(3) ? 0 : 1 + below(9) };
	r = reader(&feed, f, RECORD_PAIRS, below(2) ? 0 : 1 + below(200), 0, &mem);
	assert_int_equal(collect(r, &back), 0);
	same_items(&in, &back);
	assert_true(record_ready(r));
	record_close(r);
	assert_int_equal(mem.used, 0);
	items_clear(&in);
	items_clear(&slow);
	items_clear(&back);
	buf_release(&stream);
}

static void random_records_survive_every_format(void **state)
{
	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < scaled(1500); i++)
		for (enum record_format f = RECORD_TSV; f <= RECORD_JSONL; f++)
			round_trip(f, below(20) ? 60 : below(10) ? 5000 : 100000);
}

static void a_mebibyte_of_text_is_value64_whichever_way_it_is_written(void **state)
{
	static uint8_t value[RECORD_JSON_TEXT + 1];
	struct sink to;
	struct buf whole = {0}, parts = {0};
	struct record_writer *w;

	(void)state;
	memset(value, 'x', sizeof value);
	for (size_t len = sizeof value - 2; len <= sizeof value; len++) {
		buf_clear(&whole);
		buf_clear(&parts);
		to = (struct sink){ to_buf, &whole };
		record_writer_open(&w, RECORD_JSONL, RECORD_PAIRS, to, NULL);
		assert_int_equal(record_write(w, bytes_str("k"), bytes_of(value, len)), 0);
		record_writer_close(w);
		to.ctx = &parts;
		record_writer_open(&w, RECORD_JSONL, RECORD_PAIRS, to, NULL);
		assert_int_equal(record_value_begin(w, bytes_str("k"), RECORD_UNKNOWN), 0);
		for (size_t at = 0; at < len; at += 1000)
			assert_int_equal(record_value_feed(w, value + at,
				len - at < 1000 ? len - at : 1000), 0);
		assert_int_equal(record_value_end(w), 0);
		record_writer_close(w);
		assert_true(bytes_equal(buf_bytes(&whole), buf_bytes(&parts)));
		assert_int_equal(whole.ptr[17] == '6', len > RECORD_JSON_TEXT);
	}
	buf_release(&whole);
	buf_release(&parts);
}

static void all_byte_values_survive_as_key_and_as_value(void **state)
{
	struct items in = {0}, back = {0};
	struct buf stream = {0};
	struct record_reader *r;
	struct feed feed;
	uint8_t b[512];

	(void)state;
	for (int i = 0; i < 512; i++)
		b[i] = (uint8_t)i;
	for (enum record_format f = RECORD_TSV; f <= RECORD_JSONL; f++) {
		if (f == RECORD_TEXT)
			continue;
		buf_clear(&stream);
		for (int i = 0; i < 32; i++)
			items_add(&in, bytes_of(b + i * 8, 1 + (size_t)i * 7),
				  bytes_of(b + i, (size_t)i * 8), false);
		write_items(&stream, &in, f);
		feed = (struct feed){ .ptr = stream.ptr, .len = stream.len, .step = 1 };
		r = reader(&feed, f, RECORD_PAIRS, 0, 0, NULL);
		assert_int_equal(collect(r, &back), 0);
		same_items(&in, &back);
		record_close(r);
		items_clear(&in);
		items_clear(&back);
	}
	buf_release(&stream);
}

static void a_stream_cut_at_any_byte_gives_the_whole_records_and_says_so(void **state)
{
	struct items in = {0}, back = {0};
	struct buf stream = {0};
	struct record_reader *r;
	struct feed feed;
	int e, boundary;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < scaled(12); round++)
		for (enum record_format f = RECORD_TSV; f <= RECORD_JSONL; f++) {
			some_items(&in, f, 60);
			buf_clear(&stream);
			write_items(&stream, &in, f);
			for (size_t cut = 0; cut < stream.len && cut < 3000; cut++) {
				feed = (struct feed){ .ptr = stream.ptr, .len = cut };
				r = reader(&feed, f, RECORD_PAIRS, 1 + below(40), 0, NULL);
				e = collect(r, &back);
				/* between two lines nothing is missing; a JSON
				 * object is whole without its newline */
				boundary = f != RECORD_CDB &&
					(cut == 0 || stream.ptr[cut - 1] == '\n' ||
					 (f == RECORD_JSONL && stream.ptr[cut] == '\n'));
				assert_int_equal(e, boundary ? 0 : ERR_CUT_OFF);
				assert_true(back.n <= in.n);
				for (int i = back.n; i < in.n; i++) {
					buf_release(&in.at[i].key);
					buf_release(&in.at[i].value);
				}
				in.n = back.n;
				same_items(&in, &back);
				assert_int_equal(record_next(r, &(struct record){0}), e);
				record_close(r);
				items_clear(&in);
				items_clear(&back);
				if (f == RECORD_CDB)
					slow_cdb(buf_bytes(&stream), &in);
				else
					referee(buf_bytes(&stream), f, &in);
			}
			items_clear(&in);
		}
	buf_release(&stream);
}

/* Lines of anything: each is taken or refused exactly as the referee says, and a
 * refused one is there as it came. */
static void random_lines_are_judged_as_by_the_referee(void **state)
{
	static const char alphabet[] = "\\\\\\\\ttnrx0N\t\t\taF4\"";
	struct items slow = {0};
	struct record rec;
	struct record_reader *r;
	uint8_t stream[2000];
	struct feed feed;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < scaled(3000); round++) {
		bool text = below(2);
		size_t len = 0, from = 0, at;
		int e;

		for (int n = (int)below(20); n >= 0; n--) {
			for (size_t k = below(12); k > 0; k--)
				stream[len++] = (uint8_t)alphabet[below(sizeof alphabet - 1)];
			stream[len++] = '\n';
		}
		feed = (struct feed){ .ptr = stream, .len = len };
		r = reader(&feed, text ? RECORD_TEXT : RECORD_TSV, RECORD_PAIRS, 0, 0, NULL);
		for (uint64_t line = 1; from < len; line++, from = at + 1) {
			for (at = from; stream[at] != '\n'; at++)
				;
			e = record_next(r, &rec);
			assert_int_equal(record_line(r), line);
			if (slow_line(stream + from, at - from, text, &slow) == 0) {
				assert_int_equal(e, ERR_BAD_RECORD);
				assert_true(bytes_equal(record_raw(r), bytes_of(stream + from,
								at - from + 1)));
				continue;
			}
			assert_int_equal(e, 1);
			assert_int_equal(rec.off, from);
			assert_true(bytes_equal(rec.key, buf_bytes(&slow.at[0].key)));
			assert_true(bytes_equal(rec.value, buf_bytes(&slow.at[0].value)));
			assert_int_equal(rec.absent, slow.at[0].absent);
			items_clear(&slow);
		}
		assert_int_equal(record_next(r, &rec), 0);
		record_close(r);
	}
}

/* Good streams with a few bytes changed: any answer but a crash, and only
 * promised codes. */
static void mutated_streams_are_refused_or_read_but_never_crash(void **state)
{
	struct items in = {0}, back = {0};
	struct buf stream = {0};
	struct record_reader *r;
	struct record rec;
	struct feed feed;
	int e;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < scaled(8000); round++) {
		enum record_format f = below(4);

		some_items(&in, f, 30);
		buf_clear(&stream);
		write_items(&stream, &in, f);
		for (int i = (int)below(4); i >= 0 && stream.len; i--)
			stream.ptr[below(stream.len)] ^= (uint8_t)(1u << below(8));
		feed = (struct feed){ .ptr = stream.ptr, .len = stream.len };
		r = reader(&feed, f, RECORD_PAIRS, 1 + below(50), 0, NULL);
		for (int i = 0; i < 200; i++) {
			e = record_next(r, &rec);
			if (e == 0 || e == ERR_CUT_OFF)
				break;
			assert_true(e == 1 || e == ERR_BAD_RECORD || e == ERR_TOO_BIG);
		}
		record_close(r);
		items_clear(&in);
		items_clear(&back);
	}
	buf_release(&stream);
}

struct hostile {
	enum record_format format;
	const char *text;
	int code;
	const char *says;
};

static void hostile_lines_are_refused_with_their_reason(void **state)
{
	static const struct hostile hostile[] = {
		{ RECORD_TSV, "user:42 alice\n", ERR_BAD_RECORD,
		  "input line 1: expected KEY TAB VALUE, found no TAB: \"user:42 alice\"" },
		{ RECORD_TSV, "\n", ERR_BAD_RECORD, "found no TAB: \"\"" },
		{ RECORD_TSV, "\tv\n", ERR_BAD_RECORD, "an empty key" },
		{ RECORD_TSV, "k\ta\\q\n", ERR_BAD_RECORD, "unknown escape \"\\q\"" },
		{ RECORD_TSV, "k\ta\\\n", ERR_BAD_RECORD, "unknown escape" },
		{ RECORD_TSV, "k\t\\x4\n", ERR_BAD_RECORD, "unknown escape" },
		{ RECORD_TSV, "k\t\\xzz\n", ERR_BAD_RECORD, "unknown escape" },
		{ RECORD_TSV, "k\ta\\N\n", ERR_BAD_RECORD, "unknown escape" },
		{ RECORD_TSV, "\\N\tv\n", ERR_BAD_RECORD, "unknown escape" },
		{ RECORD_TSV, "k\tv", ERR_CUT_OFF, "cut off" },
		{ RECORD_TEXT, "k\tv", ERR_CUT_OFF, "cut off" },
		{ RECORD_CDB, "", ERR_CUT_OFF, "no empty line" },
		{ RECORD_CDB, "+1,1:k->v\n", ERR_CUT_OFF, "no empty line" },
		{ RECORD_CDB, "+1,2:k->v\n\n", ERR_CUT_OFF, "no empty line" },
		{ RECORD_CDB, "+1,9:k->v\n\n", ERR_CUT_OFF, "not whole" },
		{ RECORD_CDB, "+1,0:k->v\n\n", ERR_BAD_RECORD, "a LF after the value" },
		{ RECORD_CDB, "+0,1:->v\n\n", ERR_BAD_RECORD, "an empty key" },
		{ RECORD_CDB, "+65536,1:k->v\n\n", ERR_TOO_BIG, "65535" },
		{ RECORD_CDB, "+1,18446744073709551616:k->v\n\n", ERR_BAD_RECORD, "+KLEN" },
		{ RECORD_CDB, "+18446744073709551615,1:k->v\n\n", ERR_TOO_BIG, "key" },
		{ RECORD_CDB, "+1,18446744073709551615:k->v\n\n", ERR_TOO_BIG, "value" },
		{ RECORD_CDB, "+-1,1:k->v\n\n", ERR_BAD_RECORD, "+KLEN" },
		{ RECORD_CDB, "+ 1,1:k->v\n\n", ERR_BAD_RECORD, "+KLEN" },
		{ RECORD_CDB, "+1;1:k->v\n\n", ERR_BAD_RECORD, "+KLEN" },
		{ RECORD_CDB, "k->v\n\n", ERR_BAD_RECORD, "+KLEN" },
		{ RECORD_CDB, "+1,1:k=>v\n\n", ERR_BAD_RECORD, "->" },
		{ RECORD_CDB, "-1:kk\n\n", ERR_BAD_RECORD, "-KLEN" },
		{ RECORD_CDB, "\n+1,1:k->v\n\n", ERR_BAD_RECORD, "after the empty line" },
		{ RECORD_CDB, "+0000000000000000000000000000000000000000000000000001,",
		  ERR_BAD_RECORD, "+KLEN" },
		{ RECORD_JSONL, "\n", ERR_BAD_RECORD, "JSON object" },
		{ RECORD_JSONL, "[]\n", ERR_BAD_RECORD, "JSON object" },
		{ RECORD_JSONL, "{}\n", ERR_BAD_RECORD, "no \"key\"" },
		{ RECORD_JSONL, "{\"key\":\"a\"}\n", ERR_BAD_RECORD, "no \"value\"" },
		{ RECORD_JSONL, "{\"value\":\"a\"}\n", ERR_BAD_RECORD, "no \"key\"" },
		{ RECORD_JSONL, "{\"key\":\"\",\"value\":\"a\"}\n", ERR_BAD_RECORD, "empty key" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"value\":1}\n", ERR_BAD_RECORD, "a string" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"value\":null}\n", ERR_BAD_RECORD, "a string" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"value\":\"b\",\"ttl\":5}\n", ERR_BAD_RECORD,
		  "an unknown field: \"ttl\"" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"key64\":\"YQ==\",\"value\":\"\"}\n",
		  ERR_BAD_RECORD, "twice" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"value\":\"b\",\"absent\":true}\n",
		  ERR_BAD_RECORD, "both" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"absent\":false}\n", ERR_BAD_RECORD,
		  "no \"value\"" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"absent\":maybe}\n", ERR_BAD_RECORD, "true" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"value\":\"b\"} x\n", ERR_BAD_RECORD, "more" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"value\":\"b\",}\n", ERR_BAD_RECORD, "string" },
		{ RECORD_JSONL, "{\"key\":\"\xff\",\"value\":\"b\"}\n", ERR_BAD_RECORD, "UTF-8" },
		{ RECORD_JSONL, "{\"key\":\"\xc0\x80\",\"value\":\"\"}\n", ERR_BAD_RECORD,
		  "UTF-8" },
		{ RECORD_JSONL, "{\"key\":\"\xed\xa0\x80\",\"value\":\"\"}\n", ERR_BAD_RECORD,
		  "UTF-8" },
		{ RECORD_JSONL, "{\"key\":\"a\\q\",\"value\":\"b\"}\n", ERR_BAD_RECORD, "escape" },
		{ RECORD_JSONL, "{\"key\":\"\\ud800\",\"value\":\"\"}\n", ERR_BAD_RECORD,
		  "escape" },
		{ RECORD_JSONL, "{\"key\":\"\\udc00\\ud800\",\"value\":\"\"}\n", ERR_BAD_RECORD,
		  "escape" },
		{ RECORD_JSONL, "{\"key\":\"\\u12g4\",\"value\":\"\"}\n", ERR_BAD_RECORD,
		  "escape" },
		{ RECORD_JSONL, "{\"key\":\"a\tb\",\"value\":\"\"}\n", ERR_BAD_RECORD, "control" },
		{ RECORD_JSONL, "{\"key64\":\"YQ=\",\"value\":\"\"}\n", ERR_BAD_RECORD, "base64" },
		{ RECORD_JSONL, "{\"key64\":\"YR==\",\"value\":\"\"}\n", ERR_BAD_RECORD, "base64" },
		{ RECORD_JSONL, "{\"key64\":\"Y===\",\"value\":\"\"}\n", ERR_BAD_RECORD, "base64" },
		{ RECORD_JSONL, "{\"key64\":\"Y Q=\",\"value\":\"\"}\n", ERR_BAD_RECORD, "base64" },
		{ RECORD_JSONL, "{\"key\":\"a\",\"value\":\"b\"", ERR_CUT_OFF, "cut off" },
	};
	struct record_reader *r;
	struct record rec;
	struct feed feed;
	int e;

	(void)state;
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		const struct hostile *h = &hostile[i];

		for (size_t step = 1; step < 100; step += 98) {
			feed = (struct feed){ .ptr = (const void *)h->text,
					      .len = strlen(h->text), .step = step };
			r = reader(&feed, h->format, RECORD_PAIRS, 0, 0, NULL);
			while ((e = record_next(r, &rec)) == 1)
				;
			if (e != h->code || !strstr(err_message(), h->says))
				fail_msg("\"%s\": %d \"%s\", expected %d \"%s\"", h->text, e,
					 err_message(), h->code, h->says);
			record_close(r);
		}
	}
}

static void json_as_others_write_it_is_read(void **state)
{
	static const char stream[] =
		" { \"value\" : \"b\\u00e9\\ud83d\\ude00\\/\\u0000\" , \"key64\" : \"YQ\\/\\/\" } \r\n"
		"{\"key\":\"\\\"\\\\\\b\\f\\n\\r\\t\",\"value64\":\"\",\"absent\":false}\n"
		"{\"absent\":true,\"key\":\"gone\"}";
	struct feed feed = { .ptr = (const void *)stream, .len = sizeof stream - 1 };
	struct record_reader *r = reader(&feed, RECORD_JSONL, RECORD_PAIRS, 0, 0, NULL);
	struct items got = {0};

	(void)state;
	assert_int_equal(collect(r, &got), 0);
	assert_int_equal(got.n, 3);
	assert_true(bytes_equal(buf_bytes(&got.at[0].key), bytes_of("a\x0f\xff", 3)));
	assert_true(bytes_equal(buf_bytes(&got.at[0].value),
				bytes_of("b\xc3\xa9\xf0\x9f\x98\x80/\0", 9)));
	assert_true(bytes_equal(buf_bytes(&got.at[1].key), bytes_str("\"\\\b\f\n\r\t")));
	assert_int_equal(got.at[1].value.len, 0);
	assert_true(got.at[2].absent);
	items_clear(&got);
	record_close(r);
}

static void a_key_is_at_most_65535_bytes_however_it_is_spelled(void **state)
{
	static char line[4 * 65536 + 10];
	struct record_reader *r;
	struct record rec;
	struct feed feed;

	(void)state;
	for (unsigned shape = 0; shape < 2; shape++)
		for (size_t n = 65535; n <= 65536; n++)
			for (unsigned spelled = 0; spelled < 2; spelled++) {
				size_t len = 0;

				for (size_t i = 0; i < n; i++, len += spelled ? 4 : 1)
					memcpy(line + len, spelled ? "\\x41" : "A",
					       spelled ? 4 : 1);
				strcpy(line + len, shape ? "\n" : "\tv\n");
				feed = (struct feed){ .ptr = (void *)line,
						      .len = len + (shape ? 1 : 3),
						      .step = 60000 };
				r = reader(&feed, RECORD_TSV, shape, 16, 0, NULL);
				if (n == 65535) {
					assert_int_equal(record_next(r, &rec), 1);
					assert_int_equal(rec.key.len, n);
				} else {
					/* nobody looks for a TAB behind the
					 * longest spelling there is */
					assert_int_equal(record_next(r, &rec),
						spelled && !shape ? ERR_BAD_RECORD :
						ERR_TOO_BIG);
				}
				assert_int_equal(record_next(r, &rec), 0);
				record_close(r);
			}
}

static void reading_goes_on_after_a_bad_line_of_any_length(void **state)
{
	struct buf stream = {0};
	struct record_reader *r;
	struct record rec;
	struct feed feed;

	(void)state;
	for (size_t len = 1; len < 900000; len = len * 7 + 3) {
		buf_clear(&stream);
		buf_add(&stream, "a\tb\n", 4);
		for (size_t i = 0; i < len; i++)
			buf_add_byte(&stream, 'x');
		buf_add(&stream, "\nc\td\n", 5);
		feed = (struct feed){ .ptr = stream.ptr, .len = stream.len, .step = 5000 };
		r = reader(&feed, RECORD_TSV, RECORD_PAIRS, 1000, 0, NULL);
		assert_int_equal(record_next(r, &rec), 1);
		assert_int_equal(record_next(r, &rec), ERR_BAD_RECORD);
		assert_true(record_raw(r).len > 0 && record_raw(r).ptr[0] == 'x');
		assert_int_equal(record_next(r, &rec), 1);
		assert_int_equal(rec.line, 3);
		assert_true(bytes_equal(rec.value, bytes_str("d")));
		assert_int_equal(record_next(r, &rec), 0);
		record_close(r);
	}
	buf_release(&stream);
}

static void a_value_over_the_limit_is_refused_and_the_next_record_read(void **state)
{
	static const enum record_format formats[] = { RECORD_TSV, RECORD_TEXT, RECORD_JSONL };
	uint8_t value[300];
	struct record_reader *r;
	struct items in = {0}, back = {0};
	struct buf stream = {0};
	struct feed feed;

	(void)state;
	memset(value, '\\', sizeof value);
	for (size_t i = 0; i < 3; i++)
		for (uint64_t hold = 16; hold < 1000; hold *= 4) {
			buf_clear(&stream);
			items_add(&in, bytes_str("a"), bytes_of(value, 201), false);
			items_add(&in, bytes_str("b"), bytes_of(value, 200), false);
			write_items(&stream, &in, formats[i]);
			feed = (struct feed){ .ptr = stream.ptr, .len = stream.len, .step = 7 };
			r = reader(&feed, formats[i], RECORD_PAIRS, hold, 200, NULL);
			assert_int_equal(collect(r, &back), ERR_TOO_BIG);
			assert_int_equal(back.n, 0);
			assert_int_equal(collect(r, &back), 0);
			assert_int_equal(back.n, 1);
			assert_int_equal(back.at[0].value.len, 200);
			record_close(r);
			items_clear(&in);
			items_clear(&back);
		}
	buf_release(&stream);
}

/* A value made as it is asked for: nobody holds it. */
struct endless {
	uint64_t left, len;
	enum record_format format;
};

static ssize_t endless_fill(void *ctx, void *buf, size_t cap)
{
	struct endless *e = ctx;
	char head[64];
	size_t n;

	if (e->left == e->len + 1) {
		e->left--;
		n = (size_t)snprintf(head, sizeof head, "+1,%llu:k->",
				     (unsigned long long)e->len);
		if (e->format == RECORD_TSV)
			n = (size_t)snprintf(head, sizeof head, "k\t");
		memcpy(buf, head, n);
		return (ssize_t)n;
	}
	if (e->left) {
		n = cap < e->left ? cap : (size_t)e->left;
		memset(buf, 'v', n);
		e->left -= n;
		return (ssize_t)n;
	}
	if (e->format == RECORD_NUL)
		return 0;
	n = e->format == RECORD_CDB ? 2 : 1;
	memcpy(buf, "\n\n", n);
	e->format = RECORD_NUL;
	return (ssize_t)n;
}

static void a_large_value_streams_through_bounded_memory(void **state)
{
	static const enum record_format formats[] = { RECORD_TSV, RECORD_CDB };
	static uint8_t piece[50000];
	struct record_source from = { endless_fill, NULL, NULL };
	struct record_reader *r = NULL;
	struct record rec;
	struct mem mem;
	ssize_t n;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct endless e = { (64 << 20) + 1, 64 << 20, formats[i] };
		uint64_t got = 0;

		mem_init(&mem, 1 << 20);
		from.ctx = &e;
		assert_int_equal(record_open(&r, formats[i], RECORD_PAIRS, &from,
					     100000, 0, &mem), 0);
		assert_int_equal(record_next(r, &rec), 1);
		assert_true(rec.streamed);
		while ((n = record_value_read(r, piece, sizeof piece)) > 0)
			got += (uint64_t)n;
		assert_int_equal(n, 0);
		assert_int_equal(got, 64 << 20);
		assert_true(bytes_equal(rec.key, bytes_str("k")));
		assert_int_equal(record_next(r, &rec), 0);
		record_close(r);
		assert_int_equal(mem.used, 0);
	}
}

static void a_streamed_value_left_unread_is_skipped(void **state)
{
	struct items in = {0};
	struct buf stream = {0};
	struct record_reader *r;
	struct record rec;
	struct feed feed;
	uint8_t value[5000], piece[100];

	(void)state;
	memset(value, '\n', sizeof value);
	for (enum record_format f = RECORD_TSV; f <= RECORD_CDB; f += 2) {
		buf_clear(&stream);
		for (int i = 0; i < 5; i++)
			items_add(&in, bytes_str("key"), bytes_of(value, sizeof value), false);
		write_items(&stream, &in, f);
		feed = (struct feed){ .ptr = stream.ptr, .len = stream.len, .step = 333 };
		r = reader(&feed, f, RECORD_PAIRS, 64, 0, NULL);
		for (int i = 0; i < 5; i++) {
			assert_int_equal(record_next(r, &rec), 1);
			assert_true(rec.streamed);
			assert_true(bytes_equal(rec.key, bytes_str("key")));
			if (i % 2)
				assert_true(record_value_read(r, piece, sizeof piece) > 0);
		}
		assert_int_equal(record_next(r, &rec), 0);
		record_close(r);
		items_clear(&in);
	}
	buf_release(&stream);
}

static void a_failing_source_is_an_error_and_never_the_end(void **state)
{
	const char *stream = "a\tb\nc\td\n";
	struct record_reader *r;
	struct record rec;
	struct feed feed;

	(void)state;
	for (size_t cut = 0; cut <= strlen(stream); cut++) {
		feed = (struct feed){ .ptr = (const void *)stream, .len = cut,
				      .end = ERR_IO };
		r = reader(&feed, RECORD_TSV, RECORD_PAIRS, 0, 0, NULL);
		for (size_t i = 0; i < cut / 4; i++)
			assert_int_equal(record_next(r, &rec), 1);
		assert_int_equal(record_next(r, &rec), ERR_IO);
		err_clear();
		assert_int_equal(record_next(r, &rec), ERR_IO);
		assert_string_equal(err_message(), "the feed broke");
		record_close(r);
	}
}

static void ready_tells_whether_the_source_would_be_asked(void **state)
{
	struct items in = {0};
	struct buf stream = {0};
	struct record_reader *r;
	struct record rec;
	struct feed feed;
	bool ready;
	int e;

	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < scaled(400); round++) {
		enum record_format f = below(4);

		some_items(&in, f, 60);
		buf_clear(&stream);
		write_items(&stream, &in, f);
		feed = (struct feed){ .ptr = stream.ptr, .len = stream.len,
				      .step = 1 + below(100) };
		r = reader(&feed, f, RECORD_PAIRS, 0, 0, NULL);
		do {
			unsigned calls = feed.calls;

			ready = record_ready(r);
			assert_int_equal(feed.calls, calls);
			e = record_next(r, &rec);
			assert_int_equal(feed.calls == calls, ready);
		} while (e == 1);
		assert_int_equal(e, 0);
		record_close(r);
		items_clear(&in);
	}
	buf_release(&stream);
}

static void lists_of_keys_come_back_in_each_form(void **state)
{
	static const enum record_format formats[] = {
		RECORD_TSV, RECORD_TEXT, RECORD_CDB, RECORD_NUL,
	};
	static uint8_t key[400];
	struct items in = {0}, back = {0};
	struct record_writer *w;
	struct record_reader *r;
	struct buf stream = {0};
	struct sink to = { to_buf, &stream };
	struct feed feed;

	(void)state;
	for (int round = 0; round < scaled(300); round++)
		for (size_t i = 0; i < 4; i++) {
			enum record_format f = formats[i];

			buf_clear(&stream);
			record_writer_open(&w, f, RECORD_KEYS, to, NULL);
			for (int n = (int)below(20); n > 0; n--) {
				size_t len = some_bytes(key, 60, f);

				for (size_t k = 0; k < len && f == RECORD_NUL; k++)
					key[k] = key[k] ? key[k] : '\n';
				if (len == 0)
					key[len++] = '\t';
				items_add(&in, bytes_of(key, len), bytes_of("", 0), false);
				assert_int_equal(record_key(w, bytes_of(key, len)), 0);
			}
			assert_int_equal(record_end(w), 0);
			record_writer_close(w);
			feed = (struct feed){ .ptr = stream.ptr, .len = stream.len };
			r = reader(&feed, f, RECORD_KEYS, 0, 0, NULL);
			assert_int_equal(collect(r, &back), 0);
			same_items(&in, &back);
			record_close(r);
			items_clear(&in);
			items_clear(&back);
		}
	buf_release(&stream);
}

static void a_list_without_its_last_end_is_cut_off(void **state)
{
	static const enum record_format formats[] = { RECORD_TSV, RECORD_TEXT, RECORD_NUL };
	struct record_reader *r;
	struct record rec;
	struct feed feed;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		feed = (struct feed){ .ptr = (const void *)"user/1", .len = 6 };
		r = reader(&feed, formats[i], RECORD_KEYS, 0, 0, NULL);
		assert_int_equal(record_next(r, &rec), ERR_CUT_OFF);
		record_close(r);
	}
}

static int writes(enum record_format f, const char *key, size_t klen,
		  const char *value, size_t vlen)
{
	struct buf out = {0};
	struct record_writer *w;
	int r;

	record_writer_open(&w, f, RECORD_PAIRS, (struct sink){ to_buf, &out }, NULL);
	r = value ? record_write(w, bytes_of(key, klen), bytes_of(value, vlen)) :
		    record_absent(w, bytes_of(key, klen));
	if (r < 0) {
		assert_int_equal(out.len, 0);
		assert_int_equal(record_write(w, bytes_str("k"), bytes_str("v")), 0);
		assert_true(bytes_equal(buf_bytes(&out), bytes_str("k\tv\n")));
	}
	record_writer_close(w);
	buf_release(&out);
	return r;
}

static void text_refuses_what_it_cannot_carry_and_writes_nothing_of_it(void **state)
{
	(void)state;
	assert_int_equal(writes(RECORD_TEXT, "a\tb", 3, "v", 1), ERR_BAD_RECORD);
	assert_int_equal(writes(RECORD_TEXT, "a\nb", 3, "v", 1), ERR_BAD_RECORD);
	assert_int_equal(writes(RECORD_TEXT, "a\0b", 3, "v", 1), ERR_BAD_RECORD);
	assert_int_equal(writes(RECORD_TEXT, "k", 1, "a\nb", 3), ERR_BAD_RECORD);
	assert_int_equal(writes(RECORD_TEXT, "k", 1, "a\0b", 3), ERR_BAD_RECORD);
	assert_int_equal(writes(RECORD_TEXT, "k", 1, NULL, 0), ERR_BAD_RECORD);
	assert_int_equal(writes(RECORD_TEXT, "k", 1, "a\\tb\\N", 6), 0);
	assert_int_equal(err_status(ERR_BAD_RECORD), 65);
}

static int broken_sink(void *ctx, const void *ptr, size_t len)
{
	(void)ctx;
	(void)ptr;
	(void)len;
	return err_set(ERR_NO_SPACE, "full");
}

static void the_sinks_error_comes_out(void **state)
{
	struct record_writer *w;

	(void)state;
	for (enum record_format f = RECORD_TSV; f <= RECORD_JSONL; f++) {
		record_writer_open(&w, f, RECORD_PAIRS, (struct sink){ broken_sink, NULL },
				   NULL);
		assert_int_equal(record_write(w, bytes_str("k"), bytes_str("v")),
				 ERR_NO_SPACE);
		record_writer_close(w);
	}
}

static void a_length_that_was_promised_is_kept(void **state)
{
	struct buf out = {0};
	struct record_writer *w;

	(void)state;
	record_writer_open(&w, RECORD_CDB, RECORD_PAIRS, (struct sink){ to_buf, &out }, NULL);
	assert_int_equal(record_value_begin(w, bytes_str("k"), RECORD_UNKNOWN), ERR_BUG);
	assert_int_equal(record_value_begin(w, bytes_str("k"), 3), 0);
	assert_int_equal(record_value_feed(w, "ab", 2), 0);
	assert_int_equal(record_value_end(w), ERR_BUG);
	assert_int_equal(record_value_feed(w, "cd", 2), ERR_BUG);
	record_writer_close(w);
	buf_release(&out);
}

static void memory_that_runs_out_is_an_error_and_nothing_is_kept(void **state)
{
	static uint8_t value[300000];
	struct items in = {0}, back = {0};
	struct record_source from = { feed_fill, NULL, NULL };
	struct record_reader *r = NULL;
	struct buf stream = {0};
	struct feed feed;
	struct mem mem;
	int e = ERR_MEMORY;

	(void)state;
	memset(value, 'v', sizeof value);
	items_add(&in, bytes_str("a"), bytes_of(value, sizeof value), false);
	write_items(&stream, &in, RECORD_TSV);
	for (uint64_t at = 1; e == ERR_MEMORY; at++) {
		assert_true(at < 100);
		mem_init(&mem, 0);
		mem.fail_at = at;
		feed = (struct feed){ .ptr = stream.ptr, .len = stream.len, .step = 9999 };
		from.ctx = &feed;
		e = record_open(&r, RECORD_TSV, RECORD_PAIRS, &from, 200000, 0, &mem);
		if (e == 0) {
			e = collect(r, &back);
			record_close(r);
		}
		assert_int_equal(mem.used, 0);
	}
	assert_int_equal(e, 0);
	same_items(&in, &back);
	items_clear(&in);
	items_clear(&back);
	buf_release(&stream);
}

static void nul_is_for_lists_and_formats_have_names(void **state)
{
	struct record_source from = { feed_fill, NULL, NULL };
	struct record_reader *r = NULL;
	struct record_writer *w = NULL;

	(void)state;
	assert_int_equal(record_open(&r, RECORD_NUL, RECORD_PAIRS, &from, 0, 0, NULL),
			 ERR_USAGE);
	assert_int_equal(record_writer_open(&w, RECORD_NUL, RECORD_PAIRS,
					    output_stdout(), NULL), ERR_USAGE);
	for (enum record_format f = RECORD_TSV; f <= RECORD_JSONL; f++)
		assert_int_equal(record_format_of(record_format_name(f)), f);
	assert_int_equal(record_format_of("json"), ERR_USAGE);
	assert_int_equal(record_format_of("NUL"), ERR_USAGE);
	record_close(NULL);
	record_writer_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_records_survive_every_format),
		cmocka_unit_test(a_mebibyte_of_text_is_value64_whichever_way_it_is_written),
		cmocka_unit_test(all_byte_values_survive_as_key_and_as_value),
		cmocka_unit_test(a_stream_cut_at_any_byte_gives_the_whole_records_and_says_so),
		cmocka_unit_test(random_lines_are_judged_as_by_the_referee),
		cmocka_unit_test(mutated_streams_are_refused_or_read_but_never_crash),
		cmocka_unit_test(hostile_lines_are_refused_with_their_reason),
		cmocka_unit_test(json_as_others_write_it_is_read),
		cmocka_unit_test(a_key_is_at_most_65535_bytes_however_it_is_spelled),
		cmocka_unit_test(reading_goes_on_after_a_bad_line_of_any_length),
		cmocka_unit_test(a_value_over_the_limit_is_refused_and_the_next_record_read),
		cmocka_unit_test(a_large_value_streams_through_bounded_memory),
		cmocka_unit_test(a_streamed_value_left_unread_is_skipped),
		cmocka_unit_test(a_failing_source_is_an_error_and_never_the_end),
		cmocka_unit_test(ready_tells_whether_the_source_would_be_asked),
		cmocka_unit_test(lists_of_keys_come_back_in_each_form),
		cmocka_unit_test(a_list_without_its_last_end_is_cut_off),
		cmocka_unit_test(text_refuses_what_it_cannot_carry_and_writes_nothing_of_it),
		cmocka_unit_test(the_sinks_error_comes_out),
		cmocka_unit_test(a_length_that_was_promised_is_kept),
		cmocka_unit_test(memory_that_runs_out_is_an_error_and_nothing_is_kept),
		cmocka_unit_test(nul_is_for_lists_and_formats_have_names),
	};
	const char *text = getenv("STRATO_TEST_SEED");

	seed = text ? strtoull(text, NULL, 10) : clock_random() % 1000000000;
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
