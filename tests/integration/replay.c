/* tests/integration/replay.c - what a drive may hold after a power cut
 *
 *	replay count LOG MARK		how many entries there are; of each mark, where it is
 *	replay flush LOG DRIVE AT	brings DRIVE to the last flush before entry AT
 *	replay cut LOG DRIVE AT SEED BLOCK
 *					what came after that flush, as a drive may have kept it
 *
 * LOG is of qemu's blklogwrites, in the format of the kernel's dm-log-writes.  A flush makes
 * durable what stands before it, FUA the write that says so.  Of the other writes since the
 * last flush a drive keeps what it likes, block by block: none, all, or some of them.  What
 * is kept is kept in the order of the log.  Discards change nothing.
 *
 * qemu's NVMe drive (7.2) takes FUA for a plain write and the log does not say it.  The
 * file systems write commits of their journals so: these are known by how they begin.
 *
 * DRIVE.at says how many entries DRIVE has already; so cuts are taken in their order.
 */
#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x6a736677736872	/* of dm-log-writes */
enum { FLUSH = 1, FUA = 2, DISCARD = 4, MARK = 8 };
enum { UNIT = 512 };		/* of positions on the drive and in the log */

struct head {
	uint64_t magic;
	uint64_t version;
	uint64_t entry_n;
	uint32_t unit;
} __attribute__((packed));

struct entry {
	uint64_t at;
	uint64_t unit_n;
	uint64_t flags;
	uint64_t len;		/* of a mark's own bytes */
};

struct log {
	int fd;
	off_t size;
	off_t off;
	uint64_t entry_n;
	uint64_t next;		/* the entry at off */
	char *bytes;		/* of the entry before it */
	size_t room;
};

static void fail(const char *what)
{
	fprintf(stderr, "replay: %s\n", what);
	exit(70);
}

static void read_all(int fd, void *to, size_t len, off_t at)
{
	if (pread(fd, to, len, at) != (ssize_t)len)
		fail("a read is short");
}

static struct log log_open(const char *path)
{
	struct log log = {.fd = open(path, O_RDONLY), .off = UNIT};
	struct stat st;
	struct head head;

	if (log.fd < 0 || fstat(log.fd, &st))
		fail("no log");
	read_all(log.fd, &head, sizeof head, 0);
	if (le64toh(head.magic) != MAGIC || le64toh(head.version) != 1 ||
	    le32toh(head.unit) != UNIT)
		fail("this is no log of writes");
	log.size = st.st_size;
	log.entry_n = le64toh(head.entry_n);
	return log;
}

static bool entry_has_bytes(const struct entry *e)
{
	return !(e->flags & (DISCARD | MARK)) && e->unit_n;
}

static size_t entry_len(const struct entry *e)
{
	return e->unit_n * UNIT;
}

/* The next entry; with its bytes if they are wanted. */
static bool log_next(struct log *log, struct entry *e, bool with_bytes)
{
	struct entry raw;

	if (log->next == log->entry_n)
		return false;
	read_all(log->fd, &raw, sizeof raw, log->off);
	*e = (struct entry){le64toh(raw.at), le64toh(raw.unit_n), le64toh(raw.flags),
			    le64toh(raw.len)};
	log->off += UNIT;
	log->next++;
	if (!entry_has_bytes(e))
		return true;
	if (e->unit_n > (uint64_t)(log->size - log->off) / UNIT)
		fail("an entry is longer than the log");
	if (with_bytes) {
		if (entry_len(e) > log->room) {
			log->room = entry_len(e);
			log->bytes = realloc(log->bytes, log->room);
			if (!log->bytes)
				fail("no memory");
		}
		read_all(log->fd, log->bytes, entry_len(e), log->off);
	}
	log->off += entry_len(e);
	return true;
}

/* A record of xfs's log; a commit or the superblock of jbd2. */
static bool entry_is_journal(const char *bytes)
{
	uint32_t word[2];

	memcpy(word, bytes, sizeof word);
	return be32toh(word[0]) == 0xfeedbabe ||
	       (be32toh(word[0]) == 0xc03b3998 && be32toh(word[1]) >= 2 &&
		be32toh(word[1]) <= 4);
}

static uint64_t last_flush(const char *path, uint64_t at)
{
	struct log log = log_open(path);
	struct entry e;
	uint64_t flush = 0;

	if (at > log.entry_n)
		fail("the log has no such entry");
	while (log.next < at && log_next(&log, &e, false))
		if (e.flags & FLUSH)
			flush = log.next;
	close(log.fd);
	return flush;
}

static void put(int drive, const char *bytes, size_t len, uint64_t at)
{
	if (pwrite(drive, bytes, len, (off_t)at) != (ssize_t)len)
		fail("a write is short");
}

static int count(const char *path, uint64_t mark)
{
	struct log log = log_open(path);
	struct entry e;

	while (log_next(&log, &e, true)) {
		if (!entry_has_bytes(&e) || e.at * UNIT != mark)
			continue;
		printf("%" PRIu64 " %.40s", log.next, log.bytes);
	}
	printf("%" PRIu64 " entries\n", log.entry_n);
	return 0;
}

static uint64_t drive_at(const char *drive, uint64_t set)
{
	char name[4096];
	uint64_t at = 0;
	FILE *f;

	snprintf(name, sizeof name, "%s.at", drive);
	f = fopen(name, set ? "w" : "r");
	if (f && set)
		fprintf(f, "%" PRIu64 "\n", set);
	else if (f && fscanf(f, "%" SCNu64, &at) != 1)
		fail("how far the drive is cannot be read");
	if (f && fclose(f))
		fail("how far the drive is cannot be written");
	return at;
}

static int flush(const char *path, const char *drive, uint64_t at)
{
	uint64_t to = last_flush(path, at), from = drive_at(drive, 0);
	struct log log = log_open(path);
	int fd = open(drive, O_WRONLY);
	struct entry e;

	if (fd < 0)
		fail("no drive");
	if (from > to)
		fail("the drive is further already");
	while (log.next < to && log_next(&log, &e, log.next >= from))
		if (log.next > from && entry_has_bytes(&e))
			put(fd, log.bytes, entry_len(&e), e.at * UNIT);
	if (to)
		drive_at(drive, to);
	return close(fd);
}

/* xorshift64* */
static uint64_t seed;

static unsigned below(unsigned n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * 0x2545f4914f6cdd1d) >> 33) % n;
}

static int cut(const char *path, const char *drive, uint64_t at, size_t block)
{
	uint64_t flushed = last_flush(path, at);
	struct log log = log_open(path);
	int fd = open(drive, O_WRONLY);
	unsigned percent, write_n = 0, block_n = 0, kept_n = 0;
	struct entry e;

	if (fd < 0 || block < UNIT || block % UNIT)
		fail("no drive of such blocks");
	below(2);
	percent = (unsigned[]){0, 100, 50, 10, 90, below(101)}[below(6)];
	while (log.next < at && log_next(&log, &e, log.next >= flushed)) {
		bool torn = below(4) == 0, whole = below(100) < percent, fua;

		if (log.next <= flushed || !entry_has_bytes(&e))
			continue;
		fua = e.flags & FUA || entry_is_journal(log.bytes);
		write_n++;
		for (size_t off = 0; off < entry_len(&e); off += block, block_n++) {
			bool keep = torn && percent && percent < 100 ? below(2) : whole;

			if (!keep && !fua)
				continue;
			put(fd, log.bytes + off, block, e.at * UNIT + off);
			kept_n++;
		}
	}
	printf("%u writes, %u of %u blocks kept\n", write_n, kept_n, block_n);
	return close(fd);
}

int main(int argc, char **argv)
{
	uint64_t n[3] = {0};

	for (int i = 4; i < argc && i < 7; i++)
		n[i - 4] = strtoull(argv[i], NULL, 10);
	if (argc == 4 && !strcmp(argv[1], "count"))
		return count(argv[2], strtoull(argv[3], NULL, 10));
	if (argc == 5 && !strcmp(argv[1], "flush"))
		return flush(argv[2], argv[3], n[0]);
	seed = n[1] * 0x9e3779b97f4a7c15 + 1;
	if (argc == 7 && !strcmp(argv[1], "cut"))
		return cut(argv[2], argv[3], n[0], n[2]);
	fail("count LOG MARK, flush LOG DRIVE AT, or cut LOG DRIVE AT SEED BLOCK");
}
