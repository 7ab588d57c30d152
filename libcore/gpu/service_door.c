/* gpu/service_door.c - the lock, and the socket of whoever has it */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gpu/service_inside.h"
#include "io/file.h"
#include "io/lock.h"

#define BACKLOG 4096

static int lock_open(struct service *s)
{
	struct backend *b = s->backend;
	struct file *f;
	int r = backend_open(b, WIRE_LOCK, FILE_WRITE, &f);

	if (r == ERR_ABSENT)
		r = backend_open(b, WIRE_LOCK, FILE_WRITE | FILE_CREATE, &f);
	if (r == ERR_EXISTS)
		r = backend_open(b, WIRE_LOCK, FILE_WRITE, &f);
	if (r < 0)
		return r;
	s->lock_fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
	if (s->lock_fd < 0)
		r = err_sys(ERR_RESOURCE, "%s/" WIRE_LOCK, b->path);
	file_close(f);
	return r;
}

/* The name may be gone from the file we locked: whoever had it before us ended. */
static bool lock_is_named(struct service *s)
{
	struct stat st;

	return fstat(s->lock_fd, &st) == 0 && st.st_nlink > 0;
}

static int lock_get(struct service *s)
{
	char where[4096 + 32];
	int r;

	snprintf(where, sizeof where, "%s/" WIRE_LOCK, s->backend->path);
	for (;;) {
		r = lock_open(s);
		if (r == 0)
			r = lock_take(s->lock_fd, 0, true, 0, where);
		if (r == ERR_LOCKED)
			err_hint("one cache service a store: 'strato-gpucache stat' asks it, "
				 "'strato-gpucache stop' ends it");
		if (r < 0 || lock_is_named(s))
			break;
		close(s->lock_fd);
		s->lock_fd = -1;
	}
	if (r == 0)
		lock_note(s->lock_fd, 0, s->set.who);
	return r;
}

static int socket_bind(struct service *s)
{
	struct sockaddr_un at;
	struct err_note note;
	int dir_fd, r;

	err_take(&note, 0);
	backend_remove(s->backend, WIRE_SOCKET);	/* of one that was killed */
	err_give(&note);
	r = wire_address(s->backend->path, &dir_fd, &at);
	if (r < 0)
		return r;
	s->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* What the socket's own inode says is what its name gets. */
	if (s->listen_fd < 0 || fchmod(s->listen_fd, 0600) < 0 ||
	    bind(s->listen_fd, (const struct sockaddr *)&at, sizeof at) < 0 ||
	    listen(s->listen_fd, BACKLOG) < 0)
		r = err_sys(ERR_CREATE, "%s/" WIRE_SOCKET, s->backend->path);
	close(dir_fd);
	return r;
}

int service_door_open(struct service *s)
{
	int r;

	if (s->set.lock_fd >= 0 && s->set.socket_fd >= 0) {
		s->lock_fd = s->set.lock_fd;
		s->listen_fd = s->set.socket_fd;
		fcntl(s->lock_fd, F_SETFD, FD_CLOEXEC);
		fcntl(s->listen_fd, F_SETFD, FD_CLOEXEC);
		return 0;
	}
	r = lock_get(s);
	return r < 0 ? r : socket_bind(s);
}
