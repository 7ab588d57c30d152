/* gpu/gpu_client.c - connect, send, wait no longer than it makes sense */
#include "gpu/gpu_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

struct gpu_client {
	int fd;
	bool dead;
	uint64_t wait_ns;
	uint8_t store[16];
	void (*seen)(void *ctx, uint64_t done, uint64_t all);
	void *seen_ctx;
	char where[256];		/* for messages */
	uint8_t message[WIRE_MESSAGE_MAX];
};

static int gone(struct gpu_client *c, const char *how)
{
	c->dead = true;
	return err_set(ERR_UNAVAILABLE, "%s: the cache service %s", c->where, how);
}

/* --- connecting --- */

static void timeout_set(int fd, uint64_t ns)
{
	struct timeval tv = { .tv_sec = (time_t)(ns / 1000000000),
			      .tv_usec = (suseconds_t)(ns % 1000000000 / 1000) };

	if (!tv.tv_sec && !tv.tv_usec)
		tv.tv_usec = 1;			/* 0 would be for ever */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

/* Who made the socket: us, root, or the owner of the store. */
static int trusted(struct gpu_client *c, int dir_fd)
{
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;
	struct stat st;

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
	    fstat(dir_fd, &st) < 0)
		return err_sys(ERR_UNAVAILABLE, "%s", c->where);
	if (peer.uid == 0 || peer.uid == geteuid() || peer.uid == st.st_uid)
		return 0;
	return err_set(ERR_UNTRUSTED, "%s: another user's service", c->where);
}

static int refused(struct gpu_client *c)
{
	if (errno == ENOENT)
		return err_set(ERR_ABSENT, "%s: no cache service", c->where);
	if (errno == ECONNREFUSED)
		return gone(c, "has died");
	if (errno == EAGAIN || errno == EINTR)
		return gone(c, "takes nobody");
	return err_sys(ERR_UNAVAILABLE, "%s: connect", c->where);
}

static int open_on(struct gpu_client *c, struct backend *b)
{
	struct sockaddr_un at;
	int dir_fd, r;

	if (!(b->caps & BACKEND_DESCRIPTORS))
		return err_set(ERR_ABSENT, "%s: no cache service", c->where);
	r = wire_address(b->path, &dir_fd, &at);
	if (r < 0)
		return r;
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		r = err_sys(ERR_RESOURCE, "%s: a socket", c->where);
	} else {
		timeout_set(c->fd, c->wait_ns);
		if (connect(c->fd, (const struct sockaddr *)&at, sizeof at) < 0)
			r = refused(c);
		else
			r = trusted(c, dir_fd);
	}
	close(dir_fd);
	return r;
}

int gpu_client_open(struct gpu_client **out, struct backend *b, const uint8_t store[16],
		    uint64_t wait_ns)
{
	struct gpu_client *c = mem_alloc(NULL, sizeof *c);
	int r;

	if (!c)
		return ERR_MEMORY;
	c->fd = -1;
	c->dead = false;
	c->wait_ns = wait_ns;
	c->seen = NULL;
	memcpy(c->store, store, sizeof c->store);
	snprintf(c->where, sizeof c->where, "%.200s/" WIRE_SOCKET, b->path);
	r = open_on(c, b);
	if (r < 0)
		gpu_client_close(c);
	else
		*out = c;
	return r;
}

void gpu_client_close(struct gpu_client *c)
{
	if (c && c->fd >= 0)
		close(c->fd);
	mem_free(NULL, c);
}

bool gpu_client_is_dead(const struct gpu_client *c)
{
	return c->dead;
}

/* --- one request --- */

static int send_ask(struct gpu_client *c, unsigned type, struct bytes body)
{
	struct wire_head h;
	struct iovec io[2] = { { &h, sizeof h }, { (void *)(uintptr_t)body.ptr, body.len } };
	struct msghdr m = { .msg_iov = io, .msg_iovlen = body.len ? 2 : 1 };
	ssize_t n;

	if (body.len > WIRE_BODY_MAX)
		return err_set(ERR_TOO_BIG, "a request of %zu bytes to the cache service",
			       body.len);
	wire_ask_head(&h, type, c->store, body.len);
	do {
		n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return gone(c, errno == EAGAIN ? "does not listen" : "has died");
}

/* Until there is something to read. */
static int wait_for(struct gpu_client *c, uint64_t wait_ns)
{
	uint64_t end = clock_ns() + wait_ns, now;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	struct timespec left;
	int n;

	do {
		now = clock_ns();
		if (now > end)
			now = end;
		left.tv_sec = (time_t)((end - now) / 1000000000);
		left.tv_nsec = (long)((end - now) % 1000000000);
		n = ppoll(&p, 1, &left, NULL);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : gone(c, "does not answer");
}

/* The descriptor that came along, or -1. */
static int descriptor(struct msghdr *m)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(h), sizeof fd);
	return fd;
}

static ssize_t receive(struct gpu_client *c, int *fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec io = { c->message, sizeof c->message };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control.room,
			    .msg_controllen = sizeof control.room };
	ssize_t n;

	do {
		n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	*fd = n >= 0 ? descriptor(&m) : -1;
	return n >= 0 && m.msg_flags & MSG_TRUNC ? 0 : n;
}

/* What was said, with what came along. */
static int understand(struct gpu_client *c, unsigned type, const struct wire_message *said,
		      int fd, struct gpu_answer *out)
{
	if (said->type != type || memcmp(said->store, c->store, sizeof c->store) ||
	    (said->big_len != 0) != (fd >= 0))
		return gone(c, "answers what was not asked");
	if (said->status) {
		int r = wire_error_get(said->status, said->body);

		return r == ERR_BAD_RECORD ? gone(c, "speaks nonsense") : r;
	}
	out->ptr = said->body.ptr;
	out->len = said->body.len;
	if (!said->big_len)
		return 0;
	if (wire_big_map(fd, said->big_len, &out->ptr) < 0)
		return gone(c, "gives an answer that cannot be read");
	out->map = (void *)(uintptr_t)out->ptr;
	out->len = out->map_len = said->big_len;
	return 0;
}

void gpu_client_watch(struct gpu_client *c, void (*seen)(void *ctx, uint64_t done, uint64_t all),
		      void *ctx)
{
	c->seen = seen;
	c->seen_ctx = ctx;
}

static void see(struct gpu_client *c, struct bytes body)
{
	struct wire_working w;

	if (!c->seen || body.len != sizeof w)
		return;
	memcpy(&w, body.ptr, sizeof w);
	c->seen(c->seen_ctx, le64_get(w.done), le64_get(w.all));
}

static int receive_answer(struct gpu_client *c, unsigned type, struct gpu_answer *out)
{
	struct wire_message said;
	bool working = true;
	ssize_t n;
	int fd, r = 0;

	while (r == 0 && working) {
		r = wait_for(c, c->wait_ns);
		if (r < 0)
			break;
		n = receive(c, &fd);
		if (n <= 0)
			r = gone(c, "has died");
		else if (wire_answer_get(bytes_of(c->message, (size_t)n), &said) < 0)
			r = gone(c, "speaks nonsense");
		working = r == 0 && said.status == WIRE_WORKING;
		if (working)
			see(c, said.body);
		if (r == 0 && !working)
			r = understand(c, type, &said, fd, out);
		if (fd >= 0)
			close(fd);
	}
	return r;
}

int gpu_client_ask(struct gpu_client *c, unsigned type, struct bytes body,
		   struct gpu_answer *out)
{
	int r;

	memset(out, 0, sizeof *out);
	if (c->dead)
		return gone(c, "is not there any more");
	r = send_ask(c, type, body);
	return r < 0 ? r : receive_answer(c, type, out);
}

void gpu_answer_free(struct gpu_answer *a)
{
	if (a->map)
		munmap(a->map, (size_t)a->map_len);
	memset(a, 0, sizeof *a);
}

int gpu_client_wait_end(struct gpu_client *c, uint64_t wait_ns)
{
	int fd, r = wait_for(c, wait_ns);

	if (r == 0 && receive(c, &fd) > 0) {
		if (fd >= 0)
			close(fd);
		r = gone(c, "speaks nonsense");
	}
	c->dead = true;
	return r;
}
