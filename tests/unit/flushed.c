/* tests/unit/flushed.c - what a flush asks of the kernel: no power cut in memory shows
 * whether a real directory's does */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "io/file.h"
#include "io/stream.h"

#define MOST 64

static struct stat asked[MOST];		/* what was synced, in order */
static size_t asked_n;
static char dir[64];

int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

static void ask(int fd)
{
	assert_true(asked_n < MOST);
	assert_int_equal(fstat(fd, &asked[asked_n++]), 0);
}

int __wrap_fsync(int fd)
{
	ask(fd);
	return __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
	ask(fd);
	return __real_fdatasync(fd);
}

/* The Nth that was synced since the test began is what lies there now. */
static void was(size_t n, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_true(n < asked_n);
	assert_true(asked[n].st_ino == st.st_ino && asked[n].st_dev == st.st_dev);
}

static struct backend *made(void)
{
	char path[80];
	struct backend *b;

	snprintf(path, sizeof path, "%s/s", dir);
	assert_int_equal(backend_local_create(&b, path), 0);
	assert_int_equal(backend_mkdir(b, "seg"), 0);
	assert_int_equal(backend_mkdir(b, "tmp"), 0);
	return b;
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/strato-flushed-XXXXXX");
	asked_n = 0;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static void a_new_stores_name_is_synced(void **state)
{
	(void)state;
	backend_close(made());
	was(0, "");
}

static void a_flush_and_a_folders_sync_reach_the_kernel(void **state)
{
	struct backend *b = made();
	struct file *f;

	(void)state;
	assert_int_equal(backend_open(b, "seg/a", FILE_WRITE | FILE_CREATE, &f), 0);
	assert_int_equal(file_write(f, "abc", 3, 0), 0);
	asked_n = 0;
	assert_int_equal(file_flush(f), 0);
	assert_int_equal(backend_sync_dir(b, "seg"), 0);
	assert_int_equal(backend_sync_dir(b, ""), 0);
	assert_int_equal(asked_n, 3);
	was(0, "/s/seg/a");
	was(1, "/s/seg");
	was(2, "/s");
	file_close(f);
	backend_close(b);
}

/* Its bytes before its name, its name before it is said. */
static void a_named_output_is_flushed_and_its_folder_synced(void **state)
{
	char path[80];

	(void)state;
	snprintf(path, sizeof path, "%s/out", dir);
	for (int again = 0; again < 2; again++) {	/* new, and in an older one's place */
		struct out *o;

		asked_n = 0;
		assert_int_equal(out_open(&o, path, NULL), 0);
		assert_int_equal(out_write(o, "abc", 3), 0);
		assert_int_equal(out_commit(o), 0);
		assert_int_equal(asked_n, 2);
		was(0, "/out");
		was(1, "");
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_stores_name_is_synced),
		CASE(a_flush_and_a_folders_sync_reach_the_kernel),
		CASE(a_named_output_is_flushed_and_its_folder_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
