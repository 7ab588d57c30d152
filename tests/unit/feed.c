/* tests/unit/feed.c - graph/feed: any threads, any chunks, the lines of the input */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "graph/feed.h"
#include "io/stream.h"

static uint64_t seed, turn;
static char path[64];
static char gzip[80];

static uint64_t rnd(uint64_t below)
{
	return hash_u64(seed + turn++) % below;
}

static size_t scaled(size_t n)
{
	const char *text = getenv("STRATO_TEST_SCALE");

	n = n * (text ? strtoul(text, NULL, 10) : 100) / 100;
	return n ? n : 1;
}

static int setup(void **state)
{
	int fd;

	(void)state;
	seed = getenv("STRATO_TEST_SEED") ? strtoull(getenv("STRATO_TEST_SEED"), NULL, 0)
					  : clock_random();
	turn = 0;
	print_message("# STRATO_TEST_SEED=%#" PRIx64 "\n", seed);
	strcpy(path, "/tmp/feed-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	sprintf(gzip, "gzip -kf %s", path);
	return 0;
}

static int teardown(void **state)
{
	char packed[80];

	(void)state;
	sprintf(packed, "%s.gz", path);
	unlink(packed);
	return unlink(path);
}

static void write_file(const char *name, const void *text, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

/* --- what came, and what should come --- */

struct got_edge {
	uint64_t at;
	size_t text;			/* in TEXTS: "src>dst:type=weight\n" */
	size_t len;
};

struct story {
	pthread_mutex_t mutex;
	char *texts;
	size_t texts_len, texts_cap;
	struct got_edge *edge;
	size_t edge_n, edge_cap;
	char *odd;			/* "number good ended cut line\n" */
	size_t odd_len, odd_cap, odd_n;
	/* failures to play */
	size_t odd_most;
	uint64_t stop_after, stops;
	size_t edges_most;
	struct feed_note note;
	int result;
};

static void story_open(struct story *s)
{
	*s = (struct story){ .odd_most = SIZE_MAX, .stop_after = UINT64_MAX,
			     .edges_most = SIZE_MAX };
	pthread_mutex_init(&s->mutex, NULL);
}

static void story_close(struct story *s)
{
	free(s->texts);
	free(s->edge);
	free(s->odd);
	pthread_mutex_destroy(&s->mutex);
}

static void grow(void *array, size_t *cap, size_t need, size_t one)
{
	void **at = array;

	if (need <= *cap)
		return;
	*cap = 2 * need + 64;
	*at = realloc(*at, *cap * one);
	assert_non_null(*at);
}

static void put(char **to, size_t *len, size_t *cap, const void *from, size_t n)
{
	grow(to, cap, *len + n, 1);
	memcpy(*to + *len, from, n);
	*len += n;
}

static void story_edge(struct story *s, uint64_t at, struct bytes src, struct bytes dst,
		       struct bytes type, const struct text_value *v)
{
	struct got_edge *e;
	char value[64];
	int n = 0;

	grow(&s->edge, &s->edge_cap, s->edge_n + 1, sizeof *s->edge);
	e = &s->edge[s->edge_n++];
	*e = (struct got_edge){ .at = at, .text = s->texts_len };
	put(&s->texts, &s->texts_len, &s->texts_cap, src.ptr, src.len);
	put(&s->texts, &s->texts_len, &s->texts_cap, ">", 1);
	put(&s->texts, &s->texts_len, &s->texts_cap, dst.ptr, dst.len);
	put(&s->texts, &s->texts_len, &s->texts_cap, ":", 1);
	put(&s->texts, &s->texts_len, &s->texts_cap, type.ptr ? type.ptr : src.ptr, type.len);
	if (v && v->kind == TEXT_INTEGER)
		n = sprintf(value, "=i%" PRId64, v->i);
	if (v && v->kind == TEXT_REAL)
		n = sprintf(value, "=r%a", v->r);
	put(&s->texts, &s->texts_len, &s->texts_cap, value, (size_t)n);
	e->len = s->texts_len - e->text;
}

static void story_odd(struct story *s, const struct feed_line *l)
{
	char head[96];
	int n = sprintf(head, "%" PRIu64 " %" PRIu64 " %d %d ", l->number, l->good,
			l->ended && !l->cut, l->cut);

	put(&s->odd, &s->odd_len, &s->odd_cap, head, (size_t)n);
	put(&s->odd, &s->odd_len, &s->odd_cap, l->line.ptr, l->line.len);
	put(&s->odd, &s->odd_len, &s->odd_cap, "\n", 1);
	s->odd_n++;
}

static struct bytes show_number(uint64_t v, char *out)
{
	return bytes_of(out, (size_t)sprintf(out, "%" PRIu64, v));
}

static int on_edges(void *ctx, const struct feed_batch *b)
{
	struct story *s = ctx;
	char src[24], dst[24];
	int r = 0;

	pthread_mutex_lock(&s->mutex);
	for (size_t i = 0; i < b->n; i++)
		if (b->text)
			story_edge(s, b->at + i, b->text[i].src.bytes, b->text[i].dst.bytes,
				   b->text[i].type, &b->text[i].value);
		else
			story_edge(s, b->at + i, show_number(b->number[i].src, src),
				   show_number(b->number[i].dst, dst), (struct bytes){0},
				   b->value ? &b->value[i] : NULL);
	if (s->edge_n > s->edges_most)
		r = err_set(ERR_NO_SPACE, "the sink is full");
	pthread_mutex_unlock(&s->mutex);
	return r;
}

static int on_odd(void *ctx, const struct feed_line *l)
{
	struct story *s = ctx;

	story_odd(s, l);
	if (s->odd_n > s->odd_most)
		return err_set(ERR_BAD_RECORD, "line %" PRIu64, l->number);
	return 0;
}

static int on_stop(void *ctx, uint64_t bytes, uint64_t edge_n)
{
	struct story *s = ctx;

	(void)edge_n;
	(void)bytes;
	return ++s->stops > s->stop_after ? err_set(ERR_IO, "stopped") : 0;
}

static int by_place(const void *a, const void *b)
{
	const struct got_edge *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* The reference: line by line, in this thread, by the rules in text.h. */
static void model(struct story *s, const struct text_dialect *d, bool numbers,
		  const uint8_t *text, size_t len)
{
	uint8_t *room = malloc(TEXT_LINE_MAX);
	struct feed_line l = {0};

	assert_non_null(room);
	for (size_t at = 0; at < len;) {
		const uint8_t *lf = memchr(text + at, '\n', len - at);
		size_t whole = lf ? (size_t)(lf - text) - at : len - at;
		struct text_edge e;
		int r;

		l.number++;
		l.cut = whole > TEXT_LINE_MAX;
		l.ended = lf;
		l.line = bytes_of(text + at, l.cut ? TEXT_LINE_MAX : whole);
		text_edge_clear(&e, NULL);
		r = d->line(l.line, room, &e);
		if (r == 1 && (l.cut || (numbers && !(e.src.is_number && e.dst.is_number))))
			r = ERR_BAD_RECORD;
		if (r == 0 && l.cut && text[at] != '#')	/* what follows the blanks would be lost */
			r = ERR_BAD_RECORD;
		if (r == 1) {
			story_edge(s, l.good++, e.src.bytes, e.dst.bytes, e.type, &e.value);
		} else if (r < 0) {
			story_odd(s, &l);
		}
		at += whole + 1;
	}
	s->note = (struct feed_note){ .line_n = l.number, .edge_n = l.good };
	free(room);
}

struct plan {
	const struct text_dialect *dialect;
	unsigned threads;
	size_t chunk;
	bool numbers;
	size_t head;			/* bytes read before, of a stream */
	struct mem *mem;
};

static void feed_in(struct story *s, const struct plan *p, struct in *in)
{
	static uint8_t head[1024];
	ssize_t n = p->head ? in_read(in, head, p->head) : 0;
	struct feed_options o = {
		.in = in, .head = bytes_of(head, n > 0 ? (size_t)n : 0),
		.dialect = p->dialect, .numbers = p->numbers, .threads = p->threads,
		.chunk = p->chunk, .mem = p->mem, .at = 1000,
		.edges = on_edges, .odd = on_odd, .stop = on_stop, .ctx = s,
	};

	s->result = n < 0 ? (int)n : feed_run(&o, &s->note);
	if (s->edge_n)
		qsort(s->edge, s->edge_n, sizeof *s->edge, by_place);
	for (size_t i = 1; i < s->edge_n; i++)
		assert_true(s->edge[i - 1].at < s->edge[i].at);
	if (s->edge_n && s->result == 0)
		assert_true(s->edge[0].at >= 1000 && s->edge[s->edge_n - 1].at < s->note.at);
}

static void feed_file(struct story *s, const struct plan *p, const char *name)
{
	struct in *in;

	assert_int_equal(in_open(&in, name, true, NULL), 0);
	feed_in(s, p, in);
	in_close(in);
}

/* Through a pipe, some bytes at a time. */
static void feed_pipe(struct story *s, const struct plan *p, const uint8_t *text, size_t len,
		      size_t most)
{
	char name[32];
	int fd[2], status;
	struct in *in;
	pid_t child;

	assert_int_equal(pipe(fd), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(fd[0]);
		for (size_t at = 0; at < len;) {
			size_t n = 1 + rnd(most);
			ssize_t done = write(fd[1], text + at, n < len - at ? n : len - at);

			if (done < 0)
				break;
			at += (size_t)done;
		}
		_exit(0);
	}
	close(fd[1]);
	sprintf(name, "/dev/fd/%d", fd[0]);
	assert_int_equal(in_open(&in, name, true, NULL), 0);
	close(fd[0]);
	feed_in(s, p, in);
	in_close(in);
	assert_int_equal(waitpid(child, &status, 0), child);
}

static void same(const struct story *got, const struct story *want, const struct plan *p)
{
	size_t n = got->edge_n < want->edge_n ? got->edge_n : want->edge_n;

	for (size_t i = 0; i < n; i++) {
		const struct got_edge *a = &got->edge[i], *b = &want->edge[i];

		if (a->len != b->len || memcmp(got->texts + a->text, want->texts + b->text, a->len))
			fail_msg("threads %u, chunk %zu: edge %zu is \"%.*s\", not \"%.*s\"",
				 p->threads, p->chunk, i, (int)a->len, got->texts + a->text,
				 (int)b->len, want->texts + b->text);
	}
	if (got->edge_n != want->edge_n || got->note.line_n != want->note.line_n ||
	    got->note.edge_n != want->note.edge_n)
		fail_msg("threads %u, chunk %zu: %zu edges (%" PRIu64 "), %" PRIu64 " lines; "
			 "want %zu, %" PRIu64, p->threads, p->chunk, got->edge_n,
			 got->note.edge_n, got->note.line_n, want->edge_n, want->note.line_n);
	if (got->odd_len != want->odd_len ||
	    (want->odd_len && memcmp(got->odd, want->odd, want->odd_len)))
		fail_msg("threads %u, chunk %zu: odd lines\n%.*s\nwant\n%.*s", p->threads,
			 p->chunk, (int)got->odd_len, got->odd, (int)want->odd_len, want->odd);
}

/* --- texts --- */

static size_t put_text(bool tsv, char *out, size_t most, unsigned odd_one_in)
{
	static const char *const odd_el[] = { "a b\n", "1 x\n", "one\n", "1 2 3\n", "1 2 x\n",
		"\n", "# c\n", "7 8 -1.5\n", "007 1\n", "1 2 3 4\n", "  \n", "x y 2\r\n" };
	static const char *const odd_tsv[] = { "a\tb\n", "1\tx\n", "one\n", "1\t2\tt\n",
		"1\t2\t\n", "\n", "a\\tb\t\\x41\n", "1\t2\tt\tweight=3\n", "q\t\\q\n",
		"\\n\t\\\\\n", "1\t2\t\tweight=0.5\n", "1\t2\tt\tyear=3\n" };
	char *at = out;

	while (at + 64 < out + most)
		if (odd_one_in && rnd(odd_one_in) == 0)
			at += sprintf(at, "%s", tsv ? odd_tsv[rnd(12)] : odd_el[rnd(12)]);
		else
			at += sprintf(at, tsv ? "%" PRIu64 "\t%" PRIu64 "\n" :
				      "%" PRIu64 " %" PRIu64 "\n", rnd(1000000), rnd(1000000));
	if (rnd(2) && at > out)
		at--;
	return (size_t)(at - out);
}

/* --- claims --- */

static void any_threads_and_chunks_give_the_lines_in_order(void **state)
{
	static const unsigned one_in[] = { 0, 100, 10, 2 };
	static char text[65536];

	(void)state;
	for (size_t i = 0; i < scaled(240); i++) {
		bool tsv = rnd(2);
		size_t len = put_text(tsv, text, rnd(4) ? 64 + rnd(2000) : sizeof text,
				      one_in[rnd(4)]);
		struct plan p = {
			.dialect = tsv ? &tsv_dialect : &edgelist_dialect,
			.threads = 1 + (unsigned)rnd(8), .chunk = 1 + rnd(rnd(3) ? 300 : 30000),
			.numbers = rnd(4) == 0, .head = rnd(3) ? rnd(1000) : 0,
		};
		struct story want, got;

		story_open(&want);
		model(&want, p.dialect, p.numbers, (uint8_t *)text, len);
		write_file(path, text, len);
		for (int pass = 0; pass < 3; pass++) {
			story_open(&got);
			if (pass == 0)
				feed_file(&got, &p, path);
			else
				feed_pipe(&got, &p, (uint8_t *)text, len,
					  pass == 1 ? 64 : 100000);
			assert_int_equal(got.result, 0);
			same(&got, &want, &p);
			story_close(&got);
		}
		story_close(&want);
	}
}

static void no_input_and_no_lf_are_fine(void **state)
{
	static const char *const text[] = { "", "\n", "1 2", "1", "\n\n", "#", "1 2\n3" };

	(void)state;
	for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
		for (size_t chunk = 1; chunk < 6; chunk++) {
			struct plan p = { &edgelist_dialect, 1 + (unsigned)chunk % 3, chunk,
					  false, 1, NULL };
			struct story want, got;

			story_open(&want);
			story_open(&got);
			model(&want, p.dialect, false, (const uint8_t *)text[i], strlen(text[i]));
			write_file(path, text[i], strlen(text[i]));
			feed_file(&got, &p, path);
			assert_int_equal(got.result, 0);
			same(&got, &want, &p);
			story_close(&got);
			story_close(&want);
		}
}

/* Lines about as long as may be, and far longer, among short ones. */
static void long_lines_are_cut_and_their_rest_is_no_line(void **state)
{
	static const size_t long_len[] = { TEXT_LINE_MAX - 1, TEXT_LINE_MAX, TEXT_LINE_MAX + 1,
					   3 * TEXT_LINE_MAX };
	static const char *const first[] = { "x", "#", "1", " ", "1 2" };
	uint8_t *text = malloc(10 * TEXT_LINE_MAX);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < 20; i++) {
		struct plan p = { &edgelist_dialect, 1 + (unsigned)rnd(3),
				  rnd(3) ? 100000 + rnd(1000000) : 4 * TEXT_LINE_MAX, false, 1,
				  NULL };
		struct story want, got;
		size_t len = (size_t)sprintf((char *)text, "1 2\na b\n");

		for (int k = 0; k < 2; k++) {
			size_t line = long_len[k ? rnd(4) : i % 4];

			memset(text + len, i / 4 == 2 ? '1' : ' ', line);
			memcpy(text + len, first[i / 4], strlen(first[i / 4]));
			len += line;
			len += (size_t)sprintf((char *)text + len, "%s", k && rnd(2) ? "" : "\n3 4\nx\n");
		}
		story_open(&want);
		model(&want, p.dialect, false, text, len);
		write_file(path, text, len);
		for (int pass = 0; pass < 2; pass++) {
			story_open(&got);
			if (pass)
				feed_pipe(&got, &p, text, len, 1000000);
			else
				feed_file(&got, &p, path);
			assert_int_equal(got.result, 0);
			same(&got, &want, &p);
			story_close(&got);
		}
		story_close(&want);
	}
	free(text);
}

static void the_first_failure_of_the_input_is_the_one_told(void **state)
{
	static char text[20000];

	(void)state;
	for (size_t i = 0; i < scaled(200); i++) {
		struct plan p = { &edgelist_dialect, 1 + (unsigned)rnd(8), 1 + rnd(300), false,
				  1, NULL };
		size_t len = put_text(false, text, 300 + rnd(sizeof text - 300), 20);
		struct story want, got;
		char told[64];

		story_open(&want);
		story_open(&got);
		model(&want, p.dialect, false, (uint8_t *)text, len);
		got.odd_most = rnd(5);
		write_file(path, text, len);
		feed_file(&got, &p, path);
		if (want.odd_n <= got.odd_most) {
			assert_int_equal(got.result, 0);
		} else {
			char *line = want.odd;

			for (size_t k = 0; k < got.odd_most; k++)
				line = strchr(line, '\n') + 1;
			sprintf(told, "line %lu", strtoul(line, NULL, 10));
			assert_int_equal(got.result, ERR_BAD_RECORD);
			assert_string_equal(err_message(), told);
			assert_int_equal(got.odd_n, got.odd_most + 1);
			assert_memory_equal(got.odd, want.odd, got.odd_len);
		}
		story_close(&got);
		story_close(&want);
	}
}

static void gzip_is_unpacked_and_one_cut_off_fails_behind_its_lines(void **state)
{
	static char text[300000], packed_name[80];
	struct plan p = { &edgelist_dialect, 4, 5000, false, 1, NULL };
	size_t len = put_text(false, text, sizeof text, 50);
	struct story want, got;
	struct stat st;

	(void)state;
	write_file(path, text, len);
	if (system(gzip) != 0)
		skip();
	sprintf(packed_name, "%s.gz", path);
	story_open(&want);
	model(&want, p.dialect, false, (uint8_t *)text, len);
	story_open(&got);
	feed_file(&got, &p, packed_name);
	assert_int_equal(got.result, 0);
	same(&got, &want, &p);
	story_close(&got);

	assert_int_equal(stat(packed_name, &st), 0);
	assert_int_equal(truncate(packed_name, st.st_size / 2), 0);
	story_open(&got);
	feed_file(&got, &p, packed_name);
	assert_int_equal(got.result, ERR_CUT_OFF);
	assert_true(got.edge_n > 0 && got.edge_n < want.edge_n && got.odd_n > 0);
	assert_memory_equal(got.odd, want.odd, got.odd_len);
	want.edge_n = got.edge_n;	/* a beginning, without a torn line */
	want.note = got.note;
	want.odd_len = got.odd_len;
	same(&got, &want, &p);
	story_close(&got);
	story_close(&want);
}

static void what_the_callbacks_say_ends_it(void **state)
{
	static char text[60000];
	struct plan p = { &edgelist_dialect, 1, 500, false, 1, NULL };
	size_t len = put_text(false, text, sizeof text, 0);
	struct story got;

	(void)state;
	write_file(path, text, len);
	for (; p.threads <= 8; p.threads++) {
		story_open(&got);
		got.stop_after = rnd(20);
		feed_file(&got, &p, path);
		assert_int_equal(got.result, ERR_IO);
		assert_string_equal(err_message(), "stopped");
		story_close(&got);

		story_open(&got);
		got.edges_most = rnd(1000);
		feed_file(&got, &p, path);
		assert_int_equal(got.result, ERR_NO_SPACE);
		assert_string_equal(err_message(), "the sink is full");
		story_close(&got);
	}
}

static void memory_that_runs_out_is_an_error_and_none_is_lost(void **state)
{
	static char text[20000];
	size_t len = put_text(true, text, sizeof text, 5);
	struct story got;
	int failures = 0;

	(void)state;
	write_file(path, text, len);
	for (uint64_t at = 1; at < 60; at++) {
		struct mem mem;
		struct plan p = { &tsv_dialect, 1 + (unsigned)at % 3, 3000, false, 1, &mem };

		mem_init(&mem, 0);
		mem.fail_at = at;
		story_open(&got);
		feed_file(&got, &p, path);
		assert_true(got.result == 0 || got.result == ERR_MEMORY);
		failures += got.result < 0;
		assert_int_equal(mem.used, 0);
		story_close(&got);
	}
	assert_true(failures >= 4);
}

/* The memory that the header promises. */
static void memory_is_bounded(void **state)
{
	size_t len = 8 << 20;
	char *text = malloc(len);
	struct mem mem;
	struct plan p = { &edgelist_dialect, 4, 0, false, 1, &mem };
	struct story got;

	(void)state;
	assert_non_null(text);
	mem_init(&mem, 0);
	len = put_text(false, text, len, 3);
	write_file(path, text, len);
	for (int pass = 0; pass < 2; pass++) {
		story_open(&got);
		if (pass)
			feed_pipe(&got, &p, (uint8_t *)text, len, 65536);
		else
			feed_file(&got, &p, path);
		assert_int_equal(got.result, 0);
		assert_true(mem.peak < p.threads * (1u << 20));
		story_close(&got);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_threads_and_chunks_give_the_lines_in_order),
		cmocka_unit_test(no_input_and_no_lf_are_fine),
		cmocka_unit_test(long_lines_are_cut_and_their_rest_is_no_line),
		cmocka_unit_test(the_first_failure_of_the_input_is_the_one_told),
		cmocka_unit_test(gzip_is_unpacked_and_one_cut_off_fails_behind_its_lines),
		cmocka_unit_test(what_the_callbacks_say_ends_it),
		cmocka_unit_test(memory_that_runs_out_is_an_error_and_none_is_lost),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
