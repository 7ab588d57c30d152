/* gpu/service.c - the loop of sockets, and the worker behind it
 *
 * A client is the loop's, but while its request is with the worker: from when it is
 * queued until it comes back through `done` only the worker looks at its job.
 */
#include "gpu/service.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/lock.h"

#define SLOW_NS UINT64_C(10000000000)
#define SIGN_NS UINT64_C(100000000)	/* so often who waits is told */
#define BEAT_NS UINT64_C(1000000000)
#define END_NS UINT64_C(5000000000)	/* a callback's time when the service ends */
#define BACKLOG 4096
#define SPARE_FDS 64u			/* the store's and the driver's */
#define EVENTS 64

enum state { IDLE, QUEUED, SENDING, CLOSING };

struct client {
	struct client *next;		/* in queue, done or dead */
	struct client *after, *before;	/* of all */
	int fd;
	enum state state;
	bool foreign, drop;		/* drop: after the answer, or as soon as it is back */
	bool asked;			/* the worker knows it */
	uint64_t since_ns, sign_ns;	/* queued or sending since; last told */
	struct service_ask ask;
	uint8_t *message;		/* what ask.body lies in */
	struct service_reply reply;
	struct err_note note;		/* code 0: an answer */
};

struct list {
	struct client *first, **last;
};

struct service {
	struct backend *backend;
	struct service_setup set;
	const struct service_calls *calls;
	int lock_fd, listen_fd, epoll_fd, wake_fd, signal_fd;
	bool kept, listening, masked;
	sigset_t old_mask;
	struct client *clients;
	struct client *dead;
	uint64_t next_id, beat_ns;
	unsigned most;
	uint8_t *room;			/* one message */

	pthread_t worker;
	bool running;			/* there is a worker */
	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t more, idle;
	struct list queue, done;
	uint64_t *gone;			/* clients that went, for the worker */
	size_t gone_n, gone_cap;
	bool ending, working;
	uint64_t working_ns;

	_Atomic int end;		/* enum service_end: why */
	_Atomic uint64_t client_n, ask_n, denied_n, bad_n;
};

static void list_init(struct list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void list_add(struct list *l, struct client *c)
{
	c->next = NULL;
	*l->last = c;
	l->last = &c->next;
}

static struct client *list_take(struct list *l)
{
	struct client *c = l->first;

	if (c) {
		l->first = c->next;
		if (!l->first)
			l->last = &l->first;
	}
	return c;
}

static bool list_remove(struct list *l, struct client *c)
{
	for (struct client **at = &l->first; *at; at = &(*at)->next) {
		if (*at != c)
			continue;
		*at = c->next;
		if (l->last == &c->next)
			l->last = at;
		return true;
	}
	return false;
}

/* --- replies --- */

static void reply_init(struct service_reply *a)
{
	memset(a, 0, sizeof *a);
	a->fd = -1;
}

int service_reply_big(struct service_reply *a, uint64_t len, uint8_t **ptr)
{
	int fd = wire_big_new(len, &a->ptr);

	if (fd < 0)
		return fd;
	a->fd = fd;
	a->len = len;
	*ptr = a->ptr;
	return 0;
}

static int reply_seal(struct service_reply *a)
{
	uint8_t *ptr = a->ptr;

	a->ptr = NULL;
	return wire_big_seal(a->fd, ptr, a->len);
}

static void reply_release(struct service_reply *a)
{
	if (a->ptr)
		reply_seal(a);
	if (a->fd >= 0)
		close(a->fd);
	buf_release(&a->body);
	reply_init(a);
}

/* Made ready to be sent. */
static int reply_finish(struct service_reply *a)
{
	uint8_t *to;
	int r = 0;

	if (a->fd < 0 && a->body.len > WIRE_BODY_MAX) {
		r = service_reply_big(a, a->body.len, &to);
		if (r == 0)
			memcpy(to, a->body.ptr, a->body.len);
	}
	if (r == 0 && a->fd >= 0) {
		r = reply_seal(a);
		buf_release(&a->body);
	}
	return r;
}

/* --- the worker --- */

static void answer(struct service *s, struct client *c)
{
	service_call call = s->calls->call[c->ask.type];
	int r;

	if (call)
		r = call(s->calls->ctx, &c->ask, &c->reply);
	else
		r = err_set(ERR_UNSUPPORTED, "this cache service has no such request");
	if (r >= 0)
		r = reply_finish(&c->reply);
	if (r < 0) {
		err_take(&c->note, r);
		reply_release(&c->reply);
	} else {
		c->note.code = 0;
	}
}

static void wake(struct service *s)
{
	const uint64_t one = 1;
	ssize_t n = write(s->wake_fd, &one, sizeof one);

	(void)n;		/* it is full of ones: awake already */
}

/* Why it ends: the first reason counts. */
static void end_with(struct service *s, int why)
{
	int none = 0;

	atomic_compare_exchange_strong(&s->end, &none, why);
}

void service_stop(struct service *s)
{
	end_with(s, SERVICE_STOP);
	wake(s);
}

/* One of those who went: 0 when there is none.  The lock is held. */
static uint64_t next_gone(struct service *s)
{
	return s->gone_n ? s->gone[--s->gone_n] : 0;
}

static void deadline(struct timespec *at, uint64_t ns)
{
	clock_gettime(CLOCK_MONOTONIC, at);
	ns += (uint64_t)at->tv_nsec;
	at->tv_sec += (time_t)(ns / 1000000000);
	at->tv_nsec = (long)(ns % 1000000000);
}

/* The lock is held before and after, not within. */
static void work(struct service *s, struct client *c, uint64_t gone)
{
	s->working = true;
	s->working_ns = clock_ns();
	pthread_mutex_unlock(&s->lock);
	if (c)
		answer(s, c);
	else if (gone && s->calls->gone)
		s->calls->gone(s->calls->ctx, gone);
	else if (!gone && s->calls->rest)
		s->calls->rest(s->calls->ctx);
	if (c && c->note.code == ERR_DEVICE)
		end_with(s, SERVICE_LOST);
	pthread_mutex_lock(&s->lock);
	s->working = false;
	if (c) {
		list_add(&s->done, c);
		wake(s);
	}
}

static void *worker(void *arg)
{
	struct service *s = arg;
	uint64_t rested = clock_ns(), gone;
	struct timespec at;
	struct client *c;

	pthread_mutex_lock(&s->lock);
	while (!s->ending) {
		gone = next_gone(s);
		c = gone ? NULL : list_take(&s->queue);
		if (c || gone) {
			work(s, c, gone);
		} else if (clock_ns() - rested < BEAT_NS) {
			deadline(&at, BEAT_NS);
			pthread_cond_timedwait(&s->more, &s->lock, &at);
		}
		if (!s->ending && clock_ns() - rested >= BEAT_NS) {
			work(s, NULL, 0);
			rested = clock_ns();
		}
	}
	pthread_cond_signal(&s->idle);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* --- clients --- */

static void watch(struct service *s, struct client *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

static void listen_on(struct service *s, bool on)
{
	struct epoll_event e = { .events = on ? EPOLLIN : 0, .data.ptr = &s->listen_fd };

	if (s->listening != on)
		epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, s->listen_fd, &e);
	s->listening = on;
}

static void client_forget(struct service *s, struct client *c)
{
	if (c->before)
		c->before->after = c->after;
	else
		s->clients = c->after;
	if (c->after)
		c->after->before = c->before;
	reply_release(&c->reply);
	mem_free(NULL, c->message);
	c->message = NULL;
	c->next = s->dead;		/* an event of it may lie in hand */
	s->dead = c;
}

static void tell_gone(struct service *s, uint64_t id)
{
	size_t cap = s->gone_cap ? 2 * s->gone_cap : 16;
	uint64_t *more = s->gone;

	pthread_mutex_lock(&s->lock);
	if (s->gone_n == s->gone_cap) {
		more = mem_resize(NULL, s->gone, cap * sizeof *more);
		if (more) {
			s->gone = more;
			s->gone_cap = cap;
		}
	}
	if (more)
		s->gone[s->gone_n++] = id;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

/* Its connection ends now; itself when the worker has it no more. */
static void client_close(struct service *s, struct client *c)
{
	bool back = c->state != QUEUED;

	if (c->state == CLOSING)
		return;
	epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
	close(c->fd);
	c->fd = -1;
	atomic_fetch_sub(&s->client_n, 1);
	listen_on(s, atomic_load(&s->end) == 0);
	if (c->state == QUEUED) {
		pthread_mutex_lock(&s->lock);
		back = list_remove(&s->queue, c);
		pthread_mutex_unlock(&s->lock);
	}
	c->state = CLOSING;
	if (!back)
		return;
	if (c->asked)
		tell_gone(s, c->ask.client);
	client_forget(s, c);
}

static struct client *client_new(struct service *s, int fd)
{
	struct client *c = mem_zalloc(NULL, sizeof *c);
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
	reply_init(&c->reply);
	c->after = s->clients;
	if (s->clients)
		s->clients->before = c;
	s->clients = c;
	return c;
}

static void accept_some(struct service *s)
{
	int fd;

	for (int i = 0; i < EVENTS && atomic_load(&s->client_n) < s->most; i++) {
		fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && errno == ECONNABORTED)
			continue;
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				listen_on(s, false);	/* till somebody goes */
			return;
		}
		if (client_new(s, fd))
			atomic_fetch_add(&s->client_n, 1);
		else
			close(fd);
	}
	if (atomic_load(&s->client_n) >= s->most)
		listen_on(s, false);
}

/* --- answers --- */

/* 0, or ERR_ABSENT when the peer is gone, ERR_LOCKED when it does not read. */
static int send_some(struct service *s, struct client *c, uint32_t status,
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

static void client_answer(struct service *s, struct client *c)
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
	reply_release(&c->reply);
	if (r < 0 || c->drop) {
		client_close(s, c);
		return;
	}
	c->state = IDLE;
	watch(s, c, EPOLLIN | EPOLLRDHUP);
}

/* Its request was answered, by whomever. */
static void client_done(struct service *s, struct client *c)
{
	mem_free(NULL, c->message);
	c->message = NULL;
	if (c->state == CLOSING) {	/* it did not wait for it */
		tell_gone(s, c->ask.client);
		client_forget(s, c);
		return;
	}
	c->state = SENDING;
	c->since_ns = clock_ns();
	client_answer(s, c);
}

static void refuse(struct service *s, struct client *c, int code)
{
	err_take(&c->note, code);
	c->drop = true;
	client_done(s, c);
}

static void take_done(struct service *s)
{
	uint64_t n;
	struct client *c;
	ssize_t got = read(s->wake_fd, &n, sizeof n);

	(void)got;
	for (;;) {
		pthread_mutex_lock(&s->lock);
		c = list_take(&s->done);
		pthread_mutex_unlock(&s->lock);
		if (!c)
			return;
		client_done(s, c);
	}
}

/* --- requests --- */

static void enqueue(struct service *s, struct client *c)
{
	c->state = QUEUED;
	c->asked = true;
	c->since_ns = c->sign_ns = clock_ns();
	watch(s, c, EPOLLRDHUP);
	pthread_mutex_lock(&s->lock);
	list_add(&s->queue, c);
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

static void stop_asked(struct service *s, struct client *c)
{
	c->note.code = 0;
	client_done(s, c);
	end_with(s, SERVICE_STOP);
}

static int understand(struct service *s, struct client *c, struct bytes in)
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

static void client_ask(struct service *s, struct client *c)
{
	ssize_t n = recv(c->fd, s->room, WIRE_MESSAGE_MAX, MSG_TRUNC | MSG_DONTWAIT);
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(s, c);
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

static void client_event(struct service *s, struct client *c, uint32_t events)
{
	if (c->state == CLOSING)
		return;
	if (events & (EPOLLHUP | EPOLLERR) && !(events & EPOLLIN))
		client_close(s, c);
	else if (c->state == SENDING && events & EPOLLOUT)
		client_answer(s, c);
	else if (c->state == IDLE && events & (EPOLLIN | EPOLLRDHUP))
		client_ask(s, c);
	else if (events & EPOLLRDHUP)
		client_close(s, c);
}

/* --- time --- */

/* True while somebody waits for something. */
static bool look_around(struct service *s, uint64_t now)
{
	uint64_t slow_ns = s->set.slow_ns ? s->set.slow_ns : SLOW_NS;
	bool waiting = false;

	for (struct client *c = s->clients, *after; c; c = after) {
		after = c->after;
		if (c->state == QUEUED && now - c->sign_ns >= SIGN_NS) {
			send_some(s, c, WIRE_WORKING, bytes_of(NULL, 0), -1, 0);
			c->sign_ns = now;
		}
		waiting |= c->state == QUEUED || c->state == SENDING;
		if (c->state == SENDING && now - c->since_ns >= slow_ns)
			client_close(s, c);
	}
	if (s->calls->beat && now - s->beat_ns >= BEAT_NS) {
		s->calls->beat(s->calls->ctx);
		s->beat_ns = now;
	}
	return waiting;
}

static void bury(struct service *s)
{
	struct client *c;

	while ((c = s->dead)) {
		s->dead = c->next;
		mem_free(NULL, c);
	}
}

static bool stalled(struct service *s, uint64_t most_ns)
{
	bool yes;

	pthread_mutex_lock(&s->lock);
	yes = s->working && most_ns && clock_ns() - s->working_ns > most_ns;
	pthread_mutex_unlock(&s->lock);
	return yes;
}

/* --- running --- */

static void take_signal(struct service *s, int *signal)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
		*signal = (int)info.ssi_signo;
		end_with(s, SERVICE_SIGNAL);
	}
}

static int turn(struct service *s, int *signal)
{
	struct epoll_event e[EVENTS];
	bool waiting = look_around(s, clock_ns());
	int n = epoll_wait(s->epoll_fd, e, EVENTS, waiting ? 50 : 1000);

	if (n < 0 && errno != EINTR)
		return err_sys(ERR_RESOURCE, "%s/" WIRE_SOCKET ": waiting", s->backend->path);
	for (int i = 0; i < n; i++) {
		void *p = e[i].data.ptr;

		if (p == &s->listen_fd)
			accept_some(s);
		else if (p == &s->wake_fd)
			take_done(s);
		else if (p == &s->signal_fd)
			take_signal(s, signal);
		else
			client_event(s, p, e[i].events);
	}
	bury(s);
	if (stalled(s, s->set.stall_ns))
		end_with(s, SERVICE_STUCK);
	return 0;
}

/* The worker's last callback; whoever it was for is answered. */
static void worker_end(struct service *s)
{
	int why = atomic_load(&s->end);
	struct timespec at;
	bool stuck;

	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_signal(&s->more);
	deadline(&at, s->set.end_ns ? s->set.end_ns : END_NS);
	while (s->working && pthread_cond_timedwait(&s->idle, &s->lock, &at) == 0)
		;
	stuck = s->working;
	pthread_mutex_unlock(&s->lock);
	if (stuck) {
		atomic_store(&s->end, why == SERVICE_STOP || why == SERVICE_SIGNAL ?
			     SERVICE_ABANDONED : SERVICE_STUCK);
		return;
	}
	pthread_join(s->worker, NULL);
	s->running = false;
	take_done(s);
}

/* Who waits still is told why, as far as he listens. */
static void refuse_rest(struct service *s)
{
	int lost = atomic_load(&s->end) == SERVICE_LOST;
	struct client *c;

	while ((c = list_take(&s->queue))) {
		c->state = SENDING;
		if (lost)
			refuse(s, c, err_set(ERR_DEVICE, "the device was lost"));
		else
			refuse(s, c, err_set(ERR_UNAVAILABLE, "the cache service ends"));
	}
	bury(s);
}

int service_run(struct service *s, const struct service_calls *calls, int *signal)
{
	int r = 0;

	s->calls = calls;
	if (pthread_create(&s->worker, NULL, worker, s))
		return err_set(ERR_RESOURCE, "the cache service has no thread to work with");
	s->running = true;
	while (r == 0 && atomic_load(&s->end) == 0)
		r = turn(s, signal);
	listen_on(s, false);
	worker_end(s);
	if (!s->running)
		refuse_rest(s);
	return r < 0 ? r : atomic_load(&s->end);
}

void service_stat(const struct service *s, struct service_stat *out)
{
	out->client_n = atomic_load(&s->client_n);
	out->ask_n = atomic_load(&s->ask_n);
	out->denied_n = atomic_load(&s->denied_n);
	out->bad_n = atomic_load(&s->bad_n);
}

/* --- opening --- */

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

static int door(struct service *s)
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

/* Those that whoever started us wants ignored stay so. */
static void signals_take(struct service *s)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < 3; i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	s->masked = pthread_sigmask(SIG_BLOCK, &set, &s->old_mask) == 0;
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int add(struct service *s, int *fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = fd };

	return *fd < 0 ? -1 : epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, *fd, &e);
}

static int loop_open(struct service *s)
{
	signals_take(s);
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->epoll_fd < 0 || add(s, &s->wake_fd) < 0 || add(s, &s->signal_fd) < 0 ||
	    add(s, &s->listen_fd) < 0)
		return err_sys(ERR_RESOURCE, "%s/" WIRE_SOCKET, s->backend->path);
	s->listening = true;
	return 0;
}

/* As many clients as there may be descriptors. */
static void limits(struct service *s)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < s->most + SPARE_FDS)
		s->most = l.rlim_cur > 2 * SPARE_FDS ? (unsigned)l.rlim_cur - SPARE_FDS :
			SPARE_FDS;
}

static void sync_init(struct service *s)
{
	pthread_condattr_t a;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&s->more, &a);
	pthread_cond_init(&s->idle, &a);
	pthread_condattr_destroy(&a);
	list_init(&s->queue);
	list_init(&s->done);
}

int service_open(struct service **out, struct backend *b, const struct service_setup *setup)
{
	struct service *s = mem_zalloc(NULL, sizeof *s);
	int r;

	if (!s)
		return ERR_MEMORY;
	s->backend = b;
	s->set = *setup;
	s->lock_fd = s->listen_fd = s->epoll_fd = s->wake_fd = s->signal_fd = -1;
	s->most = setup->client_most ? setup->client_most : 4096;
	sync_init(s);
	limits(s);
	s->room = mem_alloc(NULL, WIRE_MESSAGE_MAX);
	r = s->room ? door(s) : ERR_MEMORY;
	if (r == 0)
		r = loop_open(s);
	if (r < 0)
		service_close(s);
	else
		*out = s;
	return r;
}

/* --- the end --- */

void service_keep(struct service *s, int *lock_fd, int *socket_fd)
{
	fcntl(s->lock_fd, F_SETFD, 0);
	fcntl(s->listen_fd, F_SETFD, 0);
	*lock_fd = s->lock_fd;
	*socket_fd = s->listen_fd;
}

static void shut(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* The socket's name goes while we have the lock, then the lock's. */
void service_leave(struct service *s)
{
	struct err_note note;

	if (s->listen_fd < 0)
		return;
	err_take(&note, 0);
	backend_remove(s->backend, WIRE_SOCKET);
	backend_remove(s->backend, WIRE_LOCK);
	err_give(&note);
}

void service_close(struct service *s)
{
	if (!s)
		return;
	service_leave(s);
	shut(s->listen_fd);
	shut(s->lock_fd);
	while (s->clients) {
		s->clients->state = IDLE;
		s->clients->asked = false;
		client_close(s, s->clients);
	}
	bury(s);
	shut(s->epoll_fd);
	shut(s->wake_fd);
	shut(s->signal_fd);
	if (s->masked)
		pthread_sigmask(SIG_SETMASK, &s->old_mask, NULL);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->more);
	pthread_cond_destroy(&s->idle);
	mem_free(NULL, s->gone);
	mem_free(NULL, s->room);
	mem_free(NULL, s);
}
