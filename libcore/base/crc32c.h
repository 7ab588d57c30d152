/* base/crc32c.h - CRC-32C (Castagnoli, polynomial 0x1edc6f41, reflected)
 *
 * The checksum of iSCSI (RFC 3720, B.4).  Uses the CPU's instruction in three
 * interleaved streams where there is one (about 30 GB/s), tables of eight
 * elsewhere; chosen at the first call, both give the same numbers.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continue CRC (0 to begin) over LEN bytes: crc32c(crc32c(0,a),b) is that of ab. */
uint32_t crc32c(uint32_t crc, const void *ptr, size_t len);

/* That of A's bytes followed by B_LEN bytes whose own (from 0) is B: for pieces
 * that were checked apart.  Costs as much as the checksum of some 30 KiB. */
uint32_t crc32c_combine(uint32_t a, uint32_t b, uint64_t b_len);

/* A seed from two numbers: what a checksum is bound to (id, position). */
uint32_t crc32c_seed(uint64_t a, uint64_t b);

/* For tests: the table form, and the instruction's (NULL where there is none). */
uint32_t crc32c_table(uint32_t crc, const void *ptr, size_t len);
typedef uint32_t crc32c_fn(uint32_t crc, const void *ptr, size_t len);
crc32c_fn *crc32c_hardware(void);

#endif
