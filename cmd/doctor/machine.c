/* cmd/doctor/machine.c - this machine, and the directory */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "cmd/doctor/doctor.h"
#include "io/ioq.h"

static void check_fs(struct doctor *d)
{
	const char *network = d->backend ? backend_network(d->backend) : NULL;
	bool allowed = setting_u64(&d->settings, SETTING_NETWORK_FS) == NETWORK_FS_ALLOW;
	char words[240];

	machine_words(&d->place, words, sizeof words);
	doctor_say(d, DOCTOR_OK, "file-system", d->place.in_memory ?
		   "for what must survive a power cut, use a disk" : NULL, "%s", words);
	if (!network)
		doctor_say(d, DOCTOR_OK, "network-fs", NULL, "on this machine");
	else
		doctor_say(d, allowed ? DOCTOR_SLOW : DOCTOR_FAIL, "network-fs",
			   "use a disk of this machine; network_fs=allow takes the risk",
			   "%s: locks and flushes are not what they are here%s", network,
			   allowed ? " (network_fs=allow)" : "");
}

static void check_device(struct doctor *d)
{
	const struct machine_place *p = &d->place;

	if (!*p->device)
		doctor_say(d, DOCTOR_OK, "device", NULL, "none that is known");
	else if (p->rotational && strncmp(p->device, "vd", 2))	/* virtio says so of anything */
		doctor_say(d, DOCTOR_SLOW, "device", "use an NVMe disk or another without seeks",
			   "%s says that it rotates", p->device);
	else
		doctor_say(d, DOCTOR_OK, "device", NULL, "%s%s%s%s%s", p->device,
			   *p->write_cache ? ", write cache: " : "", p->write_cache,
			   *p->scheduler ? ", scheduler: " : "", p->scheduler);
}

/* Any regular file there will do: in a store one of its own, else one of no name. */
static int file_there(struct doctor *d)
{
	char path[4200];

	if (d->in_store) {
		snprintf(path, sizeof path, "%s/manifest", d->dir);
		return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	}
	return open(d->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* What the file system says of direct I/O, else whether it takes the flag. */
static void check_direct(struct doctor *d)
{
	bool want_off = setting_u64(&d->settings, SETTING_DIRECT_IO) == DIRECT_IO_OFF;
	int fd = file_there(d);
	struct statx st = { 0 };
	bool known, has;

	if (fd < 0) {
		doctor_say(d, DOCTOR_OK, "direct-io", NULL, "not known: no file to ask: %s",
			   strerror(errno));
		return;
	}
	known = statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &st) == 0 &&
		st.stx_mask & STATX_DIOALIGN;
	has = known ? st.stx_dio_offset_align != 0 : fcntl(fd, F_SETFL, O_DIRECT) == 0;
	close(fd);
	if (!has)
		doctor_say(d, DOCTOR_SLOW, "direct-io", "ext4, xfs and others on a disk have it",
			   "refused by this file system: reads and writes are buffered");
	else if (want_off)
		doctor_say(d, DOCTOR_SLOW, "direct-io", "strato-config direct_io=auto",
			   "to be had, but direct_io is off");
	else if (!known)
		doctor_say(d, DOCTOR_OK, "direct-io", NULL, "to be had, aligned to 4096 bytes");
	else
		doctor_say(d, DOCTOR_OK, "direct-io", NULL,
			   "aligned to %u bytes in the file, %u in memory",
			   st.stx_dio_offset_align, st.stx_dio_mem_align);
}

static void check_aio(struct doctor *d)
{
	uint64_t used = machine_number("/proc/sys/fs/aio-nr", 0);
	uint64_t most = machine_number("/proc/sys/fs/aio-max-nr", 0);
	unsigned depth = (unsigned)setting_u64(&d->settings, SETTING_IO_DEPTH);
	/* a bound of 0 is one */
	bool taken = used + depth > machine_number("/proc/sys/fs/aio-max-nr", UINT64_MAX);
	struct ioq *q;

	if (ioq_open(&q, depth, IOQ_LIBAIO) == 0) {
		ioq_close(q);
		doctor_say(d, DOCTOR_OK, "aio", NULL,
			   "libaio at depth %u; %" PRIu64 " of %" PRIu64
			   " operations of this machine reserved", depth, used, most);
		return;
	}
	doctor_say(d, DOCTOR_SLOW, "aio", taken ?
		   "sysctl fs.aio-max-nr=1048576, or end whoever reserved them" :
		   "install libaio (Debian: libaio1)",
		   "%s; %" PRIu64 " of %" PRIu64 " reserved: threads instead",
		   err_message(), used, most);
}

static void check_memory(struct doctor *d)
{
	uint64_t may = 2 * (uint64_t)mem_default_limit();
	uint64_t limit = setting_u64(&d->settings, SETTING_MEMORY_LIMIT);
	uint64_t group = machine_number("/sys/fs/cgroup/memory.max",
		machine_number("/sys/fs/cgroup/memory/memory.limit_in_bytes", 0));
	enum verdict v = DOCTOR_OK;
	struct rlimit as;
	char bounds[160] = "";

	if (getrlimit(RLIMIT_AS, &as) == 0 && as.rlim_cur != RLIM_INFINITY)
		snprintf(bounds, sizeof bounds, "; RLIMIT_AS %s", output_size(as.rlim_cur));
	if (group && group < 1ull << 62)	/* the older kind says a number for none */
		snprintf(bounds + strlen(bounds), sizeof bounds - strlen(bounds),
			 "; cgroup %s", output_size(group));
	if (limit > may)
		v = DOCTOR_FAIL;
	else if (limit < 64u << 20)
		v = DOCTOR_SLOW;
	doctor_say(d, v, "memory", v == DOCTOR_FAIL ?
		   "lower memory_limit, or raise the limit of the process" :
		   v == DOCTOR_SLOW ? "64 MiB and more spare batches their spilling" : NULL,
		   "%s for this process, memory_limit %s (%s)%s", output_size(may),
		   output_size(limit),
		   setting_origin_name(d->settings.origin[SETTING_MEMORY_LIMIT]), bounds);
}

static void check_descriptors(struct doctor *d)
{
	enum verdict v = DOCTOR_OK;
	struct rlimit n;

	if (getrlimit(RLIMIT_NOFILE, &n) < 0)
		return;
	if (n.rlim_cur < 64)
		v = DOCTOR_FAIL;
	else if (n.rlim_cur < 256)
		v = DOCTOR_SLOW;
	doctor_say(d, v, "descriptors", v ? "ulimit -n 1024" : NULL, "%llu for a process",
		   (unsigned long long)n.rlim_cur);
	if (getrlimit(RLIMIT_FSIZE, &n) == 0 && n.rlim_cur != RLIM_INFINITY) {
		uint64_t log = setting_u64(&d->settings, SETTING_LOG_SIZE);

		doctor_say(d, n.rlim_cur < 2 * log ? DOCTOR_FAIL : DOCTOR_OK, "file-size",
			   n.rlim_cur < 2 * log ? "ulimit -f unlimited" : NULL,
			   "a process may write files of %s", output_size(n.rlim_cur));
	}
}

/* A log, its successor and the reserve are what the next hour may ask for. */
static void check_space(struct doctor *d)
{
	uint64_t log = setting_u64(&d->settings, SETTING_LOG_SIZE);
	uint64_t want = 2 * log + setting_u64(&d->settings, SETTING_RESERVE_SIZE);
	const struct machine_place *p = &d->place;
	enum verdict v = DOCTOR_OK;

	if (p->free < 1u << 20)
		v = DOCTOR_FAIL;
	else if (p->free < want)
		v = DOCTOR_SLOW;
	doctor_say(d, v, "space", v ? "free some: a log that cannot be folded only grows" : NULL,
		   "%s free of %s", output_size(p->free), output_size(p->size));
	if (p->inode_n == 0)
		return;
	v = p->inode_free < 16 ? DOCTOR_FAIL : p->inode_free < 1000 ? DOCTOR_SLOW : DOCTOR_OK;
	doctor_say(d, v, "inodes", v ? "remove files: this file system takes few more" : NULL,
		   "%s free of %s", output_count(p->inode_free), output_count(p->inode_n));
}

static void check_clock(struct doctor *d)
{
	static const char *const slow[] = { "acpi_pm", "hpet", "jiffies", "pit", "xen", NULL };
	enum verdict v = DOCTOR_OK;
	uint64_t begin, end;
	char name[64];

	machine_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		     name, sizeof name);
	for (int i = 0; slow[i]; i++)
		if (!strcmp(name, slow[i]))
			v = DOCTOR_SLOW;
	begin = clock_ns();
	for (int i = 0; i < 999; i++)
		clock_ns();
	end = clock_ns();
	doctor_say(d, v, "clock", v ? "boot with clocksource=tsc where the CPU's is steady" : NULL,
		   "%s, %" PRIu64 " ns a reading", *name ? name : "unknown",
		   (end - begin) / 1000);
}

void machine_checks(struct doctor *d)
{
	check_fs(d);
	check_device(d);
	check_direct(d);
	check_aio(d);
	check_memory(d);
	check_descriptors(d);
	check_space(d);
	check_clock(d);
}
