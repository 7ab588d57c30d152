/* tests/unit/backend.c - the seam's promises, the same over every backend, and
 * what only a real directory can do to us */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "io/fault.h"
#include "io/file.h"
#include "io/view.h"

enum kind { LOCAL, MEM, FAULT };

struct fixture {
	enum kind kind;
	char dir[64];
	struct backend *b;
};

static void open_first(struct fixture *f)
{
	if (f->kind == LOCAL) {
		snprintf(f->dir, sizeof f->dir, "/tmp/strato-unit-XXXXXX");
		assert_non_null(mkdtemp(f->dir));
		assert_int_equal(backend_local(&f->b, f->dir, true), 0);
	} else if (f->kind == MEM) {
		assert_int_equal(backend_mem(&f->b), 0);
	} else {
		assert_int_equal(fault_open(&f->b, NULL, 1), 0);
		fault_modes(f->b, FAULT_SHORT);
	}
}

static void open_again(struct fixture *f, struct backend **out)
{
	if (f->kind == LOCAL)
		assert_int_equal(backend_local(out, f->dir, true), 0);
	else if (f->kind == MEM)
		assert_int_equal(backend_mem_again(out, f->b), 0);
	else
		assert_int_equal(fault_again(out, f->b), 0);
}

static int setup(void **state, enum kind kind)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->kind = kind;
	open_first(f);
	assert_int_equal(backend_mkdir(f->b, "tmp"), 0);
	assert_int_equal(backend_mkdir(f->b, "seg"), 0);
	*state = f;
	return 0;
}

static int setup_local(void **state)
{
	return setup(state, LOCAL);
}

static int setup_mem(void **state)
{
	return setup(state, MEM);
}

static int setup_fault(void **state)
{
	return setup(state, FAULT);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[128];

	backend_close(f->b);
	if (f->kind == LOCAL) {
		snprintf(cmd, sizeof cmd, "rm -rf '%s'", f->dir);
		assert_int_equal(system(cmd), 0);
	}
	free(f);
	return 0;
}

static void put_file(struct backend *b, const char *name, const void *ptr, size_t len)
{
	struct file *f;

	assert_int_equal(backend_open(b, name, FILE_WRITE | FILE_CREATE, &f), 0);
	assert_int_equal(file_write(f, ptr, len, 0), 0);
	assert_int_equal(file_flush(f), 0);
	file_close(f);
}

static void assert_holds(struct backend *b, const char *name, const char *text)
{
	struct buf got = { 0 };

	assert_int_equal(file_slurp(b, name, 1 << 20, &got), 0);
	assert_int_equal(got.len, strlen(text));
	assert_memory_equal(got.ptr, text, got.len);
	buf_release(&got);
}

static void assert_fails(struct backend *b, const char *name, unsigned flags, int code)
{
	struct file *f = NULL;

	assert_int_equal(backend_open(b, name, flags, &f), code);
	assert_null(f);
	assert_non_null(strstr(err_message(), name));
}

/* --- the same everywhere --- */

static void what_is_written_is_read(void **state)
{
	struct fixture *x = *state;
	struct file *f;
	uint64_t size;
	char b[10];

	assert_int_equal(backend_open(x->b, "seg/a", FILE_WRITE | FILE_CREATE, &f), 0);
	assert_int_equal(file_write(f, "hello", 5, 3), 0);
	assert_int_equal(file_size(f, &size), 0);
	assert_int_equal(size, 8);
	assert_int_equal(file_read(f, b, 8, 0), 0);
	assert_memory_equal(b, "\0\0\0hello", 8);
	assert_int_equal(file_read_some(f, b, 10, 4), 4);
	assert_int_equal(file_read_some(f, b, 10, 400), 0);
	assert_int_equal(file_resize(f, 4), 0);
	assert_int_equal(file_resize(f, 6), 0);
	assert_int_equal(file_read(f, b, 6, 0), 0);
	assert_memory_equal(b, "\0\0\0h\0\0", 6);
	assert_int_equal(file_reserve(f, 0, 9000), 0);
	assert_int_equal(file_size(f, &size), 0);
	assert_int_equal(size, 9000);
	file_close(f);
}

static void a_file_that_ends_early_is_damage_with_its_byte(void **state)
{
	struct fixture *x = *state;
	struct file *f;
	char b[10];

	put_file(x->b, "seg/a", "1234567", 7);
	assert_int_equal(backend_open(x->b, "seg/a", 0, &f), 0);
	assert_int_equal(file_read(f, b, 10, 2), ERR_DAMAGED);
	assert_non_null(strstr(err_message(), "/seg/a: ends at byte 7"));
	file_close(f);
}

static void names_refuse_what_is_not_there_and_what_is(void **state)
{
	struct fixture *x = *state;

	assert_fails(x->b, "nothing", 0, ERR_ABSENT);
	assert_fails(x->b, "no/folder", FILE_WRITE | FILE_CREATE, ERR_DAMAGED);
	put_file(x->b, "seg/a", "1", 1);
	assert_fails(x->b, "seg/a", FILE_WRITE | FILE_CREATE, ERR_EXISTS);
	assert_fails(x->b, "seg", 0, ERR_UNTRUSTED);
	assert_fails(x->b, "seg/a/b", 0, ERR_UNTRUSTED);
	assert_int_equal(backend_remove(x->b, "nothing"), ERR_ABSENT);
	assert_int_equal(backend_remove(x->b, "seg"), ERR_UNTRUSTED);
	assert_int_equal(backend_rename(x->b, "nothing", "seg/b"), ERR_ABSENT);
	assert_int_equal(backend_mkdir(x->b, "seg"), ERR_EXISTS);
	assert_int_equal(backend_sync_dir(x->b, "nowhere"), ERR_ABSENT);
	assert_int_equal(backend_sync_dir(x->b, "seg"), 0);
	assert_int_equal(backend_sync_dir(x->b, ""), 0);
}

static void a_replaced_or_removed_file_stays_readable_while_open(void **state)
{
	struct fixture *x = *state;
	struct file *f;
	char b[3];

	put_file(x->b, "manifest", "old", 3);
	assert_int_equal(backend_open(x->b, "manifest", 0, &f), 0);
	assert_int_equal(file_replace(x->b, "manifest", "newer", 5), 0);
	assert_holds(x->b, "manifest", "newer");
	assert_int_equal(backend_remove(x->b, "manifest"), 0);
	assert_fails(x->b, "manifest", 0, ERR_ABSENT);
	assert_int_equal(file_read(f, b, 3, 0), 0);
	assert_memory_equal(b, "old", 3);
	file_close(f);
}

struct seen {
	struct backend *b;
	unsigned n;
	int stop;
	char text[256];
};

static int note_name(void *ctx, const char *name)
{
	struct seen *s = ctx;

	s->n++;
	strcat(strcat(s->text, name), " ");
	return s->stop;
}

static int remove_name(void *ctx, const char *name)
{
	struct seen *s = ctx;
	char path[64];

	s->n++;
	snprintf(path, sizeof path, "tmp/%s", name);
	return backend_remove(s->b, path);
}

static void a_folder_lists_its_own_names_and_may_be_swept(void **state)
{
	struct fixture *x = *state;
	struct seen s = { .b = x->b };
	char name[32];

	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "tmp/x%d", i);
		put_file(x->b, name, "", 0);
	}
	put_file(x->b, "seg/only", "", 0);
	assert_int_equal(backend_list(x->b, "seg", note_name, &s), 0);
	assert_string_equal(s.text, "only ");
	s.n = 0;
	assert_int_equal(backend_list(x->b, "", note_name, &s), 0);
	assert_int_equal(s.n, 2);
	s = (struct seen){ .b = x->b };
	assert_int_equal(backend_list(x->b, "tmp", remove_name, &s), 0);
	assert_int_equal(s.n, 30);
	s = (struct seen){ .stop = 7 };
	assert_int_equal(backend_list(x->b, "tmp", note_name, &s), 0);
	assert_int_equal(backend_list(x->b, "", note_name, &s), 7);
	assert_int_equal(s.n, 1);
	assert_int_equal(backend_list(x->b, "gone", note_name, &s), ERR_ABSENT);
}

static void a_replacement_leaves_nothing_in_tmp(void **state)
{
	struct fixture *x = *state;
	struct seen s = { 0 };

	assert_int_equal(file_replace(x->b, "seg/m", "one", 3), 0);
	assert_int_equal(file_replace(x->b, "seg/m", "two", 3), 0);
	assert_holds(x->b, "seg/m", "two");
	assert_int_equal(file_replace(x->b, "gone/m", "x", 1), ERR_ABSENT);
	assert_int_equal(backend_list(x->b, "tmp", note_name, &s), 0);
	assert_string_equal(s.text, "");
}

static void a_slurp_has_a_limit(void **state)
{
	struct fixture *x = *state;
	struct buf b = { 0 };

	put_file(x->b, "seg/m", "12345", 5);
	assert_int_equal(file_slurp(x->b, "seg/m", 4, &b), ERR_DAMAGED);
	assert_int_equal(b.len, 0);
	assert_int_equal(file_slurp(x->b, "seg/m", 5, &b), 0);
	assert_int_equal(file_slurp(x->b, "seg/m", 5, &b), 0);
	assert_int_equal(b.len, 10);
	buf_release(&b);
}

static void a_mapping_is_the_file(void **state)
{
	struct fixture *x = *state;
	struct file *f, *g;
	uint8_t *w;
	void *p, *q;
	char b[2];

	assert_int_equal(backend_open(x->b, "seg/i", FILE_WRITE | FILE_CREATE, &f), 0);
	assert_int_equal(file_reserve(f, 0, 8192), 0);
	assert_int_equal(file_map(f, 8192, true, &p), 0);
	assert_int_equal(backend_open(x->b, "seg/i", 0, &g), 0);
	assert_int_equal(file_map(g, 8192, false, &q), 0);
	w = p;
	w[5000] = 'x';
	assert_int_equal(((uint8_t *)q)[5000], 'x');
	assert_int_equal(file_read(g, b, 1, 5000), 0);
	assert_int_equal(b[0], 'x');
	assert_int_equal(file_reserve(f, 8192, 1 << 20), 0);	/* grows under the map */
	assert_int_equal(file_write(f, "y", 1, 5001), 0);
	assert_int_equal(w[5001], 'y');
	file_unmap(f, p, 8192);
	file_unmap(g, q, 8192);
	assert_int_equal(file_map(f, 0, true, &p), ERR_BUG);
	file_close(f);
	file_close(g);
}

static void a_view_shows_the_whole_file(void **state)
{
	struct fixture *x = *state;
	struct file *f;
	struct view v;

	put_file(x->b, "seg/v", "seen", 4);
	assert_int_equal(backend_open(x->b, "seg/v", 0, &f), 0);
	assert_int_equal(view_open(&v, f), 0);
	assert_int_equal(v.len, 4);
	assert_memory_equal(v.ptr, "seen", 4);
	view_advise(&v, 0, 4, VIEW_WILLNEED);
	view_close(&v);
	f->backend->caps &= ~BACKEND_MAPS;
	assert_int_equal(view_open(&v, f), 0);
	assert_true(v.owned);
	assert_memory_equal(v.ptr, "seen", 4);
	view_close(&v);
	f->backend->caps |= BACKEND_MAPS;
	file_close(f);
	put_file(x->b, "seg/empty", "", 0);
	assert_int_equal(backend_open(x->b, "seg/empty", 0, &f), 0);
	assert_int_equal(view_open(&v, f), 0);
	assert_int_equal(v.len, 0);
	view_close(&v);
	file_close(f);
}

static void a_lock_excludes_another_handle_until_it_is_let_go(void **state)
{
	struct fixture *x = *state;
	struct backend *o;

	open_again(x, &o);
	assert_int_equal(backend_lock(x->b, 0, LOCK_EXCLUSIVE, 0), 0);
	assert_int_equal(backend_lock(o, 0, LOCK_EXCLUSIVE, 0), ERR_LOCKED);
	assert_non_null(strstr(err_message(), "locked for writing by another process"));
	assert_int_equal(backend_lock(o, 0, LOCK_SHARED, 0), ERR_LOCKED);
	assert_int_equal(backend_lock(o, 1, LOCK_EXCLUSIVE, 0), 0);
	backend_unlock(x->b, 0);
	assert_int_equal(backend_lock(o, 0, LOCK_SHARED, 0), 0);
	assert_int_equal(backend_lock(x->b, 0, LOCK_SHARED, 0), 0);
	backend_unlock(x->b, 0);
	assert_int_equal(backend_lock(x->b, 0, LOCK_EXCLUSIVE, 0), ERR_LOCKED);
	assert_non_null(strstr(err_message(), "locked for reading by another process"));
	backend_close(o);		/* and its locks with it */
	assert_int_equal(backend_lock(x->b, 0, LOCK_EXCLUSIVE, 0), 0);
	assert_int_equal(backend_lock(x->b, 1, LOCK_EXCLUSIVE, 0), 0);
}

static void a_file_opened_for_reading_cannot_be_written(void **state)
{
	struct fixture *x = *state;
	struct file *f;

	put_file(x->b, "seg/a", "1", 1);
	assert_int_equal(backend_open(x->b, "seg/a", 0, &f), 0);
	assert_int_equal(file_write(f, "2", 1, 0), ERR_IO);
	file_close(f);
	assert_holds(x->b, "seg/a", "1");
}

/* --- only a directory --- */

static char *in_dir(const struct fixture *x, const char *name)
{
	static char path[2][128];
	static unsigned turn;
	char *p = path[turn++ % 2];

	snprintf(p, sizeof path[0], "%s/%s", x->dir, name);
	return p;
}

static void make_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	close(fd);
}

/* --- kernels without openat2, or who may not call it --- */

static int openat2_errno;		/* 0: it is there */
static unsigned openat2_calls;

long __real_syscall(long number, long a, long b, long c, long d);
long __wrap_syscall(long number, long a, long b, long c, long d);

long __wrap_syscall(long number, long a, long b, long c, long d)
{
	if (number != SYS_openat2)
		return __real_syscall(number, a, b, c, d);
	openat2_calls++;
	if (!openat2_errno)
		return __real_syscall(number, a, b, c, d);
	errno = openat2_errno;
	return -1;
}

static void each_way_to_open(void (*claim)(void **), void **state)
{
	static const int answers[] = { 0, ENOSYS, EPERM };

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		unsigned before = openat2_calls;

		openat2_errno = answers[i];
		claim(state);
		assert_true(openat2_calls > before);
	}
	openat2_errno = 0;
}

static void leads_out(void **state)
{
	static const char *const names[] = {
		"..", "../out", "../kv/seg/a", "seg/../../out", "seg/..", "seg/../seg/..",
		"/etc/passwd", "/",
	};
	struct backend *b = ((struct fixture *)*state)->b;
	struct file *f = NULL;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_int_equal(b->ops->open(b, names[i], 0, &f), ERR_UNTRUSTED);
		assert_int_equal(b->ops->open(b, names[i], FILE_WRITE, &f), ERR_UNTRUSTED);
		assert_true(b->ops->open(b, names[i], FILE_WRITE | FILE_CREATE, &f) < 0);
	}
	assert_int_equal(b->ops->remove(b, "../out/x"), ERR_UNTRUSTED);
	assert_int_equal(b->ops->mkdir(b, "seg/../../out/x"), ERR_UNTRUSTED);
	assert_int_equal(b->ops->rename(b, "seg/a", "../out/a"), ERR_UNTRUSTED);
	assert_int_equal(b->ops->sync_dir(b, ".."), ERR_UNTRUSTED);
	assert_int_equal(b->ops->list(b, "..", NULL, NULL), ERR_UNTRUSTED);
}

/* No name of the store's is like that (io/backend.c asserts it); if one ever were, it
 * would end here. */
static void a_name_that_leads_out_is_untrusted(void **state)
{
	struct fixture *x = *state;

	put_file(x->b, "seg/a", "1", 1);
	each_way_to_open(leads_out, state);
}

/* Each under a file's name, the lock's too; a FIFO would wait for ever. */
static void is_no_file(void **state)
{
	struct backend *b = ((struct fixture *)*state)->b;

	for (unsigned flags = 0; flags <= FILE_WRITE; flags += FILE_WRITE) {
		assert_fails(b, "fifo", flags, ERR_UNTRUSTED);
		assert_fails(b, "link", flags, ERR_UNTRUSTED);
		assert_fails(b, "dangling", flags, ERR_UNTRUSTED);
		assert_fails(b, "etc/passwd", flags, ERR_UNTRUSTED);
		assert_fails(b, "seg", flags, ERR_UNTRUSTED);
		assert_fails(b, "socket", flags, ERR_UNTRUSTED);
	}
	assert_fails(b, "dangling", FILE_WRITE | FILE_CREATE, ERR_EXISTS);
	assert_int_equal(backend_sync_dir(b, "etc"), ERR_UNTRUSTED);
	assert_int_equal(backend_remove(b, "etc/x"), ERR_UNTRUSTED);
	assert_int_equal(backend_lock(b, 0, LOCK_SHARED, 0), ERR_UNTRUSTED);
}

static void a_fifo_a_link_a_folder_or_a_socket_is_untrusted(void **state)
{
	struct fixture *x = *state;

	assert_int_equal(mkfifo(in_dir(x, "fifo"), 0600), 0);
	assert_int_equal(symlink("/etc/passwd", in_dir(x, "link")), 0);
	assert_int_equal(symlink("nowhere", in_dir(x, "dangling")), 0);
	assert_int_equal(symlink("/etc", in_dir(x, "etc")), 0);
	make_socket(in_dir(x, "socket"));
	assert_int_equal(mkfifo(in_dir(x, "lock"), 0600), 0);
	each_way_to_open(is_no_file, state);
}

static void a_second_link_is_untrusted_but_for_segments(void **state)
{
	struct fixture *x = *state;
	struct file *f;

	put_file(x->b, "seg/a", "1", 1);
	assert_int_equal(link(in_dir(x, "seg/a"), in_dir(x, "seg/b")), 0);
	assert_fails(x->b, "seg/a", 0, ERR_UNTRUSTED);
	assert_int_equal(backend_open(x->b, "seg/a", FILE_LINKED, &f), 0);
	file_close(f);
}

static void another_users_file_is_untrusted(void **state)
{
	struct fixture *x = *state;

	if (geteuid() != 0)
		skip();
	put_file(x->b, "seg/a", "1", 1);
	assert_int_equal(chown(in_dir(x, "seg/a"), 12345, 12345), 0);
	assert_fails(x->b, "seg/a", 0, ERR_UNTRUSTED);
}

static void a_directory_others_may_write_is_untrusted_if_anothers(void **state)
{
	struct fixture *x = *state;
	struct backend *b = NULL;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(x->dir, 12345, 12345), 0);
	assert_int_equal(backend_local(&b, x->dir, false), 0);
	backend_close(b);
	assert_int_equal(chmod(x->dir, 0777), 0);
	assert_int_equal(backend_local(&b, x->dir, false), ERR_UNTRUSTED);
}

static void a_wrong_path_says_which_and_makes_nothing(void **state)
{
	struct fixture *x = *state;
	struct backend *b = NULL;

	assert_int_equal(backend_local(&b, in_dir(x, "gone"), true), ERR_NO_STORE);
	assert_int_equal(access(in_dir(x, "gone"), F_OK), -1);
	put_file(x->b, "file", "1", 1);
	assert_int_equal(backend_local(&b, in_dir(x, "file"), true), ERR_UNTRUSTED);
	assert_null(b);
}

static void files_and_folders_are_ours_alone(void **state)
{
	struct fixture *x = *state;
	mode_t old = umask(0);
	struct stat st;

	put_file(x->b, "seg/a", "1", 1);
	assert_int_equal(backend_mkdir(x->b, "new"), 0);
	umask(old);
	assert_int_equal(stat(in_dir(x, "seg/a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(in_dir(x, "new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void a_reader_writes_nothing_and_takes_no_writers_lock(void **state)
{
	struct fixture *x = *state;
	struct backend *r;
	struct file *f;

	assert_int_equal(backend_local(&r, x->dir, false), 0);
	assert_int_equal(backend_open(r, "a", FILE_WRITE | FILE_CREATE, &f), ERR_READ_ONLY);
	assert_int_equal(backend_remove(r, "a"), ERR_READ_ONLY);
	assert_int_equal(backend_lock(r, 0, LOCK_EXCLUSIVE, 0), ERR_READ_ONLY);
	assert_int_equal(backend_lock(r, 0, LOCK_SHARED, 0), ERR_ABSENT);
	assert_int_equal(backend_lock(x->b, 1, LOCK_EXCLUSIVE, 0), 0);
	assert_int_equal(backend_lock(r, 0, LOCK_SHARED, 0), 0);
	assert_int_equal(backend_lock(r, 1, LOCK_SHARED, 0), ERR_LOCKED);
	backend_close(r);
}

static void direct_reads_and_writes_come_back(void **state)
{
	struct fixture *x = *state;
	uint8_t *p = mem_pages(NULL, 8192);
	struct file *f;

	assert_int_equal(backend_open(x->b, "seg/d", FILE_WRITE | FILE_CREATE | FILE_DIRECT,
				      &f), 0);
	assert_true(f->direct ? f->align > 1 && f->align <= 4096 : f->align == 1);
	memset(p, 7, 8192);
	assert_int_equal(file_write(f, p, 8192, 4096), 0);
	assert_int_equal(file_flush(f), 0);
	memset(p, 0, 8192);
	assert_int_equal(file_read(f, p, 8192, 4096), 0);
	assert_int_equal(p[0] + p[8191], 14);
	assert_int_equal(file_read_some(f, p, 8192, 8192), 4096);
	file_close(f);
	assert_int_equal(backend_open(x->b, "seg/d", FILE_DIRECT, &f), 0);
	assert_int_equal(file_read(f, p, 4096, 0), 0);
	assert_int_equal(p[0], 0);
	file_close(f);
	mem_free_pages(NULL, p, 8192);
}

static void on_usr1(int sig)
{
	(void)sig;
}

static void a_wait_for_a_lock_ends_and_names_the_holder(void **state)
{
	struct fixture *x = *state;
	struct sigaction mine = { .sa_handler = on_usr1 }, now;
	char words[64];
	struct backend *o;
	uint64_t start;

	open_again(x, &o);
	sigaction(SIGALRM, &mine, NULL);
	assert_int_equal(backend_lock(x->b, 0, LOCK_EXCLUSIVE, 0), 0);
	backend_lock_note(x->b, 0, "strato-graph");
	start = clock_ns();
	assert_int_equal(backend_lock(o, 0, LOCK_EXCLUSIVE, 50000000), ERR_LOCKED);
	assert_true(clock_ns() - start >= 50000000);
	snprintf(words, sizeof words, "by process %d (strato-graph) since ", (int)getpid());
	assert_non_null(strstr(err_message(), words));
	sigaction(SIGALRM, NULL, &now);
	assert_true(now.sa_handler == on_usr1);
	signal(SIGALRM, SIG_DFL);
	backend_unlock(x->b, 0);
	assert_int_equal(backend_lock(x->b, 0, LOCK_EXCLUSIVE, 0), 0);
	assert_int_equal(backend_lock(o, 0, LOCK_EXCLUSIVE, 0), ERR_LOCKED);
	assert_non_null(strstr(err_message(), "by another process"));
	backend_close(o);
}

static void *let_go_later(void *arg)
{
	usleep(30000);
	backend_unlock(arg, 0);
	return NULL;
}

static void a_wait_ends_as_soon_as_the_lock_is_free(void **state)
{
	struct fixture *x = *state;
	struct backend *o;
	pthread_t t;

	open_again(x, &o);
	assert_int_equal(backend_lock(x->b, 0, LOCK_EXCLUSIVE, 0), 0);
	assert_int_equal(pthread_create(&t, NULL, let_go_later, x->b), 0);
	assert_int_equal(backend_lock(o, 0, LOCK_EXCLUSIVE, 600000000000), 0);
	pthread_join(t, NULL);
	backend_close(o);
}

static void a_note_that_lies_is_not_repeated(void **state)
{
	static const char *const lies[] = {
		"process 1 (\x1b[2J) since 1", "process -1 (x) since 1",
		"process 999999999 (strato-put) since 1", "process 1 (x since 1", "",
	};
	struct fixture *x = *state;
	struct backend *o;
	char text[128];
	int fd;

	open_again(x, &o);
	assert_int_equal(backend_lock(x->b, 0, LOCK_EXCLUSIVE, 0), 0);
	fd = open(in_dir(x, "lock"), O_WRONLY);
	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		memset(text, ' ', sizeof text);
		memcpy(text, lies[i], strlen(lies[i]));
		assert_int_equal(pwrite(fd, text, sizeof text, 0), sizeof text);
		assert_int_equal(backend_lock(o, 0, LOCK_EXCLUSIVE, 0), ERR_LOCKED);
		assert_non_null(strstr(err_message(), "by another process"));
	}
	close(fd);
	backend_close(o);
}

static void a_lock_dies_with_its_process(void **state)
{
	struct fixture *x = *state;
	int status, p[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		struct backend *b;

		if (backend_local(&b, x->dir, true) == 0 &&
		    backend_lock(b, 3, LOCK_EXCLUSIVE, 0) == 0 && write(p[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(backend_lock(x->b, 3, LOCK_EXCLUSIVE, 0), ERR_LOCKED);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(backend_lock(x->b, 3, LOCK_EXCLUSIVE, 0), 0);
	close(p[0]);
	close(p[1]);
}

/* In a child: the guard ends its process. */
static void a_file_cut_under_a_view_is_status_74_and_not_a_signal(void **state)
{
	struct fixture *x = *state;
	char text[128] = "";
	int p[2], status;
	pid_t pid;

	put_file(x->b, "seg/v", text, sizeof text);
	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		struct file *f;
		struct view v;

		dup2(p[1], 2);
		view_guard();
		if (backend_open(x->b, "seg/v", 0, &f) == 0 && view_open(&v, f) == 0 &&
		    truncate(in_dir(x, "seg/v"), 0) == 0)
			_exit(*(volatile const uint8_t *)v.ptr);
		_exit(99);
	}
	close(p[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(read(p[0], text, sizeof text - 1) > 0);
	close(p[0]);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 74);
	assert_non_null(strstr(text, "seg/v"));
	assert_non_null(strstr(text, "[io-error]"));
}

#define OVER(f, kind) \
	{ #f " (" #kind ")", f, setup_##kind, teardown, NULL }
#define EACH(f) OVER(f, local), OVER(f, mem), OVER(f, fault)
#define ONLY_LOCAL(f) OVER(f, local)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(what_is_written_is_read),
		EACH(a_file_that_ends_early_is_damage_with_its_byte),
		EACH(names_refuse_what_is_not_there_and_what_is),
		EACH(a_replaced_or_removed_file_stays_readable_while_open),
		EACH(a_folder_lists_its_own_names_and_may_be_swept),
		EACH(a_replacement_leaves_nothing_in_tmp),
		EACH(a_slurp_has_a_limit),
		EACH(a_mapping_is_the_file),
		EACH(a_view_shows_the_whole_file),
		EACH(a_lock_excludes_another_handle_until_it_is_let_go),
		EACH(a_file_opened_for_reading_cannot_be_written),
		ONLY_LOCAL(a_name_that_leads_out_is_untrusted),
		ONLY_LOCAL(a_fifo_a_link_a_folder_or_a_socket_is_untrusted),
		ONLY_LOCAL(a_second_link_is_untrusted_but_for_segments),
		ONLY_LOCAL(another_users_file_is_untrusted),
		ONLY_LOCAL(a_directory_others_may_write_is_untrusted_if_anothers),
		ONLY_LOCAL(a_wrong_path_says_which_and_makes_nothing),
		ONLY_LOCAL(files_and_folders_are_ours_alone),
		ONLY_LOCAL(a_reader_writes_nothing_and_takes_no_writers_lock),
		ONLY_LOCAL(direct_reads_and_writes_come_back),
		ONLY_LOCAL(a_wait_for_a_lock_ends_and_names_the_holder),
		ONLY_LOCAL(a_wait_ends_as_soon_as_the_lock_is_free),
		ONLY_LOCAL(a_note_that_lies_is_not_repeated),
		ONLY_LOCAL(a_lock_dies_with_its_process),
		ONLY_LOCAL(a_file_cut_under_a_view_is_status_74_and_not_a_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
