/* cmd/common/machine.h - the place where files lie: file system and device
 *
 * For people and beside figures: read from /proc and /sys, which may be missing;
 * what is not known is empty or 0, never an error.
 */
#ifndef CMD_COMMON_MACHINE_H
#define CMD_COMMON_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine_place {
	char fs[32];			/* "ext4" */
	char device[64];		/* "nvme0n1"; "" where no device of blocks is behind */
	char model[64];
	char write_cache[32];		/* "write back" or "write through" */
	char scheduler[64];
	bool rotational;
	bool in_memory;			/* tmpfs, ramfs: a power cut takes it all */
	uint64_t size, free;		/* bytes; free: for this user */
	uint64_t inode_n, inode_free;	/* 0 and 0 where the file system does not count */
};

/* 0, or ERR_NO_FILE, ERR_DENIED, ERR_IO for a DIR that cannot be looked at. */
int machine_place(struct machine_place *out, const char *dir);

/* "ext4 on nvme0n1 (MODEL), write back": CAP bytes at most. */
void machine_words(const struct machine_place *p, char *out, size_t cap);

/* The first line of a small file such as those of /proc and /sys, without its LF;
 * false and "" when there is none. */
bool machine_line(const char *path, char *out, size_t cap);
/* The number in it, or DFLT ("max" too). */
uint64_t machine_number(const char *path, uint64_t dflt);

#endif
