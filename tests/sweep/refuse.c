/* tests/sweep/refuse.c - preloaded: the N-th allocation of a process fails
 *
 * Its orders are in a file that STRATO_TEST_REFUSE names, mapped here and by who gave
 * them; allocations before the program's own libraries are up are not counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSE_ENV "STRATO_TEST_REFUSE"

struct refuse {
	uint64_t n, at, forever, hit;
};

/* glibc's own, by the names it keeps for libraries like this one */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_memalign(size_t align, size_t size);

static struct refuse *orders;

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv(REFUSE_ENV);
	int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	long at;

	if (fd < 0)
		return;
	at = syscall(SYS_mmap, NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != -1)
		orders = (struct refuse *)at;
}

static bool refused(void)
{
	uint64_t n;

	if (!orders)
		return false;
	n = __atomic_add_fetch(&orders->n, 1, __ATOMIC_RELAXED);
	if (!orders->at || (orders->forever ? n < orders->at : n != orders->at))
		return false;
	__atomic_store_n(&orders->hit, n, __ATOMIC_RELAXED);
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return refused() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
	return refused() ? NULL : __libc_realloc(ptr, size);
}

void *reallocarray(void *ptr, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(ptr, all);
}

void *memalign(size_t align, size_t size)
{
	return refused() ? NULL : __libc_memalign(align, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
	int was = errno;
	void *p = memalign(align, size);

	errno = was;
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

/* Memory by the page; a file's mapping is a call like others. */
void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
	if ((flags & MAP_ANONYMOUS) && refused())
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, len, prot, flags, fd, off);
}
