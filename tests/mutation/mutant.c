/* tests/mutation/mutant.c - which rule is broken; appended to a file of libcore
 *
 * STRATO_MUTANT is the number of the one that is; STRATO_MUTANT_SEEN is a file of a byte
 * for each, which is not zero after some process of a test came there.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MUTANT_MOST 65536

int mutant_is(int n);

static int mutant_number;
static unsigned char *mutant_seen;

__attribute__((constructor)) static void mutant_choose(void)
{
	const char *number = getenv("STRATO_MUTANT"), *seen = getenv("STRATO_MUTANT_SEEN");
	int fd = seen ? open(seen, O_RDWR | O_CLOEXEC) : -1;
	void *at = MAP_FAILED;

	if (number)
		mutant_number = atoi(number);
	if (fd < 0)
		return;
	at = mmap(NULL, MUTANT_MOST, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at != MAP_FAILED)
		mutant_seen = at;
	close(fd);
}

int mutant_is(int n)
{
	if (mutant_seen)
		mutant_seen[n] = 1;
	return n == mutant_number;
}
