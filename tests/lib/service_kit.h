/* tests/lib/service_kit.h - the cache service's command, and connections to it */
#ifndef TESTS_LIB_SERVICE_KIT_H
#define TESTS_LIB_SERVICE_KIT_H

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/wire.h"
#include "tests/lib/kit.h"

/* In a child: the command of the build, found by PATH, on DEVICE. */
KIT_UNUSED void service_exec(const char *dir, const char *device, const char *size,
			     int ready_fd)
{
	char which[32], number[32];

	snprintf(which, sizeof which, "--device=%s", device);
	snprintf(number, sizeof number, "--ready-fd=%d", ready_fd);
	execlp("strato-gpucache", "strato-gpucache", "serve", "-q", "-s", dir, which,
	       size, number, (char *)NULL);
	_exit(127);
}

/* A service of the store DIR, DEVICE "host" or "cpu", SIZE "--size=8M", that answers when
 * this returns; or -1: the command is not here. */
KIT_UNUSED pid_t service_begin(const char *dir, const char *device, const char *size)
{
	int fd[2], status = 0;
	char word;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		service_exec(dir, device, size, fd[1]);
	close(fd[1]);
	if (read(fd[0], &word, 1) != 1) {
		waitpid(pid, &status, 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 127);
		pid = -1;
	}
	close(fd[0]);
	return pid;
}

KIT_UNUSED pid_t service_or_skip(const char *dir, const char *device, const char *size)
{
	pid_t pid = service_begin(dir, device, size);

	if (pid < 0) {
		print_message("# strato-gpucache is not in PATH\n");
		skip();
	}
	return pid;
}

/* A connection without manners. */
KIT_UNUSED int service_raw(const char *dir)
{
	struct sockaddr_un at;
	int dir_fd, fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	must(wire_address(dir, &dir_fd, &at));
	assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
	close(dir_fd);
	return fd;
}

#endif
