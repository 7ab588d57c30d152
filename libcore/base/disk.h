/* base/disk.h - what holds every on-disk struct to its drawing */
#ifndef BASE_DISK_H
#define BASE_DISK_H

#include <assert.h>
#include <stddef.h>

#include "base/endian.h"

#define DISK_SIZE(type, n) static_assert(sizeof(type) == (n), #type " size")
#define DISK_AT(type, field, off) \
	static_assert(offsetof(type, field) == (off), #type "." #field)

#define DISK_PAGE 4096u		/* alignment of sections and direct I/O */
#define DISK_SECTOR 512u	/* what a device writes whole or not at all */

static inline uint64_t disk_round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

#endif
