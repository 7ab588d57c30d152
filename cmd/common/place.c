/* cmd/common/place.c */
#include "cmd/common/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
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

/* --- what lies in DIR.partial --- */

static const char *const folders[] = { "wal", "seg", "tmp", "snap" };
static const char *const files[] = { "creating", "lock", "config", "reserve", "manifest",
	"manifest.old" };
#define FOLDERS (sizeof folders / sizeof *folders)
#define FILES (sizeof files / sizeof *files)

/* The files of a folder.  A signal may have come: no memory is asked for. */
static void empty(int at, const char *name)
{
	_Alignas(struct dirent64) char block[4096];
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && (n = getdents64(fd, block, sizeof block)) > 0)
		for (ssize_t i = 0; i < n; ) {
			const struct dirent64 *e = (const void *)(block + i);

			unlinkat(fd, e->d_name, 0);
			i += e->d_reclen;
		}
	if (fd >= 0)
		close(fd);
}

static void clear(int fd)
{
	for (size_t i = 0; i < FOLDERS; i++) {
		empty(fd, folders[i]);
		unlinkat(fd, folders[i], AT_REMOVEDIR);
	}
	for (size_t i = 0; i < FILES; i++)
		unlinkat(fd, files[i], 0);
}

static bool is_ours(const char *name)
{
	for (size_t i = 0; i < FOLDERS; i++)
		if (!strcmp(name, folders[i]))
			return true;
	for (size_t i = 0; i < FILES; i++)
		if (!strcmp(name, files[i]))
			return true;
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static bool all_ours(const char *path)
{
	const struct dirent *e;
	DIR *d = opendir(path);
	bool r = d;

	while (r && (e = readdir(d)))
		r = is_ours(e->d_name);
	if (d)
		closedir(d);
	return r;
}

/* --- signals --- */

static const struct place *volatile going;
static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

static void on_signal(int sig)
{
	const struct place *p = going;

	if (p) {
		clear(p->lock);
		rmdir(p->partial);
	}
	raise(sig);		/* the default action, once this has returned */
}

static void watch_signals(const struct place *p)
{
	struct sigaction old, sa = { .sa_handler = p ? on_signal : SIG_DFL,
		.sa_flags = (int)(SA_RESETHAND | SA_RESTART) };

	going = p;
	for (size_t i = 0; i < 3; i++) {
		/* nohup and "&" of a script ignore some: that stays so */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
}

/* --- */

/* The folder at DIR.partial, and no one else's. */
static int own(struct place *p)
{
	struct stat mine, there;

	p->lock = open(p->partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->lock < 0)
		return errno == ENOTDIR || errno == ELOOP || errno == ENOENT ?
			err_set(ERR_EXISTS, "%s: exists", p->partial) :
			err_sys(ERR_CREATE, "%s: open", p->partial);
	/* a file system without these locks has one maker at a time by its users' care */
	if (flock(p->lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		err_set(ERR_EXISTS, "%s: is being made by another process", p->partial);
	} else if (fstat(p->lock, &mine) < 0 || lstat(p->partial, &there) < 0 ||
		   mine.st_ino != there.st_ino || !all_ours(p->partial)) {
		err_set(ERR_EXISTS, "%s: exists", p->partial);
		err_hint("it is not of a store that was begun: give it another name");
	} else {
		return 0;
	}
	close(p->lock);
	p->lock = -1;
	return ERR_EXISTS;
}

/* A signal finds nothing begun, or what it has to clear. */
static int begin(struct place *p)
{
	sigset_t set, old;
	bool made;
	int r;

	sigemptyset(&set);
	for (size_t i = 0; i < 3; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, &old);
	made = mkdir(p->partial, 0700) == 0;
	if (!made && errno != EEXIST)
		r = err_sys(ERR_CREATE, "%s: make the folder", p->partial);
	else
		r = own(p);
	if (r == 0)
		watch_signals(p);
	else if (made)
		rmdir(p->partial);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}

int place_begin(struct place *p, const char *dir)
{
	struct stat st;
	int r;

	memset(p, 0, sizeof *p);
	p->lock = -1;
	r = set_names(p, dir);
	if (r < 0)
		return r;
	if (lstat(p->dir, &st) == 0)
		return err_set(ERR_EXISTS, "%s: exists", p->dir);
	r = begin(p);
	if (r == 0)
		clear(p->lock);		/* what a killed one left */
	return r;
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
	watch_signals(NULL);
	if (rename(p->partial, p->dir) == 0) {
		close(p->lock);		/* it is there: an abort takes nothing away */
		p->lock = -1;
		return sync_parent(p);
	}
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
		return err_set(ERR_EXISTS, "%s: exists", p->dir);
	return err_sys(ERR_CREATE, "%s", p->dir);
}

void place_abort(struct place *p)
{
	if (p->lock < 0)
		return;
	watch_signals(NULL);
	clear(p->lock);
	rmdir(p->partial);
}

void place_release(struct place *p)
{
	if (p->lock >= 0)
		close(p->lock);
	p->lock = -1;
	mem_free(NULL, p->dir);
	mem_free(NULL, p->partial);
	mem_free(NULL, p->parent);
}
