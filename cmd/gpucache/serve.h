/* cmd/gpucache/serve.h - the service from within: what its callbacks share
 *
 * A callback is a function of type service_call with the struct serve as its context;
 * it is put into the table in serve.c.  All of them run in one thread, one at a time,
 * so they may use everything here.
 *
 * The store is open for reading only; nothing here can write to it.  `files` is the
 * same directory once more, for the gpucache.* files alone.
 */
#ifndef CMD_GPUCACHE_SERVE_H
#define CMD_GPUCACHE_SERVE_H

#include "cli/cli.h"
#include "gpu/device.h"
#include "gpu/gpu_cache.h"
#include "gpu/service.h"
#include "store/store.h"

struct serve {
	struct cli *cli;
	struct store *store;
	struct backend *files;
	struct gpu_backend *device;
	struct gpu_cache *cache;
	struct service *service;
	struct snapshot *snap;		/* what is answered from: serve_catch_up.  Or NULL */
	struct traverse *traverse;	/* once a walk was asked for */
	struct device chosen;		/* and why, in its words */
	uint64_t size, started_ns, restart_n;
	uint64_t unpack_n;		/* lists of graphs that the device unpacked */
	uint64_t brought;		/* bytes of values, by the request at work */
	unsigned streak;		/* devices lost one after another */
	int lock_fd, socket_fd;		/* of the process before an exec, or -1 */
};

#define SERVE_STREAK 3u			/* then it goes on in host memory */

/* The newest state of the store is in `snap`, and nothing is resident that it does not
 * have.  Before any answer that tells of a value. */
int serve_catch_up(struct serve *s);
/* Holds nothing of the store any more: for when nobody asks. */
void serve_let_go(struct serve *s);

/* The value of KEY in `snap`, resident, others evicted for it: 1; 0: there is none. */
int serve_bring(struct serve *s, struct bytes key, struct gpu_thing *out);

/* Callbacks. */
int serve_stat(void *ctx, const struct service_ask *q, struct service_reply *a);
int serve_pin(void *ctx, const struct service_ask *q, struct service_reply *a);
int serve_evict(void *ctx, const struct service_ask *q, struct service_reply *a);
int serve_warm(void *ctx, const struct service_ask *q, struct service_reply *a);
int serve_find(void *ctx, const struct service_ask *q, struct service_reply *a);
int serve_read(void *ctx, const struct service_ask *q, struct service_reply *a);

/* serve_device.c: the device of --device opened, and its memory's size.  NULL is auto. */
int serve_device_open(struct serve *s, const char *which, bool want_gpu);

/* serve_again.c: the process began because of serve_again: the lock and the socket are
 * known then, and some time has passed if that happened more than once. */
void serve_again_begin(struct serve *s);
/* Begins the process anew; returns only with an error. */
int serve_again(struct serve *s, const char *why);

#endif
