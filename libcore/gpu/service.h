/* gpu/service.h - the cache service's door: who may come in, and one at a time
 *
 * One service a store: the file `gpucache.lock` is locked for as long as it lives, and
 * only who has that lock touches `gpucache.sock`.  So a socket that a killed service
 * left is taken over, and a second service is refused with the holder's name.
 *
 * Two threads.  The one that runs service_run does all of the sockets and never works;
 * the other, the worker, calls the callbacks, one at a time, in the order the requests
 * came: what the callbacks share needs no lock.  While a request takes its time whoever
 * waits is told so.
 *
 * What clients can do to it: a client has one request at work and one answer on its
 * way, and is not listened to meanwhile; who does not read his answer for SLOW_NS is
 * dropped, who sends nonsense is told so and dropped, descriptors that come along are
 * never taken.  When CLIENT_MOST are there the next ones wait at the door.  Another
 * user is told no.
 */
#ifndef GPU_SERVICE_H
#define GPU_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "gpu/wire.h"
#include "io/backend.h"

struct service;

struct service_ask {
	unsigned type;		/* enum wire_type */
	struct bytes body;
	uint64_t client;	/* a connection's number, never used again */
	pid_t pid;		/* whose, as the kernel says */
};

struct service_reply {
	struct buf body;	/* any length: what no packet holds goes as a memfd */
	int fd;			/* -1, or of service_reply_big */
	uint8_t *ptr;
	uint64_t len;
};

/* Instead of a body: LEN bytes for the callback to fill at *ptr. */
int service_reply_big(struct service_reply *a, uint64_t len, uint8_t **ptr);

/* 0 and what is in the reply, or an error and the thread's message.  ERR_DEVICE ends the
 * service with SERVICE_LOST, after the answer. */
typedef int (*service_call)(void *ctx, const struct service_ask *q,
			    struct service_reply *a);

struct service_setup {
	uint8_t store[16];
	const char *who;		/* for the lock's note: letters, digits and '-' */
	uid_t owner;			/* he and root may ask */
	unsigned client_most;		/* 0: as many as there are descriptors for */
	uint64_t slow_ns;		/* 0: 10 s */
	uint64_t stall_ns;		/* a callback silent for longer hangs; 0: never */
	uint64_t end_ns;		/* a callback's time when the service ends; 0: 5 s */
	int lock_fd, socket_fd;		/* -1; or of the service before, over an exec */
};

/* The lock, the socket, the signals: from here on SIGINT, SIGTERM and SIGHUP (but those
 * that are ignored) wait for service_run.  Before any thread and any driver.  ERR_LOCKED
 * with the holder; ERR_CREATE. */
int service_open(struct service **out, struct backend *b, const struct service_setup *setup);

struct service_calls {
	service_call call[WIRE_TYPES];		/* NULL: ERR_UNSUPPORTED.  STOP is not asked */
	void (*gone)(void *ctx, uint64_t client);	/* worker: it asked and is no more */
	void (*rest)(void *ctx);		/* worker: about once a second */
	void (*beat)(void *ctx);		/* the loop: about once a second */
	void *ctx;
};

/* Answers until one of these.  Callbacks are done when it returns, but for the last two.
 * Or an ERR_ code: it could not go on. */
enum service_end {
	SERVICE_STOP = 1,	/* asked to, or by service_stop */
	SERVICE_SIGNAL,		/* *signal says which */
	SERVICE_LOST,		/* a callback returned ERR_DEVICE */
	SERVICE_STUCK,		/* a callback hangs: only to exec or to exit is left */
	SERVICE_ABANDONED	/* STOP or SIGNAL, *signal 0 or it, in the middle of a callback
				 * that takes long: service_leave, and exit */
};
int service_run(struct service *s, const struct service_calls *calls, int *signal);

/* From a callback that takes long: it goes on, with DONE of ALL (0: who knows).  So what
 * hangs is told by silence, not by length, and who waits is told the figures.  NULL is
 * fine. */
void service_alive(struct service *s, uint64_t done, uint64_t all);

/* From a callback: no more requests after this. */
void service_stop(struct service *s);

/* Everybody's connection ends, the socket and the lock go, the signals are as before. */
void service_close(struct service *s);		/* NULL is fine */

/* The socket's and the lock's names go; nothing else is touched. */
void service_leave(struct service *s);

/* For an exec: lock and socket stay as they are, under these descriptors. */
void service_keep(struct service *s, int *lock_fd, int *socket_fd);

struct service_stat {
	uint64_t client_n, ask_n, denied_n, bad_n;
};
void service_stat(const struct service *s, struct service_stat *out);

#endif
