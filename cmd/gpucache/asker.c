/* cmd/gpucache/asker.c - a store, and the service that may be there */
#include "base/err.h"
#include "cmd/common/open.h"
#include "cmd/gpucache/gpucache.h"

int asker_nobody(struct asker *a)
{
	char why[512];

	snprintf(why, sizeof why, "%s", err_message());
	err_set(ERR_UNAVAILABLE, "%s", why);
	err_hint("start one with 'strato-gpucache serve -s %s'", store_path(a->store));
	return ERR_UNAVAILABLE;
}

/* Who can do without it waits less than who cannot. */
static uint64_t patience(struct cli *c, bool needed)
{
	uint64_t ns = cli_wait_ns(c);

	return needed && ns > GPU_CLIENT_WAIT_NS ? ns : GPU_CLIENT_WAIT_NS;
}

int asker_open(struct asker *a, struct cli *c, bool needed)
{
	int r = open_store(c, &a->store, OPEN_READ);

	a->cli = c;
	if (r < 0)
		return r;
	r = gpu_client_open(&a->client, store_backend(a->store), store_id(a->store),
			    patience(c, needed));
	if (r == 0)
		return 0;
	a->client = NULL;
	if (r != ERR_ABSENT && r != ERR_UNAVAILABLE)
		return r;
	return needed ? asker_nobody(a) : 0;
}

static void seen(void *ctx, uint64_t done, uint64_t all)
{
	struct progress *p = ctx;

	p->total = all;
	p->items = p->bytes = done;
	progress_look(p);
}

void asker_watch(struct asker *a)
{
	progress_begin(&a->progress, a->cli, "bytes", 0);
	gpu_client_watch(a->client, seen, &a->progress);
}

void asker_watched(struct asker *a)
{
	progress_end(&a->progress, NULL);
	gpu_client_watch(a->client, NULL, NULL);
}

void asker_close(struct asker *a)
{
	gpu_client_close(a->client);
	store_close(a->store);
}
