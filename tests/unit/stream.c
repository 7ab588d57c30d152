/* tests/unit/stream.c - bytes in and out: an error is never the end, and a file
 * appears complete or not at all */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/stream.h"

/* "and more\n", as lz4 writes it. */
static const uint8_t lz[] = {
	0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0x09, 0x00, 0x00, 0x80, 0x61,
	0x6e, 0x64, 0x20, 0x6d, 0x6f, 0x72, 0x65, 0x0a, 0x00, 0x00, 0x00, 0x00,
	0x18, 0xab, 0x1e, 0x2e,
};

struct fixture {
	char dir[64];
	struct mem mem;
};

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof *x);

	strcpy(x->dir, "/tmp/strato-unit-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	mem_init(&x->mem, 16 << 20);
	signal(SIGPIPE, SIG_IGN);
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;
	char cmd[128];

	assert_int_equal(x->mem.used, 0);	/* every stream gave all back */
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", x->dir);
	assert_int_equal(system(cmd), 0);
	free(x);
	return 0;
}

static const char *path(const struct fixture *x, const char *name)
{
	static char text[2][160];
	static unsigned turn;
	char *t = text[turn++ % 2];

	snprintf(t, sizeof text[0], "%s/%s", x->dir, name);
	return t;
}

static void put(const char *name, const void *ptr, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, ptr, len), len);
	close(fd);
}

static unsigned names_in(const struct fixture *x)
{
	char cmd[128], text[32] = "";
	FILE *p;

	snprintf(cmd, sizeof cmd, "ls -A '%s' | wc -l", x->dir);
	p = popen(cmd, "r");
	assert_non_null(fgets(text, sizeof text, p));
	pclose(p);
	return (unsigned)atoi(text);
}

static void assert_file(const char *name, const char *text)
{
	char got[256] = "";
	int fd = open(name, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, got, sizeof got - 1), strlen(text));
	assert_string_equal(got, text);
	close(fd);
}

/* Reads it all in steps of STEP; what the last in_read returned. */
static ssize_t drain(struct in *in, size_t step, char *out, size_t cap, size_t *len)
{
	ssize_t n;

	*len = 0;
	while ((n = in_read(in, out + *len, cap - *len < step ? cap - *len : step)) > 0)
		*len += (size_t)n;
	return n;
}

static struct in *opened(struct fixture *x, const char *name)
{
	struct in *in;

	assert_int_equal(in_open(&in, name, true, &x->mem), 0);
	return in;
}

/* A stream over a pipe; its writing end in *TO. */
static struct in *piped(struct fixture *x, int *to)
{
	char name[32];
	struct in *in;
	int p[2];

	assert_int_equal(pipe(p), 0);
	snprintf(name, sizeof name, "/dev/fd/%d", p[0]);
	in = opened(x, name);
	close(p[0]);
	*to = p[1];
	return in;
}

static void plain_bytes_come_as_they_are(void **state)
{
	static const char *const text[] = { "", "x", "\x1f", "\x1f\x8b", "\x04\x22\x4d", "hello" };
	struct fixture *x = *state;
	char got[64];
	size_t len;

	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		struct in *in;

		put(path(x, "f"), text[i], strlen(text[i]));
		in = opened(x, path(x, "f"));
		assert_int_equal(in_size(in), strlen(text[i]));
		assert_int_equal(drain(in, 1 + i % 3, got, sizeof got, &len), 0);
		assert_int_equal(len, strlen(text[i]));
		assert_memory_equal(got, text[i], len);
		assert_int_equal(in_total(in), len);
		assert_string_equal(in_packing(in), "");
		assert_int_equal(in_read(in, got, 1), 0);
		in_close(in);
	}
}

static void what_cannot_be_read_says_why(void **state)
{
	struct fixture *x = *state;
	struct in *in = NULL;

	assert_int_equal(in_open(&in, path(x, "gone"), true, NULL), ERR_NO_FILE);
	assert_int_equal(in_open(&in, x->dir, true, NULL), ERR_IO);
	assert_non_null(strstr(err_message(), "Is a directory"));
	assert_null(in);
}

static void a_read_error_is_an_error_and_not_the_end(void **state)
{
	struct fixture *x = *state;
	int to, dir = open(x->dir, O_RDONLY);
	struct in *in = piped(x, &to);
	char got[8];

	assert_int_equal(write(to, "abc", 3), 3);
	assert_int_equal(in_read(in, got, sizeof got), 3);
	assert_int_equal(dup2(dir, in_fd(in)), in_fd(in));	/* now reading fails */
	assert_int_equal(in_read(in, got, sizeof got), ERR_IO);
	assert_non_null(strstr(err_message(), "Is a directory"));
	close(to);
	assert_int_equal(in_read(in, got, sizeof got), ERR_IO);	/* and it stays */
	in_close(in);
	close(dir);
}

static void a_peer_that_waits_for_an_answer_gets_it(void **state)
{
	struct fixture *x = *state;
	struct in *in;
	char got[8];
	int to;

	in = piped(x, &to);
	assert_true(in_would_block(in));
	assert_false(in_wait(in, 1000000));
	assert_int_equal(write(to, "k\n", 2), 2);
	assert_false(in_would_block(in));
	assert_int_equal(in_read(in, got, 1), 1);
	assert_false(in_would_block(in));	/* one byte is held here */
	assert_int_equal(in_read(in, got, sizeof got), 1);
	assert_true(in_would_block(in));
	assert_int_equal(write(to, "\x1f\x8b", 2), 2);	/* only the head is special */
	assert_int_equal(in_read(in, got, sizeof got), 2);
	close(to);
	assert_true(in_wait(in, UINT64_MAX));
	assert_int_equal(in_read(in, got, sizeof got), 0);
	in_close(in);
}

static void give(int to, struct in *in, size_t n)
{
	static char block[60000], got[60000];

	for (size_t sent = 0, had = 0; sent < n; sent += sizeof block) {
		assert_int_equal(write(to, block, sizeof block), sizeof block);
		while (had < sent + sizeof block) {
			ssize_t some = in_read(in, got, sizeof got);

			assert_true(some > 0);
			had += (size_t)some;
		}
	}
}

/* Fewer turns of writer and reader; a right that not everybody has. */
static void a_pipe_that_gives_a_megabyte_becomes_larger(void **state)
{
	int to, other, most, small;
	struct in *in = piped(*state, &to), *untouched = piped(*state, &other);

	small = fcntl(to, F_GETPIPE_SZ);
	most = fcntl(other, F_SETPIPE_SZ, 1 << 20) < 0 ? small : 1 << 20;
	give(to, in, 900000);
	assert_int_equal(fcntl(to, F_GETPIPE_SZ), small);
	give(to, in, 200000);
	assert_int_equal(fcntl(to, F_GETPIPE_SZ), most);
	close(to);
	close(other);
	in_close(untouched);
	in_close(in);
}

static void a_descriptor_somebody_made_nonblocking_still_works(void **state)
{
	struct fixture *x = *state;
	struct in *in;
	char got[8];
	pid_t pid;
	int to;

	in = piped(x, &to);
	assert_int_equal(fcntl(in_fd(in), F_SETFL, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		usleep(20000);
		_exit(write(to, "x", 1) != 1);
	}
	assert_int_equal(in_read(in, got, sizeof got), 1);
	waitpid(pid, NULL, 0);
	close(to);
	in_close(in);
}

static void packed(struct fixture *x, const char *name)
{
	char cmd[400];

	snprintf(cmd, sizeof cmd, "seq 1 20000 | gzip -c >'%s' && seq 20001 30000 | gzip -c >>'%s'",
		 name, name);
	assert_int_equal(system(cmd), 0);
	(void)x;
}

static void packed_files_are_unpacked_when_asked_for(void **state)
{
	static char got[300000], want[300000];
	struct fixture *x = *state;
	struct in *in;
	size_t len, n = 0;

	packed(x, path(x, "gz"));
	for (int i = 1; i <= 30000; i++)
		n += (size_t)sprintf(want + n, "%d\n", i);
	in = opened(x, path(x, "gz"));
	assert_int_equal(drain(in, 777, got, sizeof got, &len), 0);
	assert_int_equal(len, n);
	assert_memory_equal(got, want, n);
	assert_string_equal(in_packing(in), "gzip");
	assert_true(in_total(in) == in_size(in) && in_total(in) < n);
	in_close(in);
	put(path(x, "lz"), lz, sizeof lz);
	in = opened(x, path(x, "lz"));
	assert_int_equal(drain(in, 2, got, sizeof got, &len), 0);
	assert_int_equal(len, 9);
	assert_memory_equal(got, "and more\n", 9);
	assert_string_equal(in_packing(in), "lz4");
	in_close(in);
	assert_int_equal(in_open(&in, path(x, "lz"), false, &x->mem), 0);
	assert_int_equal(drain(in, 99, got, sizeof got, &len), 0);
	assert_int_equal(len, sizeof lz);
	in_close(in);
}

static void a_packed_file_cut_anywhere_is_cut_off(void **state)
{
	static char got[300000];
	struct fixture *x = *state;
	struct stat st;
	size_t len;

	put(path(x, "lz"), lz, sizeof lz);
	for (off_t n = sizeof lz - 1; n >= 4; n--) {
		struct in *in;

		assert_int_equal(truncate(path(x, "lz"), n), 0);
		in = opened(x, path(x, "lz"));
		assert_int_equal(drain(in, 9, got, sizeof got, &len), ERR_CUT_OFF);
		assert_int_equal(in_read(in, got, 9), ERR_CUT_OFF);
		in_close(in);
	}
	packed(x, path(x, "gz"));
	assert_int_equal(stat(path(x, "gz"), &st), 0);
	for (unsigned i = 0; i < 20; i++) {
		struct in *in;

		assert_int_equal(truncate(path(x, "gz"), st.st_size - 1 - 500 * (off_t)i), 0);
		in = opened(x, path(x, "gz"));
		assert_int_equal(drain(in, 9999, got, sizeof got, &len), ERR_CUT_OFF);
		assert_non_null(strstr(err_message(), "/gz: the gzip data ends in the middle"));
		in_close(in);
	}
}

static void a_packed_file_that_lies_is_a_bad_record(void **state)
{
	uint8_t bad[sizeof lz];
	struct fixture *x = *state;
	struct in *in;
	char got[64];
	size_t len;

	memcpy(bad, lz, sizeof lz);
	bad[sizeof lz - 1] ^= 1;
	put(path(x, "lz"), bad, sizeof bad);
	in = opened(x, path(x, "lz"));
	assert_int_equal(drain(in, 9, got, sizeof got, &len), ERR_BAD_RECORD);
	assert_non_null(strstr(err_message(), "/lz: LZ4 data: "));
	in_close(in);
}

static void a_budget_too_small_is_an_error(void **state)
{
	struct fixture *x = *state;
	struct mem small;
	struct in *in;
	char c;

	mem_init(&small, 1000);
	put(path(x, "lz"), lz, sizeof lz);
	assert_int_equal(in_open(&in, path(x, "lz"), true, &small), 0);
	assert_int_equal(in_read(in, &c, 1), ERR_MEMORY);
	in_close(in);
}

static void a_file_appears_when_it_is_complete(void **state)
{
	struct fixture *x = *state;
	struct out *o;

	assert_int_equal(out_open(&o, path(x, "f"), &x->mem), 0);
	assert_int_equal(out_write(o, "hello ", 6), 0);
	assert_int_equal(out_flush(o), 0);
	assert_int_equal(access(path(x, "f"), F_OK), -1);
	assert_int_equal(out_write(o, "you", 3), 0);
	assert_int_equal(out_total(o), 9);
	assert_false(out_is_terminal(o));
	assert_int_equal(out_commit(o), 0);
	assert_file(path(x, "f"), "hello you");
	assert_int_equal(names_in(x), 1);
}

static void an_aborted_file_leaves_what_was_there(void **state)
{
	struct fixture *x = *state;
	struct out *o;

	put(path(x, "f"), "old", 3);
	assert_int_equal(out_open(&o, path(x, "f"), &x->mem), 0);
	assert_int_equal(out_write(o, "new", 3), 0);
	assert_int_equal(out_flush(o), 0);
	out_abort(o);
	assert_file(path(x, "f"), "old");
	assert_int_equal(names_in(x), 1);
}

static void a_replaced_file_keeps_its_mode_and_its_link(void **state)
{
	struct fixture *x = *state;
	struct stat st;
	struct out *o;

	put(path(x, "f"), "old", 3);
	assert_int_equal(chmod(path(x, "f"), 0640), 0);
	assert_int_equal(symlink("f", path(x, "link")), 0);
	assert_int_equal(out_open(&o, path(x, "link"), &x->mem), 0);
	assert_int_equal(out_write(o, "newer", 5), 0);
	assert_int_equal(out_commit(o), 0);
	assert_file(path(x, "f"), "newer");
	assert_int_equal(stat(path(x, "f"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(lstat(path(x, "link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(names_in(x), 2);
}

static void a_killed_writer_leaves_nothing(void **state)
{
	static const int sigs[] = { SIGKILL, SIGTERM };
	struct fixture *x = *state;

	for (unsigned i = 0; i < 2; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			struct out *o;

			if (out_open(&o, path(x, "f"), NULL) == 0 &&
			    out_write(o, "x", 1) == 0 && out_flush(o) == 0)
				raise(sigs[i]);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), sigs[i]);
		assert_int_equal(names_in(x), 0);
	}
}

static void a_place_that_cannot_be_written_says_so_at_once(void **state)
{
	struct fixture *x = *state;
	struct out *o = NULL;

	assert_int_equal(out_open(&o, path(x, "no/f"), NULL), ERR_CREATE);
	assert_non_null(strstr(err_message(), "No such file or directory"));
	assert_int_equal(out_open(&o, x->dir, NULL), ERR_CREATE);
	assert_null(o);
}

static void a_full_device_is_no_space_and_stays_so(void **state)
{
	static char big[600000];
	struct fixture *x = *state;
	struct out *o;

	assert_int_equal(out_open(&o, "/dev/full", &x->mem), 0);
	assert_int_equal(out_write(o, "x", 1), 0);
	assert_int_equal(out_flush(o), ERR_NO_SPACE);
	assert_int_equal(out_write(o, "x", 1), ERR_NO_SPACE);
	assert_non_null(strstr(err_message(), "/dev/full: write: No space left"));
	assert_int_equal(out_commit(o), ERR_NO_SPACE);
	assert_int_equal(out_open(&o, "/dev/full", &x->mem), 0);
	assert_int_equal(out_write(o, "x", 1), 0);
	assert_int_equal(out_commit(o), ERR_NO_SPACE);
	assert_int_equal(out_open(&o, "/dev/full", &x->mem), 0);
	assert_int_equal(out_write(o, big, sizeof big), ERR_NO_SPACE);
	out_abort(o);
}

static void a_closed_pipe_is_an_error(void **state)
{
	struct fixture *x = *state;
	char name[32];
	struct out *o;
	int p[2];

	assert_int_equal(pipe(p), 0);
	snprintf(name, sizeof name, "/dev/fd/%d", p[1]);
	assert_int_equal(out_open(&o, name, &x->mem), 0);
	close(p[0]);
	close(p[1]);
	assert_int_equal(out_write(o, "x", 1), 0);
	assert_int_equal(out_commit(o), ERR_IO);
	assert_non_null(strstr(err_message(), "Broken pipe"));
}

static void large_and_small_writes_keep_their_order(void **state)
{
	static char big[700000];
	struct fixture *x = *state;
	char last[8] = "";
	struct stat st;
	struct out *o;
	int fd;

	memset(big, 'b', sizeof big);
	assert_int_equal(out_open(&o, path(x, "f"), &x->mem), 0);
	assert_int_equal(out_write(o, "a", 1), 0);
	assert_int_equal(out_write(o, big, sizeof big), 0);
	assert_int_equal(out_write(o, "c", 1), 0);
	assert_int_equal(out_write(o, big, 200000), 0);
	assert_int_equal(out_write(o, big, 200000), 0);
	assert_int_equal(out_commit(o), 0);
	assert_int_equal(stat(path(x, "f"), &st), 0);
	assert_int_equal(st.st_size, 1100002);
	fd = open(path(x, "f"), O_RDONLY);
	assert_int_equal(pread(fd, last, 3, 700000), 3);
	assert_string_equal(last, "bcb");
	assert_int_equal(pread(fd, last, 1, 0), 1);
	assert_int_equal(last[0], 'a');
	close(fd);
}

/* In a child: with all three closed nothing of ours may become 0, 1 or 2. */
/* Rows in place, of any length, between writes: the file is what a plain list of the
 * same bytes is. */
static void what_is_written_in_place_keeps_its_order(void **state)
{
	struct fixture *x = *state;
	struct buf want = {0};
	uint8_t *at, *end, *got;
	struct out *o;
	int fd;

	assert_int_equal(out_open(&o, path(x, "f"), &x->mem), 0);
	for (unsigned i = 0; i < 1000; i++) {
		size_t room = i % 7 ? 1 + i * 37 % 500 : OUT_ROOM_MAX, used = i % 11 ? room : room / 2;
		uint8_t letter = (uint8_t)('a' + i % 26);

		assert_int_equal(out_room(o, room, &at, &end), 0);
		assert_true((size_t)(end - at) >= room);
		memset(at, letter, used);
		out_wrote(o, at + used);
		for (size_t k = 0; k < used; k++)
			assert_int_equal(buf_add_byte(&want, letter), 0);
		if (i % 5)
			continue;
		assert_int_equal(out_write(o, "-and-\n", 6), 0);
		assert_int_equal(buf_add(&want, "-and-\n", 6), 0);
	}
	assert_int_equal(out_total(o), want.len);
	assert_int_equal(out_commit(o), 0);
	got = malloc(want.len + 1);
	fd = open(path(x, "f"), O_RDONLY);
	assert_int_equal(read(fd, got, want.len + 1), want.len);
	assert_memory_equal(got, want.ptr, want.len);
	close(fd);
	free(got);
	buf_release(&want);
	assert_int_equal(out_open(&o, "/dev/full", &x->mem), 0);
	assert_int_equal(out_room(o, OUT_ROOM_MAX, &at, &end), 0);
	out_wrote(o, end);
	assert_int_equal(out_room(o, 1, &at, &end), ERR_NO_SPACE);
	assert_int_equal(out_room(o, 1, &at, &end), ERR_NO_SPACE);
	out_abort(o);
}

static void closed_standard_descriptors_never_become_a_file(void **state)
{
	struct fixture *x = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		char c;
		int fd;

		close(0);
		close(1);
		close(2);
		stream_guard_std();
		fd = open(path(x, "f"), O_RDWR | O_CREAT, 0600);
		_exit(fd > 2 && read(0, &c, 1) < 0 && write(1, "x", 1) < 0 &&
		      write(2, "x", 1) < 0 ? 7 : 8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
}

/* --- pages held --- */

#define PAGES (32u << 12)

struct held {
	struct out *o;
	int in;			/* the pipe's other end */
	int fd;			/* of the mapped file, PAGES long */
	uint8_t *map, *was;
};

static void held_open(struct held *h, struct fixture *x)
{
	const char *pipe = path(x, "pipe"), *file = path(x, "mapped");

	h->was = malloc(PAGES);
	for (size_t i = 0; i < PAGES; i++)
		h->was[i] = (uint8_t)(i * 7 + i / 4096);
	put(file, h->was, PAGES);
	h->fd = open(file, O_RDWR);
	h->map = mmap(NULL, PAGES, PROT_READ, MAP_SHARED, h->fd, 0);
	assert_true(h->map != MAP_FAILED);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	h->in = open(pipe, O_RDONLY | O_NONBLOCK);
	assert_int_equal(out_open(&h->o, pipe, &x->mem), 0);
}

static void held_close(struct held *h)
{
	out_abort(h->o);
	munmap(h->map, PAGES);
	close(h->fd);
	close(h->in);
	free(h->was);
}

/* All that is in the pipe now. */
static size_t take_all(int fd, uint8_t *out, size_t cap)
{
	size_t n = 0;
	ssize_t some;

	while (n < cap && (some = read(fd, out + n, cap - n)) > 0)
		n += (size_t)some;
	return n;
}

static void pages_held_go_out_though_the_file_lost_them(void **state)
{
	static uint8_t got[2 * PAGES];
	struct held h;

	held_open(&h, *state);
	assert_int_equal(out_write(h.o, "before ", 7), 0);
	assert_true(out_hold(h.o, h.map, PAGES));
	assert_int_equal(take_all(h.in, got, sizeof got), 0);
	assert_int_equal(ftruncate(h.fd, 0), 0);
	assert_int_equal(ftruncate(h.fd, PAGES), 0);
	assert_int_equal(out_send(h.o, h.map, PAGES), 0);
	assert_int_equal(out_write(h.o, " after", 6), 0);
	assert_int_equal(out_flush(h.o), 0);
	assert_int_equal(out_total(h.o), PAGES + 13);
	assert_int_equal(take_all(h.in, got, sizeof got), PAGES + 13);
	assert_memory_equal(got, "before ", 7);
	assert_memory_equal(got + 7, h.was, PAGES);
	assert_memory_equal(got + 7 + PAGES, " after", 6);
	held_close(&h);
}

static void a_part_of_what_is_held_is_all_that_goes_out(void **state)
{
	static uint8_t got[2 * PAGES];
	struct held h;

	held_open(&h, *state);
	for (size_t from = 0; from < 9000; from += 3000)
		for (size_t len = 1; len < PAGES - from; len += 40001) {
			assert_true(out_hold(h.o, h.map, PAGES));
			assert_int_equal(out_send(h.o, h.map + from, len), 0);
			assert_int_equal(take_all(h.in, got, sizeof got), len);
			assert_memory_equal(got, h.was + from, len);
		}
	/* held and not sent: nobody sees it, now or with the next */
	assert_true(out_hold(h.o, h.map, PAGES));
	assert_true(out_hold(h.o, h.map + 4096, PAGES - 4096));
	assert_int_equal(out_send(h.o, h.map + 4096, PAGES - 4096), 0);
	assert_int_equal(take_all(h.in, got, sizeof got), PAGES - 4096);
	assert_memory_equal(got, h.was + 4096, PAGES - 4096);
	held_close(&h);
}

static void what_is_no_pipe_or_small_is_not_held(void **state)
{
	struct fixture *x = *state;
	struct held h;
	struct out *file;

	held_open(&h, x);
	assert_int_equal(out_open(&file, path(x, "file"), &x->mem), 0);
	assert_false(out_hold(file, h.map, PAGES));
	assert_int_equal(out_send(file, h.map, PAGES), 0);	/* a plain write */
	assert_int_equal(out_total(file), PAGES);
	assert_int_equal(out_commit(file), 0);
	assert_false(out_hold(h.o, h.map, 4096));
	held_close(&h);
}

static void a_reader_that_goes_away_from_what_is_held_is_an_error(void **state)
{
	struct held h;

	held_open(&h, *state);
	assert_true(out_hold(h.o, h.map, PAGES));
	close(h.in);
	assert_int_equal(out_send(h.o, h.map, PAGES), ERR_IO);
	assert_int_equal(out_flush(h.o), ERR_IO);
	h.in = dup(h.fd);
	held_close(&h);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(plain_bytes_come_as_they_are),
		CASE(what_cannot_be_read_says_why),
		CASE(a_read_error_is_an_error_and_not_the_end),
		CASE(a_peer_that_waits_for_an_answer_gets_it),
		CASE(a_pipe_that_gives_a_megabyte_becomes_larger),
		CASE(a_descriptor_somebody_made_nonblocking_still_works),
		CASE(packed_files_are_unpacked_when_asked_for),
		CASE(a_packed_file_cut_anywhere_is_cut_off),
		CASE(a_packed_file_that_lies_is_a_bad_record),
		CASE(a_budget_too_small_is_an_error),
		CASE(a_file_appears_when_it_is_complete),
		CASE(an_aborted_file_leaves_what_was_there),
		CASE(a_replaced_file_keeps_its_mode_and_its_link),
		CASE(a_killed_writer_leaves_nothing),
		CASE(a_place_that_cannot_be_written_says_so_at_once),
		CASE(a_full_device_is_no_space_and_stays_so),
		CASE(a_closed_pipe_is_an_error),
		CASE(large_and_small_writes_keep_their_order),
		CASE(what_is_written_in_place_keeps_its_order),
		CASE(closed_standard_descriptors_never_become_a_file),
		CASE(pages_held_go_out_though_the_file_lost_them),
		CASE(a_part_of_what_is_held_is_all_that_goes_out),
		CASE(what_is_no_pipe_or_small_is_not_held),
		CASE(a_reader_that_goes_away_from_what_is_held_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
