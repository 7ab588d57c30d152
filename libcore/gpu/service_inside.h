/* gpu/service_inside.h - what the parts of the service share
 *
 *	service.c		opening, the loop, the end
 *	service_door.c		the lock and the socket
 *	service_client.c	who is there: connections, their requests, their answers
 *	service_work.c		the worker, and what waits for it
 *	service_reply.c		an answer while it is made
 *
 * A client is the loop's, but while its request is with the worker: from when it is
 * queued until it comes back through `done` only the worker looks at its job.
 */
#ifndef GPU_SERVICE_INSIDE_H
#define GPU_SERVICE_INSIDE_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "gpu/service.h"

#define SERVICE_EVENTS 64
#define SERVICE_BEAT_NS UINT64_C(1000000000)

enum service_client_state { IDLE, QUEUED, SENDING, CLOSING };

struct service_client {
	struct service_client *next;		/* in queue, done or dead */
	struct service_client *after, *before;	/* of all */
	int fd;
	enum service_client_state state;
	bool foreign, drop;		/* drop: after the answer, or as soon as it is back */
	bool asked;			/* the worker knows it */
	uint64_t since_ns, sign_ns;	/* queued or sending since; last told */
	struct service_ask ask;
	uint8_t *message;		/* what ask.body lies in */
	struct service_reply reply;
	struct err_note note;		/* code 0: an answer */
};

struct service_queue {
	struct service_client *first, **last;
};

struct service {
	struct backend *backend;
	struct service_setup set;
	const struct service_calls *calls;
	int lock_fd, listen_fd, epoll_fd, wake_fd, signal_fd;
	bool listening, masked;
	sigset_t old_mask;
	struct service_client *clients;
	struct service_client *dead;
	uint64_t next_id, beat_ns;
	unsigned most;
	uint8_t *room;			/* one message */

	pthread_t worker;
	bool running;			/* there is a worker */
	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t more, idle;
	struct service_queue queue, done;
	uint64_t *gone;			/* clients that went, for the worker */
	size_t gone_n, gone_cap;
	bool ending, working;
	uint64_t working_ns;		/* since when, or since its last sign of life */
	struct service_client *at_work;
	uint64_t at_done, at_all;	/* as it said */

	_Atomic int end;		/* enum service_end: why */
	_Atomic uint64_t client_n, ask_n, denied_n, bad_n;
};

/* service.c: why it ends, of which the first reason counts. */
void service_end_with(struct service *s, int why);

/* --- the door --- */

int service_door_open(struct service *s);

/* --- clients: the loop's alone --- */

void service_client_accept(struct service *s);
void service_client_event(struct service *s, struct service_client *c, uint32_t events);
/* What the worker is done with is sent. */
void service_client_answers(struct service *s);
/* Who waits is told so, who does not read is dropped; true while somebody waits. */
bool service_client_look(struct service *s, uint64_t now);
/* Those who are gone are freed: when no event of theirs is in hand any more. */
void service_client_bury(struct service *s);
/* Who waits still, when the worker has ended, is told why. */
void service_client_refuse(struct service *s);
void service_client_close(struct service *s, struct service_client *c);
/* Whether new ones come in. */
void service_client_listen(struct service *s, bool on);

/* --- the worker --- */

void service_work_init(struct service *s);
void service_work_release(struct service *s);
int service_work_begin(struct service *s);
/* Its last callback is over when this returns, or it is not and why it ends says so. */
void service_work_end(struct service *s);
void service_work_add(struct service *s, struct service_client *c);
/* False: it is at work already. */
bool service_work_remove(struct service *s, struct service_client *c);
/* One that is done, or NULL; one that was not begun, once the worker has ended. */
struct service_client *service_work_done(struct service *s);
struct service_client *service_work_left(struct service *s);
void service_work_gone(struct service *s, uint64_t client);
/* How far the work for C is: false when nothing is known of that. */
bool service_work_far(struct service *s, const struct service_client *c, uint64_t *done,
		      uint64_t *all);
/* Is the callback silent for longer than that? */
bool service_work_stalled(struct service *s, uint64_t most_ns);
void service_work_wake(struct service *s);

/* --- replies --- */

void service_reply_init(struct service_reply *a);
void service_reply_release(struct service_reply *a);
/* Made ready to be sent. */
int service_reply_finish(struct service_reply *a);

#endif
