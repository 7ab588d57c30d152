/* cmd/common/place.c */
#include "cmd/common/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

static int set_names(struct place *p, const char *dir)
{
	size_t len = strlen(dir);
	char *slash;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	p->dir = mem_zalloc(NULL, len + 1);
	p->partial = mem_zalloc(NULL, len + sizeof ".partial");
	p->parent = mem_zalloc(NULL, len + 2);
	if (!p->dir || !p->partial || !p->parent)
		return ERR_MEMORY;
	memcpy(p->dir, dir, len);
	memcpy(p->partial, dir, len);
	strcat(p->partial, ".partial");
	memcpy(p->parent, dir, len);
	slash = strrchr(p->parent, '/');
	if (!slash)
		strcpy(p->parent, ".");
	else
		slash[slash == p->parent] = '\0';
	return 0;
}

int place_begin(struct place *p, const char *dir)
{
	struct stat st;
	int r;

	memset(p, 0, sizeof *p);
	r = set_names(p, dir);
	if (r < 0)
		return r;
	if (lstat(p->dir, &st) == 0)
		return err_set(ERR_EXISTS, "%s: exists", p->dir);
	if (lstat(p->partial, &st) == 0) {
		err_set(ERR_EXISTS, "%s: exists", p->partial);
		err_hint("it is being made by another process, or left by one that was "
			 "killed: then remove it");
		return ERR_EXISTS;
	}
	return 0;
}

static int sync_parent(const struct place *p)
{
	int fd = open(p->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0 || fsync(fd) < 0)
		r = err_sys(ERR_IO, "%s: sync", p->parent);
	if (fd >= 0)
		close(fd);
	return r;
}

int place_commit(struct place *p)
{
	if (rename(p->partial, p->dir) == 0)
		return sync_parent(p);
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
		return err_set(ERR_EXISTS, "%s: exists", p->dir);
	return err_sys(ERR_CREATE, "%s", p->dir);
}

/* The folder's files, but not its folders. */
static void empty(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d && fd >= 0)
		close(fd);
	while (d && (e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

void place_abort(struct place *p)
{
	static const char *const folder[] = { "wal", "seg", "tmp", "snap" };
	int fd = open(p->partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t i = 0; i < sizeof folder / sizeof *folder; i++) {
		empty(fd, folder[i]);
		unlinkat(fd, folder[i], AT_REMOVEDIR);
	}
	empty(fd, ".");
	close(fd);
	rmdir(p->partial);
}

void place_release(struct place *p)
{
	mem_free(NULL, p->dir);
	mem_free(NULL, p->partial);
	mem_free(NULL, p->parent);
}
