/* tests/unit/device.c - whatever a driver does, there is a list and a reason */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gpu/device.h"

#define SOON 30000000000ull

static int say(int fd, enum device_type type, uint64_t memory, bool usable)
{
	struct device d = { .type = type, .memory = memory, .usable = usable };

	snprintf(d.name, sizeof d.name, "device of %llu", (unsigned long long)memory);
	snprintf(d.why, sizeof d.why, usable ? "" : "it is broken");
	return write(fd, &d, sizeof d) == sizeof d ? 0 : 9;
}

static const struct device *used_of(const struct device_list *l)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->n; i++) {
		n += l->device[i].used;
		assert_int_not_equal(l->device[i].why[0], 0);
	}
	assert_int_equal(n, 1);
	assert_int_equal(l->device[l->n - 1].type, DEVICE_HOST);
	assert_true(l->device[l->n - 1].memory > 0);
	return device_used(l);
}

static int none(int fd, void *ctx)
{
	(void)fd;
	(void)ctx;
	return 0;
}

static void without_devices_host_memory_is_used(void **state)
{
	struct device_list l;

	(void)state;
	assert_int_equal(device_list_by(&l, none, NULL, SOON), 0);
	assert_int_equal(l.n, 1);
	assert_int_equal(used_of(&l)->type, DEVICE_HOST);
}

static int several(int fd, void *ctx)
{
	(void)ctx;
	return say(fd, DEVICE_CPU, 900, true) | say(fd, DEVICE_GPU, 10, true) |
	       say(fd, DEVICE_GPU, 50, true) | say(fd, DEVICE_GPU, 99, false) |
	       say(fd, DEVICE_ACCELERATOR, 800, true);
}

static void the_usable_gpu_with_the_most_memory_is_used(void **state)
{
	struct device_list l;

	(void)state;
	assert_int_equal(device_list_by(&l, several, NULL, SOON), 0);
	assert_int_equal(l.n, 6);
	assert_ptr_equal(used_of(&l), &l.device[2]);
	assert_string_equal(l.device[3].why, "it is broken");
}

static int no_gpu(int fd, void *ctx)
{
	(void)ctx;
	return say(fd, DEVICE_CPU, 900, true) | say(fd, DEVICE_ACCELERATOR, 8, true);
}

static int only_cpu(int fd, void *ctx)
{
	(void)ctx;
	return say(fd, DEVICE_CPU, 900, true) | say(fd, DEVICE_GPU, 900, false);
}

static void else_an_accelerator_else_host_memory(void **state)
{
	struct device_list l;

	(void)state;
	device_list_by(&l, no_gpu, NULL, SOON);
	assert_int_equal(used_of(&l)->type, DEVICE_ACCELERATOR);
	device_list_by(&l, only_cpu, NULL, SOON);
	assert_int_equal(used_of(&l)->type, DEVICE_HOST);
}

static int crash(int fd, void *ctx)
{
	(void)ctx;
	say(fd, DEVICE_GPU, 10, true);
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
	return 0;
}

static int leave(int fd, void *ctx)
{
	(void)ctx;
	say(fd, DEVICE_GPU, 10, true);
	return 3;
}

static int hang(int fd, void *ctx)
{
	(void)ctx;
	say(fd, DEVICE_GPU, 10, true);
	while (pause() < 0)
		;
	return 0;
}

static void a_driver_that_dies_or_hangs_is_not_trusted(void **state)
{
	struct device_list l;

	(void)state;
	device_list_by(&l, crash, NULL, SOON);
	assert_int_equal(used_of(&l)->type, DEVICE_HOST);
	assert_non_null(strstr(used_of(&l)->why, "crashed"));
	assert_int_equal(l.device[0].usable, false);
	device_list_by(&l, leave, NULL, SOON);
	assert_int_equal(used_of(&l)->type, DEVICE_HOST);
	assert_non_null(strstr(used_of(&l)->why, "ended"));
	device_list_by(&l, hang, NULL, 50000000);	/* it never would */
	assert_int_equal(used_of(&l)->type, DEVICE_HOST);
	assert_non_null(strstr(used_of(&l)->why, "in time"));
}

static int many(int fd, void *ctx)
{
	int r = 0;

	(void)ctx;
	for (int i = 0; r == 0 && i < 2000; i++)
		r = say(fd, DEVICE_GPU, 10, true);
	return r;
}

static int garbage(int fd, void *ctx)
{
	struct device d;
	int r;

	(void)ctx;
	memset(&d, 0xff, sizeof d);
	d.usable = d.used = true;
	r = write(fd, &d, sizeof d) == sizeof d ? 0 : 9;
	return r | (write(fd, &d, 7) == 7 ? 0 : 9);
}

static void more_than_fit_and_what_is_no_device_are_left_out(void **state)
{
	struct device_list l;

	(void)state;
	device_list_by(&l, many, NULL, SOON);
	assert_int_equal(l.n, DEVICE_MAX);
	assert_int_equal(used_of(&l)->type, DEVICE_GPU);
	device_list_by(&l, garbage, NULL, SOON);
	assert_int_equal(l.n, 1);
	assert_int_equal(used_of(&l)->type, DEVICE_HOST);
}

static void the_real_question_has_an_answer(void **state)
{
	struct device_list l;

	(void)state;
	assert_int_equal(device_list(&l), 0);
	used_of(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_devices_host_memory_is_used),
		cmocka_unit_test(the_usable_gpu_with_the_most_memory_is_used),
		cmocka_unit_test(else_an_accelerator_else_host_memory),
		cmocka_unit_test(a_driver_that_dies_or_hangs_is_not_trusted),
		cmocka_unit_test(more_than_fit_and_what_is_no_device_are_left_out),
		cmocka_unit_test(the_real_question_has_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
