/* cmd/common/machine.c */
#include "cmd/common/machine.h"

#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"

bool machine_line(const char *path, char *out, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, out, cap - 1);
		close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	while (n > 0 && (n = (ssize_t)strlen(out)) > 0 && out[n - 1] == ' ')
		out[n - 1] = '\0';	/* models are padded */
	return *out != '\0';
}

uint64_t machine_number(const char *path, uint64_t dflt)
{
	char text[64], *end;
	uint64_t n;

	if (!machine_line(path, text, sizeof text))
		return dflt;
	n = strtoull(text, &end, 10);
	return end == text ? dflt : n;
}

/* One line of mountinfo: "ID PARENT MAJ:MIN ROOT POINT OPTIONS [OPTIONAL]... - TYPE ..." */
static bool is_mount(const char *line, uint64_t mount_id, unsigned major_n, unsigned minor_n,
		     char *fs, size_t cap)
{
	const char *dash = strstr(line, " - ");
	unsigned ma, mi;
	uint64_t id;
	char type[32];

	if (!dash || sscanf(line, "%" SCNu64 " %*u %u:%u", &id, &ma, &mi) != 3 ||
	    sscanf(dash + 3, "%31s", type) != 1)
		return false;
	if (mount_id ? id != mount_id : ma != major_n || mi != minor_n)
		return false;
	snprintf(fs, cap, "%s", type);
	return true;
}

static void find_fs(struct machine_place *p, const struct statx *st)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	uint64_t id = st->stx_mask & STATX_MNT_ID ? st->stx_mnt_id : 0;
	char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0)
		if (is_mount(line, id, st->stx_dev_major, st->stx_dev_minor, p->fs,
			     sizeof p->fs))
			break;
	free(line);
	if (f)
		fclose(f);
	p->in_memory = !strcmp(p->fs, "tmpfs") || !strcmp(p->fs, "ramfs");
}

static void find_device(struct machine_place *p, const struct statx *st)
{
	char dir[128], path[192], real[PATH_MAX], number[8];
	const char *base;

	snprintf(dir, sizeof dir, "/sys/dev/block/%u:%u", st->stx_dev_major,
		 st->stx_dev_minor);
	snprintf(path, sizeof path, "%s/partition", dir);
	if (access(path, F_OK) == 0)
		strcat(dir, "/..");
	if (!realpath(dir, real))
		return;
	base = strrchr(real, '/');
	snprintf(p->device, sizeof p->device, "%.63s", base ? base + 1 : real);
	snprintf(path, sizeof path, "%s/device/model", dir);
	machine_line(path, p->model, sizeof p->model);
	snprintf(path, sizeof path, "%s/queue/write_cache", dir);
	machine_line(path, p->write_cache, sizeof p->write_cache);
	snprintf(path, sizeof path, "%s/queue/scheduler", dir);
	machine_line(path, p->scheduler, sizeof p->scheduler);
	snprintf(path, sizeof path, "%s/queue/rotational", dir);
	p->rotational = machine_line(path, number, sizeof number) && number[0] == '1';
}

int machine_place(struct machine_place *out, const char *dir)
{
	struct statx st;
	struct statvfs v;

	*out = (struct machine_place){ 0 };
	if (statx(AT_FDCWD, dir, 0, STATX_BASIC_STATS | STATX_MNT_ID, &st) < 0 ||
	    statvfs(dir, &v) < 0)
		return err_sys(errno == ENOENT || errno == ENOTDIR ? ERR_NO_FILE : ERR_IO,
			       "%s", dir);
	out->size = (uint64_t)v.f_blocks * v.f_frsize;
	out->free = (uint64_t)v.f_bavail * v.f_frsize;
	out->inode_n = v.f_files;
	out->inode_free = v.f_favail;
	find_fs(out, &st);
	find_device(out, &st);
	return 0;
}

void machine_words(const struct machine_place *p, char *out, size_t cap)
{
	snprintf(out, cap, "%s%s%s%s%s%s%s%s", *p->fs ? p->fs : "unknown file system",
		 *p->device ? " on " : p->in_memory ? " in memory" : "", p->device,
		 *p->model ? " (" : "", p->model, *p->model ? ")" : "",
		 *p->write_cache ? ", " : "", p->write_cache);
}
