/* bench/crcloop.c - crc32c of pages that lie in a core's cache: GB a second
 *
 * What a check of checksums could reach if reading cost nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/crc32c.h"

#define PAGE 4096u
#define PAGES 64u
#define ROUNDS 8000u

int main(void)
{
	uint8_t *p = malloc(PAGE * PAGES);
	uint32_t all = 0;
	clock_t begun;
	double s;

	if (!p)
		return 1;
	memset(p, 7, PAGE * PAGES);
	begun = clock();
	for (unsigned i = 0; i < ROUNDS; i++)
		for (unsigned k = 0; k < PAGES; k++)
			all ^= crc32c(i, p + k * PAGE, PAGE);
	s = (double)(clock() - begun) / CLOCKS_PER_SEC;
	printf("%.2f\n", (double)PAGE * PAGES * ROUNDS / 1e9 / s);
	free(p);
	return all == 1;	/* it is used */
}
