/* gpu/service.c - opening, the loop, the end */
#include "gpu/service.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "gpu/service_inside.h"

#define SPARE_FDS 64u			/* the store's and the driver's */

/* --- running --- */

void service_end_with(struct service *s, int why)
{
	int none = 0;

	atomic_compare_exchange_strong(&s->end, &none, why);
}

void service_stop(struct service *s)
{
	service_end_with(s, SERVICE_STOP);
	service_work_wake(s);
}

static void take_signal(struct service *s, int *signal)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
		*signal = (int)info.ssi_signo;
		service_end_with(s, SERVICE_SIGNAL);
	}
}

static int turn(struct service *s, int *signal)
{
	struct epoll_event e[SERVICE_EVENTS];
	bool waiting = service_client_look(s, clock_ns());
	int n = epoll_wait(s->epoll_fd, e, SERVICE_EVENTS, waiting ? 50 : 1000);

	if (n < 0 && errno != EINTR)
		return err_sys(ERR_RESOURCE, "%s/" WIRE_SOCKET ": waiting", s->backend->path);
	for (int i = 0; i < n; i++) {
		void *p = e[i].data.ptr;

		if (p == &s->listen_fd)
			service_client_accept(s);
		else if (p == &s->wake_fd)
			service_client_answers(s);
		else if (p == &s->signal_fd)
			take_signal(s, signal);
		else
			service_client_event(s, p, e[i].events);
	}
	service_client_bury(s);
	if (service_work_stalled(s, s->set.stall_ns))
		service_end_with(s, SERVICE_STUCK);
	return 0;
}

int service_run(struct service *s, const struct service_calls *calls, int *signal)
{
	int r;

	s->calls = calls;
	r = service_work_begin(s);
	if (r < 0)
		return r;
	while (r == 0 && atomic_load(&s->end) == 0)
		r = turn(s, signal);
	service_client_listen(s, false);
	service_work_end(s);
	if (!s->running) {
		service_client_answers(s);
		service_client_refuse(s);
	}
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
	service_work_init(s);
	limits(s);
	s->room = mem_alloc(NULL, WIRE_MESSAGE_MAX);
	r = s->room ? service_door_open(s) : ERR_MEMORY;
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
		service_client_close(s, s->clients);
	}
	service_client_bury(s);
	shut(s->epoll_fd);
	shut(s->wake_fd);
	shut(s->signal_fd);
	if (s->masked)
		pthread_sigmask(SIG_SETMASK, &s->old_mask, NULL);
	service_work_release(s);
	mem_free(NULL, s->room);
	mem_free(NULL, s);
}
