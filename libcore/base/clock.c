/* base/clock.c */
#include "base/clock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

static uint64_t now(clockid_t id)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t clock_ns(void)
{
	return now(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void)
{
	return now(CLOCK_REALTIME);
}

uint64_t clock_random(void)
{
	uint64_t x;

	if (getrandom(&x, sizeof x, GRND_NONBLOCK) == sizeof x)
		return x;
	return hash_mix(clock_ns() ^ (uint64_t)getpid() << 32, clock_wall_ns() | 1);
}

void clock_boot(char out[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	memset(out, 0, 40);
	if (fd >= 0) {
		n = read(fd, out, 36);
		close(fd);
	}
	if (n != 36)
		memset(out, 0, 40);
}
