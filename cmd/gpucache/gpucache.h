/* cmd/gpucache/gpucache.h - what the subcommands of strato-gpucache share */
#ifndef CMD_GPUCACHE_GPUCACHE_H
#define CMD_GPUCACHE_GPUCACHE_H

#include "cli/cli.h"
#include "cli/progress.h"
#include "gpu/gpu_client.h"
#include "store/store.h"

/* Each with argv[0] its name; the exit status. */
int gpucache_serve(int argc, const char **argv);
int gpucache_pin(int argc, const char **argv);
int gpucache_evict(int argc, const char **argv);
int gpucache_warm(int argc, const char **argv);
int gpucache_get(int argc, const char **argv);
int gpucache_ptr(int argc, const char **argv);
int gpucache_run(int argc, const char **argv);
int gpucache_bench(int argc, const char **argv);
int gpucache_stat(int argc, const char **argv);
int gpucache_stop(int argc, const char **argv);

/* The store and its service, for who asks. */
struct asker {
	struct cli *cli;
	struct store *store;
	struct gpu_client *client;	/* NULL: there is none to be had */
	struct progress progress;	/* asker_watch */
};

/* The store of -s and its service.  NEEDED: without a service it is ERR_UNAVAILABLE with
 * a hint; else the client is NULL then, and the reason is the thread's message. */
int asker_open(struct asker *a, struct cli *c, bool needed);
void asker_close(struct asker *a);

/* How far the service is with loading is shown, until asker_watched. */
void asker_watch(struct asker *a);
void asker_watched(struct asker *a);

/* The word for "there is nobody", with the hint what to do. */
int asker_nobody(struct asker *a);

#endif
