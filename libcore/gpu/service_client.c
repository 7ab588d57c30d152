/* gpu/service_client.c - who is there, what he asks, what he is told */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "gpu/service_inside.h"

#define SLOW_NS UINT64_C(10000000000)
#define SIGN_NS UINT64_C(100000000)	/* so often who waits is told */

static void watch(struct service *s, struct service_client *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

void service_client_listen(struct service *s, bool on)
{
	struct epoll_event e = { .events = on ? EPOLLIN : 0, .data.ptr = &s->listen_fd };

	if (s->listening != on)
		epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, s->listen_fd, &e);
	s->listening = on;
}

static void client_forget(struct service *s, struct service_client *c)
{
	if (c->before)
		c->before->after = c->after;
	else
		s->clients = c->after;
	if (c->after)
		c->after->before = c->before;
	service_reply_release(&c->reply);
	mem_free(NULL, c->message);
	c->message = NULL;
	c->next = s->dead;		/* an event of it may lie in hand */
	s->dead = c;
}

/* Its connection ends now; itself when the worker has it no more. */
void service_client_close(struct service *s, struct service_client *c)
{
	bool back = c->state != QUEUED;

	if (c->state == CLOSING)
		return;
	epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
	close(c->fd);
	c->fd = -1;
	atomic_fetch_sub(&s->client_n, 1);
	service_client_listen(s, atomic_load(&s->end) == 0);
	if (c->state == QUEUED)
		back = service_work_remove(s, c);
	c->state = CLOSING;
	if (!back)
		return;
	if (c->asked)
		service_work_gone(s, c->ask.client);
	client_forget(s, c);
}

static struct service_client *client_new(struct service *s, int fd)
{
	struct service_client *c = mem_zalloc(NULL, sizeof *c);
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = c };
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;

	if (!c)
		return NULL;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
		mem_free(NULL, c);
		return NULL;
	}
	c->fd = fd;
	c->ask.client = ++s->next_id;
	c->ask.pid = peer.pid;
	c->foreign = peer.uid != s->set.owner && peer.uid != 0;
	service_reply_init(&c->reply);
	c->after = s->clients;
	if (s->clients)
		s->clients->before = c;
	s->clients = c;
	return c;
}

void service_client_accept(struct service *s)
{
	int fd;

	for (int i = 0; i < SERVICE_EVENTS && atomic_load(&s->client_n) < s->most; i++) {
		fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && errno == ECONNABORTED)
			continue;
		if (fd < 0) {
			if (errno != EMFILE && errno != ENFILE)
				return;
			/* till somebody goes; with nobody here, others have them all */
			if (atomic_load(&s->client_n))
				service_client_listen(s, false);
			else
				nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
			return;
		}
		if (client_new(s, fd))
			atomic_fetch_add(&s->client_n, 1);
		else
			close(fd);
	}
	if (atomic_load(&s->client_n) >= s->most)
		service_client_listen(s, false);
}

/* --- answers --- */

/* 0, or ERR_ABSENT when the peer is gone, ERR_LOCKED when it does not read. */
static int send_some(struct service *s, struct service_client *c, uint32_t status,
		     struct bytes body, int fd, uint64_t len)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct wire_head h;
	struct iovec io[2] = { { &h, sizeof h }, { (void *)(uintptr_t)body.ptr, body.len } };
	struct msghdr m = { .msg_iov = io, .msg_iovlen = body.len ? 2 : 1 };
	ssize_t n;

	wire_answer_head(&h, c->ask.type, s->set.store, status, body.len, fd >= 0 ? len : 0);
	if (fd >= 0) {
		m.msg_control = control.room;
		m.msg_controllen = sizeof control.room;
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.align), &fd, sizeof fd);
	}
	do {
		n = sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 0;
	return errno == EAGAIN || errno == ENOBUFS ? ERR_LOCKED : ERR_ABSENT;
}

static void client_answer(struct service *s, struct service_client *c)
{
	uint8_t words[WIRE_ERROR_MAX];
	struct bytes body = buf_bytes(&c->reply.body);
	uint32_t status = 0;
	int r;

	if (c->note.code < 0) {
		err_give(&c->note);
		status = (uint32_t)-c->note.code;
		body = bytes_of(words, wire_error_put(words));
	}
	r = send_some(s, c, status, body, c->reply.fd, c->reply.len);
	if (r == ERR_LOCKED) {
		watch(s, c, EPOLLOUT | EPOLLRDHUP);
		return;
	}
	service_reply_release(&c->reply);
	if (r < 0 || c->drop) {
		service_client_close(s, c);
		return;
	}
	c->state = IDLE;
	watch(s, c, EPOLLIN | EPOLLRDHUP);
}

/* Its request was answered, by whomever. */
static void client_done(struct service *s, struct service_client *c)
{
	mem_free(NULL, c->message);
	c->message = NULL;
	if (c->state == CLOSING) {	/* it did not wait for it */
		service_work_gone(s, c->ask.client);
		client_forget(s, c);
		return;
	}
	c->state = SENDING;
	c->since_ns = clock_ns();
	client_answer(s, c);
}

static void refuse(struct service *s, struct service_client *c, int code)
{
	err_take(&c->note, code);
	c->drop = true;
	client_done(s, c);
}

void service_client_answers(struct service *s)
{
	struct service_client *c;
	uint64_t n;
	ssize_t got = read(s->wake_fd, &n, sizeof n);

	(void)got;
	while ((c = service_work_done(s)))
		client_done(s, c);
}

/* --- requests --- */

static void enqueue(struct service *s, struct service_client *c)
{
	c->state = QUEUED;
	c->asked = true;
	c->since_ns = c->sign_ns = clock_ns();
	watch(s, c, EPOLLRDHUP);
	service_work_add(s, c);
}

static void stop_asked(struct service *s, struct service_client *c)
{
	c->note.code = 0;
	client_done(s, c);
	service_end_with(s, SERVICE_STOP);
}

static int understand(struct service *s, struct service_client *c, struct bytes in)
{
	struct wire_message m;
	int r = wire_ask_get(in, &m);

	if (r < 0)
		return r;
	c->ask.type = m.type;
	if (c->foreign)
		return err_set(ERR_DENIED, "%s/" WIRE_SOCKET ": the cache service is another "
			       "user's", s->backend->path);
	if (memcmp(m.store, s->set.store, sizeof s->set.store))
		return err_set(ERR_UNTRUSTED, "%s/" WIRE_SOCKET ": the cache service of another "
			       "store", s->backend->path);
	c->message = mem_alloc(NULL, m.body.len + 1);
	if (!c->message)
		return ERR_MEMORY;
	memcpy(c->message, m.body.ptr, m.body.len);
	c->ask.body = bytes_of(c->message, m.body.len);
	return 0;
}

static void client_ask(struct service *s, struct service_client *c)
{
	ssize_t n = recv(c->fd, s->room, WIRE_MESSAGE_MAX, MSG_TRUNC | MSG_DONTWAIT);
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		service_client_close(s, c);
		return;
	}
	atomic_fetch_add(&s->ask_n, 1);
	c->ask.type = 0;
	if ((size_t)n > WIRE_MESSAGE_MAX)
		r = err_set(ERR_BAD_RECORD, "a request that is too long");
	else
		r = understand(s, c, bytes_of(s->room, (size_t)n));
	if (r < 0) {
		atomic_fetch_add(r == ERR_DENIED ? &s->denied_n : &s->bad_n, 1);
		refuse(s, c, r);
	} else if (c->ask.type == WIRE_STOP) {
		stop_asked(s, c);
	} else {
		enqueue(s, c);
	}
}

void service_client_event(struct service *s, struct service_client *c, uint32_t events)
{
	if (c->state == CLOSING)
		return;
	if (events & (EPOLLHUP | EPOLLERR) && !(events & EPOLLIN))
		service_client_close(s, c);
	else if (c->state == SENDING && events & EPOLLOUT)
		client_answer(s, c);
	else if (c->state == IDLE && events & (EPOLLIN | EPOLLRDHUP))
		client_ask(s, c);
	else if (events & EPOLLRDHUP)
		service_client_close(s, c);
}

/* --- time --- */

static void client_sign(struct service *s, struct service_client *c)
{
	struct wire_working w;
	uint64_t done, all;
	bool far = service_work_far(s, c, &done, &all);

	w = (struct wire_working){ le64_of(done), le64_of(all) };
	send_some(s, c, WIRE_WORKING, bytes_of(&w, far ? sizeof w : 0), -1, 0);
}

bool service_client_look(struct service *s, uint64_t now)
{
	uint64_t slow_ns = s->set.slow_ns ? s->set.slow_ns : SLOW_NS;
	bool waiting = false;

	for (struct service_client *c = s->clients, *after; c; c = after) {
		after = c->after;
		if (c->state == QUEUED && now - c->sign_ns >= SIGN_NS) {
			client_sign(s, c);
			c->sign_ns = now;
		}
		waiting |= c->state == QUEUED || c->state == SENDING;
		if (c->state == SENDING && now - c->since_ns >= slow_ns)
			service_client_close(s, c);
	}
	if (s->calls->beat && now - s->beat_ns >= SERVICE_BEAT_NS) {
		s->calls->beat(s->calls->ctx);
		s->beat_ns = now;
	}
	return waiting;
}

void service_client_bury(struct service *s)
{
	struct service_client *c;

	while ((c = s->dead)) {
		s->dead = c->next;
		mem_free(NULL, c);
	}
}

void service_client_refuse(struct service *s)
{
	int lost = atomic_load(&s->end) == SERVICE_LOST;
	struct service_client *c;

	while ((c = service_work_left(s))) {
		c->state = SENDING;
		if (lost)
			refuse(s, c, err_set(ERR_DEVICE, "the device was lost"));
		else
			refuse(s, c, err_set(ERR_UNAVAILABLE, "the cache service ends"));
	}
	service_client_bury(s);
}
